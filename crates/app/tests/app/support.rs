//! A desk to test at: an application on a folder of its own, a clock that stands, a keychain in memory.

use serde_json::{Value, json};
use slipway_app::error::CallError;
use slipway_app::host::{Host, Notice};
use slipway_app::keychain::{Keychain, KeychainError};
use slipway_app::view::mutations::Changes;
use slipway_app::view::profile::SyncStatus;
use slipway_app::{App, Background};
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use uuid::Uuid;
use zeroize::Zeroizing;

/// A Monday morning.
pub const START: i64 = 1_790_000_000_000;
pub const HOUR: i64 = 3_600_000;

/// Ids of several desks never meet.
static DESKS: AtomicU64 = AtomicU64::new(0);

/// A host that is only traits.
pub struct TestHost {
    now: AtomicI64,
    ids: AtomicU64,
    pub changes: Mutex<Vec<Changes>>,
    pub statuses: Mutex<Vec<SyncStatus>>,
}

impl Host for TestHost {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(self.ids.fetch_add(1, Ordering::SeqCst)))
    }

    fn changed(&self, changes: &Changes) {
        self.changes.lock().unwrap().push(changes.clone());
    }

    fn sync(&self, status: &SyncStatus) {
        self.statuses.lock().unwrap().push(status.clone());
    }

    fn notify(&self, _: &Notice) {}
}

#[derive(Default)]
pub struct MemoryKeychain(Mutex<BTreeMap<String, String>>);

impl MemoryKeychain {
    /// Makes the tokens look as if their time was over.
    pub fn age_tokens(&self) {
        for (account, secret) in self.0.lock().unwrap().iter_mut() {
            if account.ends_with("/tokens") {
                let mut tokens: Value = serde_json::from_str(secret).unwrap();
                tokens["access_ends_at"] = json!(0);
                *secret = tokens.to_string();
            }
        }
    }
}

impl Keychain for MemoryKeychain {
    fn get(&self, account: &str) -> Result<Option<Zeroizing<String>>, KeychainError> {
        Ok(self.0.lock().unwrap().get(account).cloned().map(Zeroizing::new))
    }

    fn set(&self, account: &str, secret: &str) -> Result<(), KeychainError> {
        self.0.lock().unwrap().insert(account.to_owned(), secret.to_owned());
        Ok(())
    }

    fn remove(&self, account: &str) -> Result<(), KeychainError> {
        self.0.lock().unwrap().remove(account);
        Ok(())
    }
}

pub struct Desk {
    pub app: App,
    pub host: Arc<TestHost>,
    pub keychain: Arc<MemoryKeychain>,
    pub folder: TempDir,
}

impl Desk {
    /// On a folder without a profile.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Arc::new(TestHost {
            now: AtomicI64::new(START),
            ids: AtomicU64::new(1 + DESKS.fetch_add(1_000_000, Ordering::SeqCst)),
            changes: Mutex::new(Vec::new()),
            statuses: Mutex::new(Vec::new()),
        });
        let keychain = Arc::new(MemoryKeychain::default());
        let app = App::new(folder.path().join("profile"), host.clone(), keychain.clone(), Background::Quiet);
        Self { app, host, keychain, folder }
    }

    /// Another program on the same profile.
    pub fn beside(&self, background: Background) -> App {
        App::new(self.app.folder().to_owned(), self.host.clone(), self.keychain.clone(), background)
    }

    /// On a workspace of one person.
    pub async fn alone() -> Self {
        let desk = Self::empty();
        desk.ok("app.start_alone", json!({ "name": "Mara Lind", "workspace": "Test works" })).await;
        desk
    }

    /// Lets hours pass.
    pub fn pass(&self, hours: i64) {
        self.host.now.fetch_add(hours * HOUR, Ordering::SeqCst);
    }

    /// Sets the clock: a real server has a real one.
    pub fn set_clock(&self, now: i64) {
        self.host.now.store(now, Ordering::SeqCst);
    }

    pub fn now(&self) -> i64 {
        self.host.now().0
    }

    /// Calls and expects an answer.
    #[track_caller]
    pub fn ok(&self, name: &str, request: Value) -> impl Future<Output = Value> {
        let (app, name, at) = (self.app.clone(), name.to_owned(), std::panic::Location::caller());
        async move {
            match app.call(&name, request.clone()).await {
                Ok(answer) => answer,
                Err(error) => panic!("{at}: {name} {request}: {error:#?}"),
            }
        }
    }

    /// Calls and expects a refusal: its codes.
    #[track_caller]
    pub fn refused(&self, name: &str, request: Value) -> impl Future<Output = Vec<String>> {
        let (app, name, at) = (self.app.clone(), name.to_owned(), std::panic::Location::caller());
        async move {
            match app.call(&name, request.clone()).await {
                Err(CallError::Refused { findings }) => {
                    assert!(findings.iter().all(|f| !f.sentence.is_empty() && !f.way_out.is_empty()), "{at}");
                    findings.into_iter().map(|f| f.code).collect()
                }
                other => panic!("{at}: {name} {request} was not refused: {other:#?}"),
            }
        }
    }

    /// A file with some content.
    pub fn file(&self, name: &str, content: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// The text at a place of an answer.
#[track_caller]
pub fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        other => panic!("{pointer} is {other:?} in {value:#}"),
    }
}

/// The list at a place of an answer.
#[track_caller]
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("{pointer} is no list in {value:#}"))
}
