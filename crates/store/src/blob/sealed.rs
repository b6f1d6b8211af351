//! The folder of chunks: each a file of its own, packed where that pays, sealed with a key that is derived from the
//! profile's, under a name that tells nothing of what is in it.
//!
//! A file is written beside, flushed, read back, and only then put in its place; its folder is flushed too. What is read
//! is opened, unpacked and hashed before anybody gets it.

use crate::blob::BlobError;
use crate::key::Key;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use slipway_domain::blob::{CHUNK_MAX_BYTES, ChunkHash};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// First byte of a chunk's file.
const FORM: u8 = 1;
const NONCE_BYTES: usize = 24;
const PLAIN: u8 = 0;
const PACKED: u8 = 1;
/// Fast, and as good as the slow ones on what is worth packing at all.
const LEVEL: i32 = 1;
/// Packing has to save one byte in so many, or the chunk stays as it is.
const PAYS: usize = 16;
/// Most bytes that a chunk's file has beyond the chunk.
const AROUND_BYTES: u64 = 64;
/// Where files are written before they are put in their place.
const BESIDE: &str = "new";
/// Where damaged ones are put aside.
const ASIDE: &str = "quarantine";

/// The folder.
pub(crate) struct Sealed {
    folder: PathBuf,
    cipher: XChaCha20Poly1305,
    names: Zeroizing<[u8; 32]>,
}

