//! iTop: its CSV, its XML, and the answers of its JSON interface, for CIs of any class and the links between them.
//!
//! A CI's class is that of iTop in words: `NetworkDevice` becomes *network device*. Links come from the link classes,
//! from the sets of links within CIs, and from what a CI stands or runs on.

use super::feed::{Adapt, Fields};
use super::mapping::Mapping;
use super::plan::{Stage, not_of_this_kind};
use super::source::{Cells, Positions, Source};
use crate::error::CallError;

const COLUMNS: &[&str] = &[
    "name",
    "class",
    "status",
    "criticality",
    "manufacturer",
    "model",
    "serial_number",
    "asset_tag",
    "place",
    "rack",
    "notes",
    "attributes.organization",
    "attributes.os family",
    "attributes.os version",
    "attributes.management ip",
    "attributes.cpu",
    "attributes.ram",
];

/// Link classes, and the fields that name their ends: the first depends on the second.
const LINKS: &[(&str, &str, &str, &str)] = &[
    ("lnkapplicationsolutiontofunctionalci", "applicationsolution", "depends on", "functionalci"),
    ("lnkapplicationsolutiontobusinessprocess", "businessprocess", "depends on", "applicationsolution"),
    ("lnkconnectablecitonetworkdevice", "connectableci", "connects to", "networkdevice"),
    ("lnkvirtualdevicetovolume", "virtualdevice", "depends on", "volume"),
    ("lnkservertovolume", "server", "depends on", "volume"),
    ("lnkdatacenterdevicetosan", "datacenterdevice", "connects to", "san"),
];

/// Sets of links within a CI: the field that names the other end, the relation, and whether this CI is its target.
const SETS: &[(&str, &str, &str, bool)] = &[
    ("applicationsolution_list", "applicationsolution_name", "depends on", true),
    ("functionalcis_list", "functionalci_name", "depends on", false),
    ("businessprocess_list", "businessprocess_name", "depends on", true),
    ("networkdevice_list", "networkdevice_name", "connects to", false),
    ("connectablecis_list", "connectableci_name", "connects to", false),
    ("softwares_list", "name", "runs on", true),
    ("virtualmachine_list", "name", "hosted on", true),
    ("device_list", "name", "contains", false),
    ("enclosure_list", "name", "contains", false),
];

/// What a CI is on or in: the fields that name it, the relation, and whether this CI is its target.
const ON: &[(&[&str], &str, bool)] = &[
    (&["system_name", "System->Name"], "runs on", false),
    (&["virtualhost_name", "Virtual host->Name", "Virtualhost->Name"], "hosted on", false),
    (&["webserver_name", "Web server->Name"], "runs on", false),
    (&["dbserver_name", "DB server->Name"], "runs on", false),
    (&["middleware_name", "Middleware->Name"], "runs on", false),
    (&["enclosure_name", "Enclosure->Name"], "contains", true),
    (&["rack_name", "Rack->Name"], "contains", true),
];

/// Links of one set that are looked at.
const SET_MOST: usize = 1_000;

/// Whether a file has the columns.
#[must_use]
pub fn recognises(header: &[String]) -> bool {
    let has = |name: &str| header.iter().any(|h| h.eq_ignore_ascii_case(name));
    let own = [
        "business_criticity",
        "finalclass",
        "org_id_friendlyname",
        "organization_name",
        "Organization->Name",
        "Business criticity",
    ];
    own.iter().any(|name| has(name) || has(&format!("fields.{name}")))
        || (has("class") && has("key") && header.iter().any(|h| h.starts_with("fields.")))
}

pub(super) fn stages(source: &Source, mapping: &Mapping) -> Result<Vec<Stage>, CallError> {
    let positions = Positions::of(source.header());
    let named = ["name", "fields.name", "Name", "friendlyname", "fields.friendlyname"];
    let linked = source.header().iter().any(|h| h.to_lowercase().ends_with("_name"));
    if !named.iter().any(|name| positions.has(name)) && !linked {
        return Err(not_of_this_kind(source, "iTop", "CIs with names, or links between them"));
    }
    let class = mapping.constants.get("class").cloned().unwrap_or_default();
    let (of_cis, of_links) = (class.clone(), class);
    Ok(vec![
        Stage::cis(COLUMNS, move || objects(of_cis.clone())),
        Stage::relations(false, move || links(of_links.clone())),
    ])
}

/// A field of an object by its code, wherever the form of the file keeps it, or by its label.
fn first(cells: &Cells, positions: &Positions, names: &[&str]) -> String {
    let inner: Vec<String> = names.iter().map(|name| format!("fields.{name}")).collect();
    let all: Vec<&str> = names.iter().copied().chain(inner.iter().map(String::as_str)).collect();
    cells.first(positions, &all)
}

/// The class as iTop writes it; of a file of one class, the one that was given.
fn class(cells: &Cells, positions: &Positions, given: &str) -> String {
    let own = first(cells, positions, &["finalclass", "CI sub-class", "Sub-class", "class"]);
    if own.is_empty() { given.to_owned() } else { own }
}

