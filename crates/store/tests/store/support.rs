//! Small builders: a store in a folder of its own, and commands by the workspace itself.

use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::moment::CiStep;
use slipway_domain::cmdb::relation::RelationType;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{CiId, CiStepId, CommandId, DeviceId, PersonId, WorkspaceId};
use slipway_domain::number::{Number, Series};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::issue::{Facts, Issue, IssueError, Issued};
use slipway_store::key::Key;
use slipway_store::open::Profile;
use slipway_store::write::Changes;
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;

pub const NOW: Timestamp = Timestamp(1_800_000_000_000);
pub const PROFILE: Profile =
    Profile { workspace: WorkspaceId(Uuid::from_u128(0xa)), device: DeviceId(Uuid::from_u128(0xd)) };

pub fn key() -> Key {
    Key::new([0x5a; 32])
}

/// A store on a real file, gone with its folder.
pub struct Laptop {
    pub folder: TempDir,
    pub store: Store,
}

impl Laptop {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::create(&folder.path().join("slipway.db"), &key(), PROFILE).unwrap();
        Self { folder, store }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("slipway.db")
    }

    /// As after the end of the process: everything in memory is gone.
    pub fn reopen(self) -> Self {
        let Self { folder, store } = self;
        drop(store);
        let store = Store::open(&folder.path().join("slipway.db"), &key()).unwrap();
        Self { folder, store }
    }
}

pub fn signed(payload: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    for (i, byte) in payload.iter().enumerate() {
        signature[i % 64] ^= byte;
    }
    signature
}

pub fn command_id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(0xc0_0000_0000 + n))
}

/// Issues a command by the workspace itself.
pub fn issue(store: &Store, n: u128, command: &Command) -> Result<Issued, IssueError> {
    store.issue(Issue {
        id: command_id(n),
        actor: PersonId::SYSTEM,
        made_at: NOW,
        build: &mut |_| command.clone(),
        sign: &signed,
        replaces: None,
        facts: Facts::Refuse,
    })
}

pub fn ci_id(n: u128) -> CiId {
    CiId(Uuid::from_u128(0x1_0000 + n))
}

pub fn a_ci(n: u128) -> Ci {
    Ci::blank(ci_id(n), Number::provisional(Series::Ci, ci_id(n).0), "server", &format!("srv-{n}"))
}

pub fn create(n: u128) -> Command {
    Command::Cmdb(CmdbCommand::CreateCi(Box::new(a_ci(n))))
}

pub fn set_version(n: u128, from: &str, to: &str) -> Command {
    Command::Cmdb(CmdbCommand::SetFields(
        ci_id(n),
        vec![FieldChange { field: "version".to_owned(), from: from.to_owned(), to: to.to_owned() }],
    ))
}

pub fn depends(source: u128, target: u128) -> Command {
    Command::Cmdb(CmdbCommand::Relate {
        source: ci_id(source),
        relation_type: RelationType::DependsOn,
        target: ci_id(target),
    })
}

/// The records that changed, without the steps in the histories of CIs that come with each change of one.
pub fn but_steps(store: &Store, changes: &Changes) -> Vec<Uuid> {
    let is_step = |id: Uuid| store.read(|r| Ok::<_, Fault>(r.get::<CiStep>(CiStepId(id))?.is_some())).unwrap();
    changes.ids.iter().copied().filter(|id| !is_step(*id)).collect()
}
