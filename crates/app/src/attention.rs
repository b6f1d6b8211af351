//! Needs attention: commands that the server refused, applied in part or holds, until a person decides.

use crate::error::CallError;
use crate::issue::{Key, about};
use crate::sight::{Sight, path};
use crate::view::attention::{
    AttentionItem, AttentionList, AttentionOutcome, AttentionPage, AttentionRequest, AttentionSide, DiscardRequest,
    SendAgainRequest,
};
use crate::view::common::{Hue, Nothing};
use crate::view::mutations::{Changes, Done};
use crate::{App, Open, resolve};
use slipway_domain::approval::record::{Approval, Decision, Subject};
use slipway_domain::command::{ApprovalCommand, ChangeCommand, CmdbCommand, Command};
use slipway_domain::id::CommandId;
use slipway_domain::record::{Record, RecordRef};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_store::attention::Attention;
use slipway_store::queue::Verdict;
use std::collections::BTreeMap;

/// Open items by the record that they are about.
///
/// # Errors
/// Trouble.
pub fn by_record(open: &Open) -> Result<BTreeMap<Key, u32>, CallError> {
    let mut counts = BTreeMap::new();
    for item in open.store.attention()? {
        if let Some(key) = item.entered.as_ref().and_then(about) {
            let count: &mut u32 = counts.entry(key).or_default();
            *count = count.saturating_add(1);
        }
    }
    Ok(counts)
}

/// Every open item, newest first.
///
/// # Errors
/// Trouble.
pub fn list(app: &App, _: &Nothing) -> Result<AttentionList, CallError> {
    Ok(AttentionList { items: items(app)? })
}

/// Every open item, newest first.
///
/// # Errors
/// Trouble.
pub fn items(app: &App) -> Result<Vec<AttentionItem>, CallError> {
    let mut found = app.open()?.store.attention()?;
    found.reverse();
    app.read(|sight| found.iter().map(|a| Ok(item(sight, a)?)).collect())
}

/// An item with mine and theirs side by side.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &AttentionRequest) -> Result<AttentionPage, CallError> {
    let open = app.open()?;
    let attention = must(&open, &request.command)?;
    let command = entered(&attention)?;
    let would_refuse = match open.try_all(app, std::slice::from_ref(&command)) {
        Ok(_) => Vec::new(),
        Err(CallError::Refused { findings }) => findings,
        Err(trouble) => return Err(trouble),
    };
    let conflicts = match &attention.verdict {
        Verdict::Partial { conflicts } => conflicts.clone(),
        _ => Vec::new(),
    };
    app.read(|sight| {
        let mut sides: Vec<AttentionSide> = conflicts
            .iter()
            .filter_map(|c| {
                let field = c.field.clone().or_else(|| c.line.map(|line| format!("line {line}")))?;
                Some(AttentionSide { field, seen: c.from.clone(), mine: c.mine.clone(), theirs: c.theirs.clone() })
            })
            .collect();
        if sides.is_empty() {
            sides = compare(sight, &command)?;
        }
        Ok(AttentionPage { item: item(sight, &attention)?, command, sides, conflicts, would_refuse })
    })
}

/// Lets an item go; the command stays in the log.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn discard(app: &App, request: &DiscardRequest) -> Result<Nothing, CallError> {
    let open = app.open()?;
    let attention = must(&open, &request.command)?;
    let reason = request.reason.as_deref().map(str::trim).filter(|r| !r.is_empty()).unwrap_or("not needed any more");
    open.store.discard(attention.id, reason, app.host().now())?;
    tell(app, &attention);
    Ok(Nothing)
}

/// Sends a command again, as it was or as the person edited it, in the place of the refused one.
///
/// # Errors
/// The refusal with every reason, or trouble.
pub fn send_again(app: &App, request: &SendAgainRequest) -> Result<Done, CallError> {
    let open = app.open()?;
    let attention = must(&open, &request.command)?;
    let command = match &request.edited {
        Some(edited) => edited.clone(),
        None => entered(&attention)?,
    };
    let key = about(&command);
    let done = app.issue_in_place_of(&command, key, Some(attention.id))?;
    tell(app, &attention);
    Ok(done)
}

/// The marks of the record change with the item.
fn tell(app: &App, attention: &Attention) {
    let key = attention.entered.as_ref().and_then(about);
    let changes = key.map(|(kind, id)| Changes { kinds: vec![kind], ids: vec![id.to_string()] });
    app.host().changed(&changes.unwrap_or_default());
}

fn must(open: &Open, text: &str) -> Result<Attention, CallError> {
    let id: CommandId = resolve::must_id("command", text)?;
    let found = open.store.attention_item(id)?.filter(|a| a.settled.is_none());
    found.ok_or_else(|| resolve::not_found("item that needs attention", text, "List what needs attention again."))
}

fn entered(attention: &Attention) -> Result<Command, CallError> {
    attention.entered.clone().ok_or_else(|| {
        CallError::trouble(
            "UNKNOWN_COMMAND",
            "This command was made by a newer Slipway, which this one cannot read.",
            "Update Slipway, or discard it.",
        )
    })
}

