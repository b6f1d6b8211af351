//! Who may come in by password: sign-in, lock-out, new passwords.
//!
//! A wrong name and a wrong password take the same time and give the same words. Sign-in names under which somebody
//! failed are stored as hashes only.

use super::session::{end_sessions, hash};
use super::{Caller, Core, active_person, is_administrator, not_signed_in, random, token};
use crate::error::ServerError;
use crate::storage::{Account, Attempts, WorkspaceTx};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use slipway_domain::id::PersonId;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Person;
use slipway_domain::refusal::{Finding, Refusal};
use slipway_domain::time::Timestamp;
use slipway_sync::account::{ChangePassword, ResetPassword};
use slipway_sync::limits;
use slipway_sync::log::Hash;
use slipway_sync::protocol::{ErrorBody, ErrorCode, Session, SignIn};
use std::sync::OnceLock;

/// Failures in a row that cost nothing.
const FREE_FAILURES: u32 = 5;
/// Longest wait after a failure.
const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;
/// Shortest password that is taken.
const PASSWORD_CHARS: usize = 8;

/// Argon2id in PHC form, with a random salt.
///
/// # Errors
/// No random bytes, or parameters that Argon2 does not take.
pub fn hash_password(password: &str) -> Result<String, ServerError> {
    let salt = random::<16>()?;
    Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|error| ServerError::Hash(error.to_string()))
}

/// Whether a password may be set.
///
/// # Errors
/// The reason why not.
pub fn sound_password(password: &str) -> Result<(), Refusal> {
    if password.chars().count() < PASSWORD_CHARS || password.len() > limits::PASSWORD_BYTES {
        let sentence = format!(
            "The password must have at least {PASSWORD_CHARS} characters and at most {} bytes.",
            limits::PASSWORD_BYTES
        );
        return Err(Finding::new("PASSWORD_LENGTH", sentence, "Choose another password.").into());
    }
    Ok(())
}

