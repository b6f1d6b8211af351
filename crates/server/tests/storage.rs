//! One suite for every storage: what the server relies on.

use crate::support::new_id;
use slipway_cluster::Cluster;
use slipway_domain::checksum::row_checksum;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::relation::{Relation, RelationType};
use slipway_domain::comment::Comment;
use slipway_domain::id::{CiId, CommandId, CommentId, DeviceId, PersonId, SiteId, WorkspaceId};
use slipway_domain::lookup::{Lookup, pair};
use slipway_domain::number::{Number, Series};
use slipway_domain::people::Site;
use slipway_domain::record::{Kind, Record, RecordRef};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::time::Timestamp;
use slipway_server::storage::postgres::Postgres;
use slipway_server::storage::sqlite::Sqlite;
use slipway_server::storage::{
    Account, Device, DeviceEntry, Judged, Keys, SessionRow, Storage, StorageError, StoredLeaf, Stretch,
};
use slipway_sync::bucket::Bucket;
use slipway_sync::log::Edge;
use slipway_sync::protocol::{BucketSum, Epoch};
use slipway_sync::signing::PrivateKey;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const WORKSPACE: WorkspaceId = WorkspaceId(Uuid::from_u128(7));

fn site(id: SiteId, name: &str) -> Site {
    Site { id, name: name.into(), address: String::new() }
}

fn new_site(name: &str) -> Site {
    site(SiteId(new_id()), name)
}

/// Runs every test of the suite against a storage made by this expression for a folder.
macro_rules! suite {
    ($name:ident, $open:expr) => {
        mod $name {
            use super::*;
            #[test]
            fn a_transaction_dropped_never_was() {
                with($open, dropped);
            }
            #[test]
            fn a_savepoint_undoes_records_sequences_and_sums() {
                with($open, undone);
            }
            #[test]
            fn a_snapshot_stays_at_its_moment() {
                with($open, moment);
            }
            #[test]
            fn no_reader_misses_a_row_behind_its_cursor() {
                with($open, commit_order);
            }
            #[test]
            fn sums_are_those_of_the_rows_present() {
                with($open, sums);
            }
            #[test]
            fn what_a_bucket_holds_is_read_by_key_in_stretches() {
                with($open, held);
            }
            #[test]
            fn records_lie_in_the_buckets_of_the_table() {
                with($open, buckets);
            }
            #[test]
            fn what_lies_with_a_record_moves_along() {
                with($open, moves);
            }
            #[test]
            fn look_ups_follow_the_record() {
                with($open, lookups);
            }
            #[test]
            fn look_ups_are_walked_in_stretches_either_way() {
                with($open, stretches);
            }
            #[test]
            fn a_key_of_any_length_is_found() {
                with($open, long_keys);
            }
            #[test]
            fn the_log_keeps_its_edge() {
                with($open, log);
            }
            #[test]
            fn figures_are_those_of_the_moment() {
                with($open, figures);
            }
            #[test]
            fn the_log_gives_back_what_its_leaves_stand_for() {
                with($open, leaves);
            }
            #[test]
            fn a_password_belongs_to_a_person() {
                with($open, accounts);
            }
            #[test]
            fn another_workspace_is_not_there() {
                with($open, other_workspace);
            }
        }
    };
}

suite!(sqlite, |folder: &Path| {
    let epoch = Epoch(Uuid::from_u128(1));
    Arc::new(Sqlite::create(&folder.join("w.sqlite"), WORKSPACE, "Test", epoch, Timestamp(0)).unwrap())
});

suite!(postgres, |_: &Path| {
    let storage = Postgres::open(&Cluster::shared().database().parse().unwrap()).unwrap();
    storage.create(WORKSPACE, "Test", Epoch(Uuid::from_u128(1)), Timestamp(0)).unwrap();
    Arc::new(storage)
});

fn with<S: Storage>(open: impl FnOnce(&Path) -> Arc<S>, test: impl FnOnce(&Arc<dyn Storage>)) {
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = open(folder.path());
    test(&storage);
}

fn head(storage: &Arc<dyn Storage>) -> u64 {
    storage.snapshot(WORKSPACE).unwrap().workspace().unwrap().head
}

fn put(storage: &Arc<dyn Storage>, site: Site) {
    let mut tx = storage.begin(WORKSPACE).unwrap();
    tx.savepoint().unwrap();
    tx.put(site).unwrap();
    tx.release_savepoint().unwrap();
    tx.commit().unwrap();
}

