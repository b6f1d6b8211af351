//! A file of any kind that is imported: every row is taken or refused with its line and a reason, no command is refused
//! as a whole, and the same file again makes nothing new.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_app::import::plan::ImportKind;
use slipway_fuzz::import::{Desk, take};

fuzz_target!(|input: (u8, &[u8])| {
    let (kind, bytes) = input;
    let kinds = ImportKind::ALL;
    let (_, kind) = kinds[usize::from(kind) % kinds.len()];
    let mut desk = Desk::default();
    let Some(first) = take(&mut desk, kind, "file", bytes) else { return };
    let again = take(&mut desk, kind, "file", bytes).expect("what was read is read again");
    assert_eq!((first.rows, again.created), (again.rows, 0), "it may be run again: {first:?} {again:?}");
});
