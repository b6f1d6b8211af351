//! Times of the laptop's database at the size of a real CMDB: 11,000 CIs and 52,000 relations, made up.
//!
//! `cargo run --release -p slipway-store --example measure`
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use slipway_domain::checksum::row_checksum;
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::command::{BULK_ROWS, CiRow, CmdbCommand, Command, RelationRow};
use slipway_domain::filter::{Reading, Vocabulary, parse};
use slipway_domain::id::{CiId, CommandId, DeviceId, PersonId, WorkspaceId};
use slipway_domain::number::Series;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::flip::{Cursor, Flip};
use slipway_store::issue::{Facts, Issue};
use slipway_store::key::Key;
use slipway_store::list::ListSpec;
use slipway_store::numbers::Numbers;
use slipway_store::open::Profile;
use slipway_store::queue::{Judged, Verdict};
use slipway_store::stage::Staged;
use std::time::{Duration, Instant};
use uuid::Uuid;

const CIS: u32 = 11_000;
const RELATIONS: u32 = 52_000;
const WORDS: [&str; 16] = [
    "library",
    "runtime",
    "server",
    "client",
    "development",
    "files",
    "documentation",
    "tools",
    "network",
    "protocol",
    "database",
    "system",
    "graphics",
    "python",
    "module",
    "utility",
];

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.db");
    let key = Key::new([7; 32]);
    let profile = Profile { workspace: WorkspaceId(Uuid::from_u128(1)), device: DeviceId(Uuid::from_u128(2)) };
    let store = Store::create(&path, &key, profile).unwrap();
    store.lease(Series::Ci, 1, CIS).unwrap();

    let mut n = 0_u128;
    let mut import = |command: &mut dyn FnMut(&mut Numbers<'_>) -> Command| {
        n += 1;
        issue(&store, n, command)
    };
    let start = Instant::now();
    for first in (0..CIS).step_by(BULK_ROWS) {
        import(&mut |numbers| {
            let rows = (first..CIS.min(first + 500)).map(|i| CiRow {
                line: i + 2,
                ci: Ci { number: numbers.take(Series::Ci, ci_id(i).0), ..ci(i) },
                columns: ["class", "name", "version"].map(str::to_owned).into(),
            });
            Command::Cmdb(CmdbCommand::ImportCis(rows.collect()))
        });
    }
    println!("import {CIS} CIs                   {:>9.2?}", start.elapsed());
    let start = Instant::now();
    for first in (0..RELATIONS).step_by(BULK_ROWS) {
        import(&mut |_| {
            let rows = (first..RELATIONS.min(first + 500)).map(|i| RelationRow { line: i + 2, relation: relation(i) });
            Command::Cmdb(CmdbCommand::ImportRelations(rows.collect()))
        });
    }
    println!("import {RELATIONS} relations             {:>9.2?}", start.elapsed());

    // Everything comes back from the server as it was here: the largest flip there is.
    let records: Vec<Record> = (0..CIS)
        .map(|i| store.read(|r| Ok::<_, Fault>(r.get::<Ci>(ci_id(i))?.unwrap().into())).unwrap())
        .chain((0..RELATIONS).map(|i| relation(i).into()))
        .collect();
    let page: Vec<Staged> = records.iter().zip(1..).map(|(r, seq)| staged(r, seq)).collect();
    let start = Instant::now();
    for page in page.chunks(5_000) {
        store.stage(page, &[]).unwrap();
    }
    println!("stage all of it                     {:>9.2?}", start.elapsed());
    let judged = store.pending(10_000).unwrap().into_iter().map(|q| Judged {
        id: q.id,
        counter: q.counter,
        seq: 1,
        verdict: Verdict::Applied,
    });
    let sum = page.iter().fold(0_u64, |sum, s| {
        sum.wrapping_add(row_checksum(&s.kind, s.id, s.seq, s.body.as_deref().unwrap_or_default()))
    });
    let count = page.len() as u64;
    let cursor = Cursor { bucket: "workspace".to_owned(), seq: count, count, sum };
    let flip = Flip {
        epoch: "e".to_owned(),
        at: Timestamp(1),
        cursors: vec![cursor],
        left: Vec::new(),
        judged: judged.collect(),
    };
    let start = Instant::now();
    let flipped = store.flip(&flip).unwrap();
    println!("flip all of it                      {:>9.2?}", start.elapsed());
    assert!(flipped.mismatched.is_empty() && flipped.changes.is_empty(), "it came back as it was");

    spread("a command, issue to durable", 300, |i| {
        let change = FieldChange { field: "notes".to_owned(), from: String::new(), to: format!("seen {i}") };
        let command = Command::Cmdb(CmdbCommand::SetFields(ci_id(i * 31), vec![change]));
        issue(&store, 1_000_000 + u128::from(i), &mut |_| command.clone());
    });
    let start = Instant::now();
    store.flip(&Flip { judged: Vec::new(), ..flip.clone() }).unwrap();
    println!("flip with 300 pending commands      {:>9.2?}", start.elapsed());

    let typed: Vec<String> = ["lib", "libssl1", "python3", "network prot", "pkg-10", "ci-10999", "database tools"]
        .iter()
        .flat_map(|text| (1..=text.len()).map(|to| text.chars().take(to).collect()))
        .collect();
    spread("search as you type", 50 * typed.len(), |i| {
        let found = store.search(&typed[i as usize % typed.len()], &[], 20).unwrap();
        std::hint::black_box(found);
    });
    for text in ["l", "p", "li", "lib", "database"] {
        spread(&format!("search {text:?}"), 30, |_| {
            std::hint::black_box(store.search(text, &[], 20).unwrap());
        });
    }
    let list = |filter: &str| {
        let (kind, now) = (Kind::Ci, slipway_domain::time::Timestamp(0));
        let filter = parse(filter, &Reading { kind, me: None, now, vocabulary: &Vocabulary::default() }).unwrap();
        ListSpec { kind, filter, sort: None, descending: false }
    };
    spread("open the list of all CIs", 30, |_| {
        std::hint::black_box(store.open_list(&list("")).unwrap());
    });
    spread("open a filtered list", 30, |_| {
        std::hint::black_box(store.open_list(&list("class:software network -state:retired")).unwrap());
    });
    let ids = store.open_list(&list("")).unwrap().ids;
    spread("60 rows of a list", 200, |i| {
        std::hint::black_box(store.rows(Kind::Ci, &ids[i as usize * 50..][..60]).unwrap());
    });
    let start = Instant::now();
    let hash = store.state_hash().unwrap();
    println!("hash over all records               {:>9.2?}", start.elapsed());
    std::hint::black_box(hash);
    drop(store);
    let start = Instant::now();
    let store = Store::open(&path, &key).unwrap();
    println!("open                                {:>9.2?}", start.elapsed());
    drop(store);
    println!("file                                {:>6} MiB", std::fs::metadata(&path).unwrap().len() >> 20);
}

