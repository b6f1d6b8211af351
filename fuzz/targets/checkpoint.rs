//! A signed note of the audit log.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_sync::log::Checkpoint;
use slipway_sync::signing::PrivateKey;

const NAME: &str = "slipway/test";

fuzz_target!(|text: &str| {
    let (key, other) = (PrivateKey::from_seed(&[3; 32]), PrivateKey::from_seed(&[4; 32]));
    if let Some(read) = Checkpoint::verify(text, NAME, &key.public()) {
        // The corpus holds true ones; whatever verifies says what was signed.
        let again = read.sign(&key);
        assert_eq!(Checkpoint::verify(&again, NAME, &key.public()), Some(read));
    }
    assert!(Checkpoint::verify(text, NAME, &other.public()).is_none(), "nobody signed this with that key");
});
