//! What operators measure, in Prometheus' text format. No label holds a name, a token or an address of anybody.

use crate::core::Core;
use crate::error::ServerError;
use crate::storage::Figures;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TEXT_FORMAT, TextEncoder,
};
use slipway_sync::protocol::{ErrorCode, Page, Pushed, Verdict};
use std::sync::Arc;
use std::time::Duration;

/// Bounds of the latency histogram, in seconds: from a look-up in memory to the longest push.
const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Counters and gauges of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    requests: HistogramVec,
    refusals: IntCounterVec,
    commands: IntCounterVec,
    pages: IntCounterVec,
    entries: IntCounter,
    streams: IntGauge,
    head: IntGauge,
    durable: IntGauge,
    log_size: IntGauge,
    database: IntGauge,
    sessions: IntGauge,
    devices: IntGauge,
    held: IntGauge,
    certificate: IntGauge,
}

impl Metrics {
    /// Everything at zero.
    ///
    /// # Errors
    /// A name is no name, or there twice: a mistake in this file.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let counters = |name: &str, help: &str, label: &str| -> Result<IntCounterVec, prometheus::Error> {
            let counters = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counters.clone()))?;
            Ok(counters)
        };
        let requests = HistogramVec::new(
            HistogramOpts::new("slipway_request_seconds", "Time to answer a request.").buckets(SECONDS.to_vec()),
            &["method", "route", "status"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        let entries = IntCounter::new("slipway_pull_entries_total", "Entries sent in pages of pulls.")?;
        registry.register(Box::new(entries.clone()))?;
        let commands = counters("slipway_commands_total", "Commands answered in pushes, by verdict.", "verdict")?;
        for verdict in ["applied", "partial", "refused", "held"] {
            commands.with_label_values(&[verdict]);
        }
        let pages =
            counters("slipway_pull_pages_total", "Pages sent to pulls, by whether they were complete.", "complete")?;
        let refusals = counters("slipway_refusals_total", "Requests refused as a whole, by code.", "code")?;
        for code in ["too_many_requests", "locked_out", "too_large", "wrong_credentials"] {
            refusals.with_label_values(&[code]);
        }
        Ok(Self(Arc::new(Inner {
            requests,
            refusals,
            commands,
            pages,
            entries,
            streams: gauge("slipway_event_streams", "Event streams open now.")?,
            head: gauge("slipway_head_seq", "Last sequence given.")?,
            durable: gauge("slipway_durable_seq", "Sequence that a verified backup covers.")?,
            log_size: gauge("slipway_log_leaves", "Leaves of the audit log.")?,
            database: gauge("slipway_database_bytes", "Size of the database.")?,
            sessions: gauge("slipway_sessions", "Sessions whose refresh token is good.")?,
            devices: gauge("slipway_devices", "Devices that may come in.")?,
            held: gauge("slipway_held_commands", "Commands that were held because they could not be judged.")?,
            certificate: gauge(
                "slipway_certificate_end_seconds",
                "End of the certificate shown, as a Unix time; 0: unknown.",
            )?,
            registry,
        })))
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &str, route: &str, status: StatusCode, took: Duration) {
        self.0.requests.with_label_values(&[method, route, status.as_str()]).observe(took.as_secs_f64());
    }

    /// A request was refused as a whole.
    pub(crate) fn refused(&self, code: ErrorCode) {
        let name = serde_json::to_value(code).ok();
        let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or("unknown");
        self.0.refusals.with_label_values(&[name]).inc();
    }

    /// A push was judged.
    pub(crate) fn pushed(&self, pushed: &Pushed) {
        for result in &pushed.results {
            let verdict = match result.verdict {
                Verdict::Applied { .. } => "applied",
                Verdict::Partial { .. } => "partial",
                Verdict::Refused { .. } => "refused",
                Verdict::Held { .. } => "held",
            };
            self.0.commands.with_label_values(&[verdict]).inc();
        }
    }

    /// A page was sent.
    pub(crate) fn pulled(&self, page: &Page) {
        self.0.pages.with_label_values(&[if page.complete { "true" } else { "false" }]).inc();
        self.0.entries.inc_by(page.entries.len() as u64);
    }

    /// Another certificate is shown.
    pub(crate) fn certificate_ends(&self, unix_seconds: i64) {
        self.0.certificate.set(unix_seconds);
    }

    /// Takes over what only the storage knows.
    fn measured(&self, figures: &Figures) {
        let set = |gauge: &IntGauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.0.head, figures.head);
        set(&self.0.durable, figures.durable_seq);
        set(&self.0.log_size, figures.log_size);
        set(&self.0.database, figures.bytes);
        set(&self.0.sessions, figures.sessions);
        set(&self.0.devices, figures.devices);
        set(&self.0.held, figures.held);
    }

    fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.0.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// `GET /metrics`, for an address of its own: what is counted there is not for the network that laptops come from.
pub(crate) fn router(metrics: Metrics, core: Core) -> Router {
    Router::new().route("/metrics", get(scrape)).with_state((metrics, core))
}

async fn scrape(State((metrics, core)): State<(Metrics, Core)>) -> Response {
    metrics.0.streams.set(i64::try_from(core.hub().count()).unwrap_or(i64::MAX));
    let figures = tokio::task::spawn_blocking(move || core.snapshot()?.figures(core.now()).map_err(ServerError::from));
    match figures.await {
        Ok(Ok(figures)) => metrics.measured(&figures),
        // Without the storage's figures the rest still says that something is wrong.
        Ok(Err(error)) => tracing::warn!(%error, "The storage gave no figures for the metrics"),
        Err(error) => tracing::error!(%error, "Asking the storage for figures failed"),
    }
    match metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "The metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
