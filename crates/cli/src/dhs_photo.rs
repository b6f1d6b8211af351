//! `slipwayctl dhs photo`: photos of hardware models, and of what nobody knew in a stocktake. Get, title and remove are
//! those of `slipwayctl ci photo`.

use crate::ci_photo::list;
use crate::desk::Desk;
use crate::print::{Answer, done, rows, text, wrong_use};
use crate::transfer::whole;
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum PhotoCall {
    /// Add a photo of a model; JPEG, PNG or WebP. Example: slipwayctl dhs photo add R740 front.jpg --title "Front"
    Add {
        /// Name or part number of the model; with --stocktake the code that was scanned.
        of: String,
        /// The picture.
        file: PathBuf,
        /// What is to be seen.
        #[arg(long)]
        title: Option<String>,
        /// Of an unknown label in this stocktake, by its title or id.
        #[arg(long)]
        stocktake: Option<String>,
    },
    /// List photos and where their bytes are. Example: slipwayctl dhs photo list R740
    List {
        /// Name or part number of the model; with --stocktake the code that was scanned.
        of: String,
        /// Of an unknown label in this stocktake, by its title or id.
        #[arg(long)]
        stocktake: Option<String>,
    },
}

pub async fn run(desk: &Desk, call: PhotoCall) -> Result<Answer, CallError> {
    match call {
        PhotoCall::Add { of, file, title, stocktake } => {
            let mut request = named(desk, &of, stocktake.as_deref()).await?;
            if let Some(request) = request.as_object_mut() {
                request.insert("path".to_owned(), json!(whole(&file)?));
                request.insert("title".to_owned(), json!(title));
            }
            desk.call("photos.add", request).await.map(done)
        }
        PhotoCall::List { of, stocktake } => list(desk, named(desk, &of, stocktake.as_deref()).await?).await,
    }
}

async fn named(desk: &Desk, of: &str, stocktake: Option<&str>) -> Result<Value, CallError> {
    let Some(stocktake) = stocktake else { return Ok(json!({ "model": of })) };
    let page = desk.call("stocktakes.get", json!({ "stocktake": stocktake, "finding": "unknown" })).await?;
    let line = rows(&page, "/lines").iter().find(|line| text(line, "/label").eq_ignore_ascii_case(of.trim()));
    let line = line.ok_or_else(|| {
        wrong_use(
            format!("{of} is no unknown label of this stocktake."),
            "Scan it first; dhs stocktake show --finding unknown lists those that were.",
        )
    })?;
    Ok(json!({ "sight": text(line, "/id") }))
}
