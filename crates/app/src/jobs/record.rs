//! What is kept of a job in the encrypted database: enough to go on, and to say what became of it.

use super::files::FilesWork;
use crate::error::CallError;
use crate::import::mapping::Mapping;
use crate::import::plan::ImportKind;
use crate::import::{Counts, RefusedRow};
use crate::view::jobs::{JobState, JobView, StageCounts, StartExportRequest};
use serde::{Deserialize, Serialize};
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use std::path::Path;
use uuid::Uuid;

/// Name in the database of the list of jobs.
const JOBS: &str = "jobs";
/// Jobs that are kept; older ones are forgotten when they have ended.
const KEPT: usize = 20;
/// Refused rows of one entry in the database.
pub const CHUNK_ROWS: usize = 1_000;
/// Most refused rows of a job whose line and reason are kept; the others are counted.
pub const REFUSED_KEPT: u64 = 1_000_000;

/// What a job does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// It takes records from a file.
    Import(ImportWork),
    /// It writes a list into a file.
    Export(StartExportRequest),
    /// It keeps, fetches or reads files of the software library.
    Files(FilesWork),
}

/// An import as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportWork {
    /// The file.
    pub path: String,
    /// What it holds.
    pub kind: ImportKind,
    /// Where columns go.
    pub mapping: Mapping,
    /// Nothing is kept of what is judged.
    pub dry_run: bool,
    /// File for refused rows.
    pub rejects: Option<String>,
    /// Size and time of the last change of the file, by which it is known again.
    pub size_bytes: u64,
    /// In milliseconds since 1970.
    pub modified_ms: i64,
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRecord {
    /// Identity.
    pub id: Uuid,
    /// What it does.
    pub work: Work,
    /// How it stands.
    pub state: JobState,
    /// Passes over the file that are done.
    pub stage: usize,
    /// Rows of the present pass that are done.
    pub read: u64,
    /// How far, as it is shown.
    pub done: u64,
    /// Of how much.
    pub of: u64,
    /// Rows of an export.
    pub rows: u64,
    /// What each pass did.
    pub stages: Vec<StageCounts>,
    /// Lengths of the entries that hold refused rows.
    pub chunks: Vec<u32>,
    /// File of the refused rows, once it is written.
    pub rejects: Option<String>,
    /// Why it ended.
    pub error: Option<CallError>,
    /// What else is to be said.
    pub note: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

impl JobRecord {
    /// A job that begins.
    #[must_use]
    pub fn new(work: Work, started_at: Timestamp) -> Self {
        Self {
            id: Uuid::now_v7(),
            work,
            state: JobState::Running,
            stage: 0,
            read: 0,
            done: 0,
            of: 0,
            rows: 0,
            stages: Vec::new(),
            chunks: Vec::new(),
            rejects: None,
            error: None,
            note: String::new(),
            started_at,
            ended_at: None,
        }
    }

    /// The file.
    fn path(&self) -> &str {
        match &self.work {
            Work::Import(work) => &work.path,
            Work::Export(work) => &work.path,
            Work::Files(work) => work.path(),
        }
    }

    /// In a few words.
    #[must_use]
    pub fn title(&self) -> String {
        let file = Path::new(self.path()).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match &self.work {
            Work::Import(work) if work.dry_run => format!("Dry run of {file}"),
            Work::Import(_) => format!("Import {file}"),
            Work::Export(_) => format!("Export {file}"),
            Work::Files(work) => work.title.clone(),
        }
    }

    /// What became of all rows.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.stages.iter().fold(Counts::default(), |sum, stage| sum.and(stage.counts))
    }

    /// Refused rows whose line and reason are kept.
    #[must_use]
    pub fn refused_listed(&self) -> u64 {
        self.chunks.iter().map(|n| u64::from(*n)).sum()
    }

    /// It goes on from where it ended.
    pub fn go_on(&mut self) {
        self.state = JobState::Running;
        self.error = None;
        self.ended_at = None;
    }

    /// It ended so.
    pub fn end(&mut self, ended: Result<JobState, CallError>, at: Timestamp) {
        self.ended_at = Some(at);
        match ended {
            Ok(state) => self.state = state,
            Err(error) => {
                self.state = JobState::Failed;
                self.error = Some(error);
            }
        }
    }

    /// As it is shown.
    #[must_use]
    pub fn view(&self) -> JobView {
        let counts = self.counts();
        let (work, dry_run) = match &self.work {
            Work::Import(work) => ("import", work.dry_run),
            Work::Export(_) => ("export", false),
            Work::Files(_) => ("files", false),
        };
        let step = match (self.state, self.stages.last()) {
            (JobState::Running, Some(stage)) => stage.title.clone(),
            _ => String::new(),
        };
        JobView {
            id: self.id.to_string(),
            title: self.title(),
            work: work.to_owned(),
            path: self.path().to_owned(),
            dry_run,
            state: self.state,
            done: self.done,
            of: self.of,
            rows: if work == "import" { counts.rows } else { self.rows },
            rows_per_s: 0,
            step,
            counts,
            stages: if self.stages.len() > 1 { self.stages.clone() } else { Vec::new() },
            refused_listed: self.refused_listed(),
            rejects: self.rejects.clone(),
            resumable: work != "export" && !matches!(self.state, JobState::Running | JobState::Done),
            error: self.error.clone(),
            note: self.note.clone(),
            started_at: self.started_at,
            ended_at: self.ended_at,
        }
    }
}

