//! The server over HTTPS: one method for each route, every answer bounded in size and time.

mod account;
mod blobs;
mod carry;

use crate::profile::Trust;
use crate::tls::{self, Rejected, Rejection, TrustError};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_sync::bucket::Bucket;
use slipway_sync::events::Reader;
use slipway_sync::limits;
use slipway_sync::protocol::{
    ConsistencyQuery, Done, ErrorBody, Head, HeadQuery, Health, Lease, LeaseRequest, LogProof, LogRecord,
    LogRecordQuery, NewDevice, Page, Pull, PullQuery, Push, Pushed, Session, SignIn, SignedRefresh,
};
use slipway_sync::snapshot::{Offers, SnapshotId};
use slipway_sync::transport::TransportError;
use std::collections::VecDeque;
use std::ops::Range;
use std::time::Duration;

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// Between two pieces of an answer: a push of bulk commands is judged while we wait.
const READ: Duration = Duration::from_secs(90);
/// Until an answer is complete; a little less than the sync engine waits for it.
const ANSWER: Duration = Duration::from_secs(115);
/// Until an event stream is ended, however well it runs: tokens and certificates change.
const STREAM: Duration = Duration::from_secs(24 * 3_600);
/// Largest answer that is read, after decompression.
const ANSWER_BYTES: usize = 96 * 1024 * 1024;
/// Requests from this size on are compressed.
const COMPRESS_BYTES: usize = 4 * 1024;

/// Why the server gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is no address of a server.
    #[error("{address:?} is not the address of a server: {reason}")]
    BadAddress {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The trust cannot be used.
    #[error("The server's certificate cannot be checked: {0}")]
    Trust(#[from] TrustError),
    /// No connection, no name, no route, timed out.
    #[error("{server} cannot be reached: {reason}")]
    Unreachable {
        /// Its address.
        server: String,
        /// In the network layer's words.
        reason: String,
    },
    /// The certificate is not the one that is believed.
    #[error(
        "The certificate of {server} is not to be trusted: {}. Expected: {}. Seen: one with the fingerprint {}",
        .rejected.reason, .rejected.expected, tls::shown(&.rejected.seen)
    )]
    Certificate {
        /// Its address.
        server: String,
        /// What was seen and expected.
        rejected: Rejected,
    },
    /// The answer cannot be read.
    #[error("The answer of {server} cannot be read: {reason}")]
    Garbled {
        /// Its address.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server answered with an error.
    #[error("{}", .0.sentence)]
    Refused(Box<ErrorBody>),
}

impl ServerError {
    /// Stable code for programs.
    #[must_use]
    pub fn code(&self) -> String {
        match self {
            Self::BadAddress { .. } => "BAD_ADDRESS".to_owned(),
            Self::Trust(_) => "BAD_TRUST".to_owned(),
            Self::Unreachable { .. } => "SERVER_UNREACHABLE".to_owned(),
            Self::Certificate { .. } => "CERTIFICATE_NOT_TRUSTED".to_owned(),
            Self::Garbled { .. } => "SERVER_GARBLED".to_owned(),
            Self::Refused(body) => serde_json::to_value(body.code)
                .ok()
                .and_then(|v| v.as_str().map(str::to_uppercase))
                .unwrap_or_else(|| "SERVER_REFUSED".to_owned()),
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn way_out(&self) -> String {
        match self {
            Self::BadAddress { .. } => "Give an address such as https://slipway.example.org:8443.".to_owned(),
            Self::Trust(_) => {
                "Give the server's authority as a PEM file (--ca), or its fingerprint of 64 hex digits (--fingerprint)."
                    .to_owned()
            }
            Self::Unreachable { .. } => "Check the address and the network; work goes on without it.".to_owned(),
            Self::Certificate { .. } => {
                "Ask the server's administrator for its fingerprint. If the seen one is right, sign in again with --fingerprint; if not, somebody is in between: do not sign in.".to_owned()
            }
            Self::Garbled { .. } => {
                "Check that the address is that of a Slipway server, and that both are up to date.".to_owned()
            }
            Self::Refused(body) => body.way_out.clone(),
        }
    }

    /// The same as the sync engine takes it.
    #[must_use]
    pub fn for_engine(self) -> TransportError {
        match self {
            Self::Refused(body) => TransportError::Refused(body),
            Self::Certificate { .. } | Self::Trust(_) => TransportError::Untrusted { why: self.to_string() },
            Self::Garbled { reason, .. } => TransportError::Garbled { why: reason },
            Self::Unreachable { reason, .. } | Self::BadAddress { reason, .. } => {
                TransportError::Unreachable { why: reason }
            }
        }
    }
}

/// A connection to one server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Server {
    address: Url,
    client: Client,
    rejection: Rejection,
}

impl Server {
    /// Prepares the connection; nothing is sent yet.
    ///
    /// # Errors
    /// When address or trust cannot be used.
    pub fn new(address: &str, trust: &Trust) -> Result<Self, ServerError> {
        let rejection = Rejection::default();
        let config = tls::client_config(trust, rejection.clone())?;
        Self::with_config(address, config, rejection)
    }

