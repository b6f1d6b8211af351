//! Signing in and out, fresh tokens, passwords.

use super::{Asked, AskedInput, Input, Shared};
use crate::error::ServerError;
use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use slipway_domain::id::PersonId;
use slipway_sync::account::{ChangePassword, ResetPassword};
use slipway_sync::protocol::{Done, ErrorCode, Session, SignIn, SignedRefresh};
use std::net::SocketAddr;
use std::time::Instant;
use uuid::Uuid;

/// Name and password for a session.
#[utoipa::path(post, path = "/v1/sign-in", tag = "session", request_body = SignIn, responses((status = 200, body = Session)))]
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Input(request): Input<SignIn>,
) -> Result<Json<Session>, ServerError> {
    shared.limits.may_sign_in(peer.ip(), Instant::now())?;
    let _permit = shared.limits.password().await?;
    let answer = shared.run(move |core| core.sign_in(&request)).await;
    if matches!(&answer, Err(error) if error.body().code == ErrorCode::WrongCredentials) {
        shared.limits.failed(peer.ip(), Instant::now());
    }
    answer
}

/// Fresh tokens for a device that proves its key.
#[utoipa::path(post, path = "/v1/refresh", tag = "session", request_body = SignedRefresh, responses((status = 200, body = Session)))]
pub(super) async fn refresh(
    State(shared): State<Shared>,
    Input(request): Input<SignedRefresh>,
) -> Result<Json<Session>, ServerError> {
    shared.run(move |core| core.refresh(&request)).await
}

/// The caller's own password.
#[utoipa::path(post, path = "/v1/password", tag = "session", request_body = ChangePassword, security(("token" = [])),
    responses((status = 200, body = Done)))]
pub(super) async fn change_password(
    State(shared): State<Shared>,
    AskedInput(caller, request): AskedInput<ChangePassword>,
) -> Result<Json<Done>, ServerError> {
    let _permit = shared.limits.password().await?;
    shared.run(move |core| core.change_password(&caller, &request).map(|()| Done {})).await
}

/// Somebody's password, by an administrator.
#[utoipa::path(post, path = "/v1/people/{id}/password", tag = "session", params(("id" = Uuid, Path)),
    request_body = ResetPassword, security(("token" = [])), responses((status = 200, body = Done)))]
pub(super) async fn reset_password(
    State(shared): State<Shared>,
    Path(person): Path<Uuid>,
    AskedInput(caller, request): AskedInput<ResetPassword>,
) -> Result<Json<Done>, ServerError> {
    let _permit = shared.limits.password().await?;
    shared.run(move |core| core.reset_password(&caller, PersonId(person), &request).map(|()| Done {})).await
}

/// Ends the session.
#[utoipa::path(post, path = "/v1/sign-out", tag = "session", security(("token" = [])), responses((status = 200, body = Done)))]
pub(super) async fn sign_out(State(shared): State<Shared>, Asked(caller): Asked) -> Result<Json<Done>, ServerError> {
    shared.run(move |core| core.sign_out(&caller).map(|()| Done {})).await
}
