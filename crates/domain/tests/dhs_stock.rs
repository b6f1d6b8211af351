//! Tests of consumables: counted by model and bin, by movements only; and of units becoming CIs in racks.

use crate::builders::{CARL, RITA, STAN, TESS, World};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::cmdb::ci::{Ci, CiStatus, Face, Location};
use slipway_domain::command::{Command, DhsCommand, NewRelease, ReleaseCommand};
use slipway_domain::dhs::edit::UnitEdit;
use slipway_domain::dhs::install::InstallAs;
use slipway_domain::dhs::model::{ModelFacts, ModelKind};
use slipway_domain::dhs::record::{
    Bin, Condition, Cost, DhsModel, DhsStock, DhsUnit, StockMovement, UnitFacts, UnitState,
};
use slipway_domain::dhs::stock::CountedMove;
use slipway_domain::id::{CiId, DhsModelId, DhsUnitId, ReleaseId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{Component, Packaging, Release, ReleaseClass};
use uuid::Uuid;

const CABLE: DhsModelId = DhsModelId(Uuid::from_u128(0x901));
const SERVER: DhsModelId = DhsModelId(Uuid::from_u128(0x902));
const RELEASE: ReleaseId = ReleaseId(Uuid::from_u128(0x931));

fn bin(name: &str) -> Bin {
    Bin { store: "Spares A".into(), bin: name.into(), ..Bin::default() }
}

fn model(id: DhsModelId, name: &str, kind: ModelKind, height_tenth_u: u32) -> DhsModel {
    DhsModel {
        id,
        manufacturer: "Halden".into(),
        name: name.into(),
        part_numbers: Vec::new(),
        height_tenth_u,
        facts: ModelFacts { kind, ..ModelFacts::default() },
    }
}

fn unit(n: u32) -> DhsUnit {
    DhsUnit {
        id: DhsUnitId(Uuid::from_u128(0x910 + u128::from(n))),
        number: Number::new(Series::DhsUnit, n),
        model: SERVER,
        serial_number: format!("S{n}"),
        asset_tag: format!("T{n}"),
        condition: Condition::New,
        state: UnitState::InStore,
        bin: bin("1"),
        reserved_for: None,
        ci: None,
        facts: UnitFacts::default(),
    }
}

/// A cable that is counted, a server of two units, a release that wants both.
fn a_store() -> World {
    let mut world = World::new();
    world.put(model(CABLE, "Cable", ModelKind::Consumable, 0));
    let mut server = model(SERVER, "R740", ModelKind::Device, 20);
    server.facts.full_depth = Some(false);
    world.put(server);
    let new = NewRelease {
        number: Number::new(Series::Release, 1),
        title: "Hosts".into(),
        description: String::new(),
        release_type: None,
        class: ReleaseClass::Minor,
        packaging: Packaging::Full,
        reason: String::new(),
        manager: RITA,
        requested_by: TESS,
    };
    world.must(RITA, &Command::Release(RELEASE, ReleaseCommand::Create(new)));
    let mut release: Release = world.get(RELEASE);
    release.scope.components.insert(Component::DhsModel { model: CABLE, quantity: 4 });
    release.scope.components.insert(Component::DhsModel { model: SERVER, quantity: 1 });
    world.put(release);
    world
}

fn count(at: &str, what: CountedMove) -> Command {
    Command::Dhs(DhsCommand::Count { model: CABLE, bin: bin(at), what })
}

fn stock(world: &World, at: &str) -> DhsStock {
    world.records.get(DhsStock::id_of(CABLE, &bin(at))).unwrap().unwrap_or_else(|| DhsStock::empty(CABLE, bin(at)))
}

#[test]
fn what_two_people_count_in_adds_up() {
    let mut world = a_store();
    world.must(STAN, &count("1", CountedMove::Receive(5)));
    world.must(TESS, &count("1", CountedMove::Receive(7)));
    let same = Bin { store: " spares a ".into(), ..bin("1") };
    world.must(STAN, &Command::Dhs(DhsCommand::Count { model: CABLE, bin: same, what: CountedMove::Receive(1) }));
    assert_eq!(stock(&world, "1").quantity, 13, "one bin, however its name is written");
}

#[rstest]
#[case::more_than_there_are(CountedMove::Issue { quantity: 11, release: None }, "NOT_ENOUGH")]
#[case::those_of_a_release(CountedMove::Issue { quantity: 7, release: None }, "NOT_ENOUGH")]
#[case::more_than_reserved(CountedMove::Issue { quantity: 5, release: Some(RELEASE) }, "NOT_RESERVED")]
#[case::too_many_gone(CountedMove::Adjust { by: -7, reason: "counted".into() }, "NOT_ENOUGH")]
#[case::no_reason(CountedMove::Adjust { by: -1, reason: " ".into() }, "TEXT_MISSING")]
#[case::nothing(CountedMove::Receive(0), "OUT_OF_RANGE")]
#[case::too_many(CountedMove::Receive(1_000_001), "OUT_OF_RANGE")]
#[case::fuller_than_full(CountedMove::Receive(999_995), "OUT_OF_RANGE")]
#[case::never_went_out(CountedMove::Return { quantity: 1, release: Some(RELEASE) }, "NOT_ISSUED")]
#[case::nowhere(CountedMove::Transfer { quantity: 1, to: Bin::default() }, "NO_BIN")]
#[case::more_than_free(CountedMove::Reserve { quantity: 7, release: RELEASE }, "NOT_ENOUGH")]
fn stock_is_never_less_than_nothing(#[case] what: CountedMove, #[case] want: &str) {
    let mut world = a_store();
    world.must(STAN, &count("1", CountedMove::Receive(10)));
    world.must(STAN, &count("1", CountedMove::Reserve { quantity: 4, release: RELEASE }));
    assert_eq!(world.refused(STAN, &count("1", what)), [want]);
    assert_eq!((stock(&world, "1").quantity, stock(&world, "1").free()), (10, 6));
}

#[test]
fn consumables_go_out_for_a_release_and_come_back() {
    let mut world = a_store();
    world.must(STAN, &count("1", CountedMove::Receive(10)));
    world.must(CARL, &count("1", CountedMove::Reserve { quantity: 4, release: RELEASE }));
    world.must(STAN, &count("1", CountedMove::Issue { quantity: 3, release: Some(RELEASE) }));
    let out = stock(&world, "1");
    assert_eq!((out.quantity, out.reserved[&RELEASE], out.issued[&RELEASE]), (7, 1, 3));
    world.must(TESS, &count("1", CountedMove::Return { quantity: 3, release: Some(RELEASE) }));
    world.must(STAN, &count("1", CountedMove::ReleaseReservation { quantity: 1, release: RELEASE }));
    let back = stock(&world, "1");
    assert_eq!((back.quantity, back.reserved.len(), back.issued.len()), (10, 0, 0));
}

#[test]
fn what_is_told_apart_is_not_counted_and_the_other_way_round() {
    let mut world = a_store();
    let counted = Command::Dhs(DhsCommand::Count { model: SERVER, bin: bin("1"), what: CountedMove::Receive(1) });
    assert_eq!(world.refused(STAN, &counted), ["NOT_COUNTED"]);
    let apart = Command::Dhs(DhsCommand::Receive(Box::new(DhsUnit { model: CABLE, ..unit(1) })));
    assert_eq!(world.refused(STAN, &apart), ["MODEL_COUNTED"]);
}

#[derive(Clone, Debug)]
enum Step {
    Receive(u32),
    TakeBack(u32),
    Issue(u32),
    Adjust(i32),
    Transfer(u32),
    Reserve(u32),
    Free(u32),
    Hand(u32),
    Back(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let n = 1u32..6;
    prop_oneof![
        n.clone().prop_map(Step::Receive),
        n.clone().prop_map(Step::TakeBack),
        n.clone().prop_map(Step::Issue),
        (-5i32..6).prop_map(Step::Adjust),
        n.clone().prop_map(Step::Transfer),
        n.clone().prop_map(Step::Reserve),
        n.clone().prop_map(Step::Free),
        n.clone().prop_map(Step::Hand),
        n.prop_map(Step::Back),
    ]
}

proptest! {
    #[test]
    fn what_lies_there_is_the_sum_of_its_movements(steps in prop::collection::vec(step(), 0..40)) {
        let mut world = a_store();
        for step in steps {
            let what = match step {
                Step::Receive(n) => CountedMove::Receive(n),
                Step::TakeBack(n) => CountedMove::TakeBack(n),
                Step::Issue(quantity) => CountedMove::Issue { quantity, release: None },
                Step::Adjust(by) => CountedMove::Adjust { by, reason: "counted".into() },
                Step::Transfer(quantity) => CountedMove::Transfer { quantity, to: bin("2") },
                Step::Reserve(quantity) => CountedMove::Reserve { quantity, release: RELEASE },
                Step::Free(quantity) => CountedMove::ReleaseReservation { quantity, release: RELEASE },
                Step::Hand(quantity) => CountedMove::Issue { quantity, release: Some(RELEASE) },
                Step::Back(quantity) => CountedMove::Return { quantity, release: Some(RELEASE) },
            };
            let _ = world.run(STAN, &count("1", what));
            for at in ["1", "2"] {
                let stock = stock(&world, at);
                let entries: Vec<StockMovement> =
                    world.records.list(Lookup::MovementsOfStock, &stock.id.to_string()).unwrap();
                prop_assert_eq!(entries.iter().map(|e| e.change).sum::<i64>(), i64::from(stock.quantity));
                prop_assert!(stock.reserved.values().sum::<u32>() <= stock.quantity, "what is promised lies there");
                prop_assert!(stock.reserved.values().chain(stock.issued.values()).all(|n| *n > 0));
            }
        }
    }
}

#[test]
fn a_release_is_ready_when_its_consumables_are_kept_for_it() {
    let mut world = a_store();
    world.must(STAN, &count("1", CountedMove::Receive(10)));
    let open = |world: &World| {
        let release: Release = world.get(RELEASE);
        let rows = slipway_domain::readiness::evaluate::evaluate(&release, world.now, &world.records).unwrap();
        format!("{rows:?}").contains("of 4 Halden Cable")
    };
    assert!(open(&world));
    world.must(STAN, &count("1", CountedMove::Reserve { quantity: 4, release: RELEASE }));
    assert!(!open(&world));
    world.must(STAN, &count("1", CountedMove::Issue { quantity: 2, release: Some(RELEASE) }));
    assert!(!open(&world), "what is out for it counts as well");
}

fn issued(world: &mut World, n: u32) {
    world.put(DhsUnit { state: UnitState::Issued, reserved_for: Some(RELEASE), ..unit(n) });
}

fn install(n: u32, ci: u128, name: &str, u: u32) -> Command {
    let wanted = InstallAs {
        ci: CiId(Uuid::from_u128(ci)),
        number: Number::new(Series::Ci, n),
        name: name.into(),
        class: "server".into(),
        location: Location { room: "DC1".into(), rack: "R12".into(), u: Some(u), ..Location::default() },
    };
    Command::Dhs(DhsCommand::InstallAs { unit: unit(n).id, wanted: Box::new(wanted) })
}

#[test]
fn an_installed_unit_is_a_ci_at_its_place_in_the_rack() {
    let mut world = a_store();
    issued(&mut world, 1);
    world.must(TESS, &install(1, 0xc1, "host-1", 10));
    let ci: Ci = world.get(CiId(Uuid::from_u128(0xc1)));
    assert_eq!((ci.manufacturer.as_str(), ci.model.as_str(), ci.serial_number.as_str()), ("Halden", "R740", "S1"));
    assert_eq!((ci.location.u, ci.location.height, ci.location.face), (Some(10), Some(2), Some(Face::Front)));
    assert_eq!((ci.asset_tag.as_str(), ci.status), ("T1", CiStatus::InUse));
    let unit: DhsUnit = world.get(unit(1).id);
    assert_eq!((unit.state, unit.ci), (UnitState::Installed, Some(ci.id)));
}

#[test]
fn two_units_never_stand_in_one_place() {
    let mut world = a_store();
    issued(&mut world, 1);
    issued(&mut world, 2);
    world.must(TESS, &install(1, 0xc1, "host-1", 10));
    assert_eq!(world.refused(TESS, &install(2, 0xc2, "host-2", 11)), ["RACK_SPACE_TAKEN"]);
    assert_eq!(world.get::<DhsUnit>(unit(2).id).state, UnitState::Issued, "nothing of it was carried out");
    assert_eq!(world.refused(TESS, &install(2, 0xc1, "host-1", 20)), ["CI_OCCUPIED"]);
    world.must(TESS, &install(2, 0xc2, "host-2", 12));
}

fn take_out(n: u32, shelf: &str) -> Command {
    let to = Bin { store: "Spares A".into(), shelf: shelf.into(), ..Bin::default() };
    Command::Dhs(DhsCommand::TakeOut { unit: unit(n).id, to, condition: Condition::Used })
}

#[test]
fn a_unit_that_comes_out_of_its_rack_leaves_its_place_to_the_next() {
    let mut world = a_store();
    issued(&mut world, 1);
    issued(&mut world, 2);
    assert_eq!(world.refused(TESS, &take_out(1, "B")), ["UNIT_STATE"], "it stands in no rack");
    world.must(TESS, &install(1, 0xc1, "host-1", 10));
    world.must(TESS, &take_out(1, "B"));
    let ci: Ci = world.get(CiId(Uuid::from_u128(0xc1)));
    assert_eq!((ci.location, ci.status), (Location::default(), CiStatus::Available));
    assert_eq!(ci.serial_number, "S1", "it is the same thing");
    let back: DhsUnit = world.get(unit(1).id);
    assert_eq!(
        (back.state, back.ci, back.reserved_for, back.condition),
        (UnitState::InStore, None, None, Condition::Used)
    );
    assert_eq!(back.bin.shelf, "B");
    world.must(TESS, &install(2, 0xc2, "host-2", 10));
    assert_eq!(world.refused(TESS, &take_out(1, "B")), ["UNIT_STATE"], "once is enough");
}

#[test]
fn a_unit_comes_back_from_a_rack_also_when_its_ci_is_gone() {
    let mut world = a_store();
    world.put(DhsUnit { state: UnitState::Installed, ci: Some(CiId(Uuid::from_u128(0xdead))), ..unit(1) });
    world.must(TESS, &take_out(1, "B"));
    assert_eq!(world.get::<DhsUnit>(unit(1).id).state, UnitState::InStore);
}

#[test]
fn a_ci_that_is_there_becomes_what_the_unit_is() {
    let mut world = a_store();
    issued(&mut world, 1);
    let mut ci = Ci::blank(CiId(Uuid::from_u128(0xc1)), Number::new(Series::Ci, 7), "server", "host-1");
    ci.status = CiStatus::Planned;
    world.put(ci);
    world.must(STAN, &install(1, 0xc1, "ignored", 4));
    let ci: Ci = world.get(CiId(Uuid::from_u128(0xc1)));
    assert_eq!((ci.name.as_str(), ci.serial_number.as_str(), ci.status), ("host-1", "S1", CiStatus::InUse));
    assert_eq!(ci.location.rack, "R12");
}

#[test]
fn a_unit_that_is_not_found_is_missing_until_it_comes_back() {
    let mut world = a_store();
    world.must(STAN, &Command::Dhs(DhsCommand::Receive(Box::new(unit(1)))));
    let adjust = Command::Dhs(DhsCommand::Adjust { unit: unit(1).id, reason: "not on its shelf".into() });
    assert_eq!(world.refused(TESS, &adjust), ["NOT_ALLOWED"]);
    world.must(STAN, &adjust);
    assert_eq!(world.get::<DhsUnit>(unit(1).id).state, UnitState::Missing);
    let back = DhsCommand::Return { unit: unit(1).id, to: bin("9"), condition: Condition::Used };
    world.must(TESS, &Command::Dhs(back));
    assert_eq!(world.get::<DhsUnit>(unit(1).id).state, UnitState::InStore);
}

#[test]
fn a_slip_of_the_scanner_is_taken_back_by_who_made_it_and_nothing_else_is() {
    let mut world = a_store();
    let undo = Command::Dhs(DhsCommand::Unreceive(unit(1).id));
    world.must(TESS, &Command::Dhs(DhsCommand::Receive(Box::new(unit(1)))));
    assert_eq!(world.refused(STAN, &undo), ["NOT_A_SLIP"], "another's scan");
    world.must(TESS, &undo);
    assert!(world.records.get::<DhsUnit>(unit(1).id).unwrap().is_none());
    world.must(TESS, &Command::Dhs(DhsCommand::Receive(Box::new(unit(1)))));
    world.must(TESS, &Command::Dhs(DhsCommand::Transfer { unit: unit(1).id, to: bin("7") }));
    assert_eq!(world.refused(TESS, &undo), ["NOT_A_SLIP"], "it was moved since");
}

#[test]
fn what_is_known_of_a_unit_is_corrected() {
    let mut world = a_store();
    for n in 1..=2 {
        world.must(STAN, &Command::Dhs(DhsCommand::Receive(Box::new(unit(n)))));
    }
    let describe = |edit: UnitEdit| Command::Dhs(DhsCommand::DescribeUnit { unit: unit(1).id, edit: Box::new(edit) });
    let cost = |currency: &str| UnitEdit {
        facts: Some(UnitFacts {
            cost: Some(Cost { minor: 129_900, currency: currency.into() }),
            supplier: " Quayside Supplies ".into(),
            ..UnitFacts::default()
        }),
        ..UnitEdit::default()
    };
    world.must(TESS, &describe(cost("eur")));
    let facts = world.get::<DhsUnit>(unit(1).id).facts;
    assert_eq!((facts.cost.unwrap().currency.as_str(), facts.supplier.as_str()), ("EUR", "Quayside Supplies"));
    assert_eq!(world.refused(TESS, &describe(cost("euros"))), ["NOT_A_CURRENCY"]);
    let taken = UnitEdit { serial_number: Some("s2".into()), ..UnitEdit::default() };
    assert_eq!(world.refused(TESS, &describe(taken)), ["SERIAL_NUMBER_TAKEN"]);
}

#[test]
fn what_needs_somebody_is_said_and_nothing_else() {
    use slipway_domain::dhs::alert::{AlertKind, alerts};
    use slipway_domain::release::record::Phase;
    use slipway_domain::time::Window;
    let mut world = a_store();
    let kinds = |world: &World| -> Vec<AlertKind> {
        alerts(world.now, &world.records).unwrap().into_iter().map(|a| a.kind).collect()
    };
    for n in 1..=3 {
        world.must(STAN, &Command::Dhs(DhsCommand::Receive(Box::new(unit(n)))));
    }
    assert_eq!(kinds(&world), []);
    let mut server: DhsModel = world.get(SERVER);
    server.facts.minimum.insert("spares a".into(), 3);
    world.put(server);
    assert_eq!(kinds(&world), [], "three are enough");
    world.must(STAN, &Command::Dhs(DhsCommand::Reserve { unit: unit(1).id, release: RELEASE }));
    assert_eq!(kinds(&world), [AlertKind::LowStock], "what is promised is not free");

    let mut release: Release = world.get(RELEASE);
    release.phase = Phase::DistributionAndRollout;
    release.scope.rollout_window = Some(Window { start: world.now.plus_days(3), end: world.now.plus_days(4) });
    world.put(release);
    assert_eq!(kinds(&world), [AlertKind::LowStock], "it begins in three days");
    world.now = world.now.plus_days(2);
    assert_eq!(kinds(&world), [AlertKind::LowStock, AlertKind::NotPicked]);
    world.must(STAN, &Command::Dhs(DhsCommand::Issue(unit(1).id)));
    assert_eq!(kinds(&world), [AlertKind::LowStock]);
    world.now = world.now.plus_days(8);
    assert_eq!(kinds(&world), [AlertKind::LowStock, AlertKind::NotInstalled]);

    let now = world.now;
    let ends = |days| UnitFacts { warranty_end: Some(now.plus_days(days)), ..UnitFacts::default() };
    for (n, days) in [(4, 59), (5, 61), (6, -10), (7, -40)] {
        world.put(DhsUnit { facts: ends(days), state: UnitState::Installed, ..unit(n) });
    }
    let warranties: Vec<String> = alerts(world.now, &world.records)
        .unwrap()
        .into_iter()
        .filter(|a| a.kind == AlertKind::WarrantyEnding)
        .map(|a| a.about.label)
        .collect();
    assert_eq!(warranties, ["UNI-000006", "UNI-000004"], "soonest first; neither the far nor the long past");
}
