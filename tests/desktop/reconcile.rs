//! The reconcile queue in the window: what a scan saw is decided by keys, one by one and many at once, and the accuracy
//! of the site follows.

use crate::places::{go, laptop_of};
use crate::support::server::Server;
use crate::support::wait;
use crate::support::window::Window;

const CIS: &str = "name,class,serial_number,manufacturer,attributes.os,version,site\n\
    rec-web-01,server,REC-1,Dell,Debian 12,7,Bristol office\n\
    rec-web-02,server,REC-2,Dell,Debian 12,7,Bristol office\n\
    rec-db-01,server,REC-3,Dell,Debian 12,7,Bristol office\n\
    rec-sw-01,switch,REC-4,Cisco,17.9,7,Bristol office\n";
const SCAN: &str = "serial,vendor,os,version,last seen,not found\n\
    REC-1,Dell,Debian 13,8,2026-11-20 08:00,\n\
    REC-2,Dell,Debian 13,7,2026-11-20 08:01,\n\
    REC-3,Dell,,,2026-11-20 08:02,yes\n\
    REC-4,Cisco,17.9,7,2026-11-20 08:03,\n\
    REC-9,Cisco,17.9,7,2026-11-20 08:04,\n";

/// The key that ends what a scanner types, too.
const ENTER: char = '\u{e007}';

/// The window in both themes: axe finds nothing, and the picture is there to be looked at.
async fn show(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
        window.screenshot(&format!("{name}-{theme}")).await;
    }
}

async fn sheet_ends(window: &Window) {
    wait::until_async("the sheet's end", || async { (window.count("dialog").await == 0).then_some(()) }).await;
}

#[tokio::test]
async fn what_was_seen_is_decided_by_keys_one_by_one_and_many_at_once() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "mei");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    laptop.run(&["import", "cis", &file("cis.csv", CIS)]).expect_code(0);
    let scan = file("scan.csv", SCAN);
    let window = Window::open(laptop.profile()).await;
    window.wait_for_text("Inbox").await;
    go(&window, "/cmdb/reconcile").await;
    window.wait_for_text("Nothing waits to be reconciled").await;
    show(&window, "reconcile-empty").await;

    // Into the queue through the window's own import.
    window.click_named("button", "Import what was seen").await;
    window.type_into("dialog input[type=text]", &scan).await;
    window.click_named("dialog button", "Look at the file").await;
    window.wait_for_text("The first rows as they would be taken").await;
    window
        .script(
            "const kind = document.querySelector('dialog select'); kind.value = 'observations'; \
         kind.dispatchEvent(new Event('change', { bubbles: true }))",
        )
        .await;
    window.wait_for_text("serial_number").await;
    window.click("dialog .foot button.primary").await;
    window.wait_for_text("Import done").await;
    window.click_named("dialog button", "Close").await;
    sheet_ends(&window).await;
    window.wait_for_text("rec-web-01").await;
    window.wait_for_text("REC-9").await;

    // On a row, what is recorded and what was seen stand side by side.
    window.click_named("[role=gridcell]", "rec-web-01").await;
    window.wait_for_text("Recognised as").await;
    window.wait_for_text("differs, managed").await;
    show(&window, "reconcile-queue").await;

    // A letter opens a sheet; only Ctrl Enter decides.
    window.press("a").await;
    window.wait_for_text("Accept what was seen: 1 observation").await;
    show(&window, "reconcile-accept").await;
    window.press(&ENTER.to_string()).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(window.count("dialog").await, 1, "Enter alone completes nothing");
    window.press_control(ENTER).await;
    sheet_ends(&window).await;
    window.wait_for_text("1 observation decided").await;

    // Many at once: everything that is left is compared, kept or dismissed together.
    window.click_named("[role=gridcell]", "rec-web-02").await;
    window.press_control('a').await;
    window.wait_for_text("4 selected").await;
    show(&window, "reconcile-selected").await;
    window.press("x").await;
    window.wait_for_text("Dismiss: 4 observations").await;
    window.type_into("dialog textarea", "a test room").await;
    window.press_control(ENTER).await;
    sheet_ends(&window).await;
    window.wait_for_text("Nothing waits to be reconciled").await;

    go(&window, "/cmdb/reconcile/accuracy").await;
    window.wait_for_text("Bristol office").await;
    window.wait_for_text("100.0 %").await;
    show(&window, "reconcile-accuracy").await;

    go(&window, "/cmdb/reconcile/rules").await;
    window.wait_for_text("Serial number and manufacturer").await;
    window.click_named("button", "Later: serial number and manufacturer").await;
    window.wait_for_text("Order changed").await;
    show(&window, "reconcile-rules").await;
    window.close().await;

    let rules = laptop.json(&["observe", "rules"]);
    assert_eq!(rules["order"][0]["rule"], "asset_tag", "{rules}");
    let web = laptop.json(&["observe", "queue", "--all", "--filter", "source:import state:settled"]);
    assert_eq!(web["total"], 4, "{web}");
}

