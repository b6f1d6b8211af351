//! What a writing transaction has changed so far, kept in memory and written in bulk.
//!
//! A savepoint costs nothing, a record that a batch writes often is written once, and every storage gives sequences,
//! buckets and sums by the same code. The engine below does two things for it: it says what is held of some records,
//! and it writes rows.

mod place;

use super::nodes::LogNode;
use super::{Changed, Judged, StorageError};
use slipway_domain::checksum::row_checksum;
use slipway_domain::id::{CommandId, DeviceId, PersonId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::Series;
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use slipway_domain::scope::{Place, place};
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::log::{Edge, Hash};
use slipway_sync::protocol::BucketSum;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Kind and identity of a record.
pub(super) type Key = (Kind, Uuid);

/// What the engine has of a record, apart from its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// By bucket: whether it is present there, and the checksum of its row.
    pub(super) members: BTreeMap<Bucket, (bool, u64)>,
    /// Names and keys of its look-ups.
    pub(super) lookups: BTreeSet<(String, String)>,
}

/// The engine under a draft.
pub(super) trait Engine {
    /// What is held of these records, in their order.
    fn held(&self, keys: &[Key]) -> Result<Vec<Held>, StorageError>;

    /// A look-up's key as this engine stores it.
    fn stored_key(&self, key: &str) -> String {
        key.to_owned()
    }

    /// The stored bodies of these records, in their order; `None` where there is none.
    fn bodies(&self, keys: &[Key]) -> Result<Vec<Option<String>>, StorageError>;

    /// The records stored under a key.
    fn found(&self, lookup: Lookup, key: &str) -> Result<Vec<Key>, StorageError>;

    /// Some of the records stored under a key: at most so many.
    fn some_found(&self, lookup: Lookup, key: &str, most: usize) -> Result<Vec<Key>, StorageError>;

    /// What a bucket holds.
    fn stored_sum(&self, bucket: Bucket) -> Result<BucketSum, StorageError>;

    /// Writes everything.
    fn write_rows(&self, rows: &Rows<'_>) -> Result<(), StorageError>;
}

/// A record to write; without a body it is a tombstone.
pub(super) struct RecordRow<'a> {
    pub(super) key: Key,
    pub(super) seq: u64,
    pub(super) body: Option<&'a str>,
}

/// A record's place in a bucket; without a checksum it left.
pub(super) struct MemberRow {
    pub(super) bucket: Bucket,
    pub(super) key: Key,
    pub(super) seq: u64,
    pub(super) checksum: Option<u64>,
}

/// A key of a record.
pub(super) struct LookupRow {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) key: Key,
}

/// A judged command with its bytes.
pub(super) struct CommandRow {
    pub(super) id: CommandId,
    pub(super) device: DeviceId,
    pub(super) counter: u64,
    pub(super) actor: PersonId,
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) verdict: String,
    pub(super) seqs: (u64, u64),
    pub(super) judged_at: Timestamp,
}

/// A place in a device's chain.
pub(super) struct LinkRow {
    pub(super) device: DeviceId,
    pub(super) counter: u64,
    pub(super) command: CommandId,
}

/// A leaf of the audit log.
pub(super) struct LeafRow {
    pub(super) index: u64,
    pub(super) leaf: Hash,
    pub(super) salt: Vec<u8>,
    pub(super) changes: Hash,
    /// The command's identity, or that of a device's entry.
    pub(super) command: Uuid,
}

/// Everything an engine has to write.
pub(super) struct Rows<'a> {
    pub(super) records: Vec<RecordRow<'a>>,
    pub(super) members: Vec<MemberRow>,
    pub(super) lookups_gone: Vec<LookupRow>,
    pub(super) lookups_new: Vec<LookupRow>,
    pub(super) sums: &'a BTreeMap<Bucket, BucketSum>,
    pub(super) commands: &'a [CommandRow],
    pub(super) links: &'a [LinkRow],
    /// Where chains end now: counter and hash.
    pub(super) ends: &'a BTreeMap<DeviceId, (u64, String)>,
    pub(super) leaves: &'a [LeafRow],
    pub(super) nodes: &'a [LogNode],
    pub(super) numbers: &'a BTreeMap<Series, u32>,
    pub(super) head: u64,
    pub(super) log: &'a Edge,
}

/// A record as this transaction left it.
#[derive(Clone)]
struct Version {
    seq: u64,
    /// `None` when it was removed.
    kept: Option<Kept>,
}

