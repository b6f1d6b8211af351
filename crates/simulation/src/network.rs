//! The way between the laptops' engines and the server, and what goes wrong on it.

use crate::promise::always;
use crate::script::Line;
use crate::world::World;
use slipway_domain::id::DeviceId;
use slipway_sync::engine::{Event, Input, Output, SyncState, Ticket};
use slipway_sync::local::{LocalError, LocalRequest};
use slipway_sync::protocol::{ErrorCode, Head, Verdict};
use slipway_sync::transport::{Answer, Request, TransportError};

/// Something that is going to happen.
#[derive(Debug)]
pub enum Happening {
    /// A line of the script.
    Line(Line),
    /// A request arrives at the server.
    Request { laptop: usize, life: u64, ticket: Ticket, device: DeviceId, request: Request },
    /// Something arrives at a laptop's engine.
    Event { laptop: usize, life: u64, event: Event },
    /// A laptop's engine wanted to be woken.
    Wake { laptop: usize, life: u64 },
}

/// Longest time a message that dawdles is under way.
const DAWDLE_MS: u64 = 200_000;

impl World {
    pub fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Line(line) => self.line(&line),
            Happening::Request { laptop, life, ticket, device, request } => {
                let page = usize::try_from(self.random.between(3, 40)).unwrap();
                let answer = self.server.answer(device, &request, page);
                self.note(laptop, &request, &answer);
                self.send_back(laptop, life, ticket, answer);
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

    fn send_back(&mut self, laptop: usize, life: u64, ticket: Ticket, answer: Result<Answer, TransportError>) {
        if self.is_offline(laptop) || self.random.percent(self.faults.lose) {
            self.count("fault: a lost answer");
            self.tell(&format!("the answer to laptop {laptop} is lost"));
            return;
        }
        if self.random.percent(self.faults.garble) {
            self.count("fault: an answer cut off");
            let answer = Err(TransportError::Garbled { why: "cut off".into() });
            let event = Event::Answered { ticket, answer };
            return self.schedule(self.now + 5, Happening::Event { laptop, life, event });
        }
        if self.random.percent(self.faults.double) {
            self.count("fault: a doubled answer");
            let event = Event::Answered { ticket, answer: answer.clone() };
            let late = self.now + 1 + self.random.below(30_000);
            self.schedule(late, Happening::Event { laptop, life, event });
        }
        let event = Event::Answered { ticket, answer };
        let delay = self.delay();
        self.schedule(self.now + delay, Happening::Event { laptop, life, event });
    }

    fn delay(&mut self) -> u64 {
        if self.random.percent(self.faults.dawdle) {
            self.count("fault: a message that dawdles");
            return 1 + self.random.below(DAWDLE_MS);
        }
        1 + self.random.below(300)
    }

    fn is_offline(&self, laptop: usize) -> bool {
        self.now < self.laptops[laptop].offline_until
    }

    /// What an answer says, for the promises about answers and for the story.
    fn note(&mut self, laptop: usize, request: &Request, answer: &Result<Answer, TransportError>) {
        always::words(self, request, answer);
        match answer {
            Ok(Answer::Page(page)) => {
                self.count("pages");
                if !page.complete {
                    self.count("pages that are not the last");
                }
                always::page(self, laptop, request, page);
                self.tell(&format!(
                    "laptop {laptop} is sent {} entries and {} results up to {:?}, {}",
                    page.entries.len(),
                    page.results.len(),
                    page.cursors.values().collect::<Vec<_>>(),
                    if page.complete { "complete" } else { "more follow" }
                ));
            }
            Ok(Answer::Pushed(pushed)) => {
                self.count("pushes");
                self.hint(Head { epoch: pushed.epoch, head: pushed.head, approval: false });
                for result in &pushed.results {
                    let word = match &result.verdict {
                        Verdict::Applied { .. } => "applied",
                        Verdict::Partial { .. } => "applied in part",
                        Verdict::Refused { findings } => findings.first().map_or("refused", |f| f.code.as_str()),
                        Verdict::Held { .. } => "held",
                    };
                    self.tell(&format!("laptop {laptop}: {} of {} is {word}", result.counter, result.id));
                }
            }
            Ok(_) => {}
            Err(TransportError::Refused(body)) => {
                self.count(match body.code {
                    ErrorCode::DeviceForked => "forks",
                    ErrorCode::EpochChanged => "epochs found changed",
                    ErrorCode::CounterGap => "gaps in a chain",
                    ErrorCode::WrongDevice => "commands of an earlier identity",
                    _ => "other errors",
                });
                self.tell(&format!("laptop {laptop} is told {:?}: {}", body.code, body.sentence));
            }
            Err(error) => self.tell(&format!("laptop {laptop} hears: {error}")),
        }
    }

    /// The server tells who listens that its head moved; some do not hear it, and some hear it twice.
    fn hint(&mut self, head: Head) {
        for laptop in 0..self.laptops.len() {
            if self.is_offline(laptop) || self.random.percent(self.faults.lose) {
                self.count("fault: a lost hint");
                continue;
            }
            let copies = if self.random.percent(self.faults.double) { 2 } else { 1 };
            for _ in 0..copies {
                self.count("hints");
                let (life, delay) = (self.laptops[laptop].life, self.delay());
                let event = Event::HeadMoved(head);
                self.schedule(self.now + delay, Happening::Event { laptop, life, event });
            }
        }
    }

    /// Lets a laptop's engine take an event.
    pub fn deliver(&mut self, laptop: usize, event: Event) {
        let now = self.now;
        let outputs = self.laptops[laptop].engine.step(Input { now, event });
        let deadline = outputs.iter().any(|output| matches!(output, Output::WakeAt(_)));
        assert!(deadline, "L3 laptop {laptop} waits without a deadline");
        for output in outputs {
            self.put_out(laptop, output);
        }
    }

    fn put_out(&mut self, laptop: usize, output: Output) {
        let life = self.laptops[laptop].life;
        match output {
            Output::Call { ticket, request } => self.send(laptop, ticket, &request),
            Output::Local { ticket, request } => self.local(laptop, ticket, &request),
            Output::Reissue { ticket } => {
                let answer = if self.is_offline(laptop) || self.random.percent(self.faults.lose) {
                    Err(TransportError::Unreachable { why: "lost".into() })
                } else {
                    let (device, key) = self.new_device();
                    let disk = &mut self.laptops[laptop].disk;
                    self.server.register(disk.person(), device, key.public()).unwrap();
                    disk.reissue(device, key);
                    self.count("new identities");
                    self.tell(&format!("laptop {laptop} takes the identity {device}"));
                    always::laptop(self, laptop);
                    Ok(())
                };
                let event = Event::Reissued { ticket, answer };
                self.schedule(self.now + 5, Happening::Event { laptop, life, event });
            }
            Output::WakeAt(at) => {
                self.laptops[laptop].wake = at;
                self.schedule(at.max(self.now + 1), Happening::Wake { laptop, life });
            }
            Output::Report(report) => {
                if report.state == SyncState::SignedOut {
                    // The person signs in again, on the same device.
                    self.count("sessions lost");
                    self.sign_in(laptop);
                    let event = Event::SignedIn { log: None };
                    self.schedule(self.now + 3_000, Happening::Event { laptop, life, event });
                }
            }
        }
    }

    fn send(&mut self, laptop: usize, ticket: Ticket, request: &Request) {
        let (life, device) = (self.laptops[laptop].life, self.laptops[laptop].disk.device());
        let copies = if self.is_offline(laptop) || self.random.percent(self.faults.lose) {
            self.count("fault: a lost request");
            0
        } else if self.random.percent(self.faults.double) {
            self.count("fault: a doubled request");
            2
        } else {
            1
        };
        for _ in 0..copies {
            // Delays differ, so copies and requests overtake one another.
            let delay = self.delay();
            let request = request.clone();
            self.schedule(self.now + delay, Happening::Request { laptop, life, ticket, device, request });
        }
    }

    fn local(&mut self, laptop: usize, ticket: Ticket, request: &LocalRequest) {
        let life = self.laptops[laptop].life;
        if self.random.percent(self.faults.power_cuts) && !matches!(request, LocalRequest::Status) {
            self.fault(laptop, "a power cut amid a transaction");
            always::before(self, laptop, request);
            let Self { laptops, random, .. } = self;
            laptops[laptop].disk.perform_in_part(request, random);
            return self.start(laptop);
        }
        let answer = if self.random.percent(self.faults.store_fails) {
            self.fault(laptop, "a full disk");
            Err(LocalError::new("the disk is full"))
        } else {
            let before = always::before(self, laptop, request);
            let answer = self.laptops[laptop].disk.perform(request);
            always::after(self, laptop, request, &answer, before);
            answer
        };
        // The call took effect; a crash may still come before the engine hears of it.
        self.schedule(self.now + 1, Happening::Event { laptop, life, event: Event::Stored { ticket, answer } });
    }
}
