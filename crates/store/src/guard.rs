//! Members of redundancy groups and rules by row number, so that a walk finds what guards a CI without reading bodies.

use crate::db::Db;
use crate::error::Trouble;
use crate::pack::end;
use crate::view::{find, row};
use slipway_domain::cmdb::impact::walk::Guard;
use slipway_domain::id::CiId;
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use std::collections::BTreeSet;

pub(crate) const DROP: &str = "DELETE FROM guard WHERE rule = ?1";

/// Those who are members of what a record says is redundant; `None` for records that say no such thing.
fn members(record: &Record) -> Option<&BTreeSet<CiId>> {
    match record {
        Record::CiGroup(group) if group.enough.is_some() => Some(&group.members),
        Record::Redundancy(rule) => Some(&rule.providers),
        _ => None,
    }
}

/// Whether records of this kind may say that something is redundant.
pub(crate) fn may_guard(kind: &str) -> bool {
    kind == Kind::CiGroup.name() || kind == Kind::Redundancy.name()
}

/// Brings the members of the record in row `n` up to date; `None`: it is gone.
pub(crate) fn write(db: &Db, n: i64, record: Option<&Record>) -> Result<(), Trouble> {
    db.prepare_cached(DROP)?.execute((n,))?;
    for member in record.and_then(members).into_iter().flatten() {
        let member = end(db, member.0)?;
        db.prepare_cached("INSERT INTO guard (member, rule) VALUES (?1, ?2)")?.execute((member, n))?;
    }
    Ok(())
}

/// Brings the members of every record up to date, after rows were filled in from end to end.
pub(crate) fn rebuild(db: &Db) -> Result<(), Trouble> {
    db.execute("DELETE FROM guard", ())?;
    for kind in [Kind::CiGroup, Kind::Redundancy] {
        for id in find(db, Lookup::Redundancies, kind.name())? {
            if let Some(n) = row(db, kind.name(), id)? {
                write(db, n, crate::view::read(db, kind, id)?.as_ref())?;
            }
        }
    }
    Ok(())
}

/// What a walk needs to know of the record in a row.
pub(crate) fn of(db: &Db, record: &Record) -> Result<Option<Guard<i64>>, Trouble> {
    let count = |members: &BTreeSet<CiId>| u32::try_from(members.len()).unwrap_or(u32::MAX);
    Ok(match record {
        Record::CiGroup(group) => group.enough.map(|enough| Guard { ci: None, members: count(&group.members), enough }),
        // A CI that was never here is reached by nobody, but it is not everybody either.
        Record::Redundancy(rule) => Some(Guard {
            ci: Some(row(db, Kind::Ci.name(), rule.ci.0)?.unwrap_or_default()),
            members: count(&rule.providers),
            enough: rule.enough,
        }),
        _ => None,
    })
}
