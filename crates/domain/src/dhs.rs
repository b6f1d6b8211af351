//! The Definitive Hardware Store: real spares on real shelves.

use crate::access;
use crate::command::DhsCommand;
use crate::dhs::movement::{Moved, lead};
use crate::dhs::record::{Bin, Condition, DhsModel, DhsUnit, MovementKind, UnitState};
use crate::execute::{Context, Effect};
use crate::id::{CiId, DhsModelId, DhsUnitId, PersonId, ReleaseId};
use crate::lookup::{Lookup, pair};
use crate::number::Series;
use crate::people::{Person, Site};
use crate::record::RecordRef;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::action::ActionState;
use crate::release::record::{Component, Release};
use crate::text;
use crate::time::Timestamp;

pub mod alert;
pub mod code;
pub mod edit;
pub mod install;
pub mod model;
pub mod movement;
pub mod on_hand;
pub mod pieces;
pub mod recognise;
pub mod record;
pub mod stock;
pub mod stocktake;

impl DhsUnit {
    /// How other records and findings name it.
    #[must_use]
    pub fn reference(&self) -> RecordRef {
        RecordRef::of(self)
    }
}

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    command: &DhsCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match command {
        DhsCommand::PutModel(model) => model::put(model, records),
        DhsCommand::EditModel { model, edit } => model::edit(*model, edit, records),
        DhsCommand::ImportModels(rows) => model::import(rows, records),
        DhsCommand::DescribeUnit { unit, edit } => edit::describe(*unit, edit, records),
        DhsCommand::Unreceive(unit) => edit::unreceive(*unit, actor, records),
        DhsCommand::InstallAs { unit, wanted } => install::execute(*unit, wanted, actor, context, records),
        DhsCommand::Stocktake { stocktake, act } => stocktake::execute(*stocktake, act, actor, context, records),
        DhsCommand::Count { model, bin, what } => stock::execute(*model, bin, what, actor, context, records),
        DhsCommand::Adjust { unit, reason } => {
            let reason = text::filled_prose("reason", reason)?;
            leave(*unit, MovementKind::CountAdjustment, &reason, actor, context, records)
        }
        DhsCommand::Receive(unit) => receive(unit, actor, context, records),
        DhsCommand::Transfer { unit, to } => transfer(*unit, to, actor, context, records),
        DhsCommand::Reserve { unit, release } => reserve(*unit, *release, actor, context, records),
        DhsCommand::ReleaseReservation(unit) => {
            let mut unit = about_to(*unit, MovementKind::ReleaseReservation, records)?;
            let release = unit.reserved_for.take();
            let to = unit.bin.clone();
            movement::write(
                unit,
                Moved::new(MovementKind::ReleaseReservation).of(release).to(to),
                actor,
                context,
                records,
            )
        }
        DhsCommand::Issue(unit) => {
            let unit = about_to(*unit, MovementKind::Issue, records)?;
            none(released_to_closed(&unit, records)?.into_iter().collect())?;
            let release = unit.reserved_for;
            movement::write(unit, Moved::new(MovementKind::Issue).of(release), actor, context, records)
        }
        DhsCommand::Install { unit, ci } => install(*unit, *ci, actor, context, records),
        DhsCommand::Return { unit, to, condition } => take_back(*unit, to, *condition, actor, context, records),
        DhsCommand::TakeOut { unit, to, condition } => {
            install::take_out(*unit, to, *condition, actor, context, records)
        }
        DhsCommand::SendToRepair(unit) => leave(*unit, MovementKind::SendToRepair, "", actor, context, records),
        DhsCommand::Dispose { unit, reason } => {
            let reason = text::filled_prose("reason", reason)?;
            leave(*unit, MovementKind::Dispose, &reason, actor, context, records)
        }
    }
}

/// Who did by hand what the rules are against, when, and what the ledger says of it.
pub(crate) struct Done<'a> {
    /// Who.
    pub(crate) by: PersonId,
    /// When.
    pub(crate) at: Timestamp,
    /// How it came to be accepted.
    pub(crate) note: &'a str,
}

