//! SPDX 3 as JSON-LD: a graph of elements that point at each other by identity.

use super::{Draft, Trouble, hash, is_said, list, named, text};
use serde_json::Value;
use slipway_domain::dsl::sbom::{SbomComponent, SbomForm};
use std::collections::BTreeMap;

pub(super) fn read(json: &Value) -> Result<Draft, Trouble> {
    let graph = list(json, "@graph");
    let version = graph.iter().map(|element| text(element, "specVersion")).find(|version| !version.is_empty());
    let version = version.filter(|version| version.starts_with("3.")).ok_or("its graph is none of SPDX 3")?;
    let by_id: BTreeMap<&str, &Value> = graph.iter().map(|element| (id(element), element)).collect();
    let licences = licences(graph, &by_id);
    let mut draft = Draft::new(SbomForm::Spdx, version);
    for element in graph {
        let kind = match kind(element).as_str() {
            "software_Package" => text(element, "software_primaryPurpose"),
            "software_File" => "file",
            _ => continue,
        };
        let mut component = SbomComponent {
            name: text(element, "name").to_owned(),
            version: text(element, "software_packageVersion").to_owned(),
            kind: kind.to_owned(),
            purl: purl(element).to_owned(),
            supplier: supplier(element, &by_id).to_owned(),
            licences: licences.get(id(element)).cloned().unwrap_or_default(),
            ..SbomComponent::default()
        };
        for sum in list(element, "verifiedUsing").iter().filter(|sum| kind_is(sum, "Hash")) {
            hash(&mut component.hashes, text(sum, "algorithm"), text(sum, "hashValue"));
        }
        draft.add(component)?;
    }
    draft.subject = subject(graph, &by_id);
    Ok(draft)
}

fn id(element: &Value) -> &str {
    let id = text(element, "spdxId");
    if id.is_empty() { text(element, "@id") } else { id }
}

/// The type, whichever way the context spells its namespace.
fn kind(element: &Value) -> String {
    let kind = text(element, "type");
    let kind = if kind.is_empty() { text(element, "@type") } else { kind };
    kind.replace(['/', ':'], "_")
}

fn kind_is(element: &Value, wanted: &str) -> bool {
    kind(element) == wanted
}

/// One or several, as JSON-LD allows.
fn each<'a>(element: &'a Value, name: &str) -> Vec<&'a str> {
    match element.get(name) {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn purl(element: &Value) -> &str {
    let own = text(element, "software_packageUrl");
    if !own.is_empty() {
        return own;
    }
    let is_purl = |other: &&Value| matches!(text(other, "externalIdentifierType"), "packageUrl" | "purl");
    list(element, "externalIdentifier").iter().find(is_purl).map_or("", |found| text(found, "identifier"))
}

fn supplier<'a>(element: &'a Value, by_id: &BTreeMap<&str, &'a Value>) -> &'a str {
    let named = each(element, "suppliedBy").into_iter().chain(each(element, "originatedBy"));
    named
        .filter_map(|id| by_id.get(id).copied())
        .map(|agent| text(agent, "name"))
        .find(|name| is_said(name))
        .unwrap_or_default()
}

/// What each element is licensed under: concluded where somebody did, else declared.
fn licences<'a>(graph: &'a [Value], by_id: &BTreeMap<&str, &'a Value>) -> BTreeMap<&'a str, Vec<String>> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for wanted in ["hasConcludedLicense", "hasDeclaredLicense"] {
        for relation in graph.iter().filter(|r| text(r, "relationshipType") == wanted) {
            let said: Vec<String> = each(relation, "to")
                .into_iter()
                .filter_map(|id| by_id.get(id))
                .map(|licence| {
                    let expression = text(licence, "simplelicensing_licenseExpression");
                    if expression.is_empty() { text(licence, "name") } else { expression }.to_owned()
                })
                .filter(|said| is_said(said))
                .collect();
            let from = text(relation, "from");
            if !said.is_empty() && !found.contains_key(from) {
                found.insert(from, said);
            }
        }
    }
    found
}

/// The root of the bill or document, or the document's own name.
fn subject(graph: &[Value], by_id: &BTreeMap<&str, &Value>) -> String {
    let of = |wanted: &str| graph.iter().find(|element| kind_is(element, wanted));
    for holder in [of("software_Sbom"), of("SpdxDocument")].into_iter().flatten() {
        let root = each(holder, "rootElement").into_iter().filter_map(|id| by_id.get(id));
        let mut root =
            root.filter(|element| kind(element).starts_with("software_") && !kind_is(element, "software_Sbom"));
        if let Some(root) = root.next() {
            return named(text(root, "name"), text(root, "software_packageVersion"));
        }
    }
    of("SpdxDocument").map_or("", |document| text(document, "name")).to_owned()
}
