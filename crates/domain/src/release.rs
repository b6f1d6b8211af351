//! Releases: the record, the phase machine, its guards and commands.

pub mod action;
pub mod record;
pub mod scope;
pub mod task;
pub mod task_record;

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    _id: crate::id::ReleaseId,
    _command: &crate::command::ReleaseCommand,
    _actor: &crate::people::Person,
    _context: &mut crate::execute::Context,
    _records: &mut dyn crate::records::Records,
) -> Result<crate::execute::Effect, crate::refusal::Failure> {
    Err(crate::refusal::Finding::new("NOT_YET", "Not judged yet.", "Update.").into())
}
