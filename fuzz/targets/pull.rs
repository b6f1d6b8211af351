//! The cursors of a pull, as they stand in the URL.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_sync::protocol::{Epoch, Pull, PullQuery};

fuzz_target!(|text: &str| {
    let query = PullQuery {
        epoch: Epoch(uuid::Uuid::nil()),
        cursors: text.to_owned(),
        judged_after: 0,
        limit: 1,
        scope: String::new(),
    };
    let Ok(pull) = Pull::try_from(query) else { return };
    let again = Pull::try_from(PullQuery::from(&pull)).expect("what was read can be written and read again");
    assert_eq!(again, pull);
});
