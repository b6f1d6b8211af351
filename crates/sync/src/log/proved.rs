//! Proof that entries about a record are in the audit log: one file that anybody verifies with the log's public key.
//!
//! It proves that each entry stands where it says, and that everything a leaf is a hash over is what was logged. It does
//! not prove that there are no further entries about the record, nor the devices' signatures: an export does
//! ([`super::export`]).

use super::export::Entry;
use super::{Checkpoint, Hash, proof};
use crate::encoding::Base64;
use crate::signing::PublicKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// An entry with its way to the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProvedEntry {
    /// Position in the log, from 0.
    pub index: u64,
    /// RFC 6962 hash of its leaf.
    pub hash: Base64,
    /// Hashes that lead to the root of the tree asked for.
    pub hashes: Vec<Base64>,
    /// What the leaf is a hash over; nothing where the caller may not read all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Entry>,
}

impl ProvedEntry {
    /// Whether the entry is in this tree, and its content is what was logged.
    #[must_use]
    pub fn is_in(&self, tree: &Checkpoint) -> bool {
        let Ok(leaf) = Hash::try_from(self.hash.0.as_slice()) else { return false };
        let as_logged = |content: &Entry| content.index == self.index && content.leaf() == Some(leaf);
        self.content.as_ref().is_none_or(as_logged)
            && proof::read(&self.hashes).is_some_and(|hashes| proof::includes(tree, self.index, &leaf, &hashes))
    }

    /// Whether its content, where it is shown, speaks of this record.
    #[must_use]
    pub fn names(&self, record: Uuid) -> bool {
        let id = record.to_string();
        self.content
            .as_ref()
            .is_none_or(|content| content.payload.0.windows(id.len()).any(|part| part == id.as_bytes()))
    }
}

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// [`Proved::FORMAT`].
    pub format: String,
    /// The checkpoint against which it is proved, as the server signed it.
    pub checkpoint: String,
    /// The record.
    pub record: Uuid,
    /// The record as people call it; no part of what is proved.
    pub label: String,
    /// Entries about it, the newest first.
    pub entries: Vec<ProvedEntry>,
}

/// Why nothing is proved.
#[derive(Debug, thiserror::Error)]
pub enum NotProved {
    /// It is no such file.
    #[error("it is no proof from the audit log")]
    NoProof,
    /// Signed by another key, or altered.
    #[error("its checkpoint is not signed by this key")]
    AnotherKey,
    /// An entry is not in the log, or not what was logged.
    #[error("entry {0} is not in the log as it stands here")]
    Entry(u64),
}

impl Proved {
    /// Stands in every such file.
    pub const FORMAT: &'static str = "slipway.proof.v1";

    /// Reads a file.
    ///
    /// # Errors
    /// [`NotProved::NoProof`].
    pub fn read(text: &str) -> Result<Self, NotProved> {
        let read: Self = serde_json::from_str(text).map_err(|_| NotProved::NoProof)?;
        if read.format == Self::FORMAT { Ok(read) } else { Err(NotProved::NoProof) }
    }

    /// The checkpoint, if every entry is in its tree and speaks of the record.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn verify(&self, key: &PublicKey) -> Result<Checkpoint, NotProved> {
        let origin = self.checkpoint.lines().next().unwrap_or_default();
        let tree = Checkpoint::verify(&self.checkpoint, origin, key).ok_or(NotProved::AnotherKey)?;
        match self.entries.iter().find(|entry| !entry.is_in(&tree) || !entry.names(self.record)) {
            Some(entry) => Err(NotProved::Entry(entry.index)),
            None => Ok(tree),
        }
    }
}
