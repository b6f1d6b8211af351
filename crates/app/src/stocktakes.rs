//! Stocktakes: scanned by several, compared at once, settled by the storekeeper, written down.

use crate::error::CallError;
use crate::export::{cells, file_of, unwritable};
use crate::labels::pdf;
use crate::sight::Sight;
use crate::view::common::{Hue, Named, Pill};
use crate::view::mutations::{Changes, Done};
use crate::view::stocktakes::{
    FindingCount, SeeAnswer, SeeRequest, StartStocktakeRequest, StocktakeActRequest, StocktakeLine, StocktakePage,
    StocktakeReportRequest, StocktakeRequest,
};
use crate::{App, action_code, resolve, rows, unknown_action};
use slipway_domain::access;
use slipway_domain::command::{BULK_ROWS, Command, DhsCommand};
use slipway_domain::dhs::code::{OwnCode, read};
use slipway_domain::dhs::model::ModelKind;
use slipway_domain::dhs::pieces as domain_pieces;
use slipway_domain::dhs::recognise::{Meaning, meaning};
use slipway_domain::dhs::record::{Bin, DhsModel};
use slipway_domain::dhs::stocktake::{
    SeenUnit, StockFinding, StockLine, Stocktake, StocktakeAct, StocktakeSight, StocktakeState, lines,
};
use slipway_domain::execute::Effect;
use slipway_domain::id::{DhsStockId, DhsUnitId, StocktakeId, StocktakeSightId};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub mod pieces;

/// Lines that a page lists; the others are counted, and stand in the report.
const LINES_SHOWN: usize = 500;

fn command(stocktake: StocktakeId, act: StocktakeAct) -> Command {
    Command::Dhs(DhsCommand::Stocktake { stocktake, act })
}

/// Begins one.
///
/// # Errors
/// A refusal, or trouble.
pub fn start(app: &App, request: &StartStocktakeRequest) -> Result<Done, CallError> {
    let id = StocktakeId(app.host().new_id());
    let act = StocktakeAct::Start { title: request.title.clone(), place: request.place.clone() };
    app.issue(command(id, act), Some((Kind::Stocktake, id.0)))
}

fn named(sight: Sight<'_>, text: &str) -> Result<Stocktake, CallError> {
    match resolve::any(sight, Kind::Stocktake, text)? {
        Record::Stocktake(stocktake) => Ok(*stocktake),
        _ => Err(Finding::new("NOT_FOUND", format!("There is no stocktake {text}."), "Give its id.").into()),
    }
}

/// The page of a stocktake.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &StocktakeRequest) -> Result<StocktakePage, CallError> {
    app.read(|sight| {
        let stocktake = named(sight, &request.stocktake)?;
        let mut all = lines(&stocktake, sight.records)?;
        all.sort_by_key(|line| (line.finding == StockFinding::Found, line.finding, label(line)));
        let bins = bins(sight, &stocktake)?;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let counts = StockFinding::ALL
            .iter()
            .map(|finding| FindingCount {
                finding: *finding,
                label: finding.label().to_owned(),
                count: count(
                    all.iter().filter(|line| line.finding == *finding).count()
                        + bins.iter().filter(|bin| bin.finding == *finding).count(),
                ),
            })
            .collect();
        let counted = bins.iter().filter_map(|bin| bin.sight.as_ref()).filter(|sight| sight.times > 0);
        let people: BTreeSet<_> =
            all.iter().filter_map(|line| line.seen.as_ref()).chain(counted).map(|sight| sight.by).collect();
        let people: Vec<Named> =
            people.into_iter().map(|id| sight.named(Kind::Person, id)).collect::<Result<_, _>>()?;
        let twice = count(all.iter().filter(|line| line.seen.as_ref().is_some_and(|s| s.times > 1)).count());
        let wanted: Vec<StockLine> =
            all.into_iter().filter(|line| request.finding.is_none_or(|finding| line.finding == finding)).collect();
        let total = count(wanted.len());
        let shown = wanted.into_iter().take(LINES_SHOWN).map(|line| shown(sight, line));
        let bins: Vec<_> =
            bins.into_iter().filter(|bin| request.finding.is_none_or(|finding| bin.finding == finding)).collect();
        let bins_total = count(bins.len());
        let bins = bins.into_iter().take(LINES_SHOWN).map(|bin| pieces::shown(sight, &bin));
        Ok(StocktakePage {
            place: rows::bin(sight, &stocktake.place)?,
            pill: pill(stocktake.state),
            counts,
            twice,
            lines: shown.collect::<Result<_, CallError>>()?,
            total,
            bins: bins.collect::<Result<_, CallError>>()?,
            bins_total,
            people,
            may_settle: access::denial("dhs.stocktake_settle", &sight.person()?).is_none(),
            sync: sight.mark(&Record::from(stocktake.clone()))?,
            stocktake,
        })
    })
}

