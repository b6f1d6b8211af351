//! *Needs attention*: commands that were refused, held or applied in part, kept until a person decides.

use crate::error::{StoreError, Trouble};
use crate::open::Store;
use crate::queue::Verdict;
use crate::view::uuid;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::{Deserialize, Serialize};
use slipway_domain::command::Command;
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;

/// A command that did not take full effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// The command.
    pub id: CommandId,
    /// Its place in the device's chain.
    pub counter: u64,
    /// Who issued it.
    pub actor: PersonId,
    /// When, by this laptop's clock.
    pub made_at: Timestamp,
    /// When the verdict arrived.
    pub judged_at: Timestamp,
    /// What was entered; `None` if this program does not know that kind of command.
    pub entered: Option<Command>,
    /// The same as JSON.
    pub entered_json: String,
    /// What the server said.
    pub verdict: Verdict,
    /// How it was settled; `None` while open.
    pub settled: Option<Settled>,
    /// The fields that are decided already.
    pub decided: BTreeMap<String, Side>,
}

/// Whose value of a field stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// What was entered here, set again in a command of its own.
    Mine,
    /// What is there.
    Theirs,
}

/// A person's decision on an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// When.
    pub at: Timestamp,
    /// Why it was discarded, or how it was dealt with.
    pub reason: String,
    /// The command that was sent in its place.
    pub replaced_by: Option<CommandId>,
}

pub(crate) const OPEN: &str =
    "SELECT id, counter, actor, made_at, judged_at, entered, answer, settled_at, reason, replaced, decided
    FROM attention WHERE settled_at = 0 ORDER BY judged_at, counter";
pub(crate) const SETTLED: &str =
    "SELECT id, counter, actor, made_at, judged_at, entered, answer, settled_at, reason, replaced, decided
    FROM attention WHERE settled_at > 0 ORDER BY settled_at DESC, judged_at DESC LIMIT 500";
pub(crate) const ONE: &str =
    "SELECT id, counter, actor, made_at, judged_at, entered, answer, settled_at, reason, replaced, decided
    FROM attention WHERE id = ?1";

impl Store {
    /// Every open item, the longest waiting first.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn attention(&self) -> Result<Vec<Attention>, StoreError> {
        self.reading(|conn| items(conn, OPEN))
    }

    /// Items that were settled, the last one first; older ones than some hundreds are left out.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn settled_attention(&self) -> Result<Vec<Attention>, StoreError> {
        self.reading(|conn| items(conn, SETTLED))
    }

    /// Leaves fields as they are on the server; the item is settled when these were the `last` to decide.
    ///
    /// # Errors
    /// `Misuse` if there is no open item of that command, or that the storage failed.
    pub fn keep_theirs(&self, id: CommandId, fields: &[String], last: bool, at: Timestamp) -> Result<(), StoreError> {
        self.writing(|conn| {
            decide(conn, id, fields, Side::Theirs)?;
            if last {
                settle(conn, id, "kept theirs", None, at)?;
            }
            Ok(())
        })
    }

    /// One item, settled or not.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn attention_item(&self, id: CommandId) -> Result<Option<Attention>, StoreError> {
        self.reading(|conn| {
            let mut statement = conn.prepare_cached(ONE)?;
            let mut rows = statement.query((id.0.as_bytes(),))?;
            rows.next()?.map(item).transpose()
        })
    }

    /// Settles an item without sending anything in its place; `reason` says why. It stays readable.
    ///
    /// # Errors
    /// `Misuse` if there is no open item of that command or no reason, or that the storage failed.
    pub fn discard(&self, id: CommandId, reason: &str, at: Timestamp) -> Result<(), StoreError> {
        if reason.trim().is_empty() {
            return Err(StoreError::Misuse {
                sentence: "An item cannot be discarded without a reason.".to_owned(),
                way_out: "Say in a few words why it is not needed any more.".to_owned(),
            });
        }
        self.resolve(id, reason, None, at)
    }

    /// Settles an item that was dealt with in another way, such as by a command sent in its place.
    ///
    /// # Errors
    /// `Misuse` if there is no open item of that command, or that the storage failed.
    pub fn resolve(
        &self,
        id: CommandId,
        reason: &str,
        replaced_by: Option<CommandId>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.writing(|conn| {
            if settle(conn, id, reason, replaced_by, at)? {
                return Ok(());
            }
            let settled = conn.query_row("SELECT 1 FROM attention WHERE id = ?1", (id.0.as_bytes(),), |_| Ok(()));
            let what = if settled.optional()?.is_some() { "is settled already" } else { "needs no attention" };
            Err(Trouble::Misuse {
                sentence: format!("The command {id} {what}."),
                way_out: "Look at the list of open items again.".to_owned(),
            })
        })
    }
}

