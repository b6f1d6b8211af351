//! Editing a release: fields, scope, plans. Every value is sent with what was seen, so that a colleague's edit in between
//! is noticed and not overwritten.

use super::act::code;
use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text, wrong_use};
use crate::when;
use clap::Args;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

/// Fields and scope of a release.
#[derive(Args)]
pub struct Edit {
    /// REL-000001
    release: String,
    /// In a line.
    #[arg(long)]
    title: Option<String>,
    /// In full.
    #[arg(long)]
    description: Option<String>,
    /// Why it is made.
    #[arg(long)]
    reason: Option<String>,
    /// hardware or software.
    #[arg(long = "type")]
    release_type: Option<String>,
    /// major, minor or emergency.
    #[arg(long)]
    class: Option<String>,
    /// full, delta or package.
    #[arg(long)]
    packaging: Option<String>,
    /// enterprise, site/department, multiple users or user.
    #[arg(long)]
    impact: Option<String>,
    /// critical, high, average or low.
    #[arg(long)]
    urgency: Option<String>,
    /// Impact assessment: high, medium or low.
    #[arg(long)]
    assessment: Option<String>,
    /// Assessment note: importance and value.
    #[arg(long)]
    note: Option<String>,
    /// very low, low, medium, high or very high.
    #[arg(long)]
    risk: Option<String>,
    /// Ask for the Training phase, saying why.
    #[arg(long)]
    ask_training: Option<String>,
    /// Affected CI, by name or number; may be given several times.
    #[arg(long)]
    add_ci: Vec<String>,
    /// A CI that is not affected after all.
    #[arg(long)]
    remove_ci: Vec<String>,
    /// Business service.
    #[arg(long)]
    add_service: Vec<String>,
    /// A service that is not affected after all.
    #[arg(long)]
    remove_service: Vec<String>,
    /// DSL item as a component, by number.
    #[arg(long)]
    add_item: Vec<String>,
    /// DSL item that is no component after all.
    #[arg(long)]
    remove_item: Vec<String>,
    /// DHS unit as a component, by number or serial.
    #[arg(long)]
    add_unit: Vec<String>,
    /// DHS unit that is no component after all.
    #[arg(long)]
    remove_unit: Vec<String>,
    /// All targets: environments, sites or deployment groups.
    #[arg(long = "target")]
    targets: Vec<String>,
    /// "2026-11-28 08:00..2026-11-28 18:00"
    #[arg(long)]
    build_window: Option<String>,
    /// "2026-11-28 22:00..2026-11-29 02:00"
    #[arg(long)]
    rollout_window: Option<String>,
    /// Whole units of the workspace's currency.
    #[arg(long)]
    estimated_cost: Option<u32>,
    /// Whole units of the workspace's currency.
    #[arg(long)]
    actual_cost: Option<u32>,
}

/// The steps of a plan.
#[derive(Args)]
pub struct Plan {
    /// REL-000001
    release: String,
    /// rollout, back-out, test, training, support or risk-management; without it: all plans are shown.
    plan: Option<String>,
    /// A step; all steps in order replace the plan.
    #[arg(long = "step")]
    steps: Vec<String>,
    /// Sign-in name of who does the steps; you, if not given.
    #[arg(long)]
    owner: Option<String>,
    /// Minutes of each step.
    #[arg(long, default_value_t = 15)]
    minutes: u32,
}

