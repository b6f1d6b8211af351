//! What a file has named before, in a few bytes a row: files have a million of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// The line on which each key was seen first.
///
/// Only hashes are kept. That two of a million keys share one happens to one file in forty million; the second row is
/// then refused and named like any other.
#[derive(Debug, Default)]
pub struct Seen {
    lines: HashMap<u64, u32>,
    hasher: RandomState,
}

impl Seen {
    /// The line on which the key was seen before; from now on this one, if it was not.
    pub fn before(&mut self, key: &str, line: u32) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        match self.lines.entry(hash) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(line);
                None
            }
        }
    }

    /// Whether the key was seen.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.lines.contains_key(&self.hasher.hash_one(key))
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn the_first_line_of_a_key_is_remembered() {
        let mut seen = Seen::default();
        assert_eq!(seen.before("a", 2), None);
        assert_eq!(seen.before("b", 3), None);
        assert_eq!(seen.before("a", 4), Some(2), "the first, not the last");
        assert!(seen.has("b") && !seen.has("c"));
    }
}
