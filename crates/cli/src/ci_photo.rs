//! `slipwayctl ci photo`: photos of a CI.

use crate::desk::Desk;
use crate::print::{Answer, done, rows, table, text};
use clap::Subcommand;
use serde_json::{Value, json};
use slipway_app::error::CallError;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum PhotoCall {
    /// Add a photo; JPEG, PNG or WebP. Example: slipwayctl ci photo add sw-core-1 front.jpg --title "Front"
    Add {
        /// Name or number of the CI.
        ci: String,
        /// The picture.
        file: PathBuf,
        /// What is to be seen.
        #[arg(long)]
        title: Option<String>,
    },
    /// List the photos of a CI and where their bytes are. Example: slipwayctl ci photo list sw-core-1
    List {
        /// Name or number of the CI.
        ci: String,
    },
    /// Write a photo into a file; fetched from the server first if need be. Example: slipwayctl ci photo get 0198… --to .
    Get {
        /// Its id, as list shows it.
        photo: String,
        /// A file that is not there yet, or a folder.
        #[arg(long, value_name = "PATH", default_value = ".")]
        to: PathBuf,
    },
    /// Give a photo another title. Example: slipwayctl ci photo title 0198… "Rear"
    Title {
        /// Its id, as list shows it.
        photo: String,
        /// What is to be seen.
        title: String,
    },
    /// Remove a photo. Example: slipwayctl ci photo remove 0198…
    Remove {
        /// Its id, as list shows it.
        photo: String,
    },
}

pub async fn run(desk: &Desk, call: PhotoCall) -> Result<Answer, CallError> {
    match call {
        PhotoCall::Add { ci, file, title } => {
            let request = json!({ "ci": ci, "path": file, "title": title });
            desk.call("photos.add", request).await.map(done)
        }
        PhotoCall::List { ci } => list(desk, json!({ "ci": ci })).await,
        PhotoCall::Get { photo, to } => {
            let saved = desk.call("photos.save", json!({ "photo": photo, "to": to })).await?;
            let path = text(&saved, "/path");
            Ok(Answer::new(saved, path))
        }
        PhotoCall::Title { photo, title } => {
            desk.call("photos.describe", json!({ "photo": photo, "title": title })).await.map(done)
        }
        PhotoCall::Remove { photo } => {
            let removed = desk.call("photos.remove", json!({ "photo": photo })).await?;
            Ok(Answer::new(removed, "done"))
        }
    }
}

/// The photos of what the request names.
pub async fn list(desk: &Desk, request: Value) -> Result<Answer, CallError> {
    let list = desk.call("photos.list", request).await?;
    let lines: Vec<Vec<String>> = rows(&list, "/photos")
        .iter()
        .map(|photo| {
            let place = text(photo, "/pill/label");
            let place = if place.is_empty() { "here".to_owned() } else { place };
            let mut line: Vec<String> =
                ["/id", "/name", "/file_name", "/size_bytes", "/by/label"].iter().map(|at| text(photo, at)).collect();
            line.push(place);
            line
        })
        .collect();
    let shown = if lines.is_empty() {
        "no photos".to_owned()
    } else {
        table(&["id", "photo", "file", "bytes", "by", "bytes are"], &lines)
    };
    Ok(Answer::new(list, shown))
}
