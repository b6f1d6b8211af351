//! Figures of a first sync and of what follows it, over TLS on this computer, each beside what it is measured against.
//!
//! Run by `cargo xtask bench sync`. Sizes may be given as arguments; without PouchDB's packages in `benches/pouchdb`
//! its column stays empty.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench stops at the first surprise"
)]

mod floor;
mod peer;
mod sides;

use sides::{Centre, Laptop, Mix};
use std::time::{Duration, Instant};

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Documents that PouchDB replicates.
const PEER_RECORDS: u32 = 100_000;
/// Records changed for an incremental pull beside PouchDB.
const FEW: u32 = 1_000;
/// Records changed for the pull into a small and a large database.
const MANY: u32 = 10_000;
/// Commands that wait while a pull comes in.
const PENDING: u32 = 1_000;
/// Syncs with nothing to do.
const TIMES: usize = 20;
/// First syncs of each size, each followed by what it is measured against: one alone says little on a busy disk.
const FIRSTS: usize = 3;

fn main() {
    let sizes: Vec<u32> = std::env::args().skip(1).map(|size| size.parse().unwrap()).collect();
    let sizes = if sizes.is_empty() { vec![PEER_RECORDS, 1_000_000] } else { sizes };
    slipway_app::tls::install_provider();
    println!("records: one CI to two relations, as a CMDB of packages has them; times in seconds");
    println!("{:<58} {:>9}   {:<44} {:>9} {:>8}   goal", "", "Slipway", "beside", "seconds", "ratio");
    let small = centre(MANY, Mix::CisOnly);
    let few = small.laptop();
    timed(&few);
    small.change(MANY);
    let into_small = timed(&few);
    idle(MANY, &few);
    for size in sizes {
        let centre = centre(size, Mix::WithRelations);
        let built = Instant::now();
        let id = centre.laptop().offer();
        println!("{:<58} {:>9.2}", format!("the server packs {size} records"), built.elapsed().as_secs_f64());
        let (laptop, first) = first_syncs(size, &centre, &id);
        idle(size, &laptop);
        if size == PEER_RECORDS {
            centre.change(FEW);
            let incremental = timed(&laptop);
            peer::compare(&laptop, first, incremental, nothing(&laptop), FEW);
        }
        if size > MANY * 10 {
            centre.change(MANY);
            let into_large = timed(&laptop);
            let what = format!("pull of {MANY} changed CIs into {size} records");
            line(&what, into_large, &format!("into {MANY}"), into_small, "at most 1.3");
        }
        rebase(size, &laptop);
    }
}

/// A server with so many records.
fn centre(size: u32, mix: Mix) -> Centre {
    let began = Instant::now();
    let centre = Centre::start();
    centre.fill(size, mix);
    eprintln!("filled a server with {size} records in {:.1} s", began.elapsed().as_secs_f64());
    centre
}

fn timed(laptop: &Laptop) -> Duration {
    let began = Instant::now();
    laptop.sync();
    began.elapsed()
}

/// Medians of first syncs by laptops of their own; gives the last laptop.
fn first_syncs(size: u32, centre: &Centre, id: &str) -> (Laptop, Duration) {
    let (mut ours, mut all_tables, mut one_table) = (Vec::new(), Vec::new(), Vec::new());
    let mut last = None;
    for _ in 0..FIRSTS {
        drop(last.take());
        let laptop = centre.laptop();
        ours.push(timed(&laptop));
        let rows = laptop.rows();
        let fetched = laptop.download(centre, id);
        all_tables.push(fetched + floor::all_tables(&rows));
        one_table.push(fetched + floor::records_only(&rows));
        last = Some(laptop);
    }
    eprintln!("first syncs of {size}: {ours:.2?}, download + the same rows {all_tables:.2?}");
    let what = format!("first sync of {size} records, sign-in to searchable");
    let ours = median(ours);
    line(&what, ours, "download + the same rows, indexed, no search", median(all_tables), "at most 2");
    line(&what, ours, "download + the rows of one table", median(one_table), "");
    (last.unwrap(), ours)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Median of syncs that find nothing.
fn nothing(laptop: &Laptop) -> Duration {
    median((0..TIMES).map(|_| timed(laptop)).collect())
}

fn idle(size: u32, laptop: &Laptop) {
    println!("{:<58} {:>9.4}", format!("sync of {size} records with nothing to do"), nothing(laptop).as_secs_f64());
}

fn rebase(size: u32, laptop: &Laptop) {
    laptop.issue(PENDING);
    let what = format!("rebase of {PENDING} pending commands on {size} records");
    println!(
        "{what:<58} {:>9.2}   {:<44} {:>9} {:>8}   under 1 s",
        laptop.flip_with_pending(PENDING / 2).as_secs_f64(),
        "",
        "",
        ""
    );
}

fn line(what: &str, ours: Duration, beside: &str, theirs: Duration, goal: &str) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!(
        "{what:<58} {:>9.2}   {beside:<44} {:>9.2} {ratio:>8.2}   {goal}",
        ours.as_secs_f64(),
        theirs.as_secs_f64()
    );
}
