//! Cataloguing: each scanned code becomes at most one command and is answered at once, without a network.

use crate::error::CallError;
use crate::sight::Sight;
use crate::view::cataloguing::{CatalogueAnswer, CatalogueOutcome, CatalogueRequest, UndoCatalogue};
use crate::view::mutations::Done;
use crate::{App, resolve, rows};
use slipway_domain::command::{Command, DhsCommand};
use slipway_domain::dhs::code::{OwnCode, Payload, read};
use slipway_domain::dhs::edit::UnitEdit;
use slipway_domain::dhs::model::ModelKind;
use slipway_domain::dhs::recognise::{Meaning, meaning};
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, UnitFacts, UnitState};
use slipway_domain::dhs::stock::CountedMove;
use slipway_domain::id::{DhsModelId, DhsUnitId};
use slipway_domain::number::{Number, Series};
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;

/// What a code was found to be, before anything is written.
struct Found {
    meaning: Meaning,
    /// The model that was set for what the code does not tell.
    sticky: Option<DhsModel>,
}

/// Takes a code in.
///
/// # Errors
/// A code that cannot be read, a refusal, or trouble.
pub fn scan(app: &App, request: &CatalogueRequest) -> Result<CatalogueAnswer, CallError> {
    let payload = read(&request.code)?;
    if let Some(own) = payload.own.clone().filter(|own| !matches!(own, OwnCode::Unit(_))) {
        return Ok(own_code(own));
    }
    if let Some(unit) = &request.tag_of {
        return tag(app, unit, &payload);
    }
    let found = app.read(|sight| {
        let sticky = match request.model.as_deref().filter(|text| !text.trim().is_empty()) {
            Some(text) => Some(resolve::model(sight, text)?),
            None => None,
        };
        let meaning = match &payload.own {
            Some(OwnCode::Unit(number)) => Meaning::Unit(Box::new(resolve::unit(sight, number)?)),
            _ => meaning(&payload, sight.records)?,
        };
        Ok::<_, CallError>(Found { meaning, sticky })
    })?;
    match (found.meaning, found.sticky) {
        (Meaning::Unit(unit), _) => known(app, request, &unit),
        (Meaning::Model { model, quantity }, _) if model.facts.kind == ModelKind::Consumable => {
            count(app, request, &model, quantity.unwrap_or(1))
        }
        (Meaning::Model { model, .. }, _) => Ok(CatalogueAnswer {
            sentence: format!("What is scanned next is {} {}.", model.manufacturer, model.name),
            ..about(CatalogueOutcome::Model, &model.name, Some(model.as_ref()))
        }),
        (Meaning::Piece { model, serial, by }, _) => {
            receive(app, request, &model, &serial, &payload, &format!("model known by {by}"))
        }
        (Meaning::Serial(serial) | Meaning::Nothing(serial), Some(model)) => {
            receive(app, request, &model, &serial, &payload, "model as set")
        }
        (Meaning::Models(models), Some(model)) if models.contains(&model.id) && payload.serial.is_some() => {
            receive(app, request, &model, payload.serial.as_deref().unwrap_or_default(), &payload, "model as set")
        }
        (Meaning::Models(models), _) => app.read(|sight| {
            let candidates = models.iter().map(|id| sight.named(Kind::DhsModel, *id)).collect::<Result<Vec<_>, _>>()?;
            Ok(CatalogueAnswer {
                sentence: "Several models have this part number: choose one, then scan again.".to_owned(),
                candidates,
                ..about(CatalogueOutcome::Ambiguous, request.code.trim(), None)
            })
        }),
        (Meaning::Units(units), _) => app.read(|sight| {
            let candidates = units.iter().map(|id| sight.named(Kind::DhsUnit, *id)).collect::<Result<Vec<_>, _>>()?;
            Ok(CatalogueAnswer {
                sentence: "Several units bear this label: scan their asset tag.".to_owned(),
                candidates,
                ..about(CatalogueOutcome::Ambiguous, request.code.trim(), None)
            })
        }),
        (Meaning::Serial(code) | Meaning::Nothing(code) | Meaning::Tag(code), _) => Ok(CatalogueAnswer {
            sentence: "Nothing tells the model: scan its part number or choose it, then scan this again.".to_owned(),
            ..about(CatalogueOutcome::Unknown, &code, None)
        }),
    }
}