    fn with_config(address: &str, config: rustls::ClientConfig, rejection: Rejection) -> Result<Self, ServerError> {
        let address = parse_address(address)?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(config)
            .https_only(true)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .timeout(ANSWER)
            .tcp_keepalive(Duration::from_secs(30))
            .pool_idle_timeout(Duration::from_secs(60))
            .default_headers(HeaderMap::from_iter([(
                HeaderName::from_static(limits::LEVEL_HEADER),
                HeaderValue::from(limits::LEVEL),
            )]))
            .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")));
        if is_this_computer(&address) {
            builder = builder.no_proxy();
        }
        let client =
            builder.build().map_err(|e| ServerError::BadAddress { address: address.to_string(), reason: chain(&e) })?;
        Ok(Self { address, client, rejection })
    }

    /// Looks at the server's certificate without trusting it; gives its fingerprint for a person to confirm.
    ///
    /// # Errors
    /// When there is no server to be seen.
    pub async fn look(address: &str) -> Result<String, ServerError> {
        let rejection = Rejection::default();
        let server = Self::with_config(address, tls::look_only_config(rejection.clone())?, rejection)?;
        match server.health().await {
            Err(ServerError::Certificate { rejected, .. }) => Ok(rejected.seen),
            Err(other) => Err(other),
            Ok(_) => Err(ServerError::Garbled {
                server: server.address().to_owned(),
                reason: "it showed no certificate".to_owned(),
            }),
        }
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> &str {
        self.address.as_str().trim_end_matches('/')
    }

    /// What anybody may know of it.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn health(&self) -> Result<Health, ServerError> {
        self.send(self.request(Method::GET, "health", None)?).await
    }

    /// Name and password for tokens.
    ///
    /// # Errors
    /// When they are refused, or there is no answer.
    pub async fn sign_in(&self, sign_in: &SignIn) -> Result<Session, ServerError> {
        self.send(self.body(self.request(Method::POST, "sign-in", None)?, sign_in)?).await
    }

    /// Fresh tokens for an old one.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn refresh(&self, refresh: &SignedRefresh) -> Result<Session, ServerError> {
        self.send(self.body(self.request(Method::POST, "refresh", None)?, refresh)?).await
    }

