//! The configuration item.

use crate::id::{CiId, GroupId, PersonId, SiteId};
use crate::level::{Criticality, named};
use crate::number::Number;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

named! {
    /// Life of a CI, names after [SM].
    CiStatus {
        /// Planned or on order.
        Planned = "planned/on order",
        /// Arrived.
        Received = "received",
        /// In stock.
        Available = "available",
        /// Kept for a release.
        Reserved = "reserved",
        /// Being built.
        InBuild = "in build",
        /// Being tested.
        InTest = "in test",
        /// A package not yet released.
        Pending = "pending",
        /// Put in.
        Installed = "installed",
        /// In use.
        InUse = "in use",
        /// Being mended.
        InMaintenance = "in maintenance",
        /// Not found.
        Missing = "missing",
        /// Taken out.
        Retired = "retired",
        /// Gone.
        Disposed = "disposed",
    }
    /// Which of the three worlds a CI belongs to.
    Environment { /// Live.
        Production = "production", /// Trial.
        Test = "test", /// Making.
        Development = "development" }
}

/// Where a CI stands: site > building > room > rack > U.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Location {
    /// Site.
    pub site: Option<SiteId>,
    /// Building.
    pub building: String,
    /// Room.
    pub room: String,
    /// Rack.
    pub rack: String,
    /// Lowest rack unit it fills.
    pub u: Option<u32>,
}

/// A configuration item. A business service is a CI of class `service`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Ci {
    /// Identity.
    pub id: CiId,
    /// `CI-000123`
    pub number: Number,
    /// Unique within its class.
    pub name: String,
    /// Class, such as `software package`, `server`, `service`.
    pub class: String,
    /// Where it is in its life.
    pub status: CiStatus,
    /// Which world.
    pub environment: Environment,
    /// What its loss would mean.
    pub criticality: Criticality,
    /// Maker.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Version.
    pub version: String,
    /// Unique within the manufacturer.
    pub serial_number: String,
    /// Unique.
    pub asset_tag: String,
    /// Where it stands.
    pub location: Location,
    /// Who answers for it.
    pub owner: Option<PersonId>,
    /// Who helps.
    pub support_group: Option<GroupId>,
    /// Attributes of its class, by name.
    pub attributes: BTreeMap<String, String>,
    /// Remarks.
    pub notes: String,
}

/// Fields that commands, plans and imports set as text, by name.
///
/// Class attributes are named `attributes.NAME`.
pub type Field = String;

/// One field of a CI from one value to another; an empty text is *no value*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldChange {
    /// Which.
    pub field: Field,
    /// What the author saw.
    pub from: String,
    /// What it shall be.
    pub to: String,
}
