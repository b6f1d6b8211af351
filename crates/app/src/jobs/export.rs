//! Lists as they are shown, written into a file: row by row, never held whole.

use super::Handle;
use super::record::{JobRecord, Work};
use crate::App;
use crate::error::CallError;
use crate::export::cells::safe;
use crate::export::{ExportFormat, file_of, unwritable};
use crate::filters;
use crate::rows;
use crate::view::common::{Cell, ListRow};
use crate::view::jobs::{ExportColumn, JobState, StartExportRequest};
use serde_json::{Map, Value};
use slipway_domain::time::Timestamp;
use slipway_store::each::sorts_by;
use slipway_store::list::ListSpec;
use std::io::Write;
use std::path::Path;
use uuid::Uuid;

/// Said of a CSV whose cells are guarded.
const GUARDED: &str =
    "Cells that a spreadsheet would take for a formula have an apostrophe in front; an import takes it off again.";
/// Said of one whose cells are not.
const UNGUARDED: &str = "Cells are as they are: a spreadsheet may take some of them for formulas.";

/// Everything that keeps an export from being begun is found before it is.
pub(super) fn prepare(app: &App, request: &StartExportRequest) -> Result<JobRecord, CallError> {
    let format: ExportFormat = request.format.as_deref().unwrap_or("csv").parse()?;
    spec(app, request)?;
    let folder = Path::new(&request.path).parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let missing = std::io::Error::other("there is no such folder");
        return Err(unwritable(&request.path, &missing));
    }
    let mut record = JobRecord::new(Work::Export(request.clone()), app.host().now());
    if format == ExportFormat::Csv {
        record.note = if request.formulas { UNGUARDED } else { GUARDED }.to_owned();
    }
    Ok(record)
}

fn spec(app: &App, request: &StartExportRequest) -> Result<ListSpec, CallError> {
    // A name that the list does not know would silently leave the usual order.
    if let Some(name) = request.sort.as_deref().filter(|name| !sorts_by(request.kind, name)) {
        return Err(CallError::trouble(
            "UNKNOWN_FIELD",
            format!("The list has no field {name}."),
            "Sort by a field that the list has.",
        ));
    }
    let filter = filters::must(app, request.kind, &request.filter)?;
    Ok(ListSpec { kind: request.kind, filter, sort: request.sort.clone(), descending: request.descending })
}

/// The body of an export.
pub(super) fn run(
    handle: &mut Handle,
    record: &mut JobRecord,
    work: &StartExportRequest,
) -> Result<JobState, CallError> {
    let format: ExportFormat = work.format.as_deref().unwrap_or("csv").parse()?;
    let spec = spec(&handle.app, work)?;
    record.of = handle.open.store.count_listed(&spec)?;
    let written = file_of(Path::new(&work.path), &mut |out| {
        let mut sheet = Sheet::new(out, format, work);
        let open = handle.open.clone();
        open.store.each_listed::<Stop>(&spec, &mut |ids| chunk(handle, record, work, ids, &mut sheet))?;
        sheet.end().map_err(CallError::from)
    });
    match written {
        Ok(()) => Ok(JobState::Done),
        Err(error) => match handle.stop() {
            // Half a list is no list: the file is not made.
            Some(state) if error.has(STOPPED) => Ok(state),
            _ => Err(error),
        },
    }
}

/// Code of the error by which a cancelled export leaves.
const STOPPED: &str = "STOPPED";

/// Why the writing ended.
struct Stop(CallError);

impl From<slipway_store::error::StoreError> for Stop {
    fn from(error: slipway_store::error::StoreError) -> Self {
        Self(error.into())
    }
}

impl From<CallError> for Stop {
    fn from(error: CallError) -> Self {
        Self(error)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self(unwritable("The file", &error))
    }
}

impl From<Stop> for CallError {
    fn from(stop: Stop) -> Self {
        stop.0
    }
}

fn chunk(
    handle: &mut Handle,
    record: &mut JobRecord,
    work: &StartExportRequest,
    ids: &[Uuid],
    sheet: &mut Sheet<'_>,
) -> Result<(), Stop> {
    if handle.stop().is_some() {
        return Err(Stop(CallError::trouble(STOPPED, "The export was stopped.", "Begin it again.")));
    }
    let rows = handle.app.read(|sight| Ok(rows::rows(sight, work.kind, ids.iter().copied())?))?;
    for row in &rows {
        sheet.row(row)?;
    }
    record.rows = record.rows.saturating_add(rows.len() as u64);
    record.done = record.rows;
    handle.tell(record, false);
    Ok(())
}

