//! What is known of a unit, corrected; and a receipt that was a slip, taken back.

use crate::dhs::record::{Condition, DhsUnit, Movement, MovementKind, UnitFacts, UnitState};
use crate::dhs::{twins, unit_line};
use crate::execute::{Effect, replace};
use crate::id::DhsUnitId;
use crate::lookup::Lookup;
use crate::people::Person;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use crate::text;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// What is changed of a unit; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct UnitEdit {
    /// Serial number.
    pub serial_number: Option<String>,
    /// Asset tag.
    pub asset_tag: Option<String>,
    /// How good it is.
    pub condition: Option<Condition>,
    /// What else is known, all of it.
    pub facts: Option<UnitFacts>,
}

/// Changes what is given.
pub(super) fn describe(id: DhsUnitId, edit: &UnitEdit, records: &mut dyn Records) -> Result<Effect, Failure> {
    let mut unit: DhsUnit = records.must(id)?;
    let mut findings = Vec::new();
    if let Some(serial) = &edit.serial_number {
        unit_line("serial_number", serial, &mut unit.serial_number, &mut findings);
    }
    if let Some(tag) = &edit.asset_tag {
        unit_line("asset_tag", tag, &mut unit.asset_tag, &mut findings);
    }
    unit.condition = edit.condition.unwrap_or(unit.condition);
    if let Some(facts) = &edit.facts {
        unit.facts = facts.clone();
        tidy(&mut unit.facts, &mut findings);
    }
    findings.extend(twins(&unit, records)?);
    none(findings)?;
    Ok(replace(unit, id, records)?)
}

/// Brings the facts into their form.
pub(super) fn tidy(facts: &mut UnitFacts, findings: &mut Vec<Finding>) {
    text::tidy(&mut facts.supplier, "supplier", text::line, findings);
    text::tidy(&mut facts.order, "order", text::line, findings);
    text::tidy(&mut facts.firmware, "firmware", text::line, findings);
    text::tidy(&mut facts.notes, "notes", text::prose, findings);
    if let Some(cost) = &mut facts.cost {
        cost.currency = cost.currency.trim().to_uppercase();
        if cost.currency.len() != 3 || !cost.currency.chars().all(|c| c.is_ascii_uppercase()) {
            findings.push(Finding::new(
                "NOT_A_CURRENCY",
                format!("{:?} is no currency.", cost.currency),
                "Write its three letters, such as EUR.",
            ));
        }
    }
}

/// Takes a receipt back that its author made by a slip: a scan of the wrong label. Unit and entry go, as if nothing had
/// arrived; what happened with a unit since is no slip.
pub(super) fn unreceive(id: DhsUnitId, actor: &Person, records: &mut dyn Records) -> Result<Effect, Failure> {
    let unit: DhsUnit = records.must(id)?;
    let ledger = records.list::<Movement>(Lookup::MovementsOfUnit, &id.to_string())?;
    let slip = match ledger.as_slice() {
        [only] => unit.state == UnitState::InStore && only.kind == MovementKind::Receive && only.by == actor.id,
        _ => false,
    };
    if !slip {
        return Err(Finding::new(
            "NOT_A_SLIP",
            format!("{} was received by somebody else, or was moved since.", unit.number),
            "Dispose of it with a reason instead.",
        )
        .about(unit.reference())
        .into());
    }
    for entry in ledger {
        records.remove(Kind::Movement, entry.id.0)?;
    }
    records.remove(Kind::DhsUnit, id.0)?;
    Ok(Effect::updated())
}
