//! An exported audit log: any lines are read to their end, and none that the log's key did not sign are whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_domain::id::DeviceId;
use slipway_sync::log::Checkpoint;
use slipway_sync::log::export::{Head, Reading};
use slipway_sync::signing::PrivateKey;
use uuid::Uuid;

fuzz_target!(|text: &str| {
    let key = PrivateKey::from_seed(&[7; 32]);
    let mut lines = text.lines();
    let own = lines.next().unwrap_or_default();
    assert!(Reading::begin(own, &key.public(), &[]).is_err(), "a head that nobody signed");
    // Behind a head that is signed, over a tree that no entries have.
    let checkpoint = Checkpoint { origin: "slipway/test".to_owned(), size: 2, root: [1; 32] };
    let head = Head::sign(&checkpoint, DeviceId(Uuid::from_u128(2)), key.public(), &key);
    let head = serde_json::to_string(&head).expect("a head can be written");
    let mut reading = Reading::begin(&head, &key.public(), &[checkpoint.sign(&key)]).expect("it is signed");
    lines.for_each(|line| reading.entry(line));
    assert!(!reading.finish().whole(), "entries that nobody signed");
});
