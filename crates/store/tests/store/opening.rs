use crate::support::{Laptop, NOW, PROFILE, a_ci, command_id, create, issue, key, signed};
use slipway_store::Store;
use slipway_store::error::{OpenError, StoreError};
use slipway_store::key::Key;
use std::os::unix::fs::FileExt;

fn refused(path: &std::path::Path, key: &Key) -> OpenError {
    match Store::open(path, key) {
        Ok(_) => panic!("{} opened", path.display()),
        Err(error) => error,
    }
}

/// A connection beside the store, as another program with the key would have it.
fn raw(laptop: &Laptop) -> rusqlite::Connection {
    let conn = rusqlite::Connection::open(laptop.path()).unwrap();
    conn.pragma_update(None, "key", format!("x'{}'", "5a".repeat(32))).unwrap();
    conn
}

#[test]
fn what_was_issued_is_there_after_reopening() {
    let laptop = Laptop::new();
    let issued = issue(&laptop.store, 1, &create(1)).unwrap();
    assert_eq!(issued.counter, 1, "a device counts from 1");
    let laptop = laptop.reopen();
    let pending = laptop.store.pending(10).unwrap();
    assert_eq!(pending.len(), 1, "the command is still waiting");
    assert_eq!(pending[0].signature, signed(&pending[0].payload), "bytes and signature are kept as they were");
    laptop.store.check().unwrap();
}

#[test]
fn a_wrong_key_is_said_to_be_wrong_and_changes_nothing() {
    let laptop = Laptop::new();
    let error = refused(&laptop.path(), &Key::new([1; 32]));
    assert!(matches!(error, OpenError::WrongKey { .. }), "{error:?}");
    assert!(error.to_string().contains("slipway.db"), "the sentence names the file: {error}");
    laptop.reopen();
}

#[test]
fn a_newer_database_is_left_alone() {
    let laptop = Laptop::new();
    raw(&laptop).pragma_update(None, "user_version", 99).unwrap();
    let error = refused(&laptop.path(), &key());
    assert!(matches!(error, OpenError::NewerThanProgram { found: 99, .. }), "{error:?}");
    assert!(error.to_string().contains("Update Slipway"), "the sentence says the way out: {error}");
}

#[test]
fn what_is_no_profile_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.db");
    assert!(matches!(refused(&path, &key()), OpenError::NotFound { .. }), "there is no file");
    std::fs::write(&path, b"").unwrap();
    assert!(matches!(refused(&path, &key()), OpenError::NotADatabase { .. }), "an empty file is none");
    std::fs::write(&path, b"SQLite format 3\0 and so on").unwrap();
    assert!(matches!(refused(&path, &key()), OpenError::NotADatabase { .. }), "a plain database is none");
    std::fs::remove_file(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update(None, "key", format!("x'{}'", "5a".repeat(32))).unwrap();
    other.execute_batch("CREATE TABLE foreign_thing (a)").unwrap();
    drop(other);
    assert!(matches!(refused(&path, &key()), OpenError::NotADatabase { .. }), "another program's is none");
}

#[test]
fn a_profile_is_never_made_over_another() {
    let laptop = Laptop::new();
    let error = Store::create(&laptop.path(), &key(), PROFILE).map(|_| ()).unwrap_err();
    assert!(matches!(error, OpenError::Exists { .. }), "{error:?}");
    laptop.reopen();
}

#[test]
fn damage_in_the_middle_is_found() {
    let laptop = Laptop::new();
    for n in 0..200 {
        issue(&laptop.store, n, &create(n)).unwrap();
    }
    raw(&laptop).query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    let path = laptop.path();
    let Laptop { folder, store } = laptop;
    drop(store);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    for page in 4..40 {
        file.write_all_at(&[0xee; 64], page * 4096 + 100).unwrap();
    }
    drop(file);
    let damaged =
        Store::open(&path, &key()).map_err(|e| e.to_string()).and_then(|s| s.check().map_err(|e| e.to_string()));
    let sentence = damaged.unwrap_err();
    assert!(sentence.contains("damaged") && sentence.contains("slipway.db"), "{sentence}");
    drop(folder);
}

#[test]
fn nothing_readable_is_on_the_disk() {
    let laptop = Laptop::new();
    let mut ci = a_ci(1);
    ci.notes = "a very secret remark".to_owned();
    let command = slipway_domain::command::Command::Cmdb(slipway_domain::command::CmdbCommand::CreateCi(Box::new(ci)));
    issue(&laptop.store, 1, &command).unwrap();
    for entry in std::fs::read_dir(laptop.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let found = bytes.windows(11).any(|w| w == b"very secret");
        assert!(!found, "database and log are encrypted");
    }
}

#[test]
fn window_and_terminal_share_a_profile() {
    let laptop = Laptop::new();
    let other = Store::open(&laptop.path(), &key()).unwrap();
    let before = laptop.store.foreign_writes().unwrap();
    issue(&laptop.store, 1, &create(1)).unwrap();
    assert_eq!(laptop.store.foreign_writes().unwrap(), before, "one's own writes are none of others");
    let second = issue(&other, 2, &create(2)).unwrap();
    assert_eq!(second.counter, 2, "both count in one chain");
    assert_ne!(laptop.store.foreign_writes().unwrap(), before, "the other's write shows");
    assert_eq!(laptop.store.pending(10).unwrap().len(), 2, "each sees the other's commands");
}

#[test]
fn a_profile_held_by_another_program_is_said_to_be_in_use() {
    let laptop = Laptop::new();
    let other = raw(&laptop);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = laptop.store.discard(command_id(1), "because", NOW).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
}
