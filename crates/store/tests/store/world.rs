//! A server in memory, so that laptops have something true to exchange with: it judges by the same rules, gives out
//! sequence numbers in order, and serves pages.

use crate::support::NOW;
use slipway_domain::checksum::{row_checksum, state_hash};
use slipway_domain::command::{Command, Envelope};
use slipway_domain::execute::{Context, execute};
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::number::Series;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Memory, Records};
use slipway_domain::refusal::Failure;
use slipway_store::Store;
use slipway_store::flip::{Cursor, Flip, Flipped};
use slipway_store::queue::{Judged, Queued, Verdict};
use slipway_store::stage::{Reached, Staged};
use std::collections::BTreeMap;
use uuid::Uuid;

pub const BUCKET: &str = "workspace";

pub struct Server {
    pub epoch: String,
    pub head: u64,
    pub memory: Memory,
    rows: BTreeMap<(Kind, Uuid), (u64, Option<String>)>,
    results: BTreeMap<CommandId, Judged>,
    numbers: BTreeMap<Series, u32>,
}

impl Server {
    pub fn new() -> Self {
        Self {
            epoch: "first".to_owned(),
            head: 0,
            memory: Memory::default(),
            rows: BTreeMap::new(),
            results: BTreeMap::new(),
            numbers: Series::ALL.into_iter().map(|s| (s, 1)).collect(),
        }
    }

    /// Judges a command on the server's own state, once.
    pub fn judge(&mut self, queued: &Queued) -> Judged {
        let envelope: Envelope = serde_json::from_slice(&queued.payload).unwrap();
        if let Some(known) = self.results.get(&envelope.id) {
            return known.clone();
        }
        let mut after = self.memory.clone();
        let mut context = Context {
            command: envelope.id,
            actor: envelope.actor,
            now: envelope.made_at,
            numbers: self.numbers.clone(),
        };
        let verdict = match execute(&envelope.command, &mut context, &mut after) {
            Ok(effect) => {
                self.numbers = context.numbers;
                self.take(after);
                if effect.conflicts.is_empty() {
                    Verdict::Applied
                } else {
                    Verdict::Partial { conflicts: effect.conflicts }
                }
            }
            Err(Failure::Refused(refusal)) => Verdict::Refused { findings: refusal.findings },
            Err(Failure::Fault(fault)) => panic!("{fault}"),
        };
        let judged = Judged { id: envelope.id, counter: envelope.counter, seq: self.head, verdict };
        self.results.insert(envelope.id, judged.clone());
        judged
    }

    /// Carries a command out as the workspace itself.
    pub fn act(&mut self, n: u128, command: &Command) {
        let mut after = self.memory.clone();
        let mut context = Context {
            command: CommandId(Uuid::from_u128(0x5e_0000_0000 + n)),
            actor: PersonId::SYSTEM,
            now: NOW,
            numbers: self.numbers.clone(),
        };
        execute(command, &mut context, &mut after).unwrap();
        self.numbers = context.numbers;
        self.take(after);
    }

    pub fn remove(&mut self, kind: Kind, id: Uuid) {
        let mut after = self.memory.clone();
        after.remove(kind, id).unwrap();
        self.take(after);
    }

    fn take(&mut self, after: Memory) {
        let new: BTreeMap<_, _> = bodies(&after).into_iter().collect();
        let old: BTreeMap<_, _> = bodies(&self.memory).into_iter().collect();
        for (key, body) in &new {
            if old.get(key) != Some(body) {
                self.head += 1;
                self.rows.insert(*key, (self.head, Some(body.clone())));
            }
        }
        for key in old.keys().filter(|key| !new.contains_key(key)) {
            self.head += 1;
            self.rows.insert(*key, (self.head, None));
        }
        self.memory = after;
    }

    pub fn entries(&self, after: u64) -> Vec<Staged> {
        let mut entries: Vec<Staged> = self
            .rows
            .iter()
            .filter(|(_, (seq, _))| *seq > after)
            .map(|((kind, id), (seq, body))| Staged {
                bucket: BUCKET.to_owned(),
                seq: *seq,
                kind: kind.name().to_owned(),
                id: *id,
                body: body.clone(),
            })
            .collect();
        entries.sort_by_key(|e| e.seq);
        entries
    }

    pub fn cursor(&self) -> Cursor {
        let present = self.rows.iter().filter_map(|((k, id), (seq, body))| body.as_ref().map(|b| (k, id, seq, b)));
        let (mut count, mut sum) = (0, 0_u64);
        for (kind, id, seq, body) in present {
            count += 1;
            sum = sum.wrapping_add(row_checksum(kind.name(), *id, *seq, body));
        }
        Cursor { bucket: BUCKET.to_owned(), seq: self.head, count, sum }
    }

    pub fn hash(&self) -> String {
        hash_of(&self.memory)
    }

    /// Stages everything that is new since the laptop's cursor, in pages.
    pub fn pull(&self, store: &Store, page: usize) {
        let entries = self.entries(store.staged_cursor(BUCKET).unwrap());
        for page in entries.chunks(page.max(1)) {
            let seq = page.last().unwrap().seq;
            store.stage(page, &[Reached { bucket: BUCKET.to_owned(), seq }]).unwrap();
        }
        store.stage(&[], &[Reached { bucket: BUCKET.to_owned(), seq: self.head }]).unwrap();
    }

    pub fn flip(&self, judged: Vec<Judged>) -> Flip {
        Flip { epoch: self.epoch.clone(), at: NOW, cursors: vec![self.cursor()], left: Vec::new(), judged }
    }

    /// A whole exchange: push the first `push` commands, pull in small pages, flip.
    pub fn exchange(&mut self, store: &Store, push: usize) -> Flipped {
        let judged: Vec<Judged> = store.pending(push).unwrap().iter().map(|q| self.judge(q)).collect();
        self.pull(store, 3);
        store.flip(&self.flip(judged)).unwrap()
    }
}

/// Kind, id and body of every record, by kind name and id.
pub fn bodies(memory: &Memory) -> Vec<((Kind, Uuid), String)> {
    memory.records().map(|r| ((r.kind(), r.id()), r.body().unwrap())).collect()
}

pub fn hash_of(memory: &Memory) -> String {
    let mut rows: Vec<_> = bodies(memory).into_iter().map(|((kind, id), body)| (kind.name(), id, body)).collect();
    rows.sort();
    state_hash(rows.iter().map(|(kind, id, body)| (*kind, *id, body.as_str())))
}

/// What a laptop should show: the server's state with the laptop's pending commands on it, refused ones left out.
pub fn expected(confirmed: &Memory, pending: &[Queued]) -> String {
    let mut memory = confirmed.clone();
    for queued in pending {
        let envelope: Envelope = serde_json::from_slice(&queued.payload).unwrap();
        let mut after = memory.clone();
        let mut context =
            Context { command: envelope.id, actor: envelope.actor, now: envelope.made_at, numbers: BTreeMap::new() };
        if execute(&envelope.command, &mut context, &mut after).is_ok() {
            memory = after;
        }
    }
    hash_of(&memory)
}

/// A record as a page entry.
pub fn staged(record: &Record, seq: u64) -> Staged {
    Staged {
        bucket: BUCKET.to_owned(),
        seq,
        kind: record.kind().name().to_owned(),
        id: record.id(),
        body: Some(record.body().unwrap()),
    }
}
