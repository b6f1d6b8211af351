//! Signing in and out, fresh tokens, another device.

use super::{Asked, AskedInput, Input, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::State;
use slipway_sync::protocol::{Done, NewDevice, Session, SignIn, SignedRefresh};

pub(super) async fn sign_in(
    State(shared): State<Shared>,
    Input(request): Input<SignIn>,
) -> Result<Json<Session>, ServerError> {
    let _permit = shared.limits.passwords.acquire().await.map_err(|error| ServerError::Worker(error.to_string()))?;
    shared.run(move |core| core.sign_in(&request)).await
}

pub(super) async fn refresh(
    State(shared): State<Shared>,
    Input(request): Input<SignedRefresh>,
) -> Result<Json<Session>, ServerError> {
    shared.run(move |core| core.refresh(&request)).await
}

pub(super) async fn new_device(
    State(shared): State<Shared>,
    AskedInput(caller, device): AskedInput<NewDevice>,
) -> Result<Json<Session>, ServerError> {
    shared.run(move |core| core.new_device(&caller, &device)).await
}

pub(super) async fn sign_out(State(shared): State<Shared>, Asked(caller): Asked) -> Result<Json<Done>, ServerError> {
    shared.run(move |core| core.sign_out(&caller).map(|()| Done {})).await
}
