//! Changes: what a release packages.

use crate::access;
use crate::approval::record::{Approval, ApprovalState, Subject};
use crate::change::record::{Change, ChangeKind, ChangeState};
use crate::cmdb::ci::Ci;
use crate::cmdb::group::CiGroup;
use crate::cmdb::relate;
use crate::command::{ChangeAction, ChangeCommand};
use crate::execute::{Context, Effect};
use crate::id::{ChangeId, ReleaseId};
use crate::level::priority;
use crate::lookup::{Lookup, subject_key};
use crate::number::Series;
use crate::people::{Person, Role};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::action::ActionState;
use crate::release::record::Release;
use crate::text;
use crate::time::Timestamp;

mod action;
mod edit;
mod import;
pub mod record;
pub mod risk;

/// Most CIs, groups or services of one change.
pub const AFFECTED: usize = 10_000;

/// The life of a change, read row by row: from where, to where. A release, an approval and a person move a change
/// along the same rows.
const MOVES: [(ChangeState, &[ChangeState]); 10] = {
    use ChangeState::{
        ApprovalPending, ApprovalWithdrawn, Approved, Assessed, Cancelled, Closed, Denied, Implemented, Registered,
        Reviewed,
    };
    [
        (Registered, &[Assessed, Cancelled]),
        (Assessed, &[ApprovalPending, Cancelled]),
        (ApprovalPending, &[Assessed, Approved, Denied, Cancelled]),
        (Approved, &[Implemented, ApprovalWithdrawn, Cancelled]),
        // Back to Approved: the release that implemented it was backed out.
        (Implemented, &[Approved, Reviewed]),
        (Reviewed, &[Approved, Closed]),
        (Closed, &[Approved]),
        (Denied, &[Assessed, Cancelled]),
        (Cancelled, &[]),
        (ApprovalWithdrawn, &[Assessed, ApprovalPending, Approved, Cancelled]),
    ]
};

impl ChangeState {
    /// Whether the table has a move from here to there.
    #[must_use]
    pub fn may_become(self, other: Self) -> bool {
        MOVES.iter().any(|(from, to)| *from == self && to.contains(&other))
    }

    /// Implemented or later, or given up: nothing of it is edited any more.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Implemented | Self::Reviewed | Self::Closed | Self::Cancelled)
    }
}

impl Change {
    /// Whether the table lets this change become that.
    #[must_use]
    pub fn may_become(&self, other: ChangeState) -> bool {
        self.state.may_become(other)
    }

    /// How other records and findings name it.
    #[must_use]
    pub fn reference(&self) -> RecordRef {
        RecordRef::of(self)
    }
}

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    command: &ChangeCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match command {
        ChangeCommand::Create(change) => create(change, actor, context, records),
        ChangeCommand::Edit(id, edits) => edit::edit(*id, edits, records),
        ChangeCommand::Do(id, action) => carry_out(*id, action, records),
        ChangeCommand::Import(rows) => import::changes(rows, context, records),
    }
}

/// What the state of the change leads to, each allowed or with every reason why not.
///
/// Actions that belong to another state are left out: a closed change has none.
///
/// # Errors
/// A storage fault.
pub fn change_actions(
    change: &Change,
    actor: &Person,
    _now: Timestamp,
    records: &dyn Records,
) -> Result<Vec<ActionState>, Fault> {
    let mut actions = Vec::new();
    for line in action::LINES.iter().filter(|line| line.from.contains(&change.state)) {
        let mut findings = access::denial(line.command, actor).into_iter().collect::<Vec<_>>();
        findings.extend(action::findings(change, line, records)?);
        actions.push(ActionState {
            action: line.action.to_owned(),
            title: line.title.to_owned(),
            allowed: findings.is_empty(),
            findings,
            needs_reason: line.needs_reason,
            confirm: line.confirm,
        });
    }
    Ok(actions)
}

/// The release that is not closed and carries the change, if one does.
///
/// # Errors
/// A storage fault.
pub fn open_release(change: ChangeId, records: &dyn Records) -> Result<Option<Release>, Fault> {
    match records.find(Lookup::OpenReleaseOfChange, &change.to_string())?.first() {
        Some(id) => records.get::<Release>(ReleaseId(*id)),
        None => Ok(None),
    }
}

fn create(given: &Change, actor: &Person, context: &mut Context, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut change = given.clone();
    let mut findings = judge(&mut change, records)?;
    if change.foreign.is_some() {
        findings.push(Finding::new(
            "FOREIGN_NUMBER",
            format!("{:?} has the number of another suite.", change.title),
            "Import it instead.",
        ));
    }
    if records.get::<Change>(change.id)?.is_some() {
        findings.push(id_taken());
    }
    // Approved at once, without a vote: so not for everybody who may register a change.
    let standard = change.kind == ChangeKind::Standard;
    if standard && !actor.roles.contains(&Role::ChangeManager) && !actor.roles.contains(&Role::ChangeCoordinator) {
        findings.push(Finding::new(
            "STANDARD_NOT_ALLOWED",
            format!("{} may not register a standard change.", actor.name),
            "Register it as normal, or ask a change manager or a change coordinator.",
        ));
    }
    none(findings)?;
    change.state = if standard { ChangeState::Approved } else { ChangeState::Registered };
    change.release = None;
    change.outcome = None;
    change.state_reason = String::new();
    change.created_at = context.now;
    change.number = context.number(records, Series::Change, &change.number)?;
    records.put(change)?;
    Ok(Effect::created())
}

