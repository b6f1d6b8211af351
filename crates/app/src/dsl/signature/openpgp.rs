//! OpenPGP signatures, as GnuPG and its like write them beside a file.
//!
//! Only what is believed today counts: a signature over a hash that holds, by the primary key or by a subkey that is bound
//! to it for signing, made while that key was in force and not revoked.

use super::{Outcome, retired, unknown};
use pgp::composed::{Deserializable, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType};
use pgp::types::{KeyDetails, Tag, VerifyingKey};
use slipway_domain::dsl::vendor_key::{KeyForm, VendorKey};
use slipway_store::blob::BlobError;
use std::io::{self, Write};
use std::path::PathBuf;

/// Most signatures of one file: a vendor signs with some keys while one takes the place of another.
const SIGNATURES: usize = 8;
/// What every armoured signature begins with.
pub const ARMOUR: &str = "-----BEGIN PGP SIGNATURE-----";
/// What every armoured key begins with.
pub const KEY_ARMOUR: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// Whether bytes that are no text may be a signature: the tag of the first packet says so.
pub fn is_binary(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(0x88..=0x8b | 0xc2))
}

/// Reads the signatures of a file.
///
/// # Errors
/// Why they are none, in a sentence without its end.
pub fn read(bytes: &[u8]) -> Result<Vec<Signature>, String> {
    let why = |e: pgp::errors::Error| format!("it is no OpenPGP signature ({e})");
    let read: Vec<DetachedSignature> = if is_binary(bytes) {
        DetachedSignature::from_bytes_many(bytes)
            .map_err(why)?
            .take(SIGNATURES)
            .collect::<Result<_, _>>()
            .map_err(why)?
    } else {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no text".to_owned())?;
        let (many, _) = DetachedSignature::from_string_many(text).map_err(why)?;
        many.take(SIGNATURES).collect::<Result<_, _>>().map_err(why)?
    };
    if read.is_empty() {
        return Err("it holds no OpenPGP signature".to_owned());
    }
    Ok(read.into_iter().map(|one| one.signature).collect())
}

/// Reads a key.
///
/// # Errors
/// Why it is none, in a sentence without its end.
pub fn key(text: &str) -> Result<SignedPublicKey, String> {
    let (key, _) = SignedPublicKey::from_string(text.trim()).map_err(|e| format!("it is no OpenPGP key ({e})"))?;
    if said_of_itself(&key).is_empty() {
        return Err("it is no OpenPGP key that says anything of itself".to_owned());
    }
    Ok(key)
}

/// The fingerprint of a key, as people compare it.
pub fn fingerprint(key: &SignedPublicKey) -> String {
    key.fingerprint().to_string().to_uppercase()
}

/// What the key's owner signed about it: when it ends.
fn said_of_itself(key: &SignedPublicKey) -> Vec<&Signature> {
    let primary = &key.primary_key;
    let of_users = key.details.users.iter().flat_map(|user| {
        let own = move |s: &&Signature| {
            s.typ() != Some(SignatureType::CertRevocation)
                && s.verify_certification(primary, Tag::UserId, &user.id).is_ok()
        };
        user.signatures.iter().filter(own)
    });
    let direct = key.details.direct_signatures.iter().filter(|s| s.verify_key(primary).is_ok());
    of_users.chain(direct).collect()
}

/// Seconds since 1970; 0 where a signature does not say when it was made.
fn made(signature: &Signature) -> u64 {
    signature.created().map_or(0, |at| u64::from(at.as_secs()))
}

/// Why a key was not in force when a signature was made: by the last word of its owner.
fn against(created: u64, said: &[&Signature], at: u64) -> Option<&'static str> {
    if at < created {
        return Some("it is older than the key");
    }
    let last = said.iter().max_by_key(|s| made(s))?;
    let seconds = last.key_expiration_time().map_or(0, |d| std::time::Duration::from(d).as_secs());
    (seconds > 0 && at >= created.saturating_add(seconds)).then_some("the key had expired when it was made")
}

/// Words of the owner about a subkey: those that bind it for signing, unless one takes it back.
fn bindings<'a>(key: &SignedPublicKey, subkey: &'a SignedPublicSubKey) -> Result<Vec<&'a Signature>, &'static str> {
    let sound = |s: &&Signature| s.verify_subkey_binding(&key.primary_key, &subkey.key).is_ok();
    let sound: Vec<&Signature> = subkey.signatures.iter().filter(sound).collect();
    if sound.iter().any(|s| s.typ() == Some(SignatureType::SubkeyRevocation)) {
        return Err("the subkey was revoked");
    }
    let signs = |s: &&Signature| {
        let back = s.embedded_signature();
        s.key_flags().sign()
            && back.is_some_and(|back| back.verify_primary_key_binding(&subkey.key, &key.primary_key).is_ok())
    };
    let signing: Vec<&Signature> = sound.into_iter().filter(signs).collect();
    if signing.is_empty() { Err("it is by a subkey that may not sign") } else { Ok(signing) }
}