/// Lets unit and ledger follow a movement that was accepted although the table has no such line from where the unit
/// was. What would break the store (an unknown place, two units as one CI) is refused all the same.
pub(crate) fn carry_out_anyway(
    command: &DhsCommand,
    done: &Done<'_>,
    context: &Context,
    records: &mut dyn Records,
) -> Result<bool, Failure> {
    let mut to = Bin::default();
    let (mut unit, kind): (DhsUnit, MovementKind) = match command {
        DhsCommand::Transfer { unit, to: bin } => {
            let mut unit: DhsUnit = records.must(*unit)?;
            to = tidy_bin(bin, records)?;
            if unit.state != UnitState::Reserved {
                unit.reserved_for = None;
            }
            unit.ci = None;
            (unit, MovementKind::Transfer)
        }
        DhsCommand::Issue(unit) => (records.must(*unit)?, MovementKind::Issue),
        DhsCommand::Install { unit, ci } => {
            none(install_findings(*unit, *ci, records)?)?;
            let mut unit: DhsUnit = records.must(*unit)?;
            unit.ci = Some(*ci);
            (unit, MovementKind::Install)
        }
        DhsCommand::Return { unit, to: bin, condition } => {
            let mut unit: DhsUnit = records.must(*unit)?;
            to = tidy_bin(bin, records)?;
            unit.condition = *condition;
            (unit, MovementKind::Return)
        }
        DhsCommand::SendToRepair(unit) => (records.must(*unit)?, MovementKind::SendToRepair),
        DhsCommand::Dispose { unit, .. } => (records.must(*unit)?, MovementKind::Dispose),
        DhsCommand::PutModel(_)
        | DhsCommand::EditModel { .. }
        | DhsCommand::ImportModels(_)
        | DhsCommand::DescribeUnit { .. }
        | DhsCommand::Unreceive(_)
        | DhsCommand::InstallAs { .. }
        | DhsCommand::TakeOut { .. }
        | DhsCommand::Count { .. }
        | DhsCommand::Stocktake { .. }
        | DhsCommand::Adjust { .. }
        | DhsCommand::Receive(_)
        | DhsCommand::Reserve { .. }
        | DhsCommand::ReleaseReservation(_) => return Ok(false),
    };
    let release = unit.reserved_for;
    if matches!(kind, MovementKind::Return | MovementKind::SendToRepair | MovementKind::Dispose) {
        unit.reserved_for = None;
        unit.ci = None;
    }
    if matches!(kind, MovementKind::Transfer | MovementKind::Return) {
        unit.bin = to.clone();
    }
    movement::write_anyway(unit, Moved::new(kind).of(release).to(to).saying(done.note), done, context, records)?;
    Ok(true)
}

fn receive(
    given: &DhsUnit,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut unit = given.clone();
    let mut findings = Vec::new();
    unit_line("serial_number", &given.serial_number, &mut unit.serial_number, &mut findings);
    unit_line("asset_tag", &given.asset_tag, &mut unit.asset_tag, &mut findings);
    edit::tidy(&mut unit.facts, &mut findings);
    match tidy_bin(&given.bin, records) {
        Ok(bin) => unit.bin = bin,
        Err(Failure::Refused(refusal)) => findings.extend(refusal.findings),
        Err(fault) => return Err(fault),
    }
    match records.get::<DhsModel>(unit.model)? {
        None => findings.push(Finding::new(
            "UNKNOWN_MODEL",
            format!("There is no model {} here.", unit.model),
            "Create the model first, or sync.",
        )),
        Some(model) if model.facts.kind == model::ModelKind::Consumable => findings.push(
            Finding::new(
                "MODEL_COUNTED",
                format!("{} {} is a consumable: it is counted by bin.", model.manufacturer, model.name),
                "Receive a quantity of it into a bin instead.",
            )
            .about(RecordRef::of(&model)),
        ),
        Some(_) => {}
    }
    findings.extend(twins(&unit, records)?);
    let before = records.get::<DhsUnit>(unit.id)?;
    if let Some(before) = before.as_ref().filter(|b| b.state != UnitState::Expected) {
        findings.push(
            Finding::new(
                "ALREADY_RECEIVED",
                format!("{} is {} and was received before.", before.number, before.state),
                "Return it to the store instead.",
            )
            .about(before.reference()),
        );
    }
    none(findings)?;
    unit.number = match &before {
        Some(before) => before.number.clone(),
        None => context.number(records, Series::DhsUnit, &unit.number)?,
    };
    unit.reserved_for = None;
    unit.ci = None;
    unit.state = UnitState::Expected;
    let to = unit.bin.clone();
    movement::write(unit, Moved::new(MovementKind::Receive).to(to), actor, context, records)?;
    Ok(if before.is_some() { Effect::updated() } else { Effect::created() })
}

/// Brings a label's text into its form.
fn unit_line(field: &str, given: &str, place: &mut String, findings: &mut Vec<Finding>) {
    match text::line(field, given) {
        Ok(text) => *place = text,
        Err(finding) => findings.push(finding),
    }
}

