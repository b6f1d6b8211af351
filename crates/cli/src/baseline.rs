//! `slipwayctl baseline`: CIs as they were at a moment, under a name.

use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text};
use crate::when;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slipway_app::error::CallError;

#[derive(Subcommand)]
pub enum BaselineCall {
    /// List baselines, newest first. Example: slipwayctl baseline list
    List,
    /// Keep CIs as they are now, under a name. Example: slipwayctl baseline take "Payroll before the move" --service Payroll
    Take(Take),
    /// What differs between two baselines, or between one and now. Example: slipwayctl baseline compare "Payroll before the move"
    Compare {
        /// Name or id.
        first: String,
        /// Name or id; now when left out.
        second: Option<String>,
        /// At most so many CIs.
        #[arg(long)]
        limit: Option<u32>,
    },
    /// The CI update plan that brings CIs back to a baseline. Example: slipwayctl baseline propose "Payroll before the move" --into REL-000123
    Propose {
        /// Name or id.
        baseline: String,
        /// Only this CI; may be given several times.
        #[arg(long = "ci", value_name = "CI")]
        cis: Vec<String>,
        /// Put the plan into this release; without it, it is only shown.
        #[arg(long, value_name = "RELEASE")]
        into: Option<String>,
    },
}

/// What of.
#[derive(Args)]
#[group(id = "of", required = true, multiple = false)]
pub struct Of {
    /// What a filter finds, such as "class:server"; "" for every CI.
    #[arg(long)]
    filter: Option<String>,
    /// The members of a CI group.
    #[arg(long)]
    group: Option<String>,
    /// A service and everything that it needs.
    #[arg(long)]
    service: Option<String>,
    /// What stands at a site.
    #[arg(long)]
    site: Option<String>,
    /// A CI; may be given several times.
    #[arg(long = "ci", value_name = "CI")]
    cis: Option<Vec<String>>,
}

#[derive(Args)]
pub struct Take {
    /// Unique.
    name: String,
    #[command(flatten)]
    of: Of,
}

pub async fn run(desk: &Desk, call: BaselineCall) -> Result<Answer, CallError> {
    match call {
        BaselineCall::List => list(desk).await,
        BaselineCall::Take(Take { name, of }) => {
            let request = json!({
                "name": name, "filter": of.filter, "group": of.group, "service": of.service, "site": of.site, "cis": of.cis
            });
            desk.call("baselines.take", request).await.map(done)
        }
        BaselineCall::Compare { first, second, limit } => {
            let request = json!({ "first": first, "second": second, "limit": limit });
            desk.call("baselines.compare", request).await.map(compared)
        }
        BaselineCall::Propose { baseline, cis, into } => {
            let only = if cis.is_empty() { Value::Null } else { json!(cis) };
            let request = json!({ "baseline": baseline, "cis": only, "release": into });
            desk.call("baselines.restore", request).await.map(proposed)
        }
    }
}

async fn list(desk: &Desk) -> Result<Answer, CallError> {
    let list = desk.call("baselines.list", Value::Null).await?;
    let lines: Vec<Vec<String>> = rows(&list, "/baselines")
        .iter()
        .map(|b| {
            vec![text(b, "/name"), when::shown(at(b, "/at")), text(b, "/by/label"), text(b, "/members"), text(b, "/of")]
        })
        .collect();
    let shown = if lines.is_empty() {
        "no baseline was taken".to_owned()
    } else {
        table(&["baseline", "taken", "by", "CIs", "of"], &lines)
    };
    Ok(Answer::new(list, shown))
}

fn compared(found: Value) -> Answer {
    let said = |pointer: &str| text(&found, pointer);
    let mut out = vec![format!(
        "{} → {}: {} added, {} removed, {} changed, {} alike",
        said("/first/name"),
        said("/second/name"),
        said("/added"),
        said("/removed"),
        said("/changed"),
        said("/unchanged")
    )];
    let mut lines = Vec::new();
    for ci in rows(&found, "/cis") {
        let mut first = vec![text(ci, "/ci/label"), text(ci, "/became").replace('_', " ")];
        let parts = rows(ci, "/fields")
            .iter()
            .map(|f| [text(f, "/field"), text(f, "/was"), text(f, "/is")])
            .chain(rows(ci, "/relations").iter().map(|r| {
                let words = text(r, "/words");
                let (was, is) =
                    if at(r, "/added") == &Value::Bool(true) { (String::new(), words) } else { (words, String::new()) };
                ["relation".to_owned(), was, is]
            }))
            .collect::<Vec<_>>();
        if parts.is_empty() {
            lines.push(first);
            continue;
        }
        for part in parts {
            lines.push(first.iter().cloned().chain(part).collect());
            first = vec![String::new(), String::new()];
        }
    }
    if !lines.is_empty() {
        out.push(table(&["CI", "", "field", "was", "is"], &lines));
    }
    if at(&found, "/cut_off") == &Value::Bool(true) {
        out.push("More CIs differ; ask for a greater --limit.".to_owned());
    }
    Answer::new(found, out.join("\n"))
}

/// A plan line by line, its notes, and where it stands now.
pub fn proposed(proposal: Value) -> Answer {
    let lines: Vec<Vec<String>> = rows(&proposal, "/plan/rows")
        .iter()
        .map(|r| {
            ["/ci/label", "/what", "/field", "/before", "/after"].iter().map(|p| text(r, p).replace('_', " ")).collect()
        })
        .collect();
    let mut out = Vec::new();
    if !lines.is_empty() {
        out.push(table(&["CI", "what", "field", "before", "after"], &lines));
    }
    out.extend(rows(&proposal, "/plan/notes").iter().map(|note| text(note, "")));
    let release = text(&proposal, "/release/label");
    out.push(if release.is_empty() {
        "Nothing was changed; put it into a release with --into.".to_owned()
    } else {
        format!("In the CI update plan of {release} now.")
    });
    Answer::new(proposal, out.join("\n"))
}
