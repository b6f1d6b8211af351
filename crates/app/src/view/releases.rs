//! Releases: the page, the board, creation and actions.

use crate::view::approvals::ApprovalView;
use crate::view::common::{CommentLine, HistoryLine, ListRow, Named, Names, Pill, SyncMark, WindowView};
use crate::view::exceptions::ExceptionView;
use serde::{Deserialize, Serialize};
use slipway_domain::approval::record::ApprovalRule;
use slipway_domain::cmdb::update_plan::CiUpdate;
use slipway_domain::level::{Assessment, Impact, Urgency};
use slipway_domain::readiness::Criterion;
use slipway_domain::refusal::Finding;
use slipway_domain::release::action::ActionState;
use slipway_domain::release::record::{
    BackOutDecision, Component, Outcome, Packaging, Phase, Release, ReleaseClass, ReleaseType, TestResult,
};
use slipway_domain::release::task_record::{Assignee, TaskState};
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Names a release by id or number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReleaseRequest {
    /// Id or number.
    pub release: String,
}

/// Everything the release page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReleasePage {
    /// The record.
    pub release: Release,
    /// Address in the window.
    pub path: String,
    /// How it stands.
    pub pill: Pill,
    /// Labels of people, groups, sites, CIs and changes that the record names by id.
    pub names: Names,
    /// The phase rail.
    pub rail: Vec<RailStep>,
    /// What may be done now, and why not.
    pub actions: Vec<ActionState>,
    /// Attached changes.
    pub changes: Vec<ListRow>,
    /// Affected CIs; at most [`LINES_MOST`], see `ci_count`.
    pub cis: Vec<ListRow>,
    /// How many affected CIs there are.
    pub ci_count: u32,
    /// Affected CI groups.
    pub ci_groups: Vec<Named>,
    /// Business services.
    pub services: Vec<ListRow>,
    /// Components.
    pub components: Vec<ComponentLine>,
    /// Tasks by phase and ordinal.
    pub tasks: Vec<TaskLine>,
    /// Tests, oldest first.
    pub tests: Vec<TestLine>,
    /// Approval requests, newest first.
    pub approvals: Vec<ApprovalView>,
    /// Readiness criteria.
    pub readiness: Vec<Criterion>,
    /// The CI update plan, line by line.
    pub ci_plan: Vec<CiPlanRow>,
    /// The rollout window, where one is set.
    pub rollout_window: Option<WindowView>,
    /// Newest first.
    pub history: Vec<HistoryLine>,
    /// What was done against a rule, oldest first.
    pub exceptions: Vec<ExceptionView>,
    /// Remarks, oldest first.
    pub comments: Vec<CommentLine>,
    /// Digest of the scope as it stands: what an approver signs.
    pub digest: String,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// Most lines of one list on a page; the rest is in the list of its place.
pub const LINES_MOST: usize = 500;

/// One place on the phase rail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RailStep {
    /// The phase.
    pub phase: Phase,
    /// In words.
    pub label: String,
    /// How it stands.
    pub state: RailState,
    /// When it was entered last.
    pub entered_at: Option<Timestamp>,
    /// What keeps the release from going on; on the current phase only.
    pub open_gates: Vec<Finding>,
}

/// How a phase on the rail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum RailState {
    /// Behind.
    Done,
    /// Here, and the way on is open.
    Current,
    /// Here, and something is in the way.
    Blocked,
    /// To come.
    Ahead,
    /// Training, where it is not travelled.
    Skipped,
}

/// A component with what matters about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComponentLine {
    /// As in the scope.
    pub component: Component,
    /// Name and version, serial number, or model.
    pub label: String,
    /// How it stands: accepted, reserved for this release, 2 of 3 reserved.
    pub pill: Pill,
    /// When its master was verified in the present Build and test.
    pub verified_at: Option<Timestamp>,
    /// Address in the window.
    pub path: String,
}

