//! Signing in at the server's provider of OpenID Connect: in the system's browser, which comes back to a port of this
//! computer (RFC 8252), or on another device where there is no browser. No token of the provider ever comes here: the
//! server redeems what the browser brings, and answers with a session of its own.

use crate::error::CallError;
use crate::key::SecretKey;
use crate::open::App;
use crate::profile::{Profile, ProfileError};
use crate::session::{Entry, trust_for};
use crate::start::{blocking, prepare, state, trust};
use crate::transport::{Server, ServerError};
use crate::view::account::{BeginSignInRequest, ServerRequest, SignInMethodsView, SignInPending};
use crate::view::common::Nothing;
use crate::view::profile::AppState;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Url;
use slipway_sync::account::{OidcBegin, OidcGrant, OidcSignIn, code_challenge};
use slipway_sync::protocol::{ErrorCode, Session as Answer};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// How long the person may take in the browser.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How long a browser may take to send its request.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// Longest head of a browser's request that is read.
const REQUEST_BYTES: usize = 16 * 1024;
/// Where on this computer the browser comes back to.
const CALLBACK: &str = "/callback";

/// A sign-in that waits for the person.
pub(crate) struct Attempt {
    entry: Entry,
    provider: String,
    way: Way,
}

enum Way {
    /// In this computer's browser, which comes back here.
    Browser { listener: TcpListener, state: String, verifier: String, redirect_uri: String },
    /// On another device.
    Elsewhere { device_code: String, expires_in: Duration, pause: Duration },
}

