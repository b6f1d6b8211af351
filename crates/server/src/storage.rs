//! Storage as a trait: embedded SQLite and PostgreSQL, one suite of tests for both.
//!
//! All access goes through a [`WorkspaceView`] or [`WorkspaceTx`] of one workspace, so that a query without a workspace
//! does not compile. A writing transaction locks the workspace's row first and holds it to its end: the state a
//! command is judged on cannot change under it, and sequence order is commit order.

mod draft;
pub mod nodes;
pub mod place;
pub mod postgres;
pub mod restored;
pub mod sqlite;
mod stored;
mod stretch;
pub mod transfer;

pub use stretch::{Keys, Stretch};

use nodes::LogNode;
use restored::DeclaredRestore;
use slipway_domain::id::{CommandId, DeviceId, PersonId, WorkspaceId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::Series;
use slipway_domain::record::Kind;
use slipway_domain::records::Records;
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::log::{Edge, Hash};
use slipway_sync::protocol::{BucketSum, CommandResult, Entry, Epoch, Lease, LeaseRequest};
use slipway_sync::signing::PublicKey;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stored::{bucket_named, count, kind_named, series_named, signed, stored_edge, unsigned, without_gap};
use uuid::Uuid;

/// Why the storage did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Another writer holds the workspace for too long.
    #[error("the storage is busy")]
    Busy,
    /// The workspace is not in this storage.
    #[error("the storage holds no workspace")]
    NoWorkspace,
    /// Where the database is cannot be made out; what was given may hold a password and is not repeated.
    #[error("the database's address cannot be read; expected postgres://USER:PASSWORD@HOST/DATABASE")]
    Address,
    /// The data was written by a newer program.
    #[error("the data is of version {found}, this program knows versions up to {known}")]
    Newer {
        /// Found there.
        found: u32,
        /// Here.
        known: u32,
    },
    /// What is stored cannot be read back.
    #[error("stored {what} cannot be read: {why}")]
    Corrupt {
        /// What.
        what: &'static str,
        /// How so.
        why: String,
    },
    /// Two transactions got in each other's way; the one that is told so may be tried again as a whole.
    #[error("the storage is torn between two transactions")]
    Torn,
    /// The engine does not take what it was given, and never will.
    #[error("the storage does not take it: {0}")]
    Unfit(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The engine below failed.
    #[error("the storage failed: {0}")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The workspace's own row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Identity.
    pub id: WorkspaceId,
    /// As shown.
    pub name: String,
    /// Epoch of its history.
    pub epoch: Epoch,
    /// Last sequence given.
    pub head: u64,
    /// A verified backup covers everything up to this sequence.
    pub durable_seq: u64,
    /// What was said when the data were last put back from a backup.
    pub restored: Option<DeclaredRestore>,
}

/// What operators watch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Last sequence given.
    pub head: u64,
    /// Sequence that a verified backup covers.
    pub durable_seq: u64,
    /// Leaves of the audit log.
    pub log_size: u64,
    /// Size of the database.
    pub bytes: u64,
    /// Sessions whose refresh token is good.
    pub sessions: u64,
    /// Devices that are not shut out.
    pub devices: u64,
    /// Commands whose verdict is *held*.
    pub held: u64,
}

/// A command that could not be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCommand {
    /// Identity.
    pub id: CommandId,
    /// Under which it came.
    pub device: DeviceId,
    /// Its counter there.
    pub counter: u64,
    /// Who issued it.
    pub actor: PersonId,
    /// When it came, by the server's clock.
    pub judged_at: Timestamp,
    /// Why it is held.
    pub why: String,
    /// Exactly as signed.
    pub payload: Vec<u8>,
}

/// A registered device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Identity.
    pub id: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// As people call it.
    pub name: String,
    /// By which its commands verify.
    pub public_key: PublicKey,
    /// Counter of the last command judged.
    pub counter: u64,
    /// Hash of that command's payload.
    pub last_hash: String,
    /// An administrator shut it out.
    pub revoked: bool,
    /// When it came.
    pub registered_at: Timestamp,
}

/// Tokens of a device, hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// The device.
    pub device: DeviceId,
    /// Who.
    pub person: PersonId,
    /// Hash of the access token.
    pub access_hash: Hash,
    /// Its end.
    pub access_until: Timestamp,
    /// Hash of the newest refresh token.
    pub refresh_hash: Hash,
    /// Hash of the one before, while it is still good.
    pub previous_refresh: Option<Hash>,
    /// End of both.
    pub refresh_until: Timestamp,
}

