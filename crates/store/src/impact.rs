//! Impact analysis by row numbers: a round asks two indexes for everything around its frontier, and reads no body before
//! it is known what is shown.

use crate::db::Db;
use crate::error::Trouble;
use crate::guard;
use crate::pack::{AT_ROW, Stored, id_of};
use crate::view::{View, row, uuid};
use rusqlite::OptionalExtension;
use rusqlite::types::ValueRef;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::impact::walk::{Guard, Link, Met, Network, Walked, walk};
use slipway_domain::cmdb::impact::{self, Impact, Question, RedundancyOf, Standing, Step};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::id::CiId;
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

/// Up to so many CIs are ordered by name within a round; more of them by when they came to this laptop, because a name
/// costs a page of the database.
pub const NAMED: usize = 1_000;

pub(crate) const OUT: &str = "SELECT e.value, r.body, r.target FROM json_each(?1) e CROSS JOIN record r
    WHERE r.source = e.value";
pub(crate) const IN: &str = "SELECT e.value, r.body, r.source FROM json_each(?1) e CROSS JOIN record r
    WHERE r.target = e.value";
pub(crate) const GUARDS: &str = "SELECT e.value, g.rule FROM json_each(?1) e CROSS JOIN guard g
    WHERE g.member = e.value";
pub(crate) const ANY_GUARD: &str = "SELECT EXISTS (SELECT 1 FROM guard)";
pub(crate) const SERVICES: &str = "SELECT n FROM ci_summary WHERE grp = ?1";
pub(crate) const CALLED: &str = "SELECT label, grp FROM ci_summary WHERE n = ?1";

/// Some of what CIs reach, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Business services first, then nearest first, then as [`NAMED`] says.
    pub lines: Vec<Line>,
    /// CIs reached, those asked about left out.
    pub reached: usize,
    /// Business services among them.
    pub services: usize,
    /// Redundancies that still hold although members are down, by name.
    pub spared: Vec<Standing>,
    /// More lies beyond the depth, or the most that one analysis reaches.
    pub cut_off: bool,
}

/// A CI that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The CI; it may lie at a site that is not held here.
    pub ci: CiId,
    /// In which round.
    pub depth: u32,
    /// Whether it is a business service.
    pub is_service: bool,
    /// The shortest way to it, each step with the CI after it; empty unless it was asked for.
    pub path: Vec<(Step, CiId)>,
}

/// Which lines of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The first, from 0.
    pub from: usize,
    /// How many at most.
    pub limit: usize,
    /// Each with its path.
    pub paths: bool,
}

impl View<'_> {
    /// A page of what CIs reach.
    ///
    /// # Errors
    /// A storage fault.
    pub fn impact_page(&self, question: &Question, wanted: Wanted) -> Result<Page, Fault> {
        page(self.0, question, wanted).map_err(Trouble::into_fault)
    }
}

/// What [`impact::analyse`] finds, by row numbers.
pub(crate) fn analyse(db: &Db, question: &Question) -> Result<Impact, Fault> {
    let walked = walked(db, question)?;
    let mut ids = HashMap::new();
    let mut ci = |n: i64| -> Result<CiId, Fault> {
        if let Some(id) = ids.get(&n) {
            return Ok(*id);
        }
        let id = CiId(id_of(db, n).map_err(Fault::new)?);
        ids.insert(n, id);
        Ok(id)
    };
    Impact::of_walk(&walked, &mut ci, &mut |rule, met| standing(db, rule, met))
}

fn walked(db: &Db, question: &Question) -> Result<Walked<i64, i64>, Fault> {
    let mut of = Vec::with_capacity(question.of.len());
    for ci in &question.of {
        // A CI that was never here has no relations either.
        of.extend(row(db, Kind::Ci.name(), ci.0).map_err(Fault::new)?);
    }
    let mut rows = Rows::new(db, question)?;
    walk(&mut rows, &of, impact::reach(question), &|_| false)
}

