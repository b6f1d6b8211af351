//! A server with two people, laptops, and a keychain that a test can lock.

use slipway_app::error::CallError;
use slipway_app::host::{Host, Notice};
use slipway_app::key::SecretKey;
use slipway_app::keychain::{Keychain, KeychainError};
use slipway_app::local::FlipNews;
use slipway_app::profile::{KeyChoice, Profile, Trust};
use slipway_app::session::{Credentials, Session};
use slipway_app::sync_driver::{SyncReport, Watch, sync_once};
use slipway_app::view::mutations::Changes;
use slipway_app::view::profile::{SyncStatus, UnlockRequest};
use slipway_app::{App, Background};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::Command;
use slipway_domain::id::{CiId, CommandId};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Role;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_server::serve::{Config, Running, Server};
use slipway_server::setup::{NewUser, NewWorkspace, Office};
use slipway_store::issue::{Facts, Issue, IssueError, Issued};
use slipway_store::numbers::Numbers;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Buckets with so many records are offered whole.
pub const SNAPSHOT_RECORDS: u64 = 200;

/// Everybody's password.
pub const PASSWORD: &str = "a long enough password";

/// The larger real data, which lies beside the clone on some machines; where it is absent the test says so and ends.
pub fn shared_data() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path = if path.is_dir() { Some(path) } else { std::env::var_os("SLIPWAY_SHARED_DATA").map(PathBuf::from) };
    if path.is_none() {
        eprintln!("skipped: the larger data is not on this machine");
    }
    path
}

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// The server. Its clock can be put forward.
pub struct Centre {
    folder: TempDir,
    ahead_ms: Arc<AtomicI64>,
    listen: std::net::SocketAddr,
    running: Option<Running>,
    url: String,
    ca: String,
}

impl Centre {
    pub async fn start() -> Self {
        let (mut centre, office) = Self::prepared();
        for user in ["anna", "bea"] {
            let new = NewUser {
                user: user.to_owned(),
                name: user.to_uppercase(),
                roles: vec![Role::ConfigurationManager, Role::ReleaseManager, Role::ChangeManager],
                groups: Vec::new(),
                password: PASSWORD.to_owned(),
            };
            office.add_user(&new).unwrap();
        }
        drop(office);
        centre.resume().await;
        centre
    }

    /// With the sample company; its people sign in with its own password.
    pub async fn with_sample() -> Self {
        let (mut centre, office) = Self::prepared();
        office.add_sample().unwrap();
        drop(office);
        centre.resume().await;
        centre
    }

    /// Somebody more.
    pub fn hire(&self, user: &str, role: Role) {
        let new = NewUser {
            user: user.to_owned(),
            name: user.to_uppercase(),
            roles: vec![role],
            groups: Vec::new(),
            password: PASSWORD.to_owned(),
        };
        Office::open(&self.data(), self.clock()).unwrap().add_user(&new).unwrap();
    }

    fn prepared() -> (Self, Office) {
        slipway_app::tls::install_provider();
        let centre = Self {
            folder: tempfile::tempdir().unwrap(),
            ahead_ms: Arc::new(AtomicI64::new(0)),
            listen: ([127, 0, 0, 1], 0).into(),
            running: None,
            url: String::new(),
            ca: String::new(),
        };
        let workspace = NewWorkspace { name: "Harbour".to_owned(), administrator: None };
        let office = Office::create(&centre.data(), &workspace, centre.clock()).unwrap();
        (centre, office)
    }

    fn clock(&self) -> slipway_server::core::Clock {
        let ahead = self.ahead_ms.clone();
        Arc::new(move || Timestamp(now_ms() + ahead.load(Ordering::SeqCst)))
    }

    pub async fn resume(&mut self) {
        let config = Config {
            listen: self.listen,
            clock: self.clock(),
            snapshot_records: SNAPSHOT_RECORDS,
            ..Config::local(self.data())
        };
        let running = Server::start(config).await.unwrap();
        // From here on it keeps its port, as laptops remember it.
        self.listen = running.address;
        self.url.clone_from(&running.url);
        self.ca.clone_from(&running.ca_pem);
        self.running = Some(running);
    }

    /// The same, letting in only laptops of this protocol level or higher.
    pub async fn resume_for(&mut self, min_client: u32) {
        let config = Config { listen: self.listen, clock: self.clock(), min_client, ..Config::local(self.data()) };
        self.running = Some(Server::start(config).await.unwrap());
    }

