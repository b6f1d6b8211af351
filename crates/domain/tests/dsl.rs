//! Tests of items, quarantine, masters.

use crate::builders::{LIBBY, RITA, START, VERA, World};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::command::{Command, DslCommand};
use slipway_domain::dsl::item::{Check, CheckKind, DslItem, ItemKind, ItemState, MasterFile};
use slipway_domain::dsl::item_actions;
use slipway_domain::id::DslItemId;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Person, Role};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const ID: DslItemId = DslItemId(Uuid::from_u128(0x801));

fn file(name: &str) -> MasterFile {
    MasterFile { name: name.into(), sha256: "ab".repeat(32), size_bytes: 7 }
}

fn an_item(n: u32, version: &str) -> DslItem {
    DslItem {
        id: DslItemId(Uuid::from_u128(0x800 + u128::from(n))),
        number: Number::new(Series::DslItem, n),
        name: "TrackWell".into(),
        version: version.into(),
        vendor: "Quayside".into(),
        kind: ItemKind::Application,
        platform: "linux x86_64".into(),
        licence: "site licence".into(),
        files: vec![file("trackwell.tar")],
        state: ItemState::Submitted,
        checks: BTreeMap::new(),
        submitted_by: RITA,
        submitted_at: START,
        handed_in_by: BTreeSet::new(),
        accepted_by: None,
        accepted_at: None,
        withdrawn_because: String::new(),
        sbom: None,
    }
}

fn submit(item: DslItem) -> Command {
    Command::Dsl(item.id, DslCommand::Submit(Box::new(item)))
}

fn act(command: DslCommand) -> Command {
    Command::Dsl(ID, command)
}

fn check(check: CheckKind, passed: bool) -> DslCommand {
    DslCommand::RecordCheck { check, passed, note: "seen".into(), files: None }
}

fn add(name: &str) -> DslCommand {
    DslCommand::AddFiles(vec![file(name)])
}

fn take_out(name: &str) -> DslCommand {
    DslCommand::RemoveFiles(vec![name.into()])
}

fn withdraw() -> DslCommand {
    DslCommand::Withdraw { reason: "remote code execution".into() }
}

fn checked(failed: &[CheckKind], missing: &[CheckKind]) -> DslItem {
    let checks = CheckKind::ALL
        .iter()
        .filter(|c| !missing.contains(c))
        .map(|c| (*c, Check { passed: !failed.contains(c), note: "seen".into(), by: LIBBY, at: START }));
    DslItem { state: ItemState::InQuarantine, checks: checks.collect(), ..an_item(1, "4.3") }
}

#[test]
fn an_item_goes_from_hand_to_master_and_stays_as_it_is() {
    let mut world = World::new();
    let given = DslItem {
        state: ItemState::Accepted,
        accepted_by: Some(RITA),
        submitted_by: LIBBY,
        name: " TrackWell ".into(),
        ..checked(&[], &[])
    };
    world.must(RITA, &submit(given));
    let item: DslItem = world.get(ID);
    assert_eq!((item.state, item.submitted_by, item.accepted_by), (ItemState::Submitted, RITA, None));
    assert_eq!(
        (item.name.as_str(), item.checks.len()),
        ("TrackWell", 0),
        "what is given of state and checks is ignored"
    );
    for kind in CheckKind::ALL {
        world.must(LIBBY, &act(check(*kind, true)));
        assert_eq!(world.get::<DslItem>(ID).state, ItemState::InQuarantine);
    }
    world.must(LIBBY, &act(DslCommand::Accept));
    let master: DslItem = world.get(ID);
    assert_eq!((master.state, master.accepted_by, master.accepted_at), (ItemState::Accepted, Some(LIBBY), Some(START)));
    assert_eq!(world.refused(RITA, &submit(an_item(1, "4.4"))), ["MASTER_IMMUTABLE"]);
    assert_eq!(world.refused(LIBBY, &act(check(CheckKind::Checksum, false))), ["MASTER_IMMUTABLE"]);
    world.must(LIBBY, &act(DslCommand::Supersede));
    world.must(LIBBY, &act(withdraw()));
    let gone: DslItem = world.get(ID);
    assert_eq!((gone.state, gone.withdrawn_because.as_str()), (ItemState::Withdrawn, "remote code execution"));
    assert_eq!(gone.files, master.files, "what was once a master is never removed");
}

