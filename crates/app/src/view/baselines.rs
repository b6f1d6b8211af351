//! Baselines: taking one, comparing, and what would bring it back.

use crate::view::cmdb::FieldDifference;
use crate::view::common::{Named, SyncMark};
use crate::view::releases::ProposedCiPlan;
use serde::{Deserialize, Serialize};
use slipway_domain::record::RecordRef;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Baselines, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BaselineList {
    /// At most the newest 500.
    pub baselines: Vec<BaselineRow>,
    /// How many there are.
    pub total: u32,
}

/// One baseline of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BaselineRow {
    /// Identity.
    pub id: String,
    /// Such as `Payroll before the move`.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Named,
    /// What it is of, in words.
    pub of: String,
    /// How many CIs belong to it.
    pub members: u32,
    /// Taken by *Record install*, of what its plan touches.
    pub install: bool,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// Takes a baseline of one of these: a filter, a CI group, a service, a site, or CIs one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct TakeBaselineRequest {
    /// Unique.
    pub name: String,
    /// CIs that a filter finds, as above the list; empty for every CI.
    #[serde(default)]
    pub filter: Option<String>,
    /// The members of this CI group, by name or id.
    #[serde(default)]
    pub group: Option<String>,
    /// This service and everything that it needs to work, by whatever names a CI.
    #[serde(default)]
    pub service: Option<String>,
    /// CIs that stand at this site, by name or id.
    #[serde(default)]
    pub site: Option<String>,
    /// These CIs, by whatever names them.
    #[serde(default)]
    pub cis: Option<Vec<String>>,
}

/// Compares two baselines, or one with now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CompareBaselinesRequest {
    /// Name or id.
    pub first: String,
    /// Name or id; now when left out.
    #[serde(default)]
    pub second: Option<String>,
    /// At most so many CIs; 500 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What differs between two sides, read from the first to the second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BaselineComparison {
    /// The first side.
    pub first: ComparedSide,
    /// The second side.
    pub second: ComparedSide,
    /// CIs that differ, by class and name.
    pub cis: Vec<ComparedCi>,
    /// How many CIs came.
    pub added: u32,
    /// How many CIs went.
    pub removed: u32,
    /// How many CIs changed, or relations of theirs.
    pub changed: u32,
    /// How many are alike.
    pub unchanged: u32,
    /// More CIs differ than are given.
    pub cut_off: bool,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparedSide {
    /// Identity of the baseline; `None` for now.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// When it was taken; `None` for now.
    pub at: Option<Timestamp>,
}

/// What became of a CI between two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It came.
    Added,
    /// It is there no more.
    Removed,
    /// It is there, but no longer what the baseline is of.
    LeftTheScope,
    /// It, or a relation of it, changed.
    Changed,
}

/// A CI that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparedCi {
    /// The CI.
    pub ci: Named,
    /// Its class.
    pub class: String,
    /// Address in the window; `None` where it is there no more.
    pub path: Option<String>,
    /// What became of it.
    pub became: Became,
    /// Fields that differ.
    pub fields: Vec<FieldDifference>,
    /// Relations that came or went, read from this CI.
    pub relations: Vec<ComparedRelation>,
}

/// A relation that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComparedRelation {
    /// Such as `runs on db-01`.
    pub words: String,
    /// Whether it came.
    pub added: bool,
}

/// Asks for the plan that brings CIs back to a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct RestoreRequest {
    /// Name or id.
    pub baseline: String,
    /// Only these CIs, by whatever names them; all that differ when left out.
    #[serde(default)]
    pub cis: Option<Vec<String>>,
    /// Puts the plan into this release, behind what its plan says already, and its CIs into the scope.
    #[serde(default)]
    pub release: Option<String>,
}

/// A plan that restores; it takes effect when a release is installed with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RestoreProposal {
    /// Line by line, and what cannot come back.
    pub plan: ProposedCiPlan,
    /// The release that has it now.
    pub release: Option<RecordRef>,
}
