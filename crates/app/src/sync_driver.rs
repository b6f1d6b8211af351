//! Drives the sync engine with tokio: its clock, its requests, its calls of the store.
//!
//! One lock file per profile is held through a cycle, so that window and command line never sync at once.

use crate::alarms;
use crate::blob_sync;
use crate::error::CallError;
use crate::link::Link;
use crate::live;
use crate::local::{FlipNews, StoreLocal};
use crate::lock;
use crate::session::{Session, off_thread};
use crate::view::profile::SyncStatus;
use crate::watchdog::{Due, Ending, Patience, Sleeper, guard};
use serde::{Deserialize, Serialize};
use slipway_domain::time::Timestamp;
use slipway_sync::engine::{Engine, Event, Input, Millis, Output, Report, Settings, SyncState, Trouble};
use slipway_sync::local::{LocalAnswer, LocalError, LocalRequest, perform};
use slipway_sync::protocol::Verdict;
use slipway_sync::signing::PublicKey;
use slipway_sync::snapshot::{Manifest, SignedManifest};
use slipway_sync::transport::Transport;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use ts_rs::TS;

/// Name of the lock file in the profile's folder.
pub(crate) const LOCK_FILE: &str = "sync.lock";
/// How long another program's sync is waited for.
pub(crate) const LOCK_WAIT: Duration = Duration::from_secs(120);

/// Longest rest between two looks whether the computer slept.
const LOOK: Duration = Duration::from_secs(2);

/// What one sync did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SyncReport {
    /// Commands that the server judged in it, or had judged before.
    #[ts(type = "number")]
    pub pushed: u64,
    /// Of those whose results came into force: took effect.
    #[ts(type = "number")]
    pub applied: u64,
    /// Refused.
    #[ts(type = "number")]
    pub refused: u64,
    /// Took effect but for some fields or rows.
    #[ts(type = "number")]
    pub partial: u64,
    /// Could not be judged yet.
    #[ts(type = "number")]
    pub held: u64,
    /// Records fetched.
    #[ts(type = "number")]
    pub pulled: u64,
    /// Files that wait for the server after it.
    #[serde(default)]
    #[ts(type = "number")]
    pub files_waiting: u64,
    /// Open items of *Needs attention* after it.
    #[ts(type = "number")]
    pub attention: u64,
}

impl SyncReport {
    fn count(&mut self, news: &FlipNews) {
        for result in &news.results {
            match result.verdict {
                Verdict::Applied { .. } => self.applied += 1,
                Verdict::Partial { .. } => self.partial += 1,
                Verdict::Refused { .. } => self.refused += 1,
                Verdict::Held { .. } => self.held += 1,
            }
        }
    }
}

/// Whom the driver tells.
pub trait Watch: Send + Sync + 'static {
    /// The time by this computer's clock.
    fn now(&self) -> Timestamp;

    /// How sync stands has changed.
    fn status(&self, status: &SyncStatus);

    /// Fetched records came into force.
    fn flipped(&self, news: &FlipNews);

    /// The server has files now that it did not have before.
    fn uploaded(&self, files: u32) {
        let _ = files;
    }
}

/// Syncs once, to the end or to the first trouble.
///
/// # Errors
/// What kept it from its end; what waits for the server keeps waiting.
pub async fn sync_once(session: Arc<Session>, watch: Arc<dyn Watch>) -> Result<SyncReport, CallError> {
    let Some(mut run) = Run::new(session, watch)? else { return Err(alone()) };
    run.feed(Event::SyncNow);
    while let Some(event) = run.next_event().await {
        run.step(event);
        match run.engine.report().state {
            SyncState::Idle | SyncState::Waiting | SyncState::SignedOut => break,
            SyncState::Pushing | SyncState::Pulling | SyncState::Flipping => {}
        }
    }
    let status = run.tell().await;
    let mut report = run.counted();
    report.attention = u64::from(status.attention);
    match run.engine.report().trouble.clone() {
        Some(trouble) => Err(call_error(&trouble)),
        None => {
            // The records are through; files that are not are told of, and go with the next sync.
            run.uploader().await;
            report.files_waiting = run.files_waiting().await?;
            Ok(report)
        }
    }
}

fn alone() -> CallError {
    CallError::trouble(
        "WORKS_ALONE",
        "This profile works alone: there is no server to sync with.",
        "Make a profile of its own for a server, and sign in there.",
    )
}