/// Who may sign in by password; the sign-in name is that of the person's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub person: PersonId,
    /// Argon2id in PHC form.
    pub password: String,
}

/// What became of a device, as the audit log keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceEntry {
    /// Identity: what the leaf names, as it names a command.
    pub id: Uuid,
    /// Which device.
    pub device: DeviceId,
    /// What the device's former key signed, exactly; empty where it signed nothing.
    pub payload: Vec<u8>,
    /// The signature; empty where there is none.
    pub signature: Vec<u8>,
    /// JSON of [`slipway_sync::account::DeviceNote`].
    pub note: String,
    /// Server clock.
    pub at: Timestamp,
}

/// A leaf of the audit log with everything that it is a hash over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLeaf {
    /// Position from 0.
    pub index: u64,
    /// RFC 6962.
    pub hash: Hash,
    /// Random.
    pub salt: Vec<u8>,
    /// Over the records changed.
    pub changes: Hash,
    /// The device that signed; `None` for an entry that is no command.
    pub signed_by: Option<DeviceId>,
    /// Exactly as signed.
    pub payload: Vec<u8>,
    /// Over the payload.
    pub signature: Vec<u8>,
    /// Verdict or note, as stored.
    pub result: String,
    /// First and last sequence given; 0 for none.
    pub seqs: (u64, u64),
    /// Server clock.
    pub at: Timestamp,
}

/// Failed sign-ins under one name, known or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempts {
    /// In a row.
    pub failures: u32,
    /// No try before this.
    pub until: Timestamp,
}

/// A command as judged.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// Identity.
    pub id: CommandId,
    /// Under which it was judged.
    pub device: DeviceId,
    /// Its counter there.
    pub counter: u64,
    /// Who.
    pub actor: PersonId,
    /// Exactly as signed.
    pub payload: &'a [u8],
    /// Over the payload.
    pub signature: &'a [u8],
    /// JSON of the verdict.
    pub verdict: &'a str,
    /// First and last sequence given; 0 for none.
    pub seqs: (u64, u64),
    /// Server clock.
    pub judged_at: Timestamp,
}

/// A command that was judged before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Who issued it.
    pub actor: PersonId,
    /// Its verdict and when it was judged.
    pub result: CommandResult,
}

/// A record changed since the last savepoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Kind by its stable name.
    pub kind: &'static str,
    /// Identity.
    pub id: Uuid,
    /// The sequence it was given.
    pub seq: u64,
    /// The body after it; `None` when removed.
    pub body: Option<String>,
}

/// How far a device has come in a bucket, as noted last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceCursor {
    /// Everything up to here is on it.
    pub seq: u64,
    /// The bucket's horizon when the device last began from nothing.
    pub base: u64,
    /// When it was noted.
    pub seen_at: Timestamp,
}

/// Rows of one bucket, and whether they reach the head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feed {
    /// In sequence order.
    pub entries: Vec<Entry>,
    /// Nothing of this bucket is left after them.
    pub exhausted: bool,
}

/// One storage holding one or more workspaces.
pub trait Storage: Send + Sync + 'static {
    /// A writing transaction; the workspace's row is locked when this returns. Dropped without commit, it never was.
    ///
    /// # Errors
    /// [`StorageError::Busy`] when the lock cannot be had in time; or the engine failed.
    fn begin(&self, workspace: WorkspaceId) -> Result<Box<dyn WorkspaceTx + '_>, StorageError>;

    /// A reading transaction: everything read through it is of one moment.
    ///
    /// # Errors
    /// The engine failed.
    fn snapshot(&self, workspace: WorkspaceId) -> Result<Box<dyn WorkspaceView + '_>, StorageError>;

    /// Calls this whenever another process may have changed the workspace. A hint: whoever needs to know looks every
    /// now and then as well. A storage that hears nothing of other processes calls nobody.
    ///
    /// # Errors
    /// The engine failed.
    fn on_change(&self, _workspace: WorkspaceId, _wake: Arc<dyn Fn() + Send + Sync>) -> Result<(), StorageError> {
        Ok(())
    }
}

/// What can be read of a workspace.
pub trait WorkspaceView {
    /// Its own row.
    ///
    /// # Errors
    /// The engine failed.
    fn workspace(&self) -> Result<Workspace, StorageError>;

