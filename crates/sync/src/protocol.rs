//! What goes over the wire: JSON over HTTPS, protocol level in the path.
//!
//! | route | request | answer |
//! |---|---|---|
//! | `POST /v1/sign-in` | [`SignIn`] | [`Session`] |
//! | `POST /v1/refresh` | [`SignedRefresh`] | [`Session`] |
//! | `POST /v1/device` (bearer) | [`NewDevice`] | [`Session`] of the new device |
//! | `POST /v1/sign-out` (bearer) | nothing | [`Done`] |
//! | `POST /v1/push` (bearer) | [`Push`] | [`Pushed`] |
//! | `GET /v1/pull` (bearer) | [`Pull`] as a query | [`Page`] |
//! | `GET /v1/snapshot` (bearer) | [`OffersQuery`] as a query | [`crate::snapshot::Offers`] |
//! | `GET /v1/snapshot/ID` (bearer) | a byte range | frames, see [`crate::snapshot`] |
//! | `POST /v1/carry` (bearer) | [`CarryIn`] | [`CarriedOut`], see [`crate::carry`] |
//! | `GET /v1/log/checkpoint` (bearer) | nothing | [`LogCheckpoint`] |
//! | `GET /v1/log/consistency` (bearer) | [`ConsistencyQuery`] as a query | [`LogProof`] |
//! | `GET /v1/log/inclusion` (bearer) | [`InclusionQuery`] as a query | [`LogProof`] |
//! | `GET /v1/log/record` (bearer) | [`LogRecordQuery`] as a query | [`LogRecord`] |
//! | `POST /v1/lease` (bearer) | [`LeaseRequest`] | [`Lease`] |
//! | `GET /v1/events` (bearer) | nothing | server-sent events named [`HEAD_EVENT`], each with a [`Head`] |
//! | `GET /v1/head` (bearer) | [`HeadQuery`] as a query | [`Head`], as soon as it is another or the wait is over |
//! | `GET /v1/health` | nothing | [`Health`] |
//! | `GET /v1/ready` | nothing | [`Ready`] |
//! | `GET /v1/openapi.json` | nothing | the description of all routes |
//!
//! Passwords, devices and other ways to sign in: [`crate::account`].
//!
//! Every answer that is not 200 has an [`ErrorBody`]. Requests deny unknown fields, answers never do.

use crate::bucket::Bucket;
use crate::carry::voucher::SignedVoucher;
use crate::encoding::Base64;
use crate::log::alarm::Restored;
use crate::log::proved::ProvedEntry;
use crate::signing::PublicKey;
use serde::{Deserialize, Serialize};
use slipway_domain::execute::Effect;
use slipway_domain::id::{CommandId, DeviceId, PersonId, SiteId, WorkspaceId};
use slipway_domain::number::Series;
use slipway_domain::refusal::Finding;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Random identity of a server's history: made at init and again at every restore from a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Epoch(pub Uuid);

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A device as it introduces itself: its id and key were made on it, the private half never leaves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// Identity.
    pub id: DeviceId,
    /// How people tell it from others: host name and profile.
    pub name: String,
    /// Ed25519 public key.
    pub public_key: PublicKey,
}

/// Name and password of a person, on a device. The same device signs in again with the same id and key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Sign-in name.
    pub user: String,
    /// Password.
    pub password: String,
    /// Where.
    pub device: NewDevice,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("user", &self.user).field("device", &self.device).finish_non_exhaustive()
    }
}

