//! Buckets: the parts of a workspace that a laptop may hold or leave out, each with a cursor and a checksum of its own.
//! Which records lie in which of them is the domain's to say.

use crate::limits;
use crate::protocol::Scope;
use slipway_domain::id::SiteId;
pub use slipway_domain::scope::{Bucket, NotABucket};
use std::collections::BTreeSet;

/// The sites of the scope that a laptop holds which wants only these (`None`: all), as many as a device may hold; by
/// name, so that it is always the same ones.
#[must_use]
pub fn chosen(only: Option<&BTreeSet<SiteId>>, scope: &Scope) -> BTreeSet<SiteId> {
    let mut sites: Vec<(&str, SiteId)> = scope
        .sites
        .iter()
        .filter(|site| only.is_none_or(|only| only.contains(&site.id)))
        .map(|site| (site.name.as_str(), site.id))
        .collect();
    sites.sort_unstable();
    sites.into_iter().take(limits::SITES).map(|(_, id)| id).collect()
}

/// The buckets that such a laptop holds.
#[must_use]
pub fn wanted(only: Option<&BTreeSet<SiteId>>, scope: &Scope) -> BTreeSet<Bucket> {
    let sites = chosen(only, scope).into_iter().map(Bucket::Site);
    [Bucket::Workspace, Bucket::Person(scope.person)].into_iter().chain(sites).collect()
}
