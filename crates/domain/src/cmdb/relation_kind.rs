//! Relation types as data: how each is read both ways, which classes it may join, how many of it a CI may have, whether
//! it may form a loop, and which way a failure travels along it.
//!
//! The six that every workspace has stand in [`RelationKind::defaults`]; a stored record of the same key takes the place
//! of one, and further keys are added. A type is never removed, because relations carry its key; it is *retired*.

use crate::cmdb::class;
use crate::cmdb::relation::RelationType;
use crate::execute::{Effect, replace};
use crate::id::RelationKindId;
use crate::level::named;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::text;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;
use uuid::Uuid;

/// Most relation types of a workspace: every impact analysis looks at all of them.
pub const KINDS: usize = 200;

named! {
    /// Which way the failure of a CI travels along a relation.
    Carries {
        /// It does not.
        Nothing = "nothing",
        /// What the source needs fails with it.
        ToTarget = "from source to target",
        /// The source fails with its target.
        ToSource = "from target to source",
        /// Either fails with the other.
        BothWays = "both ways",
    }
}

/// A relation type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RelationKind {
    /// Identity; derived from the key.
    pub id: RelationKindId,
    /// What relations carry; never changes.
    pub key: RelationType,
    /// Read from source to target.
    pub name: String,
    /// Read from target to source.
    pub inverse: String,
    /// Whether both ways mean the same.
    pub symmetric: bool,
    /// Keys of the classes that may be sources, with those below them; lower case, any when empty.
    pub sources: BTreeSet<String>,
    /// Keys of the classes that may be targets, with those below them; lower case, any when empty.
    pub targets: BTreeSet<String>,
    /// A target has at most one source.
    pub one_source: bool,
    /// A source has at most one target.
    pub one_target: bool,
    /// Whether following it may lead back to where one began.
    pub may_cycle: bool,
    /// Which way failure travels.
    pub carries: Carries,
    /// No new ones are made.
    pub retired: bool,
}

impl RelationKind {
    /// The identity of the type of that key.
    #[must_use]
    pub fn id_of(key: RelationType) -> RelationKindId {
        let name = format!("slipway.relation_kind|{}", key.key());
        RelationKindId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    /// A type that may join anything.
    #[must_use]
    pub fn new(key: RelationType, inverse: &str, carries: Carries) -> Self {
        Self {
            id: Self::id_of(key),
            key,
            name: key.label().to_owned(),
            inverse: inverse.to_owned(),
            symmetric: false,
            sources: BTreeSet::new(),
            targets: BTreeSet::new(),
            one_source: false,
            one_target: false,
            may_cycle: true,
            carries,
            retired: false,
        }
    }

    /// The types that every workspace has.
    #[must_use]
    pub fn defaults() -> Vec<Self> {
        let contains = Self::new(RelationType::Contains, "is part of", Carries::ToTarget);
        let connects = Self::new(RelationType::ConnectsTo, "connects to", Carries::BothWays);
        vec![
            Self::new(RelationType::DependsOn, "is used by", Carries::ToSource),
            Self::new(RelationType::RunsOn, "runs", Carries::ToSource),
            Self::new(RelationType::HostedOn, "hosts", Carries::ToSource),
            Self { one_source: true, may_cycle: false, ..contains },
            Self { symmetric: true, ..connects },
            Self::new(RelationType::Provides, "is provided by", Carries::ToTarget),
        ]
    }
}

/// The type of that key; `None` if the workspace has none.
///
/// # Errors
/// A storage fault.
pub fn of(key: RelationType, records: &dyn Records) -> Result<Option<RelationKind>, Fault> {
    match records.get::<RelationKind>(RelationKind::id_of(key))? {
        Some(kind) => Ok(Some(kind)),
        None => Ok(RelationKind::defaults().into_iter().find(|kind| kind.key == key)),
    }
}

/// Every type, by key.
///
/// # Errors
/// A storage fault.
pub fn all(records: &dyn Records) -> Result<BTreeMap<RelationType, RelationKind>, Fault> {
    let stored = records.all::<RelationKind>()?;
    Ok(RelationKind::defaults().into_iter().chain(stored).map(|kind| (kind.key, kind)).collect())
}

/// Creates or replaces a type.
pub(crate) fn put(given: &RelationKind, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut kind = RelationKind { id: RelationKind::id_of(given.key), ..given.clone() };
    let mut findings = Vec::new();
    text::tidy(&mut kind.name, "name", text::filled_line, &mut findings);
    if kind.symmetric {
        kind.inverse = kind.name.clone();
    }
    text::tidy(&mut kind.inverse, "inverse", text::filled_line, &mut findings);
    let others = all(records)?;
    let words = |kind: &RelationKind| BTreeSet::from([kind.name.to_lowercase(), kind.inverse.to_lowercase()]);
    if let Some(other) = others.values().find(|o| o.key != kind.key && !words(o).is_disjoint(&words(&kind))) {
        findings.push(
            Finding::new(
                "NAME_TAKEN",
                format!("{:?} and its inverse {:?} are words of another relation type.", other.name, other.inverse),
                "Choose other words, so that a relation reads one way only.",
            )
            .about(RecordRef::of(other)),
        );
    }
    if !others.contains_key(&kind.key) && others.len() >= KINDS {
        findings.push(Finding::new(
            "TOO_MANY_RELATION_TYPES",
            format!("There are {KINDS} relation types already."),
            "Use one of them.",
        ));
    }
    if kind.symmetric && (kind.one_source != kind.one_target || !kind.may_cycle) {
        findings.push(Finding::new(
            "SYMMETRIC_RELATION",
            format!("{:?} reads the same both ways, so both its ends must be alike and it may lead back.", kind.name),
            "Allow loops and say the same for both ends, or give it an inverse.",
        ));
    }
    // Relations of the type are not looked through: what is there stays, what is new is judged.
    for (place, given) in [(&mut kind.sources, &given.sources), (&mut kind.targets, &given.targets)] {
        place.clear();
        for key in given {
            match class::named(key, records)? {
                Some(class) => {
                    place.insert(class.key.to_lowercase());
                }
                None => findings.push(class::unknown(key, records)?),
            }
        }
    }
    none(findings)?;
    let id = kind.id;
    Ok(replace(kind, id, records)?)
}
