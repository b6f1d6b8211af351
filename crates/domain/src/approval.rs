//! Approvals: requests, votes, rules, delegation.

pub mod delegation;
pub(crate) mod matter;
pub mod record;
pub mod request;
pub mod rule;
pub mod vote;

use crate::access::denial;
use crate::approval::delegation::may_vote_for;
use crate::approval::matter::Matter;
use crate::approval::record::{Approval, ApprovalState, Decision, DenyReason, Subject};
use crate::approval::vote::Ballot;
use crate::command::ApprovalCommand;
use crate::execute::{Context, Effect};
use crate::id::ReleaseId;
use crate::lookup::{Lookup, subject_key};
use crate::people::{Person, Role};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::release::action::{ActionState, state};
use crate::release::record::Release;
use crate::release::scope::{ScopeDigest, digest};
use crate::setting::Gate;
use crate::time::Timestamp;

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
                Ballot { on_behalf_of: *on_behalf_of, decision: Some(decision), note, digest: digest.as_ref() };
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

/// What may be done about a request now, and why not: approve, deny, retract, override.
///
/// Whoever may vote only for somebody else, through a delegation, is allowed to; for whom, says [`may_vote_for`].
///
/// # Errors
/// A storage fault.
pub fn actions(
    approval: &Approval,
    actor: &Person,
    now: Timestamp,
    records: &dyn Records,
) -> Result<Vec<ActionState>, Fault> {
    let matter = match Matter::load(approval.subject, records) {
        Ok(matter) => matter,
        Err(Failure::Fault(fault)) => return Err(fault),
        // What the request is about lies outside what this device has.
        Err(Failure::Refused(_)) => return Ok(Vec::new()),
    };
    if matches!(approval.state, ApprovalState::Void | ApprovalState::Withdrawn) {
        return Ok(Vec::new());
    }
    let deny = Decision::Deny { reason: DenyReason::Technical, text: "to be given".to_owned() };
    let approve = vote_findings(approval, &matter, &Decision::Approve, actor, now, records)?;
    let mut actions = vec![
        state("approve", "Approve", approve).confirmed(),
        state("deny", "Deny", vote_findings(approval, &matter, &deny, actor, now, records)?).with_reason().confirmed(),
    ];
    let standing = |v: &record::Vote| v.retracted.is_none() && (v.by == actor.id || rule::voter(v) == actor.id);
    if approval.votes.iter().any(standing) {
        let mut findings: Vec<Finding> = denial("approval.retract", actor).into_iter().collect();
        findings.extend(vote::retract_findings(approval, &matter, records)?);
        actions.push(state("retract", "Retract the vote", findings).with_reason());
    }
    if actor.roles.contains(&Role::Administrator) {
        let findings = vote::override_findings(approval, &matter, actor, records)?;
        actions.push(state("override", "Override", findings).with_reason().confirmed());
    }
    Ok(actions)
}

/// What speaks against this person's vote, their own or the first that they may cast for somebody else.
fn vote_findings(
    approval: &Approval,
    matter: &Matter,
    decision: &Decision,
    actor: &Person,
    now: Timestamp,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    let today = matter.digest();
    let judge = |on_behalf_of| {
        let ballot = Ballot { on_behalf_of, decision: Some(decision), note: "", digest: today.as_ref() };
        vote::judge(approval, matter, &ballot, actor, now, records).map(|(_, findings)| findings)
    };
    let mut own = judge(None)?;
    if !own.is_empty() {
        for from in may_vote_for(approval, actor.id, now, records)? {
            if judge(Some(from))?.is_empty() {
                own.clear();
                break;
            }
        }
    }
    let mut findings: Vec<Finding> = denial("approval.vote", actor).into_iter().collect();
    findings.extend(own);
    Ok(findings)
}
