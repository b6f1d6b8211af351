//! `slipwayctl import`, `export` and `job`: files in and out.

use crate::desk::Desk;
use crate::print::{Answer, at, rows, table, text, wrong_use};
use crate::release::absolute;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use slipway_app::error::CallError;
use slipway_app::export::{ExportFormat, ExportKind, write, write_file};
use slipway_app::import::plan::ImportKind;
use slipway_app::jobs::unfinished;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Lines of refused rows that a person is shown; all of them stand in the JSON report.
const SHOWN: usize = 50;
/// Refused rows of the JSON report; the others stand in the file of `--rejects`.
const LISTED: u64 = 10_000;
/// A job is looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A file to take records from.
#[derive(Args)]
#[command(after_help = "Examples:
  slipwayctl import cis inventory.csv --dry-run            line and reason of every row that would be refused
  slipwayctl import cis inventory.csv --show-map > map.json    the proposed mapping, to be edited
  slipwayctl import cis inventory.csv --map map.json --rejects bad.csv
  slipwayctl import cis bad.csv                            the mended rows; nothing is made twice
  slipwayctl import cis million.csv --resume               goes on after Ctrl C, a crash or a restart
  slipwayctl import relations relations.csv
  slipwayctl import changes changes.csv --system ServiceDesk
  slipwayctl import service-manager Detail_Change.csv
  slipwayctl import netbox devices.json
  slipwayctl import itop servers.xml
  slipwayctl import snipe-it assets.csv
  slipwayctl import models devicetype-library              hardware models: see slipwayctl dhs model --help
  slipwayctl import lshw web-01.json                       what was seen: see slipwayctl observe --help

A mapping is JSON, every part of it optional:
  { \"columns\": { \"Host\": \"name\", \"Kind\": \"class\", \"Weight\": \"attributes.weight\", \"Junk\": \"\" },
    \"constants\": { \"environment\": \"production\" },
    \"values\": { \"status\": { \"live\": \"in use\" } },
    \"numbers\": { \"impact\": \"highest_first\" },
    \"decimal_commas\": [\"Weight\"], \"dates\": \"day_first\", \"utc_offset_minutes\": 60,
    \"reading\": { \"encoding\": \"windows-1252\", \"delimiter\": \";\" }, \"system\": \"ServiceDesk\" }")]
pub struct Import {
    /// What the file holds: cis, relations, changes, observations, service-manager, netbox, itop, snipe-it, ansible,
    /// lshw or models.
    #[arg(value_parser = [
        "cis", "relations", "changes", "observations", "service-manager", "netbox", "itop", "snipe-it", "ansible", "lshw",
        "models",
    ])]
    kind: String,
    /// The file: CSV with any delimiter and encoding, JSON lines, or the product's own JSON or XML.
    file: PathBuf,
    /// Where columns go: a file in JSON. Remembered for files of the same columns.
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Print the mapping that would be used, and do nothing.
    #[arg(long)]
    show_map: bool,
    /// Say what would be done; change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Write the refused rows here, each with its reason, to be mended and imported again.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Go on with the import of this file that was cancelled or interrupted.
    #[arg(long)]
    resume: bool,
    /// The suite that changes come from; the file's name without its ending, if not given.
    #[arg(long)]
    system: Option<String>,
    #[arg(skip)]
    constants: serde_json::Map<String, Value>,
}

impl Import {
    /// A file whose rows have these values where it has none.
    pub fn of(
        kind: String,
        file: PathBuf,
        map: Option<PathBuf>,
        dry_run: bool,
        rejects: Option<PathBuf>,
        constants: serde_json::Map<String, Value>,
    ) -> Self {
        Self { kind, file, map, show_map: false, dry_run, rejects, resume: false, system: None, constants }
    }
}

/// A file to write records to.
#[derive(Args)]
#[command(after_help = "Examples:
  slipwayctl export cis --output cis.csv                   every field of every CI; can be imported again
  slipwayctl export list ci --filter \"class:server state:in_use\" --sort name --columns label,class,serial_number --output servers.csv
  slipwayctl export list release --filter phase:build --format json --output releases.json")]
