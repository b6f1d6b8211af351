//! Making and taking in distribution sets.

use super::files::{FilesTask, FilesWork, MASTER_BYTES, fetch, of_file, placed, told, unreadable, unwritable, write};
use super::record::{self, JobRecord, Work};
use super::{Handle, begin, resume};
use crate::App;
use crate::blob_sync;
use crate::carry::handing::VOUCHER;
use crate::dsl::set::{DOMAIN, MANIFEST, Manifest, ManifestFile, ManifestItem, Opened, SIGNATURE, SUMS, Signed};
use crate::dsl::set::{files, folder_of, open, sums};
use crate::error::CallError;
use crate::resolve;
use crate::view::jobs::{JobRequest, JobState, JobView};
use crate::view::set::{ExportSetRequest, ImportSetRequest, VerifySetRequest};
use crate::words::counted;
use slipway_domain::dsl::item::{DslItem, ItemState};
use slipway_domain::id::ReleaseId;
use slipway_domain::lookup::Lookup;
use slipway_domain::people::Person;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_domain::refusal::Finding;
use slipway_domain::release::record::{Component, Release};
use slipway_store::blob::BlobError;
use slipway_sync::encoding::Base64;
use slipway_sync::signing::PublicKey;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tar::{Builder, Header};
use uuid::Uuid;

/// Begins to write what a release is built from into a folder or one tar file; goes on with it where that was begun.
///
/// # Errors
/// `NO_COMPONENTS`, `NOT_A_MASTER`, a folder that is not empty, a file that is there, or trouble.
pub fn begin_export(app: &App, request: &ExportSetRequest) -> Result<JobView, CallError> {
    let release = app.read(|sight| resolve::release(sight, &request.release))?;
    let items = masters(app, &release)?;
    let to = Path::new(&request.to);
    let task = FilesTask::ExportSet { release: release.id, to: request.to.clone() };
    if let Some(begun) = begun(app, &task)? {
        return resume(app, &JobRequest { job: begun.to_string() });
    }
    if is_tar(to) {
        if to.exists() {
            return Err(unwritable(to, &io::Error::other("it is there already")));
        }
        let folder = folder_around(to);
        if !folder.is_dir() {
            return Err(unwritable(to, &io::Error::other("there is no such folder")));
        }
    } else {
        if fs::read_dir(to).is_ok_and(|mut there| there.next().is_some()) {
            return Err(unwritable(to, &io::Error::other("the folder is not empty")));
        }
        fs::create_dir_all(to).map_err(|e| unwritable(to, &e))?;
    }
    let title = format!("Write the set of {}", release.number);
    let mut record = JobRecord::new(Work::Files(FilesWork { task, title }), app.host().now());
    record.of = items.iter().flat_map(|item| &item.files).map(|file| file.size_bytes).sum();
    begin(app, record)
}

/// The same work that was begun and is not done.
fn begun(app: &App, task: &FilesTask) -> Result<Option<Uuid>, CallError> {
    let jobs = record::all(&app.open()?.store)?;
    let same = jobs.iter().find(|job| match &job.work {
        Work::Files(work) => work.task == *task && job.state != JobState::Done,
        Work::Import(_) | Work::Export(_) => false,
    });
    Ok(same.map(|job| job.id))
}

/// Whether a set is written as one file.
fn is_tar(to: &Path) -> bool {
    to.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tar"))
}

