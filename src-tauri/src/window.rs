//! The main window as the tray and the events reach it.

use tauri::{AppHandle, Manager};

/// Label of the only window.
pub const MAIN: &str = "main";

/// Brings the window to the front, restoring it if it was hidden or made small.
pub fn bring_to_front(desktop: &AppHandle) {
    if let Some(window) = desktop.get_webview_window(MAIN) {
        // A window manager may refuse any of these; the window is then where the person left it.
        let _ = window.show();
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}
