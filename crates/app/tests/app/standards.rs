//! Standards: written, locked, CIs attached by a filter, compared, excepted, corrected through a release.

use crate::support::{Desk, list, text};
use serde_json::{Value, json};

async fn world() -> Desk {
    let desk = Desk::alone().await;
    for (name, version) in [("web-1", "12.4"), ("web-2", "12.3"), ("web-3", "11")] {
        desk.ok("cmdb.create", json!({ "name": name, "class": "server", "version": version })).await;
    }
    desk.ok("cmdb.create", json!({ "name": "sw-1", "class": "switch", "version": "1" })).await;
    let put = json!({ "action": "put", "name": "Web 2026", "class": "server", "values": { "version": "12.4" } });
    desk.ok("standards.act", put).await;
    desk
}

async fn compared(desk: &Desk) -> Vec<(String, String, bool)> {
    let page = desk.ok("standards.compliance", json!({ "standard": "Web 2026" })).await;
    let mut cis: Vec<_> = list(&page, "/cis")
        .iter()
        .map(|ci| (text(ci, "/ci/label"), text(ci, "/deviations/0/is"), ci["out"] == json!(true)))
        .collect();
    cis.sort();
    cis
}

#[tokio::test]
async fn cis_are_compared_with_what_was_authorised_until_they_are_excepted_or_corrected() {
    let desk = world().await;
    let act = |request: Value| {
        let mut whole = json!({ "standard": "web 2026" });
        whole.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
        desk.ok("standards.act", whole)
    };
    let attached = act(json!({ "action": "attach", "filter": "" })).await;
    assert_eq!((&attached["changed"], list(&attached, "/refused").len()), (&json!(3), 1), "{attached:#}");
    assert!(text(&attached, "/refused/0").contains("sw-1 is a switch"), "{attached:#}");
    assert_eq!(compared(&desk).await, [], "nothing is measured by a draft");

    act(json!({ "action": "authorise" })).await;
    let out = |name: &str, is: &str| (name.to_owned(), is.to_owned(), true);
    assert_eq!(compared(&desk).await, [out("web-2", "12.3"), out("web-3", "11")]);
    act(json!({ "action": "except", "cis": ["web-3"], "reason": "Goes next month" })).await;
    assert_eq!(compared(&desk).await, [out("web-2", "12.3"), ("web-3".into(), "11".into(), false)]);
    let of = desk.ok("standards.of_ci", json!({ "ci": "web-3" })).await;
    assert_eq!(text(&of, "/compliance/deviations/0/excepted/reason"), "Goes next month");
    let none = desk.ok("standards.of_ci", json!({ "ci": "sw-1" })).await;
    assert_eq!(none["compliance"], Value::Null);

    let shown = desk.ok("standards.correct", json!({ "standard": "Web 2026" })).await;
    let lines: Vec<_> = list(&shown, "/plan/rows")
        .iter()
        .map(|row| (text(row, "/ci/label"), text(row, "/before"), text(row, "/after")))
        .collect();
    assert_eq!(lines, [("web-2".to_owned(), "12.3".to_owned(), "12.4".to_owned())]);
    let release =
        desk.ok("releases.create", json!({ "title": "Web servers to 12.4", "release_type": "software" })).await;
    let number = text(&release, "/record/label");
    let put = desk.ok("standards.correct", json!({ "standard": "Web 2026", "release": number })).await;
    assert_eq!(text(&put, "/release/label"), number);

    act(json!({ "action": "withdraw_exception", "cis": ["web-3"] })).await;
    act(json!({ "action": "detach", "cis": ["web-2"] })).await;
    assert_eq!(compared(&desk).await, [out("web-3", "11")]);
    act(json!({ "action": "copy", "name": "Web 2027" })).await;
    let all = desk.ok("standards.list", Value::Null).await;
    let states: Vec<_> = list(&all, "/standards").iter().map(|s| (text(s, "/name"), text(s, "/state"))).collect();
    assert_eq!(states, [("Web 2026", "authorised"), ("Web 2027", "draft")].map(|(n, s)| (n.to_owned(), s.to_owned())));
}