pub async fn edit(desk: &Desk, edit: Edit) -> Result<Answer, CallError> {
    let page = desk.call("releases.get", json!({ "release": edit.release })).await?;
    let mut edits = Vec::new();
    let seen = |field: &str| page.pointer(&format!("/release/{field}")).cloned().unwrap_or_default();
    for (name, field, value) in [
        ("title", "title", edit.title.map(Value::from)),
        ("description", "description", edit.description.map(Value::from)),
        ("reason", "reason", edit.reason.map(Value::from)),
        ("type", "release_type", edit.release_type.map(|v| json!(code(&v)))),
        ("class", "class", edit.class.map(|v| json!(code(&v)))),
        ("packaging", "packaging", edit.packaging.map(|v| json!(code(&v)))),
        ("impact", "impact", edit.impact.map(|v| json!(code(&v)))),
        ("urgency", "urgency", edit.urgency.map(|v| json!(code(&v)))),
        ("impact_assessment", "impact_assessment", edit.assessment.map(|v| json!(code(&v)))),
        ("assessment_note", "assessment_note", edit.note.map(Value::from)),
        ("risk", "risk", edit.risk.map(|v| json!(code(&v)))),
        ("estimated_cost", "costs/estimated", edit.estimated_cost.map(Value::from)),
        ("actual_cost", "costs/actual", edit.actual_cost.map(Value::from)),
    ] {
        if let Some(to) = value {
            edits.push(json!({ name: { "from": seen(field), "to": to } }));
        }
    }
    if let Some(reason) = edit.ask_training {
        edits.push(json!({ "ask_training": reason }));
    }
    for (name, given) in [
        ("add_ci", &edit.add_ci),
        ("remove_ci", &edit.remove_ci),
        ("add_service", &edit.add_service),
        ("remove_service", &edit.remove_service),
    ] {
        for ci in given {
            let found = desk.call("cmdb.get", json!({ "ci": ci })).await?;
            edits.push(json!({ name: at(&found, "/ci/id") }));
        }
    }
    for (name, given) in [("add_component", &edit.add_item), ("remove_component", &edit.remove_item)] {
        for item in given {
            let found = desk.call("dsl.get", json!({ "item": item })).await?;
            edits.push(json!({ name: { "dsl_item": at(&found, "/item/id") } }));
        }
    }
    for (name, given) in [("add_component", &edit.add_unit), ("remove_component", &edit.remove_unit)] {
        for unit in given {
            let found = desk.call("dhs.get", json!({ "unit": unit })).await?;
            edits.push(json!({ name: { "dhs_unit": at(&found, "/unit/id") } }));
        }
    }
    if !edit.targets.is_empty() {
        let to: Vec<Value> = edit.targets.iter().map(|name| json!({ "name": name, "site": null })).collect();
        edits.push(json!({ "targets": { "from": seen("scope/targets"), "to": to } }));
    }
    for (name, given) in [("build_window", edit.build_window), ("rollout_window", edit.rollout_window)] {
        if let Some(window) = given {
            let from = seen(&format!("scope/{name}"));
            edits.push(json!({ name: { "from": from, "to": when::window(&window)? } }));
        }
    }
    if edits.is_empty() {
        return Err(wrong_use("Nothing to change was named.", "See: slipwayctl release edit --help"));
    }
    send(desk, &page, edits).await
}

pub async fn attach(desk: &Desk, release: &str, changes: &[String]) -> Result<Answer, CallError> {
    let mut last = None;
    for change in changes {
        let request = json!({ "release": release, "action": "attach_change", "change": change });
        last = Some(desk.call("releases.act", request).await?);
    }
    Ok(done(last.unwrap_or_default()))
}

pub async fn detach(desk: &Desk, release: &str, change: &str) -> Result<Answer, CallError> {
    let request = json!({ "release": release, "action": "detach_change", "change": change });
    desk.call("releases.act", request).await.map(done)
}

pub async fn plan(desk: &Desk, plan: Plan) -> Result<Answer, CallError> {
    let page = desk.call("releases.get", json!({ "release": plan.release })).await?;
    let Some(kind) = plan.plan.map(|k| code(&k)) else {
        return Ok(plans(&page));
    };
    if plan.steps.is_empty() {
        return Err(wrong_use("No step was given.", "Give each step with --step \"what is done\"."));
    }
    let people = desk.call("people.list", Value::Null).await?;
    let owner = match &plan.owner {
        None => desk.me().await?,
        Some(user) => rows(&people, "/people")
            .iter()
            .find(|p| text(p, "/user") == *user)
            .map(|p| text(p, "/id"))
            .ok_or_else(|| wrong_use(format!("There is nobody called {user:?} here."), "See: slipwayctl people"))?,
    };
    let from = page.pointer(&format!("/release/scope/plans/{kind}")).cloned().unwrap_or_else(|| json!([]));
    let to: Vec<Value> =
        plan.steps.iter().map(|step| json!({ "text": step, "owner": owner, "minutes": plan.minutes })).collect();
    send(desk, &page, vec![json!({ "plan": { "plan": kind, "steps": { "from": from, "to": to } } })]).await
}