fn dropped(storage: &Arc<dyn Storage>) {
    let mut tx = storage.begin(WORKSPACE).unwrap();
    tx.put(new_site("A")).unwrap();
    drop(tx);
    assert_eq!(head(storage), 0);
    let tx = storage.begin(WORKSPACE).unwrap();
    assert!(tx.all::<Site>().unwrap().is_empty());
}

fn undone(storage: &Arc<dyn Storage>) {
    let (kept, lost) = (new_site("A"), new_site("B"));
    let mut tx = storage.begin(WORKSPACE).unwrap();
    tx.savepoint().unwrap();
    tx.put(kept.clone()).unwrap();
    assert_eq!(tx.release_savepoint().unwrap().len(), 1);
    tx.savepoint().unwrap();
    tx.put(lost.clone()).unwrap();
    tx.remove(Kind::Site, kept.id.0).unwrap();
    tx.rollback_to_savepoint().unwrap();
    assert!(tx.get::<Site>(lost.id).unwrap().is_none());
    assert_eq!(tx.get::<Site>(kept.id).unwrap(), Some(kept.clone()));
    tx.savepoint().unwrap();
    tx.put(site(kept.id, "C")).unwrap();
    tx.put(site(kept.id, "D")).unwrap();
    let changes = tx.release_savepoint().unwrap();
    assert_eq!(changes.len(), 1, "one record is one change, however often it was written");
    assert_eq!(changes[0].seq, 2, "the undone command took no sequence");
    tx.commit().unwrap();
    let sum = storage.snapshot(WORKSPACE).unwrap().sum(Bucket::Workspace).unwrap();
    assert_eq!((head(storage), sum.count), (2, 1));
}

fn moment(storage: &Arc<dyn Storage>) {
    put(storage, new_site("A"));
    let view = storage.snapshot(WORKSPACE).unwrap();
    assert_eq!(view.workspace().unwrap().head, 1);
    put(storage, new_site("B"));
    let feed = view.feed(Bucket::Workspace, 0, 10, usize::MAX).unwrap();
    assert_eq!((feed.entries.len(), view.workspace().unwrap().head), (1, 1), "the second write came later");
    drop(view);
    assert_eq!(head(storage), 2);
}

/// Eight writers, every third transaction of which dawdles before its commit, and one reader that only ever goes on
/// from its cursor: a row that were committed behind it would never be seen.
fn commit_order(storage: &Arc<dyn Storage>) {
    const EACH: usize = 25;
    let write = |storage: &Arc<dyn Storage>, writer: usize, n: usize| {
        let mut tx = storage.begin(WORKSPACE).unwrap();
        tx.savepoint().unwrap();
        tx.put(new_site(&format!("{writer}/{n}"))).unwrap();
        tx.release_savepoint().unwrap();
        if (writer + n).is_multiple_of(3) {
            std::thread::sleep(Duration::from_millis(4));
        }
        tx.commit().unwrap();
    };
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let storage = Arc::clone(storage);
            std::thread::spawn(move || (0..EACH).for_each(|n| write(&storage, writer, n)))
        })
        .collect();
    let (mut cursor, mut seen) = (0, Vec::new());
    let mut read = |storage: &Arc<dyn Storage>| {
        let view = storage.snapshot(WORKSPACE).unwrap();
        let head = view.workspace().unwrap().head;
        let feed = view.feed(Bucket::Workspace, cursor, 7, usize::MAX).unwrap();
        seen.extend(feed.entries.iter().map(|entry| entry.seq));
        cursor = if feed.exhausted { head } else { feed.entries.last().unwrap().seq };
        feed.exhausted
    };
    while !writers.iter().all(std::thread::JoinHandle::is_finished) {
        read(storage);
    }
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    while !read(storage) {}
    assert_eq!(seen, (1..=8 * EACH as u64).collect::<Vec<_>>(), "every sequence once, in order");
}

