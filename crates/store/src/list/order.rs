//! The order of a list of any length: the row numbers of its records, four bytes each. Where a record lies is found by
//! looking through them; what lies at a place is looked up by its number. A few records that changed are taken out and
//! put where they belong now, so that the cost of a change does not grow with the list.

use super::{ListSpec, codes_in_order, query, sorted_by, usual_order};
use crate::db::{Db, FastMap};
use crate::error::{StoreError, Trouble};
use crate::filter::{CANDIDATES_MOST, Column, Query, judge};
use crate::open::Store;
use crate::pack::ID_OF;
use crate::view::row;
use rusqlite::types::Value;
use rusqlite::{InterruptHandle, OptionalExtension, params_from_iter};
use slipway_domain::filter::Filter;
use slipway_domain::filter::field::Field;
use slipway_domain::record::Kind;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;

/// A list of up to so many records is given out whole.
pub const SHORT_MOST: usize = 2_000;
/// The first records of a longer one, before its order is known.
pub const FIRST: usize = 200;
/// More changed records than this are not put in their places one by one.
pub const MOVED_MOST: usize = 200;

/// The records of a list in order, as row numbers of this profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// In order.
    pub rows: Vec<u32>,
}

/// How a list begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It is short, or no index has what it asks for: this is all of it.
    Whole,
    /// It is longer than [`SHORT_MOST`]: its first ids, or none where they come with the order only.
    Long(Vec<Uuid>),
}

/// Ends work that is under way, from another thread.
#[derive(Default)]
pub struct Stop(Mutex<Stopping>);

#[derive(Default)]
struct Stopping {
    is_stopped: bool,
    at_work: Option<InterruptHandle>,
}

impl Stop {
    /// Ends what it was given to, now or as soon as that begins.
    pub fn stop(&self) {
        let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stopping.is_stopped = true;
        // Under the lock: the connection is still at this work.
        if let Some(at_work) = &stopping.at_work {
            at_work.interrupt();
        }
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_stopped
    }

    /// Runs statements that may be interrupted; `None` where they were.
    fn during<T>(&self, db: &Db, work: impl FnOnce() -> Result<T, Trouble>) -> Result<Option<T>, Trouble> {
        {
            let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if stopping.is_stopped {
                return Ok(None);
            }
            stopping.at_work = Some(db.get_interrupt_handle());
        }
        let done = work();
        let is_stopped = {
            let mut stopping = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            stopping.at_work = None;
            stopping.is_stopped
        };
        if is_stopped { Ok(None) } else { done.map(Some) }
    }
}

