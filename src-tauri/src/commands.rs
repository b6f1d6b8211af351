//! The one command that crosses the bridge from the window.

use serde_json::Value;
use slipway_app::error::CallError;
use slipway_app::open::App;
use tauri::State;

/// Calls a use case of the application's list by name.
///
/// # Errors
/// The refusal with every reason, or trouble; both as the window reads them.
#[tauri::command]
pub async fn call(app: State<'_, App>, name: String, request: Value) -> Result<Value, CallError> {
    app.call(&name, request).await
}
