//! Tests of units, reservations, the ledger.

use crate::builders::{RITA, STAN, START, TESS, VERA, World};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::{Command, DhsCommand, NewRelease, ReleaseCommand};
use slipway_domain::dhs::model::ModelFacts;
use slipway_domain::dhs::movement::lead;
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, Movement, MovementKind, UnitFacts, UnitState};
use slipway_domain::dhs::unit_actions;
use slipway_domain::id::{CiId, DhsModelId, DhsUnitId, ReleaseId, SiteId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Person, Role};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{Component, Packaging, Phase, Release, ReleaseClass};
use uuid::Uuid;

const MODEL: DhsModelId = DhsModelId(Uuid::from_u128(0x901));
const UNIT: DhsUnitId = DhsUnitId(Uuid::from_u128(0x911));
const CI: CiId = CiId(Uuid::from_u128(0x921));

fn release(n: u128) -> ReleaseId {
    ReleaseId(Uuid::from_u128(0x930 + n))
}

fn unit(n: u32) -> DhsUnitId {
    DhsUnitId(Uuid::from_u128(0x910 + u128::from(n)))
}

fn shelf(shelf: &str) -> Bin {
    Bin { store: "Spares A".into(), shelf: shelf.into(), ..Bin::default() }
}

fn a_model(n: u128, name: &str) -> DhsModel {
    DhsModel {
        id: DhsModelId(Uuid::from_u128(0x900 + n)),
        manufacturer: "Halden".into(),
        name: name.into(),
        part_numbers: vec!["HLD-1".into()],
        height_tenth_u: 10,
        facts: ModelFacts::default(),
    }
}

fn a_unit(n: u32) -> DhsUnit {
    DhsUnit {
        id: unit(n),
        number: Number::new(Series::DhsUnit, n),
        model: MODEL,
        serial_number: format!("S{n}"),
        asset_tag: format!("T{n}"),
        condition: Condition::New,
        state: UnitState::InStore,
        bin: shelf("1"),
        reserved_for: None,
        ci: None,
        facts: UnitFacts::default(),
    }
}

/// A store with one unit, two CIs, and two releases that want units of its model.
fn a_store() -> World {
    let mut world = World::new();
    let mut stan: Person = world.get(STAN);
    stan.roles.insert(Role::Technician);
    world.put(stan);
    world.put(a_model(1, "R740"));
    for n in 0..2u32 {
        let number = Number::new(Series::Ci, n + 1);
        world.put(Ci::blank(CiId(Uuid::from_u128(0x921 + u128::from(n))), number, "server", &format!("host-{n}")));
    }
    for n in 1..=2u32 {
        let id = release(n.into());
        let new = NewRelease {
            number: Number::new(Series::Release, n),
            title: "Hosts".into(),
            description: String::new(),
            release_type: None,
            class: ReleaseClass::Minor,
            packaging: Packaging::Full,
            reason: String::new(),
            manager: RITA,
            requested_by: TESS,
        };
        world.must(RITA, &Command::Release(id, ReleaseCommand::Create(new)));
        let mut release: Release = world.get(id);
        release.scope.components.insert(Component::DhsModel { model: MODEL, quantity: 3 });
        world.put(release);
    }
    world.must(STAN, &dhs(DhsCommand::Receive(Box::new(a_unit(1)))));
    world
}

fn dhs(command: DhsCommand) -> Command {
    Command::Dhs(command)
}

fn reserve(n: u128) -> DhsCommand {
    DhsCommand::Reserve { unit: UNIT, release: release(n) }
}

fn take_back(condition: Condition) -> DhsCommand {
    DhsCommand::Return { unit: UNIT, to: shelf("back"), condition }
}

fn dispose() -> DhsCommand {
    DhsCommand::Dispose { unit: UNIT, reason: "burnt".into() }
}

fn movements(world: &World) -> Vec<Movement> {
    let mut found: Vec<Movement> = world.records.list(Lookup::MovementsOfUnit, &UNIT.to_string()).unwrap();
    found.sort_by_key(|m| m.at);
    found
}

#[test]
fn a_unit_travels_from_the_shelf_into_production_and_back() {
    let mut world = a_store();
    let mut kinds = vec![MovementKind::Receive];
    for (command, kind, state, reserved, ci) in [
        (reserve(1), MovementKind::Reserve, UnitState::Reserved, true, false),
        (DhsCommand::Issue(UNIT), MovementKind::Issue, UnitState::Issued, true, false),
        (DhsCommand::Install { unit: UNIT, ci: CI }, MovementKind::Install, UnitState::Installed, true, true),
        (take_back(Condition::Faulty), MovementKind::Return, UnitState::InStore, false, false),
        (DhsCommand::SendToRepair(UNIT), MovementKind::SendToRepair, UnitState::InRepair, false, false),
        (take_back(Condition::Refurbished), MovementKind::Return, UnitState::InStore, false, false),
        (dispose(), MovementKind::Dispose, UnitState::Disposed, false, false),
    ] {
        world.now = world.now.plus_hours(1);
        world.must(STAN, &dhs(command));
        kinds.push(kind);
        let unit: DhsUnit = world.get(UNIT);
        assert_eq!((unit.state, unit.reserved_for.is_some(), unit.ci.is_some()), (state, reserved, ci), "after {kind}");
    }
    let ledger = movements(&world);
    assert_eq!(ledger.iter().map(|m| m.kind).collect::<Vec<_>>(), kinds);
    assert!(ledger.iter().all(|m| m.by == STAN));
    assert_eq!(ledger[4].release, Some(release(1)), "the ledger says from which release it came back");
    assert_eq!(ledger[7].note, "burnt");
}

