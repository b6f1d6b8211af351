//! Tests of creating and editing a release: all edits or none, against what the author saw, when the phase allows.

use crate::builders::{CARL, RITA, START, World};
use crate::story::{AGENT, CHG, ITEM, REL, a_world, edit, the_item, the_plan};
use rstest::rstest;
use slipway_domain::command::{Command, NewRelease, ReleaseCommand as C, ReleaseEdit as E};
use slipway_domain::dsl::item::{DslItem, ItemState};
use slipway_domain::id::{CiId, DhsUnitId, PersonId, ReleaseId, SiteId};
use slipway_domain::level::{Impact, Priority, Risk, Urgency};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Person;
use slipway_domain::release::edit::{EDITS, PLAN_STEPS, TARGETS};
use slipway_domain::release::record::{
    Component, Packaging, Phase, PlanKind, PlanStep, Release, ReleaseClass, ReleaseType, Status, Target, Training,
};
use slipway_domain::release::task::tasks_of;
use slipway_domain::time::Window;
use uuid::Uuid;

fn at(phase: Phase) -> World {
    let mut world = a_world();
    if phase == Phase::Assess {
        world.assessed();
    } else {
        world.planned();
        world.travel_to(phase);
    }
    world
}

fn title(from: &str, to: &str) -> E {
    E::Title(edit(from.into(), to.into()))
}

fn step(text: &str) -> PlanStep {
    PlanStep { text: text.into(), owner: None, minutes: 5 }
}

#[test]
fn a_new_release_is_in_assess_with_the_number_it_came_with() {
    let mut world = World::new();
    world.create(REL, 7);
    let release = world.release();
    assert_eq!((release.number.as_str(), release.phase, release.status), ("REL-000007", Phase::Assess, Status::Open));
    assert_eq!(release.phase_history.len(), 1, "its creation is the first entry");
    assert!(tasks_of(REL, &world.records).unwrap().is_empty(), "no tasks by default in Assess");
}

#[test]
fn every_fault_of_a_new_release_is_named_at_once() {
    let mut world = World::new();
    world.create(REL, 1);
    let nobody = PersonId(Uuid::from_u128(99));
    world.put(Person { active: false, ..world.get(CARL) });
    let new = NewRelease {
        number: Number::new(Series::Release, 1),
        title: " ".into(),
        description: "\u{0}".into(),
        release_type: None,
        class: ReleaseClass::Minor,
        packaging: Packaging::Delta,
        reason: String::new(),
        manager: nobody,
        requested_by: CARL,
    };
    let expected = ["ID_TAKEN", "TEXT_MISSING", "TEXT_NOT_READABLE", "UNKNOWN_PERSON", "PERSON_INACTIVE"];
    assert_eq!(world.no(RITA, C::Create(new)), expected);
}

#[test]
fn a_taken_number_is_refused_where_there_is_no_other() {
    let mut world = World::new();
    world.create(REL, 1);
    let other = ReleaseId(Uuid::from_u128(0x101));
    let Release { title, class, packaging, .. } = world.release();
    let new = NewRelease {
        number: Number::new(Series::Release, 1),
        title,
        description: String::new(),
        release_type: None,
        class,
        packaging,
        reason: String::new(),
        manager: RITA,
        requested_by: RITA,
    };
    assert_eq!(world.refused(RITA, &Command::Release(other, C::Create(new))), ["NUMBER_TAKEN"]);
}

#[test]
fn all_edits_are_carried_out_or_none() {
    let mut world = at(Phase::Assess);
    let edits =
        vec![title("Payroll 9.4", "Payroll 9.5"), title("something else", "Payroll 9.6"), E::AddCi(CiId(Uuid::nil()))];
    assert_eq!(world.no(RITA, C::Edit(edits)), ["EDIT_CONFLICT", "NOT_FOUND"]);
    assert_eq!(world.release().title, "Payroll 9.4", "the first edit went with the others");
}

