//! Commands from the server's own console: set-up and sample. They take the same way as any other command and are
//! signed by the server's own device, so that the log is whole.

use super::judge::{Care, read_envelope};
use super::session::end_sessions;
use super::{Core, random};
use crate::error::ServerError;
use crate::storage::{Device, WorkspaceTx};
use slipway_domain::command::{Command, Envelope, RULES_VERSION};
use slipway_domain::id::{CommandId, DeviceId, PersonId};
use slipway_domain::people::Person;
use slipway_domain::records::Records;
use slipway_domain::time::Timestamp;
use slipway_sync::protocol::{CommandResult, ErrorBody, ErrorCode};
use slipway_sync::signing::{PrivateKey, sign};
use uuid::Uuid;

/// The server's own device inside one writing transaction.
pub struct Console<'a> {
    core: &'a Core,
    tx: Box<dyn WorkspaceTx + 'a>,
    device: Device,
    key: &'a PrivateKey,
    last_seq: u64,
}

impl Core {
    /// Registers the server's own device.
    ///
    /// # Errors
    /// The storage failed.
    pub fn register_console(&self, id: DeviceId, key: &PrivateKey) -> Result<(), ServerError> {
        let mut tx = self.begin()?;
        tx.put_device(&Device {
            id,
            person: PersonId::SYSTEM,
            name: "server console".to_owned(),
            public_key: key.public(),
            counter: 0,
            last_hash: String::new(),
            revoked: false,
            registered_at: self.now(),
        })?;
        tx.commit()?;
        Ok(())
    }

    /// Begins a transaction of the console.
    ///
    /// # Errors
    /// The device is not registered; or the storage failed.
    pub fn console<'a>(&'a self, id: DeviceId, key: &'a PrivateKey) -> Result<Console<'a>, ServerError> {
        let tx = self.begin()?;
        let device = tx.device(id)?.ok_or_else(|| {
            let way_out = "Use the data folder as init made it.";
            ErrorBody::new(ErrorCode::NotFound, "The server's own device is not registered.", way_out)
        })?;
        let last_seq = tx.workspace()?.head;
        Ok(Console { core: self, tx, device, key, last_seq })
    }
}

impl Console<'_> {
    /// Judges a command by the workspace itself, made now.
    ///
    /// # Errors
    /// The storage failed; a refusal is in the result.
    pub fn issue(&mut self, command: Command) -> Result<CommandResult, ServerError> {
        let (now, id) = (self.core.now(), self.new_id()?);
        self.issue_as(PersonId::SYSTEM, now, CommandId(id), command)
    }

    /// Judges a command as somebody else, made at another time: for the sample's past only.
    ///
    /// # Errors
    /// The storage failed; a refusal is in the result.
    pub fn issue_as(
        &mut self,
        actor: PersonId,
        made_at: Timestamp,
        id: CommandId,
        command: Command,
    ) -> Result<CommandResult, ServerError> {
        let counter = self.device.counter + 1;
        let envelope = Envelope {
            domain: Envelope::DOMAIN.to_owned(),
            workspace: self.tx.workspace()?.id,
            rules_version: RULES_VERSION,
            id,
            device: self.device.id,
            counter,
            actor,
            made_at,
            last_seq: self.last_seq,
            previous: self.device.last_hash.clone(),
            replaces: None,
            command,
        };
        let signed = sign(&envelope, self.key).map_err(|error| ServerError::Worker(error.to_string()))?;
        let ready = read_envelope(&signed)?;
        let result = self.core.judge(self.tx.as_mut(), counter, &ready, Care::Batch)?;
        self.tx.advance(self.device.id, counter, &ready.hash, id)?;
        self.device.counter = counter;
        self.device.last_hash = ready.hash;
        Ok(result)
    }

    /// Sets the password of somebody and lets them try at once who was locked out.
    ///
    /// # Errors
    /// The storage failed.
    pub fn put_password(&mut self, person: &Person, password: &str) -> Result<(), ServerError> {
        self.core.put_password(self.tx.as_mut(), person, password)
    }

    /// Ends every session of somebody.
    ///
    /// # Errors
    /// The storage failed.
    pub fn end_sessions(&mut self, person: PersonId) -> Result<(), ServerError> {
        end_sessions(self.tx.as_mut(), person, None)
    }

    /// A new identity (UUIDv7).
    ///
    /// # Errors
    /// No random bytes.
    pub fn new_id(&self) -> Result<Uuid, ServerError> {
        let millis = u64::try_from(self.core.now().0).unwrap_or(0);
        Ok(uuid::Builder::from_unix_timestamp_millis(millis, &random::<10>()?).into_uuid())
    }

    /// The records, to look things up in.
    #[must_use]
    pub fn records(&self) -> &dyn Records {
        self.tx.as_ref()
    }

    /// Makes everything durable; without this nothing of it remains.
    ///
    /// # Errors
    /// The storage failed.
    pub fn commit(self) -> Result<(), ServerError> {
        Ok(self.tx.commit()?)
    }
}
