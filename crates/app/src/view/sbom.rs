//! What items are made of: components of an item, where a component is, two items beside each other.

use crate::view::common::{ListRow, Named, Pill};
use serde::{Deserialize, Serialize};
use slipway_domain::dsl::sbom::{Sbom, SbomComponent};
use ts_rs::TS;

/// Reads a document and keeps what it says of an item: a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ReadSbomRequest {
    /// Id, number or `NAME VERSION`.
    pub item: String,
    /// A document on this computer.
    #[serde(default)]
    pub path: Option<String>,
    /// In place of a path: the name of one of the item's files.
    #[serde(default)]
    pub file: Option<String>,
}

/// Asks for components of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ComponentsRequest {
    /// Id, number or `NAME VERSION`.
    pub item: String,
    /// Only those whose name, group, licence or version holds this.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub filter: String,
    /// How many at most; 200 when left out.
    #[serde(default)]
    pub count: Option<u32>,
}

/// Components of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ComponentsPage {
    /// Of which document; none where none was read.
    pub sbom: Option<Sbom>,
    /// Parts of it that did not come yet.
    pub missing_parts: u32,
    /// The first ones, by name.
    pub components: Vec<SbomComponent>,
    /// How many there are that the filter holds.
    pub total: u32,
    /// By licence, most components first: what an item is allowed under.
    pub licences: Vec<LicenceLine>,
}

/// A licence and how many components are under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LicenceLine {
    /// As it was said; empty for none.
    pub licence: String,
    /// How many components.
    pub components: u32,
    /// Some of their names.
    pub examples: Vec<String>,
}

/// Asks where a component is. One of name, package, licence and hash is needed; what else is given narrows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct FindComponentsRequest {
    /// Name, or a word of it.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub name: String,
    /// Versions, such as `2.14.1` or `>=2.0, <2.17`.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub version: String,
    /// Package URL, with or without version.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub package: String,
    /// Licence.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub licence: String,
    /// SHA-1, SHA-256 or SHA-512.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub hash: String,
    /// Goes on after an earlier answer.
    #[serde(default)]
    #[ts(optional, type = "number")]
    pub from: Option<i64>,
}

/// Where a component is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundComponents {
    /// Items that hold it.
    pub items: Vec<FoundItem>,
    /// There may be more: ask again from here.
    #[ts(type = "number | null")]
    pub next: Option<i64>,
}

/// An item that holds what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundItem {
    /// The item.
    pub item: Named,
    /// Its name and version.
    pub title: String,
    /// How it stands.
    pub pill: Pill,
    /// Address in the window.
    pub path: String,
    /// What of it was asked for.
    pub components: Vec<SbomComponent>,
    /// How many more of it there are than one answer tells.
    pub more: u32,
    /// Releases not closed that are built from it.
    pub releases: Vec<ListRow>,
    /// CIs that are this item in this version: where it is installed.
    pub cis: Vec<ListRow>,
}

/// Puts two items beside each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CompareItemsRequest {
    /// Id, number or `NAME VERSION` of the one.
    pub from: String,
    /// Of the other.
    pub to: String,
}

/// What differs between two items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ItemDifference {
    /// The one.
    pub from: Named,
    /// The other.
    pub to: Named,
    /// In the other only.
    pub added: Vec<SbomComponent>,
    /// In the one only.
    pub removed: Vec<SbomComponent>,
    /// In both, in other versions.
    pub changed: Vec<ChangedComponent>,
    /// In both, the same.
    pub unchanged: u32,
}

/// A component in two versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangedComponent {
    /// Its name, with its group.
    pub name: String,
    /// Versions in the one.
    pub from: Vec<String>,
    /// Versions in the other.
    pub to: Vec<String>,
}
