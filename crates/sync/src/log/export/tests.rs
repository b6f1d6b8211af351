#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use rstest::rstest;
use slipway_domain::id::PersonId;
use uuid::Uuid;

fn log_key() -> PrivateKey {
    PrivateKey::from_seed(&[1; 32])
}

fn device(n: u128) -> (DeviceId, PrivateKey) {
    (DeviceId(Uuid::from_u128(n)), PrivateKey::from_seed(&[u8::try_from(n).unwrap(); 32]))
}

fn entry(index: u64, payload: Vec<u8>, signature: Vec<u8>, result: String) -> Entry {
    let mut entry = Entry {
        index,
        hash: Base64::default(),
        salt: Base64(vec![7; 16]),
        payload: Base64(payload),
        signature: Base64(signature),
        result,
        seq_from: index,
        seq_to: index,
        judged_at: 1_000,
        changes: Base64(vec![0; 32]),
    };
    entry.hash = Base64(entry.leaf().unwrap().to_vec());
    entry
}

fn command(index: u64, by: u128, title: &str) -> Entry {
    let (id, key) = device(by);
    let payload = serde_json::json!({ "domain": Envelope::DOMAIN, "device": id, "title": title }).to_string();
    let signature = key.sign(payload.as_bytes()).to_vec();
    entry(index, payload.into_bytes(), signature, r#"{"verdict":"applied"}"#.to_owned())
}

fn note(index: u64, of: u128) -> Entry {
    let (id, key) = device(of);
    let note = DeviceNote {
        domain: DeviceNote::DOMAIN.to_owned(),
        what: DeviceEvent::Registered,
        device: id,
        person: PersonId(Uuid::from_u128(9)),
        public_key: key.public(),
        by: PersonId(Uuid::from_u128(9)),
        replaces: None,
    };
    entry(index, Vec::new(), Vec::new(), serde_json::to_string(&note).unwrap())
}

/// Console, a device, and three commands of it.
fn log(title: &str) -> Vec<Entry> {
    vec![command(0, 2, "start"), note(1, 3), command(2, 3, title), command(3, 3, "b"), command(4, 3, "c")]
}

fn checkpoint(entries: &[Entry]) -> Checkpoint {
    let mut edge = Edge::default();
    entries.iter().for_each(|entry| edge.append(entry.leaf().unwrap()));
    Checkpoint { origin: "slipway/test".to_owned(), size: edge.size(), root: edge.root() }
}

fn file(signed: &[Entry], written: &[Entry]) -> Vec<String> {
    let (server, key) = device(2);
    let head = Head::sign(&checkpoint(signed), server, key.public(), &log_key());
    let head = serde_json::to_string(&head).unwrap();
    std::iter::once(head).chain(written.iter().map(|entry| serde_json::to_string(entry).unwrap())).collect()
}

fn read(lines: &[String], earlier: &[String]) -> Found {
    let mut reading = Reading::begin(&lines[0], &log_key().public(), earlier).unwrap();
    lines[1..].iter().for_each(|line| reading.entry(line));
    reading.finish()
}

#[test]
fn a_whole_log_is_whole_and_continues_what_was_seen_of_it() {
    let entries = log("a");
    let earlier: Vec<_> = [0, 3, 5].map(|n| checkpoint(&entries[..n]).sign(&log_key())).into();
    let found = read(&file(&entries, &entries), &earlier);
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!((found.commands, found.devices, found.continues), (4, 1, vec![0, 3, 5]));
}

#[rstest]
#[case::changed(&|e: &mut Vec<Entry>| e[2].result.push(' '), "Entry 2 is not what was logged.")]
#[case::changed_and_hashed_anew(
    &|e: &mut Vec<Entry>| { e[2].judged_at += 1; e[2].hash = Base64(e[2].leaf().unwrap().to_vec()); },
    "The tree over the entries is not the one that was signed."
)]
#[case::another_hand(&|e: &mut Vec<Entry>| e[2] = { let mut forged = command(2, 3, "x"); forged.signature = command(2, 2, "x").signature; forged },
    "The signature of entry 2 is not its device's.")]
