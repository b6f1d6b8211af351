//! The Definitive Hardware Store: the unit page, models, receiving, actions.

use crate::error::CallError;
use crate::issue::How;
use crate::releases::page::comments;
use crate::sight::{Sight, path};
use crate::view::common::Names;
use crate::view::dhs::{
    DescribeUnitRequest, InstallAsRequest, MovementLine, PutModelRequest, ReceiveRequest, UnitActRequest, UnitPage,
    UnitRequest,
};
use crate::view::mutations::Done;
use crate::{App, action_code, exceptions, missing, pills, resolve, rows, unknown_action};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::command::{Command, DhsCommand};
use slipway_domain::dhs::edit::UnitEdit;
use slipway_domain::dhs::install::InstallAs;
use slipway_domain::dhs::model::ModelFacts;
use slipway_domain::dhs::record::{Bin, Condition, Cost, DhsModel, DhsUnit, Movement, UnitState};
use slipway_domain::dhs::unit_actions;
use slipway_domain::id::{CiId, DhsModelId, DhsUnitId};
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_domain::release::record::Release;
use slipway_domain::time::Timestamp;
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
        facts: ModelFacts::default(),
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
        facts: request.facts.clone().unwrap_or_default(),
    };
    app.create(Series::DhsUnit, (Kind::DhsUnit, id.0), &mut |number| {
        Command::Dhs(DhsCommand::Receive(Box::new(DhsUnit { number, ..unit.clone() })))
    })
}

/// Corrects what is known of a unit.
///
/// # Errors
/// A date or an amount that cannot be, a refusal, or trouble.
pub fn describe(app: &App, request: &DescribeUnitRequest) -> Result<Done, CallError> {
    let unit = app.read(|sight| resolve::unit(sight, &request.unit))?;
    let mut facts = unit.facts.clone();
    if let Some(text) = &request.warranty_end {
        facts.warranty_end = if text.trim().is_empty() { None } else { Some(end_of(text)?) };
    }
    if let Some(text) = &request.cost {
        facts.cost = if text.trim().is_empty() { None } else { Some(cost(text)?) };
    }
    for (given, place) in [
        (&request.supplier, &mut facts.supplier),
        (&request.order, &mut facts.order),
        (&request.firmware, &mut facts.firmware),
        (&request.notes, &mut facts.notes),
    ] {
        if let Some(text) = given {
            place.clone_from(text);
        }
    }
    let edit = UnitEdit {
        serial_number: request.serial_number.clone(),
        asset_tag: request.asset_tag.clone(),
        condition: request.condition,
        facts: (facts != unit.facts).then_some(facts),
    };
    let command = DhsCommand::DescribeUnit { unit: unit.id, edit: Box::new(edit) };
    app.issue(Command::Dhs(command), Some((Kind::DhsUnit, unit.id.0)))
}

/// The last moment of a day, in UTC.
fn end_of(text: &str) -> Result<Timestamp, CallError> {
    let day = chrono::NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok();
    day.and_then(|day| day.and_hms_milli_opt(23, 59, 59, 999))
        .map(|at| Timestamp(at.and_utc().timestamp_millis()))
        .ok_or_else(|| Finding::new("NOT_A_DATE", format!("{text:?} is no date."), "Write it as 2027-12-31.").into())
}

/// An amount with its currency: `1299.00 EUR`, `1299,5 EUR`, `1299 EUR`.
fn cost(text: &str) -> Result<Cost, CallError> {
    let wrong = || -> CallError {
        Finding::new("NOT_AN_AMOUNT", format!("{text:?} is no amount."), "Write it as 1299.00 EUR.").into()
    };
    let (amount, currency) = text.trim().rsplit_once(' ').ok_or_else(wrong)?;
    let (whole, part) = amount.trim().split_once(['.', ',']).unwrap_or((amount.trim(), ""));
    if part.len() > 2 || !part.chars().all(|c| c.is_ascii_digit()) {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let part: u64 = format!("{part:0<2}").parse().map_err(|_| wrong())?;
    let minor = whole.checked_mul(100).and_then(|w| w.checked_add(part)).ok_or_else(wrong)?;
    Ok(Cost { minor, currency: currency.trim().to_owned() })
}

/// A unit is in production at a place.
///
/// # Errors
/// A refusal, or trouble.
pub fn install_as(app: &App, request: &InstallAsRequest) -> Result<Done, CallError> {
    let new = CiId(app.host().new_id());
    let (unit, number, trial) = app.read(|sight| {
        let unit = resolve::unit(sight, &request.unit)?;
        let known = match request.ci.as_deref().filter(|text| !text.trim().is_empty()) {
            Some(text) => Some(resolve::ci(sight, text)?),
            None => None,
        };
        let mut trial = known
            .clone()
            .unwrap_or_else(|| Ci::blank(new, Number::provisional(Series::Ci, new.0), &request.class, &request.name));
        for (field, value) in &request.place {
            let value = if field == "location.site" { crate::cmdb::site(sight, value)? } else { value.clone() };
            trial.set_field(field, &value)?;
        }
        let number = known.map(|ci| ci.number);
        Ok::<_, CallError>((unit, number, trial))
    })?;
    let wanted = |number| {
        let Ci { id: ci, name, class, location, .. } = trial.clone();
        let wanted = Box::new(InstallAs { ci, number, name, class, location });
        Command::Dhs(DhsCommand::InstallAs { unit: unit.id, wanted })
    };
    let key = (Kind::DhsUnit, unit.id.0);
    match number {
        Some(number) => app.issue(wanted(number), Some(key)),
        None => app.create(Series::Ci, key, &mut |number| wanted(number)),
    }
}

/// Whether a unit that is returned comes out of a rack with what its CI says of that.
fn comes_out(app: &App, unit: &DhsUnit, request: &UnitActRequest) -> Result<bool, CallError> {
    if unit.state != UnitState::Installed || unit.ci.is_none() || request.as_exception {
        return Ok(false);
    }
    if let Some(given) = request.out_of_rack {
        return Ok(given);
    }
    let Some(release) = unit.reserved_for else { return Ok(true) };
    let release = app.read(|sight| Ok(sight.records.get::<Release>(release)?))?;
    Ok(release.is_none_or(|release| release.phase.is_closed()))
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
        "return" => {
            let to = request.bin.clone().unwrap_or_else(|| unit.bin.clone());
            let condition = request.condition.unwrap_or(unit.condition);
            if comes_out(app, &unit, request)? {
                DhsCommand::TakeOut { unit: id, to, condition }
            } else {
                DhsCommand::Return { unit: id, to, condition }
            }
        }
        "send_to_repair" => DhsCommand::SendToRepair(id),
        "adjust" => DhsCommand::Adjust { unit: id, reason: request.reason.clone().unwrap_or_default() },
        "unreceive" => DhsCommand::Unreceive(id),
        "dispose" => DhsCommand::Dispose { unit: id, reason: request.reason.clone().unwrap_or_default() },
        other => return Err(unknown_action("a unit", other)),
    };
    let how = How { facts: Facts::of(request.as_exception), ..How::default() };
    app.issue_how(&Command::Dhs(command), Some((Kind::DhsUnit, id.0)), how)
}
