//! A push: whether it fits its session and its device's chain, and what of it is new.

use super::batch::Job;
use super::judge::Ready;
use super::{Caller, Core, not_signed_in};
use crate::error::ServerError;
use crate::storage::{Device, Known, WorkspaceTx};
use slipway_domain::id::{CommandId, DeviceId, WorkspaceId};
use slipway_sync::limits;
use slipway_sync::protocol::{CommandResult, ErrorBody, ErrorCode, Push, Pushed, SignedCommand};
use slipway_sync::signing::PublicKey;
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

/// What is to be done with a command of a push.
pub(super) enum Step {
    /// It was judged at this place of the chain before.
    Answered(CommandResult),
    /// It was judged under another device, from which this one took its queue after a fork.
    Linked(CommandResult),
    /// It is new.
    New,
}

impl Core {
    /// Judges a batch. Repeated commands get their stored result; whatever the batch's first fault is, nothing of
    /// the transaction in which it shows takes effect.
    ///
    /// # Errors
    /// The push as a whole does not fit the session, the device's chain or the epoch; or the storage failed.
    pub fn push(&self, caller: &Caller, push: &Push) -> Result<Pushed, ServerError> {
        let key = self.fits(caller, push)?;
        let mut results = Vec::with_capacity(push.commands.len());
        let (mut counter, mut head) = (push.first_counter, 0);
        for chunk in chunks(&push.commands) {
            let judged = self.batcher.judge(self, Job::new(caller, key, push.epoch, counter, chunk))?;
            counter = counter.saturating_add(chunk.len() as u64);
            results.extend(judged.results);
            head = judged.head;
        }
        Ok(Pushed { epoch: push.epoch, results, head, server_time: self.now() })
    }

    fn fits(&self, caller: &Caller, push: &Push) -> Result<PublicKey, ServerError> {
        if push.device != caller.device {
            let sentence = "The commands are of another device than the session.";
            return Err(ErrorBody::new(ErrorCode::WrongDevice, sentence, "Sign in on this device.").into());
        }
        if push.commands.len() > limits::PUSH_COMMANDS {
            let sentence =
                format!("A push has at most {} commands, not {}.", limits::PUSH_COMMANDS, push.commands.len());
            return Err(ErrorBody::new(ErrorCode::TooLarge, sentence, "Send them in several pushes.").into());
        }
        let key = self.device_key(caller.device)?;
        // Outside the writing transaction, because it is the costly part and needs no state.
        match push.commands.iter().position(|signed| !signed.verifies(&key)) {
            None => Ok(key),
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
}

/// Devices whose key is remembered.
const KEYS: usize = 10_000;

impl Core {
    /// By which a device's commands verify. It is compared with the stored one when they are judged.
    fn device_key(&self, device: DeviceId) -> Result<PublicKey, ServerError> {
        if let Some(key) = self.keys().get(&device) {
            return Ok(*key);
        }
        let key = self.snapshot()?.device(device)?.ok_or_else(not_signed_in)?.public_key;
        let mut keys = self.keys();
        if keys.len() >= KEYS {
            keys.clear();
        }
        keys.insert(device, key);
        drop(keys);
        Ok(key)
    }

    pub(super) fn keys(&self) -> MutexGuard<'_, BTreeMap<DeviceId, PublicKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What each command of a push is, found before any of them takes effect.
///
/// # Errors
/// One of them does not fit the session or the chain.
pub(super) fn plan(
    tx: &mut dyn WorkspaceTx,
    job: &Job,
    commands: &[Ready<'_>],
    device: &Device,
    workspace: WorkspaceId,
    known: &BTreeMap<CommandId, Known>,
) -> Result<Vec<Step>, ServerError> {
    let (mut last, mut last_hash) = (device.counter, device.last_hash.as_str());
    let mut steps = Vec::with_capacity(commands.len());
    // Inclusive: a counter at the end of all counts is a gap like any other, and no overflow.
    for (counter, command) in (job.first_counter..=u64::MAX).zip(commands) {
        belongs(command, &job.caller, device, workspace, counter)?;
        let (id, actor) = (command.envelope.id, command.envelope.actor);
        let known = known.get(&id);
        if counter <= last {
            let same = tx.link(device.id, counter)? == Some(id);
            let known = known.filter(|known| same && known.actor == actor).ok_or_else(|| forked(counter))?;
            steps.push(Step::Answered(CommandResult { counter, ..known.result.clone() }));
            continue;
        }
        if counter != last + 1 {
            return Err(gap(last + 1));
        }
        if command.envelope.previous != last_hash {
            return Err(forked(counter));
        }
        steps.push(match known {
            Some(known) if known.actor == actor => Step::Linked(CommandResult { counter, ..known.result.clone() }),
            Some(_) => return Err(wrong_actor(counter)),
            None => Step::New,
        });
        (last, last_hash) = (counter, command.hash.as_str());
    }
    Ok(steps)
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
