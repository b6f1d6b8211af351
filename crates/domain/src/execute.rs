//! One door for every command: access first, then the part of the domain that judges it.

use crate::command::Command;
use crate::id::{CommandId, PersonId};
use crate::number::{Number, Series};
use crate::people::Person;
use crate::record::Entity;
use crate::records::{Records, RecordsExt};
use crate::refusal::{Failure, Fault, Finding};
use crate::time::Timestamp;
use crate::{access, approval, change, cmdb, comment, dhs, dsl, release, scope, setting};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use ts_rs::TS;

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
    /// `NUMBER_TAKEN` on a laptop, where no other number is at hand; or a storage fault.
    pub fn number(&mut self, records: &dyn Records, series: Series, wanted: &Number) -> Result<Number, Failure> {
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Effect {
    /// Fields or rows that did not take effect, the rest did (*applied in part*).
    pub conflicts: Vec<Conflict>,
    /// Rows created, for bulk commands.
    pub created: u32,
    /// Rows updated.
    pub updated: u32,
    /// Rows that were as wanted already.
    pub unchanged: u32,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
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

/// Judges a command and, if no rule refuses it, carries it out.
///
/// The caller gives a transaction: after an error nothing of what was written may remain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(command: &Command, context: &mut Context, records: &mut dyn Records) -> Result<Effect, Failure> {
    let actor = actor(context, records)?;
    access::check(command, &actor)?;
    scope::check(command, &actor, records)?;
    match command {
        Command::Setup(c) => setting::execute(c, &actor, context, records),
        Command::Release(id, c) => release::execute(*id, c, &actor, context, records),
        Command::Task(id, c) => release::task::execute(*id, c, &actor, context, records),
        Command::Approval(c) => approval::execute(c, &actor, context, records),
        Command::Change(c) => change::execute(c, &actor, context, records),
        Command::Cmdb(c) => cmdb::execute(c, &actor, context, records),
        Command::Dsl(id, c) => dsl::execute(*id, c, &actor, context, records),
        Command::Dhs(c) => dhs::execute(c, &actor, context, records),
        Command::Comment(c) => comment::execute(c, &actor, context, records),
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
