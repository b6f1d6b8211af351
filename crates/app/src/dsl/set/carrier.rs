//! What carries a set: a folder, or one tar file. The entries of a tar are read where they lie in it; nothing is unpacked,
//! so that no name in it is ever a path on this computer.

use super::{is_plain, no_set};
use crate::error::CallError;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Take};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tar::{Archive, EntryType};

/// What is wrong with a set is told up to so many things; a stick may be full of files that do not belong to it.
const TOLD: usize = 100;
/// Folders within folders are looked into so deep.
const DEPTH: usize = 4;
/// Most entries of a tar file.
const ENTRIES: usize = 500_000;
/// Most bytes that are read about an entry: its header, its long name, its extensions. They are held in memory.
const ABOUT_BYTES: u64 = 256 * 1024;

/// What carries a set.
pub(crate) enum Carrier {
    /// Files in a folder.
    Folder(PathBuf),
    /// One file.
    Tar(Tarred),
}

/// A tar file that was looked through.
pub(crate) struct Tarred {
    path: PathBuf,
    entries: BTreeMap<PathBuf, Extent>,
    wrong: Vec<String>,
}

/// Where the bytes of an entry lie.
#[derive(Clone, Copy)]
struct Extent {
    at: u64,
    bytes: u64,
}

/// A file of a set, to be read once.
pub(crate) struct Part {
    /// Its bytes.
    pub source: Take<File>,
    /// How many they are.
    pub bytes: u64,
}

impl Carrier {
    /// The set at a path: a folder, or a tar file.
    ///
    /// # Errors
    /// `NO_SET`.
    pub(crate) fn at(path: &Path) -> Result<Self, CallError> {
        match fs::metadata(path) {
            Ok(about) if about.is_file() => Tarred::look(path).map(Self::Tar),
            Ok(_) => Ok(Self::Folder(path.to_owned())),
            Err(error) => Err(no_set(path, &error)),
        }
    }

    /// A file of it.
    ///
    /// # Errors
    /// `NotFound` where there is none; or why it cannot be read.
    pub(crate) fn part(&self, within: &Path) -> io::Result<Part> {
        match self {
            Self::Folder(folder) => {
                let path = folder.join(within);
                let about = fs::symlink_metadata(&path)?;
                if !about.is_file() {
                    return Err(io::Error::other("it is no file"));
                }
                Ok(Part { source: File::open(&path)?.take(about.len()), bytes: about.len() })
            }
            Self::Tar(tar) => {
                let Extent { at, bytes } = *tar.entries.get(within).ok_or(io::ErrorKind::NotFound)?;
                let mut file = File::open(&tar.path)?;
                file.seek(SeekFrom::Start(at))?;
                Ok(Part { source: file.take(bytes), bytes })
            }
        }
    }

    /// A file of it that is read whole.
    ///
    /// # Errors
    /// `NO_SET` where there is none, it cannot be read, or it has more than so many bytes.
    pub(crate) fn small(&self, name: &str, most_bytes: u64) -> Result<Vec<u8>, CallError> {
        let part = self.part(Path::new(name)).map_err(|e| no_set(&self.path().join(name), &e))?;
        if part.bytes > most_bytes {
            return Err(no_set(&self.path().join(name), &"it is too large"));
        }
        let mut bytes = Vec::new();
        let mut source = part.source;
        source.read_to_end(&mut bytes).map_err(|e| no_set(&self.path().join(name), &e))?;
        Ok(bytes)
    }

