//! Reading the audit log back: every leaf is the hash of what is stored, and the tree is the one that was signed.

use super::Core;
use crate::error::ServerError;
use slipway_sync::account::{DeviceEvent, DeviceNote};
use slipway_sync::log::{Edge, LeafParts, leaf_hash};
use slipway_sync::signing::PublicKey;
use std::collections::BTreeMap;

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

impl Core {
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
