//! What stands in each report: its lines, columns and headlines.

use super::fact::{Against, FAILED, FOR_A_RELEASE, Measure, OVERDUE, PASSED, UNDECIDED, gate_word};
use super::figure::{Facts, Place};
use super::{ChartKind, Figure, Headline, Report, ReportColumn, ReportLine, ReportName, Stretch, Unit, stretch_word};
use crate::approval::record::ApprovalState;
use crate::cmdb::observation::ObservationState;
use crate::dhs::record::MovementKind;
use crate::dsl::item::CheckKind;
use crate::release::record::{Phase, ReleaseClass, ReleaseType};
use crate::setting::Gate;
use crate::time::Window;

/// Facts of one stretch that are alike in everything but their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// What they are about.
    pub measure: Measure,
    /// Place of the stretch; 0 of what is gathered over all of time.
    pub stretch: usize,
    /// As in [`super::fact::Fact`].
    pub group: String,
    /// As there.
    pub kind_of: String,
    /// As there.
    pub class: String,
    /// One for each fact.
    pub values: Vec<i64>,
}

type Compute<'a> = Box<dyn Fn(Place<'_>) -> Figure + 'a>;

struct Column<'a> {
    title: &'static str,
    unit: Unit,
    series: Option<u32>,
    compute: Compute<'a>,
}

fn column<'a>(
    title: &'static str,
    unit: Unit,
    series: Option<u32>,
    compute: impl Fn(Place<'_>) -> Figure + 'a,
) -> Column<'a> {
    Column { title, unit, series, compute: Box::new(compute) }
}

/// What the lines of a report are.
struct Lines<'a> {
    head: &'static str,
    places: Vec<(String, Place<'a>)>,
}

/// The report over a period from what was gathered of its measures by these stretches of it.
#[must_use]
pub fn report(name: ReportName, period: Window, stretches: &[Stretch], gathered: &[Gathered]) -> Report {
    let facts = Facts { period, stretches, gathered };
    let time = || by_time(period, stretches);
    match name {
        ReportName::Releases => build(name, ChartKind::Stacked, by_phase(), releases(facts), &[3]),
        ReportName::Outcomes => build(name, ChartKind::Stacked, time(), outcomes(facts), &[0, 4, 5, 6, 8]),
        ReportName::Punctuality => build(name, ChartKind::Stacked, time(), punctuality(facts), &[0, 5, 6]),
        ReportName::Phases => build(name, ChartKind::Bars, by_stay(), phases(facts), &[0]),
        ReportName::Approvals => build(name, ChartKind::Bars, by_gate(), approvals(facts), &[0, 3, 4, 7]),
        ReportName::Delivery => build(name, ChartKind::Lines, time(), delivery(facts), &[0, 1, 4, 5]),
        ReportName::Changes => build(name, ChartKind::Bars, by_size(), changes(facts), &[0, 2]),
        ReportName::Cmdb => build(name, ChartKind::Stacked, time(), cmdb(facts), &[0, 6]),
        ReportName::Dsl => build(name, ChartKind::Stacked, by_check(), dsl(facts), &[2, 3]),
        ReportName::Dhs => build(name, ChartKind::Lines, time(), dhs(facts), &[0, 2, 3, 4, 5]),
    }
}

/// Headlines are the columns at these places, over the whole period.
fn build(name: ReportName, chart: ChartKind, lines: Lines<'_>, columns: Vec<Column<'_>>, heads: &[usize]) -> Report {
    let headlines = heads
        .iter()
        .filter_map(|n| columns.get(*n))
        .map(|column| Headline {
            title: column.title.to_owned(),
            unit: column.unit,
            figure: (column.compute)(Place::default()),
        })
        .collect();
    let figures = |place| columns.iter().map(|column| (column.compute)(place)).collect();
    let rows = lines.places.into_iter().map(|(title, place)| ReportLine { title, figures: figures(place) }).collect();
    Report {
        name,
        headlines,
        head: lines.head.to_owned(),
        lines: rows,
        columns: columns
            .into_iter()
            .map(|column| ReportColumn { title: column.title.to_owned(), unit: column.unit, series: column.series })
            .collect(),
        chart,
    }
}

