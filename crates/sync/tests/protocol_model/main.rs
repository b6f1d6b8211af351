//! The protocol, checked in every order of its steps: two laptops, a server, lost and repeated messages, crashes, a
//! restored server, a restored laptop. Taking out any one rule must lead to a broken promise, or the rule or this
//! check is not needed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

mod rules;

use rules::{Command, LAPTOPS, Rule, State};
use stateright::{Checker, HasDiscoveries, Model, Property};

struct Protocol {
    /// Taken out.
    without: Option<Rule>,
    /// What each laptop's person does, in order.
    scripts: [&'static [Command]; LAPTOPS],
    repeats: bool,
    restores: bool,
    images: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Issue(usize),
    Push(usize),
    PushAnswerLost(usize),
    PushArrivesAgain,
    PullPage(usize),
    Flip(usize),
    Crash(usize),
    BackUp,
    Restore,
    Image,
    PutBack,
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State { remembers_push: self.repeats, ..State::new() }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (n, laptop) in state.laptops.iter().enumerate() {
            if laptop.place < self.scripts[n].len() {
                actions.push(Action::Issue(n));
            }
            if laptop.kept.iter().any(|kept| !kept.in_force) {
                actions.extend([Action::Push(n), Action::PushAnswerLost(n)]);
            }
            match &laptop.staged {
                Some(staged) if staged.complete => actions.push(Action::Flip(n)),
                _ => actions.push(Action::PullPage(n)),
            }
            if laptop.staged.is_some() && state.crashes < 1 {
                actions.push(Action::Crash(n));
            }
        }
        if state.last_push.is_some() && !state.redelivered {
            actions.push(Action::PushArrivesAgain);
        }
        if self.restores && !state.restored {
            actions.push(if state.backup.is_none() { Action::BackUp } else { Action::Restore });
        }
        if self.images && !state.put_back {
            actions.push(if state.image.is_none() { Action::Image } else { Action::PutBack });
        }
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Issue(n) => state.issue(n, self.scripts[n][state.laptops[n].place]),
            Action::Push(n) => state.push(self.without, n, false),
            Action::PushAnswerLost(n) => state.push(self.without, n, true),
            Action::PushArrivesAgain => {
                let (person, epoch, batch) = state.last_push.clone()?;
                state.server.push(self.without, person, epoch, &batch);
                state.redelivered = true;
            }
            Action::PullPage(n) => state.pull(self.without, n),
            Action::Flip(n) => state.flip(n),
            Action::Crash(n) => {
                state.laptops[n].staged = None;
                state.crashes += 1;
            }
            Action::BackUp => state.backup = Some(Box::new(state.server.clone())),
            Action::Restore => {
                let epoch = state.server.epoch + u8::from(self.without != Some(Rule::Epoch));
                state.server = *state.backup.take()?;
                state.server.epoch = epoch;
                state.restored = true;
                // What the old server was sent is gone with it.
                state.last_push = None;
            }
            Action::Image => state.image = Some(Box::new(state.laptops[0].clone())),
            Action::PutBack => {
                let place = state.laptops[0].place;
                state.laptops[0] = *state.image.take()?;
                // The person goes on, and does not do the same again.
                state.laptops[0].place = place;
                state.put_back = true;
            }
        }
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::<Self>::always("I3 effects happen exactly once", |_, state| {
                state.server.effects.values().all(|times| *times == 1)
            }),
            Property::<Self>::always("I4 commands of a device are judged in order", |_, state| {
                !state.server.out_of_order
            }),
            Property::<Self>::always("I6 a flip ends at a state of the server", |_, state| !state.mixed),
            Property::<Self>::always("I12 nothing that was issued is forgotten", |_, state| {
                state
                    .laptops
                    .iter()
                    .all(|laptop| laptop.issued.iter().all(|id| laptop.kept.iter().any(|kept| kept.signed.id == *id)))
            }),
            Property::<Self>::always("I14 the stock is never negative", |_, state| state.server.records.stock >= 0),
            Property::<Self>::always("I15 votes are on the scope as it stands", |_, state| {
                let records = &state.server.records;
                records.votes.iter().flatten().all(|seen| *seen == records.digest)
            }),
            Property::<Self>::always("L1 queues drain and L2 states are equal once faults stop", |model, state| {
                state.settles(model.without)
            }),
            Property::<Self>::sometimes("a refusal", |_, state| state.server.judged.values().any(|well| !well)),
            Property::<Self>::sometimes("a lost answer", |_, state| {
                let judged = |kept: &rules::Kept| !kept.in_force && state.server.judged.contains_key(&kept.signed.id);
                state.laptops.iter().any(|laptop| laptop.kept.iter().any(judged))
            }),
            Property::<Self>::sometimes("a pull of several pages", |_, state| {
                state.laptops.iter().any(|laptop| laptop.staged.as_ref().is_some_and(|staged| staged.pages > 1))
            }),
        ]
    }
}

