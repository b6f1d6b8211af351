//! The profile: made, signed in, synced, told about.

use crate::Common;
use crate::account;
use crate::desk::{self, Desk};
use crate::print::{Answer, at, rows, table, text, wrong_use};
use crate::when::shown;
use clap::Args;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use slipway_app::keychain::OsKeychain;
use slipway_app::profile::{KeyChoice, Profile};
use slipway_app::session::computer_name;
use slipway_app::sync_driver::sync_once;
use std::path::PathBuf;

/// A new profile.
#[derive(Args)]
pub struct Init {
    /// Work without a server, in a workspace of one person who may do everything.
    #[arg(long, requires = "name")]
    alone: bool,
    /// Your name, with --alone.
    #[arg(long)]
    name: Option<String>,
    /// Name of the workspace, with --alone.
    #[arg(long, default_value = "My workspace")]
    workspace: String,
}

/// A sign-in.
#[derive(Args)]
pub struct SignIn {
    /// Address of the server, such as https://slipway.example:8443
    #[arg(long)]
    server: String,
    /// Sign-in name.
    #[arg(long, required_unless_present = "oidc")]
    user: Option<String>,
    /// Read the password from standard input (the line after the passphrase, if that is read from there too).
    #[arg(long, required_unless_present = "oidc")]
    password_stdin: bool,
    /// Sign in at the server's provider, in a browser of this computer: its address is printed.
    #[arg(long, conflicts_with_all = ["user", "password_stdin"])]
    oidc: bool,
    /// With --oidc: on another device, with a code that is printed, because this computer has no browser.
    #[arg(long, requires = "oidc")]
    device: bool,
    /// Certificate (PEM) of the authority that signed the server's.
    #[arg(long, conflicts_with = "fingerprint")]
    ca: Option<PathBuf>,
    /// SHA-256 of the server's certificate, as its administrator gave it to you.
    #[arg(long)]
    fingerprint: Option<String>,
}

/// Makes a profile: the key goes into the keychain, or is wrapped by the passphrase.
pub async fn init(common: &Common, init: Init) -> Result<Answer, CallError> {
    let passphrase = desk::passphrase(common)?;
    let folder = desk::folder(common)?;
    if init.alone {
        let app = desk::application(common)?;
        let request = json!({ "name": init.name, "workspace": init.workspace, "passphrase": passphrase });
        let state = app.call("app.start_alone", request).await?;
        return Ok(Answer::new(state, format!("made {}: you work alone there", folder.display())));
    }
    let choice = passphrase.as_deref().map_or(KeyChoice::Keychain, KeyChoice::Passphrase);
    Profile::create(&folder, choice, &computer_name(), &OsKeychain)?;
    let kept = if passphrase.is_some() { "passphrase" } else { "keychain" };
    let line = format!("made {}; its key is kept by the {kept}. Next: slipwayctl sign-in", folder.display());
    Ok(Answer::new(json!({ "profile": folder, "key": kept }), line))
}

pub async fn sign_in(common: &Common, sign_in: SignIn) -> Result<Answer, CallError> {
    let passphrase = desk::passphrase(common)?;
    let authority = sign_in.ca.as_ref().map(|file| file.to_string_lossy().into_owned());
    let Some(user) = sign_in.user.filter(|_| sign_in.password_stdin) else {
        let server = json!({
            "server": sign_in.server, "certificate": authority, "fingerprint": sign_in.fingerprint,
            "passphrase": passphrase,
        });
        return account::sign_in(common, server, sign_in.device).await;
    };
    let password = desk::line_of_input("password")?;
    let app = desk::application(common)?;
    let request = json!({
        "server": sign_in.server, "user": user, "password": password, "authority": authority,
        "fingerprint": sign_in.fingerprint, "passphrase": passphrase,
    });
    let state = app.call("app.connect", request).await?;
    let line = format!("signed in at {} as {user}", sign_in.server);
    Ok(Answer::new(state, line))
}

