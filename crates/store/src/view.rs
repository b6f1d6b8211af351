//! Records as they were at one moment.

use crate::db::Db;
use crate::error::Trouble;
use crate::impact::analyse;
use crate::names::{answered, is_answered};
use crate::open::Store;
use crate::pack::Stored;
use rusqlite::OptionalExtension;
use sha2::{Digest, Sha256};
use slipway_domain::cmdb::impact::{Impact, Question};
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
pub struct View<'c>(pub(crate) &'c Db);

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
        self.ids(if kind == Kind::Ci { CI_LABELLED } else { LABELLED }, kind, label)
    }

    /// Records of a kind with that title, in any case; for a DHS unit its serial number.
    ///
    /// # Errors
    /// A storage fault.
    pub fn titled(&self, kind: Kind, title: &str) -> Result<Vec<Uuid>, Fault> {
        // The title of a CI is its name.
        self.ids(if kind == Kind::Ci { CI_LABELLED } else { TITLED }, kind, title)
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
        read(self.0, kind, id).map_err(Trouble::into_fault)
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        find(self.0, lookup, key).map_err(Trouble::into_fault)
    }

    fn impact(&self, question: &Question) -> Result<Option<Impact>, Fault> {
        analyse(self.0, question).map(Some)
    }

    fn any(&self, lookup: Lookup, key: &str) -> Result<bool, Fault> {
        any(self.0, lookup, key, &|_| false).map_err(Trouble::into_fault)
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
pub(crate) const CI_LABELLED: &str = "SELECT r.id FROM ci_summary s JOIN record r ON r.n = s.n
    WHERE ?1 IS NOT NULL AND s.label = ?2 ORDER BY r.id LIMIT 100";
pub(crate) const ROW: &str = "SELECT n FROM record WHERE substr(id, 11) = substr(?2, 11) AND id = ?2 AND kind = ?1";
pub(crate) const BODY: &str =
    "SELECT n, body, source, target FROM record WHERE substr(id, 11) = substr(?2, 11) AND id = ?2 AND kind = ?1";
pub(crate) const FIND: &str = "SELECT r.kind, r.id, r.body, r.source, r.target FROM lookup l JOIN record r ON r.n = l.n
    WHERE l.key = ?1";
pub(crate) const FROM_SOURCE: &str = "SELECT id FROM record WHERE source = ?1 AND body IS NOT NULL ORDER BY id";
pub(crate) const TO_TARGET: &str = "SELECT id FROM record WHERE target = ?1 AND body IS NOT NULL ORDER BY id";

/// CIs by class need no look-ups of their own: lists group CIs by class already.
pub(crate) const OF_CLASS: &str = "SELECT r.id FROM ci_summary s JOIN record r ON r.n = s.n WHERE s.grp = ?1";

/// The row of a record, also of one that only a confirmed copy or a relation points at.
pub(crate) fn row(db: &Db, kind: &str, id: Uuid) -> Result<Option<i64>, rusqlite::Error> {
    let Some(code) = db.code(kind)? else { return Ok(None) };
    db.prepare_cached(ROW)?.query_row((code, id.as_bytes()), |row| row.get(0)).optional()
}

/// The same; the row is made if there is none.
pub(crate) fn row_of(db: &Db, kind: &str, id: Uuid) -> Result<i64, Trouble> {
    row(db, kind, id)?.map_or_else(|| new_row(db, kind, id), Ok)
}

/// A row for a record that has none yet.
pub(crate) fn new_row(db: &Db, kind: &str, id: Uuid) -> Result<i64, Trouble> {
    let code = db.code_or_new(kind)?;
    db.prepare_cached("INSERT INTO record (kind, id) VALUES (?1, ?2)")?.execute((code, id.as_bytes()))?;
    Ok(db.last_insert_rowid())
}

/// Row number and stored form of a record, also of one whose row has no body.
pub(crate) fn stored(db: &Db, kind: &str, id: Uuid) -> Result<Option<(i64, Stored)>, rusqlite::Error> {
    let Some(code) = db.code(kind)? else { return Ok(None) };
    db.prepare_cached(BODY)?
        .query_row((code, id.as_bytes()), |row| Ok((row.get(0)?, Stored::from_row(row, 1)?)))
        .optional()
}

/// Row number and exact body of a record.
pub(crate) fn body(db: &Db, kind: &str, id: Uuid) -> Result<Option<(i64, String)>, Trouble> {
    match stored(db, kind, id)? {
        Some((n, stored)) => Ok(stored.body(db, id)?.map(|body| (n, body))),
        None => Ok(None),
    }
}

/// A record.
pub(crate) fn read(db: &Db, kind: Kind, id: Uuid) -> Result<Option<Record>, Trouble> {
    match stored(db, kind.name(), id)? {
        Some((_, stored)) => stored.record(db, kind, id),
        None => Ok(None),
    }
}

/// Ids under a key, ascending.
pub(crate) fn find(db: &Db, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Trouble> {
    let ends = match lookup {
        Lookup::RelationsFrom => Some(FROM_SOURCE),
        Lookup::RelationsTo => Some(TO_TARGET),
        _ => None,
    };
    if let Some(sql) = ends {
        let Ok(id) = key.parse::<Uuid>() else { return Ok(Vec::new()) };
        let Some(n) = row(db, Kind::Ci.name(), id)? else { return Ok(Vec::new()) };
        return Ok(db.prepare_cached(sql)?.query_map((n,), |row| uuid(row, 0))?.collect::<Result<_, _>>()?);
    }
    if lookup == Lookup::CiByClass {
        let Some(class) = class_code(db, key)? else { return Ok(Vec::new()) };
        let mut found: Vec<Uuid> =
            db.prepare_cached(OF_CLASS)?.query_map((class,), |row| uuid(row, 0))?.collect::<Result<_, _>>()?;
        found.sort_unstable();
        return Ok(found);
    }
    let mut found = answered(db, lookup, key)?;
    let mut statement = db.prepare_cached(FIND)?;
    let mut rows = statement.query((lookup_key(lookup, key),))?;
    while let Some(row) = rows.next()? {
        let Some(kind) = Kind::named(&db.text(row.get(0)?)?) else { continue };
        let id = uuid(row, 1)?;
        // The key in the table is short: whether the record has the whole one only itself can say.
        if let Some(record) = Stored::from_row(row, 2)?.record(db, kind, id)?
            && record.lookups().iter().any(|(name, text)| *name == lookup && text == key)
        {
            found.push(id);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// Whether there is an id under a key, besides those that do not count.
pub(crate) fn any(db: &Db, lookup: Lookup, key: &str, is_besides: &dyn Fn(Uuid) -> bool) -> Result<bool, Trouble> {
    if lookup != Lookup::CiByClass {
        return Ok(find(db, lookup, key)?.into_iter().any(|id| !is_besides(id)));
    }
    let Some(class) = class_code(db, key)? else { return Ok(false) };
    let mut statement = db.prepare_cached(OF_CLASS)?;
    let mut rows = statement.query((class,))?;
    while let Some(row) = rows.next()? {
        if !is_besides(uuid(row, 0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The number by which summaries name a class (its key, lower case); `None`: no CI here ever was of it.
pub(crate) fn class_code(db: &Db, class: &str) -> Result<Option<i64>, rusqlite::Error> {
    if class.is_empty() { Ok(Some(0)) } else { db.code(class) }
}

/// Under which key of `lookup` a look-up is kept.
pub(crate) fn lookup_key(lookup: Lookup, key: &str) -> i64 {
    let mut digest = Sha256::new();
    digest.update(lookup.name());
    digest.update("|");
    digest.update(key);
    digest.finalize().iter().take(6).fold(0, |sum, byte| (sum << 8) | i64::from(*byte))
}

/// The keys of a record that are kept in `lookup`: relations are found by the rows of their ends, most CIs by name and
/// class through their summaries.
pub(crate) fn lookup_keys(record: &Record) -> Vec<i64> {
    match record {
        Record::Relation(_) => Vec::new(),
        _ => {
            let kept = record.lookups().into_iter().filter(|(lookup, _)| !is_answered(record, *lookup));
            kept.map(|(lookup, key)| lookup_key(lookup, &key)).collect()
        }
    }
}

/// An id in a row.
pub(crate) fn uuid(row: &rusqlite::Row<'_>, column: usize) -> Result<Uuid, rusqlite::Error> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}
