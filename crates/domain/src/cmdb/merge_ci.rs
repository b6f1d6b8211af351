//! Merging two CIs that are one: the one that is kept takes over relations, group memberships, hardware units and photos; the
//! other goes and leaves a *forward*, through which releases, changes and comments that name it still find their CI.

use crate::attachment::{self, Attachment, PhotoOf};
use crate::cmdb::ci::{Ci, uniqueness};
use crate::cmdb::class::Classes;
use crate::cmdb::classify;
use crate::cmdb::duplicate::{self, CiDuplicate};
use crate::cmdb::group::CiGroup;
use crate::cmdb::moment::{CiStep, field_changes, last_step};
use crate::cmdb::redundancy;
use crate::cmdb::relate;
use crate::cmdb::relation::Relation;
use crate::cmdb::standard::{self, CiStandard};
use crate::cmdb::update_plan::CiUpdate;
use crate::dhs::record::DhsUnit;
use crate::execute::{Context, Effect};
use crate::id::{AttachmentId, CiForwardId, CiGroupId, CiId, DhsUnitId, PersonId};
use crate::lookup::Lookup;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::record::Release;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;
use uuid::Uuid;

/// Most relations of a CI that goes.
pub const MERGED_RELATIONS: usize = 2_000;
/// Forwards in a row that are followed.
const FORWARDS: u32 = 16;
/// Name of the merge among the steps of a CI.
const MERGE: &str = "ci.merge";

/// Where a CI went that was merged into another, and what it takes to undo that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiForward {
    /// Identity; derived from the CI that went.
    pub id: CiForwardId,
    /// The CI that went, as it was.
    pub from: Box<Ci>,
    /// The CI that was kept.
    pub to: CiId,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: PersonId,
    /// The CI that was kept, as it was before.
    pub before: Box<Ci>,
    /// Steps in its history before.
    pub steps: u32,
    /// Relations that the merge took away.
    pub removed: Vec<Relation>,
    /// Relations that it made in their place.
    pub added: Vec<Relation>,
    /// Groups of which the kept CI became a member in place of the other.
    pub groups: Vec<CiGroupId>,
    /// Groups of which both were members.
    pub shared_groups: Vec<CiGroupId>,
    /// Units that are installed as the kept CI now.
    pub units: Vec<DhsUnitId>,
    /// Pairs of the queue that the other was in, decided or not.
    pub pairs: Vec<CiDuplicate>,
    /// Photos that are of the kept CI now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Vec<AttachmentId>")]
    pub photos: Vec<AttachmentId>,
    /// By which standard the other was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub standard: Option<CiStandard>,
    /// Whether the kept CI is measured so in its place, for it was by none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "bool")]
    pub took_standard: bool,
}

impl CiForward {
    /// The identity of the forward that a CI leaves.
    #[must_use]
    pub fn id_of(from: CiId) -> CiForwardId {
        CiForwardId(Uuid::new_v5(&from.0, b"forward"))
    }
}

/// The CI that an id stands for: itself, or the one it was merged into.
///
/// # Errors
/// A storage fault.
pub fn resolve(ci: CiId, records: &dyn Records) -> Result<CiId, Fault> {
    let mut at = ci;
    for _ in 0..FORWARDS {
        if records.get::<Ci>(at)?.is_some() {
            break;
        }
        let Some(forward) = records.get::<CiForward>(CiForward::id_of(at))? else { break };
        at = forward.to;
    }
    Ok(at)
}

/// Every id that stands for a CI: its own, and those of the CIs that were merged into it.
///
/// # Errors
/// A storage fault.
pub fn names_of(ci: CiId, records: &dyn Records) -> Result<Vec<CiId>, Fault> {
    let (mut names, mut next) = (vec![ci], vec![ci]);
    while let Some(at) = next.pop() {
        for forward in records.list::<CiForward>(Lookup::ForwardsTo, &at.to_string())? {
            if !names.contains(&forward.from.id) {
                names.push(forward.from.id);
                next.push(forward.from.id);
            }
        }
    }
    Ok(names)
}

