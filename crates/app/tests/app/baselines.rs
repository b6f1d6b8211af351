//! Baselines: taken, compared, and brought back through a release.

use crate::support::{Desk, list, text};
use serde_json::{Value, json};

async fn world() -> Desk {
    let desk = Desk::alone().await;
    for (name, class) in [("Payroll", "service"), ("app-1", "server"), ("db-1", "server"), ("lone", "server")] {
        desk.ok("cmdb.create", json!({ "name": name, "class": class, "version": "1" })).await;
    }
    for (source, target) in [("Payroll", "app-1"), ("app-1", "db-1")] {
        relate(&desk, source, target).await;
    }
    desk
}

async fn relate(desk: &Desk, source: &str, target: &str) {
    let request = json!({ "ci": source, "action": "relate", "relation_type": "depends_on", "target": target });
    desk.ok("cmdb.act", request).await;
}

async fn set(desk: &Desk, ci: &str, field: &str, to: &str) {
    desk.pass(1);
    desk.ok("cmdb.act", json!({ "ci": ci, "action": "set_field", "field": field, "to": to })).await;
}

fn differences(view: &Value) -> Vec<(String, String, Vec<String>)> {
    let cis = list(view, "/cis").iter();
    cis.map(|ci| {
        let fields =
            list(ci, "/fields").iter().map(|f| format!("{} {}>{}", text(f, "/field"), text(f, "/was"), text(f, "/is")));
        let relations = list(ci, "/relations").iter().map(|r| format!("{} {}", text(r, "/words"), r["added"]));
        (text(ci, "/ci/label"), text(ci, "/became"), fields.chain(relations).collect())
    })
    .collect()
}

#[tokio::test]
async fn a_service_is_kept_with_all_it_needs_and_compared_field_by_field() {
    let desk = world().await;
    desk.ok("baselines.take", json!({ "name": "before", "service": "Payroll" })).await;
    let all = desk.ok("baselines.list", Value::Null).await;
    let row = &list(&all, "/baselines")[0];
    assert_eq!(
        (text(row, "/name"), text(row, "/of"), &row["members"]),
        ("before".into(), "service Payroll".into(), &json!(3))
    );
    let alike = desk.ok("baselines.compare", json!({ "first": "BEFORE" })).await;
    assert_eq!((list(&alike, "/cis").len(), &alike["unchanged"]), (0, &json!(3)));
    set(&desk, "db-1", "version", "2").await;
    set(&desk, "lone", "version", "2").await;
    relate(&desk, "db-1", "lone").await;
    let found = desk.ok("baselines.compare", json!({ "first": "before" })).await;
    assert_eq!(
        differences(&found),
        [
            ("db-1".into(), "changed".into(), vec!["version 1>2".into(), "depends on lone true".into()]),
            ("lone".into(), "added".into(), vec![]),
        ]
    );
    desk.ok("baselines.take", json!({ "name": "after", "filter": "" })).await;
    set(&desk, "db-1", "version", "3").await;
    let between = desk.ok("baselines.compare", json!({ "first": "before", "second": "after" })).await;
    assert!(differences(&between).contains(&(
        "db-1".into(),
        "changed".into(),
        vec!["version 1>2".into(), "depends on lone true".into()]
    )));
}

#[tokio::test]
async fn a_baseline_comes_back_only_through_a_release() {
    let desk = world().await;
    desk.ok("baselines.take", json!({ "name": "before", "cis": ["app-1", "db-1"] })).await;
    set(&desk, "db-1", "version", "2").await;
    set(&desk, "app-1", "version", "2").await;
    let shown = desk.ok("baselines.restore", json!({ "baseline": "before", "cis": ["db-1"] })).await;
    let lines: Vec<(String, String, String)> = list(&shown, "/plan/rows")
        .iter()
        .map(|row| (text(row, "/ci/label"), text(row, "/before"), text(row, "/after")))
        .collect();
    assert_eq!(lines, [("db-1".into(), "2".into(), "1".into())]);
    assert_eq!(shown["release"], Value::Null, "it is only shown");
    let release = desk.ok("releases.create", json!({ "title": "Back", "release_type": "software" })).await;
    let number = text(&release, "/record/label");
    let put = desk.ok("baselines.restore", json!({ "baseline": "before", "release": number })).await;
    assert_eq!(text(&put, "/release/label"), number);
    let page = desk.ok("releases.get", json!({ "release": number })).await;
    assert_eq!((list(&page, "/ci_plan").len(), list(&page, "/release/scope/cis").len()), (2, 2));
    desk.ok("baselines.restore", json!({ "baseline": "before", "release": number })).await;
    let page = desk.ok("releases.get", json!({ "release": number })).await;
    assert_eq!(list(&page, "/ci_plan").len(), 2, "twice is once");
    assert_eq!(text(&desk.ok("cmdb.get", json!({ "ci": "db-1" })).await, "/ci/version"), "2", "nothing is changed yet");
    set(&desk, "db-1", "version", "1").await;
    set(&desk, "app-1", "version", "1").await;
    let codes = desk.refused("baselines.restore", json!({ "baseline": "before" })).await;
    assert_eq!(codes, ["NOTHING_TO_RESTORE"]);
}

#[tokio::test]
async fn a_baseline_is_of_exactly_one_thing_and_says_what_is_wrong() {
    let desk = world().await;
    assert_eq!(desk.refused("baselines.take", json!({ "name": "x" })).await, ["ONE_SCOPE"]);
    let two = json!({ "name": "x", "filter": "", "service": "Payroll" });
    assert_eq!(desk.refused("baselines.take", two).await, ["ONE_SCOPE"]);
    let none = json!({ "name": "x", "filter": "class:nothing" });
    assert_eq!(desk.refused("baselines.take", none).await, ["NO_MEMBERS"]);
    assert_eq!(desk.refused("baselines.compare", json!({ "first": "x" })).await, ["NOT_FOUND"]);
}

#[tokio::test]
async fn more_cis_than_a_part_holds_are_one_baseline() {
    let desk = Desk::alone().await;
    let rows: String = (0..6_000).map(|n| format!("ci-{n},server,1\n")).collect();
    let file = desk.file("cis.csv", &format!("name,class,version\n{rows}"));
    desk.ok("import.cis", json!({ "path": file })).await;
    desk.ok("baselines.take", json!({ "name": "all", "filter": "" })).await;
    set(&desk, "ci-5999", "version", "2").await;
    let found = desk.ok("baselines.compare", json!({ "first": "all" })).await;
    assert_eq!((&found["changed"], &found["unchanged"]), (&json!(1), &json!(5_999)));
}
