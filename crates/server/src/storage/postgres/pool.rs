//! Connections: a few, kept open, each with its prepared statements.

use super::super::StorageError;
use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Most connections of one node.
const CONNECTIONS: usize = 12;
/// How long a caller waits for a connection to come free.
const WAIT: Duration = Duration::from_secs(10);
/// How long the database may take to answer a new connection.
const CONNECT: Duration = Duration::from_secs(10);

/// What every connection keeps to. A commit is durable when it returns, whatever the database's default is.
const SETTINGS: &str = "SET statement_timeout = '30s';
    SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

/// Parameters of a statement.
pub(super) type Params<'a> = [&'a (dyn ToSql + Sync)];

pub(super) struct Pool {
    config: Config,
    tls: Option<Tls>,
    shared: Arc<Shared>,
    /// Drives the connections; taken out when the pool ends.
    runtime: Option<Runtime>,
}

struct Shared {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Wire>,
    open: usize,
}

/// An open connection and what was prepared on it.
struct Wire {
    client: Client,
    statements: RefCell<HashMap<&'static str, Statement>>,
}

/// A connection on loan; goes back to the pool when dropped.
pub(super) struct Connection {
    wire: Option<Wire>,
    shared: Arc<Shared>,
    handle: Handle,
    /// Inside a transaction, which is rolled back before the next one gets the connection.
    busy: bool,
}

impl Pool {
    pub(super) fn new(config: &Config) -> Result<Self, StorageError> {
        let mut config = config.clone();
        config.application_name("slipway-server");
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(tls()?),
            // Without a certificate that is checked, TLS would only look like protection.
            _ => {
                config.ssl_mode(SslMode::Disable);
                None
            }
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(|error| StorageError::Engine(Box::new(error)))?;
        let shared = Arc::new(Shared { state: Mutex::default(), freed: Condvar::new() });
        Ok(Self { config, tls, shared, runtime: Some(runtime) })
    }

    fn handle(&self) -> Result<&Handle, StorageError> {
        self.runtime.as_ref().map(Runtime::handle).ok_or(StorageError::Busy)
    }

    /// Runs a task that has a connection of its own.
    pub(super) fn spawn<F: Future<Output = ()> + Send + 'static>(
        &self,
        task: impl FnOnce(Config, Option<Tls>) -> F,
    ) -> Result<(), StorageError> {
        self.handle()?.spawn(task(self.config.clone(), self.tls.clone()));
        Ok(())
    }

    /// A connection outside any transaction.
    pub(super) fn take(&self) -> Result<Connection, StorageError> {
        let handle = self.handle()?.clone();
        let loan = |wire| Connection { wire, shared: Arc::clone(&self.shared), handle: handle.clone(), busy: false };
        let mut state = self.shared.lock();
        loop {
            match state.idle.pop() {
                Some(wire) if wire.client.is_closed() => state.open -= 1,
                Some(wire) => return Ok(loan(Some(wire))),
                None if state.open < CONNECTIONS => break,
                None => {
                    let (back, waited) =
                        self.shared.freed.wait_timeout(state, WAIT).unwrap_or_else(PoisonError::into_inner);
                    state = back;
                    if waited.timed_out() && state.idle.is_empty() && state.open >= CONNECTIONS {
                        return Err(StorageError::Busy);
                    }
                }
            }
        }
        state.open += 1;
        drop(state);
        // From here on the loan's drop counts it out again, should connecting fail.
        let mut connection = loan(None);
        let (config, tls) = (self.config.clone(), self.tls.clone());
        let client = wait(handle.spawn(async move { connect(&config, tls).await }))
            .map_err(|error| StorageError::Engine(Box::new(error)))??;
        connection.wire = Some(Wire { client, statements: RefCell::default() });
        connection.batch(SETTINGS)?;
        Ok(connection)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Not waited for: the pool may end on a thread that must not block.
            runtime.shutdown_background();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, wire: Option<Wire>) {
        let mut state = self.lock();
        match wire.filter(|wire| !wire.client.is_closed()) {
            Some(wire) => state.idle.push(wire),
            None => state.open = state.open.saturating_sub(1),
        }
        drop(state);
        self.freed.notify_one();
    }
}