#[test]
fn an_arriving_unit_lies_in_the_store_whatever_its_record_says() {
    let mut world = a_store();
    let given = DhsUnit {
        state: UnitState::Installed,
        reserved_for: Some(release(1)),
        ci: Some(CI),
        serial_number: " S2 ".into(),
        ..a_unit(2)
    };
    assert_eq!(world.must(TESS, &dhs(DhsCommand::Receive(Box::new(given)))).created, 1);
    assert_eq!(world.get::<DhsUnit>(unit(2)), a_unit(2));
}

#[rstest]
#[case::again(a_unit(1), &["ALREADY_RECEIVED"])]
#[case::same_serial(DhsUnit { serial_number: "s1".into(), ..a_unit(2) }, &["SERIAL_NUMBER_TAKEN"])]
#[case::same_tag(DhsUnit { asset_tag: "t1".into(), ..a_unit(2) }, &["ASSET_TAG_TAKEN"])]
#[case::no_serial_at_all(DhsUnit { serial_number: String::new(), ..a_unit(2) }, &[])]
#[case::every_fault(
    DhsUnit {
        model: DhsModelId(Uuid::nil()),
        asset_tag: "a\nb".into(),
        bin: Bin { site: Some(SiteId(Uuid::nil())), ..shelf("1") },
        ..a_unit(2)
    },
    &["TEXT_NOT_A_LINE", "UNKNOWN_SITE", "UNKNOWN_MODEL"]
)]
fn what_arrives_is_one_real_piece(#[case] unit: DhsUnit, #[case] want: &[&str]) {
    let mut world = a_store();
    let command = dhs(DhsCommand::Receive(Box::new(unit)));
    if want.is_empty() {
        world.must(STAN, &command);
    } else {
        assert_eq!(world.refused(STAN, &command), want);
    }
}

#[test]
fn a_unit_is_never_reserved_twice_and_the_other_release_is_named() {
    let mut world = a_store();
    world.must(STAN, &dhs(reserve(1)));
    assert_eq!(world.must(RITA, &dhs(reserve(1))).unchanged, 1, "the same wish again");
    let refusal = world.run(STAN, &dhs(reserve(2))).unwrap_err();
    let finding = &refusal.findings[0];
    assert_eq!((finding.code.as_str(), finding.data["release"].as_str()), ("UNIT_RESERVED", "REL-000001"));
    assert!(finding.sentence.contains("REL-000001"), "{}", finding.sentence);
    world.must(STAN, &dhs(DhsCommand::Issue(UNIT)));
    assert_eq!(world.refused(STAN, &dhs(reserve(2))), ["UNIT_RESERVED"], "nor when it is out already");
    world.must(STAN, &dhs(take_back(Condition::Used)));
    world.must(STAN, &dhs(reserve(2)));
}

#[test]
fn a_reservation_belongs_to_an_open_release_and_a_component() {
    let mut world = a_store();
    let mut closed: Release = world.get(release(1));
    closed.phase = Phase::Terminated;
    closed.scope.components.clear();
    world.put(closed);
    let mut faulty: DhsUnit = world.get(UNIT);
    faulty.condition = Condition::Faulty;
    world.put(faulty);
    assert_eq!(world.refused(STAN, &dhs(reserve(1))), ["UNIT_FAULTY", "RELEASE_CLOSED", "NOT_A_COMPONENT"]);
    assert_eq!(world.refused(STAN, &dhs(reserve(9))), ["NOT_FOUND"]);
}

#[test]
fn nothing_is_issued_for_a_release_that_came_to_its_end() {
    let mut world = a_store();
    world.must(STAN, &dhs(reserve(1)));
    let mut ended: Release = world.get(release(1));
    ended.phase = Phase::Verified;
    world.put(ended);
    assert_eq!(world.refused(STAN, &dhs(DhsCommand::Issue(UNIT))), ["RELEASE_CLOSED"]);
    world.must(STAN, &dhs(DhsCommand::ReleaseReservation(UNIT)));
    assert_eq!(world.get::<DhsUnit>(UNIT).reserved_for, None);
}

#[test]
fn a_ci_is_one_unit() {
    let mut world = a_store();
    world.put(DhsUnit { state: UnitState::Installed, ci: Some(CI), ..a_unit(2) });
    world.put(DhsUnit { state: UnitState::Issued, reserved_for: Some(release(1)), ..a_unit(1) });
    assert_eq!(world.refused(TESS, &dhs(DhsCommand::Install { unit: UNIT, ci: CI })), ["CI_OCCUPIED"]);
    let nowhere = CiId(Uuid::from_u128(0xdead));
    assert_eq!(world.refused(TESS, &dhs(DhsCommand::Install { unit: UNIT, ci: nowhere })), ["UNKNOWN_CI"]);
    world.must(TESS, &dhs(DhsCommand::Install { unit: UNIT, ci: CiId(Uuid::from_u128(0x922)) }));
}

