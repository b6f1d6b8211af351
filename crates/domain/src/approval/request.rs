//! Asking for an approval: groups, rule and due time from the policy, unless the request names others.

use crate::approval::approvals_of;
use crate::approval::matter::Matter;
use crate::approval::record::{Approval, ApprovalRule, ApprovalState, Panel, Subject};
use crate::approval::rule::{Tally, electorate, tally};
use crate::change::record::{Change, ChangeKind, ChangeState};
use crate::cmdb::group::CiGroup;
use crate::execute::{Context, Effect};
use crate::id::{ApprovalId, GroupId};
use crate::people::{Group, Person};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::create::id_taken;
use crate::release::edit::scope_changed;
use crate::release::phase::gate_of;
use crate::release::record::{Release, ReleaseClass};
use crate::setting::{ApprovalPolicy, Gate};
use crate::time::Timestamp;

/// Hours to vote in, when neither policy nor request says.
pub const DUE_HOURS: i64 = 72;
/// Most groups of one request.
pub const GROUPS: usize = 20;

/// A request as the command gives it.
pub(crate) struct Wish<'a> {
    /// New identity.
    pub(crate) id: ApprovalId,
    /// What is to be approved.
    pub(crate) subject: Subject,
    /// Instead of the policy's groups.
    pub(crate) groups: Option<&'a [GroupId]>,
    /// Instead of the policy's rule.
    pub(crate) rule: Option<ApprovalRule>,
    /// Instead of the policy's due time.
    pub(crate) due_at: Option<Timestamp>,
}

/// Asks for the approval that the subject needs now.
pub(crate) fn request(
    wish: &Wish<'_>,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut matter = Matter::load(wish.subject, records)?;
    if let Some(existing) = records.get::<Approval>(wish.id)? {
        return Err(id_taken(RecordRef::of(&existing)).into());
    }
    if let Matter::Release(release) = &mut matter {
        freeze(release, actor, context, records)?;
    }
    let (approval, findings) = prepare(wish, &matter, actor, context.now, records)?;
    none(findings)?;
    let Some(approval) = approval else { return Ok(Effect::default()) };
    for mut older in approvals_of(wish.subject, records)? {
        if older.gate == approval.gate && older.state == ApprovalState::Pending {
            // Only one with a standing denial comes here: asking again leaves it denied for good.
            older.state = ApprovalState::Denied;
            "It was asked for again.".clone_into(&mut older.ended_because);
            records.put(older)?;
        }
    }
    matter.settle(approval, Tally { state: ApprovalState::Pending, denied: false }, records)?;
    Ok(Effect { created: 1, ..Effect::default() })
}

/// Dynamic groups of the scope are what they are now: their members are signed with it, and stay until the group is
/// taken out of the scope.
fn freeze(release: &mut Release, actor: &Person, context: &Context, records: &mut dyn Records) -> Result<(), Failure> {
    let before = release.clone();
    for id in before.scope.ci_groups.iter().filter(|id| !before.scope.frozen_groups.contains_key(id)) {
        if let Some(group) = records.get::<CiGroup>(*id)?
            && group.filter.is_some()
        {
            release.scope.frozen_groups.insert(*id, group.members);
        }
    }
    if release.scope == before.scope {
        return Ok(());
    }
    scope_changed(release, &before, actor, context.now, records)
}

/// The request as it would be, and what speaks against it. There is no request where a finding leaves none to make.
///
/// # Errors
/// A storage fault.
pub(crate) fn prepare(
    wish: &Wish<'_>,
    matter: &Matter,
    actor: &Person,
    now: Timestamp,
    records: &dyn Records,
) -> Result<(Option<Approval>, Vec<Finding>), Fault> {
    if let Some(closed) = matter.closed(records)? {
        return Ok((None, vec![closed]));
    }
    let (gate, class) = match matter {
        Matter::Release(release) => match gate_of(release.phase) {
            Some(gate) => (gate, Some(release.class)),
            None => return Ok((None, vec![not_needed(release)])),
        },
        Matter::Change(change) => {
            let class = (change.kind == ChangeKind::Emergency).then_some(ReleaseClass::Emergency);
            let findings = change_findings(change);
            if !findings.is_empty() {
                return Ok((None, findings));
            }
            (Gate::Change, class)
        }
    };
    let mut findings = standing_findings(wish.subject, gate, matter, records)?;
    let policy = policy(gate, class, records)?;
    let Some(groups) = wish.groups.or(policy.as_ref().map(|p| p.groups.as_slice())) else {
        findings.push(
            Finding::new(
                "NO_APPROVAL_POLICY",
                format!("No approval rule says who approves {}.", gate_label(gate)),
                "Name the groups in the request, or have an administrator add a rule in Settings.",
            )
            .about(matter.refer()),
        );
        return Ok((None, findings));
    };
    let panels = panels(groups, matter, records, &mut findings)?;
    let policy_hours = policy.as_ref().map_or(DUE_HOURS, |p| i64::from(p.due_hours));
    let due_at = wish.due_at.unwrap_or_else(|| now.plus_hours(policy_hours));
    if due_at <= now {
        findings.push(
            Finding::new("DUE_IN_THE_PAST", "The due time is over already.", "Choose a later one.")
                .about(matter.refer()),
        );
    }
    let approval = Approval {
        id: wish.id,
        subject: wish.subject,
        gate,
        panels,
        rule: wish.rule.or(policy.as_ref().map(|p| p.rule)).unwrap_or_default(),
        digest: matter.digest(),
        requested_by: actor.id,
        requested_at: now,
        due_at,
        state: ApprovalState::Pending,
        votes: Vec::new(),
        overridden: None,
        ended_because: String::new(),
    };
    findings.extend(electorate_findings(&approval, matter, records)?);
    Ok((Some(approval), findings))
}

