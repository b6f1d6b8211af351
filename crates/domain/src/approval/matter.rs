//! What an approval is about: a release in a phase, or a change. Whether it can still be decided, who may not vote
//! on it, and what a decision does to it.

use crate::approval::record::{Approval, ApprovalState, Decision, Subject};
use crate::approval::rule::{Tally, voter};
use crate::change::record::{Change, ChangeState};
use crate::id::PersonId;
use crate::people::Person;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::release::phase::phase_of;
use crate::release::record::{Release, Status};
use crate::release::scope::{ScopeDigest, digest};
use crate::release::{closed_finding, refer};
use crate::setting::{Gate, WorkspaceRules};
use std::collections::BTreeSet;

/// What an approval is about.
pub(crate) enum Matter {
    /// A release in a phase.
    Release(Box<Release>),
    /// A change.
    Change(Box<Change>),
}

impl Matter {
    /// The record behind a subject.
    pub(crate) fn load(subject: Subject, records: &dyn Records) -> Result<Self, Failure> {
        Ok(match subject {
            Subject::Release(id) => Self::Release(Box::new(records.must(id)?)),
            Subject::Change(id) => Self::Change(Box::new(records.must(id)?)),
        })
    }

    pub(crate) fn refer(&self) -> RecordRef {
        match self {
            Self::Release(release) => refer(release),
            Self::Change(change) => RecordRef::of(&**change),
        }
    }

    /// Digest of what is to be approved now.
    pub(crate) fn digest(&self) -> Option<ScopeDigest> {
        match self {
            Self::Release(release) => Some(digest(release)),
            Self::Change(_) => None,
        }
    }

    /// That a release is closed; then nothing else matters.
    pub(crate) fn closed(&self, records: &dyn Records) -> Result<Option<Finding>, Fault> {
        match self {
            Self::Release(release) if release.phase.is_closed() => Ok(Some(closed_finding(release, records)?)),
            Self::Release(_) | Self::Change(_) => Ok(None),
        }
    }

    /// That the matter has moved on and the gate is not decided any more.
    pub(crate) fn moved_on(&self, gate: Gate) -> Option<Finding> {
        let (is, what) = match self {
            Self::Release(release) => {
                if phase_of(gate) == Some(release.phase) {
                    return None;
                }
                (release.phase.label(), phase_of(gate).map_or("the gate", |phase| phase.label()))
            }
            Self::Change(change) => {
                let open =
                    matches!(change.state, ChangeState::ApprovalPending | ChangeState::Approved | ChangeState::Denied);
                if open {
                    return None;
                }
                (change.state.label(), "the change")
            }
        };
        let about = self.refer();
        Some(
            Finding::new(
                "APPROVAL_MOVED_ON",
                format!("{} is {is} by now; the approval of {what} is not decided any more.", about.label),
                "Nothing is left to do here.",
            )
            .about(about)
            .with("is", is),
        )
    }

    /// Who may not vote: by separation of duties the requester and the manager; and whoever has left.
    pub(crate) fn barred(&self, approval: &Approval, records: &dyn Records) -> Result<BTreeSet<PersonId>, Fault> {
        let mut barred = self.owners(approval.requested_by, records)?;
        for member in approval.panels.iter().flat_map(|p| &p.members) {
            if !records.get::<Person>(*member)?.is_some_and(|p| p.active) {
                barred.insert(*member);
            }
        }
        Ok(barred)
    }

    /// Those whose own matter it is, when the workspace separates duties.
    pub(crate) fn owners(&self, asked_by: PersonId, records: &dyn Records) -> Result<BTreeSet<PersonId>, Fault> {
        let rules = records.get::<WorkspaceRules>(WorkspaceRules::ID)?.unwrap_or_default();
        if !rules.separation_of_duties {
            return Ok(BTreeSet::new());
        }
        Ok(match self {
            Self::Release(release) => [release.manager, release.requested_by, asked_by].into(),
            Self::Change(change) => [change.requested_by, asked_by].into(),
        })
    }

    /// Stores the request with what its votes come to, and lets the matter stand accordingly.
    pub(crate) fn settle(self, mut approval: Approval, tally: Tally, records: &mut dyn Records) -> Result<(), Failure> {
        approval.state = tally.state;
        let approved = tally.state == ApprovalState::Approved;
        match self {
            Self::Release(mut release) => {
                release.status = match (approved, tally.denied) {
                    (true, _) => Status::Approved,
                    (false, true) => Status::Denied,
                    (false, false) => Status::ApprovalPending,
                };
                records.put(*release)?;
            }
            Self::Change(mut change) => {
                change.state = match (approved, tally.denied) {
                    (true, _) => ChangeState::Approved,
                    (false, true) => ChangeState::Denied,
                    (false, false) => ChangeState::ApprovalPending,
                };
                change.state_reason = if tally.denied { denial_text(&approval, records)? } else { String::new() };
                records.put(*change)?;
            }
        }
        records.put(approval)?;
        Ok(())
    }
}

/// The standing denials in words.
pub(crate) fn denial_text(approval: &Approval, records: &dyn Records) -> Result<String, Fault> {
    let mut texts = Vec::new();
    for vote in approval.votes.iter().filter(|v| v.retracted.is_none()) {
        if let Decision::Deny { reason, text } = &vote.decision {
            texts.push(format!("{}: {reason}, {text}", crate::release::person_name(voter(vote), records)?));
        }
    }
    Ok(texts.join("; "))
}
