//! The open profile: its database, the key that signs for this device, and the tokens for the server.

use crate::blob_sync::Sending;
use crate::carry::handing::VOUCHER;
use crate::error::CallError;
use crate::key::SecretKey;
use crate::keychain::Keychain;
use crate::pace::Pace;
use crate::profile::{Account, Alone, Identity, Profile, ProfileError, ShutOut, Trust};
use crate::tls;
use crate::transport::Server;
use crate::vault::{Tokens, Vault};
use slipway_domain::id::{DeviceId, PersonId, WorkspaceId};
use slipway_store::Store;
use slipway_store::error::StoreError;
use slipway_store::key::Key;
use slipway_store::open::Profile as Place;
use slipway_store::status::SERVER_LEVEL;
use slipway_sync::protocol::{NewDevice, Session as Answer, SignIn};
use slipway_sync::signing::PrivateKey;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use uuid::Uuid;

/// An open profile. Cheap to share behind an `Arc`.
pub struct Session {
    profile: Mutex<Profile>,
    store: Arc<Store>,
    vault: Vault,
    signer: RwLock<PrivateKey>,
    actor: PersonId,
    sending: Sending,
    pace: Pace,
}

/// What a person gives to sign in.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// Address of the server.
    pub server: &'a str,
    /// Why its certificate is believed; `None` keeps what an earlier sign-in confirmed.
    pub trust: Option<&'a Trust>,
    /// Sign-in name.
    pub user: &'a str,
    /// Password; used once, never kept.
    pub password: &'a str,
}

/// How this computer calls itself: shown in lists of devices.
#[must_use]
pub fn computer_name() -> String {
    let from_file = || std::fs::read_to_string("/etc/hostname").ok();
    let name = ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|v| std::env::var(v).ok()).or_else(from_file);
    let name: String = name.unwrap_or_default().trim().chars().filter(|c| !c.is_control()).take(60).collect();
    if name.is_empty() { "computer".to_owned() } else { name }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("actor", &self.actor).finish_non_exhaustive()
    }
}

impl Session {
    /// Opens the database of a profile in which somebody works; tells how many of its records have been brought to the
    /// form of this program, of how many, where another one wrote it. Blocks.
    ///
    /// # Errors
    /// When nobody has signed in yet, the database does not open, or the signing key is not to be had.
    pub fn open(
        profile: Profile,
        key: &SecretKey,
        keychain: &Arc<dyn Keychain>,
        told: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, CallError> {
        let actor = match profile.identity() {
            Identity::Nobody => return Err(nobody(profile.folder())),
            Identity::Account(account) => account.person,
            Identity::Alone(alone) => alone.person,
        };
        let store = Arc::new(Store::open_telling(&profile.database(), &Key::new(*key.bytes()), told)?);
        Self::over(profile, store, keychain, actor)
    }

    fn over(
        profile: Profile,
        store: Arc<Store>,
        keychain: &Arc<dyn Keychain>,
        actor: PersonId,
    ) -> Result<Self, CallError> {
        let vault = Vault::of(&profile, &store, keychain);
        let signer = vault.device_key(store.status()?.device)?;
        Ok(Self {
            profile: Mutex::new(profile),
            store,
            vault,
            signer: RwLock::new(signer),
            actor,
            sending: Sending::default(),
            pace: Pace::default(),
        })
    }

    /// Makes the database of a profile in which nobody works yet. Blocks.
    fn make(
        profile: Profile,
        key: &SecretKey,
        seed: &SecretKey,
        place: Place,
        keychain: &Arc<dyn Keychain>,
        actor: PersonId,
    ) -> Result<Self, CallError> {
        // A database without a person is left over from a sign-in that was cut off: nothing was ever done in it.
        remove_database(&profile.database())?;
        let store = Arc::new(Store::create(&profile.database(), &Key::new(*key.bytes()), place)?);
        let vault = Vault::of(&profile, &store, keychain);
        vault.add_device_key(place.device, seed.bytes())?;
        vault.keep_only(place.device)?;
        Self::over(profile, store, keychain, actor)
    }

    /// Signs in at a server by password. The first time it makes the database; later it renews the tokens of the same
    /// person.
    ///
    /// # Errors
    /// When certificate, name or password are not right, the server cannot be reached, or the profile is another's.
    pub async fn sign_in(
        profile: Profile,
        key: &SecretKey,
        keychain: Arc<dyn Keychain>,
        credentials: Credentials<'_>,
    ) -> Result<Self, CallError> {
        let user = credentials.user.trim().to_lowercase();
        if let Some(account) = profile.account().filter(|account| account.user != user) {
            return Err(other_person(account, &user));
        }
        let entry = Entry::prepare(profile, key, keychain, credentials.server, credentials.trust).await?;
        let request = SignIn { user, password: credentials.password.to_owned(), device: entry.device().clone() };
        let answer = entry.server().sign_in(&request).await?;
        entry.finish(answer, None).await
    }

    /// What the server speaks decides which commands are offered.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn note_level(&self, answer: &Answer) -> Result<(), StoreError> {
        self.store.remember(SERVER_LEVEL, &answer.level.to_string())
    }

