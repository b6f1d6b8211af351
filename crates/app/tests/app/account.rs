//! Devices and passwords through the command list, against a real server.

use crate::server::Centre;
use crate::support::{Desk, list, text};
use serde_json::{Value, json};
use slipway_app::Background;
use slipway_app::error::CallError;
use slipway_domain::id::PersonId;
use slipway_server::setup::NewUser;
use std::time::{Duration, Instant};

fn a_change() -> Value {
    json!({ "title": "Renew the certificate", "kind": "normal", "impact": "user", "urgency": "low" })
}

async fn devices(desk: &Desk) -> Vec<Value> {
    list(&desk.ok("devices.list", Value::Null).await, "/devices").to_vec()
}

fn here(devices: &[Value]) -> &Value {
    devices.iter().find(|device| device["here"] == true).expect("this computer is in the list")
}

#[tokio::test]
async fn a_device_shut_out_locks_keeps_its_queue_and_goes_on_after_it_was_let_in() {
    let centre = Centre::start().await;
    let (home, lost) = (centre.desk("sam").await, centre.desk("sam").await);
    let device = text(here(&devices(&lost).await), "/id");
    let number = text(&lost.ok("changes.create", a_change()).await, "/record/label");
    let all = home.ok("devices.decide", json!({ "device": device, "allow": false })).await;
    let told = list(&all, "/devices").iter().find(|d| d["id"] == device.as_str()).unwrap();
    assert_eq!((&told["shut_out"], &told["may_let_in"]), (&json!(true), &json!(false)), "sam is no administrator");

    let error = lost.app.call("sync.now", Value::Null).await.unwrap_err();
    assert!(error.has("DEVICE_REVOKED"), "the next request is refused: {error}");
    assert!(lost.host.statuses.lock().unwrap().iter().any(|status| status.locked), "and the window is told");
    let state = lost.ok("app.state", Value::Null).await;
    assert_eq!((text(&state, "/state"), text(&state, "/reason")), ("locked".into(), "shut_out".into()), "{state:#}");
    assert!(text(&state, "/sentence").contains("One command waited"), "{state:#}");
    assert!(lost.app.call("releases.board", json!({})).await.unwrap_err().has("NOT_OPEN"), "nothing is shown");
    let restarted = lost.beside(Background::Quiet);
    let state = restarted.call("app.state", Value::Null).await.unwrap();
    assert_eq!(text(&state, "/reason"), "shut_out", "not even by another start");
    let error = lost.app.call("app.unlock", json!({})).await.unwrap_err();
    assert!(error.has("DEVICE_REVOKED"), "nor by asking: {error}");

    let id = device.parse().unwrap();
    centre.office().core().set_revoked(id, false, PersonId::SYSTEM).unwrap();
    assert_eq!(text(&lost.ok("app.unlock", json!({})).await, "/state"), "ready");
    let status = lost.ok("sync.now", Value::Null).await;
    assert_eq!((&status["waiting"], &status["attention"]), (&json!(0), &json!(0)), "what waited was sent: {status:#}");
    home.ok("sync.now", Value::Null).await;
    home.ok("changes.get", json!({ "change": number })).await;
    centre.running.stop().await;
}

