//! Stocktake: what lies in a store against what the record says. Several people scan at once, each without a network;
//! what they saw adds up. Nothing moves until the storekeeper settles the differences, and then by movements.

use crate::attachment::{self, PhotoOf};
use crate::cmdb::import::bounded;
use crate::dhs::movement::{self, Moved, lead};
use crate::dhs::pieces::{self, CountedPieces, SeenPieces};
use crate::dhs::record::{Bin, DhsUnit, MovementKind, UnitState};
use crate::dhs::tidy_bin;
use crate::execute::{Context, Effect};
use crate::id::{DhsStockId, DhsUnitId, PersonId, StocktakeId, StocktakeSightId};
use crate::level::named;
use crate::lookup::{Lookup, store_key};
use crate::people::Person;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use uuid::Uuid;

named! {
    /// Where a stocktake is.
    StocktakeState {
        /// Labels are scanned.
        Counting = "counting",
        /// All were scanned; differences are settled.
        Counted = "counted",
        /// Over.
        Closed = "closed",
        /// Given up; nothing moved.
        Cancelled = "cancelled",
    }
    /// How a unit stands in a stocktake.
    StockFinding {
        /// It lies where the record says.
        Found = "found",
        /// It lies in this place, elsewhere than the record says.
        Moved = "moved",
        /// The record says it lies here, and nobody saw it.
        Missing = "missing",
        /// It lies here, and the record says that it is in no store, or in another.
        Unexpected = "unexpected",
        /// A label that nothing is known by.
        Unknown = "unknown",
    }
}

/// A stocktake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Stocktake {
    /// Identity.
    pub id: StocktakeId,
    /// In a line.
    pub title: String,
    /// What is counted: a store, or an aisle, shelf or bin of it.
    pub place: Bin,
    /// Where it is.
    pub state: StocktakeState,
    /// Who began it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why it was given up.
    pub note: String,
}

/// What somebody saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StocktakeSight {
    /// Identity: follows from the stocktake and what was seen, so that two people who see one unit write one record.
    pub id: StocktakeSightId,
    /// In which stocktake.
    pub stocktake: StocktakeId,
    /// Which unit; none for a label that nothing is known by.
    pub unit: Option<DhsUnitId>,
    /// What was scanned.
    pub code: String,
    /// Where it lies, as whoever saw it last says.
    pub bin: Bin,
    /// How often it was seen: more than once is a label on two things, or a shelf that was counted twice.
    pub times: u32,
    /// Who saw it last.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Pieces of a consumable that were counted there, in place of a unit or label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pieces: Option<CountedPieces>,
}

/// Something that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SeenUnit {
    /// Which unit; none for a label that nothing is known by.
    pub unit: Option<DhsUnitId>,
    /// What was scanned.
    pub code: String,
    /// Where it lies.
    pub bin: Bin,
}

/// What is done in a stocktake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StocktakeAct {
    /// It begins.
    Start {
        /// In a line.
        title: String,
        /// What is counted.
        place: Bin,
    },
    /// These were seen; at most [`crate::command::BULK_ROWS`].
    See(Vec<SeenUnit>),
    /// The last sight of this was a slip.
    Unsee(StocktakeSightId),
    /// These consumables were counted, beside what others count; at most [`crate::command::BULK_ROWS`].
    Count(Vec<SeenPieces>),
    /// So many of them were counted by a slip.
    Uncount {
        /// What was counted.
        sight: StocktakeSightId,
        /// How many to take back.
        quantity: u32,
    },
    /// All was scanned.
    End,
    /// It goes on.
    Reopen,
    /// The record follows what was seen of these units; at most [`crate::command::BULK_ROWS`]. Each is judged by itself.
    Settle(Vec<DhsUnitId>),
    /// The record follows what was counted in these bins; at most [`crate::command::BULK_ROWS`].
    SettleCounts(Vec<DhsStockId>),
    /// It is over; differences that are left stay as they are recorded.
    Close,
    /// It is given up.
    Cancel(String),
}

