//! The real server core on a SQLite file, which can be put back to an earlier state.

use crate::place::{Database, Place};
use crate::planted::{Bug, Saboteur};
use crate::random::Random;
use slipway_domain::approval::record::ApprovalRule;
use slipway_domain::change::record::ChangeKind;
use slipway_domain::command::{ChangeCommand, Command, Edit, ReleaseCommand, ReleaseEdit, SetupCommand};
use slipway_domain::id::{ChangeId, CommandId, DeviceId, GroupId, PersonId, ReleaseId, SettingId, SiteId, WorkspaceId};
use slipway_domain::level::{Impact, Urgency};
use slipway_domain::people::{Group, Person, Role, Site};
use slipway_domain::records::Records;
use slipway_domain::setting::{ApprovalPolicy, Gate};
use slipway_domain::time::Timestamp;
use slipway_server::core::{Caller, Core};
use slipway_server::storage::restored::begin_epoch;
use slipway_server::storage::{Storage, WorkspaceView};
use slipway_sync::protocol::{ConsistencyQuery, Epoch, ErrorBody, NewDevice, Pull, Verdict};
use slipway_sync::signing::{PrivateKey, PublicKey};
use slipway_sync::transport::{Answer, Request, TransportError};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

pub const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(1));
const CONSOLE: DeviceId = DeviceId(Uuid::from_u128(2));
/// People of the model. Each may do everything but what separation of duties forbids; the first is the administrator.
pub const PEOPLE: [PersonId; 3] =
    [PersonId(Uuid::from_u128(0x31)), PersonId(Uuid::from_u128(0x32)), PersonId(Uuid::from_u128(0x33))];
/// Sites of the model.
pub const SITES: [SiteId; 3] =
    [SiteId(Uuid::from_u128(0x61)), SiteId(Uuid::from_u128(0x62)), SiteId(Uuid::from_u128(0x63))];
pub const CAB: GroupId = GroupId(Uuid::from_u128(0x41));

pub struct Server {
    place: Place,
    storage: Arc<dyn Storage>,
    core: Core,
    now: Arc<AtomicI64>,
    /// The storage fails while the next push is judged.
    pub faulty: bool,
    bug: Option<Bug>,
    saboteur: Option<Saboteur>,
}

impl Server {
    pub fn new(database: Database, epoch: Epoch, random: &mut Random, bug: Option<Bug>) -> Self {
        let now = Arc::new(AtomicI64::new(0));
        let (place, storage) = Place::create(database, epoch);
        let server = Self {
            core: core(&storage, &now),
            storage,
            place,
            now,
            faulty: false,
            bug,
            saboteur: bug.map(|_| Saboteur::default()),
        };
        let key = PrivateKey::from_seed(&[2; 32]);
        server.core.register_console(CONSOLE, &key).unwrap();
        let mut console = server.core.console(CONSOLE, &key).unwrap();
        let people = setup(random).into_iter().map(|command| (PersonId::SYSTEM, command));
        for (n, (actor, command)) in people.chain(under_way()).enumerate() {
            let id = CommandId(Uuid::from_u128(0x1000 + n as u128));
            let result = console.issue_as(actor, Timestamp(0), id, command).unwrap();
            assert!(matches!(result.verdict, Verdict::Applied { .. }), "{result:?}");
        }
        console.commit().unwrap();
        server
    }

    pub fn set_clock(&self, ms: u64) {
        self.now.store(i64::try_from(ms).unwrap(), Ordering::SeqCst);
    }

    /// What the server says to a request of a device, with pages of at most so many entries.
    pub fn answer(&mut self, device: DeviceId, request: &Request, page: usize) -> Result<Answer, TransportError> {
        let Some((bug, mut saboteur)) = self.bug.zip(self.saboteur.take()) else {
            return self.honest(device, request, page);
        };
        let mut asked = request.clone();
        saboteur.before(bug, self, device, &mut asked);
        let mut answer = self.honest(device, &asked, page);
        saboteur.after(bug, self, device, &asked, &mut answer);
        self.saboteur = Some(saboteur);
        answer
    }

    fn honest(&mut self, device: DeviceId, request: &Request, page: usize) -> Result<Answer, TransportError> {
        // What a lost session looks like: the device is not known since the restore.
        let Some(known) = self.view().device(device).unwrap() else { return Err(TransportError::SignedOut) };
        let caller = Caller { person: known.person, device, revoked: false };
        let answer = match request {
            Request::Push(push) => {
                let faulty = std::mem::take(&mut self.faulty);
                if faulty {
                    self.place.sql("UPDATE record SET body = '!' || body WHERE kind = 'person'");
                }
                let answer = self.core.push(&caller, push).map(Answer::Pushed);
                if faulty {
                    self.place.sql("UPDATE record SET body = substr(body, 2) WHERE kind = 'person'");
                }
                answer
            }
            Request::Pull(pull) => {
                let pull = Pull { limit: pull.limit.min(page), ..pull.clone() };
                self.core.pull(&caller, &pull).map(Box::new).map(Answer::Page)
            }
            Request::Consistency { epoch, from, to } => {
                let query = ConsistencyQuery { epoch: *epoch, from: *from, to: *to };
                self.core.log_consistency(&caller, query).map(|proof| Answer::Consistency(Some(proof.hashes)))
            }
            Request::Lease(lease) => self.core.lease(&caller, *lease).map(Answer::Lease),
            Request::Offers(buckets) => self.core.offers(&caller, buckets).map(Answer::Offers),
            Request::Frames { snapshot, bytes } => self.core.frames(&caller, *snapshot).map(|path| {
                let file = std::fs::read(path).expect("what is offered is there");
                let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(file.len());
                Answer::Frames(file[at(bytes.start)..at(bytes.end)].to_vec())
            }),
        };
        answer.map_err(|error| TransportError::Refused(Box::new(error.body())))
    }