fn standing(db: &Db, rule: i64, met: &Met<i64>) -> Result<Standing, Fault> {
    let (of, name) = match record(db, rule).map_err(Trouble::into_fault)? {
        Some(Record::CiGroup(group)) => (RedundancyOf::Group(group.id), group.name),
        Some(Record::Redundancy(redundancy)) => {
            let ci = crate::view::read(db, Kind::Ci, redundancy.ci.0).map_err(Trouble::into_fault)?;
            (RedundancyOf::Rule(redundancy.id), ci.map(|ci| ci.label()).unwrap_or_default())
        }
        _ => return Err(Fault::new("a redundancy is not what it was a moment ago")),
    };
    Ok(Standing::new(of, name, met))
}

fn record(db: &Db, n: i64) -> Result<Option<Record>, Trouble> {
    let found = db
        .prepare_cached(AT_ROW)?
        .query_row((n,), |row| Ok((row.get(0)?, uuid(row, 1)?, Stored::from_row(row, 2)?)))
        .optional()?;
    let Some((kind, id, stored)) = found else { return Ok(None) };
    let Some(kind) = Kind::named(&db.text(kind)?) else { return Ok(None) };
    stored.record(db, kind, id)
}

fn page(db: &Db, question: &Question, wanted: Wanted) -> Result<Page, Trouble> {
    let walked = walked(db, question)?;
    let reached: Vec<usize> =
        (0..walked.reached.len()).filter(|at| walked.reached.get(*at).is_some_and(|visit| visit.depth > 0)).collect();
    let (services, order) = ordered(db, &walked, reached)?;
    let mut lines = Vec::new();
    for at in order.iter().skip(wanted.from).take(wanted.limit) {
        let Some(visit) = walked.reached.get(*at) else { continue };
        lines.push(Line {
            ci: CiId(id_of(db, visit.node)?),
            depth: visit.depth,
            is_service: services.contains(&visit.node),
            path: if wanted.paths { path(db, &walked, *at)? } else { Vec::new() },
        });
    }
    let mut spared = Vec::new();
    for (rule, met) in walked.met.iter().filter(|(_, met)| met.holds()) {
        spared.push(standing(db, *rule, met)?);
    }
    spared.sort_by(|a, b| a.name.cmp(&b.name).then(a.of.cmp(&b.of)));
    Ok(Page { lines, reached: order.len(), services: services.len(), spared, cut_off: walked.beyond || walked.full })
}

/// The business services among what was reached, and the order in which it is shown.
fn ordered(db: &Db, walked: &Walked<i64, i64>, mut reached: Vec<usize>) -> Result<(HashSet<i64>, Vec<usize>), Trouble> {
    let at = |place: &usize| walked.reached.get(*place).map_or((0, 0), |visit| (visit.depth, visit.node));
    let mut services = HashSet::new();
    let service = db.code(Ci::SERVICE)?;
    if reached.len() > NAMED {
        let rows: HashSet<i64> = reached.iter().map(|place| at(place).1).collect();
        let mut statement = db.prepare_cached(SERVICES)?;
        let mut found = statement.query((service,))?;
        while let Some(row) = found.next()? {
            let n = row.get(0)?;
            if rows.contains(&n) {
                services.insert(n);
            }
        }
        reached.sort_by_key(|place| (!services.contains(&at(place).1), at(place)));
        return Ok((services, reached));
    }
    let mut names = HashMap::new();
    let mut called = db.prepare_cached(CALLED)?;
    for n in reached.iter().map(|place| at(place).1) {
        let found: Option<(String, i64)> = called.query_row((n,), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (name, class) = found.unwrap_or_default();
        if Some(class) == service {
            services.insert(n);
        }
        names.insert(n, name);
    }
    reached.sort_by_cached_key(|place| {
        let (depth, n) = at(place);
        (!services.contains(&n), depth, names.get(&n).cloned().unwrap_or_default(), n)
    });
    Ok((services, reached))
}

fn path(db: &Db, walked: &Walked<i64, i64>, to: usize) -> Result<Vec<(Step, CiId)>, Trouble> {
    let mut steps = Vec::new();
    let mut at = to;
    while let Some((visit, (before, link))) = walked.reached.get(at).and_then(|visit| Some((visit, visit.by?))) {
        let fallen = match visit.fallen.and_then(|rule| Some((rule, walked.met.get(&rule)?))) {
            Some((rule, met)) => Some(standing(db, rule, met)?),
            None => None,
        };
        let from = CiId(id_of(db, link.from)?);
        let step = Step { from, relation_type: link.relation_type, outgoing: link.outgoing, fallen };
        steps.push((step, CiId(id_of(db, link.to)?)));
        at = before;
    }
    steps.reverse();
    Ok(steps)
}

/// The tables as a network of row numbers.
struct Rows<'d> {
    db: &'d Db,
    /// Types to follow: whether from source to target, and whether from target to source.
    ways: BTreeMap<RelationType, (bool, bool)>,
    /// The same of those that have a code, by it.
    coded: HashMap<i64, (RelationType, bool, bool)>,
    is_guarded: bool,
}

