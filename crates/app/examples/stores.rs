//! Figures of the definitive stores: files of the library beside `sha256sum` of the same file, scans in a hardware store of
//! 1,000,000 units, and a sheet of labels, each beside its limit.
//!
//! Run by `cargo xtask bench stores`. Megabytes of the file, units and scans may be given as arguments.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench stops at the first surprise"
)]

use serde_json::{Value, json};
use slipway_app::host::{Host, Notice};
use slipway_app::keychain::OsKeychain;
use slipway_app::open::{App, Background};
use slipway_app::view::mutations::Changes;
use slipway_app::view::profile::SyncStatus;
use slipway_domain::checksum::row_checksum;
use slipway_domain::dhs::model::ModelFacts;
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, UnitFacts, UnitState};
use slipway_domain::id::{DhsModelId, DhsUnitId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Record;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::flip::{Cursor, Flip};
use slipway_store::snapshot::{Row, Unpack};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Models in the store.
const MODELS: u32 = 500;
/// Units of one frame of the snapshot that fills the store.
const FRAME: u32 = 10_000;
/// Labels of the sheet.
const LABELS: u32 = 1_000;
/// Times that work on files is done; the best counts, on both sides.
const ROUNDS: usize = 3;

struct Quiet;

impl Host for Quiet {
    fn changed(&self, _: &Changes) {}
    fn sync(&self, _: &SyncStatus) {}
    fn notify(&self, _: &Notice) {}
}

/// A person alone with a profile.
struct Desk {
    app: App,
    runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn new(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let app = App::new(folder.to_owned(), Arc::new(Quiet), Arc::new(OsKeychain), Background::Quiet);
        let desk = Self { app, runtime };
        desk.call("app.start_alone", json!({ "name": "Ann", "workspace": "Bench", "passphrase": "bench" }));
        desk
    }

    fn call(&self, name: &str, request: Value) -> Value {
        self.runtime.block_on(self.app.call(name, request)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Begins a job and waits for its end.
    fn job(&self, name: &str, request: Value) -> Value {
        let begun = self.call(name, request);
        loop {
            let job = self.call("jobs.get", json!({ "job": begun["id"] }));
            match job["state"].as_str() {
                Some("running") => std::thread::sleep(Duration::from_millis(5)),
                Some("done") => return job,
                _ => panic!("{name}: {job}"),
            }
        }
    }
}

/// A store full of units, as a server's snapshot brings it.
struct Shelves {
    units: u32,
}

impl Shelves {
    fn model(n: u32) -> DhsModel {
        DhsModel {
            id: DhsModelId(Uuid::from_u128(u128::from(n) + 1)),
            manufacturer: "Halden".to_owned(),
            name: format!("Model {n}"),
            part_numbers: vec![format!("HM-{n}")],
            height_tenth_u: 10,
            facts: ModelFacts::default(),
        }
    }

    fn unit(n: u32) -> DhsUnit {
        let id = DhsUnitId(Uuid::from_u128((u128::from(n) << 32) + 1_000_000));
        DhsUnit {
            id,
            number: Number::new(Series::DhsUnit, n + 1),
            model: Self::model(n % MODELS).id,
            serial_number: format!("HS{n:08}"),
            asset_tag: format!("TAG{n:08}"),
            condition: Condition::New,
            state: UnitState::InStore,
            bin: Bin {
                store: format!("Spares {}", n % 20),
                aisle: (n % 7).to_string(),
                shelf: (n % 31).to_string(),
                ..Bin::default()
            },
            reserved_for: None,
            ci: None,
            facts: UnitFacts::default(),
        }
    }

    fn frames(&self) -> usize {
        1 + self.units.div_ceil(FRAME) as usize
    }
}

impl Unpack for Shelves {
    fn unpack(&self, _: &str, n: usize, _: &[u8], show: &mut dyn FnMut(Row<'_>)) -> Result<(), Fault> {
        let mut each = |record: Record, seq: u64| {
            let (kind, id, body) = (record.kind().name(), record.id(), record.body()?);
            show(Row { kind, id, seq, body: &body, checksum: row_checksum(kind, id, seq, &body) });
            Ok::<_, Fault>(())
        };
        let Some(n) = n.checked_sub(1) else {
            return (0..MODELS).try_for_each(|n| each(Self::model(n).into(), u64::from(n) + 1));
        };
        let first = u32::try_from(n).unwrap() * FRAME;
        (first..self.units.min(first + FRAME))
            .try_for_each(|n| each(Self::unit(n).into(), u64::from(MODELS) + u64::from(n) + 1))
    }

    fn total(&self, _: &str) -> Result<(u64, u64), Fault> {
        let (mut count, mut sum) = (0_u64, 0_u64);
        for n in 0..self.frames() {
            self.unpack("", n, &[], &mut |row| {
                count += 1;
                sum = sum.wrapping_add(row.checksum);
            })?;
        }
        Ok((count, sum))
    }
}

fn main() {
    let mut sizes = std::env::args().skip(1).filter_map(|size| size.parse::<u32>().ok());
    let (megabytes, units) = (sizes.next().unwrap_or(2_000), sizes.next().unwrap_or(1_000_000));
    let scanned = sizes.next().unwrap_or(10_000);
    // Not under a folder in memory: the disk is part of what is measured.
    let folder = tempfile::tempdir_in(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into())).unwrap();
    println!("{:<52} {:>12} {:>12} {:>8}", "figure", "found", "limit", "ratio");
    files(&folder.path().join("library"), megabytes);
    let desk = Desk::new(&folder.path().join("shelves"));
    fill(&desk, &Shelves { units });
    scans(&desk, units, scanned);
    labels(&desk, units, folder.path());
    line("resident memory at its highest, MiB", peak_mib(), 400.0, "MiB");
}

/// A file is taken in and read again, beside the program that everybody has for the second half of that.
fn files(folder: &Path, megabytes: u32) {
    std::fs::create_dir_all(folder).unwrap();
    let desk = Desk::new(&folder.join("profile"));
    let path = folder.join("image.iso");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let mut noise = blake3::Hasher::new().update(b"stores").finalize_xof();
    let mut block = vec![0; 1 << 20];
    for _ in 0..megabytes {
        noise.fill(&mut block);
        file.write_all(&block).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let theirs = best(|_| {
        assert!(Command::new("sha256sum").arg(&path).output().unwrap().status.success());
    });
    // The same bytes are not stored again: each round has a library of its own.
    let libraries: Vec<Desk> = (0..ROUNDS).map(|round| Desk::new(&folder.join(format!("round-{round}")))).collect();
    let ours = best(|round| hand_in(&libraries[round], &path));
    drop(libraries);
    hand_in(&desk, &path);
    let scrub = best(|_| {
        let note = desk.job("dsl.scrub", Value::Null)["note"].to_string();
        assert!(note.contains("All are sound"), "{note}");
    });
    let rate = |took: Duration| f64::from(megabytes) * 1.048_576 / took.as_secs_f64();
    println!(
        "    {megabytes} MiB: sha256sum {:.0} MB/s, taken in {:.0} MB/s, scrub {:.0} MB/s",
        rate(theirs),
        rate(ours),
        rate(scrub)
    );
    line("file taken in, time beside sha256sum", ours.as_secs_f64() / theirs.as_secs_f64(), 1.0 / 0.6, "x");
    line("scrub, time beside sha256sum", scrub.as_secs_f64() / theirs.as_secs_f64(), 1.0 / 0.8, "x");
}

fn hand_in(desk: &Desk, path: &Path) {
    let done = desk.call("dsl.submit", json!({ "name": "Image", "version": "1" }));
    desk.job("dsl.add_files", json!({ "item": done["record"]["id"], "paths": [path] }));
}

fn fill(desk: &Desk, shelves: &Shelves) {
    let began = Instant::now();
    let store = desk.app.open().unwrap().store.clone();
    let (count, sum) = shelves.total("").unwrap();
    store.begin_snapshot("workspace", count, "").unwrap();
    store.keep_frames("workspace", &vec![vec![0]; shelves.frames()], true).unwrap();
    let cursor = Cursor { bucket: "workspace".to_owned(), seq: count, count, sum };
    store.flip_with_snapshots(&Flip { at: Timestamp(1), cursors: vec![cursor], ..Flip::default() }, shelves).unwrap();
    println!("    {} units of {MODELS} models; made in {:.0} s", shelves.units, began.elapsed().as_secs_f64());
}

/// What a scanner of a person who catalogues gets for an answer: new units, and labels that are known.
fn scans(desk: &Desk, units: u32, scanned: u32) {
    let scan = |code: String| {
        let request = json!({ "code": code, "model": "HM-7", "bin": { "site": null, "store": "Spares 3", "aisle": "", "shelf": "B", "bin": "" } });
        let began = Instant::now();
        let answer = desk.call("dhs.scan", request);
        (answer["outcome"].as_str().unwrap_or_default().to_owned(), began.elapsed())
    };
    let mut took = Vec::new();
    for n in 0..scanned {
        let (code, expected) = match n % 10 {
            9 => (format!("TAG{:08}", n.wrapping_mul(2_654_435_761) % units), ["elsewhere", "duplicate"]),
            _ => (format!("NEW{n:08}"), ["received", "received"]),
        };
        let (outcome, time) = scan(code);
        assert!(expected.contains(&outcome.as_str()), "scan {n}: {outcome}");
        took.push(time);
    }
    let tenth = took.len() / 10;
    let (first, last) = (percentile(&took[..tenth], 50), percentile(&took[took.len() - tenth..], 50));
    line("answer to a scan, p50 ms", percentile(&took, 50), 30.0, "ms");
    line("answer to a scan, p99 ms", percentile(&took, 99), 30.0, "ms");
    line("the last tenth of the scans beside the first, p50", last / first, 1.5, "x");
}

fn labels(desk: &Desk, units: u32, folder: &Path) {
    let numbers: Vec<String> = (0..LABELS.min(units)).map(|n| format!("TAG{n:08}")).collect();
    let path = folder.join("labels.pdf");
    let began = Instant::now();
    desk.call("dhs.labels", json!({ "units": numbers, "path": path }));
    line("sheet of 1,000 labels, s", began.elapsed().as_secs_f64(), 2.0, "s");
    assert!(std::fs::metadata(&path).unwrap().len() > 0);
}

fn best(mut work: impl FnMut(usize)) -> Duration {
    let took = (0..ROUNDS).map(|round| {
        let began = Instant::now();
        work(round);
        began.elapsed()
    });
    took.min().unwrap()
}

/// In milliseconds.
fn percentile(took: &[Duration], percent: usize) -> f64 {
    let mut took = took.to_vec();
    took.sort();
    took[(took.len() - 1) * percent / 100].as_secs_f64() * 1_000.0
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap_or(0.0) / 1_024.0
}

fn line(what: &str, found: f64, limit: f64, unit: &str) {
    println!("{what:<52} {found:>9.2} {unit:<3} {limit:>8.2} {unit:<3} {:>7.2}", found / limit);
}
