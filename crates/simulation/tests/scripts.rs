//! Situations in which the sync of other products went wrong, one test each, on the same world as the seeds.
//!
//! | situation | where |
//! |---|---|
//! | the disk is full amid a sync, then has room again | tests/system/disk.rs, and *a full disk* in every seed |
//! | the program is killed amid a sync | tests/system/kill.rs, and the power cuts of every seed |
//! | a code path does not move a record's sequence | I6 of every seed: each flip adds up to the server's sum |
//! | a checkpoint is stored before it was verified | slipway-sync, tests/engine.rs |
//! | a stream of events stays open while the server stops | slipway-server, tests/live.rs |
//! | everything else | here |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::command::{CmdbCommand, Command, SetupCommand};
use slipway_domain::comment::Comment;
use slipway_domain::id::{CiId, CommandId, CommentId, DeviceId, FreezeId, SiteId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record, RecordRef};
use slipway_domain::records::RecordsExt;
use slipway_domain::setting::{Freeze, FreezeScope, FreezeStrength};
use slipway_domain::time::{Timestamp, Window};
use slipway_simulation::machine::Machine;
use slipway_simulation::place::Database;
use slipway_simulation::promise::settled;
use slipway_simulation::random::Random;
use slipway_simulation::script::Faults;
use slipway_simulation::server::{PEOPLE, SITES};
use slipway_simulation::stored::Stored;
use slipway_simulation::story::Telling;
use slipway_simulation::world::World;
use slipway_sync::engine::Event;
use slipway_sync::local::{LocalAnswer, LocalRequest};
use slipway_sync::protocol::{Epoch, Page, Verdict};
use slipway_sync::signing::PrivateKey;
use uuid::Uuid;

/// Laptops that are in step with the server.
fn quiet(seed: u64) -> World {
    let mut world = World::new(seed, Database::Sqlite, Faults::none(), None, Telling::default());
    world.pass_ms(5_000);
    world
}

fn settle(world: &mut World) {
    world.calm_down();
    settled::all(world);
}

fn offline(world: &mut World, laptop: usize, span_ms: u64) {
    world.laptops[laptop].offline_until = world.now + span_ms;
}

fn a_ci(n: u128) -> Command {
    let id = CiId(Uuid::from_u128(0xc1_0000 + n));
    let ci = Ci::blank(id, Number::provisional(Series::Ci, id.0), "server", &format!("gw-{n}"));
    Command::Cmdb(CmdbCommand::CreateCi(Box::new(ci)))
}

fn version(n: u128, from: &str, to: &str) -> Command {
    let field = FieldChange { field: "version".into(), from: from.into(), to: to.into() };
    Command::Cmdb(CmdbCommand::SetFields(CiId(Uuid::from_u128(0xc1_0000 + n)), vec![field]))
}

fn a_freeze(title: &str) -> Command {
    let window = Window { start: Timestamp(1), end: Timestamp(2) };
    let id = FreezeId(Uuid::from_u128(0xf1));
    Command::Setup(SetupCommand::PutFreeze(Freeze {
        id,
        title: title.into(),
        window,
        scope: FreezeScope::Everything,
        strength: FreezeStrength::Hard,
        repeats: None,
    }))
}

fn end(world: &World, laptop: usize, id: CommandId) -> Verdict {
    world.laptops[laptop].disk.ends()[&id].clone()
}

fn is_applied(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Applied { .. })
}

#[test]
fn a_record_arrives_while_a_push_is_under_way() {
    for seed in 1..=4 {
        let mut world = quiet(seed);
        world.issue(0, a_ci(1));
        world.pass_ms(10_000);
        world.issue(0, version(1, "", "A"));
        // Within the debounce and the way of the push another laptop's change is judged.
        world.issue(1, version(1, "", "B"));
        world.issue(0, a_ci(2));
        world.pass_ms(350);
        world.issue(1, a_ci(3));
        settle(&mut world);
    }
}

