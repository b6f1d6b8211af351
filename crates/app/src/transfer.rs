//! Imports from files and exports into them, as the window and the command line run them.

use crate::App;
use crate::error::CallError;
use crate::export::{self, ExportFormat, ExportKind};
use crate::import::ImportReport;
use crate::import::mapping::Mapping;
use crate::import::plan::ImportKind;
use crate::jobs;
use crate::view::jobs::StartImportRequest;
use crate::view::transfer::{ExportReport, ExportRequest, ImportChangesRequest, ImportRequest};
use std::path::Path;

/// Creates and updates CIs by class and name.
///
/// # Errors
/// A refused header, an unreadable file, or trouble; refused rows are in the report.
pub fn import_cis(app: &App, request: &ImportRequest) -> Result<ImportReport, CallError> {
    run(app, &request.path, request.dry_run, ImportKind::Cis, None)
}

/// Adds relations that are not there yet.
///
/// # Errors
/// A refused header, an unreadable file, or trouble; refused rows are in the report.
pub fn import_relations(app: &App, request: &ImportRequest) -> Result<ImportReport, CallError> {
    run(app, &request.path, request.dry_run, ImportKind::Relations, None)
}

/// Takes changes of another suite over, by their numbers there.
///
/// # Errors
/// A refused header, an unreadable file, or trouble; refused rows are in the report.
pub fn import_changes(app: &App, request: &ImportChangesRequest) -> Result<ImportReport, CallError> {
    let mapping = Mapping { system: request.system.clone(), ..Mapping::default() };
    run(app, &request.path, request.dry_run, ImportKind::Changes, Some(mapping))
}

/// Writes every record of a kind into a file.
///
/// # Errors
/// An unknown kind or format, or trouble with the file.
pub fn export_records(app: &App, request: &ExportRequest) -> Result<ExportReport, CallError> {
    let kind: ExportKind = request.kind.parse()?;
    let format: ExportFormat = request.format.as_deref().unwrap_or("csv").parse()?;
    let rows = export::write_file(&app.open()?.store, kind, format, Path::new(&request.path))?;
    Ok(ExportReport { rows })
}

fn run(
    app: &App,
    path: &str,
    dry_run: bool,
    kind: ImportKind,
    mapping: Option<Mapping>,
) -> Result<ImportReport, CallError> {
    jobs::import_at_once(app, &StartImportRequest { path: path.to_owned(), kind, mapping, dry_run, rejects: None })
}