/// A session of a person on a device.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Bearer token for every other request.
    pub access_token: String,
    /// When it ends, by the server's clock; compare with `server_time`, not with the device's clock.
    pub access_expires_at: Timestamp,
    /// For [`Refresh`]. The previous one stays valid until this one was used once.
    pub refresh_token: String,
    /// Who signed in.
    pub person: PersonId,
    /// Their name.
    pub person_name: String,
    /// Their sign-in name.
    #[serde(default)]
    pub user: String,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub workspace_name: String,
    /// The device.
    pub device: DeviceId,
    /// Highest counter of this device's commands that the server judged; 0 for a new device.
    pub judged: u64,
    /// Epoch of the server's history.
    pub epoch: Epoch,
    /// Highest protocol level the server speaks; commands above it are greyed out.
    pub level: u32,
    /// Lowest protocol level it still speaks; a program below it has to be updated.
    #[serde(default)]
    pub min_client: u32,
    /// Name and public key by which the audit log's checkpoints are signed.
    pub log_name: String,
    /// See `log_name`.
    pub log_key: PublicKey,
    /// The server's clock.
    pub server_time: Timestamp,
    /// The server's word for this device, to show to other laptops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher: Option<SignedVoucher>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("person", &self.person).field("device", &self.device).finish_non_exhaustive()
    }
}

/// What a device signs to get fresh tokens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Domain separation: [`Refresh::DOMAIN`].
    pub domain: String,
    /// The device the token is bound to.
    pub device: DeviceId,
    /// The newest refresh token it holds.
    pub refresh_token: String,
}

impl Refresh {
    /// Stands in every signed refresh.
    pub const DOMAIN: &'static str = "slipway.refresh.v1";
}

/// The exact bytes of a [`Refresh`] in JSON and the device's signature over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedRefresh {
    /// JSON of [`Refresh`].
    pub payload: Base64,
    /// Ed25519.
    pub signature: Base64,
}

/// The exact bytes of a command's envelope in JSON and the device's signature over them. Never re-serialised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedCommand {
    /// JSON of [`slipway_domain::command::Envelope`].
    pub payload: Base64,
    /// Ed25519.
    pub signature: Base64,
}

/// Commands of one device in the order of their counters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The device; the session's.
    pub device: DeviceId,
    /// The epoch the device knows.
    pub epoch: Epoch,
    /// Counter of the first command.
    pub first_counter: u64,
    /// At most [`crate::limits::PUSH_COMMANDS`].
    pub commands: Vec<SignedCommand>,
}

/// Answer to a push: one result for each command, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pushed {
    /// Epoch of the server's history.
    pub epoch: Epoch,
    /// One for each command.
    pub results: Vec<CommandResult>,
    /// Head of the server after the push.
    pub head: u64,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// How a command was judged. The same words on every retry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandResult {
    /// The command.
    pub id: CommandId,
    /// Its counter on the device.
    pub counter: u64,
    /// When, by the server's clock.
    pub judged_at: Timestamp,
    /// How.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// The four ends of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// It took effect.
    Applied {
        /// Sequence of the last record it changed; the head when it changed none.
        seq: u64,
        /// What it did, for bulk commands.
        effect: Effect,
    },
    /// It took effect but for the conflicts in `effect`.
    Partial {
        /// Sequence of the last record it changed.
        seq: u64,
        /// What it did, and what not.
        effect: Effect,
    },
    /// A rule said no: nothing changed.
    Refused {
        /// Every failed guard.
        findings: Vec<Finding>,
    },
    /// The server could not judge it; an administrator sees it. Later commands go on.
    Held {
        /// Why, for a person.
        why: String,
    },
}

/// Which records a laptop wants: those changed after its cursors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// The epoch the device knows.
    pub epoch: Epoch,
    /// For each bucket, the sequence up to which the device holds everything.
    pub cursors: BTreeMap<Bucket, u64>,
    /// [`Scope::tag`] of the scope that the device knows; empty when it knows none.
    pub scope: String,
    /// Results of own commands after this counter are wanted.
    pub judged_after: u64,
    /// Most entries; the server caps it at [`crate::limits::TAIL_ENTRIES`].
    pub limit: usize,
}

