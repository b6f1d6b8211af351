//! Writing: one transaction at a time, every record with the next sequence.

use super::super::{
    Account, Attempts, Changed, Device, Judged, SessionRow, StorageError, WorkspaceTx, WorkspaceView, buckets_of,
};
use super::read::{Reads, signed, unsigned};
use rusqlite::{Connection, params};
use slipway_domain::checksum::row_checksum;
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
use std::collections::BTreeMap;
use std::sync::MutexGuard;
use uuid::Uuid;

/// A writing transaction. What moves with every record is kept here and written once, at commit.
pub(super) struct SqliteTx<'a> {
    connection: MutexGuard<'a, Connection>,
    counts: Counts,
    /// As they were at the savepoint.
    marked: Option<Counts>,
    /// Records changed since the savepoint, by key: the sequence given and the body.
    changed: BTreeMap<(Kind, Uuid), (u64, Option<String>)>,
    open: bool,
}

#[derive(Clone, Debug)]
struct Counts {
    head: u64,
    sums: BTreeMap<Bucket, BucketSum>,
    log: Edge,
    log_moved: bool,
}

impl Reads for SqliteTx<'_> {
    fn connection(&self) -> Result<&Connection, StorageError> {
        Ok(&self.connection)
    }
}

impl<'a> SqliteTx<'a> {
    pub(super) fn begin(connection: MutexGuard<'a, Connection>) -> Result<Self, StorageError> {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        let mut tx = Self {
            connection,
            counts: Counts { head: 0, sums: BTreeMap::new(), log: Edge::default(), log_moved: false },
            marked: None,
            changed: BTreeMap::new(),
            open: true,
        };
        tx.counts.head = tx.workspace()?.head;
        tx.counts.log = tx.log()?;
        Ok(tx)
    }

    fn bucket_sum(&self, bucket: Bucket) -> Result<BucketSum, StorageError> {
        match self.counts.sums.get(&bucket) {
            Some(sum) => Ok(*sum),
            None => self.sum(bucket),
        }
    }

    /// The sequence for this record within this command: the next one, or the one it was given before in it.
    fn seq_for(&mut self, key: (Kind, Uuid), body: Option<String>) -> u64 {
        let head = &mut self.counts.head;
        let entry = self.changed.entry(key).or_insert_with(|| {
            *head += 1;
            (*head, None)
        });
        entry.1 = body;
        entry.0
    }

    fn put_record(&mut self, record: &Record) -> Result<(), StorageError> {
        let corrupt = |why: Fault| StorageError::Corrupt { what: "record", why: why.to_string() };
        let (kind, id, body) = (record.kind(), record.id(), record.body().map_err(corrupt)?);
        let seq = self.seq_for((kind, id), Some(body.clone()));
        self.statement(
            "INSERT INTO record (kind, id, seq, deleted, body) VALUES (?1, ?2, ?3, 0, ?4)
             ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq, deleted = 0, body = excluded.body",
        )?
        .execute(params![kind.name(), id, signed(seq), body])?;
        self.put_lookups(kind, id, record.lookups())?;
        self.put_members((kind, id), seq, &buckets_of(record), &body)
    }

    fn remove_record(&mut self, kind: Kind, id: Uuid) -> Result<(), StorageError> {
        let there = self
            .statement("SELECT 1 FROM record WHERE kind = ?1 AND id = ?2 AND deleted = 0")?
            .exists(params![kind.name(), id])?;
        if !there {
            return Ok(());
        }
        let seq = self.seq_for((kind, id), None);
        self.statement("UPDATE record SET seq = ?3, deleted = 1, body = '' WHERE kind = ?1 AND id = ?2")?
            .execute(params![kind.name(), id, signed(seq)])?;
        self.put_lookups(kind, id, Vec::new())?;
        self.put_members((kind, id), seq, &[], "")
    }

    /// Puts a record into exactly these buckets and keeps their sums. Where it was before it leaves a row that says so.
    fn put_members(
        &mut self,
        (kind, id): (Kind, Uuid),
        seq: u64,
        buckets: &[Bucket],
        body: &str,
    ) -> Result<(), StorageError> {
        let held: BTreeMap<String, (bool, i64)> = self
            .statement("SELECT bucket, present, checksum FROM member WHERE kind = ?1 AND id = ?2")?
            .query_map(params![kind.name(), id], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
            .collect::<Result<_, _>>()?;
        let corrupt =
            |why: slipway_sync::bucket::NotABucket| StorageError::Corrupt { what: "bucket", why: why.to_string() };
        for (name, (present, checksum)) in &held {
            let bucket: Bucket = name.parse().map_err(corrupt)?;
            if *present {
                let mut sum = self.bucket_sum(bucket)?;
                sum.count = sum.count.saturating_sub(1);
                sum.sum = sum.sum.wrapping_sub(unsigned(*checksum));
                self.counts.sums.insert(bucket, sum);
                if !buckets.contains(&bucket) {
                    self.put_member(name, kind, id, seq, None)?;
                }
            }
        }
        for bucket in buckets {
            let checksum = row_checksum(kind.name(), id, seq, body);
            let mut sum = self.bucket_sum(*bucket)?;
            sum.count += 1;
            sum.sum = sum.sum.wrapping_add(checksum);
            self.counts.sums.insert(*bucket, sum);
            self.put_member(&bucket.to_string(), kind, id, seq, Some(checksum))?;
        }
        Ok(())
    }

    fn put_member(
        &self,
        bucket: &str,
        kind: Kind,
        id: Uuid,
        seq: u64,
        checksum: Option<u64>,
    ) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO member (bucket, kind, id, seq, present, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (kind, id, bucket)
             DO UPDATE SET seq = excluded.seq, present = excluded.present, checksum = excluded.checksum",
        )?
        .execute(params![
            bucket,
            kind.name(),
            id,
            signed(seq),
            checksum.is_some(),
            signed(checksum.unwrap_or(0))
        ])?;
        Ok(())
    }

    /// Makes the record's keys these; most writes change none, so the difference is written and not the whole.
    fn put_lookups(&self, kind: Kind, id: Uuid, wanted: Vec<(Lookup, String)>) -> Result<(), StorageError> {
        let mut wanted: Vec<(String, String)> = wanted.into_iter().map(|(lookup, key)| (lookup.name(), key)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let held: Vec<(String, String)> = self
            .statement("SELECT name, key FROM lookup WHERE kind = ?1 AND id = ?2")?
            .query_map(params![kind.name(), id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (name, key) in held.iter().filter(|held| !wanted.contains(held)) {
            self.statement("DELETE FROM lookup WHERE name = ?1 AND key = ?2 AND id = ?3")?
                .execute(params![name, key, id])?;
        }
        for (name, key) in wanted.iter().filter(|wanted| !held.contains(wanted)) {
            self.statement("INSERT OR REPLACE INTO lookup (name, key, id, kind) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![name, key, id, kind.name()])?;
        }
        Ok(())
    }

    fn write_counts(&self) -> Result<(), StorageError> {
        for (bucket, sum) in &self.counts.sums {
            self.statement(
                "INSERT INTO bucket (bucket, records, total) VALUES (?1, ?2, ?3)
                 ON CONFLICT (bucket) DO UPDATE SET records = excluded.records, total = excluded.total",
            )?
            .execute(params![bucket.to_string(), signed(sum.count), signed(sum.sum)])?;
        }
        if self.counts.log_moved {
            let edge = self.counts.log.roots().concat();
            self.statement("UPDATE workspace SET head = ?1, log_size = ?2, log_edge = ?3")?.execute(params![
                signed(self.counts.head),
                signed(self.counts.log.size()),
                edge
            ])?;
        } else {
            self.statement("UPDATE workspace SET head = ?1")?.execute([signed(self.counts.head)])?;
        }
        Ok(())
    }
}

impl Drop for SqliteTx<'_> {
    fn drop(&mut self) {
        if self.open
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "Rolling back a transaction failed");
        }
    }
}

