//! CycloneDX as JSON, 1.2 and later.

use super::{DEPTH, Draft, Trouble, hash, list, named, text};
use serde_json::Value;
use slipway_domain::dsl::sbom::{SbomComponent, SbomForm};

pub(super) fn read(json: &Value) -> Result<Draft, Trouble> {
    let version = text(json, "specVersion");
    if !version.starts_with("1.") {
        return Err(format!("it is of CycloneDX {version:?}, of which this program knows nothing"));
    }
    let mut draft = Draft::new(SbomForm::CycloneDx, version);
    if let Some(subject) = json.pointer("/metadata/component") {
        draft.subject = named(text(subject, "name"), text(subject, "version"));
        // What it is of may hold components of its own.
        walk(list(subject, "components"), 1, &mut draft)?;
    }
    walk(list(json, "components"), 1, &mut draft)?;
    Ok(draft)
}

fn walk(components: &[Value], depth: usize, draft: &mut Draft) -> Result<(), Trouble> {
    if depth > DEPTH {
        return Err(format!("its components are nested more than {DEPTH} deep"));
    }
    for json in components {
        draft.add(component(json))?;
        walk(list(json, "components"), depth.saturating_add(1), draft)?;
    }
    Ok(())
}

fn component(json: &Value) -> SbomComponent {
    let mut component = SbomComponent {
        name: text(json, "name").to_owned(),
        group: text(json, "group").to_owned(),
        version: text(json, "version").to_owned(),
        kind: text(json, "type").to_owned(),
        purl: text(json, "purl").to_owned(),
        supplier: supplier(json),
        ..SbomComponent::default()
    };
    for choice in list(json, "licenses") {
        let licence = choice.get("license").unwrap_or(&Value::Null);
        let said = [text(choice, "expression"), text(licence, "id"), text(licence, "name")];
        component.licences.extend(said.into_iter().find(|said| !said.is_empty()).map(str::to_owned));
    }
    for sum in list(json, "hashes") {
        hash(&mut component.hashes, text(sum, "alg"), text(sum, "content"));
    }
    component
}

fn supplier(json: &Value) -> String {
    let of = |name: &str| json.get(name).map_or("", |one| text(one, "name"));
    let said = [of("supplier"), of("manufacturer"), text(json, "publisher"), text(json, "author")];
    said.into_iter().find(|said| !said.is_empty()).unwrap_or_default().to_owned()
}
