use crate::support::{Laptop, NOW, PROFILE, a_ci, but_steps, ci_id, command_id, create, issue, set_version, signed};
use sha2::{Digest, Sha256};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::{CmdbCommand, Command, Envelope, RULES_VERSION};
use slipway_domain::id::{CiId, PersonId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_store::issue::{COMMAND_BYTES, Facts, Issue, IssueError};
use slipway_store::queue::{Judged, Verdict};

fn numbered(laptop: &Laptop, n: u128) -> Result<Number, IssueError> {
    let mut given = None;
    laptop.store.issue(Issue {
        id: command_id(n),
        actor: PersonId::SYSTEM,
        made_at: NOW,
        build: &mut |numbers| {
            let number = numbers.take(Series::Ci, ci_id(n).0);
            given = Some(number.clone());
            Command::Cmdb(CmdbCommand::CreateCi(Box::new(Ci { number, ..a_ci(n) })))
        },
        sign: &signed,
        replaces: None,
        facts: Facts::Refuse,
    })?;
    Ok(given.unwrap())
}

#[test]
fn a_command_shows_at_once_and_says_what_changed() {
    let laptop = Laptop::new();
    let issued = issue(&laptop.store, 1, &create(1)).unwrap();
    assert_eq!(issued.effect.created, 1, "one CI");
    assert_eq!(but_steps(&laptop.store, &issued.changes), [ci_id(1).0], "the CI changed");
    let name = laptop
        .store
        .read(|records| Ok::<_, Fault>(records.list::<Ci>(Lookup::CiByBareName, "srv-1")?.pop().unwrap().name))
        .unwrap();
    assert_eq!(name, "srv-1", "it is found by its name");
}

#[test]
fn envelopes_form_a_chain() {
    let laptop = Laptop::new();
    for n in 1..4 {
        issue(&laptop.store, n, &create(n)).unwrap();
    }
    let mut previous = String::new();
    for (queued, counter) in laptop.store.pending(10).unwrap().into_iter().zip(1..) {
        let envelope: Envelope = serde_json::from_slice(&queued.payload).unwrap();
        assert_eq!(envelope.domain, Envelope::DOMAIN, "the signature is bound to this use");
        assert_eq!((envelope.workspace, envelope.device), (PROFILE.workspace, PROFILE.device), "and to this place");
        assert_eq!((envelope.counter, queued.counter), (counter, counter), "without gaps");
        assert_eq!(envelope.rules_version, RULES_VERSION, "judged by these rules");
        assert_eq!(envelope.previous, previous, "each names the one before");
        previous = Sha256::digest(&queued.payload).iter().map(|b| format!("{b:02x}")).collect();
    }
}

#[test]
fn a_refusal_leaves_nothing_behind() {
    let laptop = Laptop::new();
    laptop.store.lease(Series::Ci, 7, 8).unwrap();
    assert_eq!(numbered(&laptop, 1).unwrap(), Number::new(Series::Ci, 7), "the first of the block");
    let twice = laptop.store.issue(Issue {
        id: command_id(2),
        actor: PersonId::SYSTEM,
        made_at: NOW,
        build: &mut |numbers| {
            let number = numbers.take(Series::Ci, ci_id(1).0);
            Command::Cmdb(CmdbCommand::CreateCi(Box::new(Ci { number, ..a_ci(1) })))
        },
        sign: &signed,
        replaces: None,
        facts: Facts::Refuse,
    });
    let Err(IssueError::Refused(refusal)) = twice else { panic!("the identity is taken: {twice:?}") };
    assert!(refusal.has("ID_TAKEN"), "{refusal:?}");
    assert_eq!(laptop.store.pending(10).unwrap().len(), 1, "nothing was queued");
    assert_eq!(numbered(&laptop, 3).unwrap(), Number::new(Series::Ci, 8), "and no number was used up");
    assert_eq!(laptop.store.pending(10).unwrap()[1].counter, 2, "nor a place in the chain");
}

#[test]
fn numbers_come_from_one_block_after_the_other_and_then_are_provisional() {
    let laptop = Laptop::new();
    laptop.store.lease(Series::Ci, 1, 1).unwrap();
    laptop.store.lease(Series::Ci, 50, 51).unwrap();
    laptop.store.lease(Series::Ci, 50, 51).unwrap();
    let given: Vec<_> = (1..5).map(|n| numbered(&laptop, n).unwrap()).collect();
    let expected = [1, 50, 51].map(|n| Number::new(Series::Ci, n));
    assert_eq!(given[..3], expected, "blocks in order, none twice");
    assert!(given[3].is_provisional(), "the server gives the real one later");
    let laptop = laptop.reopen();
    laptop.store.lease(Series::Ci, 50, 51).unwrap();
    assert!(numbered(&laptop, 9).unwrap().is_provisional(), "a block leased again gives nothing twice");
}

#[test]
fn too_large_a_command_is_refused_with_its_size() {
    let laptop = Laptop::new();
    let error = issue(&laptop.store, 1, &set_version(1, "", &"x".repeat(COMMAND_BYTES))).unwrap_err();
    assert!(matches!(error, IssueError::TooLarge { limit: COMMAND_BYTES, .. }), "{error:?}");
    assert!(laptop.store.pending(1).unwrap().is_empty(), "nothing was queued");
}

#[test]
fn a_read_sees_one_moment() {
    let laptop = Laptop::new();
    issue(&laptop.store, 1, &create(1)).unwrap();
    laptop
        .store
        .read(|records| {
            let version = |id: CiId| records.get::<Ci>(id).map(|ci| ci.unwrap().version);
            assert_eq!(version(ci_id(1))?, "", "as issued");
            issue(&laptop.store, 2, &set_version(1, "", "2.0")).unwrap();
            assert_eq!(version(ci_id(1))?, "", "a write meanwhile does not show");
            Ok::<_, Fault>(())
        })
        .unwrap();
    let after = laptop.store.read(|r| Ok::<_, Fault>(r.get::<Ci>(ci_id(1))?.unwrap().version)).unwrap();
    assert_eq!(after, "2.0", "the next read sees it");
}

#[test]
fn a_panic_while_building_leaves_the_store_usable() {
    let laptop = Laptop::new();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        laptop.store.issue(Issue {
            id: command_id(1),
            actor: PersonId::SYSTEM,
            made_at: NOW,
            build: &mut |_| panic!("as a bug would"),
            sign: &signed,
            replaces: None,
            facts: Facts::Refuse,
        })
    }));
    assert!(panicked.is_err(), "it did panic");
    issue(&laptop.store, 2, &create(1)).unwrap();
    assert_eq!(laptop.store.pending(10).unwrap().len(), 1, "only what was done is there");
}

#[test]
fn in_another_history_of_the_server_nothing_is_answered_yet() {
    let laptop = Laptop::new();
    issue(&laptop.store, 1, &create(1)).unwrap();
    issue(&laptop.store, 2, &create(2)).unwrap();
    let answer = Judged { id: command_id(1), counter: 1, seq: 7, verdict: Verdict::Applied };
    laptop.store.record_answers(&[answer]).unwrap();
    assert_eq!(laptop.store.unanswered_up_to(1).unwrap(), None);
    assert_eq!(laptop.store.unanswered_up_to(2).unwrap(), Some(2));
    laptop.store.requeue_sent().unwrap();
    assert_eq!(laptop.store.unanswered_up_to(1).unwrap(), Some(1), "it was answered in the one before");
}
