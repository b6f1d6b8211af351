#![allow(clippy::unwrap_used)]

use super::{Outcome, Signature, look};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use rstest::rstest;
use slipway_domain::dsl::vendor_key::{KeyForm, VendorKey};
use slipway_domain::id::{PersonId, VendorKeyId};
use slipway_domain::time::Timestamp;
use slipway_store::blob::BlobError;
use ssh_key::private::{Ed25519Keypair, PrivateKey};
use ssh_key::{HashAlg, LineEnding};
use uuid::Uuid;

/// A key and a signature of `test` in the present form, as minisign writes them.
const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
const HASHED: &str = "untrusted comment: signature from minisign secret key\n\
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
trusted comment: timestamp:1633700835\tfile:test\tprehashed\n\
wLMDjy9FLAuxZ3q4NlEvkgtyhrr0gtTu6KC4KBJdITbbOeAi1zBIYo0v4iTgt8jJpIidRJnp94ABQkJAgAooBQ==";

pub(super) fn key(name: &str, form: KeyForm, key: &str) -> VendorKey {
    VendorKey {
        id: VendorKeyId(Uuid::from_u128(1)),
        vendor: "Quayside".into(),
        name: name.into(),
        form,
        key: key.into(),
        by: PersonId(Uuid::from_u128(2)),
        at: Timestamp(0),
        retired_because: String::new(),
    }
}

/// A key and a signature in the old form, which is over the bytes themselves.
fn legacy(seed: u8, number: u8, bytes: &[u8]) -> (VendorKey, String) {
    let signing = SigningKey::from_bytes(&[seed; 32]);
    let public = [b"Ed".as_slice(), &[number; 8], signing.verifying_key().as_bytes()].concat();
    let signature = signing.sign(bytes).to_bytes();
    let comment = "build 7";
    let global = signing.sign(&[signature.as_slice(), comment.as_bytes()].concat()).to_bytes();
    let packet = [b"Ed".as_slice(), &[number; 8], &signature].concat();
    let text = format!(
        "untrusted comment: x\n{}\ntrusted comment: {comment}\n{}",
        STANDARD.encode(packet),
        STANDARD.encode(global)
    );
    (key("Quayside 2026", KeyForm::Minisign, &STANDARD.encode(public)), text)
}

fn ssh(seed: u8, namespace: &str, bytes: &[u8]) -> (VendorKey, String) {
    let private = PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
    let signature = private.sign(namespace, HashAlg::Sha512, bytes).unwrap().to_pem(LineEnding::LF).unwrap();
    (key("Halden builds", KeyForm::Ssh, &private.public_key().to_openssh().unwrap()), signature)
}

fn verified(signature: &str, keys: &[VendorKey], bytes: &[u8]) -> Outcome {
    verified_bytes(signature.as_bytes(), keys, bytes)
}

pub(super) fn verified_bytes(signature: &[u8], keys: &[VendorKey], bytes: &[u8]) -> Outcome {
    let signature = Signature::read(signature).unwrap();
    let poured = signature.verify::<BlobError>(keys, &mut |to| {
        bytes.chunks(3).for_each(|part| to.write_all(part).unwrap());
        Ok(())
    });
    poured.unwrap()
}

fn good(key: &str, said: &str) -> Outcome {
    Outcome::Good { key: key.into(), said: said.into() }
}

#[test]
fn signatures_of_every_form_verify_with_the_key_that_made_them() {
    let known = key("Jedi", KeyForm::Minisign, &format!("untrusted comment: minisign public key\n{KEY}"));
    assert_eq!(verified(HASHED, &[known], b"test"), good("Jedi", "timestamp:1633700835\tfile:test\tprehashed"));
    let (old, signature) = legacy(1, 7, b"payroll");
    let (other, _) = legacy(2, 8, b"");
    let (halden, ssh) = ssh(3, "file", b"payroll");
    let keys = [other, old, halden];
    assert_eq!(verified(&signature, &keys, b"payroll"), good("Quayside 2026", "build 7"));
    assert_eq!(verified(&ssh, &keys, b"payroll"), good("Halden builds", ""));
}

#[test]
fn what_is_not_signed_so_is_told_apart() {
    let bad = |outcome: Outcome, why: &str| {
        assert!(matches!(&outcome, Outcome::Bad(said) if said.contains(why)), "{why}: {outcome:?}");
    };
    let (old, signature) = legacy(1, 7, b"payroll");
    let (halden, of_ssh) = ssh(3, "file", b"payroll");
    bad(verified(&signature, std::slice::from_ref(&old), b"payrolL"), "other bytes");
    bad(verified(&of_ssh, std::slice::from_ref(&halden), b"payrolL"), "other bytes");
    bad(verified(HASHED, &[key("Jedi", KeyForm::Minisign, KEY)], b"tesT"), "other bytes");
    bad(verified(&signature, std::slice::from_ref(&halden), b"payroll"), "not kept here");
    bad(verified(&of_ssh, std::slice::from_ref(&old), b"payroll"), "not kept here");
    // Another key under the same number.
    let (impostor, _) = legacy(9, 7, b"");
    bad(verified(&signature, &[impostor], b"payroll"), "other bytes");
    let retired = VendorKey { retired_because: "leaked".into(), ..old };
    bad(verified(&signature, &[retired], b"payroll"), "retired: leaked");
    let retired = VendorKey { retired_because: "leaked".into(), ..halden };
    bad(verified(&of_ssh, &[retired], b"payroll"), "retired: leaked");
    let (git, commit) = ssh(4, "git", b"payroll");
    bad(verified(&commit, &[git], b"payroll"), "no signature of a file");
}

#[rstest]
#[case("-----BEGIN PGP SIGNATURE-----\n\niQIz\n-----END PGP SIGNATURE-----")]
#[case("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----")]
#[case("untrusted comment: x\nRUQ")]
#[case("")]
fn what_is_no_signature_says_so(#[case] text: &str) {
    assert!(Signature::read(text.as_bytes()).is_err());
}

#[test]
fn a_key_is_looked_at_before_it_is_kept() {
    assert!(look(KeyForm::Minisign, KEY).is_ok());
    assert!(look(KeyForm::Minisign, "ssh-ed25519 AAAA").is_err());
    let (halden, _) = ssh(3, "file", b"");
    assert!(look(KeyForm::Ssh, &halden.key).unwrap().starts_with("SHA256:"));
    assert!(look(KeyForm::Ssh, KEY).is_err());
}
