//! Serving a data folder over HTTPS, in a program of its own or inside a test.

use crate::core::{Clock, Core, Hub, Snapshots, system_clock};
use crate::folder::{Folder, FolderError};
use crate::{http, limit, tls};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use slipway_sync::limits;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::task::JoinHandle;

/// How to serve.
#[derive(Clone)]
pub struct Config {
    /// The data folder, made by init.
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Names under which laptops reach the server, beside this computer's own.
    pub names: Vec<String>,
    /// The server's clock.
    pub clock: Clock,
    /// Buckets with at least so many records are offered whole.
    pub snapshot_records: u64,
}

impl Config {
    /// Serves the folder on a free port of this computer only.
    #[must_use]
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: ([127, 0, 0, 1], 0).into(),
            names: Vec::new(),
            clock: system_clock(),
            snapshot_records: limits::SNAPSHOT_RECORDS,
        }
    }
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// The server as a value.
pub struct Server;

/// A server that runs until this is dropped or stopped.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The same as laptops are given it.
    pub url: String,
    /// The certificate authority that laptops trust, in PEM.
    pub ca_pem: String,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    hub: Arc<Hub>,
    refresher: JoinHandle<()>,
}

impl Server {
    /// Starts serving; when this returns, requests are answered. Writes `address` into the folder.
    ///
    /// # Errors
    /// The folder cannot be used, or the address not be listened on.
    pub async fn start(config: Config) -> Result<Running, ServeError> {
        let (folder, storage) = Folder::open(&config.data)?;
        let packed = folder.path().join("snapshots");
        let snapshots = Snapshots::open(&packed, config.snapshot_records)
            .map_err(|source| FolderError::File { path: packed, source })?;
        let core =
            Core::new(storage, folder.workspace(), folder.log_key()?, config.clock.clone()).with_snapshots(snapshots);
        let mut names = tls::own_names();
        names.extend(config.names);
        let tls = tls::server_config(&folder, &names, core.now())?;
        let failed = |source| ServeError::Listen { address: config.listen, source };
        let listener = std::net::TcpListener::bind(config.listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        crate::core::nobodys_password().map_err(FolderError::from)?;
        let handle = Handle::new();
        let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(tls)).map_err(failed)?;
        let hub = core.hub().clone();
        core.hear_others().map_err(FolderError::from)?;
        tokio::spawn(hub.clone().watch(core.clone()));
        let refresher = tokio::spawn(refresh(core.clone()));
        let service = http::router(core).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(server.handle(handle.clone()).serve(service));
        handle.listening().await;
        // What listens everywhere is reached on this computer by its own address.
        let own = if address.ip().is_unspecified() { ([127, 0, 0, 1], address.port()).into() } else { address };
        let url = format!("https://{own}");
        folder.write_address(&url)?;
        tracing::info!(url, data = %folder.path().display(), "Serving");
        Ok(Running { address, url, ca_pem: folder.ca_pem()?, handle, task, hub, refresher })
    }
}

/// Keeps the snapshots that were asked for once near the head, and once a day forgets old tombstones.
async fn refresh(core: Core) {
    let mut every = tokio::time::interval(limit::REFRESH_TIME);
    every.tick().await;
    let mut compacted = tokio::time::Instant::now();
    loop {
        every.tick().await;
        let (core, is_due) = (core.clone(), compacted.elapsed() >= limit::COMPACT_TIME);
        if is_due {
            compacted = tokio::time::Instant::now();
        }
        let work = move || {
            core.refresh_snapshots()?;
            if is_due { core.compact().map(|_| ()) } else { Ok(()) }
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "The server's chores failed"),
            Err(error) => tracing::error!(%error, "The server's chores ended early"),
        }
    }
}

impl Running {
    /// Lets requests under way end, then stops.
    pub async fn stop(mut self) {
        // An open event stream would never end by itself.
        self.hub.close();
        self.handle.graceful_shutdown(Some(limit::STOP_TIME));
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "The server ended badly");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.hub.close();
        self.refresher.abort();
        self.handle.shutdown();
    }
}