impl Sealed {
    /// The folder beside a database. It is made with the first chunk.
    pub(crate) fn beside(database: &Path, key: &Key) -> Self {
        let derived = |what: &str| Zeroizing::new(blake3::derive_key(what, key.bytes()));
        let cipher = XChaCha20Poly1305::new(derived("slipway 2026-11-26 chunk contents").as_slice().into());
        Self { folder: database.with_extension("blobs"), cipher, names: derived("slipway 2026-11-26 chunk names") }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// File of a chunk.
    fn path(&self, chunk: ChunkHash) -> PathBuf {
        let name = blake3::keyed_hash(&self.names, &chunk.0).to_hex();
        let (fan, _) = name.split_at(2);
        self.folder.join(fan).join(name.as_str())
    }

    /// Bytes of a chunk's file; `None` if it is not here.
    pub(crate) fn size(&self, chunk: ChunkHash) -> Result<Option<u64>, BlobError> {
        let path = self.path(chunk);
        match fs::metadata(&path) {
            Ok(about) => Ok(Some(about.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(BlobError::io(&path, e)),
        }
    }

    /// Puts a chunk in its place, unless it is there, and gives the bytes of its file.
    pub(crate) fn write(&self, chunk: ChunkHash, bytes: &[u8]) -> Result<u64, BlobError> {
        if let Some(size) = self.size(chunk)? {
            // What is there may be what a fault of the disk left.
            if self.read(chunk).is_ok() {
                return Ok(size);
            }
        }
        let path = self.path(chunk);
        let sealed = self.seal(chunk, bytes)?;
        let written = || -> io::Result<()> {
            let (fan, beside) = (path.parent().unwrap_or(&self.folder), self.folder.join(BESIDE));
            private_folder(fan)?;
            private_folder(&beside)?;
            let mut file = tempfile::NamedTempFile::new_in(&beside)?;
            file.write_all(&sealed)?;
            file.as_file().sync_all()?;
            let mut back = Vec::with_capacity(sealed.len());
            File::open(file.path())?.read_to_end(&mut back)?;
            if back != sealed {
                return Err(io::Error::other("the disk gives back other bytes than it was given"));
            }
            file.persist(&path).map_err(|e| e.error)?;
            flush_folder(fan)
        };
        written().map_err(|e| BlobError::io(&path, e))?;
        Ok(sealed.len() as u64)
    }

    /// The bytes of a chunk, as they were taken in.
    pub(crate) fn read(&self, chunk: ChunkHash) -> Result<Vec<u8>, BlobError> {
        let path = self.path(chunk);
        let damaged = || BlobError::Damaged { path: path.clone() };
        let mut sealed = Vec::new();
        let most = u64::from(CHUNK_MAX_BYTES) + AROUND_BYTES;
        match File::open(&path).and_then(|file| file.take(most + 1).read_to_end(&mut sealed)) {
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(damaged()),
            Err(e) => return Err(BlobError::io(&path, e)),
        }
        let bytes = self.open(chunk, &sealed).ok_or_else(damaged)?;
        if *blake3::hash(&bytes).as_bytes() == chunk.0 { Ok(bytes) } else { Err(damaged()) }
    }

    /// Removes a chunk's file; one that is gone already is as wanted.
    pub(crate) fn remove(&self, chunk: ChunkHash) -> Result<(), BlobError> {
        let path = self.path(chunk);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(BlobError::io(&path, e)),
            _ => Ok(()),
        }
    }

    /// Puts a damaged chunk's file aside, where a person finds it and nothing reads it.
    pub(crate) fn put_aside(&self, chunk: ChunkHash) -> Result<(), BlobError> {
        let path = self.path(chunk);
        let aside = self.folder.join(ASIDE);
        let moved = private_folder(&aside).and_then(|()| fs::rename(&path, aside.join(self.name(chunk))));
        match moved {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(BlobError::io(&path, e)),
            _ => Ok(()),
        }
    }

    /// Removes files of this age and older that `wanted` does not know: what an interrupted write or download left.
    pub(crate) fn sweep(
        &self,
        now: SystemTime,
        age: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<u32, BlobError> {
        let mut removed: u32 = 0;
        let mut sweep = || -> io::Result<()> {
            let Some(fans) = listed(&self.folder)? else { return Ok(()) };
            for fan in fans {
                for file in listed(&fan?.path())?.into_iter().flatten() {
                    let file = file?;
                    let old =
                        file.metadata()?.modified().is_ok_and(|at| now.duration_since(at).is_ok_and(|d| d >= age));
                    if old && !file.file_name().to_str().is_some_and(&wanted) {
                        fs::remove_file(file.path())?;
                        removed = removed.saturating_add(1);
                    }
                }
            }
            Ok(())
        };
        sweep().map_err(|e| BlobError::io(&self.folder, e))?;
        Ok(removed)
    }

    /// Name of a chunk's file.
    pub(crate) fn name(&self, chunk: ChunkHash) -> String {
        blake3::keyed_hash(&self.names, &chunk.0).to_hex().to_string()
    }

    fn seal(&self, chunk: ChunkHash, bytes: &[u8]) -> Result<Vec<u8>, BlobError> {
        let packed = zstd::bulk::compress(bytes, LEVEL).unwrap_or_default();
        let pays = !packed.is_empty() && packed.len() < bytes.len().saturating_sub(bytes.len() / PAYS);
        let (how, body) = if pays { (PACKED, packed.as_slice()) } else { (PLAIN, bytes) };
        let mut plain = Vec::with_capacity(body.len() + 1);
        plain.push(how);
        plain.extend_from_slice(body);
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|e| BlobError::io(&self.folder, io::Error::other(e.to_string())))?;
        let sealed = self
            .cipher
            .encrypt(XNonce::from_slice(&nonce), Payload { msg: &plain, aad: &chunk.0 })
            .map_err(|_| BlobError::io(&self.folder, io::Error::other("a chunk cannot be sealed")))?;
        let mut file = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
        file.push(FORM);
        file.extend_from_slice(&nonce);
        file.extend(sealed);
        Ok(file)
    }

    fn open(&self, chunk: ChunkHash, file: &[u8]) -> Option<Vec<u8>> {
        let (form, rest) = file.split_first()?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES)?;
        if *form != FORM {
            return None;
        }
        let plain = self.cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad: &chunk.0 }).ok()?;
        match plain.split_first()? {
            (&PLAIN, body) => Some(body.to_vec()),
            (&PACKED, body) => zstd::bulk::decompress(body, usize::try_from(CHUNK_MAX_BYTES).ok()?).ok(),
            _ => None,
        }
    }
}

