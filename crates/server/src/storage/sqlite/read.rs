//! Reading: queries that a view and a writing transaction share.

use super::super::restored::DeclaredRestore;
use super::super::{
    Account, Attempts, Device, DeviceCursor, Feed, Figures, HeldCommand, Known, SessionRow, StorageError, StoredLeaf,
    Stretch, Workspace, WorkspaceView, count, signed, stored_edge, unsigned, without_gap,
};
use super::lock;
use rusqlite::types::Type;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use slipway_domain::id::{CommandId, DeviceId, PersonId, WorkspaceId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::log::{Edge, Hash};
use slipway_sync::protocol::{BucketSum, CommandResult, Entry, Epoch, Verdict};
use slipway_sync::signing::PublicKey;
use std::sync::Mutex;
use uuid::Uuid;

const ALONG: &str = "SELECT key, id FROM lookup WHERE name = ?1 AND (key, id) > (?2, ?3) AND key <= ?4
                     ORDER BY key, id LIMIT ?5";
const ALONG_BACK: &str = "SELECT key, id FROM lookup WHERE name = ?1 AND (key, id) < (?2, ?3) AND key >= ?4
                          ORDER BY key DESC, id DESC LIMIT ?5";
const SEQ_OF: &str = "SELECT seq FROM record WHERE kind = ?1 AND id = ?2";
const IDS_AFTER: &str = "SELECT id FROM record WHERE kind = ?1 AND id > ?2 AND deleted = 0 ORDER BY id LIMIT ?3";
const IDS_BEFORE: &str = "SELECT id FROM record WHERE kind = ?1 AND id < ?2 AND deleted = 0 ORDER BY id DESC LIMIT ?3";

/// A reading transaction on a connection of its own, which goes back to the others afterwards.
pub(super) struct SqliteView<'a> {
    connection: Option<Connection>,
    readers: &'a Mutex<Vec<Connection>>,
    keep: usize,
}

impl<'a> SqliteView<'a> {
    pub(super) fn begin(
        connection: Connection,
        readers: &'a Mutex<Vec<Connection>>,
        keep: usize,
    ) -> Result<Self, StorageError> {
        connection.execute_batch("BEGIN")?;
        Ok(Self { connection: Some(connection), readers, keep })
    }
}

impl Drop for SqliteView<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if connection.execute_batch("ROLLBACK").is_ok() {
            let mut readers = lock(self.readers);
            if readers.len() < self.keep {
                readers.push(connection);
            }
        }
    }
}

/// Something with a connection inside a transaction.
pub(super) trait Reads {
    /// The connection.
    fn connection(&self) -> Result<&Connection, StorageError>;

    /// A statement prepared once for each connection.
    fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, StorageError> {
        Ok(self.connection()?.prepare_cached(sql)?)
    }
}

impl Reads for SqliteView<'_> {
    fn connection(&self) -> Result<&Connection, StorageError> {
        self.connection.as_ref().ok_or(StorageError::NoWorkspace)
    }
}

/// Leaves with everything that they are a hash over.
macro_rules! leaf_columns {
    () => {
        "SELECT leaf.idx, leaf.leaf_hash, leaf.salt, leaf.changes, command.device,
                          coalesce(command.payload, entry.payload), coalesce(command.signature, entry.signature),
                          coalesce(command.verdict, entry.note), coalesce(command.seq_from, 0),
                          coalesce(command.seq_to, 0), coalesce(command.judged_at, entry.at)
                   FROM log_leaf AS leaf
                   LEFT JOIN command ON command.id = leaf.command
                   LEFT JOIN device_entry AS entry ON entry.id = leaf.command"
    };
}

fn stored_leaf(row: &Row<'_>) -> Result<StoredLeaf, rusqlite::Error> {
    Ok(StoredLeaf {
        index: unsigned(row.get(0)?),
        hash: row.get(1)?,
        salt: row.get(2)?,
        changes: row.get(3)?,
        signed_by: row.get::<_, Option<Uuid>>(4)?.map(DeviceId),
        payload: row.get(5)?,
        signature: row.get(6)?,
        result: row.get(7)?,
        seqs: (unsigned(row.get(8)?), unsigned(row.get(9)?)),
        at: Timestamp(row.get(10)?),
    })
}

