//! Planning the rollout before it comes: its tasks and those of the back-out are made ahead, so that they can be
//! timed, assigned and rehearsed. On entering their phases they are there, as the planner left them.

use crate::execute::{Context, Effect};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use crate::release::effect::Ids;
use crate::release::record::{Phase, Release};
use crate::release::task::from_template::from_template;
use crate::release::{must_be_open, refer};

/// The phases whose tasks are planned ahead.
pub const AHEAD: [Phase; 2] = [Phase::DistributionAndRollout, Phase::BackOut];

/// Makes the tasks of rollout and back-out from their templates; those that are there by title are left alone.
///
/// # Errors
/// `RUNBOOK_TOO_EARLY`, `RUNBOOK_TOO_LATE`, `RUNBOOK_COMPLETE`, or a storage fault.
pub(crate) fn plan(mut release: Release, context: &Context, records: &mut dyn Records) -> Result<Effect, Failure> {
    must_be_open(&release, records)?;
    none(phase_findings(&release))?;
    let before = release.task_count;
    let mut ids = Ids::of(context.command);
    for phase in AHEAD {
        from_template(&mut release, phase, &mut ids, records)?;
    }
    let created = release.task_count.saturating_sub(before);
    if created == 0 && release.runbook_planned {
        return Err(Finding::new(
            "RUNBOOK_COMPLETE",
            format!("Every task that the templates know is in the runbook of {}.", release.number),
            "Add what is missing as single tasks.",
        )
        .about(refer(&release))
        .into());
    }
    release.runbook_planned = true;
    records.put(release)?;
    Ok(Effect { created, ..Effect::default() })
}

/// Only between Assess, where the type is not fixed, and the rollout, which makes its tasks itself.
pub(crate) fn phase_findings(release: &Release) -> Vec<Finding> {
    let on =
        |code: &str, sentence: String, way_out: &str| vec![Finding::new(code, sentence, way_out).about(refer(release))];
    match release.phase {
        Phase::PlanAndDesign | Phase::BuildAndTest | Phase::Training => Vec::new(),
        Phase::Assess => on(
            "RUNBOOK_TOO_EARLY",
            format!("{} is in Assess, where its type is not fixed.", release.number),
            "Plan the runbook from Plan and design on.",
        ),
        _ => on(
            "RUNBOOK_TOO_LATE",
            format!("{} is in {}; its tasks are there.", release.number, release.phase),
            "Add what is missing as single tasks.",
        ),
    }
}
