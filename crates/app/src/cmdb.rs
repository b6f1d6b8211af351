//! The CMDB: the CI page, creation, fields, relations.

use crate::error::CallError;
use crate::releases::page::comments;
use crate::sight::{Sight, path};
use crate::view::cmdb::{
    BaselineLine, CiActRequest, CiGroupView, CiPage, CiRequest, FieldDifference, NewCiRequest, NextStatus, RelationLine,
};
use crate::view::common::{ListRow, Names};
use crate::view::mutations::Done;
use crate::view::releases::LINES_MOST;
use crate::{App, action_code, ci_form, missing, pills, resolve, rows, unknown_action};
use slipway_domain::change::record::{Change, ChangeState};
use slipway_domain::cmdb::baseline::Baseline;
use slipway_domain::cmdb::ci::{Ci, CiStatus, Environment, FieldChange};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::cmdb::{moment, relation_kind};
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{ChangeId, CiId};
use slipway_domain::level::Criticality;
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::Release;
use std::collections::BTreeSet;

/// The page of a CI.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn get(app: &App, request: &CiRequest) -> Result<CiPage, CallError> {
    app.read(|sight| {
        let ci = resolve::ci(sight, &request.ci)?;
        let record = Record::from(ci.clone());
        let releases = sight.records.list::<Release>(Lookup::OpenReleaseOfCi, &ci.id.to_string())?;
        let (relations, relation_count) = relations(sight, ci.id)?;
        Ok(CiPage {
            path: path(&record).unwrap_or_default(),
            pill: pills::ci(ci.status),
            form: ci_form::of_ci(sight, &ci)?,
            next: next(ci.status),
            names: names(sight, &ci)?,
            relations,
            relation_count,
            changes: changes(sight, ci.id, &releases)?,
            baselines: baselines(sight, &ci, &releases)?,
            releases: releases.into_iter().map(|r| rows::row(sight, &r.into())).collect::<Result<_, _>>()?,
            groups: groups(sight, ci.id)?,
            units: units(sight, &ci)?,
            comments: comments(sight, ci.id.into())?,
            sync: sight.mark(&record)?,
            ci,
        })
    })
}

fn names(sight: Sight<'_>, ci: &Ci) -> Result<Names, Fault> {
    let mut names = Names::new();
    if let Some(owner) = ci.owner {
        sight.name(&mut names, Kind::Person, owner)?;
    }
    if let Some(group) = ci.support_group {
        sight.name(&mut names, Kind::Group, group)?;
    }
    if let Some(site) = ci.location.site {
        sight.name(&mut names, Kind::Site, site)?;
    }
    Ok(names)
}

/// Relations both ways, named as they are read from this CI; and how many there are.
fn relations(sight: Sight<'_>, ci: CiId) -> Result<(Vec<RelationLine>, u32), Fault> {
    let mut lines = Vec::new();
    let mut count = 0_usize;
    let kinds = relation_kind::all(sight.records)?;
    for (lookup, outgoing) in [(Lookup::RelationsFrom, true), (Lookup::RelationsTo, false)] {
        let ids = sight.records.find(lookup, &ci.to_string())?;
        count = count.saturating_add(ids.len());
        for id in ids.into_iter().take(LINES_MOST) {
            let Some(relation) = sight.records.get::<Relation>(id.into())? else { continue };
            let other = if outgoing { relation.target } else { relation.source };
            let Some(other) = sight.records.get::<Ci>(other)? else { continue };
            let key = relation.relation_type;
            // A type that is not here yet is read by its key.
            let reads = match kinds.get(&key) {
                Some(kind) if outgoing => kind.name.clone(),
                Some(kind) => kind.inverse.clone(),
                None if outgoing => key.label().to_owned(),
                None => format!("{} (from there)", key.label()),
            };
            lines.push(RelationLine {
                id: relation.id.to_string(),
                reads,
                relation_type: key,
                outgoing,
                other: rows::row(sight, &other.into())?,
            });
        }
    }
    lines.sort_by(|a, b| (&a.reads, &a.other.label).cmp(&(&b.reads, &b.other.label)));
    Ok((lines, u32::try_from(count).unwrap_or(u32::MAX)))
}

/// Changes not closed that affect a CI: those named in it, and those of its open releases.
fn changes(sight: Sight<'_>, ci: CiId, releases: &[Release]) -> Result<Vec<ListRow>, Fault> {
    let mut ids: BTreeSet<ChangeId> = releases.iter().flat_map(|r| r.scope.changes.iter().copied()).collect();
    ids.extend(sight.records.find(Lookup::OpenChangeOfCi, &ci.to_string())?.into_iter().map(ChangeId));
    let mut lines = Vec::new();
    for id in ids {
        let Some(change) = sight.records.get::<Change>(id)? else { continue };
        let over = matches!(change.state, ChangeState::Closed | ChangeState::Cancelled);
        if change.cis.contains(&ci) && !over {
            lines.push(rows::row(sight, &change.into())?);
        }
    }
    Ok(lines)
}

/// Baselines of the open releases that hold the CI, newest first, with what differs now.
fn baselines(sight: Sight<'_>, ci: &Ci, releases: &[Release]) -> Result<Vec<BaselineLine>, Fault> {
    let mut lines = Vec::new();
    for install in releases.iter().filter_map(|r| r.install.as_ref()) {
        let Some(baseline) = sight.records.get::<Baseline>(install.baseline)? else { continue };
        let Some(then) = baseline.cis.iter().find(|c| c.id == ci.id) else { continue };
        lines.push(BaselineLine {
            id: baseline.id.to_string(),
            name: baseline.name.clone(),
            at: baseline.at,
            differences: differences(then, ci),
        });
    }
    lines.sort_by_key(|l| std::cmp::Reverse(l.at));
    Ok(lines)
}

