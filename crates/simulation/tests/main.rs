//! A bounded number of seeds, on every test run; `cargo xtask simulate` takes as many as one likes.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests stop at the first surprise")]

use slipway_simulation::place::Database;
use slipway_simulation::planted::Bug;
use slipway_simulation::run::{Outcome, Plan, explain, run};
use slipway_simulation::script::Faults;
use std::collections::BTreeMap;

/// Runs these seeds; a broken promise fails with its whole story.
fn all_keep(plans: impl Iterator<Item = Plan>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for plan in plans {
        let Outcome { counts: one, failure, .. } = run(&plan);
        if let Some(failure) = failure {
            panic!("{}", explain(&plan, &failure));
        }
        for (what, n) in one {
            *counts.entry(what).or_default() += n;
        }
    }
    counts
}

#[test]
fn a_quiet_network_keeps_every_promise() {
    let quiet = |seed| Plan { faults: Some(Faults::none()), steps: 40, ..Plan::of(seed) };
    let counts = all_keep((1..=2).map(quiet));
    assert!(counts.keys().all(|what| !what.starts_with("fault")), "it was quiet: {counts:?}");
}

#[test]
fn every_fault_at_once_keeps_every_promise() {
    let wild = |seed| Plan { faults: Some(Faults::wild()), ..Plan::of(seed) };
    let counts = all_keep((101..=103).map(wild));
    for what in [
        "commands applied",
        "commands applied in part",
        "commands refused",
        "commands held",
        "pages that are not the last",
        "pushed commands answered from store",
        "forks",
        "epochs found changed",
        "fault: a power cut amid a call of the store",
        "fault: a restored laptop",
        "fault: a cloned laptop",
        "scopes told",
        "laptops with everything",
        "laptops with less",
    ] {
        assert!(counts.contains_key(what), "no run came across {what}: they test less than they say");
    }
}

#[test]
fn seeds_with_faults_of_their_own_keep_every_promise() {
    all_keep((1..=4).map(|seed| Plan { steps: 60, ..Plan::of(seed) }));
}

#[test]
fn every_promise_holds_on_postgresql_too() {
    let wild = |seed| Plan { faults: Some(Faults::wild()), database: Database::Postgres, steps: 60, ..Plan::of(seed) };
    let counts = all_keep((301..=302).map(wild));
    assert!(counts.contains_key("epochs found changed"), "a backup was put back: {counts:?}");
}

#[test]
fn the_same_seed_gives_the_same_course() {
    let plan = Plan { faults: Some(Faults::wild()), steps: 40, ..Plan::of(7) };
    assert_eq!(run(&plan).hash, run(&plan).hash, "or a failing seed could not be replayed");
}

#[test]
fn a_planted_bug_is_found_and_its_story_shortened() {
    let plan = |seed| Plan { bug: Some(Bug::PageByPage), ..Plan::of(seed) };
    let (plan, failure) =
        (1..=20).find_map(|seed| Some((plan(seed), run(&plan(seed)).failure?))).expect("one of twenty seeds notices");
    assert_eq!(failure.name(), "I9", "{}", failure.promise);
    let text = explain(&plan, &failure);
    assert!(text.contains("the shortest script") && text.contains("its story"), "{text}");
}
