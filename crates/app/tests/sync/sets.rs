//! Distribution sets: made on one laptop, verified without any, taken in by another.

use crate::masters::{call, job, written};
use crate::support::{Centre, Laptop};
use serde_json::{Value, json};
use slipway_app::dsl::set::verify;
use slipway_app::view::set::{SetReport, VerifySetRequest};
use slipway_domain::people::Role;
use std::fs;
use std::path::{Path, PathBuf};

/// Spoils a set, of which this is the folder and that the folder of its first item.
type Spoil = fn(&Path, &Path);

fn verified(folder: &Path, key: Option<&str>) -> SetReport {
    let request = VerifySetRequest { folder: folder.display().to_string(), key: key.map(str::to_owned) };
    verify(&request, &mut |_, _| ()).unwrap()
}

/// A copy of a set, as a stick carries it.
fn copied(from: &Path, to: &Path) -> PathBuf {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let at = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &at);
        } else {
            fs::copy(entry.path(), at).unwrap();
        }
    }
    to.to_owned()
}

fn replace(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_verified_where_no_server_was_seen_and_taken_in_by_another_laptop() {
    let mut centre = Centre::start().await;
    for (user, role) in [("rita", Role::ReleaseManager), ("lara", Role::DslLibrarian), ("tom", Role::Technician)] {
        centre.hire(user, role);
    }
    let rita = Laptop::signed_in(&centre, "rita").await;
    let lara = Laptop::signed_in(&centre, "lara").await;
    let tom = Laptop::signed_in(&centre, "tom").await;
    for laptop in [&rita, &lara, &tom] {
        laptop.sync().await.unwrap();
    }
    let (app, folder) = (rita.app().await, tempfile::tempdir().unwrap());
    let paths =
        [written(folder.path(), "payroll.deb", &[7; 300_000]), written(folder.path(), "readme.txt", b"read me")];
    let hand_in = json!({ "name": "Payroll/Core", "version": "9.4", "licence": "none", "paths": paths });
    let item = call(&app, "dsl.submit", hand_in).await["record"]["id"].as_str().unwrap().to_owned();
    let release = call(&app, "releases.create", json!({ "title": "Payroll 9.4", "release_type": "software" })).await;
    let release = release["record"]["id"].as_str().unwrap().to_owned();
    let to = folder.path().join("set");
    let export = json!({ "release": release, "to": to });
    assert!(app.call("dsl.export_set", export.clone()).await.unwrap_err().has("NO_COMPONENTS"));
    call(&app, "releases.act", json!({ "release": release, "action": "add_item", "item": item })).await;
    assert!(app.call("dsl.export_set", export.clone()).await.unwrap_err().has("NOT_A_MASTER"));
    rita.sync().await.unwrap();
    lara.sync().await.unwrap();
    let library = lara.app().await;
    for check in ["checksum", "signature", "malware_scan"] {
        let record = json!({ "item": item, "action": "record_check", "check": check, "passed": true, "note": "seen" });
        call(&library, "dsl.act", record).await;
    }
    call(&library, "dsl.act", json!({ "item": item, "action": "accept" })).await;
    for laptop in [&lara, &rita, &tom] {
        assert_eq!(laptop.sync().await.unwrap().refused, 0);
    }

    // From here on there is no server.
    centre.stop().await;
    let done = job(&app, "dsl.export_set", export.clone()).await;
    assert_eq!((done["state"].as_str(), done["rows"].as_u64()), (Some("done"), Some(2)), "{done}");
    assert!(app.call("dsl.export_set", export).await.unwrap_err().has("FILE_UNWRITABLE"), "it is not empty any more");
    let report = verified(&to, None);
    assert!(report.sound && report.files == 2 && report.signer.known.is_none(), "{report:?}");
    assert!(!report.signer.log.is_empty(), "the server gave its word for the device: {report:?}");
    let key = report.signer.key.clone();
    assert_eq!(verified(&to, Some(&key)).signer.known, Some(true));
    let other = verified(&to, Some("AAAA"));
    assert!(!other.sound && other.signer.known == Some(false), "{other:?}");
    let sums =
        std::process::Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(&to).status();
    assert!(sums.map_or(true, |status| status.success()), "any other program verifies the same list");

    // The same as one file: any tar opens it, and it comes out as the folder does.
    let one = folder.path().join("set.tar");
    let pack = json!({ "release": release, "to": one });
    let done = job(&app, "dsl.export_set", pack.clone()).await;
    assert_eq!((done["state"].as_str(), done["rows"].as_u64()), (Some("done"), Some(2)), "{done}");
    assert!(app.call("dsl.export_set", pack).await.unwrap_err().has("FILE_UNWRITABLE"), "it is there");
    let report = verified(&one, Some(&key));
    assert!(report.sound && report.files == 2 && report.signer.known == Some(true), "{report:?}");
    let out = folder.path().join("unpacked");
    tar::Archive::new(fs::File::open(&one).unwrap()).unpack(&out).unwrap();
    assert!(verified(&out, Some(&key)).sound);
    let packed = folder.path().join("packed elsewhere.tar");
    let mut tar = tar::Builder::new(fs::File::create(&packed).unwrap());
    tar.append_dir_all(".", &to).unwrap();
    tar.finish().unwrap();
    assert!(verified(&packed, Some(&key)).sound, "whatever packed it");
    let whole = fs::read(&one).unwrap();
    let spoilt_file = folder.path().join("spoilt.tar");
    let mut byte = whole.clone();
    let at = whole.windows(7).position(|bytes| bytes == b"read me").unwrap();
    byte[at] = b'R';
    fs::write(&spoilt_file, byte).unwrap();
    let report = verified(&spoilt_file, None);
    assert!(!report.sound && report.wrong[0].contains("is not the file that belongs"), "{report:?}");
    let import = job(&tom.app().await, "dsl.import_set", json!({ "folder": spoilt_file })).await;
    assert_eq!(import["error"]["code"], "SET_WRONG", "{import}");
    fs::write(&spoilt_file, &whole[..whole.len() / 2]).unwrap();
    let request = VerifySetRequest { folder: spoilt_file.display().to_string(), key: None };
    assert!(verify(&request, &mut |_, _| ()).unwrap_err().has("NO_SET"), "cut short");

    // Whatever is changed is found; what is no set any more says so.
    let inside = fs::read_dir(&to).unwrap().map(|e| e.unwrap().path()).find(|p| p.is_dir()).unwrap();
    let inside = inside.file_name().unwrap().to_owned();
    let spoilt: [(&str, Spoil, &str); 8] = [
        ("byte", |_, inside| fs::write(inside.join("readme.txt"), b"read mE").unwrap(), "is not the file that belongs"),
        ("short", |_, inside| fs::write(inside.join("readme.txt"), b"").unwrap(), "is not the file that belongs"),
        ("gone", |_, inside| fs::remove_file(inside.join("payroll.deb")).unwrap(), "is missing"),
        ("more", |set, _| fs::write(set.join("setup.exe"), b"x").unwrap(), "does not belong"),
        (
            "link",
            |_, inside| {
                fs::remove_file(inside.join("readme.txt")).unwrap();
                fs::create_dir(inside.join("readme.txt")).unwrap();
            },
            "cannot be read",
        ),
        (
            "manifest",
            |set, _| replace(&set.join("manifest.json"), "Payroll 9.4", "Payroll 9.5"),
            "is not what was signed",
        ),
        ("list", |set, _| fs::write(set.join("SHA256SUMS"), b"").unwrap(), "does not say what the manifest says"),
        (
            "server",
            |set, _| replace(&set.join("manifest.sig.json"), "log_name\": \"", "log_name\": \"x"),
            "not the server's",
        ),
    ];
    for (n, (name, spoil, why)) in spoilt.into_iter().enumerate() {
        let copy = copied(&to, &folder.path().join(format!("copy {n}")));
        spoil(&copy, &copy.join(&inside));
        let report = verified(&copy, None);
        assert!(!report.sound && report.wrong.iter().any(|wrong| wrong.contains(why)), "{name}: {report:?}");
        let import = job(&tom.app().await, "dsl.import_set", json!({ "folder": copy })).await;
        assert_eq!(import["error"]["code"], "SET_WRONG", "{name}: {import}");
    }
    for (n, (name, from, to_text)) in [
        ("climbs", "\"readme.txt\"", "\"../../readme.txt\""),
        ("twice", "\"readme.txt\"", "\"payroll.deb\""),
        ("other", "slipway.distribution-set.v1", "slipway.other.v1"),
        ("cut", "{", ""),
    ]
    .into_iter()
    .enumerate()
    {
        let copy = copied(&to, &folder.path().join(format!("no set {n}")));
        replace(&copy.join("manifest.json"), from, to_text);
        let request = VerifySetRequest { folder: copy.display().to_string(), key: None };
        assert!(verify(&request, &mut |_, _| ()).unwrap_err().has("NO_SET"), "{name}");
    }

    // Tom's laptop knows the item and has none of its bytes: the stick brings them.
    let theirs = tom.app().await;
    let place = |files: Value| files["files"][0]["place"].as_str().unwrap().to_owned();
    assert_eq!(place(call(&theirs, "dsl.files", json!({ "item": item })).await), "not_here");
    let taken = job(&theirs, "dsl.import_set", json!({ "folder": one })).await;
    assert_eq!((taken["state"].as_str(), taken["rows"].as_u64()), (Some("done"), Some(2)), "{taken}");
    assert_eq!(place(call(&theirs, "dsl.files", json!({ "item": item })).await), "here");
    let again = job(&theirs, "dsl.import_set", json!({ "folder": to })).await;
    assert_eq!(again["rows"], 0, "they are here: {again}");
}