    /// The server's word for this device, for files to other laptops.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn note_voucher(&self, answer: &Answer) -> Result<(), StoreError> {
        let voucher = answer.voucher.as_ref().and_then(|voucher| serde_json::to_string(voucher).ok());
        voucher.map_or(Ok(()), |text| self.store.remember(VOUCHER, &text))
    }

    /// Makes a workspace on this computer alone. Blocks. The person has no record yet: the caller's first commands
    /// make one.
    ///
    /// # Errors
    /// When somebody works in the profile already, or the database or key cannot be made.
    pub fn start_alone(
        profile: Profile,
        key: &SecretKey,
        keychain: &Arc<dyn Keychain>,
        name: &str,
    ) -> Result<Self, CallError> {
        if *profile.identity() != Identity::Nobody {
            return Err(ProfileError::Exists { folder: profile.folder().to_owned() }.into());
        }
        let seed =
            SecretKey::random().map_err(|source| ProfileError::Key { folder: profile.folder().to_owned(), source })?;
        let alone = Alone {
            workspace: WorkspaceId(Uuid::now_v7()),
            device: DeviceId(Uuid::now_v7()),
            person: PersonId(Uuid::now_v7()),
            name: name.trim().to_owned(),
        };
        let place = Place { workspace: alone.workspace, device: alone.device };
        let session = Self::make(profile, key, &seed, place, keychain, alone.person)?;
        session.set_identity(Identity::Alone(alone))?;
        Ok(session)
    }

    /// The database.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// How fast files go.
    #[must_use]
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// How far files are that are being sent.
    #[must_use]
    pub fn sending(&self) -> &Sending {
        &self.sending
    }

    /// Where device key and tokens are kept.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Who works here.
    #[must_use]
    pub fn actor(&self) -> PersonId {
        self.actor
    }

    /// The profile as it stands.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The account on a server; `None` when working alone.
    #[must_use]
    pub fn account(&self) -> Option<Account> {
        self.profile().account().cloned()
    }

    /// Signs exactly these bytes with the device's key.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        crate::link::signature(&self.signer.read().unwrap_or_else(PoisonError::into_inner), bytes)
    }

    /// The device's key.
    #[must_use]
    pub fn signer(&self) -> PrivateKey {
        self.signer.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// From here on this key signs, and `profile.json` names this device.
    pub(crate) fn become_device(&self, device: DeviceId, signer: PrivateKey) -> Result<(), CallError> {
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = signer;
        match self.profile().identity().clone() {
            Identity::Account(mut account) => {
                account.device = device;
                self.set_identity(Identity::Account(account))
            }
            Identity::Nobody | Identity::Alone(_) => Ok(()),
        }
    }

    /// Says that the server shut this device out, with so many commands waiting.
    pub(crate) fn shut_out(&self, waiting: u32) -> Result<(), CallError> {
        let mut profile = self.profile.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(profile.set_shut_out(Some(ShutOut { waiting }))?)
    }

    /// Says that the server lets this device in.
    pub(crate) fn let_in(&self) -> Result<(), CallError> {
        Ok(self.profile.lock().unwrap_or_else(PoisonError::into_inner).set_shut_out(None)?)
    }

    /// Wraps the profile's key by another passphrase.
    ///
    /// # Errors
    /// See [`Profile::change_passphrase`].
    pub fn change_passphrase(&self, current: &str, new: &str) -> Result<(), CallError> {
        Ok(self.profile.lock().unwrap_or_else(PoisonError::into_inner).change_passphrase(current, new)?)
    }

    fn set_identity(&self, identity: Identity) -> Result<(), CallError> {
        Ok(self.profile.lock().unwrap_or_else(PoisonError::into_inner).set_identity(identity)?)
    }
}

