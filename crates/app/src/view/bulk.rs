//! Fields of many CIs at once.

use crate::view::cmdb::FieldDifference;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Sets fields of CIs; at most 500 in one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct EditManyRequest {
    /// Ids, numbers or names.
    pub cis: Vec<String>,
    /// What is set.
    pub set: Vec<FieldSet>,
    /// Says what it would do and does nothing.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub dry_run: bool,
}

/// A field and its new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldSet {
    /// Such as `status`, `owner`, `location.rack`, `attributes.NAME`.
    pub field: String,
    /// The new value; empty for none.
    pub to: String,
}

/// What a step did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EditManyReport {
    /// Every CI of the step.
    pub rows: Vec<EditedCi>,
    /// How many change.
    pub changed: u32,
    /// How many are as wanted.
    pub unchanged: u32,
    /// How many are refused, wholly or in part.
    pub refused: u32,
    /// The step, to undo it; none when it was only tried or nothing changed.
    pub command: Option<String>,
}

/// One CI of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EditedCi {
    /// Identity.
    pub id: String,
    /// Name.
    pub label: String,
    /// Field by field, before and after.
    pub changes: Vec<FieldDifference>,
    /// Why something of it is not changed.
    pub refused: Vec<String>,
}

/// Undoes a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UndoEditRequest {
    /// The step.
    pub command: String,
}
