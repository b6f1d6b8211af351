//! Files beside the records, in and out.

use super::snapshot::unchanging_file;
use super::{Asked, AskedInput, Shared, bad_request, read};
use crate::error::ServerError;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::response::Response;
use serde::Deserialize;
use slipway_domain::blob::{Holder, Manifest, Sha256};
use slipway_sync::blob::{BeginUpload, CommitUpload, UploadState};
use slipway_sync::protocol::Done;
use utoipa::IntoParams;

/// Of which record a chunk is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ChunkQuery {
    /// The record, as `attachment:ID` or `dsl_item:ID`.
    #[param(value_type = String)]
    of: Holder,
}

fn named(sha256: &str) -> Result<Sha256, ServerError> {
    sha256.parse().map_err(|_| bad_request("it names no file by its SHA-256").into())
}

/// A stretch of a file, or all of it; with HEAD, whether it is there.
#[utoipa::path(get, path = "/v1/blobs/{sha256}", tag = "sync", params(("sha256" = String, Path)),
    security(("token" = [])),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>),
              (status = 206, content_type = "application/octet-stream", body = Vec<u8>)))]
pub(super) async fn blob(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    Path(sha256): Path<String>,
    request: Request,
) -> Result<Response, ServerError> {
    let sha256 = named(&sha256)?;
    let Json(path) = shared.run(move |core| core.blob(&caller, sha256)).await?;
    unchanging_file(path, request).await
}

/// What a file is made of: where its chunks begin and end, and how each hashes.
#[utoipa::path(get, path = "/v1/blobs/{sha256}/manifest", tag = "sync", params(("sha256" = String, Path)),
    security(("token" = [])), responses((status = 200, body = Manifest)))]
pub(super) async fn manifest(
    State(shared): State<Shared>,
    Asked(caller): Asked,
    Path(sha256): Path<String>,
) -> Result<Json<Manifest>, ServerError> {
    let sha256 = named(&sha256)?;
    shared.run(move |core| core.blob_manifest(&caller, sha256)).await
}

/// Begins the upload of a record's file, or goes on with it: says which chunks are missing.
#[utoipa::path(post, path = "/v1/blobs/{sha256}", tag = "sync", params(("sha256" = String, Path)),
    security(("token" = [])), request_body = BeginUpload, responses((status = 200, body = UploadState)))]
pub(super) async fn begin(
    State(shared): State<Shared>,
    Path(sha256): Path<String>,
    AskedInput(caller, input): AskedInput<BeginUpload>,
) -> Result<Json<UploadState>, ServerError> {
    let sha256 = named(&sha256)?;
    shared.run(move |core| core.begin_upload(&caller, sha256, &input)).await
}

/// A chunk of an upload, as bytes.
#[utoipa::path(put, path = "/v1/blobs/{sha256}/chunks/{n}", tag = "sync",
    params(("sha256" = String, Path), ("n" = u32, Path), ChunkQuery), security(("token" = [])),
    request_body(content_type = "application/octet-stream", content = Vec<u8>),
    responses((status = 200, body = Done)))]
pub(super) async fn chunk(
    State(shared): State<Shared>,
    Path((sha256, n)): Path<(String, u32)>,
    query: Result<Query<ChunkQuery>, QueryRejection>,
    request: Request,
) -> Result<Json<Done>, ServerError> {
    let sha256 = named(&sha256)?;
    let Query(query) = query.map_err(|error| bad_request(&error.body_text()))?;
    let (mut parts, body) = request.into_parts();
    // Read before the answer, as every body is.
    let bytes = read(body).await?;
    let Asked(caller) = Asked::from_request_parts(&mut parts, &shared).await?;
    shared.run(move |core| core.take_chunk(&caller, sha256, query.of, n, &bytes).map(|()| Done {})).await
}

/// Ends an upload: the server hashes the whole, and whoever may read the record can get the file.
#[utoipa::path(post, path = "/v1/blobs/{sha256}/commit", tag = "sync", params(("sha256" = String, Path)),
    security(("token" = [])), request_body = CommitUpload, responses((status = 200, body = UploadState)))]
pub(super) async fn commit(
    State(shared): State<Shared>,
    Path(sha256): Path<String>,
    AskedInput(caller, input): AskedInput<CommitUpload>,
) -> Result<Json<UploadState>, ServerError> {
    let sha256 = named(&sha256)?;
    shared.run(move |core| core.commit_upload(&caller, sha256, input.of)).await
}
