//! Exceptions: what was done by hand although a rule is against it.

use crate::view::attention::EnteredLine;
use crate::view::common::{Named, Pill, SyncMark};
use serde::{Deserialize, Serialize};
use slipway_domain::record::RecordRef;
use slipway_domain::refusal::Finding;
use slipway_domain::release::action::ActionState;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// A fact that a rule is against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExceptionView {
    /// Identity.
    pub id: String,
    /// What was done, such as *transfer a unit: UNI-000012*.
    pub title: String,
    /// On which record it stands.
    pub on: RecordRef,
    /// Address of that record in the window.
    pub path: Option<String>,
    /// The release it concerns.
    pub release: Option<Named>,
    /// How it stands.
    pub pill: Pill,
    /// Who did it.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// What was entered, line by line.
    pub entered: Vec<EnteredLine>,
    /// Every rule that it goes against.
    pub findings: Vec<Finding>,
    /// What may be decided now, and why not; none once it is decided.
    pub actions: Vec<ActionState>,
    /// What was decided.
    pub decision: Option<ExceptionDecisionView>,
    /// Whether it is confirmed.
    pub sync: SyncMark,
}

/// What was decided about an exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExceptionDecisionView {
    /// By whom.
    pub by: Named,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Whether the record follows the fact since.
    pub carried_out: bool,
}

/// Which exceptions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
#[ts(optional_fields)]
pub struct ExceptionListRequest {
    /// Of one release or unit, by id, number or serial number: those that are decided as well. Left out: every one that
    /// waits for a decision.
    pub record: Option<String>,
}

/// Exceptions, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExceptionList {
    /// Oldest first.
    pub items: Vec<ExceptionView>,
}

/// Decides an exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExceptionActRequest {
    /// Identity.
    pub exception: String,
    /// `accept` or `back_out`.
    pub action: String,
    /// Why.
    pub reason: String,
}
