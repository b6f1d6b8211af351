//! What a plan collides with and what it affects beside what it names: the same in the window and on the command line.

use crate::places::{go, laptop_of};
use crate::support::server::Server;
use crate::support::window::Window;

const SATURDAY: &str = "2026-12-05 22:00..2026-12-06 02:00";

async fn both_themes(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("{name}-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
    }
}

async fn scroll_to(window: &Window, heading: &str) {
    let script =
        "[...document.querySelectorAll('h2, h3')].find(h => h.textContent.includes(arguments[0])).scrollIntoView()";
    window.script_with(script, vec![heading.into()]).await;
}

#[tokio::test]
async fn plans_say_what_they_collide_with_and_what_else_they_affect() {
    let server = Server::with_sample();
    let keeper = laptop_of(&server, "mei");
    for (name, class) in [("Wages", "service"), ("wage-app", "application"), ("wage-host", "server")] {
        keeper.json(&["ci", "new", "--name", name, "--class", class]);
    }
    keeper.json(&["ci", "relate", "Wages", "depends-on", "wage-app"]);
    keeper.json(&["ci", "relate", "wage-app", "runs-on", "wage-host"]);
    keeper.run(&["sync"]).expect_code(0);
    let laptop = laptop_of(&server, "ines");
    let change = |title: &str, ci: &str| {
        let made = laptop.json(&["change", "new", "--title", title, "--ci", ci, "--planned", SATURDAY]);
        made["record"]["label"].as_str().unwrap().to_owned()
    };
    let (host, app) = (change("New power supply", "wage-host"), change("New wage rules", "wage-app"));
    let said = laptop.run(&["change", "collisions", &host]).expect_code(0).stdout;
    assert!(said.contains(&app) && said.contains("wage-app runs on wage-host"), "{said}");
    let weight = laptop.run(&["change", "weigh", &host]).expect_code(0).stdout;
    assert!(weight.contains("2 more CIs") && weight.contains("Wages"), "{weight}");
    let made = laptop.json(&["release", "new", "--title", "Hosts of wages", "--type", "hardware"]);
    let release = made["record"]["label"].as_str().unwrap().to_owned();
    laptop.run(&["release", "edit", &release, "--add-ci", "wage-host", "--rollout-window", SATURDAY]).expect_code(0);
    let said = laptop.run(&["release", "affected", &release]).expect_code(0).stdout;
    assert!(said.contains("Wages depends on wage-app runs on wage-host"), "{said}");

    let window = Window::open(laptop.profile()).await;
    go(&window, &format!("/changes/{host}")).await;
    window.wait_for_text("wage-app runs on wage-host").await;
    window.wait_for_text("1 business service").await;
    scroll_to(&window, "Also").await;
    both_themes(&window, "change-collisions").await;

    go(&window, &format!("/releases/{release}/scope")).await;
    window.wait_for_text("Wages depends on wage-app runs on wage-host").await;
    window.wait_for_text_in("main", &app).await;
    scroll_to(&window, "Also").await;
    both_themes(&window, "release-also-affected").await;
    window.click_named("button", "Add Wages to the scope").await;
    crate::support::wait::until_async("the service to be in the scope", || async {
        (!window.seen().await.contains("Wages depends on wage-app")).then_some(())
    })
    .await;
    let scope = laptop.json(&["release", "show", &release]).to_string();
    assert!(scope.contains("Wages"), "it is in the scope: {scope}");
    window.close().await;
}