fn call_error(trouble: &Trouble) -> CallError {
    CallError::trouble(&trouble.code().to_uppercase(), trouble.sentence(), trouble.way_out())
}

/// Syncs in the background until it is dropped.
pub struct Driver {
    nudges: Arc<Mutex<UnboundedSender<Event>>>,
    hurry: Arc<Notify>,
    status: Arc<Mutex<SyncStatus>>,
    _task: Ending,
}

impl Driver {
    /// Starts on the running tokio runtime; `None` when the session works alone.
    ///
    /// # Errors
    /// When the server's address or trust cannot be used.
    pub fn start(session: Arc<Session>, watch: Arc<dyn Watch>) -> Result<Option<Self>, CallError> {
        Self::start_watched(session, watch, Patience::default())
    }

    /// The same with a watchdog of another patience.
    ///
    /// # Errors
    /// When the server's address or trust cannot be used.
    pub fn start_watched(
        session: Arc<Session>,
        watch: Arc<dyn Watch>,
        patience: Patience,
    ) -> Result<Option<Self>, CallError> {
        let Some(mut run) = Run::new(session.clone(), watch.clone())? else { return Ok(None) };
        let hurry = Arc::new(Notify::new());
        let (nudges, status) = (Arc::new(Mutex::new(run.events.clone())), run.status.clone());
        let (sender, woken, shown) = (nudges.clone(), hurry.clone(), status.clone());
        let task = tokio::spawn(async move {
            loop {
                let due = run.due.clone();
                let mut task = Ending(tokio::spawn(run.go_on(woken.clone())));
                let what = guard(&mut task, &due, patience).await;
                drop(task);
                tracing::error!(what, "Background sync stood still and is started anew");
                run = loop {
                    match Run::new(session.clone(), watch.clone()) {
                        Ok(Some(run)) => break run,
                        // The profile became one without a server.
                        Ok(None) => return,
                        Err(error) => tracing::error!(%error, "Background sync cannot be started"),
                    }
                    tokio::time::sleep(patience.grace).await;
                };
                run.engine = Engine::instead_of(run.settings.clone(), &what);
                run.status = shown.clone();
                *sender.lock().unwrap_or_else(PoisonError::into_inner) = run.events.clone();
            }
        });
        Ok(Some(Self { nudges, hurry, status, _task: Ending(task) }))
    }

    /// A command was issued: it goes out soon, together with its companions.
    pub fn issued(&self) {
        self.nudge(Event::Issued);
    }

    /// A person asks, or the network came back: now.
    pub fn sync_now(&self) {
        self.nudge(Event::SyncNow);
        self.hurry.notify_one();
    }

    /// A person signed in again.
    pub fn signed_in(&self) {
        self.nudge(Event::SignedIn { log: None });
        self.hurry.notify_one();
    }

    /// How sync stands.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn nudge(&self, event: Event) {
        // The driver only ends with this value, or is about to be replaced and then begins with a sync.
        let _ = self.nudges.lock().unwrap_or_else(PoisonError::into_inner).send(event);
    }
}

/// How sync stands when nothing drives it: from what the database remembers.
///
/// # Errors
/// When the database cannot be read.
pub fn resting_status(session: &Session) -> Result<SyncStatus, CallError> {
    let status = session.store().status()?;
    Ok(SyncStatus {
        server: session.account().map(|a| a.server),
        online: status.offline_since.is_none() && status.last_sync.is_some(),
        running: false,
        offline_since: status.offline_since,
        last_sync_at: status.last_sync,
        waiting: u32::try_from(status.pending).unwrap_or(u32::MAX),
        attention: u32::try_from(status.attention).unwrap_or(u32::MAX),
        sentence: None,
        way_out: None,
        sign_in_needed: false,
        locked: false,
        alarms: alarms::open(session)?,
    })
}

/// The lock of one cycle; freed when dropped.
#[derive(Default)]
struct CycleLock(Option<File>);

/// The engine with everything it needs.
struct Run {
    engine: Engine,
    settings: Settings,
    due: Arc<Due>,
    began: Instant,
    wake_at: Millis,
    session: Arc<Session>,
    link: Arc<Link>,
    local: Arc<Mutex<StoreLocal>>,
    lock: Arc<Mutex<CycleLock>>,
    lock_file: PathBuf,
    events: UnboundedSender<Event>,
    inbox: UnboundedReceiver<Event>,
    counts: Arc<Mutex<SyncReport>>,
    status: Arc<Mutex<SyncStatus>>,
    watch: Arc<dyn Watch>,
}