/// A bucket read whole: sorted, present rows only, each with the sequence that its checksum is of.
fn held(storage: &Arc<dyn Storage>) {
    let sites: Vec<Site> = (0..9).map(|n| new_site(&format!("S{n}"))).collect();
    // Against the order of their ids.
    for site in sites.iter().rev() {
        put(storage, site.clone());
    }
    put(storage, site(sites[4].id, "moved"));
    let mut tx = storage.begin(WORKSPACE).unwrap();
    tx.remove(Kind::Site, sites[6].id.0).unwrap();
    tx.commit().unwrap();
    let view = storage.snapshot(WORKSPACE).unwrap();
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let stretch = view
            .held(Bucket::Workspace, after.as_ref().map(|(kind, id): &(String, Uuid)| (kind.as_str(), *id)), 4)
            .unwrap();
        let Some(last) = stretch.last() else { break };
        after = Some((last.kind.clone(), last.id));
        rows.extend(stretch);
    }
    assert!(rows.is_sorted_by_key(|row| (row.kind.clone(), row.id)), "by kind, then id");
    assert_eq!(rows.len(), 8, "what was removed is not held");
    let sum = rows.iter().fold(0_u64, |sum, row| {
        sum.wrapping_add(row_checksum(&row.kind, row.id, row.seq, row.body.as_deref().unwrap()))
    });
    assert_eq!(view.sum(Bucket::Workspace).unwrap(), BucketSum { count: 8, sum });
    let changed = |seq, most| view.changed_since(Bucket::Workspace, seq, most).unwrap();
    assert_eq!((changed(0, 100), changed(9, 100), changed(11, 100)), (9, 2, 0), "rows that moved, tombstones too");
    assert_eq!(changed(0, 3), 3, "no further than asked");
}

fn sums(storage: &Arc<dyn Storage>) {
    let (a, b) = (new_site("A"), new_site("B"));
    for step in [a.clone(), b.clone(), site(a.id, "C"), a.clone()] {
        put(storage, step);
    }
    let mut tx = storage.begin(WORKSPACE).unwrap();
    tx.remove(Kind::Site, b.id.0).unwrap();
    tx.remove(Kind::Site, b.id.0).unwrap();
    tx.commit().unwrap();
    let view = storage.snapshot(WORKSPACE).unwrap();
    let feed = view.feed(Bucket::Workspace, 0, 10, usize::MAX).unwrap();
    let rows: Vec<_> = feed.entries.iter().filter_map(|e| e.body.as_ref().map(|body| (e, body))).collect();
    let sum = rows.iter().fold(0_u64, |sum, (e, body)| {
        sum.wrapping_add(slipway_domain::checksum::row_checksum(&e.kind, e.id, e.seq, body))
    });
    let told = view.sum(Bucket::Workspace).unwrap();
    assert_eq!((told.count, told.sum), (1, sum));
    assert_eq!(feed.entries.len(), 2, "one record, one tombstone");
}

fn lookups(storage: &Arc<dyn Storage>) {
    let a = new_site("Antwerp");
    put(storage, a.clone());
    put(storage, site(a.id, "Bergen"));
    let mut tx = storage.begin(WORKSPACE).unwrap();
    let find = |tx: &dyn Records, name: &str| tx.find(Lookup::Name, &pair("site", name)).unwrap();
    assert!(find(tx.as_ref(), "Antwerp").is_empty(), "the old name is free");
    assert_eq!(find(tx.as_ref(), "bergen"), [a.id.0]);
    tx.remove(Kind::Site, a.id.0).unwrap();
    assert!(find(tx.as_ref(), "Bergen").is_empty(), "a removed record is not found");
}

fn stretches(storage: &Arc<dyn Storage>) {
    let names = ["Aachen", "Bergen", "Bern", "Bern", "Bern", "Bochum", "Zwolle"];
    let sites = names.map(new_site);
    for site in &sites {
        put(storage, site.clone());
    }
    let ids: Vec<Uuid> = sites.iter().map(|site| site.id.0).collect();
    let view = storage.snapshot(WORKSPACE).unwrap();
    let walk = |keys: Keys<'_>, backwards: bool| {
        let (mut found, mut after): (Vec<Uuid>, Option<(String, Uuid)>) = (Vec::new(), None);
        loop {
            let from = after.as_ref().map(|(key, id)| (key.as_str(), *id));
            let stretch = Stretch { lookup: Lookup::Name, keys, after: from, backwards, limit: 2 };
            let some = view.along(&stretch).unwrap();
            assert!(some.len() <= 2);
            found.extend(some.iter().map(|(_, id)| *id));
            let Some(last) = some.into_iter().next_back() else { return found };
            after = Some(last);
        }
    };
    for (keys, expected) in [
        (Keys::Begin("site|"), 0..7),
        (Keys::Begin("site|be"), 1..5),
        (Keys::Begin("site|bern"), 2..5),
        (Keys::Is("site|bern"), 2..5),
        (Keys::Is("site|ber"), 0..0),
        (Keys::Begin("group|"), 0..0),
    ] {
        let mut expected = ids[expected].to_vec();
        assert_eq!(walk(keys, false), expected, "{keys:?}");
        expected.reverse();
        assert_eq!(walk(keys, true), expected, "{keys:?}");
    }
    let before = |id, limit| view.ids_before(Kind::Site, id, limit).unwrap();
    assert_eq!(before(None, 2), [ids[6], ids[5]]);
    assert_eq!(before(Some(ids[5]), 9), ids[..5].iter().rev().copied().collect::<Vec<_>>());
    let seqs: Vec<u64> = ids.iter().map(|id| view.seq_of(Kind::Site, *id).unwrap()).collect();
    assert!(seqs.is_sorted() && seqs[0] > 0, "{seqs:?}");
    assert_eq!(view.seq_of(Kind::Site, new_id()).unwrap(), 0);
}

