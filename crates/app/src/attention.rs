//! Needs attention: commands that the server refused, applied in part or holds, until a person decides.

use crate::error::CallError;
use crate::issue::{How, Key};
use crate::sight::{Sight, path};
use crate::view::attention::{
    AttentionItem, AttentionList, AttentionListRequest, AttentionOutcome, AttentionPage, AttentionRequest,
    AttentionSettled, AttentionSide, DiscardRequest, KeepRequest, Kept, SendAgainRequest,
};
use crate::view::common::{Hue, Nothing};
use crate::view::mutations::{Changes, Done};
use crate::{App, Open, resolve};
use slipway_domain::access;
use slipway_domain::approval::record::{Approval, Decision, Subject};
use slipway_domain::command::about::about;
use slipway_domain::command::{ApprovalCommand, Command};
use slipway_domain::execute::Effect;
use slipway_domain::id::CommandId;
use slipway_domain::record::{Kind, Record, RecordRef};
use slipway_domain::refusal::{Fault, Finding};
use slipway_store::attention::{Attention, Side};
use slipway_store::issue::{Part, Replaces};
use slipway_store::queue::Verdict;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub mod entered;
pub mod meanwhile;
pub mod sides;

/// Open items on one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnRecord {
    /// How many.
    pub items: u32,
    /// What the server said of the newest.
    pub why: String,
}

/// Open items by the record that they are about.
///
/// # Errors
/// Trouble.
pub fn by_record(open: &Open) -> Result<BTreeMap<Key, OnRecord>, CallError> {
    let mut counts = BTreeMap::new();
    for item in open.store.attention()? {
        if let Some(key) = item.entered.as_ref().and_then(about) {
            let on: &mut OnRecord = counts.entry(key).or_default();
            on.items = on.items.saturating_add(1);
            on.why = outcome(&item.verdict).findings.iter().map(|f| f.sentence.as_str()).collect::<Vec<_>>().join(" ");
        }
    }
    Ok(counts)
}

/// Every open item, newest first; or those that were settled.
///
/// # Errors
/// Trouble.
pub fn list(app: &App, request: &AttentionListRequest) -> Result<AttentionList, CallError> {
    if !request.settled {
        return Ok(AttentionList { items: items(app)? });
    }
    let found = app.open()?.store.settled_attention()?;
    let items = app.read(|sight| found.iter().map(|a| Ok(item(sight, a, None)?)).collect::<Result<_, CallError>>())?;
    Ok(AttentionList { items })
}

/// Every open item, newest first; what follows from an earlier refusal behind that.
///
/// # Errors
/// Trouble.
pub fn items(app: &App) -> Result<Vec<AttentionItem>, CallError> {
    let found = app.open()?.store.attention()?;
    let causes = causes(&found);
    let mut items = app.read(|sight| {
        let each = found.iter().map(|a| Ok(item(sight, a, causes.get(&a.id).copied())?));
        each.collect::<Result<Vec<AttentionItem>, CallError>>()
    })?;
    items.reverse();
    let (first, mut rest): (Vec<_>, Vec<_>) = items.into_iter().partition(|i| i.depends_on.is_none());
    rest.reverse();
    let mut sorted = Vec::with_capacity(first.len().saturating_add(rest.len()));
    for item in first {
        let id = item.id.clone();
        sorted.push(item);
        sorted.extend(rest.extract_if(.., |i| i.depends_on.as_deref() == Some(id.as_str())));
    }
    sorted.extend(rest);
    Ok(sorted)
}

/// Which items follow from the refusal of an earlier one: they name the record that it was about or would have made.
fn causes(items: &[Attention]) -> BTreeMap<CommandId, CommandId> {
    let mut in_order: Vec<&Attention> = items.iter().collect();
    in_order.sort_by_key(|a| a.counter);
    let mut roots: Vec<(CommandId, Vec<String>)> = Vec::new();
    let mut causes = BTreeMap::new();
    for item in in_order {
        if matches!(item.verdict, Verdict::Applied | Verdict::Partial { .. }) {
            continue;
        }
        let cause = roots.iter().find(|(_, ids)| ids.iter().any(|id| item.entered_json.contains(id.as_str())));
        match cause {
            Some((cause, _)) => {
                causes.insert(item.id, *cause);
            }
            None => roots.push((item.id, item.entered.as_ref().map(made).unwrap_or_default())),
        }
    }
    causes
}

