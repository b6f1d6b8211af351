//! A carry file for the server: what waits, and where this laptop stands.

use super::{EXPORTED, account, file, first_sync_needed, handing, note, quiet};
use crate::App;
use crate::error::CallError;
use crate::held;
use crate::local::StoreLocal;
use crate::open::Open;
use crate::profile::Account;
use crate::view::carry::{CarryExportRequest, CarryExported, CarryNote};
use slipway_domain::time::Timestamp;
use slipway_sync::carry::{Manifest, Packer, Part, Route, Wants, seal};
use slipway_sync::limits;
use slipway_sync::local::{Local, LocalStatus};
use slipway_sync::protocol::SignedCommand;
use slipway_sync::signing::PublicKey;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Writes the file: for the server, or for the laptop of the person that is named.
///
/// # Errors
/// The profile has no server or never met it, the person is unknown, the passphrase too short; or the file cannot be
/// written.
pub fn export(app: &App, request: &CarryExportRequest) -> Result<CarryExported, CallError> {
    let open = app.open()?;
    let account = account(&open)?;
    let now = app.host().now();
    let lock = quiet(&open)?;
    if let Some(person) = request.person.as_deref().filter(|person| !person.trim().is_empty()) {
        return handing::export(app, &open, &account, request, person);
    }
    let ForServer { file: bytes, manifest } = for_server(&open, &account, now, app.host().new_id())?;
    drop(lock);
    let path = file::place(&request.path, &format!("slipway-{}.carry", account.user));
    file::write(&path, &bytes)?;
    let (shown, commands) = (path.display().to_string(), manifest.commands);
    note(&open.store, EXPORTED, &CarryNote { path: shown.clone(), at: now, commands })?;
    Ok(CarryExported { path: shown, bytes: bytes.len() as u64, commands })
}

/// A file for the server.
pub(super) struct ForServer {
    /// As it goes onto the stick.
    pub(super) file: Vec<u8>,
    /// What it says, but for its parts.
    pub(super) manifest: Manifest,
}

/// The file, sealed for the server.
pub(super) fn for_server(open: &Open, account: &Account, now: Timestamp, bundle: Uuid) -> Result<ForServer, CallError> {
    let mut local = StoreLocal::new(open.store.clone(), move || now, |_| {});
    let status = local.status().map_err(trouble)?;
    let mut packer = Packer::default();
    let (mut first, mut last) = (None, None);
    loop {
        let after = last.unwrap_or(0);
        let batch = local.batch(after, limits::PUSH_COMMANDS, limits::PUSH_PAYLOAD_BYTES).map_err(trouble)?;
        for queued in &batch {
            if last.is_some_and(|last: u64| queued.counter != last + 1) {
                return Err(network_needed());
            }
            first.get_or_insert(queued.counter);
            last = Some(queued.counter);
        }
        if batch.is_empty() {
            break;
        }
        let commands: Vec<SignedCommand> = batch.into_iter().map(|queued| queued.signed).collect();
        packer.add(&Part::Commands(commands))?;
    }
    let first_counter = first.unwrap_or_else(|| status.judged.saturating_add(1));
    let commands = last.map_or(0, |last| last - first_counter + 1);
    let manifest = Manifest {
        domain: Manifest::DOMAIN.to_owned(),
        workspace: account.workspace,
        epoch: status.epoch.ok_or_else(first_sync_needed)?,
        bundle,
        made_at: now,
        route: Route::ToServer,
        device: status.device,
        person: account.person,
        first_counter,
        commands,
        wants: Some(wants(open, &status)?),
        answers: None,
        to: None,
        parts: Vec::new(),
    };
    let plain = packer.finish(manifest.clone(), &open.session.signer())?;
    let server = log_key(account)?;
    Ok(ForServer { file: seal::seal(&plain, Route::ToServer, seal::Seal::Key(&server))?, manifest })
}

/// What is confirmed, not what is staged: a pull that was cut off may be begun anew before the answer comes.
fn wants(open: &Open, status: &LocalStatus) -> Result<Wants, CallError> {
    let held: BTreeMap<String, u64> = open.store.status()?.cursors.into_iter().map(|c| (c.bucket, c.seq)).collect();
    let confirmed = |bucket: &slipway_sync::bucket::Bucket| held.get(&bucket.to_string()).copied().unwrap_or(0);
    Ok(Wants {
        cursors: status.cursors.keys().map(|bucket| (*bucket, confirmed(bucket))).collect(),
        scope: status.scope.clone(),
        judged_after: status.judged,
        sites: held::only(&open.store)?,
    })
}

/// The key of the server's log, pinned at sign-in: files are sealed for it, and answers signed by it.
pub(super) fn log_key(account: &Account) -> Result<PublicKey, CallError> {
    PublicKey::try_from(account.log_key.clone()).map_err(|error| {
        CallError::trouble("LOG_KEY_DAMAGED", format!("The server's key is {error}."), "Sign in at the server again.")
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(super) fn trouble(error: slipway_sync::local::LocalError) -> CallError {
    CallError::trouble(
        "STORAGE",
        format!("The records on this computer could not be read or written: {error}."),
        "Check that the disk has room and is healthy, then try again; what was saved before is kept.",
    )
}

fn network_needed() -> CallError {
    CallError::trouble(
        "NETWORK_NEEDED",
        "This laptop took another identity, and its queue waits to be signed anew.",
        "Sync over the network once; what waits is kept.",
    )
}
