//! Facts for reports: kept beside the records that tell them, so that a report reads the facts of one measure and period
//! in the order in which they lie, and no record.

use crate::db::Db;
use crate::error::StoreError;
use crate::open::Store;
use crate::view::uuid;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use slipway_domain::id::{CiId, PersonId};
use slipway_domain::record::{Kind, Record};
use slipway_domain::report::fact::{Fact, Measure, facts, services};
use slipway_domain::report::table::Gathered;
use slipway_domain::report::{ALWAYS, ReportName, Selection, Stretch};
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a record tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    facts: Vec<Fact>,
    services: BTreeSet<CiId>,
}

impl Told {
    pub(crate) fn by(record: &Record) -> Self {
        Self { facts: facts(record), services: services(record) }
    }
}

/// Writes what records tell, with its statements at hand.
pub(crate) struct Telling<'c> {
    db: &'c Db,
    is_over: bool,
    fact: CachedStatement<'c>,
    service: CachedStatement<'c>,
}

impl<'c> Telling<'c> {
    /// For rows that told nothing yet.
    pub(crate) fn anew(db: &'c Db) -> Result<Self, rusqlite::Error> {
        Ok(Self {
            db,
            is_over: false,
            fact: db.prepare_cached(
                "INSERT INTO fact (measure, at, n, nth, grp, type, class, owner, value)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            service: db.prepare_cached("INSERT INTO fact_service (service, n) VALUES (?1, ?2)")?,
        })
    }

    /// For rows that may have told something, which is replaced.
    pub(crate) fn over(db: &'c Db) -> Result<Self, rusqlite::Error> {
        Ok(Self { is_over: true, ..Self::anew(db)? })
    }

    pub(crate) fn write(&mut self, n: i64, told: &Told) -> Result<(), rusqlite::Error> {
        if self.is_over {
            forget(self.db, n)?;
        }
        let db = self.db;
        let code = |text: &str| if text.is_empty() { Ok(0) } else { db.code_or_new(text) };
        for (nth, fact) in (0_i64..).zip(&told.facts) {
            let owner = fact.owner.map(|owner| db.code_or_new(&owner.to_string())).transpose()?;
            self.fact.execute(params![
                db.code_or_new(fact.measure.label())?,
                fact.at.0,
                n,
                nth,
                code(&fact.group)?,
                code(&fact.kind_of)?,
                code(&fact.class)?,
                owner.unwrap_or_default(),
                fact.value,
            ])?;
        }
        for service in &told.services {
            self.service.execute((db.code_or_new(&service.to_string())?, n))?;
        }
        Ok(())
    }
}

/// Takes away what row `n` told.
pub(crate) fn forget(conn: &Connection, n: i64) -> Result<(), rusqlite::Error> {
    conn.prepare_cached(FORGET)?.execute((n,))?;
    conn.prepare_cached(FORGET_SERVICES)?.execute((n,)).map(|_| ())
}

pub(crate) const FORGET: &str = "DELETE FROM fact WHERE n = ?1";
pub(crate) const FORGET_SERVICES: &str = "DELETE FROM fact_service WHERE n = ?1";
pub(crate) const GATHERED: &str =
    "SELECT n, at, grp, type, class, owner, value FROM fact WHERE measure = ?1 AND at >= ?2 AND at < ?3";
pub(crate) const LATEST: &str = "SELECT n, at, nth, grp, type, class, owner, value FROM fact
    WHERE measure = ?1 AND at >= ?2 AND (at, n, nth) < (?3, ?4, ?5) ORDER BY at DESC, n DESC, nth DESC";
pub(crate) const OF_SERVICE: &str = "SELECT n FROM fact_service WHERE service = ?1";
pub(crate) const IS_OF_SERVICE: &str = "SELECT 1 FROM fact_service WHERE service = ?1 AND n = ?2";
const RECORD: &str = "SELECT kind, id FROM record WHERE n = ?1";

/// Which releases a report is of; others have none of these.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowing {
    /// Of this type, in words.
    pub kind_of: Option<String>,
    /// Of this class, in words.
    pub class: Option<String>,
    /// Managed by.
    pub owner: Option<PersonId>,
    /// About this business service.
    pub service: Option<CiId>,
}

/// A fact and the record that tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldFact {
    /// Kind of the record.
    pub kind: Kind,
    /// Its identity.
    pub id: Uuid,
    /// When it was.
    pub at: Timestamp,
    /// As in [`Fact`].
    pub group: String,
    /// As there.
    pub value: i64,
    /// Where it stands among all: what follows is asked for after it.
    pub mark: FactMark,
}

/// Where a walk over facts stands, latest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactMark {
    /// When the last fact was.
    pub at: Timestamp,
    /// Row of the record that told it.
    pub row: i64,
    /// Its place among what that told.
    pub nth: i64,
}

/// What is asked for, as numbers; a name that nothing has is -1.
struct Codes {
    kind_of: Option<i64>,
    class: Option<i64>,
    owner: Option<i64>,
    service: Option<i64>,
}

impl Codes {
    fn of(db: &Db, narrowing: &Narrowing) -> Result<Self, rusqlite::Error> {
        let code = |text: Option<String>| -> Result<Option<i64>, rusqlite::Error> {
            text.map(|text| Ok(db.code(&text)?.unwrap_or(-1))).transpose()
        };
        Ok(Self {
            kind_of: code(narrowing.kind_of.clone())?,
            class: code(narrowing.class.clone())?,
            owner: code(narrowing.owner.map(|id| id.to_string()))?,
            service: code(narrowing.service.map(|id| id.to_string()))?,
        })
    }

