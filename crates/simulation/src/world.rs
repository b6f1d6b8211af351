//! Laptops, a server and a network between them, on one virtual clock.

use crate::laptop::Disk;
use crate::random::Random;
use crate::server::Server;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::command::{CmdbCommand, Command, Edit, NewRelease, ReleaseCommand, ReleaseEdit, SetupCommand};
use slipway_domain::comment::Comment;
use slipway_domain::id::{CiId, CommandId, CommentId, FreezeId, ReleaseId};
use slipway_domain::number::Series;
use slipway_domain::record::{Record, RecordRef};
use slipway_domain::release::record::{Packaging, ReleaseClass, ReleaseType};
use slipway_domain::setting::{Freeze, FreezeScope};
use slipway_domain::time::{Timestamp, Window};
use slipway_sync::engine::{Engine, Event, Input, Output, Settings, SyncState, Ticket};
use slipway_sync::local::{LocalError, perform};
use slipway_sync::protocol::{Epoch, ErrorCode, Verdict};
use slipway_sync::signing::PrivateKey;
use slipway_sync::transport::{Answer, Request, TransportError};
use std::collections::{BTreeMap, BTreeSet};

/// How often things go wrong, in a hundred; restores and images as counts.
#[derive(Clone, Debug)]
pub struct Faults {
    pub lose: u64,
    pub double: u64,
    pub crash: u64,
    pub store_fails: u64,
    pub restores: u64,
    pub images: u64,
    pub skew_days: i64,
}

impl Faults {
    pub fn none() -> Self {
        Self { lose: 0, double: 0, crash: 0, store_fails: 0, restores: 0, images: 0, skew_days: 0 }
    }

    pub fn wild() -> Self {
        Self { lose: 20, double: 15, crash: 4, store_fails: 3, restores: 2, images: 2, skew_days: 20 }
    }
}

/// Commands, wishes and disasters in one run.
const STEPS: u64 = 120;
const LAPTOPS: usize = 3;

#[derive(Debug)]
enum Happening {
    /// A step of the script.
    Step(u64),
    Request {
        laptop: usize,
        life: u64,
        ticket: Ticket,
        device: slipway_domain::id::DeviceId,
        request: Request,
    },
    Event {
        laptop: usize,
        life: u64,
        event: Event,
    },
    Wake {
        laptop: usize,
        life: u64,
    },
}

pub struct Laptop {
    pub disk: Disk,
    engine: Engine,
    /// Grows at each crash: what belongs to an earlier life is lost.
    life: u64,
    wake: u64,
    image: Option<Disk>,
    skew: i64,
    /// Commands whose issue the person saw done, but for those that a restored disk took away.
    pub issued: BTreeSet<CommandId>,
}

pub struct World {
    pub server: Server,
    pub laptops: Vec<Laptop>,
    random: Random,
    faults: Faults,
    now: u64,
    order: u64,
    agenda: BTreeMap<(u64, u64), Happening>,
    epoch: u64,
    /// The words first given for a command in an epoch.
    words: BTreeMap<(Epoch, CommandId), Verdict>,
    course: Vec<String>,
    /// What the run came across.
    pub seen: BTreeSet<&'static str>,
}

impl World {
    pub fn new(seed: u64, faults: Faults) -> Self {
        let mut random = Random::new(seed);
        let server = Server::new(Epoch(uuid::Uuid::from_u128(1)));
        let mut laptops = Vec::new();
        for _ in 0..LAPTOPS {
            let disk = Disk::new(&mut random);
            server.register(disk.device, disk.key.public()).unwrap();
            let skew = if faults.skew_days == 0 {
                0
            } else {
                (random.below(2 * faults.skew_days.unsigned_abs() + 1) as i64 - faults.skew_days) * 86_400_000
            };
            laptops.push(Laptop {
                disk,
                engine: Engine::new(Settings::default()),
                life: 0,
                wake: 0,
                image: None,
                skew,
                issued: BTreeSet::new(),
            });
        }
        let mut world = Self {
            server,
            laptops,
            random,
            faults,
            now: 1_000_000_000_000,
            order: 0,
            agenda: BTreeMap::new(),
            epoch: 1,
            words: BTreeMap::new(),
            course: Vec::new(),
            seen: BTreeSet::new(),
        };
        for laptop in 0..LAPTOPS {
            world.start(laptop);
        }
        world
    }

