//! Writing: the workspace's row is locked first; what commands change is kept in a draft and written in bulk.

use super::super::draft::{Draft, Engine, Held, Key, Rows};
use super::super::nodes::LogNode;
use super::super::restored::DeclaredRestore;
use super::super::{
    Account, Attempts, Changed, Device, DeviceCursor, DeviceEntry, Judged, SessionRow, StorageError, Workspace,
    WorkspaceTx, WorkspaceView, bucket_named, count, kind_named, series_named, signed, unsigned,
};
use super::notify::News;
use super::pool::{Connection, Params, wait};
use super::read::{Pg, Reads, figure, workspace};
use super::{LOCK, index_key};
use slipway_domain::command::RULES_VERSION;
use slipway_domain::id::{CommandId, DeviceId, WorkspaceId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::Series;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::log::{Edge, Hash};
use slipway_sync::protocol::{BucketSum, Epoch, Lease, LeaseRequest};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// A writing transaction.
pub(super) struct Writing {
    raw: Raw,
    draft: RefCell<Draft>,
    /// A statement failed, so the engine will not commit.
    failed: Cell<bool>,
    news: Arc<News>,
}

/// The transaction as the engine has it, without what the draft still holds.
struct Raw {
    connection: Connection,
    workspace: Workspace,
    log: Edge,
}

impl Writing {
    pub(super) fn begin(mut connection: Connection, id: WorkspaceId, news: &Arc<News>) -> Result<Self, StorageError> {
        let row = connection.begin("BEGIN ISOLATION LEVEL READ COMMITTED", LOCK, &[&id.0])?;
        let (workspace, log) = workspace(id, row)?;
        let draft = RefCell::new(Draft::new(workspace.head, log.clone()));
        Ok(Self { raw: Raw { connection, workspace, log }, draft, failed: Cell::new(false), news: Arc::clone(news) })
    }

    fn execute(&self, sql: &'static str, params: &Params<'_>) -> Result<(), StorageError> {
        self.connection()?.execute(sql, params).inspect_err(|_| self.failed.set(true))?;
        Ok(())
    }
}

impl Reads for Writing {
    fn connection(&self) -> Result<&Connection, StorageError> {
        self.draft.borrow_mut().settle(&self.raw).inspect_err(|_| self.failed.set(true))?;
        Ok(&self.raw.connection)
    }

    fn state(&self) -> (Workspace, Edge) {
        let draft = self.draft.borrow();
        (Workspace { head: draft.head(), ..self.raw.workspace.clone() }, draft.log().clone())
    }

    fn id(&self) -> Uuid {
        (&self.raw).id()
    }
}

impl Reads for &Raw {
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

impl Raw {
    fn numbers(&self) -> Result<BTreeMap<Series, u32>, StorageError> {
        let rows = self.rows("SELECT name, next FROM series WHERE workspace = $1", &[&self.id()])?;
        let rows = rows.iter().map(|row| Ok((row.try_get(0)?, figure(row.try_get(1)?)?)));
        Ok(series_named(rows.collect::<Result<_, StorageError>>()?))
    }
}

impl Engine for Raw {
    fn stored_key(&self, key: &str) -> String {
        index_key(key)
    }

    fn held(&self, keys: &[Key]) -> Result<Vec<Held>, StorageError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (kinds, ids): (Vec<&str>, Vec<Uuid>) = keys.iter().map(|(kind, id)| (kind.name(), *id)).unzip();
        let members = self.connection.statement(
            "SELECT member.kind, member.id, bucket, present, checksum
             FROM unnest($2::text[], $3::uuid[]) AS wanted (kind, id)
             JOIN member ON member.workspace = $1 AND member.kind = wanted.kind AND member.id = wanted.id",
        )?;
        let lookups = self.connection.statement(
            "SELECT lookup.kind, lookup.id, name, key
             FROM unnest($2::text[], $3::uuid[]) AS wanted (kind, id)
             JOIN lookup ON lookup.workspace = $1 AND lookup.kind = wanted.kind AND lookup.id = wanted.id",
        )?;
        let (id, client) = (self.id(), self.connection.client()?);
        let params: &Params<'_> = &[&id, &kinds, &ids];
        let (members, lookups) =
            wait(async { tokio::try_join!(biased; client.query(&members, params), client.query(&lookups, params)) })?;
        let mut held: HashMap<(&str, Uuid), Held> = HashMap::with_capacity(keys.len());
        for row in &members {
            let held = held.entry((row.try_get(0)?, row.try_get(1)?)).or_default();
            held.members.insert(bucket_named(row.try_get(2)?)?, (row.try_get(3)?, unsigned(row.try_get(4)?)));
        }
        for row in &lookups {
            let held = held.entry((row.try_get(0)?, row.try_get(1)?)).or_default();
            held.lookups.insert((row.try_get(2)?, row.try_get(3)?));
        }
        Ok(keys.iter().map(|(kind, id)| held.remove(&(kind.name(), *id)).unwrap_or_default()).collect())
    }

    fn found(&self, lookup: Lookup, key: &str) -> Result<Vec<Key>, StorageError> {
        let sql = "SELECT kind, id FROM lookup WHERE workspace = $1 AND name = $2 AND key = $3 ORDER BY id";
        self.rows(sql, &[&self.id(), &lookup.name(), &self.stored_key(key)])?
            .iter()
            .map(|row| Ok((kind_named(row.try_get(0)?)?, row.try_get(1)?)))
            .collect()
    }

    fn some_found(&self, lookup: Lookup, key: &str, most: usize) -> Result<Vec<Key>, StorageError> {
        let sql = "SELECT kind, id FROM lookup WHERE workspace = $1 AND name = $2 AND key = $3 LIMIT $4";
        self.rows(sql, &[&self.id(), &lookup.name(), &self.stored_key(key), &count(most)])?
            .iter()
            .map(|row| Ok((kind_named(row.try_get(0)?)?, row.try_get(1)?)))
            .collect()
    }

    fn bodies(&self, keys: &[Key]) -> Result<Vec<Option<String>>, StorageError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (kinds, ids): (Vec<&str>, Vec<Uuid>) = keys.iter().map(|(kind, id)| (kind.name(), *id)).unzip();
        let sql = "SELECT record.kind, record.id, body
                   FROM unnest($2::text[], $3::uuid[]) AS wanted (kind, id)
                   JOIN record ON record.workspace = $1 AND record.kind = wanted.kind AND record.id = wanted.id
                   WHERE NOT deleted";
        let rows = self.rows(sql, &[&self.id(), &kinds, &ids])?;
        let mut bodies: HashMap<(&str, Uuid), String> = HashMap::with_capacity(rows.len());
        for row in &rows {
            bodies.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
        }
        Ok(keys.iter().map(|(kind, id)| bodies.remove(&(kind.name(), *id))).collect())
    }

    fn stored_sum(&self, bucket: Bucket) -> Result<BucketSum, StorageError> {
        Pg(self).sum(bucket)
    }

    fn write_rows(&self, rows: &Rows<'_>) -> Result<(), StorageError> {
        let mut batch = Batch::new(self);
        batch.add_records(rows);
        batch.add_commands(rows);
        batch.add_counts(rows);
        batch.send()
    }
}

