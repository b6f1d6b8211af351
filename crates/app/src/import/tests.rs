#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]
use super::cis::Would;
use super::mapping::{self, Mapping};
use super::plan::{ImportKind, Setting, stages};
use super::rows::FIELD_BYTES;
use super::source::{Reading, Source};
use super::{Counts, Flow, ImportReport, Mode, NumberSource, Provisional, Sink, Step};
use crate::error::CallError;
use slipway_domain::change::record::{Change, ChangeState};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::Command;
use slipway_domain::execute::{Context, Effect, execute};
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::record::Record;
use slipway_domain::records::{Memory, Records};
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Records in memory, judged by the real rules; counts the commands.
#[derive(Default)]
struct Desk {
    records: Memory,
    commands: usize,
    /// From this many commands on the disk is full.
    full_at: Option<usize>,
    /// From this many rows on somebody cancels.
    cancelled_at: Option<u64>,
    /// What was told of the last run.
    report: ImportReport,
    /// Rows of the last pass that were read.
    read: u64,
    /// What the clock says, in milliseconds; 0: next to nothing.
    now: i64,
}

impl Desk {
    /// A desk with a clock.
    fn at(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// The mapping that is proposed for a file.
    fn proposed(&self, kind: ImportKind, text: &str) -> Mapping {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, text).unwrap();
        let source = Source::open(&path, &Reading::default()).unwrap();
        mapping::propose(kind.mapped().unwrap(), source.header(), &[]).mapping
    }

    fn judge(&mut self, command: &Command, keep: bool) -> Result<Effect, CallError> {
        let mut context = Context {
            command: CommandId(Uuid::now_v7()),
            actor: PersonId::SYSTEM,
            now: Timestamp(self.now.max(1)),
            numbers: BTreeMap::new(),
        };
        let mut tried = self.records.clone();
        let effect = execute(command, &mut context, &mut tried)?;
        if keep && self.full_at.is_some_and(|most| self.commands >= most) {
            return Err(CallError::trouble("DISK_FULL", "The disk is full.", "Free some space; nothing was changed."));
        }
        if keep {
            self.records = tried;
            self.commands += 1;
        }
        Ok(effect)
    }

    fn import(&mut self, kind: ImportKind, text: impl AsRef<[u8]>) -> ImportReport {
        self.run(kind, text, Mode::Take).expect("the import runs")
    }

    fn run(&mut self, kind: ImportKind, text: impl AsRef<[u8]>, mode: Mode) -> Result<ImportReport, CallError> {
        self.run_mapped(kind, text, mode, None, 0)
    }

    /// Runs every pass over a file, after the first `skip` rows of the first one.
    fn run_mapped(
        &mut self,
        kind: ImportKind,
        text: impl AsRef<[u8]>,
        mode: Mode,
        mapping: Option<Mapping>,
        skip: u64,
    ) -> Result<ImportReport, CallError> {
        self.report = ImportReport::default();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, text).unwrap();
        if self.now > 0 {
            // Written a minute ago.
            let written = std::time::UNIX_EPOCH + std::time::Duration::from_millis(self.now.unsigned_abs() - 60_000);
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
        }
        let source = Source::open(&path, &Reading::default())?;
        let mapping = match (mapping, kind.mapped()) {
            (Some(given), _) => given,
            (None, Some(target)) => {
                let proposal = mapping::propose(target, source.header(), &[]);
                slipway_domain::refusal::none(proposal.findings)?;
                Mapping { system: "SEC".into(), ..proposal.mapping }
            }
            (None, None) => Mapping { system: "SEC".into(), ..Mapping::default() },
        };
        let setting = Setting {
            system: mapping.system.clone(),
            actor: PersonId::SYSTEM,
            now: Timestamp(5),
            mode,
            would: Would::default(),
        };
        for (at, stage) in stages(kind, &source, &mapping)?.into_iter().enumerate() {
            if stage.run(&source, &setting, if at == 0 { skip } else { 0 }, self)? == Flow::Stop {
                break;
            }
        }
        let mut report = std::mem::take(&mut self.report);
        report.refused.sort();
        Ok(report)
    }

    fn cis(&self) -> Vec<Ci> {
        let all = self.records.records().filter_map(|r| match r {
            Record::Ci(ci) => Some((**ci).clone()),
            _ => None,
        });
        all.collect()
    }

    fn change(&self, number: &str) -> Change {
        let mut all = self.records.records().filter_map(|r| match r {
            Record::Change(change) => Some((**change).clone()),
            _ => None,
        });
        all.find(|c| c.foreign.as_ref().is_some_and(|f| f.number == number)).expect("the change is there")
    }
}

