//! Where device key and tokens are kept: in the keychain, or, in a profile with a passphrase, inside the encrypted
//! database.

use crate::error::CallError;
use crate::keychain::{Keychain, KeychainError};
use crate::profile::{KeyKeeping, Profile, device_account, token_account};
use serde::{Deserialize, Serialize};
use slipway_domain::id::DeviceId;
use slipway_store::Store;
use slipway_store::error::StoreError;
use slipway_sync::protocol::Session;
use slipway_sync::signing::PrivateKey;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

/// Name in the database for what the keychain would keep in `device`.
const DEVICE: &str = "vault.device";
/// Name in the database for what the keychain would keep in `tokens`.
const TOKENS: &str = "vault.tokens";

/// Keeps a profile's secrets other than the database key.
#[derive(Clone)]
pub enum Vault {
    /// The operating system's keychain.
    Keychain {
        /// The keychain.
        keychain: Arc<dyn Keychain>,
        /// Names the entries.
        profile: Uuid,
    },
    /// The encrypted database.
    Database(Arc<Store>),
}

/// Tokens of a device, as they are kept.
#[derive(Clone, Serialize, Deserialize)]
pub struct Tokens {
    /// The device they are bound to.
    pub device: String,
    /// Bearer token.
    pub access: String,
    /// When the bearer token ends, by this computer's clock.
    pub access_ends_at: i64,
    /// For fresh tokens.
    pub refresh: String,
}

impl Tokens {
    /// Tokens of a session that was answered just now; the server's clock need not agree with ours.
    #[must_use]
    pub fn of(session: &Session, now_ms: i64) -> Self {
        let life = session.access_expires_at.0.saturating_sub(session.server_time.0);
        Self {
            device: session.device.to_string(),
            access: session.access_token.clone(),
            access_ends_at: now_ms.saturating_add(life),
            refresh: session.refresh_token.clone(),
        }
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.access.zeroize();
        self.refresh.zeroize();
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("device", &self.device).finish_non_exhaustive()
    }
}

/// Why a secret was not kept or found.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The keychain.
    #[error("Key and tokens of this device cannot be reached: {0}.")]
    Keychain(#[from] KeychainError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keychain or the database holds something else.
    #[error("The {what} kept for this profile cannot be read.")]
    Damaged {
        /// What.
        what: &'static str,
    },
    /// The key that signs for this device is not there.
    #[error("The keychain has no signing key for this device: it is locked, or the key was lost.")]
    NoDeviceKey,
}

impl From<VaultError> for CallError {
    fn from(error: VaultError) -> Self {
        let sentence = error.to_string();
        match error {
            VaultError::Keychain(e) => Self::trouble(e.code(), sentence, e.way_out()),
            VaultError::Store(e) => e.into(),
            VaultError::Damaged { .. } => {
                Self::trouble("SECRET_DAMAGED", sentence, "Sign in again; what waits for the server is kept.")
            }
            VaultError::NoDeviceKey => Self::trouble(
                "DEVICE_KEY_LOCKED_OR_LOST",
                sentence,
                "Unlock the keychain and try again; if the key is lost, make a new profile and sign in there.",
            ),
        }
    }
}

/// Seeds by device: two of them only while a device takes a new identity.
#[derive(Default, Serialize, Deserialize)]
struct Seeds(BTreeMap<String, String>);

impl Drop for Seeds {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

impl Vault {
    /// The vault of a profile.
    #[must_use]
    pub fn of(profile: &Profile, store: &Arc<Store>, keychain: &Arc<dyn Keychain>) -> Self {
        match profile.key() {
            KeyKeeping::Keychain => Self::Keychain { keychain: keychain.clone(), profile: profile.id() },
            KeyKeeping::Passphrase(_) => Self::Database(store.clone()),
        }
    }

    fn get(&self, account: fn(Uuid) -> String, name: &str) -> Result<Option<Zeroizing<String>>, VaultError> {
        Ok(match self {
            Self::Keychain { keychain, profile } => keychain.get(&account(*profile))?,
            Self::Database(store) => store.remembered(name)?.filter(|text| !text.is_empty()).map(Zeroizing::new),
        })
    }

    fn set(&self, account: fn(Uuid) -> String, name: &str, secret: &str) -> Result<(), VaultError> {
        match self {
            Self::Keychain { keychain, profile } => keychain.set(&account(*profile), secret)?,
            Self::Database(store) => store.remember(name, secret)?,
        }
        Ok(())
    }

    fn seeds(&self) -> Result<Seeds, VaultError> {
        let Some(text) = self.get(device_account, DEVICE)? else { return Ok(Seeds::default()) };
        serde_json::from_str(&text).map_err(|_| VaultError::Damaged { what: "signing key" })
    }

    /// The key that signs for a device.
    ///
    /// # Errors
    /// When it is not to be had.
    pub fn device_key(&self, device: DeviceId) -> Result<PrivateKey, VaultError> {
        let seeds = self.seeds()?;
        let hex = seeds.0.get(&device.to_string()).ok_or(VaultError::NoDeviceKey)?;
        let mut seed = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(hex, seed.as_mut_slice()).map_err(|_| VaultError::Damaged { what: "signing key" })?;
        Ok(PrivateKey::from_seed(&seed))
    }

    /// Keeps the key of a device beside those that are there.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn add_device_key(&self, device: DeviceId, seed: &[u8; 32]) -> Result<(), VaultError> {
        let mut seeds = self.seeds()?;
        seeds.0.insert(device.to_string(), hex::encode(seed));
        self.write_seeds(&seeds)
    }

    /// Forgets the keys of every other device.
    ///
    /// # Errors
    /// When the change cannot be kept.
    pub fn keep_only(&self, device: DeviceId) -> Result<(), VaultError> {
        let mut seeds = self.seeds()?;
        seeds.0.retain(|id, _| *id == device.to_string());
        self.write_seeds(&seeds)
    }

    fn write_seeds(&self, seeds: &Seeds) -> Result<(), VaultError> {
        let text =
            Zeroizing::new(serde_json::to_string(seeds).map_err(|_| VaultError::Damaged { what: "signing key" })?);
        self.set(device_account, DEVICE, &text)
    }

    /// The tokens, if somebody is signed in.
    ///
    /// # Errors
    /// When keychain or database fail.
    pub fn tokens(&self) -> Result<Option<Tokens>, VaultError> {
        let Some(text) = self.get(token_account, TOKENS)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|_| VaultError::Damaged { what: "tokens" })
    }

    /// Keeps fresh tokens in place of the old.
    ///
    /// # Errors
    /// When they cannot be kept.
    pub fn set_tokens(&self, tokens: &Tokens) -> Result<(), VaultError> {
        let text = Zeroizing::new(serde_json::to_string(tokens).map_err(|_| VaultError::Damaged { what: "tokens" })?);
        self.set(token_account, TOKENS, &text)
    }

    /// Forgets the tokens.
    ///
    /// # Errors
    /// When keychain or database fail.
    pub fn remove_tokens(&self) -> Result<(), VaultError> {
        match self {
            Self::Keychain { keychain, profile } => keychain.remove(&token_account(*profile))?,
            Self::Database(store) => store.forget(TOKENS)?,
        }
        Ok(())
    }
}
