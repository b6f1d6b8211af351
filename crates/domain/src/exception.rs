//! Exceptions: what was done by hand although a rule is against it.
//!
//! A rule cannot undo a unit that was moved, an install that was performed or a test that was done. Such a fact is
//! kept on its record, raised to the release manager, and decided: accepted with a reason, or backed out. Until then,
//! and where it was backed out, it changes nothing else.

use crate::command::{Command, DhsCommand, ExceptionCommand, ReleaseCommand};
use crate::dhs;
use crate::dhs::record::{DhsModel, DhsUnit};
use crate::execute::{Context, Effect, carry_out};
use crate::id::{DhsUnitId, ExceptionId, PersonId, ReleaseId};
use crate::level::named;
use crate::lookup::Lookup;
use crate::people::Person;
use crate::record::{Kind, Record, RecordRef};
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, Refusal, none};
use crate::release::action::{ActionState, state};
use crate::release::phase::is_release_manager;
use crate::release::record::Release;
use crate::release::{person_name, refer};
use crate::time::Timestamp;
use crate::{access, text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;

named! {
    /// What was decided about an exception.
    ExceptionOutcome {
        /// It stands.
        Accepted = "accepted",
        /// It was undone by hand.
        BackedOut = "backed out",
    }
}

/// A fact that a rule is against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Exception {
    /// Identity.
    pub id: ExceptionId,
    /// On which record it stands.
    pub on: RecordRef,
    /// The release it concerns, if there is one.
    pub release: Option<ReleaseId>,
    /// What was done.
    pub fact: Command,
    /// By whom.
    pub by: PersonId,
    /// When, by the clock of the device that it was entered on.
    pub at: Timestamp,
    /// Every rule that it goes against.
    pub findings: Vec<Finding>,
    /// What was decided; `None` while open.
    pub decision: Option<ExceptionDecision>,
}

/// A decision on an exception.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExceptionDecision {
    /// Which.
    pub outcome: ExceptionOutcome,
    /// By whom.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
    /// Whether the record follows the fact since; an install or test that the rules still stand against is accepted as
    /// it is kept here, and moves nothing.
    pub carried_out: bool,
}

/// Carries a fact out, or keeps it.
///
/// Rules on facts judge all before they write anything, so that after a refusal nothing is there to be undone.
pub(crate) fn carry_out_or_keep(
    fact: &Command,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match carry_out(fact, actor, context, records) {
        Err(Failure::Refused(refusal)) => keep(fact, refusal, actor, context, records),
        judged => judged,
    }
}

/// Keeps a fact that was refused, unless what it belongs to is not there or it was not entered properly.
fn keep(
    fact: &Command,
    refusal: Refusal,
    actor: &Person,
    context: &Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let about_the_entry = |f: &Finding| f.code.starts_with("TEXT_") || f.code == "NOT_FOUND" || f.code == "ID_TAKEN";
    let Some((on, release)) = subject(fact, &refusal, records)? else { return Err(refusal.into()) };
    if refusal.findings.iter().any(about_the_entry) {
        return Err(refusal.into());
    }
    // It was refused before its texts were looked at, and is kept with them.
    none(unreadable(&serde_json::to_value(fact).map_err(Fault::new)?))?;
    records.put(Exception {
        id: ExceptionId(context.command.derived(0)),
        on,
        release,
        fact: fact.clone(),
        by: actor.id,
        at: context.now,
        findings: refusal.findings.clone(),
        decision: None,
    })?;
    Ok(Effect { kept: refusal.findings, ..Effect::default() })
}

/// What is against the texts of an entry, wherever they stand in it.
fn unreadable(entry: &Value) -> Vec<Finding> {
    match entry {
        Value::String(said) => text::prose("entry", said).err().into_iter().collect(),
        Value::Array(all) => all.iter().flat_map(unreadable).collect(),
        Value::Object(all) => all.values().flat_map(unreadable).collect(),
        _ => Vec::new(),
    }
}

