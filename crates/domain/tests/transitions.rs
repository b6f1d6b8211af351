//! Tests of the phase machine: every transition allowed, each guard failing alone, everything else refused.

use crate::builders::{BERT, CARL, CLEO, RITA, START, TESS, World};
use crate::story::{CHG, PAYROLL, REL, a_change, a_world, rollout_window, the_item};
use rstest::rstest;
use slipway_domain::approval::record::{Approval, ApprovalState, Subject};
use slipway_domain::change::record::{Change, ChangeState};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::{Command, ReleaseCommand as C};
use slipway_domain::dhs::record::{Bin, Condition, DhsUnit, Movement, MovementKind, UnitFacts, UnitState};
use slipway_domain::dsl::item::{DslItem, ItemState};
use slipway_domain::id::{ChangeId, CiId, DhsModelId, DhsUnitId, FreezeId, PersonId, ReleaseId, SiteId};
use slipway_domain::lookup::{Lookup, subject_key};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Person;
use slipway_domain::records::RecordsExt;
use slipway_domain::release::phase::{Move, TABLE};
use slipway_domain::release::record::{
    Component, Outcome, Phase, PlanKind, Release, ReleaseClass, ReleaseType, Status, Target, TestRecord, TestResult,
    Training,
};
use slipway_domain::release::task::tasks_of;
use slipway_domain::release::task_record::{Task, TaskState};
use slipway_domain::setting::{Every, Freeze, FreezeScope, FreezeStrength, Repeat};
use slipway_domain::time::Window;
use uuid::Uuid;

const INSTALL: C = C::RecordInstall { window_override: None, freeze_override: None };

fn because() -> String {
    "because".into()
}

fn terminate() -> C {
    C::Terminate { reason: because() }
}

fn back_out() -> C {
    C::BackOut { reason: because() }
}

fn send_back(to: Phase) -> C {
    C::SendBack { to, reason: because() }
}

/// A release that has just come into the phase.
#[track_caller]
pub fn at(phase: Phase) -> World {
    let mut world = a_world();
    match phase {
        Phase::Assess => world.assessed(),
        Phase::Training => {
            world.planned_with_training();
            world.travel_to(phase);
        }
        Phase::BackOut => {
            world.planned();
            world.travel_to(Phase::Verification);
            world.on(RITA, back_out());
        }
        Phase::BackedOut => {
            world = ready(Phase::BackOut);
            world.on(RITA, C::CompleteBackOut { rework: false });
        }
        Phase::Terminated => {
            world.assessed();
            world.on(RITA, terminate());
        }
        _ => {
            world.planned();
            world.travel_to(phase);
        }
    }
    world
}

/// A release that has everything to leave the phase.
#[track_caller]
fn ready(phase: Phase) -> World {
    let mut world = at(phase);
    world.prepare();
    world
}

/// In Distribution and rollout, everything ready for the install, inside the window.
#[track_caller]
fn ready_to_install() -> World {
    let mut world = at(Phase::DistributionAndRollout);
    world.go();
    world.now = START.plus_hours(25);
    world
}

#[rstest]
#[case::assess(ready(Phase::Assess), C::Advance, Phase::PlanAndDesign)]
#[case::plan(ready(Phase::PlanAndDesign), C::Advance, Phase::BuildAndTest)]
#[case::build(ready(Phase::BuildAndTest), C::Advance, Phase::DistributionAndRollout)]
#[case::training(ready(Phase::Training), C::Advance, Phase::DistributionAndRollout)]
#[case::test_failed(ready(Phase::BuildAndTest), C::TestFailed { failure: because() }, Phase::PlanAndDesign)]
#[case::no_go(at(Phase::DistributionAndRollout), C::RecordGoNoGo { go: false, note: because() }, Phase::DistributionAndRollout)]
#[case::install(ready_to_install(), INSTALL, Phase::DistributionAndRollout)]
#[case::rollout(ready(Phase::DistributionAndRollout), C::Advance, Phase::Verification)]
#[case::verify(ready(Phase::Verification), C::VerifyAndClose, Phase::Verified)]
#[case::back_out_of_rollout(ready(Phase::DistributionAndRollout), back_out(), Phase::BackOut)]
#[case::back_out_of_verification(at(Phase::Verification), back_out(), Phase::BackOut)]
#[case::back_out_of_verified(at(Phase::Verified), back_out(), Phase::BackOut)]
#[case::complete_back_out(ready(Phase::BackOut), C::CompleteBackOut { rework: false }, Phase::BackedOut)]
#[case::rework(ready(Phase::BackOut), C::CompleteBackOut { rework: true }, Phase::PlanAndDesign)]
#[case::terminate_in_assess(at(Phase::Assess), terminate(), Phase::Terminated)]
#[case::terminate_in_plan(at(Phase::PlanAndDesign), terminate(), Phase::Terminated)]
#[case::terminate_in_build(at(Phase::BuildAndTest), terminate(), Phase::Terminated)]
#[case::terminate_in_rollout(ready_to_install(), terminate(), Phase::Terminated)]
#[case::plan_to_assess(at(Phase::PlanAndDesign), send_back(Phase::Assess), Phase::Assess)]
#[case::build_to_assess(at(Phase::BuildAndTest), send_back(Phase::Assess), Phase::Assess)]
#[case::build_to_plan(at(Phase::BuildAndTest), send_back(Phase::PlanAndDesign), Phase::PlanAndDesign)]
#[case::rollout_to_assess(ready_to_install(), send_back(Phase::Assess), Phase::Assess)]
#[case::rollout_to_plan(ready_to_install(), send_back(Phase::PlanAndDesign), Phase::PlanAndDesign)]
#[case::rollout_to_build(ready_to_install(), send_back(Phase::BuildAndTest), Phase::BuildAndTest)]
fn a_transition_is_allowed_when_its_guards_hold(#[case] mut world: World, #[case] command: C, #[case] to: Phase) {
    let from = world.release().phase;
    world.on(RITA, command);
    let release = world.release();
    assert_eq!(release.phase, to);
    if from != to {
        let entry = release.phase_history.last().unwrap();
        assert_eq!(
            (entry.from, entry.to, entry.by, entry.at),
            (Some(from), to, RITA, world.now),
            "the move is recorded"
        );
        assert_eq!(release.status, if to.is_closed() { Status::Closed } else { Status::Open });
    }
}

