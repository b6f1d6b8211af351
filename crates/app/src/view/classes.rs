//! Classes of CIs and relation types: the tree as an editor shows it, and what a change of it leaves behind.

use crate::view::common::ListRow;
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::attribute::Attribute;
use slipway_domain::cmdb::relation_kind::{Carries, RelationKind};
use slipway_domain::refusal::Finding;
use std::collections::BTreeSet;
use ts_rs::TS;

/// What is asked of the tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ClassListRequest {
    /// Counts the CIs of each class, up to 1,000.
    #[serde(default)]
    pub counts: Option<bool>,
}

/// Every class and relation type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClassTree {
    /// Classes by name, those above before those below.
    pub classes: Vec<ClassView>,
    /// Relation types, by name.
    pub relation_types: Vec<RelationKind>,
    /// Whether whoever asks may edit them.
    pub may_edit: bool,
}

/// A class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClassView {
    /// What CIs carry.
    pub key: String,
    /// As shown.
    pub name: String,
    /// Key of the class above.
    pub parent: Option<String>,
    /// Steps from the root.
    pub depth: u32,
    /// Name of its own icon.
    pub icon: String,
    /// What belongs to it.
    pub description: String,
    /// Whether its CIs may carry more than it declares.
    pub open: bool,
    /// Its own attributes.
    pub attributes: Vec<Attribute>,
    /// Those from above, the root's first.
    pub inherited: Vec<Inherited>,
    /// CIs of the class itself; 0 where they were not counted.
    pub cis: u32,
}

/// An attribute from above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Inherited {
    /// Name of the class that declares it.
    pub from: String,
    /// The attribute.
    pub attribute: Attribute,
}

/// A class as it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct PutClassRequest {
    /// What CIs carry; a new one makes a new class.
    pub key: String,
    /// As shown; the key when left out.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub name: String,
    /// Key or name of the class above.
    #[serde(default)]
    pub parent: Option<String>,
    /// Name of its icon.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub icon: String,
    /// What belongs to it.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub description: String,
    /// Its own attributes.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub attributes: Vec<Attribute>,
    /// Whether its CIs may carry more than it declares; they may when left out.
    #[serde(default)]
    pub open: Option<bool>,
}

/// Names a class by key or name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClassRequest {
    /// Key or name.
    pub class: String,
}

/// What a change of a class would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ClassPreview {
    /// What the rules have against it.
    pub findings: Vec<Finding>,
    /// CIs of the class and of those below it that were looked at.
    pub checked: u32,
    /// Whether these are all of them.
    pub all_checked: bool,
    /// CIs among them whose values no longer fit.
    pub misfits: u32,
    /// The first of them.
    pub first: Vec<Misfit>,
}

/// A CI whose values no longer fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Misfit {
    /// The CI.
    pub ci: ListRow,
    /// What does not fit, in sentences.
    pub why: Vec<String>,
}

/// Asks for CIs that do not fit their class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct MisfitsRequest {
    /// Key or name of the class; those below it are walked too.
    pub class: String,
    /// The `next` of the page before; from the beginning when left out.
    #[serde(default)]
    pub after: Option<String>,
}

/// Some CIs that do not fit their class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MisfitPage {
    /// Which, and why.
    pub misfits: Vec<Misfit>,
    /// CIs that were looked at for it.
    pub looked_at: u32,
    /// Where the next page begins; `None` when every CI was looked at.
    pub next: Option<String>,
}

/// A relation type as it shall be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct PutRelationTypeRequest {
    /// What relations carry, such as `backed_up_by`; a new one makes a new type.
    pub key: String,
    /// Read from source to target; the key when left out.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub name: String,
    /// Read from target to source.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub inverse: String,
    /// Whether both ways mean the same.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub symmetric: bool,
    /// Classes that may be sources; any when empty.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub sources: BTreeSet<String>,
    /// Classes that may be targets; any when empty.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub targets: BTreeSet<String>,
    /// A target has at most one source.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub one_source: bool,
    /// A source has at most one target.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub one_target: bool,
    /// Whether it may lead back; it may when left out.
    #[serde(default)]
    pub may_cycle: Option<bool>,
    /// Which way failure travels; nowhere when left out.
    #[serde(default)]
    pub carries: Option<Carries>,
    /// No new ones are made.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub retired: bool,
}
