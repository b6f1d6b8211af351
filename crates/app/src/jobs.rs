//! Long work on threads of its own: how far it is, how it is cancelled, and how it goes on after a crash or a restart.
//!
//! What a job needs to go on is kept in the encrypted database while it runs; nothing of it lies beside it in the clear.

pub mod export;
pub mod files;
pub mod import;
pub mod record;
pub mod sbom;
mod scan;
pub mod set;
mod verify;

use crate::error::CallError;
use crate::import::plan::ImportKind;
use crate::import::source::Source;
use crate::import::{ImportReport, REFUSED_LISTED, rejects};
use crate::view::common::Nothing;
use crate::view::jobs::{
    JobList, JobRequest, JobState, JobView, RefusedPage, RefusedRequest, SaveRefusedRequest, SavedRefused,
    StartExportRequest, StartImportRequest,
};
use crate::{App, Open};
use record::{JobRecord, Work};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Jobs under way at once: each of them writes, and writers take turns.
const RUNNING_MOST: usize = 4;
/// A job that is under way is told of no more often than this.
const TELL_EVERY: Duration = Duration::from_millis(200);
/// What a job needs to go on is kept no more often than this.
pub(crate) const KEEP_EVERY: Duration = Duration::from_millis(1_000);

/// The jobs that are under way in this program.
#[derive(Default)]
pub struct Jobs(Mutex<BTreeMap<Uuid, Arc<Running>>>);

/// A job that is under way.
pub struct Running {
    cancel: AtomicBool,
    view: Mutex<JobView>,
}

impl Running {
    fn view(&self) -> JobView {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the body of a job tells and asks.
pub struct Handle {
    app: App,
    open: Arc<Open>,
    running: Arc<Running>,
    /// Where what is asked of the server is awaited: a job has a thread of its own.
    runtime: tokio::runtime::Handle,
    began: Instant,
    rows_before: u64,
    told: Option<Instant>,
}

impl Handle {
    /// Why the job has to end, if it has to.
    fn stop(&self) -> Option<JobState> {
        if self.running.cancel.load(Ordering::Acquire) {
            return Some(JobState::Cancelled);
        }
        self.app.is_locked().then_some(JobState::Interrupted)
    }

    /// Tells how the job stands, if that was not done just now.
    fn tell(&mut self, record: &JobRecord, always: bool) {
        if !always && self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return;
        }
        self.told = Some(Instant::now());
        let mut view = record.view();
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        view.rows_per_s = view.rows.saturating_sub(self.rows_before).saturating_mul(1_000) / ms;
        *self.running.view.lock().unwrap_or_else(PoisonError::into_inner) = view.clone();
        self.app.host().job(&view);
    }
}

/// Begins an import on a thread of its own.
///
/// # Errors
/// A file or mapping that cannot be used, or trouble.
pub fn start_import(app: &App, request: &StartImportRequest) -> Result<JobView, CallError> {
    let record = import::prepare(app, request)?;
    begin(app, record)
}

/// Begins an export on a thread of its own.
///
/// # Errors
/// A list or file that there is none of.
pub fn start_export(app: &App, request: &StartExportRequest) -> Result<JobView, CallError> {
    let record = export::prepare(app, request)?;
    begin(app, record)
}

/// Every job: those under way and those that ended.
///
/// # Errors
/// Trouble.
pub fn list(app: &App, _: &Nothing) -> Result<JobList, CallError> {
    let open = app.open()?;
    let kept = record::all(&open.store)?;
    let jobs = kept.iter().map(|record| known(app, record)).collect();
    Ok(JobList { jobs })
}

/// One job.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &JobRequest) -> Result<JobView, CallError> {
    let id = id_of(&request.job)?;
    if let Some(running) = app.jobs().of(id) {
        return Ok(running.view());
    }
    Ok(known(app, &record::one(&app.open()?.store, id)?))
}

