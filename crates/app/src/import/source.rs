//! A file as rows or objects, whatever its form and encoding: opened once, read from its beginning as often as needed.

use super::encoding::{self, Decoded};
use super::rows::{COLUMNS, Rows};
use super::sniff::{Form, HEAD_BYTES, sniff};
use super::{ansible, device_types, json, xml};
use crate::error::CallError;
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use ts_rs::TS;

/// Largest document (JSON that is no list of lines, XML) that is taken, in bytes; lines and tables have no limit.
pub const DOCUMENT_BYTES: u64 = 1024 * 1024 * 1024;
/// The column in which refused rows say why; an import leaves it out.
pub const REASON_COLUMN: &str = "refused_because";

/// How a file is to be read; what is left out is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default, deny_unknown_fields)]
#[ts(optional_fields)]
pub struct Reading {
    /// Such as `UTF-8`, `UTF-16LE`, `windows-1252`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands between fields: one character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
}

/// A file, opened and looked at.
pub struct Source {
    path: PathBuf,
    file: File,
    /// Records of a document, one on each line, in a file without a name.
    unrolled: Option<File>,
    form: Form,
    encoding: &'static Encoding,
    header: Vec<String>,
    width: usize,
    size_bytes: u64,
}

/// One row or object.
pub struct Entry {
    /// Line on which it begins, or its place among the objects of a document, from 1.
    pub line: u64,
    /// What stands in it, or why it cannot be taken.
    pub cells: Result<Cells, String>,
}

/// What stands in an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// As many fields as the header has.
    Fields(Vec<String>),
    /// An object.
    Object(Map<String, Value>),
}

/// Positions of columns by name, in lower case.
#[derive(Clone, Debug, Default)]
pub struct Positions(HashMap<String, usize>);

impl Positions {
    /// Of these columns; of several with one name the first counts.
    #[must_use]
    pub fn of(header: &[String]) -> Self {
        let mut positions = HashMap::new();
        for (position, name) in header.iter().enumerate() {
            positions.entry(name.trim().to_lowercase()).or_insert(position);
        }
        Self(positions)
    }

    /// Whether there is such a column.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_lowercase())
    }
}

impl Cells {
    /// The first of these columns, or paths of an object, that holds something.
    #[must_use]
    pub fn first(&self, positions: &Positions, names: &[&str]) -> String {
        let found = names.iter().map(|name| match self {
            Self::Fields(fields) => {
                let field = positions.0.get(&name.to_lowercase()).and_then(|position| fields.get(*position));
                field.map(|f| f.trim().to_owned()).unwrap_or_default()
            }
            Self::Object(object) => json::at(object, name).trim().to_owned(),
        });
        found.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// In the order of a header.
    #[must_use]
    pub fn fields(self, header: &[String]) -> Vec<String> {
        match self {
            Self::Fields(fields) => fields,
            Self::Object(object) => {
                let mut values: BTreeMap<String, String> = json::flat(&object).into_iter().collect();
                header.iter().map(|name| values.remove(name).unwrap_or_default()).collect()
            }
        }
    }
}

impl Source {
    /// Opens a file and finds out what it is.
    ///
    /// # Errors
    /// `FILE_UNREADABLE`, `WRONG_USE` for a reading that there is none of, `DOCUMENT_BROKEN`, `EMPTY_FILE` or `BAD_HEADER`.
    pub fn open(path: &Path, reading: &Reading) -> Result<Self, CallError> {
        if device_types::is_one(path) {
            return Self::of_models(path);
        }
        let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let metadata = file.metadata().map_err(|error| unreadable(path, &error))?;
        if !metadata.is_file() {
            return Err(unreadable(path, &std::io::Error::other("it is not a file")));
        }
        let mut head = Vec::new();
        (&mut file).take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(|error| unreadable(path, &error))?;
        let (encoding, form) = sniff(&head, named_encoding(reading)?, named_delimiter(reading)?);
        let mut source = Self {
            path: path.to_owned(),
            file,
            unrolled: None,
            form,
            encoding,
            header: Vec::new(),
            width: 0,
            size_bytes: metadata.len(),
        };
        if matches!(form, Form::Json | Form::Xml | Form::Ansible) {
            source.unroll()?;
        }
        source.read_header()?;
        Ok(source)
    }

