//! Proof of what the audit log has about a record: asked of the server, verified here against the log that this computer
//! accepted.

use crate::account::ask;
use crate::attention;
use crate::audit::{self, Seen};
use crate::error::CallError;
use crate::open::App;
use crate::resolve;
use crate::start::blocking;
use crate::view::proving::{ProofView, ProveRequest, ProvedLine};
use slipway_domain::command::Envelope;
use slipway_domain::record::Kind;
use slipway_sync::log::Checkpoint;
use slipway_sync::log::proved::{Proved, ProvedEntry};
use slipway_sync::protocol::{LogRecord, LogRecordQuery, Verdict};
use slipway_sync::signing::PublicKey;
use std::path::Path;
use uuid::Uuid;

/// What the log has about a record, the newest first.
///
/// # Errors
/// `NOT_FOUND`, `NO_CHECKPOINT`; the server is not reached, or says no.
pub async fn prove(app: App, request: ProveRequest) -> Result<ProofView, CallError> {
    let asked = app.clone();
    let (record, label, seen) = blocking(move || {
        let (id, label) = asked.read(|sight| {
            let record = resolve::any(sight, request.kind, &request.record)?;
            Ok((record.id(), record.label()))
        })?;
        Ok((id, label, audit::checkpoint(&asked)?))
    })
    .await?;
    let tree = accepted(&seen)?;
    let query = LogRecordQuery { record, size: tree.size };
    let found = ask(&app, move |server, access| async move { server.log_record(&access, query).await }).await?;
    blocking(move || shown(&app, record, label, &seen, &tree, found)).await
}

/// The checkpoint that this computer accepted, with the key that it pinned.
fn accepted(seen: &Seen) -> Result<Checkpoint, CallError> {
    let key = PublicKey::try_from(seen.key.clone()).ok();
    key.and_then(|key| Checkpoint::verify(&seen.checkpoint, &seen.log, &key)).ok_or_else(|| {
        CallError::trouble(
            "NO_CHECKPOINT",
            "The checkpoint that was kept here is not signed by the log's key.",
            "Sync.",
        )
    })
}

fn shown(
    app: &App,
    record: Uuid,
    label: String,
    seen: &Seen,
    tree: &Checkpoint,
    found: LogRecord,
) -> Result<ProofView, CallError> {
    let mut entries = Vec::with_capacity(found.entries.len());
    for entry in &found.entries {
        entries.push(line(app, entry, entry.is_in(tree) && entry.names(record))?);
    }
    let proved = Proved {
        format: Proved::FORMAT.to_owned(),
        checkpoint: seen.checkpoint.clone(),
        record,
        label: label.clone(),
        entries: found.entries,
    };
    Ok(ProofView {
        label,
        size: tree.size,
        checkpoint: seen.checkpoint.clone(),
        whole: entries.iter().all(|line| line.proved),
        entries,
        more: found.more,
        proof: serde_json::to_string_pretty(&proved).unwrap_or_default(),
    })
}

fn line(app: &App, entry: &ProvedEntry, proved: bool) -> Result<ProvedLine, CallError> {
    let nothing = ProvedLine { index: entry.index, proved, what: None, by: None, at: None, verdict: None };
    let Some(content) = &entry.content else { return Ok(nothing) };
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&content.payload.0) else { return Ok(nothing) };
    let verdict = match serde_json::from_str::<Verdict>(&content.result) {
        Ok(Verdict::Applied { .. }) => Some("applied"),
        Ok(Verdict::Partial { .. }) => Some("applied in part"),
        Ok(Verdict::Refused { .. }) => Some("refused"),
        Ok(Verdict::Held { .. }) => Some("held"),
        Err(_) => None,
    };
    let by = app.read(|sight| Ok(sight.label(Kind::Person, envelope.actor)?))?;
    Ok(ProvedLine {
        what: Some(attention::words(&envelope.command).to_owned()),
        by: Some(by),
        at: Some(envelope.made_at),
        verdict: verdict.map(str::to_owned),
        ..nothing
    })
}

/// Reads a proof that was written before, with the log's public key. Needs no profile.
///
/// # Errors
/// `PROOF_NOT_READ`, `NOT_PROVED`: it does not prove what it says.
pub fn verify(file: &Path, key: &str) -> Result<(Proved, Checkpoint), CallError> {
    let key = audit::public_key(key)?;
    let text = audit::text(file)?;
    let read = Proved::read(&text).and_then(|proved| proved.verify(&key).map(|tree| (proved, tree)));
    read.map_err(|error| {
        CallError::trouble(
            "NOT_PROVED",
            format!("{} proves nothing: {error}.", file.display()),
            "Compare the key with the one that a laptop pinned (slipwayctl log-checkpoint --json); keep the file.",
        )
    })
}
