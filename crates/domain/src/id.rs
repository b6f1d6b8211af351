//! Identities: a UUIDv7 made on the device that creates the record, one newtype for each kind.
//!
//! An id says *which*; it is never used as an order or a time, because device clocks lie.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(pub Uuid);

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self { id.0 }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self { Self(id) }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { text.parse().map(Self) }
        }
    )+};
}

ids! {
    /// A person.
    PersonId,
    /// A group of people.
    GroupId,
    /// A site: the outermost part of a location.
    SiteId,
    /// Which sites somebody may read.
    SiteAccessId,
    /// A release.
    ReleaseId,
    /// A task of a release.
    TaskId,
    /// An approval request.
    ApprovalId,
    /// A delegation of somebody's votes.
    DelegationId,
    /// A change.
    ChangeId,
    /// A part of what an item of the software library is made of.
    SbomPartId,
    /// A vendor's key.
    VendorKeyId,
    /// A configuration item.
    CiId,
    /// A relation between two configuration items.
    RelationId,
    /// A CI group.
    CiGroupId,
    /// A redundancy rule of a configuration item.
    RedundancyId,
    /// A standard: authorised values for CIs.
    StandardId,
    /// What attaches a CI to a standard.
    CiStandardId,
    /// A class of CIs.
    CiClassId,
    /// A relation type.
    RelationKindId,
    /// A snapshot baseline.
    BaselineId,
    /// Some members of a baseline.
    BaselinePartId,
    /// Two CIs that look alike.
    CiDuplicateId,
    /// Where a CI went that was merged into another.
    CiForwardId,
    /// What a source saw of a thing.
    ObservationId,
    /// A step in the history of a configuration item.
    CiStepId,
    /// A DSL item.
    DslItemId,
    /// A DHS model.
    DhsModelId,
    /// A DHS unit.
    DhsUnitId,
    /// A movement in the DHS ledger.
    MovementId,
    /// Consumables of one model in one bin.
    DhsStockId,
    /// A movement of consumables.
    StockMovementId,
    /// A stocktake.
    StocktakeId,
    /// What was seen in a stocktake.
    StocktakeSightId,
    /// A test record of a release.
    TestId,
    /// A photo of a CI.
    AttachmentId,
    /// A comment on any record.
    CommentId,
    /// A fact that was done although a rule is against it.
    ExceptionId,
    /// A template, rule or other editable setting.
    SettingId,
    /// A freeze window.
    FreezeId,
    /// A command.
    CommandId,
    /// A device: one profile on one computer.
    DeviceId,
    /// A workspace: one organisation's records.
    WorkspaceId,
}

impl PersonId {
    /// The workspace itself as an actor: what its administrator sets up on the server's own console.
    pub const SYSTEM: Self = Self(Uuid::nil());
}

impl CommandId {
    /// The `n`th id that a command's execution gives away.
    ///
    /// Derived (UUIDv5) and not random, so that laptop and server create the same records.
    #[must_use]
    pub fn derived(self, n: u32) -> Uuid {
        Uuid::new_v5(&self.0, &n.to_be_bytes())
    }
}
