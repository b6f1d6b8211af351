use crate::support::{Laptop, NOW, a_ci, but_steps, ci_id, command_id, create, depends, issue, set_version, signed};
use crate::world::{BUCKET, Server, expected, staged};
use proptest::prelude::*;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::{Command, Envelope};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::number::Series;
use slipway_domain::record::Kind;
use slipway_domain::records::{Memory, RecordsExt};
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::error::StoreError;
use slipway_store::flip::Flip;
use slipway_store::issue::{Facts, Issue, Part, Replaces};
use slipway_store::queue::{Judged, QueuedState, Verdict};
use slipway_store::stage::{Reached, Staged};
use uuid::Uuid;

fn version(laptop: &Laptop, n: u128) -> Option<String> {
    laptop.store.read(|r| Ok::<_, Fault>(r.get::<Ci>(ci_id(n))?.map(|ci| ci.version))).unwrap()
}

fn with_cis(count: u128) -> (Server, Laptop) {
    let mut server = Server::new();
    let laptop = Laptop::new();
    for n in 1..=count {
        server.act(n, &create(n));
    }
    server.exchange(&laptop.store, 0);
    (server, laptop)
}

#[test]
fn nothing_staged_shows_before_the_flip() {
    let (mut server, laptop) = with_cis(1);
    server.act(10, &create(2));
    server.pull(&laptop.store, 1);
    assert_eq!(version(&laptop, 2), None, "set aside only");
    let laptop = laptop.reopen();
    assert_eq!(laptop.store.staged_cursor(BUCKET).unwrap(), server.head, "a crash does not lose what was staged");
    let flipped = laptop.store.flip(&server.flip(vec![])).unwrap();
    assert_eq!(but_steps(&laptop.store, &flipped.changes), [ci_id(2).0], "only the new one changed");
    assert_eq!(version(&laptop, 2).as_deref(), Some(""), "now it shows");
    assert!(flipped.mismatched.is_empty(), "count and sum are the server's");
}

#[test]
fn what_was_made_here_and_waits_stays_in_lists_and_search_through_a_flip() {
    let (mut server, laptop) = with_cis(1);
    issue(&laptop.store, 1, &create(2)).unwrap();
    server.act(10, &create(3));
    let flipped = server.exchange(&laptop.store, 0);
    assert_eq!(but_steps(&laptop.store, &flipped.changes), [ci_id(3).0], "the other is as it was");
    let hits = laptop.store.search("srv", &[], 10).unwrap();
    assert_eq!(hits.len(), 3, "the server's two and the one that waits: {hits:?}");
}

#[test]
fn an_effect_that_comes_back_as_it_was_changes_nothing_on_the_screen() {
    let (mut server, laptop) = with_cis(1);
    issue(&laptop.store, 1, &set_version(1, "", "2.0")).unwrap();
    let flipped = server.exchange(&laptop.store, 9);
    assert!(flipped.changes.is_empty(), "the person saw it already: {:?}", flipped.changes);
    let status = laptop.store.status().unwrap();
    assert_eq!((status.pending, status.sent), (0, 1), "judged, and kept until a backup covers it");
    assert_eq!(laptop.store.state_hash().unwrap(), server.hash(), "both hold the same");
}

#[test]
fn a_refused_command_is_undone_and_needs_attention_until_a_person_decides() {
    let (mut server, laptop) = with_cis(0);
    issue(&laptop.store, 1, &create(1)).unwrap();
    issue(&laptop.store, 2, &set_version(1, "", "2.0")).unwrap();
    let Command::Cmdb(_) = create(1) else { unreachable!() };
    let mut theirs = a_ci(99);
    theirs.name = "srv-1".to_owned();
    server.act(1, &Command::Cmdb(slipway_domain::command::CmdbCommand::CreateCi(Box::new(theirs))));
    let flipped = server.exchange(&laptop.store, 1);
    assert_eq!(flipped.attention, [command_id(1)], "the name was taken meanwhile");
    assert_eq!(flipped.predicted_refused, 1, "and what builds on it will not stand either");
    assert_eq!(version(&laptop, 1), None, "its effect is gone");
    let pending = laptop.store.pending(9).unwrap();
    assert!(matches!(&pending[0].state, QueuedState::WillBeRefused(r) if r.has("NOT_FOUND")), "{pending:?}");

    let items = laptop.store.attention().unwrap();
    assert_eq!(items.len(), 1, "one item");
    assert_eq!(items[0].entered, Some(create(1)), "what was entered is kept");
    assert!(matches!(&items[0].verdict, Verdict::Refused { findings } if findings[0].code == "CI_NAME_TAKEN"));
    assert!(laptop.store.discard(command_id(1), " ", NOW).is_err(), "not without a reason");
    laptop.store.discard(command_id(1), "it was the same machine", NOW).unwrap();
    assert_eq!(laptop.store.status().unwrap().attention, 0, "decided");
    let item = laptop.store.attention_item(command_id(1)).unwrap().unwrap();
    assert_eq!(item.settled.unwrap().reason, "it was the same machine", "it stays readable");
    let again = laptop.store.discard(command_id(1), "again", NOW).unwrap_err();
    assert!(matches!(again, StoreError::Misuse { .. }), "{again}");
}

