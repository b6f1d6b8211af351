//! Tombstones go once every active laptop has them; one that comes later is told to fetch anew.

use super::World;
use crate::support::{Laptop, PASSWORD, all_at_once, new_id};
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::FreezeId;
use slipway_domain::setting::{Freeze, FreezeScope, FreezeStrength};
use slipway_domain::time::{Timestamp, Window};
use slipway_sync::bucket::Bucket;
use slipway_sync::protocol::{ErrorCode, Page};

const HOUR_MS: i64 = 3_600_000;

/// Puts a freeze and takes it away again; gives the sequence before that.
async fn put_and_remove(world: &World, laptop: &mut Laptop) -> u64 {
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
    let before = world.push(laptop, laptop.counter, &[put]).await.unwrap().head;
    let remove = laptop.issue(Command::Setup(SetupCommand::RemoveFreeze(id)));
    world.push(laptop, laptop.counter, &[remove]).await.unwrap();
    before
}

async fn later(world: &World, laptops: &mut [&mut Laptop], hours: i64) {
    world.advance_ms(hours * HOUR_MS);
    for laptop in laptops {
        laptop.session = world.sign_in("ruth", PASSWORD, &laptop.device).await.unwrap();
    }
}

async fn pull_from(world: &World, laptop: &Laptop, seq: u64) -> Page {
    world.pull(laptop, seq, 0, all_at_once()).await.unwrap()
}

fn tombstones(page: &Page) -> usize {
    page.entries.iter().filter(|entry| entry.body.is_none()).count()
}

#[tokio::test]
async fn a_tombstone_stays_until_every_laptop_has_it() {
    let world = World::new().await;
    let (mut near, mut far) = (world.laptop("ruth").await, world.laptop("ruth").await);
    let start = pull_from(&world, &near, 0).await.head;
    for laptop in [&near, &far] {
        pull_from(&world, laptop, start).await;
    }
    let before = put_and_remove(&world, &mut near).await;
    later(&world, &mut [&mut near, &mut far], 2).await;
    let head = pull_from(&world, &near, before).await.head;
    pull_from(&world, &near, head).await;
    assert_eq!(world.office().core().compact().unwrap(), 0, "one of them does not have it yet");
    let page = pull_from(&world, &far, start).await;
    assert_eq!(tombstones(&page), 1, "and gets it");
    later(&world, &mut [&mut near, &mut far], 2).await;
    for laptop in [&near, &far] {
        pull_from(&world, laptop, head).await;
    }
    assert_eq!(world.office().core().compact().unwrap(), 1);
    let told = world.pull(&far, start, 0, all_at_once()).await.unwrap_err();
    assert_eq!((told.code, told.buckets), (ErrorCode::ResyncRequired, vec![Bucket::Workspace]));
    assert!(pull_from(&world, &far, head).await.complete, "who is near the head notices nothing");
}

#[tokio::test]
async fn who_begins_from_nothing_after_that_is_not_sent_back_half_way() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    put_and_remove(&world, &mut laptop).await;
    assert_eq!(world.office().core().compact().unwrap(), 1, "nobody has any of it");
    let mut after = 0;
    for round in 0.. {
        let page = world.pull(&laptop, after, 0, 3).await.unwrap();
        assert_eq!(tombstones(&page), 0, "there is nothing to take away");
        after = page.cursors[&Bucket::Workspace];
        if page.complete {
            assert!(round > 1, "it took several pages");
            break;
        }
    }
}

#[tokio::test]
async fn a_laptop_that_was_never_heard_of_again_holds_nothing_back() {
    let world = World::new().await;
    let (mut near, mut dead) = (world.laptop("ruth").await, world.laptop("ruth").await);
    let start = pull_from(&world, &near, 0).await.head;
    pull_from(&world, &dead, start).await;
    put_and_remove(&world, &mut near).await;
    later(&world, &mut [&mut near], 24 * 401).await;
    let head = pull_from(&world, &near, 0).await.head;
    pull_from(&world, &near, head).await;
    assert_eq!(world.office().core().compact().unwrap(), 1);
    later(&world, &mut [&mut dead], 0).await;
    let told = world.pull(&dead, start, 0, all_at_once()).await.unwrap_err();
    assert_eq!(told.code, ErrorCode::ResyncRequired);
    assert!(pull_from(&world, &dead, 0).await.complete);
}