impl StocktakeSight {
    /// The identity of what is seen of a unit, or of a label, in a stocktake.
    #[must_use]
    pub fn id_of(stocktake: StocktakeId, seen: &SeenUnit) -> StocktakeSightId {
        let what = seen.unit.map_or_else(|| seen.code.trim().to_lowercase(), |unit| unit.to_string());
        StocktakeSightId(Uuid::new_v5(&stocktake.0, what.as_bytes()))
    }
}

impl Stocktake {
    /// Whether a place is part of what is counted.
    #[must_use]
    pub fn covers(&self, bin: &Bin) -> bool {
        self.place.holds(bin)
    }
}

/// How one unit or label stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StockLine {
    /// The unit as it is recorded.
    pub unit: Option<DhsUnit>,
    /// What was seen of it.
    pub seen: Option<StocktakeSight>,
    /// How it stands.
    pub finding: StockFinding,
}

/// Everything that is expected or was seen. Its cost grows with what lies in the store and what was scanned.
///
/// # Errors
/// A storage fault.
pub fn lines(stocktake: &Stocktake, records: &dyn Records) -> Result<Vec<StockLine>, Fault> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<DhsUnitId, StocktakeSight> = BTreeMap::new();
    for sight in records.list::<StocktakeSight>(Lookup::SightsOfStocktake, &stocktake.id.to_string())? {
        match sight.unit {
            Some(unit) => {
                seen.insert(unit, sight);
            }
            // Counted by bin: see `pieces`.
            None if sight.pieces.is_some() => {}
            None => found.push(StockLine { unit: None, seen: Some(sight), finding: StockFinding::Unknown }),
        }
    }
    for unit in records.list::<DhsUnit>(Lookup::UnitsAtStore, &store_key(&stocktake.place))? {
        if stocktake.covers(&unit.bin) {
            let sight = seen.remove(&unit.id);
            let finding = judged(stocktake, &unit, sight.as_ref());
            found.push(StockLine { unit: Some(unit), seen: sight, finding });
        }
    }
    for (id, sight) in seen {
        let unit: Option<DhsUnit> = records.get(id)?;
        let finding = unit.as_ref().map_or(StockFinding::Unknown, |unit| judged(stocktake, unit, Some(&sight)));
        found.push(StockLine { unit, seen: Some(sight), finding });
    }
    Ok(found)
}

/// How what was seen stands now.
///
/// # Errors
/// A storage fault.
pub fn line(stocktake: &Stocktake, seen: &SeenUnit, records: &dyn Records) -> Result<StockLine, Fault> {
    let sight: Option<StocktakeSight> = records.get(StocktakeSight::id_of(stocktake.id, seen))?;
    let unit: Option<DhsUnit> = match seen.unit {
        Some(unit) => records.get(unit)?,
        None => None,
    };
    let finding = unit.as_ref().map_or(StockFinding::Unknown, |unit| judged(stocktake, unit, sight.as_ref()));
    Ok(StockLine { unit, seen: sight, finding })
}

fn is_on_shelf(unit: &DhsUnit) -> bool {
    matches!(unit.state, UnitState::InStore | UnitState::Reserved)
}

fn judged(stocktake: &Stocktake, unit: &DhsUnit, sight: Option<&StocktakeSight>) -> StockFinding {
    match sight {
        None => StockFinding::Missing,
        Some(sight) if is_on_shelf(unit) && sight.bin.holds(&unit.bin) => StockFinding::Found,
        Some(_) if is_on_shelf(unit) && stocktake.covers(&unit.bin) => StockFinding::Moved,
        Some(_) => StockFinding::Unexpected,
    }
}

