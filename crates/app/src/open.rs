//! The application: a profile folder, open or closed, and the program around it.

use crate::attention::{self, OnRecord};
use crate::error::CallError;
use crate::host::Host;
use crate::jobs::Jobs;
use crate::keychain::Keychain;
use crate::lists::kept::{Lists, Noting};
use crate::merging::Merging;
use crate::oidc::Attempt;
use crate::photos::Pictures;
use crate::session::Session;
use crate::sight::{Beside, Sight};
use crate::sync::Watcher;
use crate::sync_driver::{Driver, Watch};
use crate::view::common::SyncMark;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::impact::Question;
use slipway_domain::id::PersonId;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Person;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_store::Store;
use slipway_store::impact::{Page, Wanted};
use slipway_store::of_class::ClassMark;
use slipway_store::places::PlaceBelow;
use slipway_store::view::{View, Waiting};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use tokio::sync::Notify;
use uuid::Uuid;

/// The application. Cheap to clone; all clones are the same one.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    host: Arc<dyn Host>,
    keychain: Arc<dyn Keychain>,
    background: Background,
    open: RwLock<Option<Arc<Open>>>,
    /// The person locked the profile: it is not opened again without being asked.
    locked: AtomicBool,
    /// A sign-in at a provider that waits for the person.
    attempt: Mutex<Option<Attempt>>,
    /// Told when it is given up.
    cancel: Notify,
    /// Imports and exports under way.
    jobs: Jobs,
    /// Long lists of the open profile.
    lists: Arc<Lists>,
    /// Pictures that were shown of late.
    pictures: Pictures,
}

/// An open profile.
pub struct Open {
    /// Database, signing key, account.
    pub session: Arc<Session>,
    /// The records.
    pub store: Arc<Store>,
    /// Who works here.
    pub actor: PersonId,
    /// There is no server: nothing waits for one.
    pub alone: bool,
    /// Syncs in the background, where the program wants that and there is a server.
    pub driver: Option<Driver>,
    /// Keeps search fast meanwhile, where the program lives long enough for that.
    _merging: Option<Merging>,
}

/// Whether an open profile syncs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// In the background, as long as it is open: the window.
    Sync,
    /// Only when it is asked for: the command line.
    Quiet,
}

impl App {
    /// An application on a profile folder, which need not exist yet.
    #[must_use]
    pub fn new(folder: PathBuf, host: Arc<dyn Host>, keychain: Arc<dyn Keychain>, background: Background) -> Self {
        let lists = Arc::<Lists>::default();
        Self {
            inner: Arc::new(Inner {
                folder,
                host: Arc::new(Noting { host, lists: lists.clone() }),
                keychain,
                background,
                open: RwLock::new(None),
                locked: AtomicBool::new(false),
                attempt: Mutex::new(None),
                cancel: Notify::new(),
                jobs: Jobs::default(),
                lists,
                pictures: Pictures::default(),
            }),
        }
    }

    /// The profile folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// The program around the application.
    #[must_use]
    pub fn host(&self) -> &dyn Host {
        &*self.inner.host
    }

    /// Where secrets are kept.
    #[must_use]
    pub fn keychain(&self) -> &Arc<dyn Keychain> {
        &self.inner.keychain
    }

    /// Imports and exports that are under way.
    #[must_use]
    pub fn jobs(&self) -> &Jobs {
        &self.inner.jobs
    }

    /// Long lists of the open profile.
    pub(crate) fn lists(&self) -> &Lists {
        &self.inner.lists
    }

    /// Pictures that were shown of late.
    pub(crate) fn pictures(&self) -> &Pictures {
        &self.inner.pictures
    }

    /// Whether it syncs by itself, and so is what tells the person of news.
    #[must_use]
    pub fn background(&self) -> Background {
        self.inner.background
    }

