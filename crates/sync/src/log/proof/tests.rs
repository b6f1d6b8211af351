//! Proofs for every pair of small sizes, made from a tree computed by the definition alone.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::*;
use crate::log::Edge;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::convert::Infallible;

/// Sizes up to which every pair is tried.
const ALL: u64 = 70;

struct Tree(Vec<Hash>);

impl Tree {
    fn of(size: u64) -> Self {
        Self((0..size).map(leaf).collect())
    }

    fn checkpoint(&self, size: u64) -> Checkpoint {
        let mut edge = Edge::default();
        self.0.iter().take(usize::try_from(size).unwrap()).for_each(|leaf| edge.append(*leaf));
        Checkpoint { origin: "slipway/test".into(), size, root: edge.root() }
    }

    fn consistency(&mut self, from: u64, to: u64) -> Vec<Hash> {
        consistency(self, from, to).unwrap()
    }

    fn inclusion(&mut self, index: u64, size: u64) -> Vec<Hash> {
        inclusion(self, index, size).unwrap()
    }
}

impl Nodes for Tree {
    type Error = Infallible;

    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Infallible> {
        let from = usize::try_from(index << height).unwrap();
        let mut row: Vec<Hash> = self.0[from..from + (1 << height)].to_vec();
        while row.len() > 1 {
            row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
        }
        Ok(row[0])
    }
}

fn leaf(n: u64) -> Hash {
    Sha256::new().chain_update([0]).chain_update(n.to_be_bytes()).finalize().into()
}

/// Every other proof that is near this one: a hash altered, left out, doubled, or put in another place.
fn neighbours(proof: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = Vec::new();
    for at in 0..proof.len() {
        let mut altered = proof.to_vec();
        altered[at][at % 32] ^= 1;
        all.push(altered);
        let mut shorter = proof.to_vec();
        shorter.remove(at);
        all.push(shorter);
        let mut longer = proof.to_vec();
        longer.insert(at, proof[at]);
        all.push(longer);
        if at > 0 {
            let mut turned = proof.to_vec();
            turned.swap(at - 1, at);
            all.push(turned);
        }
    }
    let mut longer = proof.to_vec();
    longer.push([7; 32]);
    all.push(longer);
    all
}

#[test]
fn every_entry_of_every_small_tree_is_proved_and_nothing_near_it_is() {
    let mut tree = Tree::of(ALL);
    for size in 1..=ALL {
        let whole = tree.checkpoint(size);
        for index in 0..size {
            let proof = tree.inclusion(index, size);
            assert!(includes(&whole, index, &leaf(index), &proof), "{index} of {size}");
            assert!(!includes(&whole, index, &leaf(index + 1), &proof), "another entry at {index} of {size}");
            assert!(proof.len() <= HASHES);
            for other in (0..size + 2).filter(|other| *other != index) {
                assert!(!includes(&whole, other, &leaf(index), &proof), "{index} of {size} at {other}");
            }
            for wrong in neighbours(&proof) {
                assert!(!includes(&whole, index, &leaf(index), &wrong), "{index} of {size} by another proof");
            }
        }
    }
}

#[test]
fn every_small_tree_continues_every_smaller_one_and_by_no_other_proof() {
    let mut tree = Tree::of(ALL);
    for to in 1..=ALL {
        let new = tree.checkpoint(to);
        for from in 0..=to {
            let old = tree.checkpoint(from);
            let proof = tree.consistency(from, to);
            assert!(continues(&old, &new, &proof), "{from} to {to}");
            if from > 0 {
                let other = Checkpoint { root: [1; 32], ..old.clone() };
                assert!(!continues(&other, &new, &proof), "another tree of {from} to {to}");
                for wrong in neighbours(&proof) {
                    assert!(!continues(&old, &new, &wrong), "{from} to {to} by another proof");
                }
            }
            let other = Checkpoint { root: [1; 32], ..new.clone() };
            assert!(from == 0 || !continues(&old, &other, &proof), "{from} to another tree of {to}");
            assert!(from == to || !continues(&new, &old, &proof), "{to} back to {from}");
        }
    }
}

proptest! {
    /// A changed, a removed, and two exchanged entries: the tree grown from them continues no tree that held them.
    #[test]
    fn a_log_with_another_past_continues_nothing(from in 1_u64..60, more in 1_u64..60, at in 0_u64..60, how in 0..3) {
        let at = usize::try_from(at % from).unwrap();
        let mut honest = Tree::of(from + more + 1);
        let seen = honest.checkpoint(from);
        let mut forged = Tree::of(from + more + 1);
        match how {
            0 => forged.0[at] = [9; 32],
            1 => drop(forged.0.remove(at)),
            _ => forged.0.swap(at, at + 1),
        }
        // Two exchanged entries of which one came after the checkpoint are a changed one to whoever saw only the other.
        let shown = forged.checkpoint(from + more);
        let proof = forged.consistency(from, from + more);
        prop_assert!(!continues(&seen, &shown, &proof));
        let honest = honest.consistency(from, from + more);
        prop_assert!(!continues(&seen, &shown, &honest), "the honest log's proof does not fit the forged tree");
    }

    /// Whatever comes as a proof, reading and verifying it ends, and proves nothing that is not so.
    #[test]
    fn what_is_no_proof_proves_nothing(
        sizes in (1_u64.., 1_u64..),
        index in any::<u64>(),
        proof in prop::collection::vec(prop::collection::vec(any::<u8>(), 30..34), 0..140),
    ) {
        let proof: Vec<Base64> = proof.into_iter().map(Base64).collect();
        if let Some(hashes) = read(&proof) {
            let (old, new) = (sizes.0.min(sizes.1), sizes.0.max(sizes.1));
            let tree = |size, root| Checkpoint { origin: "slipway/test".into(), size, root };
            prop_assert!(!continues(&tree(old, [1; 32]), &tree(new, [2; 32]), &hashes));
            prop_assert!(!includes(&tree(new, [2; 32]), index, &[3; 32], &hashes));
        }
    }
}

#[test]
fn a_proof_stays_short_in_a_log_of_a_million_entries() {
    struct Counted(usize);
    impl Nodes for Counted {
        type Error = Infallible;
        fn node(&mut self, _: u32, _: u64) -> Result<Hash, Infallible> {
            self.0 += 1;
            Ok([0; 32])
        }
    }
    let mut nodes = Counted(0);
    let proof = consistency(&mut nodes, 999_983, 1_000_003).unwrap();
    assert!(proof.len() <= 40 && nodes.0 <= 80, "{} hashes from {} nodes", proof.len(), nodes.0);
}

#[test]
fn more_hashes_than_any_tree_needs_are_not_read() {
    assert!(read(&vec![Base64(vec![0; 32]); HASHES]).is_some());
    assert!(read(&vec![Base64(vec![0; 32]); HASHES + 1]).is_none());
    assert!(read(&[Base64(vec![0; 31])]).is_none());
}
