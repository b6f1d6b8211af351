//! Laptops, a server and a network between them, on one virtual clock.

use crate::invent::Desk;
use crate::machine::{Image, Machine};
use crate::network::Happening;
use crate::place::Database;
use crate::planted::Bug;
use crate::promise::always::{self, Truth};
use crate::random::Random;
use crate::script::{Faults, Line, What};
use crate::server::{PEOPLE, SITES, Server};
use crate::story::Telling;
use slipway_domain::command::Command;
use slipway_domain::id::{CommandId, DeviceId, PersonId};
use slipway_domain::time::Timestamp;
use slipway_sync::bucket::Bucket;
use slipway_sync::engine::{Engine, Event, Settings, SyncState};
use slipway_sync::log::Checkpoint;
use slipway_sync::protocol::{Epoch, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Where the virtual clock begins.
pub const START_MS: u64 = 1_777_852_800_000;
/// Once faults stop, everything has settled within this time,
pub const SETTLED_MS: u64 = 60_000;
/// and this for each command that waits on the laptop where most do: some laptops send one command a push, a round trip
/// takes up to 0.6 s, and after a fork what was pushed goes a second time under the new identity.
const WAITING_MS: u64 = 1_000;

pub struct Laptop {
    pub disk: Box<dyn Machine>,
    pub engine: Engine,
    /// Grows at each crash: what belongs to an earlier life is lost.
    pub life: u64,
    pub wake: u64,
    pub offline_until: u64,
    /// The device clock against the true one.
    pub skew_ms: i64,
    /// Commands whose issue the person saw done, but for those that a restored disk took away.
    pub issued: BTreeSet<CommandId>,
    /// What the last flip put in force.
    pub truth: Rc<Truth>,
    /// What the next flip will put in force.
    pub next_truth: Option<Rc<Truth>>,
    /// It found another epoch and has not flipped in it yet.
    pub between_epochs: bool,
    image: Option<Copied>,
}

/// A copy of a disk, and what was true of it.
struct Copied {
    image: Image,
    issued: BTreeSet<CommandId>,
    truth: Rc<Truth>,
    next_truth: Option<Rc<Truth>>,
    between_epochs: bool,
}

/// Of which epoch and head a state is, with which buckets, for whom.
pub type TruthKey = (Epoch, u64, Vec<Bucket>, PersonId);

pub struct World {
    pub server: Server,
    pub laptops: Vec<Laptop>,
    pub random: Random,
    pub faults: Faults,
    pub now: u64,
    order: u64,
    pub agenda: BTreeMap<(u64, u64), Happening>,
    epoch: u64,
    /// The words first given for a command in an epoch.
    pub words: BTreeMap<(Epoch, CommandId), Verdict>,
    /// States that the server had when it said that a pull is complete.
    pub truths: BTreeMap<TruthKey, Rc<Truth>>,
    /// Checkpoints that anybody saw.
    pub checkpoints: BTreeMap<(Epoch, u64), Checkpoint>,
    pub story: Telling,
    pub bug: Option<Bug>,
    happenings: u64,
}

impl World {
    pub fn new(seed: u64, database: Database, faults: Faults, bug: Option<Bug>, story: Telling) -> Self {
        let mut random = Random::new(seed);
        let server = Server::new(database, Epoch(uuid::Uuid::from_u128(1)), &mut random, bug);
        let mut world = Self {
            server,
            laptops: Vec::new(),
            random,
            faults,
            now: START_MS,
            order: 0,
            agenda: BTreeMap::new(),
            epoch: 1,
            words: BTreeMap::new(),
            truths: BTreeMap::new(),
            checkpoints: BTreeMap::new(),
            story,
            bug,
            happenings: 0,
        };
        let count = world.random.between(3, 5);
        for n in 0..count {
            let person = PEOPLE[usize::try_from(n).unwrap() % PEOPLE.len()];
            let random = &mut world.random;
            // A planted bug is in the laptops in memory, so there all are.
            let disk: Box<dyn Machine> = if bug.is_none() && random.percent(50) {
                Box::new(crate::stored::Stored::new(person, random))
            } else {
                Box::new(crate::laptop::Disk::new(person, random, bug))
            };
            world.server.register(person, disk.device(), disk.public_key()).unwrap();
            let days = world.faults.skew_days;
            let skew_ms = (i64::try_from(world.random.below(2 * days + 1)).unwrap() - days.cast_signed()) * 86_400_000;
            world.tell(&format!(
                "laptop {n} has its disk in {}, its clock is {} h off",
                disk.name(),
                skew_ms / 3_600_000
            ));
            world.laptops.push(Laptop {
                disk,
                engine: Engine::new(Settings::default()),
                life: 0,
                wake: 0,
                offline_until: 0,
                skew_ms,
                issued: BTreeSet::new(),
                truth: Rc::default(),
                next_truth: None,
                between_epochs: false,
                image: None,
            });
        }
        for laptop in 0..world.laptops.len() {
            world.start(laptop);
        }
        world
    }

    pub fn tell(&self, what: &str) {
        self.story.borrow_mut().tell(what);
    }

    pub fn count(&self, what: &'static str) {
        self.story.borrow_mut().count(what);
    }

    /// Lets the script happen.
    pub fn perform(&mut self, script: &[Line]) {
        for line in script {
            self.schedule(START_MS + line.at_ms, Happening::Line(line.clone()));
        }
        let last = script.last().map_or(0, |line| line.at_ms);
        self.run_until(START_MS + last + 30_000);
    }

    /// Nothing goes wrong any more: within a time everything is settled.
    pub fn calm_down(&mut self) {
        self.tell("the faults stop");
        self.faults = Faults::none();
        self.server.faulty = false;
        self.no_more_delays();
        for laptop in 0..self.laptops.len() {
            self.laptops[laptop].offline_until = 0;
            self.deliver(laptop, Event::SyncNow);
        }
        let longest = self.laptops.iter().map(|laptop| laptop.engine.report().waiting).max().unwrap_or(0);
        let end = self.now + SETTLED_MS + longest * WAITING_MS;
        self.run_until(end - 20_000);
        // Each fetches what the others pushed last, as a hint from the server or its own poll would have it do.
        for laptop in 0..self.laptops.len() {
            self.deliver(laptop, Event::SyncNow);
        }
        self.run_until(end);
        for (number, laptop) in self.laptops.iter().enumerate() {
            let report = laptop.engine.report();
            let busy = matches!(report.state, SyncState::Waiting | SyncState::SignedOut);
            assert!(report.trouble.is_none() && !busy, "L1 laptop {number} has not settled: {report:?}");
        }
    }

    /// What is under way arrives now.
    fn no_more_delays(&mut self) {
        let late: Vec<_> = self.agenda.keys().copied().filter(|(at, _)| *at > self.now + 1_000).collect();
        for key in late {
            if matches!(self.agenda[&key], Happening::Wake { .. }) {
                continue;
            }
            let happening = self.agenda.remove(&key).unwrap();
            self.schedule(self.now + 1, happening);
        }
    }

    pub fn schedule(&mut self, at: u64, happening: Happening) {
        self.order += 1;
        self.agenda.insert((at, self.order), happening);
    }

    pub fn run_until(&mut self, end: u64) {
        while let Some(entry) = self.agenda.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), happening) = entry.remove_entry();
            self.set_clock(self.now.max(at));
            self.happenings += 1;
            assert!(self.happenings < 2_000_000, "L1 the laptops keep the network busy for nothing");
            self.count("steps");
            self.happen(happening);
        }
        self.set_clock(end);
    }

    fn set_clock(&mut self, now: u64) {
        self.now = now;
        self.server.set_clock(now);
        self.story.borrow_mut().set_clock(now);
    }

    /// The laptop's program starts, on whatever its disk holds.
    pub fn start(&mut self, laptop: usize) {
        let settings =
            Settings { seed: self.random.draw(), call_ms: 15_000, log: Some(self.server.log()), ..Settings::default() };
        let it = &mut self.laptops[laptop];
        it.life += 1;
        it.engine = Engine::new(settings);
        always::laptop(self, laptop);
        self.deliver(laptop, Event::Start);
        // Some hear of news, others poll.
        let live = self.random.percent(60);
        self.deliver(laptop, Event::Live(live));
    }

    pub fn line(&mut self, line: &Line) {
        // A clone came later than the line was drawn, or never: the number is one that there is.
        let laptop = line.laptop % self.laptops.len();
        let mut random = Random::new(line.seed);
        match &line.what {
            What::Work(commands) => {
                for _ in 0..*commands {
                    self.work(laptop, &mut random);
                }
                self.deliver(laptop, Event::Issued);
            }
            What::Sync => self.deliver(laptop, Event::SyncNow),
            What::Choose => {
                let some = SITES.into_iter().filter(|_| random.percent(50)).collect();
                let only = random.percent(70).then_some(some);
                self.tell(&format!("laptop {laptop} is to hold {only:?}"));
                self.count("sites chosen");
                self.laptops[laptop].disk.hold_only(only);
                self.deliver(laptop, Event::SyncNow);
            }
            What::Poison => {
                let (id, made_at) = (CommandId(random.uuid()), self.device_time(laptop));
                let it = &mut self.laptops[laptop];
                if it.disk.poison(id, made_at) {
                    it.issued.insert(id);
                    self.fault(laptop, "an unknown command");
                    self.deliver(laptop, Event::Issued);
                }
            }
            What::Crash => {
                self.fault(laptop, "a crash of a laptop");
                self.laptops[laptop].disk.restart();
                self.start(laptop);
            }
            What::Offline(span) => {
                self.fault(laptop, "a time without network");
                self.laptops[laptop].offline_until = self.now + span;
            }
            What::Clock(days) => {
                self.fault(laptop, "a clock set wrong");
                self.laptops[laptop].skew_ms += days * 86_400_000;
            }
            What::Image => self.image(laptop),
            What::PutBack => self.put_back(laptop),
            What::Clone => self.clone_laptop(laptop),
            What::ServerCrash => {
                self.tell("the server crashes");
                self.count("fault: a crash of the server");
                self.server.restart();
            }
            What::StorageFault => {
                self.tell("the server's storage will fail");
                self.count("fault: a storage fault while judging");
                self.server.faulty = true;
            }
            What::BackUp => {
                self.tell("the server is backed up");
                self.server.back_up();
            }
            What::Restore => {
                self.epoch += 1;
                if self.server.restore(Epoch(uuid::Uuid::from_u128(u128::from(self.epoch)))) {
                    self.tell("the server is restored");
                    self.count("fault: a restored server");
                }
            }
        }
    }

    pub fn fault(&self, laptop: usize, what: &'static str) {
        self.tell(&format!("laptop {laptop}: {what}"));
        self.count(match what {
            "an unknown command" => "fault: an unknown command",
            "a crash of a laptop" => "fault: a crash of a laptop",
            "a power cut amid a transaction" => "fault: a power cut amid a call of the store",
            "a full disk" => "fault: a full disk",
            "a time without network" => "fault: a time without network",
            "a clock set wrong" => "fault: a clock set wrong",
            "a restored disk" => "fault: a restored laptop",
            "a cloned laptop" => "fault: a cloned laptop",
            _ => "fault: another",
        });
    }

    fn image(&mut self, laptop: usize) {
        self.tell(&format!("laptop {laptop}: its disk is copied"));
        let it = &mut self.laptops[laptop];
        it.image = Some(Copied {
            image: it.disk.image(),
            issued: it.issued.clone(),
            truth: Rc::clone(&it.truth),
            next_truth: it.next_truth.clone(),
            between_epochs: it.between_epochs,
        });
    }

    fn put_back(&mut self, laptop: usize) {
        let it = &mut self.laptops[laptop];
        let Some(copied) = it.image.take() else { return };
        it.disk.put_back(&copied.image);
        // What was issued since the copy is gone with the disk, unless the server got it.
        (it.issued, it.truth, it.next_truth) = (copied.issued, copied.truth, copied.next_truth);
        it.between_epochs = copied.between_epochs;
        self.fault(laptop, "a restored disk");
        self.start(laptop);
    }

    fn clone_laptop(&mut self, laptop: usize) {
        if self.laptops.len() >= 8 {
            return;
        }
        self.image(laptop);
        let it = &mut self.laptops[laptop];
        let Some(copied) = it.image.take() else { return };
        let twin = Laptop {
            disk: it.disk.clone_from_image(&copied.image),
            engine: Engine::new(Settings::default()),
            life: 0,
            wake: 0,
            offline_until: 0,
            skew_ms: it.skew_ms,
            issued: copied.issued,
            truth: copied.truth,
            next_truth: copied.next_truth,
            between_epochs: copied.between_epochs,
            image: None,
        };
        self.laptops.push(twin);
        self.fault(laptop, "a cloned laptop");
        self.start(self.laptops.len() - 1);
    }

    fn device_time(&self, laptop: usize) -> Timestamp {
        Timestamp(self.now.cast_signed() + self.laptops[laptop].skew_ms)
    }

    /// A person issues this command; it must be one that the rules allow.
    pub fn issue(&mut self, laptop: usize, command: Command) -> CommandId {
        let (id, made_at) = (CommandId(self.random.uuid()), self.device_time(laptop));
        let it = &mut self.laptops[laptop];
        assert!(it.disk.issue(id, made_at, command), "a command for a script is allowed");
        it.issued.insert(id);
        self.deliver(laptop, Event::Issued);
        id
    }

    /// So much time goes by.
    pub fn pass_ms(&mut self, ms: u64) {
        self.run_until(self.now + ms);
    }

    fn work(&mut self, laptop: usize, random: &mut Random) {
        let made_at = self.device_time(laptop);
        let it = &mut self.laptops[laptop];
        let seen = it.disk.visible();
        let mut desk = Desk { person: it.disk.person(), now: made_at, seen: &seen, random };
        let Some(command) = desk.command() else { return };
        let id = CommandId(random.uuid());
        if it.disk.issue(id, made_at, command.clone()) {
            it.issued.insert(id);
            self.count("commands issued");
            let text = serde_json::to_string(&command).unwrap();
            self.tell(&format!("laptop {laptop} issues {id} {text}"));
        } else {
            self.count("commands refused on the laptop");
        }
        if random.percent(10) {
            always::laptop(self, laptop);
        }
    }

    /// The device's identity is gone on both sides, or the server does not know it since a restore.
    pub fn sign_in(&self, laptop: usize) {
        let disk = &self.laptops[laptop].disk;
        self.server.register(disk.person(), disk.device(), disk.public_key()).unwrap();
    }

    pub fn new_device(&mut self) -> (DeviceId, slipway_sync::signing::PrivateKey) {
        let device = DeviceId(self.random.uuid());
        (device, slipway_sync::signing::PrivateKey::from_seed(&self.random.seed()))
    }
}
