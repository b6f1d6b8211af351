//! Fields of many CIs at once: tried out before, carried out in steps of at most [`BULK_ROWS`], and undone by the same
//! step turned round. Whoever calls takes the steps one by one, so that progress shows and the rest can be left.

use crate::error::CallError;
use crate::issue::How;
use crate::sight::Sight;
use crate::view::bulk::{EditManyReport, EditManyRequest, EditedCi, FieldSet, UndoEditRequest};
use crate::view::cmdb::FieldDifference;
use crate::view::mutations::Changes;
use crate::{App, resolve};
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::edit_many::{CiEdit, STATUS, undone};
use slipway_domain::command::{BULK_ROWS, CmdbCommand, Command};
use slipway_domain::execute::Effect;
use slipway_domain::id::CommandId;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use uuid::Uuid;

/// Sets fields of many CIs, or says what that would do.
///
/// # Errors
/// `TOO_MANY_ROWS`, a field or value that no CI can have, or trouble.
pub fn edit(app: &App, request: &EditManyRequest) -> Result<EditManyReport, CallError> {
    if request.cis.len() > BULK_ROWS {
        return Err(Finding::new(
            "TOO_MANY_ROWS",
            format!("{} CIs came in one step; {BULK_ROWS} are possible.", request.cis.len()),
            "Split them into steps.",
        )
        .into());
    }
    let planned = app.read(|sight| plan(sight, request))?;
    run(app, planned, request.dry_run)
}

/// Undoes such a step, as far as nobody changed the fields since.
///
/// # Errors
/// `NOT_FOUND` for a step that this laptop did not make, a refusal, or trouble.
pub fn undo(app: &App, request: &UndoEditRequest) -> Result<EditManyReport, CallError> {
    let unknown = || {
        CallError::from(Finding::new(
            "NOT_FOUND",
            format!("There is no step {} of this laptop to undo.", request.command),
            "Give the step that the edit answered with.",
        ))
    };
    let id: Uuid = request.command.parse().map_err(|_| unknown())?;
    let Some(Command::Cmdb(CmdbCommand::EditCis(edits))) = app.open()?.store.own_command(CommandId(id))? else {
        return Err(unknown());
    };
    let edits = undone(&edits);
    let planned = app.read(|sight| {
        let mut planned = Planned::default();
        for edit in edits {
            let Some(ci) = sight.records.get::<Ci>(edit.ci)? else { continue };
            planned.rows.push(row(sight, &ci, &edit.changes)?);
            planned.edits.push(edit);
        }
        Ok::<_, CallError>(planned)
    })?;
    run(app, planned, false)
}

/// What is to be issued, and how it is shown: the first rows are those of the edits, in their order.
#[derive(Default)]
struct Planned {
    edits: Vec<CiEdit>,
    rows: Vec<EditedCi>,
    /// CIs that are as wanted, or of which the fields cannot be set so.
    others: Vec<EditedCi>,
}

fn plan(sight: Sight<'_>, request: &EditManyRequest) -> Result<Planned, CallError> {
    let mut set = Vec::new();
    for FieldSet { field, to } in &request.set {
        let field = field_named(field);
        let to = value(sight, &field, to)?;
        set.push((field, to));
    }
    let mut planned = Planned::default();
    for text in &request.cis {
        let ci = resolve::ci(sight, text)?;
        let mut changes = Vec::new();
        let mut refused = Vec::new();
        for (field, to) in &set {
            match change(&ci, field, to) {
                Ok(Some(change)) => changes.push(change),
                Ok(None) => {}
                Err(finding) => refused.push(format!("{} {}", finding.sentence, finding.way_out)),
            }
        }
        let shown = EditedCi { refused: refused.clone(), ..row(sight, &ci, &changes)? };
        if refused.is_empty() && !changes.is_empty() {
            planned.edits.push(CiEdit { ci: ci.id, changes });
            planned.rows.push(shown);
        } else {
            planned.others.push(shown);
        }
    }
    Ok(planned)
}

