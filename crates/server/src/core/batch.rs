//! Pushes of many devices judged in one transaction, so that they share its cost.
//!
//! Whoever comes while nobody judges does so at once, for all who wait; whoever comes meanwhile waits for the next turn.
//! So a lone push waits for nobody, and the more come, the larger the batches.

use super::judge::{Care, Ready, read_envelope};
use super::push::{Step, plan};
use super::{Caller, Core, device_revoked, not_signed_in};
use crate::error::ServerError;
use crate::storage::{Device, Known, StorageError, pause};
use slipway_domain::command::about::about;
use slipway_domain::id::{CommandId, DeviceId};
use slipway_sync::limits;
use slipway_sync::protocol::{CommandResult, Epoch, ErrorBody, ErrorCode, SignedCommand};
use slipway_sync::signing::PublicKey;
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How often a batch is judged that another server process got in the way of.
const TRIES: u32 = 5;

/// A part of a push that is judged as a whole.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) caller: Caller,
    /// By which the signatures were verified.
    key: PublicKey,
    epoch: Epoch,
    pub(super) first_counter: u64,
    commands: Vec<SignedCommand>,
    bytes: usize,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Judging {
    pub(super) results: Vec<CommandResult>,
    /// Where the history stood after it.
    pub(super) head: u64,
}

impl Job {
    pub(super) fn new(
        caller: &Caller,
        key: PublicKey,
        epoch: Epoch,
        first_counter: u64,
        commands: &[SignedCommand],
    ) -> Self {
        let bytes = commands.iter().map(|signed| signed.payload.0.len()).sum();
        Self { caller: *caller, key, epoch, first_counter, commands: commands.to_vec(), bytes }
    }
}

/// What somebody who waits is told.
enum Turn {
    Done(Result<Judging, ServerError>),
    /// It is theirs to judge what waits.
    Lead,
}

struct Waiting {
    job: Job,
    told: SyncSender<Turn>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    led: bool,
}

/// Those who wait for their push to be judged.
#[derive(Default)]
pub(super) struct Batcher {
    queue: Mutex<Queue>,
}

impl Batcher {
    /// Judges this with whatever else waits.
    pub(super) fn judge(&self, core: &Core, job: Job) -> Result<Judging, ServerError> {
        let turn = self.enter(job);
        loop {
            match turn.recv() {
                Ok(Turn::Done(judging)) => return judging,
                Ok(Turn::Lead) => self.lead(core),
                Err(_) => return Err(ServerError::Worker("a batch was left unjudged".to_owned())),
            }
        }
    }

    fn enter(&self, job: Job) -> Receiver<Turn> {
        // Room for a call to lead and an answer.
        let (told, turn) = sync_channel(2);
        let mut queue = self.lock();
        if !queue.led {
            queue.led = true;
            let _ = told.send(Turn::Lead);
        }
        queue.waiting.push_back(Waiting { job, told });
        turn
    }

    fn lead(&self, core: &Core) {
        // Passes the turn on, also when judging panics; those whose push is lost by it are told by its drop.
        let _pass = Pass(self);
        let batch = self.take();
        let (jobs, told): (Vec<Job>, Vec<SyncSender<Turn>>) =
            batch.into_iter().map(|waiting| (waiting.job, waiting.told)).unzip();
        for (judging, told) in core.judge_together(&jobs).into_iter().zip(told) {
            // Somebody who no longer waits asks again and is answered from store.
            let _ = told.send(Turn::Done(judging));
        }
    }

    /// What waits, as far as one transaction should go.
    fn take(&self) -> Vec<Waiting> {
        let (mut commands, mut bytes) = (0, 0);
        let mut queue = self.lock();
        let mut batch = Vec::new();
        while let Some(next) = queue.waiting.pop_front() {
            commands += next.job.commands.len().max(1);
            bytes += next.job.bytes;
            if !batch.is_empty() && (commands > limits::JUDGE_COMMANDS || bytes > limits::BULK_COMMAND_BYTES) {
                queue.waiting.push_front(next);
                break;
            }
            batch.push(next);
        }
        drop(queue);
        batch
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Pass<'a>(&'a Batcher);

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        queue.led = false;
        if let Some(next) = queue.waiting.front() {
            queue.led = next.told.send(Turn::Lead).is_ok();
        }
    }
}

