//! Which buckets records lie in after a transaction, and which others move along with them.
//!
//! A relation lies where its ends lie, a movement where its unit lies: when a CI or a unit moves, what lies with it is
//! found by look-up and moved too, though it did not change. The cost is that of what moves.

use super::{Engine, Held, Key};
use crate::storage::StorageError;
use slipway_domain::record::Record;
use slipway_domain::scope::{Bucket, Place, followers, place, together};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A record that the transaction changed.
pub(super) struct Changed<'a> {
    pub(super) key: Key,
    /// Where it belongs; `None` when it was removed.
    pub(super) place: Option<&'a Place>,
    /// Where it was.
    pub(super) held: &'a Held,
}

/// A record that moves though it did not change.
pub(super) struct Mover {
    pub(super) key: Key,
    pub(super) body: String,
    pub(super) held: Held,
    pub(super) to: BTreeSet<Bucket>,
}

/// Where everything lies in the end.
#[derive(Default)]
pub(super) struct Placed {
    /// Buckets of the changed records.
    pub(super) changed: BTreeMap<Key, BTreeSet<Bucket>>,
    /// In the order in which they were come across.
    pub(super) movers: Vec<Mover>,
}

impl Held {
    /// The buckets it is present in.
    pub(super) fn present(&self) -> BTreeSet<Bucket> {
        self.members.iter().filter(|(_, (present, _))| *present).map(|(bucket, _)| *bucket).collect()
    }
}

/// Places what changed, and whatever lies with it or is to be looked at again.
pub(super) fn settle(
    engine: &dyn Engine,
    changed: &[Changed<'_>],
    look_again: &BTreeSet<Key>,
) -> Result<Placed, StorageError> {
    let mut placing = Placing { engine, known: BTreeMap::new() };
    let own: BTreeMap<Key, &Changed<'_>> = changed.iter().map(|it| (it.key, it)).collect();
    placing.fetch(changed.iter().filter_map(|it| it.place).flat_map(anchors).filter(|key| !own.contains_key(key)))?;
    for it in changed {
        placing.resolve(it.key, &own, DEPTH);
    }
    let mut queue: VecDeque<Key> = changed
        .iter()
        // What was never stored has nothing lying with it but what came with it, which is placed by itself.
        .filter(|it| it.place.is_some() && !it.held.members.is_empty())
        .filter(|it| placing.known.get(&it.key) != Some(&it.held.present()))
        .map(|it| it.key)
        .collect();
    let mut placed = Placed::default();
    let mut moved: BTreeSet<Key> = BTreeSet::new();
    let mut unseen: BTreeSet<Key> = BTreeSet::new();
    let mut candidates: Vec<Key> = look_again.iter().copied().filter(|key| !own.contains_key(key)).collect();
    loop {
        for mover in placing.move_along(&candidates)? {
            queue.push_back(mover.key);
            moved.insert(mover.key);
            unseen.insert(mover.key);
            placed.movers.push(mover);
        }
        if queue.is_empty() {
            queue.extend(placing.late(&own, &mut unseen));
        }
        let Some(key) = queue.pop_front() else { break };
        let found = placing.lying_with(key)?;
        candidates = found.into_iter().filter(|key| !own.contains_key(key) && !moved.contains(key)).collect();
    }
    placed.changed = changed.iter().map(|it| (it.key, placing.known.remove(&it.key).unwrap_or_default())).collect();
    Ok(placed)
}

/// Longest chain of changed records that lie with one another; a circle ends there.
const DEPTH: u32 = 16;

struct Placing<'a> {
    engine: &'a dyn Engine,
    /// Where records lie, as far as it was asked.
    known: BTreeMap<Key, BTreeSet<Bucket>>,
}