#[test]
fn a_command_sent_in_place_of_a_refused_one_settles_it() {
    let (mut server, laptop) = with_cis(1);
    issue(&laptop.store, 1, &create(5)).unwrap();
    let mut other = a_ci(98);
    other.name = "srv-5".to_owned();
    server.act(7, &Command::Cmdb(slipway_domain::command::CmdbCommand::CreateCi(Box::new(other))));
    server.exchange(&laptop.store, 9);
    laptop
        .store
        .issue(Issue {
            id: command_id(2),
            actor: PersonId::SYSTEM,
            made_at: NOW,
            build: &mut |_| create(6),
            sign: &signed,
            replaces: Some(Replaces { command: command_id(1), part: Part::Whole }),
            facts: Facts::Refuse,
        })
        .unwrap();
    assert_eq!(laptop.store.status().unwrap().attention, 0, "settled with the command that took its place");
    let item = laptop.store.attention_item(command_id(1)).unwrap().unwrap();
    assert_eq!(item.settled.unwrap().replaced_by, Some(command_id(2)), "and says which");
}

#[test]
fn verdicts_that_arrive_before_their_effects_survive_a_crash() {
    let (mut server, laptop) = with_cis(1);
    issue(&laptop.store, 1, &set_version(1, "", "2.0")).unwrap();
    let judged = server.judge(&laptop.store.pending(1).unwrap()[0]);
    laptop.store.record_answers(&[judged]).unwrap();
    let laptop = laptop.reopen();
    assert_eq!(laptop.store.pending(1).unwrap()[0].state, QueuedState::Answered(Verdict::Applied), "still known");
    assert_eq!(version(&laptop, 1).as_deref(), Some("2.0"), "and still shown");
}

#[test]
fn a_wrong_sum_asks_for_that_bucket_anew_and_heals_it() {
    let (mut server, laptop) = with_cis(3);
    // As if a row had been lost on the way.
    server.act(10, &create(4));
    server.act(11, &create(5));
    let lost = server.entries(laptop.store.staged_cursor(BUCKET).unwrap()).split_off(1);
    laptop.store.stage(&lost, &[Reached { bucket: BUCKET.to_owned(), seq: server.head }]).unwrap();
    let flipped = laptop.store.flip(&server.flip(vec![])).unwrap();
    assert_eq!(flipped.mismatched, [BUCKET], "count and sum tell");
    assert_eq!(laptop.store.staged_cursor(BUCKET).unwrap(), 0, "everything of it is asked for again");
    let flipped = server.exchange(&laptop.store, 0);
    assert!(flipped.mismatched.is_empty(), "healed");
    assert_eq!(laptop.store.state_hash().unwrap(), server.hash(), "both hold the same");
    assert!(laptop.store.verify_confirmed().unwrap().is_empty(), "sums kept are sums counted");
}

#[test]
fn what_was_removed_goes_also_when_everything_is_fetched_anew() {
    let (mut server, laptop) = with_cis(3);
    server.remove(Kind::Ci, ci_id(2).0);
    laptop.store.start_over(None).unwrap();
    let mut fresh = Server::new();
    fresh.act(1, &create(1));
    fresh.epoch = "second".to_owned();
    let flipped = fresh.exchange(&laptop.store, 0);
    assert_eq!((version(&laptop, 2), version(&laptop, 3)), (None, None), "the restored server knows only the first");
    assert!(flipped.mismatched.is_empty(), "and both agree");
    assert_eq!(laptop.store.status().unwrap().epoch, "second", "the new epoch stands");
}

