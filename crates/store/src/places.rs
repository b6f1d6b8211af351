//! Where CIs stand, level by level: sites, the buildings of one, their rooms, their racks.
//!
//! Each place at which a CI stood since the last derivation is a name, [`PLACE`] before its parts, each part with a
//! separator behind it; whether one stands there now say the look-ups. So the tree costs what its places do, whatever
//! stands in them.

use crate::db::Db;
use crate::error::Trouble;
use crate::pack::Stored;
use crate::view::{View, lookup_key, uuid};
use rusqlite::OptionalExtension;
use slipway_domain::cmdb::ci::{Ci, Location};
use slipway_domain::cmdb::location::SEPARATOR;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::refusal::Fault;

/// What the name of a place begins with.
pub(crate) const PLACE: &str = "place";

pub(crate) const NEXT_PLACE: &str = "SELECT text FROM name WHERE text > ?1 AND text < ?2 ORDER BY text LIMIT 1";
pub(crate) const AT_PLACE: &str = "SELECT r.id, r.body, r.source, r.target, l.n, r.kind FROM lookup l
    JOIN record r ON r.n = l.n WHERE l.key = ?1 AND l.n > ?2 ORDER BY l.n";

/// The name of the place of a CI; `None` for one that stands nowhere.
pub(crate) fn name_of(record: &Record) -> Option<String> {
    let Record::Ci(ci) = record else { return None };
    ci.location.place_key().map(|key| format!("{PLACE}{SEPARATOR}{key}{SEPARATOR}"))
}

/// A place below another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaceBelow {
    /// Its own part of the key, lower case; empty for what says nothing on this level.
    pub part: String,
    /// Where a CI in it stands: its parts as they are written.
    pub like: Location,
}

impl View<'_> {
    /// The places below one (its parts from the site down, none for the sites), by their keys, after a part, at most so
    /// many.
    ///
    /// # Errors
    /// A storage fault.
    pub fn places_below(&self, above: &[String], after: Option<&str>, most: usize) -> Result<Vec<PlaceBelow>, Fault> {
        self.below(above, after, most).map_err(Trouble::into_fault)
    }

    /// The CIs at a place, by its key, after a row, at most so many, each with its row.
    ///
    /// # Errors
    /// A storage fault.
    pub fn cis_at_place(&self, key: &str, after: i64, most: usize) -> Result<Vec<(Ci, i64)>, Fault> {
        cis_at(self.0, key, after, most).map_err(Trouble::into_fault)
    }

    fn below(&self, above: &[String], after: Option<&str>, most: usize) -> Result<Vec<PlaceBelow>, Trouble> {
        let mut prefix = format!("{PLACE}{SEPARATOR}");
        for part in above {
            prefix.push_str(part);
            prefix.push(SEPARATOR);
        }
        let end = format!("{prefix}{}", char::MAX);
        let past = |part: &str| format!("{prefix}{part}{SEPARATOR}{}", char::MAX);
        let mut at = after.map_or_else(|| prefix.clone(), past);
        let mut found = Vec::new();
        let mut next = self.0.prepare_cached(NEXT_PLACE)?;
        while found.len() < most {
            let text: Option<String> = next.query_row((&at, &end), |row| row.get(0)).optional()?;
            let Some(text) = text else { break };
            let part = text.get(prefix.len()..).and_then(|rest| rest.split(SEPARATOR).next()).unwrap_or_default();
            let key = text
                .get(PLACE.len() + SEPARATOR.len_utf8()..)
                .and_then(|key| key.strip_suffix(SEPARATOR))
                .unwrap_or_default();
            match stands_at(self.0, key)? {
                Some(like) => {
                    at = past(part);
                    found.push(PlaceBelow { part: part.to_owned(), like });
                }
                // Nothing stands there any more; another place with the same part may still be in use.
                None => at = text,
            }
        }
        Ok(found)
    }
}

/// Where a CI at this place stands, if there is one.
fn stands_at(db: &Db, key: &str) -> Result<Option<Location>, Trouble> {
    Ok(cis_at(db, key, 0, 1)?.pop().map(|(ci, _)| ci.location))
}

fn cis_at(db: &Db, key: &str, after: i64, most: usize) -> Result<Vec<(Ci, i64)>, Trouble> {
    let mut found = Vec::new();
    let mut statement = db.prepare_cached(AT_PLACE)?;
    let mut rows = statement.query((lookup_key(Lookup::CisAtPlace, key), after))?;
    while found.len() < most {
        let Some(row) = rows.next()? else { break };
        let id = uuid(row, 0)?;
        // The key in the table is short: whether it is that of a CI at this place only the record itself can say.
        if &*db.text(row.get(5)?)? != Kind::Ci.name() {
            continue;
        }
        if let Some(Record::Ci(ci)) = Stored::from_row(row, 1)?.record(db, Kind::Ci, id)?
            && ci.location.place_key().as_deref() == Some(key)
        {
            found.push((*ci, row.get(4)?));
        }
    }
    Ok(found)
}
