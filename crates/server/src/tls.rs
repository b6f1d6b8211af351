//! The workspace's own certificate authority and the certificate that the server shows.

use crate::folder::{Folder, FolderError};
use chrono::{DateTime, Datelike, Days, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use slipway_domain::id::WorkspaceId;
use slipway_domain::time::Timestamp;
use std::sync::Arc;

/// Days that a server certificate is good for; a fresh one is made at each start.
const LEAF_DAYS: u64 = 397;
/// Days before now from which it is good: laptops' clocks lie.
const EARLY_DAYS: u64 = 7;

/// Certificate and key of a new authority, in PEM.
///
/// # Errors
/// The key cannot be made.
pub fn new_authority(workspace: WorkspaceId) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let certificate = authority(workspace)?.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// The authority's certificate is made of these each time, so that its key alone has to be kept.
fn authority(workspace: WorkspaceId) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::OrganizationName, "Slipway");
    params.distinguished_name.push(DnType::CommonName, format!("Slipway workspace {workspace}"));
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2060, 1, 1);
    Ok(params)
}

/// What rustls needs to serve under these names.
///
/// # Errors
/// The authority's key cannot be read, or a name is none.
pub fn server_config(folder: &Folder, names: &[String], now: Timestamp) -> Result<Arc<ServerConfig>, FolderError> {
    let key = KeyPair::from_pem(&folder.authority_key()?)?;
    let authority = authority(folder.workspace())?;
    let issuer = Issuer::from_params(&authority, &key);
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name.push(DnType::CommonName, "Slipway server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let today = DateTime::<Utc>::from_timestamp_millis(now.0).unwrap_or_default();
    let early = today.checked_sub_days(Days::new(EARLY_DAYS)).unwrap_or(today);
    let late = today.checked_add_days(Days::new(LEAF_DAYS)).unwrap_or(today);
    params.not_before = date_time_ymd(early.year(), small(early.month()), small(early.day()));
    params.not_after = date_time_ymd(late.year(), small(late.month()), small(late.day()));
    let leaf_key = KeyPair::generate()?;
    let leaf = params.signed_by(&leaf_key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let bad = |error: rustls::Error| FolderError::Server(crate::error::ServerError::Worker(error.to_string()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(bad)?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .map_err(bad)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Months and days of the month fit a byte.
fn small(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(1)
}

/// The names under which laptops reach this computer.
#[must_use]
pub fn own_names() -> Vec<String> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let host = std::env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let sound = |host: &String| {
        !host.is_empty() && host.len() < 254 && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
    };
    names.extend(host.map(|host| host.trim().to_lowercase()).filter(sound));
    names
}
