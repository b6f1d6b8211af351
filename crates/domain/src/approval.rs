//! Approvals: requests, votes, rules, delegation.

pub mod delegation;
pub mod matter;
pub mod record;
pub mod request;
pub mod rule;
pub mod vote;

use crate::approval::record::{Approval, ApprovalState, Subject};
use crate::command::ApprovalCommand;
use crate::execute::{Context, Effect};
use crate::id::ReleaseId;
use crate::lookup::{Lookup, subject_key};
use crate::people::Person;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault};
use crate::release::record::Release;
use crate::release::scope::{ScopeDigest, digest};
use crate::setting::Gate;

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    command: &ApprovalCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    use ApprovalCommand as C;
    match command {
        C::Request { approval, subject, groups, rule, due_at } => {
            let wish = request::Wish {
                id: *approval,
                subject: *subject,
                groups: groups.as_deref(),
                rule: *rule,
                due_at: *due_at,
            };
            request::request(&wish, actor, context, records)
        }
        C::Vote { approval, on_behalf_of, decision, note, digest } => {
            let ballot =
                vote::Ballot { on_behalf_of: *on_behalf_of, decision: Some(decision), note, digest: digest.as_ref() };
            vote::vote(records.must(*approval)?, &ballot, actor, context, records)
        }
        C::Retract { approval, on_behalf_of, reason } => {
            vote::retract(records.must(*approval)?, *on_behalf_of, reason, actor, records)
        }
        C::Override { approval, reason } => {
            vote::override_it(records.must(*approval)?, reason, actor, context, records)
        }
        C::Delegate(delegation) => delegation::delegate(delegation, actor, context, records),
        C::RevokeDelegation(id) => delegation::revoke(records.must(*id)?, actor, records),
    }
}

/// Every request about a subject, oldest first.
///
/// # Errors
/// A storage fault.
pub fn approvals_of(subject: Subject, records: &dyn Records) -> Result<Vec<Approval>, Fault> {
    let mut approvals: Vec<Approval> = records.list(Lookup::ApprovalsOf, &subject_key(subject))?;
    approvals.sort_by_key(|a| (a.requested_at, a.id));
    Ok(approvals)
}

/// Whether the gate is granted on exactly today's scope.
///
/// # Errors
/// A storage fault.
pub fn granted(release: &Release, gate: Gate, records: &dyn Records) -> Result<bool, Fault> {
    let today = digest(release);
    let approvals = approvals_of(Subject::Release(release.id), records)?;
    Ok(approvals
        .iter()
        .any(|a| a.gate == gate && a.state == ApprovalState::Approved && a.digest.as_ref() == Some(&today)))
}

/// Whether a grant of the gate stands, on whatever scope.
///
/// # Errors
/// A storage fault.
pub(crate) fn granted_once(release: &Release, gate: Gate, records: &dyn Records) -> Result<bool, Fault> {
    let approvals = approvals_of(Subject::Release(release.id), records)?;
    Ok(approvals.iter().any(|a| a.gate == gate && a.state == ApprovalState::Approved))
}

/// Ends the requests that `which` picks.
///
/// # Errors
/// A storage fault.
pub fn end(
    subject: Subject,
    which: impl Fn(&Approval) -> bool,
    state: ApprovalState,
    because: &str,
    records: &mut dyn Records,
) -> Result<(), Fault> {
    for mut approval in approvals_of(subject, records)? {
        if which(&approval) {
            approval.state = state;
            because.clone_into(&mut approval.ended_because);
            records.put(approval)?;
        }
    }
    Ok(())
}

/// After a scope edit no request and no grant of another digest counts any more.
///
/// # Errors
/// A storage fault.
pub(crate) fn void_outdated(release: ReleaseId, today: &ScopeDigest, records: &mut dyn Records) -> Result<(), Fault> {
    let outdated = |a: &Approval| {
        matches!(a.state, ApprovalState::Pending | ApprovalState::Approved) && a.digest.as_ref() != Some(today)
    };
    end(Subject::Release(release), outdated, ApprovalState::Void, "The scope changed.", records)
}
