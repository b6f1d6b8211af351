//! What the engine asks for in which state; whole courses are tried in the server's model test.

mod whole;
mod witness;

use slipway_domain::id::{DeviceId, PersonId, SiteId};
use slipway_domain::number::Series;
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::encoding::Base64;
use slipway_sync::engine::{Engine, Event, Input, Millis, Output, Settings, SyncState, Ticket, Trouble};
use slipway_sync::local::{Flipped, LocalAnswer, LocalError, LocalRequest, LocalStatus, Queued};
use slipway_sync::protocol::{
    BucketSum, CommandResult, Entry, Epoch, ErrorBody, ErrorCode, Head, Lease, Page, Pushed, Scope, SignedCommand,
    Verdict,
};
use slipway_sync::transport::{Answer, Request, TransportError};
use std::collections::BTreeMap;
use uuid::Uuid;

const EPOCH: Epoch = Epoch(Uuid::from_u128(9));

struct Bench {
    engine: Engine,
    now: Millis,
    wake: Millis,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        Self { engine: Engine::new(settings), now: 1_000, wake: 0 }
    }

    /// One step; gives what is to be done, without reports and the time to wake at.
    fn step(&mut self, event: Event) -> Vec<Output> {
        let mut outputs = self.engine.step(Input { now: self.now, event });
        let Some(Output::WakeAt(at)) = outputs.pop() else { panic!("every step ends with a time to wake at") };
        self.wake = at;
        outputs.retain(|output| !matches!(output, Output::Report(_)));
        outputs
    }

    fn one(&mut self, event: Event) -> Output {
        let mut outputs = self.step(event);
        assert_eq!(outputs.len(), 1, "{outputs:?}");
        outputs.remove(0)
    }

    fn stored(&mut self, after: &Output, answer: LocalAnswer) -> Output {
        let Output::Local { ticket, .. } = after else { panic!("{after:?}") };
        self.one(Event::Stored { ticket: *ticket, answer: Ok(answer) })
    }

    fn answered(&mut self, after: &Output, answer: Answer) -> Output {
        let Output::Call { ticket, .. } = after else { panic!("{after:?}") };
        self.one(Event::Answered { ticket: *ticket, answer: Ok(answer) })
    }

    fn answered_all(&mut self, after: &Output, answer: Answer) -> Vec<Output> {
        let Output::Call { ticket, .. } = after else { panic!("{after:?}") };
        self.step(Event::Answered { ticket: *ticket, answer: Ok(answer) })
    }

    fn refused(&mut self, after: &Output, body: ErrorBody) -> Vec<Output> {
        let Output::Call { ticket, .. } = after else { panic!("{after:?}") };
        self.step(Event::Answered { ticket: *ticket, answer: Err(TransportError::Refused(Box::new(body))) })
    }

    /// From the start to the first call of the server.
    fn first_call(&mut self, queue: Vec<Queued>) -> Output {
        let status = self.one(Event::Start);
        assert!(matches!(&status, Output::Local { request: LocalRequest::Status, .. }), "{status:?}");
        let batch = self.stored(&status, LocalAnswer::Status(Box::new(a_status())));
        assert!(matches!(&batch, Output::Local { request: LocalRequest::Batch { after: 0, .. }, .. }), "{batch:?}");
        self.stored(&batch, LocalAnswer::Batch(queue))
    }
}

const HERE: Bucket = Bucket::Site(SiteId(Uuid::from_u128(1)));
const THERE: Bucket = Bucket::Site(SiteId(Uuid::from_u128(2)));

fn scope(tag: &str) -> Option<Scope> {
    Some(Scope { tag: tag.into(), person: PersonId(Uuid::nil()), sites: Vec::new() })
}

fn a_status() -> LocalStatus {
    LocalStatus {
        device: DeviceId(Uuid::from_u128(1)),
        epoch: Some(EPOCH),
        cursors: BTreeMap::from([(Bucket::Workspace, 5)]),
        fetching: Vec::new(),
        scope: "here".into(),
        judged: 0,
        answered: 0,
        waiting: 0,
        numbers: Series::ALL.into_iter().map(|series| (series, 100)).collect(),
        checkpoint: None,
        former: false,
        proves: false,
        alarm: None,
    }
}