/// [`Pull`] as it stands in the URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PullQuery {
    /// See [`Pull::epoch`].
    pub epoch: Epoch,
    /// `bucket:seq`, separated by commas.
    pub cursors: String,
    /// See [`Pull::scope`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// See [`Pull::judged_after`].
    pub judged_after: u64,
    /// See [`Pull::limit`].
    pub limit: usize,
}

/// Why the cursors of a query cannot be read. It quotes no more than the part that is wrong, cut short: the rest may be
/// thousands of characters.
#[derive(Debug, thiserror::Error)]
pub enum BadCursors {
    /// A part that is none.
    #[error("{0:?} is not bucket:sequence")]
    Part(String),
    /// A bucket named more than once.
    #[error("The bucket {0} is named twice")]
    Twice(Bucket),
    /// More buckets than one pull takes.
    #[error("There are more than {} buckets", crate::limits::BUCKETS)]
    TooMany,
}

impl From<&Pull> for PullQuery {
    fn from(pull: &Pull) -> Self {
        let cursors: Vec<String> = pull.cursors.iter().map(|(bucket, seq)| format!("{bucket}:{seq}")).collect();
        Self {
            epoch: pull.epoch,
            cursors: cursors.join(","),
            scope: pull.scope.clone(),
            judged_after: pull.judged_after,
            limit: pull.limit,
        }
    }
}

impl TryFrom<PullQuery> for Pull {
    type Error = BadCursors;
    fn try_from(query: PullQuery) -> Result<Self, Self::Error> {
        let wrong = |part: &str| BadCursors::Part(part.chars().take(80).collect());
        let mut cursors = BTreeMap::new();
        for part in query.cursors.split(',') {
            let (bucket, seq) = part.rsplit_once(':').ok_or_else(|| wrong(part))?;
            let bucket: Bucket = bucket.parse().map_err(|_| wrong(part))?;
            let seq = seq.parse().map_err(|_| wrong(part))?;
            if cursors.insert(bucket, seq).is_some() {
                return Err(BadCursors::Twice(bucket));
            }
            if cursors.len() > crate::limits::BUCKETS {
                return Err(BadCursors::TooMany);
            }
        }
        let PullQuery { epoch, scope, judged_after, limit, .. } = query;
        Ok(Self { epoch, cursors, scope, judged_after, limit })
    }
}

/// Asks which buckets are worth fetching whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct OffersQuery {
    /// Separated by commas.
    pub buckets: String,
}

/// Newest state of records changed after the cursors, read in one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page {
    /// Epoch of the server's history.
    pub epoch: Epoch,
    /// In sequence order within each bucket.
    pub entries: Vec<Entry>,
    /// Where each bucket stands after this page; goes into the next pull.
    pub cursors: BTreeMap<Bucket, u64>,
    /// Results of own commands, in counter order, after `judged_after`.
    pub results: Vec<CommandResult>,
    /// Own commands are judged, with their results sent, up to this counter; goes into the next pull.
    pub judged: u64,
    /// Every bucket and the results reached the head in this same transaction: the laptop may flip.
    pub complete: bool,
    /// What the person may read, when that is something else than the device knows. Buckets that are no longer theirs
    /// have no cursor in such a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Head of the server.
    pub head: u64,
    /// With a complete page, what each bucket holds at the head.
    pub sums: BTreeMap<Bucket, BucketSum>,
    /// With a complete page, the audit log's checkpoint: a signed note ([`crate::log`]).
    pub checkpoint: Option<String>,
    /// The administrator's word about the last restore from a backup, if there was one in this history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    /// A verified backup covers everything up to this sequence: the laptop need not keep commands judged by then.
    #[serde(default)]
    pub durable_seq: u64,
    /// The server's clock.
    pub server_time: Timestamp,
}

/// Asks for the proof that the log of `to` entries begins with the first `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyQuery {
    /// The epoch in which the log was shown.
    pub epoch: Epoch,
    /// Entries of the smaller tree.
    pub from: u64,
    /// Entries of the larger one.
    pub to: u64,
}

