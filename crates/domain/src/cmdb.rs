//! The CMDB: configuration items, relations, groups, services, baselines, update plans.

use crate::cmdb::ci::{Ci, CiStatus, FieldChange, uniqueness};
use crate::cmdb::class::Classes;
use crate::cmdb::group::CiGroup;
use crate::command::CmdbCommand;
use crate::execute::{Conflict, Context, Effect, replace};
use crate::id::CiId;
use crate::lookup::{Lookup, pair};
use crate::number::Series;
use crate::people::{Group, Person, Site};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::text;
use std::collections::{BTreeMap, BTreeSet};

pub mod attribute;
pub mod baseline;
pub mod ci;
pub mod class;
pub mod class_tree;
pub mod classify;
pub mod duplicate;
pub mod edit_many;
pub mod field;
pub mod fill;
pub mod group;
pub mod impact;
pub mod import;
pub mod location;
pub mod merge_ci;
pub mod moment;
pub mod observation;
pub mod redundancy;
pub mod relate;
pub mod relation;
pub mod relation_kind;
pub mod standard;
pub mod unit;
pub mod update_plan;

/// Most members of a static CI group.
pub const GROUP_MEMBERS: usize = 10_000;

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    command: &CmdbCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match command {
        CmdbCommand::CreateCi(ci) => {
            let ci = judge_new(ci, &mut Classes::default(), context, records)?;
            records.put(ci)?;
            Ok(Effect::created())
        }
        CmdbCommand::SetFields(ci, fields) => set_fields(*ci, fields, records),
        CmdbCommand::SetStatus { ci, from, to } => set_status(*ci, *from, *to, records),
        CmdbCommand::Relate { source, relation_type, target } => {
            relate::relate(*source, *relation_type, *target, records)
        }
        CmdbCommand::Unrelate(id) => relate::unrelate(*id, records),
        CmdbCommand::PutGroup(group) => put_group(group, context, records),
        CmdbCommand::EditCis(edits) => edit_many::edit_many(edits, actor, records),
        CmdbCommand::FillGroup(found) => fill::fill(found, context, records),
        CmdbCommand::TakeBaseline(new) => baseline::take(new, actor.id, context, records),
        CmdbCommand::AddToBaseline { baseline, position, members } => {
            baseline::add(*baseline, *position, members, actor.id, records)
        }
        CmdbCommand::MergeCi { kept, gone, take } => merge_ci::merge(*kept, *gone, take, context, records),
        CmdbCommand::UndoMerge(gone) => merge_ci::undo(*gone, records),
        CmdbCommand::DismissDuplicate { pair, reason } => duplicate::dismiss(*pair, reason, actor.id, context, records),
        CmdbCommand::PutRedundancy(rule) => redundancy::put(rule, records),
        CmdbCommand::RemoveRedundancy(id) => redundancy::remove(*id, records),
        CmdbCommand::PutStandard(new) => standard::put(new, records),
        CmdbCommand::Standard { standard, act } => standard::act(*standard, act, actor, context, records),
        CmdbCommand::PutClasses(classes) => class::put(classes, records),
        CmdbCommand::RemoveClass(id) => class::remove(*id, records),
        CmdbCommand::PutRelationKind(kind) => relation_kind::put(kind, records),
        CmdbCommand::ImportCis(rows) => import::cis(rows, actor, context, records),
        CmdbCommand::ImportRelations(rows) => import::relations(rows, actor, records),
    }
}

/// A new CI as it may be stored: texts trimmed, nothing shared that must be unique, with its number.
///
/// # Errors
/// The refusal with every finding, or a storage fault.
pub fn judge_new(ci: &Ci, classes: &mut Classes, context: &mut Context, records: &dyn Records) -> Result<Ci, Failure> {
    let mut ci = ci.clone();
    let mut findings = ci.tidy();
    findings.extend(classify::complete(&mut ci, classes, records)?);
    if let Some(other) = records.get::<Ci>(ci.id)? {
        findings.push(
            Finding::new(
                "ID_TAKEN",
                format!("{} is already stored under this identity.", other.name),
                "Create the CI anew.",
            )
            .about(other.reference()),
        );
    }
    findings.extend(state_findings(&ci, records)?.into_iter().map(|(_, finding)| finding));
    none(findings)?;
    ci.number = context.number(records, Series::Ci, &ci.number)?;
    Ok(ci)
}

