//! A real server on a random port, and laptops that speak its protocol by hand.

use reqwest::{Client, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_cluster::Cluster;
use slipway_domain::command::{Command, Envelope, RULES_VERSION, SetupCommand};
use slipway_domain::id::{CommandId, DeviceId, PersonId, SiteId};
use slipway_domain::people::{Role, Site};
use slipway_domain::time::Timestamp;
use slipway_server::core::Clock;
use slipway_server::folder::Folder;
use slipway_server::serve::{Config, Running, Server};
use slipway_server::setup::{NewUser, NewWorkspace, Office};
use slipway_server::storage::postgres::{Address, Postgres};
use slipway_server::storage::transfer;
use slipway_sync::bucket::Bucket;
use slipway_sync::limits;
use slipway_sync::protocol::{
    ErrorBody, NewDevice, Page, Pull, PullQuery, Push, Pushed, Session, SignIn, SignedCommand,
};
use slipway_sync::signing::{PrivateKey, sign};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tempfile::TempDir;
use uuid::Uuid;

/// Buckets with so many records are offered whole.
pub const SNAPSHOT_RECORDS: u64 = 60;
pub const PASSWORD: &str = "correct horse";
/// 2026-05-04, a Monday.
pub const START_MS: i64 = 1_777_852_800_000;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// An id that no other call gives.
pub fn new_id() -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_9000_0000_0000_0000 + u128::from(NEXT_ID.fetch_add(1, Ordering::Relaxed)))
}

/// A storage that a world's server keeps its records in.
pub trait Place {
    /// A new database; `None` for a file of the data folder.
    fn database() -> Option<Address>;
}

pub struct OnSqlite;
pub struct OnPostgres;

impl Place for OnSqlite {
    fn database() -> Option<Address> {
        None
    }
}

impl Place for OnPostgres {
    fn database() -> Option<Address> {
        Some(Cluster::shared().database().parse().unwrap())
    }
}

/// As distributed engines that speak PostgreSQL's protocol do by default: whoever meets another's change begins anew.
pub struct OnSerializable;

impl Place for OnSerializable {
    fn database() -> Option<Address> {
        let address = Cluster::shared().database();
        let name = address.rsplit('/').next().unwrap();
        let set = format!("ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'");
        Cluster::shared().sql(&address, &set);
        Some(address.parse().unwrap())
    }
}

pub type World = WorldOn<OnSqlite>;

/// A server with its data folder.
pub struct WorldOn<P> {
    pub folder: TempDir,
    pub running: Running,
    pub client: Client,
    now: Arc<AtomicI64>,
    place: PhantomData<P>,
}

impl<P: Place> WorldOn<P> {
    /// A server with the administrator `ruth`.
    pub async fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(AtomicI64::new(START_MS));
        let new = NewWorkspace { name: "Test".into(), administrator: Some(user("ruth", Role::Administrator)) };
        drop(Office::create_in(folder.path(), &new, P::database().as_ref(), clock(&now)).unwrap());
        let running = serve(folder.path(), &now).await;
        let ca = reqwest::Certificate::from_pem(running.ca_pem.as_bytes()).unwrap();
        let client = Client::builder().tls_certs_only([ca]).build().unwrap();
        Self { folder, running, client, now, place: PhantomData }
    }

    /// Another server process on the same database: a copy of the data folder is all that it needs.
    pub async fn second_node(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        let running = serve(folder.path(), &self.now).await;
        Self { folder, running, client: self.client.clone(), now: Arc::clone(&self.now), place: PhantomData }
    }

    /// From now on the storage takes no record whose body has this word.
    pub fn refuse_to_store(&self, word: &str) {
        let folder = Folder::find(self.folder.path()).unwrap();
        if let Some(address) = folder.database().unwrap() {
            let check = format!("ALTER TABLE record ADD CHECK (body NOT LIKE '%{word}%')");
            Cluster::shared().sql(address.secret(), &check);
            return;
        }
        let trigger = format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON record WHEN NEW.body LIKE '%{word}%'
             BEGIN SELECT RAISE(ABORT, 'refused'); END"
        );
        rusqlite::Connection::open(folder.file()).unwrap().execute_batch(&trigger).unwrap();
    }

    /// Copies the records into a file, while they are being served.
    pub fn back_up(&self) -> PathBuf {
        let (folder, copy) = (Folder::find(self.folder.path()).unwrap(), self.folder.path().join("backup.sqlite"));
        match folder.database().unwrap() {
            Some(address) => {
                transfer::copy_to_file(&Postgres::open(&address).unwrap(), folder.workspace(), &copy).unwrap();
            }
            None => {
                let file = rusqlite::Connection::open(folder.file()).unwrap();
                file.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
            }
        }
        copy
    }

    /// Stops the server, puts such a copy in place of the records, and starts it.
    pub async fn put_back(self, copy: PathBuf) -> Self {
        let path = self.folder.path().to_owned();
        self.restart_after(move || {
            let folder = Folder::find(&path).unwrap();
            if let Some(address) = folder.database().unwrap() {
                transfer::copy_from_file(&copy, &Postgres::open(&address).unwrap()).unwrap();
                return;
            }
            for suffix in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(path.join(format!("workspace.sqlite{suffix}")));
            }
            std::fs::copy(copy, folder.file()).unwrap();
        })
        .await
    }

    pub fn advance_ms(&self, ms: i64) {
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn office(&self) -> Office {
        Office::open(self.folder.path(), clock(&self.now)).unwrap()
    }

    /// Ends the server and starts it anew on the same folder.
    pub async fn restart(self) -> Self {
        self.restart_after(|| ()).await
    }

    /// The same, with something done to the folder in between.
    pub async fn restart_after(self, between: impl FnOnce()) -> Self {
        let Self { folder, running, client, now, .. } = self;
        running.stop().await;
        between();
        let running = serve(folder.path(), &now).await;
        Self { folder, running, client, now, place: PhantomData }
    }

    pub fn post(&self, route: &str) -> RequestBuilder {
        self.client.post(format!("{}/v1/{route}", self.running.url))
    }

    pub async fn sign_in(&self, name: &str, password: &str, device: &NewDevice) -> Result<Session, ErrorBody> {
        let request = SignIn { user: name.into(), password: password.into(), device: device.clone() };
        answer(self.post("sign-in").body(json(&request)).send().await.unwrap()).await
    }

    /// A new laptop on which somebody signed in.
    pub async fn laptop(&self, name: &str) -> Laptop {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(new_id().as_bytes());
        let key = PrivateKey::from_seed(&seed);
        let device = NewDevice { id: DeviceId(new_id()), name: format!("{name}'s"), public_key: key.public() };
        let session = self.sign_in(name, PASSWORD, &device).await.unwrap();
        Laptop { device, key, session, counter: 0, previous: String::new() }
    }

    pub async fn push(
        &self,
        laptop: &Laptop,
        first_counter: u64,
        commands: &[SignedCommand],
    ) -> Result<Pushed, ErrorBody> {
        let push =
            Push { device: laptop.device.id, epoch: laptop.session.epoch, first_counter, commands: commands.to_vec() };
        self.send_push(laptop, &push).await
    }

    pub async fn send_push(&self, laptop: &Laptop, push: &Push) -> Result<Pushed, ErrorBody> {
        answer(self.post("push").bearer_auth(&laptop.session.access_token).body(json(push)).send().await.unwrap()).await
    }

    pub async fn pull(&self, laptop: &Laptop, after: u64, judged_after: u64, limit: usize) -> Result<Page, ErrorBody> {
        let cursors = BTreeMap::from([(Bucket::Workspace, after)]);
        let pull = Pull { epoch: laptop.session.epoch, cursors, scope: String::new(), judged_after, limit };
        self.send_pull(laptop, &pull).await
    }

    pub async fn send_pull(&self, laptop: &Laptop, pull: &Pull) -> Result<Page, ErrorBody> {
        let query = PullQuery::from(pull);
        let url = format!(
            "{}/v1/pull?epoch={}&cursors={}&scope={}&judged_after={}&limit={}",
            self.running.url, query.epoch, query.cursors, query.scope, query.judged_after, query.limit
        );
        answer(self.client.get(url).bearer_auth(&laptop.session.access_token).send().await.unwrap()).await
    }
}

