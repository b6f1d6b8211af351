//! Software bills of materials as they come from tools: CycloneDX (JSON, XML) and SPDX (JSON, tag-value, JSON-LD), read
//! into one form. Every document may be hostile: sizes, depths and numbers are bounded, and entities of XML are refused.

mod cyclonedx;
mod cyclonedx_xml;
mod spdx;
mod spdx3;
mod spdx_tag;

use crate::error::CallError;
use serde_json::Value;
use slipway_domain::dsl::sbom::{HASHES, LICENCES, PART_COMPONENTS, PARTS, SbomComponent, SbomForm, TEXT_CHARS};
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of a document.
pub const DOCUMENT_BYTES: u64 = 64 * 1024 * 1024;
/// Most objects and lists of a document as JSON: each takes some hundred bytes of memory, however short it is.
const JSON_NODES: usize = 1_000_000;
/// Most values of a document as JSON.
const JSON_VALUES: usize = 6_000_000;
/// Components within components are followed so deep.
const DEPTH: usize = 64;
/// Most components of a document.
const COMPONENTS: usize = PARTS as usize * PART_COMPONENTS;

/// A document that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its form.
    pub form: SbomForm,
    /// The version of its form.
    pub spec_version: String,
    /// What it says that it is of.
    pub subject: String,
    /// What it names, each once: one with other hashes is another.
    pub components: Vec<SbomComponent>,
    /// Components without a name, which were left out.
    pub nameless: usize,
    /// Texts that were shortened.
    pub shortened: usize,
}

/// Why a document was not read, in a sentence without its end.
type Trouble = String;

/// Reads a document of any of the forms.
///
/// # Errors
/// `NO_SBOM` or `SBOM_TOO_LARGE`, with the reason.
pub fn read(bytes: &[u8]) -> Result<Document, CallError> {
    let text = std::str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
        .map_err(|_| unreadable("it is no text in UTF-8"))?;
    let draft = match text.trim_start().chars().next() {
        Some('{') => {
            bounded_json(text.as_bytes()).map_err(|why| unreadable(&why))?;
            let json: Value = serde_json::from_str(text).map_err(|e| unreadable(&format!("it is no JSON ({e})")))?;
            json_of(&json)
        }
        Some('<') => cyclonedx_xml::read(text),
        _ if text.contains("SPDXVersion:") => spdx_tag::read(text),
        _ => Err("it is none of the forms that are known".to_owned()),
    };
    draft.and_then(Draft::finish).map_err(|why| unreadable(&why))
}

/// Counts what a document would take in memory before it does: a few bytes of text can be a node of a tree.
fn bounded_json(text: &[u8]) -> Result<(), Trouble> {
    let (mut nodes, mut values, mut quoted, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text {
        match (quoted, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (_, _, b'"') => quoted = !quoted,
            (false, _, b'{' | b'[') => nodes = nodes.saturating_add(1),
            (false, _, b',') => values = values.saturating_add(1),
            _ => {}
        }
    }
    if nodes > JSON_NODES || values > JSON_VALUES {
        return Err(format!("it has more than {JSON_NODES} objects and lists, or more than {JSON_VALUES} values"));
    }
    Ok(())
}

fn json_of(json: &Value) -> Result<Draft, Trouble> {
    if json.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX") {
        return cyclonedx::read(json);
    }
    match json.get("spdxVersion").and_then(Value::as_str) {
        Some(version) if version.starts_with("SPDX-2.") => return spdx::read(json, version),
        Some(version) => return Err(format!("it is of {version}, of which this program knows nothing")),
        None => {}
    }
    if json.get("@graph").is_some_and(Value::is_array) {
        return spdx3::read(json);
    }
    Err("it is neither CycloneDX nor SPDX".to_owned())
}

fn unreadable(why: &str) -> CallError {
    CallError::trouble(
        "NO_SBOM",
        format!("The document cannot be read as an SBOM: {why}."),
        "Give CycloneDX as JSON or XML, or SPDX as JSON, tag-value or JSON-LD.",
    )
}

