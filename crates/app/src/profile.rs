//! A profile: a folder with one person's encrypted database on one computer.
//!
//! `profile.json` says how to open it and where its server is; it holds no secret. `slipway.db` is the database.
//! A key is made once, with the profile, and never again: a keychain without an entry is locked or lost, and a new
//! key would only make the loss final.

use crate::key::{KeyError, SecretKey, WrappedKey};
use crate::keychain::{Keychain, KeychainError};
use serde::{Deserialize, Serialize};
use slipway_domain::id::{DeviceId, PersonId, WorkspaceId};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Name of the file that describes a profile.
pub const PROFILE_FILE: &str = "profile.json";
/// Name of the database.
pub const DATABASE_FILE: &str = "slipway.db";
/// Names the profile folder for window and command line alike.
pub const PROFILE_VARIABLE: &str = "SLIPWAY_PROFILE";
/// Form of `profile.json` that this program writes and reads.
const FORM: u32 = 1;

/// How the database key is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKeeping {
    /// In the operating system's keychain.
    Keychain,
    /// Here, wrapped by a passphrase; device key and tokens are in the encrypted database.
    Passphrase(WrappedKey),
}

/// How a new profile shall keep its key.
#[derive(Clone, Copy, Debug)]
pub enum KeyChoice<'a> {
    /// In the operating system's keychain.
    Keychain,
    /// Wrapped by this passphrase.
    Passphrase(&'a str),
}

/// Why the server's certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Signed by this authority, PEM.
    Authority(String),
    /// Its SHA-256, or that of the authority that the server shows behind it, is this, lower-case hex; confirmed by the
    /// person at sign-in.
    Fingerprint(String),
}

/// The server and who signed in there; no secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Address, such as `https://slipway.example.org:8443`.
    pub server: String,
    /// Why its certificate is believed.
    pub trust: Trust,
    /// Sign-in name.
    pub user: String,
    /// As the server calls this device.
    pub device: DeviceId,
    /// The organisation.
    pub workspace: WorkspaceId,
    /// Its name.
    pub workspace_name: String,
    /// Who.
    pub person: PersonId,
    /// Name under which the audit log's checkpoints are signed.
    pub log_name: String,
    /// Public key by which they are signed, base64.
    pub log_key: String,
    /// Where the person signs in, when not by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
}

/// A workspace on this computer alone, without a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alone {
    /// Stands in every command.
    pub workspace: WorkspaceId,
    /// The device.
    pub device: DeviceId,
    /// The only person, an administrator.
    pub person: PersonId,
    /// Their name.
    pub name: String,
}

/// Who works in a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Nobody yet: sign in, or work alone.
    Nobody,
    /// Somebody on a server.
    Account(Box<Account>),
    /// Somebody without a server.
    Alone(Alone),
}

/// The server shut the device of this profile out: it stays locked until it was let in again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutOut {
    /// Commands that waited for the server at that time.
    pub waiting: u32,
}

/// What `profile.json` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct ProfileFile {
    form: u32,
    id: Uuid,
    device_name: String,
    key: KeyKeeping,
    identity: Identity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shut_out: Option<ShutOut>,
}

/// A profile folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    folder: PathBuf,
    file: ProfileFile,
}

/// Why a profile could not be made or opened.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The folder holds no profile.
    #[error("There is no profile in {}.", folder.display())]
    Missing {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The folder holds one already.
    #[error("There is already a profile in {}.", folder.display())]
    Exists {
        /// Where.
        folder: PathBuf,
    },
    /// `profile.json` cannot be read as a profile.
    #[error("{} is damaged: {detail}.", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// A newer program wrote it.
    #[error("{} was written by a newer Slipway.", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
    },
    /// The keychain has no key although there is a profile.
    #[error("The keychain has no key for the profile in {}: it is locked, or the key was lost.", folder.display())]
    KeyLockedOrLost {
        /// The profile.
        folder: PathBuf,
    },
    /// The keychain cannot be used.
    #[error("The key of the profile in {} cannot be reached: {source}.", folder.display())]
    Keychain {
        /// The profile.
        folder: PathBuf,
        /// Why.
        source: KeychainError,
    },
    /// The profile is kept by a passphrase and none was given.
    #[error("The profile in {} is protected by a passphrase, and none was given.", folder.display())]
    PassphraseNeeded {
        /// The profile.
        folder: PathBuf,
    },
    /// The key is kept by the keychain: there is no passphrase to change.
    #[error("The profile in {} has no passphrase: the keychain keeps its key.", folder.display())]
    NoPassphrase {
        /// The profile.
        folder: PathBuf,
    },
    /// Passphrase or stored key are not right.
    #[error("The profile in {} does not open: {source}.", folder.display())]
    Key {
        /// The profile.
        folder: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// Reading or writing failed.
    #[error("{} cannot be read or written: {source}.", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system names no folder for application data.
    #[error("This account has no folder for application data.")]
    NoDataFolder,
}

