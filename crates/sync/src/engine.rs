//! The sync engine: a state machine without I/O. `step` takes the time and an event and says what to do next.
//!
//! One *cycle* is: read where the store stands, push what waits, pull page by page until one is complete in the
//! server's own transaction, flip, top up the number blocks. Everything that may fail ends in a wait with a deadline;
//! no state waits without one.

pub mod backoff;
mod pull;
mod push;
mod report;
mod snapshot;
mod witness;

use crate::bucket::Bucket;
use crate::limits;
use crate::local::{LocalAnswer, LocalError, LocalRequest, LocalStatus, Queued};
use crate::log::alarm::Alarm;
use crate::protocol::{CommandResult, Epoch, Head, LeaseRequest, Page, Pull};
use crate::signing::PublicKey;
use crate::snapshot::SignedManifest;
use crate::transport::{Answer, Request, TransportError};
use backoff::Backoff;
pub use report::{Progress, Report, SyncState, Trouble};
use slipway_domain::id::DeviceId;
use snapshot::{Download, Torn};
use std::collections::{BTreeMap, VecDeque};

/// Milliseconds of a clock that never goes back; where it starts does not matter.
pub type Millis = u64;

/// What the driver can tune; tests use short spans.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seed of the jitter.
    pub seed: u64,
    /// Between two syncs when nothing else asks for one.
    pub poll_ms: Millis,
    /// The same while the server tells when its head moved: a floor only.
    pub live_poll_ms: Millis,
    /// After the head moved, at most: so that not all laptops pull in the same moment.
    pub spread_ms: Millis,
    /// After a command is issued, to let its companions join the same push.
    pub debounce_ms: Millis,
    /// First wait after a failure; doubles up to `retry_max_ms`.
    pub retry_ms: Millis,
    /// Longest wait after a failure.
    pub retry_max_ms: Millis,
    /// An answer of the server takes no longer, or the request is given up.
    pub call_ms: Millis,
    /// A call of the store takes no longer, or the cycle starts anew.
    pub local_ms: Millis,
    /// Numbers are leased when fewer are left.
    pub numbers_low: u32,
    /// And up to this many.
    pub numbers_full: u32,
    /// Name and key of the server's log, pinned at sign-in; `None` leaves checkpoints unread.
    pub log: Option<(String, PublicKey)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            poll_ms: 30_000,
            live_poll_ms: 180_000,
            spread_ms: 200,
            debounce_ms: 300,
            retry_ms: 1_000,
            retry_max_ms: 300_000,
            call_ms: 120_000,
            local_ms: 600_000,
            numbers_low: 50,
            numbers_full: 100,
            log: None,
        }
    }
}

/// The time and what happened.
#[derive(Debug)]
pub struct Input {
    /// Now.
    pub now: Millis,
    /// What happened.
    pub event: Event,
}

/// What may happen.
#[derive(Debug)]
pub enum Event {
    /// The driver is ready.
    Start,
    /// The computer slept: what was under way on the network is given up, because its connections are dead.
    Woke,
    /// The server began to tell when its head moves (`true`), or can no longer be heard.
    Live(bool),
    /// The server's head moved; no reason to cut a wait short that the server or the network asked for.
    HeadMoved(Head),
    /// The time last asked for with [`Output::WakeAt`] has come.
    Tick,
    /// A command was put into the queue.
    Issued,
    /// A person asks, or the network came back: now, whatever the back-off says.
    SyncNow,
    /// A person signed in; the log's name and key come with the session.
    SignedIn {
        /// Replaces [`Settings::log`].
        log: Option<(String, PublicKey)>,
    },
    /// The server's answer to [`Output::Call`].
    Answered {
        /// Of the call.
        ticket: Ticket,
        /// Or why there is none.
        answer: Result<Answer, TransportError>,
    },
    /// The store's answer to [`Output::Local`].
    Stored {
        /// Of the call.
        ticket: Ticket,
        /// Or why there is none.
        answer: Result<LocalAnswer, LocalError>,
    },
    /// [`Output::Reissue`] was carried out.
    Reissued {
        /// Of the request.
        ticket: Ticket,
        /// Or why not.
        answer: Result<(), TransportError>,
    },
}

