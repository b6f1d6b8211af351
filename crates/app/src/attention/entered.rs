//! What was entered, line by line, and the same with texts in other words.

use crate::error::CallError;
use crate::sight::Sight;
use crate::view::attention::{EnteredEdit, EnteredLine};
use serde_json::Value;
use slipway_domain::command::Command;
use slipway_domain::command::about::about;
use slipway_domain::record::Kind;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use uuid::Uuid;

/// Most lines that are shown; an import has hundreds.
const LINES_MOST: usize = 60;

/// What a command says, line by line.
///
/// # Errors
/// A storage fault.
pub fn lines(sight: Sight<'_>, command: &Command) -> Result<Vec<EnteredLine>, Fault> {
    let whole = serde_json::to_value(command).map_err(Fault::new)?;
    let mut walk = Walk { sight, whole: &whole, about: about(command).map(|(_, id)| id), lines: Vec::new() };
    walk.walk(&whole, "", "")?;
    let more = walk.lines.len().saturating_sub(LINES_MOST);
    walk.lines.truncate(LINES_MOST);
    if more > 0 {
        let value = format!("{more} more lines");
        walk.lines.push(EnteredLine { pointer: String::new(), label: "…".to_owned(), value, editable: false });
    }
    Ok(walk.lines)
}

/// The command with these texts in place of those it had.
///
/// # Errors
/// `NOT_A_TEXT` if a place holds no text that may be edited.
pub fn edited(command: &Command, edits: &[EnteredEdit]) -> Result<Command, CallError> {
    let mut whole = serde_json::to_value(command).map_err(Fault::new)?;
    for edit in edits {
        if !is_text(&whole, &edit.pointer) {
            return Err(CallError::trouble(
                "NOT_A_TEXT",
                format!("{} holds no text that may be edited here.", edit.pointer),
                "Look at the item again; what is no text is entered anew on the record.",
            ));
        }
        if let Some(place) = whole.pointer_mut(&edit.pointer) {
            *place = Value::String(edit.value.clone());
        }
    }
    Ok(serde_json::from_value(whole).map_err(Fault::new)?)
}

/// Whether the place holds a free text: any other text there would be a command, too.
fn is_text(whole: &Value, pointer: &str) -> bool {
    const PROBE: &str = "\u{a7} any text";
    let mut probe = whole.clone();
    match probe.pointer_mut(pointer) {
        Some(place @ Value::String(_)) => *place = Value::String(PROBE.to_owned()),
        _ => return false,
    }
    !pointer.ends_with("/digest") && !pointer.ends_with("/field") && serde_json::from_value::<Command>(probe).is_ok()
}

struct Walk<'a> {
    sight: Sight<'a>,
    whole: &'a Value,
    about: Option<Uuid>,
    lines: Vec<EnteredLine>,
}

impl Walk<'_> {
    fn walk(&mut self, value: &Value, pointer: &str, label: &str) -> Result<(), Fault> {
        // An import's rows beyond what is shown are only counted.
        match value {
            Value::Array(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    self.walk(part, &format!("{pointer}/{at}"), label)?;
                }
            }
            Value::Object(fields) if fields.contains_key("from") && fields.contains_key("to") => {
                let label = fields.get("field").and_then(Value::as_str).unwrap_or(label);
                if let Some(to) = fields.get("to") {
                    self.walk(to, &format!("{pointer}/to"), label)?;
                }
            }
            Value::Object(fields) => {
                for (key, part) in fields {
                    let place = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    self.walk(part, &place, key)?;
                }
            }
            scalar => self.line(scalar, pointer, label)?,
        }
        Ok(())
    }

    fn line(&mut self, value: &Value, pointer: &str, label: &str) -> Result<(), Fault> {
        let emptied = pointer.ends_with("/to");
        if !emptied && (value.is_null() || value.as_str() == Some("")) {
            return Ok(());
        }
        let id = value.as_str().and_then(|text| text.parse::<Uuid>().ok());
        // The record is named by the item's title.
        if id.is_some() && id == self.about {
            return Ok(());
        }
        let value = words(self.sight, value, label)?;
        let editable = is_text(self.whole, pointer);
        let label = if label.is_empty() { "what" } else { label }.replace('_', " ");
        self.lines.push(EnteredLine { pointer: pointer.to_owned(), label, value, editable });
        Ok(())
    }
}

/// A value as a person reads it: ids by what they name, times as times.
///
/// # Errors
/// A storage fault.
pub fn words(sight: Sight<'_>, value: &Value, label: &str) -> Result<String, Fault> {
    Ok(match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(n) => match n.as_i64() {
            Some(at) if is_time(label) && at > 100_000_000_000 => Timestamp(at).to_rfc3339(),
            _ => n.to_string(),
        },
        Value::String(text) => match text.parse::<Uuid>() {
            Ok(id) => named(sight, id)?.unwrap_or_else(|| text.clone()),
            Err(_) if label == "digest" => text.chars().take(12).collect(),
            Err(_) => text.clone(),
        },
        Value::Array(parts) => {
            let parts = parts.iter().map(|part| words(sight, part, label)).collect::<Result<Vec<_>, _>>()?;
            parts.join("; ")
        }
        Value::Object(fields) => {
            let mut parts = Vec::new();
            for (key, part) in fields {
                let part = words(sight, part, key)?;
                if !part.is_empty() {
                    parts.push(if key == "text" { part } else { format!("{}: {part}", key.replace('_', " ")) });
                }
            }
            parts.join(", ")
        }
    })
}

fn is_time(label: &str) -> bool {
    label.ends_with("_at") || matches!(label, "start" | "end" | "planned_start" | "at")
}

/// How a person calls the record of that id, whatever it is.
fn named(sight: Sight<'_>, id: Uuid) -> Result<Option<String>, Fault> {
    for kind in Kind::ALL {
        if let Some(record) = sight.records.read(*kind, id)? {
            return Ok(Some(record.label()));
        }
    }
    Ok(None)
}
