//! Runs seeds until it is enough, with statistics; or shows that every planted bug is found.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is for a person at a terminal")]

use slipway_simulation::planted::Bug;
use slipway_simulation::run::{Failure, Plan, explain, run};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, otherwise: u64| {
        let value = words.iter().position(|word| word == name).and_then(|at| words.get(at + 1));
        value.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (from, steps) = (number("--from", 1), number("--steps", 100));
    if words.iter().any(|word| word == "--planted") {
        return planted(from, number("--seeds", 200), steps);
    }
    simulate(from, number("--seeds", 100), steps)
}

fn simulate(from: u64, seeds: u64, steps: u64) -> ExitCode {
    let start = Instant::now();
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut failed = Vec::new();
    for seed in from..from.saturating_add(seeds) {
        let plan = Plan { steps, ..Plan::of(seed) };
        let outcome = run(&plan);
        for (what, n) in outcome.counts {
            *counts.entry(what).or_default() += n;
        }
        if let Some(failure) = outcome.failure {
            println!("{}", explain(&plan, &failure));
            failed.push((seed, failure));
        }
        let done = seed - from + 1;
        if done.is_multiple_of(50) {
            println!("{done} seeds, {} failed, {:.0} s", failed.len(), start.elapsed().as_secs_f64());
        }
    }
    println!("\nseeds {from} to {}, {:.0} s", from + seeds - 1, start.elapsed().as_secs_f64());
    for (what, n) in &counts {
        println!("{n:>10}  {what}");
    }
    summary(&failed)
}

fn summary(failed: &[(u64, Failure)]) -> ExitCode {
    if failed.is_empty() {
        println!("every promise held");
        return ExitCode::SUCCESS;
    }
    for (seed, failure) in failed {
        println!("seed {seed}: {}", failure.promise);
    }
    ExitCode::FAILURE
}

/// Every planted bug must be found within so many seeds.
fn planted(from: u64, seeds: u64, steps: u64) -> ExitCode {
    println!("| planted bug | found by | after seeds |\n|---|---|---|");
    let mut missed = 0;
    for bug in Bug::ALL {
        let plan = |seed| Plan { bug: Some(*bug), steps, ..Plan::of(seed) };
        let found = (from..from + seeds).find_map(|seed| Some((seed, run(&plan(seed)).failure?)));
        match found {
            Some((seed, failure)) => {
                let words = failure.promise.lines().next().unwrap_or_default();
                let words: String = words.chars().take(120).collect();
                println!("| {} | {words} | {} |", bug.what(), seed - from + 1);
            }
            None => {
                missed += 1;
                println!("| {} | NOT FOUND | {seeds} |", bug.what());
            }
        }
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
