//! Reports (domain rules, section 11): what figures are made of, which there are, and how each is computed.
//!
//! A record tells facts ([`fact`]); whoever keeps records keeps these beside them, so that a report reads the facts of
//! its period and never the records. Figures are computed here alone ([`table`]), from facts gathered by stretch of time.

use crate::level::named;
use crate::time::{Timestamp, Window};
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime};
use fact::Measure;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub mod fact;
mod figure;
pub mod table;

named! {
    /// A report.
    ReportName {
        /// Releases by phase and type.
        Releases = "Releases by phase and type",
        /// Success, back-out and termination rates; emergency share.
        Outcomes = "Outcomes of releases",
        /// Installs against their windows.
        Punctuality = "Planned against actual",
        /// How long releases stay in each phase.
        Phases = "Time in each phase",
        /// How long approvals are waited for.
        Approvals = "Waiting for approval",
        /// Deployment frequency, lead time, change failure rate, time to restore.
        Delivery = "Delivery",
        /// How many changes a release carries.
        Changes = "Changes per release",
        /// How far the CMDB is right.
        Cmdb = "Accuracy of the CMDB",
        /// What checks of masters found.
        Dsl = "Checks in the DSL",
        /// How far the records of the DHS are right, and what comes and goes.
        Dhs = "Stock of the DHS",
    }
}

impl ReportName {
    /// As it is asked for: `outcomes`, `cmdb`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Releases => "releases",
            Self::Outcomes => "outcomes",
            Self::Punctuality => "punctuality",
            Self::Phases => "phases",
            Self::Approvals => "approvals",
            Self::Delivery => "delivery",
            Self::Changes => "changes",
            Self::Cmdb => "cmdb",
            Self::Dsl => "dsl",
            Self::Dhs => "dhs",
        }
    }

    /// What it says and how its figures are meant, in a few sentences.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Releases => {
                "Open releases by the phase they are in now, and those that were closed in the period, by type."
            }
            Self::Outcomes => {
                "Releases closed in the period. Each rate is a share of these: verified, backed out, terminated, and \
                 of class emergency. A verified release that is backed out later counts as backed out, from then on."
            }
            Self::Punctuality => {
                "Installs recorded in the period, against the planned rollout window. Late is after its end, early \
                 before its start; the delay is counted from the end of the window."
            }
            Self::Phases => {
                "Stays in a phase that ended in the period; a release that was sent back stays more than once. Nine of \
                 ten stays were over within the time in the column 90 %."
            }
            Self::Approvals => {
                "Requests decided in the period: from the request to the vote, or override, that decided it. Overdue is \
                 after the due time. Requests that became void or were withdrawn do not count."
            }
            Self::Delivery => {
                "Installs in the period, by when they were recorded. The lead time runs from the creation of a release to \
                 its install. Of the changes installed, those count as failed whose outcome is failed or whose release \
                 was backed out. The time to restore is a stay in Back out that ended in the period. A reworked release \
                 counts with its latest install."
            }
            Self::Changes => "Releases installed in the period, by how many changes they carry.",
            Self::Cmdb => {
                "What was last seen of each thing, in the period, against the record. Right is what matches, and what \
                 differs and somebody decided about."
            }
            Self::Dsl => {
                "Checks of masters recorded in the period: those of the quarantine, the latest of each kind, and \
                 verifications of stored masters for a release. What a scrub of this computer's files found stands with \
                 its job."
            }
            Self::Dhs => {
                "Pieces counted in stocktakes in the period, and count adjustments. Of a hundred counted so many needed \
                 none: that is the accuracy. In are pieces received and returned; out are pieces issued and disposed of; \
                 the turnover is what went out for each hundred that came in."
            }
        }
    }

    /// Whether it is of releases, so that type, class, manager and service narrow it.
    #[must_use]
    pub fn is_of_releases(self) -> bool {
        matches!(
            self,
            Self::Releases | Self::Outcomes | Self::Punctuality | Self::Phases | Self::Delivery | Self::Changes
        )
    }

    /// The facts that it is made of.
    #[must_use]
    pub fn measures(self) -> &'static [Measure] {
        match self {
            Self::Releases => &[Measure::Open, Measure::Closed],
            Self::Outcomes => &[Measure::Closed],
            Self::Punctuality => &[Measure::Installed],
            Self::Phases => &[Measure::Stay],
            Self::Approvals => &[Measure::Decided],
            Self::Delivery => &[Measure::LeadTime, Measure::Changes, Measure::FailedChanges, Measure::Restored],
            Self::Changes => &[Measure::Changes],
            Self::Cmdb => &[Measure::Seen],
            Self::Dsl => &[Measure::Checked],
            Self::Dhs => &[Measure::Counted, Measure::Moved],
        }
    }
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things.
    Count,
    /// Of a thousand.
    PerMille,
    /// Milliseconds.
    Time,
}

