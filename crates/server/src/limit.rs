//! Limits that need a memory: how often a device pushes, how many passwords are compared at once.

use slipway_domain::id::DeviceId;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorBody, ErrorCode};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// Longest time one request may take.
pub const REQUEST_TIME: Duration = Duration::from_secs(120);
/// How long requests under way may take to end when the server stops.
pub const STOP_TIME: Duration = Duration::from_secs(10);
/// Between two looks at the head, in case that another process moved it.
pub const HEAD_POLL: Duration = Duration::from_secs(1);
/// Between two events of a stream when nothing happens.
pub const HEARTBEAT: Duration = Duration::from_millis(limits::HEARTBEAT_MS);
/// Passwords compared at once: each takes 19 MiB and a processor.
const PASSWORDS: usize = 2;
/// Devices remembered before those at rest are forgotten.
const DEVICES: usize = 10_000;

/// What the server remembers of its callers' haste.
#[derive(Debug)]
pub struct Limits {
    pushes: Mutex<HashMap<DeviceId, (f64, Instant)>>,
    /// One permit for each password being compared.
    pub passwords: Semaphore,
}

impl Default for Limits {
    fn default() -> Self {
        Self { pushes: Mutex::default(), passwords: Semaphore::new(PASSWORDS) }
    }
}

impl Limits {
    /// Takes one push from the device's allowance.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyRequests`] when it is used up.
    pub fn push(&self, device: DeviceId, now: Instant) -> Result<(), ErrorBody> {
        let (rate, burst) = (f64::from(limits::PUSHES_PER_SECOND), f64::from(limits::PUSH_BURST));
        let refilled =
            |(left, at): (f64, Instant)| (left + now.saturating_duration_since(at).as_secs_f64() * rate).min(burst);
        let mut pushes = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
        if pushes.len() >= DEVICES {
            pushes.retain(|_, held| refilled(*held) < burst);
        }
        let left = refilled(pushes.get(&device).copied().unwrap_or((burst, now)));
        let allowed = left >= 1.0;
        pushes.insert(device, (if allowed { left - 1.0 } else { left }, now));
        drop(pushes);
        if allowed {
            return Ok(());
        }
        Err(ErrorBody {
            retry_after_ms: Some(1_000),
            ..ErrorBody::new(
                ErrorCode::TooManyRequests,
                format!("A device pushes at most {} times a second.", limits::PUSHES_PER_SECOND),
                "Nothing to do: the laptop waits and tries again.",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let (limits_, device, start) = (Limits::default(), DeviceId(uuid::Uuid::nil()), Instant::now());
        for n in 0..limits::PUSH_BURST {
            assert!(limits_.push(device, start).is_ok(), "push {n} of the burst");
        }
        assert!(limits_.push(device, start).is_err(), "one more at once is too many");
        let later = start + Duration::from_secs(1);
        for n in 0..limits::PUSHES_PER_SECOND {
            assert!(limits_.push(device, later).is_ok(), "push {n} a second later");
        }
        assert!(limits_.push(device, later).is_err(), "and no more than the rate");
    }
}