/// What other records have against the CI, each with the fields that cause it.
pub(crate) fn state_findings(ci: &Ci, records: &dyn Records) -> Result<Vec<(&'static [&'static str], Finding)>, Fault> {
    let mut found: Vec<(&'static [&'static str], Finding)> = Vec::new();
    for finding in uniqueness(ci, records)? {
        let fields: &[&str] = match finding.code.as_str() {
            "CI_NAME_TAKEN" => &["class", "name"],
            "SERIAL_NUMBER_TAKEN" => &["manufacturer", "serial_number"],
            _ => &["asset_tag"],
        };
        found.push((fields, finding));
    }
    if let Some(owner) = ci.owner
        && records.get::<Person>(owner)?.is_none()
    {
        found.push((&["owner"], dangling("UNKNOWN_PERSON", ci, "owner", "person")));
    }
    if let Some(group) = ci.support_group
        && records.get::<Group>(group)?.is_none()
    {
        found.push((&["support_group"], dangling("UNKNOWN_GROUP", ci, "support_group", "group")));
    }
    if let Some(site) = ci.location.site
        && records.get::<Site>(site)?.is_none()
    {
        found.push((&["location.site"], dangling("UNKNOWN_SITE", ci, "location.site", "site")));
    }
    // What stands wrong already does not keep the rest of the CI from being edited.
    let moves =
        |before: Ci| before.location != ci.location || (location::fills(ci.status) && !location::fills(before.status));
    if records.get::<Ci>(ci.id)?.is_none_or(moves) {
        found.extend(location::findings(ci, records)?.into_iter().map(|finding| (location::RACK_FIELDS, finding)));
    }
    Ok(found)
}

fn dangling(code: &str, ci: &Ci, field: &str, kind: &str) -> Finding {
    Finding::new(
        code,
        format!("The {field} of {} names a {kind} that does not exist here.", ci.name),
        format!("Choose another {kind}, or leave it empty."),
    )
    .about(ci.reference())
    .with("field", field)
}

/// Field by field: a wrong value refuses the whole command, because its author can right it at once; a value that
/// somebody else changed, or that another CI took meanwhile, is a conflict of that field only.
pub(crate) fn set_fields(id: CiId, changes: &[FieldChange], records: &mut dyn Records) -> Result<Effect, Failure> {
    let before: Ci = records.must(id)?;
    let mut classes = Classes::default();
    let wanted = written_forms(&before, changes, &mut classes, records)?;
    let changes: Vec<FieldChange> = changes
        .iter()
        .zip(&wanted)
        .map(|(change, (field, _))| FieldChange { field: field.clone(), ..change.clone() })
        .collect();
    let wanted: Vec<String> = wanted.into_iter().map(|(_, value)| value).collect();
    let changes = changes.as_slice();
    let mut ci = before.clone();
    let mut conflicts = Vec::new();
    for (change, to) in changes.iter().zip(&wanted) {
        let now = before.field(&change.field).unwrap_or_default();
        if now == *to {
            continue;
        }
        if now == change.from {
            ci.set_field(&change.field, to)?;
        } else {
            let finding = Finding::new(
                "FIELD_CHANGED",
                format!("{} of {} was {:?} and is now {now:?}.", change.field, before.name, change.from),
                "Keep the value that is there, or set it again.",
            )
            .about(before.reference());
            conflicts.push(conflict(change, to, now, finding));
        }
    }
    if ci.class != before.class {
        conflicts.extend(reclass(&mut ci, &before, changes, &mut classes, records)?);
    }
    for (fields, finding) in state_findings(&ci, records)? {
        for (change, to) in changes.iter().zip(&wanted) {
            let now = before.field(&change.field).unwrap_or_default();
            if fields.contains(&change.field.as_str()) && ci.field(&change.field).as_ref() != Some(&now) {
                ci.set_field(&change.field, &now)?;
                conflicts.push(conflict(change, to, now, finding.clone()));
            }
        }
    }
    let changed = u32::from(ci != before);
    if changed == 1 {
        records.put(ci)?;
    }
    Ok(Effect { conflicts, updated: changed, unchanged: 1 - changed, ..Effect::default() })
}

/// Brings the attributes along to the class that the CI came to. What does not fit is listed, and the CI stays in its
/// class: nothing is lost.
fn reclass(
    ci: &mut Ci,
    before: &Ci,
    changes: &[FieldChange],
    classes: &mut Classes,
    records: &dyn Records,
) -> Result<Vec<Conflict>, Failure> {
    let Some(lineage) = classes.of(&ci.class, records)? else { return Ok(Vec::new()) };
    let mut moved = ci.clone();
    let findings = classify::migrate(&mut moved, &lineage, records)?;
    if findings.is_empty() {
        *ci = moved;
        return Ok(Vec::new());
    }
    let to = std::mem::replace(&mut ci.class, before.class.clone());
    let Some(change) = changes.iter().find(|change| change.field == "class") else { return Ok(Vec::new()) };
    Ok(findings
        .into_iter()
        .map(|finding| Conflict {
            line: None,
            field: Some(change.field.clone()),
            from: change.from.clone(),
            mine: to.clone(),
            theirs: before.class.clone(),
            finding,
        })
        .collect())
}

