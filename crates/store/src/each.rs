//! Records one after the other, of a kind or of a list: for exports, which no list should hold whole.

use crate::error::{StoreError, Trouble};
use crate::filter::{Field, Filter};
use crate::list::{ListSpec, query};
use crate::open::Store;
use crate::view::uuid;
use rusqlite::Connection;
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use uuid::Uuid;

/// Ids of a list that are given at once.
const CHUNK: usize = 500;

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

impl Store {
    /// Gives the ids of a list to `f` in order, some hundreds at once, as they are at one moment, until it fails. There
    /// is no limit to their number.
    ///
    /// # Errors
    /// What `f` returns, or that the storage failed.
    pub fn each_listed<E: From<StoreError>>(
        &self,
        spec: &ListSpec,
        f: &mut dyn FnMut(&[Uuid]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut theirs = None;
        let read = self.reading(|conn| {
            theirs = each_listed(conn, spec, f)?;
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

    /// Names in filter or sort that the kind does not have.
    #[must_use]
    pub fn unknown_names(&self, spec: &ListSpec) -> Vec<String> {
        let mut unknown = Filter::parse(spec.kind, &spec.filter).unknown;
        unknown.extend(spec.sort.iter().filter(|name| Field::named(spec.kind, name).is_none()).cloned());
        unknown
    }
}

fn each_listed<E>(
    conn: &Connection,
    spec: &ListSpec,
    f: &mut dyn FnMut(&[Uuid]) -> Result<(), E>,
) -> Result<Option<E>, Trouble> {
    let filter = Filter::parse(spec.kind, &spec.filter);
    let sort = spec.sort.as_deref().and_then(|name| Field::named(spec.kind, name));
    let query = query(conn, spec, &filter, sort)?;
    let mut statement = conn.prepare_cached(&query.sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(query.values))?;
    let mut ids = Vec::with_capacity(CHUNK);
    while let Some(row) = rows.next()? {
        ids.push(uuid(row, 0)?);
        if ids.len() == CHUNK {
            if let Err(error) = f(&ids) {
                return Ok(Some(error));
            }
            ids.clear();
        }
    }
    if ids.is_empty() { Ok(None) } else { Ok(f(&ids).err()) }
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
