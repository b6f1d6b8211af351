//! Commands in.

use super::{Input, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use slipway_sync::protocol::{Push, Pushed};
use std::time::Instant;

pub(super) async fn push(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Input(push): Input<Push>,
) -> Result<Json<Pushed>, ServerError> {
    let caller = shared.caller(&headers).await?;
    shared.limits.push(caller.device, Instant::now())?;
    shared.run(move |core| core.push(&caller, &push)).await
}
