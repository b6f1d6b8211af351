//! Mine and theirs, field by field, for commands that carry what their author saw; and the command that sets mine again.

use super::entered::words;
use crate::sight::Sight;
use serde_json::{Value, json};
use slipway_domain::change::record::Change;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::{ApprovalCommand, ChangeCommand, CmdbCommand, Command, ReleaseCommand, TaskCommand};
use slipway_domain::record::Entity;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::{PlanKind, Release};
use slipway_domain::release::scope;
use slipway_domain::release::task_record::Task;

/// One field of a command.
pub struct Field {
    /// Its stable name, as conflicts have it.
    pub name: String,
    /// What its author saw.
    pub seen: Value,
    /// What its author entered.
    pub mine: Value,
    /// What is there now.
    pub theirs: Value,
    /// Whether it can be set by itself.
    pub choice: bool,
}

impl Field {
    /// Its name in words.
    pub fn label(&self) -> String {
        self.name.replace('_', " ")
    }

    /// A side in words.
    ///
    /// # Errors
    /// A storage fault.
    pub fn side(&self, sight: Sight<'_>, value: &Value) -> Result<String, Fault> {
        words(sight, value, &self.name)
    }
}

/// The fields of a command that carries what its author saw; none for any other.
///
/// # Errors
/// A storage fault.
pub fn fields(sight: Sight<'_>, command: &Command) -> Result<Vec<Field>, Fault> {
    Ok(match command {
        Command::Cmdb(CmdbCommand::SetFields(id, changes)) => {
            let ci = sight.records.get::<Ci>(*id)?;
            let field = |change: &slipway_domain::cmdb::ci::FieldChange| Field {
                name: change.field.clone(),
                seen: json!(change.from),
                mine: json!(change.to),
                theirs: json!(ci.as_ref().and_then(|c| c.field(&change.field)).unwrap_or_default()),
                choice: ci.is_some(),
            };
            changes.iter().map(field).collect()
        }
        Command::Release(id, ReleaseCommand::Edit(edits)) => {
            let now = stored::<Release>(sight, *id)?;
            edits.iter().filter_map(|edit| of_edit(edit, now.as_ref())).collect()
        }
        Command::Release(id, ReleaseCommand::WriteReview(edit)) => {
            let now = sight.records.get::<Release>(*id)?;
            vec![Field {
                name: "review".to_owned(),
                seen: json!(edit.from),
                mine: json!(edit.to),
                choice: now.is_some(),
                theirs: json!(now.map(|r| r.review)),
            }]
        }
        Command::Change(ChangeCommand::Edit(id, edits)) => {
            let now = stored::<Change>(sight, *id)?;
            edits.iter().filter_map(|edit| of_edit(edit, now.as_ref())).collect()
        }
        Command::Task(id, TaskCommand::Edit(edits)) => {
            let now = stored::<Task>(sight, *id)?;
            edits.iter().filter_map(|edit| of_edit(edit, now.as_ref())).collect()
        }
        Command::Approval(ApprovalCommand::Vote { approval, digest: Some(seen), .. }) => {
            use slipway_domain::approval::record::{Approval, Subject};
            let Some(approval) = sight.records.get::<Approval>(*approval)? else { return Ok(Vec::new()) };
            let Subject::Release(id) = approval.subject else { return Ok(Vec::new()) };
            let Some(release) = sight.records.get::<Release>(id)? else { return Ok(Vec::new()) };
            let now = scope::digest(&release);
            if now == *seen {
                return Ok(Vec::new());
            }
            vec![Field {
                name: "digest".to_owned(),
                seen: json!(seen),
                mine: json!(seen),
                theirs: json!(now),
                choice: false,
            }]
        }
        _ => Vec::new(),
    })
}

/// The command that sets these fields as entered, against what is there now; `None` if it has none of them.
///
/// # Errors
/// A storage fault.
pub fn again(sight: Sight<'_>, command: &Command, names: &[String]) -> Result<Option<Command>, Fault> {
    let chosen: Vec<Field> =
        fields(sight, command)?.into_iter().filter(|f| f.choice && names.contains(&f.name)).collect();
    if chosen.is_empty() { Ok(None) } else { against_theirs(command, &chosen, Others::Leave) }
}

