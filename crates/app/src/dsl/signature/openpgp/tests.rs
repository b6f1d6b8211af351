#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::super::tests::{key, verified_bytes};
use super::super::{Outcome, Signature, look};
use rstest::rstest;
use slipway_domain::dsl::vendor_key::{KeyForm, VendorKey};
use slipway_store::blob::BlobError;

/// What was signed, by GnuPG.
const BYTES: &[u8] = b"the signed bytes\n";
const QUAYSIDE: &str = include_str!("key-quayside.asc");
const OLD: &str = include_str!("key-old.asc");
const LEAKED: &str = include_str!("key-leaked.asc");
const GOOD: &[u8] = include_bytes!("good.asc");

fn keys() -> [VendorKey; 3] {
    [("Quayside", QUAYSIDE), ("Old", OLD), ("Leaked", LEAKED)].map(|(name, text)| key(name, KeyForm::OpenPgp, text))
}

#[rstest]
#[case::armoured_by_a_subkey(GOOD, "Quayside")]
#[case::binary(include_bytes!("good.sig"), "Quayside")]
#[case::of_text(include_bytes!("text.asc"), "Quayside")]
#[case::while_the_key_was_in_force(include_bytes!("old-good.asc"), "Old")]
fn what_gnupg_signed_is_verified(#[case] signature: &[u8], #[case] by: &str) {
    let good = Outcome::Good { key: by.into(), said: String::new() };
    assert_eq!(verified_bytes(signature, &keys(), BYTES), good);
}

#[rstest]
#[case::other_bytes(GOOD, b"The signed bytes\n", "other bytes")]
#[case::nothing(GOOD, b"", "other bytes")]
#[case::longer(GOOD, b"the signed bytes\n\n", "other bytes")]
#[case::weak_hash(include_bytes!("weak.asc"), BYTES, "too weak")]
#[case::expired(include_bytes!("old-late.asc"), BYTES, "had expired")]
#[case::revoked(include_bytes!("leaked.asc"), BYTES, "revoked by its owner")]
fn what_is_not_signed_so_is_bad(#[case] signature: &[u8], #[case] bytes: &[u8], #[case] why: &str) {
    let outcome = verified_bytes(signature, &keys(), bytes);
    assert!(matches!(&outcome, Outcome::Bad(said) if said.contains(why)), "{outcome:?}");
}

#[test]
fn a_key_that_is_not_kept_or_was_retired_is_not_believed() {
    let [quayside, old, _] = keys();
    let said = |keys: &[VendorKey]| verified_bytes(GOOD, keys, BYTES);
    assert!(matches!(said(&[old]), Outcome::Bad(why) if why.contains("not kept here")));
    let retired = VendorKey { retired_because: "moved".into(), ..quayside };
    assert!(matches!(said(&[retired]), Outcome::Bad(why) if why.contains("retired: moved")));
}

/// A byte of a key or signature changed is found, or the whole is no key or signature: never is it good.
#[test]
fn forged_keys_and_signatures_are_never_good() {
    let [quayside, ..] = keys();
    let binary = include_bytes!("good.sig");
    for at in 0..binary.len() {
        let mut forged = binary.to_vec();
        forged[at] ^= 1;
        let Ok(signature) = Signature::read(&forged) else { continue };
        let outcome = signature.verify::<BlobError>(std::slice::from_ref(&quayside), &mut |to| {
            to.write_all(BYTES).map_err(|_| BlobError::Stopped)
        });
        // Outside the hashed part there is a hint at the signer, and how long two numbers are: neither is what was signed.
        let hint = (39..49).contains(&at) || (51..53).contains(&at) || (85..87).contains(&at);
        assert!(hint || !matches!(&outcome, Ok(Outcome::Good { .. })), "byte {at}");
    }
    assert_eq!(look(KeyForm::OpenPgp, QUAYSIDE).unwrap().len(), 40);
    for (n, line) in QUAYSIDE.lines().enumerate().filter(|(_, line)| line.len() == 64) {
        let cut: Vec<&str> = QUAYSIDE.lines().filter(|other| *other != line).collect();
        let cut = key("Quayside", KeyForm::OpenPgp, &cut.join("\n"));
        let outcome = verified_bytes(GOOD, &[cut], BYTES);
        assert!(matches!(outcome, Outcome::Bad(_)), "line {n}: {outcome:?}");
    }
    assert!(
        look(KeyForm::OpenPgp, "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----").is_err()
    );
}
