//! Backing out: a three-way merge of every CI that the install touched. Before the install, as the install left it,
//! now: what nobody touched since goes back; what somebody else changed is listed for a decision.

use crate::cmdb::baseline::Baseline;
use crate::cmdb::ci::{Ci, CiStatus, uniqueness};
use crate::cmdb::class::Classes;
use crate::cmdb::relation::Relation;
use crate::cmdb::update_plan::CiUpdate;
use crate::cmdb::{classify, relate, standard};
use crate::dhs::record::DhsUnit;
use crate::execute::Effect;
use crate::id::{CiId, ReleaseId};
use crate::lookup::Lookup;
use crate::people::Person;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::effect::EffectInput;
use crate::release::install::{canonical, relation_label, set as set_planned};
use crate::release::record::{BackOut, BackOutConflict, BackOutDecision, Phase, Release};
use crate::release::{must_be_open, refer};
use std::collections::{BTreeMap, BTreeSet};

/// Stands for the whole CI in a conflict about one that the install created.
pub const WHOLE_CI: &str = "ci";
const STATUS: &str = "status";

/// Restores what can be restored and lists the rest.
pub fn restore_cmdb(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    let mut conflicts = Vec::new();
    if let Some(install) = &i.release.install {
        let baseline: Baseline = i.records.must(install.baseline)?;
        conflicts.extend(restore_relations(&i.release.scope.ci_plan, i.records)?);
        let left = as_installed(&i.release.scope.ci_plan, &baseline, i.records)?;
        // What was created goes first: it may hold a name that an older CI wants back.
        for installed in baseline.absent_cis.iter().filter_map(|id| left.get(id)) {
            conflicts.extend(remove_created(installed, i.release.id, i.records)?);
        }
        conflicts.extend(restore_fields(&baseline.cis, &left, i.records)?);
    }
    i.release.back_out =
        Some(BackOut { by: i.actor.id, at: i.context.now, reason: i.ask.reason.trim().to_owned(), conflicts });
    Ok(())
}

/// Every CI of the plan as the install left it: the plan carried out on the baseline.
fn as_installed(plan: &[CiUpdate], baseline: &Baseline, records: &dyn Records) -> Result<BTreeMap<CiId, Ci>, Failure> {
    let mut left: BTreeMap<CiId, Ci> = baseline.cis.iter().map(|ci| (ci.id, ci.clone())).collect();
    for update in plan {
        match update {
            CiUpdate::Create(ci) => {
                let mut ci = (**ci).clone();
                // The install tidied it in the same way; what it would find there, it refused.
                let _ = ci.tidy();
                classify::complete(&mut ci, &mut Classes::default(), records)?;
                left.insert(ci.id, ci);
            }
            CiUpdate::SetFields { ci, fields } => {
                if let Some(ci) = left.get_mut(ci) {
                    // A plan that was installed has no line that cannot be set.
                    set_planned(ci, fields, records)?;
                }
            }
            CiUpdate::SetStatus { ci, to, .. } => {
                if let Some(ci) = left.get_mut(ci) {
                    ci.status = *to;
                }
            }
            CiUpdate::AddRelation(_) | CiUpdate::RemoveRelation(_) => {}
        }
    }
    Ok(left)
}

/// Every field by name with its text, the status among them.
fn fields(ci: &Ci) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> =
        Ci::FIELDS.iter().map(|name| ((*name).to_owned(), ci.field(name).unwrap_or_default())).collect();
    for (name, value) in &ci.attributes {
        fields.insert(format!("attributes.{name}"), value.clone());
    }
    fields.insert(STATUS.to_owned(), ci.status.label().to_owned());
    fields
}

fn set(ci: &mut Ci, field: &str, value: &str) -> Result<(), Finding> {
    if field == STATUS {
        if let Ok(status) = value.parse::<CiStatus>() {
            ci.status = status;
        }
        return Ok(());
    }
    ci.set_field(field, value)
}

