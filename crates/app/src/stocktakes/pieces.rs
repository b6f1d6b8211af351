//! Consumables in a stocktake: counted by model and bin, several people's counts added up.

use super::{Found, command, hue, named};
use crate::error::CallError;
use crate::sight::Sight;
use crate::view::common::Pill;
use crate::view::stocktakes::{SeeAnswer, StocktakeBin, StocktakeCountRequest};
use crate::{App, resolve, rows};
use slipway_domain::dhs::pieces::{PiecesLine, SeenPieces, bin_at, line, sight_id};
use slipway_domain::dhs::record::{Bin, DhsModel, DhsStock};
use slipway_domain::dhs::stocktake::{StockFinding, Stocktake, StocktakeAct, StocktakeSight};
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;

/// Somebody counted pieces of a model in a bin.
///
/// # Errors
/// A model or bin that cannot be, a refusal, or trouble.
pub fn count(app: &App, request: &StocktakeCountRequest) -> Result<SeeAnswer, CallError> {
    let (stocktake, model) = app.read(|sight| {
        Ok::<_, CallError>((named(sight, &request.stocktake)?, resolve::model(sight, &request.model)?))
    })?;
    counted(app, &stocktake, &model, &request.bin, request.quantity)
}

pub(super) fn counted(
    app: &App,
    stocktake: &Stocktake,
    model: &DhsModel,
    at: &Bin,
    quantity: u32,
) -> Result<SeeAnswer, CallError> {
    let (seen, again) = app.read(|sight| {
        let bin = bin_at(model.id, at, sight.records)?;
        let stock = DhsStock::id_of(model.id, &bin);
        let before = sight.records.get::<StocktakeSight>(sight_id(stocktake.id, stock))?;
        let again = before.is_some_and(|sight| sight.times > 0);
        Ok::<_, CallError>((SeenPieces { model: model.id, bin, quantity }, again))
    })?;
    let stock = DhsStock::id_of(model.id, &seen.bin);
    app.issue(command(stocktake.id, StocktakeAct::Count(vec![seen])), None)?;
    app.read(|sight| {
        let line = line(stocktake.id, stock, sight.records)?;
        let (finding, sentence) = match &line {
            Some(line) => {
                let all = line.counted.unwrap_or(0);
                let place = rows::bin(sight, &line.bin)?;
                (line.finding, format!("{all} of {} are counted at {place}.", line.expected))
            }
            None => (StockFinding::Found, "None are expected there.".to_owned()),
        };
        Ok(SeeAnswer {
            finding,
            label: format!("{} x {quantity}", model.name),
            sentence,
            again,
            sight: sight_id(stocktake.id, stock).to_string(),
            quantity: Some(quantity),
        })
    })
}

/// A bin as the page shows it.
pub(super) fn shown(sight: Sight<'_>, line: &PiecesLine) -> Result<StocktakeBin, CallError> {
    let seen = line.sight.as_ref().filter(|sight| sight.times > 0);
    let settled = line.sight.as_ref().and_then(|sight| sight.pieces.as_ref()).map_or(0, |pieces| pieces.settled);
    Ok(StocktakeBin {
        stock: line.stock.to_string(),
        model: sight.named(Kind::DhsModel, line.model)?,
        place: rows::bin(sight, &line.bin)?,
        bin: line.bin.clone(),
        expected: line.expected,
        counted: line.counted,
        difference: line.difference,
        finding: line.finding,
        pill: Pill { label: worded(line).to_owned(), hue: hue(line.finding) },
        settled,
        times: seen.map_or(0, |sight| sight.times),
        by: seen.map(|seen| sight.named(Kind::Person, seen.by)).transpose()?,
        at: seen.map(|seen| seen.at),
    })
}

fn worded(line: &PiecesLine) -> &'static str {
    match (line.finding, line.counted) {
        (StockFinding::Missing, None) => "not counted",
        (StockFinding::Missing, Some(_)) => "too few",
        (StockFinding::Unexpected, _) => "too many",
        (finding, _) => finding.label(),
    }
}

/// A bin as a row of the report: see [`super::COLUMNS`].
pub(super) fn row(bin: StocktakeBin) -> Found {
    Found {
        finding: bin.pill.label,
        unit: String::new(),
        label: String::new(),
        model: bin.model.label,
        recorded: bin.place.clone(),
        seen: if bin.times > 0 { bin.place } else { String::new() },
        times: bin.times,
        by: bin.by.map(|by| by.label).unwrap_or_default(),
        pieces: Some((bin.expected, bin.counted, bin.difference)),
    }
}