#[case::removed(&|e: &mut Vec<Entry>| drop(e.remove(3)), "Entry 4 stands where entry 3 belongs.")]
#[case::last_removed(&|e: &mut Vec<Entry>| drop(e.pop()), "The file holds 4 entries, the signed checkpoint is over 5.")]
#[case::reordered(&|e: &mut Vec<Entry>| e.swap(2, 3), "Entry 3 stands where entry 2 belongs.")]
#[case::renumbered(
    &|e: &mut Vec<Entry>| { e.swap(2, 3); e[2].index = 2; e[3].index = 3; },
    "The tree over the entries is not the one that was signed."
)]
#[case::added(&|e: &mut Vec<Entry>| e.push(command(5, 3, "d")), "The file holds 6 entries, the signed checkpoint is over 5.")]
fn what_was_tampered_with_is_found(#[case] tamper: &dyn Fn(&mut Vec<Entry>), #[case] sentence: &str) {
    let entries = log("a");
    let mut written = entries.clone();
    tamper(&mut written);
    let found = read(&file(&entries, &written), &[]);
    assert!(found.faults.iter().any(|fault| fault == sentence), "{:?}", found.faults);
}

#[test]
fn a_log_signed_anew_after_it_was_rewritten_is_found_by_an_earlier_checkpoint() {
    let (before, after) = (log("a"), log("another"));
    let earlier = checkpoint(&before[..4]).sign(&log_key());
    assert!(read(&file(&after, &after), &[]).whole(), "its own key signed it");
    let found = read(&file(&after, &after), std::slice::from_ref(&earlier));
    assert_eq!(found.faults, ["The first 4 entries are not those of the earlier checkpoint: the log was rewritten."]);
    let found = read(&file(&before[..3], &before[..3]), &[earlier]);
    assert!(found.faults[0].contains("put back from a backup"), "{:?}", found.faults);
}

#[test]
fn nothing_is_read_that_another_key_signed() {
    let entries = log("a");
    let lines = file(&entries, &entries);
    let other = PrivateKey::from_seed(&[8; 32]);
    assert!(matches!(Reading::begin(&lines[0], &other.public(), &[]), Err(NotRead::AnotherKey)));
    assert!(matches!(Reading::begin("{}", &log_key().public(), &[]), Err(NotRead::NoLog)));
    let earlier = checkpoint(&entries).sign(&other);
    assert!(matches!(Reading::begin(&lines[0], &log_key().public(), &[earlier]), Err(NotRead::AnotherCheckpoint)));
    let mut head: Head = serde_json::from_str(&lines[0]).unwrap();
    head.server_key = other.public();
    let head = serde_json::to_string(&head).unwrap();
    assert!(matches!(Reading::begin(&head, &log_key().public(), &[]), Err(NotRead::AnotherKey)), "another console");
}

#[test]
fn a_renewed_key_needs_the_former_one_and_none_is_put_in_anothers_place() {
    let renewed = |signer: u128| {
        let (former, _) = device(3);
        let mut entry = note(5, 4);
        let mut says: DeviceNote = serde_json::from_str(&entry.result).unwrap();
        (says.what, says.replaces) = (DeviceEvent::Renewed, Some(former));
        entry.result = serde_json::to_string(&says).unwrap();
        entry.payload = Base64(b"succession".to_vec());
        entry.signature = Base64(device(signer).1.sign(b"succession").to_vec());
        entry.hash = Base64(entry.leaf().unwrap().to_vec());
        entry
    };
    let with = |last: Entry| {
        let entries: Vec<_> = log("a").into_iter().chain([last]).collect();
        read(&file(&entries, &entries), &[]).faults
    };
    assert_eq!(with(renewed(3)), Vec::<String>::new(), "the former key vouches");
    assert_eq!(with(renewed(4)), ["The signature of entry 5 is not its device's."], "a key vouches for itself");
    let mut stolen = note(5, 3);
    stolen.result = stolen.result.replace(&String::from(device(3).1.public()), &String::from(device(4).1.public()));
    stolen.hash = Base64(stolen.leaf().unwrap().to_vec());
    assert_eq!(with(stolen), ["The signature of entry 5 is not its device's."], "another key for a known device");
}