#[derive(Clone)]
struct Kept {
    record: Record,
    body: String,
    lookups: BTreeSet<(Lookup, String)>,
    place: Place,
}

/// What to go back to, and which records were changed since.
#[derive(Default)]
struct Mark {
    /// Inside a command: nothing may be written out until it ends.
    open: bool,
    head: u64,
    numbers: BTreeMap<Series, u32>,
    /// Changed records as they were before, where this transaction had changed them already.
    before: BTreeMap<Key, Option<Version>>,
}

/// What was read below; the workspace is locked, so it stays true.
#[derive(Default)]
struct Below {
    records: BTreeMap<Key, Option<Record>>,
    found: BTreeMap<(Lookup, String), Vec<Key>>,
    numbers: Option<BTreeMap<Series, u32>>,
}

/// A transaction's changes.
pub(super) struct Draft {
    head: u64,
    log: Edge,
    versions: BTreeMap<Key, Version>,
    by_lookup: BTreeMap<(Lookup, String), BTreeSet<Uuid>>,
    numbers: BTreeMap<Series, u32>,
    mark: Mark,
    below: RefCell<Below>,
    /// Not written out yet.
    unwritten: BTreeSet<Key>,
    /// Not changed, but perhaps no longer where they belong.
    look_again: BTreeSet<Key>,
    sums: BTreeMap<Bucket, BucketSum>,
    commands: Vec<CommandRow>,
    links: Vec<LinkRow>,
    ends: BTreeMap<DeviceId, (u64, String)>,
    leaves: Vec<LeafRow>,
    nodes: Vec<LogNode>,
    settled: bool,
}

impl Draft {
    pub(super) fn new(head: u64, log: Edge) -> Self {
        Self {
            head,
            log,
            versions: BTreeMap::new(),
            by_lookup: BTreeMap::new(),
            numbers: BTreeMap::new(),
            mark: Mark { head, ..Mark::default() },
            below: RefCell::default(),
            unwritten: BTreeSet::new(),
            look_again: BTreeSet::new(),
            sums: BTreeMap::new(),
            commands: Vec::new(),
            links: Vec::new(),
            ends: BTreeMap::new(),
            leaves: Vec::new(),
            nodes: Vec::new(),
            settled: true,
        }
    }

    /// The last sequence given, this transaction's included.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// The audit log's edge, this transaction's leaves included.
    pub(super) fn log(&self) -> &Edge {
        &self.log
    }

    /// The record as this transaction sees it; `fetch` gives the body stored below.
    pub(super) fn read(
        &self,
        key: Key,
        fetch: impl FnOnce() -> Result<Option<String>, StorageError>,
    ) -> Result<Option<Record>, Fault> {
        if let Some(version) = self.versions.get(&key) {
            return Ok(version.kept.as_ref().map(|kept| kept.record.clone()));
        }
        if let Some(record) = self.below.borrow().records.get(&key) {
            return Ok(record.clone());
        }
        let body = fetch().map_err(Fault::new)?;
        let record = body.map(|body| Record::from_body(key.0, &body)).transpose()?;
        self.below.borrow_mut().records.insert(key, record.clone());
        Ok(record)
    }

    /// Reads these records below in one go, but for those that are known already.
    pub(super) fn foresee(&self, keys: &[Key], engine: &dyn Engine) -> Result<(), StorageError> {
        let mut below = self.below.borrow_mut();
        let unknown: Vec<Key> = keys
            .iter()
            .filter(|key| !self.versions.contains_key(key) && !below.records.contains_key(key))
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        for (key, body) in unknown.iter().zip(engine.bodies(&unknown)?) {
            // What cannot be read is found out by whoever needs it.
            if let Ok(record) = body.map(|body| Record::from_body(key.0, &body)).transpose() {
                below.records.insert(*key, record);
            }
        }
        Ok(())
    }

