//! Releases of both types in every phase, each with the changes it packages.

mod journey;

use super::cmdb::{application_servers, ci};
use super::people::{JONAS, SAM, person, site};
use super::stores::{item, unit};
use super::{Company, id};
use journey::{Journey, Part, Stop};
use slipway_domain::change::record::{Change, ChangeKind, ChangeState};
use slipway_domain::command::{ChangeAction, ChangeCommand, Command};
use slipway_domain::id::{ChangeId, CiId};
use slipway_domain::level::{Assessment, Impact, Urgency};
use slipway_domain::number::Series;
use slipway_domain::refusal::Failure;
use slipway_domain::release::record::{Component, Outcome, ReleaseClass, ReleaseType, Target};

pub fn build(company: &mut Company) -> Result<(), Failure> {
    for release in past() {
        journey::travel(company, &release)?;
    }
    for (title, state) in [
        ("Rotate the terminal's Wi-Fi keys", ChangeState::Registered),
        ("Raise the mail quota to 20 GB", ChangeState::Assessed),
        ("Move DNS to the new resolvers", ChangeState::ApprovalPending),
        ("Open the customs test network to partners", ChangeState::Denied),
        ("Replace the office printer fleet", ChangeState::Cancelled),
        ("Patch Postern to 6.1.2", ChangeState::Approved),
        ("Renew the portal's certificates", ChangeState::Approved),
        ("Double the scanners' buffer", ChangeState::ApprovalWithdrawn),
        ("Clean the Rotterdam air filters", ChangeState::Implemented),
        ("Extend the backup window", ChangeState::Closed),
    ] {
        alone(company, title, state)?;
    }
    Ok(())
}

/// The company's releases, oldest first.
fn past() -> Vec<Journey> {
    use Stop::{
        Assess, BackOut, BackedOut, BuildAndTest, BuildApprovalPending, Installed, PlanAndDesign, PlanApprovalPending,
        Rollout, Terminated, Training, Verification, Verified,
    };
    vec![
        software("Cargo tracking 4.3", "TrackWell", "4.2.0", "4.3.0", "Cargo tracking", 80, Verified),
        hardware(
            "Second power supplies for Rotterdam",
            "PSU1100",
            1,
            &["rtm-esx-01", "rtm-esx-02"],
            "Mail",
            70,
            BackedOut,
        ),
        software("Logging library roll-up", "ScanHub", "3.3.0", "3.4.0", "Warehouse scanning", 60, Terminated),
        software("Mail gateway 6.1", "Postern", "6.0.2", "6.1.0", "Mail", 45, Verification),
        software("Finance ledger 5.5", "Ledgerline", "5.4.0", "5.5.0", "Finance ledger", 40, BackOut),
        hardware("Spare host for Rotterdam", "R740", 1, &["rtm-esx-03"], "Customer portal", 30, Rollout),
        software("Customer portal 7.2", "PortSide", "7.1.4", "7.2.0", "Customer portal", 28, Installed),
        Journey {
            urgency: Urgency::High,
            assessment: Assessment::High,
            class: ReleaseClass::Major,
            ..software("Yard management 3.0", "YardMaster", "2.9.1", "3.0.0", "Yard management", 24, Training)
        },
        software("Payroll 9.4", "Paygrade", "9.3.8", "9.4.1", "Payroll", 18, BuildApprovalPending),
        hardware(
            "Badge readers, ground floor",
            "B3",
            2,
            &["brs-badge-01", "brs-badge-02"],
            "Yard management",
            16,
            BuildAndTest,
        ),
        software(
            "Customs clearance 11.1",
            "DouaneLink",
            "11.0.3",
            "11.1.0",
            "Customs clearance",
            10,
            PlanApprovalPending,
        ),
        hardware(
            "Core switch refresh Gdynia",
            "NX-9540",
            2,
            &["gdy-core-1", "gdy-core-2"],
            "Customs clearance",
            8,
            PlanAndDesign,
        ),
        software("Warehouse scanning 3.4", "ScanHub", "3.3.0", "3.4.0", "Warehouse scanning", 4, Assess),
        Journey {
            urgency: Urgency::Critical,
            class: ReleaseClass::Emergency,
            ..software("Mail gateway emergency fix", "Postern", "6.1.0", "6.1.1", "Mail", 3, Verified)
        },
        hardware("Badge readers, first floor", "B3", 5, &["brs-badge-03", "brs-badge-04"], "Mail", 2, Assess),
    ]
}

