//! Reading the files of a master: hashed while they stream by, never held in memory.

use crate::App;
use crate::error::CallError;
use crate::host::Progress;
use sha2::{Digest, Sha256};
use slipway_domain::dsl::item::MasterFile;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Bytes read at once.
const CHUNK_BYTES: usize = 1024 * 1024;
/// Most files of one item.
pub const FILES_MOST: usize = 1_000;
/// Progress is told every so many bytes.
const TELL_EVERY_BYTES: u64 = 64 * 1024 * 1024;

/// Name, hash and size of each file.
///
/// # Errors
/// `FILE_UNREADABLE`, naming the file; `TOO_MANY_FILES`; `SAME_FILE_NAME`.
pub fn hash(app: &App, paths: &[String]) -> Result<Vec<MasterFile>, CallError> {
    if paths.len() > FILES_MOST {
        return Err(CallError::trouble(
            "TOO_MANY_FILES",
            format!("An item has at most {FILES_MOST} files, {} were named.", paths.len()),
            "Pack them into an archive.",
        ));
    }
    let files = paths.iter().map(|path| one(app, Path::new(path))).collect::<Result<Vec<_>, _>>()?;
    let mut names = std::collections::BTreeSet::new();
    if let Some(twice) = files.iter().find(|f| !names.insert(f.name.as_str())) {
        return Err(CallError::trouble(
            "SAME_FILE_NAME",
            format!("Two of the files are called {}.", twice.name),
            "Rename one of them, or pack them into an archive.",
        ));
    }
    Ok(files)
}

fn one(app: &App, path: &Path) -> Result<MasterFile, CallError> {
    let unreadable = |reason: &str| {
        CallError::trouble(
            "FILE_UNREADABLE",
            format!("The file {} cannot be read: {reason}.", path.display()),
            "Check the path and the file's rights, then try again.",
        )
    };
    let name = path.file_name().and_then(|n| n.to_str()).ok_or_else(|| unreadable("it has no readable name"))?;
    let mut file = File::open(path).map_err(|e| unreadable(&e.to_string()))?;
    let metadata = file.metadata().map_err(|e| unreadable(&e.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable("it is not a file"));
    }
    let of = metadata.len();
    let mut hasher = Sha256::new();
    let mut chunk = vec![0_u8; CHUNK_BYTES];
    let mut size_bytes = 0_u64;
    let mut told = 0_u64;
    loop {
        let read = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(unreadable(&e.to_string())),
        };
        hasher.update(chunk.get(..read).unwrap_or_default());
        size_bytes = size_bytes.saturating_add(read as u64);
        if size_bytes.saturating_sub(told) >= TELL_EVERY_BYTES {
            told = size_bytes;
            app.host().progress(&Progress { what: format!("Hashing {name}"), done: size_bytes, of });
        }
    }
    Ok(MasterFile { name: name.to_owned(), sha256: hex::encode(hasher.finalize()), size_bytes })
}
