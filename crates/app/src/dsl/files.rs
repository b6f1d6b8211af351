//! Files of DSL items on this laptop: where they are, what stays, what makes way.

use super::DslRequest;
use crate::App;
use crate::blob_sync;
use crate::error::CallError;
use crate::jobs;
use crate::open::Open;
use crate::pace;
use crate::resolve;
use crate::view::common::{Hue, Nothing, Pill};
use crate::view::dsl_files::{
    AddFilesRequest, DslFileLine, DslFileList, Evicted, FilePlace, FileRoom, GetFilesRequest, KeepFilesRequest,
    PauseRequest, RemoveFilesRequest, RoomRequest,
};
use crate::view::jobs::JobView;
use crate::view::mutations::{Changes, Done};
use crate::view::set::{SetReport, VerifySetRequest};
use slipway_domain::blob::Holder;
use slipway_domain::command::{Command, DslCommand};
use slipway_domain::dsl::item::{DslItem, MasterFile};
use slipway_domain::dsl::item_actions;
use slipway_domain::record::{Kind, Record};
use slipway_store::blob::Upload;

/// The files of an item and where they are.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn list(app: &App, request: &DslRequest) -> Result<DslFileList, CallError> {
    let open = app.open()?;
    let (item, named, waits, against_changing) = app.read(|sight| {
        let item = resolve::item(sight, &request.item)?;
        let named = sight.named(Kind::DslItem, item.id.0)?;
        let waits = sight.mark(&Record::from(item.clone()))?.waiting > 0;
        let actions = item_actions(&item, &sight.person()?, sight.records)?;
        // Not offered in this state: what is said to who tries is the reason.
        let against = match actions.into_iter().find(|action| action.action == "add_files") {
            Some(action) => action.findings,
            None => vec![super::frozen(&item)],
        };
        Ok((item, named, waits, against))
    })?;
    let files: Vec<DslFileLine> =
        item.files.iter().map(|file| line(&open, &item, file, waits)).collect::<Result<_, _>>()?;
    Ok(DslFileList {
        item: named,
        kept: !files.is_empty() && files.iter().all(|file| file.kept),
        files,
        against_changing,
        alone: open.alone,
        paused: blob_sync::is_paused(&open.store)?,
    })
}

fn line(open: &Open, item: &DslItem, file: &MasterFile, record_waits: bool) -> Result<DslFileLine, CallError> {
    let store = &open.store;
    let (mut place, mut sent_bytes, mut kept) = (FilePlace::NotHere, None, false);
    if let Some(sha256) = file.hash() {
        kept = store.is_pinned(sha256)?;
        let awaits = store.awaits_upload(Upload { holder: Holder::DslItem(item.id), sha256 })?;
        sent_bytes = open.session.sending().of(sha256);
        let (is_here, is_damaged) = (store.has_blob(sha256)?, store.is_damaged(sha256)?);
        place = match () {
            () if is_damaged && (is_here || open.alone) => FilePlace::Damaged,
            () if !is_here => FilePlace::NotHere,
            () if !awaits || open.alone => FilePlace::Here,
            () if sent_bytes.is_some() => FilePlace::Sending,
            () if record_waits => FilePlace::LaptopOnly,
            () => FilePlace::WaitingForUpload,
        };
    }
    Ok(DslFileLine {
        name: file.name.clone(),
        sha256: file.sha256.clone(),
        size_bytes: file.size_bytes,
        place,
        pill: pill(place, file, sent_bytes, open.alone),
        sent_bytes,
        kept,
    })
}

fn pill(place: FilePlace, file: &MasterFile, sent: Option<u64>, alone: bool) -> Option<Pill> {
    let pill = |label: &str, hue| Some(Pill { label: label.to_owned(), hue });
    match place {
        FilePlace::Here => None,
        FilePlace::LaptopOnly => pill("on this laptop only", Hue::Pending),
        FilePlace::WaitingForUpload => pill("waiting for upload", Hue::Pending),
        FilePlace::Sending => {
            let part = sent.unwrap_or(0).saturating_mul(100).checked_div(file.size_bytes).unwrap_or(0);
            pill(&format!("uploading: {part} %"), Hue::Pending)
        }
        FilePlace::Damaged => pill("damaged: add it again", Hue::Bad),
        FilePlace::NotHere if alone => pill("hash only: no file kept", Hue::Neutral),
        FilePlace::NotHere => pill("not here: fetch", Hue::Neutral),
    }
}

/// Begins to add files.
///
/// # Errors
/// A file that cannot be read, a refusal, or trouble.
pub fn add(app: &App, request: &AddFilesRequest) -> Result<JobView, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    jobs::files::begin_keep(app, &item, &request.paths)
}

/// Begins to fetch files, and to write them into a folder where one is named.
///
/// # Errors
/// A file that the item does not have, a folder that there is none of, or trouble.
pub fn get(app: &App, request: &GetFilesRequest) -> Result<JobView, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    jobs::files::begin_get(app, &item, request.names.clone(), request.to.clone())
}

