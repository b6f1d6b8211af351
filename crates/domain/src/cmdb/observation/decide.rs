//! What becomes of a difference between a record and what was seen: decided field by field, by what the author saw.

use crate::change;
use crate::change::record::{Change, ChangeKind, ChangeState};
use crate::cmdb::ci::{Ci, CiStatus, FieldChange};
use crate::cmdb::class::Classes;
use crate::cmdb::classify;
use crate::cmdb::import::bounded;
use crate::cmdb::observation::identify::{IdentificationRules, Recognised, recognise, rules};
use crate::cmdb::observation::{Decided, Difference, Observation, ObservationState, Verdict, WHOLE};
use crate::cmdb::{judge_new, set_fields, status_move};
use crate::command::ChangeCommand;
use crate::execute::{Conflict, Context, Effect};
use crate::id::{ChangeId, CiId, ObservationId};
use crate::lookup::Lookup;
use crate::number::{Number, Series};
use crate::people::Person;
use crate::record::Kind;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::release::action::{ActionState, state};
use crate::scope::{Sight, Sites};
use crate::{access, text};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use ts_rs::TS;

/// A decision about one observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ObservationVerdict {
    /// Which.
    pub observation: ObservationId,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Of a mismatch: the fields decided about, from the recorded value to the seen one, as the author saw both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Vec<FieldChange>")]
    pub fields: Vec<FieldChange>,
    /// Class of the CI to register; empty: what the source says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(as = "String")]
    pub class: String,
    /// Name of the CI to register; empty: how the thing calls itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(as = "String")]
    pub name: String,
    /// The CI that the unknown thing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<CiId>,
    /// Why; must be said to dismiss.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[ts(as = "String")]
    pub note: String,
}

/// The verdicts that an observation in a state can meet.
#[must_use]
pub fn possible(observation: &Observation) -> &'static [Verdict] {
    use Verdict::{Accept, Change, Dismiss, Keep, Link, LookAgain, MarkMissing, Register};
    match (observation.ci, observation.absent, observation.state) {
        (None, ..) => &[Register, Link, Dismiss, LookAgain],
        (Some(_), true, _) => &[MarkMissing, Keep, Change, Dismiss, LookAgain],
        (Some(_), false, ObservationState::Match) => &[Accept, LookAgain],
        (Some(_), false, _) => &[Accept, Keep, Change, Dismiss, LookAgain],
    }
}

