//! A hardware model in YAML, as the community library has them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_app::import::plan::ImportKind;
use slipway_fuzz::import::{Desk, take};

fuzz_target!(|bytes: &[u8]| {
    let mut desk = Desk::default();
    let Some(first) = take(&mut desk, ImportKind::Models, "model.yaml", bytes) else { return };
    let again = take(&mut desk, ImportKind::Models, "model.yaml", bytes).expect("what was read is read again");
    assert_eq!((first.rows, again.created), (again.rows, 0), "it may be run again");
});
