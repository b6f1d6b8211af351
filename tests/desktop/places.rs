//! Every place of the window with the sample company: it shows what it is for, and axe finds nothing wrong in either theme.

use crate::support::ctl::Ctl;
use crate::support::server::Server;
use crate::support::window::Window;
use fantoccini::key::Key;
use std::path::Path;

/// A laptop of the sample company, signed in and synced.
pub fn laptop_of(server: &Server, user: &str) -> Ctl {
    let person = server.people().into_iter().find(|p| p.user == user).expect("one of the sample's people");
    Ctl::signed_in(server, &person)
}

/// Goes to an address of the window, as the palette and deep links do.
pub async fn go(window: &Window, path: &str) {
    let script = format!("history.pushState(null, '', '{path}'); dispatchEvent(new PopStateEvent('popstate'))");
    window.script(&script).await;
}

/// Number of the first release of the sample that stands in this phase.
pub fn release_in(laptop: &Ctl, phase: &str) -> String {
    let list = laptop.json(&["release", "list", &format!("phase:{phase}")]);
    list["rows"][0]["label"].as_str().unwrap_or_else(|| panic!("no release in {phase}: {list}")).to_owned()
}

#[tokio::test]
async fn every_place_shows_the_company_and_axe_is_content_in_both_themes() {
    let server = Server::with_sample();
    let laptop = laptop_of(&server, "ines");
    let release = release_in(&laptop, "plan_and_design");
    let rolling = release_in(&laptop, "distribution_and_rollout");
    let folder = tempfile::tempdir().unwrap();
    let item = crate::dsl::an_item(&laptop, folder.path());
    let window = Window::open(laptop.profile()).await;
    let places = [
        ("inbox", "/inbox".to_owned(), "Inbox"),
        ("releases", "/releases".to_owned(), "Payroll 9.4"),
        ("releases-board", "/releases/board".to_owned(), "Verification"),
        ("release-overview", format!("/releases/{release}/overview"), &release),
        ("release-scope", format!("/releases/{release}/scope"), "Changes"),
        ("release-plans", format!("/releases/{release}/plans"), "Back-out"),
        ("release-tasks", format!("/releases/{release}/tasks"), "Scope and content"),
        ("release-readiness", format!("/releases/{rolling}/readiness"), "waive"),
        ("release-approvals", format!("/releases/{rolling}/approvals"), "CAB"),
        ("release-ci-update", format!("/releases/{rolling}/ci_update"), "CI"),
        ("release-history", format!("/releases/{rolling}/history"), "Ines Marlow"),
        ("changes", "/changes".to_owned(), "Rotate the terminal's Wi-Fi keys"),
        ("change", "/changes/CHG-000001".to_owned(), "CHG-000001"),
        ("cmdb", "/cmdb".to_owned(), "brs-badge-01"),
        ("ci", "/cmdb/CI-000001".to_owned(), "Cargo tracking"),
        ("baselines", "/cmdb/baselines".to_owned(), "Take a baseline"),
        ("standards", "/cmdb/standards".to_owned(), "New standard"),
        ("duplicates", "/cmdb/duplicates".to_owned(), "Possible duplicates"),
        ("ci-history", "/cmdb/CI-000001/history".to_owned(), "History"),
        ("settings-classes", "/settings/classes".to_owned(), "Relation types"),
        ("dsl", "/dsl".to_owned(), "Paygrade"),
        ("dhs", "/dhs".to_owned(), "NX-9540"),
        ("calendar", "/calendar".to_owned(), "Today"),
        ("reports", "/reports".to_owned(), "Time in each phase"),
        ("report-outcomes", "/reports/outcomes".to_owned(), "Success rate"),
        ("report-phases", "/reports/phases".to_owned(), "Plan and design"),
        ("report-delivery", "/reports/delivery".to_owned(), "Median lead time"),
        ("settings", "/settings".to_owned(), "Ines Marlow"),
    ];
    let mut faults = Vec::new();
    for (name, path, shows) in &places {
        for theme in ["light", "dark"] {
            window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
            go(&window, path).await;
            window.wait_for_text(shows).await;
            window.screenshot(&format!("{name}-{theme}")).await;
            faults.extend(window.axe().await.into_iter().map(|fault| format!("{name} {theme}: {fault}")));
        }
    }
    assert!(faults.is_empty(), "axe found:\n{}", faults.join("\n"));
    reports_open_what_is_behind_them(&window, folder.path()).await;
    crate::dsl::files_come_and_go(&window, &item, folder.path()).await;
    crate::dsl::components_are_read_and_found(&window, folder.path()).await;
    window.close().await;
}

/// A figure opens its records, and the report is written into a file.
async fn reports_open_what_is_behind_them(window: &Window, folder: &Path) {
    go(window, "/reports/outcomes").await;
    window.wait_for_text("Success rate").await;
    window.click("dl button.figure").await;
    window.wait_for_text_in("dialog table", "REL-").await;
    crate::dsl::in_both_themes(window, "report-behind").await;
    window.click_named("dialog button", "Close").await;
    window.press("e").await;
    let file = folder.join("outcomes.pdf");
    window.type_into("dialog input", &file.to_string_lossy()).await;
    window.press_control(char::from(Key::Enter)).await;
    window.wait_for_text("Report saved").await;
    assert!(std::fs::read(&file).unwrap().starts_with(b"%PDF-"));
}
