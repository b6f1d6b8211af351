//! Proofs about the audit log, for everybody who may sync: that it only grew, and that an entry is in it.
//!
//! Leaves hold salted hashes only, so that a proof tells nobody what the other entries say.

use super::audit::as_logged;
use super::scope::Readable;
use super::{Caller, Core};
use crate::error::ServerError;
use crate::storage::WorkspaceView;
use crate::storage::nodes::TreeReader;
use slipway_domain::id::PersonId;
use slipway_sync::encoding::Base64;
use slipway_sync::limits;
use slipway_sync::log::alarm::Restored;
use slipway_sync::log::proof;
use slipway_sync::log::proved::ProvedEntry;
use slipway_sync::log::tile::Tile;
use slipway_sync::log::{Checkpoint, Hash};
use slipway_sync::protocol::{
    ConsistencyQuery, ErrorBody, ErrorCode, InclusionQuery, LogCheckpoint, LogProof, LogRecord, LogRecordQuery,
};

impl Core {
    /// The log as it stands, signed.
    ///
    /// # Errors
    /// The device was shut out, or the storage failed.
    pub fn log_checkpoint(&self, caller: &Caller) -> Result<LogCheckpoint, ServerError> {
        caller.sound()?;
        Ok(LogCheckpoint { checkpoint: self.signed_log(self.snapshot()?.as_ref())? })
    }

    /// That the log of `to` entries begins with the first `from`.
    ///
    /// # Errors
    /// Another epoch, sizes that the log does not have; or the storage failed.
    pub fn log_consistency(&self, caller: &Caller, query: ConsistencyQuery) -> Result<LogProof, ServerError> {
        caller.sound()?;
        let view = self.snapshot()?;
        let epoch = view.workspace()?.epoch;
        if epoch != query.epoch {
            let counter = view.device(caller.device)?.map_or(0, |device| device.counter);
            return Err(super::batch::other_epoch(epoch, counter));
        }
        let mut tree = TreeReader::of(view.as_ref())?;
        if query.from > query.to || query.to > tree.size() {
            return Err(no_such_tree(tree.size()));
        }
        let hashes = proof::consistency(&mut tree, query.from, query.to)?;
        Ok(LogProof { hashes: proof::written(&hashes) })
    }

    /// That an entry is in the log's first `size`.
    ///
    /// # Errors
    /// Sizes that the log does not have; or the storage failed.
    pub fn log_inclusion(&self, caller: &Caller, query: InclusionQuery) -> Result<LogProof, ServerError> {
        caller.sound()?;
        let view = self.snapshot()?;
        let mut tree = TreeReader::of(view.as_ref())?;
        if query.index >= query.size || query.size > tree.size() {
            return Err(no_such_tree(tree.size()));
        }
        let hashes = proof::inclusion(&mut tree, query.index, query.size)?;
        Ok(LogProof { hashes: proof::written(&hashes) })
    }

    /// The hashes of a tile one after the other. What was a full tile once never changes within an epoch.
    ///
    /// # Errors
    /// A tile that there is not, or not as wide; or the storage failed.
    pub fn log_tile(&self, caller: &Caller, tile: Tile) -> Result<Vec<u8>, ServerError> {
        caller.sound()?;
        let view = self.snapshot()?;
        let mut tree = TreeReader::of(view.as_ref())?;
        let hashes = tree.tile(tile.level, tile.index)?;
        let width = usize::try_from(tile.width).unwrap_or(usize::MAX);
        hashes.get(..width).map(<[Hash]>::concat).ok_or_else(|| no_such_tile().into())
    }

    /// What the log's first `size` entries have about a record, each with its proof. An entry is shown to who made it and
    /// to who may read everything; others learn that there is one.
    ///
    /// # Errors
    /// A size that the log does not have; or the storage failed.
    pub fn log_record(&self, caller: &Caller, query: LogRecordQuery) -> Result<LogRecord, ServerError> {
        caller.sound()?;
        let view = self.snapshot()?;
        let reads_all = Readable::of(view.as_ref(), caller)?.all();
        let mut tree = TreeReader::of(view.as_ref())?;
        if query.size > tree.size() {
            return Err(no_such_tree(tree.size()));
        }
        let mut leaves = view.leaves_naming(query.record, query.size, limits::LOG_ENTRIES + 1)?;
        let more = leaves.len() > limits::LOG_ENTRIES;
        leaves.truncate(limits::LOG_ENTRIES);
        let mut entries = Vec::with_capacity(leaves.len());
        for leaf in leaves {
            let hashes = proof::written(&proof::inclusion(&mut tree, leaf.index, query.size)?);
            let (index, hash) = (leaf.index, Base64(leaf.hash.to_vec()));
            let theirs = serde_json::from_slice::<Says>(&leaf.payload).is_ok_and(|says| says.actor == caller.person);
            let content = (reads_all || theirs).then(|| as_logged(leaf));
            entries.push(ProvedEntry { index, hash, hashes, content });
        }
        Ok(LogRecord { entries, more })
    }

    /// The signed checkpoint of what this view sees.
    pub(super) fn signed_log(&self, view: &dyn WorkspaceView) -> Result<String, ServerError> {
        let log = view.log()?;
        let checkpoint = Checkpoint { origin: self.log_name(), size: log.size(), root: log.root() };
        Ok(checkpoint.sign(&self.log_key))
    }

    /// What was said of the last restore, signed.
    pub(super) fn signed_restore(&self, view: &dyn WorkspaceView) -> Result<Option<Restored>, ServerError> {
        let workspace = view.workspace()?;
        let signed = |it: crate::storage::restored::DeclaredRestore| {
            Restored::sign(workspace.epoch, it.size, it.why, it.at, &self.log_name(), &self.log_key)
        };
        Ok(workspace.restored.map(signed))
    }
}

/// What a command says of who made it.
#[derive(serde::Deserialize)]
struct Says {
    actor: PersonId,
}

pub(crate) fn no_such_tile() -> ErrorBody {
    let sentence = "The audit log has no such tile.";
    ErrorBody::new(ErrorCode::NotFound, sentence, "Ask for what a checkpoint of this server shows.")
}

fn no_such_tree(size: u64) -> ServerError {
    let sentence = format!("The audit log has {size} entries; a tree of the size asked for is not in it.");
    ErrorBody::new(ErrorCode::BadRequest, sentence, "Ask for what a checkpoint of this server shows.").into()
}
