//! Photos between laptops: added without a network, sent after their record, fetched when looked at; and after a server
//! was restored.

use crate::support::{Centre, Laptop, a_ci};
use base64::Engine;
use serde_json::{Value, json};
use slipway_app::App;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::CiId;
use slipway_domain::people::Role;
use std::io::Cursor;

/// A picture of some hundred kilobytes, another for each seed.
fn picture(seed: u32) -> String {
    let image = image::RgbImage::from_fn(400, 300, |x, y| {
        let n = (x * 31 + y * 17 + seed).wrapping_mul(2_654_435_761);
        image::Rgb([n.to_le_bytes()[1], n.to_le_bytes()[2], 90])
    });
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    base64::engine::general_purpose::STANDARD.encode(bytes.into_inner())
}

async fn call(app: &App, name: &str, request: Value) -> Value {
    app.call(name, request).await.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Names of a CI's photos and where their bytes are.
async fn places(app: &App, ci: CiId) -> Vec<(String, String)> {
    let list = call(app, "photos.list", json!({ "ci": ci })).await;
    let photos = list["photos"].as_array().unwrap().iter();
    photos.map(|p| (p["name"].as_str().unwrap().to_owned(), p["place"].as_str().unwrap().to_owned())).collect()
}

async fn id(app: &App, ci: CiId, at: usize) -> String {
    let list = call(app, "photos.list", json!({ "ci": ci })).await;
    list["photos"][at]["id"].as_str().unwrap().to_owned()
}

fn one(name: &str, place: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), place.to_owned())]
}