/// Another unit with the same serial number or asset tag.
fn twins(unit: &DhsUnit, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    for (code, what, value, lookup, key) in [
        (
            "SERIAL_NUMBER_TAKEN",
            "Serial number",
            &unit.serial_number,
            Lookup::UnitBySerial,
            pair(&unit.model.to_string(), &unit.serial_number),
        ),
        ("ASSET_TAG_TAKEN", "Asset tag", &unit.asset_tag, Lookup::UnitByTag, unit.asset_tag.to_lowercase()),
    ] {
        if value.is_empty() {
            continue;
        }
        if let Some(other) = records.find(lookup, &key)?.into_iter().find(|id| *id != unit.id.0)
            && let Some(other) = records.get::<DhsUnit>(DhsUnitId(other))?
        {
            findings.push(
                Finding::new(
                    code,
                    format!("{what} {value} already belongs to {} ({}).", other.number, other.state),
                    "Check the label; it may be the same unit.",
                )
                .about(other.reference()),
            );
        }
    }
    Ok(findings)
}

/// The place with its texts trimmed, or what is wrong with it.
fn tidy_bin(given: &Bin, records: &dyn Records) -> Result<Bin, Failure> {
    let mut bin = given.clone();
    let mut findings = Vec::new();
    for (field, place) in
        [("store", &mut bin.store), ("aisle", &mut bin.aisle), ("shelf", &mut bin.shelf), ("bin", &mut bin.bin)]
    {
        match text::line(field, place) {
            Ok(text) => *place = text,
            Err(finding) => findings.push(finding),
        }
    }
    if let Some(site) = bin.site
        && records.get::<Site>(site)?.is_none()
    {
        findings.push(Finding::new(
            "UNKNOWN_SITE",
            format!("There is no site {site} here."),
            "Choose another site, or sync.",
        ));
    }
    none(findings)?;
    Ok(bin)
}

/// The unit, if the ledger's table has this movement from where it is.
fn about_to(id: DhsUnitId, kind: MovementKind, records: &dyn Records) -> Result<DhsUnit, Failure> {
    let unit: DhsUnit = records.must(id)?;
    if lead(kind, unit.state).is_some() {
        return Ok(unit);
    }
    Err(movement::impossible(&unit, kind).into())
}

fn transfer(
    id: DhsUnitId,
    to: &Bin,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut unit = about_to(id, MovementKind::Transfer, records)?;
    let bin = tidy_bin(to, records)?;
    if unit.bin == bin {
        return Ok(Effect::unchanged());
    }
    if bin == Bin::default() {
        return Err(Finding::new(
            "NO_BIN",
            format!("It is not said where {} goes.", unit.number),
            "Name at least the store.",
        )
        .about(unit.reference())
        .into());
    }
    unit.bin = bin.clone();
    let release = unit.reserved_for;
    movement::write(unit, Moved::new(MovementKind::Transfer).of(release).to(bin), actor, context, records)
}

fn reserve(
    id: DhsUnitId,
    release: ReleaseId,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut unit: DhsUnit = records.must(id)?;
    let wanted: Release = records.must(release)?;
    if unit.state == UnitState::Reserved && unit.reserved_for == Some(release) {
        return Ok(Effect::unchanged());
    }
    let mut findings = Vec::new();
    match unit.reserved_for {
        Some(other) => findings.push(reserved_elsewhere(&unit, other, records)?),
        None if lead(MovementKind::Reserve, unit.state).is_none() => {
            findings.push(movement::impossible(&unit, MovementKind::Reserve));
        }
        None => {}
    }
    findings.extend(faulty(&unit));
    if wanted.phase.is_closed() {
        findings.push(closed(&wanted));
    }
    if !wants_model(&wanted, unit.model) && !wanted.scope.components.contains(&Component::DhsUnit(unit.id)) {
        findings.push(
            Finding::new(
                "NOT_A_COMPONENT",
                format!("{} has neither {} nor its model among its components.", wanted.number, unit.number),
                format!("Add the unit or its model to the scope of {} first.", wanted.number),
            )
            .about(RecordRef::of(&wanted)),
        );
    }
    none(findings)?;
    unit.reserved_for = Some(release);
    let to = unit.bin.clone();
    movement::write(unit, Moved::new(MovementKind::Reserve).of(Some(release)).to(to), actor, context, records)
}

/// Whether the release has the model among its components.
fn wants_model(release: &Release, wanted: DhsModelId) -> bool {
    let wants = |component: &Component| matches!(component, Component::DhsModel { model, .. } if *model == wanted);
    release.scope.components.iter().any(wants)
}