    /// Registers a new device of the same person.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn device(&self, access: &str, device: &NewDevice) -> Result<Session, ServerError> {
        self.send(self.body(self.request(Method::POST, "device", Some(access))?, device)?).await
    }

    /// Ends the session on the server.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn sign_out(&self, access: &str) -> Result<Done, ServerError> {
        self.send(self.request(Method::POST, "sign-out", Some(access))?).await
    }

    /// Sends commands.
    ///
    /// # Errors
    /// When the batch is refused as a whole, or there is no answer.
    pub async fn push(&self, access: &str, push: &Push) -> Result<Pushed, ServerError> {
        self.send(self.body(self.request(Method::POST, "push", Some(access))?, push)?).await
    }

    /// Fetches a page of records.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn pull(&self, access: &str, pull: &Pull) -> Result<Page, ServerError> {
        let query = PullQuery::from(pull);
        let mut url = self.route("pull")?;
        url.query_pairs_mut()
            .append_pair("epoch", &query.epoch.to_string())
            .append_pair("cursors", &query.cursors)
            .append_pair("scope", &query.scope)
            .append_pair("judged_after", &query.judged_after.to_string())
            .append_pair("limit", &query.limit.to_string());
        self.send(self.client.get(url).bearer_auth(access)).await
    }

    /// Asks for the proof that the log begins with a smaller one.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn log_consistency(&self, access: &str, query: ConsistencyQuery) -> Result<LogProof, ServerError> {
        let mut url = self.route("log/consistency")?;
        url.query_pairs_mut()
            .append_pair("epoch", &query.epoch.to_string())
            .append_pair("from", &query.from.to_string())
            .append_pair("to", &query.to.to_string());
        self.send(self.client.get(url).bearer_auth(access)).await
    }

    /// Asks what the log has about a record.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn log_record(&self, access: &str, query: LogRecordQuery) -> Result<LogRecord, ServerError> {
        let mut url = self.route("log/record")?;
        url.query_pairs_mut()
            .append_pair("record", &query.record.to_string())
            .append_pair("size", &query.size.to_string());
        self.send(self.client.get(url).bearer_auth(access)).await
    }

    /// Leases a block of numbers.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn lease(&self, access: &str, lease: &LeaseRequest) -> Result<Lease, ServerError> {
        self.send(self.body(self.request(Method::POST, "lease", Some(access))?, lease)?).await
    }

    /// Opens the stream of events.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn events(&self, access: &str) -> Result<EventStream, ServerError> {
        let request = self.request(Method::GET, "events", Some(access))?.timeout(STREAM);
        let mut response = request.send().await.map_err(|e| self.failed(&e))?;
        if !response.status().is_success() {
            return Err(self.refusal(&mut response).await);
        }
        Ok(EventStream { server: self.clone(), response, reader: Reader::default(), heads: VecDeque::new() })
    }

    /// Waits until the head is another than the laptop's.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn head(&self, access: &str, query: &HeadQuery) -> Result<Head, ServerError> {
        let mut url = self.route("head")?;
        url.query_pairs_mut()
            .append_pair("epoch", &query.epoch.to_string())
            .append_pair("than", &query.than.to_string())
            .append_pair("wait", &query.wait.to_string());
        self.send(self.client.get(url).bearer_auth(access)).await
    }

    /// Asks which buckets are worth fetching whole.
    ///
    /// # Errors
    /// When it is refused, or there is no answer.
    pub async fn offers(&self, access: &str, buckets: &[Bucket]) -> Result<Offers, ServerError> {
        let names: Vec<String> = buckets.iter().map(ToString::to_string).collect();
        let mut url = self.route("snapshot")?;
        url.query_pairs_mut().append_pair("buckets", &names.join(","));
        self.send(self.client.get(url).bearer_auth(access)).await
    }

    /// Fetches a stretch of a snapshot: what came before its end, or before the connection was cut.
    ///
    /// # Errors
    /// When it is refused, or nothing came.
    pub async fn frames(&self, access: &str, id: SnapshotId, bytes: Range<u64>) -> Result<Vec<u8>, ServerError> {
        self.stretch(access, &format!("snapshot/{id}"), bytes).await
    }

    /// A stretch of what lies under a route: what came before its end, or before the connection was cut.
    async fn stretch(&self, access: &str, route: &str, bytes: Range<u64>) -> Result<Vec<u8>, ServerError> {
        let wanted = usize::try_from(bytes.end.saturating_sub(bytes.start)).unwrap_or(usize::MAX).min(ANSWER_BYTES);
        let range = format!("bytes={}-{}", bytes.start, bytes.end.saturating_sub(1));
        let request = self.request(Method::GET, route, Some(access))?;
        let mut response = request.header("range", range).send().await.map_err(|e| self.failed(&e))?;
        match response.status() {
            StatusCode::PARTIAL_CONTENT => {}
            status if status.is_success() => {
                return Err(self.garbled("it is not the part that was asked for".to_owned()));
            }
            _ => return Err(self.refusal(&mut response).await),
        }
        let mut came = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(piece)) if came.len() + piece.len() > wanted => {
                    return Err(self.garbled("it is longer than the part that was asked for".to_owned()));
                }
                Ok(Some(piece)) => came.extend_from_slice(&piece),
                Ok(None) => return Ok(came),
                Err(error) if came.is_empty() => return Err(self.failed(&error)),
                Err(_) => return Ok(came),
            }
        }
    }

    fn route(&self, name: &str) -> Result<Url, ServerError> {
        self.address
            .join(&format!("v1/{name}"))
            .map_err(|e| ServerError::BadAddress { address: self.address.to_string(), reason: e.to_string() })
    }

    fn request(&self, method: Method, route: &str, access: Option<&str>) -> Result<RequestBuilder, ServerError> {
        let request = self.client.request(method, self.route(route)?);
        Ok(match access {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    fn body<T: Serialize>(&self, request: RequestBuilder, body: &T) -> Result<RequestBuilder, ServerError> {
        let garbled = |reason: String| ServerError::Garbled { server: self.address().to_owned(), reason };
        let json = serde_json::to_vec(body).map_err(|e| garbled(e.to_string()))?;
        let request = request.header("content-type", "application/json");
        if json.len() < COMPRESS_BYTES {
            return Ok(request.body(json));
        }
        let packed = zstd::bulk::compress(&json, 1).map_err(|e| garbled(e.to_string()))?;
        Ok(request.header("content-encoding", "zstd").body(packed))
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ServerError> {
        let mut response = request.send().await.map_err(|e| self.failed(&e))?;
        if !response.status().is_success() {
            return Err(self.refusal(&mut response).await);
        }
        let body = self.read(&mut response).await?;
        serde_json::from_slice(&body).map_err(|e| self.garbled(e.to_string()))
    }

    async fn read(&self, response: &mut Response) -> Result<Vec<u8>, ServerError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|e| self.failed(&e))? {
            if body.len() + piece.len() > ANSWER_BYTES {
                return Err(self.garbled(format!("it is larger than {ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// What an answer that is no success says.
    async fn refusal(&self, response: &mut Response) -> ServerError {
        let status = response.status();
        match self.read(response).await.map(|body| serde_json::from_slice::<ErrorBody>(&body)) {
            Ok(Ok(error)) => ServerError::Refused(Box::new(error)),
            Ok(Err(_)) => self.garbled(format!("HTTP status {status} without a reason")),
            Err(error) => error,
        }
    }

    fn garbled(&self, reason: String) -> ServerError {
        ServerError::Garbled { server: self.address().to_owned(), reason }
    }

    fn failed(&self, error: &reqwest::Error) -> ServerError {
        let server = self.address().to_owned();
        if let Some(rejected) = self.rejection.take() {
            return ServerError::Certificate { server, rejected };
        }
        if error.is_decode() {
            return ServerError::Garbled { server, reason: chain(error) };
        }
        let reason = if error.is_timeout() { "it did not answer in time".to_owned() } else { chain(error) };
        ServerError::Unreachable { server, reason }
    }
}

/// The server's events as they come.
pub struct EventStream {
    server: Server,
    response: Response,
    reader: Reader,
    heads: VecDeque<Head>,
}

impl EventStream {
    /// Waits for the next; `None` when the server ended the stream.
    ///
    /// # Errors
    /// When the connection is cut, or what comes is no event stream.
    pub async fn next(&mut self) -> Result<Option<Head>, ServerError> {
        while self.heads.is_empty() {
            let Some(piece) = self.response.chunk().await.map_err(|e| self.server.failed(&e))? else {
                return Ok(None);
            };
            self.heads.extend(self.reader.take(&piece).map_err(|e| self.server.garbled(e.to_string()))?);
        }
        Ok(self.heads.pop_front())
    }
}

/// The last cause of an error says most: *connection refused*, not *error sending request*.
fn chain(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// An address as people type it: `https://` may be left out, a path may not be there.
fn parse_address(text: &str) -> Result<Url, ServerError> {
    let wrong = |reason: &str| ServerError::BadAddress { address: text.to_owned(), reason: reason.to_owned() };
    let trimmed = text.trim();
    let full = if trimmed.contains("://") { trimmed.to_owned() } else { format!("https://{trimmed}") };
    let url = Url::parse(&full).map_err(|e| wrong(&e.to_string()))?;
    if url.scheme() != "https" {
        return Err(wrong("only https is spoken"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must end after host and port"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it must not hold a name or password"));
    }
    Ok(url)
}

/// Whether the address is of this computer: no proxy is asked for it.
fn is_this_computer(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_type_it_and_nothing_else() {
        assert_eq!(parse_address("slipway.example.org:8443").unwrap().as_str(), "https://slipway.example.org:8443/");
        assert_eq!(parse_address(" https://10.0.0.1 ").unwrap().as_str(), "https://10.0.0.1/");
        for wrong in ["http://a", "https://a/b", "https://u:p@a", "https://", "ftp://a", "a b", "https://a?x"] {
            assert!(parse_address(wrong).is_err(), "{wrong} is no server's address");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        tls::install_provider();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("https://127.0.0.1:{port}");
        let server = Server::new(&address, &Trust::Fingerprint("ab".repeat(32))).unwrap();
        let error = server.health().await.unwrap_err();
        assert_eq!(error.code(), "SERVER_UNREACHABLE");
        assert!(error.to_string().contains(&address), "{error}");
    }
}
