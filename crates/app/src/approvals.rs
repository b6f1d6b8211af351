//! Approval requests as screens show them, and what a person does about them.

use crate::error::CallError;
use crate::pills;
use crate::resolve;
use crate::rows;
use crate::sight::{Sight, path};
use crate::view::approvals::{
    ApprovalActRequest, ApprovalSubject, ApprovalView, DelegateRequest, OverrideView, PanelMember, PanelView,
    RevokeDelegationRequest, VoteView,
};
use crate::view::common::Named;
use crate::view::mutations::Done;
use crate::{App, Asked};
use slipway_domain::approval::delegation::may_vote_for;
use slipway_domain::approval::record::{Approval, ApprovalRule, ApprovalState, Decision, Panel, Subject, Vote};
use slipway_domain::approval::rule::voter;
use slipway_domain::change::record::Change;
use slipway_domain::command::{ApprovalCommand, Command};
use slipway_domain::id::{ApprovalId, DelegationId, GroupId, PersonId};
use slipway_domain::lookup::{Lookup, subject_key};
use slipway_domain::people::Delegation;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_domain::release::record::Release;
use slipway_domain::release::scope;
use std::collections::BTreeSet;

/// Every request on a subject, newest first.
///
/// # Errors
/// A storage fault.
pub fn of(sight: Sight<'_>, subject: Subject) -> Result<Vec<ApprovalView>, Fault> {
    let mut all = sight.records.list::<Approval>(Lookup::ApprovalsOf, &subject_key(subject))?;
    all.sort_by_key(|a| std::cmp::Reverse((a.requested_at, a.id)));
    all.into_iter().map(|approval| view(sight, approval)).collect()
}

/// One request as screens show it.
///
/// # Errors
/// A storage fault.
pub fn view(sight: Sight<'_>, approval: Approval) -> Result<ApprovalView, Fault> {
    let actions = slipway_domain::approval::actions(&approval, &sight.person()?, sight.now, sight.records)?;
    let vote_for = voters(sight, &approval)?;
    let record = Record::from(approval.clone());
    let panels = approval.panels.iter().map(|p| panel(sight, &approval, p)).collect::<Result<Vec<_>, _>>()?;
    let overridden = match &approval.overridden {
        Some(o) => Some(OverrideView { by: sight.named(Kind::Person, o.by)?, at: o.at, reason: o.reason.clone() }),
        None => None,
    };
    Ok(ApprovalView {
        id: approval.id.to_string(),
        subject: subject(sight, approval.subject)?,
        gate: approval.gate,
        gate_label: rows::gate(approval.gate).to_owned(),
        state: approval.state,
        pill: pills::approval(approval.state),
        rule: approval.rule,
        rule_label: rule_label(&approval),
        digest: approval.digest.as_ref().map(ToString::to_string),
        outdated: outdated(sight, &approval)?,
        requested_by: sight.named(Kind::Person, approval.requested_by)?,
        requested_at: approval.requested_at,
        due_at: approval.due_at,
        overdue: approval.state == ApprovalState::Pending && approval.due_at < sight.now,
        approvals_given: given(&approval),
        panels,
        overridden,
        ended_because: approval.ended_because,
        actions,
        vote_for,
        sync: sight.mark(&record)?,
    })
}

/// Requests on which the person may vote now: for themself, or for somebody who delegated to them.
///
/// # Errors
/// A storage fault.
pub fn waiting_for(sight: Sight<'_>) -> Result<Vec<Approval>, Fault> {
    waiting_besides(sight, &BTreeSet::new())
}

/// The same without those that are known already.
///
/// # Errors
/// A storage fault.
pub fn waiting_besides(sight: Sight<'_>, known: &BTreeSet<ApprovalId>) -> Result<Vec<Approval>, Fault> {
    let mut people: BTreeSet<PersonId> = BTreeSet::from([sight.me]);
    people.extend(sight.records.all::<Delegation>()?.into_iter().filter(|d| d.to.contains(&sight.me)).map(|d| d.from));
    let mut ids = BTreeSet::new();
    for person in people {
        let found = sight.records.find(Lookup::PendingApprovalFor, &person.to_string())?;
        ids.extend(found.into_iter().map(ApprovalId::from).filter(|id| !known.contains(id)));
    }
    let me = sight.person()?;
    let mut found = Vec::new();
    for id in ids {
        let Some(approval) = sight.records.get::<Approval>(id)? else { continue };
        let actions = slipway_domain::approval::actions(&approval, &me, sight.now, sight.records)?;
        if actions.iter().any(|a| a.action == "approve" && a.allowed) {
            found.push(approval);
        }
    }
    found.sort_by_key(|a| (a.due_at, a.id));
    Ok(found)
}

