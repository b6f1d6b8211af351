//! Lock files of a profile: what two programs on it must not do at the same time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// Between two looks at a lock.
const STEP: Duration = Duration::from_millis(50);

/// Takes a lock, which is free again when the file is dropped; blocks while another program holds it.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] when it is still held after this time; or the file cannot be made.
pub(crate) fn take(path: &Path, wait: Duration) -> io::Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    let until = Instant::now() + wait;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(STEP),
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
