//! NetBox: the CSV of its lists, or the answers of its interface, for sites, racks, devices, virtual machines,
//! interfaces and cables.
//!
//! A device is a CI of its role's class. Racks, clusters and hosts that a file only mentions are made where there are
//! none. Cables, and interfaces that know their far end, become *connects to*.

use super::feed::{Adapt, Fields};
use super::plan::{Stage, not_of_this_kind};
use super::source::{Cells, Positions, Source};
use crate::error::CallError;
use std::collections::HashSet;

/// What a file of NetBox lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    Sites,
    Racks,
    Devices,
    VirtualMachines,
    Interfaces,
    Cables,
}

const NAME: &[&str] = &["Name", "name"];
const SITE: &[&str] = &["Site", "site.name", "site"];
const RACK: &[&str] = &["Rack", "rack.name", "rack"];
const ROLE: &[&str] = &["Role", "Device role", "Device Role", "role.name", "device_role.name", "role", "device_role"];
const STATUS: &[&str] = &["status.value", "Status", "status"];
const SERIAL: &[&str] = &["Serial number", "Serial Number", "serial"];
const TAG: &[&str] = &["Asset tag", "Asset Tag", "asset_tag"];
const COMMENTS: &[&str] = &["Comments", "comments"];
const TENANT: &[&str] = &["Tenant", "tenant.name", "tenant"];
const ADDRESS: &[&str] =
    &["IP Address", "primary_ip.address", "primary_ip4.address", "primary_ip6.address", "Primary IP"];
const PLATFORM: &[&str] = &["Platform", "platform.name", "platform"];
const PARENT: &[&str] = &["Parent Device", "Parent device", "parent_device.name"];
const CLUSTER: &[&str] = &["Cluster", "cluster.name", "cluster"];
const HOST: &[&str] = &["Device", "device.name", "device"];
/// Ends of one cable that are looked at.
const ENDS: usize = 8;

const DEVICE_COLUMNS: &[&str] = &[
    "name",
    "class",
    "status",
    "manufacturer",
    "model",
    "serial_number",
    "asset_tag",
    "place",
    "room",
    "rack",
    "u",
    "notes",
    "attributes.tenant",
    "attributes.platform",
    "attributes.ip address",
    "attributes.rack face",
];
const RACK_COLUMNS: &[&str] = &[
    "name",
    "class",
    "status",
    "serial_number",
    "asset_tag",
    "place",
    "room",
    "rack",
    "notes",
    "attributes.tenant",
    "attributes.height in u",
];
const VM_COLUMNS: &[&str] = &[
    "name",
    "class",
    "status",
    "place",
    "notes",
    "attributes.tenant",
    "attributes.platform",
    "attributes.ip address",
    "attributes.cluster",
    "attributes.role",
    "attributes.vcpus",
    "attributes.memory in mb",
];
const MENTIONED: &[&str] = &["name", "class", "place", "rack"];

/// Whether a file has the columns.
#[must_use]
pub fn recognises(header: &[String]) -> bool {
    table(header).is_some()
}

fn table(header: &[String]) -> Option<Table> {
    let positions = Positions::of(header);
    let has = |name: &str| positions.has(name) || header.iter().any(|h| h.starts_with(&format!("{name}.")));
    let any = |names: &[&str]| names.iter().any(|name| has(name));
    if has("a_terminations") || (has("Device A") && has("Device B")) {
        Some(Table::Cables)
    } else if has("device_type") && any(&["rack", "site", "role", "device_role"]) {
        Some(Table::Devices)
    } else if any(&["vcpus", "vCPUs"]) && has("cluster") {
        Some(Table::VirtualMachines)
    } else if has("device")
        && any(&["mac_address", "MAC Address", "mgmt_only", "Management Only", "connected_endpoints"])
    {
        Some(Table::Interfaces)
    } else if has("Type") && has("Site") && has("Rack") && any(&["Role", "Device role"]) {
        Some(Table::Devices)
    } else if has("site") && any(&["u_height", "U Height", "Height", "desc_units"]) && has("name") {
        Some(Table::Racks)
    } else if has("name") && !has("site") && any(&["facility", "physical_address", "Physical address", "time_zone"]) {
        Some(Table::Sites)
    } else {
        None
    }
}

