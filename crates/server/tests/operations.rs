//! What operators rely on: health, metrics, logs without secrets, limits, a graceful end, certificates.

use crate::support::{PASSWORD, World, a_site, answer, json, new_id};
use reqwest::Client;
use serde_json::Value;
use slipway_sync::limits;
use slipway_sync::protocol::{Health, Ready};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

async fn metrics(world: &World) -> String {
    let url = format!("http://{}/metrics", world.running.metrics.unwrap());
    Client::new().get(url).send().await.unwrap().text().await.unwrap()
}

/// The figure of a line without labels, or with exactly these.
fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn health_readiness_and_metrics_say_how_the_server_is() {
    let world = World::new().await;
    let get = |route: &str| world.client.get(format!("{}/v1/{route}", world.running.url));
    let health: Health = answer(get("health").send().await.unwrap()).await.unwrap();
    assert_eq!((health.ready, health.level, health.min_client), (true, limits::LEVEL, limits::MIN_LEVEL));
    let ready: Ready = answer(get("ready").send().await.unwrap()).await.unwrap();
    assert!(ready.free_bytes > 0, "{ready:?}");

    let mut laptop = world.laptop("ruth").await;
    let commands = vec![laptop.issue(a_site("Antwerp")), laptop.issue(a_site("ANTWERP"))];
    world.push(&laptop, 1, &commands).await.unwrap();
    let odd = laptop.issue(serde_json::json!({ "setup": { "teleport": {} } }));
    world.push(&laptop, 3, &[odd]).await.unwrap();
    world.pull(&laptop, 0, 0, 5_000).await.unwrap();
    world.sign_in("ruth", "wrong password", &laptop.device).await.unwrap_err();
    let text = metrics(&world).await;
    assert_eq!(figure(&text, "slipway_commands_total{verdict=\"applied\"}"), 1.0);
    assert_eq!(figure(&text, "slipway_commands_total{verdict=\"refused\"}"), 1.0);
    assert_eq!(figure(&text, "slipway_commands_total{verdict=\"held\"}"), 1.0);
    assert_eq!(figure(&text, "slipway_held_commands"), 1.0);
    assert_eq!(figure(&text, "slipway_pull_pages_total{complete=\"true\"}"), 1.0);
    assert_eq!(figure(&text, "slipway_refusals_total{code=\"wrong_credentials\"}"), 1.0);
    assert_eq!(figure(&text, "slipway_sessions"), 1.0);
    let state = world.office().state().unwrap();
    assert_eq!(figure(&text, "slipway_head_seq"), state.head as f64);
    assert_eq!(figure(&text, "slipway_log_leaves"), state.log_size as f64);
    assert!(figure(&text, "slipway_database_bytes") > 0.0);
    assert!(figure(&text, "slipway_certificate_end_seconds") > 0.0);
    let pushes = "slipway_request_seconds_count{method=\"POST\",route=\"/v1/push\",status=\"200\"}";
    assert_eq!(figure(&text, pushes), 2.0);
    let elsewhere = world.client.get(format!("{}/metrics", world.running.url)).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404, "laptops' network does not see the metrics");
}