#[test]
fn texts_of_a_release_merge_one_by_one() {
    let mut world = at(Phase::PlanAndDesign);
    let reason = world.release().reason;
    let stale = C::Edit(vec![
        title("something else", "Payroll 9.6"),
        E::Reason(edit(reason, "tax law".into())),
        E::Plan { plan: PlanKind::Support, steps: edit(vec![step("seen")], vec![step("call us")]) },
    ]);
    assert_eq!(world.no(RITA, stale.clone()), ["EDIT_CONFLICT", "EDIT_CONFLICT"], "at the desk both are told");
    let theirs = world.release();
    let effect = world.judge(RITA, &Command::Release(REL, stale)).unwrap();
    let fields: Vec<_> = effect.conflicts.iter().filter_map(|c| c.field.as_deref()).collect();
    assert_eq!(fields, ["title", "support plan"]);
    let first = &effect.conflicts[0];
    assert_eq!((&*first.from, &*first.mine, &*first.theirs), ("something else", "Payroll 9.6", &*theirs.title));
    let release = world.release();
    assert_eq!((release.title, release.reason.as_str()), (theirs.title, "tax law"), "the rest is applied");
    assert_eq!(release.scope, theirs.scope, "a conflict touches no scope");
}

#[test]
fn a_level_that_somebody_else_set_refuses_the_whole_edit() {
    let mut world = at(Phase::Assess);
    let before = world.release();
    let mixed = C::Edit(vec![title("Payroll 9.4", "Payroll 9.6"), E::Impact(edit(None, Some(Impact::User)))]);
    assert!(world.judge(RITA, &Command::Release(REL, mixed)).unwrap_err().has("EDIT_CONFLICT"));
    assert_eq!(world.release(), before);
}

#[test]
fn an_edit_of_something_else_than_seen_names_field_was_and_is() {
    let mut world = at(Phase::Assess);
    let stale = C::Edit(vec![E::Impact(edit(None, Some(Impact::User)))]);
    let refusal = world.run(RITA, &Command::Release(REL, stale)).unwrap_err();
    let data = &refusal.findings[0].data;
    assert_eq!((data["field"].as_str(), data["was"].as_str(), data["is"].as_str()), ("impact", "", "site_department"));
}

#[test]
fn an_edit_to_what_is_there_already_is_no_conflict() {
    let mut world = at(Phase::Assess);
    let before = world.release();
    world.on(RITA, C::Edit(vec![title("something else", "Payroll 9.4")]));
    assert_eq!(world.release(), before);
}

#[test]
fn priority_follows_impact_and_urgency() {
    let mut world = at(Phase::Assess);
    assert_eq!(world.release().priority, Some(Priority::High), "site/department x high");
    world.on(RITA, C::Edit(vec![E::Urgency(edit(Some(Urgency::High), Some(Urgency::Critical)))]));
    assert_eq!(world.release().priority, Some(Priority::Critical));
}

/// Edits of each family, each from what [`at`] leaves there.
fn family(name: &str, release: &Release) -> E {
    match name {
        "anytime" => E::Risk(edit(release.risk, Some(Risk::VeryHigh))),
        "assessment" => E::AssessmentNote(edit(release.assessment_note.clone(), "other".into())),
        "type" => E::Type(edit(release.release_type, release.release_type)),
        "training" => E::AskTraining(Some("screens".into())),
        "scope" => E::AddCi(AGENT),
        "plan" => {
            let from = release.scope.plans.get(&PlanKind::Test).cloned().unwrap_or_default();
            E::Plan { plan: PlanKind::Test, steps: edit(from, vec![step("again")]) }
        }
        other => panic!("{other}"),
    }
}

