//! Buckets that are fetched whole: by a laptop that has nothing, that was away too long, or that may see something else
//! now.

use super::{Bench, EPOCH, HERE, THERE, a_page, a_status, error, is_pull, pushed, queued, scope};
use crate::snapshot::{LOG, key, many, pack};
use slipway_sync::bucket::Bucket;
use slipway_sync::engine::{Event, Output, Settings, SyncState, Trouble};
use slipway_sync::local::{Fetching, LocalAnswer, LocalRequest, LocalStatus};
use slipway_sync::protocol::{BucketSum, ErrorBody, ErrorCode, Page};
use slipway_sync::snapshot::{Manifest, Offers, SignedManifest};
use slipway_sync::transport::{Answer, Request};
use std::collections::BTreeMap;

/// An engine that knows the log's key, up to where it looks for records, with nothing held yet.
fn nothing_held(fetching: Vec<Fetching>) -> (Bench, Output) {
    let log = Some((LOG.to_owned(), key(1).public()));
    let mut bench = Bench::new(Settings { log, ..Settings::default() });
    let status = bench.one(Event::Start);
    let empty = LocalStatus { cursors: BTreeMap::from([(Bucket::Workspace, 0)]), fetching, ..a_status() };
    let batch = bench.stored(&status, LocalAnswer::Status(Box::new(empty)));
    let next = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
    (bench, next)
}

fn an_offer(key_of: u8) -> (Offers, Manifest, Vec<u8>) {
    let (manifest, file) = pack(&many());
    let manifest = Manifest { epoch: EPOCH, ..manifest };
    let signed = SignedManifest::sign(&manifest, &key(key_of)).unwrap();
    (Offers { epoch: EPOCH, snapshots: vec![signed] }, manifest, file)
}

fn bytes_asked(output: &Output) -> std::ops::Range<usize> {
    let Output::Call { request: Request::Frames { bytes, .. }, .. } = output else { panic!("{output:?}") };
    usize::try_from(bytes.start).unwrap()..usize::try_from(bytes.end).unwrap()
}

#[test]
fn a_laptop_that_has_nothing_takes_the_snapshot_and_pulls_on_from_it() {
    let (mut bench, ask) = nothing_held(Vec::new());
    assert!(
        matches!(&ask, Output::Call { request: Request::Offers(buckets), .. } if buckets == &[Bucket::Workspace]),
        "{ask:?}"
    );
    let (offers, manifest, file) = an_offer(1);
    let signed = offers.snapshots[0].clone();
    let begin = bench.answered(&ask, Answer::Offers(offers));
    let Output::Local { request: LocalRequest::BeginSnapshot { seq: 77, .. }, .. } = &begin else {
        panic!("{begin:?}")
    };
    let mut fetch = bench.stored(&begin, LocalAnswer::Done);
    let (mut kept, mut cut) = (0, 1_000_000);
    let pull = loop {
        let asked = bytes_asked(&fetch);
        // The line is cut somewhere, also within a frame.
        let came = file[asked.start..asked.end.min(asked.start + cut)].to_vec();
        cut += 700_000;
        let next = bench.answered(&fetch, Answer::Frames(came));
        let Output::Local { request: LocalRequest::KeepFrames { frames, last, .. }, .. } = &next else {
            assert!(bytes_asked(&next).start > asked.start, "it goes on where it was cut: {next:?}");
            fetch = next;
            continue;
        };
        kept += frames.len();
        assert_eq!(*last, kept == manifest.frames.len());
        let progress = bench.engine.report().progress;
        let after = bench.stored(&next, LocalAnswer::Done);
        assert_ne!(bench.engine.report().progress, progress, "people see that it moves");
        if kept == manifest.frames.len() {
            break after;
        }
        // What was kept is never asked for again, nor what came of the next frame.
        assert!(bytes_asked(&after).start >= asked.start + frames.iter().map(Vec::len).sum::<usize>() - 1_000_000);
        fetch = after;
    };
    let Output::Call { request: Request::Pull(pull), .. } = &pull else { panic!("{pull:?}") };
    assert_eq!(pull.cursors, BTreeMap::from([(Bucket::Workspace, manifest.seq)]), "from the snapshot's sequence");

    // A program that was ended in between goes on behind the frames that it kept.
    let (_, resumed) = nothing_held(vec![Fetching { manifest: signed, kept: 2 }]);
    assert_eq!(bytes_asked(&resumed).start as u64, manifest.frames[2].offset);
}

#[test]
fn a_forged_or_torn_snapshot_is_told_and_the_records_come_in_pages() {
    let forged = |bench: &mut Bench, ask: &Output| bench.answered_all(ask, Answer::Offers(an_offer(2).0));
    let torn = |bench: &mut Bench, ask: &Output| {
        let (offers, _, mut file) = an_offer(1);
        let begin = bench.answered(ask, Answer::Offers(offers));
        let fetch = bench.stored(&begin, LocalAnswer::Done);
        file[100] ^= 1;
        bench.answered_all(&fetch, Answer::Frames(file))
    };
    for spoil in [&forged as &dyn Fn(&mut Bench, &Output) -> Vec<Output>, &torn] {
        let (mut bench, ask) = nothing_held(Vec::new());
        assert!(spoil(&mut bench, &ask).is_empty(), "nothing of it is kept");
        let report = bench.engine.report().clone();
        assert_eq!(report.state, SyncState::Waiting);
        assert_eq!(report.trouble.unwrap().code(), "bad_snapshot");
        // The next cycle forgets what was begun and does without.
        bench.now = bench.wake;
        let status = bench.one(Event::Tick);
        let begun = vec![Fetching { manifest: an_offer(1).0.snapshots[0].clone(), kept: 0 }];
        let empty = LocalStatus { cursors: BTreeMap::from([(Bucket::Workspace, 0)]), fetching: begun, ..a_status() };
        let batch = bench.stored(&status, LocalAnswer::Status(Box::new(empty.clone())));
        let forget = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
        assert!(matches!(&forget, Output::Local { request: LocalRequest::DropSnapshot(_), .. }), "{forget:?}");
        let status = bench.stored(&forget, LocalAnswer::Done);
        let cleared = LocalStatus { fetching: Vec::new(), ..empty };
        let batch = bench.stored(&status, LocalAnswer::Status(Box::new(cleared)));
        assert!(is_pull(&bench.stored(&batch, LocalAnswer::Batch(Vec::new()))), "in pages");
    }
}

