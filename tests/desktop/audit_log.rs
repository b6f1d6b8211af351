//! The audit log in the window: an alarm that stays until somebody says why, and the proof of what it has about a record.

use crate::places::{go, laptop_of};
use crate::support::ctl::Ctl;
use crate::support::server::Server;
use crate::support::wait;
use crate::support::window::Window;
use fantoccini::key::Key;
use std::fs;
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

#[tokio::test]
async fn a_server_put_back_in_silence_is_told_in_every_place_until_a_reason_is_given() {
    let mut server = Server::with_sample();
    let laptop = laptop_of(&server, "mei");
    server.stop();
    let old = tempfile::tempdir().unwrap();
    copy(&server.data(), old.path());
    server.start();
    laptop.run(&["ci", "new", "--name", "cellar-switch", "--class", "server"]).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    assert_eq!(laptop.json(&["log", "alarms"])["alarms"].as_array().unwrap().len(), 0);
    server.stop();
    fs::remove_dir_all(server.data()).unwrap();
    copy(old.path(), &server.data());
    server.start();

    let window = Window::open(laptop.profile()).await;
    window.wait_for_text("Entries were taken away").await;
    window.wait_for_text("Nothing is sent or fetched any more").await;
    for place in ["/releases", "/cmdb", "/inbox"] {
        go(&window, place).await;
        window.press(&char::from(Key::Escape).to_string()).await;
        assert_eq!(window.count(".alarms section.stops").await, 1, "{place}");
    }
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("log-alarm-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{theme}");
    }
    window.click_named("button", "Accept with a reason…").await;
    window.type_into("dialog textarea", "The disk failed, says Tom.").await;
    window.screenshot("log-alarm-reason").await;
    window.click("dialog .foot button.primary").await;
    wait::until_async("the alarm goes", async || (window.count(".alarms section").await == 0).then_some(())).await;
    let kept = laptop.json(&["log", "alarms"]);
    assert_eq!(kept["alarms"][0]["lifted"]["reason"], "The disk failed, says Tom.");
    window.close().await;
}

#[tokio::test]
async fn the_history_of_a_record_is_verified_against_the_log_and_its_proof_by_anybody() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "mei");
    laptop.run(&["ci", "new", "--name", "cellar-switch", "--class", "server"]).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("proof.json");
    let file = file.to_str().unwrap();
    let proof = laptop.json(&["log", "prove", "cellar-switch", "--output", file]);
    assert_eq!((&proof["whole"], proof["entries"].as_array().unwrap().len()), (&true.into(), 1), "{proof}");
    let key = laptop.json(&["log-checkpoint"])["key"].as_str().unwrap().to_owned();
    let anybody = Ctl::new();
    anybody.run(&["log", "verify", file, "--key", &key]).expect_code(0);
    fs::write(file, fs::read_to_string(file).unwrap().replace("\"seq_from\": ", "\"seq_from\": 1")).unwrap();
    anybody.run(&["log", "verify", file, "--key", &key]).expect_code(3);

    let proved: serde_json::Value = serde_json::from_str(proof["proof"].as_str().unwrap()).unwrap();
    let id = proved["record"].as_str().unwrap();
    let window = Window::open(laptop.profile()).await;
    window.wait_for_text("Inbox").await;
    go(&window, &format!("/cmdb/{id}/history")).await;
    window.wait_for_text("Create a ci").await;
    window.wait_for_text_in("footer", "online").await;
    window.click_named("button", "Verify in the audit log").await;
    window.wait_for_text("entries of the log are about").await;
    window.wait_for_text("Verified").await;
    window.wait_for_text("in the log").await;
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("log-proof-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{theme}");
    }
    window.close().await;
}