    /// Copies the write-ahead log into the file and packs the file, as a maintenance job may at any time.
    pub fn compact(&self) {
        self.place.compact();
    }

    /// Writes records as no command does: for planted bugs.
    pub fn past_the_rules(&self, write: impl FnOnce(&mut dyn Records)) {
        let mut tx = self.storage.begin(WORKSPACE).unwrap();
        tx.savepoint().unwrap();
        write(tx.as_mut());
        tx.release_savepoint().unwrap();
        tx.commit().unwrap();
    }

    /// Signing in on a device registers it.
    pub fn register(&self, person: PersonId, id: DeviceId, public_key: PublicKey) -> Result<(), ErrorBody> {
        let caller = Caller { person, device: CONSOLE, revoked: false };
        let device = NewDevice { id, name: "laptop".into(), public_key };
        self.core.new_device(&caller, &device).map(|_| ()).map_err(|error| error.body())
    }

    pub fn view(&self) -> Box<dyn WorkspaceView + '_> {
        self.storage.snapshot(WORKSPACE).unwrap()
    }

    pub fn log(&self) -> (String, PublicKey) {
        (self.core.log_name(), PrivateKey::from_seed(&[1; 32]).public())
    }

    /// A file to read the stored rows in.
    pub fn file(&self) -> PathBuf {
        self.place.file()
    }

    /// The server's process dies and starts again; what was committed stays.
    pub fn restart(&mut self) {
        self.storage = self.place.open();
        self.core = core(&self.storage, &self.now);
    }

    pub fn back_up(&mut self) {
        self.place.back_up();
    }

    /// Puts the newest backup back, if there is one, as an administrator does who says so.
    pub fn restore(&mut self, epoch: Epoch) -> bool {
        let Self { place, storage, core: served, now, .. } = self;
        let put_back = place.put_back(|nothing| {
            *storage = nothing;
            *served = core(storage, now);
        });
        if !put_back {
            return false;
        }
        self.restart();
        if self.bug != Some(Bug::SameEpochAfterRestore) {
            let mut tx = self.storage.begin(WORKSPACE).unwrap();
            begin_epoch(tx.as_mut(), epoch, "the newest backup", self.core.now()).unwrap();
            tx.commit().unwrap();
        }
        true
    }
}

/// People, a CAB of all of them, and which rule each gate takes.
fn setup(random: &mut Random) -> Vec<Command> {
    let person = |(n, id): (usize, &PersonId)| {
        SetupCommand::PutPerson(Person {
            id: *id,
            name: format!("Person {n}"),
            user: format!("person{n}"),
            // Administrators and auditors read every site, so only the first is one.
            roles: Role::ALL
                .iter()
                .copied()
                .filter(|role| n == 0 || !matches!(role, Role::Administrator | Role::Auditor))
                .collect(),
            active: true,
        })
    };
    let mut commands: Vec<SetupCommand> = PEOPLE.iter().enumerate().map(person).collect();
    for (n, id) in SITES.into_iter().enumerate() {
        commands.push(SetupCommand::PutSite(Site { id, name: format!("Site {n}"), address: String::new() }));
    }
    commands.push(SetupCommand::PutGroup(Group {
        id: CAB,
        name: "CAB".into(),
        members: PEOPLE.into(),
        lead: Some(PEOPLE[0]),
    }));
    for (n, gate) in
        [Gate::PlanAndDesign, Gate::BuildAndTest, Gate::DistributionAndRollout, Gate::Change].into_iter().enumerate()
    {
        let rules = [ApprovalRule::OneMustApprove, ApprovalRule::AllMustApprove, ApprovalRule::Quorum(1)];
        commands.push(SetupCommand::PutApprovalPolicy(ApprovalPolicy {
            id: SettingId(Uuid::from_u128(0x51 + n as u128)),
            gate,
            class: None,
            groups: vec![CAB],
            rule: *random.pick(&rules).unwrap(),
            due_hours: 72,
        }));
    }
    commands.into_iter().map(Command::Setup).collect()
}

/// Two releases in Plan and design, which everybody edits, asks approval for and votes on.
fn under_way() -> Vec<(PersonId, Command)> {
    let mut commands = Vec::new();
    for (n, person) in PEOPLE.into_iter().take(2).enumerate() {
        let (release, change) =
            (ReleaseId(Uuid::from_u128(0x61 + n as u128)), ChangeId(Uuid::from_u128(0x71 + n as u128)));
        let mut standard = crate::invent::a_change(change, person, Timestamp(0), &format!("Change {n}"));
        standard.kind = ChangeKind::Standard;
        commands.push((person, Command::Change(ChangeCommand::Create(Box::new(standard)))));
        for command in [
            ReleaseCommand::Create(crate::invent::a_release(release, person, &format!("Release {n}"))),
            ReleaseCommand::Edit(vec![
                ReleaseEdit::Impact(Edit { from: None, to: Some(Impact::User) }),
                ReleaseEdit::Urgency(Edit { from: None, to: Some(Urgency::High) }),
                ReleaseEdit::AssessmentNote(Edit { from: String::new(), to: "worth it".into() }),
            ]),
            ReleaseCommand::AttachChange(change),
            ReleaseCommand::Advance,
        ] {
            commands.push((person, Command::Release(release, command)));
        }
    }
    commands
}

fn core(storage: &Arc<dyn Storage>, now: &Arc<AtomicI64>) -> Core {
    let now = Arc::clone(now);
    let clock = Arc::new(move || Timestamp(now.load(Ordering::SeqCst)));
    Core::new(Arc::clone(storage), WORKSPACE, PrivateKey::from_seed(&[1; 32]), clock)
}
