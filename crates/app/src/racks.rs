//! The elevation of a rack: which CI fills which units of which face.

use crate::error::CallError;
use crate::export::{file_of, unwritable};
use crate::view::racks::{RackItem, RackRequest, RackView};
use crate::{App, resolve, rows};
use slipway_domain::cmdb::ci::{Ci, Face, Location};
use slipway_domain::cmdb::location::{RACK, fills, units_of_rack};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Record;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use std::collections::BTreeSet;
use std::path::Path;

mod drawing;

/// Units of a rack of which nothing is said.
const USUAL: u32 = 42;

/// A rack as it stands; drawn into a file if one is named. Its cost grows with what stands in it.
///
/// # Errors
/// A rack that is not named, `NOT_FOUND`, or trouble.
pub fn get(app: &App, request: &RackRequest) -> Result<RackView, CallError> {
    let view = standing(app, request)?;
    if let Some(path) = request.path.as_deref() {
        file_of(Path::new(path), &mut |out| {
            out.write_all(&drawing::pdf(&view)).map_err(|error| unwritable("The drawing", &error))
        })?;
    }
    Ok(view)
}

fn standing(app: &App, request: &RackRequest) -> Result<RackView, CallError> {
    app.read(|sight| {
        let site = match request.site.as_deref().filter(|text| !text.trim().is_empty()) {
            Some(text) => Some(resolve::site(sight, text)?),
            None => None,
        };
        let place = Location {
            site: site.as_ref().map(|site| site.id),
            building: request.building.trim().to_owned(),
            room: request.room.trim().to_owned(),
            rack: request.rack.trim().to_owned(),
            ..Location::default()
        };
        let key = place.place_key().filter(|_| !place.rack.is_empty()).ok_or_else(|| {
            CallError::from(Finding::new("MISSING_FIELD", "No rack is named.", "Name the rack, such as B2."))
        })?;
        let mut items = Vec::new();
        let mut filled = BTreeSet::new();
        let mut highest = 0;
        for ci in sight.records.list::<Ci>(Lookup::CisAtPlace, &key)? {
            if !fills(ci.status) || ci.class.eq_ignore_ascii_case(RACK) {
                continue;
            }
            let units = ci.location.units();
            if let Some((low, high)) = units {
                filled.extend(low..=high);
                highest = highest.max(high);
            }
            items.push(RackItem {
                low: units.map(|(low, _)| low),
                high: units.map(|(_, high)| high),
                face: ci.location.face.unwrap_or(Face::FullDepth),
                ci: rows::row(sight, &Record::from(ci))?,
            });
        }
        items.sort_by_key(|item| (std::cmp::Reverse(item.high), item.ci.label.clone()));
        let units = units_of_rack(&place, sight.records)?.unwrap_or(USUAL).max(highest);
        let within = filled.iter().filter(|u| **u <= units).count();
        let parts = [site.map(|s| s.name).unwrap_or_default(), place.building, place.room, place.rack];
        Ok(RackView {
            place: parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" › "),
            units,
            items,
            free: units.saturating_sub(u32::try_from(within).unwrap_or(u32::MAX)),
        })
    })
}
