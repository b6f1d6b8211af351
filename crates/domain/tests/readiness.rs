//! Tests of readiness, of what is recorded as evidence, and of the actions of a release.

use crate::builders::{ANNE, CARL, LIBBY, RITA, TESS, VERA, World};
use crate::story::{AGENT, CHG, ITEM, PAYROLL, REL, a_change, a_world, edit, rollout_window, the_item};
use rstest::rstest;
use slipway_domain::change::record::ChangeState;
use slipway_domain::command::{Command, ReleaseCommand as C, ReleaseEdit};
use slipway_domain::dsl::item::{DslItem, ItemState, MasterFile};
use slipway_domain::id::{ChangeId, FreezeId, PersonId, ReleaseId};
use slipway_domain::readiness::evaluate::evaluate;
use slipway_domain::readiness::{Criterion, CriterionState as S};
use slipway_domain::release::action::{ActionState, actions};
use slipway_domain::release::record::{
    Outcome, Phase, PlanKind, Release, ReleaseClass, TestRecord, TestResult, Training,
};
use slipway_domain::setting::{Freeze, FreezeScope, FreezeStrength};
use std::collections::BTreeSet;
use uuid::Uuid;

fn criterion(world: &World, code: &str) -> Criterion {
    let all = evaluate(&world.release(), world.now, &world.records).unwrap();
    all.into_iter().find(|c| c.code == code).expect("the criterion exists")
}

fn in_rollout() -> World {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::DistributionAndRollout);
    world
}

#[test]
fn the_criteria_cover_the_five_families_with_codes_of_their_own() {
    let mut world = a_world();
    world.assessed();
    let all = evaluate(&world.release(), world.now, &world.records).unwrap();
    let families: BTreeSet<_> = all.iter().map(|c| c.family).collect();
    assert_eq!(families.len(), 5);
    let codes: BTreeSet<_> = all.iter().map(|c| c.code.clone()).collect();
    assert_eq!(codes.len(), all.len());
    assert!(all.iter().all(|c| !c.why.is_empty()), "each says why");
    assert!(all.iter().all(|c| c.state != S::NotMet || !c.way_out.is_empty()), "and what would meet it");
}

#[test]
fn in_rollout_only_attestations_are_left() {
    let world = in_rollout();
    let all = evaluate(&world.release(), world.now, &world.records).unwrap();
    let open: Vec<&str> = all.iter().filter(|c| c.state == S::NotMet).map(|c| c.code.as_str()).collect();
    assert_eq!(open, ["known_errors_reviewed", "environment_ready", "service_desk_informed"]);
}

