//! Pending commands, in the order in which they were issued, and the server's verdicts on them.

use crate::chain::Chain;
use crate::error::{StoreError, Trouble};
use crate::open::Store;
use crate::view::uuid;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use slipway_domain::command::about::about;
use slipway_domain::command::{Command, Envelope};
use slipway_domain::execute::Conflict;
use slipway_domain::id::{CommandId, DeviceId};
use slipway_domain::record::Kind;
use slipway_domain::refusal::{Finding, Refusal};
use slipway_domain::time::Timestamp;
use uuid::Uuid;

pub(crate) const OWN: &str = "SELECT payload FROM queue WHERE id = ?1 UNION ALL SELECT payload FROM sent WHERE id = ?1";

/// How a command ended on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It took effect.
    Applied,
    /// It took effect but for these fields or rows.
    Partial {
        /// What did not take effect.
        conflicts: Vec<Conflict>,
    },
    /// Rules said no: nothing took effect.
    Refused {
        /// Every failed guard.
        findings: Vec<Finding>,
    },
    /// The server could not judge it; nothing took effect so far.
    Held {
        /// Why.
        why: String,
    },
}

/// The server's verdict on one command of this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The command.
    pub id: CommandId,
    /// Its place in the device's chain.
    pub counter: u64,
    /// The server's sequence when it was judged.
    pub seq: u64,
    /// How it ended.
    pub verdict: Verdict,
}

/// A pending command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Its place in the device's chain.
    pub counter: u64,
    /// The command.
    pub id: CommandId,
    /// The exact bytes that were signed.
    pub payload: Vec<u8>,
    /// Ed25519 signature over them.
    pub signature: [u8; 64],
    /// How it stands.
    pub state: QueuedState,
}

/// How a pending command stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueuedState {
    /// Its effects show; the server has not judged it.
    Waiting,
    /// It does not fit what came from the server since: it will probably be refused. The server decides.
    WillBeRefused(Refusal),
    /// The server judged it; its effects come with the next flip.
    Answered(Verdict),
}

/// What [`Store::requeue_sent`] put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requeued {
    /// How many commands.
    pub commands: u64,
    /// Some were issued under an identity that this laptop has given up since: [`Store::fork`] has to follow, so
    /// that all stand in one chain again.
    pub needs_fork: bool,
}

/// What of an envelope says whose chain it is in and what it is about.
#[derive(Deserialize)]
struct IssuedBy {
    device: DeviceId,
    command: serde_json::Value,
}

/// The record that a command is about, as the queue keeps it.
pub(crate) fn stored(about: Option<(Kind, Uuid)>) -> (&'static str, Vec<u8>) {
    about.map_or(("", Vec::new()), |(kind, id)| (kind.name(), id.as_bytes().to_vec()))
}

