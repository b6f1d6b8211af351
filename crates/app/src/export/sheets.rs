//! The columns of each kind.

use super::cells::{Names, level, moment, safe};
use super::{ExportKind, Stop, names, unexpected};
use slipway_domain::change::record::Change;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::record::{Kind, Record};
use slipway_domain::release::record::{Release, TestResult};
use slipway_domain::release::task_record::{Assignee, Task};
use slipway_store::Store;
use std::collections::BTreeSet;
use std::io::Write;

type Sheet<'a> = csv::Writer<&'a mut dyn Write>;

/// Writes a table of every record of a kind; says how many.
pub fn csv(store: &Store, kind: ExportKind, out: &mut dyn Write) -> Result<u64, Stop> {
    let mut sheet = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let rows = match kind {
        ExportKind::Cis => cis(store, &mut sheet),
        ExportKind::Relations => relations(store, &mut sheet),
        ExportKind::Changes => changes(store, &mut sheet),
        ExportKind::Releases => releases(store, &mut sheet),
        ExportKind::Tasks => tasks(store, &mut sheet),
    }?;
    sheet.flush()?;
    Ok(rows)
}

fn line(sheet: &mut Sheet<'_>, cells: &[String]) -> Result<(), Stop> {
    sheet.write_record(cells.iter().map(|cell| safe(cell).into_owned()))?;
    Ok(())
}

const CI_COLUMNS: [&str; 19] = [
    "number",
    "name",
    "class",
    "status",
    "environment",
    "criticality",
    "manufacturer",
    "model",
    "version",
    "serial_number",
    "asset_tag",
    "site",
    "building",
    "room",
    "rack",
    "u",
    "owner",
    "support_group",
    "notes",
];

fn cis(store: &Store, sheet: &mut Sheet<'_>) -> Result<u64, Stop> {
    let names = names(store, &[Kind::Site, Kind::Person, Kind::Group])?;
    let mut attributes = BTreeSet::new();
    store.each::<Stop>(Kind::Ci, &mut |record| {
        if let Record::Ci(ci) = record {
            attributes.extend(ci.attributes.keys().cloned());
        }
        Ok(())
    })?;
    let head = CI_COLUMNS.iter().map(|c| (*c).to_owned()).chain(attributes.iter().map(|a| format!("attributes.{a}")));
    line(sheet, &head.collect::<Vec<_>>())?;
    let mut rows = 0;
    store.each::<Stop>(Kind::Ci, &mut |record| {
        let Record::Ci(ci) = record else { return Err(unexpected(&record)) };
        rows += 1;
        let mut cells = ci_cells(&ci, &names);
        cells.extend(attributes.iter().map(|a| ci.attributes.get(a).cloned().unwrap_or_default()));
        line(sheet, &cells)
    })?;
    Ok(rows)
}

fn ci_cells(ci: &Ci, names: &Names) -> Vec<String> {
    vec![
        ci.number.to_string(),
        ci.name.clone(),
        ci.class.clone(),
        ci.status.to_string(),
        ci.environment.to_string(),
        ci.criticality.to_string(),
        ci.manufacturer.clone(),
        ci.model.clone(),
        ci.version.clone(),
        ci.serial_number.clone(),
        ci.asset_tag.clone(),
        names.maybe(ci.location.site),
        ci.location.building.clone(),
        ci.location.room.clone(),
        ci.location.rack.clone(),
        level(ci.location.u),
        names.maybe(ci.owner),
        names.maybe(ci.support_group),
        ci.notes.clone(),
    ]
}

fn relations(store: &Store, sheet: &mut Sheet<'_>) -> Result<u64, Stop> {
    let names = names(store, &[Kind::Ci])?;
    sheet.write_record(["source", "relation", "target", "source_class", "target_class"])?;
    let mut rows = 0;
    store.each::<Stop>(Kind::Relation, &mut |record| {
        let Record::Relation(relation) = record else { return Err(unexpected(&record)) };
        let Relation { source, relation_type, target, .. } = *relation;
        rows += 1;
        let cells = [
            names.of(source),
            relation_type.to_string(),
            names.of(target),
            names.class_of(source),
            names.class_of(target),
        ];
        line(sheet, &cells)
    })?;
    Ok(rows)
}

fn changes(store: &Store, sheet: &mut Sheet<'_>) -> Result<u64, Stop> {
    let names = names(store, &[Kind::Ci, Kind::Person, Kind::Release])?;
    sheet.write_record([
        "number",
        "foreign_system",
        "foreign_number",
        "title",
        "description",
        "category",
        "kind",
        "reason",
        "requested_by",
        "coordinator",
        "impact",
        "urgency",
        "priority",
        "risk",
        "affected_cis",
        "services",
        "from_version",
        "to_version",
        "planned_start",
        "planned_end",
        "state",
        "outcome",
        "release",
        "created_at",
    ])?;
    let mut rows = 0;
    store.each::<Stop>(Kind::Change, &mut |record| {
        let Record::Change(change) = record else { return Err(unexpected(&record)) };
        rows += 1;
        line(sheet, &change_cells(&change, &names))
    })?;
    Ok(rows)
}

