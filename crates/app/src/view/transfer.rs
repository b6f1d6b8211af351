//! Imports from files on this computer, and exports into them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Imports CIs or relations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ImportRequest {
    /// Path of the CSV file.
    pub path: String,
    /// Says what it would do and does nothing.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub dry_run: bool,
}

/// Imports changes of another suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ImportChangesRequest {
    /// Path of the CSV file.
    pub path: String,
    /// Name of the other suite; changes are known by it and their number there.
    pub system: String,
    /// Says what it would do and does nothing.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub dry_run: bool,
}

/// Exports every record of a kind into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ExportRequest {
    /// `cis`, `relations`, `changes`, `releases` or `tasks`.
    pub kind: String,
    /// `csv` (for people and spreadsheets) when left out, or `json` (as stored).
    #[serde(default)]
    pub format: Option<String>,
    /// Path of the file; one that is there is replaced.
    pub path: String,
}

/// What an export wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportReport {
    /// Records.
    #[ts(type = "number")]
    pub rows: u64,
}
