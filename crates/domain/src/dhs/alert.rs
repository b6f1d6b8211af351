//! What in the store needs somebody: too few spares, warranties that end, units that were not picked or not installed.

use crate::dhs::on_hand;
use crate::dhs::record::{DhsModel, DhsUnit, Movement, MovementKind, UnitState};
use crate::id::DhsUnitId;
use crate::level::named;
use crate::lookup::{Lookup, month_key};
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use crate::release::record::{Phase, Release};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// A warranty that ends within so many days is said.
pub const WARRANTY_DAYS: i64 = 60;
/// A unit that is reserved is to be picked so many days before the rollout begins.
pub const PICK_DAYS: i64 = 1;
/// A unit that was handed out is to be installed, or back, within so many days.
pub const OUT_DAYS: i64 = 7;
/// Most alerts of one kind; what is beyond is found in the lists.
pub const LISTED: usize = 100;

named! {
    /// Why somebody is needed.
    AlertKind {
        /// Fewer than the minimum.
        LowStock = "low stock",
        /// It ends soon, or ended.
        WarrantyEnding = "warranty ending",
        /// Its rollout begins, and it lies on the shelf.
        NotPicked = "reserved, not picked",
        /// It has been out for long.
        NotInstalled = "issued, not installed",
    }
}

/// Something that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Alert {
    /// Why.
    pub kind: AlertKind,
    /// What it is about.
    pub about: RecordRef,
    /// What is wrong.
    pub sentence: String,
    /// What is to be done.
    pub way_out: String,
}

/// Everything that needs somebody now. Its cost grows with what has a minimum, ends soon or is held for releases.
///
/// # Errors
/// A storage fault.
pub fn alerts(now: Timestamp, records: &dyn Records) -> Result<Vec<Alert>, Fault> {
    let mut found = low_stock(records)?;
    found.extend(not_picked(now, records)?);
    found.extend(not_installed(now, records)?);
    found.extend(warranties(now, records)?);
    Ok(found)
}

fn low_stock(records: &dyn Records) -> Result<Vec<Alert>, Fault> {
    let mut found = Vec::new();
    for model in records.list::<DhsModel>(Lookup::ModelsWithMinimum, Kind::DhsModel.name())? {
        for store in on_hand::of_model(records, &model)?.low() {
            found.push(Alert {
                kind: AlertKind::LowStock,
                about: RecordRef::of(&model),
                sentence: format!(
                    "{} of {} {} are free in {}; at least {} shall be.",
                    store.free, model.manufacturer, model.name, store.store, store.minimum
                ),
                way_out: format!("Order {} more, or transfer some from another store.", store.short_of()),
            });
            if found.len() == LISTED {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

fn warranties(now: Timestamp, records: &dyn Records) -> Result<Vec<Alert>, Fault> {
    let until = now.plus_days(WARRANTY_DAYS);
    let mut months: Vec<String> = (-1..=3).map(|n| month_key(now.plus_days(30 * n))).collect();
    months.push(month_key(until));
    months.sort();
    months.dedup();
    let mut ending: BTreeMap<(Timestamp, DhsUnitId), DhsUnit> = BTreeMap::new();
    for month in months {
        for unit in records.list::<DhsUnit>(Lookup::UnitsByWarranty, &month)? {
            let soon = unit.facts.warranty_end.filter(|end| *end <= until && *end >= now.plus_days(-30));
            if let Some(end) = soon {
                ending.insert((end, unit.id), unit);
            }
        }
    }
    let alert = |(end, unit): (Timestamp, DhsUnit)| {
        let day: String = end.to_rfc3339().chars().take(10).collect();
        let verb = if end < now { "ended" } else { "ends" };
        Alert {
            kind: AlertKind::WarrantyEnding,
            about: unit.reference(),
            sentence: format!("The warranty of {} {verb} on {day}.", unit.number),
            way_out: "Extend it, or have what is faulty mended before.".to_owned(),
        }
    };
    Ok(ending.into_iter().take(LISTED).map(|((end, _), unit)| alert((end, unit))).collect())
}

fn not_picked(now: Timestamp, records: &dyn Records) -> Result<Vec<Alert>, Fault> {
    let mut found = Vec::new();
    let mut releases = BTreeMap::new();
    for unit in records.list::<DhsUnit>(Lookup::UnitsHeld, UnitState::Reserved.label())? {
        let Some(id) = unit.reserved_for else { continue };
        let release = match releases.get(&id) {
            Some(release) => Option::clone(release),
            None => {
                let release: Option<Release> = records.get(id)?;
                releases.insert(id, release.clone());
                release
            }
        };
        let Some(release) = release else { continue };
        let begins = release.scope.rollout_window.is_some_and(|w| w.start <= now.plus_days(PICK_DAYS));
        if release.phase == Phase::DistributionAndRollout && begins {
            found.push(Alert {
                kind: AlertKind::NotPicked,
                about: unit.reference(),
                sentence: format!("{} is reserved for {}, whose rollout begins.", unit.number, release.number),
                way_out: "Issue it, or release the reservation.".to_owned(),
            });
        }
        if found.len() == LISTED {
            break;
        }
    }
    Ok(found)
}

fn not_installed(now: Timestamp, records: &dyn Records) -> Result<Vec<Alert>, Fault> {
    let mut found = Vec::new();
    for unit in records.list::<DhsUnit>(Lookup::UnitsHeld, UnitState::Issued.label())? {
        let ledger = records.list::<Movement>(Lookup::MovementsOfUnit, &unit.id.to_string())?;
        let issued = ledger.iter().filter(|m| m.kind == MovementKind::Issue).map(|m| m.at).max();
        let Some(since) = issued.filter(|at| at.plus_days(OUT_DAYS) < now) else { continue };
        let day: String = since.to_rfc3339().chars().take(10).collect();
        found.push(Alert {
            kind: AlertKind::NotInstalled,
            about: unit.reference(),
            sentence: format!("{} was issued on {day} and is not installed.", unit.number),
            way_out: "Record where it is installed, or have it returned.".to_owned(),
        });
        if found.len() == LISTED {
            break;
        }
    }
    Ok(found)
}
