//! Attaching changes to a release and detaching them.

use crate::change::record::{Change, ChangeState};
use crate::execute::{Context, Effect};
use crate::id::ChangeId;
use crate::people::Person;
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use crate::release::changes::unschedule;
use crate::release::edit::{scope_changed, scope_fixed};
use crate::release::guard::in_other_release;
use crate::release::record::{Phase, Release};
use crate::release::{must_be_open, refer};

/// Attaches a change. In Assess and Plan and design any change may be attached, it need not be approved before
/// that phase is left; later only an approved one.
pub(crate) fn attach(
    mut release: Release,
    id: ChangeId,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    must_be_open(&release, records)?;
    let mut change: Change = records.must(id)?;
    if release.scope.changes.contains(&id) {
        return Ok(Effect { unchanged: 1, ..Effect::default() });
    }
    let mut findings: Vec<Finding> = scope_fixed(&release).into_iter().collect();
    findings.extend(in_other_release(&release, id, records)?);
    let early = matches!(release.phase, Phase::Assess | Phase::PlanAndDesign);
    if !early && change.state != ChangeState::Approved {
        let about = RecordRef::of(&change);
        findings.push(
            Finding::new(
                "CHANGE_NOT_APPROVED",
                format!(
                    "{} is {}; in {} only an approved change is attached.",
                    about.label, change.state, release.phase
                ),
                "Have it approved by change management first.",
            )
            .about(about),
        );
    }
    none(findings)?;
    let before = release.clone();
    release.scope.changes.insert(id);
    change.release = Some(release.id);
    records.put(change)?;
    scope_changed(&mut release, &before, actor, context.now, records)?;
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}

/// Detaches a change, as long as nothing is installed.
pub(crate) fn detach(
    mut release: Release,
    id: ChangeId,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    must_be_open(&release, records)?;
    let change: Option<Change> = records.get(id)?;
    let mut findings: Vec<Finding> = scope_fixed(&release).into_iter().collect();
    if !release.scope.changes.contains(&id) {
        let label = change.as_ref().map_or_else(|| id.to_string(), |c| RecordRef::of(c).label);
        findings.push(
            Finding::new(
                "CHANGE_NOT_ATTACHED",
                format!("{label} is not attached to {}.", release.number),
                "Look at the release again; somebody may have detached it.",
            )
            .about(refer(&release)),
        );
    }
    none(findings)?;
    let before = release.clone();
    release.scope.changes.remove(&id);
    if let Some(mut change) = change {
        unschedule(&mut change);
        records.put(change)?;
    }
    scope_changed(&mut release, &before, actor, context.now, records)?;
    records.put(release)?;
    Ok(Effect { updated: 1, ..Effect::default() })
}
