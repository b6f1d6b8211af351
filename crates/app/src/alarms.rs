//! Alarms about the server's audit log: kept until a person lifts them with a reason, and afterwards as what was found.

use crate::App;
use crate::error::CallError;
use crate::local;
use crate::session::Session;
use crate::view::alarms::{LiftRequest, Lifted, LogAlarmList, LogAlarmView};
use crate::view::common::Nothing;
use serde::{Deserialize, Serialize};
use slipway_domain::time::Timestamp;
use slipway_store::Store;
use slipway_store::error::StoreError;
use slipway_sync::encoding::encode;
use slipway_sync::log::alarm::{Alarm, Difference, REASON_CHARS};

/// Every alarm there ever was on this profile, the oldest first.
const ALARMS: &str = "sync.log_alarms";

/// An alarm as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    alarm: Alarm,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifted: Option<Lifted>,
}

fn kept(store: &Store) -> Result<Vec<Kept>, CallError> {
    let text = store.remembered(ALARMS)?.unwrap_or_default();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    // Alarms that cannot be read must not look like none.
    serde_json::from_str(&text).map_err(|error| {
        let sentence = format!("The alarms about the audit log that this computer kept cannot be read: {error}.");
        CallError::trouble("LOG_ALARMS", sentence, "Update Slipway, or tell an administrator.")
    })
}

fn keep(store: &Store, all: &[Kept]) -> Result<(), StoreError> {
    store.remember(ALARMS, &serde_json::to_string(all).unwrap_or_default())
}

/// Keeps an alarm, once: the same that is still open is not raised again.
///
/// # Errors
/// The storage failed, or what was kept before cannot be read.
pub fn raise(store: &Store, alarm: &Alarm, at: Timestamp) -> Result<(), CallError> {
    let mut all = kept(store)?;
    if !all.iter().any(|one| one.lifted.is_none() && one.alarm == *alarm) {
        all.push(Kept { alarm: alarm.clone(), at, lifted: None });
        keep(store, &all)?;
    }
    Ok(())
}

/// The open alarm that stops sync.
///
/// # Errors
/// The storage failed, or what was kept cannot be read.
pub fn stopping(store: &Store) -> Result<Option<Alarm>, CallError> {
    let open = kept(store)?.into_iter().filter(|one| one.lifted.is_none() && one.alarm.what.stops());
    Ok(open.map(|one| one.alarm).next_back())
}

/// The alarms that nobody lifted yet.
///
/// # Errors
/// The storage failed, or what was kept cannot be read.
pub fn open(session: &Session) -> Result<Vec<LogAlarmView>, CallError> {
    Ok(views(kept(session.store())?).into_iter().filter(|view| view.lifted.is_none()).collect())
}

fn views(all: Vec<Kept>) -> Vec<LogAlarmView> {
    let view = |(number, one): (u32, Kept)| {
        let (seen_entries, shown_entries) = one.alarm.sizes();
        LogAlarmView {
            number,
            stops: one.alarm.what.stops(),
            sentence: one.alarm.sentence(),
            way_out: one.alarm.way_out().to_owned(),
            at: one.at,
            seen_entries,
            shown_entries,
            seen: one.alarm.seen,
            shown: one.alarm.shown,
            proof: one.alarm.proof.iter().map(|hash| encode(&hash.0)).collect(),
            lifted: one.lifted,
        }
    };
    (1..).zip(all).map(view).collect()
}

/// Every alarm there was, the newest first.
///
/// # Errors
/// The storage failed, or what was kept cannot be read.
pub fn list(app: &App, _: &Nothing) -> Result<LogAlarmList, CallError> {
    let mut alarms = views(kept(&app.open()?.store)?);
    alarms.reverse();
    Ok(LogAlarmList { alarms })
}

/// Lifts an alarm with a reason: from here on the log that the server showed is the one that has to go on. What was found
/// stays, with who lifted it and why.
///
/// # Errors
/// `NO_REASON`, `NO_ALARM`; or the storage failed.
pub fn lift(app: &App, request: &LiftRequest) -> Result<LogAlarmList, CallError> {
    let reason = request.reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_CHARS {
        return Err(CallError::trouble(
            "NO_REASON",
            format!("An alarm is lifted with a reason of 1 to {REASON_CHARS} characters."),
            "Write what the administrator said, and who that was.",
        ));
    }
    let opened = app.open()?;
    let store = &opened.store;
    let mut all = kept(store)?;
    let at = usize::try_from(request.number).unwrap_or(0).wrapping_sub(1);
    let Some(one) = all.get_mut(at).filter(|one| one.lifted.is_none()) else {
        return Err(CallError::trouble(
            "NO_ALARM",
            "There is no such open alarm.",
            "Look at the list of alarms again.",
        ));
    };
    let by = app.read(|sight| Ok(sight.person()?.name))?;
    one.lifted = Some(Lifted { at: app.host().now(), by, reason: reason.to_owned() });
    let alarm = one.alarm.clone();
    keep(store, &all)?;
    if alarm.what.stops() {
        local::accept_log(store, &alarm.shown, alarm.what == Difference::NoProof)?;
    }
    list(app, &Nothing)
}