fn queued(counter: u64) -> Queued {
    Queued { counter, signed: SignedCommand { payload: Base64(vec![1]), signature: Base64(vec![2]) } }
}

fn result(counter: u64) -> CommandResult {
    let verdict = Verdict::Held { why: String::new() };
    CommandResult {
        id: slipway_domain::id::CommandId(Uuid::from_u128(counter.into())),
        counter,
        judged_at: Timestamp(0),
        verdict,
    }
}

fn a_page() -> Page {
    Page {
        epoch: EPOCH,
        entries: Vec::new(),
        cursors: BTreeMap::from([(Bucket::Workspace, 7)]),
        results: Vec::new(),
        judged: 0,
        complete: true,
        scope: None,
        head: 7,
        sums: BTreeMap::from([(Bucket::Workspace, BucketSum::default())]),
        checkpoint: None,
        restored: None,
        durable_seq: 0,
        server_time: Timestamp(0),
    }
}

fn pushed(counters: &[u64]) -> Answer {
    let results = counters.iter().copied().map(result).collect();
    Answer::Pushed(Pushed { epoch: EPOCH, results, head: 7, server_time: Timestamp(0) })
}

fn error(code: ErrorCode) -> ErrorBody {
    ErrorBody::new(code, "no", "try")
}

fn is_pull(output: &Output) -> bool {
    matches!(output, Output::Call { request: Request::Pull(_), .. })
}

#[test]
fn a_cycle_pushes_then_pulls_then_flips_then_rests() {
    let mut bench = Bench::new(Settings::default());
    let push = bench.first_call(vec![queued(1), queued(2)]);
    let Output::Call { request: Request::Push(sent), .. } = &push else { panic!("{push:?}") };
    assert_eq!((sent.first_counter, sent.commands.len(), sent.epoch), (1, 2, EPOCH));
    let record = bench.answered(&push, pushed(&[1, 2]));
    assert!(matches!(&record, Output::Local { request: LocalRequest::Record(results), .. } if results.len() == 2));
    let batch = bench.stored(&record, LocalAnswer::Done);
    assert!(matches!(&batch, Output::Local { request: LocalRequest::Batch { after: 2, .. }, .. }), "{batch:?}");
    let pull = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
    assert!(is_pull(&pull));
    let stage = bench.answered(&pull, Answer::Page(Box::new(Page { complete: false, ..a_page() })));
    assert!(matches!(&stage, Output::Local { request: LocalRequest::Stage(_), .. }));
    let more = bench.stored(&stage, LocalAnswer::Done);
    let Output::Call { request: Request::Pull(next), .. } = &more else { panic!("{more:?}") };
    assert_eq!(next.cursors[&Bucket::Workspace], 7, "it goes on where the page ended");
    let stage = bench.answered(&more, Answer::Page(Box::new(a_page())));
    let flip = bench.stored(&stage, LocalAnswer::Done);
    assert!(matches!(&flip, Output::Local { request: LocalRequest::Flip, .. }), "only after a complete page");
    let review = bench.stored(&flip, LocalAnswer::Flipped(Flipped::default()));
    let Output::Local { ticket, .. } = review else { panic!("{review:?}") };
    let answer = Ok(LocalAnswer::Status(Box::new(a_status())));
    assert_eq!(bench.step(Event::Stored { ticket, answer }), [], "nothing more to do");
    assert_eq!(bench.engine.report().state, SyncState::Idle);
    assert!(bench.wake > bench.now, "until the next poll");
}

#[test]
fn short_number_blocks_are_topped_up() {
    let mut bench = Bench::new(Settings::default());
    let pull = bench.first_call(Vec::new());
    let stage = bench.answered(&pull, Answer::Page(Box::new(a_page())));
    let flip = bench.stored(&stage, LocalAnswer::Done);
    let review = bench.stored(&flip, LocalAnswer::Flipped(Flipped::default()));
    let mut status = a_status();
    status.numbers.insert(Series::Change, 10);
    let lease = bench.stored(&review, LocalAnswer::Status(Box::new(status)));
    let Output::Call { request: Request::Lease(request), .. } = &lease else { panic!("{lease:?}") };
    assert_eq!((request.series, request.count), (Series::Change, 90), "up to a hundred");
    let got = Lease { series: Series::Change, first: 1, count: 90 };
    let kept = bench.answered(&lease, Answer::Lease(got));
    assert!(matches!(kept, Output::Local { request: LocalRequest::AddNumbers(lease), .. } if lease == got));
}