/// A sign-in on its way: the device and its key are ready, the server has yet to say yes.
pub(crate) struct Entry {
    profile: Profile,
    key: SecretKey,
    seed: SecretKey,
    keychain: Arc<dyn Keychain>,
    known: Option<Account>,
    opened: Option<Session>,
    trust: Trust,
    server: Server,
    device: NewDevice,
}

impl Entry {
    /// Gets everything ready on this side.
    ///
    /// # Errors
    /// When the certificate is not confirmed, or the profile works alone or does not open.
    pub(crate) async fn prepare(
        profile: Profile,
        key: &SecretKey,
        keychain: Arc<dyn Keychain>,
        server: &str,
        trust: Option<&Trust>,
    ) -> Result<Self, CallError> {
        if matches!(profile.identity(), Identity::Alone(_)) {
            return Err(works_alone(profile.folder()));
        }
        let known = profile.account().cloned();
        let trust = trust_for(server, trust, known.as_ref()).await?;
        let server = Server::new(server, &trust)?;
        let seed =
            SecretKey::random().map_err(|source| ProfileError::Key { folder: profile.folder().to_owned(), source })?;
        let opened = match known {
            Some(_) => {
                let (profile, key, keychain) = (profile.clone(), key.clone(), keychain.clone());
                Some(off_thread(move || Session::open(profile, &key, &keychain, &mut |_, _| {})).await?)
            }
            None => None,
        };
        let (id, signer) = match &opened {
            Some(session) => (session.store.status()?.device, session.signer()),
            None => (DeviceId(Uuid::now_v7()), PrivateKey::from_seed(seed.bytes())),
        };
        let device = NewDevice { id, name: profile.device_name().to_owned(), public_key: signer.public() };
        Ok(Self { profile, key: key.clone(), seed, keychain, known, opened, trust, server, device })
    }

    /// The server that is asked.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// This device as it introduces itself.
    pub(crate) fn device(&self) -> &NewDevice {
        &self.device
    }

    /// Keeps what the server answered. `provider` is where the person signed in, when not by password.
    ///
    /// # Errors
    /// When the answer is of another workspace or person than the profile, or cannot be kept.
    pub(crate) async fn finish(self, answer: Answer, provider: Option<String>) -> Result<Session, CallError> {
        let account = account_of(&self.server, self.trust, provider, &answer);
        if let Some(known) = &self.known {
            check_same(known, &account)?;
        }
        let (profile, key, seed, keychain, opened) = (self.profile, self.key, self.seed, self.keychain, self.opened);
        off_thread(move || {
            let session = match opened {
                Some(session) => session,
                None => {
                    let place = Place { workspace: answer.workspace, device: answer.device };
                    Session::make(profile, &key, &seed, place, &keychain, answer.person)?
                }
            };
            session.vault.set_tokens(&Tokens::of(&answer, now_ms()))?;
            session.note_level(&answer)?;
            session.note_voucher(&answer)?;
            session.set_identity(Identity::Account(Box::new(account)))?;
            session.let_in()?;
            Ok(session)
        })
        .await
    }
}

