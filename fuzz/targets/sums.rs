//! A vendor's list of checksums: every hash is one, and every name is a file's without a folder.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_app::dsl::sums::Sums;

fuzz_target!(|text: &str| {
    for (name, by_method) in Sums::read(text).of {
        assert!(!name.contains(['/', '\\']), "{name:?} is no path");
        for hash in by_method.values() {
            assert!(hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{hash:?} is a hash");
        }
    }
});
