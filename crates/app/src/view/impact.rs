//! What breaks when CIs fail, and what they need; and how much of it is redundant.

use crate::view::common::{ListRow, Named};
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::impact::{Direction, Standing};
use slipway_domain::cmdb::redundancy::Redundancy;
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
    /// The first line, from 0; 0 when left out.
    #[serde(default)]
    pub from: Option<u32>,
    /// At most so many lines; 200 when left out, 1,000 at most.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Each line with its path; with it when left out.
    #[serde(default)]
    pub paths: Option<bool>,
}

/// Some of the CIs reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImpactView {
    /// Business services first, then nearest first, then by name; a thousand and more not by name but in the order in
    /// which they came to this computer.
    pub lines: Vec<ImpactLine>,
    /// CIs reached, those asked about left out.
    pub reached: u32,
    /// Business services among them.
    pub services: u32,
    /// Redundancies that still hold although members are down.
    pub spared: Vec<Standing>,
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
    /// The shortest path in words, such as `Payroll runs on esx-14 connects to sw-core-1`; empty unless asked for.
    pub path: String,
}

/// Asks how one CI is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ImpactPathRequest {
    /// Ids, numbers or names of the CIs asked about.
    pub cis: Vec<String>,
    /// Id, number or name of the CI that is reached.
    pub to: String,
    /// Downstream when left out.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Along these relations only; all when left out.
    #[serde(default)]
    pub types: Option<Vec<RelationType>>,
}

/// The shortest path to a CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImpactPath {
    /// In words.
    pub text: String,
    /// From the CI that is affected, or that needs the others, to the other end.
    pub steps: Vec<ImpactStep>,
}

/// A relation on a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImpactStep {
    /// The CI.
    pub ci: Named,
    /// How it is related to the next one, such as `runs on`.
    pub reads: String,
    /// The next one.
    pub to: Named,
    /// The redundancy that had to fall before failure went this way.
    pub fallen: Option<Standing>,
}

/// Asks for the surroundings of a CI as a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct NeighboursRequest {
    /// Id, number or name.
    pub ci: String,
    /// Downstream when left out.
    #[serde(default)]
    pub direction: Option<Direction>,
    /// Over at most so many relations; 2 when left out.
    #[serde(default)]
    pub depth: Option<u32>,
    /// Along these relations only; all when left out.
    #[serde(default)]
    pub types: Option<Vec<RelationType>>,
    /// At most so many CIs; 100 when left out, 500 at most.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// The surroundings of a CI, laid out: a column for each step away from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NeighboursView {
    /// The CI first, then nearest first.
    pub nodes: Vec<GraphNode>,
    /// Relations between them that the walk may go along.
    pub links: Vec<GraphLink>,
    /// Redundancies that still hold although members are down.
    pub spared: Vec<Standing>,
    /// There is more than is shown.
    pub cut_off: bool,
}

/// A CI in the picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GraphNode {
    /// The CI.
    pub ci: ListRow,
    /// It is a business service.
    pub service: bool,
    /// Steps away.
    pub depth: u32,
    /// Place in its column, from 0.
    pub row: u32,
}

/// A relation in the picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GraphLink {
    /// Place of its source among the nodes.
    pub source: u32,
    /// Place of its target among the nodes.
    pub target: u32,
    /// Read from source to target.
    pub reads: String,
}

/// Redundancy rules about a CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RedundancyList {
    /// Those by which it is spared first, then those of which it is a provider.
    pub rules: Vec<RedundancyLine>,
    /// What the CI needs directly, of which rules may be made.
    pub providers: Vec<ListRow>,
}

/// A redundancy rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RedundancyLine {
    /// The record.
    pub rule: Redundancy,
    /// The CI that is spared.
    pub ci: ListRow,
    /// Its providers, by name.
    pub providers: Vec<ListRow>,
}

/// Does something with a redundancy rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct RedundancyActRequest {
    /// `put` or `remove`.
    pub action: String,
    /// Id of the rule; a new one when left out of `put`.
    #[serde(default)]
    pub rule: Option<String>,
    /// `put`: the CI.
    #[serde(default)]
    pub ci: Option<String>,
    /// `put`: its providers.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub providers: Vec<String>,
    /// `put`: how many of them are enough.
    #[serde(default)]
    pub enough: Option<u32>,
}
