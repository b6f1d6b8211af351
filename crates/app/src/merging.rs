//! Merges the index of words while nobody needs the database.

use slipway_store::Store;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// From one look whether there is something to merge to the next.
const LOOK: Duration = Duration::from_secs(3);
/// From one step to the next: whoever waits for the database comes first.
const BREATH: Duration = Duration::from_millis(20);

/// Merges until it is dropped.
pub(crate) struct Merging {
    _stop: Sender<()>,
}

impl Merging {
    pub(crate) fn start(store: Arc<Store>) -> Self {
        let (stop, stopped) = channel();
        // It ends by itself, a step after it was dropped at most.
        std::thread::spawn(move || {
            let mut rest = LOOK;
            while stopped.recv_timeout(rest) == Err(RecvTimeoutError::Timeout) {
                rest = match store.merge_words() {
                    Ok(true) => BREATH,
                    Ok(false) => LOOK,
                    Err(error) => {
                        tracing::warn!(%error, "The index of words was not merged; search works without");
                        LOOK
                    }
                };
            }
        });
        Self { _stop: stop }
    }
}
