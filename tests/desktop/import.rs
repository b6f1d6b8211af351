//! Files in and out through the window: a file with bad rows is looked at, tried, taken, its bad rows saved, mended and
//! imported again; and a list is exported.

use crate::places::{go, laptop_of};
use crate::support::server::Server;
use crate::support::wait;
use crate::support::window::Window;

const FILE: &str = "Hostname;Type;Serial No.;Criticality;Leistung\n\
    imp-web-01;server;IS-1;high;1,5\n\
    imp-web-02;server;IS-2;3;2,0\n\
    imp-web-03;server;IS-3;low;2,5\n\
    imp-web-04;server\n\
    imp-web-01;server;IS-5;low;\n";

/// The window in both themes: axe finds nothing, and the picture is there to be looked at.
async fn show(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
        window.screenshot(&format!("{name}-{theme}")).await;
    }
}

#[tokio::test]
async fn bad_rows_are_reported_saved_mended_and_taken_without_duplicates() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "mei");
    let folder = tempfile::tempdir().unwrap();
    let (file, bad) = (folder.path().join("inventory.csv"), folder.path().join("bad.csv"));
    std::fs::write(&file, FILE).unwrap();
    let window = Window::open(laptop.profile()).await;
    window.wait_for_text("Inbox").await;
    go(&window, "/cmdb").await;
    window.click_named("button", "Import…").await;
    window.type_into("dialog input[type=text]", file.to_str().unwrap()).await;
    window.click_named("dialog button", "Look at the file").await;
    window.wait_for_text("The first rows as they would be taken").await;
    window.wait_for_text("imp-web-01").await;
    show(&window, "import-mapping").await;

    window.click_named("dialog button", "Dry run").await;
    window.wait_for_text("Dry run done").await;
    window.wait_for_text("Would be created").await;
    show(&window, "import-dry-run").await;

    window.click_named("dialog button", "Back to the columns").await;
    window.click("dialog .foot button.primary").await;
    window.wait_for_text("Import done").await;
    window.wait_for_text("Created").await;
    window.wait_for_text("Why it was refused").await;
    window.wait_for_text("the header has 5").await;
    show(&window, "import-report").await;
    window.type_into("dialog input[type=text]", bad.to_str().unwrap()).await;
    window.click_named("dialog button", "Save the refused rows").await;
    wait::until("the file of the refused rows", || bad.is_file().then_some(()));
    let text = std::fs::read_to_string(&bad).unwrap();
    assert!(text.starts_with("Hostname;Type;Serial No.;Criticality;Leistung;refused_because"), "{text}");
    assert_eq!(text.lines().count(), 4, "three rows were refused: {text}");

    // Mended by hand: a name for the number, the missing fields, and another name for the double.
    let mended = "Hostname;Type;Serial No.;Criticality;Leistung;refused_because\n\
        imp-web-02;server;IS-2;medium;2,0;was a number\n\
        imp-web-04;server;IS-4;low;1,0;was cut\n\
        imp-web-05;server;IS-5;low;;was there twice\n";
    std::fs::write(&bad, mended).unwrap();
    window.click_named("dialog button", "Another file").await;
    window.wait_for_text("A path on this computer").await;
    window.type_into("dialog input[type=text]", bad.to_str().unwrap()).await;
    window.click_named("dialog button", "Look at the file").await;
    window.wait_for_text("mapped as the last time").await;
    window.click("dialog .foot button.primary").await;
    window.wait_for_text("Import done").await;
    window.click_named("dialog button", "Close").await;

    // Once more from the whole file: what is in is in, nothing is doubled.
    window.type_into("input[type=search]", "imp-web").await;
    window.wait_for_text("imp-web-05").await;
    window.click_named("button", "View of CMDB").await;
    window.click_named("[role=menuitem]", "Export…").await;
    let sheet = folder.path().join("list.csv");
    window.type_into("dialog input[type=text]", sheet.to_str().unwrap()).await;
    window.click("dialog .foot button.primary").await;
    wait::until("the exported list", || sheet.is_file().then_some(()));
    let list = std::fs::read_to_string(&sheet).unwrap();
    assert_eq!(list.lines().count(), 6, "five CIs under the columns of the list: {list}");
    assert!(list.starts_with("Number,Name,Class,State"), "{list}");

    window.click_named("button", "Imports and exports").await;
    window.wait_for_text("Export list.csv").await;
    show(&window, "jobs").await;
    window.close().await;
}
