//! Tombstones: kept until every active laptop has them, and what is said to one that comes later.

use super::{Caller, Core};
use crate::error::ServerError;
use crate::storage::{DeviceCursor, WorkspaceView};
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::collections::BTreeMap;

/// How far a laptop has come is noted no more often than this: a note is a write, and an old one only keeps
/// tombstones a little longer.
const NOTE_MS: i64 = 3_600_000;

impl Core {
    /// Removes tombstones that every laptop seen within [`limits::TOMBSTONE_DAYS`] has, and all that are older; says
    /// how many. Laptops that come later fetch anew.
    ///
    /// # Errors
    /// The storage failed.
    pub fn compact(&self) -> Result<u64, ServerError> {
        let mut tx = self.begin()?;
        let gone = tx.compact(self.now().plus_days(-limits::TOMBSTONE_DAYS))?;
        tx.commit()?;
        tracing::info!(gone, "Removed tombstones");
        Ok(gone)
    }

    /// Refuses cursors before a horizon, unless the laptop began from nothing since; gives what is to be noted.
    pub(super) fn within_horizon(
        &self,
        view: &dyn WorkspaceView,
        caller: &Caller,
        cursors: &BTreeMap<Bucket, u64>,
    ) -> Result<Vec<(Bucket, DeviceCursor)>, ServerError> {
        let (mut lost, mut notes) = (Vec::new(), Vec::new());
        let now = self.now();
        for (bucket, seq) in cursors {
            let horizon = view.horizon(*bucket)?;
            let known = view.device_cursor(caller.device, *bucket)?;
            let base = known.map_or(0, |known| known.base);
            if *seq > 0 && *seq < horizon && base < horizon {
                lost.push(*bucket);
            } else if *seq == 0 {
                // From nothing: what is gone by now it never misses.
                if base != horizon || known.is_some_and(|known| known.seq > 0) {
                    notes.push((*bucket, DeviceCursor { seq: 0, base: horizon, seen_at: now }));
                }
            } else if is_due(known, *seq, now) {
                notes.push((*bucket, DeviceCursor { seq: *seq, base, seen_at: now }));
            }
        }
        if lost.is_empty() {
            return Ok(notes);
        }
        Err(ErrorBody {
            buckets: lost,
            ..ErrorBody::new(
                ErrorCode::ResyncRequired,
                "This laptop was away for so long that the server no longer knows all that was removed since.",
                "Nothing to do: what waits on it was sent, and the records are fetched anew.",
            )
        }
        .into())
    }

    pub(super) fn note_cursors(&self, caller: &Caller, notes: &[(Bucket, DeviceCursor)]) -> Result<(), ServerError> {
        if notes.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin()?;
        for (bucket, cursor) in notes {
            tx.put_device_cursor(caller.device, *bucket, cursor)?;
        }
        tx.commit()?;
        Ok(())
    }
}

fn is_due(known: Option<DeviceCursor>, seq: u64, now: Timestamp) -> bool {
    // One that went back, as after a restore of the laptop, is noted at once: it needs what it has not seen.
    known.is_none_or(|known| seq < known.seq || now.0.saturating_sub(known.seen_at.0) >= NOTE_MS)
}