impl Core {
    fn judge_together(&self, jobs: &[Job]) -> Vec<Result<Judging, ServerError>> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.judge_batch(jobs, Care::Batch) {
                Ok(judged) => return judged,
                Err(ServerError::Storage(StorageError::Torn)) if tried < TRIES => pause(tried),
                // Something among them cannot be stored. Only the push that holds it may suffer from that.
                Err(ServerError::Storage(StorageError::Unfit(why))) => {
                    tracing::warn!(%why, "The storage would not take a batch; judging it one by one");
                    return jobs.iter().map(|job| self.judge_alone(job)).collect();
                }
                Err(error) => return self.fail_all(jobs, error),
            }
        }
    }

    fn judge_alone(&self, job: &Job) -> Result<Judging, ServerError> {
        let judged = self.judge_batch(std::slice::from_ref(job), Care::Each)?;
        judged.into_iter().next().unwrap_or_else(|| Err(ServerError::Worker("a push was not judged".to_owned())))
    }

    /// Everybody is told the first time what went wrong; it is no fault of any of them.
    fn fail_all(&self, jobs: &[Job], error: ServerError) -> Vec<Result<Judging, ServerError>> {
        let rest = jobs.len().saturating_sub(1);
        let again = (0..rest).map(|_| Err(StorageError::Busy.into()));
        std::iter::once(Err(error)).chain(again).collect()
    }

    /// Judges several pushes in one transaction; an error of one of them stops it alone.
    fn judge_batch(&self, jobs: &[Job], care: Care) -> Result<Vec<Result<Judging, ServerError>>, ServerError> {
        let ready: Vec<Result<Vec<Ready<'_>>, ServerError>> =
            jobs.iter().map(|job| job.commands.iter().map(read_envelope).collect()).collect();
        let ids: Vec<CommandId> = ready.iter().flatten().flatten().map(|command| command.envelope.id).collect();
        let of: Vec<DeviceId> = jobs.iter().map(|job| job.caller.device).collect();
        let mut tx = self.begin()?;
        let workspace = tx.workspace()?;
        let mut devices: BTreeMap<DeviceId, Device> = tx.devices_among(&of)?;
        let mut known: BTreeMap<CommandId, Known> = tx.known_among(&ids)?;
        let said = ready.iter().flatten().flatten().filter_map(|command| command.body.as_ref().ok());
        tx.foresee(&said.filter_map(about).collect::<Vec<_>>())?;
        let mut judged = Vec::with_capacity(jobs.len());
        for (job, ready) in jobs.iter().zip(ready) {
            let steps = ready.and_then(|commands| {
                let device = devices.get(&job.caller.device).ok_or_else(not_signed_in)?;
                // Again under the lock: it may have been shut out since the request was let in.
                if device.revoked {
                    return Err(device_revoked().into());
                }
                if device.public_key != job.key {
                    // Registered anew, after a backup was put back that did not know it.
                    self.keys().remove(&device.id);
                    let sentence = "The device was registered anew while it pushed.";
                    return Err(ErrorBody::new(ErrorCode::Busy, sentence, "Try again in a moment.").into());
                }
                if workspace.epoch != job.epoch {
                    return Err(other_epoch(workspace.epoch, device.counter));
                }
                let steps = plan(tx.as_mut(), job, &commands, device, workspace.id, &known)?;
                Ok((commands, steps))
            });
            let (commands, steps) = match steps {
                Ok(steps) => steps,
                Err(error @ ServerError::Storage(_)) => return Err(error),
                Err(error) => {
                    judged.push(Err(error));
                    continue;
                }
            };
            let device = devices.get_mut(&job.caller.device).ok_or_else(not_signed_in)?;
            let mut results = Vec::with_capacity(steps.len());
            for ((counter, command), step) in (job.first_counter..=u64::MAX).zip(&commands).zip(steps) {
                let (id, actor) = (command.envelope.id, command.envelope.actor);
                let result = match step {
                    Step::Answered(result) => {
                        results.push(result);
                        continue;
                    }
                    Step::Linked(result) => result,
                    Step::New => match known.get(&id) {
                        // The same command twice in one push: it takes effect once.
                        Some(known) => CommandResult { counter, ..known.result.clone() },
                        None => self.judge(tx.as_mut(), counter, command, care)?,
                    },
                };
                tx.advance(device.id, counter, &command.hash, id)?;
                device.counter = counter;
                device.last_hash.clone_from(&command.hash);
                known.insert(id, Known { actor, result: result.clone() });
                results.push(result);
            }
            judged.push(Ok(results));
        }
        let head = tx.workspace()?.head;
        tx.commit()?;
        self.hub.wake();
        Ok(judged.into_iter().map(|results| results.map(|results| Judging { results, head })).collect())
    }
}

pub(super) fn other_epoch(epoch: Epoch, counter: u64) -> ServerError {
    ErrorBody {
        epoch: Some(epoch),
        expected_counter: Some(counter + 1),
        ..ErrorBody::new(
            ErrorCode::EpochChanged,
            "The server was restored from a backup or replaced.",
            "Nothing to do: the laptop sends again what the server no longer knows.",
        )
    }
    .into()
}