fn long_keys(storage: &Arc<dyn Storage>) {
    let names = ["x".repeat(600), "x".repeat(601), "y".repeat(20_000), "zero\0byte".to_owned()];
    for name in &names {
        put(storage, new_site(name));
    }
    let tx = storage.begin(WORKSPACE).unwrap();
    for name in &names {
        assert_eq!(tx.find(Lookup::Name, &pair("site", name)).unwrap().len(), 1, "{} bytes", name.len());
    }
    drop(tx);
    put(storage, new_site(&names[2]));
    assert_eq!(storage.begin(WORKSPACE).unwrap().find(Lookup::Name, &pair("site", &names[2])).unwrap().len(), 2);
}

fn log(storage: &Arc<dyn Storage>) {
    let mut expected = Edge::default();
    for n in 0..5_u8 {
        let mut tx = storage.begin(WORKSPACE).unwrap();
        tx.append_leaf([n; 32], &[n; 16], &[0; 32], new_id()).unwrap();
        tx.commit().unwrap();
        expected.append([n; 32]);
        assert_eq!(storage.snapshot(WORKSPACE).unwrap().log().unwrap(), expected);
    }
}

fn leaves(storage: &Arc<dyn Storage>) {
    let entry = |n: u8| DeviceEntry {
        id: new_id(),
        device: DeviceId(Uuid::from_u128(u128::from(n))),
        payload: vec![n],
        signature: vec![n; 3],
        note: format!("note {n}"),
        at: Timestamp(i64::from(n)),
    };
    let entries: Vec<DeviceEntry> = (0..3).map(entry).collect();
    let mut tx = storage.begin(WORKSPACE).unwrap();
    for (n, entry) in (0_u8..).zip(&entries) {
        tx.put_device_entry(entry).unwrap();
        tx.append_leaf([n; 32], &[n; 16], &[7; 32], entry.id).unwrap();
    }
    tx.commit().unwrap();
    let read = storage.snapshot(WORKSPACE).unwrap().leaves(1, 1).unwrap();
    let expected = StoredLeaf {
        index: 1,
        hash: [1; 32],
        salt: vec![1; 16],
        changes: [7; 32],
        signed_by: None,
        payload: entries[1].payload.clone(),
        signature: entries[1].signature.clone(),
        result: entries[1].note.clone(),
        seqs: (0, 0),
        at: entries[1].at,
    };
    assert_eq!(read, [expected], "from the position on, no more than asked for");
    assert_eq!(storage.snapshot(WORKSPACE).unwrap().leaves(0, 10).unwrap().len(), 3, "up to the end");
}

fn accounts(storage: &Arc<dyn Storage>) {
    let person = PersonId(new_id());
    for password in ["one", "two"] {
        let account = Account { person, password: password.to_owned() };
        let mut tx = storage.begin(WORKSPACE).unwrap();
        tx.put_account(&account).unwrap();
        tx.commit().unwrap();
        assert_eq!(storage.snapshot(WORKSPACE).unwrap().account(person).unwrap(), Some(account), "the newest holds");
    }
    assert_eq!(storage.snapshot(WORKSPACE).unwrap().account(PersonId(new_id())).unwrap(), None, "nobody else's");
}

