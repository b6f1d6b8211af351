//! Comments: additive, on any record.

use crate::execute::{Context, Effect};
use crate::id::{CommentId, PersonId};
use crate::people::Person;
use crate::record::RecordRef;
use crate::records::{NOT_HERE, Records, RecordsExt};
use crate::refusal::{Failure, Finding, none};
use crate::text;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A remark on a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Comment {
    /// Identity.
    pub id: CommentId,
    /// On which record.
    pub on: RecordRef,
    /// What was said.
    pub text: String,
    /// Who.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
}

/// Judges and carries out a command of this part of the domain.
///
/// Author and time are those of the command: nobody speaks in another's name.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    given: &Comment,
    actor: &Person,
    context: &mut Context,
    records: &mut dyn Records,
) -> Result<Effect, Failure> {
    let mut findings = Vec::new();
    let text = text::filled_prose("text", &given.text).unwrap_or_else(|finding| {
        findings.push(finding);
        String::new()
    });
    let on = records.read(given.on.kind, given.on.id)?.map(|record| RecordRef::to(&record));
    if on.is_none() {
        findings.push(
            Finding::new(
                "NOT_FOUND",
                format!("There is no {} {} here.", given.on.kind.name().replace('_', " "), given.on.label),
                NOT_HERE,
            )
            .about(given.on.clone()),
        );
    }
    if records.get::<Comment>(given.id)?.is_some() {
        findings.push(Finding::new(
            "ID_TAKEN",
            "A comment is already stored under this identity.",
            "Write the comment anew.",
        ));
    }
    none(findings)?;
    let on = on.unwrap_or_else(|| given.on.clone());
    records.put(Comment { id: given.id, on, text, by: actor.id, at: context.now })?;
    Ok(Effect::created())
}
