//! Rows of a CSV file with the line they stand on, in bounded memory and with every fault named.
//!
//! RFC 4180 with what real exports do: a byte order mark, CRLF or LF, blank lines, line breaks in quoted fields.
//! A field over the limit is dropped while it is read, so that a broken file costs no memory; a fault spoils its own
//! row only. Written by hand because the known readers neither limit a field nor say that a quote is never closed.

use std::io::{BufRead, BufReader, Read};

/// Longest field that is taken, in bytes.
pub const FIELD_BYTES: usize = 1024 * 1024;
/// Longest row that is taken, in bytes.
pub const ROW_BYTES: usize = 4 * 1024 * 1024;
/// Most columns of a file.
pub const COLUMNS: usize = 500;
/// So much of a field that is too long is shown to whoever mends it.
const CUT_BYTES: usize = 1_000;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Line on which it begins, from 1.
    pub line: u64,
    /// Its fields, or why they cannot be taken.
    pub fields: Result<Vec<String>, RowFault>,
}

/// Why a row cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// A byte that is no UTF-8.
    #[error("field {column} is not UTF-8: byte 0x{byte:02X} on line {line}; save the file as UTF-8")]
    NotUtf8 {
        /// Position of the field from 1.
        column: usize,
        /// The first wrong byte.
        byte: u8,
        /// The line on which it stands.
        line: u64,
    },
    /// A field over [`FIELD_BYTES`].
    #[error("field {column} has {bytes} bytes; at most {FIELD_BYTES} are taken")]
    TooLong {
        /// Position of the field from 1.
        column: usize,
        /// Its length in bytes.
        bytes: u64,
    },
    /// The end of the file inside quotes.
    #[error("the quote opened on line {line} is never closed")]
    Unclosed {
        /// Where the quote was opened.
        line: u64,
    },
    /// A row over [`ROW_BYTES`].
    #[error("the row has more than {ROW_BYTES} bytes")]
    RowTooLong,
    /// More fields than any file has columns.
    #[error("the row has more than {COLUMNS} fields")]
    TooMany,
    /// A NUL byte: the file was cut by a crash, or holds something else than text.
    #[error("field {column} holds a NUL byte on line {line}; save the file as text")]
    Nul {
        /// Position of the field from 1.
        column: usize,
        /// The line on which it stands.
        line: u64,
    },
}

/// Reads rows one after the other.
pub struct Rows<R> {
    bytes: BufReader<R>,
    delimiter: u8,
    /// Line of the next byte.
    line: u64,
    started: bool,
    /// The last row ended with the file and not with a line break.
    open_ended: bool,
    /// What could be read of the last row that cannot be taken.
    salvaged: Vec<String>,
}

/// Where the reader stands within a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: the end of it, or the first of two.
    QuoteSeen,
}

/// A row while it is read.
struct Draft {
    line: u64,
    fields: Vec<String>,
    /// Bytes kept in `fields`.
    kept: usize,
    field: Vec<u8>,
    /// Bytes of the field, counted on past the limit.
    field_bytes: u64,
    /// Line on which the field begins.
    field_line: u64,
    fault: Option<RowFault>,
}

impl Draft {
    fn new(line: u64) -> Self {
        Self { line, fields: Vec::new(), kept: 0, field: Vec::new(), field_bytes: 0, field_line: line, fault: None }
    }

    fn push(&mut self, byte: u8) {
        self.field_bytes += 1;
        if self.field.len() < FIELD_BYTES {
            self.field.push(byte);
        }
    }

