//! The people of Harbour & Vale, their groups and sites.

use super::{Company, SampleUser, id};
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::{GroupId, PersonId, SiteId};
use slipway_domain::people::{Group, Person, Role, Site};
use slipway_domain::refusal::Failure;
use slipway_domain::setting::{ApprovalPolicy, Freeze, FreezeScope, FreezeStrength};
use slipway_domain::time::Window;

/// Ines Marlow, release manager.
pub const INES: &str = "ines";
/// Tom Okafor, release coordinator.
pub const TOM: &str = "tom";
/// Priya Nair, packaging and build.
pub const PRIYA: &str = "priya";
/// Jonas Weber, change manager and lead of the CAB.
pub const JONAS: &str = "jonas";
/// Lucia Romero, CAB.
pub const LUCIA: &str = "lucia";
/// Bram Visser, CAB.
pub const BRAM: &str = "bram";
/// Sam Whitfield, change coordinator.
pub const SAM: &str = "sam";
/// Mei Tanaka, configuration manager.
pub const MEI: &str = "mei";
/// Oskar Lindqvist, DSL librarian.
pub const OSKAR: &str = "oskar";
/// Dana Kovacs, DHS storekeeper.
pub const DANA: &str = "dana";
/// Aaron Bell, technician.
pub const AARON: &str = "aaron";
/// Fatima Haddad, technician.
pub const FATIMA: &str = "fatima";
/// Ruth Castellan, administrator.
pub const RUTH: &str = "ruth";
/// Henrik Falk, auditor.
pub const HENRIK: &str = "henrik";

/// The person with that sign-in name.
pub fn person(user: &str) -> PersonId {
    PersonId(id(&format!("person/{user}")))
}

/// The site of that name.
pub fn site(name: &str) -> SiteId {
    SiteId(id(&format!("site/{name}")))
}

/// The group of that name.
pub fn group(name: &str) -> GroupId {
    GroupId(id(&format!("group/{name}")))
}

pub fn users() -> Vec<SampleUser> {
    let all: [(&'static str, &'static str, &[Role]); 14] = [
        (INES, "Ines Marlow", &[Role::ReleaseManager]),
        (TOM, "Tom Okafor", &[Role::ReleaseCoordinator]),
        (PRIYA, "Priya Nair", &[Role::BuildManager]),
        (JONAS, "Jonas Weber", &[Role::ChangeManager, Role::Approver]),
        (LUCIA, "Lucia Romero", &[Role::Approver]),
        (BRAM, "Bram Visser", &[Role::Approver]),
        (SAM, "Sam Whitfield", &[Role::ChangeCoordinator]),
        (MEI, "Mei Tanaka", &[Role::ConfigurationManager]),
        (OSKAR, "Oskar Lindqvist", &[Role::DslLibrarian]),
        (DANA, "Dana Kovacs", &[Role::DhsStorekeeper]),
        (AARON, "Aaron Bell", &[Role::Technician]),
        (FATIMA, "Fatima Haddad", &[Role::Technician]),
        (RUTH, "Ruth Castellan", &[Role::Administrator]),
        (HENRIK, "Henrik Falk", &[Role::Auditor]),
    ];
    all.into_iter()
        .map(|(user, name, roles)| SampleUser { person: person(user), user, name, roles: roles.to_vec() })
        .collect()
}

/// What the workspace has from its own set-up: judged here too, so that later commands find it.
pub fn groups_of_the_workspace(
    company: &mut Company,
    cab: GroupId,
    emergency_cab: GroupId,
    policies: &[ApprovalPolicy],
) -> Result<(), Failure> {
    for (id, name) in [(cab, "CAB"), (emergency_cab, "Emergency CAB")] {
        setup(company, SetupCommand::PutGroup(Group { id, name: name.to_owned(), members: [].into(), lead: None }))?;
    }
    for policy in policies {
        setup(company, SetupCommand::PutApprovalPolicy(policy.clone()))?;
    }
    Ok(())
}

pub fn build(company: &mut Company, cab: GroupId, emergency_cab: GroupId) -> Result<(), Failure> {
    for user in users() {
        setup(
            company,
            SetupCommand::PutPerson(Person {
                id: user.person,
                name: user.name.to_owned(),
                user: user.user.to_owned(),
                roles: user.roles.into_iter().collect(),
                active: true,
            }),
        )?;
    }
    for (name, address) in [
        ("Rotterdam DC", "Waalhaven Z.z. 18, Rotterdam"),
        ("Bristol office", "2 Redcliff Quay, Bristol"),
        ("Gdynia terminal", "Kontenerowa 7, Gdynia"),
    ] {
        setup(
            company,
            SetupCommand::PutSite(Site { id: site(name), name: name.to_owned(), address: address.to_owned() }),
        )?;
    }
    let groups: [(GroupId, &str, &[&str], &str); 5] = [
        (cab, "CAB", &[JONAS, LUCIA, BRAM], JONAS),
        (emergency_cab, "Emergency CAB", &[JONAS, LUCIA], JONAS),
        (group("operations"), "Data-centre operations", &[AARON, FATIMA], AARON),
        (group("desk"), "Service desk", &[FATIMA, TOM], TOM),
        (group("release"), "Release team", &[INES, TOM, PRIYA], INES),
    ];
    for (id, name, members, lead) in groups {
        setup(
            company,
            SetupCommand::PutGroup(Group {
                id,
                name: name.to_owned(),
                members: members.iter().map(|m| person(m)).collect(),
                lead: Some(person(lead)),
            }),
        )?;
    }
    let start = company.now.plus_days(24);
    setup(
        company,
        SetupCommand::PutFreeze(Freeze {
            id: slipway_domain::id::FreezeId(id("freeze/year-end")),
            title: "Year-end closing".to_owned(),
            window: Window { start, end: start.plus_days(14) },
            scope: FreezeScope::Everything,
            strength: FreezeStrength::Hard,
            repeats: None,
        }),
    )
}

fn setup(company: &mut Company, command: SetupCommand) -> Result<(), Failure> {
    company.issue(PersonId::SYSTEM, Command::Setup(command))
}
