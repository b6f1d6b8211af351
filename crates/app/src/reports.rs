//! Reports, answered from facts that are kept beside the records: what a report costs follows its period alone.

mod sheet;

use crate::error::CallError;
use crate::export::file_of;
use crate::sight::Sight;
use crate::view::common::{Named, Nothing};
use crate::view::reports::{
    ReportEntry, ReportList, ReportPage, ReportRecord, ReportRecords, ReportRecordsRequest, ReportRequest,
    SaveReportRequest, SavedReport,
};
use crate::{App, resolve, rows};
use slipway_domain::dhs::record::{Movement, StockMovement};
use slipway_domain::dhs::stocktake::StocktakeSight;
use slipway_domain::id::{MovementId, StockMovementId, StocktakeSightId};
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_domain::report::table::report;
use slipway_domain::report::{ReportName, Unit, stretches, usual_period};
use slipway_domain::time::Timestamp;
use slipway_store::facts::{FactMark, Narrowing};
use std::path::Path;
use uuid::Uuid;

/// Records in one answer.
const RECORDS: usize = 100;

/// Every report that there is.
///
/// # Errors
/// None.
pub fn list(_: &App, _: &Nothing) -> Result<ReportList, CallError> {
    Ok(ReportList { reports: ReportName::ALL.iter().copied().map(entry).collect() })
}

fn entry(name: ReportName) -> ReportEntry {
    ReportEntry {
        name,
        code: name.code().to_owned(),
        title: name.label().to_owned(),
        about: name.about().to_owned(),
        of_releases: name.is_of_releases(),
    }
}

/// A report over a period.
///
/// # Errors
/// `WRONG_PERIOD`, `NOT_OF_RELEASES`, `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &ReportRequest) -> Result<ReportPage, CallError> {
    let period = request.period.unwrap_or_else(|| usual_period(app.host().now()));
    let parts = stretches(period);
    if parts.is_empty() {
        return Err(Finding::new(
            "WRONG_PERIOD",
            "The period ends before it begins.",
            "Choose an end that lies after the beginning.",
        )
        .with("field", "period")
        .into());
    }
    let narrowed = app.read(|sight| narrowed(sight, request))?;
    let gathered = app.open()?.store.gathered(request.name, &parts, &narrowed.by)?;
    let report = report(request.name, period, &parts, &gathered);
    Ok(ReportPage {
        entry: entry(request.name),
        period,
        manager: narrowed.manager,
        service: narrowed.service,
        empty: report.is_empty(),
        report,
    })
}

struct Narrowed {
    by: Narrowing,
    manager: Option<Named>,
    service: Option<Named>,
}

fn narrowed(sight: Sight<'_>, request: &ReportRequest) -> Result<Narrowed, CallError> {
    let asks = request.release_type.is_some()
        || request.class.is_some()
        || request.manager.is_some()
        || request.service.is_some();
    if asks && !request.name.is_of_releases() {
        return Err(Finding::new(
            "NOT_OF_RELEASES",
            format!("{} is not of releases: type, class, manager and service do not narrow it.", request.name),
            "Leave them out.",
        )
        .with("report", request.name.code())
        .into());
    }
    let manager = request.manager.as_deref().map(|text| resolve::person(sight, text)).transpose()?;
    let service = request.service.as_deref().map(|text| resolve::ci(sight, text)).transpose()?;
    Ok(Narrowed {
        by: Narrowing {
            kind_of: request.release_type.map(|kind| kind.label().to_owned()),
            class: request.class.map(|class| class.label().to_owned()),
            owner: manager.as_ref().map(|person| person.id),
            service: service.as_ref().map(|ci| ci.id),
        },
        manager: manager.map(|person| Named { id: person.id.to_string(), label: person.name }),
        service: service.map(|ci| Named { id: ci.id.to_string(), label: ci.name }),
    })
}

/// The records behind a figure, the latest first, a page at a time.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn records(app: &App, request: &ReportRecordsRequest) -> Result<ReportRecords, CallError> {
    let after = request.after.as_deref().map(mark).transpose()?;
    let by = app.read(|sight| narrowed(sight, &request.report))?.by;
    let told = app.open()?.store.facts_behind(&request.of, &by, after, RECORDS)?;
    let next = told.get(RECORDS.saturating_sub(1)).map(|last| written(last.mark));
    let lines = app.read(|sight| {
        let mut lines = Vec::with_capacity(told.len());
        for fact in &told {
            let Some((kind, id)) = shown(sight, fact.kind, fact.id)? else { continue };
            let Some(row) = rows::rows(sight, kind, [id])?.pop() else { continue };
            lines.push(ReportRecord { row, at: fact.at, group: fact.group.clone(), value: fact.value });
        }
        Ok(lines)
    })?;
    Ok(ReportRecords { lines, unit: request.of.measure.unit(), next })
}

/// The record that has a page of its own and that this one is of.
fn shown(sight: Sight<'_>, kind: Kind, id: Uuid) -> Result<Option<(Kind, Uuid)>, Fault> {
    let records = sight.records;
    Ok(match kind {
        Kind::Movement => records.get::<Movement>(MovementId(id))?.map(|moved| (Kind::DhsUnit, moved.unit.0)),
        Kind::StockMovement => {
            records.get::<StockMovement>(StockMovementId(id))?.map(|moved| (Kind::DhsStock, moved.stock.0))
        }
        Kind::StocktakeSight => records
            .get::<StocktakeSight>(StocktakeSightId(id))?
            .map(|seen| seen.unit.map_or((Kind::Stocktake, seen.stocktake.0), |unit| (Kind::DhsUnit, unit.0))),
        kind => Some((kind, id)),
    })
}

fn written(mark: FactMark) -> String {
    format!("{}:{}:{}", mark.at.0, mark.row, mark.nth)
}

fn mark(text: &str) -> Result<FactMark, CallError> {
    let mut parts = text.split(':').map(str::parse::<i64>);
    let mut next = || parts.next().and_then(Result::ok);
    match (next(), next(), next()) {
        (Some(at), Some(row), Some(nth)) => Ok(FactMark { at: Timestamp(at), row, nth }),
        _ => Err(Finding::new("WRONG_MARK", format!("{text:?} is no place among records."), "Begin anew.").into()),
    }
}

/// Writes a report into a file, whose name says in which form.
///
/// # Errors
/// As [`get`]; `OUTPUT_FAILED`; `WRONG_USE` for another form.
pub fn save(app: &App, request: &SaveReportRequest) -> Result<SavedReport, CallError> {
    let path = Path::new(&request.path);
    let form = sheet::Form::of(path)?;
    let page = get(app, &request.report)?;
    file_of(path, &mut |out| sheet::write(&page, form, out))?;
    Ok(SavedReport { path: request.path.clone(), lines: page.report.lines.len() })
}

/// A figure as a person reads it; the unit by its name on the wire.
#[must_use]
pub fn in_words(value: i64, unit: &str) -> String {
    let unit = match unit {
        "per_mille" => Unit::PerMille,
        "time" => Unit::Time,
        _ => Unit::Count,
    };
    sheet::shown(Some(value), unit)
}
