//! How requests reach the core: routes, bodies, tokens. Every answer but 200 is an [`ErrorBody`].

mod api;
mod auth;
mod blobs;
mod calendar;
mod carry;
mod devices;
mod events;
mod health;
mod lease;
mod log;
mod oidc;
mod pull;
mod push;
mod snapshot;
mod watch;

use crate::core::{Caller, Core, TOKEN_PREFIX};
use crate::error::ServerError;
use crate::limit::Limits;
use crate::metrics::Metrics;
use crate::oidc::Oidc;
use crate::openapi;
use crate::serve::Config;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutError};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use watch::AskedBy;

pub(crate) use api::PREFIX;
pub(crate) use api::problem::{MEDIA_TYPE, Problem};

/// What handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    core: Core,
    limits: Arc<Limits>,
    metrics: Metrics,
    oidc: Option<Arc<Oidc>>,
    /// Lowest protocol level spoken.
    min_client: u32,
    /// The data folder, whose disk must not be full.
    data: Arc<Path>,
}

/// Every route, each with its description: one without does not compile.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(auth::sign_in))
        .routes(routes!(oidc::methods))
        .routes(routes!(oidc::begin))
        .routes(routes!(oidc::device))
        .routes(routes!(oidc::sign_in))
        .routes(routes!(auth::refresh))
        .routes(routes!(devices::another))
        .routes(routes!(devices::renew))
        .routes(routes!(devices::list))
        .routes(routes!(devices::revoke))
        .routes(routes!(devices::allow))
        .routes(routes!(auth::change_password))
        .routes(routes!(auth::reset_password))
        .routes(routes!(auth::sign_out))
        .routes(routes!(push::push))
        .routes(routes!(carry::carry))
        .routes(routes!(pull::pull))
        .routes(routes!(events::events))
        .routes(routes!(events::head))
        .routes(routes!(snapshot::offers))
        .routes(routes!(snapshot::frames))
        .routes(routes!(blobs::blob, blobs::begin))
        .routes(routes!(blobs::manifest))
        .routes(routes!(blobs::chunk))
        .routes(routes!(blobs::commit))
        .routes(routes!(lease::lease))
        .routes(routes!(log::checkpoint))
        .routes(routes!(log::consistency))
        .routes(routes!(log::inclusion))
        .routes(routes!(log::record))
        .routes(routes!(log::tile))
        .routes(routes!(api::read::list_cis, api::write::create_ci))
        .routes(routes!(api::read::get_ci, api::write::patch_ci))
        .routes(routes!(api::read::list_ci_relations))
        .routes(routes!(api::read::list_ci_history))
        .routes(routes!(api::read::get_impact))
        .routes(routes!(api::read::list_relations, api::write::create_relation))
        .routes(routes!(api::write::remove_relation))
        .routes(routes!(api::read::list_ci_groups))
        .routes(routes!(api::read::list_releases))
        .routes(routes!(api::read::get_release))
        .routes(routes!(api::read::list_changes))
        .routes(routes!(api::read::get_change))
        .routes(routes!(calendar::feed))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::document))
}

/// Answers requests.
pub(crate) fn router(core: Core, metrics: Metrics, oidc: Option<Oidc>, config: &Config) -> Router {
    let (min_client, data) = (config.min_client, config.data.as_path().into());
    let limits = Arc::new(Limits::default());
    let shared = Shared { core, limits: limits.clone(), metrics, oidc: oidc.map(Arc::new), min_client, data };
    let (router, _) = routes().split_for_parts();
    router
        .with_state(shared.clone())
        .layer(RequestDecompressionLayer::new())
        .layer(RequestBodyLimitLayer::new(limits::BODY_BYTES))
        .layer(RequestBodyTimeoutLayer::new(config.patience.body))
        .layer(from_fn_with_state(limits, slow_down))
        .layer(from_fn_with_state(shared, watch::watch))
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
        let (core, span) = (self.core.clone(), tracing::Span::current());
        tokio::task::spawn_blocking(move || span.in_scope(|| work(&core)))
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
        let token = bearer(parts).filter(|token| !token.starts_with(TOKEN_PREFIX)).ok_or_else(|| {
            ErrorBody::new(ErrorCode::NotSignedIn, "The request has no access token.", "Sign in first.")
        })?;
        let Json(caller) = shared.run(move |core| core.caller(&token)).await?;
        Self::noted(caller, parts, shared)
    }
}

fn bearer(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    value.strip_prefix("Bearer ").map(str::to_owned)
}

impl Asked {
    /// Whose token for other tools came with the request; sessions and tokens do not open each other's doors.
    async fn of_token(parts: &mut Parts, shared: &Shared) -> Result<Self, ServerError> {
        Self::with_token(bearer(parts).unwrap_or_default(), parts, shared).await
    }

    /// Whose token for other tools this is.
    async fn with_token(token: String, parts: &Parts, shared: &Shared) -> Result<Self, ServerError> {
        let Json(caller) = shared.run(move |core| core.api_caller(&token)).await?;
        Self::noted(caller, parts, shared)
    }

    fn noted(caller: Caller, parts: &Parts, shared: &Shared) -> Result<Self, ServerError> {
        if let Some(asked_by) = parts.extensions.get::<AskedBy>() {
            asked_by.note(caller.device);
        }
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
    // What cannot be read to its end came too slowly, or was cut off by one of the two limits.
    to_bytes(body, limits::BODY_PLAIN_BYTES).await.map_err(|error| match is_slow(&error) {
        true => too_slow().into(),
        false => too_large().into(),
    })
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

fn is_slow(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<TimeoutError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

fn too_slow() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::TooSlow,
        "Nothing more of the request came for a while.",
        "Try again on a better line; what waits is kept.",
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
