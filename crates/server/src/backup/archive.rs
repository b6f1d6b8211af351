//! The file of a backup: a tar archive, packed by zstd, sealed when there is a passphrase.
//!
//! Its first entry is the manifest, which names every other one with size and SHA-256. Without a passphrase any tar
//! that knows zstd opens it.

use super::seal::{MAGIC, Opener, Sealer};
use super::{BackupError, at};
use crate::core::random;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use slipway_domain::id::WorkspaceId;
use slipway_domain::time::Timestamp;
use slipway_sync::encoding::hex;
use slipway_sync::protocol::Epoch;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};

/// Newest form of the archive that this program writes and reads. The second may hold files beside the records, three
/// names deep; a backup without any is still of the first, so that older programs restore it.
const FORM: u32 = 2;
/// Name of the manifest within the archive.
const MANIFEST: &str = "manifest.json";
/// Largest manifest that is read.
const MANIFEST_BYTES: u64 = 64 * 1024 * 1024;
/// How hard zstd tries.
const LEVEL: i32 = 3;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Form of the archive.
    pub form: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// When, by the server's clock.
    pub made_at: Timestamp,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its name.
    pub name: String,
    /// Epoch of its history.
    pub epoch: Epoch,
    /// Last sequence in it.
    pub head: u64,
    /// Leaves of the audit log.
    pub log_size: u64,
    /// Root of its tree, hex.
    pub log_root: String,
    /// Every file.
    pub files: Vec<Member>,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Path below the data folder, with `/`.
    pub name: String,
    /// Its length.
    pub size_bytes: u64,
    /// Hex of its SHA-256.
    pub sha256: String,
}

/// A file that goes into a backup: under which name, and where it is.
pub(super) struct Source {
    pub(super) name: String,
    pub(super) path: PathBuf,
}

/// Describes files for the manifest.
pub(super) fn members(sources: &[Source]) -> Result<Vec<Member>, BackupError> {
    let member = |source: &Source| {
        let mut file = File::open(&source.path).map_err(at(&source.path))?;
        let mut hash = Sha256::new();
        let size_bytes = io::copy(&mut file, &mut HashWriter(&mut hash)).map_err(at(&source.path))?;
        Ok(Member { name: source.name.clone(), size_bytes, sha256: hex(&hash.finalize()) })
    };
    sources.iter().map(member).collect()
}

