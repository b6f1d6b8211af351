//! Imports from files and exports into them, as the window and the command line run them.

use crate::error::CallError;
use crate::export::{self, ExportFormat, ExportKind};
use crate::host::Progress;
use crate::import::{self, ImportReport, Mode, NumberSource, Sink, changes, cis, relations};
use crate::issue::How;
use crate::view::mutations::Changes;
use crate::view::transfer::{ExportReport, ExportRequest, ImportChangesRequest, ImportRequest};
use crate::{App, Open};
use slipway_domain::command::Command;
use slipway_domain::execute::Effect;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::Records;
use slipway_domain::refusal::Fault;
use slipway_store::numbers::Numbers;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;

/// Creates and updates CIs by class and name.
///
/// # Errors
/// A refused header, an unreadable file, or trouble; refused rows are in the report.
pub fn import_cis(app: &App, request: &ImportRequest) -> Result<ImportReport, CallError> {
    run(app, &request.path, request.dry_run, cis::Cis::default())
}

/// Adds relations that are not there yet.
///
/// # Errors
/// A refused header, an unreadable file, or trouble; refused rows are in the report.
pub fn import_relations(app: &App, request: &ImportRequest) -> Result<ImportReport, CallError> {
    run(app, &request.path, request.dry_run, relations::Relations::default())
}

/// Takes changes of another suite over, by their numbers there.
///
/// # Errors
/// A refused header, an unreadable file, or trouble; refused rows are in the report.
pub fn import_changes(app: &App, request: &ImportChangesRequest) -> Result<ImportReport, CallError> {
    let format = changes::Changes::of(&request.system, app.open()?.actor, app.host().now());
    run(app, &request.path, request.dry_run, format)
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

fn run<F: import::Format>(app: &App, path: &str, dry_run: bool, format: F) -> Result<ImportReport, CallError> {
    let file = File::open(path).map_err(|error| {
        CallError::trouble(
            "FILE_UNREADABLE",
            format!("The file {path} cannot be read: {error}."),
            "Check the path and the file's rights, then try again.",
        )
    })?;
    let mut desk = Desk { app, open: app.open()?, what: format!("Importing {path}") };
    import::run(file, format, if dry_run { Mode::DryRun } else { Mode::Take }, &mut desk)
}

/// The application as an import sees it.
struct Desk<'a> {
    app: &'a App,
    open: Arc<Open>,
    what: String,
}

impl Sink for Desk<'_> {
    fn read(&self, look: &mut dyn FnMut(&dyn Records) -> Result<(), Fault>) -> Result<(), CallError> {
        self.open.store.read(|records: &_| look(records).map_err(CallError::from))
    }

    fn issue(&mut self, build: &mut dyn FnMut(&mut dyn NumberSource) -> Command) -> Result<Effect, CallError> {
        let issued = self.app.issue_built(&self.open, &mut |numbers| build(&mut Leased(numbers)), How::default())?;
        self.app.host().changed(&Changes::from(&issued.changes));
        Ok(issued.effect)
    }

    fn try_out(&mut self, command: &Command) -> Result<Effect, CallError> {
        Ok(self.open.store.try_out(self.open.actor, self.app.host().now(), command)?)
    }

    fn progress(&mut self, rows: u64) {
        self.app.host().progress(&Progress { what: self.what.clone(), done: rows, of: 0 });
    }
}

/// The store's numbers, as an import takes them.
struct Leased<'a, 't>(&'a mut Numbers<'t>);

impl NumberSource for Leased<'_, '_> {
    fn take(&mut self, series: Series, id: Uuid) -> Number {
        self.0.take(series, id)
    }
}
