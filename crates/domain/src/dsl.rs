//! The Definitive Software Library: verified master copies of software.

pub mod item;

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    _id: crate::id::DslItemId,
    _command: &crate::command::DslCommand,
    _actor: &crate::people::Person,
    _context: &mut crate::execute::Context,
    _records: &mut dyn crate::records::Records,
) -> Result<crate::execute::Effect, crate::refusal::Failure> {
    Err(crate::refusal::Finding::new("NOT_YET", "Not judged yet.", "Update.").into())
}
