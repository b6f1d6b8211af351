//! Tasks: made from templates, predecessors, states.
//!
//! A mandatory task cannot be cancelled: either the release manager makes it optional first, or it is done with the
//! result *waived* and a reason. A cancelled predecessor holds nothing up, because it will never be done.

pub(crate) mod from_template;

use crate::access::{denial, task_denial};
use crate::command::{Edit, TaskCommand, TaskEdit};
use crate::execute::{Context, Effect};
use crate::id::{ReleaseId, TaskId};
use crate::lookup::Lookup;
use crate::people::{Group, Person};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::action::{ActionState, state};
use crate::release::create::{id_taken, person_finding};
use crate::release::edit::conflict;
use crate::release::phase::is_release_manager;
use crate::release::record::{Phase, Release, TestResult};
use crate::release::task_record::{Assignee, Task, TaskState};
use crate::release::{hold, must_be_open};
use crate::text;
use serde::Serialize;
use std::collections::BTreeSet;

/// Most tasks of a release.
pub const TASKS: usize = 2_000;

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    id: TaskId,
    command: &TaskCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match command {
        TaskCommand::Create { release, phase, title, mandatory, predecessors, planned_minutes } => {
            let new = NewTask {
                id,
                phase: *phase,
                title,
                mandatory: *mandatory,
                predecessors,
                planned_minutes: *planned_minutes,
            };
            create(*release, &new, records)
        }
        TaskCommand::Rehearse { minutes, note } => rehearse(records.must(id)?, *minutes, note, actor, records),
        TaskCommand::Edit(edits) => edit(&records.must(id)?, edits, actor, records),
        TaskCommand::SetState { state, result, note } => {
            let task: Task = records.must(id)?;
            let change = StateChange { state: *state, result: result.as_ref(), note };
            let release: Release = records.must(task.release)?;
            must_be_open(&release, records)?;
            let mut findings: Vec<Finding> = task_denial(&task, actor, records)?.into_iter().collect();
            findings.extend(state_findings(&task, &release, &change, records)?);
            none(findings)?;
            set_state(task, &change, actor, context, records)
        }
    }
}

/// Whether the task can be begun: it is planned, its phase is current, its predecessors are done or cancelled.
///
/// # Errors
/// A storage fault.
pub fn is_ready(task: &Task, release: &Release, records: &dyn Records) -> Result<bool, Fault> {
    let waiting = task.state == TaskState::Planned && task.phase == release.phase && !release.phase.is_closed();
    Ok(waiting && open_predecessors(task, records)?.is_empty())
}

/// The predecessors that hold the task up.
fn open_predecessors(task: &Task, records: &dyn Records) -> Result<Vec<Task>, Fault> {
    let mut open = Vec::new();
    for id in &task.predecessors {
        if let Some(predecessor) = records.get::<Task>(*id)?
            && !matches!(predecessor.state, TaskState::Done | TaskState::Cancelled)
        {
            open.push(predecessor);
        }
    }
    Ok(open)
}

/// A new state, as a command or a front end asks for it.
pub(crate) struct StateChange<'a> {
    /// Where to.
    pub(crate) state: TaskState,
    /// How it went.
    pub(crate) result: Option<&'a TestResult>,
    /// Remark.
    pub(crate) note: &'a str,
}

