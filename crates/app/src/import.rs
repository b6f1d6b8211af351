//! Imports: a file is read with care, its rows are taken in batches of one command each and judged row by row by the
//! domain.
//!
//! A bad row is refused with line and reason and the others go on. Rows that are as wanted already are found by
//! reading and sent nowhere, so that an import that is run again issues no command.

pub mod ansible;
pub mod changes;
pub mod cis;
pub mod device_types;
pub mod encoding;
pub mod feed;
pub mod fields;
pub mod header;
pub mod itop;
pub mod json;
pub mod lshw;
pub mod mapping;
pub mod netbox;
pub mod observations;
pub mod plan;
pub mod rejects;
pub mod relations;
pub mod rows;
pub mod seen;
pub mod service_manager;
pub mod sites;
pub mod sniff;
pub mod snipe_it;
pub mod source;
pub mod values;
pub mod xml;
pub mod yaml;

use crate::error::CallError;
use feed::Feed;
use header::Header;
use serde::{Deserialize, Serialize};
use slipway_domain::command::{BULK_ROWS, Command};
use slipway_domain::execute::Effect;
use slipway_domain::number::{Number, Series};
use slipway_domain::records::Records;
use slipway_domain::refusal::Fault;
use std::collections::BTreeMap;
use ts_rs::TS;
use uuid::Uuid;

/// Most refused rows that a report lists; the others are counted.
pub const REFUSED_LISTED: usize = 10_000;
/// Rows of one command together are no larger than this, in bytes of JSON: the envelope needs some room, too.
const BATCH_BYTES: usize = 1_900_000;
/// Longest reason that is kept of a refused row, in characters.
const REASON_CHARS: usize = 600;

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

/// How many rows became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Counts {
    /// Rows dealt with.
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
    /// Rows that were not taken.
    #[ts(type = "number")]
    pub refused: u64,
}

impl Counts {
    /// These and those.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            created: self.created + other.created,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            refused: self.refused + other.refused,
        }
    }
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
    /// Whether every row was taken.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.refused.is_empty()
    }
}

/// How far a run is after a batch.
#[derive(Debug)]
pub struct Step {
    /// Rows of the feed that have been read, those passed over among them.
    pub read: u64,
    /// Bytes of the file that have been read.
    pub bytes: u64,
    /// What became of the rows of this batch.
    pub counts: Counts,
    /// The refused ones, by line; a row may stand for several lines.
    pub refused: Vec<RefusedRow>,
}

/// Whether a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    On,
    /// It ends here; what was taken is kept.
    Stop,
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

    /// Is told of every batch, and says whether to go on.
    ///
    /// # Errors
    /// When the report cannot be kept.
    fn step(&mut self, step: Step) -> Result<Flow, CallError>;
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
    /// It would be created after other rows of the same file, which a dry run does not take.
    Would,
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

/// A kind of row.
pub trait Format {
    /// What a good row becomes.
    type Row: Serialize;

    /// Is told the header before the first row.
    fn header(&mut self, header: Header);

    /// Reads a row against the records as they are.
    ///
    /// # Errors
    /// Why the row is not taken, or a storage fault.
    fn row(&mut self, line: u32, fields: &[String], records: &dyn Records) -> Result<Wanted<Self::Row>, RowError>;

    /// Remembers a row that an earlier run has dealt with, so that a second one like it is found.
    fn pass_over(&mut self, line: u32, fields: &[String]);

    /// The command that carries rows.
    fn command(&self, rows: &[Self::Row], numbers: &mut dyn NumberSource) -> Command;

    /// Whether a batch is judged first and sent only if it would change anything.
    ///
    /// For formats whose rows cannot be compared by reading alone.
    fn tries_first(&self) -> bool {
        false
    }

    /// Most rows of one command.
    fn rows_a_command(&self) -> usize {
        BULK_ROWS
    }
}

/// Takes the rows of a feed, after the first `skip` of them.
///
/// # Errors
/// A refused command, an unreadable file, or trouble. What earlier batches did is kept; running the import again goes
/// on from there.
pub fn run<F: Format>(
    feed: &mut dyn Feed,
    mut format: F,
    mode: Mode,
    skip: u64,
    sink: &mut dyn Sink,
) -> Result<Flow, CallError> {
    format.header(Header::of(&feed.header()));
    let mut read = 0;
    let mut done = 0;
    while read < skip {
        let Some(ready) = feed.next_ready().map_err(|e| unreadable(&e))? else { break };
        read += 1;
        if let Ok(fields) = ready.fields {
            format.pass_over(short(ready.line), &fields);
        }
    }
    loop {
        let mut batch = Batch::default();
        let mut raw = Vec::with_capacity(BULK_ROWS);
        let mut bytes = 0;
        while raw.len() < BULK_ROWS && bytes < rows::ROW_BYTES && batch.counts.refused < BULK_ROWS as u64 {
            let Some(ready) = feed.next_ready().map_err(|e| unreadable(&e))? else { break };
            read += 1;
            batch.counts.rows += 1;
            if !ready.more.is_empty() {
                batch.more.insert(ready.line, ready.more);
            }
            match ready.fields {
                Ok(fields) => {
                    bytes += fields.iter().map(String::len).sum::<usize>();
                    raw.push((ready.line, fields));
                }
                Err(reason) => batch.refuse(ready.line, reason),
            }
        }
        if batch.counts.rows == 0 {
            return Ok(Flow::On);
        }
        let taken =
            compare(&mut format, &raw, sink, &mut batch).and_then(|good| send(&format, good, mode, sink, &mut batch));
        done += batch.counts.created + batch.counts.updated;
        taken.map_err(|error| half_way(error, done, mode))?;
        batch.refused.sort();
        let step = Step { read, bytes: feed.bytes(), counts: batch.counts, refused: batch.refused };
        if sink.step(step)? == Flow::Stop {
            return Ok(Flow::Stop);
        }
    }
}

