//! The CMDB as trees by place and by business service.

use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Which tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TreeOf {
    /// Site, building, room, rack, and what stands there.
    Places,
    /// Business services, and what they depend on.
    Services,
}

/// Asks for what lies below a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CmdbTreeRequest {
    /// Which tree.
    pub of: TreeOf,
    /// Keys of the nodes from the root down to the one asked for; none for the root.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub path: Vec<String>,
    /// The `next` of the page before.
    #[serde(default)]
    pub after: Option<String>,
}

/// Nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TreePage {
    /// In their order.
    pub nodes: Vec<TreeNode>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TreeNodeKind {
    /// A site.
    Site,
    /// A building.
    Building,
    /// A room.
    Room,
    /// A rack.
    Rack,
    /// A business service.
    Service,
    /// A CI.
    Ci,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TreeNode {
    /// Its part of a path.
    pub key: String,
    /// As shown; empty for the CIs that say nothing on this level.
    pub label: String,
    /// What it is.
    pub kind: TreeNodeKind,
    /// How the node above leads to it, such as `runs on`; empty where it only holds it.
    pub reads: String,
    /// Where it stands in its rack, such as `U10–U12`; empty where that is not said.
    pub units: String,
    /// The CI, where it is one.
    pub ci: Option<ListRow>,
    /// Whether it stands above itself already: the way leads back.
    pub again: bool,
}
