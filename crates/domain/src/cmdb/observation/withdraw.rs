//! Taking back what one brought in: a label of the wrong rack, a scan too many. Only as long as nothing came of it, and
//! what the source saw before stands again.

use crate::cmdb::ci::Ci;
use crate::cmdb::observation::Observation;
use crate::cmdb::observation::identify::rules;
use crate::cmdb::observation::sight::{Sighting, one};
use crate::execute::{Context, Effect};
use crate::id::ObservationId;
use crate::people::Person;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use crate::scope::{Sight, Sites};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

/// Which observation is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Withdrawal {
    /// Which.
    pub observation: ObservationId,
    /// When what is taken back was seen: what came later stays.
    pub seen_at: Timestamp,
    /// What the source had seen of the thing before.
    pub before: Option<Box<Sighting>>,
}

pub(crate) fn withdraw(
    given: &Withdrawal,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let now: Observation = records.must(given.observation)?;
    let sight = Sight::of(actor, records)?;
    if sight.sites != Sites::All {
        none(sight.denial(Kind::Observation, now.id.0, records)?.into_iter().collect())?;
    }
    let mut findings = Vec::new();
    if now.by != actor.id {
        findings.push(Finding::new(
            "NOT_YOURS",
            format!("Somebody else brought in {}.", now.label),
            "Ask them, or decide about it in the queue.",
        ));
    }
    if now.seen_at != given.seen_at {
        findings.push(Finding::new(
            "SEEN_SINCE",
            format!("{} was seen again on {}.", now.label, now.seen_at.to_rfc3339()),
            "What was seen last counts; there is nothing to take back.",
        ));
    }
    if now.decisions.values().any(|decided| given.before.is_none() || decided.at >= given.seen_at) {
        findings.push(Finding::new(
            "DECIDED_SINCE",
            format!("Somebody decided about {} already.", now.label),
            "Scan it again where it stands: then it is compared anew.",
        ));
    }
    if let Some(before) = &given.before
        && (before.seen_at >= given.seen_at || !before.source.eq_ignore_ascii_case(&now.source))
    {
        findings.push(Finding::new(
            "NOT_BEFORE",
            format!("What {} shall be again is not what the same source saw earlier.", now.label),
            "Take it back without.",
        ));
    }
    none(findings)?;
    records.remove(Kind::Observation, now.id.0)?;
    let Some(before) = &given.before else { return Ok(Effect { updated: 1, ..Effect::default() }) };
    let mut lines = BTreeMap::new();
    one(before, &rules(records)?, &sight, &mut lines, context, records)?;
    for id in lines.into_keys() {
        let stored: Observation = records.must(id)?;
        let ci: Option<Ci> = match stored.ci {
            Some(ci) => records.get(ci)?,
            None => None,
        };
        if stored.ci == now.ci && !now.decisions.is_empty() {
            let with = Observation { decisions: now.decisions.clone(), ..stored.clone() };
            with.settle(ci.as_ref(), Some(&stored), records)?;
        }
    }
    Ok(Effect { updated: 1, ..Effect::default() })
}
