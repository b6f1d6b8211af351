//! Impact analysis: what is affected when CIs fail, and what CIs need to work, with the shortest path that explains it.
//!
//! Failure travels along a relation in one direction that its type settles (see [`carries`]). Two things spare what
//! depends on CIs that are down: a redundancy rule of the CI itself ([`Redundancy`]), and a CI group of which some
//! members are *enough* ([`CiGroup::enough`]); either until too few are left.

pub mod walk;

use crate::cmdb::ci::Ci;
use crate::cmdb::group::CiGroup;
use crate::cmdb::redundancy::Redundancy;
use crate::cmdb::relation::{Relation, RelationType};
use crate::cmdb::relation_kind::{self, Carries, RelationKind};
use crate::id::{CiGroupId, CiId, RedundancyId};
use crate::level::named;
use crate::lookup::Lookup;
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;
use walk::{Guard, Link, Met, Network, Reach, Walked};

/// CIs that one analysis reaches at most; it says so when there are more.
pub const REACHED: usize = 50_000;

named! {
    /// Which way to look.
    Direction {
        /// To what is affected when these CIs fail.
        Downstream = "downstream",
        /// To what these CIs need to work.
        Upstream = "upstream",
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The CIs from which to look.
    pub of: BTreeSet<CiId>,
    /// Which way.
    pub direction: Direction,
    /// Over how many relations at most.
    pub depth: u32,
    /// Along relations of these types only: along none when there are none among them, along every type of the workspace
    /// when `None`.
    pub types: Option<BTreeSet<RelationType>>,
    /// CIs reached at most, those asked about included.
    pub most: usize,
    /// Whether redundancy spares anything.
    pub redundancy: bool,
}

impl Question {
    /// Everything affected by these CIs, along every relation, to this depth.
    #[must_use]
    pub fn downstream(of: BTreeSet<CiId>, depth: u32) -> Self {
        Self { of, direction: Direction::Downstream, depth, types: None, most: REACHED, redundancy: true }
    }
}

/// The way from one CI to the next on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The CI before this one, nearer to those asked about.
    pub from: CiId,
    /// The relation between the two.
    pub relation_type: RelationType,
    /// The CI before is the source of the relation.
    pub outgoing: bool,
    /// The redundancy that had to fall before failure went on.
    pub fallen: Option<Standing>,
}

/// A CI that was reached, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The CI.
    pub ci: CiId,
    /// Rounds after which it was reached: relations between it and the nearest CI asked about, more where a redundancy
    /// had to fall first; 0 for those themselves.
    pub depth: u32,
    /// The last step of the shortest path to it; `None` for those asked about.
    pub step: Option<Step>,
}

/// A redundancy group or a redundancy rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RedundancyOf {
    /// A CI group of which some members are enough.
    Group(CiGroupId),
    /// A rule of one CI.
    Rule(RedundancyId),
}

/// How a redundancy stands of which members are down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Standing {
    /// Which.
    pub of: RedundancyOf,
    /// The group's name, or that of the CI that has the rule.
    pub name: String,
    /// Members affected.
    pub down: u32,
    /// Members in all.
    pub members: u32,
    /// Members that are enough.
    pub enough: u32,
}

impl Standing {
    /// Of something that was met on a walk.
    #[must_use]
    pub fn new<N>(of: RedundancyOf, name: String, met: &Met<N>) -> Self {
        Self { of, name, down: met.down, members: met.guard.members, enough: met.guard.enough }
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Nearest first.
    pub reached: Vec<Reached>,
    /// Redundancies that still hold although members are down, by name.
    pub spared: Vec<Standing>,
    /// More CIs lie beyond the depth or the most that was asked for.
    pub cut_off: bool,
    /// It ended at the most that was asked for; which CIs of the last round are among those reached is by chance.
    pub full: bool,
    places: BTreeMap<CiId, usize>,
}

/// Tells how a redundancy that was met is called and stands.
type Tell<'f, N, R> = dyn FnMut(R, &Met<N>) -> Result<Standing, Fault> + 'f;

impl Impact {
    /// From a walk; `ci` tells which CI a node is, `standing` how a redundancy is called and stands.
    ///
    /// # Errors
    /// A fault of either.
    pub fn of_walk<N: Copy, R: Copy + Ord>(
        walked: &Walked<N, R>,
        ci: &mut dyn FnMut(N) -> Result<CiId, Fault>,
        standing: &mut Tell<'_, N, R>,
    ) -> Result<Self, Fault> {
        let mut impact = Self { cut_off: walked.beyond || walked.full, full: walked.full, ..Self::default() };
        for visit in &walked.reached {
            let step = match visit.by {
                Some((place, link)) => Some(Step {
                    from: impact.reached.get(place).map_or_else(|| ci(link.from), |before| Ok(before.ci))?,
                    relation_type: link.relation_type,
                    outgoing: link.outgoing,
                    fallen: match visit.fallen.and_then(|rule| Some((rule, walked.met.get(&rule)?))) {
                        Some((rule, met)) => Some(standing(rule, met)?),
                        None => None,
                    },
                }),
                None => None,
            };
            impact.add(Reached { ci: ci(visit.node)?, depth: visit.depth, step });
        }
        for (rule, met) in walked.met.iter().filter(|(_, met)| met.holds()) {
            impact.spared.push(standing(*rule, met)?);
        }
        impact.spared.sort_by(|a, b| a.name.cmp(&b.name).then(a.of.cmp(&b.of)));
        Ok(impact)
    }

