//! What several targets need.

pub mod import;

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder in memory, for one input.
pub struct Place(TempDir);

impl Place {
    /// An empty one.
    #[allow(clippy::new_without_default, reason = "it makes a folder")]
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        Self(made.expect("a temporary folder"))
    }

    /// A path within.
    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What lies there, by name.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).expect("the folder is there");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}
