//! Records one after the other, of a kind or of a list: for exports, which no list should hold whole.

use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::filter::{judge, listed};
use crate::list::{ListSpec, sorted_by, whole};
use crate::open::Store;
use crate::pack::Stored;
use crate::view::uuid;
use slipway_domain::record::{Kind, Record};
use uuid::Uuid;

/// Ids of a list that are given at once.
const CHUNK: usize = 500;

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

impl Store {
    /// Gives the ids of a list to `f` in order, some hundreds at once, as they are at one moment, until it fails. There
    /// is no limit to their number, nor to how many are looked at where no index has what the filter asks for.
    ///
    /// # Errors
    /// What `f` returns, or that the storage failed.
    pub fn each_listed<E: From<StoreError>>(
        &self,
        spec: &ListSpec,
        f: &mut dyn FnMut(&[Uuid]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut theirs = None;
        let read = self.reading(|db| {
            theirs = each_listed(db, spec, f)?;
            Ok(())
        });
        read?;
        theirs.map_or(Ok(()), Err)
    }

    /// How many records a list has.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn count_listed(&self, spec: &ListSpec) -> Result<u64, StoreError> {
        let mut count = 0_u64;
        self.each_listed::<StoreError>(spec, &mut |ids| {
            count += ids.len() as u64;
            Ok(())
        })?;
        Ok(count)
    }
}

/// Whether lists of a kind can be sorted by a field of that name.
#[must_use]
pub fn sorts_by(kind: Kind, name: &str) -> bool {
    sorted_by(kind, name).is_some()
}

fn each_listed<E>(db: &Db, spec: &ListSpec, f: &mut dyn FnMut(&[Uuid]) -> Result<(), E>) -> Result<Option<E>, Trouble> {
    let sort = spec.sort.as_deref().and_then(|name| sorted_by(spec.kind, name));
    let query = whole(db, spec, sort)?;
    let mut statement = db.prepare_cached(&query.sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(query.values))?;
    let mut ids = Vec::with_capacity(CHUNK);
    while let Some(row) = rows.next()? {
        let id = listed(db, row)?;
        if !query.is_exact && !judge(db, spec.kind, id, &spec.filter)? {
            continue;
        }
        ids.push(id);
        if ids.len() == CHUNK {
            if let Err(error) = f(&ids) {
                return Ok(Some(error));
            }
            ids.clear();
        }
    }
    if ids.is_empty() { Ok(None) } else { Ok(f(&ids).err()) }
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
