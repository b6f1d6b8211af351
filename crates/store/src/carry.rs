//! Commands that another laptop handed over without a server.
//!
//! They are executed on top of everything that shows here and take their place in the one order of before-images, so
//! that the flip takes them back with the rest. There they end: what the server made of them comes as records. They
//! never enter the queue, and are pushed by nobody but the laptop that issued them, in whose name their file for the
//! server can be brought along.

use crate::error::{StoreError, Trouble};
use crate::issue::run;
use crate::open::Store;
use crate::view::{View, uuid};
use crate::write::{Changes, Writer};
use rusqlite::{Connection, OptionalExtension};
use slipway_domain::command::Envelope;
use slipway_domain::id::{CommandId, DeviceId, PersonId};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::refusal::{Failure, Fault, Finding, Refusal};
use slipway_domain::time::Timestamp;
use std::panic::{AssertUnwindSafe, catch_unwind};
use uuid::Uuid;

/// A file of another laptop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// Identity of the file.
    pub bundle: Uuid,
    /// Whose commands.
    pub device: DeviceId,
    /// As people call it.
    pub device_name: String,
    /// Who works on it.
    pub person: PersonId,
    /// When it was made, by that laptop's clock.
    pub made_at: Timestamp,
    /// How many commands the file for the server has.
    pub commands: u64,
    /// The file for the server, sealed for it.
    pub sealed: Vec<u8>,
}

/// What taking such a file did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Which records look different now.
    pub changes: Changes,
    /// Commands whose effects show.
    pub shown: u64,
    /// Commands that do not fit what is here.
    pub unfit: u64,
    /// Commands that touch what this person may not read: nothing of them is kept.
    pub hidden: u64,
}

/// A file of another laptop as this one remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Identity of the file.
    pub bundle: Uuid,
    /// As people call the laptop.
    pub device_name: String,
    /// Who works on it.
    pub person: PersonId,
    /// When it was made.
    pub made_at: Timestamp,
    /// How many commands the file for the server has.
    pub commands: u64,
    /// Commands that show here and wait for the server.
    pub showing: u64,
    /// What the server said; empty before.
    pub outcome: String,
}

/// Whose command changed a record that shows here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeBy {
    /// Who.
    pub person: PersonId,
    /// On which laptop.
    pub device_name: String,
}

/// What a pending command changed: the record, and its stored form before, if it was there.
pub type Replaced = (Kind, Uuid, Option<String>);

/// Whether somebody may read a record.
pub type MaySee<'a> = &'a dyn Fn(&Record, &dyn Records) -> Result<bool, Fault>;