fn not_needed(release: &Release) -> Finding {
    Finding::new(
        "NO_APPROVAL_NEEDED",
        format!("{} is in {}, which needs no approval to leave.", release.number, release.phase),
        "Advance when its guards hold.",
    )
    .about(crate::release::refer(release))
}

fn change_findings(change: &Change) -> Vec<Finding> {
    let about = RecordRef::of(change);
    if let Some(foreign) = &change.foreign {
        return vec![
            Finding::new(
                "CHANGE_IS_FOREIGN",
                format!("{} belongs to {}; it is approved there.", about.label, foreign.system),
                "Approve it there and import it again.",
            )
            .about(about),
        ];
    }
    let may = matches!(
        change.state,
        ChangeState::Assessed | ChangeState::Denied | ChangeState::ApprovalWithdrawn | ChangeState::ApprovalPending
    );
    if may {
        return Vec::new();
    }
    let way_out = if change.state == ChangeState::Registered {
        "Assess the change first."
    } else {
        "Nothing is left to approve."
    };
    vec![
        Finding::new("CHANGE_NOT_ASSESSED", format!("{} is {}.", about.label, change.state), way_out)
            .about(about)
            .with("state", change.state),
    ]
}

/// That the same is asked for already, or granted.
fn standing_findings(
    subject: Subject,
    gate: Gate,
    matter: &Matter,
    records: &dyn Records,
) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    let about = matter.refer();
    for approval in approvals_of(subject, records)?.into_iter().filter(|a| a.gate == gate) {
        let barred = matter.barred(&approval, records)?;
        let due = approval.due_at.to_rfc3339();
        if approval.state == ApprovalState::Pending && !tally(&approval, &barred).denied {
            findings.push(
                Finding::new(
                    "APPROVAL_PENDING",
                    format!("{} is asked for already, due {due}.", gate_label(gate)),
                    "Wait for the votes.",
                )
                .about(about.clone()),
            );
        }
        // The grant of a change ends with the change's own state; that was looked at before.
        if approval.state == ApprovalState::Approved && gate != Gate::Change {
            findings.push(
                Finding::new("APPROVAL_GRANTED", format!("{} is granted already.", gate_label(gate)), "Advance.")
                    .about(about.clone()),
            );
        }
    }
    Ok(findings)
}

/// The policy for that gate: of the class itself, or else of all classes.
fn policy(gate: Gate, class: Option<ReleaseClass>, records: &dyn Records) -> Result<Option<ApprovalPolicy>, Fault> {
    let mut policies: Vec<ApprovalPolicy> = records.all()?;
    policies.retain(|p| p.gate == gate && (p.class.is_none() || p.class == class));
    policies.sort_by_key(|p| (p.class.is_none(), p.id));
    Ok(policies.into_iter().next())
}

/// The groups as they are now, in the order in which they vote.
fn panels(
    groups: &[GroupId],
    matter: &Matter,
    records: &dyn Records,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Panel>, Fault> {
    let mut panels: Vec<Panel> = Vec::new();
    for id in groups.iter().take(GROUPS) {
        match records.must::<Group>(*id) {
            Ok(group) if panels.iter().all(|p| p.group != group.id) => {
                panels.push(Panel { group: group.id, name: group.name, members: group.members.into_iter().collect() })
            }
            Ok(_) => {}
            Err(Failure::Refused(refusal)) => findings.extend(refusal.findings),
            Err(Failure::Fault(fault)) => return Err(fault),
        }
    }
    if groups.is_empty() || groups.len() > GROUPS {
        findings.push(
            Finding::new(
                "WRONG_GROUPS",
                format!("{} groups are named; 1 to {GROUPS} may approve.", groups.len()),
                "Name the groups that approve.",
            )
            .about(matter.refer()),
        );
    }
    Ok(panels)
}

/// That the request could never be granted.
fn electorate_findings(approval: &Approval, matter: &Matter, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let barred = matter.barred(approval, records)?;
    let mut findings = Vec::new();
    for panel in &approval.panels {
        if electorate(std::slice::from_ref(panel), &barred).is_empty() {
            findings.push(
                Finding::new(
                    "NOBODY_MAY_VOTE",
                    format!(
                        "Nobody in {} may vote on this: it has no active member but those whose own matter it is.",
                        panel.name
                    ),
                    "Add a member to the group, or name another group.",
                )
                .about(matter.refer())
                .with("group", &panel.name),
            );
        }
    }
    let voters = electorate(&approval.panels, &barred).len();
    if let ApprovalRule::Quorum(n) = approval.rule
        && (n == 0 || n as usize > voters)
    {
        findings.push(
            Finding::new(
                "QUORUM_OUT_OF_REACH",
                format!("A quorum of {n} does not fit {voters} people who may vote."),
                format!("Choose a quorum from 1 to {voters}."),
            )
            .about(matter.refer()),
        );
    }
    Ok(findings)
}

/// As a person reads it.
#[must_use]
pub fn gate_label(gate: Gate) -> &'static str {
    match gate {
        Gate::PlanAndDesign => "The approval of Plan and design",
        Gate::BuildAndTest => "The approval of Build and test",
        Gate::DistributionAndRollout => "The approval of Distribution and rollout",
        Gate::Change => "The approval of the change",
    }
}