#[test]
fn training_comes_between_when_it_is_active() {
    let mut world = a_world();
    world.planned_with_training();
    assert_eq!(world.release().training, Training::Active, "fixed on leaving Assess");
    world.travel_to(Phase::Training);
    assert!(world.release().phase_history.iter().all(|e| e.to != Phase::DistributionAndRollout));
}

#[rstest]
#[case::both(slipway_domain::level::Assessment::High, slipway_domain::level::Urgency::Critical, Training::Active)]
#[case::high_is_enough(slipway_domain::level::Assessment::High, slipway_domain::level::Urgency::High, Training::Active)]
#[case::not_urgent(slipway_domain::level::Assessment::High, slipway_domain::level::Urgency::Average, Training::Skipped)]
#[case::no_impact(
    slipway_domain::level::Assessment::Medium,
    slipway_domain::level::Urgency::Critical,
    Training::Skipped
)]
fn training_follows_from_impact_assessment_and_urgency(
    #[case] assessment: slipway_domain::level::Assessment,
    #[case] urgency: slipway_domain::level::Urgency,
    #[case] training: Training,
) {
    let mut world = at(Phase::Assess);
    world.spoil(|r| (r.impact_assessment, r.urgency) = (Some(assessment), Some(urgency)));
    world.on(RITA, C::Advance);
    assert_eq!(world.release().training, training);
    world.on(RITA, send_back(Phase::Assess));
    assert_eq!(world.release().training, Training::Undecided, "open again in Assess");
}

#[test]
fn the_wish_for_training_survives_being_sent_back() {
    let mut world = a_world();
    world.planned_with_training();
    world.on(RITA, send_back(Phase::Assess));
    assert_eq!(world.release().training, Training::Asked { reason: "new screens".into() });
}

fn first_task(world: &World) -> Task {
    let release = world.release();
    tasks_of(REL, &world.records).unwrap().into_iter().find(|t| t.phase == release.phase && t.mandatory).unwrap()
}

fn reopen_a_task(world: &mut World) {
    let mut task = first_task(world);
    task.state = TaskState::InProgress;
    world.put(task);
}

fn fail_a_task(world: &mut World) {
    let mut task = first_task(world);
    task.result = Some(TestResult::Failed);
    world.put(task);
}

fn cancel_a_task(world: &mut World) {
    let mut task = first_task(world);
    task.state = TaskState::Cancelled;
    world.put(task);
}

fn void_approval(world: &mut World) {
    for mut approval in
        world.records.list::<Approval>(Lookup::ApprovalsOf, &subject_key(Subject::Release(REL))).unwrap()
    {
        approval.state = ApprovalState::Void;
        world.put(approval);
    }
}

fn grant_of_another_digest(world: &mut World) {
    for mut approval in
        world.records.list::<Approval>(Lookup::ApprovalsOf, &subject_key(Subject::Release(REL))).unwrap()
    {
        approval.digest = None;
        world.put(approval);
    }
}

fn set_change(world: &mut World, state: ChangeState) {
    let mut change: Change = world.get(CHG);
    change.state = state;
    world.put(change);
}

fn set_item(world: &mut World, state: ItemState) {
    world.put(DslItem { state, ..the_item() });
}

fn a_failed_test(world: &mut World) {
    let id = world.id();
    let (title, note) = ("Load".to_owned(), String::new());
    let test = TestRecord {
        id,
        release: REL,
        title,
        result: TestResult::Failed,
        note,
        by: TESS,
        at: START,
        superseded: false,
    };
    world.put(test);
}

fn freeze(scope: FreezeScope) -> Freeze {
    Freeze {
        id: FreezeId(Uuid::from_u128(0x501)),
        title: "Year end".into(),
        window: rollout_window(),
        scope,
        strength: FreezeStrength::Hard,
        repeats: None,
    }
}

