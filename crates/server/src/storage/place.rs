//! Records of a workspace that was filled when the table of places or the look-ups were others, or when there were none.

use super::{Storage, StorageError};
use slipway_domain::id::WorkspaceId;
use slipway_domain::record::Kind;
use slipway_domain::scope::TABLE_VERSION;

/// Records looked at in one transaction, so that no writer waits long for it.
const BATCH: usize = 500;

/// Kinds that have a place of their own outside the workspace (what lies with them moves along), and those that came to
/// be found by more since.
const KINDS: [Kind; 6] = [Kind::Ci, Kind::DhsUnit, Kind::Baseline, Kind::Delegation, Kind::Release, Kind::Change];

/// Moves records where the table says that they lie, and looks them up anew, unless that was done. Cut off, it begins again and finds little
/// left to do; laptops learn of it through their feeds.
///
/// # Errors
/// The storage failed, or a stored record cannot be read.
pub fn bring_up_to_date(storage: &dyn Storage, workspace: WorkspaceId) -> Result<(), StorageError> {
    let done = storage.snapshot(workspace)?.placed()?;
    if done >= TABLE_VERSION {
        return Ok(());
    }
    let mut looked_at: usize = 0;
    for kind in KINDS {
        let mut after = None;
        loop {
            let mut tx = storage.begin(workspace)?;
            let ids = tx.ids_after(kind, after, BATCH)?;
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            tx.look_again(kind, &ids)?;
            tx.commit()?;
            looked_at += ids.len();
        }
    }
    let mut tx = storage.begin(workspace)?;
    tx.set_placed(TABLE_VERSION)?;
    tx.commit()?;
    tracing::info!(records = looked_at, version = TABLE_VERSION, "Put records into their buckets");
    Ok(())
}
