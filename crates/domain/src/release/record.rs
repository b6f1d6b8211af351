//! The release and its parts.

use crate::cmdb::update_plan::CiUpdate;
use crate::id::{
    BaselineId, ChangeId, CiGroupId, CiId, DhsModelId, DhsUnitId, DslItemId, PersonId, ReleaseId, SiteId, TestId,
};
use crate::level::{Assessment, Impact, Priority, Risk, Urgency, named};
use crate::number::Number;
use crate::readiness::{GoNoGo, Judgement};
use crate::release::runbook::Hold;
use crate::release::scope::difference::ScopeEdit;
use crate::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

named! {
    /// Decides the tasks and which definitive store the components come from.
    ReleaseType { /// From the DHS.
        Hardware = "hardware", /// From the DSL.
        Software = "software" }
    /// How large and how urgent.
    ReleaseClass { /// Much new.
        Major = "major", /// Small.
        Minor = "minor", /// Cannot wait: plans may follow the install.
        Emergency = "emergency" }
    /// What the package holds.
    Packaging { /// Everything.
        Full = "full", /// Only what changed.
        Delta = "delta", /// Several units together.
        Package = "package" }
    /// The phase machine's places: seven phases [SM] and the closed states.
    Phase {
        /// Importance and value.
        Assess = "Assess",
        /// Scope, plans, windows.
        PlanAndDesign = "Plan and design",
        /// Package built, stored and tested.
        BuildAndTest = "Build and test",
        /// Only when active.
        Training = "Training",
        /// Go/no-go, deployment, install.
        DistributionAndRollout = "Distribution and rollout",
        /// Result against plan.
        Verification = "Verification",
        /// Back-out plan executed.
        BackOut = "Back out",
        /// Closed: done.
        Verified = "Verified",
        /// Closed: undone.
        BackedOut = "Backed out",
        /// Closed: given up before install.
        Terminated = "Terminated",
    }
    /// How the release stands in its phase.
    Status {
        /// Being worked on.
        Open = "open",
        /// An approval is asked for.
        ApprovalPending = "approval pending",
        /// The phase's approval is granted.
        Approved = "approved",
        /// The phase's approval was denied.
        Denied = "denied",
        /// In Distribution and rollout: the install is recorded.
        Installed = "installed",
        /// Nothing more to do.
        Closed = "closed",
    }
    /// How a change turned out.
    Outcome { /// As planned.
        Successful = "successful", /// Done, not smoothly.
        SuccessfulWithProblems = "successful with problems", /// Not done.
        Failed = "failed" }
    /// The plans a release carries.
    PlanKind { /// Steps of the rollout.
        Rollout = "rollout", /// Steps back.
        BackOut = "back-out", /// What is tested how.
        Test = "test", /// Who is trained.
        Training = "training", /// Who helps afterwards.
        Support = "support", /// What may go wrong.
        RiskManagement = "risk management" }
}

impl Phase {
    /// Verified, Backed out, Terminated.
    #[must_use]
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Verified | Self::BackedOut | Self::Terminated)
    }
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PlanStep {
    /// What is done.
    pub text: String,
    /// By whom.
    pub owner: Option<PersonId>,
    /// Planned length.
    pub minutes: u32,
}

/// A component: what the release is built of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// An item of the DSL.
    DslItem(DslItemId),
    /// One unit of the DHS.
    DhsUnit(DhsUnitId),
    /// Any units of a model, so many of them reserved.
    DhsModel {
        /// The model.
        model: DhsModelId,
        /// How many.
        quantity: u32,
    },
}

/// Where the release goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct Target {
    /// Name of the environment, site or deployment group; unique in the release.
    pub name: String,
    /// Its site, if it is one place.
    pub site: Option<SiteId>,
}

/// What an approver signs: everything the scope digest covers beside the type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Scope {
    /// Attached changes.
    pub changes: BTreeSet<ChangeId>,
    /// Affected CIs.
    pub cis: BTreeSet<CiId>,
    /// Affected CI groups.
    pub ci_groups: BTreeSet<CiGroupId>,
    /// Business services (CIs of class service).
    pub services: BTreeSet<CiId>,
    /// DSL items or DHS units and models.
    pub components: BTreeSet<Component>,
    /// Where it goes.
    pub targets: Vec<Target>,
    /// When it is built.
    pub build_window: Option<Window>,
    /// When it is rolled out.
    pub rollout_window: Option<Window>,
    /// Ordered steps by plan.
    pub plans: BTreeMap<PlanKind, Vec<PlanStep>>,
    /// What the install will do to the CMDB.
    pub ci_plan: Vec<CiUpdate>,
    /// Members of the dynamic groups among the CI groups, as they were when an approval was first asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[ts(as = "Option<_>", optional)]
    pub frozen_groups: BTreeMap<CiGroupId, BTreeSet<CiId>>,
}

/// Whether the Training phase is travelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Training {
    /// Not decided before Assess is left.
    Undecided,
    /// The release manager asked for it in Assess.
    Asked {
        /// Why.
        reason: String,
    },
    /// Fixed on leaving Assess: travelled.
    Active,
    /// Fixed on leaving Assess: skipped.
    Skipped,
}

