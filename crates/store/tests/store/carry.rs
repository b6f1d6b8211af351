//! What another laptop handed over: it shows until the next flip, and is nobody's to push but its maker's.

use crate::support::{Laptop, NOW, ci_id, create, issue, set_version};
use crate::world::Server;
use proptest::prelude::*;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::carry::{Handed, MadeBy, Taken};
use uuid::Uuid;

fn file(bundle: u128) -> Handed {
    Handed {
        bundle: Uuid::from_u128(bundle),
        device: DeviceId(Uuid::from_u128(0xde)),
        device_name: "LAPTOP-A".into(),
        person: PersonId(Uuid::from_u128(0xaa)),
        made_at: NOW,
        commands: 3,
        sealed: vec![7; 9],
    }
}

fn everybody(_: &Record, _: &dyn Records) -> Result<bool, Fault> {
    Ok(true)
}

/// What waits on the other laptop.
fn payloads(of: &Laptop) -> Vec<Vec<u8>> {
    of.store.pending(100).unwrap().into_iter().map(|queued| queued.payload).collect()
}

fn take(on: &Laptop, bundle: u128, from: &Laptop) -> Option<Taken> {
    on.store.take_handed(&file(bundle), NOW, &payloads(from), &everybody).unwrap()
}

fn version(laptop: &Laptop, n: u128) -> Option<String> {
    laptop.store.read(|r| Ok::<_, Fault>(r.get::<Ci>(ci_id(n))?.map(|ci| ci.version))).unwrap()
}

fn two_laptops() -> (Server, Laptop, Laptop) {
    let mut server = Server::new();
    server.act(1, &create(1));
    let (a, b) = (Laptop::new(), Laptop::new());
    server.exchange(&a.store, 0);
    server.exchange(&b.store, 0);
    (server, a, b)
}

#[test]
fn it_shows_with_its_maker_and_ends_with_the_flip() {
    let (mut server, a, b) = two_laptops();
    issue(&a.store, 1, &set_version(1, "", "2.0")).unwrap();
    issue(&a.store, 2, &create(2)).unwrap();
    let confirmed = b.store.state_hash().unwrap();
    let taken = take(&b, 1, &a).unwrap();
    assert_eq!((taken.shown, taken.unfit, taken.hidden), (2, 0, 0));
    assert!(taken.changes.ids.contains(&ci_id(1).0), "the screen is told");
    assert_eq!((version(&b, 1).as_deref(), version(&b, 2).as_deref()), (Some("2.0"), Some("")), "both show");
    let made = b.store.look(|view| view.made_by(Kind::Ci, ci_id(1).0)).unwrap();
    assert_eq!(made, Some(MadeBy { person: PersonId(Uuid::from_u128(0xaa)), device_name: "LAPTOP-A".into() }));
    assert_eq!(b.store.status().unwrap().pending, 0, "nothing of it is this laptop's to push");
    assert_eq!(b.store.state_hash().unwrap(), confirmed, "and nothing of it is confirmed");
    assert!(b.store.verify_confirmed().unwrap().is_empty());

    let flipped = server.exchange(&b.store, 100);
    assert!(flipped.mismatched.is_empty(), "{flipped:?}");
    assert_eq!((version(&b, 1).as_deref(), version(&b, 2)), (Some(""), None), "the server has not heard of it");
    assert_eq!(b.store.look(|view| view.made_by(Kind::Ci, ci_id(1).0)).unwrap(), None::<MadeBy>);
    server.exchange(&a.store, 100);
    server.exchange(&b.store, 100);
    assert_eq!((version(&b, 1).as_deref(), b.store.state_hash().unwrap()), (Some("2.0"), server.hash()), "now it has");
}

