//! What the engine does with the audit log that a page shows.

use super::*;
use slipway_sync::local::LogNote;
use slipway_sync::log::alarm::{Difference, Restored};
use slipway_sync::log::proof::{Nodes, consistency, written};
use slipway_sync::log::{Checkpoint, Edge, Hash, node_hash};
use slipway_sync::signing::PrivateKey;
use std::convert::Infallible;

const LOG: &str = "slipway/x";
const LATER: Epoch = Epoch(Uuid::from_u128(10));

fn key() -> PrivateKey {
    PrivateKey::from_seed(&[1; 32])
}

/// A log by the byte that its leaves have.
#[derive(Clone)]
struct Log(Vec<u8>);

impl Nodes for Log {
    type Error = Infallible;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Infallible> {
        let from = usize::try_from(index << height).unwrap();
        let mut row: Vec<Hash> = self.0[from..from + (1 << height)].iter().map(|byte| [*byte; 32]).collect();
        while row.len() > 1 {
            row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        }
        Ok(row[0])
    }
}

impl Log {
    /// So many entries, the same for everybody.
    fn of(size: u8) -> Self {
        Self((1..=size).collect())
    }

    fn note(&self) -> Option<String> {
        let mut edge = Edge::default();
        self.0.iter().for_each(|byte| edge.append([*byte; 32]));
        Some(Checkpoint { origin: LOG.into(), size: edge.size(), root: edge.root() }.sign(&key()))
    }

    fn proof(&self, from: u64) -> Answer {
        let hashes = consistency(&mut self.clone(), from, self.0.len() as u64).unwrap();
        Answer::Consistency(Some(written(&hashes)))
    }
}

/// A laptop that has seen ten entries.
fn witness() -> LocalStatus {
    LocalStatus { checkpoint: Log::of(10).note(), proves: true, ..a_status() }
}

fn first_page(status: LocalStatus, page: Page) -> (Bench, Vec<Output>) {
    let log = Some((LOG.to_owned(), key().public()));
    let mut bench = Bench::new(Settings { log, ..Settings::default() });
    let read = bench.one(Event::Start);
    let batch = bench.stored(&read, LocalAnswer::Status(Box::new(status)));
    let pull = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
    let outputs = bench.answered_all(&pull, Answer::Page(Box::new(page)));
    (bench, outputs)
}

fn shows(log: &Log) -> Page {
    Page { checkpoint: log.note(), ..a_page() }
}

/// The request for a proof.
fn asked(outputs: &[Output]) -> Output {
    let [Output::Call { ticket, request: request @ Request::Consistency { .. } }] = outputs else {
        panic!("{outputs:?}")
    };
    Output::Call { ticket: *ticket, request: request.clone() }
}

fn is_stage(outputs: &[Output]) -> bool {
    matches!(outputs, [Output::Local { request: LocalRequest::Stage(_), .. }])
}

/// The alarm that is to be kept, and what follows once it is.
fn alarm(bench: &mut Bench, outputs: &[Output]) -> (Difference, Vec<Output>) {
    let [Output::Local { ticket, request: LocalRequest::NoteLog(LogNote::Alarm(alarm)) }] = outputs else {
        panic!("{outputs:?}")
    };
    let then = bench.step(Event::Stored { ticket: *ticket, answer: Ok(LocalAnswer::Done) });
    (alarm.what, then)
}

#[test]
fn a_log_that_goes_on_is_proved_to_before_its_page_is_kept() {
    let longer = Log::of(13);
    let (mut bench, outputs) = first_page(witness(), shows(&longer));
    let call = asked(&outputs);
    let Output::Call { request: Request::Consistency { epoch, from, to }, .. } = &call else { panic!("{call:?}") };
    assert_eq!((*epoch, *from, *to), (EPOCH, 10, 13));
    assert!(is_stage(&bench.answered_all(&call, longer.proof(10))));
    assert_eq!(bench.engine.report().trouble, None);
}

#[test]
fn the_same_log_and_the_first_one_need_no_proof() {
    assert!(is_stage(&first_page(witness(), shows(&Log::of(10))).1));
    assert!(is_stage(&first_page(LocalStatus { checkpoint: None, ..witness() }, shows(&Log::of(10))).1));
    let none = Log::of(0).note();
    assert!(is_stage(&first_page(LocalStatus { checkpoint: none, ..witness() }, shows(&Log::of(10))).1));
}

#[test]
fn the_first_proof_of_a_server_obliges_it() {
    let longer = Log::of(13);
    let (mut bench, outputs) = first_page(LocalStatus { proves: false, ..witness() }, shows(&longer));
    let note = bench.answered(&asked(&outputs), longer.proof(10));
    assert!(matches!(&note, Output::Local { request: LocalRequest::NoteLog(LogNote::Proves), .. }), "{note:?}");
    assert!(is_stage(&[bench.stored(&note, LocalAnswer::Done)]));
}

