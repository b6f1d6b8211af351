//! Tokens by which other tools act for a person, each with a device of its own whose key the server holds.
//!
//! A token is a device and its session: only the hash of it is stored, it ends at its date, it is shut out like any
//! device, and what is done with it stands in the audit log under the device's signature. Its key is derived from the
//! server's own, so that a copy of the data folder is all that another process or a backup needs.

use super::{Caller, Core, active_person, not_signed_in, random, session, token};
use crate::error::ServerError;
use crate::storage::SessionRow;
use serde::Serialize;
use sha2::{Digest, Sha256};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::time::Timestamp;
use slipway_sync::protocol::{ErrorBody, ErrorCode, NewDevice};
use slipway_sync::signing::PrivateKey;

/// What a token begins with, by which people and scanners of leaked secrets know one.
pub const PREFIX: &str = "slipway_api_";
/// What the name of a token's device begins with.
const DEVICE_PREFIX: &str = "API token: ";
/// Longest life of a token, in days.
pub const DAYS_MOST: u32 = 3_650;

/// A token, without what makes it one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    /// Its device, by which it is revoked.
    pub id: DeviceId,
    /// What it is for.
    pub name: String,
    /// For whom it acts.
    pub person: PersonId,
    /// Its end; `None` when its session is over.
    pub expires_at: Option<Timestamp>,
    /// It was revoked.
    pub revoked: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Commands that were issued with it.
    pub commands: u64,
}

impl Core {
    /// Lets tokens act: their keys are derived from the server's own.
    #[must_use]
    pub fn with_tokens(mut self, console: &PrivateKey) -> Self {
        self.token_seed = Some(std::sync::Arc::new(console.sign(b"slipway/api-tokens/v1")));
        self
    }

    /// The key of a token's device.
    pub(super) fn token_key(&self, device: DeviceId) -> Result<PrivateKey, ServerError> {
        let seed = self.token_seed.as_ref().ok_or_else(|| {
            ErrorBody::new(ErrorCode::NotAllowed, "This server takes no tokens.", "Ask its administrator.")
        })?;
        let mut hash = Sha256::new();
        hash.update(b"slipway/api-token/");
        hash.update(seed.as_slice());
        hash.update(device.0.as_bytes());
        Ok(PrivateKey::from_seed(&hash.finalize().into()))
    }

    /// Makes a token that acts for a person until it expires; gives what is shown once.
    ///
    /// # Errors
    /// The person does not work here; or the storage failed.
    pub fn add_token(
        &self,
        name: &str,
        person: PersonId,
        expires_at: Timestamp,
    ) -> Result<(TokenInfo, String), ServerError> {
        let mut tx = self.begin()?;
        let person = active_person(tx.as_ref(), person)?.ok_or_else(not_signed_in)?;
        let millis = u64::try_from(self.now().0).unwrap_or(0);
        let id = DeviceId(uuid::Builder::from_unix_timestamp_millis(millis, &random::<10>()?).into_uuid());
        let key = self.token_key(id)?;
        let device = NewDevice { id, name: format!("{DEVICE_PREFIX}{}", name.trim()), public_key: key.public() };
        let device = self.register(tx.as_mut(), &person, &device)?;
        let secret = format!("{PREFIX}{}", token()?);
        tx.put_session(&SessionRow {
            device: id,
            person: person.id,
            access_hash: session::hash(&secret),
            access_until: expires_at,
            // Nothing refreshes it: the hash of nothing that anybody was given.
            refresh_hash: session::hash(&token()?),
            previous_refresh: None,
            refresh_until: expires_at,
        })?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, device.id = %id, "Made a token");
        let info = TokenInfo {
            id,
            name: name.trim().to_owned(),
            person: person.id,
            expires_at: Some(expires_at),
            revoked: false,
            created_at: device.registered_at,
            commands: 0,
        };
        Ok((info, secret))
    }

    /// Every token, by name.
    ///
    /// # Errors
    /// The storage failed.
    pub fn tokens(&self) -> Result<Vec<TokenInfo>, ServerError> {
        let view = self.snapshot()?;
        let mut tokens = Vec::new();
        for device in view.devices()? {
            let Some(name) = device.name.strip_prefix(DEVICE_PREFIX) else { continue };
            tokens.push(TokenInfo {
                id: device.id,
                name: name.to_owned(),
                person: device.person,
                expires_at: view.session(device.id)?.map(|row| row.access_until),
                revoked: device.revoked,
                created_at: device.registered_at,
                commands: device.counter,
            });
        }
        Ok(tokens)
    }

    /// Ends a token for good.
    ///
    /// # Errors
    /// There is no such token; or the storage failed.
    pub fn revoke_token(&self, id: DeviceId, by: PersonId) -> Result<(), ServerError> {
        if !self.tokens()?.iter().any(|token| token.id == id) {
            let way_out = "List the tokens, then name one of them.";
            return Err(ErrorBody::new(ErrorCode::NotFound, format!("There is no token {id}."), way_out).into());
        }
        self.set_revoked(id, true, by)
    }

    /// Who asks with a token.
    ///
    /// # Errors
    /// It is no token, or over, or revoked, or its person left; or the storage failed.
    pub fn api_caller(&self, secret: &str) -> Result<Caller, ServerError> {
        if !secret.starts_with(PREFIX) {
            return Err(no_token().into());
        }
        self.caller(secret).map_err(|error| match error {
            ServerError::Said(body) if body.code == ErrorCode::NotSignedIn => no_token().into(),
            ServerError::Said(body) if body.code == ErrorCode::DeviceRevoked => no_token().into(),
            other => other,
        })
    }
}

/// The same for every reason: a stranger learns nothing from it.
fn no_token() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::NotSignedIn,
        "The request has no token that is good.",
        "Ask an administrator for one: slipway-server token add.",
    )
}
