//! Models, units and the movement ledger.

use crate::id::{CiId, DhsModelId, DhsUnitId, MovementId, PersonId, ReleaseId, SiteId};
use crate::level::named;
use crate::number::Number;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

named! {
    /// How good a unit is.
    Condition { /// Never used.
        New = "new", /// Used.
        Used = "used", /// Made good again.
        Refurbished = "refurbished", /// Broken.
        Faulty = "faulty" }
    /// Where a unit is in its life.
    UnitState {
        /// Ordered.
        Expected = "expected",
        /// On a shelf.
        InStore = "in store",
        /// On a shelf, for a release.
        Reserved = "reserved",
        /// Handed out.
        Issued = "issued",
        /// In production.
        Installed = "installed",
        /// Away.
        InRepair = "in repair",
        /// Gone.
        Disposed = "disposed",
    }
    /// What a movement does.
    MovementKind {
        /// Into the store.
        Receive = "receive",
        /// To another bin.
        Transfer = "transfer",
        /// For a release.
        Reserve = "reserve",
        /// No longer for a release.
        ReleaseReservation = "release reservation",
        /// Out to be installed.
        Issue = "issue",
        /// Into production.
        Install = "install",
        /// Back into the store.
        Return = "return",
        /// Away for repair.
        SendToRepair = "send to repair",
        /// Gone.
        Dispose = "dispose",
    }
}

/// A hardware model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DhsModel {
    /// Identity.
    pub id: DhsModelId,
    /// Maker.
    pub manufacturer: String,
    /// Name, unique within the maker.
    pub name: String,
    /// What a scanner may read.
    pub part_numbers: Vec<String>,
    /// Height in rack units times ten (1U = 10); 0 when it is not racked.
    pub height_tenth_u: u32,
}

/// Where a unit lies: store > aisle > shelf > bin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Bin {
    /// The site of the store.
    pub site: Option<SiteId>,
    /// Store.
    pub store: String,
    /// Aisle.
    pub aisle: String,
    /// Shelf.
    pub shelf: String,
    /// Bin.
    pub bin: String,
}

/// One real piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DhsUnit {
    /// Identity.
    pub id: DhsUnitId,
    /// `UNI-000123`
    pub number: Number,
    /// Its model.
    pub model: DhsModelId,
    /// Unique within the model's manufacturer.
    pub serial_number: String,
    /// Unique.
    pub asset_tag: String,
    /// How good it is.
    pub condition: Condition,
    /// Where it is in its life.
    pub state: UnitState,
    /// Where it lies.
    pub bin: Bin,
    /// The release it is reserved for or issued to.
    pub reserved_for: Option<ReleaseId>,
    /// The CI it is installed as.
    pub ci: Option<CiId>,
}

/// An entry in the ledger: never changed, never removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Movement {
    /// Identity.
    pub id: MovementId,
    /// Which unit.
    pub unit: DhsUnitId,
    /// What happened.
    pub kind: MovementKind,
    /// For which release.
    pub release: Option<ReleaseId>,
    /// Where to.
    pub to: Bin,
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Remark.
    pub note: String,
}
