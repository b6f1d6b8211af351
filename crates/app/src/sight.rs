//! What a query reads with: the records at one moment, who asks, and when.

use crate::view::common::{Named, Names, SyncMark};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::cmdb::impact::Question;
use slipway_domain::cmdb::merge_ci;
use slipway_domain::id::{CiId, PersonId};
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Person;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::Fault;
use slipway_domain::time::Timestamp;
use slipway_store::impact::{Page, Wanted};
use slipway_store::of_class::ClassMark;
use slipway_store::places::PlaceBelow;
use uuid::Uuid;

/// What storage knows beside the records.
pub trait Beside {
    /// Own commands on a record that wait, will be refused, or need attention.
    ///
    /// # Errors
    /// A storage fault.
    fn mark(&self, kind: Kind, id: Uuid) -> Result<SyncMark, Fault>;

    /// Records of a kind with that number, name or foreign number, in any case.
    ///
    /// # Errors
    /// A storage fault.
    fn labelled(&self, kind: Kind, label: &str) -> Result<Vec<Uuid>, Fault>;

    /// CIs of a class (its key, lower case) after a mark, at most so many, each with its own mark.
    ///
    /// # Errors
    /// A storage fault.
    fn cis_of_class(&self, class: &str, after: &ClassMark, most: usize) -> Result<Vec<(Uuid, ClassMark)>, Fault>;

    /// Releases in a phase that is not closed.
    ///
    /// # Errors
    /// A storage fault.
    fn open_releases(&self) -> Result<Vec<Uuid>, Fault>;

    /// How many CIs are of a class (its key, lower case); nothing is counted for it.
    ///
    /// # Errors
    /// A storage fault.
    fn count_of_class(&self, class: &str) -> Result<u64, Fault>;

    /// Places below one (its parts from the site down, none for the sites) after a part, at most so many.
    ///
    /// # Errors
    /// A storage fault.
    fn places_below(&self, above: &[String], after: Option<&str>, most: usize) -> Result<Vec<PlaceBelow>, Fault>;

    /// CIs at a place (its key) after a row, at most so many, each with its row.
    ///
    /// # Errors
    /// A storage fault.
    fn cis_at_place(&self, key: &str, after: i64, most: usize) -> Result<Vec<(Ci, i64)>, Fault>;

    /// Records under a key after a row, at most so many, each with its row; one of another key may be among them.
    ///
    /// # Errors
    /// A storage fault.
    fn under(&self, lookup: Lookup, key: &str, after: i64, most: usize) -> Result<Vec<(Uuid, i64)>, Fault>;

    /// Records of a kind with that title (for a DHS unit its serial number), in any case.
    ///
    /// # Errors
    /// A storage fault.
    fn titled(&self, kind: Kind, title: &str) -> Result<Vec<Uuid>, Fault>;

    /// Some of what CIs reach.
    ///
    /// # Errors
    /// A storage fault.
    fn impact(&self, question: &Question, wanted: Wanted) -> Result<Page, Fault>;
}

/// The records at one moment, seen by one person.
#[derive(Clone, Copy)]
pub struct Sight<'a> {
    /// The records.
    pub records: &'a dyn Records,
    /// What storage knows beside them.
    pub beside: &'a dyn Beside,
    /// Who looks.
    pub me: PersonId,
    /// When.
    pub now: Timestamp,
}

impl Sight<'_> {
    /// The person who looks; the workspace itself where nobody is known yet.
    ///
    /// # Errors
    /// A storage fault.
    pub fn person(&self) -> Result<Person, Fault> {
        Ok(self.records.get::<Person>(self.me)?.unwrap_or_else(|| Person {
            id: self.me,
            name: String::new(),
            user: String::new(),
            roles: std::collections::BTreeSet::new(),
            active: false,
        }))
    }

    /// How a person calls a record; its id where it is not here.
    ///
    /// # Errors
    /// A storage fault.
    pub fn label(&self, kind: Kind, id: impl Into<Uuid>) -> Result<String, Fault> {
        let id = id.into();
        if kind == Kind::Person && id == PersonId::SYSTEM.0 {
            return Ok(slipway_domain::access::system().name);
        }
        let mut found = self.records.read(kind, id)?;
        if found.is_none() && kind == Kind::Ci {
            // It may have been merged into another.
            found = self.records.read(kind, merge_ci::resolve(CiId(id), self.records)?.0)?;
        }
        Ok(found.map_or_else(|| id.to_string(), |record| record.label()))
    }

    /// A record by identity and name.
    ///
    /// # Errors
    /// A storage fault.
    pub fn named(&self, kind: Kind, id: impl Into<Uuid>) -> Result<Named, Fault> {
        let id = id.into();
        Ok(Named { id: id.to_string(), label: self.label(kind, id)? })
    }

    /// Adds the label of a record to those of a page.
    ///
    /// # Errors
    /// A storage fault.
    pub fn name(&self, names: &mut Names, kind: Kind, id: impl Into<Uuid>) -> Result<(), Fault> {
        let id = id.into();
        if let std::collections::btree_map::Entry::Vacant(place) = names.entry(id.to_string()) {
            place.insert(self.label(kind, id)?);
        }
        Ok(())
    }

    /// Whether the record is confirmed.
    ///
    /// # Errors
    /// A storage fault.
    pub fn mark(&self, record: &Record) -> Result<SyncMark, Fault> {
        self.beside.mark(record.kind(), record.id())
    }
}

/// The address of a record in the window; `None` for kinds that have no page.
#[must_use]
pub fn path(record: &Record) -> Option<String> {
    Some(match record {
        Record::Release(r) => format!("/releases/{}", address(r.number.as_str())),
        Record::Change(c) => format!("/changes/{}", address(c.number.as_str())),
        Record::Ci(c) => format!("/cmdb/{}", address(c.number.as_str())),
        Record::CiGroup(g) => format!("/cmdb/groups/{}", g.id),
        Record::Observation(o) => format!("/cmdb/reconcile/{}", o.id),
        Record::DslItem(i) => format!("/dsl/{}", address(i.number.as_str())),
        Record::DhsUnit(u) => format!("/dhs/{}", address(u.number.as_str())),
        Record::Stocktake(s) => format!("/dhs/stocktakes/{}", s.id),
        Record::DhsModel(m) => format!("/dhs/models/{}", m.id),
        Record::DhsStock(s) => format!("/dhs/models/{}", s.model),
        // The month in which it begins.
        Record::Freeze(f) => format!("/calendar/month/{}", f.window.start.day()),
        Record::Task(t) => format!("/releases/{}/tasks", t.release),
        Record::TestRecord(t) => format!("/releases/{}/readiness", t.release),
        Record::Approval(a) => match a.subject {
            slipway_domain::approval::record::Subject::Release(id) => format!("/releases/{id}/approvals"),
            slipway_domain::approval::record::Subject::Change(id) => format!("/changes/{id}"),
        },
        _ => return None,
    })
}

/// A number as part of an address: as it is, but for what an address cannot hold.
fn address(number: &str) -> String {
    number.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}
