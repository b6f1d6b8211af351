//! Tests of tasks: templates, readiness, predecessors, states, who may.

use crate::builders::{ANNE, CARL, RITA, TESS, World};
use crate::story::{REL, a_world, edit, set_state};
use rstest::rstest;
use slipway_domain::command::{Command, ReleaseCommand as C, ReleaseEdit, TaskCommand as T, TaskEdit as E};
use slipway_domain::id::{PersonId, SettingId, TaskId};
use slipway_domain::release::record::{Phase, ReleaseType, Target, TestResult};
use slipway_domain::release::task::{actions, is_ready, tasks_of};
use slipway_domain::release::task_record::{Assignee, Task, TaskState};
use slipway_domain::release::template::default_templates;
use slipway_domain::setting::{TaskTemplate, TemplateTask};
use std::collections::BTreeSet;
use uuid::Uuid;

fn planned() -> World {
    let mut world = a_world();
    world.planned();
    world
}

fn create(phase: Phase, predecessors: &[TaskId]) -> T {
    T::Create {
        release: REL,
        phase,
        title: "Call the vendor".into(),
        mandatory: true,
        predecessors: predecessors.iter().copied().collect(),
        planned_minutes: 10,
    }
}

fn done(result: Option<TestResult>) -> T {
    T::SetState { state: TaskState::Done, result, note: "seen".into() }
}

#[test]
fn the_default_templates_are_those_of_the_design() {
    let templates = default_templates();
    assert_eq!(templates.len(), 12, "six phases with tasks for either type, and none in Assess");
    let ids: BTreeSet<SettingId> = templates.iter().map(|t| t.id).collect();
    assert_eq!(ids.len(), templates.len(), "each has its own id");
    assert_eq!(ids, default_templates().iter().map(|t| t.id).collect(), "and always the same");
    for template in &templates {
        for (position, task) in template.tasks.iter().enumerate() {
            assert!(task.after.iter().all(|a| (*a as usize) < position), "{} comes after earlier ones", task.title);
        }
    }
}

#[test]
fn entering_a_phase_makes_its_tasks_one_for_each_target_where_the_template_says_so() {
    let mut world = planned();
    let target = |name: &str| Target { name: name.into(), site: None };
    world.on(RITA, C::Edit(vec![ReleaseEdit::Targets(edit(vec![], vec![target("Rome"), target("Oslo")]))]));
    world.travel_to(Phase::DistributionAndRollout);
    let (rome, oslo) = (world.task("Deploy: Rome"), world.task("Deploy: Oslo"));
    assert_eq!(world.task("Update system").predecessors, [rome.id, oslo.id].into(), "after each of them");
    assert_eq!(rome.predecessors, [world.task("Back up").id].into());
    let ordinals: Vec<u32> = tasks_of(REL, &world.records).unwrap().iter().map(|t| t.ordinal).collect();
    assert_eq!(ordinals, (1..=u32::try_from(ordinals.len()).unwrap()).collect::<Vec<_>>(), "numbered without gaps");
}

#[test]
fn a_workspace_has_its_own_templates() {
    let mut world = planned();
    world.put(TaskTemplate {
        id: SettingId(Uuid::from_u128(5)),
        release_type: ReleaseType::Software,
        phase: Phase::BuildAndTest,
        tasks: vec![TemplateTask {
            title: "Ours".into(),
            mandatory: true,
            after: vec![],
            per_target: false,
            planned_minutes: 1,
        }],
    });
    world.travel_to(Phase::BuildAndTest);
    let tasks = tasks_of(REL, &world.records).unwrap();
    let here: Vec<&str> = tasks.iter().filter(|t| t.phase == Phase::BuildAndTest).map(|t| t.title.as_str()).collect();
    assert_eq!(here, ["Ours"]);
}

