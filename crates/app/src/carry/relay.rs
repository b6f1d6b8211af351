//! Another laptop's carry file, brought to the server by this one.

use super::file;
use crate::App;
use crate::account::ask;
use crate::error::CallError;
use crate::session::{Session, off_thread};
use crate::start::blocking;
use crate::transport::{Server, ServerError};
use crate::view::carry::{CarryRelayRequest, CarryRelayed};
use slipway_sync::carry::Route;
use slipway_sync::encoding::Base64;
use slipway_sync::limits;
use slipway_sync::protocol::{CarryIn, ErrorCode};
use std::path::PathBuf;
use std::sync::Arc;

/// Brings to the server what other laptops handed over here, before this one's own commands: those may build on it.
///
/// # Errors
/// The server is not reached, or is busy. What it says of a file is kept with the file.
pub(crate) async fn bring_along(session: &Arc<Session>, server: &Server, access: &str) -> Result<(), ServerError> {
    loop {
        let from = session.clone();
        let Some((bundle, sealed)) = stored(move || Ok(from.store().next_to_relay()?)).await else { return Ok(()) };
        let outcome = if sealed.len() > RELAYED_BYTES {
            "It is too large to be brought along.".to_owned()
        } else {
            match server.carry(access, &CarryIn { file: Base64(sealed) }).await {
                Ok(out) => format!("Brought to the server: {} of {} commands judged now.", out.judged, out.commands),
                Err(ServerError::Refused(body)) if body.code == ErrorCode::NotFound => return Ok(()),
                Err(ServerError::Refused(body)) if !is_passing(body.code) => body.sentence,
                Err(error) => return Err(error),
            }
        };
        let to = session.clone();
        if stored(move || Ok(Some(to.store().note_relayed(bundle, &outcome)?))).await.is_none() {
            return Ok(());
        }
    }
}

/// What the server says of the moment, and not of the file.
fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::NotSignedIn
            | ErrorCode::Busy
            | ErrorCode::NotReady
            | ErrorCode::TooManyRequests
            | ErrorCode::Internal
    )
}

/// What the database says; where it fails, the sync that is under way says so itself.
async fn stored<T: Send + 'static>(work: impl FnOnce() -> Result<Option<T>, CallError> + Send + 'static) -> Option<T> {
    off_thread(work).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "files of other laptops are not brought along now");
        None
    })
}

/// Largest file that fits into a request as base64.
const RELAYED_BYTES: usize = limits::BODY_BYTES / 4 * 3 - 1_024;

/// Hands the file to the server and writes the answer, which only the laptop it is for can read.
///
/// # Errors
/// The file is none for the server, the server is not reached or refuses it, or the answer cannot be written.
pub async fn relay(app: App, request: CarryRelayRequest) -> Result<CarryRelayed, CallError> {
    let path = PathBuf::from(&request.path);
    let from = path.clone();
    let (bytes, outside) = blocking(move || file::all(&from, RELAYED_BYTES as u64)).await?;
    if outside.route != Route::ToServer {
        return Err(CallError::trouble(
            "CARRY_NOT_FOR_US",
            format!("{} is not for the server.", path.display()),
            "Import it on the laptop that it is for.",
        ));
    }
    let carried = Arc::new(CarryIn { file: Base64(bytes) });
    let out = ask(&app, move |server, access| {
        let carried = carried.clone();
        async move { server.carry(&access, &carried).await }
    })
    .await?;
    let answer = match request.answer {
        Some(answer) => PathBuf::from(answer),
        None => {
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(".answer");
            path.with_file_name(name)
        }
    };
    blocking(move || {
        file::write(&answer, &out.answer.0)?;
        Ok(CarryRelayed { commands: out.commands, judged: out.judged, answer: answer.display().to_string() })
    })
    .await
}