/// Judges and carries out what is done in a stocktake.
pub(super) fn execute(
    id: StocktakeId,
    act: &StocktakeAct,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    if let StocktakeAct::Start { title, place } = act {
        return start(id, title, place, actor, context, records);
    }
    let mut stocktake: Stocktake = records.must(id)?;
    let (needed, next): (&[StocktakeState], _) = match act {
        StocktakeAct::See(_) | StocktakeAct::Unsee(_) | StocktakeAct::Count(_) | StocktakeAct::Uncount { .. } => {
            (&[StocktakeState::Counting], None)
        }
        StocktakeAct::End => (&[StocktakeState::Counting], Some(StocktakeState::Counted)),
        StocktakeAct::Reopen => (&[StocktakeState::Counted], Some(StocktakeState::Counting)),
        StocktakeAct::Settle(_) | StocktakeAct::SettleCounts(_) => (&[StocktakeState::Counted], None),
        StocktakeAct::Close => (&[StocktakeState::Counted], Some(StocktakeState::Closed)),
        StocktakeAct::Cancel(_) | StocktakeAct::Start { .. } => {
            (&[StocktakeState::Counting, StocktakeState::Counted], Some(StocktakeState::Cancelled))
        }
    };
    if !needed.contains(&stocktake.state) {
        let words: Vec<&str> = needed.iter().map(|state| state.label()).collect();
        return Err(Finding::new(
            "STOCKTAKE_STATE",
            format!("The stocktake {} is {}.", stocktake.title, stocktake.state),
            format!("This is done while it is {}.", words.join(" or ")),
        )
        .about(RecordRef::of(&stocktake))
        .with("state", stocktake.state)
        .into());
    }
    match act {
        StocktakeAct::See(all) => return see(&stocktake, all, actor, context, records),
        StocktakeAct::Unsee(sight) => return unsee(&stocktake, *sight, actor, records),
        StocktakeAct::Settle(units) => return settle(&stocktake, units, actor, context, records),
        StocktakeAct::Count(all) => return pieces::count(&stocktake, all, actor, context, records),
        StocktakeAct::Uncount { sight, quantity } => {
            return pieces::uncount(&stocktake, *sight, *quantity, actor, records);
        }
        StocktakeAct::SettleCounts(bins) => return pieces::settle(&stocktake, bins, actor, context, records),
        StocktakeAct::Cancel(reason) => stocktake.note = text::filled_prose("reason", reason)?,
        _ => {}
    }
    if let Some(state) = next {
        stocktake.state = state;
    }
    records.put(stocktake)?;
    Ok(Effect::updated())
}

fn start(
    id: StocktakeId,
    title: &str,
    place: &Bin,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    if records.get::<Stocktake>(id)?.is_some() {
        return Err(Finding::new("ID_TAKEN", "This stocktake was begun already.", "Begin another one.").into());
    }
    let place = tidy_bin(place, records)?;
    let mut findings = Vec::new();
    let title = text::filled_line("title", title).map_err(|f| findings.push(f)).unwrap_or_default();
    if place.store.is_empty() {
        findings.push(Finding::new("NO_BIN", "It is not said which store is counted.", "Name at least the store."));
    }
    none(findings)?;
    records.put(Stocktake {
        id,
        title,
        place,
        state: StocktakeState::Counting,
        by: actor.id,
        at: context.now,
        note: String::new(),
    })?;
    Ok(Effect::created())
}

fn see(
    stocktake: &Stocktake,
    all: &[SeenUnit],
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    bounded(all.len())?;
    let mut effect = Effect::default();
    for seen in all {
        let code = text::filled_line("code", &seen.code)?;
        let bin = tidy_bin(&seen.bin, records)?;
        if let Some(unit) = seen.unit {
            records.must::<DhsUnit>(unit)?;
        }
        let id = StocktakeSight::id_of(stocktake.id, seen);
        let before: Option<StocktakeSight> = records.get(id)?;
        let times = before.as_ref().map_or(0, |sight| sight.times).saturating_add(1);
        records.put(StocktakeSight {
            id,
            stocktake: stocktake.id,
            unit: seen.unit,
            code,
            bin,
            times,
            by: actor.id,
            at: context.now,
            pieces: None,
        })?;
        if before.is_some() { effect.updated += 1 } else { effect.created += 1 }
    }
    Ok(effect)
}

