//! What was seen, as scanners, ansible and lshw write it. The two files are what these programs printed of a virtual
//! machine, shortened and renamed.

use super::{Desk, counts, lines_of};
use crate::import::Mode;
use crate::import::mapping::Mapping;
use crate::import::plan::ImportKind;
use crate::import::source::{Reading, Source};
use rstest::rstest;
use slipway_domain::cmdb::observation::{Observation, ObservationState};
use slipway_domain::record::Record;

const LSHW: &str = include_str!("lshw.json");
const ANSIBLE: &str = include_str!("ansible.txt");

fn seen(desk: &Desk) -> Vec<Observation> {
    let all = desk.records.records().filter_map(|r| match r {
        Record::Observation(o) => Some((**o).clone()),
        _ => None,
    });
    let mut all: Vec<Observation> = all.collect();
    all.sort_by(|a, b| a.label.cmp(&b.label));
    all
}

fn fact<'a>(seen: &'a Observation, field: &str) -> &'a str {
    seen.facts.get(field).map_or("", String::as_str)
}

fn kind_of(text: &str) -> ImportKind {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, text).unwrap();
    ImportKind::of(&Source::open(&path, &Reading::default()).unwrap())
}

#[test]
fn a_discovery_file_is_known_by_its_form() {
    assert_eq!(kind_of(LSHW), ImportKind::Lshw);
    assert_eq!(kind_of(&format!("[{LSHW}]")), ImportKind::Lshw, "newer versions print a list");
    assert_eq!(kind_of(ANSIBLE), ImportKind::Ansible);
    assert_eq!(kind_of(ANSIBLE.split_once("=> ").unwrap().1.split("\ndb-01").next().unwrap()), ImportKind::Ansible);
    assert_eq!(kind_of("name,class,version\na,server,1\n"), ImportKind::Cis);
}

#[test]
fn lshw_says_what_a_computer_is_made_of() {
    let mut desk = Desk::at(1_795_700_000_000);
    desk.import(ImportKind::Cis, "name,class,attributes.memory\nweb-01,server,16384 MiB\n");
    let report = desk.import(ImportKind::Lshw, LSHW);
    assert_eq!(counts(&report), (1, 1, 0, 0, vec![]), "{report:?}");
    let [one] = seen(&desk).try_into().unwrap();
    assert_eq!((one.source.as_str(), one.label.as_str(), one.state), ("lshw", "web-01", ObservationState::Mismatch));
    assert_eq!(one.identity.macs.iter().map(String::as_str).collect::<Vec<_>>(), ["02005e000001"]);
    assert_eq!(fact(&one, "attributes.memory"), "24576 MiB");
    assert_eq!(fact(&one, "attributes.processor"), "Intel(R) Xeon(R) Processor");
    assert_eq!(fact(&one, "attributes.mac"), "02:00:5e:00:00:01");
    assert_eq!(fact(&one, "serial_number"), "", "a virtual machine has none");
}

#[test]
fn ansible_says_what_runs_on_a_host_and_which_did_not_answer() {
    let mut desk = Desk::at(1_795_900_000_000);
    let report = desk.import(ImportKind::Ansible, ANSIBLE);
    assert_eq!(counts(&report), (2, 1, 0, 0, vec![2]), "{report:?}");
    assert!(report.refused[0].reason.starts_with("db-01 did not answer: Failed to connect"), "{report:?}");
    let [one] = seen(&desk).try_into().unwrap();
    assert_eq!((one.source.as_str(), one.label.as_str(), one.state), ("ansible", "web-01", ObservationState::Unknown));
    assert_eq!(fact(&one, "attributes.os"), "Debian 12.11");
    assert_eq!(fact(&one, "attributes.kernel"), "6.1.0-18-amd64");
    assert_eq!(fact(&one, "attributes.processor cores"), "2");
    assert_eq!(fact(&one, "attributes.ip"), "192.0.2.2");
    assert_eq!(one.identity.macs.len(), 1, "what is only a program is no card: {:?}", one.identity.macs);
    assert!(one.seen_at.0 > 1_700_000_000_000, "the time that the host itself says");
    assert_eq!(counts(&desk.import(ImportKind::Ansible, ANSIBLE)).3, 1, "the same again says nothing new");
    let broken = ANSIBLE.replace("\"ansible_facts\": {", "\"ansible_facts\": ");
    let report = desk.import(ImportKind::Ansible, broken);
    assert_eq!(lines_of(&report), [1, 2]);
    assert!(report.refused[0].reason.contains("web-01 answered is no JSON"), "{report:?}");
}

