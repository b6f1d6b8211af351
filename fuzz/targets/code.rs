//! What a scanner sent: understood or refused, and the same with another scanner's end behind it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_domain::dhs::code;

fuzz_target!(|text: &str| {
    let read = code::read(text);
    if text.chars().count() < 1_000 {
        assert_eq!(read.is_ok(), code::read(&format!("{text}\r\n")).is_ok(), "how a scan ends says nothing");
    }
});
