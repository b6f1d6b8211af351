//! Reading and writing for other tools, with a token that an administrator made: within the scope of the person it acts
//! for, by the same rules and into the same log as everything else.

mod body;
pub(super) mod page;
pub(super) mod problem;
pub(super) mod read;
pub(super) mod write;

use super::{Asked, Shared, parse};
use crate::core::Caller;
use crate::error::ServerError;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::time::Instant;

/// What the path of every route of this interface begins with.
pub(crate) const PREFIX: &str = "/v1/api/";
/// Largest body of a request, in bytes.
pub(crate) const BODY_BYTES: usize = 256 * 1024;
/// Longest key of idempotency, in bytes.
const KEY_BYTES: usize = 200;

/// Whose token came with the request.
pub(crate) struct Tool(pub(crate) Caller);

impl FromRequestParts<Shared> for Tool {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, ServerError> {
        Asked::of_token(parts, shared).await.map(|Asked(caller)| Self(caller))
    }
}

/// A JSON body within the limits of this interface, and whose token came with it.
pub(crate) struct ToolInput<T>(pub(crate) Caller, pub(crate) HeaderMap, pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Shared> for ToolInput<T> {
    type Rejection = ServerError;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, ServerError> {
        let (mut parts, body) = request.into_parts();
        let bytes = super::read(body).await?;
        let Tool(caller) = Tool::from_request_parts(&mut parts, shared).await?;
        if bytes.len() > BODY_BYTES {
            return Err(ErrorBody::new(
                ErrorCode::TooLarge,
                format!("The request has {} bytes; at most {BODY_BYTES} are taken.", bytes.len()),
                "Send less at once.",
            )
            .into());
        }
        shared.limits.push(caller.device, Instant::now())?;
        let input = parse(&bytes).map_err(|error| wrong(error.body().sentence, READ_ON))?;
        Ok(Self(caller, parts.headers, input))
    }
}

/// What to do about a request that cannot be read.
const READ_ON: &str = "Correct it; /v1/openapi.json says what there is.";

/// A request that is not as it should be.
fn wrong(sentence: String, way_out: &str) -> ServerError {
    ErrorBody::new(ErrorCode::BadRequest, sentence, way_out).into()
}

/// The key by which a request that is sent twice is done once.
fn idempotency_key(headers: &HeaderMap) -> Result<String, ServerError> {
    let key = headers.get("idempotency-key").and_then(|v| v.to_str().ok()).map(str::trim).unwrap_or_default();
    if key.is_empty() || key.len() > KEY_BYTES {
        return Err(wrong(
            format!("The request has no header Idempotency-Key of 1 to {KEY_BYTES} bytes."),
            "Send another key for every command, such as a UUID, and the same one when the same command is sent again.",
        ));
    }
    Ok(key.to_owned())
}

/// The sequence that the caller saw.
fn if_match(headers: &HeaderMap) -> Result<u64, ServerError> {
    let given = headers.get(header::IF_MATCH).and_then(|v| v.to_str().ok()).map(|v| v.trim().trim_matches('"'));
    given.and_then(|text| text.parse().ok()).ok_or_else(|| {
        wrong(
            "The request has no header If-Match with the sequence of the record, such as \"42\".".to_owned(),
            "Read the record, and send its ETag as If-Match.",
        )
    })
}
