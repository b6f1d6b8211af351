//! Imports from CSV: read with care, taken in batches of one command each, judged row by row by the domain.
//!
//! A bad row is refused with line and reason and the others go on. Rows that are as wanted already are found by
//! reading and sent nowhere, so that an import that is run again issues no command.

pub mod changes;
pub mod cis;
pub mod header;
pub mod relations;
pub mod rows;

use crate::error::CallError;
use header::{Columns, Header};
use rows::Rows;
use serde::{Deserialize, Serialize};
use slipway_domain::command::{BULK_ROWS, Command};
use slipway_domain::execute::Effect;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::Records;
use slipway_domain::refusal::Fault;
use std::io::Read;
use ts_rs::TS;
use uuid::Uuid;

/// Most refused rows that a report lists; the others are counted.
pub const REFUSED_LISTED: usize = 10_000;
/// Rows of one command together are no larger than this, in bytes of JSON: the envelope needs some room, too.
const BATCH_BYTES: usize = 1_900_000;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportReport {
    /// Rows of the file, the header and blank lines not counted.
    #[ts(type = "number")]
    pub rows: u64,
    /// Records created.
    #[ts(type = "number")]
    pub created: u64,
    /// Records updated.
    #[ts(type = "number")]
    pub updated: u64,
    /// Rows whose record was as wanted already.
    #[ts(type = "number")]
    pub unchanged: u64,
    /// Rows that were not taken, by line.
    pub refused: Vec<RefusedRow>,
    /// Refused rows beyond those listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[ts(type = "number")]
    pub refused_unlisted: u64,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
pub struct RefusedRow {
    /// Line of the file on which the row begins.
    #[ts(type = "number")]
    pub line: u64,
    /// Why, and what would make it right.
    pub reason: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl ImportReport {
    fn refuse(&mut self, line: u64, reason: String) {
        if self.refused.len() < REFUSED_LISTED {
            self.refused.push(RefusedRow { line, reason });
        } else {
            self.refused_unlisted += 1;
        }
    }

    /// Whether every row was taken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.refused.is_empty()
    }
}

/// What an import needs of the application that runs it.
pub trait Sink {
    /// Lets `look` read the records as they are now.
    ///
    /// # Errors
    /// A storage fault, or the error of `look`.
    fn read(&self, look: &mut dyn FnMut(&dyn Records) -> Result<(), Fault>) -> Result<(), CallError>;

    /// Judges a command and makes it durable. `build` is given a source of numbers.
    ///
    /// # Errors
    /// A refusal of the whole command, or trouble; nothing of the command was kept.
    fn issue(&mut self, build: &mut dyn FnMut(&mut dyn NumberSource) -> Command) -> Result<Effect, CallError>;

    /// Judges a command and keeps nothing of it.
    ///
    /// # Errors
    /// A refusal of the whole command, or trouble.
    fn try_out(&mut self, command: &Command) -> Result<Effect, CallError>;

    /// Is told how many rows have been dealt with.
    fn progress(&mut self, rows: u64);
}

/// Gives numbers to new records.
pub trait NumberSource {
    /// The next number of a series; a provisional one when there is none left.
    fn take(&mut self, series: Series, id: Uuid) -> Number;
}

/// Gives provisional numbers only: for what is tried out.
struct Provisional;

impl NumberSource for Provisional {
    fn take(&mut self, series: Series, id: Uuid) -> Number {
        Number::provisional(series, id)
    }
}

/// Whether an import changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It says what it would do.
    DryRun,
    /// It does it.
    Take,
}

/// What becomes of a good row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted<T> {
    /// It goes into a command.
    Send(T),
    /// The record is so already.
    Already,
}

/// Why a row goes no further.
#[derive(Debug)]
pub enum RowError {
    /// For the report.
    Refused(String),
    /// The storage failed: the import ends.
    Fault(Fault),
}

impl From<Fault> for RowError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl RowError {
    fn because(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }
}

/// A kind of file.
pub trait Format {
    /// What a good row becomes.
    type Row: Serialize;

    /// The columns it takes.
    fn columns(&self) -> Columns;

    /// Is told the header before the first row.
    ///
    /// # Errors
    /// What is wrong with it.
    fn header(&mut self, header: Header) -> Result<(), CallError>;

    /// Reads a row against the records as they are.
    ///
    /// # Errors
    /// Why the row is not taken, or a storage fault.
    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<Self::Row>, RowError>;

    /// The command that carries rows.
    fn command(&self, rows: &[Self::Row], numbers: &mut dyn NumberSource) -> Command;

    /// Whether a batch is judged first and sent only if it would change anything.
    ///
    /// For formats whose rows cannot be compared by reading alone.
    fn tries_first(&self) -> bool {
        false
    }
}

