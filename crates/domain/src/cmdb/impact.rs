//! Impact analysis: what is affected when CIs fail, and what CIs need to work, with the shortest path that explains it.
//!
//! Failure travels along a relation in one direction that its type settles (see [`carries`]). A CI group of which some
//! members are *enough* ([`CiGroup::enough`]) is a redundancy group: what depends on its members is spared until so
//! many of them are down that too few are left.

use crate::cmdb::group::CiGroup;
use crate::cmdb::relation::{Relation, RelationType};
use crate::cmdb::relation_kind::{self, Carries, RelationKind};
use crate::id::{CiGroupId, CiId};
use crate::level::named;
use crate::lookup::Lookup;
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

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
    /// Along relations of these types only; of every type when empty.
    pub types: BTreeSet<RelationType>,
    /// CIs reached at most, those asked about included.
    pub most: usize,
}

impl Question {
    /// Everything affected by these CIs, along every relation, to this depth.
    #[must_use]
    pub fn downstream(of: BTreeSet<CiId>, depth: u32) -> Self {
        Self { of, direction: Direction::Downstream, depth, types: BTreeSet::new(), most: REACHED }
    }
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The CI before this one, a step nearer to those asked about.
    pub from: CiId,
    /// The relation between the two, as it is stored.
    pub relation: Relation,
}

/// A CI that was reached, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The CI.
    pub ci: CiId,
    /// Relations between it and the nearest CI asked about; 0 for those themselves.
    pub depth: u32,
    /// The last step of the shortest path to it; `None` for those asked about.
    pub step: Option<Step>,
}

/// A redundancy group that holds although members are down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Spared {
    /// The group.
    pub group: CiGroupId,
    /// Its name.
    pub name: String,
    /// Members affected.
    pub down: u32,
    /// Members in all.
    pub members: u32,
    /// Members that are enough.
    pub enough: u32,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// Nearest first.
    pub reached: Vec<Reached>,
    /// Redundancy groups that still hold, by name.
    pub spared: Vec<Spared>,
    /// More CIs lie beyond the depth or the most that was asked for.
    pub cut_off: bool,
    places: BTreeMap<CiId, usize>,
}

impl Impact {
    /// How a CI was reached, if it was.
    #[must_use]
    pub fn of(&self, ci: CiId) -> Option<&Reached> {
        self.reached.get(*self.places.get(&ci)?)
    }

    /// The steps from a CI asked about to this one, in order; empty for those asked about and for CIs not reached.
    #[must_use]
    pub fn path(&self, ci: CiId) -> Vec<&Step> {
        let mut steps = Vec::new();
        let mut at = ci;
        while let Some(step) = self.of(at).and_then(|reached| reached.step.as_ref()) {
            steps.push(step);
            at = step.from;
        }
        steps.reverse();
        steps
    }

