//! Imports as jobs: looked at, begun, kept up with.

use super::record::{ImportWork, JobRecord, Work, keep, keep_refused};
use super::{Handle, KEEP_EVERY};
use crate::error::CallError;
use crate::import::cis::Would;
use crate::import::fields::{Sort, Target};
use crate::import::mapping::{self, Mapping, Translator};
use crate::import::plan::{self, ImportKind, Setting};
use crate::import::sniff::Form;
use crate::import::source::{Cells, Source};
use crate::import::{Flow, Mode, NumberSource, RefusedRow, Sink, Step};
use crate::issue::How;
use crate::view::jobs::{
    FieldChoice, FileColumn, FileLook, JobState, LookAtFileRequest, PreviewRow, StageCounts, StartImportRequest,
};
use crate::view::mutations::Changes;
use crate::{App, Open};
use slipway_domain::command::Command;
use slipway_domain::execute::Effect;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::Records;
use slipway_domain::refusal::{Fault, Finding};
use slipway_store::numbers::Numbers;
use std::path::Path;
use std::time::{Instant, UNIX_EPOCH};
use uuid::Uuid;

/// Rows whose values are looked at for a proposal.
const SAMPLED: usize = 200;
/// Values of a column that are shown.
const SAMPLES: usize = 3;
/// Rows of a preview.
const PREVIEWED: usize = 20;
/// Longest value that is shown, in characters.
const SHOWN_CHARS: usize = 120;
/// Refused rows that wait for being kept.
const WAITING_MOST: usize = 2_000;

/// What a file is, and how it would be read.
///
/// # Errors
/// A file that cannot be read.
pub fn look(app: &App, request: &LookAtFileRequest) -> Result<FileLook, CallError> {
    let reading = request.mapping.as_ref().map(|m| m.reading.clone()).unwrap_or_default();
    let source = Source::open(Path::new(&request.path), &reading)?;
    let kind = request.kind.unwrap_or_else(|| ImportKind::of(&source));
    let samples = sample(&source)?;
    let choice = choose(app, kind, &source, &samples, request.mapping.as_ref())?;
    let mut findings = choice.findings;
    let (preview_fields, preview) = match kind.mapped() {
        Some(target) => match Translator::of(target, source.header(), &choice.mapping) {
            Ok(translator) => (translator.header(), preview(&samples, &source, Some(&translator))),
            Err(error) => {
                let new = error.findings().iter().filter(|f| !findings.contains(f)).cloned().collect::<Vec<_>>();
                findings.extend(new);
                (mapping::labels(source.header()), preview(&samples, &source, None))
            }
        },
        None => (mapping::labels(source.header()), preview(&samples, &source, None)),
    };
    let stages = match (kind.mapped(), plan::stages(kind, &source, &choice.mapping)) {
        (None, Ok(stages)) => stages.iter().map(|s| s.title.to_owned()).collect(),
        (None, Err(error)) => {
            findings.extend(error.findings().iter().cloned());
            Vec::new()
        }
        (Some(_), _) => Vec::new(),
    };
    Ok(FileLook {
        kind,
        form: form(source.form()).to_owned(),
        encoding: source.encoding().to_owned(),
        delimiter: delimiter(source.form()),
        size_bytes: source.size_bytes(),
        columns: columns(&source, &samples),
        fields: kind.mapped().map(choices).unwrap_or_default(),
        mapping: choice.mapping,
        remembered: choice.remembered,
        findings,
        left_out: choice.left_out,
        preview,
        preview_fields,
        stages,
    })
}

/// A mapping and what is to be said about it.
struct Choice {
    mapping: Mapping,
    remembered: bool,
    findings: Vec<Finding>,
    left_out: Vec<String>,
}