    /// Whether the person locked the profile.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.inner.locked.load(Ordering::Acquire)
    }

    /// The open profile.
    ///
    /// # Errors
    /// `NOT_OPEN` while it is closed.
    pub fn open(&self) -> Result<Arc<Open>, CallError> {
        let open = self.inner.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        open.ok_or_else(|| {
            CallError::trouble(
                "NOT_OPEN",
                format!("The profile in {} is not open.", self.folder().display()),
                "Connect to a server, start alone, or unlock it.",
            )
        })
    }

    /// Puts an opened profile in place, and begins to sync where that is wanted. Needs the tokio runtime for that.
    ///
    /// # Errors
    /// When the server's address or trust cannot be used.
    pub fn put(&self, session: Session) -> Result<Arc<Open>, CallError> {
        self.place(Arc::new(session), self.inner.background)
    }

    /// The profile stays open, and nothing syncs by itself until [`App::resume`].
    ///
    /// # Errors
    /// When the server's address or trust cannot be used.
    pub(crate) fn pause(&self, session: &Arc<Session>) -> Result<(), CallError> {
        self.place(session.clone(), Background::Quiet).map(|_| ())
    }

    /// Goes on after [`App::pause`].
    ///
    /// # Errors
    /// When the server's address or trust cannot be used.
    pub(crate) fn resume(&self, session: Arc<Session>) -> Result<(), CallError> {
        self.place(session, self.inner.background).map(|_| ())
    }

    fn place(&self, session: Arc<Session>, background: Background) -> Result<Arc<Open>, CallError> {
        let (store, actor) = (session.store().clone(), session.actor());
        let alone = session.account().is_none();
        // Nothing else may sync the same profile at the same time.
        *self.inner.open.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.inner.lists.forget();
        let driver = match background {
            Background::Sync => Driver::start(session.clone(), self.watch())?,
            Background::Quiet => None,
        };
        let merging = (background == Background::Sync).then(|| Merging::start(store.clone()));
        let open = Arc::new(Open { session, store, actor, alone, driver, _merging: merging });
        *self.inner.open.write().unwrap_or_else(PoisonError::into_inner) = Some(open.clone());
        self.inner.locked.store(false, Ordering::Release);
        Ok(open)
    }

    /// Keeps a sign-in that waits, in the place of one before it; or forgets it.
    pub(crate) fn keep_attempt(&self, attempt: Option<Attempt>) -> Option<Attempt> {
        std::mem::replace(&mut *self.inner.attempt.lock().unwrap_or_else(PoisonError::into_inner), attempt)
    }

    /// Gives up the sign-in that somebody waits for.
    pub(crate) fn cancel(&self) {
        self.inner.cancel.notify_waiters();
    }

    /// Returns when the sign-in is given up.
    pub(crate) async fn cancelled(&self) {
        self.inner.cancel.notified().await;
    }

    /// Whom sync tells.
    #[must_use]
    pub fn watch(&self) -> Arc<dyn Watch> {
        Arc::new(Watcher::of(self.inner.host.clone(), WeakApp(Arc::downgrade(&self.inner))))
    }

    /// Closes the profile until it is unlocked. Calls that are under way finish on what they began with.
    pub fn close(&self) {
        *self.inner.open.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.inner.lists.forget();
        self.inner.locked.store(true, Ordering::Release);
        self.inner.pictures.clear();
    }

    /// Reads at one moment.
    ///
    /// # Errors
    /// `NOT_OPEN`, a storage fault, or what `f` returns.
    pub fn read<T>(&self, f: impl FnOnce(Sight<'_>) -> Result<T, CallError>) -> Result<T, CallError> {
        let open = self.open()?;
        let attention = attention::by_record(&open)?;
        let (me, now) = (open.actor, self.host().now());
        open.store.look(|view| {
            let beside = Held { view, attention: &attention, alone: open.alone };
            f(Sight { records: view, beside: &beside, me, now })
        })
    }
}

/// The application as those hold it who must not keep it alive.
pub struct WeakApp(Weak<Inner>);

impl WeakApp {
    /// The application, if it is still there.
    #[must_use]
    pub fn upgrade(&self) -> Option<App> {
        self.0.upgrade().map(|inner| App { inner })
    }
}

/// What the store knows beside the records.
struct Held<'a> {
    view: &'a View<'a>,
    attention: &'a BTreeMap<(Kind, Uuid), OnRecord>,
    alone: bool,
}

impl Beside for Held<'_> {
    fn mark(&self, kind: Kind, id: Uuid) -> Result<SyncMark, Fault> {
        let waiting = if self.alone { Waiting::default() } else { self.view.waiting(kind, id)? };
        let attention = self.attention.get(&(kind, id));
        let made_by = match self.view.made_by(kind, id)? {
            Some(made) => {
                let person = self.view.get::<Person>(made.person)?;
                let name = person.map_or_else(|| "somebody".to_owned(), |person| person.name);
                format!("{name} on {}", made.device_name)
            }
            None => String::new(),
        };
        Ok(SyncMark {
            made_by,
            waiting: waiting.commands,
            will_be_refused: waiting.will_be_refused,
            attention: attention.map_or(0, |on| on.items),
            why: attention.map_or(waiting.why, |on| on.why.clone()),
        })
    }

    fn labelled(&self, kind: Kind, label: &str) -> Result<Vec<Uuid>, Fault> {
        self.view.labelled(kind, label)
    }

    fn cis_of_class(&self, class: &str, after: &ClassMark, most: usize) -> Result<Vec<(Uuid, ClassMark)>, Fault> {
        self.view.cis_of_class(class, after, most)
    }

    fn open_releases(&self) -> Result<Vec<Uuid>, Fault> {
        self.view.open_releases()
    }

    fn count_of_class(&self, class: &str) -> Result<u64, Fault> {
        self.view.count_of_class(class)
    }

    fn places_below(&self, above: &[String], after: Option<&str>, most: usize) -> Result<Vec<PlaceBelow>, Fault> {
        self.view.places_below(above, after, most)
    }

    fn under(&self, lookup: Lookup, key: &str, after: i64, most: usize) -> Result<Vec<(Uuid, i64)>, Fault> {
        self.view.under(lookup, key, after, most)
    }

    fn cis_at_place(&self, key: &str, after: i64, most: usize) -> Result<Vec<(Ci, i64)>, Fault> {
        self.view.cis_at_place(key, after, most)
    }

    fn titled(&self, kind: Kind, title: &str) -> Result<Vec<Uuid>, Fault> {
        self.view.titled(kind, title)
    }

    fn impact(&self, question: &Question, wanted: Wanted) -> Result<Page, Fault> {
        self.view.impact_page(question, wanted)
    }
}