pub(super) fn stages(source: &Source) -> Result<Vec<Stage>, CallError> {
    let expected = "the columns of sites, racks, devices, virtual machines, interfaces or cables";
    let Some(table) = table(source.header()) else { return Err(not_of_this_kind(source, "NetBox", expected)) };
    Ok(match table {
        Table::Sites => vec![Stage::sites(|| Box::new(|cells, positions| vec![site(cells, positions)]))],
        Table::Racks => vec![Stage::cis(RACK_COLUMNS, || Box::new(|cells, positions| vec![rack(cells, positions)]))],
        Table::Devices => vec![
            Stage::cis(DEVICE_COLUMNS, || Box::new(|cells, positions| vec![device(cells, positions)])),
            Stage::mentioned("racks", MENTIONED, false, mentioned_racks),
            Stage::relations(false, || Box::new(device_relations)),
        ],
        Table::VirtualMachines => vec![
            Stage::cis(VM_COLUMNS, || Box::new(|cells, positions| vec![virtual_machine(cells, positions)])),
            Stage::mentioned("clusters", MENTIONED, false, mentioned_clusters),
            Stage::relations(false, || Box::new(machine_relations)),
        ],
        Table::Interfaces => {
            let far = |h: &String| ["connected_endpoints", "link_peers", "cable_peer"].iter().any(|n| h.starts_with(n));
            if !source.header().iter().any(far) {
                let expected = "interfaces with their far ends, as the interface for programs gives them; \
                    the CSV of interfaces names none: export the cables";
                return Err(not_of_this_kind(source, "NetBox", expected));
            }
            vec![Stage::relations(true, || Box::new(interface_relations))]
        }
        Table::Cables => vec![Stage::relations(true, || Box::new(|cells, positions| vec![cable(cells, positions)]))],
    })
}

fn site(cells: &Cells, positions: &Positions) -> Result<Fields, String> {
    let first = |names: &[&str]| cells.first(positions, names);
    Ok(Fields::from([
        ("name", first(NAME)),
        ("address", first(&["Physical address", "Physical Address", "physical_address", "Facility", "facility"])),
    ]))
}

/// Racks are unique within a site only, CIs within their class.
fn rack_name(site: &str, rack: &str) -> String {
    if site.is_empty() { rack.to_owned() } else { format!("{site} {rack}") }
}

fn rack(cells: &Cells, positions: &Positions) -> Result<Fields, String> {
    let first = |names: &[&str]| cells.first(positions, names);
    let (name, site) = (first(NAME), first(SITE));
    if name.is_empty() {
        return Err("the name is empty".to_owned());
    }
    Ok(Fields::from([
        ("name", rack_name(&site, &name)),
        ("class", "rack".to_owned()),
        ("status", status(&first(STATUS))?.to_owned()),
        ("serial_number", first(SERIAL)),
        ("asset_tag", first(TAG)),
        ("place", site),
        ("room", first(&["Location", "location.name", "location"])),
        ("rack", name),
        ("notes", first(COMMENTS)),
        ("attributes.tenant", first(TENANT)),
        ("attributes.height in u", first(&["U Height", "Height", "u_height"]).trim_end_matches('U').to_owned()),
    ]))
}

fn device_name(cells: &Cells, positions: &Positions) -> String {
    // A device need not have a name of its own.
    [NAME, TAG, SERIAL].iter().map(|names| cells.first(positions, names)).find(|n| !n.is_empty()).unwrap_or_default()
}

fn device_class(cells: &Cells, positions: &Positions) -> String {
    let role = cells.first(positions, ROLE).to_lowercase();
    if role.is_empty() { "device".to_owned() } else { role }
}

fn device(cells: &Cells, positions: &Positions) -> Result<Fields, String> {
    let first = |names: &[&str]| cells.first(positions, names);
    let name = device_name(cells, positions);
    if name.is_empty() {
        return Err("the device has no name, no asset tag and no serial number".to_owned());
    }
    // Half units are counted from the lower whole one.
    let position = first(&["position", "Position"]);
    let u = position.split(['.', ',']).next().unwrap_or_default().to_owned();
    Ok(Fields::from([
        ("name", name),
        ("class", device_class(cells, positions)),
        ("status", status(&first(STATUS))?.to_owned()),
        ("manufacturer", first(&["Manufacturer", "device_type.manufacturer.name", "manufacturer"])),
        (
            "model",
            first(&["Type", "Device type", "Device Type", "device_type.model", "device_type.display", "device_type"]),
        ),
        ("serial_number", first(SERIAL)),
        ("asset_tag", first(TAG)),
        ("place", first(SITE)),
        ("room", first(&["Location", "location.name", "location"])),
        ("rack", first(RACK)),
        ("u", u),
        ("notes", first(COMMENTS)),
        ("attributes.tenant", first(TENANT)),
        ("attributes.platform", first(PLATFORM)),
        ("attributes.ip address", first(ADDRESS)),
        ("attributes.rack face", first(&["Rack face", "Face", "face.value", "face"])),
    ]))
}

fn virtual_machine(cells: &Cells, positions: &Positions) -> Result<Fields, String> {
    let first = |names: &[&str]| cells.first(positions, names);
    let name = first(NAME);
    if name.is_empty() {
        return Err("the name is empty".to_owned());
    }
    Ok(Fields::from([
        ("name", name),
        ("class", "virtual machine".to_owned()),
        ("status", status(&first(STATUS))?.to_owned()),
        ("place", first(SITE)),
        ("notes", first(COMMENTS)),
        ("attributes.tenant", first(TENANT)),
        ("attributes.platform", first(PLATFORM)),
        ("attributes.ip address", first(ADDRESS)),
        ("attributes.cluster", first(CLUSTER)),
        ("attributes.role", first(ROLE)),
        ("attributes.vcpus", first(&["vCPUs", "VCPUs", "vcpus"])),
        ("attributes.memory in mb", first(&["Memory (MB)", "Memory", "memory"])),
    ]))
}

