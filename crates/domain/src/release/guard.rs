//! The guards of the transition table: each a named function that gives all its findings.

pub mod build;
pub mod closing;
pub mod planning;
pub mod rollout;

use crate::change::record::{Change, ChangeState};
use crate::id::ChangeId;
use crate::lookup::Lookup;
use crate::people::Person;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Fault, Finding};
use crate::release::phase::is_release_manager;
use crate::release::record::{Phase, Release, TestResult};
use crate::release::refer;
use crate::release::task_record::{Task, TaskState};
use crate::setting::Gate;
use crate::text;
use crate::time::Timestamp;

/// What a command brings along.
#[derive(Clone, Debug, Default)]
pub struct Ask<'a> {
    /// Why, or what failed.
    pub reason: &'a str,
    /// Where *send back* goes.
    pub to: Option<Phase>,
    /// Go (`true`) or no-go.
    pub go: bool,
    /// Why the install was outside the window.
    pub window_override: Option<&'a str>,
    /// Why the install was during a freeze.
    pub freeze_override: Option<&'a str>,
}

impl<'a> Ask<'a> {
    /// Only a reason.
    #[must_use]
    pub fn because(reason: &'a str) -> Self {
        Self { reason, ..Self::default() }
    }
}

/// What a guard looks at.
pub struct GuardInput<'a> {
    /// The release.
    pub release: &'a Release,
    /// What the command brings along.
    pub ask: &'a Ask<'a>,
    /// Who.
    pub actor: &'a Person,
    /// When.
    pub now: Timestamp,
    /// Everything else.
    pub records: &'a dyn Records,
}

/// A guard: what is in the way, all of it.
pub type Guard = fn(&GuardInput<'_>) -> Result<Vec<Finding>, Fault>;

type Findings = Result<Vec<Finding>, Fault>;

fn on(release: &Release, code: &str, sentence: impl Into<String>, way_out: impl Into<String>) -> Finding {
    Finding::new(code, sentence, way_out).about(refer(release))
}

fn unless(holds: bool, finding: impl FnOnce() -> Finding) -> Findings {
    Ok(if holds { Vec::new() } else { vec![finding()] })
}

/// Every mandatory task of the present phase is done, and did not fail. A cancelled one counts as not done:
/// a task that turns out to be needless is first made optional.
pub fn mandatory_tasks_done(i: &GuardInput<'_>) -> Findings {
    let mut findings = Vec::new();
    for task in tasks_of_phase(i)?.iter().filter(|t| t.mandatory) {
        let about = RecordRef::of(task);
        match (task.state, &task.result) {
            (TaskState::Done, Some(TestResult::Failed)) => findings.push(
                Finding::new(
                    "MANDATORY_TASK_FAILED",
                    format!("Task T{:02} {} was done and failed.", task.ordinal, task.title),
                    "Do it again until it passes, or waive it with a reason.",
                )
                .about(about),
            ),
            (TaskState::Done, _) => {}
            (state, _) => findings.push(
                Finding::new(
                    "MANDATORY_TASK_OPEN",
                    format!("Task T{:02} {} is {state}.", task.ordinal, task.title),
                    "Finish the task, or have the release manager make it optional.",
                )
                .about(about)
                .with("state", state),
            ),
        }
    }
    Ok(findings)
}

fn tasks_of_phase(i: &GuardInput<'_>) -> Result<Vec<Task>, Fault> {
    let mut tasks: Vec<Task> = i.records.list(Lookup::TasksOfRelease, &i.release.id.to_string())?;
    tasks.retain(|t| t.phase == i.release.phase);
    tasks.sort_by_key(|t| t.ordinal);
    Ok(tasks)
}

/// Every attached change is approved by change management, now. Once installed they are implemented, which is said
/// by another guard.
pub fn every_change_approved(i: &GuardInput<'_>) -> Findings {
    let mut findings = Vec::new();
    if i.release.install.is_some() {
        return Ok(findings);
    }
    for id in &i.release.scope.changes {
        match i.records.get::<Change>(*id)? {
            Some(change) if change.state == ChangeState::Approved => {}
            Some(change) => {
                let about = RecordRef::of(&change);
                findings.push(
                    Finding::new(
                        "CHANGE_NOT_APPROVED",
                        format!("{} is {}, not approved.", about.label, change.state),
                        "Have it approved by change management, or detach it from the release.",
                    )
                    .about(about)
                    .with("state", change.state),
                );
            }
            None => findings.push(unknown_change(*id)),
        }
    }
    Ok(findings)
}

fn unknown_change(id: ChangeId) -> Finding {
    Finding::new("CHANGE_NOT_APPROVED", format!("Change {id} is not known here."), "Sync, or detach it.")
        .about(RecordRef { kind: Kind::Change, id: id.into(), label: id.to_string() })
}

/// The approval of the phase is granted on exactly today's scope.
pub fn approval_granted(gate: Gate, i: &GuardInput<'_>) -> Findings {
    let granted = crate::approval::granted(i.release, gate, i.records)?;
    unless(granted, || {
        let phase = i.release.phase;
        on(
            i.release,
            "APPROVAL_MISSING",
            format!("The approval of {phase} is not granted on today's scope ({}).", i.release.status),
            "Request the approval, or wait for the votes that are missing.",
        )
        .with("phase", phase)
    })
}

/// A reason is given.
pub fn reason_given(i: &GuardInput<'_>) -> Findings {
    let mut findings = unless(!i.ask.reason.trim().is_empty(), || {
        on(i.release, "REASON_MISSING", "This needs a reason.", "Give the reason.")
    })?;
    // It stands in the history for good.
    findings.extend(text::prose("reason", i.ask.reason).err());
    Ok(findings)
}

/// The release manager does it.
pub fn by_release_manager(i: &GuardInput<'_>) -> Findings {
    unless(is_release_manager(i.release, i.actor), || not_the_manager(i))
}

/// The release manager, or the release's coordinator, who by the roles of the design activates the back-out plan.
pub fn may_activate_back_out(i: &GuardInput<'_>) -> Findings {
    let may = is_release_manager(i.release, i.actor) || i.release.coordinator == Some(i.actor.id);
    unless(may, || not_the_manager(i))
}

fn not_the_manager(i: &GuardInput<'_>) -> Finding {
    on(
        i.release,
        "NOT_THE_RELEASE_MANAGER",
        format!("{} is not the release manager of {}.", i.actor.name, i.release.number),
        "Ask the release manager.",
    )
}

/// The finding that another open release carries the change, if one does.
///
/// # Errors
/// A storage fault.
pub(crate) fn in_other_release(
    release: &Release,
    change: ChangeId,
    records: &dyn Records,
) -> Result<Option<Finding>, Fault> {
    let others: Vec<Release> = records.list(Lookup::OpenReleaseOfChange, &change.to_string())?;
    let Some(other) = others.into_iter().find(|r| r.id != release.id) else { return Ok(None) };
    let label = records.get::<Change>(change)?.map_or_else(|| change.to_string(), |c| RecordRef::of(&c).label);
    Ok(Some(
        Finding::new(
            "CHANGE_IN_OTHER_RELEASE",
            format!("{label} is part of {} ({}), which is not closed.", other.number, other.phase),
            format!("Detach it from {} first.", other.number),
        )
        .about(refer(&other))
        .with("change", label),
    ))
}
