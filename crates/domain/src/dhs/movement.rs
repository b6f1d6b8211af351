//! The movement ledger: which movement leads from which state to which, and the entry that each leaves behind.
//!
//! An entry is never changed and never removed; where a unit stands follows from its entries.

use crate::dhs::Done;
use crate::dhs::record::{Bin, DhsUnit, Movement, MovementKind, UnitState};
use crate::execute::{Context, Effect};
use crate::id::{MovementId, ReleaseId};
use crate::people::Person;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding};

/// One line of the ledger's table; `None` leaves the state as it is.
type Line = (MovementKind, &'static [UnitState], Option<UnitState>);

/// The table, read row by row: which movement, from where, to where.
const LINES: [Line; 10] = {
    use MovementKind::{
        CountAdjustment, Dispose, Install, Issue, Receive, ReleaseReservation, Reserve, Return, SendToRepair, Transfer,
    };
    use UnitState::{Disposed, Expected, InRepair, InStore, Installed, Issued, Missing, Reserved};
    [
        (Receive, &[Expected], Some(InStore)),
        (Transfer, &[InStore, Reserved], None),
        (Reserve, &[InStore], Some(Reserved)),
        (ReleaseReservation, &[Reserved], Some(InStore)),
        (Issue, &[Reserved], Some(Issued)),
        (Install, &[Issued], Some(Installed)),
        (Return, &[Issued, Installed, InRepair, Missing], Some(InStore)),
        (SendToRepair, &[InStore, Issued, Installed], Some(InRepair)),
        (Dispose, &[InStore, Issued, Installed, InRepair, Missing], Some(Disposed)),
        (CountAdjustment, &[InStore, Reserved, InRepair], Some(Missing)),
    ]
};

/// What a person does with a unit that is here: movement, code and words. Arriving is no action of a unit.
pub(crate) const ACTIONS: [(MovementKind, &str, &str); 9] = [
    (MovementKind::Transfer, "transfer", "Transfer"),
    (MovementKind::Reserve, "reserve", "Reserve for a release"),
    (MovementKind::ReleaseReservation, "release_reservation", "Release the reservation"),
    (MovementKind::Issue, "issue", "Issue"),
    (MovementKind::Install, "install", "Record as installed"),
    (MovementKind::Return, "return", "Return to the store"),
    (MovementKind::SendToRepair, "send_to_repair", "Send to repair"),
    (MovementKind::Dispose, "dispose", "Dispose of the unit"),
    (MovementKind::CountAdjustment, "adjust", "Record as missing"),
];

/// Where the movement leads from that state; `None` when the table has no such line.
#[must_use]
pub fn lead(kind: MovementKind, from: UnitState) -> Option<UnitState> {
    LINES.iter().find(|(line, states, _)| *line == kind && states.contains(&from)).map(|(_, _, to)| to.unwrap_or(from))
}

/// The finding about a movement that the table does not have from where the unit is.
pub(crate) fn impossible(unit: &DhsUnit, kind: MovementKind) -> Finding {
    let from: Vec<&str> = LINES
        .iter()
        .filter(|(line, ..)| *line == kind)
        .flat_map(|(_, states, _)| states.iter().map(|s| s.label()))
        .collect();
    Finding::new(
        "UNIT_STATE",
        format!("{} is {}; {} does not apply.", unit.number, unit.state, kind),
        format!("It applies to a unit that is {}.", from.join(" or ")),
    )
    .about(unit.reference())
    .with("state", unit.state)
    .with("movement", kind)
}

/// What an entry says beside unit, person and time.
pub(crate) struct Moved {
    kind: MovementKind,
    release: Option<ReleaseId>,
    to: Bin,
    note: String,
}

impl Moved {
    /// A movement out of the store, for no release.
    pub(crate) fn new(kind: MovementKind) -> Self {
        Self { kind, release: None, to: Bin::default(), note: String::new() }
    }

    /// In the name of a release.
    pub(crate) fn of(mut self, release: Option<ReleaseId>) -> Self {
        self.release = release;
        self
    }

    /// Where the unit lies afterwards.
    pub(crate) fn to(mut self, to: Bin) -> Self {
        self.to = to;
        self
    }

    /// With a remark.
    pub(crate) fn saying(mut self, note: &str) -> Self {
        note.clone_into(&mut self.note);
        self
    }
}

/// Moves the unit along the table and writes the entry; the caller has set what else changes. One command moves one unit
/// once, so its first derived id is free.
pub(crate) fn write(
    unit: DhsUnit,
    moved: Moved,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    write_nth(unit, moved, 0, actor, context, records)
}

/// The same for the nth unit that one command moves.
pub(crate) fn write_nth(
    mut unit: DhsUnit,
    moved: Moved,
    nth: u32,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    unit.state = lead(moved.kind, unit.state).ok_or_else(|| impossible(&unit, moved.kind))?;
    let unit_id = unit.id;
    // First the unit: its entries lie where it lies.
    records.put(unit)?;
    records.put(Movement {
        id: MovementId(context.command.derived(nth)),
        unit: unit_id,
        kind: moved.kind,
        release: moved.release,
        to: moved.to,
        by: actor.id,
        at: context.now,
        note: moved.note,
    })?;
    Ok(Effect::updated())
}

/// Moves the unit whatever the table says of where it is, and writes the entry as of whoever did it and when.
///
/// A unit that was put on a shelf is in store, wherever it was thought to be.
pub(crate) fn write_anyway(
    mut unit: DhsUnit,
    moved: Moved,
    done: &Done<'_>,
    context: &Context,
    records: &mut dyn Records,
) -> Result<(), Failure> {
    let to = LINES.iter().find(|(line, ..)| *line == moved.kind).and_then(|(.., to)| *to);
    unit.state = match to {
        Some(to) => to,
        None if unit.state == UnitState::Reserved => UnitState::Reserved,
        None => UnitState::InStore,
    };
    let unit_id = unit.id;
    // First the unit: its entries lie where it lies.
    records.put(unit)?;
    records.put(Movement {
        id: MovementId(context.command.derived(0)),
        unit: unit_id,
        kind: moved.kind,
        release: moved.release,
        to: moved.to,
        by: done.by,
        at: done.at,
        note: moved.note,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_movement_once_and_nothing_comes_back_from_disposal() {
        let rows: Vec<MovementKind> = LINES.iter().map(|(kind, ..)| *kind).collect();
        assert_eq!(rows, MovementKind::ALL);
        assert!(LINES.iter().all(|(_, from, _)| !from.contains(&UnitState::Disposed)));
    }

    #[test]
    fn every_movement_but_arriving_is_an_action() {
        let actions: Vec<MovementKind> = ACTIONS.iter().map(|(kind, ..)| *kind).collect();
        assert_eq!(
            actions,
            MovementKind::ALL.iter().copied().filter(|k| *k != MovementKind::Receive).collect::<Vec<_>>()
        );
    }
}