/// The records that a command is about or makes.
fn made(command: &Command) -> Vec<String> {
    let request = match command {
        Command::Approval(ApprovalCommand::Request { approval, .. }) => Some(approval.to_string()),
        _ => None,
    };
    about(command).map(|(_, id)| id.to_string()).into_iter().chain(request).collect()
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
    let all = items(app)?;
    let conflicts = match &attention.verdict {
        Verdict::Partial { conflicts } => conflicts.clone(),
        _ => Vec::new(),
    };
    let id = attention.id.to_string();
    app.read(|sight| {
        Ok(AttentionPage {
            item: match all.iter().find(|i| i.id == id) {
                Some(item) => item.clone(),
                None => item(sight, &attention, None)?,
            },
            entered: entered::lines(sight, &command)?,
            sides: compared(sight, &attention, &command)?,
            meanwhile: meanwhile::lines(sight, &command, attention.made_at)?,
            command,
            conflicts,
            would_refuse,
            dependants: all.iter().filter(|i| i.depends_on.as_ref() == Some(&id)).cloned().collect(),
        })
    })
}

/// Fields of the command that did not take effect, with what became of them since.
fn compared(sight: Sight<'_>, attention: &Attention, command: &Command) -> Result<Vec<AttentionSide>, Fault> {
    let conflicts = match &attention.verdict {
        Verdict::Partial { conflicts } => Some(conflicts),
        _ => None,
    };
    let mut sides = Vec::new();
    for field in sides::fields(sight, command)? {
        if conflicts.is_some_and(|all| !all.iter().any(|c| c.field.as_ref() == Some(&field.name))) {
            continue;
        }
        sides.push(AttentionSide {
            label: field.label(),
            seen: field.side(sight, &field.seen)?,
            mine: field.side(sight, &field.mine)?,
            theirs: field.side(sight, &field.theirs)?,
            choice: field.choice && attention.settled.is_none(),
            kept: attention.decided.get(&field.name).map(|side| match side {
                Side::Mine => Kept::Mine,
                Side::Theirs => Kept::Theirs,
            }),
            field: field.name,
        });
    }
    Ok(sides)
}

/// Decides fields: mine are set again, against what is there now, in a command of their own; theirs are left.
///
/// # Errors
/// The refusal with every reason, `NOT_FOUND`, `NO_SUCH_FIELD`, or trouble.
pub fn keep(app: &App, request: &KeepRequest) -> Result<Done, CallError> {
    let open = app.open()?;
    let attention = must(&open, &request.command)?;
    let command = entered(&attention)?;
    let sides = app.read(|sight| Ok(compared(sight, &attention, &command)?))?;
    let undecided: BTreeSet<&str> =
        sides.iter().filter(|s| s.choice && s.kept.is_none()).map(|s| s.field.as_str()).collect();
    let fields: Vec<String> = match &request.fields {
        Some(fields) => fields.clone(),
        None => undecided.iter().map(ToString::to_string).collect(),
    };
    if let Some(unknown) = fields.iter().find(|f| !undecided.contains(f.as_str())) {
        return Err(no_such_field(unknown, &undecided));
    }
    if fields.is_empty() {
        return Err(no_such_field("", &undecided));
    }
    let last = undecided.iter().all(|field| fields.iter().any(|f| f == field));
    let done = match request.keep {
        Kept::Theirs => {
            open.store.keep_theirs(attention.id, &fields, last, app.host().now())?;
            let record = app.read(|sight| Ok(item(sight, &attention, None)?.record))?;
            Done { effect: Effect::unchanged(), changes: Changes::default(), record }
        }
        Kept::Mine => {
            let again = app.read(|sight| Ok(sides::again(sight, &command, &fields)?))?;
            let Some(again) = again else { return Err(no_such_field(&fields.join(", "), &undecided)) };
            let replaces = Some(Replaces { command: attention.id, part: Part::Fields { fields: &fields, last } });
            app.issue_how(&again, about(&again), How { replaces, ..How::default() })?
        }
    };
    tell(app, &attention);
    Ok(done)
}

