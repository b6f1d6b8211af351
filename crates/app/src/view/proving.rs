//! Proof of what the audit log has about a record.

use serde::{Deserialize, Serialize};
use slipway_domain::record::Kind;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Which record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProveRequest {
    /// Its kind.
    pub kind: Kind,
    /// Id, number or name.
    pub record: String,
}

/// What the log has about a record, each entry verified on this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProofView {
    /// The record.
    pub label: String,
    /// Entries of the log that this computer accepted, and against which all of it is proved.
    #[ts(type = "number")]
    pub size: u64,
    /// That log's checkpoint, as the server signed it.
    pub checkpoint: String,
    /// Every entry is where the server says, and as it was logged.
    pub whole: bool,
    /// The newest first.
    pub entries: Vec<ProvedLine>,
    /// There are older ones besides.
    pub more: bool,
    /// All of it as one text, for `slipwayctl log verify`.
    pub proof: String,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProvedLine {
    /// Position in the log, from 0.
    #[ts(type = "number")]
    pub index: u64,
    /// It is in the log, and as it was logged.
    pub proved: bool,
    /// What was done, in words; nothing where it is not this person's to read.
    pub what: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// When, by the clock of the device.
    pub at: Option<Timestamp>,
    /// How the server judged.
    pub verdict: Option<String>,
}