/// No guard but the one under test may speak, so a guard that finds too much fails here too.
#[rstest]
#[case::type_not_set(ready(Phase::Assess), |w: &mut World| w.spoil(|r| r.release_type = None), C::Advance, "TYPE_NOT_SET")]
#[case::no_impact(ready(Phase::Assess), |w: &mut World| w.spoil(|r| r.impact = None), C::Advance, "IMPACT_NOT_SET")]
#[case::no_urgency(ready(Phase::Assess), |w: &mut World| w.spoil(|r| r.urgency = None), C::Advance, "URGENCY_NOT_SET")]
#[case::no_change(ready(Phase::Assess), |w: &mut World| w.spoil(|r| r.scope.changes.clear()), C::Advance, "NO_CHANGE")]
#[case::no_note(ready(Phase::Assess), |w: &mut World| w.spoil(|r| r.assessment_note = " ".into()), C::Advance, "ASSESSMENT_NOTE_MISSING")]
#[case::plan_task(ready(Phase::PlanAndDesign), reopen_a_task, C::Advance, "MANDATORY_TASK_OPEN")]
#[case::plan_task_failed(ready(Phase::PlanAndDesign), fail_a_task, C::Advance, "MANDATORY_TASK_FAILED")]
#[case::plan_task_cancelled(ready(Phase::PlanAndDesign), cancel_a_task, C::Advance, "MANDATORY_TASK_OPEN")]
#[case::no_ci(ready(Phase::PlanAndDesign), |w: &mut World| w.spoil(|r| r.scope.cis.clear()), C::Advance, "NO_AFFECTED_CI")]
#[case::no_rollout_plan(ready(Phase::PlanAndDesign), |w: &mut World| w.spoil(|r| drop(r.scope.plans.remove(&PlanKind::Rollout))), C::Advance, "PLAN_EMPTY")]
#[case::no_back_out_plan(ready(Phase::PlanAndDesign), |w: &mut World| w.spoil(|r| drop(r.scope.plans.remove(&PlanKind::BackOut))), C::Advance, "PLAN_EMPTY")]
#[case::no_test_plan(ready(Phase::PlanAndDesign), |w: &mut World| w.spoil(|r| drop(r.scope.plans.remove(&PlanKind::Test))), C::Advance, "PLAN_EMPTY")]
#[case::empty_risk_plan(ready(Phase::PlanAndDesign), |w: &mut World| w.spoil(|r| drop(r.scope.plans.insert(PlanKind::RiskManagement, vec![]))), C::Advance, "PLAN_EMPTY")]
#[case::no_build_window(ready(Phase::PlanAndDesign), |w: &mut World| w.spoil(|r| r.scope.build_window = None), C::Advance, "WINDOW_NOT_SET")]
#[case::no_rollout_window(ready(Phase::PlanAndDesign), |w: &mut World| w.spoil(|r| r.scope.rollout_window = None), C::Advance, "WINDOW_NOT_SET")]
#[case::window_backwards(ready(Phase::PlanAndDesign), |w: &mut World| w.spoil(|r| r.scope.rollout_window = Some(Window { start: START.plus_hours(2), end: START.plus_hours(2) })), C::Advance, "WINDOW_NOT_ORDERED")]
#[case::change_only_assessed(ready(Phase::PlanAndDesign), |w: &mut World| set_change(w, ChangeState::Assessed), C::Advance, "CHANGE_NOT_APPROVED")]
#[case::change_withdrawn(ready(Phase::PlanAndDesign), |w: &mut World| set_change(w, ChangeState::ApprovalWithdrawn), C::Advance, "CHANGE_NOT_APPROVED")]
#[case::plan_not_approved(ready(Phase::PlanAndDesign), void_approval, C::Advance, "APPROVAL_MISSING")]
#[case::plan_approved_on_another_scope(
    ready(Phase::PlanAndDesign),
    grant_of_another_digest,
    C::Advance,
    "APPROVAL_MISSING"
)]
#[case::build_task(ready(Phase::BuildAndTest), reopen_a_task, C::Advance, "MANDATORY_TASK_OPEN")]
#[case::no_component(ready(Phase::BuildAndTest), |w: &mut World| w.spoil(|r| r.scope.components.clear()), C::Advance, "NO_COMPONENT")]
#[case::master_in_quarantine(ready(Phase::BuildAndTest), |w: &mut World| set_item(w, ItemState::InQuarantine), C::Advance, "MASTER_NOT_ACCEPTED")]
#[case::master_superseded(ready(Phase::BuildAndTest), |w: &mut World| set_item(w, ItemState::Superseded), C::Advance, "MASTER_NOT_ACCEPTED")]
#[case::master_not_verified(ready(Phase::BuildAndTest), |w: &mut World| w.spoil(|r| r.verified_masters.clear()), C::Advance, "MASTER_NOT_VERIFIED")]
#[case::test_failed(ready(Phase::BuildAndTest), a_failed_test, C::Advance, "TEST_FAILED")]
#[case::build_not_approved(ready(Phase::BuildAndTest), void_approval, C::Advance, "APPROVAL_MISSING")]
#[case::no_failure(ready(Phase::BuildAndTest), |_: &mut World| (), C::TestFailed { failure: " ".into() }, "REASON_MISSING")]
#[case::training_task(ready(Phase::Training), reopen_a_task, C::Advance, "MANDATORY_TASK_OPEN")]
#[case::master_withdrawn(ready(Phase::Training), |w: &mut World| set_item(w, ItemState::Withdrawn), C::Advance, "MASTER_WITHDRAWN")]
#[case::unmet(ready_to_install(), a_failed_test, C::RecordGoNoGo { go: true, note: String::new() }, "CRITERION_NOT_MET")]
#[case::go_after_install(ready(Phase::DistributionAndRollout), |_: &mut World| (), C::RecordGoNoGo { go: false, note: String::new() }, "ALREADY_INSTALLED")]
#[case::no_go(ready_to_install(), |w: &mut World| w.on(RITA, C::RecordGoNoGo { go: false, note: String::new() }), INSTALL, "NO_GO_DECISION")]
#[case::not_decided(ready_to_install(), |w: &mut World| w.spoil(|r| r.go_no_go = None), INSTALL, "NO_GO_DECISION")]
#[case::change_withdrawn_before_install(ready_to_install(), |w: &mut World| set_change(w, ChangeState::ApprovalWithdrawn), INSTALL, "CHANGE_NOT_APPROVED")]
#[case::too_early(ready_to_install(), |w: &mut World| w.now = START.plus_hours(24).minus_one(), INSTALL, "OUTSIDE_WINDOW")]
#[case::too_late(ready_to_install(), |w: &mut World| w.now = START.plus_hours(28), INSTALL, "OUTSIDE_WINDOW")]
#[case::frozen(ready_to_install(), |w: &mut World| w.put(freeze(FreezeScope::Everything)), INSTALL, "FREEZE")]
#[case::ci_differs(ready_to_install(), |w: &mut World| w.put(Ci { version: "9.3.1".into(), ..w.get(PAYROLL) }), INSTALL, "CI_NOT_AS_PLANNED")]
#[case::withdrawn_before_install(ready_to_install(), |w: &mut World| set_item(w, ItemState::Withdrawn), INSTALL, "MASTER_WITHDRAWN")]
#[case::installed_twice(ready(Phase::DistributionAndRollout), |_: &mut World| (), INSTALL, "ALREADY_INSTALLED")]
#[case::rollout_task(ready(Phase::DistributionAndRollout), reopen_a_task, C::Advance, "MANDATORY_TASK_OPEN")]
#[case::no_update_system(ready(Phase::DistributionAndRollout), |w: &mut World| { let mut t = w.task("Update system"); t.title = "Something else".into(); w.put(t); }, C::Advance, "UPDATE_SYSTEM_NOT_DONE")]
#[case::optional_update_system(ready(Phase::DistributionAndRollout), |w: &mut World| { let mut t = w.task("Update system"); (t.mandatory, t.state) = (false, TaskState::Blocked); w.put(t); }, C::Advance, "UPDATE_SYSTEM_NOT_DONE")]
#[case::rollout_not_approved(ready(Phase::DistributionAndRollout), void_approval, C::Advance, "APPROVAL_MISSING")]
#[case::verification_task(ready(Phase::Verification), reopen_a_task, C::VerifyAndClose, "MANDATORY_TASK_OPEN")]
#[case::no_outcome(ready(Phase::Verification), |w: &mut World| w.spoil(|r| r.outcomes.clear()), C::VerifyAndClose, "OUTCOME_MISSING")]
#[case::no_review(ready(Phase::Verification), |w: &mut World| w.spoil(|r| r.review.clear()), C::VerifyAndClose, "REVIEW_MISSING")]
#[case::emergency_without_plan(ready(Phase::Verification), |w: &mut World| w.spoil(|r| { r.class = ReleaseClass::Emergency; r.scope.plans.remove(&PlanKind::Test); }), C::VerifyAndClose, "PLAN_EMPTY")]
#[case::back_out_without_reason(at(Phase::Verification), |_: &mut World| (), C::BackOut { reason: String::new() }, "REASON_MISSING")]
#[case::back_out_too_late(at(Phase::Verified), |w: &mut World| w.now = w.now.plus_days(30), back_out(), "BACK_OUT_PERIOD_OVER")]
#[case::change_taken_on(at(Phase::Verified), carry_change_elsewhere, back_out(), "CHANGE_IN_OTHER_RELEASE")]
#[case::back_out_before_install(ready_to_install(), |_: &mut World| (), back_out(), "NOT_INSTALLED")]
#[case::back_out_task(ready(Phase::BackOut), reopen_a_task, C::CompleteBackOut { rework: false }, "MANDATORY_TASK_OPEN")]
#[case::conflict_open(ready(Phase::BackOut), add_conflict, C::CompleteBackOut { rework: false }, "CONFLICT_UNDECIDED")]
#[case::conflict_open_rework(ready(Phase::BackOut), add_conflict, C::CompleteBackOut { rework: true }, "CONFLICT_UNDECIDED")]
#[case::unit_out(ready(Phase::BackOut), |w: &mut World| w.put(a_unit(1, UnitState::Issued, Some(REL))), C::CompleteBackOut { rework: false }, "UNIT_NOT_RETURNED")]
#[case::terminate_without_reason(at(Phase::Assess), |_: &mut World| (), C::Terminate { reason: "\n".into() }, "REASON_MISSING")]
#[case::terminate_installed(ready(Phase::DistributionAndRollout), |_: &mut World| (), terminate(), "ALREADY_INSTALLED")]
#[case::terminate_in_training(at(Phase::Training), |_: &mut World| (), terminate(), "NOT_IN_PHASE")]
#[case::back_out_in_training(at(Phase::Training), |_: &mut World| (), back_out(), "NOT_IN_PHASE")]
#[case::send_back_without_reason(at(Phase::BuildAndTest), |_: &mut World| (), C::SendBack { to: Phase::Assess, reason: String::new() }, "REASON_MISSING")]
#[case::send_back_installed(ready(Phase::DistributionAndRollout), |_: &mut World| (), send_back(Phase::Assess), "ALREADY_INSTALLED")]
#[case::send_back_to_training(ready_to_install(), |_: &mut World| (), send_back(Phase::Training), "NOT_IN_PHASE")]
#[case::send_back_ahead(at(Phase::PlanAndDesign), |_: &mut World| (), send_back(Phase::BuildAndTest), "NOT_IN_PHASE")]
fn a_guard_that_fails_alone_is_named_alone(
    #[case] mut world: World,
    #[case] spoil: fn(&mut World),
    #[case] command: C,
    #[case] code: &str,
) {
    spoil(&mut world);
    assert_eq!(world.no(RITA, command), [code]);
}

