//! The sync engine on simulated laptops against the real server core on real SQLite.
//!
//! Network, clock and disasters are virtual and come from a seed; the promises of sync are assertions. A failing seed is
//! printed; `SLIPWAY_SEED=n` replays it, `SLIPWAY_SEEDS=n` runs that many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "tests stop at the first surprise"
)]

use slipway_simulation::promise;
use slipway_simulation::world::{Faults, World};
use std::collections::BTreeSet;

fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("SLIPWAY_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("SLIPWAY_SEEDS").unwrap_or(6)).collect(),
    }
}

/// Runs every seed; what the runs came across must hold all of `sometimes`, or they test less than they say.
fn run(faults: &Faults, sometimes: &[&str]) {
    let mut seen = BTreeSet::new();
    for seed in seeds() {
        eprintln!("seed {seed} with {faults:?}");
        let mut world = World::new(seed, faults.clone());
        world.stir();
        world.calm_down();
        promise::all(&world);
        seen.extend(world.seen);
    }
    eprintln!("came across {seen:?}");
    if seeds().len() > 1 {
        let missing: Vec<_> = sometimes.iter().filter(|what| !seen.contains(*what)).collect();
        assert!(missing.is_empty(), "no run came across {missing:?}");
    }
}

const ENDS: &[&str] = &["applied", "applied in part", "refused", "a pull of several pages"];

#[test]
fn a_quiet_network_keeps_every_promise() {
    run(&Faults::none(), ENDS);
}

#[test]
fn loss_doubles_delays_and_crashes_keep_every_promise() {
    run(&Faults { restores: 0, images: 0, ..Faults::wild() }, &[ENDS, &["a push answered from store"]].concat());
}

#[test]
fn restored_laptops_keep_every_promise() {
    run(&Faults { restores: 0, ..Faults::wild() }, &[ENDS, &["a fork"]].concat());
}

#[test]
fn restored_servers_keep_every_promise() {
    run(&Faults { images: 0, ..Faults::wild() }, &[ENDS, &["another epoch"]].concat());
}

#[test]
fn every_fault_at_once_keeps_every_promise() {
    run(&Faults::wild(), &[ENDS, &["a fork", "another epoch"]].concat());
}

#[test]
fn the_same_seed_gives_the_same_course() {
    let course = |seed| {
        let mut world = World::new(seed, Faults::wild());
        world.stir();
        world.calm_down();
        world.course().to_vec()
    };
    assert_eq!(course(7), course(7), "or a failing seed could not be replayed");
}