    /// How a CI was reached, if it was.
    #[must_use]
    pub fn of(&self, ci: CiId) -> Option<&Reached> {
        self.reached.get(*self.places.get(&ci)?)
    }

    /// What was reached in rounds that are whole: everything, unless it ended at the most that was asked for. The same on
    /// every machine.
    pub fn sure(&self) -> impl Iterator<Item = &Reached> {
        let last = self.reached.last().map_or(0, |reached| reached.depth);
        self.reached.iter().filter(move |reached| !self.full || reached.depth == 0 || reached.depth < last)
    }

    /// The steps from a CI asked about to this one, in order, each with the CI after it; empty for those asked about and
    /// for CIs not reached.
    #[must_use]
    pub fn path(&self, ci: CiId) -> Vec<(&Step, CiId)> {
        let mut steps = Vec::new();
        let mut at = ci;
        while let Some(step) = self.of(at).and_then(|reached| reached.step.as_ref()) {
            steps.push((step, at));
            at = step.from;
        }
        steps.reverse();
        steps
    }

    fn add(&mut self, reached: Reached) {
        self.places.insert(reached.ci, self.reached.len());
        self.reached.push(reached);
    }
}

/// Whether failure travels over a relation of this type from its source to its target, and from its target to its
/// source: what depends, runs or is hosted on something fails with it; what something contains or provides does too.
#[must_use]
pub fn carries(kind: &RelationKind) -> (bool, bool) {
    match kind.carries {
        Carries::Nothing => (false, false),
        Carries::ToSource => (false, true),
        Carries::ToTarget => (true, false),
        Carries::BothWays => (true, true),
    }
}

/// Whether a walk in this direction goes over relations of this type: from its source to its target, and from its target
/// to its source.
#[must_use]
pub fn ways(kind: &RelationKind, question: &Question) -> (bool, bool) {
    if question.types.as_ref().is_some_and(|types| !types.contains(&kind.key)) {
        return (false, false);
    }
    let (forwards, backwards) = carries(kind);
    match question.direction {
        Direction::Downstream => (forwards, backwards),
        Direction::Upstream => (backwards, forwards),
    }
}

/// The same for every type that a walk goes over at least one way.
///
/// # Errors
/// A storage fault.
pub fn ways_of_all(question: &Question, records: &dyn Records) -> Result<BTreeMap<RelationType, (bool, bool)>, Fault> {
    let ways = relation_kind::all(records)?.into_iter().map(|(key, kind)| (key, ways(&kind, question)));
    Ok(ways.filter(|(_, ways)| *ways != (false, false)).collect())
}

/// Looks outwards from the CIs asked about, one relation a round.
///
/// # Errors
/// A storage fault.
pub fn analyse(question: &Question, records: &dyn Records) -> Result<Impact, Fault> {
    match records.impact(question)? {
        Some(impact) => Ok(impact),
        None => search(question, &BTreeSet::new(), records).map(|(impact, _)| impact),
    }
}

/// The nearest of `goals` that is reached, and how; CIs asked about are no goal. The same on every machine, for what is
/// found stands in findings.
///
/// # Errors
/// A storage fault.
pub fn nearest(
    question: &Question,
    goals: &BTreeSet<CiId>,
    records: &dyn Records,
) -> Result<Option<(CiId, Impact)>, Fault> {
    if let Some(impact) = records.impact(question)?
        && !impact.full
        && !goals.iter().any(|goal| impact.of(*goal).is_some_and(|reached| reached.depth > 0))
    {
        return Ok(None);
    }
    let (impact, goal) = search(question, goals, records)?;
    Ok(goal.map(|goal| (goal, impact)))
}

/// How far a walk goes for a question: what is needed is needed however much of it there is, so redundancy counts for
/// what is affected only.
#[must_use]
pub fn reach(question: &Question) -> Reach {
    Reach {
        depth: question.depth,
        most: question.most,
        guarded: question.redundancy && question.direction == Direction::Downstream,
    }
}

fn search(question: &Question, goals: &BTreeSet<CiId>, records: &dyn Records) -> Result<(Impact, Option<CiId>), Fault> {
    let of: Vec<CiId> = question.of.iter().copied().collect();
    let mut network = InRecords { ways: ways_of_all(question, records)?, records };
    let walked = walk::walk(&mut network, &of, reach(question), &|ci| goals.contains(&ci))?;
    let goal = walked.goal.and_then(|place| walked.reached.get(place)).map(|visit| visit.node);
    let mut standing = |of: RedundancyOf, met: &Met<CiId>| Ok(Standing::new(of, name(of, records)?, met));
    Ok((Impact::of_walk(&walked, &mut Ok, &mut standing)?, goal))
}

/// How a redundancy is called.
///
/// # Errors
/// A storage fault.
pub fn name(of: RedundancyOf, records: &dyn Records) -> Result<String, Fault> {
    Ok(match of {
        RedundancyOf::Group(id) => records.get::<CiGroup>(id)?.map(|group| group.name),
        RedundancyOf::Rule(id) => match records.get::<Redundancy>(id)? {
            Some(rule) => records.get::<Ci>(rule.ci)?.map(|ci| ci.name),
            None => None,
        },
    }
    .unwrap_or_default())
}

/// Relations and redundancy as the look-ups of any storage find them.
struct InRecords<'a> {
    ways: BTreeMap<RelationType, (bool, bool)>,
    records: &'a dyn Records,
}