fn other_workspace(storage: &Arc<dyn Storage>) {
    let other = WorkspaceId(Uuid::from_u128(8));
    assert!(matches!(storage.begin(other), Err(StorageError::NoWorkspace)));
    assert!(matches!(storage.snapshot(other), Err(StorageError::NoWorkspace)));
}

#[test]
fn a_file_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.sqlite");
    drop(Sqlite::create(&path, WORKSPACE, "Test", Epoch(Uuid::nil()), Timestamp(0)).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(Sqlite::open(&path), Err(StorageError::Newer { found: 99, .. })));
}

#[test]
fn two_programs_write_to_one_file_in_turn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.sqlite");
    let one: Arc<dyn Storage> =
        Arc::new(Sqlite::create(&path, WORKSPACE, "Test", Epoch(Uuid::nil()), Timestamp(0)).unwrap());
    let two: Arc<dyn Storage> = Arc::new(Sqlite::open(&path).unwrap());
    let writers: Vec<_> = [Arc::clone(&one), two]
        .into_iter()
        .map(|storage| std::thread::spawn(move || (0..50).for_each(|n| put(&storage, new_site(&n.to_string())))))
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    assert_eq!(head(&one), 100, "no sequence was given twice");
}

fn figures(storage: &Arc<dyn Storage>) {
    put(storage, new_site("A"));
    let figures = |now| storage.snapshot(WORKSPACE).unwrap().figures(Timestamp(now)).unwrap();
    let before = figures(0);
    assert_eq!((before.head, before.durable_seq, before.log_size, before.held), (1, 0, 0, 0));
    assert_eq!((before.sessions, before.devices), (0, 0));
    assert!(before.bytes > 0, "a database has a size");
    assert_eq!(storage.snapshot(WORKSPACE).unwrap().held_commands(9).unwrap(), []);
    let (person, held) = (PersonId(new_id()), "{\"verdict\":\"held\",\"why\":\"unknown\"}");
    let mut tx = storage.begin(WORKSPACE).unwrap();
    for (n, revoked) in [(1, false), (2, true)] {
        let device = DeviceId(new_id());
        tx.put_device(&Device {
            id: device,
            person,
            name: "d".into(),
            public_key: PrivateKey::from_seed(&[n; 32]).public(),
            counter: 0,
            last_hash: String::new(),
            revoked,
            registered_at: Timestamp(0),
        })
        .unwrap();
        tx.put_session(&SessionRow {
            device,
            person,
            access_hash: [n; 32],
            access_until: Timestamp(5),
            refresh_hash: [n; 32],
            previous_refresh: None,
            refresh_until: Timestamp(10 * i64::from(n)),
        })
        .unwrap();
        tx.put_command(&Judged {
            id: CommandId(new_id()),
            device,
            counter: 1,
            actor: person,
            payload: b"p",
            signature: b"s",
            verdict: if revoked { held } else { "{\"verdict\":\"refused\",\"findings\":[]}" },
            seqs: (0, 0),
            judged_at: Timestamp(1),
        })
        .unwrap();
    }
    tx.set_durable(1).unwrap();
    tx.commit().unwrap();
    assert_eq!(storage.snapshot(WORKSPACE).unwrap().workspace().unwrap().durable_seq, 1);
    let after = figures(15);
    assert_eq!((after.durable_seq, after.sessions, after.devices, after.held), (1, 1, 1, 1));
    let listed = storage.snapshot(WORKSPACE).unwrap().held_commands(9).unwrap();
    let told = listed.iter().map(|h| (h.actor, h.why.as_str(), h.payload.as_slice())).collect::<Vec<_>>();
    assert_eq!(told, [(person, "unknown", b"p".as_slice())], "only the one that waits for a judgement");
}

fn a_ci(n: u32, site: Option<&Site>) -> Ci {
    let id = CiId(Uuid::from_u128(0x100 + u128::from(n)));
    let mut ci = Ci::blank(id, Number::new(Series::Ci, n), "server", &format!("srv-{n}"));
    ci.location.site = site.map(|site| site.id);
    ci
}

fn relation(from: u32, to: u32) -> Relation {
    Relation::new(a_ci(from, None).id, RelationType::DependsOn, a_ci(to, None).id)
}

fn comment(n: u128, on: RecordRef) -> Comment {
    let id = CommentId(Uuid::from_u128(n));
    Comment { id, on, text: "seen".into(), by: PersonId::SYSTEM, at: Timestamp(0) }
}

