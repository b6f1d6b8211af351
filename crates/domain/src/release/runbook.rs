//! The runbook: the tasks of a rollout as a timed plan, and how it stands at a moment (design: domain, section 1).
//!
//! Planned times come from the plan alone; the forecast carries what happened so far through to the end. What decides
//! the end is critical: a minute lost there is a minute lost for the whole.

use crate::id::{PersonId, TaskId};
use crate::release::record::{Phase, Release};
use crate::release::task_record::{Task, TaskState};
use crate::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// The rollout stands still: nothing more is begun until it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Hold {
    /// Who held it.
    pub by: PersonId,
    /// Since when, by the device's clock.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Who let it go on, and when; `None` while it is held.
    pub resumed: Option<Resumed>,
}

/// The end of a hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Resumed {
    /// Who.
    pub by: PersonId,
    /// When, by the device's clock.
    pub at: Timestamp,
}

/// The hold that stands now: a rollout only, because a back-out must never wait.
#[must_use]
pub fn standing_hold(release: &Release) -> Option<&Hold> {
    (release.phase == Phase::DistributionAndRollout)
        .then(|| release.holds.last().filter(|hold| hold.resumed.is_none()))
        .flatten()
}

/// One step with its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The task.
    pub task: TaskId,
    /// By the plan.
    pub planned: Window,
    /// As it happened, and from now on as it is to be expected.
    pub forecast: Window,
    /// How many minutes it may still slip before the whole ends later; 0 for what is over.
    pub slack_minutes: i64,
    /// Still to be done, and without slack.
    pub critical: bool,
}

impl Step {
    /// Minutes that it ends later than planned; negative: earlier.
    #[must_use]
    pub fn late_minutes(&self) -> i64 {
        minutes(self.planned.end, self.forecast.end)
    }
}

/// The whole, in the order in which steps begin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runbook {
    /// Every step that is done or will be.
    pub steps: Vec<Step>,
    /// From the first to the last, by the plan; `None` without steps.
    pub planned: Option<Window>,
    /// From the first to the last, as it is to be expected.
    pub forecast: Option<Window>,
}

/// The phase whose tasks are run: the rollout, or the back-out once that has begun.
#[must_use]
pub fn phase_of(release: &Release) -> Phase {
    if matches!(release.phase, Phase::BackOut | Phase::BackedOut) {
        Phase::BackOut
    } else {
        Phase::DistributionAndRollout
    }
}

/// The times of all steps. `begin` is when a step begins that waits for nothing, by the plan; `now` is `None` while
/// nobody runs it: then the plan is the forecast. Cancelled tasks are no steps, and predecessors that are not among
/// the tasks hold nothing up.
#[must_use]
pub fn runbook(tasks: &[Task], begin: Timestamp, now: Option<Timestamp>) -> Runbook {
    let ordered = in_order(tasks);
    let mut times: BTreeMap<TaskId, (Window, Window)> = BTreeMap::new();
    for task in &ordered {
        let before: Vec<(Window, Window)> = task.predecessors.iter().filter_map(|id| times.get(id)).copied().collect();
        let after_plan = before.iter().map(|(planned, _)| planned.end).max();
        let earliest = task.planned_start.unwrap_or(after_plan.unwrap_or(begin));
        let planned = lasting(task, after_plan.map_or(earliest, |end| end.max(earliest)));
        let forecast = match now {
            None => planned,
            Some(now) => {
                let free = before.iter().map(|(_, forecast)| forecast.end).max();
                expected(task, planned, free, now)
            }
        };
        times.insert(task.id, (planned, forecast));
    }
    let end = times.values().map(|(_, forecast)| forecast.end).max();
    let latest = latest_ends(&ordered, &times, end);
    let mut steps: Vec<Step> = ordered
        .iter()
        .filter_map(|task| {
            let (planned, forecast) = *times.get(&task.id)?;
            let open = task.state != TaskState::Done;
            let latest = latest.get(&task.id).copied().unwrap_or(forecast.end);
            let slack_minutes = if open { minutes(forecast.end, latest).max(0) } else { 0 };
            let critical = open && latest <= forecast.end;
            Some(Step { task: task.id, planned, forecast, slack_minutes, critical })
        })
        .collect();
    // What was ordered by who waits for whom stays so where two begin together.
    steps.sort_by_key(|step| step.forecast.start);
    Runbook { planned: around(times.values().map(|t| t.0)), forecast: around(times.values().map(|t| t.1)), steps }
}

