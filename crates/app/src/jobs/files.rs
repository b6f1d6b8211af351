//! Files of the software library: taken in, fetched, given out, scrubbed. Never more than a chunk of one in memory.

use super::record::{JobRecord, Work};
use super::{Handle, begin};
use crate::App;
use crate::blob_sync::{self, STOPPED};
use crate::error::CallError;
use crate::host::Progress;
use crate::view::jobs::{JobState, JobView};
use crate::words::{bytes, counted};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256 as Hasher};
use slipway_domain::blob::{CHUNK_AVERAGE_BYTES, CHUNKS, Holder, Sha256};
use slipway_domain::command::{Command, DslCommand};
use slipway_domain::dsl::item::{DslItem, MasterFile};
use slipway_domain::dsl::{FILES, FILES_AT_ONCE};
use slipway_domain::id::{DslItemId, ReleaseId};
use slipway_domain::lookup::Lookup;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_store::blob::{BlobError, Upload};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Most bytes of a file: as many as its chunks can be.
pub const MASTER_BYTES: u64 = CHUNKS as u64 * CHUNK_AVERAGE_BYTES as u64;
/// Files taken in are added to the item at the latest when they have so many bytes together, so that a job that is
/// interrupted does not begin anew.
const ADD_AT_BYTES: u64 = 256 * 1024 * 1024;
/// Progress is told every so many bytes.
const TELL_EVERY_BYTES: u64 = 64 * 1024 * 1024;
/// Bytes read at once where a file is only compared.
const STRETCH: usize = 1024 * 1024;

/// Work on files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilesWork {
    /// What is done.
    pub task: FilesTask,
    /// In a few words.
    pub title: String,
}

/// What is done with files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilesTask {
    /// They are added to an item.
    Keep {
        /// The item.
        item: DslItemId,
        /// Where they are.
        paths: Vec<String>,
    },
    /// They are fetched, and written into a folder where one is named.
    Get {
        /// The item.
        item: DslItemId,
        /// Which; all of them when left out.
        names: Option<Vec<String>>,
        /// The folder.
        to: Option<String>,
    },
    /// Every one on this laptop is read.
    Scrub {},
    /// An SBOM is read into an item.
    Sbom {
        /// The item.
        item: DslItemId,
        /// What the document is called.
        name: String,
        /// Where it is; empty for a file of the item.
        path: String,
    },
    /// Checksums and signatures are verified, and what was seen is recorded.
    Verify {
        /// The item.
        item: DslItemId,
    },
    /// What a release is built from is written into a folder, or into one tar file.
    ExportSet {
        /// The release.
        release: ReleaseId,
        /// The folder, or the file.
        to: String,
    },
    /// The files of a set are taken in.
    ImportSet {
        /// The folder, or the tar file.
        folder: String,
    },
    /// The scanner of this computer looks at the files of an item.
    Scan {
        /// The item.
        item: DslItemId,
    },
}

impl FilesWork {
    /// The path that is shown.
    #[must_use]
    pub fn path(&self) -> &str {
        match &self.task {
            FilesTask::Keep { paths, .. } => paths.first().map_or("", String::as_str),
            FilesTask::Get { to, .. } => to.as_deref().unwrap_or(""),
            FilesTask::Sbom { path, .. } => path,
            FilesTask::ExportSet { to, .. } => to,
            FilesTask::ImportSet { folder } => folder,
            FilesTask::Scrub {} | FilesTask::Verify { .. } | FilesTask::Scan { .. } => "",
        }
    }
}

/// Begins to add files to an item. Everything that keeps it from being begun is found before it is.
///
/// # Errors
/// A file that cannot be read, a refusal, or trouble.
pub fn begin_keep(app: &App, item: &DslItem, paths: &[String]) -> Result<JobView, CallError> {
    begin(app, prepare_keep(app, item, paths)?)
}

