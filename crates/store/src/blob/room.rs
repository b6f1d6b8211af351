//! The room that files take on this laptop: what is kept here whatever happens, what makes way, and what is swept out.

use super::waiting::WAITS;
use super::{BlobError, CHUNK_USED, DROP_CHUNK, KEPT, MENDED, manifest};
use crate::db::Db;
use crate::error::StoreError;
use crate::meta;
use crate::open::Store;
use crate::view::any;
use rusqlite::OptionalExtension;
use slipway_domain::blob::{ChunkHash, Sha256};
use slipway_domain::lookup::Lookup;
use slipway_domain::time::Timestamp;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// Under which name the bytes of all chunks are remembered.
const STORED: &str = "blob_bytes";
/// Under which name the bytes set aside are remembered.
const QUOTA: &str = "blob_quota";

/// Room that files take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes of all chunks on the disk.
    pub stored: u64,
    /// Bytes of those files that the server does not have yet.
    pub waiting: u64,
    /// Bytes of those files that are to be kept here.
    pub pinned: u64,
}

impl Store {
    /// Room that files take.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn blob_room(&self) -> Result<Room, StoreError> {
        self.reading(|db| {
            let sum = |sql: &str| -> Result<u64, rusqlite::Error> {
                let sum: i64 = db.prepare_cached(sql)?.query_row((), |row| row.get(0))?;
                Ok(sum.cast_unsigned())
            };
            Ok(Room { stored: stored(db)?, waiting: sum(WAITING)?, pinned: sum(PINNED_BYTES)? })
        })
    }

    /// Bytes that files may take on this laptop; `None` while nobody said so.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn blob_quota(&self) -> Result<Option<u64>, StoreError> {
        Ok(self.remembered(QUOTA)?.and_then(|text| text.parse().ok()))
    }

    /// Says how many bytes files may take on this laptop.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn set_blob_quota(&self, bytes: u64) -> Result<(), StoreError> {
        self.remember(QUOTA, &bytes.to_string())
    }

    /// Removes files that the server has, those first that nobody looked at for longest, until so many bytes are free of
    /// those set aside.
    ///
    /// # Errors
    /// `Full` if what waits for the server and what is kept leave no such room; or the disk failed.
    pub fn make_blob_room(&self, wanted: u64, quota: u64) -> Result<(), BlobError> {
        loop {
            let room = self.blob_room()?;
            if room.stored.saturating_add(wanted) <= quota {
                return Ok(());
            }
            let oldest: Option<[u8; 32]> =
                self.reading(|db| Ok(db.prepare_cached(OLDEST)?.query_row((), |row| row.get(0)).optional()?))?;
            let Some(oldest) = oldest else {
                return Err(BlobError::Full { waiting: room.waiting, pinned: room.pinned, quota });
            };
            self.drop_unless_waiting(Sha256(oldest))?;
        }
    }

    /// A file of a record is to be kept on this laptop, whoever needs room; or no longer.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn pin_blob(&self, sha256: Sha256, holder: Uuid, kept: bool) -> Result<(), StoreError> {
        let id = holder.into_bytes();
        let sql = if kept { PIN } else { UNPIN };
        self.writing(|db| Ok(db.prepare_cached(sql)?.execute((sha256.0.as_slice(), id.as_slice()))?))?;
        Ok(())
    }

    /// Whether a file is to be kept on this laptop.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn is_pinned(&self, sha256: Sha256) -> Result<bool, StoreError> {
        self.reading(|db| Ok(db.prepare_cached(PINNED)?.exists((sha256.0.as_slice(),))?))
    }

    /// Whether a file was found damaged on this laptop and has not been mended since.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn is_damaged(&self, sha256: Sha256) -> Result<bool, StoreError> {
        self.reading(|db| Ok(db.prepare_cached(DAMAGED)?.exists((sha256.0.as_slice(),))?))
    }

    /// Removes a file from this laptop that the server has; says whether it went.
    ///
    /// # Errors
    /// The storage or the disk failed.
    pub fn evict_blob(&self, sha256: Sha256) -> Result<bool, BlobError> {
        let was_here = self.has_blob(sha256)?;
        self.drop_unless_waiting(sha256)?;
        Ok(was_here && !self.has_blob(sha256)?)
    }

    /// Removes files that no record names any more and that are older than [`KEPT`], and what interrupted work left.
    /// Looks at every file here, so it is for once a day.
    ///
    /// # Errors
    /// That the storage or the disk failed.
    pub fn sweep_blobs(&self, now: Timestamp) -> Result<u32, BlobError> {
        let kept_ms = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        let before = now.0.saturating_sub(kept_ms);
        let nobodys = self.reading(|db| {
            let old: Vec<[u8; 32]> =
                db.prepare_cached(OLD)?.query_map((before,), |row| row.get(0))?.collect::<Result<_, _>>()?;
            let mut nobodys = Vec::new();
            for sha256 in old.into_iter().map(Sha256) {
                let key = sha256.to_string();
                let named = |lookup| any(db, lookup, &key, &|_| false);
                if !named(Lookup::AttachmentsByHash)? && !named(Lookup::ItemsByHash)? {
                    nobodys.push(sha256);
                }
            }
            Ok(nobodys)
        })?;
        for sha256 in &nobodys {
            // A file that nobody wants any more waits for no server and is kept for nobody.
            let name = sha256.0;
            self.writing(|db| {
                for sql in ["DELETE FROM blob_wait WHERE sha256 = ?1", "DELETE FROM blob_pin WHERE sha256 = ?1", MENDED]
                {
                    db.prepare_cached(sql)?.execute((name.as_slice(),))?;
                }
                Ok(())
            })?;
            self.drop_unless_waiting(*sha256)?;
        }
        let known: BTreeSet<String> = self.reading(|db| {
            let mut statement = db.prepare_cached("SELECT chunk FROM blob_chunk")?;
            let names = statement.query_map((), |row| Ok(self.sealed.name(ChunkHash(row.get(0)?))))?;
            Ok(names.collect::<Result<_, _>>()?)
        })?;
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or(0));
        self.sealed.sweep(now, KEPT, |name| known.contains(name))?;
        Ok(u32::try_from(nobodys.len()).unwrap_or(u32::MAX))
    }

    /// Removes a file and those of its chunks that no other has, unless the server does not have it yet.
    pub(super) fn drop_unless_waiting(&self, sha256: Sha256) -> Result<(), BlobError> {
        let whole = sha256.0.as_slice();
        self.in_transaction(|db| {
            let waits = db.prepare_cached(WAITS)?.exists((whole,))?;
            let Some(manifest) = manifest(db, sha256)?.filter(|_| !waits) else { return Ok(()) };
            forget(db, sha256)?;
            for chunk in manifest.chunks {
                let name = chunk.hash.0.as_slice();
                if db.prepare_cached(CHUNK_USED)?.exists((name,))? {
                    continue;
                }
                let freed: Option<i64> =
                    db.prepare_cached(DROP_CHUNK)?.query_row((name,), |row| row.get(0)).optional()?;
                grow(db, freed.unwrap_or(0).saturating_neg())?;
                self.sealed.remove(chunk.hash)?;
            }
            Ok(())
        })
    }
}

