//! `slipwayctl release runbook`, `rehearse` and `take-rehearsed`: the rollout as a timed plan.

use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text};
use crate::transfer::whole;
use crate::when::shown;
use clap::Args;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

/// The runbook of a release.
#[derive(Args)]
pub struct Runbook {
    /// REL-000001
    release: String,
    /// A file to write it to: .pdf or .md.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// A rehearsed step.
#[derive(Args)]
pub struct Rehearse {
    /// REL-000001-T03
    task: String,
    /// How long it took.
    minutes: u32,
    /// Remark.
    #[arg(long, default_value = "")]
    note: String,
}

pub async fn show(desk: &Desk, call: Runbook) -> Result<Answer, CallError> {
    if let Some(output) = &call.output {
        let path = whole(output)?;
        let made = desk.call("releases.runbook_paper", json!({ "release": call.release, "path": path })).await?;
        return Ok(Answer::new(made, format!("wrote {}", output.display())));
    }
    let book = desk.call("releases.runbook", json!({ "release": call.release })).await?;
    let said = lines(&book);
    Ok(Answer::new(book, said))
}

pub async fn rehearse(desk: &Desk, call: Rehearse) -> Result<Answer, CallError> {
    let request = json!({ "task": call.task, "action": "rehearse", "minutes": call.minutes, "note": call.note });
    desk.call("tasks.act", request).await.map(done)
}

pub async fn take_rehearsed(desk: &Desk, release: &str) -> Result<Answer, CallError> {
    desk.call("releases.take_rehearsed", json!({ "release": release })).await.map(done)
}

/// The steps as a table, with what stands above them.
fn lines(book: &Value) -> String {
    let mut out = vec![format!("{}  {}", text(book, "/number"), text(book, "/title"))];
    let span = |name: &str| {
        format!("{} to {}", shown(at(book, &format!("/{name}/start"))), shown(at(book, &format!("/{name}/end"))))
    };
    if !at(book, "/planned").is_null() {
        out.push(format!("planned   {}", span("planned")));
        out.push(format!("expected  {}{}", span("forecast"), late(at(book, "/late_minutes"))));
    }
    let after = at(book, "/after_window_minutes").as_i64().unwrap_or(0);
    if after > 0 {
        out.push(format!("ends {after} min after the rollout window"));
    }
    if let Some(hold) = rows(book, "/holds").iter().find(|hold| at(hold, "/until").is_null()) {
        out.push(format!(
            "on hold since {} by {}: {}",
            shown(at(hold, "/at")),
            text(hold, "/by/label"),
            text(hold, "/reason")
        ));
    }
    out.push(String::new());
    let steps: Vec<Vec<String>> = rows(book, "/steps").iter().map(step).collect();
    let head = ["step", "state", "planned", "min", "expected end", "", "slack", "assignee", "title"];
    out.push(if steps.is_empty() {
        "no step yet: slipwayctl release do plan-runbook makes them from the templates".to_owned()
    } else {
        table(&head, &steps)
    });
    out.join("\n")
}

fn step(step: &Value) -> Vec<String> {
    let critical = *at(step, "/critical") == true;
    let slack = at(step, "/slack_minutes").as_i64().unwrap_or(0);
    vec![
        text(step, "/task/number"),
        text(step, "/task/pill/label"),
        shown(at(step, "/planned/start")),
        text(step, "/task/planned_minutes"),
        shown(at(step, "/forecast/end")),
        late(at(step, "/late_minutes")).trim().to_owned(),
        if critical {
            "critical".to_owned()
        } else if slack > 0 {
            format!("{slack} min")
        } else {
            String::new()
        },
        text(step, "/task/assignee_label"),
        text(step, "/task/title"),
    ]
}

/// Later or earlier than planned, in words; nothing where it is on time.
fn late(minutes: &Value) -> String {
    match minutes.as_i64().unwrap_or(0) {
        0 => String::new(),
        late if late > 0 => format!("  {late} min late"),
        early => format!("  {} min early", early.unsigned_abs()),
    }
}