impl Records for SqliteTx<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        let body = self.body(kind, id).map_err(Fault::new)?;
        body.map(|body| Record::from_body(kind, &body)).transpose()
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        self.statement("SELECT id FROM lookup WHERE name = ?1 AND key = ?2 ORDER BY id")
            .map_err(Fault::new)?
            .query_map(params![lookup.name(), key], |row| row.get(0))
            .and_then(Iterator::collect)
            .map_err(Fault::new)
    }

    fn write(&mut self, record: Record) -> Result<(), Fault> {
        self.put_record(&record).map_err(Fault::new)
    }

    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        self.remove_record(kind, id).map_err(Fault::new)
    }
}

impl WorkspaceTx for SqliteTx<'_> {
    fn savepoint(&mut self) -> Result<(), StorageError> {
        self.statement("SAVEPOINT c")?.execute([])?;
        self.marked = Some(self.counts.clone());
        self.changed.clear();
        Ok(())
    }

    fn rollback_to_savepoint(&mut self) -> Result<(), StorageError> {
        self.statement("ROLLBACK TO c")?.execute([])?;
        self.statement("RELEASE c")?.execute([])?;
        if let Some(counts) = self.marked.take() {
            self.counts = counts;
        }
        self.changed.clear();
        Ok(())
    }

    fn release_savepoint(&mut self) -> Result<Vec<Changed>, StorageError> {
        self.statement("RELEASE c")?.execute([])?;
        self.marked = None;
        let mut changes: Vec<Changed> = std::mem::take(&mut self.changed)
            .into_iter()
            .map(|((kind, id), (seq, body))| Changed { kind: kind.name(), id, seq, body })
            .collect();
        changes.sort_unstable_by_key(|change| change.seq);
        Ok(changes)
    }

    fn put_command(&mut self, judged: &Judged<'_>) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO command (id, device, counter, actor, payload, signature, verdict,
                                  seq_from, seq_to, judged_at, rules_version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            judged.id.0,
            judged.device.0,
            signed(judged.counter),
            judged.actor.0,
            judged.payload,
            judged.signature,
            judged.verdict,
            signed(judged.seqs.0),
            signed(judged.seqs.1),
            judged.judged_at.0,
            RULES_VERSION,
        ])?;
        Ok(())
    }

    fn advance(&mut self, device: DeviceId, counter: u64, hash: &str, id: CommandId) -> Result<(), StorageError> {
        self.statement("INSERT INTO chain (device, counter, command) VALUES (?1, ?2, ?3)")?.execute(params![
            device.0,
            signed(counter),
            id.0
        ])?;
        self.statement("UPDATE device SET counter = ?2, last_hash = ?3 WHERE id = ?1")?.execute(params![
            device.0,
            signed(counter),
            hash
        ])?;
        Ok(())
    }

    fn append_leaf(&mut self, leaf: Hash, salt: &[u8], changes: &Hash, id: CommandId) -> Result<(), StorageError> {
        self.statement("INSERT INTO log_leaf (idx, leaf_hash, salt, changes, command) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![signed(self.counts.log.size()), leaf, salt, changes, id.0])?;
        self.counts.log.append(leaf);
        self.counts.log_moved = true;
        Ok(())
    }

    fn numbers(&self) -> Result<BTreeMap<Series, u32>, StorageError> {
        let mut numbers: BTreeMap<Series, u32> = Series::ALL.into_iter().map(|series| (series, 1)).collect();
        let mut statement = self.statement("SELECT name, next FROM series")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name: String = row.get(0)?;
            if let Some(series) = Series::ALL.into_iter().find(|series| series.name() == name) {
                numbers.insert(series, row.get(1)?);
            }
        }
        Ok(numbers)
    }

    fn set_number(&mut self, series: Series, next: u32) -> Result<(), StorageError> {
        self.statement(
            "INSERT INTO series (name, next) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET next = excluded.next",
        )?
        .execute(params![series.name(), next])?;
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
            "INSERT INTO account (person, user, password) VALUES (?1, ?2, ?3)
             ON CONFLICT (person) DO UPDATE SET user = excluded.user, password = excluded.password",
        )?
        .execute(params![account.person.0, account.user, account.password])?;
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

    fn set_epoch(&mut self, epoch: Epoch) -> Result<(), StorageError> {
        self.statement("UPDATE workspace SET epoch = ?1")?.execute([epoch.0])?;
        Ok(())
    }

    fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        self.write_counts()?;
        self.connection.execute_batch("COMMIT")?;
        self.open = false;
        Ok(())
    }
}
