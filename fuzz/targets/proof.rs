//! A proof about the audit log: whatever comes, only what is so is proved.

#![no_main]

use libfuzzer_sys::fuzz_target;
use slipway_sync::log::proof::{continues, includes, read};
use slipway_sync::log::{Checkpoint, Edge, Hash};
use slipway_sync::protocol::LogProof;

fuzz_target!(|input: (u8, u8, u8, u8, &str)| {
    let (old, new, index, changed, text) = input;
    let Ok(proof) = serde_json::from_str::<LogProof>(text) else { return };
    let Some(hashes) = read(&proof.hashes) else { return };
    let (old, new) = (u64::from(old.min(new)), u64::from(old.max(new)));
    let (honest, shown) = (tree(old, None), tree(new, None));
    // Whatever the honest log's proof is, it proves no other beginning.
    if old > 0 && continues(&honest, &shown, &hashes) {
        let forged = tree(old, Some(u64::from(changed) % old));
        assert!(!continues(&forged, &shown, &hashes), "another beginning by the same proof");
    }
    if includes(&shown, u64::from(index), &leaf(u64::from(index)), &hashes) {
        assert!(u64::from(index) < new, "an entry beyond the end");
        assert!(!includes(&shown, u64::from(index), &[9; 32], &hashes), "another entry at the same place");
    }
    // Sizes as large as they get must not overflow.
    let large = |size, root| Checkpoint { origin: String::new(), size, root };
    assert!(!continues(&large(u64::MAX - old, [1; 32]), &large(u64::MAX, [2; 32]), &hashes));
    assert!(!includes(&large(u64::MAX, [2; 32]), u64::MAX - new, &[3; 32], &hashes));
});

fn leaf(n: u64) -> Hash {
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&n.to_be_bytes());
    hash
}

fn tree(size: u64, changed: Option<u64>) -> Checkpoint {
    let mut edge = Edge::default();
    (0..size).for_each(|n| edge.append(if changed == Some(n) { [7; 32] } else { leaf(n) }));
    Checkpoint { origin: String::new(), size, root: edge.root() }
}
