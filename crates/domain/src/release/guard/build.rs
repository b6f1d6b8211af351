//! Guards of leaving Build and test: what the release is built of, and its tests.

use crate::dhs::record::{DhsStock, DhsUnit};
use crate::dsl::item::{DslItem, ItemState};
use crate::lookup::Lookup;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Fault, Finding};
use crate::release::guard::{Findings, GuardInput, on};
use crate::release::record::{Component, Release, ReleaseType, TestRecord, TestResult};

/// What the release is built of comes from the definitive stores: software from masters that were verified in
/// this Build and test, hardware reserved for this release. A release of nothing is not built.
pub fn components_ready(i: &GuardInput<'_>) -> Findings {
    let release = i.release;
    if release.scope.components.is_empty() {
        let (store, way_out) = match release.release_type {
            Some(ReleaseType::Hardware) => ("DHS", "Add the DHS units or models in Scope."),
            _ => ("DSL", "Add the DSL items in Scope."),
        };
        return Ok(vec![on(release, "NO_COMPONENT", format!("No component from the {store} is named."), way_out)]);
    }
    let units: Vec<DhsUnit> = i.records.list(Lookup::UnitsOfRelease, &release.id.to_string())?;
    let stocks: Vec<DhsStock> = i.records.list(Lookup::StocksOfRelease, &release.id.to_string())?;
    let mut findings = Vec::new();
    for component in &release.scope.components {
        match component {
            Component::DslItem(id) => findings.extend(master_ready(i, *id)?),
            Component::DhsUnit(id) => {
                if !units.iter().any(|u| u.id == *id) {
                    let label = i.records.get::<DhsUnit>(*id)?.map_or_else(|| id.to_string(), |u| u.number.to_string());
                    findings.push(
                        Finding::new(
                            "UNIT_NOT_RESERVED",
                            format!("{label} is not reserved for {}.", release.number),
                            "Reserve the unit in the DHS.",
                        )
                        .about(RecordRef { kind: Kind::DhsUnit, id: (*id).into(), label }),
                    );
                }
            }
            Component::DhsModel { model, quantity } => {
                let single = |u: &&DhsUnit| !release.scope.components.contains(&Component::DhsUnit(u.id));
                let apart = units.iter().filter(|u| u.model == *model).filter(single).count();
                let counted: usize = stocks
                    .iter()
                    .filter(|s| s.model == *model)
                    .flat_map(|s| [s.reserved.get(&release.id), s.issued.get(&release.id)])
                    .flatten()
                    .map(|n| *n as usize)
                    .sum();
                let reserved = apart + counted;
                if reserved < *quantity as usize {
                    let label = i
                        .records
                        .get::<crate::dhs::record::DhsModel>(*model)?
                        .map_or_else(|| model.to_string(), |m| format!("{} {}", m.manufacturer, m.name));
                    findings.push(
                        Finding::new(
                            "UNITS_NOT_RESERVED",
                            format!("{reserved} of {quantity} {label} are reserved for {}.", release.number),
                            "Reserve the missing units in the DHS.",
                        )
                        .about(RecordRef { kind: Kind::DhsModel, id: (*model).into(), label })
                        .with("reserved", reserved)
                        .with("needed", quantity),
                    );
                }
            }
        }
    }
    Ok(findings)
}

fn master_ready(i: &GuardInput<'_>, id: crate::id::DslItemId) -> Findings {
    let Some(item) = i.records.get::<DslItem>(id)? else {
        let about = RecordRef { kind: Kind::DslItem, id: id.into(), label: id.to_string() };
        return Ok(vec![
            Finding::new("MASTER_NOT_ACCEPTED", format!("DSL item {id} is not known here."), "Sync, or remove it.")
                .about(about),
        ]);
    };
    let about = RecordRef::of(&item);
    let mut findings = Vec::new();
    if item.state != ItemState::Accepted {
        findings.push(
            Finding::new(
                "MASTER_NOT_ACCEPTED",
                format!("{} is {}, not accepted in the DSL.", about.label, item.state),
                "Have a librarian accept it, or build from an accepted version.",
            )
            .about(about.clone())
            .with("state", item.state),
        );
    }
    if !i.release.verified_masters.contains_key(&id) {
        findings.push(
            Finding::new(
                "MASTER_NOT_VERIFIED",
                format!("The stored checksum of {} was not verified in this Build and test.", about.label),
                "Verify the master.",
            )
            .about(about),
        );
    }
    Ok(findings)
}

/// A master that was withdrawn stops every release that uses it, in any phase.
pub fn no_master_withdrawn(i: &GuardInput<'_>) -> Findings {
    let mut findings = Vec::new();
    for component in &i.release.scope.components {
        let Component::DslItem(id) = component else { continue };
        if let Some(item) = i.records.get::<DslItem>(*id)?
            && item.state == ItemState::Withdrawn
        {
            let about = RecordRef::of(&item);
            findings.push(
                Finding::new(
                    "MASTER_WITHDRAWN",
                    format!("{} was withdrawn from the DSL: {}.", about.label, item.withdrawn_because),
                    "Build the release from another version.",
                )
                .about(about),
            );
        }
    }
    Ok(findings)
}

/// All tests of this round passed or were waived. That there is one at all is a criterion of readiness.
pub fn tests_passed_or_waived(i: &GuardInput<'_>) -> Findings {
    let tests = current_tests(i.release, i.records)?;
    Ok(tests
        .iter()
        .filter(|t| t.result == TestResult::Failed)
        .map(|test| {
            Finding::new(
                "TEST_FAILED",
                format!("Test {} failed.", test.title),
                "Repeat it until it passes and waive the failure, or record Test failed to plan anew.",
            )
            .about(RecordRef::of(test))
        })
        .collect())
}

/// The test records that count in this round of Build and test.
///
/// # Errors
/// A storage fault.
pub(crate) fn current_tests(release: &Release, records: &dyn Records) -> Result<Vec<TestRecord>, Fault> {
    let mut tests: Vec<TestRecord> = records.list(Lookup::TestsOfRelease, &release.id.to_string())?;
    tests.retain(|t| !t.superseded);
    Ok(tests)
}
