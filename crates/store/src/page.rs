//! Pages of a list from any place in it: what follows a record, so that the millionth row costs what the first does.

use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::filter::{CANDIDATES_MOST, Column, Query, judge, listed};
use crate::list::{ListSpec, ROWS_MOST, codes, codes_in_order, sorted_by, usual_order, whole};
use crate::open::Store;
use crate::view::row;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params_from_iter};
use slipway_domain::filter::Filter;
use slipway_domain::filter::field::Field;
use slipway_domain::filter::value::Wanted;
use slipway_domain::record::Kind;
use uuid::Uuid;

pub(crate) const CI_TOTAL: &str = "SELECT coalesce(sum(count), 0) FROM ci_count";
pub(crate) const TOTAL: &str = "SELECT count(*) FROM summary WHERE kind = ?1";

/// Of so many classes a page is put together from each one's own; where more are asked for, names are walked.
const CLASSES_MOST: usize = 50;

pub(crate) const STATES: &str = "SELECT state FROM ci_count WHERE grp = ?1 AND count > 0 ORDER BY state";

impl Store {
    /// The ids that follow `after` in a list, or its first ones; at most `count`. To go back, ask for the list the other
    /// way round. A record that is not in the list any more has no place: what follows it is empty. Where no index has
    /// what the filter asks for, as many are looked at as for a whole list.
    ///
    /// # Errors
    /// `Misuse` for more than [`ROWS_MOST`], or that the storage failed.
    pub fn page(&self, spec: &ListSpec, after: Option<Uuid>, count: usize) -> Result<Vec<Uuid>, StoreError> {
        if count > ROWS_MOST {
            return Err(StoreError::Misuse {
                sentence: format!("{count} rows were asked for at once."),
                way_out: format!("Ask for at most {ROWS_MOST}."),
            });
        }
        self.reading(|db| {
            let column = spec.sort.as_deref().and_then(|name| sorted_by(spec.kind, name));
            let query = Query::of(db, spec.kind, &spec.filter)?;
            if spec.kind != Kind::Ci || query.names_rows || !query.is_exact {
                return walked(db, spec, after, count);
            }
            let after = match after {
                None => None,
                Some(id) => match row(db, Kind::Ci.name(), id)? {
                    Some(n) => Some(n),
                    None => return Ok(Vec::new()),
                },
            };
            let (column, usual) = column.map_or_else(|| usual_order(spec.kind), |column| (column, false));
            let mut page = Page { db, query: &query, count, ids: Vec::new(), down: spec.descending != usual };
            match column {
                Column::AnyCase("label") if let Some(classes) = classes(db, &spec.filter)? => {
                    page.of_classes(&classes, after)?
                }
                Column::AnyCase(_) | Column::Position | Column::At | Column::Lower(_) | Column::Site => {
                    page.along(column, after)?
                }
                Column::Code(_) | Column::Owner => page.by_value(column, after)?,
            }
            Ok(page.ids)
        })
    }

    /// How many records of a kind there are.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn total(&self, kind: Kind) -> Result<u64, StoreError> {
        self.reading(|db| {
            let total: i64 = if kind == Kind::Ci {
                db.prepare_cached(CI_TOTAL)?.query_row((), |row| row.get(0))?
            } else {
                db.prepare_cached(TOTAL)?.query_row((kind.name(),), |row| row.get(0))?
            };
            Ok(total.cast_unsigned())
        })
    }
}

/// A page of a list that is short, or whose rows are looked up one by one: by walking it.
fn walked(db: &Db, spec: &ListSpec, after: Option<Uuid>, count: usize) -> Result<Vec<Uuid>, Trouble> {
    let sort = spec.sort.as_deref().and_then(|name| sorted_by(spec.kind, name));
    let query = whole(db, spec, sort)?;
    let mut statement = db.prepare_cached(&query.sql)?;
    let mut rows = statement.query(params_from_iter(query.values))?;
    let (mut ids, mut is_there) = (Vec::new(), after.is_none());
    let mut left = if query.is_exact { usize::MAX } else { CANDIDATES_MOST };
    while ids.len() < count
        && left > 0
        && let Some(row) = rows.next()?
    {
        let id = listed(db, row)?;
        left -= 1;
        if is_there && (query.is_exact || judge(db, spec.kind, id, &spec.filter)?) {
            ids.push(id);
        }
        is_there |= after == Some(id);
    }
    Ok(ids)
}

