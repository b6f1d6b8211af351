//! Imports and exports as jobs: their report, their refused rows, cancelling, going on, and what is remembered.

use crate::support::{Desk, list, text};
use serde_json::{Value, json};
use slipway_app::Background;
use std::time::{Duration, Instant};

/// The job when it has ended.
async fn ended(desk: &Desk, job: &Value) -> Value {
    let begun = Instant::now();
    loop {
        let now = desk.ok("jobs.get", json!({ "job": text(job, "/id") })).await;
        if text(&now, "/state") != "running" {
            return now;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "the job never ends: {now:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn import(desk: &Desk, path: &str, more: Value) -> Value {
    let mut request = json!({ "path": path, "kind": "cis" });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let job = desk.ok("import.start", request).await;
    ended(desk, &job).await
}

fn rows(from: usize, to: usize) -> String {
    let mut text = String::from("name,class,version\n");
    for n in from..to {
        text.push_str(&format!("ci-{n},server,1.{n}\n"));
    }
    text
}

#[tokio::test]
async fn bad_rows_are_kept_with_their_reasons_and_taken_once_they_are_mended() {
    let desk = Desk::alone().await;
    let file = desk.file(
        "cis.csv",
        "name;class;criticality\nweb;server;high\ndb;server;3\ncut;server\nweb;server;low\nlast;server;low\n",
    );
    let dry = import(&desk, &file, json!({ "dry_run": true })).await;
    assert_eq!(
        (&dry["state"], &dry["counts"]["created"], &dry["counts"]["refused"]),
        (&json!("done"), &json!(2), &json!(3))
    );
    let job = import(&desk, &file, json!({})).await;
    assert_eq!((&job["counts"]["created"], &job["refused_listed"]), (&json!(2), &json!(3)), "{job:#}");
    let page = desk.ok("jobs.refused", json!({ "job": text(&job, "/id"), "first": 1, "count": 10 })).await;
    let lines: Vec<u64> = list(&page, "/rows").iter().map(|r| r["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [4, 5], "from the second on");

    let bad = desk.folder.path().join("bad.csv");
    let over = desk.app.call("jobs.save_refused", json!({ "job": text(&job, "/id"), "path": file })).await.unwrap_err();
    assert!(over.has("SAME_FILE"), "{over}");
    desk.ok("jobs.save_refused", json!({ "job": text(&job, "/id"), "path": bad })).await;
    let saved = std::fs::read_to_string(&bad).unwrap();
    let mut lines = saved.lines();
    assert_eq!(lines.next(), Some("name;class;criticality;refused_because"));
    assert!(lines.next().unwrap().starts_with("db;server;3;"), "{saved}");
    assert!(lines.next().unwrap().starts_with("cut;server;;"), "{saved}");

    std::fs::write(&bad, "name;class;criticality;refused_because\ndb;server;medium;x\ncut;server;low;x\n").unwrap();
    let mended = import(&desk, bad.to_str().unwrap(), json!({})).await;
    assert_eq!((&mended["counts"]["created"], &mended["counts"]["refused"]), (&json!(2), &json!(0)), "{mended:#}");
    let again = import(&desk, &file, json!({})).await;
    assert_eq!((&again["counts"]["created"], &again["counts"]["unchanged"]), (&json!(0), &json!(2)), "nothing twice");
}

#[tokio::test]
async fn a_mapping_is_proposed_edited_used_and_remembered() {
    let desk = Desk::alone().await;
    let file = desk.file("a.csv", "Hostname;Kind;Serial No.;Leistung\nweb;server;S1;1,5\n");
    let look = desk.ok("import.look", json!({ "path": file })).await;
    assert_eq!((&look["kind"], &look["delimiter"]), (&json!("cis"), &json!(";")), "{look:#}");
    assert_eq!(look["mapping"]["columns"]["Hostname"], "name");
    assert_eq!(look["mapping"]["columns"]["Serial No."], "serial_number");
    assert_eq!(look["mapping"]["decimal_commas"], json!(["Leistung"]));
    assert_eq!(list(&look, "/findings")[0]["code"], "MISSING_COLUMN", "no column is a class: {look:#}");
    assert_eq!(desk.refused("import.start", json!({ "path": file, "kind": "cis" })).await, ["MISSING_COLUMN"]);
    let mut mapping = look["mapping"].clone();
    mapping["columns"]["Kind"] = json!("class");
    mapping["columns"]["Leistung"] = json!("attributes.power");
    let look = desk.ok("import.look", json!({ "path": file, "kind": "cis", "mapping": mapping })).await;
    assert_eq!(list(&look, "/findings").len(), 0, "{look:#}");
    let job = import(&desk, &file, json!({ "mapping": mapping })).await;
    assert_eq!(job["counts"]["created"], 1, "{job:#}");
    let page = desk.ok("cmdb.get", json!({ "ci": "web" })).await;
    assert_eq!(page["ci"]["attributes"]["power"], "1.5");

    let next = desk.file("b.csv", "Kind;Hostname;Leistung;Serial No.\nserver;db;2,5;S2\n");
    let look = desk.ok("import.look", json!({ "path": next })).await;
    assert_eq!(
        (&look["remembered"], &look["mapping"]["columns"]["Leistung"]),
        (&json!(true), &json!("attributes.power"))
    );
    assert_eq!(import(&desk, &next, json!({})).await["counts"]["created"], 1);
}

#[tokio::test]
async fn an_import_is_cancelled_and_goes_on_also_in_another_program() {
    let desk = Desk::alone().await;
    let file = desk.file("many.csv", &rows(0, 6_000));
    let job = desk.ok("import.start", json!({ "path": file, "kind": "cis" })).await;
    desk.ok("jobs.cancel", json!({ "job": text(&job, "/id") })).await;
    let cancelled = ended(&desk, &job).await;
    assert_eq!((&cancelled["state"], &cancelled["resumable"]), (&json!("cancelled"), &json!(true)), "{cancelled:#}");
    let done = cancelled["counts"]["rows"].as_u64().unwrap();
    assert!(done < 6_000, "it was stopped on the way: {done}");

    desk.app.close();
    let other = desk.beside(Background::Quiet);
    other.call("app.unlock", json!({})).await.unwrap();
    let jobs = other.call("jobs.list", Value::Null).await.unwrap();
    assert_eq!(list(&jobs, "/jobs")[0]["id"], job["id"], "known in another program: {jobs:#}");
    other.call("jobs.resume", json!({ "job": text(&job, "/id") })).await.unwrap();
    let begun = Instant::now();
    let resumed = loop {
        let now = other.call("jobs.get", json!({ "job": text(&job, "/id") })).await.unwrap();
        if text(&now, "/state") != "running" {
            break now;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{now:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!((&resumed["state"], &resumed["counts"]["rows"]), (&json!("done"), &json!(6_000)), "{resumed:#}");
    assert_eq!(resumed["counts"]["created"], 6_000, "counted on, nothing twice");
    let count = other.call("lists.open", json!({ "kind": "ci" })).await.unwrap();
    assert_eq!(count["total"], 6_000);
    let again = other.call("jobs.resume", json!({ "job": text(&job, "/id") })).await.unwrap_err();
    assert!(again.has("NOT_RESUMABLE"), "{again}");
}

#[tokio::test]
async fn a_file_that_was_changed_does_not_go_on_and_a_locked_profile_interrupts() {
    let desk = Desk::alone().await;
    let file = desk.file("many.csv", &rows(0, 4_000));
    let job = desk.ok("import.start", json!({ "path": file, "kind": "cis" })).await;
    desk.app.close();
    let begun = Instant::now();
    desk.ok("app.unlock", json!({})).await;
    let interrupted = loop {
        let now = desk.ok("jobs.get", json!({ "job": text(&job, "/id") })).await;
        if text(&now, "/state") != "running" {
            break now;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{now:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    if text(&interrupted, "/state") == "done" {
        // Unlocked before the next batch was through: there was nothing to interrupt.
        return;
    }
    assert_eq!(text(&interrupted, "/state"), "interrupted", "{interrupted:#}");
    std::fs::write(&file, rows(0, 10)).unwrap();
    let error = desk.app.call("jobs.resume", json!({ "job": text(&job, "/id") })).await.unwrap_err();
    assert!(error.has("FILE_CHANGED"), "{error}");
}

#[tokio::test]
async fn a_list_is_exported_as_it_is_shown() {
    let desk = Desk::alone().await;
    let file = desk
        .file("cis.csv", "name,class,version,notes\nweb-2,server,'=1+1,x\nweb-1,server,2.0,y\nother,switch,3.0,z\n");
    import(&desk, &file, json!({})).await;
    let sheet = desk.folder.path().join("list.csv");
    let request = json!({
        "kind": "ci", "filter": "class:server", "sort": "name", "path": sheet,
        "columns": [{ "id": "name", "title": "Name" }, { "id": "version", "title": "Version" }, { "id": "state", "title": "State" }],
    });
    let job = desk.ok("export.start", request.clone()).await;
    let job = ended(&desk, &job).await;
    assert_eq!((&job["state"], &job["rows"]), (&json!("done"), &json!(2)), "{job:#}");
    assert!(text(&job, "/note").contains("apostrophe"), "the guard is stated");
    assert_eq!(
        std::fs::read_to_string(&sheet).unwrap(),
        "Name,Version,State\r\nweb-1,2.0,in use\r\nweb-2,'=1+1,in use\r\n"
    );
    let mut plain = request.clone();
    plain["formulas"] = json!(true);
    let job = desk.ok("export.start", plain).await;
    ended(&desk, &job).await;
    assert!(std::fs::read_to_string(&sheet).unwrap().contains("web-2,=1+1,"), "as it is, where that is wanted");
    let mut as_json = request;
    as_json["format"] = json!("json");
    let job = desk.ok("export.start", as_json).await;
    ended(&desk, &job).await;
    let rows: Value = serde_json::from_str(&std::fs::read_to_string(&sheet).unwrap()).unwrap();
    assert_eq!(rows[1], json!({ "name": "web-2", "version": "=1+1", "state": "in use" }));

    for wrong in [
        json!({ "kind": "ci", "sort": "colour", "path": sheet }),
        json!({ "kind": "ci", "path": "/nowhere/at/all.csv" }),
    ] {
        desk.app.call("export.start", wrong).await.unwrap_err();
    }
}

#[tokio::test]
async fn jobs_that_ended_are_forgotten_when_asked() {
    let desk = Desk::alone().await;
    let file = desk.file("cis.csv", "name,class\nweb,server\n");
    let job = import(&desk, &file, json!({})).await;
    let jobs = desk.ok("jobs.dismiss", json!({ "job": text(&job, "/id") })).await;
    assert_eq!(list(&jobs, "/jobs").len(), 0);
    let gone = desk.app.call("jobs.get", json!({ "job": text(&job, "/id") })).await.unwrap_err();
    assert!(gone.has("NOT_FOUND"), "{gone}");
    let nonsense = desk.app.call("jobs.get", json!({ "job": "nonsense" })).await.unwrap_err();
    assert!(nonsense.has("NOT_FOUND"), "{nonsense}");
}