/// When the step happens, given what happened: `free` is when the last before it ends.
fn expected(task: &Task, planned: Window, free: Option<Timestamp>, now: Timestamp) -> Window {
    let begins = || {
        let waits = task.planned_start.unwrap_or(now).max(now);
        free.map_or(waits, |free| free.max(waits))
    };
    match (task.state, task.started_at, task.ended_at) {
        (TaskState::Done, started, Some(end)) => Window { start: started.unwrap_or(end).min(end), end },
        (TaskState::Done, ..) => planned,
        (TaskState::InProgress | TaskState::Blocked, Some(start), _) => {
            Window { start, end: lasting(task, start).end.max(now) }
        }
        _ => lasting(task, begins()),
    }
}

/// The latest end of each step with which the whole still ends when it does. A step with a fixed start leaves those
/// before it time until then.
fn latest_ends(
    ordered: &[&Task],
    times: &BTreeMap<TaskId, (Window, Window)>,
    end: Option<Timestamp>,
) -> BTreeMap<TaskId, Timestamp> {
    let mut latest: BTreeMap<TaskId, Timestamp> = BTreeMap::new();
    let Some(end) = end else { return latest };
    for task in ordered.iter().rev() {
        let own = *latest.entry(task.id).or_insert(end);
        let Some((_, forecast)) = times.get(&task.id) else { continue };
        let length = forecast.end.0.saturating_sub(forecast.start.0);
        let starts = Timestamp(own.0.saturating_sub(length));
        for before in &task.predecessors {
            let entry = latest.entry(*before).or_insert(end);
            *entry = (*entry).min(starts);
        }
    }
    latest
}

/// Tasks with all that they wait for before them, those with lower numbers first; cancelled ones left out. A loop,
/// which commands refuse, would be cut where it closes.
fn in_order(tasks: &[Task]) -> Vec<&Task> {
    let mut open: Vec<&Task> = tasks.iter().filter(|task| task.state != TaskState::Cancelled).collect();
    open.sort_by_key(|task| task.ordinal);
    let places: BTreeMap<TaskId, usize> = open.iter().enumerate().map(|(place, task)| (task.id, place)).collect();
    let mut waits: Vec<usize> = Vec::with_capacity(open.len());
    let mut frees: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, task) in open.iter().enumerate() {
        let before: Vec<usize> = task.predecessors.iter().filter_map(|id| places.get(id)).copied().collect();
        waits.push(before.len());
        for other in before {
            frees.entry(other).or_default().push(place);
        }
    }
    let mut ready: std::collections::BTreeSet<usize> =
        waits.iter().enumerate().filter(|(_, n)| **n == 0).map(|(place, _)| place).collect();
    let mut ordered = Vec::with_capacity(open.len());
    while let Some(place) = ready.pop_first() {
        ordered.extend(open.get(place));
        for next in frees.remove(&place).unwrap_or_default() {
            if let Some(n) = waits.get_mut(next) {
                *n = n.saturating_sub(1);
                if *n == 0 {
                    ready.insert(next);
                }
            }
        }
    }
    ordered
}

/// From this start for as long as planned.
fn lasting(task: &Task, start: Timestamp) -> Window {
    Window { start, end: Timestamp(start.0.saturating_add(i64::from(task.planned_minutes).saturating_mul(MINUTE))) }
}

fn around(windows: impl Iterator<Item = Window>) -> Option<Window> {
    windows.reduce(|a, b| Window { start: a.start.min(b.start), end: a.end.max(b.end) })
}

/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;

/// Whole minutes from one moment to another, rounded towards the earlier.
fn minutes(from: Timestamp, to: Timestamp) -> i64 {
    to.0.saturating_sub(from.0).div_euclid(MINUTE)
}