#[rstest]
#[case::all_passed(&[], &[], &[])]
#[case::one_missing(&[], &[CheckKind::Signature], &["CHECK_MISSING"])]
#[case::one_failed(&[CheckKind::MalwareScan], &[], &["CHECK_FAILED"])]
#[case::both_named(&[CheckKind::MalwareScan], &[CheckKind::Checksum, CheckKind::Licence], &["CHECK_MISSING", "CHECK_FAILED", "CHECK_MISSING"])]
fn a_master_has_passed_every_check(#[case] failed: &[CheckKind], #[case] missing: &[CheckKind], #[case] want: &[&str]) {
    let mut world = World::new();
    world.put(checked(failed, missing));
    if want.is_empty() {
        world.must(LIBBY, &act(DslCommand::Accept));
    } else {
        assert_eq!(world.refused(LIBBY, &act(DslCommand::Accept)), want);
    }
}

#[rstest]
#[case("none", true)]
#[case("N/A", true)]
#[case("", false)]
#[case("10 seats", false)]
fn the_licence_is_checked_unless_there_is_none(#[case] licence: &str, #[case] accepted: bool) {
    let mut world = World::new();
    world.put(DslItem { licence: licence.into(), ..checked(&[], &[CheckKind::Licence]) });
    assert_eq!(world.run(LIBBY, &act(DslCommand::Accept)).is_ok(), accepted);
}

#[test]
fn who_handed_it_in_never_accepts_it() {
    let mut world = World::new();
    world.put(DslItem { submitted_by: LIBBY, files: vec![], ..checked(&[], &[]) });
    assert_eq!(world.refused(LIBBY, &act(DslCommand::Accept)), ["SUBMITTER_ACCEPTS", "NO_FILES"]);
    assert_eq!(world.refused(RITA, &act(DslCommand::Accept)), ["NOT_ALLOWED"]);
}

#[test]
fn a_name_and_version_are_in_the_library_once() {
    let mut world = World::new();
    world.must(RITA, &submit(an_item(1, "4.3")));
    assert_eq!(
        world.refused(RITA, &submit(DslItem { name: "TRACKWELL".into(), ..an_item(2, "4.3") })),
        ["VERSION_EXISTS"]
    );
    world.must(RITA, &submit(an_item(2, "4.4")));
}

#[test]
fn an_item_handed_in_again_is_checked_again() {
    let mut world = World::new();
    world.put(checked(&[CheckKind::Checksum], &[]));
    let again =
        DslItem { files: vec![file("better.tar")], number: Number::new(Series::DslItem, 99), ..an_item(1, "4.3") };
    world.must(LIBBY, &submit(again));
    let item: DslItem = world.get(ID);
    assert_eq!((item.checks.len(), item.state, item.submitted_by), (0, ItemState::Submitted, LIBBY));
    assert_eq!(item.number, Number::new(Series::DslItem, 1), "the number stays");
}

#[rstest]
#[case::folder(vec![file("../trackwell.tar")], &["WRONG_FILE"])]
#[case::blank(vec![file("")], &["WRONG_FILE"])]
#[case::dots(vec![file("..")], &["WRONG_FILE"])]
#[case::twice(vec![file("a"), file("A")], &["WRONG_FILE"])]
#[case::hash(vec![MasterFile { sha256: "AB".repeat(32), ..file("a") }], &["WRONG_FILE"])]
#[case::every_fault(vec![MasterFile { sha256: String::new(), ..file("/etc/passwd") }], &["WRONG_FILE", "WRONG_FILE"])]
fn a_file_has_a_plain_name_and_a_hash(#[case] files: Vec<MasterFile>, #[case] want: &[&str]) {
    assert_eq!(World::new().refused(RITA, &submit(DslItem { files, ..an_item(1, "4.3") })), want);
}