/// The bins of consumables, differences before what was found.
fn bins(sight: Sight<'_>, stocktake: &Stocktake) -> Result<Vec<domain_pieces::PiecesLine>, CallError> {
    let mut bins = domain_pieces::lines(stocktake, sight.records)?;
    let place = |bin: &Bin| [&bin.store, &bin.aisle, &bin.shelf, &bin.bin].map(|part| part.to_lowercase());
    bins.sort_by_key(|line| (line.finding == StockFinding::Found, line.finding, place(&line.bin), line.model));
    Ok(bins)
}

/// How a stocktake stands.
#[must_use]
pub fn pill(state: StocktakeState) -> Pill {
    let hue = match state {
        StocktakeState::Counting => Hue::Info,
        StocktakeState::Counted => Hue::Pending,
        StocktakeState::Closed => Hue::Ok,
        StocktakeState::Cancelled => Hue::Neutral,
    };
    Pill { label: state.label().to_owned(), hue }
}

fn label(line: &StockLine) -> String {
    match (&line.unit, &line.seen) {
        (Some(unit), _) if !unit.serial_number.is_empty() => unit.serial_number.clone(),
        (Some(unit), _) => unit.number.to_string(),
        (None, Some(seen)) => seen.code.clone(),
        (None, None) => String::new(),
    }
}

fn hue(finding: StockFinding) -> Hue {
    match finding {
        StockFinding::Found => Hue::Ok,
        StockFinding::Moved | StockFinding::Unexpected => Hue::Warn,
        StockFinding::Missing | StockFinding::Unknown => Hue::Bad,
    }
}

fn shown(sight: Sight<'_>, line: StockLine) -> Result<StocktakeLine, CallError> {
    let recorded = match &line.unit {
        Some(unit) => rows::bin(sight, &unit.bin)?,
        None => String::new(),
    };
    let (seen, by) = match &line.seen {
        Some(seen) => (rows::bin(sight, &seen.bin)?, Some(sight.named(Kind::Person, seen.by)?)),
        None => (String::new(), None),
    };
    let id = line.unit.as_ref().map(|unit| unit.id.to_string());
    Ok(StocktakeLine {
        label: label(&line),
        id: id.or_else(|| line.seen.as_ref().map(|s| s.id.to_string())).unwrap_or_default(),
        unit: line.unit.map(|unit| rows::row(sight, &Record::from(unit))).transpose()?,
        finding: line.finding,
        pill: Pill { label: line.finding.label().to_owned(), hue: hue(line.finding) },
        recorded,
        seen,
        times: line.seen.as_ref().map_or(0, |s| s.times),
        by,
        at: line.seen.map(|s| s.at),
    })
}

/// What a scanned label is in a stocktake.
enum Label {
    /// A unit, or a label that nothing is known by.
    Unit(SeenUnit),
    /// A consumable: its model, and how many the package holds.
    Pieces(Box<DhsModel>, u32),
}

fn what(sight: Sight<'_>, request: &SeeRequest) -> Result<Label, CallError> {
    let payload = read(&request.code)?;
    let not_a_unit = |sentence: String| Err(Finding::new("NOT_A_UNIT", sentence, "Scan the label of a unit.").into());
    let unit = match &payload.own {
        Some(OwnCode::Unit(number)) => Some(resolve::unit(sight, number)?),
        Some(_) => return not_a_unit("This is no label of a unit.".to_owned()),
        None => match meaning(&payload, sight.records)? {
            Meaning::Unit(unit) => Some(*unit),
            Meaning::Units(_) => {
                let sentence = "Several units bear this label.";
                return Err(Finding::new("AMBIGUOUS", sentence, "Scan the asset tag of the unit.").into());
            }
            Meaning::Model { model, quantity } if model.facts.kind == ModelKind::Consumable => {
                return Ok(Label::Pieces(model, quantity.unwrap_or(1)));
            }
            Meaning::Model { model, .. } => {
                return not_a_unit(format!("This is the part number of {} {}.", model.manufacturer, model.name));
            }
            _ => None,
        },
    };
    let code = payload.serial.clone().or_else(|| payload.plain.clone()).unwrap_or_else(|| request.code.clone());
    Ok(Label::Unit(SeenUnit { unit: unit.map(|unit| unit.id), code, bin: request.bin.clone() }))
}

