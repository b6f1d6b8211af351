//! A device that an administrator shuts out while its window is open.

use crate::places::{go, laptop_of};
use crate::support::server::Server;
use crate::support::window::Window;
use fantoccini::key::Key;
use serde_json::Value;

#[tokio::test]
async fn an_open_window_locks_when_its_device_is_shut_out_and_opens_when_it_is_let_in() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "ines");
    let devices = laptop.json(&["device", "list"]);
    let here = devices["devices"].as_array().unwrap().iter().find(|device| device["here"] == Value::Bool(true));
    let device = here.expect("this computer is in the list")["id"].as_str().unwrap().to_owned();

    let window = Window::open(laptop.profile()).await;
    window.wait_for_text("Inbox").await;
    go(&window, "/settings/devices").await;
    window.wait_for_text("This computer").await;
    assert_eq!(window.axe().await, Vec::<String>::new());
    window.screenshot("devices").await;

    server.administer(&["device", "revoke", "--device", &device], "");
    window.press(&char::from(Key::F8).to_string()).await;
    window.wait_for_text("This device was shut out").await;
    assert_eq!(window.axe().await, Vec::<String>::new());
    window.screenshot("shut-out").await;
    window.click_named("button", "Try again").await;
    window.wait_for_text("Not opened").await;

    server.administer(&["device", "allow", "--device", &device], "");
    window.click_named("button", "Try again").await;
    window.wait_for_text("Inbox").await;
    window.close().await;
}
