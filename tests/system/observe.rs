//! What was seen against what is recorded, through the real programs: a technician without a network scans a room, the
//! configuration manager decides, and every laptop and the server end up with the same records.

use crate::support::ctl::Ctl;
use crate::support::server::Server;
use serde_json::Value;
use tempfile::TempDir;

const LSHW: &str = include_str!("../../crates/app/src/import/tests/lshw.json");
const ANSIBLE: &str = include_str!("../../crates/app/src/import/tests/ansible.txt");
const CIS: &str = "name,class,serial_number,manufacturer,attributes.os,attributes.memory,site\n\
    web-01,server,OBS-1,Dell,Debian 12,16384 MiB,Bristol office\n\
    obs-db,server,OBS-2,Dell,Debian 12,,Bristol office\n\
    obs-sw,switch,OBS-3,Cisco,17.9,,Bristol office\n";
const SCAN: &str = "serial,vendor,os,last seen,not found\n\
    OBS-1,dell,Debian 13,2026-11-20 08:00,\n\
    OBS-2,Dell,,2026-11-20 08:01,yes\n\
    OBS-3,Cisco,17.9,2026-11-20 08:02,\n\
    OBS-9,Cisco,17.9,2026-11-20 08:03,\n\
    ,,Debian 12,2026-11-20 08:04,\n";

fn queue(laptop: &Ctl, filter: &str) -> Vec<(String, String)> {
    let queue = laptop.json(&["observe", "queue", "--filter", filter]);
    let text = |row: &Value, place: &str| row[place].as_str().unwrap_or_default().to_owned();
    let mut rows: Vec<(String, String)> =
        queue["rows"].as_array().unwrap().iter().map(|row| (text(row, "label"), text(row, "state"))).collect();
    rows.sort();
    rows
}

fn site(accuracy: &Value) -> &Value {
    accuracy["sites"].as_array().unwrap().iter().find(|site| site["name"] == "Bristol office").expect("the office")
}

#[test]
fn a_technician_scans_without_a_network_and_the_configuration_manager_decides() {
    let mut server = Server::with_sample();
    let technician = Ctl::signed_in(&server, &server.person_with("technician"));
    let manager = Ctl::signed_in(&server, &server.person_with("configuration_manager"));
    let folder = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    manager.run(&["import", "cis", &file("cis.csv", CIS)]).expect_code(0);
    manager.run(&["sync"]).expect_code(0);
    technician.run(&["sync"]).expect_code(0);

    server.stop();
    let scan = file("scan.csv", SCAN);
    let import = ["observe", "import", &scan, "--source", "scan", "--site", "Bristol office"];
    let taken = technician.run(&[&import[..], &["--json"]].concat()).expect_code(1).json();
    assert_eq!((&taken["created"], &taken["refused"][0]["line"]), (&4.into(), &6.into()), "{taken}");
    let expected = [("OBS-9", "unknown"), ("obs-db", "missing"), ("web-01", "mismatch")];
    let expected = expected.map(|(what, state)| (what.to_owned(), state.to_owned()));
    assert_eq!(queue(&technician, "source:scan"), expected);
    let refused = technician.run(&["observe", "decide", "accept", "--filter", "source:scan", "--json"]).expect_code(1);
    assert_eq!(refused.refusal()["refused"][0]["code"], "NOT_ALLOWED");
    server.start();
    technician.run(&["sync"]).expect_code(0);
    manager.run(&["sync"]).expect_code(0);

    assert_eq!(queue(&manager, "source:scan"), expected, "the server judged alike");
    let before = manager.json(&["observe", "accuracy"]);
    assert_eq!((&site(&before)["total"], &site(&before)["per_mille"]), (&4.into(), &250.into()), "{before}");
    let id = |state: &str| {
        let queue = manager.json(&["observe", "queue", "--filter", &format!("source:scan state:{state}")]);
        queue["rows"][0]["id"].as_str().unwrap().to_owned()
    };
    let shown = manager.run(&["observe", "show", &id("mismatch")]).expect_code(0).stdout;
    assert!(shown.contains("Debian 12") && shown.contains("Debian 13") && shown.contains("differs"), "{shown}");
    manager.run(&["observe", "decide", "accept", "--filter", "source:scan state:mismatch"]).expect_code(0);
    let dismissed = manager.run(&["observe", "decide", "dismiss", &id("missing"), "--json"]).expect_code(1).json();
    assert_eq!(dismissed["refused"][0]["finding"]["code"], "TEXT_MISSING", "{dismissed}");
    manager.run(&["observe", "decide", "mark-missing", &id("missing")]).expect_code(0);
    let unknown = id("unknown");
    manager.run(&["observe", "decide", "register", &unknown, "--class", "switch"]).expect_code(0);
    assert!(queue(&manager, "source:scan").is_empty());
    assert_eq!(site(&manager.json(&["observe", "accuracy"]))["per_mille"], 1_000);

    // What the programs of others print, from the virtual machine that is web-01 here.
    let lshw = manager.json(&["observe", "import", &file("lshw.json", LSHW), "--site", "Bristol office"]);
    assert_eq!((&lshw["created"], &lshw["job"]["title"]), (&1.into(), &lshw["job"]["title"]), "{lshw}");
    let ansible = manager.run(&["observe", "import", &file("facts.txt", ANSIBLE), "--json"]).expect_code(1).json();
    assert_eq!(ansible["created"], 1, "{ansible}");
    assert!(ansible["refused"][0]["reason"].as_str().unwrap().starts_with("db-01 did not answer"), "{ansible}");
    let web: Vec<(String, String)> = queue(&manager, "name:web-01");
    assert_eq!(web, [("web-01".to_owned(), "mismatch".to_owned()), ("web-01".to_owned(), "mismatch".to_owned())]);
    manager.run(&["observe", "decide", "keep", "--filter", "name:web-01", "--note", "checked by hand"]).expect_code(0);

    let rules = manager.json(&["observe", "rules"]);
    assert_eq!(rules["order"][0]["rule"], "serial");
    manager
        .run(&["observe", "rules", "--order", "asset-tag,serial,mac,host-name", "--managed", "class"])
        .expect_code(0);
    assert_eq!(manager.json(&["observe", "rules"])["order"][0]["rule"], "asset_tag");

    let absent = ["observe", "absent", "site:Bristol name:obs", "--source", "walk", "--since", "2026-11-20T00:00:00Z"];
    let absent = manager.json(&absent);
    assert_eq!(
        (&absent["expected"], &absent["absent"][0]),
        (&3.into(), &"OBS-9".into()),
        "obs-db is known to be missing, and names are compared in any case"
    );

    manager.run(&["sync"]).expect_code(0);
    technician.run(&["sync"]).expect_code(0);
    let attention = manager.json(&["attention"]);
    assert_eq!(attention["items"].as_array().map(Vec::len), Some(0), "{attention}");
    assert_eq!(manager.json(&["state-hash"]), technician.json(&["state-hash"]));
    assert_eq!(technician.json(&["observe", "accuracy"]), manager.json(&["observe", "accuracy"]));
    let web = technician.json(&["ci", "show", "web-01"]);
    assert!(web.to_string().contains("Debian 13"), "{web}");
}
