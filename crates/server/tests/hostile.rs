//! Clients that mean harm, or are broken: refused, and nothing changed.

use super::World;
use crate::support::{a_site, answer, json, nobody, user};
use slipway_domain::id::WorkspaceId;
use slipway_domain::people::Role;
use slipway_sync::encoding::Base64;
use slipway_sync::limits;
use slipway_sync::protocol::{Done, ErrorBody, ErrorCode, LeaseRequest, Push, SignedCommand, Verdict};
use slipway_sync::signing::PrivateKey;
use uuid::Uuid;

async fn refused(world: &World, body: Vec<u8>, encoding: Option<&str>) -> ErrorBody {
    let mut request = world.post("sign-in").body(body);
    if let Some(encoding) = encoding {
        request = request.header("content-encoding", encoding);
    }
    answer::<Done>(request.send().await.unwrap()).await.unwrap_err()
}

#[tokio::test]
async fn a_forged_signature_stops_the_push_and_changes_nothing() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let before = world.office().state().unwrap();
    let good = laptop.issue(a_site("Antwerp"));
    let mut altered = laptop.issue(a_site("Bergen"));
    let text = String::from_utf8(altered.payload.0).unwrap().replace("Bergen", "Borgen");
    altered.payload = Base64(text.into_bytes());
    let error = world.push(&laptop, 1, &[good, altered]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::BadSignature);
    assert_eq!(world.office().state().unwrap(), before, "not even the good one before it");

    let mut laptop = world.laptop("ruth").await;
    laptop.key = PrivateKey::from_seed(&[77; 32]);
    let strange = laptop.issue(a_site("Cork"));
    assert_eq!(world.push(&laptop, 1, &[strange]).await.unwrap_err().code, ErrorCode::BadSignature, "another key");
}

#[tokio::test]
async fn nobody_speaks_for_another_person_device_or_workspace() {
    let world = World::new().await;
    world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let tom = world.laptop("tom").await;
    let ruth = world.laptop("ruth").await;
    let before = world.office().state().unwrap();
    let mut as_ruth = tom.envelope(a_site("Antwerp"));
    as_ruth.actor = ruth.session.person;
    let mut elsewhere = tom.envelope(a_site("Antwerp"));
    elsewhere.workspace = WorkspaceId(Uuid::from_u128(5));
    let mut other_device = tom.envelope(a_site("Antwerp"));
    other_device.device = ruth.device.id;
    let mut stranger = tom.envelope(a_site("Antwerp"));
    stranger.actor = nobody();
    for (envelope, code) in [
        (as_ruth, ErrorCode::WrongActor),
        (elsewhere, ErrorCode::WrongActor),
        (other_device, ErrorCode::WrongDevice),
        (stranger, ErrorCode::WrongActor),
    ] {
        let signed = slipway_sync::signing::sign(&envelope, &tom.key).unwrap();
        assert_eq!(world.push(&tom, 1, &[signed]).await.unwrap_err().code, code);
    }
    let push = Push { device: ruth.device.id, epoch: tom.session.epoch, first_counter: 1, commands: Vec::new() };
    assert_eq!(world.send_push(&tom, &push).await.unwrap_err().code, ErrorCode::WrongDevice, "another's device");
    assert_eq!(world.office().state().unwrap(), before);
}

#[tokio::test]
async fn anothers_command_id_tells_nothing() {
    let world = World::new().await;
    world.office().add_user(&user("tom", Role::Technician)).unwrap();
    let mut ruth = world.laptop("ruth").await;
    let envelope = ruth.envelope(a_site("Antwerp"));
    let signed = ruth.sign(&envelope);
    world.push(&ruth, 1, &[signed]).await.unwrap();
    let mut tom = world.laptop("tom").await;
    let mut same_id = tom.envelope(a_site("Bergen"));
    same_id.id = envelope.id;
    let same_id = tom.sign(&same_id);
    assert_eq!(world.push(&tom, 1, &[same_id]).await.unwrap_err().code, ErrorCode::WrongActor);
}

#[tokio::test]
async fn nothing_is_had_without_a_session() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    laptop.session.access_token = "0".repeat(64);
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap_err().code, ErrorCode::NotSignedIn);
    assert_eq!(world.push(&laptop, 1, &[]).await.unwrap_err().code, ErrorCode::NotSignedIn);
    for route in ["push", "lease", "device", "sign-out"] {
        let error = answer::<Done>(world.post(route).body("{}").send().await.unwrap()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotSignedIn, "{route}");
    }
}

/// Routes that answer whoever asks: how the server is, and the ways in.
const OPEN: [&str; 9] = [
    "get /v1/health",
    "get /v1/ready",
    "get /v1/openapi.json",
    "get /v1/sign-in-methods",
    "post /v1/sign-in",
    "post /v1/refresh",
    "post /v1/oidc/begin",
    "post /v1/oidc/device",
    "post /v1/oidc/sign-in",
];

