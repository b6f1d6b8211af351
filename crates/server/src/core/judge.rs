//! Judging pushed commands: each exactly once, in the order of its device's chain, on the real state.

use super::{Caller, Core, random};
use crate::error::ServerError;
use crate::storage::{Changed, Device, Judged, Known, StorageError, WorkspaceTx};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use slipway_domain::command::{ChangeCommand, CmdbCommand, Command, Envelope};
use slipway_domain::execute::{Context, Effect, execute};
use slipway_domain::id::WorkspaceId;
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::refusal::{Failure, Fault, Finding};
use slipway_domain::time::Timestamp;
use slipway_sync::limits;
use slipway_sync::log::{Hash, LeafParts, leaf_hash};
use slipway_sync::protocol::{CommandResult, ErrorBody, ErrorCode, Push, Pushed, SignedCommand, Verdict};
use slipway_sync::signing::chain_hash;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A command whose envelope was read; its body may still be of a kind that is not known here.
pub(super) struct Ready<'a> {
    pub(super) envelope: Envelope<serde_json::Value>,
    pub(super) payload: &'a [u8],
    pub(super) signature: &'a [u8],
    pub(super) hash: String,
}

impl Core {
    /// Judges a batch. Repeated commands get their stored result; whatever the batch's first fault is, nothing of
    /// the transaction in which it shows takes effect.
    ///
    /// # Errors
    /// The push as a whole does not fit the session, the device's chain or the epoch; or the storage failed.
    pub fn push(&self, caller: &Caller, push: &Push) -> Result<Pushed, ServerError> {
        self.fits(caller, push)?;
        let mut results = Vec::with_capacity(push.commands.len());
        let mut counter = push.first_counter;
        for chunk in chunks(&push.commands) {
            results.extend(self.push_chunk(caller, push, counter, chunk)?);
            counter = counter.saturating_add(chunk.len() as u64);
        }
        let workspace = self.snapshot()?.workspace()?;
        Ok(Pushed { epoch: workspace.epoch, results, head: workspace.head, server_time: self.now() })
    }

    fn fits(&self, caller: &Caller, push: &Push) -> Result<(), ServerError> {
        if push.device != caller.device {
            let sentence = "The commands are of another device than the session.";
            return Err(ErrorBody::new(ErrorCode::WrongDevice, sentence, "Sign in on this device.").into());
        }
        if push.commands.len() > limits::PUSH_COMMANDS {
            let sentence =
                format!("A push has at most {} commands, not {}.", limits::PUSH_COMMANDS, push.commands.len());
            return Err(ErrorBody::new(ErrorCode::TooLarge, sentence, "Send them in several pushes.").into());
        }
        let view = self.snapshot()?;
        let key = view.device(caller.device)?.ok_or_else(super::not_signed_in)?.public_key;
        // Outside the writing transaction, because it is the costly part and needs no state.
        match push.commands.iter().position(|signed| !signed.verifies(&key)) {
            None => Ok(()),
            Some(place) => {
                let counter = push.first_counter.saturating_add(place as u64);
                let sentence = format!("The signature of command {counter} is not this device's.");
                tracing::warn!(device.id = %caller.device, counter, "Refused a bad signature");
                Err(ErrorBody::new(
                    ErrorCode::BadSignature,
                    sentence,
                    "Sign in anew, so that the queue is signed again.",
                )
                .into())
            }
        }
    }

    fn push_chunk(
        &self,
        caller: &Caller,
        push: &Push,
        first_counter: u64,
        commands: &[SignedCommand],
    ) -> Result<Vec<CommandResult>, ServerError> {
        let ready = commands.iter().map(read_envelope).collect::<Result<Vec<_>, _>>()?;
        let mut tx = self.begin()?;
        let workspace = tx.workspace()?;
        let mut device = tx.device(caller.device)?.ok_or_else(super::not_signed_in)?;
        // Again under the lock: it may have been shut out since the request was let in.
        if device.revoked {
            return Err(super::device_revoked().into());
        }
        if workspace.epoch != push.epoch {
            return Err(ErrorBody {
                epoch: Some(workspace.epoch),
                expected_counter: Some(device.counter + 1),
                ..ErrorBody::new(
                    ErrorCode::EpochChanged,
                    "The server was restored from a backup or replaced.",
                    "Nothing to do: the laptop sends again what the server no longer knows.",
                )
            }
            .into());
        }
        let mut results = Vec::with_capacity(ready.len());
        for (counter, command) in (first_counter..).zip(&ready) {
            belongs(command, caller, &device, workspace.id, counter)?;
            results.push(self.one(tx.as_mut(), &mut device, counter, command)?);
        }
        tx.commit()?;
        self.hub.wake();
        Ok(results)
    }

