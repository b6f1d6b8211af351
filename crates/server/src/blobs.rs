//! Files beside the records, on the server's disk, the same for every storage of records.
//!
//! `blobs/ab/HASH` is a file, `HASH.manifest` what it is made of, `HASH.of.ID` says that the bytes of this record came:
//! only with that file may they be read through the record. `blobs/uploads/ID.HASH` holds what came of an upload so far,
//! `blobs/quarantine` what a scrub found damaged.
//! Nodes that share a database share this folder. Everything is written beside, flushed, and then put in its place.

use slipway_domain::blob::{Holder, Manifest, Sha256};
use slipway_sync::encoding::hex;
use std::fs::{self, DirEntry, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

mod scrub;
mod upload;

pub use scrub::{Damaged, Scrubbed};

/// Name of the folder below the data folder.
pub const FOLDER: &str = "blobs";
const UPLOADS: &str = "uploads";
const MANIFEST: &str = "manifest";
const QUARANTINE: &str = "quarantine";
/// What no record names any more, and an upload that nobody went on with, stays so long.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The folder.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    quota: u64,
    /// Bytes of all files, uploads among them; counted at the start and once a day, in case that another node adds some.
    used: AtomicU64,
    under_way: upload::UnderWay,
}

/// Why an upload did not end.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Nobody announced it.
    #[error("no upload of this file was begun")]
    NotBegun,
    /// No chunk stands at this place of the manifest.
    #[error("the file has no chunk {0}")]
    Unannounced(u32),
    /// What came is not what was announced.
    #[error("{0}")]
    Wrong(&'static str),
    /// Chunks are missing.
    #[error("{} chunks are missing", .0.len())]
    Incomplete(Vec<u32>),
    /// Another request ends this upload right now.
    #[error("the file is being looked through")]
    Busy,
    /// No room.
    #[error("the room for files is used up")]
    Quota,
    /// The disk failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Blobs {
    /// The folder below a data folder; it is made if need be.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub fn open(data: &Path, quota: u64) -> io::Result<Self> {
        let folder = data.join(FOLDER);
        private_folder(&folder.join(UPLOADS))?;
        let blobs = Self { folder, quota, used: AtomicU64::new(0), under_way: upload::UnderWay::default() };
        blobs.count()?;
        Ok(blobs)
    }

    /// Counts anew how much is used.
    fn count(&self) -> io::Result<()> {
        let mut used = 0_u64;
        each_file(&self.folder, &mut |entry| {
            used = used.saturating_add(entry.metadata()?.len());
            Ok(())
        })?;
        self.used.store(used, Ordering::Relaxed);
        Ok(())
    }

    /// Bytes used.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    fn room_for(&self, bytes: u64) -> Result<(), UploadError> {
        if self.used().saturating_add(bytes) > self.quota { Err(UploadError::Quota) } else { Ok(()) }
    }

    /// Where a file lies, if it is there.
    #[must_use]
    pub fn path(&self, sha256: Sha256) -> PathBuf {
        self.beside(sha256, "")
    }

    fn beside(&self, sha256: Sha256, what: &str) -> PathBuf {
        let name = hex(&sha256.0);
        let (fan, _) = name.split_at(2);
        self.folder.join(fan).join(format!("{name}{what}"))
    }

    fn grant_path(&self, sha256: Sha256, holder: Holder) -> PathBuf {
        self.beside(sha256, &format!(".of.{}", holder.id()))
    }

    /// Whether the bytes of this record came.
    #[must_use]
    pub fn came(&self, sha256: Sha256, holder: Holder) -> bool {
        self.grant_path(sha256, holder).is_file() && self.path(sha256).is_file()
    }

    /// The bytes of this record are those of another that came.
    ///
    /// # Errors
    /// The disk failed.
    pub fn grant(&self, sha256: Sha256, holder: Holder) -> io::Result<()> {
        self.put(&self.grant_path(sha256, holder), b"")
    }

    /// What a file is made of.
    ///
    /// # Errors
    /// The disk failed, or what lies there is no manifest.
    pub fn manifest(&self, sha256: Sha256) -> io::Result<Manifest> {
        read_manifest(&self.beside(sha256, ".manifest"))
    }

    fn grew(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    fn free(&self, bytes: u64) {
        // Never below nothing, whatever another node removed.
        let _ = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| Some(used.saturating_sub(bytes)));
    }

    /// Files that are here, each by its hash.
    ///
    /// # Errors
    /// The disk failed.
    pub fn all(&self) -> io::Result<Vec<Sha256>> {
        let mut all = Vec::new();
        each_file(&self.folder, &mut |entry| {
            all.extend(entry.file_name().to_str().and_then(|name| name.parse::<Sha256>().ok()));
            Ok(())
        })?;
        all.sort_unstable();
        Ok(all)
    }

    /// Whether a file came long enough ago to go when no record names it.
    ///
    /// # Errors
    /// The disk failed.
    pub fn is_old(&self, sha256: Sha256, now: SystemTime) -> io::Result<bool> {
        is_older(&self.path(sha256), now)
    }

    /// Removes a file and what stands beside it.
    ///
    /// # Errors
    /// The disk failed.
    pub fn remove(&self, sha256: Sha256) -> io::Result<()> {
        let whole = self.path(sha256);
        let name = hex(&sha256.0);
        let Some(fan) = whole.parent() else { return Ok(()) };
        let mut beside = Vec::new();
        each_file(fan, &mut |entry| {
            if entry.file_name().to_str().is_some_and(|other| other.starts_with(&name)) {
                beside.push((entry.path(), entry.metadata()?.len()));
            }
            Ok(())
        })?;
        // The file itself last: until then it can be found and removed again.
        beside.sort_by_key(|(path, _)| *path == whole);
        for (path, bytes) in beside {
            fs::remove_file(path)?;
            self.free(bytes);
        }
        Ok(())
    }

    /// Removes uploads that nobody went on with, and what a write that was cut left.
    ///
    /// # Errors
    /// The disk failed.
    pub fn sweep(&self, now: SystemTime) -> io::Result<()> {
        for entry in fs::read_dir(self.folder.join(UPLOADS))? {
            let path = entry?.path();
            if is_older(&path.join(MANIFEST), now).unwrap_or(true) && is_older(&path, now)? {
                fs::remove_dir_all(&path)?;
            }
        }
        let mut left = Vec::new();
        each_file(&self.folder, &mut |entry| {
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(".tmp")) && is_older(&entry.path(), now)?
            {
                left.push(entry.path());
            }
            Ok(())
        })?;
        left.iter().try_for_each(fs::remove_file)?;
        self.count()
    }

    /// Writes a file whole or not at all.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.folder);
        private_folder(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        self.used.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        File::open(folder)?.sync_all()
    }
}

fn read_manifest(path: &Path) -> io::Result<Manifest> {
    serde_json::from_slice(&fs::read(path)?).map_err(io::Error::other)
}

fn is_older(path: &Path, now: SystemTime) -> io::Result<bool> {
    let modified = fs::metadata(path)?.modified()?;
    Ok(now.duration_since(modified).is_ok_and(|age| age >= KEPT))
}

/// Every file in a folder and in those below.
fn each_file(folder: &Path, seen: &mut dyn FnMut(&DirEntry) -> io::Result<()>) -> io::Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) => match seen(&entry) {
                    // Another node, or another request, was faster.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other?,
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
