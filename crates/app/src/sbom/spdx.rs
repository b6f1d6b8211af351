//! SPDX 2 as JSON.

use super::{Draft, Trouble, hash, is_said, list, named, text};
use serde_json::Value;
use slipway_domain::dsl::sbom::{SbomComponent, SbomForm};

pub(super) fn read(json: &Value, version: &str) -> Result<Draft, Trouble> {
    let mut draft = Draft::new(SbomForm::Spdx, version.trim_start_matches("SPDX-"));
    draft.subject = subject(json);
    for package in list(json, "packages") {
        draft.add(self::package(package))?;
    }
    for file in list(json, "files") {
        draft.add(self::file(file))?;
    }
    Ok(draft)
}

/// What the document describes, or its own name.
fn subject(json: &Value) -> String {
    let by_list = list(json, "documentDescribes").first().and_then(Value::as_str);
    let by_relation = list(json, "relationships")
        .iter()
        .find(|r| text(r, "relationshipType") == "DESCRIBES")
        .map(|r| text(r, "relatedSpdxElement"));
    let id = by_list.or(by_relation);
    let package = id.and_then(|id| list(json, "packages").iter().find(|package| text(package, "SPDXID") == id));
    match package {
        Some(package) => named(text(package, "name"), text(package, "versionInfo")),
        None => text(json, "name").to_owned(),
    }
}

fn package(json: &Value) -> SbomComponent {
    let mut component = SbomComponent {
        name: text(json, "name").to_owned(),
        version: text(json, "versionInfo").to_owned(),
        kind: text(json, "primaryPackagePurpose").to_lowercase(),
        purl: purl(json),
        supplier: who(text(json, "supplier")).to_owned(),
        licences: licences(json, &["licenseConcluded", "licenseDeclared"], "licenseInfoFromFiles"),
        ..SbomComponent::default()
    };
    sums(json, &mut component);
    component
}

fn file(json: &Value) -> SbomComponent {
    let mut component = SbomComponent {
        name: text(json, "fileName").to_owned(),
        kind: "file".to_owned(),
        licences: licences(json, &["licenseConcluded"], "licenseInfoInFiles"),
        ..SbomComponent::default()
    };
    sums(json, &mut component);
    component
}

fn sums(json: &Value, component: &mut SbomComponent) {
    for sum in list(json, "checksums") {
        hash(&mut component.hashes, text(sum, "algorithm"), text(sum, "checksumValue"));
    }
}

/// The first that says something; what was found in files where none does.
fn licences(json: &Value, names: &[&str], from_files: &str) -> Vec<String> {
    match names.iter().map(|name| text(json, name)).find(|said| is_said(said)) {
        Some(said) => vec![said.to_owned()],
        None => list(json, from_files).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
    }
}

fn purl(json: &Value) -> String {
    let reference = list(json, "externalRefs").iter().find(|r| text(r, "referenceType") == "purl");
    reference.map_or("", |r| text(r, "referenceLocator")).to_owned()
}

/// `Organization: Acme (mail)` without what stands around the name.
pub(super) fn who(said: &str) -> &str {
    if !is_said(said.trim()) {
        return "";
    }
    let name = said.split_once(": ").map_or(said, |(_, name)| name);
    name.split_once(" (").map_or(name, |(name, _)| name).trim()
}
