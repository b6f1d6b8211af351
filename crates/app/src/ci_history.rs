//! The history of a CI, as far as it lies here.

use crate::ci_form::shown;
use crate::error::CallError;
use crate::sight::Sight;
use crate::view::ci_form::{CiHistoryLine, CiHistoryView, HistoryField};
use crate::view::cmdb::CiRequest;
use crate::view::common::Named;
use crate::{App, resolve};
use slipway_domain::access;
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::class::{self, Lineage};
use slipway_domain::cmdb::moment::{CiEvent, CiStep, PHOTO};
use slipway_domain::cmdb::relation_kind;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use uuid::Uuid;

/// Entries in one answer.
const LINES: usize = 500;

/// Who changed what, when, from what to what, newest first.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn get(app: &App, request: &CiRequest) -> Result<CiHistoryView, CallError> {
    app.read(|sight| {
        let ci = resolve::ci(sight, &request.ci)?;
        let class = class::named(&ci.class, sight.records)?;
        let lineage = class.map(|class| class::lineage(class, sight.records)).transpose()?;
        // Ascending ids are the order of the steps.
        let ids = sight.records.find(Lookup::StepsOfCi, &ci.id.to_string())?;
        let total = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let mut lines = Vec::new();
        for id in ids.into_iter().rev().take(LINES) {
            if let Some(step) = sight.records.get::<CiStep>(id.into())? {
                lines.push(line(sight, &ci, step, lineage.as_ref())?);
            }
        }
        Ok(CiHistoryView { lines, total })
    })
}

fn line(sight: Sight<'_>, ci: &Ci, step: CiStep, lineage: Option<&Lineage>) -> Result<CiHistoryLine, Fault> {
    let words = access::TABLE.iter().find(|row| row.command == step.command).map(|row| row.words);
    let mut fields = Vec::with_capacity(step.fields.len());
    for change in step.fields {
        let attribute = change
            .field
            .strip_prefix("attributes.")
            .map(|name| (name, lineage.and_then(|lineage| lineage.attribute(name))));
        fields.push(match attribute {
            _ if change.field.starts_with(PHOTO) => {
                HistoryField { title: "photo".to_owned(), from: change.from, to: change.to, field: change.field }
            }
            Some((_, Some(attribute))) => HistoryField {
                title: attribute.title.clone(),
                from: shown(sight, attribute, &change.from)?,
                to: shown(sight, attribute, &change.to)?,
                field: change.field,
            },
            other => HistoryField {
                title: other.map_or_else(|| change.field.replace(['_', '.'], " "), |(name, _)| name.to_owned()),
                from: named(sight, &change.field, &change.from)?,
                to: named(sight, &change.field, &change.to)?,
                field: change.field,
            },
        });
    }
    let mut relations = Vec::with_capacity(step.relations.len());
    for change in step.relations {
        let relation = change.relation;
        let other = if relation.source == ci.id { relation.target } else { relation.source };
        let kind = relation_kind::of(relation.relation_type, sight.records)?;
        let reads = match &kind {
            Some(kind) if relation.source == ci.id => kind.name.as_str(),
            Some(kind) => kind.inverse.as_str(),
            None => relation.relation_type.label(),
        };
        let how = if change.added { "added" } else { "removed" };
        relations.push(format!("{how}: {reads} {}", sight.label(Kind::Ci, other)?));
    }
    let what = match step.event {
        CiEvent::Created => "create a CI",
        CiEvent::Removed(_) => "remove the CI",
        CiEvent::Changed => words.unwrap_or(&step.command),
    };
    Ok(CiHistoryLine {
        at: step.at,
        by: sight.named(Kind::Person, step.by)?,
        what: what.to_owned(),
        cause: step.through.map(|cause| Named { id: cause.id.to_string(), label: cause.label }),
        fields,
        relations,
    })
}

/// A field that holds an identity, by what its record is called.
fn named(sight: Sight<'_>, field: &str, value: &str) -> Result<String, Fault> {
    let kind = match field {
        "owner" => Kind::Person,
        "support_group" => Kind::Group,
        "location.site" => Kind::Site,
        _ => return Ok(value.to_owned()),
    };
    value.parse::<Uuid>().map_or_else(|_| Ok(value.to_owned()), |id| sight.label(kind, id))
}
