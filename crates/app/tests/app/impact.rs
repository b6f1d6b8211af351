//! What breaks if this switch goes: services first, each with its path.

use crate::support::{Desk, text};
use serde_json::{Value, json};

async fn world() -> Desk {
    let desk = Desk::alone().await;
    for (name, class) in [
        ("sw-core-1", "switch"),
        ("esx-14", "server"),
        ("esx-15", "server"),
        ("Payroll", "service"),
        ("vm-1", "virtual machine"),
    ] {
        desk.ok("cmdb.create", json!({ "name": name, "class": class })).await;
    }
    for (source, relation, target) in [
        ("esx-14", "connects_to", "sw-core-1"),
        ("vm-1", "runs_on", "esx-14"),
        ("vm-1", "runs_on", "esx-15"),
        ("Payroll", "depends_on", "vm-1"),
    ] {
        desk.ok("cmdb.act", json!({ "ci": source, "action": "relate", "relation_type": relation, "target": target }))
            .await;
    }
    desk
}

fn lines(view: &Value) -> Vec<(String, String)> {
    view["lines"].as_array().unwrap().iter().map(|line| (text(line, "/ci/label"), text(line, "/path"))).collect()
}

#[tokio::test]
async fn services_come_first_and_each_ci_says_why() {
    let desk = world().await;
    let view = desk.ok("cmdb.impact", json!({ "cis": ["sw-core-1"] })).await;
    let found = lines(&view);
    let labels: Vec<&str> = found.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["Payroll", "esx-14", "vm-1"]);
    assert_eq!(found[0].1, "Payroll depends on vm-1 runs on esx-14 connects to sw-core-1");
    assert_eq!(
        (view["reached"].clone(), view["services"].clone(), view["cut_off"].clone()),
        (json!(3), json!(1), json!(false))
    );
}

#[tokio::test]
async fn upstream_is_what_a_service_needs() {
    let desk = world().await;
    let view = desk.ok("cmdb.impact", json!({ "cis": ["Payroll"], "direction": "upstream", "depth": 2 })).await;
    let labels: Vec<String> = lines(&view).into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["vm-1", "esx-14", "esx-15"]);
    assert_eq!(lines(&view)[1].1, "Payroll depends on vm-1 runs on esx-14");
    assert_eq!(view["cut_off"], json!(true), "the switch lies beyond");
}

#[tokio::test]
async fn a_redundancy_group_spares_what_depends_on_it() {
    let desk = world().await;
    let mut members = Vec::new();
    for host in ["esx-14", "esx-15"] {
        members.push(text(&desk.ok("cmdb.get", json!({ "ci": host })).await, "/ci/id"));
    }
    desk.ok("setup.put", json!({ "ci_group": { "id": null, "name": "Cluster A", "members": members, "enough": 1 } }))
        .await;
    let view = desk.ok("cmdb.impact", json!({ "cis": ["sw-core-1"] })).await;
    assert_eq!(lines(&view).len(), 1, "{view}");
    let spared = &view["spared"][0];
    assert_eq!(
        (text(spared, "/name").as_str(), &spared["down"], &spared["enough"]),
        ("Cluster A", &json!(1), &json!(1))
    );
}
