//! Looking for malware with the scanner of this computer: each file of an item is unpacked into a folder that is its
//! maker's alone, looked at there, and removed.

use super::Handle;
use super::files::{fetch, told};
use super::record::JobRecord;
use crate::dsl::checks::kept_scanner;
use crate::error::CallError;
use crate::words::counted;
use slipway_domain::command::{Command, DslCommand};
use slipway_domain::dsl::item::{CheckKind, DslItem, MasterFile};
use slipway_domain::id::DslItemId;
use slipway_domain::record::Kind;
use slipway_domain::records::RecordsExt;
use slipway_store::blob::BlobError;
use std::fs::{self, File};
use std::io::{BufWriter, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, Command as Program, Stdio};
use std::time::{Duration, Instant};

/// Longest look at one file.
const PATIENCE: Duration = Duration::from_secs(2 * 3_600);
/// Between two looks whether the scanner ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Most bytes of what a scanner says that are read.
const SAID_BYTES: u64 = 64 * 1024;
/// Most characters of it that are kept.
const SAID_CHARS: usize = 300;

/// Scans every file of an item and records what was found.
pub(super) fn scan(handle: &mut Handle, record: &mut JobRecord, item: DslItemId) -> Result<(), CallError> {
    let app = handle.app.clone();
    let item: DslItem = app.read(|sight| Ok(sight.records.must(item)?))?;
    let words = kept_scanner(&handle.open.store)?;
    let program = Path::new(words.first().map_or("", String::as_str));
    let called = program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    record.of = item.files.iter().map(|file| file.size_bytes).sum();
    record.done = 0;
    record.rows = 0;
    let (mut found, mut last) = (Vec::new(), String::new());
    for file in &item.files {
        let before = record.done;
        let (infected, said) = one(handle, record, &words, file)?;
        record.done = before.saturating_add(file.size_bytes);
        record.rows = record.rows.saturating_add(1);
        handle.tell(record, false);
        if infected {
            found.push(format!("{}: {said}.", file.name));
        } else {
            last = said;
        }
    }
    if record.rows == 0 {
        return Err(CallError::trouble("NO_FILES", "The item has no files to scan.", "Add its files first."));
    }
    super::verify::unchanged(handle, &item)?;
    let passed = found.is_empty();
    let note = match passed {
        true => format!("{called} found nothing in {}. {last}", counted(record.rows, "file")),
        false => format!("{called} found something. {}", found.join(" ")),
    };
    let note = note.trim().to_owned();
    let files = Some(item.files_digest());
    let command = DslCommand::RecordCheck { check: CheckKind::MalwareScan, passed, note: note.clone(), files };
    app.issue(Command::Dsl(item.id, command), Some((Kind::DslItem, item.id.0)))?;
    record.note = note;
    Ok(())
}

/// Whether the scanner found something in a file, and what it said.
fn one(
    handle: &mut Handle,
    record: &mut JobRecord,
    words: &[String],
    file: &MasterFile,
) -> Result<(bool, String), CallError> {
    let sha256 = file.hash().ok_or(BlobError::WrongHash)?;
    fetch(handle, record, sha256, file.size_bytes)?;
    let failed = |error: std::io::Error| {
        CallError::trouble(
            "SCAN_FAILED",
            format!("{} could not be scanned: {error}.", file.name),
            "Look at the scanner and at the room on the disk, then scan again.",
        )
    };
    // For its maker alone, and gone when it is dropped.
    let folder = tempfile::tempdir().map_err(failed)?;
    let path = folder.path().join(&file.name);
    let mut out = BufWriter::new(File::create(&path).map_err(failed)?);
    let before = record.done;
    let (store, now) = (handle.open.store.clone(), handle.app.host().now());
    store.copy_blob_watched(sha256, &mut out, now, &mut told(handle, record))?;
    record.done = before;
    out.flush().map_err(failed)?;
    drop(out);
    private(folder.path(), &path).map_err(failed)?;
    let mut said = tempfile::tempfile().map_err(failed)?;
    let mut program = Program::new(words.first().map_or("", String::as_str));
    program.args(words.iter().skip(1)).arg(&path).stdin(Stdio::null()).current_dir(folder.path());
    program.stdout(said.try_clone().map_err(failed)?).stderr(said.try_clone().map_err(failed)?);
    let code = ended(handle, program.spawn().map_err(failed)?).map_err(failed)?;
    let Some(code) = code else { return Err(BlobError::Stopped.into()) };
    said.rewind().map_err(failed)?;
    let mut text = Vec::new();
    said.take(SAID_BYTES).read_to_end(&mut text).map_err(failed)?;
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let shown = path.display().to_string();
    let line: String = line.replace(&shown, &file.name).chars().filter(|c| !c.is_control()).take(SAID_CHARS).collect();
    match code {
        0 => Ok((false, line)),
        1 => Ok((true, line)),
        other => Err(failed(std::io::Error::other(format!("the scanner ended with {other}, and said: {line}")))),
    }
}

/// Nobody but its maker reads what lies there; scanners that run as a service are handed the open file (clamdscan: --fdpass).
fn private(folder: &Path, file: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        fs::set_permissions(file, fs::Permissions::from_mode(0o400))?;
    }
    let _ = (folder, file);
    Ok(())
}

/// Waits for the end of the scanner: what it ended with, or nothing if it was stopped.
fn ended(handle: &Handle, mut child: Child) -> std::io::Result<Option<i32>> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.code().unwrap_or(-1)));
        }
        let stopped = handle.stop().is_some();
        if stopped || began.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "the scanner did not come to an end");
            return if stopped { Ok(None) } else { Err(late) };
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