/// Merges `gone` into `kept`; `take` names the fields that the kept one takes from the other.
pub(crate) fn merge(
    kept: CiId,
    gone: CiId,
    take: &BTreeSet<String>,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let before: Ci = records.must(kept)?;
    let from: Ci = records.must(gone)?;
    none(findings(&before, &from, records)?)?;
    let mut ci = before.clone();
    let mut classes = Classes::default();
    // Attributes are those of the class that the CI comes to in the same step.
    let by_class = |field: &&String| *field == "class";
    for field in take.iter().filter(by_class).chain(take.iter().filter(|field| !by_class(field))) {
        let Some(value) = from.field(field) else {
            return Err(Finding::new(
                "UNKNOWN_FIELD",
                format!("A CI has no field {field}."),
                "Choose fields of the CI.",
            )
            .into());
        };
        let (field, value) = classify::written(&ci, field, &value, &mut classes, records)??;
        ci.set_field(&field, &value)?;
    }
    if ci.class != before.class
        && let Some(lineage) = classes.of(&ci.class, records)?
    {
        none(classify::migrate(&mut ci, &lineage, records)?)?;
    }
    let mut forward = CiForward {
        id: CiForward::id_of(gone),
        to: kept,
        at: context.now,
        by: context.actor,
        steps: last_step(kept, records)?,
        removed: Vec::new(),
        added: Vec::new(),
        groups: Vec::new(),
        shared_groups: Vec::new(),
        units: Vec::new(),
        photos: Vec::new(),
        standard: standard::forget(gone, records)?,
        took_standard: false,
        pairs: records.list::<CiDuplicate>(Lookup::DuplicatesOf, &gone.to_string())?,
        before: Box::new(before.clone()),
        from: Box::new(from),
    };
    repoint(&mut forward, records)?;
    for mut group in records.list::<CiGroup>(Lookup::GroupsOfCi, &gone.to_string())? {
        let shared = !group.members.insert(kept);
        group.members.remove(&gone);
        if shared { &mut forward.shared_groups } else { &mut forward.groups }.push(group.id);
        records.put(group)?;
    }
    for mut unit in records.list::<DhsUnit>(Lookup::UnitOfCi, &gone.to_string())? {
        forward.units.push(unit.id);
        unit.ci = Some(kept);
        records.put(unit)?;
    }
    for photo in attachment::photos_of(PhotoOf::Ci(gone), records)? {
        forward.photos.push(photo.id);
        records.put(Attachment { of: PhotoOf::Ci(kept), ..photo })?;
    }
    if let Some(moved) = forward.standard.as_ref().map(|measured| measured.of(kept))
        && records.get::<CiStandard>(moved.id)?.is_none()
    {
        forward.took_standard = true;
        records.put(moved)?;
    }
    duplicate::forget(gone, records)?;
    records.remove(Kind::Ci, gone.into())?;
    none(uniqueness(&ci, records)?)?;
    if ci != before {
        records.put(ci)?;
    }
    records.put(forward)?;
    Ok(Effect::updated())
}

/// Everything that speaks against merging the two.
fn findings(kept: &Ci, gone: &Ci, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if kept.id == gone.id {
        findings.push(
            Finding::new("SAME_CI", format!("{} is one CI already.", kept.name), "Choose two CIs.")
                .about(kept.reference()),
        );
    }
    let key = gone.id.to_string();
    for release in records.list::<Release>(Lookup::OpenReleaseOfCi, &key)? {
        if release.scope.ci_plan.iter().any(|line| names(line, gone.id)) {
            findings.push(
                Finding::new(
                    "IN_A_PLAN",
                    format!("The CI update plan of {} changes {}.", release.number, gone.name),
                    "Keep that CI and merge the other into it, or take it out of the plan first.",
                )
                .about(RecordRef {
                    kind: Kind::Release,
                    id: release.id.0,
                    label: release.number.to_string(),
                }),
            );
        }
    }
    findings.extend(redundancy::against_merging(gone, records)?);
    let relations = records.find(Lookup::RelationsFrom, &key)?.len() + records.find(Lookup::RelationsTo, &key)?.len();
    if relations > MERGED_RELATIONS {
        findings.push(
            Finding::new(
                "TOO_MANY_RELATIONS",
                format!("{} has {relations} relations; {MERGED_RELATIONS} can move in one step.", gone.name),
                "Keep that CI and merge the other into it.",
            )
            .about(gone.reference()),
        );
    }
    Ok(findings)
}

fn names(line: &CiUpdate, id: CiId) -> bool {
    match line {
        CiUpdate::Create(ci) => ci.id == id,
        CiUpdate::SetFields { ci, .. } | CiUpdate::SetStatus { ci, .. } => *ci == id,
        CiUpdate::AddRelation(r) | CiUpdate::RemoveRelation(r) => r.source == id || r.target == id,
    }
}