/// Stops a job; what was taken is kept.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn cancel(app: &App, request: &JobRequest) -> Result<JobView, CallError> {
    let id = id_of(&request.job)?;
    if let Some(running) = app.jobs().of(id) {
        running.cancel.store(true, Ordering::Release);
        return Ok(running.view());
    }
    get(app, request)
}

/// Goes on with an import from where it ended.
///
/// # Errors
/// `NOT_FOUND`, `NOT_RESUMABLE`, a file that is another now, or trouble.
pub fn resume(app: &App, request: &JobRequest) -> Result<JobView, CallError> {
    let id = id_of(&request.job)?;
    if let Some(running) = app.jobs().of(id) {
        return Ok(running.view());
    }
    let mut record = record::one(&app.open()?.store, id)?;
    if !known(app, &record).resumable {
        return Err(CallError::trouble(
            "NOT_RESUMABLE",
            format!("{} cannot go on: it came to its end.", record.title()),
            "Begin it anew: what is in already is left alone.",
        ));
    }
    import::check_same_file(&record)?;
    record.go_on();
    begin(app, record)
}

/// Forgets a job that ended, and the list of its refused rows.
///
/// # Errors
/// `JOB_RUNNING`, or trouble.
pub fn dismiss(app: &App, request: &JobRequest) -> Result<JobList, CallError> {
    let id = id_of(&request.job)?;
    if app.jobs().of(id).is_some() {
        return Err(CallError::trouble("JOB_RUNNING", "The job is under way.", "Cancel it first."));
    }
    record::forget(&app.open()?.store, id)?;
    list(app, &Nothing)
}

/// Refused rows of an import, by place.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn refused(app: &App, request: &RefusedRequest) -> Result<RefusedPage, CallError> {
    let open = app.open()?;
    let record = record::one(&open.store, id_of(&request.job)?)?;
    let count = request.count.min(500);
    let rows = record::refused(&open.store, &record, u64::from(request.first), u64::from(count))?;
    Ok(RefusedPage { rows, total: record.refused_listed() })
}

/// Writes the refused rows of an import into a file, to be mended and imported again.
///
/// # Errors
/// A source that is another now, or trouble with either file.
pub fn save_refused(app: &App, request: &SaveRefusedRequest) -> Result<SavedRefused, CallError> {
    let open = app.open()?;
    let mut record = record::one(&open.store, id_of(&request.job)?)?;
    let rows = write_refused(&open, &record, &request.path)?;
    record.rejects = Some(request.path.clone());
    record::keep(&open.store, &record)?;
    Ok(SavedRefused { rows, path: request.path.clone() })
}

fn write_refused(open: &Open, record: &JobRecord, path: &str) -> Result<u64, CallError> {
    import::check_same_file(record)?;
    let Work::Import(work) = &record.work else { return Ok(0) };
    if std::fs::canonicalize(path).ok().is_some_and(|to| std::fs::canonicalize(&work.path).ok() == Some(to)) {
        return Err(CallError::trouble(
            "SAME_FILE",
            "The refused rows cannot be written over the file that they come from.",
            "Choose another name.",
        ));
    }
    let source = Source::open(work.path.as_ref(), &work.mapping.reading)?;
    let refused = record::refused(&open.store, record, 0, record.refused_listed())?;
    rejects::save(&source, &refused, path.as_ref())
}

/// Runs an import on this thread, as a call that waits for its end; gives the whole report. The job is forgotten.
///
/// # Errors
/// Why it ended before its file did.
pub(crate) fn import_at_once(app: &App, request: &StartImportRequest) -> Result<ImportReport, CallError> {
    let record = import::prepare(app, request)?;
    let id = record.id;
    let (handle, record) = handle(app, record)?;
    run(handle, record);
    let open = app.open()?;
    let record = record::one(&open.store, id)?;
    let mut refused = record::refused(&open.store, &record, 0, REFUSED_LISTED as u64)?;
    refused.sort();
    record::forget(&open.store, id)?;
    if let Some(error) = record.error {
        return Err(error);
    }
    let counts = record.counts();
    Ok(ImportReport {
        rows: counts.rows,
        created: counts.created,
        updated: counts.updated,
        unchanged: counts.unchanged,
        refused_unlisted: counts.refused.saturating_sub(refused.len() as u64),
        refused,
    })
}

