//! How fast files go over the line, where somebody left only a part of it to them. What is sent and what is fetched share
//! it. Files go in parts of up to 4 MiB, so it holds on the average over some of them.

use crate::error::CallError;
use slipway_store::Store;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Under which name it is remembered how many bytes a second files may take; 0 for all of the line.
const LIMIT: &str = "blobs.bytes_per_second";
/// So long nobody asks whether the work was stopped.
pub(crate) const SLICE: Duration = Duration::from_millis(250);

/// Bytes a second that files may take; 0 for all of the line.
///
/// # Errors
/// The storage failed.
pub fn limit(store: &Store) -> Result<u64, CallError> {
    Ok(store.remembered(LIMIT)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// Sets them.
///
/// # Errors
/// The storage failed.
pub fn set_limit(store: &Store, bytes_per_second: u64) -> Result<(), CallError> {
    Ok(store.remember(LIMIT, &bytes_per_second.to_string())?)
}

/// When the line is free for files again.
#[derive(Debug, Default)]
pub struct Pace(Mutex<Option<Instant>>);

impl Pace {
    /// So many bytes went: until when the next ones have to wait.
    pub(crate) fn went(&self, bytes: u64, bytes_per_second: u64, now: Instant) -> Instant {
        if bytes_per_second == 0 {
            return now;
        }
        // Whatever takes more than a day is a slip in the figure.
        let took_ms = bytes.saturating_mul(1_000).checked_div(bytes_per_second).unwrap_or(0).min(86_400_000);
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = free.map_or(now, |free| free.max(now));
        let next = begin + Duration::from_millis(took_ms);
        *free = Some(next);
        next
    }

    /// Nobody waits any longer for what went under another figure.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::Pace;
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn what_goes_at_once_waits_one_after_the_other_and_time_unused_is_not_saved_up() {
        let (pace, now) = (Pace::default(), Instant::now());
        let second = Duration::from_secs(1);
        assert_eq!(pace.went(5_000, 0, now), now, "no limit, no waiting");
        assert_eq!(pace.went(1_000, 1_000, now), now + second);
        assert_eq!(pace.went(2_000, 1_000, now), now + 3 * second, "after what went before");
        assert_eq!(pace.went(1_000, 1_000, now + 60 * second), now + 61 * second, "a quiet minute gives nothing");
        pace.forget();
        assert_eq!(pace.went(1_000, 1_000, now), now + second);
    }
}
