//! Reading the audit log back: every leaf is the hash of what is stored, and the tree is the one that was signed.

use super::Core;
use crate::error::ServerError;
use crate::storage::StoredLeaf;
use slipway_domain::id::DeviceId;
use slipway_sync::account::{DeviceEvent, DeviceNote};
use slipway_sync::encoding::Base64;
use slipway_sync::log::export::{Entry, Head};
use slipway_sync::log::{Checkpoint, Edge, LeafParts, leaf_hash};
use slipway_sync::signing::PublicKey;
use std::collections::BTreeMap;
use std::io::Write;

/// Leaves read at once.
const LEAVES: usize = 1_000;

/// What a reading of the audit log found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verified {
    /// Commands in it.
    pub commands: u64,
    /// Entries about devices in it.
    pub devices: u64,
    /// What does not fit, in sentences; none when the log is whole.
    pub faults: Vec<String>,
}

/// A log that was written out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Exported {
    /// Which log.
    pub log: String,
    /// Public key by which anybody verifies it.
    pub key: PublicKey,
    /// Entries written.
    pub entries: u64,
    /// Its end as signed.
    pub checkpoint: String,
}

/// An entry as whoever verifies it reads it.
pub(super) fn as_logged(leaf: StoredLeaf) -> Entry {
    Entry {
        index: leaf.index,
        hash: Base64(leaf.hash.to_vec()),
        salt: Base64(leaf.salt),
        payload: Base64(leaf.payload),
        signature: Base64(leaf.signature),
        result: leaf.result,
        seq_from: leaf.seqs.0,
        seq_to: leaf.seqs.1,
        judged_at: leaf.at.0,
        changes: Base64(leaf.changes.to_vec()),
    }
}

impl Core {
    /// Writes the whole log as [`slipway_sync::log::export`] describes it, as it stands at one moment; `server` is the
    /// server's own device. What is stored is written as it is: whoever reads it finds what does not fit.
    ///
    /// # Errors
    /// The storage failed, what a leaf stands for is gone, or `out` takes no more.
    pub fn export_log(
        &self,
        server: DeviceId,
        server_key: PublicKey,
        out: &mut dyn Write,
    ) -> Result<Exported, ServerError> {
        let view = self.snapshot()?;
        let edge = view.log()?;
        let checkpoint = Checkpoint { origin: self.log_name(), size: edge.size(), root: edge.root() };
        let head = Head::sign(&checkpoint, server, server_key, &self.log_key);
        writeln!(out, "{}", serde_json::to_string(&head)?)?;
        let (mut next, mut entries) = (0, 0);
        loop {
            let leaves = view.leaves(next, LEAVES)?;
            let last = leaves.len() < LEAVES;
            for leaf in leaves {
                (next, entries) = (leaf.index + 1, entries + 1);
                writeln!(out, "{}", serde_json::to_string(&as_logged(leaf))?)?;
            }
            if last {
                break;
            }
        }
        Ok(Exported { log: checkpoint.origin, key: self.log_key.public(), entries, checkpoint: head.checkpoint })
    }

    /// Reads the whole log: leaves against what they stand for, signatures against the devices' keys, the tree
    /// against its stored edge.
    ///
    /// # Errors
    /// The storage failed, or what a leaf stands for is gone.
    pub fn verify_log(&self) -> Result<Verified, ServerError> {
        let view = self.snapshot()?;
        let keys: BTreeMap<_, PublicKey> = view.devices()?.into_iter().map(|d| (d.id, d.public_key)).collect();
        let (mut found, mut edge) = (Verified::default(), Edge::default());
        loop {
            let leaves = view.leaves(edge.size(), LEAVES)?;
            for leaf in &leaves {
                let hash = leaf_hash(&LeafParts {
                    salt: &leaf.salt,
                    payload: &leaf.payload,
                    signature: &leaf.signature,
                    result: leaf.result.as_bytes(),
                    seq_from: leaf.seqs.0,
                    seq_to: leaf.seqs.1,
                    judged_at_ms: leaf.at.0,
                    changes: &leaf.changes,
                });
                if leaf.index != edge.size() {
                    found.faults.push(format!("Entry {} is missing.", edge.size()));
                } else if hash != leaf.hash {
                    found.faults.push(format!("Entry {} is not what was logged.", leaf.index));
                }
                let signer = if let Some(device) = leaf.signed_by {
                    found.commands += 1;
                    Some(device)
                } else {
                    found.devices += 1;
                    let note: Option<DeviceNote> = serde_json::from_str(&leaf.result).ok();
                    note.filter(|note| note.what == DeviceEvent::Renewed).and_then(|note| note.replaces)
                };
                let signed = signer.is_none_or(|device| {
                    keys.get(&device).is_some_and(|key| key.verifies(&leaf.payload, &leaf.signature))
                });
                if !signed {
                    found.faults.push(format!("The signature of entry {} is not its device's.", leaf.index));
                }
                edge.append(leaf.hash);
            }
            if leaves.len() < LEAVES {
                break;
            }
        }
        if edge != view.log()? {
            found.faults.push("The log's tree is not the one that laptops were shown.".to_owned());
        }
        Ok(found)
    }
}