fn about(outcome: CatalogueOutcome, label: &str, model: Option<&DhsModel>) -> CatalogueAnswer {
    CatalogueAnswer {
        outcome,
        label: label.to_owned(),
        sentence: String::new(),
        unit: None,
        model: model.map(|model| crate::view::common::Named {
            id: model.id.to_string(),
            label: format!("{} {}", model.manufacturer, model.name),
        }),
        own: None,
        candidates: Vec::new(),
        undo: None,
    }
}

fn own_code(own: OwnCode) -> CatalogueAnswer {
    let sentence = match &own {
        OwnCode::Place { store, aisle, shelf, bin } => {
            let parts = [store, aisle, shelf, bin].into_iter().filter(|part| !part.is_empty()).map(String::as_str);
            format!("Now at {}.", parts.collect::<Vec<_>>().join(" › "))
        }
        OwnCode::Undo => "The last scan is taken back.".to_owned(),
        OwnCode::Done => "Done.".to_owned(),
        OwnCode::Unit(number) => number.clone(),
    };
    CatalogueAnswer { sentence, own: Some(own), ..about(CatalogueOutcome::Own, "", None) }
}

/// What arrives needs a place.
fn placed(bin: &Bin) -> Result<(), CallError> {
    if bin.store.trim().is_empty() {
        return Err(Finding::new(
            "NO_BIN",
            "It is not said in which store you stand.",
            "Name the store, or scan the label of a place, then scan this again.",
        )
        .into());
    }
    Ok(())
}

fn receive(
    app: &App,
    request: &CatalogueRequest,
    model: &DhsModel,
    serial: &str,
    payload: &Payload,
    by: &str,
) -> Result<CatalogueAnswer, CallError> {
    placed(&request.bin)?;
    let id = DhsUnitId(app.host().new_id());
    let facts = UnitFacts { order: request.order.clone().unwrap_or_default(), ..UnitFacts::default() };
    let unit = DhsUnit {
        id,
        number: Number::provisional(Series::DhsUnit, id.0),
        model: model.id,
        serial_number: serial.to_owned(),
        asset_tag: payload.asset.clone().unwrap_or_default(),
        condition: request.condition.unwrap_or(Condition::New),
        state: UnitState::InStore,
        bin: request.bin.clone(),
        reserved_for: None,
        ci: None,
        facts,
    };
    app.create(Series::DhsUnit, (Kind::DhsUnit, id.0), &mut |number| {
        Command::Dhs(DhsCommand::Receive(Box::new(DhsUnit { number, ..unit.clone() })))
    })?;
    app.read(|sight| {
        Ok(CatalogueAnswer {
            sentence: format!("{} {}, {by}.", model.manufacturer, model.name),
            unit: shown(sight, id)?,
            undo: Some(UndoCatalogue::Received(id.to_string())),
            ..about(CatalogueOutcome::Received, serial, Some(model))
        })
    })
}

fn shown(sight: Sight<'_>, id: DhsUnitId) -> Result<Option<crate::view::common::ListRow>, CallError> {
    Ok(rows::rows(sight, Kind::DhsUnit, Some(id))?.pop())
}

fn count(app: &App, request: &CatalogueRequest, model: &DhsModel, quantity: u32) -> Result<CatalogueAnswer, CallError> {
    placed(&request.bin)?;
    let what = CountedMove::Receive(quantity);
    app.issue(Command::Dhs(DhsCommand::Count { model: model.id, bin: request.bin.clone(), what }), None)?;
    Ok(CatalogueAnswer {
        sentence: format!("{quantity} more of {} {}.", model.manufacturer, model.name),
        undo: Some(UndoCatalogue::Counted { model: model.id.to_string(), bin: request.bin.clone(), quantity }),
        ..about(CatalogueOutcome::Counted, &format!("{} x {quantity}", model.name), Some(model))
    })
}

