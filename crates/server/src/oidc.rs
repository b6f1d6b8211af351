//! Signing in at a provider of OpenID Connect, with this server as the relying party: it alone speaks to the provider
//! and holds the client's secret. Laptops bring the code that the browser got, and get a session of this server.
//!
//! The provider's token is bound to the device: its nonce is a hash over the device's key and the attempt.

use crate::core::{Newcomers, Vouched};
use crate::error::ServerError;
use crate::folder::{Folder, FolderError};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreDeviceAuthorizationResponse, CoreGenderClaim, CoreGrantType, CoreIdTokenVerifier, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse,
};
use openidconnect::http::{Response, header};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    DeviceAuthorizationUrl, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeVerifier, ProviderMetadata, RedirectUrl, RequestTokenError, Scope, TokenResponse,
    UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use slipway_domain::people::Role;
use slipway_domain::time::Timestamp;
use slipway_sync::account::{OidcBegin, OidcDevice, OidcGrant, OidcPage, OidcSignIn, code_challenge, oidc_nonce};
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Notify};
use url::Url;

/// Longest time for one answer of the provider.
const ANSWER: Duration = Duration::from_secs(15);
/// Largest answer of the provider that is read.
const ANSWER_BYTES: usize = 1024 * 1024;
/// How long what the provider says of itself, its keys among it, is believed without asking again.
const FRESH: Duration = Duration::from_secs(10 * 60);
/// How long a laptop's question about a sign-in elsewhere is held.
const HELD: Duration = Duration::from_secs(20);
/// Codes and verifiers longer than this are nobody's.
const GRANT_CHARS: usize = 4_096;
/// Names of the files in the data folder.
const CONFIG: &str = "oidc.json";
const SECRET: &str = "keys/oidc.secret";
const AUTHORITY: &str = "oidc-ca.pem";

/// What the administrator sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// Under which name people know the provider.
    pub name: String,
    /// Its address.
    pub issuer: String,
    /// As it knows this server.
    pub client_id: String,
    /// The claim that is the sign-in name here.
    pub claim: String,
    /// Roles of people who come for the first time; `None` lets in only those who are known.
    pub newcomers: Option<Vec<Role>>,
}

