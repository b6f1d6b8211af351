//! A filter of the domain as SQL over the summary rows: the only place that knows which field lies in which column.
//!
//! What the columns and the word index cannot tell is left out of the SQL. Then the statement finds *candidates*, never
//! too few, and each is judged by its record as the domain does; [`CANDIDATES_MOST`] bounds that.

use crate::db::Db;
use crate::error::Trouble;
use crate::list::labels;
use crate::pack::id_of;
use crate::search::match_query;
use crate::view::{View, find};
use rusqlite::Row;
use rusqlite::types::Value;
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::filter::field::Field;
use slipway_domain::filter::text::is_searchable;
use slipway_domain::filter::value::{Bounds, Party, Wanted};
use slipway_domain::filter::{Filter, Link};
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Site;
use slipway_domain::record::Kind;
use slipway_domain::records::{Records, RecordsExt};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most records that are read and judged one by one for one list.
pub const CANDIDATES_MOST: usize = 20_000;
/// Most people or groups that a name in a filter may stand for.
const NAMESAKES_MOST: usize = 100;
/// Most CIs that a filter within a relation may find to be followed back from them.
const RELATED_MOST: usize = 2_000;
/// Most relations that are followed back.
const RELATIONS_MOST: usize = 20_000;

/// How a column of `summary` holds a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// Lower case.
    Lower(&'static str),
    /// As it is, compared without regard to the case of ASCII letters.
    AnyCase(&'static str),
    /// Place in the number series.
    Position,
    /// Milliseconds; 0 for none.
    At,
    /// Identity of a person or group; empty for none.
    Owner,
    /// Of CIs: the number of a name that is lower case; 0 for none.
    Code(&'static str),
    /// Identity of a site; empty for none.
    Site,
}

impl Column {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lower(name) | Self::AnyCase(name) | Self::Code(name) => name,
            Self::Position => "position",
            Self::At => "at",
            Self::Owner => "owner",
            Self::Site => "grp",
        }
    }

    /// In which column a field of that kind lies.
    pub(crate) fn of(kind: Kind, field: &Field) -> Option<Self> {
        use Column::{AnyCase, At, Code, Lower, Owner, Position};
        Some(match (kind, field) {
            (Kind::Ci, Field::Title) => AnyCase("label"),
            (Kind::Ci, Field::Class) => Code("grp"),
            (Kind::Ci, Field::State) => Code("state"),
            (Kind::Ci, Field::Environment) => Code("type"),
            (Kind::Ci, Field::Criticality) => Code("level"),
            (_, Field::Number) => Position,
            (_, Field::Label) => AnyCase("label"),
            (_, Field::Title) | (Kind::DhsUnit, Field::Serial) => AnyCase("title"),
            (Kind::Release | Kind::Task, Field::Phase)
            | (Kind::Change, Field::Category)
            | (Kind::DslItem, Field::Type)
            | (Kind::DhsModel, Field::Manufacturer)
            | (Kind::DhsUnit | Kind::DhsStock | Kind::Stocktake, Field::Store) => Lower("grp"),
            (
                Kind::Release
                | Kind::Change
                | Kind::Task
                | Kind::Approval
                | Kind::DslItem
                | Kind::DhsUnit
                | Kind::Stocktake
                | Kind::Observation
                | Kind::Person,
                Field::State,
            ) => Lower("state"),
            (Kind::Observation, Field::Site) => Self::Site,
            (Kind::Release | Kind::Change | Kind::Observation, Field::Type)
            | (Kind::DslItem, Field::Platform)
            | (Kind::DhsModel, Field::Type)
            | (Kind::DhsUnit, Field::Condition) => Lower("type"),
            (Kind::Release, Field::Class) => Lower("class"),
            (Kind::Release | Kind::Change, Field::Risk) => Lower("level"),
            (
                Kind::Release
                | Kind::Change
                | Kind::Ci
                | Kind::Task
                | Kind::Approval
                | Kind::DslItem
                | Kind::Group
                | Kind::Baseline
                | Kind::TestRecord
                | Kind::Observation
                | Kind::Stocktake
                | Kind::Comment,
                Field::Owner,
            ) => Owner,
            (
                Kind::Release
                | Kind::Change
                | Kind::Task
                | Kind::Approval
                | Kind::DslItem
                | Kind::DhsUnit
                | Kind::Stocktake
                | Kind::Baseline
                | Kind::TestRecord
                | Kind::Freeze
                | Kind::Observation
                | Kind::Comment,
                Field::At,
            ) => At,
            _ => return None,
        })
    }
}