    /// A device.
    ///
    /// # Errors
    /// The engine failed.
    fn device(&self, id: DeviceId) -> Result<Option<Device>, StorageError>;

    /// Every device, by name.
    ///
    /// # Errors
    /// The engine failed.
    fn devices(&self) -> Result<Vec<Device>, StorageError>;

    /// Those of these devices that are known.
    ///
    /// # Errors
    /// The engine failed.
    fn devices_among(&self, ids: &[DeviceId]) -> Result<BTreeMap<DeviceId, Device>, StorageError> {
        ids.iter().filter_map(|id| self.device(*id).transpose().map(|device| Ok((*id, device?)))).collect()
    }

    /// The command at a place of a device's chain.
    ///
    /// # Errors
    /// The engine failed.
    fn link(&self, device: DeviceId, counter: u64) -> Result<Option<CommandId>, StorageError>;

    /// A command judged before; the counter in its result is the one it was judged under.
    ///
    /// # Errors
    /// The engine failed.
    fn known(&self, id: CommandId) -> Result<Option<Known>, StorageError>;

    /// Those of these commands that were judged before.
    ///
    /// # Errors
    /// The engine failed.
    fn known_among(&self, ids: &[CommandId]) -> Result<BTreeMap<CommandId, Known>, StorageError> {
        ids.iter().filter_map(|id| self.known(*id).transpose().map(|known| Ok((*id, known?)))).collect()
    }

    /// Results along a device's chain, in order.
    ///
    /// # Errors
    /// The engine failed.
    fn results(&self, device: DeviceId, after: u64, limit: usize) -> Result<Vec<CommandResult>, StorageError>;

    /// Commands whose verdict is *held*, the longest waiting first.
    ///
    /// # Errors
    /// The engine failed.
    fn held_commands(&self, limit: usize) -> Result<Vec<HeldCommand>, StorageError>;

    /// What changed in a bucket after a sequence; ends before `limit` entries or `bytes` of bodies are passed, but has one.
    ///
    /// # Errors
    /// The engine failed.
    fn feed(&self, bucket: Bucket, after: u64, limit: usize, bytes: usize) -> Result<Feed, StorageError>;

    /// What a bucket holds.
    ///
    /// # Errors
    /// The engine failed.
    fn sum(&self, bucket: Bucket) -> Result<BucketSum, StorageError>;

    /// What a bucket holds, ascending by kind name, then id, after this key; each with the sequence at which it last
    /// moved there. Less than `limit` only at the end.
    ///
    /// # Errors
    /// The engine failed.
    fn held(&self, bucket: Bucket, after: Option<(&str, Uuid)>, limit: usize) -> Result<Vec<Entry>, StorageError>;

    /// How many rows of a bucket moved after a sequence; counts no further than `most`.
    ///
    /// # Errors
    /// The engine failed.
    fn changed_since(&self, bucket: Bucket, seq: u64, most: u64) -> Result<u64, StorageError>;

    /// Tombstones of a bucket up to this sequence are gone.
    ///
    /// # Errors
    /// The engine failed.
    fn horizon(&self, bucket: Bucket) -> Result<u64, StorageError>;

    /// How far a device has come in a bucket.
    ///
    /// # Errors
    /// The engine failed.
    fn device_cursor(&self, device: DeviceId, bucket: Bucket) -> Result<Option<DeviceCursor>, StorageError>;

    /// Right edge of the audit log's tree.
    ///
    /// # Errors
    /// The engine failed.
    fn log(&self) -> Result<Edge, StorageError>;

    /// Hashes of the audit log's tree from a position on, without a gap: leaves for level 0, else the stored roots of
    /// 256^level leaves.
    ///
    /// # Errors
    /// The engine failed.
    fn log_hashes(&self, level: u32, from: u64, limit: usize) -> Result<Vec<Hash>, StorageError>;

    /// Shows every record, ascending by kind name, then id.
    ///
    /// # Errors
    /// The engine failed.
    fn each_record(&self, show: &mut dyn FnMut(&str, Uuid, &str)) -> Result<(), StorageError>;

    /// The stored body of a record that is not removed.
    ///
    /// # Errors
    /// The engine failed.
    fn body(&self, kind: Kind, id: Uuid) -> Result<Option<String>, StorageError>;