#[test]
fn a_transfer_names_another_place() {
    let mut world = a_store();
    let to = |bin| dhs(DhsCommand::Transfer { unit: UNIT, to: bin });
    assert_eq!(world.must(TESS, &to(shelf(" 2 "))).updated, 1);
    assert_eq!(world.get::<DhsUnit>(UNIT).bin, shelf("2"));
    assert_eq!(world.must(TESS, &to(shelf("2"))).unchanged, 1);
    assert_eq!(movements(&world).len(), 2, "no entry for a unit that did not move");
    assert_eq!(world.refused(TESS, &to(Bin::default())), ["NO_BIN"]);
}

#[rstest]
#[case(a_model(1, "R750"), &[])]
#[case(DhsModel { manufacturer: "HALDEN".into(), ..a_model(2, "r740") }, &["MODEL_EXISTS"])]
#[case(DhsModel { part_numbers: vec![" ".into()], height_tenth_u: 1_001, ..a_model(2, "") }, &["TEXT_MISSING", "TEXT_MISSING", "OUT_OF_RANGE"])]
fn a_model_is_named_once(#[case] model: DhsModel, #[case] want: &[&str]) {
    let mut world = a_store();
    let command = dhs(DhsCommand::PutModel(model));
    if want.is_empty() {
        world.must(STAN, &command);
    } else {
        assert_eq!(world.refused(STAN, &command), want);
    }
}

fn steps() -> Vec<(&'static str, DhsCommand)> {
    vec![
        ("transfer", DhsCommand::Transfer { unit: UNIT, to: shelf("2") }),
        ("reserve", reserve(1)),
        ("release_reservation", DhsCommand::ReleaseReservation(UNIT)),
        ("issue", DhsCommand::Issue(UNIT)),
        ("install", DhsCommand::Install { unit: UNIT, ci: CI }),
        ("return", take_back(Condition::Used)),
        ("send_to_repair", DhsCommand::SendToRepair(UNIT)),
        ("dispose", dispose()),
        ("reserve", reserve(2)),
        ("transfer", DhsCommand::Transfer { unit: UNIT, to: shelf("3") }),
    ]
}

#[test]
fn the_actions_shown_are_the_ones_that_are_carried_out() {
    for state in UnitState::ALL {
        for condition in [Condition::New, Condition::Faulty] {
            let mut world = a_store();
            let out = matches!(state, UnitState::Reserved | UnitState::Issued | UnitState::Installed);
            world.put(DhsUnit { state: *state, condition, reserved_for: out.then(|| release(1)), ..a_unit(1) });
            for actor in [STAN, TESS, RITA, VERA] {
                let person: Person = world.get(actor);
                let shown = unit_actions(&world.get(UNIT), &person, &world.records).unwrap();
                for (name, command) in steps().into_iter().take(8) {
                    let judged = world.clone().run(actor, &dhs(command));
                    // The same reservation again is no refusal, but nothing to offer either.
                    let carried_out = judged.is_ok_and(|effect| effect.unchanged == 0);
                    let allowed = shown.iter().any(|a| a.action == name && a.allowed);
                    assert_eq!(carried_out, allowed, "{name} of a unit that is {state} by {}", person.name);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn where_a_unit_stands_follows_from_its_ledger(order in prop::collection::vec(0usize..10, 0..40)) {
        let mut world = a_store();
        for step in order {
            world.now = world.now.plus_hours(1);
            let before: DhsUnit = world.get(UNIT);
            let entries = movements(&world);
            let judged = world.run(STAN, &dhs(steps()[step].1.clone()));
            let after: DhsUnit = world.get(UNIT);
            let ledger = movements(&world);
            prop_assert!(ledger.starts_with(&entries), "an entry is never changed");
            prop_assert_eq!(ledger.len() - entries.len(), usize::from(judged.is_ok_and(|e| e.updated == 1)));
            let held = matches!(after.state, UnitState::Reserved | UnitState::Issued | UnitState::Installed);
            prop_assert_eq!(after.reserved_for.is_some(), held);
            prop_assert_eq!(after.ci.is_some(), after.state == UnitState::Installed);
            if let (Some(a), Some(b)) = (before.reserved_for, after.reserved_for) {
                prop_assert_eq!(a, b, "a reservation passes to no other release by itself");
            }
            let mut state = UnitState::Expected;
            for entry in &ledger {
                state = lead(entry.kind, state).expect("the ledger follows its table");
            }
            prop_assert_eq!(state, after.state);
            if matches!(after.state, UnitState::InStore | UnitState::Reserved) {
                prop_assert_eq!(&ledger.last().unwrap().to, &after.bin, "a unit is in one place");
            }
        }
        prop_assert_eq!(movements(&world)[0].at, START);
    }
}