/// Points every relation of the CI that goes at the one that is kept. One between the two, one that the kept CI has
/// already, and one that it cannot have besides its own (a second container) go without a successor.
fn repoint(forward: &mut CiForward, records: &mut dyn Records) -> Result<(), Fault> {
    let (gone, kept) = (forward.from.id, forward.to);
    let mut relations = records.list::<Relation>(Lookup::RelationsFrom, &gone.to_string())?;
    relations.extend(records.list::<Relation>(Lookup::RelationsTo, &gone.to_string())?);
    relations.sort_by_key(|relation| relation.id);
    relations.dedup();
    for relation in &relations {
        records.remove(Kind::Relation, relation.id.into())?;
    }
    for relation in &relations {
        let end = |ci: CiId| if ci == gone { kept } else { ci };
        let moved = Relation::new(end(relation.source), relation.relation_type, end(relation.target));
        let is_new = moved.source != moved.target && records.get::<Relation>(moved.id)?.is_none();
        if is_new && relate::findings(&moved, records)?.is_empty() {
            records.put(moved.clone())?;
            forward.added.push(moved);
        }
    }
    forward.removed = relations;
    Ok(())
}

/// Makes two CIs of one again, while nothing else happened to it since.
pub(crate) fn undo(gone: CiId, records: &mut dyn Records) -> Result<Effect, Failure> {
    let forward: CiForward = records.must(CiForward::id_of(gone))?;
    let Some(now) = records.get::<Ci>(forward.to)? else { return Err(changed_since(&forward).into()) };
    let last = last_step(forward.to, records)?;
    let step = match last.checked_sub(forward.steps) {
        Some(0) => None,
        Some(1) => records.get::<CiStep>(CiStep::id_of(forward.to, last))?,
        _ => return Err(changed_since(&forward).into()),
    };
    let is_ours =
        step.as_ref().is_none_or(|step| step.command == MERGE && step.at == forward.at && step.by == forward.by);
    let mut units = Vec::new();
    for id in &forward.units {
        match records.get::<DhsUnit>(*id)? {
            Some(unit) if unit.ci == Some(forward.to) => units.push(unit),
            _ => return Err(changed_since(&forward).into()),
        }
    }
    if !is_ours || records.get::<Ci>(gone)?.is_some() {
        return Err(changed_since(&forward).into());
    }
    if let Some(measured) = &forward.standard {
        let taken = forward.took_standard.then(|| measured.of(forward.to));
        if let Some(taken) = taken
            && standard::forget(forward.to, records)?.as_ref() != Some(&taken)
        {
            return Err(changed_since(&forward).into());
        }
        records.put(measured.clone())?;
    }
    for relation in &forward.added {
        records.remove(Kind::Relation, relation.id.into())?;
    }
    if !field_changes(&now, &forward.before).is_empty() {
        records.put((*forward.before).clone())?;
    }
    records.put((*forward.from).clone())?;
    none(uniqueness(&forward.before, records)?.into_iter().chain(uniqueness(&forward.from, records)?).collect())?;
    for relation in &forward.removed {
        records.put(relation.clone())?;
    }
    for (groups, shared) in [(&forward.groups, false), (&forward.shared_groups, true)] {
        for id in groups {
            let Some(mut group) = records.get::<CiGroup>(*id)? else { continue };
            if !shared {
                group.members.remove(&forward.to);
            }
            group.members.insert(gone);
            records.put(group)?;
        }
    }
    for mut unit in units {
        unit.ci = Some(gone);
        records.put(unit)?;
    }
    for id in &forward.photos {
        // One that was removed meanwhile stays so.
        if let Some(photo) = records.get::<Attachment>(*id)? {
            records.put(Attachment { of: PhotoOf::Ci(gone), ..photo })?;
        }
    }
    for pair in &forward.pairs {
        // Its other CI may have gone meanwhile.
        if records.get::<Ci>(pair.first)?.is_some() && records.get::<Ci>(pair.second)?.is_some() {
            records.put(pair.clone())?;
        }
    }
    records.remove(Kind::CiForward, forward.id.into())?;
    Ok(Effect::updated())
}

fn changed_since(forward: &CiForward) -> Finding {
    Finding::new(
        "CHANGED_SINCE",
        format!("{} changed since {} was merged into it.", forward.before.name, forward.from.name),
        "Create the other CI anew, and give it what is its own.",
    )
    .about(forward.before.reference())
}
