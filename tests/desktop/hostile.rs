//! Names that would like to be more than names, in each place of the window that shows them.

use crate::places::{go, laptop_of};
use crate::support::server::Server;
use crate::support::wait;
use crate::support::window::Window;

/// Markup that says so when somebody takes it for more than text.
const NAME: &str = "<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>{{7*7}}../..\\x";

#[tokio::test]
async fn a_name_is_a_name_wherever_it_is_shown() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "ines");
    let new = |words: &[&str]| {
        let done = laptop.json(words);
        done["record"]["label"].as_str().unwrap_or_else(|| panic!("{words:?}: {done}")).to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("<b onclick=1>.bin");
    std::fs::write(&file, "bytes").unwrap();
    let mei = laptop_of(&server, "mei");
    mei.run(&["ci", "new", "--name", NAME, "--class", "server"]).expect_code(0);
    mei.run(&["sync"]).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    let release = new(&["release", "new", "--title", NAME, "--type", "software", "--description", NAME]);
    laptop.run(&["change", "new", "--title", NAME, "--reason", NAME]).expect_code(0);
    laptop.run(&["release", "edit", &release, "--add-ci", NAME]).expect_code(0);
    let item = laptop.json(&["dsl", "submit", "--name", NAME, "--version", "1", &file.to_string_lossy()]);
    let item = item["record"]["id"].as_str().unwrap().to_owned();

    let window = Window::open(laptop.profile()).await;
    let beginning = "<img src=x onerror=";
    for path in [
        "/releases".to_owned(),
        "/releases/board".to_owned(),
        format!("/releases/{release}/overview"),
        format!("/releases/{release}/scope"),
        format!("/releases/{release}/history"),
        "/changes".to_owned(),
        "/cmdb".to_owned(),
        "/dsl".to_owned(),
        format!("/dsl/{item}"),
    ] {
        go(&window, &path).await;
        let filter = format!("return document.querySelector('main')?.innerText.includes('{beginning}') ?? false");
        wait::until_async(&format!("the name as text at {path}"), || async {
            (window.script(&filter).await == true).then_some(())
        })
        .await;
        harmless(&window, &path).await;
    }
    window.press_control('k').await;
    window.type_into("dialog input", "onerror").await;
    window.wait_for_text_in("dialog", beginning).await;
    harmless(&window, "the palette").await;
    window.screenshot("hostile-names").await;
    window.close().await;
}

/// Nothing of the name became an element, and nothing of it ran.
async fn harmless(window: &Window, place: &str) {
    let elements = "return document.querySelectorAll('img[src=x], [onerror], [onclick], script:not([src])').length";
    assert_eq!(window.script(elements).await, 0, "{place} takes a name for markup");
    assert_eq!(window.script("return window.hit ?? 0").await, 0, "{place} runs what a name says");
}
