//! What is planned for the same time along dependencies, what a change weighs, and what a release affects beside its scope.

use crate::support::{Desk, list, text};
use serde_json::json;

/// Payroll depends on an application that runs on a server.
async fn world() -> Desk {
    let desk = Desk::alone().await;
    for (name, class) in [("Payroll", "service"), ("pay-app", "application"), ("pay-host", "server")] {
        desk.ok("cmdb.create", json!({ "name": name, "class": class, "criticality": "critical" })).await;
    }
    for (source, relation, target) in [("Payroll", "depends_on", "pay-app"), ("pay-app", "runs_on", "pay-host")] {
        desk.ok("cmdb.act", json!({ "ci": source, "action": "relate", "relation_type": relation, "target": target }))
            .await;
    }
    desk
}

#[tokio::test]
async fn changes_on_things_that_depend_on_one_another_collide_and_say_on_which_way() {
    let desk = world().await;
    let window = json!({ "start": desk.now(), "end": desk.now() + 3_600_000 });
    let mut ids = Vec::new();
    for (title, ci) in [("Patch the host", "pay-host"), ("New payroll", "pay-app")] {
        let done = desk.ok("changes.create", json!({ "title": title, "cis": [ci], "planned": window })).await;
        ids.push(text(&done, "/record/id"));
    }
    let found = desk.ok("plans.collisions", json!({ "change": ids[0] })).await;
    let lines = list(&found, "/lines");
    assert_eq!(lines.len(), 1, "{found}");
    assert_eq!(text(&lines[0], "/other/id"), ids[1]);
    assert_eq!(text(&lines[0], "/finding/data/path"), "pay-app runs on pay-host");
    let unscheduled = desk.ok("changes.create", json!({ "title": "Later", "cis": ["pay-host"] })).await;
    let found = desk.ok("plans.collisions", json!({ "change": text(&unscheduled, "/record/id") })).await;
    assert_eq!((found["planned"].clone(), list(&found, "/lines").len()), (json!(false), 0));
}

#[tokio::test]
async fn a_change_weighs_what_fails_with_it() {
    let desk = world().await;
    let done = desk.ok("changes.create", json!({ "title": "Patch the host", "cis": ["pay-host"] })).await;
    let weight = desk.ok("changes.weigh", json!({ "change": text(&done, "/record/id") })).await;
    assert_eq!((weight["reached"].clone(), text(&weight, "/risk").as_str()), (json!(2), "high"));
    assert_eq!(text(&weight, "/services/0/label"), "Payroll");
}

#[tokio::test]
async fn a_release_is_told_what_its_scope_affects_until_it_is_in_it() {
    let desk = world().await;
    let done = desk.ok("releases.create", json!({ "title": "Hosts", "release_type": "software" })).await;
    let release = text(&done, "/record/id");
    let add = |action: &str, ci: &str| json!({ "release": release, "action": action, "ci": ci });
    desk.ok("releases.act", add("add_ci", "pay-host")).await;
    let found = desk.ok("releases.also_affected", json!({ "release": release })).await;
    let labels: Vec<String> = list(&found, "/lines").iter().map(|line| text(line, "/ci/label")).collect();
    assert_eq!(labels, ["Payroll", "pay-app"]);
    assert_eq!(text(&found, "/lines/0/path"), "Payroll depends on pay-app runs on pay-host");
    desk.ok("releases.act", add("add_service", "Payroll")).await;
    let found = desk.ok("releases.also_affected", json!({ "release": release })).await;
    assert_eq!((found["total"].clone(), list(&found, "/lines").len()), (json!(1), 1));
}
