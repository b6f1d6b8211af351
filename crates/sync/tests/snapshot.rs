//! Snapshots: what is packed is what is unpacked, and nothing else is.

use proptest::prelude::*;
use slipway_sync::bucket::Bucket;
use slipway_sync::encoding::Base64;
use slipway_sync::limits::{FRAME_BYTES, FRAME_PLAIN_BYTES};
use slipway_sync::protocol::{BucketSum, Epoch};
use slipway_sync::signing::PrivateKey;
use slipway_sync::snapshot::{BadSnapshot, Manifest, Packer, Row, SignedManifest, SnapshotId};
use uuid::Uuid;

pub const LOG: &str = "slipway/test";

pub fn key(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&[n; 32])
}

/// A snapshot of these bodies: its manifest and its file.
pub fn pack(bodies: &[String]) -> (Manifest, Vec<u8>) {
    let (mut packer, mut file) = (Packer::default(), Vec::new());
    for (n, body) in bodies.iter().enumerate() {
        let row = Row { kind: "ci", id: Uuid::from_u128(n as u128), seq: n as u64 + 1, body };
        file.extend(packer.add(row).unwrap().unwrap_or_default());
    }
    let (last, frames, sum) = packer.finish().unwrap();
    file.extend(last.unwrap_or_default());
    let manifest = Manifest {
        domain: Manifest::DOMAIN.into(),
        log: LOG.into(),
        epoch: Epoch(Uuid::nil()),
        bucket: Bucket::Workspace,
        seq: 77,
        sum,
        frames,
    };
    (manifest, file)
}

fn unpack(manifest: &Manifest, frames: &[Vec<u8>]) -> Result<(Vec<String>, BucketSum), BadSnapshot> {
    let (mut bodies, mut sum) = (Vec::new(), BucketSum::default());
    for (n, frame) in frames.iter().enumerate() {
        let part = manifest.unpack(n, frame, &mut |row, _| bodies.push(row.body.to_owned()))?;
        sum = BucketSum { count: sum.count + part.count, sum: sum.sum.wrapping_add(part.sum) };
    }
    Ok((bodies, sum))
}

/// Bodies that fill several frames and do not shrink much.
pub fn many() -> Vec<String> {
    let mut state = 1_u64;
    let mut text = |length: usize| {
        let mut body = String::with_capacity(length);
        while body.len() < length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            body.push_str(&format!("{:x}", state >> 20));
        }
        body
    };
    (0..10).map(|_| text(FRAME_BYTES / 3)).collect()
}

#[test]
fn what_is_packed_comes_out_frame_by_frame() {
    let bodies = many();
    let (manifest, file) = pack(&bodies);
    assert!(manifest.frames.len() >= 3, "{} frames", manifest.frames.len());
    assert_eq!(manifest.bytes(), file.len() as u64);
    let frames = manifest.split(0, &file).unwrap();
    assert_eq!(unpack(&manifest, &frames).unwrap(), (bodies, manifest.sum));
    // Cut anywhere, the whole frames are there and the fetch goes on behind them.
    for cut in [0, 1, file.len() / 2, file.len() - 1] {
        let had = manifest.split(0, &file[..cut]).unwrap();
        assert_eq!(had.as_slice(), &frames[..had.len()], "cut at {cut}");
        let place = manifest.place(&manifest.stretch(had.len(), u64::MAX));
        assert!(place.start <= cut as u64 && place.end == file.len() as u64, "cut at {cut}: {place:?}");
        let rest = &file[usize::try_from(place.start).unwrap()..];
        assert_eq!(manifest.split(had.len(), rest).unwrap(), frames[had.len()..], "cut at {cut}");
    }
    assert_eq!(manifest.stretch(1, 1), 1..2, "at least one");
    assert_eq!(manifest.stretch(frames.len(), 1), frames.len()..frames.len(), "nothing is left");
}

#[test]
fn a_snapshot_of_nothing_has_no_frames() {
    let (manifest, file) = pack(&[]);
    assert!(manifest.frames.is_empty() && file.is_empty() && manifest.bytes() == 0);
    assert!(Manifest::read(&serde_json::to_vec(&manifest).unwrap()).is_ok());
}