fn run(app: &App, planned: Planned, dry_run: bool) -> Result<EditManyReport, CallError> {
    let Planned { edits, mut rows, others } = planned;
    let mut report = EditManyReport::default();
    let effect = if edits.is_empty() {
        Effect::default()
    } else {
        let open = app.open()?;
        let command = Command::Cmdb(CmdbCommand::EditCis(edits));
        if dry_run {
            open.try_all(app, std::slice::from_ref(&command))?
        } else {
            let id = CommandId(app.host().new_id());
            let how = How { id: Some(id), ..How::default() };
            let issued = app.issue_built(&open, &mut |_| command.clone(), how)?;
            app.host().changed(&Changes::from(&issued.changes));
            report.command = Some(id.to_string());
            issued.effect
        }
    };
    for conflict in &effect.conflicts {
        let place = conflict.line.and_then(|line| usize::try_from(line).ok()).and_then(|line| line.checked_sub(1));
        if let Some(row) = place.and_then(|place| rows.get_mut(place)) {
            row.changes.retain(|change| conflict.field.as_ref().is_some_and(|field| *field != change.field));
            row.refused.push(format!("{} {}", conflict.finding.sentence, conflict.finding.way_out));
        }
    }
    rows.extend(others);
    let count =
        |keep: fn(&EditedCi) -> bool| u32::try_from(rows.iter().filter(|r| keep(r)).count()).unwrap_or(u32::MAX);
    report.changed = count(|row| !row.changes.is_empty());
    report.refused = count(|row| !row.refused.is_empty());
    report.unchanged = count(|row| row.changes.is_empty() && row.refused.is_empty());
    report.rows = rows;
    Ok(report)
}

/// The change of one field; `None` if it is as wanted.
fn change(ci: &Ci, field: &str, to: &str) -> Result<Option<FieldChange>, Finding> {
    let (from, to) = if field == STATUS {
        let to: slipway_domain::cmdb::ci::CiStatus = to.parse().map_err(|e: slipway_domain::level::NotALevel| {
            Finding::new("WRONG_VALUE", format!("status cannot be {to:?}."), format!("Use one of: {}.", e.accepted))
        })?;
        (ci.status.to_string(), to.to_string())
    } else {
        let mut trial = ci.clone();
        trial.set_field(field, to)?;
        (ci.field(field).unwrap_or_default(), trial.field(field).unwrap_or_default())
    };
    Ok((from != to).then(|| FieldChange { field: field.to_owned(), from, to }))
}

fn row(sight: Sight<'_>, ci: &Ci, changes: &[FieldChange]) -> Result<EditedCi, Fault> {
    let mut shown = Vec::with_capacity(changes.len());
    for change in changes {
        shown.push(FieldDifference {
            field: change.field.clone(),
            was: words(sight, &change.field, &change.from)?,
            is: words(sight, &change.field, &change.to)?,
        });
    }
    Ok(EditedCi { id: ci.id.to_string(), label: ci.name.clone(), changes: shown, refused: Vec::new() })
}

/// A field by its short name.
fn field_named(name: &str) -> String {
    let name = name.trim();
    match name.to_lowercase().replace([' ', '-'], "_").as_str() {
        "state" => STATUS.to_owned(),
        "serial" => "serial_number".to_owned(),
        "tag" => "asset_tag".to_owned(),
        "env" => "environment".to_owned(),
        "team" => "support_group".to_owned(),
        short @ ("site" | "building" | "room" | "rack" | "u") => format!("location.{short}"),
        known if Ci::FIELDS.contains(&known) || known == STATUS => known.to_owned(),
        _ => name.to_owned(),
    }
}

/// People, groups and sites by what they are called.
fn value(sight: Sight<'_>, field: &str, to: &str) -> Result<String, CallError> {
    let to = to.trim();
    if to.is_empty() {
        return Ok(String::new());
    }
    Ok(match field {
        "owner" => resolve::person(sight, to)?.id.to_string(),
        "support_group" => resolve::group(sight, to)?.id.to_string(),
        "location.site" => resolve::site(sight, to)?.id.to_string(),
        _ => to.to_owned(),
    })
}

/// A value as a person reads it.
pub(crate) fn words(sight: Sight<'_>, field: &str, value: &str) -> Result<String, Fault> {
    let kind = match field {
        "owner" => Kind::Person,
        "support_group" => Kind::Group,
        "location.site" => Kind::Site,
        _ => return Ok(value.to_owned()),
    };
    match value.parse::<Uuid>() {
        Ok(id) => sight.label(kind, id),
        Err(_) => Ok(value.to_owned()),
    }
}