/// Labels are scanned at a rack, each answered at once; the last one is taken back by a printed code. A scanner is a
/// keyboard that types fast and ends with Enter.
async fn scanned(window: &Window) {
    window.press("q").await;
    window.wait_for_text("Ready: scan a label").await;
    for (code, answer) in [
        ("SLIPWAY:SITE:Bristol office", "Now at site Bristol office"),
        ("SLIPWAY:RACK:B2", "Now at rack B2"),
        ("SCAN-1", "Rack: here B2, recorded A1"),
        ("SCAN-7", "SCAN-7 unknown"),
    ] {
        window.press(&format!("{code}{ENTER}")).await;
        window.wait_for_text_in("[aria-label=Scanning] [role=status]", answer).await;
    }
    window.wait_for_text("2 scanned").await;
    show(window, "reconcile-scanning").await;
    window.press(&format!("SLIPWAY:UNDO{ENTER}")).await;
    window.wait_for_text("Taken back: SCAN-7").await;
    window.wait_for_text("1 scanned").await;
    window.press("z").await;
    window.wait_for_text("Taken back: scan-ci").await;
    window.click_named("button", "End scanning").await;
}

#[tokio::test]
async fn an_unknown_thing_is_linked_to_its_ci_by_hand() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "mei");
    let folder = tempfile::tempdir().unwrap();
    let scan = folder.path().join("scan.csv");
    std::fs::write(&scan, "name,version,last seen\nlinked-box,8,2026-11-20 08:00\nother-box,9,2026-11-20 08:00\n")
        .unwrap();
    laptop.json(&["ci", "new", "--name", "linked-ci", "--class", "server"]);
    let ci = "name,class,asset_tag,site,rack\nscan-ci,server,SCAN-1,Bristol office,A1\n";
    std::fs::write(folder.path().join("ci.csv"), ci).unwrap();
    laptop.run(&["import", "cis", folder.path().join("ci.csv").to_str().unwrap()]).expect_code(0);
    laptop.run(&["observe", "import", scan.to_str().unwrap(), "--source", "scan"]).expect_code(0);
    let window = Window::open(laptop.profile()).await;
    go(&window, "/cmdb/reconcile").await;
    window.click_named("[role=gridcell]", "linked-box").await;
    window.wait_for_text("No CI is recognised in it.").await;
    window.press("c").await;
    window.wait_for_text("Link to a CI: 1 observation").await;
    window.type_into("dialog [role=combobox]", "linked-ci").await;
    window.wait_for_text_in("dialog [role=option]", "linked-ci").await;
    show(&window, "reconcile-link").await;
    window.press(&ENTER.to_string()).await;
    window.press_control(ENTER).await;
    sheet_ends(&window).await;
    window.wait_for_text("1 observation decided").await;
    scanned(&window).await;
    window.close().await;

    let queue = laptop.json(&["observe", "queue", "--filter", "name:other-box"]);
    let other = queue["rows"][0]["id"].as_str().unwrap();
    let refused = laptop.run(&["observe", "decide", "link", other, "--ci", "linked-ci", "--json"]).expect_code(1);
    assert_eq!(refused.json()["refused"][0]["finding"]["code"], "SEEN_ALREADY", "{}", refused.stdout);
    laptop.json(&["ci", "new", "--name", "other-ci", "--class", "server"]);
    laptop.run(&["observe", "decide", "link", other, "--ci", "other-ci"]).expect_code(0);
    assert_eq!(laptop.json(&["observe", "queue", "--filter", "source:scan state:unknown"])["total"], 0);
}
