//! How far the CMDB is right, by what was seen of it.

use crate::cmdb::observation::ObservationState;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How what was seen at a site stands to the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Accuracy {
    /// The record says the same.
    pub matched: u32,
    /// A difference stands that somebody decided about.
    pub settled: u32,
    /// The record has another value.
    pub mismatched: u32,
    /// Looked for and not found.
    pub missing: u32,
    /// In no record.
    pub unknown: u32,
}

impl Accuracy {
    /// Counts observations in a state.
    pub fn add(&mut self, state: ObservationState, count: u32) {
        let figure = match state {
            ObservationState::Match => &mut self.matched,
            ObservationState::Settled => &mut self.settled,
            ObservationState::Mismatch => &mut self.mismatched,
            ObservationState::Missing => &mut self.missing,
            ObservationState::Unknown => &mut self.unknown,
        };
        *figure = figure.saturating_add(count);
    }

    /// All of them.
    #[must_use]
    pub fn total(self) -> u32 {
        self.matched.saturating_add(self.settled).saturating_add(self.open())
    }

    /// What waits for a decision.
    #[must_use]
    pub fn open(self) -> u32 {
        self.mismatched.saturating_add(self.missing).saturating_add(self.unknown)
    }

    /// Of a thousand things seen, for how many the record agrees or somebody decided what stands; rounded down, so that
    /// a thousand means all. `None` while nothing was seen.
    #[must_use]
    pub fn per_mille(self) -> Option<u32> {
        let right = u64::from(self.matched) + u64::from(self.settled);
        let share = (right * 1_000).checked_div(u64::from(self.total()))?;
        u32::try_from(share).ok()
    }
}
