//! `slipwayctl release notes` and `bom`: a release on paper.

use crate::desk::Desk;
use crate::print::{Answer, text};
use crate::transfer::whole;
use clap::Args;
use serde_json::json;
use slipway_app::error::CallError;
use std::path::PathBuf;

/// A paper of a release.
#[derive(Args)]
pub struct Paper {
    /// REL-000001
    release: String,
    /// A file to write it to: .pdf or .md.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

pub async fn write(desk: &Desk, call: &str, paper: Paper) -> Result<Answer, CallError> {
    let path = paper.output.as_deref().map(whole).transpose()?;
    let made = desk.call(call, json!({ "release": paper.release, "path": path })).await?;
    let said = match &paper.output {
        Some(output) => format!("wrote {}", output.display()),
        None => text(&made, "/markdown"),
    };
    Ok(Answer::new(made, said))
}
