//! The protocol in small: two records, two laptops, a server, and every rule as a switch.

use std::collections::{BTreeMap, BTreeSet};

/// A rule of the protocol that can be taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A pull is complete only at the head of the same read.
    CompleteAtTheHead,
    /// A restored server has another epoch, and laptops push again what it lost.
    Epoch,
    /// Counter and link of a device's chain must fit.
    Chain,
    /// The lock is taken before the state is read.
    LockFirst,
    /// A known command gets its stored result.
    StoredResults,
}

pub type Id = u8;
pub type Device = u8;
pub const LAPTOPS: usize = 2;

/// What is on the server: a stock, and a request that two people vote on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Records {
    pub stock: i8,
    stock_seq: u8,
    pub digest: u8,
    closed: bool,
    /// By person: the scope that they voted on.
    pub votes: [Option<u8>; LAPTOPS],
    request_seq: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Command {
    /// One piece out of the stock.
    Take,
    /// A vote on the scope that was seen.
    Vote(u8),
    /// Another scope: earlier votes no longer count.
    Edit,
    /// Closes the request.
    Terminate,
}

impl Records {
    fn judge(self, person: usize, command: Command) -> Option<Self> {
        let mut after = self;
        match command {
            Command::Take => {
                after.stock -= 1;
                (self.stock > 0).then_some(after)
            }
            Command::Vote(seen) => {
                after.votes[person] = Some(seen);
                (!self.closed && seen == self.digest && self.votes[person].is_none()).then_some(after)
            }
            Command::Edit => {
                after.digest += 1;
                after.votes = [None; LAPTOPS];
                (!self.closed).then_some(after)
            }
            Command::Terminate => {
                after.closed = true;
                (!self.closed).then_some(after)
            }
        }
    }

    fn rows(&self) -> [(u8, bool); 2] {
        let mut rows = [(self.stock_seq, true), (self.request_seq, false)];
        rows.sort_unstable();
        rows
    }

    fn take_row(&mut self, from: &Self, stock: bool) {
        if stock {
            (self.stock, self.stock_seq) = (from.stock, from.stock_seq);
        } else {
            (self.digest, self.closed, self.votes, self.request_seq) =
                (from.digest, from.closed, from.votes, from.request_seq);
        }
    }
}

/// A command as it is sent: under a device, at a place, behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Signed {
    pub id: Id,
    pub command: Command,
    pub device: Device,
    pub counter: u8,
    previous: Option<Id>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Server {
    pub epoch: u8,
    pub head: u8,
    pub records: Records,
    /// Before the last push, for a server that locks late.
    stale: Records,
    pub judged: BTreeMap<Id, bool>,
    /// How often each command took effect.
    pub effects: BTreeMap<Id, u8>,
    pub chains: BTreeMap<Device, Vec<Id>>,
    /// Highest counter judged, by device.
    judged_upto: BTreeMap<Device, u8>,
    /// A command was judged after a later one of its device, or two at one place.
    pub out_of_order: bool,
}

pub enum PushAnswer {
    Done,
    EpochChanged { epoch: u8, expected: u8 },
    Forked,
    Gap { expected: u8 },
}

impl Server {
    fn new() -> Self {
        let records = Records { stock: 1, stock_seq: 1, request_seq: 2, ..Records::default() };
        Self {
            epoch: 1,
            head: 2,
            records,
            stale: records,
            judged: BTreeMap::new(),
            effects: BTreeMap::new(),
            chains: BTreeMap::new(),
            judged_upto: BTreeMap::new(),
            out_of_order: false,
        }
    }

    fn expected(&self, device: Device) -> u8 {
        u8::try_from(self.chains.get(&device).map_or(0, Vec::len)).unwrap() + 1
    }

    /// One transaction for the batch: an error leaves nothing.
    pub fn push(&mut self, rule: Option<Rule>, person: usize, epoch: u8, batch: &[Signed]) -> PushAnswer {
        let Some(device) = batch.first().map(|signed| signed.device) else { return PushAnswer::Done };
        if epoch != self.epoch && rule != Some(Rule::Epoch) {
            return PushAnswer::EpochChanged { epoch: self.epoch, expected: self.expected(device) };
        }
        let mut after = self.clone();
        after.stale = if rule == Some(Rule::LockFirst) { self.records } else { Records::default() };
        let read = if rule == Some(Rule::LockFirst) { self.stale } else { self.records };
        for signed in batch {
            if let Err(answer) = after.one(rule, person, signed, &read) {
                return answer;
            }
        }
        *self = after;
        PushAnswer::Done
    }

