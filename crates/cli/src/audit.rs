//! The audit log: the last checkpoint seen, and an exported log verified without a profile or a server.

use crate::desk::Desk;
use crate::print::Answer;
use clap::Args;
use slipway_app::audit;
use slipway_app::error::CallError;
use std::path::PathBuf;

#[derive(Args)]
pub struct VerifyLog {
    /// What slipway-server export-log wrote.
    file: PathBuf,
    /// The log's public key in base64, from a laptop that pinned it: slipwayctl log-checkpoint --json
    #[arg(long)]
    key: String,
    /// A checkpoint seen earlier, which the log has to continue; may be given again.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
}

pub fn verify(call: &VerifyLog) -> Result<Answer, CallError> {
    let found = audit::verify(&call.file, &call.key, &call.checkpoint)?;
    let mut shown = vec![
        format!("{}: {} commands, {} entries about devices", found.log, found.commands, found.devices),
        format!("root over {} entries: {}", found.entries, found.root),
    ];
    shown.extend(found.continues.iter().map(|size| format!("continues the checkpoint over {size} entries")));
    shown.extend(found.faults.iter().map(|fault| format!("wrong: {fault}")));
    if found.further > 0 {
        shown.push(format!("wrong: {} further faults", found.further));
    }
    shown.push(if found.whole() { "whole" } else { "NOT WHOLE: keep the file as evidence" }.to_owned());
    let json = serde_json::to_value(&found).unwrap_or_default();
    Ok(Answer { partly_refused: !found.whole(), ..Answer::new(json, shown.join("\n")) })
}

pub fn checkpoint(desk: &Desk) -> Result<Answer, CallError> {
    let seen = audit::checkpoint(desk.app())?;
    let json = serde_json::to_value(&seen).unwrap_or_default();
    Ok(Answer::new(json, seen.checkpoint))
}