fn change_cells(change: &Change, names: &Names) -> Vec<String> {
    let foreign = change.foreign.as_ref();
    let versions = change.versions.as_ref();
    vec![
        change.number.to_string(),
        foreign.map(|f| f.system.clone()).unwrap_or_default(),
        foreign.map(|f| f.number.clone()).unwrap_or_default(),
        change.title.clone(),
        change.description.clone(),
        change.category.clone(),
        change.kind.to_string(),
        change.reason.clone(),
        names.of(change.requested_by),
        names.maybe(change.coordinator),
        level(change.impact),
        level(change.urgency),
        level(change.priority),
        level(change.risk),
        names.list(change.cis.iter().copied()),
        names.list(change.services.iter().copied()),
        versions.map(|(from, _)| from.clone()).unwrap_or_default(),
        versions.map(|(_, to)| to.clone()).unwrap_or_default(),
        moment(change.planned.map(|w| w.start)),
        moment(change.planned.map(|w| w.end)),
        change.state.to_string(),
        level(change.outcome),
        names.maybe(change.release),
        moment(Some(change.created_at)),
    ]
}

fn releases(store: &Store, sheet: &mut Sheet<'_>) -> Result<u64, Stop> {
    let names = names(store, &[Kind::Ci, Kind::Person, Kind::Change])?;
    sheet.write_record([
        "number",
        "title",
        "description",
        "type",
        "class",
        "packaging",
        "phase",
        "status",
        "impact",
        "urgency",
        "priority",
        "risk",
        "manager",
        "coordinator",
        "requested_by",
        "changes",
        "cis",
        "services",
        "build_start",
        "build_end",
        "rollout_start",
        "rollout_end",
        "estimated_cost",
        "actual_cost",
        "installed_at",
        "created_at",
    ])?;
    let mut rows = 0;
    store.each::<Stop>(Kind::Release, &mut |record| {
        let Record::Release(release) = record else { return Err(unexpected(&record)) };
        rows += 1;
        line(sheet, &release_cells(&release, &names))
    })?;
    Ok(rows)
}

fn release_cells(release: &Release, names: &Names) -> Vec<String> {
    let scope = &release.scope;
    vec![
        release.number.to_string(),
        release.title.clone(),
        release.description.clone(),
        level(release.release_type),
        release.class.to_string(),
        release.packaging.to_string(),
        release.phase.to_string(),
        release.status.to_string(),
        level(release.impact),
        level(release.urgency),
        level(release.priority),
        level(release.risk),
        names.of(release.manager),
        names.maybe(release.coordinator),
        names.of(release.requested_by),
        names.list(scope.changes.iter().copied()),
        names.list(scope.cis.iter().copied()),
        names.list(scope.services.iter().copied()),
        moment(scope.build_window.map(|w| w.start)),
        moment(scope.build_window.map(|w| w.end)),
        moment(scope.rollout_window.map(|w| w.start)),
        moment(scope.rollout_window.map(|w| w.end)),
        level(release.costs.estimated),
        level(release.costs.actual),
        moment(release.install.as_ref().map(|i| i.at)),
        moment(Some(release.created_at)),
    ]
}

fn tasks(store: &Store, sheet: &mut Sheet<'_>) -> Result<u64, Stop> {
    let names = names(store, &[Kind::Release, Kind::Person, Kind::Group])?;
    sheet.write_record([
        "release",
        "task",
        "title",
        "phase",
        "mandatory",
        "assignee",
        "state",
        "planned_start",
        "planned_minutes",
        "started_at",
        "ended_at",
        "result",
        "notes",
    ])?;
    let mut rows = 0;
    store.each::<Stop>(Kind::Task, &mut |record| {
        let Record::Task(task) = record else { return Err(unexpected(&record)) };
        rows += 1;
        line(sheet, &task_cells(&task, &names))
    })?;
    Ok(rows)
}

fn task_cells(task: &Task, names: &Names) -> Vec<String> {
    let assignee = match task.assignee {
        Some(Assignee::Person(person)) => names.of(person),
        Some(Assignee::Group(group)) => names.of(group),
        None => String::new(),
    };
    let result = match &task.result {
        Some(TestResult::Passed) => "passed",
        Some(TestResult::Failed) => "failed",
        Some(TestResult::Waived { .. }) => "waived",
        None => "",
    };
    vec![
        names.of(task.release),
        format!("T{:02}", task.ordinal),
        task.title.clone(),
        task.phase.to_string(),
        (if task.mandatory { "yes" } else { "no" }).to_owned(),
        assignee,
        task.state.to_string(),
        moment(task.planned_start),
        task.planned_minutes.to_string(),
        moment(task.started_at),
        moment(task.ended_at),
        result.to_owned(),
        task.notes.clone(),
    ]
}
