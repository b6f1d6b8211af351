//! What a column may go to, and under which other names products export it.

use serde::{Deserialize, Serialize};
use slipway_domain::cmdb::ci::{CiStatus, Environment};
use slipway_domain::level::{Criticality, Impact, Risk, Urgency};
use ts_rs::TS;

/// What the rows of a file become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Configuration items.
    Cis,
    /// Relations between them.
    Relations,
    /// Changes of another suite.
    Changes,
    /// Sites.
    Sites,
    /// What was seen.
    Observations,
}

/// How the text of a field is read.
#[derive(Clone, Copy, Debug)]
pub enum Sort {
    /// As it stands.
    Text,
    /// One of the named values, here in order of weight, the gravest first.
    Level(fn() -> Vec<&'static str>),
    /// One of these words.
    Word(fn() -> Vec<&'static str>),
    /// A date with or without a time.
    Moment,
}

/// A field that a column may go to.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name in mappings and exports.
    pub name: &'static str,
    /// As a person reads it.
    pub label: &'static str,
    /// Whether a row needs it.
    pub required: bool,
    /// How it is read.
    pub sort: Sort,
    /// Other names, as [`squeezed`].
    pub synonyms: &'static [&'static str],
}

const fn text(name: &'static str, label: &'static str, synonyms: &'static [&'static str]) -> Field {
    Field { name, label, required: false, sort: Sort::Text, synonyms }
}

const fn needed(name: &'static str, label: &'static str, synonyms: &'static [&'static str]) -> Field {
    Field { name, label, required: true, sort: Sort::Text, synonyms }
}

const fn of(name: &'static str, label: &'static str, sort: Sort, synonyms: &'static [&'static str]) -> Field {
    Field { name, label, required: false, sort, synonyms }
}

const CIS: &[Field] = &[
    needed(
        "name",
        "Name",
        &["ciname", "displayname", "hostname", "assetname", "devicename", "configurationitem", "itemname", "label"],
    ),
    needed("class", "Class", &["ciclass", "citype", "type", "category", "assettype", "sysclassname", "finalclass"]),
    text("number", "Number", &["cinumber"]),
    of(
        "status",
        "Status",
        Sort::Word(statuses),
        &["state", "cistatus", "lifecyclestatus", "installstatus", "assetstatus"],
    ),
    of("environment", "Environment", Sort::Word(environments), &["env", "stage", "usedfor"]),
    of(
        "criticality",
        "Criticality",
        Sort::Level(criticalities),
        &["businesscriticality", "businesscriticity", "criticity"],
    ),
    text("manufacturer", "Manufacturer", &["vendor", "maker", "brand", "brandname", "supplier", "publisher"]),
    text("model", "Model", &["modelname", "modelno", "modelnumber", "devicetype", "product"]),
    text("version", "Version", &["softwareversion", "release", "osversion"]),
    text("serial_number", "Serial number", &["serial", "serialno", "sn"]),
    text("asset_tag", "Asset tag", &["asset", "assetnumber", "assetno", "inventorynumber", "tag", "barcode"]),
    text("site", "Site", &["locationsite", "sitename"]),
    text("building", "Building", &["locationbuilding"]),
    text("room", "Room", &["locationroom"]),
    text("rack", "Rack", &["locationrack", "rackname", "cabinet"]),
    text("u", "Rack unit", &["locationu", "position", "rackunit", "rackposition"]),
    text("place", "Place (a site, or else a building)", &["location", "locationname"]),
    text("owner", "Owner (sign-in name)", &["ownedby", "responsible"]),
    text("support_group", "Support group", &["assignmentgroup", "supportteam"]),
    text("notes", "Notes", &["remarks", "comments", "comment", "note"]),
];

const RELATIONS: &[Field] = &[
    needed("source", "Source", &["from", "parent", "upstream", "sourceci", "parentci"]),
    needed("relation", "Relation", &["relationtype", "relationship", "relationshiptype", "reltype"]),
    needed("target", "Target", &["to", "child", "downstream", "targetci", "childci"]),
    text("source_class", "Class of the source", &["sourcetype", "parentclass", "parenttype"]),
    text("target_class", "Class of the target", &["targettype", "childclass", "childtype"]),
];

const CHANGES: &[Field] = &[
    needed("number", "Number", &["changenumber", "changeid", "id", "ticket", "key", "ref"]),
    needed("title", "Title", &["summary", "shortdescription", "subject", "briefdescription"]),
    text("description", "Description", &["details", "longdescription"]),
    text("category", "Category", &["changecategory", "area"]),
    of("kind", "Kind", Sort::Word(kinds), &["changetype", "changekind", "type"]),
    text("reason", "Reason", &["justification", "businessreason", "changereason"]),
    of("impact", "Impact", Sort::Level(impacts), &["initialimpact", "changeimpact"]),
    of("urgency", "Urgency", Sort::Level(urgencies), &["severity", "changeurgency"]),
    of("risk", "Risk", Sort::Level(risks), &["riskassessment", "risklevel"]),
    text("affected_cis", "Affected CIs", &["cis", "affectedci", "configurationitems", "configurationitem", "assets"]),
    text("from_version", "From version", &["oldversion"]),
    text("to_version", "To version", &["newversion", "targetversion"]),
    text("approval", "Approval or state", &["approvalstate", "approvalstatus", "state", "status"]),
    of(
        "planned_start",
        "Planned start",
        Sort::Moment,
        &["start", "startdate", "plannedstartdate", "scheduledstart", "requestedstart"],
    ),
    of(
        "planned_end",
        "Planned end",
        Sort::Moment,
        &["end", "enddate", "plannedenddate", "scheduledend", "requestedend"],
    ),
];