impl Sink for Desk {
    fn read(&self, look: &mut dyn FnMut(&dyn Records) -> Result<(), Fault>) -> Result<(), CallError> {
        Ok(look(&self.records)?)
    }
    fn issue(&mut self, build: &mut dyn FnMut(&mut dyn NumberSource) -> Command) -> Result<Effect, CallError> {
        let command = build(&mut Provisional);
        self.judge(&command, true)
    }
    fn try_out(&mut self, command: &Command) -> Result<Effect, CallError> {
        self.judge(command, false)
    }
    fn step(&mut self, step: Step) -> Result<Flow, CallError> {
        let Counts { rows, created, updated, unchanged, .. } = step.counts;
        self.report.rows += rows;
        self.report.created += created;
        self.report.updated += updated;
        self.report.unchanged += unchanged;
        self.report.refused.extend(step.refused);
        self.read = step.read;
        Ok(if self.cancelled_at.is_some_and(|most| step.read >= most) { Flow::Stop } else { Flow::On })
    }
}

fn counts(report: &ImportReport) -> (u64, u64, u64, u64, Vec<u64>) {
    let lines = report.refused.iter().map(|r| r.line).collect();
    (report.rows, report.created, report.updated, report.unchanged, lines)
}

const CIS: &str = "name,class,version,manufacturer,category,size_kib\r\n\
    7zip,software package,22.01,YOKOTA Hiroshi ,utils,2644\r\n\
    libc6,software package,2.36,GNU,libs,\r\n";

#[test]
fn a_file_imported_again_makes_nothing_new_and_issues_nothing() {
    let mut desk = Desk::default();
    assert_eq!(counts(&desk.import(ImportKind::Cis, CIS)), (2, 2, 0, 0, vec![]));
    assert_eq!(counts(&desk.import(ImportKind::Cis, CIS)), (2, 0, 0, 2, vec![]));
    assert_eq!(desk.commands, 1, "the second import issued no command");
    let zip = desk.cis().into_iter().find(|c| c.name == "7zip").unwrap();
    assert_eq!(zip.attributes.get("size_kib").map(String::as_str), Some("2644"));
    assert_eq!(zip.manufacturer, "YOKOTA Hiroshi", "blanks at the ends are not part of a value");
}

#[test]
fn a_changed_row_updates_only_the_columns_of_the_file() {
    let mut desk = Desk::default();
    desk.import(ImportKind::Cis, CIS);
    let report =
        desk.import(ImportKind::Cis, "Name,Class,Version\n7ZIP,Software Package,23.00\nlibc6,software package,2.36\n");
    assert_eq!(counts(&report), (2, 0, 1, 1, vec![]));
    let zip = desk.cis().into_iter().find(|c| c.version == "23.00").unwrap();
    assert_eq!((zip.name.as_str(), zip.manufacturer.as_str()), ("7zip", "YOKOTA Hiroshi"));
}

#[test]
fn a_dry_run_counts_and_keeps_nothing() {
    let mut desk = Desk::default();
    let report = desk.run(ImportKind::Cis, CIS, Mode::DryRun).unwrap();
    assert_eq!(counts(&report), (2, 2, 0, 0, vec![]));
    assert!(desk.cis().is_empty());
}

#[test]
fn bad_rows_are_refused_with_line_and_reason_and_the_others_are_taken() {
    let mut text = b"name,class,criticality,owner\n".to_vec();
    text.extend(b"good,server,high,\n"); // 2
    text.extend("ÄÖÜäöüßéèêç ".as_bytes());
    text.extend(b"caf\xE9,server,high,\n"); // 3: not UTF-8 among UTF-8
    text.extend(b"short,server\n"); // 4: too few fields
    text.extend(b",server,,\n"); // 5: no name
    text.extend(b"GOOD,Server,low,\n"); // 6: twice
    text.extend(b"bad,server,3,\n"); // 7: a bare number
    text.extend(b"worse,server,,nobody\n"); // 8: unknown owner
    text.extend(b"\"large\",server,,\""); // 9: 10 MB
    text.extend(std::iter::repeat_n(b'x', 10 * FIELD_BYTES));
    text.extend(b"\"\nlast,server,,\n"); // 10
    text.extend(b"open,server,,\"never closed\n"); // 11
    let mut desk = Desk::default();
    let report = desk.import(ImportKind::Cis, &text);
    assert_eq!(counts(&report), (10, 2, 0, 0, vec![3, 4, 5, 6, 7, 8, 9, 11]));
    let reason = |line: u64| report.refused.iter().find(|r| r.line == line).unwrap().reason.clone();
    assert!(reason(3).contains("not UTF-8") && reason(3).contains("0xE9"), "{}", reason(3));
    assert!(reason(4).contains("2 fields") && reason(4).contains("header has 4"), "{}", reason(4));
    assert!(reason(5).contains("name is empty"), "{}", reason(5));
    assert!(reason(6).contains("on line 2"), "{}", reason(6));
    assert!(reason(7).contains("criticality"), "{}", reason(7));
    assert!(reason(8).contains("nobody"), "{}", reason(8));
    assert!(reason(9).contains("10485760 bytes"), "{}", reason(9));
    assert!(reason(11).contains("never closed"), "{}", reason(11));
    let mut names: Vec<String> = desk.cis().into_iter().map(|c| c.name).collect();
    names.sort();
    assert_eq!(names, ["good", "last"]);
}

