//! Alarms about the server's audit log.

use serde::{Deserialize, Serialize};
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// An alarm with everything that somebody else needs to see the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogAlarmView {
    /// Its number on this profile, from 1.
    pub number: u32,
    /// Nothing is sent or fetched until it is lifted.
    pub stops: bool,
    /// What was found.
    pub sentence: String,
    /// What to do.
    pub way_out: String,
    /// When, by this computer's clock.
    pub at: Timestamp,
    /// Entries of the log seen before.
    #[ts(type = "number")]
    pub seen_entries: u64,
    /// Entries of the log that was shown.
    #[ts(type = "number")]
    pub shown_entries: u64,
    /// The checkpoint accepted before, as signed.
    pub seen: String,
    /// The checkpoint that was shown, as signed.
    pub shown: String,
    /// What the server gave as proof, in base64.
    pub proof: Vec<String>,
    /// Who lifted it, and why.
    #[serde(default)]
    pub lifted: Option<Lifted>,
}

/// Who lifted an alarm, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Lifted {
    /// When, by this computer's clock.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
}

/// Alarms, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogAlarmList {
    /// All there were.
    pub alarms: Vec<LogAlarmView>,
}

/// Lifts an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LiftRequest {
    /// [`LogAlarmView::number`].
    pub number: u32,
    /// Why: it is kept with the alarm.
    pub reason: String,
}