fn prepare_keep(app: &App, item: &DslItem, paths: &[String]) -> Result<JobRecord, CallError> {
    look(paths)?;
    let mut files = Vec::new();
    for path in paths {
        let (_, name, size_bytes) = opened(path)?;
        // What it hashes to is known later; who may not add it is told now.
        files.push(MasterFile { name, sha256: "0".repeat(64), size_bytes });
    }
    let open = app.open()?;
    let commands: Vec<Command> =
        files.chunks(FILES_AT_ONCE).map(|files| Command::Dsl(item.id, DslCommand::AddFiles(files.to_vec()))).collect();
    let none = Command::Dsl(item.id, DslCommand::AddFiles(Vec::new()));
    open.try_all(app, if commands.is_empty() { std::slice::from_ref(&none) } else { &commands })?;
    let title = match files.as_slice() {
        [one] => format!("Add {} to {} {}", one.name, item.name, item.version),
        many => format!("Add {} files to {} {}", many.len(), item.name, item.version),
    };
    let task = FilesTask::Keep { item: item.id, paths: paths.to_vec() };
    let mut record = JobRecord::new(Work::Files(FilesWork { task, title }), app.host().now());
    record.of = files.iter().map(|file| file.size_bytes).sum();
    Ok(record)
}

/// Takes files in on this thread, as a call that waits for its end.
///
/// # Errors
/// A file that cannot be read, no room, or trouble.
pub fn take_in(app: &App, paths: &[String]) -> Result<Vec<MasterFile>, CallError> {
    let store = &app.open()?.store;
    let mut taken = Vec::new();
    for path in paths {
        let (mut file, name, of) = opened(path)?;
        store.make_blob_room(of, blob_sync::quota(store)?)?;
        let what = format!("Reading {name}");
        let mut said = 0;
        let mut watch = |done: u64| {
            if done.saturating_sub(said) >= TELL_EVERY_BYTES {
                said = done;
                app.host().progress(&Progress { what: what.clone(), done, of });
            }
            ControlFlow::Continue(())
        };
        let kept = store.keep_blob_watched(&mut file, MASTER_BYTES, app.host().now(), &mut watch)?;
        taken.push(MasterFile { name, sha256: kept.sha256.to_string(), size_bytes: kept.size_bytes });
    }
    Ok(taken)
}

/// What the server waits for once it knows of these files of an item.
#[must_use]
pub fn uploads(item: DslItemId, files: &[MasterFile]) -> Vec<Upload> {
    let holder = Holder::DslItem(item);
    files.iter().filter_map(|file| Some(Upload { holder, sha256: file.hash()? })).collect()
}

/// Looks whether files can be read and taken in.
///
/// # Errors
/// `FILE_UNREADABLE`, `FILE_EMPTY`, `TOO_LARGE`, `TOO_MANY_FILES`, `SAME_FILE_NAME`.
pub fn look(paths: &[String]) -> Result<(), CallError> {
    if paths.len() > FILES {
        return Err(CallError::trouble(
            "TOO_MANY_FILES",
            format!("An item has at most {FILES} files, {} were named.", paths.len()),
            "Pack them into an archive.",
        ));
    }
    let mut names = BTreeSet::new();
    for path in paths {
        let (_, name, size_bytes) = opened(path)?;
        match size_bytes {
            0 => return Err(BlobError::Empty.into()),
            bytes if bytes > MASTER_BYTES => return Err(BlobError::TooLarge { limit: MASTER_BYTES }.into()),
            _ => {}
        }
        if !names.insert(name.to_lowercase()) {
            return Err(CallError::trouble(
                "SAME_FILE_NAME",
                format!("Two of the files are called {name}."),
                "Rename one of them, or pack them into an archive.",
            ));
        }
    }
    Ok(())
}

