//! The main job through the window: approve in a cellar without a network, then sync; take a release on.

use crate::places::{go, laptop_of, release_in};
use crate::support::notifications;
use crate::support::server::Server;
use crate::support::window::Window;
use fantoccini::key::Key;
use std::time::{Duration, Instant};

/// Keys that a person confirms a sheet with.
fn confirm() -> String {
    format!("{}{}{}", char::from(Key::Control), char::from(Key::Enter), char::from(Key::Null))
}

#[tokio::test]
async fn an_approval_given_without_a_network_waits_and_reaches_the_release_manager() {
    let mut server = Server::with_sample();
    let (ines, jonas) = (laptop_of(&server, "ines"), laptop_of(&server, "jonas"));
    let pending = jonas.json(&["call", "inbox.get"]);
    let approval = &pending["approvals"][0]["approval"];
    let number = approval["subject"]["number"].as_str().expect("something waits for Jonas").to_owned();
    server.stop();

    let window = Window::open(jonas.profile()).await;
    window.wait_for_text_in("main", &number).await;
    window.screenshot("inbox-approvals").await;
    window.click("[role=grid] [role=row][aria-rowindex], [role=listbox] [role=option]").await;
    window.press("a").await;
    window.find("dialog[open]").await;
    window.screenshot("inbox-approve-sheet").await;
    window.press(&confirm()).await;
    window.wait_for_text("1 waiting").await;
    window.screenshot("inbox-approved-offline").await;

    server.start();
    window.press(&char::from(Key::F8).to_string()).await;
    window.wait_for_text("0 waiting").await;
    window.wait_for_text("online").await;
    window.close().await;

    ines.run(&["sync"]).expect_code(0);
    let call = if number.starts_with("REL") { ["release", "page"] } else { ["change", "show"] };
    let page = ines.json(&[call[0], call[1], &number]);
    assert!(page["approvals"].to_string().contains("Jonas Weber"), "the vote arrived: {}", page["approvals"]);
}

#[tokio::test]
async fn a_release_is_created_blocked_with_its_reasons_and_advanced_by_keyboard() {
    let server = Server::with_sample();
    let ines = laptop_of(&server, "ines");
    let ready = release_in(&ines, "assess");
    let window = Window::open(ines.profile()).await;
    window.wait_for_text("Inbox").await;
    go(&window, "/releases").await;
    window.wait_for_text(&ready).await;
    window.press("n").await;
    window.find("dialog[open]").await;
    window.screenshot("new-release-sheet").await;
    window.press(&char::from(Key::Escape).to_string()).await;

    let made = ines.json(&["release", "new", "--title", "Empty so far", "--type", "software"]);
    let empty = made["record"]["label"].as_str().expect("a number").to_owned();
    go(&window, &format!("/releases/{empty}")).await;
    window.wait_for_text("The impact is not set").await;
    window.screenshot("release-blocked").await;

    go(&window, &format!("/releases/{ready}")).await;
    window.wait_for_text("Advance to Plan and design").await;
    window.click_named("button", "Advance to Plan and design").await;
    if window.count("dialog[open]").await > 0 {
        window.press(&confirm()).await;
    }
    window.wait_for_text("Advance to Build and test").await;
    let page = ines.json(&["release", "page", &ready]);
    assert_eq!(page["release"]["phase"], "plan_and_design", "the window and the command line see one profile");

    go(&window, &format!("/releases/{ready}/tasks")).await;
    window.wait_for_text("Scope and content").await;
    let tasks = page["tasks"].as_array().expect("tasks").len();
    for done in 1..=tasks {
        window.click("button[aria-label^='Done ']:not([aria-disabled=true]):not([disabled])").await;
        window.find("dialog[open] select").await;
        window
            .script(
                "const select = document.querySelector('dialog[open] select'); select.value = [...select.options] \
                 .find(o => o.textContent.trim() === 'Passed').value; \
                 for (const type of ['input', 'change']) select.dispatchEvent(new Event(type, {bubbles: true}))",
            )
            .await;
        window.press(&confirm()).await;
        window.wait_for_text(&format!("{done} of {tasks} done")).await;
    }
    window.screenshot("release-tasks-done").await;
    window.click_named("button", "Request approval").await;
    if window.count("dialog[open]").await > 0 {
        window.press(&confirm()).await;
    }
    window.wait_for_text("Approval pending").await;
    window.screenshot("release-approval-pending").await;
    window.close().await;
}

#[tokio::test]
async fn a_pending_approval_raises_a_notification_of_the_system_once() {
    let server = Server::with_sample();
    let (ines, jonas) = (laptop_of(&server, "ines"), laptop_of(&server, "jonas"));
    let window = Window::open(jonas.profile()).await;
    window.wait_for_text("online").await;
    let release = release_in(&ines, "distribution_and_rollout");
    ines.run(&["release", "request-approval", &release]).expect_code(0);
    ines.run(&["sync"]).expect_code(0);
    // Nobody touches Jonas's laptop: the server's word alone wakes it.
    let arrived = Instant::now();
    let shown = notifications::wait_for(&release);
    let delay = arrived.elapsed();
    println!("notified {} ms after the request had reached the server", delay.as_millis());
    assert!(delay < Duration::from_secs(2), "notified after {delay:?}");
    assert_eq!(shown.summary, "Waiting for your approval", "it says what is wanted");
    window.press(&char::from(Key::F8).to_string()).await;
    window.wait_for_text("online").await;
    assert_eq!(
        notifications::all().iter().filter(|n| n.body.contains(&release)).count(),
        1,
        "told once, not at every sync"
    );
    window.close().await;
}

#[tokio::test]
async fn a_scanner_that_types_an_a_and_enter_approves_nothing() {
    let server = Server::with_sample();
    let jonas = laptop_of(&server, "jonas");
    let before = jonas.json(&["call", "inbox.get"])["counts"]["approvals"].clone();
    let window = Window::open(jonas.profile()).await;
    window.wait_for_text("Inbox").await;
    window.click("[role=grid] [role=row][aria-rowindex], [role=listbox] [role=option]").await;
    // As a wedge scanner: a burst of keys a few milliseconds apart, ended by Enter.
    window
        .script(
            "let at = 0; for (const key of [...'NG1A2B', 'Enter']) setTimeout(() => \
             (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', \
             {key, bubbles: true, cancelable: true})), at += 9);",
        )
        .await;
    window.wait_for_text("NG1A2B").await;
    assert_eq!(window.count("dialog[open]").await, 0, "no sheet was opened by the A in the code");
    assert_eq!(jonas.json(&["call", "inbox.get"])["counts"]["approvals"], before, "and nothing was approved");
    window.close().await;
}
