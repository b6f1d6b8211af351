//! Reports: what records tell, and every figure against one computed by hand.

use crate::builders::{RITA, START};
use crate::story::{CHG, PAYROLL, REL, a_world, rollout_window, the_item};
use proptest::prelude::*;
use rstest::rstest;
use slipway_domain::approval::record::Approval;
use slipway_domain::command::ReleaseCommand;
use slipway_domain::dsl::item::{Check, CheckKind};
use slipway_domain::lookup::{Lookup, subject_key};
use slipway_domain::record::Record;
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{Outcome, Phase};
use slipway_domain::report::fact::{Against, Fact, Measure, against, facts, services, tells};
use slipway_domain::report::table::{Gathered, report};
use slipway_domain::report::{Report, ReportName, stretches, usual_period};
use slipway_domain::time::{Timestamp, Window};

const HOUR: i64 = 3_600_000;

/// September and October 2026.
fn autumn() -> Window {
    Window { start: START.plus_days(-61), end: START }
}

fn of(name: ReportName, gathered: &[Gathered]) -> Report {
    report(name, autumn(), &stretches(autumn()), gathered)
}

fn some(measure: Measure, stretch: usize, group: &str, kind_of: &str, class: &str, values: &[i64]) -> Gathered {
    let text = str::to_owned;
    Gathered { measure, stretch, group: text(group), kind_of: text(kind_of), class: text(class), values: values.into() }
}

fn ones(measure: Measure, stretch: usize, group: &str, kind_of: &str, class: &str, count: usize) -> Gathered {
    some(measure, stretch, group, kind_of, class, &vec![1; count])
}

fn cell(report: &Report, line: &str, column: &str) -> Option<i64> {
    let place = report.columns.iter().position(|c| c.title == column).expect("the column exists");
    report.lines.iter().find(|l| l.title == line).expect("the line exists").figures[place].value
}

fn head(report: &Report, title: &str) -> Option<i64> {
    report.headlines.iter().find(|h| h.title == title).expect("the headline exists").figure.value
}

#[rstest]
#[case("2026-09", "Closed", Some(8))]
#[case("2026-09", "Verified", Some(6))]
#[case("2026-09", "Backed out", Some(1))]
#[case("2026-09", "Terminated", Some(1))]
#[case("2026-09", "Success rate", Some(750))]
#[case("2026-09", "Back-out rate", Some(125))]
#[case("2026-09", "Termination rate", Some(125))]
#[case("2026-09", "Emergency", Some(2))]
#[case("2026-09", "Emergency share", Some(250))]
#[case("2026-10", "Closed", Some(0))]
#[case("2026-10", "Success rate", None)]
fn outcomes_are_shares_of_what_was_closed(#[case] line: &str, #[case] column: &str, #[case] expected: Option<i64>) {
    let told = [
        ones(Measure::Closed, 0, "Verified", "software", "minor", 4),
        ones(Measure::Closed, 0, "Verified", "hardware", "emergency", 2),
        ones(Measure::Closed, 0, "Backed out", "software", "major", 1),
        ones(Measure::Closed, 0, "Terminated", "software", "minor", 1),
    ];
    let report = of(ReportName::Outcomes, &told);
    assert_eq!(cell(&report, line, column), expected);
}