#[test]
fn every_state_that_waits_has_a_deadline_and_tries_again() {
    let mut bench = Bench::new(Settings::default());
    let pull = bench.first_call(Vec::new());
    assert!(bench.wake > bench.now, "a call has a deadline");
    bench.now = bench.wake;
    assert_eq!(bench.step(Event::Tick), [], "it is given up");
    assert!(matches!(bench.engine.report().trouble, Some(Trouble::Stalled { .. })), "and said so");
    assert_eq!(bench.engine.report().state, SyncState::Waiting);
    let Output::Call { ticket, .. } = pull else { panic!("{pull:?}") };
    let late = Event::Answered { ticket, answer: Ok(Answer::Page(Box::new(a_page()))) };
    assert_eq!(bench.step(late), [], "the late answer is ignored");
    bench.now = bench.wake;
    let again = bench.one(Event::Tick);
    assert!(matches!(again, Output::Local { request: LocalRequest::Status, .. }), "then it starts anew");
    bench.now = bench.wake;
    assert_eq!(bench.step(Event::Tick), [], "a call of the store has a deadline too");
}

#[test]
fn a_doubled_answer_is_taken_once() {
    let mut bench = Bench::new(Settings::default());
    let push = bench.first_call(vec![queued(1)]);
    let Output::Call { ticket, .. } = push else { panic!("{push:?}") };
    let answer = || Event::Answered { ticket, answer: Ok(pushed(&[1])) };
    assert!(matches!(bench.one(answer()), Output::Local { request: LocalRequest::Record(_), .. }));
    assert_eq!(bench.step(answer()), [], "the second time it belongs to nothing");
    assert_eq!(bench.engine.report().trouble, None, "and disturbs nothing");
    assert_eq!(bench.engine.report().state, SyncState::Pushing);
}

#[test]
fn waits_after_failures_grow_and_a_wish_ends_them() {
    let mut bench = Bench::new(Settings::default());
    let mut waits = Vec::new();
    let mut call = bench.first_call(Vec::new());
    for _ in 0..8 {
        let Output::Call { ticket, .. } = call else { panic!("{call:?}") };
        let answer = Err(TransportError::Unreachable { why: "no route".into() });
        assert_eq!(bench.step(Event::Answered { ticket, answer }), []);
        waits.push(bench.wake - bench.now);
        assert_eq!(bench.engine.report().offline_since, Some(1_000), "since the first failure");
        assert_eq!(bench.step(Event::Issued), [], "a new command does not end the wait");
        bench.now = bench.wake;
        let status = bench.one(Event::Tick);
        let batch = bench.stored(&status, LocalAnswer::Status(Box::new(a_status())));
        call = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
    }
    assert!(waits[7] > 10 * waits[0], "{waits:?}");
    let Output::Call { ticket, .. } = call else { panic!("{call:?}") };
    bench.step(Event::Answered { ticket, answer: Err(TransportError::Unreachable { why: "no".into() }) });
    assert!(matches!(bench.one(Event::SyncNow), Output::Local { request: LocalRequest::Status, .. }), "at once");
}

#[test]
fn another_epoch_begins_anew_with_what_the_server_expects() {
    let mut bench = Bench::new(Settings::default());
    let push = bench.first_call(vec![queued(1)]);
    let new = Epoch(Uuid::from_u128(10));
    let body = ErrorBody { epoch: Some(new), expected_counter: Some(4), ..error(ErrorCode::EpochChanged) };
    let outputs = bench.refused(&push, body);
    let [begin @ Output::Local { request: LocalRequest::BeginEpoch { epoch, expected_counter: 4 }, .. }] = &outputs[..]
    else {
        panic!("{outputs:?}")
    };
    assert_eq!(*epoch, new);
    let status = bench.stored(begin, LocalAnswer::Done);
    assert!(matches!(status, Output::Local { request: LocalRequest::Status, .. }), "the cycle starts over");
}