impl Store {
    /// How a list begins, at the cost of a page.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn beginning(&self, spec: &ListSpec) -> Result<Beginning, StoreError> {
        let is_ready = self.reading(|db| {
            let query = Query::of(db, spec.kind, &spec.filter)?;
            if !query.is_exact {
                return Ok(None);
            }
            let mut some = db.prepare_cached(&format!("{} LIMIT 1 OFFSET {SHORT_MOST}", query.sql))?;
            let is_long = some.query_row(params_from_iter(query.values.iter()), |_| Ok(())).optional()?.is_some();
            // What words lead to must be sorted for its first page as for all of it; so must other kinds, at times.
            Ok(is_long.then(|| spec.kind == Kind::Ci && !query.names_rows))
        })?;
        Ok(match is_ready {
            None => Beginning::Whole,
            Some(true) => Beginning::Long(self.page(spec, None, FIRST)?),
            Some(false) => Beginning::Long(Vec::new()),
        })
    }

    /// The order of a list; `None` if it was stopped.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn order(&self, spec: &ListSpec, stop: &Stop) -> Result<Option<Order>, StoreError> {
        self.reading(|db| {
            let sort = spec.sort.as_deref().and_then(|name| sorted_by(spec.kind, name));
            let query = query(db, spec, sort)?;
            stop.during(db, || {
                let mut statement = db.prepare_cached(&query.sql)?;
                let mut found = statement.query(params_from_iter(query.values.iter()))?;
                let (mut rows, mut seen) = (Vec::new(), 0_usize);
                while let Some(row) = found.next()? {
                    let n: u32 = row.get(0)?;
                    if !query.is_exact {
                        seen += 1;
                        let id = crate::filter::listed(db, row)?;
                        if seen > CANDIDATES_MOST {
                            break;
                        }
                        if !judge(db, spec.kind, id, &spec.filter)? {
                            continue;
                        }
                    }
                    rows.push(n);
                }
                rows.shrink_to_fit();
                Ok(Order { rows })
            })
        })
    }

    /// The same order after these records changed, which are of these kinds; `None` where it has to be found anew.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn moved(
        &self,
        spec: &ListSpec,
        order: &Order,
        kinds: &BTreeSet<Kind>,
        changed: &BTreeSet<Uuid>,
    ) -> Result<Option<Order>, StoreError> {
        if spec.kind != Kind::Ci || changed.len() > MOVED_MOST || !depends_on_itself(&spec.filter) {
            return Ok(None);
        }
        self.reading(|db| {
            let sort = spec.sort.as_deref().and_then(|name| sorted_by(spec.kind, name));
            let Some(places) = Places::of(db, spec, sort)? else { return Ok(None) };
            let Some(touched) = touched(db, kinds, changed)? else { return Ok(None) };
            let mut rows = order.rows.clone();
            rows.retain(|n| touched.binary_search(n).is_err());
            let mut is_listed = db.prepare_cached(&is_listed(&places.query))?;
            for n in touched {
                let mut values = places.query.values.clone();
                values.push(Value::from(i64::from(n)));
                if is_listed.query_row(params_from_iter(values), |_| Ok(())).optional()?.is_none() {
                    continue;
                }
                let Some(at) = places.place(&rows, n)? else { return Ok(None) };
                rows.insert(at, n);
            }
            Ok(Some(Order { rows }))
        })
    }

    /// The records at these row numbers; nothing where a record is not there any more.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn numbered(&self, rows: &[u32]) -> Result<Vec<Option<Uuid>>, StoreError> {
        self.reading(|db| {
            let mut statement = db.prepare_cached(ID_OF)?;
            let ids = rows.iter().map(|n| statement.query_row((n,), |row| crate::view::uuid(row, 0)).optional());
            Ok(ids.collect::<Result<_, _>>()?)
        })
    }

    /// Where these records lie in an order.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn places(&self, kind: Kind, order: &Order, ids: &[Uuid]) -> Result<Vec<Option<usize>>, StoreError> {
        let numbers = self.reading(|db| {
            let numbers = ids.iter().map(|id| row(db, kind.name(), *id));
            Ok(numbers.collect::<Result<Vec<Option<i64>>, _>>()?)
        })?;
        let mut wanted: Vec<u32> = numbers.iter().flatten().filter_map(|n| u32::try_from(*n).ok()).collect();
        wanted.sort_unstable();
        let at: FastMap<u32, usize> = order
            .rows
            .iter()
            .enumerate()
            .filter(|(_, n)| wanted.binary_search(n).is_ok())
            .map(|(place, n)| (*n, place))
            .collect();
        let place = |n: Option<i64>| at.get(&u32::try_from(n?).ok()?).copied();
        Ok(numbers.into_iter().map(place).collect())
    }
}

/// The rows of the CIs among these records, in order of number; `None` where one is gone and nobody knows its row.
fn touched(db: &Db, kinds: &BTreeSet<Kind>, changed: &BTreeSet<Uuid>) -> Result<Option<Vec<u32>>, Trouble> {
    let mut rows = Vec::new();
    for id in changed {
        if let Some(n) = row(db, Kind::Ci.name(), *id)? {
            let Ok(n) = u32::try_from(n) else { return Ok(None) };
            rows.push(n);
            continue;
        }
        let mut is_other = false;
        for kind in kinds {
            is_other |= row(db, kind.name(), *id)?.is_some();
        }
        if !is_other {
            return Ok(None);
        }
    }
    rows.sort_unstable();
    Ok(Some(rows))
}