impl ProfileError {
    /// Stable code for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "NO_PROFILE",
            Self::Exists { .. } => "PROFILE_EXISTS",
            Self::Damaged { .. } => "PROFILE_DAMAGED",
            Self::Newer { .. } => "PROFILE_NEWER",
            Self::KeyLockedOrLost { .. } => "KEYCHAIN_LOCKED_OR_LOST",
            Self::Keychain { source, .. } => source.code(),
            Self::PassphraseNeeded { .. } => "PASSPHRASE_NEEDED",
            Self::NoPassphrase { .. } => "NO_PASSPHRASE",
            Self::Key { source: KeyError::WrongPassphrase, .. } => "WRONG_PASSPHRASE",
            Self::Key { source: KeyError::EmptyPassphrase, .. } => "EMPTY_PASSPHRASE",
            Self::Key { source: KeyError::Malformed, .. } => "KEY_DAMAGED",
            Self::Key { source: KeyError::NoRandomness, .. } => "NO_RANDOMNESS",
            Self::Io { .. } => "PROFILE_IO",
            Self::NoDataFolder => "NO_DATA_FOLDER",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub fn way_out(&self) -> String {
        match self {
            Self::Missing { folder } => {
                format!("Make one with: slipwayctl --profile {} init", folder.display())
            }
            Self::Exists { .. } => "Use it as it is, or name another folder with --profile.".to_owned(),
            Self::Damaged { .. } => "Restore the file from a backup, or sign in with a new profile.".to_owned(),
            Self::Newer { .. } => "Update Slipway on this computer.".to_owned(),
            Self::KeyLockedOrLost { .. } => {
                "Unlock the keychain and try again. If the key is lost for good, make a new profile in another folder (with --passphrase-stdin it needs no keychain) and sign in; what was not yet synced stays in the old one.".to_owned()
            }
            Self::Keychain { source, .. } => source.way_out().to_owned(),
            Self::PassphraseNeeded { .. } => {
                "Give it as the first line of standard input with --passphrase-stdin, or in SLIPWAY_PASSPHRASE.".to_owned()
            }
            Self::NoPassphrase { .. } => "Nothing to do: this account's keychain opens it.".to_owned(),
            Self::Key { source: KeyError::WrongPassphrase, .. } => "Type the passphrase again.".to_owned(),
            Self::Key { source: KeyError::EmptyPassphrase, .. } => "Give a passphrase of some length.".to_owned(),
            Self::Key { source: KeyError::Malformed, .. } => {
                "Restore profile.json from a backup, or sign in with a new profile.".to_owned()
            }
            Self::Key { source: KeyError::NoRandomness, .. } => "Restart the computer and try again.".to_owned(),
            Self::Io { .. } => "Look at the folder's permissions and at the space left on the disk.".to_owned(),
            Self::NoDataFolder => "Name a folder with --profile.".to_owned(),
        }
    }
}

impl Profile {
    /// The folder used when none is named: the account's application data.
    ///
    /// # Errors
    /// When the operating system names no such folder.
    pub fn default_folder() -> Result<PathBuf, ProfileError> {
        let from = |variable: &str| std::env::var_os(variable).filter(|v| !v.is_empty()).map(PathBuf::from);
        let data = if cfg!(target_os = "windows") {
            from("APPDATA").map(|d| d.join("Slipway"))
        } else if cfg!(target_os = "macos") {
            from("HOME").map(|h| h.join("Library/Application Support/Slipway"))
        } else {
            from("XDG_DATA_HOME").or_else(|| from("HOME").map(|h| h.join(".local/share"))).map(|d| d.join("slipway"))
        };
        Ok(data.ok_or(ProfileError::NoDataFolder)?.join("default"))
    }

