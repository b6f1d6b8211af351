//! What goes over the wire about people, passwords, devices and other ways to sign in.
//!
//! | route | request | answer |
//! |---|---|---|
//! | `GET /v1/sign-in-methods` | nothing | [`SignInMethods`] |
//! | `POST /v1/oidc/begin` | [`OidcBegin`] | [`OidcPage`] |
//! | `POST /v1/oidc/device` | nothing | [`OidcDevice`] |
//! | `POST /v1/oidc/sign-in` | [`OidcSignIn`] | [`crate::protocol::Session`] |
//! | `POST /v1/password` (bearer) | [`ChangePassword`] | [`crate::protocol::Done`] |
//! | `POST /v1/people/{id}/password` (bearer) | [`ResetPassword`] | [`crate::protocol::Done`] |
//! | `GET /v1/devices` (bearer) | nothing | [`Devices`]: one's own, for an administrator everybody's |
//! | `POST /v1/devices/{id}/revoke` (bearer) | nothing | [`crate::protocol::Done`] |
//! | `POST /v1/devices/{id}/allow` (bearer) | nothing | [`crate::protocol::Done`] |
//! | `POST /v1/device/renew` (bearer) | [`Renewal`] | [`crate::protocol::Session`] of the new identity |

use crate::encoding::Base64;
use crate::protocol::NewDevice;
use crate::signing::{PrivateKey, PublicKey, Unwritable};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::time::Timestamp;
use std::fmt;
use utoipa::ToSchema;

/// How people may sign in here; anybody may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInMethods {
    /// By name and password.
    pub password: bool,
    /// At a provider of OpenID Connect, by the name that people know it under.
    pub oidc: Option<String>,
}

/// Asks for the address of the provider's sign-in page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcBegin {
    /// The device's key, to which the sign-in is bound.
    pub public_key: PublicKey,
    /// Where the browser comes back to: a port of the laptop itself (RFC 8252).
    pub redirect_uri: String,
    /// What the laptop knows its own attempt by.
    pub state: String,
    /// PKCE, of the verifier that the laptop keeps: S256.
    pub code_challenge: String,
}

/// The provider's sign-in page for one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OidcPage {
    /// For the system's browser.
    pub url: String,
}

/// A sign-in on another device's browser: for computers that have none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OidcDevice {
    /// For asking whether it is done.
    pub device_code: String,
    /// What the person types there.
    pub user_code: String,
    /// Where.
    pub verification_url: String,
    /// The same with the code in it, where the provider has such.
    pub complete_url: Option<String>,
    /// Ask no more often.
    pub interval_ms: u64,
    /// The codes end after this time.
    pub expires_in_ms: u64,
}

impl fmt::Debug for OidcDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcDevice").field("verification_url", &self.verification_url).finish_non_exhaustive()
    }
}

/// Trades what the provider gave for a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OidcSignIn {
    /// Where.
    pub device: NewDevice,
    /// What the provider gave.
    pub grant: OidcGrant,
}

/// What the provider gave.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OidcGrant {
    /// Through the browser, back at the laptop's own port.
    Code {
        /// The authorisation code.
        code: String,
        /// PKCE: what the challenge was made of.
        verifier: String,
        /// As it stood in the request.
        redirect_uri: String,
    },
    /// On another device.
    Device {
        /// See [`OidcDevice::device_code`].
        device_code: String,
    },
}

impl fmt::Debug for OidcGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code { .. } => "Code",
            Self::Device { .. } => "Device",
        })
    }
}

/// PKCE: the challenge of a verifier, S256.
#[must_use]
pub fn code_challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// What the provider puts into its token for this device and this attempt: a token made for another is worth nothing.
#[must_use]
pub fn oidc_nonce(key: &PublicKey, code_challenge: &str) -> String {
    let digest = Sha256::new()
        .chain_update(b"slipway.oidc.v1\n")
        .chain_update(key.to_bytes())
        .chain_update(code_challenge.as_bytes())
        .finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

/// A person's new password, by themselves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The one that holds now.
    pub current: String,
    /// The one that shall hold.
    pub new: String,
}

