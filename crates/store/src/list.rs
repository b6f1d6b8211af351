//! Lists: the ids of everything that a filter lets through, in order; rows come by id as they scroll into view.

use crate::error::{StoreError, Trouble};
use crate::filter::{Field, Filter, Pair};
use crate::open::Store;
use crate::search::{match_query, words};
use crate::view::{find, uuid};
use rusqlite::Connection;
use rusqlite::types::Value;
use slipway_domain::change::record::ChangeState;
use slipway_domain::cmdb::ci::CiStatus;
use slipway_domain::dhs::record::UnitState;
use slipway_domain::dsl::item::ItemState;
use slipway_domain::id::PersonId;
use slipway_domain::level::{Criticality, Risk};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::release::record::{Phase, Status};
use slipway_domain::release::task_record::TaskState;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use uuid::Uuid;

/// Most ids in one list; a longer one says how many there are.
pub const LIST_MOST: usize = 200_000;
/// Most rows in one answer.
pub const ROWS_MOST: usize = 1_000;
/// Most people that an owner in a filter may stand for.
const OWNERS_MOST: i64 = 100;

/// What to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListSpec {
    /// Of which kind.
    pub kind: Kind,
    /// Words and `name:value` pairs such as `payroll phase:build owner:me`; everything when empty. A value is the
    /// beginning of what is looked for, `_` stands for a blank, quotes keep blanks, a comma separates alternatives,
    /// and a dash before the name turns the pair round: `-state:closed`.
    pub filter: String,
    /// Name of the field to sort by; the kind's usual order when left out.
    pub sort: Option<String>,
    /// The other way round.
    pub descending: bool,
    /// Who `me` is.
    pub me: Option<PersonId>,
}

/// A list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenList {
    /// The first [`LIST_MOST`] ids, in order.
    pub ids: Vec<Uuid>,
    /// How many there are in all.
    pub total: usize,
    /// Names in filter or sort that this kind does not have.
    pub unknown: Vec<String>,
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
pub(crate) const ROWS: &str = "SELECT id, body FROM record
    WHERE kind = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))";
pub(crate) const OWNERS: &str = "SELECT id FROM summary
    WHERE kind = ?1 AND label >= ?2 AND label < ?3 ORDER BY label LIMIT ?4";

