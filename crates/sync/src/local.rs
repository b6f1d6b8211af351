//! This side: what the engine needs of the laptop's store. Each call is one transaction, durable when it returns.

use crate::bucket::Bucket;
use crate::log::alarm::Alarm;
use crate::protocol::{CommandResult, Epoch, Lease, Page, SignedCommand};
use crate::snapshot::SignedManifest;
use slipway_domain::id::DeviceId;
use slipway_domain::number::Series;
use std::collections::BTreeMap;

/// Where the store stands. Cursors and `judged` include what is staged but not yet flipped, so that an interrupted
/// pull goes on where it stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalStatus {
    /// The device under which commands are issued.
    pub device: DeviceId,
    /// Epoch of the held or staged records; `None` before the first sync.
    pub epoch: Option<Epoch>,
    /// Where to pull on, for each bucket that is to be held. Never empty: at least [`Bucket::Workspace`]. What is held
    /// besides leaves with the next flip.
    pub cursors: BTreeMap<Bucket, u64>,
    /// Snapshots whose last frame is not here yet. Their buckets' cursors are still 0.
    pub fetching: Vec<Fetching>,
    /// Tag of the scope last staged, from which the buckets were chosen; empty before the first.
    pub scope: String,
    /// Results of own commands are held or staged up to this counter.
    pub judged: u64,
    /// Results of pushes are recorded up to this counter; the next push begins after it.
    pub answered: u64,
    /// Commands that are issued but not yet judged.
    pub waiting: u64,
    /// Free numbers in the leased blocks.
    pub numbers: BTreeMap<Series, u32>,
    /// The last checkpoint accepted, of whichever epoch.
    pub checkpoint: Option<String>,
    /// No checkpoint was accepted since this epoch began: the one there is, is of an earlier one.
    pub former: bool,
    /// The server proved before that its log continues the one seen.
    pub proves: bool,
    /// The open alarm that stops sync.
    pub alarm: Option<Box<Alarm>>,
}

/// A snapshot that is being fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetching {
    /// As the server signed it.
    pub manifest: SignedManifest,
    /// How many of its first frames are kept.
    pub kept: usize,
}

/// A command of the queue or of those sent and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its counter on the device.
    pub counter: u64,
    /// As signed.
    pub signed: SignedCommand,
}

/// What a flip did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flipped {
    /// Buckets whose count or sum is not what the page said: they are fetched again.
    pub mismatched: Vec<Bucket>,
}

/// What was found about the server's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogNote {
    /// It proves that its log continues the one seen: from now on it has to.
    Proves,
    /// Its log does not continue the one seen.
    Alarm(Box<Alarm>),
}

/// The store failed; nothing of the call took effect.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct LocalError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl LocalError {
    /// Wraps the store's error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// The laptop's store as sync sees it.
pub trait Local {
    /// Where the store stands.
    ///
    /// # Errors
    /// The store failed.
    fn status(&mut self) -> Result<LocalStatus, LocalError>;

    /// Commands after this counter in order, kept ones included; stops at either limit but gives at least one.
    ///
    /// # Errors
    /// The store failed.
    fn batch(&mut self, after: u64, commands: usize, payload_bytes: usize) -> Result<Vec<Queued>, LocalError>;

    /// Records the results of a push, and raises `answered`. The commands stay in force until the flip that
    /// brings their effects, so that the screen never flickers back.
    ///
    /// # Errors
    /// The store failed.
    fn record(&mut self, results: &[CommandResult]) -> Result<(), LocalError>;

    /// Keeps a page beside the held records; nothing visible changes. A scope in it holds from now on: the next status
    /// has the buckets of it that this device is to hold.
    ///
    /// # Errors
    /// The store failed.
    fn stage(&mut self, page: &Page) -> Result<(), LocalError>;

    /// A bucket is to be fetched whole: what was staged of it is forgotten, and its frames are kept under this manifest.
    ///
    /// # Errors
    /// The store failed.
    fn begin_snapshot(&mut self, bucket: Bucket, seq: u64, manifest: &SignedManifest) -> Result<(), LocalError>;

    /// Keeps the next frames of a snapshot; `last`: there are no more, and the bucket's cursor moves to the snapshot's
    /// sequence.
    ///
    /// # Errors
    /// The store failed.
    fn keep_frames(&mut self, bucket: Bucket, frames: &[Vec<u8>], last: bool) -> Result<(), LocalError>;

    /// Forgets a snapshot that is being fetched.
    ///
    /// # Errors
    /// The store failed.
    fn drop_snapshot(&mut self, bucket: Bucket) -> Result<(), LocalError>;

    /// After a complete page was staged: undoes pending effects, applies the staged records, drops judged commands
    /// (refused, held and partial ones to *Needs attention*), re-executes the rest; all in one transaction. After
    /// [`Local::begin_epoch`] or [`Local::refetch`] what was not staged anew is no longer held. Buckets that the page has
    /// no cursor for are left: their records go unless they lie in another one; the queue stays as it is.
    ///
    /// # Errors
    /// The store failed.
    fn flip(&mut self) -> Result<Flipped, LocalError>;

