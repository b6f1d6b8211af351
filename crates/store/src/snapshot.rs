//! Frames of buckets that are fetched whole, set aside until all of them are here. Nothing of them shows before the flip.

use crate::error::StoreError;
use crate::open::Store;
use rusqlite::Connection;
use slipway_domain::refusal::Fault;
use uuid::Uuid;

/// A snapshot whose last frame is not here yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetching {
    /// The bucket.
    pub bucket: String,
    /// As it was given when the snapshot was begun.
    pub manifest: String,
    /// How many of its first frames are here.
    pub kept: usize,
}

/// A record in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Stable name of its kind.
    pub kind: &'a str,
    /// Its identity.
    pub id: Uuid,
    /// The server's sequence at which it moved into the bucket.
    pub seq: u64,
    /// Its body exactly as it came.
    pub body: &'a str,
    /// Its checksum, see [`slipway_domain::checksum::row_checksum`].
    pub checksum: u64,
}

/// Reads frames. The store keeps them as they came and knows nothing of their form.
pub trait Unpack: Sync {
    /// Shows every record of a frame, ascending by kind, then id.
    ///
    /// # Errors
    /// It is not what the manifest says; also after some records were shown.
    fn unpack(&self, manifest: &str, n: usize, packed: &[u8], show: &mut dyn FnMut(Row<'_>)) -> Result<(), Fault>;

    /// How many records there are in all frames, and the wrapping sum of their checksums.
    ///
    /// # Errors
    /// The manifest cannot be read.
    fn total(&self, manifest: &str) -> Result<(u64, u64), Fault>;
}

/// For whoever fetches no bucket whole.
pub(crate) struct Unreadable;

impl Unpack for Unreadable {
    fn unpack(&self, _: &str, _: usize, _: &[u8], _: &mut dyn FnMut(Row<'_>)) -> Result<(), Fault> {
        Err(Fault::new("nobody here can read it"))
    }

    fn total(&self, _: &str) -> Result<(u64, u64), Fault> {
        Err(Fault::new("nobody here can read it"))
    }
}

impl Store {
    /// Begins to fetch a bucket whole: what was staged of it is forgotten.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn begin_snapshot(&self, bucket: &str, seq: u64, manifest: &str) -> Result<(), StoreError> {
        self.writing(|conn| {
            for table in ["incoming", "staging", "frame", "snapshot"] {
                conn.execute(&format!("DELETE FROM {table} WHERE bucket = ?1"), (bucket,))?;
            }
            conn.execute(
                "INSERT INTO snapshot (bucket, seq, manifest) VALUES (?1, ?2, ?3)",
                (bucket, seq.cast_signed(), manifest),
            )?;
            Ok(())
        })
    }

    /// Keeps the next frames of a bucket, durably. With the last ones the bucket is staged up to the snapshot's
    /// sequence.
    ///
    /// # Errors
    /// That the storage failed; then none of them is kept.
    pub fn keep_frames(&self, bucket: &str, frames: &[Vec<u8>], last: bool) -> Result<(), StoreError> {
        self.writing(|conn| {
            let mut put = conn.prepare_cached(
                "INSERT INTO frame (bucket, n, packed)
                 SELECT ?1, (SELECT count(*) FROM frame WHERE bucket = ?1), ?2",
            )?;
            for frame in frames {
                put.execute((bucket, frame))?;
            }
            if last {
                conn.execute("UPDATE snapshot SET complete = 1 WHERE bucket = ?1", (bucket,))?;
                conn.execute(
                    "INSERT OR REPLACE INTO staging (bucket, seq) SELECT bucket, seq FROM snapshot WHERE bucket = ?1",
                    (bucket,),
                )?;
            }
            Ok(())
        })
    }

    /// Forgets a bucket's snapshot, also a complete one, and what was staged on top of it.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn drop_snapshot(&self, bucket: &str) -> Result<(), StoreError> {
        self.writing(|conn| {
            for table in ["incoming", "staging", "frame", "snapshot"] {
                conn.execute(&format!("DELETE FROM {table} WHERE bucket = ?1"), (bucket,))?;
            }
            Ok(())
        })
    }

    /// Snapshots whose last frame is not here yet.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn fetching(&self) -> Result<Vec<Fetching>, StoreError> {
        self.reading(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT bucket, manifest, (SELECT count(*) FROM frame WHERE frame.bucket = snapshot.bucket)
                 FROM snapshot WHERE complete = 0 ORDER BY bucket",
            )?;
            let rows = statement.query_map((), |row| {
                let kept = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
                Ok(Fetching { bucket: row.get(0)?, manifest: row.get(1)?, kept })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Snapshots of which every frame is here.
pub(crate) struct Complete {
    pub(crate) bucket: String,
    pub(crate) manifest: String,
    pub(crate) frames: usize,
}

pub(crate) fn complete(conn: &Connection) -> Result<Vec<Complete>, rusqlite::Error> {
    conn.prepare_cached(
        "SELECT bucket, manifest, (SELECT count(*) FROM frame WHERE frame.bucket = snapshot.bucket)
         FROM snapshot WHERE complete = 1 ORDER BY bucket",
    )?
    .query_map((), |row| {
        let frames = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(0);
        Ok(Complete { bucket: row.get(0)?, manifest: row.get(1)?, frames })
    })?
    .collect()
}

pub(crate) fn frame(conn: &Connection, bucket: &str, n: usize) -> Result<Vec<u8>, rusqlite::Error> {
    conn.prepare_cached("SELECT packed FROM frame WHERE bucket = ?1 AND n = ?2")?
        .query_row((bucket, i64::try_from(n).unwrap_or(i64::MAX)), |row| row.get(0))
}
