//! Issuing a command: executed, queued and durable in one transaction, or nothing at all.

use crate::attention::Side;
use crate::chain::{Chain, hash};
use crate::db::Db;
use crate::error::{StoreError, Trouble};
use crate::numbers::Numbers;
use crate::open::Store;
use crate::queue::stored;
use crate::status::known_to_server;
use crate::write::{Changes, Writer};
use slipway_domain::command::about::about;
use slipway_domain::command::{Command, Envelope, RULES_VERSION};
use slipway_domain::execute::{Context, Effect, execute, execute_at_desk};
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
    pub replaces: Option<Replaces<'a>>,
    /// Whether a fact that a rule is against is refused or kept as an exception.
    pub facts: Facts,
}

/// The item of *Needs attention* that a command is sent in place of.
#[derive(Clone, Copy, Debug)]
pub struct Replaces<'a> {
    /// The command that was refused or taken in part.
    pub command: CommandId,
    /// How much of it.
    pub part: Part<'a>,
}

/// How much of an item is dealt with.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a> {
    /// All of it.
    Whole,
    /// These fields.
    Fields {
        /// Their names.
        fields: &'a [String],
        /// Nothing of the item is left after them.
        last: bool,
    },
}

/// What becomes of a fact that was done by hand though a rule is against it, while its author is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Facts {
    /// It is refused, so that its author learns of it at once.
    #[default]
    Refuse,
    /// Its author insists: it is kept as an exception.
    Keep,
}

impl Facts {
    /// By whether the author insists.
    #[must_use]
    pub fn of(insists: bool) -> Self {
        if insists { Self::Keep } else { Self::Refuse }
    }
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

fn issue(conn: &Db, request: &mut Issue<'_>) -> Result<Issued, Stop> {
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
        replaces: request.replaces.map(|r| r.command),
        command,
    };
    let payload = serde_json::to_vec(&envelope)?;
    let limit = if envelope.command.is_bulk() { BULK_COMMAND_BYTES } else { COMMAND_BYTES };
    if payload.len() > limit {
        return Err(Stop::TooLarge { size: payload.len(), limit });
    }
    let signature = (request.sign)(&payload);
    let (kind, about) = stored(about(&envelope.command));
    conn.prepare_cached(
        "INSERT INTO queue (counter, id, payload, signature, about_kind, about_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((counter.cast_signed(), request.id.0.as_bytes(), &payload, signature.as_slice(), kind, about))?;
    let n = conn.last_insert_rowid();
    let mut writer = Writer::new(conn);
    writer.executing(n);
    let known = known_to_server(conn, &envelope.command);
    let outcome = known.and_then(|()| match request.facts {
        Facts::Refuse => execute_at_desk(&envelope.command, &mut context(&envelope), &mut writer),
        Facts::Keep => run(&envelope, &mut writer),
    });
    let effect = outcome.map_err(|failure| match failure {
        Failure::Refused(refusal) => Stop::Refused(refusal),
        Failure::Fault(fault) => Stop::Trouble(fault.into()),
    })?;
    let changes = writer.finish()?;
    Chain { counter, previous: hash(&payload), ..chain }.save(conn)?;
    if let Some(Replaces { command, part }) = request.replaces {
        let last = match part {
            Part::Whole => true,
            Part::Fields { fields, last } => {
                crate::attention::decide(conn, command, fields, Side::Mine)?;
                last
            }
        };
        if last {
            crate::attention::settle(conn, command, "", Some(request.id), request.made_at)?;
        }
    }
    Ok(Issued { counter, effect, changes })
}

/// Executes the command of an envelope as this laptop: real numbers are the server's to give.
pub(crate) fn run(envelope: &Envelope, writer: &mut Writer<'_>) -> Result<Effect, Failure> {
    execute(&envelope.command, &mut context(envelope), writer)
}

fn context(envelope: &Envelope) -> Context {
    Context { command: envelope.id, actor: envelope.actor, now: envelope.made_at, numbers: BTreeMap::new() }
}