#[test]
fn a_fork_a_foreign_identity_and_a_hole_in_the_queue_take_a_new_identity() {
    for code in [ErrorCode::DeviceForked, ErrorCode::WrongDevice, ErrorCode::BadSignature] {
        let mut bench = Bench::new(Settings::default());
        let push = bench.first_call(vec![queued(1)]);
        let outputs = bench.refused(&push, error(code));
        let [Output::Reissue { ticket }] = outputs[..] else { panic!("{outputs:?}") };
        let status = bench.one(Event::Reissued { ticket, answer: Ok(()) });
        assert!(matches!(status, Output::Local { request: LocalRequest::Status, .. }), "{code:?}");
    }
    let mut bench = Bench::new(Settings::default());
    assert!(matches!(bench.first_call(vec![queued(3)]), Output::Reissue { .. }), "1 and 2 are kept no more");
}

#[test]
fn a_gap_is_filled_from_what_is_kept() {
    let mut bench = Bench::new(Settings::default());
    let push = bench.first_call(vec![queued(1)]);
    let body = ErrorBody { expected_counter: Some(1), ..error(ErrorCode::CounterGap) };
    let outputs = bench.refused(&push, body);
    assert!(
        matches!(outputs[..], [Output::Local { request: LocalRequest::Batch { after: 0, .. }, .. }]),
        "{outputs:?}"
    );
}

#[test]
fn what_cannot_be_pushed_does_not_keep_records_from_coming() {
    let mut bench = Bench::new(Settings::default());
    let push = bench.first_call(vec![queued(1)]);
    let outputs = bench.refused(&push, error(ErrorCode::WrongActor));
    assert!(outputs.len() == 1 && is_pull(&outputs[0]), "{outputs:?}");
    assert!(
        matches!(&bench.engine.report().trouble, Some(Trouble::Server(body)) if body.code == ErrorCode::WrongActor)
    );
}

#[test]
fn a_signed_out_engine_waits_for_a_person_and_starts_at_once() {
    let mut bench = Bench::new(Settings::default());
    let pull = bench.first_call(Vec::new());
    let Output::Call { ticket, .. } = pull else { panic!("{pull:?}") };
    bench.step(Event::Answered { ticket, answer: Err(TransportError::SignedOut) });
    assert_eq!(bench.engine.report().state, SyncState::SignedOut);
    assert!(bench.wake > bench.now, "though it tries now and then");
    assert!(matches!(bench.one(Event::SignedIn { log: None }), Output::Local { .. }));
}

#[test]
fn a_page_that_makes_no_sense_is_never_staged() {
    let entry = Entry { bucket: Bucket::Workspace, seq: 9, kind: "ci".into(), id: Uuid::nil(), body: None };
    let pages = [
        Page { cursors: BTreeMap::new(), ..a_page() },
        Page { cursors: BTreeMap::from([(Bucket::Workspace, 4)]), ..a_page() },
        Page { cursors: BTreeMap::from([(Bucket::Workspace, 5)]), complete: false, ..a_page() },
        Page { entries: vec![entry], ..a_page() },
        Page { scope: scope("here"), ..a_page() },
        Page { cursors: BTreeMap::from([(Bucket::Workspace, 7), (HERE, 7)]), scope: scope("new"), ..a_page() },
    ];
    for page in pages {
        let mut bench = Bench::new(Settings::default());
        let pull = bench.first_call(Vec::new());
        let Output::Call { ticket, .. } = pull else { panic!("{pull:?}") };
        let answer = Ok(Answer::Page(Box::new(page.clone())));
        assert_eq!(bench.step(Event::Answered { ticket, answer }), [], "{page:?}");
        assert!(matches!(bench.engine.report().trouble, Some(Trouble::Garbled { .. })));
    }
}

