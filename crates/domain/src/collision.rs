//! Collisions: two planned windows that overlap and touch the same CI, a CI the other depends on, or the same service.

use crate::change::record::Change;
use crate::cmdb::ci::Ci;
use crate::cmdb::impact::{self, Direction, Question};
use crate::cmdb::relation::RelationType;
use crate::id::CiId;
use crate::lookup::Lookup;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Fault, Finding};
use crate::release::record::Release;
use crate::time::Window;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How many relations a collision may reach over.
pub const DEPTH: u32 = 3;

/// How many CIs one search looks at before it gives up: a search is made while a person waits.
pub const VISITED: usize = 5_000;

/// How many CIs around its own are looked at for other plans.
pub const NEARBY: usize = 1_000;

/// What runs or is hosted on something depends on it as well.
pub(crate) const DEPENDENCIES: [RelationType; 3] =
    [RelationType::DependsOn, RelationType::RunsOn, RelationType::HostedOn];

/// What is planned: when, and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The change or release.
    pub record: RecordRef,
    /// When.
    pub window: Window,
    /// On which CIs.
    pub cis: BTreeSet<CiId>,
    /// For which services.
    pub services: BTreeSet<CiId>,
}

impl Planned {
    /// What a change plans; `None` while it is unscheduled.
    #[must_use]
    pub fn of_change(change: &Change) -> Option<Self> {
        change.planned.map(|window| Self {
            record: change.reference(),
            window,
            cis: change.cis.clone(),
            services: change.services.clone(),
        })
    }

    /// What a release plans to roll out; `None` while it has no rollout window.
    #[must_use]
    pub fn of_release(release: &Release) -> Option<Self> {
        release.scope.rollout_window.map(|window| Self {
            record: RecordRef::of(release),
            window,
            cis: release.scope.cis.clone(),
            services: release.scope.services.clone(),
        })
    }
}

/// Everything in which the two collide, each with the path that links them; empty when they do not overlap.
///
/// The findings are about `other` and read from the side of `one`.
///
/// # Errors
/// A storage fault.
pub fn collisions(one: &Planned, other: &Planned, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    if one.record.id == other.record.id || !one.window.overlaps(&other.window) {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    for ci in one.cis.intersection(&other.cis) {
        let name = name(*ci, records)?;
        let sentence = format!("{} and {} touch {name} at the same time.", one.record.label, other.record.label);
        findings.push(finding("COLLISION_SAME_CI", sentence, &name, one, other));
    }
    for (from, to) in [(one, other), (other, one)] {
        if let Some(path) = dependency(&from.cis, &to.cis, records)? {
            let sentence = format!(
                "{} touches what a CI of {} depends on at the same time: {path}.",
                to.record.label, from.record.label
            );
            findings.push(finding("COLLISION_DEPENDENCY", sentence, &path, one, other));
        }
    }
    for service in one.services.intersection(&other.services) {
        let name = name(*service, records)?;
        let sentence = format!("{} and {} share the service {name}.", one.record.label, other.record.label);
        findings.push(finding("COLLISION_SERVICE", sentence, &name, one, other));
    }
    Ok(findings)
}

/// Other plans for about the same time: open releases that are not installed and changes that no release carries, on the
/// CIs of this one, on what these depend on, on what depends on them, and on what its services need.
///
/// # Errors
/// A storage fault.
pub fn nearby(of: &Planned, records: &dyn Records) -> Result<Vec<Planned>, Fault> {
    let named: BTreeSet<CiId> = of.cis.union(&of.services).copied().collect();
    let mut around = named.clone();
    for direction in [Direction::Upstream, Direction::Downstream] {
        let question = Question {
            of: named.clone(),
            direction,
            depth: DEPTH,
            types: Some(DEPENDENCIES.into()),
            most: named.len().saturating_add(NEARBY),
            // Two plans collide however redundant the CIs are that they work on.
            redundancy: false,
        };
        around.extend(impact::analyse(&question, records)?.sure().map(|reached| reached.ci));
    }
    let mut nearby: BTreeMap<Uuid, Planned> = BTreeMap::new();
    for ci in &around {
        let key = ci.to_string();
        for release in records.list::<Release>(Lookup::OpenReleaseOfCi, &key)? {
            let ahead = release.install.is_none();
            nearby.extend(Planned::of_release(&release).filter(|_| ahead).map(|p| (release.id.into(), p)));
        }
        for change in records.list::<Change>(Lookup::OpenChangeOfCi, &key)? {
            // A change of a release is rolled out with that, in its window.
            let alone = change.release.is_none();
            nearby.extend(Planned::of_change(&change).filter(|_| alone).map(|p| (change.id.into(), p)));
        }
    }
    nearby.retain(|id, other| *id != of.record.id && other.window.overlaps(&of.window));
    Ok(nearby.into_values().collect())
}

/// Everything in which a plan collides with others.
///
/// # Errors
/// A storage fault.
pub fn around(of: &Planned, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    for other in nearby(of, records)? {
        findings.extend(collisions(of, &other, records)?);
    }
    Ok(findings)
}

/// The pairs that may collide: they overlap, and share a CI, a service or something that one needs. What it is in, and
/// whether the way there is short enough, [`collisions`] says. Looks each plan's CIs up once, however many it overlaps.
///
/// # Errors
/// A storage fault.
pub fn among<'a>(plans: &'a [Planned], records: &dyn Records) -> Result<Vec<(&'a Planned, &'a Planned)>, Fault> {
    let mut ordered: Vec<&Planned> = plans.iter().collect();
    ordered.sort_by_key(|plan| (plan.window, plan.record.id));
    let mut needs: BTreeMap<Uuid, BTreeSet<CiId>> = BTreeMap::new();
    let mut pairs = Vec::new();
    for (at, one) in ordered.iter().copied().enumerate() {
        for other in ordered.iter().skip(at.saturating_add(1)).copied() {
            if other.window.start >= one.window.end {
                break;
            }
            let shared = !one.cis.is_disjoint(&other.cis) || !one.services.is_disjoint(&other.services);
            if shared
                || !needed(one, &mut needs, records)?.is_disjoint(&other.cis)
                || !needed(other, &mut needs, records)?.is_disjoint(&one.cis)
            {
                pairs.push((one, other));
            }
        }
    }
    Ok(pairs)
}