#[test]
fn files_come_and_go_until_it_is_a_master_and_what_was_checked_of_others_counts_no_more() {
    let mut world = World::new();
    world.put(checked(&[], &[]));
    world.must(RITA, &act(add("readme.txt")));
    let item: DslItem = world.get(ID);
    assert_eq!(item.files.len(), 2);
    assert_eq!(item.checks.keys().collect::<Vec<_>>(), [&CheckKind::Licence], "the licence is that of the item");
    assert_eq!(item.state, ItemState::InQuarantine);
    world.must(LIBBY, &act(check(CheckKind::Checksum, true)));
    let effect = world.run(RITA, &act(add("README.txt"))).unwrap();
    assert_eq!(effect, slipway_domain::execute::Effect::updated(), "the same file under another name takes its place");
    assert_eq!(world.get::<DslItem>(ID).files[1].name, "README.txt");
    world.must(LIBBY, &act(check(CheckKind::Checksum, true)));
    world.run(RITA, &act(add("README.txt"))).unwrap();
    assert!(world.get::<DslItem>(ID).checks.contains_key(&CheckKind::Checksum), "nothing changed");
    world.must(RITA, &act(take_out("README.txt")));
    assert_eq!(world.get::<DslItem>(ID).files.len(), 1);
    assert_eq!(world.refused(RITA, &act(take_out("README.txt"))), ["NO_SUCH_FILE"]);
    world.put(DslItem { state: ItemState::Accepted, ..checked(&[], &[]) });
    assert_eq!(world.refused(RITA, &act(add("late.txt"))), ["MASTER_IMMUTABLE"]);
    assert_eq!(world.refused(RITA, &act(take_out("trackwell.tar"))), ["MASTER_IMMUTABLE"]);
}

#[rstest]
#[case::none(vec![], &["FILES_AT_ONCE"])]
#[case::too_many(vec![file("a"); 501], &["FILES_AT_ONCE"])]
#[case::empty(vec![MasterFile { size_bytes: 0, ..file("a") }], &["WRONG_FILE"])]
#[case::folder(vec![file("../a")], &["WRONG_FILE"])]
#[case::twice(vec![file("a"), file("A")], &["WRONG_FILE"])]
fn files_that_are_added_are_files(#[case] files: Vec<MasterFile>, #[case] want: &[&str]) {
    let mut world = World::new();
    world.put(an_item(1, "4.3"));
    assert_eq!(world.refused(RITA, &act(DslCommand::AddFiles(files))), want);
}

#[test]
fn an_item_has_a_thousand_files_at_most() {
    let mut world = World::new();
    world.put(an_item(1, "4.3"));
    let some = |from: usize, count: usize| {
        DslCommand::AddFiles((from..from + count).map(|n| file(&format!("part-{n}"))).collect())
    };
    world.must(RITA, &act(some(0, 500)));
    world.must(RITA, &act(some(500, 499)));
    assert_eq!(world.refused(RITA, &act(some(999, 1))), ["TOO_MANY_FILES"]);
    world.must(RITA, &act(some(998, 1)));
}

#[test]
fn who_added_a_part_of_it_never_accepts_it_even_if_others_hand_it_in_again() {
    let mut world = World::new();
    world.put(checked(&[], &[]));
    world.must(LIBBY, &act(add("more.tar")));
    for kind in CheckKind::ALL {
        world.must(LIBBY, &act(check(*kind, true)));
    }
    assert_eq!(world.refused(LIBBY, &act(DslCommand::Accept)), ["SUBMITTER_ACCEPTS"]);
    let mut world = World::new();
    world.must(LIBBY, &submit(an_item(1, "4.3")));
    world.must(RITA, &submit(an_item(1, "4.3")));
    for kind in CheckKind::ALL {
        world.must(LIBBY, &act(check(*kind, true)));
    }
    assert_eq!(world.refused(LIBBY, &act(DslCommand::Accept)), ["SUBMITTER_ACCEPTS"], "it was hers first");
}

