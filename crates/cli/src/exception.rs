//! `slipwayctl exception`: what was done by hand although a rule is against it.

use crate::desk::Desk;
use crate::print::{Answer, at, done, rows, table, text};
use crate::when;
use clap::Subcommand;
use serde_json::json;
use slipway_app::error::CallError;

#[derive(Subcommand)]
pub enum Exception {
    /// What waits for a decision, or everything on one release or unit. Example: slipwayctl exception list --record REL-000123
    List {
        /// A release or a unit: number, serial number or id.
        #[arg(long, value_name = "RECORD")]
        record: Option<String>,
    },
    /// It stands: the record follows what was done. Example: slipwayctl exception accept 0190… --reason "Spare was swapped"
    Accept {
        /// Its id.
        exception: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// It was undone by hand: the record stays as it is. Example: slipwayctl exception back-out 0190… --reason "Put back"
    BackOut {
        /// Its id.
        exception: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
}

pub async fn run(desk: &Desk, call: Exception) -> Result<Answer, CallError> {
    let (exception, action, reason) = match call {
        Exception::List { record } => {
            let list = desk.call("exceptions.list", json!({ "record": record })).await?;
            let lines: Vec<Vec<String>> = rows(&list, "/items")
                .iter()
                .map(|e| {
                    let when = when::shown(at(e, "/at"));
                    vec![
                        text(e, "/id"),
                        text(e, "/pill/label"),
                        text(e, "/title"),
                        format!("{} {when}", text(e, "/by/label")),
                        text(e, "/findings/0/sentence"),
                    ]
                })
                .collect();
            let shown = if lines.is_empty() {
                "nothing was done against a rule".to_owned()
            } else {
                table(&["exception", "state", "what", "by", "against"], &lines)
            };
            return Ok(Answer::new(list, shown));
        }
        Exception::Accept { exception, reason } => (exception, "accept", reason),
        Exception::BackOut { exception, reason } => (exception, "back_out", reason),
    };
    let request = json!({ "exception": exception, "action": action, "reason": reason });
    desk.call("exceptions.act", request).await.map(done)
}