    /// Ids under a key as this transaction sees them; `fetch` gives the records found below.
    pub(super) fn find(
        &self,
        lookup: Lookup,
        key: &str,
        fetch: impl FnOnce() -> Result<Vec<Key>, StorageError>,
    ) -> Result<Vec<Uuid>, Fault> {
        let at = (lookup, key.to_owned());
        let known = self.below.borrow().found.get(&at).cloned();
        let below = match known {
            Some(keys) => keys,
            None => {
                let keys = fetch().map_err(Fault::new)?;
                self.below.borrow_mut().found.insert(at.clone(), keys.clone());
                keys
            }
        };
        // A record that was changed here is found by what it is now.
        let mut ids: BTreeSet<Uuid> =
            below.into_iter().filter(|key| !self.versions.contains_key(key)).map(|(_, id)| id).collect();
        ids.extend(self.by_lookup.get(&at).into_iter().flatten());
        Ok(ids.into_iter().collect())
    }

    /// Whether anything is found under a key; `fetch` gives so many of the records found below.
    pub(super) fn any(
        &self,
        lookup: Lookup,
        key: &str,
        fetch: impl FnOnce(usize) -> Result<Vec<Key>, StorageError>,
    ) -> Result<bool, Fault> {
        let at = (lookup, key.to_owned());
        if self.by_lookup.get(&at).is_some_and(|ids| !ids.is_empty()) {
            return Ok(true);
        }
        // One more than could all have been changed here.
        let below = fetch(self.versions.len().saturating_add(1)).map_err(Fault::new)?;
        Ok(below.iter().any(|key| !self.versions.contains_key(key)))
    }

    /// Creates or replaces a record.
    pub(super) fn write(&mut self, record: Record) -> Result<(), Fault> {
        let kept = Kept {
            body: record.body()?,
            lookups: record.lookups().into_iter().collect(),
            place: place(&record),
            record,
        };
        self.put((kept.record.kind(), kept.record.id()), Some(kept));
        Ok(())
    }

    /// Removes a record that is there.
    pub(super) fn remove(&mut self, key: Key) {
        self.put(key, None);
    }

    fn put(&mut self, key: Key, kept: Option<Kept>) {
        let seq = if self.mark.before.contains_key(&key) {
            // Within a command a record has one sequence, however often it is written.
            self.versions.get(&key).map_or(self.head, |version| version.seq)
        } else {
            self.mark.before.insert(key, self.versions.get(&key).cloned());
            self.head += 1;
            self.head
        };
        self.place(key, Some(Version { seq, kept }));
        self.unwritten.insert(key);
        self.settled = false;
    }

    /// Moves these records where the table says that they lie, should they lie elsewhere.
    pub(super) fn look_again(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.look_again.extend(keys);
        self.settled = false;
    }

    /// Makes this the record's version, in the look-ups too; `None` for what it is below.
    fn place(&mut self, key: Key, version: Option<Version>) {
        if let Some(kept) = self.versions.get(&key).and_then(|version| version.kept.as_ref()) {
            for at in &kept.lookups {
                if let Some(ids) = self.by_lookup.get_mut(at) {
                    ids.remove(&key.1);
                }
            }
        }
        match version {
            Some(version) => {
                for at in version.kept.iter().flat_map(|kept| &kept.lookups) {
                    self.by_lookup.entry(at.clone()).or_default().insert(key.1);
                }
                self.versions.insert(key, version);
            }
            None => {
                self.versions.remove(&key);
                self.unwritten.remove(&key);
            }
        }
    }

    pub(super) fn savepoint(&mut self) {
        self.mark = Mark { open: true, head: self.head, numbers: self.numbers.clone(), before: BTreeMap::new() };
    }

    pub(super) fn rollback(&mut self) {
        let mark = std::mem::take(&mut self.mark);
        self.head = mark.head;
        self.numbers = mark.numbers;
        for (key, version) in mark.before {
            self.place(key, version);
        }
        self.mark.head = self.head;
    }

    pub(super) fn release(&mut self) -> Vec<Changed> {
        let mark = std::mem::take(&mut self.mark);
        self.mark.head = self.head;
        let mut changes: Vec<Changed> = mark
            .before
            .into_keys()
            .filter_map(|key| {
                let version = self.versions.get(&key)?;
                let body = version.kept.as_ref().map(|kept| kept.body.clone());
                Some(Changed { kind: key.0.name(), id: key.1, seq: version.seq, body })
            })
            .collect();
        changes.sort_unstable_by_key(|change| change.seq);
        changes
    }

