//! What is derived from a record's body and kept beside it: look-up keys, the summary row that lists sort and filter
//! by, and the words that search finds.

use crate::db::Db;
use crate::error::Trouble;
use crate::facts::{Telling, Told, forget};
use crate::guard;
use crate::pack::{Body, Stored, end, pack};
use crate::places;
use crate::view::{lookup_keys, uuid};
use crate::words::beside::Beside;
use rusqlite::{CachedStatement, Connection, OptionalExtension};
use slipway_domain::filter::text::searched;
use slipway_domain::id::PersonId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::release::task_record::Assignee;
use slipway_domain::report::fact::tells;
use slipway_domain::time::{Timestamp, Window};
use uuid::Uuid;

/// Raised whenever the derivation changes, here or in the domain: the next opening derives everything anew.
const PROJECTION: u32 = 11;

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

/// Whether anything but look-up keys is derived of rows of this kind.
pub(crate) fn is_projected(kind: Kind) -> bool {
    is_listed(kind) || tells(kind)
}

/// Whether rows of this kind have a summary or words at all; those that have not are found through others.
fn is_listed(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Relation
            | Kind::Movement
            | Kind::StockMovement
            | Kind::StocktakeSight
            | Kind::BaselinePart
            | Kind::BaselineCount
            | Kind::CiStep
            | Kind::CiDuplicate
            | Kind::CiForward
            | Kind::Redundancy
            | Kind::CiStandard
            | Kind::Attachment
            | Kind::Exception
            | Kind::Delegation
            | Kind::TaskTemplate
            | Kind::ApprovalPolicy
            | Kind::WorkspaceRules
            | Kind::IdentificationRules
            | Kind::RelationKind
            | Kind::SbomPart
            | Kind::VendorKey
            | Kind::CiClass
    )
}

/// What is to be written of a projection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What lists and reports need: the words are as they were.
    Summary,
    /// What search needs: the summary is as it was.
    Words,
    Both {
        /// Whether there are words to forget first.
        had_words: bool,
    },
}

/// What lists, search and reports need of a record.
pub(crate) struct Projection {
    kind: Kind,
    summary: Option<Summary>,
    words: Option<String>,
    /// The name of the place at which a CI stands.
    place: Option<String>,
    told: Told,
}

impl Projection {
    /// Of a record; `None` where nothing shows it.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        if !is_projected(record.kind()) {
            return None;
        }
        if !is_listed(record.kind()) {
            let told = Told::by(record);
            return Some(Self { kind: record.kind(), summary: None, words: None, place: None, told });
        }
        let title = record.search_text().map(|(title, _)| title).unwrap_or_default();
        // The word of the kind stands between the parts, so that no phrase reaches from one into the next.
        let words = searched(record).map(|mut texts| {
            for text in texts.iter_mut().filter(|text| text.contains(KIND_MARK)) {
                *text = text.replace(KIND_MARK, " ");
            }
            texts.join(&format!(" {} ", kind_word(record.kind())))
        });
        let (place, told) = (places::name_of(record), Told::by(record));
        Some(Self { kind: record.kind(), summary: summary(record, title), words, place, told })
    }

    /// Takes its words out, for whoever indexes them apart.
    pub(crate) fn take_words(&mut self) -> Option<String> {
        self.words.take()
    }

    /// What of it is other in a later one of the same record; `None`: nothing.
    pub(crate) fn differs(&self, later: &Self) -> Option<Part> {
        let is_listed_otherwise = self.summary != later.summary || self.place != later.place || self.told != later.told;
        match (is_listed_otherwise, self.words != later.words) {
            (true, true) => Some(Part::Both { had_words: true }),
            (true, false) => Some(Part::Summary),
            (false, true) => Some(Part::Words),
            (false, false) => None,
        }
    }
}

pub(crate) const INSERT_WORDS: &str = "INSERT INTO search (rowid, words) VALUES (?1, ?2)";

const INSERT_CI: &str = "INSERT INTO ci_summary (n, label, position, grp, state, type, level, owner)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

const UPSERT_CI: &str = "INSERT INTO ci_summary (n, label, position, grp, state, type, level, owner)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
     ON CONFLICT (n) DO UPDATE SET label = excluded.label, position = excluded.position, grp = excluded.grp,
       state = excluded.state, type = excluded.type, level = excluded.level, owner = excluded.owner";

const INSERT_SUMMARY: &str =
    "INSERT INTO summary (n, kind, id, label, position, title, grp, state, type, class, level, owner, at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

const UPSERT_SUMMARY: &str =
    "INSERT INTO summary (n, kind, id, label, position, title, grp, state, type, class, level, owner, at)
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
     ON CONFLICT (n) DO UPDATE SET label = excluded.label, position = excluded.position,
       title = excluded.title, grp = excluded.grp, state = excluded.state, type = excluded.type,
       class = excluded.class, level = excluded.level, owner = excluded.owner, at = excluded.at";

