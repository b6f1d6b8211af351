//! Services, servers, switches, applications and how they hang together.

use super::people::{AARON, INES, MEI, group, person, site};
use super::{Company, id};
use slipway_domain::cmdb::ci::{Ci, CiStatus, Environment, Location};
use slipway_domain::cmdb::group::CiGroup;
use slipway_domain::cmdb::relation::RelationType;
use slipway_domain::command::{CmdbCommand, Command};
use slipway_domain::id::{CiGroupId, CiId};
use slipway_domain::level::Criticality;
use slipway_domain::number::Series;
use slipway_domain::refusal::Failure;
use std::collections::BTreeMap;

/// Business services with their application, its version and its criticality.
pub const SERVICES: [(&str, &str, &str, Criticality); 8] = [
    ("Cargo tracking", "TrackWell", "4.2.0", Criticality::Critical),
    ("Customs clearance", "DouaneLink", "11.0.3", Criticality::Critical),
    ("Yard management", "YardMaster", "2.9.1", Criticality::High),
    ("Customer portal", "PortSide", "7.1.4", Criticality::High),
    ("Warehouse scanning", "ScanHub", "3.3.0", Criticality::High),
    ("Payroll", "Paygrade", "9.3.8", Criticality::Medium),
    ("Mail", "Postern", "6.0.2", Criticality::Medium),
    ("Finance ledger", "Ledgerline", "5.4.0", Criticality::High),
];

/// The CI of that name.
pub fn ci(name: &str) -> CiId {
    CiId(id(&format!("ci/{name}")))
}

/// The group of application servers.
pub fn application_servers() -> CiGroupId {
    CiGroupId(id("ci-group/application servers"))
}

pub fn build(company: &mut Company) -> Result<(), Failure> {
    for (index, (service, application, version, criticality)) in SERVICES.into_iter().enumerate() {
        let site_name = ["Rotterdam DC", "Gdynia terminal"].get(index % 2).copied().unwrap_or("Rotterdam DC");
        add(company, service, "service", |c| {
            c.criticality = criticality;
            c.owner = Some(person(INES));
            c.attributes = BTreeMap::from([("hours".to_owned(), "24x7".to_owned())]);
        })?;
        add(company, application, "application", |c| {
            c.version = version.to_owned();
            c.criticality = criticality;
            c.support_group = Some(group("desk"));
        })?;
        relate(company, service, RelationType::DependsOn, application)?;
        for n in 1..=2 {
            let vm = format!("{}-app{n}", application.to_lowercase());
            add(company, &vm, "virtual machine", |c| {
                c.version = "Debian 12.9".to_owned();
                c.location.site = Some(site(site_name));
                c.support_group = Some(group("operations"));
            })?;
            relate(company, application, RelationType::RunsOn, &vm)?;
        }
        let database = format!("{}-db", application.to_lowercase());
        add(company, &database, "database", |c| {
            c.version = "PostgreSQL 15.8".to_owned();
            c.location.site = Some(site(site_name));
        })?;
        relate(company, application, RelationType::DependsOn, &database)?;
    }
    hardware(company)?;
    hosts(company)?;
    company.issue(
        person(MEI),
        Command::Cmdb(CmdbCommand::PutGroup(CiGroup {
            id: application_servers(),
            name: "Application servers".to_owned(),
            members: SERVICES.iter().map(|s| ci(&format!("{}-app1", s.1.to_lowercase()))).collect(),
            enough: None,
            filter: None,
        })),
    )
}

