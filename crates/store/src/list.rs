//! Lists: the ids of everything that a filter lets through, in order; rows come by id as they scroll into view.

use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::filter::{CANDIDATES_MOST, Column, Query, judge, listed};
use crate::open::Store;
use crate::view::{View, read};
use rusqlite::OptionalExtension;
use rusqlite::types::Value;
use slipway_domain::change::record::ChangeState;
use slipway_domain::cmdb::ci::CiStatus;
use slipway_domain::dhs::record::UnitState;
use slipway_domain::dsl::item::ItemState;
use slipway_domain::filter::evaluate::texts;
use slipway_domain::filter::field::{Field, Named, named};
use slipway_domain::filter::text::{fold, is_searchable};
use slipway_domain::filter::{Filter, Vocabulary};
use slipway_domain::level::{Criticality, Risk};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::release::record::{Phase, Status};
use slipway_domain::release::task_record::TaskState;
use std::collections::BTreeSet;
use std::fmt::{Display, Write};
use uuid::Uuid;

/// Most ids in one list; a longer one says how many there are.
pub const LIST_MOST: usize = 200_000;
/// Most rows in one answer.
pub const ROWS_MOST: usize = 1_000;

/// Most records that are looked at for values of a field that no index has.
const SAMPLED: usize = 300;

/// What to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSpec {
    /// Of which kind.
    pub kind: Kind,
    /// Which of them.
    pub filter: Filter,
    /// Name of the field to sort by; the kind's usual order when left out.
    pub sort: Option<String>,
    /// The other way round.
    pub descending: bool,
}

/// A list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenList {
    /// The first [`LIST_MOST`] ids, in order.
    pub ids: Vec<Uuid>,
    /// How many there are in all.
    pub total: usize,
    /// The name in sort that this kind does not have.
    pub unknown: Vec<String>,
    /// The filter asks for what no index has, and only so many records were looked at; there may be more. `None`:
    /// nothing is left out.
    pub looked_at: Option<usize>,
}

/// How many records of a kind are in a group and state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCount {
    /// Phase, CI class, category, store: lower case.
    pub group: String,
    /// State or status, lower case.
    pub state: String,
    /// How many.
    pub count: u64,
}

pub(crate) const COUNTS: &str =
    "SELECT grp, state, count(*) FROM summary WHERE kind = ?1 GROUP BY grp, state ORDER BY grp, state";
pub(crate) const CI_COUNTS: &str =
    "SELECT coalesce(g.text, '') grp, coalesce(s.text, '') state, c.count FROM ci_count c
    LEFT JOIN name g ON g.code = c.grp LEFT JOIN name s ON s.code = c.state
    WHERE ?1 IS NOT NULL AND c.count > 0 ORDER BY 1, 2";
pub(crate) const LABELS: &str = "SELECT n, id, label FROM summary
    WHERE kind = ?1 AND label >= ?2 AND label < ?3 ORDER BY label LIMIT ?4";
pub(crate) const CI_LABELS: &str = "SELECT n, NULL, label FROM ci_summary
    WHERE ?1 IS NOT NULL AND label >= ?2 AND label < ?3 ORDER BY label LIMIT ?4";
pub(crate) const FIRST_GROUP: &str =
    "SELECT grp FROM summary WHERE kind = ?1 AND grp >= ?2 AND grp < ?3 ORDER BY grp LIMIT 1";
pub(crate) const NEXT_GROUP: &str =
    "SELECT grp FROM summary WHERE kind = ?1 AND grp > ?2 AND grp < ?3 ORDER BY grp LIMIT 1";