    fn one(
        &self,
        tx: &mut dyn WorkspaceTx,
        device: &mut Device,
        counter: u64,
        command: &Ready<'_>,
    ) -> Result<CommandResult, ServerError> {
        let id = command.envelope.id;
        let known = tx.known(id)?;
        if counter <= device.counter {
            let same = tx.link(device.id, counter)? == Some(id);
            let known = known.filter(|known| same && known.actor == command.envelope.actor);
            return known.map(|known| CommandResult { counter, ..known.result }).ok_or_else(|| forked(counter));
        }
        if counter != device.counter + 1 {
            return Err(gap(device.counter + 1));
        }
        if command.envelope.previous != device.last_hash {
            return Err(forked(counter));
        }
        let result = match known {
            // Issued before under another device, from which this one took its queue after a fork.
            Some(Known { actor, result }) if actor == command.envelope.actor => CommandResult { counter, ..result },
            Some(_) => return Err(wrong_actor(counter)),
            None => self.judge(tx, counter, command)?,
        };
        tx.advance(device.id, counter, &command.hash, id)?;
        device.counter = counter;
        device.last_hash.clone_from(&command.hash);
        Ok(result)
    }

    /// Judges one command that is new here, stores the result and its leaf in the log.
    pub(super) fn judge(
        &self,
        tx: &mut dyn WorkspaceTx,
        counter: u64,
        command: &Ready<'_>,
    ) -> Result<CommandResult, ServerError> {
        let judged_at = self.now();
        let (verdict, changes) = decide(tx, command, judged_at)?;
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

/// Parts of a push that are judged in a transaction each, so that no writer waits long for another.
fn chunks(commands: &[SignedCommand]) -> Vec<&[SignedCommand]> {
    let mut chunks = Vec::new();
    let mut rest = commands;
    // An empty push is one empty part: it still says whether session, device and epoch fit.
    while !rest.is_empty() || chunks.is_empty() {
        let mut bytes = 0;
        let fitting = rest
            .iter()
            .take(limits::JUDGE_COMMANDS)
            .take_while(|signed| {
                bytes += signed.payload.0.len();
                bytes <= limits::BULK_COMMAND_BYTES
            })
            .count();
        let (chunk, after) = rest.split_at(fitting.max(1).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
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
    Ok(Ready { envelope, payload, signature: &signed.signature.0, hash: chain_hash(payload) })
}

/// The envelope says what the session and its place in the push say.
fn belongs(
    command: &Ready<'_>,
    caller: &Caller,
    device: &Device,
    workspace: WorkspaceId,
    counter: u64,
) -> Result<(), ServerError> {
    let envelope = &command.envelope;
    if envelope.device != device.id || envelope.counter != counter {
        let sentence = format!("Command {} of its device stands at place {counter} of this one.", envelope.counter);
        return Err(
            ErrorBody::new(ErrorCode::WrongDevice, sentence, "Send the commands of this device, in order.").into()
        );
    }
    if envelope.actor != caller.person || envelope.workspace != workspace {
        return Err(wrong_actor(counter));
    }
    Ok(())
}

fn wrong_actor(counter: u64) -> ServerError {
    ErrorBody::new(
        ErrorCode::WrongActor,
        format!("Command {counter} was made by another person, or for another workspace."),
        "Sign in as the person who made it.",
    )
    .into()
}

fn forked(counter: u64) -> ServerError {
    ErrorBody::new(
        ErrorCode::DeviceForked,
        format!("The server knows another command {counter} of this device: its disk was restored or cloned."),
        "Nothing to do: the laptop takes a new device id and sends its queue again.",
    )
    .into()
}

fn gap(expected: u64) -> ServerError {
    ErrorBody {
        expected_counter: Some(expected),
        ..ErrorBody::new(
            ErrorCode::CounterGap,
            format!("Command {expected} of this device is missing."),
            "Nothing to do: the laptop sends it again.",
        )
    }
    .into()
}

fn held(why: &str) -> Verdict {
    Verdict::Held { why: why.to_owned() }
}

fn decide(
    tx: &mut dyn WorkspaceTx,
    command: &Ready<'_>,
    judged_at: Timestamp,
) -> Result<(Verdict, Vec<Changed>), ServerError> {
    let size = command.payload.len();
    let body = match Command::deserialize(&command.envelope.command) {
        Ok(body) => body,
        Err(error) => {
            let why = format!("This server does not know such a command ({error}). It is kept until it was updated.");
            return Ok((Verdict::Held { why }, Vec::new()));
        }
    };
    let most = if is_bulk(&body) { limits::BULK_COMMAND_BYTES } else { limits::COMMAND_BYTES };
    if size > most {
        let sentence = format!("The command is {size} bytes long; at most {most} are taken.");
        let finding = Finding::new("COMMAND_TOO_LARGE", sentence, "Shorten its texts, or split it.");
        return Ok((Verdict::Refused { findings: vec![finding] }, Vec::new()));
    }
    let mut why = String::new();
    for _ in 0..limits::JUDGE_TRIES {
        tx.savepoint()?;
        let tried = catch_unwind(AssertUnwindSafe(|| carry_out(tx, command, &body, judged_at)));
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

fn is_bulk(command: &Command) -> bool {
    matches!(
        command,
        Command::Cmdb(CmdbCommand::ImportCis(_) | CmdbCommand::ImportRelations(_))
            | Command::Change(ChangeCommand::Import(_))
    )
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