    fn add(&mut self, ci: CiId, depth: u32, step: Option<Step>) {
        self.places.insert(ci, self.reached.len());
        self.reached.push(Reached { ci, depth, step });
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

/// Looks outwards from the CIs asked about, one relation a round.
///
/// # Errors
/// A storage fault.
pub fn analyse(question: &Question, records: &dyn Records) -> Result<Impact, Fault> {
    search(question, &BTreeSet::new(), records).map(|(impact, _)| impact)
}

/// The nearest of `goals` that is reached, and how; CIs asked about are no goal.
///
/// # Errors
/// A storage fault.
pub fn nearest(
    question: &Question,
    goals: &BTreeSet<CiId>,
    records: &dyn Records,
) -> Result<Option<(CiId, Impact)>, Fault> {
    let (impact, goal) = search(question, goals, records)?;
    Ok(goal.map(|goal| (goal, impact)))
}

fn search(question: &Question, goals: &BTreeSet<CiId>, records: &dyn Records) -> Result<(Impact, Option<CiId>), Fault> {
    let mut impact = Impact::default();
    let mut redundancy = Redundancy::default();
    let kinds = relation_kind::all(records)?;
    let mut edge: Vec<CiId> = question.of.iter().copied().collect();
    for ci in &edge {
        impact.add(*ci, 0, None);
    }
    for depth in 1.. {
        if question.direction == Direction::Downstream {
            edge = redundancy.release(edge, records)?;
        }
        let mut next = Vec::new();
        for ci in edge {
            for (relation, to) in neighbours(ci, question, &kinds, records)? {
                if impact.places.contains_key(&to) {
                    continue;
                }
                if depth > question.depth || impact.reached.len() >= question.most {
                    impact.cut_off = true;
                    impact.spared = redundancy.holding();
                    return Ok((impact, None));
                }
                impact.add(to, depth, Some(Step { from: ci, relation }));
                if goals.contains(&to) {
                    return Ok((impact, Some(to)));
                }
                next.push(to);
            }
        }
        if next.is_empty() {
            break;
        }
        edge = next;
    }
    impact.spared = redundancy.holding();
    Ok((impact, None))
}

/// The CIs one step further in the direction asked for.
fn neighbours(
    ci: CiId,
    question: &Question,
    kinds: &BTreeMap<RelationType, RelationKind>,
    records: &dyn Records,
) -> Result<Vec<(Relation, CiId)>, Fault> {
    let mut found = Vec::new();
    for (lookup, from_source) in [(Lookup::RelationsFrom, true), (Lookup::RelationsTo, false)] {
        let wanted = |relation_type: RelationType| {
            let (forwards, backwards) = kinds.get(&relation_type).map_or((false, false), carries);
            let with_failure = if from_source { forwards } else { backwards };
            let against = if from_source { backwards } else { forwards };
            (question.types.is_empty() || question.types.contains(&relation_type))
                && match question.direction {
                    Direction::Downstream => with_failure,
                    Direction::Upstream => against,
                }
        };
        if !kinds.keys().copied().any(wanted) {
            continue;
        }
        for relation in records.list::<Relation>(lookup, &ci.to_string())? {
            if wanted(relation.relation_type) {
                let other = if from_source { relation.target } else { relation.source };
                found.push((relation, other));
            }
        }
    }
    Ok(found)
}

/// Redundancy groups met, with their members that are down and what waits for them to fall.
#[derive(Default)]
struct Redundancy {
    groups: BTreeMap<CiGroupId, (CiGroup, BTreeSet<CiId>)>,
    held: BTreeMap<CiId, BTreeSet<CiGroupId>>,
}

impl Redundancy {
    /// Of the CIs that went down in this round, and of those held before, the ones whose failure goes on.
    fn release(&mut self, down: Vec<CiId>, records: &dyn Records) -> Result<Vec<CiId>, Fault> {
        let mut going_on = Vec::new();
        for ci in down {
            let mut guarding = BTreeSet::new();
            for group in records.list::<CiGroup>(Lookup::GroupsOfCi, &ci.to_string())? {
                if group.enough.is_some() {
                    guarding.insert(group.id);
                    self.groups.entry(group.id).or_insert_with(|| (group, BTreeSet::new())).1.insert(ci);
                }
            }
            if guarding.is_empty() {
                going_on.push(ci);
            } else {
                self.held.insert(ci, guarding);
            }
        }
        let fallen = |id: &CiGroupId| self.groups.get(id).is_some_and(|(group, down)| !holds(group, down.len()));
        let (falling, still): (BTreeMap<_, _>, BTreeMap<_, _>) =
            std::mem::take(&mut self.held).into_iter().partition(|(_, groups)| groups.iter().any(fallen));
        self.held = still;
        going_on.extend(falling.into_keys());
        Ok(going_on)
    }

    fn holding(self) -> Vec<Spared> {
        let mut spared: Vec<Spared> = self
            .groups
            .into_values()
            .filter(|(group, down)| holds(group, down.len()))
            .map(|(group, down)| Spared {
                group: group.id,
                down: count(down.len()),
                members: count(group.members.len()),
                enough: group.enough.unwrap_or_default(),
                name: group.name,
            })
            .collect();
        spared.sort_by(|a, b| a.name.cmp(&b.name).then(a.group.cmp(&b.group)));
        spared
    }
}

fn holds(group: &CiGroup, down: usize) -> bool {
    group.enough.is_some_and(|enough| count(group.members.len().saturating_sub(down)) >= enough)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
