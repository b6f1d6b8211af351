//! Writing: one transaction at a time.

use super::super::draft::{CommandRow, Draft, Engine, Held, Key, LookupRow, MemberRow, RecordRow, Rows};
use super::super::nodes::LogNode;
use super::super::restored::DeclaredRestore;
use super::super::{
    Account, Attempts, Changed, Device, DeviceCursor, DeviceEntry, Judged, SessionRow, StorageError, WorkspaceTx,
    WorkspaceView, bucket_named, count, kind_named, series_named, signed, unsigned,
};
use super::read::Reads;
use rusqlite::{Connection, params};
use slipway_domain::command::RULES_VERSION;
use slipway_domain::id::{CommandId, DeviceId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::Series;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::log::{Edge, Hash};
use slipway_sync::protocol::{BucketSum, Epoch, Lease, LeaseRequest};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::MutexGuard;
use uuid::Uuid;

/// A writing transaction: what commands change is kept in a draft and written at commit, or before it is read back.
pub(super) struct SqliteTx<'a> {
    connection: MutexGuard<'a, Connection>,
    draft: RefCell<Draft>,
    open: bool,
}

impl Reads for SqliteTx<'_> {
    fn connection(&self) -> Result<&Connection, StorageError> {
        self.draft.borrow_mut().settle(&Raw(&self.connection))?;
        Ok(&self.connection)
    }
}

impl<'a> SqliteTx<'a> {
    pub(super) fn begin(connection: MutexGuard<'a, Connection>) -> Result<Self, StorageError> {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut tx = Self { connection, draft: RefCell::new(Draft::new(0, Edge::default())), open: true };
        tx.draft = RefCell::new(Draft::new(tx.workspace()?.head, tx.log()?));
        Ok(tx)
    }

    fn raw(&self) -> Raw<'_> {
        Raw(&self.connection)
    }
}

impl Drop for SqliteTx<'_> {
    fn drop(&mut self) {
        if self.open && self.connection.execute_batch("ROLLBACK").is_err() {
            tracing::warn!("Rolling back a transaction failed");
        }
    }
}

/// The connection as it is, without what the draft still holds.
struct Raw<'a>(&'a Connection);

impl Reads for Raw<'_> {
    fn connection(&self) -> Result<&Connection, StorageError> {
        Ok(self.0)
    }
}

impl Raw<'_> {
    fn numbers(&self) -> Result<BTreeMap<Series, u32>, StorageError> {
        let mut statement = self.statement("SELECT name, next FROM series")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
        Ok(series_named(rows.collect::<Result<Vec<_>, _>>()?))
    }

    fn put_member(&self, row: &MemberRow) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO member (bucket, kind, id, seq, present, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (kind, id, bucket)
             DO UPDATE SET seq = excluded.seq, present = excluded.present, checksum = excluded.checksum",
        )?
        .execute(params![
            row.bucket.to_string(),
            row.key.0.name(),
            row.key.1,
            signed(row.seq),
            row.checksum.is_some(),
            signed(row.checksum.unwrap_or(0))
        ])?;
        Ok(())
    }

    fn put_record(&self, row: &RecordRow<'_>) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO record (kind, id, seq, deleted, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (kind, id)
             DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted, body = excluded.body",
        )?
        .execute(params![
            row.key.0.name(),
            row.key.1,
            signed(row.seq),
            row.body.is_none(),
            row.body.unwrap_or("")
        ])?;
        Ok(())
    }

    fn put_node(&self, node: &LogNode) -> Result<(), StorageError> {
        self.statement("INSERT OR IGNORE INTO log_node (level, idx, hash) VALUES (?1, ?2, ?3)")?.execute(params![
            node.level,
            signed(node.index),
            node.hash
        ])?;
        Ok(())
    }

    fn put_command(&self, row: &CommandRow) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO command (id, device, counter, actor, payload, signature, verdict,
                                  seq_from, seq_to, judged_at, rules_version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            row.id.0,
            row.device.0,
            signed(row.counter),
            row.actor.0,
            row.payload,
            row.signature,
            row.verdict,
            signed(row.seqs.0),
            signed(row.seqs.1),
            row.judged_at.0,
            RULES_VERSION,
        ])?;
        Ok(())
    }
}