#[test]
fn a_new_epoch_is_not_taken_for_the_old_one() {
    let (mut server, laptop) = with_cis(1);
    laptop.store.lease(Series::Ci, 100, 200).unwrap();
    server.epoch = "second".to_owned();
    server.pull(&laptop.store, 5);
    let error = laptop.store.flip(&server.flip(vec![])).unwrap_err();
    assert!(matches!(error, StoreError::Misuse { .. }), "{error}");
    laptop.store.start_over(None).unwrap();
    server.exchange(&laptop.store, 0);
    assert_eq!(laptop.store.status().unwrap().numbers_left[&Series::Ci], 0, "its leases are not trusted any more");
}

#[test]
fn accepted_commands_survive_a_server_restored_from_a_backup() {
    let (mut server, laptop) = with_cis(1);
    issue(&laptop.store, 1, &create(2)).unwrap();
    issue(&laptop.store, 2, &create(3)).unwrap();
    server.exchange(&laptop.store, 9);
    issue(&laptop.store, 3, &create(4)).unwrap();
    let mut restored = Server::new();
    restored.act(1, &create(1));
    restored.epoch = "second".to_owned();
    let requeued = laptop.store.requeue_sent().unwrap();
    assert_eq!((requeued.commands, requeued.needs_fork), (2, false), "both that it may have lost");
    let counters: Vec<u64> = laptop.store.pending(9).unwrap().iter().map(|q| q.counter).collect();
    assert_eq!(counters, [1, 2, 3], "in the order in which they were issued");
    laptop.store.start_over(None).unwrap();
    restored.exchange(&laptop.store, 9);
    assert_eq!(laptop.store.state_hash().unwrap(), restored.hash(), "nothing that a laptop had is lost");
    assert_eq!(version(&laptop, 4).as_deref(), Some(""), "nor what was pending");
}

#[test]
fn commands_are_kept_until_a_backup_covers_them() {
    let (mut server, laptop) = with_cis(1);
    issue(&laptop.store, 1, &create(2)).unwrap();
    server.exchange(&laptop.store, 9);
    assert_eq!(laptop.store.forget_sent(server.head - 1, Timestamp(0)).unwrap(), 0, "not covered");
    assert_eq!(laptop.store.forget_sent(server.head, Timestamp(0)).unwrap(), 1, "covered");
}

#[test]
fn a_forked_device_issues_its_queue_anew() {
    let (mut server, laptop) = with_cis(1);
    issue(&laptop.store, 1, &create(2)).unwrap();
    server.exchange(&laptop.store, 9);
    issue(&laptop.store, 2, &create(3)).unwrap();
    issue(&laptop.store, 3, &create(4)).unwrap();
    let twin = DeviceId(Uuid::from_u128(0xd2));
    let visible = laptop.store.visible_hash().unwrap();
    assert_eq!(laptop.store.fork(twin, &signed).unwrap(), 2, "two were pending");
    let pending = laptop.store.pending(9).unwrap();
    let envelopes: Vec<Envelope> = pending.iter().map(|q| serde_json::from_slice(&q.payload).unwrap()).collect();
    assert_eq!(envelopes.iter().map(|e| (e.device, e.counter)).collect::<Vec<_>>(), [(twin, 1), (twin, 2)]);
    assert_eq!(envelopes[0].id, command_id(2), "a command keeps its identity: its twin's push counts once");
    assert_eq!(envelopes[0].command, create(3), "and says the same");
    assert_eq!((envelopes[0].previous.as_str(), envelopes[1].previous.len()), ("", 64), "a chain of its own");
    assert_eq!(pending[1].signature, signed(&pending[1].payload), "signed anew");
    assert_eq!(laptop.store.visible_hash().unwrap(), visible, "nothing changes on the screen");
    issue(&laptop.store, 4, &create(5)).unwrap();
    assert_eq!(laptop.store.status().unwrap().counter, 3, "the next one goes on from there");
    assert!(laptop.store.requeue_sent().unwrap().needs_fork, "what the old identity sent does not fit this chain");
}

