//! Records out: pages of one moment each, complete at the head only.

use super::World;
use crate::support::{a_site, all_at_once, new_id};
use slipway_domain::checksum::{row_checksum, state_hash};
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::{FreezeId, SiteId};
use slipway_domain::number::Series;
use slipway_domain::setting::{Freeze, FreezeScope, FreezeStrength};
use slipway_domain::time::{Timestamp, Window};
use slipway_sync::bucket::Bucket;
use slipway_sync::log::Checkpoint;
use slipway_sync::protocol::{ErrorCode, Lease, LeaseRequest, Pull};
use std::collections::BTreeMap;
use uuid::Uuid;

#[tokio::test]
async fn pages_end_at_the_head_with_the_count_and_sum_of_what_was_sent() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands: Vec<_> = (0..7).map(|n| laptop.issue(a_site(&format!("Site {n}")))).collect();
    world.push(&laptop, 1, &commands).await.unwrap();
    let (mut after, mut pages) = (0, 0);
    let mut held: BTreeMap<(String, Uuid), (u64, String)> = BTreeMap::new();
    let last = loop {
        let page = world.pull(&laptop, after, 0, 4).await.unwrap();
        pages += 1;
        assert!(page.entries.len() <= 4, "no more than asked for");
        assert!(page.entries.is_sorted_by_key(|entry| entry.seq), "in sequence order");
        assert!(page.entries.iter().all(|entry| entry.seq > after), "after the cursor only");
        after = page.cursors[&Bucket::Workspace];
        held.extend(page.entries.iter().map(|e| ((e.kind.clone(), e.id), (e.seq, e.body.clone().unwrap()))));
        if page.complete {
            break page;
        }
        assert!(page.sums.is_empty() && page.checkpoint.is_none(), "sums of half a state would say nothing");
    };
    assert!(pages > 2, "{pages} pages");
    assert_eq!(after, last.head, "the cursor goes to the head");
    let sum =
        held.iter().fold(0_u64, |sum, ((kind, id), (seq, body))| sum.wrapping_add(row_checksum(kind, *id, *seq, body)));
    let told = last.sums[&Bucket::Workspace];
    assert_eq!((told.count, told.sum), (held.len() as u64, sum), "what the laptop holds is what the server says");
    let hash = state_hash(held.iter().map(|((kind, id), (_, body))| (kind.as_str(), *id, body.as_str())));
    assert_eq!(hash, world.office().state().unwrap().hash, "byte for byte");
    let nothing = world.pull(&laptop, after, 7, 4).await.unwrap();
    assert!(nothing.complete && nothing.entries.is_empty() && nothing.results.is_empty(), "and then there is no more");
}

#[tokio::test]
async fn a_removed_record_leaves_a_tombstone() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let id = FreezeId(new_id());
    let window = Window { start: Timestamp(1), end: Timestamp(2) };
    let freeze = Freeze {
        id,
        title: "Year end".into(),
        window,
        scope: FreezeScope::Everything,
        strength: FreezeStrength::Hard,
        repeats: None,
    };
    let put = laptop.issue(Command::Setup(SetupCommand::PutFreeze(freeze)));
    world.push(&laptop, 1, &[put]).await.unwrap();
    let before = world.pull(&laptop, 0, 0, all_at_once()).await.unwrap();
    let remove = laptop.issue(Command::Setup(SetupCommand::RemoveFreeze(id)));
    world.push(&laptop, 2, &[remove]).await.unwrap();
    let page = world.pull(&laptop, before.head, 1, all_at_once()).await.unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!((page.entries[0].id, &page.entries[0].body), (id.0, &None), "a tombstone");
    let count = |page: &slipway_sync::protocol::Page| page.sums[&Bucket::Workspace].count;
    assert_eq!(count(&page), count(&before) - 1, "and the bucket holds one less");
}

