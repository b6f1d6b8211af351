//! Hears when the server's head moved: from its event stream, or by asking with a wait where a proxy holds the stream
//! back. Everything heard is a hint for the sync engine, which polls all the same.

use crate::link::Link;
use slipway_sync::engine::Event;
use slipway_sync::engine::backoff::Backoff;
use slipway_sync::limits;
use slipway_sync::protocol::{ErrorCode, Head};
use slipway_sync::transport::TransportError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, timeout};

/// First and longest wait before the server is tried again.
const RETRY_MS: (u64, u64) = (500, 60_000);
/// A stream that held this long was a good one: the next failure begins with the shortest wait.
const GOOD: Duration = Duration::from_secs(60);
/// How long nobody tries who is not signed in.
const SIGNED_OUT: Duration = Duration::from_secs(300);
/// A stream begins with an event; one that does not within this time is held back on its way.
const FIRST: Duration = Duration::from_secs(5);
/// Longest silence within a stream.
const SILENCE: Duration = Duration::from_millis(limits::SILENCE_MS);
/// How long it is asked with a wait before the stream is tried again.
const ASKING: Duration = Duration::from_secs(600);

/// Why nothing is heard any more.
enum End {
    /// The stream is silent, as behind a proxy that collects answers.
    Silent,
    /// The stream ended, or the server cannot be reached.
    Cut,
    /// There is no session, or the device was shut out.
    SignedOut,
}

impl From<TransportError> for End {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::SignedOut => Self::SignedOut,
            TransportError::Refused(body) if matches!(body.code, ErrorCode::NotSignedIn | ErrorCode::DeviceRevoked) => {
                Self::SignedOut
            }
            other => {
                tracing::debug!(error = %other, "The server is not heard");
                Self::Cut
            }
        }
    }
}

/// Where what is heard goes.
struct Ear {
    events: UnboundedSender<Event>,
    live: bool,
}

impl Ear {
    fn heard(&mut self, head: Head) {
        self.set_live(true);
        self.tell(Event::HeadMoved(head));
    }

    fn set_live(&mut self, live: bool) {
        if std::mem::replace(&mut self.live, live) != live {
            self.tell(Event::Live(live));
        }
    }

    fn tell(&self, event: Event) {
        // Without a driver nobody listens, and this task is about to be ended.
        let _ = self.events.send(event);
    }
}

/// Listens until it is dropped; `hurry` cuts a wait short.
pub(crate) async fn listen(link: Arc<Link>, events: UnboundedSender<Event>, hurry: Arc<Notify>, seed: u64) {
    let mut ear = Ear { events, live: false };
    let mut backoff = Backoff::new(seed, RETRY_MS.0, RETRY_MS.1);
    loop {
        let began = Instant::now();
        let mut end = follow(&link, &mut ear).await;
        if matches!(end, End::Silent) {
            end = ask(&link, &mut ear).await;
        }
        ear.set_live(false);
        if began.elapsed() >= GOOD {
            backoff.reset();
        }
        let wait = match end {
            End::SignedOut => {
                // The engine finds out why, and says so.
                ear.tell(Event::Start);
                SIGNED_OUT
            }
            End::Silent | End::Cut => Duration::from_millis(backoff.next_wait()),
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = hurry.notified() => backoff.reset(),
        }
    }
}

/// Reads the stream until it ends or falls silent.
async fn follow(link: &Link, ear: &mut Ear) -> End {
    let mut stream = match link.events().await {
        Ok(stream) => stream,
        Err(error) => return error.into(),
    };
    let mut patience = FIRST;
    loop {
        match timeout(patience, stream.next()).await {
            Ok(Ok(Some(head))) => ear.heard(head),
            Ok(Ok(None)) => return End::Cut,
            Ok(Err(error)) => return error.for_engine().into(),
            Err(_) => return End::Silent,
        }
        patience = SILENCE;
    }
}

/// Asks with a wait for some minutes.
async fn ask(link: &Link, ear: &mut Ear) -> End {
    let until = Instant::now() + ASKING;
    let mut known: Option<Head> = None;
    while Instant::now() < until {
        match link.head(known).await {
            Ok(head) => {
                ear.heard(head);
                known = Some(head);
            }
            Err(error) => return error.into(),
        }
    }
    // Not cut: the stream is only tried again.
    End::Silent
}
