//! Sessions: tokens bound to a device and its key. Only hashes of tokens are stored.

use super::{Caller, Core, active_person, device_revoked, not_signed_in, token};
use crate::error::ServerError;
use crate::storage::{Device, SessionRow, WorkspaceTx};
use sha2::{Digest, Sha256};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::people::Person;
use slipway_domain::time::Timestamp;
use slipway_sync::carry::voucher::{SignedVoucher, Voucher};
use slipway_sync::limits;
use slipway_sync::log::Hash;
use slipway_sync::protocol::{ErrorBody, ErrorCode, Refresh, Session, SignedRefresh};

impl Core {
    /// Fresh tokens for a device that proves its key. The previous refresh token stays good until the newest was used;
    /// an older one ends the session, because two hold it.
    ///
    /// # Errors
    /// The token is not this device's, or over; the device was shut out; or the storage failed.
    pub fn refresh(&self, request: &SignedRefresh) -> Result<Session, ServerError> {
        let refresh: Refresh = serde_json::from_slice(&request.payload.0)
            .ok()
            .filter(|refresh: &Refresh| refresh.domain == Refresh::DOMAIN)
            .ok_or_else(|| {
                ErrorBody::new(ErrorCode::BadRequest, "The refresh cannot be read.", "Update the laptop's program.")
            })?;
        let now = self.now();
        let mut tx = self.begin()?;
        let Some(device) = tx.device(refresh.device)? else { return Err(not_signed_in().into()) };
        if !device.public_key.verifies(&request.payload.0, &request.signature.0) {
            tracing::warn!(device.id = %device.id, "Refused a refresh with a bad signature");
            return Err(not_signed_in().into());
        }
        if device.revoked {
            return Err(device_revoked().into());
        }
        let Some(row) = tx.session(refresh.device)? else { return Err(not_signed_in().into()) };
        let presented = hash(&refresh.refresh_token);
        let previous = if presented == row.refresh_hash {
            row.refresh_hash
        } else if Some(presented) == row.previous_refresh {
            presented
        } else {
            // Signed by the device's key and yet used up: a copy of the laptop's disk goes about.
            tracing::warn!(device.id = %device.id, "Ended a session: a refresh token was used twice");
            tx.end_session(device.id)?;
            tx.commit()?;
            self.hub.end(device.id);
            return Err(not_signed_in().into());
        };
        let person = active_person(tx.as_ref(), row.person)?;
        let Some(person) = person.filter(|_| now < row.refresh_until) else { return Err(not_signed_in().into()) };
        let session = self.open_session(tx.as_mut(), &person, &device, Some(previous))?;
        tx.commit()?;
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
    /// Nobody's, or over; the device was shut out; or the storage failed.
    pub fn caller(&self, access_token: &str) -> Result<Caller, ServerError> {
        let view = self.snapshot()?;
        let row = view.session_by_access(&hash(access_token))?.filter(|row| self.now() < row.access_until);
        let Some(row) = row else { return Err(not_signed_in().into()) };
        let device = view.device(row.device)?.ok_or_else(not_signed_in)?;
        if device.revoked {
            return Err(device_revoked().into());
        }
        active_person(view.as_ref(), row.person)?.ok_or_else(not_signed_in)?;
        Ok(Caller { person: row.person, device: row.device, revoked: false })
    }

    pub(super) fn open_session(
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
            user: person.user.clone(),
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
            voucher: Some(self.vouch(device, now)?),
        })
    }
}

impl Core {
    /// The server's word for a device, which others can check where there is no server.
    fn vouch(&self, device: &Device, at: Timestamp) -> Result<SignedVoucher, ServerError> {
        let voucher = Voucher {
            domain: Voucher::DOMAIN.to_owned(),
            log: self.log_name(),
            device: device.id,
            device_name: device.name.clone(),
            person: device.person,
            public_key: device.public_key,
            at,
        };
        Ok(SignedVoucher::sign(&voucher, &self.log_key)?)
    }
}

/// Ends every session of a person but the one on `keep`.
pub(super) fn end_sessions(
    tx: &mut dyn WorkspaceTx,
    person: PersonId,
    keep: Option<DeviceId>,
) -> Result<(), ServerError> {
    for device in tx.devices()? {
        if device.person == person && Some(device.id) != keep {
            tx.end_session(device.id)?;
        }
    }
    Ok(())
}

pub(super) fn hash(token: &str) -> Hash {
    Sha256::digest(token.as_bytes()).into()
}
