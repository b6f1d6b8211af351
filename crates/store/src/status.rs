//! How this laptop stands with its server.

use crate::chain::Chain;
use crate::db::Db;
use crate::each::by_id;
use crate::error::{StoreError, Trouble};
use crate::flip::Cursor;
use crate::meta::{get, set};
use crate::numbers;
use crate::open::Store;
use crate::pack::Stored;
use crate::view::uuid;
use rusqlite::Connection;
use slipway_domain::checksum::{StateHash, row_checksum};
use slipway_domain::command::Command;
use slipway_domain::id::{DeviceId, WorkspaceId};
use slipway_domain::number::Series;
use slipway_domain::refusal::{Failure, Fault};
use slipway_domain::since::too_new;
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Name under which the time of the last flip is remembered.
pub const LAST_SYNC: &str = "last_sync";
/// Name under which the time is remembered since which the server has not been reached; empty while it is.
pub const OFFLINE_SINCE: &str = "offline_since";

/// Name under which the protocol level is remembered that the server last spoke; nothing while there is no server.
pub const SERVER_LEVEL: &str = "server_level";

/// Refuses a command that the server would only hold. Without a server nothing is too new.
pub(crate) fn known_to_server(conn: &Connection, command: &Command) -> Result<(), Failure> {
    let level = get(conn, SERVER_LEVEL).map_err(Fault::new)?.and_then(|text| text.parse().ok()).unwrap_or(u32::MAX);
    too_new(command, level).map_or(Ok(()), |finding| Err(finding.into()))
}

/// How this laptop stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The identity under which commands are issued.
    pub device: DeviceId,
    /// The server's epoch; empty before the first exchange.
    pub epoch: String,
    /// Place of the last command in the device's chain.
    pub counter: u64,
    /// Highest server sequence confirmed here.
    pub last_seq: u64,
    /// Commands that wait.
    pub pending: u64,
    /// Of these, how many will probably be refused.
    pub predicted_refused: u64,
    /// Commands kept until a backup of the server covers them.
    pub sent: u64,
    /// Open items of *Needs attention*.
    pub attention: u64,
    /// Every bucket as it is confirmed here.
    pub cursors: Vec<Cursor>,
    /// When the last exchange completed.
    pub last_sync: Option<Timestamp>,
    /// Since when the server has not been reached.
    pub offline_since: Option<Timestamp>,
    /// Numbers left for new records.
    pub numbers_left: BTreeMap<Series, u32>,
}

impl Store {
    /// How this laptop stands.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn status(&self) -> Result<Status, StoreError> {
        self.reading(|conn| {
            let chain = Chain::load(conn)?;
            let count = |sql: &str| -> Result<u64, rusqlite::Error> {
                conn.prepare_cached(sql)?.query_row((), |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
            };
            let time = |name: &str| -> Result<Option<Timestamp>, rusqlite::Error> {
                Ok(get(conn, name)?.and_then(|text| text.parse().ok()).map(Timestamp))
            };
            Ok(Status {
                workspace: chain.workspace,
                device: chain.device,
                epoch: conn.query_row("SELECT epoch FROM profile WHERE one = 1", (), |row| row.get(0))?,
                counter: chain.counter,
                last_seq: chain.last_seq,
                pending: count("SELECT count(*) FROM queue")?,
                predicted_refused: count("SELECT count(*) FROM queue WHERE predicted <> ''")?,
                sent: count("SELECT count(*) FROM sent")?,
                attention: count("SELECT count(*) FROM attention WHERE settled_at = 0")?,
                cursors: cursors(conn)?,
                last_sync: time(LAST_SYNC)?,
                offline_since: time(OFFLINE_SINCE)?,
                numbers_left: numbers::left(conn)?,
            })
        })
    }

