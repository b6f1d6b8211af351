//! The audit log as a file that anybody reads with nothing but the log's public key.
//!
//! Every line is a JSON object: first the [`Head`], then an [`Entry`] for each leaf, in order. Keys of devices stand in
//! the log itself, in the notes about them; only the server's own device is vouched for in the head.

use super::{Checkpoint, Edge, Hash, LeafParts, leaf_hash};
use crate::account::{DeviceEvent, DeviceNote};
use crate::encoding::{Base64, hex};
use crate::signing::{PrivateKey, PublicKey};
use serde::{Deserialize, Serialize};
use slipway_domain::command::Envelope;
use slipway_domain::id::DeviceId;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Faults that are told in words; further ones are counted.
const FAULTS: usize = 20;

/// The first line: what the log's key signs for the whole file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// [`Head::FORMAT`].
    pub format: String,
    /// Signed note over the tree of all entries.
    pub checkpoint: String,
    /// The server's own device, by which its console acts.
    pub server: DeviceId,
    /// Its key.
    pub server_key: PublicKey,
    /// By the log's key, over device and key.
    pub server_signature: Base64,
}

impl Head {
    /// Stands in every head.
    pub const FORMAT: &'static str = "slipway.log.v1";

    /// The head of an export that ends at this checkpoint.
    #[must_use]
    pub fn sign(checkpoint: &Checkpoint, server: DeviceId, server_key: PublicKey, key: &PrivateKey) -> Self {
        let signature = key.sign(server_text(&checkpoint.origin, server, &server_key).as_bytes());
        Self {
            format: Self::FORMAT.to_owned(),
            checkpoint: checkpoint.sign(key),
            server,
            server_key,
            server_signature: Base64(signature.to_vec()),
        }
    }
}

fn server_text(origin: &str, server: DeviceId, key: &PublicKey) -> String {
    format!("slipway.log-server.v1\n{origin}\n{server}\n{}\n", String::from(*key))
}

/// A leaf with everything that it is a hash over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Position from 0.
    pub index: u64,
    /// RFC 6962 hash of the leaf.
    pub hash: Base64,
    /// Random.
    pub salt: Base64,
    /// The command exactly as its device signed it; empty for a note about a device.
    pub payload: Base64,
    /// The device's signature over it.
    pub signature: Base64,
    /// JSON of the verdict or of the note, exactly as stored.
    pub result: String,
    /// First sequence it was given; 0 when it changed nothing.
    pub seq_from: u64,
    /// Last sequence it was given; 0 when it changed nothing.
    pub seq_to: u64,
    /// Server clock, milliseconds UTC.
    pub judged_at: i64,
    /// Hash over the records it changed.
    pub changes: Base64,
}

impl Entry {
    /// RFC 6962 hash over what stands here; `None` where the hash over the records is none.
    #[must_use]
    pub fn leaf(&self) -> Option<Hash> {
        let changes: Hash = self.changes.0.as_slice().try_into().ok()?;
        Some(leaf_hash(&LeafParts {
            salt: &self.salt.0,
            payload: &self.payload.0,
            signature: &self.signature.0,
            result: self.result.as_bytes(),
            seq_from: self.seq_from,
            seq_to: self.seq_to,
            judged_at_ms: self.judged_at,
            changes: &changes,
        }))
    }
}

/// What a reading of an exported log found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Which log.
    pub log: String,
    /// Entries read.
    pub entries: u64,
    /// Commands among them.
    pub commands: u64,
    /// Notes about devices among them.
    pub devices: u64,
    /// Root of the tree over what was read, in hex.
    pub root: String,
    /// Sizes of the earlier checkpoints that this log continues.
    pub continues: Vec<u64>,
    /// What does not fit, in sentences.
    pub faults: Vec<String>,
    /// Further faults that are not told in words.
    pub further: u64,
}

impl Found {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.faults.is_empty()
    }

    fn wrong(&mut self, sentence: String) {
        if self.faults.len() < FAULTS {
            self.faults.push(sentence);
        } else {
            self.further += 1;
        }
    }
}

/// Why a file is not read at all.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// Its first line is none.
    #[error("its first line is not the head of an exported audit log")]
    NoLog,
    /// Signed by another key, or altered.
    #[error("its checkpoint is not signed by this key")]
    AnotherKey,
    /// An earlier checkpoint is of another log, by another key, or altered.
    #[error("the earlier checkpoint is not one of this log signed by this key")]
    AnotherCheckpoint,
}

/// An exported log being read line by line, in memory that does not grow with it.
pub struct Reading {
    checkpoint: Checkpoint,
    edge: Edge,
    keys: BTreeMap<DeviceId, PublicKey>,
    earlier: Vec<Checkpoint>,
    found: Found,
}