/// The file counts as not here from now on.
pub(super) fn forget(db: &Db, sha256: Sha256) -> Result<(), rusqlite::Error> {
    let whole = sha256.0.as_slice();
    db.prepare_cached("DELETE FROM blob_part WHERE sha256 = ?1")?.execute((whole,))?;
    db.prepare_cached("DELETE FROM blob WHERE sha256 = ?1")?.execute((whole,))?;
    Ok(())
}

fn stored(db: &Db) -> Result<u64, rusqlite::Error> {
    Ok(meta::get(db, STORED)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// So many bytes of chunks more, or less.
pub(super) fn grow(db: &Db, by: i64) -> Result<(), rusqlite::Error> {
    if by == 0 { Ok(()) } else { meta::set(db, STORED, &stored(db)?.saturating_add_signed(by).to_string()) }
}

const WAITING: &str = "SELECT coalesce(sum(bytes), 0) FROM blob
    WHERE sha256 IN (SELECT sha256 FROM blob_wait)";
const PINNED_BYTES: &str = "SELECT coalesce(sum(bytes), 0) FROM blob
    WHERE sha256 IN (SELECT sha256 FROM blob_pin)";
pub(super) const PIN: &str =
    "INSERT INTO blob_pin (sha256, holder) VALUES (?1, ?2) ON CONFLICT (sha256, holder) DO NOTHING";
pub(super) const UNPIN: &str = "DELETE FROM blob_pin WHERE sha256 = ?1 AND holder = ?2";
pub(super) const PINNED: &str = "SELECT 1 FROM blob_pin WHERE sha256 = ?1";
pub(super) const DAMAGED: &str = "SELECT 1 FROM blob_damage WHERE sha256 = ?1";
pub(super) const OLDEST: &str = "SELECT sha256 FROM blob b
    WHERE NOT EXISTS (SELECT 1 FROM blob_wait w WHERE w.sha256 = b.sha256)
    AND NOT EXISTS (SELECT 1 FROM blob_pin p WHERE p.sha256 = b.sha256) ORDER BY used_at LIMIT 1";
pub(super) const OLD: &str = "SELECT sha256 FROM blob WHERE kept_at < ?1";
