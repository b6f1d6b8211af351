//! Between two laptops: what waits on this one for somebody to see on theirs, and what another one handed over.
//!
//! The file has what the other person may see in the clear (behind its passphrase), and everything that waits once more
//! as the file for the server, which they can bring along and cannot read.

use super::export::{for_server, log_key};
use super::file;
use crate::App;
use crate::error::CallError;
use crate::open::Open;
use crate::profile::Account;
use crate::resolve;
use crate::view::carry::{CarryExportRequest, CarryExported, CarryHanded, CarryImported};
use crate::view::mutations::Changes;
use slipway_domain::command::Envelope;
use slipway_domain::id::PersonId;
use slipway_domain::people::Person;
use slipway_domain::record::Record;
use slipway_domain::records::{Records, RecordsExt};
use slipway_domain::refusal::Fault;
use slipway_domain::scope::{Sight, buckets};
use slipway_store::carry::Handed;
use slipway_sync::carry::voucher::SignedVoucher;
use slipway_sync::carry::{BadCarry, Manifest, Opening, Outside, Packer, Part, Route, seal};
use slipway_sync::encoding::Base64;
use slipway_sync::limits;
use slipway_sync::protocol::{Epoch, SignedCommand};
use std::path::Path;

/// Where the server's word for this device is kept.
pub(crate) const VOUCHER: &str = "carry.voucher";
/// Shortest passphrase of a file: whoever finds the stick can try as many as they like.
const PASSPHRASE_CHARS: usize = 12;

/// Whether somebody who sees this far may read the record.
fn sees(sight: &Sight, record: &Record, records: &dyn Records) -> Result<bool, Fault> {
    let lies = buckets(record, records)?;
    Ok(lies.is_empty() || lies.iter().any(|bucket| sight.covers(*bucket)))
}

fn sight_of(open: &Open, person: PersonId) -> Result<Sight, CallError> {
    open.store.read(|records| {
        let known = records.get::<Person>(person)?.ok_or_else(unknown_person)?;
        Ok(Sight::of(&known, records)?)
    })
}

/// Writes a file for another person's laptop. The profile's sync lock is held.
pub(super) fn export(
    app: &App,
    open: &Open,
    account: &Account,
    request: &CarryExportRequest,
    to: &str,
) -> Result<CarryExported, CallError> {
    let words = request.passphrase.as_deref().unwrap_or_default();
    if words.chars().count() < PASSPHRASE_CHARS {
        return Err(CallError::trouble(
            "CARRY_WEAK_PASSPHRASE",
            format!("The passphrase of a file for another laptop has at least {PASSPHRASE_CHARS} characters."),
            "Agree on a longer one, and do not put it on the stick.",
        ));
    }
    let person = app.read(|sight| resolve::person(sight, to))?;
    if person.id == open.actor {
        return Err(CallError::trouble("CARRY_TO_ONESELF", "The file would be for yourself.", "Name somebody else."));
    }
    let voucher = open.store.remembered(VOUCHER)?.and_then(|text| serde_json::from_str(&text).ok());
    let voucher: SignedVoucher = voucher.ok_or_else(|| {
        CallError::trouble(
            "VOUCHER_MISSING",
            "The server has not vouched for this laptop yet, so another one could not know whose commands these are.",
            "Sync over the network once with an up-to-date server.",
        )
    })?;
    let now = app.host().now();
    let sealed = for_server(open, account, now, app.host().new_id())?;
    let sight = sight_of(open, person.id)?;
    let (mut shown, mut packer, mut after) = (0_u64, Packer::default(), 0);
    packer.add(&Part::Voucher(voucher))?;
    loop {
        let batch = open.store.pending_after(after, limits::PUSH_COMMANDS, limits::PUSH_PAYLOAD_BYTES)?;
        let Some(last) = batch.last().map(|queued| queued.counter) else { break };
        let mut commands = Vec::new();
        for queued in batch {
            if may_be_shown(open, &sight, queued.id)? {
                let signature = Base64(queued.signature.to_vec());
                commands.push(SignedCommand { payload: Base64(queued.payload), signature });
            }
        }
        shown += commands.len() as u64;
        packer.add(&Part::Commands(commands))?;
        after = last;
    }
    packer.add(&Part::Sealed(Base64(sealed.file)))?;
    let manifest = Manifest {
        bundle: app.host().new_id(),
        route: Route::ToLaptop,
        commands: sealed.manifest.commands,
        wants: None,
        to: Some(person.id),
        ..sealed.manifest
    };
    let plain = packer.finish(manifest, &open.session.signer())?;
    let bytes = seal::seal(&plain, Route::ToLaptop, seal::Seal::Passphrase(words))?;
    let path = file::place(&request.path, &format!("slipway-{}-for-{}.carry", account.user, person.user));
    file::write(&path, &bytes)?;
    Ok(CarryExported { path: path.display().to_string(), bytes: bytes.len() as u64, commands: shown })
}

