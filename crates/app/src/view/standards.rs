//! Standards: authorised values, the CIs attached, and which of these are out of compliance.

use crate::view::common::{ListRow, Named};
use crate::view::releases::ProposedCiPlan;
use serde::{Deserialize, Serialize};
use slipway_domain::record::RecordRef;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use ts_rs::TS;

/// Standards by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StandardList {
    /// All of them.
    pub standards: Vec<StandardRow>,
}

/// Where a standard is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StandardState {
    /// It can be changed; nothing is measured by it.
    Draft,
    /// It is locked; its CIs are measured by it.
    Authorised,
    /// It is out of use.
    Retired,
}

/// One standard of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StandardRow {
    /// Identity.
    pub id: String,
    /// Such as `Web server 2026`.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// Key of its class.
    pub class: String,
    /// The class as shown.
    pub class_name: String,
    /// Where it is in its life.
    pub state: StandardState,
    /// How many fields it names.
    pub fields: u32,
}

/// Asks for a standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StandardRequest {
    /// Name or id.
    pub standard: String,
}

/// One standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StandardPage {
    /// As in the list.
    pub row: StandardRow,
    /// Its fields.
    pub values: Vec<StandardValue>,
    /// How many CIs are attached.
    pub attached: u32,
    /// Who locked it.
    pub authorised: Option<Decided>,
    /// Who took it out of use.
    pub retired: Option<Decided>,
}

/// An authorised value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StandardValue {
    /// Field by name, such as `version` or `attributes.ram`.
    pub field: String,
    /// The field as shown.
    pub title: String,
    /// The value as stored.
    pub value: String,
    /// The value as shown.
    pub shown: String,
}

/// Who decided, when, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Decided {
    /// Who.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// Why; empty where no reason is asked for.
    pub reason: String,
}

/// Asks how the CIs of a standard compare with it: the next of them after a place in the walk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ComplianceRequest {
    /// Name or id.
    pub standard: String,
    /// Those in compliance too; only those that differ when left out.
    #[serde(default)]
    pub all: Option<bool>,
    /// The `next` of the page before.
    #[serde(default)]
    pub after: Option<String>,
}

/// How CIs compare with their standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CompliancePage {
    /// The CIs.
    pub cis: Vec<CiCompliance>,
    /// How many were looked at for this page.
    pub looked_at: u32,
    /// Of these, how many are out of compliance.
    pub out: u32,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

/// A CI beside its standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiCompliance {
    /// The CI.
    pub ci: ListRow,
    /// Its standard.
    pub standard: StandardRow,
    /// Where it differs.
    pub deviations: Vec<DeviationLine>,
    /// Whether something differs that is not excepted.
    pub out: bool,
}

/// A field in which a CI differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeviationLine {
    /// Field by name.
    pub field: String,
    /// The field as shown.
    pub title: String,
    /// What the standard says.
    pub authorised: String,
    /// What the CI says; empty for nothing.
    pub is: String,
    /// Why that is accepted; `None`: out of compliance.
    pub excepted: Option<Decided>,
}

/// The standard of a CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StandardOfCi {
    /// `None` while it is attached to none.
    pub compliance: Option<CiCompliance>,
}

/// Writes or uses a standard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct StandardActRequest {
    /// `put`, `copy`, `authorise`, `retire`, `attach`, `detach`, `except`, `withdraw_exception`.
    pub action: String,
    /// Name or id; left out when a new one is put.
    #[serde(default)]
    pub standard: Option<String>,
    /// put, copy: its name.
    #[serde(default)]
    pub name: Option<String>,
    /// put: what it is for.
    #[serde(default)]
    pub about: Option<String>,
    /// put: the class of its CIs, by key or name.
    #[serde(default)]
    pub class: Option<String>,
    /// put: every field with its value; left out, they stay.
    #[serde(default)]
    pub values: Option<BTreeMap<String, String>>,
    /// attach, detach: CIs by whatever names them; except, `withdraw_exception`: the one CI.
    #[serde(default)]
    pub cis: Option<Vec<String>>,
    /// attach: what a filter finds, instead.
    #[serde(default)]
    pub filter: Option<String>,
    /// except, `withdraw_exception`: of these fields; all of them when left out.
    #[serde(default)]
    pub fields: Option<Vec<String>>,
    /// retire, except: why.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StandardDone {
    /// The standard, or the CI that was excepted.
    pub record: Option<RecordRef>,
    /// How many CIs were attached or detached.
    pub changed: u32,
    /// How many were so already.
    pub unchanged: u32,
    /// What was refused of single CIs, in sentences.
    pub refused: Vec<String>,
}

/// Asks for the plan that corrects what is out of compliance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct CorrectionRequest {
    /// Name or id.
    pub standard: String,
    /// Only these CIs, by whatever names them.
    #[serde(default)]
    pub cis: Option<Vec<String>>,
    /// Put the plan into this release; without it, it is only shown.
    #[serde(default)]
    pub release: Option<String>,
}

/// The plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CorrectionProposal {
    /// Its lines.
    pub plan: ProposedCiPlan,
    /// The release it was put into.
    pub release: Option<RecordRef>,
}
