//! What discovery tools write, read into observations: CSV, JSON lines, `lshw -json`, and facts that ansible gathered.
//!
//! Which of them a file is, its content says. What cannot be read is refused with its line and reason; the rest goes on.

use serde_json::{Map, Value};
use slipway_domain::cmdb::observation::{Identity, Observation, ObservationRow, ObservationState, mac};
use slipway_domain::id::{ObservationId, PersonId, SiteId};
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Largest file that is read.
pub const FILE_BYTES_MOST: u64 = 64 * 1024 * 1024;

/// What a file holds.
#[derive(Debug, Default)]
pub struct Read {
    /// What was seen.
    pub rows: Vec<ObservationRow>,
    /// Line and reason of what could not be read.
    pub refused: Vec<(u64, String)>,
}

/// What is said of every row of a file.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// When it was seen.
    pub seen_at: Timestamp,
    /// Where, if the file is of one site.
    pub site: Option<SiteId>,
}

/// Reads a file.
#[must_use]
pub fn read(text: &str, given: Given) -> Read {
    let text = text.trim_start_matches('\u{feff}');
    let start = text.trim_start();
    // `ansible HOST -m setup` writes the host and "SUCCESS =>" before the object.
    if let Some((head, _)) = start.split_once("=> {")
        && !head.contains(['{', '\n'])
    {
        return printed(text, given);
    }
    if !start.starts_with(['{', '[']) {
        return csv(text, given);
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => {
            let mut read = Read::default();
            whole(&value, given, &mut read);
            read
        }
        // Several objects, one in each line.
        Err(_) if text.lines().filter(|line| !line.trim().is_empty()).take(2).all(|line| {
            line.trim_start().starts_with('{') && serde_json::from_str::<Value>(line).is_ok()
        }) => lines(text, given),
        Err(error) => Read {
            refused: vec![(u64::try_from(error.line()).unwrap_or_default(), format!("This is not JSON: {error}."))],
            ..Read::default()
        },
    }
}

fn line_of(n: usize) -> u32 {
    u32::try_from(n + 1).unwrap_or(u32::MAX)
}

fn lines(text: &str, given: Given) -> Read {
    let mut read = Read::default();
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Value>(line) {
            Ok(value) => one(&value, line_of(n), given, &mut read),
            Err(error) => read.refused.push((u64::from(line_of(n)), format!("This line is not JSON: {error}."))),
        }
    }
    read
}

/// What `ansible -m setup` prints: host, `| SUCCESS =>`, object; one after the other.
fn printed(text: &str, given: Given) -> Read {
    let mut read = Read::default();
    let mut line = 0_usize;
    let mut rest = text;
    while let Some(at) = rest.find("=> {") {
        let (head, tail) = rest.split_at(at);
        line += head.matches('\n').count();
        let body = tail.get(3..).unwrap_or_default();
        let mut stream = serde_json::Deserializer::from_str(body).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                one(&value, line_of(line), given, &mut read);
                let end = stream.byte_offset();
                line += body.get(..end).map_or(0, |object| object.matches('\n').count());
                rest = body.get(end..).unwrap_or_default();
            }
            Some(Err(error)) => {
                let at = u64::from(line_of(line)) + u64::try_from(error.line()).unwrap_or_default() - 1;
                read.refused.push((at, format!("This is not JSON: {error}.")));
                break;
            }
            None => break,
        }
    }
    read
}

fn whole(value: &Value, given: Given, read: &mut Read) {
    match value {
        Value::Array(all) => {
            for (n, value) in all.iter().enumerate() {
                one(value, line_of(n), given, read);
            }
        }
        value => one(value, 1, given, read),
    }
}

/// One object: a system of lshw, a host of ansible, or fields by name.
fn one(value: &Value, line: u32, given: Given, read: &mut Read) {
    let Some(object) = value.as_object() else {
        read.refused.push((u64::from(line), "This is no object with fields.".to_owned()));
        return;
    };
    let mut seen = if let Some(facts) = object.get("ansible_facts").and_then(Value::as_object) {
        ansible(facts)
    } else if object.contains_key("ansible_hostname") {
        ansible(object)
    } else if object.contains_key("class") && object.contains_key("id") && object.contains_key("children") {
        lshw(object)
    } else {
        let fields = object.iter().map(|(name, value)| (name.clone(), text(value)));
        match fields_of(fields, given) {
            Ok(seen) => seen,
            Err(reason) => {
                read.refused.push((u64::from(line), reason));
                return;
            }
        }
    };
    finish(&mut seen, given);
    take(seen, line, read);
}