/// Asks for the proof that an entry is the `index`th of the log's first `size`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct InclusionQuery {
    /// Position from 0.
    pub index: u64,
    /// Entries of the tree.
    pub size: u64,
}

/// Asks what the first `size` entries of the log have about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LogRecordQuery {
    /// The record.
    pub record: Uuid,
    /// Entries of the tree against which it is proved.
    pub size: u64,
}

/// Entries that name a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogRecord {
    /// The newest first.
    pub entries: Vec<ProvedEntry>,
    /// There are older ones besides.
    pub more: bool,
}

/// A proof about the audit log ([`crate::log::proof`]).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogProof {
    /// In the order of RFC 6962.
    pub hashes: Vec<Base64>,
}

/// The audit log as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogCheckpoint {
    /// A signed note ([`crate::log`]).
    pub checkpoint: String,
}

/// What a person may read besides the workspace: their own bucket, and those of these sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Scope {
    /// Another one whenever it is another scope.
    pub tag: String,
    /// Whose.
    pub person: PersonId,
    /// The sites; a laptop may hold fewer.
    pub sites: Vec<ScopeSite>,
}

/// A site that a laptop may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScopeSite {
    /// Which.
    pub id: SiteId,
    /// Its name when the scope was told; the site's record is newer once it is held.
    pub name: String,
}

/// A record, or that it is gone from the bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// The bucket.
    pub bucket: Bucket,
    /// Sequence of its last change, or of its coming into or leaving the bucket.
    pub seq: u64,
    /// Kind by its stable name; one that the laptop does not know is kept and hidden.
    pub kind: String,
    /// Identity.
    pub id: Uuid,
    /// The stored JSON text, exactly; `None` is a tombstone.
    pub body: Option<String>,
}

/// How many records a bucket holds and the wrapping sum of their 64-bit checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BucketSum {
    /// Records.
    pub count: u64,
    /// Wrapping sum, as 16 hex digits: JSON numbers lose the low bits of so large a figure.
    #[serde(with = "hex_u64")]
    #[schema(value_type = String)]
    pub sum: u64,
}

/// A carry file of any laptop, brought by one that reaches the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CarryIn {
    /// The file as it is: sealed for the server.
    pub file: Base64,
}

/// What became of a carry file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CarriedOut {
    /// Identity of the file.
    pub bundle: Uuid,
    /// The device whose commands were in it.
    pub device: DeviceId,
    /// How many commands were in it.
    pub commands: u64,
    /// Of those, how many were judged now; the others had been judged before.
    pub judged: u64,
    /// The answer as a file of its own, sealed for that device: whoever brought the commands cannot read it.
    pub answer: Base64,
}

/// Asks for a block of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaseRequest {
    /// Which series.
    pub series: Series,
    /// How many; at most [`crate::limits::LEASE_NUMBERS`].
    pub count: u32,
}

/// A block of numbers that nobody else gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lease {
    /// Which series.
    pub series: Series,
    /// The first.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// Name of the one kind of event in the stream.
pub const HEAD_EVENT: &str = "head";

/// Where the server's history stands: sent when a stream begins, whenever it moved, and as the heartbeat. A hint: the
/// laptop pulls to see what changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Head {
    /// Epoch of the server's history.
    pub epoch: Epoch,
    /// Last sequence given.
    pub head: u64,
    /// An approval was asked for that waits for the vote of this person.
    #[serde(default)]
    pub approval: bool,
}

/// What the laptop has; the answer comes when the server has something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct HeadQuery {
    /// Epoch that the laptop knows.
    pub epoch: Epoch,
    /// Head that the laptop knows.
    pub than: u64,
    /// Seconds to wait for another; at most [`crate::limits::HEAD_WAIT_SECONDS`].
    pub wait: u64,
}

/// Nothing to say but that it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Done {}

