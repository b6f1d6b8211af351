//! Carry files: a laptop's commands and where it stands come in, results and pages for it go out.
//!
//! Nothing is judged or read in another way than in a push and a pull by the device itself: whoever brings the file,
//! its device and person are whom it names and whose key signed it.

use super::{Caller, Core, active_person};
use crate::error::ServerError;
use slipway_domain::id::{DeviceId, PersonId};
use slipway_sync::carry::{BadCarry, Manifest, Opening, Outside, Packer, Part, Route, Wants, seal};
use slipway_sync::protocol::{CommandResult, ErrorBody, ErrorCode, Pull, Push, SignedCommand};
use slipway_sync::signing::PublicKey;
use slipway_sync::{bucket, limits};
use uuid::Uuid;

/// What became of a carry file.
#[derive(Clone, Debug)]
pub struct Carried {
    /// Identity of the file.
    pub bundle: Uuid,
    /// Whose commands were in it.
    pub device: DeviceId,
    /// As people call it.
    pub device_name: String,
    /// Who works on it.
    pub person: PersonId,
    /// How many commands were in it.
    pub commands: u64,
    /// Of those, how many were judged now.
    pub judged: u64,
    /// The answer: a carry file for that device.
    pub answer: Vec<u8>,
}

/// What is in a file, as far as it is there.
struct Read {
    manifest: Manifest,
    key: PublicKey,
    device_name: String,
    caller: Caller,
    commands: Vec<SignedCommand>,
    /// Parts that are there, when that is not all.
    cut: Option<BadCarry>,
}

impl Core {
    /// Judges the commands of a carry file and makes the answer to it. A file that was judged before gives the results
    /// stored then. Of one that was copied half, what arrived is judged.
    ///
    /// # Errors
    /// The file is none, of another workspace or epoch, not signed by its device, altered, or incomplete; or what a
    /// push says of these commands; or the storage failed.
    pub fn carry_in(&self, file: &[u8]) -> Result<Carried, ServerError> {
        let read = self.open_carry(file)?;
        let before = self.judged_up_to(read.caller.device)?;
        self.push_carried(&read)?;
        let after = self.judged_up_to(read.caller.device)?;
        let judged = after.saturating_sub(before);
        if let Some(BadCarry::CutOff { have, of }) = read.cut {
            return Err(ErrorBody::new(
                ErrorCode::CarryIncomplete,
                format!(
                    "The carry file was not copied whole: {have} of {of} parts are here; {judged} commands were judged."
                ),
                "Copy the file again and import it: it goes on where it stopped.",
            )
            .into());
        }
        let Some(wants) = read.manifest.wants.clone() else { return Err(bad(&BadCarry::NotForUs)) };
        let answer = self.answer_carry(&read, wants)?;
        Ok(Carried {
            bundle: read.manifest.bundle,
            device: read.caller.device,
            device_name: read.device_name,
            person: read.caller.person,
            commands: read.manifest.commands,
            judged,
            answer,
        })
    }

    fn judged_up_to(&self, device: DeviceId) -> Result<u64, ServerError> {
        Ok(self.snapshot()?.device(device)?.map_or(0, |device| device.counter))
    }

    /// Reads everything, and checks it, before anything of it takes effect.
    fn open_carry(&self, file: &[u8]) -> Result<Read, ServerError> {
        let outside = Outside::read(file).map_err(|error| bad(&error))?;
        if outside.route != Route::ToServer {
            let sentence = "This carry file is not for the server.";
            let way_out = "Import it on the laptop that it is for.";
            return Err(ErrorBody::new(ErrorCode::CarryNotForUs, sentence, way_out).into());
        }
        if file.len() as u64 > limits::CARRY_COMMANDS_BYTES {
            return Err(bad(&BadCarry::TooLarge));
        }
        let whole = outside.is_whole(file.len() as u64);
        let sealed = file.get(outside.line..).unwrap_or_default();
        // Where nothing is missing, what cannot be read was altered.
        let altered = |error| match error {
            BadCarry::CutOff { .. } if whole => BadCarry::Damaged("its seal is broken"),
            other => other,
        };
        let opened = seal::open(sealed, seal::Open::Key(&self.log_key)).and_then(Opening::begin);
        let opening = opened.map_err(|error| bad(&altered(error)))?;
        let (key, device_name, caller) = self.sender(opening.claims())?;
        let mut reader = opening.verify(&key).map_err(|error| {
            tracing::warn!(device.id = %caller.device, "Refused a carry file with a bad signature");
            bad(&error)
        })?;
        let (mut commands, mut cut) = (Vec::new(), None);
        loop {
            match reader.next_part().map_err(altered) {
                Ok(Some(Part::Commands(more))) => commands.extend(more),
                Ok(Some(_)) => return Err(bad(&BadCarry::Damaged("it holds what no laptop sends"))),
                Ok(None) => break,
                Err(error @ BadCarry::CutOff { .. }) => {
                    cut = Some(error);
                    break;
                }
                Err(error) => return Err(bad(&error)),
            }
        }
        let manifest = reader.manifest().clone();
        let count = commands.len() as u64;
        if count > manifest.commands || (cut.is_none() && count != manifest.commands) {
            return Err(bad(&BadCarry::Damaged("it holds another number of commands than it says")));
        }
        Ok(Read { manifest, key, device_name, caller, commands, cut })
    }