fn take(seen: Observation, line: u32, read: &mut Read) {
    if seen.identity.key().is_none() {
        let reason = "Nothing says which thing was seen: no serial number, asset tag, MAC address or host name. \
                      Give one of them.";
        read.refused.push((u64::from(line), reason.to_owned()));
        return;
    }
    read.rows.push(ObservationRow { line, observation: seen });
}

fn blank(source: &str) -> Observation {
    Observation {
        id: ObservationId(uuid::Uuid::nil()),
        source: source.to_owned(),
        seen_at: Timestamp(0),
        by: PersonId::SYSTEM,
        site: None,
        identity: Identity::default(),
        class: String::new(),
        facts: BTreeMap::new(),
        ci: None,
        absent: false,
        decisions: BTreeMap::new(),
        state: ObservationState::Unknown,
    }
}

fn finish(seen: &mut Observation, given: Given) {
    seen.seen_at = given.seen_at;
    seen.site = seen.site.or(given.site);
    let identity = &seen.identity;
    for (field, value) in [
        ("manufacturer", identity.manufacturer.clone()),
        ("serial_number", identity.serial_number.clone()),
        ("asset_tag", identity.asset_tag.clone()),
    ] {
        if !value.is_empty() {
            seen.facts.entry(field.to_owned()).or_insert(value);
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null => String::new(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        other => other.to_string(),
    }
}

/// What firmware says when it says nothing.
fn real(value: &str) -> String {
    let lower = value.trim().to_lowercase();
    let is_filler = ["", "na", "n/a", "none", "0", "default string", "system serial number", "not specified"]
        .contains(&lower.as_str())
        || lower.contains("to be filled")
        || lower.contains("o.e.m.");
    if is_filler { String::new() } else { value.trim().to_owned() }
}

fn said(of: &Map<String, Value>, name: &str) -> String {
    of.get(name).map(text).map(|value| real(&value)).unwrap_or_default()
}

fn fact(seen: &mut Observation, field: &str, value: String) {
    if !value.is_empty() {
        seen.facts.insert(field.to_owned(), value);
    }
}

/// Facts that ansible gathered.
fn ansible(facts: &Map<String, Value>) -> Observation {
    let mut seen = blank("ansible");
    seen.identity = Identity {
        manufacturer: said(facts, "ansible_system_vendor"),
        serial_number: said(facts, "ansible_product_serial"),
        asset_tag: said(facts, "ansible_chassis_asset_tag"),
        macs: BTreeSet::new(),
        hostname: said(facts, "ansible_hostname"),
    };
    let default = facts.get("ansible_default_ipv4").and_then(Value::as_object);
    seen.identity.macs.extend(default.and_then(|of| mac(&said(of, "macaddress"))));
    fact(&mut seen, "model", said(facts, "ansible_product_name"));
    let system = [said(facts, "ansible_distribution"), said(facts, "ansible_distribution_version")].join(" ");
    fact(&mut seen, "attributes.os", system.trim().to_owned());
    fact(&mut seen, "attributes.kernel", said(facts, "ansible_kernel"));
    fact(&mut seen, "attributes.cpu cores", said(facts, "ansible_processor_vcpus"));
    fact(&mut seen, "attributes.memory", unit(said(facts, "ansible_memtotal_mb"), "MB"));
    if let Some(of) = default {
        fact(&mut seen, "attributes.ip", said(of, "address"));
        fact(&mut seen, "attributes.mac", said(of, "macaddress"));
    }
    seen
}

fn unit(figure: String, unit: &str) -> String {
    if figure.is_empty() { figure } else { format!("{figure} {unit}") }
}

/// The system that lshw describes: its board's maker and serial number, memory, processors, network cards.
fn lshw(system: &Map<String, Value>) -> Observation {
    let mut seen = blank("lshw");
    seen.identity = Identity {
        manufacturer: said(system, "vendor"),
        serial_number: said(system, "serial"),
        asset_tag: String::new(),
        macs: BTreeSet::new(),
        hostname: said(system, "id"),
    };
    fact(&mut seen, "model", said(system, "product"));
    let mut nodes: Vec<&Value> = system.get("children").and_then(Value::as_array).into_iter().flatten().collect();
    let mut processors = 0_u32;
    while let Some(node) = nodes.pop() {
        let Some(node) = node.as_object() else { continue };
        nodes.extend(node.get("children").and_then(Value::as_array).into_iter().flatten());
        match said(node, "class").as_str() {
            "network" => seen.identity.macs.extend(mac(&said(node, "serial"))),
            "processor" => processors += 1,
            "memory" if said(node, "id") == "memory" => {
                let bytes = node.get("size").and_then(Value::as_u64).unwrap_or_default();
                fact(&mut seen, "attributes.memory", unit((bytes / 1_048_576).to_string(), "MB"));
            }
            _ => {}
        }
    }
    if let Some(first) = seen.identity.macs.first().cloned() {
        fact(&mut seen, "attributes.mac", first);
    }
    if processors > 0 {
        fact(&mut seen, "attributes.processors", processors.to_string());
    }
    seen
}

/// Fields by name, as CSV and JSON lines have them.
fn fields_of(fields: impl Iterator<Item = (String, String)>, given: Given) -> Result<Observation, String> {
    let mut seen = blank("import");
    for (name, value) in fields {
        let value = value.trim().to_owned();
        if value.is_empty() {
            continue;
        }
        match name.trim().to_lowercase().replace([' ', '-'], "_").as_str() {
            "source" => seen.source = value,
            "hostname" | "host" | "name" => seen.identity.hostname = value,
            "serial" | "serial_number" => seen.identity.serial_number = value,
            "manufacturer" | "vendor" | "maker" => seen.identity.manufacturer = value,
            "asset_tag" | "tag" => seen.identity.asset_tag = value,
            "mac" | "mac_address" => {
                let found: BTreeSet<String> = value.split([',', ';', ' ']).filter_map(mac).collect();
                if found.is_empty() {
                    return Err(format!("{value} is no MAC address; write it as 00:1a:2b:3c:4d:5e."));
                }
                seen.identity.macs = found;
                fact(&mut seen, "attributes.mac", value);
            }
            "class" => seen.class = value,
            "rack" | "room" | "building" | "u" => fact(&mut seen, &format!("location.{}", name.trim().to_lowercase()), value),
            "model" | "version" | "environment" | "criticality" | "notes" => fact(&mut seen, &name.trim().to_lowercase(), value),
            field if field.starts_with("location.") => fact(&mut seen, field, value),
            field if field.starts_with("attributes.") => {
                fact(&mut seen, name.trim(), value);
            }
            _ => fact(&mut seen, &format!("attributes.{}", name.trim()), value),
        }
    }
    finish(&mut seen, given);
    Ok(seen)
}

fn csv(text: &str, given: Given) -> Read {
    let mut read = Read::default();
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.matches(';').count() > first.matches(',').count() { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            read.refused.push((1, format!("This is neither CSV nor JSON: {error}.")));
            return read;
        }
    };
    let known = ["hostname", "host", "name", "serial", "serial number", "serial_number", "asset_tag", "asset tag", "tag", "mac"];
    if !header.iter().any(|name| known.contains(&name.to_lowercase().as_str())) {
        let reason = "The first line names no column that says which thing it is: hostname, serial, asset_tag or mac.";
        read.refused.push((1, reason.to_owned()));
        return read;
    }
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let fields = header.iter().zip(record.iter()).map(|(name, value)| (name.to_owned(), value.to_owned()));
                match fields_of(fields, given) {
                    Ok(seen) => take(seen, u32::try_from(line).unwrap_or(u32::MAX), &mut read),
                    Err(reason) => read.refused.push((line, reason)),
                }
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                read.refused.push((line, format!("This row cannot be read: {error}.")));
            }
        }
    }
    read
}