/// The time of this computer, in milliseconds since 1970 UTC.
pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Runs what blocks (keychain, database) off the asynchronous threads.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CallError> + Send + 'static,
) -> Result<T, CallError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => Err(CallError::trouble(
            "INTERRUPTED",
            format!("The work was interrupted: {error}."),
            "Try again; what was saved before is kept.",
        )),
    }
}

/// The trust that was given or confirmed before; without either, the certificate is shown and nothing is sent.
pub(crate) async fn trust_for(
    server: &str,
    given: Option<&Trust>,
    known: Option<&Account>,
) -> Result<Trust, CallError> {
    if let Some(trust) = given {
        return Ok(trust.clone());
    }
    if let Some(account) = known {
        return Ok(account.trust.clone());
    }
    let seen = tls::shown(&Server::look(server).await?);
    Err(CallError::trouble(
        "CERTIFICATE_NOT_CONFIRMED",
        format!("{server} shows a certificate with the fingerprint {seen}, which nobody has confirmed yet."),
        format!(
            "Compare it with what the server's administrator says, then sign in with --fingerprint {seen}, or give the authority's PEM file with --ca."
        ),
    ))
}

fn account_of(server: &Server, trust: Trust, provider: Option<String>, answer: &Answer) -> Account {
    Account {
        server: server.address().to_owned(),
        trust,
        user: answer.user.clone(),
        provider,
        device: answer.device,
        workspace: answer.workspace,
        workspace_name: answer.workspace_name.clone(),
        person: answer.person,
        log_name: answer.log_name.clone(),
        log_key: answer.log_key.into(),
    }
}

/// A later sign-in may lead to the same server under another address, never to another workspace or person.
fn check_same(known: &Account, now: &Account) -> Result<(), CallError> {
    if known.workspace != now.workspace || known.person != now.person {
        return Err(CallError::trouble(
            "ANOTHER_WORKSPACE",
            format!(
                "{} is {} of the workspace {}, this profile belongs to {} of {}.",
                now.server, now.user, now.workspace_name, known.user, known.workspace_name
            ),
            "Make a profile of its own for it: slipwayctl --profile FOLDER init.",
        ));
    }
    if known.log_key != now.log_key || known.log_name != now.log_name {
        return Err(CallError::trouble(
            "LOG_KEY_CHANGED",
            format!("{} signs its audit log with another key than before.", now.server),
            "Tell an administrator and keep this laptop as it is: it holds the evidence.",
        ));
    }
    Ok(())
}

fn nobody(folder: &Path) -> CallError {
    CallError::trouble(
        "NOT_SIGNED_IN",
        format!("Nobody has signed in yet with the profile in {}.", folder.display()),
        "Sign in at a server (slipwayctl sign-in), or work alone (slipwayctl init --alone --name NAME, in a new folder).",
    )
}

fn works_alone(folder: &Path) -> CallError {
    CallError::trouble(
        "WORKS_ALONE",
        format!("The profile in {} works alone, without a server.", folder.display()),
        "Make a profile of its own for the server: slipwayctl --profile FOLDER init.",
    )
}

fn other_person(account: &Account, user: &str) -> CallError {
    CallError::trouble(
        "ANOTHER_PERSON",
        format!("This profile belongs to {}, not to {user}.", account.user),
        "Make a profile of their own for another person: slipwayctl --profile FOLDER init.",
    )
}

fn remove_database(path: &Path) -> Result<(), CallError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(suffix);
        let file = path.with_file_name(name);
        match std::fs::remove_file(&file) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(StoreError::Io { path: file, source: Box::new(source) }.into()),
        }
    }
    Ok(())
}
