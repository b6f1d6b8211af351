//! Long work: imports and exports, how far they are and what became of them.

use crate::error::CallError;
use crate::import::mapping::Mapping;
use crate::import::plan::ImportKind;
use crate::import::{Counts, RefusedRow};
use serde::{Deserialize, Serialize};
use slipway_domain::record::Kind;
use slipway_domain::refusal::Finding;
use slipway_domain::time::Timestamp;
use ts_rs::TS;

/// Looks at a file before it is imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct LookAtFileRequest {
    /// Path of the file.
    pub path: String,
    /// What it holds; found out when left out.
    #[serde(default)]
    pub kind: Option<ImportKind>,
    /// A mapping to try; one that was used for such a file before, or a proposed one, when left out.
    #[serde(default)]
    pub mapping: Option<Mapping>,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileColumn {
    /// Its name, as mappings call it.
    pub name: String,
    /// Some of its values.
    pub samples: Vec<String>,
}

/// A field that a column may go to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FieldChoice {
    /// Its name in mappings.
    pub name: String,
    /// As a person reads it.
    pub label: String,
    /// Every row needs it.
    pub required: bool,
    /// Named values that have an order: a bare number is refused unless the mapping says which way numbers run.
    pub is_level: bool,
}

/// What a file is, and how it would be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FileLook {
    /// What it holds.
    pub kind: ImportKind,
    /// Its form and encoding, in words.
    pub form: String,
    /// Such as `UTF-8`.
    pub encoding: String,
    /// What stands between fields; empty where nothing does.
    pub delimiter: String,
    /// In bytes.
    #[ts(type = "number")]
    pub size_bytes: u64,
    /// Its columns in order.
    pub columns: Vec<FileColumn>,
    /// What columns may go to; empty where the product is known and nothing needs to be mapped.
    pub fields: Vec<FieldChoice>,
    /// Where each column goes.
    pub mapping: Mapping,
    /// The mapping was used for a file of these columns before.
    pub remembered: bool,
    /// What has to be decided before it can be imported.
    pub findings: Vec<Finding>,
    /// Columns that go nowhere.
    pub left_out: Vec<String>,
    /// The first rows as they would be taken: fields in the order of `preview_fields`.
    pub preview: Vec<PreviewRow>,
    /// Names of the fields of the preview.
    pub preview_fields: Vec<String>,
    /// What is taken from it in which order, where the product is known.
    pub stages: Vec<String>,
}

/// A row as it would be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PreviewRow {
    /// Line of the file.
    #[ts(type = "number")]
    pub line: u64,
    /// Its fields.
    pub fields: Vec<String>,
    /// Why it would not be taken; empty when it would.
    pub reason: String,
}

/// Begins an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct StartImportRequest {
    /// Path of the file.
    pub path: String,
    /// What it holds.
    pub kind: ImportKind,
    /// Where columns go; remembered for files of these columns. The remembered or proposed one when left out.
    #[serde(default)]
    pub mapping: Option<Mapping>,
    /// Says what it would do and does nothing.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub dry_run: bool,
    /// Path of a file for the rows that are refused.
    #[serde(default)]
    pub rejects: Option<String>,
}

/// A column of a list that is exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportColumn {
    /// `label`, `title`, `state`, or the name of a cell.
    pub id: String,
    /// What stands above it.
    pub title: String,
}

/// Begins the export of a list as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[ts(optional_fields)]
pub struct StartExportRequest {
    /// Of which kind of record.
    pub kind: Kind,
    /// As in the list.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub filter: String,
    /// As in the list.
    #[serde(default)]
    pub sort: Option<String>,
    /// As in the list.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub descending: bool,
    /// In this order; every column that rows have when left out.
    #[serde(default)]
    pub columns: Option<Vec<ExportColumn>>,
    /// `csv` when left out, or `json`.
    #[serde(default)]
    pub format: Option<String>,
    /// Leaves cells that a spreadsheet would take for a formula as they are. When left out an apostrophe is put before
    /// them in CSV.
    #[serde(default)]
    #[ts(as = "Option<_>")]
    pub formulas: bool,
    /// Path of the file; one that is there is replaced.
    pub path: String,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Under way.
    Running,
    /// To its end.
    Done,
    /// A person stopped it; what was taken is kept, and an import can go on.
    Cancelled,
    /// The program ended or the profile was locked; it can go on.
    Interrupted,
    /// Trouble; an import can go on once it is over.
    Failed,
}

/// What one pass over a file did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StageCounts {
    /// What it took, such as `racks`.
    pub title: String,
    /// How many rows became what.
    pub counts: Counts,
}

/// Long work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobView {
    /// Identity.
    pub id: String,
    /// In a few words, such as `Import cis.csv`.
    pub title: String,
    /// `import`, `export` or `files`.
    pub work: String,
    /// The file.
    pub path: String,
    /// It only says what it would do.
    pub dry_run: bool,
    /// How it stands.
    pub state: JobState,
    /// How far: bytes of the file, all passes together; rows of an export; bytes of files.
    #[ts(type = "number")]
    pub done: u64,
    /// Of how much; 0 when that is not known.
    #[ts(type = "number")]
    pub of: u64,
    /// Rows dealt with.
    #[ts(type = "number")]
    pub rows: u64,
    /// Rows a second, since it began or went on.
    #[ts(type = "number")]
    pub rows_per_s: u64,
    /// What is being done now.
    pub step: String,
    /// What became of the rows of an import.
    pub counts: Counts,
    /// The same by pass, where there are several.
    pub stages: Vec<StageCounts>,
    /// Refused rows whose line and reason can be asked for.
    #[ts(type = "number")]
    pub refused_listed: u64,
    /// File of the refused rows, if one was written.
    pub rejects: Option<String>,
    /// It can go on from where it ended.
    pub resumable: bool,
    /// Why it ended.
    pub error: Option<CallError>,
    /// What else is to be said, such as how formulas were guarded against.
    pub note: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// Jobs, the latest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobList {
    /// The latest first.
    pub jobs: Vec<JobView>,
}

/// Names a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct JobRequest {
    /// Identity.
    pub job: String,
}

/// Asks for refused rows by place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefusedRequest {
    /// Identity of the job.
    pub job: String,
    /// Place of the first, from 0.
    pub first: u32,
    /// How many; at most 500.
    pub count: u32,
}

/// Refused rows, by line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RefusedPage {
    /// In the order in which they were refused: by line, pass by pass.
    pub rows: Vec<RefusedRow>,
    /// How many can be asked for.
    #[ts(type = "number")]
    pub total: u64,
}

/// Writes the refused rows of an import into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SaveRefusedRequest {
    /// Identity of the job.
    pub job: String,
    /// Path of the file; one that is there is replaced.
    pub path: String,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SavedRefused {
    /// Rows.
    #[ts(type = "number")]
    pub rows: u64,
    /// The file.
    pub path: String,
}
