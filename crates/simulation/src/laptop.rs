//! A laptop in memory: what survives a crash, as a value, and [`Local`] over it.

use crate::random::Random;
use crate::server::{PERSON, WORKSPACE};
use slipway_domain::checksum::row_checksum;
use slipway_domain::command::{Command, Envelope, RULES_VERSION};
use slipway_domain::execute::{Context, execute};
use slipway_domain::id::{CommandId, DeviceId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Memory, Records};
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::local::{Flipped, Local, LocalError, LocalStatus, Queued};
use slipway_sync::protocol::{CommandResult, Epoch, Lease, Page, SignedCommand, Verdict};
use slipway_sync::signing::{PrivateKey, sign};
use std::collections::BTreeMap;
use uuid::Uuid;

type Key = (String, Uuid);

/// A command that is kept: it waits for its end, or for a backup that covers it.
#[derive(Clone, Debug)]
pub struct Kept {
    pub counter: u64,
    pub device: DeviceId,
    pub id: CommandId,
    pub made_at: Timestamp,
    pub command: Command,
    pub signed: SignedCommand,
    /// Its result is in force.
    pub in_force: bool,
}

/// What was fetched but not yet put in force.
#[derive(Clone, Debug, Default)]
struct Stage {
    entries: BTreeMap<Key, (u64, Option<String>)>,
    results: Vec<CommandResult>,
    last: Option<Page>,
}

/// Everything on the laptop's disk.
#[derive(Clone)]
pub struct Disk {
    pub device: DeviceId,
    pub key: PrivateKey,
    counter: u64,
    previous: String,
    epoch: Option<Epoch>,
    pub held: BTreeMap<Key, (u64, String)>,
    cursor: u64,
    /// What is fetched next replaces what is held.
    anew: bool,
    stage: Stage,
    pub kept: Vec<Kept>,
    pub ends: BTreeMap<CommandId, Verdict>,
    judged: u64,
    answered: u64,
    numbers: BTreeMap<Series, Vec<u32>>,
    checkpoint: Option<String>,
    visible: Memory,
}

impl Disk {
    pub fn new(random: &mut Random) -> Self {
        Self {
            device: DeviceId(random.uuid()),
            key: PrivateKey::from_seed(&random.seed()),
            counter: 0,
            previous: String::new(),
            epoch: None,
            held: BTreeMap::new(),
            cursor: 0,
            anew: false,
            stage: Stage::default(),
            kept: Vec::new(),
            ends: BTreeMap::new(),
            judged: 0,
            answered: 0,
            numbers: BTreeMap::new(),
            checkpoint: None,
            visible: Memory::default(),
        }
    }

    /// What the person sees: the held records and, on top of them, what waits.
    pub fn visible(&self) -> &Memory {
        &self.visible
    }

    pub fn waiting(&self) -> usize {
        self.kept.iter().filter(|kept| !kept.in_force).count()
    }

    pub fn number(&mut self, series: Series, id: Uuid) -> Number {
        match self.numbers.get_mut(&series).and_then(Vec::pop) {
            Some(n) => Number::new(series, n),
            None => Number::provisional(series, id),
        }
    }

    /// Issues a command; one that a rule refuses here and now is not issued.
    pub fn issue(&mut self, id: CommandId, made_at: Timestamp, command: Command) -> bool {
        let mut after = self.visible.clone();
        if !carry_out(&mut after, id, made_at, &command) {
            return false;
        }
        self.visible = after;
        let kept = self.sign(id, made_at, command);
        self.kept.push(kept);
        true
    }

    fn sign(&mut self, id: CommandId, made_at: Timestamp, command: Command) -> Kept {
        self.counter += 1;
        let envelope = Envelope {
            domain: Envelope::<Command>::DOMAIN.into(),
            workspace: WORKSPACE,
            rules_version: RULES_VERSION,
            id,
            device: self.device,
            counter: self.counter,
            actor: PERSON,
            made_at,
            last_seq: self.cursor,
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
            command: envelope.command,
            signed,
            in_force: false,
        }
    }

    /// Takes a new identity; what waits is issued anew under it, in the old order.
    pub fn reissue(&mut self, device: DeviceId, key: PrivateKey) {
        (self.device, self.key) = (device, key);
        (self.counter, self.judged, self.answered) = (0, 0, 0);
        // Staged results, and how far they reached, are those of the old identity.
        self.stage = Stage::default();
        self.previous.clear();
        // Its twin may be giving the same numbers away.
        self.numbers.clear();
        for at in 0..self.kept.len() {
            if !self.kept[at].in_force {
                let Kept { id, made_at, command, .. } = self.kept[at].clone();
                self.kept[at] = self.sign(id, made_at, command);
            }
        }
    }