    /// Files of YAML, each of which is a record.
    fn of_models(path: &Path) -> Result<Self, CallError> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let aside = |error: std::io::Error| {
            CallError::trouble(
                "OUTPUT_FAILED",
                format!("The records of {} could not be put aside: {error}.", path.display()),
                "Check the space left on the disk.",
            )
        };
        let mut lines = BufWriter::new(tempfile::tempfile().map_err(aside)?);
        device_types::unroll(path, &mut lines).map_err(|sentence| broken(path, &sentence))?;
        lines.flush().map_err(aside)?;
        let mut source = Self {
            path: path.to_owned(),
            file,
            unrolled: Some(lines.into_inner().map_err(|error| aside(error.into_error()))?),
            form: Form::Yaml,
            encoding: encoding_rs::UTF_8,
            header: Vec::new(),
            width: 0,
            size_bytes: 0,
        };
        source.read_header()?;
        Ok(source)
    }

    /// The names of its columns; of an object's, the paths.
    #[must_use]
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Its form.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// The name of its encoding.
    #[must_use]
    pub fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// How many bytes one reading of it takes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        let unrolled = self.unrolled.as_ref().and_then(|file| file.metadata().ok()).map(|m| m.len());
        unrolled.unwrap_or(self.size_bytes)
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it from its beginning.
    ///
    /// # Errors
    /// `FILE_UNREADABLE`.
    pub fn entries(&self) -> Result<Entries, CallError> {
        let mut entries = self.all().map_err(|error| unreadable(&self.path, &error))?;
        if let Reader::Table(rows) = &mut entries.reader {
            rows.next_row().map_err(|error| unreadable(&self.path, &error))?;
        }
        Ok(entries)
    }

    /// The rows of a table as they stand in it, the header not among them.
    ///
    /// # Errors
    /// `FILE_UNREADABLE`.
    pub(super) fn raw_rows(&self) -> Result<Rows<Decoded<Counted>>, CallError> {
        match self.entries()?.reader {
            Reader::Table(rows) => Ok(rows),
            Reader::Lines(..) => Err(unreadable(&self.path, &std::io::Error::other("it is no table"))),
        }
    }

    fn all(&self) -> std::io::Result<Entries> {
        let (mut file, encoding) = match &self.unrolled {
            Some(lines) => (lines.try_clone()?, encoding_rs::UTF_8),
            None => (self.file.try_clone()?, self.encoding),
        };
        file.seek(SeekFrom::Start(0))?;
        let read = Arc::new(AtomicU64::new(0));
        let bytes = Decoded::new(Counted { file, read: read.clone() }, encoding);
        let reader = match self.form {
            Form::Table(delimiter) => Reader::Table(Rows::delimited(bytes, delimiter)),
            _ => Reader::Lines(BufReader::with_capacity(64 * 1024, bytes), 0),
        };
        Ok(Entries { reader, read, width: self.width })
    }

    fn unroll(&mut self) -> Result<(), CallError> {
        if self.size_bytes > DOCUMENT_BYTES {
            return Err(broken(
                &self.path,
                &format!("it has {} bytes; at most {DOCUMENT_BYTES} are taken", self.size_bytes),
            ));
        }
        let aside = |error: std::io::Error| {
            CallError::trouble(
                "OUTPUT_FAILED",
                format!("The records of {} could not be put aside: {error}.", self.path.display()),
                "Check the space left on the disk.",
            )
        };
        let mut lines = BufWriter::new(tempfile::tempfile().map_err(aside)?);
        let mut file = self.file.try_clone().map_err(|error| unreadable(&self.path, &error))?;
        file.seek(SeekFrom::Start(0)).map_err(|error| unreadable(&self.path, &error))?;
        let mut text = BufReader::new(Decoded::new(file, self.encoding));
        skip_mark(&mut text).map_err(|error| unreadable(&self.path, &error))?;
        let unrolled = match self.form {
            Form::Xml => xml::unroll(text, &mut lines),
            Form::Ansible => ansible::unroll(text, &mut lines),
            Form::Table(_) | Form::JsonLines | Form::Json | Form::Yaml => json::unroll(text, &mut lines),
        };
        unrolled.map_err(|sentence| broken(&self.path, &sentence))?;
        lines.flush().map_err(aside)?;
        self.unrolled = Some(lines.into_inner().map_err(|error| aside(error.into_error()))?);
        Ok(())
    }