/// Writes projections, with its statements at hand.
pub(crate) struct Writing<'c> {
    db: &'c Db,
    ci: CachedStatement<'c>,
    summary: CachedStatement<'c>,
    words: CachedStatement<'c>,
    facts: Telling<'c>,
}

impl<'c> Writing<'c> {
    /// For rows that have no summary yet.
    pub(crate) fn anew(db: &'c Db) -> Result<Self, rusqlite::Error> {
        Self::with(db, INSERT_CI, INSERT_SUMMARY, Telling::anew(db)?)
    }

    /// For rows that may have one, which is replaced.
    pub(crate) fn over(db: &'c Db) -> Result<Self, rusqlite::Error> {
        Self::with(db, UPSERT_CI, UPSERT_SUMMARY, Telling::over(db)?)
    }

    fn with(db: &'c Db, ci: &str, summary: &str, facts: Telling<'c>) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            db,
            ci: db.prepare_cached(ci)?,
            summary: db.prepare_cached(summary)?,
            words: db.prepare_cached(INSERT_WORDS)?,
            facts,
        })
    }

    /// Writes what lists and reports need of the record in row `n`. The engine writes down what words it has gathered at each, so
    /// that the words of many records are written after all of these, by [`Writing::words`].
    pub(crate) fn lists(&mut self, n: i64, id: Uuid, projection: &Projection) -> Result<(), rusqlite::Error> {
        if let Some(place) = &projection.place {
            self.db.code_or_new(place)?;
        }
        if tells(projection.kind) {
            self.facts.write(n, &projection.told)?;
        }
        match (&projection.summary, projection.kind) {
            (Some(summary), Kind::Ci) => self.ci(n, summary),
            (Some(summary), kind) => self.summary(n, kind, id, summary),
            (None, _) => Ok(()),
        }
    }

    /// Writes the words of row `n`, of which there must be none.
    pub(crate) fn words(&mut self, n: i64, words: &str) -> Result<(), rusqlite::Error> {
        self.words.execute((n, words)).map(|_| ())
    }

    fn summary(&mut self, n: i64, kind: Kind, id: Uuid, summary: &Summary) -> Result<(), rusqlite::Error> {
        self.summary.execute(rusqlite::params![
            n,
            kind.name(),
            id.as_bytes(),
            summary.label,
            summary.position,
            summary.title,
            summary.grp,
            summary.state,
            summary.kind_of,
            summary.class,
            summary.level,
            summary.owner,
            summary.at,
        ])?;
        Ok(())
    }

    /// A CI's has a table of its own, with names as numbers.
    fn ci(&mut self, n: i64, summary: &Summary) -> Result<(), rusqlite::Error> {
        let code = |text: &str| if text.is_empty() { Ok(0) } else { self.db.code_or_new(text) };
        self.ci.execute((
            n,
            &summary.label,
            summary.position,
            code(&summary.grp)?,
            code(&summary.state)?,
            code(&summary.kind_of)?,
            code(&summary.level)?,
            code(&summary.owner)?,
        ))?;
        Ok(())
    }
}

/// Takes the words of row `n` away before others are written. The index writes what it has gathered before it forgets
/// anything: who replaces many forgets all of them first, or each becomes a segment of its own that has to be merged.
pub(crate) fn forget_words(conn: &Connection, n: i64) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute((n,)).map(|_| ())
}

