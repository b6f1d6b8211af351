//! Devices: one's own, and for an administrator everybody's.

use super::{Asked, AskedInput, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::{Path, State};
use slipway_domain::id::DeviceId;
use slipway_sync::account::{Devices, Renewal};
use slipway_sync::protocol::{Done, NewDevice, Session};
use uuid::Uuid;

/// One's own devices; for an administrator everybody's.
#[utoipa::path(get, path = "/v1/devices", responses((status = 200, body = Devices)), tag = "devices", security(("token" = [])))]
pub(super) async fn list(State(shared): State<Shared>, Asked(caller): Asked) -> Result<Json<Devices>, ServerError> {
    shared.run(move |core| core.devices(&caller)).await
}

/// Shuts a device out.
#[utoipa::path(post, path = "/v1/devices/{id}/revoke", params(("id" = Uuid, Path)), responses((status = 200, body = Done)), tag = "devices", security(("token" = [])))]
pub(super) async fn revoke(
    State(shared): State<Shared>,
    Path(id): Path<Uuid>,
    Asked(caller): Asked,
) -> Result<Json<Done>, ServerError> {
    shared.run(move |core| core.decide_device(&caller, DeviceId(id), true).map(|()| Done {})).await
}

/// Lets a device in again.
#[utoipa::path(post, path = "/v1/devices/{id}/allow", params(("id" = Uuid, Path)), responses((status = 200, body = Done)), tag = "devices", security(("token" = [])))]
pub(super) async fn allow(
    State(shared): State<Shared>,
    Path(id): Path<Uuid>,
    Asked(caller): Asked,
) -> Result<Json<Done>, ServerError> {
    shared.run(move |core| core.decide_device(&caller, DeviceId(id), false).map(|()| Done {})).await
}

/// Another device of the same person.
#[utoipa::path(post, path = "/v1/device", request_body = NewDevice, responses((status = 200, body = Session)), tag = "devices", security(("token" = [])))]
pub(super) async fn another(
    State(shared): State<Shared>,
    AskedInput(caller, device): AskedInput<NewDevice>,
) -> Result<Json<Session>, ServerError> {
    shared.run(move |core| core.new_device(&caller, &device)).await
}

/// A new identity and key for a device, in the place of one whose key vouches for it.
#[utoipa::path(post, path = "/v1/device/renew", request_body = Renewal, responses((status = 200, body = Session)), tag = "devices", security(("token" = [])))]
pub(super) async fn renew(
    State(shared): State<Shared>,
    AskedInput(caller, renewal): AskedInput<Renewal>,
) -> Result<Json<Session>, ServerError> {
    shared.run(move |core| core.renew_device(&caller, &renewal)).await
}
