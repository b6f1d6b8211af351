//! Buckets that come whole: the same state as from pages, from nothing or in place of what was there, and no half one.

use crate::support::{Laptop, NOW, a_ci, but_steps, ci_id, create, issue, key, set_version};
use crate::world::{BUCKET, Server, expected, staged};
use slipway_domain::checksum::row_checksum;
use slipway_domain::number::Series;
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;
use slipway_store::Store;
use slipway_store::error::StoreError;
use slipway_store::flip::{Cursor, Flip, Flipped};
use slipway_store::list::ListSpec;
use slipway_store::queue::Judged;
use slipway_store::snapshot::{Fetching, Row, Unpack};
use slipway_store::stage::{Reached, Staged};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use uuid::Uuid;

/// Frames of lines `kind|id|seq|body`; the manifest is `count,sum`.
struct Lines;

impl Unpack for Lines {
    fn unpack(&self, _: &str, _: usize, packed: &[u8], show: &mut dyn FnMut(Row<'_>)) -> Result<(), Fault> {
        for line in str::from_utf8(packed).map_err(Fault::new)?.lines() {
            let parts: Vec<&str> = line.splitn(4, '|').collect();
            let [kind, id, seq, body] = parts[..] else { return Err(Fault::new("torn")) };
            let (id, seq) = (Uuid::parse_str(id).map_err(Fault::new)?, seq.parse().map_err(Fault::new)?);
            show(Row { kind, id, seq, body, checksum: row_checksum(kind, id, seq, body) });
        }
        Ok(())
    }

    fn total(&self, manifest: &str) -> Result<(u64, u64), Fault> {
        let (count, sum) = manifest.split_once(',').ok_or_else(|| Fault::new("no manifest"))?;
        Ok((count.parse().map_err(Fault::new)?, sum.parse().map_err(Fault::new)?))
    }
}

/// What these entries are as a snapshot: manifest and frames.
fn pack(entries: &[Staged], in_frame: usize) -> (String, Vec<Vec<u8>>) {
    let mut present: Vec<&Staged> = entries.iter().filter(|entry| entry.body.is_some()).collect();
    present.sort_by(|a, b| (&a.kind, a.id).cmp(&(&b.kind, b.id)));
    let body = |e: &Staged| e.body.clone().unwrap();
    let sum = present.iter().fold(0_u64, |sum, e| sum.wrapping_add(row_checksum(&e.kind, e.id, e.seq, &body(e))));
    let line = |e: &&Staged| format!("{}|{}|{}|{}\n", e.kind, e.id, e.seq, body(e));
    let frames = present.chunks(in_frame).map(|part| part.iter().map(line).collect::<String>().into_bytes());
    (format!("{},{sum}", present.len()), frames.collect())
}

fn take(store: &Store, bucket: &str, seq: u64, (manifest, frames): &(String, Vec<Vec<u8>>)) {
    store.begin_snapshot(bucket, seq, manifest).unwrap();
    for (n, frame) in frames.iter().enumerate() {
        store.keep_frames(bucket, std::slice::from_ref(frame), n + 1 == frames.len()).unwrap();
    }
}

fn flip(server: &Server, store: &Store, judged: Vec<Judged>) -> Flipped {
    store.flip_with_snapshots(&server.flip(judged), &Lines).unwrap()
}

fn with_cis(count: u128) -> Server {
    let mut server = Server::new();
    for n in 1..=count {
        server.act(n, &create(n));
    }
    server
}

/// What lists and search say.
fn found(store: &Store) -> (Vec<Uuid>, Vec<Uuid>) {
    let spec =
        ListSpec { kind: Kind::Ci, filter: slipway_domain::filter::Filter::EVERYTHING, sort: None, descending: false };
    let hits = store.search("srv", &[], 100).unwrap();
    let mut ids: Vec<Uuid> = hits.into_iter().map(|hit| hit.id).collect();
    ids.sort();
    (store.open_list(&spec).unwrap().ids, ids)
}

/// Names of tables and indexes with the statements that made them.
fn schema(laptop: &Laptop) -> Vec<(String, Option<String>)> {
    let conn = rusqlite::Connection::open(laptop.path()).unwrap();
    conn.pragma_update(None, "key", format!("x'{}'", "5a".repeat(32))).unwrap();
    let mut statement = conn.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
    statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn from_a_snapshot_and_what_came_since_the_state_is_the_same_as_from_pages() {
    let mut server = with_cis(40);
    let (pages, whole) = (Laptop::new(), Laptop::new());
    let made = schema(&whole);
    let (at, packed) = (server.head, pack(&server.entries(0), 7));
    // The server goes on while the frames come.
    server.act(100, &set_version(3, "", "2.0"));
    server.act(101, &create(41));
    server.remove(Kind::Ci, ci_id(5).0);
    take(&whole.store, BUCKET, at, &packed);
    assert_eq!(found(&whole.store).0.len(), 0, "nothing shows before the flip");
    let whole = whole.reopen();
    assert_eq!(whole.store.staged_cursor(BUCKET).unwrap(), at, "the pull goes on from there");
    server.pull(&whole.store, 2);
    let flipped = flip(&server, &whole.store, vec![]);
    assert!(flipped.mismatched.is_empty() && flipped.changes.many, "{flipped:?}");
    server.exchange(&pages.store, 0);
    assert_eq!(whole.store.state_hash().unwrap(), server.hash());
    assert_eq!(found(&whole.store), found(&pages.store), "lists and search say the same");
    assert_eq!(found(&whole.store).1.len(), 40);
    assert_eq!(whole.store.verify_confirmed().unwrap(), Vec::<String>::new());
    whole.store.check().unwrap();
    assert_eq!(schema(&whole), made, "every index is there again");
    assert!(whole.store.fetching().unwrap().is_empty());

    // And from then on as ever: names stay unique, commands go out, pages come in.
    issue(&whole.store, 1, &set_version(7, "", "9")).unwrap();
    issue(&whole.store, 2, &create(3)).unwrap_err();
    server.exchange(&whole.store, 9);
    assert_eq!(whole.store.state_hash().unwrap(), server.hash());
}

#[test]
fn frames_outlive_the_program_and_are_counted() {
    let server = with_cis(10);
    let laptop = Laptop::new();
    let (manifest, frames) = pack(&server.entries(0), 3);
    laptop.store.begin_snapshot(BUCKET, server.head, &manifest).unwrap();
    laptop.store.keep_frames(BUCKET, &frames[..2], false).unwrap();
    let laptop = laptop.reopen();
    let fetching = laptop.store.fetching().unwrap();
    assert_eq!(fetching, [Fetching { bucket: BUCKET.to_owned(), manifest, kept: 2 }]);
    assert_eq!(laptop.store.staged_cursor(BUCKET).unwrap(), 0, "not before the last one");
    laptop.store.drop_snapshot(BUCKET).unwrap();
    assert!(laptop.store.fetching().unwrap().is_empty());
}

#[test]
fn a_laptop_that_comes_back_to_another_history_keeps_its_queue_and_what_needs_attention() {
    let mut server = with_cis(20);
    let laptop = Laptop::new();
    server.exchange(&laptop.store, 0);
    issue(&laptop.store, 1, &set_version(1, "", "mine")).unwrap();
    let refused = issue(&laptop.store, 2, &set_version(2, "", "refused")).unwrap().counter;
    server.act(100, &set_version(2, "", "theirs"));
    let judged: Vec<Judged> = laptop.store.pending(9).unwrap().iter().map(|q| server.judge(q)).collect();
    server.pull(&laptop.store, 3);
    laptop.store.flip(&server.flip(judged.into_iter().filter(|j| j.counter == refused).collect())).unwrap();
    laptop.store.lease(Series::Ci, 500, 599).unwrap();
    laptop.store.remember("sync.answered", "7").unwrap();
    let attention = laptop.store.attention().unwrap();
    assert_eq!(attention.len(), 1);
    issue(&laptop.store, 3, &create(900)).unwrap();

    // Everything comes anew, many records, of which this laptop has none but a few.
    laptop.store.start_over(None).unwrap();
    let many: Vec<Staged> =
        (1..=6_000_u128).map(|n| staged(&Record::from(a_ci(n)), u64::try_from(n).unwrap())).collect();
    let packed = pack(&many, 1_000);
    let pending = laptop.store.pending(9).unwrap();
    take(&laptop.store, BUCKET, 6_000, &packed);
    let (count, sum) = Lines.total(&packed.0).unwrap();
    let cursors = vec![Cursor { bucket: BUCKET.to_owned(), seq: 6_000, count, sum }];
    let again = Flip { cursors, ..server.flip(vec![]) };
    let flipped = laptop.store.flip_with_snapshots(&again, &Lines).unwrap();
    assert!(flipped.mismatched.is_empty(), "{flipped:?}");
    let mut memory = slipway_domain::records::Memory::default();
    for entry in &many {
        let record = Record::from_body(Kind::Ci, entry.body.as_deref().unwrap()).unwrap();
        slipway_domain::records::Records::write(&mut memory, record).unwrap();
    }
    assert_eq!(laptop.store.visible_hash().unwrap(), expected(&memory, &pending), "the queue is in force on it");
    let queued = laptop.store.pending(9).unwrap();
    let ids = |queue: &[slipway_store::queue::Queued]| queue.iter().map(|q| q.id).collect::<Vec<_>>();
    assert_eq!(ids(&queued), ids(&pending), "nothing of the queue is lost");
    assert_eq!(laptop.store.attention().unwrap(), attention);
    assert_eq!(laptop.store.remembered("sync.answered").unwrap().as_deref(), Some("7"));
    assert_eq!(laptop.store.status().unwrap().numbers_left[&Series::Ci], 100);
    assert_eq!(laptop.store.verify_confirmed().unwrap(), Vec::<String>::new());
    laptop.store.check().unwrap();
}

#[test]
fn beside_a_bucket_that_stays_a_snapshot_is_compared_and_what_is_gone_goes() {
    let mut server = with_cis(6);
    let laptop = Laptop::new();
    let other = Staged { bucket: "site".to_owned(), ..staged(&Record::from(a_ci(50)), 3) };
    let body = other.body.clone().unwrap();
    let site = Cursor { bucket: "site".to_owned(), seq: 3, count: 1, sum: row_checksum("ci", other.id, 3, &body) };
    server.pull(&laptop.store, 9);
    laptop.store.stage(&[other], &[Reached { bucket: "site".to_owned(), seq: 3 }]).unwrap();
    let both = |server: &Server| Flip { cursors: vec![server.cursor(), site.clone()], ..server.flip(vec![]) };
    laptop.store.flip(&both(&server)).unwrap();
    server.remove(Kind::Ci, ci_id(2).0);
    server.act(100, &set_version(3, "", "2.0"));
    laptop.store.start_over(Some(BUCKET)).unwrap();
    take(&laptop.store, BUCKET, server.head, &pack(&server.entries(0), 2));
    let flipped = laptop.store.flip_with_snapshots(&both(&server), &Lines).unwrap();
    assert!(flipped.mismatched.is_empty() && !flipped.changes.many, "{flipped:?}");
    assert_eq!(but_steps(&laptop.store, &flipped.changes), [ci_id(2).0, ci_id(3).0], "only what differs");
    assert_eq!(found(&laptop.store).0.len(), 6, "five of one bucket, one of the other");
    assert_eq!(laptop.store.verify_confirmed().unwrap(), Vec::<String>::new());
}

#[test]
fn a_snapshot_that_is_not_what_it_says_changes_nothing() {
    let server = with_cis(12);
    let good = pack(&server.entries(0), 5);
    let torn = (good.0.clone(), vec![good.1[0].clone(), b"ci|torn".to_vec()]);
    let short = (good.0.clone(), good.1[..2].to_vec());
    for (what, wrong) in [("a frame that cannot be read", torn), ("a frame that is missing", short)] {
        let laptop = Laptop::new();
        issue(&laptop.store, 1, &create(99)).unwrap();
        let before = laptop.store.visible_hash().unwrap();
        take(&laptop.store, BUCKET, server.head, &wrong);
        let error = laptop.store.flip_with_snapshots(&server.flip(vec![]), &Lines).unwrap_err();
        assert!(matches!(&error, StoreError::Snapshot { bucket, .. } if bucket == BUCKET), "{what}: {error:?}");
        assert_eq!(laptop.store.visible_hash().unwrap(), before, "{what}");
        // Fetched again, it is taken.
        laptop.store.start_over(Some(BUCKET)).unwrap();
        take(&laptop.store, BUCKET, server.head, &good);
        assert!(flip(&server, &laptop.store, vec![]).mismatched.is_empty(), "{what}");
        laptop.store.check().unwrap();
    }
}

const FOLDER: &str = "SLIPWAY_STORE_TEST_SNAPSHOT";

fn large() -> (Vec<Staged>, Flip) {
    let rows: Vec<Staged> =
        (1..=3_000_u128).map(|n| staged(&Record::from(a_ci(n)), u64::try_from(n).unwrap())).collect();
    let (count, sum) = Lines.total(&pack(&rows, 1_000).0).unwrap();
    let cursor = Cursor { bucket: BUCKET.to_owned(), seq: 3_000, count, sum };
    (rows, Flip { epoch: "first".to_owned(), at: NOW, cursors: vec![cursor], ..Flip::default() })
}

/// Not a test of its own: the process that the next one kills. It goes on where the one before it was killed.
#[test]
fn child_that_takes_a_snapshot_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = Store::open(&Path::new(&folder).join("slipway.db"), &key()).unwrap();
    let (rows, flip) = large();
    let (manifest, frames) = pack(&rows, 250);
    if store.staged_cursor(BUCKET).unwrap() == 0 {
        let begun = store.fetching().unwrap().first().map(|fetching| fetching.kept);
        if begun.is_none() {
            store.begin_snapshot(BUCKET, 3_000, &manifest).unwrap();
        }
        for (n, frame) in frames.iter().enumerate().skip(begun.unwrap_or(0)) {
            store.keep_frames(BUCKET, std::slice::from_ref(frame), n + 1 == frames.len()).unwrap();
        }
    }
    store.flip_with_snapshots(&flip, &Lines).unwrap();
}

#[test]
fn a_kill_at_any_moment_leaves_the_queue_and_all_of_the_snapshot_or_nothing() {
    let laptop = Laptop::new();
    for n in 1..=5 {
        issue(&laptop.store, n, &create(10_000 + n)).unwrap();
    }
    let path = laptop.path();
    let Laptop { folder, store } = laptop;
    drop(store);
    for round in 0..90_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "snapshot::child_that_takes_a_snapshot_until_it_is_killed"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Closer and closer to its end at first; where the machine is busy, as long as it takes.
        std::thread::sleep(Duration::from_millis(20 + round * 23 + round.saturating_sub(55) * 250));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let store = Store::open(&path, &key()).unwrap();
        store.check().unwrap();
        let status = store.status().unwrap();
        let shown = found(&store).0.len();
        assert_eq!(status.pending, 5, "round {round}: the queue is whole");
        let queue: Vec<_> = store.pending(9).unwrap().into_iter().map(|queued| queued.state).collect();
        assert!(shown == 5 || shown == 3_005, "round {round}: {shown} records, {queue:?}");
        if let Some(status) = ended {
            assert!(status.success() && shown == 3_005, "round {round}: {status}");
            assert!(round > 1, "no kill came in time");
            return;
        }
    }
    panic!("it never came to its end");
}
