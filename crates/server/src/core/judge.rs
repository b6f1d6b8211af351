//! Judging one command on the real state, and what is kept of that.

use super::{Core, random};
use crate::error::ServerError;
use crate::storage::{Changed, Judged, StorageError, WorkspaceTx};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use slipway_domain::command::{Command, Envelope};
use slipway_domain::execute::{Context, Effect, execute};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::refusal::{Failure, Fault, Finding};
use slipway_domain::time::Timestamp;
use slipway_sync::limits;
use slipway_sync::log::{Hash, LeafParts, leaf_hash};
use slipway_sync::protocol::{CommandResult, ErrorBody, ErrorCode, SignedCommand, Verdict};
use slipway_sync::signing::chain_hash;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How closely commands are looked at before they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Care {
    /// Together: the storage takes them all, or the batch is judged again with care.
    Batch,
    /// One by one, because the storage would not take something among them: it is found and held.
    Each,
}

/// A command whose envelope was read; its body may still be of a kind that is not known here.
pub(super) struct Ready<'a> {
    pub(super) envelope: Envelope<serde_json::Value>,
    pub(super) payload: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) hash: String,
    /// What it says; or why this server does not know such a command.
    pub(super) body: Result<Command, serde_json::Error>,
}

impl Core {
    /// Judges one command that is new here, stores the result and its leaf in the log.
    pub(super) fn judge(
        &self,
        tx: &mut dyn WorkspaceTx,
        counter: u64,
        command: &Ready<'_>,
        care: Care,
    ) -> Result<CommandResult, ServerError> {
        let judged_at = self.now();
        let (verdict, changes) = decide(tx, command, judged_at, care)?;
        let text = serde_json::to_string(&verdict)?;
        let seqs = (changes.first().map_or(0, |c| c.seq), changes.last().map_or(0, |c| c.seq));
        let envelope = &command.envelope;
        tx.put_command(&Judged {
            id: envelope.id,
            device: envelope.device,
            counter,
            actor: envelope.actor,
            payload: command.payload,
            signature: command.signature,
            verdict: &text,
            seqs,
            judged_at,
        })?;
        let (salt, changes) = (random::<16>()?, changes_hash(&changes));
        let leaf = leaf_hash(&LeafParts {
            salt: &salt,
            payload: command.payload,
            signature: command.signature,
            result: text.as_bytes(),
            seq_from: seqs.0,
            seq_to: seqs.1,
            judged_at_ms: judged_at.0,
            changes: &changes,
        });
        tx.append_leaf(leaf, &salt, &changes, envelope.id.0)?;
        Ok(CommandResult { id: envelope.id, counter, judged_at, verdict })
    }
}

pub(super) fn read_envelope(signed: &SignedCommand) -> Result<Ready<'_>, ServerError> {
    let unreadable = |why: String| {
        ErrorBody::new(
            ErrorCode::BadRequest,
            format!("A command's envelope cannot be read: {why}."),
            "Update the laptop's program.",
        )
    };
    let payload = signed.payload.0.as_slice();
    if !limits::shallow(payload) {
        return Err(unreadable(format!("it nests deeper than {}", limits::JSON_DEPTH)).into());
    }
    let envelope: Envelope<serde_json::Value> =
        serde_json::from_slice(payload).map_err(|error| unreadable(error.to_string()))?;
    if envelope.domain != Envelope::DOMAIN {
        return Err(unreadable(format!("its domain is {:?}", envelope.domain)).into());
    }
    let body = Command::deserialize(&envelope.command);
    Ok(Ready { envelope, payload, signature: &signed.signature.0, hash: chain_hash(payload), body })
}

fn held(why: &str) -> Verdict {
    Verdict::Held { why: why.to_owned() }
}