    /// The next number of every series; `fetch` gives those stored below.
    pub(super) fn numbers(
        &self,
        fetch: impl FnOnce() -> Result<BTreeMap<Series, u32>, StorageError>,
    ) -> Result<BTreeMap<Series, u32>, StorageError> {
        let known = self.below.borrow().numbers.clone();
        let stored = match known {
            Some(numbers) => numbers,
            None => self.below.borrow_mut().numbers.insert(fetch()?).clone(),
        };
        let mut numbers: BTreeMap<Series, u32> = Series::ALL.into_iter().map(|series| (series, 1)).collect();
        numbers.extend(stored);
        numbers.extend(&self.numbers);
        Ok(numbers)
    }

    pub(super) fn set_number(&mut self, series: Series, next: u32) {
        self.numbers.insert(series, next);
        self.settled = false;
    }

    pub(super) fn put_command(&mut self, judged: &Judged<'_>) {
        self.commands.push(CommandRow {
            id: judged.id,
            device: judged.device,
            counter: judged.counter,
            actor: judged.actor,
            payload: judged.payload.to_vec(),
            signature: judged.signature.to_vec(),
            verdict: judged.verdict.to_owned(),
            seqs: judged.seqs,
            judged_at: judged.judged_at,
        });
        self.settled = false;
    }

    pub(super) fn advance(&mut self, device: DeviceId, counter: u64, hash: &str, command: CommandId) {
        self.links.push(LinkRow { device, counter, command });
        self.ends.insert(device, (counter, hash.to_owned()));
        self.settled = false;
    }

    pub(super) fn append_leaf(&mut self, leaf: Hash, salt: &[u8], changes: &Hash, command: Uuid) {
        let index = self.log.size();
        self.leaves.push(LeafRow { index, leaf, salt: salt.to_vec(), changes: *changes, command });
        let nodes = &mut self.nodes;
        self.log.append_showing(leaf, |height, index, hash| nodes.extend(LogNode::stored(height, index, hash)));
        self.settled = false;
    }

    /// Writes out what is not written yet, so that the engine's own reads see it.
    pub(super) fn settle(&mut self, engine: &dyn Engine) -> Result<(), StorageError> {
        if self.settled {
            return Ok(());
        }
        if self.mark.open {
            return Err(StorageError::Engine("stored rows were asked for in the middle of a command".into()));
        }
        (self.head, self.sums) = self.write_to(engine)?;
        self.unwritten.clear();
        self.look_again.clear();
        self.commands.clear();
        self.links.clear();
        self.ends.clear();
        self.leaves.clear();
        self.nodes.clear();
        self.settled = true;
        Ok(())
    }

    /// Writes what is not written yet, and gives the head and the sums as they then are.
    pub(super) fn write_to(&self, engine: &dyn Engine) -> Result<(u64, BTreeMap<Bucket, BucketSum>), StorageError> {
        let keys: Vec<Key> = self.unwritten.iter().copied().collect();
        let mut rows = Rows {
            records: Vec::with_capacity(keys.len()),
            members: Vec::with_capacity(keys.len()),
            lookups_gone: Vec::new(),
            lookups_new: Vec::new(),
            sums: &self.sums,
            commands: &self.commands,
            links: &self.links,
            ends: &self.ends,
            leaves: &self.leaves,
            nodes: &self.nodes,
            numbers: &self.numbers,
            head: self.head,
            log: &self.log,
        };
        let mut sums = Sums { engine, sums: self.sums.clone() };
        let held = engine.held(&keys)?;
        let changed: Vec<place::Changed<'_>> = keys
            .iter()
            .zip(&held)
            .filter_map(|(key, held)| {
                let kept = self.versions.get(key)?.kept.as_ref();
                Some(place::Changed { key: *key, place: kept.map(|kept| &kept.place), held })
            })
            .collect();
        let placed = place::settle(engine, &changed, &self.look_again)?;
        for (key, held) in keys.iter().zip(&held) {
            let Some(version) = self.versions.get(key) else { continue };
            let (seq, kept) = (version.seq, version.kept.as_ref());
            rows.records.push(RecordRow { key: *key, seq, body: kept.map(|kept| kept.body.as_str()) });
            let Some(buckets) = placed.changed.get(key) else { continue };
            for (bucket, (_, checksum)) in held.members.iter().filter(|(_, (present, _))| *present) {
                sums.take(*bucket, *checksum)?;
                // Where it was before it leaves a row that says so.
                if !buckets.contains(bucket) {
                    rows.members.push(MemberRow { bucket: *bucket, key: *key, seq, checksum: None });
                }
            }
            let body = kept.map_or("", |kept| kept.body.as_str());
            for bucket in buckets {
                let checksum = row_checksum(key.0.name(), key.1, seq, body);
                sums.give(*bucket, checksum)?;
                rows.members.push(MemberRow { bucket: *bucket, key: *key, seq, checksum: Some(checksum) });
            }
            let wanted: BTreeSet<(String, String)> = kept
                .into_iter()
                .flat_map(|kept| &kept.lookups)
                .map(|(lookup, text)| (lookup.name(), engine.stored_key(text)))
                .collect();
            let row = |(name, text): &(String, String)| LookupRow { name: name.clone(), text: text.clone(), key: *key };
            rows.lookups_gone.extend(held.lookups.difference(&wanted).map(row));
            rows.lookups_new.extend(wanted.difference(&held.lookups).map(row));
        }
        self.look_up_again(engine, &mut rows)?;
        for (seq, mover) in (self.head + 1..).zip(&placed.movers) {
            rows.members.extend(sums.move_along(seq, mover)?);
        }
        let head = self.head + placed.movers.len() as u64;
        rows.head = head;
        rows.sums = &sums.sums;
        engine.write_rows(&rows)?;
        Ok((head, sums.sums))
    }
}

