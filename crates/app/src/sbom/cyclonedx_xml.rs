//! CycloneDX as XML. A document with a type of its own is refused: that is where entities come from that grow without end
//! or reach into files.

use super::{DEPTH, Draft, Trouble, hash, named};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use slipway_domain::dsl::sbom::{SbomComponent, SbomForm};

/// Elements within elements are followed so deep.
const ELEMENTS: usize = 4 * DEPTH;
/// Where the version of the form stands.
const SCHEMA: &str = "http://cyclonedx.org/schema/bom/";

pub(super) fn read(document: &str) -> Result<Draft, Trouble> {
    let mut reader = Reader::from_str(document);
    let mut walk = Walk::default();
    loop {
        let event = reader.read_event().map_err(|e| format!("at byte {}: {e}", reader.buffer_position()))?;
        match event {
            Event::Start(start) => walk.begin(&start)?,
            Event::Empty(start) => {
                walk.begin(&start)?;
                walk.end()?;
            }
            Event::End(_) => walk.end()?,
            Event::Text(text) => walk.text.push_str(&text.xml10_content()),
            Event::CData(text) => walk.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let named = quick_xml::escape::resolve_predefined_entity(&reference.xml10_content()).map(str::to_owned);
                match (reference.resolve_char_ref(), named) {
                    (Ok(Some(c)), _) => walk.text.push(c),
                    (_, Some(text)) => walk.text.push_str(&text),
                    _ => return Err("it uses an entity of its own, which is refused".to_owned()),
                }
            }
            Event::DocType(_) => return Err("it declares a document type, which is refused".to_owned()),
            Event::Eof if walk.open.is_empty() => return walk.draft.ok_or_else(|| "it is empty".to_owned()),
            Event::Eof => return Err("it ends in the middle".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// An element that is open.
struct Open {
    name: String,
    /// It is a list of the document's own components, or one of them.
    counts: bool,
}

#[derive(Default)]
struct Walk {
    draft: Option<Draft>,
    open: Vec<Open>,
    /// Components under way: the innermost last, each with how many elements were open when it began.
    components: Vec<(SbomComponent, usize)>,
    text: String,
    algorithm: String,
}

impl Walk {
    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), Trouble> {
        if self.open.len() >= ELEMENTS {
            return Err(format!("its elements are nested more than {ELEMENTS} deep"));
        }
        let full = AsRef::<str>::as_ref(&start.name()).to_owned();
        let name = full.rsplit(':').next().unwrap_or(&full).to_owned();
        self.text.clear();
        if self.open.is_empty() {
            self.root(&name, start)?;
        }
        let parent = self.open.last();
        let under = |wanted: &str| parent.is_some_and(|open| open.name == wanted);
        let parent_counts = parent.is_some_and(|open| open.counts);
        let counts = match name.as_str() {
            "components" => (under("bom") && self.open.len() == 1) || (under("component") && parent_counts),
            "component" => (under("components") && parent_counts) || (under("metadata") && self.open.len() == 2),
            _ => false,
        };
        if name == "component" && counts {
            if self.components.len() >= DEPTH {
                return Err(format!("its components are nested more than {DEPTH} deep"));
            }
            let kind = attribute(start, "type");
            self.components.push((SbomComponent { kind, ..SbomComponent::default() }, self.open.len()));
        }
        if name == "hash" {
            self.algorithm = attribute(start, "alg");
        }
        self.open.push(Open { name, counts });
        Ok(())
    }

    fn root(&mut self, name: &str, start: &BytesStart<'_>) -> Result<(), Trouble> {
        let mut schemas = start.attributes().flatten().map(|a| a.value.as_ref().to_owned().to_string());
        let version = schemas.find_map(|schema| schema.strip_prefix(SCHEMA).map(str::to_owned));
        match version {
            Some(version) if name == "bom" && version.starts_with("1.") => {
                self.draft = Some(Draft::new(SbomForm::CycloneDx, &version));
                Ok(())
            }
            _ => Err("it is XML, but no bill of materials of CycloneDX 1".to_owned()),
        }
    }

    fn end(&mut self) -> Result<(), Trouble> {
        let Some(ended) = self.open.pop() else { return Err("an element ends that never began".to_owned()) };
        let text = std::mem::take(&mut self.text);
        if ended.name == "component" && ended.counts {
            let Some((component, _)) = self.components.pop() else { return Ok(()) };
            let Some(draft) = &mut self.draft else { return Ok(()) };
            // What the document is of is no part of itself.
            if self.open.last().is_some_and(|open| open.name == "metadata") {
                draft.subject = named(component.name.trim(), component.version.trim());
                return Ok(());
            }
            return draft.add(component);
        }
        let Some((component, began)) = self.components.last_mut() else { return Ok(()) };
        // Names of the elements within the component, from outside in.
        let within: Vec<&str> = self
            .open
            .iter()
            .skip(began.saturating_add(1))
            .map(|open| open.name.as_str())
            .chain([ended.name.as_str()])
            .collect();
        match within.as_slice() {
            ["name"] => component.name = text,
            ["group"] => component.group = text,
            ["version"] => component.version = text,
            ["purl"] => component.purl = text,
            ["supplier", "name"] => component.supplier = text,
            ["publisher" | "author"] if component.supplier.is_empty() => component.supplier = text,
            ["licenses", "expression"] | ["licenses", "license", "id" | "name"] => component.licences.push(text),
            ["hashes", "hash"] => hash(&mut component.hashes, &self.algorithm, &text),
            _ => {}
        }
        Ok(())
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> String {
    let found = start.attributes().flatten().find(|a| AsRef::<str>::as_ref(&a.key) == name);
    found.map(|a| a.value.as_ref().to_owned().to_string()).unwrap_or_default()
}
