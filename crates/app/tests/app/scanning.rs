//! Codes scanned into the reconcile queue: what each is answered with, and taking the last one back.

use crate::support::{Desk, list, text};
use serde_json::json;

/// Two sites, a server with every sign at one of them, two switches with one serial number.
async fn desk() -> Desk {
    let desk = Desk::alone().await;
    for name in ["Bremen", "Hamburg"] {
        desk.ok("setup.put", json!({ "site": { "id": null, "name": name, "address": "" } })).await;
    }
    let csv = "name,class,manufacturer,serial_number,asset_tag,site,rack\n\
               web-01,server,Dell,S-1,T-1,Bremen,A1\n\
               sw-1,switch,Cisco,X9,,Bremen,\n\
               sw-2,switch,Juniper,X9,,Bremen,\n";
    let path = desk.file("cis.csv", csv);
    assert_eq!(desk.ok("import.cis", json!({ "path": path })).await["created"], 3);
    desk
}

async fn queue(desk: &Desk) -> Vec<String> {
    let open = desk.ok("lists.open", json!({ "kind": "observation" })).await;
    let rows = desk.ok("lists.rows", json!({ "kind": "observation", "ids": open["ids"] })).await;
    let mut found: Vec<String> =
        list(&rows, "/rows").iter().map(|row| text(row, "/label") + " " + &text(row, "/state")).collect();
    found.sort();
    found
}

#[tokio::test]
async fn each_scan_is_answered_and_the_last_one_taken_back() {
    let desk = desk().await;
    let scan = |code: &str, site: &str, rack: &str| json!({ "code": code, "site": site, "rack": rack });
    let right = desk.ok("observations.scan", scan("t-1", "Bremen", "A1")).await;
    assert_eq!((text(&right, "/outcome"), text(&right, "/ci/label")), ("matches".into(), "web-01".into()));
    desk.pass(1);
    let moved = desk.ok("observations.scan", scan("S1", "Hamburg", "B2")).await;
    assert_eq!((text(&moved, "/outcome"), &moved["again"]), ("elsewhere".into(), &json!(true)));
    let differs: Vec<(String, String)> =
        list(&moved, "/differences").iter().map(|d| (text(d, "/was"), text(d, "/is"))).collect();
    assert_eq!(differs, [("A1".into(), "B2".into()), ("Bremen".into(), "Hamburg".into())]);
    let unknown = desk.ok("observations.scan", scan("Q-7", "Hamburg", "B2")).await;
    assert_eq!(text(&unknown, "/outcome"), "unknown");
    let of_two = desk.ok("observations.scan", scan("x-9", "Hamburg", "")).await;
    let names: Vec<String> = list(&of_two, "/candidates").iter().map(|ci| text(ci, "/label")).collect();
    assert_eq!((text(&of_two, "/outcome"), names), ("ambiguous".into(), vec!["sw-1".to_owned(), "sw-2".to_owned()]));
    assert_eq!(queue(&desk).await, ["Q-7 unknown", "web-01 mismatch", "x-9 unknown"]);

    for answer in [&of_two, &unknown, &moved] {
        desk.ok("observations.undo_scan", answer["undo"].clone()).await;
    }
    assert_eq!(queue(&desk).await, ["web-01 match"], "what was scanned of it before stands again");
    assert_eq!(desk.refused("observations.undo_scan", unknown["undo"].clone()).await, ["NOT_FOUND"]);
    assert_eq!(desk.refused("observations.scan", json!({ "code": " " })).await, ["MISSING_FIELD"]);
    let nowhere = desk.app.call("observations.scan", scan("t-1", "Nowhere", "")).await.unwrap_err();
    assert!(!nowhere.to_string().is_empty());
    assert_eq!(queue(&desk).await.len(), 1, "what is refused leaves nothing");
}
