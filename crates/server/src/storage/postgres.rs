//! PostgreSQL: several workspaces in one database, served by any number of stateless nodes.
//!
//! A writing transaction takes the workspace's row before anything else and holds it to its end, so sequence order is
//! commit order across nodes. The core is synchronous; queries run on a small runtime of the pool's own, so that they
//! may be waited for from any thread.

mod notify;
mod pool;
mod read;
pub(super) mod tables;
mod write;

use super::{Storage, StorageError, WorkspaceTx, WorkspaceView, nodes, pause, place};
use notify::{News, Wake};
use pool::{Connection, Pool};
use read::{Pg, Reading};
use sha2::{Digest, Sha256};
use slipway_domain::id::WorkspaceId;
use slipway_domain::scope::TABLE_VERSION;
use slipway_domain::time::Timestamp;
use slipway_sync::encoding::hex;
use slipway_sync::protocol::Epoch;
use std::fmt;
use std::sync::Arc;
use tokio_postgres::error::SqlState;
use write::Writing;

/// Numbered, forward only, never edited once released.
const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_init.sql"),
    include_str!("../../migrations/postgres/0002_durable.sql"),
    include_str!("../../migrations/postgres/0003_accounts.sql"),
    include_str!("../../migrations/postgres/0004_compact.sql"),
    include_str!("../../migrations/postgres/0005_placed.sql"),
    include_str!("../../migrations/postgres/0006_proofs.sql"),
];

/// The first statement of every writing transaction.
const LOCK: &str = "SELECT name, epoch, head, log_size, log_edge, durable_seq, restored_size, restored_why, restored_at
    FROM workspace WHERE id = $1 FOR UPDATE";

/// How often a transaction is begun that another one got in the way of, or whose connection was lost.
const TRIES: u32 = 5;

impl From<tokio_postgres::Error> for StorageError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::QUERY_CANCELED => Self::Busy,
            Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
                Self::Torn
            }
            // Data exceptions, violated constraints, limits of the engine.
            Some(code) if ["22", "23", "54"].iter().any(|class| code.code().starts_with(class)) => {
                Self::Unfit(Box::new(error))
            }
            _ => Self::Engine(Box::new(error)),
        }
    }
}

/// Where the database is. It may hold a password, so only host and name are ever shown.
#[derive(Clone)]
pub struct Address {
    text: String,
    config: tokio_postgres::Config,
}

impl Address {
    /// All of it, to be kept where only the server's owner reads it.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |host: &tokio_postgres::config::Host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host).collect();
        write!(f, "PostgreSQL database {:?} on {}", self.config.get_dbname().unwrap_or("postgres"), hosts.join(", "))
    }
}

impl std::str::FromStr for Address {
    type Err = StorageError;

    /// Reads `postgres://user@host/database?sslmode=require`, or the key=value form. The error does not repeat the text.
    fn from_str(text: &str) -> Result<Self, StorageError> {
        let text = text.trim();
        match text.parse() {
            Ok(config) => Ok(Self { text: text.to_owned(), config }),
            Err(_) => Err(StorageError::Address),
        }
    }
}

/// The workspaces in a PostgreSQL database.
pub struct Postgres {
    pool: Pool,
    news: Arc<News>,
}

impl Postgres {
    /// Opens the database; brings it up to this program's version.
    ///
    /// # Errors
    /// It cannot be reached, or is of a newer program.
    pub fn open(address: &Address) -> Result<Self, StorageError> {
        let storage = Self { pool: Pool::new(&address.config)?, news: Arc::default() };
        storage.again(|mut connection| migrate(&mut connection))?;
        for row in storage.pool.take()?.rows("SELECT id FROM workspace ORDER BY id", &[])? {
            let id = WorkspaceId(row.try_get(0)?);
            place::bring_up_to_date(&storage, id)?;
            nodes::bring_up_to_date(&storage, id)?;
        }
        Ok(storage)
    }

    /// Makes a workspace's row.
    ///
    /// # Errors
    /// There is one already, or the engine failed.
    pub fn create(&self, workspace: WorkspaceId, name: &str, epoch: Epoch, now: Timestamp) -> Result<(), StorageError> {
        let sql = "INSERT INTO workspace (id, name, epoch, created_at, placed) VALUES ($1, $2, $3, $4, $5)";
        let placed = i64::from(TABLE_VERSION);
        self.pool.take()?.execute(sql, &[&workspace.0, &name, &epoch.0, &now.0, &placed])?;
        Ok(())
    }

