//! Rows on their way from a file into records: translated by a mapping, or by what is known of another product.

use super::mapping::{Translator, labels};
use super::source::{Cells, Entries, Positions, Source};
use crate::error::CallError;
use std::collections::{BTreeMap, VecDeque};

/// A row in the order of its feed's header.
#[derive(Debug)]
pub struct Ready {
    /// Line on which it begins.
    pub line: u64,
    /// Other lines that are part of it, where one record stands in several.
    pub more: Vec<u64>,
    /// Its fields, or why it cannot be taken.
    pub fields: Result<Vec<String>, String>,
}

/// Gives rows, one after the other.
pub trait Feed {
    /// The fields of every row.
    fn header(&self) -> Vec<String>;

    /// The next row.
    ///
    /// # Errors
    /// When the file cannot be read on.
    fn next_ready(&mut self) -> std::io::Result<Option<Ready>>;

    /// Bytes of the file that have been read.
    fn bytes(&self) -> u64;
}

/// Rows of any table, as a mapping says.
pub struct Mapped {
    entries: Entries,
    header: Vec<String>,
    translator: Translator,
}

impl Mapped {
    /// The rows of a file.
    ///
    /// # Errors
    /// `FILE_UNREADABLE`.
    pub fn of(source: &Source, translator: Translator) -> Result<Self, CallError> {
        Ok(Self { entries: source.entries()?, header: source.header().to_vec(), translator })
    }
}

impl Feed for Mapped {
    fn header(&self) -> Vec<String> {
        self.translator.header()
    }

    fn next_ready(&mut self) -> std::io::Result<Option<Ready>> {
        let Some(entry) = self.entries.next_entry()? else { return Ok(None) };
        let fields = entry.cells.and_then(|cells| self.translator.row(&cells.fields(&self.header)));
        Ok(Some(Ready { line: entry.line, more: Vec::new(), fields }))
    }

    fn bytes(&self) -> u64 {
        self.entries.bytes()
    }
}

/// A record of another product in the fields of ours.
pub type Fields = BTreeMap<&'static str, String>;

/// Makes records of ours of one of theirs: none, one or several; a sentence for one that cannot be taken.
pub type Adapt = Box<dyn FnMut(&Cells, &Positions) -> Vec<Result<Fields, String>>>;

/// Rows of another product's export.
pub struct Adapted {
    entries: Entries,
    positions: Positions,
    columns: &'static [&'static str],
    adapt: Adapt,
    /// Whether rows that cannot be read are reported here; only one pass over a file does.
    reports: bool,
    waiting: VecDeque<Ready>,
}

impl Adapted {
    /// The rows of a file in these columns.
    ///
    /// # Errors
    /// `FILE_UNREADABLE`.
    pub fn of(
        source: &Source,
        columns: &'static [&'static str],
        reports: bool,
        adapt: Adapt,
    ) -> Result<Self, CallError> {
        let positions = Positions::of(&labels(source.header()));
        Ok(Self { entries: source.entries()?, positions, columns, adapt, reports, waiting: VecDeque::new() })
    }
}

/// The fields of a record in the order of columns.
#[must_use]
pub fn in_order(columns: &[&'static str], mut fields: Fields) -> Vec<String> {
    columns.iter().map(|column| fields.remove(column).unwrap_or_default()).collect()
}

impl Feed for Adapted {
    fn header(&self) -> Vec<String> {
        self.columns.iter().map(|c| (*c).to_owned()).collect()
    }

    fn next_ready(&mut self) -> std::io::Result<Option<Ready>> {
        while self.waiting.is_empty() {
            let Some(entry) = self.entries.next_entry()? else { return Ok(None) };
            let line = entry.line;
            let records = match entry.cells {
                Ok(cells) => (self.adapt)(&cells, &self.positions),
                Err(reason) if self.reports => vec![Err(reason)],
                Err(_) => Vec::new(),
            };
            self.waiting.extend(records.into_iter().map(|record| Ready {
                line,
                more: Vec::new(),
                fields: record.map(|fields| in_order(self.columns, fields)),
            }));
        }
        Ok(self.waiting.pop_front())
    }

    fn bytes(&self) -> u64 {
        self.entries.bytes()
    }
}