    fn one(&mut self, rule: Option<Rule>, person: usize, signed: &Signed, read: &Records) -> Result<(), PushAnswer> {
        let chain = self.chains.entry(signed.device).or_default();
        let place = usize::from(signed.counter);
        if place <= chain.len() && rule != Some(Rule::StoredResults) {
            match chain[place - 1] == signed.id {
                true => return Ok(()),
                false if rule != Some(Rule::Chain) => return Err(PushAnswer::Forked),
                false => {}
            }
        }
        if rule != Some(Rule::Chain) && rule != Some(Rule::StoredResults) {
            if place != chain.len() + 1 {
                return Err(PushAnswer::Gap { expected: u8::try_from(chain.len()).unwrap() + 1 });
            }
            if signed.previous != chain.last().copied() {
                return Err(PushAnswer::Forked);
            }
        }
        if place > chain.len() {
            chain.push(signed.id);
        }
        if self.judged.contains_key(&signed.id) && rule != Some(Rule::StoredResults) {
            return Ok(());
        }
        // What is read tells whether it may be done; what is done is done to what is there.
        let base = if rule == Some(Rule::LockFirst) { *read } else { self.records };
        let accepted = base.judge(person, signed.command).is_some();
        if accepted {
            self.carry_out(person, signed);
        }
        self.judged.insert(signed.id, accepted);
        let before = self.judged_upto.insert(signed.device, signed.counter).unwrap_or(0);
        self.out_of_order |= signed.counter <= before;
        Ok(())
    }

