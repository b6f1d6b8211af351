//! Devices: one's own, and for an administrator everybody's.

use super::{Asked, AskedInput, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::{Path, State};
use slipway_domain::id::DeviceId;
use slipway_sync::account::{Devices, Renewal};
use slipway_sync::protocol::{Done, NewDevice, Session};
use uuid::Uuid;

pub(super) async fn list(State(shared): State<Shared>, Asked(caller): Asked) -> Result<Json<Devices>, ServerError> {
    shared.run(move |core| core.devices(&caller)).await
}

pub(super) async fn revoke(
    State(shared): State<Shared>,
    Path(id): Path<Uuid>,
    Asked(caller): Asked,
) -> Result<Json<Done>, ServerError> {
    shared.run(move |core| core.decide_device(&caller, DeviceId(id), true).map(|()| Done {})).await
}

pub(super) async fn allow(
    State(shared): State<Shared>,
    Path(id): Path<Uuid>,
    Asked(caller): Asked,
) -> Result<Json<Done>, ServerError> {
    shared.run(move |core| core.decide_device(&caller, DeviceId(id), false).map(|()| Done {})).await
}

pub(super) async fn another(
    State(shared): State<Shared>,
    AskedInput(caller, device): AskedInput<NewDevice>,
) -> Result<Json<Session>, ServerError> {
    shared.run(move |core| core.new_device(&caller, &device)).await
}

pub(super) async fn renew(
    State(shared): State<Shared>,
    AskedInput(caller, renewal): AskedInput<Renewal>,
) -> Result<Json<Session>, ServerError> {
    shared.run(move |core| core.renew_device(&caller, &renewal)).await
}
