//! Tests of the runbook: planned times, forecast, what is critical; holds and rehearsals.

use crate::builders::{RITA, START, TESS, VERA, World};
use crate::story::{REL, a_world, set_state};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::command::{Command, Edit, ReleaseCommand as C, TaskCommand as T, TaskEdit};
use slipway_domain::id::{ReleaseId, TaskId};
use slipway_domain::release::action::actions;
use slipway_domain::release::record::{Phase, TestResult};
use slipway_domain::release::runbook::{Runbook, Step, runbook, standing_hold};
use slipway_domain::release::task::tasks_of;
use slipway_domain::release::task_record::{Task, TaskState};
use slipway_domain::time::Timestamp;
use uuid::Uuid;

const MINUTE: i64 = 60_000;

fn at(minutes: i64) -> Timestamp {
    Timestamp(minutes * MINUTE)
}

fn id(n: u32) -> TaskId {
    TaskId(Uuid::from_u128(u128::from(n)))
}

fn a_task(n: u32, minutes: u32, after: &[u32]) -> Task {
    Task {
        id: id(n),
        release: ReleaseId(Uuid::from_u128(9)),
        ordinal: n,
        title: format!("Step {n}"),
        phase: Phase::DistributionAndRollout,
        mandatory: true,
        from_template: false,
        assignee: None,
        state: TaskState::Planned,
        predecessors: after.iter().copied().map(id).collect(),
        planned_start: None,
        planned_minutes: minutes,
        rehearsed_minutes: None,
        started_at: None,
        ended_at: None,
        notes: String::new(),
        result: None,
    }
}

fn running(task: Task, started: i64) -> Task {
    Task { state: TaskState::InProgress, started_at: Some(at(started)), ..task }
}

fn over(task: Task, started: i64, ended: i64) -> Task {
    let result = Some(TestResult::Passed);
    Task { state: TaskState::Done, started_at: Some(at(started)), ended_at: Some(at(ended)), result, ..task }
}

/// Start and end of a step in minutes, by the plan and as expected.
fn times(book: &Runbook, n: u32) -> [(i64, i64); 2] {
    let step = step(book, n);
    [step.planned, step.forecast].map(|w| (w.start.0 / MINUTE, w.end.0 / MINUTE))
}

fn step(book: &Runbook, n: u32) -> Step {
    *book.steps.iter().find(|s| s.task == id(n)).expect("the step is there")
}

fn critical(book: &Runbook) -> Vec<u32> {
    let mut all: Vec<u32> = book.steps.iter().filter(|s| s.critical).map(|s| s.task.0.as_u128() as u32).collect();
    all.sort_unstable();
    all
}

/// Back up (60), then two deployments at once (30 and 45), then a check (10).
fn a_rollout() -> Vec<Task> {
    vec![a_task(1, 60, &[]), a_task(2, 30, &[1]), a_task(3, 45, &[1]), a_task(4, 10, &[2, 3])]
}

#[test]
fn the_plan_begins_each_step_when_those_before_it_end() {
    let book = runbook(&a_rollout(), at(100), None);
    let planned = |n| times(&book, n)[0];
    assert_eq!([planned(1), planned(2), planned(3), planned(4)], [(100, 160), (160, 190), (160, 205), (205, 215)]);
    assert_eq!(book.planned.map(|w| (w.start, w.end)), Some((at(100), at(215))));
    assert_eq!(book.forecast, book.planned, "nobody runs it");
    assert_eq!(critical(&book), [1, 3, 4], "the shorter deployment has a quarter of an hour");
    assert_eq!(step(&book, 2).slack_minutes, 15);
}

#[test]
fn a_step_with_a_time_of_its_own_waits_for_it_and_never_comes_before_its_predecessors() {
    let mut tasks = a_rollout();
    tasks[1].planned_start = Some(at(300));
    tasks[2].planned_start = Some(at(110));
    let book = runbook(&tasks, at(100), None);
    assert_eq!(times(&book, 2)[0], (300, 330));
    assert_eq!(times(&book, 3)[0], (160, 205), "the back-up takes until then");
    assert_eq!(critical(&book), [2, 4], "nothing before it can make the step with a fixed time later");
    assert_eq!(step(&book, 1).slack_minutes, 125, "the longer deployment is the next to feel it");
}

