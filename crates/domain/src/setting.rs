//! What an administrator edits as data: task templates, approval rules, workspace rules, freezes.

use crate::approval::record::ApprovalRule;
use crate::command::{Edit, SetupCommand};
use crate::dsl::vendor_key;
use crate::execute::{Context, Effect, replace};
use crate::id::{CiId, FreezeId, GroupId, SettingId, SiteId};
use crate::people::{Person, SiteAccess};
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, none};
use crate::release::record::{Phase, ReleaseClass, ReleaseType};
use crate::release::task_record::Assignee;
use crate::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

mod judge;

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
    /// How hard it stops.
    #[serde(default, skip_serializing_if = "FreezeStrength::is_hard")]
    #[ts(as = "Option<_>", optional)]
    pub strength: FreezeStrength,
    /// Whether and how it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub repeats: Option<Repeat>,
}

/// How hard a freeze stops an install.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FreezeStrength {
    /// Only the change manager overrides it, with a reason.
    #[default]
    Hard,
    /// It asks for a reason, which the release manager may give as well.
    Soft,
}

impl FreezeStrength {
    fn is_hard(&self) -> bool {
        *self == Self::Hard
    }
}

/// How a freeze comes again, at the same time of day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct Repeat {
    /// After how long.
    pub every: Every,
    /// It does not begin again at this moment or later; `None`: it never ends.
    pub until: Option<Timestamp>,
}

/// After how long something comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// On the same day of the week.
    Week,
    /// On the same day of the month; on its last one where the month is shorter.
    Month,
    /// On the same day of the year.
    Year,
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

/// The approval rules that a workspace starts with: the CAB decides each gate, everybody must approve; what cannot
/// wait goes to the emergency CAB, where one approval is enough.
#[must_use]
pub fn default_policies(cab: GroupId, emergency_cab: GroupId) -> Vec<ApprovalPolicy> {
    let gates = [Gate::PlanAndDesign, Gate::BuildAndTest, Gate::DistributionAndRollout, Gate::Change];
    let mut policies = Vec::new();
    for gate in gates {
        for (class, group, rule, due_hours) in [
            (None, cab, ApprovalRule::AllMustApprove, 72),
            (Some(ReleaseClass::Emergency), emergency_cab, ApprovalRule::OneMustApprove, 4),
        ] {
            // Derived, so that two workspaces, and a workspace that is set up twice, have the same ones.
            let name = format!("slipway.approval_policy|{gate:?}|{class:?}");
            let id = SettingId(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()));
            policies.push(ApprovalPolicy { id, gate, class, groups: vec![group], rule, due_hours });
        }
    }
    policies
}

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    command: &SetupCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    Ok(match command {
        SetupCommand::PutPerson(person) => replace(judge::person(person, records)?, person.id, records)?,
        SetupCommand::PutGroup(group) => replace(judge::group(group, records)?, group.id, records)?,
        SetupCommand::PutSite(site) => replace(judge::site(site, records)?, site.id, records)?,
        SetupCommand::AssignSites(of, sites) => assign_sites(*of, sites, records)?,
        SetupCommand::PutTaskTemplate(template) => replace(judge::template(template, records)?, template.id, records)?,
        SetupCommand::PutApprovalPolicy(policy) => {
            none(judge::policy(policy, records)?)?;
            replace(policy.clone(), policy.id, records)?
        }
        SetupCommand::PutWorkspaceRules(rules) => {
            none(judge::rules(rules))?;
            replace(rules.clone(), rules.id, records)?
        }
        SetupCommand::PutFreeze(freeze) => replace(judge::freeze(freeze, records)?, freeze.id, records)?,
        SetupCommand::PutVendorKey(key) => vendor_key::put(key, actor, context, records)?,
        SetupCommand::RemoveFreeze(id) => match records.get::<Freeze>(*id)? {
            Some(_) => {
                records.remove(Kind::Freeze, (*id).into())?;
                Effect::updated()
            }
            None => Effect::unchanged(),
        },
    })
}

/// Whoever is named no sites reads all of them, so there is a record only for those who are.
fn assign_sites(
    of: Assignee,
    sites: &Edit<Option<BTreeSet<SiteId>>>,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let id = SiteAccess::id_for(of);
    let before = records.get::<SiteAccess>(id)?;
    none(judge::site_access(of, sites, before.as_ref(), records)?)?;
    match &sites.to {
        Some(sites) => Ok(replace(SiteAccess { id, of, sites: sites.clone() }, id, records)?),
        None if before.is_none() => Ok(Effect::unchanged()),
        None => {
            records.remove(Kind::SiteAccess, id.into())?;
            Ok(Effect::updated())
        }
    }
}