fn reserved_elsewhere(unit: &DhsUnit, other: ReleaseId, records: &dyn Records) -> Result<Finding, Fault> {
    let release = records.get::<Release>(other)?;
    let label = release.as_ref().map_or_else(|| other.to_string(), |r| r.number.to_string());
    let way_out = if unit.state == UnitState::Reserved {
        format!("Choose another unit, or release the reservation for {label}.")
    } else {
        format!("Choose another unit, or have it returned from {label}.")
    };
    let finding = Finding::new("UNIT_RESERVED", format!("{} is {} for {label}.", unit.number, unit.state), way_out)
        .with("release", label);
    Ok(match release {
        Some(release) => finding.about(RecordRef::of(&release)),
        None => finding.about(unit.reference()),
    })
}

fn faulty(unit: &DhsUnit) -> Option<Finding> {
    (unit.condition == Condition::Faulty).then(|| {
        Finding::new(
            "UNIT_FAULTY",
            format!("{} is faulty.", unit.number),
            "Choose another unit, or send this one to repair.",
        )
        .about(unit.reference())
    })
}

fn closed(release: &Release) -> Finding {
    Finding::new(
        "RELEASE_CLOSED",
        format!("{} is closed ({}).", release.number, release.phase),
        "Choose a release that is not closed.",
    )
    .about(RecordRef::of(release))
}

/// Nothing is handed out for a release that came to its end meanwhile.
fn released_to_closed(unit: &DhsUnit, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    let Some(release) = unit.reserved_for else { return Ok(None) };
    Ok(records
        .get::<Release>(release)?
        .filter(|r| r.phase.is_closed())
        .map(|r| Finding { way_out: "Release the reservation.".to_owned(), ..closed(&r) }))
}

/// Says where the unit went. The CI itself is left as it is: a release's CI update plan has changed it, or will.
fn install(
    id: DhsUnitId,
    ci: CiId,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut unit = about_to(id, MovementKind::Install, records)?;
    none(install_findings(id, ci, records)?)?;
    unit.ci = Some(ci);
    let release = unit.reserved_for;
    movement::write(unit, Moved::new(MovementKind::Install).of(release), actor, context, records)
}

/// That there is no such CI, or that another unit is installed as it.
fn install_findings(id: DhsUnitId, ci: CiId, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings: Vec<Finding> = crate::cmdb::relate::absent(ci, records)?.into_iter().collect();
    findings.extend(occupied(id, ci, records)?);
    Ok(findings)
}

/// That another unit is installed as the CI.
fn occupied(id: DhsUnitId, ci: CiId, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if let Some(other) = records.list::<DhsUnit>(Lookup::UnitOfCi, &ci.to_string())?.into_iter().find(|u| u.id != id) {
        findings.push(
            Finding::new(
                "CI_OCCUPIED",
                format!("{} is already installed as this CI.", other.number),
                "Return that unit first, or choose another CI.",
            )
            .about(other.reference()),
        );
    }
    Ok(findings)
}

fn take_back(
    id: DhsUnitId,
    to: &Bin,
    condition: Condition,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut unit = about_to(id, MovementKind::Return, records)?;
    let bin = tidy_bin(to, records)?;
    let release = unit.reserved_for.take();
    unit.ci = None;
    unit.condition = condition;
    unit.bin = bin.clone();
    let moved = Moved::new(MovementKind::Return).of(release).to(bin).saying(condition.label());
    movement::write(unit, moved, actor, context, records)
}

/// Out of the store's hands: to repair, or for good.
fn leave(
    id: DhsUnitId,
    kind: MovementKind,
    note: &str,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut unit = about_to(id, kind, records)?;
    let release = unit.reserved_for.take();
    unit.ci = None;
    movement::write(unit, Moved::new(kind).of(release).saying(note), actor, context, records)
}

/// What the state of the unit leads to, each allowed or with every reason why not.
///
/// # Errors
/// A storage fault.
pub fn unit_actions(unit: &DhsUnit, actor: &Person, records: &dyn Records) -> Result<Vec<ActionState>, Fault> {
    let mut actions = Vec::new();
    for (kind, action, title) in movement::ACTIONS {
        if lead(kind, unit.state).is_none() {
            continue;
        }
        let mut findings: Vec<Finding> = access::denial(&format!("dhs.{action}"), actor).into_iter().collect();
        match kind {
            MovementKind::Reserve => findings.extend(faulty(unit)),
            MovementKind::Issue => findings.extend(released_to_closed(unit, records)?),
            _ => {}
        }
        actions.push(ActionState {
            action: action.to_owned(),
            title: title.to_owned(),
            allowed: findings.is_empty(),
            findings,
            needs_reason: matches!(kind, MovementKind::Dispose | MovementKind::CountAdjustment),
            confirm: kind == MovementKind::Dispose,
        });
    }
    Ok(actions)
}
