//! Carry files: whatever stands on a stick is read or refused, and never more is unpacked than a limit allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_sync::carry::voucher::SignedVoucher;
use slipway_sync::carry::{Opening, Outside, Part, seal};
use slipway_sync::signing::PrivateKey;

fuzz_target!(|bytes: &[u8]| {
    let key = PrivateKey::from_seed(&[7; 32]);
    // As a whole file: the first line, then the seal.
    if let Ok(outside) = Outside::read(bytes) {
        assert!(outside.line <= bytes.len() && outside.line <= 64);
        let _ = seal::open(&bytes[outside.line..], seal::Open::Key(&key)).map(Opening::begin);
    }
    // As what is sealed: a manifest and its parts, whoever signed it.
    let Ok(opening) = Opening::begin(bytes) else { return };
    let of = opening.claims().parts.len();
    let mut reader = opening.unverified();
    let mut read = 0;
    while let Ok(Some(part)) = reader.next_part() {
        read += 1;
        if let Part::Voucher(voucher) = part {
            assert!(SignedVoucher::open(&voucher, "slipway/x", &key.public()).is_err(), "nobody signed it");
        }
    }
    assert!(read <= of);
});