impl Engine for Raw<'_> {
    fn held(&self, keys: &[Key]) -> Result<Vec<Held>, StorageError> {
        let held = |(kind, id): &Key| {
            let mut held = Held::default();
            let mut statement =
                self.statement("SELECT bucket, present, checksum FROM member WHERE kind = ?1 AND id = ?2")?;
            let mut rows = statement.query(params![kind.name(), id])?;
            while let Some(row) = rows.next()? {
                let bucket: String = row.get(0)?;
                held.members.insert(bucket_named(&bucket)?, (row.get(1)?, unsigned(row.get(2)?)));
            }
            held.lookups = self
                .statement("SELECT name, key FROM lookup WHERE kind = ?1 AND id = ?2")?
                .query_map(params![kind.name(), id], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<Result<_, _>>()?;
            Ok(held)
        };
        keys.iter().map(held).collect()
    }

    fn found(&self, lookup: Lookup, key: &str) -> Result<Vec<Key>, StorageError> {
        let mut statement = self.statement("SELECT kind, id FROM lookup WHERE name = ?1 AND key = ?2 ORDER BY id")?;
        let rows = statement.query_map(params![lookup.name(), key], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.map(|row| row.map_err(StorageError::from).and_then(|(kind, id): (String, _)| Ok((kind_named(&kind)?, id))))
            .collect()
    }

    fn some_found(&self, lookup: Lookup, key: &str, most: usize) -> Result<Vec<Key>, StorageError> {
        let mut statement = self.statement("SELECT kind, id FROM lookup WHERE name = ?1 AND key = ?2 LIMIT ?3")?;
        let rows =
            statement.query_map(params![lookup.name(), key, count(most)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.map(|row| row.map_err(StorageError::from).and_then(|(kind, id): (String, _)| Ok((kind_named(&kind)?, id))))
            .collect()
    }

    fn bodies(&self, keys: &[Key]) -> Result<Vec<Option<String>>, StorageError> {
        keys.iter().map(|(kind, id)| self.body(*kind, *id)).collect()
    }

    fn stored_sum(&self, bucket: Bucket) -> Result<BucketSum, StorageError> {
        self.sum(bucket)
    }

    fn write_rows(&self, rows: &Rows<'_>) -> Result<(), StorageError> {
        rows.records.iter().try_for_each(|row| self.put_record(row))?;
        rows.members.iter().try_for_each(|row| self.put_member(row))?;
        for LookupRow { name, text, key } in &rows.lookups_gone {
            self.statement("DELETE FROM lookup WHERE name = ?1 AND key = ?2 AND id = ?3")?
                .execute(params![name, text, key.1])?;
        }
        for LookupRow { name, text, key } in &rows.lookups_new {
            self.statement("INSERT OR REPLACE INTO lookup (name, key, id, kind) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![name, text, key.1, key.0.name()])?;
        }
        for (bucket, sum) in rows.sums {
            self.statement(
                "INSERT INTO bucket (bucket, records, total) VALUES (?1, ?2, ?3)
                 ON CONFLICT (bucket) DO UPDATE SET records = excluded.records, total = excluded.total",
            )?
            .execute(params![bucket.to_string(), signed(sum.count), signed(sum.sum)])?;
        }
        rows.commands.iter().try_for_each(|row| self.put_command(row))?;
        for row in rows.links {
            self.statement("INSERT INTO chain (device, counter, command) VALUES (?1, ?2, ?3)")?.execute(params![
                row.device.0,
                signed(row.counter),
                row.command.0
            ])?;
        }
        for (device, (counter, hash)) in rows.ends {
            self.statement("UPDATE device SET counter = ?2, last_hash = ?3 WHERE id = ?1")?.execute(params![
                device.0,
                signed(*counter),
                hash
            ])?;
        }
        for row in rows.leaves {
            self.statement(
                "INSERT INTO log_leaf (idx, leaf_hash, salt, changes, command) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![signed(row.index), row.leaf, row.salt, row.changes, row.command])?;
        }
        rows.nodes.iter().try_for_each(|node| self.put_node(node))?;
        for (series, next) in rows.numbers {
            self.statement(
                "INSERT INTO series (name, next) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET next = excluded.next",
            )?
            .execute(params![series.name(), next])?;
        }
        let edge: Vec<u8> = rows.log.roots().concat();
        self.statement("UPDATE workspace SET head = ?1, log_size = ?2, log_edge = ?3")?.execute(params![
            signed(rows.head),
            signed(rows.log.size()),
            edge
        ])?;
        Ok(())
    }
}

impl Records for SqliteTx<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        self.draft.borrow().read((kind, id), || self.raw().body(kind, id))
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        self.draft.borrow().find(lookup, key, || self.raw().found(lookup, key))
    }

    fn any(&self, lookup: Lookup, key: &str) -> Result<bool, Fault> {
        self.draft.borrow().any(lookup, key, |most| self.raw().some_found(lookup, key, most))
    }

    fn write(&mut self, record: Record) -> Result<(), Fault> {
        self.draft.get_mut().write(record)
    }

    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        if self.read(kind, id)?.is_some() {
            self.draft.get_mut().remove((kind, id));
        }
        Ok(())
    }
}

impl WorkspaceTx for SqliteTx<'_> {
    fn savepoint(&mut self) -> Result<(), StorageError> {
        self.draft.get_mut().savepoint();
        Ok(())
    }

    fn rollback_to_savepoint(&mut self) -> Result<(), StorageError> {
        self.draft.get_mut().rollback();
        Ok(())
    }

    fn release_savepoint(&mut self) -> Result<Vec<Changed>, StorageError> {
        Ok(self.draft.get_mut().release())
    }

    fn prove(&mut self) -> Result<(), StorageError> {
        self.connection.execute_batch("SAVEPOINT proof")?;
        let proven = self.draft.borrow().write_to(&self.raw()).map(|_| ());
        self.connection.execute_batch("ROLLBACK TO proof; RELEASE proof")?;
        proven
    }

    fn put_command(&mut self, judged: &Judged<'_>) -> Result<(), StorageError> {
        self.draft.get_mut().put_command(judged);
        Ok(())
    }

    fn advance(&mut self, device: DeviceId, counter: u64, hash: &str, id: CommandId) -> Result<(), StorageError> {
        self.draft.get_mut().advance(device, counter, hash, id);
        Ok(())
    }

    fn append_leaf(&mut self, leaf: Hash, salt: &[u8], changes: &Hash, id: Uuid) -> Result<(), StorageError> {
        self.draft.get_mut().append_leaf(leaf, salt, changes, id);
        Ok(())
    }

    fn numbers(&self) -> Result<BTreeMap<Series, u32>, StorageError> {
        self.draft.borrow().numbers(|| self.raw().numbers())
    }

    fn set_number(&mut self, series: Series, next: u32) -> Result<(), StorageError> {
        self.draft.get_mut().set_number(series, next);
        Ok(())
    }

    fn lease(&mut self, request: LeaseRequest, device: DeviceId, now: Timestamp) -> Result<Lease, StorageError> {
        let first = self.numbers()?.get(&request.series).copied().unwrap_or(1);
        let next = first.checked_add(request.count).ok_or_else(|| StorageError::Corrupt {
            what: "series",
            why: format!("{} has no numbers left", request.series.name()),
        })?;
        self.set_number(request.series, next)?;
        self.statement("INSERT INTO lease (series, first, numbers, device, leased_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![request.series.name(), first, request.count, device.0, now.0])?;
        Ok(Lease { series: request.series, first, count: request.count })
    }

    fn put_device(&mut self, device: &Device) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO device (id, person, name, public_key, revoked, registered_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, revoked = excluded.revoked",
        )?
        .execute(params![
            device.id.0,
            device.person.0,
            device.name,
            device.public_key.to_bytes(),
            device.revoked,
            device.registered_at.0,
        ])?;
        Ok(())
    }

    fn put_device_entry(&mut self, entry: &DeviceEntry) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO device_entry (id, device, payload, signature, note, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![entry.id, entry.device.0, entry.payload, entry.signature, entry.note, entry.at.0])?;
        Ok(())
    }

    fn put_session(&mut self, session: &SessionRow) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO session (device, person, access_hash, access_until, refresh_hash, previous_refresh,
                                  refresh_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (device) DO UPDATE SET
                person = excluded.person, access_hash = excluded.access_hash, access_until = excluded.access_until,
                refresh_hash = excluded.refresh_hash, previous_refresh = excluded.previous_refresh,
                refresh_until = excluded.refresh_until",
        )?
        .execute(params![
            session.device.0,
            session.person.0,
            session.access_hash,
            session.access_until.0,
            session.refresh_hash,
            session.previous_refresh.as_ref().map_or(&[][..], |hash| &hash[..]),
            session.refresh_until.0,
        ])?;
        Ok(())
    }

    fn end_session(&mut self, device: DeviceId) -> Result<(), StorageError> {
        self.statement("DELETE FROM session WHERE device = ?1")?.execute([device.0])?;
        Ok(())
    }

    fn put_account(&mut self, account: &Account) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO account (person, password) VALUES (?1, ?2)
             ON CONFLICT (person) DO UPDATE SET password = excluded.password",
        )?
        .execute(params![account.person.0, account.password])?;
        Ok(())
    }

    fn put_attempts(&mut self, user_hash: &Hash, attempts: Option<Attempts>) -> Result<(), StorageError> {
        match attempts {
            Some(attempts) => {
                // Names long left alone are forgotten, or an attacker's guesses would fill the disk.
                self.statement("DELETE FROM attempt WHERE until < ?1")?.execute([attempts.until.plus_days(-1).0])?;
                self.statement(
                    "INSERT INTO attempt (user_hash, failures, until) VALUES (?1, ?2, ?3)
                     ON CONFLICT (user_hash) DO UPDATE SET failures = excluded.failures, until = excluded.until",
                )?
                .execute(params![user_hash, attempts.failures, attempts.until.0])?
            }
            None => self.statement("DELETE FROM attempt WHERE user_hash = ?1")?.execute([user_hash])?,
        };
        Ok(())
    }

    fn look_again(&mut self, kind: Kind, ids: &[Uuid]) -> Result<(), StorageError> {
        self.draft.get_mut().look_again(ids.iter().map(|id| (kind, *id)));
        Ok(())
    }

    fn set_placed(&mut self, version: u32) -> Result<(), StorageError> {
        self.statement("UPDATE workspace SET placed = ?1")?.execute([version])?;
        Ok(())
    }

    fn set_epoch(&mut self, epoch: Epoch, restored: &DeclaredRestore) -> Result<(), StorageError> {
        let sql = "UPDATE workspace SET epoch = ?1, restored_size = ?2, restored_why = ?3, restored_at = ?4";
        self.statement(sql)?.execute(params![epoch.0, signed(restored.size), restored.why, restored.at.0])?;
        Ok(())
    }

    fn put_log_nodes(&mut self, nodes: &[LogNode]) -> Result<(), StorageError> {
        nodes.iter().try_for_each(|node| self.raw().put_node(node))
    }

    fn set_durable(&mut self, seq: u64) -> Result<(), StorageError> {
        self.statement("UPDATE workspace SET durable_seq = ?1")?.execute([signed(seq)])?;
        Ok(())
    }

    fn put_device_cursor(
        &mut self,
        device: DeviceId,
        bucket: Bucket,
        cursor: &DeviceCursor,
    ) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO device_cursor (device, bucket, seq, base, seen_at) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (device, bucket)
             DO UPDATE SET seq = excluded.seq, base = excluded.base, seen_at = excluded.seen_at",
        )?
        .execute(params![
            device.0,
            bucket.to_string(),
            signed(cursor.seq),
            signed(cursor.base),
            cursor.seen_at.0
        ])?;
        Ok(())
    }

    fn compact(&mut self, since: Timestamp) -> Result<u64, StorageError> {
        // What was judged last before that time; older tombstones go whoever has not seen them.
        let old: i64 = self
            .statement("SELECT coalesce(max(seq_to), 0) FROM command WHERE judged_at < ?1")?
            .query_row([since.0], |row| row.get(0))?;
        self.statement(
            "UPDATE bucket SET horizon = max(horizon, ?1, coalesce(
                 (SELECT min(device_cursor.seq) FROM device_cursor JOIN device ON device.id = device_cursor.device
                  WHERE device_cursor.bucket = bucket.bucket AND device_cursor.seen_at >= ?2 AND NOT device.revoked),
                 (SELECT head FROM workspace)))",
        )?
        .execute(params![old, since.0])?;
        let gone = self
            .statement(
                "DELETE FROM member WHERE present = 0
                 AND seq <= (SELECT horizon FROM bucket WHERE bucket.bucket = member.bucket)",
            )?
            .execute([])?;
        self.statement(
            "DELETE FROM record WHERE deleted = 1 AND NOT EXISTS
             (SELECT 1 FROM member WHERE member.kind = record.kind AND member.id = record.id)",
        )?
        .execute([])?;
        Ok(gone as u64)
    }

    fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        self.connection()?.execute_batch("COMMIT")?;
        self.open = false;
        Ok(())
    }
}
