//! Devices: registered at sign-in, listed, shut out and let in again. Each of these is an entry of the audit log.

use super::{Caller, Core, active_person, device_revoked, is_administrator, not_signed_in, random};
use crate::error::ServerError;
use crate::storage::{Device, DeviceEntry, WorkspaceTx};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::people::Person;
use slipway_domain::time::Timestamp;
use slipway_sync::account::{DeviceEvent, DeviceInfo, DeviceNote, Devices, Renewal, Succession};
use slipway_sync::limits;
use slipway_sync::log::{LeafParts, leaf_hash};
use slipway_sync::protocol::{ErrorBody, ErrorCode, NewDevice, Session};
use uuid::Uuid;

impl Core {
    /// A session on a new device for somebody who is signed in: a forked device goes on under another id.
    ///
    /// # Errors
    /// The new id is taken; or the storage failed.
    pub fn new_device(&self, caller: &Caller, device: &NewDevice) -> Result<Session, ServerError> {
        let mut tx = self.begin()?;
        let person = active_person(tx.as_ref(), caller.person)?.ok_or_else(not_signed_in)?;
        let device = self.register(tx.as_mut(), &person, device)?;
        let session = self.open_session(tx.as_mut(), &person, &device, None)?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, device.id = %device.id, "Registered another device");
        Ok(session)
    }

    /// The same where the caller's key vouches for the new one: the entry in the log carries its signature.
    ///
    /// # Errors
    /// The signature is not the caller's device's, or not over this device; the new id is taken; or the storage failed.
    pub fn renew_device(&self, caller: &Caller, renewal: &Renewal) -> Result<Session, ServerError> {
        let mut tx = self.begin()?;
        let person = active_person(tx.as_ref(), caller.person)?.ok_or_else(not_signed_in)?;
        let former = tx.device(caller.device)?.ok_or_else(not_signed_in)?;
        let says = serde_json::from_slice::<Succession>(&renewal.payload.0).ok().filter(|succession| {
            succession.domain == Succession::DOMAIN
                && succession.replaces == former.id
                && succession.device == renewal.device.id
                && succession.public_key == renewal.device.public_key
        });
        if says.is_none() || !former.public_key.verifies(&renewal.payload.0, &renewal.signature.0) {
            tracing::warn!(device.id = %former.id, "Refused a new key that the former one does not vouch for");
            let sentence = "The new key is not signed by the one it takes the place of.";
            return Err(ErrorBody::new(ErrorCode::BadSignature, sentence, "Sign in anew.").into());
        }
        if tx.device(renewal.device.id)?.is_some() {
            return Err(taken().into());
        }
        let device = self.new_row(person.id, &renewal.device);
        tx.put_device(&device)?;
        let signed = (renewal.payload.0.as_slice(), renewal.signature.0.as_slice());
        self.note(tx.as_mut(), &device, DeviceEvent::Renewed, person.id, Some(former.id), signed)?;
        let session = self.open_session(tx.as_mut(), &person, &device, None)?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, device.id = %device.id, former = %former.id, "Renewed a device's key");
        Ok(session)
    }

    /// The caller's devices; for an administrator everybody's.
    ///
    /// # Errors
    /// The storage failed.
    pub fn devices(&self, caller: &Caller) -> Result<Devices, ServerError> {
        let view = self.snapshot()?;
        let all = is_administrator(view.as_ref(), caller.person)?;
        let mut devices = Vec::new();
        for device in view.devices()? {
            if device.person == caller.person || (all && device.person != PersonId::SYSTEM) {
                let session = view.session(device.id)?;
                devices.push(DeviceInfo {
                    id: device.id,
                    name: device.name,
                    person: device.person,
                    revoked: device.revoked,
                    registered_at: device.registered_at,
                    last_seen: session.map(|row| Timestamp(row.access_until.0.saturating_sub(limits::ACCESS_MS))),
                    commands: device.counter,
                });
            }
        }
        Ok(Devices { devices })
    }

    /// Shuts out a device of one's own; an administrator shuts out anybody's and lets it in again.
    ///
    /// # Errors
    /// There is no such device, or it is not theirs to decide about; or the storage failed.
    pub fn decide_device(&self, caller: &Caller, id: DeviceId, revoked: bool) -> Result<(), ServerError> {
        let view = self.snapshot()?;
        let administrator = is_administrator(view.as_ref(), caller.person)?;
        let device = view.device(id)?.filter(|device| device.person != PersonId::SYSTEM);
        let own = device.as_ref().is_some_and(|device| device.person == caller.person);
        drop(view);
        match device {
            Some(_) if administrator || (own && revoked) => self.set_revoked(id, revoked, caller.person),
            Some(_) if own => Err(ErrorBody::new(
                ErrorCode::NotAllowed,
                "Only an administrator lets a device in again.",
                "Ask an administrator.",
            )
            .into()),
            // Somebody else's device and none at all give the same answer.
            _ => Err(no_device(id).into()),
        }
    }

    /// Shuts a device out, or lets it in again, and says so in the log.
    ///
    /// # Errors
    /// There is no such device; or the storage failed.
    pub fn set_revoked(&self, id: DeviceId, revoked: bool, by: PersonId) -> Result<(), ServerError> {
        let mut tx = self.begin()?;
        let device = tx.device(id)?.filter(|device| device.person != PersonId::SYSTEM).ok_or_else(|| no_device(id))?;
        if device.revoked == revoked {
            return Ok(());
        }
        let device = Device { revoked, ..device };
        tx.put_device(&device)?;
        let event = if revoked { DeviceEvent::Revoked } else { DeviceEvent::Allowed };
        self.note(tx.as_mut(), &device, event, by, None, (&[], &[]))?;
        tx.commit()?;
        if revoked {
            self.hub.end(id);
        }
        tracing::info!(device.id = %id, by = %by, revoked, "Decided about a device");
        Ok(())
    }

    /// The device of a sign-in: the known one with the same person and key, or a new one.
    pub(super) fn register(
        &self,
        tx: &mut dyn WorkspaceTx,
        person: &Person,
        device: &NewDevice,
    ) -> Result<Device, ServerError> {
        match tx.device(device.id)? {
            Some(known) if known.person != person.id || known.public_key != device.public_key => Err(taken().into()),
            Some(known) if known.revoked => Err(device_revoked().into()),
            Some(known) => {
                let row = Device { name: shown(&device.name), ..known };
                tx.put_device(&row)?;
                Ok(row)
            }
            None => {
                let row = self.new_row(person.id, device);
                tx.put_device(&row)?;
                self.note(tx, &row, DeviceEvent::Registered, person.id, None, (&[], &[]))?;
                Ok(row)
            }
        }
    }

    fn new_row(&self, person: PersonId, device: &NewDevice) -> Device {
        Device {
            id: device.id,
            person,
            name: shown(&device.name),
            public_key: device.public_key,
            counter: 0,
            last_hash: String::new(),
            revoked: false,
            registered_at: self.now(),
        }
    }

    /// Puts what became of a device into the audit log.
    fn note(
        &self,
        tx: &mut dyn WorkspaceTx,
        device: &Device,
        what: DeviceEvent,
        by: PersonId,
        replaces: Option<DeviceId>,
        (payload, signature): (&[u8], &[u8]),
    ) -> Result<(), ServerError> {
        let note = serde_json::to_string(&DeviceNote {
            domain: DeviceNote::DOMAIN.to_owned(),
            what,
            device: device.id,
            person: device.person,
            public_key: device.public_key,
            by,
            replaces,
        })?;
        let (at, salt, changes) = (self.now(), random::<16>()?, [0; 32]);
        let millis = u64::try_from(at.0).unwrap_or(0);
        let id: Uuid = uuid::Builder::from_unix_timestamp_millis(millis, &random::<10>()?).into_uuid();
        let leaf = leaf_hash(&LeafParts {
            salt: &salt,
            payload,
            signature,
            result: note.as_bytes(),
            seq_from: 0,
            seq_to: 0,
            judged_at_ms: at.0,
            changes: &changes,
        });
        let (payload, signature) = (payload.to_vec(), signature.to_vec());
        tx.put_device_entry(&DeviceEntry { id, device: device.id, payload, signature, note, at })?;
        tx.append_leaf(leaf, &salt, &changes, id)?;
        Ok(())
    }
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(limits::DEVICE_NAME_CHARS).collect()
}

fn taken() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::DeviceTaken,
        "This device is known under another person or key.",
        "Use a profile of its own for each person.",
    )
}

fn no_device(id: DeviceId) -> ErrorBody {
    let way_out = "List the devices, then name one of them.";
    ErrorBody::new(ErrorCode::NotFound, format!("There is no device {id}."), way_out)
}