/// Statements that are sent together and waited for once.
struct Batch<'a> {
    raw: &'a Raw,
    statements: Vec<(&'static str, Vec<Column<'a>>)>,
}

/// The values of one parameter.
type Column<'a> = Box<dyn ToSql + Sync + 'a>;

fn column<'a, T, V: ToSql + Sync + 'a>(rows: &'a [T], value: impl Fn(&'a T) -> V) -> Column<'a> {
    Box::new(rows.iter().map(value).collect::<Vec<V>>())
}

impl<'a> Batch<'a> {
    fn new(raw: &'a Raw) -> Self {
        Self { raw, statements: Vec::new() }
    }

    /// A statement whose first parameter is the workspace, unless it has no rows.
    fn add<T>(&mut self, rows: &[T], sql: &'static str, columns: Vec<Column<'a>>) {
        if !rows.is_empty() {
            self.statements.push((sql, columns));
        }
    }

    fn add_records(&mut self, rows: &'a Rows<'_>) {
        let records = &rows.records;
        self.add(
            records,
            "INSERT INTO record (workspace, kind, id, seq, deleted, body)
             SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::boolean[], $6::text[])
             ON CONFLICT (workspace, kind, id)
             DO UPDATE SET seq = excluded.seq, deleted = excluded.deleted, body = excluded.body",
            vec![
                column(records, |row| row.key.0.name()),
                column(records, |row| row.key.1),
                column(records, |row| signed(row.seq)),
                column(records, |row| row.body.is_none()),
                column(records, |row| row.body.unwrap_or("")),
            ],
        );
        let members = &rows.members;
        self.add(
            members,
            "INSERT INTO member (workspace, bucket, kind, id, seq, present, checksum)
             SELECT $1, * FROM unnest($2::text[], $3::text[], $4::uuid[], $5::bigint[], $6::boolean[], $7::bigint[])
             ON CONFLICT (workspace, kind, id, bucket)
             DO UPDATE SET seq = excluded.seq, present = excluded.present, checksum = excluded.checksum",
            vec![
                column(members, |row| row.bucket.to_string()),
                column(members, |row| row.key.0.name()),
                column(members, |row| row.key.1),
                column(members, |row| signed(row.seq)),
                column(members, |row| row.checksum.is_some()),
                column(members, |row| signed(row.checksum.unwrap_or(0))),
            ],
        );
        let gone = &rows.lookups_gone;
        self.add(
            gone,
            "DELETE FROM lookup USING unnest($2::text[], $3::text[], $4::uuid[]) AS gone (name, key, id)
             WHERE lookup.workspace = $1 AND lookup.name = gone.name AND lookup.key = gone.key
               AND lookup.id = gone.id",
            vec![
                column(gone, |row| row.name.as_str()),
                column(gone, |row| row.text.as_str()),
                column(gone, |row| row.key.1),
            ],
        );
        let new = &rows.lookups_new;
        self.add(
            new,
            "INSERT INTO lookup (workspace, name, key, id, kind)
             SELECT $1, * FROM unnest($2::text[], $3::text[], $4::uuid[], $5::text[])
             ON CONFLICT (workspace, name, key, id) DO UPDATE SET kind = excluded.kind",
            vec![
                column(new, |row| row.name.as_str()),
                column(new, |row| row.text.as_str()),
                column(new, |row| row.key.1),
                column(new, |row| row.key.0.name()),
            ],
        );
    }

    fn add_commands(&mut self, rows: &'a Rows<'_>) {
        let commands = rows.commands;
        self.add(
            commands,
            "INSERT INTO command (workspace, rules_version, id, device, counter, actor, payload, signature, verdict,
                                  seq_from, seq_to, judged_at)
             SELECT $1, $2, * FROM unnest($3::uuid[], $4::uuid[], $5::bigint[], $6::uuid[], $7::bytea[], $8::bytea[],
                                          $9::text[], $10::bigint[], $11::bigint[], $12::bigint[])",
            vec![
                Box::new(i64::from(RULES_VERSION)),
                column(commands, |row| row.id.0),
                column(commands, |row| row.device.0),
                column(commands, |row| signed(row.counter)),
                column(commands, |row| row.actor.0),
                column(commands, |row| row.payload.as_slice()),
                column(commands, |row| row.signature.as_slice()),
                column(commands, |row| row.verdict.as_str()),
                column(commands, |row| signed(row.seqs.0)),
                column(commands, |row| signed(row.seqs.1)),
                column(commands, |row| row.judged_at.0),
            ],
        );
        let links = rows.links;
        self.add(
            links,
            "INSERT INTO chain (workspace, device, counter, command)
             SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::uuid[])",
            vec![
                column(links, |row| row.device.0),
                column(links, |row| signed(row.counter)),
                column(links, |row| row.command.0),
            ],
        );
        let leaves = rows.leaves;
        self.add(
            leaves,
            "INSERT INTO log_leaf (workspace, idx, leaf_hash, salt, changes, command)
             SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[], $5::bytea[], $6::uuid[])",
            vec![
                column(leaves, |row| signed(row.index)),
                column(leaves, |row| &row.leaf[..]),
                column(leaves, |row| row.salt.as_slice()),
                column(leaves, |row| &row.changes[..]),
                column(leaves, |row| row.command),
            ],
        );
        self.add_nodes(rows.nodes);
    }

    fn add_nodes(&mut self, nodes: &'a [LogNode]) {
        self.add(
            nodes,
            "INSERT INTO log_node (workspace, level, idx, hash)
             SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::bytea[]) ON CONFLICT DO NOTHING",
            vec![
                column(nodes, |node| i64::from(node.level)),
                column(nodes, |node| signed(node.index)),
                column(nodes, |node| &node.hash[..]),
            ],
        );
    }

    fn add_counts(&mut self, rows: &'a Rows<'_>) {
        let each = |more: &mut Self, count: usize, sql, columns| more.add(&vec![(); count], sql, columns);
        each(
            self,
            rows.ends.len(),
            "UPDATE device SET counter = moved.counter, last_hash = moved.hash
             FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS moved (id, counter, hash)
             WHERE device.workspace = $1 AND device.id = moved.id",
            vec![
                Box::new(rows.ends.keys().map(|id| id.0).collect::<Vec<_>>()),
                Box::new(rows.ends.values().map(|(counter, _)| signed(*counter)).collect::<Vec<_>>()),
                Box::new(rows.ends.values().map(|(_, hash)| hash.as_str()).collect::<Vec<_>>()),
            ],
        );
        each(
            self,
            rows.sums.len(),
            "INSERT INTO bucket (workspace, bucket, records, total)
             SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[])
             ON CONFLICT (workspace, bucket) DO UPDATE SET records = excluded.records, total = excluded.total",
            vec![
                Box::new(rows.sums.keys().map(Bucket::to_string).collect::<Vec<_>>()),
                Box::new(rows.sums.values().map(|sum| signed(sum.count)).collect::<Vec<_>>()),
                Box::new(rows.sums.values().map(|sum| signed(sum.sum)).collect::<Vec<_>>()),
            ],
        );
        each(
            self,
            rows.numbers.len(),
            "INSERT INTO series (workspace, name, next) SELECT $1, * FROM unnest($2::text[], $3::bigint[])
             ON CONFLICT (workspace, name) DO UPDATE SET next = excluded.next",
            vec![
                Box::new(rows.numbers.keys().map(|series| series.name()).collect::<Vec<_>>()),
                Box::new(rows.numbers.values().copied().map(i64::from).collect::<Vec<_>>()),
            ],
        );
        let edge: Vec<u8> = rows.log.roots().concat();
        self.statements.push((
            "UPDATE workspace SET head = $2, log_size = $3, log_edge = $4 WHERE id = $1",
            vec![Box::new(signed(rows.head)), Box::new(signed(rows.log.size())), Box::new(edge)],
        ));
    }

    fn send(self) -> Result<(), StorageError> {
        let client = self.raw.connection.client()?;
        let id = self.raw.id();
        let mut sent = Vec::with_capacity(self.statements.len());
        for (sql, columns) in &self.statements {
            let statement = self.raw.connection.statement(sql)?;
            let mut params: Vec<&(dyn ToSql + Sync)> = vec![&id];
            params.extend(columns.iter().map(AsRef::as_ref));
            sent.push(async move { client.execute(&statement, &params).await });
        }
        // All of them, in order: after the first failure the others only say that the transaction is aborted, and may be heard first.
        wait(futures_util::future::join_all(sent)).into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(())
    }
}