fn unsee(
    stocktake: &Stocktake,
    id: StocktakeSightId,
    actor: &Person,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut sight: StocktakeSight = records.must(id)?;
    if sight.by != actor.id || sight.stocktake != stocktake.id || sight.pieces.is_some() {
        return Err(not_yours(stocktake, &sight).into());
    }
    sight.times = sight.times.saturating_sub(1);
    if sight.times == 0 {
        attachment::remove_all(PhotoOf::StocktakeSight(id), records)?;
        records.remove(Kind::StocktakeSight, id.0)?;
    } else {
        records.put(sight)?;
    }
    Ok(Effect::updated())
}

/// That a sight is not for this person to take back.
pub(super) fn not_yours(stocktake: &Stocktake, sight: &StocktakeSight) -> Finding {
    Finding::new("NOT_A_SLIP", format!("{} was scanned by somebody else since.", sight.code), "Ask who scanned it.")
        .about(RecordRef::of(stocktake))
}

/// Lets the record follow: what is missing is missing, what lies elsewhere lies there, what was out is back.
fn settle(
    stocktake: &Stocktake,
    units: &[DhsUnitId],
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    bounded(units.len())?;
    let mut effect = Effect::default();
    for (nth, id) in units.iter().enumerate() {
        let mut unit: DhsUnit = records.must(*id)?;
        let sight = StocktakeSight::id_of(
            stocktake.id,
            &SeenUnit { unit: Some(*id), code: String::new(), bin: Bin::default() },
        );
        let sight: Option<StocktakeSight> = records.get(sight)?;
        let expected = is_on_shelf(&unit) && stocktake.covers(&unit.bin);
        let finding = judged(stocktake, &unit, sight.as_ref());
        let note = format!("stocktake {}", stocktake.title);
        let (kind, to) = match (finding, &sight) {
            (StockFinding::Missing, _) if expected => (MovementKind::CountAdjustment, Bin::default()),
            (StockFinding::Moved, Some(sight)) => (MovementKind::Transfer, merged(&unit.bin, &sight.bin)),
            (StockFinding::Unexpected, Some(sight)) if is_on_shelf(&unit) => {
                (MovementKind::Transfer, sight.bin.clone())
            }
            (StockFinding::Unexpected, Some(sight)) => {
                let kind = if unit.state == UnitState::Expected { MovementKind::Receive } else { MovementKind::Return };
                (kind, sight.bin.clone())
            }
            _ => {
                effect.unchanged += 1;
                continue;
            }
        };
        if lead(kind, unit.state).is_none() {
            return Err(movement::impossible(&unit, kind).into());
        }
        let release = unit.reserved_for;
        if matches!(kind, MovementKind::CountAdjustment | MovementKind::Return) {
            unit.reserved_for = None;
            unit.ci = None;
        }
        if kind != MovementKind::CountAdjustment {
            unit.bin = to.clone();
        }
        let moved = Moved::new(kind).of(release).to(to).saying(&note);
        movement::write_nth(unit, moved, u32::try_from(nth).unwrap_or(u32::MAX), actor, context, records)?;
        effect.updated += 1;
    }
    Ok(effect)
}

/// The place that was seen, with what it leaves out as it is recorded.
fn merged(recorded: &Bin, seen: &Bin) -> Bin {
    let part = |seen: &str, recorded: &str| if seen.is_empty() { recorded.to_owned() } else { seen.to_owned() };
    Bin {
        site: seen.site,
        store: part(&seen.store, &recorded.store),
        aisle: part(&seen.aisle, &recorded.aisle),
        shelf: part(&seen.shelf, &recorded.shelf),
        bin: part(&seen.bin, &recorded.bin),
    }
}
