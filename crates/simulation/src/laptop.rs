//! A laptop in memory: what survives a crash, as a value, and [`Local`] over it.
//!
//! It is the short form of the real store, and the one that planted bugs are put into.

use crate::machine::{Image, Machine, Waiting};
use crate::planted::Bug;
use crate::random::Random;
use crate::server::WORKSPACE;
use slipway_domain::checksum::{row_checksum, state_hash};
use slipway_domain::command::{Command, Envelope, RULES_VERSION};
use slipway_domain::execute::{Context, execute};
use slipway_domain::id::{CommandId, DeviceId, PersonId, SiteId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::overlay::Overlay;
use slipway_domain::records::{Memory, Records};
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::local::{
    Fetching, Flipped, Local, LocalAnswer, LocalError, LocalRequest, LocalStatus, LogNote, Queued,
    perform as perform_on,
};
use slipway_sync::log::alarm::Alarm;
use slipway_sync::protocol::{CommandResult, Epoch, Lease, Page, Scope, SignedCommand, Verdict};
use slipway_sync::signing::{PrivateKey, PublicKey, sign};
use slipway_sync::snapshot::{Manifest, Row, SignedManifest};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

type Key = (String, Uuid);

/// A command that is kept: it waits for its end, or for a backup that covers it.
#[derive(Clone, Debug)]
struct Kept {
    counter: u64,
    device: DeviceId,
    id: CommandId,
    made_at: Timestamp,
    command: Option<Command>,
    signed: SignedCommand,
    /// Its result is in force.
    in_force: bool,
}

/// What was fetched but not yet put in force.
#[derive(Clone, Debug, Default)]
struct Stage {
    /// Buckets that are fetched whole, each with its sequence once every frame is here, and 0 before.
    snapshots: BTreeMap<Bucket, (Fetching, u64)>,
    entries: BTreeMap<(Bucket, Key), (u64, Option<String>)>,
    results: Vec<CommandResult>,
    last: Option<Page>,
}

/// Everything on the laptop's disk.
#[derive(Clone)]
pub struct Disk {
    person: PersonId,
    device: DeviceId,
    key: PrivateKey,
    counter: u64,
    previous: String,
    epoch: Option<Epoch>,
    held: BTreeMap<(Bucket, Key), (u64, String)>,
    cursors: BTreeMap<Bucket, u64>,
    /// What may be read, as the server last said.
    scope: Option<Scope>,
    /// Which sites of it are wanted; `None`: all.
    only: Option<BTreeSet<SiteId>>,
    /// What is fetched next of these replaces what is held of them.
    anew: BTreeSet<Bucket>,
    stage: Stage,
    kept: Vec<Kept>,
    ends: BTreeMap<CommandId, Verdict>,
    judged: u64,
    answered: u64,
    /// What was answered in this epoch, ahead of its effects.
    told: BTreeSet<CommandId>,
    numbers: BTreeMap<Series, Vec<u32>>,
    checkpoint: Option<String>,
    former: bool,
    proves: bool,
    alarms: Vec<Alarm>,
    visible: Memory,
    /// Most commands in one push, so that a queue takes several.
    batch: usize,
    bug: Option<Bug>,
}

impl Disk {
    pub fn new(person: PersonId, random: &mut Random, bug: Option<Bug>) -> Self {
        Self {
            person,
            device: DeviceId(random.uuid()),
            key: PrivateKey::from_seed(&random.seed()),
            counter: 0,
            previous: String::new(),
            epoch: None,
            held: BTreeMap::new(),
            cursors: BTreeMap::from([(Bucket::Workspace, 0)]),
            scope: None,
            only: None,
            anew: BTreeSet::new(),
            stage: Stage::default(),
            kept: Vec::new(),
            ends: BTreeMap::new(),
            judged: 0,
            answered: 0,
            told: BTreeSet::new(),
            numbers: BTreeMap::new(),
            checkpoint: None,
            former: false,
            proves: false,
            alarms: Vec::new(),
            visible: Memory::default(),
            batch: usize::try_from(1 + random.below(8)).unwrap(),
            bug,
        }
    }

    fn number(&mut self, series: Series, id: Uuid) -> Number {
        match self.numbers.get_mut(&series).and_then(Vec::pop) {
            Some(n) => Number::new(series, n),
            None => Number::provisional(series, id),
        }
    }

    fn sign(&mut self, id: CommandId, made_at: Timestamp, command: &serde_json::Value) -> Kept {
        self.counter += 1;
        let envelope = Envelope {
            domain: Envelope::<Command>::DOMAIN.into(),
            workspace: WORKSPACE,
            rules_version: RULES_VERSION,
            id,
            device: self.device,
            counter: self.counter,
            actor: self.person,
            made_at,
            last_seq: self.cursors.values().copied().max().unwrap_or(0),
            previous: std::mem::take(&mut self.previous),
            replaces: None,
            command,
        };
        let signed = sign(&envelope, &self.key).unwrap();
        self.previous = signed.hash();
        Kept {
            counter: self.counter,
            device: self.device,
            id,
            made_at,
            command: serde_json::from_value(command.clone()).ok(),
            signed,
            in_force: false,
        }
    }

    /// The buckets that are to be held.
    fn wanted(&self) -> BTreeSet<Bucket> {
        let mut buckets = BTreeSet::from([Bucket::Workspace]);
        if let Some(scope) = &self.scope {
            buckets.insert(Bucket::Person(scope.person));
            let sites = scope.sites.iter().map(|site| site.id);
            let sites = sites.filter(|site| self.only.as_ref().is_none_or(|only| only.contains(site)));
            buckets.extend(sites.map(Bucket::Site));
        }
        buckets
    }

    fn replay(&mut self) {
        let mut visible = Memory::default();
        for ((_, (kind, _)), (_, body)) in &self.held {
            visible.write(Record::from_body(Kind::named(kind).unwrap(), body).unwrap()).unwrap();
        }
        if self.bug != Some(Bug::NoRebase) {
            for kept in self.kept.iter().filter(|kept| !kept.in_force) {
                carry_out(&mut visible, self.person, kept.id, kept.made_at, kept.command.as_ref());
            }
        }
        self.visible = visible;
    }

    fn put_in_force(&mut self, entries: BTreeMap<(Bucket, Key), (u64, Option<String>)>) {
        for (key, (seq, body)) in entries {
            match body {
                Some(body) => self.held.insert(key, (seq, body)),
                None => self.held.remove(&key),
            };
        }
    }

    /// How far the server answered; in a new epoch what it has no result for is sent again once all were asked for.
    fn answered(&self) -> u64 {
        let is_unknown = |kept: &&Kept| {
            !kept.in_force
                && kept.device == self.device
                && kept.counter <= self.answered
                && !self.told.contains(&kept.id)
        };
        let unknown = self.kept.iter().filter(is_unknown).map(|kept| kept.counter).min();
        match unknown {
            Some(first) if self.judged > 0 => first.saturating_sub(1),
            _ => self.answered,
        }
    }

    /// An identity of its own, with what waits signed again under fresh command ids: what a client does that knows
    /// nothing of exactly-once.
    fn ask_again_under_fresh_ids(&mut self) {
        for at in 0..self.kept.len() {
            let kept = self.kept[at].clone();
            if kept.in_force || kept.counter <= self.answered {
                continue;
            }
            let id = CommandId(Uuid::from_u128(kept.id.0.as_u128().wrapping_add(1 << 64)));
            let mut envelope: Envelope<serde_json::Value> = serde_json::from_slice(&kept.signed.payload.0).unwrap();
            envelope.id = id;
            self.kept[at].signed = sign(&envelope, &self.key).unwrap();
        }
    }
}

/// Lets a command take effect, or nothing.
pub fn carry_out(
    records: &mut Memory,
    actor: PersonId,
    id: CommandId,
    now: Timestamp,
    command: Option<&Command>,
) -> bool {
    let Some(command) = command else { return false };
    let mut context = Context { command: id, actor, now, numbers: BTreeMap::new() };
    let mut above = Overlay::over(records);
    if execute(command, &mut context, &mut above).is_err() {
        return false;
    }
    let changes = above.into_changes();
    changes.apply(records).unwrap();
    true
}

/// Hash over records, as the state's hash is defined.
pub fn hash_of(records: &Memory) -> String {
    let mut rows: Vec<_> = records.records().map(|r| (r.kind().name(), r.id(), r.body().unwrap())).collect();
    rows.sort();
    state_hash(rows.iter().map(|(kind, id, body)| (*kind, *id, body.as_str())))
}

impl Machine for Disk {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn person(&self) -> PersonId {
        self.person
    }

    fn device(&self) -> DeviceId {
        self.device
    }

    fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    fn issue(&mut self, id: CommandId, made_at: Timestamp, mut command: Command) -> bool {
        let numbers = self.numbers.clone();
        crate::invent::give_number(&mut command, &mut |series, id| self.number(series, id));
        if !carry_out(&mut self.visible, self.person, id, made_at, Some(&command)) {
            self.numbers = numbers;
            return false;
        }
        let kept = self.sign(id, made_at, &serde_json::to_value(&command).unwrap());
        self.kept.push(kept);
        true
    }

    fn poison(&mut self, id: CommandId, made_at: Timestamp) -> bool {
        let kept = self.sign(id, made_at, &serde_json::json!({ "teleport": { "to": "production" } }));
        self.kept.push(kept);
        true
    }

    fn perform(&mut self, request: &LocalRequest) -> Result<LocalAnswer, LocalError> {
        perform_on(self, request)
    }

    fn perform_in_part(&mut self, request: &LocalRequest, random: &mut Random) {
        if self.bug == Some(Bug::CheckpointBeforeData)
            && let LocalRequest::Stage(page) = request
        {
            let cursors_only = Page { entries: Vec::new(), results: Vec::new(), ..(**page).clone() };
            self.stage(&cursors_only).unwrap();
        } else if random.percent(50) {
            let _ = self.perform(request);
        }
    }

    fn restart(&mut self) {}

    fn reissue(&mut self, device: DeviceId, key: PrivateKey) {
        (self.device, self.key) = (device, key);
        (self.counter, self.judged, self.answered) = (0, 0, 0);
        // Staged results, and how far they reached, are those of the old identity.
        self.stage = Stage::default();
        self.previous.clear();
        // Its twin may be giving the same numbers away.
        self.numbers.clear();
        for at in 0..self.kept.len() {
            if !self.kept[at].in_force {
                let Kept { id, made_at, signed, .. } = self.kept[at].clone();
                let envelope: Envelope<serde_json::Value> = serde_json::from_slice(&signed.payload.0).unwrap();
                self.kept[at] = self.sign(id, made_at, &envelope.command);
            }
        }
    }

    fn image(&self) -> Image {
        Box::new(self.clone())
    }

    fn put_back(&mut self, image: &Image) {
        self.clone_from(image.downcast_ref::<Self>().unwrap());
    }

    fn clone_from_image(&self, image: &Image) -> Box<dyn Machine> {
        Box::new(image.downcast_ref::<Self>().unwrap().clone())
    }

    fn visible(&self) -> Memory {
        self.visible.clone()
    }

    fn visible_hash(&self) -> String {
        hash_of(&self.visible)
    }

    fn confirmed_hash(&self) -> String {
        let rows: BTreeMap<_, _> =
            self.held.iter().map(|((_, key), (_, body))| ((key.0.as_str(), key.1), body.as_str())).collect();
        state_hash(rows.into_iter().map(|((kind, id), body)| (kind, id, body)))
    }

    fn waiting(&self) -> Vec<Waiting> {
        let waiting = self.kept.iter().filter(|kept| !kept.in_force);
        waiting.map(|k| Waiting { id: k.id, made_at: k.made_at, command: k.command.clone() }).collect()
    }

    fn ends(&self) -> BTreeMap<CommandId, Verdict> {
        self.ends.clone()
    }

    fn hold_only(&mut self, sites: Option<BTreeSet<SiteId>>) {
        self.only = sites;
    }

    fn only(&self) -> Option<BTreeSet<SiteId>> {
        self.only.clone()
    }

    fn attention(&self) -> BTreeSet<CommandId> {
        self.ends.iter().filter(|(_, end)| !matches!(end, Verdict::Applied { .. })).map(|(id, _)| *id).collect()
    }
}

impl Local for Disk {
    fn status(&mut self) -> Result<LocalStatus, LocalError> {
        let staged = self.stage.last.as_ref();
        let fetched = |bucket: &Bucket| self.stage.snapshots.get(bucket).map_or(0, |(_, seq)| *seq);
        let reached = |bucket: &Bucket, seq: u64| match staged.and_then(|page| page.cursors.get(bucket)) {
            _ if fetched(bucket) > 0 => {
                fetched(bucket).max(staged.and_then(|page| page.cursors.get(bucket)).copied().unwrap_or(0))
            }
            Some(staged) => *staged,
            None if self.anew.contains(bucket) => 0,
            None => seq,
        };
        Ok(LocalStatus {
            device: self.device,
            epoch: self.epoch,
            cursors: self
                .wanted()
                .into_iter()
                .map(|bucket| (bucket, reached(&bucket, self.cursors.get(&bucket).copied().unwrap_or(0))))
                .collect(),
            scope: self.scope.as_ref().map(|scope| scope.tag.clone()).unwrap_or_default(),
            fetching: self
                .stage
                .snapshots
                .iter()
                .filter(|(bucket, (_, seq))| *seq == 0 && self.wanted().contains(bucket))
                .map(|(_, (fetching, _))| fetching.clone())
                .collect(),
            judged: staged.map_or(self.judged, |page| page.judged),
            answered: self.answered(),
            waiting: self.kept.iter().filter(|kept| !kept.in_force).count() as u64,
            numbers: self.numbers.iter().map(|(series, left)| (*series, left.len() as u32)).collect(),
            checkpoint: self.checkpoint.clone(),
            former: self.former,
            proves: self.proves,
            alarm: self.alarms.iter().rfind(|alarm| alarm.what.stops()).cloned().map(Box::new),
        })
    }

    fn batch(&mut self, after: u64, commands: usize, _payload_bytes: usize) -> Result<Vec<Queued>, LocalError> {
        if self.bug == Some(Bug::FreshIdsOnRetry) {
            self.ask_again_under_fresh_ids();
        }
        let waiting = self.kept.iter().filter(|kept| !kept.in_force && kept.counter > after);
        let mut batch: Vec<Queued> =
            waiting.map(|kept| Queued { counter: kept.counter, signed: kept.signed.clone() }).collect();
        batch.sort_by_key(|queued| queued.counter);
        batch.truncate(commands.min(self.batch));
        Ok(batch)
    }

    fn record(&mut self, results: &[CommandResult]) -> Result<(), LocalError> {
        self.answered = results.iter().map(|result| result.counter).fold(self.answered, u64::max);
        self.told.extend(results.iter().map(|result| result.id));
        if self.bug == Some(Bug::DropOnPushAnswer) {
            for result in results {
                if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == result.id) {
                    kept.in_force = true;
                    self.ends.insert(result.id, result.verdict.clone());
                }
            }
            self.replay();
        }
        Ok(())
    }

    fn stage(&mut self, page: &Page) -> Result<(), LocalError> {
        let entries = page
            .entries
            .iter()
            .map(|entry| ((entry.bucket, (entry.kind.clone(), entry.id)), (entry.seq, entry.body.clone())));
        if self.bug == Some(Bug::PageByPage) {
            let entries = entries.clone().collect();
            self.put_in_force(entries);
            self.replay();
        }
        self.stage.entries.extend(entries);
        self.stage.results.extend(page.results.iter().cloned());
        if page.scope.is_some() {
            self.scope.clone_from(&page.scope);
        }
        self.stage.last = Some(Page { entries: Vec::new(), results: Vec::new(), ..page.clone() });
        Ok(())
    }

    fn begin_snapshot(&mut self, bucket: Bucket, _seq: u64, manifest: &SignedManifest) -> Result<(), LocalError> {
        self.drop_snapshot(bucket)?;
        self.stage.snapshots.insert(bucket, (Fetching { manifest: manifest.clone(), kept: 0 }, 0));
        Ok(())
    }

    fn keep_frames(&mut self, bucket: Bucket, frames: &[Vec<u8>], last: bool) -> Result<(), LocalError> {
        let (fetching, fetched) = self.stage.snapshots.get_mut(&bucket).expect("frames follow a manifest");
        let manifest = Manifest::read(&fetching.manifest.payload.0).map_err(LocalError::new)?;
        for packed in frames {
            let mut show = |row: Row<'_>, _| {
                let key = (bucket, (row.kind.to_owned(), row.id));
                self.stage.entries.insert(key, (row.seq, Some(row.body.to_owned())));
            };
            manifest.unpack(fetching.kept, packed, &mut show).map_err(LocalError::new)?;
            fetching.kept += 1;
        }
        if last {
            *fetched = manifest.seq;
        }
        Ok(())
    }

    fn drop_snapshot(&mut self, bucket: Bucket) -> Result<(), LocalError> {
        self.stage.snapshots.remove(&bucket);
        self.stage.entries.retain(|(of, _), _| *of != bucket);
        Ok(())
    }

    fn flip(&mut self) -> Result<Flipped, LocalError> {
        let stage = std::mem::take(&mut self.stage);
        let page = stage.last.expect("a flip follows a page");
        assert!(page.complete, "I9 a flip followed a page that is not complete");
        let anew = std::mem::take(&mut self.anew);
        self.held.retain(|(bucket, _), _| !anew.contains(bucket) && page.cursors.contains_key(bucket));
        let mut entries = stage.entries;
        entries.retain(|(bucket, _), _| page.cursors.contains_key(bucket));
        self.put_in_force(entries);
        for result in stage.results {
            if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == result.id) {
                kept.in_force = true;
                self.ends.insert(result.id, result.verdict);
            }
        }
        self.cursors.clone_from(&page.cursors);
        self.judged = page.judged;
        self.checkpoint = page.checkpoint;
        self.former = false;
        self.replay();
        let mut mismatched = Vec::new();
        for (bucket, told) in &page.sums {
            let rows = self.held.iter().filter(|((held, _), _)| held == bucket);
            let (count, sum) = rows.fold((0_u64, 0_u64), |(count, sum), ((_, (kind, id)), (seq, body))| {
                (count + 1, sum.wrapping_add(row_checksum(kind, *id, *seq, body)))
            });
            if (count, sum) != (told.count, told.sum) {
                mismatched.push(*bucket);
            }
        }
        Ok(Flipped { mismatched })
    }

    fn begin_epoch(&mut self, epoch: Epoch, expected_counter: u64) -> Result<(), LocalError> {
        self.epoch = Some(epoch);
        self.stage = Stage::default();
        self.anew = self.cursors.keys().copied().collect();
        self.former = true;
        let all_mine = self.kept.iter().all(|kept| kept.device == self.device);
        self.answered = if all_mine { self.answered.min(expected_counter.saturating_sub(1)) } else { 0 };
        self.judged = 0;
        self.told.clear();
        if self.bug == Some(Bug::ForgetSentOnEpoch) {
            // What was judged is believed to be safe.
            return Ok(());
        }
        self.kept.iter_mut().for_each(|kept| kept.in_force = false);
        Ok(())
    }

    fn note_log(&mut self, note: &LogNote) -> Result<(), LocalError> {
        match note {
            LogNote::Proves => self.proves = true,
            LogNote::Alarm(alarm) => self.alarms.push((**alarm).clone()),
        }
        Ok(())
    }

    fn refetch(&mut self, buckets: &[Bucket]) -> Result<(), LocalError> {
        self.stage = Stage::default();
        self.anew.extend(buckets);
        Ok(())
    }

    fn add_numbers(&mut self, lease: Lease) -> Result<(), LocalError> {
        let numbers = self.numbers.entry(lease.series).or_default();
        numbers.splice(0..0, (lease.first..lease.first + lease.count).rev());
        Ok(())
    }
}