impl Draft {
    /// Look-ups of the records that are looked at again: an older program knew fewer of them. The records themselves
    /// stay, so nothing is sent anew.
    fn look_up_again(&self, engine: &dyn Engine, rows: &mut Rows<'_>) -> Result<(), StorageError> {
        let keys: Vec<Key> = self.look_again.iter().copied().filter(|key| !self.versions.contains_key(key)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        for ((key, held), body) in keys.iter().zip(engine.held(&keys)?).zip(engine.bodies(&keys)?) {
            // What this program does not understand is kept as it is.
            let Some(record) = body.and_then(|body| Record::from_body(key.0, &body).ok()) else { continue };
            let stored = |(lookup, text): (Lookup, String)| (lookup.name(), engine.stored_key(&text));
            let wanted: BTreeSet<(String, String)> = record.lookups().into_iter().map(stored).collect();
            let row = |(name, text): &(String, String)| LookupRow { name: name.clone(), text: text.clone(), key: *key };
            rows.lookups_gone.extend(held.lookups.difference(&wanted).map(row));
            rows.lookups_new.extend(wanted.difference(&held.lookups).map(row));
        }
        Ok(())
    }
}

/// Sums of the buckets touched.
struct Sums<'a> {
    engine: &'a dyn Engine,
    sums: BTreeMap<Bucket, BucketSum>,
}

impl Sums<'_> {
    fn of(&mut self, bucket: Bucket) -> Result<&mut BucketSum, StorageError> {
        if !self.sums.contains_key(&bucket) {
            self.sums.insert(bucket, self.engine.stored_sum(bucket)?);
        }
        Ok(self.sums.entry(bucket).or_default())
    }

    /// The rows of a record that moves: with a sequence of its own it stands in the feeds of the buckets it leaves and
    /// comes into; where it stays nothing is sent anew.
    fn move_along(&mut self, seq: u64, mover: &place::Mover) -> Result<Vec<MemberRow>, StorageError> {
        let (key, present) = (mover.key, mover.held.present());
        let mut rows = Vec::new();
        for bucket in present.difference(&mover.to) {
            let checksum = mover.held.members.get(bucket).map_or(0, |(_, checksum)| *checksum);
            self.take(*bucket, checksum)?;
            rows.push(MemberRow { bucket: *bucket, key, seq, checksum: None });
        }
        for bucket in mover.to.difference(&present) {
            let checksum = row_checksum(key.0.name(), key.1, seq, &mover.body);
            self.give(*bucket, checksum)?;
            rows.push(MemberRow { bucket: *bucket, key, seq, checksum: Some(checksum) });
        }
        Ok(rows)
    }

    fn take(&mut self, bucket: Bucket, checksum: u64) -> Result<(), StorageError> {
        let sum = self.of(bucket)?;
        sum.count = sum.count.saturating_sub(1);
        sum.sum = sum.sum.wrapping_sub(checksum);
        Ok(())
    }

    fn give(&mut self, bucket: Bucket, checksum: u64) -> Result<(), StorageError> {
        let sum = self.of(bucket)?;
        sum.count += 1;
        sum.sum = sum.sum.wrapping_add(checksum);
        Ok(())
    }
}
