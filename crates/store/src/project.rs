//! What is derived from a record's body and kept beside it: look-up keys, the summary row that lists sort and filter
//! by, and the words that search finds.

use crate::error::Trouble;
use crate::view::{lookup_key, uuid};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use slipway_domain::filter::text::number_words;
use slipway_domain::id::PersonId;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::release::task_record::Assignee;
use slipway_domain::time::{Timestamp, Window};
use uuid::Uuid;

/// Raised whenever the derivation changes, here or in the domain: the next opening derives everything anew.
const PROJECTION: u32 = 2;

/// The summary of a record. Filter columns are lower case.
#[derive(Debug, Default, PartialEq, Eq)]
struct Summary {
    label: String,
    position: i64,
    title: String,
    grp: String,
    state: String,
    kind_of: String,
    class: String,
    level: String,
    owner: String,
    at: i64,
}

/// Whether rows of this kind have a summary or words at all; those that have not are found through others.
pub(crate) fn is_projected(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Relation
            | Kind::Movement
            | Kind::BaselinePart
            | Kind::BaselineCount
            | Kind::CiStep
            | Kind::Exception
            | Kind::Delegation
            | Kind::TaskTemplate
            | Kind::ApprovalPolicy
            | Kind::WorkspaceRules
            | Kind::RelationKind
            | Kind::CiClass
    )
}

/// What lists and search need of a record.
pub(crate) struct Projection {
    summary: Option<Summary>,
    words: Option<Words>,
}

struct Words {
    title: String,
    number: String,
    words: String,
    kind: String,
}

impl Projection {
    /// Of a record; `None` where neither lists nor search show it.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        if !is_projected(record.kind()) {
            return None;
        }
        let text = record.search_text();
        let title = text.as_ref().map(|(title, _)| title.clone()).unwrap_or_default();
        let words = text.map(|(title, words)| Words {
            title,
            number: number_words(record),
            words,
            kind: kind_word(record.kind()),
        });
        Some(Self { summary: summary(record, title), words })
    }

    /// Writes it for row `n`, of which there is none yet.
    pub(crate) fn insert(&self, conn: &Connection, n: i64, kind: &str, id: Uuid) -> Result<(), rusqlite::Error> {
        if let Some(summary) = &self.summary {
            summary.write(conn, INSERT_SUMMARY, n, kind, id)?;
        }
        self.words(conn, n, "INSERT INTO search (rowid, title, number, words, kind) VALUES (?1, ?2, ?3, ?4, ?5)")
    }

    fn words(&self, conn: &Connection, n: i64, sql: &str) -> Result<(), rusqlite::Error> {
        if let Some(Words { title, number, words, kind }) = &self.words {
            conn.prepare_cached(sql)?.execute((n, title, number, words, kind))?;
        }
        Ok(())
    }
}

const INSERT_SUMMARY: &str =
    "INSERT INTO summary (n, kind, id, label, position, title, grp, state, type, class, level, owner, at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const UPSERT_SUMMARY: &str =
    "INSERT INTO summary (n, kind, id, label, position, title, grp, state, type, class, level, owner, at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
     ON CONFLICT (n) DO UPDATE SET label = excluded.label, position = excluded.position,
       title = excluded.title, grp = excluded.grp, state = excluded.state, type = excluded.type,
       class = excluded.class, level = excluded.level, owner = excluded.owner, at = excluded.at";

impl Summary {
    fn write(&self, conn: &Connection, sql: &str, n: i64, kind: &str, id: Uuid) -> Result<(), rusqlite::Error> {
        conn.prepare_cached(sql)?.execute(rusqlite::params![
            n,
            kind,
            id.as_bytes(),
            self.label,
            self.position,
            self.title,
            self.grp,
            self.state,
            self.kind_of,
            self.class,
            self.level,
            self.owner,
            self.at,
        ])?;
        Ok(())
    }
}

/// Writes summary and words of the record in row `n`, in place of what was there.
pub(crate) fn project(conn: &Connection, n: i64, record: &Record) -> Result<(), rusqlite::Error> {
    let Some(projection) = Projection::of(record) else { return Ok(()) };
    if let Some(summary) = &projection.summary {
        summary.write(conn, UPSERT_SUMMARY, n, record.kind().name(), record.id())?;
    }
    projection.words(
        conn,
        n,
        "INSERT OR REPLACE INTO search (rowid, title, number, words, kind) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
}

/// Takes summary and words of row `n` away.
pub(crate) fn unproject(conn: &Connection, n: i64) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("DELETE FROM summary WHERE n = ?1")?.execute((n,))?;
    conn.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute((n,))?;
    Ok(())
}

/// Replaces the look-up keys `old` of a record by `new`.
pub(crate) fn relookup(
    conn: &Connection,
    id: Uuid,
    old: &[(Lookup, String)],
    new: &[(Lookup, String)],
) -> Result<(), rusqlite::Error> {
    let mut delete = conn.prepare_cached("DELETE FROM lookup WHERE key = ?1 AND id = ?2")?;
    for (name, key) in old.iter().filter(|key| !new.contains(key)) {
        delete.execute((lookup_key(*name, key), id.as_bytes()))?;
    }
    let mut insert = conn.prepare_cached("INSERT OR IGNORE INTO lookup (key, id) VALUES (?1, ?2)")?;
    for (name, key) in new.iter().filter(|key| !old.contains(key)) {
        insert.execute((lookup_key(*name, key), id.as_bytes()))?;
    }
    Ok(())
}