fn items(conn: &Connection, sql: &str) -> Result<Vec<Attention>, Trouble> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut rows = statement.query(())?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(item(row)?);
    }
    Ok(items)
}

/// Notes whose value of these fields stays.
pub(crate) fn decide(conn: &Connection, id: CommandId, fields: &[String], side: Side) -> Result<(), Trouble> {
    let known = conn
        .prepare_cached("SELECT decided FROM attention WHERE id = ?1 AND settled_at = 0")?
        .query_row((id.0.as_bytes(),), |row| row.get::<_, String>(0))
        .optional()?;
    let Some(known) = known else {
        return Err(Trouble::Misuse {
            sentence: format!("The command {id} needs no attention."),
            way_out: "Look at the list of open items again.".to_owned(),
        });
    };
    let mut decided: BTreeMap<String, Side> = serde_json::from_str(&known)?;
    decided.extend(fields.iter().map(|field| (field.clone(), side)));
    conn.prepare_cached("UPDATE attention SET decided = ?2 WHERE id = ?1")?
        .execute((id.0.as_bytes(), serde_json::to_string(&decided)?))?;
    Ok(())
}

/// Settles an open item; says whether there was one.
pub(crate) fn settle(
    conn: &Connection,
    id: CommandId,
    reason: &str,
    replaced_by: Option<CommandId>,
    at: Timestamp,
) -> Result<bool, rusqlite::Error> {
    let rows = conn
        .prepare_cached(
            "UPDATE attention SET settled_at = ?2, reason = ?3, replaced = ?4 WHERE id = ?1 AND settled_at = 0",
        )?
        // A clock at its very beginning must not leave the item open.
        .execute((id.0.as_bytes(), at.0.max(1), reason, replaced_by.map(|id| *id.0.as_bytes())))?;
    Ok(rows > 0)
}

/// A held command was judged after all: its open item has the new verdict, or is settled where it was applied. Says
/// whether there is such an item.
pub(crate) fn judged_after_all(
    conn: &Connection,
    id: CommandId,
    verdict: &Verdict,
    at: Timestamp,
) -> Result<bool, Trouble> {
    if *verdict == Verdict::Applied {
        return Ok(settle(conn, id, "applied after all", None, at)?);
    }
    let rows = conn
        .prepare_cached("UPDATE attention SET answer = ?2, judged_at = ?3 WHERE id = ?1 AND settled_at = 0")?
        .execute((id.0.as_bytes(), serde_json::to_string(verdict)?, at.0))?;
    Ok(rows > 0)
}

/// Adds an item. A command that has one already keeps it, with the new verdict.
pub(crate) fn raise(conn: &Connection, item: &Attention) -> Result<(), Trouble> {
    conn.prepare_cached(
        "INSERT INTO attention (id, counter, actor, made_at, judged_at, entered, answer)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (id) DO UPDATE SET answer = excluded.answer, judged_at = excluded.judged_at",
    )?
    .execute((
        item.id.0.as_bytes(),
        item.counter.cast_signed(),
        item.actor.0.as_bytes(),
        item.made_at.0,
        item.judged_at.0,
        &item.entered_json,
        serde_json::to_string(&item.verdict)?,
    ))?;
    Ok(())
}

fn item(row: &Row<'_>) -> Result<Attention, Trouble> {
    let entered_json: String = row.get(5)?;
    let settled_at: i64 = row.get(7)?;
    let replaced: Option<[u8; 16]> = row.get(9)?;
    Ok(Attention {
        id: CommandId(uuid(row, 0)?),
        counter: row.get::<_, i64>(1)?.cast_unsigned(),
        actor: PersonId(uuid(row, 2)?),
        made_at: Timestamp(row.get(3)?),
        judged_at: Timestamp(row.get(4)?),
        entered: serde_json::from_str(&entered_json).ok(),
        entered_json,
        verdict: serde_json::from_str(&row.get::<_, String>(6)?)?,
        decided: serde_json::from_str(&row.get::<_, String>(10)?)?,
        settled: if settled_at == 0 {
            None
        } else {
            Some(Settled {
                at: Timestamp(settled_at),
                reason: row.get(8)?,
                replaced_by: replaced.map(|bytes| CommandId(::uuid::Uuid::from_bytes(bytes))),
            })
        },
    })
}
