//! Points in time and windows. Milliseconds since 1970 UTC everywhere; zones are for the screen.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS, ToSchema)]
#[serde(transparent)]
#[ts(type = "number")]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This point moved by whole hours; saturates at the ends of time.
    #[must_use]
    pub fn plus_hours(self, hours: i64) -> Self {
        Self(self.0.saturating_add(hours.saturating_mul(3_600_000)))
    }

    /// This point moved by whole days of 24 hours.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        self.plus_hours(days.saturating_mul(24))
    }

    /// RFC 3339 with seconds, in UTC; the raw figure where the calendar ends.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        chrono::DateTime::from_timestamp_millis(self.0)
            .map_or_else(|| self.0.to_string(), |t| t.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    /// The day in UTC, as `2026-11-28`.
    #[must_use]
    pub fn day(self) -> String {
        self.to_rfc3339().chars().take(10).collect()
    }
}

/// A planned span: `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct Window {
    /// First moment of the window.
    pub start: Timestamp,
    /// First moment after the window.
    pub end: Timestamp,
}

impl Window {
    /// Whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether the two windows share a moment.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether the end comes after the start.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.start < self.end
    }
}
