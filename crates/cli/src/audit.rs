//! The audit log: the last checkpoint seen, and an exported log verified without a profile or a server.

use crate::desk::Desk;
use crate::print::Answer;
use clap::{Args, Subcommand};
use serde_json::json;
use slipway_app::error::CallError;
use slipway_app::view::alarms::{LiftRequest, LogAlarmView};
use slipway_app::view::common::Nothing;
use slipway_app::view::proving::ProveRequest;
use slipway_app::{alarms, audit, proving};
use std::path::{Path, PathBuf};

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

/// The server's audit log, as this computer sees it.
#[derive(Subcommand)]
pub enum Log {
    /// What the log has about a record, verified against the log that this computer accepted.
    /// Example: slipwayctl log prove REL-000123 --output proof.json
    Prove {
        /// Number, name or id.
        record: String,
        /// What it is, such as release, ci or change; without it, what its number says.
        #[arg(long)]
        kind: Option<String>,
        /// Writes the proof into a file, for `slipwayctl log verify`.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Verify such a proof; needs no profile and no server.
    /// Example: slipwayctl log verify proof.json --key KEY
    Verify {
        /// What slipwayctl log prove wrote.
        file: PathBuf,
        /// The log's public key in base64, from a laptop that pinned it: slipwayctl log-checkpoint --json
        #[arg(long)]
        key: String,
    },
    /// Every alarm there was, the newest first. Example: slipwayctl log alarms
    Alarms,
    /// Lift an alarm: from then on the log that the server showed is the one that has to go on.
    /// Example: slipwayctl log accept 1 --reason "Restored after the disk failed, says Tom"
    Accept {
        /// Number of the alarm.
        number: u32,
        /// What you were told, and by whom; kept for good with your name.
        #[arg(long)]
        reason: String,
    },
}

pub async fn log(desk: &Desk, call: Log) -> Result<Answer, CallError> {
    let list = match call {
        Log::Prove { record, kind, output } => return prove(desk, &record, kind, output).await,
        Log::Verify { file, key } => return verify_proof(&file, &key),
        Log::Alarms => alarms::list(desk.app(), &Nothing)?,
        Log::Accept { number, reason } => alarms::lift(desk.app(), &LiftRequest { number, reason })?,
    };
    let mut shown: Vec<String> = list.alarms.iter().map(alarm).collect();
    if shown.is_empty() {
        shown.push("no alarms about the audit log".to_owned());
    }
    let json = serde_json::to_value(&list).unwrap_or_default();
    Ok(Answer::new(json, shown.join("\n\n")))
}

/// What a number such as REL-000123 is a number of; a CI where it is none.
fn kind_of(record: &str) -> &'static str {
    match record.split_once('-').map(|(series, _)| series) {
        Some("REL") => "release",
        Some("CHG") => "change",
        _ => "ci",
    }
}

async fn prove(desk: &Desk, record: &str, kind: Option<String>, output: Option<PathBuf>) -> Result<Answer, CallError> {
    let kind = match kind {
        None => kind_of(record).to_owned(),
        Some(name) => name.replace('-', "_"),
    };
    let request: ProveRequest = serde_json::from_value(json!({ "kind": kind, "record": record })).map_err(|_| {
        let sentence = format!("There is no kind of record called {kind}.");
        CallError::trouble("NO_KIND", sentence, "Say ci, release, change or another kind.")
    })?;
    let proof = proving::prove(desk.app().clone(), request).await?;
    let mut shown = vec![format!("{}, in the log of {} entries:", proof.label, proof.size)];
    shown.extend(proof.entries.iter().map(|entry| {
        let state = if entry.proved { "in the log" } else { "NOT in the log as shown" };
        let what = entry.what.as_deref().unwrap_or("not yours to read");
        let by = entry.by.as_deref().unwrap_or_default();
        let at = entry.at.map(|at| at.to_rfc3339()).unwrap_or_default();
        let verdict = entry.verdict.as_deref().unwrap_or_default();
        format!("  {}  {state}  {what}  {verdict}  {by}  {at}", entry.index)
    }));
    if proof.more {
        shown.push("  and older ones".to_owned());
    }
    if let Some(output) = output {
        std::fs::write(&output, &proof.proof).map_err(|error| {
            let sentence = format!("{} cannot be written: {error}.", output.display());
            CallError::trouble("FILE", sentence, "Name a file that can be written.")
        })?;
        shown.push(format!("written to {}", output.display()));
    }
    let json = serde_json::to_value(&proof).unwrap_or_default();
    Ok(Answer { partly_refused: !proof.whole, ..Answer::new(json, shown.join("\n")) })
}

/// Needs no profile.
pub fn verify_proof(file: &Path, key: &str) -> Result<Answer, CallError> {
    let (proved, tree) = proving::verify(file, key)?;
    let entries: Vec<String> = proved.entries.iter().map(|entry| entry.index.to_string()).collect();
    let shown = format!(
        "{}: entries {} about {} are in the log of {} entries, as they were logged",
        tree.origin,
        entries.join(", "),
        proved.label,
        tree.size
    );
    let json = json!({ "log": tree.origin, "size": tree.size, "record": proved.record, "entries": entries });
    Ok(Answer::new(json, shown))
}

fn alarm(alarm: &LogAlarmView) -> String {
    let state = match &alarm.lifted {
        Some(lifted) => format!("lifted {} by {}: {}", lifted.at.to_rfc3339(), lifted.by, lifted.reason),
        None if alarm.stops => format!("OPEN, sync is stopped. {}", alarm.way_out),
        None => format!("OPEN. {}", alarm.way_out),
    };
    format!(
        "{}  {}\n{}\n{state}\nseen:\n{}shown:\n{}",
        alarm.number,
        alarm.at.to_rfc3339(),
        alarm.sentence,
        alarm.seen,
        alarm.shown
    )
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
