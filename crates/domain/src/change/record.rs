//! The change.

use crate::id::{ChangeId, CiGroupId, CiId, PersonId, ReleaseId};
use crate::level::{Impact, Priority, Risk, Urgency, named};
use crate::number::Number;
use crate::release::record::Outcome;
use crate::time::{Timestamp, Window};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

named! {
    /// How a change is authorised.
    ChangeKind { /// Pre-approved from a template.
        Standard = "standard", /// Assessed and approved.
        Normal = "normal", /// Approved by the emergency CAB.
        Emergency = "emergency" }
    /// Where a change stands.
    ChangeState {
        /// Written down.
        Registered = "registered",
        /// Impact and risk known.
        Assessed = "assessed",
        /// Asked for.
        ApprovalPending = "approval pending",
        /// May be released.
        Approved = "approved",
        /// In production.
        Implemented = "implemented",
        /// Looked back on.
        Reviewed = "reviewed",
        /// Finished.
        Closed = "closed",
        /// Turned down.
        Denied = "denied",
        /// Given up.
        Cancelled = "cancelled",
        /// Was approved; blocks its release until removed or approved again.
        ApprovalWithdrawn = "approval withdrawn",
    }
}

/// Where an imported change lives; it is read-only here but for its release link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Foreign {
    /// The other suite.
    pub system: String,
    /// Its number there.
    pub number: String,
}

/// A change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Change {
    /// Identity.
    pub id: ChangeId,
    /// `CHG-000123`
    pub number: Number,
    /// Set when it was imported from another suite.
    pub foreign: Option<Foreign>,
    /// In a line.
    pub title: String,
    /// In full.
    pub description: String,
    /// Such as software, hardware, network.
    pub category: String,
    /// How it is authorised.
    pub kind: ChangeKind,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub requested_by: PersonId,
    /// Who coordinates.
    pub coordinator: Option<PersonId>,
    /// How far it reaches.
    pub impact: Option<Impact>,
    /// How soon.
    pub urgency: Option<Urgency>,
    /// From impact and urgency.
    pub priority: Option<Priority>,
    /// From the questionnaire.
    pub risk: Option<Risk>,
    /// Affected CIs.
    pub cis: BTreeSet<CiId>,
    /// Affected groups.
    pub ci_groups: BTreeSet<CiGroupId>,
    /// Affected business services.
    pub services: BTreeSet<CiId>,
    /// When it is planned; `None`: unscheduled.
    pub planned: Option<Window>,
    /// Version the affected software has and will have, where an import says so.
    pub versions: Option<(String, String)>,
    /// The open release that carries it, or the closed one that did it.
    pub release: Option<ReleaseId>,
    /// Where it stands.
    pub state: ChangeState,
    /// How it turned out.
    pub outcome: Option<Outcome>,
    /// Reason of the last denial, withdrawal or cancellation.
    pub state_reason: String,
    /// When it was created, by the device's clock.
    pub created_at: Timestamp,
}

impl Change {
    /// Closed or cancelled: nothing more will come of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, ChangeState::Closed | ChangeState::Cancelled)
    }
}
