//! The Inbox: what waits for me.

use crate::view::approvals::ApprovalView;
use crate::view::attention::AttentionItem;
use crate::view::common::{ListRow, Named};
use crate::view::exceptions::ExceptionView;
use crate::view::releases::TaskLine;
use serde::{Deserialize, Serialize};
use slipway_domain::dhs::alert::Alert;
use slipway_domain::release::scope::difference::ScopeDifference;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Everything that waits for me.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Inbox {
    /// Requests on which I may vote, for myself or as a delegate; most urgent first.
    pub approvals: Vec<InboxApproval>,
    /// Open tasks assigned to me or one of my groups; ready ones first.
    pub tasks: Vec<InboxTask>,
    /// Commands of mine that were refused or partly applied.
    pub attention: Vec<AttentionItem>,
    /// What was done against a rule and waits for my decision, oldest first.
    pub exceptions: Vec<ExceptionView>,
    /// What in the hardware store needs somebody, for those who keep it or plan releases of hardware.
    pub alerts: Vec<AlertLine>,
    /// Releases of mine that are built from what was withdrawn since: they cannot go on.
    pub withdrawn: Vec<InboxWithdrawn>,
    /// How many of each: the badges.
    pub counts: InboxCounts,
}

/// Something in the hardware store that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlertLine {
    /// What and why.
    pub alert: Alert,
    /// Why, in words.
    pub label: String,
    /// Address of what it is about in the window.
    pub path: String,
}

/// A request that waits for my vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InboxApproval {
    /// The request.
    pub approval: ApprovalView,
    /// `overdue`, `today`, `this_week` or `later`.
    pub due: DueGroup,
    /// When I last looked; `None`: never.
    pub seen_at: Option<Timestamp>,
    /// What changed in the subject since then, line by line.
    pub since_seen: Vec<ScopeDifference>,
    /// Readiness in figures: met of all that apply.
    pub readiness_met: u32,
    /// All that apply.
    pub readiness_all: u32,
    /// Titles of criteria that are not met.
    pub readiness_open: Vec<String>,
}

/// A release that is built from a master that was withdrawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InboxWithdrawn {
    /// The release.
    pub release: ListRow,
    /// The master.
    pub item: Named,
    /// Address of the master in the window.
    pub path: String,
    /// Why it was withdrawn.
    pub because: String,
}

/// A group of due times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DueGroup {
    /// Past.
    Overdue,
    /// Within 24 hours.
    Today,
    /// Within seven days.
    ThisWeek,
    /// After that.
    Later,
}

/// A task that waits for me.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InboxTask {
    /// The task.
    pub task: TaskLine,
    /// Its release's number.
    pub release_number: String,
    /// Its release's title.
    pub release_title: String,
    /// Address of the release's tasks in the window.
    pub path: String,
}

/// The badges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InboxCounts {
    /// Approvals.
    pub approvals: u32,
    /// Of them, overdue.
    pub overdue: u32,
    /// Tasks.
    pub tasks: u32,
    /// Of them, ready.
    pub ready: u32,
    /// Needs attention.
    pub attention: u32,
    /// Exceptions to decide.
    pub exceptions: u32,
    /// Alerts of the hardware store.
    pub alerts: u32,
    /// Releases with a master that was withdrawn.
    #[serde(default)]
    pub withdrawn: u32,
}

/// Says that the person has looked at an approval as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SeenRequest {
    /// Which request, by id.
    pub approval: String,
}
