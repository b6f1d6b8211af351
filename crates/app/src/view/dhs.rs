//! The Definitive Hardware Store: the unit page, receiving, models, actions.

use crate::view::common::{CommentLine, ListRow, Named, Names, Pill, SyncMark};
use crate::view::exceptions::ExceptionView;
use serde::{Deserialize, Serialize};
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, MovementKind, UnitFacts};
use slipway_domain::release::action::ActionState;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use ts_rs::TS;

/// Names a DHS unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnitRequest {
    /// Id, number, serial number or asset tag.
    pub unit: String,
}

/// Everything the unit page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UnitPage {
    /// The record.
    pub unit: DhsUnit,
    /// Address in the window.
    pub path: String,
    /// How it stands.
    pub pill: Pill,
    /// Its model.
    pub model: DhsModel,
    /// Labels of the site, release and CI that the record names by id.
    pub names: Names,
    /// What may be done now, and why not.
    pub actions: Vec<ActionState>,
    /// The release it is reserved for or issued to.
    pub release: Option<ListRow>,
    /// The CI it is installed as.
    pub ci: Option<ListRow>,
    /// The ledger, newest first.
    pub movements: Vec<MovementLine>,
    /// What was done with it against a rule, oldest first.
    pub exceptions: Vec<ExceptionView>,
    /// Remarks, oldest first.
    pub comments: Vec<CommentLine>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// An entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MovementLine {
    /// Identity.
    pub id: String,
    /// What happened.
    pub kind: MovementKind,
    /// In words.
    pub label: String,
    /// For which release.
    pub release: Option<Named>,
    /// Where to, in words.
    pub to: String,
    /// Who.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// Remark.
    pub note: String,
}

/// Creates or changes a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct PutModelRequest {
    /// Which, when it is there already.
    #[serde(default)]
    pub id: Option<String>,
    /// Maker.
    pub manufacturer: String,
    /// Name, unique within the maker.
    pub name: String,
    /// What a scanner may read.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub part_numbers: Vec<String>,
    /// Height in rack units times ten (1U = 10).
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub height_tenth_u: u32,
}

/// A unit arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ReceiveRequest {
    /// Id, `MANUFACTURER NAME`, name or part number of its model.
    pub model: String,
    /// Unique within the model's manufacturer.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub serial_number: String,
    /// Unique.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub asset_tag: String,
    /// New when left out.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// Where it is put.
    #[serde(default)]
    pub bin: Option<Bin>,
    /// What else is known of it.
    #[serde(default)]
    pub facts: Option<UnitFacts>,
}

/// Corrects what is known of a unit; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct DescribeUnitRequest {
    /// Id, number, serial number or asset tag.
    pub unit: String,
    /// Serial number.
    pub serial_number: Option<String>,
    /// Asset tag.
    pub asset_tag: Option<String>,
    /// How good it is.
    pub condition: Option<Condition>,
    /// Until when the maker mends it, as `YYYY-MM-DD`; empty: not known.
    pub warranty_end: Option<String>,
    /// What it cost, such as `1299.00 EUR`; empty: not known.
    pub cost: Option<String>,
    /// Who sold it.
    pub supplier: Option<String>,
    /// With which order or delivery it came.
    pub order: Option<String>,
    /// Level of its firmware.
    pub firmware: Option<String>,
    /// Remarks.
    pub notes: Option<String>,
}

/// A unit is in production at that place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct InstallAsRequest {
    /// Id, number, serial number or asset tag.
    pub unit: String,
    /// The CI it is; a new one is created when left out.
    pub ci: Option<String>,
    /// Name of a new CI.
    pub name: String,
    /// Class of a new CI.
    pub class: String,
    /// Where it stands, field by field, such as `location.rack`; a site by its id or name.
    pub place: BTreeMap<String, String>,
}

/// Does something with a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct UnitActRequest {
    /// Id, number, serial number or asset tag.
    pub unit: String,
    /// `transfer`, `reserve`, `release_reservation`, `issue`, `install`, `return`, `send_to_repair`, `dispose`, `adjust`
    /// or `unreceive`; dashes and underscores alike.
    pub action: String,
    /// `reserve`: id or number of the release.
    #[serde(default)]
    pub release: Option<String>,
    /// `install`: the CI it became.
    #[serde(default)]
    pub ci: Option<String>,
    /// `transfer`, `return`: where to.
    #[serde(default)]
    pub bin: Option<Bin>,
    /// `return`: in which condition; as it was when left out.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// `return` of what is installed: whether it comes out of its rack, so that its CI stands nowhere and is available. When
    /// left out, it does unless an open release has it, whose plan says what becomes of the CI.
    #[serde(default)]
    #[ts(optional)]
    pub out_of_rack: Option<bool>,
    /// `dispose`, `adjust`: why.
    #[serde(default)]
    pub reason: Option<String>,
    /// It was done by hand all the same: where a rule is against it, it is kept as an exception.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub as_exception: bool,
}
