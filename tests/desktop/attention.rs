//! What a person who worked without a network meets afterwards in the window: mine and theirs, decided by keyboard; a
//! fact against a rule, decided by the release manager.

use crate::places::laptop_of;
use crate::support::server::Server;
use crate::support::window::Window;
use fantoccini::key::Key;
use serde_json::json;

fn confirm() -> String {
    format!("{}{}{}", char::from(Key::Control), char::from(Key::Enter), char::from(Key::Null))
}

#[tokio::test]
async fn a_text_that_two_people_wrote_is_decided_in_the_inbox() {
    let server = Server::with_sample();
    let (ines, tom) = (laptop_of(&server, "ines"), laptop_of(&server, "tom"));
    let list = ines.json(&["release", "list", "phase:plan_and_design"]);
    let release = list["rows"][0]["id"].as_str().expect("a release").to_owned();
    let number = list["rows"][0]["label"].as_str().expect("a number").to_owned();
    let title = ines.json(&["release", "page", &number])["release"]["title"].clone();
    let edit = |to: &str| {
        let edits = json!([{ "title": { "from": title, "to": to } }]);
        json!({ "command": { "release": [release, { "edit": edits }] } }).to_string()
    };
    ines.run(&["call", "issue", &edit("As Ines wrote it")]).expect_code(0);
    tom.run(&["call", "issue", &edit("As Tom wrote it")]).expect_code(0);
    ines.run(&["sync"]).expect_code(0);
    tom.run(&["sync"]).expect_code(0);

    let window = Window::open(tom.profile()).await;
    window.wait_for_text("Needs attention").await;
    window.wait_for_text("As Ines wrote it").await;
    let mut faults = Vec::new();
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("inbox-attention-{theme}")).await;
        faults.extend(window.axe().await);
    }
    assert!(faults.is_empty(), "axe found:\n{}", faults.join("\n"));
    // A letter opens the sheet and decides nothing.
    window.press("d").await;
    window.find("dialog[open]").await;
    window.screenshot("inbox-attention-discard").await;
    window.press(&char::from(Key::Escape).to_string()).await;
    window.click_named("button", "Keep mine: title").await;
    window.wait_for_text("0 need attention").await;
    window.close().await;
    tom.run(&["sync"]).expect_code(0);
    ines.run(&["sync"]).expect_code(0);
    let page = ines.json(&["release", "page", &number]);
    assert_eq!(page["release"]["title"], "As Tom wrote it", "mine was set again, against what was there");
}

#[tokio::test]
async fn what_was_done_against_a_rule_is_decided_by_the_release_manager() {
    let server = Server::with_sample();
    let (dana, aaron) = (laptop_of(&server, "dana"), laptop_of(&server, "aaron"));
    let list = aaron.json(&["dhs", "list", "state:in_store"]);
    let unit = list["rows"][0]["label"].as_str().expect("a unit").to_owned();
    let bin = json!({ "site": null, "store": "Van 3", "aisle": "", "shelf": "", "bin": "" });
    let moved = json!({ "unit": unit, "action": "transfer", "bin": bin }).to_string();
    let disposed = json!({ "unit": unit, "action": "dispose", "reason": "not on its shelf" }).to_string();
    aaron.run(&["call", "dhs.act", &moved]).expect_code(0);
    dana.run(&["call", "dhs.act", &disposed]).expect_code(0);
    dana.run(&["sync"]).expect_code(0);
    aaron.run(&["sync"]).expect_code(0);
    let ines = laptop_of(&server, "ines");
    let listed = ines.json(&["exception", "list"]);
    assert_eq!(listed["items"][0]["findings"][0]["code"], "UNIT_STATE", "the same through slipwayctl: {listed}");

    let window = Window::open(ines.profile()).await;
    window.wait_for_text("Done against a rule").await;
    window.click("[role=option][data-id] .title").await;
    window.screenshot("inbox-exception").await;
    let faults = window.axe().await;
    assert!(faults.is_empty(), "axe found:\n{}", faults.join("\n"));
    window.click_named("button", "Accept…").await;
    window.find("dialog[open] textarea").await;
    window.press("seen in van 3").await;
    window.press(&confirm()).await;
    window.wait_for_text("1 waiting").await;
    window.close().await;
    let page = ines.json(&["dhs", "show", &unit]);
    assert_eq!(page["unit"]["state"], "in_store", "the record follows");
}