/// The mapping that was given, the one that was used for such a file before, or a proposed one.
fn choose(
    app: &App,
    kind: ImportKind,
    source: &Source,
    samples: &[(u64, Result<Vec<String>, String>)],
    given: Option<&Mapping>,
) -> Result<Choice, CallError> {
    let Some(target) = kind.mapped() else {
        let mapping = given.cloned().unwrap_or_default();
        return Ok(Choice { mapping, remembered: false, findings: Vec::new(), left_out: Vec::new() });
    };
    let rows: Vec<Vec<String>> = samples.iter().filter_map(|(_, row)| row.as_ref().ok().cloned()).collect();
    let proposal = mapping::propose(target, source.header(), &rows);
    if let Some(given) = given.filter(|m| !m.columns.is_empty()) {
        let labels = mapping::labels(source.header());
        let left_out = labels.into_iter().filter(|l| given.columns.get(l).is_none_or(String::is_empty)).collect();
        return Ok(Choice { mapping: given.clone(), remembered: false, findings: Vec::new(), left_out });
    }
    let kept = app.open()?.store.remembered(&name_of(kind, source))?;
    if let Some(mapping) = kept.filter(|_| given.is_none()).and_then(|text| serde_json::from_str::<Mapping>(&text).ok())
    {
        let left_out = mapping.columns.iter().filter(|(_, f)| f.is_empty()).map(|(c, _)| c.clone()).collect();
        return Ok(Choice { mapping, remembered: true, findings: Vec::new(), left_out });
    }
    // What was given without columns is kept beside the proposed ones.
    let mut mapping = given.cloned().unwrap_or_default();
    mapping.columns = proposal.mapping.columns;
    mapping.decimal_commas.extend(proposal.mapping.decimal_commas);
    mapping.dates = mapping.dates.or(proposal.mapping.dates);
    let findings = proposal.findings.into_iter().filter(|f| !is_answered(f, &mapping)).collect();
    Ok(Choice { mapping, remembered: false, findings, left_out: proposal.left_out })
}

/// A needed column that is not there may be a constant.
fn is_answered(finding: &Finding, mapping: &Mapping) -> bool {
    finding.code == "MISSING_COLUMN"
        && finding.data.get("column").is_some_and(|column| mapping.constants.contains_key(column))
}

fn name_of(kind: ImportKind, source: &Source) -> String {
    format!("import.mapping.{}.{}", kind.name(), mapping::shape(source.header()))
}

/// A row with its line: its fields, or why they cannot be told.
type Sampled = (u64, Result<Vec<String>, String>);

fn sample(source: &Source) -> Result<Vec<Sampled>, CallError> {
    let mut entries = source.entries()?;
    let mut rows = Vec::new();
    while rows.len() < SAMPLED {
        let Some(entry) = entries.next_entry().map_err(|e| crate::import::unreadable(&e))? else { break };
        rows.push((entry.line, entry.cells.map(|cells: Cells| cells.fields(source.header()))));
    }
    Ok(rows)
}

fn columns(source: &Source, rows: &[Sampled]) -> Vec<FileColumn> {
    let column = |(place, name): (usize, String)| {
        let values = rows.iter().filter_map(|(_, row)| row.as_ref().ok().and_then(|r| r.get(place)));
        let mut samples: Vec<String> = Vec::new();
        for value in values.map(|v| cut(v.trim())).filter(|v| !v.is_empty()) {
            if samples.len() < SAMPLES && !samples.contains(&value) {
                samples.push(value);
            }
        }
        FileColumn { name, samples }
    };
    mapping::labels(source.header()).into_iter().enumerate().map(column).collect()
}

fn cut(text: &str) -> String {
    text.chars().take(SHOWN_CHARS).collect()
}

fn preview(rows: &[Sampled], source: &Source, translator: Option<&Translator>) -> Vec<PreviewRow> {
    let width = source.header().len();
    let row = |(line, fields): &(u64, Result<Vec<String>, String>)| {
        let taken = fields.clone().and_then(|f| translator.map_or(Ok(f.clone()), |t| t.row(&f)));
        match taken {
            Ok(fields) => {
                PreviewRow { line: *line, fields: fields.iter().map(|f| cut(f)).collect(), reason: String::new() }
            }
            Err(reason) => {
                let shown = translator.map_or(width, |t| t.header().len());
                PreviewRow { line: *line, fields: vec![String::new(); shown], reason }
            }
        }
    };
    rows.iter().take(PREVIEWED).map(row).collect()
}