#[rstest]
#[case::no_test("tests_recorded", |w: &mut World| for mut t in tests(w) { t.superseded = true; w.put(t); }, S::NotMet)]
#[case::failed_test("tests_passed", |w: &mut World| for mut t in tests(w) { t.result = TestResult::Failed; w.put(t); }, S::NotMet)]
#[case::master("components_ready", |w: &mut World| w.put(DslItem { state: ItemState::Withdrawn, ..the_item() }), S::NotMet)]
#[case::change("changes_approved", |w: &mut World| w.put(a_change(CHG, 1, ChangeState::ApprovalWithdrawn)), S::NotMet)]
#[case::scope("approvals_current", |w: &mut World| w.on(RITA, C::Edit(vec![ReleaseEdit::AddCi(AGENT)])), S::NotMet)]
#[case::no_window("windows_clear", |w: &mut World| w.spoil(|r| r.scope.rollout_window = None), S::NotMet)]
#[case::freeze("windows_clear", |w: &mut World| w.put(Freeze { id: FreezeId(Uuid::from_u128(1)), title: "Year end".into(), window: rollout_window(), scope: FreezeScope::Everything, strength: FreezeStrength::Hard, repeats: None }), S::NotMet)]
#[case::other_release("windows_clear", same_time, S::NotMet)]
#[case::other_change("windows_clear", |w: &mut World| w.put(a_change(ChangeId(Uuid::from_u128(0x202)), 2, ChangeState::Approved)), S::NotMet)]
#[case::no_plan("ci_plan_applies", |w: &mut World| w.spoil(|r| r.scope.ci_plan.clear()), S::NotApplicable)]
#[case::plan("ci_plan_applies", |w: &mut World| { let ci: slipway_domain::cmdb::ci::Ci = w.get(PAYROLL); w.put(slipway_domain::cmdb::ci::Ci { version: "x".into(), ..ci }); }, S::NotMet)]
#[case::training_skipped("training_done", |_: &mut World| (), S::NotApplicable)]
#[case::training("training_done", |w: &mut World| w.spoil(|r| r.training = Training::Active), S::Met)]
#[case::support("support_plan", |w: &mut World| w.spoil(|r| drop(r.scope.plans.remove(&PlanKind::Support))), S::NotMet)]
#[case::rollout("rollout_plan", |w: &mut World| w.spoil(|r| drop(r.scope.plans.remove(&PlanKind::Rollout))), S::NotMet)]
#[case::rollout_emergency("rollout_plan", |w: &mut World| w.spoil(|r| { r.class = ReleaseClass::Emergency; r.scope.plans.remove(&PlanKind::Rollout); }), S::NotApplicable)]
#[case::back_out("back_out_plan", |w: &mut World| w.spoil(|r| drop(r.scope.plans.remove(&PlanKind::BackOut))), S::NotMet)]
#[case::owners("steps_owned", |w: &mut World| w.spoil(|r| r.scope.plans.get_mut(&PlanKind::BackOut).unwrap()[0].owner = None), S::NotMet)]
#[case::rehearsal("back_out_rehearsed", |w: &mut World| { let mut t = w.task("Back-out rehearsed"); t.title = "x".into(); w.put(t); }, S::NotMet)]
#[case::risk_plan("risk_plan", |w: &mut World| w.spoil(|r| drop(r.scope.plans.remove(&PlanKind::RiskManagement))), S::NotMet)]
#[case::risk("risk_rated", |w: &mut World| w.spoil(|r| r.risk = None), S::NotMet)]
fn a_criterion_follows_the_records(#[case] code: &str, #[case] spoil: fn(&mut World), #[case] state: S) {
    let mut world = in_rollout();
    let before = criterion(&world, code).state;
    assert!(matches!(before, S::Met | S::NotApplicable), "{code} is fine at first");
    spoil(&mut world);
    assert_eq!(criterion(&world, code).state, state);
}

fn tests(world: &World) -> Vec<TestRecord> {
    use slipway_domain::lookup::Lookup;
    use slipway_domain::records::RecordsExt;
    world.records.list(Lookup::TestsOfRelease, &REL.to_string()).unwrap()
}

fn same_time(world: &mut World) {
    let other = ReleaseId(Uuid::from_u128(0x101));
    world.create(other, 2);
    let mut release: Release = world.get(other);
    release.scope.cis.insert(PAYROLL);
    release.scope.rollout_window = Some(rollout_window());
    world.put(release);
}

#[test]
fn what_is_attested_is_met_and_what_is_waived_says_by_whom() {
    let mut world = in_rollout();
    world.spoil(|r| r.risk = None);
    let attest = |note: &str| C::Attest { criterion: "environment_ready".into(), note: note.into() };
    assert_eq!(world.no(CARL, attest(" ")), ["TEXT_MISSING"]);
    world.on(CARL, attest("checked on site"));
    let met = criterion(&world, "environment_ready");
    assert_eq!((met.state, met.why.contains("Carl") && met.why.contains("checked on site")), (S::Met, true));
    let waive =
        |criterion: &str, reason: &str| C::WaiveCriterion { criterion: criterion.into(), reason: reason.into() };
    assert_eq!(world.no(RITA, waive("risk_rated", "")), ["TEXT_MISSING"]);
    assert_eq!(world.no(RITA, waive("risk_plan", "x")), ["NOT_WAIVABLE"], "it is a guard");
    assert_eq!(world.no(RITA, waive("luck", "x")), ["UNKNOWN_CRITERION"]);
    assert_eq!(world.no(CARL, waive("risk_rated", "x")), ["NOT_ALLOWED"]);
    world.on(RITA, waive("risk_rated", "tiny"));
    assert_eq!(criterion(&world, "risk_rated").state, S::Waived);
    let attest_computed = C::Attest { criterion: "risk_rated".into(), note: "x".into() };
    assert_eq!(world.no(CARL, attest_computed), ["NOT_ATTESTABLE"]);
    world.on(RITA, C::ClearCriterion { criterion: "risk_rated".into() });
    assert_eq!(criterion(&world, "risk_rated").state, S::NotMet);
}

