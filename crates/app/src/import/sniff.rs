//! What a file is, by its beginning: which encoding, which form, what stands between its fields.

use super::encoding;
use super::rows::Rows;
use encoding_rs::Encoding;
use std::io::Read;

/// Bytes of a file that are looked at.
pub const HEAD_BYTES: usize = 256 * 1024;
/// What may stand between fields, the likeliest first.
pub const DELIMITERS: &[u8] = b",;\t|";
/// Rows that are looked at for a delimiter.
const ROWS: usize = 50;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Fields with this byte between them.
    Table(u8),
    /// A JSON object on each line.
    JsonLines,
    /// One JSON document.
    Json,
    /// One XML document.
    Xml,
    /// What ansible prints of each host.
    Ansible,
    /// Files of YAML, one a record.
    Yaml,
}

/// Encoding and form of a file that begins with these bytes; either may be given.
#[must_use]
pub fn sniff(head: &[u8], encoding: Option<&'static Encoding>, delimiter: Option<u8>) -> (&'static Encoding, Form) {
    let encoding = encoding.unwrap_or_else(|| encoding::detect(head));
    let mut text = Vec::new();
    // Decoding from memory cannot fail.
    let _ = encoding::Decoded::new(head, encoding).read_to_end(&mut text);
    if let Some(delimiter) = delimiter {
        return (encoding, Form::Table(delimiter));
    }
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
    let begins = text.iter().copied().find(|b| !b.is_ascii_whitespace());
    let form = match begins {
        Some(b'<') => Form::Xml,
        Some(b'[') => Form::Json,
        Some(b'{') => json(text),
        _ if super::ansible::is_printed(&String::from_utf8_lossy(text)) => Form::Ansible,
        _ => Form::Table(self::delimiter(text)),
    };
    (encoding, form)
}

/// Lines if the first line is an object of its own that is not alone.
fn json(text: &[u8]) -> Form {
    let mut lines = text.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty());
    let first = lines.next().unwrap_or_default();
    let is_object = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(first);
    match is_object {
        // One object alone is a document if it holds others: the answer of a server, all on one line.
        Ok(object) if lines.next().is_some() || !super::json::holds_objects(&object) => Form::JsonLines,
        // A line longer than what was looked at is no document either way: documents are read, lines are read.
        Ok(_) | Err(_) => Form::Json,
    }
}

/// The byte that cuts most rows into the same number of fields.
fn delimiter(text: &[u8]) -> u8 {
    let mut best = (0, b',');
    for &delimiter in DELIMITERS {
        let mut rows = Rows::delimited(text, delimiter);
        let mut widths = Vec::new();
        while widths.len() < ROWS {
            match rows.next_row() {
                Ok(Some(row)) => widths.push(row.fields.map_or(0, |f| f.len())),
                Ok(None) | Err(_) => break,
            }
        }
        let Some(&first) = widths.first() else { continue };
        let alike = widths.iter().filter(|w| **w == first).count();
        let score = if first < 2 { 0 } else { alike * 100 / widths.len() * 10 + first.min(9) };
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::commas("name,class\na,b\n", Form::Table(b','))]
    #[case::semicolons_with_decimal_commas("name;size\na;1,5\nb;2,5\n", Form::Table(b';'))]
    #[case::tabs("name\tclass\na\tb, c\n", Form::Table(b'\t'))]
    #[case::pipes("name|class\na|b\n", Form::Table(b'|'))]
    #[case::one_column("name\na\nb\n", Form::Table(b','))]
    #[case::commas_in_quotes("name;notes\na;\"x,y,z\"\nb;\"1,2,3\"\n", Form::Table(b';'))]
    #[case::empty("", Form::Table(b','))]
    #[case::json_lines("{\"name\":\"a\"}\n{\"name\":\"b\"}\n", Form::JsonLines)]
    #[case::one_json_line("{\"name\":\"a\"}\n", Form::JsonLines)]
    #[case::an_answer("{\"count\":1,\"results\":[{\"name\":\"a\"}]}\n", Form::Json)]
    #[case::a_long_answer("{\n \"results\": []\n}\n", Form::Json)]
    #[case::a_list("[{\"name\":\"a\"}]", Form::Json)]
    #[case::ansible("web-01 | SUCCESS => {\n    \"ansible_facts\": {}\n}\n", Form::Ansible)]
    #[case::ansible_in_one_line("web-01 | UNREACHABLE! => {\"changed\": false}\n", Form::Ansible)]
    #[case::pipes_in_words("web-01 | is => fine\n", Form::Table(b'|'))]
    #[case::xml("<?xml version=\"1.0\"?><Set/>", Form::Xml)]
    #[case::a_mark("\u{feff}{\"name\":\"a\"}\n{\"name\":\"b\"}\n", Form::JsonLines)]
    fn the_form_of_a_file_is_told_by_its_beginning(#[case] text: &str, #[case] form: Form) {
        assert_eq!(sniff(text.as_bytes(), None, None).1, form);
    }
}