impl Network for InRecords<'_> {
    type Node = CiId;
    type Rule = RedundancyOf;

    fn links(&mut self, from: &[CiId], give: &mut dyn FnMut(Link<CiId>)) -> Result<(), Fault> {
        for &ci in from {
            for (lookup, outgoing) in [(Lookup::RelationsFrom, true), (Lookup::RelationsTo, false)] {
                let is_way = |(forwards, backwards): &(bool, bool)| if outgoing { *forwards } else { *backwards };
                if !self.ways.values().any(is_way) {
                    continue;
                }
                for relation in self.records.list::<Relation>(lookup, &ci.to_string())? {
                    if self.ways.get(&relation.relation_type).is_some_and(is_way) {
                        let to = if outgoing { relation.target } else { relation.source };
                        give(Link { from: ci, to, relation_type: relation.relation_type, outgoing });
                    }
                }
            }
        }
        Ok(())
    }

    fn guards(&mut self, members: &[CiId]) -> Result<Vec<(CiId, RedundancyOf)>, Fault> {
        let mut found = Vec::new();
        for &ci in members {
            let key = ci.to_string();
            for rule in self.records.list::<Redundancy>(Lookup::RedundancyOfCi, &key)? {
                if rule.providers.contains(&ci) {
                    found.push((ci, RedundancyOf::Rule(rule.id)));
                }
            }
            for group in self.records.list::<CiGroup>(Lookup::GroupsOfCi, &key)? {
                if group.enough.is_some() {
                    found.push((ci, RedundancyOf::Group(group.id)));
                }
            }
        }
        Ok(found)
    }

    fn guard(&mut self, of: RedundancyOf) -> Result<Option<Guard<CiId>>, Fault> {
        Ok(match of {
            RedundancyOf::Group(id) => self
                .records
                .get::<CiGroup>(id)?
                .and_then(|group| Some(Guard { ci: None, members: count(group.members.len()), enough: group.enough? })),
            RedundancyOf::Rule(id) => self.records.get::<Redundancy>(id)?.map(|rule| Guard {
                ci: Some(rule.ci),
                members: count(rule.providers.len()),
                enough: rule.enough,
            }),
        })
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
