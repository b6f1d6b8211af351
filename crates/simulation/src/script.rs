//! What people do and which disasters strike in a run, drawn from its seed beforehand: a run that fails is shortened
//! by leaving out lines of it.

use crate::random::Random;

/// How often things go wrong on the way and on the laptops, in a hundred; disasters as counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    pub lose: u64,
    pub double: u64,
    pub garble: u64,
    pub dawdle: u64,
    pub store_fails: u64,
    pub power_cuts: u64,
    pub crashes: u64,
    pub server_crashes: u64,
    pub storage_faults: u64,
    pub offline: u64,
    pub bursts: u64,
    pub poison: u64,
    pub clock_jumps: u64,
    pub restores: u64,
    pub images: u64,
    pub clones: u64,
    pub skew_days: u64,
}

impl Faults {
    pub fn none() -> Self {
        Self {
            lose: 0,
            double: 0,
            garble: 0,
            dawdle: 0,
            store_fails: 0,
            power_cuts: 0,
            crashes: 0,
            server_crashes: 0,
            storage_faults: 0,
            offline: 0,
            bursts: 0,
            poison: 0,
            clock_jumps: 0,
            restores: 0,
            images: 0,
            clones: 0,
            skew_days: 0,
        }
    }

    /// All of them, and much.
    pub fn wild() -> Self {
        Self {
            lose: 20,
            double: 15,
            garble: 3,
            dawdle: 5,
            store_fails: 3,
            power_cuts: 3,
            crashes: 5,
            server_crashes: 4,
            storage_faults: 2,
            offline: 3,
            bursts: 2,
            poison: 2,
            clock_jumps: 3,
            restores: 2,
            images: 2,
            clones: 1,
            skew_days: 20,
        }
    }

    /// Each kind by itself: not at all, a little, or much; so that some seeds are wild and others have one fault only.
    pub fn drawn(random: &mut Random) -> Self {
        let mut rate = |most: u64| match random.below(3) {
            0 => 0,
            1 => most.div_ceil(4),
            _ => most,
        };
        Self {
            lose: rate(35),
            double: rate(30),
            garble: rate(8),
            dawdle: rate(10),
            store_fails: rate(6),
            power_cuts: rate(6),
            crashes: rate(8),
            server_crashes: rate(6),
            storage_faults: rate(3),
            offline: rate(4),
            bursts: rate(3),
            poison: rate(3),
            clock_jumps: rate(4),
            restores: rate(3),
            images: rate(3),
            clones: rate(2),
            skew_days: rate(40),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A person issues so many commands.
    Work(u64),
    /// A person asks for a sync.
    Sync,
    /// A person chooses which sites the laptop holds.
    Choose,
    /// A command of a kind that the server does not know.
    Poison,
    /// The laptop's program ends at once and starts again.
    Crash,
    /// No network for so long.
    Offline(u64),
    /// The laptop's clock is set, by days.
    Clock(i64),
    /// The laptop's disk is copied.
    Image,
    /// The copy is put back.
    PutBack,
    /// The copy, or else the disk as it is, goes into another laptop; both work on.
    Clone,
    /// The server's process ends at once and starts again.
    ServerCrash,
    /// The server's storage cannot be read while the next push is judged.
    StorageFault,
    /// The server is backed up.
    BackUp,
    /// The newest backup is put in place of the server's data.
    Restore,
}

/// A line of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub at_ms: u64,
    pub laptop: usize,
    /// Of what is drawn when it happens.
    pub seed: u64,
    pub what: What,
}

/// The lines of a run in the order of their times.
pub fn script(random: &mut Random, faults: &Faults, laptops: usize, steps: u64) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut at_ms = 0;
    let line = |at_ms, laptop, what, random: &mut Random| Line { at_ms, laptop, seed: random.draw(), what };
    for _ in 0..steps {
        at_ms += random.below(20_000);
        let laptop = usize::try_from(random.below(laptops as u64)).unwrap();
        for (chance, what) in [
            (faults.crashes, What::Crash),
            (faults.server_crashes, What::ServerCrash),
            (faults.storage_faults, What::StorageFault),
            (faults.poison, What::Poison),
            (2, What::Sync),
            (4, What::Choose),
        ] {
            if random.percent(chance) {
                lines.push(line(at_ms, laptop, what, random));
            }
        }
        if random.percent(faults.offline) {
            let span = random.between(10_000, 900_000);
            lines.push(line(at_ms, laptop, What::Offline(span), random));
        }
        if random.percent(faults.clock_jumps) {
            let days = i64::try_from(random.below(60)).unwrap() - 30;
            lines.push(line(at_ms, laptop, What::Clock(days), random));
        }
        let commands = if random.percent(faults.bursts) { random.between(20, 60) } else { random.between(1, 4) };
        lines.push(line(at_ms, laptop, What::Work(commands), random));
    }
    disasters(random, faults, laptops, at_ms, &mut lines);
    lines.sort_by_key(|line| line.at_ms);
    lines
}

/// Images, then backups, then their return, often at the same moment: the hardest case for a device's chain.
fn disasters(random: &mut Random, faults: &Faults, laptops: usize, end_ms: u64, lines: &mut Vec<Line>) {
    let any = |random: &mut Random| usize::try_from(random.below(laptops as u64)).unwrap();
    let mut pair = |count: u64, before: What, after: What, random: &mut Random| {
        for n in 0..count {
            let span = end_ms / count.max(1);
            let (begin, laptop) = (n * span, any(random));
            let first = begin + random.below(span / 2 + 1);
            let then = if random.percent(50) { begin + span * 7 / 8 } else { first + random.below(span / 2 + 1) };
            for (at_ms, what) in [(first, &before), (then, &after)] {
                lines.push(Line { at_ms, laptop, seed: random.draw(), what: what.clone() });
            }
        }
    };
    pair(faults.restores, What::BackUp, What::Restore, random);
    pair(faults.images, What::Image, What::PutBack, random);
    pair(faults.clones, What::Image, What::Clone, random);
}
