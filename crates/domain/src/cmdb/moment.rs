//! A CI at any moment: each command leaves one step in the history of every CI that it changes, and a CI as it was is
//! the CI as it is with the later steps taken back.
//!
//! The order of a CI's steps is that in which the server took the commands. A step carries the clock of the device it
//! was made on, which may lie before that of its predecessor; it then counts from the moment of the predecessor on, so
//! that time only moves forward. Costs grow with the CI's own history, and that is bounded: see [`KEPT`].

use crate::cmdb::ci::{Ci, CiStatus, FieldChange};
use crate::cmdb::relation::Relation;
use crate::id::{CiId, CiStepId, PersonId, RelationId};
use crate::lookup::Lookup;
use crate::record::{Kind, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::Fault;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;
use uuid::Uuid;

pub(crate) mod recording;

/// So many of its latest steps a CI keeps one by one. An older step is folded into the one before it, unless a baseline
/// was taken between the two: who needs the state at a baseline finds it for ever, who needs an old moment finds the
/// nearest that is kept.
pub const KEPT: usize = 256;

/// What one command did to one CI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CiStep {
    /// Identity; says whose step it is and which, see [`CiStep::id_of`].
    pub id: CiStepId,
    /// The CI.
    pub ci: CiId,
    /// When, by the clock of the device that the command was made on.
    pub at: Timestamp,
    /// By whom.
    pub by: PersonId,
    /// The command, such as `ci.set_fields`.
    pub command: String,
    /// The release or change in whose name it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<RecordRef>,
    /// How many baselines had been taken before.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub baselines: u32,
    /// What it did to the CI as a whole.
    #[serde(default, skip_serializing_if = "CiEvent::is_changed")]
    pub event: CiEvent,
    /// Fields that changed, the status among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
    /// Relations that came or went; each stands in the history of both its ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<RelationChange>,
    /// Older steps that were folded into this one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub folded: u32,
}

/// What a step did to the CI as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CiEvent {
    /// It changed.
    #[default]
    Changed,
    /// It came into being.
    Created,
    /// It went; as it was then.
    Removed(Box<Ci>),
}

impl CiEvent {
    /// Whether the CI was there before and after.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        *self == Self::Changed
    }
}

/// A relation that came or went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RelationChange {
    /// Which.
    pub relation: Relation,
    /// Whether it came.
    pub added: bool,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl CiStep {
    /// The identity of a CI's `n`th step: in ascending order, a CI's ids are its steps in theirs.
    #[must_use]
    pub fn id_of(ci: CiId, n: u32) -> CiStepId {
        let mut bytes = *Uuid::new_v5(&ci.0, b"steps").as_bytes();
        for (at, byte) in bytes.iter_mut().zip(n.to_be_bytes()) {
            *at = byte;
        }
        CiStepId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Which of the CI's steps it is, from 1.
    #[must_use]
    pub fn n(&self) -> u32 {
        place(self.id.0)
    }
}

fn place(id: Uuid) -> u32 {
    let mut n = [0_u8; 4];
    for (to, from) in n.iter_mut().zip(id.as_bytes()) {
        *to = *from;
    }
    u32::from_be_bytes(n)
}

/// A CI and its relations at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// As it was; `None` when it was not there.
    pub ci: Option<Ci>,
    /// Its relations, both ways.
    pub relations: BTreeMap<RelationId, Relation>,
}

impl State {
    /// A CI as it is.
    ///
    /// # Errors
    /// A storage fault.
    pub fn now(id: CiId, records: &dyn Records) -> Result<Self, Fault> {
        let mut relations = BTreeMap::new();
        for lookup in [Lookup::RelationsFrom, Lookup::RelationsTo] {
            relations.extend(records.list::<Relation>(lookup, &id.to_string())?.into_iter().map(|r| (r.id, r)));
        }
        Ok(Self { ci: records.get::<Ci>(id)?, relations })
    }

    /// Takes a step back.
    pub fn undo(&mut self, step: &CiStep) {
        match (&step.event, &mut self.ci) {
            (CiEvent::Created, ci) => *ci = None,
            (CiEvent::Removed(was), ci) => *ci = Some((**was).clone()),
            (CiEvent::Changed, Some(ci)) => {
                for change in &step.fields {
                    put(ci, &change.field, &change.from);
                }
            }
            (CiEvent::Changed, None) => {}
        }
        for change in &step.relations {
            if change.added {
                self.relations.remove(&change.relation.id);
            } else {
                self.relations.insert(change.relation.id, change.relation.clone());
            }
        }
    }
}

/// What the name of a photo among the fields of a step begins with; its identity follows.
pub const PHOTO: &str = "photo.";

/// Name of the status among the fields of a step.
pub const STATUS: &str = "status";

/// Every field by name with its text, the status among them.
#[must_use]
pub fn fields(ci: &Ci) -> BTreeMap<String, String> {
    let mut fields: BTreeMap<String, String> =
        Ci::FIELDS.iter().map(|name| ((*name).to_owned(), ci.field(name).unwrap_or_default())).collect();
    for (name, value) in &ci.attributes {
        fields.insert(format!("attributes.{name}"), value.clone());
    }
    fields.insert(STATUS.to_owned(), ci.status.label().to_owned());
    fields
}

/// Field by field, what changes from one state of a CI to another.
#[must_use]
pub fn field_changes(from: &Ci, to: &Ci) -> Vec<FieldChange> {
    if from == to {
        return Vec::new();
    }
    let (mut was, mut is) = (fields(from), fields(to));
    let names: BTreeSet<String> = was.keys().chain(is.keys()).cloned().collect();
    names
        .into_iter()
        .map(|field| {
            let (from, to) = (was.remove(&field).unwrap_or_default(), is.remove(&field).unwrap_or_default());
            FieldChange { field, from, to }
        })
        .filter(|change| change.from != change.to)
        .collect()
}

