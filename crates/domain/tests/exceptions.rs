//! Tests of facts that a rule is against: kept, raised, accepted or backed out.

use crate::builders::{ANNE, RITA, STAN, TESS, VERA, World};
use crate::story::{REL, a_world};
use rstest::rstest;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::{Command, DhsCommand, ExceptionCommand, ReleaseCommand};
use slipway_domain::dhs::model::ModelFacts;
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, Movement, MovementKind, UnitFacts, UnitState};
use slipway_domain::exception::{Exception, ExceptionOutcome, actions, of_record, open};
use slipway_domain::id::{CiId, DhsModelId, DhsUnitId, ExceptionId, TestId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::people::{Person, Role};
use slipway_domain::readiness::CriterionState;
use slipway_domain::readiness::evaluate::evaluate;
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{Phase, TestResult};
use uuid::Uuid;

const MODEL: DhsModelId = DhsModelId(Uuid::from_u128(0xa01));
const UNIT: DhsUnitId = DhsUnitId(Uuid::from_u128(0xa11));
const CI: CiId = CiId(Uuid::from_u128(0xa21));

fn shelf(shelf: &str) -> Bin {
    Bin { store: "Spares A".into(), shelf: shelf.into(), ..Bin::default() }
}

fn a_unit(id: DhsUnitId, n: u32, state: UnitState) -> DhsUnit {
    DhsUnit {
        id,
        number: Number::new(Series::DhsUnit, n),
        model: MODEL,
        serial_number: "S1".into(),
        asset_tag: String::new(),
        condition: Condition::Used,
        state,
        bin: shelf("1"),
        reserved_for: None,
        ci: None,
        facts: UnitFacts::default(),
    }
}

/// A unit in that state, a CI, and Stan who may do everything with units.
fn a_store(state: UnitState) -> World {
    let mut world = World::new();
    let mut stan: Person = world.get(STAN);
    stan.roles.insert(Role::Technician);
    world.put(stan);
    world.put(DhsModel {
        id: MODEL,
        manufacturer: "Halden".into(),
        name: "R740".into(),
        part_numbers: Vec::new(),
        height_tenth_u: 10,
        facts: ModelFacts::default(),
    });
    world.put(Ci::blank(CI, Number::new(Series::Ci, 1), "server", "host"));
    world.put(a_unit(UNIT, 1, state));
    world
}

fn the_exception(world: &World) -> Exception {
    let open = open(&world.records).unwrap();
    assert_eq!(open.len(), 1, "one exception waits: {open:?}");
    open[0].clone()
}

fn accept(exception: ExceptionId) -> Command {
    Command::Exception(ExceptionCommand::Accept { exception, reason: "it is there now".into() })
}

fn back_out(exception: ExceptionId) -> Command {
    Command::Exception(ExceptionCommand::BackOut { exception, reason: "taken out again".into() })
}

/// Every movement from a state that its table does not have, and where the unit is once that is accepted.
#[rstest]
#[case(UnitState::Disposed, DhsCommand::Transfer { unit: UNIT, to: shelf("9") }, UnitState::InStore)]
#[case(UnitState::Installed, DhsCommand::Transfer { unit: UNIT, to: shelf("9") }, UnitState::InStore)]
#[case(UnitState::InStore, DhsCommand::Issue(UNIT), UnitState::Issued)]
#[case(UnitState::InStore, DhsCommand::Install { unit: UNIT, ci: CI }, UnitState::Installed)]
#[case(UnitState::Disposed, DhsCommand::Return { unit: UNIT, to: shelf("9"), condition: Condition::Faulty }, UnitState::InStore)]
#[case(UnitState::Disposed, DhsCommand::SendToRepair(UNIT), UnitState::InRepair)]
#[case(UnitState::Reserved, DhsCommand::Dispose { unit: UNIT, reason: "burnt".into() }, UnitState::Disposed)]
fn a_movement_against_the_table_is_kept_and_followed_once_accepted(
    #[case] was: UnitState,
    #[case] movement: DhsCommand,
    #[case] becomes: UnitState,
) {
    let mut world = a_store(was);
    let fact = Command::Dhs(movement);
    assert_eq!(world.refused(STAN, &fact), ["UNIT_STATE"], "at the desk it is refused");
    let done_at = world.now;
    let before = world.get::<DhsUnit>(UNIT);
    let effect = world.judge(STAN, &fact).unwrap();
    assert_eq!(effect.kept.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["UNIT_STATE"]);
    assert_eq!(world.get::<DhsUnit>(UNIT), before, "the record does not follow yet");
    let exception = the_exception(&world);
    assert_eq!((exception.on.id, exception.by, &exception.fact), (UNIT.0, STAN, &fact));
    assert_eq!(exception.findings, effect.kept, "every rule it goes against stands in it");

    world.now = world.now.plus_hours(3);
    world.must(RITA, &accept(exception.id));
    let unit: DhsUnit = world.get(UNIT);
    assert_eq!(unit.state, becomes);
    let ledger: Vec<Movement> = world.records.list(Lookup::MovementsOfUnit, &UNIT.to_string()).unwrap();
    assert_eq!((ledger[0].by, ledger[0].at), (STAN, done_at), "the ledger says who did it and when");
    assert_eq!(ledger[0].note, "accepted as an exception by Rita: it is there now");
    assert_eq!(unit.ci, (ledger[0].kind == MovementKind::Install).then_some(CI));
    let decision = world.get::<Exception>(exception.id).decision.unwrap();
    assert_eq!((decision.outcome, decision.by, decision.carried_out), (ExceptionOutcome::Accepted, RITA, true));
    assert_eq!(world.refused(RITA, &back_out(exception.id)), ["EXCEPTION_DECIDED"], "it is decided once");
}

#[test]
fn what_was_backed_out_leaves_the_record_as_it_is() {
    let mut world = a_store(UnitState::Disposed);
    world.judge(STAN, &Command::Dhs(DhsCommand::Transfer { unit: UNIT, to: shelf("9") })).unwrap();
    let (unit, exception) = (world.get::<DhsUnit>(UNIT), the_exception(&world));
    world.must(STAN, &back_out(exception.id));
    assert_eq!(world.get::<DhsUnit>(UNIT), unit);
    assert!(open(&world.records).unwrap().is_empty());
    assert_eq!(of_record(UNIT, &world.records).unwrap().len(), 1, "and stays on its record");
}

#[test]
fn a_unit_scanned_twice_is_kept_on_the_unit_that_bears_the_label() {
    let mut world = a_store(UnitState::InStore);
    let second = a_unit(DhsUnitId(Uuid::from_u128(0xa12)), 2, UnitState::Expected);
    world.judge(STAN, &Command::Dhs(DhsCommand::Receive(Box::new(second)))).unwrap();
    let exception = the_exception(&world);
    assert_eq!((exception.on.id, exception.findings[0].code.as_str()), (UNIT.0, "SERIAL_NUMBER_TAKEN"));
    world.must(RITA, &accept(exception.id));
    let decision = world.get::<Exception>(exception.id).decision.unwrap();
    assert!(!decision.carried_out, "two units never bear the same serial number");
}

#[test]
fn a_fact_whose_record_is_not_there_is_refused() {
    let mut world = a_store(UnitState::InStore);
    let nowhere = DhsUnitId(Uuid::from_u128(0xdead));
    let refusal = world.judge(STAN, &Command::Dhs(DhsCommand::SendToRepair(nowhere))).unwrap_err();
    assert!(refusal.has("NOT_FOUND"), "{refusal}");
    let mut unit = a_unit(nowhere, 3, UnitState::Expected);
    unit.model = DhsModelId(Uuid::from_u128(0xbeef));
    let refusal = world.judge(STAN, &Command::Dhs(DhsCommand::Receive(Box::new(unit)))).unwrap_err();
    assert!(refusal.has("UNKNOWN_MODEL"), "{refusal}");
    assert!(open(&world.records).unwrap().is_empty());
}

#[test]
fn authority_and_texts_are_no_matter_of_exceptions() {
    let mut world = a_store(UnitState::Disposed);
    let fact = Command::Dhs(DhsCommand::SendToRepair(UNIT));
    assert!(world.judge(VERA, &fact).unwrap_err().has("NOT_ALLOWED"));
    let test = ReleaseCommand::RecordTest {
        test: TestId(Uuid::from_u128(1)),
        title: " ".into(),
        result: TestResult::Passed,
        note: String::new(),
    };
    let mut world = a_world();
    world.planned();
    assert!(world.judge(TESS, &Command::Release(REL, test)).unwrap_err().has("TEXT_MISSING"));
}

#[test]
fn an_install_that_was_performed_on_a_terminated_release_stays_on_it_and_moves_nothing() {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::DistributionAndRollout);
    world.on(RITA, ReleaseCommand::Terminate { reason: "budget".into() });
    let install = ReleaseCommand::RecordInstall { window_override: None, freeze_override: None };
    let before = world.release();
    let effect = world.judge(TESS, &Command::Release(REL, install)).unwrap();
    assert_eq!(effect.kept[0].code, "RELEASE_CLOSED");
    assert_eq!(effect.kept[0].data["reason"], "budget", "it says why the release is closed");
    let exception = the_exception(&world);
    assert_eq!((exception.release, exception.by), (Some(REL), TESS));
    world.must(RITA, &accept(exception.id));
    assert_eq!(world.release(), before, "no install without go, approvals and approved changes");
    let decision = world.get::<Exception>(exception.id).decision.unwrap();
    assert!(!decision.carried_out);
}

