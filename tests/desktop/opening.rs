//! What the system hands to the desktop: links to records, and carry files.

use crate::places::laptop_of;
use crate::support::program;
use crate::support::server::Server;
use crate::support::window::Window;
use std::process::Command;

#[tokio::test]
async fn a_link_opens_its_record_and_a_second_call_hands_its_file_over() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "ines");
    let stick = tempfile::tempdir().unwrap();
    let file = stick.path().join("of ann & co.carry");
    std::fs::write(&file, "not sealed at all").unwrap();

    let window = Window::open_for(laptop.profile(), &["slipway://cmdb/CI-000001"]).await;
    window.wait_for_text_in("main", "Cargo tracking").await;
    // It finds the window that is there, hands over and ends.
    let second = Command::new(program("slipway")).arg(&file).env("SLIPWAY_PROFILE", laptop.profile()).status();
    assert!(second.unwrap().success());
    window.wait_for_text_in("dialog", "Import a carry file").await;
    let path = window.script("return document.querySelector('dialog input').value").await;
    assert_eq!(path, file.to_str().unwrap(), "the file is named, and nothing is done before it is said");
    assert_eq!(window.axe().await, Vec::<String>::new());
    window.screenshot("carry-opened").await;
    window.click("dialog .foot button.primary").await;
    window.wait_for_text_in("dialog", "no carry file").await;
    window.close().await;
}