/// A `slipway-server serve` of its own, with all that it writes to standard error.
struct Process {
    child: Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_slipway-server"))
            .args(arguments)
            .env("SLIPWAY_LOG", "trace,hyper=info,rustls=info,h2=info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (told, lines) = std::sync::mpsc::channel();
        for pipe in [
            Box::new(child.stderr.take().unwrap()) as Box<dyn std::io::Read + Send>,
            Box::new(child.stdout.take().unwrap()),
        ] {
            let told = told.clone();
            std::thread::spawn(move || {
                BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|l| told.send(l))
            });
        }
        Self { child, lines }
    }

    /// The address, once it serves.
    fn url(&self, seen: &mut Vec<String>) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(60)).unwrap();
            seen.push(line.clone());
            let json: Value = serde_json::from_str(&line).unwrap_or_default();
            if json["message"] == "Serving" {
                return json["url"].as_str().unwrap().to_owned();
            }
        }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Everything it still says to its end.
    fn end(&mut self, seen: &mut Vec<String>) -> std::process::ExitStatus {
        let status = self.child.wait().unwrap();
        seen.extend(self.lines.iter());
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn administer(arguments: &[&str], stdin: &str) -> std::process::Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_slipway-server"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that is refused early does not read it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_stands_in_the_log_and_every_line_says_what_was_answered() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let mut seen = Vec::new();
    let init = administer(&["init", "--data", data, "--admin", "ruth", "--password-stdin"], "planted-password-1\n");
    assert!(init.status.success(), "{init:?}");
    let secret = administer(
        &[
            "init",
            "--data",
            &format!("{data}-2"),
            "--database",
            "postgres://u:planted-password-2@127.0.0.1:1/x?connect_timeout=1",
        ],
        "",
    );
    assert!(!secret.status.success(), "nothing listens there");
    seen.extend(
        [init, secret]
            .iter()
            .flat_map(|said| [&said.stdout, &said.stderr])
            .map(|b| String::from_utf8_lossy(b).into_owned()),
    );

    let mut server = Process::start(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--log-json"]);
    let url = server.url(&mut seen);
    let ca = std::fs::read(format!("{data}/ca.pem")).unwrap();
    let client = Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()]).build().unwrap();
    let key = slipway_sync::signing::PrivateKey::from_seed(&[5; 32]);
    let id = new_id();
    let sign_in = |password: &str| {
        serde_json::json!({ "user": "ruth", "password": password,
            "device": { "id": id, "name": "d", "public_key": key.public() } })
        .to_string()
    };
    let post = |route: &str, body: String| client.post(format!("{url}/v1/{route}")).body(body);
    post("sign-in", sign_in("planted-password-3")).send().await.unwrap();
    post("sign-in", format!("{}, \"password\": \"planted-password-4\"", sign_in("x"))).send().await.unwrap();
    let session: Value = post("sign-in", sign_in("planted-password-1")).send().await.unwrap().json().await.unwrap();
    let (access, refresh) = (session["access_token"].as_str().unwrap(), session["refresh_token"].as_str().unwrap());
    let pulled = client
        .get(format!(
            "{url}/v1/pull?epoch={}&cursors=workspace:0&judged_after=0&limit=10",
            session["epoch"].as_str().unwrap()
        ))
        .bearer_auth(access)
        .header("x-request-id", "from-the-proxy-7")
        .send()
        .await
        .unwrap();
    assert_eq!(pulled.headers()["x-request-id"], "from-the-proxy-7", "the answer names the request");
    client
        .get(format!("{url}/v1/planted-path-5?token=planted-query-6"))
        .bearer_auth("planted-token-7")
        .send()
        .await
        .unwrap();
    client.get(format!("{url}/v1/head?than=planted-query-8")).bearer_auth(access).send().await.unwrap();
    server.signal("-TERM");
    assert!(server.end(&mut seen).success());

    let all = seen.join("\n");
    for secret in [access, refresh, "planted-"] {
        assert!(!all.contains(secret), "{secret} stands in:\n{all}");
    }
    let answered: Vec<Value> = seen
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|l: &Value| l["message"] == "Answered")
        .collect();
    let pull = answered.iter().find(|line| line["route"] == "/v1/pull").unwrap_or_else(|| panic!("{all}"));
    assert_eq!(pull["span"]["request.id"], "from-the-proxy-7", "{pull}");
    assert_eq!(pull["device.id"], id.to_string(), "{pull}");
    assert_eq!((pull["status"].as_u64(), pull["method"].as_str()), (Some(200), Some("GET")), "{pull}");
    assert!(pull["duration_ms"].is_u64(), "{pull}");
    assert!(
        answered.iter().any(|line| line["route"] == "none" && line["status"] == 404),
        "an unknown path is not told"
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_answers_what_is_under_way_and_ends_open_streams() {
    let world = World::new().await;
    let laptop = world.laptop("ruth").await;
    let stream = world
        .client
        .get(format!("{}/v1/events", world.running.url))
        .bearer_auth(&laptop.session.access_token)
        .send()
        .await
        .unwrap();
    assert_eq!(figure(&metrics(&world).await, "slipway_event_streams"), 1.0);
    // Sign-ins take a while: two passwords are compared at a time.
    let sign_ins: Vec<_> = (0..6)
        .map(|n| {
            let body = json(&slipway_sync::protocol::SignIn {
                user: format!("nobody-{n}"),
                password: PASSWORD.into(),
                device: laptop.device.clone(),
            });
            tokio::spawn(world.post("sign-in").body(body).send())
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = std::time::Instant::now();
    let World { running, .. } = world;
    running.stop().await;
    assert!(started.elapsed() < Duration::from_secs(15), "the deadline holds");
    let rest = tokio::time::timeout(Duration::from_secs(5), stream.bytes()).await;
    assert!(rest.is_ok(), "the stream ended");
    let mut answered = 0;
    for sign_in in sign_ins {
        if let Ok(response) = sign_in.await.unwrap() {
            assert_eq!(response.status(), 401, "answered as ever");
            answered += 1;
        }
    }
    assert!(answered > 0, "what was under way was answered");
}
