//! The CMDB as trees beside that of classes: by place (site, building, room, rack, what stands there) and by business
//! service (what it depends on, and what that depends on). Branches are read when they are opened.

use crate::App;
use crate::error::CallError;
use crate::rows;
use crate::sight::Sight;
use crate::view::trees::{CmdbTreeRequest, TreeNode, TreeNodeKind, TreeOf, TreePage};
use slipway_domain::cmdb::ci::{Ci, Location};
use slipway_domain::cmdb::class::{self, CiClass};
use slipway_domain::cmdb::location::{PARTS, SEPARATOR};
use slipway_domain::cmdb::relation::Relation;
use slipway_domain::cmdb::relation_kind::{self, Carries};
use slipway_domain::id::CiId;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Site;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::{Fault, Finding};
use slipway_store::of_class::ClassMark;
use slipway_store::places::PlaceBelow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Nodes in one answer.
const NODES: usize = 200;
/// CIs at one place that are put in order; of more, each page comes as they came to this laptop.
const ORDERED: usize = 1_000;
/// What the mark of such a page begins with.
const ROW: &str = "row:";

/// What lies below a node of a tree.
///
/// # Errors
/// `WRONG_PLACE`, or trouble.
pub fn get(app: &App, request: &CmdbTreeRequest) -> Result<TreePage, CallError> {
    app.read(|sight| match request.of {
        TreeOf::Places if request.path.len() < PARTS => Ok(places(sight, &request.path, request.after.as_deref())?),
        TreeOf::Places => Ok(at_place(sight, &request.path, request.after.as_deref())?),
        TreeOf::Services => match request.path.last() {
            None => services(sight, request.after.as_deref()),
            Some(last) => needed(sight, &request.path, wanted(last)?, request.after.as_deref()),
        },
    })
}

fn wanted(id: &str) -> Result<CiId, CallError> {
    Ok(id.parse().map(CiId).map_err(|_| wrong(id))?)
}

fn wrong(text: &str) -> Finding {
    Finding::new("WRONG_PLACE", format!("{text:?} is no node of the tree."), "Begin at the root.").with("field", "path")
}

fn places(sight: Sight<'_>, path: &[String], after: Option<&str>) -> Result<TreePage, Fault> {
    let found = sight.beside.places_below(path, after, NODES + 1)?;
    let next = found.get(NODES).and_then(|_| found.get(NODES - 1)).map(|place| place.part.clone());
    let mut nodes = Vec::new();
    for place in found.into_iter().take(NODES) {
        nodes.push(place_node(sight, path.len(), place)?);
    }
    Ok(TreePage { nodes, next })
}

fn place_node(sight: Sight<'_>, level: usize, place: PlaceBelow) -> Result<TreeNode, Fault> {
    let PlaceBelow { part, like } = place;
    let (kind, written) = match level {
        0 => (TreeNodeKind::Site, site(sight, &like)?),
        1 => (TreeNodeKind::Building, like.building),
        2 => (TreeNodeKind::Room, like.room),
        _ => (TreeNodeKind::Rack, like.rack),
    };
    Ok(TreeNode {
        key: part,
        label: written.trim().to_owned(),
        kind,
        reads: String::new(),
        units: String::new(),
        ci: None,
        again: false,
    })
}

fn site(sight: Sight<'_>, like: &Location) -> Result<String, Fault> {
    let Some(id) = like.site else { return Ok(String::new()) };
    Ok(sight.records.get::<Site>(id)?.map_or_else(|| id.to_string(), |site| site.name))
}

/// The CIs at a place: those in a rack from its top down, the rest by name.
fn at_place(sight: Sight<'_>, path: &[String], after: Option<&str>) -> Result<TreePage, Fault> {
    let key = path.iter().take(PARTS).cloned().collect::<Vec<_>>().join(&SEPARATOR.to_string());
    let row: Option<i64> = after.and_then(|text| text.strip_prefix(ROW)?.parse().ok());
    let most = if row.is_some() { NODES } else { ORDERED };
    let found = sight.beside.cis_at_place(&key, row.unwrap_or_default(), most + 1)?;
    if row.is_some() || found.len() > most {
        let next = found.get(NODES).and_then(|_| found.get(NODES - 1)).map(|(_, row)| format!("{ROW}{row}"));
        let mut nodes = Vec::new();
        for (ci, _) in found.into_iter().take(NODES) {
            nodes.push(node(sight, ci, String::new(), TreeNodeKind::Ci, path)?);
        }
        return Ok(TreePage { nodes, next });
    }
    let mut cis: Vec<Ci> = found.into_iter().map(|(ci, _)| ci).collect();
    cis.sort_by(|a, b| (b.location.u, &a.name).cmp(&(a.location.u, &b.name)));
    page(sight, cis.into_iter().map(|ci| (ci, String::new())).collect(), after, TreeNodeKind::Ci, path)
}

