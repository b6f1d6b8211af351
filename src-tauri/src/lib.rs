//! The desktop shell: windows and operating system; decides nothing.

/// Starts the desktop.
pub fn run() {
    let built = tauri::Builder::default().plugin(tauri_plugin_notification::init()).run(tauri::generate_context!());
    if let Err(error) = built {
        eprintln!("Slipway could not start: {error}");
    }
}
