//! Figures of the laptop's side at the size of a real CMDB, with ratios from the same run.
//!
//! Run by `cargo xtask bench`. Real packages are read where they lie beside the clone; otherwise a model of the same
//! size is made.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::string_slice
)]

use serde_json::{Value, json};
use slipway_app::host::{Host, Notice};
use slipway_app::keychain::OsKeychain;
use slipway_app::open::{App, Background};
use slipway_app::view::mutations::Changes;
use slipway_app::view::profile::SyncStatus;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Commands and searches per figure.
const TIMES: usize = 400;

struct Quiet;

impl Host for Quiet {
    fn changed(&self, _: &Changes) {}
    fn sync(&self, _: &SyncStatus) {}
    fn notify(&self, _: &Notice) {}
}

struct Profile {
    app: App,
    runtime: tokio::runtime::Runtime,
}

impl Profile {
    fn new(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let app = App::new(folder.to_owned(), Arc::new(Quiet), Arc::new(OsKeychain), Background::Quiet);
        let profile = Self { app, runtime };
        profile.call("app.start_alone", json!({ "name": "Ann", "workspace": "Bench", "passphrase": "bench" }));
        profile
    }

    fn call(&self, name: &str, request: Value) -> Value {
        self.runtime.block_on(self.app.call(name, request)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn timed(&self, name: &str, request: Value) -> (Value, Duration) {
        let start = Instant::now();
        let answer = self.call(name, request);
        (answer, start.elapsed())
    }

    /// Sets a field of a CI again and again: from the call to the durable command.
    fn commands(&self, ci: &str) -> Vec<Duration> {
        let set = |n| json!({ "ci": ci, "action": "set_field", "field": "version", "to": format!("1.{n}") });
        (0..TIMES).map(|n| self.timed("cmdb.act", set(n)).1).collect()
    }

    /// Types words letter by letter, searching at each.
    fn searches(&self, words: &[&str]) -> Vec<Duration> {
        let mut all = Vec::new();
        for word in words.iter().cycle() {
            for end in 1..=word.len() {
                let request = json!({ "text": &word[..end], "limit": 20 });
                all.push(self.timed("search.records", request).1);
            }
            if all.len() >= TIMES {
                return all;
            }
        }
        all
    }
}

fn percentile(times: &[Duration], percent: usize) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1000.0
}

fn figure(what: &str, times: &[Duration], base: Option<&[Duration]>) {
    let (p50, p99) = (percentile(times, 50), percentile(times, 99));
    let ratio =
        base.map_or_else(String::new, |b| format!("   {:.2}x the empty profile (p50)", p50 / percentile(b, 50)));
    println!("{what:<46} p50 {p50:7.2} ms   p99 {p99:7.2} ms{ratio}");
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (cis, relations) = data(folder.path());
    let full = Profile::new(&folder.path().join("full"));
    let empty = Profile::new(&folder.path().join("empty"));
    for (kind, file) in [("cis", &cis), ("relations", &relations)] {
        let request = |dry_run| json!({ "path": file, "dry_run": dry_run });
        let name = format!("import.{kind}");
        let (_, dry) = full.timed(&name, request(true));
        let (report, taken) = full.timed(&name, request(false));
        let (again, repeated) = full.timed(&name, request(false));
        assert_eq!(again["unchanged"], report["rows"], "a second run makes no duplicate");
        let rate = report["rows"].as_f64().unwrap() / taken.as_secs_f64();
        println!(
            "import of {:>6} {kind:<10} {:>28.2} s   {rate:.0} rows/s   {:.2}x its dry run   again {:.2} s",
            report["rows"],
            taken.as_secs_f64(),
            taken.as_secs_f64() / dry.as_secs_f64(),
            repeated.as_secs_f64(),
        );
    }
    empty.call("cmdb.create", json!({ "name": "libc6", "class": "software package" }));
    let base = empty.commands("libc6");
    figure("a command, call to durable, empty profile", &base, None);
    figure("a command, call to durable, full profile", &full.commands("libc6"), Some(&base));
    let words = ["libssl", "python3", "gcc-12", "kernel", "editor", "libx11-6"];
    let base = empty.searches(&words);
    figure("search as you type, empty profile", &base, None);
    figure("search as you type, full profile", &full.searches(&words), Some(&base));
    let (list, opened) = full.timed("lists.open", json!({ "kind": "ci" }));
    let rows: Vec<Value> = list["ids"].as_array().unwrap().iter().take(60).cloned().collect();
    let (_, shown) = full.timed("lists.rows", json!({ "kind": "ci", "ids": rows }));
    println!(
        "the list of {} CIs {:>30.2} ms to open   {:.2} ms for a window of 60 rows",
        list["total"],
        opened.as_secs_f64() * 1000.0,
        shown.as_secs_f64() * 1000.0
    );
    println!(
        "limits: imports, the encryption of index pages and one fsync for each 500 rows; a command, its own fsync; \
         search, ranking every match of a short prefix; the list, one index scan that gives ids only."
    );
}

/// The real packages, or a model with as many CIs and relations.
fn data(folder: &Path) -> (PathBuf, PathBuf) {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cmdb");
    if shared.is_dir() {
        println!("data: the real packages beside the clone");
        return (shared.join("software-cis.csv"), shared.join("software-relations.csv"));
    }
    println!("data: a model of 11,000 CIs and 52,000 relations (the real packages are not beside the clone)");
    let (cis, relations) = (folder.join("cis.csv"), folder.join("relations.csv"));
    let mut text = "name,class,version,manufacturer\nlibc6,software package,2.36,Makers\n".to_owned();
    for n in 1..11_000 {
        let _ = writeln!(text, "package-{n},software package,{}.{},Maker {}", n % 17, n % 101, n % 300);
    }
    std::fs::write(&cis, text).unwrap();
    let mut text = "source,relation,target\n".to_owned();
    for n in 1..11_000_u32 {
        for step in [1, 7, 61, 499, 2003].into_iter().take(if n % 4 == 0 { 4 } else { 5 }) {
            let _ = writeln!(text, "package-{n},depends on,package-{}", 1 + (n + step) % 10_999);
        }
    }
    std::fs::write(&relations, text).unwrap();
    (cis, relations)
}
