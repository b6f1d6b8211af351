//! The operating system's keychain, behind a trait so that tests can lock, lose and break one.
//!
//! Calls block (a call to the Secret Service takes about 75 ms): run them off the asynchronous threads.

use zeroize::Zeroizing;

/// Under this name the entries stand in the keychain.
pub const SERVICE: &str = "Slipway";

/// A place for small secrets, by account name.
pub trait Keychain: Send + Sync {
    /// The secret of an account; `None` when the keychain has none *or is locked and cannot ask*:
    /// the Secret Service does not tell the two apart.
    ///
    /// # Errors
    /// When the keychain cannot be used.
    fn get(&self, account: &str) -> Result<Option<Zeroizing<String>>, KeychainError>;

    /// Keeps a secret, in place of the account's former one.
    ///
    /// # Errors
    /// When the keychain cannot be used or is locked.
    fn set(&self, account: &str, secret: &str) -> Result<(), KeychainError>;

    /// Forgets a secret; one that is not there is no error.
    ///
    /// # Errors
    /// When the keychain cannot be used or is locked.
    fn remove(&self, account: &str) -> Result<(), KeychainError>;
}

/// Why the keychain gave or took nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeychainError {
    /// No keychain service runs in this session.
    #[error("there is no keychain in this session ({detail})")]
    Absent {
        /// What the operating system says.
        detail: String,
    },
    /// The keychain is there and locked, and no window could ask for its password.
    #[error("the keychain is locked ({detail})")]
    Locked {
        /// What the operating system says.
        detail: String,
    },
    /// The keychain answered something else.
    #[error("the keychain failed ({detail})")]
    Failed {
        /// What the operating system says.
        detail: String,
    },
}

impl KeychainError {
    /// Stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Absent { .. } => "KEYCHAIN_ABSENT",
            Self::Locked { .. } => "KEYCHAIN_LOCKED",
            Self::Failed { .. } => "KEYCHAIN_FAILED",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Absent { .. } => {
                "Start a keychain service (such as gnome-keyring) and try again, or protect the profile with a passphrase instead: --passphrase-stdin."
            }
            Self::Locked { .. } => {
                "Unlock the keychain and try again, or protect a new profile with a passphrase instead: --passphrase-stdin."
            }
            Self::Failed { .. } => {
                "Look at the keychain with the operating system's own tool, or protect a new profile with a passphrase instead: --passphrase-stdin."
            }
        }
    }
}

/// The keychain of the operating system: Secret Service, macOS Keychain, Windows Credential Manager.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsKeychain;

impl OsKeychain {
    fn entry(account: &str) -> Result<keyring::Entry, KeychainError> {
        keyring::Entry::new(SERVICE, account).map_err(|error| match error {
            keyring::Error::NoDefaultStore => KeychainError::Absent {
                detail: match keyring::Entry::store_status() {
                    Ok(()) => error.to_string(),
                    Err(cause) => cause.to_string(),
                },
            },
            other => failure(&other),
        })
    }
}

fn failure(error: &keyring::Error) -> KeychainError {
    let detail = error.to_string();
    match error {
        keyring::Error::NoDefaultStore => KeychainError::Absent { detail },
        keyring::Error::NoStorageAccess(_) => KeychainError::Locked { detail },
        _ => KeychainError::Failed { detail },
    }
}

impl Keychain for OsKeychain {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
        match Self::entry(account)?.get_password() {
            Ok(secret) => Ok(Some(Zeroizing::new(secret))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(error) => Err(failure(&error)),
        }
    }

    fn set(&self, account: &str, secret: &str) -> Result<(), KeychainError> {
        Self::entry(account)?.set_password(secret).map_err(|e| failure(&e))
    }

    fn remove(&self, account: &str) -> Result<(), KeychainError> {
        match Self::entry(account)?.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(failure(&error)),
        }
    }
}
