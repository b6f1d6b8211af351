//! The body of a push.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_sync::limits;
use slipway_sync::protocol::Push;
use slipway_sync::signing::PrivateKey;

fuzz_target!(|bytes: &[u8]| {
    if !limits::shallow(bytes) {
        return;
    }
    let Ok(push) = serde_json::from_slice::<Push>(bytes) else { return };
    let key = PrivateKey::from_seed(&[1; 32]).public();
    for signed in &push.commands {
        assert!(!signed.verifies(&key), "nobody signed this");
        let _ = signed.hash();
    }
    let again = serde_json::to_vec(&push).expect("a push can be written");
    assert_eq!(serde_json::from_slice::<Push>(&again).expect("and read again"), push);
});