#[test]
fn an_accepted_push_loses_its_answer_while_another_laptop_goes_on() {
    let mut world = quiet(5);
    let first = world.issue(0, a_ci(1));
    // The push arrives; its answer does not.
    world.pass_ms(400);
    offline(&mut world, 0, 120_000);
    world.pass_ms(5_000);
    world.issue(1, a_ci(2));
    world.issue(1, a_ci(3));
    world.pass_ms(30_000);
    settle(&mut world);
    assert!(is_applied(&end(&world, 0, first)), "once, in the words of the first time");
}

#[test]
fn a_failed_push_goes_out_without_any_further_work() {
    let mut world = quiet(6);
    offline(&mut world, 0, 20_000);
    let only = world.issue(0, a_ci(1));
    // Nobody asks, nobody works: the laptop's own timer is all there is.
    world.pass_ms(90_000);
    assert!(is_applied(&end(&world, 0, only)), "the timer took it");
    settle(&mut world);
}

#[test]
fn more_than_a_thousand_commands_go_in_one_sync() {
    let mut world = quiet(7);
    offline(&mut world, 0, 1_000);
    world.issue(0, a_ci(1));
    let on = RecordRef { kind: Kind::Ci, id: Uuid::from_u128(0xc1_0001), label: "gw-1".into() };
    for n in 0..1_050 {
        let id = CommentId(Uuid::from_u128(0xc0_0000 + n));
        let by = world.laptops[0].disk.person();
        world.issue(0, Command::Comment(Comment { id, on: on.clone(), text: format!("{n}"), by, at: Timestamp(0) }));
    }
    world.pass_ms(120_000);
    settle(&mut world);
    assert_eq!(world.laptops[0].disk.ends().len(), 1_051, "each has its end");
}

#[test]
fn an_answer_to_a_comment_goes_with_the_ci_that_moves_in_the_same_push() {
    let mut world = quiet(18);
    let ci = CiId(Uuid::from_u128(0xc1_0001));
    let by = world.laptops[0].disk.person();
    let comment = |n: u128, kind: Kind, on: Uuid| {
        let (id, on) = (CommentId(Uuid::from_u128(0xc0_0000 + n)), RecordRef { kind, id: on, label: String::new() });
        Command::Comment(Comment { id, on, text: format!("{n}"), by, at: Timestamp(0) })
    };
    let site = |from: String, to: SiteId| {
        let field = FieldChange { field: "location.site".into(), from, to: to.to_string() };
        Command::Cmdb(CmdbCommand::SetFields(ci, vec![field]))
    };
    world.issue(0, a_ci(1));
    world.issue(0, site(String::new(), SITES[0]));
    world.issue(0, comment(1, Kind::Ci, ci.0));
    world.pass_ms(10_000);
    offline(&mut world, 0, 60_000);
    world.issue(0, site(SITES[0].to_string(), SITES[1]));
    world.issue(0, comment(2, Kind::Comment, Uuid::from_u128(0xc0_0001)));
    world.issue(0, comment(3, Kind::Comment, Uuid::from_u128(0xc0_0002)));
    settle(&mut world);
}

#[test]
fn a_record_is_removed_and_made_again_between_two_pulls() {
    let mut world = quiet(8);
    world.issue(0, a_freeze("first"));
    world.pass_ms(60_000);
    offline(&mut world, 1, 60_000);
    world.issue(0, Command::Setup(SetupCommand::RemoveFreeze(FreezeId(Uuid::from_u128(0xf1)))));
    world.issue(0, a_freeze("second"));
    world.pass_ms(70_000);
    settle(&mut world);
    let seen: Freeze = world.laptops[1].disk.visible().get(FreezeId(Uuid::from_u128(0xf1))).unwrap().unwrap();
    assert_eq!(seen.title, "second");
}

