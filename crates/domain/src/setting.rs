//! What an administrator edits as data: task templates, approval rules, workspace rules, freezes.

use crate::approval::record::ApprovalRule;
use crate::id::{CiId, FreezeId, GroupId, SettingId, SiteId};
use crate::release::record::{Phase, ReleaseClass, ReleaseType};
use crate::time::Window;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// The tasks that a release of a type gets on entering a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TaskTemplate {
    /// Identity.
    pub id: SettingId,
    /// For releases of this type.
    pub release_type: ReleaseType,
    /// On entering this phase.
    pub phase: Phase,
    /// In order.
    pub tasks: Vec<TemplateTask>,
}

/// One task of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TemplateTask {
    /// Title of the task.
    pub title: String,
    /// Whether the phase cannot be left without it.
    pub mandatory: bool,
    /// Positions (from 0) in the same template of the tasks that come first.
    pub after: Vec<u32>,
    /// Makes one task for each target of the release, its name appended.
    pub per_target: bool,
    /// Planned length.
    pub planned_minutes: u32,
}

/// Who approves which phase of which class of release, or a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ApprovalPolicy {
    /// Identity.
    pub id: SettingId,
    /// What is to be approved.
    pub gate: Gate,
    /// For this class only; `None` for all classes that have no rule of their own.
    pub class: Option<ReleaseClass>,
    /// Groups, in order.
    pub groups: Vec<GroupId>,
    /// How their votes count.
    pub rule: ApprovalRule,
    /// Hours from request to due time.
    pub due_hours: u32,
}

/// What an approval opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Leaving Plan and design.
    PlanAndDesign,
    /// Leaving Build and test.
    BuildAndTest,
    /// Distribution and rollout, before Verification.
    DistributionAndRollout,
    /// A change.
    Change,
}

/// Workspace rules. One record; absent means [`WorkspaceRules::default`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkspaceRules {
    /// Identity: [`WorkspaceRules::ID`].
    pub id: SettingId,
    /// The requester or release manager may not vote on their own release.
    pub separation_of_duties: bool,
    /// Days after closing in which a Verified release can still be backed out.
    pub back_out_days: u32,
}

impl WorkspaceRules {
    /// The only record of its kind.
    pub const ID: SettingId = SettingId(uuid::Uuid::from_u128(1));
}

impl Default for WorkspaceRules {
    fn default() -> Self {
        Self { id: Self::ID, separation_of_duties: true, back_out_days: 30 }
    }
}

/// A time in which nothing is installed on what it covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Freeze {
    /// Identity.
    pub id: FreezeId,
    /// Why, in a few words.
    pub title: String,
    /// When.
    pub window: Window,
    /// What it covers.
    pub scope: FreezeScope,
}

/// What a freeze covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FreezeScope {
    /// Every release.
    Everything,
    /// Releases that affect one of these services.
    Services(BTreeSet<CiId>),
    /// Releases with a target or CI at one of these sites.
    Sites(BTreeSet<SiteId>),
}

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    _command: &crate::command::SetupCommand,
    _actor: &crate::people::Person,
    _context: &mut crate::execute::Context,
    _records: &mut dyn crate::records::Records,
) -> Result<crate::execute::Effect, crate::refusal::Failure> {
    Err(crate::refusal::Finding::new("NOT_YET", "Not judged yet.", "Update.").into())
}
