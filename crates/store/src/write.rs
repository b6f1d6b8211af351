//! The only door through which record rows change: look-ups at once, before-images for pending commands, and at the
//! end the summaries, the search words and the list of what changed.

use crate::db::Db;
use crate::error::Trouble;
use crate::guard;
use crate::impact::analyse;
use crate::names::{Written, is_in_summaries};
use crate::pack::{Body, end, pack};
use crate::project::{Part, Projection, Writing, forget_words, is_projected, relookup, unproject};
use crate::view::{any, body, find, lookup_keys, read, stored};
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::impact::{Impact, Question};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::refusal::Fault;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// More records than this are not listed one by one.
pub const CHANGES_LISTED: usize = 1_000;

/// Which records a transaction changed: what the screen has to ask for again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Kinds of which at least one record changed.
    pub kinds: BTreeSet<Kind>,
    /// The records, unless there are [`Changes::many`].
    pub ids: BTreeSet<Uuid>,
    /// More than [`CHANGES_LISTED`]: every record of the kinds may have changed.
    pub many: bool,
}

impl Changes {
    fn add(&mut self, kind: Kind, id: Uuid) {
        self.kinds.insert(kind);
        if self.ids.len() < CHANGES_LISTED {
            self.ids.insert(id);
        } else if !self.ids.contains(&id) {
            self.many = true;
            self.ids.clear();
        }
        if self.many {
            self.ids.clear();
        }
    }

    /// Everything may look different now.
    pub(crate) fn everything() -> Self {
        Self { kinds: Kind::ALL.iter().copied().collect(), ids: BTreeSet::new(), many: true }
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }
}

/// Whether a confirmed copy or a relation points at a row.
pub(crate) const POINTED_AT: &str = "SELECT 1 FROM member WHERE n = ?1
    UNION ALL SELECT 1 FROM record WHERE source = ?1 UNION ALL SELECT 1 FROM record WHERE target = ?1
    UNION ALL SELECT 1 FROM guard WHERE member = ?1";

/// A command that is being executed: its place in the order, and how what it replaces is kept.
#[derive(Clone, Copy)]
struct Pending {
    n: i64,
    keep: &'static str,
}

/// Row number and stored form as the transaction found them.
type Found = Option<(i64, String)>;

/// The records of a write transaction.
pub(crate) struct Writer<'t> {
    conn: &'t Db,
    /// The pending command that is being executed: what it touches first is kept as it was.
    pending: Option<Pending>,
    /// Every record written to, as the transaction found it.
    touched: BTreeMap<(Kind, Uuid), Found>,
    /// Those whose row was taken away in between: one put back as it was still needs its summary and words.
    removed: BTreeSet<(Kind, Uuid)>,
    /// CIs among them: their summaries, by which they are found, are brought up to date at the end.
    cis: Written,
}

impl<'t> Writer<'t> {
    pub(crate) fn new(conn: &'t Db) -> Self {
        Self { conn, pending: None, touched: BTreeMap::new(), removed: BTreeSet::new(), cis: Written::default() }
    }

    /// From here on before-images are kept for the command at place `n` of the queue.
    pub(crate) fn executing(&mut self, n: i64) {
        self.pending =
            Some(Pending { n, keep: "INSERT OR IGNORE INTO before (kind, id, n, body) VALUES (?1, ?2, ?3, ?4)" });
    }

    /// The same for another laptop's command.
    pub(crate) fn executing_foreign(&mut self, n: i64) {
        let keep = "INSERT OR IGNORE INTO foreign_before (kind, id, n, body) VALUES (?1, ?2, ?3, ?4)";
        self.pending = Some(Pending { n, keep });
    }

    /// Gives a record a stored form, or none; kinds that this program does not know included.
    pub(crate) fn set(&mut self, kind: &str, id: Uuid, new: Option<&str>) -> Result<(), Trouble> {
        let parsed = match (Kind::named(kind), new) {
            (Some(kind), Some(body)) => Record::from_body(kind, body).ok(),
            _ => None,
        };
        self.replace(kind, id, new, parsed.as_ref(), false)
    }

