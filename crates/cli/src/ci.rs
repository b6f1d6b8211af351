//! `slipwayctl ci`: configuration items; and search over everything.

use crate::ci_impact::{ImpactCall, PathCall, RedundancyCall};
use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text, wrong_use};
use crate::release::{code, given};
use crate::when;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use slipway_app::error::CallError;

/// Columns of the list.
const LIST: &[(&str, &str)] = &[("class", "class"), ("version", "version"), ("environment", "environment")];

#[derive(Subcommand)]
pub enum CiCall {
    /// Show a CI with its relations, releases and changes, or its history. Example: slipwayctl ci show gw-1 --history
    Show {
        /// Name, CI-000001, serial number or asset tag; with --at also the id of one that is gone.
        ci: String,
        /// As it was then, and what differs now, such as "2026-11-20 08:00".
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Who changed what, when, from what to what.
        #[arg(long, conflicts_with = "at")]
        history: bool,
    },
    /// CIs that look alike and wait for a decision. Example: slipwayctl ci duplicates
    Duplicates {
        /// Only those of this CI.
        ci: Option<String>,
    },
    /// Two CIs are one: the second goes into the first. Example: slipwayctl ci merge web-01 web01 --take version
    Merge {
        /// The CI that stays.
        kept: String,
        /// The CI that goes.
        gone: String,
        /// A field that the first takes from the second; may be given several times.
        #[arg(long, value_name = "FIELD")]
        take: Vec<String>,
    },
    /// Make two of a merged CI again, while nothing else happened to it. Example: slipwayctl ci unmerge 0190…
    Unmerge {
        /// The id of the CI that went.
        gone: String,
    },
    /// Two CIs that look alike are two. Example: slipwayctl ci distinct web-01 web01 --reason "two racks"
    Distinct {
        /// One.
        first: String,
        /// The other.
        second: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Find CIs by words, numbers, serials. Example: slipwayctl ci find libssl
    Find {
        /// What to look for.
        text: Vec<String>,
        /// At most so many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// List CIs. Example: slipwayctl ci list class:server status:in_use
    List {
        /// Words and conditions, such as 'version>=9.4 or owner:me'.
        filter: Vec<String>,
    },
    /// What breaks when CIs fail, business services first. Example: slipwayctl ci impact sw-core-1
    Impact(ImpactCall),
    /// Why a CI breaks with another, or what it needs it for. Example: slipwayctl ci path sw-core-1 payroll
    Path(PathCall),
    /// CIs by place or by business service. Example: slipwayctl ci tree places "Bristol office" --depth 2
    Tree(crate::ci_tree::TreeCall),
    /// How many of its providers are enough for a CI.
    #[command(subcommand)]
    Redundancy(RedundancyCall),
    /// Photos of a CI.
    #[command(subcommand)]
    Photo(crate::ci_photo::PhotoCall),
    /// Create a CI. Example: slipwayctl ci new --name gw-1 --class server
    New(Box<New>),
    /// Set a field. Example: slipwayctl ci set gw-1 version 12.4
    Set {
        /// Name or number.
        ci: String,
        /// Such as version, model, location.rack, attributes.cores
        field: String,
        /// The new value; empty for none.
        value: String,
    },
    /// Set fields of many CIs. Example: slipwayctl ci edit --where class:server --set status=retired --dry-run
    Edit(crate::ci_edit::Edit),
    /// Undo steps of `ci edit`, as far as nobody changed the fields since. Example: slipwayctl ci undo 0198c1f0-…
    Undo {
        /// Steps, as the edit answered.
        #[arg(required = true)]
        steps: Vec<String>,
    },
    /// Move a CI to another status. Example: slipwayctl ci status gw-1 in-maintenance
    Status {
        /// Name or number.
        ci: String,
        /// Such as in-use, in-maintenance, retired.
        status: String,
    },
    /// Relate two CIs. Example: slipwayctl ci relate app-1 depends-on db-1
    Relate {
        /// Name or number.
        source: String,
        /// Such as depends-on, runs-on, contains; see: slipwayctl relation-type list
        relation: String,
        /// Name or number.
        target: String,
    },
    /// Remove a relation. Example: slipwayctl ci unrelate app-1 depends-on db-1
    Unrelate {
        /// Name or number.
        source: String,
        /// Such as depends-on, runs-on, contains; see: slipwayctl relation-type list
        relation: String,
        /// Name or number.
        target: String,
    },
}

/// A new CI.
#[derive(Args)]
pub struct New {
    /// Unique within its class.
    #[arg(long)]
    name: String,
    /// Such as server, application, service.
    #[arg(long)]
    class: String,
    /// Version.
    #[arg(long)]
    version: Option<String>,
    /// Maker.
    #[arg(long)]
    manufacturer: Option<String>,
    /// Model.
    #[arg(long)]
    model: Option<String>,
    /// Serial number.
    #[arg(long)]
    serial_number: Option<String>,
    /// Asset tag.
    #[arg(long)]
    asset_tag: Option<String>,
    /// Such as in-use.
    #[arg(long)]
    status: Option<String>,
    /// production, test or development.
    #[arg(long)]
    environment: Option<String>,
    /// critical, high, medium or low.
    #[arg(long)]
    criticality: Option<String>,
    /// NAME=VALUE; may be given several times.
    #[arg(long = "attribute")]
    attributes: Vec<String>,
    /// site=, building=, room=, rack=, u=, height= or face=VALUE; may be given several times.
    #[arg(long = "place")]
    place: Vec<String>,
}

pub async fn run(desk: &Desk, call: CiCall) -> Result<Answer, CallError> {
    match call {
        CiCall::Show { ci, at: None, history: false } => show(desk, &ci).await,
        CiCall::Show { ci, at: None, history: true } => history(desk, &ci).await,
        CiCall::Show { ci, at: Some(time), .. } => crate::ci_past::show(desk, &ci, &time).await,
        CiCall::Duplicates { ci } => crate::ci_past::duplicates(desk, ci).await,
        CiCall::Merge { kept, gone, take } => {
            let request = json!({ "action": "merge", "kept": kept, "gone": gone, "take": take });
            desk.call("duplicates.act", request).await.map(done)
        }
        CiCall::Unmerge { gone } => {
            desk.call("duplicates.act", json!({ "action": "undo_merge", "gone": gone })).await.map(done)
        }
        CiCall::Distinct { first, second, reason } => {
            let request = json!({ "action": "dismiss", "kept": first, "gone": second, "reason": reason });
            desk.call("duplicates.act", request).await.map(done)
        }
        CiCall::Find { text, limit } => search(desk, &text.join(" "), Some("ci"), limit).await,
        CiCall::List { filter } => desk.list("ci", &filter.join(" "), LIST).await,
        CiCall::Impact(call) => crate::ci_impact::impact(desk, call).await,
        CiCall::Path(call) => crate::ci_impact::path(desk, call).await,
        CiCall::Tree(call) => crate::ci_tree::tree(desk, call).await,
        CiCall::Redundancy(call) => crate::ci_impact::redundancy(desk, call).await,
        CiCall::Photo(call) => crate::ci_photo::run(desk, call).await,
        CiCall::New(new) => create(desk, *new).await,
        CiCall::Set { ci, field, value } => {
            let request = json!({ "ci": ci, "action": "set_field", "field": field, "to": value });
            desk.call("cmdb.act", request).await.map(done)
        }
        CiCall::Edit(call) => crate::ci_edit::edit(desk, call).await,
        CiCall::Undo { steps } => crate::ci_edit::undo(desk, &steps).await,
        CiCall::Status { ci, status } => {
            let request = json!({ "ci": ci, "action": "set_status", "status": code(&status) });
            desk.call("cmdb.act", request).await.map(done)
        }
        CiCall::Relate { source, relation, target } => relate(desk, "relate", source, &relation, target).await,
        CiCall::Unrelate { source, relation, target } => relate(desk, "unrelate", source, &relation, target).await,
    }
}

async fn relate(desk: &Desk, action: &str, ci: String, relation: &str, target: String) -> Result<Answer, CallError> {
    let request = json!({ "ci": ci, "action": action, "relation_type": code(relation), "target": target });
    desk.call("cmdb.act", request).await.map(done)
}

/// Records of every kind, or of one, by words.
pub async fn search(desk: &Desk, words: &str, kind: Option<&str>, limit: u32) -> Result<Answer, CallError> {
    let request = json!({ "text": words, "kinds": kind.map(|k| vec![k]), "limit": limit });
    let found = desk.call("search.records", request).await?;
    let lines: Vec<Vec<String>> = rows(&found, "/hits")
        .iter()
        .map(|hit| ["/kind", "/label", "/state", "/title"].iter().map(|at| text(hit, at)).collect())
        .collect();
    let shown =
        if lines.is_empty() { "nothing found".to_owned() } else { table(&["kind", "record", "state", ""], &lines) };
    Ok(Answer::new(found, shown))
}

async fn create(desk: &Desk, new: New) -> Result<Answer, CallError> {
    let mut request = Map::new();
    given(&mut request, "name", Some(json!(new.name)));
    given(&mut request, "class", Some(json!(new.class)));
    for (name, value) in [
        ("version", new.version),
        ("manufacturer", new.manufacturer),
        ("model", new.model),
        ("serial_number", new.serial_number),
        ("asset_tag", new.asset_tag),
    ] {
        given(&mut request, name, value.map(Value::from));
    }
    for (name, value) in [("status", new.status), ("environment", new.environment), ("criticality", new.criticality)] {
        given(&mut request, name, value.map(|v| json!(code(&v))));
    }
    for (field, pairs, prefix) in [("attributes", &new.attributes, ""), ("place", &new.place, "location.")] {
        let mut values = Map::new();
        for pair in pairs {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(wrong_use(format!("{pair:?} is no value."), "Write it as NAME=VALUE."));
            };
            values.insert(format!("{prefix}{name}"), json!(value));
        }
        given(&mut request, field, Some(values.into()));
    }
    desk.call("cmdb.create", request.into()).await.map(done)
}

async fn show(desk: &Desk, ci: &str) -> Result<Answer, CallError> {
    let page = desk.call("cmdb.get", json!({ "ci": ci })).await?;
    let mut out = vec![format!("{}  {}", text(&page, "/ci/number"), text(&page, "/ci/name"))];
    for field in [
        "class",
        "status",
        "environment",
        "criticality",
        "manufacturer",
        "model",
        "version",
        "serial_number",
        "asset_tag",
    ] {
        let value = text(&page, &format!("/ci/{field}"));
        if !value.is_empty() {
            out.push(format!("  {field:<14}{value}"));
        }
    }
    for field in rows(&page, "/form/attributes") {
        let (title, value, wrong) = (text(field, "/attribute/title"), text(field, "/shown"), text(field, "/wrong"));
        if !value.is_empty() {
            out.push(format!("  {title:<14}{value}"));
        }
        if !wrong.is_empty() {
            out.push(format!("    ! {wrong}"));
        }
    }
    let next: Vec<String> = rows(&page, "/next").iter().map(|next| text(next, "/label")).collect();
    out.push(format!(
        "  {:<14}{}",
        "can become",
        if next.is_empty() { "nothing else".into() } else { next.join(", ") }
    ));
    let relations: Vec<Vec<String>> =
        rows(&page, "/relations").iter().map(|r| vec![text(r, "/reads"), text(r, "/other/label")]).collect();
    if !relations.is_empty() {
        out.push(table(&["relation", ""], &relations));
    }
    Ok(Answer::new(page, out.join("\n")))
}

/// The history, newest first: a line for each step, and one for each field under it.
async fn history(desk: &Desk, ci: &str) -> Result<Answer, CallError> {
    let history = desk.call("cmdb.history", json!({ "ci": ci })).await?;
    let mut out = Vec::new();
    for line in rows(&history, "/lines") {
        let cause = text(line, "/cause/label");
        let cause = if cause.is_empty() { cause } else { format!(" ({cause})") };
        out.push(format!(
            "{}  {}  {}{cause}",
            when::shown(at(line, "/at")),
            text(line, "/by/label"),
            text(line, "/what")
        ));
        for relation in rows(line, "/relations") {
            out.push(format!("    relation {}", text(relation, "")));
        }
        for field in rows(line, "/fields") {
            let (from, to) = (text(field, "/from"), text(field, "/to"));
            out.push(format!("    {}: {from:?} -> {to:?}", text(field, "/title")));
        }
    }
    if out.is_empty() {
        out.push("Nothing was changed since its history is kept.".to_owned());
    }
    Ok(Answer::new(history, out.join("\n")))
}
