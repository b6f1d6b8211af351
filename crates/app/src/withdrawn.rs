//! Open releases that are built from a master that was withdrawn. What it costs goes with the work under way, not with how
//! many masters were ever withdrawn.

use crate::sight::Sight;
use slipway_domain::dsl::item::{DslItem, ItemState};
use slipway_domain::id::{DslItemId, PersonId, ReleaseId};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Fault;
use slipway_domain::release::record::{Component, Release};
use std::collections::BTreeMap;

/// A release that its master stops.
pub(crate) struct Stopped {
    pub release: Release,
    pub item: DslItem,
}

/// Whether a person answers for a release.
pub(crate) fn answers_for(person: PersonId, release: &Release) -> bool {
    release.manager == person || release.coordinator == Some(person)
}

/// Up to so many of them among the open releases that are asked for.
pub(crate) fn stopped(
    sight: Sight<'_>,
    most: usize,
    is_asked: impl Fn(&Release) -> bool,
) -> Result<Vec<Stopped>, Fault> {
    let mut looked_at: BTreeMap<DslItemId, Option<DslItem>> = BTreeMap::new();
    let mut found = Vec::new();
    for id in sight.beside.open_releases()? {
        let Some(release) = sight.records.get::<Release>(ReleaseId(id))?.filter(&is_asked) else { continue };
        for component in &release.scope.components {
            let Component::DslItem(id) = component else { continue };
            let withdrawn = match looked_at.get(id) {
                Some(known) => known.clone(),
                None => {
                    let item = sight.records.get::<DslItem>(*id)?.filter(|item| item.state == ItemState::Withdrawn);
                    looked_at.entry(*id).or_insert(item).clone()
                }
            };
            let Some(item) = withdrawn else { continue };
            found.push(Stopped { release: release.clone(), item });
            if found.len() >= most {
                return Ok(found);
            }
        }
    }
    Ok(found)
}
