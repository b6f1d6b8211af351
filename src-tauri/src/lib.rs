//! The desktop shell: the window, the tray and the operating system's notifications. It decides nothing.

mod commands;
mod events;
mod notifications;
mod opening;
mod tray;
mod window;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use opening::Arguments;
use slipway_app::host::Opening;
use slipway_app::keychain::OsKeychain;
use slipway_app::open::{App, Background};
use slipway_app::profile::{PROFILE_VARIABLE, Profile};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use tauri::{AppHandle, Emitter, Manager, WebviewUrl};

/// Starts the desktop and returns when it is closed.
///
/// # Errors
/// A window system that does not answer, or a broken installation.
pub fn run() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(folder) = arguments.manual {
        return clap_mangen::generate_to(Arguments::command(), folder).context("Writing the manual page");
    }
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let named = std::env::var_os(PROFILE_VARIABLE).filter(|folder| !folder.is_empty());
    let mut context = tauri::generate_context!();
    let here = std::env::current_dir().unwrap_or_default();
    let address = arguments.open.as_deref().and_then(|open| opening::address(open, &here));
    if let (Some(address), Some(window)) = (address, context.config_mut().app.windows.first_mut()) {
        window.url = WebviewUrl::App(address.trim_start_matches('/').into());
    }
    let one_window = tauri_plugin_single_instance::Builder::new()
        .callback(|desktop, arguments, folder| called_again(desktop, &arguments, Path::new(&folder)))
        .dbus_id(name_of_instance(&context.config().identifier, named.as_deref()));
    tauri::Builder::default()
        .plugin(one_window.build())
        .plugin(tauri_plugin_notification::init())
        .setup(|desktop| {
            let folder = named.map_or_else(Profile::default_folder, |folder| Ok(folder.into()))?;
            let host = Arc::new(events::Desktop::new(desktop.handle().clone()));
            let app = App::new(folder, host, Arc::new(OsKeychain), Background::Sync);
            desktop.manage(app);
            tray::build(desktop.handle())?;
            events::refresh_tray(desktop.handle());
            Ok(())
        })
        .invoke_handler(tauri::generate_handler![commands::call])
        .run(context)
        .context("Starting the window")
}

/// A second call with the same profile: its window is this one.
fn called_again(desktop: &AppHandle, arguments: &[String], folder: &Path) {
    window::bring_to_front(desktop);
    let Some(open) = arguments.get(1) else { return };
    let Some(address) = opening::address(open, folder) else {
        tracing::warn!("what was to be opened leads nowhere");
        return;
    };
    if let Err(error) = desktop.emit("open", Opening { address }) {
        tracing::warn!(%error, "the window could not be told what to open");
    }
}

/// One window a profile: two profiles are two people's records, and may be open side by side.
fn name_of_instance(identifier: &str, profile: Option<&std::ffi::OsStr>) -> String {
    let Some(profile) = profile else { return identifier.to_owned() };
    let mut hasher = DefaultHasher::new();
    std::path::absolute(profile).unwrap_or_else(|_| profile.into()).hash(&mut hasher);
    format!("{identifier}.p{:016x}", hasher.finish())
}
