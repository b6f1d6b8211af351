//! What is done with many CIs at once, as steps of a test: a filter is completed by keys, fields of several CIs are edited
//! and put back, two baselines are compared, a standard is authorised and one of two CIs differs from it, two duplicates
//! become one CI and two again.

use crate::classes::{choose, confirm, fill};
use crate::places::go;
use crate::support::ctl::Ctl;
use crate::support::wait;
use crate::support::window::Window;
use fantoccini::key::Key;
use serde_json::json;

/// Two databases that look alike, before and after a new version of one.
pub fn prepare(laptop: &Ctl) {
    for name in ["bulk-db-1", "bulk-db-1.example.org"] {
        laptop.json(&["ci", "new", "--name", name, "--class", "database"]);
    }
    laptop.json(&["baseline", "take", "Before the move", "--filter", "name:bulk"]);
    laptop.json(&["ci", "set", "bulk-db-1", "version", "8.4"]);
    laptop.json(&["baseline", "take", "After the move", "--filter", "name:bulk"]);
}

/// Presses keys of a list of completions until one of them is taken.
async fn take(window: &Window, expected: &str) {
    window.wait_for_text_in(".filter [role=option]:first-child", expected).await;
    window.press(&format!("{}{}", char::from(Key::Down), char::from(Key::Enter))).await;
}

/// The list of CIs with nothing but the two databases, its filter completed by keys alone.
pub async fn filter_by_keys(window: &Window) {
    go(window, "/cmdb").await;
    window.wait_for_text("brs-badge-01").await;
    window.press("/").await;
    let focus = "return document.activeElement.getAttribute('role')";
    wait::until_async("the filter", || async { (window.script(focus).await == json!("combobox")).then_some(()) }).await;
    window.press("cla").await;
    take(window, "class:").await;
    window.press("datab").await;
    take(window, "database").await;
    window.screenshot("filter-completed").await;
    window.press("name:bulk").await;
    window.wait_for_text_in(".count", "2").await;
    let value = window.script("return document.querySelector('.filter input').value").await;
    assert_eq!(value, json!("class:database name:bulk"));
    wait::until_async("the list, by Enter", || async {
        window.press(&char::from(Key::Enter).to_string()).await;
        (window.script(focus).await == json!("gridcell")).then_some(())
    })
    .await;
}

/// Both are edited with a preview, and as they were again.
pub async fn edit_and_undo(window: &Window, faults: &mut Vec<String>) {
    window.press_control('a').await;
    window.wait_for_text("2 selected").await;
    window.click_named("button", "Edit…").await;
    let choose = "const field = document.querySelector('dialog[open] select'); field.value = 'version'; \
                  field.dispatchEvent(new Event('change', { bubbles: true }))";
    window.script(choose).await;
    window.type_into("dialog[open] input[type=text]", "9.1").await;
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text_in("dialog[open]", "2 to change, 0 as wanted, 0 refused").await;
    window.wait_for_text_in("dialog[open] table", "8.4").await;
    faults.extend(crate::classes::pictures(window, "bulk-preview").await);
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text("2 CIs changed").await;
    window.click_named("button", "Undo").await;
    window.wait_for_text("2 CIs as before").await;
}

/// What differs between the two baselines, and nothing else.
pub async fn compare_baselines(window: &Window, faults: &mut Vec<String>) {
    go(window, "/cmdb/baselines").await;
    window.click_named("main li a", "Before the move").await;
    window.wait_for_text_in("[aria-label='What differs'] thead", "now").await;
    let choose = "const field = document.querySelector('select[aria-label=\"Compare with\"]'); \
                  const other = [...field.options].find(e => e.textContent.trim() === 'After the move'); \
                  if (!other) return false; field.value = other.value; \
                  field.dispatchEvent(new Event('change', { bubbles: true })); return true";
    wait::until_async("the other baseline", || async { (window.script(choose).await == json!(true)).then_some(()) })
        .await;
    window.wait_for_text_in("[aria-label='What differs'] thead", "After the move").await;
    window.wait_for_text_in("[aria-label='What differs']", "8.4").await;
    window.wait_for_text("0 added, 0 removed, 1 changed, 1 alike").await;
    faults.extend(crate::classes::pictures(window, "baselines-compared").await);
}

/// One of the two differs from the standard that both are attached to, until it is excepted.
pub async fn keep_a_standard(window: &Window, faults: &mut Vec<String>) {
    go(window, "/cmdb/standards").await;
    window.click_named("button", "New standard…").await;
    fill(window, "Name (needed)", "Databases 2026").await;
    choose(window, "Class (needed)", "database").await;
    confirm(window).await;
    window.wait_for_text_in("dialog[open] h2", "What Databases 2026 says").await;
    fill(window, "Version", "8.4").await;
    confirm(window).await;
    window.click_named("button", "Authorise…").await;
    window.wait_for_text_in("dialog[open] h2", "Authorise Databases 2026").await;
    confirm(window).await;
    // The page grows a line by it, and its buttons move.
    window.wait_for_text_in("main", "Authorised by").await;
    window.click_named("button", "Attach CIs…").await;
    fill(window, "What this filter finds (needed)", "class:database name:bulk").await;
    confirm(window).await;
    window.wait_for_text_in("main", "2 CIs attached").await;
    window.wait_for_text_in("main li", "Version: nothing instead of 8.4").await;
    faults.extend(crate::classes::pictures(window, "standard").await);
    window.click_named("button", "Except: bulk-db-1.example.org").await;
    fill(window, "Why (needed)", "Goes next month").await;
    confirm(window).await;
    window.wait_for_text_in("main li", "Goes next month").await;
    window.click_named("main li a", "bulk-db-1.example.org").await;
    window.wait_for_text_in("main", "Goes next month").await;
    faults.extend(crate::classes::pictures(window, "standard-of-a-ci").await);
}

/// The two become one, and two again.
pub async fn merge_and_part(window: &Window, faults: &mut Vec<String>) {
    go(window, "/cmdb/duplicates").await;
    window.click_named("button", "Keep bulk-db-1.example.org…").await;
    window.wait_for_text_in("dialog[open]", "Version: 8.4").await;
    window.click("dialog[open] label.check input").await;
    faults.extend(crate::classes::pictures(window, "duplicates-merge").await);
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text("bulk-db-1 was merged into bulk-db-1.example.org.").await;
    window.wait_for_text("No CIs look alike").await;
    window.click_named("button", "Undo the merge").await;
    window.wait_for_text("Two CIs again").await;
    window.wait_for_text_in("[aria-label='Fields of bulk-db-1 and bulk-db-1.example.org']", "8.4").await;
    faults.extend(crate::classes::pictures(window, "duplicates").await);
}
