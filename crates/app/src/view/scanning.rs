//! Codes that a scanner reads into the reconcile queue, one at a time.

use crate::view::cmdb::FieldDifference;
use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::observation::scan::CodeKind;
use slipway_domain::cmdb::observation::sight::Sighting;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// A code was scanned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ScanRequest {
    /// As the scanner sent it: a serial number, asset tag or MAC address.
    pub code: String,
    /// Site where one stands: id or name.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub site: String,
    /// Room there.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub room: String,
    /// Rack there.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub rack: String,
    /// What a code is that nothing is known by; an asset tag when left out.
    #[serde(default)]
    pub otherwise: Option<CodeKind>,
}

/// How what was scanned stands to the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ScanOutcome {
    /// It is where the record says.
    Matches,
    /// The record has it at another place.
    Elsewhere,
    /// No record is of it.
    Unknown,
    /// Several records could be of it.
    Ambiguous,
}

/// What became of a scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ScanAnswer {
    /// How it stands.
    pub outcome: ScanOutcome,
    /// How a person calls it.
    pub label: String,
    /// The CI that it is.
    pub ci: Option<ListRow>,
    /// The CIs that it could be.
    pub candidates: Vec<ListRow>,
    /// Where the record and what was seen differ.
    pub differences: Vec<FieldDifference>,
    /// It was scanned before.
    pub again: bool,
    /// What takes it back.
    pub undo: UndoScanRequest,
}

/// Takes a scan back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UndoScanRequest {
    /// The observation.
    pub observation: String,
    /// When it was scanned.
    pub seen_at: Timestamp,
    /// What was scanned of the thing before.
    pub before: Option<Sighting>,
}
