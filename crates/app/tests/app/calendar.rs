//! The calendar: what is planned within a period, and what stands in its way.

use crate::support::{Desk, HOUR, list, text};
use serde_json::{Value, json};

async fn page(desk: &Desk, from: i64, to: i64) -> Value {
    desk.ok("calendar.get", json!({ "from": desk.now() + from * HOUR, "to": desk.now() + to * HOUR })).await
}

fn window(desk: &Desk, from: i64, to: i64) -> Value {
    json!({ "start": desk.now() + from * HOUR, "end": desk.now() + to * HOUR })
}

fn labels(page: &Value) -> Vec<String> {
    list(page, "/plans").iter().map(|plan| text(plan, "/label")).collect()
}

#[tokio::test]
async fn a_period_shows_releases_changes_and_freezes_and_what_is_in_whose_way() {
    let desk = Desk::alone().await;
    desk.ok("cmdb.create", json!({ "name": "db-1", "class": "server" })).await;
    let change = json!({ "title": "Patch the database", "cis": ["db-1"], "planned": window(&desk, 2, 6) });
    desk.ok("changes.create", change).await;
    let made = desk.ok("releases.create", json!({ "title": "Payroll 9.4", "release_type": "software" })).await;
    let release = text(&made, "/record/id");
    desk.ok("releases.act", json!({ "release": release, "action": "add_ci", "ci": "db-1" })).await;
    let edit = json!([{ "rollout_window": { "from": null, "to": window(&desk, 4, 8) } }]);
    desk.ok("issue", json!({ "command": { "release": [release, { "edit": edit }] } })).await;
    let freeze = json!({ "id": null, "title": "Year end", "window": window(&desk, 7, 40), "scope": "everything" });
    desk.ok("setup.put", json!({ "freeze": freeze })).await;

    let found = page(&desk, 0, 24).await;
    assert_eq!(labels(&found), ["CHG-000001", "REL-000001"]);
    assert_eq!(
        (text(&found, "/freezes/0/title"), text(&found, "/freezes/0/covers")),
        ("Year end".into(), "everything".into())
    );
    let codes = |place: usize| -> Vec<String> {
        list(&found, &format!("/plans/{place}/findings")).iter().map(|f| text(f, "/code")).collect()
    };
    assert_eq!(codes(0), ["COLLISION_SAME_CI"]);
    assert_eq!(codes(1), ["COLLISION_FREEZE", "COLLISION_SAME_CI"]);
    assert_eq!(text(&found, "/plans/1/path"), "/releases/REL-000001");
    assert_eq!(text(&found, "/plans/1/who/label"), "Mara Lind");
    assert_eq!(labels(&page(&desk, 0, 3).await), ["CHG-000001"], "the release begins later");
    let shown = page(&desk, 6, 7).await;
    assert_eq!((labels(&shown), list(&shown, "/freezes").len()), (vec!["REL-000001".to_owned()], 0));

    let lines = desk.ok("plans.collisions", json!({ "release": release })).await;
    let about: Vec<String> = list(&lines, "/lines").iter().map(|line| text(line, "/other/label")).collect();
    assert_eq!(about, ["Year end", "CHG-000001"], "the record's own page shows both as well");
    assert!(text(&lines, "/lines/0/other/path").starts_with("/calendar/month/20"), "{lines}");
}

#[tokio::test]
async fn a_change_that_a_release_carries_says_which() {
    let desk = Desk::alone().await;
    let made = desk.ok("changes.create", json!({ "title": "New rules", "planned": window(&desk, 2, 6) })).await;
    let change = text(&made, "/record/label");
    desk.ok("releases.create", json!({ "title": "Rules", "release_type": "software", "changes": [change] })).await;
    let found = page(&desk, 0, 24).await;
    assert_eq!(text(&found, "/plans/0/carried_by/label"), "REL-000001");
    assert_eq!(found["plans"][0]["ahead"], json!(false), "it is rolled out with the release");
}

