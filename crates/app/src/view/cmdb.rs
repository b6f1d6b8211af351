//! The CMDB: the CI page, CI groups, creation.

use crate::view::ci_form::CiForm;
use crate::view::common::{CommentLine, ListRow, Names, Pill, SyncMark};
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::ci::{Ci, CiStatus, Environment, Location};
use slipway_domain::cmdb::relation::RelationType;
use slipway_domain::level::Criticality;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use ts_rs::TS;

/// Names a CI by id, number or name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiRequest {
    /// Id, number, name, `class/name`, asset tag or serial number.
    pub ci: String,
}

/// Everything the CI page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiPage {
    /// The record.
    pub ci: Ci,
    /// Address in the window.
    pub path: String,
    /// How it stands.
    pub pill: Pill,
    /// Its class and the attributes that come with it.
    pub form: CiForm,
    /// Where its status may go from here.
    pub next: Vec<NextStatus>,
    /// Labels of people, groups and sites that the record names by id.
    pub names: Names,
    /// Relations both ways; at most the first 500 each way.
    pub relations: Vec<RelationLine>,
    /// How many relations there are.
    pub relation_count: u32,
    /// Releases not closed that affect it.
    pub releases: Vec<ListRow>,
    /// Changes not closed that affect it.
    pub changes: Vec<ListRow>,
    /// CI groups it is in.
    pub groups: Vec<CiGroupView>,
    /// Baselines that hold it, newest first.
    pub baselines: Vec<BaselineLine>,
    /// DHS units installed as this CI.
    pub units: Vec<ListRow>,
    /// Remarks, oldest first.
    pub comments: Vec<CommentLine>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// A status that the CI may come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NextStatus {
    /// Which.
    pub status: CiStatus,
    /// In words.
    pub label: String,
}

/// A relation, seen from one of its ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RelationLine {
    /// Identity.
    pub id: String,
    /// How it is read from this end: *depends on* or, from the other, *is used by*.
    pub reads: String,
    /// Its type.
    pub relation_type: RelationType,
    /// From this CI to the other, or the other way.
    pub outgoing: bool,
    /// The other CI.
    pub other: ListRow,
}

/// A CI group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiGroupView {
    /// Identity.
    pub id: String,
    /// Name.
    pub name: String,
    /// How many CIs are in it.
    pub size: u32,
}

/// A baseline that holds a CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct BaselineLine {
    /// Identity.
    pub id: String,
    /// Such as `REL-000123 before install`.
    pub name: String,
    /// When.
    pub at: Timestamp,
    /// What differs now.
    pub differences: Vec<FieldDifference>,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldDifference {
    /// Which.
    pub field: String,
    /// Then.
    pub was: String,
    /// Now.
    pub is: String,
}

/// A new CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct NewCiRequest {
    /// Unique within its class.
    pub name: String,
    /// Class, such as `software package`, `server`, `service`.
    pub class: String,
    /// In use when left out.
    #[serde(default)]
    pub status: Option<CiStatus>,
    /// Production when left out.
    #[serde(default)]
    pub environment: Option<Environment>,
    /// Medium when left out.
    #[serde(default)]
    pub criticality: Option<Criticality>,
    /// Maker.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub manufacturer: String,
    /// Model.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub model: String,
    /// Version.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub version: String,
    /// Unique within the manufacturer.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub serial_number: String,
    /// Unique.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub asset_tag: String,
    /// Where it stands.
    #[serde(default)]
    pub location: Option<Location>,
    /// Where it stands, field by field, such as `location.rack`; a site by its id or name.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub place: BTreeMap<String, String>,
    /// Who answers for it, by sign-in name or id.
    #[serde(default)]
    pub owner: Option<String>,
    /// Who helps, by name or id.
    #[serde(default)]
    pub support_group: Option<String>,
    /// Attributes of its class, by name.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub attributes: BTreeMap<String, String>,
    /// Remarks.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub notes: String,
}

/// Does something with a CI.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CiActRequest {
    /// Id, number, name, `class/name`, asset tag or serial number.
    pub ci: String,
    /// `set_field`, `set_status`, `relate` or `unrelate`; dashes and underscores alike.
    pub action: String,
    /// `set_field`: which.
    #[serde(default)]
    pub field: Option<String>,
    /// `set_field`: what the person saw; what is there when left out.
    #[serde(default)]
    pub from: Option<String>,
    /// `set_field`: the value wanted.
    #[serde(default)]
    pub to: Option<String>,
    /// `set_status`: the status wanted.
    #[serde(default)]
    pub status: Option<CiStatus>,
    /// `relate`, `unrelate`: how.
    #[serde(default)]
    pub relation_type: Option<RelationType>,
    /// `relate`, `unrelate`: the CI at the other end.
    #[serde(default)]
    pub target: Option<String>,
}
