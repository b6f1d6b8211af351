//! What items are made of: an item's components, where a component is, two items beside each other.

use crate::App;
use crate::error::CallError;
use crate::jobs;
use crate::sight::{Sight, path};
use crate::view::jobs::JobView;
use crate::view::sbom::{
    ChangedComponent, CompareItemsRequest, ComponentsPage, ComponentsRequest, FindComponentsRequest, FoundComponents,
    FoundItem, ItemDifference, LicenceLine, ReadSbomRequest,
};
use crate::{pills, resolve, rows};
use slipway_domain::cmdb::ci::Ci;
use slipway_domain::dsl::item::DslItem;
use slipway_domain::dsl::sbom::{self, SbomComponent, SbomPart, missing_parts, package};
use slipway_domain::dsl::version::Range;
use slipway_domain::id::{CiId, DslItemId, SbomPartId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::{Kind, Record};
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use std::collections::{BTreeMap, BTreeSet};

/// Components shown of an item unless more are asked for.
const SHOWN: usize = 200;
/// Most that are shown.
const SHOWN_MOST: usize = 2_000;
/// Names beside a licence.
const EXAMPLES: usize = 5;
/// Parts that are looked through in one call.
const LOOKED_AT: usize = 200;
/// Items of one answer.
const ITEMS: usize = 50;
/// Components of an item in one answer: somebody who asks for a licence gets the first, and how many there are.
const OF_ITEM: usize = 500;
/// CIs shown with an item.
const CIS: usize = 100;
/// CIs of an item's name that are looked at for its version.
const CIS_LOOKED_AT: usize = 5_000;

/// Begins to read a document.
///
/// # Errors
/// A refusal, a document that cannot be read, or trouble.
pub fn read(app: &App, request: &ReadSbomRequest) -> Result<JobView, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    jobs::sbom::begin_read(app, &item, request.path.as_deref(), request.file.as_deref())
}

/// Every component of an item.
fn components(sight: Sight<'_>, item: &DslItem) -> Result<Vec<SbomComponent>, Fault> {
    let mut found = Vec::new();
    for position in 0..item.sbom.as_ref().map_or(0, |sbom| sbom.parts) {
        let part = sight.records.get::<SbomPart>(SbomPart::id_of(item.id, position))?;
        found.extend(part.map(|part| part.components).unwrap_or_default());
    }
    Ok(found)
}

/// Components and licences of an item.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn list(app: &App, request: &ComponentsRequest) -> Result<ComponentsPage, CallError> {
    app.read(|sight| {
        let item = resolve::item(sight, &request.item)?;
        let mut all = components(sight, &item)?;
        let licences = licences(&all);
        let wanted = request.filter.trim().to_lowercase();
        all.retain(|c| wanted.is_empty() || holds(c, &wanted));
        all.sort_by(|a, b| (&a.name, &a.group, &a.version).cmp(&(&b.name, &b.group, &b.version)));
        let total = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let count = request.count.and_then(|count| usize::try_from(count).ok()).unwrap_or(SHOWN);
        all.truncate(count.min(SHOWN_MOST));
        Ok(ComponentsPage {
            missing_parts: missing_parts(&item, sight.records)?,
            sbom: item.sbom,
            components: all,
            total,
            licences,
        })
    })
}

fn holds(component: &SbomComponent, wanted: &str) -> bool {
    let texts = [&component.name, &component.group, &component.version, &component.purl];
    texts.into_iter().chain(&component.licences).any(|text| text.to_lowercase().contains(wanted))
}

fn licences(components: &[SbomComponent]) -> Vec<LicenceLine> {
    let mut by: BTreeMap<&str, (u32, BTreeSet<&str>)> = BTreeMap::new();
    for component in components {
        let none = component.licences.is_empty().then_some("");
        for licence in component.licences.iter().map(String::as_str).chain(none) {
            let (count, examples) = by.entry(licence).or_default();
            *count = count.saturating_add(1);
            if examples.len() < EXAMPLES {
                examples.insert(&component.name);
            }
        }
    }
    let line = |(licence, (components, examples)): (&str, (u32, BTreeSet<&str>))| LicenceLine {
        licence: licence.to_owned(),
        components,
        examples: examples.into_iter().map(str::to_owned).collect(),
    };
    let mut lines: Vec<LicenceLine> = by.into_iter().map(line).collect();
    lines.sort_by(|a, b| b.components.cmp(&a.components).then_with(|| a.licence.cmp(&b.licence)));
    lines
}