fn choices(target: Target) -> Vec<FieldChoice> {
    let choice = |field: &crate::import::fields::Field| FieldChoice {
        name: field.name.to_owned(),
        label: field.label.to_owned(),
        required: field.required,
        is_level: matches!(field.sort, Sort::Level(_)),
    };
    target.fields().iter().map(choice).collect()
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Table(_) => "table",
        Form::JsonLines => "JSON lines",
        Form::Json => "JSON document",
        Form::Xml => "XML document",
        Form::Ansible => "answers of ansible",
        Form::Yaml => "YAML, a model a file",
    }
}

fn delimiter(form: Form) -> String {
    match form {
        Form::Table(b'\t') => "tab".to_owned(),
        Form::Table(byte) => char::from(byte).to_string(),
        Form::JsonLines | Form::Json | Form::Xml | Form::Ansible | Form::Yaml => String::new(),
    }
}

/// Everything that keeps an import from being begun is found before it is.
pub(super) fn prepare(app: &App, request: &StartImportRequest) -> Result<JobRecord, CallError> {
    let open = app.open()?;
    let path = Path::new(&request.path);
    let reading = request.mapping.as_ref().map(|m| m.reading.clone()).unwrap_or_default();
    let source = Source::open(path, &reading)?;
    let samples = if request.kind.mapped().is_some() { sample(&source)? } else { Vec::new() };
    let mut choice = choose(app, request.kind, &source, &samples, request.mapping.as_ref())?;
    slipway_domain::refusal::none(choice.findings)?;
    if choice.mapping.system.trim().is_empty() {
        choice.mapping.system = system(request.kind, path);
    }
    plan::stages(request.kind, &source, &choice.mapping)?;
    if request.kind.mapped().is_some() && request.mapping.as_ref().is_some_and(|m| !m.columns.is_empty()) {
        let text = serde_json::to_string(&choice.mapping).unwrap_or_default();
        open.store.remember(&name_of(request.kind, &source), &text)?;
    }
    let (size_bytes, modified_ms) = identity(path)?;
    let work = ImportWork {
        path: request.path.clone(),
        kind: request.kind,
        mapping: choice.mapping,
        dry_run: request.dry_run,
        rejects: request.rejects.clone(),
        size_bytes,
        modified_ms,
    };
    let mut record = JobRecord::new(Work::Import(work), app.host().now());
    if !choice.left_out.is_empty() {
        record.note = format!("Left out: {}.", choice.left_out.join(", "));
    }
    Ok(record)
}

/// The suite that changes come from, where none is named: the product, or the file.
fn system(kind: ImportKind, path: &Path) -> String {
    match kind {
        ImportKind::ServiceManager => "Service Manager".to_owned(),
        _ => path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default(),
    }
}

fn identity(path: &Path) -> Result<(u64, i64), CallError> {
    let metadata = std::fs::metadata(path).map_err(|error| {
        CallError::trouble(
            "FILE_UNREADABLE",
            format!("The file {} cannot be read: {error}.", path.display()),
            "Check the path and the file's rights, then try again.",
        )
    })?;
    let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let modified_ms = modified.and_then(|at| i64::try_from(at.as_millis()).ok()).unwrap_or_default();
    Ok((metadata.len(), modified_ms))
}

/// Lines count only in the file that they were counted in.
pub(super) fn check_same_file(record: &JobRecord) -> Result<(), CallError> {
    let Work::Import(work) = &record.work else { return Ok(()) };
    if identity(Path::new(&work.path))? == (work.size_bytes, work.modified_ms) {
        return Ok(());
    }
    Err(CallError::trouble(
        "FILE_CHANGED",
        format!("The file {} is another than the one that was begun with.", work.path),
        "Import it anew: rows that are in already are left alone.",
    ))
}