#[rstest]
#[case("2026-10", "Installed", Some(5))]
#[case("2026-10", "In time", Some(2))]
#[case("2026-10", "Early", Some(1))]
#[case("2026-10", "Late", Some(1))]
#[case("2026-10", "No window", Some(1))]
#[case("2026-10", "In time, share", Some(500))]
#[case("2026-10", "Mean delay of late", Some(2 * HOUR))]
#[case("2026-09", "Late", Some(2))]
#[case("2026-09", "Mean delay of late", Some(3 * HOUR))]
#[case("2026-09", "Longest delay", Some(5 * HOUR))]
fn installs_are_measured_against_their_windows(
    #[case] line: &str,
    #[case] column: &str,
    #[case] expected: Option<i64>,
) {
    let told = [
        some(Measure::Installed, 0, "late", "software", "minor", &[HOUR, 5 * HOUR]),
        some(Measure::Installed, 1, "late", "software", "minor", &[2 * HOUR]),
        some(Measure::Installed, 1, "in time", "software", "minor", &[0, 0]),
        some(Measure::Installed, 1, "early", "software", "minor", &[-HOUR]),
        some(Measure::Installed, 1, "no window", "software", "emergency", &[0]),
    ];
    let report = of(ReportName::Punctuality, &told);
    assert_eq!(cell(&report, line, column), expected);
    assert_eq!(head(&report, "In time, share"), Some(333), "two of the six that had a window, rounded down");
}

#[rstest]
#[case("Assess", "Stays", Some(10))]
#[case("Assess", "Mean", Some(55 * HOUR / 10))]
#[case("Assess", "Median", Some(5 * HOUR))]
#[case("Assess", "90 %", Some(9 * HOUR))]
#[case("Assess", "Longest", Some(10 * HOUR))]
#[case("Training", "Stays", Some(0))]
#[case("Training", "Median", None)]
fn stays_in_phases_have_ranks(#[case] line: &str, #[case] column: &str, #[case] expected: Option<i64>) {
    let hours: Vec<i64> = (1..=5).map(|n| n * HOUR).collect();
    let more: Vec<i64> = (6..=10).rev().map(|n| n * HOUR).collect();
    let told = [
        some(Measure::Stay, 1, "Assess", "software", "minor", &more),
        some(Measure::Stay, 0, "Assess", "hardware", "major", &hours),
    ];
    assert_eq!(cell(&of(ReportName::Phases, &told), line, column), expected);
}

#[rstest]
#[case("Build and test", "Decided", Some(4))]
#[case("Build and test", "Approved", Some(3))]
#[case("Build and test", "Denied", Some(1))]
#[case("Build and test", "Mean wait", Some(4 * HOUR))]
#[case("Build and test", "Median wait", Some(2 * HOUR))]
#[case("Build and test", "90 %", Some(10 * HOUR))]
#[case("Build and test", "Overdue", Some(1))]
#[case("Build and test", "Overdue share", Some(250))]
#[case("Change", "Decided", Some(0))]
fn approvals_are_waited_for(#[case] line: &str, #[case] column: &str, #[case] expected: Option<i64>) {
    let told = [
        some(Measure::Decided, 0, "Build and test", "in time", "approved", &[HOUR, 3 * HOUR]),
        some(Measure::Decided, 1, "Build and test", "overdue", "approved", &[10 * HOUR]),
        some(Measure::Decided, 1, "Build and test", "in time", "denied", &[2 * HOUR]),
    ];
    assert_eq!(cell(&of(ReportName::Approvals, &told), line, column), expected);
}

#[rstest]
#[case("2026-09", "Installs", Some(3))]
#[case("2026-09", "Median lead time", Some(20 * HOUR))]
#[case("2026-09", "Changes", Some(10))]
#[case("2026-09", "Failed changes", Some(2))]
#[case("2026-09", "Change failure rate", Some(200))]
#[case("2026-09", "Mean time to restore", None)]
#[case("2026-10", "Mean time to restore", Some(3 * HOUR))]
#[case("2026-10", "Change failure rate", None)]
fn delivery_has_its_four_figures(#[case] line: &str, #[case] column: &str, #[case] expected: Option<i64>) {
    let told = [
        some(Measure::LeadTime, 0, "", "software", "minor", &[10 * HOUR, 40 * HOUR, 20 * HOUR]),
        some(Measure::Changes, 0, "", "software", "minor", &[3, 5, 2]),
        some(Measure::FailedChanges, 0, "", "software", "minor", &[2]),
        some(Measure::Restored, 1, "", "software", "minor", &[2 * HOUR, 4 * HOUR]),
    ];
    assert_eq!(cell(&of(ReportName::Delivery, &told), line, column), expected);
}

