//! The desktop shell: the window, the tray and the operating system's notifications. It decides nothing.

mod commands;
mod events;
mod notifications;
mod tray;
mod window;

use anyhow::Context;
use slipway_app::keychain::OsKeychain;
use slipway_app::open::{App, Background};
use slipway_app::profile::{PROFILE_VARIABLE, Profile};
use std::sync::Arc;
use tauri::Manager;

/// Starts the desktop and returns when it is closed.
///
/// # Errors
/// A window system that does not answer, or a broken installation.
pub fn run() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    tauri::Builder::default()
        .plugin(tauri_plugin_notification::init())
        .setup(|desktop| {
            let named = std::env::var_os(PROFILE_VARIABLE).filter(|folder| !folder.is_empty());
            let folder = named.map_or_else(Profile::default_folder, |folder| Ok(folder.into()))?;
            let host = Arc::new(events::Desktop::new(desktop.handle().clone()));
            let app = App::new(folder, host, Arc::new(OsKeychain), Background::Sync);
            desktop.manage(app);
            tray::build(desktop.handle())?;
            events::refresh_tray(desktop.handle());
            Ok(())
        })
        .invoke_handler(tauri::generate_handler![commands::call])
        .run(tauri::generate_context!())
        .context("Starting the window")
}