fn folder_around(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The masters that a release is built from.
fn masters(app: &App, release: &Release) -> Result<Vec<DslItem>, CallError> {
    let items: Vec<DslItem> = app.read(|sight| {
        let of = release.scope.components.iter().filter_map(|component| match component {
            Component::DslItem(item) => Some(*item),
            _ => None,
        });
        Ok(of.filter_map(|item| sight.records.get::<DslItem>(item).transpose()).collect::<Result<_, _>>()?)
    })?;
    if items.is_empty() {
        return Err(Finding::new(
            "NO_COMPONENTS",
            format!("{} is built from no item of the DSL.", release.number),
            "Add its components to the scope first.",
        )
        .into());
    }
    if let Some(item) = items.iter().find(|item| !matches!(item.state, ItemState::Accepted | ItemState::Superseded)) {
        return Err(Finding::new(
            "NOT_A_MASTER",
            format!("{} {} is {}: it is not given out.", item.name, item.version, item.state),
            "Accept it, or take it out of the release.",
        )
        .about(item.reference())
        .into());
    }
    Ok(items)
}

/// The body of the export.
pub(super) fn export(
    handle: &mut Handle,
    record: &mut JobRecord,
    release: ReleaseId,
    to: &str,
) -> Result<(), CallError> {
    let (app, to) = (handle.app.clone(), Path::new(to));
    let release: Release = app.read(|sight| Ok(sight.records.must(release)?))?;
    let manifest = listed(&app, &release, &masters(&app, &release)?)?;
    (record.done, record.rows) = (0, 0);
    if is_tar(to) {
        into_file(handle, record, &manifest, to)?
    } else {
        into_folder(handle, record, &manifest, to)?
    }
    record.note = format!(
        "{} of {} in {}. Verify it anywhere: slipwayctl verify-set {}.",
        counted(record.rows, "file"),
        counted(manifest.items.len() as u64, "item"),
        to.display(),
        if is_tar(to) { "FILE.tar" } else { "FOLDER" }
    );
    Ok(())
}

/// What belongs to the set.
fn listed(app: &App, release: &Release, items: &[DslItem]) -> Result<Manifest, CallError> {
    let mut listed = Vec::new();
    for item in items {
        let mut given = Vec::new();
        for file in &item.files {
            let sha256 = file.hash().ok_or(BlobError::WrongHash)?;
            given.push(ManifestFile { name: file.name.clone(), sha256, size_bytes: file.size_bytes });
        }
        listed.push(ManifestItem {
            number: item.number.to_string(),
            name: item.name.clone(),
            version: item.version.clone(),
            folder: folder_of(item.number.as_str(), &item.name, &item.version),
            files: given,
        });
    }
    Ok(Manifest {
        domain: DOMAIN.to_owned(),
        release: release.number.to_string(),
        title: release.title.clone(),
        made_at: app.host().now(),
        made_by: app.read(|sight| Ok(sight.person()?)).map(|person: Person| person.name)?,
        items: listed,
    })
}

/// Without its list a folder is no set, so that comes last.
fn into_folder(handle: &mut Handle, record: &mut JobRecord, manifest: &Manifest, to: &Path) -> Result<(), CallError> {
    for (path, item, file) in files(manifest) {
        let folder = to.join(&item.folder);
        fs::create_dir_all(&folder).map_err(|e| unwritable(&folder, &e))?;
        each(handle, record, file, |handle, record| write(handle, record, &to.join(&path), file.sha256))?;
    }
    let bytes = json(manifest)?;
    put(&to.join(SUMS), sums(manifest).as_bytes())?;
    put(&to.join(MANIFEST), &bytes)?;
    put(&to.join(SIGNATURE), &json(&signed(handle, &bytes)?)?)
}

/// Written beside its place, and put there once it is whole. What it is comes first in it.
fn into_file(handle: &mut Handle, record: &mut JobRecord, manifest: &Manifest, to: &Path) -> Result<(), CallError> {
    let failed = |error: &io::Error| unwritable(to, error);
    let beside = tempfile::Builder::new().prefix(".slipway-").tempfile_in(folder_around(to)).map_err(|e| failed(&e))?;
    let mut out = Builder::new(BufWriter::new(beside));
    let made_at = u64::try_from(manifest.made_at.0 / 1_000).unwrap_or(0);
    let header = |bytes: u64| {
        let mut header = Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(0o644);
        header.set_mtime(made_at);
        header
    };
    let bytes = json(manifest)?;
    let signature = json(&signed(handle, &bytes)?)?;
    for (name, bytes) in [(MANIFEST, &bytes), (SIGNATURE, &signature), (SUMS, &sums(manifest).into_bytes())] {
        out.append_data(&mut header(bytes.len() as u64), name, bytes.as_slice()).map_err(|e| failed(&e))?;
    }
    for (path, _, file) in files(manifest) {
        each(handle, record, file, |handle, record| {
            let (store, now) = (handle.open.store.clone(), handle.app.host().now());
            let mut header = header(file.size_bytes);
            let mut entry = out.append_writer(&mut header, &path).map_err(|e| failed(&e))?;
            store.copy_blob_watched(file.sha256, &mut entry, now, &mut told(handle, record)).map_err(|e| match e {
                BlobError::Io { source, .. } => failed(&source),
                other => other.into(),
            })?;
            entry.finish().map_err(|e| failed(&e))
        })?;
    }
    let mut out = out.into_inner().map_err(|e| failed(&e))?;
    out.flush().map_err(|e| failed(&e))?;
    placed(out.into_inner().map_err(|e| failed(e.error()))?, to)
}

/// Fetches a file of the set, and has it written.
fn each(
    handle: &mut Handle,
    record: &mut JobRecord,
    file: &ManifestFile,
    write: impl FnOnce(&mut Handle, &mut JobRecord) -> Result<(), CallError>,
) -> Result<(), CallError> {
    let before = record.done;
    fetch(handle, record, file.sha256, file.size_bytes).map_err(|error| match error {
        CallError::Trouble { code, sentence, way_out } => {
            CallError::Trouble { code, sentence: format!("{} cannot be fetched. {sentence}", file.name), way_out }
        }
        refused @ CallError::Refused { .. } => refused,
    })?;
    record.done = before;
    write(handle, record)?;
    record.done = before.saturating_add(file.size_bytes);
    record.rows = record.rows.saturating_add(1);
    handle.tell(record, false);
    Ok(())
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, CallError> {
    serde_json::to_vec_pretty(value).map_err(|error| {
        CallError::trouble("BAD_ANSWER", format!("The manifest cannot be written: {error}."), "Report this.")
    })
}

/// Also over what an export that was cut had written: the folder was empty when it began.
fn put(path: &Path, bytes: &[u8]) -> Result<(), CallError> {
    let written = File::create(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|e| unwritable(path, &e))
}

fn signed(handle: &Handle, bytes: &[u8]) -> Result<Signed, CallError> {
    let (session, store) = (&handle.open.session, &handle.open.store);
    let account = session.account();
    let voucher = store.remembered(VOUCHER)?.and_then(|text| serde_json::from_str(&text).ok());
    Ok(Signed {
        signature: Base64(session.sign(bytes).to_vec()),
        public_key: session.signer().public(),
        voucher,
        log_name: account.as_ref().map(|a| a.log_name.clone()).unwrap_or_default(),
        log_key: account.and_then(|a| PublicKey::try_from(a.log_key).ok()),
    })
}

/// Begins to take the files of a set in.
///
/// # Errors
/// `NO_SET`, a set with something wrong, or trouble.
pub fn begin_import(app: &App, request: &ImportSetRequest) -> Result<JobView, CallError> {
    let manifest = open(Path::new(&request.folder))?.manifest;
    let title = format!("Take in the set of {}", manifest.release);
    let task = FilesTask::ImportSet { folder: request.folder.clone() };
    let mut record = JobRecord::new(Work::Files(FilesWork { task, title }), app.host().now());
    record.of = files(&manifest).map(|(_, _, file)| file.size_bytes).sum();
    begin(app, record)
}

/// The body of the import: files of items that are known here, by their hashes.
pub(super) fn import(handle: &mut Handle, record: &mut JobRecord, folder: &str) -> Result<(), CallError> {
    let report =
        crate::dsl::set::verify(&VerifySetRequest { folder: folder.to_owned(), key: None }, &mut |done, _| {
            record.done = done;
            handle.tell(record, false);
        })?;
    if let Some(first) = report.wrong.first() {
        return Err(CallError::trouble(
            "SET_WRONG",
            match report.wrong.len() {
                1 => format!("One thing is wrong with the set: {first}"),
                many => format!("{many} things are wrong with the set, such as: {first}"),
            },
            "Nothing of it was taken in. Copy it again, or have it made anew.",
        ));
    }
    let (app, store) = (handle.app.clone(), handle.open.store.clone());
    let Opened { carrier, manifest, .. } = open(Path::new(folder))?;
    (record.done, record.rows) = (0, 0);
    let mut unknown = 0_u64;
    for (path, _, file) in files(&manifest) {
        let key = file.sha256.to_string();
        let is_known = app.read(|sight| Ok(!sight.records.find(Lookup::ItemsByHash, &key)?.is_empty()))?;
        let before = record.done;
        if !is_known {
            unknown = unknown.saturating_add(1);
        } else if !store.has_blob(file.sha256)? {
            store.make_blob_room(file.size_bytes, blob_sync::quota(&store)?)?;
            let unread = |e: io::Error| unreadable(&carrier.path().join(&path).display().to_string(), &e);
            let mut source = carrier.part(&path).map_err(unread)?.source;
            let now = app.host().now();
            let kept = store
                .keep_blob_watched(&mut source, MASTER_BYTES, now, &mut told(handle, record))
                .map_err(|error| of_file(&file.name, error.into()))?;
            if kept.sha256 != file.sha256 {
                return Err(BlobError::WrongHash.into());
            }
            record.rows = record.rows.saturating_add(1);
        }
        record.done = before.saturating_add(file.size_bytes);
        handle.tell(record, false);
    }
    record.note = match unknown {
        0 => format!("{} taken in; the others were here.", counted(record.rows, "file")),
        n => format!(
            "{} taken in. {} of items that are not known here: sync first.",
            counted(record.rows, "file"),
            if n == 1 { "One is".to_owned() } else { format!("{n} are") }
        ),
    };
    app.host().changed(&crate::view::mutations::Changes { kinds: vec![Kind::DslItem], ids: Vec::new() });
    Ok(())
}
