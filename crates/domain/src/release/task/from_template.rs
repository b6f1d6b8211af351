//! Tasks made from the templates: on entering a phase, and anew when the type of the release changes.

use crate::id::TaskId;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use crate::release::effect::Ids;
use crate::release::plan_runbook::AHEAD;
use crate::release::record::{Phase, Release};
use crate::release::task::tasks_of;
use crate::release::task_record::{Task, TaskState};
use crate::release::template::template_for;
use std::collections::{BTreeMap, BTreeSet};

/// The tasks of a phase from its template, on entering the phase for the first time.
///
/// # Errors
/// A storage fault.
pub(crate) fn make_template_tasks(
    release: &mut Release,
    phase: Phase,
    ids: &mut Ids,
    records: &mut dyn Records,
) -> Result<(), Fault> {
    let entries = release.phase_history.iter().filter(|e| e.to == phase).count();
    if entries > 1 || (release.runbook_planned && AHEAD.contains(&phase)) {
        return Ok(());
    }
    from_template(release, phase, ids, records)
}

/// Another type has other tasks: those of the old templates that nobody touched go, those of the new ones come, in
/// every phase that was entered.
///
/// # Errors
/// A storage fault.
pub(crate) fn replace_template_tasks(
    release: &mut Release,
    ids: &mut Ids,
    records: &mut dyn Records,
) -> Result<(), Fault> {
    let (untouched, kept): (Vec<Task>, Vec<Task>) =
        tasks_of(release.id, records)?.into_iter().partition(|t| t.from_template);
    let gone: BTreeSet<TaskId> = untouched.iter().map(|t| t.id).collect();
    for id in &gone {
        records.remove(Kind::Task, (*id).into())?;
    }
    for mut task in kept {
        if !task.predecessors.is_disjoint(&gone) {
            task.predecessors.retain(|id| !gone.contains(id));
            records.put(task)?;
        }
    }
    // Those made ahead went with the old type.
    release.runbook_planned = false;
    let entered: BTreeSet<Phase> = release.phase_history.iter().map(|e| e.to).collect();
    for phase in entered {
        from_template(release, phase, ids, records)?;
    }
    Ok(())
}

/// The tasks of a phase that are not there by title, from the template of the release's type.
///
/// # Errors
/// A storage fault.
pub(crate) fn from_template(
    release: &mut Release,
    phase: Phase,
    ids: &mut Ids,
    records: &mut dyn Records,
) -> Result<(), Fault> {
    let Some(release_type) = release.release_type else { return Ok(()) };
    let Some(template) = template_for(release_type, phase, records)? else { return Ok(()) };
    let existing: BTreeMap<String, TaskId> =
        tasks_of(release.id, records)?.into_iter().filter(|t| t.phase == phase).map(|t| (t.title, t.id)).collect();
    // Ids by position in the template; a task for each target makes several.
    let mut made: Vec<Vec<TaskId>> = Vec::new();
    for row in &template.tasks {
        let titles: Vec<String> = if row.per_target && !release.scope.targets.is_empty() {
            release.scope.targets.iter().map(|t| format!("{}: {}", row.title, t.name)).collect()
        } else {
            vec![row.title.clone()]
        };
        // Only what stands earlier in the template can come first, so a template never makes a loop.
        let predecessors: BTreeSet<TaskId> =
            row.after.iter().filter_map(|p| made.get(*p as usize)).flatten().copied().collect();
        let mut here = Vec::new();
        for title in titles {
            if let Some(id) = existing.get(&title) {
                here.push(*id);
                continue;
            }
            release.task_count = release.task_count.saturating_add(1);
            let task = Task {
                id: ids.fresh(),
                release: release.id,
                ordinal: release.task_count,
                title,
                phase,
                mandatory: row.mandatory,
                from_template: true,
                assignee: None,
                state: TaskState::Planned,
                predecessors: predecessors.clone(),
                planned_start: None,
                planned_minutes: row.planned_minutes,
                rehearsed_minutes: None,
                started_at: None,
                ended_at: None,
                notes: String::new(),
                result: None,
            };
            here.push(task.id);
            records.put(task)?;
        }
        made.push(here);
    }
    Ok(())
}
