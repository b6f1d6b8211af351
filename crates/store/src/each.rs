//! Every record of a kind, one after the other: for exports, which no list should hold whole.

use crate::error::{StoreError, Trouble};
use crate::open::Store;
use rusqlite::Connection;
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;

pub(crate) const EACH: &str = "SELECT body FROM record WHERE kind = ?1 ORDER BY id";

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

fn each<E>(conn: &Connection, kind: Kind, f: &mut dyn FnMut(Record) -> Result<(), E>) -> Result<Option<E>, Trouble> {
    let mut statement = conn.prepare_cached(EACH)?;
    let mut rows = statement.query((kind.name(),))?;
    while let Some(row) = rows.next()? {
        let body = row.get_ref(0)?.as_str().map_err(Fault::new)?;
        let Ok(record) = Record::from_body(kind, body) else { continue };
        if let Err(error) = f(record) {
            return Ok(Some(error));
        }
    }
    Ok(None)
}
