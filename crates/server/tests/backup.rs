//! Backups while serving and writing: read back, sealed, and nothing made of a damaged one.

use crate::support::{Laptop, OnPostgres, World, WorldOn, a_site};
use slipway_domain::time::Timestamp;
use slipway_server::backup::{self, BackupError};
use slipway_server::core::Clock;
use slipway_server::setup::Office;
use std::path::Path;
use std::sync::Arc;

fn clock() -> Clock {
    Arc::new(|| Timestamp(1_777_852_800_000))
}

async fn push_sites(world: &World, laptop: &mut Laptop, names: &[&str]) {
    let first = laptop.counter + 1;
    let commands: Vec<_> = names.iter().map(|name| laptop.issue(a_site(name))).collect();
    world.push(laptop, first, &commands).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_while_writing_is_one_moment_and_declares_what_is_durable() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    push_sites(&world, &mut laptop, &["Antwerp", "Bergen"]).await;
    assert_eq!(world.pull(&laptop, 0, 0, 5_000).await.unwrap().durable_seq, 0, "no backup yet");
    let folder = tempfile::tempdir().unwrap();
    let (data, to) = (world.folder.path().to_owned(), folder.path().join("one.backup"));
    let target = to.clone();
    let running = tokio::task::spawn_blocking(move || backup::create(&data, &target, None, &clock()).unwrap());
    for n in 0..20 {
        push_sites(&world, &mut laptop, &[&format!("Site {n}")]).await;
        world.advance_ms(1_000);
    }
    let manifest = running.await.unwrap();
    let page = world.pull(&laptop, 0, 0, 5_000).await.unwrap();
    assert_eq!(page.durable_seq, manifest.head, "laptops are told");
    assert!(manifest.head <= page.head);
    assert!(
        std::fs::read_dir(world.folder.path())
            .unwrap()
            .all(|e| { !e.unwrap().file_name().to_string_lossy().starts_with(".backup") }),
        "nothing is left lying about"
    );

    let restored = folder.path().join("restored");
    let (again, workspace) = backup::restore(&to, &restored, None, None, &clock()).unwrap();
    assert_eq!((again.head, workspace.durable_seq), (manifest.head, manifest.head));
    assert_ne!(workspace.epoch, manifest.epoch, "laptops must notice");
    assert_eq!(workspace.head, manifest.head);
    let office = Office::open(&restored, clock()).unwrap();
    assert_eq!(office.state().unwrap().log_root, manifest.log_root);
    assert_eq!(office.fingerprint().unwrap(), world.office().fingerprint().unwrap(), "the same authority");
    assert!(backup::check(&restored, &clock()).is_ok());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&to), 0o600, "a backup holds the keys");
        assert_eq!((mode(&restored.join("keys")), mode(&restored.join("keys/ca.key"))), (0o700, 0o600));
    }
}

#[tokio::test]
async fn a_sealed_backup_opens_with_its_passphrase_only() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("sealed.backup");
    let manifest = backup::create(world.folder.path(), &to, Some("open sesame"), &clock()).unwrap();
    let bytes = std::fs::read(&to).unwrap();
    assert!(!bytes.windows(6).any(|part| part == b"SQLite"), "nothing of it can be read");
    let place = folder.path().join("restored");
    assert!(matches!(backup::restore(&to, &place, None, None, &clock()), Err(BackupError::Sealed { .. })));
    assert!(backup::restore(&to, &place, Some("open sesam"), None, &clock()).is_err());
    assert!(!place.exists(), "what fails leaves nothing");
    assert_eq!(backup::restore(&to, &place, Some("open sesame"), None, &clock()).unwrap().0, manifest);
    assert!(matches!(
        backup::restore(&to, &place, Some("open sesame"), None, &clock()),
        Err(BackupError::NotEmpty { .. })
    ));
    assert!(matches!(backup::create(world.folder.path(), &to, None, &clock()), Err(BackupError::Exists { .. })));
}