#[test]
fn what_happened_moves_what_is_to_come() {
    let [back_up, short, long, check] = <[Task; 4]>::try_from(a_rollout()).unwrap();
    let tasks = [over(back_up, 105, 185), running(short, 185), long, check];
    let book = runbook(&tasks, at(100), Some(at(200)));
    assert_eq!(times(&book, 1), [(100, 160), (105, 185)]);
    assert_eq!(step(&book, 1).late_minutes(), 25);
    assert_eq!(times(&book, 2)[1], (185, 215));
    assert_eq!(times(&book, 3)[1], (200, 245), "nobody has begun it yet: not before now");
    assert_eq!(times(&book, 4)[1], (245, 255));
    assert_eq!(critical(&book), [3, 4], "what is over is not critical any more");
    assert_eq!((step(&book, 1).slack_minutes, step(&book, 2).slack_minutes), (0, 30));
}

#[test]
fn a_step_that_takes_longer_than_planned_ends_no_earlier_than_now() {
    let tasks = [running(a_task(1, 10, &[]), 0), a_task(2, 5, &[1])];
    let book = runbook(&tasks, at(0), Some(at(60)));
    assert_eq!(times(&book, 1)[1], (0, 60));
    assert_eq!(times(&book, 2)[1], (60, 65));
}

#[test]
fn a_cancelled_step_is_none_and_holds_nothing_up() {
    let mut tasks = a_rollout();
    tasks[2].state = TaskState::Cancelled;
    let book = runbook(&tasks, at(0), None);
    assert_eq!(book.steps.len(), 3);
    assert_eq!(times(&book, 4)[0], (90, 100));
    assert_eq!(runbook(&[], at(0), None), Runbook::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    /// Whatever the plan: a step begins after those before it, the critical ones end with the whole, and one that is
    /// not critical may take all of its slack without making the whole longer, but not a minute more.
    #[test]
    fn slack_is_what_may_be_lost(plan in prop::collection::vec((1u32..90, any::<[u8; 2]>()), 1..12)) {
        let tasks: Vec<Task> = plan.iter().enumerate().map(|(place, (minutes, before))| {
            let mut after: Vec<u32> =
                before.iter().filter(|_| place > 0).map(|b| u32::from(*b) % place as u32 + 1).collect();
            after.dedup();
            a_task(place as u32 + 1, *minutes, if before[0] < 60 { &[] } else { &after })
        }).collect();
        let book = runbook(&tasks, at(0), None);
        let end = book.planned.unwrap().end;
        prop_assert!(book.steps.iter().any(|s| s.critical && s.planned.end == end));
        for task in &tasks {
            let here = *book.steps.iter().find(|s| s.task == task.id).unwrap();
            for before in &task.predecessors {
                let before = *book.steps.iter().find(|s| s.task == *before).unwrap();
                prop_assert!(before.planned.end <= here.planned.start);
            }
            let slower = |minutes: i64| {
                let slower: Vec<Task> = tasks.iter().cloned().map(|mut t| {
                    if t.id == task.id { t.planned_minutes += u32::try_from(minutes).unwrap(); }
                    t
                }).collect();
                runbook(&slower, at(0), None).planned.unwrap().end
            };
            prop_assert_eq!(here.critical, here.slack_minutes == 0);
            prop_assert_eq!(slower(here.slack_minutes), end);
            prop_assert!(slower(here.slack_minutes + 1) > end);
        }
    }
}

fn in_rollout() -> World {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::DistributionAndRollout);
    world
}

fn hold() -> C {
    C::Hold { reason: "monitoring is red".into() }
}

#[test]
fn a_held_rollout_begins_nothing_and_ends_what_is_begun() {
    let mut world = in_rollout();
    let (begun, waiting) = (world.task("Announce").id, world.task("Back up").id);
    world.must(TESS, &Command::Task(begun, set_state(TaskState::InProgress)));
    world.on(TESS, hold());
    assert_eq!(standing_hold(&world.release()).map(|h| h.by), Some(TESS));
    for state in [TaskState::InProgress, TaskState::Done] {
        assert_eq!(world.refused(TESS, &Command::Task(waiting, set_state(state))), ["ON_HOLD"]);
    }
    world.finish(begun);
    assert!(
        world.no(RITA, C::RecordInstall { window_override: None, freeze_override: None }).contains(&"ON_HOLD".into())
    );
    assert_eq!(world.no(TESS, hold()), ["ON_HOLD"]);
    assert_eq!(world.no(TESS, C::Resume), ["NOT_ALLOWED"], "who leads the release decides that");
    world.on(RITA, C::Resume);
    assert_eq!(world.no(RITA, C::Resume), ["NOT_HELD"]);
    world.finish(waiting);
    let holds = world.release().holds;
    assert_eq!(holds.len(), 1);
    assert_eq!(holds[0].resumed.as_ref().map(|r| r.by), Some(RITA));
}