    /// `exact`: `new` is what the record's own body is.
    fn replace(
        &mut self,
        kind: &str,
        id: Uuid,
        new: Option<&str>,
        record: Option<&Record>,
        exact: bool,
    ) -> Result<(), Trouble> {
        let (n, old) = match stored(self.conn, kind, id)? {
            Some((n, stored)) => (Some(n), stored.body(self.conn, id)?.map(|body| (n, body))),
            None => (None, None),
        };
        let old_body = old.as_ref().map(|(_, body)| body.as_str());
        if old_body == new {
            if let (Some(n), None) = (n, new) {
                self.leave(n)?;
            }
            return Ok(());
        }
        if let Some(Pending { n, keep }) = self.pending {
            self.conn.prepare_cached(keep)?.execute((kind, id.as_bytes(), n, old_body))?;
        }
        // What could not be read has no keys.
        let old_record = Kind::named(kind).zip(old_body).and_then(|(kind, body)| Record::from_body(kind, body).ok());
        let old_keys = old_record.as_ref().map(lookup_keys).unwrap_or_default();
        match (n, new) {
            (n, Some(new)) => {
                let db = self.conn;
                let body = match record {
                    Some(record) if exact => Body::Of(record),
                    record => Body::Text(new, record),
                };
                let packed = pack(db, body, &mut |id| end(db, id))?;
                let n = match n {
                    Some(n) => {
                        db.prepare_cached("UPDATE record SET body = ?2, source = ?3, target = ?4 WHERE n = ?1")?
                            .execute((n, &packed, packed.source, packed.target))?;
                        n
                    }
                    None => {
                        let code = db.code_or_new(kind)?;
                        db.prepare_cached(
                            "INSERT INTO record (kind, id, body, source, target) VALUES (?1, ?2, ?3, ?4, ?5)",
                        )?
                        .execute((
                            code,
                            id.as_bytes(),
                            &packed,
                            packed.source,
                            packed.target,
                        ))?;
                        db.last_insert_rowid()
                    }
                };
                relookup(db, n, &old_keys, &record.map(lookup_keys).unwrap_or_default())?;
                if guard::may_guard(kind) {
                    guard::write(db, n, record)?;
                }
            }
            (Some(n), None) => {
                relookup(self.conn, n, &old_keys, &[])?;
                unproject(self.conn, n)?;
                if guard::may_guard(kind) {
                    guard::write(self.conn, n, None)?;
                }
                self.leave(n)?;
            }
            (None, None) => {}
        }
        if let Some(known) = Kind::named(kind) {
            if new.is_none() {
                self.removed.insert((known, id));
            }
            if known == Kind::Ci {
                self.cis.put(id, record);
            }
            self.touched.entry((known, id)).or_insert(old);
        }
        Ok(())
    }

    /// Takes the body out of a row; the row itself goes unless something points at it.
    fn leave(&self, n: i64) -> Result<(), rusqlite::Error> {
        let sql = if self.conn.prepare_cached(POINTED_AT)?.exists((n,))? {
            "UPDATE record SET body = NULL, source = NULL, target = NULL WHERE n = ?1"
        } else {
            "DELETE FROM record WHERE n = ?1"
        };
        self.conn.prepare_cached(sql)?.execute((n,)).map(|_| ())
    }