#[test]
fn an_exception_of_a_release_is_decided_by_its_release_manager_and_holds_its_readiness_back() {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::DistributionAndRollout);
    let test = ReleaseCommand::RecordTest {
        test: TestId(Uuid::from_u128(0xb01)),
        title: "Login".into(),
        result: TestResult::Failed,
        note: "red".into(),
    };
    world.judge(TESS, &Command::Release(REL, test)).unwrap();
    let exception = the_exception(&world);
    let state = |world: &World| {
        let all = evaluate(&world.release(), world.now, &world.records).unwrap();
        all.into_iter().find(|c| c.code == "exceptions_decided").unwrap().state
    };
    assert_eq!(state(&world), CriterionState::NotMet);
    assert_eq!(world.refused(STAN, &accept(exception.id)), ["NOT_THE_RELEASE_MANAGER"]);
    assert_eq!(world.refused(ANNE, &accept(exception.id)), ["NOT_ALLOWED"]);
    let stan: Person = world.get(STAN);
    let offered = actions(&exception, &stan, &world.records).unwrap();
    assert!(offered.iter().all(|a| !a.allowed && a.needs_reason), "the desk says so beforehand: {offered:?}");
    world.must(RITA, &accept(exception.id));
    assert_eq!(state(&world), CriterionState::Met);
}
