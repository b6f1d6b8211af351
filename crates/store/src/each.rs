//! Every record of a kind, one after the other: for exports, which no list should hold whole.

use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::open::Store;
use crate::pack::Stored;
use crate::view::uuid;
use slipway_domain::record::{Kind, Record};

pub(crate) const EACH: &str = "SELECT id, body, source, target FROM record WHERE n = ?1";

impl Store {
    /// Gives every record of a kind to `f`, by id, as they are at one moment, until it fails. Records that this program
    /// cannot read are passed over.
    ///
    /// # Errors
    /// What `f` returns, or that the storage failed.
    pub fn each<E: From<StoreError>>(&self, kind: Kind, f: &mut dyn FnMut(Record) -> Result<(), E>) -> Result<(), E> {
        let mut theirs = None;
        let read = self.reading(|conn| {
            theirs = each(conn, kind, f)?;
            Ok(())
        });
        read?;
        theirs.map_or(Ok(()), Err)
    }
}

fn each<E>(db: &Db, kind: Kind, f: &mut dyn FnMut(Record) -> Result<(), E>) -> Result<Option<E>, Trouble> {
    let mut one = db.prepare_cached(EACH)?;
    for (_, n) in by_id(db, kind.name())? {
        let (id, stored) = one.query_row((n,), |row| Ok((uuid(row, 0)?, Stored::from_row(row, 1)?)))?;
        let Ok(Some(record)) = stored.record(db, kind, id) else { continue };
        if let Err(error) = f(record) {
            return Ok(Some(error));
        }
    }
    Ok(None)
}

/// Rows of a kind by ascending id. Reads the whole table: for exports and checks.
pub(crate) fn by_id(db: &Db, kind: &str) -> Result<Vec<([u8; 16], u32)>, Trouble> {
    let code = db.code(kind)?;
    let mut statement = db.prepare_cached("SELECT id, n FROM record WHERE kind = ?1 AND body IS NOT NULL")?;
    let mut rows: Vec<([u8; 16], u32)> =
        statement.query_map((code,), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    rows.sort_unstable();
    Ok(rows)
}
