//! A disk that can be filled.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A file system of a few megabytes, where the tests run with the right to mount one.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// One of so many MiB; nothing, said aloud, where none may be mounted.
    pub fn mount(size_mib: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size_mib}m"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(folder));
        }
        eprintln!("skipped: no file system may be mounted here");
        None
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room at all.
    pub fn fill(&self) {
        let mut ballast = File::options().append(true).create(true).open(self.ballast()).expect("a file");
        for size in [1 << 20, 1 << 12, 1] {
            while ballast.write(&vec![0; size]).is_ok_and(|written| written > 0) {}
        }
    }

    /// Leaves so many bytes.
    pub fn leave(&self, bytes: usize) {
        self.fill();
        let ballast = File::options().write(true).open(self.ballast()).expect("the ballast");
        let held = ballast.metadata().expect("its length").len();
        ballast.set_len(held.saturating_sub(bytes as u64)).expect("a shorter ballast");
    }

    /// Gives the room back.
    pub fn empty(&self) {
        fs::remove_file(self.ballast()).expect("the ballast");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that another test just forked may hold the folder for a moment.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