/// The record on which a fact is kept, and the release it concerns; `None` if that record is not there.
fn subject(
    fact: &Command,
    refusal: &Refusal,
    records: &dyn Records,
) -> Result<Option<(RecordRef, Option<ReleaseId>)>, Fault> {
    let unit = |id: DhsUnitId| -> Result<_, Fault> {
        Ok(records.get::<DhsUnit>(id)?.map(|unit| (unit.reference(), unit.reserved_for)))
    };
    match fact {
        Command::Release(id, _) => Ok(records.get::<Release>(*id)?.map(|release| (refer(&release), Some(*id)))),
        Command::Dhs(DhsCommand::Receive(new)) => {
            let Some(model) = records.get::<DhsModel>(new.model)? else { return Ok(None) };
            if let Some(known) = unit(new.id)? {
                return Ok(Some(known));
            }
            // The unit that bears the same label.
            let twin = refusal.findings.iter().filter_map(|f| f.record.as_ref()).find(|r| r.kind == Kind::DhsUnit);
            Ok(Some((twin.cloned().unwrap_or_else(|| RecordRef::of(&model)), None)))
        }
        Command::Dhs(command) => match unit_of(command) {
            Some(id) => unit(id),
            None => Ok(None),
        },
        _ => Ok(None),
    }
}

fn unit_of(command: &DhsCommand) -> Option<DhsUnitId> {
    Some(match command {
        DhsCommand::Transfer { unit, .. }
        | DhsCommand::Issue(unit)
        | DhsCommand::Install { unit, .. }
        | DhsCommand::Return { unit, .. }
        | DhsCommand::SendToRepair(unit)
        | DhsCommand::Dispose { unit, .. }
        | DhsCommand::Reserve { unit, .. }
        | DhsCommand::ReleaseReservation(unit) => *unit,
        DhsCommand::Receive(unit) => unit.id,
        DhsCommand::DescribeUnit { unit, .. }
        | DhsCommand::Unreceive(unit)
        | DhsCommand::InstallAs { unit, .. }
        | DhsCommand::TakeOut { unit, .. }
        | DhsCommand::Adjust { unit, .. } => *unit,
        DhsCommand::PutModel(_)
        | DhsCommand::EditModel { .. }
        | DhsCommand::ImportModels(_)
        | DhsCommand::Stocktake { .. }
        | DhsCommand::Count { .. } => return None,
    })
}

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    command: &ExceptionCommand,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let (ExceptionCommand::Accept { exception, reason } | ExceptionCommand::BackOut { exception, reason }) = command;
    let mut exception: Exception = records.must(*exception)?;
    let mut findings = decision_findings(&exception, actor, records)?;
    let reason = text::filled_prose("reason", reason).map_err(|f| findings.push(f)).unwrap_or_default();
    none(findings)?;
    let accepted = matches!(command, ExceptionCommand::Accept { .. });
    let carried_out = accepted && follow(&exception, actor, &reason, context, records)?;
    let outcome = if accepted { ExceptionOutcome::Accepted } else { ExceptionOutcome::BackedOut };
    exception.decision = Some(ExceptionDecision { outcome, by: actor.id, at: context.now, reason, carried_out });
    records.put(exception)?;
    Ok(Effect::updated())
}