/// Puts a value back that the field had once, whatever would be said against it if it came today.
fn put(ci: &mut Ci, field: &str, value: &str) {
    if field == STATUS {
        if let Ok(status) = value.parse::<CiStatus>() {
            ci.status = status;
        }
        return;
    }
    if let Some(name) = field.strip_prefix("attributes.") {
        if value.is_empty() {
            ci.attributes.remove(name);
        } else {
            ci.attributes.insert(name.to_owned(), value.to_owned());
        }
        return;
    }
    // What a field had once it takes again; a field that is known no more is left out.
    let _ = ci.set_field(field, value);
}

/// The steps of a CI, oldest first.
///
/// # Errors
/// A storage fault.
pub fn steps(ci: CiId, records: &dyn Records) -> Result<Vec<CiStep>, Fault> {
    records.list::<CiStep>(Lookup::StepsOfCi, &ci.to_string())
}

/// When each step of a CI counts from: never before its predecessor.
#[must_use]
pub fn counts_from(steps: &[CiStep]) -> Vec<Timestamp> {
    let mut latest = None;
    steps
        .iter()
        .map(|step| {
            let at = latest.map_or(step.at, |latest: Timestamp| latest.max(step.at));
            latest = Some(at);
            at
        })
        .collect()
}

/// A CI as it was at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Its state.
    pub state: State,
    /// Steps taken since.
    pub later: usize,
    /// What is shown is the nearest state that is known: the moment lies before anything was recorded, or among steps
    /// that are no longer kept one by one.
    pub nearest: bool,
    /// From when the oldest known state counts: the time of the first kept step.
    pub known_from: Option<Timestamp>,
}

/// A CI as it was at a time.
///
/// # Errors
/// A storage fault.
pub fn at(ci: CiId, time: Timestamp, records: &dyn Records) -> Result<Moment, Fault> {
    let steps = steps(ci, records)?;
    let from = counts_from(&steps);
    let mut state = State::now(ci, records)?;
    let mut later = 0;
    let mut among_folded = false;
    for (step, from) in steps.iter().zip(&from).rev() {
        if *from <= time {
            break;
        }
        state.undo(step);
        among_folded = step.folded > 0;
        later += 1;
    }
    let first = steps.first();
    let from_the_beginning = first.is_some_and(|step| step.event == CiEvent::Created);
    let known_from = from.first().copied();
    let nearest = among_folded || !from_the_beginning && known_from.is_none_or(|known| time < known);
    Ok(Moment { state, later, nearest, known_from })
}

/// A CI as it was when so many baselines had been taken: with every step taken back that came after.
///
/// # Errors
/// A storage fault.
pub fn at_baseline(ci: CiId, taken: u32, records: &dyn Records) -> Result<State, Fault> {
    let mut state = State::now(ci, records)?;
    for step in steps(ci, records)?.iter().rev().take_while(|step| step.baselines >= taken) {
        state.undo(step);
    }
    Ok(state)
}

/// Which step of a CI was its last; 0 for none.
///
/// # Errors
/// A storage fault.
pub fn last_step(ci: CiId, records: &dyn Records) -> Result<u32, Fault> {
    Ok(records.find(Lookup::StepsOfCi, &ci.to_string())?.last().map_or(0, |id| place(*id)))
}

/// Appends a step to its CI's history, and folds the one that is kept singly no longer.
pub(crate) fn append(mut step: CiStep, records: &mut dyn Records) -> Result<(), Fault> {
    let ids = records.find(Lookup::StepsOfCi, &step.ci.to_string())?;
    let last = ids.last().map_or(0, |id| place(*id));
    step.id = CiStep::id_of(step.ci, last.saturating_add(1));
    records.put(step)?;
    if let Some(old) = ids.len().checked_sub(KEPT)
        && let (Some(first), Some(second)) = (old.checked_sub(1).and_then(|at| ids.get(at)), ids.get(old))
        && let (Some(first), Some(second)) =
            (records.get::<CiStep>((*first).into())?, records.get::<CiStep>((*second).into())?)
        && let Some(folded) = fold(&first, second)
    {
        records.remove(Kind::CiStep, first.id.into())?;
        records.put(folded)?;
    }
    Ok(())
}

/// Two steps in a row as one; `None` if a baseline lies between them, or the CI came or went with one of them.
fn fold(first: &CiStep, second: CiStep) -> Option<CiStep> {
    if first.baselines != second.baselines || !first.event.is_changed() || !second.event.is_changed() {
        return None;
    }
    let mut fields: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for change in first.fields.iter().chain(&second.fields) {
        fields.entry(&change.field).or_insert((&change.from, &change.to)).1 = &change.to;
    }
    let fields = fields
        .into_iter()
        .filter(|(_, (from, to))| from != to)
        .map(|(field, (from, to))| FieldChange { field: field.into(), from: from.into(), to: to.into() })
        .collect();
    let mut relations: BTreeMap<RelationId, &RelationChange> = BTreeMap::new();
    for change in first.relations.iter().chain(&second.relations) {
        if relations.remove(&change.relation.id).is_none() {
            relations.insert(change.relation.id, change);
        }
    }
    let relations = relations.into_values().cloned().collect();
    let folded = first.folded.saturating_add(second.folded).saturating_add(1);
    Some(CiStep { fields, relations, folded, ..second })
}
