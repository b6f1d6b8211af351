//! A laptop on the real encrypted store, through the same adapter as in the product.
//!
//! Its crashes are power cuts: the write-ahead log is cut off behind any transaction of the call under way, or amid
//! the next one. So every transaction boundary of the store is one at which the program may end.

use crate::machine::{Image, Machine, Waiting};
use crate::random::Random;
use crate::server::WORKSPACE;
use slipway_app::held;
use slipway_app::local::StoreLocal;
use slipway_domain::command::{Command, Envelope};
use slipway_domain::id::{CommandId, DeviceId, PersonId, SiteId};
use slipway_domain::record::Kind;
use slipway_domain::records::{Memory, Records};
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::error::StoreError;
use slipway_store::issue::{Facts, Issue, IssueError};
use slipway_store::key::Key;
use slipway_store::open::Profile;
use slipway_sync::local::{LocalAnswer, LocalError, LocalRequest, perform};
use slipway_sync::protocol::Verdict;
use slipway_sync::signing::{PrivateKey, PublicKey};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// The key of every database here.
const KEY: [u8; 32] = [7; 32];
/// More than any queue here holds.
const ALL: usize = 100_000;

/// What survives: the file, its log, the keychain, and what the person was told.
#[derive(Clone)]
struct Files {
    database: Vec<u8>,
    log: Vec<u8>,
    keys: BTreeMap<DeviceId, PrivateKey>,
    ends: BTreeMap<CommandId, Verdict>,
}

pub struct Stored {
    folder: TempDir,
    person: PersonId,
    keys: BTreeMap<DeviceId, PrivateKey>,
    ends: Arc<Mutex<BTreeMap<CommandId, Verdict>>>,
    open: Option<Open>,
}

struct Open {
    store: Arc<Store>,
    local: StoreLocal,
}

impl Stored {
    pub fn new(person: PersonId, random: &mut Random) -> Self {
        let folder = crate::place::folder();
        let device = DeviceId(random.uuid());
        let profile = Profile { workspace: WORKSPACE, device };
        drop(Store::create(&folder.path().join("profile.db"), &Key::new(KEY), profile).unwrap());
        let keys = BTreeMap::from([(device, PrivateKey::from_seed(&random.seed()))]);
        let mut stored = Self { folder, person, keys, ends: Arc::default(), open: None };
        stored.start();
        stored
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("profile.db{suffix}"))
    }

    fn start(&mut self) {
        let store = Arc::new(Store::open(&self.file(""), &Key::new(KEY)).unwrap());
        let ends = Arc::clone(&self.ends);
        let told = move |news: slipway_app::local::FlipNews| {
            ends.lock().unwrap().extend(news.results.into_iter().map(|result| (result.id, result.verdict)));
        };
        let local = StoreLocal::new(Arc::clone(&store), || Timestamp(0), told);
        self.open = Some(Open { store, local });
    }

    fn store(&self) -> &Store {
        &self.open.as_ref().unwrap().store
    }

    fn key(&self) -> &PrivateKey {
        &self.keys[&self.device()]
    }

    fn files(&self) -> Files {
        Files {
            database: std::fs::read(self.file("")).unwrap(),
            log: std::fs::read(self.file("-wal")).unwrap_or_default(),
            keys: self.keys.clone(),
            ends: self.ends.lock().unwrap().clone(),
        }
    }

    /// The program is gone, and with it all it had in memory; the disk holds this.
    fn start_from(&mut self, files: &Files) {
        self.open = None;
        let _ = std::fs::remove_file(self.file("-shm"));
        std::fs::write(self.file(""), &files.database).unwrap();
        std::fs::write(self.file("-wal"), &files.log).unwrap();
        self.keys.clone_from(&files.keys);
        self.ends.lock().unwrap().clone_from(&files.ends);
        self.start();
    }
}

/// Where each transaction of a write-ahead log ends, the log's own head first.
fn commits(log: &[u8]) -> Vec<usize> {
    const HEAD: usize = 32;
    const FRAME_HEAD: usize = 24;
    let mut ends = vec![HEAD.min(log.len())];
    let Some(size) = log.get(8..12) else { return ends };
    let frame = FRAME_HEAD + usize::try_from(u32::from_be_bytes(size.try_into().unwrap())).unwrap();
    let mut at = HEAD;
    while let Some(head) = log.get(at..at + FRAME_HEAD) {
        if head[8..16] != log[16..24] {
            break;
        }
        at += frame;
        if head[4..8] != [0; 4] {
            ends.push(at);
        }
    }
    ends
}