/// Racks, servers and switches of the two data rooms, and the badge readers of the office.
fn hardware(company: &mut Company) -> Result<(), Failure> {
    for (room, short, count) in [("Rotterdam DC", "rtm", 10u32), ("Gdynia terminal", "gdy", 6)] {
        for rack in 1..=3u32 {
            add(company, &format!("{short}-rack-{rack:02}"), "rack", |c| c.location.site = Some(site(room)))?;
        }
        for n in 1..=2u32 {
            let name = format!("{short}-core-{n}");
            add(company, &name, "switch", |c| {
                c.manufacturer = "Norrgate".to_owned();
                c.model = "NX-9540".to_owned();
                c.version = "17.6.3".to_owned();
                c.serial_number = format!("NG{short}9540{n:03}").to_uppercase();
                c.asset_tag = format!("HV-{short}-1{n:03}").to_uppercase();
                c.criticality = Criticality::Critical;
                c.location = place(room, &format!("{short}-rack-01"), 40 + n);
            })?;
        }
        for n in 1..=count {
            let name = format!("{short}-esx-{n:02}");
            add(company, &name, "server", |c| {
                c.manufacturer = "Halden".to_owned();
                c.model = "R740".to_owned();
                c.version = "BIOS 2.19.1".to_owned();
                c.serial_number = format!("HLD{short}{n:05}").to_uppercase();
                c.asset_tag = format!("HV-{short}-2{n:03}").to_uppercase();
                c.criticality = Criticality::High;
                c.owner = Some(person(AARON));
                c.location = place(room, &format!("{short}-rack-{:02}", 1 + n % 3), n * 2);
            })?;
            relate(company, &name, RelationType::ConnectsTo, &format!("{short}-core-{}", 1 + n % 2))?;
        }
    }
    for n in 1..=12u32 {
        add(company, &format!("brs-badge-{n:02}"), "badge reader", |c| {
            c.manufacturer = "Keyholm".to_owned();
            c.model = "B2".to_owned();
            c.version = "1.0.8".to_owned();
            c.serial_number = format!("KH2B{n:04}");
            c.location.site = Some(site("Bristol office"));
            c.criticality = Criticality::Low;
        })?;
    }
    handhelds(company)
}

/// The terminal's scanners and their radio access points.
fn handhelds(company: &mut Company) -> Result<(), Failure> {
    for n in 1..=6u32 {
        let name = format!("gdy-ap-{n:02}");
        add(company, &name, "access point", |c| {
            c.manufacturer = "Norrgate".to_owned();
            c.model = "Air 6".to_owned();
            c.version = "6.2.1".to_owned();
            c.serial_number = format!("NGAIR6{n:04}");
            c.support_group = Some(group("operations"));
            c.location.site = Some(site("Gdynia terminal"));
        })?;
        relate(company, &name, RelationType::ConnectsTo, &format!("gdy-core-{}", 1 + n % 2))?;
    }
    for n in 1..=30u32 {
        let name = format!("gdy-scan-{n:02}");
        add(company, &name, "handheld scanner", |c| {
            c.manufacturer = "Tallymark".to_owned();
            c.model = "TM40".to_owned();
            c.version = if n % 7 == 0 { "4.8.0" } else { "4.9.2" }.to_owned();
            c.serial_number = format!("TM40{n:05}");
            c.asset_tag = format!("HV-GDY-3{n:03}");
            c.support_group = Some(group("desk"));
            c.location.site = Some(site("Gdynia terminal"));
            c.criticality = Criticality::Low;
        })?;
        relate(company, &name, RelationType::ConnectsTo, &format!("gdy-ap-{:02}", 1 + n % 6))?;
    }
    Ok(())
}

/// Puts each virtual machine and database on a host of its site.
fn hosts(company: &mut Company) -> Result<(), Failure> {
    for (index, (_, application, ..)) in SERVICES.into_iter().enumerate() {
        let (short, count) = if index % 2 == 0 { ("rtm", 10) } else { ("gdy", 6) };
        let name = application.to_lowercase();
        for (offset, guest) in [format!("{name}-app1"), format!("{name}-app2"), format!("{name}-db")].iter().enumerate()
        {
            let host = format!("{short}-esx-{:02}", 1 + (index + offset) % count);
            relate(company, guest, RelationType::HostedOn, &host)?;
        }
    }
    Ok(())
}

fn place(room: &str, rack: &str, u: u32) -> Location {
    Location {
        site: Some(site(room)),
        building: "Main".to_owned(),
        room: "Data room 1".to_owned(),
        rack: rack.to_owned(),
        u: Some(u),
        ..Location::default()
    }
}

fn add(company: &mut Company, name: &str, class: &str, fill: impl FnOnce(&mut Ci)) -> Result<(), Failure> {
    let number = company.number(Series::Ci);
    let mut item = Ci::blank(ci(name), number, class, name);
    item.status = CiStatus::InUse;
    item.environment = Environment::Production;
    fill(&mut item);
    company.issue(person(MEI), Command::Cmdb(CmdbCommand::CreateCi(Box::new(item))))
}

fn relate(company: &mut Company, source: &str, relation_type: RelationType, target: &str) -> Result<(), Failure> {
    let (source, target) = (ci(source), ci(target));
    company.issue(person(MEI), Command::Cmdb(CmdbCommand::Relate { source, relation_type, target }))
}