/// A label was scanned.
///
/// # Errors
/// A code that cannot be read, a refusal, or trouble.
pub fn see(app: &App, request: &SeeRequest) -> Result<SeeAnswer, CallError> {
    let (stocktake, what) =
        app.read(|sight| Ok::<_, CallError>((named(sight, &request.stocktake)?, what(sight, request)?)))?;
    match what {
        Label::Pieces(model, quantity) => pieces::counted(app, &stocktake, &model, &request.bin, quantity),
        Label::Unit(seen) => see_unit(app, &stocktake, &seen),
    }
}

fn see_unit(app: &App, stocktake: &Stocktake, seen: &SeenUnit) -> Result<SeeAnswer, CallError> {
    let id = StocktakeSight::id_of(stocktake.id, seen);
    let before = app.read(|sight| Ok::<_, CallError>(sight.records.get::<StocktakeSight>(id)?))?;
    app.issue(command(stocktake.id, StocktakeAct::See(vec![seen.clone()])), None)?;
    app.read(|sight| {
        let line = slipway_domain::dhs::stocktake::line(stocktake, seen, sight.records)?;
        let recorded = match &line.unit {
            Some(unit) => format!("{}, {}", unit.state, rows::bin(sight, &unit.bin)?),
            None => "no record is of it".to_owned(),
        };
        Ok(SeeAnswer {
            finding: line.finding,
            label: label(&line),
            sentence: match line.finding {
                StockFinding::Found => "It lies where the record says.".to_owned(),
                _ => format!("The record says: {recorded}."),
            },
            again: before.is_some(),
            sight: id.to_string(),
            quantity: None,
        })
    })
}

/// Does something with a stocktake.
///
/// # Errors
/// A refusal, or trouble. What earlier steps of *settle all* did is kept.
pub fn act(app: &App, request: &StocktakeActRequest) -> Result<Done, CallError> {
    let stocktake = app.read(|sight| named(sight, &request.stocktake))?;
    let key = Some((Kind::Stocktake, stocktake.id.0));
    let act = match action_code(&request.action).as_str() {
        "end" => StocktakeAct::End,
        "reopen" => StocktakeAct::Reopen,
        "close" => StocktakeAct::Close,
        "cancel" => StocktakeAct::Cancel(request.reason.clone().unwrap_or_default()),
        "unsee" => {
            let text = request.sight.clone().unwrap_or_default();
            let sight = resolve::must_id::<StocktakeSightId>("sight", &text)?;
            match request.quantity {
                Some(quantity) => StocktakeAct::Uncount { sight, quantity },
                None => StocktakeAct::Unsee(sight),
            }
        }
        "settle" => {
            let units = app.read(|sight| {
                let named = request.units.iter().flatten();
                named.map(|text| Ok(resolve::unit(sight, text)?.id)).collect::<Result<Vec<_>, CallError>>()
            })?;
            let named = request.stocks.iter().flatten();
            let stocks = named.map(|text| resolve::must_id("bin", text)).collect::<Result<Vec<_>, CallError>>()?;
            return settle(app, stocktake.id, &units, &stocks);
        }
        "settle_all" => {
            let (units, stocks): (Vec<DhsUnitId>, Vec<DhsStockId>) = app.read(|sight| {
                let open = lines(&stocktake, sight.records)?.into_iter();
                let units = open
                    .filter(|line| !matches!(line.finding, StockFinding::Found | StockFinding::Unknown))
                    .filter_map(|line| line.unit.map(|unit| unit.id));
                let bins = domain_pieces::lines(&stocktake, sight.records)?.into_iter();
                let stocks = bins.filter(|line| line.difference != 0).map(|line| line.stock);
                Ok::<_, CallError>((units.collect(), stocks.collect()))
            })?;
            return settle(app, stocktake.id, &units, &stocks);
        }
        other => return Err(unknown_action("a stocktake", other)),
    };
    app.issue(command(stocktake.id, act), key)
}

fn settle(app: &App, stocktake: StocktakeId, units: &[DhsUnitId], stocks: &[DhsStockId]) -> Result<Done, CallError> {
    let units = units.chunks(BULK_ROWS).map(|part| StocktakeAct::Settle(part.to_vec()));
    let stocks = stocks.chunks(BULK_ROWS).map(|part| StocktakeAct::SettleCounts(part.to_vec()));
    let mut all: Option<Done> = None;
    for act in units.chain(stocks) {
        let done = app.issue(command(stocktake, act), Some((Kind::Stocktake, stocktake.0)))?;
        all = Some(match all {
            Some(before) => before.and(done),
            None => done,
        });
    }
    Ok(all.unwrap_or_else(|| Done { effect: Effect::default(), changes: Changes::default(), record: None }))
}