/// Why the provider cannot be used as it was set.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file in it.
    #[error("{file}: {source}")]
    File {
        /// Which.
        file: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The configuration is not one.
    #[error("{CONFIG} cannot be read: {0}")]
    Config(#[from] serde_json::Error),
    /// The provider's address.
    #[error("{issuer} is no address of a provider: it begins with https://, or is of this computer")]
    Issuer {
        /// What was given.
        issuer: String,
    },
    /// The provider's certificate authority.
    #[error("the provider's certificate authority cannot be used: {0}")]
    Authority(#[from] reqwest::Error),
}

impl OidcConfig {
    /// Keeps the configuration in the data folder, with the client's secret and the provider's own authority (PEM).
    ///
    /// # Errors
    /// It cannot be used, or not be written.
    pub fn store(&self, folder: &Folder, secret: Option<&str>, authority: Option<&str>) -> Result<(), OidcError> {
        issuer(&self.issuer)?;
        client(authority)?;
        Self::remove(folder)?;
        if let Some(secret) = secret {
            folder.write_private(SECRET, secret.as_bytes())?;
        }
        if let Some(authority) = authority {
            folder.write(AUTHORITY, authority.as_bytes())?;
        }
        Ok(folder.write(CONFIG, format!("{}\n", serde_json::to_string_pretty(self)?).as_bytes())?)
    }

    /// The configuration of the data folder, if there is one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn load(folder: &Folder) -> Result<Option<Self>, OidcError> {
        read(folder, CONFIG)?.map(|text| Ok(serde_json::from_str(&text)?)).transpose()
    }

    /// Takes it away.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(folder: &Folder) -> Result<(), OidcError> {
        for file in [CONFIG, SECRET, AUTHORITY] {
            match std::fs::remove_file(folder.path().join(file)) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(OidcError::File { file, source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn read(folder: &Folder, file: &'static str) -> Result<Option<String>, OidcError> {
    match std::fs::read_to_string(folder.path().join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OidcError::File { file, source }),
    }
}

/// Tokens and keys go over HTTPS, but for a provider on this computer.
fn issuer(text: &str) -> Result<IssuerUrl, OidcError> {
    let wrong = || OidcError::Issuer { issuer: text.to_owned() };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let sound = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    IssuerUrl::new(text.to_owned()).ok().filter(|_| sound).ok_or_else(wrong)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn client(authority: Option<&str>) -> Result<reqwest::Client, OidcError> {
    // reqwest takes the process's provider of ciphers; where one is set already it is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // A redirect could lead a request with the client's secret anywhere.
    let mut builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(ANSWER);
    if let Some(pem) = authority {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?);
    }
    Ok(builder.build()?)
}

/// Where a provider takes codes for other devices; not every one has such a place.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct DevicePlace {
    device_authorization_endpoint: Option<DeviceAuthorizationUrl>,
}

impl AdditionalProviderMetadata for DevicePlace {}

type Metadata = ProviderMetadata<
    DevicePlace,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// Claims beyond the standard ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Further(BTreeMap<String, Value>);

impl AdditionalClaims for Further {}

/// The provider as this server uses it.
pub struct Oidc {
    config: OidcConfig,
    issuer: IssuerUrl,
    secret: Option<ClientSecret>,
    newcomers: Option<Newcomers>,
    http: reqwest::Client,
    metadata: Mutex<Option<(Metadata, Instant)>>,
}

impl Oidc {
    /// The provider that the data folder names, if it names one.
    ///
    /// # Errors
    /// What is set there cannot be used.
    pub fn load(folder: &Folder) -> Result<Option<Self>, OidcError> {
        let Some(config) = OidcConfig::load(folder)? else { return Ok(None) };
        let secret = read(folder, SECRET)?.map(|text| ClientSecret::new(text.trim().to_owned()));
        let http = client(read(folder, AUTHORITY)?.as_deref())?;
        let issuer = issuer(&config.issuer)?;
        let (console, key) = (folder.console(), folder.console_key()?);
        let newcomers = config.newcomers.clone().map(|roles| Newcomers { console, key, roles });
        Ok(Some(Self { config, issuer, secret, newcomers, http, metadata: Mutex::default() }))
    }

    /// What the administrator set.
    #[must_use]
    pub fn config(&self) -> &OidcConfig {
        &self.config
    }

    /// How somebody who comes for the first time is set up; `None` turns them away.
    #[must_use]
    pub fn newcomers(&self) -> Option<&Newcomers> {
        self.newcomers.as_ref()
    }

    /// The provider's sign-in page for one attempt on one device.
    ///
    /// # Errors
    /// The browser would come back to another computer, or the provider is not reached.
    pub async fn page(&self, begin: &OidcBegin) -> Result<OidcPage, ServerError> {
        let redirect = loopback(&begin.redirect_uri)?;
        let client = self.client(FRESH).await?;
        let nonce = Nonce::new(oidc_nonce(&begin.public_key, &begin.code_challenge));
        let state = CsrfToken::new(begin.state.clone());
        let (url, _, _) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || state, || nonce)
            .set_redirect_uri(Cow::Owned(redirect))
            .add_scopes(scopes())
            .add_extra_param("code_challenge", begin.code_challenge.as_str())
            .add_extra_param("code_challenge_method", "S256")
            .url();
        Ok(OidcPage { url: url.into() })
    }

    /// Codes for a sign-in on another device.
    ///
    /// # Errors
    /// The provider offers none, or is not reached.
    pub async fn elsewhere(&self) -> Result<OidcDevice, ServerError> {
        let metadata = self.metadata(FRESH).await?;
        let place = metadata.additional_metadata().device_authorization_endpoint.clone().ok_or_else(|| {
            let sentence = format!("{} does not sign in by a code on another device.", self.config.name);
            ErrorBody::new(ErrorCode::ProviderUnavailable, sentence, "Sign in in the browser of this computer.")
        })?;
        let client = self.over(metadata).set_device_authorization_url(place);
        let fetch = |request| fetch(self.http.clone(), request);
        let codes: CoreDeviceAuthorizationResponse = client
            .exchange_device_code()
            .add_scopes(scopes())
            .request_async(&fetch)
            .await
            .map_err(|error| self.failed(error))?;
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Ok(OidcDevice {
            device_code: codes.device_code().secret().clone(),
            user_code: codes.user_code().secret().clone(),
            verification_url: codes.verification_uri().to_string(),
            complete_url: codes.verification_uri_complete().map(|url| url.secret().clone()),
            interval_ms: millis(codes.interval()),
            expires_in_ms: millis(codes.expires_in()),
        })
    }

    /// Whom the provider vouches for with what a laptop brought.
    ///
    /// # Errors
    /// The provider does not, its token is not for this device and attempt, or it says nothing that is a sign-in name.
    pub async fn vouched(&self, sign_in: &OidcSignIn, now: Timestamp) -> Result<Vouched, ServerError> {
        let client = self.client(FRESH).await?;
        let fetch = |request| fetch(self.http.clone(), request);
        let (token, nonce) = match &sign_in.grant {
            OidcGrant::Code { code, verifier, redirect_uri } => {
                if code.len() > GRANT_CHARS || verifier.len() > GRANT_CHARS {
                    return Err(self.refused("its code is too long").into());
                }
                let nonce = oidc_nonce(&sign_in.device.public_key, &code_challenge(verifier));
                let request = client
                    .exchange_code(AuthorizationCode::new(code.clone()))
                    .map_err(|error| self.unavailable(&error))?
                    .set_pkce_verifier(PkceCodeVerifier::new(verifier.clone()))
                    .set_redirect_uri(Cow::Owned(loopback(redirect_uri)?));
                let token = request.request_async(&fetch).await.map_err(|error| self.failed(error))?;
                (token, Some(nonce))
            }
            OidcGrant::Device { device_code } => (self.wait(&client, device_code).await?, None),
        };
        self.read_token(&client, &token, nonce, now).await
    }

    /// Asks for the outcome of a sign-in on another device, for a while.
    async fn wait(&self, client: &Client, device_code: &str) -> Result<CoreTokenResponse, ServerError> {
        let codes = json!({
            "device_code": device_code, "user_code": "-", "verification_uri": self.config.issuer,
            "expires_in": HELD.as_secs() * 2,
        });
        let codes: CoreDeviceAuthorizationResponse = serde_json::from_value(codes)?;
        let request = client.exchange_device_access_token(&codes).map_err(|error| self.unavailable(&error))?;
        let (fetch, until, enough) =
            (|request| fetch(self.http.clone(), request), Instant::now() + HELD, Notify::new());
        // Given up between two questions only: an answer under way may be the token, which comes but once.
        let pause = async |time: Duration| {
            if Instant::now() + time > until {
                enough.notify_one();
                pending::<()>().await;
            }
            tokio::time::sleep(time).await;
        };
        tokio::select! {
            token = request.request_async(&fetch, pause, None) => token.map_err(|error| self.failed(error)),
            () = enough.notified() => Err(ErrorBody {
                retry_after_ms: Some(5_000),
                ..ErrorBody::new(
                    ErrorCode::SignInPending,
                    format!("{} waits for you to sign in there.", self.config.name),
                    "Type the code there, on any device.",
                )
            }
            .into()),
        }
    }

    async fn read_token(
        &self,
        client: &Client,
        token: &CoreTokenResponse,
        nonce: Option<String>,
        now: Timestamp,
    ) -> Result<Vouched, ServerError> {
        let id_token = token.id_token().ok_or_else(|| self.refused("it sent no identity token"))?;
        let check = |client: &Client| {
            let right = |found: Option<&Nonce>| match &nonce {
                Some(nonce) if found.is_none_or(|found| found.secret() != nonce) => {
                    Err("the nonce is of another device or attempt".to_owned())
                }
                _ => Ok(()),
            };
            id_token.claims(&verifier(client, now), right).map(|claims| claims.subject().clone())
        };
        let subject = match check(client) {
            Ok(subject) => subject,
            // Its keys may have changed since they were last asked for.
            Err(_) => check(&self.client(Duration::ZERO).await?).map_err(|error| {
                tracing::warn!(%error, "Refused a token of the provider");
                self.refused("its token is not valid for this device and attempt")
            })?,
        };
        let mut claims = payload(&id_token.to_string()).ok_or_else(|| self.refused("its token cannot be read"))?;
        if !claims.contains_key(&self.config.claim) {
            let request = client
                .user_info(token.access_token().clone(), Some(subject))
                .map_err(|error| self.unavailable(&error))?;
            let fetch = |request| fetch(self.http.clone(), request);
            let more: UserInfoClaims<Further, CoreGenderClaim> =
                request.request_async(&fetch).await.map_err(|error| self.unavailable(&error))?;
            if let Value::Object(more) = serde_json::to_value(&more)? {
                claims.extend(more);
            }
        }
        self.person(&claims)
    }

    fn person(&self, claims: &Map<String, Value>) -> Result<Vouched, ServerError> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let claim = self.config.claim.as_str();
        let user = text(claim).ok_or_else(|| self.refused(&format!("it does not say {claim}")))?.to_lowercase();
        if claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
            return Err(self.refused("it has not verified the address").into());
        }
        let name = text("name").unwrap_or(&user).to_owned();
        Ok(Vouched { user, name })
    }

    async fn client(&self, fresh: Duration) -> Result<Client, ServerError> {
        Ok(self.over(self.metadata(fresh).await?))
    }

    fn over(&self, metadata: Metadata) -> Client {
        CoreClient::from_provider_metadata(metadata, ClientId::new(self.config.client_id.clone()), self.secret.clone())
    }

    /// What the provider says of itself, no older than this.
    async fn metadata(&self, fresh: Duration) -> Result<Metadata, ServerError> {
        let mut held = self.metadata.lock().await;
        if let Some((metadata, at)) = held.as_ref()
            && at.elapsed() < fresh
        {
            return Ok(metadata.clone());
        }
        let fetch = |request| fetch(self.http.clone(), request);
        let found = Metadata::discover_async(self.issuer.clone(), &fetch).await;
        let metadata = found.map_err(|error| self.unavailable(&error))?;
        *held = Some((metadata.clone(), Instant::now()));
        drop(held);
        Ok(metadata)
    }

    fn failed<T: openidconnect::ErrorResponse>(&self, error: RequestTokenError<FetchError, T>) -> ServerError {
        match error {
            RequestTokenError::ServerResponse(said) => {
                tracing::info!(?said, "The provider refused");
                self.refused("it did not accept the sign-in").into()
            }
            other => self.unavailable(&other),
        }
    }

    fn refused(&self, why: &str) -> ErrorBody {
        ErrorBody::new(
            ErrorCode::WrongCredentials,
            format!("{} does not vouch for you: {why}.", self.config.name),
            "Begin the sign-in anew; if it stays so, ask an administrator.",
        )
    }

    fn unavailable(&self, error: &dyn std::error::Error) -> ServerError {
        let mut last = error;
        while let Some(cause) = last.source() {
            last = cause;
        }
        tracing::warn!(error = %last, "The provider of the sign-in cannot be used");
        ErrorBody::new(
            ErrorCode::ProviderUnavailable,
            format!("{} cannot be reached by the server.", self.config.name),
            "Try again later; an administrator finds the reason in the server's log. What you did offline is kept.",
        )
        .into()
    }
}