/// Puts every field back that is still as the install left it, in all CIs, and lists the others.
fn restore_fields(
    before: &[Ci],
    left: &BTreeMap<CiId, Ci>,
    records: &mut dyn Records,
) -> Result<Vec<BackOutConflict>, Failure> {
    let mut conflicts = Vec::new();
    let mut identities: BTreeMap<CiId, Vec<BackOutConflict>> = BTreeMap::new();
    for before in before {
        // A CI that is gone was removed by the back-out of the release that created it: nothing is left to restore.
        let (Some(installed), Some(now)) = (left.get(&before.id), records.get::<Ci>(before.id)?) else { continue };
        let mut restored = now.clone();
        for field in changed_fields(before, installed, &now) {
            let as_left = field.now == field.installed;
            if !as_left || set(&mut restored, &field.field, &field.before).is_err() {
                conflicts.push(field);
            } else if is_identity(&field.field) {
                identities.entry(before.id).or_default().push(field);
            }
        }
        if restored != now {
            records.put(restored)?;
        }
    }
    conflicts.extend(keep_unique(identities, records)?);
    Ok(conflicts)
}

/// The fields that the install changed and that are not already as before.
fn changed_fields(before: &Ci, installed: &Ci, now: &Ci) -> Vec<BackOutConflict> {
    let (was, left, is) = (fields(before), fields(installed), fields(now));
    let names: BTreeSet<&String> = was.keys().chain(left.keys()).collect();
    let value = |of: &BTreeMap<String, String>, name: &String| of.get(name).cloned().unwrap_or_default();
    names
        .into_iter()
        .map(|name| BackOutConflict {
            ci: before.id,
            field: name.clone(),
            before: value(&was, name),
            installed: value(&left, name),
            now: value(&is, name),
            decision: None,
        })
        .filter(|field| field.before != field.installed && field.now != field.before)
        .collect()
}

/// A name, serial number or tag that went to another CI since is not taken back: it is listed. Looked at once every
/// CI is restored, so that two that swapped a name swap it back; keeping one may stand in the way of another.
fn keep_unique(
    mut identities: BTreeMap<CiId, Vec<BackOutConflict>>,
    records: &mut dyn Records,
) -> Result<Vec<BackOutConflict>, Failure> {
    let mut conflicts = Vec::new();
    loop {
        let mut taken = None;
        for id in identities.keys() {
            if let Some(ci) = records.get::<Ci>(*id)?
                && !uniqueness(&ci, records)?.is_empty()
            {
                taken = Some(ci);
                break;
            }
        }
        let Some(mut ci) = taken else { return Ok(conflicts) };
        for field in identities.remove(&ci.id).unwrap_or_default() {
            if set(&mut ci, &field.field, &field.now).is_ok() {
                conflicts.push(field);
            }
        }
        records.put(ci)?;
    }
}

/// Fields that must be unique, alone or together.
fn is_identity(field: &str) -> bool {
    matches!(field, "name" | "class" | "serial_number" | "manufacturer" | "asset_tag")
}

/// A CI that the install created goes again, unless somebody changed it or builds on it.
fn remove_created(
    installed: &Ci,
    release: ReleaseId,
    records: &mut dyn Records,
) -> Result<Option<BackOutConflict>, Failure> {
    let Some(now) = records.get::<Ci>(installed.id)? else { return Ok(None) };
    let in_use = used_by(&now, release, records)?;
    let (left, is) = (fields(installed), fields(&now));
    let changed: Vec<&str> = is
        .keys()
        .chain(left.keys())
        .filter(|name| is.get(*name) != left.get(*name))
        .map(String::as_str)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if changed.is_empty() && in_use.is_empty() {
        standard::forget(now.id, records)?;
        records.remove(Kind::Ci, now.id.into())?;
        return Ok(None);
    }
    let mut since = in_use;
    if !changed.is_empty() {
        since.insert(0, format!("changed {}", changed.join(", ")));
    }
    Ok(Some(BackOutConflict {
        ci: now.id,
        field: WHOLE_CI.to_owned(),
        before: String::new(),
        installed: format!("created as {}", installed.name),
        now: since.join("; "),
        decision: None,
    }))
}

/// What builds on a CI, in words.
fn used_by(ci: &Ci, release: ReleaseId, records: &dyn Records) -> Result<Vec<String>, Fault> {
    let key = ci.id.to_string();
    let mut uses = Vec::new();
    for lookup in [Lookup::RelationsFrom, Lookup::RelationsTo] {
        for relation in records.list::<Relation>(lookup, &key)? {
            uses.push(relation_label(&relation, records)?);
        }
    }
    for other in records.list::<Release>(Lookup::OpenReleaseOfCi, &key)? {
        if other.id != release {
            uses.push(format!("affected by {}", other.number));
        }
    }
    // A unit of this release is brought back with it, which another guard looks after.
    for unit in records.list::<DhsUnit>(Lookup::UnitOfCi, &key)? {
        if unit.reserved_for != Some(release) {
            uses.push(format!("{} is installed as it", unit.number));
        }
    }
    Ok(uses)
}