    /// Remembers since when the server has not been reached; `None`: it is reached. An earlier time stands.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn set_offline_since(&self, since: Option<Timestamp>) -> Result<(), StoreError> {
        self.writing(|conn| {
            let known = get(conn, OFFLINE_SINCE)?.is_some_and(|text| !text.is_empty());
            match since {
                Some(_) if known => Ok(()),
                Some(since) => Ok(set(conn, OFFLINE_SINCE, &since.0.to_string())?),
                None => Ok(set(conn, OFFLINE_SINCE, "")?),
            }
        })
    }

    /// Bytes that each table and index takes in the file, the largest first. Reads the whole file: for measurements.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn room(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.reading(|db| {
            let mut statement = db.prepare(
                "SELECT name, sum(pgsize) FROM dbstat WHERE aggregate = TRUE GROUP BY name ORDER BY 2 DESC, 1",
            )?;
            let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Hash over every confirmed record, see [`StateHash`]: equal on laptops and server that hold the same.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn state_hash(&self) -> Result<String, StoreError> {
        self.reading(|db| hash(db, &confirmed(db)?))
    }

    /// Hash over every record as it shows, pending commands included.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn visible_hash(&self) -> Result<String, StoreError> {
        self.reading(|db| hash(db, &BTreeMap::new()))
    }

    /// Adds count and sum of every bucket up anew and gives those that are not as kept. Slow: for checks and tests.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn verify_confirmed(&self) -> Result<Vec<String>, StoreError> {
        self.reading(|conn| {
            let mut counted: BTreeMap<String, (u64, u64)> = BTreeMap::new();
            let before = confirmed(conn)?;
            let mut statement = conn.prepare(
                "SELECT m.bucket, r.kind, r.id, m.seq, r.body, r.source, r.target
                 FROM member m JOIN record r ON r.n = m.n",
            )?;
            let mut rows = statement.query(())?;
            while let Some(row) = rows.next()? {
                let (kind, id) = (conn.text(row.get(1)?)?.to_string(), uuid(row, 2)?);
                let seq = row.get::<_, i64>(3)?.cast_unsigned();
                let stored = Stored::from_row(row, 4)?;
                let key = (kind, id);
                let body = match before.get(&key) {
                    Some(body) => body.clone(),
                    None => stored.body(conn, id)?,
                };
                let sum = row_checksum(&key.0, id, seq, &body.unwrap_or_default());
                let bucket = counted.entry(conn.text(row.get(0)?)?.to_string()).or_default();
                *bucket = (bucket.0 + 1, bucket.1.wrapping_add(sum));
            }
            let kept = cursors(conn)?;
            Ok(kept
                .into_iter()
                .filter(|c| counted.get(&c.bucket).copied().unwrap_or_default() != (c.count, c.sum))
                .map(|c| c.bucket)
                .collect())
        })
    }
}

fn cursors(conn: &Connection) -> Result<Vec<Cursor>, rusqlite::Error> {
    conn.prepare_cached("SELECT bucket, seq, count, sum FROM cursor ORDER BY bucket")?
        .query_map((), |row| {
            Ok(Cursor {
                bucket: row.get(0)?,
                seq: row.get::<_, i64>(1)?.cast_unsigned(),
                count: row.get::<_, i64>(2)?.cast_unsigned(),
                sum: row.get::<_, i64>(3)?.cast_unsigned(),
            })
        })?
        .collect()
}

/// Records that commands changed which wait, or were handed over, as they are confirmed.
type Before = BTreeMap<(String, Uuid), Option<String>>;

fn confirmed(conn: &Connection) -> Result<Before, rusqlite::Error> {
    conn.prepare_cached("SELECT kind, id, body, min(n) FROM replaced GROUP BY kind, id")?
        .query_map((), |row| Ok(((row.get(0)?, uuid(row, 1)?), row.get(2)?)))?
        .collect()
}

/// Over every record by kind and id, with those of `instead` in place of what shows.
fn hash(db: &Db, instead: &Before) -> Result<String, Trouble> {
    let mut hash = StateHash::default();
    let kinds: BTreeSet<String> = db
        .prepare_cached("SELECT text FROM name WHERE EXISTS (SELECT 1 FROM record WHERE kind = name.code)")?
        .query_map((), |row| row.get(0))?
        .chain(instead.keys().map(|(kind, _)| Ok(kind.clone())))
        .collect::<Result<_, _>>()?;
    let mut one = db.prepare_cached("SELECT body, source, target FROM record WHERE n = ?1")?;
    for kind in kinds {
        let mut rows: Vec<([u8; 16], Option<u32>)> =
            by_id(db, &kind)?.into_iter().map(|(id, n)| (id, Some(n))).collect();
        rows.retain(|(id, _)| !instead.contains_key(&(kind.clone(), Uuid::from_bytes(*id))));
        rows.extend(instead.keys().filter(|(of, _)| *of == kind).map(|(_, id)| (id.into_bytes(), None)));
        rows.sort_unstable();
        for (id, n) in rows {
            let id = Uuid::from_bytes(id);
            let body = match n {
                Some(n) => one.query_row((n,), |row| Stored::from_row(row, 0))?.body(db, id)?,
                None => instead.get(&(kind.clone(), id)).cloned().flatten(),
            };
            if let Some(body) = body {
                hash.add(&kind, id, &body);
            }
        }
    }
    Ok(hash.finish())
}
