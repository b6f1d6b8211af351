//! The runbook of a release: planned times, what happened, what is to be expected.

use crate::error::CallError;
use crate::releases::page::window;
use crate::releases::tasks;
use crate::sight::Sight;
use crate::view::mutations::Done;
use crate::view::releases::{ReleaseRequest, TaskLine};
use crate::view::runbook::{HoldView, RunbookStep, RunbookView};
use crate::{App, resolve};
use slipway_domain::command::{Command, Edit, TaskCommand, TaskEdit};
use slipway_domain::id::TaskId;
use slipway_domain::people::Group;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::action::actions;
use slipway_domain::release::record::{Phase, Release};
use slipway_domain::release::runbook::{phase_of, runbook};
use slipway_domain::release::task::tasks_of;
use slipway_domain::release::task_record::{Assignee, Task, TaskState};
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;

/// The actions that a person at the runbook looks for.
const ACTIONS: [&str; 6] = ["plan_runbook", "hold", "resume", "back_out", "send_back", "terminate"];

/// The runbook at this moment.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &ReleaseRequest) -> Result<RunbookView, CallError> {
    app.read(|sight| Ok(of(sight, &resolve::release(sight, &request.release)?)?))
}

/// The runbook of a release at the moment of the sight.
///
/// # Errors
/// A storage fault.
pub fn of(sight: Sight<'_>, release: &Release) -> Result<RunbookView, Fault> {
    let phase = phase_of(release);
    let (shown, lines) = tasks_in(sight, release, phase)?;
    let begin = begin(release, phase, sight.now);
    let begun = shown.iter().any(|task| task.started_at.is_some());
    let live = release.phase == phase && (begun || sight.now >= begin);
    let book = runbook(&shown, begin, live.then_some(sight.now));
    let mut steps = Vec::with_capacity(book.steps.len());
    for step in &book.steps {
        let (Some(line), Some(task)) = (lines.get(&step.task), shown.iter().find(|t| t.id == step.task)) else {
            continue;
        };
        steps.push(RunbookStep {
            task: line.clone(),
            planned: step.planned,
            forecast: step.forecast,
            slack_minutes: step.slack_minutes,
            late_minutes: step.late_minutes(),
            critical: step.critical,
            mine: is_mine(sight, task)?,
        });
    }
    let ends = book.forecast.map(|forecast| forecast.end);
    let after = |end: Option<Timestamp>| match (end, ends) {
        (Some(end), Some(expected)) => expected.0.saturating_sub(end.0).div_euclid(60_000),
        _ => 0,
    };
    let rollout = release.scope.rollout_window.filter(|_| phase == Phase::DistributionAndRollout);
    let mut offered = actions(release, &sight.person()?, sight.now, sight.records)?;
    offered.retain(|action| ACTIONS.contains(&action.action.as_str()));
    Ok(RunbookView {
        number: release.number.to_string(),
        title: release.title.clone(),
        phase,
        now: sight.now,
        live,
        window: rollout.map(|w| window(w, sight.now)),
        planned: book.planned,
        forecast: book.forecast,
        late_minutes: after(book.planned.map(|planned| planned.end)),
        after_window_minutes: after(rollout.map(|w| w.end)).max(0),
        steps,
        holds: holds(sight, release)?,
        actions: offered,
    })
}

/// Takes the rehearsed minutes of every step that is not begun over into the plan, as one edit of each.
///
/// # Errors
/// `NOTHING_REHEARSED`, a refusal, or trouble.
pub fn take_rehearsed(app: &App, request: &ReleaseRequest) -> Result<Done, CallError> {
    let (release, edits) = app.read(|sight| {
        let release = resolve::release(sight, &request.release)?;
        let edits: Vec<(TaskId, Edit<u32>)> = tasks_of(release.id, sight.records)?
            .into_iter()
            .filter(|task| task.state == TaskState::Planned)
            .filter_map(|task| {
                let to = task.rehearsed_minutes.filter(|&minutes| minutes != task.planned_minutes)?;
                Some((task.id, Edit { from: task.planned_minutes, to }))
            })
            .collect();
        Ok::<_, CallError>((release, edits))
    })?;
    let mut done = None;
    for (task, minutes) in edits {
        let command = Command::Task(task, TaskCommand::Edit(vec![TaskEdit::PlannedMinutes(minutes)]));
        done = Some(app.issue(command, Some((Kind::Release, release.id.0)))?);
    }
    done.ok_or_else(|| {
        CallError::trouble(
            "NOTHING_REHEARSED",
            format!("No step of {} was rehearsed in a time that differs from its plan.", release.number),
            "Rehearse the steps first.",
        )
    })
}

/// When a step begins that waits for nothing: with the window, with the back-out, or now where neither is known.
fn begin(release: &Release, phase: Phase, now: Timestamp) -> Timestamp {
    let known = match phase {
        Phase::BackOut => release.back_out.as_ref().map(|back| back.at),
        _ => release.scope.rollout_window.map(|window| window.start),
    };
    known.unwrap_or(now)
}

/// Tasks of the phase, and as they are shown.
fn tasks_in(
    sight: Sight<'_>,
    release: &Release,
    phase: Phase,
) -> Result<(Vec<Task>, BTreeMap<TaskId, TaskLine>), Fault> {
    let mut shown = tasks_of(release.id, sight.records)?;
    shown.retain(|task| task.phase == phase);
    let mut lines = BTreeMap::new();
    for task in &shown {
        lines.insert(task.id, tasks::one(sight, release, task)?);
    }
    Ok((shown, lines))
}

fn is_mine(sight: Sight<'_>, task: &Task) -> Result<bool, Fault> {
    Ok(match task.assignee {
        Some(Assignee::Person(person)) => person == sight.me,
        Some(Assignee::Group(group)) => {
            sight.records.get::<Group>(group)?.is_some_and(|group| group.members.contains(&sight.me))
        }
        None => false,
    })
}

fn holds(sight: Sight<'_>, release: &Release) -> Result<Vec<HoldView>, Fault> {
    let view = |hold: &slipway_domain::release::runbook::Hold| -> Result<HoldView, Fault> {
        Ok(HoldView {
            by: sight.named(Kind::Person, hold.by)?,
            at: hold.at,
            reason: hold.reason.clone(),
            until: hold.resumed.as_ref().map(|resumed| resumed.at),
        })
    };
    release.holds.iter().map(view).collect()
}
