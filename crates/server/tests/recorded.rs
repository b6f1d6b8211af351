//! What a laptop of the first release said to a server of the first release, said again to this one: it must still be
//! understood, and every field that such a laptop reads must still be there.
//!
//! `tests/fixtures/v1` at the root of the repository holds the server's folder as it was and the conversation.
//! `UPDATE_FIXTURES=1` records it anew; do that only for a new folder of a new release, never for an old one.

use crate::support::{a_site, json};
use reqwest::{Client, Method};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slipway_domain::command::{Command, Envelope, RULES_VERSION};
use slipway_domain::id::{CommandId, DeviceId};
use slipway_domain::time::Timestamp;
use slipway_server::serve::{Config, Running, Server};
use slipway_sync::protocol::{NewDevice, Push, Session, SignIn, SignedCommand};
use slipway_sync::signing::{PrivateKey, sign};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

/// A day after the folder was last written.
const NOW: Timestamp = Timestamp(1_795_477_280_000);
const PASSWORD: &str = "a password of the fixture";

/// One request and its answer.
#[derive(Debug, Serialize, Deserialize)]
struct Exchange {
    method: String,
    path: String,
    /// With the access token of the last session.
    signed_in: bool,
    body: Option<String>,
    status: u16,
    answer: Value,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/v1")
}

struct Place {
    _folder: TempDir,
    running: Running,
    client: Client,
    token: String,
    said: Vec<Exchange>,
}

impl Place {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        copy(&fixtures().join("server"), folder.path());
        let config = Config { clock: Arc::new(|| NOW), ..Config::local(folder.path()) };
        let running = Server::start(config).await.unwrap();
        // The server's clock stands still, so its certificate ends one day; this is not what is tested here.
        let client = Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
        Self { _folder: folder, running, client, token: String::new(), said: Vec::new() }
    }

    async fn say(&mut self, method: &str, path: &str, signed_in: bool, body: Option<Vec<u8>>) -> Value {
        let method_ = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method_, format!("{}{path}", self.running.url));
        if signed_in {
            request = request.bearer_auth(&self.token);
        }
        let text = body.map(|body| String::from_utf8(body).unwrap());
        if let Some(text) = &text {
            request = request.header("content-type", "application/json").body(text.clone());
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        if let Some(token) = answer.get("access_token").and_then(Value::as_str) {
            token.clone_into(&mut self.token);
        }
        self.said.push(Exchange {
            method: method.to_owned(),
            path: path.to_owned(),
            signed_in,
            body: text,
            status,
            answer: answer.clone(),
        });
        answer
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test]
async fn what_the_first_release_said_is_still_understood() {
    let file = fixtures().join("conversation.jsonl");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        let lines = record().await.iter().map(|said| serde_json::to_string(said).unwrap() + "\n").collect::<String>();
        std::fs::write(&file, lines).unwrap();
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let mut place = Place::start().await;
    for (line, recorded) in (1..).zip(text.lines().map(|line| serde_json::from_str::<Exchange>(line).unwrap())) {
        let body = recorded.body.map(String::into_bytes);
        let answer = place.say(&recorded.method, &recorded.path, recorded.signed_in, body).await;
        let status = place.said.last().unwrap().status;
        let what = format!("line {line}, {} {}", recorded.method, recorded.path);
        assert_eq!(status, recorded.status, "{what}: {answer}");
        if let Err(missing) = covers(&recorded.answer, &answer) {
            panic!("{what}: {missing}\nthen: {}\nnow:  {answer}", recorded.answer);
        }
    }
}

/// Whether everything that was answered then is answered now; more may be: records of kinds that such a laptop does not
/// know, what counts them (no less than then) and what sums them up. What is random, or words for a person, has to be
/// there only.
fn covers(then: &Value, now: &Value) -> Result<(), String> {
    within(then, now, false)
}

fn within(then: &Value, now: &Value, counts: bool) -> Result<(), String> {
    const COUNTS: &[&str] = &["head", "seq", "cursors", "sums"];
    const FREE: &[&str] =
        &["access_token", "refresh_token", "checkpoint", "version", "level", "sentence", "way_out", "why", "log_key"];
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => then.iter().try_for_each(|(name, old)| match now.get(name) {
            None => Err(format!("{name} is gone")),
            Some(new) if FREE.contains(&name.as_str()) && old.is_string() == new.is_string() => Ok(()),
            Some(new) => {
                let counts = counts || COUNTS.contains(&name.as_str());
                within(old, new, counts).map_err(|why| format!("{name}: {why}"))
            }
        }),
        (Value::Array(then), Value::Array(now)) => {
            let known = |value: &&Value| value["kind"] != "ci_step";
            let now: Vec<&Value> = now.iter().filter(known).collect();
            if then.len() != now.len() {
                return Err(format!("there were {} and are {}", then.len(), now.len()));
            }
            then.iter().zip(now).try_for_each(|(then, now)| within(then, now, counts))
        }
        (Value::Number(then), Value::Number(now)) if counts => match (then.as_u64(), now.as_u64()) {
            (Some(then), Some(now)) if then <= now => Ok(()),
            _ => Err(format!("it counted to {then} and counts to {now}")),
        },
        (Value::String(_), Value::String(now)) if counts => match hex::decode(now) {
            Ok(sum) if sum.len() == 8 => Ok(()),
            _ => Err(format!("{now} is no sum of eight bytes in hexadecimal digits")),
        },
        _ if then == now => Ok(()),
        _ => Err(format!("it was {then} and is {now}")),
    }
}

