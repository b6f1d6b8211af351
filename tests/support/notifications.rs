//! What the person was shown as notifications of the system, read back from dunst.

use std::process::Command;

use serde_json::Value;

use super::wait;

/// One notification as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The line in bold.
    pub summary: String,
    /// The text below.
    pub body: String,
    /// The program that asked for it.
    pub program: String,
}

/// All notifications since the session began, newest first; those on the screen are closed.
pub fn all() -> Vec<Shown> {
    // Only what is closed stands in the history.
    dunstctl("close-all");
    let history: Value = serde_json::from_str(&dunstctl("history")).expect("the history as JSON");
    let groups = history["data"].as_array().cloned().unwrap_or_default();
    let notifications = groups.iter().filter_map(Value::as_array).flatten();
    let text = |notification: &Value, field: &str| notification[field]["data"].as_str().unwrap_or_default().to_owned();
    notifications
        .map(|notification| Shown {
            summary: text(notification, "summary"),
            body: text(notification, "body"),
            program: text(notification, "appname"),
        })
        .collect()
}

/// Waits for a notification whose summary or body contains this text. Tests run side by side on
/// one bus: ask for something only this test causes.
#[track_caller]
pub fn wait_for(text: &str) -> Shown {
    wait::until(&format!("a notification with {text:?}"), || {
        all().into_iter().find(|shown| shown.summary.contains(text) || shown.body.contains(text))
    })
}

fn dunstctl(action: &str) -> String {
    let output = Command::new("dunstctl").arg(action).output().expect("dunstctl starts");
    assert!(
        output.status.success(),
        "dunstctl {action}: {} Is this a session with a bus and a display?",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
