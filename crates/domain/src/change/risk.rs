//! Risk from what a change touches: the most critical affected CI or business service, how many fail with them, how far
//! the impact reaches.

use crate::change::record::Change;
use crate::cmdb::ci::Ci;
use crate::cmdb::group::CiGroup;
use crate::cmdb::impact::{Question, analyse};
use crate::id::CiId;
use crate::level::{Criticality, Impact, Risk};
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use std::collections::BTreeSet;

/// From so many affected CIs on, the change is a step riskier.
pub const MANY_CIS: usize = 20;

/// Over so many relations the impact counts.
pub const DEPTH: u32 = 3;

/// So many CIs beside those named are looked at; more of them make the change no riskier.
pub const REACHED: usize = 1_000;

/// What the risk of a change follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weight {
    /// What it comes to.
    pub risk: Risk,
    /// CIs named in the change, by themselves, in a group or as a service.
    pub named: usize,
    /// CIs that are affected beside those.
    pub reached: usize,
    /// Business services among these.
    pub services: Vec<CiId>,
    /// There are more than are looked at.
    pub more: bool,
}

/// The risk that the affected CIs and the impact suggest; a person may set another.
///
/// # Errors
/// A storage fault.
pub fn from_impact(change: &Change, records: &dyn Records) -> Result<Risk, Fault> {
    weigh(change, records).map(|weight| weight.risk)
}

/// What a change touches and what is affected by that.
///
/// The risk is the same on every machine: where more is affected than is looked at, only rounds count that are whole.
///
/// # Errors
/// A storage fault.
pub fn weigh(change: &Change, records: &dyn Records) -> Result<Weight, Fault> {
    let mut named: BTreeSet<CiId> = change.cis.union(&change.services).copied().collect();
    for group in &change.ci_groups {
        named.extend(records.get::<CiGroup>(*group)?.map(|g| g.members).unwrap_or_default());
    }
    let question = Question { most: named.len().saturating_add(REACHED), ..Question::downstream(named.clone(), DEPTH) };
    let impact = analyse(&question, records)?;
    // Ascending order of the levels is descending criticality.
    let mut worst: Option<Criticality> = None;
    let mut services = Vec::new();
    for reached in impact.sure() {
        let Some(ci) = records.get::<Ci>(reached.ci)? else { continue };
        if reached.depth > 0 {
            if !ci.is_service() {
                continue;
            }
            services.push(ci.id);
        }
        worst = Some(worst.map_or(ci.criticality, |worst| worst.min(ci.criticality)));
    }
    let mut step = match worst {
        None | Some(Criticality::Low) => 0,
        Some(Criticality::Medium) => 1,
        Some(Criticality::High) => 2,
        Some(Criticality::Critical) => 3,
    };
    step += usize::from(impact.reached.len() >= MANY_CIS);
    step += usize::from(change.impact == Some(Impact::Enterprise));
    Ok(Weight {
        risk: Risk::ALL.get(step).copied().unwrap_or(Risk::VeryHigh),
        reached: impact.reached.len().saturating_sub(named.len()),
        named: named.len(),
        services,
        more: impact.full,
    })
}
