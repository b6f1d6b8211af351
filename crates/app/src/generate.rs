//! A made-up data centre of any size: sites, buildings, rooms, racks and what runs in them, the same for the same seed.
//!
//! For measurements, and to try Slipway at a size that nobody types in by hand. Written as files that the imports
//! take, or put into a profile at once.

pub mod model;
pub mod profile;

use crate::error::CallError;
use model::Model;
use slipway_domain::cmdb::ci::Ci;
use std::path::Path;

/// Columns of the file of CIs, as the import names them.
const CI_COLUMNS: [&str; 15] = [
    "name",
    "class",
    "status",
    "environment",
    "criticality",
    "manufacturer",
    "model",
    "version",
    "serial_number",
    "asset_tag",
    "building",
    "room",
    "rack",
    "u",
    "notes",
];

/// Writes `cis.csv` and `relations.csv` into a folder, which is made if need be.
///
/// # Errors
/// `FILE_UNWRITABLE` with the file that could not be written.
pub fn write_files(model: &Model, folder: &Path) -> Result<(), CallError> {
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let path = folder.join("cis.csv");
    cis(model, &path).map_err(|error| unwritable(&path, &error))?;
    let path = folder.join("relations.csv");
    relations(model, &path).map_err(|error| unwritable(&path, &error))
}

fn unwritable(path: &Path, error: &dyn std::fmt::Display) -> CallError {
    CallError::trouble(
        "FILE_UNWRITABLE",
        format!("{} cannot be written: {error}.", path.display()),
        "Check the path, the folder's rights and the room left on the disk.",
    )
}

fn cis(model: &Model, path: &Path) -> Result<(), csv::Error> {
    let mut out = csv::Writer::from_path(path)?;
    let attributes = Model::ATTRIBUTES.map(|name| format!("attributes.{name}"));
    out.write_record(CI_COLUMNS.iter().copied().chain(attributes.iter().map(String::as_str)))?;
    for place in 0..model.cis() {
        out.write_record(row(&model.ci(place)))?;
    }
    Ok(out.flush()?)
}

fn row(ci: &Ci) -> Vec<String> {
    let at = &ci.location;
    let mut row = vec![
        ci.name.clone(),
        ci.class.clone(),
        ci.status.to_string(),
        ci.environment.to_string(),
        ci.criticality.to_string(),
        ci.manufacturer.clone(),
        ci.model.clone(),
        ci.version.clone(),
        ci.serial_number.clone(),
        ci.asset_tag.clone(),
        at.building.clone(),
        at.room.clone(),
        at.rack.clone(),
        at.u.map(|u| u.to_string()).unwrap_or_default(),
        ci.notes.clone(),
    ];
    row.extend(Model::ATTRIBUTES.map(|name| ci.attributes.get(name).cloned().unwrap_or_default()));
    row
}

fn relations(model: &Model, path: &Path) -> Result<(), csv::Error> {
    let mut out = csv::Writer::from_path(path)?;
    out.write_record(["source", "relation", "target"])?;
    for edge in model.edges() {
        out.write_record([&model.name(edge.source), edge.relation_type.label(), &model.name(edge.target)])?;
    }
    Ok(out.flush()?)
}
