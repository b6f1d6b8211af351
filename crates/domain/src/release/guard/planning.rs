//! Guards of leaving Assess and Plan and design.

use crate::release::guard::{Findings, GuardInput, on, unless};
use crate::release::record::{PlanKind, Release, ReleaseClass};

/// The type is decided.
pub fn type_set(i: &GuardInput<'_>) -> Findings {
    unless(i.release.release_type.is_some(), || {
        on(
            i.release,
            "TYPE_NOT_SET",
            "It is not decided whether this is a hardware or a software release.",
            "Set the type.",
        )
    })
}

/// Impact and urgency are set.
pub fn impact_and_urgency_set(i: &GuardInput<'_>) -> Findings {
    let mut findings = Vec::new();
    if i.release.impact.is_none() {
        findings.push(on(i.release, "IMPACT_NOT_SET", "The impact is not set.", "Set the impact."));
    }
    if i.release.urgency.is_none() {
        findings.push(on(i.release, "URGENCY_NOT_SET", "The urgency is not set.", "Set the urgency."));
    }
    Ok(findings)
}

/// A release without a change has nothing to introduce.
pub fn change_attached(i: &GuardInput<'_>) -> Findings {
    unless(!i.release.scope.changes.is_empty(), || {
        on(i.release, "NO_CHANGE", "No change is attached.", "Attach at least one change in Scope.")
    })
}

/// Importance and value are written down.
pub fn assessment_note_written(i: &GuardInput<'_>) -> Findings {
    unless(!i.release.assessment_note.trim().is_empty(), || {
        on(
            i.release,
            "ASSESSMENT_NOTE_MISSING",
            "The assessment note is empty.",
            "Write what the release is worth and how important it is.",
        )
    })
}

/// There is something that the release affects.
pub fn affected_ci(i: &GuardInput<'_>) -> Findings {
    unless(!i.release.scope.cis.is_empty() || !i.release.scope.ci_groups.is_empty(), || {
        on(i.release, "NO_AFFECTED_CI", "No affected CI is named.", "Add at least one CI or CI group in Scope.")
    })
}

/// Rollout, back-out, test and risk plans have steps. An emergency may write them after the install:
/// [`every_plan_written`] holds it to that before it is Verified.
pub fn plans_written(i: &GuardInput<'_>) -> Findings {
    if i.release.class == ReleaseClass::Emergency { Ok(Vec::new()) } else { every_plan_written(i) }
}

/// Rollout, back-out, test and risk plans have steps, whatever the class.
pub fn every_plan_written(i: &GuardInput<'_>) -> Findings {
    let needed = [PlanKind::Rollout, PlanKind::BackOut, PlanKind::Test, PlanKind::RiskManagement];
    Ok(needed
        .into_iter()
        .filter(|plan| !plan_written(i.release, *plan))
        .map(|plan| {
            on(i.release, "PLAN_EMPTY", format!("The {plan} plan has no step."), "Write at least one step in Plans.")
                .with("plan", plan)
        })
        .collect())
}

/// Whether a plan has a step.
pub(crate) fn plan_written(release: &Release, plan: PlanKind) -> bool {
    release.scope.plans.get(&plan).is_some_and(|steps| !steps.is_empty())
}

/// Both windows are set and end after they start.
pub fn windows_set(i: &GuardInput<'_>) -> Findings {
    let scope = &i.release.scope;
    let mut findings = Vec::new();
    for (name, window) in [("build", scope.build_window), ("rollout", scope.rollout_window)] {
        match window {
            None => findings.push(
                on(i.release, "WINDOW_NOT_SET", format!("The {name} window is not set."), "Set it in Scope.")
                    .with("window", name),
            ),
            Some(window) if !window.is_ordered() => findings.push(
                on(
                    i.release,
                    "WINDOW_NOT_ORDERED",
                    format!("The {name} window does not end after it starts."),
                    "Correct it in Scope.",
                )
                .with("window", name),
            ),
            Some(_) => {}
        }
    }
    Ok(findings)
}
