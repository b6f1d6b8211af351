//! Approvals, as the Inbox and the release page show them.

use crate::view::common::{Hue, Named, Pill, SyncMark};
use serde::{Deserialize, Serialize};
use slipway_domain::approval::record::{ApprovalRule, ApprovalState, Decision, DenyReason};
use slipway_domain::release::action::ActionState;
use slipway_domain::setting::Gate;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// An approval request with what may be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalView {
    /// Identity.
    pub id: String,
    /// What is to be approved.
    pub subject: ApprovalSubject,
    /// What it opens.
    pub gate: Gate,
    /// The same in words, such as *Plan and design*.
    pub gate_label: String,
    /// Where it stands.
    pub state: ApprovalState,
    /// The same in words and colour.
    pub pill: Pill,
    /// How votes count.
    pub rule: ApprovalRule,
    /// The same in words, such as *2 of CAB Network*.
    pub rule_label: String,
    /// Digest of the scope that is approved: what a vote signs. `None` for a change.
    pub digest: Option<String>,
    /// The subject's scope is not the one that was asked for any more.
    pub outdated: bool,
    /// Who asked.
    pub requested_by: Named,
    /// When.
    pub requested_at: Timestamp,
    /// By when.
    pub due_at: Timestamp,
    /// Past due and still pending.
    pub overdue: bool,
    /// Groups with their members and what each said.
    pub panels: Vec<PanelView>,
    /// Votes that count, in the panels above.
    pub approvals_given: u32,
    /// An administrator's decision in place of the groups.
    pub overridden: Option<OverrideView>,
    /// Why it is void or withdrawn.
    pub ended_because: String,
    /// What the person may do about it: `approve`, `deny`, `retract`, `override`.
    pub actions: Vec<ActionState>,
    /// Whose vote the person may cast: their own (`None`) or a delegator's.
    pub vote_for: Vec<Option<Named>>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// What is to be approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalSubject {
    /// `release` or `change`.
    pub kind: slipway_domain::record::Kind,
    /// Identity.
    pub id: String,
    /// Number.
    pub number: String,
    /// In a line.
    pub title: String,
    /// Address in the window.
    pub path: String,
}

/// A group of an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PanelView {
    /// The group.
    pub group: Named,
    /// Its members when the request was made.
    pub members: Vec<PanelMember>,
}

/// A member of a group and what they said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PanelMember {
    /// Who.
    pub person: Named,
    /// It is the person in front of the screen.
    pub me: bool,
    /// The vote that stands.
    pub vote: Option<VoteView>,
    /// Votes taken back, oldest first.
    pub retracted: Vec<VoteView>,
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VoteView {
    /// Who cast it: the delegate, when through a delegation.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// Yes or no.
    pub decision: Decision,
    /// In words.
    pub label: String,
    /// As a colour.
    pub hue: Hue,
    /// Remark.
    pub note: String,
    /// Why it was taken back.
    pub retracted: Option<String>,
}

/// An administrator's decision in place of the groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OverrideView {
    /// Who.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Does something about an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ApprovalActRequest {
    /// Which request, by id.
    pub approval: String,
    /// `approve`, `deny`, `retract` or `override`.
    pub action: String,
    /// The digest that the person saw; asked for when voting on a release.
    #[serde(default)]
    pub digest: Option<String>,
    /// With `deny`.
    #[serde(default)]
    pub deny_reason: Option<DenyReason>,
    /// Remark; with `deny`, `retract` and `override` the reason in words.
    #[serde(default)]
    pub note: String,
    /// Sign-in name or id of the person for whom the vote is, when through a delegation.
    #[serde(default)]
    pub on_behalf_of: Option<String>,
}

/// Hands one's votes on for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct DelegateRequest {
    /// To whom: sign-in names or ids.
    pub to: Vec<String>,
    /// For these groups, by name or id; for all when left out.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// First moment.
    pub starts_at: Timestamp,
    /// First moment after.
    pub ends_at: Timestamp,
}

/// Takes a delegation back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RevokeDelegationRequest {
    /// Which, by id.
    pub delegation: String,
}