/// A document while it is read.
struct Draft {
    form: SbomForm,
    spec_version: String,
    subject: String,
    components: Vec<SbomComponent>,
}

impl Draft {
    fn new(form: SbomForm, spec_version: &str) -> Self {
        Self { form, spec_version: spec_version.to_owned(), subject: String::new(), components: Vec::new() }
    }

    fn add(&mut self, component: SbomComponent) -> Result<(), Trouble> {
        if self.components.len() >= COMPONENTS {
            return Err(format!("it has more than {COMPONENTS} components"));
        }
        self.components.push(component);
        Ok(())
    }

    /// Brings every text into bounds, and drops what is named twice.
    fn finish(self) -> Result<Document, Trouble> {
        let mut shortened = 0;
        let mut components = Vec::with_capacity(self.components.len());
        let (mut seen, mut nameless) = (BTreeSet::new(), 0);
        for raw in self.components {
            let component = bounded(raw, &mut shortened);
            if component.name.is_empty() {
                nameless += 1;
                continue;
            }
            let key =
                (component.purl.clone(), component.group.clone(), component.name.clone(), component.version.clone());
            if seen.insert((key, component.hashes.clone())) {
                components.push(component);
            }
        }
        if components.is_empty() {
            return Err("it names no component".to_owned());
        }
        Ok(Document {
            form: self.form,
            spec_version: clean(&self.spec_version, &mut shortened),
            subject: clean(&self.subject, &mut shortened),
            components,
            nameless,
            shortened,
        })
    }
}

fn bounded(raw: SbomComponent, shortened: &mut usize) -> SbomComponent {
    let mut licences: Vec<String> = Vec::new();
    for licence in raw.licences.iter().map(|l| clean(l, shortened)).filter(|l| is_said(l)) {
        if !licences.contains(&licence) && licences.len() < LICENCES {
            licences.push(licence);
        }
    }
    SbomComponent {
        name: clean(&raw.name, shortened),
        group: clean(&raw.group, shortened),
        version: clean(&raw.version, shortened),
        kind: clean(&raw.kind, shortened),
        purl: clean(&raw.purl, shortened),
        supplier: clean(&raw.supplier, shortened),
        licences,
        hashes: raw.hashes,
    }
}

/// One line of bounded length.
fn clean(text: &str, shortened: &mut usize) -> String {
    let line = text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|w| !w.is_empty());
    let line = line.collect::<Vec<_>>().join(" ");
    if line.chars().count() <= TEXT_CHARS {
        return line;
    }
    *shortened = shortened.saturating_add(1);
    line.chars().take(TEXT_CHARS).collect()
}

/// Whether a field says something: SPDX has words for nothing.
fn is_said(text: &str) -> bool {
    !text.is_empty() && !["NOASSERTION", "NONE"].iter().any(|none| text.eq_ignore_ascii_case(none))
}

/// Methods by which a component is found, as they are kept; others say too little or are too weak.
fn hash(kept: &mut BTreeMap<String, String>, method: &str, value: &str) {
    let plain: String = method.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let (name, digits) = match plain.as_str() {
        "SHA1" => ("SHA-1", 40),
        "SHA256" => ("SHA-256", 64),
        "SHA512" => ("SHA-512", 128),
        _ => return,
    };
    let value = value.trim().to_ascii_lowercase();
    if value.len() == digits && value.bytes().all(|b| b.is_ascii_hexdigit()) && kept.len() < HASHES {
        kept.insert(name.to_owned(), value);
    }
}

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(json: &'a Value, name: &str) -> &'a [Value] {
    json.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `NAME VERSION` of what a document is of.
fn named(name: &str, version: &str) -> String {
    format!("{name} {version}").trim().to_owned()
}

#[cfg(test)]
mod tests;