pub struct Laptop {
    pub device: NewDevice,
    pub key: PrivateKey,
    pub session: Session,
    pub counter: u64,
    pub previous: String,
}

impl Laptop {
    /// The next envelope of this device; nothing moves until it is signed.
    pub fn envelope<C>(&self, command: C) -> Envelope<C> {
        Envelope {
            domain: Envelope::<Command>::DOMAIN.into(),
            workspace: self.session.workspace,
            rules_version: RULES_VERSION,
            id: CommandId(new_id()),
            device: self.device.id,
            counter: self.counter + 1,
            actor: self.session.person,
            made_at: self.session.server_time,
            last_seq: 0,
            previous: self.previous.clone(),
            replaces: None,
            command,
        }
    }

    pub fn sign<C: Serialize>(&mut self, envelope: &Envelope<C>) -> SignedCommand {
        let signed = sign(envelope, &self.key).unwrap();
        self.counter += 1;
        self.previous = signed.hash();
        signed
    }

    pub fn issue<C: Serialize>(&mut self, command: C) -> SignedCommand {
        let envelope = self.envelope(command);
        self.sign(&envelope)
    }
}

/// A command that is always applied for an administrator.
pub fn a_site(name: &str) -> Command {
    Command::Setup(SetupCommand::PutSite(Site { id: SiteId(new_id()), name: name.into(), address: "Quay 1".into() }))
}

pub fn user(name: &str, role: Role) -> NewUser {
    NewUser {
        user: name.into(),
        name: name.to_uppercase(),
        roles: vec![role],
        groups: Vec::new(),
        password: PASSWORD.into(),
    }
}

pub fn nobody() -> PersonId {
    PersonId(new_id())
}

pub fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

pub async fn answer<T: DeserializeOwned>(response: Response) -> Result<T, ErrorBody> {
    let ok = response.status().is_success();
    let bytes = response.bytes().await.unwrap();
    let text = String::from_utf8_lossy(&bytes);
    if ok {
        Ok(serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {text}")))
    } else {
        Err(serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{error}: {text}")))
    }
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy_folder(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).unwrap();
        }
    }
}

pub fn all_at_once() -> usize {
    limits::PAGE_ENTRIES
}

fn clock(now: &Arc<AtomicI64>) -> Clock {
    let now = Arc::clone(now);
    Arc::new(move || Timestamp(now.load(Ordering::SeqCst)))
}

async fn serve(folder: &Path, now: &Arc<AtomicI64>) -> Running {
    let metrics = Some(([127, 0, 0, 1], 0).into());
    let snapshot_records = SNAPSHOT_RECORDS;
    Server::start(Config { clock: clock(now), metrics, snapshot_records, ..Config::local(folder) }).await.unwrap()
}
