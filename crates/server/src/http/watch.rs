//! Around every request: its id, its time, its line in the log, its place in the metrics, and a code and a sentence
//! for every answer but 200.
//!
//! The log holds the route, never the path or query as sent, and no header: nothing a person entered stands in it.

use super::{Shared, api, bad_request, too_large};
use crate::core::random;
use crate::error::{ServerError, note};
use crate::limit::REQUEST_TIME;
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use slipway_domain::id::DeviceId;
use slipway_sync::encoding::hex;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use tracing::Instrument;

/// Ties an answer to its line in the log; one that a proxy gave is kept.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id that is taken from a proxy.
const REQUEST_ID_CHARS: usize = 64;
/// Routes that say how the server is, to programs of any level.
const FOR_ANY_LEVEL: &[&str] = &["/v1/health", "/v1/ready", "/v1/openapi.json"];

/// Headers of every answer: browsers come by HTTPS alone for two years, take nothing for another type than it says, run
/// and frame nothing, and tell nobody from where they came.
const FOR_BROWSERS: [(HeaderName, HeaderValue); 4] = [
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];
/// Records and tokens stay in no cache on the way, but where a handler says otherwise.
const NOT_KEPT: HeaderValue = HeaderValue::from_static("no-store");

/// Filled in by whoever finds out which device asks.
#[derive(Clone, Debug, Default)]
pub(super) struct AskedBy(Arc<OnceLock<DeviceId>>);

impl AskedBy {
    /// It is this one.
    pub(super) fn note(&self, device: DeviceId) {
        // Asked twice, it is the same device.
        let _ = self.0.set(device);
    }
}

pub(super) async fn watch(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let is_for_tools = request.uri().path().starts_with(api::PREFIX);
    let id = request_id(request.headers());
    let asked_by = AskedBy::default();
    request.extensions_mut().insert(asked_by.clone());
    let span = tracing::info_span!("request", request.id = id);
    async move {
        let mut response = match spoken(request.headers(), &route, &shared) {
            Err(too_old) => ServerError::from(too_old).into_response(),
            Ok(()) => match tokio::time::timeout(REQUEST_TIME, next.run(request)).await {
                Ok(response) => explained(response),
                Err(_) => ServerError::from(ErrorBody::new(
                    ErrorCode::Busy,
                    "The request took too long.",
                    "Try again, with less at once if it stays so.",
                ))
                .into_response(),
            },
        };
        if is_for_tools {
            response = api::problem::told(response);
        }
        let (status, took) = (response.status(), started.elapsed());
        shared.metrics.answered(method.as_str(), &route, status, took);
        if let Some(code) = response.extensions().get::<ErrorCode>() {
            shared.metrics.refused(*code);
        }
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        match asked_by.0.get() {
            Some(device) => {
                tracing::info!(%method, route, status = status.as_u16(), duration_ms = ms, device.id = %device, "Answered");
            }
            None => tracing::info!(%method, route, status = status.as_u16(), duration_ms = ms, "Answered"),
        }
        let headers = response.headers_mut();
        FOR_BROWSERS.into_iter().for_each(|(name, value)| drop(headers.insert(name, value)));
        headers.entry(header::CACHE_CONTROL).or_insert(NOT_KEPT);
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
        }
        response
    }
    .instrument(span)
    .await
}

fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let sound = |id: &&str| {
        !id.is_empty()
            && id.len() <= REQUEST_ID_CHARS
            && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
    };
    match given.filter(sound) {
        Some(id) => id.to_owned(),
        // Without random bytes the line goes without an id; the request itself fails elsewhere.
        None => random::<8>().map(|bytes| hex(&bytes)).unwrap_or_default(),
    }
}

/// Whether the laptop's level is still spoken. A higher one is: the laptop keeps to ours.
fn spoken(headers: &HeaderMap, route: &str, shared: &Shared) -> Result<(), ErrorBody> {
    let level = match headers.get(limits::LEVEL_HEADER) {
        None => 1,
        Some(value) => value.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(0),
    };
    if level >= shared.min_client || FOR_ANY_LEVEL.contains(&route) {
        return Ok(());
    }
    Err(ErrorBody::new(
        ErrorCode::ClientTooOld,
        format!(
            "This program speaks protocol level {level}; the server needs {} or higher, and speaks up to {}.",
            shared.min_client,
            limits::LEVEL.max(shared.min_client)
        ),
        "Update Slipway on this laptop. What waits is kept and sent afterwards.",
    ))
}

/// The layers' own plain answers, such as 404 or 413, as an [`ErrorBody`].
fn explained(response: Response) -> Response {
    let is_json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == "application/json" || value == api::problem::MEDIA_TYPE);
    if response.status().is_success() || is_json {
        return response;
    }
    let status = response.status();
    let body = match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        StatusCode::NOT_FOUND => ErrorBody::new(
            ErrorCode::NotFound,
            format!("There is no such route at protocol level {}.", limits::LEVEL),
            "Check the server's address and that laptop and server are of matching versions.",
        ),
        _ => bad_request(status.canonical_reason().unwrap_or("not understood")),
    };
    let mut explained = Response::new(Body::from(serde_json::to_vec(&body).unwrap_or_default()));
    *explained.status_mut() = status;
    explained.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    note(body, &mut explained);
    explained
}