#[test]
fn the_decision_keeps_the_criteria_it_was_taken_on() {
    let mut world = in_rollout();
    world.go();
    let decision = world.release().go_no_go.unwrap();
    assert!(decision.go && decision.criteria.iter().all(|c| c.state != S::NotMet));
    world.on(CARL, C::Attest { criterion: "environment_ready".into(), note: "again".into() });
    assert_eq!(world.release().go_no_go.as_ref(), Some(&decision), "a further attestation takes nothing away");
    world.on(RITA, C::ClearCriterion { criterion: "environment_ready".into() });
    assert_eq!(world.release().go_no_go, None, "what it rested on is gone");
}

#[rstest]
#[case::same(|_: &mut Vec<MasterFile>| (), None)]
#[case::other_bytes(|f: &mut Vec<MasterFile>| f[0].sha256 = "cd".repeat(32), Some("MASTER_DIFFERS"))]
#[case::other_size(|f: &mut Vec<MasterFile>| f[0].size_bytes = 11, Some("MASTER_DIFFERS"))]
#[case::missing(|f: &mut Vec<MasterFile>| f.clear(), Some("MASTER_DIFFERS"))]
#[case::extra(|f: &mut Vec<MasterFile>| { let mut g = f[0].clone(); g.name = "b".into(); f.push(g); }, Some("MASTER_DIFFERS"))]
#[case::upper_case(|f: &mut Vec<MasterFile>| f[0].sha256 = f[0].sha256.to_uppercase(), None)]
fn a_master_is_verified_by_its_files(#[case] spoil: fn(&mut Vec<MasterFile>), #[case] code: Option<&str>) {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::BuildAndTest);
    let mut files = the_item().files;
    spoil(&mut files);
    let result = world.run(LIBBY, &Command::Release(REL, C::VerifyMaster { item: ITEM, files }));
    assert_eq!(result.err().map(|r| r.findings[0].code.clone()).as_deref(), code);
    assert_eq!(world.release().verified_masters.contains_key(&ITEM), code.is_none());
}

#[test]
fn evidence_is_recorded_in_its_phase_only() {
    let mut world = a_world();
    world.planned();
    let test = |w: &mut World| C::RecordTest {
        test: w.id(),
        title: "x".into(),
        result: TestResult::Passed,
        note: String::new(),
    };
    let early = test(&mut world);
    assert_eq!(world.no(TESS, early), ["NOT_IN_PHASE"]);
    assert_eq!(world.no(LIBBY, C::VerifyMaster { item: ITEM, files: the_item().files }), ["NOT_IN_PHASE"]);
    let outcome = C::RecordOutcome { change: CHG, outcome: Outcome::Failed };
    assert_eq!(world.no(RITA, outcome.clone()), ["NOT_IN_PHASE"]);
    world.travel_to(Phase::DistributionAndRollout);
    assert_eq!(world.no(RITA, outcome), ["NOT_INSTALLED"]);
    let review = C::WriteReview(edit(String::new(), "well".into()));
    assert_eq!(world.no(RITA, review.clone()), ["NOT_INSTALLED"]);
    world.go();
    world.install();
    let attest = C::Attest { criterion: "environment_ready".into(), note: "late".into() };
    assert_eq!(world.no(CARL, attest), ["ALREADY_INSTALLED"]);
    world.on(RITA, review.clone());
    let stale = C::WriteReview(edit("other".into(), "better".into()));
    assert_eq!(world.no(RITA, stale), ["EDIT_CONFLICT"]);
    world.on(RITA, C::BackOut { reason: "x".into() });
    assert_eq!(world.release().phase, Phase::BackOut);
}

