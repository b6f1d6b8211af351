//! What was seen against what is recorded: one observation, its decisions, the rules, and how far the CMDB is right.

use crate::view::common::ListRow;
use crate::view::moments::FieldValue;
use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::observation::Verdict;
use slipway_domain::cmdb::observation::accuracy::Accuracy;
use slipway_domain::cmdb::observation::identify::IdentificationRule;
use slipway_domain::record::RecordRef;
use slipway_domain::refusal::Finding;
use slipway_domain::release::action::ActionState;
use slipway_domain::time::Timestamp;
use std::collections::BTreeSet;
use ts_rs::TS;

/// Asks for an observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ObservationRequest {
    /// Its id.
    pub observation: String,
}

/// An observation beside its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ObservationPage {
    /// As lists show it.
    pub row: ListRow,
    /// What saw it.
    pub source: String,
    /// When.
    pub seen_at: Timestamp,
    /// Who brought it in.
    pub by: String,
    /// Where it lies, or was seen; empty: nothing says where.
    pub site: String,
    /// The CI was looked for and not found.
    pub absent: bool,
    /// By what it is recognised.
    pub identity: Vec<FieldValue>,
    /// The rule that recognised it; empty while it is unknown.
    pub rule: String,
    /// The CI that it is.
    pub ci: Option<ListRow>,
    /// CIs that it may be, where the rules found several.
    pub candidates: Vec<ListRow>,
    /// Class that its source names; empty if that names none.
    pub class: String,
    /// Every fact, and what the record says.
    pub facts: Vec<ObservedFact>,
    /// What may be decided, and why not.
    pub actions: Vec<ActionState>,
}

/// A fact beside the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ObservedFact {
    /// Field.
    pub field: String,
    /// As the record has it.
    pub recorded: String,
    /// As it was seen.
    pub seen: String,
    /// The two differ; not where the record says nothing.
    pub differs: bool,
    /// The record says nothing.
    pub gap: bool,
    /// Only a change replaces it.
    pub managed: bool,
    /// What was decided about it, by whom, and why.
    pub decided: String,
    /// The change that was registered about it.
    pub change: Option<RecordRef>,
}

/// Decides about observations; at most 500 in one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct DecideObservationsRequest {
    /// Their ids.
    pub observations: Vec<String>,
    /// What becomes of them.
    pub verdict: Verdict,
    /// Only these fields; everything that is open when left out.
    #[serde(default)]
    pub fields: Option<BTreeSet<String>>,
    /// Class of CIs to register, where the source names none.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub class: String,
    /// The CI to link to: id, number or name.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub ci: String,
    /// Why.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub note: String,
}

/// What a step of decisions did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DecideReport {
    /// CIs registered.
    pub created: u32,
    /// Observations decided.
    pub decided: u32,
    /// Those about which nothing was left to decide.
    pub unchanged: u32,
    /// What was refused, wholly or in part.
    pub refused: Vec<RefusedDecision>,
}

/// A decision that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefusedDecision {
    /// The observation.
    pub observation: String,
    /// How a person calls it.
    pub label: String,
    /// Why, and the way out.
    pub finding: Finding,
}

/// How far the CMDB is right, by what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AccuracyList {
    /// Each site at which something was seen, by name; what lies nowhere last.
    pub sites: Vec<SiteAccuracy>,
    /// All of them.
    pub all: SiteAccuracy,
}

/// How far the records of a site are right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SiteAccuracy {
    /// The site; empty for what lies nowhere, and for all together.
    pub site: String,
    /// Its name.
    pub name: String,
    /// The figures.
    pub accuracy: Accuracy,
    /// How much was seen.
    pub total: u32,
    /// How much waits for a decision.
    pub open: u32,
    /// Of a thousand, how many are right; `None` while nothing was seen.
    pub per_mille: Option<u32>,
}

/// The identification rules, and whether this person may edit them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct IdentificationView {
    /// In the order in which they are asked.
    pub order: Vec<RuleView>,
    /// Rules that are not asked.
    pub unused: Vec<RuleView>,
    /// Fields that only a change replaces.
    pub managed: BTreeSet<String>,
    /// Why this person may not edit them; `None`: they may.
    pub denied: Option<Finding>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RuleView {
    /// Which.
    pub rule: IdentificationRule,
    /// In words.
    pub label: String,
}

/// Replaces the identification rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PutIdentificationRequest {
    /// In the order in which they are asked.
    pub order: Vec<IdentificationRule>,
    /// Fields that only a change replaces.
    pub managed: BTreeSet<String>,
}

/// Says that a list of CIs was looked through to its end: those that a source did not see are absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct AbsentRequest {
    /// Which CIs should have been seen: a filter such as `site:Bremen class:server`.
    pub filter: String,
    /// What saw the others.
    pub source: String,
    /// Since when.
    pub since: Timestamp,
    /// Says what it would do and does nothing.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub dry_run: bool,
}

/// What was found absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AbsentReport {
    /// CIs that should have been seen.
    pub expected: u32,
    /// Of them, those that were, or that stand nowhere to be seen.
    pub seen: u32,
    /// Names of the first of those that were not.
    pub absent: Vec<String>,
    /// How many were not.
    pub absent_total: u32,
}
