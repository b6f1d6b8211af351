//! Devices on which people signed in: listed, shut out, let in again; and another key for this one.

use crate::account::ask;
use crate::error::CallError;
use crate::link::Link;
use crate::lock;
use crate::open::App;
use crate::session::{Session, off_thread};
use crate::start::blocking;
use crate::sync_driver::{LOCK_FILE, LOCK_WAIT};
use crate::view::account::{DecideDeviceRequest, DeviceList, DeviceView};
use crate::view::common::Nothing;
use slipway_domain::id::DeviceId;
use slipway_domain::people::{Person, Role};
use slipway_domain::records::RecordsExt;
use slipway_sync::account::Devices;
use std::sync::Arc;

/// Under which name the database remembers the device whose place this one took, until it is shut out.
const FORMER: &str = "device.former";

/// Devices by name.
///
/// # Errors
/// The server is not reached, or says no.
pub async fn list(app: App, _: Nothing) -> Result<DeviceList, CallError> {
    retire(&app).await?;
    let devices = ask(&app, |server, access| async move { server.devices(&access).await }).await?;
    blocking(move || shown(&app, devices)).await
}

/// Shuts a device out, or lets it in again.
///
/// # Errors
/// The server is not reached, or says no.
pub async fn decide(app: App, request: DecideDeviceRequest) -> Result<DeviceList, CallError> {
    let DecideDeviceRequest { device, allow } = request;
    ask(&app, |server, access| async move { server.decide_device(&access, device, allow).await }).await?;
    list(app, Nothing).await
}

/// Makes another key for this computer: it goes on under a new identity, for which the former key vouches and which
/// takes over what waits; then the former is shut out.
///
/// # Errors
/// The server is not reached, or says no; another program has been syncing for too long.
pub async fn renew_key(app: App, _: Nothing) -> Result<DeviceList, CallError> {
    let open = app.open()?;
    let session = open.session.clone();
    let link = Link::of(session.clone())?.ok_or_else(crate::account::works_alone)?;
    drop(open);
    // Nothing syncs under the former identity meanwhile.
    app.pause(&session)?;
    let renewed = renew(&session, &link).await;
    app.resume(session)?;
    renewed?;
    list(app, Nothing).await
}

async fn renew(session: &Arc<Session>, link: &Link) -> Result<(), CallError> {
    let file = session.profile().folder().join(LOCK_FILE);
    let lock = off_thread(move || {
        lock::take(&file, LOCK_WAIT).map_err(|_| {
            CallError::trouble(
                "SYNC_BUSY",
                "Another Slipway has been syncing this profile for two minutes.",
                "Wait for it to end, then try again.",
            )
        })
    })
    .await?;
    let former = session.store().status()?.device;
    let renewed = link.renew_identity().await;
    drop(lock);
    renewed?;
    session.store().remember(FORMER, &former.to_string())?;
    Ok(())
}

/// Shuts out the identity whose place this one took; tried again until the server has heard of it.
async fn retire(app: &App) -> Result<(), CallError> {
    let store = app.open()?.store.clone();
    let Some(former) = store.remembered(FORMER)?.and_then(|text| text.parse::<DeviceId>().ok()) else { return Ok(()) };
    ask(app, |server, access| async move { server.decide_device(&access, former, false).await }).await?;
    Ok(store.forget(FORMER)?)
}

fn shown(app: &App, answer: Devices) -> Result<DeviceList, CallError> {
    let here = app.open()?.store.profile()?.device;
    app.read(|sight| {
        let me = sight.records.get::<Person>(sight.me)?;
        let may_let_in = me.is_some_and(|me| me.active && me.roles.contains(&Role::Administrator));
        let mut devices = Vec::new();
        for device in answer.devices {
            let person = sight.records.get::<Person>(device.person)?;
            devices.push(DeviceView {
                id: device.id,
                name: device.name,
                person: person.map(|person| person.name).unwrap_or_default(),
                here: device.id == here,
                shut_out: device.revoked,
                registered_at: device.registered_at,
                last_seen: device.last_seen,
                commands: u32::try_from(device.commands).unwrap_or(u32::MAX),
                may_let_in: device.revoked && may_let_in,
            });
        }
        Ok(DeviceList { devices })
    })
}
