//! A copy of the whole file while it is in use, and a look over all that a file holds.

use super::super::unsigned;
use super::read::Reads;
use super::{Sqlite, SqliteView, StorageError, Workspace, WorkspaceView, connect};
use rusqlite::backup::Backup;
use rusqlite::{Connection, Row};
use slipway_domain::checksum::row_checksum;
use slipway_sync::log::Edge;
use slipway_sync::protocol::BucketSum;
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

/// What was found in a file that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The workspace's own row.
    pub workspace: Workspace,
    /// Records that are not removed.
    pub records: u64,
    /// Right edge of the audit log's tree.
    pub log: Edge,
}

impl Sqlite {
    /// Copies the file as it is at one moment; others go on reading and writing meanwhile.
    ///
    /// # Errors
    /// The target is there already or cannot be written.
    pub fn copy_to(&self, path: &Path) -> Result<(), StorageError> {
        if path.exists() {
            return Err(StorageError::Engine(format!("{} exists already", path.display()).into()));
        }
        let from = self.reader()?;
        let mut to = connect(path)?;
        // All pages in one step: in several, each write in between would begin the copy anew.
        let backup = Backup::new(&from, &mut to)?;
        if backup.step(-1)? != rusqlite::backup::StepResult::Done {
            return Err(StorageError::Busy);
        }
        drop(backup);
        // One file is one backup: nothing of it may stand in a journal beside it.
        to.pragma_update(None, "journal_mode", "DELETE")?;
        Ok(())
    }

    /// Looks over pages, sums of buckets and the chain of each device; the audit log has a look of its own.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] with the first fault found; or the engine failed.
    pub fn check(&self) -> Result<Checked, StorageError> {
        let view = SqliteView::begin(self.reader()?, &self.readers, 0)?;
        let connection = view.connection()?;
        let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Err(corrupt("file", found));
        }
        let records = buckets(connection)?;
        chains(connection)?;
        Ok(Checked { workspace: view.workspace()?, records, log: view.log()? })
    }
}

fn corrupt(what: &'static str, why: String) -> StorageError {
    StorageError::Corrupt { what, why }
}

/// Sums of all buckets made anew; gives the number of records.
fn buckets(connection: &Connection) -> Result<u64, StorageError> {
    let mut made: BTreeMap<String, BucketSum> = BTreeMap::new();
    let mut statement = connection.prepare(
        "SELECT member.bucket, member.kind, member.id, member.seq, record.body, member.checksum
         FROM member JOIN record ON record.kind = member.kind AND record.id = member.id
         WHERE member.present = 1 AND record.deleted = 0",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, id, seq, body): (String, Uuid, i64, String) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        let sum = row_checksum(&kind, id, unsigned(seq), &body);
        if sum != unsigned(row.get(5)?) {
            return Err(corrupt("record", format!("{kind} {id} is not what its checksum says")));
        }
        let bucket = made.entry(row.get(0)?).or_default();
        bucket.count += 1;
        bucket.sum = bucket.sum.wrapping_add(sum);
    }
    let told = |row: &Row<'_>| {
        Ok((row.get::<_, String>(0)?, BucketSum { count: unsigned(row.get(1)?), sum: unsigned(row.get(2)?) }))
    };
    let told: BTreeMap<String, BucketSum> = connection
        .prepare("SELECT bucket, records, total FROM bucket WHERE records > 0")?
        .query_map([], told)?
        .collect::<Result<_, _>>()?;
    if made != told {
        let differs = made.keys().chain(told.keys()).find(|name| made.get(*name) != told.get(*name));
        return Err(corrupt("bucket", format!("{} is not what its sum says", differs.map_or("one", String::as_str))));
    }
    let count: i64 = connection.query_row("SELECT count(*) FROM record WHERE deleted = 0", [], |row| row.get(0))?;
    Ok(unsigned(count))
}

/// Counters of each device are 1, 2, 3 to the one it stands at, and each has its command.
fn chains(connection: &Connection) -> Result<(), StorageError> {
    let sql = "SELECT device.name FROM device
               LEFT JOIN (SELECT chain.device AS device, count(command.id) AS links, max(chain.counter) AS last
                          FROM chain LEFT JOIN command ON command.id = chain.command GROUP BY chain.device) AS held
                 ON held.device = device.id
               WHERE coalesce(held.links, 0) <> device.counter OR coalesce(held.last, 0) <> device.counter LIMIT 1";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        Some(row) => Err(corrupt("chain", format!("device {} has gaps", row.get::<_, String>(0)?))),
        None => Ok(()),
    }
}
