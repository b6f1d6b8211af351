//! Records from JSON: an object on each line, or the answer of another product's interface, which is unrolled into
//! lines while it streams by.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::io::{Read, Write};

/// Where answers keep their records: NetBox, Snipe-IT, iTop, and what others use.
const HOLDERS: &[&str] = &["results", "rows", "objects", "records", "data", "items", "value"];
/// Objects in objects are followed so deep.
const DEPTH: usize = 6;
/// Longest line, and longest record of a document, in bytes.
pub const RECORD_BYTES: usize = super::rows::ROW_BYTES;

/// Whether this is an answer that holds records, and not a record.
pub(super) fn holds_objects(object: &Map<String, Value>) -> bool {
    HOLDERS.iter().any(|holder| match object.get(*holder) {
        Some(Value::Array(list)) => list.iter().all(Value::is_object),
        Some(Value::Object(map)) => !map.is_empty() && map.values().all(Value::is_object),
        _ => false,
    })
}

/// The values of an object by the path to them: `site.name`, `tags`. Lists are written with `;` between.
#[must_use]
pub fn flat(object: &Map<String, Value>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    walk(object, "", 0, &mut out);
    out
}

fn walk(object: &Map<String, Value>, before: &str, depth: usize, out: &mut Vec<(String, String)>) {
    for (key, value) in object {
        let path = if before.is_empty() { key.clone() } else { format!("{before}.{key}") };
        match value {
            Value::Object(inner) if depth < DEPTH => walk(inner, &path, depth + 1, out),
            other => out.push((path, text(other))),
        }
    }
}

/// A value as text: what a list or object is called, where it is called something.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(text).filter(|t| !t.is_empty()).collect::<Vec<_>>().join(";"),
        Value::Object(object) => ["name", "display", "friendlyname", "label", "value", "address", "id"]
            .iter()
            .find_map(|key| object.get(*key))
            .map(text)
            .unwrap_or_default(),
        other => other.to_string(),
    }
}

/// The value at the end of a path such as `a_terminations.0.object.device.name`; empty where there is none.
#[must_use]
pub fn at(object: &Map<String, Value>, path: &str) -> String {
    let mut parts = path.split('.');
    let mut here = parts.next().and_then(|first| object.get(first));
    for part in parts {
        here = match here {
            Some(Value::Object(inner)) => inner.get(part),
            Some(Value::Array(list)) => part.parse::<usize>().ok().and_then(|n| list.get(n)),
            _ => None,
        };
    }
    here.map(text).unwrap_or_default()
}

/// Writes each record of a document as a line; says how many.
///
/// # Errors
/// Where the document cannot be read on, in a sentence.
pub fn unroll(document: impl Read, lines: &mut dyn Write) -> Result<u64, String> {
    let mut out = Lines { lines, count: 0, fault: None };
    let mut deserializer = serde_json::Deserializer::from_reader(std::io::BufReader::new(document));
    let read = Top(&mut out).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match (out.fault, read) {
        (Some(fault), _) => Err(fault),
        (None, Err(error)) => Err(format!("after {} records: {error}", out.count)),
        (None, Ok(())) => Ok(out.count),
    }
}

struct Lines<'a> {
    lines: &'a mut dyn Write,
    count: u64,
    fault: Option<String>,
}

impl Lines<'_> {
    fn push<E: serde::de::Error>(&mut self, record: &Value) -> Result<(), E> {
        let mut line = record.to_string();
        if line.len() > RECORD_BYTES {
            let fault = format!("record {} has more than {RECORD_BYTES} bytes", self.count + 1);
            self.fault = Some(fault.clone());
            return Err(E::custom(fault));
        }
        line.push('\n');
        self.count += 1;
        self.lines.write_all(line.as_bytes()).map_err(|error| {
            self.fault = Some(format!("the records could not be put aside: {error}"));
            E::custom(error)
        })
    }
}

