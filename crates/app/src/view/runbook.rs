//! The runbook of a release: its rollout, or its back-out, as a timed plan.

use crate::view::common::{Named, WindowView};
use crate::view::releases::TaskLine;
use serde::{Deserialize, Serialize};
use slipway_domain::release::action::ActionState;
use slipway_domain::release::record::Phase;
use slipway_domain::time::{Timestamp, Window};
use ts_rs::TS;

/// A step with its times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunbookStep {
    /// The task.
    pub task: TaskLine,
    /// By the plan.
    pub planned: Window,
    /// As it happened, and from now on as it is to be expected.
    pub forecast: Window,
    /// Minutes it may still slip before the whole ends later; 0 for what is over.
    #[ts(type = "number")]
    pub slack_minutes: i64,
    /// Minutes it ends later than planned; negative: earlier.
    #[ts(type = "number")]
    pub late_minutes: i64,
    /// Still to be done, and without slack.
    pub critical: bool,
    /// Mine, or of a group of mine.
    pub mine: bool,
}

/// A time in which the rollout stood still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HoldView {
    /// Who held it.
    pub by: Named,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Until when; `None` while it is held.
    pub until: Option<Timestamp>,
}

/// The whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RunbookView {
    /// Number of the release.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Whose tasks these are: Distribution and rollout, or Back out.
    pub phase: Phase,
    /// The moment for which the forecast holds.
    pub now: Timestamp,
    /// It is being run: the forecast goes on from now.
    pub live: bool,
    /// The rollout window.
    pub window: Option<WindowView>,
    /// From the first to the last step, by the plan.
    pub planned: Option<Window>,
    /// From the first to the last step, as it is to be expected.
    pub forecast: Option<Window>,
    /// Minutes it ends later than planned; negative: earlier.
    #[ts(type = "number")]
    pub late_minutes: i64,
    /// Minutes it ends after the rollout window; 0 inside it.
    #[ts(type = "number")]
    pub after_window_minutes: i64,
    /// In the order in which they begin.
    pub steps: Vec<RunbookStep>,
    /// When it stood still, oldest first.
    pub holds: Vec<HoldView>,
    /// `hold` or `resume`, `plan_runbook`, and the way out: `back_out` once installed, `send_back` and `terminate` before.
    pub actions: Vec<ActionState>,
}
