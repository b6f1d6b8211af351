//! Every kind of record in one table: its name, its type, its look-ups, its words for search.

use crate::approval::record::Approval;
use crate::attachment::Attachment;
use crate::change::record::Change;
use crate::cmdb::baseline::{Baseline, BaselineCount, BaselinePart};
use crate::cmdb::ci::Ci;
use crate::cmdb::class::CiClass;
use crate::cmdb::duplicate::CiDuplicate;
use crate::cmdb::group::CiGroup;
use crate::cmdb::merge_ci::CiForward;
use crate::cmdb::moment::CiStep;
use crate::cmdb::observation::Observation;
use crate::cmdb::observation::identify::IdentificationRules;
use crate::cmdb::redundancy::Redundancy;
use crate::cmdb::relation::Relation;
use crate::cmdb::relation_kind::RelationKind;
use crate::cmdb::standard::{CiStandard, Standard};
use crate::comment::Comment;
use crate::dhs::record::{DhsModel, DhsStock, DhsUnit, Movement, StockMovement};
use crate::dhs::stocktake::{Stocktake, StocktakeSight};
use crate::dsl::item::DslItem;
use crate::dsl::sbom::SbomPart;
use crate::dsl::vendor_key::VendorKey;
use crate::exception::Exception;
use crate::id::{
    ApprovalId, AttachmentId, BaselineId, BaselinePartId, ChangeId, CiClassId, CiDuplicateId, CiForwardId, CiGroupId,
    CiId, CiStandardId, CiStepId, CommentId, DelegationId, DhsModelId, DhsStockId, DhsUnitId, DslItemId, ExceptionId,
    FreezeId, GroupId, MovementId, ObservationId, PersonId, RedundancyId, RelationId, RelationKindId, ReleaseId,
    SbomPartId, SettingId, SiteAccessId, SiteId, StandardId, StockMovementId, StocktakeId, StocktakeSightId, TaskId,
    TestId, VendorKeyId,
};
use crate::number::Number;
use crate::people::{Delegation, Group, Person, Site, SiteAccess};
use crate::refusal::Fault;
use crate::release::record::{Release, TestRecord};
use crate::release::task_record::Task;
use crate::setting::{ApprovalPolicy, Freeze, TaskTemplate, WorkspaceRules};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use ts_rs::TS;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is left of a text with which something written is compared.
struct Compared<'a>(&'a [u8]);

impl io::Write for Compared<'_> {
    fn write(&mut self, written: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(written).ok_or(io::ErrorKind::InvalidData)?;
        Ok(written.len())
    }

    fn write_all(&mut self, written: &[u8]) -> io::Result<()> {
        self.write(written).map(|_| ())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

macro_rules! kinds {
    ($($kind:ident($id:ty) = $name:literal),+ $(,)?) => {
        /// What a record is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind { $(#[doc = $name] $kind),+ }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// The stable name in storage and on the wire.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),+ }
            }

            /// The kind of that name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$kind),)+ _ => None }
            }
        }

        /// A record of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Record { $(#[doc = $name] $kind(Box<$kind>)),+ }

        impl Record {
            /// Its kind.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self { $(Self::$kind(_) => Kind::$kind),+ }
            }

            /// Its identity.
            #[must_use]
            pub fn id(&self) -> Uuid {
                match self { $(Self::$kind(r) => r.id.into()),+ }
            }

            /// The stored form: JSON with fields in the order of declaration, so equal records have equal bytes.
            ///
            /// # Errors
            /// A fault if the record cannot be written as JSON, which no present kind can cause.
            pub fn body(&self) -> Result<String, Fault> {
                match self { $(Self::$kind(r) => serde_json::to_string(r)),+ }.map_err(Fault::new)
            }

            /// Whether the stored form is exactly this text; nothing is put together for it.
            #[must_use]
            pub fn is_body(&self, body: &str) -> bool {
                let mut rest = Compared(body.as_bytes());
                let written = match self { $(Self::$kind(r) => serde_json::to_writer(&mut rest, r)),+ };
                written.is_ok() && rest.0.is_empty()
            }

            /// Reads the stored form.
            ///
            /// # Errors
            /// A fault if the body is not a record of that kind.
            pub fn from_body(kind: Kind, body: &str) -> Result<Self, Fault> {
                match kind { $(Kind::$kind => serde_json::from_str(body).map(|r| Self::$kind(Box::new(r)))),+ }
                    .map_err(|e| Fault::new(format!("{} record: {e}", kind.name())))
            }
        }

        $(
            impl Entity for $kind {
                const KIND: Kind = Kind::$kind;
                type Id = $id;
                fn from_record(record: Record) -> Option<Self> {
                    match record { Record::$kind(r) => Some(*r), _ => None }
                }
            }
            impl From<$kind> for Record {
                fn from(r: $kind) -> Self { Self::$kind(Box::new(r)) }
            }
        )+
    };
}

