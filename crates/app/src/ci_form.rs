//! A CI's class as a form.

use crate::error::CallError;
use crate::sight::Sight;
use crate::view::ci_form::{AttributeField, CiForm, CiFormRequest};
use crate::{App, classes, resolve};
use slipway_domain::cmdb::attribute::{Attribute, AttributeType, ReferenceTo};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::class::{self, Lineage};
use slipway_domain::cmdb::classify;
use slipway_domain::id::CiId;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Kind;
use slipway_domain::refusal::Fault;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The form of a class: for a new CI, or for one that would come to it.
///
/// # Errors
/// `UNKNOWN_CLASS`, `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &CiFormRequest) -> Result<CiForm, CallError> {
    app.read(|sight| {
        let class = classes::named(sight, &request.class)?;
        let key = class.key.clone();
        let lineage = class::lineage(class, sight.records)?;
        let ci = match &request.ci {
            Some(text) => resolve::ci(sight, text)?,
            None => {
                let mut ci = Ci::blank(CiId(Uuid::nil()), Number::provisional(Series::Ci, Uuid::nil()), &key, "");
                // What is missing is for the person to enter.
                classify::migrate(&mut ci, &lineage, sight.records)?;
                ci
            }
        };
        Ok(form(sight, &ci, Some(&lineage), request.ci.is_some())?)
    })
}

/// The form of a CI as it is.
///
/// # Errors
/// A storage fault.
pub(crate) fn of_ci(sight: Sight<'_>, ci: &Ci) -> Result<CiForm, Fault> {
    let class = class::named(&ci.class, sight.records)?;
    let lineage = class.map(|class| class::lineage(class, sight.records)).transpose()?;
    form(sight, ci, lineage.as_ref(), true)
}

fn form(sight: Sight<'_>, ci: &Ci, lineage: Option<&Lineage>, judged: bool) -> Result<CiForm, Fault> {
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    if let Some(lineage) = lineage.filter(|_| judged) {
        for finding in classify::misfits(ci, lineage, sight.records)? {
            if let Some(field) = finding.data.get("field") {
                wrong.insert(field.clone(), finding.sentence.clone());
            }
        }
    }
    let declared = lineage.map(|lineage| lineage.attributes.as_slice()).unwrap_or_default();
    let besides = ci.attributes.keys().filter(|name| lineage.is_none_or(|lineage| lineage.attribute(name).is_none()));
    let besides: Vec<Attribute> = besides.map(|name| Attribute::text(name, name)).collect();
    let mut attributes = Vec::with_capacity(declared.len() + besides.len());
    for (attribute, is_declared) in declared.iter().map(|a| (a, true)).chain(besides.iter().map(|a| (a, false))) {
        let value = ci.attributes.get(&attribute.name).cloned().unwrap_or_default();
        attributes.push(AttributeField {
            declared: is_declared,
            field: attribute.field(),
            shown: shown(sight, attribute, &value)?,
            value,
            words: attribute.of.words(),
            example: attribute.of.example(),
            wrong: wrong.remove(&attribute.field()).unwrap_or_default(),
            attribute: attribute.clone(),
        });
    }
    Ok(CiForm {
        class: lineage.map_or_else(|| ci.class.clone(), |lineage| lineage.class.key.clone()),
        name: lineage.map_or_else(|| ci.class.clone(), |lineage| lineage.class.name.clone()),
        icon: lineage.map(|lineage| lineage.icon.clone()).unwrap_or_default(),
        known: lineage.is_some(),
        attributes,
    })
}

/// A value as a person reads it: a reference by what its record is called.
///
/// # Errors
/// A storage fault.
pub(crate) fn shown(sight: Sight<'_>, attribute: &Attribute, value: &str) -> Result<String, Fault> {
    let kind = match &attribute.of {
        AttributeType::Reference(ReferenceTo::Ci(_)) => Kind::Ci,
        AttributeType::Reference(ReferenceTo::Person) => Kind::Person,
        _ => return Ok(value.to_owned()),
    };
    value.parse::<Uuid>().map_or_else(|_| Ok(value.to_owned()), |id| sight.label(kind, id))
}