#[test]
fn a_record_leaves_with_its_last_bucket() {
    let laptop = Laptop::new();
    let mut server = Server::new();
    server.act(1, &create(1));
    server.act(2, &create(2));
    let entries = server.entries(0);
    let in_site: Vec<Staged> = entries[..1].iter().map(|e| Staged { bucket: "site".to_owned(), ..e.clone() }).collect();
    laptop.store.stage(&entries, &[]).unwrap();
    laptop.store.stage(&in_site, &[]).unwrap();
    let mut site = server.cursor();
    site.bucket = "site".to_owned();
    let flip = Flip { cursors: vec![server.cursor(), site], ..server.flip(vec![]) };
    laptop.store.flip(&flip).unwrap();
    let left = |bucket: &str, rest| Flip { left: vec![bucket.to_owned()], cursors: rest, ..server.flip(vec![]) };
    laptop.store.flip(&left(BUCKET, vec![])).unwrap();
    assert_eq!(version(&laptop, 1).as_deref(), Some(""), "the site still has it");
    assert_eq!(version(&laptop, 2), None, "this one is in no bucket any more");
    laptop.store.flip(&left("site", vec![])).unwrap();
    assert_eq!(version(&laptop, 1), None, "now it is gone");
}

#[test]
fn a_kind_of_a_newer_program_is_kept_and_hidden() {
    let laptop = Laptop::new();
    let newer = Staged {
        bucket: BUCKET.to_owned(),
        seq: 1,
        kind: "hologram".to_owned(),
        id: Uuid::from_u128(7),
        body: Some("{\"new\":true}".to_owned()),
    };
    let sum = slipway_domain::checksum::row_checksum("hologram", newer.id, 1, "{\"new\":true}");
    laptop.store.stage(&[newer], &[]).unwrap();
    let cursor = slipway_store::flip::Cursor { bucket: BUCKET.to_owned(), seq: 1, count: 1, sum };
    let flipped = laptop
        .store
        .flip(&Flip { epoch: "first".to_owned(), at: NOW, cursors: vec![cursor], left: vec![], judged: vec![] })
        .unwrap();
    assert!(flipped.mismatched.is_empty(), "it counts");
    assert!(flipped.changes.is_empty(), "and nothing shows");
    assert!(laptop.store.verify_confirmed().unwrap().is_empty(), "sums kept are sums counted");
}

#[test]
fn a_try_keeps_nothing_and_sees_the_tries_before_it() {
    let (_, laptop) = with_cis(1);
    let before = laptop.store.visible_hash().unwrap();
    let tries = [create(2), create(2), depends(2, 1), depends(2, 3)];
    let outcomes = laptop.store.try_out_all(PersonId::SYSTEM, NOW, &mut tries.into_iter()).unwrap();
    let created: Vec<_> = outcomes.iter().map(|o| o.as_ref().map(|e| e.created).ok()).collect();
    assert_eq!(created, [Some(1), None, Some(1), None], "{outcomes:?}");
    assert!(laptop.store.try_out(PersonId::SYSTEM, NOW, &create(1)).is_err(), "it is there already");
    assert_eq!(laptop.store.visible_hash().unwrap(), before, "nothing was kept");
    assert!(laptop.store.pending(1).unwrap().is_empty(), "nor queued");
}

#[derive(Clone, Debug)]
enum Step {
    Issue(usize, Box<Command>),
    Exchange(usize, usize),
    PullOnly(usize, usize),
    Remove(u128),
    Reopen(usize),
}

