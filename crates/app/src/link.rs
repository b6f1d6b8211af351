//! The session's line to its server: tokens that stay fresh, and the device's identity there.

use crate::carry::relay::bring_along;
use crate::error::CallError;
use crate::key::SecretKey;
use crate::local::StoreLocal;
use crate::lock;
use crate::session::{Session, now_ms, off_thread};
use crate::transport::{EventStream, Server, ServerError};
use crate::vault::Tokens;
use slipway_domain::id::DeviceId;
use slipway_sync::account::sign_succession;
use slipway_sync::limits;
use slipway_sync::protocol::{ConsistencyQuery, Epoch, ErrorBody, ErrorCode, Head, HeadQuery, NewDevice};
use slipway_sync::signing::{PrivateKey, sign_refresh};
use slipway_sync::transport::{Answer, Request, Transport, TransportError};
use std::fs::File;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use uuid::Uuid;

/// Tokens with less life than this are refreshed before they are used.
const REFRESH_AHEAD_MS: i64 = 30_000;

/// Held while tokens are refreshed.
const REFRESH_LOCK: &str = "refresh.lock";
/// How long another program's refresh is waited for: longer than an answer may take.
const REFRESH_WAIT: Duration = Duration::from_secs(130);

/// Carries requests within a session.
pub struct Link {
    session: Arc<Session>,
    server: RwLock<Server>,
    tokens: Mutex<Option<Tokens>>,
}

/// What failed on this side of the line, in a form that the engine passes on to the person.
fn ours(error: CallError) -> TransportError {
    let (sentence, way_out) = match error {
        CallError::Trouble { sentence, way_out, .. } => (sentence, way_out),
        refused @ CallError::Refused { .. } => (refused.to_string(), "Try again.".to_owned()),
    };
    TransportError::Refused(Box::new(ErrorBody::new(ErrorCode::Unrecognised, sentence, way_out)))
}

impl Link {
    /// The line of a session; `None` when it works alone.
    ///
    /// # Errors
    /// When the server's address or trust cannot be used.
    pub fn of(session: Arc<Session>) -> Result<Option<Self>, CallError> {
        let Some(account) = session.account() else { return Ok(None) };
        let server = Server::new(&account.server, &account.trust)?;
        Ok(Some(Self { session, server: RwLock::new(server), tokens: Mutex::new(None) }))
    }

