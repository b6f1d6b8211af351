//! The store as the sync engine sees it.
//!
//! Results and sums of staged pages are held here and not written: a run that is cut off before its flip pulls on
//! from the staged cursors and gets them again, because `judged` moves only with a flip.

use crate::alarms;
use crate::held;
use slipway_domain::id::DeviceId;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::error::StoreError;
use slipway_store::flip::{Cursor, Flip, Flipped as StoreFlipped};
use slipway_store::queue::{Judged, Verdict as StoreVerdict};
use slipway_store::snapshot;
use slipway_store::stage::{Reached, Staged};
use slipway_sync::bucket::Bucket;
use slipway_sync::encoding::Base64;
use slipway_sync::limits;
use slipway_sync::local::{Fetching, Flipped, Local, LocalError, LocalStatus, LogNote, Queued};
use slipway_sync::protocol::{BucketSum, CommandResult, Epoch, Lease, Page, SignedCommand, Verdict};
use slipway_sync::snapshot::{Manifest, Row, SignedManifest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Epoch of what is held or staged.
const EPOCH: &str = "sync.epoch";
/// Results of pushes are recorded up to this counter.
const ANSWERED: &str = "sync.answered";
/// Results are in force up to this counter.
const JUDGED: &str = "sync.judged";
/// The last checkpoint accepted, of whichever epoch.
pub(crate) const CHECKPOINT: &str = "sync.checkpoint";
/// The last checkpoint accepted is of an epoch before the present one.
const FORMER: &str = "sync.checkpoint_former";
/// The server proved before that its log continues the one seen.
const PROVES: &str = "sync.log_proves";
/// What stands for true.
const YES: &str = "yes";

/// What the pages of one pull brought besides records.
#[derive(Debug, Default)]
struct Pulled {
    results: Vec<CommandResult>,
    judged: u64,
    cursors: BTreeMap<Bucket, u64>,
    sums: BTreeMap<Bucket, BucketSum>,
    checkpoint: Option<String>,
    head: u64,
    durable_seq: u64,
}

/// What a flip did, for whoever shows it.
#[derive(Clone, Debug, Default)]
pub struct FlipNews {
    /// Which records look different now, and which commands need attention.
    pub flipped: StoreFlipped,
    /// Results that came into force.
    pub results: Vec<CommandResult>,
}

/// Adapts the store. One for each run of the engine.
pub struct StoreLocal {
    store: Arc<Store>,
    now: Box<dyn Fn() -> Timestamp + Send>,
    told: Box<dyn FnMut(FlipNews) + Send>,
    pulled: Pulled,
    /// Whose results `pulled` holds.
    device: Option<DeviceId>,
}

impl StoreLocal {
    /// The store, a clock, and whom to tell about flips.
    pub fn new(
        store: Arc<Store>,
        now: impl Fn() -> Timestamp + Send + 'static,
        told: impl FnMut(FlipNews) + Send + 'static,
    ) -> Self {
        Self { store, now: Box::new(now), told: Box::new(told), pulled: Pulled::default(), device: None }
    }

    /// Forgets what an unfinished pull brought besides the staged records; the server tells it again.
    pub fn begin_anew(&mut self) {
        self.pulled = Pulled::default();
    }

    /// Buckets held or staged that were not pulled: no longer to be read, or no longer wanted.
    fn left(&self, pulled: &Pulled) -> Result<Vec<String>, StoreError> {
        let mut left: BTreeSet<String> = self.store.status()?.cursors.into_iter().map(|cursor| cursor.bucket).collect();
        left.extend(self.store.staged_buckets()?);
        for bucket in pulled.cursors.keys() {
            left.remove(&bucket.to_string());
        }
        Ok(left.into_iter().collect())
    }

    fn says(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.store.remembered(name)?.as_deref() == Some(YES))
    }

    fn number(&self, name: &str) -> Result<u64, StoreError> {
        Ok(self.store.remembered(name)?.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    fn epoch(&self) -> Result<Option<Epoch>, StoreError> {
        Ok(self.store.remembered(EPOCH)?.and_then(|text| text.parse().ok()).map(Epoch))
    }

    /// After the device took a new identity nothing of it has been pushed or judged.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn forget_device(store: &Store) -> Result<(), StoreError> {
        store.remember(ANSWERED, "0")?;
        store.remember(JUDGED, "0")
    }
}

/// A person accepted this checkpoint; `no_proofs`: of a server that gives none.
///
/// # Errors
/// That the storage failed.
pub(crate) fn accept_log(store: &Store, checkpoint: &str, no_proofs: bool) -> Result<(), StoreError> {
    if no_proofs {
        store.remember(PROVES, "")?;
    }
    store.remember(FORMER, "")?;
    store.remember(CHECKPOINT, checkpoint)
}

fn failed(error: StoreError) -> LocalError {
    LocalError::new(error)
}

/// A verdict as the store keeps it.
fn verdict(verdict: &Verdict) -> StoreVerdict {
    match verdict {
        Verdict::Applied { .. } => StoreVerdict::Applied,
        Verdict::Partial { effect, .. } => StoreVerdict::Partial { conflicts: effect.conflicts.clone() },
        Verdict::Refused { findings } => StoreVerdict::Refused { findings: findings.clone() },
        Verdict::Held { why } => StoreVerdict::Held { why: why.clone() },
    }
}

fn judged(result: &CommandResult, head: u64) -> Judged {
    let seq = match &result.verdict {
        Verdict::Applied { seq, .. } | Verdict::Partial { seq, .. } => *seq,
        // It moved no sequence: only a backup beyond the head is sure to hold it.
        Verdict::Refused { .. } | Verdict::Held { .. } => head.saturating_add(1),
    };
    Judged { id: result.id, counter: result.counter, seq, verdict: verdict(&result.verdict) }
}

/// A snapshot as the engine goes on with it; one whose manifest cannot be read is begun anew.
fn under_way(fetching: &snapshot::Fetching) -> Option<Fetching> {
    let manifest = serde_json::from_str(&fetching.manifest).ok()?;
    Some(Fetching { manifest, kept: fetching.kept })
}

/// Reads the frames that the store keeps.
struct Frames;

fn manifest(text: &str) -> Result<Manifest, Fault> {
    // Its signature was checked before the first frame was asked for.
    let signed: SignedManifest = serde_json::from_str(text).map_err(Fault::new)?;
    Manifest::read(&signed.payload.0).map_err(Fault::new)
}

impl snapshot::Unpack for Frames {
    fn unpack(
        &self,
        text: &str,
        n: usize,
        packed: &[u8],
        show: &mut dyn FnMut(snapshot::Row<'_>),
    ) -> Result<(), Fault> {
        let mut show = |row: Row<'_>, checksum| {
            show(snapshot::Row { kind: row.kind, id: row.id, seq: row.seq, body: row.body, checksum });
        };
        manifest(text)?.unpack(n, packed, &mut show).map(|_| ()).map_err(Fault::new)
    }

    fn total(&self, text: &str) -> Result<(u64, u64), Fault> {
        let sum = manifest(text)?.sum;
        Ok((sum.count, sum.sum))
    }
}

impl StoreLocal {
    /// How far the server answered what this device issued.
    fn answered(&self) -> Result<u64, StoreError> {
        let answered = self.number(ANSWERED)?;
        if self.number(JUDGED)? == 0 {
            // In a new epoch the results that are asked for again come first.
            return Ok(answered);
        }
        // A copy of this disk may have taken a place in the chain in the server's new history: what stood there in
        // the old one has no result, and being sent again it shows the fork.
        let unknown = self.store.unanswered_up_to(answered)?;
        Ok(unknown.map_or(answered, |first| first.saturating_sub(1)))
    }
}

impl Local for StoreLocal {
    fn status(&mut self) -> Result<LocalStatus, LocalError> {
        let status = self.store.status().map_err(failed)?;
        if self.device.replace(status.device) != Some(status.device) {
            // A new identity: what the old one was told of its commands, and how far, is not about the new one's.
            self.begin_anew();
        }
        let mut cursors = BTreeMap::new();
        for bucket in held::wanted(&self.store).map_err(failed)? {
            let seq = self.store.staged_cursor(&bucket.to_string()).map_err(failed)?;
            cursors.insert(bucket, seq);
        }
        let fetching = self.store.fetching().map_err(failed)?;
        let wanted: BTreeSet<String> = cursors.keys().map(Bucket::to_string).collect();
        // Staged results belong to this run; what an earlier one staged comes again.
        let judged = self.number(JUDGED).map_err(failed)?.max(self.pulled.judged);
        Ok(LocalStatus {
            device: status.device,
            epoch: self.epoch().map_err(failed)?,
            cursors,
            fetching: fetching.iter().filter(|it| wanted.contains(&it.bucket)).filter_map(under_way).collect(),
            scope: held::scope(&self.store).map_err(failed)?.map(|scope| scope.tag).unwrap_or_default(),
            judged,
            answered: self.answered().map_err(failed)?,
            waiting: status.pending,
            numbers: status.numbers_left,
            checkpoint: self.store.remembered(CHECKPOINT).map_err(failed)?.filter(|text| !text.is_empty()),
            former: self.says(FORMER).map_err(failed)?,
            proves: self.says(PROVES).map_err(failed)?,
            alarm: alarms::stopping(&self.store).map_err(LocalError::new)?.map(Box::new),
        })
    }

    fn batch(&mut self, after: u64, commands: usize, payload_bytes: usize) -> Result<Vec<Queued>, LocalError> {
        let batch = self.store.pending_after(after, commands, payload_bytes).map_err(failed)?;
        let signed = |payload, signature: [u8; 64]| SignedCommand {
            payload: Base64(payload),
            signature: Base64(signature.to_vec()),
        };
        Ok(batch.into_iter().map(|q| Queued { counter: q.counter, signed: signed(q.payload, q.signature) }).collect())
    }

    fn record(&mut self, results: &[CommandResult]) -> Result<(), LocalError> {
        let answers: Vec<Judged> = results.iter().map(|r| judged(r, 0)).collect();
        self.store.record_answers(&answers).map_err(failed)?;
        let highest = results.iter().map(|r| r.counter).max().unwrap_or(0);
        let before = self.number(ANSWERED).map_err(failed)?;
        self.store.remember(ANSWERED, &highest.max(before).to_string()).map_err(failed)
    }

    fn stage(&mut self, page: &Page) -> Result<(), LocalError> {
        let staged: Vec<Staged> = page
            .entries
            .iter()
            .map(|entry| Staged {
                bucket: entry.bucket.to_string(),
                seq: entry.seq,
                kind: entry.kind.clone(),
                id: entry.id,
                body: entry.body.clone(),
            })
            .collect();
        let reached: Vec<Reached> =
            page.cursors.iter().map(|(bucket, seq)| Reached { bucket: bucket.to_string(), seq: *seq }).collect();
        self.store.stage(&staged, &reached).map_err(failed)?;
        if let Some(scope) = &page.scope {
            held::keep_scope(&self.store, scope).map_err(failed)?;
        }
        let pulled = &mut self.pulled;
        pulled.results.extend(page.results.iter().cloned());
        pulled.judged = page.judged;
        pulled.cursors.clone_from(&page.cursors);
        pulled.sums.clone_from(&page.sums);
        pulled.checkpoint.clone_from(&page.checkpoint);
        pulled.head = page.head;
        pulled.durable_seq = page.durable_seq;
        Ok(())
    }

    fn begin_snapshot(&mut self, bucket: Bucket, seq: u64, manifest: &SignedManifest) -> Result<(), LocalError> {
        let text = serde_json::to_string(manifest).map_err(LocalError::new)?;
        self.store.begin_snapshot(&bucket.to_string(), seq, &text).map_err(failed)
    }

    fn keep_frames(&mut self, bucket: Bucket, frames: &[Vec<u8>], last: bool) -> Result<(), LocalError> {
        self.store.keep_frames(&bucket.to_string(), frames, last).map_err(failed)
    }

    fn drop_snapshot(&mut self, bucket: Bucket) -> Result<(), LocalError> {
        self.store.drop_snapshot(&bucket.to_string()).map_err(failed)
    }

    fn flip(&mut self) -> Result<Flipped, LocalError> {
        let epoch = self.epoch().map_err(failed)?;
        let pulled = std::mem::take(&mut self.pulled);
        let cursors = pulled.cursors.iter().map(|(bucket, seq)| {
            let sum = pulled.sums.get(bucket).copied().unwrap_or_default();
            Cursor { bucket: bucket.to_string(), seq: *seq, count: sum.count, sum: sum.sum }
        });
        let flip = Flip {
            epoch: epoch.map(|e| e.to_string()).unwrap_or_default(),
            at: (self.now)(),
            cursors: cursors.collect(),
            left: self.left(&pulled).map_err(failed)?,
            judged: pulled.results.iter().map(|r| judged(r, pulled.head)).collect(),
        };
        let flipped = match self.store.flip_with_snapshots(&flip, &Frames) {
            // Nothing was changed: the bucket is fetched again, and the results come again with it.
            Err(StoreError::Snapshot { bucket, why }) => {
                tracing::warn!(bucket, why, "a snapshot cannot be used");
                return Ok(Flipped { mismatched: bucket.parse().into_iter().collect() });
            }
            flipped => flipped.map_err(failed)?,
        };
        self.store.remember(JUDGED, &pulled.judged.to_string()).map_err(failed)?;
        if let Some(checkpoint) = &pulled.checkpoint {
            self.store.remember(CHECKPOINT, checkpoint).map_err(failed)?;
            self.store.remember(FORMER, "").map_err(failed)?;
        }
        let too_old = Timestamp(flip.at.0.saturating_sub(limits::SENT_KEPT_MS));
        self.store.forget_sent(pulled.durable_seq, too_old).map_err(failed)?;
        let mismatched = flipped.mismatched.iter().filter_map(|bucket| bucket.parse().ok()).collect();
        (self.told)(FlipNews { flipped, results: pulled.results });
        Ok(Flipped { mismatched })
    }

    fn begin_epoch(&mut self, epoch: Epoch, expected_counter: u64) -> Result<(), LocalError> {
        self.pulled = Pulled::default();
        self.store.start_over(None).map_err(failed)?;
        let requeued = self.store.requeue_sent().map_err(failed)?;
        // What was seen stays: a server that was put back has to say so.
        self.store.remember(FORMER, YES).map_err(failed)?;
        // The server may have lost files as well; one that it has it does not ask for.
        self.store.await_all_uploads((self.now)()).map_err(failed)?;
        // Every result is asked for again: what was sent before and waits again in the queue leaves it with them.
        self.store.remember(JUDGED, "0").map_err(failed)?;
        // Where an answer was lost, or the server knows another history of this device, less was answered than the
        // server expects; and commands of an earlier identity must show in the next batch, to take the present one.
        let before = self.number(ANSWERED).map_err(failed)?;
        let answered = if requeued.needs_fork { 0 } else { before.min(expected_counter.saturating_sub(1)) };
        self.store.remember(ANSWERED, &answered.to_string()).map_err(failed)?;
        self.store.remember(EPOCH, &epoch.to_string()).map_err(failed)
    }

    fn note_log(&mut self, note: &LogNote) -> Result<(), LocalError> {
        match note {
            LogNote::Proves => self.store.remember(PROVES, YES).map_err(failed),
            LogNote::Alarm(alarm) => alarms::raise(&self.store, alarm, (self.now)()).map_err(LocalError::new),
        }
    }

    fn refetch(&mut self, buckets: &[Bucket]) -> Result<(), LocalError> {
        for bucket in buckets {
            self.store.start_over(Some(&bucket.to_string())).map_err(failed)?;
        }
        Ok(())
    }

    fn add_numbers(&mut self, lease: Lease) -> Result<(), LocalError> {
        if lease.count == 0 {
            return Ok(());
        }
        let last = lease.first.saturating_add(lease.count - 1);
        self.store.lease(lease.series, lease.first, last).map_err(failed)
    }
}