impl<'d> Rows<'d> {
    fn new(db: &'d Db, question: &Question) -> Result<Self, Fault> {
        let ways = impact::ways_of_all(question, &View(db))?;
        let coded = ways.iter().filter_map(|(relation_type, (out, back))| {
            Some((crate::pack::type_code(*relation_type)?, (*relation_type, *out, *back)))
        });
        let is_guarded = || db.prepare_cached(ANY_GUARD)?.query_row((), |row| row.get(0));
        Ok(Self { db, coded: coded.collect(), is_guarded: is_guarded().map_err(Fault::new)?, ways })
    }

    /// The type of a relation's body, if it is to be followed that way.
    fn followed(&self, body: ValueRef<'_>, outgoing: bool) -> Option<RelationType> {
        let (relation_type, out, back) = match body {
            ValueRef::Integer(code) => *self.coded.get(&code)?,
            // Of a type of the workspace's own, or with something on it that this program does not know.
            ValueRef::Text(body) => {
                let relation: Relation = serde_json::from_slice(body).ok()?;
                let (out, back) = *self.ways.get(&relation.relation_type)?;
                (relation.relation_type, out, back)
            }
            _ => return None,
        };
        (if outgoing { out } else { back }).then_some(relation_type)
    }

    fn around(
        &self,
        frontier: &str,
        sql: &str,
        outgoing: bool,
        give: &mut dyn FnMut(Link<i64>),
    ) -> Result<(), Trouble> {
        let mut statement = self.db.prepare_cached(sql)?;
        let mut rows = statement.query((frontier,))?;
        while let Some(row) = rows.next()? {
            if let Some(relation_type) = self.followed(row.get_ref(1)?, outgoing) {
                give(Link { from: row.get(0)?, to: row.get(2)?, relation_type, outgoing });
            }
        }
        Ok(())
    }
}

/// Row numbers as a JSON array, ascending, so that neighbours in the index are read one after the other.
fn array(rows: &[i64]) -> String {
    let sorted: BTreeSet<i64> = rows.iter().copied().collect();
    let mut text = String::with_capacity(rows.len() * 8 + 2);
    text.push('[');
    for (at, n) in sorted.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        // Writing to a text cannot fail.
        let _ = write!(text, "{n}");
    }
    text.push(']');
    text
}

impl Network for Rows<'_> {
    type Node = i64;
    type Rule = i64;

    fn links(&mut self, from: &[i64], give: &mut dyn FnMut(Link<i64>)) -> Result<(), Fault> {
        let frontier = array(from);
        if self.ways.values().any(|(out, _)| *out) {
            self.around(&frontier, OUT, true, give).map_err(Trouble::into_fault)?;
        }
        if self.ways.values().any(|(_, back)| *back) {
            self.around(&frontier, IN, false, give).map_err(Trouble::into_fault)?;
        }
        Ok(())
    }

    fn guards(&mut self, members: &[i64]) -> Result<Vec<(i64, i64)>, Fault> {
        if !self.is_guarded {
            return Ok(Vec::new());
        }
        let read = || -> Result<Vec<(i64, i64)>, rusqlite::Error> {
            let mut statement = self.db.prepare_cached(GUARDS)?;
            statement.query_map((array(members),), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        read().map_err(Fault::new)
    }

    fn guard(&mut self, rule: i64) -> Result<Option<Guard<i64>>, Fault> {
        let read = || match record(self.db, rule)? {
            Some(record) => guard::of(self.db, &record),
            None => Ok(None),
        };
        read().map_err(Trouble::into_fault)
    }
}

#[cfg(test)]
mod tests;
