//! Carry files in the window: out, judged at the server, and back in.

use crate::places::{go, laptop_of};
use crate::support::server::Server;
use crate::support::window::Window;

#[tokio::test]
async fn a_person_exports_what_waits_and_imports_the_answer() {
    let mut server = Server::with_sample();
    let laptop = laptop_of(&server, "mei");
    server.stop();
    laptop.run(&["ci", "new", "--name", "cellar-switch", "--class", "server"]).expect_code(0);
    let stick = tempfile::tempdir().unwrap();
    let file = stick.path().join("ines.carry");
    let (file, answer) = (file.to_str().unwrap().to_owned(), format!("{}.answer", file.display()));

    let window = Window::open(laptop.profile()).await;
    window.wait_for_text("Inbox").await;
    go(&window, "/settings/carry").await;
    window.wait_for_text("1 for the server").await;
    assert_eq!(window.axe().await, Vec::<String>::new());
    window.click_named("button", "Export for the server…").await;
    window.type_into("dialog input", &file).await;
    assert_eq!(window.axe().await, Vec::<String>::new());
    window.click("dialog .foot button.primary").await;
    window.wait_for_text("1 action written to").await;
    window.screenshot("carry-exported").await;

    server.administer(&["carry", "import", &file, "--answer", &answer], "");
    window.click_named("button", "Import…").await;
    window.type_into("dialog input", &answer).await;
    window.click("dialog .foot button.primary").await;
    window.wait_for_text("1 action took effect; 0 still wait").await;
    window.wait_for_text("0 for the server").await;
    window.wait_for_text("0 waiting").await;
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("carry-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{theme}");
    }
    window.close().await;
}
