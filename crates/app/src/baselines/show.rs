//! A comparison as it is shown: grouped by CI, with names instead of ids, only what differs.

use crate::sight::{Sight, path};
use crate::view::baselines::{BaselineComparison, Became, ComparedCi, ComparedRelation, ComparedSide};
use crate::view::cmdb::FieldDifference;
use crate::view::common::Named;
use slipway_domain::cmdb::baseline::Baseline;
use slipway_domain::cmdb::baseline::compare::{Comparison, Left, Way};
use slipway_domain::cmdb::ci::{Ci, FieldChange};
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::id::CiId;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A comparison of at most so many CIs.
///
/// # Errors
/// A storage fault.
pub(super) fn comparison(
    sight: Sight<'_>,
    first: &Baseline,
    second: Option<&Baseline>,
    found: &Comparison,
    most: usize,
) -> Result<BaselineComparison, Fault> {
    let mut relations: BTreeMap<CiId, Vec<(&Relation, Way)>> = BTreeMap::new();
    for (relation, way) in found.relations.values() {
        relations.entry(relation.source).or_default().push((relation, *way));
    }
    let ids: BTreeSet<CiId> = found
        .added
        .iter()
        .chain(found.removed.keys())
        .chain(found.changed.keys())
        .chain(relations.keys())
        .copied()
        .collect();
    let mut changed = 0_u32;
    let mut cis = Vec::new();
    for id in &ids {
        let became = match found.removed.get(id) {
            Some(Left::Altogether(_)) => Became::Removed,
            Some(Left::TheScope) => Became::LeftTheScope,
            None if found.added.contains(id) => Became::Added,
            None => Became::Changed,
        };
        changed += u32::from(became == Became::Changed);
        if cis.len() < most {
            let fields = found.changed.get(id).map(Vec::as_slice).unwrap_or_default();
            let lines = relations.get(id).map(Vec::as_slice).unwrap_or_default();
            let gone = match found.removed.get(id) {
                Some(Left::Altogether(was)) => Some(&**was),
                _ => None,
            };
            cis.push(ci(sight, *id, became, gone, fields, lines)?);
        }
    }
    cis.sort_by(|a, b| (&a.class, &a.ci.label).cmp(&(&b.class, &b.ci.label)));
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let side = |b: &Baseline| ComparedSide { id: Some(b.id.to_string()), name: b.name.clone(), at: Some(b.at) };
    Ok(BaselineComparison {
        first: side(first),
        second: second.map_or_else(|| ComparedSide { id: None, name: "now".to_owned(), at: None }, side),
        cut_off: ids.len() > cis.len(),
        cis,
        added: count(found.added.len()),
        removed: count(found.removed.len()),
        changed,
        unchanged: count(found.unchanged),
    })
}

fn ci(
    sight: Sight<'_>,
    id: CiId,
    became: Became,
    gone: Option<&Ci>,
    fields: &[FieldChange],
    relations: &[(&Relation, Way)],
) -> Result<ComparedCi, Fault> {
    let now = sight.records.get::<Ci>(id)?;
    let known = now.as_ref().or(gone);
    Ok(ComparedCi {
        ci: Named { id: id.to_string(), label: known.map_or_else(|| id.to_string(), |ci| ci.name.clone()) },
        class: known.map(|ci| ci.class.clone()).unwrap_or_default(),
        path: now.and_then(|ci| path(&ci.into())),
        became,
        fields: differences(sight, fields)?,
        relations: relations
            .iter()
            .map(|(relation, way)| {
                let other = sight.label(Kind::Ci, relation.target)?;
                let words = format!("{} {other}", relation.relation_type);
                Ok(ComparedRelation { words, added: *way == Way::Added })
            })
            .collect::<Result<_, Fault>>()?,
    })
}

/// Changes of fields, with names in place of ids.
///
/// # Errors
/// A storage fault.
pub(crate) fn differences(sight: Sight<'_>, fields: &[FieldChange]) -> Result<Vec<FieldDifference>, Fault> {
    fields
        .iter()
        .map(|change| {
            Ok(FieldDifference {
                was: value(sight, &change.field, &change.from)?,
                is: value(sight, &change.field, &change.to)?,
                field: change.field.clone(),
            })
        })
        .collect()
}

/// A field's value as a person reads it.
fn value(sight: Sight<'_>, field: &str, value: &str) -> Result<String, Fault> {
    let kind = match field {
        "owner" => Kind::Person,
        "support_group" => Kind::Group,
        "location.site" => Kind::Site,
        _ => return Ok(value.to_owned()),
    };
    match value.parse::<Uuid>() {
        Ok(id) => sight.label(kind, id),
        Err(_) => Ok(value.to_owned()),
    }
}
