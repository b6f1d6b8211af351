//! CI groups: named sets of CIs.

use crate::id::{CiGroupId, CiId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// A CI group: static, or dynamic with a filter that says who its members are.
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
    /// The filter of a dynamic group; its members are what this found when it was last looked. `None`: a static group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub filter: Option<String>,
}
