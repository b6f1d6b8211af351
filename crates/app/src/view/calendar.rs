//! What is planned when.

use crate::view::common::{Hue, Named, SyncMark};
use serde::{Deserialize, Serialize};
use slipway_domain::record::Kind;
use slipway_domain::refusal::Finding;
use slipway_domain::setting::Every;
use slipway_domain::time::{Timestamp, Window};
use ts_rs::TS;

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CalendarRequest {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
}

/// The calendar of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CalendarPage {
    /// The period.
    pub period: Window,
    /// Rollout windows of releases and planned windows of changes, the earliest first.
    pub plans: Vec<CalendarPlan>,
    /// Freezes that hold for some of the period, the earliest first.
    pub freezes: Vec<CalendarFreeze>,
    /// How many plans there are; more than are in this answer where there are too many.
    pub total: u32,
    /// There are too many plans at once: they were not compared with one another.
    pub not_compared: bool,
}

/// A release or change in the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CalendarPlan {
    /// Identity.
    pub id: String,
    /// Release or change.
    pub kind: Kind,
    /// Its number.
    pub label: String,
    /// In a line.
    pub title: String,
    /// How it stands, in words.
    pub state: String,
    /// How it stands, as a colour.
    pub hue: Hue,
    /// When it is planned.
    pub window: Window,
    /// Release manager or change coordinator.
    pub who: Option<Named>,
    /// The release that carries the change: it is rolled out with that.
    pub carried_by: Option<Named>,
    /// Still to be done.
    pub ahead: bool,
    /// Address in the window.
    pub path: String,
    /// Whether it is confirmed.
    pub sync: SyncMark,
    /// What stands in its way: collisions with other plans, freezes.
    pub findings: Vec<Finding>,
}

/// A freeze in the calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CalendarFreeze {
    /// Identity.
    pub id: String,
    /// Why, in a few words.
    pub title: String,
    /// When it holds this time.
    pub window: Window,
    /// What it covers, in words.
    pub covers: String,
    /// It only asks for a reason.
    pub soft: bool,
    /// After how long it comes again.
    pub repeats: Option<Every>,
}

/// The calendar into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct SaveCalendarRequest {
    /// Path of the file, which ends in `.ics`; one that is there is replaced.
    pub path: String,
    /// From this moment on; five weeks ago when left out.
    #[serde(default)]
    pub from: Option<Timestamp>,
    /// Up to before this one; a year from now when left out.
    #[serde(default)]
    pub to: Option<Timestamp>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedCalendar {
    /// The file.
    pub path: String,
    /// Events in it.
    #[ts(type = "number")]
    pub events: usize,
}

/// What a slot is looked for: a release, a change, or CIs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct SlotRequest {
    /// Id or number of a release.
    #[serde(default)]
    pub release: Option<String>,
    /// Id, number or foreign number of a change.
    #[serde(default)]
    pub change: Option<String>,
    /// Names, numbers, serial numbers or tags of CIs, where it is for neither.
    #[serde(default)]
    #[ts(as = "Option<Vec<String>>")]
    pub cis: Vec<String>,
    /// How long; what the record says when left out.
    #[serde(default)]
    pub minutes: Option<u32>,
    /// Not before this; now when left out.
    #[serde(default)]
    pub after: Option<Timestamp>,
    /// Days of the week, 1 for Monday to 7 for Sunday; every day when none is named.
    #[serde(default)]
    #[ts(as = "Option<Vec<u8>>")]
    pub days: Vec<u8>,
    /// Not before this time of the day, such as `22:00`, in the zone of this computer; midnight when left out.
    #[serde(default)]
    pub from: Option<String>,
    /// Done by this time, on the day after where it is not later; midnight when left out.
    #[serde(default)]
    pub to: Option<String>,
    /// A soft freeze is no hindrance.
    #[serde(default)]
    #[ts(as = "Option<bool>")]
    pub through_soft: bool,
}

/// The next free slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SlotPage {
    /// For what.
    pub label: String,
    /// How long it is.
    pub minutes: u32,
    /// The slot; `None` when there is none up to `until`.
    pub slot: Option<Window>,
    /// Earlier ones that are not free: the first 50.
    pub passed: Vec<PassedSlot>,
    /// Some hours were too short for it.
    pub too_short: bool,
    /// How far it was looked.
    pub until: Timestamp,
}

/// A slot that is not free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PassedSlot {
    /// When.
    pub slot: Window,
    /// Freezes and collisions in its way.
    pub why: Vec<Finding>,
}

/// A release or change is to be moved to another time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct MoveRequest {
    /// Id or number of a release: its rollout window.
    #[serde(default)]
    pub release: Option<String>,
    /// Id, number or foreign number of a change: its planned window.
    #[serde(default)]
    pub change: Option<String>,
    /// The window as it was seen; a move of what somebody else has moved meanwhile is refused.
    #[serde(default)]
    pub from: Option<Window>,
    /// The new one.
    pub to: Window,
}

/// What would come of a move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MovePage {
    /// Of what.
    pub label: String,
    /// When it is planned now.
    pub window: Option<Window>,
    /// Why it would be refused; empty when it would not.
    pub refused: Vec<Finding>,
    /// Approvals, granted or asked for, that would count no more.
    pub voids: Vec<VoidedApproval>,
    /// The go decision would be forgotten.
    pub forgets_go: bool,
    /// Collisions and freezes at the new time: no reason to refuse, but to know.
    pub meets: Vec<Finding>,
}

/// An approval that would count no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct VoidedApproval {
    /// Of what, in words.
    pub gate: String,
    /// How it stands now.
    pub state: String,
    /// Votes given.
    pub votes: u32,
}
