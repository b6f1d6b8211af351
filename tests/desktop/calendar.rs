//! The calendar: what is planned when, by keys and by dragging, and what a move costs, before it is made.

use crate::places::{go, laptop_of};
use crate::support::ctl::Ctl;
use crate::support::server::Server;
use crate::support::wait::until_async;
use crate::support::window::Window;
use fantoccini::key::Key;

async fn both_themes(window: &Window, name: &str) {
    for theme in ["light", "dark"] {
        window.script(&format!("document.documentElement.dataset.theme = '{theme}'")).await;
        window.screenshot(&format!("{name}-{theme}")).await;
        assert_eq!(window.axe().await, Vec::<String>::new(), "{name} {theme}");
    }
}

/// Waits until the window is at this address.
async fn is_at(window: &Window, path: &str) {
    until_async(&format!("the window to be at {path}"), || async {
        let at = window.script("return location.pathname").await;
        at.as_str().is_some_and(|at| at.contains(path)).then_some(())
    })
    .await;
}

/// A Saturday that no sample plans anything for, and the days around it.
const SATURDAY: &str = "2031-03-15";
const SUNDAY: &str = "2031-03-16";
const MONDAY: &str = "2031-03-17";
const FRIDAY: &str = "2031-03-14";
const WEDNESDAY: &str = "2031-03-12";

struct Plans {
    release: String,
    change: String,
}

/// A release and a change in the same night on the same server.
fn plan(laptop: &Ctl, keeper: &Ctl) -> Plans {
    keeper.json(&["ci", "new", "--name", "quay-host", "--class", "server"]);
    keeper.run(&["sync"]).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    let made = laptop.json(&["release", "new", "--title", "Quay planning 4.2", "--type", "software"]);
    let release = made["record"]["label"].as_str().unwrap().to_owned();
    let night = format!("{SATURDAY} 22:00..{SUNDAY} 03:00");
    laptop.run(&["release", "edit", &release, "--add-ci", "quay-host", "--rollout-window", &night]).expect_code(0);
    let early = format!("{SATURDAY} 20:00..{SUNDAY} 00:00");
    let change = laptop.json(&[
        "change",
        "new",
        "--title",
        "Replace the power supply",
        "--ci",
        "quay-host",
        "--planned",
        &early,
    ]);
    Plans { release, change: change["record"]["label"].as_str().unwrap().to_owned() }
}

/// Presses on the element, moves over the middle of another, and lets go.
const DRAG: &str = "
    const middle = (e) => { const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height - 4]; };
    const chip = [...document.querySelectorAll('[data-calendar] button.chip')].find(e => e.textContent.includes(arguments[0]));
    const box = chip.getBoundingClientRect();
    const fire = (on, type, [clientX, clientY]) =>
        on.dispatchEvent(new PointerEvent(type, { clientX, clientY, button: 0, bubbles: true, cancelable: true }));
    fire(chip, 'pointerdown', [box.x + 8, box.y + 8]);
    const day = document.querySelector(`[data-day='${arguments[1]}']`);
    fire(window, 'pointermove', [box.x + 20, box.y + 20]);
    fire(window, 'pointermove', middle(day));
    if (arguments[2]) fire(window, 'pointerup', middle(day));
";

