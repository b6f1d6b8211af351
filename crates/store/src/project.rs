//! What is derived from a record's body and kept beside it: look-up keys, the summary row that lists sort and filter
//! by, and the words that search finds.

use crate::db::Db;
use crate::error::Trouble;
use crate::pack::{Stored, end, pack};
use crate::places;
use crate::view::{lookup_keys, uuid};
use rusqlite::{Connection, OptionalExtension};
use slipway_domain::filter::text::number_words;
use slipway_domain::id::PersonId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::release::task_record::Assignee;
use slipway_domain::time::{Timestamp, Window};
use uuid::Uuid;

/// Raised whenever the derivation changes, here or in the domain: the next opening derives everything anew.
const PROJECTION: u32 = 3;

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
            | Kind::CiDuplicate
            | Kind::CiForward
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
#[derive(PartialEq, Eq)]
pub(crate) struct Projection {
    summary: Option<Summary>,
    words: Option<Words>,
    /// The name of the place at which a CI stands.
    place: Option<String>,
}

#[derive(PartialEq, Eq)]
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
        Some(Self { summary: summary(record, title), words, place: places::name_of(record) })
    }

    /// Writes it for row `n`, of which there is none yet.
    pub(crate) fn insert(&self, conn: &Connection, n: i64, kind: &str, id: Uuid) -> Result<(), rusqlite::Error> {
        self.place(conn)?;
        if let Some(summary) = &self.summary {
            summary.write(conn, INSERT_SUMMARY, n, kind, id)?;
        }
        self.words(conn, n, INSERT_WORDS)
    }

    fn place(&self, conn: &Connection) -> Result<(), rusqlite::Error> {
        if let Some(place) = &self.place {
            conn.prepare_cached("INSERT OR IGNORE INTO name (text) VALUES (?1)")?.execute((place,))?;
        }
        Ok(())
    }

    fn words(&self, conn: &Connection, n: i64, sql: &str) -> Result<(), rusqlite::Error> {
        if let Some(Words { title, number, words, kind }) = &self.words {
            conn.prepare_cached(sql)?.execute((n, title, number, words, kind))?;
        }
        Ok(())
    }
}

const INSERT_WORDS: &str = "INSERT INTO search (rowid, title, number, words, kind) VALUES (?1, ?2, ?3, ?4, ?5)";

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

/// Writes summary and words of the record in row `n`: the summary in place of what was there; of words there must be
/// none, see [`forget_words`].
pub(crate) fn project(conn: &Connection, n: i64, record: &Record) -> Result<(), rusqlite::Error> {
    let Some(projection) = Projection::of(record) else { return Ok(()) };
    projection.place(conn)?;
    if let Some(summary) = &projection.summary {
        summary.write(conn, UPSERT_SUMMARY, n, record.kind().name(), record.id())?;
    }
    projection.words(conn, n, INSERT_WORDS)
}

/// Takes the words of row `n` away before others are written. The index writes what it has gathered before it forgets
/// anything: who replaces many forgets all of them first, or each becomes a segment of its own that has to be merged.
pub(crate) fn forget_words(conn: &Connection, n: i64) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute((n,)).map(|_| ())
}

/// Takes summary and words of row `n` away.
pub(crate) fn unproject(conn: &Connection, n: i64) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("DELETE FROM summary WHERE n = ?1")?.execute((n,))?;
    forget_words(conn, n)
}

/// Replaces the look-up keys `old` of row `n` by `new`.
pub(crate) fn relookup(db: &Db, n: i64, old: &[i64], new: &[i64]) -> Result<(), rusqlite::Error> {
    let mut delete = db.prepare_cached("DELETE FROM lookup WHERE key = ?1 AND n = ?2")?;
    for key in old.iter().filter(|key| !new.contains(key)) {
        delete.execute((key, n))?;
    }
    let mut insert = db.prepare_cached("INSERT OR IGNORE INTO lookup (key, n) VALUES (?1, ?2)")?;
    for key in new.iter().filter(|key| !old.contains(key)) {
        insert.execute((key, n))?;
    }
    Ok(())
}

/// Derives everything anew if another version of the derivation wrote it.
pub(crate) fn refresh(db: &Db) -> Result<(), Trouble> {
    let is_current = || -> Result<bool, rusqlite::Error> {
        let stored: Option<String> =
            db.query_row("SELECT value FROM meta WHERE name = 'projection'", (), |row| row.get(0)).optional()?;
        Ok(stored == Some(PROJECTION.to_string()))
    };
    if is_current()? {
        return Ok(());
    }
    let tx = db.begin("BEGIN IMMEDIATE")?;
    if is_current()? {
        return Ok(());
    }
    // Kinds have their names before anything else, so that every connection knows them by heart.
    for kind in Kind::ALL {
        db.code_or_new(kind.name())?;
    }
    db.execute("DELETE FROM lookup", ())?;
    db.execute("DELETE FROM summary", ())?;
    db.execute("INSERT INTO search (search) VALUES ('delete-all')", ())?;
    let last: i64 = db.query_row("SELECT coalesce(max(n), 0) FROM record", (), |row| row.get(0))?;
    for n in 1..=last {
        derive(db, n)?;
        if n % REPORTED == 0 {
            tracing::info!(done = n, of = last, "bringing the profile to the present format");
        }
    }
    db.execute(
        "INSERT INTO meta (name, value) VALUES ('projection', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (PROJECTION.to_string(),),
    )?;
    tx.commit()?;
    Ok(())
}

/// After so many records the log says how far a derivation is.
const REPORTED: i64 = 50_000;

/// Packs the body in a row and derives everything from it.
fn derive(db: &Db, n: i64) -> Result<(), Trouble> {
    let found = db
        .prepare_cached("SELECT kind, id, body, source, target FROM record WHERE n = ?1 AND body IS NOT NULL")?
        .query_row((n,), |row| Ok((row.get(0)?, uuid(row, 1)?, Stored::from_row(row, 2)?)))
        .optional()?;
    let Some((kind, id, stored)) = found else { return Ok(()) };
    // What this program does not understand is kept and stays hidden.
    let Some(kind) = Kind::named(&db.text(kind)?) else { return Ok(()) };
    let record = match stored {
        Stored::Json(body) => {
            let Ok(record) = Record::from_body(kind, &body) else { return Ok(()) };
            let packed = pack(db, &body, Some(&record), false, &mut |id| end(db, id))?;
            db.prepare_cached("UPDATE record SET body = ?2, source = ?3, target = ?4 WHERE n = ?1")?.execute((
                n,
                &packed,
                packed.source,
                packed.target,
            ))?;
            record
        }
        packed => match packed.record(db, kind, id)? {
            Some(record) => record,
            None => return Ok(()),
        },
    };
    relookup(db, n, &[], &lookup_keys(&record))?;
    Ok(project(db, n, &record)?)
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
        | Record::CiDuplicate(_)
        | Record::CiForward(_)
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
