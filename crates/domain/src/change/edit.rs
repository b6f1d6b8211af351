//! Edits of a change, and none that overlooks what somebody else wrote meanwhile: a text is then a conflict of that
//! text only, anything else refuses all of the command.

use super::{judge, read_only};
use crate::change::record::{Change, ChangeKind, ChangeState};
use crate::command::merge::change_by_field;
use crate::command::{ChangeEdit, Edit};
use crate::execute::{Conflict, Effect, none_but};
use crate::id::ChangeId;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding};
use crate::release::edit::{conflict, shown};
use serde::Serialize;

pub(super) fn edit(id: ChangeId, edits: &[ChangeEdit], records: &mut dyn Records) -> Result<Effect, Failure> {
    let before: Change = records.must(id)?;
    let untouchable = read_only(&before).or_else(|| edits.iter().find_map(|edit| frozen(&before, edit)));
    let mut findings: Vec<Finding> = untouchable.into_iter().collect();
    let mut change = before.clone();
    let mut conflicts = Vec::new();
    for edit in edits {
        match apply(&mut change, edit) {
            Some(Against::Edited(conflict)) if change_by_field(edit) => conflicts.push(*conflict),
            Some(Against::Edited(conflict)) => findings.push(conflict.finding),
            Some(Against::Rule(finding)) => findings.push(finding.about(before.reference())),
            None => {}
        }
    }
    findings.extend(judge(&mut change, records)?);
    none_but(&conflicts, findings)?;
    if change == before {
        return Ok(Effect { conflicts, ..Effect::unchanged() });
    }
    records.put(change)?;
    Ok(Effect { conflicts, ..Effect::updated() })
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

/// What speaks against one edit.
enum Against {
    /// A rule.
    Rule(Finding),
    /// Somebody else changed the field meanwhile.
    Edited(Box<Conflict>),
}

fn apply(change: &mut Change, edit: &ChangeEdit) -> Option<Against> {
    let about = change.reference();
    match edit {
        ChangeEdit::Title(e) => set("title", &mut change.title, e, about),
        ChangeEdit::Description(e) => set("description", &mut change.description, e, about),
        ChangeEdit::Category(e) => set("category", &mut change.category, e, about),
        ChangeEdit::Kind(e) if e.to == ChangeKind::Standard && change.kind != ChangeKind::Standard => {
            Some(Against::Rule(Finding::new(
                "STANDARD_BY_EDIT",
                format!("{} cannot become a standard change: those are approved in advance.", change.number),
                "Register a standard change instead.",
            )))
        }
        ChangeEdit::Kind(e) => set("kind", &mut change.kind, e, about),
        ChangeEdit::Reason(e) => set("reason", &mut change.reason, e, about),
        ChangeEdit::Impact(e) => set("impact", &mut change.impact, e, about),
        ChangeEdit::Urgency(e) => set("urgency", &mut change.urgency, e, about),
        ChangeEdit::Risk(e) => set("risk", &mut change.risk, e, about),
        ChangeEdit::Coordinator(e) => set("coordinator", &mut change.coordinator, e, about),
        ChangeEdit::Planned(e) => set("planned", &mut change.planned, e, about),
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
    }
}

/// Sets a value that is still what the author saw, or already what the author wants.
fn set<T: Clone + PartialEq + Serialize>(
    field: &str,
    place: &mut T,
    edit: &Edit<T>,
    about: RecordRef,
) -> Option<Against> {
    if *place != edit.from && *place != edit.to {
        let finding = conflict(about, field, &edit.from, &*place);
        let conflict = Conflict::of_field(field, shown(&edit.from), shown(&edit.to), shown(&*place), finding);
        return Some(Against::Edited(Box::new(conflict)));
    }
    place.clone_from(&edit.to);
    None
}