/// All of the command, its fields against what is there now: its author has looked at that.
///
/// # Errors
/// A storage fault.
pub fn rebased(sight: Sight<'_>, command: &Command) -> Result<Command, Fault> {
    let fields: Vec<Field> = fields(sight, command)?.into_iter().filter(|f| f.choice).collect();
    Ok(against_theirs(command, &fields, Others::Keep)?.unwrap_or_else(|| command.clone()))
}

/// What becomes of edits beside the chosen fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    Leave,
    Keep,
}

/// The command with what is there now in the place of what its author saw; `None` if it carries nothing of that kind.
fn against_theirs(command: &Command, chosen: &[Field], others: Others) -> Result<Option<Command>, Fault> {
    let mut whole = serde_json::to_value(command).map_err(Fault::new)?;
    let edits = match command {
        Command::Cmdb(_) => whole.pointer_mut("/cmdb/set_fields/1"),
        Command::Release(_, ReleaseCommand::WriteReview(_)) => {
            if let (Some(from), Some(field)) = (whole.pointer_mut("/release/1/write_review/from"), chosen.first()) {
                *from = field.theirs.clone();
            }
            None
        }
        Command::Release(..) => whole.pointer_mut("/release/1/edit"),
        Command::Change(_) => whole.pointer_mut("/change/edit/1"),
        Command::Task(..) => whole.pointer_mut("/task/1/edit"),
        _ => return Ok(None),
    };
    if let Some(Value::Array(edits)) = edits {
        edits.retain_mut(|edit| {
            let Some((name, sides)) = sides_of(edit) else { return others == Others::Keep };
            let Some(field) = chosen.iter().find(|f| f.name == name) else { return others == Others::Keep };
            if let Some(from) = sides.get_mut("from") {
                *from = field.theirs.clone();
            }
            true
        });
    }
    serde_json::from_value(whole).map(Some).map_err(Fault::new)
}

fn stored<E: Entity>(sight: Sight<'_>, id: E::Id) -> Result<Option<Value>, Fault> {
    sight.records.get::<E>(id)?.map(|record| serde_json::to_value(record).map_err(Fault::new)).transpose()
}

/// One edit by its JSON form against the field of that name in the record.
fn of_edit(edit: &impl serde::Serialize, now: Option<&Value>) -> Option<Field> {
    let mut json = serde_json::to_value(edit).ok()?;
    let (name, sides) = sides_of(&mut json)?;
    let (seen, mine) = (sides.get("from")?.clone(), sides.get("to")?.clone());
    let theirs = now.map(|now| theirs(&json, &name, now)).unwrap_or_default();
    Some(Field { name, seen, mine, theirs, choice: now.is_some() })
}

/// Name and both sides of an edit in JSON: `{"title": {"from", "to"}}`, `{"field", "from", "to"}`, or
/// `{"plan": {"plan", "steps": {"from", "to"}}}`; `None` for one that has no sides.
fn sides_of(edit: &mut Value) -> Option<(String, &mut Value)> {
    if let Some(field) = edit.get("field").and_then(Value::as_str).map(str::to_owned) {
        return Some((field, edit));
    }
    let (key, inner) = edit.as_object_mut()?.iter_mut().next()?;
    if key == "plan" {
        let plan: PlanKind = serde_json::from_value(inner.get("plan")?.clone()).ok()?;
        return Some((format!("{plan} plan"), inner.get_mut("steps")?));
    }
    inner.get("from")?;
    Some((key.clone(), inner))
}

/// What the record has in the place of an edit.
fn theirs(edit: &Value, name: &str, now: &Value) -> Value {
    let place = match name {
        "type" => now.get("release_type"),
        "estimated_cost" => now.pointer("/costs/estimated"),
        "actual_cost" => now.pointer("/costs/actual"),
        _ => match edit.pointer("/plan/plan").and_then(Value::as_str) {
            Some(plan) => {
                return now.pointer(&format!("/scope/plans/{plan}")).cloned().unwrap_or_else(|| json!([]));
            }
            None => now.get(name).or_else(|| now.pointer(&format!("/scope/{name}"))),
        },
    };
    place.cloned().unwrap_or_default()
}
