//! Waiting for a condition, never for a time.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a condition may take on a slow and busy machine.
pub const TIME_OUT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Asks until there is an answer; panics with `what` when there is none in time.
#[track_caller]
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < TIME_OUT, "{what} did not happen within {TIME_OUT:?}");
        std::thread::sleep(PAUSE);
    }
}

/// The same for questions that are themselves waited for.
pub async fn until_async<T, F>(what: &str, mut ask: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(start.elapsed() < TIME_OUT, "{what} did not happen within {TIME_OUT:?}");
        tokio::time::sleep(PAUSE).await;
    }
}
