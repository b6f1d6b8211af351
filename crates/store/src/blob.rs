//! Files beside the records: their bytes in sealed chunks in a folder beside the database, what they are in tables.
//!
//! A file is here as soon as its row is; the row is written when all its chunks are in their place and hash to what they
//! are called. Files that the server has may go when room is needed, those it does not have yet never do.

use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::open::Store;
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256 as Hasher};
use slipway_domain::blob::{BadManifest, CHUNKS, Chunk, ChunkHash, Cut, Manifest, Sha256};
use slipway_domain::time::Timestamp;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod cut;
mod room;
mod scrub;
mod sealed;
mod waiting;

pub use room::Room;
pub use scrub::Checked;
pub(crate) use sealed::Sealed;
pub use waiting::Upload;

/// What no record names any more stays so long: an undo, or a refused command that is sent again, finds it.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);
/// The time of the last look is kept no finer than this, in milliseconds.
const LOOK_MS: i64 = 3_600_000;

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
        "There is no room for more files on this laptop: {waiting} bytes wait for the server, {pinned} are to be kept, \
         {quota} are set aside. Sync first, or set more aside."
    )]
    Full {
        /// Bytes that wait.
        waiting: u64,
        /// Bytes of files that are to be kept here.
        pinned: u64,
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
    /// The watcher stopped it.
    #[error("It was stopped. Begin it again; what was done by then is not done twice.")]
    Stopped,
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

impl Store {
    /// Takes a file in. It is on the disk, flushed and read back, when this returns.
    ///
    /// # Errors
    /// It is empty or larger than `most_bytes`, or the disk or the database failed.
    pub fn keep_blob(&self, source: &mut dyn Read, most_bytes: u64, now: Timestamp) -> Result<Manifest, BlobError> {
        self.keep_blob_watched(source, most_bytes, now, &mut |_| ControlFlow::Continue(()))
    }

    /// The same for a file that takes its time: `watch` is told how many bytes are in, and may stop it. What is in by then
    /// stays for a while, so that the next try is faster.
    ///
    /// # Errors
    /// As [`Store::keep_blob`]; `Stopped`.
    pub fn keep_blob_watched(
        &self,
        source: &mut dyn Read,
        most_bytes: u64,
        now: Timestamp,
        watch: Watch<'_>,
    ) -> Result<Manifest, BlobError> {
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
            if chunks.len() > CHUNKS {
                return Err(BadManifest::Count { found: chunks.len() }.into());
            }
            go_on(watch, size_bytes)?;
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
        self.copy_blob_watched(sha256, to, now, &mut |_| ControlFlow::Continue(()))
    }

    /// The same for a file that takes its time.
    ///
    /// # Errors
    /// As [`Store::copy_blob`]; `Stopped`.
    pub fn copy_blob_watched(
        &self,
        sha256: Sha256,
        to: &mut dyn Write,
        now: Timestamp,
        watch: Watch<'_>,
    ) -> Result<Manifest, BlobError> {
        let manifest = self.blob(sha256)?.ok_or(BlobError::NotHere)?;
        let copied = self.pour(&manifest, to, watch);
        if matches!(copied, Err(BlobError::Damaged { .. } | BlobError::WrongHash)) {
            // So that it is fetched again, unless nobody else has it.
            self.drop_unless_waiting(sha256)?;
        }
        copied?;
        self.writing(|db| Ok(db.prepare_cached(LOOKED)?.execute((sha256.0.as_slice(), now.0, LOOK_MS))?))?;
        Ok(manifest)
    }

    fn pour(&self, manifest: &Manifest, to: &mut dyn Write, watch: Watch<'_>) -> Result<(), BlobError> {
        let (mut whole, mut poured) = (Hasher::new(), 0_u64);
        for chunk in &manifest.chunks {
            let bytes = self.sealed.read(chunk.hash)?;
            whole.update(&bytes);
            to.write_all(&bytes).map_err(|e| BlobError::io(Path::new("the copy"), e))?;
            poured = poured.saturating_add(bytes.len() as u64);
            go_on(watch, poured)?;
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
        match self.pour(manifest, &mut io::sink(), &mut |_| ControlFlow::Continue(())) {
            Ok(()) => self.record(manifest, now),
            // Damaged chunks are fetched again; of the others nothing is wrong.
            Err(wrong @ BlobError::Damaged { .. }) => {
                for chunk in &manifest.chunks {
                    if matches!(self.sealed.read(chunk.hash), Err(BlobError::Damaged { .. })) {
                        self.sealed.remove(chunk.hash)?;
                    }
                }
                Err(wrong)
            }
            Err(wrong) => {
                if !matches!(wrong, BlobError::Io { .. }) {
                    self.discard_chunks(manifest)?;
                }
                Err(wrong)
            }
        }
    }

    /// Other files that are here and share chunks with this one, at most so many.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn akin(&self, sha256: Sha256, most: u32) -> Result<Vec<Sha256>, StoreError> {
        self.reading(|db| {
            let mut statement = db.prepare_cached(AKIN)?;
            let rows = statement.query_map((sha256.0.as_slice(), most), |row| Ok(Sha256(row.get(0)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
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
            db.prepare_cached(MENDED)?.execute((whole,))?;
            Ok(room::grow(db, added.cast_signed())?)
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

/// Is told how many bytes are done, and says whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

fn go_on(watch: Watch<'_>, done: u64) -> Result<(), BlobError> {
    if watch(done).is_break() { Err(BlobError::Stopped) } else { Ok(()) }
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
const MENDED: &str = "DELETE FROM blob_damage WHERE sha256 = ?1";
const AKIN: &str = "SELECT DISTINCT other.sha256 FROM blob_part mine JOIN blob_part other ON other.chunk = mine.chunk
    WHERE mine.sha256 = ?1 AND other.sha256 <> ?1 LIMIT ?2";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::room::{DAMAGED, OLD, OLDEST, PIN, PINNED, UNPIN};
    use super::scrub::{NEXT, USERS};
    use super::waiting::{AWAITS, UPLOADED, UPLOADS, WAITS};
    use super::{ABOUT, ADD_PART, AKIN, CHUNK_USED, DROP_CHUNK, LOOKED, MENDED, PARTS};
    use crate::key::Key;
    use crate::open::{Profile, Store};
    use slipway_domain::id::{DeviceId, WorkspaceId};
    use uuid::Uuid;

    #[test]
    fn nothing_that_is_asked_of_one_file_looks_at_all_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let profile = Profile { workspace: WorkspaceId(Uuid::nil()), device: DeviceId(Uuid::nil()) };
        let store = Store::create(&folder.path().join("slipway.db"), &Key::new([1; 32]), profile).unwrap();
        let of_one = [ABOUT, PARTS, ADD_PART, AWAITS, CHUNK_USED, DROP_CHUNK, LOOKED, UPLOADED, WAITS, MENDED, AKIN];
        let more = [OLD, OLDEST, PIN, UNPIN, PINNED, DAMAGED, NEXT, USERS, UPLOADS];
        for sql in of_one.into_iter().chain(more) {
            let plan = store.reading(|db| {
                let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let lines =
                    statement.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<Vec<_>, _>>()?;
                Ok(lines.join("; "))
            });
            let plan = plan.unwrap();
            // The oldest is found from one end of its index; what is old, once a day.
            let whole = [OLDEST, OLD, UPLOADS].contains(&sql);
            assert!(whole || !plan.contains("SCAN"), "{sql}: {plan}");
            // Those that are told apart are the few that are asked for.
            assert!([AKIN, USERS].contains(&sql) || !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        }
    }
}