#[test]
fn a_wrong_header_refuses_the_file_with_every_fault() {
    let mut desk = Desk::default();
    let error = desk.run(ImportKind::Relations, "source,kind,kind\na,b,c\n", Mode::Take).unwrap_err();
    let codes: Vec<&str> = error.findings().iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["UNKNOWN_COLUMN", "UNKNOWN_COLUMN", "DUPLICATE_COLUMN", "MISSING_COLUMN", "MISSING_COLUMN"]);
    let error = desk.run(ImportKind::Cis, "name,class,u,location.u\n", Mode::Take).unwrap_err();
    assert!(error.has("DUPLICATE_COLUMN"), "one field under two names");
}

#[test]
fn relations_name_cis_that_are_there_and_unambiguous() {
    let mut desk = Desk::default();
    desk.import(ImportKind::Cis, "name,class\na,server\nb,server\nc,server\nc,switch\n");
    let text = "source,relation,target\n\
        a,depends on,b\n\
        b,is used by,a\n\
        b,hosts,a\n\
        a,depends on,nowhere\n\
        a,depends on,c\n\
        a,leans on,b\n\
        a,depends on,a\n";
    let report = desk.import(ImportKind::Relations, text);
    assert_eq!(counts(&report), (7, 2, 0, 0, vec![3, 5, 6, 7, 8]), "{report:?}");
    let again = desk.import(ImportKind::Relations, "source,relation,target\na,depends on,b\na,hosted on,b\n");
    assert_eq!(counts(&again), (2, 0, 0, 2, vec![]));
    let by_class = desk.import(ImportKind::Relations, "source,relation,target,target_class\na,depends on,c,switch\n");
    assert_eq!(counts(&by_class), (1, 1, 0, 0, vec![]));
}

#[test]
fn changes_keep_their_foreign_number_and_their_approval() {
    let mut desk = Desk::default();
    desk.import(ImportKind::Cis, CIS);
    let text = "number,title,category,kind,reason,impact,urgency,affected_cis,from_version,to_version,approval\n\
        S-1,Upgrade 7zip,software,normal,security update,site/department,critical,7zip; libc6,22.01,23.00,approved\n\
        S-2,Upgrade libc6,software,emergency,security update,user,low,libc6,2.36,2.37,pending\n\
        S-3,Another,software,normal,x,user,low,,,,denied\n\
        S-4,Bare,software,normal,x,2,low,,,,approved\n\
        S-5,Unknown CI,software,normal,x,user,low,nowhere,,,approved\n\
        S-1,Again,software,normal,x,user,low,,,,approved\n";
    let report = desk.import(ImportKind::Changes, text);
    assert_eq!(counts(&report), (6, 3, 0, 0, vec![5, 6, 7]), "{report:?}");
    assert!(report.refused[0].reason.contains("bare number"), "{}", report.refused[0].reason);
    let first = desk.change("S-1");
    assert_eq!((first.state, first.cis.len()), (ChangeState::Approved, 2));
    assert_eq!(first.versions, Some(("22.01".to_owned(), "23.00".to_owned())));
    assert_eq!(desk.change("S-2").state, ChangeState::ApprovalPending);
    assert_eq!(desk.change("S-3").state, ChangeState::Denied);
    let commands = desk.commands;
    let good: String = text.lines().take(4).map(|l| format!("{l}\n")).collect();
    assert_eq!(counts(&desk.import(ImportKind::Changes, &good)), (3, 0, 0, 3, vec![]));
    assert_eq!(desk.commands, commands, "the second import issued no command");
}

#[test]
fn an_import_that_ends_half_way_says_what_is_in_and_goes_on_the_next_time() {
    let mut text = String::from("name,class\n");
    for n in 0..1_200 {
        text.push_str(&format!("ci-{n},server\n"));
    }
    let mut desk = Desk { full_at: Some(2), ..Desk::default() };
    let error = desk.run(ImportKind::Cis, &text, Mode::Take).unwrap_err();
    assert!(error.has("DISK_FULL"));
    assert!(error.to_string().contains("1000 rows are in"), "{error}");
    assert!(!error.to_string().contains("nothing was changed"), "{error}");
    desk.full_at = None;
    assert_eq!(counts(&desk.import(ImportKind::Cis, &text)), (1_200, 200, 0, 1_000, vec![]));
}

