//! A CI against its class: values in the written form of their types, what does not fit, what is missing.

use crate::cmdb::attribute::Attribute;
use crate::cmdb::ci::Ci;
use crate::cmdb::class::{self, Classes, Lineage};
use crate::records::Records;
use crate::refusal::{Fault, Finding};
use std::collections::BTreeSet;

/// A new CI: the key of its class as the tree has it, every value in its written form, defaults where nothing was said.
/// Gives everything that does not fit.
///
/// # Errors
/// A storage fault.
pub fn complete(ci: &mut Ci, classes: &mut Classes, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let Some(lineage) = classes.of(&ci.class, records)? else {
        return if classes.exist(records)? { Ok(vec![class::unknown(&ci.class, records)?]) } else { Ok(Vec::new()) };
    };
    ci.class.clone_from(&lineage.class.key);
    let mut findings = migrate(ci, &lineage, records)?;
    for attribute in lineage.attributes.iter().filter(|a| a.required && !ci.attributes.contains_key(&a.name)) {
        findings.push(missing(ci, attribute));
    }
    Ok(findings)
}

/// A CI that came to another class: what fits is kept in its written form, defaults fill what is required; gives what
/// does not fit. The CI's class is the new one.
///
/// # Errors
/// A storage fault.
pub fn migrate(ci: &mut Ci, lineage: &Lineage, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    for (name, value) in std::mem::take(&mut ci.attributes) {
        match value_of(&ci.name, &name, &value, lineage, records)? {
            Ok((_, written)) if written.is_empty() => {}
            Ok((name, written)) => {
                ci.attributes.insert(name, written);
            }
            Err(finding) => {
                findings.push(finding.about(ci.reference()));
                ci.attributes.insert(name, value);
            }
        }
    }
    for attribute in lineage.attributes.iter().filter(|a| !a.default.is_empty()) {
        ci.attributes.entry(attribute.name.clone()).or_insert_with(|| attribute.default.clone());
    }
    Ok(findings)
}

/// The name under which a CI of this class keeps an attribute, and the value in its written form.
///
/// # Errors
/// A storage fault.
pub fn value_of(
    of: &str,
    name: &str,
    value: &str,
    lineage: &Lineage,
    records: &dyn Records,
) -> Result<Result<(String, String), Finding>, Fault> {
    match lineage.attribute(name) {
        Some(attribute) => Ok(attribute.written(of, value, records)?.map(|written| (attribute.name.clone(), written))),
        // Nothing is lost when a value goes, or where an open class takes more than it declares.
        None if lineage.class.open || value.is_empty() => Ok(Ok((name.to_owned(), value.to_owned()))),
        None => Ok(Err(undeclared(of, name, lineage))),
    }
}

fn undeclared(of: &str, name: &str, lineage: &Lineage) -> Finding {
    let titles: Vec<&str> = lineage.attributes.iter().map(|a| a.name.as_str()).collect();
    let way_out = if titles.is_empty() {
        format!("{} has no attributes; add this one to it (Settings, Classes), or leave it out.", lineage.class.name)
    } else {
        format!("Use one of {}; or add it to the class (Settings, Classes).", titles.join(", "))
    };
    Finding::new(
        "UNKNOWN_ATTRIBUTE",
        format!("{of} is a {}, which has no attribute {name:?}.", lineage.class.name),
        way_out,
    )
    .with("field", format!("attributes.{name}"))
}

fn missing(ci: &Ci, attribute: &Attribute) -> Finding {
    let example = attribute.of.example();
    Finding::new(
        "ATTRIBUTE_MISSING",
        format!("{} of {} is missing: it is {}.", attribute.title, ci.name, attribute.of.words()),
        format!("Give one, such as {example}."),
    )
    .about(ci.reference())
    .with("field", attribute.field())
    .with("example", example)
}

/// A value of a field as the CI's class writes it, with the field's own name; fields that are no attributes stay as
/// they are.
///
/// # Errors
/// A storage fault.
pub fn written(
    ci: &Ci,
    field: &str,
    value: &str,
    classes: &mut Classes,
    records: &dyn Records,
) -> Result<Result<(String, String), Finding>, Fault> {
    let as_given = || Ok(Ok((field.to_owned(), value.to_owned())));
    if field == "class" {
        return match classes.of(value, records)? {
            Some(lineage) => Ok(Ok((field.to_owned(), lineage.class.key.clone()))),
            // As it is written already, or a workspace without classes.
            None if value.eq_ignore_ascii_case(&ci.class) || !classes.exist(records)? => as_given(),
            None => Ok(Err(class::unknown(value, records)?)),
        };
    }
    let Some(name) = field.strip_prefix("attributes.") else { return as_given() };
    let Some(lineage) = classes.of(&ci.class, records)? else { return as_given() };
    let wanted = match value_of(&ci.name, name, value, &lineage, records)? {
        Ok((name, value)) => (format!("attributes.{name}"), value),
        Err(finding) => return Ok(Err(finding)),
    };
    match lineage.attribute(name) {
        Some(attribute) if attribute.required && wanted.1.is_empty() => Ok(Err(missing(ci, attribute))),
        _ => Ok(Ok(wanted)),
    }
}

/// The finding that an attribute is changed past releases although its class says that only they may.
///
/// # Errors
/// A storage fault.
pub fn managed(ci: &Ci, field: &str, classes: &mut Classes, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    let Some(name) = field.strip_prefix("attributes.") else { return Ok(None) };
    let Some(lineage) = classes.of(&ci.class, records)? else { return Ok(None) };
    Ok(lineage.attribute(name).filter(|attribute| attribute.managed).map(|attribute| {
        Finding::new(
            "ATTRIBUTE_MANAGED",
            format!("{} of {} is managed: only a release changes it.", attribute.title, ci.name),
            "Put it into the CI update plan of a release.",
        )
        .about(ci.reference())
        .with("field", field)
    }))
}

/// What does not fit the class a CI is of: values of a type that changed since, attributes that a closed class does not
/// have, required ones that are missing.
///
/// # Errors
/// A storage fault.
pub fn misfits(ci: &Ci, lineage: &Lineage, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    let mut present = BTreeSet::new();
    for (name, value) in &ci.attributes {
        match value_of(&ci.name, name, value, lineage, records)? {
            Ok((name, _)) => {
                present.insert(name);
            }
            Err(finding) => findings.push(finding.about(ci.reference())),
        }
    }
    let absent = |a: &&Attribute| a.required && !present.contains(&a.name) && !ci.attributes.contains_key(&a.name);
    findings.extend(lineage.attributes.iter().filter(absent).map(|attribute| missing(ci, attribute)));
    Ok(findings)
}
