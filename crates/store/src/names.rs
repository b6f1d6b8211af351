//! CIs by name, class and number. Lists have them in indexes already, so most CIs need no look-ups of their own for them.

use crate::db::Db;
use crate::error::Trouble;
use crate::view::{class_code, read, uuid};
use rusqlite::params;
use slipway_domain::lookup::Lookup;
use slipway_domain::number::{Number, Series};
use slipway_domain::record::{Kind, Record};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub(crate) const NAMED: &str =
    "SELECT r.id, s.label FROM ci_summary s JOIN record r ON r.n = s.n WHERE s.label = ?1 AND ?2 IS NULL";
pub(crate) const NAMED_OF_CLASS: &str =
    "SELECT r.id, s.label FROM ci_summary s JOIN record r ON r.n = s.n WHERE s.grp = ?2 AND s.label = ?1";
pub(crate) const NUMBERED: &str = "SELECT r.id FROM ci_summary s JOIN record r ON r.n = s.n WHERE s.position = ?1";

/// Whether a summary may answer this look-up.
pub(crate) fn is_in_summaries(lookup: Lookup) -> bool {
    matches!(lookup, Lookup::CiByClass | Lookup::CiByName | Lookup::CiByBareName | Lookup::Number)
}

/// Whether the summary of this record answers this look-up of it, so that none is kept.
pub(crate) fn is_answered(record: &Record, lookup: Lookup) -> bool {
    match (lookup, record) {
        (Lookup::CiByClass, _) => true,
        (Lookup::CiByBareName, Record::Ci(ci)) => is_plain(&ci.name),
        (Lookup::CiByName, Record::Ci(ci)) => {
            is_plain(&ci.name) && ci.class.trim() == ci.class && !ci.class.contains('|')
        }
        (Lookup::Number, Record::Ci(ci)) => position(ci.number.as_str()).is_some(),
        _ => false,
    }
}

/// The index of names knows no case of letters beyond ASCII, keeps spaces around a name and ends at a NUL.
fn is_plain(name: &str) -> bool {
    name.is_ascii() && name.trim() == name && !name.contains('\0')
}

/// The place in its series of a CI's number as everybody writes it.
fn position(number: &str) -> Option<u32> {
    let position = number.strip_prefix(Series::Ci.prefix())?.strip_prefix('-')?.parse().ok()?;
    (position < u32::MAX && Number::new(Series::Ci, position).as_str() == number).then_some(position)
}

/// CIs whose summaries answer a look-up, unordered; by class there may be very many, see [`crate::view::OF_CLASS`].
pub(crate) fn answered(db: &Db, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Trouble> {
    match lookup {
        Lookup::CiByName | Lookup::CiByBareName => Ok(named(db, lookup, key)?),
        Lookup::Number => match position(key) {
            Some(position) => numbered(db, position, key),
            None => Ok(Vec::new()),
        },
        _ => Ok(Vec::new()),
    }
}

fn numbered(db: &Db, position: u32, number: &str) -> Result<Vec<Uuid>, Trouble> {
    let mut statement = db.prepare_cached(NUMBERED)?;
    let ids: Vec<Uuid> = statement.query_map((position,), |row| uuid(row, 0))?.collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for id in ids {
        // Another way of writing a number has the same place.
        if matches!(read(db, Kind::Ci, id)?, Some(Record::Ci(ci)) if ci.number.as_str() == number) {
            found.push(id);
        }
    }
    Ok(found)
}

fn named(db: &Db, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, rusqlite::Error> {
    let (class, name) = match (lookup, key.split_once('|')) {
        (Lookup::CiByName, Some((class, name))) => match class_code(db, class)? {
            Some(class) => (Some(class), name),
            None => return Ok(Vec::new()),
        },
        (Lookup::CiByBareName, _) => (None, key),
        _ => return Ok(Vec::new()),
    };
    let mut statement = db.prepare_cached(if class.is_some() { NAMED_OF_CLASS } else { NAMED })?;
    let mut rows = statement.query(params![name, class])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get_ref(1)?.as_str()?.to_lowercase() == name {
            found.push(uuid(row, 0)?);
        }
    }
    Ok(found)
}

/// CIs written in a transaction that brings summaries up to date at its end, by what those will answer.
#[derive(Default)]
pub(crate) struct Written {
    keys: BTreeMap<Uuid, Vec<(Lookup, String)>>,
    ids: BTreeMap<(Lookup, String), BTreeSet<Uuid>>,
}

impl Written {
    /// What a CI is now; `None`: it is gone, or nobody here can read it.
    pub(crate) fn put(&mut self, id: Uuid, record: Option<&Record>) {
        let keys: Vec<(Lookup, String)> = record.map_or_else(Vec::new, |record| {
            record.lookups().into_iter().filter(|(lookup, _)| is_in_summaries(*lookup)).collect()
        });
        for key in self.keys.insert(id, keys.clone()).unwrap_or_default() {
            if let Some(ids) = self.ids.get_mut(&key) {
                ids.remove(&id);
            }
        }
        for key in keys {
            self.ids.entry(key).or_default().insert(id);
        }
    }

    /// Whether this CI was written.
    pub(crate) fn has(&self, id: Uuid) -> bool {
        self.keys.contains_key(&id)
    }

    /// Those that are under this key now.
    pub(crate) fn find(&self, lookup: Lookup, key: &str) -> impl Iterator<Item = Uuid> {
        self.ids.get(&(lookup, key.to_owned())).into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::Written;
    use slipway_domain::cmdb::ci::Ci;
    use slipway_domain::id::CiId;
    use slipway_domain::lookup::Lookup;
    use slipway_domain::number::{Number, Series};
    use slipway_domain::record::Record;
    use uuid::Uuid;

    #[test]
    fn what_was_written_last_is_found_and_nothing_from_before() {
        let id = CiId(Uuid::from_u128(1));
        let named = |name: &str| Record::from(Ci::blank(id, Number::new(Series::Ci, 1), "server", name));
        let mut written = Written::default();
        let found = |written: &Written, lookup, key: &str| written.find(lookup, key).collect::<Vec<_>>();
        written.put(id.0, Some(&named("Web")));
        assert_eq!(found(&written, Lookup::CiByName, "server|web"), [id.0]);
        written.put(id.0, Some(&named("db")));
        assert!(found(&written, Lookup::CiByName, "server|web").is_empty());
        assert_eq!(found(&written, Lookup::CiByBareName, "db"), [id.0]);
        assert_eq!(found(&written, Lookup::CiByClass, "server"), [id.0]);
        written.put(id.0, None);
        assert!(found(&written, Lookup::CiByBareName, "db").is_empty());
        assert!(written.has(id.0), "that it is gone counts");
    }
}
