//! Doing things with a release: the phase machine, tasks, tests, approvals, readiness.

use super::{New, show};
use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text, wrong_use};
use clap::Args;
use serde_json::{Map, Value, json};
use slipway_app::error::CallError;
use std::path::{Path, PathBuf};

/// An action of the phase machine.
#[derive(Args)]
pub struct Do {
    /// The action and the release, in either order; the release alone lists what may be done.
    #[arg(required = true, num_args = 1..=2, value_name = "ACTION RELEASE")]
    what: Vec<String>,
    /// Why: for back-out, terminate, send-back, test-failed.
    #[arg(long)]
    reason: Option<String>,
    /// A remark: for go, no-go, write-review.
    #[arg(long)]
    note: Option<String>,
    /// The phase to send back to.
    #[arg(long)]
    to: Option<String>,
    /// The change: for record-outcome, attach-change, detach-change.
    #[arg(long)]
    change: Option<String>,
    /// successful, successful-with-problems or failed: for record-outcome.
    #[arg(long)]
    outcome: Option<String>,
    /// It was done all the same: keep record-install as an exception where a rule is against it.
    #[arg(long)]
    as_exception: bool,
    /// Why the install was outside its window.
    #[arg(long)]
    window_override: Option<String>,
    /// Why the install was during a freeze.
    #[arg(long)]
    freeze_override: Option<String>,
    /// The CI: for decide-conflict.
    #[arg(long)]
    ci: Option<String>,
    /// The field: for decide-conflict.
    #[arg(long)]
    field: Option<String>,
    /// restore or keep: for decide-conflict.
    #[arg(long)]
    decision: Option<String>,
}

/// A new task.
#[derive(Args)]
pub struct AddTask {
    /// REL-000001
    release: String,
    /// What is to be done.
    #[arg(long)]
    title: String,
    /// The phase, if not the present one.
    #[arg(long)]
    phase: Option<String>,
    /// The phase cannot be left without it.
    #[arg(long)]
    mandatory: bool,
    /// Minutes.
    #[arg(long)]
    minutes: Option<u32>,
    /// Ids of tasks that come first.
    #[arg(long = "after")]
    predecessors: Vec<String>,
}

/// A move of a task.
#[derive(Args)]
pub struct TaskDo {
    /// The task's id, or its number such as REL-000001-T03.
    task: String,
    /// start, done, block, cancel or reopen.
    action: String,
    /// passed or failed, with done.
    #[arg(long)]
    result: Option<String>,
    /// A remark.
    #[arg(long, default_value = "")]
    note: String,
}

/// A test record.
#[derive(Args)]
pub struct Test {
    /// REL-000001
    release: String,
    /// What was tested.
    #[arg(long, required_unless_present = "waive")]
    title: Option<String>,
    /// passed or failed.
    #[arg(long, default_value = "passed")]
    result: String,
    /// Evidence.
    #[arg(long)]
    note: Option<String>,
    /// It was done all the same: keep it as an exception where a rule is against it.
    #[arg(long)]
    as_exception: bool,
    /// Id of a failed test to let through, with --reason.
    #[arg(long, requires = "reason")]
    waive: Option<String>,
    /// Why it is let through.
    #[arg(long)]
    reason: Option<String>,
}

/// A vote.
#[derive(Args)]
pub struct Vote {
    /// REL-000001, CHG-000001, or the id of the request.
    record: String,
    /// A remark.
    #[arg(long, default_value = "")]
    note: String,
    /// Sign-in name of the person for whom you vote as a delegate.
    #[arg(long)]
    on_behalf_of: Option<String>,
}

/// A denial.
#[derive(Args)]
pub struct Deny {
    #[command(flatten)]
    vote: Vote,
    /// financial, insufficient-information, requester-not-authorised, technical, resource-availability,
    /// not-aligned-with-strategy or incomplete-impact-assessment.
    #[arg(long)]
    reason: String,
}

/// A vote taken back.
#[derive(Args)]
pub struct Retract {
    /// REL-000001, CHG-000001, or the id of the request.
    record: String,
    /// Why.
    #[arg(long)]
    reason: String,
}

/// Readiness.
#[derive(Args)]
pub struct Readiness {
    /// REL-000001
    release: String,
    /// Attest this criterion; --note says how it is known.
    #[arg(long, conflicts_with_all = ["waive", "clear"])]
    attest: Option<String>,
    /// Let this criterion through; --note says why.
    #[arg(long, conflicts_with = "clear")]
    waive: Option<String>,
    /// Take an attestation or waiver back.
    #[arg(long)]
    clear: Option<String>,
    /// Note or reason.
    #[arg(long, default_value = "")]
    note: String,
}

