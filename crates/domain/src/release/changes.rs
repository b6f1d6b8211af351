//! What the moves of a release do to its changes. A change of another suite is read-only here but for its release
//! link: its state and outcome are that suite's.

use crate::change::record::{Change, ChangeState};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault};
use crate::release::effect::EffectInput;
use crate::release::record::{Outcome, Release};

/// Every attached change through `edit`.
fn each(release: &Release, records: &mut dyn Records, mut edit: impl FnMut(&mut Change)) -> Result<(), Fault> {
    for id in &release.scope.changes {
        if let Some(mut change) = records.get::<Change>(*id)? {
            let before = change.clone();
            edit(&mut change);
            if change != before {
                records.put(change)?;
            }
        }
    }
    Ok(())
}

/// In production: approved changes are implemented.
pub fn implement_changes(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    each(i.release, i.records, |change| {
        if change.foreign.is_none() && change.state == ChangeState::Approved {
            change.state = ChangeState::Implemented;
        }
    })?;
    Ok(())
}

/// Verified: each change gets its outcome and is reviewed.
pub fn review_changes(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    let outcomes = i.release.outcomes.clone();
    each(i.release, i.records, |change| {
        if change.foreign.is_none() && change.state == ChangeState::Implemented {
            change.state = ChangeState::Reviewed;
            change.outcome = outcomes.get(&change.id).copied();
        }
    })?;
    Ok(())
}

/// Backed out: the changes did not last. They are approved again, to be released once more, and their outcome is
/// *failed* until another release gives them a better one.
pub fn fail_changes(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    let because = format!("Backed out with {}: {}", i.release.number, i.ask.reason.trim());
    let back = Some(i.release.id);
    each(i.release, i.records, |change| {
        change.release = back;
        let done = matches!(change.state, ChangeState::Implemented | ChangeState::Reviewed | ChangeState::Closed);
        if change.foreign.is_none() && done {
            change.state = ChangeState::Approved;
            change.outcome = Some(Outcome::Failed);
            change.state_reason.clone_from(&because);
        }
    })?;
    for change in &i.release.scope.changes {
        i.release.outcomes.insert(*change, Outcome::Failed);
    }
    Ok(())
}

/// The changes are free for another release: approved as they were, unscheduled. The closed release keeps them in
/// its scope as a record of what it was about.
pub fn detach_changes(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    each(i.release, i.records, unschedule)?;
    Ok(())
}

/// Takes the release link and the planned window off a change.
pub(crate) fn unschedule(change: &mut Change) {
    change.release = None;
    if change.foreign.is_none() {
        change.planned = None;
    }
}
