//! The class tree that a workspace starts with. Every class is open: what an inventory brings besides is kept as text.

use crate::cmdb::attribute::{Attribute, AttributeType, ReferenceTo};
use crate::cmdb::class::CiClass;
use crate::cmdb::location::{RACK, RACK_HEIGHT};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// Key of the class at the root.
pub const ROOT: &str = "configuration item";

/// Key, key of the class above, icon, what belongs to it.
const CLASSES: &[(&str, &str, &str, &str)] = &[
    ("location", ROOT, "map-pin", "Where other CIs stand."),
    ("site", "location", "map-pin", "A campus, data centre or branch."),
    ("building", "location", "building", "A building of a site."),
    ("room", "location", "door-open", "A room of a building."),
    (RACK, "location", "server", "A rack; its height says how many units it has."),
    ("hardware", ROOT, "hard-drive", "What has a serial number and can be touched."),
    ("server", "hardware", "server", "A machine that runs services."),
    ("storage", "hardware", "hard-drive", "A disk array, a tape library."),
    ("network device", "hardware", "network", "What carries traffic."),
    ("switch", "network device", "network", "Joins devices of one network."),
    ("router", "network device", "network", "Joins networks."),
    ("firewall", "network device", "shield", "Lets through what the rules allow."),
    ("access point", "network device", "wifi", "Wireless access to the network."),
    ("load balancer", "network device", "network", "Spreads requests over servers."),
    ("power", "hardware", "plug", "Power supply and distribution."),
    ("workstation", "hardware", "monitor", "A computer at a desk."),
    ("laptop", "hardware", "laptop", "A computer that travels."),
    ("printer", "hardware", "printer", "Prints."),
    ("handheld scanner", "hardware", "scan-barcode", "Reads labels where the goods are."),
    ("badge reader", "hardware", "id-card", "Opens doors."),
    ("virtual machine", ROOT, "box", "A machine that runs on another."),
    ("cluster", ROOT, "boxes", "Machines that stand in for each other."),
    ("software", ROOT, "package", "What runs on machines."),
    ("operating system", "software", "package", "What other software runs on."),
    ("application", "software", "app-window", "What people work with."),
    ("software package", "software", "package", "What is installed as one."),
    ("database", "software", "database", "Keeps data for applications."),
    ("service", ROOT, "briefcase", "A business service: what people pay for, with an owner, hours and a criticality."),
    ("document", ROOT, "file-text", "A manual, a contract, a licence."),
];

/// The tree, those above before those below.
#[must_use]
pub fn default_classes() -> Vec<CiClass> {
    let mut root = CiClass::new(ROOT, None);
    root.icon = "box".to_owned();
    root.description = "Everything that is under configuration management.".to_owned();
    let mut classes = vec![root];
    for (key, parent, icon, description) in CLASSES {
        let mut class = CiClass::new(key, Some(CiClass::id_of(parent)));
        class.icon = (*icon).to_owned();
        class.description = (*description).to_owned();
        class.attributes = attributes(key);
        classes.push(class);
    }
    classes
}

/// A class for each word that CIs carried before there were classes and that the tree does not have; they lie at the
/// root.
#[must_use]
pub fn classes_for(words: &BTreeSet<String>) -> Vec<CiClass> {
    let known: BTreeSet<String> = default_classes().into_iter().map(|class| class.key).collect();
    let free = words.iter().filter(|word| !word.trim().is_empty() && !known.contains(&word.trim().to_lowercase()));
    let mut made: Vec<CiClass> = free.map(|word| CiClass::new(word, Some(CiClass::id_of(ROOT)))).collect();
    // Two spellings of one word are one class.
    made.sort_by_key(|class| class.id);
    made.dedup_by_key(|class| class.id);
    made
}

fn attributes(key: &str) -> Vec<Attribute> {
    let text =
        |name: &str, title: &str, help: &str| Attribute { help: help.to_owned(), ..Attribute::text(name, title) };
    let of = |name: &str, title: &str, of: AttributeType| Attribute { of, ..Attribute::text(name, title) };
    let number = |unit: &str, most: Option<u32>| AttributeType::Number {
        unit: unit.to_owned(),
        min: Some(Decimal::ZERO),
        max: most.map(Decimal::from),
    };
    match key {
        RACK => vec![Attribute {
            default: "42 U".to_owned(),
            help: "How many rack units it has.".to_owned(),
            ..of(RACK_HEIGHT, "Height", number("U", Some(100)))
        }],
        "building" => vec![text("address", "Address", "")],
        "room" => vec![text("floor", "Floor", "")],
        "hardware" => vec![
            of("purchased", "Purchased", AttributeType::Date),
            of("warranty end", "Warranty end", AttributeType::Date),
            of("power draw", "Power draw", number("W", None)),
        ],
        "server" => vec![
            of("cores", "Cores", number("", Some(10_000))),
            of("memory", "Memory", number("GB", None)),
            of("disk", "Disk", number("GB", None)),
            of("ip address", "IP address", AttributeType::IpAddress),
            of("mac address", "MAC address", AttributeType::MacAddress),
            of("redundant power", "Redundant power", AttributeType::YesNo),
        ],
        "virtual machine" => vec![
            of("cores", "Cores", number("", Some(10_000))),
            of("memory", "Memory", number("GB", None)),
            of("disk", "Disk", number("GB", None)),
            of("ip address", "IP address", AttributeType::IpAddress),
            of("mac address", "MAC address", AttributeType::MacAddress),
        ],
        "network device" => vec![
            of("management address", "Management address", AttributeType::IpAddress),
            of("mac address", "MAC address", AttributeType::MacAddress),
            of("ports", "Ports", number("", Some(10_000))),
            of("throughput", "Throughput", number("Gbit/s", None)),
        ],
        "storage" => vec![
            of("capacity", "Capacity", number("TB", None)),
            of("management address", "Management address", AttributeType::IpAddress),
        ],
        "power" => vec![of("rating", "Rating", number("kVA", None))],
        "application" => vec![
            of("product owner", "Product owner", AttributeType::Reference(ReferenceTo::Person)),
            text("url", "Address", "Where people open it."),
        ],
        "database" => vec![text("engine", "Engine", "Such as PostgreSQL."), of("size", "Size", number("GB", None))],
        "service" => vec![
            text("hours", "Hours", "When it is to be there, such as 24x7 or Mon-Fri 8-18."),
            of("recovery time", "Recovery time", number("h", None)),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::cmdb::class;
    use crate::records::{Memory, RecordsExt};

    #[test]
    fn the_tree_that_a_workspace_starts_with_is_one_that_the_rules_accept() {
        let mut records = Memory::default();
        let classes = default_classes();
        class::put(&classes, &mut records).unwrap();
        let again = class::put(&classes, &mut records).unwrap();
        assert_eq!((again.created, again.updated), (0, 0), "written as it is judged");
        let server = class::named("Server", &records).unwrap().unwrap();
        let lineage = class::lineage(server, &records).unwrap();
        assert_eq!(lineage.keys, ["server", "hardware", ROOT]);
        assert!(lineage.attribute("warranty end").is_some(), "inherited");
        assert_eq!(records.all::<CiClass>().unwrap().len(), classes.len());
    }

    #[test]
    fn a_word_from_before_gets_a_class_unless_the_tree_has_it() {
        let words = BTreeSet::from(["Server".to_owned(), "Gateway".to_owned(), "gateway".to_owned(), " ".to_owned()]);
        let made = classes_for(&words);
        assert_eq!(made.len(), 1);
        assert_eq!(made.first().unwrap().id, CiClass::id_of("gateway"));
    }
}