fn listed(folder: &Path) -> io::Result<Option<fs::ReadDir>> {
    match fs::read_dir(folder) {
        Ok(entries) => Ok(Some(entries)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Where a folder can be flushed, the name in it is durable only then.
fn flush_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::{FORM, NONCE_BYTES, Sealed};
    use crate::blob::BlobError;
    use crate::key::Key;
    use slipway_domain::blob::ChunkHash;
    use std::fs;
    use std::time::{Duration, SystemTime};

    fn sealed(key: u8) -> (tempfile::TempDir, Sealed) {
        let folder = tempfile::tempdir().unwrap();
        let sealed = Sealed::beside(&folder.path().join("slipway.db"), &Key::new([key; 32]));
        (folder, sealed)
    }

    fn hash(bytes: &[u8]) -> ChunkHash {
        ChunkHash(*blake3::hash(bytes).as_bytes())
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_alone_and_shows_nothing() {
        let (_folder, ours) = sealed(1);
        let bytes = b"the front of a rack, the front of a rack, the front of a rack".repeat(50);
        let size = ours.write(hash(&bytes), &bytes).unwrap();
        assert!(size < bytes.len() as u64, "packed, because it pays");
        assert_eq!(ours.read(hash(&bytes)).unwrap(), bytes);
        let path = ours.path(hash(&bytes));
        let stored = fs::read(&path).unwrap();
        assert!(!stored.windows(4).any(|w| w == b"rack"), "nobody reads it without the key");
        assert!(!path.to_string_lossy().contains(&hash(&bytes).to_string()), "its name is no hash that others know");
        let (_other, theirs) = sealed(2);
        fs::create_dir_all(theirs.path(hash(&bytes)).parent().unwrap()).unwrap();
        fs::copy(&path, theirs.path(hash(&bytes))).unwrap();
        assert!(matches!(theirs.read(hash(&bytes)), Err(BlobError::Damaged { .. })), "another profile's key");
    }

    #[test]
    fn a_single_bit_that_turned_is_noticed_and_the_next_write_makes_it_good() {
        let (_folder, ours) = sealed(1);
        let bytes = vec![7; 1_000];
        ours.write(hash(&bytes), &bytes).unwrap();
        let path = ours.path(hash(&bytes));
        let good = fs::read(&path).unwrap();
        for at in [0, 1, 1 + NONCE_BYTES, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&path, bad).unwrap();
            assert!(matches!(ours.read(hash(&bytes)), Err(BlobError::Damaged { .. })), "byte {at}");
        }
        fs::write(&path, &good[..9]).unwrap();
        assert!(ours.read(hash(&bytes)).is_err(), "cut off");
        ours.write(hash(&bytes), &bytes).unwrap();
        assert_eq!(ours.read(hash(&bytes)).unwrap(), bytes);
    }

    #[test]
    fn a_chunk_under_another_chunks_name_is_not_taken_for_it() {
        let (_folder, ours) = sealed(1);
        let (a, b) = (vec![1; 500], vec![2; 500]);
        ours.write(hash(&a), &a).unwrap();
        ours.write(hash(&b), &b).unwrap();
        fs::copy(ours.path(hash(&a)), ours.path(hash(&b))).unwrap();
        assert!(ours.read(hash(&b)).is_err());
    }

    #[test]
    fn a_bomb_stays_within_a_chunk() {
        let (_folder, ours) = sealed(1);
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 19).unwrap();
        let mut plain = vec![super::PACKED];
        plain.extend(bomb);
        let chunk = hash(b"bomb");
        let nonce = [0; NONCE_BYTES];
        let mut file = vec![FORM];
        file.extend(nonce);
        let payload = chacha20poly1305::aead::Payload { msg: &plain, aad: &chunk.0 };
        file.extend(chacha20poly1305::aead::Aead::encrypt(&ours.cipher, (&nonce).into(), payload).unwrap());
        fs::create_dir_all(ours.path(chunk).parent().unwrap()).unwrap();
        fs::write(ours.path(chunk), file).unwrap();
        assert!(matches!(ours.read(chunk), Err(BlobError::Damaged { .. })));
    }

    #[test]
    fn sweeping_leaves_what_is_wanted_and_what_is_young() {
        let (_folder, ours) = sealed(1);
        let (a, b) = (vec![1; 500], vec![2; 500]);
        ours.write(hash(&a), &a).unwrap();
        ours.write(hash(&b), &b).unwrap();
        let (day, keep) = (Duration::from_secs(86_400), ours.name(hash(&a)));
        assert_eq!(ours.sweep(SystemTime::now(), day, |_| false).unwrap(), 0, "all are young");
        assert_eq!(ours.sweep(SystemTime::now() + 2 * day, day, |name| name == keep).unwrap(), 1);
        assert!(ours.read(hash(&a)).is_ok() && ours.read(hash(&b)).is_err());
    }
}