/// What is asked for, and by which key it is found.
struct Wanted {
    lookup: Lookup,
    key: String,
    word: String,
    package: Option<String>,
    licence: String,
    hash: String,
    versions: Range,
}

impl Wanted {
    fn of(request: &FindComponentsRequest) -> Result<Self, CallError> {
        let plain = |text: &str| text.trim().to_lowercase();
        let (word, licence, hash) = (plain(&request.name), plain(&request.licence), plain(&request.hash));
        let mut version = request.version.trim().to_owned();
        let package = match request.package.trim() {
            "" => None,
            purl => {
                // A version in it is what is asked for, unless one is given.
                let name = purl.rsplit('/').next().unwrap_or(purl).split(['?', '#']).next().unwrap_or_default();
                if let (true, Some((_, within))) = (version.is_empty(), name.split_once('@')) {
                    version = format!("={within}");
                }
                let named = package(purl).ok_or_else(|| {
                    wrong(
                        "NO_PACKAGE_URL",
                        "That is no package URL.",
                        "Write one such as pkg:maven/org.apache.logging.log4j/log4j-core.",
                    )
                })?;
                Some(named)
            }
        };
        let versions = version.parse().map_err(|error| {
            wrong("NO_VERSION_RANGE", &format!("{version:?}: {error}."), "Write 2.14.1, or >=2.0, <2.17.")
        })?;
        let (lookup, key) = match (&package, hash.is_empty(), word.is_empty(), licence.is_empty()) {
            (Some(package), ..) => (Lookup::ComponentsByPackage, package.clone()),
            (None, false, ..) => (Lookup::ComponentsByHash, hash.clone()),
            (None, true, false, _) => (Lookup::ComponentsByName, word.clone()),
            (None, true, true, false) => (Lookup::ComponentsByLicence, licence.clone()),
            (None, true, true, true) => {
                return Err(wrong(
                    "NOTHING_ASKED",
                    "Nothing is asked for.",
                    "Give a name, package URL, licence or hash.",
                ));
            }
        };
        Ok(Self { lookup, key, word, package, licence, hash, versions })
    }

    fn holds(&self, c: &SbomComponent) -> bool {
        self.versions.holds(&c.version)
            && (self.word.is_empty() || sbom::names(&c.name).contains(&self.word))
            && self.package.as_ref().is_none_or(|wanted| package(&c.purl).as_ref() == Some(wanted))
            && (self.licence.is_empty() || c.licences.iter().any(|said| sbom::licences(said).contains(&self.licence)))
            && holds_text(c.hashes.values(), &self.hash)
    }
}

fn holds_text<'a>(mut list: impl Iterator<Item = &'a String>, wanted: &str) -> bool {
    wanted.is_empty() || list.any(|text| text.eq_ignore_ascii_case(wanted))
}

fn wrong(code: &'static str, sentence: &str, way_out: &str) -> CallError {
    Finding::new(code, sentence, way_out).into()
}

/// Components that were found, by item, and how many more than are shown.
type Hits = BTreeMap<DslItemId, (Vec<SbomComponent>, u32)>;

