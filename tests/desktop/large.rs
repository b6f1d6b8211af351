//! The window over a CMDB of any size: how long its places take, and the memory of its process. Figures, not checks: run by
//! `cargo xtask bench cmdb`, which makes the profile.

use crate::places::go;
use crate::support::ctl::Ctl;
use crate::support::wait;
use crate::support::window::{TWO_FRAMES, Window};
use fantoccini::key::Key;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Names the folder of a profile that works alone and holds very many CIs.
const PROFILE: &str = "SLIPWAY_LARGE_PROFILE";
/// Times that each figure is taken; the worst counts.
const TIMES: usize = 5;

/// What a person sees when it is done.
struct Seen<'a> {
    css: &'a str,
    text: &'a str,
}

/// Does it, waits until it is seen and painted, and says how long that took, in milliseconds.
async fn took(window: &Window, does: &str, with: Value, seen: Seen<'_>) -> f64 {
    // Within the page: a journey of the driver takes as long as what is measured.
    let script = "const [given, css, text, done] = arguments; \
         const shown = () => [...document.querySelectorAll(css)].some(e => e.innerText.includes(text)); \
         const began = performance.now(); DOES; \
         const look = () => requestAnimationFrame(() => { \
           if (shown()) return requestAnimationFrame(() => done(performance.now() - began)); \
           if (performance.now() - began > 15000) return done(-1); \
           look(); }); look();";
    // The page forbids what would turn a text into a program.
    let script = script.replace("DOES", does);
    let arguments = vec![with, json!(seen.css), json!(seen.text)];
    let answer = window.client().execute_async(&script, arguments).await.expect("the window answers");
    let found = answer.as_f64().unwrap_or(-1.0);
    assert!(found >= 0.0, "{} never showed {:?}:\n{}", seen.css, seen.text, window.seen().await);
    found
}

const GO: &str = "history.pushState(null, '', given); dispatchEvent(new PopStateEvent('popstate'))";
const TYPE: &str = "const e = document.querySelector('.filter input'); e.focus(); \
     e.value = given; e.dispatchEvent(new Event('input', { bubbles: true }))";

fn worst(what: &str, times: &[f64]) {
    let worst = times.iter().copied().fold(0.0, f64::max);
    println!("{what:<48} {worst:>8.0} ms at worst of {}", times.len());
}

/// The highest memory of the window's own process, in MiB.
fn peak(profile: &Path) -> f64 {
    let mark = format!("SLIPWAY_PROFILE={}", profile.display());
    let processes = std::fs::read_dir("/proc").expect("the system's processes").flatten();
    let peaks = processes.filter_map(|process| {
        let read = |file: &str| std::fs::read(process.path().join(file)).ok();
        let is_ours = read("environ")?.split(|b| *b == 0).any(|one| one == mark.as_bytes());
        let name = String::from_utf8(read("comm")?).ok()?;
        let status = String::from_utf8(read("status")?).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.to_owned();
        (is_ours && name.trim() == "slipway").then(|| line.parse::<f64>().ok()).flatten()
    });
    peaks.fold(0.0, f64::max) / 1024.0
}

#[tokio::test]
#[ignore = "figures for cargo xtask bench, not a check"]
async fn the_window_over_a_cmdb_of_any_size() {
    let Some(profile) = std::env::var_os(PROFILE).map(PathBuf::from) else { return };
    let empty = Ctl::new();
    empty.run(&["init", "--alone", "--name", "Ann Archer"]).expect_code(0);
    // In turns, so that a busy moment or a cold cache of the system meets both.
    let mut starts = [f64::INFINITY; 2];
    for _ in 0..TIMES {
        for (profile, best) in [empty.profile(), &profile].into_iter().zip(&mut starts) {
            let start = Instant::now();
            let window = Window::open(profile).await;
            window.wait_for_text("Nothing waits for you").await;
            window.client().execute_async(TWO_FRAMES, Vec::new()).await.expect("painted");
            *best = best.min(start.elapsed().as_secs_f64());
            window.close().await;
        }
    }
    let [of_empty, of_large] = starts;
    println!("cold start to usable: {of_large:.2} s, {of_empty:.2} s empty ({:.2}x)", of_large / of_empty);

    let window = Window::open(&profile).await;
    let mut list = Vec::new();
    for _ in 0..TIMES {
        took(&window, GO, json!("/inbox"), Seen { css: "main", text: "Nothing waits for you" }).await;
        list.push(took(&window, GO, json!("/cmdb"), Seen { css: "[role=gridcell]", text: "CI-" }).await);
    }
    worst("the list of every CI", &list);

    let total = window.script("return document.querySelector('[role=grid]').getAttribute('aria-rowcount')").await;
    println!("rows of the list: {total}");
    window.find("[role=gridcell]:focus").await;
    window.press_control(char::from(Key::End)).await;
    let first = "return document.querySelector('[role=gridcell]:focus')?.parentElement.getAttribute('aria-rowindex')";
    let last = wait::until_async("the last row", || async {
        let row = window.script(first).await;
        (row == total).then_some(row)
    })
    .await;
    println!("Control and End lead to row {last}");

    let mut pages = Vec::new();
    let rows = "return [...document.querySelectorAll('[role=row][data-id]')] \
                  .map(e => [`/cmdb/${e.dataset.id}`, e.querySelectorAll('[role=gridcell]')[1].innerText.trim()])";
    let rows = window.script(rows).await;
    for row in rows.as_array().into_iter().flatten().take(TIMES) {
        let name = row[1].as_str().unwrap_or_default().to_owned();
        pages.push(took(&window, GO, row[0].clone(), Seen { css: "h1", text: &name }).await);
    }
    worst("the page of a CI", &pages);

    let mut typed = Vec::new();
    go(&window, "/cmdb").await;
    window.wait_for_text_in("[role=gridcell]", "CI-").await;
    for (text, shows) in
        [("class:application", "Application"), ("class:server", "Server"), ("status:retired", "Retired")]
    {
        typed.push(took(&window, TYPE, json!(text), Seen { css: "[role=gridcell]", text: shows }).await);
    }
    worst("another filter", &typed);
    // Pictures are made in the window's own process, and larger than what it shows: they come after the figure.
    println!("highest memory of the window's own process: {:.0} MiB", peak(&profile));
    window.screenshot("large-filtered").await;
    go(&window, "/cmdb").await;
    window.wait_for_text_in("[role=gridcell]", "CI-").await;
    window.screenshot("large-list").await;
    window.close().await;
}
