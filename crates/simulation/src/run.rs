//! Whole runs: from a seed to its end, and from a failure to the shortest script that still fails.

use crate::place::Database;
use crate::planted::Bug;
use crate::promise::settled;
use crate::random::Random;
use crate::script::{Faults, Line, script};
use crate::story::{Story, Telling};
use crate::world::World;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// What to run.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    /// `None`: drawn from the seed.
    pub faults: Option<Faults>,
    pub bug: Option<Bug>,
    /// Where the server keeps its records.
    pub database: Database,
    /// Times at which somebody works.
    pub steps: u64,
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        Self { seed, faults: None, bug: None, database: Database::Sqlite, steps: 100 }
    }
}

/// How a run went.
#[derive(Debug)]
pub struct Outcome {
    pub counts: BTreeMap<&'static str, u64>,
    pub hash: String,
    pub failure: Option<Failure>,
}

/// A broken promise with everything that led to it.
#[derive(Debug)]
pub struct Failure {
    /// Begins with the promise's name.
    pub promise: String,
    pub story: Vec<String>,
}

impl Failure {
    /// The name of the promise, as in [`crate::promise::TABLE`].
    pub fn name(&self) -> &str {
        self.promise.split_whitespace().next().unwrap_or_default()
    }
}

fn drawn(plan: &Plan) -> (Faults, Vec<Line>) {
    let mut random = Random::new(plan.seed.wrapping_mul(31).wrapping_add(7));
    let faults = plan.faults.clone().unwrap_or_else(|| Faults::drawn(&mut random));
    // Numbers beyond the laptops that there will be stand for one of them.
    let lines = script(&mut random, &faults, 5, plan.steps);
    (faults, lines)
}

pub fn run(plan: &Plan) -> Outcome {
    let (faults, lines) = drawn(plan);
    run_script(plan, &faults, &lines)
}

fn run_script(plan: &Plan, faults: &Faults, lines: &[Line]) -> Outcome {
    let story = Telling::default();
    let told = Telling::clone(&story);
    let ended = quietly(|| {
        let mut world = World::new(plan.seed, plan.database, faults.clone(), plan.bug, told);
        world.perform(lines);
        world.calm_down();
        settled::all(&mut world);
        let hash = world.laptops[0].disk.confirmed_hash();
        world.tell(&format!("all agree on {hash}"));
    });
    let story: Story = story.borrow().clone();
    let failure = ended.err().map(|promise| Failure { promise, story: story.lines().to_vec() });
    Outcome { counts: story.counts().clone(), hash: story.hash(), failure }
}

/// Leaves out what does not matter: the script's lines in ever smaller parts, as long as the same promise breaks.
pub fn shorten(plan: &Plan, name: &str, most_runs: usize) -> (Vec<Line>, Outcome) {
    let (faults, mut lines) = drawn(plan);
    let mut outcome = run_script(plan, &faults, &lines);
    let (mut part, mut runs) = (lines.len().div_ceil(2), 0);
    while part > 0 && runs < most_runs {
        let mut at = 0;
        while at < lines.len() && runs < most_runs {
            let mut fewer = lines.clone();
            fewer.drain(at..(at + part).min(lines.len()));
            let tried = run_script(plan, &faults, &fewer);
            runs += 1;
            if tried.failure.as_ref().is_some_and(|failure| failure.name() == name) {
                (lines, outcome) = (fewer, tried);
            } else {
                at += part;
            }
        }
        part /= 2;
    }
    (lines, outcome)
}

/// Everything a person needs to see what went wrong with a seed, and to see it again.
pub fn explain(plan: &Plan, failure: &Failure) -> String {
    let (lines, outcome) = shorten(plan, failure.name(), 60);
    let failure = outcome.failure.as_ref().unwrap_or(failure);
    let mut text =
        format!("seed {} breaks a promise: {}\n\nthe shortest script that does:\n", plan.seed, failure.promise);
    for line in &lines {
        let _ = writeln!(text, "  {:>9} ms, laptop {}: {:?}", line.at_ms, line.laptop, line.what);
    }
    text.push_str("\nits story:\n");
    for line in &failure.story {
        let _ = writeln!(text, "{line}");
    }
    let _ = write!(text, "\nagain: cargo xtask simulate --from {} --seeds 1", plan.seed);
    text
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs to the end or to the first broken promise; gives its words and prints nothing.
fn quietly(work: impl FnOnce()) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let ended = catch_unwind(AssertUnwindSafe(work));
    QUIET.set(false);
    ended.map_err(|cause| {
        let text = cause.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| cause.downcast_ref::<&str>().copied()).unwrap_or_default();
        // A promise says its name first, also where two things were compared.
        text.trim_start_matches("assertion `left == right` failed: ").to_owned()
    })
}
