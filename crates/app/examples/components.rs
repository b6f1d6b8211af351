//! Figures of the search for components on a laptop whose library names 1,000,000 of them, each beside its limit.
//!
//! Run by `cargo xtask bench components`. How many there are may be given as an argument.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench stops at the first surprise"
)]

use slipway_domain::blob::Sha256;
use slipway_domain::checksum::row_checksum;
use slipway_domain::dsl::sbom::{PART_COMPONENTS, SbomComponent, SbomPart};
use slipway_domain::id::{DeviceId, DslItemId, SbomPartId, WorkspaceId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Record;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::flip::{Cursor, Flip};
use slipway_store::key::Key;
use slipway_store::open::Profile;
use slipway_store::snapshot::{Row, Unpack};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// As in the program.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Parts of one item.
const PARTS: u32 = 4;
/// Times that each figure is taken.
const TIMES: u32 = 200;
/// Parts of one answer, as the program reads them.
const LOOKED_AT: usize = 200;

/// The parts of a library: every item has packages of its own, and `zlib` is in each.
struct Library {
    parts: u32,
}

impl Library {
    fn part(&self, n: u32) -> SbomPart {
        let item = DslItemId(Uuid::from_u128(u128::from(n / PARTS) + 1));
        let component = |at: usize| {
            let number = u64::from(n) * PART_COMPONENTS as u64 + at as u64;
            let name = if at == 0 { "zlib".to_owned() } else { format!("package{number}") };
            SbomComponent {
                purl: format!("pkg:generic/{name}@1.{}", number % 50),
                version: format!("1.{}", number % 50),
                licences: vec![["MIT", "Apache-2.0", "Zlib"][at % 3].to_owned()],
                hashes: [("SHA-256".to_owned(), format!("{number:064x}"))].into(),
                name,
                ..SbomComponent::default()
            }
        };
        let position = n % PARTS;
        let components = (0..PART_COMPONENTS).map(component).collect();
        SbomPart { id: SbomPart::id_of(item, position), item, of: Sha256([7; 32]), position, components }
    }

    fn sum(&self) -> u64 {
        let mut sum = 0_u64;
        for n in 0..self.parts {
            self.unpack("", n as usize, &[], &mut |row| sum = sum.wrapping_add(row.checksum)).unwrap();
        }
        sum
    }
}

impl Unpack for Library {
    fn unpack(&self, _: &str, n: usize, _: &[u8], show: &mut dyn FnMut(Row<'_>)) -> Result<(), Fault> {
        let n = u32::try_from(n).unwrap();
        let record = Record::from(self.part(n));
        let (kind, id, seq, body) = (record.kind().name(), record.id(), u64::from(n) + 1, record.body()?);
        show(Row { kind, id, seq, body: &body, checksum: row_checksum(kind, id, seq, &body) });
        Ok(())
    }

    fn total(&self, _: &str) -> Result<(u64, u64), Fault> {
        Ok((u64::from(self.parts), self.sum()))
    }
}

fn main() {
    let wanted: usize = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let library = Library { parts: u32::try_from(wanted.div_ceil(PART_COMPONENTS)).unwrap() };
    let folder = tempfile::tempdir().unwrap();
    let profile = Profile { workspace: WorkspaceId(Uuid::from_u128(1)), device: DeviceId(Uuid::from_u128(2)) };
    let store = Store::create(&folder.path().join("slipway.db"), &Key::new([7; 32]), profile).unwrap();
    let began = Instant::now();
    let (count, sum) = library.total("").unwrap();
    store.begin_snapshot("workspace", count, "").unwrap();
    store.keep_frames("workspace", &vec![vec![0]; library.parts as usize], true).unwrap();
    let cursor = Cursor { bucket: "workspace".to_owned(), seq: count, count, sum };
    store.flip_with_snapshots(&Flip { at: Timestamp(1), cursors: vec![cursor], ..Flip::default() }, &library).unwrap();
    println!(
        "{} components in {count} parts, SQLCipher; made in {:.0} s",
        library.parts as usize * PART_COMPONENTS,
        began.elapsed().as_secs_f64()
    );
    println!("{:<52} {:>12} {:>12} {:>8}", "figure", "found", "limit", "ratio");
    let rare = |i: u32| {
        let n = u64::from(i.wrapping_mul(2_654_435_761) % library.parts) * PART_COMPONENTS as u64 + 7;
        (Lookup::ComponentsByName, format!("package{n}"))
    };
    line("a name of one component, p99 ms", spread(|i| answer(&store, &rare(i), 1)), 10.0);
    let hash = |i: u32| (Lookup::ComponentsByHash, format!("{:064x}", u64::from(i) + 1));
    line("a hash, p99 ms", spread(|i| answer(&store, &hash(i), 1)), 10.0);
    let everywhere = (Lookup::ComponentsByName, "zlib".to_owned());
    let most = LOOKED_AT.min(library.parts as usize);
    line(
        "a name that every part has, first answer, p99 ms",
        spread_of(20, |_| answer(&store, &everywhere, most)),
        500.0,
    );
}

/// What an answer reads: rows under the key, then their parts.
fn answer(store: &Store, (lookup, key): &(Lookup, String), expected: usize) {
    let found = store
        .look(|view| {
            let mut found = 0;
            for (id, _) in view.under(*lookup, key, 0, LOOKED_AT)? {
                found += usize::from(view.get::<SbomPart>(SbomPartId(id))?.is_some());
            }
            Ok::<_, Fault>(found)
        })
        .unwrap();
    assert_eq!(found, expected, "{key}");
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
    took[(took.len() - 1) * 99 / 100].as_secs_f64() * 1_000.0
}

fn line(what: &str, found: f64, limit: f64) {
    println!("{what:<52} {found:>9.2} ms {limit:>8.1} ms {:>7.2}", found / limit);
}
