#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]
use super::{Alone, Identity, KeyChoice, PROFILE_FILE, Profile, ProfileError};
use crate::keychain::{Keychain, KeychainError};
use slipway_domain::id::{DeviceId, PersonId, WorkspaceId};
use std::collections::BTreeMap;
use std::sync::Mutex;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A keychain that can be absent, locked (as the Secret Service shows it: nothing there) or well.
#[derive(Default)]
struct Trial {
    entries: Mutex<BTreeMap<String, String>>,
    absent: bool,
    locked: Mutex<bool>,
}

impl Keychain for Trial {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
        if self.absent {
            return Err(KeychainError::Absent { detail: "no session bus".to_owned() });
        }
        if *self.locked.lock().unwrap() {
            return Ok(None);
        }
        Ok(self.entries.lock().unwrap().get(account).cloned().map(Zeroizing::new))
    }
    fn set(&self, account: &str, secret: &str) -> Result<(), KeychainError> {
        if self.absent {
            return Err(KeychainError::Absent { detail: "no session bus".to_owned() });
        }
        if *self.locked.lock().unwrap() {
            return Err(KeychainError::Locked { detail: "result not returned".to_owned() });
        }
        self.entries.lock().unwrap().insert(account.to_owned(), secret.to_owned());
        Ok(())
    }
    fn remove(&self, account: &str) -> Result<(), KeychainError> {
        self.entries.lock().unwrap().remove(account);
        Ok(())
    }
}

#[test]
fn a_profile_in_the_keychain_opens_again_with_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    let keychain = Trial::default();
    let (profile, key) = Profile::create(dir.path(), KeyChoice::Keychain, "laptop", &keychain).unwrap();
    let again = Profile::load(dir.path()).unwrap();
    assert_eq!(again, profile);
    assert_eq!(again.unlock(None, &keychain).unwrap().bytes(), key.bytes());
}

#[test]
fn a_locked_keychain_is_named_and_no_new_key_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let keychain = Trial::default();
    let (profile, key) = Profile::create(dir.path(), KeyChoice::Keychain, "laptop", &keychain).unwrap();
    *keychain.locked.lock().unwrap() = true;
    let error = profile.unlock(None, &keychain).unwrap_err();
    assert_eq!(error.code(), "KEYCHAIN_LOCKED_OR_LOST");
    assert!(error.way_out().contains("--passphrase-stdin"));
    *keychain.locked.lock().unwrap() = false;
    assert_eq!(profile.unlock(None, &keychain).unwrap().bytes(), key.bytes(), "the key is untouched");
}

#[test]
fn without_a_keychain_nothing_is_made_and_a_passphrase_is_offered() {
    let dir = tempfile::tempdir().unwrap();
    let keychain = Trial { absent: true, ..Trial::default() };
    let new = dir.path().join("new");
    let error = Profile::create(&new, KeyChoice::Keychain, "laptop", &keychain).unwrap_err();
    assert_eq!(error.code(), "KEYCHAIN_ABSENT");
    assert!(error.way_out().contains("--passphrase-stdin"));
    assert!(!new.exists());
    let error = Profile::create(dir.path(), KeyChoice::Keychain, "laptop", &keychain).unwrap_err();
    assert_eq!(error.code(), "KEYCHAIN_ABSENT");
    assert!(dir.path().exists() && !dir.path().join(PROFILE_FILE).exists(), "a folder that was there stays");
    Profile::create(dir.path(), KeyChoice::Passphrase("correct horse"), "laptop", &keychain).unwrap();
}

#[test]
fn a_passphrase_is_asked_for_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let keychain = Trial { absent: true, ..Trial::default() };
    let (profile, key) =
        Profile::create(dir.path(), KeyChoice::Passphrase("correct horse"), "laptop", &keychain).unwrap();
    assert_eq!(profile.unlock(None, &keychain).unwrap_err().code(), "PASSPHRASE_NEEDED");
    assert_eq!(profile.unlock(Some("wrong"), &keychain).unwrap_err().code(), "WRONG_PASSPHRASE");
    assert_eq!(profile.unlock(Some("correct horse"), &keychain).unwrap().bytes(), key.bytes());
}

#[test]
fn a_second_profile_in_the_same_folder_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let keychain = Trial::default();
    Profile::create(dir.path(), KeyChoice::Keychain, "laptop", &keychain).unwrap();
    let error = Profile::create(dir.path(), KeyChoice::Keychain, "laptop", &keychain).unwrap_err();
    assert!(matches!(error, ProfileError::Exists { .. }));
}

#[test]
fn damaged_and_newer_profile_files_are_named() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Profile::load(dir.path()).unwrap_err().code(), "NO_PROFILE");
    std::fs::write(dir.path().join(PROFILE_FILE), "{").unwrap();
    assert_eq!(Profile::load(dir.path()).unwrap_err().code(), "PROFILE_DAMAGED");
    std::fs::write(dir.path().join(PROFILE_FILE), r#"{"form":2,"whatever":1}"#).unwrap();
    assert_eq!(Profile::load(dir.path()).unwrap_err().code(), "PROFILE_NEWER");
}

#[test]
fn who_works_in_it_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let keychain = Trial::default();
    let (mut profile, _) = Profile::create(dir.path(), KeyChoice::Keychain, "laptop", &keychain).unwrap();
    let alone = Identity::Alone(Alone {
        workspace: WorkspaceId(Uuid::from_u128(1)),
        device: DeviceId(Uuid::from_u128(2)),
        person: PersonId(Uuid::from_u128(3)),
        name: "Anna".to_owned(),
    });
    profile.set_identity(alone.clone()).unwrap();
    assert_eq!(Profile::load(dir.path()).unwrap().identity(), &alone);
}