/// Where a component is: items, releases that use them, CIs that are them.
///
/// # Errors
/// What was asked for makes no sense, or trouble.
pub fn find(app: &App, request: &FindComponentsRequest) -> Result<FoundComponents, CallError> {
    let wanted = Wanted::of(request)?;
    app.read(|sight| {
        let (mut hits, mut looked_at, mut after) = (Hits::new(), 0, request.from.unwrap_or(0));
        let parts = sight.beside.under(wanted.lookup, &wanted.key, after, LOOKED_AT)?;
        for (part, row) in &parts {
            if hits.len() >= ITEMS {
                break;
            }
            (looked_at, after) = (looked_at + 1, *row);
            let Some(part) = sight.records.get::<SbomPart>(SbomPartId(*part))? else { continue };
            let found = part.components.into_iter().filter(|c| wanted.holds(c));
            for component in found {
                let (shown, more) = hits.entry(part.item).or_default();
                if shown.len() < OF_ITEM {
                    shown.push(component);
                } else {
                    *more = more.saturating_add(1);
                }
            }
        }
        let items = hits.into_iter().map(|(item, (components, more))| found_item(sight, item, components, more));
        let items = items.filter_map(Result::transpose).collect::<Result<_, Fault>>()?;
        let next = (looked_at < parts.len() || parts.len() == LOOKED_AT).then_some(after);
        Ok(FoundComponents { items, next })
    })
}

fn found_item(
    sight: Sight<'_>,
    item: DslItemId,
    components: Vec<SbomComponent>,
    more: u32,
) -> Result<Option<FoundItem>, Fault> {
    let Some(item) = sight.records.get::<DslItem>(item)? else { return Ok(None) };
    let releases = sight.records.find(Lookup::OpenReleaseOfItem, &item.id.to_string())?;
    Ok(Some(FoundItem {
        item: sight.named(Kind::DslItem, item.id.0)?,
        title: format!("{} {}", item.name, item.version),
        pill: pills::item(item.state),
        path: path(&Record::from(item.clone())).unwrap_or_default(),
        components,
        more,
        releases: rows::rows(sight, Kind::Release, releases)?,
        cis: rows::rows(sight, Kind::Ci, installed(sight, &item)?)?,
    }))
}

/// CIs that are this item in this version.
pub(super) fn installed(sight: Sight<'_>, item: &DslItem) -> Result<Vec<uuid::Uuid>, Fault> {
    let mut found = Vec::new();
    let named = sight.records.find(Lookup::CiByBareName, &item.name.trim().to_lowercase())?;
    for id in named.into_iter().take(CIS_LOOKED_AT) {
        if found.len() >= CIS {
            break;
        }
        let ci = sight.records.get::<Ci>(CiId(id))?;
        if ci.is_some_and(|ci| ci.version.trim() == item.version) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Two items beside each other, by package or by group and name.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn compare(app: &App, request: &CompareItemsRequest) -> Result<ItemDifference, CallError> {
    app.read(|sight| {
        let (from, to) = (resolve::item(sight, &request.from)?, resolve::item(sight, &request.to)?);
        let (mut mine, theirs) = (keyed(components(sight, &from)?), keyed(components(sight, &to)?));
        let mut found = ItemDifference {
            from: sight.named(Kind::DslItem, from.id.0)?,
            to: sight.named(Kind::DslItem, to.id.0)?,
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
            unchanged: 0,
        };
        for (key, new) in theirs {
            let Some(old) = mine.remove(&key) else {
                found.added.extend(new);
                continue;
            };
            let versions = |of: &[SbomComponent]| of.iter().map(|c| c.version.clone()).collect::<BTreeSet<_>>();
            let (before, after) = (versions(&old), versions(&new));
            if before == after {
                found.unchanged = found.unchanged.saturating_add(u32::try_from(new.len()).unwrap_or(u32::MAX));
                continue;
            }
            let name = new.first().map(full_name).unwrap_or_default();
            found.changed.push(ChangedComponent {
                name,
                from: before.into_iter().collect(),
                to: after.into_iter().collect(),
            });
        }
        found.removed = mine.into_values().flatten().collect();
        Ok(found)
    })
}

fn full_name(component: &SbomComponent) -> String {
    if component.group.is_empty() { component.name.clone() } else { format!("{}/{}", component.group, component.name) }
}

fn keyed(components: Vec<SbomComponent>) -> BTreeMap<String, Vec<SbomComponent>> {
    let mut by: BTreeMap<String, Vec<SbomComponent>> = BTreeMap::new();
    for component in components {
        let key = package(&component.purl).unwrap_or_else(|| full_name(&component).to_lowercase());
        by.entry(key).or_default().push(component);
    }
    by
}