fn no_such_field(name: &str, undecided: &BTreeSet<&str>) -> CallError {
    let names = undecided.iter().copied().collect::<Vec<_>>().join(", ");
    CallError::trouble(
        "NO_SUCH_FIELD",
        if name.is_empty() {
            "No field of this item waits for a decision.".to_owned()
        } else {
            format!("{name} is no field of this item that waits for a decision.")
        },
        if names.is_empty() {
            "Send it again, or discard it.".to_owned()
        } else {
            format!("Those that wait are: {names}.")
        },
    )
}

/// Lets an item go with a reason that is kept with it; the command stays in the log.
///
/// # Errors
/// `NOT_FOUND`, a refusal without a reason, or trouble.
pub fn discard(app: &App, request: &DiscardRequest) -> Result<Nothing, CallError> {
    let open = app.open()?;
    let attention = must(&open, &request.command)?;
    open.store.discard(attention.id, request.reason.trim(), app.host().now())?;
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
    let command = match (&request.edited, &request.edits) {
        (Some(edited), _) => edited.clone(),
        (None, Some(edits)) => {
            let edited = entered::edited(&entered(&attention)?, edits)?;
            app.read(|sight| Ok(sides::rebased(sight, &edited)?))?
        }
        (None, None) => entered(&attention)?,
    };
    let replaces = Some(Replaces { command: attention.id, part: Part::Whole });
    let done = app.issue_how(&command, about(&command), How { replaces, ..How::default() })?;
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

/// A verdict as a person sees it.
struct Outcome {
    outcome: AttentionOutcome,
    label: &'static str,
    hue: Hue,
    findings: Vec<Finding>,
}

fn outcome(verdict: &Verdict) -> Outcome {
    let (outcome, label, hue, findings) = match verdict {
        Verdict::Refused { findings } => (AttentionOutcome::Refused, "refused", Hue::Bad, findings.clone()),
        Verdict::Partial { conflicts } => {
            let findings = conflicts.iter().map(|c| c.finding.clone()).collect();
            (AttentionOutcome::Partial, "applied in part", Hue::Warn, findings)
        }
        Verdict::Held { why } => {
            let finding = Finding::new(
                "HELD",
                why.clone(),
                "An administrator has it judged again or closes it on the server; later commands go on.",
            );
            (AttentionOutcome::Held, "held", Hue::Pending, vec![finding])
        }
        Verdict::Applied => (AttentionOutcome::Partial, "applied", Hue::Ok, Vec::new()),
    };
    Outcome { outcome, label, hue, findings }
}

fn item(sight: Sight<'_>, attention: &Attention, cause: Option<CommandId>) -> Result<AttentionItem, Fault> {
    let Outcome { outcome, label, hue, findings } = outcome(&attention.verdict);
    let record = match attention.entered.as_ref().and_then(about) {
        Some((kind, id)) => sight.records.read(kind, id)?,
        None => None,
    };
    let subject = match &record {
        Some(Record::Approval(a)) => Some(subject_of(sight, a)?),
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
        depends_on: cause.map(|id| id.to_string()),
        settled: attention.settled.as_ref().map(|s| AttentionSettled {
            at: s.at,
            reason: s.reason.clone(),
            replaced_by: s.replaced_by.map(|id| id.to_string()),
        }),
    })
}

/// What a command does, in words.
pub(crate) fn words(command: &Command) -> &'static str {
    match command {
        Command::Approval(ApprovalCommand::Vote { decision: Decision::Approve, .. }) => "approve",
        Command::Approval(ApprovalCommand::Vote { .. }) => "deny",
        other => access::words(other),
    }
}

fn subject_of(sight: Sight<'_>, approval: &Approval) -> Result<String, Fault> {
    let (kind, id): (Kind, Uuid) = match approval.subject {
        Subject::Release(id) => (Kind::Release, id.0),
        Subject::Change(id) => (Kind::Change, id.0),
    };
    sight.label(kind, id)
}