    /// Ends the field; the next begins on `line`.
    fn end_field(&mut self, line: u64) {
        let column = self.fields.len() + 1;
        let field = std::mem::take(&mut self.field);
        let bytes = std::mem::take(&mut self.field_bytes);
        let field_line = std::mem::replace(&mut self.field_line, line);
        if bytes > FIELD_BYTES as u64 {
            self.fault.get_or_insert(RowFault::TooLong { column, bytes });
            self.fields.push(String::from_utf8_lossy(field.get(..CUT_BYTES).unwrap_or_default()).into_owned());
        } else if self.fault.is_some() {
            // The row is lost already; what it holds is kept for the person who mends it.
            let text = String::from_utf8_lossy(&field).replace('\0', "\u{fffd}");
            self.kept += text.len();
            self.fields.push(text);
        } else {
            match String::from_utf8(field) {
                Ok(text) if text.contains('\0') => {
                    let breaks = text.split('\0').next().map_or(0, |before| before.matches('\n').count()) as u64;
                    self.fault = Some(RowFault::Nul { column, line: field_line + breaks });
                    self.fields.push(text.replace('\0', "\u{fffd}"));
                }
                Ok(text) => {
                    self.kept += text.len();
                    self.fields.push(text);
                }
                Err(error) => {
                    let at = error.utf8_error().valid_up_to();
                    let bytes = error.as_bytes();
                    let breaks = bytes.iter().take(at).filter(|b| **b == b'\n').count() as u64;
                    let byte = bytes.get(at).copied().unwrap_or_default();
                    self.fault = Some(RowFault::NotUtf8 { column, byte, line: field_line + breaks });
                    self.fields.push(String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}"));
                }
            }
        }
        if self.kept > ROW_BYTES {
            self.fault = Some(RowFault::RowTooLong);
            self.kept = 0;
            self.fields.iter_mut().for_each(|f| *f = String::new());
        }
        if self.fields.len() > COLUMNS {
            self.fault = Some(RowFault::TooMany);
            self.fields.truncate(COLUMNS);
        }
    }

    fn is_blank(&self) -> bool {
        self.fault.is_none() && self.fields.iter().all(|f| f.trim().is_empty())
    }

    /// The row, and what could be read of one that cannot be taken.
    fn finish(self) -> (Row, Vec<String>) {
        match self.fault {
            None => (Row { line: self.line, fields: Ok(self.fields) }, Vec::new()),
            Some(fault) => (Row { line: self.line, fields: Err(fault) }, self.fields),
        }
    }
}

impl<R: Read> Rows<R> {
    /// Rows of a file with commas between the fields.
    pub fn new(file: R) -> Self {
        Self::delimited(file, b',')
    }

    /// Rows of a file with this byte between the fields.
    pub fn delimited(file: R, delimiter: u8) -> Self {
        let bytes = BufReader::with_capacity(64 * 1024, file);
        Self { bytes, delimiter, line: 1, started: false, open_ended: false, salvaged: Vec::new() }
    }

    /// Whether the row read last ended with the file and not with a line break: it may have been cut off.
    pub fn is_open_ended(&self) -> bool {
        self.open_ended
    }

    /// What could be read of the last row that cannot be taken: wrong bytes replaced, long fields cut.
    pub fn salvaged(&mut self) -> Vec<String> {
        std::mem::take(&mut self.salvaged)
    }

    fn peek(&mut self) -> std::io::Result<Option<u8>> {
        Ok(self.bytes.fill_buf()?.first().copied())
    }

    fn next_byte(&mut self) -> std::io::Result<Option<u8>> {
        let Some(byte) = self.peek()? else { return Ok(None) };
        self.bytes.consume(1);
        if byte == b'\n' {
            self.line += 1;
        }
        Ok(Some(byte))
    }

