//! Redundancy rules: a CI works while enough of some providers do, whatever becomes of the others.
//!
//! A rule speaks of one CI and of CIs that it needs directly. For these two it counts more than a redundancy group
//! ([`CiGroup::enough`](crate::cmdb::group::CiGroup::enough)), which speaks of everything that depends on its members.

use crate::cmdb::ci::Ci;
use crate::cmdb::impact::{self, Direction, Question};
use crate::cmdb::relate;
use crate::execute::{Effect, replace};
use crate::id::{CiId, RedundancyId};
use crate::lookup::Lookup;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use ts_rs::TS;

/// Most providers of one rule.
pub const PROVIDERS: usize = 100;

/// Of these providers, so many are enough for this CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Redundancy {
    /// Identity.
    pub id: RedundancyId,
    /// The CI that needs them.
    pub ci: CiId,
    /// What it needs some of; CIs without which it would fail if the rule were not there.
    pub providers: BTreeSet<CiId>,
    /// How many of them have to be up, from 1 to all.
    pub enough: u32,
}

/// The rules about a CI: those by which it is spared, and with `as_provider` also those of which it is a provider.
///
/// # Errors
/// A storage fault.
pub fn of(ci: CiId, as_provider: bool, records: &dyn Records) -> Result<Vec<Redundancy>, Fault> {
    let mut rules = records.list::<Redundancy>(Lookup::RedundancyOfCi, &ci.to_string())?;
    rules.retain(|rule| as_provider || rule.ci == ci);
    Ok(rules)
}

/// Creates or replaces a rule.
pub(crate) fn put(rule: &Redundancy, records: &mut dyn Records) -> Result<Effect, Failure> {
    let ci: Ci = records.must(rule.ci)?;
    let mut findings = Vec::new();
    if rule.providers.len() > PROVIDERS {
        findings.push(
            Finding::new(
                "TOO_MANY_PROVIDERS",
                format!("{} providers are too many; {PROVIDERS} are possible.", rule.providers.len()),
                "Make two rules, each over some of them.",
            )
            .about(ci.reference())
            .with("limit", PROVIDERS),
        );
    }
    if rule.enough == 0 || usize::try_from(rule.enough).is_ok_and(|enough| enough > rule.providers.len()) {
        findings.push(
            Finding::new(
                "REDUNDANCY_IMPOSSIBLE",
                format!("Of {} providers of {}, {} cannot be enough.", rule.providers.len(), ci.name, rule.enough),
                "Say a number from 1 to the number of providers, or remove the rule.",
            )
            .about(ci.reference()),
        );
    }
    none(findings)?;
    let mut findings = Vec::new();
    for provider in &rule.providers {
        findings.extend(relate::absent(*provider, records)?);
    }
    none(findings)?;
    let question = Question { direction: Direction::Upstream, ..Question::downstream([rule.ci].into(), 1) };
    let needed = impact::analyse(&question, records)?;
    let elsewhere: BTreeSet<CiId> = of(rule.ci, false, records)?
        .into_iter()
        .filter(|other| other.id != rule.id)
        .flat_map(|other| other.providers)
        .collect();
    let mut findings = Vec::new();
    for provider in &rule.providers {
        let called = |id: CiId| -> Result<Ci, Failure> { records.must(id) };
        if *provider == rule.ci || needed.of(*provider).is_none() {
            let provider = called(*provider)?;
            findings.push(
                Finding::new(
                    "NO_PROVIDER",
                    format!("{} would not fail with {}: no relation says so.", ci.name, provider.name),
                    "Add the relation between the two first, such as depends on, or leave it out of the rule.",
                )
                .about(provider.reference()),
            );
        } else if elsewhere.contains(provider) {
            let provider = called(*provider)?;
            findings.push(
                Finding::new(
                    "ALREADY_REDUNDANT",
                    format!("{} is in another redundancy rule of {}.", provider.name, ci.name),
                    "Take it out of that rule first.",
                )
                .about(provider.reference()),
            );
        }
    }
    none(findings)?;
    Ok(replace(rule.clone(), rule.id, records)?)
}

/// Removes a rule; one that is gone already is as wanted.
pub(crate) fn remove(id: RedundancyId, records: &mut dyn Records) -> Result<Effect, Failure> {
    if records.get::<Redundancy>(id)?.is_none() {
        return Ok(Effect::unchanged());
    }
    records.remove(Kind::Redundancy, id.into())?;
    Ok(Effect::updated())
}

/// Why a CI cannot be merged into another as long as rules speak of it.
pub(crate) fn against_merging(gone: &Ci, records: &dyn Records) -> Result<Option<Finding>, Fault> {
    let rules = of(gone.id, true, records)?;
    Ok((!rules.is_empty()).then(|| {
        Finding::new(
            "IN_A_REDUNDANCY",
            format!("{} redundancy rules speak of {}.", rules.len(), gone.name),
            "Keep that CI and merge the other into it, or remove these rules first and make them anew.",
        )
        .about(gone.reference())
    }))
}
