//! The certificate shown: renewed before its end, or read again when its files change, without dropping anybody.

use crate::core::Clock;
use crate::folder::{Folder, FolderError};
use crate::limit::CERTIFICATE_LOOK;
use crate::metrics::Metrics;
use crate::tls::{self, Shown, TlsFiles};
use axum_server::tls_rustls::RustlsConfig;
use slipway_domain::time::Timestamp;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// What a file looked like: another time or length means another content.
type Look = Option<(SystemTime, u64)>;

/// The certificate of a running server. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    source: Source,
    clock: Clock,
    metrics: Metrics,
    config: RustlsConfig,
    state: Mutex<State>,
}

enum Source {
    SelfMade { folder: Folder, names: Vec<String> },
    Files(TlsFiles),
}

struct State {
    renew_at: Option<Timestamp>,
    looks: [Look; 2],
    fingerprint: String,
}

impl Certificate {
    /// Reads or makes the first one.
    ///
    /// # Errors
    /// The files cannot be used, or the authority's key cannot be read.
    pub fn new(
        folder: &Folder,
        names: Vec<String>,
        files: Option<TlsFiles>,
        clock: Clock,
        metrics: Metrics,
    ) -> Result<Self, FolderError> {
        let source = match files {
            Some(files) => Source::Files(files),
            None => Source::SelfMade { folder: folder.clone(), names },
        };
        let looks = source.looks();
        let shown = source.shown(clock())?;
        metrics.certificate_ends(shown.ends.unwrap_or(0));
        let config = RustlsConfig::from_config(shown.config);
        let state = State { renew_at: shown.renew_at, looks, fingerprint: shown.fingerprint };
        Ok(Self(Arc::new(Inner { source, clock, metrics, config, state: Mutex::new(state) })))
    }

    /// For the listener.
    #[must_use]
    pub fn config(&self) -> RustlsConfig {
        self.0.config.clone()
    }

    /// SHA-256 of what laptops may pin, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.state().fingerprint.clone()
    }

    /// Shows another one if it is time for that. Connections that stand go on with the one they began with.
    pub fn look(&self) {
        let due = match (&self.0.source, self.state()) {
            (Source::SelfMade { .. }, state) => state.renew_at.is_some_and(|at| (self.0.clock)() >= at),
            (source @ Source::Files(_), state) => state.looks != source.looks(),
        };
        if due {
            self.reload();
        }
    }

    /// Shows another one now. If there is none to be had, the one before stays.
    pub fn reload(&self) {
        let looks = self.0.source.looks();
        match self.0.source.shown((self.0.clock)()) {
            Ok(Shown { config, renew_at, ends, fingerprint }) => {
                self.0.config.reload_from_config(config);
                self.0.metrics.certificate_ends(ends.unwrap_or(0));
                tracing::info!(fingerprint, "Shows another certificate");
                *self.state() = State { renew_at, looks, fingerprint };
            }
            Err(error) => {
                tracing::error!(%error, "The new certificate cannot be used; the one before stays");
                // Not again until the files change once more.
                self.state().looks = looks;
            }
        }
    }

    /// Looks now and then.
    pub(crate) async fn watch(self) {
        loop {
            tokio::time::sleep(CERTIFICATE_LOOK).await;
            let certificate = self.clone();
            let looked = tokio::task::spawn_blocking(move || certificate.look()).await;
            if let Err(error) = looked {
                tracing::error!(%error, "Looking at the certificate failed");
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source {
    fn shown(&self, now: Timestamp) -> Result<Shown, FolderError> {
        match self {
            Self::SelfMade { folder, names } => tls::self_made(folder, names, now),
            Self::Files(files) => tls::from_files(files),
        }
    }

    fn looks(&self) -> [Look; 2] {
        let look = |path: &Path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        match self {
            Self::SelfMade { .. } => [None, None],
            Self::Files(files) => [look(&files.certificate), look(&files.key)],
        }
    }
}
