//! Carrying out a row of the transition table: guards, effects, the move, the tasks of the phase that is entered.

use crate::execute::{Context, Effect};
use crate::people::Person;
use crate::records::{Records, RecordsExt};
use crate::refusal::Failure;
use crate::release::effect::{EffectInput, Ids, training_reason};
use crate::release::guard::{Ask, GuardInput};
use crate::release::phase::{Move, transition};
use crate::release::record::{Phase, PhaseEntry, Release};
use crate::release::resting_status;
use crate::release::runbook::Resumed;
use crate::release::task::from_template::make_template_tasks;
use crate::time::Timestamp;

/// One command of the table.
pub(crate) fn carry_out(
    mut release: Release,
    command: Move,
    ask: &Ask<'_>,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let now = context.now;
    let row = transition(command, &GuardInput { release: &release, ask, actor, now, records: &*records })?;
    let mut ids = Ids::of(context.command);
    let reason = if command == Move::Advance && row.from == Phase::Assess {
        training_reason(&release)
    } else {
        ask.reason.trim().to_owned()
    };
    for effect in row.effects {
        effect(&mut EffectInput { release: &mut release, row, ask, actor, context, ids: &mut ids, records })?;
    }
    if row.to != row.from {
        release.phase = row.to;
        release.phase_history.push(PhaseEntry {
            from: Some(row.from),
            to: row.to,
            action: command.code().to_owned(),
            by: actor.id,
            at: now,
            reason,
        });
        release.status = resting_status(&release);
        end_hold(&mut release, actor, now);
        make_template_tasks(&mut release, row.to, &mut ids, records)?;
    }
    records.put(release)?;
    Ok(Effect::default())
}

/// A hold ends with the phase that it held.
fn end_hold(release: &mut Release, actor: &Person, now: Timestamp) {
    if let Some(hold) = release.holds.last_mut()
        && hold.resumed.is_none()
    {
        hold.resumed = Some(Resumed { by: actor.id, at: now });
    }
}
