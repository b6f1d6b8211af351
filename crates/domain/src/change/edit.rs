//! Edits of a change: all or none, and none that overlooks what somebody else wrote meanwhile.

use super::{judge, read_only};
use crate::change::record::{Change, ChangeKind, ChangeState};
use crate::command::{ChangeEdit, Edit};
use crate::execute::Effect;
use crate::id::ChangeId;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use std::fmt::Debug;

pub(super) fn edit(id: ChangeId, edits: &[ChangeEdit], records: &mut dyn Records) -> Result<Effect, Failure> {
    let before: Change = records.must(id)?;
    let untouchable = read_only(&before).or_else(|| edits.iter().find_map(|edit| frozen(&before, edit)));
    let mut findings: Vec<Finding> = untouchable.into_iter().collect();
    let mut change = before.clone();
    for edit in edits {
        findings.extend(apply(&mut change, edit));
    }
    findings.extend(judge(&mut change, records)?);
    none(findings)?;
    if change == before {
        return Ok(Effect::unchanged());
    }
    records.put(change)?;
    Ok(Effect::updated())
}

/// What was asked to be approved stays as it was asked; who coordinates and when it is planned may still move.
fn frozen(change: &Change, edit: &ChangeEdit) -> Option<Finding> {
    let way_out = match change.state {
        ChangeState::Registered | ChangeState::Assessed | ChangeState::Denied | ChangeState::ApprovalWithdrawn => {
            return None;
        }
        ChangeState::ApprovalPending | ChangeState::Approved
            if matches!(edit, ChangeEdit::Coordinator(_) | ChangeEdit::Planned(_)) =>
        {
            return None;
        }
        ChangeState::ApprovalPending => "Have it denied, then reconsider it.",
        ChangeState::Approved => "Withdraw its approval first, with a reason.",
        ChangeState::Implemented | ChangeState::Reviewed | ChangeState::Closed | ChangeState::Cancelled => {
            "Register another change."
        }
    };
    Some(
        Finding::new(
            "CHANGE_FROZEN",
            format!("{} is {}; what it says stays as it is.", change.number, change.state),
            way_out,
        )
        .about(change.reference())
        .with("state", change.state),
    )
}

fn apply(change: &mut Change, edit: &ChangeEdit) -> Option<Finding> {
    let reference = change.reference();
    let found = match edit {
        ChangeEdit::Title(e) => set("title", &mut change.title, e),
        ChangeEdit::Description(e) => set("description", &mut change.description, e),
        ChangeEdit::Category(e) => set("category", &mut change.category, e),
        ChangeEdit::Kind(e) if e.to == ChangeKind::Standard && change.kind != ChangeKind::Standard => {
            Some(Finding::new(
                "STANDARD_BY_EDIT",
                format!("{} cannot become a standard change: those are approved in advance.", change.number),
                "Register a standard change instead.",
            ))
        }
        ChangeEdit::Kind(e) => set("kind", &mut change.kind, e),
        ChangeEdit::Reason(e) => set("reason", &mut change.reason, e),
        ChangeEdit::Impact(e) => set("impact", &mut change.impact, e),
        ChangeEdit::Urgency(e) => set("urgency", &mut change.urgency, e),
        ChangeEdit::Risk(e) => set("risk", &mut change.risk, e),
        ChangeEdit::Coordinator(e) => set("coordinator", &mut change.coordinator, e),
        ChangeEdit::Planned(e) => set("planned", &mut change.planned, e),
        ChangeEdit::AddCi(ci) => {
            change.cis.insert(*ci);
            None
        }
        ChangeEdit::RemoveCi(ci) => {
            change.cis.remove(ci);
            None
        }
        ChangeEdit::AddService(ci) => {
            change.services.insert(*ci);
            None
        }
        ChangeEdit::RemoveService(ci) => {
            change.services.remove(ci);
            None
        }
    };
    found.map(|finding| finding.about(reference))
}

/// Sets a value that is still what the author saw, or already what the author wants.
fn set<T: Clone + PartialEq + Debug>(field: &str, place: &mut T, edit: &Edit<T>) -> Option<Finding> {
    if *place != edit.from && *place != edit.to {
        return Some(
            Finding::new(
                "EDIT_CONFLICT",
                format!("The {field} has been changed by somebody else."),
                format!("Look at the {field} again, then decide."),
            )
            .with("field", field)
            .with("from", shown(&edit.from))
            .with("theirs", shown(&*place))
            .with("mine", shown(&edit.to)),
        );
    }
    place.clone_from(&edit.to);
    None
}

fn shown<T: Debug>(value: &T) -> String {
    format!("{value:?}").chars().take(200).collect()
}
