//! What lies in the DSL and on the shelves of the DHS.

use super::people::{AARON, DANA, OSKAR, PRIYA, person, site};
use super::{Company, id};
use slipway_domain::command::{Command, DhsCommand, DslCommand};
use slipway_domain::dhs::model::ModelFacts;
use slipway_domain::dhs::record::{Bin, Condition, DhsModel, DhsUnit, UnitFacts, UnitState};
use slipway_domain::dsl::item::{CheckKind, DslItem, ItemKind, ItemState, MasterFile};
use slipway_domain::id::{DhsModelId, DhsUnitId, DslItemId};
use slipway_domain::number::Series;
use slipway_domain::refusal::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// How far an item gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Submitted,
    Quarantine,
    Accepted,
    Superseded,
    Withdrawn,
}

/// The item of that name and version.
pub fn item(name: &str, version: &str) -> DslItemId {
    DslItemId(id(&format!("dsl/{name}/{version}")))
}

/// The one file of an item; its hash is that of its name, for there are no real files behind the sample.
pub fn master(name: &str, version: &str) -> MasterFile {
    use sha2::{Digest, Sha256};
    let file = format!("{}-{version}.tar.zst", name.to_lowercase().replace(' ', "-"));
    let sha256 = Sha256::digest(file.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    MasterFile { size_bytes: 1_048_576 * (20 + file.len() as u64), name: file, sha256 }
}

/// The unit with that serial number.
pub fn unit(serial: &str) -> DhsUnitId {
    DhsUnitId(id(&format!("unit/{serial}")))
}

/// The model of that name.
pub fn model(name: &str) -> DhsModelId {
    DhsModelId(id(&format!("model/{name}")))
}

pub fn build(company: &mut Company) -> Result<(), Failure> {
    use Fate::{Accepted, Quarantine, Submitted, Superseded, Withdrawn};
    for (name, version, kind, fate) in [
        ("TrackWell", "4.1.9", ItemKind::Application, Superseded),
        ("TrackWell", "4.3.0", ItemKind::Application, Accepted),
        ("DouaneLink", "11.1.0", ItemKind::Application, Accepted),
        ("YardMaster", "3.0.0", ItemKind::Application, Accepted),
        ("PortSide", "7.2.0", ItemKind::Application, Accepted),
        ("ScanHub", "3.4.0", ItemKind::Application, Accepted),
        ("Paygrade", "9.4.1", ItemKind::Application, Accepted),
        ("Postern", "6.1.0", ItemKind::Application, Accepted),
        ("Postern", "6.1.1", ItemKind::Application, Accepted),
        ("Ledgerline", "5.5.0", ItemKind::Application, Accepted),
        ("Badge agent", "1.0.9", ItemKind::Firmware, Quarantine),
        ("Halden BMC", "2.88", ItemKind::Firmware, Quarantine),
        ("Norrgate NX-OS", "17.9.5", ItemKind::Firmware, Submitted),
        ("Logjam", "2.14.1", ItemKind::Package, Withdrawn),
    ] {
        library(company, name, version, kind, fate)?;
    }
    shelves(company)
}

fn library(company: &mut Company, name: &str, version: &str, kind: ItemKind, fate: Fate) -> Result<(), Failure> {
    let identity = item(name, version);
    let number = company.number(Series::DslItem);
    let submitted = DslItem {
        id: identity,
        number,
        name: name.to_owned(),
        version: version.to_owned(),
        vendor: if kind == ItemKind::Application { "Quayside Software" } else { "Halden" }.to_owned(),
        kind,
        platform: "linux x86_64".to_owned(),
        licence: "site licence, no expiry".to_owned(),
        files: vec![master(name, version)],
        state: ItemState::Submitted,
        checks: BTreeMap::new(),
        submitted_by: person(PRIYA),
        submitted_at: company.clock,
        handed_in_by: BTreeSet::new(),
        accepted_by: None,
        accepted_at: None,
        withdrawn_because: String::new(),
        sbom: None,
    };
    company.issue(person(PRIYA), Command::Dsl(identity, DslCommand::Submit(Box::new(submitted))))?;
    if fate == Fate::Submitted {
        return Ok(());
    }
    let checks = [
        (CheckKind::Checksum, "equals the vendor's SHA256SUMS"),
        (CheckKind::Signature, "minisign, key \"Quayside 2026\""),
        (CheckKind::MalwareScan, "clean"),
        (CheckKind::Licence, "site licence covers it"),
    ];
    let recorded = if fate == Fate::Quarantine { 2 } else { checks.len() };
    for (check, note) in checks.into_iter().take(recorded) {
        let record = DslCommand::RecordCheck { check, passed: true, note: note.to_owned(), files: None };
        company.issue(person(OSKAR), Command::Dsl(identity, record))?;
    }
    if fate == Fate::Quarantine {
        return Ok(());
    }
    company.issue(person(OSKAR), Command::Dsl(identity, DslCommand::Accept))?;
    match fate {
        Fate::Superseded => company.issue(person(OSKAR), Command::Dsl(identity, DslCommand::Supersede)),
        Fate::Withdrawn => {
            let reason = "remote code execution in message look-ups".to_owned();
            company.issue(person(OSKAR), Command::Dsl(identity, DslCommand::Withdraw { reason }))
        }
        _ => Ok(()),
    }
}

fn shelves(company: &mut Company) -> Result<(), Failure> {
    let models = [
        ("Norrgate", "NX-9540", "NX-9540-32C", 20, 6),
        ("Halden", "R740", "HLD-R740-128", 20, 8),
        ("Halden", "PSU 1100", "HLD-PSU-1100", 0, 6),
        ("Keyholm", "B3", "KH-B3-W", 0, 10),
    ];
    for (manufacturer, name, part, height_tenth_u, units) in models {
        let record = DhsModel {
            id: model(name),
            manufacturer: manufacturer.to_owned(),
            name: name.to_owned(),
            part_numbers: vec![part.to_owned()],
            height_tenth_u,
            facts: ModelFacts::default(),
        };
        company.issue(person(DANA), Command::Dhs(DhsCommand::PutModel(record)))?;
        for n in 1..=units {
            let serial = format!("{}-{n:04}", name.replace(' ', ""));
            let number = company.number(Series::DhsUnit);
            let received = DhsUnit {
                id: unit(&serial),
                number,
                model: model(name),
                serial_number: serial.clone(),
                asset_tag: format!("HV-S-{serial}"),
                condition: if n % 5 == 0 { Condition::Refurbished } else { Condition::New },
                state: UnitState::InStore,
                bin: Bin {
                    site: Some(site("Rotterdam DC")),
                    store: "Spares A".to_owned(),
                    aisle: "1".to_owned(),
                    shelf: format!("A-{:02}", 1 + n % 4),
                    bin: format!("{n}"),
                },
                reserved_for: None,
                ci: None,
                facts: UnitFacts::default(),
            };
            company.issue(
                person(if n % 2 == 0 { DANA } else { AARON }),
                Command::Dhs(DhsCommand::Receive(Box::new(received))),
            )?;
        }
    }
    Ok(())
}
