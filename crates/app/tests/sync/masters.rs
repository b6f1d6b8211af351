//! Masters of the software library between laptops: taken in without a network, sent after their record, fetched, kept,
//! scrubbed and mended.

use crate::support::{Centre, Laptop};
use serde_json::{Value, json};
use slipway_app::App;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The same bytes each time, that no packing makes smaller.
fn noise(seed: u8, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut noise);
    noise
}

pub async fn call(app: &App, name: &str, request: Value) -> Value {
    app.call(name, request).await.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Begins a job and waits for its end.
pub async fn job(app: &App, name: &str, request: Value) -> Value {
    let begun = call(app, name, request).await;
    ended(app, &begun).await
}

async fn ended(app: &App, begun: &Value) -> Value {
    for _ in 0..3_000 {
        let job = call(app, "jobs.get", json!({ "job": begun["id"] })).await;
        if job["state"] != "running" {
            return job;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited in vain for the end of {begun}");
}

/// Names of an item's files and where their bytes are.
async fn places(app: &App, item: &str) -> Vec<(String, String)> {
    let list = call(app, "dsl.files", json!({ "item": item })).await;
    let files = list["files"].as_array().unwrap().iter();
    files.map(|f| (f["name"].as_str().unwrap().to_owned(), f["place"].as_str().unwrap().to_owned())).collect()
}

fn all(names: &[&str], place: &str) -> Vec<(String, String)> {
    names.iter().map(|name| ((*name).to_owned(), place.to_owned())).collect()
}

pub fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn chunk_files(laptop: &Laptop) -> Vec<PathBuf> {
    let fans = std::fs::read_dir(laptop.folder().join("slipway.blobs")).unwrap().map(|fan| fan.unwrap().path());
    let fans = fans.filter(|fan| fan.file_name().unwrap().len() == 2);
    fans.flat_map(|fan| std::fs::read_dir(fan).unwrap().map(|file| file.unwrap().path())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_master_taken_in_without_a_network_comes_whole_to_whoever_asks_for_it() {
    let mut centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    centre.stop().await;
    let (app, folder) = (anna.app().await, tempfile::tempdir().unwrap());
    let (large, small) = (noise(1, 5 << 20), b"read me".to_vec());
    let paths = [written(folder.path(), "payroll.iso", &large), written(folder.path(), "readme.txt", &small)];
    let hand_in = json!({ "name": "Payroll", "version": "9.4", "paths": [paths[0]] });
    let item = call(&app, "dsl.submit", hand_in).await["record"]["id"].as_str().unwrap().to_owned();
    let added = job(&app, "dsl.add_files", json!({ "item": item, "paths": [paths[1]] })).await;
    assert_eq!((added["state"].as_str(), added["done"].as_u64()), (Some("done"), Some(7)), "{added}");
    let names = ["payroll.iso", "readme.txt"];
    assert_eq!(places(&app, &item).await, all(&names, "laptop_only"));

    // Paused, the record goes and the bytes stay.
    centre.resume().await;
    call(&app, "files.pause", json!({ "paused": true })).await;
    assert_eq!(anna.sync().await.unwrap().files_waiting, 2);
    assert_eq!(places(&app, &item).await, all(&names, "waiting_for_upload"));
    let kept = call(&app, "dsl.evict_files", json!({ "item": item })).await;
    assert_eq!(kept["waiting"].as_array().unwrap().len(), 2, "what the server does not have is not removed: {kept}");
    call(&app, "files.pause", json!({ "paused": false })).await;
    assert_eq!(anna.sync().await.unwrap().files_waiting, 0);
    assert_eq!(places(&app, &item).await, all(&names, "here"));

    bea.sync().await.unwrap();
    let theirs = bea.app().await;
    assert_eq!(places(&theirs, &item).await, all(&names, "not_here"));
    let to = tempfile::tempdir().unwrap();
    centre.stop().await;
    let failed = job(&theirs, "dsl.get_files", json!({ "item": item, "to": to.path() })).await;
    assert_eq!((failed["state"].as_str(), failed["resumable"].as_bool()), (Some("failed"), Some(true)), "{failed}");
    centre.resume().await;
    let resumed = call(&theirs, "jobs.resume", json!({ "job": failed["id"] })).await;
    let got = ended(&theirs, &resumed).await;
    assert_eq!(got["state"], "done", "{got}");
    assert!(std::fs::read(to.path().join("payroll.iso")).unwrap() == large, "byte for byte");
    assert_eq!(std::fs::read(to.path().join("readme.txt")).unwrap(), small);
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 2, "nothing else is left there");
    let again = job(&theirs, "dsl.get_files", json!({ "item": item, "to": to.path() })).await;
    assert_eq!(again["state"], "done", "the same files are left alone");
    std::fs::write(to.path().join("readme.txt"), "mine").unwrap();
    let refused = job(&theirs, "dsl.get_files", json!({ "item": item, "to": to.path() })).await;
    assert_eq!(refused["error"]["code"], "FILE_UNWRITABLE", "nothing of another's is replaced: {refused}");
    assert_eq!(anna.hash(), centre.state_hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_mended_from_the_server_and_a_lost_one_is_sent_to_it_again() {
    let centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    let (app, folder) = (anna.app().await, tempfile::tempdir().unwrap());
    let path = written(folder.path(), "firmware.bin", &noise(2, 4 << 20));
    let hand_in = json!({ "name": "Halden BMC", "version": "2.88", "paths": [path] });
    let item = call(&app, "dsl.submit", hand_in).await["record"]["id"].as_str().unwrap().to_owned();
    anna.sync().await.unwrap();
    let sound = job(&app, "dsl.scrub", Value::Null).await;
    assert!(sound["note"].as_str().unwrap().contains("All are sound"), "{sound}");

    let spoiled = chunk_files(&anna).remove(0);
    let mut bytes = std::fs::read(&spoiled).unwrap();
    bytes[50] ^= 1;
    std::fs::write(&spoiled, bytes).unwrap();
    let mended = job(&app, "dsl.scrub", Value::Null).await;
    assert!(mended["note"].as_str().unwrap().contains("is mended from the server"), "{mended}");
    assert_eq!(places(&app, &item).await, all(&["firmware.bin"], "here"));
    assert!(job(&app, "dsl.scrub", Value::Null).await["note"].as_str().unwrap().contains("All are sound"));
    assert_eq!(std::fs::read_dir(anna.folder().join("slipway.blobs/quarantine")).unwrap().count(), 1, "put aside");

    // The server loses it, and finds that out by its own scrub.
    let file = centre.blob_file();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[7] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(centre.scrubbed(), 1);
    bea.sync().await.unwrap();
    let theirs = bea.app().await;
    let to = tempfile::tempdir().unwrap();
    let get = json!({ "item": item, "to": to.path() });
    assert_eq!(job(&theirs, "dsl.get_files", get.clone()).await["state"], "failed", "nobody gets what is damaged");
    let sent = job(&app, "dsl.scrub", Value::Null).await;
    assert!(sent["note"].as_str().unwrap().contains("it is sent again"), "{sent}");
    assert_eq!(anna.sync().await.unwrap().files_waiting, 0);
    assert_eq!(job(&theirs, "dsl.get_files", get).await["state"], "done");
    assert!(std::fs::read(to.path().join("firmware.bin")).unwrap() == noise(2, 4 << 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_stays_and_what_the_server_has_makes_way() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let (app, folder) = (anna.app().await, tempfile::tempdir().unwrap());
    let mut items = Vec::new();
    for n in 1..=2 {
        let path = written(folder.path(), &format!("part-{n}.bin"), &noise(n, 300_000));
        let hand_in = json!({ "name": format!("Part {n}"), "version": "1", "paths": [path] });
        items.push(call(&app, "dsl.submit", hand_in).await["record"]["id"].as_str().unwrap().to_owned());
    }
    let again = json!({ "name": "Part 1", "version": "1", "paths": [folder.path().join("part-1.bin")] });
    assert!(app.call("dsl.submit", again).await.unwrap_err().has("VERSION_EXISTS"));
    anna.sync().await.unwrap();
    let kept = call(&app, "dsl.keep_files", json!({ "item": items[0], "kept": true })).await;
    assert_eq!((&kept["kept"], &kept["files"][0]["kept"]), (&json!(true), &json!(true)));
    let room = call(&app, "files.room", json!({ "quota_bytes": 400_000 })).await;
    assert_eq!((room["kept_bytes"].as_u64(), room["waiting_files"].as_u64()), (Some(300_000), Some(0)), "{room}");
    assert_eq!(places(&app, &items[0]).await, all(&["part-1.bin"], "here"));
    assert_eq!(places(&app, &items[1]).await, all(&["part-2.bin"], "not_here"), "it made way");
    let full = job(&app, "dsl.get_files", json!({ "item": items[1] })).await;
    assert_eq!(full["error"]["code"], "FILES_FULL", "{full}");
    let gone = call(&app, "dsl.evict_files", json!({ "item": items[0] })).await;
    assert_eq!(gone["files"], 1, "by hand also what was kept: {gone}");
    assert_eq!(job(&app, "dsl.get_files", json!({ "item": items[1] })).await["state"], "done");
    let none = job(&app, "dsl.scrub", Value::Null).await;
    assert_eq!(none["rows"], 1, "{none}");
    let error = app.call("dsl.add_files", json!({ "item": items[0], "paths": ["/nowhere/x"] })).await.unwrap_err();
    assert!(error.has("FILE_UNREADABLE"), "{error}");
    let empty = written(folder.path(), "empty", b"");
    let error = app.call("dsl.add_files", json!({ "item": items[0], "paths": [empty] })).await.unwrap_err();
    assert!(error.has("FILE_EMPTY"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_take_no_more_of_the_line_than_was_left_to_them() {
    let centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    let (app, folder) = (anna.app().await, tempfile::tempdir().unwrap());
    let path = written(folder.path(), "payroll.iso", &noise(4, 3 << 20));
    let hand_in = json!({ "name": "Payroll", "version": "9.4", "paths": [path] });
    let item = call(&app, "dsl.submit", hand_in).await["record"]["id"].as_str().unwrap().to_owned();
    let limit = json!({ "limit_bytes_per_second": 1 << 20 });
    assert_eq!(call(&app, "files.room", limit.clone()).await["limit_bytes_per_second"], 1 << 20);
    let began = Instant::now();
    assert_eq!(anna.sync().await.unwrap().files_waiting, 0);
    assert!(began.elapsed() >= Duration::from_secs(2), "sent within {:?}", began.elapsed());

    bea.sync().await.unwrap();
    let theirs = bea.app().await;
    call(&theirs, "files.room", limit).await;
    let began = Instant::now();
    let got = job(&theirs, "dsl.get_files", json!({ "item": item })).await;
    assert_eq!(got["state"], "done", "{got}");
    assert!(began.elapsed() >= Duration::from_secs(2), "fetched within {:?}", began.elapsed());
    let all = call(&theirs, "files.room", json!({ "limit_bytes_per_second": 0 })).await;
    assert_eq!(all["limit_bytes_per_second"], 0);
}