/// Begins to get files of an item.
///
/// # Errors
/// A file that the item does not have, a folder that there is none of, or trouble.
pub fn begin_get(
    app: &App,
    item: &DslItem,
    names: Option<Vec<String>>,
    to: Option<String>,
) -> Result<JobView, CallError> {
    let files = chosen(item, names.as_deref())?;
    if let Some(folder) = to.as_deref().filter(|folder| !Path::new(folder).is_dir()) {
        return Err(unwritable(Path::new(folder), &io::Error::other("there is no such folder")));
    }
    let title = match (to.is_some(), files.as_slice()) {
        (true, [one]) => format!("Save {}", one.name),
        (true, many) => format!("Save {} files of {} {}", many.len(), item.name, item.version),
        (false, [one]) => format!("Fetch {}", one.name),
        (false, many) => format!("Fetch {} files of {} {}", many.len(), item.name, item.version),
    };
    let of = files.iter().map(|file| file.size_bytes).sum();
    let task = FilesTask::Get { item: item.id, names, to };
    let mut record = JobRecord::new(Work::Files(FilesWork { task, title }), app.host().now());
    record.of = of;
    begin(app, record)
}

/// Begins to check the files of an item in quarantine: by lists and signatures, or by this computer's scanner.
///
/// # Errors
/// Trouble.
pub fn begin_check(app: &App, item: &DslItem, by_scanner: bool) -> Result<JobView, CallError> {
    let (task, what) = match by_scanner {
        true => (FilesTask::Scan { item: item.id }, "Scan"),
        false => (FilesTask::Verify { item: item.id }, "Verify"),
    };
    let work = FilesWork { task, title: format!("{what} {} {}", item.name, item.version) };
    begin(app, JobRecord::new(Work::Files(work), app.host().now()))
}

/// Begins to read every file on this laptop.
///
/// # Errors
/// Trouble.
pub fn begin_scrub(app: &App) -> Result<JobView, CallError> {
    let work = FilesWork { task: FilesTask::Scrub {}, title: "Scrub the files on this laptop".to_owned() };
    let mut record = JobRecord::new(Work::Files(work), app.host().now());
    record.of = app.open()?.store.blob_bytes()?;
    begin(app, record)
}

fn chosen(item: &DslItem, names: Option<&[String]>) -> Result<Vec<MasterFile>, CallError> {
    let Some(names) = names else { return Ok(item.files.clone()) };
    names.iter().map(|name| item.file(name).cloned().ok_or_else(|| no_such_file(item, name))).collect()
}

pub(super) fn no_such_file(item: &DslItem, name: &str) -> CallError {
    CallError::trouble(
        "NO_SUCH_FILE",
        format!("{} {} has no file {name:?}.", item.name, item.version),
        "Look at the names of its files.",
    )
}

pub(crate) fn unreadable(path: &str, why: &dyn std::fmt::Display) -> CallError {
    CallError::trouble(
        "FILE_UNREADABLE",
        format!("The file {path} cannot be read: {why}."),
        "Check the path and the file's rights, then try again.",
    )
}

pub(super) fn unwritable(path: &Path, why: &io::Error) -> CallError {
    match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            return CallError::trouble(
                "DISK_FULL",
                format!("{} cannot be written: there is no room left for it.", path.display()),
                "Make room there, then begin again: what is whole already is kept.",
            );
        }
        // Such as 4 GiB on a stick as they are sold.
        io::ErrorKind::FileTooLarge => {
            return CallError::trouble(
                "FILE_TOO_LARGE",
                format!("{} cannot be written: this disk takes no file so large.", path.display()),
                "Write to another disk, or format this one anew for large files, such as with exFAT.",
            );
        }
        _ => {}
    }
    CallError::trouble(
        "FILE_UNWRITABLE",
        format!("{} cannot be written: {why}.", path.display()),
        "Name a folder that is there, that you may write to and that has room.",
    )
}

/// The file, its name and how many bytes it has.
fn opened(path: &str) -> Result<(File, String, u64), CallError> {
    let name = Path::new(path).file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| unreadable(path, &"it has no readable name"))?.to_owned();
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    let about = file.metadata().map_err(|e| unreadable(path, &e))?;
    if about.is_file() { Ok((file, name, about.len())) } else { Err(unreadable(path, &"it is not a file")) }
}