/// Takes summary and words of row `n` away.
pub(crate) fn unproject(conn: &Connection, n: i64) -> Result<(), rusqlite::Error> {
    conn.prepare_cached("DELETE FROM summary WHERE n = ?1")?.execute((n,))?;
    conn.prepare_cached("DELETE FROM ci_summary WHERE n = ?1")?.execute((n,))?;
    forget(conn, n)?;
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

/// Derives everything anew if another version of the derivation wrote it; tells how many records are done, of how many.
pub(crate) fn refresh(db: &Db, told: &mut dyn FnMut(u64, u64)) -> Result<(), Trouble> {
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
    db.execute("DELETE FROM guard", ())?;
    db.execute("DELETE FROM lookup", ())?;
    db.execute("DELETE FROM summary", ())?;
    db.execute("DELETE FROM ci_summary", ())?;
    db.execute("DELETE FROM fact", ())?;
    db.execute("DELETE FROM fact_service", ())?;
    let beside = Beside::begin(db)?;
    let last: i64 = db.query_row("SELECT coalesce(max(n), 0) FROM record", (), |row| row.get(0))?;
    let mut writing = Writing::anew(db)?;
    for n in 1..=last {
        if let Some(words) = derive(db, &mut writing, n)? {
            beside.add(vec![(n, words)]);
        }
        if n % REPORTED == 0 || n == last {
            told(n.unsigned_abs(), last.unsigned_abs());
        }
    }
    beside.finish(db)?;
    db.execute(
        "INSERT INTO meta (name, value) VALUES ('projection', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (PROJECTION.to_string(),),
    )?;
    tx.commit()?;
    Ok(())
}

/// After so many records it is told how far a derivation is: a tenth of a second's work.
const REPORTED: i64 = 5_000;

/// Packs the body in a row and derives everything from it but its words, which it gives.
fn derive(db: &Db, writing: &mut Writing<'_>, n: i64) -> Result<Option<String>, Trouble> {
    let found = db
        .prepare_cached("SELECT kind, id, body, source, target FROM record WHERE n = ?1 AND body IS NOT NULL")?
        .query_row((n,), |row| Ok((row.get(0)?, uuid(row, 1)?, Stored::from_row(row, 2)?)))
        .optional()?;
    let Some((kind, id, stored)) = found else { return Ok(None) };
    // What this program does not understand is kept and stays hidden.
    let Some(kind) = Kind::named(&db.text(kind)?) else { return Ok(None) };
    let record = match stored {
        Stored::Json(body) => {
            let Ok(record) = Record::from_body(kind, &body) else { return Ok(None) };
            let packed = pack(db, Body::Text(&body, Some(&record)), &mut |id| end(db, id))?;
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
            None => return Ok(None),
        },
    };
    relookup(db, n, &[], &lookup_keys(&record))?;
    if guard::may_guard(kind.name()) {
        guard::write(db, n, Some(&record))?;
    }
    let Some(mut projection) = Projection::of(&record) else { return Ok(None) };
    writing.lists(n, record.id(), &projection)?;
    Ok(projection.take_words())
}

/// A kind as one word of the search. It begins with a letter for private use, which [`crate::search`] takes out of what
/// people type.
pub(crate) fn kind_word(kind: Kind) -> String {
    format!("{KIND_MARK}{}", kind.name().replace('_', ""))
}

/// What every word of a kind begins with.
pub(crate) const KIND_MARK: char = '\u{e000}';

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
        Record::DhsModel(m) => {
            Summary { grp: m.manufacturer.to_lowercase(), kind_of: text(Some(&m.facts.kind)), ..base }
        }
        Record::Stocktake(s) => Summary {
            grp: s.place.store.to_lowercase(),
            state: text(Some(&s.state)),
            owner: person(Some(s.by)),
            at: s.at.0,
            ..base
        },
        Record::DhsStock(s) => Summary { grp: s.bin.store.to_lowercase(), ..base },
        Record::DhsUnit(u) => Summary {
            grp: u.bin.store.to_lowercase(),
            state: text(Some(&u.state)),
            kind_of: text(Some(&u.condition)),
            at: time(u.facts.warranty_end),
            ..base
        },
        Record::Person(p) => {
            Summary { state: if p.active { "active" } else { "inactive" }.to_owned(), owner: p.id.to_string(), ..base }
        }
        Record::Group(g) => Summary { owner: person(g.lead), ..base },
        Record::Site(_) | Record::CiGroup(_) | Record::Standard(_) => base,
        Record::Freeze(f) => Summary { at: f.window.start.0, ..base },
        Record::Baseline(b) => Summary { owner: person(Some(b.by)), at: b.at.0, ..base },
        Record::TestRecord(t) => Summary { owner: person(Some(t.by)), at: t.at.0, ..base },
        Record::Comment(c) => Summary { owner: person(Some(c.by)), at: c.at.0, ..base },
        Record::Observation(o) => Summary {
            grp: o.site.map(|site| site.to_string()).unwrap_or_default(),
            state: text(Some(&o.state)),
            kind_of: o.source.to_lowercase(),
            owner: person(Some(o.by)),
            at: o.seen_at.0,
            ..base
        },
        Record::Relation(_)
        | Record::Movement(_)
        | Record::StockMovement(_)
        | Record::StocktakeSight(_)
        | Record::BaselinePart(_)
        | Record::BaselineCount(_)
        | Record::CiStep(_)
        | Record::CiDuplicate(_)
        | Record::CiForward(_)
        | Record::Redundancy(_)
        | Record::CiStandard(_)
        | Record::Attachment(_)
        | Record::SiteAccess(_)
        | Record::Exception(_)
        | Record::Delegation(_)
        | Record::TaskTemplate(_)
        | Record::ApprovalPolicy(_)
        | Record::WorkspaceRules(_)
        | Record::IdentificationRules(_)
        | Record::CiClass(_)
        | Record::SbomPart(_)
        | Record::VendorKey(_)
        | Record::RelationKind(_) => return None,
    })
}
