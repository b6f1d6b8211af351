//! `slipwayctl ci edit` and `ci undo`: fields of many CIs at once, in steps of at most 500.

use crate::desk::{Desk, wrong_filter};
use crate::print::{Answer, rows, table, text, wrong_use};
use clap::Args;
use serde_json::{Value, json};
use slipway_app::error::CallError;

/// CIs in one step.
const STEP: usize = 500;
/// Most lines of a preview; the rest is counted.
const LISTED: usize = 200;

/// Which CIs, and what is set.
#[derive(Args)]
pub struct Edit {
    /// A filter, such as 'class:server site:rotterdam version<9.4'.
    #[arg(long = "where")]
    filter: String,
    /// FIELD=VALUE; may be given several times. Empty for no value.
    #[arg(long, required = true)]
    set: Vec<String>,
    /// Shows every CI before and after, and does nothing.
    #[arg(long)]
    dry_run: bool,
}

pub async fn edit(desk: &Desk, call: Edit) -> Result<Answer, CallError> {
    let mut set = Vec::new();
    for pair in &call.set {
        let Some((field, to)) = pair.split_once('=') else {
            return Err(wrong_use(format!("{pair:?} sets nothing."), "Write it as FIELD=VALUE."));
        };
        set.push(json!({ "field": field, "to": to }));
    }
    let open = desk.call("lists.open", json!({ "kind": "ci", "filter": call.filter })).await?;
    if let Some(error) = open.pointer("/error").filter(|error| !error.is_null()) {
        return Err(wrong_filter(&call.filter, error));
    }
    let looked_at = text(&open, "/looked_at");
    let ids = rows(&open, "/ids");
    if !looked_at.is_empty() || text(&open, "/total") != ids.len().to_string() {
        return Err(wrong_use(
            "The filter does not name all it may mean: not every CI could be looked at.",
            "Add class:, status:, name: or a word, so that an index finds them.",
        ));
    }
    let mut reports = Vec::new();
    for (n, step) in ids.chunks(STEP).enumerate() {
        let request = json!({ "cis": step, "set": set, "dry_run": call.dry_run });
        match desk.call("cmdb.edit_many", request).await {
            Ok(report) => reports.push(report),
            // What is done stays done and can be undone: it is said before why the rest was not.
            Err(error) if n > 0 => {
                let mut answer = told(&reports, call.dry_run);
                answer.text.push_str(&format!("\nThe rest was left: {error}"));
                answer.partly_refused = true;
                return Ok(answer);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(told(&reports, call.dry_run))
}

pub async fn undo(desk: &Desk, commands: &[String]) -> Result<Answer, CallError> {
    let mut reports = Vec::new();
    for command in commands.iter().rev() {
        reports.push(desk.call("cmdb.undo_edit", json!({ "command": command })).await?);
    }
    Ok(told(&reports, false))
}

fn told(reports: &[Value], dry_run: bool) -> Answer {
    let all: Vec<&Value> = reports.iter().flat_map(|report| rows(report, "/rows")).collect();
    let mut lines = Vec::new();
    for row in &all {
        for change in rows(row, "/changes") {
            let said = |at: &str| text(change, at);
            lines.push(vec![text(row, "/label"), said("/field"), said("/was"), said("/is")]);
        }
        for reason in rows(row, "/refused") {
            lines.push(vec![text(row, "/label"), "refused".to_owned(), text(reason, ""), String::new()]);
        }
    }
    let sum = |at: &str| -> u64 { reports.iter().filter_map(|r| r.pointer(at).and_then(Value::as_u64)).sum() };
    let (changed, unchanged, refused) = (sum("/changed"), sum("/unchanged"), sum("/refused"));
    let mut out = Vec::new();
    let more = lines.len().saturating_sub(LISTED);
    lines.truncate(LISTED);
    if !lines.is_empty() {
        out.push(table(&["CI", "field", "before", "after"], &lines));
    }
    if more > 0 {
        out.push(format!("… and {more} more lines"));
    }
    let would = if dry_run { "would be " } else { "" };
    out.push(format!("{changed} {would}changed, {unchanged} as wanted, {refused} refused"));
    let commands: Vec<String> = reports.iter().map(|r| text(r, "/command")).filter(|c| !c.is_empty()).collect();
    if !commands.is_empty() {
        out.push(format!("undo: slipwayctl ci undo {}", commands.join(" ")));
    }
    let json =
        json!({ "rows": all, "changed": changed, "unchanged": unchanged, "refused": refused, "commands": commands });
    Answer { partly_refused: refused > 0, ..Answer::new(json, out.join("\n")) }
}
