//! The CI update plan: what a release will do to the CMDB (domain rules, section 5).

use crate::cmdb::ci::{Ci, CiStatus, FieldChange};
use crate::cmdb::relation::Relation;
use crate::id::CiId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// One line of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CiUpdate {
    /// Create a CI; kept in the CMDB as *pending* only from the install on.
    Create(Box<Ci>),
    /// Set fields; each `from` is what the plan expects to find.
    SetFields {
        /// The CI.
        ci: CiId,
        /// The fields.
        fields: Vec<FieldChange>,
    },
    /// Change the status.
    SetStatus {
        /// The CI.
        ci: CiId,
        /// Expected.
        from: CiStatus,
        /// Wanted.
        to: CiStatus,
    },
    /// Add a relation.
    AddRelation(Relation),
    /// Remove a relation.
    RemoveRelation(Relation),
}
