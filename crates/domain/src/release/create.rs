//! A new release, in Assess.

use crate::command::NewRelease;
use crate::execute::{Context, Effect};
use crate::id::{PersonId, ReleaseId};
use crate::number::Series;
use crate::people::Person;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::record::{Costs, Phase, PhaseEntry, Release, Scope, Status, Training};
use crate::text;
use std::collections::BTreeMap;

/// Creates it.
pub(crate) fn create(
    id: ReleaseId,
    new: &NewRelease,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    if let Some(existing) = records.get::<Release>(id)? {
        findings.push(id_taken(RecordRef::of(&existing)));
    }
    let mut take = |result: Result<String, Finding>| result.map_err(|f| findings.push(f)).unwrap_or_default();
    let title = take(text::filled_line("title", &new.title));
    let description = take(text::prose("description", &new.description));
    let reason = take(text::prose("reason", &new.reason));
    for (field, person) in [("manager", new.manager), ("requested_by", new.requested_by)] {
        findings.extend(person_finding(field, person, records)?);
    }
    none(findings)?;
    let number = context.number(&*records, Series::Release, &new.number)?;
    records.put(Release {
        id,
        number,
        title,
        description,
        release_type: new.release_type,
        class: new.class,
        packaging: new.packaging,
        reason,
        impact: None,
        urgency: None,
        impact_assessment: None,
        assessment_note: String::new(),
        priority: None,
        risk: None,
        manager: new.manager,
        coordinator: None,
        requested_by: new.requested_by,
        scope: Scope::default(),
        costs: Costs::default(),
        training: Training::Undecided,
        phase: Phase::Assess,
        status: Status::Open,
        phase_history: vec![PhaseEntry {
            from: None,
            to: Phase::Assess,
            action: "create".to_owned(),
            by: actor.id,
            at: context.now,
            reason: String::new(),
        }],
        judgements: BTreeMap::new(),
        go_no_go: None,
        verified_masters: BTreeMap::new(),
        install: None,
        outcomes: BTreeMap::new(),
        review: String::new(),
        back_out: None,
        runbook_planned: false,
        holds: Vec::new(),
        scope_edits: Vec::new(),
        task_count: 0,
        created_at: context.now,
    })?;
    Ok(Effect { created: 1, ..Effect::default() })
}

/// That a record with this id is here already.
pub(crate) fn id_taken(existing: RecordRef) -> Finding {
    Finding::new(
        "ID_TAKEN",
        format!("{} already has this identity.", existing.label),
        "This was carried out before; nothing is left to do.",
    )
    .about(existing)
}

/// What speaks against naming this person, if anything does.
pub(crate) fn person_finding(field: &str, id: PersonId, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    if id == PersonId::SYSTEM {
        return Ok(None);
    }
    Ok(match records.get::<Person>(id)? {
        Some(person) if person.active => None,
        Some(person) => Some(
            Finding::new("PERSON_INACTIVE", format!("{} is no longer active.", person.name), "Choose somebody else.")
                .about(RecordRef::of(&person))
                .with("field", field),
        ),
        None => Some(
            Finding::new("UNKNOWN_PERSON", format!("There is no person {id} here."), "Choose somebody else, or sync.")
                .about(RecordRef { kind: Kind::Person, id: id.into(), label: id.to_string() })
                .with("field", field),
        ),
    })
}
