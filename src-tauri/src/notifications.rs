//! Notices of the application as notifications of the operating system.

use slipway_app::host::Notice;
use tauri::AppHandle;
use tauri_plugin_notification::NotificationExt;

/// Shows a notice. A desktop without a notification service loses nothing: the Inbox is the truth.
pub fn show(desktop: &AppHandle, notice: &Notice) {
    let shown = desktop.notification().builder().title(&notice.title).body(&notice.body).show();
    if let Err(error) = shown {
        tracing::warn!(error = %error, "the notification could not be shown");
    }
}
