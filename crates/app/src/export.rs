//! Exports: every record of a kind as CSV for people and spreadsheets, or as JSON just as it is stored.
//!
//! A CSV of CIs or relations can be imported again. Cells that a spreadsheet would take for a formula get an
//! apostrophe in front, which the import takes off again; JSON is left as it is.

pub(crate) mod cells;
mod sheets;

use crate::error::CallError;
use cells::Names;
use slipway_domain::record::{Kind, Record};
use slipway_store::Store;
use slipway_store::error::StoreError;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// CIs.
    Cis,
    /// Relations.
    Relations,
    /// Changes.
    Changes,
    /// Releases.
    Releases,
    /// Tasks of releases.
    Tasks,
}

impl ExportKind {
    /// Every kind, by the name under which it is asked for.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("cis", Self::Cis),
        ("relations", Self::Relations),
        ("changes", Self::Changes),
        ("releases", Self::Releases),
        ("tasks", Self::Tasks),
    ];

    fn record_kind(self) -> Kind {
        match self {
            Self::Cis => Kind::Ci,
            Self::Relations => Kind::Relation,
            Self::Changes => Kind::Change,
            Self::Releases => Kind::Release,
            Self::Tasks => Kind::Task,
        }
    }
}

impl FromStr for ExportKind {
    type Err = CallError;

    fn from_str(text: &str) -> Result<Self, CallError> {
        Self::ALL.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|(name, _)| *name).collect();
            CallError::trouble(
                "WRONG_USE",
                format!("{text:?} cannot be exported."),
                format!("Export one of: {}.", names.join(", ")),
            )
        })
    }
}

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// A table for people and spreadsheets.
    Csv,
    /// A list of the records as they are stored.
    Json,
}

impl FromStr for ExportFormat {
    type Err = CallError;

    fn from_str(text: &str) -> Result<Self, CallError> {
        match text {
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            other => Err(CallError::trouble("WRONG_USE", format!("{other:?} is no format."), "Use csv or json.")),
        }
    }
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output failed.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl From<csv::Error> for Stop {
    fn from(error: csv::Error) -> Self {
        Self::Output(error.into())
    }
}

/// Writes every record of a kind; says how many. Blocks. A reader that went away (a broken pipe) ends it quietly.
///
/// # Errors
/// When the database or the output fails.
pub fn write(store: &Store, kind: ExportKind, format: ExportFormat, out: &mut dyn Write) -> Result<u64, CallError> {
    let written = match format {
        ExportFormat::Json => json(store, kind.record_kind(), out),
        ExportFormat::Csv => sheets::csv(store, kind, out),
    };
    match written {
        Ok(rows) => Ok(rows),
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(Stop::Output(error)) => Err(unwritable("The output", &error)),
        Err(Stop::Store(error)) => Err(error.into()),
    }
}

/// Writes into a file, which appears whole or not at all; says how many records. Blocks.
///
/// # Errors
/// When the database fails or the file cannot be written.
pub fn write_file(store: &Store, kind: ExportKind, format: ExportFormat, file: &Path) -> Result<u64, CallError> {
    file_of(file, &mut |out| write(store, kind, format, out))
}

/// Makes a file of what `fill` writes, which appears whole or not at all; gives what `fill` gives. Blocks.
///
/// # Errors
/// What `fill` returns, or that the file cannot be written.
pub(crate) fn file_of<T>(
    file: &Path,
    fill: &mut dyn FnMut(&mut dyn Write) -> Result<T, CallError>,
) -> Result<T, CallError> {
    let wrong = |error: io::Error| unwritable(&file.display().to_string(), &error);
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder).map_err(wrong)?;
    let filled = {
        let mut out = io::BufWriter::new(fresh.as_file_mut());
        let filled = fill(&mut out)?;
        out.flush().map_err(wrong)?;
        filled
    };
    fresh.as_file().sync_all().map_err(wrong)?;
    if let Ok(existing) = fs::metadata(file) {
        // A file that is written anew keeps who may read it.
        fresh.as_file().set_permissions(existing.permissions()).map_err(wrong)?;
    }
    fresh.persist(file).map_err(|e| wrong(e.error))?;
    Ok(filled)
}

pub(crate) fn unwritable(what: &str, error: &io::Error) -> CallError {
    CallError::trouble(
        "OUTPUT_FAILED",
        format!("{what} cannot be written: {error}."),
        "Check the folder, its rights and the space left on the disk.",
    )
}

fn json(store: &Store, kind: Kind, out: &mut dyn Write) -> Result<u64, Stop> {
    let mut rows = 0;
    out.write_all(b"[")?;
    store.each::<Stop>(kind, &mut |record| {
        out.write_all(if rows == 0 { b"\n" } else { b",\n" })?;
        out.write_all(record.body().map_err(|e| io::Error::other(e.to_string()))?.as_bytes())?;
        rows += 1;
        Ok(())
    })?;
    out.write_all(b"\n]\n")?;
    Ok(rows)
}

/// Names of records that cells point to.
fn names(store: &Store, kinds: &[Kind]) -> Result<Names, Stop> {
    let mut names = Names::default();
    for kind in kinds {
        store.each::<Stop>(*kind, &mut |record| {
            names.add(&record);
            Ok(())
        })?;
    }
    Ok(names)
}

/// The record as this type, which [`Store::each`] only gives.
fn unexpected(record: &Record) -> Stop {
    Stop::Output(io::Error::other(format!("a {} came among other records", record.kind().name())))
}
