//! Hardware models from folders of YAML, with the flaws that the community library has.

use super::{Desk, counts};
use crate::import::cis::Would;
use crate::import::mapping::Mapping;
use crate::import::plan::{ImportKind, Setting, stages};
use crate::import::source::{Reading, Source};
use crate::import::{ImportReport, Mode};
use slipway_domain::dhs::model::{ModelKind, PortSort};
use slipway_domain::dhs::record::DhsModel;
use slipway_domain::id::PersonId;
use slipway_domain::record::Record;
use slipway_domain::time::Timestamp;
use std::fs;
use std::path::Path;

const SWITCH: &str = "---\r\nmanufacturer: Halden\r\nmodel: Core 48\r\nslug: halden-core-48\r\npart_number: 0048\r\n\
    u_height: 1\r\nis_full_depth: false\r\nweight: 10.5\r\nweight_unit: lb\r\nairflow: front-to-rear\r\n\
    Interfaces:\r\n  - name: eth0\r\n    type: 1000base-t\r\n  - name: eth0\r\n    type: 1000base-t\r\n\
    power-ports:\r\n  - {name: PSU0, type: iec-60320-c14, maximum_draw: 350}\r\nmodule-bays:\r\n  - {name: Slot 1, position: 1}\r\n";

fn take(desk: &mut Desk, folder: &Path, mode: Mode) -> ImportReport {
    desk.report = ImportReport::default();
    let source = Source::open(folder, &Reading::default()).unwrap();
    assert_eq!(ImportKind::of(&source), ImportKind::Models);
    let setting =
        Setting { system: String::new(), actor: PersonId::SYSTEM, now: Timestamp(5), mode, would: Would::default() };
    for stage in stages(ImportKind::Models, &source, &Mapping::default()).unwrap() {
        stage.run(&source, &setting, 0, desk).unwrap();
    }
    let mut report = std::mem::take(&mut desk.report);
    report.refused.sort();
    report
}

fn models(desk: &Desk) -> Vec<DhsModel> {
    let all = desk.records.records().filter_map(|r| match r {
        Record::DhsModel(model) => Some((**model).clone()),
        _ => None,
    });
    let mut all: Vec<DhsModel> = all.collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

#[test]
fn a_folder_is_taken_file_by_file_and_a_bad_one_stops_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("device-types/Halden/core.yaml", SWITCH);
    write("device-types/Halden/same.yml", "manufacturer: HALDEN\nmodel: core 48\nu_height: 2\n");
    write("module-types/Halden/psu.yaml", "manufacturer: Halden\nmodel: 09WR03\npower-ports:\n- name: PSU{module}\n");
    write("bad/bomb.yaml", "a: &a [x, x]\nmanufacturer: *a\nmodel: Bomb\n");
    write("bad/nameless.yaml", "manufacturer: ''\nmodel: Nobody\n");
    write("bad/unit.yaml", "manufacturer: Halden\nmodel: Stone\nweight: 1\nweight_unit: stone\n");
    write("bad/list.yaml", "- manufacturer: Halden\n");
    write("bad/deep.yaml", &format!("manufacturer: Halden\nmodel: {}1{}\n", "[".repeat(4_000), "]".repeat(4_000)));
    fs::write(folder.path().join("bad/bytes.yaml"), b"manufacturer: \xff\xfe\n").unwrap();
    write("readme.txt", "not a model");
    // Neither a circle nor a way out of the folder is followed.
    #[cfg(unix)]
    for (to, link) in [(folder.path(), "bad/circle"), (Path::new("/etc/passwd"), "bad/out.yaml")] {
        std::os::unix::fs::symlink(to, folder.path().join(link)).unwrap();
    }
    let mut desk = Desk::default();
    let tried = take(&mut desk, folder.path(), Mode::DryRun);
    assert_eq!((tried.created, models(&desk).len()), (2, 0), "a dry run keeps nothing");
    let report = take(&mut desk, folder.path(), Mode::Take);
    assert_eq!((report.rows, report.created, report.refused.len()), (9, 2, 7), "{:?}", report.refused);
    for (file, why) in [
        ("bad/bomb.yaml", "anchor"),
        ("bad/bytes.yaml", "not UTF-8"),
        ("bad/deep.yaml", "deep"),
        ("bad/list.yaml", "no model"),
        ("bad/nameless.yaml", "manufacturer is missing"),
        ("bad/unit.yaml", "stone"),
        ("device-types/Halden/same.yml", "keep one of the two"),
    ] {
        let said = report.refused.iter().find(|row| row.reason.starts_with(file)).expect(file);
        assert!(said.reason.contains(why), "{}", said.reason);
    }
    let [module, switch] = models(&desk).try_into().unwrap();
    assert_eq!((module.name.as_str(), module.facts.kind), ("09WR03", ModelKind::Module));
    assert_eq!((switch.part_numbers.as_slice(), switch.height_tenth_u), (&["0048".to_owned()][..], 10));
    assert_eq!((switch.facts.weight_g, switch.facts.full_depth), (Some(4_763), Some(false)));
    let counted = [PortSort::Interface, PortSort::Power, PortSort::ModuleBay].map(|sort| switch.facts.count(sort));
    assert_eq!(counted, [1, 1, 1], "a wrong-case key is read, a port named twice is one");

    let commands = desk.commands;
    let again = take(&mut desk, folder.path(), Mode::Take);
    assert_eq!((again.created, again.updated, again.unchanged, desk.commands), (0, 0, 2, commands));
}

#[test]
fn the_community_library_comes_in_as_it_is() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !data.join("device-types").is_dir() {
        return;
    }
    let mut desk = Desk::default();
    for (folder, least) in [("device-types", 850), ("module-types", 100)] {
        let report = take(&mut desk, &data.join(folder), Mode::Take);
        assert!(report.created >= least, "{folder}: {:?} {:?}", counts(&report).0, report.refused);
        assert!(report.refused.len() * 10 < usize::try_from(report.rows).unwrap(), "{:?}", report.refused);
        let again = take(&mut desk, &data.join(folder), Mode::Take);
        assert_eq!((again.created, again.updated), (0, 0), "a second run finds everything as it should be");
    }
}