/// What anybody may know of a running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// Whether it can read its storage.
    pub ready: bool,
    /// Highest protocol level it speaks.
    pub level: u32,
    /// Lowest protocol level it still speaks; a program below it has to be updated.
    #[serde(default)]
    pub min_client: u32,
    /// Its version.
    pub version: String,
}

/// What a server that can work says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ready {
    /// Last sequence given.
    pub head: u64,
    /// Room left on its disk.
    pub free_bytes: u64,
}

/// Why a request as a whole was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// For the machine.
    pub code: ErrorCode,
    /// What happened, for the person.
    pub sentence: String,
    /// What to do.
    pub way_out: String,
    /// With [`ErrorCode::CounterGap`]: the counter that comes next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_counter: Option<u64>,
    /// With [`ErrorCode::EpochChanged`]: the epoch now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Epoch>,
    /// With [`ErrorCode::ResyncRequired`]: which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<Bucket>,
    /// With [`ErrorCode::LockedOut`], [`ErrorCode::TooManyRequests`] and [`ErrorCode::Busy`]: wait this long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl ErrorBody {
    /// An error with neither figure.
    #[must_use]
    pub fn new(code: ErrorCode, sentence: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self {
            code,
            sentence: sentence.into(),
            way_out: way_out.into(),
            expected_counter: None,
            epoch: None,
            buckets: Vec::new(),
            retry_after_ms: None,
        }
    }
}

/// What a program may branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request cannot be read.
    BadRequest,
    /// No such route at this protocol level.
    NotFound,
    /// A body, batch or command is over a limit.
    TooLarge,
    /// Too many requests in too short a time.
    TooManyRequests,
    /// User and password do not match, or the provider's word was not enough.
    WrongCredentials,
    /// The person has no role that may do this.
    NotAllowed,
    /// The password is not one that is taken.
    WeakPassword,
    /// The provider waits for the person: ask again after a while.
    SignInPending,
    /// The provider of the sign-in cannot be reached, or is not set up.
    ProviderUnavailable,
    /// Too many wrong passwords; wait.
    LockedOut,
    /// The access token is missing, wrong or over: refresh or sign in.
    NotSignedIn,
    /// The device was shut out.
    DeviceRevoked,
    /// The request names another device than the session's.
    WrongDevice,
    /// The device id is taken by another person or key.
    DeviceTaken,
    /// Two histories of one device: a restored or cloned image. Take a new device id and re-issue the queue.
    DeviceForked,
    /// A command before these is missing.
    CounterGap,
    /// A signature does not verify.
    BadSignature,
    /// A command was made by another person than the session's, or for another workspace.
    WrongActor,
    /// The server was restored or replaced: push what it does not know, pull from 0.
    EpochChanged,
    /// A cursor lies beyond the head: pull from 0.
    CursorAhead,
    /// The laptop was away for so long that what was removed since is not remembered: fetch these buckets anew.
    ResyncRequired,
    /// The snapshot was replaced by a newer one: ask again.
    SnapshotGone,
    /// The bucket is unknown or outside what the person may read.
    BucketUnknown,
    /// What came of a file is not what was announced, or was never announced.
    BlobWrong,
    /// The room for files beside the records is used up.
    BlobQuota,
    /// It is no carry file, or of a newer program.
    CarryUnreadable,
    /// The carry file is sealed for somebody else, or is none for the server.
    CarryNotForUs,
    /// The carry file was not copied whole.
    CarryIncomplete,
    /// The carry file is not as it was made.
    CarryDamaged,
    /// The server no longer speaks this protocol level.
    ClientTooOld,
    /// The storage is busy; try again.
    Busy,
    /// The request's body did not arrive in time.
    TooSlow,
    /// The server cannot work now: its storage does not answer, or its disk is full.
    NotReady,
    /// The server failed; it logged why.
    Internal,
    /// A code of a newer server.
    #[serde(other)]
    Unrecognised,
}

mod hex_u64 {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{value:016x}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map_err(de::Error::custom)
    }
}