const SITES: &[Field] =
    &[needed("name", "Name", &["site", "sitename"]), text("address", "Address", &["physicaladdress"])];

const OBSERVATIONS: &[Field] = &[
    text("host_name", "Host name", &["name", "host", "ciname", "fqdn", "computername", "devicename", "dnsname"]),
    text("manufacturer", "Manufacturer", &["maker", "vendor", "make", "brand", "systemvendor"]),
    text("serial_number", "Serial number", &["serial", "serialno", "sn", "servicetag", "productserial"]),
    text("asset_tag", "Asset tag", &["tag", "assetnumber", "inventorynumber", "barcode"]),
    text("mac", "MAC addresses", &["macaddress", "macaddresses", "macs", "ethernetaddress", "physicaladdress"]),
    text("class", "Class", &["ciclass", "citype", "type", "category", "devicetype"]),
    text("model", "Model", &["product", "productname", "modelname", "hardwaremodel"]),
    text("version", "Version", &["release", "softwareversion"]),
    text("site", "Site", &["location", "sitename"]),
    text("building", "Building", &[]),
    text("room", "Room", &["datacenterroom"]),
    text("rack", "Rack", &["rackname", "cabinet"]),
    text("u", "Rack unit", &["position", "rackunit", "rackposition"]),
    text("source", "Source", &["scanner", "discoverysource", "discoveredby"]),
    of("seen_at", "Seen at", Sort::Moment, &["lastseen", "seen", "lastdiscovered", "scannedat", "timestamp", "date"]),
    text("absent", "Not found", &["missing", "notfound"]),
];

impl Target {
    /// What columns may go to; a CI has attributes of its class besides.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Cis => CIS,
            Self::Relations => RELATIONS,
            Self::Changes => CHANGES,
            Self::Sites => SITES,
            Self::Observations => OBSERVATIONS,
        }
    }

    /// The field of this name.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'static Field> {
        self.fields().iter().find(|field| field.name == name)
    }

    /// Whether a column may go to an attribute of a class, `attributes.NAME`.
    #[must_use]
    pub fn has_attributes(self) -> bool {
        matches!(self, Self::Cis | Self::Observations)
    }

    /// Whether a column may go to it: a field, or an attribute of a CI.
    #[must_use]
    pub fn takes(self, name: &str) -> bool {
        self.field(name).is_some()
            || (self.has_attributes() && name.strip_prefix("attributes.").is_some_and(|a| !a.is_empty()))
    }
}

/// A name of a column without case, blanks and punctuation.
#[must_use]
pub fn squeezed(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn labels<T: Copy>(all: &[T], label: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|value| label(*value)).collect()
}

fn statuses() -> Vec<&'static str> {
    labels(CiStatus::ALL, CiStatus::label)
}

fn environments() -> Vec<&'static str> {
    labels(Environment::ALL, Environment::label)
}

fn kinds() -> Vec<&'static str> {
    use slipway_domain::change::record::ChangeKind;
    labels(ChangeKind::ALL, ChangeKind::label)
}

fn criticalities() -> Vec<&'static str> {
    labels(Criticality::ALL, Criticality::label)
}

fn impacts() -> Vec<&'static str> {
    labels(Impact::ALL, Impact::label)
}

fn urgencies() -> Vec<&'static str> {
    labels(Urgency::ALL, Urgency::label)
}

/// Risk is the one scale that ascends.
fn risks() -> Vec<&'static str> {
    let mut all = labels(Risk::ALL, Risk::label);
    all.reverse();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_to_one_field_of_its_target() {
        for target in [Target::Cis, Target::Relations, Target::Changes, Target::Sites, Target::Observations] {
            let mut seen = std::collections::BTreeSet::new();
            for field in target.fields() {
                for name in std::iter::once(field.name).chain(field.synonyms.iter().copied()) {
                    assert!(seen.insert(squeezed(name)), "{target:?}: {name} is there twice");
                    assert!(name == field.name || name == squeezed(name), "{name}: written as it is compared");
                }
            }
        }
    }

    #[test]
    fn levels_are_listed_with_the_gravest_first() {
        assert_eq!(impacts().first(), Some(&"enterprise"));
        assert_eq!(urgencies().first(), Some(&"critical"));
        assert_eq!(criticalities().first(), Some(&"critical"));
        assert_eq!(risks().first(), Some(&"very high"));
    }
}
