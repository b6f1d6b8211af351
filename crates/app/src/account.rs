//! What a person asks of the server about their account: passwords; and what becomes of a device that was shut out.

use crate::error::CallError;
use crate::link::Link;
use crate::open::{App, Open};
use crate::start::blocking;
use crate::sync_driver::resting_status;
use crate::transport::{Server, ServerError};
use crate::view::account::{ChangePassphraseRequest, ChangePasswordRequest, ResetPasswordRequest};
use crate::view::common::Nothing;
use crate::view::profile::SyncStatus;
use slipway_sync::account::{ChangePassword, ResetPassword};
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use slipway_sync::transport::TransportError;
use std::sync::Arc;

/// Asks something of the server within the open session. A device that was shut out locks.
///
/// # Errors
/// Nobody is signed in at a server, it is not reached, or it says no.
pub(crate) async fn ask<T, F>(app: &App, ask: impl Fn(Server, String) -> F + Send + Sync) -> Result<T, CallError>
where
    F: Future<Output = Result<T, ServerError>> + Send,
{
    let open = app.open()?;
    let link = Link::of(open.session.clone())?.ok_or_else(works_alone)?;
    match link.ask(ask).await {
        Err(TransportError::Refused(body)) if body.code == ErrorCode::DeviceRevoked => {
            let app = app.clone();
            let told = body.clone();
            blocking(move || shut_out(&app, &open, &told)).await?;
            Err(ServerError::Refused(body).into())
        }
        other => other.map_err(CallError::from),
    }
}

fn shut_out(app: &App, open: &Arc<Open>, body: &ErrorBody) -> Result<(), CallError> {
    let status = resting_status(&open.session)?;
    open.session.shut_out(status.waiting)?;
    app.watch().status(&SyncStatus {
        locked: true,
        sentence: Some(body.sentence.clone()),
        way_out: Some(body.way_out.clone()),
        ..status
    });
    Ok(())
}

/// Sets one's own password; the sessions on other devices end.
///
/// # Errors
/// The present one is wrong, the new one is not taken, or the server is not reached.
pub async fn change_password(app: App, request: ChangePasswordRequest) -> Result<Nothing, CallError> {
    let change = ChangePassword { current: request.current, new: request.new };
    ask(&app, |server, access| {
        let change = change.clone();
        async move { server.change_password(&access, &change).await }
    })
    .await?;
    Ok(Nothing)
}

/// Sets another person's password; all their sessions end.
///
/// # Errors
/// The server says no, or is not reached.
pub async fn reset_password(app: App, request: ResetPasswordRequest) -> Result<Nothing, CallError> {
    let reset = ResetPassword { new: request.new };
    let person = request.person;
    ask(&app, |server, access| {
        let reset = reset.clone();
        async move { server.reset_password(&access, person, &reset).await }
    })
    .await?;
    Ok(Nothing)
}

/// Sets another passphrase for the profile on this computer. The records need not be written anew.
///
/// # Errors
/// The present one is wrong, or the profile is kept by the keychain.
pub fn change_passphrase(app: &App, request: &ChangePassphraseRequest) -> Result<Nothing, CallError> {
    app.open()?.session.change_passphrase(&request.current, &request.new)?;
    Ok(Nothing)
}

pub(crate) fn works_alone() -> CallError {
    CallError::trouble(
        "WORKS_ALONE",
        "This profile works alone: there is no server to ask.",
        "Make a profile of its own for a server, and sign in there.",
    )
}