/// Field by field, what differs between a CI then and now.
#[must_use]
pub fn differences(then: &Ci, now: &Ci) -> Vec<FieldDifference> {
    let changes = moment::field_changes(then, now).into_iter();
    changes.map(|change| FieldDifference { field: change.field, was: change.from, is: change.to }).collect()
}

/// The statuses that the table of moves leads to.
fn next(status: CiStatus) -> Vec<NextStatus> {
    status.next().iter().map(|&status| NextStatus { status, label: status.label().to_owned() }).collect()
}

fn groups(sight: Sight<'_>, ci: CiId) -> Result<Vec<CiGroupView>, Fault> {
    let groups = sight.records.list::<slipway_domain::cmdb::group::CiGroup>(Lookup::GroupsOfCi, &ci.to_string())?;
    let view = |g: slipway_domain::cmdb::group::CiGroup| CiGroupView {
        id: g.id.to_string(),
        name: g.name,
        size: u32::try_from(g.members.len()).unwrap_or(u32::MAX),
    };
    Ok(groups.into_iter().map(view).collect())
}

fn units(sight: Sight<'_>, ci: &Ci) -> Result<Vec<ListRow>, Fault> {
    let mut lines = Vec::new();
    for text in [&ci.asset_tag, &ci.serial_number] {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let mut ids = sight.records.find(Lookup::UnitByTag, &text.to_lowercase())?;
        ids.extend(sight.beside.titled(Kind::DhsUnit, text)?);
        for id in ids {
            let Some(unit) = sight.records.get::<slipway_domain::dhs::record::DhsUnit>(id.into())? else { continue };
            if unit.ci == Some(ci.id) && !lines.iter().any(|l: &ListRow| l.id == unit.id.to_string()) {
                lines.push(rows::row(sight, &unit.into())?);
            }
        }
    }
    Ok(lines)
}

/// The identity of the site of that id or name; a text that names none is left for the rules to refuse.
pub(crate) fn site(sight: Sight<'_>, text: &str) -> Result<String, Fault> {
    let found = sight.records.find(Lookup::Name, &pair("site", text))?;
    Ok(found.first().map_or_else(|| text.to_owned(), ToString::to_string))
}

/// Creates a CI.
///
/// # Errors
/// A refusal, or trouble.
pub fn create(app: &App, request: &NewCiRequest) -> Result<Done, CallError> {
    let id = CiId(app.host().new_id());
    let ci = app.read(|sight| {
        let owner = match &request.owner {
            Some(text) => Some(resolve::person(sight, text)?.id),
            None => None,
        };
        let support_group = match &request.support_group {
            Some(text) => Some(resolve::group(sight, text)?.id),
            None => None,
        };
        let mut ci = Ci {
            id,
            number: Number::provisional(Series::Ci, id.0),
            name: request.name.clone(),
            class: request.class.clone(),
            status: request.status.unwrap_or(CiStatus::InUse),
            environment: request.environment.unwrap_or(Environment::Production),
            criticality: request.criticality.unwrap_or(Criticality::Medium),
            manufacturer: request.manufacturer.clone(),
            model: request.model.clone(),
            version: request.version.clone(),
            serial_number: request.serial_number.clone(),
            asset_tag: request.asset_tag.clone(),
            location: request.location.clone().unwrap_or_default(),
            owner,
            support_group,
            attributes: request.attributes.clone(),
            notes: request.notes.clone(),
        };
        for (field, value) in &request.place {
            let value = if field == "location.site" { site(sight, value)? } else { value.clone() };
            ci.set_field(field, &value)?;
        }
        Ok::<_, CallError>(ci)
    })?;
    app.create(Series::Ci, (Kind::Ci, id.0), &mut |number| {
        Command::Cmdb(CmdbCommand::CreateCi(Box::new(Ci { number, ..ci.clone() })))
    })
}

/// Does something with a CI.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &CiActRequest) -> Result<Done, CallError> {
    let ci = app.read(|sight| resolve::ci(sight, &request.ci))?;
    let action = action_code(&request.action);
    let end = || -> Result<(RelationType, CiId), CallError> {
        let relation_type = request.relation_type.ok_or_else(|| missing(&action, "relation_type"))?;
        let target = request.target.as_deref().ok_or_else(|| missing(&action, "target"))?;
        Ok((relation_type, app.read(|sight| resolve::ci(sight, target))?.id))
    };
    let command = match action.as_str() {
        "set_field" => {
            let field = request.field.clone().ok_or_else(|| missing(&action, "field"))?;
            let to = request.to.clone().ok_or_else(|| missing(&action, "to"))?;
            let from = request.from.clone().or_else(|| ci.field(&field)).unwrap_or_default();
            CmdbCommand::SetFields(ci.id, vec![FieldChange { field, from, to }])
        }
        "set_status" => {
            let to = request.status.ok_or_else(|| missing(&action, "status"))?;
            CmdbCommand::SetStatus { ci: ci.id, from: ci.status, to }
        }
        "relate" => {
            let (relation_type, target) = end()?;
            CmdbCommand::Relate { source: ci.id, relation_type, target }
        }
        "unrelate" => {
            let (relation_type, target) = end()?;
            CmdbCommand::Unrelate(Relation::id_of(ci.id, relation_type, target))
        }
        other => return Err(unknown_action("a CI", other)),
    };
    app.issue(Command::Cmdb(command), Some((Kind::Ci, ci.id.0)))
}