/// A unit that is known: it is here already, or it is taken in if that is asked for, or it is said where it should be.
fn known(app: &App, request: &CatalogueRequest, unit: &DhsUnit) -> Result<CatalogueAnswer, CallError> {
    let here = unit.bin == request.bin && matches!(unit.state, UnitState::InStore | UnitState::Reserved);
    let (model, place) = app
        .read(|sight| Ok::<_, CallError>((sight.records.get::<DhsModel>(unit.model)?, rows::bin(sight, &unit.bin)?)))?;
    let label = if unit.serial_number.is_empty() { unit.number.to_string() } else { unit.serial_number.clone() };
    if unit.state == UnitState::Expected || (request.take_in == Some(true) && !here) {
        placed(&request.bin)?;
        let (command, undo) = taken_in(unit, request);
        app.issue(Command::Dhs(command), Some((Kind::DhsUnit, unit.id.0)))?;
        return app.read(|sight| {
            Ok(CatalogueAnswer {
                sentence: format!("{} was {} ({place}) and lies here now.", unit.number, unit.state),
                unit: shown(sight, unit.id)?,
                undo,
                ..about(CatalogueOutcome::TakenIn, &label, model.as_ref())
            })
        });
    }
    let (outcome, sentence) = if here {
        (CatalogueOutcome::Duplicate, format!("{} lies here already.", unit.number))
    } else {
        let at = if place.is_empty() { String::new() } else { format!(", {place}") };
        (CatalogueOutcome::Elsewhere, format!("{} is {}{at}.", unit.number, unit.state))
    };
    app.read(|sight| {
        Ok(CatalogueAnswer { sentence, unit: shown(sight, unit.id)?, ..about(outcome, &label, model.as_ref()) })
    })
}

fn taken_in(unit: &DhsUnit, request: &CatalogueRequest) -> (DhsCommand, Option<UndoCatalogue>) {
    let to = request.bin.clone();
    match unit.state {
        UnitState::InStore | UnitState::Reserved => {
            let undo = UndoCatalogue::Moved { unit: unit.id.to_string(), before: unit.bin.clone() };
            (DhsCommand::Transfer { unit: unit.id, to }, Some(undo))
        }
        UnitState::Expected => (DhsCommand::Receive(Box::new(DhsUnit { bin: to, ..unit.clone() })), None),
        _ => {
            let condition = request.condition.unwrap_or(unit.condition);
            (DhsCommand::Return { unit: unit.id, to, condition }, None)
        }
    }
}

fn tag(app: &App, unit: &str, payload: &Payload) -> Result<CatalogueAnswer, CallError> {
    let tag = [&payload.asset, &payload.plain, &payload.serial].into_iter().flatten().next().cloned();
    let tag = tag.ok_or_else(|| {
        CallError::from(Finding::new("NO_TAG", "This is no asset tag.", "Scan the tag, or go on without one."))
    })?;
    let unit = app.read(|sight| resolve::unit(sight, unit))?;
    let edit = UnitEdit { asset_tag: Some(tag.clone()), ..UnitEdit::default() };
    let command = DhsCommand::DescribeUnit { unit: unit.id, edit: Box::new(edit) };
    app.issue(Command::Dhs(command), Some((Kind::DhsUnit, unit.id.0)))?;
    app.read(|sight| {
        Ok(CatalogueAnswer {
            sentence: format!("{} has the tag {tag}.", unit.number),
            unit: shown(sight, unit.id)?,
            undo: Some(UndoCatalogue::Tagged { unit: unit.id.to_string(), before: unit.asset_tag.clone() }),
            ..about(CatalogueOutcome::Tagged, &tag, None)
        })
    })
}

/// Takes a scan back.
///
/// # Errors
/// `NOT_FOUND`, `NOT_A_SLIP`, another refusal, or trouble.
pub fn undo(app: &App, request: &UndoCatalogue) -> Result<Done, CallError> {
    let unit_of = |text: &str| resolve::must_id::<DhsUnitId>("unit", text);
    let (command, key) = match request {
        UndoCatalogue::Received(unit) => (DhsCommand::Unreceive(unit_of(unit)?), None),
        UndoCatalogue::Counted { model, bin, quantity } => {
            let model: DhsModelId = resolve::must_id("model", model)?;
            (DhsCommand::Count { model, bin: bin.clone(), what: CountedMove::TakeBack(*quantity) }, None)
        }
        UndoCatalogue::Tagged { unit, before } => {
            let unit = unit_of(unit)?;
            let edit = UnitEdit { asset_tag: Some(before.clone()), ..UnitEdit::default() };
            (DhsCommand::DescribeUnit { unit, edit: Box::new(edit) }, Some((Kind::DhsUnit, unit.0)))
        }
        UndoCatalogue::Moved { unit, before } => {
            let unit = unit_of(unit)?;
            (DhsCommand::Transfer { unit, to: before.clone() }, Some((Kind::DhsUnit, unit.0)))
        }
    };
    app.issue(Command::Dhs(command), key)
}