impl Store {
    /// Executes another laptop's commands here; `None` when this file was taken before.
    ///
    /// # Errors
    /// That the storage failed; then nothing was changed.
    pub fn take_handed(
        &self,
        handed: &Handed,
        at: Timestamp,
        payloads: &[Vec<u8>],
        may_see: MaySee<'_>,
    ) -> Result<Option<Taken>, StoreError> {
        self.writing(|conn| {
            let put = conn.execute(
                "INSERT OR IGNORE INTO carried (bundle, device, device_name, person, made_at, taken_at, commands, sealed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                (
                    handed.bundle.as_bytes(),
                    handed.device.0.as_bytes(),
                    &handed.device_name,
                    handed.person.0.as_bytes(),
                    handed.made_at.0,
                    at.0,
                    handed.commands.cast_signed(),
                    &handed.sealed,
                ),
            )?;
            if put == 0 {
                return Ok(None);
            }
            // A newer file of the same laptop has everything that an older one had.
            conn.execute(
                "UPDATE carried SET sealed = x'', outcome = 'A newer file of that laptop was taken.'
                 WHERE device = ?1 AND bundle <> ?2 AND outcome = '' AND made_at <= ?3",
                (handed.device.0.as_bytes(), handed.bundle.as_bytes(), handed.made_at.0),
            )?;
            let mut writer = Writer::new(conn);
            let mut taken = Taken::default();
            for payload in payloads {
                execute_one(conn, &mut writer, handed, payload, may_see, &mut taken)?;
            }
            taken.changes = writer.finish()?;
            Ok(Some(taken))
        })
    }

    /// What a pending command of this laptop changed. Nothing for one that has no effect.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn replaced_by(&self, command: CommandId) -> Result<Vec<Replaced>, StoreError> {
        self.reading(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT b.kind, b.id, b.body FROM queue q JOIN before b ON b.n = q.n WHERE q.id = ?1",
            )?;
            let rows = statement
                .query_map((command.0.as_bytes(),), |row| Ok((row.get::<_, String>(0)?, uuid(row, 1)?, row.get(2)?)))?;
            let mut replaced = Vec::new();
            for row in rows {
                let (kind, id, body) = row?;
                if let Some(kind) = Kind::named(&kind) {
                    replaced.push((kind, id, body));
                }
            }
            Ok(replaced)
        })
    }

    /// Files of other laptops, the last taken first; at most `limit`.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn carried(&self, limit: u32) -> Result<Vec<Carried>, StoreError> {
        self.reading(|conn| {
            let mut statement = conn.prepare_cached(CARRIED)?;
            let rows = statement.query_map((limit,), |row| {
                Ok(Carried {
                    bundle: uuid(row, 0)?,
                    device_name: row.get(1)?,
                    person: PersonId(uuid(row, 2)?),
                    made_at: Timestamp(row.get(3)?),
                    commands: row.get::<_, i64>(4)?.cast_unsigned(),
                    outcome: row.get(5)?,
                    showing: row.get::<_, i64>(6)?.cast_unsigned(),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// The oldest file for the server that it has not had yet.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn next_to_relay(&self) -> Result<Option<(Uuid, Vec<u8>)>, StoreError> {
        self.reading(|conn| {
            let mut statement = conn.prepare_cached(NEXT_TO_RELAY)?;
            Ok(statement.query_row((), |row| Ok((uuid(row, 0)?, row.get(1)?))).optional()?)
        })
    }

    /// Keeps what the server said of such a file; the file itself is let go.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn note_relayed(&self, bundle: Uuid, outcome: &str) -> Result<(), StoreError> {
        self.writing(|conn| {
            conn.execute(
                "UPDATE carried SET sealed = x'', outcome = ?2 WHERE bundle = ?1",
                (bundle.as_bytes(), outcome),
            )?;
            Ok(())
        })
    }
}

impl View<'_> {
    /// Whose command changed this record without the server having judged it; `None` where nobody else's did.
    ///
    /// # Errors
    /// A storage fault.
    pub fn made_by(&self, kind: Kind, id: Uuid) -> Result<Option<MadeBy>, Fault> {
        let found = || -> Result<Option<MadeBy>, rusqlite::Error> {
            let mut statement = self.0.prepare_cached(MADE_BY)?;
            let row =
                |row: &rusqlite::Row<'_>| Ok(MadeBy { person: PersonId(uuid(row, 0)?), device_name: row.get(1)? });
            statement.query_row((kind.name(), id.as_bytes()), row).optional()
        };
        found().map_err(Fault::new)
    }
}

/// The last one's, where several did.
pub(crate) const MADE_BY: &str = "SELECT c.person, c.device_name FROM foreign_before b
    JOIN foreign_command f ON f.n = b.n JOIN carried c ON c.bundle = f.bundle
    WHERE b.kind = ?1 AND b.id = ?2 ORDER BY b.n DESC LIMIT 1";

/// Every time is after 1970; saying so lets the index begin at the last one.
pub(crate) const CARRIED: &str = "SELECT bundle, device_name, person, made_at, commands, outcome,
      (SELECT count(*) FROM foreign_command f WHERE f.bundle = c.bundle AND f.predicted = '')
    FROM carried c WHERE taken_at > 0 ORDER BY taken_at DESC, bundle DESC LIMIT ?1";
pub(crate) const NEXT_TO_RELAY: &str =
    "SELECT bundle, sealed FROM carried WHERE outcome = '' ORDER BY taken_at, bundle LIMIT 1";

/// At a flip: what showed of other laptops' commands was undone with the rest, and does not come again.
pub(crate) fn forget_foreign(conn: &Connection) -> Result<(), rusqlite::Error> {
    conn.execute("DELETE FROM foreign_before", ())?;
    conn.execute("DELETE FROM foreign_command", ())?;
    Ok(())
}

/// The next place in the order of everything that is executed here.
fn next_place(conn: &Connection) -> Result<i64, rusqlite::Error> {
    let moved = conn.execute("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'queue'", ())?;
    if moved == 0 {
        conn.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('queue', 1)", ())?;
    }
    conn.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'queue'", (), |row| row.get(0))
}

fn execute_one(
    conn: &Connection,
    writer: &mut Writer<'_>,
    handed: &Handed,
    payload: &[u8],
    may_see: MaySee<'_>,
    taken: &mut Taken,
) -> Result<(), Trouble> {
    // A kind of a newer program: the server will know it.
    let Ok(envelope) = serde_json::from_slice::<Envelope>(payload) else {
        taken.unfit += 1;
        return Ok(());
    };
    let n = next_place(conn)?;
    let put = conn.execute(
        "INSERT OR IGNORE INTO foreign_command (n, bundle, id) VALUES (?1, ?2, ?3)",
        (n, handed.bundle.as_bytes(), envelope.id.0.as_bytes()),
    )?;
    if put == 0 {
        // It shows already, from an older file.
        return Ok(());
    }
    conn.execute_batch("SAVEPOINT handed")?;
    writer.executing_foreign(n);
    let outcome = match catch_unwind(AssertUnwindSafe(|| run(&envelope, writer))) {
        Ok(outcome) => outcome.map(|_| ()),
        Err(_) => {
            Err(Refusal::from(Finding::new("RULES_FAILED", "The rules failed on this command.", "Report this.")).into())
        }
    };
    match outcome {
        Ok(()) if sees_all(conn, writer, n, may_see)? => taken.shown += 1,
        Ok(()) => {
            conn.execute_batch("ROLLBACK TO handed")?;
            conn.execute("DELETE FROM foreign_command WHERE n = ?1", (n,))?;
            taken.hidden += 1;
        }
        Err(Failure::Refused(refusal)) => {
            conn.execute_batch("ROLLBACK TO handed")?;
            let why = serde_json::to_string(&refusal)?;
            conn.execute("UPDATE foreign_command SET predicted = ?2 WHERE n = ?1", (n, why))?;
            taken.unfit += 1;
        }
        Err(Failure::Fault(fault)) => return Err(fault.into()),
    }
    conn.execute_batch("RELEASE handed")?;
    Ok(())
}

/// Whether everything that the command touched may be read, as it was and as it is.
fn sees_all(conn: &Connection, writer: &Writer<'_>, n: i64, may_see: MaySee<'_>) -> Result<bool, Trouble> {
    let mut statement = conn.prepare_cached("SELECT kind, id, body FROM foreign_before WHERE n = ?1")?;
    let mut rows = statement.query((n,))?;
    while let Some(row) = rows.next()? {
        let Some(kind) = Kind::named(&row.get::<_, String>(0)?) else { return Ok(false) };
        let old: Option<String> = row.get(2)?;
        let old = old.map(|body| Record::from_body(kind, &body)).transpose()?;
        for record in old.into_iter().chain(writer.read(kind, uuid(row, 1)?)?) {
            if !may_see(&record, writer)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
