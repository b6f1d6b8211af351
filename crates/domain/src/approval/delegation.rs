//! Delegation: from one person to others, for a time, for all groups or some; revocable.

use crate::approval::record::Approval;
use crate::execute::{Context, Effect};
use crate::id::{GroupId, PersonId};
use crate::people::{Delegation, Person, Role};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::create::{id_taken, person_finding};
use crate::release::person_name;
use crate::time::Timestamp;
use std::collections::BTreeSet;

/// The delegation by which `to` may vote for `from` on this request now: it covers every group of the request that
/// `from` is in, so that one vote counts in all of them.
///
/// # Errors
/// A storage fault.
pub(crate) fn delegation_for(
    approval: &Approval,
    from: PersonId,
    to: PersonId,
    now: Timestamp,
    records: &dyn Records,
) -> Result<Option<Delegation>, Fault> {
    let groups: BTreeSet<GroupId> =
        approval.panels.iter().filter(|p| p.members.contains(&from)).map(|p| p.group).collect();
    let delegations: Vec<Delegation> = records.all()?;
    Ok(delegations.into_iter().find(|d| {
        d.from == from
            && d.to.contains(&to)
            && !d.revoked
            && d.starts_at <= now
            && now < d.ends_at
            && d.groups.as_ref().is_none_or(|only| groups.is_subset(only))
    }))
}

/// Those whose votes the person may cast on this request now.
///
/// # Errors
/// A storage fault.
pub fn may_vote_for(
    approval: &Approval,
    person: PersonId,
    now: Timestamp,
    records: &dyn Records,
) -> Result<Vec<PersonId>, Fault> {
    let members: BTreeSet<PersonId> = approval.panels.iter().flat_map(|p| p.members.iter().copied()).collect();
    let mut found = Vec::new();
    for member in members {
        if delegation_for(approval, member, person, now, records)?.is_some() {
            found.push(member);
        }
    }
    Ok(found)
}

/// Hands one's votes on for a time.
pub(crate) fn delegate(
    new: &Delegation,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    if let Some(existing) = records.get::<Delegation>(new.id)? {
        findings.push(id_taken(RecordRef::of(&existing)));
    }
    findings.extend(not_mine(new, actor, records)?);
    if new.starts_at >= new.ends_at || new.ends_at <= context.now {
        findings.push(Finding::new(
            "DELEGATION_WITHOUT_TIME",
            "The delegation ends before it starts, or is over already.",
            "Choose an end after the start and after now.",
        ));
    }
    if new.to.is_empty() || new.to.contains(&new.from) {
        findings.push(Finding::new(
            "DELEGATION_TO_NOBODY",
            "A delegation goes to somebody else.",
            "Name one or several people who may vote.",
        ));
    }
    for to in &new.to {
        findings.extend(person_finding("to", *to, records)?);
        if let Some(person) = records.get::<Person>(*to)?
            && !is_qualified(&person)
        {
            findings.push(
                Finding::new(
                    "NOT_QUALIFIED",
                    format!("{} only reads and cannot vote for anybody.", person.name),
                    "Choose somebody who takes part in the work.",
                )
                .about(RecordRef::of(&person)),
            );
        }
    }
    none(findings)?;
    let by = (actor.id != new.from).then_some(actor.id);
    records.put(Delegation { revoked: false, by, ..new.clone() })?;
    Ok(Effect { created: 1, ..Effect::default() })
}

/// Qualified to vote for somebody: anyone with a role beyond reading.
fn is_qualified(person: &Person) -> bool {
    person.roles.iter().any(|role| !matches!(role, Role::Auditor | Role::Viewer))
}

/// Takes a delegation back; votes that were cast through it stay.
pub(crate) fn revoke(mut delegation: Delegation, actor: &Person, records: &mut dyn Records) -> Result<Effect, Failure> {
    none(not_mine(&delegation, actor, records)?)?;
    if delegation.revoked {
        return Ok(Effect { unchanged: 1, ..Effect::default() });
    }
    delegation.revoked = true;
    records.put(delegation)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

fn not_mine(delegation: &Delegation, actor: &Person, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    if delegation.from == actor.id || actor.roles.contains(&Role::Administrator) {
        return Ok(Vec::new());
    }
    Ok(vec![Finding::new(
        "NOT_YOUR_VOTES",
        format!("These are the votes of {}.", person_name(delegation.from, records)?),
        "Only they or an administrator can delegate them.",
    )])
}
