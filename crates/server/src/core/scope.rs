//! What a caller may read, as it stands in the same transaction as the records that are read for them.

use super::{Caller, Core, not_signed_in};
use crate::error::ServerError;
use crate::storage::{StorageError, WorkspaceView};
use sha2::{Digest, Sha256};
use slipway_domain::id::SiteId;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::{Person, Site};
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::Fault;
use slipway_domain::scope::{Bucket, Sight, Sites};
use slipway_sync::encoding;
use slipway_sync::protocol::{Scope, ScopeSite};
use uuid::Uuid;

/// What a caller may read.
pub(super) struct Readable {
    sight: Sight,
    /// The sites of it, ascending.
    sites: Vec<SiteId>,
}

impl Core {
    /// Whether this bucket is the caller's to read.
    ///
    /// # Errors
    /// The person is gone; or the storage failed.
    pub fn may_read(&self, caller: &Caller, bucket: Bucket) -> Result<bool, ServerError> {
        Ok(Readable::of(self.snapshot()?.as_ref(), caller)?.covers(bucket))
    }
}

impl Readable {
    pub(super) fn of(view: &dyn WorkspaceView, caller: &Caller) -> Result<Self, ServerError> {
        let records = Seen(view);
        let person = records.get::<Person>(caller.person).map_err(fault)?.ok_or_else(not_signed_in)?;
        let sight = Sight::of(&person, &records).map_err(fault)?;
        let sites = match &sight.sites {
            Sites::All => view.ids_under(Lookup::AllOf, Kind::Site.name())?.into_iter().map(SiteId).collect(),
            Sites::Only(sites) => sites.iter().copied().collect(),
        };
        Ok(Self { sight, sites })
    }

    pub(super) fn covers(&self, bucket: Bucket) -> bool {
        match bucket {
            Bucket::Site(site) => self.sites.binary_search(&site).is_ok(),
            other => self.sight.covers(other),
        }
    }

    /// Whether there is nothing that the caller may not read.
    pub(super) fn all(&self) -> bool {
        matches!(self.sight.sites, Sites::All)
    }

    /// Another one whenever the buckets are others.
    pub(super) fn tag(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(self.sight.person.0.as_bytes());
        self.sites.iter().for_each(|site| hash.update(site.0.as_bytes()));
        encoding::hex(hash.finalize().get(..8).unwrap_or_default())
    }

    /// For the laptop, with names.
    pub(super) fn told(&self, view: &dyn WorkspaceView) -> Result<Scope, ServerError> {
        let mut sites = Vec::with_capacity(self.sites.len());
        for id in &self.sites {
            let site = Seen(view).get::<Site>(*id).map_err(fault)?;
            sites.push(ScopeSite { id: *id, name: site.map_or_else(|| id.to_string(), |site| site.name) });
        }
        Ok(Scope { tag: self.tag(), person: self.sight.person, sites })
    }
}

fn fault(fault: Fault) -> ServerError {
    StorageError::Engine(fault.0).into()
}

/// A reading transaction as the rules see it.
pub(super) struct Seen<'a>(pub(super) &'a dyn WorkspaceView);

impl Records for Seen<'_> {
    fn read(&self, kind: Kind, id: Uuid) -> Result<Option<Record>, Fault> {
        let body = self.0.body(kind, id).map_err(Fault::new)?;
        body.map(|body| Record::from_body(kind, &body)).transpose()
    }

    fn find(&self, lookup: Lookup, key: &str) -> Result<Vec<Uuid>, Fault> {
        self.0.ids_under(lookup, key).map_err(Fault::new)
    }

    fn write(&mut self, _record: Record) -> Result<(), Fault> {
        Err(Fault::new("this transaction only reads"))
    }

    fn remove(&mut self, _kind: Kind, _id: Uuid) -> Result<(), Fault> {
        Err(Fault::new("this transaction only reads"))
    }
}
