//! Quarantine and what items are made of, between laptops: keys of vendors, verified lists and signatures, the scanner,
//! SBOMs.

use crate::masters::{call, job, written};
use crate::support::{Centre, Laptop};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha512};
use slipway_app::App;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::people::Role;
use ssh_key::private::{Ed25519Keypair, PrivateKey};
use ssh_key::{HashAlg, LineEnding};
use std::path::Path;

fn key() -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[5; 32]))
}

fn signature(bytes: &[u8]) -> String {
    key().sign("file", HashAlg::Sha512, bytes).unwrap().to_pem(LineEnding::LF).unwrap()
}

async fn an_item(app: &App, name: &str, paths: &[&Path]) -> String {
    let hand_in = json!({ "name": name, "version": "9.4", "paths": paths });
    call(app, "dsl.submit", hand_in).await["record"]["id"].as_str().unwrap().to_owned()
}

/// A check of an item as its page shows it: how it stands, and what was seen.
async fn seen(app: &App, item: &str, check: &str) -> (String, String) {
    let page = call(app, "dsl.get", json!({ "item": item })).await;
    let line = page["checks"].as_array().unwrap().iter().find(|line| line["check"] == check).unwrap().clone();
    (line["pill"]["label"].as_str().unwrap().to_owned(), line["note"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_says_of_the_files_is_verified_and_recorded() {
    let centre = Centre::start().await;
    centre.hire("lara", Role::DslLibrarian);
    let lara = Laptop::signed_in(&centre, "lara").await;
    lara.sync().await.unwrap();
    let (app, folder) = (lara.app().await, tempfile::tempdir().unwrap());
    let public = key().public_key().to_openssh().unwrap();
    let add = json!({ "vendor": "Quayside", "name": "Quayside 2026", "key": public });
    call(&app, "dsl.add_key", add.clone()).await;
    assert!(app.call("dsl.add_key", add).await.unwrap_err().has("NAME_TAKEN"));
    let wrong = json!({ "vendor": "Quayside", "name": "Other", "key": "no key" });
    assert!(app.call("dsl.add_key", wrong).await.unwrap_err().has("WRONG_KEY"));

    let (deb, iso) = (b"a package".to_vec(), vec![3; 400_000]);
    let list = format!(
        "{}  ./payroll.deb\nSHA512 (payroll.iso) = {}\n",
        hex::encode(Sha256::digest(&deb)),
        hex::encode(Sha512::digest(&iso))
    );
    let files = [
        written(folder.path(), "payroll.deb", &deb),
        written(folder.path(), "payroll.iso", &iso),
        written(folder.path(), "SHA256SUMS", list.as_bytes()),
        written(folder.path(), "SHA256SUMS.sig", signature(list.as_bytes()).as_bytes()),
    ];
    let item = an_item(&app, "Payroll", &files.iter().map(|f| f.as_path()).collect::<Vec<_>>()).await;
    let done = job(&app, "dsl.verify", json!({ "item": item })).await;
    assert_eq!(done["state"], "done", "{done}");
    let (pill, note) = seen(&app, &item, "checksum").await;
    assert_eq!(pill, "passed", "{note}");
    assert!(note.contains("payroll.iso equals SHA256SUMS (SHA-512)"), "{note}");
    let (pill, note) = seen(&app, &item, "signature").await;
    assert_eq!(pill, "passed", "{note}");
    assert!(
        note.contains("SHA256SUMS is signed by Quayside 2026") && note.contains("payroll.deb is in the signed"),
        "{note}"
    );

    // One byte of one file, and a key that is believed no more.
    let other = written(folder.path(), "payroll.iso", &[4; 400_000]);
    let item = an_item(&app, "Payroll twin", &[&files[0], &other, &files[2], &files[3]]).await;
    call(&app, "dsl.retire_key", json!({ "key": "quayside 2026", "reason": "leaked" })).await;
    job(&app, "dsl.verify", json!({ "item": item })).await;
    let (pill, note) = seen(&app, &item, "checksum").await;
    assert!(pill == "failed" && note.starts_with("payroll.iso: another SHA-512"), "{note}");
    let (pill, note) = seen(&app, &item, "signature").await;
    assert!(pill == "failed" && note.contains("retired: leaked"), "{note}");

    // Nothing to verify by is no result.
    let item = an_item(&app, "Bare", &[&files[0]]).await;
    let done = job(&app, "dsl.verify", json!({ "item": item })).await;
    assert!(done["note"].as_str().unwrap().contains("no list of checksums"), "{done}");
    assert_eq!(seen(&app, &item, "checksum").await.0, "not recorded");
    assert_eq!(lara.sync().await.unwrap().refused, 0);
    assert_eq!(lara.hash(), centre.state_hash());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_scanner_of_this_computer_looks_at_every_file() {
    let centre = Centre::start().await;
    centre.hire("lara", Role::DslLibrarian);
    let lara = Laptop::signed_in(&centre, "lara").await;
    lara.sync().await.unwrap();
    let (app, folder) = (lara.app().await, tempfile::tempdir().unwrap());
    let (clean, bad) =
        (written(folder.path(), "clean.bin", b"fine"), written(folder.path(), "bad.bin", b"with EICAR in it"));
    let item = an_item(&app, "Scanned", &[&clean]).await;
    assert!(app.call("dsl.scan", json!({ "item": item })).await.unwrap_err().has("NO_SCANNER"));
    let script = "grep -q EICAR \"$1\" && echo \"$1: Eicar FOUND\" && exit 1; echo OK";
    call(&app, "dsl.scanner", json!({ "command": ["sh", "-c", script, "scan"] })).await;
    job(&app, "dsl.scan", json!({ "item": item })).await;
    assert_eq!(seen(&app, &item, "malware_scan").await, ("passed".into(), "sh found nothing in 1 file. OK".into()));
    let item = an_item(&app, "Infected", &[&clean, &bad]).await;
    job(&app, "dsl.scan", json!({ "item": item })).await;
    let (pill, note) = seen(&app, &item, "malware_scan").await;
    assert_eq!((pill.as_str(), note.as_str()), ("failed", "sh found something. bad.bin: bad.bin: Eicar FOUND."));
    call(&app, "dsl.scanner", json!({ "command": ["sh", "-c", "exit 2"] })).await;
    let failed = job(&app, "dsl.scan", json!({ "item": item })).await;
    assert_eq!(failed["error"]["code"], "SCAN_FAILED", "a scanner that failed found nothing: {failed}");
}

fn bom(version: &str, more: &str) -> String {
    format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","metadata":{{"component":{{"name":"payroll","version":"9"}}}},
        "components":[{{"type":"library","group":"org.apache.logging.log4j","name":"log4j-core","version":"{version}",
        "purl":"pkg:maven/org.apache.logging.log4j/log4j-core@{version}","licenses":[{{"license":{{"id":"Apache-2.0"}}}}]}},
        {{"type":"library","name":"zlib","version":"1.3","licenses":[{{"license":{{"id":"Zlib"}}}}]}}{more}]}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_component_is_is_answered_on_every_laptop() {
    let centre = Centre::start().await;
    let (anna, bea) = (Laptop::signed_in(&centre, "anna").await, Laptop::signed_in(&centre, "bea").await);
    anna.sync().await.unwrap();
    let (app, folder) = (anna.app().await, tempfile::tempdir().unwrap());
    let file = written(folder.path(), "payroll.bin", b"payroll");
    let (old, new) = (an_item(&app, "Payroll", &[&file]).await, an_item(&app, "Payroll next", &[&file]).await);
    let many: String = (0..600).map(|n| format!(r#",{{"name":"part-{n}","version":"{n}"}}"#)).collect();
    for (item, document) in [(&old, bom("2.14.1", &many)), (&new, bom("2.17.0", ""))] {
        let path = written(folder.path(), "bom.json", document.as_bytes());
        let done = job(&app, "dsl.read_sbom", json!({ "item": item, "path": path })).await;
        assert_eq!(done["state"], "done", "{done}");
    }
    let broken = written(folder.path(), "broken.json", b"{}");
    let failed = job(&app, "dsl.read_sbom", json!({ "item": old, "path": broken })).await;
    assert_eq!(failed["error"]["code"], "NO_SBOM", "{failed}");
    let mut payroll = crate::support::a_ci("Payroll");
    payroll.class = "server".into();
    payroll.version = "9.4".into();
    anna.issue(Command::Cmdb(CmdbCommand::CreateCi(Box::new(payroll)))).unwrap();
    anna.sync().await.unwrap();
    bea.sync().await.unwrap();
    let theirs = bea.app().await;
    let page = call(&theirs, "dsl.components", json!({ "item": old, "filter": "log4j" })).await;
    assert_eq!((page["total"].as_u64(), page["missing_parts"].as_u64()), (Some(1), Some(0)), "{page}");
    assert_eq!(page["sbom"]["components"], 602);
    assert_eq!(page["licences"][0]["components"], 600, "most are under no licence that is told");
    let found = |asked: Value| {
        let theirs = theirs.clone();
        async move {
            let answer = call(&theirs, "components.find", asked).await;
            let items = answer["items"].as_array().unwrap().iter();
            items.map(|item| item["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    let (both, one) = (["Payroll 9.4", "Payroll next 9.4"], ["Payroll 9.4"]);
    assert_eq!(found(json!({ "name": "log4j" })).await, both);
    assert_eq!(found(json!({ "name": "log4j-core", "version": "<2.17" })).await, one);
    assert_eq!(found(json!({ "package": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1" })).await, one);
    assert_eq!(found(json!({ "licence": "zlib" })).await, both);
    assert_eq!(found(json!({ "name": "part-599" })).await, one);
    let installed = call(&theirs, "components.find", json!({ "name": "log4j-core", "version": "2.14.1" })).await;
    assert_eq!(installed["items"][0]["cis"][0]["label"], "Payroll", "where it is installed: {installed}");
    assert_eq!(found(json!({ "name": "log4shell" })).await, Vec::<String>::new());
    for (asked, code) in [
        (json!({}), "NOTHING_ASKED"),
        (json!({ "name": "x", "version": "newer than 2" }), "NO_VERSION_RANGE"),
        (json!({ "package": "log4j" }), "NO_PACKAGE_URL"),
    ] {
        assert!(theirs.call("components.find", asked).await.unwrap_err().has(code), "{code}");
    }
    let differs = call(&theirs, "dsl.compare", json!({ "from": old, "to": new })).await;
    assert_eq!(differs["changed"][0]["name"], "org.apache.logging.log4j/log4j-core", "{differs}");
    assert_eq!(
        (&differs["changed"][0]["from"][0], &differs["changed"][0]["to"][0]),
        (&json!("2.14.1"), &json!("2.17.0"))
    );
    assert_eq!((differs["removed"].as_array().unwrap().len(), differs["unchanged"].as_u64()), (600, Some(1)));
    assert_eq!(bea.hash(), centre.state_hash());
}