/// Lets the record follow an accepted fact, and says whether it does. A unit is where it was put, so the ledger says
/// so, too; an install or a test is judged again as it was made, because meanwhile what was missing may be there.
fn follow(
    exception: &Exception,
    actor: &Person,
    reason: &str,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<bool, Failure> {
    if let Command::Dhs(command) = &exception.fact
        && !matches!(command, DhsCommand::Receive(_))
    {
        let note = format!("accepted as an exception by {}: {reason}", actor.name);
        let done = dhs::Done { by: exception.by, at: exception.at, note: &note };
        return dhs::carry_out_anyway(command, &done, context, records);
    }
    let Some(author) = records.get::<Person>(exception.by)? else { return Ok(false) };
    let mut then = Context { actor: author.id, now: exception.at, ..context.clone() };
    match carry_out(&exception.fact, &author, &mut then, records) {
        Ok(_) => {
            context.numbers = then.numbers;
            Ok(true)
        }
        Err(Failure::Refused(_)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// What speaks against deciding it now.
fn decision_findings(exception: &Exception, actor: &Person, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    if let Some(decision) = &exception.decision {
        findings.push(
            Finding::new(
                "EXCEPTION_DECIDED",
                format!(
                    "The exception on {} was {} by {} on {}: {}",
                    exception.on.label,
                    decision.outcome,
                    person_name(decision.by, records)?,
                    decision.at.to_rfc3339(),
                    decision.reason
                ),
                "Nothing is left to decide.",
            )
            .about(exception.on.clone()),
        );
    }
    if let Some(release) = exception.release
        && let Some(release) = records.get::<Release>(release)?
        && !is_release_manager(&release, actor)
    {
        findings.push(
            Finding::new(
                "NOT_THE_RELEASE_MANAGER",
                format!("{} is not the release manager of {}.", actor.name, release.number),
                "Ask the release manager.",
            )
            .about(refer(&release)),
        );
    }
    Ok(findings)
}

/// What may be decided about it, and why not; nothing once it is decided.
///
/// # Errors
/// A storage fault.
pub fn actions(exception: &Exception, actor: &Person, records: &dyn Records) -> Result<Vec<ActionState>, Fault> {
    if exception.decision.is_some() {
        return Ok(Vec::new());
    }
    let against = decision_findings(exception, actor, records)?;
    let action = |code: &str, title: &str| {
        let denied = access::denial(&format!("exception.{code}"), actor);
        state(code, title, denied.into_iter().chain(against.iter().cloned()).collect()).with_reason().confirmed()
    };
    Ok(vec![action("accept", "Accept"), action("back_out", "It was backed out")])
}

/// Every exception on a record or of a release, oldest first.
///
/// # Errors
/// A storage fault.
pub fn of_record(id: impl Into<uuid::Uuid>, records: &dyn Records) -> Result<Vec<Exception>, Fault> {
    let mut found: Vec<Exception> = records.list(Lookup::ExceptionsOn, &id.into().to_string())?;
    found.sort_by_key(|e| (e.at, e.id));
    Ok(found)
}

/// Every exception that waits for a decision, oldest first.
///
/// # Errors
/// A storage fault.
pub fn open(records: &dyn Records) -> Result<Vec<Exception>, Fault> {
    let mut found: Vec<Exception> = records.list(Lookup::OpenExceptions, Kind::Exception.name())?;
    found.sort_by_key(|e| (e.at, e.id));
    Ok(found)
}

/// That exceptions of the release wait for a decision, one finding each.
///
/// # Errors
/// A storage fault.
pub(crate) fn undecided(release: ReleaseId, records: &dyn Records) -> Result<Vec<Finding>, Fault> {
    let mut findings = Vec::new();
    for exception in of_record(release, records)?.into_iter().filter(|e| e.decision.is_none()) {
        findings.push(
            Finding::new(
                "EXCEPTION_UNDECIDED",
                format!(
                    "{}: {} on {} goes against a rule and is not decided.",
                    exception.on.label,
                    exception.words(),
                    exception.at.to_rfc3339()
                ),
                "Accept it with a reason, or have it backed out.",
            )
            .about(RecordRef::to(&Record::from(exception))),
        );
    }
    Ok(findings)
}

impl Exception {
    /// What was done, in a few words such as `transfer a unit`.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match &self.fact {
            Command::Release(_, ReleaseCommand::RecordInstall { .. }) => "an install that was performed",
            Command::Release(_, ReleaseCommand::RecordTest { .. }) => "a test that was done",
            fact => access::words(fact),
        }
    }
}
