//! Stocktake of consumables: pieces counted by model and bin.
//!
//! Nobody says how many there shall be. What each counts is added up, whoever counts and in whatever order laptops come
//! online. It is compared with what the ledger says of the moment at which the counting of the bin began, also by
//! entries that came later from a laptop without a network: so pieces that go out or come in meanwhile are no
//! difference. Only what was counted more or less than lay there then becomes a movement, and that by so many.

use crate::attachment::{self, PhotoOf};
use crate::cmdb::import::bounded;
use crate::dhs::record::{Bin, DhsModel, DhsStock, StockMovement};
use crate::dhs::stock::{self, PIECES, told_apart};
use crate::dhs::stocktake::{StockFinding, Stocktake, StocktakeSight, not_yours};
use crate::dhs::tidy_bin;
use crate::execute::{Conflict, Context, Effect};
use crate::id::{DhsModelId, DhsStockId, StocktakeId, StocktakeSightId};
use crate::lookup::{Lookup, store_key};
use crate::people::Person;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use uuid::Uuid;

/// What was counted in a bin, so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CountedPieces {
    /// Of which model.
    pub model: DhsModelId,
    /// When the counting of this bin began.
    pub since: Timestamp,
    /// How many were counted, all who counted taken together.
    pub counted: u32,
    /// How many more, or fewer, were settled already.
    #[ts(type = "number")]
    pub settled: i64,
}

/// Pieces that somebody counted in a bin, beside those that others count there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SeenPieces {
    /// Of which model.
    pub model: DhsModelId,
    /// Where they lie.
    pub bin: Bin,
    /// How many; 0 says that the bin was looked at and is empty.
    pub quantity: u32,
}

/// How the pieces of a model in a bin stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PiecesLine {
    /// The bin, as what lies in it is known by.
    pub stock: DhsStockId,
    /// Of which model.
    pub model: DhsModelId,
    /// Where.
    pub bin: Bin,
    /// How many the ledger says as of the count, with what was settled since; or now, if nobody counted.
    pub expected: i64,
    /// How many were counted; none if nobody did.
    pub counted: Option<u32>,
    /// How many more, or fewer, that is.
    pub difference: i64,
    /// Found, missing (fewer) or unexpected (more).
    pub finding: StockFinding,
    /// What was counted, and by whom last.
    pub sight: Option<StocktakeSight>,
}

/// The identity of what is counted in a bin, in a stocktake.
#[must_use]
pub fn sight_id(stocktake: StocktakeId, stock: DhsStockId) -> StocktakeSightId {
    StocktakeSightId(Uuid::new_v5(&stocktake.0, stock.to_string().as_bytes()))
}

/// Which bin is meant by somebody who stands at a place and counts pieces of a model: the one there, or, where the place
/// says less than the record, the only one of the model within it.
///
/// # Errors
/// A storage fault.
pub fn bin_at(model: DhsModelId, at: &Bin, records: &dyn Records) -> Result<Bin, Fault> {
    if let Some(stock) = records.get::<DhsStock>(DhsStock::id_of(model, at))? {
        return Ok(stock.bin);
    }
    let mut within = records
        .list::<DhsStock>(Lookup::StocksOfModel, &model.to_string())?
        .into_iter()
        .filter(|stock| stock.quantity > 0 && at.holds(&stock.bin));
    match (within.next(), within.next()) {
        (Some(only), None) => Ok(only.bin),
        _ => Ok(at.clone()),
    }
}

/// Every bin with consumables that is expected to hold some or was counted.
///
/// # Errors
/// A storage fault.
pub fn lines(stocktake: &Stocktake, records: &dyn Records) -> Result<Vec<PiecesLine>, Fault> {
    let mut lines = BTreeMap::new();
    for stock in records.list::<DhsStock>(Lookup::StocksAtStore, &store_key(&stocktake.place))? {
        if stocktake.covers(&stock.bin) {
            lines.insert(stock.id, uncounted(&stock));
        }
    }
    for sight in records.list::<StocktakeSight>(Lookup::SightsOfStocktake, &stocktake.id.to_string())? {
        if let Some(line) = counted(sight, records)? {
            lines.insert(line.stock, line);
        }
    }
    Ok(lines.into_values().collect())
}

