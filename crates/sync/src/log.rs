//! The audit log's Merkle tree (RFC 6962) and its signed checkpoints (C2SP tlog-checkpoint and signed-note).
//!
//! A leaf holds only a salted hash; envelope, result and salt stand outside it, so that erasing salt and body
//! leaves the tree whole.

pub mod alarm;
pub mod export;
pub mod proof;
pub mod proved;
pub mod tile;

use crate::encoding::{decode, encode};
use crate::signing::{PrivateKey, PublicKey};
use sha2::{Digest, Sha256};

/// A SHA-256.
pub type Hash = [u8; 32];

/// What a leaf stands for: everything that was decided about one command.
#[derive(Clone, Copy, Debug)]
pub struct LeafParts<'a> {
    /// Random; erasing it makes the leaf say nothing any more.
    pub salt: &'a [u8],
    /// The payload, exactly as sent.
    pub payload: &'a [u8],
    /// The device's signature over it.
    pub signature: &'a [u8],
    /// JSON of the verdict, exactly as stored.
    pub result: &'a [u8],
    /// First sequence it was given; 0 when it changed nothing.
    pub seq_from: u64,
    /// Last sequence it was given; 0 when it changed nothing.
    pub seq_to: u64,
    /// Server clock.
    pub judged_at_ms: i64,
    /// Hash over the records it changed, as they were after it.
    pub changes: &'a Hash,
}

/// RFC 6962 hash of the leaf for these parts. Each part goes in with its length, so no two lists of parts collide.
#[must_use]
pub fn leaf_hash(parts: &LeafParts<'_>) -> Hash {
    let mut inner = Sha256::new();
    for part in [parts.salt, parts.payload, parts.signature, parts.result] {
        inner.update((part.len() as u64).to_be_bytes());
        inner.update(part);
    }
    inner.update(parts.seq_from.to_be_bytes());
    inner.update(parts.seq_to.to_be_bytes());
    inner.update(parts.judged_at_ms.to_be_bytes());
    inner.update(parts.changes);
    let salted: Hash = inner.finalize().into();
    Sha256::new().chain_update([0]).chain_update(salted).finalize().into()
}

/// RFC 6962 hash of the node over two others.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The right edge of a tree: roots of its complete subtrees, largest first. Enough to append and to give the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    roots: Vec<Hash>,
}

impl Edge {
    /// The edge of a tree of this size; `None` if the number of subtrees is not that of the size.
    #[must_use]
    pub fn new(size: u64, roots: Vec<Hash>) -> Option<Self> {
        (u64::from(size.count_ones()) == roots.len() as u64).then_some(Self { size, roots })
    }

    /// Leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the complete subtrees, largest first.
    #[must_use]
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Adds a leaf.
    pub fn append(&mut self, leaf: Hash) {
        self.append_showing(leaf, |_, _, _| ());
    }

    /// Adds a leaf, and shows every subtree that it makes complete: its height above the leaves, the how many-th of its
    /// size it is, and its root.
    pub fn append_showing(&mut self, leaf: Hash, mut show: impl FnMut(u32, u64, &Hash)) {
        let mut hash = leaf;
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
                show(height, self.size >> height, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// Root of the whole tree; SHA-256 of nothing for the empty one.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut from_right = self.roots.iter().rev();
        let Some(last) = from_right.next() else { return Sha256::digest([]).into() };
        from_right.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// Size and root of the log at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: also the name of its key.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root.
    pub root: Hash,
}

impl Checkpoint {
    fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, encode(&self.root))
    }

    /// The signed note.
    #[must_use]
    pub fn sign(&self, key: &PrivateKey) -> String {
        let text = self.text();
        let mut signature = key_id(&self.origin, &key.public()).to_vec();
        signature.extend(key.sign(text.as_bytes()));
        format!("{text}\n\u{2014} {} {}\n", self.origin, encode(&signature))
    }

    /// Reads a signed note of the log of this name, if its signature is by this key.
    #[must_use]
    pub fn verify(note: &str, origin: &str, key: &PublicKey) -> Option<Self> {
        let (text, signatures) = note.split_once("\n\n")?;
        let mut lines = text.lines();
        let (name, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let checkpoint =
            Self { origin: name.to_owned(), size: size.parse().ok()?, root: decode(root)?.try_into().ok()? };
        let signed = format!("{text}\n");
        let ours = format!("\u{2014} {origin} ");
        let valid = signatures.lines().filter_map(|line| line.strip_prefix(&ours)).filter_map(decode).any(|bytes| {
            bytes
                .split_at_checked(4)
                .is_some_and(|(id, signature)| id == key_id(origin, key) && key.verifies(signed.as_bytes(), signature))
        });
        (name == origin && valid).then_some(checkpoint)
    }
}

fn key_id(name: &str, key: &PublicKey) -> [u8; 4] {
    const ED25519: u8 = 1;
    let digest = Sha256::new()
        .chain_update(name.as_bytes())
        .chain_update([b'\n', ED25519])
        .chain_update(key.to_bytes())
        .finalize();
    let mut id = [0; 4];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::encoding::hex;

    fn slow_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => *one,
            many => {
                let split = (many.len().next_power_of_two() / 2).min(many.len() - 1);
                let (left, right) = many.split_at(split);
                node_hash(&slow_root(left), &slow_root(right))
            }
        }
    }

    #[test]
    fn the_edge_gives_the_root_of_rfc_6962_at_every_size() {
        let mut edge = Edge::default();
        let mut leaves = Vec::new();
        for n in 0_u8..=130 {
            assert_eq!(edge.root(), slow_root(&leaves), "at size {n}");
            let leaf = Sha256::new().chain_update([0]).chain_update([n]).finalize().into();
            leaves.push(leaf);
            edge.append(leaf);
        }
    }

    #[test]
    fn the_root_is_that_of_the_published_vectors() {
        let mut edge = Edge::default();
        assert_eq!(hex(&edge.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        edge.append(Sha256::digest([0]).into());
        assert_eq!(hex(&edge.root()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        edge.append(Sha256::digest([0, 0]).into());
        assert_eq!(hex(&edge.root()), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    }

    #[test]
    fn a_checkpoint_is_believed_only_as_signed() {
        let key = PrivateKey::from_seed(&[3; 32]);
        let checkpoint = Checkpoint { origin: "slipway/test".into(), size: 5, root: [9; 32] };
        let note = checkpoint.sign(&key);
        let read = |note: &str, name: &str, key: &PrivateKey| Checkpoint::verify(note, name, &key.public());
        assert_eq!(read(&note, "slipway/test", &key).unwrap(), checkpoint, "round trip");
        assert!(read(&note.replace("\n5\n", "\n6\n"), "slipway/test", &key).is_none(), "altered size");
        assert!(read(&note, "slipway/other", &key).is_none(), "another log");
        assert!(read(&note, "slipway/test", &PrivateKey::from_seed(&[4; 32])).is_none(), "another key");
    }
}