impl Store {
    /// A command that this laptop issued, waiting or judged.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn own_command(&self, id: CommandId) -> Result<Option<Command>, StoreError> {
        self.reading(|conn| {
            let payload: Option<Vec<u8>> =
                conn.prepare_cached(OWN)?.query_row((id.0.as_bytes(),), |row| row.get(0)).optional()?;
            let envelope: Option<Envelope> = payload.map(|payload| serde_json::from_slice(&payload)).transpose()?;
            Ok(envelope.map(|envelope| envelope.command))
        })
    }

    /// The first `limit` pending commands, in the order in which they were issued; those that are answered already
    /// among them.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn pending(&self, limit: usize) -> Result<Vec<Queued>, StoreError> {
        self.reading(|conn| pending(conn, limit))
    }

    /// Pending commands behind a place in the device's chain, in its order: at most `limit`, and no more than fit into
    /// `payload_bytes`, but at least one if there is any.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn pending_after(&self, counter: u64, limit: usize, payload_bytes: usize) -> Result<Vec<Queued>, StoreError> {
        self.reading(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT counter, id, payload, signature, predicted, answer FROM queue
                 WHERE counter > ?1 ORDER BY counter LIMIT ?2",
            )?;
            let mut rows = statement.query((counter.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX)))?;
            let (mut queued, mut bytes) = (Vec::<Queued>::new(), 0_usize);
            while let Some(row) = rows.next()? {
                let next = from_row(row)?;
                bytes = bytes.saturating_add(next.payload.len());
                if bytes > payload_bytes && !queued.is_empty() {
                    break;
                }
                queued.push(next);
            }
            Ok(queued)
        })
    }

    /// The first pending command up to a place in the device's chain that nobody answered. Once every result was asked
    /// for again it is one that the server does not know, whatever it knows in that place.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn unanswered_up_to(&self, counter: u64) -> Result<Option<u64>, StoreError> {
        self.reading(|conn| {
            let sql = "SELECT min(counter) FROM queue WHERE answer = '' AND counter <= ?1";
            let first: Option<i64> = conn.prepare_cached(sql)?.query_row((counter.cast_signed(),), |row| row.get(0))?;
            Ok(first.map(i64::cast_unsigned))
        })
    }

    /// Keeps verdicts that arrived ahead of their effects, so that they survive a crash. Those on commands that
    /// are not pending are passed over.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn record_answers(&self, answers: &[Judged]) -> Result<(), StoreError> {
        self.writing(|conn| {
            let mut statement = conn.prepare_cached("UPDATE queue SET answer = ?2 WHERE id = ?1")?;
            for answer in answers {
                statement.execute((answer.id.0.as_bytes(), serde_json::to_string(&answer.verdict)?))?;
            }
            Ok(())
        })
    }

    /// Puts every command that is kept in case the server loses it back into the queue, ahead of the pending ones,
    /// to be pushed again. What the server still knows it answers as it did before.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn requeue_sent(&self) -> Result<Requeued, StoreError> {
        self.writing(|conn| {
            // Their places in the order are older than those of anything pending.
            let commands = conn.execute(
                "INSERT INTO queue (n, counter, id, payload, signature)
                 SELECT n, counter, id, payload, signature FROM sent ORDER BY n",
                (),
            )?;
            conn.execute("DELETE FROM sent", ())?;
            // What was answered was answered in another history.
            conn.execute("UPDATE queue SET answer = ''", ())?;
            let device = Chain::load(conn)?.device;
            let mut mark = conn.prepare("UPDATE queue SET about_kind = ?2, about_id = ?3 WHERE n = ?1")?;
            let mut statement = conn.prepare("SELECT n, payload FROM queue ORDER BY n")?;
            let mut rows = statement.query(())?;
            let mut needs_fork = false;
            while let Some(row) = rows.next()? {
                let issued: IssuedBy = serde_json::from_slice(&row.get::<_, Vec<u8>>(1)?)?;
                needs_fork |= issued.device != device;
                let command = Command::deserialize(&issued.command).ok();
                let (kind, about) = stored(command.as_ref().and_then(about));
                mark.execute((row.get::<_, i64>(0)?, kind, about))?;
            }
            Ok(Requeued { commands: commands as u64, needs_fork })
        })
    }

    /// Lets go of commands that a verified backup of the server covers, and of those judged before `older_than`.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn forget_sent(&self, durable_seq: u64, older_than: Timestamp) -> Result<u64, StoreError> {
        self.writing(|conn| {
            let gone = conn.execute(
                "DELETE FROM sent WHERE seq <= ?1 OR judged_at < ?2",
                (durable_seq.cast_signed(), older_than.0),
            )?;
            Ok(gone as u64)
        })
    }
}

pub(crate) fn pending(conn: &Connection, limit: usize) -> Result<Vec<Queued>, Trouble> {
    let mut statement = conn
        .prepare_cached("SELECT counter, id, payload, signature, predicted, answer FROM queue ORDER BY n LIMIT ?1")?;
    let mut rows = statement.query((i64::try_from(limit).unwrap_or(i64::MAX),))?;
    let mut queued = Vec::new();
    while let Some(row) = rows.next()? {
        queued.push(from_row(row)?);
    }
    Ok(queued)
}

fn from_row(row: &Row<'_>) -> Result<Queued, Trouble> {
    let predicted: String = row.get(4)?;
    let answer: String = row.get(5)?;
    let state = if !answer.is_empty() {
        QueuedState::Answered(serde_json::from_str(&answer)?)
    } else if !predicted.is_empty() {
        QueuedState::WillBeRefused(serde_json::from_str(&predicted)?)
    } else {
        QueuedState::Waiting
    };
    Ok(Queued {
        counter: row.get::<_, i64>(0)?.cast_unsigned(),
        id: CommandId(uuid(row, 1)?),
        payload: row.get(2)?,
        signature: row.get(3)?,
        state,
    })
}
