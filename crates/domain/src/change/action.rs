//! What may be done with a change now, and why not.

use super::{open_release, read_only};
use crate::change::record::{Change, ChangeState};
use crate::command::ChangeAction;
use crate::records::Records;
use crate::refusal::{Fault, Finding};

/// One action of a change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// As the CLI and the UI call it.
    pub action: &'static str,
    /// As on a button.
    pub title: &'static str,
    /// Its name in the access table.
    pub command: &'static str,
    /// From where.
    pub from: &'static [ChangeState],
    /// To where.
    pub to: ChangeState,
    /// Whether it asks for a reason.
    pub needs_reason: bool,
    /// Whether it is confirmed on a sheet.
    pub confirm: bool,
}

const fn line_of(
    (action, title, command): (&'static str, &'static str, &'static str),
    from: &'static [ChangeState],
    to: ChangeState,
) -> Line {
    Line { action, title, command, from, to, needs_reason: false, confirm: false }
}

use ChangeState::{
    ApprovalPending, ApprovalWithdrawn, Approved, Assessed, Cancelled, Closed, Denied, Implemented, Registered,
    Reviewed,
};

const ASSESS: Line = line_of(("assess", "Assess", "change.assess"), &[Registered], Assessed);
const REQUEST_APPROVAL: Line = line_of(
    ("request_approval", "Request approval", "approval.request"),
    &[Assessed, ApprovalWithdrawn],
    ApprovalPending,
);
const WITHDRAW_APPROVAL: Line = Line {
    needs_reason: true,
    confirm: true,
    ..line_of(("withdraw_approval", "Withdraw approval", "change.withdraw_approval"), &[Approved], ApprovalWithdrawn)
};
const RECONSIDER: Line = Line {
    needs_reason: true,
    ..line_of(("reconsider", "Reconsider", "change.reconsider"), &[Denied, ApprovalWithdrawn], Assessed)
};
const IMPLEMENT: Line = line_of(("implement", "Record as implemented", "change.implement"), &[Approved], Implemented);
const REVIEW: Line = line_of(("review", "Review", "change.review"), &[Implemented], Reviewed);
const CLOSE: Line = line_of(("close", "Close", "change.close"), &[Reviewed], Closed);
const CANCEL: Line = Line {
    needs_reason: true,
    confirm: true,
    ..line_of(
        ("cancel", "Cancel the change", "change.cancel"),
        &[Registered, Assessed, ApprovalPending, Approved, Denied, ApprovalWithdrawn],
        Cancelled,
    )
};

/// Every action, in the order of a change's life.
pub(crate) const LINES: [Line; 8] =
    [ASSESS, REQUEST_APPROVAL, IMPLEMENT, REVIEW, CLOSE, RECONSIDER, WITHDRAW_APPROVAL, CANCEL];

/// The line of an action.
pub(crate) fn line(action: &ChangeAction) -> &'static Line {
    match action {
        ChangeAction::Assess => &ASSESS,
        ChangeAction::WithdrawApproval(_) => &WITHDRAW_APPROVAL,
        ChangeAction::Reconsider(_) => &RECONSIDER,
        ChangeAction::Implement => &IMPLEMENT,
        ChangeAction::Review { .. } => &REVIEW,
        ChangeAction::Close => &CLOSE,
        ChangeAction::Cancel(_) => &CANCEL,
    }
}

/// Everything that speaks against the action, but for who asks and with what reason.
pub(crate) fn findings(change: &Change, line: &Line, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings: Vec<Finding> = read_only(change).into_iter().collect();
    findings.extend(state_finding(change, line));
    match line.action {
        "assess" => findings.extend(unassessed(change)),
        "withdraw_approval" => findings.extend(already_installed(change, records)?),
        // Its release moves it; a second way beside the release would say something else.
        "implement" | "review" | "close" | "cancel" => findings.extend(in_release(change, line, records)?),
        _ => {}
    }
    Ok(findings)
}

fn state_finding(change: &Change, line: &Line) -> Option<Finding> {
    if line.from.contains(&change.state) {
        return None;
    }
    let from: Vec<&str> = line.from.iter().map(|s| s.label()).collect();
    let title = line.title.to_lowercase();
    Some(
        Finding::new(
            "CHANGE_STATE",
            format!("{} is {}; {title} does not apply.", change.number, change.state),
            format!("It applies to a change that is {}.", from.join(" or ")),
        )
        .about(change.reference())
        .with("state", change.state)
        .with("action", line.action),
    )
}

fn unassessed(change: &Change) -> Vec<Finding> {
    let missing = [("impact", change.impact.is_none()), ("urgency", change.urgency.is_none())];
    missing
        .into_iter()
        .filter(|(_, missing)| *missing)
        .map(|(field, _)| {
            Finding::new(
                "NOT_ASSESSED",
                format!("The {field} of {} is not set.", change.number),
                format!("Set the {field}."),
            )
            .about(change.reference())
            .with("field", field)
        })
        .collect()
}

fn in_release(change: &Change, line: &Line, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    let Some(release) = open_release(change.id, records)? else { return Ok(None) };
    let way_out = if line.action == "cancel" || line.action == "implement" {
        format!("Detach it from {} first.", release.number)
    } else {
        format!("Record its outcome in {} and close that.", release.number)
    };
    Ok(Some(
        Finding::new("CHANGE_IN_RELEASE", format!("{} is part of {}.", change.number, release.number), way_out)
            .about(crate::record::RecordRef::of(&release)),
    ))
}

fn already_installed(change: &Change, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    let Some(release) = open_release(change.id, records)?.filter(|r| r.install.is_some()) else { return Ok(None) };
    Ok(Some(
        Finding::new(
            "CHANGE_INSTALLED",
            format!("{} is already in production with {}.", change.number, release.number),
            format!("Record its outcome, or back out {}.", release.number),
        )
        .about(crate::record::RecordRef::of(&release)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_follows_the_table_of_states() {
        for line in &LINES {
            for from in line.from {
                assert!(from.may_become(line.to), "{} from {from} to {}", line.action, line.to);
            }
        }
    }

    #[test]
    fn the_table_has_each_state_once() {
        let rows: Vec<ChangeState> = crate::change::MOVES.iter().map(|(from, _)| *from).collect();
        assert_eq!(rows, ChangeState::ALL);
    }
}
