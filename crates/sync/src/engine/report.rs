//! What people see of the engine.

use super::Millis;
use crate::bucket::Bucket;
use crate::log::alarm::Alarm;
use crate::protocol::{ErrorBody, ErrorCode};

/// The state chip: offline since, so many waiting, last synced, in trouble.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What the engine does.
    pub state: SyncState,
    /// Since when the server cannot be reached.
    pub offline_since: Option<Millis>,
    /// When a cycle last came to its end.
    pub last_synced: Option<Millis>,
    /// Commands not yet judged.
    pub waiting: u64,
    /// How far a pull is.
    pub progress: Option<Progress>,
    /// Why the last cycle did not end well.
    pub trouble: Option<Trouble>,
}

impl Report {
    /// Whether the server shut this device out.
    #[must_use]
    pub fn is_shut_out(&self) -> bool {
        matches!(&self.trouble, Some(Trouble::Server(body)) if body.code == ErrorCode::DeviceRevoked)
    }
}

/// What the engine does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SyncState {
    /// Nothing, until the next poll, command or wish.
    #[default]
    Idle,
    /// Sends commands.
    Pushing,
    /// Fetches records.
    Pulling,
    /// Puts fetched records in force.
    Flipping,
    /// Waits after a failure.
    Waiting,
    /// A person must sign in.
    SignedOut,
}

/// How far a pull is, in entries and sequences; while a snapshot comes, in entries and bytes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries fetched in this cycle.
    pub entries: u64,
    /// Sequence reached.
    pub reached: u64,
    /// Head of the server.
    pub head: u64,
    /// Entries of the snapshot; 0 when none is coming.
    pub of_entries: u64,
    /// Bytes of the snapshot that are here.
    pub bytes: u64,
    /// Bytes of the whole snapshot.
    pub of_bytes: u64,
}

/// Why a cycle did not end well. The engine goes on by itself but for what the way out says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No connection.
    Unreachable {
        /// In the network layer's words.
        why: String,
    },
    /// A certificate that is not the workspace's.
    Untrusted {
        /// In the TLS layer's words.
        why: String,
    },
    /// Nobody is signed in.
    SignedOut,
    /// The server said no to the request as a whole.
    Server(Box<ErrorBody>),
    /// An answer makes no sense.
    Garbled {
        /// Which.
        why: String,
    },
    /// The store failed.
    Store {
        /// In the store's words.
        why: String,
    },
    /// No progress in the time allowed; the cycle was started anew.
    Stalled {
        /// What was under way.
        what: String,
    },
    /// After fetching these buckets again they still differ from the server's.
    Diverged {
        /// Which.
        buckets: Vec<Bucket>,
    },
    /// A snapshot is not what the workspace's key signed.
    Snapshot {
        /// How so.
        why: String,
    },
    /// The audit log's checkpoint is missing, or not signed by the workspace's key.
    LogForged,
    /// The audit log does not continue what this laptop saw before; a person has to look at it.
    LogRewritten(Box<Alarm>),
}

impl Trouble {
    /// A stable code.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::Unreachable { .. } => "unreachable".to_owned(),
            Self::Untrusted { .. } => "untrusted".to_owned(),
            Self::SignedOut => "signed_out".to_owned(),
            Self::Server(body) => format!("{:?}", body.code).chars().fold(String::new(), |mut out, c| {
                if c.is_uppercase() && !out.is_empty() {
                    out.push('_');
                }
                out.extend(c.to_lowercase());
                out
            }),
            Self::Garbled { .. } => "garbled".to_owned(),
            Self::Store { .. } => "store".to_owned(),
            Self::Stalled { .. } => "stalled".to_owned(),
            Self::Diverged { .. } => "diverged".to_owned(),
            Self::Snapshot { .. } => "bad_snapshot".to_owned(),
            Self::LogForged => "log_forged".to_owned(),
            Self::LogRewritten(_) => "log_rewritten".to_owned(),
        }
    }

    /// What happened.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Unreachable { why } => format!("The server cannot be reached: {why}."),
            Self::Untrusted { why } => format!("The server's certificate is not trusted: {why}."),
            Self::SignedOut => "Nobody is signed in to the server.".to_owned(),
            Self::Server(body) => body.sentence.clone(),
            Self::Garbled { why } => format!("The server's answer makes no sense: {why}."),
            Self::Store { why } => format!("This laptop's store failed: {why}."),
            Self::Stalled { what } => format!("Sync made no progress ({what}) and was started anew."),
            Self::Diverged { buckets } => {
                let names: Vec<String> = buckets.iter().map(ToString::to_string).collect();
                format!("After fetching again, {} still differs from the server.", names.join(", "))
            }
            Self::Snapshot { why } => format!("The server's copy of a whole bucket was not taken: {why}."),
            Self::LogForged => {
                "The server shows no checkpoint of the audit log that the workspace's key signed.".to_owned()
            }
            Self::LogRewritten(alarm) => alarm.sentence(),
        }
    }

    /// What to do.
    #[must_use]
    pub fn way_out(&self) -> String {
        match self {
            Self::Unreachable { .. } => "Work on; sync starts by itself when the server is back.".to_owned(),
            Self::Untrusted { .. } => {
                "Check the server's address, or take the certificate authority from its administrator again.".to_owned()
            }
            Self::SignedOut => "Sign in; nothing that waits is lost.".to_owned(),
            Self::Server(body) => body.way_out.clone(),
            Self::Garbled { .. } | Self::Diverged { .. } => {
                "Check that laptop and server run the same version, then sync again.".to_owned()
            }
            Self::Store { .. } => "Check that the disk has room and is healthy; sync tries again.".to_owned(),
            Self::Stalled { .. } => "Nothing to do unless it comes back often; then look at the network.".to_owned(),
            Self::Snapshot { .. } => {
                "Nothing to do: the records come page by page. Tell an administrator if it comes back.".to_owned()
            }
            Self::LogForged => "Tell an administrator and keep this laptop as it is: it holds the evidence.".to_owned(),
            Self::LogRewritten(alarm) => alarm.way_out().to_owned(),
        }
    }
}