/// How people may sign in at a server.
///
/// # Errors
/// The certificate is not confirmed, or the server is not reached.
pub async fn methods(app: App, request: ServerRequest) -> Result<SignInMethodsView, CallError> {
    let folder = app.folder().to_owned();
    let trust = trust(request.certificate.as_deref(), request.fingerprint.as_deref())?;
    let known = blocking(move || match Profile::load(&folder) {
        Ok(profile) => Ok(profile.account().cloned()),
        Err(ProfileError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    })
    .await?;
    let trust = trust_for(&request.server, trust.as_ref(), known.as_ref()).await?;
    let methods = Server::new(&request.server, &trust)?.sign_in_methods().await?;
    Ok(SignInMethodsView { password: methods.password, provider: methods.oidc })
}

/// Begins a sign-in at the provider, in the place of one that was begun before.
///
/// # Errors
/// The server has no provider, or is not reached; the profile does not open.
pub async fn begin(app: App, request: BeginSignInRequest) -> Result<SignInPending, CallError> {
    app.keep_attempt(None);
    let BeginSignInRequest { server: asked, elsewhere } = request;
    let trust = trust(asked.certificate.as_deref(), asked.fingerprint.as_deref())?;
    let (folder, keychain) = (app.folder().to_owned(), app.keychain().clone());
    let (profile, key) = blocking(move || prepare(&folder, asked.passphrase.as_deref(), keychain.as_ref())).await?;
    let entry = Entry::prepare(profile, &key, app.keychain().clone(), &asked.server, trust.as_ref()).await?;
    let provider = entry.server().sign_in_methods().await?.oidc.ok_or_else(|| {
        CallError::trouble(
            "NO_PROVIDER",
            format!("{} knows no other way to sign in than a password.", entry.server().address()),
            "Sign in with your name and password.",
        )
    })?;
    let (pending, way) =
        if elsewhere { on_another_device(&entry).await? } else { in_the_browser(&app, &entry).await? };
    app.keep_attempt(Some(Attempt { entry, provider, way }));
    Ok(pending)
}

async fn in_the_browser(app: &App, entry: &Entry) -> Result<(SignInPending, Way), CallError> {
    let no_port = |error: std::io::Error| {
        CallError::trouble(
            "NO_LOOPBACK",
            format!("This computer gives no port for the browser to come back to: {error}."),
            "Sign in with a code on another device instead.",
        )
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(no_port)?;
    let port = listener.local_addr().map_err(no_port)?.port();
    let redirect_uri = format!("http://127.0.0.1:{port}{CALLBACK}");
    let (state, verifier) = (secret()?, secret()?);
    let begin = OidcBegin {
        public_key: entry.device().public_key,
        redirect_uri: redirect_uri.clone(),
        state: state.clone(),
        code_challenge: code_challenge(&verifier),
    };
    let url = entry.server().begin_oidc(&begin).await?.url;
    let opened = app.host().browse(&url);
    Ok((SignInPending { url, opened, code: None }, Way::Browser { listener, state, verifier, redirect_uri }))
}

async fn on_another_device(entry: &Entry) -> Result<(SignInPending, Way), CallError> {
    let codes = entry.server().begin_oidc_device().await?;
    let url = codes.complete_url.unwrap_or(codes.verification_url);
    let way = Way::Elsewhere {
        device_code: codes.device_code,
        expires_in: Duration::from_millis(codes.expires_in_ms).min(PATIENCE),
        pause: Duration::from_millis(codes.interval_ms),
    };
    Ok((SignInPending { url, opened: false, code: Some(codes.user_code) }, way))
}

/// Waits for the person and opens the profile.
///
/// # Errors
/// The person or the provider said no, it was cancelled or took too long; or the server says no.
pub async fn finish(app: App, _: Nothing) -> Result<AppState, CallError> {
    let Attempt { entry, provider, way } = app
        .keep_attempt(None)
        .ok_or_else(|| CallError::trouble("NO_SIGN_IN", "No sign-in is under way.", "Begin one."))?;
    let answered = tokio::select! {
        answer = answer(&entry, way) => answer?,
        () = app.cancelled() => return Err(cancelled()),
    };
    let session = entry.finish(answered, Some(provider)).await?;
    app.put(session)?;
    blocking(move || state(&app, &Nothing)).await
}

/// Gives up the sign-in that waits.
///
/// # Errors
/// None at present.
pub fn cancel(app: &App, _: &Nothing) -> Result<Nothing, CallError> {
    app.keep_attempt(None);
    app.cancel();
    Ok(Nothing)
}

async fn answer(entry: &Entry, way: Way) -> Result<Answer, CallError> {
    match way {
        Way::Browser { listener, state, verifier, redirect_uri } => {
            let code = timeout(PATIENCE, callback(&listener, &state)).await.map_err(|_| too_late())??;
            drop(listener);
            redeem(entry, OidcGrant::Code { code, verifier, redirect_uri }).await
        }
        Way::Elsewhere { device_code, expires_in, pause } => {
            let asked = async {
                loop {
                    let grant = OidcGrant::Device { device_code: device_code.clone() };
                    let sign_in = OidcSignIn { device: entry.device().clone(), grant };
                    match entry.server().finish_oidc(&sign_in).await {
                        Err(ServerError::Refused(body)) if body.code == ErrorCode::SignInPending => {
                            tokio::time::sleep(pause).await;
                        }
                        other => return Ok::<_, CallError>(other?),
                    }
                }
            };
            timeout(expires_in, asked).await.map_err(|_| too_late())?
        }
    }
}

async fn redeem(entry: &Entry, grant: OidcGrant) -> Result<Answer, CallError> {
    Ok(entry.server().finish_oidc(&OidcSignIn { device: entry.device().clone(), grant }).await?)
}

/// Waits until the browser brings the code of this attempt; what else comes to the port is turned away.
async fn callback(listener: &TcpListener, state: &str) -> Result<String, CallError> {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { continue };
        let Ok(Some(target)) = timeout(REQUEST_TIME, target(&mut stream)).await else { continue };
        let outcome = brought(&target, state);
        let page = match &outcome {
            Some(Ok(_)) => ("200 OK", "You are signed in", "Close this page and go back to Slipway."),
            Some(Err(_)) => ("200 OK", "You are not signed in", "Close this page; Slipway says why."),
            None => ("404 Not Found", "Nothing is here", "This is the port of a sign-in under way."),
        };
        // The code is here; a browser that does not take its page changes nothing.
        let _ = timeout(REQUEST_TIME, show(&mut stream, page)).await;
        if let Some(outcome) = outcome {
            return outcome;
        }
    }
}

/// What a request to the port brings, if it is of this attempt.
fn brought(target: &str, state: &str) -> Option<Result<String, CallError>> {
    let url = Url::parse(&format!("http://127.0.0.1{target}")).ok()?;
    let given = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    if url.path() != CALLBACK || given("state")? != state {
        return None;
    }
    if let Some(error) = given("error") {
        return Some(Err(if error == "access_denied" {
            cancelled()
        } else {
            CallError::trouble(
                "PROVIDER_REFUSED",
                format!("The provider refused the sign-in ({error})."),
                "Try again; if it stays so, ask an administrator.",
            )
        }));
    }
    given("code").map(Ok)
}

/// The target of a GET request, read up to the end of its head.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut piece = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(piece.get(..read)?);
        if head.len() > REQUEST_BYTES {
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.lines().next()?.split(' ');
    (words.next()? == "GET").then_some(())?;
    words.next().map(str::to_owned)
}

async fn show(stream: &mut TcpStream, (status, title, text): (&str, &str, &str)) -> std::io::Result<()> {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><p>{text}</p>"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         content-security-policy: default-src 'none'\r\ncache-control: no-store\r\nconnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(page.as_bytes()).await?;
    stream.shutdown().await
}

/// 32 random bytes as text.
fn secret() -> Result<String, CallError> {
    let random = SecretKey::random().map_err(|error| {
        CallError::trouble("NO_RANDOMNESS", format!("No sign-in could be begun: {error}."), "Restart the computer.")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(random.bytes()))
}

fn cancelled() -> CallError {
    CallError::trouble("SIGN_IN_CANCELLED", "The sign-in was cancelled.", "Begin again when you want to.")
}

fn too_late() -> CallError {
    CallError::trouble("SIGN_IN_TIMED_OUT", "The sign-in took too long.", "Begin again.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_answer_to_this_attempt_is_taken() {
        assert_eq!(brought("/callback?code=a%20b&state=s", "s").unwrap().unwrap(), "a b");
        for other in ["/callback?code=a&state=t", "/callback?code=a", "/?code=a&state=s", "/favicon.ico", "//x", ""] {
            assert!(brought(other, "s").is_none(), "{other} is not of this attempt");
        }
        let said = |target: &str| brought(target, "s").unwrap().unwrap_err();
        assert!(said("/callback?error=access_denied&state=s").has("SIGN_IN_CANCELLED"));
        assert!(said("/callback?error=server_error&state=s").has("PROVIDER_REFUSED"));
    }
}
