//! Trying commands without issuing them: what would happen, and what speaks against it.
//!
//! Runs on a reader with its writes in memory, so it neither waits for a writer nor holds one up.

use crate::error::{StoreError, Trouble};
use crate::issue::IssueError;
use crate::open::Store;
use crate::status::known_to_server;
use crate::view::View;
use slipway_domain::command::Command;
use slipway_domain::execute::{Context, Effect, execute_at_desk};
use slipway_domain::id::{CommandId, PersonId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::Records;
use slipway_domain::refusal::{Failure, Fault, Refusal};
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

impl Store {
    /// What a command would do. Nothing is kept.
    ///
    /// # Errors
    /// The refusal, or that the storage failed.
    pub fn try_out(&self, actor: PersonId, now: Timestamp, command: &Command) -> Result<Effect, IssueError> {
        let mut outcomes = self.try_out_all(actor, now, &mut std::iter::once(command.clone()))?;
        match outcomes.pop() {
            Some(outcome) => outcome.map_err(IssueError::Refused),
            None => Ok(Effect::default()),
        }
    }

    /// What commands would do one after the other, each on what those before it would leave. Nothing is kept.
    ///
    /// # Errors
    /// That the storage failed.
    pub fn try_out_all(
        &self,
        actor: PersonId,
        now: Timestamp,
        commands: &mut dyn Iterator<Item = Command>,
    ) -> Result<Vec<Result<Effect, Refusal>>, StoreError> {
        self.reading(|conn| {
            let mut kept = Layer::default();
            let mut outcomes = Vec::new();
            for (command, n) in commands.zip(1..) {
                let mut overlay = Overlay { below: View(conn), kept: &kept, new: Layer::default() };
                let mut context =
                    Context { command: CommandId(Uuid::from_u128(n)), actor, now, numbers: BTreeMap::new() };
                let known = known_to_server(conn, &command);
                match known.and_then(|()| execute_at_desk(&command, &mut context, &mut overlay)) {
                    Ok(effect) => {
                        let new = overlay.new;
                        kept.take(new);
                        outcomes.push(Ok(effect));
                    }
                    Err(Failure::Refused(refusal)) => outcomes.push(Err(refusal)),
                    Err(Failure::Fault(fault)) => return Err(Trouble::from(fault)),
                }
            }
            Ok(outcomes)
        })
    }
}

/// Records that were written, or removed, in memory only.
#[derive(Default)]
struct Layer {
    records: BTreeMap<(Kind, Uuid), Option<Record>>,
    /// Ids are unique across kinds, so one set says whose stored keys no longer count.
    ids: BTreeSet<Uuid>,
    lookups: BTreeMap<(Lookup, String), BTreeSet<Uuid>>,
}

impl Layer {
    fn put(&mut self, kind: Kind, id: Uuid, record: Option<Record>) {
        if let Some(Some(old)) = self.records.get(&(kind, id)) {
            for key in old.lookups() {
                if let Some(ids) = self.lookups.get_mut(&key) {
                    ids.remove(&id);
                }
            }
        }
        for key in record.iter().flat_map(Record::lookups) {
            self.lookups.entry(key).or_default().insert(id);
        }
        self.ids.insert(id);
        self.records.insert((kind, id), record);
    }

    fn take(&mut self, other: Self) {
        for ((kind, id), record) in other.records {
            self.put(kind, id, record);
        }
    }

    /// Adds what is found here and takes off what this layer covers.
    fn find(&self, lookup: Lookup, key: &str, found: &mut BTreeSet<Uuid>) {
        found.retain(|id| !self.ids.contains(id));
        if let Some(ids) = self.lookups.get(&(lookup, key.to_owned())) {
            found.extend(ids);
        }
    }
}

/// One command's writes over those of the commands before it over the stored records.
struct Overlay<'c> {
    below: View<'c>,
    kept: &'c Layer,
    new: Layer,
}

impl Records for Overlay<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        match self.new.records.get(&(kind, id)).or_else(|| self.kept.records.get(&(kind, id))) {
            Some(record) => Ok(record.clone()),
            None => self.below.read(kind, id),
        }
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        let mut found: BTreeSet<Uuid> = self.below.find(lookup, key)?.into_iter().collect();
        self.kept.find(lookup, key, &mut found);
        self.new.find(lookup, key, &mut found);
        Ok(found.into_iter().collect())
    }

    fn write(&mut self, record: Record) -> Result<(), Fault> {
        self.new.put(record.kind(), record.id(), Some(record));
        Ok(())
    }

    fn remove(&mut self, kind: Kind, id: Uuid) -> Result<(), Fault> {
        self.new.put(kind, id, None);
        Ok(())
    }
}