/// One millisecond before.
trait MinusOne {
    fn minus_one(self) -> Self;
}

impl MinusOne for slipway_domain::time::Timestamp {
    fn minus_one(self) -> Self {
        Self(self.0 - 1)
    }
}

fn carry_change_elsewhere(world: &mut World) {
    let other = ReleaseId(Uuid::from_u128(0x101));
    world.create(other, 2);
    let mut release: Release = world.get(other);
    release.scope.changes.insert(CHG);
    world.put(release);
}

fn add_conflict(world: &mut World) {
    world.spoil(|r| {
        let conflict = slipway_domain::release::record::BackOutConflict {
            ci: PAYROLL,
            field: "version".into(),
            before: "9.3".into(),
            installed: "9.4".into(),
            now: "9.5".into(),
            decision: None,
        };
        r.back_out.as_mut().unwrap().conflicts.push(conflict);
    });
}

fn a_unit(n: u32, state: UnitState, reserved_for: Option<ReleaseId>) -> DhsUnit {
    DhsUnit {
        id: DhsUnitId(Uuid::from_u128(0x600 + u128::from(n))),
        number: Number::new(Series::DhsUnit, n),
        model: DhsModelId(Uuid::from_u128(0x600)),
        serial_number: format!("S{n}"),
        asset_tag: String::new(),
        condition: Condition::New,
        state,
        bin: Bin { store: "DC1".into(), ..Bin::default() },
        reserved_for,
        ci: None,
        facts: UnitFacts::default(),
    }
}

