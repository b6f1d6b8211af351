//! The real server core on a SQLite file, which can be put back to an earlier state.

use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::{CommandId, DeviceId, PersonId, WorkspaceId};
use slipway_domain::people::{Person, Role};
use slipway_domain::time::Timestamp;
use slipway_server::core::{Caller, Core};
use slipway_server::storage::sqlite::Sqlite;
use slipway_server::storage::{Storage, WorkspaceView};
use slipway_sync::protocol::{Epoch, ErrorBody, NewDevice, Pull, Verdict};
use slipway_sync::signing::{PrivateKey, PublicKey};
use slipway_sync::transport::{Answer, Request, TransportError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use uuid::Uuid;

pub const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
const CONSOLE: DeviceId = DeviceId(Uuid::from_u128(2));
/// Everybody in the model may do everything.
pub const PERSON: PersonId = PersonId(Uuid::from_u128(3));

pub struct Server {
    folder: TempDir,
    storage: Arc<dyn Storage>,
    core: Core,
    now: Arc<AtomicI64>,
    backups: usize,
}

impl Server {
    pub fn new(epoch: Epoch) -> Self {
        // Memory-backed where there is such a folder: the model makes thousands of durable commits.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let now = Arc::new(AtomicI64::new(0));
        let file = folder.path().join("w.sqlite");
        let storage: Arc<dyn Storage> =
            Arc::new(Sqlite::create(&file, WORKSPACE, "Model", epoch, Timestamp(0)).unwrap());
        let server = Self { core: core(&storage, &now), storage, folder, now, backups: 0 };
        let key = PrivateKey::from_seed(&[2; 32]);
        server.core.register_console(CONSOLE, &key).unwrap();
        let mut console = server.core.console(CONSOLE, &key).unwrap();
        let person = Person {
            id: PERSON,
            name: "Everybody".into(),
            user: "everybody".into(),
            roles: Role::ALL.iter().copied().collect(),
            active: true,
        };
        let put = Command::Setup(SetupCommand::PutPerson(person));
        let result = console.issue_as(PersonId::SYSTEM, Timestamp(0), CommandId(Uuid::from_u128(4)), put).unwrap();
        assert!(matches!(result.verdict, Verdict::Applied { .. }), "{result:?}");
        console.commit().unwrap();
        server
    }

    pub fn set_clock(&self, ms: u64) {
        self.now.store(i64::try_from(ms).unwrap(), Ordering::SeqCst);
    }

    pub fn answer(&self, device: DeviceId, request: &Request) -> Result<Answer, TransportError> {
        let view = self.view();
        if view.device(device).unwrap().is_none() {
            // What a lost session looks like: the device is not known since the restore.
            return Err(TransportError::SignedOut);
        }
        drop(view);
        let caller = Caller { person: PERSON, device, revoked: false };
        let answer = match request {
            Request::Push(push) => self.core.push(&caller, push).map(Answer::Pushed),
            Request::Pull(pull) => {
                // Small pages, so that a pull takes several.
                let pull = Pull { limit: pull.limit.min(7), ..pull.clone() };
                self.core.pull(&caller, &pull).map(Box::new).map(Answer::Page)
            }
            Request::Lease(lease) => self.core.lease(&caller, *lease).map(Answer::Lease),
        };
        answer.map_err(|error| TransportError::Refused(Box::new(error.body())))
    }

    /// Signing in on a device registers it.
    pub fn register(&self, id: DeviceId, public_key: PublicKey) -> Result<(), ErrorBody> {
        let caller = Caller { person: PERSON, device: CONSOLE, revoked: false };
        let device = NewDevice { id, name: "laptop".into(), public_key };
        self.core.new_device(&caller, &device).map(|_| ()).map_err(|error| error.body())
    }

    pub fn view(&self) -> Box<dyn WorkspaceView + '_> {
        self.storage.snapshot(WORKSPACE).unwrap()
    }

    pub fn log(&self) -> (String, PublicKey) {
        (self.core.log_name(), PrivateKey::from_seed(&[1; 32]).public())
    }

    pub fn file(&self) -> PathBuf {
        self.folder.path().join("w.sqlite")
    }

    /// The server's process dies and starts again; what was committed stays.
    pub fn restart(&mut self) {
        self.storage = Arc::new(Sqlite::open(&self.file()).unwrap());
        self.core = core(&self.storage, &self.now);
    }

    pub fn back_up(&mut self) {
        self.backups += 1;
        let to = self.folder.path().join(format!("backup-{}.sqlite", self.backups));
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
    }

    /// Puts the newest backup back, if there is one, as an administrator does who says so.
    pub fn restore(&mut self, epoch: Epoch) -> bool {
        let from = self.folder.path().join(format!("backup-{}.sqlite", self.backups));
        if !from.exists() {
            return false;
        }
        let nothing = self.folder.path().join("nothing.sqlite");
        let _ = std::fs::remove_file(&nothing);
        self.storage =
            Arc::new(Sqlite::create(&nothing, WORKSPACE, "Nothing", Epoch(Uuid::nil()), Timestamp(0)).unwrap());
        self.core = core(&self.storage, &self.now);
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.folder.path().join(format!("w.sqlite{suffix}")));
        }
        std::fs::copy(from, self.file()).unwrap();
        self.restart();
        let mut tx = self.storage.begin(WORKSPACE).unwrap();
        tx.set_epoch(epoch).unwrap();
        tx.commit().unwrap();
        true
    }
}

fn core(storage: &Arc<dyn Storage>, now: &Arc<AtomicI64>) -> Core {
    let now = Arc::clone(now);
    let clock = Arc::new(move || Timestamp(now.load(Ordering::SeqCst)));
    Core::new(Arc::clone(storage), WORKSPACE, PrivateKey::from_seed(&[1; 32]), clock)
}
