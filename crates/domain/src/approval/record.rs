//! The approval request: who may vote, how votes count, what was voted.

use crate::id::{ApprovalId, ChangeId, DelegationId, GroupId, PersonId, ReleaseId};
use crate::level::named;
use crate::release::scope::ScopeDigest;
use crate::setting::Gate;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

named! {
    /// Why a request was denied [SM].
    DenyReason {
        /// Too dear.
        Financial = "financial",
        /// Not enough to decide on.
        InsufficientInformation = "insufficient information",
        /// The requester may not ask for this.
        RequesterNotAuthorised = "requester not authorised",
        /// Technically unsound.
        Technical = "technical",
        /// No people or parts.
        ResourceAvailability = "resource availability",
        /// Not what the organisation is after.
        NotAlignedWithStrategy = "not aligned with strategy",
        /// The impact is not understood.
        IncompleteImpactAssessment = "incomplete impact assessment",
    }
    /// Where a request stands.
    ApprovalState {
        /// Waiting for votes.
        Pending = "pending",
        /// Granted.
        Approved = "approved",
        /// Turned down.
        Denied = "denied",
        /// The scope changed after it was asked for: nothing counts any more.
        Void = "void",
        /// Taken back by the release manager or with the release.
        Withdrawn = "withdrawn",
    }
}

/// How the votes of the groups count [SM].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalRule {
    /// Every member of every group approves.
    #[default]
    AllMustApprove,
    /// One approval is enough.
    OneMustApprove,
    /// This many approvals are enough.
    Quorum(u32),
    /// As *all must approve*; the first denial decides.
    AllMustApproveImmediateDenial,
    /// Groups in order: each is approved by its first approval and denied only if everyone in it denies.
    OneMustApprovePerSequence,
}

/// What is to be approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A phase of a release.
    Release(ReleaseId),
    /// A change.
    Change(ChangeId),
}

/// A group as it was when the request was made, so that a later membership change rewrites no history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Panel {
    /// The group.
    pub group: GroupId,
    /// Its name then.
    pub name: String,
    /// Its members then.
    pub members: Vec<PersonId>,
}

/// What a vote says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No, with a reason code and a text.
    Deny {
        /// Code.
        reason: DenyReason,
        /// In words.
        text: String,
    },
}

/// One vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Vote {
    /// Who voted.
    pub by: PersonId,
    /// For whom, when through a delegation.
    pub on_behalf_of: Option<PersonId>,
    /// The delegation used.
    pub delegation: Option<DelegationId>,
    /// Yes or no.
    pub decision: Decision,
    /// A remark.
    pub note: String,
    /// When, by the device's clock.
    pub at: Timestamp,
    /// What the approver saw.
    pub digest: Option<ScopeDigest>,
    /// Taken back, why.
    pub retracted: Option<String>,
}

/// An administrator decided in place of the groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Override {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// An approval request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Approval {
    /// Identity.
    pub id: ApprovalId,
    /// What it is about.
    pub subject: Subject,
    /// What it opens.
    pub gate: Gate,
    /// Who may vote.
    pub panels: Vec<Panel>,
    /// How the votes count.
    pub rule: ApprovalRule,
    /// Digest of the release's scope that is being approved; `None` for a change.
    pub digest: Option<ScopeDigest>,
    /// Who asked.
    pub requested_by: PersonId,
    /// When.
    pub requested_at: Timestamp,
    /// By when.
    pub due_at: Timestamp,
    /// Where it stands; follows from votes and rule.
    pub state: ApprovalState,
    /// In the order in which they were judged.
    pub votes: Vec<Vote>,
    /// An administrator's decision.
    pub overridden: Option<Override>,
    /// Why it is void or withdrawn.
    pub ended_because: String,
}