/// The body of an import.
pub(super) fn run(handle: &mut Handle, record: &mut JobRecord, work: &ImportWork) -> Result<JobState, CallError> {
    let source = Source::open(Path::new(&work.path), &work.mapping.reading)?;
    let stages = plan::stages(work.kind, &source, &work.mapping)?;
    let setting = Setting {
        system: work.mapping.system.clone(),
        actor: handle.open.actor,
        now: handle.app.host().now(),
        mode: if work.dry_run { Mode::DryRun } else { Mode::Take },
        would: Would::default(),
    };
    let size = source.size_bytes();
    record.of = size.saturating_mul(stages.len() as u64);
    // What a dry run would have created is known only to the run that found it.
    let first = if work.dry_run && record.stage > 0 { 0 } else { record.stage };
    if first == 0 && (record.stage > 0 || work.dry_run) {
        record.start_over();
    }
    for (at, stage) in stages.iter().enumerate().skip(first) {
        if record.stages.len() <= at {
            record.stages.push(StageCounts { title: stage.title.to_owned(), counts: crate::import::Counts::default() });
        }
        record.stage = at;
        let skip = record.read;
        let before = size.saturating_mul(at as u64);
        let mut desk = Desk { handle, record, before, waiting: Vec::new(), kept: None, stopped: None };
        let outcome = stage.run(&source, &setting, skip, &mut desk);
        let stopped = desk.stopped;
        let kept = desk.keep();
        if outcome? == Flow::Stop {
            kept?;
            return Ok(stopped.unwrap_or(JobState::Cancelled));
        }
        kept?;
        record.read = 0;
        record.stage = at + 1;
    }
    record.done = record.of;
    Ok(JobState::Done)
}

impl JobRecord {
    /// A dry run cannot go on in the middle.
    fn start_over(&mut self) {
        self.stage = 0;
        self.read = 0;
        self.stages.clear();
        self.chunks.clear();
    }
}

/// The application as an import sees it.
struct Desk<'a> {
    handle: &'a mut Handle,
    record: &'a mut JobRecord,
    /// Bytes of the passes before.
    before: u64,
    /// Refused rows that are not kept yet.
    waiting: Vec<RefusedRow>,
    kept: Option<Instant>,
    stopped: Option<JobState>,
}

impl Desk<'_> {
    fn open(&self) -> &Open {
        &self.handle.open
    }

    fn keep(&mut self) -> Result<(), CallError> {
        let waiting = std::mem::take(&mut self.waiting);
        keep_refused(&self.handle.open.store, self.record, &waiting)?;
        self.kept = Some(Instant::now());
        keep(&self.handle.open.store, self.record)
    }
}

impl Sink for Desk<'_> {
    fn read(&self, look: &mut dyn FnMut(&dyn Records) -> Result<(), Fault>) -> Result<(), CallError> {
        self.open().store.read(|records: &_| look(records).map_err(CallError::from))
    }

    fn issue(&mut self, build: &mut dyn FnMut(&mut dyn NumberSource) -> Command) -> Result<Effect, CallError> {
        let app = &self.handle.app;
        let issued = app.issue_built(&self.handle.open, &mut |numbers| build(&mut Leased(numbers)), How::default())?;
        app.host().changed(&Changes::from(&issued.changes));
        Ok(issued.effect)
    }

    fn try_out(&mut self, command: &Command) -> Result<Effect, CallError> {
        Ok(self.open().store.try_out(self.open().actor, self.handle.app.host().now(), command)?)
    }

    fn step(&mut self, step: Step) -> Result<Flow, CallError> {
        self.record.read = step.read;
        self.record.done = self.before.saturating_add(step.bytes);
        if let Some(stage) = self.record.stages.last_mut() {
            stage.counts = stage.counts.and(step.counts);
        }
        self.waiting.extend(step.refused);
        let due = self.kept.is_none_or(|kept| kept.elapsed() >= KEEP_EVERY);
        if due || self.waiting.len() >= WAITING_MOST {
            self.keep()?;
        }
        self.handle.tell(self.record, false);
        self.stopped = self.handle.stop();
        Ok(if self.stopped.is_some() { Flow::Stop } else { Flow::On })
    }
}

/// The store's numbers, as an import takes them.
struct Leased<'a, 't>(&'a mut Numbers<'t>);

impl NumberSource for Leased<'_, '_> {
    fn take(&mut self, series: Series, id: Uuid) -> Number {
        self.0.take(series, id)
    }
}