#[test]
fn a_task_is_ready_when_its_predecessors_are_done_and_its_phase_is_current() {
    let mut world = planned();
    let ready = |w: &World, title: &str| is_ready(&w.task(title), &w.release(), &w.records).unwrap();
    assert!(ready(&world, "Scope and content") && !ready(&world, "Rollout plan"));
    let plan = world.task("Rollout plan").id;
    assert_eq!(world.refused(TESS, &Command::Task(plan, done(None))), ["PREDECESSOR_NOT_DONE"]);
    let start = set_state(TaskState::InProgress);
    assert_eq!(world.refused(TESS, &Command::Task(plan, start)), ["PREDECESSOR_NOT_DONE"], "nor begun");
    let first = world.task("Scope and content").id;
    world.finish(first);
    assert!(ready(&world, "Rollout plan"));
    let later: TaskId = world.id();
    world.must(RITA, &Command::Task(later, create(Phase::BuildAndTest, &[])));
    assert!(!is_ready(&world.get(later), &world.release(), &world.records).unwrap(), "its phase is to come");
    assert_eq!(world.refused(TESS, &Command::Task(later, done(None))), ["TASK_PHASE_NOT_CURRENT"]);
}

#[test]
fn times_result_and_notes_are_recorded() {
    let mut world = planned();
    let id = world.task("Scope and content").id;
    world.must(TESS, &Command::Task(id, set_state(TaskState::InProgress)));
    let began = world.now;
    world.now = world.now.plus_hours(2);
    world.must(TESS, &Command::Task(id, done(None)));
    let task: Task = world.get(id);
    assert_eq!((task.started_at, task.ended_at), (Some(began), Some(world.now)));
    assert_eq!((task.result, task.notes.as_str(), task.from_template), (Some(TestResult::Passed), "seen", false));
}

#[test]
fn a_waiver_is_the_actors_and_needs_a_reason() {
    let mut world = planned();
    let id = world.task("Scope and content").id;
    let waived = |reason: &str| done(Some(TestResult::Waived { reason: reason.into(), by: ANNE }));
    assert_eq!(world.refused(TESS, &Command::Task(id, waived(" "))), ["REASON_MISSING"]);
    world.must(TESS, &Command::Task(id, waived("known")));
    assert_eq!(world.get::<Task>(id).result, Some(TestResult::Waived { reason: "known".into(), by: TESS }));
}

#[test]
fn a_mandatory_task_is_made_optional_by_the_release_manager_before_it_is_cancelled() {
    let mut world = planned();
    let id = world.task("Licences checked").id;
    let cancel = Command::Task(id, set_state(TaskState::Cancelled));
    assert_eq!(world.refused(RITA, &cancel), ["TASK_MANDATORY"]);
    let optional = Command::Task(id, T::Edit(vec![E::Mandatory(edit(true, false))]));
    assert_eq!(world.refused(CARL, &optional), ["NOT_THE_RELEASE_MANAGER"]);
    world.must(RITA, &optional);
    world.must(RITA, &cancel);
}

#[test]
fn a_cancelled_predecessor_holds_nothing_up() {
    let mut world = planned();
    let first = world.task("Scope and content").id;
    world.must(RITA, &Command::Task(first, T::Edit(vec![E::Mandatory(edit(true, false))])));
    world.must(RITA, &Command::Task(first, set_state(TaskState::Cancelled)));
    let plan = world.task("Rollout plan").id;
    world.finish(plan);
}

#[test]
fn a_task_is_not_reopened_under_one_that_builds_on_it() {
    let mut world = planned();
    let (first, second) = (world.task("Scope and content").id, world.task("Rollout plan").id);
    world.finish(first);
    world.finish(second);
    let reopen = |id| Command::Task(id, set_state(TaskState::Planned));
    assert_eq!(world.refused(RITA, &reopen(first)), ["SUCCESSOR_BEGUN"]);
    world.must(RITA, &reopen(second));
    world.must(RITA, &reopen(first));
    assert_eq!(world.get::<Task>(first).ended_at, None);
}

#[test]
fn predecessors_make_no_loop_and_stay_in_release_and_order() {
    let mut world = planned();
    let (first, second) = (world.task("Scope and content").id, world.task("Rollout plan").id);
    let after = |id, on| Command::Task(id, T::Edit(vec![E::AddPredecessor(on)]));
    assert_eq!(world.refused(RITA, &after(first, second)), ["PREDECESSOR_LOOP"]);
    assert_eq!(world.refused(RITA, &after(first, first)), ["PREDECESSOR_LOOP"]);
    let later: TaskId = world.id();
    world.must(RITA, &Command::Task(later, create(Phase::BuildAndTest, &[second])));
    assert_eq!(world.refused(RITA, &after(first, later)), ["PREDECESSOR_LATER", "PREDECESSOR_LOOP"]);
    let mut elsewhere: Task = world.get(second);
    elsewhere.id = world.id();
    elsewhere.release = slipway_domain::id::ReleaseId(Uuid::from_u128(0x999));
    elsewhere.predecessors.clear();
    world.put(elsewhere.clone());
    assert_eq!(world.refused(RITA, &after(first, elsewhere.id)), ["PREDECESSOR_ELSEWHERE"]);
}