#[rstest]
#[case("1", "Releases", Some(1))]
#[case("2 or 3", "Releases", Some(2))]
#[case("2 or 3", "Share", Some(400))]
#[case("2 or 3", "Changes", Some(5))]
#[case("4 to 6", "Releases", Some(0))]
#[case("more than 10", "Changes", Some(40))]
fn releases_are_sorted_by_how_many_changes_they_carry(
    #[case] line: &str,
    #[case] column: &str,
    #[case] expected: Option<i64>,
) {
    let told = [some(Measure::Changes, 0, "", "software", "minor", &[1, 2, 3, 10, 40])];
    let report = of(ReportName::Changes, &told);
    assert_eq!(cell(&report, line, column), expected);
    assert_eq!(head(&report, "Releases"), Some(5));
}

#[rstest]
#[case("Plan and design", "Software", Some(2))]
#[case("Plan and design", "Not decided", Some(1))]
#[case("Plan and design", "All", Some(3))]
#[case("Verified", "Hardware", Some(4))]
#[case("Assess", "All", Some(0))]
fn releases_stand_in_phases(#[case] line: &str, #[case] column: &str, #[case] expected: Option<i64>) {
    let told = [
        ones(Measure::Open, 0, "Plan and design", "software", "minor", 2),
        ones(Measure::Open, 0, "Plan and design", "undecided", "minor", 1),
        ones(Measure::Closed, 1, "Verified", "hardware", "minor", 4),
    ];
    let report = of(ReportName::Releases, &told);
    assert_eq!(cell(&report, line, column), expected);
    assert_eq!(head(&report, "All"), Some(3), "what is open");
}

#[rstest]
#[case("2026-09", "Seen", Some(8))]
#[case("2026-09", "Match", Some(5))]
#[case("2026-09", "Decided about", Some(1))]
#[case("2026-09", "Differ", Some(1))]
#[case("2026-09", "Unknown", Some(1))]
#[case("2026-09", "Accuracy", Some(750))]
#[case("2026-10", "Accuracy", None)]
fn the_cmdb_is_as_right_as_what_was_seen(#[case] line: &str, #[case] column: &str, #[case] expected: Option<i64>) {
    let told = [("match", 5), ("settled", 1), ("mismatch", 1), ("unknown", 1)]
        .map(|(state, count)| ones(Measure::Seen, 0, state, "lshw", "", count));
    assert_eq!(cell(&of(ReportName::Cmdb, &told), line, column), expected);
}

#[rstest]
#[case("checksum", "Passed", Some(3))]
#[case("checksum", "Failed", Some(1))]
#[case("checksum", "Passed, share", Some(750))]
#[case("verified for a release", "Checks", Some(2))]
#[case("signature", "Passed, share", None)]
fn checks_of_masters_pass_or_fail(#[case] line: &str, #[case] column: &str, #[case] expected: Option<i64>) {
    let told = [
        ones(Measure::Checked, 0, "checksum", "", "passed", 3),
        ones(Measure::Checked, 1, "checksum", "", "failed", 1),
        ones(Measure::Checked, 1, "verified for a release", "", "passed", 2),
    ];
    assert_eq!(cell(&of(ReportName::Dsl, &told), line, column), expected);
}