/// Whose vote the person may still cast: their own (`None`) or a delegator's.
fn voters(sight: Sight<'_>, approval: &Approval) -> Result<Vec<Option<Named>>, Fault> {
    let voted = |person| approval.votes.iter().any(|v| v.retracted.is_none() && voter(v) == person);
    let mut found = Vec::new();
    if approval.panels.iter().any(|p| p.members.contains(&sight.me)) && !voted(sight.me) {
        found.push(None);
    }
    for person in may_vote_for(approval, sight.me, sight.now, sight.records)? {
        if !voted(person) {
            found.push(Some(sight.named(Kind::Person, person)?));
        }
    }
    Ok(found)
}

/// Does something about a request.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &ApprovalActRequest) -> Result<Done, CallError> {
    let approval: ApprovalId = resolve::must_id("approval", &request.approval)?;
    let note = request.note.clone();
    let command = app.read(|sight| {
        let on_behalf_of = match &request.on_behalf_of {
            Some(text) => Some(resolve::person(sight, text)?.id),
            None => None,
        };
        let vote = |decision| -> Result<ApprovalCommand, CallError> {
            let of = sight.records.must::<Approval>(approval)?;
            let digest = digest_seen(sight, &of, request.digest.as_deref())?;
            Ok(ApprovalCommand::Vote { approval, on_behalf_of, decision, note: note.clone(), digest })
        };
        Ok::<_, CallError>(match crate::action_code(&request.action).as_str() {
            "approve" => vote(Decision::Approve)?,
            "deny" => {
                let reason = request.deny_reason.ok_or_else(|| crate::missing("deny", "deny_reason"))?;
                vote(Decision::Deny { reason, text: note.clone() })?
            }
            "retract" => ApprovalCommand::Retract { approval, on_behalf_of, reason: note.clone() },
            "override" => ApprovalCommand::Override { approval, reason: note.clone() },
            other => return Err(crate::unknown_action("an approval", other)),
        })
    })?;
    app.issue(Command::Approval(command), Some((Kind::Approval, approval.0)))
}

/// Hands one's votes on for a time.
///
/// # Errors
/// A refusal, or trouble.
pub fn delegate(app: &App, request: &DelegateRequest) -> Result<Done, CallError> {
    let id = DelegationId(app.host().new_id());
    let delegation = app.read(|sight| {
        let to = request.to.iter().map(|p| Ok(resolve::person(sight, p)?.id)).collect::<Result<_, CallError>>()?;
        let groups = match &request.groups {
            Some(names) => Some(groups(sight, names)?.into_iter().collect()),
            None => None,
        };
        Ok::<_, CallError>(Delegation {
            id,
            from: sight.me,
            to,
            groups,
            starts_at: request.starts_at,
            ends_at: request.ends_at,
            revoked: false,
            by: None,
        })
    })?;
    app.issue(Command::Approval(ApprovalCommand::Delegate(delegation)), Some((Kind::Delegation, id.0)))
}

/// Takes a delegation back.
///
/// # Errors
/// A refusal, or trouble.
pub fn revoke_delegation(app: &App, request: &RevokeDelegationRequest) -> Result<Done, CallError> {
    let id: DelegationId = resolve::must_id("delegation", &request.delegation)?;
    app.issue(Command::Approval(ApprovalCommand::RevokeDelegation(id)), Some((Kind::Delegation, id.0)))
}

/// Asks for the approval that a subject needs now.
///
/// # Errors
/// A refusal, or trouble.
pub(crate) fn request(app: &App, subject: Subject, asked: &Asked<'_>) -> Result<Command, CallError> {
    let groups = match asked.groups {
        Some(names) => Some(app.read(|sight| groups(sight, names))?),
        None => None,
    };
    Ok(Command::Approval(ApprovalCommand::Request {
        approval: ApprovalId(app.host().new_id()),
        subject,
        groups,
        rule: asked.rule,
        due_at: asked.due_at,
    }))
}

fn groups(sight: Sight<'_>, names: &[String]) -> Result<Vec<GroupId>, CallError> {
    names.iter().map(|name| Ok(resolve::group(sight, name)?.id)).collect()
}