/// How the pieces in one bin stand; none where none are expected and none were counted.
///
/// # Errors
/// A storage fault.
pub fn line(stocktake: StocktakeId, stock: DhsStockId, records: &dyn Records) -> Result<Option<PiecesLine>, Fault> {
    if let Some(sight) = records.get::<StocktakeSight>(sight_id(stocktake, stock))? {
        return counted(sight, records);
    }
    Ok(records.get::<DhsStock>(stock)?.filter(|stock| stock.quantity > 0).as_ref().map(uncounted))
}

fn uncounted(stock: &DhsStock) -> PiecesLine {
    PiecesLine {
        stock: stock.id,
        model: stock.model,
        bin: stock.bin.clone(),
        expected: i64::from(stock.quantity),
        counted: None,
        difference: -i64::from(stock.quantity),
        finding: StockFinding::Missing,
        sight: None,
    }
}

fn counted(sight: StocktakeSight, records: &dyn Records) -> Result<Option<PiecesLine>, Fault> {
    let Some(pieces) = sight.pieces.as_ref() else { return Ok(None) };
    let stock = DhsStock::id_of(pieces.model, &sight.bin);
    let expected = lay_at(stock, pieces.since, records)? + pieces.settled;
    let difference = i64::from(pieces.counted) - expected;
    Ok(Some(PiecesLine {
        stock,
        model: pieces.model,
        bin: sight.bin.clone(),
        expected,
        counted: (sight.times > 0).then_some(pieces.counted),
        difference,
        finding: match difference {
            0 => StockFinding::Found,
            1.. => StockFinding::Unexpected,
            _ => StockFinding::Missing,
        },
        sight: Some(sight),
    }))
}

/// How many lay in a bin at a moment, by its ledger; that is read only where something moved since.
fn lay_at(stock: DhsStockId, moment: Timestamp, records: &dyn Records) -> Result<i64, Fault> {
    let Some(now) = records.get::<DhsStock>(stock)? else { return Ok(0) };
    let mut lay = i64::from(now.quantity);
    if now.last_moved.is_none_or(|last| last > moment) {
        let ledger: Vec<StockMovement> = records.list(Lookup::MovementsOfStock, &stock.to_string())?;
        lay -= ledger.iter().filter(|entry| entry.at > moment).map(|entry| entry.change).sum::<i64>();
    }
    Ok(lay)
}

/// Adds what somebody counted to what others counted.
pub(super) fn count(
    stocktake: &Stocktake,
    all: &[SeenPieces],
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    bounded(all.len())?;
    let mut effect = Effect::default();
    for seen in all {
        let model: DhsModel = records.must(seen.model)?;
        if model.facts.kind != crate::dhs::model::ModelKind::Consumable {
            return Err(told_apart(&model).into());
        }
        let bin = tidy_bin(&seen.bin, records)?;
        if bin.store.is_empty() {
            return Err(Finding::new("NO_BIN", "It is not said in which store.", "Name at least the store.").into());
        }
        let id = sight_id(stocktake.id, DhsStock::id_of(model.id, &bin));
        let before: Option<StocktakeSight> = records.get(id)?;
        let is_new = before.is_none();
        let fresh = || CountedPieces { model: model.id, since: context.now, counted: 0, settled: 0 };
        let mut pieces = before.as_ref().and_then(|sight| sight.pieces.clone()).unwrap_or_else(fresh);
        // A laptop that was without a network longer than others may have begun before them.
        pieces.since = pieces.since.min(context.now);
        pieces.counted = pieces.counted.saturating_add(seen.quantity);
        if pieces.counted > PIECES {
            return Err(Finding::new(
                "OUT_OF_RANGE",
                format!("{} pieces are too many for one bin.", pieces.counted),
                format!("At most {PIECES} are possible; take the last count back, or use another bin."),
            )
            .about(RecordRef::of(stocktake))
            .into());
        }
        records.put(StocktakeSight {
            id,
            stocktake: stocktake.id,
            unit: None,
            code: model.name.clone(),
            bin,
            times: before.map_or(0, |sight| sight.times).saturating_add(1),
            by: actor.id,
            at: context.now,
            pieces: Some(pieces),
        })?;
        if is_new { effect.created += 1 } else { effect.updated += 1 }
    }
    Ok(effect)
}

