//! Carry files on the disk: never half under their own name, never in the place of something else.

use crate::error::CallError;
use slipway_sync::carry::{BadCarry, Outside};
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Enough of a file to see what it is.
const BEGINNING: u64 = 64;

fn unreadable(path: &Path, why: &str) -> CallError {
    CallError::trouble(
        "FILE_UNREADABLE",
        format!("The file {} cannot be read: {why}.", path.display()),
        "Check the path and the file's rights, then try again.",
    )
}

/// A carry file that is there, from its beginning, with what it says it is and its length.
pub(super) fn open(path: &Path) -> Result<(File, Outside, u64), CallError> {
    let failed = |error: std::io::Error| unreadable(path, &error.to_string());
    // Before it is opened: a pipe would be waited for.
    let about = std::fs::metadata(path).map_err(failed)?;
    if !about.is_file() {
        return Err(unreadable(path, "it is not a file"));
    }
    let file = File::open(path).map_err(failed)?;
    let mut beginning = Vec::new();
    Read::by_ref(&mut (&file)).take(BEGINNING).read_to_end(&mut beginning).map_err(failed)?;
    let outside = Outside::read(&beginning)?;
    Ok((file, outside, about.len()))
}

/// All of a file, if it is no larger.
pub(super) fn all(path: &Path, most: u64) -> Result<(Vec<u8>, Outside), CallError> {
    let (_, outside, length) = open(path)?;
    if length > most {
        return Err(BadCarry::TooLarge.into());
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error.to_string()))?;
    Ok((bytes, outside))
}

/// Where a file goes: the path itself, or under this name in the folder that it is.
pub(super) fn place(path: &str, name: &str) -> PathBuf {
    let path = PathBuf::from(path);
    if path.is_dir() { path.join(name) } else { path }
}

/// Writes a file whole or not at all. Only an older carry file makes room for it.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), CallError> {
    if path.symlink_metadata().is_ok() && open(path).is_err() {
        return Err(CallError::trouble(
            "FILE_EXISTS",
            format!("{} is there already and is no carry file.", path.display()),
            "Choose another name.",
        ));
    }
    write_whole(path, bytes).map_err(|error| {
        CallError::trouble(
            "FILE_UNWRITABLE",
            format!("The file {} cannot be written: {error}.", path.display()),
            "Check that the folder is there and has room, then try again.",
        )
    })
}

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
