//! Issuing a command: executed, queued and durable in one transaction, or nothing at all.

use crate::chain::{Chain, hash};
use crate::error::{StoreError, Trouble};
use crate::numbers::Numbers;
use crate::open::Store;
use crate::write::{Changes, Writer};
use rusqlite::Connection;
use slipway_domain::command::{ChangeCommand, CmdbCommand, Command, Envelope, RULES_VERSION};
use slipway_domain::execute::{Context, Effect, execute};
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::refusal::{Failure, Refusal};
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;

/// Largest signed payload of a command.
pub const COMMAND_BYTES: usize = 256 * 1024;
/// Largest signed payload of a bulk command (an import).
pub const BULK_COMMAND_BYTES: usize = 2 * 1024 * 1024;

/// What to issue.
pub struct Issue<'a> {
    /// Identity, new.
    pub id: CommandId,
    /// Who.
    pub actor: PersonId,
    /// When, by the device's clock.
    pub made_at: Timestamp,
    /// Builds the command; new records take their numbers from what it is given.
    pub build: &'a mut dyn FnMut(&mut Numbers<'_>) -> Command,
    /// Signs the exact bytes that will be sent.
    pub sign: &'a dyn Fn(&[u8]) -> [u8; 64],
    /// The refused command that this one is sent in place of: settles its item of *Needs attention*.
    pub replaces: Option<CommandId>,
}

/// A command that was issued: it is durable and waits for the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// Its place in the device's chain.
    pub counter: u64,
    /// What it did here.
    pub effect: Effect,
    /// Which records it changed.
    pub changes: Changes,
}

/// Why nothing was issued; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// A rule said no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// More than one command may carry.
    #[error("This is too large for one command ({size} bytes, at most {limit}). Split it up; nothing was changed.")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

enum Stop {
    Refused(Refusal),
    TooLarge { size: usize, limit: usize },
    Trouble(Trouble),
}

impl<E: Into<Trouble>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Trouble(error.into())
    }
}

impl Store {
    /// Executes a command, keeps what it replaced, appends it to the queue, and makes all of that durable.
    ///
    /// # Errors
    /// A refusal, or why it could not be kept. Nothing was changed, and no number was used up.
    pub fn issue(&self, mut request: Issue<'_>) -> Result<Issued, IssueError> {
        self.pool.write(|conn| issue(conn, &mut request)).map_err(|stop| match stop {
            Stop::Refused(refusal) => IssueError::Refused(refusal),
            Stop::TooLarge { size, limit } => IssueError::TooLarge { size, limit },
            Stop::Trouble(trouble) => IssueError::Store(self.explain(trouble)),
        })
    }
}

fn issue(conn: &Connection, request: &mut Issue<'_>) -> Result<Issued, Stop> {
    let chain = Chain::load(conn)?;
    let mut numbers = Numbers::new(conn);
    let command = (request.build)(&mut numbers);
    numbers.finish()?;
    let counter = chain.counter.saturating_add(1);
    let envelope = Envelope {
        domain: Envelope::DOMAIN.to_owned(),
        workspace: chain.workspace,
        rules_version: RULES_VERSION,
        id: request.id,
        device: chain.device,
        counter,
        actor: request.actor,
        made_at: request.made_at,
        last_seq: chain.last_seq,
        previous: chain.previous,
        replaces: request.replaces,
        command,
    };
    let payload = serde_json::to_vec(&envelope)?;
    let limit = limit(&envelope.command);
    if payload.len() > limit {
        return Err(Stop::TooLarge { size: payload.len(), limit });
    }
    let signature = (request.sign)(&payload);
    conn.prepare_cached("INSERT INTO queue (counter, id, payload, signature) VALUES (?1, ?2, ?3, ?4)")?.execute((
        counter.cast_signed(),
        request.id.0.as_bytes(),
        &payload,
        signature.as_slice(),
    ))?;
    let n = conn.last_insert_rowid();
    let mut writer = Writer::new(conn);
    writer.executing(n);
    let effect = run(&envelope, &mut writer).map_err(|failure| match failure {
        Failure::Refused(refusal) => Stop::Refused(refusal),
        Failure::Fault(fault) => Stop::Trouble(fault.into()),
    })?;
    let changes = writer.finish()?;
    Chain { counter, previous: hash(&payload), ..chain }.save(conn)?;
    if let Some(refused) = request.replaces {
        crate::attention::settle(conn, refused, "", Some(request.id), request.made_at)?;
    }
    Ok(Issued { counter, effect, changes })
}

/// Executes the command of an envelope as this laptop: real numbers are the server's to give.
pub(crate) fn run(envelope: &Envelope, writer: &mut Writer<'_>) -> Result<Effect, Failure> {
    let mut context =
        Context { command: envelope.id, actor: envelope.actor, now: envelope.made_at, numbers: BTreeMap::new() };
    execute(&envelope.command, &mut context, writer)
}

fn limit(command: &Command) -> usize {
    match command {
        Command::Cmdb(CmdbCommand::ImportCis(_) | CmdbCommand::ImportRelations(_))
        | Command::Change(ChangeCommand::Import(_)) => BULK_COMMAND_BYTES,
        _ => COMMAND_BYTES,
    }
}
