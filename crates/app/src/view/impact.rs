//! What breaks when CIs fail, and what they need.

use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::impact::{Direction, Spared};
use slipway_domain::cmdb::relation::RelationType;
use ts_rs::TS;

/// Asks for the impact of CIs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ImpactRequest {
    /// Ids, numbers or names of CIs.
    pub cis: Vec<String>,
    /// Downstream when left out.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Over at most so many relations; 5 when left out.
    #[serde(default)]
    pub depth: Option<u32>,
    /// Along these relations only; all when left out.
    #[serde(default)]
    pub types: Option<Vec<RelationType>>,
    /// At most so many lines; 200 when left out, 1,000 at most.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// The CIs reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImpactView {
    /// Business services first, then nearest first, then by name.
    pub lines: Vec<ImpactLine>,
    /// CIs reached, those asked about left out.
    pub reached: u32,
    /// Business services among them.
    pub services: u32,
    /// Redundancy groups that still hold.
    pub spared: Vec<Spared>,
    /// There is more beyond the depth or the most that one analysis reaches.
    pub cut_off: bool,
}

/// A CI reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImpactLine {
    /// The CI.
    pub ci: ListRow,
    /// It is a business service.
    pub service: bool,
    /// In how many steps it was reached.
    pub depth: u32,
    /// The shortest path in words, such as `Payroll runs on esx-14 connects to sw-core-1`.
    pub path: String,
}