async fn saved(app: &App, photo: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let saved = call(app, "photos.save", json!({ "photo": photo, "to": folder.path() })).await;
    std::fs::read(saved["path"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_added_in_a_cellar_is_sent_after_its_record_and_fetched_by_who_looks() {
    let mut centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    centre.stop().await;
    let web = a_ci("web-01");
    let ci = web.id;
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(web)))).unwrap();
    let app = anna.app().await;
    let add = json!({ "ci": ci, "data": picture(1), "file_name": "front.jpeg", "title": "Front" });
    call(&app, "photos.add", add.clone()).await;
    let again = app.call("photos.add", add).await.unwrap_err();
    assert!(again.has("SAME_PHOTO"), "{again}");
    assert_eq!(places(&app, ci).await, one("Front", "laptop_only"));
    let photo = id(&app, ci, 0).await;
    let url = call(&app, "photos.picture", json!({ "photo": photo, "size": "thumbnail" })).await;
    assert!(url["url"].as_str().unwrap().starts_with("data:image/jpeg;base64,"));
    assert_eq!((url["width"].as_u64(), url["height"].as_u64()), (Some(360), Some(270)));

    centre.resume().await;
    let report = anna.sync().await.unwrap();
    assert_eq!((report.pushed, report.refused, report.files_waiting), (2, 0, 0), "{report:?}");
    assert_eq!(places(&app, ci).await, one("Front", "here"));

    bea.sync().await.unwrap();
    let theirs = bea.app().await;
    assert_eq!(places(&theirs, ci).await, one("Front", "not_here"), "fetched only when looked at");
    call(&theirs, "photos.picture", json!({ "photo": photo, "size": "thumbnail" })).await;
    assert_eq!(places(&theirs, ci).await, one("Front", "here"));
    assert_eq!(saved(&theirs, &photo).await, saved(&app, &photo).await, "byte for byte");

    // Without a network what is here can be looked at, and what is not says so.
    call(&theirs, "photos.add", json!({ "ci": ci, "data": picture(2), "file_name": "rear.png" })).await;
    bea.sync().await.unwrap();
    anna.sync().await.unwrap();
    centre.stop().await;
    let rear = id(&app, ci, 1).await;
    let error = app.call("photos.picture", json!({ "photo": rear, "size": "screen" })).await.unwrap_err();
    assert!(error.has("SERVER_UNREACHABLE"), "{error}");
    call(&app, "photos.picture", json!({ "photo": photo, "size": "screen" })).await;

    // Removed, and put back.
    let removed = call(&app, "photos.remove", json!({ "photo": photo })).await;
    assert_eq!(places(&app, ci).await, one("rear.png", "not_here"));
    call(&app, "photos.put_back", removed["undo"].clone()).await;
    assert_eq!(places(&app, ci).await.len(), 2);
    centre.resume().await;
    assert_eq!(anna.sync().await.unwrap().files_waiting, 0);
    assert_eq!(anna.hash(), centre.state_hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_and_what_nobody_knew_in_a_stocktake_are_photographed_and_seen_elsewhere() {
    let mut centre = Centre::start().await;
    centre.hire("stan", Role::DhsStorekeeper);
    centre.hire("tom", Role::Technician);
    let (stan, tom) = (Laptop::signed_in(&centre, "stan").await, Laptop::signed_in(&centre, "tom").await);
    stan.sync().await.unwrap();
    centre.stop().await;
    let app = stan.app().await;
    call(&app, "dhs.put_model", json!({ "manufacturer": "Halden", "name": "R740", "part_numbers": ["H-740"] })).await;
    let place = json!({ "site": null, "store": "Spares A", "aisle": "", "shelf": "", "bin": "" });
    call(&app, "stocktakes.start", json!({ "title": "Week 48", "place": place })).await;
    call(&app, "stocktakes.see", json!({ "stocktake": "Week 48", "code": "NO-LABEL-7", "bin": place })).await;
    let page = call(&app, "stocktakes.get", json!({ "stocktake": "Week 48", "finding": "unknown" })).await;
    let sight = page["lines"][0]["id"].as_str().unwrap().to_owned();
    let of = [json!({ "model": "h-740" }), json!({ "sight": sight })];
    for (seed, of) in (1..).zip(&of) {
        let mut add = of.clone();
        add["data"] = picture(seed).into();
        add["file_name"] = "seen.png".into();
        call(&app, "photos.add", add.clone()).await;
        assert!(app.call("photos.add", add).await.unwrap_err().has("SAME_PHOTO"));
    }
    for wrong in [json!({}), json!({ "model": "h-740", "sight": sight })] {
        assert!(app.call("photos.list", wrong).await.unwrap_err().has("BAD_REQUEST"));
    }
    assert!(app.call("photos.list", json!({ "model": "no such" })).await.unwrap_err().has("NOT_FOUND"));

    centre.resume().await;
    let report = stan.sync().await.unwrap();
    assert_eq!((report.refused, report.files_waiting), (0, 0), "{report:?}");
    tom.sync().await.unwrap();
    let theirs = tom.app().await;
    for of in &of {
        let list = call(&theirs, "photos.list", of.clone()).await;
        let photo = list["photos"][0].clone();
        assert_eq!((&photo["name"], &photo["place"]), (&"seen.png".into(), &"not_here".into()), "{list}");
        let way_out = photo["against_changing"]["way_out"].as_str().unwrap();
        assert!(way_out.contains("a storekeeper"), "{way_out}");
        let id = photo["id"].as_str().unwrap();
        assert_eq!(saved(&theirs, id).await, saved(&app, id).await, "byte for byte");
    }

    // Taken back, the thing and its photo go; a model's photo goes and comes back.
    let unsee = json!({ "stocktake": "Week 48", "action": "unsee", "sight": sight });
    call(&app, "stocktakes.act", unsee).await;
    assert_eq!(call(&app, "photos.list", of[1].clone()).await["photos"], json!([]));
    let photo = call(&app, "photos.list", of[0].clone()).await["photos"][0]["id"].clone();
    let removed = call(&app, "photos.remove", json!({ "photo": photo })).await;
    call(&app, "photos.put_back", removed["undo"].clone()).await;
    assert_eq!(stan.sync().await.unwrap().refused, 0);
    assert_eq!(stan.hash(), centre.state_hash());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_server_has_the_photos_of_its_backup_and_gets_the_later_ones_again() {
    let mut centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    let web = a_ci("web-01");
    let ci = web.id;
    anna.sync().await.unwrap();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(web)))).unwrap();
    let app = anna.app().await;
    call(&app, "photos.add", json!({ "ci": ci, "data": picture(1), "title": "Before" })).await;
    anna.sync().await.unwrap();
    let backup = centre.backed_up();
    call(&app, "photos.add", json!({ "ci": ci, "data": picture(2), "title": "After" })).await;
    anna.sync().await.unwrap();
    let (before, after) = (id(&app, ci, 0).await, id(&app, ci, 1).await);
    centre.stop().await;
    centre.restored(&backup);
    centre.resume().await;

    bea.sync().await.unwrap();
    let theirs = bea.app().await;
    assert_eq!(places(&theirs, ci).await, one("Before", "not_here"));
    assert_eq!(saved(&theirs, &before).await, saved(&app, &before).await, "it was in the backup");
    assert_eq!(anna.sync().await.unwrap().files_waiting, 0);
    bea.sync().await.unwrap();
    assert_eq!(saved(&theirs, &after).await, saved(&app, &after).await, "the laptop that has it sent it again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_whose_record_is_refused_is_not_sent_and_names_what_is_wrong() {
    let centre = Centre::start().await;
    let anna = Laptop::signed_in(&centre, "anna").await;
    anna.sync().await.unwrap();
    let app = anna.app().await;
    let web = a_ci("web-01");
    let ci = web.id;
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(web)))).unwrap();
    for (request, code) in [
        (json!({ "ci": ci, "data": "not base64" }), "BAD_REQUEST"),
        (json!({ "ci": ci, "data": "PHN2Zz4=", "file_name": "photo.png" }), "NO_PICTURE"),
        (json!({ "ci": ci, "path": "/nowhere/photo.png" }), "FILE_UNREADABLE"),
        (json!({ "ci": ci }), "BAD_REQUEST"),
        (json!({ "ci": ci, "data": picture(1), "file_name": "../../up.png" }), "FILE_NAME_NOT_PLAIN"),
        (json!({ "ci": "no-such-ci", "data": picture(1) }), "NOT_FOUND"),
    ] {
        let error = app.call("photos.add", request).await.unwrap_err();
        assert!(error.has(code), "{code}: {error}");
    }
    assert_eq!(places(&app, ci).await, []);
    assert_eq!(anna.session.store().blob_room().unwrap().stored, 0, "nothing was written for what is refused");
    assert_eq!(anna.sync().await.unwrap().files_waiting, 0);
}
