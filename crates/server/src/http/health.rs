//! Whether the server is well, for anybody who asks.

use super::Shared;
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use slipway_sync::limits;
use slipway_sync::protocol::Health;

pub(super) async fn health(State(shared): State<Shared>) -> Result<Json<Health>, ServerError> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    shared
        .run(move |core| {
            Ok(Health { ready: core.is_ready(), level: limits::LEVEL, min_client: limits::MIN_LEVEL, version })
        })
        .await
}
