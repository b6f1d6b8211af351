//! Hardware assets of Snipe-IT: the CSV of its asset list, or the rows of its interface.
//!
//! An asset is called by its name, or by its tag where it has none; names that several assets of the file share, as
//! those of models often are, get the tag behind them.

use super::feed::{Adapt, Fields};
use super::mapping::labels;
use super::plan::{Stage, not_of_this_kind};
use super::source::{Cells, Positions, Source};
use crate::error::CallError;
use std::collections::HashMap;
use std::rc::Rc;

const NAME: &[&str] = &["Asset Name", "Item Name", "name"];
const TAG: &[&str] = &["Asset Tag", "asset_tag"];
const SERIAL: &[&str] = &["Serial", "Serial Number", "serial"];
const CATEGORY: &[&str] = &["Category", "category.name", "category"];
const STATUS: &[&str] = &["Status", "status_label.name", "status_label"];
const META: &[&str] = &["Status Type", "status_label.status_meta"];
const COLUMNS: &[&str] = &[
    "name",
    "class",
    "status",
    "manufacturer",
    "model",
    "serial_number",
    "asset_tag",
    "place",
    "notes",
    "attributes.model number",
    "attributes.company",
    "attributes.checked out to",
    "attributes.supplier",
    "attributes.order number",
    "attributes.purchased",
    "attributes.warranty",
    "attributes.snipe-it status",
];

/// Whether a file has the columns.
#[must_use]
pub fn recognises(header: &[String]) -> bool {
    let positions = Positions::of(header);
    let csv =
        positions.has("Asset Tag") && positions.has("Status") && positions.has("Category") && positions.has("Model");
    csv || positions.has("status_label.status_meta")
}

pub(super) fn stages(source: &Source) -> Result<Vec<Stage>, CallError> {
    let positions = Positions::of(&labels(source.header()));
    if !TAG.iter().any(|name| positions.has(name)) {
        return Err(not_of_this_kind(source, "Snipe-IT", "columns such as Asset Tag, Serial, Model and Status"));
    }
    let mut times = HashMap::<u64, bool>::new();
    let hasher = std::hash::RandomState::new();
    let hash = move |name: &str| std::hash::BuildHasher::hash_one(&hasher, name.to_lowercase());
    let mut entries = source.entries()?;
    while let Some(entry) = entries.next_entry().map_err(|e| super::unreadable(&e))? {
        let Ok(cells) = entry.cells else { continue };
        let name = cells.first(&positions, NAME);
        if !name.is_empty() {
            times.entry(hash(&name)).and_modify(|shared| *shared = true).or_insert(false);
        }
    }
    let is_shared = Rc::new(move |name: &str| times.get(&hash(name)).copied().unwrap_or(false));
    Ok(vec![Stage::cis(COLUMNS, move || assets(is_shared.clone()))])
}

fn assets(is_shared: Rc<dyn Fn(&str) -> bool>) -> Adapt {
    Box::new(move |cells, positions| vec![asset(cells, positions, is_shared.as_ref())])
}

fn asset(cells: &Cells, positions: &Positions, is_shared: &dyn Fn(&str) -> bool) -> Result<Fields, String> {
    let first = |names: &[&str]| cells.first(positions, names);
    let (name, tag) = (first(NAME), first(TAG));
    let name = match (name.as_str(), tag.as_str()) {
        ("", "") => return Err("the asset has neither a name nor a tag".to_owned()),
        ("", tag) => tag.to_owned(),
        (name, tag) if !tag.is_empty() && is_shared(name) => format!("{name} ({tag})"),
        (name, _) => name.to_owned(),
    };
    let category = first(CATEGORY).to_lowercase();
    let label = first(STATUS);
    let status = [first(META), label.clone()].iter().find_map(|text| status(text)).unwrap_or_default();
    Ok(Fields::from([
        ("name", name),
        ("class", if category.is_empty() { "hardware".to_owned() } else { category }),
        ("status", status.to_owned()),
        ("manufacturer", first(&["Manufacturer", "manufacturer.name", "manufacturer"])),
        ("model", first(&["Model", "Model Name", "model.name", "model"])),
        ("serial_number", first(SERIAL)),
        ("asset_tag", tag),
        ("place", first(&["Location", "Default Location", "location.name", "rtd_location.name", "rtd_location"])),
        ("notes", first(&["Notes", "notes"])),
        ("attributes.model number", first(&["Model No.", "Model Number", "model_number"])),
        ("attributes.company", first(&["Company", "company.name", "company"])),
        ("attributes.checked out to", first(&["Checked Out To", "Checked Out", "Assigned To", "assigned_to.name"])),
        ("attributes.supplier", first(&["Supplier", "supplier.name", "supplier"])),
        ("attributes.order number", first(&["Order Number", "order_number"])),
        ("attributes.purchased", first(&["Purchased", "Purchase Date", "purchase_date.date", "purchase_date"])),
        ("attributes.warranty", first(&["Warranty", "warranty_months"])),
        ("attributes.snipe-it status", label),
    ]))
}

/// The status of ours for the kinds of status that Snipe-IT has and the labels that it is delivered with. Labels of a
/// company's own say nothing to us: they are kept as an attribute, and the CI keeps its status.
fn status(text: &str) -> Option<&'static str> {
    Some(match text.trim().to_lowercase().as_str() {
        "deployed" => "in use",
        "deployable" | "ready to deploy" | "rtd" => "available",
        "pending" => "received",
        "archived" => "retired",
        "undeployable" | "broken" | "broken - not fixable" | "out for diagnostics" | "out for repair" => {
            "in maintenance"
        }
        "lost/stolen" | "lost" | "stolen" => "missing",
        _ => return None,
    })
}