/// Who signed, if it is this key: the key or subkey, and what speaks against it.
fn signer<'a>(key: &'a SignedPublicKey, signature: &Signature) -> Option<(&'a dyn Verifies, Option<&'static str>)> {
    let is_by = |one: &dyn KeyDetails| {
        signature.issuer_fingerprint().contains(&&one.fingerprint())
            || signature.issuer_key_id().contains(&&one.legacy_key_id())
    };
    let at = made(signature);
    let created = |one: &dyn KeyDetails| u64::from(one.created_at().as_secs());
    let primary = &key.primary_key;
    let revoked = key.details.revocation_signatures.iter().any(|s| s.verify_key(primary).is_ok());
    let of_primary = match revoked {
        true => Some("the key was revoked by its owner"),
        false => against(created(primary), &said_of_itself(key), at),
    };
    if is_by(primary) {
        let may = said_of_itself(key).iter().max_by_key(|s| made(s)).is_some_and(|s| s.key_flags().sign());
        return Some((primary, of_primary.or((!may).then_some("it is by a key that may not sign"))));
    }
    let subkey = key.public_subkeys.iter().find(|subkey| is_by(&subkey.key))?;
    let of_subkey = match bindings(key, subkey) {
        Ok(bound) => against(created(&subkey.key), &bound, at),
        Err(why) => Some(why),
    };
    Some((&subkey.key, of_primary.or(of_subkey)))
}

/// A key or subkey by which bytes are verified.
trait Verifies: Sync {
    fn verifies(&self, signature: &Signature, bytes: io::PipeReader) -> bool;
}

impl<K: VerifyingKey + Sync> Verifies for K {
    fn verifies(&self, signature: &Signature, mut bytes: io::PipeReader) -> bool {
        let good = signature.verify(self, &mut bytes).is_ok();
        // What was not looked at is read too: who pours waits for it.
        io::copy(&mut bytes, &mut io::sink()).is_ok() && good
    }
}

/// Whether the form of a signature is one that holds.
fn weak(signature: &Signature) -> Option<&'static str> {
    use HashAlgorithm::{Sha3_256, Sha3_512, Sha256, Sha384, Sha512};
    if !matches!(signature.hash_alg(), Some(Sha256 | Sha384 | Sha512 | Sha3_256 | Sha3_512)) {
        return Some("it is over a hash that is too weak to be believed");
    }
    if !matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text)) {
        return Some("it is no signature of a file");
    }
    signature
        .signature_expiration_time()
        .filter(|d| std::time::Duration::from(*d).as_secs() > 0)
        .map(|_| "it holds for some time only")
}

/// Verifies the signatures with those of the keys that fit: one that is good is enough.
///
/// # Errors
/// That the bytes cannot be read.
pub fn verify<E: From<BlobError>>(
    signatures: &[Signature],
    keys: &[VendorKey],
    pour: &mut dyn FnMut(&mut dyn Write) -> Result<(), E>,
) -> Result<Outcome, E> {
    let mut outcome = unknown();
    for signature in signatures {
        for kept in keys.iter().filter(|key| key.form == KeyForm::OpenPgp) {
            let Ok(key) = key(&kept.key) else { continue };
            let Some((signer, against)) = signer(&key, signature) else { continue };
            if let Some(why) = weak(signature).or(against) {
                outcome = Outcome::Bad(format!("{why} ({})", kept.name));
                continue;
            }
            if !poured(signer, signature, pour)? {
                outcome = Outcome::Bad(format!("it is by the key {}, but of other bytes", kept.name));
                continue;
            }
            match retired(kept) {
                Some(retired) => outcome = retired,
                None => return Ok(Outcome::Good { key: kept.name.clone(), said: String::new() }),
            }
        }
    }
    Ok(outcome)
}

/// Pours the bytes through a pipe: what verifies reads them, what has them writes.
fn poured<E: From<BlobError>>(
    signer: &dyn Verifies,
    signature: &Signature,
    pour: &mut dyn FnMut(&mut dyn Write) -> Result<(), E>,
) -> Result<bool, E> {
    let no_pipe = |source| BlobError::Io { path: PathBuf::from("a pipe"), source };
    let (reader, mut writer) = io::pipe().map_err(no_pipe)?;
    std::thread::scope(|scope| {
        let verifying = scope.spawn(move || signer.verifies(signature, reader));
        let poured = pour(&mut writer);
        drop(writer);
        let good = verifying.join().unwrap_or(false);
        poured.map(|()| good)
    })
}

#[cfg(test)]
mod tests;
