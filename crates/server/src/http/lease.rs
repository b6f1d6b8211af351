//! Number blocks.

use super::{AskedInput, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use slipway_sync::protocol::{Lease, LeaseRequest};

pub(super) async fn lease(
    State(shared): State<Shared>,
    AskedInput(caller, request): AskedInput<LeaseRequest>,
) -> Result<Json<Lease>, ServerError> {
    shared.run(move |core| core.lease(&caller, request)).await
}
