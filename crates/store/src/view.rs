//! Records as they were at one moment.

use crate::error::Trouble;
use crate::open::Store;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::refusal::{Fault, Refusal};
use uuid::Uuid;

impl Store {
    /// Runs `f` on the records as they are at this moment: it sees one state, whatever is written meanwhile.
    ///
    /// # Errors
    /// What `f` returns, or a storage fault.
    pub fn read<T, E: From<Fault>>(&self, f: impl FnOnce(&dyn Records) -> Result<T, E>) -> Result<T, E> {
        self.look(|view| f(view))
    }

    /// The same with what is known beside the records: pending commands on them, and records by what they are called.
    ///
    /// # Errors
    /// What `f` returns, or a storage fault.
    pub fn look<T, E: From<Fault>>(&self, f: impl FnOnce(&View<'_>) -> Result<T, E>) -> Result<T, E> {
        let outcome = self.pool.read(|conn| f(&View(conn)).map_err(Outcome::Theirs));
        outcome.map_err(|e| match e {
            Outcome::Theirs(e) => e,
            Outcome::Ours(trouble) => E::from(Fault::new(self.explain(trouble))),
        })
    }
}

enum Outcome<E> {
    Theirs(E),
    Ours(Trouble),
}

impl<E> From<Trouble> for Outcome<E> {
    fn from(trouble: Trouble) -> Self {
        Self::Ours(trouble)
    }
}

/// The records behind a connection in a transaction; refuses to write.
pub struct View<'c>(pub(crate) &'c Connection);

/// Pending commands that changed a record or are about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub commands: u32,
    /// One of them does not fit what came from the server since.
    pub will_be_refused: bool,
    /// What stands against the first of these.
    pub why: String,
}

impl View<'_> {
    /// Pending commands that changed a record or are about it: one that will probably be refused changes nothing.
    ///
    /// # Errors
    /// A storage fault.
    pub fn waiting(&self, kind: Kind, id: Uuid) -> Result<Waiting, Fault> {
        let mut waiting = Waiting::default();
        let mut predicted = String::new();
        let mut count = || -> Result<(), rusqlite::Error> {
            let mut statement = self.0.prepare_cached(WAITING)?;
            let mut rows = statement.query((kind.name(), id.as_bytes()))?;
            while let Some(row) = rows.next()? {
                waiting.commands = waiting.commands.saturating_add(1);
                if predicted.is_empty() {
                    predicted = row.get(0)?;
                }
            }
            Ok(())
        };
        count().map_err(Fault::new)?;
        if !predicted.is_empty() {
            waiting.will_be_refused = true;
            let refusal: Refusal = serde_json::from_str(&predicted).map_err(Fault::new)?;
            waiting.why = refusal.sentences();
        }
        Ok(waiting)
    }

    /// Records of a kind with that number or name, in any case; for an imported change its foreign number.
    ///
    /// # Errors
    /// A storage fault.
    pub fn labelled(&self, kind: Kind, label: &str) -> Result<Vec<Uuid>, Fault> {
        self.ids(LABELLED, kind, label)
    }

    /// Records of a kind with that title, in any case; for a DHS unit its serial number.
    ///
    /// # Errors
    /// A storage fault.
    pub fn titled(&self, kind: Kind, title: &str) -> Result<Vec<Uuid>, Fault> {
        self.ids(TITLED, kind, title)
    }

    fn ids(&self, sql: &str, kind: Kind, text: &str) -> Result<Vec<Uuid>, Fault> {
        let found = || -> Result<Vec<Uuid>, rusqlite::Error> {
            self.0.prepare_cached(sql)?.query_map((kind.name(), text.trim()), |row| uuid(row, 0))?.collect()
        };
        found().map_err(Fault::new)
    }
}

impl Records for View<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        let body = body(self.0, kind.name(), id).map_err(Fault::new)?;
        body.map(|(_, body)| Record::from_body(kind, &body)).transpose()
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        find(self.0, lookup, key).map_err(Fault::new)
    }

    fn write(&mut self, _record: Record) -> Result<(), Fault> {
        Err(Fault::new("a view does not write"))
    }

    fn remove(&mut self, _kind: Kind, _id: Uuid) -> Result<(), Fault> {
        Err(Fault::new("a view does not remove"))
    }
}

pub(crate) const WAITING: &str = "SELECT predicted FROM queue WHERE n IN (
        SELECT n FROM before WHERE kind = ?1 AND id = ?2
        UNION SELECT n FROM queue WHERE about_kind = ?1 AND about_id = ?2)
    ORDER BY n";
pub(crate) const LABELLED: &str = "SELECT id FROM summary WHERE kind = ?1 AND label = ?2 ORDER BY id LIMIT 100";
pub(crate) const TITLED: &str = "SELECT id FROM summary WHERE kind = ?1 AND title = ?2 ORDER BY id LIMIT 100";
pub(crate) const BODY: &str = "SELECT n, body FROM record WHERE kind = ?1 AND id = ?2";
pub(crate) const FIND: &str = "SELECT id FROM lookup WHERE key = ?1 ORDER BY id";

/// Row number and stored form of a record.
pub(crate) fn body(conn: &Connection, kind: &str, id: Uuid) -> Result<Option<(i64, String)>, rusqlite::Error> {
    conn.prepare_cached(BODY)?.query_row((kind, id.as_bytes()), |row| Ok((row.get(0)?, row.get(1)?))).optional()
}

/// Ids under a key, ascending.
pub(crate) fn find(conn: &Connection, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, rusqlite::Error> {
    conn.prepare_cached(FIND)?.query_map((lookup_key(lookup, key),), |row| uuid(row, 0))?.collect()
}

/// Under which key of `lookup` a look-up is kept.
pub(crate) fn lookup_key(lookup: Lookup, key: &str) -> [u8; 16] {
    let digest = Sha256::digest(format!("{}|{key}", lookup.name()));
    digest.first_chunk().copied().unwrap_or_default()
}

/// An id in a row.
pub(crate) fn uuid(row: &rusqlite::Row<'_>, column: usize) -> Result<Uuid, rusqlite::Error> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}