pub async fn ci_plan(desk: &Desk, release: &str, propose: bool, file: Option<PathBuf>) -> Result<Answer, CallError> {
    let page = desk.call("releases.get", json!({ "release": release })).await?;
    let updates = if propose {
        let proposed = desk.call("releases.propose_ci_plan", json!({ "release": release })).await?;
        proposed.get("updates").cloned().unwrap_or_default()
    } else if let Some(file) = file {
        let shown = file.display();
        let read = std::fs::read_to_string(&file);
        let read = read.map_err(|e| wrong_use(format!("{shown} cannot be read: {e}."), "Name a readable file."))?;
        serde_json::from_str(&read).map_err(|e| {
            wrong_use(format!("{shown} is no JSON list of updates: {e}."), "See the plan in: release page")
        })?
    } else {
        let lines: Vec<Vec<String>> = rows(&page, "/ci_plan")
            .iter()
            .map(|r| {
                ["/what", "/ci/label", "/field", "/before", "/after", "/now"].iter().map(|at| text(r, at)).collect()
            })
            .collect();
        let plan = page.get("ci_plan").cloned().unwrap_or_default();
        return Ok(Answer::new(plan, table(&["what", "CI", "field", "expected", "will be", "is now"], &lines)));
    };
    let from = page.pointer("/release/scope/ci_plan").cloned().unwrap_or_else(|| json!([]));
    send(desk, &page, vec![json!({ "ci_plan": { "from": from, "to": updates } })]).await
}

fn plans(page: &Value) -> Answer {
    let plans = page.pointer("/release/scope/plans").cloned().unwrap_or_default();
    let mut lines = Vec::new();
    for (kind, steps) in plans.as_object().into_iter().flatten() {
        for (n, step) in steps.as_array().into_iter().flatten().enumerate() {
            let owner = step.get("owner").map_or_else(String::new, |o| {
                let id = o.as_str().unwrap_or_default();
                page.pointer(&format!("/names/{id}")).map_or_else(String::new, |name| text(name, ""))
            });
            lines.push(vec![kind.clone(), (n + 1).to_string(), text(step, "/minutes"), owner, text(step, "/text")]);
        }
    }
    Answer::new(plans, table(&["plan", "step", "minutes", "owner", ""], &lines))
}

async fn send(desk: &Desk, page: &Value, edits: Vec<Value>) -> Result<Answer, CallError> {
    let command = json!({ "release": [at(page, "/release/id"), { "edit": edits }] });
    desk.call("issue", json!({ "command": command })).await.map(done)
}

/// A line of the CI update plan.
#[derive(Args)]
pub struct PlanLine {
    /// REL-000001
    release: String,
    /// create, set-field, set-status, retire, add-relation or remove-relation.
    what: String,
    /// The CI; for create none.
    #[arg(long)]
    ci: Option<String>,
    /// create: its name.
    #[arg(long)]
    name: Option<String>,
    /// create: its class.
    #[arg(long)]
    class: Option<String>,
    /// create: its version.
    #[arg(long)]
    version: Option<String>,
    /// create, set-status: such as in-maintenance.
    #[arg(long)]
    status: Option<String>,
    /// set-field: such as version.
    #[arg(long)]
    field: Option<String>,
    /// set-field: the value it shall have.
    #[arg(long)]
    to: Option<String>,
    /// Relations: such as runs-on.
    #[arg(long)]
    relation: Option<String>,
    /// Relations: the CI at the other end.
    #[arg(long)]
    target: Option<String>,
}

pub async fn plan_line(desk: &Desk, line: PlanLine) -> Result<Answer, CallError> {
    let request = json!({
        "release": line.release,
        "what": line.what,
        "ci": line.ci,
        "name": line.name,
        "class": line.class,
        "version": line.version,
        "status": line.status.map(|status| code(&status)),
        "field": line.field,
        "to": line.to,
        "relation_type": line.relation.map(|relation| code(&relation)),
        "target": line.target,
    });
    desk.call("releases.plan_line", request).await.map(done)
}
