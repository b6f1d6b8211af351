//! Which sites this laptop holds: those that its person may read, unless they chose fewer.
//!
//! A choice takes effect with the next sync: what is no longer wanted leaves in the same step in which what is wanted
//! is complete, and what waits for the server is touched by neither.

use crate::App;
use crate::error::CallError;
use crate::view::common::Nothing;
use crate::view::held::{ChooseSitesRequest, HeldSite, HeldSites};
use slipway_domain::id::{PersonId, SiteId};
use slipway_domain::people::Site;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use slipway_store::Store;
use slipway_store::error::StoreError;
use slipway_sync::bucket::{self, Bucket, chosen};
use slipway_sync::limits;
use slipway_sync::protocol::Scope;
use std::collections::{BTreeMap, BTreeSet};

/// What the server last said that the person may read.
const SCOPE: &str = "sync.scope";
/// Which of it this laptop is to hold.
const CHOICE: &str = "sync.sites";

/// What the server last said that the person may read; `None` before it first did.
pub(crate) fn scope(store: &Store) -> Result<Option<Scope>, StoreError> {
    Ok(store.remembered(SCOPE)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Keeps what the server said.
pub(crate) fn keep_scope(store: &Store, scope: &Scope) -> Result<(), StoreError> {
    store.remember(SCOPE, &serde_json::to_string(scope).unwrap_or_default())
}

/// The buckets that this laptop is to hold; those it holds already while it does not know what it may.
pub(crate) fn wanted(store: &Store) -> Result<BTreeSet<Bucket>, StoreError> {
    Ok(match scope(store)? {
        None => {
            let held = store.status()?.cursors.into_iter().filter_map(|c| c.bucket.parse::<Bucket>().ok());
            [Bucket::Workspace].into_iter().chain(held).collect()
        }
        Some(scope) => bucket::wanted(only(store)?.as_ref(), &scope),
    })
}

/// Which sites this laptop is to hold; `None`: all that may be read, also those to come.
///
/// # Errors
/// That the storage failed.
pub fn only(store: &Store) -> Result<Option<BTreeSet<SiteId>>, StoreError> {
    Ok(store.remembered(CHOICE)?.and_then(|text| serde_json::from_str(&text).ok()).flatten())
}

/// From the next sync on this laptop is to hold these sites; `None`: all that may be read.
///
/// # Errors
/// That the storage failed.
pub fn hold_only(store: &Store, sites: Option<&BTreeSet<SiteId>>) -> Result<(), StoreError> {
    store.remember(CHOICE, &serde_json::to_string(&sites).unwrap_or_default())
}

/// The sites that the person may read, and which of them are held here.
///
/// # Errors
/// Trouble.
pub fn list(app: &App, _: &Nothing) -> Result<HeldSites, CallError> {
    let open = app.open()?;
    let names: BTreeMap<SiteId, String> =
        app.read(|sight| Ok(sight.records.all::<Site>()?.into_iter().map(|site| (site.id, site.name)).collect()))?;
    let (only, scope) = (only(&open.store)?, scope(&open.store)?);
    let here: BTreeMap<Bucket, u64> = open
        .store
        .status()?
        .cursors
        .iter()
        .filter_map(|cursor| Some((cursor.bucket.parse().ok()?, cursor.count)))
        .collect();
    // Without a server everything is here; before its first word nothing is known.
    let scope = scope.unwrap_or_else(|| Scope { tag: String::new(), person: PersonId::SYSTEM, sites: Vec::new() });
    let wanted = chosen(only.as_ref(), &scope);
    let mut sites: Vec<HeldSite> = scope
        .sites
        .iter()
        .map(|site| {
            let records = here.get(&Bucket::Site(site.id)).copied();
            HeldSite {
                id: site.id,
                name: names.get(&site.id).unwrap_or(&site.name).clone(),
                wanted: wanted.contains(&site.id),
                held: records.is_some(),
                records: records.unwrap_or(0),
            }
        })
        .collect();
    sites.sort_by_key(|site| site.name.to_lowercase());
    let not_held = sites.iter().filter(|site| !site.held).map(|site| site.name.clone()).collect();
    let unreadable = if scope.tag.is_empty() {
        Vec::new()
    } else {
        let may: BTreeSet<SiteId> = scope.sites.iter().map(|site| site.id).collect();
        names.iter().filter(|(id, _)| !may.contains(id)).map(|(_, name)| name.clone()).collect()
    };
    let most = u32::try_from(limits::SITES).unwrap_or(u32::MAX);
    Ok(HeldSites { all: only.is_none(), most, sites, not_held, unreadable })
}

/// Takes sites to this laptop, or off it, from the next sync on.
///
/// # Errors
/// `UNKNOWN_SITE`, `AMBIGUOUS`, `TOO_MANY_SITES` or trouble.
pub fn choose(app: &App, request: &ChooseSitesRequest) -> Result<HeldSites, CallError> {
    let open = app.open()?;
    let Some(scope) = scope(&open.store)? else {
        return Err(CallError::trouble(
            "SCOPE_UNKNOWN",
            "The server has not said yet which sites you may read.",
            "Sync once, then choose. A profile that works alone holds everything.",
        ));
    };
    let before = list(app, &Nothing)?;
    let named = |names: &[String]| names.iter().map(|name| site(&before.sites, name)).collect::<Result<Vec<_>, _>>();
    let all: BTreeSet<SiteId> = scope.sites.iter().map(|site| site.id).collect();
    let mut wanted = only(&open.store)?.unwrap_or_else(|| all.clone());
    match request {
        ChooseSitesRequest::All => wanted.clone_from(&all),
        ChooseSitesRequest::None => wanted.clear(),
        ChooseSitesRequest::Hold { sites } => wanted.extend(named(sites)?),
        ChooseSitesRequest::Drop { sites } => {
            let dropped = named(sites)?;
            wanted.retain(|site| !dropped.contains(site));
        }
    }
    let only = (*request != ChooseSitesRequest::All).then_some(&wanted);
    let count = wanted.intersection(&all).count();
    if only.is_some() && count > limits::SITES {
        let sentence = format!("This laptop would hold {count} sites; at most {} are possible.", limits::SITES);
        return Err(Finding::new("TOO_MANY_SITES", sentence, "Drop some first.").into());
    }
    hold_only(&open.store, only)?;
    if let Some(driver) = &open.driver {
        driver.sync_now();
    }
    list(app, &Nothing)
}

/// The site of that id or name among those that may be read.
fn site(sites: &[HeldSite], text: &str) -> Result<SiteId, CallError> {
    let text = text.trim();
    let found: Vec<&HeldSite> =
        sites.iter().filter(|site| site.name.eq_ignore_ascii_case(text) || site.id.to_string() == text).collect();
    match found.as_slice() {
        [site] => Ok(site.id),
        [] => Err(Finding::new(
            "UNKNOWN_SITE",
            format!("There is no site {text} that you may read."),
            "List the sites; an administrator says who may read which.",
        )
        .with("given", text)
        .into()),
        _ => Err(Finding::new("AMBIGUOUS", format!("Several sites are named {text}."), "Give the id.").into()),
    }
}