#[rstest]
#[case::assess(Phase::Assess, &["anytime", "assessment", "type", "training", "scope", "plan"])]
#[case::plan(Phase::PlanAndDesign, &["anytime", "assessment", "type", "scope", "plan"])]
#[case::build(Phase::BuildAndTest, &["anytime", "scope", "plan"])]
#[case::rollout(Phase::DistributionAndRollout, &["anytime", "scope", "plan"])]
#[case::verification(Phase::Verification, &["anytime"])]
#[case::verified(Phase::Verified, &[])]
fn each_family_of_fields_has_its_phases(#[case] phase: Phase, #[case] allowed: &[&str]) {
    for name in ["anytime", "assessment", "type", "training", "scope", "plan"] {
        let mut world = at(phase);
        let edit = family(name, &world.release());
        let result = world.run(RITA, &Command::Release(REL, C::Edit(vec![edit])));
        assert_eq!(result.is_ok(), allowed.contains(&name), "{name} in {phase}: {result:?}");
    }
}

#[test]
fn an_emergency_completes_its_plans_after_the_install() {
    let mut world = at(Phase::Verification);
    let plan = family("plan", &world.release());
    assert_eq!(world.no(RITA, C::Edit(vec![plan.clone()])), ["SCOPE_IS_FIXED"]);
    world.spoil(|r| r.class = ReleaseClass::Emergency);
    world.on(RITA, C::Edit(vec![plan]));
    assert_eq!(world.no(RITA, C::Edit(vec![E::AddCi(AGENT)])), ["SCOPE_IS_FIXED"], "but nothing else of the scope");
}

#[test]
fn the_type_is_fixed_by_the_approval_of_plan_and_design() {
    let mut world = at(Phase::PlanAndDesign);
    world.approve();
    let change = E::Type(edit(Some(ReleaseType::Software), Some(ReleaseType::Hardware)));
    assert_eq!(world.no(RITA, C::Edit(vec![change])), ["TYPE_IS_FIXED"]);
}

#[test]
fn another_type_replaces_the_template_tasks_that_nobody_touched() {
    let mut world = at(Phase::PlanAndDesign);
    let (touched, kept) = (world.task("Licences checked").id, world.task("Scope and content").id);
    world.finish(kept);
    world.finish(touched);
    let edits = vec![
        E::RemoveComponent(Component::DslItem(ITEM)),
        E::Type(edit(Some(ReleaseType::Software), Some(ReleaseType::Hardware))),
    ];
    world.on(RITA, C::Edit(edits));
    let tasks = tasks_of(REL, &world.records).unwrap();
    let titles: Vec<&str> = tasks.iter().map(|t| t.title.as_str()).collect();
    assert!(titles.contains(&"Procurement and DHS stock checked"), "the new template's came: {titles:?}");
    assert!(!titles.contains(&"Test plan"), "the old template's went");
    assert!(titles.contains(&"Licences checked"), "what was touched stays");
    assert_eq!(titles.iter().filter(|t| **t == "Scope and content").count(), 1, "nothing is there twice");
    let survey = tasks.iter().find(|t| t.title.starts_with("Site survey")).unwrap();
    assert_eq!(survey.predecessors, [kept].into(), "it comes after the task that was kept");
}

#[rstest]
#[case::blank_title(title("Payroll 9.4", " "), "TEXT_MISSING")]
#[case::unknown_manager(E::Manager(edit(RITA, PersonId(Uuid::from_u128(9)))), "UNKNOWN_PERSON")]
#[case::unknown_service(E::AddService(CiId(Uuid::from_u128(9))), "NOT_FOUND")]
#[case::hardware_in_software(E::AddComponent(Component::DhsUnit(DhsUnitId(Uuid::from_u128(9)))), "NOT_FOUND")]
#[case::same_target_twice(E::Targets(edit(vec![], vec![Target { name: "A".into(), site: None }, Target { name: "a".into(), site: None }])), "TARGET_NAME_TAKEN")]
#[case::unknown_site(E::Targets(edit(vec![], vec![Target { name: "A".into(), site: Some(SiteId(Uuid::nil())) }])), "NOT_FOUND")]
#[case::window_backwards(E::BuildWindow(edit(None, Some(Window { start: START, end: START }))), "WINDOW_NOT_ORDERED")]
#[case::blank_step(E::Plan { plan: PlanKind::Test, steps: edit(vec![], vec![step("")]) }, "TEXT_MISSING")]
#[case::too_many_steps(E::Plan { plan: PlanKind::Test, steps: edit(vec![], vec![step("x"); PLAN_STEPS + 1]) }, "TOO_MANY")]
#[case::training_without_reason(E::AskTraining(Some(String::new())), "TEXT_MISSING")]
#[case::component_withdrawn(E::AddComponent(Component::DslItem(ITEM)), "MASTER_WITHDRAWN")]
fn a_wrong_value_is_named(#[case] wrong: E, #[case] code: &str) {
    let mut world = at(Phase::Assess);
    world.put(DslItem { state: ItemState::Withdrawn, ..the_item() });
    assert_eq!(world.no(RITA, C::Edit(vec![wrong])), [code]);
}

