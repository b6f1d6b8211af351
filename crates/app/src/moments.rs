//! A CI as it was: shown, compared with another moment, and brought back field by field through a release.

use crate::baselines::{differences, put_into};
use crate::error::CallError;
use crate::sight::Sight;
use crate::view::baselines::ComparedRelation;
use crate::view::moments::{CiAtRequest, CiMoment, FieldValue, RestoreFieldsRequest};
use crate::view::mutations::Done;
use crate::{App, resolve};
use slipway_domain::cmdb::baseline::restore;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::moment::{self, Moment, State, field_changes};
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::cmdb::relation_kind;
use slipway_domain::id::CiId;
use slipway_domain::record::Kind;
use slipway_domain::refusal::{Fault, Finding};

/// How a CI was, and what differs from another moment or from now.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn at(app: &App, request: &CiAtRequest) -> Result<CiMoment, CallError> {
    app.read(|sight| {
        let id = resolve::must_ci(sight, &request.ci)?;
        let then = moment::at(id, request.at, sight.records)?;
        if then.state.ci.is_none() && then.later == 0 && then.known_from.is_none() {
            return Err(resolve::not_found("CI", &request.ci, "Give its number, its name or its id."));
        }
        let other = match request.compared_with {
            Some(time) => moment::at(id, time, sight.records)?.state,
            None => State::now(id, sight.records)?,
        };
        Ok(view(sight, id, request, &then, &other)?)
    })
}

fn view(sight: Sight<'_>, id: CiId, request: &CiAtRequest, then: &Moment, other: &State) -> Result<CiMoment, Fault> {
    let changes = match (&then.state.ci, &other.ci) {
        (Some(was), Some(is)) => field_changes(was, is),
        _ => Vec::new(),
    };
    let mut relation_differences = Vec::new();
    for (here, there, added) in
        [(&then.state.relations, &other.relations, false), (&other.relations, &then.state.relations, true)]
    {
        for relation in here.values().filter(|relation| !there.contains_key(&relation.id)) {
            relation_differences.push(ComparedRelation { words: words(sight, id, relation)?, added });
        }
    }
    Ok(CiMoment {
        at: request.at,
        fields: then.state.ci.as_ref().map(|ci| filled(sight, ci)).transpose()?.unwrap_or_default(),
        relations: then.state.relations.values().map(|r| words(sight, id, r)).collect::<Result<_, _>>()?,
        ci: then.state.ci.clone(),
        differences: differences(sight, &changes)?,
        relation_differences,
        note: if then.nearest {
            "This is the nearest state that is known here: what happened before it is not recorded singly.".to_owned()
        } else {
            String::new()
        },
    })
}

fn filled(sight: Sight<'_>, ci: &Ci) -> Result<Vec<FieldValue>, Fault> {
    let values = moment::fields(ci).into_iter().filter(|(_, value)| !value.is_empty());
    let changes: Vec<FieldChange> =
        values.map(|(field, value)| FieldChange { field, from: String::new(), to: value }).collect();
    let shown = differences(sight, &changes)?;
    Ok(shown.into_iter().map(|d| FieldValue { field: d.field, value: d.is }).collect())
}

/// A relation read from one of its ends.
fn words(sight: Sight<'_>, from: CiId, relation: &Relation) -> Result<String, Fault> {
    let kind = relation_kind::of(relation.relation_type, sight.records)?;
    let outgoing = relation.source == from;
    let other = if outgoing { relation.target } else { relation.source };
    let reads = match &kind {
        Some(kind) if outgoing => kind.name.as_str(),
        Some(kind) => kind.inverse.as_str(),
        None => relation.relation_type.label(),
    };
    Ok(format!("{reads} {}", sight.label(Kind::Ci, other)?))
}

/// Puts the values that fields had at a moment into a release's CI update plan.
///
/// # Errors
/// `NOT_FOUND`, `NOTHING_TO_RESTORE`, a refusal of the edit, or trouble.
pub fn restore_fields(app: &App, request: &RestoreFieldsRequest) -> Result<Done, CallError> {
    let (lines, release) = app.read(|sight| {
        let now: Ci = resolve::ci(sight, &request.ci)?;
        let then = moment::at(now.id, request.at, sight.records)?;
        let release = resolve::release(sight, &request.release)?;
        let Some(was) = then.state.ci else {
            return Err(nothing(&now).into());
        };
        let restoring = restore::fields(&now, &was, &request.fields);
        if restoring.plan.is_empty() {
            return Err(nothing(&now).into());
        }
        Ok((restoring.plan, release))
    })?;
    put_into(app, &release, &lines)
}

fn nothing(ci: &Ci) -> Finding {
    Finding::new(
        "NOTHING_TO_RESTORE",
        format!("None of these fields of {} had another value then that can come back.", ci.name),
        "Choose fields that differ.",
    )
    .about(ci.reference())
}
