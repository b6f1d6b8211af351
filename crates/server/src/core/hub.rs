//! Tells those who listen that the head moved. A hint: whoever misses one hears the next heartbeat.
//!
//! One task reads the head when this process wrote, and every second because others may write to the same storage:
//! the administrator's commands, other server processes. Nothing here is held across a wait for the disk.

use super::{Caller, Core, active_person};
use crate::error::ServerError;
use crate::limit::{HEAD_POLL, HEARTBEAT};
use slipway_domain::approval::record::{Approval, ApprovalState};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::record::Kind;
use slipway_sync::bucket::Bucket;
use slipway_sync::limits;
use slipway_sync::protocol::{Epoch, ErrorBody, ErrorCode, Head};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

/// News that a slow listener may be behind.
const BACKLOG: usize = 16;
/// Changed records that are looked through for approvals; in a longer batch nobody is told in person.
const SEARCHED: usize = 200;
/// Bodies of those.
const SEARCHED_BYTES: usize = 1024 * 1024;
/// Between two events.
const SPACING: Duration = Duration::from_millis(1_000 / limits::EVENTS_PER_SECOND);

/// Where the history stands and whose vote was asked for on the way there.
#[derive(Clone, Debug)]
struct News {
    epoch: Epoch,
    head: u64,
    voters: Arc<BTreeSet<PersonId>>,
}

impl News {
    fn to(&self, person: PersonId) -> Head {
        Head { epoch: self.epoch, head: self.head, approval: self.voters.contains(&person) }
    }
}

/// Those of one device who listen, oldest first.
type Places = VecDeque<(u64, oneshot::Sender<()>)>;

#[derive(Debug, Default)]
struct Listeners {
    next: u64,
    count: usize,
    of: HashMap<DeviceId, Places>,
}

/// Where news come in and go out.
#[derive(Debug)]
pub struct Hub {
    wake: Notify,
    news: broadcast::Sender<News>,
    last: Mutex<News>,
    closing: watch::Sender<bool>,
    listeners: Mutex<Listeners>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            wake: Notify::new(),
            news: broadcast::Sender::new(BACKLOG),
            last: Mutex::new(News { epoch: Epoch(Uuid::nil()), head: 0, voters: Arc::default() }),
            closing: watch::Sender::new(false),
            listeners: Mutex::default(),
        }
    }
}

/// Somebody who listens; stops with being dropped.
#[derive(Debug)]
pub struct Listener {
    hub: Arc<Hub>,
    caller: Caller,
    place: u64,
    news: broadcast::Receiver<News>,
    ended: oneshot::Receiver<()>,
    closing: watch::Receiver<bool>,
    heartbeat: Instant,
}

/// What a listener hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The head moved.
    Moved(Head),
    /// Nothing for a while; the listener may no longer be allowed to.
    Heartbeat(Head),
    /// No more: the server stops, or the device was shut out or listens elsewhere.
    End,
}

impl Hub {
    /// Something was written, by this process or as another one said: have a look.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Ends every listener, now and from now on: the server stops.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Ends the listeners of a device.
    pub fn end(&self, device: DeviceId) {
        let mut listeners = self.listeners();
        if let Some(gone) = listeners.of.remove(&device) {
            listeners.count -= gone.len();
        }
    }

    /// How many listen.
    #[must_use]
    pub fn count(&self) -> usize {
        self.listeners().count
    }

    /// Begins to listen. One more than a device may have ends its oldest, which is most likely a cut connection.
    ///
    /// # Errors
    /// [`ErrorCode::Busy`] when too many listen already.
    pub fn listen(self: &Arc<Self>, caller: Caller) -> Result<Listener, ErrorBody> {
        let (end, ended) = oneshot::channel();
        let mut listeners = self.listeners();
        if listeners.count >= limits::STREAMS {
            return Err(ErrorBody {
                retry_after_ms: Some(60_000),
                ..ErrorBody::new(
                    ErrorCode::Busy,
                    format!("{} laptops listen to this server already.", limits::STREAMS),
                    "Nothing to do: the laptop asks now and then instead.",
                )
            });
        }
        let place = listeners.next;
        listeners.next += 1;
        let places = listeners.of.entry(caller.device).or_default();
        places.push_back((place, end));
        let gone = (places.len() > limits::STREAMS_PER_DEVICE).then(|| places.pop_front());
        listeners.count += usize::from(gone.is_none());
        drop(listeners);
        Ok(Listener {
            hub: self.clone(),
            caller,
            place,
            news: self.news.subscribe(),
            ended,
            closing: self.closing.subscribe(),
            heartbeat: Instant::now() + HEARTBEAT,
        })
    }