#[test]
fn limits_are_limits() {
    let mut world = at(Phase::Assess);
    assert_eq!(world.no(RITA, C::Edit(vec![E::AddCi(AGENT); EDITS + 1])), ["TOO_MANY"]);
    let target = |n: usize| Target { name: format!("T{n}"), site: None };
    let targets = |n| E::Targets(edit(vec![], (0..n).map(target).collect()));
    assert_eq!(world.no(RITA, C::Edit(vec![targets(TARGETS + 1)])), ["TOO_MANY"]);
    world.on(RITA, C::Edit(vec![targets(TARGETS)]));
}

#[test]
fn components_come_from_the_store_of_the_type() {
    let mut world = at(Phase::PlanAndDesign);
    let change = E::Type(edit(Some(ReleaseType::Software), Some(ReleaseType::Hardware)));
    assert_eq!(world.no(RITA, C::Edit(vec![change])), ["COMPONENT_OF_OTHER_TYPE"]);
    let no_type = E::Type(edit(Some(ReleaseType::Software), None));
    assert_eq!(world.no(RITA, C::Edit(vec![no_type])), ["TYPE_NOT_SET"]);
}

#[test]
fn only_the_release_manager_asks_for_training() {
    let mut world = at(Phase::Assess);
    let ask = C::Edit(vec![E::AskTraining(Some("screens".into()))]);
    assert_eq!(world.no(CARL, ask.clone()), ["NOT_THE_RELEASE_MANAGER"]);
    world.on(RITA, ask);
    world.on(RITA, C::Edit(vec![E::AskTraining(None)]));
    assert_eq!(world.release().training, Training::Undecided);
}

#[test]
fn the_ci_plan_names_cis_that_exist_or_that_it_creates() {
    let mut world = at(Phase::PlanAndDesign);
    let mut plan = the_plan();
    plan.remove(1);
    let edits = C::Edit(vec![E::CiPlan(edit(the_plan(), plan))]);
    assert_eq!(world.no(RITA, edits), ["NOT_FOUND"], "the relation leads to a CI that nobody creates");
}

#[test]
fn a_scope_edit_after_the_go_needs_a_new_approval_and_a_new_go() {
    let mut world = at(Phase::DistributionAndRollout);
    world.go();
    world.on(RITA, C::Edit(vec![E::AddCi(AGENT)]));
    assert_eq!(world.release().go_no_go, None);
    assert_eq!(world.no(RITA, C::RecordGoNoGo { go: true, note: String::new() }), ["CRITERION_NOT_MET"]);
}

#[test]
fn a_detached_change_is_unscheduled_and_free() {
    let mut world = at(Phase::PlanAndDesign);
    world.on(RITA, C::DetachChange(CHG));
    let change: slipway_domain::change::record::Change = world.get(CHG);
    assert_eq!((change.release, change.planned), (None, None));
    assert_eq!(world.no(RITA, C::DetachChange(CHG)), ["CHANGE_NOT_ATTACHED"]);
    world.on(RITA, C::AttachChange(CHG));
    let result = world.must(RITA, &Command::Release(REL, C::AttachChange(CHG)));
    assert_eq!(result.unchanged, 1, "attached already");
}
