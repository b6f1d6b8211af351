//! How requests reach the core: routes, bodies, tokens. Every answer but 200 is an [`ErrorBody`].

mod auth;
mod devices;
mod events;
mod health;
mod lease;
mod pull;
mod push;
mod snapshot;

use crate::core::{Caller, Core};
use crate::error::ServerError;
use crate::limit::{Limits, REQUEST_TIME};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    core: Core,
    limits: Arc<Limits>,
}

/// Every route.
pub(crate) fn router(core: Core) -> Router {
    let limits = Arc::new(Limits::default());
    Router::new()
        .route("/v1/sign-in", post(auth::sign_in))
        .route("/v1/refresh", post(auth::refresh))
        .route("/v1/device", post(devices::another))
        .route("/v1/device/renew", post(devices::renew))
        .route("/v1/devices", get(devices::list))
        .route("/v1/devices/{id}/revoke", post(devices::revoke))
        .route("/v1/devices/{id}/allow", post(devices::allow))
        .route("/v1/password", post(auth::change_password))
        .route("/v1/people/{id}/password", post(auth::reset_password))
        .route("/v1/sign-out", post(auth::sign_out))
        .route("/v1/push", post(push::push))
        .route("/v1/pull", get(pull::pull))
        .route("/v1/events", get(events::events))
        .route("/v1/head", get(events::head))
        .route("/v1/snapshot", get(snapshot::offers))
        .route("/v1/snapshot/{id}", get(snapshot::frames))
        .route("/v1/lease", post(lease::lease))
        .route("/v1/health", get(health::health))
        .with_state(Shared { core, limits: limits.clone() })
        .layer(RequestDecompressionLayer::new())
        .layer(RequestBodyLimitLayer::new(limits::BODY_BYTES))
        .layer(from_fn_with_state(limits, slow_down))
        .layer(from_fn(watch))
        // Frames are packed already, and a range of them must stay what it is.
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("application/octet-stream"))),
        )
}

impl Shared {
    /// Runs work that waits for the disk on a thread for such work.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Core) -> Result<T, ServerError> + Send + 'static,
    ) -> Result<Json<T>, ServerError> {
        let core = self.core.clone();
        tokio::task::spawn_blocking(move || work(&core))
            .await
            .map_err(|error| ServerError::Worker(error.to_string()))?
            .map(Json)
    }
}

/// Whose access token came with the request.
pub(crate) struct Asked(pub(crate) Caller);

impl FromRequestParts<Shared> for Asked {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ServerError> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| {
                ErrorBody::new(ErrorCode::NotSignedIn, "The request has no access token.", "Sign in first.")
            })?
            .to_owned();
        let Json(caller) = shared.run(move |core| core.caller(&token)).await?;
        shared.limits.device(caller.device, Instant::now())?;
        Ok(Self(caller))
    }
}

/// A JSON body within the limits, from anybody.
pub(crate) struct Input<T>(pub(crate) T);

/// A JSON body within the limits, from somebody signed in.
pub(crate) struct AskedInput<T>(pub(crate) Caller, pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Input<T> {
    type Rejection = ServerError;

    async fn from_request(request: Request, _shared: &Shared) -> Result<Self, ServerError> {
        parse(&read(request.into_body()).await?).map(Self)
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for AskedInput<T> {
    type Rejection = ServerError;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, ServerError> {
        let (mut parts, body) = request.into_parts();
        // Read before the answer, because some clients take an answer amid their sending for a broken stream;
        // parsed only when it is somebody's.
        let bytes = read(body).await?;
        let Asked(caller) = Asked::from_request_parts(&mut parts, shared).await?;
        parse(&bytes).map(|input| Self(caller, input))
    }
}

async fn read(body: Body) -> Result<Bytes, ServerError> {
    // What cannot be read to its end was cut off by one of the two limits.
    to_bytes(body, limits::BODY_PLAIN_BYTES).await.map_err(|_| too_large().into())
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ServerError> {
    if !limits::shallow(bytes) {
        return Err(bad_request(&format!("its JSON nests deeper than {}", limits::JSON_DEPTH)).into());
    }
    serde_json::from_slice(bytes).map_err(|error| bad_request(&error.to_string()).into())
}

fn bad_request(why: &str) -> ErrorBody {
    ErrorBody::new(
        ErrorCode::BadRequest,
        format!("The request cannot be read: {why}."),
        "Check that laptop and server are of matching versions.",
    )
}

fn too_large() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::TooLarge,
        format!(
            "The request is too large, or broken: at most {} MiB are taken, {} MiB after decompression.",
            limits::BODY_BYTES >> 20,
            limits::BODY_PLAIN_BYTES >> 20
        ),
        "Send less at once.",
    )
}

/// Keeps one address from taking all of the server's time.
async fn slow_down(
    State(limits): State<Arc<Limits>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match limits.address(peer.ip(), Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(body) => ServerError::from(body).into_response(),
    }
}

/// Bounds a request's time, logs it, and gives every answer but 200 a code and a sentence.
async fn watch(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let started = Instant::now();
    let response = match tokio::time::timeout(REQUEST_TIME, next.run(request)).await {
        Ok(response) => explained(response),
        Err(_) => ServerError::from(ErrorBody::new(
            ErrorCode::Busy,
            "The request took too long.",
            "Try again, with less at once if it stays so.",
        ))
        .into_response(),
    };
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, path, status = response.status().as_u16(), duration_ms, "Answered");
    response
}

/// The layers' own plain answers, such as 404 or 413, as an [`ErrorBody`].
fn explained(response: Response) -> Response {
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value == "application/json");
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
    let json = serde_json::to_vec(&body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(json)).into_response()
}
