//! A software bill of materials of any form: what is read keeps to the limits that the domain sets.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_app::sbom;
use slipway_domain::dsl::sbom::{HASHES, LICENCES, TEXT_CHARS};
use std::collections::BTreeSet;

fuzz_target!(|bytes: &[u8]| {
    let Ok(document) = sbom::read(bytes) else { return };
    let mut seen = BTreeSet::new();
    for component in document.components {
        assert!(!component.name.is_empty() && component.name.chars().count() <= TEXT_CHARS, "its name is a text");
        assert!(component.hashes.len() <= HASHES && component.licences.len() <= LICENCES, "no more than is kept");
        assert!(seen.insert(format!("{component:?}")), "each stands there once");
    }
});
