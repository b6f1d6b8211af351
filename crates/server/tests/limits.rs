//! Every limit of the protocol, exceeded by one over real HTTPS: each answers with a code and a sentence.

use super::World;
use crate::support::{Laptop, PASSWORD, a_site, answer, json, new_id};
use slipway_domain::number::Series;
use slipway_server::limit::Patience;
use slipway_server::serve::{Config, Server};
use slipway_sync::encoding::Base64;
use slipway_sync::limits;
use slipway_sync::protocol::{Done, ErrorBody, ErrorCode, LeaseRequest, SignedCommand, Verdict};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

async fn post(world: &World, laptop: &Laptop, route: &str, body: Vec<u8>) -> ErrorBody {
    let request = world.post(route).bearer_auth(&laptop.session.access_token).body(body);
    answer::<Done>(request.send().await.unwrap()).await.unwrap_err()
}

async fn pull(world: &World, laptop: &Laptop, cursors: String) -> ErrorBody {
    let url = format!(
        "{}/v1/pull?epoch={}&cursors={cursors}&judged_after=0&limit=10",
        world.running.url, laptop.session.epoch
    );
    let request = world.client.get(url).bearer_auth(&laptop.session.access_token);
    answer::<Done>(request.send().await.unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn each_limit_answers_with_a_code_and_a_sentence() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let nothing = SignedCommand { payload: Base64(Vec::new()), signature: Base64(Vec::new()) };
    let lease = |count| json(&LeaseRequest { series: Series::Ci, count });
    let buckets = (0..=limits::BUCKETS).map(|_| format!("site:{}:0", new_id())).collect::<Vec<_>>().join(",");
    let sign_in = |password: String| {
        json(&slipway_sync::protocol::SignIn { user: "ruth".into(), password, device: laptop.device.clone() })
    };
    let deep = format!("{}{}", "[".repeat(limits::JSON_DEPTH + 1), "]".repeat(limits::JSON_DEPTH + 1));
    let bomb = zstd::bulk::compress(&vec![b' '; limits::BODY_PLAIN_BYTES + 1], 1).unwrap();
    let plain = |body| world.post("sign-in").body(body);
    let packed = world.post("sign-in").header("content-encoding", "zstd").body(bomb);
    let over =
        |request: reqwest::RequestBuilder| async { answer::<Done>(request.send().await.unwrap()).await.unwrap_err() };
    let table: Vec<(&str, ErrorCode, &str, ErrorBody)> = vec![
        ("BODY_BYTES", ErrorCode::TooLarge, "4 MiB", over(plain(vec![b' '; limits::BODY_BYTES + 1])).await),
        ("BODY_PLAIN_BYTES", ErrorCode::TooLarge, "32 MiB", over(packed).await),
        ("JSON_DEPTH", ErrorCode::BadRequest, "32", over(plain(deep.into_bytes())).await),
        (
            "PASSWORD_BYTES",
            ErrorCode::WrongCredentials,
            "match",
            over(plain(sign_in("x".repeat(limits::PASSWORD_BYTES + 1)))).await,
        ),
        (
            "PUSH_COMMANDS",
            ErrorCode::TooLarge,
            "500",
            world.push(&laptop, 1, &vec![nothing; limits::PUSH_COMMANDS + 1]).await.unwrap_err(),
        ),
        (
            "LEASE_NUMBERS",
            ErrorCode::TooLarge,
            "500",
            post(&world, &laptop, "lease", lease(limits::LEASE_NUMBERS + 1)).await,
        ),
        ("LEASE_NUMBERS, none", ErrorCode::TooLarge, "500", post(&world, &laptop, "lease", lease(0)).await),
        ("BUCKETS", ErrorCode::BadRequest, "more than 128 buckets", pull(&world, &laptop, buckets).await),
    ];
    for (limit, code, part, error) in table {
        assert_eq!(error.code, code, "{limit}: {error:?}");
        assert!(error.sentence.contains(part), "{limit} says what is taken: {}", error.sentence);
        assert!(!error.way_out.is_empty(), "{limit} names a way out");
    }
}

#[tokio::test]
async fn a_command_over_its_size_is_refused_and_later_ones_go_on() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let long = "x".repeat(limits::COMMAND_BYTES);
    let commands = vec![laptop.issue(a_site(&long)), laptop.issue(a_site("Antwerp"))];
    let pushed = world.push(&laptop, 1, &commands).await.unwrap();
    let Verdict::Refused { findings } = &pushed.results[0].verdict else { panic!("{pushed:?}") };
    assert_eq!(findings[0].code, "COMMAND_TOO_LARGE");
    assert!(findings[0].sentence.contains(&limits::COMMAND_BYTES.to_string()), "{}", findings[0].sentence);
    assert!(matches!(pushed.results[1].verdict, Verdict::Applied { .. }), "{pushed:?}");
}