/// The file while it is written.
struct Sheet<'a> {
    out: Out<'a>,
    columns: Option<Vec<ExportColumn>>,
    formulas: bool,
    rows: u64,
}

enum Out<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    Json(&'a mut dyn Write),
}

impl<'a> Sheet<'a> {
    fn new(out: &'a mut dyn Write, format: ExportFormat, work: &StartExportRequest) -> Self {
        let out = match format {
            ExportFormat::Csv => {
                let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
                Out::Csv(Box::new(writer))
            }
            ExportFormat::Json => Out::Json(out),
        };
        Self { out, columns: work.columns.clone().filter(|c| !c.is_empty()), formulas: work.formulas, rows: 0 }
    }

    fn row(&mut self, row: &ListRow) -> Result<(), Stop> {
        let formulas = self.formulas;
        let columns = self.columns.get_or_insert_with(|| every_column(row));
        let guard = |text: String| if formulas { text } else { safe(&text).into_owned() };
        match &mut self.out {
            Out::Csv(sheet) => {
                if self.rows == 0 {
                    sheet.write_record(columns.iter().map(|c| guard(c.title.clone()))).map_err(csv_error)?;
                }
                let cells = columns.iter().map(|c| guard(text(&c.id, &cell(&c.id, row))));
                sheet.write_record(cells).map_err(csv_error)?;
            }
            Out::Json(out) => {
                let object: Map<String, Value> =
                    columns.iter().map(|c| (c.id.clone(), json(&c.id, &cell(&c.id, row)))).collect();
                out.write_all(if self.rows == 0 { b"[\n" } else { b",\n" })?;
                out.write_all(Value::Object(object).to_string().as_bytes())?;
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn end(self) -> Result<(), Stop> {
        match self.out {
            Out::Csv(mut sheet) => {
                if self.rows == 0
                    && let Some(columns) = &self.columns
                {
                    sheet.write_record(columns.iter().map(|c| c.title.as_str())).map_err(csv_error)?;
                }
                Ok(sheet.flush()?)
            }
            Out::Json(out) => Ok(out.write_all(if self.rows == 0 { b"[]\n" } else { b"\n]\n" })?),
        }
    }
}

fn csv_error(error: csv::Error) -> Stop {
    std::io::Error::from(error).into()
}

/// Label, title and state, then every cell by name.
fn every_column(row: &ListRow) -> Vec<ExportColumn> {
    let own = ["label", "title", "state"].into_iter().map(str::to_owned);
    let cells = row.cells.keys().filter(|name| *name != "number" || !row.cells.contains_key("label")).cloned();
    own.chain(cells).map(|id| ExportColumn { title: id.clone(), id }).collect()
}

fn cell(id: &str, row: &ListRow) -> Cell {
    match (id, row.cells.get(id)) {
        (_, Some(cell)) => cell.clone(),
        ("label" | "name" | "number", None) => Cell::Text(row.label.clone()),
        ("title", None) => Cell::Text(row.title.clone()),
        ("state" | "status", None) => Cell::Text(row.state.clone()),
        ("id", None) => Cell::Text(row.id.clone()),
        _ => Cell::Text(String::new()),
    }
}

/// Times are moments in UTC, as in every other export.
fn text(id: &str, cell: &Cell) -> String {
    match cell {
        Cell::Flag(true) => "yes".to_owned(),
        Cell::Flag(false) => "no".to_owned(),
        Cell::Number(0) if id.ends_with("_at") => String::new(),
        Cell::Number(ms) if id.ends_with("_at") => Timestamp(*ms).to_rfc3339(),
        Cell::Number(number) => number.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

fn json(id: &str, cell: &Cell) -> Value {
    match cell {
        Cell::Flag(flag) => Value::Bool(*flag),
        Cell::Number(_) if id.ends_with("_at") => match text(id, cell) {
            none if none.is_empty() => Value::Null,
            moment => Value::String(moment),
        },
        Cell::Number(number) => Value::from(*number),
        Cell::Text(text) => Value::String(text.clone()),
    }
}
