//! Managed and actual state: what a technician or a discovery tool saw, against what the record says.
//!
//! A sighting never changes a CI by itself. It is recognised ([`identify`]), compared, and waits in a queue until
//! somebody decides ([`decide`]). How an observation stands is kept with it, and follows its CI: whatever edits the CI
//! later also settles, or opens, what was seen of it ([`renew`]).

use crate::cmdb::ci::{Ci, CiStatus};
use crate::cmdb::merge_ci;
use crate::cmdb::observation::decide::ObservationVerdict;
use crate::cmdb::observation::identify::{IdentificationRule, IdentificationRules, Identity, mac};
use crate::cmdb::observation::sight::Sighting;
use crate::cmdb::observation::withdraw::Withdrawal;
use crate::execute::{Context, Effect};
use crate::id::{ChangeId, CiId, ObservationId, PersonId, SiteId};
use crate::level::named;
use crate::lookup::Lookup;
use crate::people::Person;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

pub mod accuracy;
pub mod decide;
pub mod identify;
pub mod scan;
pub mod sight;
pub mod withdraw;

/// Most facts of one observation.
pub const FACTS: usize = 100;

/// Under this name stands what was decided about the whole thing, not about one field.
pub const WHOLE: &str = "";

named! {
    /// How an observation stands to the record.
    ObservationState {
        /// What was seen is what the record says.
        Match = "match",
        /// A field has another value.
        Mismatch = "mismatch",
        /// The CI was looked for and not found.
        Missing = "missing",
        /// No record is of this thing.
        Unknown = "unknown",
        /// The difference stands, and somebody decided about it.
        Settled = "settled",
    }
    /// What becomes of a difference.
    Verdict {
        /// The record takes over what was seen.
        Accept = "accept what was seen",
        /// The record stays as it is.
        Keep = "keep the record",
        /// A change is registered that nobody planned.
        Change = "register an unplanned change",
        /// The unknown thing becomes a CI.
        Register = "register as a CI",
        /// The unknown thing is this CI, whatever the rules say.
        Link = "link to a CI",
        /// The CI is missing.
        MarkMissing = "mark as missing",
        /// It is no matter of the CMDB, for a reason.
        Dismiss = "dismiss",
        /// Nothing but to recognise and compare it again.
        LookAgain = "compare again",
    }
}

impl ObservationState {
    /// The states that wait for a decision.
    pub const OPEN: [Self; 3] = [Self::Mismatch, Self::Missing, Self::Unknown];
}

/// What a source saw of one thing. What it sees of it later takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Observation {
    /// Identity; derived from the source and the thing.
    pub id: ObservationId,
    /// Such as `lshw`, `ansible`, `scan`.
    pub source: String,
    /// When it was seen.
    pub seen_at: Timestamp,
    /// Who brought it in.
    pub by: PersonId,
    /// Where the CI lies by its record; where the thing was seen while it is unknown.
    pub site: Option<SiteId>,
    /// Name of the CI, or how the thing calls itself.
    pub label: String,
    /// By what it is recognised.
    pub identity: Identity,
    /// Class that the thing has by its source; empty if that says nothing.
    pub class: String,
    /// Fields of a CI as they were seen, by name.
    pub facts: BTreeMap<String, String>,
    /// The CI that it is.
    pub ci: Option<CiId>,
    /// By which rule it was recognised.
    pub rule: Option<IdentificationRule>,
    /// The CI was looked for and not found.
    pub absent: bool,
    /// What was decided, by field; of the whole thing under [`WHOLE`].
    pub decisions: BTreeMap<String, Decided>,
    /// How it stands.
    pub state: ObservationState,
}

/// A decision on a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Decided {
    /// What becomes of it.
    pub verdict: Verdict,
    /// The value that was seen; another one is a new difference.
    pub seen: String,
    /// By whom.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub note: String,
    /// The change that was registered.
    pub change: Option<ChangeId>,
}

/// A field in which the record and what was seen differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Difference {
    /// Which.
    pub field: String,
    /// Value of the record.
    pub recorded: String,
    /// Value that was seen.
    pub seen: String,
}

impl Difference {
    /// The record says nothing, so that nothing contradicts: it may be filled in, and is no mismatch.
    #[must_use]
    pub fn is_gap(&self) -> bool {
        self.recorded.is_empty()
    }
}