/// Relations that the install added go, those that it removed come back: last line of the plan first.
fn restore_relations(plan: &[CiUpdate], records: &mut dyn Records) -> Result<Vec<BackOutConflict>, Failure> {
    let mut conflicts = Vec::new();
    for update in plan.iter().rev() {
        match update {
            CiUpdate::AddRelation(relation) => {
                let id = canonical(relation).id;
                if records.get::<Relation>(id)?.is_some() {
                    records.remove(Kind::Relation, id.into())?;
                }
            }
            CiUpdate::RemoveRelation(relation) => {
                let relation = canonical(relation);
                if records.get::<Relation>(relation.id)?.is_some() {
                    continue;
                }
                let against = relate::findings(&relation, records)?;
                if against.is_empty() {
                    records.put(relation)?;
                    continue;
                }
                conflicts.push(BackOutConflict {
                    ci: relation.source,
                    field: format!("relation {}", relation.id),
                    before: relation_label(&relation, records)?,
                    installed: String::new(),
                    now: against.iter().map(|f| f.sentence.as_str()).collect::<Vec<_>>().join(" "),
                    decision: None,
                });
            }
            CiUpdate::Create(_) | CiUpdate::SetFields { .. } | CiUpdate::SetStatus { .. } => {}
        }
    }
    Ok(conflicts)
}

/// Decides one conflict; *restore* takes effect at once.
pub(crate) fn decide(
    mut release: Release,
    ci: CiId,
    field: &str,
    decision: BackOutDecision,
    actor: &Person,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    must_be_open(&release, records)?;
    if release.phase != Phase::BackOut {
        return Err(Finding::new(
            "NOT_IN_PHASE",
            format!("{} is in {}; conflicts are decided in Back out.", release.number, release.phase),
            "Begin the back-out first.",
        )
        .about(refer(&release))
        .into());
    }
    let about = refer(&release);
    let removed: Vec<Relation> = release
        .scope
        .ci_plan
        .iter()
        .filter_map(|u| if let CiUpdate::RemoveRelation(r) = u { Some(canonical(r)) } else { None })
        .collect();
    let Some(conflict) =
        release.back_out.iter_mut().flat_map(|b| &mut b.conflicts).find(|c| c.ci == ci && c.field == field)
    else {
        return Err(Finding::new(
            "CONFLICT_NOT_FOUND",
            format!("The back-out of {} has no conflict on {field} of that CI.", about.label),
            "Look at the list again.",
        )
        .about(about)
        .into());
    };
    if conflict.decision.is_some() {
        return Err(Finding::new(
            "CONFLICT_DECIDED",
            format!("{field} was decided before {} came to it.", actor.name),
            "Change the CI itself if it must be another value.",
        )
        .about(about)
        .into());
    }
    if decision == BackOutDecision::Restore {
        restore_one(conflict, &removed, records)?;
    }
    conflict.decision = Some(decision);
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

fn restore_one(conflict: &BackOutConflict, removed: &[Relation], records: &mut dyn Records) -> Result<(), Failure> {
    if let Some(relation) = removed.iter().find(|r| conflict.field == format!("relation {}", r.id)) {
        none(relate::findings(relation, records)?)?;
        records.put(relation.clone())?;
        return Ok(());
    }
    let Some(mut ci) = records.get::<Ci>(conflict.ci)? else { return Ok(()) };
    if conflict.field == WHOLE_CI {
        let key = ci.id.to_string();
        for lookup in [Lookup::RelationsFrom, Lookup::RelationsTo] {
            for relation in records.list::<Relation>(lookup, &key)? {
                records.remove(Kind::Relation, relation.id.into())?;
            }
        }
        standard::forget(ci.id, records)?;
        records.remove(Kind::Ci, ci.id.into())?;
        return Ok(());
    }
    set(&mut ci, &conflict.field, &conflict.before).map_err(|f| f.about(RecordRef::of(&ci)))?;
    none(uniqueness(&ci, records)?)?;
    records.put(ci)?;
    Ok(())
}
