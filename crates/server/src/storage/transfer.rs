//! Moving a workspace from one storage to another without loss: every row of every table, compared afterwards.
//!
//! Tables and columns are those the schemas have, so that a table added by a migration moves without being named here.
//! The source is locked meanwhile, and holds no workspace any more once the move is done: a server that still runs on
//! it answers nothing rather than let two histories begin.

use super::StorageError;
use super::postgres::tables::PgTables;
use super::postgres::{Address, HASHED, Postgres, index_key};
use super::sqlite::Sqlite;
use super::sqlite::tables::SqliteTables;
use crate::folder::{Folder, FolderError};
use sha2::{Digest, Sha256};
use slipway_domain::id::WorkspaceId;
use slipway_domain::record::{Kind, Record};
use slipway_sync::log::{Edge, Hash};
use std::collections::BTreeMap;
use std::path::Path;

/// What a cell holds: what SQLite and PostgreSQL have in common. Identities are bytes, truth is 0 or 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nothing,
    Figure(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A table; in PostgreSQL, what of it is one workspace's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    /// In ascending order.
    pub(super) columns: Vec<String>,
    /// Columns of its primary key, by which both sides sort.
    pub(super) key: Vec<String>,
}

/// A storage as tables, inside one transaction that nobody writes beside.
pub(super) trait Tables {
    /// Every table, by name.
    fn tables(&self) -> Result<Vec<Table>, StorageError>;

    /// Shows every row of a table, in the order of its key.
    fn each(
        &self,
        table: &Table,
        show: &mut dyn FnMut(Vec<Value>) -> Result<(), StorageError>,
    ) -> Result<(), StorageError>;

    /// Adds rows.
    fn add(&self, table: &Table, rows: Vec<Vec<Value>>) -> Result<(), StorageError>;

    /// Takes the workspace's own row away: it has moved.
    fn forget_workspace(&self) -> Result<(), StorageError>;

    /// Makes everything durable.
    fn commit(&mut self) -> Result<(), StorageError>;
}

/// Why a workspace stayed where it was.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// It lies there already.
    #[error("the workspace lies in {place} already")]
    Same {
        /// Where.
        place: String,
    },
    /// What arrived is not what left.
    #[error("table {table} did not arrive as it left; the workspace stays where it is")]
    Differs {
        /// Which.
        table: String,
    },
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

/// What moved.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Where it lies now.
    pub place: String,
}

/// Rows that are written at once, and their size.
const ROWS: usize = 2_000;
const BYTES: usize = 8 * 1024 * 1024;

/// Moves the workspace of a data folder into a database, or with `None` back into the folder's own file.
///
/// # Errors
/// It lies there already, something did not arrive as it left, or a storage failed. It then stays where it was.
pub fn move_workspace(folder: &Folder, to: Option<&Address>) -> Result<Moved, TransferError> {
    let id = folder.workspace();
    match (folder.database()?, to) {
        (None, Some(address)) => {
            let target = Postgres::open(address)?;
            let mut source = SqliteTables::lock(&folder.file())?;
            let rows = fill_database(&source, &target, id)?;
            folder.set_database(Some(address))?;
            leave(&mut source)?;
            drop(source);
            SqliteTables::put_aside(&folder.file()).map_err(|error| StorageError::Engine(Box::new(error)))?;
            Ok(Moved { rows, place: address.to_string() })
        }
        (Some(address), None) => {
            let source = Postgres::open(&address)?;
            let mut source = PgTables::lock(&source, id)?;
            let (file, new) = (folder.file(), folder.path().join("workspace.sqlite.new"));
            let rows = fill_file(&source, &new)?;
            std::fs::rename(&new, &file).map_err(|error| StorageError::Engine(Box::new(error)))?;
            folder.set_database(None)?;
            leave(&mut source)?;
            Ok(Moved { rows, place: file.display().to_string() })
        }
        (Some(address), Some(_)) => Err(TransferError::Same { place: address.to_string() }),
        (None, None) => Err(TransferError::Same { place: folder.file().display().to_string() }),
    }
}

/// Copies a workspace out of a database into a new file, while it is being served.
///
/// # Errors
/// A storage failed, or something did not arrive as it left.
pub fn copy_to_file(
    from: &Postgres,
    workspace: WorkspaceId,
    file: &Path,
) -> Result<BTreeMap<String, u64>, TransferError> {
    fill_file(&PgTables::lock(from, workspace)?, file)
}

/// Puts such a copy into a database, in place of the workspace there.
///
/// # Errors
/// A storage failed, or something did not arrive as it left.
pub fn copy_from_file(file: &Path, to: &Postgres) -> Result<BTreeMap<String, u64>, TransferError> {
    let id = Sqlite::open(file)?.workspace_id();
    fill_database(&SqliteTables::lock(file)?, to, id)
}

fn fill_file(source: &PgTables, file: &Path) -> Result<BTreeMap<String, u64>, TransferError> {
    copy(source, &mut SqliteTables::fill(file)?)
}

fn fill_database(
    source: &SqliteTables,
    target: &Postgres,
    id: WorkspaceId,
) -> Result<BTreeMap<String, u64>, TransferError> {
    // Left over from a move that was cut short, or from one away from there.
    target.discard(id)?;
    copy(source, &mut PgTables::fill(target, id)?)
}