#[test]
fn a_manifest_is_believed_only_as_signed_and_whole() {
    let (manifest, _) = pack(&many());
    let signed = SignedManifest::sign(&manifest, &key(1)).unwrap();
    assert_eq!(signed.open(LOG, &key(1).public()).unwrap(), manifest);
    assert_eq!(signed.open(LOG, &key(2).public()), Err(BadSnapshot::Forged), "another key");
    assert!(matches!(signed.open("slipway/other", &key(1).public()), Err(BadSnapshot::Manifest(_))), "another log");
    let mut altered = signed.clone();
    altered.payload.0[100] ^= 1;
    assert_eq!(altered.open(LOG, &key(1).public()), Err(BadSnapshot::Forged), "one bit");
    assert_ne!(altered.id(), signed.id(), "another manifest is another snapshot");
    assert_eq!(signed.id().to_string().parse::<SnapshotId>().unwrap(), signed.id());
    for text in ["", "../../etc/passwd", &"g".repeat(64), &"A".repeat(64), &"0".repeat(63), &"0".repeat(66)] {
        assert!(text.parse::<SnapshotId>().is_err(), "{text:?} is no id");
    }
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut wrong = manifest.clone();
        change(&mut wrong);
        matches!(Manifest::read(&serde_json::to_vec(&wrong).unwrap()), Err(BadSnapshot::Manifest(_)))
    };
    assert!(refused(&|m| m.domain = "slipway.refresh.v1".into()), "another kind of signed text");
    assert!(refused(&|m| m.frames[1].offset += 1), "a gap");
    assert!(refused(&|m| m.frames[1].plain = u32::MAX), "a bomb");
    assert!(refused(&|m| m.frames[1].length = 0), "an empty part");
    assert!(refused(&|m| m.frames[1].records += 1), "another count");
}

#[test]
fn a_bomb_unpacks_to_no_more_than_a_frame_may_hold() {
    let bomb = zstd::bulk::compress(&vec![0; 64 * FRAME_PLAIN_BYTES], 3).unwrap();
    let (mut manifest, _) = pack(&["{}".to_owned()]);
    let sha256 = Base64(<sha2::Sha256 as sha2::Digest>::digest(&bomb).to_vec());
    manifest.frames[0].length = u32::try_from(bomb.len()).unwrap();
    manifest.frames[0].plain = u32::try_from(FRAME_PLAIN_BYTES).unwrap();
    manifest.frames[0].sha256 = sha256;
    let error = manifest.unpack(0, &bomb, &mut |_, _| panic!("nothing is shown")).unwrap_err();
    assert_eq!(error, BadSnapshot::Frame { frame: 0, why: "it cannot be unpacked" });
}

#[test]
fn records_out_of_order_or_too_large_are_not_packed() {
    let mut packer = Packer::default();
    let row = |n: u128, body| Row { kind: "ci", id: Uuid::from_u128(n), seq: 1, body };
    packer.add(row(2, "{}")).unwrap();
    assert_eq!(packer.add(row(2, "{}")), Err(BadSnapshot::Unsorted), "twice the same");
    assert_eq!(packer.add(row(1, "{}")), Err(BadSnapshot::Unsorted), "back");
    let large = "x".repeat(FRAME_PLAIN_BYTES);
    assert!(matches!(packer.add(row(3, &large)), Err(BadSnapshot::TooLarge { .. })));
}

proptest! {
    #[test]
    fn whatever_a_frame_holds_it_is_told_and_does_no_harm(plain in prop::collection::vec(any::<u8>(), 0..400), flip in any::<prop::sample::Index>()) {
        let (manifest, file) = pack(&["{\"a\":1}".to_owned(), "{}".to_owned()]);
        // A part that hashes right and holds anything.
        let packed = zstd::bulk::compress(&plain, 1).unwrap();
        let mut any = manifest.clone();
        any.frames[0].length = u32::try_from(packed.len()).unwrap();
        any.frames[0].plain = u32::try_from(plain.len()).unwrap();
        any.frames[0].sha256 = Base64(<sha2::Sha256 as sha2::Digest>::digest(&packed).to_vec());
        prop_assert!(any.unpack(0, &packed, &mut |_, _| ()).is_err());
        // A part that hashes wrong.
        let mut torn = file.clone();
        let at = flip.index(torn.len());
        torn[at] ^= 0x10;
        prop_assert!(manifest.unpack(0, &torn, &mut |_, _| ()).is_err());
        prop_assert!(manifest.split(0, &torn).is_err());
    }
}