/// A type that is stored as a record.
pub trait Entity: Serialize + DeserializeOwned + Clone + Into<Record> {
    /// Its kind.
    const KIND: Kind;
    /// Its identity.
    type Id: Copy + Into<Uuid> + From<Uuid>;
    /// The record as this type; `None` if it is of another kind.
    fn from_record(record: Record) -> Option<Self>;
}

kinds! {
    Person(PersonId) = "person",
    Group(GroupId) = "group",
    Site(SiteId) = "site",
    SiteAccess(SiteAccessId) = "site_access",
    Delegation(DelegationId) = "delegation",
    TaskTemplate(SettingId) = "task_template",
    ApprovalPolicy(SettingId) = "approval_policy",
    WorkspaceRules(SettingId) = "workspace_rules",
    Freeze(FreezeId) = "freeze",
    Release(ReleaseId) = "release",
    Task(TaskId) = "task",
    TestRecord(TestId) = "test_record",
    Approval(ApprovalId) = "approval",
    Change(ChangeId) = "change",
    Ci(CiId) = "ci",
    Relation(RelationId) = "relation",
    CiGroup(CiGroupId) = "ci_group",
    CiClass(CiClassId) = "ci_class",
    RelationKind(RelationKindId) = "relation_kind",
    Baseline(BaselineId) = "baseline",
    BaselinePart(BaselinePartId) = "baseline_part",
    BaselineCount(SettingId) = "baseline_count",
    CiStep(CiStepId) = "ci_step",
    CiDuplicate(CiDuplicateId) = "ci_duplicate",
    CiForward(CiForwardId) = "ci_forward",
    Redundancy(RedundancyId) = "redundancy",
    Standard(StandardId) = "standard",
    CiStandard(CiStandardId) = "ci_standard",
    Observation(ObservationId) = "observation",
    IdentificationRules(SettingId) = "identification_rules",
    DslItem(DslItemId) = "dsl_item",
    DhsModel(DhsModelId) = "dhs_model",
    DhsUnit(DhsUnitId) = "dhs_unit",
    Movement(MovementId) = "movement",
    DhsStock(DhsStockId) = "dhs_stock",
    StockMovement(StockMovementId) = "stock_movement",
    Stocktake(StocktakeId) = "stocktake",
    StocktakeSight(StocktakeSightId) = "stocktake_sight",
    Comment(CommentId) = "comment",
    Attachment(AttachmentId) = "attachment",
    Exception(ExceptionId) = "exception",
    SbomPart(SbomPartId) = "sbom_part",
    VendorKey(VendorKeyId) = "vendor_key",
}

impl Record {
    /// The record's own number.
    #[must_use]
    pub fn number(&self) -> Option<&Number> {
        match self {
            Self::Release(r) => Some(&r.number),
            Self::Change(r) => Some(&r.number),
            Self::Ci(r) => Some(&r.number),
            Self::DslItem(r) => Some(&r.number),
            Self::DhsUnit(r) => Some(&r.number),
            _ => None,
        }
    }
}

/// A record named from elsewhere: what it is, which, and how a person calls it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, ToSchema)]
pub struct RecordRef {
    /// Its kind.
    pub kind: Kind,
    /// Its identity.
    #[ts(type = "string")]
    pub id: Uuid,
    /// Number or name at the time of writing.
    pub label: String,
}

impl RecordRef {
    /// A reference to a record.
    #[must_use]
    pub fn to(record: &Record) -> Self {
        Self { kind: record.kind(), id: record.id(), label: record.label() }
    }

    /// A reference to a record of a known type; copies it, so it is for findings and not for loops.
    #[must_use]
    pub fn of<E: Entity>(record: &E) -> Self {
        Self::to(&record.clone().into())
    }
}
