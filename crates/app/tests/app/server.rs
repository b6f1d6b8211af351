//! Two desks and a real server with the sample company: everything through the command list.

use crate::support::{Desk, list, text};
use serde_json::{Value, json};
use slipway_domain::time::Timestamp;
use slipway_server::serve::{Config, Running, Server};
use slipway_server::setup::{NewWorkspace, Office};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

pub struct Centre {
    pub folder: TempDir,
    pub running: Running,
    pub password: String,
}

impl Centre {
    /// The sample company's server on a port of its own.
    pub async fn start() -> Self {
        Self::start_after(|_| ()).await
    }

    /// The same, with something done to its data folder before.
    pub async fn start_after(prepare: impl FnOnce(&Path)) -> Self {
        slipway_app::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let clock = Arc::new(|| Timestamp(chrono::Utc::now().timestamp_millis()));
        let workspace = NewWorkspace { name: "Harbour & Vale".to_owned(), administrator: None };
        Office::create(&data, &workspace, clock.clone()).unwrap().add_sample().unwrap();
        let users = std::fs::read_to_string(data.join(slipway_server::folder::SAMPLE_USERS)).unwrap();
        let users: Value = serde_json::from_str(&users).unwrap();
        let password = text(&users, "/0/password");
        prepare(&data);
        let running = Server::start(Config { clock, ..Config::local(data) }).await.unwrap();
        Self { folder, running, password }
    }

    /// The server's console.
    pub fn office(&self) -> Office {
        Office::open(&self.folder.path().join("data"), Arc::new(|| Timestamp(chrono::Utc::now().timestamp_millis())))
            .unwrap()
    }

    /// The file of the server's certificate authority.
    pub fn ca(&self) -> String {
        let ca = self.folder.path().join("ca.pem");
        std::fs::write(&ca, &self.running.ca_pem).unwrap();
        ca.to_str().unwrap().to_owned()
    }

    /// A desk at which that person is signed in, synced.
    pub async fn desk(&self, user: &str) -> Desk {
        let desk = Desk::empty();
        desk.set_clock(chrono::Utc::now().timestamp_millis());
        let ca = self.ca();
        let request = json!({
            "server": self.running.url, "user": user, "password": self.password, "certificate": ca,
        });
        let ready = desk.ok("app.connect", request).await;
        assert_eq!(text(&ready, "/workspace"), "Harbour & Vale");
        desk.ok("sync.now", Value::Null).await;
        desk
    }
}

#[tokio::test]
async fn every_page_of_the_sample_company_opens_for_everybody() {
    let centre = Centre::start().await;
    for user in ["ines", "jonas", "oskar", "dana", "henrik"] {
        let desk = centre.desk(user).await;
        assert_ne!(text(&desk.ok("app.state", Value::Null).await, "/person/name"), user, "the person's record is here");
        let board = desk.ok("releases.board", json!({})).await;
        let cards: usize = list(&board, "/columns").iter().map(|c| list(c, "/cards").len()).sum();
        assert!(cards > 0, "{user} sees the board");
        desk.ok("inbox.get", Value::Null).await;
        for (kind, call, field) in [
            ("release", "releases.get", "release"),
            ("change", "changes.get", "change"),
            ("ci", "cmdb.get", "ci"),
            ("dsl_item", "dsl.get", "item"),
            ("dhs_unit", "dhs.get", "unit"),
        ] {
            let ids = desk.ok("lists.open", json!({ "kind": kind })).await["ids"].clone();
            assert!(!list(&ids, "").is_empty(), "{user} sees no {kind}");
            let few: Vec<&Value> = list(&ids, "").iter().take(100).collect();
            let rows = desk.ok("lists.rows", json!({ "kind": kind, "ids": few })).await;
            assert_eq!(list(&rows, "/rows").len(), few.len());
            for id in list(&ids, "").iter().take(40) {
                let page = desk.ok(call, json!({ field: id })).await;
                assert!(page["path"].as_str().is_some_and(|p| p.starts_with('/')), "{page:#}");
                assert_eq!(page["sync"]["waiting"], 0);
            }
        }
        for kind in ["task", "approval", "person", "group", "site", "ci_group", "dhs_model", "test_record", "freeze"] {
            let ids = desk.ok("lists.open", json!({ "kind": kind })).await["ids"].clone();
            let few: Vec<&Value> = list(&ids, "").iter().take(100).collect();
            desk.ok("lists.rows", json!({ "kind": kind, "ids": few })).await;
        }
    }
    centre.running.stop().await;
}

#[tokio::test]
async fn what_one_desk_does_waits_travels_and_is_told_at_the_other() {
    let centre = Centre::start().await;
    let (ines, sam) = (centre.desk("ines").await, centre.desk("sam").await);
    let change = json!({ "title": "Renew the certificate", "kind": "normal", "impact": "user", "urgency": "low" });
    let done = sam.ok("changes.create", change).await;
    let number = text(&done, "/record/label");
    assert!(!number.contains("-new-"), "the number came from this device's block: {number}");
    let page = sam.ok("changes.get", json!({ "change": number })).await;
    assert_eq!(page["sync"]["waiting"], 1);
    assert_eq!(sam.ok("sync.status", Value::Null).await["waiting"], 1);
    assert!(ines.app.call("changes.get", json!({ "change": number })).await.unwrap_err().has("NOT_FOUND"));

    let status = sam.ok("sync.now", Value::Null).await;
    assert_eq!((&status["waiting"], &status["attention"]), (&json!(0), &json!(0)), "{status:#}");
    assert_eq!(sam.ok("changes.get", json!({ "change": number })).await["sync"]["waiting"], 0);
    ines.host.changes.lock().unwrap().clear();
    ines.ok("sync.now", Value::Null).await;
    let seen = ines.ok("changes.get", json!({ "change": number })).await;
    assert_eq!(text(&seen, "/change/title"), "Renew the certificate");
    let told = ines.host.changes.lock().unwrap().clone();
    assert!(told.iter().any(|c| c.ids.contains(&text(&seen, "/change/id"))), "who shows it asks again");
    centre.running.stop().await;
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_certificate_leave_nothing_open() {
    let centre = Centre::start().await;
    let desk = Desk::empty();
    desk.set_clock(chrono::Utc::now().timestamp_millis());
    let unconfirmed = json!({ "server": centre.running.url, "user": "ines", "password": centre.password });
    let error = desk.app.call("app.connect", unconfirmed).await.unwrap_err();
    assert!(error.has("CERTIFICATE_NOT_CONFIRMED"), "{error}");
    let ca = desk.file("ca.pem", &centre.running.ca_pem);
    let wrong = json!({ "server": centre.running.url, "user": "ines", "password": "no", "certificate": ca });
    let error = desk.app.call("app.connect", wrong).await.unwrap_err();
    assert!(matches!(error, slipway_app::error::CallError::Trouble { .. }), "{error}");
    assert_eq!(text(&desk.ok("app.state", Value::Null).await, "/state"), "no_profile", "the first start goes on");
    let right = json!({ "server": centre.running.url, "user": "ines", "password": centre.password, "certificate": ca });
    assert_eq!(text(&desk.ok("app.connect", right).await, "/state"), "ready");
    centre.running.stop().await;
}
