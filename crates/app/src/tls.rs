//! Whom to believe: the server's certificate is checked against a given authority or a confirmed fingerprint.
//!
//! The operating system's list of authorities is not asked: a workspace has one server, and its owner knows which.

use crate::profile::Trust;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};

/// A certificate that was not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Lower-case hex of the SHA-256 of the server's certificate.
    pub seen: String,
    /// What was expected, in words.
    pub expected: String,
    /// What is wrong with the certificate.
    pub reason: String,
}

/// Where the verifier leaves what it rejected: the error that comes out of the HTTP client does not carry it.
#[derive(Clone, Debug, Default)]
pub struct Rejection(Arc<Mutex<Option<Rejected>>>);

impl Rejection {
    fn note(&self, rejected: Rejected) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(rejected);
    }

    /// The latest rejected certificate, once.
    #[must_use]
    pub fn take(&self) -> Option<Rejected> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Why no trust can be made of what was given.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The text holds no certificate.
    #[error("there is no certificate in PEM form in it")]
    NoCertificate,
    /// The certificate cannot be an authority.
    #[error("the certificate cannot be used as an authority: {detail}")]
    BadAuthority {
        /// What is wrong with it.
        detail: String,
    },
    /// The text is no fingerprint.
    #[error("{text:?} is not a SHA-256 fingerprint of 64 hex digits")]
    BadFingerprint {
        /// What was given.
        text: String,
    },
    /// TLS itself cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// Lower-case hex of the SHA-256 of a certificate.
#[must_use]
pub fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    hex::encode(Sha256::digest(certificate.as_ref()))
}

/// Reads a fingerprint as people write it: with or without colons and blanks, in either case.
///
/// # Errors
/// [`TrustError::BadFingerprint`].
pub fn parse_fingerprint(text: &str) -> Result<String, TrustError> {
    let digits: String =
        text.chars().filter(|c| !c.is_whitespace() && *c != ':').map(|c| c.to_ascii_lowercase()).collect();
    if digits.len() == 64 && digits.chars().all(|c| c.is_ascii_hexdigit()) {
        Ok(digits)
    } else {
        Err(TrustError::BadFingerprint { text: text.chars().take(100).collect() })
    }
}

/// A fingerprint as certificate viewers show it: pairs of upper-case digits with colons.
#[must_use]
pub fn shown(fingerprint: &str) -> String {
    let digits: Vec<char> = fingerprint.to_uppercase().chars().collect();
    digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(":")
}

/// Makes the cipher suites known to every part of this process; may be called any number of times.
pub fn install_provider() {
    // An error only says that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// What the verifier goes by.
#[derive(Debug)]
enum Rule {
    Authority {
        verifier: Arc<WebPkiServerVerifier>,
        name: String,
    },
    Fingerprint(String),
    /// Believes nothing: only to see the certificate.
    LookOnly,
}

#[derive(Debug)]
struct Verifier {
    rule: Rule,
    provider: Arc<CryptoProvider>,
    rejection: Rejection,
}

impl Verifier {
    /// What a person is shown to compare is the authority where the server shows one: it outlives each certificate.
    fn reject(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        expected: String,
        reason: String,
    ) {
        let seen = fingerprint(intermediates.last().unwrap_or(certificate));
        self.rejection.note(Rejected { seen, expected, reason });
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.rule {
            Rule::Authority { verifier, name } => {
                verifier.verify_server_cert(certificate, intermediates, server, ocsp, now).inspect_err(|e| {
                    let expected = format!("one signed by the authority {name}");
                    self.reject(certificate, intermediates, expected, words(e));
                })
            }
            Rule::Fingerprint(expected) if fingerprint(certificate) == *expected => Ok(ServerCertVerified::assertion()),
            Rule::Fingerprint(expected) => {
                let reject = |reason| {
                    let expected = format!("the one with the fingerprint {}", shown(expected));
                    self.reject(certificate, intermediates, expected, reason);
                };
                // The one that was confirmed may be the authority behind the certificate, which renews under it.
                let Some(issuer) = intermediates.iter().find(|issuer| fingerprint(issuer) == *expected) else {
                    reject("it is another certificate".to_owned());
                    return Err(CertificateError::ApplicationVerificationFailure.into());
                };
                let mut roots = RootCertStore::empty();
                roots.add(issuer.clone().into_owned())?;
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
                    .build()
                    .map_err(|e| rustls::Error::General(e.to_string()))?
                    .verify_server_cert(certificate, intermediates, server, ocsp, now)
                    .inspect_err(|e| reject(words(e)))
            }
            Rule::LookOnly => {
                let reason = "it was only looked at".to_owned();
                self.reject(certificate, intermediates, "none yet".to_owned(), reason);
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => "another authority signed it".to_owned(),
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "it has expired".to_owned()
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        ) => "it is not valid yet; is this computer's clock right?".to_owned(),
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "it is made out to another name".to_owned(),
        other => other.to_string(),
    }
}

/// TLS settings that believe only what the trust says. Rejected certificates are left in `rejection`.
///
/// # Errors
/// When the trust holds no usable certificate or fingerprint.
pub fn client_config(trust: &Trust, rejection: Rejection) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let rule = match trust {
        Trust::Fingerprint(text) => Rule::Fingerprint(parse_fingerprint(text)?),
        Trust::Authority(pem) => authority(pem, &provider)?,
    };
    configure(Verifier { rule, provider, rejection })
}

/// TLS settings that reject every certificate and leave it in `rejection`: to show its fingerprint to a person.
///
/// # Errors
/// When TLS cannot be set up.
pub fn look_only_config(rejection: Rejection) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    configure(Verifier { rule: Rule::LookOnly, provider, rejection })
}

fn configure(verifier: Verifier) -> Result<ClientConfig, TrustError> {
    let mut config = ClientConfig::builder_with_provider(verifier.provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn authority(pem: &str, provider: &Arc<CryptoProvider>) -> Result<Rule, TrustError> {
    let mut roots = RootCertStore::empty();
    let mut name = None;
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| TrustError::NoCertificate)?;
        name.get_or_insert_with(|| shown(&fingerprint(&certificate)));
        roots.add(certificate).map_err(|e| TrustError::BadAuthority { detail: e.to_string() })?;
    }
    let name = name.ok_or(TrustError::NoCertificate)?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|e| TrustError::BadAuthority { detail: e.to_string() })?;
    Ok(Rule::Authority { verifier, name })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_people_write_it() {
        let plain = "ab".repeat(32);
        assert_eq!(parse_fingerprint(&plain).unwrap(), plain);
        assert_eq!(parse_fingerprint(&shown(&plain)).unwrap(), plain);
        assert!(parse_fingerprint("ab:cd").is_err());
        assert!(parse_fingerprint(&"xy".repeat(32)).is_err());
    }

    #[test]
    fn a_text_without_a_certificate_is_no_authority() {
        let error = client_config(&Trust::Authority("hello".to_owned()), Rejection::default()).unwrap_err();
        assert!(matches!(error, TrustError::NoCertificate));
    }
}
