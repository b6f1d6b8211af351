//! Records from XML as iTop exports it: an element for each object, its fields in elements, sets of links in sets.
//!
//! Each object becomes a line of JSON in the form of iTop's own interface: class, key and fields.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value, json};
use std::io::{BufReader, Read, Write};

/// Elements within elements are followed so deep.
const DEPTH: usize = 16;

/// Writes each object of a document as a line; says how many.
///
/// # Errors
/// Where the document cannot be read on, in a sentence.
pub fn unroll(document: impl Read, lines: &mut dyn Write) -> Result<u64, String> {
    let mut reader = Reader::from_reader(BufReader::new(document));
    let mut buffer = Vec::new();
    let mut open: Vec<Node> = Vec::new();
    let mut count = 0_u64;
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer);
        let event = event.map_err(|error| format!("at byte {}: {error}", reader.buffer_position()))?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEPTH {
                    return Err(format!("elements are nested more than {DEPTH} deep"));
                }
                open.push(Node::of(&start));
            }
            Event::Empty(start) => {
                let node = Node::of(&start);
                close(node, &mut open, lines, &mut count)?;
            }
            Event::End(_) => {
                let Some(node) = open.pop() else { return Err("an element ends that never began".to_owned()) };
                close(node, &mut open, lines, &mut count)?;
            }
            Event::Text(text) => add(&mut open, &text.xml10_content()),
            Event::CData(text) => add(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let named = quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned);
                let text = match reference.resolve_char_ref() {
                    Ok(Some(c)) => c.to_string(),
                    _ => named.unwrap_or_default(),
                };
                add(&mut open, &text);
            }
            Event::Eof if open.is_empty() => return Ok(count),
            Event::Eof => return Err(format!("the document ends in the middle, after {count} objects")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// An element while it is read.
struct Node {
    name: String,
    id: String,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn of(start: &BytesStart<'_>) -> Self {
        let id = start
            .attributes()
            .flatten()
            .find(|a| AsRef::<str>::as_ref(&a.key) == "id")
            .map(|a| a.value.as_ref().to_owned())
            .unwrap_or_default();
        Self {
            name: AsRef::<str>::as_ref(&start.name()).to_owned(),
            id: id.to_string(),
            text: String::new(),
            children: Vec::new(),
        }
    }

    /// A field: text, or the objects of a set within it.
    fn value(&self) -> Value {
        let links = match self.children.as_slice() {
            [] => return Value::String(self.text.trim().to_owned()),
            [set] if set.name == "Set" => &set.children,
            children => children,
        };
        links.iter().map(Node::link).collect()
    }

    fn fields(&self) -> Map<String, Value> {
        self.children.iter().map(|field| (field.name.clone(), field.value())).collect()
    }

    fn link(&self) -> Value {
        let mut fields = self.fields();
        fields.insert("class".to_owned(), Value::String(self.name.clone()));
        Value::Object(fields)
    }
}

fn add(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}

/// An object is complete when it ends right below the root, or below a row of several.
fn close(node: Node, open: &mut [Node], lines: &mut dyn Write, count: &mut u64) -> Result<(), String> {
    let is_object = match open {
        [_] => node.name != "Row",
        [_, row] => row.name == "Row",
        _ => false,
    };
    if is_object {
        *count += 1;
        let object = json!({ "class": node.name, "key": node.id, "fields": node.fields() });
        return writeln!(lines, "{object}").map_err(|error| format!("the objects could not be put aside: {error}"));
    }
    // The rows of several below the root are done already.
    if open.len() > 1
        && let Some(parent) = open.last_mut()
    {
        parent.children.push(node);
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn lines(document: &str) -> Result<Vec<Value>, String> {
        let mut out = Vec::new();
        unroll(document.as_bytes(), &mut out)?;
        Ok(out.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect())
    }

    #[test]
    fn objects_fields_and_links_are_read() {
        let all = lines(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Set>\n<Server id=\"1\"><name>db &amp; web&#45;01</name><status>production</status>\
             <applicationsolution_list><Set><lnkApplicationSolutionToFunctionalCI id=\"9\">\
             <applicationsolution_name>Payroll</applicationsolution_name></lnkApplicationSolutionToFunctionalCI></Set>\
             </applicationsolution_list></Server>\n<Server id=\"2\"><name><![CDATA[b < c]]></name></Server>\n</Set>",
        )
        .unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[0]["class"], "Server");
        assert_eq!(all[0]["key"], "1");
        assert_eq!(all[0]["fields"]["name"], "db & web-01");
        assert_eq!(all[0]["fields"]["applicationsolution_list"][0]["applicationsolution_name"], "Payroll");
        assert_eq!(all[1]["fields"]["name"], "b < c");
    }

    #[test]
    fn rows_of_several_objects_are_taken_apart() {
        let all = lines(
            "<Set><Row><Rack id=\"1\"><name>R1</name></Rack><Server id=\"2\"><name>s</name></Server></Row></Set>",
        );
        assert_eq!(all.unwrap().len(), 2);
    }

    #[rstest]
    #[case::cut_off("<Set><Server id=\"1\"><name>a</na")]
    #[case::not_closed("<Set><Server id=\"1\"><name>a</name></Server>")]
    #[case::crossed("<Set><a></b></Set>")]
    #[case::too_deep(&"<a>".repeat(40))]
    fn what_is_no_document_is_refused(#[case] document: &str) {
        lines(document).unwrap_err();
    }

    #[test]
    fn entities_of_a_document_type_are_not_followed() {
        let all = lines(
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b SYSTEM \"file:///etc/passwd\">]><Set><S id=\"1\"><name>x&a;&b;</name></S></Set>",
        );
        assert_eq!(all.unwrap()[0]["fields"]["name"], "x");
    }
}