fn by_time(period: Window, stretches: &[Stretch]) -> Lines<'static> {
    let place = |n| Place { stretch: Some(n), ..Place::default() };
    let places = stretches.iter().enumerate().map(|(n, stretch)| (stretch.title.clone(), place(n))).collect();
    Lines { head: stretch_word(period), places }
}

fn by_group(head: &'static str, groups: impl Iterator<Item = &'static str>) -> Lines<'static> {
    let place = |group| Place { group: Some(group), ..Place::default() };
    Lines { head, places: groups.map(|group| (group.to_owned(), place(group))).collect() }
}

fn by_phase() -> Lines<'static> {
    by_group("Phase", Phase::ALL.iter().map(|phase| phase.label()))
}

fn by_stay() -> Lines<'static> {
    by_group("Phase", Phase::ALL.iter().filter(|phase| !phase.is_closed()).map(|phase| phase.label()))
}

fn by_gate() -> Lines<'static> {
    let gates = [Gate::PlanAndDesign, Gate::BuildAndTest, Gate::DistributionAndRollout, Gate::Change];
    by_group("Approval", gates.into_iter().map(gate_word))
}

fn by_check() -> Lines<'static> {
    by_group("Check", CheckKind::ALL.iter().map(|kind| kind.label()).chain([FOR_A_RELEASE]))
}

fn by_size() -> Lines<'static> {
    let sizes = [
        ("1", 1, 1),
        ("2 or 3", 2, 3),
        ("4 to 6", 4, 6),
        ("7 to 10", 7, 10),
        ("more than 10", 11, i64::from(u32::MAX)),
    ];
    let place = |low, high| Place { values: Some((low, high)), ..Place::default() };
    let places = sizes.into_iter().map(|(title, low, high)| (title.to_owned(), place(low, high))).collect();
    Lines { head: "Changes", places }
}

/// In which measure a phase's releases are; without a phase: those that are open.
fn standing(place: Place<'_>) -> Measure {
    let closed = Phase::ALL.iter().any(|phase| phase.is_closed() && place.group == Some(phase.label()));
    if closed { Measure::Closed } else { Measure::Open }
}

