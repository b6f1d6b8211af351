//! The storage under the rules, as a trait: laptop and server implement it on their own transaction.

pub mod overlay;

use crate::cmdb::impact::{Impact, Question};
use crate::lookup::Lookup;
use crate::record::{Entity, Kind, Record, RecordRef};
use crate::refusal::{Failure, Fault, Finding};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Reads and writes of one transaction. A read sees the transaction's own writes.
pub trait Records {
    /// The record, or `None`.
    ///
    /// # Errors
    /// A storage fault.
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault>;

    /// Ids found under a key, ascending.
    ///
    /// # Errors
    /// A storage fault.
    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault>;

    /// What CIs reach, if this storage has a shorter way than its look-ups; `None`: it has not. It must reach the CIs
    /// that [`analyse`](crate::cmdb::impact::analyse) reaches by them, each at the same depth; among ways of the same
    /// length it may choose others.
    ///
    /// # Errors
    /// A storage fault.
    fn impact(&self, _question: &Question) -> Result<Option<Impact>, Fault> {
        Ok(None)
    }

    /// Whether anything is found under a key; storage that need not gather all of it to know does not.
    ///
    /// # Errors
    /// A storage fault.
    fn any(&self, lookup: Lookup, key: &str) -> Result<bool, Fault> {
        Ok(!self.find(lookup, key)?.is_empty())
    }

    /// Creates or replaces a record together with its look-ups.
    ///
    /// # Errors
    /// A storage fault.
    fn write(&mut self, record: Record) -> Result<(), Fault>;

    /// Removes a record, leaving a tombstone.
    ///
    /// # Errors
    /// A storage fault.
    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault>;
}

/// What to do about a record that is not among those held here.
pub const NOT_HERE: &str = "Sync, then try again. If it lies at a site that this laptop does not hold, hold that site \
                            first (Settings, This laptop); it may also have been removed, or not be yours to read.";

/// Typed access over [`Records`].
pub trait RecordsExt: Records {
    /// The record of that type, or `None`.
    ///
    /// # Errors
    /// A storage fault.
    fn get<E: Entity>(&self, id: E::Id) -> Result<Option<E>, Fault> {
        Ok(self.read(E::KIND, id.into())?.and_then(E::from_record))
    }

    /// The record of that type; its absence is a refusal that names it.
    ///
    /// # Errors
    /// `NOT_FOUND`, or a storage fault.
    fn must<E: Entity>(&self, id: E::Id) -> Result<E, Failure> {
        let uuid: Uuid = id.into();
        self.get::<E>(id)?.ok_or_else(|| {
            let kind = E::KIND.name().replace('_', " ");
            Finding::new("NOT_FOUND", format!("There is no {kind} {uuid} here."), NOT_HERE)
                .about(RecordRef { kind: E::KIND, id: uuid, label: uuid.to_string() })
                .into()
        })
    }

    /// Every record of that type under a key, by ascending id.
    ///
    /// # Errors
    /// A storage fault.
    fn list<E: Entity>(&self, lookup: Lookup, key: &str) -> Result<Vec<E>, Fault> {
        let mut found = Vec::new();
        for id in self.find(lookup, key)? {
            if let Some(record) = self.get::<E>(id.into())? {
                found.push(record);
            }
        }
        Ok(found)
    }

    /// Every record of a kind that has few ([`Lookup::AllOf`]).
    ///
    /// # Errors
    /// A storage fault.
    fn all<E: Entity>(&self) -> Result<Vec<E>, Fault> {
        self.list(Lookup::AllOf, E::KIND.name())
    }

    /// Creates or replaces a record.
    ///
    /// # Errors
    /// A storage fault.
    fn put<E: Entity>(&mut self, record: E) -> Result<(), Fault> {
        self.write(record.into())
    }
}

impl<R: Records + ?Sized> RecordsExt for R {}

/// Records in memory: for tests, and for trying a command without storage.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    records: BTreeMap<(Kind, Uuid), Record>,
    lookups: BTreeMap<(Lookup, String), BTreeSet<Uuid>>,
}

impl Memory {
    /// Everything held, ordered by kind and id.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    /// Whether a record of any kind with this id is held.
    #[must_use]
    pub fn holds(&self, id: Uuid) -> bool {
        self.records.keys().any(|(_, held)| *held == id)
    }

    fn forget(&mut self, kind: Kind, id: Uuid) {
        if let Some(old) = self.records.remove(&(kind, id)) {
            for key in old.lookups() {
                if let Some(ids) = self.lookups.get_mut(&key) {
                    ids.remove(&id);
                }
            }
        }
    }
}

impl Records for Memory {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        Ok(self.records.get(&(kind, id)).cloned())
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        Ok(self.lookups.get(&(lookup, key.to_owned())).map(|ids| ids.iter().copied().collect()).unwrap_or_default())
    }

    fn write(&mut self, record: Record) -> Result<(), Fault> {
        self.forget(record.kind(), record.id());
        for key in record.lookups() {
            self.lookups.entry(key).or_default().insert(record.id());
        }
        self.records.insert((record.kind(), record.id()), record);
        Ok(())
    }

    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        self.forget(kind, id);
        Ok(())
    }
}
