//! What laptop and server compare after each exchange: a sum for each bucket, and a hash over everything.
//!
//! Both sides take these formulas from here, so a mismatch means different records and never different arithmetic.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Checksum of one row of a bucket.
///
/// The first 8 bytes, big-endian, of the SHA-256 of the UTF-8 text `kind|id|seq|body`: the kind's stable name, the
/// id in lower-case hyphenated form, the sequence number in decimal at which the row last moved in that bucket, and
/// the stored body exactly as it travels.
///
/// A bucket's sum is the wrapping 64-bit sum of this over all rows present in it. Because addition commutes, a side
/// keeps the sum by taking a row's old value off and adding the new one; nobody ever has to read the whole bucket.
#[must_use]
pub fn row_checksum(kind: &str, id: Uuid, seq: u64, body: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update(b"|");
    hash.update(id.hyphenated().to_string().as_bytes());
    hash.update(b"|");
    hash.update(seq.to_string().as_bytes());
    hash.update(b"|");
    hash.update(body.as_bytes());
    hash.finalize().iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// Hash over a whole state: SHA-256 of one line `kind|id|body\n` for each record.
///
/// The records come in ascending order of kind name, then id; bodies are JSON on one line, so lines cannot be
/// mistaken for one another. Sequence numbers are left out: equal records give equal hashes on any server.
#[derive(Clone, Debug, Default)]
pub struct StateHash(Sha256);

impl StateHash {
    /// Takes the next record in.
    pub fn add(&mut self, kind: &str, id: Uuid, body: &str) {
        self.0.update(kind.as_bytes());
        self.0.update(b"|");
        self.0.update(id.hyphenated().to_string().as_bytes());
        self.0.update(b"|");
        self.0.update(body.as_bytes());
        self.0.update(b"\n");
    }

    /// Lower-case hex of the hash over everything taken in.
    #[must_use]
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Hash over records that come in ascending order of kind name, then id; see [`StateHash`].
#[must_use]
pub fn state_hash<'a>(records: impl IntoIterator<Item = (&'a str, Uuid, &'a str)>) -> String {
    let mut hash = StateHash::default();
    for (kind, id, body) in records {
        hash.add(kind, id, body);
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::{row_checksum, state_hash};
    use uuid::Uuid;

    const ID: Uuid = Uuid::from_u128(1);

    #[test]
    fn the_row_checksum_is_pinned() {
        // `printf 'site|00000000-0000-0000-0000-000000000001|7|{}' | sha256sum` begins with these digits.
        assert_eq!(
            format!("{:016x}", row_checksum("site", ID, 7, "{}")),
            "78ae76a55a1e9d01",
            "servers and laptops of every version must agree on it"
        );
    }

    #[test]
    fn every_part_of_a_row_counts() {
        let base = row_checksum("site", ID, 7, "{}");
        assert_ne!(base, row_checksum("group", ID, 7, "{}"), "the kind counts");
        assert_ne!(base, row_checksum("site", Uuid::from_u128(2), 7, "{}"), "the id counts");
        assert_ne!(base, row_checksum("site", ID, 8, "{}"), "the sequence counts");
        assert_ne!(base, row_checksum("site", ID, 7, "{ }"), "the body counts");
    }

    #[test]
    fn the_state_hash_is_pinned() {
        // `printf 'site|00000000-0000-0000-0000-000000000001|{}\n' | sha256sum`
        assert_eq!(
            state_hash([("site", ID, "{}")]),
            "9a37b8ea13dc6f219ff62bb533c7e6e45e48d48614b325be351dad47989a731a",
            "servers and laptops of every version must agree on it"
        );
    }
}
