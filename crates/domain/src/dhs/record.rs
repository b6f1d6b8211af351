//! Models, units and the movement ledger.

use crate::dhs::model::ModelFacts;
use crate::id::{CiId, DhsModelId, DhsStockId, DhsUnitId, MovementId, PersonId, ReleaseId, SiteId, StockMovementId};
use crate::level::named;
use crate::number::Number;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use uuid::Uuid;

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
        /// Not where the record says, and nobody knows where.
        Missing = "missing",
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
        /// What was counted is not what the record says.
        CountAdjustment = "count adjustment",
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
    /// What else is known of it.
    #[serde(default, skip_serializing_if = "ModelFacts::is_plain")]
    #[ts(optional, as = "Option<ModelFacts>")]
    pub facts: ModelFacts,
}

/// What something cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cost {
    /// In hundredths of the currency.
    #[ts(type = "number")]
    pub minor: u64,
    /// ISO 4217, three letters.
    pub currency: String,
}

/// What is known of a unit beside what it is and where it lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct UnitFacts {
    /// Until when the maker mends it.
    pub warranty_end: Option<Timestamp>,
    /// What it cost.
    pub cost: Option<Cost>,
    /// Who sold it.
    pub supplier: String,
    /// With which order or delivery it came.
    pub order: String,
    /// Level of its firmware.
    pub firmware: String,
    /// Remarks.
    pub notes: String,
}

impl UnitFacts {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
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

impl Bin {
    /// Whether that place is within this one, which says no more than it says: where only the store is named, any shelf
    /// of it is within.
    #[must_use]
    pub fn holds(&self, place: &Self) -> bool {
        let within = |whole: &str, part: &str| whole.is_empty() || whole.trim().eq_ignore_ascii_case(part.trim());
        self.site == place.site
            && within(&self.store, &place.store)
            && within(&self.aisle, &place.aisle)
            && within(&self.shelf, &place.shelf)
            && within(&self.bin, &place.bin)
    }
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
    /// What else is known of it.
    #[serde(default, skip_serializing_if = "UnitFacts::is_plain")]
    #[ts(optional, as = "Option<UnitFacts>")]
    pub facts: UnitFacts,
}

/// Consumables of one model in one bin: counted, not told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DhsStock {
    /// Identity: follows from model and bin, so two laptops that begin one bin begin the same.
    pub id: DhsStockId,
    /// Which model.
    pub model: DhsModelId,
    /// Where they lie.
    pub bin: Bin,
    /// How many: the sum of its movements.
    pub quantity: u32,
    /// How many of these are kept for which release.
    pub reserved: BTreeMap<ReleaseId, u32>,
    /// How many were handed out for which release and did not come back.
    pub issued: BTreeMap<ReleaseId, u32>,
    /// When the latest of its movements was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub last_moved: Option<Timestamp>,
}

impl DhsStock {
    /// The identity of a model's consumables in a bin; letters count alike, large or small.
    #[must_use]
    pub fn id_of(model: DhsModelId, bin: &Bin) -> DhsStockId {
        let site = bin.site.map(|site| site.to_string()).unwrap_or_default();
        let place = [&site, &bin.store, &bin.aisle, &bin.shelf, &bin.bin].map(|part| part.trim().to_lowercase());
        let name = format!("slipway.dhs_stock|{model}|{}", place.join("\u{1f}"));
        DhsStockId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    /// An empty bin.
    #[must_use]
    pub fn empty(model: DhsModelId, bin: Bin) -> Self {
        let id = Self::id_of(model, &bin);
        Self { id, model, bin, quantity: 0, reserved: BTreeMap::new(), issued: BTreeMap::new(), last_moved: None }
    }

    /// How many are kept for no release.
    #[must_use]
    pub fn free(&self) -> u32 {
        self.quantity.saturating_sub(self.reserved.values().fold(0, |sum: u32, n| sum.saturating_add(*n)))
    }
}

/// An entry in the ledger of consumables: never changed, never removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StockMovement {
    /// Identity.
    pub id: StockMovementId,
    /// Of which.
    pub stock: DhsStockId,
    /// What happened.
    pub kind: MovementKind,
    /// How many more or fewer lie there since; 0 of a reservation.
    #[ts(type = "number")]
    pub change: i64,
    /// How many it was about.
    pub quantity: u32,
    /// For which release.
    pub release: Option<ReleaseId>,
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Remark.
    pub note: String,
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