/// Whether a record is let through whatever others there are, and its own row tells it.
fn depends_on_itself(filter: &Filter) -> bool {
    match filter {
        Filter::Not(part) => depends_on_itself(part),
        Filter::All(parts) | Filter::Any(parts) => parts.iter().all(depends_on_itself),
        Filter::Test { field, .. } => !matches!(field, Field::Group | Field::Owner),
        Filter::Word(_) | Filter::Related { .. } => false,
    }
}

/// Whether the row in the last value is in the list.
pub(crate) fn is_listed(query: &Query) -> String {
    format!("{} AND n = ?{}", query.sql, query.values.len().saturating_add(1))
}

/// What rows are compared by.
pub(crate) fn compared(column: Column) -> String {
    format!("SELECT {}, state FROM ci_summary WHERE n = ?1", column.name())
}

/// Where rows of CIs belong.
struct Places<'a> {
    db: &'a Db,
    query: Query,
    column: Column,
    down: bool,
    /// Of a column of values: their numbers, each with its place.
    ranks: Option<FastMap<i64, i64>>,
}

/// What a row is compared by, in the order of the list but for its direction.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Text(Vec<u8>, u32),
    Figure(i64, u32),
    Rank(i64, i64, u32),
}

impl<'a> Places<'a> {
    /// `None` where the list comes in no order that a row can be compared by.
    fn of(db: &'a Db, spec: &ListSpec, sort: Option<Column>) -> Result<Option<Self>, Trouble> {
        let query = Query::of(db, spec.kind, &spec.filter)?;
        if !query.is_exact || query.names_rows {
            return Ok(None);
        }
        let (column, usual) = sort.map_or_else(|| usual_order(spec.kind), |column| (column, false));
        let down = spec.descending != usual;
        let ranks = if matches!(column, Column::Code(_) | Column::Owner) {
            let mut codes = codes_in_order(db, column)?;
            if down {
                codes.reverse();
            }
            Some(codes.into_iter().zip(0_i64..).collect())
        } else {
            None
        };
        Ok(Some(Self { db, query, column, down, ranks }))
    }

    fn key(&self, n: u32) -> Result<Option<Key>, Trouble> {
        let mut statement = self.db.prepare_cached(&compared(self.column))?;
        let found = statement.query_row((n,), |row| Ok((row.get::<_, Value>(0)?, row.get::<_, i64>(1)?))).optional()?;
        Ok(found.and_then(|(value, state)| match (value, &self.ranks) {
            // As the index compares: without regard to the case of ASCII letters.
            (Value::Text(text), _) => Some(Key::Text(text.to_ascii_lowercase().into_bytes(), n)),
            (Value::Integer(code), Some(ranks)) => {
                let state = if self.column == Column::Code("grp") { state } else { 0 };
                ranks.get(&code).map(|rank| Key::Rank(*rank, state, n))
            }
            (Value::Integer(figure), None) => Some(Key::Figure(figure, n)),
            _ => None,
        }))
    }

    /// Where a row belongs among others; `None` where one of them is gone.
    fn place(&self, rows: &[u32], n: u32) -> Result<Option<usize>, Trouble> {
        let Some(own) = self.key(n)? else { return Ok(None) };
        let (mut from, mut to) = (0, rows.len());
        while from < to {
            let middle = from.midpoint(to);
            let Some(other) = rows.get(middle) else { break };
            let Some(other) = self.key(*other)? else { return Ok(None) };
            // Values are ranked downwards already, and equal ones come as they are.
            let is_before = match own.cmp(&other) {
                order if self.down && self.ranks.is_none() => order.reverse(),
                order => order,
            } == Ordering::Less;
            if is_before {
                to = middle;
            } else {
                from = middle + 1;
            }
        }
        Ok(Some(from))
    }
}
