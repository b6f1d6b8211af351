//! Uploads: each a folder with the file as far as it came, and a mark for each chunk that is in its place.

use super::{Blobs, MANIFEST, UploadError, each_file, private_folder, read_manifest};
use slipway_domain::attachment::MediaType;
use slipway_domain::blob::{Chunk, ChunkHash, Holder, Manifest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

const WHOLE: &str = "whole";
/// Bytes that are taken out of other files in one request.
const SHARED_AT_ONCE: u64 = 256 * 1024 * 1024;
/// Uploads whose manifests are remembered: reading one of thousands of chunks takes longer than taking a chunk.
const REMEMBERED: usize = 16;

/// A manifest with the place of each chunk in the file.
struct Announced {
    manifest: Manifest,
    starts: Vec<u64>,
    written: SystemTime,
}

impl Announced {
    /// The chunk of this number and where it begins.
    fn chunk(&self, n: u32) -> Option<(Chunk, u64)> {
        let place = usize::try_from(n).ok()?;
        Some((*self.manifest.chunks.get(place)?, *self.starts.get(place)?))
    }
}

fn starts(manifest: &Manifest) -> Vec<u64> {
    let chunks = manifest.chunks.iter();
    let place = |at: &mut u64, chunk: &Chunk| {
        let start = *at;
        *at = at.saturating_add(chunk.bytes.into());
        Some(start)
    };
    chunks.scan(0_u64, place).collect()
}

/// What is remembered of uploads under way.
#[derive(Default)]
pub(super) struct UnderWay {
    manifests: Mutex<Vec<(PathBuf, Arc<Announced>)>>,
    /// Those that are hashed right now.
    ending: Mutex<BTreeSet<PathBuf>>,
}

impl std::fmt::Debug for UnderWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnderWay").finish_non_exhaustive()
    }
}

/// That an upload is being ended, until it is dropped.
struct Ending<'a>(&'a UnderWay, PathBuf);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.ending.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl UnderWay {
    fn end(&self, folder: &Path) -> Option<Ending<'_>> {
        let is_new = self.ending.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
        is_new.then(|| Ending(self, folder.to_owned()))
    }
}

impl Blobs {
    fn upload(&self, holder: Holder, sha256: Sha256) -> PathBuf {
        self.folder.join(super::UPLOADS).join(format!("{}.{sha256}", holder.id()))
    }