/// Few CIs and versions, so that commands meet.
fn command() -> impl Strategy<Value = Command> {
    let versions = || prop::sample::select(vec!["", "1", "2"]);
    prop_oneof![
        2 => (1..4_u128).prop_map(create),
        6 => (1..4_u128, versions(), versions()).prop_map(|(n, from, to)| set_version(n, from, to)),
        1 => (1..4_u128, 1..4_u128).prop_map(|(a, b)| depends(a, b)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..2_usize, command()).prop_map(|(l, c)| Step::Issue(l, Box::new(c))),
        2 => (0..2_usize, 0..5_usize).prop_map(|(l, n)| Step::Exchange(l, n)),
        1 => (0..2_usize, 1..4_usize).prop_map(|(l, n)| Step::PullOnly(l, n)),
        1 => (1..4_u128).prop_map(Step::Remove),
        1 => (0..2_usize).prop_map(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Confirmed state never depends on what is pending, what shows is confirmed and pending together, and after an
    /// exchange both sides hold the same, however commands, exchanges, half pulls and restarts are mixed.
    #[test]
    fn visible_is_confirmed_and_pending(steps in prop::collection::vec(step(), 1..60)) {
        let mut server = Server::new();
        let mut laptops = vec![Laptop::new(), Laptop::new()];
        let mut confirmed = [Memory::default(), Memory::default()];
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Issue(l, command) => {
                    let before = laptops[l].store.state_hash().unwrap();
                    let shown = laptops[l].store.visible_hash().unwrap();
                    let outcome = issue(&laptops[l].store, n as u128, &command);
                    prop_assert_eq!(laptops[l].store.state_hash().unwrap(), before, "undo(all pending) = confirmed");
                    if outcome.is_err() {
                        prop_assert_eq!(laptops[l].store.visible_hash().unwrap(), shown, "a refusal changes nothing");
                    }
                }
                Step::Exchange(l, push) => {
                    let flipped = server.exchange(&laptops[l].store, push);
                    confirmed[l] = server.memory.clone();
                    prop_assert!(flipped.mismatched.is_empty(), "count and sum agree");
                    prop_assert_eq!(laptops[l].store.state_hash().unwrap(), server.hash(), "both hold the same");
                }
                Step::PullOnly(l, page) => server.pull(&laptops[l].store, page),
                Step::Remove(ci) => server.remove(Kind::Ci, ci_id(ci).0),
                Step::Reopen(l) => {
                    let laptop = laptops.remove(l).reopen();
                    laptops.insert(l, laptop);
                }
            }
            for (laptop, confirmed) in laptops.iter().zip(&confirmed) {
                let pending = laptop.store.pending(1_000).unwrap();
                prop_assert_eq!(laptop.store.visible_hash().unwrap(), expected(confirmed, &pending));
                prop_assert!(laptop.store.verify_confirmed().unwrap().is_empty(), "sums kept are sums counted");
            }
        }
        for laptop in &laptops {
            server.exchange(&laptop.store, 1_000);
            laptop.store.check().unwrap();
        }
        for laptop in &laptops {
            server.exchange(&laptop.store, 0);
            prop_assert_eq!(laptop.store.visible_hash().unwrap(), server.hash(), "in the end all show the same");
        }
    }
}

#[test]
fn a_staged_record_shows_as_it_came() {
    let laptop = Laptop::new();
    let record = a_ci(1).into();
    laptop.store.stage(&[staged(&record, 4)], &[]).unwrap();
    let error = laptop.store.flip(&Flip { epoch: "first".to_owned(), at: NOW, ..Flip::default() }).unwrap_err();
    assert!(error.to_string().contains(BUCKET), "an incomplete pull is not flipped: {error}");
}

#[test]
fn a_command_that_will_be_refused_marks_its_record_and_says_why() {
    let (mut server, laptop) = with_cis(1);
    issue(&laptop.store, 1, &set_version(1, "", "2.0")).unwrap();
    server.remove(Kind::Ci, ci_id(1).0);
    server.pull(&laptop.store, 10);
    laptop.store.flip(&server.flip(vec![])).unwrap();
    let waiting = laptop.store.look(|view| view.waiting(Kind::Ci, ci_id(1).0)).unwrap();
    assert_eq!((waiting.commands, waiting.will_be_refused), (1, true), "though it has no effect there");
    assert!(waiting.why.contains("There is no ci"), "{}", waiting.why);
}

#[test]
fn a_held_command_that_is_judged_after_all_changes_its_item() {
    let (server, laptop) = with_cis(1);
    for n in 1..=2 {
        issue(&laptop.store, n, &set_version(1, "", "2.0")).unwrap();
        let judged = |verdict| vec![Judged { id: command_id(n), counter: n as u64, seq: server.head, verdict }];
        let held = Verdict::Held { why: "unknown here".to_owned() };
        assert_eq!(laptop.store.flip(&server.flip(judged(held))).unwrap().attention, [command_id(n)]);
        let after_all = if n == 1 { Verdict::Applied } else { Verdict::Refused { findings: Vec::new() } };
        let told = laptop.store.flip(&server.flip(judged(after_all.clone()))).unwrap().attention;
        let item = laptop.store.attention_item(command_id(n)).unwrap().unwrap();
        if n == 1 {
            assert!(told.is_empty() && item.settled.is_some(), "applied after all: nothing is left to decide");
        } else {
            assert_eq!((told, item.verdict), (vec![command_id(n)], after_all), "the person is told anew");
        }
    }
}