/// Takes so many pieces back that the same person counted last.
pub(super) fn uncount(
    stocktake: &Stocktake,
    id: StocktakeSightId,
    quantity: u32,
    actor: &Person,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut sight: StocktakeSight = records.must(id)?;
    let fits = sight.pieces.as_ref().is_some_and(|pieces| pieces.counted >= quantity);
    if sight.by != actor.id || sight.stocktake != stocktake.id || !fits || sight.times == 0 {
        return Err(not_yours(stocktake, &sight).into());
    }
    sight.times -= 1;
    if let Some(pieces) = sight.pieces.as_mut() {
        pieces.counted -= quantity;
    }
    if sight.times == 0 && sight.pieces.as_ref().is_some_and(|pieces| pieces.settled == 0) {
        attachment::remove_all(PhotoOf::StocktakeSight(id), records)?;
        records.remove(Kind::StocktakeSight, id.0)?;
    } else {
        records.put(sight)?;
    }
    Ok(Effect::updated())
}

/// Lets the record follow in these bins, by as many as were counted more or fewer. A bin in which it cannot (what is
/// missing is kept for a release) is told, and the others are settled.
pub(super) fn settle(
    stocktake: &Stocktake,
    bins: &[DhsStockId],
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    bounded(bins.len())?;
    let mut effect = Effect::default();
    for (nth, stock) in (0..).zip(bins) {
        let Some(line) = line(stocktake.id, *stock, records)?.filter(|line| line.difference != 0) else {
            effect.unchanged += 1;
            continue;
        };
        let note = format!("stocktake {}", stocktake.title);
        let since = line.sight.as_ref().and_then(|sight| sight.pieces.as_ref()).map_or(context.now, |p| p.since);
        // Behind the count, whatever the clocks of two laptops say: else it would be part of what lay there then.
        let at = context.now.max(Timestamp(since.0.saturating_add(1)));
        let adjusted = stock::Counted { model: line.model, bin: &line.bin, by: line.difference, note: &note, at };
        match stock::adjust(&adjusted, nth, actor, context, records) {
            Ok(()) => {}
            Err(Failure::Refused(refusal)) => {
                let finding = refusal.findings.into_iter().next();
                effect.conflicts.extend(finding.map(|finding| Conflict {
                    line: None,
                    field: None,
                    from: line.expected.to_string(),
                    mine: line.counted.unwrap_or(0).to_string(),
                    theirs: line.expected.to_string(),
                    finding,
                }));
                continue;
            }
            Err(fault) => return Err(fault),
        }
        let sight = match line.sight {
            Some(sight) => sight,
            None => StocktakeSight {
                id: sight_id(stocktake.id, *stock),
                stocktake: stocktake.id,
                unit: None,
                code: records.must::<DhsModel>(line.model)?.name,
                bin: line.bin.clone(),
                times: 0,
                by: actor.id,
                at: context.now,
                pieces: None,
            },
        };
        let fresh = CountedPieces { model: line.model, since, counted: 0, settled: 0 };
        let mut pieces = sight.pieces.clone().unwrap_or(fresh);
        pieces.settled += line.difference;
        records.put(StocktakeSight { pieces: Some(pieces), ..sight })?;
        effect.updated += 1;
    }
    Ok(effect)
}
