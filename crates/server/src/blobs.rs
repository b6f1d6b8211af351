//! Files beside the records, on the server's disk, the same for every storage of records.
//!
//! `blobs/ab/HASH` is a file, `HASH.manifest` what it is made of, `HASH.of.ID` says that the bytes of this record came:
//! only with that file may they be read through the record. `blobs/uploads/ID` holds what came of an upload so far.
//! Nodes that share a database share this folder. Everything is written beside, flushed, and then put in its place.

use slipway_domain::attachment::MediaType;
use slipway_domain::blob::{Chunk, Manifest, Sha256};
use slipway_domain::id::AttachmentId;
use slipway_sync::encoding::hex;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Name of the folder below the data folder.
pub const FOLDER: &str = "blobs";
const UPLOADS: &str = "uploads";
const MANIFEST: &str = "manifest";
/// What no record names any more, and an upload that nobody went on with, stays so long.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// The folder.
#[derive(Debug)]
pub struct Blobs {
    folder: PathBuf,
    quota: u64,
    /// Bytes of all files, uploads among them; counted at the start and once a day, in case that another node adds some.
    used: AtomicU64,
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
        let blobs = Self { folder, quota, used: AtomicU64::new(0) };
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

    fn grant_path(&self, sha256: Sha256, attachment: AttachmentId) -> PathBuf {
        self.beside(sha256, &format!(".of.{attachment}"))
    }

    /// Whether the bytes of this record came.
    #[must_use]
    pub fn came(&self, sha256: Sha256, attachment: AttachmentId) -> bool {
        self.grant_path(sha256, attachment).is_file() && self.path(sha256).is_file()
    }

    /// The bytes of this record are those of another that came.
    ///
    /// # Errors
    /// The disk failed.
    pub fn grant(&self, sha256: Sha256, attachment: AttachmentId) -> io::Result<()> {
        self.put(&self.grant_path(sha256, attachment), b"")
    }

    /// What a file is made of.
    ///
    /// # Errors
    /// The disk failed, or what lies there is no manifest.
    pub fn manifest(&self, sha256: Sha256) -> io::Result<Manifest> {
        read_manifest(&self.beside(sha256, ".manifest"))
    }

    fn upload(&self, attachment: AttachmentId) -> PathBuf {
        self.folder.join(UPLOADS).join(attachment.to_string())
    }

    /// Begins an upload, or goes on with it: gives the places of the chunks that are still missing. Another manifest than
    /// before begins anew.
    ///
    /// # Errors
    /// There is no room, or the disk failed.
    pub fn begin(&self, attachment: AttachmentId, manifest: &Manifest) -> Result<Vec<u32>, UploadError> {
        let folder = self.upload(attachment);
        if read_manifest(&folder.join(MANIFEST)).ok().as_ref() != Some(manifest) {
            // Twice for a moment: the chunks, and the file that is made of them.
            self.room_for(manifest.size_bytes.saturating_mul(2))?;
            self.forget(attachment)?;
            private_folder(&folder)?;
            let json = serde_json::to_vec(manifest).map_err(io::Error::other)?;
            self.put(&folder.join(MANIFEST), &json)?;
        }
        Ok(missing(&folder, manifest))
    }

    /// Takes a chunk of an upload.
    ///
    /// # Errors
    /// Nobody announced it, or it is another; there is no room, or the disk failed.
    pub fn take(&self, sha256: Sha256, attachment: AttachmentId, n: u32, bytes: &[u8]) -> Result<(), UploadError> {
        let folder = self.upload(attachment);
        let manifest = self.announced(&folder, sha256)?;
        let place = usize::try_from(n).map_err(|_| UploadError::Unannounced(n))?;
        let announced: &Chunk = manifest.chunks.get(place).ok_or(UploadError::Unannounced(n))?;
        let is_long = u32::try_from(bytes.len()).is_ok_and(|length| length == announced.bytes);
        if !is_long || *blake3::hash(bytes).as_bytes() != announced.hash.0 {
            return Err(UploadError::Wrong("the chunk is not the one that was announced"));
        }
        let path = folder.join(n.to_string());
        if path.is_file() {
            return Ok(());
        }
        self.room_for(bytes.len() as u64)?;
        Ok(self.put(&path, bytes)?)
    }

    /// Makes a file of an upload: reads every chunk again and hashes the whole.
    ///
    /// # Errors
    /// Chunks are missing; the whole is another file, or none of the media type that its record says, and then nothing of
    /// it is kept; or the disk failed.
    pub fn commit(&self, sha256: Sha256, attachment: AttachmentId, media: MediaType) -> Result<(), UploadError> {
        let folder = self.upload(attachment);
        let manifest = self.announced(&folder, sha256)?;
        let missing = missing(&folder, &manifest);
        if !missing.is_empty() {
            return Err(UploadError::Incomplete(missing));
        }
        let whole = self.path(sha256);
        let fan = whole.parent().unwrap_or(&self.folder);
        private_folder(fan)?;
        let mut file = tempfile::NamedTempFile::new_in(fan)?;
        let mut hash = <sha2::Sha256 as sha2::Digest>::new();
        let mut start = Vec::with_capacity(MediaType::LOOKED_AT);
        for (n, announced) in manifest.chunks.iter().enumerate() {
            let mut bytes = Vec::new();
            let chunk = File::open(folder.join(n.to_string()))?;
            chunk.take(u64::from(announced.bytes) + 1).read_to_end(&mut bytes)?;
            sha2::Digest::update(&mut hash, &bytes);
            start.extend(bytes.iter().take(MediaType::LOOKED_AT.saturating_sub(start.len())));
            file.write_all(&bytes)?;
        }
        let found = Sha256(sha2::Digest::finalize(hash).into());
        if found != sha256 || file.as_file().metadata()?.len() != manifest.size_bytes {
            self.forget(attachment)?;
            return Err(UploadError::Wrong("the whole is not the file that was announced"));
        }
        if MediaType::of(&start) != Some(media) {
            self.forget(attachment)?;
            return Err(UploadError::Wrong("the file is not of the media type that its record says"));
        }
        file.as_file().sync_all()?;
        let is_new = !whole.is_file();
        file.persist(&whole).map_err(|error| error.error)?;
        if is_new {
            self.used.fetch_add(manifest.size_bytes, Ordering::Relaxed);
        }
        let json = serde_json::to_vec(&manifest).map_err(io::Error::other)?;
        self.put(&self.beside(sha256, ".manifest"), &json)?;
        self.grant(sha256, attachment)?;
        Ok(self.forget(attachment)?)
    }

    fn announced(&self, folder: &Path, sha256: Sha256) -> Result<Manifest, UploadError> {
        match read_manifest(&folder.join(MANIFEST)) {
            Ok(manifest) if manifest.sha256 == sha256 => Ok(manifest),
            Ok(_) => Err(UploadError::NotBegun),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(UploadError::NotBegun),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets go of what came of an upload.
    fn forget(&self, attachment: AttachmentId) -> io::Result<()> {
        let folder = self.upload(attachment);
        let mut freed = 0_u64;
        match each_file(&folder, &mut |entry| {
            freed = freed.saturating_add(entry.metadata()?.len());
            Ok(())
        }) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        }
        fs::remove_dir_all(&folder)?;
        self.free(freed);
        Ok(())
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

/// Places of the chunks that did not come yet.
fn missing(folder: &Path, manifest: &Manifest) -> Vec<u32> {
    let places = 0..u32::try_from(manifest.chunks.len()).unwrap_or(u32::MAX);
    places.filter(|n| !folder.join(n.to_string()).is_file()).collect()
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
