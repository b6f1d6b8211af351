//! The configuration item.

use crate::id::{CiId, GroupId, PersonId, SiteId};
use crate::level::{Criticality, named};
use crate::lookup::{Lookup, pair};
use crate::number::Number;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Fault, Finding};
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

/// The life of a CI, read row by row: from where, to where. A wrong click is undone by the way back, where there is one.
const MOVES: [(CiStatus, &[CiStatus]); 13] = {
    use CiStatus::{
        Available, Disposed, InBuild, InMaintenance, InTest, InUse, Installed, Missing, Pending, Planned, Received,
        Reserved, Retired,
    };
    [
        (Planned, &[Received, Available, InBuild, Pending, Installed, InUse, Retired]),
        (Received, &[Planned, Available, Reserved, InBuild, InTest, Installed, InMaintenance, Missing, Retired]),
        (Available, &[Reserved, InBuild, InTest, Installed, InUse, InMaintenance, Missing, Retired, Disposed]),
        (Reserved, &[Available, InBuild, InTest, Installed, InUse, InMaintenance, Missing, Retired]),
        (InBuild, &[Available, Reserved, InTest, Pending, Missing, Retired]),
        (InTest, &[Available, Reserved, InBuild, Pending, Installed, InMaintenance, Missing, Retired]),
        (Pending, &[InBuild, InTest, Installed, InUse, Retired]),
        (Installed, &[Available, InTest, InUse, InMaintenance, Missing, Retired]),
        (InUse, &[Available, Installed, InMaintenance, Missing, Retired]),
        (InMaintenance, &[Available, InTest, Installed, InUse, Missing, Retired, Disposed]),
        (Missing, &[Received, Available, Installed, InUse, InMaintenance, Retired, Disposed]),
        (Retired, &[Available, Installed, InUse, Missing, Disposed]),
        (Disposed, &[]),
    ]
};

impl CiStatus {
    /// Whether the table has a move from here to there.
    #[must_use]
    pub fn may_become(self, other: Self) -> bool {
        self.next().contains(&other)
    }

    /// Where it may go from here.
    #[must_use]
    pub fn next(self) -> &'static [Self] {
        MOVES.iter().find(|(from, _)| *from == self).map_or(&[], |(_, to)| to)
    }
}