impl Reading {
    /// Begins with the first line, the log's key, and signed checkpoints that were seen earlier.
    ///
    /// # Errors
    /// [`NotRead`]: nothing that follows could be believed.
    pub fn begin(head: &str, key: &PublicKey, earlier: &[String]) -> Result<Self, NotRead> {
        let head: Head = serde_json::from_str(head).map_err(|_| NotRead::NoLog)?;
        if head.format != Head::FORMAT {
            return Err(NotRead::NoLog);
        }
        let origin = head.checkpoint.lines().next().unwrap_or_default();
        let checkpoint = Checkpoint::verify(&head.checkpoint, origin, key).ok_or(NotRead::AnotherKey)?;
        let server = server_text(origin, head.server, &head.server_key);
        if !key.verifies(server.as_bytes(), &head.server_signature.0) {
            return Err(NotRead::AnotherKey);
        }
        let earlier = earlier.iter().map(|note| Checkpoint::verify(note, origin, key));
        let mut earlier: Vec<_> = earlier.collect::<Option<_>>().ok_or(NotRead::AnotherCheckpoint)?;
        earlier.sort_by_key(|one| std::cmp::Reverse(one.size));
        let mut reading = Self {
            found: Found { log: checkpoint.origin.clone(), ..Found::default() },
            checkpoint,
            edge: Edge::default(),
            keys: BTreeMap::from([(head.server, head.server_key)]),
            earlier,
        };
        reading.compare();
        Ok(reading)
    }

    /// Reads the line of the next entry.
    pub fn entry(&mut self, line: &str) {
        let at = self.edge.size();
        let entry = serde_json::from_str::<Entry>(line).ok();
        let Some((entry, leaf)) = entry.and_then(|entry| entry.leaf().map(|leaf| (entry, leaf))) else {
            return self.found.wrong(format!("What stands where entry {at} belongs cannot be read."));
        };
        if entry.index != at {
            self.found.wrong(format!("Entry {} stands where entry {at} belongs.", entry.index));
        }
        if entry.hash.0 != leaf {
            self.found.wrong(format!("Entry {} is not what was logged.", entry.index));
        }
        if !self.signed(&entry) {
            self.found.wrong(format!("The signature of entry {} is not its device's.", entry.index));
        }
        self.edge.append(leaf);
        self.compare();
    }

    /// Whether the key that the log knows for the signer signed it; learns of keys on the way.
    fn signed(&mut self, entry: &Entry) -> bool {
        let note = serde_json::from_str::<DeviceNote>(&entry.result).ok();
        let signer = if let Some(note) = note.filter(|note| note.domain == DeviceNote::DOMAIN) {
            self.found.devices += 1;
            // A key once given stays: no later note can put another in its place.
            let known = *self.keys.entry(note.device).or_insert(note.public_key);
            if known != note.public_key {
                return false;
            }
            match (note.what, note.replaces) {
                (DeviceEvent::Renewed, Some(former)) => former,
                (DeviceEvent::Renewed, None) => return false,
                _ => return true,
            }
        } else {
            self.found.commands += 1;
            match serde_json::from_slice::<Says>(&entry.payload.0) {
                Ok(says) if says.domain == Envelope::DOMAIN => says.device,
                _ => return false,
            }
        };
        self.keys.get(&signer).is_some_and(|key| key.verifies(&entry.payload.0, &entry.signature.0))
    }

    /// Holds the tree against the earlier checkpoints of its present size.
    fn compare(&mut self) {
        while let Some(earlier) = self.earlier.pop_if(|one| one.size == self.edge.size()) {
            if earlier.root == self.edge.root() {
                self.found.continues.push(earlier.size);
            } else {
                self.found.wrong(format!(
                    "The first {} entries are not those of the earlier checkpoint: the log was rewritten.",
                    earlier.size
                ));
            }
        }
    }

    /// Ends the reading.
    #[must_use]
    pub fn finish(mut self) -> Found {
        let (size, root) = (self.edge.size(), self.edge.root());
        self.found.entries = size;
        self.found.root = hex(&root);
        if size != self.checkpoint.size {
            let signed = self.checkpoint.size;
            self.found.wrong(format!("The file holds {size} entries, the signed checkpoint is over {signed}."));
        } else if root != self.checkpoint.root {
            self.found.wrong("The tree over the entries is not the one that was signed.".to_owned());
        }
        for earlier in self.earlier.iter().rev() {
            self.found.wrong(format!(
                "The log has {size} entries, the earlier checkpoint is over {}: entries were taken away, or the server \
                 was put back from a backup made before it.",
                earlier.size
            ));
        }
        self.found
    }
}

/// What a command says of its signer.
#[derive(Deserialize)]
struct Says {
    domain: String,
    device: DeviceId,
}

#[cfg(test)]
mod tests;
