//! Three laptops work over TLS through a bad network while client and server are killed at random moments. Whatever
//! was told done is there in the end, once, and everybody holds the same.
//!
//! `SLIPWAY_KILLS` says how many kills; `cargo xtask simulate --real --kills 200` sets it.

use crate::support::ctl::Ctl;
use crate::support::proxy::{Fate, Proxy};
use crate::support::server::Server;
use crate::support::wait;
use serde_json::Value;
use slipway_cluster::{Cluster, Durability};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PASSWORD: &str = "a long password";
const USERS: [&str; 3] = ["ann", "ben", "cleo"];

fn kills() -> u64 {
    std::env::var("SLIPWAY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// A laptop and what its person remembers.
struct Desk {
    user: &'static str,
    laptop: Ctl,
    random: Random,
    /// CIs whose making was said to be done.
    done: BTreeSet<String>,
    /// CIs whose making was killed before it said anything.
    unsure: BTreeSet<String>,
    kills: Arc<AtomicU64>,
    most: u64,
}

impl Desk {
    fn sign_in(server: &Server, proxy: &Proxy, user: &'static str, kills: &Arc<AtomicU64>, most: u64) -> Self {
        let mut laptop = Ctl::new();
        laptop.run_with(&["init", "--passphrase-stdin"], "quay\n").expect_code(0);
        laptop.set("SLIPWAY_PASSPHRASE", "quay");
        let ca = server.ca();
        let words =
            ["sign-in", "--server", &proxy.url(), "--ca", ca.to_str().unwrap(), "--user", user, "--password-stdin"];
        wait::until("a sign-in through the bad network", || {
            (laptop.run_with(&words, &format!("{PASSWORD}\n")).code == Some(0)).then_some(())
        });
        // Without the people and their roles nobody may make anything.
        wait::until("a first sync through the bad network", || (laptop.run(&["sync"]).code == Some(0)).then_some(()));
        let seed = user.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte));
        let (done, unsure) = (BTreeSet::new(), BTreeSet::new());
        Self { user, laptop, random: Random(seed), done, unsure, kills: Arc::clone(kills), most }
    }

    /// Calls the program and kills it now and then; says how it ended, or nothing when it was killed.
    fn call(&mut self, words: &[&str], chance: u64, longest_ms: u64) -> Option<Option<i32>> {
        let mut command = self.laptop.command(words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let killed = self.random.below(100) < chance && self.kills.load(Ordering::SeqCst) < self.most;
        if killed {
            thread::sleep(Duration::from_millis(self.random.below(longest_ms)));
            if child.try_wait().unwrap().is_none() {
                self.kills.fetch_add(1, Ordering::SeqCst);
                child.kill().unwrap();
                child.wait().unwrap();
                return None;
            }
        }
        Some(child.wait().unwrap().code())
    }

    /// Works until there were kills enough.
    fn work(mut self) -> Self {
        let mut n = 0;
        while self.kills.load(Ordering::SeqCst) < self.most {
            n += 1;
            let name = format!("{}-{n}", self.user);
            match self.call(&["ci", "new", "--name", &name, "--class", "server"], 30, 400) {
                Some(Some(0)) => drop(self.done.insert(name)),
                None => drop(self.unsure.insert(name)),
                other => panic!("{} cannot make {name}: {other:?}", self.user),
            }
            if self.random.below(3) > 0 {
                // Whether it got through is the network's affair.
                self.call(&["sync"], 60, 1_500);
            }
        }
        self
    }

    fn names(&self) -> BTreeSet<String> {
        let cis = self.laptop.run(&["export", "cis", "--format", "csv"]).expect_code(0).stdout;
        let names: Vec<&str> = cis.lines().flat_map(|line| line.split(',')).filter(|cell| is_ours(cell)).collect();
        let unique: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(names.len(), unique.len(), "no CI was made twice");
        unique
    }
}

fn is_ours(cell: &str) -> bool {
    USERS.iter().any(|user| cell.strip_prefix(user).is_some_and(|rest| rest.starts_with('-')))
}

fn with_people(server: &Server) {
    for user in USERS {
        let call =
            ["user", "add", "--user", user, "--name", user, "--role", "configuration_manager", "--password-stdin"];
        server.administer(&call, &format!("{PASSWORD}\n"));
    }
}

fn kill_and_settle(mut server: Server, seed: u64) {
    with_people(&server);
    let proxy = Proxy::before(server.port(), seed);
    let (counter, most) = (Arc::new(AtomicU64::new(0)), kills());
    let desks = USERS.map(|user| Desk::sign_in(&server, &proxy, user, &counter, most));
    let start = Instant::now();
    let threads = desks.map(|desk| thread::spawn(move || desk.work()));
    let (mut random, mut servers) = (Random(seed), 0);
    while counter.load(Ordering::SeqCst) < most {
        thread::sleep(Duration::from_millis(300 + random.below(3_000)));
        server.stop();
        servers += 1;
        counter.fetch_add(1, Ordering::SeqCst);
        server.start();
    }
    let desks = threads.map(|thread| thread.join().expect("a laptop's work"));
    proxy.clear_up();
    let kills = counter.load(Ordering::SeqCst);
    println!("{kills} kills, {servers} of them of the server, in {:?}; {:?}", start.elapsed(), proxy.counts());
    settle(&server, &desks);
    if most >= 50 {
        let fates = proxy.counts();
        assert!(fates.len() > 6, "the network was bad in every way: {fates:?}");
        assert!(fates.contains_key(&Fate::Cut), "and cut connections: {fates:?}");
    }
}

/// Everybody syncs until nothing waits; then the promises.
fn settle(server: &Server, desks: &[Desk]) {
    for desk in desks.iter().chain(desks) {
        wait::until("a sync in good weather", || (desk.laptop.run(&["sync"]).code == Some(0)).then_some(()));
    }
    let held: Value = serde_json::from_str(&server.administer(&["hash", "--json"], "")).unwrap();
    let mut expected = BTreeSet::new();
    for desk in desks {
        expected.extend(desk.done.iter().cloned());
    }
    for desk in desks {
        let user = desk.user;
        assert_eq!(desk.laptop.json(&["state-hash"])["state_hash"], held["hash"], "{user} holds what the server holds");
        assert_eq!(desk.laptop.json(&["status"])["sync"]["waiting"], 0, "nothing of {user} waits");
        // Each name is used once, so a refusal could only come of a command that was judged twice.
        let attention = desk.laptop.json(&["attention", "list"]);
        assert_eq!(attention["items"], serde_json::json!([]), "nothing of {user} was refused");
        let names = desk.names();
        let lost: Vec<_> = expected.difference(&names).collect();
        assert!(lost.is_empty(), "told done and gone: {lost:?}");
        let known = |name: &String| expected.contains(name) || desks.iter().any(|desk| desk.unsure.contains(name));
        assert!(names.iter().all(known), "{user} holds a CI that nobody made");
    }
    println!("{} CIs told done are there, and the same everywhere", expected.len());
}

#[test]
fn what_was_told_done_survives_kills_of_client_and_server_on_sqlite() {
    kill_and_settle(Server::empty(), 11);
}

#[test]
fn what_was_told_done_survives_kills_of_client_and_server_on_postgresql() {
    let cluster = Cluster::start(Durability::Full).unwrap();
    kill_and_settle(Server::in_database(&cluster.database()), 12);
}
