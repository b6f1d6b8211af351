//! Relations: typed, directed, each with an inverse name.

use crate::id::{CiId, RelationId};
use crate::level::named;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

named! {
    /// Type of a relation, read from source to target.
    RelationType {
        /// Is used by.
        DependsOn = "depends on",
        /// Runs.
        RunsOn = "runs on",
        /// Hosts.
        HostedOn = "hosted on",
        /// Is part of; a tree.
        Contains = "contains",
        /// Symmetric.
        ConnectsTo = "connects to",
        /// Is provided by.
        Provides = "provides",
    }
}

impl RelationType {
    /// Read from target to source.
    #[must_use]
    pub fn inverse(self) -> &'static str {
        match self {
            Self::DependsOn => "is used by",
            Self::RunsOn => "runs",
            Self::HostedOn => "hosts",
            Self::Contains => "is part of",
            Self::ConnectsTo => "connects to",
            Self::Provides => "is provided by",
        }
    }
}

/// A relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Relation {
    /// Identity; derived from its ends and type, see [`Relation::id_of`], so that two laptops cannot make it twice.
    pub id: RelationId,
    /// From.
    pub source: CiId,
    /// How.
    pub relation_type: RelationType,
    /// To.
    pub target: CiId,
}

impl Relation {
    /// The identity of a relation: the same ends and type give the same id on every device.
    /// A symmetric relation has the same id both ways.
    #[must_use]
    pub fn id_of(source: CiId, relation_type: RelationType, target: CiId) -> RelationId {
        let (a, b) = if relation_type == RelationType::ConnectsTo && target < source {
            (target, source)
        } else {
            (source, target)
        };
        let name = format!("{}|{}|{}", a, relation_type.label(), b);
        RelationId(uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    /// A relation between two CIs.
    #[must_use]
    pub fn new(source: CiId, relation_type: RelationType, target: CiId) -> Self {
        Self { id: Self::id_of(source, relation_type, target), source, relation_type, target }
    }
}