impl Store {
    /// The ids of everything that the filter lets through, in order.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn open_list(&self, spec: &ListSpec) -> Result<OpenList, StoreError> {
        self.reading(|conn| {
            let mut list = OpenList::default();
            let sort = spec.sort.as_deref().and_then(|name| {
                let column = sorted_by(spec.kind, name);
                if column.is_none() {
                    list.unknown.push(name.to_owned());
                }
                column
            });
            let query = query(conn, spec, sort)?;
            let mut statement = conn.prepare_cached(&query.sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(query.values))?;
            let mut seen = 0_usize;
            while let Some(row) = rows.next()? {
                if !query.is_exact {
                    if seen >= CANDIDATES_MOST {
                        list.looked_at = Some(seen);
                        break;
                    }
                    seen += 1;
                    if !judge(conn, spec.kind, listed(conn, row)?, &spec.filter)? {
                        continue;
                    }
                }
                if list.total < LIST_MOST {
                    list.ids.push(listed(conn, row)?);
                }
                list.total += 1;
            }
            Ok(list)
        })
    }

    /// Records of these ids, in the order asked for; what is not there any more is left out.
    ///
    /// # Errors
    /// `Misuse` for more than [`ROWS_MOST`], or that the storage failed.
    pub fn rows(&self, kind: Kind, ids: &[Uuid]) -> Result<Vec<Record>, StoreError> {
        if ids.len() > ROWS_MOST {
            return Err(StoreError::Misuse {
                sentence: format!("{} rows were asked for at once.", ids.len()),
                way_out: format!("Ask for at most {ROWS_MOST}."),
            });
        }
        self.reading(|conn| {
            let mut records = Vec::with_capacity(ids.len());
            for id in ids {
                records.extend(read(conn, kind, *id)?);
            }
            Ok(records)
        })
    }

    /// Values of a field that begin with `prefix` (lower case) and that records have, each once: all there are where an
    /// index has them, else those of the first few hundred records that the words lead to.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn values(&self, kind: Kind, field: &Field, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.reading(|conn| match Column::of(kind, field) {
            Some(column @ Column::Code(_)) => {
                let mut values: Vec<String> = codes(conn, column)?
                    .into_iter()
                    .map(|code| Ok(conn.text(code)?.to_string()))
                    .collect::<Result<_, rusqlite::Error>>()?;
                values.retain(|value| value.starts_with(prefix));
                values.sort_unstable();
                values.truncate(limit);
                Ok(values)
            }
            Some(Column::Lower("grp")) => {
                let end = format!("{prefix}{}", char::MAX);
                let mut values: Vec<String> = Vec::new();
                // One seek for each value, however many records have it.
                while values.len() < limit {
                    let (sql, from) = values.last().map_or((FIRST_GROUP, prefix), |last| (NEXT_GROUP, last));
                    let mut statement = conn.prepare_cached(sql)?;
                    let next = statement.query_row((kind.name(), from, &end), |row| row.get(0)).optional()?;
                    let Some(next) = next else { break };
                    values.push(next);
                }
                values.retain(|value| !value.is_empty());
                Ok(values)
            }
            Some(Column::AnyCase("label")) => {
                Ok(labels(conn, kind, prefix, limit)?.into_iter().map(|(_, l)| l).collect())
            }
            _ => sampled(conn, kind, field, prefix, limit),
        })
    }

    /// Records of a kind whose name begins with `prefix`.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn called(&self, kind: Kind, prefix: &str, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        self.reading(|conn| Ok(labels(conn, kind, prefix, limit)?.into_iter().map(|(id, _)| id).collect()))
    }

    /// How many records of a kind are in each group and state: for trees, boards and badges.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn counts(&self, kind: Kind) -> Result<Vec<GroupCount>, StoreError> {
        self.reading(|conn| {
            let mut statement = conn.prepare_cached(if kind == Kind::Ci { CI_COUNTS } else { COUNTS })?;
            let rows = statement.query_map((kind.name(),), |row| {
                Ok(GroupCount { group: row.get(0)?, state: row.get(1)?, count: row.get::<_, i64>(2)?.cast_unsigned() })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

/// Records whose label begins so, and their labels.
pub(crate) fn labels(conn: &Db, kind: Kind, prefix: &str, limit: usize) -> Result<Vec<(Uuid, String)>, Trouble> {
    let mut statement = conn.prepare_cached(if kind == Kind::Ci { CI_LABELS } else { LABELS })?;
    let end = format!("{prefix}{}", char::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map((kind.name(), prefix, end, limit), |row| Ok((listed(conn, row)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Values of a field among the first records that its words lead to.
fn sampled(conn: &Db, kind: Kind, field: &Field, prefix: &str, limit: usize) -> Result<Vec<String>, Trouble> {
    let words = if is_searchable(prefix) { Filter::Word(prefix.to_owned()) } else { Filter::EVERYTHING };
    let query = Query::of(conn, kind, &words)?;
    let mut statement = conn.prepare_cached(&format!("{} LIMIT {SAMPLED}", query.sql))?;
    let mut rows = statement.query(rusqlite::params_from_iter(query.values))?;
    let mut values = BTreeSet::new();
    while let Some(row) = rows.next()? {
        let Some(record) = View(conn).read(kind, listed(conn, row)?)? else { continue };
        values.extend(texts(&record, field).into_iter().filter(|text| fold(text).starts_with(prefix)));
    }
    Ok(values.into_iter().take(limit).collect())
}

/// The statement of a list: what the filter lets through, or a bounded number of candidates for that, in order.
pub(crate) fn query(conn: &Db, spec: &ListSpec, sort: Option<Column>) -> Result<Query, Trouble> {
    let mut q = whole(conn, spec, sort)?;
    if !q.is_exact {
        q.sql.push_str(&format!(" LIMIT {}", CANDIDATES_MOST.saturating_add(1)));
    }
    Ok(q)
}

/// The same with every candidate, for exports.
pub(crate) fn whole(conn: &Db, spec: &ListSpec, sort: Option<Column>) -> Result<Query, Trouble> {
    let mut q = Query::of(conn, spec.kind, &spec.filter)?;
    let (column, usual_descending) = match sort {
        Some(column) => (column, false),
        None => usual_order(spec.kind),
    };
    let direction = if spec.descending == usual_descending { "ASC" } else { "DESC" };
    let name = column.name();
    if spec.kind == Kind::Ci && matches!(column, Column::Code(_) | Column::Owner) {
        let mut codes = codes_in_order(conn, column)?;
        if direction == "DESC" {
            codes.reverse();
        }
        by_value(&mut q, name, &codes, spec.filter.is_everything())?;
        return Ok(q);
    }
    // No order is taken from an index where rows are looked up, else all of the kind would be walked for it.
    let plus = if q.names_rows { "+" } else { "" };
    match named_order(spec.kind, column) {
        Some(order) => {
            q.values.push(Value::from(order));
            let place = q.values.len();
            q.sql.push_str(&format!(" ORDER BY instr(?{place}, '|' || {name} || '|') {direction}, label {direction}"));
        }
        // As the index has it, so that nothing needs to be sorted.
        None if column == Column::Position => {
            q.sql.push_str(&format!(" ORDER BY {plus}position {direction}"));
            // Numbers of CIs have an index without their names.
            let equals = if spec.kind == Kind::Ci { format!("{plus}n") } else { "label".to_owned() };
            q.sql.push_str(&format!(", {equals} {direction}"));
        }
        None if matches!(column, Column::AnyCase(_) | Column::At) => {
            q.sql.push_str(&format!(" ORDER BY {plus}{name} {direction}"));
            if spec.kind == Kind::Ci {
                // As the index has them already, and as pages tell equal ones apart.
                q.sql.push_str(&format!(", {plus}n {direction}"));
            }
        }
        None => q.sql.push_str(&format!(" ORDER BY {name} {direction}, label {direction}")),
    }
    Ok(q)
}

/// Orders CIs by the values that have these numbers, as they are given.
fn by_value(q: &mut Query, name: &str, codes: &[i64], is_everything: bool) -> Result<(), Trouble> {
    if is_everything {
        // One value after the other, each from its index: a join that may not be turned round keeps that order.
        q.values.push(Value::from(serde_json::to_string(codes)?));
        q.sql = format!(
            "SELECT s.n, NULL FROM json_each(?2) v CROSS JOIN ci_summary s ON s.{name} = v.value WHERE ?1 IS NOT NULL"
        );
        return Ok(());
    }
    let order = codes.iter().fold("|".to_owned(), |text, code| format!("{text}{code}|"));
    q.values.push(Value::from(order));
    let place = q.values.len();
    // Of a class the index has the states one by one.
    let then = if name == "grp" { "state, n" } else { "n" };
    q.sql.push_str(&format!(" ORDER BY instr(?{place}, '|' || {name} || '|'), {then}"));
    Ok(())
}

/// The numbers of the values that CIs have in a column: one seek for each, however many have it. Without the empty one.
pub(crate) fn codes(conn: &Db, column: Column) -> Result<Vec<i64>, Trouble> {
    let mut next = conn.prepare_cached(&next_code(column))?;
    let mut codes = Vec::new();
    let mut last = 0;
    while let Some(code) = next.query_row((last,), |row| row.get::<_, Option<i64>>(0))? {
        codes.push(code);
        last = code;
    }
    Ok(codes)
}

pub(crate) fn next_code(column: Column) -> String {
    let name = column.name();
    format!("SELECT min({name}) FROM ci_summary WHERE {name} > ?1")
}

/// The same in the order of the values, the empty one first.
pub(crate) fn codes_in_order(conn: &Db, column: Column) -> Result<Vec<i64>, Trouble> {
    let order = named_order(Kind::Ci, column);
    let mut keyed: Vec<((usize, String), i64)> = Vec::new();
    for code in codes(conn, column)? {
        let text = conn.text(code)?;
        let rank = order.as_ref().map_or(0, |order| order.find(&format!("|{text}|")).unwrap_or(usize::MAX));
        let text = match (column, text.parse::<Uuid>()) {
            (Column::Owner, Ok(id)) => called(conn, id)?,
            _ => text.to_string(),
        };
        keyed.push(((rank, text), code));
    }
    keyed.sort_unstable();
    Ok(std::iter::once(0).chain(keyed.into_iter().map(|(_, code)| code)).collect())
}

/// What a person or group is called, for an order.
fn called(conn: &Db, id: Uuid) -> Result<String, Trouble> {
    for kind in [Kind::Person, Kind::Group] {
        if let Some(record) = read(conn, kind, id)? {
            return Ok(fold(&record.label()));
        }
    }
    Ok(id.to_string())
}

/// The column that a kind calls so.
pub(crate) fn sorted_by(kind: Kind, name: &str) -> Option<Column> {
    match named(kind, name, &Vocabulary::default())? {
        Named::Field(field, _) => Column::of(kind, &field),
        Named::Choices(..) | Named::Measure(..) | Named::Link(_) => None,
    }
}

/// By what a list of that kind is sorted when nothing is said, and whether downwards.
pub(crate) fn usual_order(kind: Kind) -> (Column, bool) {
    match kind {
        Kind::Release | Kind::Change => (Column::Position, true),
        Kind::Task => (Column::Position, false),
        Kind::Approval | Kind::Freeze => (Column::At, false),
        Kind::Baseline | Kind::TestRecord | Kind::Observation => (Column::At, true),
        _ => (Column::AnyCase("label"), false),
    }
}

/// The order of values that have one of their own, such as phases; `None` where it is that of the alphabet.
fn named_order(kind: Kind, column: Column) -> Option<String> {
    fn all<T: Display>(values: &[T]) -> String {
        values.iter().fold("|".to_owned(), |mut text, value| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}|", value.to_string().to_lowercase());
            text
        })
    }
    Some(match (kind, column) {
        (Kind::Release | Kind::Task, Column::Lower("grp")) => all(Phase::ALL),
        (Kind::Release, Column::Lower("state")) => all(Status::ALL),
        (Kind::Task, Column::Lower("state")) => all(TaskState::ALL),
        (Kind::Change, Column::Lower("state")) => all(ChangeState::ALL),
        (Kind::Ci, Column::Code("state")) => all(CiStatus::ALL),
        (Kind::DslItem, Column::Lower("state")) => all(ItemState::ALL),
        (Kind::DhsUnit, Column::Lower("state")) => all(UnitState::ALL),
        (Kind::Release | Kind::Change, Column::Lower("level")) => all(Risk::ALL),
        (Kind::Ci, Column::Code("level")) => all(Criticality::ALL),
        _ => return None,
    })
}

pub mod order;

#[cfg(test)]
mod tests;