/// What became of the rows of one batch.
#[derive(Default)]
struct Batch {
    counts: Counts,
    refused: Vec<RefusedRow>,
    /// Lines that belong to the row of a line.
    more: BTreeMap<u64, Vec<u64>>,
}

impl Batch {
    fn refuse(&mut self, line: u64, reason: String) {
        self.counts.refused += 1;
        let reason =
            if reason.len() > REASON_CHARS { reason.chars().take(REASON_CHARS).collect::<String>() } else { reason };
        for more in self.more.get(&line).into_iter().flatten() {
            self.refused.push(RefusedRow { line: *more, reason: format!("{reason} (with line {line})") });
        }
        self.refused.push(RefusedRow { line, reason });
    }
}

fn short(line: u64) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// An import that ends before its file says what it leaves behind.
fn half_way(error: CallError, done: u64, mode: Mode) -> CallError {
    match error {
        CallError::Trouble { code, sentence, way_out } if mode == Mode::Take && done > 0 => {
            let way_out = way_out.replace("; nothing was changed", "").replace(" nothing was changed.", "");
            CallError::trouble(
                &code,
                sentence,
                format!("{way_out} {done} rows are in; import the file again to go on from there."),
            )
        }
        other => other,
    }
}

pub(crate) fn unreadable(error: &std::io::Error) -> CallError {
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
    batch: &mut Batch,
) -> Result<Vec<(u64, F::Row)>, CallError> {
    let mut good = Vec::with_capacity(raw.len());
    sink.read(&mut |records| {
        for (line, fields) in raw {
            match format.row(short(*line), fields, records) {
                Ok(Wanted::Send(row)) => good.push((*line, row)),
                Ok(Wanted::Already) => batch.counts.unchanged += 1,
                Ok(Wanted::Would) => batch.counts.created += 1,
                Err(RowError::Refused(reason)) => batch.refuse(*line, reason),
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
    batch: &mut Batch,
) -> Result<(), CallError> {
    let mut together = Vec::with_capacity(rows.len());
    let mut lines = Vec::with_capacity(rows.len());
    let mut bytes = 0;
    for (line, row) in rows {
        let size = serde_json::to_vec(&row).map_or(usize::MAX, |json| json.len() + 1);
        if size > BATCH_BYTES {
            batch.refuse(line, "the row is too large for one command; shorten its fields".to_owned());
            continue;
        }
        if bytes + size > BATCH_BYTES || together.len() >= format.rows_a_command() {
            judge(format, &together, &lines, mode, sink, batch)?;
            together.clear();
            lines.clear();
            bytes = 0;
        }
        bytes += size;
        together.push(row);
        lines.push(line);
    }
    judge(format, &together, &lines, mode, sink, batch)
}

fn judge<F: Format>(
    format: &F,
    rows: &[F::Row],
    lines: &[u64],
    mode: Mode,
    sink: &mut dyn Sink,
    batch: &mut Batch,
) -> Result<(), CallError> {
    if rows.is_empty() {
        return Ok(());
    }
    let effect = match sentence(format, rows, mode, sink) {
        Ok(effect) => effect,
        // A command of one row that is refused is that row refused.
        Err(CallError::Refused { findings }) if format.rows_a_command() == 1 => {
            let reasons: Vec<String> = findings.iter().map(|f| format!("{} {}", f.sentence, f.way_out)).collect();
            batch.refuse(lines.first().copied().unwrap_or_default(), reasons.join(" "));
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let counted = u64::from(effect.created) + u64::from(effect.updated) + u64::from(effect.unchanged);
    batch.counts.created += u64::from(effect.created);
    batch.counts.updated += u64::from(effect.updated);
    batch.counts.unchanged += u64::from(effect.unchanged);
    if format.rows_a_command() == 1 && counted == 0 && effect.conflicts.is_empty() {
        // Commands that are no import say only that they were carried out.
        batch.counts.created += 1;
    }
    for conflict in effect.conflicts {
        let finding = conflict.finding;
        batch.refuse(conflict.line.map_or(0, u64::from), format!("{} {}", finding.sentence, finding.way_out));
    }
    Ok(())
}

fn sentence<F: Format>(format: &F, rows: &[F::Row], mode: Mode, sink: &mut dyn Sink) -> Result<Effect, CallError> {
    let needless = |effect: &Effect| effect.created == 0 && effect.updated == 0;
    let tried = if mode == Mode::DryRun || format.tries_first() {
        Some(sink.try_out(&format.command(rows, &mut Provisional))?)
    } else {
        None
    };
    match tried {
        Some(effect) if mode == Mode::DryRun || needless(&effect) => Ok(effect),
        _ => sink.issue(&mut |numbers| format.command(rows, numbers)),
    }
}

#[cfg(test)]
mod tests;
