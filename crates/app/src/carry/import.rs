//! An answer of the server, taken as a pull is: the sync engine goes through its cycle, and what it asks of the server
//! is answered from the file.

use super::export::{log_key, trouble};
use super::reading::{Found, Reading, look};
use super::{IMPORTED, account, file, first_sync_needed, handing, note, quiet};
use crate::App;
use crate::error::CallError;
use crate::held;
use crate::host::Progress;
use crate::local::{FlipNews, StoreLocal};
use crate::open::Open;
use crate::profile::Account;
use crate::view::carry::{CarryImportRequest, CarryImported, CarryNote};
use slipway_domain::id::SiteId;
use slipway_domain::time::Timestamp;
use slipway_sync::carry::{BadCarry, Manifest, Opening, Outside, Reader, Route, seal};
use slipway_sync::engine::{Engine, Event, Input, Output, Settings, SyncState, Trouble};
use slipway_sync::local::{Local, LocalAnswer, LocalRequest, LocalStatus, perform};
use slipway_sync::protocol::Verdict;
use slipway_sync::signing::PublicKey;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes a carry file.
///
/// # Errors
/// The file is none, is for somebody else, was altered, is older than what is here, or does not go on from there; then
/// nothing was changed. `CARRY_INCOMPLETE`: what arrived is kept, and the whole file goes on from it.
pub fn import(app: &App, request: &CarryImportRequest) -> Result<CarryImported, CallError> {
    let open = app.open()?;
    let imported = take(app, &open, request);
    // The window's status counts what still waits anew, whether the server is reached or not.
    if let Some(driver) = &open.driver {
        driver.sync_now();
    }
    imported
}

fn take(app: &App, open: &Open, request: &CarryImportRequest) -> Result<CarryImported, CallError> {
    let account = account(open)?;
    let path = Path::new(&request.path);
    let (file, outside, length) = file::open(path)?;
    match outside.route {
        Route::Answer => {
            let answer = AnswerFile { file, outside, whole: outside.is_whole(length) };
            answer.take(app, open, &account, path)
        }
        Route::ToServer => Err(CallError::trouble(
            "CARRY_FOR_SERVER",
            format!("{} is for the server.", path.display()),
            "Bring it to the server (slipwayctl carry relay FILE where there is a network), and import the answer.",
        )),
        Route::ToLaptop => {
            let _lock = quiet(open)?;
            let mut local = StoreLocal::new(open.store.clone(), || Timestamp(0), |_| {});
            let epoch = local.status().map_err(trouble)?.epoch.ok_or_else(first_sync_needed)?;
            handing::import(app, open, &account, path, request.passphrase.as_deref(), epoch)
        }
    }
}

/// An answer on the disk.
struct AnswerFile {
    file: File,
    outside: Outside,
    whole: bool,
}

impl AnswerFile {
    /// From the beginning, as far as its parts.
    fn reader(&self, open: &Open, server: &PublicKey) -> Result<Reader<Box<dyn Read + '_>>, BadCarry> {
        let damaged = |error| match error {
            BadCarry::CutOff { .. } if self.whole => BadCarry::Damaged("its seal is broken"),
            other => other,
        };
        let mut from = &self.file;
        from.seek(SeekFrom::Start(self.outside.line as u64)).map_err(|_| BadCarry::CutOff { have: 0, of: 0 })?;
        let sealed = BufReader::new(from);
        let opened = seal::open(sealed, seal::Open::Key(&open.session.signer()));
        opened.and_then(Opening::begin).and_then(|opening| opening.verify(server)).map_err(damaged)
    }

    fn take(&self, app: &App, open: &Open, account: &Account, path: &Path) -> Result<CarryImported, CallError> {
        let server = log_key(account)?;
        let reader = self.reader(open, &server)?;
        let manifest = reader.manifest().clone();
        let found = look(reader, self.whole)?;
        let lock = quiet(open)?;
        let now = app.host().now();
        let news = Arc::new(Mutex::new(FlipNews::default()));
        let mut local = {
            let (news, watch) = (news.clone(), app.watch());
            StoreLocal::new(
                open.store.clone(),
                move || now,
                move |flipped| {
                    watch.flipped(&flipped);
                    *news.lock().unwrap_or_else(PoisonError::into_inner) = flipped;
                },
            )
        };
        let status = local.status().map_err(trouble)?;
        let made_at = manifest.made_at;
        let sites = held::only(&open.store)?;
        if !fits(&manifest, &found, account, &status, sites.as_ref())? {
            return Ok(CarryImported { already: true, waiting: status.waiting, made_at, ..CarryImported::default() });
        }
        let (records, cut) = (found.records, found.cut.clone());
        let mut reading = Reading::of(self.reader(open, &server)?, found.results);
        let settings = Settings { log: Some((account.log_name.clone(), server)), ..Settings::default() };
        let of = manifest.parts.len() as u64;
        let flipped = drive(settings, &mut reading, &mut local, &mut |done| {
            app.host().progress(&Progress { what: format!("Importing {}", path.display()), done, of });
        });
        let flipped = flipped?;
        drop(lock);
        match (flipped, cut) {
            (_, Some(cut)) => return Err(cut.into()),
            (false, None) => return Err(does_not_go_on()),
            (true, None) => {}
        }
        let mut imported =
            CarryImported { records, waiting: open.store.status()?.pending, made_at, ..CarryImported::default() };
        let results = std::mem::take(&mut *news.lock().unwrap_or_else(PoisonError::into_inner)).results;
        for result in &results {
            match result.verdict {
                Verdict::Applied { .. } => imported.applied += 1,
                Verdict::Partial { .. } => imported.partial += 1,
                Verdict::Refused { .. } => imported.refused += 1,
                Verdict::Held { .. } => imported.held += 1,
            }
        }
        let commands = results.len() as u64;
        note(&open.store, IMPORTED, &CarryNote { path: path.display().to_string(), at: now, commands })?;
        Ok(imported)
    }
}

