//! Holding a rollout and letting it go on.
//!
//! A hold stops what has not begun; what is being done is brought to an end, because half of it is worse than either.

use crate::execute::{Context, Effect};
use crate::people::Person;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::person_name;
use crate::release::record::{Phase, Release};
use crate::release::refer;
use crate::release::runbook::{Hold, Resumed, standing_hold};
use crate::text;

/// Most holds that a release remembers: more are refused, because then it is the plan that is wrong.
pub const HOLDS: usize = 200;

/// Stops the rollout.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub(crate) fn hold(
    mut release: Release,
    reason: &str,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = hold_findings(&release, records)?;
    let reason = text::filled_line("reason", reason).map_err(|finding| findings.push(finding)).unwrap_or_default();
    none(findings)?;
    release.holds.push(Hold { by: actor.id, at: context.now, reason, resumed: None });
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// Lets the rollout go on.
///
/// # Errors
/// `NOT_HELD`, or a storage fault.
pub(crate) fn resume(
    mut release: Release,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    none(resume_findings(&release))?;
    if let Some(hold) = release.holds.last_mut() {
        hold.resumed = Some(Resumed { by: actor.id, at: context.now });
    }
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// What speaks against holding it.
///
/// # Errors
/// A storage fault.
pub(crate) fn hold_findings(release: &Release, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if release.phase != Phase::DistributionAndRollout {
        findings.push(
            Finding::new(
                "NOT_IN_ROLLOUT",
                format!("{} is in {}; only a rollout is held.", release.number, release.phase),
                "Block a single task instead.",
            )
            .about(refer(release)),
        );
    }
    findings.extend(on_hold(release, records)?);
    if release.holds.len() >= HOLDS {
        findings.push(
            Finding::new(
                "TOO_MANY",
                format!("{} was held {HOLDS} times.", release.number),
                "Send it back and mend its plan.",
            )
            .about(refer(release)),
        );
    }
    Ok(findings)
}

/// What speaks against letting it go on.
pub(crate) fn resume_findings(release: &Release) -> Vec<Finding> {
    if standing_hold(release).is_some() {
        return Vec::new();
    }
    vec![
        Finding::new("NOT_HELD", format!("{} is not on hold.", release.number), "There is nothing to do.")
            .about(refer(release)),
    ]
}

/// That the rollout is on hold, by whom and why; `None` if it is not.
///
/// # Errors
/// A storage fault.
pub(crate) fn on_hold(release: &Release, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    let Some(hold) = standing_hold(release) else { return Ok(None) };
    let by = person_name(hold.by, records)?;
    let since = hold.at.to_rfc3339();
    let finding = Finding::new(
        "ON_HOLD",
        format!("{} was put on hold by {by} at {since}: {}", release.number, hold.reason),
        "Let the rollout go on first, or back out.",
    );
    Ok(Some(finding.about(refer(release)).with("by", by).with("at", since).with("reason", &hold.reason)))
}