    /// Brings summaries and search words up to date and says what changed.
    pub(crate) fn finish(self) -> Result<Changes, Trouble> {
        let mut changes = Changes::default();
        let mut rows = Vec::new();
        for ((kind, id), old) in self.touched {
            let returned = self.removed.contains(&(kind, id));
            if old.is_none() && !returned {
                changes.add(kind, id);
                // New: there is nothing to compare with, and of some kinds nothing to derive.
                if is_projected(kind)
                    && let Some((n, new)) = stored(self.conn, kind.name(), id)?
                {
                    let record = match new.record(self.conn, kind, id) {
                        Ok(record) => record,
                        Err(Trouble::Fault(_)) => None,
                        Err(trouble) => return Err(trouble),
                    };
                    rows.push(Derived { n, record, part: Part::Both { had_words: false } });
                }
            } else {
                let new = body(self.conn, kind.name(), id)?;
                if new == old && !returned {
                    continue;
                }
                let old_body = old.map(|(_, body)| body);
                if new.as_ref().map(|(_, body)| body) != old_body.as_ref() {
                    changes.add(kind, id);
                }
                if let Some((n, body)) = new
                    && is_projected(kind)
                {
                    let projection = |record: &Option<Record>| record.as_ref().and_then(Projection::of);
                    let record = Record::from_body(kind, &body).ok();
                    let was = old_body.filter(|_| !returned).and_then(|body| Record::from_body(kind, &body).ok());
                    let part = match (projection(&was), projection(&record)) {
                        (Some(was), Some(is)) => was.differs(&is),
                        _ => Some(Part::Both { had_words: !returned }),
                    };
                    if let Some(part) = part {
                        rows.push(Derived { n, record, part });
                    }
                }
            }
            if rows.len() == DERIVED_AT_ONCE {
                derive(self.conn, &mut rows)?;
            }
        }
        derive(self.conn, &mut rows)?;
        Ok(changes)
    }
}

/// Rows whose summaries and words are written together.
const DERIVED_AT_ONCE: usize = 10_000;

/// A row of which something derived is to be written.
struct Derived {
    n: i64,
    /// `None` if this program does not understand it.
    record: Option<Record>,
    part: Part,
}

/// Writes what is derived. The index of the words takes many changes at once only in the order of the rows, and only
/// after all that is to be forgotten was.
fn derive(db: &Db, rows: &mut Vec<Derived>) -> Result<(), Trouble> {
    rows.sort_unstable_by_key(|row| row.n);
    for row in rows.iter() {
        if row.record.is_none() {
            unproject(db, row.n)?;
        } else if matches!(row.part, Part::Words | Part::Both { had_words: true }) {
            forget_words(db, row.n)?;
        }
    }
    let mut writing = Writing::over(db)?;
    let mut words = Vec::new();
    for Derived { n, record, part } in rows.drain(..) {
        let Some((id, mut projection)) = record.and_then(|record| Some((record.id(), Projection::of(&record)?))) else {
            continue;
        };
        if part != Part::Words {
            writing.lists(n, id, &projection)?;
        }
        if part != Part::Summary {
            words.extend(projection.take_words().map(|text| (n, text)));
        }
    }
    for (n, text) in words {
        writing.words(n, &text)?;
    }
    Ok(())
}

impl Records for Writer<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        read(self.conn, kind, id).map_err(Trouble::into_fault)
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        let mut found = find(self.conn, lookup, key).map_err(Trouble::into_fault)?;
        if is_in_summaries(lookup) {
            found.retain(|id| !self.cis.has(*id));
            found.extend(self.cis.find(lookup, key));
            found.sort_unstable();
        }
        Ok(found)
    }

    fn any(&self, lookup: Lookup, key: &str) -> Result<bool, Fault> {
        if self.cis.find(lookup, key).next().is_some() {
            return Ok(true);
        }
        let is_written = |id| is_in_summaries(lookup) && self.cis.has(id);
        any(self.conn, lookup, key, &is_written).map_err(Trouble::into_fault)
    }

    fn impact(&self, question: &Question) -> Result<Option<Impact>, Fault> {
        analyse(self.conn, question).map(Some)
    }

    fn write(&mut self, record: Record) -> Result<(), Fault> {
        let body = record.body()?;
        self.replace(record.kind().name(), record.id(), Some(&body), Some(&record), true).map_err(Trouble::into_fault)
    }

    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        self.replace(kind.name(), id, None, None, false).map_err(Trouble::into_fault)
    }
}