/// Runs an import from a file.
///
/// # Errors
/// A refused header or command, an unreadable file, or trouble. What earlier batches did is kept; running the import
/// again goes on from there.
pub fn run<F: Format>(
    file: impl Read,
    mut format: F,
    mode: Mode,
    sink: &mut dyn Sink,
) -> Result<ImportReport, CallError> {
    let mut rows = Rows::new(file);
    let header = Header::read(rows.next_row().map_err(|e| unreadable(&e))?, &format.columns())?;
    format.header(header.clone())?;
    let mut report = ImportReport::default();
    loop {
        let mut raw = Vec::with_capacity(BULK_ROWS);
        let mut bytes = 0;
        while raw.len() < BULK_ROWS && bytes < rows::ROW_BYTES {
            let Some(row) = rows.next_row().map_err(|e| unreadable(&e))? else { break };
            report.rows += 1;
            match row.fields.map_err(|fault| fault.to_string()).and_then(|f| header.check_width(&f).map(|()| f)) {
                Ok(fields) => {
                    bytes += fields.iter().map(String::len).sum::<usize>();
                    raw.push((row.line, fields));
                }
                Err(reason) => report.refuse(row.line, reason),
            }
        }
        if raw.is_empty() {
            break;
        }
        let taken =
            compare(&mut format, &raw, sink, &mut report).and_then(|good| send(&format, good, mode, sink, &mut report));
        taken.map_err(|error| half_way(error, &report, mode))?;
        sink.progress(report.rows);
    }
    report.refused.sort();
    sink.progress(report.rows);
    Ok(report)
}

/// An import that ends before its file says what it leaves behind.
fn half_way(error: CallError, report: &ImportReport, mode: Mode) -> CallError {
    match error {
        CallError::Trouble { code, sentence, way_out } if mode == Mode::Take && report.created + report.updated > 0 => {
            let way_out = way_out.replace("; nothing was changed", "").replace(" nothing was changed.", "");
            let done = report.created + report.updated;
            CallError::trouble(
                &code,
                sentence,
                format!("{way_out} {done} rows are in; import the file again to go on from there."),
            )
        }
        other => other,
    }
}

fn unreadable(error: &std::io::Error) -> CallError {
    CallError::trouble(
        "FILE_UNREADABLE",
        format!("The file cannot be read on: {error}."),
        "Check the file and the disk it lies on, then import it again: rows that are in already are left alone.",
    )
}

/// The rows of a batch that want something changed.
fn compare<F: Format>(
    format: &mut F,
    raw: &[(u64, Vec<String>)],
    sink: &dyn Sink,
    report: &mut ImportReport,
) -> Result<Vec<(u64, F::Row)>, CallError> {
    let mut good = Vec::with_capacity(raw.len());
    sink.read(&mut |records| {
        for (line, fields) in raw {
            match format.row(u32::try_from(*line).unwrap_or(u32::MAX), fields, records) {
                Ok(Wanted::Send(row)) => good.push((*line, row)),
                Ok(Wanted::Already) => report.unchanged += 1,
                Err(RowError::Refused(reason)) => report.refuse(*line, reason),
                Err(RowError::Fault(fault)) => return Err(fault),
            }
        }
        Ok(())
    })?;
    Ok(good)
}

/// Sends rows in as few commands as the limits allow.
fn send<F: Format>(
    format: &F,
    rows: Vec<(u64, F::Row)>,
    mode: Mode,
    sink: &mut dyn Sink,
    report: &mut ImportReport,
) -> Result<(), CallError> {
    let mut batch = Vec::with_capacity(rows.len());
    let mut bytes = 0;
    for (line, row) in rows {
        let size = serde_json::to_vec(&row).map_or(usize::MAX, |json| json.len() + 1);
        if size > BATCH_BYTES {
            report.refuse(line, "the row is too large for one command; shorten its fields".to_owned());
            continue;
        }
        if bytes + size > BATCH_BYTES {
            judge(format, &batch, mode, sink, report)?;
            batch.clear();
            bytes = 0;
        }
        bytes += size;
        batch.push(row);
    }
    judge(format, &batch, mode, sink, report)
}

fn judge<F: Format>(
    format: &F,
    rows: &[F::Row],
    mode: Mode,
    sink: &mut dyn Sink,
    report: &mut ImportReport,
) -> Result<(), CallError> {
    if rows.is_empty() {
        return Ok(());
    }
    let needless = |effect: &Effect| effect.created == 0 && effect.updated == 0;
    let tried = if mode == Mode::DryRun || format.tries_first() {
        Some(sink.try_out(&format.command(rows, &mut Provisional))?)
    } else {
        None
    };
    let effect = match tried {
        Some(effect) if mode == Mode::DryRun || needless(&effect) => effect,
        _ => sink.issue(&mut |numbers| format.command(rows, numbers))?,
    };
    report.created += u64::from(effect.created);
    report.updated += u64::from(effect.updated);
    report.unchanged += u64::from(effect.unchanged);
    for conflict in effect.conflicts {
        let finding = conflict.finding;
        report.refuse(conflict.line.map_or(0, u64::from), format!("{} {}", finding.sentence, finding.way_out));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
