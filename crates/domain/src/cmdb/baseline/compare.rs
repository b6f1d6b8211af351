//! Comparing: two baselines, or one with now. What is asked is what happened between, so costs grow with that and with
//! the size of the two sets, not with how many CIs there are.

use crate::cmdb::baseline::{Baseline, members, taken};
use crate::cmdb::ci::{Ci, CiStatus, FieldChange};
use crate::cmdb::moment::{CiStep, at_baseline, field_changes};
use crate::cmdb::relation::Relation;
use crate::id::{CiId, RelationId};
use crate::lookup::Lookup;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault};
use std::collections::{BTreeMap, BTreeSet};

/// One side of a comparison.
#[derive(Clone, Copy, Debug)]
pub enum Side<'a> {
    /// As it was at a baseline.
    Baseline(&'a Baseline),
    /// As it is, with what belongs to the scope now.
    Now(&'a BTreeSet<CiId>),
}

/// What differs between two sides, read from the first to the second.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// CIs of the second side that the first does not have. One that is retired or disposed of does not count.
    pub added: BTreeSet<CiId>,
    /// CIs of the first side that the second does not have.
    pub removed: BTreeMap<CiId, Left>,
    /// CIs that are on both sides, or are still there, field by field.
    pub changed: BTreeMap<CiId, Vec<FieldChange>>,
    /// Relations that came or went, of the CIs of the first side.
    pub relations: BTreeMap<RelationId, (Relation, Way)>,
    /// How many CIs are on both sides without any difference of their own.
    pub unchanged: usize,
}

impl Comparison {
    /// Whether the sides are alike.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty() && self.relations.is_empty()
    }
}

/// What became of a CI that the second side does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is there, but no longer what the baseline is of.
    TheScope,
    /// It is there no more; as the first side knew it.
    Altogether(Box<Ci>),
}

/// What became of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// It came.
    Added,
    /// It went.
    Removed,
}

impl Way {
    fn turned(self) -> Self {
        match self {
            Self::Added => Self::Removed,
            Self::Removed => Self::Added,
        }
    }
}

/// Compares two sides.
///
/// # Errors
/// `BASELINE_INCOMPLETE`, or a storage fault.
pub fn compare(first: Side<'_>, second: Side<'_>, records: &dyn Records) -> Result<Comparison, Failure> {
    let (a, b) = (View::of(first, records)?, View::of(second, records)?);
    let mut found = Comparison::default();
    for ci in b.members.difference(&a.members) {
        if b.ci(*ci, records)?.is_some_and(|ci| !is_over(ci.status)) {
            found.added.insert(*ci);
        }
    }
    let between = if a.copy.is_some() || b.copy.is_some() { None } else { Some(steps_between(&a, &b, records)?) };
    for ci in a.members.difference(&b.members) {
        let Some(was) = a.ci(*ci, records)? else { continue };
        let left = if b.ci(*ci, records)?.is_some() { Left::TheScope } else { Left::Altogether(Box::new(was)) };
        found.removed.insert(*ci, left);
    }
    let candidates: Box<dyn Iterator<Item = &CiId>> = match &between {
        Some(steps) => Box::new(steps.keys().filter(|ci| a.members.contains(ci))),
        None => Box::new(a.members.iter()),
    };
    for ci in candidates {
        match (a.ci(*ci, records)?, b.ci(*ci, records)?) {
            (Some(was), Some(is)) => {
                let fields = field_changes(&was, &is);
                if !fields.is_empty() {
                    found.changed.insert(*ci, fields);
                }
            }
            (Some(was), None) => {
                found.removed.insert(*ci, Left::Altogether(Box::new(was)));
            }
            (None, Some(_)) => {
                found.added.insert(*ci);
            }
            (None, None) => {}
        }
    }
    match &between {
        Some(steps) => {
            let turned = b.place < a.place;
            let mut net: BTreeMap<RelationId, (Relation, Way)> = BTreeMap::new();
            for step in steps.iter().filter(|(ci, _)| a.members.contains(ci)).flat_map(|(_, steps)| steps) {
                for change in &step.relations {
                    let relation = &change.relation;
                    // It stands in the history of both its ends; one of them tells it whole, and the same one whichever
                    // way round a symmetric relation was drawn: else what came later could be counted first.
                    let members = [relation.source, relation.target].into_iter().filter(|end| a.members.contains(end));
                    if members.min() != Some(step.ci) {
                        continue;
                    }
                    if net.remove(&relation.id).is_none() {
                        let way = if change.added { Way::Added } else { Way::Removed };
                        net.insert(relation.id, (relation.clone(), if turned { way.turned() } else { way }));
                    }
                }
            }
            found.relations = net;
        }
        None => {
            for copy in [a.copy, b.copy].into_iter().flatten() {
                for relation in copy.relations.iter().chain(&copy.absent_relations) {
                    let way = match (a.relates(relation, records)?, b.relates(relation, records)?) {
                        (Some(false), Some(true)) => Way::Added,
                        (Some(true), Some(false)) => Way::Removed,
                        _ => continue,
                    };
                    found.relations.insert(relation.id, (relation.clone(), way));
                }
            }
        }
    }
    let mut touched: BTreeSet<CiId> = found.changed.keys().copied().collect();
    touched.extend(found.relations.values().flat_map(|(r, _)| [r.source, r.target]));
    touched.extend(found.removed.keys());
    touched.extend(found.added.iter());
    let both = a.members.intersection(&b.members).count();
    let differ = touched.iter().filter(|ci| a.members.contains(ci) && b.members.contains(ci)).count();
    found.unchanged = both.saturating_sub(differ);
    Ok(found)
}

