//! A unit becomes a CI at a place in a rack: the CI is created, or brought to what the unit is. And back: the unit comes
//! out of its rack, and the CI stands nowhere.

use crate::cmdb::ci::{Ci, CiStatus, Face, FieldChange, Location};
use crate::cmdb::class::Classes;
use crate::cmdb::{judge_new, set_fields};
use crate::dhs::movement::{self, Moved};
use crate::dhs::record::{Bin, Condition, DhsModel, DhsUnit, MovementKind, UnitState};
use crate::dhs::{about_to, occupied, released_to_closed, take_back, tidy_bin};
use crate::execute::{Context, Effect};
use crate::id::{CiId, DhsUnitId};
use crate::number::Number;
use crate::people::Person;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, none};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// As what, and where, a unit is installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct InstallAs {
    /// The CI: one that is there is brought to what the unit is, else it is created.
    pub ci: CiId,
    /// From the device's number block, or provisional; for a new CI.
    pub number: Number,
    /// Name of a new CI.
    pub name: String,
    /// Class of a new CI.
    pub class: String,
    /// Where it stands now. Height and faces are the model's where they are not said.
    pub location: Location,
}

/// Height and faces as the model says them, where the place does not.
#[must_use]
pub fn fitted(place: &Location, model: &DhsModel) -> Location {
    let mut place = place.clone();
    if place.u.is_some() {
        let units = model.height_tenth_u.div_ceil(10);
        place.height = place.height.or_else(|| (units > 1).then_some(units));
        place.face = place.face.or_else(|| (model.facts.full_depth == Some(false)).then_some(Face::Front));
    }
    place
}

/// Judges all of it before anything is written.
pub(super) fn execute(
    id: DhsUnitId,
    wanted: &InstallAs,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut unit = about_to(id, MovementKind::Install, records)?;
    let model: DhsModel = records.must(unit.model)?;
    let mut findings = occupied(id, wanted.ci, records)?;
    findings.extend(released_to_closed(&unit, records)?);
    none(findings)?;
    let place = fitted(&wanted.location, &model);
    match records.get::<Ci>(wanted.ci)? {
        Some(ci) => brought(&ci, &unit, &model, &place, records)?,
        None => {
            let mut ci = Ci::blank(wanted.ci, wanted.number.clone(), &wanted.class, &wanted.name);
            ci.manufacturer.clone_from(&model.manufacturer);
            ci.model.clone_from(&model.name);
            ci.serial_number.clone_from(&unit.serial_number);
            ci.asset_tag.clone_from(&unit.asset_tag);
            ci.location = place;
            let ci = judge_new(&ci, &mut Classes::default(), context, records)?;
            records.put(ci)?;
        }
    }
    unit.ci = Some(wanted.ci);
    let release = unit.reserved_for;
    let note = said(&wanted.location);
    movement::write(unit, Moved::new(MovementKind::Install).of(release).saying(&note), actor, context, records)
}

/// Brings a CI to what the unit is; what it may not be made, or what others hold, is a refusal of the whole.
fn brought(
    ci: &Ci,
    unit: &DhsUnit,
    model: &DhsModel,
    place: &Location,
    records: &mut dyn Records,
) -> Result<(), Failure> {
    let mut wanted = ci.clone();
    wanted.manufacturer.clone_from(&model.manufacturer);
    wanted.model.clone_from(&model.name);
    wanted.serial_number.clone_from(&unit.serial_number);
    wanted.asset_tag.clone_from(&unit.asset_tag);
    if *place != Location::default() {
        wanted.location = place.clone();
    }
    let mut changes = Vec::new();
    for field in FIELDS {
        let (from, to) = (ci.field(field).unwrap_or_default(), wanted.field(field).unwrap_or_default());
        if from != to {
            changes.push(FieldChange { field: (*field).to_owned(), from, to });
        }
    }
    let effect = set_fields(ci.id, &changes, records)?;
    none(effect.conflicts.into_iter().map(|conflict| conflict.finding).collect())?;
    let mut ci: Ci = records.must(ci.id)?;
    if !matches!(ci.status, CiStatus::InUse | CiStatus::Installed) && ci.status.may_become(CiStatus::InUse) {
        ci.status = CiStatus::InUse;
        none(crate::cmdb::location::findings(&ci, records)?)?;
        records.put(ci)?;
    }
    Ok(())
}

/// Back into the store; judges all of it before anything is written. What others hold of the CI is a refusal of the whole.
pub(super) fn take_out(
    id: DhsUnitId,
    to: &Bin,
    condition: Condition,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let unit = about_to(id, MovementKind::Return, records)?;
    let bin = tidy_bin(to, records)?;
    let Some(ci) = unit.ci.filter(|_| unit.state == UnitState::Installed) else {
        return Err(movement::impossible(&unit, MovementKind::Return).into());
    };
    // A CI that is gone or not held here keeps no unit in its rack.
    if let Some(ci) = records.get::<Ci>(ci)? {
        let changes: Vec<FieldChange> = FIELDS
            .iter()
            .filter(|field| field.starts_with("location.") && **field != "location.site")
            .map(|field| (field, ci.field(field).unwrap_or_default()))
            .filter(|(_, from)| !from.is_empty())
            .map(|(field, from)| FieldChange { field: (*field).to_owned(), from, to: String::new() })
            .collect();
        let effect = set_fields(ci.id, &changes, records)?;
        none(effect.conflicts.into_iter().map(|conflict| conflict.finding).collect())?;
        let mut ci: Ci = records.must(ci.id)?;
        if ci.status.may_become(CiStatus::Available) {
            ci.status = CiStatus::Available;
            records.put(ci)?;
        }
    }
    take_back(id, &bin, condition, actor, context, records)
}

/// Fields of a CI that follow from its unit and its place.
const FIELDS: &[&str] = &[
    "manufacturer",
    "model",
    "serial_number",
    "asset_tag",
    "location.site",
    "location.building",
    "location.room",
    "location.rack",
    "location.u",
    "location.height",
    "location.face",
];

/// A place in words, for the ledger.
fn said(place: &Location) -> String {
    let u = place.u.map(|u| format!("U{u}")).unwrap_or_default();
    [&place.building, &place.room, &place.rack, &u]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" › ")
}
