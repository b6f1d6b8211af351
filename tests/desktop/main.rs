//! The real window through WebDriver. One module per place.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]

mod accounts;
mod attention;
mod audit_log;
mod calendar;
mod carry;
mod classes;
mod dhs;
mod dsl;
mod hostile;
mod impact;
mod import;
mod large;
mod many;
mod opening;
mod photos;
mod places;
mod plans;
mod reconcile;
mod runbook;
mod start;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod trees;

use support::wait;
use support::window::Window;

#[tokio::test]
async fn the_window_opens_on_a_fresh_profile_and_paints() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(&folder.path().join("profile")).await;
    // The page is read before the application has answered where it stands.
    wait::until_async("a window that tells what to do", || async {
        (!window.seen().await.trim().is_empty()).then_some(())
    })
    .await;
    let picture = window.screenshot("fresh-profile").await;
    assert!(std::fs::metadata(picture).unwrap().len() > 1_000, "the picture holds something");
    window.close().await;
}
