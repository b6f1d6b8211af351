//! Risk from what a change touches: the most critical affected CI, how many there are, how far the impact reaches.

use crate::change::record::Change;
use crate::cmdb::ci::Ci;
use crate::cmdb::group::CiGroup;
use crate::id::CiId;
use crate::level::{Criticality, Impact, Risk};
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use std::collections::BTreeSet;

/// From so many affected CIs on, the change is a step riskier.
pub const MANY_CIS: usize = 20;

/// The risk that the affected CIs and the impact suggest; a person may set another.
///
/// # Errors
/// A storage fault.
pub fn from_impact(change: &Change, records: &dyn Records) -> Result<Risk, Fault> {
    let mut affected: BTreeSet<CiId> = change.cis.union(&change.services).copied().collect();
    for group in &change.ci_groups {
        affected.extend(records.get::<CiGroup>(*group)?.map(|g| g.members).unwrap_or_default());
    }
    let mut worst = None;
    for ci in &affected {
        // Ascending order of the levels is descending criticality.
        let criticality = records.get::<Ci>(*ci)?.map(|c| c.criticality);
        worst = match (worst, criticality) {
            (Some(a), Some(b)) => Some(std::cmp::min(a, b)),
            (a, b) => a.or(b),
        };
        if worst == Some(Criticality::Critical) {
            break;
        }
    }
    let mut step = match worst {
        None | Some(Criticality::Low) => 0,
        Some(Criticality::Medium) => 1,
        Some(Criticality::High) => 2,
        Some(Criticality::Critical) => 3,
    };
    step += usize::from(affected.len() >= MANY_CIS);
    step += usize::from(change.impact == Some(Impact::Enterprise));
    Ok(Risk::ALL.get(step).copied().unwrap_or(Risk::VeryHigh))
}
