//! The audit log's checkpoint, and proofs about it.

use super::{Asked, Shared, bad_request};
use crate::core::no_such_tile;
use crate::error::ServerError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use slipway_sync::log::tile::{Tile, WIDTH};
use slipway_sync::protocol::{ConsistencyQuery, InclusionQuery, LogCheckpoint, LogProof, LogRecord, LogRecordQuery};

/// The log as it stands, signed.
#[utoipa::path(get, path = "/v1/log/checkpoint", tag = "sync", security(("token" = [])),
    responses((status = 200, body = LogCheckpoint)))]
pub(super) async fn checkpoint(
    State(shared): State<Shared>,
    Asked(caller): Asked,
) -> Result<Json<LogCheckpoint>, ServerError> {
    shared.run(move |core| core.log_checkpoint(&caller)).await
}

/// Proof that a log begins with a smaller one.
#[utoipa::path(get, path = "/v1/log/consistency", tag = "sync", params(ConsistencyQuery), security(("token" = [])),
    responses((status = 200, body = LogProof)))]
pub(super) async fn consistency(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    query: Result<Query<ConsistencyQuery>, QueryRejection>,
) -> Result<Json<LogProof>, ServerError> {
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    shared.run(move |core| core.log_consistency(&caller, query)).await
}

/// Proof that an entry is in the log.
#[utoipa::path(get, path = "/v1/log/inclusion", tag = "sync", params(InclusionQuery), security(("token" = [])),
    responses((status = 200, body = LogProof)))]
pub(super) async fn inclusion(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    query: Result<Query<InclusionQuery>, QueryRejection>,
) -> Result<Json<LogProof>, ServerError> {
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    shared.run(move |core| core.log_inclusion(&caller, query)).await
}

/// What the log has about a record, with proofs.
#[utoipa::path(get, path = "/v1/log/record", tag = "sync", params(LogRecordQuery), security(("token" = [])),
    responses((status = 200, body = LogRecord)))]
pub(super) async fn record(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    query: Result<Query<LogRecordQuery>, QueryRejection>,
) -> Result<Json<LogRecord>, ServerError> {
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    shared.run(move |core| core.log_record(&caller, query)).await
}

/// Hashes of the log's tree in the layout of C2SP tlog-tiles; a full tile never changes.
#[utoipa::path(get, path = "/v1/log/tile/{*tile}", tag = "sync", security(("token" = [])),
    params(("tile" = String, Path, description = "Level and position, such as 0/x001/234; .p/5 for the first five hashes")),
    responses((status = 200, body = [u8], content_type = "application/octet-stream")))]
pub(super) async fn tile(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    Path(path): Path<String>,
) -> Result<impl IntoResponse, ServerError> {
    let tile = Tile::read(&path).ok_or_else(no_such_tile)?;
    let Json(bytes) = shared.run(move |core| core.log_tile(&caller, tile)).await?;
    let keep = if tile.width == WIDTH { "private, max-age=31536000, immutable" } else { "no-store" };
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, keep)], bytes))
}
