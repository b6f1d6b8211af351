//! What the application tells the desktop: changed records, the state of sync, notices.

use crate::{notifications, tray};
use slipway_app::host::{Host, Notice, Progress};
use slipway_app::open::App;
use slipway_app::view::inbox::Inbox;
use slipway_app::view::jobs::JobView;
use slipway_app::view::mutations::Changes;
use slipway_app::view::profile::SyncStatus;
use tauri::{AppHandle, Emitter, Manager};

/// The desktop as the application's host: passes on what it is told to the window, the tray and the system.
pub struct Desktop {
    handle: AppHandle,
}

impl Desktop {
    /// A host over a running desktop.
    pub fn new(handle: AppHandle) -> Self {
        Self { handle }
    }

    fn emit<T: serde::Serialize + Clone>(&self, event: &str, payload: &T) {
        if let Err(error) = self.handle.emit(event, payload.clone()) {
            tracing::warn!(event, error = %error, "the window could not be told");
        }
    }
}

impl Host for Desktop {
    fn changed(&self, changes: &Changes) {
        self.emit("changed", changes);
        refresh_tray(&self.handle);
    }

    fn sync(&self, status: &SyncStatus) {
        self.emit("sync", status);
    }

    fn notify(&self, notice: &Notice) {
        notifications::show(&self.handle, notice);
    }

    fn browse(&self, url: &str) -> bool {
        open::that_detached(url).inspect_err(|error| tracing::warn!(%error, "no browser was opened")).is_ok()
    }

    fn job(&self, job: &JobView) {
        self.emit("job", job);
    }

    fn progress(&self, step: &Progress) {
        self.emit("progress", step);
    }
}

/// Asks how much waits and shows it in the tray; off the calling thread, which may hold the store.
pub fn refresh_tray(desktop: &AppHandle) {
    let desktop = desktop.clone();
    tauri::async_runtime::spawn(async move {
        let Some(app) = desktop.try_state::<App>().map(|app| app.inner().clone()) else { return };
        let inbox = app.call("inbox.get", serde_json::Value::Null).await;
        if let Some(inbox) = inbox.ok().and_then(|inbox| serde_json::from_value::<Inbox>(inbox).ok()) {
            tray::show_counts(&desktop, &inbox.counts);
        }
    });
}