#[test]
fn a_changed_removed_or_reordered_entry_and_a_rollback_stop_sync() {
    let changed = Log(vec![1, 2, 3, 99, 5, 6, 7, 8, 9, 10, 11, 12]);
    let removed = Log(vec![1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    let reordered = Log(vec![1, 2, 4, 3, 5, 6, 7, 8, 9, 10, 11, 12]);
    for forged in [changed, removed, reordered] {
        // Neither the forged log's own proof nor the honest one's helps.
        for proof in [forged.proof(10), Log::of(12).proof(10), Answer::Consistency(Some(Vec::new()))] {
            let (mut bench, outputs) = first_page(witness(), shows(&forged));
            let outputs = bench.answered_all(&asked(&outputs), proof);
            assert_eq!(alarm(&mut bench, &outputs), (Difference::Unproved, Vec::new()));
            assert_eq!(bench.engine.report().trouble.as_ref().unwrap().code(), "log_rewritten");
        }
        let shorter = Log(forged.0[..10].to_vec());
        let (mut bench, outputs) = first_page(witness(), shows(&shorter));
        assert_eq!(alarm(&mut bench, &outputs), (Difference::Other, Vec::new()));
    }
    let (mut bench, outputs) = first_page(witness(), shows(&Log::of(9)));
    assert_eq!(alarm(&mut bench, &outputs), (Difference::Shorter, Vec::new()));
}

#[test]
fn an_alarm_that_is_open_stops_every_cycle_before_it_asks_the_server() {
    let (mut bench, outputs) = first_page(witness(), shows(&Log::of(9)));
    let [Output::Local { request: LocalRequest::NoteLog(LogNote::Alarm(kept)), .. }] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    let kept = kept.clone();
    assert_eq!(alarm(&mut bench, &outputs).1, []);
    let Output::Local { ticket, .. } = bench.one(Event::SyncNow) else { panic!("status first") };
    let status = LocalStatus { alarm: Some(kept), waiting: 3, ..witness() };
    assert_eq!(bench.step(Event::Stored { ticket, answer: Ok(LocalAnswer::Status(Box::new(status))) }), []);
    assert_eq!(bench.engine.report().trouble.as_ref().unwrap().code(), "log_rewritten");
    assert_eq!(bench.engine.report().waiting, 3, "what waits is told");
}

#[test]
fn a_checkpoint_that_is_missing_or_of_another_key_is_not_taken() {
    let other = Checkpoint { origin: LOG.into(), size: 11, root: [2; 32] }.sign(&PrivateKey::from_seed(&[2; 32]));
    for checkpoint in [None, Some(other)] {
        let (bench, outputs) = first_page(witness(), Page { checkpoint, ..a_page() });
        assert_eq!(outputs, []);
        assert_eq!(bench.engine.report().trouble, Some(Trouble::LogForged));
    }
}

#[test]
fn an_older_server_without_proofs_is_believed_until_it_gave_one() {
    for (proves, what) in [(false, None), (true, Some(Difference::NoProof))] {
        let (mut bench, outputs) = first_page(LocalStatus { proves, ..witness() }, shows(&Log::of(13)));
        let outputs = bench.refused(&asked(&outputs), error(ErrorCode::NotFound));
        match what {
            None => assert!(is_stage(&outputs)),
            Some(what) => assert_eq!(alarm(&mut bench, &outputs), (what, Vec::new())),
        }
    }
}

#[test]
fn a_server_that_cannot_be_asked_is_asked_again_and_raises_nothing() {
    let (mut bench, outputs) = first_page(witness(), shows(&Log::of(13)));
    let Output::Call { ticket, .. } = asked(&outputs) else { panic!("{outputs:?}") };
    let answer = Err(TransportError::Unreachable { why: "cut".into() });
    assert_eq!(bench.step(Event::Answered { ticket, answer }), []);
    assert!(matches!(bench.engine.report().trouble, Some(Trouble::Unreachable { .. })));
    bench.now = bench.wake;
    assert!(matches!(bench.one(Event::Tick), Output::Local { request: LocalRequest::Status, .. }));
}

#[test]
fn what_a_file_cannot_prove_is_proved_later() {
    let (mut bench, outputs) = first_page(witness(), shows(&Log::of(13)));
    let stage = bench.answered(&asked(&outputs), Answer::Consistency(None));
    let Output::Local { request: LocalRequest::Stage(page), .. } = &stage else { panic!("{stage:?}") };
    assert_eq!(page.checkpoint, None, "the checkpoint seen before stays the one to go on from");
}

#[test]
fn a_declared_restore_is_told_and_goes_on_but_explains_only_what_it_can() {
    let put_back = Log(vec![1, 2, 3, 4, 5, 6, 7, 20, 21, 22, 23]);
    let declared = |size, epoch, key: &PrivateKey| {
        Some(Restored::sign(epoch, size, "The disk failed.".into(), Timestamp(3), LOG, key))
    };
    let other = PrivateKey::from_seed(&[2; 32]);
    for (restored, former, goes_on) in [
        (declared(7, LATER, &key()), true, true),
        (None, true, false),
        (declared(7, LATER, &other), true, false),
        (declared(7, EPOCH, &key()), true, false),
        // A backup of so many entries holds all that was seen: it explains nothing.
        (declared(10, LATER, &key()), true, false),
        // Within an epoch nothing is restored.
        (declared(7, LATER, &key()), false, false),
    ] {
        let status = LocalStatus { epoch: Some(LATER), former, ..witness() };
        let page = Page { epoch: LATER, restored: restored.clone(), ..shows(&put_back) };
        let (mut bench, outputs) = first_page(status, page);
        let outputs = bench.answered_all(&asked(&outputs), put_back.proof(10));
        let (what, then) = alarm(&mut bench, &outputs);
        assert_eq!(what == Difference::Restored, goes_on, "{restored:?}");
        assert_eq!(is_stage(&then), goes_on, "{restored:?}");
    }
}