/// The body of work on files.
pub(super) fn run(handle: &mut Handle, record: &mut JobRecord, work: &FilesWork) -> Result<JobState, CallError> {
    let done = match &work.task {
        FilesTask::Keep { item, paths } => keep(handle, record, *item, paths),
        FilesTask::Get { item, names, to } => get(handle, record, *item, names.as_deref(), to.as_deref()),
        FilesTask::Scrub {} => scrub(handle, record),
        FilesTask::Sbom { item, name, path } => super::sbom::read(handle, record, *item, name, path),
        FilesTask::ExportSet { release, to } => super::set::export(handle, record, *release, to),
        FilesTask::ImportSet { folder } => super::set::import(handle, record, folder),
        FilesTask::Verify { item } => super::verify::verify(handle, record, *item),
        FilesTask::Scan { item } => super::scan::scan(handle, record, *item),
    };
    match done {
        Ok(()) => Ok(JobState::Done),
        Err(error) if error.has(STOPPED) => Ok(handle.stop().unwrap_or(JobState::Cancelled)),
        Err(error) => Err(error),
    }
}

/// Tells how far it is with what is done of the file under way, and whether to go on.
pub(super) fn told<'a>(
    handle: &'a mut Handle,
    record: &'a mut JobRecord,
) -> impl FnMut(u64) -> ControlFlow<()> + Send + 'a {
    let before = record.done;
    move |bytes| {
        record.done = before.saturating_add(bytes);
        handle.tell(record, false);
        if handle.stop().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn keep(handle: &mut Handle, record: &mut JobRecord, item: DslItemId, paths: &[String]) -> Result<(), CallError> {
    let (app, store) = (handle.app.clone(), handle.open.store.clone());
    let mut taken: Vec<MasterFile> = Vec::new();
    // Those that an earlier run of this job added are there.
    let mut added = usize::try_from(record.read).unwrap_or(0);
    record.done = paths.iter().take(added).filter_map(|path| opened(path).ok()).map(|(_, _, bytes)| bytes).sum();
    for (n, path) in paths.iter().enumerate().skip(added) {
        let (mut file, name, expected) = opened(path)?;
        store.make_blob_room(expected, blob_sync::quota(&store)?)?;
        let before = record.done;
        let kept = store
            .keep_blob_watched(&mut file, MASTER_BYTES, app.host().now(), &mut told(handle, record))
            .map_err(|error| of_file(&name, error.into()))?;
        record.done = before.saturating_add(kept.size_bytes);
        record.rows = record.rows.saturating_add(1);
        taken.push(MasterFile { name, sha256: kept.sha256.to_string(), size_bytes: kept.size_bytes });
        let bytes: u64 = taken.iter().map(|file| file.size_bytes).sum();
        if bytes >= ADD_AT_BYTES || taken.len() >= FILES_AT_ONCE || n.saturating_add(1) == paths.len() {
            add(handle, item, &taken)?;
            added = added.saturating_add(taken.len());
            taken.clear();
            record.read = added as u64;
            super::record::keep(&store, record)?;
        }
    }
    Ok(())
}

/// Trouble with one file of several says which; what was stopped is no trouble.
pub(super) fn of_file(name: &str, error: CallError) -> CallError {
    match error {
        CallError::Trouble { code, sentence, way_out } if code != blob_sync::STOPPED => {
            CallError::Trouble { code, sentence: format!("{name} is not taken in. {sentence}"), way_out }
        }
        other => other,
    }
}

/// Adds files that are here to the item; the server gets their bytes after it took the command.
fn add(handle: &Handle, item: DslItemId, taken: &[MasterFile]) -> Result<(), CallError> {
    let (app, open) = (&handle.app, &handle.open);
    let uploads = uploads(item, taken);
    if !open.alone {
        uploads.iter().try_for_each(|upload| open.store.await_upload(*upload, app.host().now()))?;
    }
    let command = Command::Dsl(item, DslCommand::AddFiles(taken.to_vec()));
    app.issue(command, Some((Kind::DslItem, item.0))).map(|_| ()).inspect_err(|_| {
        // They are noted again with the next try.
        for upload in &uploads {
            let _ = open.store.uploaded(*upload);
        }
    })
}

fn get(
    handle: &mut Handle,
    record: &mut JobRecord,
    item: DslItemId,
    names: Option<&[String]>,
    to: Option<&str>,
) -> Result<(), CallError> {
    let app = handle.app.clone();
    let item: DslItem = app.read(|sight| Ok(sight.records.must(item)?))?;
    record.done = 0;
    record.rows = 0;
    for file in chosen(&item, names)? {
        let sha256 = file.hash().ok_or(BlobError::WrongHash)?;
        let before = record.done;
        fetch(handle, record, sha256, file.size_bytes)?;
        record.done = before;
        if let Some(folder) = to {
            write(handle, record, &Path::new(folder).join(&file.name), sha256)?;
        }
        record.done = before.saturating_add(file.size_bytes);
        record.rows = record.rows.saturating_add(1);
        handle.tell(record, false);
    }
    let paths = to.map(|folder| format!("Written into {folder}, each verified against its SHA-256."));
    record.note = paths.unwrap_or_default();
    app.host().changed(&crate::view::mutations::Changes { kinds: vec![Kind::DslItem], ids: Vec::new() });
    Ok(())
}

pub(super) fn fetch(
    handle: &mut Handle,
    record: &mut JobRecord,
    sha256: Sha256,
    size_bytes: u64,
) -> Result<(), CallError> {
    let (app, runtime) = (handle.app.clone(), handle.runtime.clone());
    let mut watch = told(handle, record);
    runtime.block_on(blob_sync::fetch_watched(&app, sha256, size_bytes, &mut watch))
}

/// Writes a file beside its place and puts it there once it is whole. One that is there already is left alone if it is the
/// same, and never replaced if it is another.
pub(super) fn write(handle: &mut Handle, record: &mut JobRecord, path: &Path, sha256: Sha256) -> Result<(), CallError> {
    if path.exists() {
        return match File::open(path).and_then(hash_of) {
            Ok(there) if there == sha256 => Ok(()),
            Ok(_) => Err(unwritable(path, &io::Error::other("another file of this name is there"))),
            Err(error) => Err(unwritable(path, &error)),
        };
    }
    let (store, now) = (handle.open.store.clone(), handle.app.host().now());
    let folder = path.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let failed = |error: &io::Error| unwritable(path, error);
    let beside = tempfile::Builder::new().prefix(".slipway-").tempfile_in(folder).map_err(|e| failed(&e))?;
    let mut out = BufWriter::new(beside);
    store.copy_blob_watched(sha256, &mut out, now, &mut told(handle, record)).map_err(|error| match error {
        BlobError::Io { source, .. } => failed(&source),
        other => other.into(),
    })?;
    out.flush().map_err(|e| failed(&e))?;
    placed(out.into_inner().map_err(|e| failed(e.error()))?, path)
}

/// Puts what is whole where it belongs; what is there already stays.
pub(super) fn placed(beside: NamedTempFile, path: &Path) -> Result<(), CallError> {
    let failed = |error: &io::Error| unwritable(path, error);
    readable_by_others(beside.as_file()).and_then(|()| beside.as_file().sync_all()).map_err(|e| failed(&e))?;
    beside.persist_noclobber(path).map_err(|e| failed(&e.error))?;
    Ok(())
}

/// Files made beside are for their maker alone; these are given out.
fn readable_by_others(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

pub(crate) fn hash_of(mut source: impl Read) -> io::Result<Sha256> {
    let (mut hash, mut stretch) = (Hasher::new(), vec![0; STRETCH]);
    loop {
        match source.read(&mut stretch) {
            Ok(0) => return Ok(Sha256(hash.finalize().into())),
            Ok(read) => hash.update(stretch.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads every file here. What is damaged is put aside and mended from the server; what the server lost is sent again.
fn scrub(handle: &mut Handle, record: &mut JobRecord) -> Result<(), CallError> {
    let (app, open) = (handle.app.clone(), handle.open.clone());
    let store = &open.store;
    let (mut after, mut said) = (None, Vec::new());
    let mut offline = open.alone;
    record.done = 0;
    record.rows = 0;
    while let Some(sha256) = store.next_blob(after)? {
        after = Some(sha256);
        let before = record.done;
        let Some(checked) = store.check_blob(sha256, &mut told(handle, record))? else { continue };
        record.done = before.saturating_add(checked.manifest.size_bytes);
        record.rows = record.rows.saturating_add(1);
        if !checked.is_sound() {
            for (file, only_here) in store.quarantine_blob(&checked, app.host().now())? {
                let name = named(&app, file)?;
                said.push(match mended(handle, file, checked.manifest.size_bytes, only_here) {
                    Ok(true) => format!("{name} was damaged and is mended from the server."),
                    Ok(false) => format!("{name} is damaged, and nobody else has it: add the same file again."),
                    Err(error) => format!("{name} is damaged and not mended yet: {error}"),
                });
            }
        } else if !offline {
            match offered(handle, sha256) {
                Ok(true) => {
                    said.push(format!("{} is not at the server any more: it is sent again.", named(&app, sha256)?))
                }
                Ok(false) => {}
                // Without a network the files here are read all the same.
                Err(error) => {
                    offline = true;
                    said.push(format!("What the server has was not looked at: {error}"));
                }
            }
        }
    }
    let sum = format!("{} read, {}.", counted(record.rows, "file"), bytes(record.done));
    record.note = if said.is_empty() { format!("{sum} All are sound.") } else { format!("{sum} {}", said.join(" ")) };
    app.host().changed(&crate::view::mutations::Changes { kinds: vec![Kind::DslItem], ids: Vec::new() });
    Ok(())
}

/// Fetches the damaged parts of a file; `false` where nobody else has them.
fn mended(handle: &Handle, sha256: Sha256, size_bytes: u64, only_here: bool) -> Result<bool, CallError> {
    if only_here || handle.open.alone {
        return Ok(false);
    }
    handle.runtime.block_on(blob_sync::fetch(&handle.app, sha256, size_bytes)).map(|()| true)
}

/// Notes a file for sending that the server lost; says whether it did.
fn offered(handle: &Handle, sha256: Sha256) -> Result<bool, CallError> {
    let store = &handle.open.store;
    let items = handle.app.read(|sight| Ok(sight.records.find(Lookup::ItemsByHash, &sha256.to_string())?))?;
    let mut lost = false;
    for holder in items.into_iter().map(|id| Holder::DslItem(DslItemId(id))) {
        let upload = Upload { holder, sha256 };
        if store.awaits_upload(upload)? || handle.runtime.block_on(blob_sync::server_has(&handle.app, sha256))? {
            return Ok(false);
        }
        store.await_upload(upload, handle.app.host().now())?;
        lost = true;
    }
    Ok(lost)
}

/// What a file is called: its name and item, or its hash.
fn named(app: &App, sha256: Sha256) -> Result<String, CallError> {
    let key = sha256.to_string();
    app.read(|sight| {
        let item = sight.records.find(Lookup::ItemsByHash, &key)?.into_iter().next();
        let item = item.map(|id| sight.records.get::<DslItem>(DslItemId(id))).transpose()?.flatten();
        let file = item.as_ref().and_then(|item| item.files.iter().find(|file| file.hash() == Some(sha256)));
        Ok(match (item.as_ref(), file) {
            (Some(item), Some(file)) => format!("{} of {} {}", file.name, item.name, item.version),
            _ => format!("The file {key}"),
        })
    })
}