#[rstest]
#[case("2026-09", "Counted", Some(40))]
#[case("2026-09", "Adjusted", Some(2))]
#[case("2026-09", "Accuracy", Some(950))]
#[case("2026-09", "In", Some(10))]
#[case("2026-09", "Out", Some(4))]
#[case("2026-09", "Turnover", Some(400))]
#[case("2026-10", "Adjusted", Some(3))]
#[case("2026-10", "Accuracy", None)]
fn stock_is_counted_and_turned_over(#[case] line: &str, #[case] column: &str, #[case] expected: Option<i64>) {
    let told = [
        some(Measure::Counted, 0, "", "", "", &[1, 1, 38]),
        some(Measure::Moved, 0, "count adjustment", "", "", &[2]),
        some(Measure::Moved, 0, "receive", "", "", &[1, 8]),
        some(Measure::Moved, 0, "return", "", "", &[1]),
        some(Measure::Moved, 0, "issue", "", "", &[3]),
        some(Measure::Moved, 0, "dispose", "", "", &[1]),
        some(Measure::Moved, 0, "transfer", "", "", &[50]),
        some(Measure::Moved, 1, "count adjustment", "", "", &[3]),
    ];
    assert_eq!(cell(&of(ReportName::Dhs, &told), line, column), expected);
}

#[test]
fn every_report_without_facts_is_empty_and_says_so() {
    for name in ReportName::ALL {
        let report = of(*name, &[]);
        assert!(report.is_empty(), "{name}");
        assert!(report.lines.iter().all(|line| line.figures.len() == report.columns.len()), "{name}");
        assert!(report.columns.iter().any(|column| column.series.is_some()), "{name} is drawn");
        assert!(!name.about().is_empty() && name.code().parse::<ReportName>().is_ok(), "{name}");
    }
}

#[rstest]
#[case(autumn(), 2, "2026-09", "2026-10")]
#[case(Window { start: START.plus_days(-3), end: START.plus_hours(1) }, 4, "2026-10-29", "2026-11-01")]
#[case(Window { start: START.plus_days(-4 * 365), end: START }, 5, "2022", "2026")]
#[case(usual_period(START), 12, "2025-12", "2026-11")]
fn a_period_falls_into_stretches(
    #[case] period: Window,
    #[case] count: usize,
    #[case] first: &str,
    #[case] last: &str,
) {
    let parts = stretches(period);
    assert_eq!(parts.len(), count);
    assert_eq!((parts[0].title.as_str(), parts[count - 1].title.as_str()), (first, last));
}

proptest! {
    #[test]
    fn stretches_cover_their_period_once(start in 0_i64..2_000_000_000_000, length in 1_i64..40_000_000_000) {
        let period = Window { start: Timestamp(start), end: Timestamp(start + length) };
        let parts = stretches(period);
        prop_assert_eq!(parts.first().map(|p| p.window.start), Some(period.start));
        prop_assert_eq!(parts.last().map(|p| p.window.end), Some(period.end));
        prop_assert!(parts.windows(2).all(|pair| pair[0].window.end == pair[1].window.start));
    }
}

#[rstest]
#[case(None, START, Against::Unplanned, 0)]
#[case(Some(rollout_window()), START.plus_hours(22), Against::Early, -2 * HOUR)]
#[case(Some(rollout_window()), START.plus_hours(24), Against::InTime, 0)]
#[case(Some(rollout_window()), START.plus_hours(28), Against::Late, 0)]
#[case(Some(rollout_window()), START.plus_hours(31), Against::Late, 3 * HOUR)]
fn an_install_stands_to_its_window(
    #[case] window: Option<Window>,
    #[case] at: Timestamp,
    #[case] expected: Against,
    #[case] off: i64,
) {
    assert_eq!(against(window, at), (expected, off));
}

fn told(record: impl Into<Record>) -> Vec<(Measure, Timestamp, String, i64)> {
    facts(&record.into())
        .into_iter()
        .map(|Fact { measure, at, group, value, .. }| (measure, at, group, value))
        .collect()
}