impl Placing<'_> {
    /// Learns where records lie that did not change.
    fn fetch(&mut self, keys: impl Iterator<Item = Key>) -> Result<(), StorageError> {
        let unknown: Vec<Key> =
            keys.filter(|key| !self.known.contains_key(key)).collect::<BTreeSet<_>>().into_iter().collect();
        for (key, held) in unknown.iter().zip(self.engine.held(&unknown)?) {
            self.known.insert(*key, held.present());
        }
        Ok(())
    }

    /// Places a changed record after those it lies with.
    fn resolve(&mut self, key: Key, own: &BTreeMap<Key, &Changed<'_>>, depth: u32) {
        let (false, Some(it)) = (self.known.contains_key(&key), own.get(&key)) else { return };
        let buckets = match it.place {
            None => BTreeSet::new(),
            Some(place) => {
                if depth > 0 {
                    anchors(place).for_each(|anchor| self.resolve(anchor, own, depth - 1));
                }
                self.buckets(place, it.held)
            }
        };
        self.known.insert(key, buckets);
    }

    /// Places those changed records anew that lie with what moved along only after they were placed, such as an answer to
    /// a comment on a CI that moves in the same transaction. Gives those that have others lying with them.
    fn late(&mut self, own: &BTreeMap<Key, &Changed<'_>>, unseen: &mut BTreeSet<Key>) -> Vec<Key> {
        let mut stale = std::mem::take(unseen);
        let mut late: BTreeMap<Key, BTreeSet<Bucket>> = BTreeMap::new();
        loop {
            let found: Vec<Key> = own
                .values()
                .filter(|it| !late.contains_key(&it.key))
                .filter(|it| it.place.is_some_and(|place| anchors(place).any(|anchor| stale.contains(&anchor))))
                .map(|it| it.key)
                .collect();
            if found.is_empty() {
                break;
            }
            for key in found {
                late.insert(key, self.known.remove(&key).unwrap_or_default());
                stale.insert(key);
            }
        }
        for key in late.keys() {
            self.resolve(*key, own, DEPTH);
        }
        late.into_iter()
            .filter(|(key, was)| self.known.get(key) != Some(was))
            .filter(|(key, _)| own.get(key).is_some_and(|it| !it.held.members.is_empty()))
            .map(|(key, _)| key)
            .collect()
    }

    /// Where the place is. What lies with others that are gone stays where it was.
    fn buckets(&self, place: &Place, held: &Held) -> BTreeSet<Bucket> {
        let sets = match place {
            Place::In(buckets) => return buckets.clone(),
            Place::With(keys) => keys.iter().map(|key| self.known.get(key).cloned().unwrap_or_default()),
        };
        let mut buckets = together(&sets.collect::<Vec<_>>());
        if buckets.is_empty() {
            buckets = held.present();
        }
        if buckets.is_empty() {
            buckets.insert(Bucket::Workspace);
        }
        buckets
    }

    /// Those of the records that lie elsewhere now.
    fn move_along(&mut self, keys: &[Key]) -> Result<Vec<Mover>, StorageError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut read: Vec<(Key, String, Place)> = Vec::with_capacity(keys.len());
        for (key, body) in keys.iter().zip(self.engine.bodies(keys)?) {
            let Some(body) = body else { continue };
            let record = Record::from_body(key.0, &body)
                .map_err(|why| StorageError::Corrupt { what: "record", why: why.to_string() })?;
            read.push((*key, body, place(&record)));
        }
        self.fetch(read.iter().flat_map(|(_, _, place)| anchors(place)).collect::<Vec<_>>().into_iter())?;
        let held = self.engine.held(&read.iter().map(|(key, ..)| *key).collect::<Vec<_>>())?;
        let mut movers = Vec::new();
        for ((key, body, place), held) in read.into_iter().zip(held) {
            let to = self.buckets(&place, &held);
            let moves = to != held.present();
            self.known.insert(key, to.clone());
            if moves {
                movers.push(Mover { key, body, held, to });
            }
        }
        Ok(movers)
    }

    fn lying_with(&self, (kind, id): Key) -> Result<Vec<Key>, StorageError> {
        let mut found = BTreeSet::new();
        for (lookup, of) in followers(kind) {
            let keys = self.engine.found(*lookup, &id.to_string())?;
            found.extend(keys.into_iter().filter(|(kind, _)| kind == of));
        }
        Ok(found.into_iter().collect())
    }
}

fn anchors(place: &Place) -> impl Iterator<Item = Key> + '_ {
    let keys: &[Key] = match place {
        Place::In(_) => &[],
        Place::With(keys) => keys,
    };
    keys.iter().copied()
}
