//! A request for fresh tokens, and the sign-in beside it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_sync::protocol::{NewDevice, Refresh, SignIn, SignedRefresh};
use slipway_sync::signing::PrivateKey;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(signed) = serde_json::from_slice::<SignedRefresh>(bytes) {
        let key = PrivateKey::from_seed(&[1; 32]).public();
        assert!(!key.verifies(&signed.payload.0, &signed.signature.0), "nobody signed this");
        let _ = serde_json::from_slice::<Refresh>(&signed.payload.0);
    }
    let _ = serde_json::from_slice::<Refresh>(bytes);
    let _ = serde_json::from_slice::<NewDevice>(bytes);
    if let Ok(sign_in) = serde_json::from_slice::<SignIn>(bytes) {
        assert!(sign_in.password.is_empty() || !format!("{sign_in:?}").contains("password"), "it is never shown");
    }
});
