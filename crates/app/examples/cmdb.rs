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

use slipway_app::generate::model::Model;
use slipway_app::generate::profile::fill;
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
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Times that each figure is taken.
const TIMES: u32 = 200;

fn main() {
    let mut sizes = std::env::args().skip(1).map(|size| size.parse().unwrap());
    let (cis, relations) = (sizes.next().unwrap_or(1_000_000), sizes.next().unwrap_or(3_000_000));
    let model = Model::new(1, cis, relations).peopled();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.db");
    let key = Key::new([7; 32]);
    let profile = Profile { workspace: WorkspaceId(Uuid::from_u128(1)), device: DeviceId(Uuid::from_u128(2)) };
    let began = Instant::now();
    let store = Store::create(&path, &key, profile).unwrap();
    fill(&model, &store, Timestamp(1)).unwrap();
    drop(store);
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
    line("open to first search, of the empty profile's", full.as_secs_f64() / empty.as_secs_f64(), 1.2, "x");
    let store = usable(&path).0;
    let bytes = std::fs::metadata(&path).unwrap().len() as f64;
    line("database, bytes a CI with its relations", bytes / f64::from(cis), 900.0, "B");
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
    let many: Vec<Uuid> = (0..cis.min(100_000)).map(|n| model.ci_id(n).0).collect();
    let began = Instant::now();
    for ids in many.chunks(1_000) {
        assert_eq!(store.rows(Kind::Ci, ids).unwrap().len(), ids.len());
    }
    let what = format!("reading {} CIs, s", many.len());
    line(&what, began.elapsed().as_secs_f64(), 1.0, "s");
    line("resident memory at its highest, MiB", peak_mib(), 250.0, "MiB");
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
    let vocabulary = Vocabulary::default();
    for (sort, text) in [
        (None, ""),
        (Some("number"), ""),
        (Some("class"), ""),
        (Some("status"), ""),
        (Some("owner"), ""),
        (None, "status:retired"),
    ] {
        let reading = Reading { kind: Kind::Ci, me: None, now: Timestamp(1), vocabulary: &vocabulary };
        let filter = if text.is_empty() { Filter::EVERYTHING } else { parse(text, &reading).unwrap() };
        let spec = ListSpec { kind: Kind::Ci, filter, sort: sort.map(str::to_owned), descending: false };
        let began = Instant::now();
        let list = store.open_list(&spec).unwrap();
        let opened = began.elapsed();
        assert!(!text.is_empty() || list.total == usize::try_from(model.cis()).unwrap(), "every CI is in the list");
        let page = spread(|i| {
            let from = (usize::try_from(i).unwrap() * 7_919_191) % list.ids.len().saturating_sub(60).max(1);
            store.rows(Kind::Ci, &list.ids[from..list.ids.len().min(from + 60)]).unwrap();
        });
        let what = format!("a page anywhere, by {} {text}, p99 ms", sort.unwrap_or("name"));
        line(&what, page, 10.0, "ms");
        println!("    opened once: {:.0} ms, {} rows, {} ids given", millis(opened), list.total, list.ids.len());
    }
    let began = Instant::now();
    store.counts(Kind::Ci).unwrap();
    println!("    counts of every class and status: {:.0} ms", millis(began.elapsed()));
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
