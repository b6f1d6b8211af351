//! A distribution set on a stick: verified without a word of it being believed, and nothing is touched.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_app::dsl::set;
use slipway_app::view::set::VerifySetRequest;
use slipway_fuzz::Place;
use std::fs;

const NAMES: [&str; 3] = ["SHA256SUMS", "manifest.json", "manifest.sig.json"];

fuzz_target!(|bytes: &[u8]| {
    let place = Place::new();
    // The three files with NUL between them.
    let mut parts = bytes.splitn(NAMES.len(), |byte| *byte == 0);
    for name in NAMES {
        fs::write(place.at(name), parts.next().unwrap_or_default()).expect("memory has room");
    }
    let request = VerifySetRequest { folder: place.at("").display().to_string(), key: None };
    if let Ok(report) = set::verify(&request, &mut |_, _| {}) {
        assert!(!report.sound || report.files == 0, "files that are not there do not verify");
    }
    assert_eq!(place.files(), NAMES);
});
