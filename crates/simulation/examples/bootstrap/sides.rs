//! A server that is filled without commands, and laptops as the program makes them.

use rusqlite::types::Value;
use slipway_app::keychain::OsKeychain;
use slipway_app::local::FlipNews;
use slipway_app::profile::{KeyChoice, Profile, Trust};
use slipway_app::session::{Credentials, Session};
use slipway_app::sync_driver::{Watch, sync_once};
use slipway_app::transport::Server as Remote;
use slipway_app::view::profile::SyncStatus;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{CiId, CommandId};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Role;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_server::core::system_clock;
use slipway_server::folder::Folder;
use slipway_server::serve::{Config, Running, Server};
use slipway_server::setup::{NewUser, NewWorkspace, Office};
use slipway_store::error::StoreError;
use slipway_store::flip::{Cursor, Flip};
use slipway_store::issue::{Facts, Issue};
use slipway_store::stage::{Reached, Staged};
use slipway_sync::bucket::Bucket;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

const PASSWORD: &str = "a long enough password";
/// Records in one transaction while a server is filled.
const AT_ONCE: u32 = 20_000;

/// What a server is filled with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    CisOnly,
    /// One CI to two relations.
    WithRelations,
}

pub struct Centre {
    folder: TempDir,
    runtime: Arc<Runtime>,
    running: Running,
}

fn ci_id(n: u32) -> CiId {
    CiId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(n)))
}

fn a_ci(n: u32) -> Ci {
    Ci {
        version: format!("{}.{}.{}", n % 17, n % 101, n % 7),
        manufacturer: format!("Maker {}", n % 300),
        model: format!("Model {}", n % 5_000),
        serial_number: format!("SN{:08}", n.wrapping_mul(2_654_435_761)),
        notes: format!("Installed by set {} in room {}", n % 977, n % 41),
        ..Ci::blank(ci_id(n), Number::new(Series::Ci, n + 1), "software package", &format!("package-{n}"))
    }
}

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

impl Centre {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let anna = NewUser {
            user: "anna".to_owned(),
            name: "Anna".to_owned(),
            roles: vec![Role::ConfigurationManager],
            groups: Vec::new(),
            password: PASSWORD.to_owned(),
        };
        let new = NewWorkspace { name: "Bench".to_owned(), administrator: None };
        Office::create(&folder.path().join("data"), &new, system_clock()).unwrap().add_user(&anna).unwrap();
        let runtime =
            Arc::new(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
        let running = runtime.block_on(Server::start(Config::local(folder.path().join("data")))).unwrap();
        Self { folder, runtime, running }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes records past the judge: what is measured begins behind it.
    pub fn fill(&self, size: u32, mix: Mix) {
        let (folder, storage) = Folder::open(&self.data()).unwrap();
        let cis = if mix == Mix::CisOnly { size } else { size.div_ceil(3) };
        let record = |n: u32| -> Record {
            match n.checked_sub(cis) {
                None => a_ci(n).into(),
                Some(r) => {
                    let source = r / 2;
                    let step = if r % 2 == 0 { 1 } else { 7 + source % 1_000 };
                    Relation::new(ci_id(source), RelationType::DependsOn, ci_id((source + step) % cis)).into()
                }
            }
        };
        for first in (0..size).step_by(AT_ONCE as usize) {
            let mut tx = storage.begin(folder.workspace()).unwrap();
            for n in first..size.min(first + AT_ONCE) {
                tx.write(record(n)).unwrap();
            }
            tx.commit().unwrap();
        }
    }

    /// Gives the first CIs another version.
    pub fn change(&self, count: u32) {
        let (folder, storage) = Folder::open(&self.data()).unwrap();
        let mut tx = storage.begin(folder.workspace()).unwrap();
        for n in 0..count {
            let ci = tx.get::<Ci>(ci_id(n)).unwrap().unwrap();
            tx.put(Ci { version: format!("{}+", ci.version), ..ci }).unwrap();
        }
        tx.commit().unwrap();
    }

    /// A laptop on which somebody has just signed in.
    pub fn laptop(&self) -> Laptop {
        let folder = tempfile::tempdir().unwrap();
        let (profile, key) =
            Profile::create(folder.path(), KeyChoice::Passphrase("bench"), "laptop", &OsKeychain).unwrap();
        let trust = Trust::Authority(self.running.ca_pem.clone());
        let credentials =
            Credentials { server: &self.running.url, trust: Some(&trust), user: "anna", password: PASSWORD };
        let signed_in = Session::sign_in(profile, &key, Arc::new(OsKeychain), credentials);
        let session = Arc::new(self.runtime.block_on(signed_in).unwrap());
        let hex = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        Laptop { folder, session, key: hex, runtime: self.runtime.clone(), trust, url: self.running.url.clone() }
    }
}

pub struct Laptop {
    folder: TempDir,
    session: Arc<Session>,
    key: String,
    runtime: Arc<Runtime>,
    trust: Trust,
    url: String,
}

struct Nobody;

impl Watch for Nobody {
    fn now(&self) -> Timestamp {
        Timestamp(now_ms())
    }
    fn status(&self, _: &SyncStatus) {}
    fn flipped(&self, _: &FlipNews) {}
}

/// Rows of a table: its columns, and what stands in them.
pub struct Table {
    pub name: &'static str,
    /// Statements that make it and its indexes.
    pub schema: Vec<String>,
    pub columns: usize,
    pub rows: Vec<Vec<Value>>,
}

impl Laptop {
    pub fn sync(&self) {
        self.runtime.block_on(sync_once(self.session.clone(), Arc::new(Nobody))).unwrap();
    }

