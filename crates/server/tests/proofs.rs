//! Proofs about the audit log over the wire, and what they are worth when somebody wrote into the database by hand.

use crate::support::{Laptop, OnSqlite, WorldOn, a_site, answer, new_id};
use rusqlite::{Connection, params};
use serde::de::DeserializeOwned;
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::SiteId;
use slipway_domain::people::Site;
use slipway_server::storage::Storage;
use slipway_server::storage::nodes::{TreeReader, bring_up_to_date};
use slipway_server::storage::sqlite::Sqlite;
use slipway_sync::log::proof::{continues, includes, inclusion, read};
use slipway_sync::log::{Checkpoint, Edge, Hash};
use slipway_sync::protocol::{ErrorBody, ErrorCode, LogCheckpoint, LogProof, LogRecord};

type World = WorldOn<OnSqlite>;

async fn get<T: DeserializeOwned>(world: &World, laptop: &Laptop, route: &str) -> Result<T, ErrorBody> {
    let url = format!("{}/v1/log/{route}", world.running.url);
    answer(world.client.get(url).bearer_auth(&laptop.session.access_token).send().await.unwrap()).await
}

async fn checkpoint(world: &World, laptop: &Laptop) -> Checkpoint {
    let shown: LogCheckpoint = get(world, laptop, "checkpoint").await.unwrap();
    Checkpoint::verify(&shown.checkpoint, &laptop.session.log_name, &laptop.session.log_key).expect("signed")
}

async fn consistency(world: &World, laptop: &Laptop, from: u64, to: u64) -> Result<Vec<Hash>, ErrorBody> {
    let route = format!("consistency?epoch={}&from={from}&to={to}", laptop.session.epoch);
    Ok(read(&get::<LogProof>(world, laptop, &route).await?.hashes).unwrap())
}

/// Issues so many commands that the log grows by as many entries.
async fn grow(world: &World, laptop: &mut Laptop, first: u64, count: u64) {
    let commands: Vec<_> = (0..count).map(|n| laptop.issue(a_site(&format!("Site {}", first + n)))).collect();
    for (at, part) in commands.chunks(100).enumerate() {
        world.push(laptop, first + at as u64 * 100, part).await.unwrap();
    }
}

#[tokio::test]
async fn a_log_proves_that_it_only_grew_and_what_is_in_it() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let first = checkpoint(&world, &laptop).await;
    grow(&world, &mut laptop, 1, 300).await;
    let second = checkpoint(&world, &laptop).await;
    assert_eq!(second.size, first.size + 300);
    grow(&world, &mut laptop, 301, 300).await;
    let third = checkpoint(&world, &laptop).await;
    for (old, new) in [(&first, &second), (&first, &third), (&second, &third)] {
        let proof = consistency(&world, &laptop, old.size, new.size).await.unwrap();
        assert!(continues(old, new, &proof), "{} to {}", old.size, new.size);
        let other = Checkpoint { root: [9; 32], ..old.clone() };
        assert!(!continues(&other, new, &proof));
    }
    let view_of = Sqlite::open(&world.folder.path().join("workspace.sqlite")).unwrap();
    let view = view_of.snapshot(view_of.workspace_id()).unwrap();
    let leaves = view.log_hashes(0, 0, 10_000).unwrap();
    for index in [0, 255, 256, 300, third.size - 1] {
        let route = format!("inclusion?index={index}&size={}", third.size);
        let proof = read(&get::<LogProof>(&world, &laptop, &route).await.unwrap().hashes).unwrap();
        let leaf = leaves[usize::try_from(index).unwrap()];
        assert!(includes(&third, index, &leaf, &proof), "{index}");
    }
    assert_eq!(view.log_hashes(1, 0, 10).unwrap().len(), 2, "the nodes over 256 entries are stored");
}