/// Begins to read every file on this laptop.
///
/// # Errors
/// Trouble.
pub fn scrub(app: &App, _: &Nothing) -> Result<JobView, CallError> {
    jobs::files::begin_scrub(app)
}

/// Verifies a distribution set.
///
/// # Errors
/// `NO_SET`, or a folder that cannot be read.
pub fn verify_set(app: &App, request: &VerifySetRequest) -> Result<SetReport, CallError> {
    super::set::verify(request, &mut |done, of| {
        app.host().progress(&crate::host::Progress { what: "Verifying the set".to_owned(), done, of });
    })
}

/// Takes files out of an item that is no master yet.
///
/// # Errors
/// A refusal, or trouble.
pub fn remove(app: &App, request: &RemoveFilesRequest) -> Result<Done, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    let command = Command::Dsl(item.id, DslCommand::RemoveFiles(request.names.clone()));
    let done = app.issue(command, Some((Kind::DslItem, item.id.0)))?;
    let store = &app.open()?.store;
    for file in item.files.iter().filter(|file| request.names.contains(&file.name)) {
        if let Some(sha256) = file.hash() {
            store.pin_blob(sha256, item.id.0, false)?;
        }
    }
    Ok(done)
}

/// Keeps an item's files on this laptop, or lets them make way.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, or trouble.
pub fn keep(app: &App, request: &KeepFilesRequest) -> Result<DslFileList, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    let store = &app.open()?.store;
    for sha256 in item.files.iter().filter_map(MasterFile::hash) {
        store.pin_blob(sha256, item.id.0, request.kept)?;
    }
    told(app, &item);
    list(app, &DslRequest { item: item.id.to_string() })
}

/// Removes an item's files from this laptop, but for those that the server does not have yet.
///
/// # Errors
/// `NOT_FOUND`, `AMBIGUOUS`, `ONLY_COPY`, or trouble.
pub fn evict(app: &App, request: &DslRequest) -> Result<Evicted, CallError> {
    let item = app.read(|sight| resolve::item(sight, &request.item))?;
    let open = app.open()?;
    if open.alone {
        return Err(CallError::trouble(
            "ONLY_COPY",
            format!("There is no server: the files of {} {} are nowhere else.", item.name, item.version),
            "Write them into a folder first; they stay here until the item is gone.",
        ));
    }
    let before = open.store.blob_room()?.stored;
    let mut evicted = Evicted { files: 0, freed_bytes: 0, waiting: Vec::new() };
    for file in &item.files {
        let Some(sha256) = file.hash() else { continue };
        open.store.pin_blob(sha256, item.id.0, false)?;
        if open.store.evict_blob(sha256)? {
            evicted.files += 1;
        } else if open.store.has_blob(sha256)? {
            evicted.waiting.push(file.name.clone());
        }
    }
    evicted.freed_bytes = before.saturating_sub(open.store.blob_room()?.stored);
    told(app, &item);
    Ok(evicted)
}

fn told(app: &App, item: &DslItem) {
    app.host().changed(&Changes { kinds: vec![Kind::DslItem], ids: vec![item.id.to_string()] });
}

/// Tells how much room files take, and sets how much they may.
///
/// # Errors
/// Trouble.
pub fn room(app: &App, request: &RoomRequest) -> Result<FileRoom, CallError> {
    let open = app.open()?;
    let store = &open.store;
    if let Some(bytes) = request.limit_bytes_per_second {
        pace::set_limit(store, bytes)?;
        open.session.pace().forget();
    }
    if let Some(bytes) = request.quota_bytes {
        store.set_blob_quota(bytes)?;
        // What does not fit any more makes way now; what must stay is told of in the answer.
        match store.make_blob_room(0, bytes) {
            Ok(()) | Err(slipway_store::blob::BlobError::Full { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        app.host().changed(&Changes { kinds: vec![Kind::DslItem, Kind::Attachment], ids: Vec::new() });
    }
    let room = store.blob_room()?;
    Ok(FileRoom {
        stored_bytes: room.stored,
        waiting_bytes: room.waiting,
        kept_bytes: room.pinned,
        quota_bytes: blob_sync::quota(store)?,
        waiting_files: u32::try_from(store.uploads(u32::MAX)?.len()).unwrap_or(u32::MAX),
        paused: blob_sync::is_paused(store)?,
        limit_bytes_per_second: pace::limit(store)?,
        alone: open.alone,
    })
}

/// Lets files wait, or go again.
///
/// # Errors
/// Trouble.
pub fn pause(app: &App, request: &PauseRequest) -> Result<FileRoom, CallError> {
    let open = app.open()?;
    blob_sync::pause(&open.store, request.paused)?;
    if let (false, Some(driver)) = (request.paused, &open.driver) {
        driver.sync_now();
    }
    app.host().changed(&Changes { kinds: vec![Kind::DslItem], ids: Vec::new() });
    room(app, &RoomRequest::default())
}