#[test]
fn a_failed_test_is_waived_with_a_reason_and_only_in_its_round() {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::BuildAndTest);
    let failed = world.test(TestResult::Failed);
    let passed = world.test(TestResult::Passed);
    let waive = |test, reason: &str| C::WaiveTest { test, reason: reason.into() };
    assert_eq!(world.no(RITA, waive(failed, "")), ["TEXT_MISSING"]);
    assert_eq!(world.no(RITA, waive(passed, "x")), ["NOTHING_TO_WAIVE"]);
    world.on(RITA, waive(failed, "known"));
    assert_eq!(world.get::<TestRecord>(failed).result, TestResult::Waived { reason: "known".into(), by: RITA });
}

fn action(world: &World, person: PersonId, code: &str) -> Option<ActionState> {
    let all = actions(&world.release(), &world.get(person), world.now, &world.records).unwrap();
    all.into_iter().find(|a| a.action == code)
}

#[test]
fn an_action_is_allowed_exactly_when_its_command_is_carried_out() {
    let because = || "because".to_owned();
    let mut world = a_world();
    world.assessed();
    let mut seen = BTreeSet::new();
    for phase in
        [Phase::Assess, Phase::PlanAndDesign, Phase::BuildAndTest, Phase::DistributionAndRollout, Phase::Verification]
    {
        if phase == Phase::PlanAndDesign {
            world = a_world();
            world.planned();
        }
        if phase != Phase::Assess {
            world.travel_to(phase);
        }
        let mut prepared = world.clone();
        prepared.prepare();
        for world in [&world, &prepared] {
            for person in [RITA, CARL, TESS, ANNE, VERA] {
                for (code, command) in [
                    ("advance", C::Advance),
                    ("test_failed", C::TestFailed { failure: because() }),
                    ("go", C::RecordGoNoGo { go: true, note: String::new() }),
                    ("no_go", C::RecordGoNoGo { go: false, note: String::new() }),
                    ("record_install", C::RecordInstall { window_override: None, freeze_override: None }),
                    ("verify_and_close", C::VerifyAndClose),
                    ("back_out", C::BackOut { reason: because() }),
                    ("terminate", C::Terminate { reason: because() }),
                    ("send_back", C::SendBack { to: Phase::Assess, reason: because() }),
                    ("attach_change", C::AttachChange(CHG)),
                ] {
                    let Some(action) = action(world, person, code) else { continue };
                    if code == "attach_change" && world.release().phase != Phase::Assess {
                        continue;
                    }
                    seen.insert((code, action.allowed));
                    let result = world.clone().run(person, &Command::Release(REL, command));
                    match result {
                        Ok(_) => assert!(action.allowed, "{code} in {phase}: {:?}", action.findings),
                        Err(refusal) if refusal.has("NOT_ALLOWED") => {
                            assert_eq!(action.findings[0], refusal.findings[0], "{code} in {phase}");
                        }
                        Err(refusal) => assert_eq!(action.findings, refusal.findings, "{code} in {phase}"),
                    }
                }
            }
        }
    }
    assert!(seen.len() >= 18, "both answers were met for nearly every action: {seen:?}");
}

#[test]
fn a_closed_release_offers_a_back_out_while_the_period_lasts_and_nothing_else() {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::Verified);
    let all = |w: &World| actions(&w.release(), &w.get(RITA), w.now, &w.records).unwrap();
    let codes: Vec<String> = all(&world).into_iter().map(|a| a.action).collect();
    assert_eq!(codes, ["back_out"]);
    assert!(all(&world)[0].allowed && all(&world)[0].needs_reason && all(&world)[0].confirm);
    world.now = world.now.plus_days(31);
    assert!(!all(&world)[0].allowed);
}

#[test]
fn terminate_in_training_is_shown_with_the_reason_why_not() {
    let mut world = a_world();
    world.planned_with_training();
    world.travel_to(Phase::Training);
    let terminate = action(&world, RITA, "terminate").unwrap();
    assert!(!terminate.allowed);
    assert_eq!(terminate.findings[0].sentence, "REL-000001 is in Training, which has no Terminate.");
}