    fn server(&self) -> Server {
        self.server.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets go of connections that died while the computer slept, instead of waiting for them.
    pub(crate) fn reconnect(&self) {
        let server = self.session.account().and_then(|account| Server::new(&account.server, &account.trust).ok());
        if let Some(server) = server {
            *self.server.write().unwrap_or_else(PoisonError::into_inner) = server;
        }
    }

    /// The server's events.
    ///
    /// # Errors
    /// As for every request.
    pub(crate) async fn events(&self) -> Result<EventStream, TransportError> {
        let server = self.server();
        let server = &server;
        self.within(|access| async move { server.events(&access).await }).await
    }

    /// Where the head stands, as soon as it is another than the known one.
    ///
    /// # Errors
    /// As for every request.
    pub(crate) async fn head(&self, known: Option<Head>) -> Result<Head, TransportError> {
        let server = self.server();
        let (epoch, than) = known.map_or((Epoch(Uuid::nil()), 0), |head| (head.epoch, head.head));
        let query = HeadQuery { epoch, than, wait: limits::HEAD_WAIT_SECONDS };
        let (server, query) = (&server, &query);
        self.within(|access| async move { server.head(&access, query).await }).await
    }

    /// Sends something within the session: once more with fresh tokens when the server does not take these.
    async fn within<T, F>(&self, send: impl Fn(String) -> F + Send) -> Result<T, TransportError>
    where
        F: Future<Output = Result<T, ServerError>> + Send,
    {
        let access = self.access(None).await?;
        match send(access.clone()).await {
            Err(ServerError::Refused(body)) if body.code == ErrorCode::NotSignedIn => {
                let access = self.access(Some(&access)).await?;
                send(access).await.map_err(ServerError::for_engine)
            }
            other => other.map_err(ServerError::for_engine),
        }
    }

    /// A bearer token with some life left. `used` is one that the server has just refused.
    async fn access(&self, used: Option<&str>) -> Result<String, TransportError> {
        let mut held = self.tokens.lock().await;
        let fresh = |t: &Tokens| used != Some(&t.access) && t.access_ends_at > now_ms() + REFRESH_AHEAD_MS;
        if let Some(tokens) = held.as_ref().filter(|t| fresh(t)) {
            return Ok(tokens.access.clone());
        }
        // Another program on the same profile may have refreshed them meanwhile.
        let mut tokens = self.stored().await?.ok_or(TransportError::SignedOut)?;
        if !fresh(&tokens) {
            // One refreshes at a time: a token that was used up would end the session of both.
            let lock = self.refresh_lock().await?;
            tokens = self.stored().await?.ok_or(TransportError::SignedOut)?;
            if !fresh(&tokens) {
                tokens = self.refresh(&tokens).await?;
            }
            drop(lock);
        }
        let access = tokens.access.clone();
        *held = Some(tokens);
        drop(held);
        Ok(access)
    }

    async fn refresh_lock(&self) -> Result<File, TransportError> {
        let file = self.session.profile().folder().join(REFRESH_LOCK);
        off_thread(move || {
            lock::take(&file, REFRESH_WAIT).map_err(|error| {
                CallError::trouble(
                    "REFRESH_BUSY",
                    format!("Another Slipway on this profile does not let go of its tokens: {error}."),
                    "Nothing to do unless it stays so; then end the other program.",
                )
            })
        })
        .await
        .map_err(ours)
    }

    async fn stored(&self) -> Result<Option<Tokens>, TransportError> {
        let session = self.session.clone();
        off_thread(move || Ok(session.vault().tokens()?)).await.map_err(ours)
    }

    /// Fresh tokens, kept before they are used: the old ones stay valid until the new ones were used once.
    async fn refresh(&self, old: &Tokens) -> Result<Tokens, TransportError> {
        let device: DeviceId = old.device.parse().map_err(|_| TransportError::SignedOut)?;
        let signed = sign_refresh(device, &old.refresh, &self.session.signer())
            .map_err(|e| TransportError::Garbled { why: e.to_string() })?;
        let answer = match self.server().refresh(&signed).await {
            Ok(answer) => answer,
            Err(ServerError::Refused(body))
                if matches!(body.code, ErrorCode::NotSignedIn | ErrorCode::WrongCredentials) =>
            {
                return Err(TransportError::SignedOut);
            }
            Err(other) => return Err(other.for_engine()),
        };
        let tokens = Tokens::of(&answer, now_ms());
        let (session, kept) = (self.session.clone(), tokens.clone());
        off_thread(move || {
            session.note_level(&answer)?;
            session.note_voucher(&answer)?;
            Ok(session.vault().set_tokens(&kept)?)
        })
        .await
        .map_err(ours)?;
        Ok(tokens)
    }

    async fn send(&self, access: &str, request: &Request) -> Result<Answer, ServerError> {
        let server = self.server();
        if matches!(request, Request::Push(_) | Request::Pull(_)) {
            bring_along(&self.session, &server, access).await?;
        }
        Ok(match request {
            Request::Push(push) => Answer::Pushed(server.push(access, push).await?),
            Request::Pull(pull) => Answer::Page(Box::new(server.pull(access, pull).await?)),
            Request::Lease(lease) => Answer::Lease(server.lease(access, lease).await?),
            Request::Consistency { epoch, from, to } => {
                let query = ConsistencyQuery { epoch: *epoch, from: *from, to: *to };
                Answer::Consistency(Some(server.log_consistency(access, query).await?.hashes))
            }
            Request::Offers(buckets) => Answer::Offers(server.offers(access, buckets).await?),
            Request::Frames { snapshot, bytes } => {
                Answer::Frames(server.frames(access, *snapshot, bytes.clone()).await?)
            }
        })
    }

    /// Asks something of the server that is not the engine's business.
    ///
    /// # Errors
    /// There is no session, no connection, or the server says no.
    pub async fn ask<T, F>(&self, ask: impl Fn(Server, String) -> F + Send + Sync) -> Result<T, TransportError>
    where
        F: Future<Output = Result<T, ServerError>> + Send,
    {
        self.within(|access| ask(self.server(), access)).await
    }

    /// Takes a new identity for this device and issues its queue anew under it.
    ///
    /// The new key is kept before anything else, beside the old one; which of them signs follows from the device that
    /// the database names, so that a crash anywhere in between leaves a key that fits.
    ///
    /// # Errors
    /// When the server refuses the new device, or key or queue cannot be written.
    pub async fn take_new_identity(&self) -> Result<(), TransportError> {
        self.change_identity(Reason::Fork).await
    }

    /// The same where nothing went wrong: the present key vouches for the new one.
    ///
    /// # Errors
    /// When the server refuses the new device, or key or queue cannot be written.
    pub async fn renew_identity(&self) -> Result<(), TransportError> {
        self.change_identity(Reason::Renewal).await
    }

    async fn change_identity(&self, reason: Reason) -> Result<(), TransportError> {
        let device = DeviceId(Uuid::now_v7());
        let seed = SecretKey::random().map_err(|e| TransportError::Garbled { why: e.to_string() })?;
        let signer = PrivateKey::from_seed(seed.bytes());
        let session = self.session.clone();
        off_thread(move || Ok(session.vault().add_device_key(device, seed.bytes())?)).await.map_err(ours)?;
        let name = self.session.profile().device_name().to_owned();
        let new = NewDevice { id: device, name, public_key: signer.public() };
        let access = self.access(None).await?;
        let answer = match reason {
            Reason::Fork => self.server().device(&access, &new).await,
            Reason::Renewal => {
                let session = self.session.clone();
                let former = off_thread(move || Ok(session.store().status()?.device)).await.map_err(ours)?;
                let renewal = sign_succession(former, new, &self.session.signer())
                    .map_err(|e| TransportError::Garbled { why: e.to_string() })?;
                self.server().renew_device(&access, &renewal).await
            }
        };
        let answer = answer.map_err(ServerError::for_engine)?;
        let tokens = Tokens::of(&answer, now_ms());
        let (session, kept) = (self.session.clone(), tokens.clone());
        off_thread(move || {
            session.note_voucher(&answer)?;
            session.store().fork(device, &|bytes| signature(&signer, bytes))?;
            StoreLocal::forget_device(session.store())?;
            session.become_device(device, signer)?;
            session.vault().set_tokens(&kept)?;
            Ok(session.vault().keep_only(device)?)
        })
        .await
        .map_err(ours)?;
        *self.tokens.lock().await = Some(tokens);
        Ok(())
    }

    /// Tokens were renewed by a sign-in: those held here are forgotten.
    pub async fn signed_in(&self) {
        *self.tokens.lock().await = None;
    }
}

/// Why a device takes another identity.
#[derive(Clone, Copy)]
enum Reason {
    /// The server knows another history of it.
    Fork,
    /// Its person wants another key.
    Renewal,
}

/// A signature in the form that the store keeps.
pub(crate) fn signature(signer: &PrivateKey, bytes: &[u8]) -> [u8; 64] {
    let mut signature = [0_u8; 64];
    for (to, from) in signature.iter_mut().zip(signer.sign(bytes)) {
        *to = from;
    }
    signature
}

impl Transport for Link {
    async fn call(&self, request: Request) -> Result<Answer, TransportError> {
        let request = &request;
        self.within(|access| async move { self.send(&access, request).await }).await
    }
}