#[test]
fn a_snapshot_that_was_replaced_is_asked_for_anew() {
    let (mut bench, ask) = nothing_held(Vec::new());
    let begin = bench.answered(&ask, Answer::Offers(an_offer(1).0));
    let fetch = bench.stored(&begin, LocalAnswer::Done);
    let forget = bench.refused(&fetch, error(ErrorCode::SnapshotGone));
    assert!(matches!(&forget[..], [Output::Local { request: LocalRequest::DropSnapshot(_), .. }]), "{forget:?}");
    let status = bench.stored(&forget[0], LocalAnswer::Done);
    assert!(matches!(&status, Output::Local { request: LocalRequest::Status, .. }), "{status:?}");
}

#[test]
fn a_laptop_that_was_away_too_long_fetches_those_buckets_anew_after_its_push() {
    let mut bench = Bench::new(Settings::default());
    let push = bench.first_call(vec![queued(1)]);
    let record = bench.answered(&push, pushed(&[1]));
    let batch = bench.stored(&record, LocalAnswer::Done);
    let pull = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
    let body = ErrorBody { buckets: vec![Bucket::Workspace], ..error(ErrorCode::ResyncRequired) };
    let outputs = bench.refused(&pull, body);
    assert!(
        matches!(&outputs[..], [Output::Local { request: LocalRequest::Refetch(buckets), .. }] if buckets == &[Bucket::Workspace]),
        "{outputs:?}"
    );
}

fn status_of(cursors: &[(Bucket, u64)], scope: &str) -> LocalAnswer {
    let cursors = cursors.iter().copied().collect();
    LocalAnswer::Status(Box::new(LocalStatus { cursors, scope: scope.into(), ..a_status() }))
}

#[test]
fn another_scope_is_pulled_whole_before_anything_of_it_shows() {
    let mut bench = Bench::new(Settings::default());
    let status = bench.one(Event::Start);
    let batch = bench.stored(&status, status_of(&[(Bucket::Workspace, 5), (HERE, 5)], "old"));
    let pull = bench.stored(&batch, LocalAnswer::Batch(Vec::new()));
    let Output::Call { request: Request::Pull(asked), .. } = &pull else { panic!("{pull:?}") };
    assert_eq!(asked.scope, "old");
    // What lay here is no longer theirs, what lies there is; both were told in one page that could be the last.
    let stage = bench.answered(&pull, Answer::Page(Box::new(Page { scope: scope("new"), ..a_page() })));
    assert!(matches!(&stage, Output::Local { request: LocalRequest::Stage(_), .. }));
    let status = bench.stored(&stage, LocalAnswer::Done);
    assert!(matches!(&status, Output::Local { request: LocalRequest::Status, .. }), "the store chooses: {status:?}");
    let more = bench.stored(&status, status_of(&[(Bucket::Workspace, 7), (THERE, 0)], "new"));
    let Output::Call { request: Request::Pull(asked), .. } = &more else { panic!("{more:?}") };
    assert_eq!(asked.cursors, BTreeMap::from([(Bucket::Workspace, 7), (THERE, 0)]));
    assert_eq!(asked.scope, "new");
    let cursors = BTreeMap::from([(Bucket::Workspace, 7), (THERE, 7)]);
    let sums = cursors.keys().map(|bucket| (*bucket, BucketSum::default())).collect();
    let stage = bench.answered(&more, Answer::Page(Box::new(Page { cursors, sums, ..a_page() })));
    let flip = bench.stored(&stage, LocalAnswer::Done);
    assert!(matches!(&flip, Output::Local { request: LocalRequest::Flip, .. }));
}

#[test]
fn a_scope_that_changes_with_every_answer_does_not_keep_the_engine_going_round() {
    let mut bench = Bench::new(Settings::default());
    let mut pull = bench.first_call(Vec::new());
    for n in 0..10 {
        let Output::Call { ticket, .. } = &pull else { panic!("{pull:?}") };
        let page = Page { scope: scope(&n.to_string()), ..a_page() };
        let outputs = bench.step(Event::Answered { ticket: *ticket, answer: Ok(Answer::Page(Box::new(page))) });
        let [stage] = outputs.as_slice() else {
            assert!(matches!(bench.engine.report().trouble, Some(Trouble::Garbled { .. })), "{outputs:?}");
            return;
        };
        let status = bench.stored(stage, LocalAnswer::Done);
        pull = bench.stored(&status, status_of(&[(Bucket::Workspace, 5)], &n.to_string()));
    }
    panic!("it goes round for ever");
}
