//! Number blocks.

use super::{AskedInput, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use slipway_sync::protocol::{Lease, LeaseRequest};

/// A block of numbers that nobody else gets.
#[utoipa::path(post, path = "/v1/lease", tag = "sync", request_body = LeaseRequest, security(("token" = [])),
    responses((status = 200, body = Lease)))]
pub(super) async fn lease(
    State(shared): State<Shared>,
    AskedInput(caller, request): AskedInput<LeaseRequest>,
) -> Result<Json<Lease>, ServerError> {
    shared.run(move |core| core.lease(&caller, request)).await
}