/// The numbers of the classes that a filter asks for; `None` if it asks for none, or for too many.
fn classes(db: &Db, filter: &Filter) -> Result<Option<Vec<i64>>, Trouble> {
    let parts = match filter {
        Filter::All(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    let asked = parts.iter().find_map(|part| match part {
        Filter::Test { field: Field::Class, wanted } => Some(wanted),
        _ => None,
    });
    let Some(asked) = asked else { return Ok(None) };
    let mut classes = if asked.contains(&Wanted::Empty) { vec![0] } else { Vec::new() };
    for code in codes(db, Column::Code("grp"))? {
        let name = db.text(code)?;
        let is_asked = asked.iter().any(|wanted| match wanted {
            Wanted::Begins(start) => name.starts_with(start.as_str()),
            Wanted::Is(whole) => *name == **whole,
            Wanted::OneOf(names) => names.iter().any(|one| *name == **one),
            _ => false,
        });
        if is_asked {
            classes.push(code);
        }
    }
    Ok((classes.len() <= CLASSES_MOST).then_some(classes))
}

/// A page of CIs while it is filled.
struct Page<'a> {
    db: &'a Db,
    query: &'a Query,
    count: usize,
    ids: Vec<Uuid>,
    down: bool,
}

/// The statement for what follows a row along an index: its first values are those of the query, then come the value of
/// the column in the last row and that row. Equal values are told apart by the row, and read again at most once.
pub(crate) fn along(query: &Query, column: Column, down: bool, follows: bool) -> String {
    let (name, value) = (column.name(), query.values.len() + 1);
    let (order, beyond) = if down { ("DESC", "<") } else { ("ASC", ">") };
    let n = value + 1;
    let place = if follows {
        format!(" AND {name} {beyond}= ?{value} AND ({name} {beyond} ?{value} OR n {beyond} ?{n})")
    } else {
        String::new()
    };
    format!("{}{place} ORDER BY {name} {order}, n {order}", ordered(query, name))
}

/// The statement for CIs of these classes by name: of each class what its index gives first, then the first of those.
/// Its first values are those of the query, then come the name in the last row and that row.
pub(crate) fn of_classes(query: &Query, classes: &[i64], down: bool, follows: bool, count: usize) -> String {
    let value = query.values.len() + 1;
    let (order, beyond) = if down { ("DESC", "<") } else { ("ASC", ">") };
    let n = value + 1;
    let place = if follows {
        format!(" AND label {beyond}= ?{value} AND (label {beyond} ?{value} OR n {beyond} ?{n})")
    } else {
        String::new()
    };
    // Only the one class that is asked for here is to be looked up.
    let rest = query.sql.replace("grp ", "+grp ").replacen(
        "SELECT n, NULL FROM ci_summary",
        "SELECT n, label FROM ci_summary INDEXED BY ci_class_name",
        1,
    );
    let parts = classes.iter().map(|class| {
        format!("SELECT * FROM ({rest} AND grp = {class}{place} ORDER BY label {order}, n {order} LIMIT {count})")
    });
    let parts = parts.collect::<Vec<_>>().join(" UNION ALL ");
    format!("SELECT n, NULL FROM ({parts}) ORDER BY label COLLATE NOCASE {order}, n {order}")
}

/// The statement with its order taken from the index of that column, whatever else the filter asks for.
fn ordered(query: &Query, name: &str) -> String {
    query.sql.replacen("FROM ci_summary", &format!("FROM ci_summary INDEXED BY ci_{name}"), 1)
}

/// The statement for what has a value and follows a row.
pub(crate) fn among(query: &Query, columns: &[&str]) -> String {
    let mut place = query.values.len();
    let mut sql = ordered(query, columns.first().copied().unwrap_or_default());
    for column in columns {
        place += 1;
        sql.push_str(&format!(" AND {column} = ?{place}"));
    }
    format!("{sql} AND n > ?{} ORDER BY n", place + 1)
}

pub(crate) fn value_at(column: Column) -> String {
    format!("SELECT {} FROM ci_summary WHERE n = ?1", column.name())
}

impl Page<'_> {
    fn along(&mut self, column: Column, after: Option<i64>) -> Result<(), Trouble> {
        self.following(&along(self.query, column, self.down, after.is_some()), column, after)
    }

    fn of_classes(&mut self, classes: &[i64], after: Option<i64>) -> Result<(), Trouble> {
        if classes.is_empty() {
            return Ok(());
        }
        let sql = of_classes(self.query, classes, self.down, after.is_some(), self.count);
        self.following(&sql, Column::AnyCase("label"), after)
    }

    /// Fills the page by a statement that may begin behind a row.
    fn following(&mut self, sql: &str, column: Column, after: Option<i64>) -> Result<(), Trouble> {
        let mut values = self.query.values.clone();
        if let Some(n) = after {
            let at: Option<Value> =
                self.db.prepare_cached(&value_at(column))?.query_row((n,), |row| row.get(0)).optional()?;
            let Some(at) = at else { return Ok(()) };
            values.extend([at, Value::from(n)]);
        }
        self.fill(sql, values)
    }

    /// One value after the other, each from its index. Within a value the rows come as they are, whichever way round.
    fn by_value(&mut self, column: Column, after: Option<i64>) -> Result<(), Trouble> {
        // Of a class the index has the states one by one.
        let columns: &[&str] = if column == Column::Code("grp") { &["grp", "state"] } else { &[column.name()] };
        let mut codes = codes_in_order(self.db, column)?;
        if self.down {
            codes.reverse();
        }
        let mut values: Vec<Vec<i64>> = Vec::new();
        for code in codes {
            if columns.len() > 1 {
                let mut states = self.db.prepare_cached(STATES)?;
                let states = states.query_map((code,), |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
                values.extend(states.into_iter().map(|state| vec![code, state]));
            } else {
                values.push(vec![code]);
            }
        }
        let mut last = 0;
        if let Some(n) = after {
            let sql = format!("SELECT {} FROM ci_summary WHERE n = ?1", columns.join(", "));
            let at: Option<Vec<i64>> = self
                .db
                .prepare_cached(&sql)?
                .query_row((n,), |row| (0..columns.len()).map(|place| row.get(place)).collect())
                .optional()?;
            let Some(place) = at.and_then(|at| values.iter().position(|value| *value == at)) else { return Ok(()) };
            values.drain(..place);
            last = n;
        }
        let sql = among(self.query, columns);
        for value in values {
            let mut all = self.query.values.clone();
            all.extend(value.into_iter().map(Value::from));
            all.push(Value::from(last));
            self.fill(&sql, all)?;
            if self.ids.len() >= self.count {
                break;
            }
            last = 0;
        }
        Ok(())
    }

    fn fill(&mut self, sql: &str, values: Vec<Value>) -> Result<(), Trouble> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while self.ids.len() < self.count
            && let Some(row) = rows.next()?
        {
            self.ids.push(listed(self.db, row)?);
        }
        Ok(())
    }
}
