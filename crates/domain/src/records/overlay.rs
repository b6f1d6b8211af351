//! Records with changes on top that nobody else sees: for trying what a command would do.

use crate::lookup::Lookup;
use crate::record::{Kind, Record};
use crate::records::{Memory, Records};
use crate::refusal::{Failure, Fault};
use std::collections::BTreeSet;
use uuid::Uuid;

/// What lies below is only read. [`Overlay::into_changes`] gives what was done on top.
pub struct Overlay<'a> {
    below: &'a dyn Records,
    above: Memory,
    removed: BTreeSet<(Kind, Uuid)>,
}

/// What an overlay holds: records to write and records to remove.
#[derive(Debug)]
pub struct Changes {
    written: Vec<Record>,
    removed: BTreeSet<(Kind, Uuid)>,
}

impl<'a> Overlay<'a> {
    /// Nothing changed yet.
    #[must_use]
    pub fn over(below: &'a dyn Records) -> Self {
        Self { below, above: Memory::default(), removed: BTreeSet::new() }
    }

    /// What was done on top, to be carried out below.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        Changes { written: self.above.records().cloned().collect(), removed: self.removed }
    }
}

impl Changes {
    /// Carries the changes out.
    ///
    /// # Errors
    /// A storage fault.
    pub fn apply(self, records: &mut dyn Records) -> Result<(), Failure> {
        for (kind, id) in self.removed {
            records.remove(kind, id)?;
        }
        for record in self.written {
            records.write(record)?;
        }
        Ok(())
    }
}

impl Records for Overlay<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        if self.removed.contains(&(kind, id)) {
            return Ok(None);
        }
        match self.above.read(kind, id)? {
            Some(record) => Ok(Some(record)),
            None => self.below.read(kind, id),
        }
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        let mut ids: BTreeSet<Uuid> = self.below.find(lookup, key)?.into_iter().collect();
        // An id is of one record only, so an id that is written or removed above tells nothing by its key below.
        ids.retain(|id| !self.removed.iter().any(|(_, gone)| gone == id) && !self.above.holds(*id));
        ids.extend(self.above.find(lookup, key)?);
        Ok(ids.into_iter().collect())
    }

    fn any(&self, lookup: Lookup, key: &str) -> Result<bool, Fault> {
        if self.above.any(lookup, key)? {
            return Ok(true);
        }
        if self.removed.is_empty() && self.above.records().next().is_none() {
            return self.below.any(lookup, key);
        }
        Ok(!self.find(lookup, key)?.is_empty())
    }

    fn write(&mut self, record: Record) -> Result<(), Fault> {
        self.removed.remove(&(record.kind(), record.id()));
        self.above.write(record)
    }

    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        self.above.remove(kind, id)?;
        self.removed.insert((kind, id));
        Ok(())
    }
}
