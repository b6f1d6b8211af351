//! What happened in a run, line by line, and how often.

use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// Shared by the parts of a world, and read after one of them gave up.
pub type Telling = Rc<RefCell<Story>>;

#[derive(Clone, Debug, Default)]
pub struct Story {
    now: u64,
    lines: Vec<String>,
    counts: BTreeMap<&'static str, u64>,
}

impl Story {
    pub fn set_clock(&mut self, now: u64) {
        self.now = now;
    }

    /// Tells what happened, at the time of the virtual clock in seconds.
    pub fn tell(&mut self, what: impl AsRef<str>) {
        let since = self.now.saturating_sub(crate::world::START_MS);
        self.lines.push(format!("{:>9}.{:03} {}", since / 1000, since % 1000, what.as_ref()));
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Equal for two runs in which the same things happened at the same times.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for line in &self.lines {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        hash.finalize().iter().take(8).fold(String::new(), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
    }
}