/// Writes the archive, whole or not at all: under another name first.
pub(super) fn write(
    to: &Path,
    manifest: &Manifest,
    sources: &[Source],
    passphrase: Option<&str>,
) -> Result<(), BackupError> {
    if to.exists() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part = tempfile::Builder::new().prefix(".slipway-backup-").tempfile_in(folder).map_err(at(folder))?;
    // Only its owner may read a temporary file, and so the backup.
    let file = part.as_file().try_clone().map_err(at(part.path()))?;
    let pack = |file: File| -> io::Result<()> {
        let mut out = BufWriter::new(file);
        match passphrase {
            None => pack(&mut out, manifest, sources)?,
            Some(passphrase) => {
                let salt = random::<16>().map_err(io::Error::other)?;
                let mut sealer = Sealer::new(&mut out, passphrase, salt)?;
                pack(&mut sealer, manifest, sources)?;
                sealer.finish()?;
            }
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    };
    pack(file).map_err(at(part.path()))?;
    part.persist_noclobber(to).map_err(|error| at(to)(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

fn pack(out: impl Write, manifest: &Manifest, sources: &[Source]) -> io::Result<()> {
    let mut tar = tar::Builder::new(zstd::Encoder::new(out, LEVEL)?);
    let json = serde_json::to_vec_pretty(manifest)?;
    let seconds = u64::try_from(manifest.made_at.0 / 1000).unwrap_or(0);
    let header = |size: u64| {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(0o600);
        header.set_mtime(seconds);
        header
    };
    tar.append_data(&mut header(json.len() as u64), MANIFEST, json.as_slice())?;
    for (source, member) in sources.iter().zip(&manifest.files) {
        let file = BufReader::new(File::open(&source.path)?);
        tar.append_data(&mut header(member.size_bytes), &member.name, file.take(member.size_bytes))?;
    }
    tar.into_inner()?.finish()?.flush()
}

/// Unpacks an archive into an empty folder and checks every file against the manifest.
pub(super) fn unpack(from: &Path, folder: &Path, passphrase: Option<&str>) -> Result<Manifest, BackupError> {
    let mut file = BufReader::new(File::open(from).map_err(at(from))?);
    let mut magic = [0; MAGIC.len()];
    let read = read_up_to(&mut file, &mut magic).map_err(at(from))?;
    let head = io::Cursor::new(magic).take(read as u64);
    if &magic != MAGIC {
        return members_into(head.chain(file), from, folder);
    }
    let passphrase = passphrase.ok_or_else(|| BackupError::Sealed { path: from.to_owned() })?;
    members_into(Opener::new(file, passphrase).map_err(at(from))?, from, folder)
}

fn members_into(archive: impl Read, from: &Path, folder: &Path) -> Result<Manifest, BackupError> {
    let bad = |why: String| BackupError::Damaged { path: from.to_owned(), why };
    let mut tar = tar::Archive::new(zstd::Decoder::new(archive).map_err(at(from))?);
    let mut entries = tar.entries().map_err(at(from))?;
    let first = entries.next().ok_or_else(|| bad("it is empty".to_owned()))?.map_err(at(from))?;
    if first.path().map_err(at(from))? != Path::new(MANIFEST) {
        return Err(bad("it does not begin with a manifest".to_owned()));
    }
    let manifest = read_manifest(first, from)?;
    let mut missing: Vec<&Member> = manifest.files.iter().collect();
    for entry in entries {
        let mut entry = entry.map_err(at(from))?;
        let path = entry.path().map_err(at(from))?.into_owned();
        let place = missing.iter().position(|member| Path::new(&member.name) == path);
        let member = place.map(|place| missing.swap_remove(place));
        let member = member.ok_or_else(|| bad(format!("{} is not in its manifest", path.display())))?;
        if !is_plain(&path) {
            return Err(bad(format!("{} is no path below a data folder", path.display())));
        }
        let target = folder.join(&path);
        if let Some(parent) = target.parent() {
            crate::folder::private_folder(parent)?;
        }
        let mut hash = Sha256::new();
        let mut out = private_file(&target).map_err(at(&target))?;
        let mut both = Tee(&mut out, &mut hash);
        let size = io::copy(&mut entry.by_ref().take(member.size_bytes + 1), &mut both).map_err(at(from))?;
        out.sync_all().map_err(at(&target))?;
        if size != member.size_bytes || hex(&hash.finalize()) != member.sha256 {
            return Err(bad(format!("{} is not what the manifest says", path.display())));
        }
    }
    match missing.first() {
        Some(member) => Err(bad(format!("{} is missing", member.name))),
        None => Ok(manifest),
    }
}

fn read_manifest(entry: impl Read, from: &Path) -> Result<Manifest, BackupError> {
    #[derive(Deserialize)]
    struct Form {
        form: u32,
    }
    let mut json = Vec::new();
    entry.take(MANIFEST_BYTES).read_to_end(&mut json).map_err(at(from))?;
    let bad = |error: serde_json::Error| BackupError::Damaged { path: from.to_owned(), why: error.to_string() };
    let Form { form } = serde_json::from_slice(&json).map_err(bad)?;
    if form > FORM {
        return Err(BackupError::Newer { path: from.to_owned(), found: form, known: FORM });
    }
    serde_json::from_slice(&json).map_err(bad)
}

impl Manifest {
    /// The form of a backup with these files.
    pub(super) fn form_of(sources: &[Source]) -> u32 {
        if sources.iter().any(|source| source.name.starts_with(crate::blobs::FOLDER)) { FORM } else { 1 }
    }
}

/// A relative path that goes nowhere but down.
fn is_plain(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_))) && path.components().count() <= 3
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn read_up_to(from: &mut impl Read, to: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = to.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Tee<'a>(&'a mut File, &'a mut Sha256);

impl Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(bytes)?;
        self.1.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
