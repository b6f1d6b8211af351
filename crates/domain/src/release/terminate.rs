//! Ending a release: open tasks, approvals and reservations go with it in one step.

use crate::approval;
use crate::approval::record::{ApprovalState, Subject};
use crate::dhs::record::{DhsStock, DhsUnit, Movement, MovementKind, StockMovement, UnitState};
use crate::lookup::Lookup;
use crate::records::RecordsExt;
use crate::refusal::Failure;
use crate::release::effect::EffectInput;
use crate::release::task_record::{Task, TaskState};

/// Tasks that are not done will not be done.
pub fn cancel_open_tasks(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    for mut task in i.records.list::<Task>(Lookup::TasksOfRelease, &i.release.id.to_string())? {
        if !matches!(task.state, TaskState::Done | TaskState::Cancelled) {
            task.state = TaskState::Cancelled;
            i.records.put(task)?;
        }
    }
    Ok(())
}

/// Requests and granted approvals end: nothing may rest on them any more.
pub fn withdraw_approvals(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    withdraw(i, &[ApprovalState::Pending, ApprovalState::Approved])
}

/// Requests that wait for votes end; granted approvals stay as what the release was done on.
pub fn withdraw_pending_approvals(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    withdraw(i, &[ApprovalState::Pending])
}

fn withdraw(i: &mut EffectInput<'_>, states: &[ApprovalState]) -> Result<(), Failure> {
    let because = format!("{}: {}", i.row.command, i.ask.reason.trim());
    let subject = Subject::Release(i.release.id);
    approval::end(subject, |a| states.contains(&a.state), ApprovalState::Withdrawn, &because, i.records)?;
    Ok(())
}

/// What is still on the shelf for this release is free again. A unit that was handed out stays with the release
/// until the storekeeper takes it back.
pub fn free_reservations(i: &mut EffectInput<'_>) -> Result<(), Failure> {
    for mut unit in i.records.list::<DhsUnit>(Lookup::UnitsOfRelease, &i.release.id.to_string())? {
        if unit.state != UnitState::Reserved {
            continue;
        }
        unit.state = UnitState::InStore;
        unit.reserved_for = None;
        i.records.put(Movement {
            id: i.ids.fresh(),
            unit: unit.id,
            kind: MovementKind::ReleaseReservation,
            release: Some(i.release.id),
            to: unit.bin.clone(),
            by: i.actor.id,
            at: i.context.now,
            note: format!("{} of {}", i.row.command, i.release.number),
        })?;
        i.records.put(unit)?;
    }
    for mut stock in i.records.list::<DhsStock>(Lookup::StocksOfRelease, &i.release.id.to_string())? {
        let Some(quantity) = stock.reserved.remove(&i.release.id) else { continue };
        let id = stock.id;
        i.records.put(stock)?;
        i.records.put(StockMovement {
            id: i.ids.fresh(),
            stock: id,
            kind: MovementKind::ReleaseReservation,
            change: 0,
            quantity,
            release: Some(i.release.id),
            by: i.actor.id,
            at: i.context.now,
            note: format!("{} of {}", i.row.command, i.release.number),
        })?;
    }
    Ok(())
}