fn releases(facts: Facts<'_>) -> Vec<Column<'_>> {
    let of = move |place: Place<'_>| facts.pick(standing(place), place);
    vec![
        column("Software", Unit::Count, Some(0), move |at| of(at).of_type(ReleaseType::Software.label()).count()),
        column("Hardware", Unit::Count, Some(1), move |at| of(at).of_type(ReleaseType::Hardware.label()).count()),
        column("Not decided", Unit::Count, Some(2), move |at| of(at).of_type(UNDECIDED).count()),
        column("All", Unit::Count, None, move |at| of(at).count()),
    ]
}

fn outcomes(facts: Facts<'_>) -> Vec<Column<'_>> {
    let closed = move |at: Place<'_>| facts.pick(Measure::Closed, at);
    let ended = move |at: Place<'_>, phase: Phase| closed(at).of_groups(&[phase.label()]);
    let emergency = move |at: Place<'_>| closed(at).of_class(ReleaseClass::Emergency.label());
    vec![
        column("Closed", Unit::Count, None, move |at| closed(at).count()),
        column("Verified", Unit::Count, Some(0), move |at| ended(at, Phase::Verified).count()),
        column("Backed out", Unit::Count, Some(1), move |at| ended(at, Phase::BackedOut).count()),
        column("Terminated", Unit::Count, Some(2), move |at| ended(at, Phase::Terminated).count()),
        column("Success rate", Unit::PerMille, None, move |at| ended(at, Phase::Verified).share_of(&closed(at))),
        column("Back-out rate", Unit::PerMille, None, move |at| ended(at, Phase::BackedOut).share_of(&closed(at))),
        column("Termination rate", Unit::PerMille, None, move |at| ended(at, Phase::Terminated).share_of(&closed(at))),
        column("Emergency", Unit::Count, None, move |at| emergency(at).count()),
        column("Emergency share", Unit::PerMille, None, move |at| emergency(at).share_of(&closed(at))),
    ]
}

fn punctuality(facts: Facts<'_>) -> Vec<Column<'_>> {
    let installed = move |at: Place<'_>| facts.pick(Measure::Installed, at);
    let so = move |at: Place<'_>, against: Against| installed(at).of_groups(&[against.label()]);
    let planned = move |at: Place<'_>| {
        installed(at).of_groups(&[Against::Early, Against::InTime, Against::Late].map(Against::label))
    };
    vec![
        column("Installed", Unit::Count, None, move |at| installed(at).count()),
        column("In time", Unit::Count, Some(0), move |at| so(at, Against::InTime).count()),
        column("Early", Unit::Count, Some(1), move |at| so(at, Against::Early).count()),
        column("Late", Unit::Count, Some(2), move |at| so(at, Against::Late).count()),
        column("No window", Unit::Count, Some(3), move |at| so(at, Against::Unplanned).count()),
        column("In time, share", Unit::PerMille, None, move |at| so(at, Against::InTime).share_of(&planned(at))),
        column("Mean delay of late", Unit::Time, None, move |at| so(at, Against::Late).mean()),
        column("Longest delay", Unit::Time, None, move |at| so(at, Against::Late).longest()),
    ]
}

fn phases(facts: Facts<'_>) -> Vec<Column<'_>> {
    let stays = move |at: Place<'_>| facts.pick(Measure::Stay, at);
    vec![
        column("Stays", Unit::Count, None, move |at| stays(at).count()),
        column("Mean", Unit::Time, None, move |at| stays(at).mean()),
        column("Median", Unit::Time, Some(0), move |at| stays(at).percentile(50)),
        column("90 %", Unit::Time, Some(1), move |at| stays(at).percentile(90)),
        column("Longest", Unit::Time, None, move |at| stays(at).longest()),
    ]
}

fn approvals(facts: Facts<'_>) -> Vec<Column<'_>> {
    let decided = move |at: Place<'_>| facts.pick(Measure::Decided, at);
    let so = move |at: Place<'_>, state: ApprovalState| decided(at).of_class(state.label());
    let overdue = move |at: Place<'_>| decided(at).of_type(OVERDUE);
    vec![
        column("Decided", Unit::Count, None, move |at| decided(at).count()),
        column("Approved", Unit::Count, None, move |at| so(at, ApprovalState::Approved).count()),
        column("Denied", Unit::Count, None, move |at| so(at, ApprovalState::Denied).count()),
        column("Mean wait", Unit::Time, None, move |at| decided(at).mean()),
        column("Median wait", Unit::Time, Some(0), move |at| decided(at).percentile(50)),
        column("90 %", Unit::Time, Some(1), move |at| decided(at).percentile(90)),
        column("Overdue", Unit::Count, None, move |at| overdue(at).count()),
        column("Overdue share", Unit::PerMille, None, move |at| overdue(at).share_of(&decided(at))),
    ]
}

fn delivery(facts: Facts<'_>) -> Vec<Column<'_>> {
    let lead = move |at: Place<'_>| facts.pick(Measure::LeadTime, at);
    let changes = move |at: Place<'_>| facts.pick(Measure::Changes, at);
    let failed = move |at: Place<'_>| facts.pick(Measure::FailedChanges, at);
    let restored = move |at: Place<'_>| facts.pick(Measure::Restored, at);
    vec![
        column("Installs", Unit::Count, Some(0), move |at| lead(at).count()),
        column("Median lead time", Unit::Time, None, move |at| lead(at).percentile(50)),
        column("Changes", Unit::Count, Some(1), move |at| changes(at).sum()),
        column("Failed changes", Unit::Count, Some(2), move |at| failed(at).sum()),
        column("Change failure rate", Unit::PerMille, None, move |at| failed(at).sum_share_of(&changes(at))),
        column("Mean time to restore", Unit::Time, None, move |at| restored(at).mean()),
    ]
}

fn changes(facts: Facts<'_>) -> Vec<Column<'_>> {
    let sized = move |at: Place<'_>| facts.pick(Measure::Changes, at);
    let all = move || facts.pick(Measure::Changes, Place::default());
    vec![
        column("Releases", Unit::Count, Some(0), move |at| sized(at).count()),
        column("Share", Unit::PerMille, None, move |at| sized(at).share_of(&all())),
        column("Changes", Unit::Count, None, move |at| sized(at).sum()),
    ]
}

fn cmdb(facts: Facts<'_>) -> Vec<Column<'_>> {
    use ObservationState::{Match, Mismatch, Missing, Settled, Unknown};
    let seen = move |at: Place<'_>| facts.pick(Measure::Seen, at);
    let so = move |at: Place<'_>, state: ObservationState| seen(at).of_groups(&[state.label()]);
    let right = move |at: Place<'_>| seen(at).of_groups(&[Match, Settled].map(ObservationState::label));
    vec![
        column("Seen", Unit::Count, None, move |at| seen(at).count()),
        column("Match", Unit::Count, Some(0), move |at| so(at, Match).count()),
        column("Decided about", Unit::Count, Some(1), move |at| so(at, Settled).count()),
        column("Differ", Unit::Count, Some(2), move |at| so(at, Mismatch).count()),
        column("Missing", Unit::Count, Some(3), move |at| so(at, Missing).count()),
        column("Unknown", Unit::Count, Some(4), move |at| so(at, Unknown).count()),
        column("Accuracy", Unit::PerMille, None, move |at| right(at).share_of(&seen(at))),
    ]
}

fn dsl(facts: Facts<'_>) -> Vec<Column<'_>> {
    let made = move |at: Place<'_>| facts.pick(Measure::Checked, at);
    vec![
        column("Passed", Unit::Count, Some(0), move |at| made(at).of_class(PASSED).count()),
        column("Failed", Unit::Count, Some(1), move |at| made(at).of_class(FAILED).count()),
        column("Checks", Unit::Count, None, move |at| made(at).count()),
        column("Passed, share", Unit::PerMille, None, move |at| made(at).of_class(PASSED).share_of(&made(at))),
    ]
}

fn dhs(facts: Facts<'_>) -> Vec<Column<'_>> {
    use MovementKind::{CountAdjustment, Dispose, Issue, Receive, Return};
    let counted = move |at: Place<'_>| facts.pick(Measure::Counted, at);
    let moved = move |at: Place<'_>, kinds: &[MovementKind]| {
        let groups: Vec<&str> = kinds.iter().map(|kind| kind.label()).collect();
        facts.pick(Measure::Moved, at).of_groups(&groups)
    };
    vec![
        column("Counted", Unit::Count, None, move |at| counted(at).sum()),
        column("Adjusted", Unit::Count, None, move |at| moved(at, &[CountAdjustment]).sum()),
        column("Accuracy", Unit::PerMille, None, move |at| moved(at, &[CountAdjustment]).left_of(&counted(at))),
        column("In", Unit::Count, Some(0), move |at| moved(at, &[Receive, Return]).sum()),
        column("Out", Unit::Count, Some(1), move |at| moved(at, &[Issue, Dispose]).sum()),
        column("Turnover", Unit::PerMille, None, move |at| {
            moved(at, &[Issue, Dispose]).sum_share_of(&moved(at, &[Receive, Return]))
        }),
    ]
}
