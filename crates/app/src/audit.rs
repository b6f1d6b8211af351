//! The audit log outside the server: what this computer saw of it, and an exported one verified offline.

use crate::error::CallError;
use crate::open::App;
use slipway_sync::log::export::{Found, Reading};
use slipway_sync::signing::PublicKey;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Longest line that is read, in bytes; no entry is near it.
const LINE_BYTES: u64 = 64 << 20;
/// Longest checkpoint or proof that is read, in bytes.
const TEXT_BYTES: u64 = 64 << 20;

/// The last checkpoint that this computer took from its server, as signed.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Seen {
    /// Which log.
    pub log: String,
    /// Its public key, pinned at the first sign-in.
    pub key: String,
    /// The signed note.
    pub checkpoint: String,
}

/// The last checkpoint seen, for an auditor to hold an exported log against.
///
/// # Errors
/// There is no server, or nothing was synced since its log began; or trouble with the disk.
pub fn checkpoint(app: &App) -> Result<Seen, CallError> {
    let open = app.open()?;
    let note = open.store.remembered(crate::local::CHECKPOINT)?.filter(|note| !note.is_empty());
    open.session
        .account()
        .zip(note)
        .map(|(account, checkpoint)| Seen { log: account.log_name, key: account.log_key, checkpoint })
        .ok_or_else(|| {
            CallError::trouble("NO_CHECKPOINT", "This computer has seen no checkpoint of an audit log.", "Sync first.")
        })
}

/// Reads an exported log with the log's public key and checkpoints that were seen earlier. Needs no profile.
///
/// # Errors
/// A file cannot be read, is no exported log, or is signed by another key.
pub fn verify(file: &Path, key: &str, earlier: &[PathBuf]) -> Result<Found, CallError> {
    let key = public_key(key)?;
    let notes: Vec<String> = earlier.iter().map(|path| text(path)).collect::<Result<_, _>>()?;
    let opened = File::open(file).map_err(|error| unreadable(file, &error))?;
    let mut lines = BufReader::new(opened);
    let mut line = String::new();
    let mut next = |line: &mut String| {
        line.clear();
        let read = (&mut lines).take(LINE_BYTES).read_line(line).map_err(|error| unreadable(file, &error))?;
        Ok::<_, CallError>(read > 0)
    };
    next(&mut line)?;
    let mut reading = Reading::begin(line.trim_end(), &key, &notes).map_err(|error| {
        CallError::trouble(
            "LOG_NOT_READ",
            format!("{} cannot be verified: {error}.", file.display()),
            "Compare the key with the one that a laptop pinned (slipwayctl log-checkpoint --json), and export again.",
        )
    })?;
    while next(&mut line)? {
        reading.entry(line.trim_end());
    }
    Ok(reading.finish())
}

/// A key as a person gives it.
pub(crate) fn public_key(text: &str) -> Result<PublicKey, CallError> {
    PublicKey::try_from(text.trim().to_owned()).map_err(|error| {
        CallError::trouble("BAD_KEY", format!("What was given as the key is {error}."), "Give the log's public key.")
    })
}

/// A checkpoint or a proof.
pub(crate) fn text(path: &Path) -> Result<String, CallError> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    file.take(TEXT_BYTES).read_to_string(&mut text).map_err(|error| unreadable(path, &error))?;
    Ok(text)
}

fn unreadable(path: &Path, error: &std::io::Error) -> CallError {
    CallError::trouble("FILE", format!("{} cannot be read: {error}.", path.display()), "Name a file that can be read.")
}