/// Everything that speaks against the new state.
///
/// # Errors
/// A storage fault.
pub(crate) fn state_findings(
    task: &Task,
    release: &Release,
    change: &StateChange<'_>,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    let about = RecordRef::of(task);
    let name = format!("Task T{:02} {}", task.ordinal, task.title);
    let mut findings = Vec::new();
    let ahead = task.phase > release.phase && release.phase != Phase::BackOut;
    if task.phase != release.phase && !(ahead && change.state == TaskState::Cancelled) {
        findings.push(
            Finding::new(
                "TASK_PHASE_NOT_CURRENT",
                format!("{name} belongs to {}; {} is in {}.", task.phase, release.number, release.phase),
                "Do it when its phase is current.",
            )
            .about(about.clone())
            .with("phase", task.phase),
        );
    }
    let begins = task.state == TaskState::Planned && matches!(change.state, TaskState::InProgress | TaskState::Done);
    if begins && task.phase == Phase::DistributionAndRollout {
        findings.extend(hold::on_hold(release, records)?);
    }
    if matches!(change.state, TaskState::InProgress | TaskState::Done) {
        for predecessor in open_predecessors(task, records)? {
            findings.push(
                Finding::new(
                    "PREDECESSOR_NOT_DONE",
                    format!(
                        "{name} comes after T{:02} {}, which is {}.",
                        predecessor.ordinal, predecessor.title, predecessor.state
                    ),
                    "Finish the task before it first.",
                )
                .about(RecordRef::of(&predecessor)),
            );
        }
    }
    if change.state == TaskState::Cancelled && task.mandatory {
        findings.push(
            Finding::new(
                "TASK_MANDATORY",
                format!("{name} is mandatory and cannot be cancelled."),
                "Have the release manager make it optional, or do it with the result waived and a reason.",
            )
            .about(about.clone()),
        );
    }
    if change.result.is_some() && change.state != TaskState::Done {
        findings.push(
            Finding::new("RESULT_TOO_EARLY", format!("{name} has a result only when it is done."), "Set it to done.")
                .about(about.clone()),
        );
    }
    if let Some(TestResult::Waived { reason, .. }) = change.result
        && reason.trim().is_empty()
    {
        findings.push(
            Finding::new("REASON_MISSING", format!("Waiving {name} needs a reason."), "Give the reason.")
                .about(about.clone()),
        );
    }
    let reopened = task.state == TaskState::Done && change.state != TaskState::Done;
    if reopened {
        for successor in tasks_of(release.id, records)?.iter().filter(|t| t.predecessors.contains(&task.id)) {
            if matches!(successor.state, TaskState::InProgress | TaskState::Done) {
                findings.push(
                    Finding::new(
                        "SUCCESSOR_BEGUN",
                        format!(
                            "T{:02} {} comes after {name} and is {}.",
                            successor.ordinal, successor.title, successor.state
                        ),
                        "Reopen that task first.",
                    )
                    .about(RecordRef::of(successor)),
                );
            }
        }
    }
    findings.extend(text::prose("note", change.note).err());
    Ok(findings)
}

fn set_state(
    mut task: Task,
    change: &StateChange<'_>,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let now = context.now;
    match change.state {
        TaskState::Planned => {
            task.started_at = None;
            task.ended_at = None;
            task.result = None;
        }
        TaskState::InProgress | TaskState::Blocked => {
            if change.state == TaskState::InProgress {
                task.started_at = task.started_at.or(Some(now));
            }
            task.ended_at = None;
            task.result = None;
        }
        TaskState::Done => {
            task.started_at = task.started_at.or(Some(now));
            task.ended_at = Some(now);
            task.result = Some(by_actor(change.result, actor));
        }
        TaskState::Cancelled => task.ended_at = Some(now),
    }
    task.state = change.state;
    task.from_template = false;
    append_note(&mut task, change.note);
    records.put(task)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// Longest rehearsal of one task, in minutes: thirty days.
pub const REHEARSED_MOST: u32 = 30 * 24 * 60;

/// Keeps how long a step took while nothing was at stake; the plan takes it over when somebody says so.
fn rehearse(
    mut task: Task,
    minutes: u32,
    note: &str,
    actor: &Person,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let release: Release = records.must(task.release)?;
    must_be_open(&release, records)?;
    let mut findings: Vec<Finding> = task_denial(&task, actor, records)?.into_iter().collect();
    if task.state != TaskState::Planned {
        findings.push(
            Finding::new(
                "TASK_BEGUN",
                format!("Task T{:02} {} is {}; it is not rehearsed any more.", task.ordinal, task.title, task.state),
                "Reopen it first, or leave the rehearsal out.",
            )
            .about(RecordRef::of(&task)),
        );
    }
    if minutes > REHEARSED_MOST {
        findings.push(
            Finding::new(
                "OUT_OF_RANGE",
                format!("{minutes} minutes are more than the {REHEARSED_MOST} that a rehearsal may take."),
                "Give minutes, or rehearse a smaller step.",
            )
            .about(RecordRef::of(&task)),
        );
    }
    findings.extend(text::prose("note", note).err());
    none(findings)?;
    task.rehearsed_minutes = Some(minutes);
    append_note(&mut task, note);
    records.put(task)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// The result as recorded: passed unless said otherwise, and a waiver is the actor's whatever the command says.
pub(crate) fn by_actor(result: Option<&TestResult>, actor: &Person) -> TestResult {
    match result {
        None | Some(TestResult::Passed) => TestResult::Passed,
        Some(TestResult::Failed) => TestResult::Failed,
        Some(TestResult::Waived { reason, .. }) => {
            TestResult::Waived { reason: reason.trim().to_owned(), by: actor.id }
        }
    }
}

/// As a person reads it.
pub(crate) fn result_label(result: &TestResult) -> &'static str {
    match result {
        TestResult::Passed => "passed",
        TestResult::Failed => "failed",
        TestResult::Waived { .. } => "waived",
    }
}

/// Adds a paragraph to the notes.
pub(crate) fn append_note(task: &mut Task, note: &str) {
    let note = note.trim();
    if note.is_empty() {
        return;
    }
    if !task.notes.is_empty() {
        task.notes.push('\n');
    }
    task.notes.push_str(note);
}

/// Every task of a release, by ordinal.
///
/// # Errors
/// A storage fault.
pub fn tasks_of(release: ReleaseId, records: &dyn Records) -> Result<Vec<Task>, Fault> {
    let mut tasks: Vec<Task> = records.list(Lookup::TasksOfRelease, &release.to_string())?;
    tasks.sort_by_key(|t| t.ordinal);
    Ok(tasks)
}

struct NewTask<'a> {
    id: TaskId,
    phase: Phase,
    title: &'a str,
    mandatory: bool,
    predecessors: &'a BTreeSet<TaskId>,
    planned_minutes: u32,
}