/// One move along the phase machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PhaseEntry {
    /// From where; `None` for the creation.
    pub from: Option<Phase>,
    /// To where.
    pub to: Phase,
    /// The command's name, as in the transition table.
    pub action: String,
    /// Who.
    pub by: PersonId,
    /// When, by the device's clock.
    pub at: Timestamp,
    /// Why, where a reason is asked for.
    pub reason: String,
}

/// A recorded install.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Install {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Every CI the plan touched, as it was before.
    pub baseline: BaselineId,
    /// Outside the window: why.
    pub window_override: Option<String>,
    /// During a freeze: why, by the change manager.
    pub freeze_override: Option<String>,
}

/// A back-out under way or done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackOut {
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Fields that somebody else changed since the install: each needs a decision.
    pub conflicts: Vec<BackOutConflict>,
}

/// A CI field that back-out cannot simply restore.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BackOutConflict {
    /// The CI.
    pub ci: CiId,
    /// Field, or `relation` with its id.
    pub field: String,
    /// Before the install.
    pub before: String,
    /// As the install left it.
    pub installed: String,
    /// As it is now.
    pub now: String,
    /// What was decided; `None` while open.
    pub decision: Option<BackOutDecision>,
}

/// What to do with a field that somebody else changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BackOutDecision {
    /// Back to the value before the install.
    Restore,
    /// Leave what is there now.
    Keep,
}

/// Estimated and actual cost in the workspace's currency, whole units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Costs {
    /// Before.
    pub estimated: Option<u32>,
    /// After.
    pub actual: Option<u32>,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Release {
    /// Identity.
    pub id: ReleaseId,
    /// `REL-000123`
    pub number: Number,
    /// In a line.
    pub title: String,
    /// In full.
    pub description: String,
    /// Hardware or software; must be set to leave Assess.
    pub release_type: Option<ReleaseType>,
    /// Major, minor, emergency.
    pub class: ReleaseClass,
    /// Full, delta, package.
    pub packaging: Packaging,
    /// Why it is made.
    pub reason: String,
    /// Set in Assess.
    pub impact: Option<Impact>,
    /// Set in Assess.
    pub urgency: Option<Urgency>,
    /// Set in Assess.
    pub impact_assessment: Option<Assessment>,
    /// Written in Assess: importance and value.
    pub assessment_note: String,
    /// From impact and urgency.
    pub priority: Option<Priority>,
    /// From the questionnaire.
    pub risk: Option<Risk>,
    /// End to end owner.
    pub manager: PersonId,
    /// Plans and evaluates.
    pub coordinator: Option<PersonId>,
    /// Who asked for it.
    pub requested_by: PersonId,
    /// What approvers sign.
    pub scope: Scope,
    /// Money.
    pub costs: Costs,
    /// Whether Training is travelled.
    pub training: Training,
    /// Where it is.
    pub phase: Phase,
    /// How it stands there.
    pub status: Status,
    /// Every move, oldest first.
    pub phase_history: Vec<PhaseEntry>,
    /// Attested and waived criteria, by criterion code.
    pub judgements: BTreeMap<String, Judgement>,
    /// The standing go/no-go decision.
    pub go_no_go: Option<GoNoGo>,
    /// DSL masters verified in the present Build and test.
    pub verified_masters: BTreeMap<DslItemId, Timestamp>,
    /// The standing install.
    pub install: Option<Install>,
    /// Outcome of each change.
    pub outcomes: BTreeMap<ChangeId, Outcome>,
    /// Written in Verification.
    pub review: String,
    /// The back-out.
    pub back_out: Option<BackOut>,
    /// The tasks of rollout and back-out were made ahead: entering those phases makes none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "bool")]
    pub runbook_planned: bool,
    /// When its rollout stood still, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Vec<Hold>")]
    pub holds: Vec<Hold>,
    /// Edits of the scope, oldest first: what an approver is told who signed an older one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Vec<ScopeEdit>")]
    pub scope_edits: Vec<ScopeEdit>,
    /// How many tasks were ever made for it: numbers the next one.
    pub task_count: u32,
    /// When it was created, by the device's clock.
    pub created_at: Timestamp,
}

impl Release {
    /// When the release entered its present phase.
    #[must_use]
    pub fn entered_phase_at(&self) -> Timestamp {
        self.phase_history.last().map_or(self.created_at, |e| e.at)
    }
}

/// A test of the package; additive, so that two testers never collide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TestRecord {
    /// Identity.
    pub id: TestId,
    /// Of which release.
    pub release: ReleaseId,
    /// What was tested.
    pub title: String,
    /// How it went.
    pub result: TestResult,
    /// Evidence or remark.
    pub note: String,
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// From an earlier round of Build and test: kept as evidence, counts no more.
    pub superseded: bool,
}

/// How a test or task went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TestResult {
    /// As it should.
    Passed,
    /// Not as it should.
    Failed,
    /// Let through.
    Waived {
        /// Why.
        reason: String,
        /// By whom.
        by: PersonId,
    },
}
