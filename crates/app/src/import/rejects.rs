//! Refused rows in a file of their own, in the form of the file that they come from, to be mended and imported again.

use super::RefusedRow;
use super::json::RECORD_BYTES;
use super::sniff::Form;
use super::source::{Cells, REASON_COLUMN, Source};
use crate::error::CallError;
use crate::export::{file_of, unwritable};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Writes the rows of these lines with the reason of each; says how many.
///
/// A table keeps its columns and its delimiter and gets one column more; records of JSON and XML become lines of JSON
/// with one field more. Both are left out when the file is imported. The text is UTF-8.
///
/// # Errors
/// When the source cannot be read again, or the file cannot be written.
pub fn save(source: &Source, refused: &[RefusedRow], path: &Path) -> Result<u64, CallError> {
    let mut reasons = BTreeMap::<u64, String>::new();
    for row in refused {
        reasons
            .entry(row.line)
            .and_modify(|all| {
                all.push_str("; ");
                all.push_str(&row.reason);
            })
            .or_insert_with(|| row.reason.clone());
    }
    file_of(path, &mut |out| match source.form() {
        Form::Table(delimiter) => table(source, delimiter, &reasons, out),
        Form::JsonLines | Form::Json | Form::Xml | Form::Ansible | Form::Yaml => lines(source, &reasons, out),
    })
}

fn table(
    source: &Source,
    delimiter: u8,
    reasons: &BTreeMap<u64, String>,
    out: &mut dyn Write,
) -> Result<u64, CallError> {
    let wrong = |error: csv::Error| unwritable("The refused rows", &error.into());
    let mut sheet = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(out);
    let header = source.header();
    let reason_at = header.iter().position(|name| name == REASON_COLUMN);
    let mut head: Vec<&str> = header.iter().map(String::as_str).filter(|n| *n != REASON_COLUMN).collect();
    head.push(REASON_COLUMN);
    sheet.write_record(&head).map_err(wrong)?;
    let mut count = 0;
    for (line, fields) in rows_at(source, reasons)? {
        let mut fields = fields;
        // A row that was not even cut into fields keeps its place with what could be read.
        fields.resize(header.len().max(fields.len()), String::new());
        if let Some(at) = reason_at
            && at < fields.len()
        {
            fields.remove(at);
        }
        fields.push(reasons.get(&line).cloned().unwrap_or_default());
        sheet.write_record(&fields).map_err(wrong)?;
        count += 1;
    }
    sheet.flush().map_err(|error| unwritable("The refused rows", &error))?;
    Ok(count)
}

/// The fields of the rows of these lines; of one that the reader refuses, as many as it can give.
fn rows_at(source: &Source, reasons: &BTreeMap<u64, String>) -> Result<Vec<(u64, Vec<String>)>, CallError> {
    let mut rows = source.raw_rows()?;
    let mut found = Vec::new();
    loop {
        match rows.next_row() {
            Ok(Some(row)) if reasons.contains_key(&row.line) => {
                found.push((row.line, row.fields.unwrap_or_else(|_| rows.salvaged())));
            }
            Ok(Some(_)) => {}
            Ok(None) => return Ok(found),
            Err(error) => return Err(super::unreadable(&error)),
        }
    }
}

fn lines(source: &Source, reasons: &BTreeMap<u64, String>, out: &mut dyn Write) -> Result<u64, CallError> {
    let mut entries = source.entries()?;
    let mut count = 0;
    while let Some(entry) = entries.next_entry().map_err(|error| super::unreadable(&error))? {
        let Some(reason) = reasons.get(&entry.line) else { continue };
        let mut object = match entry.cells {
            Ok(Cells::Object(object)) => object,
            _ => serde_json::Map::new(),
        };
        object.insert(REASON_COLUMN.to_owned(), reason.clone().into());
        let line = serde_json::Value::Object(object).to_string();
        debug_assert!(line.len() <= 2 * RECORD_BYTES, "what was read within the limit");
        writeln!(out, "{line}").map_err(|error| unwritable("The refused rows", &error))?;
        count += 1;
    }
    Ok(count)
}