impl Run {
    fn new(session: Arc<Session>, watch: Arc<dyn Watch>) -> Result<Option<Self>, CallError> {
        let Some(link) = Link::of(session.clone())? else { return Ok(None) };
        let log = session.account().and_then(|a| Some((a.log_name, PublicKey::try_from(a.log_key).ok()?)));
        let settings = Settings { seed: seed(), log, ..Settings::default() };
        let counts = Arc::new(Mutex::new(SyncReport::default()));
        let (events, inbox) = unbounded_channel();
        let local = {
            let (clock, teller, counts) = (watch.clone(), watch.clone(), counts.clone());
            StoreLocal::new(
                session.store().clone(),
                move || clock.now(),
                move |news| {
                    counts.lock().unwrap_or_else(PoisonError::into_inner).count(&news);
                    teller.flipped(&news);
                },
            )
        };
        let status = Arc::new(Mutex::new(resting_status(&session)?));
        Ok(Some(Self {
            engine: Engine::new(settings.clone()),
            settings,
            due: Arc::default(),
            began: Instant::now(),
            wake_at: Millis::MAX,
            lock_file: session.profile().folder().join(LOCK_FILE),
            session,
            link: Arc::new(link),
            local: Arc::new(Mutex::new(local)),
            lock: Arc::default(),
            events,
            inbox,
            counts,
            status,
            watch,
        }))
    }

    fn feed(&self, event: Event) {
        let _ = self.events.send(event);
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// Syncs for ever. Listens to the server meanwhile.
    async fn go_on(mut self, hurry: Arc<Notify>) {
        let listen = |run: &Self| {
            Ending(tokio::spawn(live::listen(run.link.clone(), run.events.clone(), hurry.clone(), seed())))
        };
        let mut listening = listen(&self);
        let mut sleeper = Sleeper::new(self.watch.now());
        let mut uploading: Option<Ending> = None;
        self.feed(Event::Start);
        loop {
            self.due.after(LOOK);
            let event = tokio::time::timeout(LOOK, self.next_event()).await;
            if sleeper.slept(self.watch.now()) {
                self.link.reconnect();
                self.feed(Event::Woke);
                drop(std::mem::replace(&mut listening, listen(&self)));
            }
            let event = match event {
                Ok(Some(event)) => event,
                Ok(None) => return,
                Err(_) => continue,
            };
            if matches!(event, Event::SignedIn { .. }) {
                self.link.signed_in().await;
            }
            let was = self.engine.report().state;
            if self.step(event) {
                self.tell().await;
            }
            // Files after their records: each time that these are through.
            let is_through = self.engine.report().state == SyncState::Idle && was != SyncState::Idle;
            if is_through && uploading.as_ref().is_none_or(Ending::is_over) {
                uploading = Some(Ending(tokio::spawn(self.uploader())));
            }
        }
    }

    async fn files_waiting(&self) -> Result<u64, CallError> {
        let store = self.session.store().clone();
        off_thread(move || Ok(store.uploads(u32::MAX)?.len() as u64)).await
    }

    /// Sends the files that wait; what does not go now goes after the next sync.
    fn uploader(&self) -> impl Future<Output = ()> + Send + 'static {
        let (session, link, watch) = (self.session.clone(), self.link.clone(), self.watch.clone());
        async move {
            match blob_sync::upload_waiting(&session, &link, watch.now()).await {
                Ok(0) => {}
                Ok(sent) => watch.uploaded(sent),
                Err(error) => tracing::debug!(%error, "Files wait for the next sync"),
            }
        }
    }

    async fn next_event(&mut self) -> Option<Event> {
        let rest = Duration::from_millis(self.wake_at.saturating_sub(self.now()));
        tokio::select! {
            event = self.inbox.recv() => event,
            () = tokio::time::sleep(rest) => Some(Event::Tick),
        }
    }