#[tokio::test]
async fn a_damaged_backup_is_not_restored() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.backup");
    backup::create(world.folder.path(), &to, None, &clock()).unwrap();
    let bytes = std::fs::read(&to).unwrap();
    let place = folder.path().join("restored");
    for at in [20, bytes.len() / 3, bytes.len() / 2, bytes.len() - 20] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        std::fs::write(&to, &damaged).unwrap();
        assert!(backup::restore(&to, &place, None, None, &clock()).is_err(), "a byte at {at} is another");
        assert!(!place.exists());
    }
    std::fs::write(&to, &bytes[..bytes.len() / 2]).unwrap();
    assert!(backup::restore(&to, &place, None, None, &clock()).is_err(), "half a backup");
    std::fs::write(&to, b"").unwrap();
    assert!(backup::restore(&to, &place, None, None, &clock()).is_err(), "an empty file");
    std::fs::write(&to, &bytes).unwrap();
    assert!(backup::restore(&to, &place, None, None, &clock()).is_ok(), "the file as it was");
}

#[tokio::test]
async fn what_was_altered_in_the_storage_is_found_and_not_declared_durable() {
    let world = World::new().await;
    let mut laptop = world.laptop("ruth").await;
    push_sites(&world, &mut laptop, &["Antwerp", "Bergen"]).await;
    let world = world.restart_after(|| ()).await;
    let path = world.folder.path().join("workspace.sqlite");
    let sound = "UPDATE workspace SET name = name";
    for (what, alter, back) in [
        (
            "record",
            "UPDATE record SET body = replace(body, 'Antwerp', 'Antworp')",
            "UPDATE record SET body = replace(body, 'Antworp', 'Antwerp')",
        ),
        ("bucket", "UPDATE bucket SET records = records + 1", "UPDATE bucket SET records = records - 1"),
        (
            "log",
            "UPDATE command SET verdict = verdict || ' ' WHERE counter = 1",
            "UPDATE command SET verdict = rtrim(verdict)",
        ),
        ("chain", "UPDATE device SET counter = counter + 1", "UPDATE device SET counter = counter - 1"),
    ] {
        let connection = rusqlite::Connection::open(&path).unwrap();
        assert!(connection.execute(sound, []).is_ok());
        assert!(connection.execute(alter, []).unwrap() > 0, "{what} is altered");
        let error = backup::check(world.folder.path(), &clock()).unwrap_err();
        assert!(error.to_string().contains(what), "{what}: {error}");
        let folder = tempfile::tempdir().unwrap();
        assert!(backup::create(world.folder.path(), &folder.path().join("b"), None, &clock()).is_err());
        assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap().durable_seq, 0);
        connection.execute(back, []).unwrap();
        assert!(backup::check(world.folder.path(), &clock()).is_ok(), "{what} is as it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_in_a_database_are_backed_up_into_the_same_form() {
    let world = WorldOn::<OnPostgres>::new().await;
    let mut laptop = world.laptop("ruth").await;
    let commands = vec![laptop.issue(a_site("Antwerp"))];
    world.push(&laptop, 1, &commands).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("a.backup");
    let manifest = backup::create(world.folder.path(), &to, None, &clock()).unwrap();
    assert_eq!(world.pull(&laptop, 0, 0, 10).await.unwrap().durable_seq, manifest.head);
    assert!(backup::check(world.folder.path(), &clock()).is_ok());
    let restored = folder.path().join("restored");
    backup::restore(&to, &restored, None, None, &clock()).unwrap();
    assert!(!restored.join("keys/database").exists(), "where the records lay stays where it was");
    let (ours, theirs) = (Office::open(&restored, clock()).unwrap().state().unwrap(), world.office().state().unwrap());
    assert_eq!((ours.hash, ours.log_root, ours.head), (theirs.hash, theirs.log_root, theirs.head));
    assert_ne!(ours.epoch, theirs.epoch);
}