    fn replay(&mut self) {
        let mut visible = Memory::default();
        for ((kind, _), (_, body)) in &self.held {
            visible.write(Record::from_body(Kind::named(kind).unwrap(), body).unwrap()).unwrap();
        }
        for kept in self.kept.iter().filter(|kept| !kept.in_force) {
            let mut after = visible.clone();
            if carry_out(&mut after, kept.id, kept.made_at, &kept.command) {
                visible = after;
            }
        }
        self.visible = visible;
    }
}

fn carry_out(records: &mut Memory, command: CommandId, now: Timestamp, body: &Command) -> bool {
    let mut context = Context { command, actor: PERSON, now, numbers: BTreeMap::new() };
    execute(body, &mut context, records).is_ok()
}

impl Local for Disk {
    fn status(&mut self) -> Result<LocalStatus, LocalError> {
        let staged = self.stage.last.as_ref();
        Ok(LocalStatus {
            device: self.device,
            epoch: self.epoch,
            cursors: BTreeMap::from([(
                Bucket::Workspace,
                staged.map_or(if self.anew { 0 } else { self.cursor }, |page| page.cursors[&Bucket::Workspace]),
            )]),
            judged: staged.map_or(self.judged, |page| page.judged),
            answered: self.answered,
            waiting: self.waiting() as u64,
            numbers: self.numbers.iter().map(|(series, left)| (*series, left.len() as u32)).collect(),
            checkpoint: self.checkpoint.clone(),
        })
    }

    fn batch(&mut self, after: u64, commands: usize, _payload_bytes: usize) -> Result<Vec<Queued>, LocalError> {
        let waiting = self.kept.iter().filter(|kept| !kept.in_force && kept.counter > after);
        let mut batch: Vec<Queued> =
            waiting.map(|kept| Queued { counter: kept.counter, signed: kept.signed.clone() }).collect();
        batch.sort_by_key(|queued| queued.counter);
        // Small, so that a queue takes several pushes.
        batch.truncate(commands.min(3));
        Ok(batch)
    }

    fn record(&mut self, results: &[CommandResult]) -> Result<(), LocalError> {
        self.answered = results.iter().map(|result| result.counter).fold(self.answered, u64::max);
        Ok(())
    }

    fn stage(&mut self, page: &Page) -> Result<(), LocalError> {
        for entry in &page.entries {
            self.stage.entries.insert((entry.kind.clone(), entry.id), (entry.seq, entry.body.clone()));
        }
        self.stage.results.extend(page.results.iter().cloned());
        self.stage.last = Some(Page { entries: Vec::new(), results: Vec::new(), ..page.clone() });
        Ok(())
    }

    fn flip(&mut self) -> Result<Flipped, LocalError> {
        let stage = std::mem::take(&mut self.stage);
        let page = stage.last.expect("a flip follows a page");
        assert!(page.complete, "and that page is complete");
        if std::mem::take(&mut self.anew) {
            self.held.clear();
        }
        for (key, (seq, body)) in stage.entries {
            match body {
                Some(body) => self.held.insert(key, (seq, body)),
                None => self.held.remove(&key),
            };
        }
        for result in stage.results {
            if let Some(kept) = self.kept.iter_mut().find(|kept| kept.id == result.id) {
                kept.in_force = true;
                self.ends.insert(result.id, result.verdict);
            }
        }
        self.cursor = page.cursors[&Bucket::Workspace];
        self.judged = page.judged;
        self.checkpoint = page.checkpoint;
        self.replay();
        let sum = self
            .held
            .iter()
            .fold(0_u64, |sum, ((kind, id), (seq, body))| sum.wrapping_add(row_checksum(kind, *id, *seq, body)));
        let told = page.sums[&Bucket::Workspace];
        assert_eq!((self.held.len() as u64, sum), (told.count, told.sum), "every flip ends at a state of the server");
        Ok(Flipped::default())
    }

    fn begin_epoch(&mut self, epoch: Epoch, expected_counter: u64) -> Result<(), LocalError> {
        self.epoch = Some(epoch);
        self.stage = Stage::default();
        self.anew = true;
        self.checkpoint = None;
        let all_mine = self.kept.iter().all(|kept| kept.device == self.device);
        self.answered = if all_mine { self.answered.min(expected_counter.saturating_sub(1)) } else { 0 };
        self.judged = 0;
        self.kept.iter_mut().for_each(|kept| kept.in_force = false);
        Ok(())
    }

    fn refetch(&mut self, _buckets: &[Bucket]) -> Result<(), LocalError> {
        self.stage = Stage::default();
        self.anew = true;
        Ok(())
    }

    fn add_numbers(&mut self, lease: Lease) -> Result<(), LocalError> {
        let numbers = self.numbers.entry(lease.series).or_default();
        numbers.splice(0..0, (lease.first..lease.first + lease.count).rev());
        Ok(())
    }
}
