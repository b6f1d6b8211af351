//! A CI as it was, possible duplicates, and merging.

use crate::support::{Desk, HOUR, START, list, text};
use serde_json::{Value, json};

#[tokio::test]
async fn a_ci_is_shown_as_it_was_and_comes_back_through_a_release() {
    let desk = Desk::alone().await;
    desk.ok("cmdb.create", json!({ "name": "db-1", "class": "server", "version": "1" })).await;
    desk.pass(2);
    desk.ok("cmdb.act", json!({ "ci": "db-1", "action": "set_field", "field": "version", "to": "2" })).await;
    let was = desk.ok("cmdb.at", json!({ "ci": "db-1", "at": START + HOUR })).await;
    assert_eq!((text(&was, "/ci/version"), text(&was, "/note")), ("1".into(), String::new()));
    let difference = &list(&was, "/differences")[0];
    assert_eq!((text(difference, "/field"), text(difference, "/is")), ("version".into(), "2".into()));
    let before = desk.ok("cmdb.at", json!({ "ci": "db-1", "at": START - HOUR })).await;
    assert_eq!(before["ci"], Value::Null);
    let release = desk.ok("releases.create", json!({ "title": "Back", "release_type": "software" })).await;
    let number = text(&release, "/record/label");
    let back = json!({ "ci": "db-1", "at": START + HOUR, "fields": ["version"], "release": number });
    desk.ok("cmdb.restore_fields", back).await;
    let page = desk.ok("releases.get", json!({ "release": number })).await;
    let row = &list(&page, "/ci_plan")[0];
    assert_eq!((text(row, "/before"), text(row, "/after")), ("2".into(), "1".into()));
    let nothing = json!({ "ci": "db-1", "at": START + HOUR, "fields": ["model"], "release": number });
    assert_eq!(desk.refused("cmdb.restore_fields", nothing).await, ["NOTHING_TO_RESTORE"]);
}

#[tokio::test]
async fn duplicates_are_found_merged_and_parted_again() {
    let desk = Desk::alone().await;
    desk.ok("cmdb.create", json!({ "name": "web-01", "class": "server" })).await;
    let alike = desk.ok("cmdb.alike", json!({ "name": "WEB01", "class": "server" })).await;
    assert_eq!(text(&alike, "/cis/0/ci/label"), "web-01");
    let made = desk.ok("cmdb.create", json!({ "name": "web01.example.org", "class": "server", "version": "2" })).await;
    let id = text(&made, "/record/id");
    let queue = desk.ok("duplicates.list", json!({})).await;
    let pair = &list(&queue, "/pairs")[0];
    assert_eq!((text(pair, "/signs/0"), &queue["total"]), ("name".into(), &json!(1)));
    assert!(!list(pair, "/differences").is_empty());
    let merge = json!({ "action": "merge", "kept": "web-01", "gone": id, "take": ["version"] });
    desk.ok("duplicates.act", merge).await;
    assert!(list(&desk.ok("duplicates.list", json!({})).await, "/pairs").is_empty());
    let page = desk.ok("cmdb.get", json!({ "ci": id })).await;
    assert_eq!(
        (text(&page, "/ci/name"), text(&page, "/ci/version")),
        ("web-01".into(), "2".into()),
        "its id still finds it"
    );
    desk.ok("duplicates.act", json!({ "action": "undo_merge", "gone": id })).await;
    assert_eq!(text(&desk.ok("cmdb.get", json!({ "ci": id })).await, "/ci/name"), "web01.example.org");
    let dismiss = json!({ "action": "dismiss", "kept": "web-01", "gone": id, "reason": "two racks" });
    desk.ok("duplicates.act", dismiss).await;
    assert!(list(&desk.ok("duplicates.list", json!({})).await, "/pairs").is_empty());
}

#[tokio::test]
async fn a_plan_is_written_line_by_line() {
    let desk = Desk::alone().await;
    for name in ["app-1", "db-1"] {
        desk.ok("cmdb.create", json!({ "name": name, "class": "server" })).await;
    }
    let release = desk.ok("releases.create", json!({ "title": "Move", "release_type": "software" })).await;
    let release = text(&release, "/record/label");
    for line in [
        json!({ "what": "create", "name": "app-2", "class": "server", "version": "3" }),
        json!({ "what": "set-field", "ci": "db-1", "field": "version", "to": "2" }),
        json!({ "what": "add_relation", "ci": "app-1", "relation_type": "runs_on", "target": "db-1" }),
        json!({ "what": "retire", "ci": "app-1" }),
    ] {
        let mut line = line;
        line["release"] = json!(release);
        desk.ok("releases.plan_line", line).await;
    }
    let page = desk.ok("releases.get", json!({ "release": release })).await;
    let lines: Vec<String> = list(&page, "/ci_plan").iter().map(|row| text(row, "/what")).collect();
    assert_eq!(lines, ["create", "set_fields", "add_relation", "set_status"]);
    assert!(list(&page, "/ci_plan").iter().all(|row| row["as_expected"] == json!(true)), "{page:#}");
    let codes = desk.refused("releases.plan_line", json!({ "release": release, "what": "retire" })).await;
    assert_eq!(codes, ["MISSING_FIELD"]);
}
