//! What must hold once the faults have stopped and everybody has exchanged everything.

use crate::promise::always::{everything, readable, truth};
use crate::promise::{domain, oracle};
use crate::server::{PEOPLE, SITES};
use crate::world::World;
use slipway_domain::id::CommandId;
use slipway_domain::records::Memory;
use slipway_domain::scope;
use slipway_sync::bucket::Bucket;
use slipway_sync::encoding::Base64;
use slipway_sync::log::{Checkpoint, Edge, Hash, LeafParts, leaf_hash};
use slipway_sync::protocol::{SignedCommand, Verdict};
use slipway_sync::signing::PublicKey;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub fn all(world: &mut World) {
    for laptop in 0..world.laptops.len() {
        super::always::laptop(world, laptop);
    }
    converged(world);
    every_command_has_one_end(world);
    chains_are_gapless(world);
    the_log_is_whole(world);
    oracle::replay(world);
}

/// Held records equal the server's byte for byte, as far as the person may read them and chose to hold them, and
/// nothing waits on top of them.
fn converged(world: &World) {
    let on_server = everything(world);
    domain::all(&on_server);
    placed(world, &on_server);
    for (number, laptop) in world.laptops.iter().enumerate() {
        let waiting = laptop.disk.waiting().len();
        assert_eq!(waiting, 0, "L1 laptop {number} still waits for results");
        let only = laptop.disk.only();
        let mut buckets = readable(world, laptop.disk.person());
        buckets.retain(|bucket| match (bucket, &only) {
            (Bucket::Site(site), Some(only)) => only.contains(site),
            _ => true,
        });
        world.count(if buckets.len() == SITES.len() + 2 { "laptops with everything" } else { "laptops with less" });
        let hash = truth(world, buckets.into_iter()).hash;
        assert!(laptop.disk.confirmed_hash() == hash, "L2 laptop {number} holds other records than the server");
        assert!(laptop.disk.visible_hash() == hash, "L2 laptop {number} shows other records than the server");
    }
}

/// Each record lies in the buckets that the table gives it, found by way of the records alone.
fn placed(world: &World, on_server: &Memory) {
    let view = world.server.view();
    let mut lies: BTreeMap<Uuid, BTreeSet<Bucket>> = BTreeMap::new();
    let people = PEOPLE.into_iter().map(Bucket::Person);
    for bucket in SITES.into_iter().map(Bucket::Site).chain(people).chain([Bucket::Workspace]) {
        let feed = view.feed(bucket, 0, usize::MAX >> 1, usize::MAX >> 1).unwrap();
        for entry in feed.entries.into_iter().filter(|entry| entry.body.is_some()) {
            lies.entry(entry.id).or_default().insert(bucket);
        }
    }
    for record in on_server.records() {
        let belongs = scope::buckets(record, on_server).unwrap();
        // What lay with a record that is gone stays where it was.
        if !belongs.is_empty() {
            assert_eq!(
                lies.get(&record.id()),
                Some(&belongs),
                "I12 {} {} lies elsewhere",
                record.kind().name(),
                record.id()
            );
        }
    }
}

/// Every command that the person saw issued was judged, and the laptop knows the words that the server keeps.
fn every_command_has_one_end(world: &World) {
    let view = world.server.view();
    for (number, laptop) in world.laptops.iter().enumerate() {
        let ends = laptop.disk.ends();
        for id in &laptop.issued {
            let known = view.known(*id).unwrap();
            let known = known.unwrap_or_else(|| panic!("I1 command {id} of laptop {number} is lost"));
            assert_eq!(ends.get(id), Some(&known.result.verdict), "I2 laptop {number} knows another end of {id}");
        }
    }
}

fn chains_are_gapless(world: &World) {
    let view = world.server.view();
    for device in view.devices().unwrap() {
        for counter in 1..=device.counter {
            let link = view.link(device.id, counter).unwrap();
            assert!(link.is_some(), "I4 counter {counter} of {} is missing", device.id);
        }
        let beyond = view.link(device.id, device.counter + 1).unwrap();
        assert!(beyond.is_none(), "I4 {} has a link beyond its end", device.id);
    }
}