    /// Makes a profile with a fresh key and gives the key.
    ///
    /// The key is kept safely before `profile.json` appears, so a profile without a key never comes to be.
    ///
    /// # Errors
    /// When there is one already, the keychain cannot be used, or the folder cannot be written.
    pub fn create(
        folder: &Path,
        choice: KeyChoice<'_>,
        device_name: &str,
        keychain: &dyn Keychain,
    ) -> Result<(Self, SecretKey), ProfileError> {
        if folder.join(PROFILE_FILE).exists() || folder.join(DATABASE_FILE).exists() {
            return Err(ProfileError::Exists { folder: folder.to_owned() });
        }
        let existed = folder.exists();
        make_private_folder(folder)?;
        let made = Self::create_in(folder, choice, device_name, keychain);
        if made.is_err() && !existed {
            // Only an empty folder goes; the error that is told is the first one.
            let _ = fs::remove_dir(folder);
        }
        made
    }

    fn create_in(
        folder: &Path,
        choice: KeyChoice<'_>,
        device_name: &str,
        keychain: &dyn Keychain,
    ) -> Result<(Self, SecretKey), ProfileError> {
        let id = Uuid::now_v7();
        let wrong = |source| ProfileError::Key { folder: folder.to_owned(), source };
        let key = SecretKey::random().map_err(wrong)?;
        let keeping = match choice {
            KeyChoice::Passphrase(passphrase) => {
                KeyKeeping::Passphrase(WrappedKey::wrap(&key, passphrase, id).map_err(wrong)?)
            }
            KeyChoice::Keychain => {
                keep_in_keychain(folder, keychain, &database_account(id), &key)?;
                KeyKeeping::Keychain
            }
        };
        let file = ProfileFile {
            form: FORM,
            id,
            device_name: device_name.to_owned(),
            key: keeping,
            identity: Identity::Nobody,
            shut_out: None,
        };
        let profile = Self { folder: folder.to_owned(), file };
        profile.save()?;
        Ok((profile, key))
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// When there is none, or its file is damaged or newer than this program.
    pub fn load(folder: &Path) -> Result<Self, ProfileError> {
        let path = folder.join(PROFILE_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(ProfileError::Missing { folder: folder.to_owned() });
            }
            Err(source) => return Err(ProfileError::Io { path, source }),
        };
        #[derive(Deserialize)]
        struct Form {
            form: u32,
        }
        let damaged = |e: serde_json::Error| ProfileError::Damaged { file: path.clone(), detail: e.to_string() };
        if serde_json::from_str::<Form>(&text).map_err(damaged)?.form > FORM {
            return Err(ProfileError::Newer { file: path });
        }
        let file = serde_json::from_str(&text).map_err(damaged)?;
        Ok(Self { folder: folder.to_owned(), file })
    }

    /// The database key.
    ///
    /// # Errors
    /// When the keychain is locked, absent or has lost the key, or the passphrase is missing or wrong.
    pub fn unlock(&self, passphrase: Option<&str>, keychain: &dyn Keychain) -> Result<SecretKey, ProfileError> {
        let folder = || self.folder.clone();
        match &self.file.key {
            KeyKeeping::Passphrase(wrapped) => {
                let passphrase = passphrase.ok_or_else(|| ProfileError::PassphraseNeeded { folder: folder() })?;
                wrapped
                    .unwrap(passphrase, self.file.id)
                    .map_err(|source| ProfileError::Key { folder: folder(), source })
            }
            KeyKeeping::Keychain => {
                let hex = keychain
                    .get(&database_account(self.file.id))
                    .map_err(|source| ProfileError::Keychain { folder: folder(), source })?
                    .ok_or_else(|| ProfileError::KeyLockedOrLost { folder: folder() })?;
                SecretKey::from_hex(&hex).map_err(|source| ProfileError::Key { folder: folder(), source })
            }
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.folder.join(DATABASE_FILE)
    }

    /// Identity of the profile; names its keychain entries.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.file.id
    }

    /// How this computer is called in lists of devices.
    #[must_use]
    pub fn device_name(&self) -> &str {
        &self.file.device_name
    }

    /// How the key is kept.
    #[must_use]
    pub fn key(&self) -> &KeyKeeping {
        &self.file.key
    }

