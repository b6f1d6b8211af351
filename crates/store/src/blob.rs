//! Files beside the records: their bytes in sealed chunks in a folder beside the database, what they are in tables.
//!
//! A file is here as soon as its row is; the row is written when all its chunks are in their place and hash to what they
//! are called. Files that the server has may go when room is needed, those it does not have yet never do.

use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::meta;
use crate::open::Store;
use crate::view::any;
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256 as Hasher};
use slipway_domain::blob::{BadManifest, Chunk, ChunkHash, Cut, Manifest, Sha256};
use slipway_domain::id::AttachmentId;
use slipway_domain::lookup::Lookup;
use slipway_domain::time::Timestamp;
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

mod cut;
mod sealed;

pub(crate) use sealed::Sealed;

/// What no record names any more stays so long: an undo, or a refused command that is sent again, finds it.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// The time of the last look is kept no finer than this, in milliseconds.
const LOOK_MS: i64 = 3_600_000;
/// Under which name the bytes of all chunks are remembered.
const STORED: &str = "blob_bytes";

/// Why a file could not be taken in or given out; the records are as they were.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// Nothing in it.
    #[error("The file is empty. Choose another.")]
    Empty,
    /// More bytes than it may have.
    #[error("The file has more than {limit} bytes. Choose a smaller one.")]
    TooLarge {
        /// So many it may have.
        limit: u64,
    },
    /// What waits for the server alone fills the room for files.
    #[error(
        "There is no room for more files on this laptop: {waiting} bytes wait for the server, {quota} are set aside. \
         Sync first, or set more aside."
    )]
    Full {
        /// Bytes that wait.
        waiting: u64,
        /// Bytes set aside.
        quota: u64,
    },
    /// It is not on this laptop.
    #[error("The file is not on this laptop. Fetch it from the server first.")]
    NotHere,
    /// What is on the disk is not what was put there.
    #[error("{} is damaged or gone. Fetch the file from the server again.", path.display())]
    Damaged {
        /// The chunk's file.
        path: PathBuf,
    },
    /// What came is not what its hash says.
    #[error("What came is not the file that was asked for. Fetch it again; nothing of it was kept.")]
    WrongHash,
    /// What came cannot be a file's manifest.
    #[error("The list of the file's parts cannot be right: {0}. Fetch it again; nothing of it was kept.")]
    Manifest(#[from] BadManifest),
    /// The folder cannot be read or written.
    #[error("{} cannot be read or written ({source}). Check the disk and its rights, then try again.", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BlobError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// Room that files take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes of all chunks on the disk.
    pub stored: u64,
    /// Bytes of those files that the server does not have yet.
    pub waiting: u64,
}

/// A file that the server does not have yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The photo it is of.
    pub attachment: AttachmentId,
    /// Which file.
    pub sha256: Sha256,
}

impl Store {
    /// Takes a file in. It is on the disk, flushed and read back, when this returns.
    ///
    /// # Errors
    /// It is empty or larger than `most_bytes`, or the disk or the database failed.
    pub fn keep_blob(&self, source: &mut dyn Read, most_bytes: u64, now: Timestamp) -> Result<Manifest, BlobError> {
        let (mut whole, mut size_bytes, mut chunks) = (Hasher::new(), 0_u64, Vec::new());
        for bytes in cut::chunks(source.take(most_bytes.saturating_add(1))) {
            let bytes = bytes.map_err(|e| BlobError::io(self.sealed.folder(), e))?;
            size_bytes = size_bytes.saturating_add(bytes.len() as u64);
            if size_bytes > most_bytes {
                return Err(BlobError::TooLarge { limit: most_bytes });
            }
            whole.update(&bytes);
            let chunk = chunk(&bytes);
            self.sealed.write(chunk.hash, &bytes)?;
            chunks.push(chunk);
        }
        if size_bytes == 0 {
            return Err(BlobError::Empty);
        }
        let manifest = Manifest { cut: Cut::FastCdc2020, sha256: Sha256(whole.finalize().into()), size_bytes, chunks };
        self.record(&manifest, now)?;
        Ok(manifest)
    }

