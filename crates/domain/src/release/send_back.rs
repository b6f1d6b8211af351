//! Going back to an earlier phase: what was approved and done after it counts no more, the evidence stays.

use crate::approval;
use crate::approval::record::{ApprovalState, Subject};
use crate::lookup::Lookup;
use crate::records::RecordsExt;
use crate::refusal::Failure;
use crate::release::effect::EffectInput;
use crate::release::phase::phase_of;
use crate::release::task_record::{Task, TaskState};

/// Approvals of the phase that is gone back to, and of every later one, are void.
pub fn void_approvals_from_target(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    let to = i.row.to;
    let because = match i.ask.reason.trim() {
        "" => format!("{} to {to}", i.row.command),
        reason => format!("{} to {to}: {reason}", i.row.command),
    };
    let counts = |a: &approval::record::Approval| {
        matches!(a.state, ApprovalState::Pending | ApprovalState::Approved)
            && phase_of(a.gate).is_some_and(|phase| phase >= to)
    };
    approval::end(Subject::Release(i.release.id), counts, ApprovalState::Void, &because, i.records)?;
    Ok(())
}

/// Tasks of later phases are to be done again; the notes say how they stood.
pub fn reopen_later_tasks(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    for mut task in i.records.list::<Task>(Lookup::TasksOfRelease, &i.release.id.to_string())? {
        let begun = matches!(task.state, TaskState::Done | TaskState::InProgress | TaskState::Blocked);
        if task.phase <= i.row.to || !begun {
            continue;
        }
        let result =
            task.result.as_ref().map(|r| format!(", {}", crate::release::task::result_label(r))).unwrap_or_default();
        let note = format!("{} ({}): was {}{result}.", i.row.command, i.context.now.to_rfc3339(), task.state);
        crate::release::task::append_note(&mut task, &note);
        task.state = TaskState::Planned;
        task.started_at = None;
        task.ended_at = None;
        task.result = None;
        i.records.put(task)?;
    }
    Ok(())
}