/// Ties an answer to what was asked; the answer to a request that was given up is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What the driver is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Send to the server; answer with [`Event::Answered`].
    Call {
        /// To quote.
        ticket: Ticket,
        /// What.
        request: Request,
    },
    /// Call the store ([`crate::local::perform`]); answer with [`Event::Stored`].
    Local {
        /// To quote.
        ticket: Ticket,
        /// What.
        request: LocalRequest,
    },
    /// The server knows another history of this device, or parts of ours are gone. Make a new device id and key,
    /// register it (`POST /v1/device`), then in one transaction of the store sign every command whose result is not in
    /// force under it, counters from 1, ids unchanged, `answered` and `judged` 0, staged results forgotten: they are
    /// the old identity's. Nothing is lost. Answer with [`Event::Reissued`].
    Reissue {
        /// To quote.
        ticket: Ticket,
    },
    /// Send [`Event::Tick`] at this time; replaces the one before.
    WakeAt(Millis),
    /// What people see has changed.
    Report(Box<Report>),
}

/// What is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Doing {
    Status,
    Batch,
    Push { counters: Vec<u64> },
    Record { last: u64 },
    Offers,
    BeginSnapshot,
    Frames,
    KeepFrames { count: usize },
    DropSnapshot,
    Pull,
    Stage { complete: bool },
    StageScope,
    Consistency,
    NoteLog { alarm: Option<Box<Alarm>> },
    Rescope,
    Flip,
    Review,
    Lease,
    AddNumbers,
    BeginEpoch,
    Refetch,
    Reissue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Until a person signs in; tries again now and then, because tokens may come back without one.
    SignedOut {
        retry_at: Millis,
    },
    Idle {
        next: Millis,
    },
    Waiting {
        until: Millis,
    },
    Busy {
        doing: Doing,
        deadline: Millis,
    },
}

/// What one cycle knows. The guards count, so that a server that contradicts itself cannot keep it going round.
#[derive(Clone, Debug)]
struct Cycle {
    device: DeviceId,
    epoch: Epoch,
    cursors: BTreeMap<Bucket, u64>,
    scope: String,
    judged: u64,
    after: u64,
    checkpoint: Option<String>,
    /// `checkpoint` is of an epoch before this one.
    former: bool,
    /// The server proved before that its log only grows.
    proves: bool,
    /// A page that is kept once its log was looked at.
    unproved: Option<Box<Page>>,
    pages: u32,
    pulled: u64,
    head: u64,
    commands: usize,
    payload_bytes: usize,
    push_off: bool,
    restarts: u32,
    gaps: u32,
    reissues: u32,
    refetches: u32,
    /// Snapshots under way, the first one now.
    downloads: VecDeque<Download>,
    /// Snapshots that were offered and not begun yet.
    offers: VecDeque<SignedManifest>,
    /// The server was asked for offers since the status was read.
    asked: bool,
    rescopes: u32,
    leases: VecDeque<LeaseRequest>,
}

impl Default for Cycle {
    fn default() -> Self {
        Self {
            device: DeviceId(uuid::Uuid::nil()),
            epoch: Epoch(uuid::Uuid::nil()),
            cursors: BTreeMap::new(),
            scope: String::new(),
            judged: 0,
            after: 0,
            checkpoint: None,
            former: false,
            proves: false,
            unproved: None,
            pages: 0,
            pulled: 0,
            head: 0,
            commands: limits::PUSH_COMMANDS,
            payload_bytes: limits::PUSH_PAYLOAD_BYTES,
            push_off: false,
            restarts: 0,
            gaps: 0,
            reissues: 0,
            refetches: 0,
            downloads: VecDeque::new(),
            offers: VecDeque::new(),
            asked: false,
            rescopes: 0,
            leases: VecDeque::new(),
        }
    }
}

/// Most times that one cycle starts over for one cause.
const ROUNDS: u32 = 3;
/// How long a signed-out engine rests between tries.
const SIGNED_OUT_MS: Millis = 300_000;

/// The state machine.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    state: State,
    cycle: Cycle,
    ticket: u64,
    again: bool,
    /// The server tells when its head moves.
    live: bool,
    /// The head that the last cycle reached.
    reached: Option<(Epoch, u64)>,
    /// News that came while a cycle ran, or was waited for.
    news: Option<Head>,
    /// Commands that waited, and the last one judged, when the last cycle ended well.
    left: Option<(u64, u64)>,
    /// The beginning of a frame that was cut off.
    torn: Option<Torn>,
    /// A snapshot did not hold what it should: until the next start everything comes in pages.
    pages_only: bool,
    backoff: Backoff,
    report: Report,
    reported: Option<Report>,
    out: Vec<Output>,
}