/// A document: a list of records, an object that holds them, or one record.
struct Top<'a, 'b>(&'a mut Lines<'b>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records, or an object that holds one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        Records(self.0).visit_seq(seq)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut alone = Map::new();
        let mut held = false;
        while let Some(key) = map.next_key::<String>()? {
            if HOLDERS.contains(&key.as_str()) && !held {
                held = map.next_value_seed(Held(self.0))?;
            } else if held || alone.len() >= super::rows::COLUMNS {
                map.next_value::<IgnoredAny>()?;
            } else {
                alone.insert(key, map.next_value::<Value>()?);
            }
        }
        if held || alone.is_empty() { Ok(()) } else { self.0.push(&Value::Object(alone)) }
    }
}

/// What stands where records are expected; says whether there were any to expect.
struct Held<'a, 'b>(&'a mut Lines<'b>);

impl<'de> DeserializeSeed<'de> for Held<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Held<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<bool, A::Error> {
        Records(self.0).visit_seq(seq).map(|()| true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        // An object by key, as iTop answers.
        while map.next_key::<IgnoredAny>()?.is_some() {
            let record = map.next_value::<Value>()?;
            self.0.push(&record)?;
        }
        Ok(true)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }
}

struct Records<'a, 'b>(&'a mut Lines<'b>);

impl Records<'_, '_> {
    fn visit_seq<'de, A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(record) = seq.next_element::<Value>()? {
            self.0.push(&record)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rstest::rstest;
    use serde_json::json;

    fn lines(document: &str) -> Result<Vec<Value>, String> {
        let mut out = Vec::new();
        unroll(document.as_bytes(), &mut out)?;
        Ok(out.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect())
    }

    #[rstest]
    #[case::a_list(r#"[{"a":1},{"a":2}]"#, 2)]
    #[case::netbox(r#"{"count":2,"next":null,"results":[{"a":1},{"a":2}]}"#, 2)]
    #[case::snipe_it(r#"{"total":1,"rows":[{"a":1}]}"#, 1)]
    #[case::itop(r#"{"code":0,"message":"Found: 2","objects":{"Server::1":{"a":1},"Server::2":{"a":2}}}"#, 2)]
    #[case::itop_without_a_hit(r#"{"objects":null,"code":0}"#, 0)]
    #[case::one_record(r#"{"name":"web-01","data":"text"}"#, 1)]
    #[case::nothing("[]", 0)]
    fn an_answer_is_unrolled(#[case] document: &str, #[case] records: usize) {
        assert_eq!(lines(document).unwrap().len(), records);
    }

    #[rstest]
    #[case::cut_off(r#"{"results":[{"a":1},{"a":"#)]
    #[case::two_documents(r#"[{"a":1}] [{"a":2}]"#)]
    #[case::no_json("results")]
    #[case::a_number("5")]
    fn what_is_no_document_is_refused_with_its_place(#[case] document: &str) {
        lines(document).unwrap_err();
    }

    #[test]
    fn a_path_leads_through_objects_and_lists() {
        let object = json!({
            "site": {"name": "Gdynia"}, "tags": [{"name": "a"}, {"name": "b"}], "status": {"value": "active", "label": "Active"},
            "ends": [{"object": {"device": {"name": "sw-1"}}}], "rack": null, "u": 12, "list": ["x", "y"],
        });
        let object = object.as_object().unwrap();
        for (path, value) in [
            ("site.name", "Gdynia"),
            ("site", "Gdynia"),
            ("tags", "a;b"),
            ("status.label", "Active"),
            ("ends.0.object.device.name", "sw-1"),
            ("ends.1.object", ""),
            ("rack", ""),
            ("rack.name", ""),
            ("u", "12"),
            ("list", "x;y"),
        ] {
            assert_eq!(at(object, path), value, "{path}");
        }
        let flat = flat(object);
        assert!(flat.contains(&("site.name".to_owned(), "Gdynia".to_owned())), "{flat:?}");
    }
}
