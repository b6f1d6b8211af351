//! Settings: the person's own on this computer, and the workspace's.

use serde::{Deserialize, Serialize};
use slipway_domain::id::{CiId, GroupId, PersonId, SiteId};
use slipway_domain::people::{Delegation, Role, Site};
use slipway_domain::setting::{
    ApprovalPolicy, Freeze, FreezeScope, FreezeStrength, Repeat, TaskTemplate, WorkspaceRules,
};
use slipway_domain::time::Window;
use std::collections::BTreeSet;
use ts_rs::TS;

/// What a person sets for themself on this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// Colours.
    pub theme: Theme,
    /// Height of rows.
    pub density: Density,
    /// Keys of one letter work outside text.
    pub single_letter_keys: bool,
    /// Which news is told, and how.
    pub notifications: NotificationChoices,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            density: Density::Comfortable,
            single_letter_keys: true,
            notifications: NotificationChoices::default(),
        }
    }
}

/// Colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system has it.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// Height of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// 36 px.
    Comfortable,
    /// 28 px.
    Compact,
}

/// How news is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By a notification of the operating system, too.
    System,
    /// In the Inbox only.
    Inbox,
}

/// How each kind of news is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct NotificationChoices {
    /// An approval waits for me.
    pub approval_pending: Channel,
    /// An approval I asked for was decided.
    pub approval_decided: Channel,
    /// A task for me or my group is ready.
    pub task_ready: Channel,
    /// A command of mine was refused on sync.
    pub refused: Channel,
    /// Something was done against a rule and waits for my decision.
    pub exception: Channel,
    /// A master was withdrawn that a release of mine is built from.
    pub master_withdrawn: Channel,
}

impl Default for NotificationChoices {
    fn default() -> Self {
        Self {
            approval_pending: Channel::System,
            approval_decided: Channel::Inbox,
            task_ready: Channel::Inbox,
            refused: Channel::System,
            exception: Channel::System,
            master_withdrawn: Channel::System,
        }
    }
}

/// Replaces the person's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SetSettingsRequest {
    /// All of them.
    pub settings: Settings,
}

/// What is set up for the whole workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct WorkspaceSetup {
    /// Sites.
    pub sites: Vec<Site>,
    /// Task templates.
    pub task_templates: Vec<TaskTemplate>,
    /// Who approves what.
    pub approval_policies: Vec<ApprovalPolicy>,
    /// Rules.
    pub rules: WorkspaceRules,
    /// Freezes.
    pub freezes: Vec<Freeze>,
    /// Delegations that are not over.
    pub delegations: Vec<Delegation>,
}

/// Creates or replaces a part of the workspace's set-up; without an id it is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PutSetupRequest {
    /// A person.
    Person {
        /// Which.
        id: Option<PersonId>,
        /// As shown.
        name: String,
        /// Sign-in name.
        user: String,
        /// What the person may do.
        roles: BTreeSet<Role>,
        /// Works here.
        active: bool,
    },
    /// A group.
    Group {
        /// Which.
        id: Option<GroupId>,
        /// Unique name.
        name: String,
        /// Everybody in it.
        members: BTreeSet<PersonId>,
        /// Lead.
        lead: Option<PersonId>,
    },
    /// A site.
    Site {
        /// Which.
        id: Option<SiteId>,
        /// Unique name.
        name: String,
        /// Where it is.
        address: String,
    },
    /// A CI group.
    CiGroup {
        /// Which.
        id: Option<slipway_domain::id::CiGroupId>,
        /// Unique name.
        name: String,
        /// Members.
        members: BTreeSet<CiId>,
        /// A redundancy group: so many of them are enough.
        #[serde(default)]
        enough: Option<u32>,
        /// A dynamic group: who its members are.
        #[serde(default)]
        filter: Option<String>,
    },
    /// Who approves what.
    ApprovalPolicy {
        /// Which.
        id: Option<slipway_domain::id::SettingId>,
        /// What is to be approved.
        gate: slipway_domain::setting::Gate,
        /// For this class only.
        class: Option<slipway_domain::release::record::ReleaseClass>,
        /// Groups, in order.
        groups: Vec<GroupId>,
        /// How their votes count.
        rule: slipway_domain::approval::record::ApprovalRule,
        /// Hours from request to due time.
        due_hours: u32,
    },
    /// A freeze.
    Freeze {
        /// Which.
        id: Option<slipway_domain::id::FreezeId>,
        /// Why, in a few words.
        title: String,
        /// When.
        window: Window,
        /// What it covers.
        scope: FreezeScope,
        /// How hard it stops; hard when left out.
        #[serde(default)]
        #[ts(as = "Option<_>", optional)]
        strength: FreezeStrength,
        /// Whether and how it comes again.
        #[serde(default)]
        #[ts(optional)]
        repeats: Option<Repeat>,
    },
}
