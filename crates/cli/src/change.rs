//! `slipwayctl change`: changes.

use crate::desk::Desk;
use crate::print::{Answer, done, rows, table, text};
use crate::release::{code, given};
use crate::when;
use clap::{Args, Subcommand};
use serde_json::{Map, json};
use slipway_app::error::CallError;

/// Columns of the list.
const LIST: &[(&str, &str)] = &[("kind", "kind"), ("risk", "risk"), ("release", "release")];

#[derive(Subcommand)]
pub enum ChangeCall {
    /// Register a change. Example: slipwayctl change new --title "Patch the gateway" --ci gw-1
    New(New),
    /// List changes. Example: slipwayctl change list state:approved
    List {
        /// Words and conditions, such as 'state:approved or owner:me'.
        filter: Vec<String>,
    },
    /// Show a change with what may be done. Example: slipwayctl change show CHG-000001
    Show {
        /// CHG-000001 or the foreign number.
        change: String,
    },
    /// What is planned for the same time on the same things. Example: slipwayctl change collisions CHG-000001
    Collisions {
        /// CHG-000001 or the foreign number.
        change: String,
    },
    /// What a change affects beside what it names, and the risk of that. Example: slipwayctl change weigh CHG-000001
    Weigh {
        /// CHG-000001 or the foreign number.
        change: String,
    },
    /// Do an action; without one: what may be done, and why not. Example: slipwayctl change do CHG-000001 assess
    Do {
        /// CHG-000001 or the foreign number.
        change: String,
        /// assess, request-approval, withdraw-approval, reconsider, implement, review, close or cancel.
        action: Option<String>,
        /// Why.
        #[arg(long)]
        reason: Option<String>,
        /// successful, successful-with-problems or failed: for review.
        #[arg(long)]
        outcome: Option<String>,
        /// Groups to ask instead of the rule's.
        #[arg(long = "group")]
        groups: Vec<String>,
    },
}

/// A new change.
#[derive(Args)]
pub struct New {
    /// In a line.
    #[arg(long)]
    title: String,
    /// In full.
    #[arg(long, default_value = "")]
    description: String,
    /// Such as software, hardware, network.
    #[arg(long, default_value = "")]
    category: String,
    /// standard, normal or emergency.
    #[arg(long)]
    kind: Option<String>,
    /// Why.
    #[arg(long, default_value = "")]
    reason: String,
    /// enterprise, site/department, multiple users or user.
    #[arg(long)]
    impact: Option<String>,
    /// critical, high, average or low.
    #[arg(long)]
    urgency: Option<String>,
    /// Affected CI; may be given several times.
    #[arg(long = "ci")]
    cis: Vec<String>,
    /// Affected service; may be given several times.
    #[arg(long = "service")]
    services: Vec<String>,
    /// "2026-11-28 22:00..2026-11-29 02:00"
    #[arg(long)]
    planned: Option<String>,
}

pub async fn run(desk: &Desk, call: ChangeCall) -> Result<Answer, CallError> {
    match call {
        ChangeCall::New(new) => create(desk, new).await,
        ChangeCall::List { filter } => desk.list("change", &filter.join(" "), LIST).await,
        ChangeCall::Show { change } => show(desk, &change).await,
        ChangeCall::Collisions { change } => {
            crate::ci_impact::collisions(desk, serde_json::json!({ "change": change })).await
        }
        ChangeCall::Weigh { change } => crate::ci_impact::weigh(desk, &change).await,
        ChangeCall::Do { change, action: None, .. } => show(desk, &change).await,
        ChangeCall::Do { change, action: Some(action), reason, outcome, groups } => {
            let groups = (!groups.is_empty()).then_some(groups);
            let request = json!({
                "change": change, "action": code(&action), "reason": reason, "outcome": outcome.map(|o| code(&o)),
                "groups": groups,
            });
            desk.call("changes.act", request).await.map(done)
        }
    }
}

async fn create(desk: &Desk, new: New) -> Result<Answer, CallError> {
    let mut request = Map::new();
    for (name, value) in [
        ("title", json!(new.title)),
        ("description", json!(new.description)),
        ("category", json!(new.category)),
        ("reason", json!(new.reason)),
        ("cis", json!(new.cis)),
        ("services", json!(new.services)),
    ] {
        given(&mut request, name, Some(value));
    }
    for (name, value) in [("kind", new.kind), ("impact", new.impact), ("urgency", new.urgency)] {
        given(&mut request, name, value.map(|v| json!(code(&v))));
    }
    if let Some(planned) = new.planned {
        given(&mut request, "planned", Some(when::window(&planned)?));
    }
    desk.call("changes.create", request.into()).await.map(done)
}

async fn show(desk: &Desk, change: &str) -> Result<Answer, CallError> {
    let page = desk.call("changes.get", json!({ "change": change })).await?;
    let mut out = vec![
        format!("{}  {}", text(&page, "/change/number"), text(&page, "/change/title")),
        format!("{} · {}", text(&page, "/pill/label"), text(&page, "/change/kind")),
    ];
    let cis: Vec<Vec<String>> =
        rows(&page, "/cis").iter().map(|c| vec![text(c, "/label"), text(c, "/state"), text(c, "/title")]).collect();
    if !cis.is_empty() {
        out.push(table(&["CI", "status", ""], &cis));
    }
    out.push(crate::release::actions(&page));
    Ok(Answer::new(page, out.join("\n")))
}
