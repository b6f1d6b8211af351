//! Devices, passwords, and the ways to sign in.

use serde::{Deserialize, Serialize};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Devices by name: one's own, for an administrator everybody's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeviceList {
    /// By name.
    pub devices: Vec<DeviceView>,
}

/// A device on which somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeviceView {
    /// Identity.
    pub id: DeviceId,
    /// As people call it.
    pub name: String,
    /// Whose.
    pub person: String,
    /// This very computer's profile.
    pub here: bool,
    /// It gets nothing and may send nothing.
    pub shut_out: bool,
    /// When it came.
    pub registered_at: Timestamp,
    /// When it last got fresh tokens; nothing when nobody is signed in on it.
    pub last_seen: Option<Timestamp>,
    /// Commands of it that were judged.
    pub commands: u32,
    /// Whether this person may let it in again.
    pub may_let_in: bool,
}

/// Shuts a device out, or lets it in again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct DecideDeviceRequest {
    /// Which.
    pub device: DeviceId,
    /// Let it in; otherwise shut it out.
    pub allow: bool,
}

/// One's own new password.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The one that holds now.
    pub current: String,
    /// The one that shall hold.
    pub new: String,
}

/// Another person's new password, by an administrator.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ResetPasswordRequest {
    /// Whose.
    pub person: PersonId,
    /// The one that shall hold.
    pub new: String,
}

/// Another passphrase for the profile on this computer.
#[derive(Clone, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct ChangePassphraseRequest {
    /// The one that opens it now.
    pub current: String,
    /// The one that shall open it.
    pub new: String,
}

/// Which server, and why its certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
#[serde(deny_unknown_fields)]
pub struct ServerRequest {
    /// Address, such as `https://slipway.example:8443`.
    pub server: String,
    /// Path of the certificate (PEM) of the authority that signed the server's.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Its certificate's SHA-256 fingerprint, as the person compared it after `CERTIFICATE_NOT_CONFIRMED`.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Protects the profile instead of the keychain.
    #[serde(default)]
    pub passphrase: Option<String>,
}

/// How people may sign in at a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignInMethodsView {
    /// By name and password.
    pub password: bool,
    /// At a provider, by this name.
    pub provider: Option<String>,
}

/// Begins a sign-in at the server's provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
#[serde(deny_unknown_fields)]
pub struct BeginSignInRequest {
    /// Where.
    pub server: ServerRequest,
    /// On another device's browser, because this computer has none.
    #[serde(default)]
    pub elsewhere: bool,
}

/// A sign-in that waits for the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SignInPending {
    /// The address to open.
    pub url: String,
    /// It was opened in the system's browser.
    pub opened: bool,
    /// What to type there, on another device.
    pub code: Option<String>,
}
