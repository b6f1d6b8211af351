//! How the server is, for anybody who asks.

use super::Shared;
use crate::error::ServerError;
use crate::limit::{DISK_LEAST_BYTES, READY_TIME};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode, Health, Ready};
use std::sync::OnceLock;

/// Whether the process lives, and which versions it speaks.
#[utoipa::path(get, path = "/v1/health", tag = "server", responses((status = 200, body = Health)))]
pub(super) async fn health(State(shared): State<Shared>) -> Json<Health> {
    let asked = shared.run(|core| Ok(core.is_ready()));
    let ready = matches!(tokio::time::timeout(READY_TIME, asked).await, Ok(Ok(Json(true))));
    let version = env!("CARGO_PKG_VERSION").to_owned();
    Json(Health { ready, level: limits::LEVEL, min_client: shared.min_client, version })
}

/// Whether the server can work: its storage answers and its disk has room.
#[utoipa::path(get, path = "/v1/ready", tag = "server", responses((status = 200, body = Ready)))]
pub(super) async fn ready(State(shared): State<Shared>) -> Result<Json<Ready>, ServerError> {
    let data = shared.data.clone();
    let asked = shared.run(move |core| {
        let head = core.snapshot()?.workspace()?.head;
        let free_bytes = fs4::available_space(&data).map_err(|error| ServerError::Disk(error.to_string()))?;
        Ok(Ready { head, free_bytes })
    });
    match tokio::time::timeout(READY_TIME, asked).await {
        Ok(Ok(Json(ready))) if ready.free_bytes < DISK_LEAST_BYTES => {
            let mib = ready.free_bytes >> 20;
            Err(not_ready(&format!("The server's disk has only {mib} MiB left."), "Make room on the server's disk."))
        }
        Ok(Ok(ready)) => Ok(ready),
        Ok(Err(error)) => {
            tracing::warn!(%error, "The storage does not answer");
            Err(not_ready("The server's storage does not answer.", "An administrator finds the reason in its log."))
        }
        Err(_) => Err(not_ready("The server's storage does not answer in time.", "Try again in a moment.")),
    }
}

/// This description.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "server", responses((status = 200, body = Object)))]
pub(super) async fn document() -> Result<Response, ServerError> {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = match DOCUMENT.get() {
        Some(text) => text.clone(),
        None => {
            let made = crate::openapi::json()?;
            DOCUMENT.get_or_init(|| made).clone()
        }
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

fn not_ready(sentence: &str, way_out: &str) -> ServerError {
    ErrorBody { retry_after_ms: Some(5_000), ..ErrorBody::new(ErrorCode::NotReady, sentence, way_out) }.into()
}
