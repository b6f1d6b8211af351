//! Commands on the definitive stores: software and hardware.

use crate::dhs::record::{Bin, Condition, DhsModel, DhsUnit};
use crate::dsl::item::{CheckKind, DslItem};
use crate::id::{CiId, DhsUnitId, ReleaseId};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Commands on a DSL item; the id stands beside it in [`Command::Dsl`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DslCommand {
    /// Hands an item in. State, checks, acceptance of the given record are ignored.
    Submit(Box<DslItem>),
    /// Records a quarantine check.
    RecordCheck {
        /// Which.
        check: CheckKind,
        /// Whether it passed.
        passed: bool,
        /// What was done and seen.
        note: String,
    },
    /// Makes it a master.
    Accept,
    /// A newer one takes its place.
    Supersede,
    /// Must not be used any more.
    Withdraw {
        /// Why.
        reason: String,
    },
}

/// Commands on the DHS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DhsCommand {
    /// Creates or replaces a model.
    PutModel(DhsModel),
    /// A new unit arrives. State, reservation and CI of the given record are ignored.
    Receive(Box<DhsUnit>),
    /// To another bin.
    Transfer {
        /// The unit.
        unit: DhsUnitId,
        /// Where to.
        to: Bin,
    },
    /// Keeps it for a release.
    Reserve {
        /// The unit.
        unit: DhsUnitId,
        /// The release.
        release: ReleaseId,
    },
    /// Frees it.
    ReleaseReservation(DhsUnitId),
    /// Hands it out for the release it is reserved for.
    Issue(DhsUnitId),
    /// It is in production as that CI.
    Install {
        /// The unit.
        unit: DhsUnitId,
        /// The CI it became.
        ci: CiId,
    },
    /// Back into the store.
    Return {
        /// The unit.
        unit: DhsUnitId,
        /// Where to.
        to: Bin,
        /// In which condition.
        condition: Condition,
    },
    /// Away for repair.
    SendToRepair(DhsUnitId),
    /// Gone.
    Dispose {
        /// The unit.
        unit: DhsUnitId,
        /// Why.
        reason: String,
    },
}