/// The conversation, spoken by hand.
async fn record() -> Vec<Exchange> {
    let key = PrivateKey::from_seed(&[42; 32]);
    let device = DeviceId(Uuid::from_u128(0x0190_0000_0000_7000_9100_0000_0000_0001));
    let mut place = Place::start().await;
    place.say("GET", "/v1/health", false, None).await;
    let new = NewDevice { id: device, name: "anna's second".into(), public_key: key.public() };
    let sign_in =
        |password: &str| Some(json(&SignIn { user: "anna".into(), password: password.into(), device: new.clone() }));
    place.say("POST", "/v1/sign-in", false, sign_in("something else")).await;
    let session: Session =
        serde_json::from_value(place.say("POST", "/v1/sign-in", false, sign_in(PASSWORD)).await).unwrap();
    let pull = |after: u64, judged: u64| {
        format!("/v1/pull?epoch={}&cursors=workspace%3A{after}&judged_after={judged}&limit=5000", session.epoch)
    };
    place.say("GET", &pull(0, 0), true, None).await;
    let mut previous = String::new();
    let mut signed = |counter: u64, command: Value| -> SignedCommand {
        let envelope = Envelope {
            domain: Envelope::<Command>::DOMAIN.into(),
            workspace: session.workspace,
            rules_version: RULES_VERSION,
            id: CommandId(Uuid::from_u128(0x0190_0000_0000_7000_9200_0000_0000_0000 + u128::from(counter))),
            device,
            counter,
            actor: session.person,
            made_at: Timestamp(NOW.0 - 1000),
            last_seq: 0,
            previous: previous.clone(),
            replaces: None,
            command,
        };
        let signed = sign(&envelope, &key).unwrap();
        previous = signed.hash();
        signed
    };
    let ci = |n: u128, name: &str| {
        use slipway_domain::cmdb::ci::Ci;
        use slipway_domain::command::CmdbCommand;
        use slipway_domain::id::CiId;
        use slipway_domain::number::{Number, Series};
        let id = CiId(Uuid::from_u128(0x0190_0000_0000_7000_9300_0000_0000_0000 + n));
        let number = Number::provisional(Series::Ci, id.0);
        serde_json::to_value(Command::Cmdb(CmdbCommand::CreateCi(Box::new(Ci::blank(id, number, "server", name)))))
            .unwrap()
    };
    let commands = vec![
        signed(1, ci(1, "mail-01")),
        signed(2, ci(2, "MAIL-01")),
        signed(3, json!({ "cmdb": { "teleport_ci": { "to": "the moon" } } })),
        signed(4, serde_json::to_value(a_site("Antwerp")).unwrap()),
        signed(5, ci(3, "mail-02")),
    ];
    let later = signed(7, ci(4, "mail-03"));
    let push = |first_counter: u64, commands: Vec<SignedCommand>| {
        Some(json(&Push { device, epoch: session.epoch, first_counter, commands }))
    };
    place.say("POST", "/v1/push", true, push(1, commands.clone())).await;
    place.say("POST", "/v1/push", true, push(1, commands)).await;
    place.say("POST", "/v1/push", true, push(7, vec![later])).await;
    place.say("POST", "/v1/lease", true, Some(b"{\"series\":\"ci\",\"count\":10}".to_vec())).await;
    place.say("GET", &pull(session_head(&place), 0), true, None).await;
    place.say("GET", &pull(9_999, 0), true, None).await;
    let elsewhere = pull(0, 0).replace(&session.epoch.to_string(), &Uuid::from_u128(1).to_string());
    place.say("GET", &elsewhere, true, None).await;
    place.say("GET", "/v1/nowhere", true, None).await;
    place.say("POST", "/v1/sign-out", true, None).await;
    place.say("GET", &pull(0, 0), true, None).await;
    place.said
}

/// Head of the first page pulled.
fn session_head(place: &Place) -> u64 {
    place.said.iter().find_map(|said| said.answer.get("head").and_then(Value::as_u64)).unwrap()
}