/// Business services: CIs of the class `service` and of those below it.
fn services(sight: Sight<'_>, after: Option<&str>) -> Result<TreePage, CallError> {
    let mut keys: Vec<String> = Vec::new();
    for class in sight.records.all::<CiClass>()? {
        let lineage = class::lineage(class, sight.records)?;
        if lineage.keys.iter().any(|key| key == Ci::SERVICE) {
            keys.push(lineage.class.key.to_lowercase());
        }
    }
    if keys.is_empty() {
        keys.push(Ci::SERVICE.to_owned());
    }
    keys.sort();
    let begun: Option<(String, ClassMark)> = match after {
        None => None,
        Some(text) => {
            let parts = text.split_once('|').and_then(|(mark, key)| Some((key.to_owned(), mark.parse().ok()?)));
            Some(parts.ok_or_else(|| wrong(text))?)
        }
    };
    let mut nodes = Vec::new();
    for key in keys {
        let mut mark = match &begun {
            Some((at, _)) if key < *at => continue,
            Some((at, mark)) if key == *at => mark.clone(),
            _ => ClassMark::default(),
        };
        let left = NODES.saturating_sub(nodes.len());
        for (id, at) in sight.beside.cis_of_class(&key, &mark, left)? {
            mark = at;
            if let Some(ci) = sight.records.get::<Ci>(id.into())? {
                nodes.push(node(sight, ci, String::new(), TreeNodeKind::Service, &[])?);
            }
        }
        if nodes.len() >= NODES {
            return Ok(TreePage { nodes, next: Some(format!("{mark}|{key}")) });
        }
    }
    Ok(TreePage { nodes, next: None })
}

/// What a CI depends on: where its failure would come from, one relation away.
fn needed(sight: Sight<'_>, path: &[String], ci: CiId, after: Option<&str>) -> Result<TreePage, CallError> {
    let kinds = relation_kind::all(sight.records)?;
    let mut found: BTreeMap<(String, String, Uuid), (Ci, String)> = BTreeMap::new();
    for (lookup, carried) in [(Lookup::RelationsFrom, Carries::ToSource), (Lookup::RelationsTo, Carries::ToTarget)] {
        for relation in sight.records.list::<Relation>(lookup, &ci.to_string())? {
            let Some(kind) = kinds.get(&relation.relation_type).filter(|kind| kind.carries == carried) else {
                continue;
            };
            let (other, reads) = if lookup == Lookup::RelationsFrom {
                (relation.target, &kind.name)
            } else {
                (relation.source, &kind.inverse)
            };
            if let Some(other) = sight.records.get::<Ci>(other)? {
                let key = (reads.clone(), other.name.to_lowercase(), other.id.0);
                found.insert(key, (other, reads.clone()));
            }
        }
    }
    Ok(page(sight, found.into_values().collect(), after, TreeNodeKind::Ci, path)?)
}

/// Some of the CIs, after so many.
fn page(
    sight: Sight<'_>,
    cis: Vec<(Ci, String)>,
    after: Option<&str>,
    kind: TreeNodeKind,
    path: &[String],
) -> Result<TreePage, Fault> {
    let from = after.and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
    let next = from.saturating_add(NODES);
    let more = cis.len() > next;
    let mut nodes = Vec::new();
    for (ci, reads) in cis.into_iter().skip(from).take(NODES) {
        nodes.push(node(sight, ci, reads, kind, path)?);
    }
    Ok(TreePage { nodes, next: more.then(|| next.to_string()) })
}

/// Such as `U10–U12`.
fn units(ci: &Ci) -> String {
    match ci.location.units() {
        Some((low, high)) if high > low => format!("U{low}–U{high}"),
        Some((low, _)) => format!("U{low}"),
        None => String::new(),
    }
}

fn node(sight: Sight<'_>, ci: Ci, reads: String, kind: TreeNodeKind, path: &[String]) -> Result<TreeNode, Fault> {
    let key = ci.id.to_string();
    Ok(TreeNode {
        label: ci.name.clone(),
        kind,
        reads,
        // What a service runs on stands somewhere, but that is another tree.
        units: if kind == TreeNodeKind::Ci { units(&ci) } else { String::new() },
        again: path.contains(&key),
        key,
        ci: Some(rows::row(sight, &ci.into())?),
    })
}