/// A release that brings an application from one version to the next.
fn software(
    title: &'static str,
    application: &str,
    from: &str,
    to: &str,
    service: &str,
    days_ago: i64,
    stop: Stop,
) -> Journey {
    let lower = application.to_lowercase();
    Journey {
        title,
        release_type: ReleaseType::Software,
        class: ReleaseClass::Minor,
        impact: Impact::SiteDepartment,
        urgency: Urgency::Average,
        assessment: Assessment::Medium,
        changes: vec![format!("{title}: upgrade {application} to {to}"), format!("{title}: migrate its database")],
        cis: vec![
            ci(application),
            ci(&format!("{lower}-app1")),
            ci(&format!("{lower}-app2")),
            ci(&format!("{lower}-db")),
        ],
        groups: vec![application_servers()],
        services: vec![ci(service)],
        parts: vec![Part { component: Component::DslItem(item(application, to)), reserve: None }],
        versions: vec![(ci(application), from.to_owned(), to.to_owned())],
        targets: vec![
            Target { name: format!("{lower}-app1"), site: Some(site("Rotterdam DC")) },
            Target { name: format!("{lower}-app2"), site: Some(site("Rotterdam DC")) },
        ],
        days_ago,
        stop,
    }
}

/// A release that brings units from the shelf to the places of the named CIs.
fn hardware(
    title: &'static str,
    model: &str,
    first: u32,
    places: &[&str],
    service: &str,
    days_ago: i64,
    stop: Stop,
) -> Journey {
    let parts = (first..).take(places.len()).map(|n| {
        let unit = unit(&format!("{model}-{n:04}"));
        Part { component: Component::DhsUnit(unit), reserve: Some(unit) }
    });
    Journey {
        title,
        release_type: ReleaseType::Hardware,
        class: ReleaseClass::Minor,
        impact: Impact::MultipleUsers,
        urgency: Urgency::Average,
        assessment: Assessment::Low,
        changes: vec![format!("{title}: replace and cable")],
        cis: places.iter().map(|name| ci(name)).collect::<Vec<CiId>>(),
        groups: Vec::new(),
        services: vec![ci(service)],
        parts: parts.collect(),
        versions: Vec::new(),
        targets: places.iter().map(|name| Target { name: (*name).to_owned(), site: None }).collect(),
        days_ago,
        stop,
    }
}

/// A change that no release carries yet.
fn alone(company: &mut Company, title: &str, state: ChangeState) -> Result<(), Failure> {
    let change = register(company, title, &[], &[])?;
    let act = |company: &mut Company, action| {
        company.issue(person(JONAS), Command::Change(ChangeCommand::Do(change, action)))
    };
    match state {
        ChangeState::Assessed => act(company, ChangeAction::Assess),
        ChangeState::Cancelled => act(company, ChangeAction::Cancel("the fleet is leased for another year".to_owned())),
        ChangeState::ApprovalPending => {
            act(company, ChangeAction::Assess)?;
            journey::ask(company, journey::about_change(change)).map(|_| ())
        }
        ChangeState::Denied => {
            act(company, ChangeAction::Assess)?;
            journey::deny(company, change)
        }
        ChangeState::Approved => {
            act(company, ChangeAction::Assess)?;
            journey::approve(company, journey::about_change(change))
        }
        ChangeState::ApprovalWithdrawn => {
            act(company, ChangeAction::Assess)?;
            journey::approve(company, journey::about_change(change))?;
            act(company, ChangeAction::WithdrawApproval("the vendor advises against it".to_owned()))
        }
        ChangeState::Implemented | ChangeState::Closed => {
            act(company, ChangeAction::Assess)?;
            journey::approve(company, journey::about_change(change))?;
            act(company, ChangeAction::Implement)?;
            if state == ChangeState::Implemented {
                return Ok(());
            }
            act(company, ChangeAction::Review { outcome: Outcome::Successful })?;
            act(company, ChangeAction::Close)
        }
        ChangeState::Registered | ChangeState::Reviewed => Ok(()),
    }
}

/// Registers a change.
fn register(company: &mut Company, title: &str, cis: &[CiId], services: &[CiId]) -> Result<ChangeId, Failure> {
    let identity = ChangeId(id(&format!("change/{title}")));
    let number = company.number(Series::Change);
    let change = Change {
        id: identity,
        number,
        foreign: None,
        title: title.to_owned(),
        description: String::new(),
        category: "application".to_owned(),
        kind: ChangeKind::Normal,
        reason: "planned work".to_owned(),
        requested_by: person(SAM),
        coordinator: Some(person(SAM)),
        impact: Some(Impact::SiteDepartment),
        urgency: Some(Urgency::Average),
        priority: None,
        risk: None,
        cis: cis.iter().copied().collect(),
        ci_groups: [].into(),
        services: services.iter().copied().collect(),
        planned: None,
        versions: None,
        release: None,
        state: ChangeState::Registered,
        outcome: None,
        state_reason: String::new(),
        created_at: company.clock,
    };
    company.issue(person(SAM), Command::Change(ChangeCommand::Create(Box::new(change))))?;
    Ok(identity)
}
