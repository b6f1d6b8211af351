//! The database key: 32 random bytes, and the same wrapped by a passphrase where there is no keychain.
//!
//! The passphrase never encrypts the database itself, so that it can be changed without writing the database anew:
//! Argon2id makes a wrapping key of it, and ChaCha20-Poly1305 wraps the random key. A wrong passphrase fails to
//! authenticate and is told apart from a damaged database.

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Argon2id start values: 64 MiB, 3 passes, 1 lane, about 0.2 s on a laptop of 2020.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// Most memory that a profile file may ask for: a tampered file must not exhaust the machine.
const MEMORY_LIMIT_KIB: u32 = 1024 * 1024;
/// Most passes that a profile file may ask for.
const PASSES_LIMIT: u32 = 32;

/// 32 secret bytes; wiped from memory when dropped, never printed.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

impl SecretKey {
    /// Fresh from the operating system's generator.
    ///
    /// # Errors
    /// When the operating system has no random bytes to give.
    pub fn random() -> Result<Self, KeyError> {
        Ok(Self(Zeroizing::new(random_bytes()?)))
    }

    /// From 64 hex digits, as the keychain keeps it.
    ///
    /// # Errors
    /// When the text is no such key.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(text.trim(), bytes.as_mut_slice()).map_err(|_| KeyError::Malformed)?;
        Ok(Self(bytes))
    }

    /// 64 hex digits.
    #[must_use]
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Why a key could not be made or unwrapped.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The passphrase does not open the wrapped key.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// An empty passphrase protects nothing.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// The stored key or its parameters are not what this program wrote.
    #[error("the stored key is damaged")]
    Malformed,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

/// A key wrapped by a passphrase, as it stands in `profile.json`; holds no secret by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// Hex of the 16 byte salt.
    pub salt: String,
    /// Argon2id memory.
    pub memory_kib: u32,
    /// Argon2id passes.
    pub passes: u32,
    /// Argon2id lanes.
    pub lanes: u32,
    /// Hex of the 12 byte nonce.
    pub nonce: String,
    /// Hex of the wrapped 32 bytes and the 16 byte authentication tag.
    pub wrapped: String,
}

impl WrappedKey {
    /// Wraps a key for one profile.
    ///
    /// # Errors
    /// An empty passphrase, or no random bytes.
    pub fn wrap(key: &SecretKey, passphrase: &str, profile: Uuid) -> Result<Self, KeyError> {
        if passphrase.is_empty() {
            return Err(KeyError::EmptyPassphrase);
        }
        let salt: [u8; 16] = random_bytes()?;
        let nonce: [u8; 12] = random_bytes()?;
        let mut sealed = Zeroizing::new(key.bytes().to_vec());
        cipher(passphrase, &salt, MEMORY_KIB, PASSES, LANES)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(profile), &mut *sealed)
            .map_err(|_| KeyError::Malformed)?;
        Ok(Self {
            salt: hex::encode(salt),
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            nonce: hex::encode(nonce),
            wrapped: hex::encode(sealed.as_slice()),
        })
    }

    /// The key, given the passphrase of that profile.
    ///
    /// # Errors
    /// [`KeyError::WrongPassphrase`], or [`KeyError::Malformed`] when the parameters cannot be ours.
    pub fn unwrap(&self, passphrase: &str, profile: Uuid) -> Result<SecretKey, KeyError> {
        let within = (8..=MEMORY_LIMIT_KIB).contains(&self.memory_kib)
            && (1..=PASSES_LIMIT).contains(&self.passes)
            && (1..=16).contains(&self.lanes);
        if !within {
            return Err(KeyError::Malformed);
        }
        let salt = hex::decode(&self.salt).map_err(|_| KeyError::Malformed)?;
        let mut nonce = [0_u8; 12];
        hex::decode_to_slice(&self.nonce, &mut nonce).map_err(|_| KeyError::Malformed)?;
        let mut sealed = Zeroizing::new(hex::decode(&self.wrapped).map_err(|_| KeyError::Malformed)?);
        if sealed.len() != 48 || salt.len() != 16 {
            return Err(KeyError::Malformed);
        }
        let opened = cipher(passphrase, &salt, self.memory_kib, self.passes, self.lanes)?
            .open_in_place(Nonce::assume_unique_for_key(nonce), aad(profile), sealed.as_mut_slice())
            .map_err(|_| KeyError::WrongPassphrase)?;
        let bytes: [u8; 32] = (&*opened).try_into().map_err(|_| KeyError::Malformed)?;
        Ok(SecretKey(Zeroizing::new(bytes)))
    }
}

/// Binds the wrapped key to its profile and purpose: a key copied from another profile file does not open.
fn aad(profile: Uuid) -> Aad<Vec<u8>> {
    Aad::from(format!("slipway.key.v1|{profile}").into_bytes())
}

fn cipher(passphrase: &str, salt: &[u8], memory_kib: u32, passes: u32, lanes: u32) -> Result<LessSafeKey, KeyError> {
    let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| KeyError::Malformed)?;
    let mut wrapping = Zeroizing::new([0_u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, wrapping.as_mut_slice())
        .map_err(|_| KeyError::Malformed)?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, wrapping.as_slice()).map_err(|_| KeyError::Malformed)?;
    Ok(LessSafeKey::new(key))
}

fn random_bytes<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0_u8; N];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]
    use super::{KeyError, SecretKey, WrappedKey};
    use uuid::Uuid;

    #[test]
    fn only_the_right_passphrase_of_the_right_profile_opens_a_wrapped_key() {
        let key = SecretKey::random().unwrap();
        let profile = Uuid::from_u128(7);
        let wrapped = WrappedKey::wrap(&key, "correct horse", profile).unwrap();
        assert_eq!(wrapped.unwrap("correct horse", profile).unwrap().bytes(), key.bytes());
        assert!(matches!(wrapped.unwrap("correct hors", profile), Err(KeyError::WrongPassphrase)));
        let other = wrapped.unwrap("correct horse", Uuid::from_u128(8));
        assert!(matches!(other, Err(KeyError::WrongPassphrase)), "a key is bound to its profile");
    }

    #[test]
    fn parameters_from_a_tampered_file_are_refused_and_not_tried() {
        let key = SecretKey::random().unwrap();
        let mut wrapped = WrappedKey::wrap(&key, "correct horse", Uuid::nil()).unwrap();
        wrapped.memory_kib = u32::MAX;
        assert!(matches!(wrapped.unwrap("correct horse", Uuid::nil()), Err(KeyError::Malformed)));
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        let key = SecretKey::random().unwrap();
        assert!(matches!(WrappedKey::wrap(&key, "", Uuid::nil()), Err(KeyError::EmptyPassphrase)));
    }
}
