//! Tricks with places, counters, cursors, epochs and time: refused, and nothing changed.

use super::World;
use crate::support::{a_site, answer, json};
use reqwest::StatusCode;
use serde_json::json;
use slipway_sync::encoding::Base64;
use slipway_sync::protocol::{Done, ErrorBody, ErrorCode, Push, SignedCommand};
use slipway_sync::signing::sign;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn what_was_sent_before_a_restore_is_not_taken_after_it() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let first = laptop.issue(a_site("Antwerp"));
    let recorded =
        Push { device: laptop.device.id, epoch: laptop.session.epoch, first_counter: 1, commands: vec![first] };
    world.send_push(&laptop, &recorded).await.unwrap();
    world.office().declare_restored("a test").unwrap();
    let before = world.office().state().unwrap();
    assert_eq!(world.send_push(&laptop, &recorded).await.unwrap_err().code, ErrorCode::EpochChanged);
    assert_eq!(world.office().state().unwrap(), before, "a recorded push has no effect in another epoch");
}

#[tokio::test]
async fn counters_that_jump_or_overflow_are_refused() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let first = laptop.issue(a_site("Antwerp"));
    world.push(&laptop, 1, std::slice::from_ref(&first)).await.unwrap();
    let before = world.office().state().unwrap();
    for counter in [0, 3, 1_000_000, i64::MAX.unsigned_abs(), u64::MAX] {
        let mut envelope = laptop.envelope(a_site("Bergen"));
        envelope.counter = counter;
        let signed = sign(&envelope, &laptop.key).unwrap();
        let error = world.push(&laptop, counter, std::slice::from_ref(&signed)).await.unwrap_err();
        let expected = [ErrorCode::CounterGap, ErrorCode::DeviceForked];
        assert!(expected.contains(&error.code), "counter {counter}: {error:?}");
        let error = world.push(&laptop, 2, &[signed]).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::WrongDevice, "nor at another place than it says: {counter}");
    }
    let error = world.push(&laptop, u64::MAX, &[first.clone(), first]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::WrongDevice, "nor where the count ends");
    assert_eq!(world.office().state().unwrap(), before);
}

#[tokio::test]
async fn signed_nonsense_is_refused_with_a_sentence() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let before = world.office().state().unwrap();
    let mut other_domain = laptop.envelope(a_site("Antwerp"));
    other_domain.domain = "slipway.refresh.v1".into();
    let deep = json!({ "x": (0..40).fold(json!(1), |inner, _| json!([inner])) });
    let deep = serde_json::to_vec(&laptop.envelope(deep)).unwrap();
    let envelope = String::from_utf8(json(&laptop.envelope(a_site("Antwerp")))).unwrap();
    let twice = envelope.replacen("\"counter\":1", "\"counter\":1,\"counter\":2", 1);
    for payload in [
        json(&other_domain),
        deep,
        twice.into_bytes(),
        Vec::new(),
        vec![0xff, 0xfe],
        b"null".to_vec(),
        b"{}".to_vec(),
        envelope.replace("\"counter\":1", "\"counter\":-1").into_bytes(),
    ] {
        let shown = String::from_utf8_lossy(&payload).into_owned();
        let signed = SignedCommand { signature: Base64(laptop.key.sign(&payload)), payload: Base64(payload) };
        let error = world.push(&laptop, 1, &[signed]).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest, "{shown}");
        assert!(!error.sentence.is_empty() && !error.way_out.is_empty(), "{error:?}");
    }
    assert_eq!(world.office().state().unwrap(), before);
}

#[tokio::test]
async fn cursors_that_were_tampered_with_are_refused() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let epoch = laptop.session.epoch;
    for query in [
        format!("epoch={epoch}&cursors=workspace:-1&judged_after=0&limit=1"),
        format!("epoch={epoch}&cursors=workspace:99999999999999999999&judged_after=0&limit=1"),
        format!("epoch={epoch}&cursors=workspace:1,workspace:1&judged_after=0&limit=1"),
        format!("epoch={epoch}&cursors=&judged_after=0&limit=1"),
        format!("epoch={epoch}&cursors=workspace%00:0&judged_after=0&limit=1"),
        format!("epoch={epoch}&cursors=..%2F..:0&judged_after=0&limit=1"),
        format!("epoch={epoch}&cursors=workspace:0&judged_after=-1&limit=1"),
        format!("epoch={epoch}&cursors=workspace:0&judged_after=0&limit=99999999999999999999"),
        format!("epoch={epoch}&cursors=workspace:0&judged_after=0&limit=1&as=ruth"),
        "epoch=' OR 1=1 --&cursors=workspace:0&judged_after=0&limit=1".to_owned(),
        "cursors=workspace:0".to_owned(),
    ] {
        let url = format!("{}/v1/pull?{query}", world.running.url);
        let sent = world.client.get(url).bearer_auth(&laptop.session.access_token).send().await.unwrap();
        let error = answer::<Done>(sent).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::BadRequest, "{query}: {error:?}");
    }
    let most = world.pull(&laptop, 0, u64::MAX >> 1, usize::MAX).await.unwrap();
    assert!(most.complete && most.results.is_empty(), "the largest figures ask for nothing more than there is");
}

#[tokio::test]
async fn no_path_leads_out_of_the_routes() {
    let world = World::new().await;
    let host = world.running.address;
    for path in [
        "/v1/../../../../etc/passwd",
        "/v1/%2e%2e/%2e%2e/etc/passwd",
        "/v1/..%2f..%2fetc%2fpasswd",
        "/..\\..\\secret",
        "//etc/passwd",
        "/v1/pull%00",
        "/v1/push/",
        "/v0/pull",
        "/v2/pull",
        "/",
    ] {
        // Clients tidy such paths up before they send them, so this one is sent by hand.
        let url = format!("https://{host}{path}");
        let sent = world.client.get(&url).send().await.unwrap();
        let status = sent.status();
        assert!(status == StatusCode::NOT_FOUND || status == StatusCode::METHOD_NOT_ALLOWED, "{path}: {status}");
        let error: ErrorBody = answer::<Done>(sent).await.unwrap_err();
        assert!(!error.sentence.contains("root:"), "{path}: {error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_connections_keep_nobody_else_waiting() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let mut slow = Vec::new();
    for n in 0..300_u16 {
        let mut connection = TcpStream::connect(world.running.address).await.unwrap();
        // The beginning of a handshake that never goes on.
        let beginning = [0x16, 0x03, 0x01, 0x02, 0x00];
        connection.write_all(&beginning[..usize::from(n % 5) + 1]).await.unwrap();
        slow.push(connection);
    }
    let began = Instant::now();
    let site = laptop.issue(a_site("Antwerp"));
    world.push(&laptop, 1, &[site]).await.unwrap();
    assert!(world.pull(&laptop, 0, 0, 10).await.is_ok());
    assert!(began.elapsed() < Duration::from_secs(10), "an honest laptop waited {:?}", began.elapsed());
    // Something that speaks no TLS at all is sent away.
    let mut plain = TcpStream::connect(world.running.address).await.unwrap();
    plain.write_all(b"GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), plain.read_to_end(&mut said)).await;
    assert!(!String::from_utf8_lossy(&said).contains("200"), "nothing is said without TLS");
    drop(slow);
}