impl Store {
    /// The ids of everything that the filter lets through, in order.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn open_list(&self, spec: &ListSpec) -> Result<OpenList, StoreError> {
        self.reading(|conn| {
            let filter = Filter::parse(spec.kind, &spec.filter);
            let mut unknown = filter.unknown.clone();
            let field = spec.sort.as_deref().and_then(|name| {
                let field = Field::named(spec.kind, name);
                if field.is_none() {
                    unknown.push(name.to_owned());
                }
                field
            });
            let query = query(conn, spec, &filter, field)?;
            let mut statement = conn.prepare_cached(&query.sql)?;
            let mut rows = statement.query(rusqlite::params_from_iter(query.values))?;
            let mut list = OpenList { unknown, ..OpenList::default() };
            while let Some(row) = rows.next()? {
                if list.total < LIST_MOST {
                    list.ids.push(uuid(row, 0)?);
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
            let hex: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
            let mut statement = conn.prepare_cached(ROWS)?;
            let mut rows = statement.query((kind.name(), serde_json::to_string(&hex)?))?;
            let mut found = BTreeMap::new();
            while let Some(row) = rows.next()? {
                found.insert(uuid(row, 0)?, Record::from_body(kind, row.get_ref(1)?.as_str().map_err(sql)?)?);
            }
            Ok(ids.iter().filter_map(|id| found.get(id).cloned()).collect())
        })
    }

    /// How many records of a kind are in each group and state: for trees, boards and badges.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn counts(&self, kind: Kind) -> Result<Vec<GroupCount>, StoreError> {
        self.reading(|conn| {
            let mut statement = conn.prepare_cached(COUNTS)?;
            let rows = statement.query_map((kind.name(),), |row| {
                Ok(GroupCount { group: row.get(0)?, state: row.get(1)?, count: row.get::<_, i64>(2)?.cast_unsigned() })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}

fn sql(error: rusqlite::types::FromSqlError) -> rusqlite::Error {
    error.into()
}

/// A statement put together from fixed parts; what the person typed is among the values only.
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

pub(crate) fn query(
    conn: &Connection,
    spec: &ListSpec,
    filter: &Filter,
    sort: Option<Field>,
) -> Result<Query, Trouble> {
    let mut q = Query {
        sql: "SELECT id FROM summary WHERE kind = ?1".to_owned(),
        values: vec![Value::from(spec.kind.name().to_owned())],
    };
    let text: Vec<&str> = words(&filter.words).collect();
    if let Some(query) = match_query(&text, &[spec.kind]) {
        let place = q.value(query);
        q.push(&format!(" AND n IN (SELECT rowid FROM search WHERE search MATCH ?{place})"));
    }
    for pair in &filter.pairs {
        q.push(if pair.negated { " AND NOT (" } else { " AND (" });
        if pair.field == Field::Owner {
            let owners = owners(conn, spec.me, pair)?;
            let place = q.value(serde_json::to_string(&owners)?);
            q.push(&format!("owner IN (SELECT value FROM json_each(?{place}))"));
        } else {
            let column = pair.field.column();
            for (n, value) in pair.values.iter().enumerate() {
                let from = q.value(value.clone());
                let to = q.value(format!("{value}{}", char::MAX));
                q.push(if n == 0 { "" } else { " OR " });
                q.push(&format!("({column} >= ?{from} AND {column} < ?{to})"));
            }
        }
        q.push(")");
    }
    let (field, usual_descending) = match sort {
        Some(field) => (field, false),
        None => usual_order(spec.kind),
    };
    let direction = if spec.descending == usual_descending { "ASC" } else { "DESC" };
    let column = field.column();
    match named_order(spec.kind, field) {
        Some(order) => {
            let place = q.value(order);
            q.push(&format!(" ORDER BY instr(?{place}, '|' || {column} || '|') {direction}, label {direction}"));
        }
        // As the index has it, so that nothing needs to be sorted.
        None if field == Field::Number => q.push(&format!(" ORDER BY position {direction}, label {direction}")),
        None if matches!(field, Field::Label | Field::Title | Field::At) => {
            q.push(&format!(" ORDER BY {column} {direction}"));
        }
        None => q.push(&format!(" ORDER BY {column} {direction}, label {direction}")),
    }
    Ok(q)
}

impl Query {
    fn push(&mut self, part: &str) {
        self.sql.push_str(part);
    }

    /// Adds a value; gives its place.
    fn value(&mut self, value: String) -> usize {
        self.values.push(Value::from(value));
        self.values.len()
    }
}

/// By what a list of that kind is sorted when nothing is said, and whether downwards.
fn usual_order(kind: Kind) -> (Field, bool) {
    match kind {
        Kind::Release | Kind::Change => (Field::Number, true),
        Kind::Task => (Field::Number, false),
        Kind::Approval | Kind::Freeze => (Field::At, false),
        Kind::Baseline | Kind::TestRecord => (Field::At, true),
        Kind::Ci | Kind::DslItem | Kind::DhsUnit => (Field::Label, false),
        _ => (Field::Label, false),
    }
}

/// The order of values that have one of their own, such as phases; `None` where it is that of the alphabet.
fn named_order(kind: Kind, field: Field) -> Option<String> {
    fn all<T: Display>(values: &[T]) -> String {
        values.iter().fold("|".to_owned(), |mut text, value| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{}|", value.to_string().to_lowercase());
            text
        })
    }
    Some(match (kind, field) {
        (Kind::Release | Kind::Task, Field::Group) => all(Phase::ALL),
        (Kind::Release, Field::State) => all(Status::ALL),
        (Kind::Task, Field::State) => all(TaskState::ALL),
        (Kind::Change, Field::State) => all(ChangeState::ALL),
        (Kind::Ci, Field::State) => all(CiStatus::ALL),
        (Kind::DslItem, Field::State) => all(ItemState::ALL),
        (Kind::DhsUnit, Field::State) => all(UnitState::ALL),
        (Kind::Release | Kind::Change, Field::Level) => all(Risk::ALL),
        (Kind::Ci, Field::Level) => all(Criticality::ALL),
        _ => return None,
    })
}

/// Ids of the people and groups that an owner in a filter stands for: `me`, a sign-in name, an id, or the beginning
/// of a name.
fn owners(conn: &Connection, me: Option<PersonId>, pair: &Pair) -> Result<Vec<String>, Trouble> {
    let mut ids = Vec::new();
    for value in &pair.values {
        if value == "me" {
            ids.extend(me.map(|id| id.to_string()));
            continue;
        }
        if let Ok(id) = value.parse::<Uuid>() {
            ids.push(id.to_string());
            continue;
        }
        ids.extend(find(conn, Lookup::User, value)?.into_iter().map(|id| id.to_string()));
        let mut statement = conn.prepare_cached(OWNERS)?;
        for kind in [Kind::Person, Kind::Group] {
            let end = format!("{value}{}", char::MAX);
            let mut rows = statement.query((kind.name(), value, end, OWNERS_MOST))?;
            while let Some(row) = rows.next()? {
                ids.push(uuid(row, 0)?.to_string());
            }
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests;
