//! Showing releases.

use crate::desk::Desk;
use crate::print::{Answer, at, rows, table, text};
use crate::when::shown;
use serde_json::{Value, json};
use slipway_app::error::CallError;

/// Columns of the list: cells of the row, with their heads.
pub const LIST: &[(&str, &str)] = &[("phase", "phase"), ("type", "type"), ("class", "class"), ("manager", "manager")];

/// The whole page, as the window gets it.
pub async fn page(desk: &Desk, release: &str) -> Result<Answer, CallError> {
    let page = desk.call("releases.get", json!({ "release": release })).await?;
    let pretty = format!("{page:#}");
    Ok(Answer::new(page, pretty))
}

/// What a person wants to know first.
pub async fn show(desk: &Desk, release: &str) -> Result<Answer, CallError> {
    let page = desk.call("releases.get", json!({ "release": release })).await?;
    let mut out = vec![
        format!("{}  {}", text(&page, "/release/number"), text(&page, "/release/title")),
        format!("{} · {}", text(&page, "/release/phase"), text(&page, "/pill/label")),
        rail(&page),
        format!("scope digest {}", text(&page, "/digest")),
    ];
    section(&mut out, "changes", rows(&page, "/changes").iter().map(line));
    section(&mut out, "services", rows(&page, "/services").iter().map(line));
    let components = rows(&page, "/components");
    section(
        &mut out,
        "components",
        components.iter().map(|c| format!("{}  {}", text(c, "/label"), text(c, "/pill/label"))),
    );
    section(&mut out, "CI update plan", rows(&page, "/ci_plan").iter().map(plan_line));
    let approvals = rows(&page, "/approvals");
    section(
        &mut out,
        "approvals",
        approvals.iter().map(|a| {
            format!("{}  {}  due {}", text(a, "/gate_label"), text(a, "/pill/label"), shown(at(a, "/due_at")))
        }),
    );
    out.push(String::new());
    out.push(actions(&page));
    Ok(Answer::new(page, out.join("\n")))
}

/// The tasks as a table.
pub async fn tasks(desk: &Desk, release: &str) -> Result<Answer, CallError> {
    let page = desk.call("releases.get", json!({ "release": release })).await?;
    let tasks = page.get("tasks").cloned().unwrap_or_default();
    let lines: Vec<Vec<String>> = rows(&page, "/tasks")
        .iter()
        .map(|t| {
            let mandatory = if *at(t, "/mandatory") == true { "mandatory" } else { "" };
            vec![
                text(t, "/number"),
                text(t, "/phase"),
                text(t, "/pill/label"),
                mandatory.to_owned(),
                text(t, "/assignee_label"),
                text(t, "/title"),
            ]
        })
        .collect();
    Ok(Answer::new(tasks, table(&["task", "phase", "state", "", "assignee", "title"], &lines)))
}

/// What may be done now, and why not.
pub fn actions(page: &Value) -> String {
    let mut out = Vec::new();
    for action in rows(page, "/actions") {
        let code = text(action, "/action").replace('_', "-");
        if *at(action, "/allowed") == true {
            out.push(format!("✓ {code}: {}", text(action, "/title")));
        } else {
            out.push(format!("✗ {code}: {}", text(action, "/title")));
            out.extend(
                rows(action, "/findings")
                    .iter()
                    .map(|f| format!("    {} {}", text(f, "/sentence"), text(f, "/way_out"))),
            );
        }
    }
    out.join("\n")
}

fn rail(page: &Value) -> String {
    let mark = |state: &str| match state {
        "done" => "✓",
        "current" => "◐",
        "blocked" => "✗",
        "skipped" => "┄",
        _ => "○",
    };
    let steps: Vec<String> =
        rows(page, "/rail").iter().map(|s| format!("{} {}", mark(&text(s, "/state")), text(s, "/label"))).collect();
    steps.join(" ─ ")
}

fn line(row: &Value) -> String {
    format!("{}  {}  {}", text(row, "/label"), text(row, "/state"), text(row, "/title"))
}

fn plan_line(row: &Value) -> String {
    let (ci, field) = (text(row, "/ci/label"), text(row, "/field"));
    format!("{ci} {field}: {} → {}", text(row, "/before"), text(row, "/after"))
}

fn section(out: &mut Vec<String>, title: &str, lines: impl Iterator<Item = String>) {
    let lines: Vec<String> = lines.map(|l| format!("  {l}")).collect();
    if !lines.is_empty() {
        out.push(format!("{title}:"));
        out.extend(lines);
    }
}