pub(crate) fn id_taken() -> Finding {
    Finding::new("ID_TAKEN", "A change is already stored under this identity.", "Register the change anew.")
}

/// Trims the texts, computes the priority, and finds what does not hold for any change, new or edited.
pub(crate) fn judge(change: &mut Change, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    let mut take = |place: &mut String, text: Result<String, Finding>| match text {
        Ok(text) => *place = text,
        Err(finding) => findings.push(finding),
    };
    let title = text::filled_line("title", &change.title);
    take(&mut change.title, title);
    let description = text::prose("description", &change.description);
    take(&mut change.description, description);
    let category = text::line("category", &change.category);
    take(&mut change.category, category);
    let reason = text::prose("reason", &change.reason);
    take(&mut change.reason, reason);
    if let Some((from, to)) = &mut change.versions {
        let trimmed = text::line("from_version", from);
        take(from, trimmed);
        let trimmed = text::line("to_version", to);
        take(to, trimmed);
    }
    if change.planned.is_some_and(|window| !window.is_ordered()) {
        findings.push(Finding::new(
            "WINDOW_ORDER",
            "The planned window ends before it begins.",
            "Choose an end after the start.",
        ));
    }
    change.priority = change.impact.zip(change.urgency).map(|(impact, urgency)| priority(impact, urgency));
    for person in std::iter::once(change.requested_by).chain(change.coordinator) {
        if person != crate::id::PersonId::SYSTEM && records.get::<Person>(person)?.is_none() {
            findings.push(Finding::new(
                "UNKNOWN_PERSON",
                format!("{:?} names a person who is not known here.", change.title),
                "Choose another person, or sync.",
            ));
        }
    }
    findings.extend(affected(change, records)?);
    Ok(findings)
}

/// Affected CIs, groups and services exist, and services are services.
fn affected(change: &Change, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let count = change.cis.len().max(change.ci_groups.len()).max(change.services.len());
    if count > AFFECTED {
        return Ok(vec![
            Finding::new(
                "TOO_MANY_CIS",
                format!("{count} affected CIs are too many; {AFFECTED} are possible."),
                "Name a CI group instead, or split the change.",
            )
            .with("limit", AFFECTED),
        ]);
    }
    let mut findings = Vec::new();
    for ci in &change.cis {
        findings.extend(relate::absent(*ci, records)?);
    }
    for group in &change.ci_groups {
        if records.get::<CiGroup>(*group)?.is_none() {
            findings.push(Finding::new(
                "UNKNOWN_CI_GROUP",
                format!("There is no CI group {group} here."),
                "Choose another group, or sync.",
            ));
        }
    }
    for service in &change.services {
        match records.get::<Ci>(*service)? {
            None => findings.extend(relate::absent(*service, records)?),
            Some(ci) if ci.is_service() => {}
            Some(ci) => findings.push(
                Finding::new(
                    "NOT_A_SERVICE",
                    format!("{} is a {}, not a service.", ci.name, ci.class),
                    "Name it among the affected CIs.",
                )
                .about(ci.reference()),
            ),
        }
    }
    Ok(findings)
}

/// The finding that a change of another suite is read-only here, if it is one.
pub(crate) fn read_only(change: &Change) -> Option<Finding> {
    change.foreign.as_ref().map(|foreign| {
        Finding::new(
            "CHANGE_IMPORTED",
            format!("{} belongs to {} and is read-only here.", foreign.number, foreign.system),
            format!("Work on it in {} and import it again.", foreign.system),
        )
        .about(change.reference())
    })
}

fn carry_out(id: ChangeId, action: &ChangeAction, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut change: Change = records.must(id)?;
    let line = action::line(action);
    let mut findings = action::findings(&change, line, records)?;
    let mut reason = String::new();
    if let ChangeAction::WithdrawApproval(text) | ChangeAction::Reconsider(text) | ChangeAction::Cancel(text) = action {
        match text::filled_prose("reason", text) {
            Ok(text) => reason = text,
            Err(finding) => findings.push(finding),
        }
    }
    none(findings)?;
    match action {
        ChangeAction::Assess => {
            if change.risk.is_none() {
                change.risk = Some(risk::from_impact(&change, records)?);
            }
        }
        ChangeAction::WithdrawApproval(_) | ChangeAction::Cancel(_) => end_approvals(id, &reason, records)?,
        ChangeAction::Review { outcome } => change.outcome = Some(*outcome),
        ChangeAction::Reconsider(_) | ChangeAction::Implement | ChangeAction::Close => {}
    }
    change.state = line.to;
    if !reason.is_empty() {
        change.state_reason = reason;
    }
    records.put(change)?;
    Ok(Effect::updated())
}

/// What was asked for or granted no longer holds; the votes stay in the record.
fn end_approvals(change: ChangeId, reason: &str, records: &mut dyn Records) -> Result<(), Fault> {
    for mut approval in records.list::<Approval>(Lookup::ApprovalsOf, &subject_key(Subject::Change(change)))? {
        if matches!(approval.state, ApprovalState::Pending | ApprovalState::Approved) {
            approval.state = ApprovalState::Withdrawn;
            reason.clone_into(&mut approval.ended_because);
            records.put(approval)?;
        }
    }
    Ok(())
}
