//! Notices that the background sync stands still, and that the computer slept.
//!
//! The sync engine always names the time at which it wants to be called next. A driver that is not there by then hangs
//! in something that should never hang, and is replaced; whoever looks at the state of sync is told.

use slipway_domain::time::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// How patient the watchdog is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between two looks.
    pub look: Duration,
    /// How late a driver may be.
    pub grace: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { look: Duration::from_secs(10), grace: Duration::from_secs(60) }
    }
}

/// Until when a driver has to show up.
#[derive(Debug)]
pub(crate) struct Due {
    began: Instant,
    by_ms: AtomicU64,
}

impl Default for Due {
    fn default() -> Self {
        Self { began: Instant::now(), by_ms: AtomicU64::new(0) }
    }
}

impl Due {
    /// The driver is there, and will be again after this.
    pub(crate) fn after(&self, rest: Duration) {
        let by = self.began.elapsed().saturating_add(rest).as_millis();
        self.by_ms.store(u64::try_from(by).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn is_over(&self, grace: Duration) -> bool {
        let now = self.began.elapsed().saturating_sub(grace).as_millis();
        now > u128::from(self.by_ms.load(Ordering::Relaxed))
    }
}

/// A task that ends with this value.
#[derive(Debug)]
pub(crate) struct Ending(pub(crate) JoinHandle<()>);

impl Ending {
    /// Whether the task is through.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_finished()
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until the task ended or is overdue, and says how.
pub(crate) async fn guard(task: &mut Ending, due: &Due, patience: Patience) -> String {
    loop {
        match tokio::time::timeout(patience.look, &mut task.0).await {
            Ok(Ok(())) => return "the background task ended".to_owned(),
            Ok(Err(error)) => return format!("the background task ended: {error}"),
            Err(_) if due.is_over(patience.grace) => return "the background task did not answer".to_owned(),
            Err(_) => {}
        }
    }
}

/// How far the computer's clock may run ahead of the time counted while awake.
const JUMP_MS: i64 = 15_000;

/// Notices a sleep: the calendar goes on in it, the counted time does not.
#[derive(Debug)]
pub(crate) struct Sleeper {
    calendar: Timestamp,
    counted: Instant,
}

impl Sleeper {
    pub(crate) fn new(calendar: Timestamp) -> Self {
        Self { calendar, counted: Instant::now() }
    }

    /// Whether the computer slept since the last look.
    pub(crate) fn slept(&mut self, calendar: Timestamp) -> bool {
        let awake = i64::try_from(self.counted.elapsed().as_millis()).unwrap_or(i64::MAX);
        let gone = calendar.0.saturating_sub(self.calendar.0);
        *self = Self::new(calendar);
        gone.saturating_sub(awake) > JUMP_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_told_from_time_that_passed_awake() {
        let mut sleeper = Sleeper::new(Timestamp(1_000_000));
        assert!(!sleeper.slept(Timestamp(1_005_000)), "some seconds may be a busy machine");
        assert!(sleeper.slept(Timestamp(1_605_000)), "ten minutes that nobody counted");
        assert!(!sleeper.slept(Timestamp(1_605_000)), "told once");
        assert!(!sleeper.slept(Timestamp(5_000)), "a clock that was put back is no sleep");
    }
}
