//! What breaks with a CI: the list with its paths, redundancy, and the picture, in the real window.

use crate::places::{go, laptop_of};
use crate::support::ctl::Ctl;
use crate::support::server::Server;
use crate::support::window::Window;
use fantoccini::key::Key;
use serde_json::Value;

/// A reporting service that needs each of three databases on one host, and is used by a portal.
fn world(laptop: &Ctl) -> (String, String) {
    for (name, class) in [
        ("Reporting", "service"),
        ("Board portal", "service"),
        ("rep-db-1", "database"),
        ("rep-db-2", "database"),
        ("rep-db-3", "database"),
        ("rep-host", "server"),
    ] {
        laptop.json(&["ci", "new", "--name", name, "--class", class]);
    }
    for (source, relation, target) in [
        ("Reporting", "depends-on", "rep-db-1"),
        ("Reporting", "depends-on", "rep-db-2"),
        ("Reporting", "depends-on", "rep-db-3"),
        ("Board portal", "depends-on", "Reporting"),
        ("rep-db-1", "runs-on", "rep-host"),
        ("rep-db-2", "runs-on", "rep-host"),
    ] {
        laptop.json(&["ci", "relate", source, relation, target]);
    }
    let page = |ci: &str| laptop.json(&["ci", "show", ci])["path"].as_str().unwrap().to_owned() + "/relations";
    (page("Reporting"), page("rep-host"))
}

async fn choose(window: &Window, label: &str, value: &str) {
    let script = "const [label, value] = arguments; \
         const field = document.querySelector(`select[aria-label='${label}']`); \
         field.value = value; field.dispatchEvent(new Event('change', { bubbles: true })); return field.value";
    let chosen = window.script_with(script, vec![Value::from(label), Value::from(value)]).await;
    assert_eq!(chosen, Value::from(value));
}

async fn both_themes(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("{name}-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
    }
}

#[tokio::test]
async fn the_impact_names_services_first_says_why_and_redundancy_spares() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "mei");
    let (reporting, host) = world(&laptop);
    let window = Window::open(laptop.profile()).await;

    go(&window, &host).await;
    window.wait_for_text("4 CIs, 2 business services").await;
    window.wait_for_text_in("[role=gridcell]", "Reporting").await;
    let first = "return document.querySelector('[aria-label=Impact] [role=gridcell]').textContent";
    let first = window.script(first).await;
    assert!(first.as_str().unwrap_or_default().contains("Service"), "business services come first: {first}");
    window.wait_for_text_in("[role=gridcell]", "Database").await;
    window.wait_for_text_in("[aria-label^='Why ']", "depends on").await;
    window.script("document.querySelector('[role=grid][aria-label=Impact]').scrollIntoView()").await;
    both_themes(&window, "ci-impact").await;

    choose(&window, "Steps", "1").await;
    window.wait_for_text("2 CIs, 0 business services, and more beyond").await;
    choose(&window, "Steps", "5").await;
    choose(&window, "Relations", "depends_on").await;
    window.wait_for_text("Nothing recorded breaks with it.").await;
    choose(&window, "Relations", "").await;

    choose(&window, "Shown as", "picture").await;
    window.wait_for_text_in("[aria-label='Picture of the surroundings']", "Board portal").await;
    both_themes(&window, "ci-picture").await;
    window.script("document.querySelector('[aria-label=\"Picture of the surroundings\"] a').focus()").await;
    window.press(&Key::Right.to_string()).await;
    let focused = window.script("return document.activeElement.getAttribute('aria-label')").await;
    assert!(focused.as_str().unwrap_or_default().contains("1 step away"), "{focused}");
    choose(&window, "Shown as", "list").await;

    // Two of three databases are enough: the host takes two of them down.
    go(&window, &reporting).await;
    window.click_named("button", "Add a redundancy rule…").await;
    window.type_into("dialog input[type=number]", "2").await;
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text("Needs 2 of 3: rep-db-1, rep-db-2, rep-db-3").await;
    both_themes(&window, "ci-redundancy").await;
    go(&window, &host).await;
    window.wait_for_text("Reporting needs 2 of 3, 2 down").await;

    go(&window, &reporting).await;
    window.click_named("button", "Change: Needs 2").await;
    window.type_into("dialog input[type=number]", "1").await;
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text("Needs 1 of 3").await;
    go(&window, &host).await;
    window.wait_for_text("Reporting holds: 1 of 3 up, 1 is enough.").await;
    window.wait_for_text("2 CIs, 0 business services").await;
    both_themes(&window, "ci-spared").await;

    let other = laptop_of(&server, "mei");
    crate::photos::added_here_and_seen_there(&window, &other, host.trim_end_matches("/relations")).await;
    window.close().await;
}