#[test]
fn every_failing_guard_is_reported_at_once_and_names_the_record() {
    let mut world = a_world();
    world.assessed();
    world.on(RITA, C::Advance);
    set_change(&mut world, ChangeState::Denied);
    let refusal = world.run(RITA, &Command::Release(REL, C::Advance)).unwrap_err();
    let codes: Vec<&str> = refusal.findings.iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes.iter().filter(|c| **c == "MANDATORY_TASK_OPEN").count(), 7, "every task of the template");
    for code in ["NO_AFFECTED_CI", "PLAN_EMPTY", "WINDOW_NOT_SET", "CHANGE_NOT_APPROVED", "APPROVAL_MISSING"] {
        assert!(codes.contains(&code), "{code} among {codes:?}");
    }
    let change = refusal.findings.iter().find(|f| f.code == "CHANGE_NOT_APPROVED").unwrap();
    assert_eq!(change.sentence, "CHG-000001 is denied, not approved.");
    assert_eq!(change.record.as_ref().unwrap().label, "CHG-000001");
    assert!(refusal.findings.iter().all(|f| !f.way_out.is_empty()), "each says what would make it right");
}

fn sample(command: Move, to: Phase) -> C {
    match command {
        Move::Advance => C::Advance,
        Move::TestFailed => C::TestFailed { failure: because() },
        Move::RecordGoNoGo => C::RecordGoNoGo { go: true, note: String::new() },
        Move::RecordInstall => INSTALL,
        Move::VerifyAndClose => C::VerifyAndClose,
        Move::BackOut => back_out(),
        Move::CompleteBackOut => C::CompleteBackOut { rework: false },
        Move::Rework => C::CompleteBackOut { rework: true },
        Move::Terminate => terminate(),
        Move::SendBack => send_back(to),
    }
}

