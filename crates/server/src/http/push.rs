//! Commands in.

use super::{AskedInput, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use slipway_sync::protocol::{Push, Pushed};
use std::time::Instant;

/// Commands of one device, in order; a repeated one gets its stored result.
#[utoipa::path(post, path = "/v1/push", tag = "sync", request_body = Push, security(("token" = [])),
    responses((status = 200, body = Pushed)))]
pub(super) async fn push(
    State(shared): State<Shared>,
    AskedInput(caller, push): AskedInput<Push>,
) -> Result<Json<Pushed>, ServerError> {
    shared.limits.push(caller.device, Instant::now())?;
    let pushed = shared.run(move |core| core.push(&caller, &push)).await?;
    shared.metrics.pushed(&pushed);
    Ok(pushed)
}
