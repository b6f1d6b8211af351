//! Reading: queries that a view and a writing transaction share.

use super::super::restored::DeclaredRestore;
use super::super::{
    Account, Attempts, Device, DeviceCursor, Feed, Figures, HeldCommand, Known, SessionRow, StorageError, StoredLeaf,
    Stretch, Workspace, WorkspaceView, count, signed, stored_edge, unsigned, without_gap,
};
use super::index_key;
use super::pool::{Connection, Params};
use slipway_domain::id::{CommandId, DeviceId, PersonId, WorkspaceId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::log::{Edge, Hash};
use slipway_sync::protocol::{BucketSum, CommandResult, Entry, Epoch, Verdict};
use slipway_sync::signing::PublicKey;
use std::collections::BTreeMap;
use tokio_postgres::Row;
use uuid::Uuid;

/// Records that a look through all of them takes at once.
const STRIDE: i64 = 2_000;

/// What both kinds of transaction can be asked.
pub(super) struct Pg<T>(pub(super) T);

/// A reading transaction: one snapshot from its first statement on.
pub(super) struct Reading {
    connection: Connection,
    workspace: Workspace,
    log: Edge,
}

impl Reading {
    pub(super) fn begin(mut connection: Connection, id: WorkspaceId) -> Result<Self, StorageError> {
        let row = connection.begin(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            "SELECT name, epoch, head, log_size, log_edge, durable_seq, restored_size, restored_why, restored_at
             FROM workspace WHERE id = $1",
            &[&id.0],
        )?;
        let (workspace, log) = workspace(id, row)?;
        Ok(Self { connection, workspace, log })
    }
}

/// The workspace's row, as both kinds of transaction read it first.
pub(super) fn workspace(id: WorkspaceId, row: Option<Row>) -> Result<(Workspace, Edge), StorageError> {
    let row = row.ok_or(StorageError::NoWorkspace)?;
    let workspace = Workspace {
        id,
        name: row.try_get(0)?,
        epoch: Epoch(row.try_get(1)?),
        head: unsigned(row.try_get(2)?),
        durable_seq: unsigned(row.try_get(5)?),
        restored: match (row.try_get::<_, Option<i64>>(6)?, row.try_get(7)?, row.try_get::<_, Option<i64>>(8)?) {
            (Some(size), Some(why), Some(at)) => Some(DeclaredRestore { size: unsigned(size), why, at: Timestamp(at) }),
            _ => None,
        },
    };
    Ok((workspace, stored_edge(row.try_get(3)?, row.try_get(4)?)?))
}

/// Something with a connection inside a transaction of a workspace.
pub(super) trait Reads {
    /// The connection.
    fn connection(&self) -> Result<&Connection, StorageError>;

    /// The workspace's row and its log's edge, this transaction's changes included.
    fn state(&self) -> (Workspace, Edge);

    /// The key of every row.
    fn id(&self) -> Uuid;

    /// Rows of a query.
    fn rows(&self, sql: &'static str, params: &Params<'_>) -> Result<Vec<Row>, StorageError> {
        self.connection()?.rows(sql, params)
    }

    /// The only row of a query.
    fn row(&self, sql: &'static str, params: &Params<'_>) -> Result<Option<Row>, StorageError> {
        self.connection()?.row(sql, params)
    }
}

impl Reads for Reading {
    fn connection(&self) -> Result<&Connection, StorageError> {
        Ok(&self.connection)
    }

    fn state(&self) -> (Workspace, Edge) {
        (self.workspace.clone(), self.log.clone())
    }

    fn id(&self) -> Uuid {
        self.workspace.id.0
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
                   LEFT JOIN command ON command.workspace = leaf.workspace AND command.id = leaf.command
                   LEFT JOIN device_entry AS entry ON entry.workspace = leaf.workspace AND entry.id = leaf.command"
    };
}

fn stored_leaf(row: &Row) -> Result<StoredLeaf, StorageError> {
    let hash = |at: usize| Hash::try_from(row.try_get::<_, &[u8]>(at)?).map_err(|why| corrupt("hash", &why));
    Ok(StoredLeaf {
        index: unsigned(row.try_get(0)?),
        hash: hash(1)?,
        salt: row.try_get(2)?,
        changes: hash(3)?,
        signed_by: row.try_get::<_, Option<Uuid>>(4)?.map(DeviceId),
        payload: row.try_get(5)?,
        signature: row.try_get(6)?,
        result: row.try_get(7)?,
        seqs: (unsigned(row.try_get(8)?), unsigned(row.try_get(9)?)),
        at: Timestamp(row.try_get(10)?),
    })
}

impl<T: Reads> WorkspaceView for Pg<T> {
    fn workspace(&self) -> Result<Workspace, StorageError> {
        Ok(self.0.state().0)
    }

    fn device(&self, id: DeviceId) -> Result<Option<Device>, StorageError> {
        let sql = "SELECT id, person, name, public_key, counter, last_hash, revoked, registered_at
                   FROM device WHERE workspace = $1 AND id = $2";
        self.0.row(sql, &[&self.0.id(), &id.0])?.as_ref().map(device).transpose()
    }

    fn devices(&self) -> Result<Vec<Device>, StorageError> {
        let sql = "SELECT id, person, name, public_key, counter, last_hash, revoked, registered_at
                   FROM device WHERE workspace = $1 ORDER BY name, id";
        self.0.rows(sql, &[&self.0.id()])?.iter().map(device).collect()
    }

    fn link(&self, device: DeviceId, counter: u64) -> Result<Option<CommandId>, StorageError> {
        let sql = "SELECT command FROM chain WHERE workspace = $1 AND device = $2 AND counter = $3";
        let row = self.0.row(sql, &[&self.0.id(), &device.0, &signed(counter)])?;
        row.map(|row| Ok(CommandId(row.try_get(0)?))).transpose()
    }

    fn known(&self, id: CommandId) -> Result<Option<Known>, StorageError> {
        let sql = "SELECT actor, counter, judged_at, verdict FROM command WHERE workspace = $1 AND id = $2";
        let known = |row: Row| {
            Ok(Known { actor: PersonId(row.try_get(0)?), result: result(&row, id, unsigned(row.try_get(1)?), 2)? })
        };
        self.0.row(sql, &[&self.0.id(), &id.0])?.map(known).transpose()
    }

    fn devices_among(&self, ids: &[DeviceId]) -> Result<BTreeMap<DeviceId, Device>, StorageError> {
        let sql = "SELECT id, person, name, public_key, counter, last_hash, revoked, registered_at
                   FROM device WHERE workspace = $1 AND id = ANY($2)";
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = self.0.rows(sql, &[&self.0.id(), &ids])?;
        rows.iter().map(|row| device(row).map(|device| (device.id, device))).collect()
    }

    fn known_among(&self, ids: &[CommandId]) -> Result<BTreeMap<CommandId, Known>, StorageError> {
        let sql = "SELECT actor, counter, judged_at, verdict, id FROM command WHERE workspace = $1 AND id = ANY($2)";
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let known = |row: &Row| {
            let id = CommandId(row.try_get(4)?);
            let result = result(row, id, unsigned(row.try_get(1)?), 2)?;
            Ok((id, Known { actor: PersonId(row.try_get(0)?), result }))
        };
        self.0.rows(sql, &[&self.0.id(), &ids])?.iter().map(known).collect()
    }

    fn results(&self, device: DeviceId, after: u64, limit: usize) -> Result<Vec<CommandResult>, StorageError> {
        let sql = "SELECT chain.command, chain.counter, command.judged_at, command.verdict
                   FROM chain JOIN command ON command.workspace = chain.workspace AND command.id = chain.command
                   WHERE chain.workspace = $1 AND chain.device = $2 AND chain.counter > $3
                   ORDER BY chain.counter LIMIT $4";
        self.0
            .rows(sql, &[&self.0.id(), &device.0, &signed(after), &count(limit)])?
            .iter()
            .map(|row| result(row, CommandId(row.try_get(0)?), unsigned(row.try_get(1)?), 2))
            .collect()
    }

    fn held_commands(&self, limit: usize) -> Result<Vec<HeldCommand>, StorageError> {
        let sql = "SELECT id, device, counter, actor, judged_at, verdict::json ->> 'why', payload FROM command
                   WHERE workspace = $1 AND verdict LIKE '{\"verdict\":\"held\"%' ORDER BY judged_at LIMIT $2";
        let held = |row: &Row| {
            Ok(HeldCommand {
                id: CommandId(row.try_get(0)?),
                device: DeviceId(row.try_get(1)?),
                counter: unsigned(row.try_get(2)?),
                actor: PersonId(row.try_get(3)?),
                judged_at: Timestamp(row.try_get(4)?),
                why: row.try_get(5)?,
                payload: row.try_get(6)?,
            })
        };
        self.0.rows(sql, &[&self.0.id(), &count(limit)])?.iter().map(held).collect()
    }

    fn feed(&self, bucket: Bucket, after: u64, limit: usize, bytes: usize) -> Result<Feed, StorageError> {
        let sql = "SELECT member.seq, member.kind, member.id, CASE WHEN member.present THEN record.body END
                   FROM member JOIN record ON record.workspace = member.workspace AND record.kind = member.kind
                                          AND record.id = member.id
                   WHERE member.workspace = $1 AND member.bucket = $2 AND member.seq > $3
                   ORDER BY member.seq LIMIT $4";
        let rows = self.0.rows(sql, &[&self.0.id(), &bucket.to_string(), &signed(after), &count(limit + 1)])?;
        let mut feed = Feed { entries: Vec::new(), exhausted: true };
        let mut size = 0;
        for row in rows {
            let body: Option<String> = row.try_get(3)?;
            size += body.as_ref().map_or(0, String::len);
            if feed.entries.len() == limit || (size > bytes && !feed.entries.is_empty()) {
                feed.exhausted = false;
                break;
            }
            let seq = unsigned(row.try_get(0)?);
            feed.entries.push(Entry { bucket, seq, kind: row.try_get(1)?, id: row.try_get(2)?, body });
        }
        Ok(feed)
    }

    fn sum(&self, bucket: Bucket) -> Result<BucketSum, StorageError> {
        let sql = "SELECT records, total FROM bucket WHERE workspace = $1 AND bucket = $2";
        let sum = |row: Row| {
            Ok::<_, StorageError>(BucketSum { count: unsigned(row.try_get(0)?), sum: unsigned(row.try_get(1)?) })
        };
        Ok(self.0.row(sql, &[&self.0.id(), &bucket.to_string()])?.map(sum).transpose()?.unwrap_or_default())
    }

    fn held(&self, bucket: Bucket, after: Option<(&str, Uuid)>, limit: usize) -> Result<Vec<Entry>, StorageError> {
        let sql = "SELECT member.seq, member.kind, member.id, record.body
                   FROM member JOIN record ON record.workspace = member.workspace AND record.kind = member.kind
                                          AND record.id = member.id
                   WHERE member.workspace = $1 AND member.bucket = $2 AND member.present
                     AND (member.kind, member.id) > ($3, $4)
                   ORDER BY member.kind, member.id LIMIT $5";
        let (kind, id) = after.unwrap_or(("", Uuid::nil()));
        let entry = |row: &Row| {
            let (seq, body) = (unsigned(row.try_get(0)?), Some(row.try_get(3)?));
            Ok(Entry { bucket, seq, kind: row.try_get(1)?, id: row.try_get(2)?, body })
        };
        self.0.rows(sql, &[&self.0.id(), &bucket.to_string(), &kind, &id, &count(limit)])?.iter().map(entry).collect()
    }

    fn changed_since(&self, bucket: Bucket, seq: u64, most: u64) -> Result<u64, StorageError> {
        let sql = "SELECT count(*) FROM
                   (SELECT 1 FROM member WHERE workspace = $1 AND bucket = $2 AND seq > $3 LIMIT $4) AS moved";
        let row = self.0.row(sql, &[&self.0.id(), &bucket.to_string(), &signed(seq), &signed(most)])?;
        row.map_or(Ok(0), |row| Ok(unsigned(row.try_get(0)?)))
    }

    fn horizon(&self, bucket: Bucket) -> Result<u64, StorageError> {
        let sql = "SELECT horizon FROM bucket WHERE workspace = $1 AND bucket = $2";
        let row = self.0.row(sql, &[&self.0.id(), &bucket.to_string()])?;
        row.map_or(Ok(0), |row| Ok(unsigned(row.try_get(0)?)))
    }

    fn device_cursor(&self, device: DeviceId, bucket: Bucket) -> Result<Option<DeviceCursor>, StorageError> {
        let sql = "SELECT seq, base, seen_at FROM device_cursor WHERE workspace = $1 AND device = $2 AND bucket = $3";
        let cursor = |row: Row| {
            Ok(DeviceCursor {
                seq: unsigned(row.try_get(0)?),
                base: unsigned(row.try_get(1)?),
                seen_at: Timestamp(row.try_get(2)?),
            })
        };
        self.0.row(sql, &[&self.0.id(), &device.0, &bucket.to_string()])?.map(cursor).transpose()
    }

    fn log(&self) -> Result<Edge, StorageError> {
        Ok(self.0.state().1)
    }

    fn log_hashes(&self, level: u32, from: u64, limit: usize) -> Result<Vec<Hash>, StorageError> {
        let (id, from_idx, limit) = (self.0.id(), signed(from), count(limit));
        let rows = if level == 0 {
            let sql = "SELECT idx, leaf_hash FROM log_leaf WHERE workspace = $1 AND idx >= $2 ORDER BY idx LIMIT $3";
            self.0.rows(sql, &[&id, &from_idx, &limit])?
        } else {
            let sql = "SELECT idx, hash FROM log_node
                       WHERE workspace = $1 AND level = $4 AND idx >= $2 ORDER BY idx LIMIT $3";
            self.0.rows(sql, &[&id, &from_idx, &limit, &i64::from(level)])?
        };
        let row = |row: &Row| {
            let hash = Hash::try_from(row.try_get::<_, &[u8]>(1)?).map_err(|why| corrupt("hash", &why))?;
            Ok((unsigned(row.try_get(0)?), hash))
        };
        without_gap(from, rows.iter().map(row))
    }

    fn each_record(&self, show: &mut dyn FnMut(&str, Uuid, &str)) -> Result<(), StorageError> {
        let sql = "SELECT kind, id, body FROM record
                   WHERE workspace = $1 AND (kind, id) > ($2, $3) AND NOT deleted ORDER BY kind, id LIMIT $4";
        let (mut kind, mut id) = (String::new(), Uuid::nil());
        loop {
            let rows = self.0.rows(sql, &[&self.0.id(), &kind, &id, &STRIDE])?;
            let Some(last) = rows.last() else { return Ok(()) };
            (kind, id) = (last.try_get(0)?, last.try_get(1)?);
            for row in &rows {
                show(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            }
        }
    }

    fn body(&self, kind: Kind, id: Uuid) -> Result<Option<String>, StorageError> {
        let sql = "SELECT body FROM record WHERE workspace = $1 AND kind = $2 AND id = $3 AND NOT deleted";
        let row = self.0.row(sql, &[&self.0.id(), &kind.name(), &id])?;
        row.map(|row| Ok(row.try_get(0)?)).transpose()
    }

    fn ids_under(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, StorageError> {
        let sql = "SELECT id FROM lookup WHERE workspace = $1 AND name = $2 AND key = $3 ORDER BY id";
        let rows = self.0.rows(sql, &[&self.0.id(), &lookup.name(), &index_key(key)])?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    fn along(&self, stretch: &Stretch<'_>) -> Result<Vec<(String, Uuid)>, StorageError> {
        let ((key, id), end) = stretch.bounds(&index_key);
        let sql = match stretch.backwards {
            false => {
                "SELECT key, id FROM lookup WHERE workspace = $1 AND name = $2 AND (key, id) > ($3, $4) AND key <= $5
                 ORDER BY key, id LIMIT $6"
            }
            true => {
                "SELECT key, id FROM lookup WHERE workspace = $1 AND name = $2 AND (key, id) < ($3, $4) AND key >= $5
                 ORDER BY key DESC, id DESC LIMIT $6"
            }
        };
        let name = stretch.lookup.name();
        let rows = self.0.rows(sql, &[&self.0.id(), &name, &key, &id, &end, &count(stretch.limit)])?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    fn seq_of(&self, kind: Kind, id: Uuid) -> Result<u64, StorageError> {
        let sql = "SELECT seq FROM record WHERE workspace = $1 AND kind = $2 AND id = $3";
        let row = self.0.row(sql, &[&self.0.id(), &kind.name(), &id])?;
        row.map_or(Ok(0), |row| Ok(unsigned(row.try_get(0)?)))
    }

    fn ids_before(&self, kind: Kind, before: Option<Uuid>, limit: usize) -> Result<Vec<Uuid>, StorageError> {
        let sql = "SELECT id FROM record WHERE workspace = $1 AND kind = $2 AND id < $3 AND NOT deleted
                   ORDER BY id DESC LIMIT $4";
        let before = before.unwrap_or(Uuid::max());
        let rows = self.0.rows(sql, &[&self.0.id(), &kind.name(), &before, &count(limit)])?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    fn ids_after(&self, kind: Kind, after: Option<Uuid>, limit: usize) -> Result<Vec<Uuid>, StorageError> {
        let sql = "SELECT id FROM record
                   WHERE workspace = $1 AND kind = $2 AND ($3::uuid IS NULL OR id > $3) AND NOT deleted
                   ORDER BY id LIMIT $4";
        let rows = self.0.rows(sql, &[&self.0.id(), &kind.name(), &after, &count(limit)])?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    fn placed(&self) -> Result<u32, StorageError> {
        let row = self.0.row("SELECT placed FROM workspace WHERE id = $1", &[&self.0.id()])?;
        figure(row.ok_or(StorageError::NoWorkspace)?.try_get(0)?)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<StoredLeaf>, StorageError> {
        let sql = concat!(leaf_columns!(), " WHERE leaf.workspace = $1 AND leaf.idx >= $2 ORDER BY leaf.idx LIMIT $3");
        self.0.rows(sql, &[&self.0.id(), &signed(from), &count(limit)])?.iter().map(stored_leaf).collect()
    }

    fn leaves_naming(&self, record: Uuid, before: u64, limit: usize) -> Result<Vec<StoredLeaf>, StorageError> {
        let sql = concat!(
            leaf_columns!(),
            " WHERE leaf.workspace = $1 AND leaf.idx < $2 AND position($3::bytea IN command.payload) > 0
              ORDER BY leaf.idx DESC LIMIT $4"
        );
        let named = record.to_string().into_bytes();
        let rows = self.0.rows(sql, &[&self.0.id(), &signed(before), &named, &count(limit)])?;
        rows.iter().map(stored_leaf).collect()
    }

    fn account(&self, person: PersonId) -> Result<Option<Account>, StorageError> {
        let sql = "SELECT person, password FROM account WHERE workspace = $1 AND person = $2";
        let account = |row: Row| Ok(Account { person: PersonId(row.try_get(0)?), password: row.try_get(1)? });
        self.0.row(sql, &[&self.0.id(), &person.0])?.map(account).transpose()
    }

    fn attempts(&self, user_hash: &Hash) -> Result<Option<Attempts>, StorageError> {
        let sql = "SELECT failures, until FROM attempt WHERE workspace = $1 AND user_hash = $2";
        let attempts =
            |row: Row| Ok(Attempts { failures: figure(row.try_get(0)?)?, until: Timestamp(row.try_get(1)?) });
        self.0.row(sql, &[&self.0.id(), &&user_hash[..]])?.map(attempts).transpose()
    }

    fn session_by_access(&self, access_hash: &Hash) -> Result<Option<SessionRow>, StorageError> {
        let sql = "SELECT device, person, access_hash, access_until, refresh_hash, previous_refresh, refresh_until
                   FROM session WHERE workspace = $1 AND access_hash = $2";
        self.0.row(sql, &[&self.0.id(), &&access_hash[..]])?.as_ref().map(session).transpose()
    }

    fn session(&self, device: DeviceId) -> Result<Option<SessionRow>, StorageError> {
        let sql = "SELECT device, person, access_hash, access_until, refresh_hash, previous_refresh, refresh_until
                   FROM session WHERE workspace = $1 AND device = $2";
        self.0.row(sql, &[&self.0.id(), &device.0])?.as_ref().map(session).transpose()
    }

    fn figures(&self, now: Timestamp) -> Result<Figures, StorageError> {
        let sql = "SELECT pg_database_size(current_database()),
                          (SELECT count(*) FROM session WHERE workspace = $1 AND refresh_until > $2),
                          (SELECT count(*) FROM device WHERE workspace = $1 AND NOT revoked),
                          (SELECT count(*) FROM command WHERE workspace = $1 AND verdict LIKE '{\"verdict\":\"held\"%')";
        let row = self.0.row(sql, &[&self.0.id(), &now.0])?.ok_or(StorageError::NoWorkspace)?;
        let (workspace, log) = self.0.state();
        Ok(Figures {
            head: workspace.head,
            durable_seq: workspace.durable_seq,
            log_size: log.size(),
            bytes: unsigned(row.try_get(0)?),
            sessions: unsigned(row.try_get(1)?),
            devices: unsigned(row.try_get(2)?),
            held: unsigned(row.try_get(3)?),
        })
    }
}

fn device(row: &Row) -> Result<Device, StorageError> {
    Ok(Device {
        id: DeviceId(row.try_get(0)?),
        person: PersonId(row.try_get(1)?),
        name: row.try_get(2)?,
        public_key: PublicKey::from_bytes(row.try_get(3)?).map_err(|why| corrupt("key", &why))?,
        counter: unsigned(row.try_get(4)?),
        last_hash: row.try_get(5)?,
        revoked: row.try_get(6)?,
        registered_at: Timestamp(row.try_get(7)?),
    })
}

fn session(row: &Row) -> Result<SessionRow, StorageError> {
    let hash = |bytes: &[u8]| Hash::try_from(bytes).map_err(|why| corrupt("hash", &why));
    let previous: &[u8] = row.try_get(5)?;
    Ok(SessionRow {
        device: DeviceId(row.try_get(0)?),
        person: PersonId(row.try_get(1)?),
        access_hash: hash(row.try_get(2)?)?,
        access_until: Timestamp(row.try_get(3)?),
        refresh_hash: hash(row.try_get(4)?)?,
        previous_refresh: previous.try_into().ok(),
        refresh_until: Timestamp(row.try_get(6)?),
    })
}

/// A result whose time and verdict stand at `at` and after it.
fn result(row: &Row, id: CommandId, counter: u64, at: usize) -> Result<CommandResult, StorageError> {
    let verdict: Verdict = serde_json::from_str(row.try_get(at + 1)?).map_err(|why| corrupt("verdict", &why))?;
    Ok(CommandResult { id, counter, judged_at: Timestamp(row.try_get(at)?), verdict })
}

/// A small figure, stored with room to spare.
pub(super) fn figure(value: i64) -> Result<u32, StorageError> {
    u32::try_from(value).map_err(|why| corrupt("figure", &why))
}

fn corrupt(what: &'static str, why: &dyn std::error::Error) -> StorageError {
    StorageError::Corrupt { what, why: why.to_string() }
}
