//! Serving a data folder over HTTPS, in a program of its own or inside a test.

use crate::blobs::{self, Blobs};
use crate::certificate::Certificate;
use crate::core::{Clock, Core, Hub, Snapshots, system_clock};
use crate::error::ServerError;
use crate::folder::{Folder, FolderError};
use crate::limit::Patience;
use crate::metrics::Metrics;
use crate::oidc::{Oidc, OidcError};
use crate::stalled::StallAcceptor;
use crate::tls::TlsFiles;
use crate::{http, limit, tls};
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::RustlsAcceptor;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use slipway_sync::limits;
use std::io;
use std::net::{SocketAddr, TcpListener};
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
    /// Certificate and key from files; without them the folder's own authority makes them.
    pub tls: Option<TlsFiles>,
    /// Where the metrics are told, in plain HTTP: not for the network that laptops come from.
    pub metrics: Option<SocketAddr>,
    /// Lowest protocol level of laptops that are let in.
    pub min_client: u32,
    /// How long clients may keep it waiting.
    pub patience: Patience,
    /// The server's clock.
    pub clock: Clock,
    /// Buckets with at least so many records are offered whole.
    pub snapshot_records: u64,
    /// Room for files beside the records.
    pub blob_quota_bytes: u64,
}

impl Config {
    /// Serves the folder on a free port of this computer only.
    #[must_use]
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: ([127, 0, 0, 1], 0).into(),
            names: Vec::new(),
            tls: None,
            metrics: None,
            min_client: limits::MIN_LEVEL,
            patience: Patience::default(),
            clock: system_clock(),
            snapshot_records: limits::SNAPSHOT_RECORDS,
            blob_quota_bytes: limits::BLOB_QUOTA_BYTES,
        }
    }
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The provider of sign-ins cannot be used as it is set.
    #[error(transparent)]
    Oidc(#[from] OidcError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The metrics cannot be counted.
    #[error("the metrics cannot be counted: {0}")]
    Metrics(#[from] prometheus::Error),
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
    /// Where the metrics are told, if anywhere.
    pub metrics: Option<SocketAddr>,
    /// The certificate shown.
    pub certificate: Certificate,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    aside: Vec<JoinHandle<()>>,
    hub: Arc<Hub>,
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
        let blobs = Blobs::open(folder.path(), config.blob_quota_bytes)
            .map_err(|source| FolderError::File { path: folder.path().join(blobs::FOLDER), source })?;
        let core = Core::new(storage, folder.workspace(), folder.log_key()?, config.clock.clone())
            .with_snapshots(snapshots)
            .with_blobs(blobs)
            .with_tokens(&folder.console_key()?);
        let oidc = Oidc::load(&folder)?;
        let mut names = tls::own_names();
        names.extend(config.names.iter().cloned());
        let metrics = Metrics::new()?;
        let certificate = Certificate::new(&folder, names, config.tls.clone(), config.clock.clone(), metrics.clone())?;
        let (listener, address) = listen(config.listen)?;
        let told = config.metrics.map(listen).transpose()?;
        crate::core::nobodys_password().map_err(FolderError::from)?;
        let handle = Handle::new();
        let failed = |source| ServeError::Listen { address, source };
        let acceptor = RustlsAcceptor::new(certificate.config())
            .handshake_timeout(config.patience.handshake)
            .acceptor(NoDelayAcceptor);
        let acceptor = StallAcceptor::new(acceptor, config.patience.answer);
        let mut server = axum_server::from_tcp(listener).map_err(failed)?.acceptor(acceptor);
        wait(server.http_builder(), config.patience);
        let hub = core.hub().clone();
        core.hear_others().map_err(FolderError::from)?;
        let mut aside = vec![tokio::spawn(hub.clone().watch(core.clone())), tokio::spawn(certificate.clone().watch())];
        aside.push(tokio::spawn(refresh(core.clone())));
        let mut metrics_address = None;
        if let Some((listener, address)) = told {
            let failed = |source| ServeError::Listen { address, source };
            let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
            let service = crate::metrics::router(metrics.clone(), core.clone());
            aside.push(tokio::spawn(async move {
                if let Err(error) = axum::serve(listener, service).await {
                    tracing::error!(%error, "The metrics ended badly");
                }
            }));
            metrics_address = Some(address);
        }
        let service = http::router(core, metrics, oidc, &config).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(server.handle(handle.clone()).serve(service));
        handle.listening().await;
        // What listens everywhere is reached on this computer by its own address.
        let own = if address.ip().is_unspecified() { ([127, 0, 0, 1], address.port()).into() } else { address };
        let url = format!("https://{own}");
        folder.write_address(&url)?;
        let fingerprint = certificate.fingerprint();
        tracing::info!(url, data = %folder.path().display(), fingerprint, "Serving");
        let ca_pem = folder.ca_pem()?;
        Ok(Running { address, url, ca_pem, metrics: metrics_address, certificate, handle, task, aside, hub })
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
        let work = move || -> Result<(), ServerError> {
            core.refresh_snapshots()?;
            if is_due {
                core.compact()?;
                core.sweep_blobs()?;
            }
            Ok(())
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "The server's chores failed"),
            Err(error) => tracing::error!(%error, "The server's chores ended early"),
        }
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// A connection is waited for no longer than this.
fn wait(http: &mut Builder<TokioExecutor>, patience: Patience) {
    http.http1().timer(TokioTimer::new()).header_read_timeout(patience.head);
    http.http2().timer(TokioTimer::new()).keep_alive_interval(limit::KEEP_ALIVE).keep_alive_timeout(limit::KEEP_ALIVE);
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
        for task in std::mem::take(&mut self.aside) {
            task.abort();
            // It was told to end; only then is the storage closed.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.hub.close();
        self.handle.shutdown();
        self.aside.iter().for_each(JoinHandle::abort);
    }
}
