//! Facts that ansible gathered: what `ansible -m setup` prints of each host, or what `--tree` writes.

use super::feed::{Adapt, Fields};
use super::json::{RECORD_BYTES, at};
use super::lshw::{said, spelled};
use super::plan::{Stage, not_of_this_kind};
use super::source::{Cells, Source};
use crate::error::CallError;
use serde_json::{Map, Value};
use slipway_domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Write};

/// Columns that its rows have.
const COLUMNS: &[&str] = &[
    "host_name",
    "manufacturer",
    "serial_number",
    "asset_tag",
    "mac",
    "seen_at",
    "model",
    "attributes.os",
    "attributes.kernel",
    "attributes.processor cores",
    "attributes.ip",
    "attributes.mac",
];
/// Under this name stands which host a record is of, as ansible calls it.
const HOST: &str = "slipway_host";
/// Under this name stands why a record cannot be read.
const BROKEN: &str = "slipway_broken";

/// Whether a file has its columns.
#[must_use]
pub fn recognises(header: &[String]) -> bool {
    header.iter().any(|name| name.starts_with("ansible_facts.") || name == "ansible_hostname")
}

/// Whether a text begins as ansible prints the answer of a host: `web-01 | SUCCESS => {`.
#[must_use]
pub fn is_printed(text: &str) -> bool {
    text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| host(line).is_some())
}

/// The host of a line such as `web-01 | SUCCESS => {`, and what stands behind the arrow.
fn host(line: &str) -> Option<(&str, &str)> {
    let (host, rest) = line.split_once(" | ")?;
    let (status, rest) = rest.split_once(" => ")?;
    let is_status = !status.is_empty() && status.chars().all(|c| c.is_ascii_uppercase() || c == '!');
    let is_host = !host.is_empty() && !host.contains(char::is_whitespace);
    (is_status && is_host && rest.starts_with('{')).then_some((host, rest))
}

/// Writes what each host answered as a line; one that cannot be read becomes a line that says so.
pub(super) fn unroll(text: impl BufRead, lines: &mut dyn Write) -> Result<u64, String> {
    let mut count = 0;
    let mut open: Option<(String, String)> = None;
    let mut close = |open: Option<(String, String)>| -> Result<(), String> {
        let Some((host, body)) = open else { return Ok(()) };
        let mut object = match serde_json::from_str::<Value>(&body) {
            Ok(Value::Object(object)) => object,
            Ok(_) => Map::from_iter([(BROKEN.to_owned(), "it is no object".into())]),
            Err(error) => Map::from_iter([(BROKEN.to_owned(), error.to_string().into())]),
        };
        object.insert(HOST.to_owned(), host.into());
        count += 1;
        writeln!(lines, "{}", Value::Object(object))
            .map_err(|error| format!("the records could not be put aside: {error}"))
    };
    for line in text.lines() {
        let line = line.map_err(|error| error.to_string())?;
        if let Some((host, rest)) = host(&line) {
            close(open.take())?;
            open = Some((host.to_owned(), rest.to_owned()));
        } else if let Some((host, body)) = &mut open {
            if body.len().saturating_add(line.len()) > RECORD_BYTES {
                return Err(format!("what {host} answered has more than {RECORD_BYTES} bytes"));
            }
            body.push('\n');
            body.push_str(&line);
        }
    }
    close(open)?;
    Ok(count)
}

pub(super) fn stages(source: &Source, constants: &BTreeMap<String, String>) -> Result<Vec<Stage>, CallError> {
    let is_ours = recognises(source.header()) || source.header().iter().any(|name| name == HOST);
    if !is_ours {
        return Err(not_of_this_kind(source, "ansible", "the facts that ansible -m setup prints"));
    }
    Ok(vec![Stage::observations("ansible", source, constants, COLUMNS, hosts)])
}

fn hosts() -> Adapt {
    Box::new(|cells, _| match cells {
        Cells::Object(object) => vec![one(object)],
        Cells::Fields(_) => vec![Err("these are no facts of ansible".to_owned())],
    })
}

fn one(object: &Map<String, Value>) -> Result<Fields, String> {
    let host = object.get(HOST).and_then(Value::as_str).unwrap_or_default();
    if let Some(why) = object.get(BROKEN) {
        return Err(format!("what {host} answered is no JSON: {}", super::json::text(why)));
    }
    let facts = match object.get("ansible_facts").and_then(Value::as_object) {
        Some(facts) => facts,
        None if object.contains_key("ansible_hostname") => object,
        None => {
            let why = at(object, "msg");
            let why = if why.is_empty() { "it gathered no facts".to_owned() } else { why };
            return Err(format!("{} did not answer: {why}", if host.is_empty() { "the host" } else { host }));
        }
    };
    let fact = |path: &str| said(&at(facts, path));
    let macs = macs(facts);
    let address = fact("ansible_default_ipv4.macaddress");
    let first = slipway_domain::cmdb::observation::identify::mac(&address).or_else(|| macs.first().cloned());
    let seconds = fact("ansible_date_time.epoch").parse::<i64>().ok();
    let seen_at = seconds.and_then(|s| s.checked_mul(1_000)).map(|ms| Timestamp(ms).to_rfc3339()).unwrap_or_default();
    let os = [fact("ansible_distribution"), fact("ansible_distribution_version")].join(" ");
    Ok(Fields::from([
        ("host_name", host_name(&fact("ansible_fqdn"), &fact("ansible_hostname"), host)),
        ("manufacturer", fact("ansible_system_vendor")),
        ("serial_number", fact("ansible_product_serial")),
        ("asset_tag", fact("ansible_chassis_asset_tag")),
        ("mac", macs.iter().cloned().collect::<Vec<_>>().join(" ")),
        ("seen_at", seen_at),
        ("model", fact("ansible_product_name")),
        ("attributes.os", os.trim().to_owned()),
        ("attributes.kernel", fact("ansible_kernel")),
        ("attributes.processor cores", fact("ansible_processor_vcpus")),
        ("attributes.ip", fact("ansible_default_ipv4.address")),
        ("attributes.mac", first.map(|mac| spelled(&mac)).unwrap_or_default()),
    ]))
}

/// The name with its domain, if the host has one; else its own name; else what ansible calls it.
fn host_name(full: &str, short: &str, called: &str) -> String {
    let is_name = |name: &&str| !name.is_empty() && !name.to_lowercase().starts_with("localhost");
    let full = Some(full).filter(|full| full.contains('.'));
    [full.unwrap_or_default(), short, called]
        .iter()
        .find(|name| is_name(name))
        .map(|name| (*name).to_owned())
        .unwrap_or_default()
}

/// Addresses of the cards that are hardware, or that a virtual machine has in its place.
fn macs(facts: &Map<String, Value>) -> BTreeSet<String> {
    let names =
        facts.get("ansible_interfaces").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let card = |name: &str| {
        let key = format!("ansible_{}", name.replace(['-', '.', ':'], "_"));
        let card = facts.get(&key)?.as_object()?;
        let is_card = at(card, "type") == "ether" && (card.contains_key("pciid") || card.contains_key("module"));
        is_card.then(|| slipway_domain::cmdb::observation::identify::mac(&at(card, "macaddress"))).flatten()
    };
    let mut macs: BTreeSet<String> = names.filter_map(card).collect();
    macs.extend(slipway_domain::cmdb::observation::identify::mac(&at(facts, "ansible_default_ipv4.macaddress")));
    macs
}
