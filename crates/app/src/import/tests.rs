#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, missing_docs)]
use super::changes::Changes;
use super::cis::Cis;
use super::relations::Relations;
use super::rows::FIELD_BYTES;
use super::{Format, ImportReport, Mode, NumberSource, Provisional, Sink, run};
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
}

impl Desk {
    fn judge(&mut self, command: &Command, keep: bool) -> Result<Effect, CallError> {
        let mut context = Context {
            command: CommandId(Uuid::now_v7()),
            actor: PersonId::SYSTEM,
            now: Timestamp(1),
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

    fn import(&mut self, format: impl Format, text: impl AsRef<[u8]>) -> ImportReport {
        run(text.as_ref(), format, Mode::Take, self).expect("the import runs")
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
    fn progress(&mut self, _rows: u64) {}
}

fn changes() -> Changes {
    Changes::of("SEC", PersonId::SYSTEM, Timestamp(5))
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
    assert_eq!(counts(&desk.import(Cis::default(), CIS)), (2, 2, 0, 0, vec![]));
    assert_eq!(counts(&desk.import(Cis::default(), CIS)), (2, 0, 0, 2, vec![]));
    assert_eq!(desk.commands, 1, "the second import issued no command");
    let zip = desk.cis().into_iter().find(|c| c.name == "7zip").unwrap();
    assert_eq!(zip.attributes.get("size_kib").map(String::as_str), Some("2644"));
    assert_eq!(zip.manufacturer, "YOKOTA Hiroshi", "blanks at the ends are not part of a value");
}

#[test]
fn a_changed_row_updates_only_the_columns_of_the_file() {
    let mut desk = Desk::default();
    desk.import(Cis::default(), CIS);
    let report =
        desk.import(Cis::default(), "Name,Class,Version\n7ZIP,Software Package,23.00\nlibc6,software package,2.36\n");
    assert_eq!(counts(&report), (2, 0, 1, 1, vec![]));
    let zip = desk.cis().into_iter().find(|c| c.version == "23.00").unwrap();
    assert_eq!((zip.name.as_str(), zip.manufacturer.as_str()), ("7zip", "YOKOTA Hiroshi"));
}

#[test]
fn a_dry_run_counts_and_keeps_nothing() {
    let mut desk = Desk::default();
    let report = run(CIS.as_bytes(), Cis::default(), Mode::DryRun, &mut desk).unwrap();
    assert_eq!(counts(&report), (2, 2, 0, 0, vec![]));
    assert!(desk.cis().is_empty());
}

#[test]
fn bad_rows_are_refused_with_line_and_reason_and_the_others_are_taken() {
    let mut text = b"name,class,criticality,owner\n".to_vec();
    text.extend(b"good,server,high,\n"); // 2
    text.extend(b"caf\xE9,server,high,\n"); // 3: not UTF-8
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
    let report = desk.import(Cis::default(), &text);
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
    let error = run("source,kind,kind\na,b,c\n".as_bytes(), Relations::default(), Mode::Take, &mut desk).unwrap_err();
    let codes: Vec<&str> = error.findings().iter().map(|f| f.code.as_str()).collect();
    assert_eq!(codes, ["UNKNOWN_COLUMN", "UNKNOWN_COLUMN", "DUPLICATE_COLUMN", "MISSING_COLUMN", "MISSING_COLUMN"]);
    let error = run("name,class,u,location.u\n".as_bytes(), Cis::default(), Mode::Take, &mut desk).unwrap_err();
    assert!(error.has("DUPLICATE_COLUMN"), "one field under two names");
}

#[test]
fn relations_name_cis_that_are_there_and_unambiguous() {
    let mut desk = Desk::default();
    desk.import(Cis::default(), "name,class\na,server\nb,server\nc,server\nc,switch\n");
    let text = "source,relation,target\n\
        a,depends on,b\n\
        b,is used by,a\n\
        b,hosts,a\n\
        a,depends on,nowhere\n\
        a,depends on,c\n\
        a,leans on,b\n\
        a,depends on,a\n";
    let report = desk.import(Relations::default(), text);
    assert_eq!(counts(&report), (7, 2, 0, 0, vec![3, 5, 6, 7, 8]), "{report:?}");
    let again = desk.import(Relations::default(), "source,relation,target\na,depends on,b\na,hosted on,b\n");
    assert_eq!(counts(&again), (2, 0, 0, 2, vec![]));
    let by_class = desk.import(Relations::default(), "source,relation,target,target_class\na,depends on,c,switch\n");
    assert_eq!(counts(&by_class), (1, 1, 0, 0, vec![]));
}

#[test]
fn changes_keep_their_foreign_number_and_their_approval() {
    let mut desk = Desk::default();
    desk.import(Cis::default(), CIS);
    let text = "number,title,category,kind,reason,impact,urgency,affected_cis,from_version,to_version,approval\n\
        S-1,Upgrade 7zip,software,normal,security update,site/department,critical,7zip; libc6,22.01,23.00,approved\n\
        S-2,Upgrade libc6,software,emergency,security update,user,low,libc6,2.36,2.37,pending\n\
        S-3,Another,software,normal,x,user,low,,,,denied\n\
        S-4,Bare,software,normal,x,2,low,,,,approved\n\
        S-5,Unknown CI,software,normal,x,user,low,nowhere,,,approved\n\
        S-1,Again,software,normal,x,user,low,,,,approved\n";
    let report = desk.import(changes(), text);
    assert_eq!(counts(&report), (6, 3, 0, 0, vec![5, 6, 7]), "{report:?}");
    assert!(report.refused[0].reason.contains("bare number"), "{}", report.refused[0].reason);
    let first = desk.change("S-1");
    assert_eq!((first.state, first.cis.len()), (ChangeState::Approved, 2));
    assert_eq!(first.versions, Some(("22.01".to_owned(), "23.00".to_owned())));
    assert_eq!(desk.change("S-2").state, ChangeState::ApprovalPending);
    assert_eq!(desk.change("S-3").state, ChangeState::Denied);
    let commands = desk.commands;
    let good: String = text.lines().take(4).map(|l| format!("{l}\n")).collect();
    assert_eq!(counts(&desk.import(changes(), &good)), (3, 0, 0, 3, vec![]));
    assert_eq!(desk.commands, commands, "the second import issued no command");
}

#[test]
fn an_import_that_ends_half_way_says_what_is_in_and_goes_on_the_next_time() {
    let mut text = String::from("name,class\n");
    for n in 0..1_200 {
        text.push_str(&format!("ci-{n},server\n"));
    }
    let mut desk = Desk { full_at: Some(2), ..Desk::default() };
    let error = run(text.as_bytes(), Cis::default(), Mode::Take, &mut desk).unwrap_err();
    assert!(error.has("DISK_FULL"));
    assert!(error.to_string().contains("1000 rows are in"), "{error}");
    assert!(!error.to_string().contains("nothing was changed"), "{error}");
    desk.full_at = None;
    assert_eq!(counts(&desk.import(Cis::default(), &text)), (1_200, 200, 0, 1_000, vec![]));
}
