//! A new epoch, and what an administrator says of it.

use super::{StorageError, WorkspaceTx};
use slipway_domain::time::Timestamp;
use slipway_sync::log::alarm::REASON_CHARS;
use slipway_sync::protocol::Epoch;

/// What an administrator said of a restore from a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredRestore {
    /// Fewest entries that the audit log had after this restore, or after one before it.
    pub size: u64,
    /// Why.
    pub why: String,
    /// Server clock.
    pub at: Timestamp,
}

/// Begins an epoch: the data were put back from a backup. The reason goes to every laptop; a longer one than they take
/// is cut.
///
/// # Errors
/// The engine failed.
pub fn begin_epoch(tx: &mut dyn WorkspaceTx, epoch: Epoch, why: &str, at: Timestamp) -> Result<(), StorageError> {
    let size = tx.log()?.size();
    let before = tx.workspace()?.restored;
    let size = before.map_or(size, |before| before.size.min(size));
    tx.set_epoch(epoch, &DeclaredRestore { size, why: why.trim().chars().take(REASON_CHARS).collect(), at })
}