/// `NetworkDevice` in words.
fn words(class: &str) -> String {
    let mut out = String::new();
    let mut before = ' ';
    for c in class.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
        before = c;
    }
    out.trim().to_owned()
}

fn is_link(class: &str) -> bool {
    class.to_lowercase().starts_with("lnk")
}

fn name(cells: &Cells, positions: &Positions) -> String {
    first(cells, positions, &["name", "friendlyname"])
}

fn objects(given: String) -> Adapt {
    Box::new(move |cells, positions| {
        let class = class(cells, positions, &given);
        if is_link(&class) {
            return Vec::new();
        }
        vec![object(cells, positions, &class)]
    })
}

fn object(cells: &Cells, positions: &Positions, class: &str) -> Result<Fields, String> {
    let first = |names: &[&str]| first(cells, positions, names);
    let name = name(cells, positions);
    if name.is_empty() {
        return Err("the name is empty".to_owned());
    }
    if class.is_empty() {
        return Err("the file names no class; export finalclass, too, or give a class for the whole file".to_owned());
    }
    Ok(Fields::from([
        ("name", name),
        ("class", words(class)),
        ("status", status(&first(&["status"]))?.to_owned()),
        ("criticality", first(&["business_criticity", "Business criticity", "Business criticality"])),
        ("manufacturer", first(&["brand_name", "Brand->Name", "vendor_name"])),
        ("model", first(&["model_name", "Model->Name"])),
        ("serial_number", first(&["serialnumber", "Serial number"])),
        ("asset_tag", first(&["asset_number", "Asset number"])),
        ("place", first(&["location_name", "Location->Name"])),
        ("rack", first(&["rack_name", "Rack->Name"])),
        ("notes", first(&["description"])),
        (
            "attributes.organization",
            first(&[
                "organization_name",
                "org_name",
                "org_id_friendlyname",
                "Organization->Name",
                "Organization->Full name",
            ]),
        ),
        ("attributes.os family", first(&["osfamily_name", "OS family->Name"])),
        ("attributes.os version", first(&["osversion_name", "OS version->Name"])),
        ("attributes.management ip", first(&["managementip", "managementip_name", "Management ip"])),
        ("attributes.cpu", first(&["cpu"])),
        ("attributes.ram", first(&["ram"])),
    ]))
}

fn related(source: &str, relation: &str, target: &str) -> Fields {
    Fields::from([("source", source.to_owned()), ("relation", relation.to_owned()), ("target", target.to_owned())])
}

fn links(given: String) -> Adapt {
    Box::new(move |cells, positions| {
        let class = class(cells, positions, &given);
        if is_link(&class) {
            return vec![link(cells, positions, &class)];
        }
        let name = name(cells, positions);
        if name.is_empty() { Vec::new() } else { of_object(cells, positions, &name) }
    })
}

fn link(cells: &Cells, positions: &Positions, class: &str) -> Result<Fields, String> {
    let Some((_, from, relation, to)) = LINKS.iter().find(|(known, ..)| *known == class.to_lowercase()) else {
        return Err(format!("{class} links no two CIs in a way that is known here"));
    };
    let end = |what: &str| {
        let found = first(cells, positions, &[&format!("{what}_name"), &format!("{what}_id_friendlyname")]);
        if found.is_empty() { Err(format!("{what}_name is empty")) } else { Ok(found) }
    };
    Ok(related(&end(from)?, relation, &end(to)?))
}

fn of_object(cells: &Cells, positions: &Positions, name: &str) -> Vec<Result<Fields, String>> {
    let mut relations = Vec::new();
    let mut push = |other: &str, relation: &str, is_target: bool| {
        let (source, target) = if is_target { (other, name) } else { (name, other) };
        relations.push(Ok(related(source, relation, target)));
    };
    for (names, relation, is_target) in ON {
        let other = first(cells, positions, names);
        if !other.is_empty() {
            push(&other, relation, *is_target);
        }
    }
    for (set, field, relation, is_target) in SETS {
        for n in 0..SET_MOST {
            let code = field.trim_end_matches("_name");
            let other = first(
                cells,
                positions,
                &[
                    &format!("{set}.{n}.{field}"),
                    &format!("{set}.{n}.{code}_id_friendlyname"),
                    &format!("{set}.{n}.friendlyname"),
                ],
            );
            if other.is_empty() {
                break;
            }
            push(&other, relation, *is_target);
        }
    }
    relations
}

/// The status of ours for one of iTop.
fn status(text: &str) -> Result<&'static str, String> {
    Ok(match text.to_lowercase().as_str() {
        "" => "",
        "production" | "active" => "in use",
        "implementation" => "in build",
        "stock" => "available",
        "obsolete" | "inactive" => "retired",
        _ => return Err(format!("status {text:?} is none of iTop's")),
    })
}