fn lines_of(report: &ImportReport) -> Vec<u64> {
    report.refused.iter().map(|r| r.line).collect()
}

#[test]
fn an_import_that_was_cancelled_goes_on_where_it_stopped() {
    let mut text = String::from("name,class\n");
    for n in 0..1_200 {
        text.push_str(&format!("ci-{n},server\n"));
    }
    text.push_str("ci-3,server\n");
    let mut desk = Desk { cancelled_at: Some(500), ..Desk::default() };
    assert_eq!(counts(&desk.import(ImportKind::Cis, &text)), (500, 500, 0, 0, vec![]));
    desk.cancelled_at = None;
    let rest = desk.run_mapped(ImportKind::Cis, &text, Mode::Take, None, desk.read).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(counts(&rest), (701, 700, 0, 0, vec![1_202]), "a row before the cut is still known");
}

#[test]
fn a_file_in_another_order_with_other_names_and_an_encoding_of_its_own_is_taken() {
    let text = "Ort;Typ;Hostname;Seriennr;Leistung;;;\r\nKöln;server;web-01;S-1;1,5;;;\r\n;server;web-02;S-2;2;;;\r\n";
    let bytes = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let mapping: Mapping = serde_json::from_value(serde_json::json!({
        "columns": { "Ort": "building", "Typ": "class", "Hostname": "name", "Seriennr": "serial_number", "Leistung": "attributes.power" },
        "decimal_commas": ["Leistung"],
    }))
    .unwrap();
    let mut desk = Desk::default();
    let report = desk.run_mapped(ImportKind::Cis, bytes, Mode::Take, Some(mapping), 0).unwrap();
    assert_eq!(counts(&report), (2, 2, 0, 0, vec![]), "{report:?}");
    let web = desk.cis().into_iter().find(|c| c.name == "web-01").unwrap();
    assert_eq!((web.location.building.as_str(), web.serial_number.as_str()), ("Köln", "S-1"));
    assert_eq!(web.attributes.get("power").map(String::as_str), Some("1.5"));
}

#[test]
fn objects_on_lines_are_taken_like_rows() {
    let text =
        "{\"name\":\"a\",\"class\":\"server\",\"cpu\":8}\n{\"name\":\"b\"\n{\"name\":\"c\",\"class\":\"server\"}\n";
    let mut desk = Desk::default();
    assert_eq!(counts(&desk.import(ImportKind::Cis, text)), (3, 2, 0, 0, vec![2]));
    assert_eq!(counts(&desk.import(ImportKind::Cis, text)), (3, 0, 0, 2, vec![2]));
}

#[test]
fn a_bare_number_is_refused_unless_the_mapping_says_which_way_it_runs() {
    let text = "number,title,impact,urgency\nC-1,a,1,4\n";
    let mut desk = Desk::default();
    let report = desk.import(ImportKind::Changes, text);
    assert!(report.refused[0].reason.contains("bare number"), "{report:?}");
    let mapping = |way: &str| -> Mapping {
        serde_json::from_value(serde_json::json!({
            "columns": { "number": "number", "title": "title", "impact": "impact", "urgency": "urgency" },
            "numbers": { "impact": way, "urgency": way }, "system": "SEC",
        }))
        .unwrap()
    };
    desk.run_mapped(ImportKind::Changes, text, Mode::Take, Some(mapping("highest_first")), 0).unwrap();
    let change = desk.change("C-1");
    assert_eq!((change.impact.unwrap().label(), change.urgency.unwrap().label()), ("enterprise", "low"));
    desk.run_mapped(ImportKind::Changes, text, Mode::Take, Some(mapping("lowest_first")), 0).unwrap();
    let change = desk.change("C-1");
    assert_eq!((change.impact.unwrap().label(), change.urgency.unwrap().label()), ("user", "critical"));
}

#[test]
fn planned_dates_become_a_window_and_wrong_ones_are_named() {
    let text = "number,title,start,end\nC-1,a,2026-11-03 09:00,2026-11-03 11:00\nC-2,b,2026-11-03 09:00,\nC-3,c,2913-11-03,2913-11-04\nC-4,d,,\n";
    let mut desk = Desk::default();
    let report = desk.import(ImportKind::Changes, text);
    assert_eq!(lines_of(&report), [3, 4], "{report:?}");
    assert!(report.refused[1].reason.contains("out of range"), "{report:?}");
    let window = desk.change("C-1").planned.unwrap();
    assert_eq!(window.end.0 - window.start.0, 2 * 3_600_000);
    assert_eq!(desk.change("C-4").planned, None);
}

mod models;
mod observations;
mod products;
