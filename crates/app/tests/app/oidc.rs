//! Signing in at a certified provider of OpenID Connect that runs beside the test, with a browser without a screen.

use crate::server::Centre;
use crate::support::{Desk, text};
use serde_json::{Value, json};
use slipway_app::error::CallError;
use slipway_domain::people::Role;
use slipway_server::folder::Folder;
use slipway_server::oidc::OidcConfig;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc").join(name)
}

/// The provider, under a certificate of a private authority.
struct Provider {
    process: Child,
    issuer: String,
    certificate: PathBuf,
    // Closed, it would end the provider with the next line it writes.
    _output: BufReader<ChildStdout>,
    _folder: TempDir,
}

impl Provider {
    fn start() -> Self {
        assert!(script("node_modules").is_dir(), "the provider is not installed: run npm ci in tests/oidc");
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.path().join("provider.pem"), folder.path().join("provider.key"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut process = Command::new("node")
            .arg(script("provider.mjs"))
            .args([&certificate, &key])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node starts");
        let (mut issuer, mut output) = (String::new(), BufReader::new(process.stdout.take().unwrap()));
        output.read_line(&mut issuer).unwrap();
        let issuer = issuer.trim().to_owned();
        assert!(issuer.starts_with("https://localhost:"), "the provider did not start: {issuer:?}");
        Self { process, issuer, certificate, _output: output, _folder: folder }
    }

    fn config(&self, newcomers: Option<Vec<Role>>) -> OidcConfig {
        OidcConfig {
            name: "Northwind ID".into(),
            issuer: self.issuer.clone(),
            client_id: "slipway".into(),
            claim: "preferred_username".into(),
            newcomers,
        }
    }

    /// The sample company's server with this provider.
    async fn centre(&self, config: OidcConfig) -> Centre {
        let authority = std::fs::read_to_string(&self.certificate).unwrap();
        Centre::start_after(|data| {
            let folder = Folder::find(data).unwrap();
            config.store(&folder, Some("a secret of the client"), Some(&authority)).unwrap();
        })
        .await
    }

    /// A person in a browser: signs in and agrees, or goes away.
    async fn browse(&self, url: &str, person: &str, cancels: bool) -> String {
        let mut command = tokio::process::Command::new("node");
        command.arg(script("browser.mjs")).args([url, person]).env("NODE_EXTRA_CA_CERTS", &self.certificate);
        if cancels {
            command.arg("cancel");
        }
        let output = command.output().await.unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    /// What the identity token of the next sign-in says instead, signed by the provider all the same.
    async fn next_token(&self, claims: Value) {
        let certificate = reqwest::Certificate::from_pem(&std::fs::read(&self.certificate).unwrap()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([certificate]).build().unwrap();
        let url = format!("{}/test/next-token", self.issuer);
        let answer = client.post(url).body(claims.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 204);
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn a_desk() -> Desk {
    let desk = Desk::empty();
    desk.set_clock(chrono::Utc::now().timestamp_millis());
    desk
}

fn server(centre: &Centre) -> Value {
    json!({ "server": centre.running.url, "certificate": centre.ca() })
}

/// One whole sign-in at this desk: the browser and the desk wait for one another.
async fn sign_in(desk: &Desk, centre: &Centre, provider: &Provider, person: &str) -> Result<Value, CallError> {
    let pending = desk.app.call("sign_in.begin", json!({ "server": server(centre), "elsewhere": false })).await?;
    let url = text(&pending, "/url");
    let (state, page) = tokio::join!(finish(desk), provider.browse(&url, person, false));
    assert!(page.contains("You are signed in"), "the browser is told to go back: {page}");
    state
}

/// Waits for the sign-in, but not for as long as a person may take.
async fn finish(desk: &Desk) -> Result<Value, CallError> {
    let finished = tokio::time::timeout(Duration::from_secs(120), desk.app.call("sign_in.finish", Value::Null));
    finished.await.expect("the sign-in ends")
}

#[tokio::test]
async fn somebody_signs_in_in_the_browser_and_again_when_the_session_is_over() {
    let provider = Provider::start();
    let centre = provider.centre(provider.config(None)).await;
    let desk = a_desk();
    let methods = desk.ok("sign_in.methods", server(&centre)).await;
    assert_eq!(methods, json!({ "password": true, "provider": "Northwind ID" }));
    let state = sign_in(&desk, &centre, &provider, "ines").await.unwrap();
    assert_eq!((text(&state, "/state"), text(&state, "/provider")), ("ready".into(), "Northwind ID".into()));
    desk.ok("sync.now", Value::Null).await;
    assert_eq!(text(&desk.ok("app.state", Value::Null).await, "/person/user"), "ines");
    let other = sign_in(&desk, &centre, &provider, "sam").await.unwrap_err();
    assert!(other.has("DEVICE_TAKEN"), "the profile stays with its person: {other}");
    sign_in(&desk, &centre, &provider, "ines").await.expect("the same person signs in again");
    desk.ok("sync.now", Value::Null).await;
    centre.running.stop().await;
}

#[tokio::test]
async fn a_token_that_is_not_for_this_device_attempt_and_server_is_worth_nothing() {
    let provider = Provider::start();
    let centre = provider.centre(provider.config(None)).await;
    let desk = a_desk();
    for (what, claims) in [
        ("another nonce: another device or attempt", json!({ "nonce": "another" })),
        ("another client's", json!({ "aud": "another" })),
        ("ours and another client's", json!({ "aud": ["slipway", "another"] })),
        ("over since 2001", json!({ "iat": 999_000_000, "exp": 1_000_000_000 })),
        ("another provider's", json!({ "iss": "https://elsewhere.example" })),
    ] {
        provider.next_token(claims).await;
        let error = sign_in(&desk, &centre, &provider, "ines").await.unwrap_err();
        assert!(error.has("WRONG_CREDENTIALS"), "{what}: {error}");
    }
    let state = desk.ok("app.state", Value::Null).await;
    assert_eq!(text(&state, "/state"), "no_profile", "nothing was opened");
    sign_in(&desk, &centre, &provider, "ines").await.expect("the provider's own token is taken");
    centre.running.stop().await;
}

#[tokio::test]
async fn strangers_are_turned_away_unless_newcomers_are_welcome() {
    let provider = Provider::start();
    let centre = provider.centre(provider.config(None)).await;
    let error = sign_in(&a_desk(), &centre, &provider, "stranger").await.unwrap_err();
    assert!(error.has("WRONG_CREDENTIALS") && error.to_string().contains("stranger"), "{error}");
    centre.running.stop().await;

    let centre = provider.centre(provider.config(Some(vec![Role::Technician]))).await;
    let desk = a_desk();
    sign_in(&desk, &centre, &provider, "stranger").await.unwrap();
    desk.ok("sync.now", Value::Null).await;
    let state = desk.ok("app.state", Value::Null).await;
    assert_eq!(text(&state, "/person/name"), "stranger from the provider");
    assert_eq!(state["person"]["roles"], json!(["technician"]), "the role that newcomers get");
    assert_eq!(centre.office().verify_log().unwrap().faults, Vec::<String>::new());
    centre.running.stop().await;
}

#[tokio::test]
async fn a_sign_in_given_up_leaves_nothing_open() {
    let provider = Provider::start();
    let centre = provider.centre(provider.config(None)).await;
    let desk = a_desk();
    let begin = json!({ "server": server(&centre), "elsewhere": false });
    let url = text(&desk.ok("sign_in.begin", begin.clone()).await, "/url");
    let (state, _) = tokio::join!(finish(&desk), provider.browse(&url, "ines", true));
    assert!(state.unwrap_err().has("SIGN_IN_CANCELLED"), "said no at the provider");

    desk.ok("sign_in.begin", begin.clone()).await;
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        desk.app.call("sign_in.cancel", Value::Null).await
    };
    let (state, _) = tokio::join!(finish(&desk), cancel);
    assert!(state.unwrap_err().has("SIGN_IN_CANCELLED"), "given up here");
    assert!(desk.app.call("sign_in.finish", Value::Null).await.unwrap_err().has("NO_SIGN_IN"));

    drop(provider);
    // What it said of itself is still believed, so that its page is shown; it is the browser that fails then.
    let url = text(&desk.ok("sign_in.begin", begin).await, "/url");
    assert!(url.starts_with("https://localhost:"), "{url}");
    desk.ok("sign_in.cancel", Value::Null).await;
    centre.running.stop().await;
}

#[tokio::test]
async fn a_provider_that_is_down_keeps_nobody_from_the_password() {
    let provider = Provider::start();
    let centre = provider.centre(provider.config(None)).await;
    drop(provider);
    let desk = a_desk();
    let methods = desk.ok("sign_in.methods", server(&centre)).await;
    assert_eq!(methods["provider"], "Northwind ID", "what is set is known without asking it");
    for elsewhere in [false, true] {
        let begin = json!({ "server": server(&centre), "elsewhere": elsewhere });
        let error = desk.app.call("sign_in.begin", begin).await.unwrap_err();
        assert!(error.has("PROVIDER_UNAVAILABLE"), "{error}");
    }
    let by_password = json!({
        "server": centre.running.url, "certificate": centre.ca(), "user": "ines", "password": centre.password,
    });
    assert_eq!(text(&desk.ok("app.connect", by_password).await, "/state"), "ready");
    centre.running.stop().await;
}

#[tokio::test]
async fn a_computer_without_a_browser_signs_in_by_a_code_on_another_device() {
    let provider = Provider::start();
    let centre = provider.centre(provider.config(None)).await;
    let desk = a_desk();
    let begin = json!({ "server": server(&centre), "elsewhere": true });
    let pending = desk.ok("sign_in.begin", begin).await;
    let url = text(&pending, "/url");
    assert!(url.contains(&text(&pending, "/code")), "the address has the code in it: {pending}");
    let browse = async {
        let page = provider.browse(&url, "ines", false).await;
        assert!(page.contains("Sign-in Success"), "the provider is content: {page}");
    };
    let (state, ()) = tokio::join!(finish(&desk), browse);
    assert_eq!(text(&state.unwrap(), "/person/user"), "ines");
    desk.ok("sync.now", Value::Null).await;
    centre.running.stop().await;
}