impl Engine {
    /// An engine at rest; send [`Event::Start`].
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            backoff: Backoff::new(settings.seed, settings.retry_ms, settings.retry_max_ms),
            settings,
            state: State::Idle { next: 0 },
            cycle: Cycle::default(),
            ticket: 0,
            again: false,
            live: false,
            reached: None,
            news: None,
            left: None,
            torn: None,
            pages_only: false,
            report: Report::default(),
            reported: None,
            out: Vec::new(),
        }
    }

    /// One that takes over from another that stood still.
    #[must_use]
    pub fn instead_of(settings: Settings, what: &str) -> Self {
        let mut engine = Self::new(settings);
        engine.report.trouble = Some(Trouble::Stalled { what: what.to_owned() });
        engine
    }

    /// What people see now.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// Takes what happened and says what to do. Always ends with a time to wake at.
    pub fn step(&mut self, input: Input) -> Vec<Output> {
        let now = input.now;
        match input.event {
            Event::Start => self.wake(now),
            Event::Woke => self.woke(now),
            Event::Live(live) => self.hear(now, live),
            Event::HeadMoved(head) => self.head_moved(now, head),
            Event::Tick => self.tick(now),
            Event::Issued => self.issued(now),
            Event::SyncNow => self.ask(now),
            Event::SignedIn { log } => {
                if log.is_some() {
                    self.settings.log = log;
                }
                self.ask(now);
            }
            Event::Answered { ticket, answer } => {
                if let Some(doing) = self.claim(ticket) {
                    self.answered(now, doing, answer);
                }
            }
            Event::Stored { ticket, answer } => {
                if let Some(doing) = self.claim(ticket) {
                    match answer {
                        Ok(answer) => self.stored(now, doing, answer),
                        Err(error) => self.fail(now, Trouble::Store { why: error.to_string() }, None),
                    }
                }
            }
            Event::Reissued { ticket, answer } => {
                if self.claim(ticket).is_some() {
                    match answer {
                        Ok(()) => self.read_status(now),
                        Err(error) => self.refused(now, error),
                    }
                }
            }
        }
        self.publish();
        let at = match &self.state {
            State::SignedOut { retry_at: at }
            | State::Idle { next: at }
            | State::Waiting { until: at }
            | State::Busy { deadline: at, .. } => *at,
        };
        self.out.push(Output::WakeAt(at));
        std::mem::take(&mut self.out)
    }

    /// The answer belongs to what is under way: takes it. Else it is late or doubled, and ignored.
    fn claim(&mut self, ticket: Ticket) -> Option<Doing> {
        match &self.state {
            State::Busy { doing, .. } if ticket.0 == self.ticket => {
                let doing = doing.clone();
                self.ticket += 1;
                Some(doing)
            }
            _ => None,
        }
    }

    fn busy(&mut self, now: Millis, doing: Doing, span: Millis) -> Ticket {
        self.ticket += 1;
        self.state = State::Busy { doing, deadline: now.saturating_add(span) };
        Ticket(self.ticket)
    }

    fn local(&mut self, now: Millis, doing: Doing, request: LocalRequest) {
        let ticket = self.busy(now, doing, self.settings.local_ms);
        self.out.push(Output::Local { ticket, request });
    }

    fn call(&mut self, now: Millis, doing: Doing, request: Request) {
        let ticket = self.busy(now, doing, self.settings.call_ms);
        self.out.push(Output::Call { ticket, request });
    }

    fn wake(&mut self, now: Millis) {
        if !matches!(self.state, State::Busy { .. }) {
            self.begin(now);
        }
    }

    fn woke(&mut self, now: Millis) {
        self.backoff.reset();
        self.live = false;
        match &self.state {
            State::Busy { doing: Doing::Push { .. } | Doing::Pull | Doing::Consistency | Doing::Lease, .. } => {
                self.ticket += 1;
                self.begin(now);
            }
            State::Busy { .. } => self.again = true,
            _ => self.begin(now),
        }
    }

    /// A server that is heard again can be reached; one that is no longer heard is looked for at once.
    fn hear(&mut self, now: Millis, live: bool) {
        let was = std::mem::replace(&mut self.live, live);
        match &mut self.state {
            State::Waiting { .. } if live && matches!(self.report.trouble, Some(Trouble::Unreachable { .. })) => {
                self.begin(now);
            }
            State::Idle { next } if was && !live => {
                let soon = now.saturating_add(self.backoff.below(self.settings.retry_ms + 1));
                *next = (*next).min(soon);
            }
            _ => {}
        }
    }

    fn head_moved(&mut self, now: Millis, head: Head) {
        if !self.is_news(head) {
            return;
        }
        let soon = now.saturating_add(self.spread(head));
        match &mut self.state {
            State::Idle { next } => *next = (*next).min(soon),
            State::Busy { .. } => self.news = Some(head),
            // The next cycle fetches it anyway.
            State::Waiting { .. } | State::SignedOut { .. } => {}
        }
    }

    /// Not all laptops pull in the same moment, but whoever is waited for does.
    fn spread(&mut self, head: Head) -> Millis {
        if head.approval { 0 } else { self.backoff.below(self.settings.spread_ms + 1) }
    }

    fn is_news(&self, head: Head) -> bool {
        self.reached.is_none_or(|(epoch, reached)| epoch != head.epoch || reached < head.head)
    }

    fn ask(&mut self, now: Millis) {
        self.backoff.reset();
        if matches!(self.state, State::Busy { .. }) {
            self.again = true;
        } else {
            self.begin(now);
        }
    }

    fn issued(&mut self, now: Millis) {
        match &mut self.state {
            State::Idle { next } => *next = (*next).min(now.saturating_add(self.settings.debounce_ms)),
            State::Busy { .. } => self.again = true,
            State::Waiting { .. } | State::SignedOut { .. } => {}
        }
        self.report.waiting += 1;
    }

    fn tick(&mut self, now: Millis) {
        match &self.state {
            State::Idle { next: at } | State::Waiting { until: at } | State::SignedOut { retry_at: at }
                if now >= *at =>
            {
                self.begin(now);
            }
            State::Busy { doing, deadline } if now >= *deadline => {
                let what = format!("{doing:?}").split([' ', '{']).next().unwrap_or_default().to_lowercase();
                self.ticket += 1;
                self.fail(now, Trouble::Stalled { what }, None);
            }
            _ => {}
        }
    }

    fn begin(&mut self, now: Millis) {
        self.again = false;
        self.news = None;
        self.cycle = Cycle::default();
        self.read_status(now);
    }

    fn read_status(&mut self, now: Millis) {
        self.cycle.restarts += 1;
        if self.cycle.restarts > 2 * ROUNDS {
            return self.fail(now, Trouble::Garbled { why: "the server keeps changing its mind".to_owned() }, None);
        }
        self.local(now, Doing::Status, LocalRequest::Status);
    }

    fn answered(&mut self, now: Millis, doing: Doing, answer: Result<Answer, TransportError>) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if doing == Doing::Frames => return self.frames_refused(now, error),
            Err(error) if doing == Doing::Consistency => return self.consistency_refused(now, error),
            Err(error) => return self.refused(now, error),
        };
        match (doing, answer) {
            (Doing::Push { counters }, Answer::Pushed(pushed)) => self.pushed(now, &counters, pushed),
            (Doing::Pull, Answer::Page(page)) => self.page(now, page),
            (Doing::Consistency, Answer::Consistency(proof)) => self.consistency(now, proof),
            (Doing::Offers, Answer::Offers(offers)) => self.offered(now, offers),
            (Doing::Frames, Answer::Frames(bytes)) => self.frames(now, &bytes),
            (Doing::Lease, Answer::Lease(lease)) => self.local(now, Doing::AddNumbers, LocalRequest::AddNumbers(lease)),
            (doing, _) => self.fail(now, Trouble::Garbled { why: format!("another answer than to {doing:?}") }, None),
        }
    }

    fn stored(&mut self, now: Millis, doing: Doing, answer: LocalAnswer) {
        match (doing, answer) {
            (Doing::Status, LocalAnswer::Status(mut status)) => {
                if let Some(alarm) = status.alarm.take() {
                    self.report.waiting = status.waiting;
                    return self.fail(now, Trouble::LogRewritten(alarm), None);
                }
                self.load(*status);
                self.next_batch(now);
            }
            (Doing::Batch, LocalAnswer::Batch(batch)) => self.push(now, batch),
            (Doing::Record { last }, LocalAnswer::Done) => {
                self.cycle.after = last;
                self.next_batch(now);
            }
            (Doing::BeginSnapshot, LocalAnswer::Done) => self.fetch(now),
            (Doing::KeepFrames { count }, LocalAnswer::Done) => self.kept(now, count),
            (Doing::NoteLog { alarm }, LocalAnswer::Done) => self.log_noted(now, alarm),
            (Doing::StageScope, LocalAnswer::Done) => self.local(now, Doing::Rescope, LocalRequest::Status),
            (Doing::Rescope, LocalAnswer::Status(status)) => self.rescope(now, *status),
            (Doing::Stage { complete: false }, LocalAnswer::Done) => self.pull(now),
            (Doing::Stage { complete: true }, LocalAnswer::Done) => self.local(now, Doing::Flip, LocalRequest::Flip),
            (Doing::Flip, LocalAnswer::Flipped(flipped)) => self.flipped(now, flipped),
            (Doing::Review, LocalAnswer::Status(status)) => self.review(now, &status),
            (Doing::AddNumbers, LocalAnswer::Done) => self.next_lease(now),
            (Doing::BeginEpoch | Doing::Refetch | Doing::DropSnapshot, LocalAnswer::Done) => self.read_status(now),
            (doing, _) => self.fail(now, Trouble::Store { why: format!("another answer than to {doing:?}") }, None),
        }
    }

    fn load(&mut self, status: LocalStatus) {
        self.report.waiting = status.waiting;
        self.cycle.device = status.device;
        self.cycle.epoch = status.epoch.unwrap_or(Epoch(uuid::Uuid::nil()));
        self.cycle.cursors = status.cursors;
        self.cycle.scope = status.scope;
        self.cycle.judged = status.judged;
        self.cycle.after = status.answered;
        self.cycle.checkpoint = status.checkpoint;
        self.cycle.former = status.former;
        self.cycle.proves = status.proves;
        self.resume(status.fetching);
    }

    /// Ends the cycle with a wait.
    fn fail(&mut self, now: Millis, trouble: Trouble, at_least: Option<Millis>) {
        let offline = matches!(trouble, Trouble::Unreachable { .. });
        if offline {
            self.report.offline_since.get_or_insert(now);
        }
        let wait = self.backoff.next_wait().max(at_least.unwrap_or(0));
        self.report.trouble = Some(trouble);
        self.report.progress = None;
        self.again = false;
        self.state = State::Waiting { until: now.saturating_add(wait) };
    }

    fn finish(&mut self, now: Millis) {
        if self.stands_still() {
            let what = format!("{} commands wait and the server judges none of them", self.report.waiting);
            return self.fail(now, Trouble::Stalled { what }, None);
        }
        self.backoff.reset();
        self.report.offline_since = None;
        self.report.last_synced = Some(now);
        self.report.progress = None;
        if !self.cycle.push_off {
            self.report.trouble = None;
        }
        self.reached = Some((self.cycle.epoch, self.cycle.head));
        if self.again {
            return self.begin(now);
        }
        let rest = match self.news.take().filter(|head| self.is_news(*head)) {
            Some(head) => self.spread(head),
            None => {
                let poll = if self.live { self.settings.live_poll_ms } else { self.settings.poll_ms };
                poll.saturating_add(self.backoff.below(poll / 10 + 1))
            }
        };
        self.state = State::Idle { next: now.saturating_add(rest) };
    }

    /// Two cycles in a row ended well and left the same commands unjudged, though everything was sent.
    fn stands_still(&mut self) -> bool {
        let left = (self.report.waiting, self.cycle.judged);
        let before = self.left.replace(left);
        !self.again && !self.cycle.push_off && self.report.waiting > 0 && before == Some(left)
    }

    fn publish(&mut self) {
        self.report.state = match &self.state {
            State::SignedOut { .. } => SyncState::SignedOut,
            State::Idle { .. } => SyncState::Idle,
            State::Waiting { .. } => SyncState::Waiting,
            State::Busy { doing, .. } => match doing {
                Doing::Status | Doing::Batch | Doing::Push { .. } | Doing::Record { .. } | Doing::Reissue => {
                    SyncState::Pushing
                }
                Doing::Flip => SyncState::Flipping,
                _ => SyncState::Pulling,
            },
        };
        if self.reported.as_ref() != Some(&self.report) {
            self.reported = Some(self.report.clone());
            self.out.push(Output::Report(Box::new(self.report.clone())));
        }
    }
}
