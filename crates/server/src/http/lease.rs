//! Number blocks.

use super::{Input, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use slipway_sync::protocol::{Lease, LeaseRequest};

pub(super) async fn lease(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Input(request): Input<LeaseRequest>,
) -> Result<Json<Lease>, ServerError> {
    let caller = shared.caller(&headers).await?;
    shared.run(move |core| core.lease(&caller, request)).await
}
