//! Signatures over exact bytes: what is signed is sent, stored and verified as it is, never written anew.

use crate::encoding::{Base64, decode, encode, hex};
use crate::protocol::{Refresh, SignedCommand, SignedRefresh};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_domain::command::Envelope;
use slipway_domain::id::DeviceId;

/// An Ed25519 public key that is known to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, description = "32 bytes in base64")]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key in these 32 bytes.
    ///
    /// # Errors
    /// [`BadKey`] if they are none, or a weak one.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadKey> {
        let array: [u8; 32] = bytes.try_into().map_err(|_| BadKey)?;
        let key = VerifyingKey::from_bytes(&array).map_err(|_| BadKey)?;
        if key.is_weak() { Err(BadKey) } else { Ok(Self(key)) }
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The same point as a key for agreements (X25519), for which only the holder of the private half can read.
    #[must_use]
    pub(crate) fn for_agreement(&self) -> [u8; 32] {
        self.0.to_montgomery().to_bytes()
    }

    /// Whether the signature over exactly these bytes is by this key.
    #[must_use]
    pub fn verifies(&self, payload: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.0.verify_strict(payload, &signature).is_ok())
    }
}

/// Bytes that are no public key.
#[derive(Debug, thiserror::Error)]
#[error("not an Ed25519 public key in base64")]
pub struct BadKey;

impl TryFrom<String> for PublicKey {
    type Error = BadKey;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_bytes(&decode(&text).ok_or(BadKey)?)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        encode(&key.to_bytes())
    }
}

/// The private key of a device or of the server's log.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// The key of a seed: 32 bytes from the operating system's generator, kept in the keychain.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The private half of [`PublicKey::for_agreement`].
    #[must_use]
    pub(crate) fn for_agreement(&self) -> [u8; 32] {
        self.0.to_scalar_bytes()
    }

    /// 64 bytes over exactly these.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> Vec<u8> {
        self.0.sign(payload).to_bytes().to_vec()
    }
}

/// A command that cannot be written as JSON, which no present command can cause.
#[derive(Debug, thiserror::Error)]
#[error("the command cannot be written as JSON: {0}")]
pub struct Unwritable(#[from] serde_json::Error);

/// Writes the envelope once and signs those bytes.
///
/// # Errors
/// [`Unwritable`].
pub fn sign<C: Serialize>(envelope: &Envelope<C>, key: &PrivateKey) -> Result<SignedCommand, Unwritable> {
    let payload = serde_json::to_vec(envelope)?;
    let signature = key.sign(&payload);
    Ok(SignedCommand { payload: Base64(payload), signature: Base64(signature) })
}

/// Writes and signs a request for fresh tokens.
///
/// # Errors
/// [`Unwritable`].
pub fn sign_refresh(device: DeviceId, refresh_token: &str, key: &PrivateKey) -> Result<SignedRefresh, Unwritable> {
    let payload = serde_json::to_vec(&Refresh {
        domain: Refresh::DOMAIN.to_owned(),
        device,
        refresh_token: refresh_token.to_owned(),
    })?;
    let signature = key.sign(&payload);
    Ok(SignedRefresh { payload: Base64(payload), signature: Base64(signature) })
}

impl SignedCommand {
    /// Whether the device with this key signed exactly this payload.
    #[must_use]
    pub fn verifies(&self, key: &PublicKey) -> bool {
        key.verifies(&self.payload.0, &self.signature.0)
    }

    /// Link of the device's chain: what the next envelope gives as `previous`.
    #[must_use]
    pub fn hash(&self) -> String {
        chain_hash(&self.payload.0)
    }
}

/// Lower-case hex of the SHA-256 of a payload.
#[must_use]
pub fn chain_hash(payload: &[u8]) -> String {
    hex(&Sha256::digest(payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_these_bytes_and_this_key_only() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let signature = key.sign(b"a");
        assert!(key.public().verifies(b"a", &signature), "as signed");
        assert!(!key.public().verifies(b"b", &signature), "other bytes");
        assert!(!PrivateKey::from_seed(&[8; 32]).public().verifies(b"a", &signature), "other key");
        assert!(!key.public().verifies(b"a", &signature[..63]), "cut short");
    }

    #[test]
    fn a_weak_key_is_no_key() {
        assert!(PublicKey::from_bytes(&[0; 32]).is_err(), "a small-order point verifies anything");
        assert!(PublicKey::from_bytes(&[1; 31]).is_err(), "too short");
    }
}
