//! The runbook in the window: planned ahead and rehearsed, then run with a hold in between.

use crate::places::{go, laptop_of, release_in};
use crate::support::server::Server;
use crate::support::window::Window;

async fn both_themes(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("{name}-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
    }
}

#[tokio::test]
async fn a_rollout_is_planned_ahead_rehearsed_and_run_with_a_hold() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "ines");
    let planned = release_in(&laptop, "build_and_test");
    let window = Window::open(laptop.profile()).await;
    window.wait_for_text("Inbox").await;

    go(&window, &format!("/releases/{planned}/runbook")).await;
    window.wait_for_text("No steps yet").await;
    window.click_named("button", "Plan the runbook").await;
    window.wait_for_text("Update system").await;
    window.click_named("button", "Rehearse").await;
    let first =
        laptop.json(&["release", "runbook", &planned])["steps"][0]["task"]["number"].as_str().unwrap().to_owned();
    window.click_named("button", &format!("Minutes of {first}")).await;
    window.type_into("dialog input", "3").await;
    window.click("dialog .foot button.primary").await;
    window.wait_for_text("rehearsed in").await;
    window.click_named("button", "Take over rehearsed times").await;
    window.wait_for_text("The plan has the rehearsed times").await;
    both_themes(&window, "runbook-rehearsed").await;

    let release = release_in(&laptop, "distribution_and_rollout");
    go(&window, &format!("/releases/{release}/runbook")).await;
    window.wait_for_text("Against time").await;
    window.wait_for_text("Next").await;
    both_themes(&window, "runbook-live").await;
    let ready = || {
        let book = laptop.json(&["release", "runbook", &release]);
        let steps = book["steps"].as_array().unwrap().clone();
        steps.into_iter().find(|s| s["task"]["ready"] == true).map(|s| s["task"]["number"].as_str().unwrap().to_owned())
    };
    let step = ready().expect("a step is ready");
    window.click_named("button", "Hold the rollout…").await;
    window.type_into("dialog textarea", "Monitoring is red").await;
    window.click("dialog .foot button.primary").await;
    window.wait_for_text("On hold since").await;
    window.wait_for_text("Monitoring is red").await;
    both_themes(&window, "runbook-held").await;
    let said = laptop.run(&["release", "task", &format!("{release}-{step}"), "start"]).expect_code(1).stderr;
    assert!(said.contains("was put on hold by"), "{said}");
    window.click_named("button", "Let the rollout go on").await;
    crate::support::wait::until_async("the hold to end", || async {
        (!window.seen().await.contains("On hold since")).then_some(())
    })
    .await;
    window.click_named("button", &format!("Start {step}")).await;
    window.wait_for_text("since").await;
    let book = laptop.json(&["release", "runbook", &release]).to_string();
    assert!(book.contains("Monitoring is red") && book.contains("in_progress"), "{book}");
    window.close().await;
}