#[rstest]
#[case::past(Phase::Assess, "TASK_PHASE_PAST")]
#[case::closed(Phase::Verified, "TASK_PHASE_PAST")]
fn a_task_that_would_never_be_done_is_refused(#[case] phase: Phase, #[case] code: &str) {
    let mut world = planned();
    let id = world.id();
    assert_eq!(world.refused(RITA, &Command::Task(id, create(phase, &[]))), [code]);
}

#[rstest]
#[case::technician(TESS, true)]
#[case::coordinator(CARL, true)]
#[case::nobody_in_particular(ANNE, false)]
fn the_assignee_and_those_who_run_releases_work_a_task(#[case] actor: PersonId, #[case] may: bool) {
    let mut world = planned();
    let id = world.task("Scope and content").id;
    let result = world.run(actor, &Command::Task(id, done(None)));
    assert_eq!(result.is_ok(), may);
    if let Err(refusal) = result {
        assert!(refusal.has("NOT_ASSIGNED"));
        let assign = T::Edit(vec![E::Assignee(edit(None, Some(Assignee::Person(actor))))]);
        world.must(RITA, &Command::Task(id, assign));
        world.must(actor, &Command::Task(id, done(None)));
    }
}

#[test]
fn a_closed_release_has_no_more_tasks() {
    let mut world = planned();
    let task = world.task("Scope and content").id;
    world.on(RITA, C::Terminate { reason: "no budget".into() });
    assert_eq!(world.refused(TESS, &Command::Task(task, done(None))), ["RELEASE_CLOSED"]);
    let id = world.id();
    assert_eq!(world.refused(RITA, &Command::Task(id, create(Phase::BuildAndTest, &[]))), ["RELEASE_CLOSED"]);
    assert_eq!(world.refused(RITA, &Command::Task(task, T::Edit(vec![]))), ["RELEASE_CLOSED"]);
}

#[test]
fn edits_of_a_task_are_all_carried_out_or_none() {
    let mut world = planned();
    let id = world.task("Scope and content").id;
    let edits = vec![E::PlannedMinutes(edit(120, 30)), E::Title(edit("Other".into(), "New".into()))];
    assert_eq!(world.refused(RITA, &Command::Task(id, T::Edit(edits))), ["EDIT_CONFLICT"]);
    world.must(RITA, &Command::Task(id, T::Edit(vec![E::PlannedMinutes(edit(120, 30))])));
    assert!(!world.get::<Task>(id).from_template, "touched");
    world.finish(id);
    let late = T::Edit(vec![E::PlannedMinutes(edit(30, 40))]);
    assert_eq!(world.refused(RITA, &Command::Task(id, late)), ["TASK_FINISHED"]);
}

#[test]
fn what_may_be_done_with_a_task_is_what_its_commands_take() {
    let mut world = planned();
    let of = |w: &World, title: &str, person: PersonId| -> Vec<(String, bool)> {
        actions(&w.task(title), &w.release(), &w.get(person), &w.records)
            .unwrap()
            .into_iter()
            .map(|a| (a.action, a.allowed))
            .collect()
    };
    let named = |pairs: &[(&str, bool)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), *b)).collect::<Vec<_>>();
    let free = named(&[("start", true), ("done", true), ("block", true), ("cancel", false)]);
    assert_eq!(of(&world, "Scope and content", TESS), free);
    let held = named(&[("start", false), ("done", false), ("block", true), ("cancel", false)]);
    assert_eq!(of(&world, "Rollout plan", TESS), held);
    assert!(of(&world, "Scope and content", ANNE).iter().all(|(_, allowed)| !allowed), "not hers");
    let first = world.task("Scope and content").id;
    world.finish(first);
    assert_eq!(of(&world, "Scope and content", TESS), named(&[("reopen", true)]));
}
