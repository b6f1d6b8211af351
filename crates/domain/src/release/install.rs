//! Recording the install: a baseline of every CI that the plan touches, then the CI update plan, all of it or none.

use crate::cmdb::baseline::Baseline;
use crate::cmdb::ci::{Ci, CiStatus, FieldChange, uniqueness};
use crate::cmdb::class::Classes;
use crate::cmdb::relation::Relation;
use crate::cmdb::update_plan::CiUpdate;
use crate::cmdb::{classify, location, relate};
use crate::id::{BaselineId, CiId};
use crate::number::{Number, Series};
use crate::record::{Kind, RecordRef};
use crate::records::overlay::Overlay;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::effect::EffectInput;
use crate::release::record::{Install, Release, Status};
use std::collections::BTreeSet;

/// Gives a CI that the plan creates its number.
type Numbering<'a> = dyn FnMut(&dyn Records, &Number) -> Result<Number, Failure> + 'a;

/// Captures the baseline and applies the plan.
pub fn install(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    let baseline = baseline(i)?;
    let context = &mut *i.context;
    let mut overlay = Overlay::over(&*i.records);
    let findings = apply(&i.release.scope.ci_plan, &mut overlay, &mut |records, wanted| {
        context.number(records, Series::Ci, wanted)
    })?;
    none(findings)?;
    let changes = overlay.into_changes();
    changes.apply(i.records)?;
    i.release.install = Some(Install {
        by: i.actor.id,
        at: i.context.now,
        baseline: baseline.id,
        window_override: i.ask.window_override.map(|r| r.trim().to_owned()),
        freeze_override: i.ask.freeze_override.map(|r| r.trim().to_owned()),
    });
    i.release.status = Status::Installed;
    i.records.put(baseline)?;
    Ok(())
}

/// Everything that keeps the plan from applying, the whole list.
///
/// # Errors
/// A storage fault.
pub fn plan_findings(release: &Release, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut overlay = Overlay::over(records);
    match apply(&release.scope.ci_plan, &mut overlay, &mut |_, wanted| Ok(wanted.clone())) {
        Ok(findings) => Ok(findings),
        Err(Failure::Refused(refusal)) => Ok(refusal.findings),
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn baseline(i: &mut EffectInput<'_>) -> Result<Baseline, Failure> {
    let mut baseline = Baseline {
        id: i.ids.fresh::<BaselineId>(),
        name: format!("{} before install", i.release.number),
        at: i.context.now,
        by: i.actor.id,
        cis: Vec::new(),
        relations: Vec::new(),
        absent_cis: Vec::new(),
        absent_relations: Vec::new(),
        taken: None,
    };
    let mut seen: BTreeSet<CiId> = BTreeSet::new();
    for update in &i.release.scope.ci_plan {
        match update {
            CiUpdate::Create(ci) => {
                if seen.insert(ci.id) {
                    baseline.absent_cis.push(ci.id);
                }
            }
            CiUpdate::SetFields { ci, .. } | CiUpdate::SetStatus { ci, .. } => {
                if seen.insert(*ci)
                    && let Some(ci) = i.records.get::<Ci>(*ci)?
                {
                    baseline.cis.push(ci);
                }
            }
            CiUpdate::AddRelation(relation) => baseline.absent_relations.push(canonical(relation)),
            CiUpdate::RemoveRelation(relation) => baseline.relations.push(canonical(relation)),
        }
    }
    Ok(baseline)
}

/// The relation with the id that its ends and type give, whatever the plan's author wrote.
pub(crate) fn canonical(relation: &Relation) -> Relation {
    Relation::new(relation.source, relation.relation_type, relation.target)
}

/// Applies the plan line by line on top of the records; a line that does not apply is a finding and changes nothing.
fn apply(plan: &[CiUpdate], overlay: &mut Overlay<'_>, number: &mut Numbering<'_>) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    // Judged once every line is applied, so that two CIs may swap a name within one plan.
    let mut changed: BTreeSet<CiId> = BTreeSet::new();
    for update in plan {
        match update {
            CiUpdate::Create(ci) => {
                changed.insert(ci.id);
                create(ci, overlay, number, &mut findings)?;
            }
            CiUpdate::SetFields { ci, fields } => {
                changed.insert(*ci);
                set_fields(*ci, fields, overlay, &mut findings)?;
            }
            CiUpdate::SetStatus { ci, from, to } => set_status(*ci, *from, *to, overlay, &mut findings)?,
            CiUpdate::AddRelation(relation) => add_relation(&canonical(relation), overlay, &mut findings)?,
            CiUpdate::RemoveRelation(relation) => remove_relation(&canonical(relation), overlay, &mut findings)?,
        }
    }
    for id in changed {
        if let Some(ci) = overlay.get::<Ci>(id)? {
            findings.extend(uniqueness(&ci, overlay)?);
            findings.extend(location::findings(&ci, overlay)?);
        }
    }
    findings.dedup();
    Ok(findings)
}

fn create(
    ci: &Ci,
    overlay: &mut Overlay<'_>,
    number: &mut Numbering<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    if let Some(existing) = overlay.get::<Ci>(ci.id)? {
        findings.push(
            Finding::new(
                "CI_EXISTS",
                format!("{} exists already, though the plan creates it.", existing.name),
                "Take the line out of the CI update plan, or change the CI there.",
            )
            .about(existing.reference()),
        );
        return Ok(());
    }
    let mut ci = ci.clone();
    findings.extend(ci.tidy());
    findings.extend(classify::complete(&mut ci, &mut Classes::default(), overlay)?);
    ci.number = number(&*overlay, &ci.number)?;
    overlay.put(ci)?;
    Ok(())
}

fn set_fields(
    id: CiId,
    fields: &[FieldChange],
    overlay: &mut Overlay<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    let Some(mut ci) = overlay.get::<Ci>(id)? else {
        findings.push(unknown(id));
        return Ok(());
    };
    findings.extend(set(&mut ci, fields, overlay)?);
    overlay.put(ci)?;
    Ok(())
}

/// Sets the fields of a plan's line, each if it is as the plan expects; a CI that comes to another class brings its
/// attributes along.
pub(crate) fn set(ci: &mut Ci, fields: &[FieldChange], records: &dyn Records) -> Result<Vec<Finding>, Failure> {
    let mut classes = Classes::default();
    let mut findings = Vec::new();
    let by_class = |change: &&FieldChange| change.field == "class";
    for change in fields.iter().filter(by_class).chain(fields.iter().filter(|change| !by_class(change))) {
        match ci.field(&change.field) {
            Some(is) if is == change.from => {
                match classify::written(ci, &change.field, &change.to, &mut classes, records)? {
                    Ok((field, value)) => findings.extend(ci.set_field(&field, &value).err()),
                    Err(finding) => findings.push(finding),
                }
            }
            Some(is) => findings.push(differs(ci, &change.field, &change.from, &is)),
            // The field's name is wrong: setting it says so.
            None => findings.extend(ci.clone().set_field(&change.field, &change.to).err()),
        }
    }
    if fields.iter().any(|change| by_class(&change))
        && let Some(lineage) = classes.of(&ci.class, records)?
    {
        findings.extend(classify::migrate(ci, &lineage, records)?);
    }
    Ok(findings)
}

fn set_status(
    id: CiId,
    from: CiStatus,
    to: CiStatus,
    overlay: &mut Overlay<'_>,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    let Some(mut ci) = overlay.get::<Ci>(id)? else {
        findings.push(unknown(id));
        return Ok(());
    };
    if ci.status != from {
        findings.push(differs(&ci, "status", from.label(), ci.status.label()));
        return Ok(());
    }
    if from != to && !from.may_become(to) {
        findings.push(
            Finding::new(
                "STATUS_MOVE_NOT_ALLOWED",
                format!("{} cannot go from {from} to {to}.", ci.name),
                "Plan the moves between, or choose another status.",
            )
            .about(ci.reference()),
        );
        return Ok(());
    }
    ci.status = to;
    overlay.put(ci)?;
    Ok(())
}

