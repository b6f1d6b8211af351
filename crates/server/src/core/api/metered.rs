//! Records as a person may read them, and no more of them than one request is worth.

use crate::core::scope::Seen;
use crate::storage::{Keys, Stretch, WorkspaceView};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::refusal::Fault;
use slipway_domain::scope::{Sight, buckets};
use std::cell::Cell;
use uuid::Uuid;

/// Records and keys that one request reads at most.
pub(super) const READ_MOST: usize = 20_000;

/// A reading transaction through the eyes of a person: what they may not read is not there. Reads are counted, and
/// past [`READ_MOST`] fail.
pub(super) struct Metered<'a> {
    view: &'a dyn WorkspaceView,
    sight: &'a Sight,
    read: Cell<usize>,
}

impl<'a> Metered<'a> {
    pub(super) fn new(view: &'a dyn WorkspaceView, sight: &'a Sight) -> Self {
        Self { view, sight, read: Cell::new(0) }
    }

    /// How much was read so far.
    pub(super) fn so_far(&self) -> usize {
        self.read.get()
    }

    /// Whether something was not read because it would have been too much.
    pub(super) fn is_spent(&self) -> bool {
        self.read.get() > READ_MOST
    }

    fn count(&self, more: usize) -> Result<(), Fault> {
        self.read.set(self.read.get().saturating_add(more));
        if self.is_spent() { Err(Fault::new("more than one request may read")) } else { Ok(()) }
    }
}

impl Records for Metered<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        self.count(1)?;
        let records = Seen(self.view);
        let Some(record) = records.read(kind, id)? else { return Ok(None) };
        let lies = buckets(&record, &records)?;
        let is_seen = lies.is_empty() || lies.iter().any(|bucket| self.sight.covers(*bucket));
        Ok(is_seen.then_some(record))
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        let limit = READ_MOST.saturating_sub(self.so_far()).saturating_add(1);
        let stretch = Stretch { lookup, keys: Keys::Is(key), after: None, backwards: false, limit };
        let found = self.view.along(&stretch).map_err(Fault::new)?;
        self.count(found.len())?;
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    fn write(&mut self, _record: Record) -> Result<(), Fault> {
        Err(Fault::new("this transaction only reads"))
    }

    fn remove(&mut self, _kind: Kind, _id: Uuid) -> Result<(), Fault> {
        Err(Fault::new("this transaction only reads"))
    }
}