#[test]
fn what_the_table_does_not_have_is_refused_in_every_phase() {
    for phase in Phase::ALL {
        let mut world = at(*phase);
        for command in Move::ALL {
            for to in Phase::ALL {
                let row = TABLE
                    .iter()
                    .any(|t| t.command == *command && t.from == *phase && (*command != Move::SendBack || t.to == *to));
                if row {
                    continue;
                }
                let codes = world.no(RITA, sample(*command, *to));
                let expected = if phase.is_closed() { "RELEASE_CLOSED" } else { "NOT_IN_PHASE" };
                assert_eq!(codes, [expected], "{command} in {phase}");
            }
        }
    }
}

#[test]
fn terminate_is_in_no_row_from_training_nor_after_it_but_before_an_install() {
    let from: Vec<Phase> = TABLE.iter().filter(|t| t.to == Phase::Terminated).map(|t| t.from).collect();
    let expected = [Phase::Assess, Phase::PlanAndDesign, Phase::BuildAndTest, Phase::DistributionAndRollout];
    assert_eq!(from, expected, "as the design says");
}

#[test]
fn a_closed_release_says_who_closed_it_when_and_why() {
    let mut world = at(Phase::Terminated);
    let refusal = world.run(RITA, &Command::Release(REL, C::Advance)).unwrap_err();
    let finding = &refusal.findings[0];
    assert_eq!(finding.sentence, "REL-000001 was closed (Terminated) by Rita on 2026-11-01T00:00:00Z: because.");
    assert_eq!(finding.data["reason"], "because");
}

#[rstest]
#[case::with_reason(RITA, Some("agreed by phone"), &[])]
#[case::without_reason(RITA, Some(" "), &["REASON_MISSING"])]
#[case::by_somebody_else(TESS, Some("agreed by phone"), &["OVERRIDE_NOT_ALLOWED"])]
fn the_release_manager_overrides_the_window(
    #[case] actor: PersonId,
    #[case] reason: Option<&str>,
    #[case] codes: &[&str],
) {
    let mut world = ready_to_install();
    world.now = START.plus_hours(40);
    let install = C::RecordInstall { window_override: reason.map(str::to_owned), freeze_override: None };
    let result = world.run(actor, &Command::Release(REL, install));
    let found: Vec<String> = result.err().into_iter().flat_map(|r| r.findings).map(|f| f.code).collect();
    assert_eq!(found, codes);
    if codes.is_empty() {
        assert_eq!(world.release().install.unwrap().window_override.as_deref(), reason);
    }
}

#[test]
fn an_emergency_needs_no_window() {
    let mut world = ready_to_install();
    world.spoil(|r| r.class = ReleaseClass::Emergency);
    world.now = START.plus_hours(40);
    world.on(RITA, INSTALL);
    assert_eq!(world.release().status, Status::Installed);
}

#[rstest]
#[case::service(FreezeScope::Services([PAYROLL].into()), true)]
#[case::other_service(FreezeScope::Services([CiId(Uuid::from_u128(9))].into()), false)]
#[case::site(FreezeScope::Sites([SiteId(Uuid::from_u128(7))].into()), true)]
#[case::other_site(FreezeScope::Sites([SiteId(Uuid::from_u128(8))].into()), false)]
fn a_freeze_stops_what_it_covers(#[case] scope: FreezeScope, #[case] stops: bool) {
    let mut world = ready_to_install();
    world.spoil(|r| {
        r.scope.services.insert(PAYROLL);
        r.scope.targets.push(Target { name: "DC1".into(), site: Some(SiteId(Uuid::from_u128(7))) });
    });
    world.put(freeze(scope));
    let refusal = world.run(RITA, &Command::Release(REL, INSTALL));
    assert_eq!(refusal.is_err(), stops);
    if let Err(refusal) = refusal {
        assert!(refusal.has("FREEZE") && refusal.findings.len() == 1, "only the freeze: {refusal:?}");
    }
}

#[rstest]
#[case::change_manager(CLEO, &[])]
#[case::release_manager(RITA, &["OVERRIDE_NOT_ALLOWED"])]
fn the_change_manager_overrides_a_freeze(#[case] actor: PersonId, #[case] codes: &[&str]) {
    let mut world = ready_to_install();
    world.put(freeze(FreezeScope::Everything));
    let install = C::RecordInstall { window_override: None, freeze_override: Some(because()) };
    let result = world.run(actor, &Command::Release(REL, install));
    let found: Vec<String> = result.err().into_iter().flat_map(|r| r.findings).map(|f| f.code).collect();
    assert_eq!(found, codes);
}