    fn take(&self, kind_of: i64, class: i64, owner: i64) -> bool {
        self.kind_of.is_none_or(|wanted| wanted == kind_of)
            && self.class.is_none_or(|wanted| wanted == class)
            && self.owner.is_none_or(|wanted| wanted == owner)
    }
}

impl Store {
    /// The facts that a report is made of, by stretch: one walk over those of the period and of no other.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn gathered(
        &self,
        name: ReportName,
        stretches: &[Stretch],
        narrowing: &Narrowing,
    ) -> Result<Vec<Gathered>, StoreError> {
        self.reading(|db| {
            let mut all = Vec::new();
            let codes = Codes::of(db, narrowing)?;
            let rows = codes.service.map(|service| of_service(db, service)).transpose()?;
            for measure in name.measures() {
                let Some(code) = db.code(measure.label())? else { continue };
                let always = [Stretch { title: String::new(), window: ALWAYS }];
                let parts = if *measure == Measure::Open { &always } else { stretches };
                let (Some(first), Some(last)) = (parts.first(), parts.last()) else { continue };
                let mut found: BTreeMap<(usize, i64, i64, i64), Vec<i64>> = BTreeMap::new();
                let mut statement = db.prepare_cached(GATHERED)?;
                let mut facts = statement.query((code, first.window.start.0, last.window.end.0))?;
                let mut stretch = 0;
                while let Some(fact) = facts.next()? {
                    let (kind_of, class) = (fact.get(3)?, fact.get(4)?);
                    let n: i64 = fact.get(0)?;
                    if !codes.take(kind_of, class, fact.get(5)?) || rows.as_ref().is_some_and(|r| !r.contains(&n)) {
                        continue;
                    }
                    let at: i64 = fact.get(1)?;
                    // They come in the order of time.
                    while parts.get(stretch).is_some_and(|part| part.window.end.0 <= at) {
                        stretch += 1;
                    }
                    found.entry((stretch, fact.get(2)?, kind_of, class)).or_default().push(fact.get(6)?);
                }
                for ((stretch, group, kind_of, class), values) in found {
                    let (group, kind_of, class) = (text(db, group)?, text(db, kind_of)?, text(db, class)?);
                    all.push(Gathered { measure: *measure, stretch, group, kind_of, class, values });
                }
            }
            Ok(all)
        })
    }

    /// The facts behind a figure, the latest first, so many after a mark.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn facts_behind(
        &self,
        of: &Selection,
        narrowing: &Narrowing,
        after: Option<FactMark>,
        most: usize,
    ) -> Result<Vec<ToldFact>, StoreError> {
        self.reading(|db| {
            let mut told = Vec::new();
            let codes = Codes::of(db, narrowing)?;
            let Some(measure) = db.code(of.measure.label())? else { return Ok(told) };
            let asked = |name: &Option<String>| -> Result<Option<i64>, rusqlite::Error> {
                name.as_ref().map(|name| Ok(db.code(name)?.unwrap_or(-1))).transpose()
            };
            let (kind_of, class) = (asked(&of.kind_of)?, asked(&of.class)?);
            let groups: BTreeSet<&str> = of.groups.iter().map(String::as_str).collect();
            let from = after.unwrap_or(FactMark { at: of.period.end, row: 0, nth: 0 });
            let mut is_of_service = db.prepare_cached(IS_OF_SERVICE)?;
            let mut record = db.prepare_cached(RECORD)?;
            let mut statement = db.prepare_cached(LATEST)?;
            let mut rows = statement.query((measure, of.period.start.0, from.at.0, from.row, from.nth))?;
            while told.len() < most
                && let Some(row) = rows.next()?
            {
                let (n, value): (i64, i64) = (row.get(0)?, row.get(7)?);
                let (is_type, is_class): (i64, i64) = (row.get(4)?, row.get(5)?);
                if !codes.take(is_type, is_class, row.get(6)?)
                    || kind_of.is_some_and(|wanted| wanted != is_type)
                    || class.is_some_and(|wanted| wanted != is_class)
                    || of.values.is_some_and(|(low, high)| !(low..=high).contains(&value))
                {
                    continue;
                }
                let group = text(db, row.get(3)?)?;
                if !groups.is_empty() && !groups.contains(group.as_str()) {
                    continue;
                }
                if let Some(service) = codes.service
                    && !is_of_service.exists((service, n))?
                {
                    continue;
                }
                let found = record.query_row((n,), |row| Ok((row.get::<_, i64>(0)?, uuid(row, 1)?))).optional()?;
                let Some((kind, id)) = found else { continue };
                let Some(kind) = Kind::named(&db.text(kind)?) else { continue };
                let at = Timestamp(row.get(1)?);
                told.push(ToldFact { kind, id, at, group, value, mark: FactMark { at, row: n, nth: row.get(2)? } });
            }
            Ok(told)
        })
    }
}

fn of_service(db: &Db, service: i64) -> Result<BTreeSet<i64>, rusqlite::Error> {
    db.prepare_cached(OF_SERVICE)?.query_map((service,), |row| row.get(0))?.collect()
}

fn text(db: &Db, code: i64) -> Result<String, rusqlite::Error> {
    if code == 0 { Ok(String::new()) } else { Ok(db.text(code)?.to_string()) }
}
