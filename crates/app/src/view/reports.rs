//! Reports: which there are, one over a period, and the records behind a figure.

use crate::view::common::{ListRow, Named};
use serde::{Deserialize, Serialize};
use slipway_domain::release::record::{ReleaseClass, ReleaseType};
use slipway_domain::report::{Report, ReportName, Selection, Unit};
use slipway_domain::time::{Timestamp, Window};
use ts_rs::TS;

/// Every report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReportList {
    /// In the order in which they are offered.
    pub reports: Vec<ReportEntry>,
}

/// A report that there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReportEntry {
    /// Which.
    pub name: ReportName,
    /// As it is asked for on a command line, and in addresses.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// What it says and how its figures are meant.
    pub about: String,
    /// Type, class, manager and service narrow it.
    pub of_releases: bool,
}

/// Asks for a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ReportRequest {
    /// Which.
    pub name: ReportName,
    /// The year up to now, by whole months, when left out.
    #[serde(default)]
    pub period: Option<Window>,
    /// Releases of this type only.
    #[serde(default)]
    pub release_type: Option<ReleaseType>,
    /// Releases of this class only.
    #[serde(default)]
    pub class: Option<ReleaseClass>,
    /// Releases of this manager only: id or sign-in name.
    #[serde(default)]
    pub manager: Option<String>,
    /// Releases about this business service only: id, number or name.
    #[serde(default)]
    pub service: Option<String>,
}

/// A report over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReportPage {
    /// Which.
    pub entry: ReportEntry,
    /// Over which period.
    pub period: Window,
    /// Of which manager's releases.
    pub manager: Option<Named>,
    /// About which service.
    pub service: Option<Named>,
    /// There is nothing to report in it.
    pub empty: bool,
    /// The report.
    pub report: Report,
}

/// Asks for the records behind a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct ReportRecordsRequest {
    /// The report as it was asked for.
    pub report: ReportRequest,
    /// What the figure is made of.
    pub of: Selection,
    /// Goes on after what was answered before.
    #[serde(default)]
    pub after: Option<String>,
}

/// Records behind a figure, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReportRecords {
    /// Some of them.
    pub lines: Vec<ReportRecord>,
    /// What their values count.
    pub unit: Unit,
    /// There may be more after this.
    pub next: Option<String>,
}

/// A record behind a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ReportRecord {
    /// The record.
    pub row: ListRow,
    /// The moment that counts.
    pub at: Timestamp,
    /// What the moment is of: a phase, a movement; empty where nothing tells them apart.
    pub group: String,
    /// Its value.
    #[ts(type = "number")]
    pub value: i64,
}

/// Writes a report into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveReportRequest {
    /// The report.
    pub report: ReportRequest,
    /// Path of the file, which ends in `.pdf`, `.json` or `.csv`; one that is there is replaced.
    pub path: String,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedReport {
    /// The file.
    pub path: String,
    /// Lines of the table in it.
    #[ts(type = "number")]
    pub lines: usize,
}