/// What stands in a column, each value once, as CIs of a class.
fn mentioned_racks() -> Adapt {
    let mut seen = HashSet::new();
    Box::new(move |cells, positions| {
        let (site, rack) = (cells.first(positions, SITE), cells.first(positions, RACK));
        let name = rack_name(&site, &rack);
        if rack.is_empty() || !seen.insert(name.to_lowercase()) {
            return Vec::new();
        }
        vec![Ok(Fields::from([("name", name), ("class", "rack".to_owned()), ("place", site), ("rack", rack)]))]
    })
}

fn mentioned_clusters() -> Adapt {
    let mut seen = HashSet::new();
    Box::new(move |cells, positions| {
        let cluster = cells.first(positions, CLUSTER);
        if cluster.is_empty() || !seen.insert(cluster.to_lowercase()) {
            return Vec::new();
        }
        let place = cells.first(positions, SITE);
        vec![Ok(Fields::from([("name", cluster), ("class", "cluster".to_owned()), ("place", place)]))]
    })
}

fn related(source: &str, source_class: &str, relation: &str, target: &str, target_class: &str) -> Fields {
    Fields::from([
        ("source", source.to_owned()),
        ("source_class", source_class.to_owned()),
        ("relation", relation.to_owned()),
        ("target", target.to_owned()),
        ("target_class", target_class.to_owned()),
    ])
}

fn device_relations(cells: &Cells, positions: &Positions) -> Vec<Result<Fields, String>> {
    let (name, class) = (device_name(cells, positions), device_class(cells, positions));
    if name.is_empty() {
        return Vec::new();
    }
    let mut relations = Vec::new();
    let (rack, parent) = (cells.first(positions, RACK), cells.first(positions, PARENT));
    if !parent.is_empty() {
        relations.push(Ok(related(&parent, "", "contains", &name, &class)));
    } else if !rack.is_empty() {
        let rack = rack_name(&cells.first(positions, SITE), &rack);
        relations.push(Ok(related(&rack, "rack", "contains", &name, &class)));
    }
    relations
}

fn machine_relations(cells: &Cells, positions: &Positions) -> Vec<Result<Fields, String>> {
    let name = cells.first(positions, NAME);
    if name.is_empty() {
        return Vec::new();
    }
    let (host, cluster) = (cells.first(positions, HOST), cells.first(positions, CLUSTER));
    let mut relations = Vec::new();
    if !cluster.is_empty() {
        relations.push(Ok(related(&name, "virtual machine", "hosted on", &cluster, "cluster")));
    }
    if !host.is_empty() {
        relations.push(Ok(related(&name, "virtual machine", "hosted on", &host, "")));
    }
    relations
}

fn interface_relations(cells: &Cells, positions: &Positions) -> Vec<Result<Fields, String>> {
    let device = cells.first(positions, HOST);
    let mut relations = Vec::new();
    let mut seen = HashSet::new();
    for end in 0..ENDS {
        let far = ["connected_endpoints", "link_peers"]
            .iter()
            .map(|list| cells.first(positions, &[format!("{list}.{end}.device.name").as_str()]))
            .find(|name| !name.is_empty());
        let Some(far) = far else { break };
        if far != device && seen.insert(far.clone()) {
            relations.push(Ok(related(&device, "", "connects to", &far, "")));
        }
    }
    relations
}

fn cable(cells: &Cells, positions: &Positions) -> Result<Fields, String> {
    let end = |letter: &str, column: &str| {
        let paths: Vec<String> = (0..ENDS)
            .flat_map(|n| {
                let side = format!("{letter}_terminations.{n}.object");
                [format!("{side}.device.name"), format!("{side}.device.display")]
            })
            .collect();
        let names: Vec<&str> = std::iter::once(column).chain(paths.iter().map(String::as_str)).collect();
        let device = cells.first(positions, &names);
        if device.is_empty() {
            Err(format!("end {} of the cable is at no device", letter.to_uppercase()))
        } else {
            Ok(device)
        }
    };
    let (a, b) = (end("a", "Device A")?, end("b", "Device B")?);
    Ok(related(&a, "", "connects to", &b, ""))
}

/// The status of ours for one of NetBox, by its value or label.
fn status(text: &str) -> Result<&'static str, String> {
    Ok(match text.to_lowercase().as_str() {
        "" => "",
        "active" => "in use",
        "planned" => "planned/on order",
        "staged" | "staging" => "in build",
        "failed" => "in maintenance",
        "inventory" | "available" => "available",
        "reserved" => "reserved",
        "offline" => "installed",
        "decommissioning" | "deprecated" | "retired" => "retired",
        "paused" => "in maintenance",
        _ => return Err(format!("status {text:?} is none of NetBox's")),
    })
}
