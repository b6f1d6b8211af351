//! Pages that came from the server, set aside until all of them are here. Nothing of them shows before the flip.

use crate::error::StoreError;
use crate::open::Store;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

/// An entry of a page: the newest state of a record in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The part of the workspace it came in.
    pub bucket: String,
    /// The server's sequence at which it moved there.
    pub seq: u64,
    /// Stable name of its kind; one that this program does not know is kept and hidden.
    pub kind: String,
    /// Its identity.
    pub id: Uuid,
    /// Its body exactly as it came; `None`: it left the bucket or was removed.
    pub body: Option<String>,
}

/// How far a bucket has been pulled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The bucket.
    pub bucket: String,
    /// The next page begins after this.
    pub seq: u64,
}

impl Store {
    /// Sets a page aside together with how far it reaches, durably: a pull that is cut off goes on from there.
    ///
    /// # Errors
    /// That the storage failed; then nothing of the page was taken.
    pub fn stage(&self, page: &[Staged], reached: &[Reached]) -> Result<(), StoreError> {
        self.writing(|conn| {
            let mut put = conn.prepare_cached(
                "INSERT INTO incoming (bucket, kind, id, seq, body) VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (bucket, kind, id) DO UPDATE SET seq = excluded.seq, body = excluded.body
                 WHERE excluded.seq >= seq",
            )?;
            for entry in page {
                put.execute((
                    &entry.bucket,
                    &entry.kind,
                    entry.id.as_bytes(),
                    entry.seq.cast_signed(),
                    entry.body.as_deref(),
                ))?;
            }
            let mut reach = conn.prepare_cached(
                "INSERT INTO staging (bucket, seq) VALUES (?1, ?2)
                 ON CONFLICT (bucket) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq",
            )?;
            for bucket in reached {
                reach.execute((&bucket.bucket, bucket.seq.cast_signed()))?;
            }
            Ok(())
        })
    }

    /// After which sequence the next page of a bucket begins: as far as it is staged, else as far as it is confirmed.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn staged_cursor(&self, bucket: &str) -> Result<u64, StoreError> {
        self.reading(|conn| {
            let staged = seq(conn, "SELECT seq FROM staging WHERE bucket = ?1", bucket)?;
            let confirmed = seq(conn, "SELECT seq FROM cursor WHERE bucket = ?1", bucket)?;
            Ok(staged.or(confirmed).unwrap_or(0))
        })
    }

    /// Buckets of which something is set aside.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn staged_buckets(&self) -> Result<Vec<String>, StoreError> {
        self.reading(|conn| {
            let mut statement =
                conn.prepare_cached(
                "SELECT bucket FROM staging UNION SELECT DISTINCT bucket FROM incoming UNION SELECT bucket FROM snapshot",
            )?;
            Ok(statement.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }

    /// Throws away what was set aside.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn discard_staged(&self) -> Result<(), StoreError> {
        self.writing(|conn| Ok(discard(conn)?))
    }

    /// Asks for everything anew: of one bucket whose checksum was wrong, or of all after the server was restored.
    /// Nothing is removed before the flip, and then only what did not come again.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn start_over(&self, bucket: Option<&str>) -> Result<(), StoreError> {
        self.writing(|conn| {
            discard(conn)?;
            match bucket {
                Some(bucket) => conn.execute("UPDATE cursor SET seq = 0 WHERE bucket = ?1", (bucket,))?,
                None => conn.execute("UPDATE cursor SET seq = 0", ())?,
            };
            Ok(())
        })
    }
}

pub(crate) fn discard(conn: &Connection) -> Result<(), rusqlite::Error> {
    conn.execute("DELETE FROM incoming", ())?;
    conn.execute("DELETE FROM staging", ())?;
    conn.execute("DELETE FROM frame", ())?;
    conn.execute("DELETE FROM snapshot", ())?;
    Ok(())
}

fn seq(conn: &Connection, sql: &str, bucket: &str) -> Result<Option<u64>, rusqlite::Error> {
    conn.prepare_cached(sql)?.query_row((bucket,), |row| row.get::<_, i64>(0).map(i64::cast_unsigned)).optional()
}
