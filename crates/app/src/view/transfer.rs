//! Imports from files on this computer.

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