fn decide(
    tx: &mut dyn WorkspaceTx,
    command: &Ready<'_>,
    judged_at: Timestamp,
    care: Care,
) -> Result<(Verdict, Vec<Changed>), ServerError> {
    let size = command.payload.len();
    let body = match &command.body {
        Ok(body) => body,
        Err(error) => {
            let why = format!("This server does not know such a command ({error}). It is kept until it was updated.");
            return Ok((Verdict::Held { why }, Vec::new()));
        }
    };
    let most = if body.is_bulk() { limits::BULK_COMMAND_BYTES } else { limits::COMMAND_BYTES };
    if size > most {
        let sentence = format!("The command is {size} bytes long; at most {most} are taken.");
        let finding = Finding::new("COMMAND_TOO_LARGE", sentence, "Shorten its texts, or split it.");
        return Ok((Verdict::Refused { findings: vec![finding] }, Vec::new()));
    }
    let mut why = String::new();
    for _ in 0..limits::JUDGE_TRIES {
        tx.savepoint()?;
        let tried = catch_unwind(AssertUnwindSafe(|| carry_out(tx, command, body, judged_at)));
        // What is proven was nothing but an attempt, so a command that passes the rules goes on as if it had not been.
        let tried = match (care, tried) {
            (Care::Each, Ok(Ok(effect))) => match tx.prove() {
                Ok(()) => Ok(Ok(effect)),
                Err(error @ StorageError::Unfit(_)) => Ok(Err(Failure::Fault(Fault::new(error)))),
                Err(error) => return Err(error.into()),
            },
            (_, tried) => tried,
        };
        match tried {
            Ok(Ok(effect)) => {
                let changes = tx.release_savepoint()?;
                keep_numbers(tx, &changes)?;
                let seq = match changes.last() {
                    Some(change) => change.seq,
                    None => tx.workspace()?.head,
                };
                let verdict = if effect.conflicts.is_empty() {
                    Verdict::Applied { seq, effect }
                } else {
                    Verdict::Partial { seq, effect }
                };
                return Ok((verdict, changes));
            }
            Ok(Err(Failure::Refused(refusal))) => {
                tx.rollback_to_savepoint()?;
                return Ok((Verdict::Refused { findings: refusal.findings }, Vec::new()));
            }
            Ok(Err(Failure::Fault(fault))) => why = fault.to_string(),
            Err(_) => "the rules failed on it".clone_into(&mut why),
        }
        tx.rollback_to_savepoint()?;
    }
    tracing::error!(command.id = %command.envelope.id, why, "Held a command that could not be judged");
    Ok((held("The server could not judge this command; an administrator finds the reason in its log."), Vec::new()))
}

fn carry_out(
    tx: &mut dyn WorkspaceTx,
    command: &Ready<'_>,
    body: &Command,
    judged_at: Timestamp,
) -> Result<Effect, Failure> {
    let fault = |error: StorageError| Failure::Fault(Fault::new(error));
    let mut numbers = tx.numbers().map_err(fault)?;
    for (series, next) in &mut numbers {
        while !tx.find(Lookup::Number, Number::new(*series, *next).as_str())?.is_empty() {
            *next += 1;
        }
    }
    // A clock that runs ahead must not open a window early.
    let latest = Timestamp(judged_at.0.saturating_add(limits::SKEW_MS));
    let mut context = Context {
        command: command.envelope.id,
        actor: command.envelope.actor,
        now: command.envelope.made_at.min(latest),
        numbers: numbers.clone(),
    };
    let effect = execute(body, &mut context, tx)?;
    for (series, next) in context.numbers {
        if numbers.get(&series) != Some(&next) {
            tx.set_number(series, next).map_err(fault)?;
        }
    }
    Ok(effect)
}

/// How far beyond the counter a number may lie and still move it: one typed wrong must not use up the series.
const NUMBER_STRIDE: u32 = 100_000;

/// After a restore, commands come back with numbers that the counter no longer knows as given.
fn keep_numbers(tx: &mut dyn WorkspaceTx, changes: &[Changed]) -> Result<(), ServerError> {
    #[derive(Deserialize)]
    struct Numbered {
        number: Number,
    }
    let series = |kind: &str| Series::ALL.into_iter().find(|series| series.name() == kind);
    let mut highest: BTreeMap<Series, u32> = BTreeMap::new();
    let counters = tx.numbers()?;
    for change in changes {
        let (Some(series), Some(body)) = (series(change.kind), &change.body) else { continue };
        let Some(position) = serde_json::from_str::<Numbered>(body).ok().and_then(|r| r.number.position()) else {
            continue;
        };
        let next = counters.get(&series).copied().unwrap_or(1);
        if position >= next && position - next < NUMBER_STRIDE {
            let top = highest.entry(series).or_insert(position);
            *top = position.max(*top);
        }
    }
    for (series, position) in highest {
        tx.set_number(series, position + 1)?;
    }
    Ok(())
}

fn changes_hash(changes: &[Changed]) -> Hash {
    let mut hash = Sha256::new();
    for change in changes {
        let body = change.body.as_deref().unwrap_or("");
        let line = format!("{}|{}|{}|{}|", change.kind, change.id, change.seq, body.len());
        hash.update(line.as_bytes());
        hash.update(body.as_bytes());
    }
    hash.finalize().into()
}
