//! `slipwayctl import` and `export`: files in and out.

use crate::desk::Desk;
use crate::print::{Answer, at, rows, text};
use crate::release::absolute;
use clap::Args;
use serde_json::json;
use slipway_app::error::CallError;
use slipway_app::export::{ExportFormat, ExportKind, write, write_file};
use std::path::PathBuf;

/// Lines of refused rows that a person is shown; all of them stand in the JSON report.
const SHOWN: usize = 50;

/// A file to take records from.
#[derive(Args)]
pub struct Import {
    /// What the file holds.
    #[arg(value_parser = ["cis", "relations", "changes"])]
    kind: String,
    /// The CSV file.
    file: PathBuf,
    /// Say what would be done; change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The suite that changes come from; the file's name without its ending, if not given.
    #[arg(long)]
    system: Option<String>,
}

/// A file to write records to.
#[derive(Args)]
pub struct Export {
    /// cis, relations, changes, releases or tasks.
    kind: String,
    /// csv or json.
    #[arg(long, default_value = "csv")]
    format: String,
    /// The file; standard output, if not given or -.
    #[arg(long, short)]
    output: Option<PathBuf>,
}

/// Takes the good rows, and says line and reason of each refused one.
pub async fn import(desk: &Desk, import: Import) -> Result<Answer, CallError> {
    let path = absolute(std::slice::from_ref(&import.file))?.concat();
    let request = if import.kind == "changes" {
        let stem = import.file.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        json!({ "path": path, "dry_run": import.dry_run, "system": import.system.unwrap_or(stem) })
    } else {
        json!({ "path": path, "dry_run": import.dry_run })
    };
    let report = desk.call(&format!("import.{}", import.kind), request).await?;
    let refused = rows(&report, "/refused");
    let mut lines: Vec<String> =
        refused.iter().take(SHOWN).map(|r| format!("line {}: {}", text(r, "/line"), text(r, "/reason"))).collect();
    if refused.len() > SHOWN {
        lines.push(format!("… and {} more: see --json", refused.len() - SHOWN));
    }
    lines.push(format!(
        "{}{} rows: {} created, {} updated, {} unchanged, {} refused",
        if import.dry_run { "dry run: " } else { "" },
        at(&report, "/rows"),
        at(&report, "/created"),
        at(&report, "/updated"),
        at(&report, "/unchanged"),
        refused.len(),
    ));
    let partly_refused = !refused.is_empty();
    Ok(Answer { partly_refused, ..Answer::new(report, lines.join("\n")) })
}

pub fn export(desk: &Desk, export: &Export) -> Result<Answer, CallError> {
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
