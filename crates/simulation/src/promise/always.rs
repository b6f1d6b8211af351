//! What must hold at every moment: after each answer, each call of a laptop's store, each start.

use crate::laptop::{carry_out, hash_of};
use crate::machine::Machine;
use crate::promise::domain;
use crate::server::SITES;
use crate::world::{TruthKey, World};
use slipway_domain::id::PersonId;
use slipway_domain::people::Person;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Memory, Records, RecordsExt};
use slipway_domain::scope::Sight;
use slipway_sync::bucket::Bucket;
use slipway_sync::local::{LocalAnswer, LocalError, LocalRequest};
use slipway_sync::log::Checkpoint;
use slipway_sync::protocol::Page;
use slipway_sync::transport::{Answer, Request, TransportError};
use std::collections::BTreeSet;
use std::rc::Rc;

/// A state that the server had, as far as somebody may hold it.
pub struct Truth {
    pub hash: String,
    pub records: Memory,
}

impl Default for Truth {
    fn default() -> Self {
        let records = Memory::default();
        Self { hash: hash_of(&records), records }
    }
}

/// The same command gets the same words within an epoch, whoever asks and however often.
pub fn words(world: &mut World, request: &Request, answer: &Result<Answer, TransportError>) {
    let (epoch, results) = match answer {
        Ok(Answer::Pushed(pushed)) => (pushed.epoch, &pushed.results),
        Ok(Answer::Page(page)) => (page.epoch, &page.results),
        _ => return,
    };
    for result in results {
        let known = world.words.contains_key(&(epoch, result.id));
        if known && matches!(request, Request::Push(_)) {
            world.count("pushed commands answered from store");
        }
        if !known {
            world.count(match result.verdict {
                slipway_sync::protocol::Verdict::Applied { .. } => "commands applied",
                slipway_sync::protocol::Verdict::Partial { .. } => "commands applied in part",
                slipway_sync::protocol::Verdict::Refused { .. } => "commands refused",
                slipway_sync::protocol::Verdict::Held { .. } => "commands held",
            });
        }
        let first = world.words.entry((epoch, result.id)).or_insert_with(|| result.verdict.clone());
        assert_eq!(*first, result.verdict, "I2 other words on a retry");
    }
}

/// A page has what was asked for and nothing else; a complete one is a state of the server.
pub fn page(world: &mut World, laptop: usize, request: &Request, page: &Page) {
    let Request::Pull(pull) = request else { return };
    for entry in &page.entries {
        let asked = pull.cursors.get(&entry.bucket);
        let asked = asked.unwrap_or_else(|| panic!("I13 laptop {laptop} is sent {} unasked", entry.bucket));
        let upto = page.cursors.get(&entry.bucket).copied().unwrap_or(0);
        assert!(entry.seq > *asked && entry.seq <= upto, "I10 an entry outside its page: {}", entry.seq);
    }
    assert!(page.entries.is_sorted_by_key(|entry| (entry.bucket, entry.seq)), "I10 entries out of order");
    let readable = readable(world, world.laptops[laptop].disk.person());
    for bucket in page.cursors.keys() {
        assert!(readable.contains(bucket), "I13 laptop {laptop} is sent {bucket}, which is not its person's to read");
    }
    if page.scope.is_some() {
        world.count("scopes told");
    }
    if !page.complete {
        return;
    }
    if let Some(note) = &page.checkpoint {
        let (name, key) = world.server.log();
        let checkpoint = Checkpoint::verify(note, &name, &key).expect("I22 a checkpoint that does not verify");
        let first = world.checkpoints.entry((page.epoch, checkpoint.size)).or_insert_with(|| checkpoint.clone());
        assert_eq!(*first, checkpoint, "I21 two checkpoints of one size");
    }
    let key = key_of(world, laptop, page);
    if world.truths.contains_key(&key) {
        return;
    }
    let truth = truth(world, page.cursors.keys().copied());
    if world.random.percent(20) {
        domain::all(&everything(world));
    }
    if world.truths.len() > 1_000 {
        world.truths.clear();
    }
    world.truths.insert(key, Rc::new(truth));
}

fn key_of(world: &World, laptop: usize, page: &Page) -> TruthKey {
    (page.epoch, page.head, page.cursors.keys().copied().collect(), world.laptops[laptop].disk.person())
}

/// Every record of the server.
pub fn everything(world: &World) -> Memory {
    let mut records = Memory::default();
    let mut put = |kind: &str, _, body: &str| {
        records.write(Record::from_body(Kind::named(kind).unwrap(), body).unwrap()).unwrap();
    };
    world.server.view().each_record(&mut put).unwrap();
    records
}

/// The buckets that are the person's to read, by the rules on the server's records.
pub fn readable(world: &World, person: PersonId) -> BTreeSet<Bucket> {
    let view = world.server.view();
    let mut records = Memory::default();
    for kind in [Kind::Person, Kind::Group, Kind::SiteAccess] {
        for id in view.ids_after(kind, None, usize::MAX >> 1).unwrap() {
            let body = view.body(kind, id).unwrap().unwrap();
            // Its letters are out of order while the storage is made to fail.
            if let Ok(record) = Record::from_body(kind, &body) {
                records.write(record).unwrap();
            }
        }
    }
    let reader: Person = records.get(person).unwrap().unwrap();
    let sight = Sight::of(&reader, &records).unwrap();
    let buckets = SITES.into_iter().map(Bucket::Site).chain([Bucket::Workspace, Bucket::Person(person)]);
    buckets.filter(|bucket| sight.covers(*bucket)).collect()
}

