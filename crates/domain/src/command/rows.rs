//! Rows of imports into the CMDB.

use crate::cmdb::ci::Ci;
use crate::cmdb::relation::Relation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// A row of a CI import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiRow {
    /// Line of the file it came from, to name it in findings.
    pub line: u32,
    /// The CI to create if there is none of that class and name.
    pub ci: Ci,
    /// Fields that the file has: only these are updated on a CI that exists.
    pub columns: BTreeSet<String>,
}

/// A row of a relation import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RelationRow {
    /// Line of the file it came from.
    pub line: u32,
    /// The relation.
    pub relation: Relation,
}