    fn announced(&self, folder: &Path, sha256: Sha256) -> Result<Arc<Announced>, UploadError> {
        let path = folder.join(MANIFEST);
        let written = match fs::metadata(&path).and_then(|about| about.modified()) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(UploadError::NotBegun),
            Err(error) => return Err(error.into()),
        };
        let mut known = self.under_way.manifests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, found)) = known.iter().find(|(of, announced)| of == folder && announced.written == written) {
            return Ok(found.clone());
        }
        let manifest = read_manifest(&path)?;
        if manifest.sha256 != sha256 {
            return Err(UploadError::NotBegun);
        }
        let announced = Arc::new(Announced { starts: starts(&manifest), manifest, written });
        known.retain(|(of, _)| of != folder);
        if known.len() >= REMEMBERED {
            known.remove(0);
        }
        known.push((folder.to_owned(), announced.clone()));
        drop(known);
        Ok(announced)
    }

    /// Begins an upload, or goes on with it: gives the places of the chunks that are still missing. Another manifest than
    /// before begins anew.
    ///
    /// # Errors
    /// There is no room, or the disk failed.
    pub fn begin(&self, holder: Holder, manifest: &Manifest) -> Result<Vec<u32>, UploadError> {
        let folder = self.upload(holder, manifest.sha256);
        let same = read_manifest(&folder.join(MANIFEST)).ok().as_ref() == Some(manifest);
        if !same || !folder.join(WHOLE).is_file() {
            self.room_for(manifest.size_bytes)?;
            self.forget(&folder)?;
            private_folder(&folder)?;
            // Room for all of it is asked for now; the disk gives it as chunks come.
            let whole = OpenOptions::new().write(true).create_new(true).open(folder.join(WHOLE))?;
            whole.set_len(manifest.size_bytes)?;
            self.grew(manifest.size_bytes);
            let json = serde_json::to_vec(manifest).map_err(io::Error::other)?;
            self.put(&folder.join(MANIFEST), &json)?;
        }
        Ok(missing(&folder, manifest))
    }

    /// Takes chunks of an upload out of another file that is here, as many as one request may; says whether there are more.
    ///
    /// # Errors
    /// The upload was not begun, or the disk failed.
    pub fn take_shared(&self, holder: Holder, sha256: Sha256, like: Sha256) -> Result<bool, UploadError> {
        let folder = self.upload(holder, sha256);
        let announced = self.announced(&folder, sha256)?;
        let Ok(donor) = self.manifest(like) else { return Ok(false) };
        let there: BTreeMap<ChunkHash, u64> =
            donor.chunks.iter().zip(starts(&donor)).map(|(chunk, start)| (chunk.hash, start)).collect();
        let mut file = File::open(self.path(like))?;
        let mut taken = 0_u64;
        for n in missing(&folder, &announced.manifest) {
            let Some((chunk, _)) = announced.chunk(n) else { continue };
            let Some(start) = there.get(&chunk.hash) else { continue };
            if taken >= SHARED_AT_ONCE {
                return Ok(true);
            }
            let mut bytes = vec![0; usize::try_from(chunk.bytes).unwrap_or(0)];
            file.seek(SeekFrom::Start(*start))?;
            file.read_exact(&mut bytes)?;
            // What the disk spoiled is sent instead.
            if *blake3::hash(&bytes).as_bytes() == chunk.hash.0 {
                place(&folder, &announced, n, &bytes)?;
            }
            taken = taken.saturating_add(bytes.len() as u64);
        }
        Ok(false)
    }

    /// Takes a chunk of an upload.
    ///
    /// # Errors
    /// Nobody announced it, or it is another; or the disk failed.
    pub fn take(&self, sha256: Sha256, holder: Holder, n: u32, bytes: &[u8]) -> Result<(), UploadError> {
        let folder = self.upload(holder, sha256);
        let announced = self.announced(&folder, sha256)?;
        let (chunk, _) = announced.chunk(n).ok_or(UploadError::Unannounced(n))?;
        let is_long = u32::try_from(bytes.len()).is_ok_and(|length| length == chunk.bytes);
        if !is_long || *blake3::hash(bytes).as_bytes() != chunk.hash.0 {
            return Err(UploadError::Wrong("the chunk is not the one that was announced"));
        }
        if folder.join(n.to_string()).is_file() {
            return Ok(());
        }
        place(&folder, &announced, n, bytes)
    }

    /// Makes a file of an upload: reads every chunk again and hashes the whole. `media` is what it has to be, where the
    /// record says so.
    ///
    /// # Errors
    /// Chunks are missing, or are not what they were any more; the whole is another file, or none of the media type that
    /// its record says, and then nothing of it is kept; somebody else is at it; or the disk failed.
    pub fn commit(&self, sha256: Sha256, holder: Holder, media: Option<MediaType>) -> Result<(), UploadError> {
        let folder = self.upload(holder, sha256);
        let announced = self.announced(&folder, sha256)?;
        let manifest = &announced.manifest;
        let missing = missing(&folder, manifest);
        if !missing.is_empty() {
            return Err(UploadError::Incomplete(missing));
        }
        let Some(_ending) = self.under_way.end(&folder) else { return Err(UploadError::Busy) };
        let came = File::open(folder.join(WHOLE))?;
        let Read { found, start, spoiled } = read_through(&folder, &came, manifest)?;
        if !spoiled.is_empty() {
            return Err(UploadError::Incomplete(spoiled));
        }
        if found != sha256 || came.metadata()?.len() != manifest.size_bytes {
            self.forget(&folder)?;
            return Err(UploadError::Wrong("the whole is not the file that was announced"));
        }
        if media.is_some_and(|media| MediaType::of(&start) != Some(media)) {
            self.forget(&folder)?;
            return Err(UploadError::Wrong("the file is not of the media type that its record says"));
        }
        came.sync_all()?;
        drop(came);
        let whole = self.path(sha256);
        private_folder(whole.parent().unwrap_or(&self.folder))?;
        let was_there = whole.is_file();
        fs::rename(folder.join(WHOLE), &whole)?;
        if was_there {
            self.free(manifest.size_bytes);
        }
        let json = serde_json::to_vec(manifest).map_err(io::Error::other)?;
        self.put(&self.beside(sha256, ".manifest"), &json)?;
        self.grant(sha256, holder)?;
        Ok(self.forget(&folder)?)
    }

    /// Lets go of what came of an upload.
    fn forget(&self, folder: &Path) -> io::Result<()> {
        let mut freed = 0_u64;
        match each_file(folder, &mut |entry| {
            freed = freed.saturating_add(entry.metadata()?.len());
            Ok(())
        }) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        }
        fs::remove_dir_all(folder)?;
        self.free(freed);
        Ok(())
    }
}

/// What was read of an upload that has all its chunks.
struct Read {
    found: Sha256,
    start: Vec<u8>,
    /// Chunks that are not what they were when they came; their marks are gone.
    spoiled: Vec<u32>,
}

fn read_through(folder: &Path, mut came: &File, manifest: &Manifest) -> Result<Read, UploadError> {
    let mut hash = <sha2::Sha256 as sha2::Digest>::new();
    let mut start = Vec::with_capacity(MediaType::LOOKED_AT);
    let mut spoiled = Vec::new();
    for (n, chunk) in (0_u32..).zip(&manifest.chunks) {
        let mut bytes = vec![0; usize::try_from(chunk.bytes).unwrap_or(0)];
        io::Read::read_exact(&mut came, &mut bytes)?;
        if *blake3::hash(&bytes).as_bytes() != chunk.hash.0 {
            fs::remove_file(folder.join(n.to_string()))?;
            spoiled.push(n);
        }
        sha2::Digest::update(&mut hash, &bytes);
        start.extend(bytes.iter().take(MediaType::LOOKED_AT.saturating_sub(start.len())));
    }
    Ok(Read { found: Sha256(sha2::Digest::finalize(hash).into()), start, spoiled })
}

/// Puts a chunk in its place: on the disk first, and then the mark that says so.
fn place(folder: &Path, announced: &Announced, n: u32, bytes: &[u8]) -> Result<(), UploadError> {
    let (_, start) = announced.chunk(n).ok_or(UploadError::Unannounced(n))?;
    let mut whole = OpenOptions::new().write(true).open(folder.join(WHOLE))?;
    whole.seek(SeekFrom::Start(start))?;
    whole.write_all(bytes)?;
    whole.sync_data()?;
    File::create(folder.join(n.to_string()))?;
    Ok(())
}

/// Places of the chunks that did not come yet.
fn missing(folder: &Path, manifest: &Manifest) -> Vec<u32> {
    let places = 0..u32::try_from(manifest.chunks.len()).unwrap_or(u32::MAX);
    let here: BTreeSet<u32> = match fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect(),
        Err(_) => BTreeSet::new(),
    };
    places.filter(|n| !here.contains(n)).collect()
}
