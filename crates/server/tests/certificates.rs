//! The certificate shown: from files and read again, or self-made and renewed under the same authority.

use crate::support::World;
use rcgen::{CertificateParams, KeyPair};
use reqwest::tls::TlsInfo;
use reqwest::{Certificate, Client};
use slipway_server::serve::{Config, Server};
use slipway_server::tls::TlsFiles;
use std::path::Path;

/// The certificate that a new connection sees.
async fn seen(ca: &str, url: &str) -> Result<Vec<u8>, reqwest::Error> {
    let client = Client::builder()
        .tls_certs_only([Certificate::from_pem(ca.as_bytes()).unwrap()])
        .tls_info(true)
        .build()
        .unwrap();
    let response = client.get(format!("{url}/v1/health")).send().await?;
    Ok(response.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec())
}

/// A certificate that is its own authority, in two files; gives its PEM.
fn write_pair(files: &TlsFiles) -> String {
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(&files.certificate, made.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    made.pem()
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles { certificate: folder.join("tls.pem"), key: folder.join("tls.key") }
}

#[tokio::test]
async fn changed_files_are_shown_without_dropping_anybody() {
    let world = World::new().await;
    let files = files(world.folder.path());
    let first = write_pair(&files);
    let config = Config { tls: Some(files.clone()), ..Config::local(world.folder.path()) };
    let running = Server::start(config).await.unwrap();
    let before = seen(&first, &running.url).await.unwrap();
    let staying = Client::builder().tls_certs_only([Certificate::from_pem(first.as_bytes()).unwrap()]).build().unwrap();
    let health = |client: &Client| client.get(format!("{}/v1/health", running.url)).send();
    health(&staying).await.unwrap();

    std::fs::write(&files.certificate, "half a certif").unwrap();
    running.certificate.look();
    assert_eq!(seen(&first, &running.url).await.unwrap(), before, "what cannot be used is not shown");

    let second = write_pair(&files);
    running.certificate.look();
    assert_ne!(seen(&second, &running.url).await.unwrap(), before, "a new connection sees the new one");
    assert!(seen(&first, &running.url).await.is_err(), "and the old one no more");
    assert!(health(&staying).await.is_ok(), "a connection that stands goes on");
}

#[tokio::test]
async fn a_self_made_certificate_is_renewed_before_its_end_under_the_same_authority() {
    let world = World::new().await;
    let (url, ca, certificate) = (&world.running.url, &world.running.ca_pem, &world.running.certificate);
    let first = seen(ca, url).await.unwrap();
    let pinned = certificate.fingerprint();
    assert_eq!(world.office().fingerprint().unwrap(), pinned, "what the administrator is told");
    certificate.look();
    assert_eq!(seen(ca, url).await.unwrap(), first, "not before it is time");
    world.advance_ms(340 * 24 * 3_600 * 1000);
    certificate.look();
    // The server's clock is ahead of this test's, so the certificate is not valid yet; it is looked at only.
    let client = Client::builder().tls_danger_accept_invalid_certs(true).tls_info(true).build().unwrap();
    let response = client.get(format!("{url}/v1/health")).send().await.unwrap();
    let second = response.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec();
    assert_ne!(second, first, "it was time");
    assert_eq!(certificate.fingerprint(), pinned, "laptops that pinned the authority need not be told");
}

#[tokio::test]
async fn files_that_do_not_belong_together_are_refused_at_the_start() {
    let world = World::new().await;
    let files = files(world.folder.path());
    write_pair(&files);
    let certificate = std::fs::read(&files.certificate).unwrap();
    write_pair(&files);
    std::fs::write(&files.certificate, certificate).unwrap();
    let config = Config { tls: Some(files.clone()), ..Config::local(world.folder.path()) };
    let Err(error) = Server::start(config).await else { panic!("another certificate's key") };
    assert!(error.to_string().contains("tls.key"), "{error}");
    std::fs::remove_file(&files.key).unwrap();
    let config = Config { tls: Some(files), ..Config::local(world.folder.path()) };
    assert!(Server::start(config).await.is_err(), "no key");
}