impl Records for Pg<Writing> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        self.0.draft.borrow().read((kind, id), || Pg(&self.0.raw).body(kind, id))
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        self.0.draft.borrow().find(lookup, key, || self.0.raw.found(lookup, key))
    }

    fn any(&self, lookup: Lookup, key: &str) -> Result<bool, Fault> {
        self.0.draft.borrow().any(lookup, key, |most| self.0.raw.some_found(lookup, key, most))
    }

    fn write(&mut self, record: Record) -> Result<(), Fault> {
        self.0.draft.get_mut().write(record)
    }

    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        if self.read(kind, id)?.is_some() {
            self.0.draft.get_mut().remove((kind, id));
        }
        Ok(())
    }
}

impl WorkspaceTx for Pg<Writing> {
    fn foresee(&mut self, keys: &[Key]) -> Result<(), StorageError> {
        self.0.draft.get_mut().foresee(keys, &self.0.raw)
    }

    fn savepoint(&mut self) -> Result<(), StorageError> {
        self.0.draft.get_mut().savepoint();
        Ok(())
    }

    fn rollback_to_savepoint(&mut self) -> Result<(), StorageError> {
        self.0.draft.get_mut().rollback();
        Ok(())
    }

    fn release_savepoint(&mut self) -> Result<Vec<Changed>, StorageError> {
        Ok(self.0.draft.get_mut().release())
    }