/// What somebody may decide about an observation, and why not.
///
/// # Errors
/// A storage fault.
pub fn actions(observation: &Observation, actor: &Person, records: &dyn Records) -> Result<Vec<ActionState>, Fault> {
    let denied = access::denial("observation.decide", actor);
    let ci: Option<Ci> = match observation.ci {
        Some(id) => records.get(id)?,
        None => None,
    };
    let rules = rules(records)?;
    let mut actions = Vec::new();
    for verdict in possible(observation) {
        let mut findings: Vec<Finding> = denied.iter().cloned().collect();
        let fields = covered(observation, ci.as_ref(), *verdict, &rules);
        match verdict {
            Verdict::Accept => {
                if fields.is_empty() {
                    continue;
                }
                if let Some(ci) = &ci {
                    let managed = |c: &FieldChange| is_kept_by_management(observation, c, &rules, records);
                    let mut kept = Vec::new();
                    for change in &fields {
                        if managed(change)? {
                            kept.push(change.field.clone());
                        }
                    }
                    if kept.len() == fields.len() {
                        findings.push(is_managed(ci, &kept.join(", ")));
                    }
                }
            }
            Verdict::MarkMissing => match &ci {
                Some(ci) if ci.status == CiStatus::Missing => continue,
                Some(ci) if !ci.status.may_become(CiStatus::Missing) => {
                    findings.push(status_move(ci, CiStatus::Missing));
                }
                _ => {}
            },
            Verdict::Keep
            | Verdict::Change
            | Verdict::Dismiss
            | Verdict::Register
            | Verdict::Link
            | Verdict::LookAgain => {}
        }
        let code = serde_json::to_value(verdict).ok().and_then(|name| name.as_str().map(str::to_owned));
        let action = state(&code.unwrap_or_default(), &capital(verdict.label()), findings);
        actions.push(if *verdict == Verdict::Dismiss { action.with_reason() } else { action });
    }
    Ok(actions)
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The fields that a verdict on the whole observation is about: what is open, for *accept* with the gaps and without
/// what only a change may set, as long as anything else is left.
#[must_use]
pub fn covered(
    observation: &Observation,
    ci: Option<&Ci>,
    verdict: Verdict,
    rules: &IdentificationRules,
) -> Vec<FieldChange> {
    let Some(ci) = ci else { return Vec::new() };
    let open = observation.open(ci);
    let change = |d: &Difference| FieldChange { field: d.field.clone(), from: d.recorded.clone(), to: d.seen.clone() };
    match verdict {
        Verdict::Accept => {
            let is_free = |d: &&Difference| d.is_gap() || !rules.managed.contains(&d.field);
            let free: Vec<FieldChange> = open.iter().filter(is_free).map(change).collect();
            if free.is_empty() { open.iter().map(change).collect() } else { free }
        }
        Verdict::Keep | Verdict::Change | Verdict::Dismiss => open.iter().filter(|d| !d.is_gap()).map(change).collect(),
        Verdict::Register | Verdict::Link | Verdict::MarkMissing | Verdict::LookAgain => Vec::new(),
    }
}

/// How one verdict took effect.
#[derive(Default)]
struct Done {
    created: bool,
    updated: bool,
    conflicts: Vec<Conflict>,
}

/// Carries the verdicts out, each by itself; what is refused of one is listed with its place, counted from 1.
pub(crate) fn decide(
    verdicts: &[ObservationVerdict],
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    bounded(verdicts.len())?;
    let sight = Sight::of(actor, records)?;
    let rules = rules(records)?;
    let mut all = Effect::default();
    let mut seen = BTreeSet::new();
    for (line, verdict) in (1_u32..).zip(verdicts) {
        let desk = Desk { line, sight: &sight, rules: &rules, actor };
        let outcome = if seen.insert(verdict.observation) { desk.decide(verdict, context, records) } else { twice() };
        match outcome {
            Ok(done) => {
                all.created = all.created.saturating_add(u32::from(done.created));
                all.updated = all.updated.saturating_add(u32::from(done.updated && !done.created));
                let unchanged = !done.created && !done.updated && done.conflicts.is_empty();
                all.unchanged = all.unchanged.saturating_add(u32::from(unchanged));
                all.conflicts.extend(done.conflicts.into_iter().map(|c| Conflict { line: Some(line), ..c }));
            }
            Err(Failure::Fault(fault)) => return Err(fault.into()),
            Err(Failure::Refused(refusal)) => {
                all.conflicts.extend(refusal.findings.into_iter().map(|finding| Conflict {
                    line: Some(line),
                    field: finding.data.get("field").cloned(),
                    from: String::new(),
                    mine: verdict.verdict.label().to_owned(),
                    theirs: String::new(),
                    finding,
                }))
            }
        }
    }
    Ok(all)
}

fn twice() -> Result<Done, Failure> {
    Err(Finding::new("DECIDED_TWICE", "An observation is decided twice in one step.", "Decide each once.").into())
}

/// Where one verdict of a command is carried out.
struct Desk<'a> {
    line: u32,
    sight: &'a Sight,
    rules: &'a IdentificationRules,
    actor: &'a Person,
}