#[tokio::test]
async fn what_is_planned_is_seen_moved_and_found_a_slot_for() {
    let server = Server::with_sample();
    let (laptop, keeper) = (laptop_of(&server, "ines"), laptop_of(&server, "mei"));
    let plans = plan(&laptop, &keeper);
    let said = laptop.run(&["calendar", "--from", SATURDAY, "--to", MONDAY]).expect_code(0).stdout;
    assert!(said.contains("22:00-03:00") && said.contains("touch quay-host at the same time"), "{said}");
    let days = ["--days", "sat,sun", "--between", "20:00-06:00", "--after", SATURDAY];
    let said = laptop.run(&[&["calendar", "next-slot", "--release", &plans.release][..], &days].concat());
    let said = said.expect_code(0).stdout;
    assert!(said.contains("not free") && said.contains("is free for"), "{said}");

    let window = Window::open(laptop.profile()).await;
    go(&window, &format!("/calendar/month/{SATURDAY}")).await;
    window.wait_for_text("Quay planning 4.2").await;
    window.wait_for_text_in("aside", "touch quay-host at the same time").await;
    both_themes(&window, "calendar-month").await;
    window.press("w").await;
    window.wait_for_text_in("main", "Days").await;
    both_themes(&window, "calendar-week").await;
    window.press("l").await;
    window.wait_for_text_in("main", "Release or change").await;
    both_themes(&window, "calendar-timeline").await;
    window.press("m").await;
    is_at(&window, &format!("/calendar/month/{SATURDAY}")).await;

    the_keys_reach_everything(&window, &plans).await;
    a_drag_says_what_it_costs(&window, &laptop, &plans).await;

    let file = laptop.profile().parent().unwrap().join("slipway.ics");
    let days = ["--from", WEDNESDAY, "--to", MONDAY];
    laptop.run(&[&["calendar", "export", "--output", file.to_str().unwrap()][..], &days].concat()).expect_code(0);
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("Quay planning 4.2") && written.ends_with("END:VCALENDAR\r\n"), "{written}");
    window.close().await;
}

async fn the_keys_reach_everything(window: &Window, plans: &Plans) {
    window.script("document.querySelector('[data-calendar]').focus()").await;
    window.press(&String::from(char::from(Key::Left))).await;
    is_at(window, FRIDAY).await;
    window.press(&String::from(char::from(Key::PageDown))).await;
    window.press(&String::from(char::from(Key::PageUp))).await;
    is_at(window, FRIDAY).await;
    window.press(&String::from(char::from(Key::Right))).await;
    is_at(window, SATURDAY).await;
    window.wait_for_text_in("aside li.current", &plans.change).await;
    window.press("j").await;
    window.wait_for_text_in("aside li.current", &plans.release).await;
    window.press(&String::from(char::from(Key::Enter))).await;
    is_at(window, "/releases/").await;
    window.script("history.back()").await;
    is_at(window, &format!("/calendar/month/{SATURDAY}")).await;
    window.wait_for_text_in("aside li.current", &plans.release).await;
    window.press("t").await;
    let today = window.script("return new Date().toLocaleDateString('sv')").await;
    is_at(window, today.as_str().unwrap()).await;
    go(window, &format!("/calendar/month/{SATURDAY}")).await;
    window.wait_for_text_in("main", "Quay planning 4.2").await;
}

async fn a_drag_says_what_it_costs(window: &Window, laptop: &Ctl, plans: &Plans) {
    let drag = |drop: bool| vec!["Quay planning".into(), WEDNESDAY.into(), drop.into()];
    window.script_with(DRAG, drag(false)).await;
    window.screenshot("calendar-dragging").await;
    window.press(&String::from(char::from(Key::Escape))).await;
    assert_eq!(window.count("dialog[open]").await, 0, "Esc lets go");
    window.script_with(DRAG, drag(true)).await;
    window.wait_for_text_in("dialog", "Free of freezes and collisions").await;
    window.wait_for_text_in("dialog", "No approval is lost").await;
    both_themes(window, "calendar-move").await;
    window.click_named("dialog button", "Find the next free slot").await;
    window.wait_for_text_in("dialog", "Free:").await;
    both_themes(window, "calendar-slot").await;
    window.press(&String::from(char::from(Key::Escape))).await;
    window.script_with(DRAG, drag(true)).await;
    window.wait_for_text_in("dialog", "Free of freezes and collisions").await;
    window.press_control(char::from(Key::Enter)).await;
    is_at(window, WEDNESDAY).await;
    let shown = laptop.run(&["calendar", "--from", WEDNESDAY, "--to", SATURDAY]).expect_code(0).stdout;
    assert!(shown.contains(&plans.release) && shown.contains("22:00-03:00"), "{shown}");
}