pub async fn sync(desk: &Desk) -> Result<Answer, CallError> {
    let open = desk.app().open()?;
    let report = json!(sync_once(open.session.clone(), desk.app().watch()).await?);
    let line = format!(
        "sent {}: {} applied, {} in part, {} refused, {} held; fetched {}; {} need attention",
        at(&report, "/pushed"),
        at(&report, "/applied"),
        at(&report, "/partial"),
        at(&report, "/refused"),
        at(&report, "/held"),
        at(&report, "/pulled"),
        at(&report, "/attention"),
    );
    let files = at(&report, "/files_waiting").as_u64().unwrap_or(0);
    let line = if files == 0 { line } else { format!("{line}; {files} files wait for the server") };
    Ok(Answer::new(report, line))
}

pub async fn status(desk: &Desk) -> Result<Answer, CallError> {
    let state = desk.call("app.state", Value::Null).await?;
    let sync = desk.call("sync.status", Value::Null).await?;
    let server = at(&state, "/server").as_str().unwrap_or("none: you work alone");
    let mut lines = vec![
        format!("{} · {}", text(&state, "/person/name"), text(&state, "/workspace")),
        format!("server          {server}"),
        format!("waiting         {}", at(&sync, "/waiting")),
        format!("needs attention {}", at(&sync, "/attention")),
    ];
    let last_sync = at(&sync, "/last_sync_at");
    if !last_sync.is_null() {
        lines.push(format!("last sync       {}", shown(last_sync)));
    }
    Ok(Answer::new(json!({ "state": state, "sync": sync }), lines.join("\n")))
}

pub async fn whoami(desk: &Desk) -> Result<Answer, CallError> {
    let state = desk.call("app.state", Value::Null).await?;
    let roles: Vec<String> = rows(&state, "/person/roles").iter().map(|r| text(r, "")).collect();
    let line = format!("{} ({})", text(&state, "/person/name"), roles.join(", "));
    Ok(Answer::new(at(&state, "/person").clone(), line))
}

pub fn state_hash(desk: &Desk) -> Result<Answer, CallError> {
    let hash = desk.app().open()?.store.state_hash()?;
    Ok(Answer::new(json!({ "state_hash": hash }), hash))
}

pub async fn people(desk: &Desk) -> Result<Answer, CallError> {
    let list = desk.call("people.list", Value::Null).await?;
    let lines: Vec<Vec<String>> = rows(&list, "/people")
        .iter()
        .map(|p| {
            let roles: Vec<String> = rows(p, "/roles").iter().map(|r| text(r, "")).collect();
            vec![text(p, "/user"), text(p, "/name"), roles.join(", ")]
        })
        .collect();
    Ok(Answer::new(list, table(&["user", "name", "roles"], &lines)))
}

pub async fn groups(desk: &Desk) -> Result<Answer, CallError> {
    let list = desk.call("groups.list", Value::Null).await?;
    let lines: Vec<Vec<String>> = rows(&list, "/groups")
        .iter()
        .map(|g| {
            let members: Vec<String> = rows(g, "/members").iter().map(|m| text(m, "/name")).collect();
            vec![text(g, "/name"), members.join(", ")]
        })
        .collect();
    Ok(Answer::new(list, table(&["group", "members"], &lines)))
}

/// Any use case by its name.
pub async fn raw(desk: &Desk, name: Option<String>, request: &str) -> Result<Answer, CallError> {
    let Some(name) = name else {
        let names = slipway_app::commands::NAMES;
        return Ok(Answer::new(json!(names), names.join("\n")));
    };
    let request = serde_json::from_str(request)
        .map_err(|error| wrong_use(format!("The request is no JSON: {error}."), "Quote it for your shell."))?;
    let answer = desk.call(&name, request).await?;
    let pretty = format!("{answer:#}");
    Ok(Answer::new(answer, pretty))
}