/// Which facts a figure is made of, so that the records behind it can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct Selection {
    /// Which.
    pub measure: Measure,
    /// Of when.
    pub period: Window,
    /// Of these groups only; of all when empty.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub groups: Vec<String>,
    /// Of this type only.
    #[serde(default)]
    pub kind_of: Option<String>,
    /// Of this class only.
    #[serde(default)]
    pub class: Option<String>,
    /// Of values in this span only, both ends included.
    #[serde(default)]
    pub values: Option<(i64, i64)>,
}

/// A figure; `None` where there is nothing to compute it from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Figure {
    /// In the unit of its column.
    #[ts(type = "number | null")]
    pub value: Option<i64>,
    /// What it is made of; `None` when that is nothing.
    pub of: Option<Selection>,
}

/// A figure about the whole period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Headline {
    /// What it is.
    pub title: String,
    /// What it counts.
    pub unit: Unit,
    /// The figure.
    pub figure: Figure,
}

/// A column of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReportColumn {
    /// What stands above it.
    pub title: String,
    /// What its figures count.
    pub unit: Unit,
    /// Its place in the chart; `None`: it is in the table alone.
    pub series: Option<u32>,
}

/// A line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReportLine {
    /// A stretch of time, or what it is about.
    pub title: String,
    /// One for each column.
    pub figures: Vec<Figure>,
}

/// How a report is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// Parts of a whole, one on the other.
    Stacked,
    /// Beside each other.
    Bars,
    /// Along time.
    Lines,
}

/// A report: what is drawn, and the same as a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Report {
    /// Which.
    pub name: ReportName,
    /// Figures about the whole period.
    pub headlines: Vec<Headline>,
    /// What the lines are: `Month`, `Phase`.
    pub head: String,
    /// After that.
    pub columns: Vec<ReportColumn>,
    /// In order.
    pub lines: Vec<ReportLine>,
    /// How it is drawn.
    pub chart: ChartKind,
}

impl Report {
    /// Whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.iter().flat_map(|line| &line.figures).all(|figure| figure.of.is_none())
    }
}

/// All of time, as far as every program can count it.
pub const ALWAYS: Window = Window { start: Timestamp(0), end: Timestamp(8_640_000_000_000_000) };

/// A stretch of time that figures are gathered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// `2026-11-05`, `2026-11`, `2026`
    pub title: String,
    /// What of it lies in the period.
    pub window: Window,
}

/// The year up to now, by whole months: the month that runs and the eleven before.
#[must_use]
pub fn usual_period(now: Timestamp) -> Window {
    let start = DateTime::from_timestamp_millis(now.0)
        .and_then(|at| at.date_naive().with_day(1))
        .and_then(|day| day.checked_sub_months(Months::new(11)))
        .map_or(now.plus_days(-365), |day| Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()));
    Window { start, end: Timestamp(now.0.saturating_add(1)) }
}

/// Up to this many days a period is shown by the day.
const BY_DAY: i64 = 31;
/// Up to this many days by the month, and beyond by the year.
const BY_MONTH: i64 = 3 * 366;
/// More stretches no report has: whoever asks for more sees the latest.
const STRETCHES: usize = 200;

/// How long the stretches of a period are.
#[derive(Clone, Copy)]
enum Step {
    Day,
    Month,
    Year,
}

impl Step {
    fn of(period: Window) -> Self {
        let days = period.end.0.saturating_sub(period.start.0).div_euclid(86_400_000);
        if days <= BY_DAY {
            Self::Day
        } else if days <= BY_MONTH {
            Self::Month
        } else {
            Self::Year
        }
    }
}

/// What the stretches of a period are called.
#[must_use]
pub fn stretch_word(period: Window) -> &'static str {
    match Step::of(period) {
        Step::Day => "Day",
        Step::Month => "Month",
        Step::Year => "Year",
    }
}

/// The days, months or years of a period, in UTC. The first and last may be cut.
#[must_use]
pub fn stretches(period: Window) -> Vec<Stretch> {
    let day = |at: Timestamp| DateTime::from_timestamp_millis(at.0).map(|at| at.date_naive());
    let Some(first) = day(period.start).filter(|_| period.is_ordered()) else { return Vec::new() };
    let step = Step::of(period);
    let begin = match step {
        Step::Day => Some(first),
        Step::Month => first.with_day(1),
        Step::Year => first.with_day(1).and_then(|day| day.with_month(1)),
    };
    let next = |at: NaiveDate| match step {
        Step::Day => at.checked_add_days(Days::new(1)),
        Step::Month => at.checked_add_months(Months::new(1)),
        Step::Year => at.checked_add_months(Months::new(12)),
    };
    let form = match step {
        Step::Day => "%Y-%m-%d",
        Step::Month => "%Y-%m",
        Step::Year => "%Y",
    };
    let moment = |day: NaiveDate| Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
    let mut found = Vec::new();
    let mut at = begin;
    while let Some(start) = at.filter(|start| moment(*start) < period.end) {
        at = next(start);
        let end = at.map_or(period.end, moment);
        found.push(Stretch {
            title: start.format(form).to_string(),
            window: Window { start: moment(start).max(period.start), end: end.min(period.end) },
        });
    }
    let more = found.len().saturating_sub(STRETCHES);
    found.split_off(more)
}