#[tokio::test]
async fn what_the_log_does_not_have_is_not_proved() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let size = checkpoint(&world, &laptop).await.size;
    let code = |error: ErrorBody| error.code;
    assert_eq!(consistency(&world, &laptop, 1, size + 1).await.map_err(code), Err(ErrorCode::BadRequest));
    assert_eq!(consistency(&world, &laptop, size, 1).await.map_err(code), Err(ErrorCode::BadRequest));
    let beyond = format!("inclusion?index={size}&size={size}");
    assert_eq!(get::<LogProof>(&world, &laptop, &beyond).await.map_err(code), Err(ErrorCode::BadRequest));
    world.office().declare_restored("a test").unwrap();
    assert_eq!(consistency(&world, &laptop, 1, size).await.map_err(code), Err(ErrorCode::EpochChanged));
    let url = format!("{}/v1/log/checkpoint", world.running.url);
    let nobody = answer::<LogCheckpoint>(world.client.get(url).send().await.unwrap()).await;
    assert_eq!(nobody.map_err(code), Err(ErrorCode::NotSignedIn));
}

/// Writes other leaves into the database, with the edge and the nodes that fit them: what somebody can do who has the
/// server and the log's key.
fn rewrite(world: &World, forge: impl Fn(&mut Vec<Hash>)) {
    let file = world.folder.path().join("workspace.sqlite");
    let storage = Sqlite::open(&file).unwrap();
    let mut leaves = storage.snapshot(storage.workspace_id()).unwrap().log_hashes(0, 0, 10_000).unwrap();
    let before = leaves.len();
    forge(&mut leaves);
    let mut edge = Edge::default();
    leaves.iter().for_each(|leaf| edge.append(*leaf));
    let mut database = Connection::open(&file).unwrap();
    let tx = database.transaction().unwrap();
    tx.execute_batch("DELETE FROM log_node").unwrap();
    for (index, leaf) in leaves.iter().enumerate() {
        let index = i64::try_from(index).unwrap();
        tx.execute("UPDATE log_leaf SET leaf_hash = ?2 WHERE idx = ?1", params![index, leaf]).unwrap();
    }
    if leaves.len() < before {
        tx.execute("DELETE FROM log_leaf WHERE idx >= ?1", [i64::try_from(leaves.len()).unwrap()]).unwrap();
    }
    let size = i64::try_from(edge.size()).unwrap();
    tx.execute("UPDATE workspace SET log_size = ?1, log_edge = ?2", params![size, edge.roots().concat()]).unwrap();
    tx.commit().unwrap();
    bring_up_to_date(&storage, storage.workspace_id()).unwrap();
}

#[tokio::test]
async fn a_changed_a_removed_and_a_reordered_entry_are_found_by_whoever_saw_the_log_before() {
    type Forge = fn(&mut Vec<Hash>);
    let forgeries: [(&str, Forge); 3] = [
        ("changed", |leaves| leaves[100] = [9; 32]),
        ("removed", |leaves| {
            leaves.remove(100);
        }),
        ("reordered", |leaves| leaves.swap(100, 101)),
    ];
    for (what, forge) in forgeries {
        let world = World::new().await;
        let mut laptop = world.laptop("ruth").await;
        grow(&world, &mut laptop, 1, 300).await;
        let seen = checkpoint(&world, &laptop).await;
        rewrite(&world, forge);
        grow(&world, &mut laptop, 301, 10).await;
        let shown = checkpoint(&world, &laptop).await;
        assert!(shown.size > seen.size, "it looks as if it had only grown");
        let proof = consistency(&world, &laptop, seen.size, shown.size).await.unwrap();
        assert!(!continues(&seen, &shown, &proof), "{what} and not noticed");
    }
}

