//! The provider of sign-ins on the command line.

use super::{Data, Said, password, quiet_log};
use anyhow::Context;
use clap::Subcommand;
use serde_json::json;
use slipway_domain::people::Role;
use slipway_server::folder::Folder;
use slipway_server::oidc::OidcConfig;
use std::path::PathBuf;

#[derive(Subcommand)]
pub(super) enum OidcCommand {
    /// Names the provider. It must take http://127.0.0.1/callback with any port as a redirect (RFC 8252).
    Set {
        #[command(flatten)]
        data: Data,
        /// Under which name people know it.
        #[arg(long)]
        name: String,
        /// Its address, as its discovery document gives it.
        #[arg(long)]
        issuer: String,
        /// As it knows this server.
        #[arg(long)]
        client_id: String,
        /// Reads the client's secret from the first line of standard input; without it the client is public.
        #[arg(long)]
        client_secret_stdin: bool,
        /// The claim that is the sign-in name here.
        #[arg(long, default_value = "preferred_username")]
        claim: String,
        /// Certificate authority (PEM) of the provider, where it is a private one.
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
        /// Adds people who come for the first time, with this role; may be given again.
        #[arg(long = "newcomer-role", value_name = "ROLE")]
        newcomers: Vec<Role>,
    },
    /// Shows what is set, but for the secret.
    Show {
        #[command(flatten)]
        data: Data,
    },
    /// Lets people sign in by password only.
    Remove {
        #[command(flatten)]
        data: Data,
    },
}

pub(super) fn run(command: OidcCommand) -> anyhow::Result<Said> {
    quiet_log();
    match command {
        OidcCommand::Set { data, name, issuer, client_id, client_secret_stdin, claim, ca, newcomers } => {
            let secret = if client_secret_stdin { Some(password()?) } else { None };
            let authority = match ca {
                Some(file) => {
                    let text = std::fs::read_to_string(&file);
                    Some(text.with_context(|| format!("Reading {}", file.display()))?)
                }
                None => None,
            };
            let newcomers = (!newcomers.is_empty()).then_some(newcomers);
            let config = OidcConfig { name, issuer, client_id, claim, newcomers };
            config.store(&Folder::find(&data.path)?, secret.as_deref(), authority.as_deref())?;
            Ok(Said {
                text: format!("People sign in at {} once the server was started again.", config.name),
                json: serde_json::to_value(&config)?,
            })
        }
        OidcCommand::Show { data } => {
            let config = OidcConfig::load(&Folder::find(&data.path)?)?;
            Ok(Said {
                text: match &config {
                    Some(config) => serde_json::to_string_pretty(config)?,
                    None => "People sign in by password only.".to_owned(),
                },
                json: serde_json::to_value(&config)?,
            })
        }
        OidcCommand::Remove { data } => {
            OidcConfig::remove(&Folder::find(&data.path)?)?;
            let text = "People sign in by password only once the server was started again.".to_owned();
            Ok(Said { text, json: json!(null) })
        }
    }
}
