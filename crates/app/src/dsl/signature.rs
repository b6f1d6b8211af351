//! Signatures of vendors: minisign, OpenPGP and SSH, verified with the keys that are kept. Files are streamed, never held.

use slipway_domain::dsl::vendor_key::{KeyForm, VendorKey};
use slipway_store::blob::BlobError;
use ssh_key::{HashAlg, PublicKey as SshKey, SshSig};
use std::io::{self, Write};

mod openpgp;

/// Most bytes of a signature.
pub const SIGNATURE_BYTES: u64 = 64 * 1024;
/// What `ssh-keygen -Y sign -n file` says that a signature is for.
const NAMESPACE: &str = "file";
/// Most bytes of a file under a signature of the old form, which is over the file itself and not over its hash.
const LEGACY_BYTES: usize = 64 * 1024 * 1024;

/// What became of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is of these bytes, by this key.
    Good {
        /// The key's name.
        key: String,
        /// What the signer said with it, where that is signed too.
        said: String,
    },
    /// It is not, or not by a key that is believed; why, in a sentence without its end.
    Bad(String),
}

/// A signature that was read.
pub enum Signature {
    /// By minisign.
    Minisign(Box<minisign_verify::Signature>),
    /// By `ssh-keygen`.
    Ssh(Box<SshSig>),
    /// By GnuPG and its like; a file may be signed by several keys at once.
    OpenPgp(Vec<pgp::packet::Signature>),
}

impl Signature {
    /// Reads one.
    ///
    /// # Errors
    /// Why it is none, in a sentence without its end.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        if openpgp::is_binary(bytes) {
            return openpgp::read(bytes).map(Self::OpenPgp);
        }
        let text = std::str::from_utf8(bytes).unwrap_or_default().trim();
        if text.starts_with(openpgp::ARMOUR) {
            return openpgp::read(text.as_bytes()).map(Self::OpenPgp);
        }
        if text.starts_with("-----BEGIN SSH SIGNATURE-----") {
            let read = SshSig::from_pem(text).map_err(|e| format!("it is no SSH signature ({e})"))?;
            return Ok(Self::Ssh(Box::new(read)));
        }
        if text.starts_with("untrusted comment:") {
            let read = minisign_verify::Signature::decode(text);
            return read
                .map(|read| Self::Minisign(Box::new(read)))
                .map_err(|e| format!("it is no minisign signature ({e})"));
        }
        Err("it is none of minisign, OpenPGP or SSH".to_owned())
    }

    /// Verifies it with those of the keys that fit. `pour` writes the signed bytes.
    ///
    /// # Errors
    /// That the bytes cannot be read.
    pub fn verify<E: From<BlobError>>(
        &self,
        keys: &[VendorKey],
        pour: &mut dyn FnMut(&mut dyn Write) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        match self {
            Self::Minisign(signature) => minisign(signature, keys, pour),
            Self::Ssh(signature) => ssh(signature, keys, pour),
            Self::OpenPgp(signatures) => openpgp::verify(signatures, keys, pour),
        }
    }
}

/// Whether a key can be read; its fingerprint or number.
///
/// # Errors
/// Why it cannot, in a sentence without its end.
pub fn look(form: KeyForm, key: &str) -> Result<String, String> {
    match form {
        KeyForm::Minisign => {
            minisign_key(key).map(|_| key.lines().last().unwrap_or_default().chars().take(16).collect())
        }
        KeyForm::Ssh => ssh_key_of(key).map(|key| key.fingerprint(HashAlg::Sha256).to_string()),
        KeyForm::OpenPgp => openpgp::key(key).map(|key| openpgp::fingerprint(&key)),
    }
}

/// For which signatures a key is, seen from how it begins.
pub fn form_of(key: &str) -> KeyForm {
    let key = key.trim_start();
    if key.starts_with("ssh-") || key.starts_with("ecdsa-") {
        KeyForm::Ssh
    } else if key.starts_with(openpgp::KEY_ARMOUR) {
        KeyForm::OpenPgp
    } else {
        KeyForm::Minisign
    }
}