impl Connection {
    fn wire(&self) -> Result<&Wire, StorageError> {
        self.wire.as_ref().ok_or(StorageError::Busy)
    }

    pub(super) fn client(&self) -> Result<&Client, StorageError> {
        Ok(&self.wire()?.client)
    }

    /// Begins a transaction and gives the row that a first statement finds in it, in one round trip.
    pub(super) fn begin(
        &mut self,
        begin: &str,
        sql: &'static str,
        params: &Params<'_>,
    ) -> Result<Option<Row>, StorageError> {
        let statement = self.statement(sql)?;
        self.busy = true;
        let client = self.client()?;
        let (begun, rows) =
            wait(async { tokio::join!(biased; client.batch_execute(begin), client.query(&statement, params)) });
        begun?;
        Ok(rows?.into_iter().next())
    }

    /// Makes the transaction durable.
    pub(super) fn commit(&mut self) -> Result<(), StorageError> {
        self.batch("COMMIT")?;
        self.busy = false;
        Ok(())
    }

    /// A statement prepared once for each connection.
    pub(super) fn statement(&self, sql: &'static str) -> Result<Statement, StorageError> {
        let wire = self.wire()?;
        let known = wire.statements.borrow().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = wait(wire.client.prepare(sql))?;
        wire.statements.borrow_mut().insert(sql, statement.clone());
        Ok(statement)
    }

    pub(super) fn rows(&self, sql: &'static str, params: &Params<'_>) -> Result<Vec<Row>, StorageError> {
        let statement = self.statement(sql)?;
        Ok(wait(self.client()?.query(&statement, params))?)
    }

    pub(super) fn row(&self, sql: &'static str, params: &Params<'_>) -> Result<Option<Row>, StorageError> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }

    pub(super) fn execute(&self, sql: &'static str, params: &Params<'_>) -> Result<u64, StorageError> {
        let statement = self.statement(sql)?;
        Ok(wait(self.client()?.execute(&statement, params))?)
    }

    /// Statements without parameters.
    pub(super) fn batch(&self, sql: &str) -> Result<(), StorageError> {
        Ok(wait(self.client()?.batch_execute(sql))?)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let wire = self.wire.take();
        match wire {
            Some(wire) if self.busy && !wire.client.is_closed() => {
                let shared = Arc::clone(&self.shared);
                self.handle.spawn(async move {
                    let ended = wire.client.batch_execute("ROLLBACK").await.is_ok();
                    shared.give_back(Some(wire).filter(|_| ended));
                });
            }
            other => self.shared.give_back(other),
        }
    }
}

/// Waits on any thread, also on one that runs a runtime: the pool's own runtime does the work.
pub(super) fn wait<F: Future>(future: F) -> F::Output {
    futures_executor::block_on(pin!(future))
}

/// How a connection is protected.
pub(super) type Tls = MakeRustlsConnect;

/// Connects with TLS or without; what then drives the connection runs by itself.
macro_rules! plain_or_tls {
    ($config:expr, $tls:expr, $connection:ident => $drive:block) => {
        match $tls {
            Some(tls) => {
                let (client, mut $connection) = $config.connect(tls).await?;
                tokio::spawn(async move { $drive });
                Ok(client)
            }
            None => {
                let (client, mut $connection) = $config.connect(tokio_postgres::NoTls).await?;
                tokio::spawn(async move { $drive });
                Ok(client)
            }
        }
    };
}
pub(super) use plain_or_tls;

async fn connect(config: &Config, tls: Option<Tls>) -> Result<Client, tokio_postgres::Error> {
    plain_or_tls!(config, tls, connection => {
        if let Err(error) = (&mut connection).await {
            tracing::debug!(%error, "A connection to the database ended");
        }
    })
}

/// TLS whose certificate must be by an authority that this computer trusts (`SSL_CERT_FILE` adds one).
fn tls() -> Result<MakeRustlsConnect, StorageError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (tls, _) = MakeRustlsConnect::with_native_certs()
        .map_err(|_| StorageError::Engine("this computer trusts no certificate authority".into()))?;
    Ok(tls)
}