    /// Records under a look-up's key, ascending.
    ///
    /// # Errors
    /// The engine failed.
    fn ids_under(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, StorageError>;

    /// Keys and records of a stretch of a look-up, by key, then by identity.
    ///
    /// # Errors
    /// The engine failed.
    fn along(&self, stretch: &Stretch<'_>) -> Result<Vec<(String, Uuid)>, StorageError>;

    /// The sequence of a record's last change; 0 where there is none.
    ///
    /// # Errors
    /// The engine failed.
    fn seq_of(&self, kind: Kind, id: Uuid) -> Result<u64, StorageError>;

    /// Records of a kind, descending, before this one.
    ///
    /// # Errors
    /// The engine failed.
    fn ids_before(&self, kind: Kind, before: Option<Uuid>, limit: usize) -> Result<Vec<Uuid>, StorageError>;

    /// Records of a kind, ascending, after this one.
    ///
    /// # Errors
    /// The engine failed.
    fn ids_after(&self, kind: Kind, after: Option<Uuid>, limit: usize) -> Result<Vec<Uuid>, StorageError>;

    /// Version of the table by which the records were put into their buckets; 0 before there was one.
    ///
    /// # Errors
    /// The engine failed.
    fn placed(&self) -> Result<u32, StorageError>;

    /// The leaves of the audit log from a position on.
    ///
    /// # Errors
    /// The engine failed, or what a leaf stands for is gone.
    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<StoredLeaf>, StorageError>;

    /// The newest leaves before a position whose command names this record, newest first. Reads as many leaves as it takes
    /// to find them.
    ///
    /// # Errors
    /// The engine failed, or what a leaf stands for is gone.
    fn leaves_naming(&self, record: Uuid, before: u64, limit: usize) -> Result<Vec<StoredLeaf>, StorageError>;

    /// The account of a person.
    ///
    /// # Errors
    /// The engine failed.
    fn account(&self, person: PersonId) -> Result<Option<Account>, StorageError>;

    /// Failed sign-ins under a hashed name.
    ///
    /// # Errors
    /// The engine failed.
    fn attempts(&self, user_hash: &Hash) -> Result<Option<Attempts>, StorageError>;

    /// The session of an access token.
    ///
    /// # Errors
    /// The engine failed.
    fn session_by_access(&self, access_hash: &Hash) -> Result<Option<SessionRow>, StorageError>;

    /// The session of a device.
    ///
    /// # Errors
    /// The engine failed.
    fn session(&self, device: DeviceId) -> Result<Option<SessionRow>, StorageError>;

    /// What operators watch; costs the same however much there is.
    ///
    /// # Errors
    /// The engine failed.
    fn figures(&self, now: Timestamp) -> Result<Figures, StorageError>;
}

/// What can be done to a workspace; [`Records`] gives every record it writes the next sequence.
pub trait WorkspaceTx: WorkspaceView + Records {
    /// What follows can be undone by itself; forgets the changes remembered so far.
    ///
    /// Between this and its end only records and numbers may be touched, as the rules do.
    ///
    /// # Errors
    /// The engine failed.
    fn savepoint(&mut self) -> Result<(), StorageError>;

    /// Undoes everything since the savepoint, sequences included.
    ///
    /// # Errors
    /// The engine failed.
    fn rollback_to_savepoint(&mut self) -> Result<(), StorageError>;

    /// Keeps everything since the savepoint and gives the records changed, in the order of their sequences.
    ///
    /// # Errors
    /// The engine failed.
    fn release_savepoint(&mut self) -> Result<Vec<Changed>, StorageError>;

    /// These records will probably be read next: an engine to which every question is a journey asks for all at once.
    ///
    /// # Errors
    /// The engine failed.
    fn foresee(&mut self, keys: &[(Kind, Uuid)]) -> Result<(), StorageError> {
        let _ = keys;
        Ok(())
    }

    /// Tries to store everything changed so far, and takes it back: whether [`WorkspaceTx::commit`] would.
    ///
    /// # Errors
    /// [`StorageError::Unfit`] when the engine does not take it; or it failed.
    fn prove(&mut self) -> Result<(), StorageError>;

    /// Stores a judged command and its link in the chain.
    ///
    /// # Errors
    /// The engine failed.
    fn put_command(&mut self, judged: &Judged<'_>) -> Result<(), StorageError>;

    /// Adds a place to a device's chain and moves its end there.
    ///
    /// # Errors
    /// The engine failed.
    fn advance(&mut self, device: DeviceId, counter: u64, hash: &str, id: CommandId) -> Result<(), StorageError>;

    /// Adds a leaf to the audit log, for a command or a device's entry of this id.
    ///
    /// # Errors
    /// The engine failed.
    fn append_leaf(&mut self, leaf: Hash, salt: &[u8], changes: &Hash, id: Uuid) -> Result<(), StorageError>;

    /// First number of each series that nobody holds.
    ///
    /// # Errors
    /// The engine failed.
    fn numbers(&self) -> Result<BTreeMap<Series, u32>, StorageError>;

    /// Moves a series on.
    ///
    /// # Errors
    /// The engine failed.
    fn set_number(&mut self, series: Series, next: u32) -> Result<(), StorageError>;

    /// Hands out a block of numbers.
    ///
    /// # Errors
    /// The engine failed.
    fn lease(&mut self, request: LeaseRequest, device: DeviceId, now: Timestamp) -> Result<Lease, StorageError>;

    /// Creates or replaces a device but for its chain.
    ///
    /// # Errors
    /// The engine failed.
    fn put_device(&mut self, device: &Device) -> Result<(), StorageError>;

    /// Keeps what became of a device; its leaf is appended by itself.
    ///
    /// # Errors
    /// The engine failed.
    fn put_device_entry(&mut self, entry: &DeviceEntry) -> Result<(), StorageError>;

    /// Creates or replaces the session of its device.
    ///
    /// # Errors
    /// The engine failed.
    fn put_session(&mut self, session: &SessionRow) -> Result<(), StorageError>;

    /// Ends the session of a device.
    ///
    /// # Errors
    /// The engine failed.
    fn end_session(&mut self, device: DeviceId) -> Result<(), StorageError>;

    /// Creates or replaces an account.
    ///
    /// # Errors
    /// The engine failed.
    fn put_account(&mut self, account: &Account) -> Result<(), StorageError>;

    /// Remembers failed sign-ins; `None` forgets them.
    ///
    /// # Errors
    /// The engine failed.
    fn put_attempts(&mut self, user_hash: &Hash, attempts: Option<Attempts>) -> Result<(), StorageError>;

    /// Moves these records into the buckets where they belong, should they lie elsewhere, and what lies with them.
    ///
    /// # Errors
    /// The engine failed.
    fn look_again(&mut self, kind: Kind, ids: &[Uuid]) -> Result<(), StorageError>;

    /// See [`WorkspaceView::placed`].
    ///
    /// # Errors
    /// The engine failed.
    fn set_placed(&mut self, version: u32) -> Result<(), StorageError>;

    /// Another epoch: the data was restored from a backup.
    ///
    /// # Errors
    /// The engine failed.
    fn set_epoch(&mut self, epoch: Epoch, restored: &DeclaredRestore) -> Result<(), StorageError>;

    /// Stores nodes of the audit log's tree that are not stored yet.
    ///
    /// # Errors
    /// The engine failed.
    fn put_log_nodes(&mut self, nodes: &[LogNode]) -> Result<(), StorageError>;

    /// A verified backup covers everything up to this sequence.
    ///
    /// # Errors
    /// The engine failed.
    fn set_durable(&mut self, seq: u64) -> Result<(), StorageError>;

    /// Notes how far a device has come in a bucket.
    ///
    /// # Errors
    /// The engine failed.
    fn put_device_cursor(
        &mut self,
        device: DeviceId,
        bucket: Bucket,
        cursor: &DeviceCursor,
    ) -> Result<(), StorageError>;

    /// Removes tombstones that every device seen since then has passed, and all that are older; says how many.
    /// Moves the horizons up to there.
    ///
    /// # Errors
    /// The engine failed.
    fn compact(&mut self, since: Timestamp) -> Result<u64, StorageError>;

    /// Makes everything durable.
    ///
    /// # Errors
    /// The engine failed; nothing was changed.
    fn commit(self: Box<Self>) -> Result<(), StorageError>;
}

/// Longer each time and never the same, so that two that got in each other's way do not meet again.
pub(crate) fn pause(tried: u32) {
    let mut jitter = [0; 1];
    // Without random bytes the pause is only less random.
    let _ = getrandom::fill(&mut jitter);
    let [jitter] = jitter;
    std::thread::sleep(Duration::from_millis((5 << tried.min(6)) + u64::from(jitter) / 8));
}