const MUCH: [&[Command]; LAPTOPS] = [&[Command::Take, Command::Vote(0)], &[Command::Take, Command::Edit]];
const ALONE: [&[Command]; LAPTOPS] = [&[Command::Take, Command::Take], &[]];
const ONE_EACH: [&[Command]; LAPTOPS] = [&[Command::Take], &[Command::Take]];
const LITTLE: [&[Command]; LAPTOPS] = [&[Command::Take, Command::Vote(0)], &[Command::Take]];

fn protocol(without: Option<Rule>, scripts: [&'static [Command]; LAPTOPS]) -> Protocol {
    Protocol { without, scripts, repeats: false, restores: false, images: false }
}

fn holds(model: Protocol) {
    let start = std::time::Instant::now();
    let checker = model.checker().threads(2).finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!("{} different states in {:?}", checker.unique_state_count(), start.elapsed());
    checker.assert_properties();
}

#[test]
fn every_promise_holds_in_every_order() {
    holds(protocol(None, MUCH));
}

#[test]
fn every_promise_holds_when_a_vote_meets_the_end() {
    holds(protocol(None, [&[Command::Vote(0), Command::Take], &[Command::Terminate]]));
}

#[test]
fn every_promise_holds_when_messages_come_twice() {
    holds(Protocol { repeats: true, ..protocol(None, ONE_EACH) });
}

#[test]
fn every_promise_holds_when_the_server_is_restored() {
    holds(Protocol { restores: true, ..protocol(None, ONE_EACH) });
}

#[test]
fn every_promise_holds_when_a_laptop_is_restored() {
    holds(Protocol { images: true, ..protocol(None, ALONE) });
}

/// Without the rule some promise breaks; says which, and how.
fn breaks(model: Protocol, promise: &str) {
    let rule = model.without;
    let name = model.properties().into_iter().map(|property| property.name).find(|name| name.starts_with(promise));
    let wanted = HasDiscoveries::AnyOf(name.into_iter().collect());
    let checker = model.checker().threads(2).finish_when(wanted).spawn_bfs().join();
    let found = checker.discoveries();
    let path = found.iter().find(|(name, _)| name.starts_with(promise));
    let (name, path) = path.unwrap_or_else(|| panic!("without {rule:?} {promise} holds: {:?}", found.keys()));
    let steps: Vec<_> = path.clone().into_actions();
    println!("without {rule:?}: {name} breaks after {steps:?}");
}

#[test]
fn a_pull_that_ends_at_an_earlier_head_mixes_two_states() {
    breaks(protocol(Some(Rule::CompleteAtTheHead), LITTLE), "I6");
}

#[test]
fn without_an_epoch_a_restored_server_never_agrees_again() {
    breaks(Protocol { restores: true, ..protocol(Some(Rule::Epoch), ONE_EACH) }, "L1");
}

#[test]
fn without_the_chain_a_restored_laptop_takes_a_place_twice() {
    breaks(Protocol { images: true, ..protocol(Some(Rule::Chain), ALONE) }, "I4");
}

#[test]
fn a_lock_taken_late_sells_the_last_piece_twice() {
    breaks(protocol(Some(Rule::LockFirst), LITTLE), "I14");
}

#[test]
fn without_stored_results_a_repeated_push_happens_twice() {
    breaks(protocol(Some(Rule::StoredResults), MUCH), "I3");
}