fn signature(key: &PrivateKey, bytes: &[u8]) -> [u8; 64] {
    key.sign(bytes).try_into().unwrap()
}

impl Machine for Stored {
    fn name(&self) -> &'static str {
        "store"
    }

    fn person(&self) -> PersonId {
        self.person
    }

    fn device(&self) -> DeviceId {
        self.store().status().unwrap().device
    }

    fn public_key(&self) -> PublicKey {
        self.key().public()
    }

    fn issue(&mut self, id: CommandId, made_at: Timestamp, command: Command) -> bool {
        let key = self.key();
        let issued = self.store().issue(Issue {
            id,
            actor: self.person,
            made_at,
            build: &mut |numbers| {
                let mut command = command.clone();
                crate::invent::give_number(&mut command, &mut |series, id| numbers.take(series, id));
                command
            },
            sign: &|bytes| signature(key, bytes),
            replaces: None,
            facts: Facts::Refuse,
        });
        match issued {
            Ok(_) => true,
            Err(IssueError::Refused(_)) => false,
            Err(error) => panic!("the store failed: {error}"),
        }
    }

    fn poison(&mut self, _id: CommandId, _made_at: Timestamp) -> bool {
        false
    }

    fn perform(&mut self, request: &LocalRequest) -> Result<LocalAnswer, LocalError> {
        perform(&mut self.open.as_mut().unwrap().local, request)
    }

    fn perform_in_part(&mut self, request: &LocalRequest, random: &mut Random) {
        let before = self.files();
        let _ = self.perform(request);
        let mut after = self.files();
        let began = commits(&before.log).last().copied().unwrap_or(0);
        // A log that was begun anew holds no earlier moment.
        if before.database == after.database && (began == 0 || before.log.get(..32) == after.log.get(..32)) {
            let ends: Vec<usize> = commits(&after.log).into_iter().filter(|end| *end >= began).collect();
            let at = usize::try_from(random.below(ends.len() as u64)).unwrap();
            let torn = ends.get(at + 1).map_or(0, |next| random.below((next - ends[at]) as u64));
            after.log.truncate(ends[at] + usize::try_from(torn).unwrap());
            if at == 0 {
                after.ends = before.ends;
            }
        }
        self.start_from(&after);
    }

    fn restart(&mut self) {
        let files = self.files();
        self.start_from(&files);
    }

    fn reissue(&mut self, device: DeviceId, key: PrivateKey) {
        self.store().fork(device, &|bytes| signature(&key, bytes)).unwrap();
        StoreLocal::forget_device(self.store()).unwrap();
        self.keys.insert(device, key);
    }

    fn image(&self) -> Image {
        Box::new(self.files())
    }

    fn put_back(&mut self, image: &Image) {
        self.start_from(image.downcast_ref::<Files>().unwrap());
    }

    fn clone_from_image(&self, image: &Image) -> Box<dyn Machine> {
        let mut twin = Self {
            folder: crate::place::folder(),
            person: self.person,
            keys: BTreeMap::new(),
            ends: Arc::default(),
            open: None,
        };
        twin.start_from(image.downcast_ref::<Files>().unwrap());
        Box::new(twin)
    }

    fn visible(&self) -> Memory {
        let mut visible = Memory::default();
        for kind in Kind::ALL {
            let put = &mut |record| {
                visible.write(record).unwrap();
                Ok::<_, StoreError>(())
            };
            self.store().each(*kind, put).unwrap();
        }
        visible
    }

    fn visible_hash(&self) -> String {
        self.store().visible_hash().unwrap()
    }

    fn confirmed_hash(&self) -> String {
        self.store().state_hash().unwrap()
    }

    fn waiting(&self) -> Vec<Waiting> {
        let envelope = |payload: &[u8]| serde_json::from_slice::<Envelope>(payload).unwrap();
        let queued = self.store().pending(ALL).unwrap();
        queued
            .into_iter()
            .map(|queued| {
                let envelope = envelope(&queued.payload);
                Waiting { id: queued.id, made_at: envelope.made_at, command: Some(envelope.command) }
            })
            .collect()
    }

    fn ends(&self) -> BTreeMap<CommandId, Verdict> {
        self.ends.lock().unwrap().clone()
    }

    fn hold_only(&mut self, sites: Option<BTreeSet<SiteId>>) {
        held::hold_only(self.store(), sites.as_ref()).unwrap();
    }

    fn only(&self) -> Option<BTreeSet<SiteId>> {
        held::only(self.store()).unwrap()
    }

    fn attention(&self) -> BTreeSet<CommandId> {
        self.store().attention().unwrap().into_iter().map(|item| item.id).collect()
    }
}