#[test]
fn only_a_rollout_is_held_and_a_reason_is_given() {
    let mut world = a_world();
    world.planned();
    assert_eq!(world.no(RITA, hold()), ["NOT_IN_ROLLOUT"]);
    let mut world = in_rollout();
    assert_eq!(world.no(RITA, C::Hold { reason: " ".into() }), ["TEXT_MISSING"]);
    assert_eq!(world.no(VERA, hold()), ["NOT_ALLOWED"]);
}

#[test]
fn a_hold_ends_with_the_phase() {
    let mut world = in_rollout();
    world.on(RITA, hold());
    world.on(RITA, C::SendBack { to: Phase::BuildAndTest, reason: "the package is wrong".into() });
    assert!(world.release().holds.iter().all(|h| h.resumed.is_some()));
}

#[rstest]
#[case::free(false, "hold", "resume")]
#[case::held(true, "resume", "hold")]
fn one_of_hold_and_resume_is_offered(#[case] held: bool, #[case] offered: &str, #[case] not: &str) {
    let mut world = in_rollout();
    if held {
        world.on(RITA, hold());
    }
    let rita = world.get(RITA);
    let all = actions(&world.release(), &rita, START, &world.records).unwrap();
    assert!(all.iter().any(|a| a.action == offered && a.allowed));
    assert!(all.iter().all(|a| a.action != not));
}

#[test]
fn a_runbook_is_planned_ahead_and_stays_as_the_planner_left_it() {
    let mut world = a_world();
    world.assessed();
    assert_eq!(world.no(RITA, C::PlanRunbook), ["RUNBOOK_TOO_EARLY"]);
    let mut world = a_world();
    world.planned();
    world.on(RITA, C::PlanRunbook);
    assert_eq!(world.no(RITA, C::PlanRunbook), ["RUNBOOK_COMPLETE"]);
    let back_up = world.task("Back up");
    assert_eq!((back_up.phase, back_up.state), (Phase::DistributionAndRollout, TaskState::Planned));
    assert_eq!(world.task("Restore software").phase, Phase::BackOut);
    let title = TaskEdit::Title(Edit { from: "Back up".into(), to: "Back up the payroll database".into() });
    world.must(RITA, &Command::Task(back_up.id, T::Edit(vec![title])));
    let count = world.release().task_count;
    world.travel_to(Phase::BuildAndTest);
    world.travel_to(Phase::DistributionAndRollout);
    let rollout: Vec<Task> = tasks_of(REL, &world.records).unwrap();
    assert_eq!(rollout.iter().filter(|t| t.title.starts_with("Back up")).count(), 1);
    assert!(rollout.iter().filter(|t| t.phase == Phase::DistributionAndRollout).all(|t| t.ordinal <= count));
    assert_eq!(world.no(RITA, C::PlanRunbook), ["RUNBOOK_TOO_LATE"]);
}

#[test]
fn a_rehearsal_is_kept_until_the_step_begins() {
    let mut world = in_rollout();
    let task = world.task("Back up").id;
    let rehearse = |minutes| Command::Task(task, T::Rehearse { minutes, note: "on the copy".into() });
    world.must(TESS, &rehearse(50));
    world.must(TESS, &rehearse(42));
    let kept = world.get::<Task>(task);
    assert_eq!((kept.rehearsed_minutes, kept.planned_minutes, kept.state), (Some(42), 60, TaskState::Planned));
    assert_eq!(kept.notes, "on the copy\non the copy");
    assert_eq!(world.refused(TESS, &rehearse(50_000)), ["OUT_OF_RANGE"]);
    assert_eq!(world.refused(VERA, &rehearse(1)), ["NOT_ALLOWED"]);
    world.must(TESS, &Command::Task(task, set_state(TaskState::InProgress)));
    assert_eq!(world.refused(TESS, &rehearse(1)), ["TASK_BEGUN"]);
    assert_eq!(REL, kept.release);
}