impl Desk<'_> {
    fn decide(
        &self,
        given: &ObservationVerdict,
        context: &mut Context,
        records: &mut dyn Records,
    ) -> Result<Done, Failure> {
        let before: Observation = records.must(given.observation)?;
        self.may_read(Kind::Observation, before.id.0, records)?;
        let mut observation = before.clone();
        let mut ci: Option<Ci> = match observation.ci {
            Some(id) => records.get(id)?,
            None => None,
        };
        let was_known = ci.is_some();
        observation.ci = observation.ci.filter(|_| was_known);
        // The CI may have been entered since; and to look again is to ask the rules anew.
        if (ci.is_none() || given.verdict == Verdict::LookAgain && !observation.absent)
            && let Recognised::As(id, rule) = recognise(&observation.identity, self.rules, records)?
        {
            self.may_read(Kind::Ci, id.0, records)?;
            if observation.ci != Some(id) {
                observation.decisions.clear();
            }
            (observation.ci, observation.rule) = (Some(id), Some(rule));
            ci = records.get(id)?;
        }
        if given.verdict == Verdict::LookAgain || was_known != ci.is_some() {
            let updated = observation.settle(ci.as_ref(), Some(&before), records)?;
            return Ok(Done { updated, ..Done::default() });
        }
        if !possible(&observation).contains(&given.verdict) {
            return Err(impossible(&observation, given.verdict).into());
        }
        let note = match given.verdict {
            Verdict::Dismiss => text::filled_prose("reason", &given.note)?,
            _ => text::prose("note", &given.note)?,
        };
        let decided = Decided {
            verdict: given.verdict,
            seen: String::new(),
            by: self.actor.id,
            at: context.now,
            note,
            change: None,
        };
        let mut done = Done::default();
        let ci = match ci {
            None => self.unknown(given, decided, &mut observation, &mut done, context, records)?,
            Some(ci) if observation.absent => Some(self.absent(decided, &mut observation, ci, context, records)?),
            Some(ci) => Some(self.differing(given, &decided, &mut observation, ci, &mut done, context, records)?),
        };
        done.updated |= observation.settle(ci.as_ref(), Some(&before), records)?;
        Ok(done)
    }

    fn may_read(&self, kind: Kind, id: uuid::Uuid, records: &dyn Records) -> Result<(), Failure> {
        match self.sight.sites {
            Sites::All => Ok(()),
            Sites::Only(_) => Ok(none(self.sight.denial(kind, id, records)?.into_iter().collect())?),
        }
    }

    /// A thing that no record is of.
    fn unknown(
        &self,
        given: &ObservationVerdict,
        decided: Decided,
        observation: &mut Observation,
        done: &mut Done,
        context: &mut Context,
        records: &mut dyn Records,
    ) -> Result<Option<Ci>, Failure> {
        if given.verdict == Verdict::Dismiss {
            observation.decisions.insert(WHOLE.to_owned(), decided);
            return Ok(None);
        }
        if given.verdict == Verdict::Link {
            let ci = self.linked(given, observation, records)?;
            (observation.ci, observation.rule) = (Some(ci.id), None);
            observation.decisions.clear();
            return Ok(Some(ci));
        }
        let or = |given: &str, else_: &str| if given.trim().is_empty() { else_.to_owned() } else { given.to_owned() };
        let class = or(&given.class, &observation.class);
        let name = or(&given.name, &observation.label);
        if class.trim().is_empty() {
            return Err(Finding::new(
                "CLASS_MISSING",
                format!("Nothing says what {name} is."),
                "Choose the class of the CI to register.",
            )
            .with("field", "class")
            .into());
        }
        let id = CiId(context.command.derived(self.line));
        let mut ci = Ci::blank(id, Number::provisional(Series::Ci, id.0), &class, &name);
        ci.manufacturer.clone_from(&observation.identity.manufacturer);
        ci.serial_number.clone_from(&observation.identity.serial_number);
        ci.asset_tag.clone_from(&observation.identity.asset_tag);
        let mut classes = Classes::default();
        for (field, seen) in &observation.facts {
            // What its class has no place for stays a difference, to be decided about by itself.
            if let Ok((field, seen)) = classify::written(&ci, field, seen, &mut classes, records)? {
                ci.set_field(&field, &seen)?;
            }
        }
        ci.location.site = ci.location.site.or(observation.site);
        let ci = judge_new(&ci, &mut classes, context, records)?;
        records.put(ci.clone())?;
        observation.ci = Some(ci.id);
        observation.decisions.clear();
        if let Recognised::As(found, rule) = recognise(&observation.identity, self.rules, records)? {
            observation.rule = Some(rule).filter(|_| found == ci.id);
        }
        done.created = true;
        Ok(Some(ci))
    }

    /// The CI that somebody says an unknown thing is.
    fn linked(
        &self,
        given: &ObservationVerdict,
        observation: &Observation,
        records: &dyn Records,
    ) -> Result<Ci, Failure> {
        let Some(id) = given.ci else {
            return Err(Finding::new(
                "CI_MISSING",
                format!("It is not said which CI {} is.", observation.label),
                "Choose the CI.",
            )
            .with("field", "ci")
            .into());
        };
        self.may_read(Kind::Ci, id.0, records)?;
        let ci: Ci = records.must(id)?;
        let of_source =
            |other: &Observation| other.id != observation.id && other.source.eq_ignore_ascii_case(&observation.source);
        let seen = records.list::<Observation>(Lookup::ObservationsOf, &id.to_string())?;
        if let Some(other) = seen.iter().find(|other| of_source(other) && !other.absent) {
            return Err(Finding::new(
                "SEEN_ALREADY",
                format!(
                    "{} saw another thing as {} already, on {}.",
                    other.source,
                    ci.name,
                    other.seen_at.to_rfc3339()
                ),
                "Choose another CI, or register this one.",
            )
            .about(ci.reference())
            .into());
        }
        Ok(ci)
    }

    /// A CI that was looked for and not found.
    fn absent(
        &self,
        mut decided: Decided,
        observation: &mut Observation,
        ci: Ci,
        context: &mut Context,
        records: &mut dyn Records,
    ) -> Result<Ci, Failure> {
        match decided.verdict {
            Verdict::MarkMissing if ci.status == CiStatus::Missing => return Ok(ci),
            Verdict::MarkMissing => {
                if !ci.status.may_become(CiStatus::Missing) {
                    return Err(status_move(&ci, CiStatus::Missing).into());
                }
                let ci = Ci { status: CiStatus::Missing, ..ci };
                records.put(ci.clone())?;
                // If it is found later by a record alone, it is to be looked for again.
                observation.decisions.remove(WHOLE);
                return Ok(ci);
            }
            Verdict::Change => {
                let what = format!("{} was looked for and not found.", ci.name);
                decided.change = Some(self.register_change(observation, &ci, &what, context, records)?);
            }
            _ => {}
        }
        observation.decisions.insert(WHOLE.to_owned(), decided);
        Ok(ci)
    }

    /// A CI of which fields differ.
    #[expect(clippy::too_many_arguments, reason = "One place where a verdict meets the record")]
    fn differing(
        &self,
        given: &ObservationVerdict,
        decided: &Decided,
        observation: &mut Observation,
        ci: Ci,
        done: &mut Done,
        context: &mut Context,
        records: &mut dyn Records,
    ) -> Result<Ci, Failure> {
        let fields = self.as_seen(given, observation, &ci, done, records)?;
        if fields.is_empty() {
            return Ok(ci);
        }
        let mut change = None;
        match given.verdict {
            Verdict::Accept => {
                let effect = set_fields(ci.id, &fields, records)?;
                let taken: BTreeSet<&str> = effect.conflicts.iter().filter_map(|c| c.field.as_deref()).collect();
                for field in fields.iter().filter(|field| !taken.contains(field.field.as_str())) {
                    // The record says it now; should it say otherwise later, that is a new difference.
                    observation.decisions.remove(&field.field);
                }
                done.updated = effect.updated > 0;
                done.conflicts.extend(effect.conflicts);
                return records.must(ci.id);
            }
            Verdict::Change => {
                let line = |c: &FieldChange| format!("{}: recorded {:?}, seen {:?}", c.field, c.from, c.to);
                let what: Vec<String> = fields.iter().map(line).collect();
                change = Some(self.register_change(observation, &ci, &what.join("\n"), context, records)?);
            }
            _ => {}
        }
        for field in fields {
            let decided = Decided { seen: field.to, change, ..decided.clone() };
            observation.decisions.insert(field.field, decided);
        }
        Ok(ci)
    }

    /// The fields that are still as their author saw them, and may be decided so; the others become conflicts.
    fn as_seen(
        &self,
        given: &ObservationVerdict,
        observation: &Observation,
        ci: &Ci,
        done: &mut Done,
        records: &dyn Records,
    ) -> Result<Vec<FieldChange>, Failure> {
        if given.fields.is_empty() {
            return Err(Finding::new(
                "NO_FIELDS",
                format!("It is not said which fields of {} are meant.", ci.name),
                "Name at least one field that differs.",
            )
            .about(ci.reference())
            .into());
        }
        let mut differences: BTreeMap<String, Difference> =
            observation.differences(ci).into_iter().map(|d| (d.field.clone(), d)).collect();
        let mut fields = Vec::new();
        for change in &given.fields {
            // It does not differ any more: what was wanted is there.
            let Some(now) = differences.remove(&change.field) else { continue };
            let finding = if now.seen != change.to {
                seen_anew(ci, change, &now)
            } else if now.recorded != change.from {
                recorded_anew(ci, change, &now)
            } else if given.verdict == Verdict::Accept
                && is_kept_by_management(observation, change, self.rules, records)?
            {
                is_managed(ci, &change.field)
            } else {
                fields.push(change.clone());
                continue;
            };
            let (from, to) = (change.from.clone(), change.to.clone());
            done.conflicts.push(Conflict::of_field(&change.field, from, to, now.recorded, finding));
        }
        Ok(fields)
    }

    /// Registers an unplanned change about what differs.
    fn register_change(
        &self,
        observation: &Observation,
        ci: &Ci,
        what: &str,
        context: &mut Context,
        records: &mut dyn Records,
    ) -> Result<ChangeId, Failure> {
        let id = ChangeId(context.command.derived(self.line));
        let change = Change {
            id,
            number: Number::provisional(Series::Change, id.0),
            foreign: None,
            title: format!("Unplanned change of {}", ci.name).chars().take(text::LINE_CHARS).collect(),
            description: format!("{} saw on {}:\n{what}", observation.source, observation.seen_at.to_rfc3339()),
            category: "unplanned".to_owned(),
            kind: ChangeKind::Normal,
            reason: "What was seen differs from the record.".to_owned(),
            requested_by: self.actor.id,
            coordinator: None,
            impact: None,
            urgency: None,
            priority: None,
            risk: None,
            cis: [ci.id].into(),
            ci_groups: BTreeSet::new(),
            services: BTreeSet::new(),
            planned: None,
            versions: None,
            release: None,
            state: ChangeState::Registered,
            outcome: None,
            state_reason: String::new(),
            created_at: context.now,
        };
        change::execute(&ChangeCommand::Create(Box::new(change)), self.actor, context, records)?;
        Ok(id)
    }
}

