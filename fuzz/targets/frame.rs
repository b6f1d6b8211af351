//! A part of a snapshot: the manifest, and a frame whose hash is right whatever is in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use slipway_sync::bucket::Bucket;
use slipway_sync::encoding::Base64;
use slipway_sync::protocol::{BucketSum, Epoch};
use slipway_sync::snapshot::{Frame, Manifest};

fuzz_target!(|input: (bool, u32, &[u8])| {
    let (plain, records, bytes) = input;
    let _ = Manifest::read(bytes);
    // Either the records themselves, or what the decompressor is to take.
    let packed = if plain { zstd::bulk::compress(bytes, 1).expect("bytes can be packed") } else { bytes.to_vec() };
    let length = u32::try_from(packed.len()).expect("a small input");
    let size = if plain { u32::try_from(bytes.len()).expect("a small input") } else { 1 << 16 };
    let manifest = Manifest {
        domain: Manifest::DOMAIN.to_owned(),
        log: "slipway/test".into(),
        epoch: Epoch(uuid::Uuid::nil()),
        bucket: Bucket::Workspace,
        seq: 1,
        sum: BucketSum::default(),
        frames: vec![Frame {
            offset: 0,
            length,
            plain: size,
            records: records % 64,
            sha256: Base64(Sha256::digest(&packed).to_vec()),
        }],
    };
    let mut shown = 0_u64;
    if let Ok(sum) = manifest.unpack(0, &packed, &mut |_, _| shown += 1) {
        assert_eq!(sum.count, shown, "it counts what it shows");
    }
    let cut = packed.len() / 2;
    assert!(manifest.split(0, &packed[..cut]).is_ok_and(|frames| frames.is_empty() || cut == packed.len()));
});