fn issue(store: &Store, n: u128, build: &mut dyn FnMut(&mut Numbers<'_>) -> Command) {
    store
        .issue(Issue {
            id: CommandId(Uuid::from_u128(n)),
            actor: PersonId::SYSTEM,
            made_at: Timestamp(1_800_000_000_000),
            build,
            sign: &|_| [0; 64],
            replaces: None,
            facts: Facts::Refuse,
        })
        .unwrap();
}

/// Prints median, 99th percentile and maximum.
fn spread(name: &str, times: usize, mut f: impl FnMut(u32)) {
    let mut took: Vec<Duration> = (0..u32::try_from(times).unwrap())
        .map(|i| {
            let start = Instant::now();
            f(i);
            start.elapsed()
        })
        .collect();
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    println!("{name:<36}p50 {:>9.2?}  p99 {:>9.2?}  max {:>9.2?}", at(50), at(99), at(100));
}

fn ci_id(i: u32) -> CiId {
    // As spread out as real ones made by many devices.
    CiId(Uuid::new_v5(&Uuid::NAMESPACE_OID, &i.to_be_bytes()))
}

fn ci(i: u32) -> Ci {
    let word = |n: u32| WORDS[(i.wrapping_mul(2_654_435_761) >> n) as usize % WORDS.len()];
    let name = match i % 3 {
        0 => format!("lib{}{}.{}", word(3), i, i % 10),
        1 => format!("python3-{}-{i}", word(5)),
        _ => format!("pkg-{i}-{}", word(7)),
    };
    let number = slipway_domain::number::Number::provisional(Series::Ci, ci_id(i).0);
    Ci {
        version: format!("{}.{}.{}-1", i % 9, i % 17, i % 5),
        manufacturer: format!("Debian {} Team", word(9)),
        notes: (0..9).map(|n| word(n * 3 + 1)).collect::<Vec<_>>().join(" "),
        attributes: [("category".to_owned(), word(2).to_owned()), ("size_kib".to_owned(), i.to_string())].into(),
        ..Ci::blank(ci_id(i), number, "software package", &name)
    }
}

fn relation(i: u32) -> Relation {
    let (source, step) = (i % CIS, i / CIS + 1);
    Relation::new(ci_id(source), RelationType::DependsOn, ci_id((source + step * step * 97) % CIS))
}

fn staged(record: &Record, seq: u64) -> Staged {
    Staged {
        bucket: "workspace".to_owned(),
        seq,
        kind: record.kind().name().to_owned(),
        id: record.id(),
        body: Some(record.body().unwrap()),
    }
}
