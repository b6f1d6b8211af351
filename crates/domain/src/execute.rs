//! One door for every command: access first, then the part of the domain that judges it.

use crate::cmdb::moment::recording::Recording;
use crate::command::{Command, merge};
use crate::id::{CommandId, PersonId};
use crate::number::{Number, Series};
use crate::people::Person;
use crate::record::Entity;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding, none};
use crate::time::Timestamp;
use crate::{access, approval, attachment, change, cmdb, comment, dhs, dsl, exception, release, scope, setting};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;
use utoipa::ToSchema;

/// What comes in beside command and records.
#[derive(Clone, Debug)]
pub struct Context {
    /// The command's identity; ids of records it creates on the way are derived from it.
    pub command: CommandId,
    /// Who.
    pub actor: PersonId,
    /// When it was made, by the device's clock: what rules about time are judged on.
    pub now: Timestamp,
    /// Next free position of each series; on a laptop empty. The server gives a real number to a record that
    /// comes with a provisional one or one that is taken.
    pub numbers: BTreeMap<Series, u32>,
}

impl Context {
    /// The number a new record gets: the one it came with unless that is provisional or taken and the server has another.
    ///
    /// # Errors
    /// `NUMBER_TAKEN` on a laptop, where no other number is at hand; `NOT_A_NUMBER`; or a storage fault.
    pub fn number(&mut self, records: &dyn Records, series: Series, wanted: &Number) -> Result<Number, Failure> {
        if !wanted.is_of(series) {
            return Err(Finding::new(
                "NOT_A_NUMBER",
                "The number that the record came with is none of its series.",
                format!("Give it one such as {}, or let the program give it.", Number::new(series, 123)),
            )
            .into());
        }
        let taken = !records.find(crate::lookup::Lookup::Number, wanted.as_str())?.is_empty();
        if !taken && !wanted.is_provisional() {
            return Ok(wanted.clone());
        }
        if let Some(next) = self.numbers.get_mut(&series) {
            let number = Number::new(series, *next);
            *next += 1;
            return Ok(number);
        }
        // A provisional number only stands in until the server assigns one: among thousands of rows of an import two
        // may well look alike.
        if taken && !wanted.is_provisional() {
            return Err(Finding::new(
                "NUMBER_TAKEN",
                format!("{wanted} is already in use."),
                "Sync, so that this laptop gets a fresh block of numbers, then try again.",
            )
            .into());
        }
        Ok(wanted.clone())
    }
}

/// How a command that was not refused took effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Effect {
    /// Fields or rows that did not take effect, the rest did (*applied in part*).
    pub conflicts: Vec<Conflict>,
    /// Rows created, for bulk commands.
    pub created: u32,
    /// Rows updated.
    pub updated: u32,
    /// Rows that were as wanted already.
    pub unchanged: u32,
    /// Rules that a fact goes against which was done by hand all the same: it was not carried out but kept as an
    /// *exception*, which waits for a decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(as = "Vec<Finding>")]
    pub kept: Vec<Finding>,
}

impl Effect {
    /// One record came into being.
    #[must_use]
    pub fn created() -> Self {
        Self { created: 1, ..Self::default() }
    }

    /// One record changed.
    #[must_use]
    pub fn updated() -> Self {
        Self { updated: 1, ..Self::default() }
    }

    /// The one record was as wanted already.
    #[must_use]
    pub fn unchanged() -> Self {
        Self { unchanged: 1, ..Self::default() }
    }
}

/// Creates or replaces a record that a rule has let through, and says which of the two it was.
///
/// # Errors
/// A storage fault.
pub fn replace<E: Entity + PartialEq>(record: E, id: E::Id, records: &mut dyn Records) -> Result<Effect, Fault> {
    let effect = match records.get::<E>(id)? {
        Some(before) if before == record => return Ok(Effect::unchanged()),
        Some(_) => Effect::updated(),
        None => Effect::created(),
    };
    records.put(record)?;
    Ok(effect)
}

