//! `slipwayctl attention`: what the server refused or took in part.

use crate::desk::Desk;
use crate::print::{Answer, done, rows, table, text};
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::error::CallError;

#[derive(Subcommand)]
pub enum Attention {
    /// Everything that waits for a decision. Example: slipwayctl attention list
    List,
    /// One item: what was entered, why it was refused, mine and theirs. Example: slipwayctl attention show 0190…
    Show {
        /// Id of the command.
        command: String,
    },
    /// Let it go. Example: slipwayctl attention discard 0190… --reason "Bea did it"
    Discard {
        /// Id of the command.
        command: String,
        /// Why it is not needed any more.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Send it again as a new command. Example: slipwayctl attention send-again 0190…
    SendAgain {
        /// Id of the command.
        command: String,
    },
}

pub async fn run(desk: &Desk, call: Attention) -> Result<Answer, CallError> {
    match call {
        Attention::List => {
            let list = desk.call("attention.list", Value::Null).await?;
            let lines: Vec<Vec<String>> = rows(&list, "/items")
                .iter()
                .map(|item| {
                    let why: Vec<String> = rows(item, "/findings").iter().map(|f| text(f, "/sentence")).collect();
                    vec![text(item, "/id"), text(item, "/outcome_label"), text(item, "/title"), why.join(" ")]
                })
                .collect();
            let shown = if lines.is_empty() {
                "nothing needs attention".to_owned()
            } else {
                table(&["command", "outcome", "what", "why"], &lines)
            };
            Ok(Answer::new(list, shown))
        }
        Attention::Show { command } => {
            let page = desk.call("attention.get", json!({ "command": command })).await?;
            let mut out = vec![format!("{}  {}", text(&page, "/item/outcome_label"), text(&page, "/item/title"))];
            out.extend(
                rows(&page, "/item/findings")
                    .iter()
                    .map(|f| format!("{}: {} {}", text(f, "/code"), text(f, "/sentence"), text(f, "/way_out"))),
            );
            let sides: Vec<Vec<String>> = rows(&page, "/sides")
                .iter()
                .map(|s| ["/field", "/seen", "/mine", "/theirs"].iter().map(|at| text(s, at)).collect())
                .collect();
            if !sides.is_empty() {
                out.push(table(&["field", "seen", "mine", "theirs"], &sides));
            }
            Ok(Answer::new(page, out.join("\n")))
        }
        Attention::Discard { command, reason } => {
            desk.call("attention.discard", json!({ "command": command, "reason": reason })).await?;
            Ok(Answer::new(json!({ "discarded": command }), "discarded"))
        }
        Attention::SendAgain { command } => {
            desk.call("attention.send_again", json!({ "command": command })).await.map(done)
        }
    }
}
