//! The pick list of a release: what is reserved for it, in the order in which one walks past the shelves.

use crate::error::CallError;
use crate::export::{file_of, unwritable};
use crate::labels::pdf;
use crate::sight::Sight;
use crate::view::picking::{PickLine, PickList, PickMissing, PickRequest};
use crate::{App, resolve, rows};
use slipway_domain::dhs::record::{Bin, DhsStock, DhsUnit, UnitState};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::release::record::{Component, Release};
use std::path::Path;

/// The list; written into a file if one is named.
///
/// # Errors
/// `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &PickRequest) -> Result<PickList, CallError> {
    let mut list = app.read(|sight| {
        let release = resolve::release(sight, &request.release)?;
        gathered(sight, &release)
    })?;
    if let Some(path) = &request.path {
        write(&list, Path::new(path))?;
        list.path = Some(path.clone());
    }
    Ok(list)
}

fn gathered(sight: Sight<'_>, release: &Release) -> Result<PickList, CallError> {
    let key = release.id.to_string();
    let units: Vec<DhsUnit> = sight.records.list(Lookup::UnitsOfRelease, &key)?;
    let stocks: Vec<DhsStock> = sight.records.list(Lookup::StocksOfRelease, &key)?;
    let walk =
        |bin: &Bin| (bin.store.to_lowercase(), bin.aisle.to_lowercase(), bin.shelf.to_lowercase(), bin.bin.clone());
    let mut lines = Vec::new();
    for unit in &units {
        let picked = unit.state != UnitState::Reserved;
        lines.push((
            (picked, walk(&unit.bin)),
            PickLine {
                place: if picked { String::new() } else { rows::bin(sight, &unit.bin)? },
                unit: Some(unit.id.to_string()),
                number: unit.number.to_string(),
                model: sight.named(Kind::DhsModel, unit.model)?,
                serial_number: unit.serial_number.clone(),
                asset_tag: unit.asset_tag.clone(),
                quantity: 1,
                picked,
            },
        ));
    }
    for stock in &stocks {
        for (of, picked) in [(&stock.reserved, false), (&stock.issued, true)] {
            let Some(quantity) = of.get(&release.id).copied() else { continue };
            lines.push((
                (picked, walk(&stock.bin)),
                PickLine {
                    place: if picked { String::new() } else { rows::bin(sight, &stock.bin)? },
                    unit: None,
                    number: String::new(),
                    model: sight.named(Kind::DhsModel, stock.model)?,
                    serial_number: String::new(),
                    asset_tag: String::new(),
                    quantity,
                    picked,
                },
            ));
        }
    }
    lines.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.number.cmp(&b.1.number)));
    Ok(PickList {
        release: sight.named(Kind::Release, release.id)?,
        title: release.title.clone(),
        lines: lines.into_iter().map(|(_, line)| line).collect(),
        missing: missing(sight, release, &units, &stocks)?,
        path: None,
    })
}

/// Components that are not, or not all, reserved.
fn missing(
    sight: Sight<'_>,
    release: &Release,
    units: &[DhsUnit],
    stocks: &[DhsStock],
) -> Result<Vec<PickMissing>, CallError> {
    let mut missing = Vec::new();
    for component in &release.scope.components {
        let (label, wanted, reserved) = match component {
            Component::DslItem(_) => continue,
            Component::DhsUnit(id) => {
                let reserved = u32::from(units.iter().any(|unit| unit.id == *id));
                (sight.label(Kind::DhsUnit, *id)?, 1, reserved)
            }
            Component::DhsModel { model, quantity } => {
                let single = |unit: &&DhsUnit| !release.scope.components.contains(&Component::DhsUnit(unit.id));
                let apart = units.iter().filter(|unit| unit.model == *model).filter(single).count();
                let counted = stocks
                    .iter()
                    .filter(|stock| stock.model == *model)
                    .flat_map(|stock| [stock.reserved.get(&release.id), stock.issued.get(&release.id)])
                    .flatten()
                    .fold(0, |sum: u32, n| sum.saturating_add(*n));
                let reserved = u32::try_from(apart).unwrap_or(u32::MAX).saturating_add(counted);
                (sight.label(Kind::DhsModel, *model)?, *quantity, reserved)
            }
        };
        if reserved < wanted {
            missing.push(PickMissing { label, wanted, reserved });
        }
    }
    Ok(missing)
}

fn write(list: &PickList, path: &Path) -> Result<(), CallError> {
    let rows: Vec<Vec<String>> = list
        .lines
        .iter()
        .map(|line| {
            vec![
                if line.picked { "picked".to_owned() } else { line.place.clone() },
                line.model.label.clone(),
                line.number.clone(),
                line.serial_number.clone(),
                line.asset_tag.clone(),
                line.quantity.to_string(),
            ]
        })
        .collect();
    let is_pdf = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("pdf"));
    file_of(path, &mut |out| {
        if is_pdf {
            let mut above = vec![list.title.clone()];
            above.extend(list.missing.iter().map(|m| format!("Missing: {} of {} {}", m.reserved, m.wanted, m.label)));
            let columns =
                [("Place", 48.0), ("Model", 52.0), ("Unit", 24.0), ("Serial", 30.0), ("Tag", 18.0), ("Qty", 8.0)];
            let title = format!("Pick list {}", list.release.label);
            let bytes = pdf::table(&title, &above, &columns, &rows, &[]);
            return out.write_all(&bytes).map_err(|error| unwritable("The pick list", &error));
        }
        let wrong = |error: csv::Error| unwritable("The pick list", &error.into());
        let mut sheet = csv::Writer::from_writer(out);
        sheet.write_record(["place", "model", "unit", "serial_number", "asset_tag", "quantity"]).map_err(wrong)?;
        for row in &rows {
            let row: Vec<String> = row.iter().map(|cell| crate::export::cells::safe(cell).into_owned()).collect();
            sheet.write_record(&row).map_err(wrong)?;
        }
        sheet.flush().map_err(|error| unwritable("The pick list", &error))
    })
}