    fn carry_out(&mut self, person: usize, signed: &Signed) {
        self.head += 1;
        *self.effects.entry(signed.id).or_default() += 1;
        match signed.command {
            Command::Take => {
                self.records.stock -= 1;
                self.records.stock_seq = self.head;
            }
            Command::Vote(seen) => self.records.votes[person] = Some(seen),
            Command::Edit => (self.records.digest, self.records.votes) = (self.records.digest + 1, [None; LAPTOPS]),
            Command::Terminate => self.records.closed = true,
        }
        if signed.command != Command::Take {
            self.records.request_seq = self.head;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kept {
    pub signed: Signed,
    pub in_force: bool,
}

/// What was fetched and is not in force yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Staged {
    records: Records,
    cursor: u8,
    results: BTreeMap<Id, bool>,
    judged: u8,
    pub complete: bool,
    /// Head at the first page.
    first_head: u8,
    pub pages: u8,
    /// The server's records when it said that this is complete.
    truth: Records,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Laptop {
    pub device: Device,
    counter: u8,
    last: Option<Id>,
    epoch: u8,
    pub held: Records,
    cursor: u8,
    pub kept: Vec<Kept>,
    answered: u8,
    judged: u8,
    pub staged: Option<Staged>,
    pub ends: BTreeMap<Id, bool>,
    pub issued: BTreeSet<Id>,
    /// How far its script is.
    pub place: usize,
}

/// Everything, with what may still go wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    pub server: Server,
    pub laptops: Vec<Laptop>,
    pub backup: Option<Box<Server>>,
    pub image: Option<Box<Laptop>>,
    /// A copy of the last push may come once more.
    pub remembers_push: bool,
    pub last_push: Option<(usize, u8, Vec<Signed>)>,
    pub restored: bool,
    pub put_back: bool,
    pub crashes: u8,
    pub redelivered: bool,
    pub next_device: Device,
    /// A flip ended at what was no state of the server.
    pub mixed: bool,
}

impl State {
    pub fn new() -> Self {
        let laptop = |device| Laptop {
            device,
            counter: 0,
            last: None,
            epoch: 1,
            held: Records::default(),
            cursor: 0,
            kept: Vec::new(),
            answered: 0,
            judged: 0,
            staged: None,
            ends: BTreeMap::new(),
            issued: BTreeSet::new(),
            place: 0,
        };
        Self {
            server: Server::new(),
            laptops: vec![laptop(1), laptop(2)],
            backup: None,
            image: None,
            remembers_push: false,
            last_push: None,
            restored: false,
            put_back: false,
            crashes: 0,
            redelivered: false,
            next_device: 3,
            mixed: false,
        }
    }

    pub fn issue(&mut self, laptop: usize, command: Command) {
        let it = &mut self.laptops[laptop];
        it.place += 1;
        let id = u8::try_from(16 * laptop + it.place).unwrap();
        let command = if let Command::Vote(_) = command { Command::Vote(it.held.digest) } else { command };
        it.counter += 1;
        let signed = Signed { id, command, device: it.device, counter: it.counter, previous: it.last };
        it.last = Some(id);
        it.kept.push(Kept { signed, in_force: false });
        it.issued.insert(id);
    }

    /// Sends what waits; with a lost answer the laptop does not hear what became of it.
    pub fn push(&mut self, rule: Option<Rule>, laptop: usize, lost: bool) {
        let it = &self.laptops[laptop];
        let mut batch: Vec<Signed> = it
            .kept
            .iter()
            .filter(|kept| !kept.in_force && kept.signed.counter > it.answered)
            .map(|kept| kept.signed)
            .collect();
        batch.sort_by_key(|signed| signed.counter);
        let gapless = batch.iter().zip(it.answered + 1..).all(|(have, want)| have.counter == want);
        if !gapless || batch.iter().any(|signed| signed.device != it.device) {
            return self.reissue(laptop);
        }
        let epoch = it.epoch;
        let answer = self.server.push(rule, laptop, epoch, &batch);
        let last = batch.last().map(|signed| signed.counter);
        if self.remembers_push {
            self.last_push = Some((laptop, epoch, batch));
        }
        if lost {
            return;
        }
        match answer {
            PushAnswer::Done => {
                let it = &mut self.laptops[laptop];
                it.answered = last.unwrap_or(it.answered);
            }
            PushAnswer::EpochChanged { epoch, expected } => self.begin_epoch(laptop, epoch, expected),
            PushAnswer::Forked => self.reissue(laptop),
            PushAnswer::Gap { expected } => {
                let it = &mut self.laptops[laptop];
                if expected > it.answered + 1 {
                    return self.reissue(laptop);
                }
                it.answered = expected - 1;
            }
        }
    }

    fn reissue(&mut self, laptop: usize) {
        let device = self.next_device;
        self.next_device += 1;
        let it = &mut self.laptops[laptop];
        (it.device, it.counter, it.answered, it.judged, it.last, it.staged) = (device, 0, 0, 0, None, None);
        for kept in it.kept.iter_mut().filter(|kept| !kept.in_force) {
            it.counter += 1;
            kept.signed = Signed { device, counter: it.counter, previous: it.last, ..kept.signed };
            it.last = Some(kept.signed.id);
        }
    }

    fn begin_epoch(&mut self, laptop: usize, epoch: u8, expected: u8) {
        let it = &mut self.laptops[laptop];
        let mine = it.kept.iter().all(|kept| kept.signed.device == it.device);
        (it.epoch, it.staged, it.cursor, it.judged) = (epoch, None, 0, 0);
        it.answered = if mine { it.answered.min(expected.saturating_sub(1)) } else { 0 };
        it.kept.iter_mut().for_each(|kept| kept.in_force = false);
    }

    /// Fetches a page of one row.
    pub fn pull(&mut self, rule: Option<Rule>, laptop: usize) {
        let server = &self.server;
        let it = &mut self.laptops[laptop];
        if it.epoch != server.epoch && rule != Some(Rule::Epoch) {
            let (epoch, expected) = (server.epoch, server.expected(it.device));
            return self.begin_epoch(laptop, epoch, expected);
        }
        let mut staged = it.staged.take().unwrap_or(Staged {
            records: it.held,
            cursor: it.cursor,
            results: BTreeMap::new(),
            judged: it.judged,
            complete: false,
            first_head: server.head,
            pages: 0,
            truth: Records::default(),
        });
        let rows = server.records.rows();
        let mut after = rows.iter().filter(|(seq, _)| *seq > staged.cursor);
        let row = after.next();
        let exhausted = after.next().is_none();
        if let Some((seq, stock)) = row {
            staged.records.take_row(&server.records, *stock);
            staged.cursor = *seq;
        }
        let chain = server.chains.get(&it.device).map_or(&[][..], Vec::as_slice);
        for id in chain.iter().skip(usize::from(staged.judged)) {
            staged.results.insert(*id, server.judged.get(id).copied().unwrap_or(false));
        }
        staged.judged = staged.judged.max(u8::try_from(chain.len()).unwrap());
        staged.complete = exhausted;
        if rule == Some(Rule::CompleteAtTheHead) {
            staged.complete |= staged.cursor >= staged.first_head;
        }
        if exhausted {
            staged.cursor = server.head;
        }
        staged.pages += 1;
        staged.truth = server.records;
        it.staged = Some(staged);
    }

    pub fn flip(&mut self, laptop: usize) {
        let it = &mut self.laptops[laptop];
        let Some(staged) = it.staged.take() else { return };
        (it.held, it.cursor, it.judged) = (staged.records, staged.cursor, staged.judged);
        for kept in &mut it.kept {
            kept.in_force |= staged.results.contains_key(&kept.signed.id);
        }
        it.ends.extend(staged.results);
        self.mixed |= it.held != staged.truth;
    }

    /// Nothing waits, everybody holds what the server holds, and knows its words on what was issued.
    fn is_settled(&self) -> bool {
        self.laptops.iter().all(|laptop| {
            let drained = laptop.kept.iter().all(|kept| kept.in_force);
            let known = |id| self.server.judged.get(id).is_some_and(|end| laptop.ends.get(id) == Some(end));
            drained && laptop.held == self.server.records && laptop.issued.iter().all(known)
        })
    }

    /// The faults stop: everybody pushes, pulls and flips in turn. Whether all is settled before long.
    pub fn settles(&self, rule: Option<Rule>) -> bool {
        let mut state = self.clone();
        for _ in 0..4 {
            for laptop in 0..LAPTOPS {
                for _ in 0..3 {
                    if state.laptops[laptop].kept.iter().any(|kept| !kept.in_force) {
                        state.push(rule, laptop, false);
                    }
                }
                for _ in 0..4 {
                    state.pull(rule, laptop);
                    if state.laptops[laptop].staged.as_ref().is_some_and(|staged| staged.complete) {
                        state.flip(laptop);
                        break;
                    }
                }
            }
            if state.is_settled() {
                return true;
            }
        }
        false
    }
}
