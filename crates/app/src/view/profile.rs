//! The profile on this computer, and how sync stands.

use crate::view::alarms::LogAlarmView;
use serde::{Deserialize, Serialize};
use slipway_domain::people::{Role, Site};
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Where the application stands when it starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AppState {
    /// First start: nothing is here yet.
    NoProfile,
    /// A profile is here and cannot be opened without more.
    Locked {
        /// Why.
        reason: LockReason,
        /// For the person: what is the matter.
        sentence: String,
        /// For the person: what to do.
        way_out: String,
        /// The passphrase is needed to open it.
        passphrase: bool,
    },
    /// Open.
    Ready(ReadyState),
}

/// An open profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReadyState {
    /// Who works here.
    pub person: PersonView,
    /// Name of the workspace.
    pub workspace: String,
    /// The central server; `None` when working alone.
    pub server: Option<String>,
    /// Identity of this computer's profile.
    pub device: String,
    /// The profile is protected by a passphrase.
    pub passphrase: bool,
    /// Where this person signs in, when not by password.
    pub provider: Option<String>,
}

/// Why a profile is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LockReason {
    /// It is protected by a passphrase.
    Passphrase,
    /// The keychain of this computer does not answer or is locked.
    Keychain,
    /// The person locked it.
    Locked,
    /// The server shut this device out.
    ShutOut,
    /// It was written by a newer program.
    Newer,
    /// It cannot be read.
    Damaged,
}

/// First start against a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ConnectRequest {
    /// Address, such as `https://slipway.example:8443`.
    pub server: String,
    /// Sign-in name.
    pub user: String,
    /// Password; used once, never kept.
    pub password: String,
    /// Path of the certificate (PEM) of the authority that signed the server's.
    #[serde(default, alias = "authority")]
    pub certificate: Option<String>,
    /// Its certificate's SHA-256 fingerprint, as the person compared it after `CERTIFICATE_NOT_CONFIRMED`.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Protects the profile instead of the keychain.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// First start without a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct StartAloneRequest {
    /// The person's name.
    pub name: String,
    /// Name of the workspace.
    pub workspace: String,
    /// Protects the profile instead of the keychain.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// Opens a locked profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct UnlockRequest {
    /// The passphrase; without it the keychain is asked again.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PersonView {
    /// Identity.
    pub id: String,
    /// As shown.
    pub name: String,
    /// Sign-in name.
    pub user: String,
    /// What the person may do.
    pub roles: Vec<Role>,
    /// Works here.
    pub active: bool,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupView {
    /// Identity.
    pub id: String,
    /// Name.
    pub name: String,
    /// Members.
    pub members: Vec<PersonView>,
    /// Lead.
    pub lead: Option<String>,
}

/// Everybody who has a record here, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PeopleList {
    /// By name.
    pub people: Vec<PersonView>,
    /// Whether this person may set the others' passwords.
    pub may_set_passwords: bool,
}

/// Every group, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GroupList {
    /// By name.
    pub groups: Vec<GroupView>,
}

/// Every site, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteList {
    /// By name.
    pub sites: Vec<Site>,
}

/// How sync stands: the status bar.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SyncStatus {
    /// The central server; `None` when working alone.
    pub server: Option<String>,
    /// The last attempt reached it.
    pub online: bool,
    /// Running now.
    pub running: bool,
    /// Since when it cannot be reached.
    pub offline_since: Option<Timestamp>,
    /// When the last sync was complete.
    pub last_sync_at: Option<Timestamp>,
    /// Own commands that wait for the server.
    pub waiting: u32,
    /// Refused or partly applied commands that wait for a person.
    pub attention: u32,
    /// What went wrong the last time, for the person.
    pub sentence: Option<String>,
    /// What to do about it.
    pub way_out: Option<String>,
    /// It needs the person's password again.
    pub sign_in_needed: bool,
    /// The profile was locked: ask where the application stands.
    pub locked: bool,
    /// Alarms about the server's audit log that nobody lifted yet.
    #[serde(default)]
    pub alarms: Vec<LogAlarmView>,
}
