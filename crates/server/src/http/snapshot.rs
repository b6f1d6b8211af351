//! Buckets out, whole.

use super::{Asked, Shared, bad_request};
use crate::error::ServerError;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use slipway_sync::bucket::{Bucket, NotABucket};
use slipway_sync::limits;
use slipway_sync::protocol::OffersQuery;
use slipway_sync::snapshot::{Offers, SnapshotId};
use std::path::PathBuf;
use tower_http::services::ServeFile;

/// Which of these buckets are worth fetching whole.
#[utoipa::path(get, path = "/v1/snapshot", tag = "sync", params(OffersQuery), security(("token" = [])),
    responses((status = 200, body = Offers)))]
pub(super) async fn offers(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    query: Result<Query<OffersQuery>, QueryRejection>,
) -> Result<Json<Offers>, ServerError> {
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    let named: Result<Vec<Bucket>, NotABucket> = query.buckets.split(',').map(str::parse).collect();
    let buckets = named.map_err(|error| bad_request(&error.to_string()))?;
    if buckets.len() > limits::BUCKETS {
        return Err(bad_request("it names too many buckets").into());
    }
    shared.run(move |core| core.offers(&caller, &buckets)).await
}

/// A stretch of a snapshot, or all of it.
#[utoipa::path(get, path = "/v1/snapshot/{id}", tag = "sync", params(("id" = String, Path)), security(("token" = [])),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
              (status = 206, content_type = "application/octet-stream", body = Vec<u8>)))]
pub(super) async fn frames(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ServerError> {
    let id: SnapshotId = id.parse().map_err(|_| bad_request("it names no snapshot"))?;
    let Json(path) = shared.run(move |core| core.frames(&caller, id)).await?;
    unchanging_file(path, request).await
}

/// A file that never changes, or the range of it that is asked for.
pub(super) async fn unchanging_file(path: PathBuf, request: Request) -> Result<Response, ServerError> {
    // Whatever the file is: nobody's browser shall make more of it than bytes.
    let mime = "application/octet-stream".parse().map_err(|_| ServerError::Worker("no such media type".to_owned()))?;
    let served = ServeFile::new_with_mime(path, &mime).try_call(request).await;
    let mut response = served.map_err(|error| ServerError::Worker(error.to_string()))?.map(Body::new);
    // Under this address there is never anything else.
    let forever = HeaderValue::from_static("private, max-age=31536000, immutable, no-transform");
    response.headers_mut().insert(header::CACHE_CONTROL, forever);
    Ok(response)
}