fn write(storage: &Arc<dyn Storage>, records: impl IntoIterator<Item = Record>) {
    let mut tx = storage.begin(WORKSPACE).unwrap();
    tx.savepoint().unwrap();
    records.into_iter().for_each(|record| tx.write(record).unwrap());
    tx.release_savepoint().unwrap();
    tx.commit().unwrap();
}

/// What lies in a bucket, by kind and identity; its sum is that of the rows, and no two rows share a sequence.
fn lying(storage: &Arc<dyn Storage>, bucket: Bucket) -> BTreeSet<(String, Uuid)> {
    let view = storage.snapshot(WORKSPACE).unwrap();
    let feed = view.feed(bucket, 0, 10_000, usize::MAX).unwrap();
    let present: Vec<_> = feed.entries.iter().filter_map(|e| e.body.as_ref().map(|body| (e, body))).collect();
    let sum = present.iter().fold(0_u64, |sum, (e, body)| {
        sum.wrapping_add(slipway_domain::checksum::row_checksum(&e.kind, e.id, e.seq, body))
    });
    let told = view.sum(bucket).unwrap();
    assert_eq!((told.count, told.sum), (present.len() as u64, sum), "{bucket}");
    let seqs: BTreeSet<u64> = feed.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs.len(), feed.entries.len());
    assert!(seqs.last().is_none_or(|seq| *seq <= view.workspace().unwrap().head));
    present.into_iter().map(|(entry, _)| (entry.kind.clone(), entry.id)).collect()
}

fn keys<const N: usize>(records: [Record; N]) -> BTreeSet<(String, Uuid)> {
    records.into_iter().map(|record| (record.kind().name().to_owned(), record.id())).collect()
}

fn buckets(storage: &Arc<dyn Storage>) {
    let (a, b) = (new_site("A"), new_site("B"));
    let (at_a, at_b, nowhere) = (a_ci(1, Some(&a)), a_ci(2, Some(&b)), a_ci(3, None));
    let remark = comment(1, RecordRef::of(&at_a));
    write(
        storage,
        [
            // What lies with another may come before it.
            remark.clone().into(),
            relation(1, 2).into(),
            a.clone().into(),
            b.clone().into(),
            at_a.clone().into(),
            at_b.clone().into(),
            nowhere.clone().into(),
            relation(3, 1).into(),
        ],
    );
    let everywhere = [a.clone().into(), b.clone().into(), nowhere.into()];
    assert_eq!(lying(storage, Bucket::Workspace), keys(everywhere));
    let in_a = [at_a.into(), remark.into(), relation(1, 2).into(), relation(3, 1).into()];
    assert_eq!(lying(storage, Bucket::Site(a.id)), keys(in_a));
    assert_eq!(lying(storage, Bucket::Site(b.id)), keys([at_b.into(), relation(1, 2).into()]));
}

