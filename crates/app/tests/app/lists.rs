//! Lists that are too long to be given out whole.

use crate::support::{Desk, list, text};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A desk with so many servers, in no order.
async fn desk(count: u32) -> Desk {
    let desk = Desk::alone().await;
    let rows = (0..count).fold("name,class\n".to_owned(), |mut rows, n| {
        let class = if n % 5 == 0 { "switch" } else { "server" };
        writeln!(rows, "host-{:05},{class}", (n * 7_919) % count).unwrap();
        rows
    });
    let path = desk.file("cis.csv", &rows);
    assert_eq!(desk.ok("import.cis", json!({ "path": path })).await["created"], count);
    desk
}

fn labels(part: &Value) -> Vec<String> {
    list(part, "/rows").iter().map(|row| text(row, "/label")).collect()
}

#[tokio::test]
async fn a_long_list_comes_in_parts_and_stays_in_order() {
    let desk = desk(3_000).await;
    let request = json!({ "kind": "ci", "in_parts": true });
    let open = desk.ok("lists.open", request.clone()).await;
    assert_eq!((&open["total"], &open["is_ordered"]), (&json!(3_000), &json!(false)));
    assert_eq!(list(&open, "/ids").len(), 200, "the first are there at once");
    let number = &open["list"];
    let early = desk.app.call("lists.part", json!({ "list": number, "from": 0, "count": 1 })).await.unwrap_err();
    assert!(early.has("LIST_GONE"), "{early}");
    let ordered = desk.ok("lists.order", json!({ "list": number })).await;
    assert_eq!(ordered, json!({ "total": 3_000, "is_ended": false }));
    let last = desk.ok("lists.part", json!({ "list": number, "from": 2_998, "count": 50 })).await;
    assert_eq!(labels(&last), ["host-02998", "host-02999"]);
    let ids = desk.ok("lists.part", json!({ "list": number, "from": 0, "count": 3_000, "only_ids": true })).await;
    assert_eq!((list(&ids, "/ids").len(), list(&ids, "/rows").len()), (3_000, 0));
    assert_eq!(list(&ids, "/ids")[..200], list(&open, "/ids")[..], "as it began");
    let asked = json!({ "list": number, "ids": [ids["ids"][1_234], "nonsense"] });
    assert_eq!(desk.ok("lists.places", asked).await["places"], json!([1_234, null]));
    assert_eq!(desk.ok("lists.open", request.clone()).await["list"], *number, "kept as long as nothing changes");

    // One that changes moves; one that is new comes in; nothing else is read.
    let id = &ids["ids"][1_234];
    desk.ok("cmdb.act", json!({ "ci": id, "action": "set_field", "field": "name", "to": "AAA" })).await;
    desk.ok("cmdb.create", json!({ "name": "host-02998b", "class": "server" })).await;
    let now = desk.ok("lists.open", request.clone()).await;
    assert_eq!((&now["total"], &now["is_ordered"], &now["ids"][0]), (&json!(3_001), &json!(true), id));
    assert_ne!(now["list"], *number, "what is on the screen still answers by its own number");
    let part = |list: &Value| json!({ "list": list, "from": 2_997, "count": 9 });
    assert_eq!(labels(&desk.ok("lists.part", part(number)).await), ["host-02997", "host-02998", "host-02999"]);
    let after = desk.ok("lists.part", part(&now["list"])).await;
    assert_eq!(labels(&after), ["host-02997", "host-02998", "host-02998b", "host-02999"]);

    let many = json!({ "list": now["list"], "from": 0, "count": 501 });
    assert!(desk.app.call("lists.part", many).await.unwrap_err().has("TOO_MANY_ROWS"));
    desk.ok("app.lock", Value::Null).await;
    desk.ok("app.unlock", json!({})).await;
    let gone = desk.app.call("lists.part", part(&now["list"])).await.unwrap_err();
    assert!(gone.has("LIST_GONE"), "row numbers do not outlive the profile: {gone}");
}

#[tokio::test]
async fn what_another_program_writes_is_seen_and_a_newer_list_ends_an_older_one() {
    let desk = desk(2_100).await;
    let open = |filter: &str| json!({ "kind": "ci", "filter": filter, "sort": "name", "in_parts": true });
    let first = desk.ok("lists.open", open("-status:retired")).await;
    let second = desk.ok("lists.open", open("")).await;
    let ended = desk.app.call("lists.order", json!({ "list": first["list"] })).await.unwrap_err();
    assert!(ended.has("LIST_GONE"), "{ended}");
    desk.ok("lists.order", json!({ "list": second["list"] })).await;

    let other = desk.beside(slipway_app::Background::Quiet);
    other.call("app.unlock", json!({})).await.unwrap();
    other.call("cmdb.create", json!({ "name": "a-1", "class": "server" })).await.unwrap();
    let seen = desk.ok("lists.open", open("")).await;
    assert_eq!(seen["is_ordered"], false, "anything may have changed");
    assert_eq!(desk.ok("lists.order", json!({ "list": seen["list"] })).await["total"], 2_101);

    let few = desk.ok("lists.open", open("class:switch")).await;
    assert_eq!((&few["list"], list(&few, "/ids").len()), (&Value::Null, 420), "a short one is given out");
    let all = desk.ok("lists.open", json!({ "kind": "ci" })).await;
    assert_eq!(list(&all, "/ids").len(), 2_101, "whoever asks for no parts gets all");
    let wrong = desk.ok("lists.open", open("clas:x")).await;
    assert!(wrong["error"].is_object() && wrong["list"].is_null());
}
