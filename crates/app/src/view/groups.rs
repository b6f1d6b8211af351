//! CI groups.

use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Asks for a CI group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiGroupRequest {
    /// Id or name.
    pub group: String,
}

/// The page of a CI group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiGroupPage {
    /// Identity.
    pub id: String,
    /// Unique name.
    pub name: String,
    /// Who its members are, where that is a filter.
    pub filter: Option<String>,
    /// So many of its members are enough, where it is a redundancy group.
    pub enough: Option<u32>,
    /// How many members it has.
    pub member_count: u32,
    /// The first of them.
    pub members: Vec<ListRow>,
    /// Releases not closed that have it in their scope.
    pub releases: Vec<ListRow>,
    /// What its filter finds now.
    pub found: Option<FoundNow>,
}

/// What the filter of a dynamic group finds now, against its members.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FoundNow {
    /// How many it finds.
    pub count: u32,
    /// How many of them are no members yet.
    pub added: u32,
    /// How many members it does not find any more.
    pub gone: u32,
    /// Why it cannot be looked up.
    pub trouble: Option<String>,
}

/// Creates a CI group, or does something with one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CiGroupActRequest {
    /// Id or name; not for `create`.
    #[serde(default)]
    pub group: Option<String>,
    /// `create`, `add`, `remove`, `rename`, `set_filter`, `set_enough`, `fill`.
    pub action: String,
    /// New name.
    #[serde(default)]
    pub name: Option<String>,
    /// CIs by id, number or name.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub cis: Vec<String>,
    /// Filter of a dynamic group; none makes it static with the members it has.
    #[serde(default)]
    pub filter: Option<String>,
    /// So many members are enough.
    #[serde(default)]
    pub enough: Option<u32>,
}