#[test]
fn a_record_is_removed_here_and_changed_there() {
    let mut world = quiet(9);
    world.issue(0, a_freeze("first"));
    world.pass_ms(60_000);
    offline(&mut world, 1, 60_000);
    let changed = world.issue(1, a_freeze("changed"));
    world.issue(0, Command::Setup(SetupCommand::RemoveFreeze(FreezeId(Uuid::from_u128(0xf1)))));
    world.pass_ms(70_000);
    settle(&mut world);
    assert!(is_applied(&end(&world, 1, changed)), "putting a freeze is whole, so it is there again");
    let held = world.laptops[0].disk.visible();
    assert_eq!(held.records().filter(|record| matches!(record, Record::Freeze(_))).count(), 1, "on every laptop");
}

#[test]
fn the_server_is_compacted_between_the_pages_of_a_first_sync() {
    let mut world = quiet(10);
    for n in 0..60 {
        world.issue(0, a_ci(n));
    }
    world.pass_ms(60_000);
    // Every laptop begins anew, in small pages with a compaction between them.
    world.server.back_up();
    assert!(world.server.restore(Epoch(Uuid::from_u128(78))), "there is a backup");
    for laptop in 0..world.laptops.len() {
        world.deliver(laptop, Event::SyncNow);
    }
    for _ in 0..40 {
        world.pass_ms(150);
        world.server.compact();
    }
    settle(&mut world);
}

#[test]
fn a_server_is_emptied_and_gets_everything_back_from_the_laptops() {
    let mut world = quiet(11);
    world.server.back_up();
    let first = world.issue(0, a_ci(1));
    world.issue(1, a_ci(2));
    world.pass_ms(60_000);
    world.truths.clear();
    world.words.clear();
    assert!(world.server.restore(Epoch(Uuid::from_u128(77))), "there is a backup, of nothing");
    settle(&mut world);
    assert!(is_applied(&end(&world, 0, first)), "judged anew, to the same end");
    assert_eq!(
        world.server.view().known(first).unwrap().map(|known| known.result.verdict),
        Some(end(&world, 0, first))
    );
}

#[test]
fn a_new_identity_asks_for_its_results_from_the_first_one_on() {
    let mut random = Random::new(1);
    let mut laptop = Stored::new(PEOPLE[0], &mut random);
    let page: Page = serde_json::from_value(serde_json::json!({
        "epoch": Uuid::nil(), "entries": [], "cursors": { "workspace": 1 }, "results": [], "judged": 9,
        "complete": false, "head": 2, "sums": {}, "checkpoint": null, "server_time": 1
    }))
    .unwrap();
    let judged = |laptop: &mut Stored| match laptop.perform(&LocalRequest::Status).unwrap() {
        LocalAnswer::Status(status) => status.judged,
        other => panic!("{other:?}"),
    };
    judged(&mut laptop);
    laptop.perform(&LocalRequest::Stage(Box::new(page))).unwrap();
    assert_eq!(judged(&mut laptop), 9, "an interrupted pull goes on where it stopped");
    laptop.reissue(DeviceId(Uuid::from_u128(9)), PrivateKey::from_seed(&[9; 32]));
    assert_eq!(judged(&mut laptop), 0, "what was staged for the old identity says nothing about the new one");
}

#[test]
fn power_fails_amid_every_call_of_the_store_again_and_again() {
    for seed in 12..=14 {
        let mut world = quiet(seed);
        for n in 0..20 {
            world.faults = Faults { power_cuts: 30, ..Faults::none() };
            world.issue(usize::try_from(n).unwrap() % world.laptops.len(), a_ci(n));
            world.pass_ms(4_000);
        }
        settle(&mut world);
    }
}

#[test]
fn a_laptop_that_was_away_for_a_night_catches_up() {
    let mut world = quiet(15);
    offline(&mut world, 1, 8 * 3_600_000);
    let made = world.issue(1, a_ci(9));
    for n in 0..30 {
        world.issue(0, a_ci(n + 100));
        world.pass_ms(60_000);
    }
    let until = world.laptops[1].offline_until;
    world.run_until(until);
    world.deliver(1, Event::SyncNow);
    settle(&mut world);
    assert!(is_applied(&end(&world, 1, made)));
}