/// From the stored rows alone: each leaf is what was decided, in order, and each signature verifies.
fn the_log_is_whole(world: &World) {
    let connection = rusqlite::Connection::open(world.server.file()).unwrap();
    // A leaf stands for a command, or for what became of a device.
    let sql = "SELECT log_leaf.idx, log_leaf.leaf_hash, log_leaf.salt, log_leaf.changes,
                      coalesce(command.payload, entry.payload), coalesce(command.signature, entry.signature),
                      coalesce(command.verdict, entry.note), coalesce(command.seq_from, 0),
                      coalesce(command.seq_to, 0), coalesce(command.judged_at, entry.at),
                      device.public_key, log_leaf.command, command.device, command.counter
               FROM log_leaf LEFT JOIN command ON command.id = log_leaf.command
               LEFT JOIN device_entry AS entry ON entry.id = log_leaf.command
               LEFT JOIN device ON device.id = command.device ORDER BY log_leaf.idx";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let (mut edge, mut last_seq) = (Edge::default(), 0);
    let (mut judged, mut counters) = (BTreeSet::new(), BTreeMap::new());
    let mut roots = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let bytes = |at: usize| row.get::<_, Vec<u8>>(at).unwrap();
        let number = |at: usize| row.get::<_, i64>(at).unwrap().cast_unsigned();
        assert_eq!(number(0), edge.size(), "I20 leaves have no gap");
        let id = CommandId(row.get(11).unwrap());
        let (payload, signature, changes) = (bytes(4), bytes(5), Hash::try_from(bytes(3)).unwrap());
        assert!(judged.insert(id), "I3 {id} was judged twice");
        let device: Option<Vec<u8>> = row.get(12).unwrap();
        if let Some(device) = &device {
            let before = counters.insert(device.clone(), number(13)).unwrap_or(0);
            assert!(number(13) > before, "I4 {id} was judged after a later command of its device");
        }
        let leaf = leaf_hash(&LeafParts {
            salt: &bytes(2),
            payload: &payload,
            signature: &signature,
            result: row.get::<_, String>(6).unwrap().as_bytes(),
            seq_from: number(7),
            seq_to: number(8),
            judged_at_ms: row.get(9).unwrap(),
            changes: &changes,
        });
        assert_eq!(leaf.to_vec(), bytes(1), "I20 the leaf of {id} is not what was decided");
        let signed = SignedCommand { payload: Base64(payload), signature: Base64(signature) };
        assert!(
            device.is_none() || signed.verifies(&PublicKey::from_bytes(&bytes(10)).unwrap()),
            "I22 the signature of {id}"
        );
        if number(7) > 0 {
            // Between two commands lie the records that the first one made move along.
            assert!(number(7) > last_seq && number(8) >= number(7), "I10 sequences follow the order of the log");
            last_seq = number(8);
        }
        let held = matches!(serde_json::from_str(&row.get::<_, String>(6).unwrap()), Ok(Verdict::Held { .. }));
        assert!(!held || number(7) == 0, "L5 {id} is held and changed something");
        edge.append(leaf);
        roots.insert(edge.size(), edge.root());
    }
    assert_eq!(edge, world.server.view().log().unwrap(), "I20 the tree is that of the leaves");
    let stored = "SELECT (SELECT count(*) FROM command) + (SELECT count(*) FROM device_entry)";
    let stored: i64 = connection.query_row(stored, [], |row| row.get(0)).unwrap();
    assert_eq!(stored.unsigned_abs(), edge.size(), "I20 each judged command has its leaf");
    let head = world.server.view().workspace().unwrap().head;
    let highest: i64 = connection.query_row("SELECT max(seq) FROM member", [], |row| row.get(0)).unwrap();
    assert_eq!(head, highest.unsigned_abs().max(last_seq), "I10 the head is the last sequence given");
    let epoch = world.server.view().workspace().unwrap().epoch;
    for ((_, size), Checkpoint { root, .. }) in world.checkpoints.iter().filter(|((of, _), _)| *of == epoch) {
        assert_eq!(roots.get(size), Some(root), "I21 a checkpoint of size {size} is not of this log");
    }
}
