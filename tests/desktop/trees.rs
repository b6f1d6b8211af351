//! The CMDB by place and by business service: branches open one after the other, and a CI in them opens its page.

use crate::classes::pictures;
use crate::places::{go, laptop_of};
use crate::support::server::Server;
use crate::support::wait;
use crate::support::window::Window;
use fantoccini::key::Key;
use serde_json::json;

async fn way(window: &Window, by: &str) {
    window.find("nav select").await;
    let script = "const e = document.querySelector('nav select'); e.value = arguments[0]; \
                  e.dispatchEvent(new Event('change', { bubbles: true }))";
    window.script_with(script, vec![json!(by)]).await;
}

/// Clicks the node that shows this.
async fn node(window: &Window, text: &str) {
    let script = "const e = [...document.querySelectorAll('nav [role=treeitem]')] \
                    .find(e => e.innerText.includes(arguments[0])); e?.click(); return e !== undefined";
    wait::until_async(&format!("a node {text:?}"), || async {
        (window.script_with(script, vec![json!(text)]).await == json!(true)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_cmdb_opens_by_place_down_to_the_rack_and_by_service_down_to_the_machine() {
    let server = Server::with_sample();
    let mei = laptop_of(&server, "mei");
    let window = Window::open(mei.profile()).await;
    let mut faults = Vec::new();
    go(&window, "/cmdb").await;

    way(&window, "place").await;
    for part in ["Rotterdam DC", "Main", "Data room 1", "rtm-rack-01"] {
        node(&window, part).await;
    }
    window.wait_for_text_in("nav [role=treeitem]", "U42").await;
    let script = "return [...document.querySelectorAll('nav [role=treeitem][aria-level=\"5\"] .name')].map(e => e.innerText.trim())";
    let standing = window.script(script).await;
    assert_eq!(standing[0], json!("rtm-core-2"), "from the top of the rack down: {standing}");
    faults.extend(pictures(&window, "cmdb-by-place").await);

    way(&window, "service").await;
    node(&window, "Cargo tracking").await;
    // A service opens what it needs with the arrow; its name opens its page.
    window.wait_for_text_in("main", "Cargo tracking").await;
    go(&window, "/cmdb").await;
    way(&window, "service").await;
    // The list beside it takes the focus once, when its rows come.
    window.find("[role=gridcell]:focus").await;
    let focus = "const e = [...document.querySelectorAll('nav [role=treeitem]')] \
                   .find(e => e.innerText.includes('Cargo tracking')); e?.focus(); return e !== undefined";
    wait::until_async("the service has the focus", || async {
        (window.script(focus).await == json!(true)).then_some(())
    })
    .await;
    window.press(&char::from(Key::Right).to_string()).await;
    window.wait_for_text_in("nav [role=treeitem]", "TrackWell").await;
    window.press(&char::from(Key::Right).to_string()).await;
    window.find("nav [role=treeitem][aria-level=\"2\"]:focus").await;
    window.press(&char::from(Key::Right).to_string()).await;
    window.wait_for_text_in("nav [role=treeitem][aria-level=\"3\"]", "trackwell-db").await;
    faults.extend(pictures(&window, "cmdb-by-service").await);
    assert!(faults.is_empty(), "axe found:\n{}", faults.join("\n"));
    window.close().await;
}
