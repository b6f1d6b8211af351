//! CI groups: named sets of CIs.

use crate::id::{CiGroupId, CiId};
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