#[test]
fn a_verified_release_tells_its_whole_way() {
    let mut world = a_world();
    world.planned();
    world.now = START.plus_hours(10);
    world.travel_to(Phase::DistributionAndRollout);
    world.travel_to(Phase::Verification);
    world.now = START.plus_hours(40);
    world.travel_to(Phase::Verified);
    let mut release = world.release();
    release.scope.services.insert(PAYROLL);
    let installed = START.plus_hours(25);
    assert_eq!(
        told(release.clone()),
        [
            (Measure::Closed, START.plus_hours(40), "Verified".to_owned(), 1),
            (Measure::Stay, START, "Assess".to_owned(), 0),
            (Measure::Stay, START.plus_hours(10), "Plan and design".to_owned(), 10 * HOUR),
            (Measure::Stay, START.plus_hours(10), "Build and test".to_owned(), 0),
            (Measure::Stay, installed, "Distribution and rollout".to_owned(), 15 * HOUR),
            (Measure::Stay, START.plus_hours(40), "Verification".to_owned(), 15 * HOUR),
            (Measure::Installed, installed, "in time".to_owned(), 0),
            (Measure::LeadTime, installed, String::new(), 25 * HOUR),
            (Measure::Changes, installed, String::new(), 1),
            (Measure::Checked, START.plus_hours(10), "verified for a release".to_owned(), 1),
        ]
    );
    let all = facts(&release.clone().into());
    let class = release.class.label();
    assert!(all.iter().filter(|f| f.measure != Measure::Checked).all(|f| f.owner == Some(RITA) && f.class == class));
    assert_eq!(services(&release.into()), [PAYROLL].into());
}

#[test]
fn a_back_out_fails_every_change_and_takes_time() {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::Verification);
    world.on(RITA, ReleaseCommand::RecordOutcome { change: CHG, outcome: Outcome::Successful });
    world.now = START.plus_hours(30);
    world.on(RITA, ReleaseCommand::BackOut { reason: "Payslips are wrong".into() });
    world.now = START.plus_hours(33);
    world.do_tasks();
    world.on(RITA, ReleaseCommand::CompleteBackOut { rework: false });
    let told = told(world.release());
    assert!(told.contains(&(Measure::Closed, START.plus_hours(33), "Backed out".to_owned(), 1)));
    assert!(told.contains(&(Measure::Restored, START.plus_hours(33), String::new(), 3 * HOUR)), "{told:?}");
    assert!(told.contains(&(Measure::FailedChanges, START.plus_hours(25), String::new(), 1)));
}

#[test]
fn an_approval_tells_how_long_it_was_waited_for_once_it_is_decided() {
    let mut world = a_world();
    world.planned();
    world.do_tasks();
    let approval = world.request();
    assert_eq!(told(world.get::<Approval>(approval)), [], "nobody voted yet");
    world.now = START.plus_hours(5);
    world.vote(crate::builders::ANNE, approval, slipway_domain::approval::record::Decision::Approve);
    world.now = START.plus_hours(50);
    world.vote(crate::builders::BERT, approval, slipway_domain::approval::record::Decision::Approve);
    let key = subject_key(slipway_domain::approval::record::Subject::Release(REL));
    let decided: Vec<Approval> = world.records.list(Lookup::ApprovalsOf, &key).unwrap();
    let fact = facts(&decided[0].clone().into()).remove(0);
    assert_eq!((fact.at, fact.value, fact.group.as_str()), (START.plus_hours(50), 50 * HOUR, "Plan and design"));
    assert_eq!((fact.kind_of.as_str(), fact.class.as_str()), ("overdue", "approved"), "it was due after 48 hours");
}

#[test]
fn checks_of_an_item_are_told_one_by_one() {
    let mut item = the_item();
    for (kind, passed) in [(CheckKind::Checksum, true), (CheckKind::MalwareScan, false)] {
        item.checks.insert(kind, Check { passed, note: String::new(), by: RITA, at: START });
    }
    let found: Vec<(String, String)> = facts(&item.into()).into_iter().map(|f| (f.group, f.class)).collect();
    assert_eq!(found, [("checksum", "passed"), ("malware scan", "failed")].map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn what_tells_something_is_of_a_kind_that_tells() {
    let mut world = a_world();
    world.planned();
    world.travel_to(Phase::Verified);
    for record in world.records.records() {
        assert!(facts(&record.clone()).is_empty() || tells(record.kind()), "{:?}", record.kind());
    }
}