/// Whether only a change may set the field: it is managed, holds a value, and no change that was registered about it
/// has been implemented.
fn is_kept_by_management(
    observation: &Observation,
    field: &FieldChange,
    rules: &IdentificationRules,
    records: &dyn Records,
) -> Result<bool, Fault> {
    if field.from.is_empty() || !rules.managed.contains(&field.field) {
        return Ok(false);
    }
    let Some(id) = observation.decisions.get(&field.field).and_then(|decided| decided.change) else { return Ok(true) };
    let change = records.get::<Change>(id)?;
    Ok(!change.is_some_and(|change| {
        matches!(change.state, ChangeState::Implemented | ChangeState::Reviewed | ChangeState::Closed)
    }))
}

fn is_managed(ci: &Ci, fields: &str) -> Finding {
    Finding::new(
        "FIELD_IS_MANAGED",
        format!("{fields} of {} is managed: it is replaced through a change only.", ci.name),
        "Register an unplanned change and accept the value once that is implemented, or keep the record.",
    )
    .about(ci.reference())
    .with("field", fields)
}

fn seen_anew(ci: &Ci, change: &FieldChange, now: &Difference) -> Finding {
    Finding::new(
        "SEEN_ANEW",
        format!("{} of {} was seen as {:?} and since as {:?}.", change.field, ci.name, change.to, now.seen),
        "Look at the observation again, then decide.",
    )
    .about(ci.reference())
}

fn recorded_anew(ci: &Ci, change: &FieldChange, now: &Difference) -> Finding {
    Finding::new(
        "FIELD_CHANGED",
        format!("{} of {} was {:?} and is now {:?}.", change.field, ci.name, change.from, now.recorded),
        "Look at the observation again, then decide.",
    )
    .about(ci.reference())
}

fn impossible(observation: &Observation, verdict: Verdict) -> Finding {
    let names: Vec<&str> = possible(observation).iter().map(|verdict| verdict.label()).collect();
    Finding::new(
        "VERDICT_IMPOSSIBLE",
        format!("{} stands as {:?}: {verdict:?} does not fit.", observation.label, observation.state.label()),
        format!("Possible is: {}.", names.join(", ")),
    )
    .with("verdict", verdict)
}