/// A name as the application spells it: `insufficient-information` and `Plan and design` alike.
pub fn code(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-', '/'], "_")
}

/// Puts what was given into a request.
pub fn given(request: &mut Map<String, Value>, name: &str, value: Option<Value>) {
    if let Some(value) = value {
        request.insert(name.to_owned(), value);
    }
}

pub async fn new(desk: &Desk, new: New) -> Result<Answer, CallError> {
    let mut request = Map::new();
    given(&mut request, "title", Some(json!(new.title)));
    given(&mut request, "description", Some(json!(new.description)));
    given(&mut request, "reason", Some(json!(new.reason)));
    given(&mut request, "changes", Some(json!(new.changes)));
    given(&mut request, "manager", new.manager.map(Value::from));
    for (name, value) in [
        ("release_type", new.release_type),
        ("class", new.class),
        ("packaging", new.packaging),
        ("impact", new.impact),
        ("urgency", new.urgency),
        ("impact_assessment", new.assessment),
    ] {
        given(&mut request, name, value.map(|v| json!(code(&v))));
    }
    desk.call("releases.create", Value::Object(request)).await.map(done)
}

pub async fn act(desk: &Desk, call: Do) -> Result<Answer, CallError> {
    let is_number = |word: &String| word.contains('-') && word.chars().any(|c| c.is_ascii_digit());
    let Some(release) = call.what.iter().find(|w| is_number(w)) else {
        return Err(wrong_use("No release is named.", "Name it by its number, such as: release do advance REL-000001"));
    };
    let Some(action) = call.what.iter().find(|w| *w != release) else {
        let page = desk.call("releases.get", json!({ "release": release })).await?;
        let actions = page.get("actions").cloned().unwrap_or_default();
        return Ok(Answer::new(actions, show::actions(&page)));
    };
    let mut request = Map::new();
    given(&mut request, "release", Some(json!(release)));
    given(&mut request, "action", Some(json!(code(action))));
    given(&mut request, "reason", call.reason.map(Value::from));
    given(&mut request, "note", call.note.map(Value::from));
    given(&mut request, "to", call.to.map(|p| json!(code(&p))));
    given(&mut request, "change", call.change.map(Value::from));
    given(&mut request, "outcome", call.outcome.map(|o| json!(code(&o))));
    given(&mut request, "window_override", call.window_override.map(Value::from));
    given(&mut request, "freeze_override", call.freeze_override.map(Value::from));
    given(&mut request, "as_exception", Some(call.as_exception.into()));
    given(&mut request, "ci", call.ci.map(Value::from));
    given(&mut request, "field", call.field.map(Value::from));
    given(&mut request, "decision", call.decision.map(|d| json!(code(&d))));
    desk.call("releases.act", Value::Object(request)).await.map(done)
}

pub async fn add_task(desk: &Desk, task: AddTask) -> Result<Answer, CallError> {
    let request = json!({
        "release": task.release, "title": task.title, "mandatory": task.mandatory, "predecessors": task.predecessors,
        "phase": task.phase.map(|p| code(&p)), "planned_minutes": task.minutes,
    });
    desk.call("tasks.create", request).await.map(done)
}

pub async fn task(desk: &Desk, task: TaskDo) -> Result<Answer, CallError> {
    let result = task.result.map(|r| code(&r));
    let request = json!({ "task": task.task, "action": code(&task.action), "result": result, "note": task.note });
    desk.call("tasks.act", request).await.map(done)
}

/// Starts and finishes every open task of the present phase whose predecessors are done, until none is left.
pub async fn finish_tasks(desk: &Desk, release: &str) -> Result<Answer, CallError> {
    let mut finished = Vec::new();
    loop {
        let page = desk.call("releases.get", json!({ "release": release })).await?;
        let ready = rows(&page, "/tasks")
            .iter()
            .find(|t| *at(t, "/ready") == true && !matches!(text(t, "/state").as_str(), "done" | "cancelled"));
        let Some(task) = ready else { break };
        let id = text(task, "/id");
        if text(task, "/state") != "in_progress" {
            desk.call("tasks.act", json!({ "task": id, "action": "start" })).await?;
        }
        desk.call("tasks.act", json!({ "task": id, "action": "done", "result": "passed" })).await?;
        finished.push(text(task, "/title"));
    }
    let lines = finished.join("\n");
    Ok(Answer::new(json!({ "finished": finished }), lines))
}

pub async fn test(desk: &Desk, test: Test) -> Result<Answer, CallError> {
    let request = match test.waive {
        Some(waived) => {
            json!({ "release": test.release, "action": "waive_test", "test": waived, "reason": test.reason })
        }
        None => json!({
            "release": test.release, "action": "record_test", "title": test.title, "result": code(&test.result),
            "note": test.note, "as_exception": test.as_exception,
        }),
    };
    desk.call("releases.act", request).await.map(done)
}