fn minisign_key(key: &str) -> Result<minisign_verify::PublicKey, String> {
    let key = key.trim();
    let read = if key.contains('\n') {
        minisign_verify::PublicKey::decode(key)
    } else {
        minisign_verify::PublicKey::from_base64(key)
    };
    read.map_err(|e| format!("it is no minisign key ({e})"))
}

fn ssh_key_of(key: &str) -> Result<SshKey, String> {
    SshKey::from_openssh(key.trim()).map_err(|e| format!("it is no SSH key ({e})"))
}

fn retired(key: &VendorKey) -> Option<Outcome> {
    let why = &key.retired_because;
    (!why.is_empty()).then(|| Outcome::Bad(format!("it is by the key {}, which was retired: {why}", key.name)))
}

fn unknown() -> Outcome {
    Outcome::Bad("it is by a key that is not kept here".to_owned())
}

fn minisign<E>(
    signature: &minisign_verify::Signature,
    keys: &[VendorKey],
    pour: &mut dyn FnMut(&mut dyn Write) -> Result<(), E>,
) -> Result<Outcome, E> {
    let said = signature.trusted_comment().to_owned();
    for kept in keys.iter().filter(|key| key.form == KeyForm::Minisign) {
        let Ok(key) = minisign_key(&kept.key) else { continue };
        let verified = match key.verify_stream(signature) {
            Err(minisign_verify::Error::UnexpectedKeyId) => continue,
            Err(_) => {
                let mut held = Bounded(Vec::new());
                pour(&mut held)?;
                if held.0.len() > LEGACY_BYTES {
                    return Ok(Outcome::Bad(
                        "it is of the old form, which is not for files as large as this".to_owned(),
                    ));
                }
                key.verify(&held.0, signature, true)
            }
            Ok(mut stream) => {
                pour(&mut Fed(|bytes: &[u8]| stream.update(bytes)))?;
                stream.finalize()
            }
        };
        return Ok(match (verified, retired(kept)) {
            (Err(_), _) => Outcome::Bad(format!("it is by the key {}, but of other bytes", kept.name)),
            (Ok(()), Some(retired)) => retired,
            (Ok(()), None) => Outcome::Good { key: kept.name.clone(), said },
        });
    }
    Ok(unknown())
}

fn ssh<E>(
    signature: &SshSig,
    keys: &[VendorKey],
    pour: &mut dyn FnMut(&mut dyn Write) -> Result<(), E>,
) -> Result<Outcome, E> {
    for kept in keys.iter().filter(|key| key.form == KeyForm::Ssh) {
        let Ok(key) = ssh_key_of(&kept.key) else { continue };
        if key.key_data() != signature.public_key() {
            continue;
        }
        if signature.namespace() != NAMESPACE {
            return Ok(Outcome::Bad(format!("it is no signature of a file but of {:?}", signature.namespace())));
        }
        let hash = match signature.hash_alg() {
            HashAlg::Sha256 => hashed::<sha2::Sha256, E>(pour)?,
            HashAlg::Sha512 => hashed::<sha2::Sha512, E>(pour)?,
            _ => return Ok(Outcome::Bad("it is over a hash that this program does not know".to_owned())),
        };
        return Ok(match (key.verify_prehash(NAMESPACE, &hash, signature), retired(kept)) {
            (Err(_), _) => Outcome::Bad(format!("it is by the key {}, but of other bytes", kept.name)),
            (Ok(()), Some(retired)) => retired,
            (Ok(()), None) => Outcome::Good { key: kept.name.clone(), said: String::new() },
        });
    }
    Ok(unknown())
}

fn hashed<D: sha2::Digest, E>(pour: &mut dyn FnMut(&mut dyn Write) -> Result<(), E>) -> Result<Vec<u8>, E> {
    let mut hash = D::new();
    pour(&mut Fed(|bytes: &[u8]| hash.update(bytes)))?;
    Ok(hash.finalize().to_vec())
}

/// Hands on what is written.
pub struct Fed<F: FnMut(&[u8])>(pub F);

impl<F: FnMut(&[u8])> Write for Fed<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.0)(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Holds what is written, up to a limit; what is beyond it is only known to be there.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = (LEGACY_BYTES + 1).saturating_sub(self.0.len());
        self.0.extend(bytes.iter().take(left));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