/// The latest import of a file that has not come to its end.
///
/// # Errors
/// Trouble.
pub fn unfinished(app: &App, path: &str, kind: ImportKind) -> Result<Option<JobView>, CallError> {
    let jobs = record::all(&app.open()?.store)?;
    let found = jobs.iter().find(|record| match &record.work {
        Work::Import(work) => work.path == path && work.kind == kind && known(app, record).resumable,
        Work::Export(_) | Work::Files(_) => false,
    });
    Ok(found.map(|record| known(app, record)))
}

impl Jobs {
    fn of(&self, id: Uuid) -> Option<Arc<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn add(&self, id: Uuid, running: Arc<Running>) -> Result<(), CallError> {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if jobs.len() >= RUNNING_MOST {
            return Err(CallError::trouble(
                "TOO_MANY_JOBS",
                format!("{RUNNING_MOST} imports, exports or works on files are under way already."),
                "Wait for one of them, or cancel it.",
            ));
        }
        jobs.insert(id, running);
        drop(jobs);
        Ok(())
    }

    fn remove(&self, id: Uuid) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// How a job that is kept stands: one that was under way in a program that is gone was interrupted.
fn known(app: &App, record: &JobRecord) -> JobView {
    match app.jobs().of(record.id) {
        Some(running) => running.view(),
        None if record.state == JobState::Running => {
            let mut ended = record.clone();
            ended.state = JobState::Interrupted;
            ended.view()
        }
        None => record.view(),
    }
}

fn handle(app: &App, record: JobRecord) -> Result<(Handle, JobRecord), CallError> {
    let open = app.open()?;
    let running = Arc::new(Running { cancel: AtomicBool::new(false), view: Mutex::new(record.view()) });
    app.jobs().add(record.id, running.clone())?;
    if let Err(error) = record::keep(&open.store, &record) {
        app.jobs().remove(record.id);
        return Err(error);
    }
    let rows_before = record.view().rows;
    let runtime = tokio::runtime::Handle::current();
    let handle = Handle { app: app.clone(), open, running, runtime, began: Instant::now(), rows_before, told: None };
    Ok((handle, record))
}

fn begin(app: &App, record: JobRecord) -> Result<JobView, CallError> {
    let id = record.id;
    let (mut handle, record) = handle(app, record)?;
    handle.tell(&record, true);
    let view = handle.running.view();
    let spawned = std::thread::Builder::new().name("job".to_owned()).spawn(move || run(handle, record));
    if let Err(error) = spawned {
        app.jobs().remove(id);
        return Err(CallError::trouble(
            "NO_THREADS",
            format!("The job could not be begun: {error}."),
            "End other programs and try again.",
        ));
    }
    Ok(view)
}

/// The whole life of a job on its thread.
fn run(mut handle: Handle, mut record: JobRecord) {
    let ended = match record.work.clone() {
        Work::Import(work) => import::run(&mut handle, &mut record, &work),
        Work::Export(work) => export::run(&mut handle, &mut record, &work),
        Work::Files(work) => files::run(&mut handle, &mut record, &work),
    };
    record.end(ended, handle.app.host().now());
    if let (Work::Import(work), true) = (&record.work, record.refused_listed() > 0)
        && let Some(path) = work.rejects.clone()
    {
        match write_refused(&handle.open, &record, &path) {
            Ok(_) => record.rejects = Some(path),
            Err(error) => record.error = record.error.or(Some(error)),
        }
    }
    if let Err(error) = record::keep(&handle.open.store, &record) {
        tracing::error!(error = %error, "the end of a job could not be kept");
        record.error = record.error.or(Some(error));
    }
    handle.tell(&record, true);
    handle.app.jobs().remove(record.id);
    handle.app.host().job(&record.view());
}

fn id_of(text: &str) -> Result<Uuid, CallError> {
    text.parse().map_err(|_| record::not_found(text))
}