#[tokio::test]
async fn nodes_of_a_log_from_before_there_were_any_are_stored_when_it_is_opened() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    grow(&world, &mut laptop, 1, 600).await;
    let file = world.folder.path().join("workspace.sqlite");
    let storage = Sqlite::open(&file).unwrap();
    let nodes = |storage: &Sqlite| storage.snapshot(storage.workspace_id()).unwrap().log_hashes(1, 0, 10).unwrap();
    let before = nodes(&storage);
    assert_eq!(before.len(), 2);
    Connection::open(&file).unwrap().execute_batch("DELETE FROM log_node").unwrap();
    // A tree without them says the same, from the leaves.
    let view = storage.snapshot(storage.workspace_id()).unwrap();
    let tree = checkpoint(&world, &laptop).await;
    let leaf = view.log_hashes(0, 7, 1).unwrap()[0];
    let proof = inclusion(&mut TreeReader::of(view.as_ref()).unwrap(), 7, tree.size).unwrap();
    assert!(includes(&tree, 7, &leaf, &proof));
    drop(view);
    assert_eq!(nodes(&Sqlite::open(&file).unwrap()), before);
}

#[tokio::test]
async fn what_the_log_has_about_a_record_is_proved_and_shown_to_who_may_read_it() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let id = new_id();
    let named = |name: &str| {
        Command::Setup(SetupCommand::PutSite(Site { id: SiteId(id), name: name.into(), address: String::new() }))
    };
    let commands = [laptop.issue(named("Antwerp")), laptop.issue(a_site("Bergen")), laptop.issue(named("Antwerpen"))];
    world.push(&laptop, 1, &commands).await.unwrap();
    let tree = checkpoint(&world, &laptop).await;
    let route = format!("record?record={id}&size={}", tree.size);
    let found: LogRecord = get(&world, &laptop, &route).await.unwrap();
    assert_eq!(found.entries.len(), 2, "those that name it");
    assert!(found.entries.iter().all(|entry| entry.is_in(&tree) && entry.names(id) && entry.content.is_some()));
    let mut altered = found.entries[0].clone();
    altered.content.as_mut().unwrap().result.push(' ');
    assert!(!altered.is_in(&tree), "an altered verdict");
    let mut moved = found.entries[0].clone();
    moved.index = found.entries[1].index;
    assert!(!moved.is_in(&tree), "another place");
    assert!(!found.entries[0].names(new_id()), "another record");
    let before = format!("record?record={id}&size={}", found.entries[0].index);
    let earlier: LogRecord = get(&world, &laptop, &before).await.unwrap();
    assert_eq!(earlier.entries.len(), 1, "in the smaller tree there is the first only");
}

#[tokio::test]
async fn tiles_hold_the_tree_and_full_ones_may_be_kept_for_good() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    grow(&world, &mut laptop, 1, 300).await;
    let tree = checkpoint(&world, &laptop).await;
    let tile = async |path: &str| {
        let url = format!("{}/v1/log/tile/{path}", world.running.url);
        world.client.get(url).bearer_auth(&laptop.session.access_token).send().await.unwrap()
    };
    let kept = |response: &reqwest::Response| response.headers()["cache-control"].to_str().unwrap().to_owned();
    let full = tile("0/000").await;
    assert!(kept(&full).contains("immutable"));
    let rest = tile(&format!("0/001.p/{}", tree.size - 256)).await;
    assert!(!kept(&rest).contains("immutable"));
    let above = tile("1/000.p/1").await.bytes().await.unwrap();
    let mut edge = Edge::default();
    let mut leaves = full.bytes().await.unwrap().to_vec();
    assert_eq!(leaves.len(), 256 * 32);
    leaves.as_chunks::<32>().0.iter().for_each(|leaf| edge.append(*leaf));
    assert_eq!(edge.roots(), [<Hash>::try_from(above.as_ref()).unwrap()], "the level above is the root of the tile");
    leaves = rest.bytes().await.unwrap().to_vec();
    leaves.as_chunks::<32>().0.iter().for_each(|leaf| edge.append(*leaf));
    assert_eq!((edge.size(), edge.root()), (tree.size, tree.root), "the tiles are the tree");
    for none in ["0/002", "0/001", "2/000.p/1", "0/x000/000", "nonsense"] {
        assert_eq!(tile(none).await.status(), 404, "{none}");
    }
}