    /// Removes a workspace with everything in it: its making, or its move here, failed half-way.
    ///
    /// # Errors
    /// The engine failed.
    pub fn discard(&self, workspace: WorkspaceId) -> Result<(), StorageError> {
        let mut connection = self.pool.take()?;
        connection.begin("BEGIN; SET LOCAL statement_timeout = 0", LOCK, &[&workspace.0])?;
        let tables = connection.rows(
            "SELECT table_name::text FROM information_schema.columns
             WHERE table_schema = current_schema() AND column_name = 'workspace' ORDER BY 1",
            &[],
        )?;
        for table in tables {
            let table: String = table.try_get(0)?;
            connection.batch(&format!("DELETE FROM \"{table}\" WHERE workspace = '{}'", workspace.0))?;
        }
        connection.execute("DELETE FROM workspace WHERE id = $1", &[&workspace.0])?;
        connection.commit()
    }

    /// Does this on a connection; again when another transaction got in the way, or the connection was lost.
    fn again<T>(&self, mut work: impl FnMut(Connection) -> Result<T, StorageError>) -> Result<T, StorageError> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.pool.take().and_then(&mut work) {
                Err(error) if tried < TRIES && (matches!(error, StorageError::Torn) || was_lost(&error)) => {
                    pause(tried);
                }
                other => return other,
            }
        }
    }
}

/// The connection broke before the transaction had begun: the database was restarted, or a firewall forgot it.
fn was_lost(error: &StorageError) -> bool {
    let StorageError::Engine(source) = error else { return false };
    source.downcast_ref::<tokio_postgres::Error>().is_some_and(|error| {
        let ended = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::IDLE_SESSION_TIMEOUT];
        error.is_closed() || error.code().is_some_and(|code| ended.contains(code))
    })
}

impl Storage for Postgres {
    fn begin(&self, workspace: WorkspaceId) -> Result<Box<dyn WorkspaceTx + '_>, StorageError> {
        Ok(Box::new(self.again(|connection| Writing::begin(connection, workspace, &self.news).map(Pg))?))
    }

    fn snapshot(&self, workspace: WorkspaceId) -> Result<Box<dyn WorkspaceView + '_>, StorageError> {
        Ok(Box::new(self.again(|connection| Reading::begin(connection, workspace).map(Pg))?))
    }

    fn on_change(&self, workspace: WorkspaceId, wake: Wake) -> Result<(), StorageError> {
        if self.news.on_change(workspace, wake) {
            let news = Arc::clone(&self.news);
            self.pool.spawn(move |config, tls| news.exchange(config, tls))?;
        }
        Ok(())
    }
}

/// Longest key of a look-up that is stored as it is: an index row has an end.
const KEY_BYTES: usize = 500;
/// What a key begins with that is stored as its hash.
pub(super) const HASHED: &str = "sha256:";

/// The key of a look-up as it is stored here; one that is so already stays.
pub(super) fn index_key(key: &str) -> String {
    let is_hash = key.strip_prefix(HASHED).is_some_and(|hash| hash.len() == 64);
    if !is_hash && (key.len() > KEY_BYTES || key.contains('\0')) {
        format!("{HASHED}{}", hex(&Sha256::digest(key.as_bytes())))
    } else {
        key.to_owned()
    }
}

fn migrate(connection: &mut Connection) -> Result<(), StorageError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    // Two nodes may start at once: whoever makes the table second finds it.
    let made = connection.batch(
        "CREATE TABLE IF NOT EXISTS slipway_version (one BIGINT PRIMARY KEY, version BIGINT NOT NULL);
         INSERT INTO slipway_version (one, version) VALUES (1, 0) ON CONFLICT (one) DO NOTHING",
    );
    if made.is_err() {
        pause(1);
        connection.rows("SELECT version FROM slipway_version", &[])?;
    }
    let begin = "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";
    let row = connection.begin(begin, "SELECT version FROM slipway_version WHERE one = 1 FOR UPDATE", &[])?;
    let found: i64 = row.ok_or(StorageError::NoWorkspace)?.try_get(0)?;
    if found > known {
        let figure = |version: i64| u32::try_from(version).unwrap_or(u32::MAX);
        return Err(StorageError::Newer { found: figure(found), known: figure(known) });
    }
    for (version, sql) in (1_i64..).zip(MIGRATIONS).skip_while(|(version, _)| *version <= found) {
        connection.batch(sql)?;
        connection.execute("UPDATE slipway_version SET version = $1 WHERE one = 1", &[&version])?;
    }
    connection.commit()
}
