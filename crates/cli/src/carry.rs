//! `slipwayctl carry`: sync by a stick, where there is no network.

use crate::desk::{Desk, line_of_input};
use crate::print::{Answer, at, rows, text};
use crate::release::absolute;
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::{Path, PathBuf};

/// Carry files.
#[derive(Subcommand)]
pub enum Carry {
    /// Write what waits, and where this laptop stands, into a file that only the server can read; or what another person
    /// may see of it into a file for their laptop.
    /// Example: slipwayctl carry export --to /media/stick
    Export {
        /// The file, or a folder to put it into.
        #[arg(long, value_name = "PATH")]
        to: PathBuf,
        /// Whom it is for.
        #[arg(long = "for", value_name = "WHAT", value_parser = ["server", "laptop"], default_value = "server")]
        whom: String,
        /// For a laptop: whose, by sign-in name. The file's passphrase is read from a line of standard input.
        #[arg(long, value_name = "USER", required_if_eq("whom", "laptop"))]
        person: Option<String>,
    },
    /// Take the server's answer, or another laptop's file. Example: slipwayctl carry import /media/stick/slipway-ann.carry.answer
    Import {
        /// The file.
        file: PathBuf,
        /// Read the passphrase of another laptop's file from a line of standard input.
        #[arg(long)]
        file_passphrase_stdin: bool,
    },
    /// Bring another laptop's file to the server over the network, and write the answer, which only that laptop can read.
    /// Example: slipwayctl carry relay /media/stick/slipway-ann.carry
    Relay {
        /// The file.
        file: PathBuf,
        /// Where the answer goes; beside the file with the ending .answer, if not given.
        #[arg(long, value_name = "FILE")]
        answer: Option<PathBuf>,
    },
    /// What waits, and which files were written and taken last. Example: slipwayctl carry status
    Status,
}

fn full(path: &Path) -> Result<String, CallError> {
    Ok(absolute(std::slice::from_ref(&path.to_path_buf()))?.concat())
}

/// Does what was asked.
pub async fn run(desk: &Desk, call: Carry) -> Result<Answer, CallError> {
    match call {
        Carry::Export { to, whom, person } => {
            let mut request = json!({ "path": full(&to)? });
            if whom == "laptop" {
                let passphrase = line_of_input("passphrase of the file")?;
                request = json!({ "path": full(&to)?, "person": person, "passphrase": passphrase });
            }
            let done = desk.call("carry.export", request).await?;
            let line = format!("{} commands in {}", at(&done, "/commands"), text(&done, "/path"));
            Ok(Answer::new(done, line))
        }
        Carry::Import { file, file_passphrase_stdin } => {
            let words = if file_passphrase_stdin { Some(line_of_input("passphrase of the file")?) } else { None };
            let done = desk.call("carry.import", json!({ "path": full(&file)?, "passphrase": words })).await?;
            let line = if at(&done, "/already").as_bool() == Some(true) {
                "everything in it is here already".to_owned()
            } else if !at(&done, "/handed").is_null() {
                format!(
                    "{} commands of {} on {}: {} show here until the server judges them, {} do not fit, {} are not yours to see",
                    at(&done, "/handed/commands"),
                    text(&done, "/handed/person"),
                    text(&done, "/handed/laptop"),
                    at(&done, "/handed/shown"),
                    at(&done, "/handed/unfit"),
                    at(&done, "/handed/hidden"),
                )
            } else {
                format!(
                    "{} records; of this laptop's commands {} applied, {} in part, {} refused, {} held; {} wait",
                    at(&done, "/records"),
                    at(&done, "/applied"),
                    at(&done, "/partial"),
                    at(&done, "/refused"),
                    at(&done, "/held"),
                    at(&done, "/waiting"),
                )
            };
            Ok(Answer::new(done, line))
        }
        Carry::Relay { file, answer } => {
            let answer = answer.map(|answer| full(&answer)).transpose()?;
            let done = desk.call("carry.relay", json!({ "path": full(&file)?, "answer": answer })).await?;
            let line = format!(
                "{} commands, {} of them judged now; the answer: {}",
                at(&done, "/commands"),
                at(&done, "/judged"),
                text(&done, "/answer")
            );
            Ok(Answer::new(done, line))
        }
        Carry::Status => {
            let status = desk.call("carry.status", Value::Null).await?;
            let last = |what: &str| match at(&status, &format!("/{what}")) {
                note if note.is_null() => "none".to_owned(),
                note => format!("{} commands, {}", at(note, "/commands"), text(note, "/path")),
            };
            let mut lines = vec![
                format!("waiting   {}", at(&status, "/waiting")),
                format!("exported  {}", last("exported")),
                format!("imported  {}", last("imported")),
            ];
            for file in rows(&status, "/handed") {
                let said = text(file, "/outcome");
                lines.push(format!(
                    "of {} on {}: {} commands, {} show here. {}",
                    text(file, "/person"),
                    text(file, "/laptop"),
                    at(file, "/commands"),
                    at(file, "/showing"),
                    if said.is_empty() { "Waits for this laptop to meet the server." } else { &said },
                ));
            }
            let unable = text(&status, "/unable");
            if !unable.is_empty() {
                lines.push(unable);
            }
            Ok(Answer::new(status, lines.join("\n")))
        }
    }
}