impl fmt::Debug for ChangePassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangePassword").finish_non_exhaustive()
    }
}

/// A person's new password, by an administrator.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPassword {
    /// The one that shall hold.
    pub new: String,
}

impl fmt::Debug for ResetPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResetPassword").finish_non_exhaustive()
    }
}

/// Devices by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Devices {
    /// By name.
    pub devices: Vec<DeviceInfo>,
}

/// A device as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceInfo {
    /// Identity.
    pub id: DeviceId,
    /// As people call it.
    pub name: String,
    /// Whose.
    pub person: PersonId,
    /// It gets nothing and may send nothing.
    pub revoked: bool,
    /// When it came.
    pub registered_at: Timestamp,
    /// When it last got tokens; `None` when nobody is signed in on it.
    pub last_seen: Option<Timestamp>,
    /// Commands of it that were judged.
    pub commands: u64,
}

/// What a device's key signs when another key takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Succession {
    /// Domain separation: [`Succession::DOMAIN`].
    pub domain: String,
    /// The device that signs this.
    pub replaces: DeviceId,
    /// The identity that takes its place.
    pub device: DeviceId,
    /// Its key.
    pub public_key: PublicKey,
}

impl Succession {
    /// Stands in every succession.
    pub const DOMAIN: &'static str = "slipway.succession.v1";
}

/// A new identity and key for a device, in the place of one whose key vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// The new identity.
    pub device: NewDevice,
    /// JSON of [`Succession`], exactly as signed.
    pub payload: Base64,
    /// By the former key.
    pub signature: Base64,
}

/// Writes the succession and signs it with the key that ends.
///
/// # Errors
/// [`Unwritable`].
pub fn sign_succession(replaces: DeviceId, device: NewDevice, former: &PrivateKey) -> Result<Renewal, Unwritable> {
    let payload = serde_json::to_vec(&Succession {
        domain: Succession::DOMAIN.to_owned(),
        replaces,
        device: device.id,
        public_key: device.public_key,
    })?;
    let signature = former.sign(&payload);
    Ok(Renewal { device, payload: Base64(payload), signature: Base64(signature) })
}

/// What the audit log says of a device, in the server's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceNote {
    /// Domain separation: [`DeviceNote::DOMAIN`].
    pub domain: String,
    /// What became of it.
    pub what: DeviceEvent,
    /// Which device.
    pub device: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// Its key: from here on this key speaks for that person.
    pub public_key: PublicKey,
    /// Who did it; the workspace itself on the server's console.
    pub by: PersonId,
    /// The device whose key vouched for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<DeviceId>,
}

impl DeviceNote {
    /// Stands in every note.
    pub const DOMAIN: &'static str = "slipway.device.v1";
}

/// What can become of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviceEvent {
    /// Somebody signed in on it for the first time.
    Registered,
    /// It takes the place of another, whose key signed that.
    Renewed,
    /// It was shut out.
    Revoked,
    /// It was let in again.
    Allowed,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let challenge = code_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn a_nonce_belongs_to_one_key_and_one_attempt() {
        let (one, other) = (PrivateKey::from_seed(&[1; 32]).public(), PrivateKey::from_seed(&[2; 32]).public());
        assert_ne!(oidc_nonce(&one, "a"), oidc_nonce(&other, "a"), "another key");
        assert_ne!(oidc_nonce(&one, "a"), oidc_nonce(&one, "b"), "another attempt");
    }

    #[test]
    fn no_secret_shows_in_what_is_logged() {
        let change = ChangePassword { current: "sesame".into(), new: "sesame two".into() };
        let grant = OidcGrant::Code { code: "sesame".into(), verifier: "sesame".into(), redirect_uri: String::new() };
        assert!(!format!("{change:?}{grant:?}").contains("sesame"));
    }
}