    fn prove(&mut self) -> Result<(), StorageError> {
        self.0.raw.connection.batch("SAVEPOINT proof")?;
        let proven = self.0.draft.borrow().write_to(&self.0.raw).map(|_| ());
        self.0.raw.connection.batch("ROLLBACK TO SAVEPOINT proof; RELEASE SAVEPOINT proof")?;
        proven
    }

    fn put_command(&mut self, judged: &Judged<'_>) -> Result<(), StorageError> {
        self.0.draft.get_mut().put_command(judged);
        Ok(())
    }

    fn advance(&mut self, device: DeviceId, counter: u64, hash: &str, id: CommandId) -> Result<(), StorageError> {
        self.0.draft.get_mut().advance(device, counter, hash, id);
        Ok(())
    }

    fn append_leaf(&mut self, leaf: Hash, salt: &[u8], changes: &Hash, id: Uuid) -> Result<(), StorageError> {
        self.0.draft.get_mut().append_leaf(leaf, salt, changes, id);
        Ok(())
    }

    fn numbers(&self) -> Result<BTreeMap<Series, u32>, StorageError> {
        self.0.draft.borrow().numbers(|| self.0.raw.numbers())
    }

    fn set_number(&mut self, series: Series, next: u32) -> Result<(), StorageError> {
        self.0.draft.get_mut().set_number(series, next);
        Ok(())
    }