    /// What a file is made of; `None` while it is not here as a whole.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn blob(&self, sha256: Sha256) -> Result<Option<Manifest>, StoreError> {
        self.reading(|db| manifest(db, sha256))
    }

    /// Whether a file is here as a whole.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn has_blob(&self, sha256: Sha256) -> Result<bool, StoreError> {
        self.reading(|db| Ok(db.prepare_cached(ABOUT)?.exists((sha256.0.as_slice(),))?))
    }

    /// A chunk of a file that is here.
    ///
    /// # Errors
    /// It is damaged, or the disk failed.
    pub fn chunk(&self, chunk: ChunkHash) -> Result<Vec<u8>, BlobError> {
        self.sealed.read(chunk)
    }

    /// Gives a file out, each chunk verified before it is given, the whole at the end.
    ///
    /// # Errors
    /// It is not here or damaged, or `to` cannot be written.
    pub fn copy_blob(&self, sha256: Sha256, to: &mut dyn Write, now: Timestamp) -> Result<Manifest, BlobError> {
        let manifest = self.blob(sha256)?.ok_or(BlobError::NotHere)?;
        let copied = self.pour(&manifest, to);
        if matches!(copied, Err(BlobError::Damaged { .. } | BlobError::WrongHash)) {
            // So that it is fetched again, unless nobody else has it.
            self.drop_unless_waiting(sha256)?;
        }
        copied?;
        self.writing(|db| Ok(db.prepare_cached(LOOKED)?.execute((sha256.0.as_slice(), now.0, LOOK_MS))?))?;
        Ok(manifest)
    }

    fn pour(&self, manifest: &Manifest, to: &mut dyn Write) -> Result<(), BlobError> {
        let mut whole = Hasher::new();
        for chunk in &manifest.chunks {
            let bytes = self.sealed.read(chunk.hash)?;
            whole.update(&bytes);
            to.write_all(&bytes).map_err(|e| BlobError::io(Path::new("the copy"), e))?;
        }
        if <[u8; 32]>::from(whole.finalize()) == manifest.sha256.0 { Ok(()) } else { Err(BlobError::WrongHash) }
    }

    /// Places of the chunks that are not here yet: where a download begins, or goes on after it was cut.
    ///
    /// # Errors
    /// What was sent is no manifest, or the disk failed.
    pub fn missing_chunks(&self, manifest: &Manifest) -> Result<Vec<usize>, BlobError> {
        manifest.check()?;
        let mut missing = Vec::new();
        for (n, chunk) in manifest.chunks.iter().enumerate() {
            if self.sealed.size(chunk.hash)?.is_none() {
                missing.push(n);
            }
        }
        Ok(missing)
    }

    /// Takes a chunk that was fetched.
    ///
    /// # Errors
    /// `WrongHash` if it is not the one announced; or the disk failed.
    pub fn take_chunk(&self, announced: &Chunk, bytes: &[u8]) -> Result<(), BlobError> {
        if chunk(bytes) != *announced {
            return Err(BlobError::WrongHash);
        }
        self.sealed.write(announced.hash, bytes).map(|_| ())
    }

    /// Makes a file of the chunks that were fetched, once the whole hashes to what it is called.
    ///
    /// # Errors
    /// `WrongHash`, and then nothing of it is kept; a chunk is missing; or the disk failed.
    pub fn finish_blob(&self, manifest: &Manifest, now: Timestamp) -> Result<(), BlobError> {
        manifest.check()?;
        match self.pour(manifest, &mut io::sink()) {
            Ok(()) => self.record(manifest, now),
            Err(wrong) => {
                if !matches!(wrong, BlobError::Io { .. }) {
                    self.discard_chunks(manifest)?;
                }
                Err(wrong)
            }
        }
    }

    fn record(&self, manifest: &Manifest, now: Timestamp) -> Result<(), BlobError> {
        let whole = manifest.sha256.0.as_slice();
        self.in_transaction(|db| {
            let mut added = 0_u64;
            for (n, chunk) in manifest.chunks.iter().enumerate() {
                // Another process may have made room meanwhile; who removes files holds the same lock.
                let path = || BlobError::Damaged { path: self.sealed.folder().join(self.sealed.name(chunk.hash)) };
                let stored = self.sealed.size(chunk.hash)?.ok_or_else(path)?;
                let new = db.prepare_cached(ADD_CHUNK)?.execute((chunk.hash.0.as_slice(), stored.cast_signed()))?;
                added = added.saturating_add(if new > 0 { stored } else { 0 });
                let n = i64::try_from(n).unwrap_or(i64::MAX);
                db.prepare_cached(ADD_PART)?.execute((whole, n, chunk.hash.0.as_slice(), chunk.bytes))?;
            }
            db.prepare_cached(ADD)?.execute((whole, manifest.size_bytes.cast_signed(), now.0))?;
            Ok(grow(db, added.cast_signed())?)
        })
    }

    /// Notes that the server does not have the bytes of a photo yet. Before the command that adds it, so that nothing
    /// that happens between the two makes one without the other.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn await_upload(&self, upload: Upload, now: Timestamp) -> Result<(), StoreError> {
        let (attachment, sha256) = (upload.attachment.0.into_bytes(), upload.sha256.0);
        self.writing(|db| Ok(db.prepare_cached(AWAIT)?.execute((attachment.as_slice(), sha256.as_slice(), now.0))?))?;
        Ok(())
    }

    /// The server has the bytes of a photo, or nobody wants them any more.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn uploaded(&self, attachment: AttachmentId) -> Result<(), StoreError> {
        self.writing(|db| Ok(db.prepare_cached(UPLOADED)?.execute((attachment.0.as_bytes().as_slice(),))?))?;
        Ok(())
    }

    /// Files that the server does not have yet, longest waiting first, at most so many.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn uploads(&self, most: u32) -> Result<Vec<Upload>, StoreError> {
        self.reading(|db| {
            let mut statement = db.prepare_cached(UPLOADS)?;
            let rows = statement.query_map((most,), |row| {
                Ok(Upload { attachment: AttachmentId(Uuid::from_bytes(row.get(0)?)), sha256: Sha256(row.get(1)?) })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Whether the server does not have the bytes of a photo yet.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn awaits_upload(&self, attachment: AttachmentId) -> Result<bool, StoreError> {
        self.reading(|db| Ok(db.prepare_cached(AWAITS)?.exists((attachment.0.as_bytes().as_slice(),))?))
    }

    /// Every file that is here has to be offered to the server again: it is another one, or was restored.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn await_all_uploads(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writing(|db| {
            let here: Vec<[u8; 32]> = db
                .prepare_cached("SELECT sha256 FROM blob")?
                .query_map((), |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for sha256 in here {
                let key = Sha256(sha256).to_string();
                for attachment in crate::view::find(db, Lookup::AttachmentsByHash, &key)? {
                    let id = attachment.into_bytes();
                    db.prepare_cached(AWAIT)?.execute((id.as_slice(), sha256.as_slice(), now.0))?;
                }
            }
            Ok(())
        })
    }

    /// Room that files take.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn blob_room(&self) -> Result<Room, StoreError> {
        self.reading(|db| {
            let waiting: i64 = db.prepare_cached(WAITING)?.query_row((), |row| row.get(0))?;
            Ok(Room { stored: stored(db)?, waiting: waiting.cast_unsigned() })
        })
    }

    /// Removes files that the server has, those first that nobody looked at for longest, until so many bytes are free of
    /// those set aside.
    ///
    /// # Errors
    /// `Full` if what waits for the server leaves no such room; or the disk failed.
    pub fn make_blob_room(&self, wanted: u64, quota: u64) -> Result<(), BlobError> {
        loop {
            let room = self.blob_room()?;
            if room.stored.saturating_add(wanted) <= quota {
                return Ok(());
            }
            let oldest: Option<[u8; 32]> =
                self.reading(|db| Ok(db.prepare_cached(OLDEST)?.query_row((), |row| row.get(0)).optional()?))?;
            let Some(oldest) = oldest else { return Err(BlobError::Full { waiting: room.waiting, quota }) };
            self.drop_unless_waiting(Sha256(oldest))?;
        }
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
                if !any(db, Lookup::AttachmentsByHash, &sha256.to_string(), &|_| false)? {
                    nobodys.push(sha256);
                }
            }
            Ok(nobodys)
        })?;
        for sha256 in &nobodys {
            // A photo that nobody wants any more waits for no server.
            let name = sha256.0;
            self.writing(|db| {
                let sql = "DELETE FROM blob_upload WHERE sha256 = ?1";
                Ok(db.prepare_cached(sql)?.execute((name.as_slice(),))?)
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
    fn drop_unless_waiting(&self, sha256: Sha256) -> Result<(), BlobError> {
        let whole = sha256.0.as_slice();
        self.in_transaction(|db| {
            let waits = db.prepare_cached("SELECT 1 FROM blob_upload WHERE sha256 = ?1")?.exists((whole,))?;
            let Some(manifest) = manifest(db, sha256)?.filter(|_| !waits) else { return Ok(()) };
            db.prepare_cached("DELETE FROM blob_part WHERE sha256 = ?1")?.execute((whole,))?;
            db.prepare_cached("DELETE FROM blob WHERE sha256 = ?1")?.execute((whole,))?;
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

    /// Removes the chunks of what turned out to be no file, but for those that others have.
    fn discard_chunks(&self, manifest: &Manifest) -> Result<(), BlobError> {
        self.in_transaction(|db| {
            for chunk in &manifest.chunks {
                if !db.prepare_cached(CHUNK_USED)?.exists((chunk.hash.0.as_slice(),))? {
                    self.sealed.remove(chunk.hash)?;
                }
            }
            Ok(())
        })
    }

    /// Runs what touches tables and files under the lock of the one writer.
    fn in_transaction(&self, work: impl FnOnce(&Db) -> Result<(), Inside>) -> Result<(), BlobError> {
        self.pool.write(work).map_err(|inside| match inside {
            Inside::Trouble(trouble) => BlobError::Store(self.explain(trouble)),
            Inside::Blob(error) => *error,
        })
    }
}

/// Trouble inside of a transaction.
enum Inside {
    Trouble(Trouble),
    Blob(Box<BlobError>),
}

impl From<Trouble> for Inside {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<rusqlite::Error> for Inside {
    fn from(error: rusqlite::Error) -> Self {
        Self::Trouble(error.into())
    }
}

impl From<BlobError> for Inside {
    fn from(error: BlobError) -> Self {
        Self::Blob(Box::new(error))
    }
}

fn chunk(bytes: &[u8]) -> Chunk {
    let hash = ChunkHash(*blake3::hash(bytes).as_bytes());
    Chunk { hash, bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
}

fn manifest(db: &Db, sha256: Sha256) -> Result<Option<Manifest>, Trouble> {
    let whole = sha256.0.as_slice();
    let bytes: Option<i64> = db.prepare_cached(ABOUT)?.query_row((whole,), |row| row.get(0)).optional()?;
    let Some(bytes) = bytes else { return Ok(None) };
    let mut statement = db.prepare_cached(PARTS)?;
    let chunks = statement
        .query_map((whole,), |row| Ok(Chunk { hash: ChunkHash(row.get(0)?), bytes: row.get(1)? }))?
        .collect::<Result<_, _>>()?;
    Ok(Some(Manifest { cut: Cut::FastCdc2020, sha256, size_bytes: bytes.cast_unsigned(), chunks }))
}

fn stored(db: &Db) -> Result<u64, rusqlite::Error> {
    Ok(meta::get(db, STORED)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn grow(db: &Db, by: i64) -> Result<(), rusqlite::Error> {
    if by == 0 { Ok(()) } else { meta::set(db, STORED, &stored(db)?.saturating_add_signed(by).to_string()) }
}

const ABOUT: &str = "SELECT bytes FROM blob WHERE sha256 = ?1";
const PARTS: &str = "SELECT chunk, bytes FROM blob_part WHERE sha256 = ?1 ORDER BY n";
const ADD: &str = "INSERT INTO blob (sha256, bytes, kept_at, used_at) VALUES (?1, ?2, ?3, ?3)
    ON CONFLICT (sha256) DO UPDATE SET used_at = excluded.used_at";
const ADD_PART: &str =
    "INSERT INTO blob_part (sha256, n, chunk, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (sha256, n) DO NOTHING";
const ADD_CHUNK: &str = "INSERT INTO blob_chunk (chunk, stored) VALUES (?1, ?2) ON CONFLICT (chunk) DO NOTHING";
const DROP_CHUNK: &str = "DELETE FROM blob_chunk WHERE chunk = ?1 RETURNING stored";
const CHUNK_USED: &str = "SELECT 1 FROM blob_part WHERE chunk = ?1";
const LOOKED: &str = "UPDATE blob SET used_at = ?2 WHERE sha256 = ?1 AND used_at < ?2 - ?3";
const AWAIT: &str = "INSERT INTO blob_upload (attachment, sha256, since) VALUES (?1, ?2, ?3)
    ON CONFLICT (attachment) DO NOTHING";
const UPLOADED: &str = "DELETE FROM blob_upload WHERE attachment = ?1";
const AWAITS: &str = "SELECT 1 FROM blob_upload WHERE attachment = ?1";
const UPLOADS: &str = "SELECT attachment, sha256 FROM blob_upload ORDER BY since, attachment LIMIT ?1";
const WAITING: &str = "SELECT coalesce(sum(bytes), 0) FROM blob
    WHERE sha256 IN (SELECT sha256 FROM blob_upload)";
const OLDEST: &str = "SELECT sha256 FROM blob b
    WHERE NOT EXISTS (SELECT 1 FROM blob_upload u WHERE u.sha256 = b.sha256) ORDER BY used_at LIMIT 1";
const OLD: &str = "SELECT sha256 FROM blob WHERE kept_at < ?1";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{ABOUT, ADD_PART, AWAITS, CHUNK_USED, DROP_CHUNK, LOOKED, OLD, OLDEST, PARTS, UPLOADED};
    use crate::key::Key;
    use crate::open::{Profile, Store};
    use slipway_domain::id::{DeviceId, WorkspaceId};
    use uuid::Uuid;

    #[test]
    fn nothing_that_is_asked_of_one_file_looks_at_all_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile { workspace: WorkspaceId(Uuid::nil()), device: DeviceId(Uuid::nil()) };
        let store = Store::create(&folder.path().join("slipway.db"), &Key::new([1; 32]), profile).unwrap();
        for sql in [ABOUT, PARTS, ADD_PART, AWAITS, CHUNK_USED, DROP_CHUNK, LOOKED, UPLOADED, OLD, OLDEST] {
            let plan = store.reading(|db| {
                let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let lines =
                    statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>()?;
                Ok(lines.join("; "))
            });
            let plan = plan.unwrap();
            // The oldest is found from one end of its index; what is old, once a day.
            let whole = [OLDEST, OLD].contains(&sql);
            assert!(whole || !plan.contains("SCAN"), "{sql}: {plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        }
    }
}
