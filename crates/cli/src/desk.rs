//! The application as the command line uses it: opened on a profile, called by the names of its list.

use crate::Common;
use crate::print::{Answer, at, rows, table, text, wrong_use};
use serde_json::{Value, json};
use slipway_app::error::CallError;
use slipway_app::host::{Host, Notice, Progress};
use slipway_app::keychain::OsKeychain;
use slipway_app::open::{App, Background};
use slipway_app::profile::Profile;
use slipway_app::view::jobs::JobView;
use slipway_app::view::mutations::Changes;
use slipway_app::view::profile::SyncStatus;
use std::io::{BufRead, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Most rows that a list prints; the rest is counted.
const LISTED: usize = 200;
/// Names the passphrase for calls without a standard input.
const PASSPHRASE_VARIABLE: &str = "SLIPWAY_PASSPHRASE";

/// The application, open.
pub struct Desk {
    app: App,
}

/// The terminal as the application's host.
struct Terminal;

impl Host for Terminal {
    fn changed(&self, _: &Changes) {}

    fn sync(&self, _: &SyncStatus) {}

    fn notify(&self, notice: &Notice) {
        tracing::info!(title = %notice.title, "{}", notice.body);
    }

    fn job(&self, job: &JobView) {
        let mut err = std::io::stderr();
        if err.is_terminal() {
            let part = job.done.saturating_mul(100).checked_div(job.of).map(|part| format!("{part} %"));
            let part = part.unwrap_or_default();
            let rate = if job.rows_per_s > 0 { format!(", {} a second", job.rows_per_s) } else { String::new() };
            let refused =
                if job.counts.refused > 0 { format!(", {} refused", job.counts.refused) } else { String::new() };
            let _ = write!(err, "\r\x1b[K{}: {part} {} rows{rate}{refused} {}", job.title, job.rows, job.step);
        }
    }

    fn progress(&self, step: &Progress) {
        let mut err = std::io::stderr();
        if err.is_terminal() {
            let _ = write!(err, "\r{}: {} of {}   ", step.what, step.done, step.of);
        }
    }
}

/// The profile folder that was named, or this person's own.
pub fn folder(common: &Common) -> Result<PathBuf, CallError> {
    match &common.profile {
        Some(folder) => Ok(folder.clone()),
        None => Ok(Profile::default_folder()?),
    }
}

/// The application on the profile folder, not opened yet.
pub fn application(common: &Common) -> Result<App, CallError> {
    Ok(App::new(folder(common)?, Arc::new(Terminal), Arc::new(OsKeychain), Background::Quiet))
}

/// The passphrase that was given, if one was.
pub fn passphrase(common: &Common) -> Result<Option<String>, CallError> {
    if common.passphrase_stdin {
        return Ok(Some(line_of_input("passphrase")?));
    }
    Ok(std::env::var(PASSPHRASE_VARIABLE).ok().filter(|p| !p.is_empty()))
}

/// A line of standard input that holds a secret.
pub fn line_of_input(what: &str) -> Result<String, CallError> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    let line = line.trim_end_matches(['\r', '\n']).to_owned();
    if read.is_err() || line.is_empty() {
        return Err(wrong_use(
            format!("Standard input holds no {what}."),
            format!("Give the {what} as a line of its own."),
        ));
    }
    Ok(line)
}

impl Desk {
    /// Opens the profile.
    pub async fn open(common: &Common) -> Result<Self, CallError> {
        let app = application(common)?;
        let passphrase = passphrase(common)?;
        app.call("app.unlock", json!({ "passphrase": passphrase })).await?;
        Ok(Self { app })
    }

    /// The application itself.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Ends the line of progress, so that the answer begins on its own.
    #[allow(clippy::unused_self, reason = "the desk is what shows progress")]
    pub fn end_progress(&self) {
        let mut err = std::io::stderr();
        if err.is_terminal() {
            let _ = write!(err, "\r\x1b[K");
        }
    }

    /// Calls a use case by name.
    pub async fn call(&self, name: &str, request: Value) -> Result<Value, CallError> {
        self.app.call(name, request).await
    }

    /// Id of the person who works here.
    pub async fn me(&self) -> Result<String, CallError> {
        Ok(text(&self.call("app.state", Value::Null).await?, "/person/id"))
    }

    /// A list of records, with these cells of each row as columns.
    pub async fn list(&self, kind: &str, filter: &str, cells: &[(&str, &str)]) -> Result<Answer, CallError> {
        let open = self.call("lists.open", json!({ "kind": kind, "filter": filter })).await?;
        if let Some(error) = open.pointer("/error").filter(|error| !error.is_null()) {
            return Err(wrong_filter(filter, error));
        }
        let ids = rows(&open, "/ids");
        let shown: Vec<&Value> = ids.iter().take(LISTED).collect();
        let page = self.call("lists.rows", json!({ "kind": kind, "ids": shown })).await?;
        let found = rows(&page, "/rows");
        let mut head = vec!["number", "state"];
        head.extend(cells.iter().map(|(_, title)| *title));
        head.push("title");
        let lines: Vec<Vec<String>> = found
            .iter()
            .map(|row| {
                let mut line = vec![text(row, "/label"), text(row, "/state")];
                line.extend(cells.iter().map(|(cell, _)| text(row, &format!("/cells/{cell}"))));
                line.push(text(row, "/title"));
                line
            })
            .collect();
        let mut shown = table(&head, &lines);
        if lines.is_empty() {
            shown = "none".to_owned();
        } else if ids.len() > LISTED {
            shown.push_str(&format!("\n… and {} more: narrow the filter", ids.len() - LISTED));
        }
        let bounded = text(&open, "/looked_at");
        if !bounded.is_empty() {
            shown.push_str(&format!(
                "\nNo index has what this asks for: the first {bounded} were looked at, there may be more. \
                 Add class:, status:, name: or a word to see all."
            ));
        }
        Ok(Answer::new(
            json!({ "total": at(&open, "/total"), "rows": found, "looked_at": at(&open, "/looked_at") }),
            shown,
        ))
    }
}

/// A filter that is not understood, with a mark under the place.
pub fn wrong_filter(filter: &str, error: &Value) -> CallError {
    let at = error.pointer("/at").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    let length = error.pointer("/length").and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let nearest = text(error, "/nearest");
    let way_out = if nearest.is_empty() {
        "Put what is only a word between quotes.".to_owned()
    } else {
        format!("Did you mean {nearest}?")
    };
    let mark = format!("\n  {filter}\n  {}{}", " ".repeat(at), "^".repeat(length));
    wrong_use(text(error, "/sentence"), format!("{way_out}{mark}"))
}
