//! Who may come in: passwords, devices, tokens.
//!
//! A wrong name and a wrong password take the same time and give the same words. Tokens and sign-in names under which
//! somebody failed are stored as hashes only.

use super::{Caller, Core, active_person, device_revoked, not_signed_in, random, token};
use crate::error::ServerError;
use crate::storage::{Account, Attempts, Device, SessionRow, WorkspaceTx};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use sha2::{Digest, Sha256};
use slipway_domain::id::DeviceId;
use slipway_domain::people::Person;
use slipway_domain::time::Timestamp;
use slipway_sync::limits;
use slipway_sync::log::Hash;
use slipway_sync::protocol::{ErrorBody, ErrorCode, NewDevice, Refresh, Session, SignIn, SignedRefresh};
use std::sync::OnceLock;

/// Failures in a row that cost nothing.
const FREE_FAILURES: u32 = 5;
/// Longest wait after a failure.
const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;

/// Argon2id in PHC form, with a random salt.
///
/// # Errors
/// No random bytes, or parameters that Argon2 does not take.
pub fn hash_password(password: &str) -> Result<String, ServerError> {
    let salt = random::<16>()?;
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| ServerError::Hash(error.to_string()))
}

impl Core {
    /// A session for the right password.
    ///
    /// # Errors
    /// Name and password do not match, too many failures, a device that is not this person's; or the storage failed.
    pub fn sign_in(&self, request: &SignIn) -> Result<Session, ServerError> {
        let user = request.user.trim().to_lowercase();
        let user_hash = user_hash(&user);
        self.count_attempt(&user_hash)?;
        let account = self.snapshot()?.account(&user)?;
        let matches = verify(&request.password, account.as_ref())?;
        let mut tx = self.begin()?;
        let person = match account.filter(|_| matches) {
            Some(account) => active_person(tx.as_ref(), account.person)?,
            None => None,
        };
        let Some(person) = person else {
            tracing::info!("Refused a sign-in");
            return Err(ErrorBody::new(
                ErrorCode::WrongCredentials,
                "User and password do not match.",
                "Try again; an administrator can set a new password.",
            )
            .into());
        };
        tx.put_attempts(&user_hash, None)?;
        let device = self.register(tx.as_mut(), &person, &request.device)?;
        let session = self.open_session(tx.as_mut(), &person, &device, None)?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, device.id = %device.id, "Signed in");
        Ok(session)
    }

    /// Counts the try before it is looked at, so that tries in parallel count as well.
    fn count_attempt(&self, user_hash: &Hash) -> Result<(), ServerError> {
        let now = self.now();
        let mut tx = self.begin()?;
        let before = tx.attempts(user_hash)?.unwrap_or(Attempts { failures: 0, until: Timestamp(0) });
        if now < before.until {
            let wait_ms = before.until.0.saturating_sub(now.0);
            return Err(ErrorBody {
                retry_after_ms: u64::try_from(wait_ms).ok(),
                ..ErrorBody::new(
                    ErrorCode::LockedOut,
                    format!("Too many wrong passwords; wait {} seconds.", (wait_ms + 999) / 1000),
                    "Wait, then try again; an administrator can set a new password.",
                )
            }
            .into());
        }
        let failures = before.failures.saturating_add(1);
        let wait_ms = match failures.checked_sub(FREE_FAILURES) {
            Some(over) => (1_000_i64 << over.min(20)).min(LONGEST_WAIT_MS),
            None => 0,
        };
        tx.put_attempts(user_hash, Some(Attempts { failures, until: Timestamp(now.0.saturating_add(wait_ms)) }))?;
        tx.commit()?;
        Ok(())
    }

    /// Fresh tokens for a device that proves its key. The previous refresh token stays good until the newest was used.
    ///
    /// # Errors
    /// The token is not this device's, or over; or the storage failed.
    pub fn refresh(&self, request: &SignedRefresh) -> Result<Session, ServerError> {
        let refresh: Refresh = serde_json::from_slice(&request.payload.0)
            .ok()
            .filter(|refresh: &Refresh| refresh.domain == Refresh::DOMAIN)
            .ok_or_else(|| {
                ErrorBody::new(ErrorCode::BadRequest, "The refresh cannot be read.", "Update the laptop's program.")
            })?;
        let now = self.now();
        let mut tx = self.begin()?;
        let (Some(device), Some(row)) = (tx.device(refresh.device)?, tx.session(refresh.device)?) else {
            return Err(not_signed_in().into());
        };
        if !device.public_key.verifies(&request.payload.0, &request.signature.0) {
            tracing::warn!(device.id = %device.id, "Refused a refresh with a bad signature");
            return Err(not_signed_in().into());
        }
        let presented = hash(&refresh.refresh_token);
        let previous = if presented == row.refresh_hash {
            row.refresh_hash
        } else if Some(presented) == row.previous_refresh {
            presented
        } else {
            return Err(not_signed_in().into());
        };
        let person = active_person(tx.as_ref(), row.person)?;
        let Some(person) = person.filter(|_| now < row.refresh_until) else { return Err(not_signed_in().into()) };
        let session = self.open_session(tx.as_mut(), &person, &device, Some(previous))?;
        tx.commit()?;
        Ok(session)
    }

    /// A session on a new device for somebody who is signed in: a forked device goes on under another id.
    ///
    /// # Errors
    /// The new id is taken; or the storage failed.
    pub fn new_device(&self, caller: &Caller, device: &NewDevice) -> Result<Session, ServerError> {
        caller.sound()?;
        let mut tx = self.begin()?;
        let person = active_person(tx.as_ref(), caller.person)?.ok_or_else(not_signed_in)?;
        let device = self.register(tx.as_mut(), &person, device)?;
        let session = self.open_session(tx.as_mut(), &person, &device, None)?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, device.id = %device.id, "Registered another device");
        Ok(session)
    }

    /// Ends the caller's session.
    ///
    /// # Errors
    /// The storage failed.
    pub fn sign_out(&self, caller: &Caller) -> Result<(), ServerError> {
        let mut tx = self.begin()?;
        tx.end_session(caller.device)?;
        tx.commit()?;
        self.hub.end(caller.device);
        Ok(())
    }

    /// Whose access token this is.
    ///
    /// # Errors
    /// Nobody's, or over; or the storage failed.
    pub fn caller(&self, access_token: &str) -> Result<Caller, ServerError> {
        let view = self.snapshot()?;
        let row = view.session_by_access(&hash(access_token))?.filter(|row| self.now() < row.access_until);
        let Some(row) = row else { return Err(not_signed_in().into()) };
        let device = view.device(row.device)?.ok_or_else(not_signed_in)?;
        active_person(view.as_ref(), row.person)?.ok_or_else(not_signed_in)?;
        Ok(Caller { person: row.person, device: row.device, revoked: device.revoked })
    }

    /// Shuts a device out, or lets it in again.
    ///
    /// # Errors
    /// There is no such device; or the storage failed.
    pub fn set_revoked(&self, id: DeviceId, revoked: bool) -> Result<(), ServerError> {
        let mut tx = self.begin()?;
        let device = tx.device(id)?.ok_or_else(|| {
            let way_out = "List the devices, then name one of them.";
            ErrorBody::new(ErrorCode::NotFound, format!("There is no device {id}."), way_out)
        })?;
        tx.put_device(&Device { revoked, ..device })?;
        tx.commit()?;
        if revoked {
            self.hub.end(id);
        }
        Ok(())
    }

    fn register(&self, tx: &mut dyn WorkspaceTx, person: &Person, device: &NewDevice) -> Result<Device, ServerError> {
        let name: String = device.name.chars().filter(|c| !c.is_control()).take(limits::DEVICE_NAME_CHARS).collect();
        let row = match tx.device(device.id)? {
            Some(known) if known.person != person.id || known.public_key != device.public_key => {
                return Err(ErrorBody::new(
                    ErrorCode::DeviceTaken,
                    "This device is known under another person or key.",
                    "Use a profile of its own for each person.",
                )
                .into());
            }
            Some(known) if known.revoked => return Err(device_revoked().into()),
            Some(known) => Device { name, ..known },
            None => Device {
                id: device.id,
                person: person.id,
                name,
                public_key: device.public_key,
                counter: 0,
                last_hash: String::new(),
                revoked: false,
                registered_at: self.now(),
            },
        };
        tx.put_device(&row)?;
        Ok(row)
    }

    fn open_session(
        &self,
        tx: &mut dyn WorkspaceTx,
        person: &Person,
        device: &Device,
        previous_refresh: Option<Hash>,
    ) -> Result<Session, ServerError> {
        let now = self.now();
        let (access_token, refresh_token) = (token()?, token()?);
        let access_expires_at = Timestamp(now.0.saturating_add(limits::ACCESS_MS));
        tx.put_session(&SessionRow {
            device: device.id,
            person: person.id,
            access_hash: hash(&access_token),
            access_until: access_expires_at,
            refresh_hash: hash(&refresh_token),
            previous_refresh,
            refresh_until: Timestamp(now.0.saturating_add(limits::REFRESH_MS)),
        })?;
        let workspace = tx.workspace()?;
        Ok(Session {
            access_token,
            access_expires_at,
            refresh_token,
            person: person.id,
            person_name: person.name.clone(),
            workspace: workspace.id,
            workspace_name: workspace.name,
            device: device.id,
            judged: device.counter,
            epoch: workspace.epoch,
            level: limits::LEVEL,
            min_client: limits::MIN_LEVEL,
            log_name: self.log_name(),
            log_key: self.log_key.public(),
            server_time: now,
        })
    }
}

/// Under which failures of a sign-in name are counted.
pub(super) fn user_hash(user: &str) -> Hash {
    hash(&user.trim().to_lowercase())
}

fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}

/// Whether the password is the account's. Without an account it is compared with one that nobody knows.
fn verify(password: &str, account: Option<&Account>) -> Result<bool, ServerError> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    if password.len() > limits::PASSWORD_BYTES {
        return Ok(false);
    }
    let stored = match account {
        Some(account) => account.password.clone(),
        None => match NOBODY.get() {
            Some(hash) => hash.clone(),
            None => {
                let made = hash_password(&token()?)?;
                NOBODY.get_or_init(|| made).clone()
            }
        },
    };
    let parsed = PasswordHash::new(&stored).map_err(|error| ServerError::Hash(error.to_string()))?;
    let matches = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    Ok(matches && account.is_some())
}