/// Only signatures by the provider's own keys count: one by the client's secret could be made by whoever knows it.
fn verifier(client: &Client, now: Timestamp) -> CoreIdTokenVerifier<'_> {
    client
        .id_token_verifier()
        .set_allowed_algs([
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
            CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            CoreJwsSigningAlgorithm::RsaSsaPssSha384,
            CoreJwsSigningAlgorithm::RsaSsaPssSha512,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            CoreJwsSigningAlgorithm::EcdsaP384Sha384,
            CoreJwsSigningAlgorithm::EdDsa,
        ])
        .set_time_fn(move || chrono::DateTime::from_timestamp_millis(now.0).unwrap_or_default())
}

fn scopes() -> Vec<Scope> {
    ["profile", "email"].map(|scope| Scope::new(scope.to_owned())).to_vec()
}

/// The browser comes back to the laptop itself, over its loopback: a code never travels further.
fn loopback(text: &str) -> Result<RedirectUrl, ErrorBody> {
    let sound = Url::parse(text).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url));
    RedirectUrl::new(text.to_owned()).ok().filter(|_| sound).ok_or_else(|| {
        let sentence = "The browser must come back to the laptop that began the sign-in.";
        ErrorBody::new(ErrorCode::BadRequest, sentence, "Update the laptop's program.")
    })
}

/// The claims of a token that was verified.
fn payload(token: &str) -> Option<Map<String, Value>> {
    use base64::Engine;
    let part = token.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Why the provider gave no answer.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Http(#[from] reqwest::Error),
    #[error("the answer is larger than {ANSWER_BYTES} bytes")]
    TooLarge,
    #[error(transparent)]
    Answer(#[from] openidconnect::http::Error),
}

async fn fetch(client: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, FetchError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut response = Response::builder().status(answer.status());
    if let Some(kind) = answer.headers().get(header::CONTENT_TYPE) {
        response = response.header(header::CONTENT_TYPE, kind);
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > ANSWER_BYTES {
            return Err(FetchError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(response.body(body)?)
}