/// What the CIs of a plan depend on, each plan looked up once.
fn needed<'n>(
    plan: &Planned,
    needs: &'n mut BTreeMap<Uuid, BTreeSet<CiId>>,
    records: &dyn Records,
) -> Result<&'n BTreeSet<CiId>, Fault> {
    Ok(match needs.entry(plan.record.id) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => {
            let impact = impact::analyse(&upstream(&plan.cis), records)?;
            place.insert(impact.reached.iter().map(|reached| reached.ci).collect())
        }
    })
}

fn upstream(from: &BTreeSet<CiId>) -> Question {
    Question {
        of: from.clone(),
        direction: Direction::Upstream,
        depth: DEPTH,
        types: Some(DEPENDENCIES.into()),
        most: VISITED,
        redundancy: true,
    }
}

fn finding(code: &str, sentence: String, path: &str, one: &Planned, other: &Planned) -> Finding {
    Finding::new(code, sentence, "Move one of the two windows.")
        .about(other.record.clone())
        .with("path", path)
        .with("one", &one.record.label)
        .with("other", &other.record.label)
}

fn name(ci: CiId, records: &dyn Records) -> Result<String, Fault> {
    Ok(records.get::<Ci>(ci)?.map_or_else(|| ci.to_string(), |ci| ci.name))
}

/// The shortest way on which a CI of `from` depends on one of `to`, in words; CIs in both are no way at all.
fn dependency(from: &BTreeSet<CiId>, to: &BTreeSet<CiId>, records: &dyn Records) -> Result<Option<String>, Fault> {
    let Some((end, impact)) = impact::nearest(&upstream(from), to, records)? else { return Ok(None) };
    let mut text = String::new();
    for (step, _) in impact.path(end) {
        text += &format!("{} {} ", name(step.from, records)?, step.relation_type);
    }
    Ok(Some(text + &name(end, records)?))
}