    fn lease(&mut self, request: LeaseRequest, device: DeviceId, now: Timestamp) -> Result<Lease, StorageError> {
        let first = self.numbers()?.get(&request.series).copied().unwrap_or(1);
        let next = first.checked_add(request.count).ok_or_else(|| StorageError::Corrupt {
            what: "series",
            why: format!("{} has no numbers left", request.series.name()),
        })?;
        self.set_number(request.series, next)?;
        self.0.execute(
            "INSERT INTO lease (workspace, series, first, numbers, device, leased_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            &[&self.0.id(), &request.series.name(), &i64::from(first), &i64::from(request.count), &device.0, &now.0],
        )?;
        Ok(Lease { series: request.series, first, count: request.count })
    }

    fn put_device(&mut self, device: &Device) -> Result<(), StorageError> {
        self.0.execute(
            "INSERT INTO device (workspace, id, person, name, public_key, revoked, registered_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (workspace, id) DO UPDATE SET name = excluded.name, revoked = excluded.revoked",
            &[
                &self.0.id(),
                &device.id.0,
                &device.person.0,
                &device.name,
                &&device.public_key.to_bytes()[..],
                &device.revoked,
                &device.registered_at.0,
            ],
        )
    }

    fn put_device_entry(&mut self, entry: &DeviceEntry) -> Result<(), StorageError> {
        self.0.execute(
            "INSERT INTO device_entry (workspace, id, device, payload, signature, note, at)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[&self.0.id(), &entry.id, &entry.device.0, &entry.payload, &entry.signature, &entry.note, &entry.at.0],
        )
    }

