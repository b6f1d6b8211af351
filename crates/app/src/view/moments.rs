//! A CI as it was at a moment, and CIs that look alike.

use crate::view::baselines::ComparedRelation;
use crate::view::cmdb::FieldDifference;
use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::time::Timestamp;
use std::collections::BTreeSet;
use ts_rs::TS;

/// Asks how a CI was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CiAtRequest {
    /// By whatever names a CI; by its id also one that is there no more.
    pub ci: String,
    /// When.
    pub at: Timestamp,
    /// The moment to compare with; now when left out.
    #[serde(default)]
    pub compared_with: Option<Timestamp>,
}

/// A CI as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiMoment {
    /// When.
    pub at: Timestamp,
    /// As it was then; `None` when it was not there.
    pub ci: Option<Ci>,
    /// Its fields that were filled then, with names in place of ids.
    pub fields: Vec<FieldValue>,
    /// Its relations then, read from this CI.
    pub relations: Vec<String>,
    /// Fields that differ from the other moment.
    pub differences: Vec<FieldDifference>,
    /// Relations that came or went until the other moment.
    pub relation_differences: Vec<ComparedRelation>,
    /// Why this is only the nearest state that is known; empty where it is exact.
    pub note: String,
}

/// A field with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldValue {
    /// Which.
    pub field: String,
    /// As a person reads it.
    pub value: String,
}

/// Puts the values that fields had at a moment into a release's CI update plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RestoreFieldsRequest {
    /// By whatever names a CI.
    pub ci: String,
    /// When they had the values.
    pub at: Timestamp,
    /// Which, `status` among them.
    pub fields: BTreeSet<String>,
    /// The release.
    pub release: String,
}

/// Asks which CIs look alike: in the whole queue, or those of one CI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct DuplicatesRequest {
    /// By whatever names a CI; the whole queue when left out.
    #[serde(default)]
    pub ci: Option<String>,
}

/// Possible duplicates that nobody decided on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DuplicateList {
    /// At most 200, longest known first.
    pub pairs: Vec<DuplicatePair>,
    /// How many there are.
    pub total: u32,
}

/// Two CIs that look alike, side by side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DuplicatePair {
    /// Identity of the pair.
    pub id: String,
    /// One of them.
    pub first: ListRow,
    /// The other.
    pub second: ListRow,
    /// What they share, such as `serial number`.
    pub signs: Vec<String>,
    /// When it was found.
    pub at: Timestamp,
    /// Fields that differ: `was` is the first's, `is` the second's.
    pub differences: Vec<FieldDifference>,
}

/// Looks for CIs like one that is about to be entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct AlikeRequest {
    /// Name.
    pub name: String,
    /// Class.
    pub class: String,
    /// Serial number.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub serial_number: String,
    /// Asset tag.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub asset_tag: String,
    /// Attributes, among which MAC addresses are found.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub attributes: std::collections::BTreeMap<String, String>,
}

/// CIs that look like the one that is about to be entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlikeList {
    /// Each with what they share.
    pub cis: Vec<AlikeCi>,
}

/// A CI that looks like another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AlikeCi {
    /// The CI.
    pub ci: ListRow,
    /// What they share.
    pub signs: Vec<String>,
}

/// Decides about possible duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct DuplicateActRequest {
    /// `merge`, `undo_merge` or `dismiss`.
    pub action: String,
    /// `merge`: the CI that stays. `dismiss`: one of the two.
    #[serde(default)]
    pub kept: Option<String>,
    /// `merge`, `undo_merge`: the CI that goes or went. `dismiss`: the other.
    #[serde(default)]
    pub gone: Option<String>,
    /// `merge`: fields that the kept one takes from the other.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub take: BTreeSet<String>,
    /// `dismiss`: why these are two.
    #[serde(default)]
    pub reason: Option<String>,
}