fn create(release: ReleaseId, new: &NewTask<'_>, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut release: Release = records.must(release)?;
    must_be_open(&release, records)?;
    let mut findings = Vec::new();
    if let Some(existing) = records.get::<Task>(new.id)? {
        findings.push(id_taken(RecordRef::of(&existing)));
    }
    let title = text::filled_line("title", new.title).map_err(|f| findings.push(f)).unwrap_or_default();
    if new.phase.is_closed() || new.phase < release.phase {
        findings.push(
            Finding::new(
                "TASK_PHASE_PAST",
                format!("{} is in {}; a task of {} would never be done.", release.number, release.phase, new.phase),
                "Choose the present phase or a later one.",
            )
            .about(super::refer(&release)),
        );
    }
    if tasks_of(release.id, records)?.len() >= TASKS {
        findings.push(
            Finding::new(
                "TOO_MANY",
                format!("{} already has {TASKS} tasks.", release.number),
                "Use fewer, larger tasks.",
            )
            .about(super::refer(&release)),
        );
    }
    let task = Task {
        id: new.id,
        release: release.id,
        ordinal: release.task_count.saturating_add(1),
        title,
        phase: new.phase,
        mandatory: new.mandatory,
        from_template: false,
        assignee: None,
        state: TaskState::Planned,
        predecessors: new.predecessors.clone(),
        planned_start: None,
        planned_minutes: new.planned_minutes,
        rehearsed_minutes: None,
        started_at: None,
        ended_at: None,
        notes: String::new(),
        result: None,
    };
    for predecessor in &task.predecessors {
        findings.extend(predecessor_findings(&task, *predecessor, records)?);
    }
    none(findings)?;
    release.task_count = task.ordinal;
    records.put(release)?;
    records.put(task)?;
    Ok(Effect { created: 1, ..Effect::default() })
}

/// What speaks against the predecessor: it is of another release, of a later phase, or comes after the task itself.
fn predecessor_findings(task: &Task, id: TaskId, records: &dyn Records) -> Result<Vec<Finding>, Failure> {
    let predecessor: Task = if id == task.id { task.clone() } else { records.must(id)? };
    let about = RecordRef::of(&predecessor);
    let mut findings = Vec::new();
    if predecessor.release != task.release {
        findings.push(
            Finding::new(
                "PREDECESSOR_ELSEWHERE",
                format!("{} belongs to another release.", predecessor.title),
                "Choose a task of the same release.",
            )
            .about(about.clone()),
        );
    }
    if predecessor.phase > task.phase {
        findings.push(
            Finding::new(
                "PREDECESSOR_LATER",
                format!("{} belongs to {}, which comes after {}.", predecessor.title, predecessor.phase, task.phase),
                "Choose a task of the same phase or an earlier one.",
            )
            .about(about.clone()),
        );
    }
    if comes_after(&predecessor, task, records)? {
        findings.push(
            Finding::new(
                "PREDECESSOR_LOOP",
                format!("{} already comes after {}; both would wait for ever.", predecessor.title, task.title),
                "Remove one of the two.",
            )
            .about(about),
        );
    }
    Ok(findings)
}

/// Whether `later` waits, directly or through others, for `earlier`, or is the same.
fn comes_after(later: &Task, earlier: &Task, records: &dyn Records) -> Result<bool, Fault> {
    let mut open = vec![later.id];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if id == earlier.id {
            return Ok(true);
        }
        if seen.insert(id)
            && let Some(task) = records.get::<Task>(id)?
        {
            open.extend(task.predecessors);
        }
    }
    Ok(false)
}

