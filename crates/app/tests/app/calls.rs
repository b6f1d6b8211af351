//! Every command can be called, and answers or says what is missing.

use crate::support::{Desk, list, text};
use serde_json::{Value, json};
use slipway_app::commands::NAMES;
use slipway_app::error::CallError;

/// Trouble that no command may answer to an empty request: it would mean that the list does not lead to a body.
const NOT_CALLABLE: [&str; 2] = ["UNKNOWN_CALL", "INTERRUPTED"];

#[tokio::test]
async fn every_command_of_the_list_is_callable() {
    let desk = Desk::alone().await;
    for name in NAMES.iter().filter(|name| **name != "app.lock") {
        for request in [Value::Null, json!({})] {
            if let Err(CallError::Trouble { code, sentence, .. }) = desk.app.call(name, request).await {
                assert!(!NOT_CALLABLE.contains(&code.as_str()), "{name}: {code} {sentence}");
            }
        }
    }
}

#[tokio::test]
async fn commands_without_a_request_answer() {
    let desk = Desk::alone().await;
    for name in [
        "app.state",
        "sync.status",
        "inbox.get",
        "people.list",
        "groups.list",
        "sites.list",
        "settings.get",
        "setup.get",
    ] {
        desk.ok(name, Value::Null).await;
    }
}

#[tokio::test]
async fn an_unknown_command_is_trouble() {
    let desk = Desk::empty();
    let error = desk.app.call("releases.explode", Value::Null).await.unwrap_err();
    assert!(error.has("UNKNOWN_CALL"));
}

#[tokio::test]
async fn a_malformed_request_says_what_is_wrong() {
    let desk = Desk::alone().await;
    let error = desk.app.call("releases.get", json!({ "release": 7 })).await.unwrap_err();
    assert!(error.has("BAD_REQUEST"));
    assert!(error.to_string().contains("releases.get"));
}

#[tokio::test]
async fn a_profile_goes_from_nothing_to_ready_to_locked_and_back() {
    let desk = Desk::empty();
    assert_eq!(text(&desk.ok("app.state", Value::Null).await, "/state"), "no_profile");
    let error = desk.app.call("inbox.get", Value::Null).await.unwrap_err();
    assert!(error.has("NOT_OPEN"));
    let ready = desk.ok("app.start_alone", json!({ "name": "Mara Lind", "workspace": "Test works" })).await;
    assert_eq!(text(&ready, "/state"), "ready");
    assert_eq!(text(&ready, "/person/name"), "Mara Lind");
    assert_eq!(text(&ready, "/workspace"), "Test works");
    let locked = desk.ok("app.lock", Value::Null).await;
    assert_eq!(text(&locked, "/state"), "locked");
    assert_eq!(text(&desk.ok("app.state", Value::Null).await, "/state"), "locked", "it stays locked until asked");
    let ready = desk.ok("app.unlock", json!({})).await;
    assert_eq!(text(&ready, "/state"), "ready");
    assert_eq!(list(&desk.ok("people.list", Value::Null).await, "/people").len(), 1);
}

#[tokio::test]
async fn a_passphrase_opens_what_it_closed() {
    let desk = Desk::empty();
    let request = json!({ "name": "Mara Lind", "workspace": "Test works", "passphrase": "correct horse" });
    desk.ok("app.start_alone", request).await;
    desk.ok("app.lock", Value::Null).await;
    let locked = desk.ok("app.state", Value::Null).await;
    assert_eq!(text(&locked, "/reason"), "passphrase");
    let error = desk.app.call("app.unlock", json!({ "passphrase": "wrong" })).await.unwrap_err();
    assert!(error.has("WRONG_PASSPHRASE"), "{error}");
    desk.ok("app.unlock", json!({ "passphrase": "correct horse" })).await;
}

#[tokio::test]
async fn settings_are_remembered() {
    let desk = Desk::alone().await;
    let mut settings = desk.ok("settings.get", Value::Null).await;
    settings["theme"] = json!("dark");
    settings["notifications"]["refused"] = json!("inbox");
    desk.ok("settings.set", json!({ "settings": settings })).await;
    assert_eq!(desk.ok("settings.get", Value::Null).await, settings);
}

#[tokio::test]
async fn an_import_says_what_became_of_each_row() {
    let desk = Desk::alone().await;
    let path = desk.file("cis.csv", "name,class,version\npayroll,software package,9.3\nweb-01,server,\n,server,\n");
    let tried = desk.ok("import.cis", json!({ "path": path, "dry_run": true })).await;
    assert_eq!(tried["created"], 2, "a dry run says what it would do");
    assert_eq!(desk.ok("lists.open", json!({ "kind": "ci" })).await["total"], 0, "and does nothing");
    let report = desk.ok("import.cis", json!({ "path": path })).await;
    assert_eq!((&report["rows"], &report["created"]), (&json!(3), &json!(2)));
    assert_eq!(list(&report, "/refused")[0]["line"], 4);
    let again = desk.ok("import.cis", json!({ "path": path })).await;
    assert_eq!((&again["created"], &again["unchanged"]), (&json!(0), &json!(2)), "running it again makes no duplicate");
    let relations = desk.file("relations.csv", "source,relation,target\npayroll,runs on,web-01\n");
    assert_eq!(desk.ok("import.relations", json!({ "path": relations })).await["created"], 1);
    let page = desk.ok("cmdb.get", json!({ "ci": "web-01" })).await;
    assert_eq!(text(&page, "/relations/0/reads"), "runs", "read from the other end");
    let out = desk.file("out.csv", "");
    assert_eq!(desk.ok("export.records", json!({ "kind": "cis", "path": out })).await["rows"], 2);
    assert!(std::fs::read_to_string(&out).unwrap().contains("web-01"));
    let missing = desk.app.call("import.cis", json!({ "path": "/nowhere.csv" })).await.unwrap_err();
    assert!(missing.has("FILE_UNREADABLE"));
}

#[tokio::test]
async fn a_mutation_tells_what_changed() {
    let desk = Desk::alone().await;
    desk.host.changes.lock().unwrap().clear();
    let done = desk.ok("cmdb.create", json!({ "name": "web-01", "class": "server" })).await;
    assert_eq!(text(&done, "/record/label"), "web-01");
    let told = desk.host.changes.lock().unwrap().clone();
    assert_eq!(serde_json::to_value(&told[0]).unwrap(), done["changes"]);
    assert!(list(&done, "/changes/kinds").contains(&json!("ci")));
}