impl Core {
    /// A session for the right password.
    ///
    /// # Errors
    /// Name and password do not match, too many failures, a device that is not this person's; or the storage failed.
    pub fn sign_in(&self, request: &SignIn) -> Result<Session, ServerError> {
        let user_hash = user_hash(&request.user);
        let account = self.count_attempt(&user_hash, |tx| {
            let found = tx.find(Lookup::User, &request.user.trim().to_lowercase());
            found.map(|ids| ids.into_iter().next().map(PersonId)).map_err(ServerError::from)
        })?;
        let matches = verify(&request.password, account.as_ref())?;
        let mut tx = self.begin()?;
        let person = match account.filter(|_| matches) {
            Some(account) => active_person(tx.as_ref(), account.person)?,
            None => None,
        };
        let Some(person) = person else {
            tracing::info!("Refused a sign-in");
            return Err(wrong_password().into());
        };
        tx.put_attempts(&user_hash, None)?;
        let device = self.register(tx.as_mut(), &person, &request.device)?;
        let session = self.open_session(tx.as_mut(), &person, &device, None)?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, device.id = %device.id, "Signed in");
        Ok(session)
    }

    /// Sets the caller's own password; their sessions on other devices end.
    ///
    /// # Errors
    /// The current one is wrong, too many failures, the new one is too short or too long; or the storage failed.
    pub fn change_password(&self, caller: &Caller, request: &ChangePassword) -> Result<(), ServerError> {
        weak(&request.new)?;
        let person = active_person(self.snapshot()?.as_ref(), caller.person)?.ok_or_else(not_signed_in)?;
        let user_hash = user_hash(&person.user);
        let account = self.count_attempt(&user_hash, |_| Ok(Some(person.id)))?;
        if !verify(&request.current, account.as_ref())? {
            tracing::info!(person.id = %person.id, "Refused a change of password");
            let way_out = "Try again; an administrator can set a new password.";
            return Err(
                ErrorBody::new(ErrorCode::WrongCredentials, "The present password is another one.", way_out).into()
            );
        }
        let password = hash_password(&request.new)?;
        let mut tx = self.begin()?;
        tx.put_attempts(&user_hash, None)?;
        tx.put_account(&Account { person: person.id, password })?;
        end_sessions(tx.as_mut(), person.id, Some(caller.device))?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, "Changed a password");
        Ok(())
    }

    /// Sets somebody's password; all their sessions end.
    ///
    /// # Errors
    /// The caller is no administrator, there is no such person, the password is too short or too long; or the storage
    /// failed.
    pub fn reset_password(&self, caller: &Caller, id: PersonId, request: &ResetPassword) -> Result<(), ServerError> {
        let view = self.snapshot()?;
        if !is_administrator(view.as_ref(), caller.person)? {
            let sentence = "Only an administrator sets another person's password.";
            return Err(ErrorBody::new(ErrorCode::NotAllowed, sentence, "Ask an administrator.").into());
        }
        let person = active_person(view.as_ref(), id)?.ok_or_else(|| {
            let way_out = "Sync, then choose one of the people who work here.";
            ErrorBody::new(ErrorCode::NotFound, "There is nobody of this identity at the server.", way_out)
        })?;
        drop(view);
        weak(&request.new)?;
        let mut tx = self.begin()?;
        self.put_password(tx.as_mut(), &person, &request.new)?;
        let keep = (person.id == caller.person).then_some(caller.device);
        end_sessions(tx.as_mut(), person.id, keep)?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, by = %caller.person, "Set a password");
        Ok(())
    }

    /// Sets a password and lets its person try at once who was locked out.
    pub(super) fn put_password(
        &self,
        tx: &mut dyn WorkspaceTx,
        person: &Person,
        password: &str,
    ) -> Result<(), ServerError> {
        tx.put_account(&Account { person: person.id, password: hash_password(password)? })?;
        Ok(tx.put_attempts(&user_hash(&person.user), None)?)
    }

    /// Counts the try before it is looked at, so that tries in parallel count as well; gives the account tried.
    fn count_attempt(
        &self,
        user_hash: &Hash,
        who: impl FnOnce(&dyn WorkspaceTx) -> Result<Option<PersonId>, ServerError>,
    ) -> Result<Option<Account>, ServerError> {
        let now = self.now();
        let mut tx = self.begin()?;
        let before = tx.attempts(user_hash)?.unwrap_or(Attempts { failures: 0, until: Timestamp(0) });
        if now < before.until {
            let wait_ms = before.until.0.saturating_sub(now.0);
            return Err(ErrorBody {
                retry_after_ms: u64::try_from(wait_ms).ok(),
                ..ErrorBody::new(
                    ErrorCode::LockedOut,
                    format!("Too many wrong passwords; wait {} seconds.", (wait_ms + 999) / 1000),
                    "Wait, then try again; an administrator can set a new password.",
                )
            }
            .into());
        }
        let failures = before.failures.saturating_add(1);
        let wait_ms = match failures.checked_sub(FREE_FAILURES) {
            Some(over) => (1_000_i64 << over.min(20)).min(LONGEST_WAIT_MS),
            None => 0,
        };
        tx.put_attempts(user_hash, Some(Attempts { failures, until: Timestamp(now.0.saturating_add(wait_ms)) }))?;
        let account = match who(tx.as_ref())? {
            Some(person) => tx.account(person)?,
            None => None,
        };
        tx.commit()?;
        Ok(account)
    }
}

fn wrong_password() -> ErrorBody {
    ErrorBody::new(
        ErrorCode::WrongCredentials,
        "User and password do not match.",
        "Try again; an administrator can set a new password.",
    )
}

fn weak(password: &str) -> Result<(), ErrorBody> {
    sound_password(password).map_err(|refusal| {
        let finding = refusal.findings.into_iter().next();
        let (sentence, way_out) = finding.map(|f| (f.sentence, f.way_out)).unwrap_or_default();
        ErrorBody::new(ErrorCode::WeakPassword, sentence, way_out)
    })
}

/// Under which failures of a sign-in name are counted.
fn user_hash(user: &str) -> Hash {
    hash(&user.trim().to_lowercase())
}

/// The hash of a password that nobody knows: what a try without an account is compared with. Made when the server
/// starts, so that not even the first such try takes longer.
///
/// # Errors
/// No random bytes.
pub fn nobodys_password() -> Result<&'static str, ServerError> {
    static NOBODY: OnceLock<String> = OnceLock::new();
    match NOBODY.get() {
        Some(hash) => Ok(hash),
        None => {
            let made = hash_password(&token()?)?;
            Ok(NOBODY.get_or_init(|| made))
        }
    }
}

/// Whether the password is the account's.
fn verify(password: &str, account: Option<&Account>) -> Result<bool, ServerError> {
    if password.len() > limits::PASSWORD_BYTES {
        return Ok(false);
    }
    let stored = match account {
        Some(account) => account.password.as_str(),
        None => nobodys_password()?,
    };
    let parsed = PasswordHash::new(stored).map_err(|error| ServerError::Hash(error.to_string()))?;
    let matches = Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok();
    Ok(matches && account.is_some())
}
