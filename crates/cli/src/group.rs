//! `slipwayctl group`: CI groups, static and dynamic.

use crate::desk::Desk;
use crate::print::{Answer, done, rows, table, text};
use clap::Subcommand;
use serde_json::json;
use slipway_app::error::CallError;

#[derive(Subcommand)]
pub enum GroupCall {
    /// List CI groups. Example: slipwayctl group list dynamic:yes
    List {
        /// Words and conditions.
        filter: Vec<String>,
    },
    /// Show a group: members, what its filter finds now, releases. Example: slipwayctl group show "Core network"
    Show {
        /// Name.
        group: String,
    },
    /// Create a group. Example: slipwayctl group new "Old databases" --filter 'class:database version<15'
    New {
        /// Unique name.
        name: String,
        /// Makes it dynamic: its members are what this finds.
        #[arg(long)]
        filter: Option<String>,
        /// A member; may be given several times.
        #[arg(long = "ci")]
        cis: Vec<String>,
        /// A redundancy group: so many members are enough.
        #[arg(long)]
        enough: Option<u32>,
    },
    /// Add members. Example: slipwayctl group add "Core network" sw-core-3 sw-core-4
    Add {
        /// Name.
        group: String,
        /// Names or numbers.
        #[arg(required = true)]
        cis: Vec<String>,
    },
    /// Remove members. Example: slipwayctl group remove "Core network" sw-core-1
    Remove {
        /// Name.
        group: String,
        /// Names or numbers.
        #[arg(required = true)]
        cis: Vec<String>,
    },
    /// Look a dynamic group up again. Example: slipwayctl group fill "Old databases"
    Fill {
        /// Name.
        group: String,
    },
    /// Change the filter; empty makes it static. Example: slipwayctl group filter "Old databases" 'version<16'
    Filter {
        /// Name.
        group: String,
        /// The new filter.
        filter: String,
    },
}

pub async fn run(desk: &Desk, call: GroupCall) -> Result<Answer, CallError> {
    let request = match call {
        GroupCall::List { filter } => {
            return desk.list("ci_group", &filter.join(" "), &[("members", "members"), ("filter", "filter")]).await;
        }
        GroupCall::Show { group } => return show(desk, &group).await,
        GroupCall::New { name, filter, cis, enough } => {
            json!({ "action": "create", "name": name, "filter": filter, "cis": cis, "enough": enough })
        }
        GroupCall::Add { group, cis } => json!({ "action": "add", "group": group, "cis": cis }),
        GroupCall::Remove { group, cis } => json!({ "action": "remove", "group": group, "cis": cis }),
        GroupCall::Fill { group } => json!({ "action": "fill", "group": group }),
        GroupCall::Filter { group, filter } => json!({ "action": "set_filter", "group": group, "filter": filter }),
    };
    desk.call("ci_groups.act", request).await.map(done)
}

async fn show(desk: &Desk, group: &str) -> Result<Answer, CallError> {
    let page = desk.call("ci_groups.get", json!({ "group": group })).await?;
    let said = |at: &str| text(&page, at);
    let mut out = vec![format!("{}  {} members", said("/name"), said("/member_count"))];
    if !said("/filter").is_empty() {
        out.push(format!("  filter  {}", said("/filter")));
        let trouble = said("/found/trouble");
        out.push(if trouble.is_empty() {
            format!(
                "  now     {} found: {} new, {} gone",
                said("/found/count"),
                said("/found/added"),
                said("/found/gone")
            )
        } else {
            format!("  now     {trouble}")
        });
    }
    if !said("/enough").is_empty() {
        out.push(format!("  enough  {}", said("/enough")));
    }
    let lines = |at: &str| -> Vec<Vec<String>> {
        rows(&page, at).iter().map(|row| vec![text(row, "/label"), text(row, "/state"), text(row, "/title")]).collect()
    };
    for (at, title) in [("/members", "member"), ("/releases", "used by")] {
        let lines = lines(at);
        if !lines.is_empty() {
            out.push(table(&[title, "state", ""], &lines));
        }
    }
    Ok(Answer::new(page, out.join("\n")))
}
