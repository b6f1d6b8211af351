//! Commands in.

use super::{AskedInput, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use slipway_sync::protocol::{Push, Pushed};
use std::time::Instant;

pub(super) async fn push(
    State(shared): State<Shared>,
    AskedInput(caller, push): AskedInput<Push>,
) -> Result<Json<Pushed>, ServerError> {
    shared.limits.push(caller.device, Instant::now())?;
    shared.run(move |core| core.push(&caller, &push)).await
}
