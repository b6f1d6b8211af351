//! Readiness: criteria computed from records or attested by people, and the go/no-go taken on them (domain rules, section 2).

pub mod evaluate;

use crate::id::PersonId;
use crate::level::named;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

named! {
    /// The five families of criteria.
    Family {
        /// Tests and known errors.
        Quality = "quality of release",
        /// Package and production environment.
        Package = "release package and production environment readiness",
        /// Training and support plans.
        TrainingAndSupport = "training and support plans",
        /// Rollout and back-out plans.
        RolloutAndBackOut = "rollout and back-out plans",
        /// Risk management plan.
        Risk = "risk management plan",
    }
    /// How a criterion stands.
    CriterionState {
        /// Fine.
        Met = "met",
        /// Not fine.
        NotMet = "not met",
        /// Let through, with a reason.
        Waived = "waived",
        /// Does not concern this release.
        NotApplicable = "not applicable",
    }
}

/// What a person said about a criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Attested: it is so.
    Attested {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// Note and evidence.
        note: String,
    },
    /// Waived: not so, and let through.
    Waived {
        /// Who.
        by: PersonId,
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// One line of the readiness panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Criterion {
    /// Stable code, such as `tests_passed`.
    pub code: String,
    /// Its family.
    pub family: Family,
    /// In words.
    pub title: String,
    /// Computed from records (`true`) or attested by a person.
    pub computed: bool,
    /// How it stands.
    pub state: CriterionState,
    /// Why it stands so.
    pub why: String,
    /// What would meet it.
    pub way_out: String,
    /// Tab of the release page where it is met: `scope`, `plans`, `tasks`, `approvals`, `ci_update`, `readiness`.
    pub place: String,
}

/// A recorded go/no-go decision with the criteria it was taken on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GoNoGo {
    /// Go (`true`) or no-go.
    pub go: bool,
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Remark.
    pub note: String,
    /// As evaluated at that moment.
    pub criteria: Vec<Criterion>,
}