#[test]
fn a_scan_brings_what_is_there_what_is_not_and_what_nobody_knows() {
    let mut desk = Desk::at(1_795_700_000_000);
    desk.import(
        ImportKind::Cis,
        "name,class,asset_tag,rack\nweb-01,server,T-1,R1\nweb-02,server,T-2,R1\nweb-03,server,T-3,R1\n",
    );
    let scan = "Tag;Rack;Last seen;Not found;Power supply\n\
        t-1;R1;2026-11-26 08:00;;2\n\
        T-2;R2;2026-11-26 08:01;no;\n\
        T-3;;2026-11-26 08:02;yes;\n\
        T-4;R1;2026-11-26 08:03;;\n\
        T-9;;2026-11-26 08:04;yes;\n\
        ;R1;;;\n\
        T-5;R1;;perhaps;\n";
    let constants = [("source".to_owned(), "scan".to_owned())].into();
    let mapping = Mapping { constants, ..desk.proposed(ImportKind::Observations, scan) };
    let dry = desk.run_mapped(ImportKind::Observations, scan, Mode::DryRun, Some(mapping.clone()), 0).unwrap();
    assert_eq!((dry.created, seen(&desk).len()), (4, 0));
    let report = desk.run_mapped(ImportKind::Observations, scan, Mode::Take, Some(mapping.clone()), 0).unwrap();
    assert_eq!(counts(&report), (7, 4, 0, 0, vec![6, 7, 8]), "{report:?}");
    let states: Vec<(String, ObservationState)> = seen(&desk).into_iter().map(|o| (o.label, o.state)).collect();
    let expected = [
        ("T-4", ObservationState::Unknown),
        ("web-01", ObservationState::Match),
        ("web-02", ObservationState::Mismatch),
        ("web-03", ObservationState::Missing),
    ];
    assert_eq!(states, expected.map(|(label, state)| (label.to_owned(), state)));
    assert!(seen(&desk).iter().all(|o| o.source == "scan"));
    assert_eq!(fact(&seen(&desk)[1], "attributes.Power supply"), "2");
    let again = desk.run_mapped(ImportKind::Observations, scan, Mode::Take, Some(mapping), 0).unwrap();
    assert_eq!(counts(&again), (7, 0, 0, 4, vec![6, 7, 8]), "{again:?}");
}

#[test]
fn objects_on_lines_are_read_as_a_table_is() {
    let mut desk = Desk::at(1_795_700_000_000);
    desk.import(ImportKind::Cis, "name,class,serial_number,manufacturer\nsw-01,switch,FOC1,Cisco\n");
    let lines = "{\"serial\":\"foc1\",\"vendor\":\"CISCO\",\"os\":\"17.9\"}\n{\"hostname\":\"sw-02\",\"mac\":\"no\"}\n";
    let report = desk.import(ImportKind::Observations, lines);
    assert_eq!(lines_of(&report), [2], "{report:?}");
    let [one] = seen(&desk).try_into().unwrap();
    assert_eq!(
        (one.label.as_str(), one.state, fact(&one, "attributes.os")),
        ("sw-01", ObservationState::Match, "17.9")
    );
}

#[rstest]
#[case("To Be Filled By O.E.M.", "")]
#[case("Default string", "")]
#[case("NA", "")]
#[case("0000000000", "")]
#[case(" CZ1234 ", "CZ1234")]
fn what_firmware_says_for_nothing_is_nothing(#[case] text: &str, #[case] said: &str) {
    assert_eq!(crate::import::lshw::said(text), said);
}