fn add_relation(relation: &Relation, overlay: &mut Overlay<'_>, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    if overlay.get::<Relation>(relation.id)?.is_some() {
        findings.push(relation_finding("RELATION_EXISTS", relation, "exists already", overlay)?);
        return Ok(());
    }
    let against = relate::findings(relation, overlay)?;
    if against.is_empty() {
        overlay.put(relation.clone())?;
    }
    findings.extend(against);
    Ok(())
}

fn remove_relation(relation: &Relation, overlay: &mut Overlay<'_>, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    if overlay.get::<Relation>(relation.id)?.is_none() {
        findings.push(relation_finding("RELATION_NOT_FOUND", relation, "is not there any more", overlay)?);
        return Ok(());
    }
    overlay.remove(Kind::Relation, relation.id.into())?;
    Ok(())
}

fn relation_finding(code: &str, relation: &Relation, how: &str, records: &dyn Records) -> Result<Finding, Fault> {
    let sentence = format!("The relation {} {how}.", relation_label(relation, records)?);
    Ok(Finding::new(code, sentence, "Correct the CI update plan; that needs a new approval.")
        .about(RecordRef::of(relation)))
}

/// A relation in words, such as `Payroll runs on db-01`.
///
/// # Errors
/// A storage fault.
pub(crate) fn relation_label(relation: &Relation, records: &dyn Records) -> Result<String, Fault> {
    let name =
        |id: CiId| -> Result<String, Fault> { Ok(records.get::<Ci>(id)?.map_or_else(|| id.to_string(), |ci| ci.name)) };
    Ok(format!("{} {} {}", name(relation.source)?, relation.relation_type, name(relation.target)?))
}

fn unknown(id: CiId) -> Finding {
    Finding::new("UNKNOWN_CI", format!("There is no CI {id} here."), "Correct the CI update plan, or sync.")
        .about(RecordRef { kind: Kind::Ci, id: id.into(), label: id.to_string() })
}

fn differs(ci: &Ci, field: &str, expected: &str, is: &str) -> Finding {
    Finding::new(
        "CI_NOT_AS_PLANNED",
        format!("{field} of {} is {is:?}, the plan expects {expected:?}.", ci.name),
        "Find out who changed it; then correct the CI update plan, which needs a new approval.",
    )
    .about(ci.reference())
    .with("field", field)
    .with("expected", expected)
    .with("is", is)
}