/// Every job that is kept, the latest first.
///
/// # Errors
/// That the storage failed.
pub fn all(store: &Store) -> Result<Vec<JobRecord>, CallError> {
    let text = store.remembered(JOBS)?;
    // A list that cannot be read was written by a newer program: its jobs are done by it.
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// One job.
///
/// # Errors
/// `NOT_FOUND`, or that the storage failed.
pub fn one(store: &Store, id: Uuid) -> Result<JobRecord, CallError> {
    all(store)?.into_iter().find(|job| job.id == id).ok_or_else(|| not_found(&id.to_string()))
}

/// That there is no such job.
#[must_use]
pub fn not_found(id: &str) -> CallError {
    CallError::trouble("NOT_FOUND", format!("There is no job {id}."), "Look at the list of jobs.")
}

/// Keeps a job as it stands.
///
/// # Errors
/// That the storage failed.
pub fn keep(store: &Store, job: &JobRecord) -> Result<(), CallError> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    // The list is read and written again: jobs that run side by side take turns.
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut jobs = all(store)?;
    match jobs.iter_mut().find(|kept| kept.id == job.id) {
        Some(kept) => *kept = job.clone(),
        None => jobs.insert(0, job.clone()),
    }
    let mut gone = Vec::new();
    while jobs.len() > KEPT {
        let Some(oldest) = jobs.iter().rposition(|job| job.state != JobState::Running) else { break };
        gone.push(jobs.remove(oldest));
    }
    write(store, &jobs)?;
    gone.iter().try_for_each(|job| forget_refused(store, job))
}

/// Forgets a job and its refused rows.
///
/// # Errors
/// That the storage failed.
pub fn forget(store: &Store, id: Uuid) -> Result<(), CallError> {
    let mut jobs = all(store)?;
    let Some(at) = jobs.iter().position(|job| job.id == id) else { return Ok(()) };
    let job = jobs.remove(at);
    write(store, &jobs)?;
    forget_refused(store, &job)
}

fn write(store: &Store, jobs: &[JobRecord]) -> Result<(), CallError> {
    let text = serde_json::to_string(jobs).map_err(|error| {
        CallError::trouble("BAD_ANSWER", format!("The list of jobs cannot be written: {error}."), "Report this.")
    })?;
    Ok(store.remember(JOBS, &text)?)
}

fn chunk_name(id: Uuid, chunk: usize) -> String {
    format!("job.{id}.refused.{chunk}")
}

fn forget_refused(store: &Store, job: &JobRecord) -> Result<(), CallError> {
    for chunk in 0..job.chunks.len() {
        store.forget(&chunk_name(job.id, chunk))?;
    }
    Ok(())
}

/// Keeps refused rows; the record that counts them is kept by its own.
///
/// # Errors
/// That the storage failed.
pub fn keep_refused(store: &Store, job: &mut JobRecord, rows: &[RefusedRow]) -> Result<(), CallError> {
    for chunk in rows.chunks(CHUNK_ROWS) {
        if job.refused_listed() >= REFUSED_KEPT {
            return Ok(());
        }
        let text = serde_json::to_string(chunk).unwrap_or_default();
        store.remember(&chunk_name(job.id, job.chunks.len()), &text)?;
        job.chunks.push(u32::try_from(chunk.len()).unwrap_or(u32::MAX));
    }
    Ok(())
}

/// Refused rows by place.
///
/// # Errors
/// That the storage failed.
pub fn refused(store: &Store, job: &JobRecord, first: u64, count: u64) -> Result<Vec<RefusedRow>, CallError> {
    let end = first.saturating_add(count);
    let mut rows = Vec::new();
    let mut from = 0_u64;
    for (chunk, length) in job.chunks.iter().enumerate() {
        let to = from + u64::from(*length);
        if to > first && from < end {
            let text = store.remembered(&chunk_name(job.id, chunk))?.unwrap_or_default();
            let all: Vec<RefusedRow> = serde_json::from_str(&text).unwrap_or_default();
            let wanted = (from..to).zip(all).filter(|(place, _)| (first..end).contains(place));
            rows.extend(wanted.map(|(_, row)| row));
        }
        from = to;
    }
    Ok(rows)
}
