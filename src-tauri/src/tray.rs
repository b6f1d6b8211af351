//! The tray icon: how much waits, and the way back to the window.

use crate::window;
use slipway_app::open::App;
use slipway_app::view::inbox::InboxCounts;
use tauri::menu::{Menu, MenuEvent, MenuItem, PredefinedMenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager};

const TRAY: &str = "slipway";
const OPEN: &str = "open";
const SYNC: &str = "sync";
const QUIT: &str = "quit";

/// Puts the icon into the tray. A desktop without a tray shows none and works all the same.
///
/// # Errors
/// A menu or icon that the system refuses.
pub fn build(desktop: &AppHandle) -> tauri::Result<()> {
    let menu = Menu::with_items(
        desktop,
        &[
            &MenuItem::with_id(desktop, OPEN, "Open Slipway", true, None::<&str>)?,
            &MenuItem::with_id(desktop, SYNC, "Sync now", true, None::<&str>)?,
            &PredefinedMenuItem::separator(desktop)?,
            &MenuItem::with_id(desktop, QUIT, "Quit", true, None::<&str>)?,
        ],
    )?;
    let mut tray = TrayIconBuilder::with_id(TRAY)
        .tooltip(tooltip(&InboxCounts::default()))
        .menu(&menu)
        .on_menu_event(|desktop, event| choose(desktop, &event));
    if let Some(icon) = desktop.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.build(desktop)?;
    Ok(())
}

/// Shows how much waits: as text beside the icon where the system has room for it, and as its tooltip.
pub fn show_counts(desktop: &AppHandle, counts: &InboxCounts) {
    let Some(tray) = desktop.tray_by_id(TRAY) else { return };
    let shown = tray.set_tooltip(Some(tooltip(counts))).and_then(|()| tray.set_title(title(counts)));
    if let Err(error) = shown {
        tracing::warn!(error = %error, "the tray could not be updated");
    }
}

fn choose(desktop: &AppHandle, event: &MenuEvent) {
    match event.id().as_ref() {
        OPEN => window::bring_to_front(desktop),
        SYNC => {
            let app = desktop.state::<App>().inner().clone();
            tauri::async_runtime::spawn(async move {
                if let Err(error) = app.call("sync.now", serde_json::Value::Null).await {
                    tracing::warn!(error = %error, "sync from the tray");
                }
            });
        }
        QUIT => desktop.exit(0),
        _ => {}
    }
}

fn title(counts: &InboxCounts) -> Option<String> {
    let waiting = counts.approvals.saturating_add(counts.attention);
    (waiting > 0).then(|| waiting.to_string())
}

fn tooltip(counts: &InboxCounts) -> String {
    let plural = |n: u32, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let parts: Vec<String> = [
        (counts.approvals, "approval waits", "approvals wait"),
        (counts.tasks, "task for you", "tasks for you"),
        (counts.attention, "needs attention", "need attention"),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, one, many)| plural(n, one, many))
    .collect();
    if parts.is_empty() { "Slipway: nothing waits".to_owned() } else { format!("Slipway: {}", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, missing_docs)]
    use super::*;

    #[test]
    fn the_tray_says_what_waits_in_words_and_as_one_figure() {
        let counts = InboxCounts { approvals: 1, tasks: 3, attention: 2, ..InboxCounts::default() };
        assert_eq!(
            tooltip(&counts),
            "Slipway: 1 approval waits, 3 tasks for you, 2 need attention",
            "singular and plural"
        );
        assert_eq!(title(&counts).unwrap(), "3", "what needs a decision: approvals and attention");
        assert_eq!(title(&InboxCounts::default()), None, "nothing waiting shows no figure");
        assert_eq!(tooltip(&InboxCounts::default()), "Slipway: nothing waits", "said, not left blank");
    }
}