    /// A while in which people work and everything goes wrong.
    pub fn stir(&mut self) {
        let mut at = self.now;
        for step in 0..STEPS {
            at += self.random.below(20_000);
            self.schedule(at, Happening::Step(step));
        }
        let end = at + 60_000;
        self.run_until(end);
    }

    /// Nothing goes wrong any more: within a time everything is settled.
    pub fn calm_down(&mut self) {
        self.faults = Faults::none();
        for laptop in 0..LAPTOPS {
            self.deliver(laptop, Event::SyncNow);
        }
        self.run_until(self.now + 1_200_000);
        // Each fetches what the others pushed last.
        for laptop in 0..LAPTOPS {
            self.deliver(laptop, Event::SyncNow);
        }
        self.run_until(self.now + 20_000);
        for (number, laptop) in self.laptops.iter().enumerate() {
            let report = laptop.engine.report();
            assert!(
                report.trouble.is_none()
                    && matches!(
                        report.state,
                        SyncState::Idle | SyncState::Pushing | SyncState::Pulling | SyncState::Flipping
                    ),
                "laptop {number} has not settled: {report:?}"
            );
        }
    }

    /// What happened, for comparison of two runs.
    pub fn course(&self) -> &[String] {
        &self.course
    }

    fn schedule(&mut self, at: u64, happening: Happening) {
        self.order += 1;
        self.agenda.insert((at, self.order), happening);
    }

