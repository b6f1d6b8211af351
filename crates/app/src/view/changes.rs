//! Changes: the page, creation and actions.

use crate::view::approvals::ApprovalView;
use crate::view::common::{CommentLine, ListRow, Names, Pill, SyncMark, WindowView};
use serde::{Deserialize, Serialize};
use slipway_domain::approval::record::ApprovalRule;
use slipway_domain::change::record::{Change, ChangeKind};
use slipway_domain::level::{Impact, Risk, Urgency};
use slipway_domain::release::action::ActionState;
use slipway_domain::release::record::Outcome;
use slipway_domain::time::{Timestamp, Window};
use ts_rs::TS;

/// Names a change by id, number or foreign number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangeRequest {
    /// Id, number or foreign number.
    pub change: String,
}

/// Everything the change page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangePage {
    /// The record.
    pub change: Change,
    /// Address in the window.
    pub path: String,
    /// How it stands.
    pub pill: Pill,
    /// Labels of people, CIs, groups and the release that the record names by id.
    pub names: Names,
    /// It lives in another suite and is read-only here but for its release link.
    pub read_only: bool,
    /// What may be done now, and why not.
    pub actions: Vec<ActionState>,
    /// Affected CIs; at most the first 500.
    pub cis: Vec<ListRow>,
    /// How many affected CIs there are.
    pub ci_count: u32,
    /// Affected services.
    pub services: Vec<ListRow>,
    /// The release that carries it.
    pub release: Option<ListRow>,
    /// The planned window.
    pub planned: Option<WindowView>,
    /// Approval requests, newest first.
    pub approvals: Vec<ApprovalView>,
    /// Remarks, oldest first.
    pub comments: Vec<CommentLine>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// A new change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct NewChangeRequest {
    /// In a line.
    pub title: String,
    /// In full.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub description: String,
    /// Such as software, hardware, network.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub category: String,
    /// Normal when left out.
    #[serde(default)]
    pub kind: Option<ChangeKind>,
    /// Why.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub reason: String,
    /// Who asked, by sign-in name or id; me when left out.
    #[serde(default)]
    pub requested_by: Option<String>,
    /// Who coordinates, by sign-in name or id.
    #[serde(default)]
    pub coordinator: Option<String>,
    /// How far it reaches.
    #[serde(default)]
    pub impact: Option<Impact>,
    /// How soon.
    #[serde(default)]
    pub urgency: Option<Urgency>,
    /// From the questionnaire.
    #[serde(default)]
    pub risk: Option<Risk>,
    /// Affected CIs: ids, numbers or names.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub cis: Vec<String>,
    /// Affected services: ids, numbers or names.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub services: Vec<String>,
    /// When it is planned.
    #[serde(default)]
    pub planned: Option<Window>,
    /// Version the affected software has and will have.
    #[serde(default)]
    pub versions: Option<(String, String)>,
}

/// Does something with a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ChangeActRequest {
    /// Id, number or foreign number.
    pub change: String,
    /// Code, as in the page's actions: `assess`, `request_approval`, `withdraw_approval`, `reconsider`, `implement`,
    /// `review`, `close`, `cancel`; dashes and underscores alike.
    pub action: String,
    /// Why: `withdraw_approval`, `reconsider`, `cancel`.
    #[serde(default)]
    pub reason: Option<String>,
    /// `review`: how it turned out.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// `request_approval`: instead of the policy's groups, by name or id.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// `request_approval`: instead of the policy's rule.
    #[serde(default)]
    pub rule: Option<ApprovalRule>,
    /// `request_approval`: instead of the policy's due time.
    #[serde(default)]
    pub due_at: Option<Timestamp>,
}
