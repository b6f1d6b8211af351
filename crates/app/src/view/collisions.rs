//! What collides with a plan, and what it affects beside what it names.

use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::impact::Standing;
use slipway_domain::level::Risk;
use slipway_domain::refusal::Finding;
use ts_rs::TS;

/// Names a release or a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct PlanRequest {
    /// Id or number of a release.
    #[serde(default)]
    pub release: Option<String>,
    /// Id, number or foreign number of a change.
    #[serde(default)]
    pub change: Option<String>,
}

/// What collides with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Collisions {
    /// It has a window; without one nothing collides.
    pub planned: bool,
    /// One for each freeze that it falls into and each thing in which it collides with another plan.
    pub lines: Vec<CollisionLine>,
}

/// A collision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CollisionLine {
    /// The other release or change, or the freeze.
    pub other: ListRow,
    /// In what they collide, with the path that links them.
    pub finding: Finding,
}

/// What a change affects beside what it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangeWeight {
    /// The risk that follows.
    pub risk: Risk,
    /// CIs affected beside those that it names.
    pub reached: u32,
    /// There are more than are looked at.
    pub more: bool,
    /// Business services among them.
    pub service_count: u32,
    /// The first ten.
    pub services: Vec<ListRow>,
}

/// What fails with the scope of a release and is not in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlsoAffected {
    /// Business services first, then nearest first; 50 at most.
    pub lines: Vec<AlsoAffectedLine>,
    /// How many there are.
    pub total: u32,
    /// Redundancies that still hold.
    pub spared: Vec<Standing>,
}

/// Something that is affected too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlsoAffectedLine {
    /// The CI.
    pub ci: ListRow,
    /// It is a business service.
    pub service: bool,
    /// Why.
    pub path: String,
}
