//! An old backup under live laptops: no accepted command is lost.

use crate::support::ctl::Ctl;
use crate::support::server::{SampleUser, Server};
use serde_json::Value;

/// A laptop that keeps its key under a passphrase: no keychain is needed.
fn laptop(server: &Server, person: &SampleUser) -> Ctl {
    let mut laptop = Ctl::new();
    laptop.set("SLIPWAY_PASSPHRASE", "a passphrase for tests");
    laptop.run(&["init"]).expect_code(0);
    laptop.sign_in(server, &person.user, &person.password).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    laptop
}

fn create(laptop: &Ctl, name: &str) {
    laptop.run(&["ci", "new", "--name", name, "--class", "server"]).expect_code(0);
}

#[test]
fn what_was_accepted_after_the_backup_comes_back_from_the_laptops() {
    let mut server = Server::with_sample();
    let person = server.person_with("configuration_manager");
    let (ann, ben) = (laptop(&server, &person), laptop(&server, &person));
    create(&ann, "before-the-backup");
    ann.run(&["sync"]).expect_code(0);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("night.backup");
    let file = file.to_str().unwrap();
    let made = server.administer(&["--json", "backup", "--passphrase-stdin", "--to", file], "open sesame\n");
    let made: Value = serde_json::from_str(&made).unwrap();
    assert!(made["durable_seq"].as_u64() > Some(0), "{made}");

    for (laptop, name) in [(&ann, "after-the-backup-1"), (&ben, "after-the-backup-2")] {
        create(laptop, name);
        laptop.run(&["sync"]).expect_code(0);
    }
    create(&ben, "while-it-was-away");
    server.stop();
    std::fs::remove_dir_all(server.data()).unwrap();
    server.administer(&["restore", file, "--passphrase-stdin"], "open sesame\n");
    server.start();

    for laptop in [&ann, &ben, &ann] {
        laptop.run(&["sync"]).expect_code(0);
    }
    let state: Value = serde_json::from_str(&server.administer(&["--json", "hash"], "")).unwrap();
    for laptop in [&ann, &ben] {
        for name in ["before-the-backup", "after-the-backup-1", "after-the-backup-2", "while-it-was-away"] {
            laptop.run(&["ci", "show", name]).expect_code(0);
        }
        assert_eq!(laptop.json(&["state-hash"])["state_hash"], state["hash"], "laptop and server agree");
        let status = laptop.json(&["status"]);
        assert_eq!((status["sync"]["waiting"].as_u64(), status["sync"]["attention"].as_u64()), (Some(0), Some(0)));
    }
    server.administer(&["check"], "");
}