/// Fields whose text is among the words that search finds, so that their beginning narrows the candidates.
fn is_among_words(kind: Kind, field: &Field) -> bool {
    match kind {
        Kind::Ci => matches!(
            field,
            Field::Manufacturer
                | Field::Model
                | Field::Version
                | Field::Serial
                | Field::Tag
                | Field::Notes
                | Field::Attribute(_)
        ),
        Kind::Change => *field == Field::Foreign,
        Kind::DslItem => matches!(field, Field::Version | Field::Vendor),
        Kind::DhsUnit => *field == Field::Tag,
        Kind::DhsModel => *field == Field::Part,
        Kind::Person => *field == Field::User,
        _ => false,
    }
}

/// A statement put together from fixed parts; what the person typed is among the values only.
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
    /// Whether it finds exactly what the filter lets through; else candidates, which are more.
    pub(crate) is_exact: bool,
    /// Whether it names its rows, so that no order may be taken from an index.
    pub(crate) names_rows: bool,
}

/// What a list reads: row and identity, which CIs have in `record` only.
fn of_kind(kind: Kind) -> &'static str {
    if kind == Kind::Ci {
        "SELECT n, NULL FROM ci_summary WHERE ?1 IS NOT NULL"
    } else {
        "SELECT n, id FROM summary WHERE kind = ?1"
    }
}

/// The identity in a row of [`Query`].
pub(crate) fn listed(db: &Db, row: &Row<'_>) -> Result<Uuid, rusqlite::Error> {
    match row.get::<_, Option<[u8; 16]>>(1)? {
        Some(id) => Ok(Uuid::from_bytes(id)),
        None => id_of(db, row.get(0)?),
    }
}

impl Query {
    /// Everything of a kind that the filter lets through, or candidates for that; without an order.
    pub(crate) fn of(conn: &Db, kind: Kind, filter: &Filter) -> Result<Self, Trouble> {
        let mut values = vec![Value::from(kind.name().to_owned())];
        let all = of_kind(kind).to_owned();
        if filter.is_everything() {
            return Ok(Self { sql: all, values, is_exact: true, names_rows: false });
        }
        let Some(part) = (Writer { conn, kind, values: &mut values }).part(filter, false)? else {
            return Ok(Self { sql: all, values, is_exact: false, names_rows: false });
        };
        // Rows that are named are looked up; without the plus the planner walks all of the kind beside them.
        let all = if part.names_rows { all.replace("WHERE kind", "WHERE +kind") } else { all };
        let sql = format!("{all} AND {}", part.sql);
        Ok(Self { sql, values, is_exact: part.is_exact, names_rows: part.names_rows })
    }
}

/// A condition in SQL that is true at least for what a part of a filter lets through.
struct Part {
    sql: String,
    is_exact: bool,
    /// Whether it names the rows it is true for, so that no others need to be read.
    names_rows: bool,
}

impl Part {
    fn exact(sql: String) -> Option<Self> {
        Some(Self { sql, is_exact: true, names_rows: false })
    }

    /// Exactly the rows that a subquery gives, or all others.
    fn rows(subquery: &str, is_negated: bool) -> Self {
        let not = if is_negated { "NOT " } else { "" };
        Self { sql: format!("n {not}IN ({subquery})"), is_exact: true, names_rows: !is_negated }
    }
}

struct Writer<'a> {
    conn: &'a Db,
    kind: Kind,
    values: &'a mut Vec<Value>,
}