pub async fn verify_master(desk: &Desk, release: &str, item: &str, files: &[PathBuf]) -> Result<Answer, CallError> {
    let request = json!({ "release": release, "action": "verify_master", "item": item, "paths": absolute(files)? });
    desk.call("releases.act", request).await.map(done)
}

/// Paths that mean the same wherever they are read.
pub fn absolute(files: &[PathBuf]) -> Result<Vec<String>, CallError> {
    let absolute = |file: &Path| {
        std::path::absolute(file).map(|p| p.to_string_lossy().into_owned()).map_err(|error| {
            wrong_use(format!("{} is no path: {error}.", file.display()), "Name a file that can be read.")
        })
    };
    files.iter().map(|file| absolute(file)).collect()
}

pub async fn request_approval(desk: &Desk, release: &str, groups: Vec<String>) -> Result<Answer, CallError> {
    let groups = (!groups.is_empty()).then_some(groups);
    let request = json!({ "release": release, "action": "request_approval", "groups": groups });
    desk.call("releases.act", request).await.map(done)
}

/// The pending request that a record's number stands for, with the digest as it is shown now.
async fn request_of(desk: &Desk, record: &str) -> Result<(String, Value), CallError> {
    let upper = record.to_uppercase();
    let page = if upper.starts_with("REL-") {
        desk.call("releases.get", json!({ "release": record })).await?
    } else if record.len() == 36 && record.matches('-').count() == 4 {
        let inbox = desk.call("inbox.get", Value::Null).await?;
        let found = rows(&inbox, "/approvals").iter().find(|a| text(a, "/approval/id") == record);
        let digest = found.and_then(|a| a.pointer("/approval/digest").cloned()).unwrap_or_default();
        return Ok((record.to_owned(), digest));
    } else {
        desk.call("changes.get", json!({ "change": record })).await?
    };
    let all = rows(&page, "/approvals");
    let wanted = all.iter().rev().find(|a| text(a, "/state") == "pending").or_else(|| all.last());
    wanted
        .map(|a| (text(a, "/id"), a.get("digest").cloned().unwrap_or_default()))
        .ok_or_else(|| CallError::Refused { findings: vec![] })
}

async fn vote(desk: &Desk, action: &str, vote: Vote, reason: Option<String>) -> Result<Answer, CallError> {
    let (approval, digest) =
        request_of(desk, &vote.record).await.map_err(|error| nothing_asked(error, &vote.record))?;
    let request = json!({
        "approval": approval, "action": action, "digest": digest, "deny_reason": reason, "note": vote.note,
        "on_behalf_of": vote.on_behalf_of,
    });
    desk.call("approvals.act", request).await.map(done)
}

fn nothing_asked(error: CallError, record: &str) -> CallError {
    match error {
        CallError::Refused { findings } if findings.is_empty() => wrong_use(
            format!("No approval was asked for {record}."),
            "Ask for it first: slipwayctl release request-approval RELEASE",
        ),
        other => other,
    }
}

pub async fn approve(desk: &Desk, call: Vote) -> Result<Answer, CallError> {
    vote(desk, "approve", call, None).await
}

pub async fn deny(desk: &Desk, call: Deny) -> Result<Answer, CallError> {
    vote(desk, "deny", call.vote, Some(code(&call.reason))).await
}

pub async fn retract(desk: &Desk, call: Retract) -> Result<Answer, CallError> {
    let back = Vote { record: call.record, note: call.reason, on_behalf_of: None };
    vote(desk, "retract", back, None).await
}

pub async fn readiness(desk: &Desk, call: Readiness) -> Result<Answer, CallError> {
    let act = |action: &str, criterion: &str| {
        json!({
            "release": call.release, "action": action, "criterion": criterion, "note": call.note, "reason": call.note,
        })
    };
    if let Some(criterion) = &call.attest {
        return desk.call("releases.act", act("attest", criterion)).await.map(done);
    }
    if let Some(criterion) = &call.waive {
        return desk.call("releases.act", act("waive_criterion", criterion)).await.map(done);
    }
    if let Some(criterion) = &call.clear {
        return desk.call("releases.act", act("clear_criterion", criterion)).await.map(done);
    }
    let page = desk.call("releases.get", json!({ "release": call.release })).await?;
    let lines: Vec<Vec<String>> = rows(&page, "/readiness")
        .iter()
        .map(|c| vec![text(c, "/state"), text(c, "/code"), text(c, "/title"), text(c, "/why")])
        .collect();
    let readiness = page.get("readiness").cloned().unwrap_or_default();
    Ok(Answer::new(readiness, table(&["state", "criterion", "", "why"], &lines)))
}