/// A field or row that did not take effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Conflict {
    /// Line of the imported file, for a row.
    pub line: Option<u32>,
    /// Field, for *set fields*.
    pub field: Option<String>,
    /// What the author saw.
    pub from: String,
    /// What the author wanted.
    pub mine: String,
    /// What is there.
    pub theirs: String,
    /// Why.
    pub finding: Finding,
}

impl Conflict {
    /// A field that somebody else changed meanwhile.
    pub(crate) fn of_field(field: &str, from: String, mine: String, theirs: String, finding: Finding) -> Self {
        let finding = finding.with("field", field);
        Self { line: None, field: Some(field.to_owned()), from, mine, theirs, finding }
    }
}

/// Judges a command and, if no rule refuses it, carries it out. A fact that was done by hand is not refused: it is
/// kept as an exception ([`exception::keep`]).
///
/// The caller gives a transaction: after an error nothing of what was written may remain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(command: &Command, context: &mut Context, records: &mut dyn Records) -> Result<Effect, Failure> {
    let actor = actor(context, records)?;
    access::check(command, &actor)?;
    scope::check(command, &actor, records)?;
    let mut recording = Recording::over(records);
    let effect = if merge::is_fact(command) {
        exception::carry_out_or_keep(command, &actor, context, &mut recording)?
    } else {
        carry_out(command, &actor, context, &mut recording)?
    };
    recording.finish(command, context)?;
    Ok(effect)
}

/// The same while the person is still there who can do better: what would become an exception, and a field that
/// somebody else changed meanwhile, are refused, so that they are seen at the place where they were entered.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute_at_desk(command: &Command, context: &mut Context, records: &mut dyn Records) -> Result<Effect, Failure> {
    let effect = execute(command, context, records)?;
    let overtaken = effect.conflicts.iter().filter(|c| c.field.is_some() && c.line.is_none());
    let findings: Vec<Finding> = effect.kept.iter().cloned().chain(overtaken.map(|c| c.finding.clone())).collect();
    none(findings)?;
    Ok(effect)
}

/// `Ok` when nothing but conflicts was found; a refusal says of these as well.
pub(crate) fn none_but(conflicts: &[Conflict], findings: Vec<Finding>) -> Result<(), Failure> {
    if findings.is_empty() {
        return Ok(());
    }
    Ok(none(conflicts.iter().map(|c| c.finding.clone()).chain(findings).collect())?)
}

/// Carries a command out whose access was judged.
pub(crate) fn carry_out(
    command: &Command,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    match command {
        Command::Setup(c) => setting::execute(c, actor, context, records),
        Command::Release(id, c) => release::execute(*id, c, actor, context, records),
        Command::Task(id, c) => release::task::execute(*id, c, actor, context, records),
        Command::Approval(c) => approval::execute(c, actor, context, records),
        Command::Change(c) => change::execute(c, actor, context, records),
        Command::Cmdb(c) => cmdb::execute(c, actor, context, records),
        Command::Dsl(id, c) => dsl::execute(*id, c, actor, context, records),
        Command::Dhs(c) => dhs::execute(c, actor, context, records),
        Command::Comment(c) => comment::execute(c, actor, context, records),
        Command::Attachment(c) => attachment::execute(c, actor, context, records),
        Command::Exception(c) => exception::execute(c, actor, context, records),
        Command::Observation(c) => cmdb::observation::execute(c, actor, context, records),
    }
}

/// The acting person; the workspace itself acts as an administrator.
///
/// # Errors
/// `UNKNOWN_PERSON` or `PERSON_INACTIVE`, or a storage fault.
pub fn actor(context: &Context, records: &dyn Records) -> Result<Person, Failure> {
    if context.actor == PersonId::SYSTEM {
        return Ok(access::system());
    }
    let Some(person) = records.get::<Person>(context.actor)? else {
        return Err(
            Finding::new("UNKNOWN_PERSON", "The person who issued this is not known here.", "Sign in again.").into()
        );
    };
    if !person.active {
        return Err(Finding::new(
            "PERSON_INACTIVE",
            format!("{} is no longer active.", person.name),
            "Ask an administrator.",
        )
        .into());
    }
    Ok(person)
}