#[tokio::test]
async fn every_route_but_the_ways_in_asks_who_is_there_and_every_answer_is_safe_in_a_browser() {
    let world = World::new().await;
    let described: serde_json::Value = serde_json::from_str(&slipway_server::openapi::json().unwrap()).unwrap();
    let mut asked = 0;
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            let route = format!("{method} {path}");
            let is_open = OPEN.contains(&route.as_str());
            assert_eq!(is_open, described["security"].is_null(), "{route} is described as it is");
            let path = path.replace("{sha256}", &"a".repeat(64)).replace("{n}", "0?of=attachment:{id}");
            let path = path.replace("{id}", &Uuid::from_u128(7).to_string());
            let url = format!("{}{path}", world.running.url);
            for token in [None, Some("0".repeat(64)), Some("slipway_api_0".to_owned())] {
                let mut request = world.client.request(method.to_uppercase().parse().unwrap(), &url).body("{}");
                if let Some(token) = token {
                    request = request.bearer_auth(token);
                }
                let answer = request.send().await.unwrap();
                assert_eq!(answer.status() == 401, !is_open, "{route} answered {}", answer.status());
                let header = |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap());
                assert!(header("strict-transport-security").starts_with("max-age="), "{route}");
                assert_eq!(header("x-content-type-options"), "nosniff", "{route}");
                assert_eq!(header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'", "{route}");
                assert_eq!(header("cache-control"), "no-store", "{route}");
                asked += 1;
            }
        }
    }
    assert!(asked > 120, "{asked}");
}

#[tokio::test]
async fn bodies_over_the_limits_are_refused_with_a_sentence() {
    let world = World::new().await;
    let large = refused(&world, vec![b' '; limits::BODY_BYTES + 1], None).await;
    assert_eq!(large.code, ErrorCode::TooLarge, "{large:?}");
    assert!(large.sentence.contains("4 MiB"), "it says how much is taken: {}", large.sentence);
    let bomb = zstd::bulk::compress(&vec![b' '; limits::BODY_PLAIN_BYTES + 1], 1).unwrap();
    assert!(bomb.len() < 100_000, "a bomb is small");
    assert_eq!(refused(&world, bomb, Some("zstd")).await.code, ErrorCode::TooLarge, "a decompression bomb");
    let deep = "[".repeat(100_000);
    assert_eq!(refused(&world, deep.into_bytes(), None).await.code, ErrorCode::BadRequest, "a depth bomb");
    for body in ["", "{", "null", "{\"user\":1}", "\u{0}"] {
        assert_eq!(refused(&world, body.into(), None).await.code, ErrorCode::BadRequest, "{body:?}");
    }
    assert_eq!(refused(&world, vec![1, 2, 3], Some("zstd")).await.code, ErrorCode::TooLarge, "no zstd at all");
    assert_eq!(refused(&world, vec![1], Some("rot13")).await.code, ErrorCode::BadRequest, "no encoding we know");
}

#[tokio::test]
async fn unknown_fields_in_requests_are_refused() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let body = r#"{"series":"release","count":1,"colour":"red"}"#;
    let request = world.post("lease").bearer_auth(&laptop.session.access_token).body(body);
    let error = answer::<Done>(request.send().await.unwrap()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::BadRequest);
    assert!(error.sentence.contains("colour"), "it names the field: {}", error.sentence);
}

#[tokio::test]
async fn too_much_at_once_is_refused() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    for count in [0, limits::LEASE_NUMBERS + 1] {
        let request = LeaseRequest { series: slipway_domain::number::Series::Ci, count };
        let sent = world.post("lease").bearer_auth(&laptop.session.access_token).body(json(&request));
        assert_eq!(answer::<Done>(sent.send().await.unwrap()).await.unwrap_err().code, ErrorCode::TooLarge);
    }
    let nothing = SignedCommand { payload: Base64(Vec::new()), signature: Base64(Vec::new()) };
    let many = vec![nothing; limits::PUSH_COMMANDS + 1];
    assert_eq!(world.push(&laptop, 1, &many).await.unwrap_err().code, ErrorCode::TooLarge);
    let long = laptop.issue(a_site(&"x".repeat(limits::COMMAND_BYTES)));
    let pushed = world.push(&laptop, 1, &[long]).await.unwrap();
    let Verdict::Refused { findings } = &pushed.results[0].verdict else { panic!("{pushed:?}") };
    assert_eq!(findings[0].code, "COMMAND_TOO_LARGE");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_not_spoken_to() {
    let world = World::new().await;
    let error = reqwest::Client::new().get(format!("{}/v1/health", world.running.url)).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
}

#[tokio::test]
async fn a_compressed_push_is_read() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands = vec![laptop.issue(a_site("Antwerp"))];
    let push = Push { device: laptop.device.id, epoch: laptop.session.epoch, first_counter: 1, commands };
    let body = zstd::bulk::compress(&json(&push), 1).unwrap();
    let request = world.post("push").bearer_auth(&laptop.session.access_token).header("content-encoding", "zstd");
    let pushed: slipway_sync::protocol::Pushed = answer(request.body(body).send().await.unwrap()).await.unwrap();
    assert!(matches!(pushed.results[0].verdict, Verdict::Applied { .. }));
}
