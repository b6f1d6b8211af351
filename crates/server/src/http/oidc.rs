//! Other ways to sign in than a password.

use super::{Input, Shared};
use crate::error::ServerError;
use crate::oidc::Oidc;
use axum::Json;
use axum::extract::{ConnectInfo, State};
use slipway_sync::account::{OidcBegin, OidcDevice, OidcPage, OidcSignIn, SignInMethods};
use slipway_sync::protocol::{ErrorBody, ErrorCode, Session};
use std::net::SocketAddr;
use std::time::Instant;

/// How people may sign in here.
#[utoipa::path(get, path = "/v1/sign-in-methods", tag = "session", responses((status = 200, body = SignInMethods)))]
pub(super) async fn methods(State(shared): State<Shared>) -> Json<SignInMethods> {
    let oidc = shared.oidc.as_ref().map(|oidc| oidc.config().name.clone());
    Json(SignInMethods { password: true, oidc })
}

/// The provider's sign-in page for one attempt on one device.
#[utoipa::path(post, path = "/v1/oidc/begin", tag = "session", request_body = OidcBegin,
    responses((status = 200, body = OidcPage)))]
pub(super) async fn begin(
    State(shared): State<Shared>,
    Input(begin): Input<OidcBegin>,
) -> Result<Json<OidcPage>, ServerError> {
    provider(&shared)?.page(&begin).await.map(Json)
}

/// Codes for a sign-in at the provider on another device.
#[utoipa::path(post, path = "/v1/oidc/device", tag = "session", responses((status = 200, body = OidcDevice)))]
pub(super) async fn device(State(shared): State<Shared>) -> Result<Json<OidcDevice>, ServerError> {
    provider(&shared)?.elsewhere().await.map(Json)
}

/// What the provider gave, for a session.
#[utoipa::path(post, path = "/v1/oidc/sign-in", tag = "session", request_body = OidcSignIn,
    responses((status = 200, body = Session)))]
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Input(request): Input<OidcSignIn>,
) -> Result<Json<Session>, ServerError> {
    shared.limits.may_sign_in(peer.ip(), Instant::now())?;
    let answer = vouched(&shared, request).await;
    if matches!(&answer, Err(error) if error.body().code == ErrorCode::WrongCredentials) {
        shared.limits.failed(peer.ip(), Instant::now());
    }
    answer
}

async fn vouched(shared: &Shared, request: OidcSignIn) -> Result<Json<Session>, ServerError> {
    let oidc = provider(shared)?;
    let vouched = oidc.vouched(&request, shared.core.now()).await?;
    let newcomers = oidc.newcomers().cloned();
    shared.run(move |core| core.sign_in_vouched(&vouched, &request.device, newcomers.as_ref())).await
}

fn provider(shared: &Shared) -> Result<&Oidc, ErrorBody> {
    shared.oidc.as_deref().ok_or_else(|| {
        let sentence = "This server has no provider to sign in at.";
        ErrorBody::new(ErrorCode::ProviderUnavailable, sentence, "Sign in with your name and password.")
    })
}