fn item(sight: Sight<'_>, attention: &Attention) -> Result<AttentionItem, Fault> {
    let (outcome, label, hue, findings) = match &attention.verdict {
        Verdict::Refused { findings } => (AttentionOutcome::Refused, "refused", Hue::Bad, findings.clone()),
        Verdict::Partial { conflicts } => {
            let findings = conflicts.iter().map(|c| c.finding.clone()).collect();
            (AttentionOutcome::Partial, "applied in part", Hue::Warn, findings)
        }
        Verdict::Held { why } => {
            let finding = Finding::new(
                "HELD",
                format!("The server could not judge it yet: {why}."),
                "An administrator sees it on the server; later commands go on.",
            );
            (AttentionOutcome::Held, "held", Hue::Pending, vec![finding])
        }
        Verdict::Applied => (AttentionOutcome::Partial, "applied", Hue::Ok, Vec::new()),
    };
    let record = match attention.entered.as_ref().and_then(about) {
        Some((kind, id)) => sight.records.read(kind, id)?,
        None => None,
    };
    let subject = match &record {
        Some(Record::Approval(a)) => subject_of(sight, a)?,
        Some(record) => Some(record.label()),
        None => None,
    };
    let what = attention.entered.as_ref().map_or("an unknown command", words);
    Ok(AttentionItem {
        id: attention.id.to_string(),
        title: subject.map_or_else(|| what.to_owned(), |s| format!("{what}: {s}")),
        path: record.as_ref().and_then(path),
        record: record.as_ref().map(RecordRef::to),
        made_at: attention.made_at,
        outcome,
        outcome_label: label.to_owned(),
        hue,
        findings,
    })
}

/// What a command does, in words.
fn words(command: &Command) -> &'static str {
    match command {
        Command::Approval(ApprovalCommand::Vote { decision: Decision::Approve, .. }) => "approve",
        Command::Approval(ApprovalCommand::Vote { .. }) => "deny",
        other => {
            let name = slipway_domain::access::name(other);
            slipway_domain::access::TABLE.iter().find(|row| row.command == name).map_or(name, |row| row.words)
        }
    }
}

fn subject_of(sight: Sight<'_>, approval: &Approval) -> Result<Option<String>, Fault> {
    Ok(Some(match approval.subject {
        Subject::Release(id) => sight.label(slipway_domain::record::Kind::Release, id)?,
        Subject::Change(id) => sight.label(slipway_domain::record::Kind::Change, id)?,
    }))
}

/// What was entered against what is there, for commands that carry what the author saw.
fn compare(sight: Sight<'_>, command: &Command) -> Result<Vec<AttentionSide>, Fault> {
    match command {
        Command::Cmdb(CmdbCommand::SetFields(id, fields)) => {
            let ci = sight.records.get::<slipway_domain::cmdb::ci::Ci>(*id)?;
            let side = |f: &slipway_domain::cmdb::ci::FieldChange| AttentionSide {
                field: f.field.clone(),
                seen: f.from.clone(),
                mine: f.to.clone(),
                theirs: ci.as_ref().and_then(|c| c.field(&f.field)).unwrap_or_default(),
            };
            Ok(fields.iter().map(side).collect())
        }
        Command::Release(id, slipway_domain::command::ReleaseCommand::Edit(edits)) => {
            let release = sight.records.get::<slipway_domain::release::record::Release>(*id)?;
            let now = release.as_ref().and_then(|r| serde_json::to_value(r).ok()).unwrap_or_default();
            Ok(edits.iter().filter_map(|edit| side_of(edit, &now)).collect())
        }
        Command::Change(ChangeCommand::Edit(id, edits)) => {
            let change = sight.records.get::<slipway_domain::change::record::Change>(*id)?;
            let now = change.as_ref().and_then(|c| serde_json::to_value(c).ok()).unwrap_or_default();
            Ok(edits.iter().filter_map(|edit| side_of(edit, &now)).collect())
        }
        Command::Approval(ApprovalCommand::Vote { approval, digest: Some(seen), .. }) => {
            let Some(approval) = sight.records.get::<Approval>(*approval)? else { return Ok(Vec::new()) };
            let Subject::Release(id) = approval.subject else { return Ok(Vec::new()) };
            let Some(release) = sight.records.get::<slipway_domain::release::record::Release>(id)? else {
                return Ok(Vec::new());
            };
            Ok(vec![AttentionSide {
                field: "scope digest".to_owned(),
                seen: seen.to_string(),
                mine: seen.to_string(),
                theirs: slipway_domain::release::scope::digest(&release).to_string(),
            }])
        }
        _ => Ok(Vec::new()),
    }
}

/// One edit by its JSON form: `{"title": {"from": .., "to": ..}}` against the field of that name in the record.
fn side_of(edit: &impl serde::Serialize, now: &serde_json::Value) -> Option<AttentionSide> {
    let json = serde_json::to_value(edit).ok()?;
    let (field, change) = json.as_object()?.iter().next()?;
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let name = match field.as_str() {
        "type" => "release_type",
        other => other,
    };
    let theirs = now.get(name).or_else(|| now.get("scope").and_then(|scope| scope.get(name)));
    Some(AttentionSide {
        field: field.replace('_', " "),
        seen: change.get("from").map(text).unwrap_or_default(),
        mine: change.get("to").map_or_else(|| text(change), text),
        theirs: theirs.map(text).unwrap_or_default(),
    })
}