impl<T: Reads> WorkspaceView for T {
    fn workspace(&self) -> Result<Workspace, StorageError> {
        let row = |row: &Row<'_>| {
            Ok(Workspace {
                id: WorkspaceId(row.get(0)?),
                name: row.get(1)?,
                epoch: Epoch(row.get(2)?),
                head: unsigned(row.get(3)?),
                durable_seq: unsigned(row.get(4)?),
                restored: match (row.get::<_, Option<i64>>(5)?, row.get(6)?, row.get::<_, Option<i64>>(7)?) {
                    (Some(size), Some(why), Some(at)) => {
                        Some(DeclaredRestore { size: unsigned(size), why, at: Timestamp(at) })
                    }
                    _ => None,
                },
            })
        };
        let sql = "SELECT id, name, epoch, head, durable_seq, restored_size, restored_why, restored_at FROM workspace";
        self.statement(sql)?.query_row([], row).optional()?.ok_or(StorageError::NoWorkspace)
    }

    fn device(&self, id: DeviceId) -> Result<Option<Device>, StorageError> {
        let sql = "SELECT id, person, name, public_key, counter, last_hash, revoked, registered_at
                   FROM device WHERE id = ?1";
        Ok(self.statement(sql)?.query_row([id.0], device).optional()?)
    }

    fn devices(&self) -> Result<Vec<Device>, StorageError> {
        let sql = "SELECT id, person, name, public_key, counter, last_hash, revoked, registered_at
                   FROM device ORDER BY name, id";
        Ok(self.statement(sql)?.query_map([], device)?.collect::<Result<_, _>>()?)
    }

    fn link(&self, device: DeviceId, counter: u64) -> Result<Option<CommandId>, StorageError> {
        Ok(self
            .statement("SELECT command FROM chain WHERE device = ?1 AND counter = ?2")?
            .query_row(params![device.0, signed(counter)], |row| row.get(0).map(CommandId))
            .optional()?)
    }

    fn known(&self, id: CommandId) -> Result<Option<Known>, StorageError> {
        let row = |row: &Row<'_>| {
            Ok(Known { actor: PersonId(row.get(0)?), result: result(row, id, unsigned(row.get(1)?), 2)? })
        };
        Ok(self
            .statement("SELECT actor, counter, judged_at, verdict FROM command WHERE id = ?1")?
            .query_row([id.0], row)
            .optional()?)
    }

    fn results(&self, device: DeviceId, after: u64, limit: usize) -> Result<Vec<CommandResult>, StorageError> {
        let sql = "SELECT chain.command, chain.counter, command.judged_at, command.verdict
                   FROM chain JOIN command ON command.id = chain.command
                   WHERE chain.device = ?1 AND chain.counter > ?2 ORDER BY chain.counter LIMIT ?3";
        let row = |row: &Row<'_>| result(row, CommandId(row.get(0)?), unsigned(row.get(1)?), 2);
        Ok(self
            .statement(sql)?
            .query_map(params![device.0, signed(after), count(limit)], row)?
            .collect::<Result<_, _>>()?)
    }

    fn held_commands(&self, limit: usize) -> Result<Vec<HeldCommand>, StorageError> {
        let sql = "SELECT id, device, counter, actor, judged_at, verdict ->> '$.why', payload FROM command
                   WHERE verdict ->> '$.verdict' = 'held' ORDER BY judged_at LIMIT ?1";
        let row = |row: &Row<'_>| {
            Ok(HeldCommand {
                id: CommandId(row.get(0)?),
                device: DeviceId(row.get(1)?),
                counter: unsigned(row.get(2)?),
                actor: PersonId(row.get(3)?),
                judged_at: Timestamp(row.get(4)?),
                why: row.get(5)?,
                payload: row.get(6)?,
            })
        };
        Ok(self.statement(sql)?.query_map([count(limit)], row)?.collect::<Result<_, _>>()?)
    }

    fn feed(&self, bucket: Bucket, after: u64, limit: usize, bytes: usize) -> Result<Feed, StorageError> {
        let sql = "SELECT member.seq, member.kind, member.id,
                          CASE WHEN member.present = 1 THEN record.body END
                   FROM member JOIN record ON record.kind = member.kind AND record.id = member.id
                   WHERE member.bucket = ?1 AND member.seq > ?2 ORDER BY member.seq LIMIT ?3";
        let mut statement = self.statement(sql)?;
        let mut rows = statement.query(params![bucket.to_string(), signed(after), count(limit + 1)])?;
        let mut feed = Feed { entries: Vec::new(), exhausted: true };
        let mut size = 0;
        while let Some(row) = rows.next()? {
            let body: Option<String> = row.get(3)?;
            size += body.as_ref().map_or(0, String::len);
            if feed.entries.len() == limit || (size > bytes && !feed.entries.is_empty()) {
                feed.exhausted = false;
                break;
            }
            feed.entries.push(Entry { bucket, seq: unsigned(row.get(0)?), kind: row.get(1)?, id: row.get(2)?, body });
        }
        Ok(feed)
    }

    fn sum(&self, bucket: Bucket) -> Result<BucketSum, StorageError> {
        let row = |row: &Row<'_>| Ok(BucketSum { count: unsigned(row.get(0)?), sum: unsigned(row.get(1)?) });
        let found = self
            .statement("SELECT records, total FROM bucket WHERE bucket = ?1")?
            .query_row([bucket.to_string()], row)
            .optional()?;
        Ok(found.unwrap_or_default())
    }

    fn held(&self, bucket: Bucket, after: Option<(&str, Uuid)>, limit: usize) -> Result<Vec<Entry>, StorageError> {
        // The plus keeps the planner off the index by sequence, which would sort the whole bucket for each stretch.
        let sql = "SELECT member.seq, member.kind, member.id, record.body
                   FROM member JOIN record ON record.kind = member.kind AND record.id = member.id
                   WHERE +member.bucket = ?1 AND member.present = 1 AND (member.kind, member.id) > (?2, ?3)
                   ORDER BY member.kind, member.id LIMIT ?4";
        let (kind, id) = after.unwrap_or(("", Uuid::nil()));
        let row = |row: &Row<'_>| {
            let body = Some(row.get(3)?);
            Ok(Entry { bucket, seq: unsigned(row.get(0)?), kind: row.get(1)?, id: row.get(2)?, body })
        };
        Ok(self
            .statement(sql)?
            .query_map(params![bucket.to_string(), kind, id, count(limit)], row)?
            .collect::<Result<_, _>>()?)
    }

    fn changed_since(&self, bucket: Bucket, seq: u64, most: u64) -> Result<u64, StorageError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM member WHERE bucket = ?1 AND seq > ?2 LIMIT ?3)";
        Ok(self
            .statement(sql)?
            .query_row(params![bucket.to_string(), signed(seq), signed(most)], |row| row.get(0).map(unsigned))?)
    }

    fn horizon(&self, bucket: Bucket) -> Result<u64, StorageError> {
        let found = self
            .statement("SELECT horizon FROM bucket WHERE bucket = ?1")?
            .query_row([bucket.to_string()], |row| row.get(0).map(unsigned))
            .optional()?;
        Ok(found.unwrap_or(0))
    }

    fn device_cursor(&self, device: DeviceId, bucket: Bucket) -> Result<Option<DeviceCursor>, StorageError> {
        let row = |row: &Row<'_>| {
            Ok(DeviceCursor {
                seq: unsigned(row.get(0)?),
                base: unsigned(row.get(1)?),
                seen_at: Timestamp(row.get(2)?),
            })
        };
        Ok(self
            .statement("SELECT seq, base, seen_at FROM device_cursor WHERE device = ?1 AND bucket = ?2")?
            .query_row(params![device.0, bucket.to_string()], row)
            .optional()?)
    }

    fn log(&self) -> Result<Edge, StorageError> {
        let (size, bytes): (i64, Vec<u8>) = self
            .statement("SELECT log_size, log_edge FROM workspace")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        stored_edge(size, &bytes)
    }

    fn log_hashes(&self, level: u32, from: u64, limit: usize) -> Result<Vec<Hash>, StorageError> {
        let sql = if level == 0 {
            "SELECT idx, leaf_hash FROM log_leaf WHERE idx >= ?1 ORDER BY idx LIMIT ?2"
        } else {
            "SELECT idx, hash FROM log_node WHERE idx >= ?1 AND level = ?3 ORDER BY idx LIMIT ?2"
        };
        let mut statement = self.statement(sql)?;
        let row = |row: &Row<'_>| Ok((unsigned(row.get(0)?), row.get::<_, Hash>(1)?));
        let rows = if level == 0 {
            statement.query_map(params![signed(from), count(limit)], row)?
        } else {
            statement.query_map(params![signed(from), count(limit), level], row)?
        };
        without_gap(from, rows.map(|row| row.map_err(StorageError::from)))
    }

    fn each_record(&self, show: &mut dyn FnMut(&str, Uuid, &str)) -> Result<(), StorageError> {
        let mut statement = self.statement("SELECT kind, id, body FROM record WHERE deleted = 0 ORDER BY kind, id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let kind = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
            show(kind, row.get(1)?, body);
        }
        Ok(())
    }

    fn body(&self, kind: Kind, id: Uuid) -> Result<Option<String>, StorageError> {
        Ok(self
            .statement("SELECT body FROM record WHERE kind = ?1 AND id = ?2 AND deleted = 0")?
            .query_row(params![kind.name(), id], |row| row.get(0))
            .optional()?)
    }

    fn ids_under(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, StorageError> {
        Ok(self
            .statement("SELECT id FROM lookup WHERE name = ?1 AND key = ?2 ORDER BY id")?
            .query_map(params![lookup.name(), key], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }

    fn along(&self, stretch: &Stretch<'_>) -> Result<Vec<(String, Uuid)>, StorageError> {
        let ((key, id), end) = stretch.bounds(&str::to_owned);
        let sql = if stretch.backwards { ALONG_BACK } else { ALONG };
        Ok(self
            .statement(sql)?
            .query_map(params![stretch.lookup.name(), key, id, end, count(stretch.limit)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?)
    }

    fn seq_of(&self, kind: Kind, id: Uuid) -> Result<u64, StorageError> {
        let seq = self.statement(SEQ_OF)?.query_row(params![kind.name(), id], |row| row.get(0).map(unsigned));
        Ok(seq.optional()?.unwrap_or(0))
    }

    fn ids_before(&self, kind: Kind, before: Option<Uuid>, limit: usize) -> Result<Vec<Uuid>, StorageError> {
        let before = before.unwrap_or(Uuid::max());
        Ok(self
            .statement(IDS_BEFORE)?
            .query_map(params![kind.name(), before, count(limit)], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }

    fn ids_after(&self, kind: Kind, after: Option<Uuid>, limit: usize) -> Result<Vec<Uuid>, StorageError> {
        // A blob of no bytes sorts before every identity.
        let after = after.map_or_else(Vec::new, |id| id.as_bytes().to_vec());
        Ok(self
            .statement(IDS_AFTER)?
            .query_map(params![kind.name(), after, count(limit)], |row| row.get(0))?
            .collect::<Result<_, _>>()?)
    }

    fn placed(&self) -> Result<u32, StorageError> {
        Ok(self.statement("SELECT placed FROM workspace")?.query_row([], |row| row.get(0))?)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<StoredLeaf>, StorageError> {
        let sql = concat!(leaf_columns!(), " WHERE leaf.idx >= ?1 ORDER BY leaf.idx LIMIT ?2");
        let rows = params![signed(from), count(limit)];
        Ok(self.statement(sql)?.query_map(rows, stored_leaf)?.collect::<Result<_, _>>()?)
    }

    fn leaves_naming(&self, record: Uuid, before: u64, limit: usize) -> Result<Vec<StoredLeaf>, StorageError> {
        let sql = concat!(
            leaf_columns!(),
            " WHERE leaf.idx < ?1 AND instr(command.payload, ?2) > 0 ORDER BY leaf.idx DESC LIMIT ?3"
        );
        let rows = params![signed(before), record.to_string().into_bytes(), count(limit)];
        Ok(self.statement(sql)?.query_map(rows, stored_leaf)?.collect::<Result<_, _>>()?)
    }

    fn account(&self, person: PersonId) -> Result<Option<Account>, StorageError> {
        let row = |row: &Row<'_>| Ok(Account { person: PersonId(row.get(0)?), password: row.get(1)? });
        Ok(self
            .statement("SELECT person, password FROM account WHERE person = ?1")?
            .query_row([person.0], row)
            .optional()?)
    }

    fn attempts(&self, user_hash: &Hash) -> Result<Option<Attempts>, StorageError> {
        let row = |row: &Row<'_>| Ok(Attempts { failures: row.get(0)?, until: Timestamp(row.get(1)?) });
        Ok(self
            .statement("SELECT failures, until FROM attempt WHERE user_hash = ?1")?
            .query_row([user_hash], row)
            .optional()?)
    }

    fn session_by_access(&self, access_hash: &Hash) -> Result<Option<SessionRow>, StorageError> {
        let sql = "SELECT device, person, access_hash, access_until, refresh_hash, previous_refresh, refresh_until
                   FROM session WHERE access_hash = ?1";
        Ok(self.statement(sql)?.query_row([access_hash], session).optional()?)
    }

    fn session(&self, device: DeviceId) -> Result<Option<SessionRow>, StorageError> {
        let sql = "SELECT device, person, access_hash, access_until, refresh_hash, previous_refresh, refresh_until
                   FROM session WHERE device = ?1";
        Ok(self.statement(sql)?.query_row([device.0], session).optional()?)
    }

    fn figures(&self, now: Timestamp) -> Result<Figures, StorageError> {
        let sql = "SELECT head, durable_seq, log_size,
                          (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size),
                          (SELECT count(*) FROM session WHERE refresh_until > ?1),
                          (SELECT count(*) FROM device WHERE revoked = 0),
                          (SELECT count(*) FROM command WHERE verdict ->> '$.verdict' = 'held')
                   FROM workspace";
        let row = |row: &Row<'_>| {
            Ok(Figures {
                head: unsigned(row.get(0)?),
                durable_seq: unsigned(row.get(1)?),
                log_size: unsigned(row.get(2)?),
                bytes: unsigned(row.get(3)?),
                sessions: unsigned(row.get(4)?),
                devices: unsigned(row.get(5)?),
                held: unsigned(row.get(6)?),
            })
        };
        Ok(self.statement(sql)?.query_row([now.0], row)?)
    }
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    let key: Vec<u8> = row.get(3)?;
    Ok(Device {
        id: DeviceId(row.get(0)?),
        person: PersonId(row.get(1)?),
        name: row.get(2)?,
        public_key: PublicKey::from_bytes(&key)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(3, Type::Blob, Box::new(error)))?,
        counter: unsigned(row.get(4)?),
        last_hash: row.get(5)?,
        revoked: row.get(6)?,
        registered_at: Timestamp(row.get(7)?),
    })
}

fn session(row: &Row<'_>) -> rusqlite::Result<SessionRow> {
    let previous: Vec<u8> = row.get(5)?;
    Ok(SessionRow {
        device: DeviceId(row.get(0)?),
        person: PersonId(row.get(1)?),
        access_hash: row.get(2)?,
        access_until: Timestamp(row.get(3)?),
        refresh_hash: row.get(4)?,
        previous_refresh: previous.try_into().ok(),
        refresh_until: Timestamp(row.get(6)?),
    })
}

/// A result whose time and verdict stand at `at` and after it.
fn result(row: &Row<'_>, id: CommandId, counter: u64, at: usize) -> rusqlite::Result<CommandResult> {
    let text: String = row.get(at + 1)?;
    let verdict: Verdict = serde_json::from_str(&text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(at + 1, Type::Text, Box::new(error)))?;
    Ok(CommandResult { id, counter, judged_at: Timestamp(row.get(at)?), verdict })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rusqlite::Connection;

    /// However many records there are: what other tools ask for is searched, never scanned or sorted.
    #[test]
    fn pages_walk_an_index() {
        let conn = Connection::open_in_memory().unwrap();
        for sql in super::super::MIGRATIONS {
            conn.execute_batch(sql).unwrap();
        }
        for (sql, expected) in [
            (ALONG, "SEARCH lookup USING PRIMARY KEY (name=? AND (key,id)>(?,?) AND key<?)"),
            (ALONG_BACK, "SEARCH lookup USING PRIMARY KEY (name=? AND key>? AND (key,id)<(?,?))"),
            (IDS_AFTER, "SEARCH record USING PRIMARY KEY (kind=? AND id>?)"),
            (IDS_BEFORE, "SEARCH record USING PRIMARY KEY (kind=? AND id<?)"),
            (SEQ_OF, "SEARCH record USING PRIMARY KEY (kind=? AND id=?)"),
        ] {
            let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let parameters = plan.parameter_count();
            let plan: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(vec![rusqlite::types::Null; parameters]), |row| row.get(3))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            assert_eq!(plan, [expected], "{sql}");
        }
    }
}
