//! Moving a plan to another time: what that would void, and what it would meet there, before it is done.

use crate::approval::record::{Approval, ApprovalState, Subject};
use crate::calendar::{Plan, hindrances};
use crate::command::{ChangeCommand, ChangeEdit, Command, Edit, ReleaseCommand, ReleaseEdit};
use crate::execute::{Context, execute_at_desk};
use crate::id::{CommandId, PersonId};
use crate::lookup::{Lookup, subject_key};
use crate::record::Record;
use crate::records::overlay::Overlay;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::release::record::Release;
use crate::setting::Freeze;
use crate::time::{Timestamp, Window};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What would come of a move.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Considered {
    /// Why it would be refused; empty when it would not.
    pub refused: Vec<Finding>,
    /// Approvals, granted or asked for, that would count no more.
    pub voids: Vec<Approval>,
    /// The go decision would be forgotten.
    pub forgets_go: bool,
    /// Collisions and freezes at the new time: no reason to refuse, but to know.
    pub meets: Vec<Finding>,
}

/// The command that moves a release's rollout window or a change's planned window from where it was seen; `None` for
/// other records.
#[must_use]
pub fn command(record: &Record, from: Option<Window>, to: Window) -> Option<Command> {
    let edit = Edit { from, to: Some(to) };
    match record {
        Record::Release(r) => {
            Some(Command::Release(r.id, ReleaseCommand::Edit(vec![ReleaseEdit::RolloutWindow(edit)])))
        }
        Record::Change(c) => Some(Command::Change(ChangeCommand::Edit(c.id, vec![ChangeEdit::Planned(edit)]))),
        _ => None,
    }
}

/// What would come of moving a release or change.
///
/// # Errors
/// A storage fault.
pub fn consider(
    record: &Record,
    from: Option<Window>,
    to: Window,
    actor: PersonId,
    now: Timestamp,
    records: &dyn Records,
) -> Result<Considered, Fault> {
    let mut considered = Considered::default();
    let Some(command) = command(record, from, to) else { return Ok(considered) };
    let mut moved = Overlay::over(records);
    let mut context = Context { command: CommandId(Uuid::nil()), actor, now, numbers: BTreeMap::new() };
    match execute_at_desk(&command, &mut context, &mut moved) {
        Ok(_) => {}
        Err(Failure::Refused(refusal)) => {
            considered.refused = refusal.findings;
            return Ok(considered);
        }
        Err(Failure::Fault(fault)) => return Err(fault),
    }
    let subject = match record {
        Record::Release(r) => {
            let after: Option<Release> = moved.get(r.id)?;
            considered.forgets_go = r.go_no_go.is_some() && after.is_some_and(|after| after.go_no_go.is_none());
            Subject::Release(r.id)
        }
        Record::Change(c) => Subject::Change(c.id),
        _ => return Ok(considered),
    };
    for approval in records.list::<Approval>(Lookup::ApprovalsOf, &subject_key(subject))? {
        let counts = matches!(approval.state, ApprovalState::Pending | ApprovalState::Approved);
        let after: Option<Approval> = moved.get(approval.id)?;
        if counts && after.is_some_and(|after| after.state == ApprovalState::Void) {
            considered.voids.push(approval);
        }
    }
    if let Some(record) = moved.read(record.kind(), record.id())? {
        let freezes: Vec<Freeze> = moved.all()?;
        let id = record.id();
        let found = hindrances(&[Plan { record, window: to }], &freezes, now, &moved)?;
        considered.meets = found.of.get(&id).cloned().unwrap_or_default();
    }
    Ok(considered)
}