/// A soft freeze asks for a reason; the release manager's is enough, and nobody's is not.
#[rstest]
#[case::silently(RITA, None, &["SOFT_FREEZE"])]
#[case::release_manager(RITA, Some("cannot wait"), &[])]
#[case::change_manager(CLEO, Some("cannot wait"), &[])]
#[case::without_words(RITA, Some(" "), &["REASON_MISSING"])]
fn a_soft_freeze_asks_for_a_reason(#[case] actor: PersonId, #[case] reason: Option<&str>, #[case] codes: &[&str]) {
    let mut world = ready_to_install();
    world.put(Freeze { strength: FreezeStrength::Soft, ..freeze(FreezeScope::Everything) });
    let install = C::RecordInstall { window_override: None, freeze_override: reason.map(str::to_owned) };
    let result = world.run(actor, &Command::Release(REL, install));
    let found: Vec<String> = result.err().into_iter().flat_map(|r| r.findings).map(|f| f.code).collect();
    assert_eq!(found, codes);
}

#[test]
fn a_freeze_that_came_again_stops_as_the_first_time() {
    let mut world = ready_to_install();
    let window = Window { start: rollout_window().start.plus_days(-14), end: rollout_window().end.plus_days(-14) };
    let repeats = Some(Repeat { every: Every::Week, until: None });
    world.put(Freeze { window, repeats, ..freeze(FreezeScope::Everything) });
    assert_eq!(world.no(RITA, INSTALL), ["FREEZE"]);
    world.put(Freeze { window, ..freeze(FreezeScope::Everything) });
    world.on(RITA, INSTALL);
}

#[test]
fn the_coordinator_of_the_release_activates_the_back_out_plan_and_no_other_coordinator() {
    let mut world = at(Phase::Verification);
    assert_eq!(world.no(CARL, back_out()), ["NOT_THE_RELEASE_MANAGER"]);
    world.spoil(|r| r.coordinator = Some(CARL));
    world.on(CARL, back_out());
}

#[test]
fn terminating_ends_everything_in_one_step() {
    let mut world = at(Phase::BuildAndTest);
    let pending = world.request();
    world.put(a_unit(1, UnitState::Reserved, Some(REL)));
    world.put(a_unit(2, UnitState::Issued, Some(REL)));
    let cis: Vec<Ci> = world.records.list(Lookup::CiByBareName, "payroll").unwrap();
    world.on(RITA, terminate());
    let tasks = tasks_of(REL, &world.records).unwrap();
    assert!(tasks.iter().all(|t| matches!(t.state, TaskState::Done | TaskState::Cancelled)), "no task is open");
    assert!(tasks.iter().any(|t| t.state == TaskState::Cancelled), "open ones are cancelled");
    let approvals: Vec<Approval> =
        world.records.list(Lookup::ApprovalsOf, &subject_key(Subject::Release(REL))).unwrap();
    assert!(approvals.iter().all(|a| a.state == ApprovalState::Withdrawn), "asked for and granted ones alike");
    assert!(world.get::<Approval>(pending).ended_because.contains("because"));
    let freed: DhsUnit = world.get(a_unit(1, UnitState::InStore, None).id);
    assert_eq!((freed.state, freed.reserved_for), (UnitState::InStore, None));
    let ledger: Vec<Movement> = world.records.list(Lookup::MovementsOfUnit, &freed.id.to_string()).unwrap();
    assert_eq!(ledger.last().unwrap().kind, MovementKind::ReleaseReservation, "the ledger tells");
    assert_eq!(world.get::<DhsUnit>(a_unit(2, UnitState::Issued, None).id).state, UnitState::Issued, "still out");
    let change: Change = world.get(CHG);
    assert_eq!((change.state, change.release, change.planned), (ChangeState::Approved, None, None));
    assert_eq!(world.records.list::<Ci>(Lookup::CiByBareName, "payroll").unwrap(), cis, "the CMDB is untouched");
}

#[test]
fn sending_back_voids_approvals_from_there_on_and_reopens_later_tasks() {
    let mut world = ready_to_install();
    world.on(RITA, send_back(Phase::BuildAndTest));
    let approvals: Vec<Approval> =
        world.records.list(Lookup::ApprovalsOf, &subject_key(Subject::Release(REL))).unwrap();
    let state = |gate| approvals.iter().find(|a| a.gate == gate).unwrap().state;
    assert_eq!(state(slipway_domain::setting::Gate::PlanAndDesign), ApprovalState::Approved, "of an earlier phase");
    assert_eq!(state(slipway_domain::setting::Gate::BuildAndTest), ApprovalState::Void);
    let tasks = tasks_of(REL, &world.records).unwrap();
    let done = |phase| tasks.iter().filter(|t| t.phase == phase).all(|t| t.state == TaskState::Done);
    assert!(done(Phase::PlanAndDesign) && done(Phase::BuildAndTest), "only later phases are reopened");
    assert!(!done(Phase::DistributionAndRollout));
    assert_eq!(world.release().go_no_go, None, "the go was for that rollout");
    assert!(world.release().verified_masters.is_empty(), "a new round verifies anew");
    world.prepare();
    world.on(RITA, C::Advance);
}