impl Writer<'_> {
    /// Adds a value; gives its place.
    fn value(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.values.len()
    }

    /// A part of a filter or its opposite; `None` where SQL can say nothing about it.
    fn part(&mut self, filter: &Filter, is_negated: bool) -> Result<Option<Part>, Trouble> {
        let before = self.values.len();
        let part = self.some_part(filter, is_negated)?;
        if part.is_none() {
            // Its values are in no statement.
            self.values.truncate(before);
        }
        Ok(part)
    }

    fn some_part(&mut self, filter: &Filter, is_negated: bool) -> Result<Option<Part>, Trouble> {
        match (filter, is_negated) {
            (Filter::Not(part), _) => self.part(part, !is_negated),
            (Filter::All(parts), false) | (Filter::Any(parts), true) => self.all(parts, is_negated),
            (Filter::Any(parts), false) | (Filter::All(parts), true) => self.any(parts, is_negated),
            (Filter::Word(word), _) => Ok(Some(self.words(&[word], is_negated))),
            (Filter::Test { field, wanted }, _) => self.test(field, wanted, is_negated),
            (Filter::Related { link, to }, _) => match to {
                Some(to) => self.related(*link, to, is_negated),
                None => Ok(None),
            },
        }
    }

    fn all(&mut self, parts: &[Filter], is_negated: bool) -> Result<Option<Part>, Trouble> {
        let (mut is_exact, mut names_rows) = (true, false);
        let mut sql = Vec::new();
        let words: Vec<&String> =
            parts.iter().filter_map(|part| if let Filter::Word(word) = part { Some(word) } else { None }).collect();
        // Words that must all be there are one question to the index.
        let together = !is_negated && words.len() > 1;
        if together {
            let part = self.words(&words, false);
            names_rows |= part.names_rows;
            sql.push(part.sql);
        }
        for part in parts.iter().filter(|part| !(together && matches!(part, Filter::Word(_)))) {
            match self.part(part, is_negated)? {
                Some(part) => {
                    is_exact &= part.is_exact;
                    names_rows |= part.names_rows;
                    sql.push(part.sql);
                }
                None => is_exact = false,
            }
        }
        Ok(match (sql.is_empty(), is_exact) {
            (false, _) => Some(Part { sql: format!("({})", sql.join(" AND ")), is_exact, names_rows }),
            (true, true) => Part::exact("1".to_owned()),
            (true, false) => None,
        })
    }

    fn any(&mut self, parts: &[Filter], is_negated: bool) -> Result<Option<Part>, Trouble> {
        let (mut is_exact, mut names_rows) = (true, true);
        let mut sql = Vec::new();
        for part in parts {
            // Where one says nothing, all say nothing.
            let Some(part) = self.part(part, is_negated)? else { return Ok(None) };
            is_exact &= part.is_exact;
            names_rows &= part.names_rows;
            sql.push(part.sql);
        }
        if sql.is_empty() {
            return Ok(Part::exact("0".to_owned()));
        }
        Ok(Some(Part { sql: format!("({})", sql.join(" OR ")), is_exact, names_rows }))
    }

    fn words(&mut self, words: &[impl AsRef<str>], is_negated: bool) -> Part {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).filter(|word| is_searchable(word)).collect();
        let Some(query) = match_query(&words, &[self.kind]) else {
            let sql = if is_negated { "0" } else { "1" }.to_owned();
            return Part { sql, is_exact: true, names_rows: false };
        };
        let place = self.value(query);
        Part::rows(&format!("SELECT rowid FROM search WHERE search MATCH ?{place}"), is_negated)
    }

    fn test(&mut self, field: &Field, wanted: &[Wanted], is_negated: bool) -> Result<Option<Part>, Trouble> {
        let negate = |sql: String| if is_negated { format!("NOT {sql}") } else { sql };
        if *field == Field::Group {
            return self.members(wanted, is_negated);
        }
        let Some(column) = Column::of(self.kind, field) else {
            // Not exact, so its opposite narrows nothing.
            return Ok(if is_negated { None } else { self.narrowed(field, wanted) });
        };
        let mut sql = Vec::new();
        for wanted in wanted {
            match self.wanted(column, wanted)? {
                Some(part) => sql.push(part),
                None => return Ok(None),
            }
        }
        Ok(Part::exact(negate(format!("({})", sql.join(" OR ")))))
    }

    fn wanted(&mut self, column: Column, wanted: &Wanted) -> Result<Option<String>, Trouble> {
        let name = column.name();
        Ok(match (column, wanted) {
            (Column::Owner, Wanted::Empty) if self.kind == Kind::Ci => Some("owner = 0".to_owned()),
            (Column::Code(_), Wanted::Empty) => Some(format!("{name} = 0")),
            (Column::Lower(_) | Column::AnyCase(_) | Column::Owner | Column::Site, Wanted::Empty) => {
                Some(format!("{name} = ''"))
            }
            // What begins with nothing is what is not empty.
            (Column::Code(_), Wanted::Begins(text)) if text.is_empty() => Some(format!("{name} <> 0")),
            (Column::Code(_), Wanted::Is(text)) if text.is_empty() => Some("0".to_owned()),
            (Column::Code(_), Wanted::Begins(text)) => {
                let to = self.value(format!("{text}{}", char::MAX));
                let from = self.value(text.clone());
                Some(format!("{name} IN (SELECT code FROM name WHERE text >= ?{from} AND text < ?{to})"))
            }
            (Column::Code(_), Wanted::Is(text)) => {
                // No name is none of them, also turned round.
                Some(format!("{name} IN (SELECT code FROM name WHERE text = ?{})", self.value(text.clone())))
            }
            (Column::Code(_), Wanted::OneOf(labels)) => {
                let places: Vec<String> = labels.iter().map(|l| format!("?{}", self.value(l.clone()))).collect();
                Some(format!("{name} IN (SELECT code FROM name WHERE text IN ({}))", places.join(", ")))
            }
            (Column::At, Wanted::Empty) => Some("at = 0".to_owned()),
            (Column::Position, Wanted::Empty) => Some(format!("position IN (0, {})", u32::MAX)),
            // Only the case of ASCII letters is the index's own.
            (Column::AnyCase(_), Wanted::Begins(text) | Wanted::Is(text)) if !text.is_ascii() => None,
            (Column::Lower(_) | Column::AnyCase(_), Wanted::Begins(text)) => {
                let to = self.value(format!("{text}{}", char::MAX));
                let from = self.value(text.clone());
                // What begins with nothing is what is not empty.
                let more = if text.is_empty() { format!(" AND {name} <> ''") } else { String::new() };
                Some(format!("({name} >= ?{from} AND {name} < ?{to}{more})"))
            }
            (Column::Lower(_) | Column::AnyCase(_), Wanted::Is(text)) => {
                // Nothing is not a value, also where a person writes it.
                Some(if text.is_empty() { "0".to_owned() } else { format!("{name} = ?{}", self.value(text.clone())) })
            }
            (Column::Lower(_), Wanted::OneOf(labels)) => {
                let places: Vec<String> = labels.iter().map(|l| format!("?{}", self.value(l.clone()))).collect();
                Some(format!("{name} IN ({})", places.join(", ")))
            }
            (Column::At, Wanted::Moment(bounds)) => Some(self.bounds("at", "at <> 0", bounds, 1)),
            (Column::Position, Wanted::Figure(bounds)) => {
                let real = format!("position <> 0 AND position <> {}", u32::MAX);
                Some(self.bounds("position", &real, bounds, MILLION))
            }
            (Column::Owner, Wanted::Party(party)) => self.owners(party)?,
            (Column::Site, Wanted::Called(site)) => self.sites(site, false)?,
            (Column::Site, Wanted::CalledExactly(site)) => self.sites(site, true)?,
            (Column::Site, Wanted::Party(Party::Id(id))) => Some(format!("grp = ?{}", self.value(id.to_string()))),
            _ => None,
        })
    }

    /// Between two ends, which are given in so many parts of one.
    fn bounds(&mut self, column: &str, real: &str, bounds: &Bounds<i64>, parts: i64) -> String {
        let mut sql = vec![real.to_owned()];
        if let Some((from, with)) = bounds.from {
            // The first whole figure that lies within.
            let whole = from.div_euclid(parts);
            let is_whole = from.rem_euclid(parts) == 0;
            let place = self.value(if is_whole && with { whole } else { whole.saturating_add(1) });
            sql.push(format!("{column} >= ?{place}"));
        }
        if let Some((to, with)) = bounds.to {
            let whole = to.div_euclid(parts);
            let is_whole = to.rem_euclid(parts) == 0;
            let place = self.value(if is_whole && !with { whole.saturating_sub(1) } else { whole });
            sql.push(format!("{column} <= ?{place}"));
        }
        format!("({})", sql.join(" AND "))
    }

    /// Whoever is called so; `None` if too many are.
    fn owners(&mut self, party: &Party) -> Result<Option<String>, Trouble> {
        let mut ids = BTreeSet::new();
        match party {
            Party::Id(id) => drop(ids.insert(id.to_string())),
            Party::Called(name) if !name.is_ascii() || name.is_empty() => return Ok(None),
            Party::Called(name) => {
                ids.extend(find(self.conn, Lookup::User, name)?.into_iter().map(|id| id.to_string()));
                for kind in [Kind::Person, Kind::Group] {
                    let Some(found) = self.called(kind, name)? else { return Ok(None) };
                    ids.extend(found.into_iter().map(|id| id.to_string()));
                }
            }
        }
        let place = self.value(serde_json::to_string(&ids)?);
        Ok(Some(if self.kind == Kind::Ci {
            format!("owner IN (SELECT k.code FROM json_each(?{place}) j CROSS JOIN name k ON k.text = j.value)")
        } else {
            format!("owner IN (SELECT value FROM json_each(?{place}))")
        }))
    }

    /// Sites that are called so; `None` if too many are.
    fn sites(&mut self, name: &str, exactly: bool) -> Result<Option<String>, Trouble> {
        if !name.is_ascii() || name.is_empty() {
            return Ok(None);
        }
        let Some(found) = self.called(Kind::Site, name)? else { return Ok(None) };
        let mut ids = BTreeSet::new();
        for id in found {
            let site = View(self.conn).get::<Site>(id.into())?;
            if site.is_some_and(|site| !exactly || site.name.to_lowercase() == name) {
                ids.insert(id.to_string());
            }
        }
        let place = self.value(serde_json::to_string(&ids)?);
        Ok(Some(format!("grp IN (SELECT value FROM json_each(?{place}))")))
    }

    /// Records of a kind whose name begins so; `None` if there are too many.
    fn called(&self, kind: Kind, name: &str) -> Result<Option<Vec<Uuid>>, Trouble> {
        let found: Vec<Uuid> =
            labels(self.conn, kind, name, NAMESAKES_MOST + 1)?.into_iter().map(|(id, _)| id).collect();
        Ok((found.len() <= NAMESAKES_MOST).then_some(found))
    }

    /// Members of the CI groups that are called so.
    fn members(&mut self, wanted: &[Wanted], is_negated: bool) -> Result<Option<Part>, Trouble> {
        let mut ids = BTreeSet::new();
        for wanted in wanted {
            let (Wanted::Called(name) | Wanted::CalledExactly(name)) = wanted else { return Ok(None) };
            if !name.is_ascii() || name.is_empty() {
                return Ok(None);
            }
            let Some(groups) = self.called(Kind::CiGroup, name)? else { return Ok(None) };
            for id in groups {
                let Some(group) = View(self.conn).get::<CiGroup>(id.into())? else { continue };
                if matches!(wanted, Wanted::Called(_)) || group.name.to_lowercase() == *name {
                    ids.extend(group.members.into_iter().map(|ci| ci.0));
                }
            }
        }
        self.among(&ids, is_negated).map(Some)
    }

    /// Rows of these CIs, or of all others.
    fn among(&mut self, ids: &BTreeSet<Uuid>, is_negated: bool) -> Result<Part, Trouble> {
        let hex: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
        let place = self.value(serde_json::to_string(&hex)?);
        let rows = format!(
            "SELECT r.n FROM json_each(?{place}) j CROSS JOIN record r
             ON substr(r.id, 11) = substr(unhex(j.value), 11) AND r.id = unhex(j.value)
             WHERE r.kind = (SELECT code FROM name WHERE text = 'ci')"
        );
        Ok(Part::rows(&rows, is_negated))
    }

    /// Candidates for a field that has no column of its own.
    fn narrowed(&mut self, field: &Field, wanted: &[Wanted]) -> Option<Part> {
        if !is_among_words(self.kind, field) {
            return None;
        }
        let mut sql = Vec::new();
        for wanted in wanted {
            let text = match wanted {
                Wanted::Begins(text) | Wanted::Is(text) if text.is_ascii() && is_searchable(text) => vec![text],
                Wanted::OneOf(labels) if labels.iter().all(|l| l.is_ascii() && is_searchable(l)) => {
                    labels.iter().collect()
                }
                _ => return None,
            };
            for text in text {
                sql.push(self.words(&[text], false).sql);
            }
        }
        Some(Part { sql: format!("({})", sql.join(" OR ")), is_exact: false, names_rows: true })
    }

    /// CIs that a relation leads from to what the inner filter lets through; `None` if that is too much to follow.
    fn related(&mut self, link: Link, to: &Filter, is_negated: bool) -> Result<Option<Part>, Trouble> {
        let Some(ends) = ids(self.conn, Kind::Ci, to, RELATED_MOST)? else { return Ok(None) };
        let view = View(self.conn);
        let mut sources = BTreeSet::new();
        let mut followed = 0_usize;
        for end in ends {
            // The other way round: the CI in question is the source where the end is the target.
            for (lookup, outgoing) in [(Lookup::RelationsTo, true), (Lookup::RelationsFrom, false)] {
                if link.outgoing.is_some_and(|wanted| wanted != outgoing) {
                    continue;
                }
                for id in find(self.conn, lookup, &end.to_string())? {
                    followed += 1;
                    if followed > RELATIONS_MOST {
                        return Ok(None);
                    }
                    let Some(relation) = view.get::<Relation>(id.into())? else { continue };
                    if link.by.is_none_or(|by| by == relation.relation_type) {
                        sources.insert(if outgoing { relation.source.0 } else { relation.target.0 });
                    }
                }
            }
        }
        self.among(&sources, is_negated).map(Some)
    }
}

const MILLION: i64 = 1_000_000;

/// Everything of a kind that a filter lets through; `None` if it is more than `most`, or that could not be found out
/// with [`CANDIDATES_MOST`] records.
fn ids(conn: &Db, kind: Kind, filter: &Filter, most: usize) -> Result<Option<Vec<Uuid>>, Trouble> {
    let query = Query::of(conn, kind, filter)?;
    let limit = if query.is_exact { most } else { CANDIDATES_MOST };
    let mut statement = conn.prepare_cached(&format!("{} LIMIT {}", query.sql, limit.saturating_add(1)))?;
    let mut rows = statement.query(rusqlite::params_from_iter(query.values))?;
    let (mut found, mut seen) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        seen += 1;
        if seen > limit {
            return Ok(None);
        }
        let id = listed(conn, row)?;
        if query.is_exact || judge(conn, kind, id, filter)? {
            found.push(id);
        }
        if found.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// Whether the filter lets the record through.
pub(crate) fn judge(conn: &Db, kind: Kind, id: Uuid, filter: &Filter) -> Result<bool, Trouble> {
    let view = View(conn);
    let Some(record) = view.read(kind, id)? else { return Ok(false) };
    Ok(filter.matches(&record, &view)?)
}