    /// Lets the engine take an event and starts what it asks for; says whether people see something new.
    fn step(&mut self, event: Event) -> bool {
        let mut news = false;
        for output in self.engine.step(Input { now: self.now(), event }) {
            match output {
                Output::WakeAt(at) => self.wake_at = at,
                Output::Report(_) => news = true,
                Output::Call { ticket, request } => {
                    let (link, events) = (self.link.clone(), self.events.clone());
                    tokio::spawn(async move {
                        let answer = link.call(request).await;
                        let _ = events.send(Event::Answered { ticket, answer });
                    });
                }
                Output::Local { ticket, request } => {
                    let events = self.events.clone();
                    let work = self.local_call(request);
                    tokio::task::spawn_blocking(move || {
                        let _ = events.send(Event::Stored { ticket, answer: work() });
                    });
                }
                Output::Reissue { ticket } => {
                    let (link, events) = (self.link.clone(), self.events.clone());
                    tokio::spawn(async move {
                        let answer = link.take_new_identity().await;
                        let _ = events.send(Event::Reissued { ticket, answer });
                    });
                }
            }
        }
        if matches!(self.engine.report().state, SyncState::Idle | SyncState::Waiting | SyncState::SignedOut) {
            self.lock.lock().unwrap_or_else(PoisonError::into_inner).0 = None;
        }
        news
    }

    /// A call of the store, under the profile's sync lock.
    fn local_call(&self, request: LocalRequest) -> impl FnOnce() -> Result<LocalAnswer, LocalError> + Send + 'static {
        let (local, lock, file, counts) =
            (self.local.clone(), self.lock.clone(), self.lock_file.clone(), self.counts.clone());
        move || {
            let mut local = local.lock().unwrap_or_else(PoisonError::into_inner);
            if hold(&lock, &file)? {
                // Another program may have synced since: what this one remembers of an unfinished pull is stale.
                local.begin_anew();
            }
            let answer = perform(&mut *local, &request)?;
            drop(local);
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            match &request {
                LocalRequest::Record(results) => counts.pushed += results.len() as u64,
                LocalRequest::BeginSnapshot { manifest, .. } => counts.pulled += records(manifest),
                LocalRequest::Stage(page) => counts.pulled += page.entries.len() as u64,
                _ => {}
            }
            drop(counts);
            Ok(answer)
        }
    }

    fn counted(&self) -> SyncReport {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the watcher how sync stands.
    async fn tell(&self) -> SyncStatus {
        let report = self.engine.report().clone();
        let (session, at) = (self.session.clone(), self.watch.now());
        let read = off_thread(move || {
            let resting = resting_status(&session)?;
            if report.is_shut_out() {
                session.shut_out(resting.waiting)?;
            }
            let offline = report.offline_since.is_some();
            // Before the first attempt ends it is not known that the server is back.
            let reached = report.state == SyncState::Idle && report.last_synced.is_some();
            if offline != resting.offline_since.is_some() && (offline || reached) {
                session.store().set_offline_since(offline.then_some(at))?;
                return Ok(standing(&report, resting_status(&session)?));
            }
            Ok(standing(&report, resting))
        });
        let status = match read.await {
            Ok(status) => status,
            Err(error) => SyncStatus { sentence: Some(error.to_string()), ..self.last() },
        };
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status.clone();
        self.watch.status(&status);
        status
    }

    fn last(&self) -> SyncStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How many records a snapshot has.
fn records(signed: &SignedManifest) -> u64 {
    Manifest::read(&signed.payload.0).map_or(0, |manifest| manifest.sum.count)
}

/// The engine's report over what the database remembers.
fn standing(report: &Report, resting: SyncStatus) -> SyncStatus {
    let running = matches!(report.state, SyncState::Pushing | SyncState::Pulling | SyncState::Flipping);
    SyncStatus {
        online: report.offline_since.is_none() && (report.last_synced.is_some() || resting.online),
        running,
        sentence: report.trouble.as_ref().map(Trouble::sentence),
        way_out: report.trouble.as_ref().map(Trouble::way_out),
        sign_in_needed: report.state == SyncState::SignedOut,
        locked: report.is_shut_out(),
        ..resting
    }
}

/// Seed of the jitter; two laptops that lose their server together must not come back together.
fn seed() -> u64 {
    let mut bytes = [0_u8; 8];
    // Without randomness the jitter is the same each time, which is no harm.
    let _ = getrandom::fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Holds the profile's sync lock; says whether it was taken just now.
fn hold(lock: &Mutex<CycleLock>, file: &Path) -> Result<bool, LocalError> {
    let mut held = lock.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = held.0.is_none();
    if taken {
        held.0 = Some(take_lock(file)?);
    }
    drop(held);
    Ok(taken)
}

/// Takes the profile's sync lock, waiting for another program's sync to end.
fn take_lock(path: &Path) -> Result<File, LocalError> {
    lock::take(path, LOCK_WAIT).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock => LocalError::new("another Slipway has been syncing this profile for two minutes"),
        _ => LocalError::new(Box::new(error)),
    })
}
