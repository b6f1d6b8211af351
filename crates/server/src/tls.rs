//! The workspace's own certificate authority and the certificate that the server shows.

use crate::folder::{Folder, FolderError};
use chrono::{DateTime, Datelike, Days, Utc};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use slipway_domain::id::WorkspaceId;
use slipway_domain::time::Timestamp;
use slipway_sync::encoding::hex;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Days that a server certificate of our own is good for; a fresh one is made at each start, and before its end.
const LEAF_DAYS: u64 = 397;
/// Days before its end at which another one is made.
const RENEW_DAYS: u64 = 60;
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

/// Certificate and key from somebody else, as files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and after it those that lead to its authority.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// What is shown to laptops, and until when.
pub struct Shown {
    /// For rustls.
    pub config: Arc<ServerConfig>,
    /// From when on another one should be shown; `None` for files, whose owner sees to that.
    pub renew_at: Option<Timestamp>,
    /// Seconds since 1970 at which it ends; `None` if that is not known.
    pub ends: Option<i64>,
    /// SHA-256 of the last certificate of the chain, which laptops may pin.
    pub fingerprint: String,
}

/// A fresh certificate of our own authority under these names. The authority goes along, so that laptops can pin it.
///
/// # Errors
/// The authority's key cannot be read, or a name is none.
pub fn self_made(folder: &Folder, names: &[String], now: Timestamp) -> Result<Shown, FolderError> {
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
    let ends = params.not_after.unix_timestamp();
    let leaf_key = KeyPair::generate()?;
    let leaf = params.signed_by(&leaf_key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    // As it stands in the folder: made anew it would have another fingerprint.
    let ca = authority_of(folder)?;
    let (config, fingerprint) = server_config(vec![leaf.der().clone(), ca], key)?;
    let renew_at = i64::try_from(LEAF_DAYS - RENEW_DAYS).map_or(now, |days| now.plus_days(days));
    Ok(Shown { config, renew_at: Some(renew_at), ends: Some(ends), fingerprint })
}

/// The authority's certificate as it stands in the folder.
///
/// # Errors
/// It cannot be read.
pub fn authority_of(folder: &Folder) -> Result<CertificateDer<'static>, FolderError> {
    let what = "a certificate in PEM";
    let bad = || FolderError::Content { path: folder.path().join("ca.pem"), what };
    CertificateDer::from_pem_slice(folder.ca_pem()?.as_bytes()).map_err(|_| bad())
}

/// SHA-256 of a certificate, in hex.
#[must_use]
pub fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    hex(&Sha256::digest(certificate.as_ref()))
}

/// What the files hold.
///
/// # Errors
/// They cannot be read, or do not belong together.
pub fn from_files(files: &TlsFiles) -> Result<Shown, FolderError> {
    let content = |path: &Path, what| FolderError::Content { path: path.to_owned(), what };
    let read = |path: &Path| fs::read(path).map_err(crate::folder::at(path));
    let pem = read(&files.certificate)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|_| content(&files.certificate, "certificates in PEM"))?;
    if chain.is_empty() {
        return Err(content(&files.certificate, "a certificate in PEM"));
    }
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?).map_err(|_| content(&files.key, "a key in PEM"))?;
    let (config, fingerprint) =
        server_config(chain, key).map_err(|_| content(&files.key, "the key of the certificate"))?;
    Ok(Shown { config, renew_at: None, ends: None, fingerprint })
}

fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<(Arc<ServerConfig>, String), FolderError> {
    let fingerprint = chain.last().map(fingerprint).unwrap_or_default();
    let bad = |error: rustls::Error| FolderError::Server(crate::error::ServerError::Worker(error.to_string()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(bad)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(bad)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(config), fingerprint))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, missing_docs)]
    use super::*;

    #[test]
    fn only_suites_with_fresh_keys_and_sealed_records_are_spoken() {
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let (config, _) = server_config(vec![leaf.der().clone()], key).unwrap();
        let names: Vec<String> =
            config.crypto_provider().cipher_suites.iter().map(|suite| format!("{:?}", suite.suite())).collect();
        assert!(!names.is_empty());
        for name in &names {
            assert!(name.starts_with("TLS13_") || name.starts_with("TLS_ECDHE_"), "{name} has no fresh key");
            assert!(name.contains("_GCM_") || name.contains("CHACHA20_POLY1305"), "{name} does not seal its records");
        }
        assert_eq!(config.max_early_data_size, 0, "what could be sent twice is not listened to");
    }
}
