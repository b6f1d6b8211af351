//! Hardware models: the page of one with what lies of it, its edits, and movements of consumables.

use crate::error::CallError;
use crate::sight::{Sight, path};
use crate::view::models::{BinLine, CountLine, CountRequest, EditModelRequest, ModelPage, ModelRequest, PortCount};
use crate::view::mutations::Done;
use crate::{App, action_code, missing, resolve, rows, unknown_action};
use slipway_domain::access;
use slipway_domain::command::{Command, DhsCommand};
use slipway_domain::dhs::model::{ModelEdit, PortSort};
use slipway_domain::dhs::on_hand;
use slipway_domain::dhs::record::{Bin, DhsModel, DhsStock, StockMovement, UnitState};
use slipway_domain::dhs::stock::CountedMove;
use slipway_domain::id::ReleaseId;
use slipway_domain::lookup::{Lookup, model_state_key};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use std::collections::BTreeMap;

/// Units that the page lists; the others are counted.
const UNITS_SHOWN: usize = 100;
/// Movements of a bin that the page lists.
const MOVEMENTS_SHOWN: usize = 10;

/// The page of a model.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &ModelRequest) -> Result<ModelPage, CallError> {
    app.read(|sight| {
        let model = resolve::model(sight, &request.model)?;
        let stores = on_hand::of_model(sight.records, &model)?.0;
        let mut units = Vec::new();
        for state in [UnitState::InStore, UnitState::Reserved, UnitState::Expected] {
            units.extend(sight.records.find(Lookup::UnitsOfModel, &model_state_key(model.id, state))?);
        }
        let units_total = u32::try_from(units.len()).unwrap_or(u32::MAX);
        let bins: Vec<DhsStock> = sight.records.list(Lookup::StocksOfModel, &model.id.to_string())?;
        Ok(ModelPage {
            path: path(&Record::from(model.clone())).unwrap_or_default(),
            stores,
            ports: ports(&model),
            draw_w: model.facts.ports.iter().filter_map(|p| p.draw_w).fold(0, u32::saturating_add),
            units: rows::rows(sight, Kind::DhsUnit, units.into_iter().take(UNITS_SHOWN))?,
            units_total,
            bins: bins.into_iter().map(|bin| line(sight, bin)).collect::<Result<_, CallError>>()?,
            edit_denied: access::denial("dhs.edit_model", &sight.person()?).into_iter().collect(),
            model,
        })
    })
}

fn ports(model: &DhsModel) -> Vec<PortCount> {
    let mut counts: BTreeMap<(PortSort, &str), u32> = BTreeMap::new();
    for port in &model.facts.ports {
        let form = if matches!(port.sort, PortSort::ModuleBay | PortSort::DeviceBay) { "" } else { port.form.as_str() };
        *counts.entry((port.sort, form)).or_default() += 1;
    }
    let count = |((sort, form), count): ((PortSort, &str), u32)| PortCount {
        sort: sort.label().to_owned(),
        form: form.to_owned(),
        count,
    };
    counts.into_iter().map(count).collect()
}

fn line(sight: Sight<'_>, stock: DhsStock) -> Result<BinLine, CallError> {
    let mut movements: Vec<StockMovement> = sight.records.list(Lookup::MovementsOfStock, &stock.id.to_string())?;
    movements.sort_by_key(|m| std::cmp::Reverse((m.at, m.id)));
    let mut lines = Vec::new();
    for movement in movements.into_iter().take(MOVEMENTS_SHOWN) {
        lines.push(CountLine {
            id: movement.id.to_string(),
            kind: movement.kind,
            label: movement.kind.label().to_owned(),
            change: movement.change,
            quantity: movement.quantity,
            release: movement.release.map(|id| sight.named(Kind::Release, id)).transpose()?,
            by: sight.named(Kind::Person, movement.by)?,
            at: movement.at,
            note: movement.note,
        });
    }
    Ok(BinLine {
        id: stock.id.to_string(),
        place: rows::bin(sight, &stock.bin)?,
        quantity: stock.quantity,
        free: stock.free(),
        bin: stock.bin,
        movements: lines,
    })
}

/// Changes a model.
///
/// # Errors
/// A refusal, or trouble.
pub fn edit(app: &App, request: &EditModelRequest) -> Result<Done, CallError> {
    let model = app.read(|sight| resolve::model(sight, &request.model))?;
    let request = request.clone();
    let edit = ModelEdit {
        manufacturer: request.manufacturer,
        name: request.name,
        part_numbers: request.part_numbers,
        height_tenth_u: request.height_tenth_u,
        kind: request.kind,
        description: request.description,
        full_depth: request.full_depth,
        weight_g: request.weight_g,
        airflow: request.airflow,
        serial_prefixes: request.serial_prefixes,
        minimum: request.minimum.unwrap_or_default(),
    };
    let command = DhsCommand::EditModel { model: model.id, edit: Box::new(edit) };
    app.issue(Command::Dhs(command), Some((Kind::DhsModel, model.id.0)))
}

/// Moves consumables.
///
/// # Errors
/// A refusal, or trouble.
pub fn count(app: &App, request: &CountRequest) -> Result<Done, CallError> {
    let action = action_code(&request.action);
    let (model, release) = app.read(|sight| {
        let model = resolve::model(sight, &request.model)?;
        let release = match &request.release {
            Some(text) => Some(resolve::release(sight, text)?.id),
            None => None,
        };
        Ok::<_, CallError>((model, release))
    })?;
    let what = asked(request, &action, release)?;
    let key = DhsStock::id_of(model.id, &request.bin);
    let command = DhsCommand::Count { model: model.id, bin: request.bin.clone(), what };
    app.issue(Command::Dhs(command), Some((Kind::DhsStock, key.0)))
}

fn asked(request: &CountRequest, action: &str, release: Option<ReleaseId>) -> Result<CountedMove, CallError> {
    let reason = request.reason.clone().unwrap_or_default();
    if action == "adjust" {
        return Ok(CountedMove::Adjust { by: request.quantity, reason });
    }
    let quantity = u32::try_from(request.quantity).map_err(|_| {
        let sentence = format!("{} pieces cannot be moved.", request.quantity);
        CallError::from(Finding::new("OUT_OF_RANGE", sentence, "Say a number above nothing."))
    })?;
    let needed = || release.ok_or_else(|| missing(action, "release"));
    let to = || -> Result<Bin, CallError> { request.to.clone().ok_or_else(|| missing(action, "to")) };
    Ok(match action {
        "receive" => CountedMove::Receive(quantity),
        "transfer" => CountedMove::Transfer { quantity, to: to()? },
        "reserve" => CountedMove::Reserve { quantity, release: needed()? },
        "release_reservation" => CountedMove::ReleaseReservation { quantity, release: needed()? },
        "issue" => CountedMove::Issue { quantity, release },
        "return" => CountedMove::Return { quantity, release },
        "dispose" => CountedMove::Dispose { quantity, reason },
        other => return Err(unknown_action("consumables", other)),
    })
}