    /// Whom the file names: a device of this workspace, and the person whose it is.
    fn sender(&self, claims: &Manifest) -> Result<(PublicKey, String, Caller), ServerError> {
        let view = self.snapshot()?;
        if claims.workspace != self.workspace {
            return Err(ErrorBody::new(
                ErrorCode::WrongActor,
                "The carry file is of another workspace.",
                "Take it to the server of that workspace; nothing was changed here.",
            )
            .into());
        }
        if claims.route != Route::ToServer {
            return Err(bad(&BadCarry::Damaged("it says two things about where it goes")));
        }
        let device = view.device(claims.device)?.filter(|device| device.person == claims.person);
        let Some(device) = device else {
            return Err(ErrorBody::new(
                ErrorCode::WrongDevice,
                "The carry file is of a device that nobody signed in on here.",
                "Sign in on that laptop over the network once; its queue is kept there.",
            )
            .into());
        };
        if active_person(view.as_ref(), device.person)?.is_none() {
            let sentence = "The person whose carry file this is does not work here any more.";
            let way_out = "Ask an administrator; what waits on that laptop is kept there.";
            return Err(ErrorBody::new(ErrorCode::NotAllowed, sentence, way_out).into());
        }
        let caller = Caller { person: device.person, device: device.id, revoked: device.revoked };
        Ok((device.public_key, device.name, caller))
    }

    fn push_carried(&self, read: &Read) -> Result<(), ServerError> {
        let mut first_counter = read.manifest.first_counter;
        let mut rest = read.commands.as_slice();
        // An empty push still says whether device and epoch fit.
        loop {
            let (now, later) = rest.split_at(rest.len().min(limits::PUSH_COMMANDS));
            let commands = now.to_vec();
            let push = Push { device: read.caller.device, epoch: read.manifest.epoch, first_counter, commands };
            self.push(&read.caller, &push).map_err(in_a_file)?;
            first_counter = first_counter.saturating_add(now.len() as u64);
            rest = later;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Results, and pages until one is complete, as the device itself would pull them.
    fn answer_carry(&self, read: &Read, wants: Wants) -> Result<Vec<u8>, ServerError> {
        let from = wants.clone();
        let Wants { mut cursors, mut scope, judged_after, sites } = wants;
        let mut packer = Packer::default();
        let mut results: Vec<CommandResult> = Vec::new();
        let mut pages = Vec::new();
        let mut judged = judged_after;
        loop {
            let limit = limits::PAGE_ENTRIES;
            let pull = Pull { epoch: read.manifest.epoch, cursors, scope: scope.clone(), judged_after: judged, limit };
            let mut page = self.pull(&read.caller, &pull).map_err(in_a_file)?;
            judged = page.judged;
            results.append(&mut page.results);
            cursors = page.cursors.clone();
            let mut last = page.complete;
            if let Some(told) = &page.scope {
                // Other buckets are to be pulled now: those that the laptop will choose when it reads this page.
                let held = bucket::wanted(sites.as_ref(), told);
                cursors = held.into_iter().map(|bucket| (bucket, cursors.get(&bucket).copied().unwrap_or(0))).collect();
                scope.clone_from(&told.tag);
                last = false;
            }
            pages.push(Part::Page(Box::new(page)));
            if pages.len() >= limits::CARRY_PARTS / 2 {
                return Err(in_a_file(bad(&BadCarry::TooLarge)));
            }
            if last {
                break;
            }
        }
        let pack = |error: BadCarry| in_a_file(bad(&error));
        for some in results.chunks(limits::PAGE_RESULTS) {
            packer.add(&Part::Results(some.to_vec())).map_err(pack)?;
        }
        for page in &pages {
            packer.add(page).map_err(pack)?;
        }
        let manifest = Manifest {
            domain: Manifest::DOMAIN.to_owned(),
            workspace: self.workspace,
            epoch: read.manifest.epoch,
            bundle: Uuid::from_bytes(super::random()?),
            made_at: self.now(),
            route: Route::Answer,
            device: read.caller.device,
            person: read.caller.person,
            first_counter: judged_after.saturating_add(1),
            commands: results.len() as u64,
            wants: Some(from),
            answers: Some(read.manifest.bundle),
            to: None,
            parts: Vec::new(),
        };
        let plain = packer.finish(manifest, &self.log_key).map_err(pack)?;
        seal::seal(&plain, Route::Answer, seal::Seal::Key(&read.key)).map_err(pack)
    }
}

/// The words of a push or a pull speak to a laptop that is connected.
fn in_a_file(error: ServerError) -> ServerError {
    let ServerError::Said(mut body) = error else { return error };
    match body.code {
        ErrorCode::EpochChanged => {
            "Connect that laptop with the server over the network once: it sends again what the server lost. Nothing was changed here."
                .clone_into(&mut body.way_out);
        }
        ErrorCode::DeviceRevoked => {
            "The device that made this carry file was shut out.".clone_into(&mut body.sentence);
        }
        ErrorCode::DeviceForked | ErrorCode::BadSignature | ErrorCode::CounterGap => {
            "Connect that laptop with the server over the network once; its queue is kept there."
                .clone_into(&mut body.way_out);
        }
        ErrorCode::ResyncRequired | ErrorCode::CursorAhead | ErrorCode::TooLarge => {
            "Its commands were judged; connect that laptop with the server over the network to fetch the records."
                .clone_into(&mut body.way_out);
        }
        _ => {}
    }
    ServerError::Said(body)
}

fn bad(error: &BadCarry) -> ServerError {
    let code = match error {
        BadCarry::NotOne | BadCarry::Newer => ErrorCode::CarryUnreadable,
        BadCarry::NotForUs | BadCarry::WrongPassphrase => ErrorCode::CarryNotForUs,
        BadCarry::CutOff { .. } => ErrorCode::CarryIncomplete,
        BadCarry::Damaged(_) => ErrorCode::CarryDamaged,
        BadCarry::Forged => ErrorCode::BadSignature,
        BadCarry::TooLarge => ErrorCode::TooLarge,
        BadCarry::Unwritable(_) => ErrorCode::Internal,
    };
    ErrorBody::new(code, error.to_string(), error.way_out()).into()
}