#[tokio::test]
async fn a_window_that_syncs_by_itself_locks_while_it_is_open() {
    let centre = Centre::start().await;
    let (home, lost) = (centre.desk("sam").await, centre.desk("sam").await);
    let device = text(here(&devices(&lost).await), "/id");
    let window = lost.beside(Background::Sync);
    lost.app.call("app.lock", Value::Null).await.unwrap();
    assert_eq!(text(&window.call("app.state", Value::Null).await.unwrap(), "/state"), "ready");
    home.ok("devices.decide", json!({ "device": device, "allow": false })).await;
    // The server's event may have been faster than this nudge, and then nothing is open any more.
    if let Err(error) = window.call("sync.now", Value::Null).await {
        assert!(matches!(&error, CallError::Trouble { code, .. } if code == "NOT_OPEN"), "{error}");
    }
    let start = Instant::now();
    while text(&window.call("app.state", Value::Null).await.unwrap(), "/state") != "locked" {
        assert!(start.elapsed() < Duration::from_secs(20), "the open window never locked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    centre.running.stop().await;
}

#[tokio::test]
async fn a_renewed_key_takes_over_what_waits_and_ends_the_former() {
    let centre = Centre::start().await;
    let (sam, ines) = (centre.desk("sam").await, centre.desk("ines").await);
    let former = text(here(&devices(&sam).await), "/id");
    let number = text(&sam.ok("changes.create", a_change()).await, "/record/label");
    let after = sam.ok("devices.renew_key", Value::Null).await;
    let after = list(&after, "/devices");
    assert_ne!(text(here(after), "/id"), former, "another identity");
    let ended = after.iter().find(|device| device["id"] == former.as_str()).unwrap();
    assert_eq!(ended["shut_out"], true, "the former key is good for nothing: {ended:#}");
    assert_eq!(sam.ok("sync.status", Value::Null).await["waiting"], 1, "the queue went along");
    let status = sam.ok("sync.now", Value::Null).await;
    assert_eq!((&status["waiting"], &status["attention"]), (&json!(0), &json!(0)), "{status:#}");
    ines.ok("sync.now", Value::Null).await;
    ines.ok("changes.get", json!({ "change": number })).await;
    let log = centre.office().verify_log().unwrap();
    assert_eq!(log.faults, Vec::<String>::new(), "the log carries the former key's word");
    assert_eq!(log.devices, 4, "two registered, one renewed, one shut out");
    centre.running.stop().await;
}

#[tokio::test]
async fn two_programs_on_one_profile_refresh_without_ending_each_others_session() {
    let centre = Centre::start().await;
    let desk = centre.desk("sam").await;
    // A link each, on one keychain, like the window and the command line.
    for round in 0..10 {
        desk.keychain.age_tokens();
        let ask = || desk.app.call("devices.list", Value::Null);
        let (a, b, c) = tokio::join!(ask(), ask(), ask());
        for answer in [a, b, c] {
            assert!(answer.is_ok(), "round {round}: {answer:?}");
        }
    }
    centre.running.stop().await;
}

#[tokio::test]
async fn passwords_are_changed_by_their_person_and_set_by_an_administrator() {
    let centre = Centre::start().await;
    let boss = NewUser {
        user: "boss".into(),
        name: "Boss".into(),
        roles: vec![slipway_domain::people::Role::Administrator],
        groups: Vec::new(),
        password: centre.password.clone(),
    };
    centre.office().add_user(&boss).unwrap();
    let (sam, boss) = (centre.desk("sam").await, centre.desk("boss").await);
    let wrong = json!({ "current": "guess", "new": "battery staple" });
    assert!(sam.app.call("password.change", wrong).await.unwrap_err().has("WRONG_CREDENTIALS"));
    let short = json!({ "current": centre.password, "new": "short" });
    assert!(sam.app.call("password.change", short).await.unwrap_err().has("WEAK_PASSWORD"));
    sam.ok("password.change", json!({ "current": centre.password, "new": "battery staple" })).await;
    sam.ok("sync.now", Value::Null).await;

    let people = boss.ok("people.list", Value::Null).await;
    assert_eq!(people["may_set_passwords"], true);
    assert_eq!(sam.ok("people.list", Value::Null).await["may_set_passwords"], false);
    let person = list(&people, "/people").iter().find(|p| p["user"] == "sam").unwrap()["id"].clone();
    let reset = json!({ "person": person, "new": "battery staples" });
    assert!(sam.app.call("password.reset", reset.clone()).await.unwrap_err().has("NOT_ALLOWED"));
    boss.ok("password.reset", reset).await;
    let error = sam.app.call("sync.now", Value::Null).await.unwrap_err();
    assert!(error.has("SIGNED_OUT"), "sam's sessions ended: {error}");
    let again = json!({ "server": centre.running.url, "user": "sam", "password": "battery staples" });
    sam.ok("app.connect", again).await;
    sam.ok("sync.now", Value::Null).await;
    centre.running.stop().await;
}

#[tokio::test]
async fn a_passphrase_is_changed_without_writing_the_records_anew() {
    let desk = Desk::empty();
    let start = json!({ "name": "Mara Lind", "workspace": "Test works", "passphrase": "first" });
    assert_eq!(desk.ok("app.start_alone", start).await["passphrase"], true);
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let error = desk.app.call("passphrase.change", change("wrong", "second")).await.unwrap_err();
    assert!(error.has("WRONG_PASSPHRASE"), "{error}");
    assert!(desk.app.call("passphrase.change", change("first", "")).await.unwrap_err().has("EMPTY_PASSPHRASE"));
    desk.ok("passphrase.change", change("first", "second")).await;
    desk.ok("app.lock", Value::Null).await;
    let old = desk.app.call("app.unlock", json!({ "passphrase": "first" })).await.unwrap_err();
    assert!(old.has("WRONG_PASSPHRASE"), "{old}");
    desk.ok("app.unlock", json!({ "passphrase": "second" })).await;
    let kept = Desk::alone().await;
    let error = kept.app.call("passphrase.change", change("a", "b")).await.unwrap_err();
    assert!(error.has("NO_PASSPHRASE"), "the keychain keeps that one: {error}");
}