    /// A server with the data that one of the first release left.
    pub async fn of_the_first_release() -> Self {
        slipway_app::tls::install_provider();
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&first_release().join("server"), &folder.path().join("data"));
        let ahead_ms = Arc::new(AtomicI64::new(0));
        let listen = ([127, 0, 0, 1], 0).into();
        let mut centre = Self { folder, ahead_ms, listen, running: None, url: String::new(), ca: String::new() };
        centre.resume().await;
        centre
    }

    /// SHA-256 of its authority, as the administrator is told.
    pub fn fingerprint(&self) -> String {
        Office::open(&self.data(), self.clock()).unwrap().fingerprint().unwrap()
    }

    /// A backup as an administrator makes it, while it is serving.
    pub fn backed_up(&self) -> PathBuf {
        let file = self.folder.path().join("backup");
        slipway_server::backup::create(&self.data(), &file, Some("a passphrase"), &self.clock()).unwrap();
        file
    }

    /// What that backup holds, in place of the data.
    pub fn restored(&self, backup: &Path) {
        std::fs::remove_dir_all(self.data()).unwrap();
        slipway_server::backup::restore(backup, &self.data(), Some("a passphrase"), None, &self.clock()).unwrap();
    }

    pub async fn stop(&mut self) {
        self.running.take().unwrap().stop().await;
    }

    pub fn pass_hours(&self, hours: i64) {
        self.ahead_ms.fetch_add(hours * 3_600_000, Ordering::SeqCst);
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Forgets tombstones; says how many.
    pub fn compact(&self) -> u64 {
        Office::open(&self.data(), self.clock()).unwrap().core().compact().unwrap()
    }

    /// The one file beside the records that it has.
    pub fn blob_file(&self) -> PathBuf {
        let blobs = slipway_server::blobs::Blobs::open(&self.data(), u64::MAX).unwrap();
        let [only] = blobs.all().unwrap().try_into().unwrap();
        blobs.path(only)
    }

    /// Reads its files and puts aside what is damaged; says how many.
    pub fn scrubbed(&self) -> usize {
        let blobs = slipway_server::blobs::Blobs::open(&self.data(), u64::MAX).unwrap();
        blobs.scrub(true, &mut |_| ()).unwrap().damaged.len()
    }

    /// Where its snapshots lie.
    pub fn snapshots(&self) -> PathBuf {
        self.data().join("snapshots")
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn trust(&self) -> Trust {
        Trust::Authority(self.ca.clone())
    }

    pub fn state_hash(&self) -> String {
        Office::open(&self.data(), self.clock()).unwrap().state().unwrap().hash
    }

    pub fn backup(&self) -> TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&self.data(), copy.path());
        copy
    }

    /// Puts a copy in place of the data, as an administrator does who says so.
    pub fn restore(&self, backup: &TempDir) {
        self.put_back(backup);
        self.declare_restored();
    }

    /// Puts a copy in place of the data and says nothing.
    pub fn put_back(&self, backup: &TempDir) {
        std::fs::remove_dir_all(self.data()).unwrap();
        std::fs::create_dir(self.data()).unwrap();
        copy_folder(backup.path(), &self.data());
    }

    pub fn declare_restored(&self) {
        Office::open(&self.data(), self.clock()).unwrap().declare_restored("a test").unwrap();
    }
}

/// What a server and a laptop of the first release left on their disks.
fn first_release() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/v1")
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A keychain in memory; locked it says what the Secret Service says.
#[derive(Default)]
pub struct TestKeychain {
    entries: Mutex<BTreeMap<String, String>>,
    locked: Mutex<bool>,
}

impl Keychain for TestKeychain {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
        if *self.locked.lock().unwrap() {
            return Ok(None);
        }
        Ok(self.entries.lock().unwrap().get(account).cloned().map(Zeroizing::new))
    }
    fn set(&self, account: &str, secret: &str) -> Result<(), KeychainError> {
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

/// Nobody looks at the driver in these tests; the laptop's clock may be ahead.
struct Nobody(i64);

impl Watch for Nobody {
    fn now(&self) -> Timestamp {
        Timestamp(now_ms() + self.0)
    }
    fn status(&self, _status: &SyncStatus) {}
    fn flipped(&self, _news: &FlipNews) {}
}

/// What the background driver told last.
pub struct Seen(tokio::sync::watch::Sender<SyncStatus>);

impl Default for Seen {
    fn default() -> Self {
        Self(tokio::sync::watch::Sender::new(SyncStatus::default()))
    }
}

impl Seen {
    /// Waits until the driver tells something that is wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&SyncStatus) -> bool) -> SyncStatus {
        let mut seen = self.0.subscribe();
        let waited = tokio::time::timeout(std::time::Duration::from_secs(60), seen.wait_for(|s| wanted(s))).await;
        match waited {
            Ok(status) => status.unwrap().clone(),
            Err(_) => panic!("waited in vain for {what}: {:?}", self.0.borrow()),
        }
    }
}