    fn put_session(&mut self, session: &SessionRow) -> Result<(), StorageError> {
        self.0.execute(
            "INSERT INTO session (workspace, device, person, access_hash, access_until, refresh_hash,
                                  previous_refresh, refresh_until)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (workspace, device) DO UPDATE SET
                person = excluded.person, access_hash = excluded.access_hash, access_until = excluded.access_until,
                refresh_hash = excluded.refresh_hash, previous_refresh = excluded.previous_refresh,
                refresh_until = excluded.refresh_until",
            &[
                &self.0.id(),
                &session.device.0,
                &session.person.0,
                &&session.access_hash[..],
                &session.access_until.0,
                &&session.refresh_hash[..],
                &session.previous_refresh.as_ref().map_or(&[][..], |hash| &hash[..]),
                &session.refresh_until.0,
            ],
        )
    }

    fn end_session(&mut self, device: DeviceId) -> Result<(), StorageError> {
        self.0.execute("DELETE FROM session WHERE workspace = $1 AND device = $2", &[&self.0.id(), &device.0])
    }

    fn put_account(&mut self, account: &Account) -> Result<(), StorageError> {
        self.0.execute(
            "INSERT INTO account (workspace, person, password) VALUES ($1, $2, $3)
             ON CONFLICT (workspace, person) DO UPDATE SET password = excluded.password",
            &[&self.0.id(), &account.person.0, &account.password],
        )
    }

    fn put_attempts(&mut self, user_hash: &Hash, attempts: Option<Attempts>) -> Result<(), StorageError> {
        let hash = &&user_hash[..];
        let Some(attempts) = attempts else {
            return self
                .0
                .execute("DELETE FROM attempt WHERE workspace = $1 AND user_hash = $2", &[&self.0.id(), hash]);
        };
        // Names long left alone are forgotten, or an attacker's guesses would fill the disk.
        let old = attempts.until.plus_days(-1).0;
        self.0.execute("DELETE FROM attempt WHERE workspace = $1 AND until < $2", &[&self.0.id(), &old])?;
        self.0.execute(
            "INSERT INTO attempt (workspace, user_hash, failures, until) VALUES ($1, $2, $3, $4)
             ON CONFLICT (workspace, user_hash) DO UPDATE SET failures = excluded.failures, until = excluded.until",
            &[&self.0.id(), hash, &i64::from(attempts.failures), &attempts.until.0],
        )
    }

    fn look_again(&mut self, kind: Kind, ids: &[Uuid]) -> Result<(), StorageError> {
        self.0.draft.get_mut().look_again(ids.iter().map(|id| (kind, *id)));
        Ok(())
    }

    fn set_placed(&mut self, version: u32) -> Result<(), StorageError> {
        let id = self.0.id();
        self.0.execute("UPDATE workspace SET placed = $2 WHERE id = $1", &[&id, &i64::from(version)])
    }

    fn set_epoch(&mut self, epoch: Epoch, restored: &DeclaredRestore) -> Result<(), StorageError> {
        let sql =
            "UPDATE workspace SET epoch = $2, restored_size = $3, restored_why = $4, restored_at = $5 WHERE id = $1";
        let (size, at) = (signed(restored.size), restored.at.0);
        self.0.execute(sql, &[&self.0.id(), &epoch.0, &size, &restored.why, &at])?;
        self.0.raw.workspace.epoch = epoch;
        self.0.raw.workspace.restored = Some(restored.clone());
        Ok(())
    }

    fn put_log_nodes(&mut self, nodes: &[LogNode]) -> Result<(), StorageError> {
        let sql = "INSERT INTO log_node (workspace, level, idx, hash) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        nodes.iter().try_for_each(|node| {
            let (level, index, hash) = (i64::from(node.level), signed(node.index), node.hash.as_slice());
            self.0.execute(sql, &[&self.0.id(), &level, &index, &hash])
        })
    }

    fn set_durable(&mut self, seq: u64) -> Result<(), StorageError> {
        self.0.execute("UPDATE workspace SET durable_seq = $2 WHERE id = $1", &[&self.0.id(), &signed(seq)])?;
        self.0.raw.workspace.durable_seq = seq;
        Ok(())
    }

    fn put_device_cursor(
        &mut self,
        device: DeviceId,
        bucket: Bucket,
        cursor: &DeviceCursor,
    ) -> Result<(), StorageError> {
        self.0.execute(
            "INSERT INTO device_cursor (workspace, device, bucket, seq, base, seen_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (workspace, device, bucket)
             DO UPDATE SET seq = excluded.seq, base = excluded.base, seen_at = excluded.seen_at",
            &[
                &self.0.id(),
                &device.0,
                &bucket.to_string(),
                &signed(cursor.seq),
                &signed(cursor.base),
                &cursor.seen_at.0,
            ],
        )
    }

    fn compact(&mut self, since: Timestamp) -> Result<u64, StorageError> {
        let workspace = self.0.id();
        // What was judged last before that time; older tombstones go whoever has not seen them.
        self.0.execute(
            "UPDATE bucket SET horizon = greatest(horizon,
                 (SELECT coalesce(max(seq_to), 0) FROM command WHERE workspace = $1 AND judged_at < $2),
                 coalesce(
                     (SELECT min(c.seq) FROM device_cursor c JOIN device d ON d.workspace = c.workspace AND d.id = c.device
                      WHERE c.workspace = $1 AND c.bucket = bucket.bucket AND c.seen_at >= $2 AND NOT d.revoked),
                     (SELECT head FROM workspace WHERE id = $1)))
             WHERE workspace = $1",
            &[&workspace, &since.0],
        )?;
        let row = self.0.row(
            "WITH gone AS (
                 DELETE FROM member USING bucket
                 WHERE member.workspace = $1 AND bucket.workspace = $1 AND bucket.bucket = member.bucket
                   AND NOT member.present AND member.seq <= bucket.horizon RETURNING 1)
             SELECT count(*) FROM gone",
            &[&workspace],
        )?;
        self.0.execute(
            "DELETE FROM record WHERE workspace = $1 AND deleted AND NOT EXISTS
             (SELECT 1 FROM member WHERE member.workspace = $1 AND member.kind = record.kind AND member.id = record.id)",
            &[&workspace],
        )?;
        row.map_or(Ok(0), |row| Ok(unsigned(row.try_get(0)?)))
    }

    fn commit(mut self: Box<Self>) -> Result<(), StorageError> {
        self.0.connection()?;
        if self.0.failed.get() {
            return Err(StorageError::Engine("a statement of the transaction failed".into()));
        }
        self.0.raw.connection.commit()?;
        let Writing { raw, draft, news, .. } = &self.0;
        if draft.borrow().head() != raw.workspace.head {
            news.changed(raw.workspace.id);
        }
        Ok(())
    }
}