    /// What else is there, and what is wrong with how it is carried; each in a sentence.
    ///
    /// # Errors
    /// `NO_SET` for a folder that cannot be read.
    pub(crate) fn strangers(&self, known: &BTreeSet<PathBuf>) -> Result<Vec<String>, CallError> {
        let stranger = |path: &PathBuf| format!("{} does not belong to the set.", path.display());
        match self {
            Self::Folder(folder) => {
                let mut there = Vec::new();
                walk(folder, Path::new(""), 0, known.len().saturating_add(TOLD), &mut there)
                    .map_err(|e| no_set(folder, &e))?;
                Ok(there.iter().filter(|path| !known.contains(*path)).map(stranger).collect())
            }
            Self::Tar(tar) => {
                let others = tar.entries.keys().filter(|path| !known.contains(*path)).map(stranger);
                Ok(tar.wrong.iter().cloned().chain(others).take(TOLD).collect())
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Tar(tar) => &tar.path,
        }
    }
}

fn walk(root: &Path, within: &Path, depth: usize, most: usize, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(within))? {
        if found.len() >= most {
            break;
        }
        let entry = entry?;
        let path = within.join(entry.file_name());
        if entry.file_type()?.is_dir() && depth < DEPTH {
            walk(root, &path, depth.saturating_add(1), most, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

impl Tarred {
    /// Looks at every header, and at nothing else: bytes of files are jumped over.
    fn look(path: &Path) -> Result<Self, CallError> {
        let bad = |why: &dyn std::fmt::Display| no_set(path, why);
        let file = File::open(path).map_err(|e| bad(&e))?;
        let length = file.metadata().map_err(|e| bad(&e))?.len();
        let left = Rc::new(Cell::new(ABOUT_BYTES));
        let mut archive = Archive::new(Frugal { file, left: left.clone() });
        let mut found = Self { path: path.to_owned(), entries: BTreeMap::new(), wrong: Vec::new() };
        for (n, entry) in archive.entries_with_seek().map_err(|e| bad(&e))?.enumerate() {
            let mut entry = entry.map_err(|e| bad(&format!("it is no tar file, or a damaged one ({e})")))?;
            if n >= ENTRIES {
                return Err(bad(&format!("it has more than {ENTRIES} entries")));
            }
            let extent = Extent { at: entry.raw_file_position(), bytes: entry.size() };
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            // Whoever jumps over it would come out behind the end and take the file for ended there.
            if extent.at.checked_add(extent.bytes).is_none_or(|end| end > length) {
                return Err(bad(&format!(
                    "{name:?} in it says that it has {} bytes, and it ends before",
                    extent.bytes
                )));
            }
            let is_sparse = match entry.pax_extensions().map_err(|e| bad(&e))? {
                Some(mut said) => said.any(|one| one.is_ok_and(|one| one.key_bytes().starts_with(b"GNU.sparse"))),
                None => false,
            };
            found.take(&name, if is_sparse { EntryType::GNUSparse } else { entry.header().entry_type() }, extent);
            left.set(ABOUT_BYTES);
        }
        if found.entries.is_empty() {
            return Err(bad(&"it is no tar file, or an empty one"));
        }
        Ok(found)
    }

    fn take(&mut self, name: &str, kind: EntryType, extent: Extent) {
        let said = match (kind, inside(name)) {
            (EntryType::Directory, Ok(_)) => None,
            (EntryType::Regular, Ok(path)) if path.as_os_str().is_empty() || name.ends_with('/') => {
                Some(format!("{name:?} has bytes and the name of a folder."))
            }
            // Which of the two counts differs from program to program.
            (EntryType::Regular, Ok(path)) => {
                self.entries.insert(path, extent).map(|_| format!("{name:?} is there twice."))
            }
            (EntryType::Link | EntryType::Symlink, _) => Some(format!("{name:?} is a link, not a file.")),
            (_, Ok(_)) => Some(format!("{name:?} is no plain file.")),
            (_, Err(why)) => Some(format!("{name:?} {why}: unpacked, it would lie outside the set.")),
        };
        if let Some(said) = said.filter(|_| self.wrong.len() < TOLD) {
            self.wrong.push(said);
        }
    }
}

/// The path within a set that an entry names; none but plain names make one.
fn inside(name: &str) -> Result<PathBuf, &'static str> {
    if name.starts_with(['/', '\\']) {
        return Err("is an absolute path");
    }
    let mut path = PathBuf::new();
    for step in name.trim_end_matches('/').split('/').filter(|step| *step != ".") {
        match step {
            "" if path.as_os_str().is_empty() => {}
            ".." => return Err("climbs"),
            step if is_plain(step) => path.push(step),
            _ => return Err("is no plain path"),
        }
    }
    Ok(path)
}

/// A file of which no more is read than there is left to read until that is set anew.
struct Frugal {
    file: File,
    left: Rc<Cell<u64>>,
}

impl Read for Frugal {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left.get()).unwrap_or(usize::MAX).min(into.len());
        if most == 0 && !into.is_empty() {
            return Err(io::Error::other("an entry is described at too great a length"));
        }
        let read = self.file.read(into.get_mut(..most).unwrap_or_default())?;
        self.left.set(self.left.get().saturating_sub(read as u64));
        Ok(read)
    }
}

impl Seek for Frugal {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests;