    /// Looks at the head whenever woken and every second, and tells; ends with [`Hub::close`].
    pub async fn watch(self: Arc<Self>, core: Core) {
        let mut closing = self.closing.subscribe();
        loop {
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => return,
                () = self.wake.notified() => {}
                () = sleep(HEAD_POLL) => {}
            }
            if self.count() == 0 {
                continue;
            }
            let (core, last) = (core.clone(), self.last());
            match tokio::task::spawn_blocking(move || core.news_after(&last)).await {
                Ok(Ok(Some(news))) => {
                    *self.last.lock().unwrap_or_else(PoisonError::into_inner) = news.clone();
                    // Nobody may have stayed to hear it.
                    let _ = self.news.send(news);
                    sleep(SPACING).await;
                }
                Ok(Ok(None)) => {}
                Ok(Err(error)) => tracing::warn!(%error, "The head could not be read"),
                Err(error) => tracing::error!(%error, "The head could not be read"),
            }
        }
    }

    fn last(&self) -> News {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// Whose it is.
    #[must_use]
    pub fn caller(&self) -> Caller {
        self.caller
    }

    /// Waits for the next thing to hear.
    pub async fn next(&mut self) -> Heard {
        let person = self.caller.person;
        let heard = tokio::select! {
            biased;
            _ = self.closing.wait_for(|closing| *closing) => Heard::End,
            _ = &mut self.ended => Heard::End,
            news = self.news.recv() => match news {
                Ok(news) => Heard::Moved(news.to(person)),
                // What was missed may have been a call for this person's vote.
                Err(RecvError::Lagged(_)) => Heard::Moved(Head { approval: true, ..self.hub.last().to(person) }),
                Err(RecvError::Closed) => Heard::End,
            },
            () = sleep_until(self.heartbeat) => {
                Heard::Heartbeat(Head { approval: false, ..self.hub.last().to(person) })
            }
        };
        self.heartbeat = Instant::now() + HEARTBEAT;
        heard
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut listeners = self.hub.listeners();
        let Some(places) = listeners.of.get_mut(&self.caller.device) else { return };
        let before = places.len();
        places.retain(|(place, _)| *place != self.place);
        let (left, gone) = (places.len(), before - places.len());
        if left == 0 {
            listeners.of.remove(&self.caller.device);
        }
        listeners.count -= gone;
    }
}

impl Core {
    /// Who wants to hear that the head moved, and whom to tell that it did.
    #[must_use]
    pub fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Has the hub look at the head too when another server process says that it moved.
    ///
    /// # Errors
    /// The storage failed.
    pub fn hear_others(&self) -> Result<(), ServerError> {
        let hub = self.hub.clone();
        Ok(self.storage.on_change(self.workspace, Arc::new(move || hub.wake()))?)
    }

    /// Where the history stands.
    ///
    /// # Errors
    /// The storage failed.
    pub fn head(&self) -> Result<Head, ServerError> {
        let workspace = self.snapshot()?.workspace()?;
        Ok(Head { epoch: workspace.epoch, head: workspace.head, approval: false })
    }

    /// Whether this caller may go on listening: neither shut out nor signed out since.
    ///
    /// # Errors
    /// The storage failed.
    pub fn may_listen(&self, caller: &Caller) -> Result<bool, ServerError> {
        let view = self.snapshot()?;
        let session = view.session(caller.device)?;
        let signed_in = session.is_some_and(|row| row.person == caller.person && self.now() < row.refresh_until);
        let sound = view.device(caller.device)?.is_some_and(|device| !device.revoked);
        Ok(signed_in && sound && active_person(view.as_ref(), caller.person)?.is_some())
    }

    fn news_after(&self, last: &News) -> Result<Option<News>, ServerError> {
        let view = self.snapshot()?;
        let workspace = view.workspace()?;
        if (workspace.epoch, workspace.head) == (last.epoch, last.head) {
            return Ok(None);
        }
        let mut voters = BTreeSet::new();
        if workspace.epoch == last.epoch {
            let feed = view.feed(Bucket::Workspace, last.head, SEARCHED, SEARCHED_BYTES)?;
            let approvals = feed.entries.iter().filter(|entry| entry.kind == Kind::Approval.name());
            for body in approvals.filter_map(|entry| entry.body.as_deref()).filter(|_| feed.exhausted) {
                let Ok(approval) = serde_json::from_str::<Approval>(body) else { continue };
                if approval.state == ApprovalState::Pending {
                    voters.extend(approval.panels.into_iter().flat_map(|panel| panel.members));
                }
            }
        }
        Ok(Some(News { epoch: workspace.epoch, head: workspace.head, voters: Arc::new(voters) }))
    }
}
