//! What is to be taken from the shelves for a release.

use crate::view::common::Named;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for the pick list of a release, and where to write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct PickRequest {
    /// Id or number of the release.
    pub release: String,
    /// Path of a file to write it to: `.pdf`, else CSV.
    #[serde(default)]
    pub path: Option<String>,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PickLine {
    /// Where it lies, in words; empty once it was handed out.
    pub place: String,
    /// Identity of the unit; none for consumables.
    pub unit: Option<String>,
    /// Number of the unit; empty for consumables.
    pub number: String,
    /// Model.
    pub model: Named,
    /// Serial number.
    pub serial_number: String,
    /// Asset tag.
    pub asset_tag: String,
    /// How many.
    pub quantity: u32,
    /// It was handed out.
    pub picked: bool,
}

/// What is still to be reserved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PickMissing {
    /// Of which model, or which unit.
    pub label: String,
    /// How many the release wants.
    pub wanted: u32,
    /// How many are reserved or out.
    pub reserved: u32,
}

/// The list, in the order in which one walks: by store, aisle, shelf, bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PickList {
    /// The release.
    pub release: Named,
    /// Its title.
    pub title: String,
    /// What is to be taken, and what was.
    pub lines: Vec<PickLine>,
    /// What nothing is reserved for.
    pub missing: Vec<PickMissing>,
    /// The file, if one was written.
    pub path: Option<String>,
}