/// A row of the report.
struct Found {
    finding: String,
    unit: String,
    label: String,
    model: String,
    recorded: String,
    seen: String,
    times: u32,
    by: String,
    /// Of a bin: expected, counted, difference.
    pieces: Option<(i64, Option<u32>, i64)>,
}

/// Columns of the report as CSV.
const COLUMNS: [&str; 11] = [
    "finding",
    "unit",
    "serial_or_code",
    "model",
    "recorded",
    "seen",
    "times",
    "seen_by",
    "expected",
    "counted",
    "difference",
];

impl Found {
    fn csv(&self) -> [String; 11] {
        let (expected, counted, difference) = match self.pieces {
            Some((expected, counted, difference)) => {
                (expected.to_string(), counted.map(|n| n.to_string()).unwrap_or_default(), difference.to_string())
            }
            None => Default::default(),
        };
        let text = |cell: &String| cells::safe(cell).into_owned();
        [
            text(&self.finding),
            text(&self.unit),
            text(&self.label),
            text(&self.model),
            text(&self.recorded),
            text(&self.seen),
            self.times.to_string(),
            text(&self.by),
            expected,
            counted,
            difference,
        ]
    }

    /// On paper the figures of a bin stand where the serial number of a unit does.
    fn paper(&self) -> Vec<String> {
        let label = match self.pieces {
            Some((expected, Some(counted), 0)) => format!("{counted} of {expected}"),
            Some((expected, Some(counted), difference)) => format!("{counted} of {expected} ({difference:+})"),
            Some((expected, None, _)) => format!("- of {expected}"),
            None => self.label.clone(),
        };
        vec![
            self.finding.clone(),
            self.unit.clone(),
            label,
            self.model.clone(),
            self.recorded.clone(),
            self.seen.clone(),
        ]
    }
}

/// Writes what a stocktake found: every line.
///
/// # Errors
/// `NOT_FOUND`, or trouble with the file.
pub fn report(app: &App, request: &StocktakeReportRequest) -> Result<StocktakePage, CallError> {
    let asked = StocktakeRequest { stocktake: request.stocktake.clone(), finding: None };
    let page = get(app, &asked)?;
    let rows: Vec<Found> = app.read(|sight| {
        let stocktake = named(sight, &request.stocktake)?;
        let mut all = lines(&stocktake, sight.records)?;
        all.sort_by_key(|line| (line.finding == StockFinding::Found, line.finding, label(line)));
        let mut models: BTreeMap<_, String> = BTreeMap::new();
        let mut out = Vec::new();
        for line in all {
            let model = match &line.unit {
                Some(unit) => match models.get(&unit.model) {
                    Some(known) => known.clone(),
                    None => {
                        let label = sight.label(Kind::DhsModel, unit.model)?;
                        models.insert(unit.model, label.clone());
                        label
                    }
                },
                None => String::new(),
            };
            let line = shown(sight, line)?;
            let number = line.unit.map(|row| row.label).unwrap_or_default();
            let by = line.by.map(|by| by.label).unwrap_or_default();
            out.push(Found {
                finding: line.finding.label().to_owned(),
                unit: number,
                label: line.label,
                model,
                recorded: line.recorded,
                seen: line.seen,
                times: line.times,
                by,
                pieces: None,
            });
        }
        for bin in bins(sight, &stocktake)? {
            out.push(pieces::row(pieces::shown(sight, &bin)?));
        }
        Ok::<_, CallError>(out)
    })?;
    let path = Path::new(&request.path);
    let is_pdf = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("pdf"));
    file_of(path, &mut |out| {
        if is_pdf {
            let sums: Vec<String> = page.counts.iter().map(|c| format!("{}: {}", c.label, c.count)).collect();
            let above = [page.place.clone(), sums.join(", ")];
            let columns = [
                ("Finding", 22.0),
                ("Unit", 24.0),
                ("Serial or pieces", 30.0),
                ("Model", 42.0),
                ("Recorded", 30.0),
                ("Seen", 30.0),
            ];
            let rows: Vec<Vec<String>> = rows.iter().map(Found::paper).collect();
            let bytes = pdf::table(&page.stocktake.title, &above, &columns, &rows, &["Counted by", "Settled by"]);
            return out.write_all(&bytes).map_err(|error| unwritable("The report", &error));
        }
        let wrong = |error: csv::Error| unwritable("The report", &error.into());
        let mut sheet = csv::Writer::from_writer(out);
        sheet.write_record(COLUMNS).map_err(wrong)?;
        for row in &rows {
            sheet.write_record(row.csv()).map_err(wrong)?;
        }
        sheet.flush().map_err(|error| unwritable("The report", &error))
    })?;
    Ok(page)
}
