//! A command's envelope, as the server reads it from a push.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use slipway_domain::command::{Command, Envelope};
use slipway_sync::limits;

fuzz_target!(|bytes: &[u8]| {
    if !limits::shallow(bytes) {
        return;
    }
    let Ok(envelope) = serde_json::from_slice::<Envelope<serde_json::Value>>(bytes) else { return };
    if let Ok(command) = Command::deserialize(&envelope.command) {
        let again = serde_json::to_value(&command).expect("a command can be written");
        assert_eq!(Command::deserialize(&again).expect("and read again"), command);
    }
});