pub fn truth(world: &World, buckets: impl Iterator<Item = Bucket>) -> Truth {
    let view = world.server.view();
    let mut records = Memory::default();
    for bucket in buckets {
        let feed = view.feed(bucket, 0, usize::MAX >> 1, usize::MAX >> 1).unwrap();
        for entry in feed.entries {
            if let (Some(kind), Some(body)) = (Kind::named(&entry.kind), entry.body) {
                records.write(Record::from_body(kind, &body).unwrap()).unwrap();
            }
        }
    }
    Truth { hash: hash_of(&records), records }
}

/// What is looked at again after a call of the store.
pub struct Before {
    visible: String,
    confirmed: String,
}

pub fn before(world: &mut World, laptop: usize, request: &LocalRequest) -> Option<Before> {
    if let LocalRequest::Stage(page) = request
        && page.complete
    {
        let truth = world.truths.get(&key_of(world, laptop, page)).cloned();
        world.laptops[laptop].next_truth = truth;
    }
    if matches!(request, LocalRequest::BeginEpoch { .. }) {
        world.laptops[laptop].between_epochs = true;
    }
    // Looking costs more than the call, so it is done now and then.
    let often = match request {
        LocalRequest::Status | LocalRequest::Batch { .. } | LocalRequest::Flip => 0,
        LocalRequest::Stage(_) | LocalRequest::Record(_) => 40,
        _ => 100,
    };
    world.random.percent(often).then(|| look(world.laptops[laptop].disk.as_ref()))
}

fn look(disk: &dyn Machine) -> Before {
    Before { visible: disk.visible_hash(), confirmed: disk.confirmed_hash() }
}

/// Only a flip changes what is held, and it ends at a state of the server.
pub fn after(
    world: &mut World,
    laptop: usize,
    request: &LocalRequest,
    answer: &Result<LocalAnswer, LocalError>,
    before: Option<Before>,
) {
    if let Err(error) = answer {
        panic!("L1 the store of laptop {laptop} failed: {error}");
    }
    if let Ok(LocalAnswer::Flipped(flipped)) = answer {
        world.count("flips");
        assert!(flipped.mismatched.is_empty(), "I6 laptop {laptop} adds up to another sum than the server");
        let it = &mut world.laptops[laptop];
        let truth = it.next_truth.take();
        it.between_epochs = false;
        it.truth = truth.unwrap_or_else(|| panic!("I9 laptop {laptop} flipped to what was no complete state"));
        self::laptop(world, laptop);
    }
    if let Some(before) = before {
        let now = look(world.laptops[laptop].disk.as_ref());
        assert!(now.visible == before.visible, "I9 laptop {laptop} shows something else after {}", name(request));
        assert!(now.confirmed == before.confirmed, "I12 laptop {laptop} holds something else after {}", name(request));
    }
}

fn name(request: &LocalRequest) -> &'static str {
    match request {
        LocalRequest::Record(_) => "recording the results of a push",
        LocalRequest::Stage(_) => "staging a page",
        LocalRequest::BeginEpoch { .. } => "finding another epoch",
        LocalRequest::Refetch(_) => "asking anew",
        LocalRequest::AddNumbers(_) => "taking in numbers",
        _ => "a call that should change nothing",
    }
}

/// A laptop at rest: what it holds, what it shows, what it knows of its commands.
pub fn laptop(world: &mut World, laptop: usize) {
    world.count("laptops looked over");
    let it = &mut world.laptops[laptop];
    let confirmed = it.disk.confirmed_hash();
    if confirmed != it.truth.hash {
        // A power cut may come after the flip's transaction and before anybody heard of it.
        let next = it.next_truth.take().filter(|next| next.hash == confirmed);
        it.truth = next.unwrap_or_else(|| panic!("I6 laptop {laptop} holds what was no state of the server"));
    }
    let waiting = it.disk.waiting();
    // Between another epoch and the first flip in it, what was judged before waits again though its effects are held.
    if !it.between_epochs {
        let mut expected = it.truth.records.clone();
        for command in &waiting {
            carry_out(&mut expected, it.disk.person(), command.id, command.made_at, command.command.as_ref());
        }
        assert!(
            it.disk.visible_hash() == hash_of(&expected),
            "I7 laptop {laptop} ({}) shows something else than the state it holds and its {} pending commands",
            it.disk.name(),
            waiting.len()
        );
    }
    let ends = it.disk.ends();
    let waiting: BTreeSet<_> = waiting.iter().map(|command| command.id).collect();
    for id in &it.issued {
        assert!(waiting.contains(id) || ends.contains_key(id), "I1 laptop {laptop} lost its command {id}");
    }
    let attention = it.disk.attention();
    for (id, end) in ends.iter().filter(|(id, _)| it.issued.contains(id)) {
        let well = matches!(end, slipway_sync::protocol::Verdict::Applied { .. });
        let asks = attention.contains(id) || waiting.contains(id);
        assert!(well || asks, "I11 laptop {laptop} has no item for {id}, which was not applied");
    }
}