#[tokio::test]
async fn a_device_in_haste_is_told_how_long_to_wait() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let mut refused = None;
    for _ in 0..=limits::PUSH_BURST + 20 * limits::PUSHES_PER_SECOND {
        if let Err(error) = world.push(&laptop, 1, &[]).await {
            refused = Some(error);
            break;
        }
    }
    let error = refused.expect("the burst ends");
    assert_eq!(error.code, ErrorCode::TooManyRequests);
    assert!(error.retry_after_ms.is_some() && error.sentence.contains("10 times"), "{error:?}");
}

#[tokio::test]
async fn tokens_end_with_their_time() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    world.advance_ms(limits::ACCESS_MS - 1);
    assert!(world.pull(&laptop, 0, 0, 10).await.is_ok(), "to its last moment");
    world.advance_ms(1);
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap_err().code, ErrorCode::NotSignedIn);
}

#[tokio::test]
async fn a_long_name_of_a_device_is_cut() {
    let world = World::new().await;
    let mut device = world.laptop("ruth").await.device;
    device.name = "n".repeat(limits::DEVICE_NAME_CHARS + 1);
    world.sign_in("ruth", PASSWORD, &device).await.unwrap();
    let kept = world.office().devices().unwrap().into_iter().find(|held| held.id == device.id).unwrap();
    assert_eq!(kept.name.chars().count(), limits::DEVICE_NAME_CHARS);
}

/// Speaks TLS by hand, as slowly as it likes.
fn speak(address: std::net::SocketAddr, ca: &str) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(ca.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    rustls::StreamOwned::new(connection, tcp)
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_are_not_waited_for() {
    let world = World::new().await;
    let patience = Patience {
        handshake: Duration::from_millis(500),
        head: Duration::from_millis(700),
        body: Duration::from_millis(900),
        answer: Duration::from_millis(800),
    };
    let config = Config { patience, ..Config::local(world.folder.path()) };
    let running = Server::start(config).await.unwrap();
    let (address, ca) = (running.address, running.ca_pem.clone());
    tokio::task::spawn_blocking(move || {
        let limit = Duration::from_secs(10);
        let started = Instant::now();
        let mut silent = TcpStream::connect(address).unwrap();
        silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert!(matches!(silent.read(&mut [0]), Ok(0) | Err(_)), "without a handshake");
        let mut headless = speak(address, &ca);
        headless.write_all(b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\n").unwrap();
        let mut said = Vec::new();
        let _ = headless.read_to_end(&mut said);
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&said));
        let mut slow = speak(address, &ca);
        slow.write_all(
            b"POST /v1/sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{",
        )
        .unwrap();
        let mut said = Vec::new();
        let _ = slow.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.starts_with("HTTP/1.1 408") && said.contains("\"too_slow\""), "{said}");
        assert!(started.elapsed() < limit, "none of them kept a connection for long");
        // Asks and asks, and takes no answer off until both sides' buffers are full.
        let mut deaf = speak(address, &ca);
        deaf.sock.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        let ask = b"GET /v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
        let full = Instant::now() + Duration::from_secs(20);
        while deaf.write_all(&ask).is_ok() && Instant::now() < full {}
        std::thread::sleep(2 * patience.answer);
        let mut said = Vec::new();
        let ended = deaf.read_to_end(&mut said);
        assert!(ended.is_err() || !said.ends_with(b"}"), "it was given up in the middle of an answer");
    })
    .await
    .unwrap();
    running.stop().await;
}