#[test]
fn the_same_file_and_the_same_command_are_taken_once() {
    let (_, a, b) = two_laptops();
    issue(&a.store, 1, &create(2)).unwrap();
    assert_eq!(take(&b, 1, &a).unwrap().shown, 1);
    let seen = b.store.visible_hash().unwrap();
    assert_eq!(take(&b, 1, &a), None, "the file is known");
    issue(&a.store, 2, &create(3)).unwrap();
    assert_eq!(take(&b, 2, &a).unwrap().shown, 1, "of a newer file only what is new");
    assert_ne!(b.store.visible_hash().unwrap(), seen);
    let files = b.store.carried(10).unwrap();
    assert_eq!(files.len(), 2);
    let (bundle, sealed) = b.store.next_to_relay().unwrap().unwrap();
    assert_eq!((bundle, sealed), (Uuid::from_u128(2), vec![7; 9]), "the newer file has everything");
    b.store.note_relayed(bundle, "Brought.").unwrap();
    assert_eq!(b.store.next_to_relay().unwrap(), None, "once is enough");
}

#[test]
fn what_may_not_be_read_leaves_nothing() {
    let (_, a, b) = two_laptops();
    issue(&a.store, 1, &create(2)).unwrap();
    issue(&a.store, 2, &set_version(1, "", "2.0")).unwrap();
    let hides_second = |record: &Record, _: &dyn Records| Ok(record.id() != ci_id(2).0);
    let taken = b.store.take_handed(&file(1), NOW, &payloads(&a), &hides_second).unwrap().unwrap();
    assert_eq!((taken.shown, taken.hidden), (1, 1));
    assert_eq!(version(&b, 2), None);
    assert!(b.store.search("srv-2", &[], 10).unwrap().is_empty(), "search has no trace of it either");
}

#[test]
fn what_does_not_fit_is_told_and_changes_nothing() {
    let (_, a, b) = two_laptops();
    issue(&a.store, 1, &create(2)).unwrap();
    issue(&b.store, 1, &create(2)).unwrap();
    let seen = b.store.visible_hash().unwrap();
    let taken = take(&b, 1, &a).unwrap();
    assert_eq!((taken.shown, taken.unfit), (0, 1), "it is there already");
    assert_eq!(b.store.visible_hash().unwrap(), seen);
    let nonsense = b.store.take_handed(&file(9), Timestamp(0), &[b"{}".to_vec()], &everybody).unwrap().unwrap();
    assert_eq!((nonsense.shown, nonsense.unfit), (0, 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Own commands and another's in any order on the same records: the flip finds the confirmed state again.
    #[test]
    fn any_mixture_is_undone_to_what_is_confirmed(steps in proptest::collection::vec((any::<bool>(), 2_u128..6), 1..14)) {
        let (mut server, a, b) = two_laptops();
        let confirmed = b.store.state_hash().unwrap();
        for (n, (own, ci)) in steps.into_iter().enumerate() {
            let id = 1_000 * u128::from(own) + n as u128 + 1;
            if own {
                let _ = issue(&b.store, id, &create(ci));
                let _ = issue(&b.store, id + 100, &set_version(1, &version(&b, 1).unwrap(), &format!("b{n}")));
            } else {
                let _ = issue(&a.store, id, &create(ci));
                let _ = issue(&a.store, id + 100, &set_version(1, &version(&a, 1).unwrap(), &format!("a{n}")));
                take(&b, n as u128 + 1, &a);
            }
            prop_assert_eq!(b.store.state_hash().unwrap(), confirmed.clone());
        }
        prop_assert!(b.store.verify_confirmed().unwrap().is_empty());
        server.exchange(&b.store, 0);
        prop_assert_eq!(b.store.state_hash().unwrap(), server.hash());
        server.exchange(&a.store, 100);
        server.exchange(&b.store, 100);
        server.exchange(&a.store, 100);
        prop_assert_eq!(b.store.state_hash().unwrap(), server.hash());
        prop_assert_eq!(b.store.visible_hash().unwrap(), server.hash(), "nothing foreign is left");
        prop_assert_eq!(a.store.state_hash().unwrap(), server.hash());
    }
}