    fn skip_byte_order_mark(&mut self) -> std::io::Result<()> {
        if self.bytes.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
            self.bytes.consume(3);
        }
        self.started = true;
        Ok(())
    }

    /// The next row that is not blank.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn next_row(&mut self) -> std::io::Result<Option<Row>> {
        if !self.started {
            self.skip_byte_order_mark()?;
        }
        loop {
            let Some(draft) = self.read_row()? else { return Ok(None) };
            if !draft.is_blank() {
                let (row, salvaged) = draft.finish();
                self.salvaged = salvaged;
                return Ok(Some(row));
            }
        }
    }

    fn read_row(&mut self) -> std::io::Result<Option<Draft>> {
        if self.peek()?.is_none() {
            return Ok(None);
        }
        let delimiter = self.delimiter;
        let mut draft = Draft::new(self.line);
        let mut state = State::Start;
        let mut opened = self.line;
        loop {
            let line = self.line;
            let Some(byte) = self.next_byte()? else {
                self.open_ended = true;
                if state == State::Quoted {
                    draft.end_field(line);
                    draft.fault = Some(RowFault::Unclosed { line: opened });
                } else {
                    draft.end_field(line);
                }
                return Ok(Some(draft));
            };
            state = match (state, byte) {
                (State::Quoted, b'"') => State::QuoteSeen,
                (State::Quoted, _) => {
                    draft.push(byte);
                    State::Quoted
                }
                (State::Start, b'"') => {
                    opened = line;
                    State::Quoted
                }
                (State::QuoteSeen, b'"') => {
                    draft.push(b'"');
                    State::Quoted
                }
                (_, byte) if byte == delimiter => {
                    draft.end_field(self.line);
                    State::Start
                }
                (_, b'\n') => {
                    draft.end_field(self.line);
                    return Ok(Some(draft));
                }
                (_, b'\r') => {
                    if self.peek()? == Some(b'\n') {
                        self.next_byte()?;
                    } else {
                        self.line += 1;
                    }
                    draft.end_field(self.line);
                    return Ok(Some(draft));
                }
                // Text after a closing quote is kept as text: spreadsheets write `"a" b` now and then.
                (State::Start | State::Plain | State::QuoteSeen, _) => {
                    draft.push(byte);
                    State::Plain
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    fn rows(bytes: &[u8]) -> Vec<Row> {
        let mut reader = Rows::new(bytes);
        let mut all = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            all.push(row);
        }
        all
    }

    fn good(line: u64, fields: &[&str]) -> Row {
        Row { line, fields: Ok(fields.iter().map(|f| (*f).to_owned()).collect()) }
    }

    #[test]
    fn line_numbers_stay_right_through_breaks_in_quotes_blank_lines_and_a_mark() {
        let text = b"\xEF\xBB\xBFname,class\r\n\r\n\"a\r\nb\",x\r\n,\r\nc,\"say \"\"hi\"\"\"\n";
        let expected = vec![good(1, &["name", "class"]), good(3, &["a\r\nb", "x"]), good(6, &["c", "say \"hi\""])];
        assert_eq!(rows(text), expected);
    }

    #[test]
    fn a_wrong_byte_spoils_its_row_only_and_its_line_is_named() {
        let all = rows(b"a,b\n1,\"x\ny\xE9\"\n2,z\n");
        assert_eq!(all[1].line, 2);
        assert_eq!(all[1].fields, Err(RowFault::NotUtf8 { column: 2, byte: 0xE9, line: 3 }));
        assert_eq!(all[2], good(4, &["2", "z"]));
    }

    #[test]
    fn a_field_at_the_limit_is_taken_and_one_byte_more_is_not() {
        let mut text = b"a\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', FIELD_BYTES));
        assert!(rows(&text)[1].fields.is_ok());
        text.push(b'x');
        text.extend(b"\nnext\n");
        let all = rows(&text);
        assert_eq!(all[1].fields, Err(RowFault::TooLong { column: 1, bytes: FIELD_BYTES as u64 + 1 }));
        assert_eq!(all[2], good(3, &["next"]));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_named_with_its_line() {
        let all = rows(b"a,b\n1,\"open\nand on\n");
        assert_eq!(all[1].fields, Err(RowFault::Unclosed { line: 2 }));
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn a_row_of_too_many_fields_is_refused_in_bounded_memory() {
        let text = ",x".repeat(COLUMNS + 10);
        assert_eq!(rows(text.as_bytes())[0].fields, Err(RowFault::TooMany));
    }

    proptest! {
        #[test]
        fn what_a_writer_writes_is_read_back(table in proptest::collection::vec(
            proptest::collection::vec("[a-z,\"\r\n é]{1,12}x", 3), 1..8)
        ) {
            let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let read: Vec<Vec<String>> = rows(&bytes).into_iter().map(|r| r.fields.unwrap()).collect();
            prop_assert_eq!(read, table);
        }

        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            rows(&bytes);
        }
    }
}
