//! Documents in YAML, read within limits: no anchors and aliases (a few lines of them unfold into gigabytes), nothing
//! nested deeper than a catalogue needs, no larger than a catalogue's largest file by far.

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Number, Value};

/// Largest document, in bytes.
pub const DOCUMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Lists and maps in one another.
const DEPTH: usize = 12;
/// Values of one document.
const NODES: usize = 200_000;

/// The first document of a text. Numbers, truth values and nothing are told from texts as YAML 1.2 does.
///
/// # Errors
/// Why it cannot be taken, in a sentence without its end, with the line.
pub fn read(text: &str) -> Result<Value, String> {
    let mut reader = Reader { parser: Parser::new_from_str(text.trim_start_matches('\u{feff}')), nodes: 0 };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
            (Event::StreamEnd | Event::DocumentEnd, _) => return Ok(Value::Null),
            (event, line) => return reader.value(event, line, 0),
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, usize), String> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            // The parser's own limit, reached before ours where nothing but nests begins.
            Some(Err(error)) if error.info().contains("recursion limit") => {
                Err(format!("line {}: it is nested more than {DEPTH} deep", error.marker().line()))
            }
            Some(Err(error)) => Err(format!("line {}: {}", error.marker().line(), error.info())),
            None => Ok((Event::StreamEnd, 0)),
        }
    }

    fn value(&mut self, event: Event<'t>, line: usize, depth: usize) -> Result<Value, String> {
        self.nodes += 1;
        if self.nodes > NODES {
            return Err(format!("line {line}: it holds more than {NODES} values"));
        }
        if depth > DEPTH {
            return Err(format!("line {line}: it is nested more than {DEPTH} deep"));
        }
        match event {
            Event::Alias(_) => Err(format!("line {line}: an alias stands in for something else; write it out")),
            Event::Scalar(_, _, anchor, _) | Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if anchor > 0 =>
            {
                Err(format!("line {line}: an anchor is set; take it and its aliases out"))
            }
            Event::Scalar(text, style, _, _) => Ok(match style {
                ScalarStyle::Plain => plain(&text),
                _ => Value::String(text.into_owned()),
            }),
            Event::SequenceStart(..) => {
                let mut list = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => return Ok(Value::Array(list)),
                        (event, line) => list.push(self.value(event, line, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut map = Map::new();
                loop {
                    let (event, line) = self.next()?;
                    if event == Event::MappingEnd {
                        return Ok(Value::Object(map));
                    }
                    let key = match self.value(event, line, depth + 1)? {
                        Value::String(key) => key,
                        Value::Array(_) | Value::Object(_) => {
                            return Err(format!("line {line}: a list or map stands where a name should"));
                        }
                        other => other.to_string(),
                    };
                    let (event, at) = self.next()?;
                    let value = self.value(event, at, depth + 1)?;
                    if map.contains_key(&key) {
                        return Err(format!("line {line}: {key} is said twice"));
                    }
                    map.insert(key, value);
                }
            }
            Event::StreamEnd | Event::DocumentEnd => Err("it ends in the middle".to_owned()),
            other => Err(format!("line {line}: {other:?} is not expected here")),
        }
    }
}

/// A text without quotes, by the core schema of YAML 1.2.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => {
            let is_figure = text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E'))
                && text.chars().any(|c| c.is_ascii_digit());
            let figure = if is_figure {
                let whole = text.parse::<i64>().ok().map(Number::from);
                whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64))
            } else {
                None
            };
            // Leading zeros belong to part numbers, not to figures.
            let padded = text.len() > 1 && text.starts_with('0') && !text.starts_with("0.");
            match figure {
                Some(figure) if !padded => Value::Number(figure),
                _ => Value::String(text.to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case::a_model("---\r\nmodel: 01KP665\r\nu_height: 1.5\r\nlist:\r\n  - {name: 1, on: true}\r\n",
        Ok(json!({ "model": "01KP665", "u_height": 1.5, "list": [{ "name": 1, "on": true }] })))]
    #[case::quoted("a: '1'\nb: \"~\"\nc: ~\nd:\n", Ok(json!({ "a": "1", "b": "~", "c": null, "d": null })))]
    #[case::leading_zeros("part: 00123\nnine: 09WR03", Ok(json!({ "part": "00123", "nine": "09WR03" })))]
    #[case::empty("", Ok(Value::Null))]
    #[case::bomb("a: &a [x, x]\nb: [*a, *a]", Err("anchor"))]
    #[case::alias_of_nothing("b: *a", Err("anchor"))]
    #[case::said_twice("a: 1\na: 2", Err("said twice"))]
    #[case::broken("a: [1, 2\nb: }", Err("line"))]
    fn yaml_is_read_within_limits(#[case] text: &str, #[case] want: Result<Value, &str>) {
        match (read(text), want) {
            (Ok(value), Ok(want)) => assert_eq!(value, want),
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (read, want) => panic!("{read:?} instead of {want:?}"),
        }
    }

    #[test]
    fn deep_nests_end_early() {
        let why = read(&"[".repeat(100_000)).unwrap_err();
        assert!(why.contains("deep"), "{why}");
    }
}
