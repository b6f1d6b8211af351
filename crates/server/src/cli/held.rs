//! Commands that could not be judged, on the command line.

use super::{Data, Said, office};
use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_domain::id::{CommandId, PersonId};
use slipway_server::storage::HeldCommand;

#[derive(Subcommand)]
pub(super) enum Held {
    /// Lists commands that could not be judged, the longest waiting first. Whoever issued one finds it in Needs
    /// attention and sends it again once what is in the way is gone.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Shows what one of them says.
    Show {
        #[command(flatten)]
        data: Data,
        /// The command.
        #[arg(long)]
        command: CommandId,
    },
}

pub(super) fn held(call: Held) -> anyhow::Result<Said> {
    match call {
        Held::List { data } => {
            let office = office(&data)?;
            let (held, (people, _)) = (office.held()?, office.people()?);
            let whose = |id: PersonId| people.iter().find(|p| p.id == id).map_or("-", |p| p.user.as_str());
            let line =
                |h: &HeldCommand| format!("{}  {}  {:<12} {}", h.id, h.judged_at.to_rfc3339(), whose(h.actor), h.why);
            let json = |h: &HeldCommand| {
                json!({
                    "id": h.id, "device": h.device, "counter": h.counter, "person": h.actor, "user": whose(h.actor),
                    "at": h.judged_at, "why": h.why,
                })
            };
            let lines = held.iter().map(line).collect::<Vec<_>>().join("\n");
            let text = if lines.is_empty() { "No command is held.".to_owned() } else { lines };
            Ok(Said { text, json: held.iter().map(json).collect() })
        }
        Held::Show { data, command } => {
            let held = office(&data)?.held()?.into_iter().find(|h| h.id == command);
            let held = held.with_context(|| format!("Looking for {command} among the held commands"))?;
            let envelope: Value = serde_json::from_slice(&held.payload).context("Reading the envelope")?;
            let text = format!("{}\n{envelope:#}", held.why);
            Ok(Said { text, json: json!({ "why": held.why, "envelope": envelope }) })
        }
    }
}