/// Whether everything that a pending command touched may be read by them, as it was and as it is.
fn may_be_shown(open: &Open, sight: &Sight, command: slipway_domain::id::CommandId) -> Result<bool, CallError> {
    let replaced = open.store.replaced_by(command)?;
    if replaced.is_empty() {
        return Ok(false);
    }
    open.store.read(|records| {
        for (kind, id, old) in &replaced {
            let old = old.as_deref().map(|body| Record::from_body(*kind, body)).transpose()?;
            for record in old.into_iter().chain(records.read(*kind, *id)?) {
                if !sees(sight, &record, records)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    })
}

/// What a file of another laptop holds, everything in it checked.
struct Found {
    manifest: Manifest,
    device_name: String,
    payloads: Vec<Vec<u8>>,
    sealed: Vec<u8>,
}

/// Takes a file of another laptop. The profile's sync lock is held.
pub(super) fn import(
    app: &App,
    open: &Open,
    account: &Account,
    path: &Path,
    words: Option<&str>,
    epoch: Epoch,
) -> Result<CarryImported, CallError> {
    let words = words.filter(|words| !words.is_empty()).ok_or_else(|| {
        CallError::trouble(
            "CARRY_PASSPHRASE_NEEDED",
            format!("{} is of another laptop and opens with a passphrase.", path.display()),
            "Ask whoever made it for the passphrase, then import it with that.",
        )
    })?;
    let (bytes, outside) = file::all(path, limits::CARRY_COMMANDS_BYTES)?;
    let found = read(account, &bytes, outside, words)?;
    if found.manifest.workspace != account.workspace || found.manifest.to != Some(open.actor) {
        return Err(BadCarry::NotForUs.into());
    }
    if found.manifest.epoch != epoch {
        return Err(CallError::trouble(
            "CARRY_OTHER_EPOCH",
            "The server was restored or replaced, and only one of the two laptops has heard of it.",
            "Sync both over the network once; nothing was changed here.",
        ));
    }
    let handed = Handed {
        bundle: found.manifest.bundle,
        device: found.manifest.device,
        device_name: found.device_name,
        person: found.manifest.person,
        made_at: found.manifest.made_at,
        commands: found.manifest.commands,
        sealed: found.sealed,
    };
    let sight = sight_of(open, open.actor)?;
    let may_see = |record: &Record, records: &dyn Records| sees(&sight, record, records);
    let taken = open.store.take_handed(&handed, app.host().now(), &found.payloads, &may_see)?;
    let made_at = handed.made_at;
    let waiting = open.store.status()?.pending;
    let Some(taken) = taken else {
        return Ok(CarryImported { already: true, waiting, made_at, ..CarryImported::default() });
    };
    app.host().changed(&Changes::from(&taken.changes));
    let person = open.store.read(|records| Ok::<_, CallError>(records.get::<Person>(handed.person)?))?;
    Ok(CarryImported {
        waiting,
        made_at,
        handed: Some(CarryHanded {
            person: person.map(|person| person.name).unwrap_or_default(),
            laptop: handed.device_name,
            commands: handed.commands,
            shown: taken.shown,
            unfit: taken.unfit,
            hidden: taken.hidden,
        }),
        ..CarryImported::default()
    })
}

fn read(account: &Account, bytes: &[u8], outside: Outside, words: &str) -> Result<Found, CallError> {
    let whole = outside.is_whole(bytes.len() as u64);
    let altered = |error| match error {
        BadCarry::CutOff { .. } if whole => BadCarry::Damaged("its seal is broken"),
        other => other,
    };
    let sealed = bytes.get(outside.line..).unwrap_or_default();
    let opening = seal::open(sealed, seal::Open::Passphrase(words)).and_then(Opening::begin).map_err(altered)?;
    if opening.claims().route != Route::ToLaptop {
        return Err(BadCarry::Damaged("it says two things about where it goes").into());
    }
    // The voucher stands in the first part; what it says is believed only once the server's signature was checked.
    let mut reader = opening.unverified();
    let Some(Part::Voucher(voucher)) = reader.next_part().map_err(altered)? else {
        return Err(BadCarry::Forged.into());
    };
    let voucher = voucher.open(&account.log_name, &log_key(account)?)?;
    let manifest = reader.manifest().clone();
    if voucher.device != manifest.device || voucher.person != manifest.person {
        return Err(BadCarry::Forged.into());
    }
    reader.verify(&voucher.public_key)?;
    let (mut payloads, mut for_server) = (Vec::new(), None);
    while let Some(part) = reader.next_part().map_err(altered)? {
        match part {
            Part::Commands(commands) => {
                for command in commands {
                    let made = serde_json::from_slice::<Envelope<serde_json::Value>>(&command.payload.0).ok();
                    let sound = made.is_some_and(|made| {
                        made.device == manifest.device
                            && made.actor == manifest.person
                            && made.workspace == manifest.workspace
                            && made.domain == Envelope::DOMAIN
                    });
                    if !sound || !command.verifies(&voucher.public_key) || !limits::shallow(&command.payload.0) {
                        return Err(BadCarry::Forged.into());
                    }
                    payloads.push(command.payload.0);
                }
            }
            Part::Sealed(file) => for_server = Some(file.0),
            Part::Voucher(_) | Part::Results(_) | Part::Page(_) => {
                return Err(BadCarry::Damaged("it holds what no laptop sends").into());
            }
        }
    }
    let sealed = for_server.ok_or(BadCarry::Damaged("the file for the server is missing in it"))?;
    Ok(Found { manifest, device_name: voucher.device_name, payloads, sealed })
}

fn unknown_person() -> CallError {
    CallError::trouble("UNKNOWN_PERSON", "That person is not known here.", "Sync over the network once.")
}