/// A task on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TaskLine {
    /// Identity.
    pub id: String,
    /// Of which release.
    pub release: String,
    /// Such as `T01`.
    pub number: String,
    /// What is to be done.
    pub title: String,
    /// In which phase.
    pub phase: Phase,
    /// Whether the phase cannot be left without it.
    pub mandatory: bool,
    /// Where it stands.
    pub state: TaskState,
    /// The same in words and colour; *ready* where it may begin.
    pub pill: Pill,
    /// Its predecessors are done and its phase is current.
    pub ready: bool,
    /// Who does it.
    pub assignee: Option<Assignee>,
    /// Their name.
    pub assignee_label: String,
    /// What comes first.
    pub predecessors: Vec<Named>,
    /// Planned start.
    pub planned_start: Option<Timestamp>,
    /// Planned length.
    pub planned_minutes: u32,
    /// How long it took when it was last rehearsed.
    pub rehearsed_minutes: Option<u32>,
    /// Actual start.
    pub started_at: Option<Timestamp>,
    /// Actual end.
    pub ended_at: Option<Timestamp>,
    /// Remarks.
    pub notes: String,
    /// How it went.
    pub result: Option<TestResult>,
    /// What may be done with it: `start`, `done`, `block`, `cancel`, `reopen`.
    pub actions: Vec<ActionState>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// A test on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TestLine {
    /// Identity.
    pub id: String,
    /// What was tested.
    pub title: String,
    /// How it went.
    pub result: TestResult,
    /// The same in words and colour.
    pub pill: Pill,
    /// Evidence.
    pub note: String,
    /// Who.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// From an earlier round: counts no more.
    pub superseded: bool,
}

/// One line of the CI update plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiPlanRow {
    /// Position in the plan, from 0.
    pub index: u32,
    /// `create`, `set_fields`, `set_status`, `add_relation` or `remove_relation`.
    pub what: String,
    /// The CI.
    pub ci: Named,
    /// Address of the CI in the window; `None` while it does not exist.
    pub path: Option<String>,
    /// Field or relation.
    pub field: String,
    /// What the plan expects to find, or what the release found.
    pub before: String,
    /// What the install will leave, or left.
    pub after: String,
    /// What is there now.
    pub now: String,
    /// What is there is what the plan expects (before the install) or left (after it).
    pub as_expected: bool,
}

/// A CI update plan made from changes and components, for a person to look at and save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ProposedCiPlan {
    /// Line by line.
    pub rows: Vec<CiPlanRow>,
    /// The plan that a `ci_plan` edit takes.
    pub updates: Vec<CiUpdate>,
    /// What could not be proposed, and why.
    pub notes: Vec<String>,
}

/// Adds one line to a CI update plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct PlanLineRequest {
    /// Id or number.
    pub release: String,
    /// `create`, `set_field`, `set_status`, `retire`, `add_relation` or `remove_relation`.
    pub what: String,
    /// All but `create`: the CI, by whatever names it.
    #[serde(default)]
    pub ci: Option<String>,
    /// `create`: unique within its class.
    #[serde(default)]
    pub name: Option<String>,
    /// `create`: such as `server`.
    #[serde(default)]
    pub class: Option<String>,
    /// `create`: version.
    #[serde(default)]
    pub version: Option<String>,
    /// `create`, `set_status`: in use when left out of `create`.
    #[serde(default)]
    pub status: Option<slipway_domain::cmdb::ci::CiStatus>,
    /// `set_field`: which.
    #[serde(default)]
    pub field: Option<String>,
    /// `set_field`: the value wanted.
    #[serde(default)]
    pub to: Option<String>,
    /// Relations: how.
    #[serde(default)]
    pub relation_type: Option<slipway_domain::cmdb::relation::RelationType>,
    /// Relations: the CI at the other end.
    #[serde(default)]
    pub target: Option<String>,
}

/// The board of releases that are not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Board {
    /// Phases in order.
    pub columns: Vec<BoardColumn>,
    /// There are more than are shown; narrow the filter.
    pub truncated: bool,
}

/// What the board shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct BoardRequest {
    /// As in a list: words and `type:software owner:me class:major`.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub filter: String,
}

/// A phase with its cards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BoardColumn {
    /// The phase.
    pub phase: Phase,
    /// In words.
    pub label: String,
    /// Its releases, next window first.
    pub cards: Vec<BoardCard>,
}