    fn run_until(&mut self, end: u64) {
        let mut happenings = 0_u64;
        while let Some(entry) = self.agenda.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), happening) = entry.remove_entry();
            self.now = self.now.max(at);
            self.server.set_clock(self.now);
            self.happen(happening);
            happenings += 1;
            assert!(happenings < 200_000, "the laptops keep the network busy for nothing");
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Step(step) => self.step(step),
            Happening::Request { laptop, life, ticket, device, request } => {
                let answer = self.server.answer(device, &request);
                self.note(&answer, &request);
                if !self.random.percent(self.faults.lose) {
                    let delay = 1 + self.random.below(400);
                    let event = Event::Answered { ticket, answer };
                    self.schedule(self.now + delay, Happening::Event { laptop, life, event });
                }
            }
            Happening::Event { laptop, life, event } => {
                if self.laptops[laptop].life == life {
                    self.deliver(laptop, event);
                }
            }
            Happening::Wake { laptop, life } => {
                if self.laptops[laptop].life == life && self.now >= self.laptops[laptop].wake {
                    self.deliver(laptop, Event::Tick);
                }
            }
        }
    }

    /// Promise: the same command gets the same words within an epoch, whoever asks and however often.
    fn note(&mut self, answer: &Result<Answer, TransportError>, request: &Request) {
        let (epoch, results) = match answer {
            Ok(Answer::Pushed(pushed)) => (pushed.epoch, &pushed.results),
            Ok(Answer::Page(page)) => {
                if !page.complete {
                    self.seen.insert("a pull of several pages");
                }
                (page.epoch, &page.results)
            }
            Err(TransportError::Refused(body)) => {
                self.seen.insert(match body.code {
                    ErrorCode::DeviceForked => "a fork",
                    ErrorCode::EpochChanged => "another epoch",
                    ErrorCode::CounterGap => "a gap",
                    ErrorCode::WrongDevice => "an earlier identity's command",
                    _ => "another error",
                });
                return;
            }
            _ => return,
        };
        for result in results {
            self.seen.insert(match result.verdict {
                Verdict::Applied { .. } => "applied",
                Verdict::Partial { .. } => "applied in part",
                Verdict::Refused { .. } => "refused",
                Verdict::Held { .. } => "held",
            });
            if matches!(request, Request::Push(_)) && self.words.contains_key(&(epoch, result.id)) {
                self.seen.insert("a push answered from store");
            }
            let first = self.words.entry((epoch, result.id)).or_insert_with(|| result.verdict.clone());
            assert_eq!(*first, result.verdict, "other words on a retry");
        }
        let kind = if matches!(request, Request::Push(_)) { "push" } else { "pull" };
        self.course.push(format!("{} {kind} {}", self.now, results.len()));
    }

    fn deliver(&mut self, laptop: usize, event: Event) {
        let now = self.now;
        let outputs = self.laptops[laptop].engine.step(Input { now, event });
        for output in outputs {
            self.put_out(laptop, output);
        }
    }

    fn put_out(&mut self, laptop: usize, output: Output) {
        let life = self.laptops[laptop].life;
        match output {
            Output::Call { ticket, request } => {
                let device = self.laptops[laptop].disk.device;
                let copies = if self.random.percent(self.faults.lose) {
                    0
                } else if self.random.percent(self.faults.double) {
                    2
                } else {
                    1
                };
                for _ in 0..copies {
                    // Delays differ, so copies and requests overtake one another.
                    let longest = if self.faults.lose > 0 && self.random.percent(5) { 200_000 } else { 300 };
                    let delay = 1 + self.random.below(longest);
                    let request = request.clone();
                    self.schedule(self.now + delay, Happening::Request { laptop, life, ticket, device, request });
                }
            }
            Output::Local { ticket, request } => {
                let fails = self.random.percent(self.faults.store_fails);
                let answer = if fails {
                    Err(LocalError::new("the disk is full"))
                } else {
                    perform(&mut self.laptops[laptop].disk, &request)
                };
                // The call took effect; a crash may still come before the engine hears of it.
                self.schedule(self.now + 1, Happening::Event { laptop, life, event: Event::Stored { ticket, answer } });
            }
            Output::Reissue { ticket } => {
                let answer = if self.random.percent(self.faults.lose) {
                    Err(TransportError::Unreachable { why: "lost".into() })
                } else {
                    let device = slipway_domain::id::DeviceId(self.random.uuid());
                    let key = PrivateKey::from_seed(&self.random.seed());
                    self.server.register(device, key.public()).unwrap();
                    self.laptops[laptop].disk.reissue(device, key);
                    Ok(())
                };
                self.course.push(format!("{} reissue {laptop}", self.now));
                self.schedule(
                    self.now + 5,
                    Happening::Event { laptop, life, event: Event::Reissued { ticket, answer } },
                );
            }
            Output::WakeAt(at) => {
                self.laptops[laptop].wake = at;
                self.schedule(at.max(self.now + 1), Happening::Wake { laptop, life });
            }
            Output::Report(report) => {
                if report.state == SyncState::SignedOut {
                    // The person signs in again, on the same device.
                    let disk = &self.laptops[laptop].disk;
                    self.server.register(disk.device, disk.key.public()).unwrap();
                    let event = Event::SignedIn { log: None };
                    self.schedule(self.now + 3_000, Happening::Event { laptop, life, event });
                }
            }
        }
    }

    /// The laptop's program starts, on whatever its disk holds.
    fn start(&mut self, laptop: usize) {
        let settings =
            Settings { seed: self.random.next(), call_ms: 15_000, log: Some(self.server.log()), ..Settings::default() };
        let it = &mut self.laptops[laptop];
        it.life += 1;
        it.engine = Engine::new(settings);
        self.deliver(laptop, Event::Start);
    }

    fn step(&mut self, step: u64) {
        let laptop = usize::try_from(self.random.below(LAPTOPS as u64)).unwrap();
        if self.random.percent(self.faults.crash) {
            self.course.push(format!("{} crash {laptop}", self.now));
            self.start(laptop);
        }
        if self.random.percent(self.faults.crash) {
            self.server.restart();
        }
        self.disasters(laptop, step);
        for _ in 0..1 + self.random.below(4) {
            self.work(laptop);
        }
        self.deliver(laptop, Event::Issued);
    }

    /// Images, then backups, then their return at the same moment: the hardest case for a device's chain.
    fn disasters(&mut self, laptop: usize, step: u64) {
        let (restores, images) = (self.faults.restores, self.faults.images);
        let times = |count: u64, offset: u64| count > 0 && step % (STEPS / count) == offset;
        if times(restores, 30) {
            self.server.back_up();
        }
        if times(restores, STEPS / restores.max(1) - 15) {
            self.epoch += 1;
            let restored = self.server.restore(Epoch(uuid::Uuid::from_u128(u128::from(self.epoch))));
            self.course.push(format!("{} server restored {restored}", self.now));
        }
        if times(images, 20) {
            self.laptops[0].image = Some(self.laptops[0].disk.clone());
        }
        if times(images, STEPS / images.max(1) - 15)
            && let Some(image) = self.laptops[0].image.take()
        {
            self.course.push(format!("{} image {laptop}", self.now));
            let it = &mut self.laptops[0];
            // What was issued since the image is gone with the disk, unless the server got it.
            it.issued = image.kept.iter().map(|kept| kept.id).collect();
            it.disk = image;
            self.start(0);
        }
    }

    fn work(&mut self, laptop: usize) {
        let Some(command) = self.invent(laptop) else { return };
        let id = CommandId(self.random.uuid());
        let it = &mut self.laptops[laptop];
        let made_at = Timestamp(i64::try_from(self.now).unwrap() + it.skew);
        if it.disk.issue(id, made_at, command) {
            it.issued.insert(id);
        }
    }

    fn invent(&mut self, laptop: usize) -> Option<Command> {
        let seen: Vec<Record> = self.laptops[laptop].disk.visible().records().cloned().collect();
        let cis: Vec<&Ci> =
            seen.iter().filter_map(|r| if let Record::Ci(ci) = r { Some(&**ci) } else { None }).collect();
        let id = self.random.uuid();
        let words = format!("{:x}", self.random.below(1 << 20));
        let disk = &mut self.laptops[laptop].disk;
        Some(match self.random.below(10) {
            0 | 1 => {
                // Few names, so that two laptops make the same CI.
                let name = format!("host-{}", self.random.below(40));
                Command::Cmdb(CmdbCommand::CreateCi(Box::new(Ci::blank(
                    CiId(id),
                    disk.number(Series::Ci, id),
                    "server",
                    &name,
                ))))
            }
            2..=4 => {
                let ci = self.random.pick(&cis)?;
                let field = ["version", "notes", "model"][usize::try_from(self.random.below(3)).unwrap()];
                let from = ci.field(field)?;
                Command::Cmdb(CmdbCommand::SetFields(ci.id, vec![FieldChange { field: field.into(), from, to: words }]))
            }
            5 => {
                let ci = self.random.pick(&cis)?;
                let on = RecordRef::to(&Record::from((*ci).clone()));
                Command::Comment(Comment {
                    id: CommentId(id),
                    on,
                    text: words,
                    by: crate::server::PERSON,
                    at: Timestamp(0),
                })
            }
            6 => Command::Release(
                ReleaseId(id),
                ReleaseCommand::Create(NewRelease {
                    number: disk.number(Series::Release, id),
                    title: words,
                    description: String::new(),
                    release_type: Some(ReleaseType::Software),
                    class: ReleaseClass::Minor,
                    packaging: Packaging::Full,
                    reason: "wanted".into(),
                    manager: crate::server::PERSON,
                    requested_by: crate::server::PERSON,
                }),
            ),
            7 | 8 => {
                let releases: Vec<_> =
                    seen.iter().filter_map(|r| if let Record::Release(it) = r { Some(&**it) } else { None }).collect();
                let release = self.random.pick(&releases)?;
                let edit = ReleaseEdit::Title(Edit { from: release.title.clone(), to: words });
                Command::Release(release.id, ReleaseCommand::Edit(vec![edit]))
            }
            _ => {
                let freezes: Vec<_> =
                    seen.iter().filter_map(|r| if let Record::Freeze(it) = r { Some(it.id) } else { None }).collect();
                match self.random.pick(&freezes) {
                    Some(freeze) if freezes.len() > 2 => Command::Setup(SetupCommand::RemoveFreeze(*freeze)),
                    _ => Command::Setup(SetupCommand::PutFreeze(Freeze {
                        id: FreezeId(id),
                        title: words,
                        window: Window { start: Timestamp(1), end: Timestamp(2) },
                        scope: FreezeScope::Everything,
                    })),
                }
            }
        })
    }
}