#[test]
fn buckets_that_differ_are_fetched_again_but_not_for_ever() {
    let mut bench = Bench::new(Settings::default());
    let mut call = bench.first_call(Vec::new());
    for round in 0..3 {
        let stage = bench.answered(&call, Answer::Page(Box::new(a_page())));
        let flip = bench.stored(&stage, LocalAnswer::Done);
        let Output::Local { ticket, .. } = flip else { panic!("{flip:?}") };
        let answer = Ok(LocalAnswer::Flipped(Flipped { mismatched: vec![Bucket::Workspace] }));
        let outputs = bench.step(Event::Stored { ticket, answer });
        if round == 2 {
            assert_eq!(outputs, [], "enough");
            assert!(matches!(bench.engine.report().trouble, Some(Trouble::Diverged { .. })));
            return;
        }
        let [refetch @ Output::Local { request: LocalRequest::Refetch(_), .. }] = &outputs[..] else {
            panic!("{outputs:?}")
        };
        let status = bench.stored(refetch, LocalAnswer::Done);
        let batch = bench.stored(&status, LocalAnswer::Status(Box::new(a_status())));
        call = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
    }
}

#[test]
fn a_full_disk_is_told_and_tried_again() {
    let mut bench = Bench::new(Settings::default());
    let Output::Local { ticket, .. } = bench.one(Event::Start) else { panic!("status first") };
    let answer = Err(LocalError::new("no space left on device"));
    assert_eq!(bench.step(Event::Stored { ticket, answer }), []);
    let trouble = bench.engine.report().trouble.clone().unwrap();
    assert!(trouble.sentence().contains("no space left"), "{}", trouble.sentence());
    bench.now = bench.wake;
    assert!(matches!(bench.one(Event::Tick), Output::Local { .. }));
}

#[test]
fn tickets_of_two_requests_differ() {
    let mut bench = Bench::new(Settings::default());
    let Output::Local { ticket: Ticket(first), .. } = bench.one(Event::Start) else { panic!("status first") };
    bench.now = bench.wake;
    bench.step(Event::Tick);
    bench.now = bench.wake;
    let Output::Local { ticket: Ticket(second), .. } = bench.one(Event::Tick) else { panic!("status again") };
    assert!(second > first);
}

/// An engine that has come to its rest at head 7.
fn at_rest() -> Bench {
    let mut bench = Bench::new(Settings::default());
    let pull = bench.first_call(Vec::new());
    to_rest(&mut bench, &pull, 7);
    bench
}

fn to_rest(bench: &mut Bench, pull: &Output, head: u64) {
    assert!(is_pull(pull), "{pull:?}");
    let cursors = BTreeMap::from([(Bucket::Workspace, head)]);
    let stage = bench.answered(pull, Answer::Page(Box::new(Page { head, cursors, ..a_page() })));
    let flip = bench.stored(&stage, LocalAnswer::Done);
    let review = bench.stored(&flip, LocalAnswer::Flipped(Flipped::default()));
    let Output::Local { ticket, .. } = review else { panic!("{review:?}") };
    bench.step(Event::Stored { ticket, answer: Ok(LocalAnswer::Status(Box::new(a_status()))) });
}

fn head(head: u64) -> Head {
    Head { epoch: EPOCH, head, approval: false }
}

/// Lets time pass to the next tick and goes on to the first call of the server.
fn next_pull(bench: &mut Bench) -> Output {
    bench.now = bench.wake;
    let status = bench.one(Event::Tick);
    let batch = bench.stored(&status, LocalAnswer::Status(Box::new(a_status())));
    bench.stored(&batch, LocalAnswer::Batch(Vec::new()))
}

#[test]
fn a_moved_head_is_fetched_soon_and_an_old_one_not() {
    let mut bench = at_rest();
    let rest = bench.wake;
    for old in [head(6), head(7)] {
        assert!(bench.step(Event::HeadMoved(old)).is_empty());
        assert_eq!(bench.wake, rest, "{old:?} is here already");
    }
    bench.step(Event::HeadMoved(head(8)));
    assert!(bench.wake <= bench.now + Settings::default().spread_ms, "soon");
    let pull = next_pull(&mut bench);
    to_rest(&mut bench, &pull, 8);
    bench.step(Event::HeadMoved(Head { approval: true, ..head(9) }));
    assert_eq!(bench.wake, bench.now, "whose vote is waited for fetches at once");
    let pull = next_pull(&mut bench);
    bench.step(Event::HeadMoved(head(10)));
    to_rest(&mut bench, &pull, 9);
    assert!(bench.wake <= bench.now + Settings::default().spread_ms, "news that came meanwhile make another cycle");
    let pull = next_pull(&mut bench);
    bench.step(Event::HeadMoved(head(10)));
    to_rest(&mut bench, &pull, 10);
    assert!(bench.wake > bench.now + 1_000, "but not if that cycle brought them already");
    bench.step(Event::HeadMoved(Head { epoch: Epoch(Uuid::from_u128(10)), head: 1, approval: false }));
    assert!(bench.wake <= bench.now + Settings::default().spread_ms, "another epoch is news at any head");
}

