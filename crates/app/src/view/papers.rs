//! A release on paper: its notes, and its bill of materials.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for a paper of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct PaperRequest {
    /// Id or number of the release.
    pub release: String,
    /// Path of a file to write it to, which ends in `.pdf` or `.md`.
    #[serde(default)]
    pub path: Option<String>,
}

/// A part of a paper: a table under a heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PaperPart {
    /// The heading.
    pub title: String,
    /// What stands above the columns.
    pub head: Vec<String>,
    /// Lines.
    pub rows: Vec<Vec<String>>,
    /// Said when there is no line.
    pub none: String,
}

/// A paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PaperView {
    /// What it is.
    pub title: String,
    /// What is said of the whole, by line.
    pub above: Vec<String>,
    /// In order.
    pub parts: Vec<PaperPart>,
    /// The same as Markdown.
    pub markdown: String,
    /// The file that was written.
    pub path: Option<String>,
}
