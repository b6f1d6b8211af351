//! A DSL item: one version of one piece of software.

use crate::id::{DslItemId, PersonId};
use crate::level::named;
use crate::number::Number;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

named! {
    /// What it is.
    ItemKind {
        /// Runs.
        Application = "application",
        /// Installs.
        Package = "package",
        /// Boots.
        Image = "image",
        /// For devices.
        Firmware = "firmware",
        /// To be built.
        Source = "source",
        /// To be run.
        Script = "script",
        /// To be read.
        Document = "document",
        /// To be allowed.
        Licence = "licence",
    }
    /// Where an item stands.
    ItemState {
        /// Handed in.
        Submitted = "submitted",
        /// Checks are recorded.
        InQuarantine = "in quarantine",
        /// A master: immutable.
        Accepted = "accepted",
        /// A newer one is accepted.
        Superseded = "superseded",
        /// Must not be used.
        Withdrawn = "withdrawn",
    }
    /// The quarantine checks.
    CheckKind {
        /// Against the vendor's checksum.
        Checksum = "checksum",
        /// Against the vendor's key.
        Signature = "signature",
        /// For malware.
        MalwareScan = "malware scan",
        /// That we may use it.
        Licence = "licence",
    }
}

/// One recorded check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Check {
    /// Whether it passed.
    pub passed: bool,
    /// What was done and seen.
    pub note: String,
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// A file of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MasterFile {
    /// Name without folders.
    pub name: String,
    /// Lower-case hex of the SHA-256 of its bytes.
    pub sha256: String,
    /// Length.
    #[ts(type = "number")]
    pub size_bytes: u64,
}

/// A DSL item. Name and version together are unique.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DslItem {
    /// Identity.
    pub id: DslItemId,
    /// `DSL-000123`
    pub number: Number,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Vendor.
    pub vendor: String,
    /// What it is.
    pub kind: ItemKind,
    /// For what it is made.
    pub platform: String,
    /// Licence in words: type, seats, expiry.
    pub licence: String,
    /// Its files.
    pub files: Vec<MasterFile>,
    /// Where it stands.
    pub state: ItemState,
    /// Quarantine checks, the latest of each kind.
    pub checks: BTreeMap<CheckKind, Check>,
    /// Who handed it in: never the one who accepts.
    pub submitted_by: PersonId,
    /// When.
    pub submitted_at: Timestamp,
    /// Who accepted it.
    pub accepted_by: Option<PersonId>,
    /// When.
    pub accepted_at: Option<Timestamp>,
    /// Why it was withdrawn.
    pub withdrawn_because: String,
}