/// Whether the answer has anything that is not here; an error where it does not fit what is here.
fn fits(
    manifest: &Manifest,
    found: &Found,
    account: &Account,
    status: &LocalStatus,
    sites: Option<&BTreeSet<SiteId>>,
) -> Result<bool, CallError> {
    if manifest.workspace != account.workspace || manifest.device != status.device {
        return Err(BadCarry::NotForUs.into());
    }
    let epoch = status.epoch.ok_or_else(first_sync_needed)?;
    if manifest.epoch != epoch {
        return Err(CallError::trouble(
            "CARRY_OTHER_EPOCH",
            "The server was restored or replaced between this answer and what this laptop last heard of it.",
            "Sync over the network once; what waits is kept, and nothing was changed here.",
        ));
    }
    let Some(from) = &manifest.wants else { return Err(BadCarry::Damaged("it does not say where it begins").into()) };
    let gap = from.cursors.iter().any(|(bucket, begins)| status.cursors.get(bucket).is_some_and(|have| have < begins));
    // Other sites were chosen or granted since: the answer has not what is to be held now.
    let other =
        from.sites.as_ref() != sites || (status.scope != from.scope && found.scope.as_ref() != Some(&status.scope));
    if gap || other || status.judged < from.judged_after {
        return Err(does_not_go_on());
    }
    let Some(last) = &found.last else { return Ok(true) };
    let ahead = |bucket| status.cursors.get(bucket).copied().unwrap_or(0);
    let judged = found.results.last().map_or(0, |result| result.counter);
    if last.cursors.iter().any(|(bucket, reached)| ahead(bucket) > *reached) {
        return Err(CallError::trouble(
            "CARRY_OLDER",
            "This answer is older than what this laptop has.",
            "Nothing to do: everything in it is here. Export again to go on.",
        ));
    }
    let everything = last.cursors.iter().all(|(bucket, reached)| ahead(bucket) == *reached);
    Ok(!everything || judged > status.judged)
}

fn does_not_go_on() -> CallError {
    CallError::trouble(
        "CARRY_GAP",
        "This answer does not go on from what this laptop has.",
        "Export again, bring that to the server, and import its answer; nothing was changed here.",
    )
}

/// One cycle of the engine, or as much of it as the file is good for; says whether it came to its end.
fn drive<R: Read>(
    settings: Settings,
    reading: &mut Reading<R>,
    local: &mut StoreLocal,
    told: &mut dyn FnMut(u64),
) -> Result<bool, CallError> {
    let mut engine = Engine::new(settings);
    let mut next = vec![Event::SyncNow];
    let (mut now, mut pages) = (0, 0);
    let mut flipped = false;
    while let Some(event) = next.pop() {
        now += 1;
        for output in engine.step(Input { now, event }) {
            match output {
                Output::Call { ticket, request } => {
                    let answer = reading.call(&request);
                    pages += 1;
                    told(pages);
                    next.push(Event::Answered { ticket, answer });
                }
                Output::Local { ticket, request } => {
                    let answer = perform(local, &request).map(|answer| within(answer, reading.judged()));
                    flipped |= matches!((&request, &answer), (LocalRequest::Flip, Ok(LocalAnswer::Flipped(f))) if f.mismatched.is_empty());
                    next.push(Event::Stored { ticket, answer });
                }
                // The queue would have to be signed anew by a device that the server knows.
                Output::Reissue { .. } => return Err(does_not_go_on()),
                Output::WakeAt(_) | Output::Report(_) => {}
            }
        }
        if matches!(engine.report().state, SyncState::Idle | SyncState::Waiting | SyncState::SignedOut) {
            break;
        }
    }
    match &engine.report().trouble {
        Some(Trouble::Unreachable { .. }) | None => Ok(flipped),
        Some(other) => Err(CallError::trouble(&other.code().to_uppercase(), other.sentence(), other.way_out())),
    }
}

/// What was issued since the file was made is left for the next one.
fn within(answer: LocalAnswer, judged: u64) -> LocalAnswer {
    match answer {
        LocalAnswer::Batch(batch) => {
            LocalAnswer::Batch(batch.into_iter().filter(|queued| queued.counter <= judged).collect())
        }
        other => other,
    }
}
