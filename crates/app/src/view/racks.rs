//! A rack, front and rear.

use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::ci::Face;
use ts_rs::TS;

/// Names a rack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct RackRequest {
    /// Name or id of its site; none when it stands at none.
    pub site: Option<String>,
    /// Building.
    pub building: String,
    /// Room.
    pub room: String,
    /// Rack.
    pub rack: String,
    /// Path of a PDF to draw it into; nothing is written when left out.
    pub path: Option<String>,
}

/// What stands in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RackItem {
    /// The CI.
    pub ci: ListRow,
    /// Lowest unit it fills; none when nobody said.
    pub low: Option<u32>,
    /// Highest.
    pub high: Option<u32>,
    /// Which faces it fills.
    pub face: Face,
}

/// A rack as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RackView {
    /// In words: site, building, room, rack.
    pub place: String,
    /// How many units it has: what its CI says, else as many as are filled, 42 at least.
    pub units: u32,
    /// What stands in it, the highest first; what has no unit last.
    pub items: Vec<RackItem>,
    /// Units that are free on both faces.
    pub free: u32,
}