    fn read_header(&mut self) -> Result<(), CallError> {
        let fault = |error: std::io::Error| unreadable(&self.path, &error);
        let mut entries = self.all().map_err(fault)?;
        if let Reader::Table(rows) = &mut entries.reader {
            let Some(row) = rows.next_row().map_err(fault)? else { return Err(empty(&self.path)) };
            let names = row.fields.map_err(|sentence| {
                CallError::from(
                    slipway_domain::refusal::Finding::new(
                        "BAD_HEADER",
                        format!("The first line cannot be read: {sentence}."),
                        "Repair the file.",
                    )
                    .with("line", row.line),
                )
            })?;
            self.width = names.iter().rposition(|n| !n.trim().is_empty()).map_or(0, |last| last + 1);
            self.header = names.into_iter().take(self.width).map(|n| n.trim().to_owned()).collect();
            return Ok(());
        }
        let mut names = Vec::new();
        let mut known = std::collections::HashSet::new();
        while let Some(entry) = entries.next_entry().map_err(fault)? {
            let Ok(Cells::Object(object)) = entry.cells else { continue };
            for (name, _) in json::flat(&object) {
                if names.len() < COLUMNS && known.insert(name.clone()) {
                    names.push(name);
                }
            }
        }
        if names.is_empty() {
            return Err(empty(&self.path));
        }
        self.header = names;
        Ok(())
    }
}

/// Entries of a file, one after the other.
pub struct Entries {
    reader: Reader,
    read: Arc<AtomicU64>,
    width: usize,
}

enum Reader {
    Table(Rows<Decoded<Counted>>),
    /// And the number of the last line.
    Lines(BufReader<Decoded<Counted>>, u64),
}

impl Entries {
    /// Bytes of the file that have been read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// The next entry that is not blank.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn next_entry(&mut self) -> std::io::Result<Option<Entry>> {
        match &mut self.reader {
            Reader::Table(rows) => {
                let Some(row) = rows.next_row()? else { return Ok(None) };
                let cells = row.fields.map_err(|fault| fault.to_string());
                let cells = cells.and_then(|fields| checked(fields, self.width, rows.is_open_ended()));
                Ok(Some(Entry { line: row.line, cells: cells.map(Cells::Fields) }))
            }
            Reader::Lines(lines, line) => next_line(lines, line),
        }
    }
}

/// As many fields as the header has; empty ones beyond are let pass.
fn checked(mut fields: Vec<String>, width: usize, open_ended: bool) -> Result<Vec<String>, String> {
    let beyond = fields.iter().skip(width).any(|f| !f.trim().is_empty());
    if fields.len() < width && open_ended {
        return Err(format!("the last line is cut off: it has {} of {width} fields", fields.len()));
    }
    if fields.len() < width || beyond {
        return Err(format!("the row has {} fields, the header has {width}", fields.len()));
    }
    fields.truncate(width);
    Ok(fields)
}

fn next_line(lines: &mut BufReader<Decoded<Counted>>, line: &mut u64) -> std::io::Result<Option<Entry>> {
    loop {
        let mut bytes = Vec::new();
        let limit = json::RECORD_BYTES as u64 + 1;
        let read = (&mut *lines).take(limit).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        *line += 1;
        if read as u64 == limit && bytes.last() != Some(&b'\n') {
            skip_line(lines)?;
            let reason = format!("the line has more than {} bytes", json::RECORD_BYTES);
            return Ok(Some(Entry { line: *line, cells: Err(reason) }));
        }
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).trim_ascii();
        if text.is_empty() {
            continue;
        }
        let cells = match serde_json::from_slice::<Value>(text) {
            Ok(Value::Object(object)) => Ok(Cells::Object(object)),
            Ok(_) => Err("the line holds no object".to_owned()),
            Err(error) if bytes.last() != Some(&b'\n') && error.is_eof() => Err("the last line is cut off".to_owned()),
            Err(error) => Err(format!("the line is no JSON: {error}")),
        };
        return Ok(Some(Entry { line: *line, cells }));
    }
}

fn skip_line(lines: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        match buffer.iter().position(|b| *b == b'\n') {
            Some(at) => {
                lines.consume(at + 1);
                return Ok(());
            }
            None => {
                let length = buffer.len();
                lines.consume(length);
            }
        }
    }
}

fn skip_mark(text: &mut impl BufRead) -> std::io::Result<()> {
    if text.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
        text.consume(3);
    }
    Ok(())
}

/// A file that counts what was read of it.
pub(super) struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(out)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

fn named_encoding(reading: &Reading) -> Result<Option<&'static Encoding>, CallError> {
    let Some(name) = reading.encoding.as_deref().filter(|n| !n.is_empty()) else { return Ok(None) };
    encoding::named(name).map(Some).ok_or_else(|| {
        CallError::trouble(
            "WRONG_USE",
            format!("There is no encoding {name:?}."),
            format!("Use one of: {}.", encoding::NAMES.join(", ")),
        )
    })
}

