//! Many CIs edited in one step: each by itself, three-way as a single edit is, so that the same step turned round
//! undoes it wherever nobody else changed the field since.

use crate::cmdb::ci::{Ci, CiStatus, FieldChange};
use crate::cmdb::import::bounded;
use crate::cmdb::{set_fields, status_move};
use crate::execute::{Conflict, Effect};
use crate::id::CiId;
use crate::people::Person;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding};
use crate::scope::{Sight, Sites};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// Fields of one CI among many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiEdit {
    /// The CI.
    pub ci: CiId,
    /// Fields by name with what the author saw; the status is named `status`.
    pub changes: Vec<FieldChange>,
}

/// The name of the status among the fields of an edit; [`Ci::FIELDS`] leaves it to its own table of moves.
pub const STATUS: &str = "status";

/// Carries the edits out. What is refused of one CI is listed with its place among the edits, counted from 1; the rest
/// goes on.
pub(crate) fn edit_many(edits: &[CiEdit], actor: &Person, records: &mut dyn Records) -> Result<Effect, Failure> {
    bounded(edits.len())?;
    let sight = Sight::of(actor, records)?;
    let mut all = Effect::default();
    let mut seen = BTreeSet::new();
    for (line, edit) in (1..).zip(edits) {
        let outcome = if seen.insert(edit.ci) { one(edit, &sight, records) } else { Err(twice(edit.ci).into()) };
        match outcome {
            Ok(effect) => {
                all.updated = all.updated.saturating_add(u32::from(effect.updated > 0));
                all.unchanged = all.unchanged.saturating_add(u32::from(effect.updated == 0));
                all.conflicts.extend(effect.conflicts.into_iter().map(|c| Conflict { line: Some(line), ..c }));
            }
            Err(Failure::Fault(fault)) => return Err(fault.into()),
            Err(Failure::Refused(refusal)) => {
                for finding in refusal.findings {
                    all.conflicts.push(Conflict {
                        line: Some(line),
                        field: finding.data.get("field").cloned(),
                        from: String::new(),
                        mine: String::new(),
                        theirs: String::new(),
                        finding,
                    });
                }
            }
        }
    }
    Ok(all)
}

fn twice(ci: CiId) -> Finding {
    Finding::new("CI_TWICE", format!("CI {ci} is edited twice in one step."), "Edit each CI once.")
}

fn one(edit: &CiEdit, sight: &Sight, records: &mut dyn Records) -> Result<Effect, Failure> {
    if sight.sites != Sites::All
        && let Some(finding) = sight.denial(Kind::Ci, edit.ci.0, records)?
    {
        return Err(finding.into());
    }
    let fields: Vec<FieldChange> = edit.changes.iter().filter(|change| change.field != STATUS).cloned().collect();
    let mut effect = if fields.is_empty() { Effect::default() } else { set_fields(edit.ci, &fields, records)? };
    if let Some(change) = edit.changes.iter().find(|change| change.field == STATUS) {
        match status(edit.ci, change, records) {
            Ok(updated) => effect.updated += u32::from(updated),
            Err(Failure::Refused(refusal)) => effect.conflicts.extend(refusal.findings.into_iter().map(|finding| {
                Conflict::of_field(STATUS, change.from.clone(), change.to.clone(), String::new(), finding)
            })),
            Err(fault) => return Err(fault),
        }
    }
    Ok(effect)
}

/// Moves the status from what the author saw.
fn status(id: CiId, change: &FieldChange, records: &mut dyn Records) -> Result<bool, Failure> {
    let mut ci: Ci = records.must(id)?;
    let to: CiStatus = change.to.parse().map_err(|e: crate::level::NotALevel| {
        Finding::new(
            "WRONG_VALUE",
            format!("status cannot be {:?}.", change.to),
            format!("Use one of: {}.", e.accepted),
        )
        .about(ci.reference())
        .with("field", STATUS)
    })?;
    if ci.status == to {
        return Ok(false);
    }
    if ci.status.label() != change.from {
        return Err(Finding::new(
            "FIELD_CHANGED",
            format!("status of {} was {:?} and is now {}.", ci.name, change.from, ci.status),
            "Keep the value that is there, or set it again.",
        )
        .about(ci.reference())
        .into());
    }
    if !ci.status.may_become(to) {
        return Err(status_move(&ci, to).into());
    }
    ci.status = to;
    records.put(ci)?;
    Ok(true)
}

/// The edits that undo these, as far as nobody changed the fields since.
#[must_use]
pub fn undone(edits: &[CiEdit]) -> Vec<CiEdit> {
    let back = |change: &FieldChange| FieldChange {
        field: change.field.clone(),
        from: change.to.clone(),
        to: change.from.clone(),
    };
    edits.iter().map(|edit| CiEdit { ci: edit.ci, changes: edit.changes.iter().map(back).collect() }).collect()
}