fn moves(storage: &Arc<dyn Storage>) {
    let (a, b) = (new_site("A"), new_site("B"));
    let remark = comment(1, RecordRef::of(&a_ci(1, None)));
    let answer = comment(2, RecordRef::of(&relation(1, 2)));
    write(storage, [a.clone().into(), b.clone().into(), a_ci(1, Some(&a)).into(), a_ci(2, Some(&a)).into()]);
    write(storage, [relation(1, 2).into(), remark.clone().into(), answer.clone().into()]);
    let (before, seq) = (head(storage), |bucket| {
        let view = storage.snapshot(WORKSPACE).unwrap();
        let feed = view.feed(bucket, 0, 100, usize::MAX).unwrap();
        let key = (relation(1, 2).id.0, answer.id.0);
        let seq = |id| feed.entries.iter().find(|entry| entry.id == id).map(|entry| (entry.seq, entry.body.is_some()));
        (seq(key.0), seq(key.1))
    });
    let (relation_before, _) = seq(Bucket::Site(a.id));
    write(storage, [a_ci(1, Some(&b)).into()]);
    let together = [relation(1, 2).into(), remark.clone().into(), answer.clone().into()];
    let with = |ci: Ci| keys(together.clone()).into_iter().chain(keys([ci.into()])).collect::<BTreeSet<_>>();
    assert_eq!(lying(storage, Bucket::Site(b.id)), with(a_ci(1, None)));
    let stay = [a_ci(2, None).into(), relation(1, 2).into(), answer.clone().into()];
    assert_eq!(lying(storage, Bucket::Site(a.id)), keys(stay), "the other end stands there still");
    assert_eq!(seq(Bucket::Site(a.id)).0, relation_before, "where it stays nothing is sent anew");
    assert!(seq(Bucket::Site(b.id)).0.unwrap().0 > before, "where it comes it stands behind every cursor");
    write(storage, [a_ci(2, Some(&b)).into()]);
    assert_eq!(lying(storage, Bucket::Site(a.id)), BTreeSet::new());
    let (relation_left, answer_left) = seq(Bucket::Site(a.id));
    assert!(relation_left.unwrap().0 > before && !relation_left.unwrap().1, "a laptop that holds A is told");
    assert!(!answer_left.unwrap().1, "of what lay with it too");
    write(storage, [a_ci(1, None).into(), a_ci(2, None).into()]);
    assert_eq!(lying(storage, Bucket::Site(b.id)), BTreeSet::new());
    assert!(lying(storage, Bucket::Workspace).is_superset(&with(a_ci(1, None))));
    let mut tx = storage.begin(WORKSPACE).unwrap();
    tx.savepoint().unwrap();
    tx.remove(Kind::Ci, a_ci(1, None).id.0).unwrap();
    tx.write(a_ci(2, Some(&a)).into()).unwrap();
    tx.rollback_to_savepoint().unwrap();
    tx.savepoint().unwrap();
    tx.remove(Kind::Ci, a_ci(1, None).id.0).unwrap();
    tx.release_savepoint().unwrap();
    tx.commit().unwrap();
    assert!(lying(storage, Bucket::Workspace).contains(&("comment".to_owned(), remark.id.0)), "it stays where it was");
}

/// Makes the file what a program left that put everything into the workspace.
fn forget_buckets(path: &Path) {
    let file = rusqlite::Connection::open(path).unwrap();
    file.execute_batch(
        "UPDATE member SET bucket = 'workspace'; UPDATE workspace SET placed = 0;
                        DELETE FROM lookup WHERE name = 'CiByClass';",
    )
    .unwrap();
    let mut rows = file.prepare("SELECT checksum FROM member WHERE present = 1").unwrap();
    let sums: Vec<i64> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let sum = sums.iter().fold(0_i64, |sum, one| sum.wrapping_add(*one));
    file.execute("DELETE FROM bucket", []).unwrap();
    file.execute("INSERT INTO bucket (bucket, records, total) VALUES ('workspace', ?1, ?2)", (sums.len() as i64, sum))
        .unwrap();
}

#[test]
fn records_that_no_table_placed_are_moved_when_the_file_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.sqlite");
    let epoch = Epoch(Uuid::nil());
    let storage: Arc<dyn Storage> = Arc::new(Sqlite::create(&path, WORKSPACE, "Test", epoch, Timestamp(0)).unwrap());
    let (a, b) = (new_site("A"), new_site("B"));
    write(&storage, [a.clone().into(), b.clone().into()]);
    write(&storage, (1..=700).map(|n| a_ci(n, Some(if n % 2 == 0 { &a } else { &b })).into()));
    write(&storage, [relation(1, 3).into(), comment(1, RecordRef::of(&a_ci(2, None))).into()]);
    drop(storage);
    forget_buckets(&path);
    let before = {
        let file = rusqlite::Connection::open(&path).unwrap();
        file.query_row("SELECT head FROM workspace", [], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned()
    };
    let storage: Arc<dyn Storage> = Arc::new(Sqlite::open(&path).unwrap());
    assert_eq!(lying(&storage, Bucket::Workspace), keys([a.clone().into(), b.clone().into()]));
    assert_eq!(lying(&storage, Bucket::Site(a.id)).len(), 351, "every second CI, and the comment");
    assert_eq!(lying(&storage, Bucket::Site(b.id)).len(), 351, "the others, and the relation");
    assert_eq!(head(&storage), before + 702, "each moved once");
    let found = storage.snapshot(WORKSPACE).unwrap().ids_under(Lookup::CiByClass, &a_ci(1, None).class).unwrap();
    assert_eq!(found.len(), 700, "and is found by what a program before knew no look-up for");
    drop(storage);
    let storage: Arc<dyn Storage> = Arc::new(Sqlite::open(&path).unwrap());
    assert_eq!(head(&storage), before + 702, "and only once");
}