    fn access(&self) -> String {
        self.session.vault().tokens().unwrap().unwrap().access.clone()
    }

    /// Asks for the snapshot, which the server builds for it; gives its id.
    pub fn offer(&self) -> String {
        let server = Remote::new(&self.url, &self.trust).unwrap();
        let access = self.access();
        let offers = self.runtime.block_on(server.offers(&access, &[Bucket::Workspace])).unwrap();
        offers.snapshots.first().map(|signed| signed.id().to_string()).unwrap_or_default()
    }

    /// The whole file of a snapshot by an HTTP client, onto the disk.
    pub fn download(&self, centre: &Centre, id: &str) -> Duration {
        use std::io::Write;
        let ca = reqwest::Certificate::from_pem(centre.running.ca_pem.as_bytes()).unwrap();
        let url = format!("{}/v1/snapshot/{id}", self.url);
        let access = self.access();
        let mut file = tempfile::tempfile().unwrap();
        let began = Instant::now();
        self.runtime.block_on(async {
            let client = reqwest::Client::builder().tls_certs_only([ca]).build().unwrap();
            let mut response = client.get(url).bearer_auth(access).send().await.unwrap().error_for_status().unwrap();
            while let Some(piece) = response.chunk().await.unwrap() {
                file.write_all(&piece).unwrap();
            }
        });
        file.sync_all().unwrap();
        began.elapsed()
    }

    fn open(&self) -> rusqlite::Connection {
        let file = self.session.profile().database();
        let conn = rusqlite::Connection::open(file).unwrap();
        conn.pragma_update(None, "key", format!("x'{}'", self.key)).unwrap();
        conn
    }

    /// Everything that a first sync wrote but the search index, in the order of the tables' keys.
    pub fn rows(&self) -> Vec<Table> {
        let conn = self.open();
        let table = |name: &'static str| {
            let mut schema = conn
                .prepare("SELECT sql FROM sqlite_schema WHERE tbl_name = ?1 AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC")
                .unwrap();
            let schema = schema.query_map([name], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            let mut select = conn.prepare(&format!("SELECT * FROM {name}")).unwrap();
            let columns = select.column_count();
            let rows = select.query_map([], |row| (0..columns).map(|n| row.get(n)).collect()).unwrap();
            Table { name, schema, columns, rows: rows.map(Result::unwrap).collect() }
        };
        ["record", "member", "lookup", "summary", "ci_summary"].map(table).into()
    }

    /// Every record as a document with an id of its own.
    pub fn export(&self, to: &Path) {
        use std::io::Write;
        let mut out = std::io::BufWriter::new(std::fs::File::create(to).unwrap());
        for kind in Kind::ALL.iter().rev() {
            let each = self.session.store().each::<StoreError>(*kind, &mut |record| {
                let mut doc: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_str(&record.body().unwrap()).unwrap();
                doc.insert("_id".to_owned(), format!("{}:{}", kind.name(), record.id().simple()).into());
                writeln!(out, "{}", serde_json::to_string(&doc).unwrap()).unwrap();
                Ok(())
            });
            each.unwrap();
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Issues commands, each on another CI.
    pub fn issue(&self, count: u32) {
        for n in 0..count {
            let ci: Ci = self.ci(n);
            let change = FieldChange { field: "notes".to_owned(), from: ci.notes, to: format!("seen {n}") };
            let command = Command::Cmdb(CmdbCommand::SetFields(ci.id, vec![change]));
            let issue = Issue {
                id: CommandId(Uuid::now_v7()),
                actor: self.session.actor(),
                made_at: Timestamp(now_ms()),
                build: &mut |_| command.clone(),
                sign: &|bytes| self.session.sign(bytes),
                replaces: None,
                facts: Facts::Refuse,
            };
            self.session.store().issue(issue).unwrap();
        }
    }

    fn ci(&self, n: u32) -> Ci {
        self.session.store().read(|r| Ok::<_, Fault>(r.get::<Ci>(ci_id(n))?.unwrap())).unwrap()
    }

    /// A flip that brings another state of so many CIs that pending commands changed too.
    pub fn flip_with_pending(&self, touched: u32) -> Duration {
        let store = self.session.store();
        let status = store.status().unwrap();
        let bucket = Bucket::Workspace.to_string();
        let page: Vec<Staged> = (0..touched)
            .map(|n| {
                let ci = self.ci(n);
                let record = Record::from(Ci { model: format!("{} b", ci.model), ..ci });
                let seq = status.last_seq + 1 + u64::from(n);
                let body = Some(record.body().unwrap());
                Staged { bucket: bucket.clone(), seq, kind: Kind::Ci.name().to_owned(), id: record.id(), body }
            })
            .collect();
        let seq = status.last_seq + u64::from(touched);
        store.stage(&page, &[Reached { bucket: bucket.clone(), seq }]).unwrap();
        // Count and sum are not those of a server; the flip says so and does all its work.
        let cursors: Vec<Cursor> =
            status.cursors.into_iter().map(|cursor| Cursor { seq: cursor.seq.max(seq), ..cursor }).collect();
        let flip = Flip { epoch: status.epoch, at: Timestamp(now_ms()), cursors, left: Vec::new(), judged: Vec::new() };
        let began = Instant::now();
        let flipped = store.flip(&flip).unwrap();
        let taken = began.elapsed();
        assert_eq!(flipped.predicted_refused, 0, "every command was executed again");
        taken
    }
}
