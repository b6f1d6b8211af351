//! Comments: additive, on any record.

use crate::id::{CommentId, PersonId};
use crate::record::RecordRef;
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
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    _comment: &Comment,
    _actor: &crate::people::Person,
    _context: &mut crate::execute::Context,
    _records: &mut dyn crate::records::Records,
) -> Result<crate::execute::Effect, crate::refusal::Failure> {
    Err(crate::refusal::Finding::new("NOT_YET", "Not judged yet.", "Update.").into())
}