/// A release on the board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BoardCard {
    /// Identity.
    pub id: String,
    /// Number.
    pub number: String,
    /// In a line.
    pub title: String,
    /// Hardware or software.
    pub release_type: Option<ReleaseType>,
    /// Major, minor, emergency.
    pub class: ReleaseClass,
    /// Rollout window.
    pub rollout_window: Option<WindowView>,
    /// Owner.
    pub manager: Named,
    /// The worst condition, in words.
    pub condition: Pill,
    /// Advance and what is in its way.
    pub advance: Option<ActionState>,
    /// Tasks of the phase that are done.
    pub tasks_done: u32,
    /// Tasks of the phase.
    pub tasks_all: u32,
    /// Address in the window.
    pub path: String,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// A new release, as the sheet gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct NewReleaseRequest {
    /// In a line.
    pub title: String,
    /// In full.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub description: String,
    /// May be decided later, in Assess.
    #[serde(default)]
    pub release_type: Option<ReleaseType>,
    /// Minor when left out.
    #[serde(default)]
    pub class: Option<ReleaseClass>,
    /// Full when left out.
    #[serde(default)]
    pub packaging: Option<Packaging>,
    /// Why.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub reason: String,
    /// Owner, by sign-in name or id; me when left out.
    #[serde(default)]
    pub manager: Option<String>,
    /// Who asked for it, by sign-in name or id; me when left out.
    #[serde(default)]
    pub requested_by: Option<String>,
    /// Set at once, where it is known.
    #[serde(default)]
    pub impact: Option<Impact>,
    /// Set at once, where it is known.
    #[serde(default)]
    pub urgency: Option<Urgency>,
    /// Set at once, where it is known.
    #[serde(default)]
    pub impact_assessment: Option<Assessment>,
    /// Attached at once: ids, numbers or foreign numbers.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub changes: Vec<String>,
}

/// Does something with a release. Which of the fields an action reads stands in the guide; the others are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ReleaseActRequest {
    /// Id or number.
    pub release: String,
    /// Code, as in the page's actions; dashes and underscores alike.
    pub action: String,
    /// It was done by hand all the same (`record_install`, `record_test`): where a rule is against it, it is kept as an
    /// exception.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub as_exception: bool,
    /// Why: `back_out`, `terminate`, `send_back`, `test_failed`, `waive_test`, `waive_criterion`, `ask_training`.
    #[serde(default)]
    pub reason: Option<String>,
    /// Remark: `go`, `no_go`, `attest`, `record_test`; the text of `write_review`.
    #[serde(default)]
    pub note: Option<String>,
    /// `send_back`: to which phase.
    #[serde(default)]
    pub to: Option<Phase>,
    /// `attach_change`, `detach_change`, `record_outcome`: id, number or foreign number.
    #[serde(default)]
    pub change: Option<String>,
    /// `record_outcome`.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// `record_install`: why outside the window.
    #[serde(default)]
    pub window_override: Option<String>,
    /// `record_install`: why during a freeze.
    #[serde(default)]
    pub freeze_override: Option<String>,
    /// `record_test`: what was tested.
    #[serde(default)]
    pub title: Option<String>,
    /// `record_test`: how it went.
    #[serde(default)]
    pub result: Option<TestResult>,
    /// `waive_test`: which, by id.
    #[serde(default)]
    pub test: Option<String>,
    /// `attest`, `waive_criterion`, `clear_criterion`: its code.
    #[serde(default)]
    pub criterion: Option<String>,
    /// `decide_conflict`, `add_ci`, `remove_ci`, `add_service`, `remove_service`: id, number or name of the CI.
    #[serde(default)]
    pub ci: Option<String>,
    /// `decide_conflict`: the field.
    #[serde(default)]
    pub field: Option<String>,
    /// `decide_conflict`.
    #[serde(default)]
    pub decision: Option<BackOutDecision>,
    /// `verify_master`, `add_item`, `remove_item`: id, number or `NAME VERSION` of the DSL item.
    #[serde(default)]
    pub item: Option<String>,
    /// `verify_master`: paths of the master's files, which are read and hashed again.
    #[serde(default)]
    pub paths: Option<Vec<String>>,
    /// `add_unit`, `remove_unit`: id, number or serial number of the DHS unit.
    #[serde(default)]
    pub unit: Option<String>,
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

/// Adds a task to a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct NewTaskRequest {
    /// Id or number of the release.
    pub release: String,
    /// The current one when left out.
    #[serde(default)]
    pub phase: Option<Phase>,
    /// What is to be done.
    pub title: String,
    /// Whether the phase cannot be left without it.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub mandatory: bool,
    /// Ids or `T01` of what comes first.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub predecessors: Vec<String>,
    /// Planned length; 30 when left out.
    #[serde(default)]
    pub planned_minutes: Option<u32>,
}

/// Does something with a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct TaskActRequest {
    /// Id, or `REL-000123/T01`.
    pub task: String,
    /// `start`, `done`, `block`, `cancel`, `reopen`, `rehearse`.
    pub action: String,
    /// How long it took, with `rehearse`.
    #[serde(default)]
    pub minutes: Option<u32>,
    /// How it went, with `done`; passed when left out.
    #[serde(default)]
    pub result: Option<TestResult>,
    /// Remark, appended to its notes.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub note: String,
}
