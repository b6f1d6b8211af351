//! Tasks of a release: how they stand, and what a person does with them.

use crate::error::CallError;
use crate::sight::Sight;
use crate::view::common::Named;
use crate::view::mutations::Done;
use crate::view::releases::{NewTaskRequest, TaskActRequest, TaskLine};
use crate::{App, pills, resolve};
use slipway_domain::command::{Command, TaskCommand};
use slipway_domain::id::TaskId;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::{Release, TestResult};
use slipway_domain::release::task::{actions, is_ready};
use slipway_domain::release::task_record::{Assignee, Task, TaskState};
use std::collections::BTreeMap;

/// Most minutes planned for a task when nobody says how long it takes.
const PLANNED_MINUTES: u32 = 30;

/// Every task of a release, by phase and place.
///
/// # Errors
/// A storage fault.
pub fn of(sight: Sight<'_>, release: &Release) -> Result<Vec<TaskLine>, Fault> {
    let mut all = sight.records.list::<Task>(Lookup::TasksOfRelease, &release.id.to_string())?;
    all.sort_by_key(|t| (t.phase, t.ordinal));
    let numbers: BTreeMap<TaskId, String> = all.iter().map(|t| (t.id, number(t))).collect();
    all.iter().map(|task| line(sight, release, task, &numbers)).collect()
}

/// One task, with what may be done with it.
///
/// # Errors
/// A storage fault.
pub fn one(sight: Sight<'_>, release: &Release, task: &Task) -> Result<TaskLine, Fault> {
    let mut numbers = BTreeMap::new();
    for id in &task.predecessors {
        if let Some(before) = sight.records.get::<Task>(*id)? {
            numbers.insert(*id, number(&before));
        }
    }
    line(sight, release, task, &numbers)
}

fn line(
    sight: Sight<'_>,
    release: &Release,
    task: &Task,
    numbers: &BTreeMap<TaskId, String>,
) -> Result<TaskLine, Fault> {
    let ready = is_ready(task, release, sight.records)?;
    let assignee_label = match task.assignee {
        Some(Assignee::Person(id)) => sight.label(Kind::Person, id)?,
        Some(Assignee::Group(id)) => sight.label(Kind::Group, id)?,
        None => String::new(),
    };
    let predecessor =
        |id: &TaskId| Named { id: id.to_string(), label: numbers.get(id).cloned().unwrap_or_else(|| id.to_string()) };
    Ok(TaskLine {
        id: task.id.to_string(),
        release: task.release.to_string(),
        number: number(task),
        title: task.title.clone(),
        phase: task.phase,
        mandatory: task.mandatory,
        state: task.state,
        pill: pills::task(task.state, ready),
        ready,
        assignee: task.assignee,
        assignee_label,
        predecessors: task.predecessors.iter().map(predecessor).collect(),
        planned_start: task.planned_start,
        planned_minutes: task.planned_minutes,
        rehearsed_minutes: task.rehearsed_minutes,
        started_at: task.started_at,
        ended_at: task.ended_at,
        notes: task.notes.clone(),
        result: task.result.clone(),
        actions: actions(task, release, &sight.person()?, sight.records)?,
        sync: sight.mark(&Record::from(task.clone()))?,
    })
}

/// As a person calls it within its release.
#[must_use]
pub fn number(task: &Task) -> String {
    format!("T{:02}", task.ordinal)
}

/// Adds a task to a release.
///
/// # Errors
/// A refusal, or trouble.
pub fn create(app: &App, request: &NewTaskRequest) -> Result<Done, CallError> {
    let id = TaskId(app.host().new_id());
    let command = app.read(|sight| {
        let release = resolve::release(sight, &request.release)?;
        let before = |text: &String| Ok(resolve::task_of(sight, &release, text)?.id);
        let predecessors = request.predecessors.iter().map(before).collect::<Result<_, CallError>>()?;
        Ok::<_, CallError>(TaskCommand::Create {
            release: release.id,
            phase: request.phase.unwrap_or(release.phase),
            title: request.title.clone(),
            mandatory: request.mandatory,
            predecessors,
            planned_minutes: request.planned_minutes.unwrap_or(PLANNED_MINUTES),
        })
    })?;
    app.issue(Command::Task(id, command), Some((Kind::Task, id.0)))
}

/// Moves a task along.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &TaskActRequest) -> Result<Done, CallError> {
    let task = app.read(|sight| resolve::task(sight, &request.task))?;
    let key = Some((Kind::Task, task.id.0));
    if crate::action_code(&request.action) == "rehearse" {
        let minutes = request.minutes.ok_or_else(|| crate::missing(&request.action, "minutes"))?;
        return app.issue(Command::Task(task.id, TaskCommand::Rehearse { minutes, note: request.note.clone() }), key);
    }
    let state = match crate::action_code(&request.action).as_str() {
        "start" => TaskState::InProgress,
        "done" => TaskState::Done,
        "block" => TaskState::Blocked,
        "cancel" => TaskState::Cancelled,
        "reopen" => TaskState::Planned,
        other => return Err(crate::unknown_action("a task", other)),
    };
    let result = match state {
        TaskState::Done => Some(request.result.clone().unwrap_or(TestResult::Passed)),
        _ => None,
    };
    let command = TaskCommand::SetState { state, result, note: request.note.clone() };
    app.issue(Command::Task(task.id, command), key)
}