#[tokio::test]
async fn another_epoch_is_told_with_the_counter_that_comes_next() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let first = laptop.issue(a_site("Antwerp"));
    world.push(&laptop, 1, &[first]).await.unwrap();
    let epoch = world.office().declare_restored("a test").unwrap().epoch;
    let second = laptop.issue(a_site("Bergen"));
    let pushed = world.push(&laptop, 2, std::slice::from_ref(&second)).await.unwrap_err();
    assert_eq!((pushed.code, pushed.epoch, pushed.expected_counter), (ErrorCode::EpochChanged, Some(epoch), Some(2)));
    let pulled = world.pull(&laptop, 0, 0, 10).await.unwrap_err();
    assert_eq!((pulled.code, pulled.epoch, pulled.expected_counter), (ErrorCode::EpochChanged, Some(epoch), Some(2)));
    laptop.session.epoch = epoch;
    world.push(&laptop, 2, &[second]).await.expect("the epoch is not part of what was signed");
    world.pull(&laptop, 0, 0, 10).await.unwrap();
}

#[tokio::test]
async fn a_restored_backup_gets_back_what_a_laptop_still_has() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let first = laptop.issue(a_site("Antwerp"));
    world.push(&laptop, 1, std::slice::from_ref(&first)).await.unwrap();
    let backup = world.back_up();
    let second = laptop.issue(a_site("Bergen"));
    let lost = world.push(&laptop, 2, std::slice::from_ref(&second)).await.unwrap();
    let before = world.office().state().unwrap();
    // The server stops, last night's copy is put back, and the administrator says so.
    let world = world.put_back(backup).await;
    let epoch = world.office().declare_restored("a test").unwrap().epoch;
    let told = world.push(&laptop, 3, &[]).await.unwrap_err();
    assert_eq!(told.code, ErrorCode::EpochChanged);
    laptop.session.epoch = epoch;
    let again = world.push(&laptop, told.expected_counter.unwrap(), &[second]).await.unwrap();
    assert_eq!(again.results[0].verdict, lost.results[0].verdict, "judged again, to the same end");
    assert_eq!(world.office().state().unwrap().hash, before.hash, "nothing that the laptop had is lost");
}

#[tokio::test]
async fn the_log_grows_and_its_checkpoint_is_signed() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let (name, key) = (laptop.session.log_name.clone(), laptop.session.log_key);
    let read = |note: Option<String>| Checkpoint::verify(&note.unwrap(), &name, &key).expect("signed by the server");
    let before = read(world.pull(&laptop, 0, 0, all_at_once()).await.unwrap().checkpoint);
    let commands = [laptop.issue(a_site("Antwerp")), laptop.issue(serde_json::json!("unknown"))];
    world.push(&laptop, 1, &commands).await.unwrap();
    let after = read(world.pull(&laptop, 0, 0, all_at_once()).await.unwrap().checkpoint);
    assert_eq!(after.size, before.size + 2, "a leaf for each judged command, held ones too");
    assert_ne!(after.root, before.root);
}

#[tokio::test]
async fn cursors_and_buckets_are_checked() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let epoch = laptop.session.epoch;
    let code = |error: slipway_sync::protocol::ErrorBody| error.code;
    assert_eq!(world.pull(&laptop, 1_000_000, 0, 10).await.map_err(code), Err(ErrorCode::CursorAhead));
    let cursors = BTreeMap::from([(Bucket::Site(SiteId(Uuid::nil())), 0)]);
    let pull = Pull { epoch, cursors, scope: String::new(), judged_after: 0, limit: 10 };
    assert_eq!(world.send_pull(&laptop, &pull).await.map_err(code), Err(ErrorCode::BucketUnknown));
    let none = Pull { epoch, cursors: BTreeMap::new(), scope: String::new(), judged_after: 0, limit: 10 };
    assert_eq!(world.send_pull(&laptop, &none).await.map_err(code), Err(ErrorCode::BadRequest));
}

#[tokio::test]
async fn number_blocks_never_overlap() {
    let world = World::new().await;
    let (a, b) = (world.laptop("ruth").await, world.laptop("ruth").await);
    let mut taken = std::collections::BTreeSet::new();
    for laptop in [&a, &b, &a] {
        let request = LeaseRequest { series: Series::Release, count: 50 };
        let sent = world.post("lease").bearer_auth(&laptop.session.access_token).body(crate::support::json(&request));
        let lease: Lease = crate::support::answer(sent.send().await.unwrap()).await.unwrap();
        for n in lease.first..lease.first + lease.count {
            assert!(taken.insert(n), "{n} is given twice");
        }
    }
    assert_eq!(taken.len(), 150);
}
