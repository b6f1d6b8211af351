//! Devices, passwords, and signing in at a provider.

use crate::Common;
use crate::desk::{self, Desk};
use crate::print::{Answer, at, rows, table, text};
use crate::when::shown;
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::io::Write;

/// Devices on which people signed in.
#[derive(Subcommand)]
pub enum DeviceCall {
    /// Your own; for an administrator everybody's. Example: slipwayctl device list
    List,
    /// Shut one out: its next request is refused and it locks. Example: slipwayctl device revoke 0190...
    Revoke {
        /// Its identity.
        device: String,
    },
    /// Let one in again; administrators only. Example: slipwayctl device allow DEVICE
    Allow {
        /// Its identity.
        device: String,
    },
    /// Make another key for this computer; the present one vouches for it and ends. Example: slipwayctl device renew-key
    RenewKey,
}

/// Passwords at the server.
#[derive(Subcommand)]
pub enum PasswordCall {
    /// Change your own: the present one and the new one, each as a line of standard input. Example: slipwayctl password change < FILE
    Change,
    /// Set another person's, as a line of standard input; administrators only. Example: slipwayctl password reset sam < FILE
    Reset {
        /// Their sign-in name.
        #[arg(long)]
        user: String,
    },
}

pub async fn device(desk: &Desk, call: DeviceCall) -> Result<Answer, CallError> {
    let list = match call {
        DeviceCall::List => desk.call("devices.list", Value::Null).await?,
        DeviceCall::Revoke { device } => {
            desk.call("devices.decide", json!({ "device": device, "allow": false })).await?
        }
        DeviceCall::Allow { device } => desk.call("devices.decide", json!({ "device": device, "allow": true })).await?,
        DeviceCall::RenewKey => desk.call("devices.renew_key", Value::Null).await?,
    };
    let lines: Vec<Vec<String>> = rows(&list, "/devices")
        .iter()
        .map(|device| {
            let state = match (at(device, "/here").as_bool(), at(device, "/shut_out").as_bool()) {
                (_, Some(true)) => "shut out",
                (Some(true), _) => "here",
                _ => "",
            };
            let seen = at(device, "/last_seen");
            let seen = if seen.is_null() { "-".to_owned() } else { shown(seen) };
            vec![text(device, "/id"), text(device, "/person"), text(device, "/name"), seen, state.to_owned()]
        })
        .collect();
    Ok(Answer::new(list, table(&["device", "person", "name", "last seen", ""], &lines)))
}

pub async fn password(desk: &Desk, call: PasswordCall) -> Result<Answer, CallError> {
    match call {
        PasswordCall::Change => {
            let (current, new) = (desk::line_of_input("present password")?, desk::line_of_input("new password")?);
            desk.call("password.change", json!({ "current": current, "new": new })).await?;
            Ok(Answer::new(json!({ "changed": true }), "changed; on your other devices you sign in again"))
        }
        PasswordCall::Reset { user } => {
            let new = desk::line_of_input("new password")?;
            let people = desk.call("people.list", Value::Null).await?;
            let wanted = user.trim().to_lowercase();
            let person = rows(&people, "/people").iter().find(|person| text(person, "/user") == wanted);
            let person = person.map(|person| text(person, "/id")).ok_or_else(|| {
                CallError::trouble(
                    "UNKNOWN_PERSON",
                    format!("There is nobody with the sign-in name {wanted} here."),
                    "Sync, then list the people: slipwayctl people",
                )
            })?;
            desk.call("password.reset", json!({ "person": person, "new": new })).await?;
            Ok(Answer::new(json!({ "changed": true }), format!("{wanted} has a new password")))
        }
    }
}

/// Another passphrase for the profile: the present one opens it as ever, the new one is the next line.
pub async fn passphrase(common: &Common) -> Result<Answer, CallError> {
    let app = desk::application(common)?;
    let current = desk::passphrase(common)?;
    app.call("app.unlock", json!({ "passphrase": current })).await?;
    let new = desk::line_of_input("new passphrase")?;
    app.call("passphrase.change", json!({ "current": current.unwrap_or_default(), "new": new })).await?;
    Ok(Answer::new(json!({ "changed": true }), "changed"))
}

/// Signs in at the server's provider: prints where to go, then waits.
pub async fn sign_in(common: &Common, server: Value, elsewhere: bool) -> Result<Answer, CallError> {
    let app = desk::application(common)?;
    let pending = app.call("sign_in.begin", json!({ "server": server, "elsewhere": elsewhere })).await?;
    let mut err = std::io::stderr();
    // The address goes where people read, so that the answer stays the answer.
    let _ = match at(&pending, "/code").as_str() {
        Some(code) => writeln!(err, "Open {} on any device and type {code}", text(&pending, "/url")),
        None => writeln!(err, "Open in a browser of this computer: {}", text(&pending, "/url")),
    };
    let state = app.call("sign_in.finish", Value::Null).await?;
    let line = format!("signed in at {} as {}", text(&server, "/server"), text(&state, "/person/user"));
    Ok(Answer::new(state, line))
}
