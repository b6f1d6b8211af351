//! `slipwayctl generate`: a made-up data centre of any size.

use crate::Common;
use crate::desk;
use crate::print::{Answer, wrong_use};
use clap::Args;
use serde_json::json;
use slipway_app::error::CallError;
use slipway_app::generate::model::Model;
use slipway_app::generate::{profile, write_files};
use slipway_app::host::System;
use std::path::PathBuf;

/// A data centre to make up.
#[derive(Args)]
pub struct Generate {
    /// How many CIs.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    cis: u32,
    /// How many relations between them; a small model may have room for fewer.
    #[arg(long, default_value_t = 3_000, value_parser = clap::value_parser!(u32).range(0..=20_000_000))]
    relations: u32,
    /// The same seed gives the same data centre.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for cis.csv and relations.csv; this one, if not given.
    #[arg(long, short, conflicts_with = "into_profile")]
    output: Option<PathBuf>,
    /// Make a profile that works alone and put everything into it at once, with sites, owners and support groups.
    #[arg(long)]
    into_profile: bool,
}

/// Makes files, or fills a fresh profile.
pub async fn run(common: &Common, generate: Generate) -> Result<Answer, CallError> {
    let model = Model::new(generate.seed, generate.cis, generate.relations);
    if generate.into_profile {
        return into_profile(common, model.peopled()).await;
    }
    let folder = generate.output.unwrap_or_else(|| PathBuf::from("."));
    write_files(&model, &folder)?;
    let line =
        format!("wrote {} CIs to cis.csv and their relations to relations.csv in {}", model.cis(), folder.display());
    Ok(Answer::new(json!({ "folder": folder, "cis": model.cis() }), line))
}

async fn into_profile(common: &Common, model: Model) -> Result<Answer, CallError> {
    let passphrase = desk::passphrase(common)?;
    let app = desk::application(common)?;
    let folder = desk::folder(common)?;
    let state = app.call("app.state", serde_json::Value::Null).await?;
    if state.get("state").and_then(|s| s.as_str()) != Some("no_profile") {
        return Err(wrong_use(
            format!("There is a profile in {} already.", folder.display()),
            "Name a folder that does not exist yet with --profile: generated records are for fresh profiles."
                .to_owned(),
        ));
    }
    let request = json!({ "name": "Generated", "workspace": "Generated data centre", "passphrase": passphrase });
    app.call("app.start_alone", request).await?;
    let open = app.open()?;
    let count = profile::fill(&model, &open.store, System.now())?;
    let line = format!("made {} with {count} records: {} CIs and their relations", folder.display(), model.cis());
    Ok(Answer::new(json!({ "profile": folder, "records": count, "cis": model.cis() }), line))
}