/// Derives everything anew if another version of the derivation wrote it.
pub(crate) fn refresh(conn: &mut Connection) -> Result<(), Trouble> {
    let is_current = |conn: &Connection| -> Result<bool, rusqlite::Error> {
        let stored: Option<String> =
            conn.query_row("SELECT value FROM meta WHERE name = 'projection'", (), |row| row.get(0)).optional()?;
        Ok(stored == Some(PROJECTION.to_string()))
    };
    if is_current(conn)? {
        return Ok(());
    }
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_current(&tx)? {
        return Ok(());
    }
    tx.execute("DELETE FROM lookup", ())?;
    tx.execute("DELETE FROM summary", ())?;
    tx.execute("INSERT INTO search (search) VALUES ('delete-all')", ())?;
    let mut rows = tx.prepare("SELECT n, kind, id, body FROM record ORDER BY n")?;
    let mut rows_of = rows.query(())?;
    while let Some(row) = rows_of.next()? {
        let kind: String = row.get(1)?;
        let body: String = row.get(3)?;
        // What this program does not understand is kept and stays hidden.
        let Some(record) = Kind::named(&kind).and_then(|kind| Record::from_body(kind, &body).ok()) else { continue };
        relookup(&tx, uuid(row, 2)?, &[], &record.lookups())?;
        project(&tx, row.get(0)?, &record)?;
    }
    drop(rows_of);
    drop(rows);
    tx.execute(
        "INSERT INTO meta (name, value) VALUES ('projection', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (PROJECTION.to_string(),),
    )?;
    tx.commit()?;
    Ok(())
}

/// A kind as one word of the search, so that `ci` is not found in `ci_group`.
pub(crate) fn kind_word(kind: Kind) -> String {
    kind.name().replace('_', "")
}

fn summary(record: &Record, title: String) -> Option<Summary> {
    let text = |v: Option<&dyn ToString>| v.map(|v| v.to_string().to_lowercase()).unwrap_or_default();
    let person = |id: Option<PersonId>| id.map(|id| id.to_string()).unwrap_or_default();
    let start = |w: Option<Window>| w.map_or(0, |w| w.start.0);
    let time = |t: Option<Timestamp>| t.map_or(0, |t| t.0);
    let base = Summary {
        label: record.label(),
        position: record.number().map_or(0, |n| i64::from(n.position().unwrap_or(u32::MAX))),
        title,
        ..Summary::default()
    };
    Some(match record {
        Record::Release(r) => Summary {
            grp: text(Some(&r.phase)),
            state: text(Some(&r.status)),
            kind_of: text(r.release_type.as_ref().map(|t| t as &dyn ToString)),
            class: text(Some(&r.class)),
            level: text(r.risk.as_ref().map(|t| t as &dyn ToString)),
            owner: person(Some(r.manager)),
            at: start(r.scope.rollout_window),
            ..base
        },
        Record::Change(c) => Summary {
            grp: c.category.to_lowercase(),
            state: text(Some(&c.state)),
            kind_of: text(Some(&c.kind)),
            level: text(c.risk.as_ref().map(|t| t as &dyn ToString)),
            owner: person(c.coordinator),
            at: start(c.planned),
            ..base
        },
        Record::Ci(c) => Summary {
            grp: c.class.to_lowercase(),
            state: text(Some(&c.status)),
            kind_of: text(Some(&c.environment)),
            level: text(Some(&c.criticality)),
            owner: person(c.owner),
            ..base
        },
        Record::Task(t) => Summary {
            position: i64::from(t.ordinal),
            grp: text(Some(&t.phase)),
            state: text(Some(&t.state)),
            owner: match t.assignee {
                Some(Assignee::Person(id)) => id.to_string(),
                Some(Assignee::Group(id)) => id.to_string(),
                None => String::new(),
            },
            at: time(t.planned_start),
            ..base
        },
        Record::Approval(a) => {
            Summary { state: text(Some(&a.state)), owner: person(Some(a.requested_by)), at: a.due_at.0, ..base }
        }
        Record::DslItem(i) => Summary {
            grp: text(Some(&i.kind)),
            state: text(Some(&i.state)),
            kind_of: i.platform.to_lowercase(),
            owner: person(Some(i.submitted_by)),
            at: i.submitted_at.0,
            ..base
        },
        Record::DhsModel(m) => Summary { grp: m.manufacturer.to_lowercase(), ..base },
        Record::DhsUnit(u) => Summary {
            grp: u.bin.store.to_lowercase(),
            state: text(Some(&u.state)),
            kind_of: text(Some(&u.condition)),
            ..base
        },
        Record::Person(p) => {
            Summary { state: if p.active { "active" } else { "inactive" }.to_owned(), owner: p.id.to_string(), ..base }
        }
        Record::Group(g) => Summary { owner: person(g.lead), ..base },
        Record::Site(_) | Record::CiGroup(_) => base,
        Record::Freeze(f) => Summary { at: f.window.start.0, ..base },
        Record::Baseline(b) => Summary { owner: person(Some(b.by)), at: b.at.0, ..base },
        Record::TestRecord(t) => Summary { owner: person(Some(t.by)), at: t.at.0, ..base },
        Record::Comment(c) => Summary { owner: person(Some(c.by)), at: c.at.0, ..base },
        Record::Relation(_)
        | Record::Movement(_)
        | Record::BaselinePart(_)
        | Record::BaselineCount(_)
        | Record::CiStep(_)
        | Record::SiteAccess(_)
        | Record::Exception(_)
        | Record::Delegation(_)
        | Record::TaskTemplate(_)
        | Record::ApprovalPolicy(_)
        | Record::WorkspaceRules(_)
        | Record::CiClass(_)
        | Record::RelationKind(_) => return None,
    })
}