#[test]
fn while_the_server_tells_polling_is_rare_and_when_it_falls_silent_the_server_is_looked_for() {
    let mut bench = at_rest();
    assert!(bench.wake <= bench.now + 33_000);
    bench.step(Event::Live(true));
    let pull = next_pull(&mut bench);
    to_rest(&mut bench, &pull, 7);
    assert!(bench.wake >= bench.now + 180_000, "the poll is a floor only");
    bench.step(Event::Live(false));
    assert!(bench.wake <= bench.now + 1_000, "looks for the server at once");
    let pull = next_pull(&mut bench);
    to_rest(&mut bench, &pull, 7);
    assert!(bench.wake <= bench.now + 33_000, "and polls as before");
}

#[test]
fn news_cut_no_wait_short_but_a_server_heard_again_does() {
    let mut bench = Bench::new(Settings::default());
    let pull = bench.first_call(Vec::new());
    bench.refused(&pull, ErrorBody { retry_after_ms: Some(60_000), ..error(ErrorCode::Busy) });
    let wait = bench.wake;
    assert!(wait >= bench.now + 60_000);
    bench.step(Event::HeadMoved(head(99)));
    bench.step(Event::Live(true));
    assert_eq!(bench.wake, wait, "the server asked for this wait");

    let mut bench = Bench::new(Settings::default());
    let pull = bench.first_call(Vec::new());
    let Output::Call { ticket, .. } = pull else { panic!("{pull:?}") };
    let answer = Err(TransportError::Unreachable { why: "gone".to_owned() });
    bench.step(Event::Answered { ticket, answer });
    assert!(bench.step(Event::HeadMoved(head(99))).is_empty(), "a hint is no connection");
    let status = bench.one(Event::Live(true));
    assert!(matches!(status, Output::Local { request: LocalRequest::Status, .. }), "{status:?}");
}

#[test]
fn after_a_sleep_dead_requests_are_given_up() {
    let mut bench = Bench::new(Settings::default());
    let pull = bench.first_call(Vec::new());
    let status = bench.one(Event::Woke);
    assert!(matches!(&status, Output::Local { request: LocalRequest::Status, .. }), "{status:?}");
    let Output::Call { ticket, .. } = pull else { panic!("{pull:?}") };
    assert!(
        bench.step(Event::Answered { ticket, answer: Ok(Answer::Page(Box::new(a_page()))) }).is_empty(),
        "too late"
    );
    let mut bench = at_rest();
    let status = bench.one(Event::Woke);
    assert!(matches!(status, Output::Local { request: LocalRequest::Status, .. }), "at rest it syncs at once");
}

#[test]
fn a_queue_that_cycles_leave_as_it_is_is_said_to_stand_still() {
    let mut bench = Bench::new(Settings::default());
    let waiting = || LocalAnswer::Status(Box::new(LocalStatus { waiting: 2, ..a_status() }));
    for round in 1..=2 {
        let status = bench.one(if round == 1 { Event::Start } else { Event::SyncNow });
        let batch = bench.stored(&status, waiting());
        let pull = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
        let stage = bench.answered(&pull, Answer::Page(Box::new(a_page())));
        let flip = bench.stored(&stage, LocalAnswer::Done);
        let review = bench.stored(&flip, LocalAnswer::Flipped(Flipped::default()));
        let Output::Local { ticket, .. } = review else { panic!("{review:?}") };
        bench.step(Event::Stored { ticket, answer: Ok(waiting()) });
        let stalled = matches!(bench.engine.report().trouble, Some(Trouble::Stalled { .. }));
        assert_eq!(stalled, round == 2, "round {round}: {:?}", bench.engine.report());
    }
}
