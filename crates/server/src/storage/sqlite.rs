//! Embedded SQLite: one file is one workspace, one writer, a few readers.
//!
//! A second process (the administrator's commands) may write too: `BEGIN IMMEDIATE` takes the file's write lock, which
//! here stands for the lock on the workspace's row.

mod check;
mod read;
pub(super) mod tables;
mod write;

use super::{Storage, StorageError, Workspace, WorkspaceTx, WorkspaceView, nodes, place};
pub use check::Checked;
use read::SqliteView;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use slipway_domain::id::WorkspaceId;
use slipway_domain::scope::TABLE_VERSION;
use slipway_domain::time::Timestamp;
use slipway_sync::protocol::Epoch;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use write::SqliteTx;

/// Numbered, forward only, never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_init.sql"),
    include_str!("../../migrations/sqlite/0002_durable.sql"),
    include_str!("../../migrations/sqlite/0003_accounts.sql"),
    include_str!("../../migrations/sqlite/0004_compact.sql"),
    include_str!("../../migrations/sqlite/0005_placed.sql"),
    include_str!("../../migrations/sqlite/0006_proofs.sql"),
];

/// How long a writer waits for another process.
const BUSY: Duration = Duration::from_secs(10);
/// Readers kept open for the next snapshot.
const READERS: usize = 8;

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
                Self::Unfit(Box::new(error))
            }
            _ => Self::Engine(Box::new(error)),
        }
    }
}

/// A workspace in a SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    workspace: WorkspaceId,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

impl Sqlite {
    /// Makes the file and the workspace's row in it.
    ///
    /// # Errors
    /// The file exists already, or cannot be written.
    pub fn create(
        path: &Path,
        workspace: WorkspaceId,
        name: &str,
        epoch: Epoch,
        now: Timestamp,
    ) -> Result<Self, StorageError> {
        if path.exists() {
            return Err(StorageError::Engine(format!("{} exists already", path.display()).into()));
        }
        let mut connection = connect(path)?;
        migrate(&mut connection)?;
        connection.execute(
            "INSERT INTO workspace (id, name, epoch, created_at, placed) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![workspace.0, name, epoch.0, now.0, TABLE_VERSION],
        )?;
        Ok(Self { path: path.to_owned(), workspace, writer: Mutex::new(connection), readers: Mutex::default() })
    }

    /// Opens the file; brings it up to this program's version.
    ///
    /// # Errors
    /// There is none, it is of a newer program, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, StorageError> {
        if !path.exists() {
            return Err(StorageError::NoWorkspace);
        }
        let mut connection = connect(path)?;
        migrate(&mut connection)?;
        let workspace = connection
            .query_row("SELECT id FROM workspace", [], |row| row.get(0))
            .map(WorkspaceId)
            .map_err(|error| match error {
                rusqlite::Error::QueryReturnedNoRows => StorageError::NoWorkspace,
                other => other.into(),
            })?;
        let storage =
            Self { path: path.to_owned(), workspace, writer: Mutex::new(connection), readers: Mutex::default() };
        place::bring_up_to_date(&storage, workspace)?;
        nodes::bring_up_to_date(&storage, workspace)?;
        Ok(storage)
    }

    /// The workspace in this file.
    #[must_use]
    pub fn workspace_id(&self) -> WorkspaceId {
        self.workspace
    }

    fn mine(&self, workspace: WorkspaceId) -> Result<(), StorageError> {
        if workspace == self.workspace { Ok(()) } else { Err(StorageError::NoWorkspace) }
    }

    fn reader(&self) -> Result<Connection, StorageError> {
        if let Some(connection) = lock(&self.readers).pop() {
            return Ok(connection);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

impl Storage for Sqlite {
    fn begin(&self, workspace: WorkspaceId) -> Result<Box<dyn WorkspaceTx + '_>, StorageError> {
        self.mine(workspace)?;
        Ok(Box::new(SqliteTx::begin(lock(&self.writer))?))
    }

    fn snapshot(&self, workspace: WorkspaceId) -> Result<Box<dyn WorkspaceView + '_>, StorageError> {
        self.mine(workspace)?;
        Ok(Box::new(SqliteView::begin(self.reader()?, &self.readers, READERS)?))
    }
}

/// A poisoned lock guards a connection whose transaction was rolled back by its drop, so it is still good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path) -> Result<Connection, StorageError> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StorageError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let tx = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: u32 = tx.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StorageError::Newer { found, known });
    }
    for (version, sql) in (1_u32..).zip(MIGRATIONS).skip_while(|(version, _)| *version <= found) {
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", version)?;
    }
    tx.commit()?;
    Ok(())
}
