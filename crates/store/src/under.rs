//! Records under a look-up, some at a time: for keys that are those of more records than one answer may read.

use crate::db::Db;
use crate::error::Trouble;
use crate::view::{View, lookup_key, uuid};
use slipway_domain::lookup::Lookup;
use slipway_domain::refusal::Fault;
use uuid::Uuid;

pub(crate) const UNDER: &str = "SELECT r.id, l.n FROM lookup l JOIN record r ON r.n = l.n
    WHERE l.key = ?1 AND l.n > ?2 ORDER BY l.n LIMIT ?3";

impl View<'_> {
    /// Ids of records under a key, after a row, at most so many, each with its row. The key in the table is short: a
    /// record of another key may be among them, so that whoever asks looks whether each is what was asked for.
    ///
    /// # Errors
    /// A storage fault.
    pub fn under(&self, lookup: Lookup, key: &str, after: i64, most: usize) -> Result<Vec<(Uuid, i64)>, Fault> {
        under(self.0, lookup, key, after, most).map_err(Trouble::into_fault)
    }
}

fn under(db: &Db, lookup: Lookup, key: &str, after: i64, most: usize) -> Result<Vec<(Uuid, i64)>, Trouble> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(UNDER)?;
    let rows = statement.query_map((lookup_key(lookup, key), after, most), |row| Ok((uuid(row, 0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