fn named_delimiter(reading: &Reading) -> Result<Option<u8>, CallError> {
    match reading.delimiter.as_deref() {
        None | Some("") => Ok(None),
        Some("tab" | "\\t") => Ok(Some(b'\t')),
        Some(text) => match text.as_bytes() {
            [byte] if super::sniff::DELIMITERS.contains(byte) => Ok(Some(*byte)),
            _ => Err(CallError::trouble(
                "WRONG_USE",
                format!("{text:?} cannot stand between fields."),
                "Use one of: , ; | tab.",
            )),
        },
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> CallError {
    CallError::trouble(
        "FILE_UNREADABLE",
        format!("The file {} cannot be read: {error}.", path.display()),
        "Check the path and the file's rights, then try again: rows that are in already are left alone.",
    )
}

fn broken(path: &Path, sentence: &str) -> CallError {
    CallError::trouble(
        "DOCUMENT_BROKEN",
        format!("The document {} cannot be read: {sentence}.", path.display()),
        "Export it again; nothing was taken.",
    )
}

fn empty(path: &Path) -> CallError {
    slipway_domain::refusal::Finding::new(
        "EMPTY_FILE",
        format!("The file {} holds no rows.", path.display()),
        "Give a file whose first line names its columns, or one with records in JSON or XML.",
    )
    .into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// A row with its line.
    type Row = (u64, Result<Vec<String>, String>);

    fn read(bytes: &[u8]) -> (Vec<String>, Vec<Row>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let source = Source::open(&path, &Reading::default()).unwrap();
        let header = source.header().to_vec();
        let mut entries = source.entries().unwrap();
        let mut all = Vec::new();
        while let Some(entry) = entries.next_entry().unwrap() {
            all.push((entry.line, entry.cells.map(|c| c.fields(&header))));
        }
        assert_eq!(entries.bytes(), source.size_bytes(), "every byte was read");
        (header, all)
    }

    fn good(line: u64, fields: &[&str]) -> Row {
        (line, Ok(fields.iter().map(|f| (*f).to_owned()).collect()))
    }

    #[test]
    fn a_table_with_a_hundred_empty_columns_at_the_end_has_none_of_them() {
        let tail = ";".repeat(100);
        let (header, rows) = read(format!("name;size{tail}\na;1,5{tail}\nb;2{tail}x\nc;3").as_bytes());
        assert_eq!(header, ["name", "size"]);
        assert_eq!(rows[0], good(2, &["a", "1,5"]));
        assert!(rows[1].1.as_ref().unwrap_err().contains("the header has 2"));
        assert_eq!(rows[2], good(4, &["c", "3"]), "a last line that is whole needs no line break");
    }

    #[test]
    fn a_last_line_that_is_cut_off_is_said_to_be() {
        let (_, rows) = read(b"name,class,version\na,server,1\nb,ser");
        assert_eq!(rows[1].1.as_ref().unwrap_err(), "the last line is cut off: it has 2 of 3 fields");
        let (_, rows) = read(b"{\"name\":\"a\"}\n{\"name\":\"b");
        assert_eq!(rows[1], (2, Err("the last line is cut off".to_owned())));
    }

    #[test]
    fn objects_on_lines_have_the_columns_of_all() {
        let (header, rows) =
            read(b"{\"name\":\"a\",\"site\":{\"name\":\"x\"}}\nnonsense\n\n[1]\n{\"name\":\"b\",\"u\":3}\n");
        assert_eq!(header, ["name", "site.name", "u"]);
        assert_eq!(rows[0], good(1, &["a", "x", ""]));
        assert!(rows[1].1.as_ref().unwrap_err().contains("no JSON"), "{rows:?}");
        assert!(rows[2].1.as_ref().unwrap_err().contains("no object"), "{rows:?}");
        assert_eq!(rows[3], good(5, &["b", "", "3"]));
    }

    #[test]
    fn a_line_of_ten_megabytes_costs_its_own_row_only() {
        let mut bytes = b"{\"name\":\"a\"}\n{\"name\":\"".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', 10 * 1024 * 1024));
        bytes.extend(b"\"}\n{\"name\":\"c\"}\n");
        let (_, rows) = read(&bytes);
        assert!(rows[1].1.as_ref().unwrap_err().contains("more than"), "{:?}", rows[1]);
        assert_eq!(rows[2], good(3, &["c"]));
    }

    #[test]
    fn a_nul_byte_spoils_its_row_only() {
        let (_, rows) = read(b"name,class\na\0b,server\nc,server\n");
        assert!(rows[0].1.as_ref().unwrap_err().contains("NUL"), "{rows:?}");
        assert_eq!(rows[1], good(3, &["c", "server"]));
    }
}