named! {
    /// Which faces of a rack a CI fills.
    Face {
        /// The front only.
        Front = "front",
        /// The rear only.
        Rear = "rear",
        /// Front and rear.
        FullDepth = "full depth",
    }
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
    /// Rack units it fills; one when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub height: Option<u32>,
    /// Which faces of the rack it fills; both when nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub face: Option<Face>,
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

impl Ci {
    /// The class of business services.
    pub const SERVICE: &'static str = "service";

    /// A CI that has a name and nothing else: in production and in use, as most of what an inventory finds is.
    #[must_use]
    pub fn blank(id: CiId, number: Number, class: &str, name: &str) -> Self {
        Self {
            id,
            number,
            name: name.trim().to_owned(),
            class: class.trim().to_owned(),
            status: CiStatus::InUse,
            environment: Environment::Production,
            criticality: Criticality::Medium,
            manufacturer: String::new(),
            model: String::new(),
            version: String::new(),
            serial_number: String::new(),
            asset_tag: String::new(),
            location: Location::default(),
            owner: None,
            support_group: None,
            attributes: BTreeMap::new(),
            notes: String::new(),
        }
    }

    /// Whether it is a business service.
    #[must_use]
    pub fn is_service(&self) -> bool {
        self.class.eq_ignore_ascii_case(Self::SERVICE)
    }

    /// How other records and findings name it.
    #[must_use]
    pub fn reference(&self) -> RecordRef {
        RecordRef { kind: crate::record::Kind::Ci, id: self.id.into(), label: self.name.clone() }
    }
}

/// What the CI would share with another CI though it must not: class and name, serial number of a manufacturer,
/// asset tag.
///
/// # Errors
/// A storage fault.
pub fn uniqueness(ci: &Ci, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if let Some(other) = holder(ci, Lookup::CiByName, &pair(&ci.class, &ci.name), records)? {
        findings.push(
            Finding::new(
                "CI_NAME_TAKEN",
                format!("There is already a {} named {} ({}).", ci.class, other.name, other.number),
                "Use that CI, or choose another name.",
            )
            .about(other.reference()),
        );
    }
    let serial = &ci.serial_number;
    if !serial.is_empty()
        && let Some(other) = holder(ci, Lookup::CiBySerial, &pair(&ci.manufacturer, serial), records)?
    {
        let maker = if ci.manufacturer.is_empty() { "no manufacturer" } else { &ci.manufacturer };
        findings.push(
            Finding::new(
                "SERIAL_NUMBER_TAKEN",
                format!("Serial number {serial} of {maker} already belongs to {} ({}).", other.name, other.number),
                "Check the label; if both are real, the manufacturer of one is wrong.",
            )
            .about(other.reference()),
        );
    }
    if !ci.asset_tag.is_empty()
        && let Some(other) = holder(ci, Lookup::CiByTag, &ci.asset_tag.to_lowercase(), records)?
    {
        findings.push(
            Finding::new(
                "ASSET_TAG_TAKEN",
                format!("Asset tag {} already belongs to {} ({}).", ci.asset_tag, other.name, other.number),
                "Check the label, or give this CI another tag.",
            )
            .about(other.reference()),
        );
    }
    Ok(findings)
}

/// The other CI that is found under the key, if one is.
fn holder(ci: &Ci, lookup: Lookup, key: &str, records: &dyn Records) -> Result<Option<Ci>, Fault> {
    match records.find(lookup, key)?.into_iter().find(|id| *id != ci.id.0) {
        Some(id) => records.get::<Ci>(CiId(id)),
        None => Ok(None),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use crate::number::Series;
    use crate::records::Memory;
    use rstest::rstest;

    fn a_ci(n: u128, name: &str) -> Ci {
        Ci::blank(CiId(uuid::Uuid::from_u128(n)), Number::new(Series::Ci, n as u32), "server", name)
    }

    #[test]
    fn the_table_has_each_status_once_and_no_move_to_itself() {
        let rows: Vec<CiStatus> = MOVES.iter().map(|(from, _)| *from).collect();
        assert_eq!(rows, CiStatus::ALL);
        assert!(CiStatus::ALL.iter().all(|s| !s.may_become(*s)));
    }

    #[rstest]
    #[case(CiStatus::Pending, CiStatus::Installed, true)]
    #[case(CiStatus::Installed, CiStatus::InUse, true)]
    #[case(CiStatus::InUse, CiStatus::Retired, true)]
    #[case(CiStatus::InUse, CiStatus::Planned, false)]
    #[case(CiStatus::Disposed, CiStatus::Available, false)]
    fn a_status_moves_as_the_table_says(#[case] from: CiStatus, #[case] to: CiStatus, #[case] may: bool) {
        assert_eq!(from.may_become(to), may);
    }

    #[rstest]
    #[case::itself(|_: &mut Ci| (), &[])]
    #[case::name_in_other_case(|c: &mut Ci| { c.id = CiId(uuid::Uuid::from_u128(9)); c.name = "WEB-01".into(); c.serial_number.clear(); c.asset_tag.clear(); }, &["CI_NAME_TAKEN"])]
    #[case::name_in_another_class(|c: &mut Ci| { c.id = CiId(uuid::Uuid::from_u128(9)); c.class = "switch".into(); c.serial_number.clear(); c.asset_tag.clear(); }, &[])]
    #[case::serial(|c: &mut Ci| { c.id = CiId(uuid::Uuid::from_u128(9)); c.name = "b".into(); c.asset_tag.clear(); }, &["SERIAL_NUMBER_TAKEN"])]
    #[case::serial_of_another_maker(|c: &mut Ci| { c.id = CiId(uuid::Uuid::from_u128(9)); c.name = "b".into(); c.manufacturer = "other".into(); c.asset_tag.clear(); }, &[])]
    #[case::all_three(|c: &mut Ci| c.id = CiId(uuid::Uuid::from_u128(9)), &["CI_NAME_TAKEN", "SERIAL_NUMBER_TAKEN", "ASSET_TAG_TAKEN"])]
    fn what_must_be_unique_is(#[case] edit: fn(&mut Ci), #[case] codes: &[&str]) {
        let mut ci = a_ci(1, "web-01");
        ci.manufacturer = "Maker".into();
        ci.serial_number = "S1".into();
        ci.asset_tag = "T1".into();
        let mut records = Memory::default();
        records.put(ci.clone()).unwrap();
        edit(&mut ci);
        let found: Vec<String> = uniqueness(&ci, &records).unwrap().into_iter().map(|f| f.code).collect();
        assert_eq!(found, codes);
    }
}
