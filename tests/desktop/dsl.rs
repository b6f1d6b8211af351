//! The software library in the window: files of an item are added, told of and taken out.

use crate::places::go;
use crate::support::ctl::Ctl;
use crate::support::window::Window;
use fantoccini::key::Key;
use std::path::Path;

const BOM: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"type":"library","group":"org.apache",
    "name":"log4j-core","version":"2.14.1","licenses":[{"license":{"id":"Apache-2.0"}}]}]}"#;

/// An item with a file, handed in before the window is open; its address.
pub fn an_item(laptop: &Ctl, folder: &Path) -> String {
    std::fs::write(folder.join("payroll.bin"), vec![7; 700_000]).unwrap();
    std::fs::write(folder.join("readme.txt"), "read me").unwrap();
    std::fs::write(folder.join("bom.json"), BOM).unwrap();
    let file = folder.join("payroll.bin");
    let done = laptop.json(&["dsl", "submit", "--name", "Payroll probe", "--version", "9.4", &file.to_string_lossy()]);
    format!("/dsl/{}", done["record"]["id"].as_str().unwrap())
}

pub async fn in_both_themes(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("{name}-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
    }
}

/// On the item's page: a file more, by its path, and taken out again.
pub async fn files_come_and_go(window: &Window, item: &str, folder: &Path) {
    go(window, item).await;
    window.wait_for_text_in("ul[aria-label=Files]", "payroll.bin").await;
    window.click_named("button", "Add files…").await;
    window.type_into("dialog textarea", &folder.join("readme.txt").to_string_lossy()).await;
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text_in("ul[aria-label=Files]", "readme.txt").await;
    window.wait_for_text_in("ul[aria-label=Files]", "7 B").await;
    in_both_themes(window, "dsl-item").await;
    window.click_named("button", "Take out readme.txt").await;
    window.wait_for_text("readme.txt taken out").await;
}

/// On the item's page: what it is made of is read, and found from the list of items.
pub async fn components_are_read_and_found(window: &Window, folder: &Path) {
    window.click_named("button", "Read an SBOM…").await;
    window.type_into("dialog input", &folder.join("bom.json").to_string_lossy()).await;
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text_in("table[aria-label=Components]", "log4j-core").await;
    in_both_themes(window, "dsl-components").await;
    go(window, "/dsl").await;
    window.click_named("button", "Keys of vendors…").await;
    window.wait_for_text("No key is kept yet.").await;
    window.press(&char::from(Key::Escape).to_string()).await;
    window.click_named("button", "Find a component…").await;
    window.type_into("dialog input", "log4j").await;
    window.click_named("dialog button", "Find").await;
    window.wait_for_text_in("dialog section[aria-label=\"Payroll probe 9.4\"]", "2.14.1").await;
    in_both_themes(window, "dsl-component-search").await;
    window.press(&char::from(Key::Escape).to_string()).await;
}
