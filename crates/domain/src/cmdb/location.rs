//! Where CIs stand in a rack: within its height, and no two in the same place.
//!
//! A rack is known by site, building, room and name. How high it is says the CI of class `rack` that has its name and
//! stands at the same site, in its attribute `height`; without one, any unit up to the highest is taken.

use crate::cmdb::ci::{Ci, CiStatus, Face, Location};
use crate::cmdb::field::RACK_UNITS;
use crate::id::CiId;
use crate::lookup::{Lookup, pair};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Fault, Finding};

/// Parts of a place: site, building, room, rack.
pub const PARTS: usize = 4;
/// What stands between the parts of a place in its key: no line of text holds it.
pub const SEPARATOR: char = '\u{1f}';

/// Key of the class of racks.
pub const RACK: &str = "rack";
/// The attribute of a rack that says how many units it has.
pub const RACK_HEIGHT: &str = "height";

/// Fields that say where in a rack a CI stands.
pub const RACK_FIELDS: &[&str] = &[
    "location.site",
    "location.building",
    "location.room",
    "location.rack",
    "location.u",
    "location.height",
    "location.face",
];

impl Location {
    /// Key of its place under [`Lookup::CisAtPlace`]: id of the site, building, room and rack, lower case, with
    /// [`SEPARATOR`] between them; `None` where nothing of it is said.
    #[must_use]
    pub fn place_key(&self) -> Option<String> {
        let site = self.site.map(|site| site.to_string()).unwrap_or_default();
        let parts: [&str; PARTS] = [&site, &self.building, &self.room, &self.rack];
        let parts = parts.map(|part| part.trim().to_lowercase());
        parts.iter().any(|part| !part.is_empty()).then(|| parts.join(SEPARATOR.encode_utf8(&mut [0; 4])))
    }

    /// Lowest and highest rack unit it fills; `None` where that is not said.
    #[must_use]
    pub fn units(&self) -> Option<(u32, u32)> {
        let lowest = self.u?;
        Some((lowest, lowest.saturating_add(self.height.unwrap_or(1)).saturating_sub(1)))
    }

    /// Whether the two fill a face in common.
    #[must_use]
    pub fn shares_face(&self, other: &Self) -> bool {
        let faces = (self.face.unwrap_or(Face::FullDepth), other.face.unwrap_or(Face::FullDepth));
        !matches!(faces, (Face::Front, Face::Rear) | (Face::Rear, Face::Front))
    }
}

/// Whether a CI of this status fills its place: what was taken out does not.
#[must_use]
pub fn fills(status: CiStatus) -> bool {
    !matches!(status, CiStatus::Retired | CiStatus::Disposed)
}

/// What stands against the place of a CI in its rack.
///
/// # Errors
/// A storage fault.
pub fn findings(ci: &Ci, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let place = &ci.location;
    let Some((low, high)) = place.units() else { return Ok(Vec::new()) };
    let Some(key) = place.place_key().filter(|_| !place.rack.trim().is_empty()) else {
        return Ok(vec![
            Finding::new(
                "RACK_MISSING",
                format!("{} stands at U{low} of no rack.", ci.name),
                "Name the rack, or leave the rack unit empty.",
            )
            .about(ci.reference())
            .with("field", "location.rack"),
        ]);
    };
    if !is_mounted(ci) {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    let units = units_of_rack(place, records)?.unwrap_or(RACK_UNITS);
    if high > units {
        findings.push(
            Finding::new(
                "RACK_TOO_LOW",
                format!("{} would fill {} of {}, which has {units} units.", ci.name, range(low, high), place.rack),
                "Choose a lower unit, or correct the heights.",
            )
            .about(ci.reference())
            .with("field", "location.u")
            .with("units", units),
        );
    }
    for id in records.find(Lookup::CisAtPlace, &key)? {
        let Some(other) = records.get::<Ci>(CiId(id))?.filter(|other| other.id != ci.id && is_mounted(other)) else {
            continue;
        };
        let Some((from, to)) = other.location.units() else { continue };
        if low <= to && from <= high && place.shares_face(&other.location) {
            findings.push(
                Finding::new(
                    "RACK_SPACE_TAKEN",
                    format!(
                        "{} would fill {} of {}, where {} ({}) fills {}.",
                        ci.name,
                        range(low, high),
                        place.rack,
                        other.name,
                        other.number,
                        range(from, to)
                    ),
                    "Choose other units or the other face, or move that CI first.",
                )
                .about(other.reference())
                .with("field", "location.u"),
            );
        }
    }
    Ok(findings)
}

/// Whether a CI takes room in a rack; the rack itself does not.
fn is_mounted(ci: &Ci) -> bool {
    fills(ci.status) && !ci.class.eq_ignore_ascii_case(RACK)
}

fn range(low: u32, high: u32) -> String {
    if low == high { format!("U{low}") } else { format!("U{low} to U{high}") }
}

/// How many units the rack has, if a CI stands for it.
///
/// # Errors
/// A storage fault.
pub fn units_of_rack(place: &Location, records: &dyn Records) -> Result<Option<u32>, Fault> {
    for rack in records.list::<Ci>(Lookup::CiByName, &pair(RACK, &place.rack))? {
        if rack.location.site == place.site {
            let figure = rack.attributes.get(RACK_HEIGHT).and_then(|text| text.split_whitespace().next());
            return Ok(figure.and_then(|figure| figure.parse().ok()));
        }
    }
    Ok(None)
}