/// The digest that the person saw. It must be given for a release: a vote signs what was seen, never what happens to
/// be there when the command is built.
fn digest_seen(
    sight: Sight<'_>,
    approval: &Approval,
    seen: Option<&str>,
) -> Result<Option<scope::ScopeDigest>, CallError> {
    let Subject::Release(id) = approval.subject else { return Ok(None) };
    let release = sight.records.must::<Release>(id)?;
    let seen = seen.map(str::trim).filter(|s| !s.is_empty()).ok_or_else(|| {
        CallError::from(
            Finding::new(
                "DIGEST_MISSING",
                format!("A vote on {} must say which scope was seen.", release.number),
                "Give the digest that the release's page or `release show` shows.",
            )
            .with("digest", scope::digest(&release)),
        )
    })?;
    // A person may give the first digits; the rules compare the whole.
    let candidates = [Some(scope::digest(&release)), approval.digest.clone()];
    let long =
        candidates.into_iter().flatten().find(|d| seen.len() >= 8 && d.as_str().starts_with(&seen.to_lowercase()));
    match long {
        Some(digest) => Ok(Some(digest)),
        None => serde_json::from_value(serde_json::Value::String(seen.to_lowercase())).map(Some).map_err(|_| {
            Finding::new("DIGEST_MALFORMED", format!("{seen} is no digest."), "Give at least its first eight digits.")
                .into()
        }),
    }
}

/// What is to be approved.
fn subject(sight: Sight<'_>, subject: Subject) -> Result<ApprovalSubject, Fault> {
    let record = match subject {
        Subject::Release(id) => sight.records.get::<Release>(id)?.map(Record::from),
        Subject::Change(id) => sight.records.get::<Change>(id)?.map(Record::from),
    };
    let (kind, id) = match subject {
        Subject::Release(id) => (Kind::Release, id.0),
        Subject::Change(id) => (Kind::Change, id.0),
    };
    let title = match &record {
        Some(Record::Release(r)) => r.title.clone(),
        Some(Record::Change(c)) => c.title.clone(),
        _ => String::new(),
    };
    Ok(ApprovalSubject {
        kind,
        id: id.to_string(),
        number: record.as_ref().map_or_else(|| id.to_string(), Record::label),
        title,
        path: record.as_ref().and_then(path).unwrap_or_default(),
    })
}

fn outdated(sight: Sight<'_>, approval: &Approval) -> Result<bool, Fault> {
    let (Subject::Release(id), Some(asked)) = (approval.subject, &approval.digest) else { return Ok(false) };
    Ok(sight.records.get::<Release>(id)?.is_some_and(|release| scope::digest(&release) != *asked))
}

fn panel(sight: Sight<'_>, approval: &Approval, panel: &Panel) -> Result<PanelView, Fault> {
    let members = panel.members.iter().map(|&person| {
        let votes: Vec<&Vote> = approval.votes.iter().filter(|v| voter(v) == person).collect();
        let seen = |v: &&Vote| vote(sight, v);
        Ok(PanelMember {
            person: sight.named(Kind::Person, person)?,
            me: person == sight.me,
            vote: votes.iter().rfind(|v| v.retracted.is_none()).map(seen).transpose()?,
            retracted: votes.iter().filter(|v| v.retracted.is_some()).map(seen).collect::<Result<_, Fault>>()?,
        })
    });
    let group = Named { id: panel.group.to_string(), label: panel.name.clone() };
    Ok(PanelView { group, members: members.collect::<Result<_, Fault>>()? })
}

fn vote(sight: Sight<'_>, vote: &Vote) -> Result<VoteView, Fault> {
    let pill = pills::decision(&vote.decision);
    let text = match &vote.decision {
        Decision::Deny { text, .. } if vote.note.is_empty() => text.clone(),
        _ => vote.note.clone(),
    };
    Ok(VoteView {
        by: sight.named(Kind::Person, vote.by)?,
        at: vote.at,
        decision: vote.decision.clone(),
        label: pill.label,
        hue: pill.hue,
        note: text,
        retracted: vote.retracted.clone(),
    })
}

fn given(approval: &Approval) -> u32 {
    let given = approval.votes.iter().filter(|v| v.retracted.is_none() && v.decision == Decision::Approve).count();
    u32::try_from(given).unwrap_or(u32::MAX)
}

/// How the votes count, in words.
fn rule_label(approval: &Approval) -> String {
    let groups = approval.panels.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
    match approval.rule {
        ApprovalRule::AllMustApprove => format!("all of {groups}"),
        ApprovalRule::OneMustApprove => format!("one of {groups}"),
        ApprovalRule::Quorum(n) => format!("{n} of {groups}"),
        ApprovalRule::AllMustApproveImmediateDenial => format!("all of {groups}, the first denial decides"),
        ApprovalRule::OneMustApprovePerSequence => format!("one of each in order: {groups}"),
    }
}