pub struct Export {
    /// cis, relations, changes, releases or tasks with every field; or list, for what a list shows.
    kind: String,
    /// Of which kind of record a list is: ci, release, change, task, dsl_item, dhs_unit and so on.
    list: Option<String>,
    /// csv or json.
    #[arg(long, default_value = "csv")]
    format: String,
    /// The file; standard output, if not given or - (a list needs a file).
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Filter of the list, as in the window.
    #[arg(long, default_value = "")]
    filter: String,
    /// Field that the list is sorted by.
    #[arg(long)]
    sort: Option<String>,
    /// The other way round.
    #[arg(long)]
    descending: bool,
    /// Columns of the list in this order: label, title, state, or any cell; all of them, if not given.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// Leave cells that a spreadsheet would take for a formula as they are, without an apostrophe in front.
    #[arg(long)]
    no_formula_guard: bool,
}

/// Imports and exports that are under way or ended.
#[derive(Subcommand)]
pub enum JobCall {
    /// Every job, the latest first. Example: slipwayctl job list
    List,
    /// Go on with an import that was cancelled or interrupted. Example: slipwayctl job resume 0199…
    Resume {
        /// Its identity.
        job: String,
    },
    /// Refused rows of an import. Example: slipwayctl job refused 0199…
    Refused {
        /// Its identity.
        job: String,
    },
    /// Write the refused rows of an import into a file. Example: slipwayctl job save-refused 0199… bad.csv
    SaveRefused {
        /// Its identity.
        job: String,
        /// The file.
        file: PathBuf,
    },
    /// Forget a job that ended. Example: slipwayctl job dismiss 0199…
    Dismiss {
        /// Its identity.
        job: String,
    },
}

/// Takes the good rows, and says line and reason of each refused one.
pub async fn import(desk: &Desk, import: Import) -> Result<Answer, CallError> {
    let path = whole(&import.file)?;
    let kind: ImportKind = import.kind.parse()?;
    let mapping = mapping(&import)?;
    let mut request = json!({ "path": path, "kind": kind, "dry_run": import.dry_run, "mapping": mapping });
    if import.show_map {
        let look = desk.call("import.look", json!({ "path": path, "kind": kind, "mapping": mapping })).await?;
        let shown = serde_json::to_string_pretty(at(&look, "/mapping")).unwrap_or_default();
        return Ok(Answer::new(look, shown));
    }
    if let Some(rejects) = &import.rejects
        && let Some(request) = request.as_object_mut()
    {
        request.insert("rejects".to_owned(), json!(whole(rejects)?));
    }
    let begun = match unfinished(desk.app(), &path, kind)? {
        Some(job) if import.resume => desk.call("jobs.resume", json!({ "job": job.id })).await?,
        None if import.resume => {
            return Err(wrong_use(
                format!("No import of {path} was interrupted."),
                "Leave out --resume: rows that are in already are left alone.",
            ));
        }
        _ => desk.call("import.start", request).await?,
    };
    let job = ended(desk, &begun).await?;
    report(desk, &job).await
}

pub fn whole(path: &Path) -> Result<String, CallError> {
    Ok(absolute(&[path.to_owned()])?.concat())
}

/// The mapping of the file that was named, with the name of the suite in it.
fn mapping(import: &Import) -> Result<Value, CallError> {
    let mut mapping = match &import.map {
        None => json!({}),
        Some(file) => {
            let wrong = |reason: String| {
                wrong_use(
                    format!("The mapping {} cannot be read: {reason}.", file.display()),
                    "Give JSON as --show-map prints it.",
                )
            };
            let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
            serde_json::from_str::<Value>(&text).map_err(|error| wrong(error.to_string()))?
        }
    };
    if let (Some(system), Some(mapping)) = (&import.system, mapping.as_object_mut()) {
        mapping.insert("system".to_owned(), json!(system));
    }
    if let (false, Some(mapping)) = (import.constants.is_empty(), mapping.as_object_mut()) {
        let constants = mapping.entry("constants").or_insert_with(|| json!({}));
        if let Some(constants) = constants.as_object_mut() {
            constants.extend(import.constants.clone());
        }
    }
    // Without anything given, the mapping that was used for such a file before counts.
    Ok(if mapping.as_object().is_some_and(serde_json::Map::is_empty) { Value::Null } else { mapping })
}

