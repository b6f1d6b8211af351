//! Proofs about the audit log's tree, as RFC 6962 (section 2.1) makes them and RFC 9162 (sections 2.1.3 and 2.1.4)
//! verifies them: that an entry is in a tree, and that a tree continues an earlier one. Both have O(log n) hashes.

use super::{Checkpoint, Hash, node_hash};
use crate::encoding::Base64;

/// Most hashes in a proof: two for each level of the largest tree.
pub const HASHES: usize = 128;

/// Where the hashes of complete subtrees come from: the one of 2^`height` leaves, the `index`th of its size.
pub trait Nodes {
    /// Why there is none.
    type Error;

    /// The root of a complete subtree.
    ///
    /// # Errors
    /// It cannot be had.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// The hashes that lead from an entry to the root of the first `size` entries; none where `index` is not among them.
///
/// # Errors
/// A node cannot be had.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut out = Vec::new();
    if index < size {
        path(nodes, index, 0, size, &mut out)?;
    }
    Ok(out)
}

/// The hashes that show the first `from` entries to be the beginning of the first `to`; none where nothing is to be
/// shown: `from` is 0, or not below `to`.
///
/// # Errors
/// A node cannot be had.
pub fn consistency<N: Nodes>(nodes: &mut N, from: u64, to: u64) -> Result<Vec<Hash>, N::Error> {
    let mut out = Vec::new();
    if from > 0 && from < to {
        subproof(nodes, from, 0, to, true, &mut out)?;
    }
    Ok(out)
}

/// Whether the entry of this hash is the `index`th of the tree.
#[must_use]
pub fn includes(tree: &Checkpoint, index: u64, leaf: &Hash, proof: &[Hash]) -> bool {
    if index >= tree.size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, tree.size - 1, *leaf);
    for step in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(step, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == tree.root
}

/// Whether the tree `new` begins with all of the tree `old`: nothing was changed, removed or put in another place.
#[must_use]
pub fn continues(old: &Checkpoint, new: &Checkpoint, proof: &[Hash]) -> bool {
    if old.size >= new.size || old.size == 0 {
        let same = old.size == new.size && old.root == new.root;
        return proof.is_empty() && (same || (old.size == 0 && new.size > 0));
    }
    // A complete subtree is its own beginning, and its root is known to whoever has the old checkpoint.
    let (first, rest) = match proof.split_first() {
        _ if old.size.is_power_of_two() => (&old.root, proof),
        Some(split) => split,
        None => return false,
    };
    let (mut at, mut last) = (old.size - 1, new.size - 1);
    let shift = at.trailing_ones();
    (at, last) = (at >> shift, last >> shift);
    let (mut before, mut after) = (*first, *first);
    for step in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            before = node_hash(step, &before);
            after = node_hash(step, &after);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            after = node_hash(&after, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && before == old.root && after == new.root
}

/// The hashes of a proof as they go over the wire.
#[must_use]
pub fn written(proof: &[Hash]) -> Vec<Base64> {
    proof.iter().map(|hash| Base64(hash.to_vec())).collect()
}

/// The hashes of a proof as they came; `None` where one is no hash, or there are more than any tree needs.
#[must_use]
pub fn read(proof: &[Base64]) -> Option<Vec<Hash>> {
    if proof.len() > HASHES {
        return None;
    }
    proof.iter().map(|hash| hash.0.as_slice().try_into().ok()).collect()
}

/// The largest power of two below `n`, which is at least 2.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// Root of the entries from `start`, a multiple of the largest power of two in their number, to before `end`.
fn root<N: Nodes>(nodes: &mut N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let count = end - start;
    if count.is_power_of_two() {
        let height = count.trailing_zeros();
        return nodes.node(height, start >> height);
    }
    let middle = start + split(count);
    let left = root(nodes, start, middle)?;
    Ok(node_hash(&left, &root(nodes, middle, end)?))
}

fn path<N: Nodes>(nodes: &mut N, index: u64, start: u64, end: u64, out: &mut Vec<Hash>) -> Result<(), N::Error> {
    if end - start <= 1 {
        return Ok(());
    }
    let middle = start + split(end - start);
    if index < middle {
        path(nodes, index, start, middle, out)?;
        out.push(root(nodes, middle, end)?);
    } else {
        path(nodes, index, middle, end, out)?;
        out.push(root(nodes, start, middle)?);
    }
    Ok(())
}

/// SUBPROOF of RFC 6962: `from` counts from the beginning of the log, `known`: all before it is one the verifier knows.
fn subproof<N: Nodes>(
    nodes: &mut N,
    from: u64,
    start: u64,
    end: u64,
    known: bool,
    out: &mut Vec<Hash>,
) -> Result<(), N::Error> {
    if from == end {
        if !known {
            out.push(root(nodes, start, end)?);
        }
        return Ok(());
    }
    let middle = start + split(end - start);
    if from <= middle {
        subproof(nodes, from, start, middle, known, out)?;
        out.push(root(nodes, middle, end)?);
    } else {
        subproof(nodes, from, middle, end, false, out)?;
        out.push(root(nodes, start, middle)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