fn steps() -> Vec<DslCommand> {
    let mut steps: Vec<_> = CheckKind::ALL.iter().flat_map(|c| [check(*c, true), check(*c, false)]).collect();
    steps.extend([
        DslCommand::Accept,
        DslCommand::Supersede,
        withdraw(),
        DslCommand::Submit(Box::new(an_item(1, "4.3"))),
        add("more.tar"),
        take_out("trackwell.tar"),
    ]);
    steps
}

#[test]
fn the_actions_shown_are_the_ones_that_are_carried_out() {
    for state in ItemState::ALL {
        for (submitted_by, missing) in [(RITA, vec![]), (LIBBY, vec![CheckKind::Licence])] {
            let mut world = World::new();
            world.put(DslItem { state: *state, submitted_by, ..checked(&[], &missing) });
            for actor in [LIBBY, RITA, VERA] {
                let person: Person = world.get(actor);
                let shown = item_actions(&world.get(ID), &person, &world.records).unwrap();
                for (name, command) in [
                    ("add_files", add("more.tar")),
                    ("remove_files", take_out("trackwell.tar")),
                    ("record_check", check(CheckKind::Checksum, true)),
                    ("accept", DslCommand::Accept),
                    ("supersede", DslCommand::Supersede),
                    ("withdraw", withdraw()),
                ] {
                    let judged = world.clone().run(actor, &act(command)).is_ok();
                    assert_eq!(judged, shown.iter().any(|a| a.action == name && a.allowed), "{name} in {state}");
                }
            }
        }
    }
}

#[test]
fn checks_and_withdrawals_say_what_was_seen() {
    let mut world = World::new();
    world.put(checked(&[], &[]));
    let silent = DslCommand::RecordCheck { check: CheckKind::Checksum, passed: true, note: " ".into(), files: None };
    assert_eq!(world.refused(LIBBY, &act(silent)), ["TEXT_MISSING"]);
    assert_eq!(world.refused(LIBBY, &act(DslCommand::Withdraw { reason: String::new() })), ["TEXT_MISSING"]);
}

#[test]
fn a_check_names_the_files_that_it_covers() {
    let seen = |world: &World| Some(world.get::<DslItem>(ID).files_digest());
    let of = |files| {
        act(DslCommand::RecordCheck { check: CheckKind::MalwareScan, passed: true, note: "clean".into(), files })
    };
    let mut world = World::new();
    world.must(RITA, &submit(an_item(1, "4.3")));
    let before = seen(&world);
    world.must(LIBBY, &of(before));
    world.must(RITA, &act(add("late.bin")));
    assert_eq!(world.refused(LIBBY, &of(before)), ["OTHER_FILES"], "added on another laptop meanwhile");
    assert_ne!(seen(&world), before);
    world.must(LIBBY, &of(seen(&world)));
    world.must(RITA, &act(take_out("late.bin")));
    assert_eq!(seen(&world), before, "the same files again");
    world.must(LIBBY, &of(before));
    let json = serde_json::to_string(&of(None)).unwrap();
    assert!(!json.contains("files"), "as of old: {json}");
    assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), of(None));
}

proptest! {
    #[test]
    fn a_master_never_changes_and_never_slips_past_a_check(order in prop::collection::vec(0usize..14, 0..40)) {
        let mut world = World::new();
        let librarian = Person { roles: [Role::DslLibrarian].into(), ..world.get(RITA) };
        world.put(librarian);
        world.must(RITA, &submit(an_item(1, "4.3")));
        for step in order {
            let before: DslItem = world.get(ID);
            let _judged = world.run(LIBBY, &act(steps()[step].clone()));
            let after: DslItem = world.get(ID);
            prop_assert!(before.state == after.state || before.state.may_become(after.state));
            if before.state.is_frozen() {
                prop_assert_eq!(&after.files, &before.files);
                prop_assert_eq!(&after.checks, &before.checks);
            }
            if after.accepted_by.is_some() {
                prop_assert!(after.needed_checks().iter().all(|c| after.checks.get(c).is_some_and(|c| c.passed)));
                prop_assert!(after.accepted_by.is_none_or(|by| !after.is_handed_in_by(by)));
            }
        }
    }
}
