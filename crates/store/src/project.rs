//! What is derived from a record's body and kept beside it: look-up keys, the summary row that lists sort and filter
//! by, and the words that search finds.

use crate::db::Db;
use crate::error::Trouble;
use crate::guard;
use crate::pack::{Stored, end, pack};
use crate::places;
use crate::view::{lookup_keys, uuid};
use rusqlite::{CachedStatement, Connection, OptionalExtension};
use slipway_domain::filter::text::searched;
use slipway_domain::id::PersonId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::release::task_record::Assignee;
use slipway_domain::time::{Timestamp, Window};
use uuid::Uuid;

/// Raised whenever the derivation changes, here or in the domain: the next opening derives everything anew.
const PROJECTION: u32 = 5;

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
            | Kind::Redundancy
            | Kind::Attachment
            | Kind::Exception
            | Kind::Delegation
            | Kind::TaskTemplate
            | Kind::ApprovalPolicy
            | Kind::WorkspaceRules
            | Kind::IdentificationRules
            | Kind::RelationKind
            | Kind::CiClass
    )
}

/// What is to be written of a projection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// What lists need: the words are as they were.
    Summary,
    /// What search needs: the summary is as it was.
    Words,
    Both {
        /// Whether there are words to forget first.
        had_words: bool,
    },
}

/// What lists and search need of a record.
pub(crate) struct Projection {
    kind: Kind,
    summary: Option<Summary>,
    words: Option<String>,
    /// The name of the place at which a CI stands.
    place: Option<String>,
}

impl Projection {
    /// Of a record; `None` where neither lists nor search show it.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        if !is_projected(record.kind()) {
            return None;
        }
        let title = record.search_text().map(|(title, _)| title).unwrap_or_default();
        // The word of the kind stands between the parts, so that no phrase reaches from one into the next.
        let words = searched(record).map(|texts| {
            let texts = texts.map(|text| text.replace(KIND_MARK, " "));
            texts.join(&format!(" {} ", kind_word(record.kind())))
        });
        Some(Self { kind: record.kind(), summary: summary(record, title), words, place: places::name_of(record) })
    }

    /// What of it is other in a later one of the same record; `None`: nothing.
    pub(crate) fn differs(&self, later: &Self) -> Option<Part> {
        match (self.summary != later.summary || self.place != later.place, self.words != later.words) {
            (true, true) => Some(Part::Both { had_words: true }),
            (true, false) => Some(Part::Summary),
            (false, true) => Some(Part::Words),
            (false, false) => None,
        }
    }
}

const INSERT_WORDS: &str = "INSERT INTO search (rowid, words) VALUES (?1, ?2)";

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
}

impl<'c> Writing<'c> {
    /// For rows that have no summary yet.
    pub(crate) fn anew(db: &'c Db) -> Result<Self, rusqlite::Error> {
        Self::with(db, INSERT_CI, INSERT_SUMMARY)
    }

    /// For rows that may have one, which is replaced.
    pub(crate) fn over(db: &'c Db) -> Result<Self, rusqlite::Error> {
        Self::with(db, UPSERT_CI, UPSERT_SUMMARY)
    }

    fn with(db: &'c Db, ci: &str, summary: &str) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            db,
            ci: db.prepare_cached(ci)?,
            summary: db.prepare_cached(summary)?,
            words: db.prepare_cached(INSERT_WORDS)?,
        })
    }

    /// Writes what is to be written of a record's projection for row `n`; of words there must be none, see
    /// [`forget_words`].
    pub(crate) fn record(&mut self, n: i64, record: &Record, part: Part) -> Result<(), rusqlite::Error> {
        let Some(projection) = Projection::of(record) else { return Ok(()) };
        self.write(n, record.id(), &projection, part)
    }

    /// The same for a projection of the record with that identity.
    pub(crate) fn write(
        &mut self,
        n: i64,
        id: Uuid,
        projection: &Projection,
        part: Part,
    ) -> Result<(), rusqlite::Error> {
        if let (Some(place), true) = (&projection.place, part != Part::Words) {
            self.db.code_or_new(place)?;
        }
        if let (Some(summary), true) = (&projection.summary, part != Part::Words) {
            match projection.kind {
                Kind::Ci => self.ci(n, summary)?,
                kind => self.summary(n, kind, id, summary)?,
            }
        }
        if let (Some(words), true) = (&projection.words, part != Part::Summary) {
            self.words.execute((n, words))?;
        }
        Ok(())
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
    db.execute("DELETE FROM guard", ())?;
    db.execute("DELETE FROM lookup", ())?;
    db.execute("DELETE FROM summary", ())?;
    db.execute("DELETE FROM ci_summary", ())?;
    db.execute("INSERT INTO search (search) VALUES ('delete-all')", ())?;
    let last: i64 = db.query_row("SELECT coalesce(max(n), 0) FROM record", (), |row| row.get(0))?;
    let mut writing = Writing::anew(db)?;
    for n in 1..=last {
        derive(db, &mut writing, n)?;
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
fn derive(db: &Db, writing: &mut Writing<'_>, n: i64) -> Result<(), Trouble> {
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
    if guard::may_guard(kind.name()) {
        guard::write(db, n, Some(&record))?;
    }
    Ok(writing.record(n, &record, Part::Both { had_words: false })?)
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
        | Record::BaselinePart(_)
        | Record::BaselineCount(_)
        | Record::CiStep(_)
        | Record::CiDuplicate(_)
        | Record::CiForward(_)
        | Record::Redundancy(_)
        | Record::Attachment(_)
        | Record::SiteAccess(_)
        | Record::Exception(_)
        | Record::Delegation(_)
        | Record::TaskTemplate(_)
        | Record::ApprovalPolicy(_)
        | Record::WorkspaceRules(_)
        | Record::IdentificationRules(_)
        | Record::CiClass(_)
        | Record::RelationKind(_) => return None,
    })
}
