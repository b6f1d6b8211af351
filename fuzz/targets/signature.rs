//! A signature beside a file, and a vendor's key: none that was not made with the key is good.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_app::dsl::signature::{Outcome, Signature, form_of, look};
use slipway_domain::dsl::vendor_key::{KeyForm, VendorKey};
use slipway_domain::id::{PersonId, VendorKeyId};
use slipway_domain::time::Timestamp;
use slipway_store::blob::BlobError;
use std::io::Write;
use uuid::Uuid;

/// The one file whose signature by the first key is public.
const SIGNED: &[u8] = b"test";
const KEYS: [(KeyForm, &str); 2] = [
    (KeyForm::Minisign, "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"),
    (KeyForm::Ssh, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ"),
];

fn kept(form: KeyForm, key: &str) -> VendorKey {
    VendorKey {
        id: VendorKeyId(Uuid::nil()),
        vendor: "Quayside".into(),
        name: "2026".into(),
        form,
        key: key.into(),
        by: PersonId(Uuid::nil()),
        at: Timestamp(0),
        retired_because: String::new(),
    }
}

/// Hands a file on in pieces, as it is read from the store.
fn poured(to: &mut dyn Write, bytes: &[u8]) -> Result<(), BlobError> {
    bytes.chunks(3).try_for_each(|piece| to.write_all(piece)).map_err(|_| BlobError::NotHere)
}

fuzz_target!(|bytes: &[u8]| {
    // A key, NUL, a signature.
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let key = str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
    let signature = parts.next().unwrap_or_default();
    let mut keys: Vec<VendorKey> = KEYS.into_iter().map(|(form, key)| kept(form, key)).collect();
    // Such a key may have been made for the signature: only reading it must hold.
    let theirs = look(form_of(key), key).is_ok();
    if theirs {
        keys.push(kept(form_of(key), key));
    }
    let Ok(signature) = Signature::read(signature) else { return };
    let outcome = signature.verify(&keys, &mut |to| poured(to, b"no file of theirs"));
    assert!(theirs || matches!(outcome, Ok(Outcome::Bad(_))), "nobody signed these bytes");
    let _ = signature.verify(&keys, &mut |to| poured(to, SIGNED));
});
