//! The device's chain: each command names its place and the hash of the one before, so a gap or a fork shows.

use rusqlite::Connection;
use sha2::{Digest, Sha256};
use slipway_domain::id::{DeviceId, WorkspaceId};

pub(crate) struct Chain {
    pub(crate) workspace: WorkspaceId,
    pub(crate) device: DeviceId,
    /// Of the last command issued.
    pub(crate) counter: u64,
    /// Hash of its payload; empty before the first.
    pub(crate) previous: String,
    /// Highest server sequence that this laptop has confirmed.
    pub(crate) last_seq: u64,
}

impl Chain {
    pub(crate) fn load(conn: &Connection) -> Result<Self, rusqlite::Error> {
        conn.prepare_cached(
            "SELECT workspace, device, counter, previous, (SELECT coalesce(max(seq), 0) FROM cursor)
             FROM profile WHERE one = 1",
        )?
        .query_row((), |row| {
            Ok(Self {
                workspace: WorkspaceId(crate::view::uuid(row, 0)?),
                device: DeviceId(crate::view::uuid(row, 1)?),
                counter: row.get::<_, i64>(2)?.cast_unsigned(),
                previous: row.get(3)?,
                last_seq: row.get::<_, i64>(4)?.cast_unsigned(),
            })
        })
    }

    pub(crate) fn save(&self, conn: &Connection) -> Result<(), rusqlite::Error> {
        conn.prepare_cached("UPDATE profile SET device = ?1, counter = ?2, previous = ?3 WHERE one = 1")?.execute((
            self.device.0.as_bytes(),
            self.counter.cast_signed(),
            &self.previous,
        ))?;
        Ok(())
    }
}

/// Lower-case hex of the SHA-256 of a payload: what the next command of the chain names as the one before.
pub(crate) fn hash(payload: &[u8]) -> String {
    Sha256::digest(payload).iter().map(|b| format!("{b:02x}")).collect()
}
