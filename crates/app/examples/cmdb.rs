//! Figures of the laptop's encrypted database at the size of a large data centre, each beside its limit.
//!
//! Run by `cargo xtask bench cmdb`. Sizes may be given as arguments: CIs, then relations.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::string_slice,
    reason = "a bench stops at the first surprise"
)]

use serde_json::json;
use slipway_app::generate::model::Model;
use slipway_app::generate::profile::fill;
use slipway_app::generate::write_files;
use slipway_app::host::{Host, Notice};
use slipway_app::keychain::OsKeychain;
use slipway_app::open::{App, Background};
use slipway_app::view::mutations::Changes;
use slipway_app::view::profile::SyncStatus;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::impact::Question;
use slipway_domain::filter::{Filter, Reading, Vocabulary, parse};
use slipway_domain::id::{DeviceId, WorkspaceId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::impact::Wanted;
use slipway_store::key::Key;
use slipway_store::list::ListSpec;
use slipway_store::open::Profile;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Times that each figure is taken.
const TIMES: u32 = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut sizes = arguments.iter().filter_map(|size| size.parse().ok());
    let (cis, relations) = (sizes.next().unwrap_or(1_000_000), sizes.next().unwrap_or(3_000_000));
    let model = Model::new(1, cis, relations).peopled();
    let key = Key::new([7; 32]);
    let profile = Profile { workspace: WorkspaceId(Uuid::from_u128(1)), device: DeviceId(Uuid::from_u128(2)) };
    if let [.., mode, path] = arguments.as_slice()
        && mode == "make"
    {
        // A process of its own, for the model holds more than the program does.
        let store = Store::create(path.as_ref(), &key, profile).unwrap();
        fill(&model, &store, Timestamp(1)).unwrap();
        // As the program does while nobody waits.
        while store.merge_words().unwrap() {}
        println!("    making it took {:.0} MiB with the model", peak_mib());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.db");
    let began = Instant::now();
    let made = std::process::Command::new(std::env::current_exe().unwrap())
        .args([&cis.to_string(), &relations.to_string(), "make"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    println!("{cis} CIs and {relations} relations, SQLCipher; made in {:.0} s", began.elapsed().as_secs_f64());
    println!("{:<52} {:>12} {:>12} {:>8}", "figure", "found", "limit", "ratio");
    let empty_path = folder.path().join("empty.db");
    drop(Store::create(&empty_path, &key, profile).unwrap());
    let usable = |path| {
        let began = Instant::now();
        let store = Store::open(path, &key).unwrap();
        store.search("rack", &[], 20).unwrap();
        (store, began.elapsed())
    };
    let empty = (0..5).map(|_| usable(&empty_path).1).min().unwrap();
    let full = (0..5).map(|_| usable(&path).1).min().unwrap();
    println!("    open to first search: {:.1} ms, an empty profile {:.1} ms", millis(full), millis(empty));
    line("open to first search, of the empty profile's", full.as_secs_f64() / empty.as_secs_f64(), 1.2, "x");
    let store = usable(&path).0;
    let bytes = std::fs::metadata(&path).unwrap().len() as f64;
    line("database, bytes a CI with its relations", bytes / f64::from(cis), 900.0, "B");
    for (table, room) in store.room().unwrap().into_iter().filter(|(_, room)| *room > u64::from(cis)) {
        println!("    {table:<32} {:>8.1} B a CI", room as f64 / f64::from(cis));
    }
    search(&store, &model);
    lists(&store, &model);
    let ci_page = spread(|i| {
        let id = model.ci_id(i.wrapping_mul(2_654_435_761) % cis);
        store
            .read(|r| {
                page_of(r, id);
                Ok::<_, Fault>(())
            })
            .unwrap();
    });
    line("CI page with relations and neighbours, p99 ms", ci_page, 10.0, "ms");
    impact(&store, &model);
    drop(store);
    import(folder.path(), cis.min(100_000));
    line("resident memory at its highest, MiB", peak_mib(), 250.0, "MiB");
    let store = usable(&path).0;
    for (sort, text) in [(Some("number"), "status:retired"), (None, "class:application")] {
        pages(&store, &model, sort, text);
    }
}

struct Quiet;

impl Host for Quiet {
    fn changed(&self, _: &Changes) {}
    fn sync(&self, _: &SyncStatus) {}
    fn notify(&self, _: &Notice) {}
}

/// A CSV file of CIs, beside the same file in a table of plain SQLite with an index for each that a CI has here.
fn import(folder: &std::path::Path, cis: u32) {
    write_files(&Model::new(1, cis, 0), folder).unwrap();
    let file = folder.join("cis.csv");
    let header = std::fs::read_to_string(&file).unwrap().lines().next().unwrap().to_owned();
    let names: Vec<String> = header.split(',').map(|name| format!("\"{name}\"")).collect();
    // What has no column in the file stands for identity, number, owner and signs of duplicates.
    let indexes = [
        "name COLLATE NOCASE",
        "class, status",
        "status",
        "environment",
        "criticality",
        "manufacturer, serial_number",
        "asset_tag",
        "class, name",
        "name",
        "notes",
        "hex(name)",
        "name || class",
        "name || ' '",
    ];
    let mut script = format!("CREATE TABLE taken ({} TEXT);\n", names.join(" TEXT, "));
    for (n, columns) in indexes.iter().enumerate() {
        script.push_str(&format!("CREATE INDEX i{n} ON taken ({columns});\n"));
    }
    let words = names.iter().map(|name| format!("new.{name}")).collect::<Vec<_>>().join(" || ' ' || ");
    let search = format!(
        "CREATE VIRTUAL TABLE words USING fts5 (said, content = '', prefix = '1 2 3');
         CREATE TRIGGER find AFTER INSERT ON taken BEGIN
           INSERT INTO words (rowid, said) VALUES (new.rowid, {words});
         END;\n"
    );
    let plain = |name: &str, script: &str| {
        let began = Instant::now();
        let mut shell = std::process::Command::new("sqlite3")
            .arg(folder.join(name))
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("sqlite3 is installed");
        let text = format!("{script}.import --csv --skip 1 {} taken\n", file.display());
        std::io::Write::write_all(&mut shell.stdin.take().unwrap(), text.as_bytes()).unwrap();
        assert!(shell.wait().unwrap().success());
        began.elapsed()
    };
    let without = plain("plain.db", &script);
    let with = plain("searched.db", &format!("{script}{search}"));
    let app = App::new(folder.join("profile"), Arc::new(Quiet), Arc::new(OsKeychain), Background::Quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let call = |name: &str, request| runtime.block_on(app.call(name, request)).unwrap();
    call("app.start_alone", json!({ "name": "Ann", "workspace": "Bench", "passphrase": "bench" }));
    let began = Instant::now();
    let report = call("import.cis", json!({ "path": file, "dry_run": false }));
    let took = began.elapsed();
    assert_eq!(report["rows"], cis);
    println!(
        "    {cis} CIs by CSV: {:.1} s; sqlite3 .import {:.1} s, {:.1} s with search",
        took.as_secs_f64(),
        without.as_secs_f64(),
        with.as_secs_f64()
    );
    line("import of a CSV file, of sqlite3 .import's", took.as_secs_f64() / without.as_secs_f64(), 3.0, "x");
    line("the same, with search on both sides", took.as_secs_f64() / with.as_secs_f64(), 3.0, "x");
    println!("{:<52} {:>9.0} rows a second", "import of CIs by CSV", f64::from(cis) / took.as_secs_f64());
    let began = Instant::now();
    call("baselines.take", json!({ "name": "All of it", "filter": "" }));
    line(&format!("a baseline of {cis} CIs, s"), began.elapsed().as_secs_f64(), 1.0, "s");
}

fn page_of(records: &dyn slipway_domain::records::Records, id: slipway_domain::id::CiId) {
    let ci: Ci = records.get(id).unwrap().unwrap();
    for lookup in [Lookup::RelationsFrom, Lookup::RelationsTo] {
        for relation in records.list::<slipway_domain::cmdb::relation::Relation>(lookup, &ci.id.to_string()).unwrap() {
            let other = if relation.source == id { relation.target } else { relation.source };
            std::hint::black_box(records.get::<Ci>(other).unwrap());
        }
    }
}

fn search(store: &Store, model: &Model) {
    let name = model.name(model.cis() / 2);
    let serial = (0..model.cis()).map(|n| model.ci(n).serial_number).find(|s| !s.is_empty()).unwrap();
    let words = [name.as_str(), &serial, "server gdynia", "payroll web", "debian", "nexus 9336c", "poweredge r750"];
    let typed: Vec<String> = words.iter().flat_map(|word| (1..=word.len()).map(|to| word[..to].to_owned())).collect();
    let mut all: Vec<(Duration, &str)> = Vec::new();
    for text in typed.iter().cycle().take(typed.len() * 4) {
        let began = Instant::now();
        std::hint::black_box(store.search(text, &[], 20).unwrap());
        all.push((began.elapsed(), text.as_str()));
    }
    all.sort();
    line("search as it is typed, p99 ms", millis(all[(all.len() - 1) * 99 / 100].0), 16.0, "ms");
    println!("    slowest: {:?} {:.1} ms", all[all.len() - 1].1, millis(all[all.len() - 1].0));
}

fn lists(store: &Store, model: &Model) {
    let began = Instant::now();
    assert_eq!(store.total(Kind::Ci).unwrap(), u64::from(model.cis()), "every CI is counted");
    line("how many CIs there are, ms", millis(began.elapsed()), 10.0, "ms");
    let columns = ["number", "class", "status", "environment", "criticality", "owner"];
    for sort in [None].into_iter().chain(columns.map(Some)) {
        pages(store, model, sort, "");
    }
    let began = Instant::now();
    let spec = ListSpec { kind: Kind::Ci, filter: Filter::EVERYTHING, sort: None, descending: false };
    let list = store.open_list(&spec).unwrap();
    println!("    a whole list: {:.0} ms, {} rows, {} ids given", millis(began.elapsed()), list.total, list.ids.len());
    let began = Instant::now();
    store.counts(Kind::Ci).unwrap();
    line("counts of every class and status, ms", millis(began.elapsed()), 10.0, "ms");
}

/// Pages of a list, up and down.
fn pages(store: &Store, model: &Model, sort: Option<&str>, text: &str) {
    let vocabulary = Vocabulary::default();
    let reading = Reading { kind: Kind::Ci, me: None, now: Timestamp(1), vocabulary: &vocabulary };
    let filter = if text.is_empty() { Filter::EVERYTHING } else { parse(text, &reading).unwrap() };
    let mut worst = 0.0_f64;
    for descending in [false, true] {
        let filter = filter.clone();
        let spec = ListSpec { kind: Kind::Ci, filter, sort: sort.map(str::to_owned), descending };
        let page = spread(|i| {
            // Every tenth is the first page, the others begin anywhere.
            let after = (i % 10 > 0).then(|| model.ci_id(i.wrapping_mul(2_654_435_761) % model.cis()).0);
            let ids = store.page(&spec, after, 60).unwrap();
            assert!(ids.len() == 60 || after.is_some(), "a page is full");
            store.rows(Kind::Ci, &ids).unwrap();
        });
        worst = worst.max(page);
    }
    let what = format!("a page anywhere, by {} {text}, p99 ms", sort.unwrap_or("name"));
    line(&what, worst, 10.0, "ms");
}

fn impact(store: &Store, model: &Model) {
    let of = (0..100).map(|n| model.ci_id(n * (model.cis() / 100))).collect();
    let question = Question { most: 10_100, ..Question::downstream(of, 50) };
    let wanted = Wanted { from: 0, limit: 60, paths: false };
    let (mut reached, mut services) = (0, 0);
    let took = spread_of(TIMES, |_| {
        let page = store.look(|view| view.impact_page(&question, wanted)).unwrap();
        (reached, services) = (page.reached, page.services);
    });
    line(&format!("impact of 100 CIs reaching {reached}, a page, p99 ms"), took, 50.0, "ms");
    println!("    {services} business services come first");
}

fn spread(f: impl FnMut(u32)) -> f64 {
    spread_of(TIMES, f)
}

/// The 99th percentile in milliseconds.
fn spread_of(times: u32, mut f: impl FnMut(u32)) -> f64 {
    let mut took: Vec<Duration> = (0..times)
        .map(|i| {
            let began = Instant::now();
            f(i);
            began.elapsed()
        })
        .collect();
    took.sort();
    millis(took[(took.len() - 1) * 99 / 100])
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn line(what: &str, found: f64, limit: f64, unit: &str) {
    println!("{what:<52} {found:>9.2} {unit:<3}{limit:>8.1} {unit:<3}{:>7.2}", found / limit);
}

/// The most memory that this process ever held, making the profile included.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|l| l.strip_prefix("VmHWM:")).and_then(|l| l.split_whitespace().next()?.parse().ok());
    kib.unwrap_or(0.0) / 1024.0
}
