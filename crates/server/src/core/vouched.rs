//! People whom a provider of sign-ins vouches for.

use super::{Core, active_person};
use crate::error::ServerError;
use slipway_domain::command::{Command, SetupCommand};
use slipway_domain::id::{DeviceId, PersonId};
use slipway_domain::lookup::Lookup;
use slipway_domain::people::{Person, Role};
use slipway_sync::protocol::{ErrorBody, ErrorCode, NewDevice, Session, Verdict};
use slipway_sync::signing::PrivateKey;

/// Whom the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Sign-in name.
    pub user: String,
    /// As shown, for somebody who comes for the first time.
    pub name: String,
}

/// How somebody who comes for the first time is set up: by the server's own device, like on its console.
#[derive(Clone)]
pub struct Newcomers {
    /// The server's own device.
    pub console: DeviceId,
    /// Its key.
    pub key: PrivateKey,
    /// What they may do.
    pub roles: Vec<Role>,
}

impl Core {
    /// A session for somebody whom the provider vouches for.
    ///
    /// # Errors
    /// Nobody here has this sign-in name, or they left; the device is not this person's; or the storage failed.
    pub fn sign_in_vouched(
        &self,
        vouched: &Vouched,
        device: &NewDevice,
        newcomers: Option<&Newcomers>,
    ) -> Result<Session, ServerError> {
        if self.person_of(&vouched.user)?.is_none()
            && let Some(newcomers) = newcomers
        {
            self.add_newcomer(vouched, newcomers)?;
        }
        let id = self.person_of(&vouched.user)?.ok_or_else(|| unknown(&vouched.user))?;
        let mut tx = self.begin()?;
        let person = active_person(tx.as_ref(), id)?.ok_or_else(|| unknown(&vouched.user))?;
        let device = self.register(tx.as_mut(), &person, device)?;
        let session = self.open_session(tx.as_mut(), &person, &device, None)?;
        tx.commit()?;
        tracing::info!(person.id = %person.id, device.id = %device.id, "Signed in at the provider");
        Ok(session)
    }

    fn person_of(&self, user: &str) -> Result<Option<PersonId>, ServerError> {
        Ok(self.begin()?.find(Lookup::User, user)?.into_iter().next().map(PersonId))
    }

    fn add_newcomer(&self, vouched: &Vouched, newcomers: &Newcomers) -> Result<(), ServerError> {
        let mut console = self.console(newcomers.console, &newcomers.key)?;
        let person = Person {
            id: PersonId(console.new_id()?),
            name: vouched.name.clone(),
            user: vouched.user.clone(),
            roles: newcomers.roles.iter().copied().collect(),
            active: true,
        };
        let id = person.id;
        let result = console.issue(Command::Setup(SetupCommand::PutPerson(person)))?;
        match result.verdict {
            Verdict::Applied { .. } => {
                console.commit()?;
                tracing::info!(person.id = %id, "Somebody came for the first time");
                Ok(())
            }
            Verdict::Refused { findings } => {
                let why: Vec<String> = findings.into_iter().map(|finding| finding.sentence).collect();
                Err(refused(&why.join(" ")).into())
            }
            Verdict::Partial { .. } | Verdict::Held { .. } => Err(refused("The server could not add you.").into()),
        }
    }
}

fn unknown(user: &str) -> ErrorBody {
    refused(&format!("Nobody who works here has the sign-in name {user}."))
}

fn refused(sentence: &str) -> ErrorBody {
    let sentence = format!("You are signed in at the provider, and not known here. {sentence}");
    ErrorBody::new(ErrorCode::WrongCredentials, sentence, "Ask an administrator to add you.")
}