/// The job when it has ended; Ctrl C cancels it.
pub async fn ended(desk: &Desk, begun: &Value) -> Result<Value, CallError> {
    let id = text(begun, "/id");
    let mut interrupts = Box::pin(tokio::signal::ctrl_c());
    let mut cancelled = false;
    loop {
        let job = desk.call("jobs.get", json!({ "job": id })).await?;
        if text(&job, "/state") != "running" {
            desk.end_progress();
            return Ok(job);
        }
        tokio::select! {
            _ = &mut interrupts, if !cancelled => {
                cancelled = true;
                desk.call("jobs.cancel", json!({ "job": id })).await?;
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// What an import did, as a person and as a program read it.
async fn report(desk: &Desk, job: &Value) -> Result<Answer, CallError> {
    let id = text(job, "/id");
    if let Some(error) = job.pointer("/error").filter(|e| !e.is_null()) {
        return Err(serde_json::from_value(error.clone()).unwrap_or_else(|_| wrong_use("The import failed.", "")));
    }
    let mut refused = Vec::new();
    let listed = at(job, "/refused_listed").as_u64().unwrap_or_default().min(LISTED);
    while (refused.len() as u64) < listed {
        let page = desk.call("jobs.refused", json!({ "job": id, "first": refused.len(), "count": 500 })).await?;
        if rows(&page, "/rows").is_empty() {
            break;
        }
        refused.extend(rows(&page, "/rows").iter().cloned());
    }
    refused.sort_by_key(|row| at(row, "/line").as_u64());
    let mut lines: Vec<String> =
        refused.iter().take(SHOWN).map(|r| format!("line {}: {}", text(r, "/line"), text(r, "/reason"))).collect();
    if refused.len() > SHOWN {
        lines.push(format!("… and {} more: see --json, or --rejects FILE", refused.len() - SHOWN));
    }
    for stage in rows(job, "/stages") {
        lines.push(format!("{}: {}", text(stage, "/title"), counted(at(stage, "/counts"))));
    }
    let state = text(job, "/state");
    let prefix = if at(job, "/dry_run") == true { "dry run: " } else { "" };
    lines.push(format!("{prefix}{}", counted(at(job, "/counts"))));
    if state != "done" {
        lines.push(format!("{state}; --resume goes on from here"));
    }
    if let Some(file) = at(job, "/rejects").as_str() {
        lines.push(format!("refused rows with their reasons: {file}"));
    }
    let note = text(job, "/note");
    if !note.is_empty() {
        lines.push(note);
    }
    let partly_refused = !refused.is_empty() || state != "done";
    let mut answer = at(job, "/counts").clone();
    let unlisted = at(job, "/counts/refused").as_u64().unwrap_or_default().saturating_sub(refused.len() as u64);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("refused".to_owned(), Value::Array(refused));
        if unlisted > 0 {
            answer.insert("refused_unlisted".to_owned(), json!(unlisted));
        }
        answer.insert("job".to_owned(), job.clone());
    }
    Ok(Answer { partly_refused, ..Answer::new(answer, lines.join("\n")) })
}

fn counted(counts: &Value) -> String {
    format!(
        "{} rows: {} created, {} updated, {} unchanged, {} refused",
        at(counts, "/rows"),
        at(counts, "/created"),
        at(counts, "/updated"),
        at(counts, "/unchanged"),
        at(counts, "/refused"),
    )
}

pub async fn export(desk: &Desk, export: &Export) -> Result<Answer, CallError> {
    if export.kind == "list" {
        return export_list(desk, export).await;
    }
    let kind: ExportKind = export.kind.parse()?;
    let format: ExportFormat = export.format.parse()?;
    let open = desk.app().open()?;
    match export.output.as_ref().filter(|file| file.as_os_str() != "-") {
        None => {
            write(&open.store, kind, format, &mut std::io::stdout().lock())?;
            Ok(Answer::silent())
        }
        Some(file) => {
            let written = write_file(&open.store, kind, format, file)?;
            let line = format!("wrote {written} {} to {}", export.kind, file.display());
            Ok(Answer::new(json!({ "rows": written, "file": file }), line))
        }
    }
}

async fn export_list(desk: &Desk, export: &Export) -> Result<Answer, CallError> {
    let Some(list) = &export.list else {
        return Err(wrong_use(
            "It is not said which list.",
            "Name its kind: slipwayctl export list ci --output cis.csv",
        ));
    };
    let Some(file) = export.output.as_ref().filter(|file| file.as_os_str() != "-") else {
        return Err(wrong_use("A list is written into a file.", "Name it with --output FILE."));
    };
    let columns: Vec<Value> = export.columns.iter().map(|id| json!({ "id": id.trim(), "title": id.trim() })).collect();
    let request = json!({
        "kind": list, "filter": export.filter, "sort": export.sort, "descending": export.descending,
        "columns": columns, "format": export.format, "formulas": export.no_formula_guard, "path": whole(file)?,
    });
    let begun = desk.call("export.start", request).await?;
    let job = ended(desk, &begun).await?;
    if let Some(error) = job.pointer("/error").filter(|e| !e.is_null()) {
        return Err(serde_json::from_value(error.clone()).unwrap_or_else(|_| wrong_use("The export failed.", "")));
    }
    let state = text(&job, "/state");
    let line = match state.as_str() {
        "done" => format!("wrote {} rows to {}\n{}", at(&job, "/rows"), file.display(), text(&job, "/note")),
        _ => format!("{state}; no file was made"),
    };
    let answer = json!({ "rows": at(&job, "/rows"), "file": file, "note": at(&job, "/note"), "state": state });
    Ok(Answer { partly_refused: state != "done", ..Answer::new(answer, line) })
}

pub async fn job(desk: &Desk, call: JobCall) -> Result<Answer, CallError> {
    match call {
        JobCall::List => {
            let list = desk.call("jobs.list", Value::Null).await?;
            let lines: Vec<Vec<String>> = rows(&list, "/jobs")
                .iter()
                .map(|job| {
                    ["/id", "/state", "/title", "/rows", "/counts/refused"].map(|place| text(job, place)).to_vec()
                })
                .collect();
            let shown = if lines.is_empty() {
                "none".to_owned()
            } else {
                table(&["job", "state", "title", "rows", "refused"], &lines)
            };
            Ok(Answer::new(list, shown))
        }
        JobCall::Resume { job } => {
            let begun = desk.call("jobs.resume", json!({ "job": job })).await?;
            let job = ended(desk, &begun).await?;
            report(desk, &job).await
        }
        JobCall::Refused { job } => {
            let page = desk.call("jobs.refused", json!({ "job": job, "first": 0, "count": 500 })).await?;
            let lines: Vec<String> = rows(&page, "/rows")
                .iter()
                .map(|r| format!("line {}: {}", text(r, "/line"), text(r, "/reason")))
                .collect();
            Ok(Answer::new(page, if lines.is_empty() { "none".to_owned() } else { lines.join("\n") }))
        }
        JobCall::SaveRefused { job, file } => {
            let saved = desk.call("jobs.save_refused", json!({ "job": job, "path": whole(&file)? })).await?;
            let line = format!("wrote {} rows to {}", at(&saved, "/rows"), file.display());
            Ok(Answer::new(saved, line))
        }
        JobCall::Dismiss { job } => {
            let list = desk.call("jobs.dismiss", json!({ "job": job })).await?;
            Ok(Answer::new(list, "forgotten"))
        }
    }
}
