//! The hardware store through the real programs: laptops without a network that want the same unit, count into the same
//! bin and take stock of the same shelf, and a server that has the last word.

use crate::support::ctl::Ctl;
use crate::support::server::Server;
use serde_json::Value;

fn label(done: &Value) -> String {
    done["record"]["label"].as_str().unwrap_or_else(|| panic!("no label: {done}")).to_owned()
}

/// Models of many ports, as a folder of files: together they are larger than a command that carries no rows may be.
#[test]
fn a_large_catalogue_reaches_the_server_in_few_commands() {
    let server = Server::with_sample();
    let keeper = Ctl::signed_in(&server, &server.person_with("dhs_storekeeper"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ports: String = (0..400).map(|n| format!("  - {{name: Ethernet1/0/{n}, type: 25gbase-x-sfp28}}\n")).collect();
    for n in 0..20 {
        let text = format!("manufacturer: Halden\nmodel: Wide {n}\nslug: wide-{n}\nu_height: 2\ninterfaces:\n{ports}");
        std::fs::write(folder.path().join(format!("{n}.yaml")), text).expect("a file");
    }
    let import = ["dhs", "model", "import", folder.path().to_str().expect("a UTF-8 path")];
    let done = keeper.json(&import);
    assert_eq!((&done["created"], &done["refused"]), (&20.into(), &Value::Array(Vec::new())), "{done}");
    let again = keeper.json(&import);
    assert_eq!((&again["created"], &again["unchanged"]), (&0.into(), &20.into()), "{again}");
    keeper.run(&["sync"]).expect_code(0);
    assert_eq!(keeper.json(&["status"])["sync"]["waiting"], 0);
    assert_eq!(keeper.json(&["attention", "list"])["items"], Value::Array(Vec::new()));
}

#[test]
fn one_unit_is_reserved_once_and_what_two_count_adds_up() {
    let mut server = Server::with_sample();
    let keeper = Ctl::signed_in(&server, &server.person_with("dhs_storekeeper"));
    let manager = Ctl::signed_in(&server, &server.person_with("release_manager"));
    let technician = Ctl::signed_in(&server, &server.person_with("technician"));
    let place = ["--store", "Spares Q", "--bin", "7"];
    keeper
        .run(&["dhs", "model", "add", "--manufacturer", "Halden", "--name", "Optic 10G", "--part", "HO-10"])
        .expect_code(0);
    keeper.run(&["dhs", "model", "set", "HO-10", "--kind", "consumable"]).expect_code(0);
    keeper.run(&["dhs", "model", "add", "--manufacturer", "Halden", "--name", "Q1", "--part", "HQ-1"]).expect_code(0);
    let unit = label(&keeper.json(&["dhs", "receive", "--model", "HQ-1", "--serial", "QQ-1", "--store", "Spares Q"]));
    keeper.json(&["dhs", "receive", "--model", "HQ-1", "--serial", "QQ-2", "--store", "Spares Q"]);
    keeper.run(&["sync"]).expect_code(0);
    manager.run(&["sync"]).expect_code(0);
    let [first, second] = ["One", "Two"].map(|title| {
        let release =
            label(&manager.json(&["release", "new", "--title", title, "--type", "hardware", "--class", "minor"]));
        manager.run(&["release", "edit", &release, "--add-unit", &unit]).expect_code(0);
        release
    });
    manager.run(&["sync"]).expect_code(0);
    keeper.run(&["sync"]).expect_code(0);
    technician.run(&["sync"]).expect_code(0);

    server.stop();
    keeper.run(&["dhs", "reserve", &unit, &first]).expect_code(0);
    manager.run(&["dhs", "reserve", &unit, &second]).expect_code(0);
    keeper.run(&[&["dhs", "count", "receive", "HO-10", "5"][..], &place].concat()).expect_code(0);
    technician.run(&[&["dhs", "count", "receive", "HO-10", "7"][..], &place].concat()).expect_code(0);
    technician.run(&["dhs", "stocktake", "start", "Week 48", "Spares Q"]).expect_code(0);
    let seen = technician.json(&["dhs", "stocktake", "see", "Week 48", "--at", "Spares Q", "QQ-1"]);
    assert_eq!(seen["scans"][0]["finding"], "found", "{seen}");
    // The five that the other laptop counted in are not known here yet.
    let counted = technician.json(&["dhs", "stocktake", "count", "Week 48", "HO-10", "6", "--at", "Spares Q"]);
    assert_eq!(counted["sentence"], "6 of 7 are counted at Spares Q › 7.", "the only bin of it there: {counted}");
    server.start();
    for laptop in [&keeper, &manager, &technician, &keeper] {
        laptop.run(&["sync"]).expect_code(0);
    }
    let list = manager.json(&["attention", "list"]);
    let finding = &list["items"][0]["findings"][0];
    assert_eq!(finding["code"], "UNIT_RESERVED", "{list}");
    assert!(finding["sentence"].as_str().unwrap_or_default().contains(&first), "{finding}");
    assert!(finding["way_out"].as_str().unwrap_or_default().contains("another unit"), "{finding}");
    let bins = keeper.json(&["dhs", "model", "show", "HO-10"]);
    assert_eq!((&bins["bins"][0]["quantity"], &bins["stores"][0]["free"]), (&12.into(), &12.into()), "{bins}");

    let take = |call: &[&str]| keeper.run(&[&["dhs", "stocktake"][..], call].concat());
    let scanned = keeper.json(&["dhs", "stocktake", "see", "Week 48", "--at", "Spares Q", "(240)HO-10(37)5"]);
    assert_eq!(scanned["scans"][0]["sentence"], "11 of 12 are counted at Spares Q › 7.", "{scanned}");
    take(&["end", "Week 48"]).expect_code(0);
    let report = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| report.path().join(name).to_str().expect("a UTF-8 path").to_owned();
    for name in ["stock.csv", "stock.pdf"] {
        take(&["report", "Week 48", "--output", &path(name)]).expect_code(0);
    }
    let csv = std::fs::read_to_string(path("stock.csv")).expect("the report");
    assert!(csv.lines().any(|line| line.starts_with("too few,") && line.ends_with(",12,11,-1")), "{csv}");
    assert!(std::fs::read(path("stock.pdf")).expect("the report").starts_with(b"%PDF"));
    let page = keeper.json(&["dhs", "stocktake", "show", "Week 48", "--finding", "missing"]);
    assert_eq!((&page["total"], &page["lines"][0]["label"]), (&1.into(), &"QQ-2".into()), "{page}");
    assert_eq!(page["bins"][0]["difference"], -1, "{page}");
    take(&["settle", "Week 48", "--all"]).expect_code(0);
    take(&["close", "Week 48"]).expect_code(0);
    assert_eq!(keeper.json(&["dhs", "show", "QQ-2"])["unit"]["state"], "missing");
    assert_eq!(keeper.json(&["dhs", "model", "show", "HO-10"])["bins"][0]["quantity"], 11);
    keeper.run(&["sync"]).expect_code(0);
    assert_eq!(keeper.json(&["status"])["sync"]["waiting"], 0, "the server agrees");
}