/// Commands on what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ObservationCommand {
    /// Brings in what was seen; at most [`crate::command::BULK_ROWS`]. Each row is judged by itself.
    Record(Vec<Sighting>),
    /// Decides; at most [`crate::command::BULK_ROWS`]. Each is judged by itself.
    Decide(Vec<ObservationVerdict>),
    /// Replaces the identification rules.
    PutRules(IdentificationRules),
    /// Takes back what the same person brought in, as long as nothing came of it.
    Withdraw(Withdrawal),
}

/// Whether two values of a field are the same: case makes no difference, nor does the way an address is written.
fn is_same(recorded: &str, seen: &str) -> bool {
    recorded.to_lowercase() == seen.to_lowercase() || mac(recorded).is_some_and(|a| mac(seen) == Some(a))
}

impl Observation {
    /// Fields in which the record differs, gaps among them.
    #[must_use]
    pub fn differences(&self, ci: &Ci) -> Vec<Difference> {
        if self.absent {
            return Vec::new();
        }
        let difference = |(field, seen): (&String, &String)| {
            let recorded = ci.field(field)?;
            let differs = !is_same(&recorded, seen);
            differs.then(|| Difference { field: field.clone(), recorded, seen: seen.clone() })
        };
        self.facts.iter().filter_map(difference).collect()
    }

    /// Differences that nobody has decided.
    #[must_use]
    pub fn open(&self, ci: &Ci) -> Vec<Difference> {
        let is_decided = |d: &Difference| self.decisions.get(&d.field).is_some_and(|decided| decided.seen == d.seen);
        self.differences(ci).into_iter().filter(|difference| !is_decided(difference)).collect()
    }

    /// How it stands to the CI that it is.
    fn stand(&self, ci: Option<&Ci>) -> ObservationState {
        let is_decided = self.decisions.contains_key(WHOLE);
        match ci {
            None if is_decided => ObservationState::Settled,
            None => ObservationState::Unknown,
            // The record says so too: it was not found.
            Some(ci) if self.absent && ci.status == CiStatus::Missing => ObservationState::Match,
            Some(_) if self.absent && is_decided => ObservationState::Settled,
            Some(_) if self.absent => ObservationState::Missing,
            Some(ci) if self.open(ci).iter().any(|difference| !difference.is_gap()) => ObservationState::Mismatch,
            Some(ci) if self.differences(ci).iter().all(Difference::is_gap) => ObservationState::Match,
            Some(_) => ObservationState::Settled,
        }
    }

    /// Stores it as it stands to its CI now; whether that made a difference to `before`.
    fn settle(mut self, ci: Option<&Ci>, before: Option<&Self>, records: &mut dyn Records) -> Result<bool, Fault> {
        if let Some(ci) = ci {
            self.label.clone_from(&ci.name);
            self.site = ci.location.site;
        }
        self.state = self.stand(ci);
        let is_new = before != Some(&self);
        if is_new {
            records.put(self)?;
        }
        Ok(is_new)
    }
}

/// Lets what was seen of a CI follow it: called for each CI that changed, or that went.
pub(crate) fn renew(id: CiId, now: Option<&Ci>, records: &mut dyn Records) -> Result<(), Fault> {
    for observation in records.list::<Observation>(Lookup::ObservationsOf, &id.to_string())? {
        let before = observation.clone();
        match now {
            Some(ci) => observation.settle(Some(ci), Some(&before), records)?,
            None => {
                let kept: Option<Ci> = records.get(merge_ci::resolve(id, records)?)?;
                let ci = kept.as_ref().map(|ci| ci.id);
                Observation { ci, rule: observation.rule.filter(|_| ci.is_some()), ..observation }.settle(
                    kept.as_ref(),
                    Some(&before),
                    records,
                )?
            }
        };
    }
    Ok(())
}

/// Judges and carries out a command on what was seen.
///
/// # Errors
/// The refusal with every finding, or a storage fault.
pub fn execute(
    command: &ObservationCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match command {
        ObservationCommand::Record(rows) => sight::record(rows, actor, context, records),
        ObservationCommand::Decide(verdicts) => decide::decide(verdicts, actor, context, records),
        ObservationCommand::PutRules(rules) => identify::put_rules(rules, records),
        ObservationCommand::Withdraw(withdrawal) => withdraw::withdraw(withdrawal, actor, context, records),
    }
}
