//! The Definitive Hardware Store: the unit page, models, receiving, actions.

use crate::error::CallError;
use crate::issue::How;
use crate::releases::page::comments;
use crate::sight::{Sight, path};
use crate::view::common::Names;
use crate::view::dhs::{MovementLine, PutModelRequest, ReceiveRequest, UnitActRequest, UnitPage, UnitRequest};
use crate::view::mutations::Done;
use crate::{App, action_code, exceptions, missing, pills, resolve, rows, unknown_action};
use slipway_domain::command::{Command, DhsCommand};
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, Movement, UnitState};
use slipway_domain::dhs::unit_actions;
use slipway_domain::id::{DhsModelId, DhsUnitId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_store::issue::Facts;

/// The page of a unit.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &UnitRequest) -> Result<UnitPage, CallError> {
    app.read(|sight| {
        let unit = resolve::unit(sight, &request.unit)?;
        let record = Record::from(unit.clone());
        let mut names = Names::new();
        if let Some(site) = unit.bin.site {
            sight.name(&mut names, Kind::Site, site)?;
        }
        let mut movements = sight.records.list::<Movement>(Lookup::MovementsOfUnit, &unit.id.to_string())?;
        movements.sort_by_key(|m| std::cmp::Reverse((m.at, m.id)));
        Ok(UnitPage {
            path: path(&record).unwrap_or_default(),
            pill: pills::unit(unit.state),
            model: sight.records.must::<DhsModel>(unit.model)?,
            names,
            actions: unit_actions(&unit, &sight.person()?, sight.records)?,
            release: rows::rows(sight, Kind::Release, unit.reserved_for)?.pop(),
            ci: rows::rows(sight, Kind::Ci, unit.ci)?.pop(),
            movements: movements.into_iter().map(|m| movement(sight, m)).collect::<Result<_, _>>()?,
            exceptions: exceptions::on(sight, unit.id)?,
            comments: comments(sight, unit.id.into())?,
            sync: sight.mark(&record)?,
            unit,
        })
    })
}

fn movement(sight: Sight<'_>, movement: Movement) -> Result<MovementLine, Fault> {
    Ok(MovementLine {
        id: movement.id.to_string(),
        kind: movement.kind,
        label: movement.kind.label().to_owned(),
        release: movement.release.map(|id| sight.named(Kind::Release, id)).transpose()?,
        to: rows::bin(sight, &movement.to)?,
        by: sight.named(Kind::Person, movement.by)?,
        at: movement.at,
        note: movement.note,
    })
}

/// Creates or changes a model.
///
/// # Errors
/// A refusal, or trouble.
pub fn put_model(app: &App, request: &PutModelRequest) -> Result<Done, CallError> {
    let id = match &request.id {
        Some(text) => resolve::must_id("model", text)?,
        None => DhsModelId(app.host().new_id()),
    };
    let model = DhsModel {
        id,
        manufacturer: request.manufacturer.clone(),
        name: request.name.clone(),
        part_numbers: request.part_numbers.clone(),
        height_tenth_u: request.height_tenth_u,
    };
    app.issue(Command::Dhs(DhsCommand::PutModel(model)), Some((Kind::DhsModel, id.0)))
}

/// A unit arrives.
///
/// # Errors
/// A refusal, or trouble.
pub fn receive(app: &App, request: &ReceiveRequest) -> Result<Done, CallError> {
    let id = DhsUnitId(app.host().new_id());
    let model = app.read(|sight| resolve::model(sight, &request.model))?;
    let unit = DhsUnit {
        id,
        number: Number::provisional(Series::DhsUnit, id.0),
        model: model.id,
        serial_number: request.serial_number.clone(),
        asset_tag: request.asset_tag.clone(),
        condition: request.condition.unwrap_or(Condition::New),
        state: UnitState::InStore,
        bin: request.bin.clone().unwrap_or_default(),
        reserved_for: None,
        ci: None,
    };
    app.create(Series::DhsUnit, (Kind::DhsUnit, id.0), &mut |number| {
        Command::Dhs(DhsCommand::Receive(Box::new(DhsUnit { number, ..unit.clone() })))
    })
}

/// Does something with a unit.
///
/// # Errors
/// A refusal, or trouble.
pub fn act(app: &App, request: &UnitActRequest) -> Result<Done, CallError> {
    let unit = app.read(|sight| resolve::unit(sight, &request.unit))?;
    let id = unit.id;
    let action = action_code(&request.action);
    let bin = || -> Result<Bin, CallError> { request.bin.clone().ok_or_else(|| missing(&action, "bin")) };
    let command = match action.as_str() {
        "transfer" => DhsCommand::Transfer { unit: id, to: bin()? },
        "reserve" => {
            let text = request.release.as_deref().ok_or_else(|| missing(&action, "release"))?;
            DhsCommand::Reserve { unit: id, release: app.read(|sight| resolve::release(sight, text))?.id }
        }
        "release_reservation" => DhsCommand::ReleaseReservation(id),
        "issue" => DhsCommand::Issue(id),
        "install" => {
            let text = request.ci.as_deref().ok_or_else(|| missing(&action, "ci"))?;
            DhsCommand::Install { unit: id, ci: app.read(|sight| resolve::ci(sight, text))?.id }
        }
        "return" => DhsCommand::Return {
            unit: id,
            to: request.bin.clone().unwrap_or_else(|| unit.bin.clone()),
            condition: request.condition.unwrap_or(unit.condition),
        },
        "send_to_repair" => DhsCommand::SendToRepair(id),
        "dispose" => DhsCommand::Dispose { unit: id, reason: request.reason.clone().unwrap_or_default() },
        other => return Err(unknown_action("a unit", other)),
    };
    let how = How { facts: Facts::of(request.as_exception), ..How::default() };
    app.issue_how(&Command::Dhs(command), Some((Kind::DhsUnit, id.0)), how)
}