impl Watch for Seen {
    fn now(&self) -> Timestamp {
        Timestamp(now_ms())
    }
    fn status(&self, status: &SyncStatus) {
        self.0.send_replace(status.clone());
    }
    fn flipped(&self, _news: &FlipNews) {}
}

/// A program that shows nothing.
struct Quiet;

impl Host for Quiet {
    fn now(&self) -> Timestamp {
        Timestamp(now_ms())
    }
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
    fn changed(&self, _changes: &Changes) {}
    fn sync(&self, _status: &SyncStatus) {}
    fn notify(&self, _notice: &Notice) {}
}

/// A CI with a name.
pub fn a_ci(name: &str) -> Ci {
    let id = CiId(Uuid::now_v7());
    Ci::blank(id, Number::provisional(Series::Ci, id.0), "server", name)
}

/// A laptop on which nobody has signed in yet.
pub struct Unsigned {
    folder: Arc<TempDir>,
    keychain: Arc<TestKeychain>,
    made: Mutex<Option<(Profile, SecretKey)>>,
}

impl Unsigned {
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn keychain(&self) -> Arc<dyn Keychain> {
        self.keychain.clone()
    }

    /// The laptop once somebody signed in on it.
    pub fn reopen(&self) -> Laptop {
        Laptop::open(self.folder.clone(), self.keychain.clone(), None).unwrap()
    }

    pub fn made(&self) -> (Profile, SecretKey) {
        let mut made = self.made.lock().unwrap();
        made.get_or_insert_with(|| {
            Profile::create(self.folder.path(), KeyChoice::Keychain, "laptop", &*self.keychain).unwrap()
        })
        .clone()
    }

    /// The laptop after a sign-in.
    pub fn working(self, session: Session) -> Laptop {
        let Self { folder, keychain, .. } = self;
        Laptop { folder, keychain, passphrase: None, session: Arc::new(session) }
    }

    pub async fn try_sign_in(
        &self,
        centre: &Centre,
        user: &str,
        password: &str,
        trust: &Trust,
    ) -> Result<Session, CallError> {
        let (profile, key) = self.made();
        let credentials = Credentials { server: centre.url(), trust: Some(trust), user, password };
        Session::sign_in(profile, &key, self.keychain(), credentials).await
    }
}

/// A laptop on which somebody works.
pub struct Laptop {
    folder: Arc<TempDir>,
    keychain: Arc<TestKeychain>,
    passphrase: Option<String>,
    pub session: Arc<Session>,
}

impl Laptop {
    #[allow(clippy::new_ret_no_self, reason = "a laptop without a person is another thing")]
    pub fn new() -> Unsigned {
        Unsigned { folder: Arc::new(tempfile::tempdir().unwrap()), keychain: Arc::default(), made: Mutex::new(None) }
    }

    pub async fn signed_in(centre: &Centre, user: &str) -> Self {
        Self::signed_in_with(centre, user, PASSWORD).await
    }

    pub async fn signed_in_with(centre: &Centre, user: &str, password: &str) -> Self {
        let laptop = Self::new();
        let session = laptop.try_sign_in(centre, user, password, &centre.trust()).await.unwrap();
        let Unsigned { folder, keychain, .. } = laptop;
        Self { folder, keychain, passphrase: None, session: Arc::new(session) }
    }

    pub async fn with_passphrase(centre: &Centre, user: &str, passphrase: &str) -> Self {
        let laptop = Self::new();
        let made =
            Profile::create(laptop.folder(), KeyChoice::Passphrase(passphrase), "laptop", &*laptop.keychain).unwrap();
        *laptop.made.lock().unwrap() = Some(made);
        let session = laptop.try_sign_in(centre, user, PASSWORD, &centre.trust()).await.unwrap();
        let Unsigned { folder, keychain, .. } = laptop;
        Self { folder, keychain, passphrase: Some(passphrase.to_owned()), session: Arc::new(session) }
    }

