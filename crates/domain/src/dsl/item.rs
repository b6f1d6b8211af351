//! A DSL item: one version of one piece of software.

use crate::blob::Sha256;
use crate::dsl::sbom::Sbom;
use crate::id::{DslItemId, PersonId};
use crate::level::named;
use crate::number::Number;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256 as Hasher};
use std::collections::{BTreeMap, BTreeSet};
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
    /// Others who handed it in before, or added files to it: neither do they accept it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub handed_in_by: BTreeSet<PersonId>,
    /// Who accepted it.
    pub accepted_by: Option<PersonId>,
    /// When.
    pub accepted_at: Option<Timestamp>,
    /// Why it was withdrawn.
    pub withdrawn_because: String,
    /// Of which document its components are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Sbom>,
}

impl MasterFile {
    /// The hash of its bytes; `None` in a record of old whose text is none.
    #[must_use]
    pub fn hash(&self) -> Option<Sha256> {
        self.sha256.parse().ok()
    }
}

impl DslItem {
    /// The file of this name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&MasterFile> {
        self.files.iter().find(|file| file.name == name)
    }

    /// SHA-256 of the list of its files as `sha256sum` writes it, by name: what a check that names it covers.
    #[must_use]
    pub fn files_digest(&self) -> Sha256 {
        let lines: BTreeMap<&str, &str> =
            self.files.iter().map(|file| (file.name.as_str(), file.sha256.as_str())).collect();
        let mut hash = Hasher::new();
        for (name, sha256) in lines {
            hash.update(format!("{sha256}  {name}\n"));
        }
        Sha256(hash.finalize().into())
    }

    /// Whether the person handed it in, or a part of it.
    #[must_use]
    pub fn is_handed_in_by(&self, person: PersonId) -> bool {
        self.submitted_by == person || self.handed_in_by.contains(&person)
    }
}