#[tokio::test]
async fn a_period_that_is_none_or_too_long_is_refused() {
    let desk = Desk::alone().await;
    for (from, to) in [(5, 5), (5, 1), (0, 24 * 741)] {
        let request = json!({ "from": desk.now() + from * HOUR, "to": desk.now() + to * HOUR });
        assert_eq!(desk.refused("calendar.get", request).await, ["WRONG_PERIOD"]);
    }
}

#[tokio::test]
async fn the_next_free_slot_is_found_for_a_change_and_it_moves_there() {
    let desk = Desk::alone().await;
    desk.ok("cmdb.create", json!({ "name": "db-1", "class": "server" })).await;
    let of = |title: &str, from, to| json!({ "title": title, "cis": ["db-1"], "planned": window(&desk, from, to) });
    desk.ok("changes.create", of("New disks", 0, 5)).await;
    let made = desk.ok("changes.create", of("Patch", 3, 5)).await;
    let change = text(&made, "/record/id");
    let found = desk.ok("calendar.next_slot", json!({ "change": change })).await;
    assert_eq!((found["minutes"].clone(), found["slot"].clone()), (json!(120), window(&desk, 5, 7)), "{found}");
    assert_eq!(text(&found, "/passed/0/why/0/code"), "COLLISION_SAME_CI");

    let to = json!({ "change": change, "from": window(&desk, 3, 5), "to": found["slot"] });
    let page = desk.ok("calendar.consider", to.clone()).await;
    assert!(list(&page, "/refused").is_empty() && list(&page, "/meets").is_empty(), "{page}");
    desk.ok("calendar.move", to).await;
    assert_eq!(labels(&self::page(&desk, 6, 7).await), ["CHG-000002"]);
    let late = json!({ "change": change, "from": window(&desk, 3, 5), "to": window(&desk, 20, 22) });
    assert!(!list(&desk.ok("calendar.consider", late.clone()).await, "/refused").is_empty(), "it was moved meanwhile");
    assert!(!desk.refused("calendar.move", late).await.is_empty());

    let of_cis =
        json!({ "cis": ["db-1"], "minutes": 60, "days": [1, 2, 3, 4, 5, 6, 7], "from": "00:00", "to": "24:00" });
    let found = desk.ok("calendar.next_slot", of_cis).await;
    assert_eq!(found["slot"], window(&desk, 7, 8));
    for wrong in
        [json!({ "minutes": 0 }), json!({ "days": [8] }), json!({ "from": "25:00" }), json!({ "minutes": 99_999 })]
    {
        let mut request = json!({ "change": change });
        request.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(desk.refused("calendar.next_slot", request).await, ["WRONG_FIELD"], "{wrong}");
    }
    assert_eq!(desk.refused("calendar.next_slot", json!({ "minutes": 60 })).await, ["MISSING_FIELD"]);
}

#[tokio::test]
async fn a_freeze_that_comes_again_is_there_each_time() {
    let desk = Desk::alone().await;
    let freeze = json!({
        "id": null, "title": "Pay day", "window": window(&desk, 1, 25), "scope": "everything",
        "strength": "soft", "repeats": { "every": "week", "until": null },
    });
    desk.ok("setup.put", json!({ "freeze": freeze })).await;
    let found = page(&desk, 0, 24 * 21).await;
    let begins: Vec<i64> = list(&found, "/freezes").iter().map(|f| f["window"]["start"].as_i64().unwrap()).collect();
    assert_eq!(begins, [0, 168, 336].map(|hour| desk.now() + (hour + 1) * HOUR));
    assert_eq!(
        (found["freezes"][0]["soft"].clone(), found["freezes"][0]["repeats"].clone()),
        (json!(true), json!("week"))
    );
    let file = desk.folder.path().join("slipway.ics");
    let saved = desk.ok("calendar.save", json!({ "path": file, "to": desk.now() + 24 * 21 * HOUR })).await;
    assert_eq!(saved["events"], json!(3));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("SUMMARY:Freeze: Pay day") && written.contains("X-WR-CALNAME:Slipway"), "{written}");
    let other = desk.folder.path().join("slipway.txt");
    assert_eq!(desk.refused("calendar.save", json!({ "path": other })).await, ["WRONG_FILE"]);
}