fn leave(source: &mut dyn Tables) -> Result<(), StorageError> {
    source.forget_workspace()?;
    source.commit()
}

/// Copies every row, reads what arrived, compares, and only then commits.
fn copy(source: &dyn Tables, target: &mut dyn Tables) -> Result<BTreeMap<String, u64>, TransferError> {
    let tables = source.tables()?;
    let there = target.tables()?;
    if let Some(table) = tables.iter().find(|table| !there.contains(table)) {
        return Err(TransferError::Differs { table: table.name.clone() });
    }
    let long_keys = long_keys(source, &tables)?;
    let mut left = Vec::new();
    for table in &tables {
        let mut digest = Digest256::default();
        let (mut rows, mut bytes) = (Vec::new(), 0);
        source.each(table, &mut |mut row| {
            digest.add(table, &row);
            if let Some(text) = lookup_key(table, &mut row)
                && let Some(plain) = long_keys.get(text.as_str())
            {
                text.clone_from(plain);
            }
            bytes += row.iter().map(Value::size).sum::<usize>();
            rows.push(row);
            if rows.len() >= ROWS || bytes >= BYTES {
                bytes = 0;
                target.add(table, std::mem::take(&mut rows))?;
            }
            Ok(())
        })?;
        target.add(table, rows)?;
        left.push(digest);
    }
    let (mut log, mut edge) = (Edge::default(), None);
    let mut counts = BTreeMap::new();
    for (table, left) in tables.iter().zip(left) {
        let mut arrived = Digest256::default();
        target.each(table, &mut |row| {
            arrived.add(table, &row);
            match (table.name.as_str(), cell(table, &row, "leaf_hash"), cell(table, &row, "log_edge")) {
                ("log_leaf", Some(Value::Bytes(leaf)), _) => {
                    log.append(Hash::try_from(leaf.as_slice()).unwrap_or_default());
                }
                ("workspace", _, Some(Value::Bytes(roots))) => edge = Some(roots.clone()),
                _ => {}
            }
            Ok(())
        })?;
        if left != arrived {
            return Err(TransferError::Differs { table: table.name.clone() });
        }
        counts.insert(table.name.clone(), arrived.rows);
    }
    if edge != Some(log.roots().concat()) {
        return Err(TransferError::Differs { table: "log_leaf".to_owned() });
    }
    target.commit()?;
    Ok(counts)
}

/// The texts of look-up keys that a database keeps as hashes only, by that hash: found again in the records.
fn long_keys(source: &dyn Tables, tables: &[Table]) -> Result<BTreeMap<String, String>, StorageError> {
    let named = |name: &str| tables.iter().find(|table| table.name == name);
    let (Some(lookups), Some(records)) = (named("lookup"), named("record")) else { return Ok(BTreeMap::new()) };
    let mut hashed = BTreeMap::new();
    source.each(lookups, &mut |mut row| {
        hashed
            .extend(lookup_key(lookups, &mut row).filter(|key| key.starts_with(HASHED)).map(|key| (key.clone(), None)));
        Ok(())
    })?;
    if !hashed.is_empty() {
        source.each(records, &mut |row| {
            let (Some(Value::Text(kind)), Some(Value::Text(body))) =
                (cell(records, &row, "kind"), cell(records, &row, "body"))
            else {
                return Ok(());
            };
            let record = Kind::named(kind).and_then(|kind| Record::from_body(kind, body).ok());
            for (_, key) in record.iter().flat_map(Record::lookups) {
                if let Some(plain) = hashed.get_mut(&index_key(&key)) {
                    *plain = Some(key);
                }
            }
            Ok(())
        })?;
    }
    Ok(hashed.into_iter().filter_map(|(hash, plain)| Some((hash, plain?))).collect())
}

fn cell<'a>(table: &Table, row: &'a [Value], column: &str) -> Option<&'a Value> {
    table.columns.iter().position(|name| name == column).and_then(|at| row.get(at))
}

fn lookup_key<'a>(table: &Table, row: &'a mut [Value]) -> Option<&'a mut String> {
    let at = table.columns.iter().position(|name| table.name == "lookup" && name == "key")?;
    match row.get_mut(at) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

impl Value {
    fn size(&self) -> usize {
        match self {
            Self::Nothing | Self::Figure(_) => 8,
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn digest_into(&self, hash: &mut Sha256) {
        let mut part = |tag: u8, bytes: &[u8]| {
            hash.update([tag]);
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        match self {
            Self::Nothing => part(0, &[]),
            Self::Figure(figure) => part(1, &figure.to_be_bytes()),
            Self::Text(text) => part(2, text.as_bytes()),
            Self::Bytes(bytes) => part(3, bytes),
        }
    }
}

/// The rows of a table in any order: their number and the sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Digest256 {
    rows: u64,
    sum: [u64; 4],
}

impl Digest256 {
    fn add(&mut self, table: &Table, row: &[Value]) {
        let mut hash = Sha256::new();
        for (column, value) in table.columns.iter().zip(row) {
            match value {
                // Both forms of a key are the same key.
                Value::Text(key) if table.name == "lookup" && column == "key" => {
                    Value::Text(index_key(key)).digest_into(&mut hash);
                }
                value => value.digest_into(&mut hash),
            }
        }
        self.rows += 1;
        for (sum, bytes) in self.sum.iter_mut().zip(hash.finalize().as_slice().as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_be_bytes(*bytes));
        }
    }
}
