//! Carry files: sync by a stick, where there is no network.

pub mod export;
pub(crate) mod handing;
pub mod import;
pub mod relay;

mod file;
mod reading;

use crate::App;
use crate::error::CallError;
use crate::lock;
use crate::open::Open;
use crate::profile::Account;
use crate::sync_driver::{LOCK_FILE, LOCK_WAIT};
use crate::view::carry::{CarryNote, CarryOfOther, CarryStatus};
use crate::view::common::Nothing;
use slipway_domain::people::Person;
use slipway_domain::records::RecordsExt;
use slipway_store::Store;
use slipway_store::carry::Carried;
use slipway_store::error::StoreError;
use slipway_sync::carry::BadCarry;
use std::fs::File;

/// The last file written here for the server.
const EXPORTED: &str = "carry.exported";
/// The last answer taken here.
const IMPORTED: &str = "carry.imported";

/// Files of other laptops that are listed.
const HANDED_MOST: u32 = 50;

/// How carrying stands.
///
/// # Errors
/// Trouble.
pub fn status(app: &App, _: &Nothing) -> Result<CarryStatus, CallError> {
    let open = app.open()?;
    let unable = match account(&open) {
        Ok(_) if open.store.status()?.last_sync.is_none() => first_sync_needed().to_string(),
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    let waiting = if open.alone { 0 } else { open.store.status()?.pending };
    let carried = open.store.carried(HANDED_MOST)?;
    let handed = open.store.read(|records| {
        let file = |carried: Carried| {
            let person = records.get::<Person>(carried.person)?;
            Ok::<_, CallError>(CarryOfOther {
                person: person.map(|person| person.name).unwrap_or_default(),
                laptop: carried.device_name,
                made_at: carried.made_at,
                commands: carried.commands,
                showing: carried.showing,
                outcome: carried.outcome,
            })
        };
        carried.into_iter().map(file).collect::<Result<Vec<_>, _>>()
    })?;
    let (exported, imported) = (noted(&open.store, EXPORTED)?, noted(&open.store, IMPORTED)?);
    Ok(CarryStatus { waiting, unable, exported, imported, handed })
}

fn note(store: &Store, name: &str, note: &CarryNote) -> Result<(), StoreError> {
    store.remember(name, &serde_json::to_string(note).unwrap_or_default())
}

fn noted(store: &Store, name: &str) -> Result<Option<CarryNote>, StoreError> {
    Ok(store.remembered(name)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// The account on the server that judges.
fn account(open: &Open) -> Result<Account, CallError> {
    open.session.account().ok_or_else(|| {
        CallError::trouble(
            "WORKS_ALONE",
            "This profile works alone: there is no server that a file could be carried to.",
            "Make a profile of its own for a server, and sign in there.",
        )
    })
}

fn first_sync_needed() -> CallError {
    CallError::trouble(
        "FIRST_SYNC_NEEDED",
        "This laptop has never been in sync with its server.",
        "Sync over the network once; from then on files can be carried.",
    )
}

/// Nothing syncs this profile while this is held.
fn quiet(open: &Open) -> Result<File, CallError> {
    let file = open.session.profile().folder().join(LOCK_FILE);
    lock::take(&file, LOCK_WAIT).map_err(|_| {
        CallError::trouble(
            "SYNC_BUSY",
            "Another Slipway has been syncing this profile for two minutes.",
            "Wait for it to end, then try again.",
        )
    })
}

impl From<BadCarry> for CallError {
    fn from(error: BadCarry) -> Self {
        Self::trouble(error.code(), error.to_string(), error.way_out())
    }
}
