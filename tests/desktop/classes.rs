//! Classes in the window: a class with typed attributes is made, a CI of it too, and a wrong value is refused beside its
//! field. With the same window, what is done with many CIs at once.

use crate::many;
use crate::places::{go, laptop_of};
use crate::support::server::Server;
use crate::support::wait;
use crate::support::window::Window;
use fantoccini::key::Key;
use serde_json::json;

/// Sends the open sheet: a button may be out of sight below a long form.
pub async fn confirm(window: &Window) {
    let keys = format!("{}{}{}", char::from(Key::Control), char::from(Key::Enter), char::from(Key::Null));
    window.press(&keys).await;
}

/// The field of the open sheet with this label.
async fn field(window: &Window, label: &str) -> String {
    let script = "const label = [...document.querySelectorAll('dialog[open] label')] \
                    .find(e => e.textContent.trim() === arguments[0]); \
                  return label?.htmlFor ?? null";
    let id = wait::until_async(&format!("a field {label:?}"), || async {
        window.script_with(script, vec![json!(label)]).await.as_str().map(str::to_owned)
    })
    .await;
    format!("[id=\"{id}\"]")
}

pub async fn fill(window: &Window, label: &str, text: &str) {
    let css = field(window, label).await;
    window.type_into(&css, text).await;
    // Keys that are on their way still must not go to the next field.
    let script = "return document.querySelector(arguments[0])?.value === arguments[1]";
    wait::until_async(&format!("{text:?} in {label:?}"), || async {
        (window.script_with(script, vec![json!(css), json!(text)]).await == json!(true)).then_some(())
    })
    .await;
}

pub async fn choose(window: &Window, label: &str, value: &str) {
    let css = field(window, label).await;
    let script = "const e = document.querySelector(arguments[0]); e.focus(); e.value = arguments[1]; \
                  e.dispatchEvent(new Event('change', { bubbles: true }))";
    window.script_with(script, vec![json!(css), json!(value)]).await;
}

async fn tick(window: &Window, label: &str) {
    let script = "[...document.querySelectorAll('dialog[open] label.check')] \
                    .find(e => e.textContent.trim() === arguments[0]).querySelector('input').click()";
    window.script_with(script, vec![json!(label)]).await;
}

/// Pictures in both themes; gives what axe finds.
pub async fn pictures(window: &Window, name: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("{name}-{theme}")).await;
        faults.extend(window.axe().await.into_iter().map(|fault| format!("{name} {theme}: {fault}")));
    }
    faults
}

#[tokio::test]
async fn a_class_is_made_and_a_wrong_value_is_refused_beside_its_field() {
    let server = Server::with_sample();
    let mei = laptop_of(&server, "mei");
    many::prepare(&mei);
    let window = Window::open(mei.profile()).await;
    let mut faults = Vec::new();

    go(&window, "/settings/classes").await;
    window.click_named("[role=treeitem]", "Hardware").await;
    window.click_named("button", "New class…").await;
    fill(&window, "Key (needed)", "appliance").await;
    confirm(&window).await;
    window.wait_for_text_in("section.class h3", "Appliance").await;
    window.click_named("button", "New attribute…").await;
    fill(&window, "Name (needed)", "cache").await;
    choose(&window, "Type (needed)", "number").await;
    fill(&window, "Unit, for a number", "GB").await;
    fill(&window, "Highest, for a number", "512").await;
    tick(&window, "Required: a new CI must have a value").await;
    confirm(&window).await;
    window.wait_for_text_in("section.class table", "cache").await;
    window.wait_for_text_in("section.class table", "Warranty end").await;
    faults.extend(pictures(&window, "settings-class").await);

    go(&window, "/cmdb").await;
    window.wait_for_text("brs-badge-01").await;
    window.press("n").await;
    choose(&window, "Class (needed)", "appliance").await;
    confirm(&window).await;
    fill(&window, "Name (needed)", "box-1").await;
    fill(&window, "cache (needed)", "much").await;
    confirm(&window).await;
    window.wait_for_text_in("dialog[open] .why", "cannot be \"much\"").await;
    let css = field(&window, "cache (needed)").await;
    window.find(&format!("{css}[aria-invalid=true]")).await;
    faults.extend(pictures(&window, "ci-refused-beside-its-field").await);
    fill(&window, "cache (needed)", "0.25 TB").await;
    confirm(&window).await;
    window.wait_for_text_in("main", "250 GB").await;
    faults.extend(pictures(&window, "ci-of-a-class").await);

    window.click_named("button", "Set the status").await;
    window.wait_for_text_in(".menu", "In maintenance").await;
    window.screenshot("ci-status-menu").await;
    window.click_named("[role=menuitem]", "In maintenance").await;
    window.wait_for_text_in("main", "In maintenance").await;
    window.click_named("[role=tab]", "History").await;
    window.wait_for_text_in("main table", "in maintenance").await;
    faults.extend(pictures(&window, "ci-history").await);

    // A narrower attribute leaves the CI behind: said before it is saved, and found afterwards.
    go(&window, "/settings/classes").await;
    window.click_named("[role=treeitem] .name", "Appliance").await;
    window.click_named("button", "Edit cache").await;
    fill(&window, "Highest, for a number", "100").await;
    confirm(&window).await;
    window.wait_for_text_in("dialog[open]", "no longer fit").await;
    confirm(&window).await;
    window.wait_for_text_in("section.class table", "100 GB").await;
    window.click_named("button", "CIs that do not fit…").await;
    window.wait_for_text_in("dialog[open]", "1 of 1 CIs looked at do not fit; these are all.").await;
    window.wait_for_text_in("dialog[open] li", "box-1").await;
    faults.extend(pictures(&window, "class-misfits").await);
    window.click_named("dialog[open] button", "Close").await;

    many::filter_by_keys(&window).await;
    many::edit_and_undo(&window, &mut faults).await;
    many::compare_baselines(&window, &mut faults).await;
    many::keep_a_standard(&window, &mut faults).await;
    many::merge_and_part(&window, &mut faults).await;
    assert!(faults.is_empty(), "axe found:\n{}", faults.join("\n"));
    window.close().await;
}
