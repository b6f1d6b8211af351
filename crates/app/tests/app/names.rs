//! Records answer to whatever a person calls them, and what is not there is named.

use crate::support::{Desk, text};
use serde_json::json;

#[tokio::test]
async fn a_ci_answers_to_id_number_name_class_and_tag() {
    let desk = Desk::alone().await;
    let done = desk.ok("cmdb.create", json!({ "name": "web-01", "class": "server", "asset_tag": "88121" })).await;
    let id = text(&done, "/record/id");
    let page = desk.ok("cmdb.get", json!({ "ci": id })).await;
    let number = text(&page, "/ci/number");
    assert_eq!(number, "CI-000001");
    for name in [number.as_str(), "ci-1", "WEB-01", "server/web-01", "88121"] {
        assert_eq!(text(&desk.ok("cmdb.get", json!({ "ci": name })).await, "/ci/id"), id, "{name}");
    }
}

#[tokio::test]
async fn a_name_of_several_records_lists_them() {
    let desk = Desk::alone().await;
    desk.ok("cmdb.create", json!({ "name": "payroll", "class": "server" })).await;
    desk.ok("cmdb.create", json!({ "name": "payroll", "class": "service" })).await;
    let error = desk.app.call("cmdb.get", json!({ "ci": "payroll" })).await.unwrap_err();
    assert!(error.has("AMBIGUOUS"));
    assert!(error.to_string().contains("CI-000001") && error.to_string().contains("CI-000002"), "{error}");
    desk.ok("cmdb.get", json!({ "ci": "service/payroll" })).await;
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let desk = Desk::alone().await;
    for (call, request, given) in [
        ("releases.get", json!({ "release": "REL-000009" }), "REL-000009"),
        ("changes.get", json!({ "change": "C-77" }), "C-77"),
        ("cmdb.get", json!({ "ci": "no such thing" }), "no such thing"),
        ("dsl.get", json!({ "item": "Payroll 9.9" }), "Payroll 9.9"),
        ("dhs.get", json!({ "unit": "UNI-000009" }), "UNI-000009"),
        ("tasks.act", json!({ "task": "REL-000009/T01", "action": "done" }), "REL-000009"),
        ("attention.get", json!({ "command": "0190f000-0000-7000-8000-000000000009" }), "0190f000"),
    ] {
        let error = desk.app.call(call, request).await.unwrap_err();
        assert!(error.has("NOT_FOUND"), "{call}: {error}");
        assert!(error.to_string().contains(given), "{call} names {given}: {error}");
    }
}

#[tokio::test]
async fn an_unknown_action_is_refused() {
    let desk = Desk::alone().await;
    desk.ok("cmdb.create", json!({ "name": "web-01", "class": "server" })).await;
    assert_eq!(desk.refused("cmdb.act", json!({ "ci": "web-01", "action": "explode" })).await, ["UNKNOWN_ACTION"]);
    assert_eq!(desk.refused("cmdb.act", json!({ "ci": "web-01", "action": "set-field" })).await, ["MISSING_FIELD"]);
}