    /// The server's history is another one, and it expects this counter from the device next. What was staged is
    /// forgotten, snapshots too, every cursor goes to 0, `answered` and `judged` no higher than `expected_counter - 1` (lower where
    /// they were lower: an answer was lost, or the server knows another history of this device), and kept commands
    /// wait for their results again. If some of these were issued under an earlier identity, `answered` goes to 0, so
    /// that they show in the next batch and take the present one. No record and no command is deleted.
    ///
    /// # Errors
    /// The store failed.
    fn begin_epoch(&mut self, epoch: Epoch, expected_counter: u64) -> Result<(), LocalError>;

    /// Fetches buckets again from 0.
    ///
    /// # Errors
    /// The store failed.
    fn refetch(&mut self, buckets: &[Bucket]) -> Result<(), LocalError>;

    /// Keeps what was found about the server's log, durably and before the page that showed it: an alarm stays open until a
    /// person lifts it, and one that stops sync is in every status until then. The same alarm is kept once.
    ///
    /// # Errors
    /// The store failed.
    fn note_log(&mut self, note: &LogNote) -> Result<(), LocalError>;

    /// Keeps a block of numbers.
    ///
    /// # Errors
    /// The store failed.
    fn add_numbers(&mut self, lease: Lease) -> Result<(), LocalError>;
}

/// A call of [`Local`] as data, so that the engine can ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalRequest {
    /// [`Local::status`].
    Status,
    /// [`Local::batch`].
    Batch {
        /// After this counter.
        after: u64,
        /// At most so many.
        commands: usize,
        /// At most so large.
        payload_bytes: usize,
    },
    /// [`Local::record`].
    Record(Vec<CommandResult>),
    /// [`Local::stage`].
    Stage(Box<Page>),
    /// [`Local::begin_snapshot`].
    BeginSnapshot {
        /// Of which bucket.
        bucket: Bucket,
        /// At which sequence.
        seq: u64,
        /// As signed.
        manifest: SignedManifest,
    },
    /// [`Local::keep_frames`].
    KeepFrames {
        /// Of which bucket.
        bucket: Bucket,
        /// The next ones.
        frames: Vec<Vec<u8>>,
        /// There are no more.
        last: bool,
    },
    /// [`Local::drop_snapshot`].
    DropSnapshot(Bucket),
    /// [`Local::flip`].
    Flip,
    /// [`Local::begin_epoch`].
    BeginEpoch {
        /// The server's.
        epoch: Epoch,
        /// The counter it expects next.
        expected_counter: u64,
    },
    /// [`Local::refetch`].
    Refetch(Vec<Bucket>),
    /// [`Local::note_log`].
    NoteLog(LogNote),
    /// [`Local::add_numbers`].
    AddNumbers(Lease),
}

/// What the call gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalAnswer {
    /// To [`LocalRequest::Status`].
    Status(Box<LocalStatus>),
    /// To [`LocalRequest::Batch`].
    Batch(Vec<Queued>),
    /// To [`LocalRequest::Flip`].
    Flipped(Flipped),
    /// To every other.
    Done,
}

/// Carries a call out.
///
/// # Errors
/// The store failed.
pub fn perform(local: &mut impl Local, request: &LocalRequest) -> Result<LocalAnswer, LocalError> {
    match request {
        LocalRequest::Status => local.status().map(Box::new).map(LocalAnswer::Status),
        LocalRequest::Batch { after, commands, payload_bytes } => {
            local.batch(*after, *commands, *payload_bytes).map(LocalAnswer::Batch)
        }
        LocalRequest::Record(results) => local.record(results).map(|()| LocalAnswer::Done),
        LocalRequest::Stage(page) => local.stage(page).map(|()| LocalAnswer::Done),
        LocalRequest::BeginSnapshot { bucket, seq, manifest } => {
            local.begin_snapshot(*bucket, *seq, manifest).map(|()| LocalAnswer::Done)
        }
        LocalRequest::KeepFrames { bucket, frames, last } => {
            local.keep_frames(*bucket, frames, *last).map(|()| LocalAnswer::Done)
        }
        LocalRequest::DropSnapshot(bucket) => local.drop_snapshot(*bucket).map(|()| LocalAnswer::Done),
        LocalRequest::Flip => local.flip().map(LocalAnswer::Flipped),
        LocalRequest::BeginEpoch { epoch, expected_counter } => {
            local.begin_epoch(*epoch, *expected_counter).map(|()| LocalAnswer::Done)
        }
        LocalRequest::Refetch(buckets) => local.refetch(buckets).map(|()| LocalAnswer::Done),
        LocalRequest::NoteLog(note) => local.note_log(note).map(|()| LocalAnswer::Done),
        LocalRequest::AddNumbers(lease) => local.add_numbers(*lease).map(|()| LocalAnswer::Done),
    }
}
