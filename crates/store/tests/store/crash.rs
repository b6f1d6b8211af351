//! What a killed process and a full disk leave behind.

use crate::support::{Laptop, PROFILE, create, issue, key, set_version};
use slipway_store::Store;
use slipway_store::error::{OpenError, StoreError};
use slipway_store::issue::IssueError;
use slipway_store::stage::Staged;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const FOLDER: &str = "SLIPWAY_STORE_TEST_FOLDER";
const ROUND: &str = "SLIPWAY_STORE_TEST_ROUND";

/// Not a test of its own: the process that [`whatever_was_said_to_be_done_survives_a_kill`] kills. It says which
/// command is done only after the store did.
#[test]
fn child_that_issues_until_it_is_killed() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let round: u128 = std::env::var(ROUND).unwrap().parse().unwrap();
    let store = Store::open(&Path::new(&folder).join("slipway.db"), &key()).unwrap();
    for n in round * 100_000.. {
        let (number, command) = (n, create(n));
        issue(&store, number, &command).unwrap();
        println!("done {n}");
    }
}

#[test]
fn whatever_was_said_to_be_done_survives_a_kill() {
    let laptop = Laptop::new();
    let path = laptop.path();
    let Laptop { folder, store } = laptop;
    drop(store);
    let mut done = 0;
    for round in 1..6_u128 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child_that_issues_until_it_is_killed", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = 0;
        let mut lines = lines.map_while(Result::ok).filter(|line| line.starts_with("done "));
        // Another number in each round, so that the kill comes at another moment of the write.
        for _ in 0..(20 + round * 7) {
            if lines.next().is_some() {
                said += 1;
            }
        }
        child.kill().unwrap();
        // What it still managed to say counts too.
        said += lines.count();
        child.wait().unwrap();
        done += said;
        let store = Store::open(&path, &key()).unwrap();
        store.check().unwrap();
        let pending = store.pending(100_000).unwrap();
        assert!(pending.len() >= done, "round {round}: {done} were said to be done, {} are there", pending.len());
        assert!(pending.len() <= done + usize::try_from(round).unwrap(), "at most one a round was done and not said");
        done = pending.len();
        let counters: Vec<u64> = pending.iter().map(|q| q.counter).collect();
        assert_eq!(counters, (1..=done as u64).collect::<Vec<_>>(), "the chain has no gap");
    }
}

#[test]
fn a_full_disk_is_said_to_be_full_and_nothing_is_done_by_half() {
    let Some(mount) = SmallDisk::mount() else {
        eprintln!("skipped: a small file system cannot be mounted here");
        return;
    };
    let path = mount.0.path().join("slipway.db");
    let store = Store::create(&path, &key(), PROFILE).unwrap();
    issue(&store, 1, &create(1)).unwrap();
    let mut done = 1;
    let error = loop {
        let before = store.visible_hash().unwrap();
        match issue(&store, done + 1, &set_large(done)) {
            Ok(_) => done += 1,
            Err(error) => {
                assert_eq!(store.visible_hash().unwrap(), before, "the failed one left nothing");
                break error;
            }
        }
        assert!(done < 10_000, "a disk of a few MB must be full by now");
    };
    assert!(matches!(error, IssueError::Store(StoreError::DiskFull { .. })), "{error:?}");
    assert!(error.to_string().contains("disk is full") && error.to_string().contains("slipway.db"), "{error}");
    drop(store);
    let store = Store::open(&path, &key()).unwrap();
    store.check().unwrap();
    assert_eq!(store.pending(100_000).unwrap().len() as u128, done, "what was done is there, and nothing else");
}

#[test]
fn on_a_full_disk_nothing_is_made_or_staged_and_what_is_there_opens_again_later() {
    let Some(mount) = SmallDisk::mount() else {
        eprintln!("skipped: a small file system cannot be mounted here");
        return;
    };
    let path = mount.0.path().join("slipway.db");
    let store = Store::create(&path, &key(), PROFILE).unwrap();
    issue(&store, 1, &create(1)).unwrap();
    let ballast = mount.0.path().join("ballast");
    let mut file = std::fs::File::create(&ballast).unwrap();
    while std::io::Write::write(&mut file, &[1; 4096]).is_ok_and(|n| n > 0) {}
    drop(file);

    let page: Vec<Staged> = (0..2_000)
        .map(|seq| Staged {
            bucket: "workspace".to_owned(),
            seq,
            kind: "hologram".to_owned(),
            id: uuid::Uuid::from_u128(u128::from(seq)),
            body: Some("x".repeat(2_000)),
        })
        .collect();
    let error = store.stage(&page, &[]).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert_eq!(store.staged_cursor("workspace").unwrap(), 0, "nothing of the page was taken");
    drop(store);

    let other = mount.0.path().join("other.db");
    let error = Store::create(&other, &key(), PROFILE).map(|_| ()).unwrap_err();
    assert!(matches!(error, OpenError::Store(StoreError::DiskFull { .. })), "{error:?}");
    assert!(!other.exists(), "no half-made profile is left");

    // Whether it opens while the disk is full depends on what is left over; if not, it says why.
    if let Err(error) = Store::open(&path, &key()) {
        assert!(matches!(error, OpenError::Store(StoreError::DiskFull { .. })), "{error:?}");
    }
    std::fs::remove_file(ballast).unwrap();
    let store = Store::open(&path, &key()).unwrap();
    store.check().unwrap();
    issue(&store, 2, &create(2)).unwrap();
    assert_eq!(store.pending(9).unwrap().len(), 2, "with room again it goes on");
}

fn set_large(done: u128) -> slipway_domain::command::Command {
    let text = |n: u128| if n <= 1 { String::new() } else { format!("{n} {}", "v".repeat(60)) };
    set_version(1, &text(done), &text(done + 1))
}

/// A file system of a few megabytes, where the tests run with the right to mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that another test just forked may hold the folder for a moment.
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}
