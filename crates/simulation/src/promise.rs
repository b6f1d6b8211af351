//! What sync promises, checked on a world that has settled.

use crate::world::World;
use slipway_domain::id::CommandId;
use slipway_sync::encoding::Base64;
use slipway_sync::log::{Edge, Hash, LeafParts, leaf_hash};
use slipway_sync::protocol::SignedCommand;
use slipway_sync::signing::PublicKey;
use std::collections::BTreeMap;
use uuid::Uuid;

pub fn all(world: &World) {
    converged(world);
    every_command_has_one_end(world);
    chains_are_gapless(world);
    numbers_are_given_once(world);
    the_log_is_whole(world);
}

/// Held records equal the server's byte for byte, and nothing waits on top of them.
fn converged(world: &World) {
    let mut on_server = BTreeMap::new();
    world
        .server
        .view()
        .each_record(&mut |kind, id, body| {
            on_server.insert((kind.to_owned(), id), body.to_owned());
        })
        .unwrap();
    for (number, laptop) in world.laptops.iter().enumerate() {
        assert_eq!(laptop.disk.waiting(), 0, "laptop {number} still waits for results");
        let held: BTreeMap<_, _> =
            laptop.disk.held.iter().map(|(key, (_, body))| (key.clone(), body.clone())).collect();
        assert!(held == on_server, "laptop {number} holds other records than the server");
        let visible: BTreeMap<_, _> = laptop
            .disk
            .visible()
            .records()
            .map(|r| ((r.kind().name().to_owned(), r.id()), r.body().unwrap()))
            .collect();
        assert!(visible == on_server, "laptop {number} shows other records than it holds");
    }
}

/// Every command that the person saw issued was judged, and the laptop knows the words that the server keeps.
fn every_command_has_one_end(world: &World) {
    let view = world.server.view();
    for (number, laptop) in world.laptops.iter().enumerate() {
        for id in &laptop.issued {
            let known = view.known(*id).unwrap();
            let known = known.unwrap_or_else(|| panic!("command {id} of laptop {number} is lost"));
            let end = laptop.disk.ends.get(id);
            assert_eq!(end, Some(&known.result.verdict), "laptop {number} knows another end of {id}");
        }
    }
}

fn chains_are_gapless(world: &World) {
    let view = world.server.view();
    for device in view.devices().unwrap() {
        for counter in 1..=device.counter {
            assert!(view.link(device.id, counter).unwrap().is_some(), "counter {counter} of {} is missing", device.id);
        }
        assert!(view.link(device.id, device.counter + 1).unwrap().is_none(), "a link beyond the chain's end");
    }
}

fn numbers_are_given_once(world: &World) {
    #[derive(serde::Deserialize)]
    struct Numbered {
        number: String,
    }
    let mut owners: BTreeMap<String, Uuid> = BTreeMap::new();
    world
        .server
        .view()
        .each_record(&mut |_, id, body| {
            if let Ok(Numbered { number }) = serde_json::from_str(body) {
                assert!(!number.contains("new"), "{number} is still provisional");
                assert_eq!(owners.insert(number.clone(), id), None, "{number} was given twice");
            }
        })
        .unwrap();
}

/// From the stored rows alone: each leaf is what was decided, in order, and each signature verifies.
fn the_log_is_whole(world: &World) {
    let connection = rusqlite::Connection::open(world.server.file()).unwrap();
    let sql = "SELECT log_leaf.idx, log_leaf.leaf_hash, log_leaf.salt, log_leaf.changes, command.payload,
                      command.signature, command.verdict, command.seq_from, command.seq_to, command.judged_at,
                      device.public_key, command.id
               FROM log_leaf JOIN command ON command.id = log_leaf.command
               JOIN device ON device.id = command.device ORDER BY log_leaf.idx";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let (mut edge, mut last_seq) = (Edge::default(), 0);
    while let Some(row) = rows.next().unwrap() {
        let bytes = |at: usize| row.get::<_, Vec<u8>>(at).unwrap();
        let number = |at: usize| row.get::<_, i64>(at).unwrap().cast_unsigned();
        let (payload, signature, changes) = (bytes(4), bytes(5), Hash::try_from(bytes(3)).unwrap());
        let id = CommandId(row.get(11).unwrap());
        assert_eq!(number(0), edge.size(), "leaves have no gap");
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
        assert_eq!(leaf.to_vec(), bytes(1), "the leaf of {id} is not what was decided");
        let signed = SignedCommand { payload: Base64(payload), signature: Base64(signature) };
        assert!(signed.verifies(&PublicKey::from_bytes(&bytes(10)).unwrap()), "the signature of {id}");
        if number(7) > 0 {
            assert!(number(7) > last_seq && number(8) >= number(7), "sequences follow the order of the log");
            last_seq = number(8);
        }
        edge.append(leaf);
    }
    assert_eq!(edge, world.server.view().log().unwrap(), "the tree is that of the leaves");
}