/// A CI that has come to its end: it is not part of anything any more.
#[must_use]
pub fn is_over(status: CiStatus) -> bool {
    matches!(status, CiStatus::Retired | CiStatus::Disposed)
}

/// A side, ready to be asked.
struct View<'a> {
    members: BTreeSet<CiId>,
    /// So many baselines had been taken; past the last for now.
    place: u32,
    is_now: bool,
    copy: Option<&'a Baseline>,
}

impl<'a> View<'a> {
    fn of(side: Side<'a>, records: &dyn Records) -> Result<Self, Failure> {
        Ok(match side {
            Side::Now(members) => {
                Self { members: members.clone(), place: taken(records)?.saturating_add(1), is_now: true, copy: None }
            }
            Side::Baseline(baseline) => match &baseline.taken {
                Some(taken) => {
                    Self { members: members(baseline, records)?, place: taken.place, is_now: false, copy: None }
                }
                None => Self {
                    members: baseline.cis.iter().map(|ci| ci.id).chain(baseline.absent_cis.iter().copied()).collect(),
                    place: 0,
                    is_now: false,
                    copy: Some(baseline),
                },
            },
        })
    }

    fn ci(&self, id: CiId, records: &dyn Records) -> Result<Option<Ci>, Fault> {
        match self.copy {
            Some(copy) => Ok(copy.cis.iter().find(|ci| ci.id == id).cloned()),
            None if self.is_now => records.get::<Ci>(id),
            None => Ok(at_baseline(id, self.place, records)?.ci),
        }
    }

    /// Whether the relation is there; `None` where this side does not know.
    fn relates(&self, relation: &Relation, records: &dyn Records) -> Result<Option<bool>, Fault> {
        Ok(match self.copy {
            Some(copy) if copy.relations.iter().any(|r| r.id == relation.id) => Some(true),
            Some(copy) if copy.absent_relations.iter().any(|r| r.id == relation.id) => Some(false),
            Some(_) => None,
            None if self.is_now => Some(records.get::<Relation>(relation.id)?.is_some()),
            None => {
                let state = at_baseline(relation.source, self.place, records)?;
                Some(state.relations.contains_key(&relation.id))
            }
        })
    }
}

/// Every step that happened between the two sides, by CI, oldest first.
fn steps_between(a: &View<'_>, b: &View<'_>, records: &dyn Records) -> Result<BTreeMap<CiId, Vec<CiStep>>, Fault> {
    let (from, to) = (a.place.min(b.place), a.place.max(b.place));
    let mut steps: BTreeMap<CiId, Vec<CiStep>> = BTreeMap::new();
    for baselines in from..to {
        for step in records.list::<CiStep>(Lookup::StepsAfterBaseline, &baselines.to_string())? {
            steps.entry(step.ci).or_default().push(step);
        }
    }
    for of_one in steps.values_mut() {
        of_one.sort_by_key(CiStep::n);
    }
    Ok(steps)
}
