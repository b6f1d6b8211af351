//! Guards of closing a release and of backing it out.

use crate::change::record::Change;
use crate::dhs::record::{DhsUnit, UnitState};
use crate::lookup::Lookup;
use crate::record::{Kind, RecordRef};
use crate::records::RecordsExt;
use crate::refusal::Finding;
use crate::release::guard::{Findings, GuardInput, in_other_release, on, unless};
use crate::release::record::Component;
use crate::setting::WorkspaceRules;
use std::collections::BTreeMap;

/// An outcome is recorded for each change.
pub fn every_outcome_recorded(i: &GuardInput<'_>) -> Findings {
    let mut findings = Vec::new();
    for id in &i.release.scope.changes {
        if i.release.outcomes.contains_key(id) {
            continue;
        }
        let about = i.records.get::<Change>(*id)?.map_or_else(
            || RecordRef { kind: Kind::Change, id: (*id).into(), label: id.to_string() },
            |change| RecordRef::of(&change),
        );
        findings.push(
            Finding::new(
                "OUTCOME_MISSING",
                format!("No outcome is recorded for {}.", about.label),
                "Record whether it was successful, successful with problems, or failed.",
            )
            .about(about),
        );
    }
    Ok(findings)
}

/// The review is written.
pub fn review_written(i: &GuardInput<'_>) -> Findings {
    unless(!i.release.review.trim().is_empty(), || {
        on(i.release, "REVIEW_MISSING", "The review is not written.", "Write the review.")
    })
}

/// A Verified release can be backed out for some days only.
pub fn inside_back_out_period(i: &GuardInput<'_>) -> Findings {
    let rules = i.records.get::<WorkspaceRules>(WorkspaceRules::ID)?.unwrap_or_default();
    let closed_at = i.release.entered_phase_at();
    let until = closed_at.plus_days(i64::from(rules.back_out_days));
    unless(i.now < until, || {
        on(
            i.release,
            "BACK_OUT_PERIOD_OVER",
            format!(
                "{} was verified on {}; it could be backed out for {} days.",
                i.release.number,
                closed_at.to_rfc3339(),
                rules.back_out_days
            ),
            "Make a new release that puts things right.",
        )
        .with("days", rules.back_out_days)
    })
}

/// No change of a closed release has meanwhile gone into another open one: two would carry it after the back-out.
pub fn changes_free(i: &GuardInput<'_>) -> Findings {
    let mut findings = Vec::new();
    for change in &i.release.scope.changes {
        findings.extend(in_other_release(i.release, *change, i.records)?);
    }
    Ok(findings)
}

/// Every field that somebody else changed since the install is decided.
pub fn conflicts_decided(i: &GuardInput<'_>) -> Findings {
    let mut findings = Vec::new();
    for conflict in i.release.back_out.iter().flat_map(|b| &b.conflicts).filter(|c| c.decision.is_none()) {
        let label =
            i.records.get::<crate::cmdb::ci::Ci>(conflict.ci)?.map_or_else(|| conflict.ci.to_string(), |ci| ci.name);
        findings.push(
            Finding::new(
                "CONFLICT_UNDECIDED",
                format!(
                    "{} of {label} was changed from {:?} to {:?} after the install and is not decided.",
                    conflict.field, conflict.installed, conflict.now
                ),
                format!("Decide whether it goes back to {:?} or stays.", conflict.before),
            )
            .about(RecordRef { kind: Kind::Ci, id: conflict.ci.into(), label })
            .with("field", &conflict.field),
        );
    }
    Ok(findings)
}

/// What was done against a rule is accepted or backed out.
pub fn exceptions_decided(i: &GuardInput<'_>) -> Findings {
    crate::exception::undecided(i.release.id, i.records)
}

/// Units that went out for this release came back, are away for repair, or were disposed of.
pub fn units_accounted_for(i: &GuardInput<'_>) -> Findings {
    let mut units: BTreeMap<_, DhsUnit> = BTreeMap::new();
    for unit in i.records.list::<DhsUnit>(Lookup::UnitsOfRelease, &i.release.id.to_string())? {
        units.insert(unit.id, unit);
    }
    for component in &i.release.scope.components {
        if let Component::DhsUnit(id) = component
            && let Some(unit) = i.records.get::<DhsUnit>(*id)?
            // Reserved or installed for another release meanwhile: it did come back.
            && unit.reserved_for.is_none_or(|r| r == i.release.id)
        {
            units.insert(unit.id, unit);
        }
    }
    Ok(units
        .values()
        .filter(|u| matches!(u.state, UnitState::Issued | UnitState::Installed))
        .map(|u| {
            Finding::new(
                "UNIT_NOT_RETURNED",
                format!("{} is still {}.", u.number, u.state),
                "Return it to the DHS, send it to repair, or dispose of it.",
            )
            .about(RecordRef::of(u))
        })
        .collect())
}