    /// Who works in it.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.file.identity
    }

    /// The account on a server, if there is one.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        match &self.file.identity {
            Identity::Account(account) => Some(account),
            Identity::Nobody | Identity::Alone(_) => None,
        }
    }

    /// Says who works in it, durably.
    ///
    /// # Errors
    /// When `profile.json` cannot be written; it then says what it said before.
    pub fn set_identity(&mut self, identity: Identity) -> Result<(), ProfileError> {
        let before = std::mem::replace(&mut self.file.identity, identity);
        self.save().inspect_err(|_| self.file.identity = before)
    }

    /// Whether the server shut this device out.
    #[must_use]
    pub fn shut_out(&self) -> Option<ShutOut> {
        self.file.shut_out
    }

    /// Says whether the server shut this device out, durably.
    ///
    /// # Errors
    /// When `profile.json` cannot be written; it then says what it said before.
    pub fn set_shut_out(&mut self, shut_out: Option<ShutOut>) -> Result<(), ProfileError> {
        let before = std::mem::replace(&mut self.file.shut_out, shut_out);
        if before == shut_out {
            return Ok(());
        }
        self.save().inspect_err(|_| self.file.shut_out = before)
    }

    /// Wraps the key by another passphrase, durably.
    ///
    /// # Errors
    /// When the present passphrase is wrong or the new one empty, the key is kept by the keychain, or `profile.json`
    /// cannot be written; it then says what it said before.
    pub fn change_passphrase(&mut self, current: &str, new: &str) -> Result<(), ProfileError> {
        let wrong = |source| ProfileError::Key { folder: self.folder.clone(), source };
        let KeyKeeping::Passphrase(wrapped) = &self.file.key else {
            return Err(ProfileError::NoPassphrase { folder: self.folder.clone() });
        };
        let key = wrapped.unwrap(current, self.file.id).map_err(wrong)?;
        let wrapped = WrappedKey::wrap(&key, new, self.file.id).map_err(wrong)?;
        let before = std::mem::replace(&mut self.file.key, KeyKeeping::Passphrase(wrapped));
        self.save().inspect_err(|_| self.file.key = before)
    }

    /// Writes `profile.json` beside itself and moves it into place, so that a power cut leaves the old or the new one.
    fn save(&self) -> Result<(), ProfileError> {
        let path = self.folder.join(PROFILE_FILE);
        let io = |source| ProfileError::Io { path: path.clone(), source };
        let text = serde_json::to_string_pretty(&self.file).map_err(|e| io(e.into()))?;
        let mut fresh = tempfile::NamedTempFile::new_in(&self.folder).map_err(io)?;
        fresh.write_all(text.as_bytes()).map_err(io)?;
        fresh.write_all(b"\n").map_err(io)?;
        fresh.as_file().sync_all().map_err(io)?;
        fresh.persist(&path).map_err(|e| io(e.error))?;
        sync_folder(&self.folder).map_err(io)
    }
}

/// Keychain account of a profile's database key.
#[must_use]
pub fn database_account(profile: Uuid) -> String {
    format!("{profile}/database")
}

/// Keychain account of a profile's device key.
#[must_use]
pub fn device_account(profile: Uuid) -> String {
    format!("{profile}/device")
}

/// Keychain account of a profile's tokens.
#[must_use]
pub fn token_account(profile: Uuid) -> String {
    format!("{profile}/tokens")
}

/// Keeps the key and reads it back: some keychains take a secret and lose it with the session.
fn keep_in_keychain(
    folder: &Path,
    keychain: &dyn Keychain,
    account: &str,
    key: &SecretKey,
) -> Result<(), ProfileError> {
    let wrong = |source| ProfileError::Keychain { folder: folder.to_owned(), source };
    keychain.set(account, &key.to_hex()).map_err(wrong)?;
    let kept = keychain.get(account).map_err(wrong)?;
    if kept.is_none_or(|k| *k != *key.to_hex()) {
        return Err(wrong(KeychainError::Failed { detail: "it did not give back what it was given".to_owned() }));
    }
    Ok(())
}

fn make_private_folder(folder: &Path) -> Result<(), ProfileError> {
    let io = |source| ProfileError::Io { path: folder.to_owned(), source };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(io)
}

/// A renamed file is durable only when its folder is.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests;