/// Field and value as the CI would write them, in the order of the changes.
fn written_forms(
    ci: &Ci,
    changes: &[FieldChange],
    classes: &mut Classes,
    records: &dyn Records,
) -> Result<Vec<(String, String)>, Failure> {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    let mut wanted = BTreeMap::new();
    let mut trial = ci.clone();
    // Attributes are those of the class that the CI comes to in the same step.
    let by_class = |change: &&FieldChange| change.field == "class";
    for change in changes.iter().filter(by_class).chain(changes.iter().filter(|change| !by_class(change))) {
        if !seen.insert(&change.field) {
            findings.push(Finding::new(
                "FIELD_TWICE",
                format!("{} is set twice in one step.", change.field),
                "Set each field once.",
            ));
        }
        let (field, value) = match classify::written(&trial, &change.field, &change.to, classes, records)? {
            Ok(written) => written,
            Err(finding) => {
                findings.push(finding.about(ci.reference()));
                continue;
            }
        };
        if ci.field(&field).is_some_and(|now| now != value) {
            findings.extend(classify::managed(&trial, &field, classes, records)?);
        }
        match trial.set_field(&field, &value) {
            Ok(()) => {
                let value = trial.field(&field).unwrap_or_default();
                wanted.insert(&change.field, (field, value));
            }
            Err(finding) => findings.push(finding.about(ci.reference())),
        }
    }
    none(findings)?;
    Ok(changes.iter().filter_map(|change| wanted.remove(&change.field)).collect())
}

fn conflict(change: &FieldChange, to: &str, theirs: String, finding: Finding) -> Conflict {
    Conflict::of_field(&change.field, change.from.clone(), to.to_owned(), theirs, finding)
}

fn set_status(id: CiId, from: CiStatus, to: CiStatus, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut ci: Ci = records.must(id)?;
    if ci.status == to {
        return Ok(Effect::unchanged());
    }
    if ci.status != from {
        return Err(Finding::new(
            "STATUS_CHANGED",
            format!("{} was {from} and is now {}.", ci.name, ci.status),
            "Look at the CI again, then decide.",
        )
        .about(ci.reference())
        .with("status", ci.status)
        .into());
    }
    if !from.may_become(to) {
        return Err(status_move(&ci, to).into());
    }
    ci.status = to;
    none(
        state_findings(&ci, records)?
            .into_iter()
            .filter(|(fields, _)| *fields == location::RACK_FIELDS)
            .map(|(_, f)| f)
            .collect(),
    )?;
    records.put(ci)?;
    Ok(Effect::updated())
}

/// The finding about a status that the table does not lead to.
pub(crate) fn status_move(ci: &Ci, to: CiStatus) -> Finding {
    let possible: Vec<&str> = CiStatus::ALL.iter().filter(|s| ci.status.may_become(**s)).map(|s| s.label()).collect();
    let way_out = match possible.as_slice() {
        [] => "This status is final; create a new CI.".to_owned(),
        names => format!("It can become: {}.", names.join(", ")),
    };
    Finding::new("STATUS_MOVE", format!("{} is {} and cannot become {to}.", ci.name, ci.status), way_out)
        .about(ci.reference())
        .with("from", ci.status)
        .with("to", to)
}

fn put_group(group: &CiGroup, context: &Context, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut group = group.clone();
    let mut findings = Vec::new();
    match text::filled_line("name", &group.name) {
        Ok(name) => group.name = name,
        Err(finding) => findings.push(finding),
    }
    if records.find(Lookup::Name, &pair("ci_group", &group.name))?.iter().any(|id| *id != group.id.0) {
        findings.push(Finding::new(
            "NAME_TAKEN",
            format!("There is already a CI group {}.", group.name),
            "Choose another name, or add to that group.",
        ));
    }
    if group.members.len() > GROUP_MEMBERS {
        findings.push(fill::too_many(&group.name, group.members.len()));
    }
    if let Some(filter) = &group.filter {
        match fill::filter(filter, context, records)? {
            Ok(filter) if filter.is_everything() => findings.push(Finding::new(
                "GROUP_FILTER_EMPTY",
                format!("The filter of {} is empty, so it would hold every CI.", group.name),
                "Write what its members have in common, or choose them by hand.",
            )),
            Ok(_) => {}
            Err(finding) => findings.push(finding),
        }
    }
    if group.enough.is_some_and(|enough| enough == 0 || usize::try_from(enough).is_ok_and(|n| n > group.members.len()))
    {
        findings.push(Finding::new(
            "REDUNDANCY_IMPOSSIBLE",
            format!(
                "Of the {} members of {}, {} cannot be enough.",
                group.members.len(),
                group.name,
                group.enough.unwrap_or_default()
            ),
            "Say a number from 1 to the number of members, or leave it out.",
        ));
    }
    none(findings)?;
    // Members that were there already need no second look.
    let known = records.get::<CiGroup>(group.id)?.map(|g| g.members).unwrap_or_default();
    let mut findings = Vec::new();
    for member in group.members.difference(&known) {
        findings.extend(relate::absent(*member, records)?);
    }
    none(findings)?;
    let id = group.id;
    Ok(replace(group, id, records)?)
}

/// A reference to a CI of which only the identity is known.
pub(crate) fn unknown_ci(id: CiId) -> RecordRef {
    RecordRef { kind: crate::record::Kind::Ci, id: id.into(), label: id.to_string() }
}