    /// A laptop as one of the first release left it, told where the server is now.
    pub fn of_the_first_release(centre: &Centre) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(&first_release().join("laptop"), folder.path());
        let profile = folder.path().join("profile.json");
        let text = std::fs::read_to_string(&profile).unwrap();
        std::fs::write(&profile, text.replace("https://127.0.0.1:18443", centre.url())).unwrap();
        Self::open(Arc::new(folder), Arc::default(), Some("a passphrase of the fixture".to_owned())).unwrap()
    }

    /// The same laptop after a new sign-in.
    pub async fn signed_in_again(self, centre: &Centre, user: &str, password: &str) -> Self {
        let session = Arc::new(self.sign_in_again(centre, user, password).await.unwrap());
        Self { session, ..self }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn keychain_is_empty(&self) -> bool {
        self.keychain.entries.lock().unwrap().is_empty()
    }

    pub fn lock_keychain(&self, locked: bool) {
        *self.keychain.locked.lock().unwrap() = locked;
    }

    /// The same profile in a second program, or after a restart.
    pub fn try_reopen(&self) -> Result<Self, CallError> {
        Self::open(self.folder.clone(), self.keychain.clone(), self.passphrase.clone())
    }

    pub fn reopened(&self) -> Self {
        self.try_reopen().unwrap()
    }

    fn open(folder: Arc<TempDir>, keychain: Arc<TestKeychain>, passphrase: Option<String>) -> Result<Self, CallError> {
        let profile = Profile::load(folder.path())?;
        let key = profile.unlock(passphrase.as_deref(), &*keychain)?;
        let chain: Arc<dyn Keychain> = keychain.clone();
        let session = Arc::new(Session::open(profile, &key, &chain, &mut |_, _| {})?);
        Ok(Self { folder, keychain, passphrase, session })
    }

    /// An image of the laptop on another computer.
    pub fn cloned(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(self.folder.path(), folder.path());
        let keychain = TestKeychain {
            entries: Mutex::new(self.keychain.entries.lock().unwrap().clone()),
            locked: Mutex::new(false),
        };
        Self::open(Arc::new(folder), Arc::new(keychain), self.passphrase.clone()).unwrap()
    }

    pub async fn sign_in_again(&self, centre: &Centre, user: &str, password: &str) -> Result<Session, CallError> {
        let profile = Profile::load(self.folder.path())?;
        let key = profile.unlock(self.passphrase.as_deref(), &*self.keychain)?;
        let credentials = Credentials { server: centre.url(), trust: None, user, password };
        Session::sign_in(profile, &key, self.keychain.clone(), credentials).await
    }

    #[allow(clippy::needless_pass_by_value, reason = "reads better in the tests")]
    pub fn issue(&self, command: Command) -> Result<Issued, IssueError> {
        self.issue_with(&mut |_| command.clone())
    }

    pub fn issue_with(&self, build: &mut dyn FnMut(&mut Numbers<'_>) -> Command) -> Result<Issued, IssueError> {
        self.session.store().issue(Issue {
            id: CommandId(Uuid::now_v7()),
            actor: self.session.actor(),
            made_at: Timestamp(now_ms()),
            build,
            sign: &|bytes| self.session.sign(bytes),
            replaces: None,
            facts: Facts::Refuse,
        })
    }

    /// The application on this laptop, as a second program.
    pub async fn app(&self) -> App {
        self.app_with(Arc::new(Quiet), Background::Quiet).await
    }

    /// The same with a program around it that looks on.
    pub async fn app_with(&self, host: Arc<dyn Host>, background: Background) -> App {
        let keychain: Arc<dyn Keychain> = self.keychain.clone();
        let app = App::new(self.folder.path().to_owned(), host, keychain, background);
        let request = UnlockRequest { passphrase: self.passphrase.clone() };
        slipway_app::start::unlock(app.clone(), request).await.unwrap();
        app
    }

    pub async fn sync(&self) -> Result<SyncReport, CallError> {
        self.sync_at(0).await
    }

    /// A sync by a clock that is so much ahead.
    pub async fn sync_at(&self, ahead_ms: i64) -> Result<SyncReport, CallError> {
        sync_once(self.session.clone(), Arc::new(Nobody(ahead_ms))).await
    }

    pub fn ci(&self, id: CiId) -> Option<Ci> {
        self.session.store().read(|records: &_| records.get::<Ci>(id)).map_err(|e: Fault| e.to_string()).unwrap()
    }

    /// Names of all CIs, sorted.
    pub fn ci_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let each = self.session.store().each::<slipway_store::error::StoreError>(Kind::Ci, &mut |record| {
            names.push(record.label());
            Ok(())
        });
        each.unwrap();
        names.sort();
        names
    }

    pub fn hash(&self) -> String {
        self.session.store().state_hash().unwrap()
    }
}
