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

/// Payroll depends on three databases; two of them are enough.
async fn redundant() -> (Desk, Value) {
    let desk = Desk::alone().await;
    desk.ok("cmdb.create", json!({ "name": "Payroll", "class": "service" })).await;
    for name in ["db-1", "db-2", "db-3"] {
        desk.ok("cmdb.create", json!({ "name": name, "class": "database" })).await;
        desk.ok(
            "cmdb.act",
            json!({ "ci": "Payroll", "action": "relate", "relation_type": "depends_on", "target": name }),
        )
        .await;
    }
    let rule = json!({ "action": "put", "ci": "Payroll", "providers": ["db-1", "db-2", "db-3"], "enough": 2 });
    desk.ok("redundancy.act", rule).await;
    let list = desk.ok("redundancy.list", json!({ "ci": "Payroll" })).await;
    (desk, list)
}

#[tokio::test]
async fn a_redundancy_rule_spares_a_service_and_says_why_it_fell() {
    let (desk, list) = redundant().await;
    let providers: Vec<String> = list["providers"].as_array().unwrap().iter().map(|row| text(row, "/label")).collect();
    assert_eq!(providers, ["db-1", "db-2", "db-3"]);
    assert_eq!(text(&list, "/rules/0/ci/label"), "Payroll");
    let one = desk.ok("cmdb.impact", json!({ "cis": ["db-1"] })).await;
    assert_eq!((one["reached"].clone(), text(&one, "/spared/0/name")), (json!(0), "Payroll".to_owned()));
    let two = desk.ok("cmdb.impact", json!({ "cis": ["db-1", "db-2"], "paths": false })).await;
    assert_eq!(lines(&two), [("Payroll".to_owned(), String::new())]);
    let path = desk.ok("cmdb.impact_path", json!({ "cis": ["db-1", "db-2"], "to": "Payroll" })).await;
    assert!(text(&path, "/text").ends_with("(Payroll needs 2 of 3, 2 are down)"), "{path}");
    assert_eq!(path["steps"][0]["fallen"]["down"], json!(2));
    let rule = text(&list, "/rules/0/rule/id");
    let as_provider = desk.ok("redundancy.list", json!({ "ci": "db-3" })).await;
    assert_eq!(text(&as_provider, "/rules/0/rule/id"), rule);
    desk.ok("redundancy.act", json!({ "action": "put", "rule": rule, "enough": 3 })).await;
    assert_eq!(desk.ok("cmdb.impact", json!({ "cis": ["db-1"] })).await["reached"], json!(1));
    desk.ok("redundancy.act", json!({ "action": "remove", "rule": rule })).await;
    assert_eq!(desk.ok("redundancy.list", json!({ "ci": "Payroll" })).await["rules"], json!([]));
}

#[tokio::test]
async fn pages_follow_one_another_and_the_picture_has_columns() {
    let desk = world().await;
    let page = |from: u32| json!({ "cis": ["sw-core-1"], "from": from, "limit": 2 });
    let (first, second) = (desk.ok("cmdb.impact", page(0)).await, desk.ok("cmdb.impact", page(2)).await);
    let labels: Vec<String> = [first, second].iter().flat_map(lines).map(|(label, _)| label).collect();
    assert_eq!(labels, ["Payroll", "esx-14", "vm-1"]);
    let picture = desk.ok("cmdb.neighbours", json!({ "ci": "esx-14", "depth": 2 })).await;
    let nodes: Vec<(String, u64)> = picture["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (text(node, "/ci/label"), node["depth"].as_u64().unwrap()))
        .collect();
    let want = [("esx-14", 0), ("sw-core-1", 1), ("vm-1", 1), ("Payroll", 2)];
    assert_eq!(nodes, want.map(|(label, depth)| (label.to_owned(), depth)));
    assert_eq!(picture["links"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn no_path_is_a_refusal_with_a_way_out() {
    let desk = world().await;
    let refused = desk.refused("cmdb.impact_path", json!({ "cis": ["Payroll"], "to": "sw-core-1" })).await;
    assert_eq!(refused, ["NOT_REACHED"]);
}
