//! What `lshw -json` says of a computer: its maker, model, serial number, network cards, processors, memory and
//! firmware.

use super::feed::{Adapt, Fields};
use super::plan::{Stage, not_of_this_kind};
use super::source::{Cells, Positions, Source};
use crate::error::CallError;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Columns that its rows have.
const COLUMNS: &[&str] = &[
    "host_name",
    "manufacturer",
    "serial_number",
    "mac",
    "model",
    "attributes.processor",
    "attributes.processors",
    "attributes.memory",
    "attributes.firmware",
    "attributes.mac",
];
/// Names under which systems keep cards that are only programs.
const VIRTUAL: &[&str] = &["docker", "veth", "br-", "virbr", "vnet", "tun", "tap", "ifb", "dummy", "bond", "lo"];
/// Parts in parts are followed so deep.
const DEPTH: usize = 32;
const MIB: u64 = 1024 * 1024;

/// Whether a file has its columns.
#[must_use]
pub fn recognises(header: &[String]) -> bool {
    let positions = Positions::of(header);
    ["id", "class", "claimed", "children"].iter().all(|name| positions.has(name))
}

pub(super) fn stages(
    source: &Source,
    constants: &std::collections::BTreeMap<String, String>,
) -> Result<Vec<Stage>, CallError> {
    let positions = Positions::of(source.header());
    if !["id", "class", "children"].iter().all(|name| positions.has(name)) {
        return Err(not_of_this_kind(source, "lshw", "the parts of a computer as lshw -json prints them"));
    }
    Ok(vec![Stage::observations("lshw", source, constants, COLUMNS, computers)])
}

fn computers() -> Adapt {
    Box::new(|cells, _| match cells {
        Cells::Object(object) => vec![computer(object)],
        Cells::Fields(_) => vec![Err("this is no output of lshw -json".to_owned())],
    })
}

/// What firmware says where its maker said nothing.
pub(super) fn said(text: &str) -> String {
    const NOTHING: &[&str] = &[
        "na",
        "n/a",
        "none",
        "null",
        "unknown",
        "default string",
        "not specified",
        "not applicable",
        "not available",
        "system serial number",
        "system manufacturer",
        "system product name",
        "no asset tag",
        "asset tag",
        "chassis asset tag",
    ];
    let lower = text.trim().to_lowercase();
    let is_filler = NOTHING.contains(&lower.as_str())
        || lower.contains("to be filled")
        || lower.contains("o.e.m.")
        || lower.chars().all(|c| matches!(c, '0' | '.' | '-' | ' ' | 'x'))
        || lower == "0123456789"
        || lower == "123456789";
    if is_filler { String::new() } else { text.trim().to_owned() }
}

fn of(part: &Map<String, Value>, name: &str) -> String {
    part.get(name).and_then(Value::as_str).map(said).unwrap_or_default()
}

#[derive(Default)]
struct Parts {
    processor: String,
    processors: u32,
    memory_bytes: u64,
    firmware: String,
    macs: BTreeSet<String>,
}

impl Parts {
    fn look(&mut self, part: &Map<String, Value>, depth: usize) {
        let class = part.get("class").and_then(Value::as_str).unwrap_or_default();
        let id = part.get("id").and_then(Value::as_str).unwrap_or_default();
        match class {
            // A socket without a processor has no width.
            "processor" if part.get("disabled").and_then(Value::as_bool) != Some(true) => {
                self.processors = self.processors.saturating_add(1);
                if self.processor.is_empty() {
                    self.processor = of(part, "product");
                }
            }
            "memory" if id == "memory" || id.starts_with("memory:") => {
                self.memory_bytes =
                    self.memory_bytes.saturating_add(part.get("size").and_then(Value::as_u64).unwrap_or(0));
            }
            "memory" if id == "firmware" && self.firmware.is_empty() => {
                self.firmware = [of(part, "vendor"), of(part, "version")].join(" ").trim().to_owned();
            }
            "network" => {
                let name = part.get("logicalname").map(super::json::text).unwrap_or_default();
                if !name.is_empty() && !VIRTUAL.iter().any(|virt| name.starts_with(virt)) {
                    self.macs.extend(slipway_domain::cmdb::observation::identify::mac(&of(part, "serial")));
                }
            }
            _ => {}
        }
        if depth < DEPTH {
            let children = part.get("children").and_then(Value::as_array).into_iter().flatten();
            for child in children.filter_map(Value::as_object) {
                self.look(child, depth.saturating_add(1));
            }
        }
    }
}

fn computer(system: &Map<String, Value>) -> Result<Fields, String> {
    if system.get("class").and_then(Value::as_str) != Some("system") {
        return Err("this is a part and no computer; run lshw -json without -class".to_owned());
    }
    let mut parts = Parts::default();
    parts.look(system, 0);
    let first_mac = parts.macs.first().map(|mac| spelled(mac)).unwrap_or_default();
    let figure = |n: u32| if n == 0 { String::new() } else { n.to_string() };
    let memory = if parts.memory_bytes == 0 { String::new() } else { format!("{} MiB", parts.memory_bytes / MIB) };
    Ok(Fields::from([
        ("host_name", of(system, "id")),
        ("manufacturer", of(system, "vendor")),
        ("serial_number", of(system, "serial")),
        ("mac", parts.macs.iter().cloned().collect::<Vec<_>>().join(" ")),
        ("model", model(&of(system, "product"))),
        ("attributes.processor", parts.processor),
        ("attributes.processors", figure(parts.processors)),
        ("attributes.memory", memory),
        ("attributes.firmware", parts.firmware),
        ("attributes.mac", first_mac),
    ]))
}

/// A product without the stock number that some makers put behind it: `PowerEdge R650 (SKU=0A8C;ModelName=...)`.
fn model(product: &str) -> String {
    product.split_once(" (").map_or(product, |(name, _)| name).trim().to_owned()
}

/// An address as people write it.
pub(super) fn spelled(mac: &str) -> String {
    let pairs: Vec<String> = mac.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect();
    pairs.join(":")
}
