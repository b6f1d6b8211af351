//! The header of an import: which column holds what, and every fault of it at once.

use crate::export::cells::plain;
use crate::import::rows::Row;
use slipway_domain::refusal::{Finding, Refusal};
use std::collections::BTreeMap;

/// What columns an import takes.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// Without these there is nothing to import.
    pub required: &'static [&'static str],
    /// These may be there.
    pub optional: &'static [&'static str],
    /// Whether any other column is taken as well.
    pub others: Others,
}

/// What happens to a column that is not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// The file is refused.
    Refused,
    /// It is a class attribute of that name.
    Attributes,
}

/// The columns of one file by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Position by column name.
    positions: BTreeMap<String, usize>,
    /// Fields of every row; empty columns at the end are not counted.
    width: usize,
}

impl Header {
    /// Reads the first row of a file.
    ///
    /// # Errors
    /// Every missing, unknown, empty or duplicate column as a finding of its own.
    pub fn read(row: Option<Row>, columns: &Columns) -> Result<Self, Refusal> {
        let taken = || columns.required.iter().chain(columns.optional).copied().collect::<Vec<_>>().join(", ");
        let Some(row) = row else {
            return Err(Finding::new(
                "EMPTY_FILE",
                "The file is empty.",
                format!("Give a CSV file whose first line names its columns: {}.", taken()),
            )
            .into());
        };
        let names = row.fields.map_err(|fault| {
            Finding::new("BAD_HEADER", format!("The first line cannot be read: {fault}."), "Repair the file.")
                .with("line", row.line)
        })?;
        let width = names.iter().rposition(|n| !n.trim().is_empty()).map_or(0, |last| last + 1);
        let mut findings = Vec::new();
        let mut positions = BTreeMap::new();
        for (position, name) in names.iter().take(width).enumerate() {
            let name = canonical(name.trim(), columns);
            if name.is_empty() {
                findings.push(
                    Finding::new(
                        "UNNAMED_COLUMN",
                        format!("Column {} has no name.", position + 1),
                        "Give it a name or remove it.",
                    )
                    .with("column", position + 1),
                );
                continue;
            }
            let known = columns.required.contains(&name.as_str()) || columns.optional.contains(&name.as_str());
            if !known && columns.others == Others::Refused {
                findings.push(
                    Finding::new(
                        "UNKNOWN_COLUMN",
                        format!("There is no column {name:?} in this kind of file."),
                        format!("Remove or rename it. Known columns: {}.", taken()),
                    )
                    .with("column", &name),
                );
            }
            if positions.insert(name.clone(), position).is_some() {
                findings.push(
                    Finding::new(
                        "DUPLICATE_COLUMN",
                        format!("Column {name:?} is there twice."),
                        "Remove or rename one of them.",
                    )
                    .with("column", &name),
                );
            }
        }
        for required in columns.required.iter().filter(|r| !positions.contains_key(**r)) {
            findings.push(
                Finding::new(
                    "MISSING_COLUMN",
                    format!("Column {required:?} is missing."),
                    format!("Add it; these must be there: {}.", columns.required.join(", ")),
                )
                .with("column", required),
            );
        }
        slipway_domain::refusal::none(findings)?;
        Ok(Self { positions, width })
    }

    /// Whether the file has the column.
    #[must_use]
    pub fn has(&self, column: &str) -> bool {
        self.positions.contains_key(column)
    }

    /// The names of its columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.positions.keys().map(String::as_str)
    }

    /// The value of a column in a row, trimmed, without the apostrophe by which an export keeps spreadsheets from
    /// taking it for a formula; empty if the file has no such column.
    #[must_use]
    pub fn value<'a>(&self, fields: &'a [String], column: &str) -> &'a str {
        self.positions.get(column).and_then(|p| fields.get(*p)).map_or("", |f| plain(f.trim()))
    }

    /// Whether a row has as many fields as the header; empty ones beyond are let pass.
    ///
    /// # Errors
    /// A sentence with both figures.
    pub fn check_width(&self, fields: &[String]) -> Result<(), String> {
        let beyond = fields.iter().skip(self.width).any(|f| !f.trim().is_empty());
        if fields.len() < self.width || beyond {
            return Err(format!("the row has {} fields, the header has {}", fields.len(), self.width));
        }
        Ok(())
    }
}

/// A known column in any case is the known column; another keeps its name.
fn canonical(name: &str, columns: &Columns) -> String {
    let known = columns.required.iter().chain(columns.optional).find(|known| known.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_owned(), |known| (*known).to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const COLUMNS: Columns =
        Columns { required: &["source", "target"], optional: &["relation"], others: Others::Refused };

    fn header(names: &[&str]) -> Result<Header, Vec<String>> {
        let fields = names.iter().map(|n| (*n).to_owned()).collect();
        Header::read(Some(Row { line: 1, fields: Ok(fields) }), &COLUMNS)
            .map_err(|r| r.findings.into_iter().map(|f| f.code).collect())
    }

    #[test]
    fn every_fault_of_a_header_is_named_at_once() {
        let codes = header(&["target", "nonsense", "target", ""]).unwrap_err();
        assert_eq!(codes, ["UNKNOWN_COLUMN", "DUPLICATE_COLUMN", "MISSING_COLUMN"]);
        assert_eq!(header(&["source", "", "target"]).unwrap_err(), ["UNNAMED_COLUMN"]);
        assert_eq!(Header::read(None, &COLUMNS).unwrap_err().findings.len(), 1);
    }

    #[test]
    fn empty_columns_at_the_end_are_let_pass() {
        let header = header(&["Source", "relation", "target", "", ""]).unwrap();
        assert!(header.has("source"));
        let row = |fields: &[&str]| fields.iter().map(|f| (*f).to_owned()).collect::<Vec<_>>();
        assert!(header.check_width(&row(&["a", "b", "c", "", ""])).is_ok());
        assert!(header.check_width(&row(&["a", "b", "c"])).is_ok());
        assert!(header.check_width(&row(&["a", "b", "c", "d"])).is_err());
        assert!(header.check_width(&row(&["a", "b"])).is_err());
    }
}
