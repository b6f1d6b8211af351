//! The CMDB: configuration items, relations, groups, services, baselines, update plans.

pub mod ci;
pub mod field;
pub mod group;
pub mod relation;
pub mod update_plan;

/// Judges and carries out a command of this part of the domain.
///
/// # Errors
/// The refusal with every failed guard, or a storage fault.
pub fn execute(
    _command: &crate::command::CmdbCommand,
    _actor: &crate::people::Person,
    _context: &mut crate::execute::Context,
    _records: &mut dyn crate::records::Records,
) -> Result<crate::execute::Effect, crate::refusal::Failure> {
    Err(crate::refusal::Finding::new("NOT_YET", "Not judged yet.", "Update.").into())
}
