//! Votes: cast, taken back, overridden.

use crate::approval::approvals_of;
use crate::approval::delegation::delegation_for;
use crate::approval::matter::{Matter, denial_text};
use crate::approval::record::{Approval, ApprovalState, Decision, Override, Vote};
use crate::approval::rule::{Tally, tally, turn, voter};
use crate::execute::{Context, Effect};
use crate::id::{DelegationId, PersonId};
use crate::people::{Person, Role};
use crate::record::RecordRef;
use crate::records::Records;
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::person_name;
use crate::release::scope::ScopeDigest;
use crate::release::scope::difference::scope_changed;
use crate::text;
use crate::time::Timestamp;

/// A vote as the command gives it.
pub(crate) struct Ballot<'a> {
    /// For whom, when through a delegation.
    pub(crate) on_behalf_of: Option<PersonId>,
    /// Yes or no; `None` asks whether any vote would be taken.
    pub(crate) decision: Option<&'a Decision>,
    /// Remark.
    pub(crate) note: &'a str,
    /// What the approver saw.
    pub(crate) digest: Option<&'a ScopeDigest>,
}

/// Votes.
pub(crate) fn vote(
    mut approval: Approval,
    ballot: &Ballot<'_>,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let matter = Matter::load(approval.subject, records)?;
    let (delegation, mut findings) = judge(&approval, &matter, ballot, actor, context.now, records)?;
    let note = text::prose("note", ballot.note).map_err(|f| findings.push(f)).unwrap_or_default();
    none(findings)?;
    let Some(decision) = ballot.decision else { return Ok(Effect::default()) };
    let already = approval.state;
    approval.votes.push(Vote {
        by: actor.id,
        on_behalf_of: ballot.on_behalf_of,
        delegation,
        decision: decision.clone(),
        note,
        at: context.now,
        digest: ballot.digest.cloned(),
        retracted: None,
    });
    let barred = matter.barred(&approval, records)?;
    let mut tally = tally(&approval, &barred);
    if already == ApprovalState::Approved {
        // A further yes to what is granted changes nothing.
        tally = Tally { state: already, denied: false };
    }
    matter.settle(approval, tally, records)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// What speaks against the vote, and the delegation it rests on.
///
/// # Errors
/// A storage fault.
pub(crate) fn judge(
    approval: &Approval,
    matter: &Matter,
    ballot: &Ballot<'_>,
    actor: &Person,
    now: Timestamp,
    records: &dyn Records,
) -> Result<(Option<DelegationId>, Vec<Finding>), Fault> {
    if let Some(closed) = matter.closed(records)? {
        return Ok((None, vec![closed]));
    }
    let mut findings = state_findings(approval, matter, ballot, records)?;
    let elector = ballot.on_behalf_of.unwrap_or(actor.id);
    let barred = matter.barred(approval, records)?;
    findings.extend(person_findings(approval, matter, ballot, actor, records)?);
    let mut delegation = None;
    if let Some(from) = ballot.on_behalf_of {
        match delegation_for(approval, from, actor.id, now, records)? {
            Some(found) => delegation = Some(found.id),
            None => findings.push(
                about(
                    approval,
                    "NO_DELEGATION",
                    format!("{} may not vote for {} here.", actor.name, person_name(from, records)?),
                )
                .way("Ask for a delegation that covers every group of this request that they are in, for today."),
            ),
        }
    }
    if let Some(panel) = turn(approval, &barred)
        && !panel.members.contains(&elector)
        && approval.panels.iter().any(|p| p.members.contains(&elector))
    {
        findings.push(
            about(approval, "NOT_YOUR_TURN", format!("It is the turn of {}: the groups vote in order.", panel.name))
                .way("Wait until that group has approved."),
        );
    }
    if let Some(Decision::Deny { text, .. }) = ballot.decision {
        findings.extend(text::filled_prose("text", text).err());
    }
    Ok((delegation, findings))
}

/// What the request's state and scope have against any vote.
fn state_findings(
    approval: &Approval,
    matter: &Matter,
    ballot: &Ballot<'_>,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    let today = matter.digest();
    let outdated = today.is_some() && (approval.digest != today || ballot.digest != today.as_ref());
    if outdated && let Matter::Release(release) = matter {
        findings.push(scope_changed(release, approval, ballot.digest, records)?);
    }
    match approval.state {
        ApprovalState::Void | ApprovalState::Withdrawn if !outdated => findings.push(
            about(approval, "APPROVAL_ENDED", format!("The request is {}: {}", approval.state, approval.ended_because))
                .way("Vote on the new request, if there is one."),
        ),
        ApprovalState::Denied => findings.push(
            about(
                approval,
                "DENIAL_STANDS",
                format!(
                    "The request is denied ({}); no vote counts while a denial stands.",
                    denial_text(approval, records)?
                ),
            )
            .way("Whoever denied can retract it; or the approval is asked for again."),
        ),
        ApprovalState::Approved
            if approval.overridden.is_some() || !matches!(ballot.decision, Some(Decision::Approve)) =>
        {
            findings.push(
                about(approval, "APPROVAL_DECIDED", "The request is granted already.".to_owned())
                    .way("If it must not go on, ask the release manager to send it back."),
            );
        }
        _ => {}
    }
    if !outdated {
        findings.extend(matter.moved_on(approval.gate));
    }
    Ok(findings)
}

/// What stands against this person's vote.
fn person_findings(
    approval: &Approval,
    matter: &Matter,
    ballot: &Ballot<'_>,
    actor: &Person,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    let elector = ballot.on_behalf_of.unwrap_or(actor.id);
    if !approval.panels.iter().any(|p| p.members.contains(&elector)) {
        let groups: Vec<&str> = approval.panels.iter().map(|p| p.name.as_str()).collect();
        findings.push(
            about(
                approval,
                "NOT_A_MEMBER",
                format!(
                    "{} is in none of the groups that vote: {}.",
                    person_name(elector, records)?,
                    groups.join(", ")
                ),
            )
            .way("Only members of these groups vote."),
        );
    }
    let owners = matter.owners(approval.requested_by, records)?;
    for person in [Some(actor.id), ballot.on_behalf_of].into_iter().flatten() {
        if owners.contains(&person) {
            findings.push(
                about(
                    approval,
                    "SEPARATION_OF_DUTIES",
                    format!("{} requested or manages this and may not vote on it.", person_name(person, records)?),
                )
                .way("Let somebody else vote; an administrator can change the rule in Settings."),
            );
        }
    }
    let standing = || approval.votes.iter().filter(|v| v.retracted.is_none());
    if let Some(cast) = standing().find(|v| voter(v) == elector) {
        let (name, at) = (person_name(elector, records)?, cast.at.to_rfc3339());
        let by = person_name(cast.by, records)?;
        let via = if cast.by == elector { String::new() } else { format!(" by {by}, as their delegate,") };
        let finding = about(approval, "ALREADY_VOTED", format!("The vote of {name} was cast{via} on {at}."))
            .way("Retract it first, to vote otherwise.")
            .with("by", &by)
            .with("at", at);
        findings.push(if cast.by == elector { finding } else { finding.with("via", by) });
    } else if let Some(cast) = standing().find(|v| v.by == actor.id) {
        let (for_whom, at) = (person_name(voter(cast), records)?, cast.at.to_rfc3339());
        findings.push(
            about(
                approval,
                "ALREADY_VOTED",
                format!(
                    "{} voted for {for_whom} on {at}; it is one vote a person, also through delegation.",
                    actor.name
                ),
            )
            .way("Let somebody else cast the other vote, or ask an administrator to override.")
            .with("by", &actor.name)
            .with("for", for_whom)
            .with("at", at),
        );
    }
    Ok(findings)
}

/// Takes a vote back: by whoever cast it, or whoever it was cast for.
pub(crate) fn retract(
    mut approval: Approval,
    on_behalf_of: Option<PersonId>,
    reason: &str,
    actor: &Person,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let matter = Matter::load(approval.subject, records)?;
    none(retract_findings(&approval, &matter, records)?)?;
    let reason = text::filled_prose("reason", reason)?;
    let mine = |v: &Vote| {
        v.retracted.is_none()
            && ((v.by == actor.id && v.on_behalf_of == on_behalf_of)
                || (on_behalf_of.is_none() && v.on_behalf_of == Some(actor.id)))
    };
    let Some(vote) = approval.votes.iter_mut().find(|v| mine(v)) else {
        return Err(about(&approval, "NO_VOTE", format!("{} has no vote here to take back.", actor.name))
            .way("Nothing is left to do.")
            .into());
    };
    vote.retracted = Some(reason);
    let barred = matter.barred(&approval, records)?;
    let tally = tally(&approval, &barred);
    matter.settle(approval, tally, records)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// What speaks against taking any vote of the request back.
///
/// # Errors
/// A storage fault.
pub(crate) fn retract_findings(
    approval: &Approval,
    matter: &Matter,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    if let Some(closed) = matter.closed(records)? {
        return Ok(vec![closed]);
    }
    let mut findings: Vec<Finding> = matter.moved_on(approval.gate).into_iter().collect();
    let ended = matches!(approval.state, ApprovalState::Void | ApprovalState::Withdrawn);
    let newer = approvals_of(approval.subject, records)?
        .into_iter()
        .rfind(|a| a.gate == approval.gate)
        .is_some_and(|a| a.id != approval.id);
    if ended || newer {
        findings.push(
            about(approval, "APPROVAL_ENDED", "The request has ended.".to_owned())
                .way("Vote on the new request, if there is one."),
        );
    }
    if approval.overridden.is_some() {
        findings.push(
            about(approval, "APPROVAL_DECIDED", "An administrator decided this.".to_owned())
                .way("If it must not go on, ask the release manager to send it back."),
        );
    }
    Ok(findings)
}

/// An administrator decides in place of the groups.
pub(crate) fn override_it(
    mut approval: Approval,
    reason: &str,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let matter = Matter::load(approval.subject, records)?;
    let mut findings = override_findings(&approval, &matter, actor, records)?;
    let reason = text::filled_prose("reason", reason).map_err(|f| findings.push(f)).unwrap_or_default();
    none(findings)?;
    approval.overridden = Some(Override { by: actor.id, at: context.now, reason });
    matter.settle(approval, Tally { state: ApprovalState::Approved, denied: false }, records)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// What speaks against an override.
///
/// # Errors
/// A storage fault.
pub(crate) fn override_findings(
    approval: &Approval,
    matter: &Matter,
    actor: &Person,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    let mut findings = retract_findings(approval, matter, records)?;
    if !actor.roles.contains(&Role::Administrator) {
        findings.push(
            about(approval, "NOT_AN_ADMINISTRATOR", format!("{} is no administrator.", actor.name))
                .way("Only an administrator decides in place of the groups."),
        );
    }
    let today = matter.digest();
    if today.is_some() && approval.digest != today {
        findings.push(
            about(approval, "SCOPE_CHANGED", "The scope changed after this was asked for.".to_owned())
                .way("Ask for the approval again."),
        );
    }
    if approval.state == ApprovalState::Approved && approval.overridden.is_none() {
        findings.push(about(approval, "APPROVAL_DECIDED", "The request is granted already.".to_owned()).way("Go on."));
    }
    Ok(findings)
}

fn about(approval: &Approval, code: &str, sentence: String) -> Half {
    Half(Finding::new(code, sentence, "").about(RecordRef::of(approval)))
}

/// A finding that still needs its way out.
struct Half(Finding);

impl Half {
    fn way(self, out: &str) -> Finding {
        Finding { way_out: out.to_owned(), ..self.0 }
    }
}