fn edit(task: &Task, edits: &[TaskEdit], actor: &Person, records: &mut dyn Records) -> Result<Effect, Failure> {
    let release: Release = records.must(task.release)?;
    must_be_open(&release, records)?;
    let mut findings = Vec::new();
    if matches!(task.state, TaskState::Done | TaskState::Cancelled) {
        findings.push(
            Finding::new(
                "TASK_FINISHED",
                format!("Task T{:02} {} is {}.", task.ordinal, task.title, task.state),
                "Reopen it first.",
            )
            .about(RecordRef::of(task)),
        );
    }
    let mut edited = task.clone();
    for edit in edits {
        apply(&mut edited, edit, &release, actor, records, &mut findings)?;
    }
    none(findings)?;
    if edited == *task {
        return Ok(Effect { unchanged: 1, ..Effect::default() });
    }
    edited.from_template = false;
    records.put(edited)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

fn apply(
    task: &mut Task,
    edit: &TaskEdit,
    release: &Release,
    actor: &Person,
    records: &dyn Records,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    let about = RecordRef::of(task);
    match edit {
        TaskEdit::Title(e) => match text::filled_line("title", &e.to) {
            Ok(to) => set(&mut task.title, "title", &Edit { from: e.from.clone(), to }, about, findings),
            Err(finding) => findings.push(finding),
        },
        TaskEdit::Assignee(e) => {
            match e.to {
                Some(Assignee::Person(person)) => findings.extend(person_finding("assignee", person, records)?),
                Some(Assignee::Group(group)) => drop(records.must::<Group>(group)?),
                None => {}
            }
            set(&mut task.assignee, "assignee", e, about, findings);
        }
        TaskEdit::PlannedStart(e) => set(&mut task.planned_start, "planned_start", e, about, findings),
        TaskEdit::PlannedMinutes(e) => set(&mut task.planned_minutes, "planned_minutes", e, about, findings),
        TaskEdit::Mandatory(e) => {
            if task.mandatory && !e.to && !is_release_manager(release, actor) {
                findings.push(
                    Finding::new(
                        "NOT_THE_RELEASE_MANAGER",
                        format!("Only the release manager of {} makes a mandatory task optional.", release.number),
                        "Ask the release manager.",
                    )
                    .about(about.clone()),
                );
            }
            set(&mut task.mandatory, "mandatory", e, about, findings);
        }
        TaskEdit::AddPredecessor(id) => {
            findings.extend(predecessor_findings(task, *id, records)?);
            task.predecessors.insert(*id);
        }
        TaskEdit::RemovePredecessor(id) => drop(task.predecessors.remove(id)),
    }
    Ok(())
}

fn set<T: PartialEq + Clone + Serialize>(
    place: &mut T,
    field: &str,
    edit: &Edit<T>,
    about: RecordRef,
    findings: &mut Vec<Finding>,
) {
    if *place == edit.from || *place == edit.to {
        *place = edit.to.clone();
    } else {
        findings.push(conflict(about, field, &edit.from, place));
    }
}

/// The moves of a task, as front ends name them: code, title, to which state, from which states.
#[rustfmt::skip]
static MOVES: &[(&str, &str, TaskState, &[TaskState])] = {
    use TaskState::{Blocked, Cancelled, Done, InProgress, Planned};
    &[
        ("start", "Start", InProgress, &[Planned, Blocked]),
        ("done", "Done", Done, &[Planned, InProgress, Blocked]),
        ("block", "Block", Blocked, &[Planned, InProgress]),
        ("cancel", "Cancel the task", Cancelled, &[Planned, InProgress, Blocked]),
        ("reopen", "Reopen", Planned, &[InProgress, Done, Cancelled]),
    ]
};

/// What may be done with a task now, and why not.
///
/// # Errors
/// A storage fault.
pub fn actions(
    task: &Task,
    release: &Release,
    actor: &Person,
    records: &dyn Records,
) -> Result<Vec<ActionState>, Fault> {
    if release.phase.is_closed() {
        return Ok(Vec::new());
    }
    let mut actions = Vec::new();
    for (action, title, to, _) in MOVES.iter().filter(|(.., from)| from.contains(&task.state)) {
        let mut findings: Vec<Finding> = denial("task.set_state", actor).into_iter().collect();
        findings.extend(task_denial(task, actor, records)?);
        findings.extend(state_findings(task, release, &StateChange { state: *to, result: None, note: "" }, records)?);
        actions.push(state(action, title, findings));
    }
    Ok(actions)
}
