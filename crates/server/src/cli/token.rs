//! Tokens of other tools on the command line.

use super::{Data, Said, office};
use clap::{Args, Subcommand};
use serde_json::json;
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::people::Role;
use slipway_server::core::TokenInfo;
use slipway_server::setup::{SetupError, TokenActs};

#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Makes a token and shows it once. Example: slipway-server token add --data DIR --name inventory --role "configuration manager" --expires 365
    Add {
        #[command(flatten)]
        data: Data,
        /// What it is for.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        acts: Acts,
        /// How many days it lives.
        #[arg(long, value_name = "DAYS", default_value_t = 365)]
        expires: u32,
    },
    /// Lists tokens. Example: slipway-server token list --data DIR
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Ends a token for good. Example: slipway-server token revoke --data DIR --token ID
    Revoke {
        #[command(flatten)]
        data: Data,
        /// Its identity, as the list shows it.
        #[arg(long)]
        token: DeviceId,
    },
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct Acts {
    /// Acts for this person: sees and may do what they may.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Acts for a person of its own who cannot sign in, with this role; may be given again.
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<Role>,
}

pub(super) fn token(command: TokenCommand) -> anyhow::Result<Said> {
    match command {
        TokenCommand::Add { data, name, acts, expires } => {
            let acts = acts.user.map_or(TokenActs::As(acts.roles), TokenActs::For);
            let (info, secret) = office(&data)?.add_token(&name, &acts, expires)?;
            let text = format!("{secret}\n{} acts until {}. It is shown this once.", info.name, ends(&info));
            Ok(Said { text, json: json!({ "token": secret, "info": info }) })
        }
        TokenCommand::List { data } => {
            let office = office(&data)?;
            let (tokens, (people, _)) = (office.core().tokens().map_err(SetupError::from)?, office.people()?);
            let whose = |id| people.iter().find(|p| p.id == id).map_or("-", |p| p.user.as_str());
            let line = |t: &TokenInfo| {
                let state = if t.revoked { "revoked".to_owned() } else { format!("until {}", ends(t)) };
                format!("{}  {:<24} {:<16} {} commands  {state}", t.id, t.name, whose(t.person), t.commands)
            };
            let text = tokens.iter().map(line).collect::<Vec<_>>().join("\n");
            Ok(Said { text, json: serde_json::to_value(&tokens)? })
        }
        TokenCommand::Revoke { data, token } => {
            office(&data)?.core().revoke_token(token, PersonId::SYSTEM).map_err(SetupError::from)?;
            Ok(Said { text: format!("Revoked token {token}."), json: json!({ "token": token, "revoked": true }) })
        }
    }
}

fn ends(token: &TokenInfo) -> String {
    token.expires_at.map_or_else(|| "its session ended".to_owned(), |at| at.to_rfc3339())
}
