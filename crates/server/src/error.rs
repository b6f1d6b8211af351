//! Why a request was not carried out: what the asker is told, and what only the log is told.

use crate::storage::StorageError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use slipway_sync::bucket::Bucket;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::sync::Arc;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The asker is told all of it.
    #[error("{}", .0.sentence)]
    Said(Box<ErrorBody>),
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The operating system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(String),
    /// A password could not be hashed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
    /// The room on the disk cannot be had.
    #[error("the room on the disk cannot be asked for: {0}")]
    Disk(String),
    /// A thread ended before its answer.
    #[error("a worker ended early: {0}")]
    Worker(String),
    /// The records failed.
    #[error(transparent)]
    Records(#[from] slipway_domain::refusal::Fault),
    /// A bucket could not be packed.
    #[error("the snapshot of {bucket} could not be built: {why}")]
    Snapshot {
        /// Which.
        bucket: Bucket,
        /// Why.
        why: String,
    },
    /// The file of an export cannot be written.
    #[error("the export cannot be written: {0}")]
    Export(#[from] std::io::Error),
    /// What a client cannot cause.
    #[error("cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<ErrorBody> for ServerError {
    fn from(body: ErrorBody) -> Self {
        Self::Said(Box::new(body))
    }
}

impl ServerError {
    /// What the asker is told.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        match self {
            Self::Said(body) => (**body).clone(),
            Self::Storage(StorageError::Busy | StorageError::Torn) => ErrorBody {
                retry_after_ms: Some(1_000),
                ..ErrorBody::new(ErrorCode::Busy, "The server's storage is busy.", "Try again in a moment.")
            },
            _ => ErrorBody::new(
                ErrorCode::Internal,
                "The server could not do it.",
                "Try again; if it stays so, an administrator finds the reason in the server's log.",
            ),
        }
    }
}

/// The HTTP status of a code.
#[must_use]
pub fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest
        | ErrorCode::BadSignature
        | ErrorCode::BlobWrong
        | ErrorCode::WeakPassword
        | ErrorCode::CarryUnreadable
        | ErrorCode::CarryNotForUs
        | ErrorCode::CarryIncomplete
        | ErrorCode::CarryDamaged => StatusCode::BAD_REQUEST,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::TooManyRequests | ErrorCode::LockedOut => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::WrongCredentials | ErrorCode::NotSignedIn => StatusCode::UNAUTHORIZED,
        ErrorCode::DeviceRevoked
        | ErrorCode::NotAllowed
        | ErrorCode::WrongDevice
        | ErrorCode::WrongActor
        | ErrorCode::BucketUnknown => StatusCode::FORBIDDEN,
        ErrorCode::DeviceTaken
        | ErrorCode::DeviceForked
        | ErrorCode::CounterGap
        | ErrorCode::EpochChanged
        | ErrorCode::SignInPending
        | ErrorCode::CursorAhead
        | ErrorCode::ResyncRequired => StatusCode::CONFLICT,
        ErrorCode::BlobQuota => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::SnapshotGone => StatusCode::GONE,
        ErrorCode::ClientTooOld => StatusCode::UPGRADE_REQUIRED,
        ErrorCode::Busy | ErrorCode::NotReady | ErrorCode::ProviderUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::TooSlow => StatusCode::REQUEST_TIMEOUT,
        ErrorCode::Internal | ErrorCode::Unrecognised => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The code goes along for whoever counts, the whole for whoever tells it in other words.
pub(crate) fn note(body: ErrorBody, response: &mut Response) {
    response.extensions_mut().insert(body.code);
    response.extensions_mut().insert(Arc::new(body));
}

impl IntoResponse for ServerError {
    fn into_response(self) -> Response {
        let body = self.body();
        match &self {
            Self::Said(said) => tracing::debug!(code = ?said.code, "Refused a request"),
            Self::Storage(StorageError::Busy | StorageError::Torn) => {
                tracing::warn!("The storage was busy for too long")
            }
            other => tracing::error!(error = %other, "A request failed"),
        }
        let mut response = (status(body.code), Json(&body)).into_response();
        note(body, &mut response);
        response
    }
}
