//! `slipwayctl ci impact`, `path` and `redundancy`: what breaks with CIs, why, and what is spared.

use crate::desk::Desk;
use crate::print::{Answer, done, rows, table, text};
use crate::release::code;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slipway_app::error::CallError;

/// Which impact.
#[derive(Args)]
pub struct ImpactCall {
    /// Names or numbers.
    #[arg(required = true)]
    cis: Vec<String>,
    #[command(flatten)]
    way: Way,
    /// Over at most so many relations.
    #[arg(long)]
    depth: Option<u32>,
    /// The first line, from 0.
    #[arg(long)]
    from: Option<u32>,
    /// At most so many lines.
    #[arg(long)]
    limit: Option<u32>,
}

/// Where to look.
#[derive(Args)]
pub struct Way {
    /// What they need to work, instead of what breaks with them.
    #[arg(long)]
    upstream: bool,
    /// Along this relation only, such as runs-on; may be given several times.
    #[arg(long = "relation")]
    relations: Vec<String>,
}

impl Way {
    fn direction(&self) -> &'static str {
        if self.upstream { "upstream" } else { "downstream" }
    }

    fn types(&self) -> Option<Vec<String>> {
        (!self.relations.is_empty()).then(|| self.relations.iter().map(|relation| code(relation)).collect())
    }
}

/// Which path.
#[derive(Args)]
pub struct PathCall {
    /// The CI that fails, or with --upstream the one that needs the other.
    of: String,
    /// The CI at the other end.
    to: String,
    #[command(flatten)]
    way: Way,
}

#[derive(Subcommand)]
pub enum RedundancyCall {
    /// Rules about a CI, and what it needs directly. Example: slipwayctl ci redundancy list payroll
    List {
        /// Name or number.
        ci: String,
    },
    /// So many of these are enough. Example: slipwayctl ci redundancy set payroll --enough 2 db-1 db-2 db-3
    Set {
        /// The CI that needs them.
        ci: String,
        /// How many of them have to be up.
        #[arg(long)]
        enough: u32,
        /// What it needs some of; as before when a rule is changed and none is named.
        providers: Vec<String>,
        /// The rule to change, as `list` shows it.
        #[arg(long, value_name = "ID")]
        rule: Option<String>,
    },
    /// Remove a rule. Example: slipwayctl ci redundancy remove 0198c1f0-…
    Remove {
        /// The rule, as `list` shows it.
        rule: String,
    },
}

pub async fn impact(desk: &Desk, call: ImpactCall) -> Result<Answer, CallError> {
    let request = json!({
        "cis": call.cis,
        "direction": call.way.direction(),
        "depth": call.depth,
        "types": call.way.types(),
        "from": call.from,
        "limit": call.limit,
    });
    let found = desk.call("cmdb.impact", request).await?;
    let lines: Vec<Vec<String>> = rows(&found, "/lines")
        .iter()
        .map(|line| ["/ci/label", "/ci/cells/class", "/depth", "/path"].iter().map(|at| text(line, at)).collect())
        .collect();
    let mut out =
        vec![format!("{} CIs reached, {} business services.", text(&found, "/reached"), text(&found, "/services"))];
    if !lines.is_empty() {
        out.push(table(&["CI", "class", "steps", "because"], &lines));
    }
    for standing in rows(&found, "/spared") {
        let said = |at: &str| text(standing, at);
        out.push(format!(
            "Spared: {} holds with {} of {} down; {} are enough.",
            said("/name"),
            said("/down"),
            said("/members"),
            said("/enough")
        ));
    }
    if found.pointer("/cut_off") == Some(&Value::Bool(true)) {
        out.push("More lies beyond; ask for a greater --depth.".to_owned());
    }
    Ok(Answer::new(found, out.join("\n")))
}

pub async fn path(desk: &Desk, call: PathCall) -> Result<Answer, CallError> {
    let request = json!({
        "cis": [call.of],
        "to": call.to,
        "direction": call.way.direction(),
        "types": call.way.types(),
    });
    let found = desk.call("cmdb.impact_path", request).await?;
    let shown = text(&found, "/text");
    Ok(Answer::new(found, shown))
}

pub async fn redundancy(desk: &Desk, call: RedundancyCall) -> Result<Answer, CallError> {
    match call {
        RedundancyCall::List { ci } => list(desk, &ci).await,
        RedundancyCall::Set { ci, enough, providers, rule } => {
            let request = json!({ "action": "put", "rule": rule, "ci": ci, "providers": providers, "enough": enough });
            desk.call("redundancy.act", request).await.map(done)
        }
        RedundancyCall::Remove { rule } => {
            desk.call("redundancy.act", json!({ "action": "remove", "rule": rule })).await.map(done)
        }
    }
}

async fn list(desk: &Desk, ci: &str) -> Result<Answer, CallError> {
    let found = desk.call("redundancy.list", json!({ "ci": ci })).await?;
    let names = |of: &Value, at: &str| -> String {
        rows(of, at).iter().map(|row| text(row, "/label")).collect::<Vec<_>>().join(", ")
    };
    let lines: Vec<Vec<String>> = rows(&found, "/rules")
        .iter()
        .map(|line| {
            let how_many = format!("{} of {}", text(line, "/rule/enough"), rows(line, "/rule/providers").len());
            vec![text(line, "/rule/id"), text(line, "/ci/label"), how_many, names(line, "/providers")]
        })
        .collect();
    let mut out = Vec::new();
    if lines.is_empty() {
        out.push("no redundancy rule".to_owned());
    } else {
        out.push(table(&["rule", "CI", "needs", "of"], &lines));
    }
    out.push(format!("Needs directly: {}", names(&found, "/providers")));
    Ok(Answer::new(found, out.join("\n")))
}

/// What collides with a plan.
pub async fn collisions(desk: &Desk, plan: Value) -> Result<Answer, CallError> {
    let found = desk.call("plans.collisions", plan).await?;
    let lines: Vec<String> = rows(&found, "/lines").iter().map(|line| text(line, "/finding/sentence")).collect();
    let shown = match (found.pointer("/planned"), lines.is_empty()) {
        (Some(Value::Bool(false)), _) => "It has no window yet, so nothing collides.".to_owned(),
        (_, true) => "Nothing is in the way.".to_owned(),
        (_, false) => lines.join("\n"),
    };
    Ok(Answer::new(found, shown))
}

/// What a change affects beside what it names.
pub async fn weigh(desk: &Desk, change: &str) -> Result<Answer, CallError> {
    let found = desk.call("changes.weigh", json!({ "change": change })).await?;
    let mut out = vec![format!(
        "Risk {}: {} more CIs are affected, {} business services.",
        text(&found, "/risk").replace('_', " "),
        text(&found, "/reached"),
        text(&found, "/service_count")
    )];
    out.extend(rows(&found, "/services").iter().map(|service| format!("  {}", text(service, "/label"))));
    Ok(Answer::new(found, out.join("\n")))
}

/// What fails with the scope of a release and is not in it.
pub async fn affected(desk: &Desk, release: &str) -> Result<Answer, CallError> {
    let found = desk.call("releases.also_affected", json!({ "release": release })).await?;
    let lines: Vec<Vec<String>> = rows(&found, "/lines")
        .iter()
        .map(|line| ["/ci/label", "/ci/cells/class", "/path"].iter().map(|at| text(line, at)).collect())
        .collect();
    let shown = if lines.is_empty() {
        "Nothing beside its scope is affected.".to_owned()
    } else {
        let total = text(&found, "/total");
        format!("{total} are affected too.\n{}", table(&["CI", "class", "because"], &lines))
    };
    Ok(Answer::new(found, shown))
}