#[test]
fn a_failed_test_goes_back_to_plan_with_its_evidence() {
    let mut world = ready(Phase::BuildAndTest);
    let passed = world.test(TestResult::Passed);
    world.on(RITA, C::TestFailed { failure: "deadlock under load".into() });
    let tests: Vec<TestRecord> = world.records.list(Lookup::TestsOfRelease, &REL.to_string()).unwrap();
    assert!(tests.iter().any(|t| t.result == TestResult::Failed && t.note == "deadlock under load"));
    world.prepare();
    world.on(RITA, C::Advance);
    assert!(world.get::<TestRecord>(passed).superseded, "kept as evidence, counts no more");
    assert!(!world.no(RITA, C::Advance).contains(&"TEST_FAILED".to_owned()), "the failure is of another round");
    let approvals: Vec<Approval> =
        world.records.list(Lookup::ApprovalsOf, &subject_key(Subject::Release(REL))).unwrap();
    assert_eq!(approvals.iter().filter(|a| a.state == ApprovalState::Void).count(), 2, "of both phases");
}

#[test]
fn a_hardware_release_needs_its_units_reserved() {
    let mut world = ready(Phase::BuildAndTest);
    let model = DhsModelId(Uuid::from_u128(0x600));
    world.spoil(|r| {
        r.release_type = Some(ReleaseType::Hardware);
        r.scope.components =
            [Component::DhsUnit(a_unit(1, UnitState::Reserved, None).id), Component::DhsModel { model, quantity: 2 }]
                .into();
    });
    assert_eq!(world.no(RITA, C::Advance), ["UNIT_NOT_RESERVED", "UNITS_NOT_RESERVED"]);
    world.put(a_unit(1, UnitState::Reserved, Some(REL)));
    world.put(a_unit(2, UnitState::Reserved, Some(REL)));
    assert_eq!(world.no(RITA, C::Advance), ["UNITS_NOT_RESERVED"], "the unit named by itself does not count twice");
    world.put(a_unit(3, UnitState::Reserved, Some(REL)));
    world.on(RITA, C::Advance);
}

#[test]
fn changes_follow_their_release() {
    let mut world = ready_to_install();
    let state = |w: &World| w.get::<Change>(CHG).state;
    assert_eq!((state(&world), world.get::<Change>(CHG).release), (ChangeState::Approved, Some(REL)));
    world.on(RITA, INSTALL);
    assert_eq!(state(&world), ChangeState::Implemented);
    world.on(RITA, back_out());
    let change: Change = world.get(CHG);
    assert_eq!(
        (change.state, change.outcome, change.release),
        (ChangeState::Approved, Some(Outcome::Failed), Some(REL))
    );
    world.do_tasks();
    world.on(RITA, C::CompleteBackOut { rework: false });
    assert_eq!(world.get::<Change>(CHG).release, None, "free for another release");
}

#[test]
fn a_change_of_another_suite_keeps_its_state() {
    let mut world = ready_to_install();
    let foreign = slipway_domain::change::record::Foreign { system: "SM".into(), number: "C1".into() };
    world.put(Change { foreign: Some(foreign), ..world.get(CHG) });
    world.on(RITA, INSTALL);
    let change: Change = world.get(CHG);
    assert_eq!((change.state, change.release), (ChangeState::Approved, Some(REL)), "read-only but for its release");
}

#[test]
fn a_change_is_in_one_open_release_only() {
    let mut world = at(Phase::Assess);
    let other = ReleaseId(Uuid::from_u128(0x101));
    world.create(other, 2);
    assert_eq!(world.refused(RITA, &Command::Release(other, C::AttachChange(CHG))), ["CHANGE_IN_OTHER_RELEASE"]);
    world.on(RITA, terminate());
    world.must(RITA, &Command::Release(other, C::AttachChange(CHG)));
}

#[test]
fn any_change_is_attached_early_and_only_an_approved_one_late() {
    let pending = ChangeId(Uuid::from_u128(0x202));
    for (phase, codes) in [
        (Phase::Assess, &[] as &[&str]),
        (Phase::PlanAndDesign, &[]),
        (Phase::BuildAndTest, &["CHANGE_NOT_APPROVED"]),
        (Phase::Verification, &["SCOPE_IS_FIXED", "CHANGE_NOT_APPROVED"]),
    ] {
        let mut world = at(phase);
        world.put(a_change(pending, 2, ChangeState::ApprovalPending));
        let result = world.run(RITA, &Command::Release(REL, C::AttachChange(pending)));
        let found: Vec<String> = result.err().into_iter().flat_map(|r| r.findings).map(|f| f.code).collect();
        assert_eq!(found, codes, "in {phase}");
    }
}

#[test]
fn only_the_access_table_lets_a_person_try() {
    let mut world = ready(Phase::Assess);
    assert_eq!(world.no(BERT, C::Advance), ["NOT_ALLOWED"]);
    let mut gone: Person = world.get(RITA);
    gone.active = false;
    world.put(gone);
    assert_eq!(world.no(RITA, C::Advance), ["PERSON_INACTIVE"]);
}
