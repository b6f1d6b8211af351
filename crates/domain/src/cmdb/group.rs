//! CI groups and baselines: named sets of CIs, and their state at a moment.

use crate::cmdb::ci::Ci;
use crate::cmdb::relation::Relation;
use crate::id::{BaselineId, CiGroupId, CiId, PersonId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// A static CI group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiGroup {
    /// Identity.
    pub id: CiGroupId,
    /// Unique name.
    pub name: String,
    /// Members.
    pub members: BTreeSet<CiId>,
    /// A redundancy group: what depends on its members works while at least so many of them do. `None`: a group like any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enough: Option<u32>,
}

/// A snapshot: named, immutable copy of CIs and relations at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Baseline {
    /// Identity.
    pub id: BaselineId,
    /// Such as `REL-000123 before install`.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: PersonId,
    /// As they were.
    pub cis: Vec<Ci>,
    /// As they were.
    pub relations: Vec<Relation>,
    /// CIs and relations that did not exist yet.
    pub absent_cis: Vec<CiId>,
    /// Relations that did not exist yet.
    pub absent_relations: Vec<Relation>,
}
