//! Scrubbing: whether files still are what was put there. What is not is put aside, so that only that is fetched again.

use super::waiting::WAITS;
use super::{BlobError, CHUNK_USED, DROP_CHUNK, Watch, go_on, manifest, room};
use crate::error::StoreError;
use crate::open::Store;
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256 as Hasher};
use slipway_domain::blob::{Chunk, Manifest, Sha256};
use slipway_domain::time::Timestamp;

/// What a look at a file found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The file.
    pub manifest: Manifest,
    /// Its chunks that are damaged or gone.
    pub bad: Vec<Chunk>,
    /// Every chunk is what it is called and still the whole is not.
    pub wrong_whole: bool,
}

impl Checked {
    /// Whether the file is as it was taken in.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.bad.is_empty() && !self.wrong_whole
    }
}

impl Store {
    /// The file here after this one, in the order of their hashes; the first after `None`.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn next_blob(&self, after: Option<Sha256>) -> Result<Option<Sha256>, StoreError> {
        let after = after.map_or_else(Vec::new, |sha256| sha256.0.to_vec());
        self.reading(|db| Ok(db.prepare_cached(NEXT)?.query_row((after,), |row| row.get(0)).optional()?.map(Sha256)))
    }

    /// Bytes of all files here.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn blob_bytes(&self) -> Result<u64, StoreError> {
        self.reading(|db| {
            let sum: i64 = db.prepare_cached(ALL)?.query_row((), |row| row.get(0))?;
            Ok(sum.cast_unsigned())
        })
    }

    /// Reads every byte of a file that is here; `None` if it is gone meanwhile.
    ///
    /// # Errors
    /// `Stopped` by the watcher; or the disk failed.
    pub fn check_blob(&self, sha256: Sha256, watch: Watch<'_>) -> Result<Option<Checked>, BlobError> {
        let Some(manifest) = self.blob(sha256)? else { return Ok(None) };
        let (mut whole, mut bad, mut done) = (Hasher::new(), Vec::new(), 0_u64);
        for chunk in &manifest.chunks {
            match self.sealed.read(chunk.hash) {
                Ok(bytes) => whole.update(&bytes),
                Err(BlobError::Damaged { .. }) => bad.push(*chunk),
                Err(other) => return Err(other),
            }
            done = done.saturating_add(chunk.bytes.into());
            go_on(watch, done)?;
        }
        let wrong_whole = bad.is_empty() && <[u8; 32]>::from(whole.finalize()) != sha256.0;
        Ok(Some(Checked { manifest, bad, wrong_whole }))
    }

    /// Puts the damaged chunks of a file aside. Every file that has one of them counts as not here from now on, and is
    /// mended by fetching these chunks alone; one that the server does not have stays on the list of what is to be sent,
    /// for adding it again mends it. Gives the files touched, each with whether the server does not have it.
    ///
    /// # Errors
    /// The storage or the disk failed.
    pub fn quarantine_blob(&self, checked: &Checked, now: Timestamp) -> Result<Vec<(Sha256, bool)>, BlobError> {
        let mut touched = Vec::new();
        self.in_transaction(|db| {
            let mut files = vec![checked.manifest.sha256];
            for chunk in &checked.bad {
                self.sealed.put_aside(chunk.hash)?;
                let mut statement = db.prepare_cached(USERS)?;
                for file in statement.query_map((chunk.hash.0.as_slice(),), |row| Ok(Sha256(row.get(0)?)))? {
                    files.push(file?);
                }
            }
            files.sort_unstable();
            files.dedup();
            for sha256 in files {
                let whole = sha256.0.as_slice();
                db.prepare_cached(DAMAGE)?.execute((whole, now.0))?;
                let waits = db.prepare_cached(WAITS)?.exists((whole,))?;
                touched.push((sha256, waits));
                let Some(manifest) = manifest(db, sha256)?.filter(|_| !waits) else { continue };
                room::forget(db, sha256)?;
                // The sound ones stay where they are: they need not be fetched.
                for chunk in manifest.chunks {
                    let name = chunk.hash.0.as_slice();
                    if !db.prepare_cached(CHUNK_USED)?.exists((name,))? {
                        let freed: Option<i64> =
                            db.prepare_cached(DROP_CHUNK)?.query_row((name,), |row| row.get(0)).optional()?;
                        room::grow(db, freed.unwrap_or(0).saturating_neg())?;
                    }
                }
            }
            Ok(())
        })?;
        Ok(touched)
    }
}

const ALL: &str = "SELECT coalesce(sum(bytes), 0) FROM blob";
pub(super) const NEXT: &str = "SELECT sha256 FROM blob WHERE sha256 > ?1 ORDER BY sha256 LIMIT 1";
pub(super) const USERS: &str = "SELECT DISTINCT sha256 FROM blob_part WHERE chunk = ?1";
const DAMAGE: &str = "INSERT INTO blob_damage (sha256, found_at) VALUES (?1, ?2)
    ON CONFLICT (sha256) DO UPDATE SET found_at = excluded.found_at";
