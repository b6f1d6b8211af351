//! A full disk on either side: said with a way out, nothing lost, and with room again everything goes on.

use crate::support::ctl::Ctl;
use crate::support::disk::SmallDisk;
use crate::support::server::Server;
use serde_json::Value;

const PASSWORD: &str = "a long password";

fn with_ann(server: &Server) {
    let call = ["user", "add", "--user", "ann", "--name", "Ann", "--role", "configuration_manager", "--password-stdin"];
    server.administer(&call, &format!("{PASSWORD}\n"));
}

fn prepared(mut laptop: Ctl, server: &Server) -> Ctl {
    laptop.run_with(&["init", "--passphrase-stdin"], "quay\n").expect_code(0);
    laptop.set("SLIPWAY_PASSPHRASE", "quay");
    laptop.sign_in(server, "ann", PASSWORD).expect_code(0);
    laptop.run(&["sync"]).expect_code(0);
    laptop
}

fn new_ci(laptop: &Ctl, name: &str) -> Option<i32> {
    laptop.run(&["ci", "new", "--name", name, "--class", "server"]).code
}

fn equal(server: &Server, laptop: &Ctl) {
    let held: Value = serde_json::from_str(&server.administer(&["hash", "--json"], "")).unwrap();
    assert_eq!(laptop.json(&["state-hash"])["state_hash"], held["hash"], "both hold the same");
    assert_eq!(laptop.json(&["status"])["sync"]["waiting"], 0, "and nothing waits");
}

#[test]
fn a_laptop_with_a_full_disk_loses_nothing_and_goes_on_with_room_again() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let server = Server::empty();
    with_ann(&server);
    let laptop = prepared(Ctl::with_profile(&disk.path().join("profile")), &server);
    assert_eq!(new_ci(&laptop, "before"), Some(0));
    disk.fill();
    let mut full = None;
    for n in 0..400 {
        // There may be room left within the files that are there already.
        let outcome = laptop.run(&["ci", "new", "--name", &format!("amid-{n}"), "--class", "server", "--json"]);
        if outcome.code != Some(0) {
            full = Some((n, outcome));
            break;
        }
    }
    let (made, outcome) = full.expect("the disk is full in the end");
    assert_eq!(outcome.code, Some(3), "trouble, and no refusal: {outcome:?}");
    let told = outcome.refusal();
    assert!(told.to_string().contains("way_out"), "with a way out: {told}");
    disk.empty();
    assert_eq!(new_ci(&laptop, "after"), Some(0), "with room again it goes on");
    laptop.run(&["sync"]).expect_code(0);
    equal(&server, &laptop);
    let cis = laptop.run(&["export", "cis"]).expect_code(0).stdout;
    for name in ["before", "after"].map(str::to_owned).into_iter().chain((0..made).map(|n| format!("amid-{n}"))) {
        assert!(cis.contains(&name), "{name} was told done and is there");
    }
    assert!(!cis.contains(&format!("amid-{made},")), "what was told not done is not");
}

#[test]
fn a_server_with_a_full_disk_says_so_and_takes_the_queue_with_room_again() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let server = Server::below(disk.path());
    with_ann(&server);
    let laptop = prepared(Ctl::new(), &server);
    disk.fill();
    let mut waiting = 0;
    let refused = (0..200).find_map(|n| {
        assert_eq!(new_ci(&laptop, &format!("host-{n}")), Some(0), "the laptop has room");
        waiting += 1;
        let outcome = laptop.run(&["sync", "--json"]);
        (outcome.code != Some(0)).then_some(outcome)
    });
    let outcome = refused.expect("the server's disk is full in the end");
    assert!(outcome.refusal().to_string().contains("way_out"), "with a way out: {outcome:?}");
    assert!(laptop.json(&["status"])["sync"]["waiting"].as_u64() > Some(0), "the queue is kept");
    disk.empty();
    laptop.run(&["sync"]).expect_code(0);
    equal(&server, &laptop);
    let cis = laptop.run(&["export", "cis"]).expect_code(0).stdout;
    for n in 0..waiting {
        assert!(cis.contains(&format!("host-{n}")), "host-{n} is there");
    }
}
