//! Carry files: what is packed comes out, whole or as far as it was copied, and nothing else does.

use proptest::prelude::*;
use slipway_domain::id::{DeviceId, PersonId, WorkspaceId};
use slipway_domain::time::Timestamp;
use slipway_sync::carry::{BadCarry, Manifest, Opening, Outside, Packer, Part, Route, seal};
use slipway_sync::encoding::Base64;
use slipway_sync::protocol::{Epoch, SignedCommand};
use slipway_sync::signing::PrivateKey;
use uuid::Uuid;

fn key(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&[n; 32])
}

fn manifest() -> Manifest {
    Manifest {
        domain: Manifest::DOMAIN.into(),
        workspace: WorkspaceId(Uuid::from_u128(1)),
        epoch: Epoch(Uuid::from_u128(2)),
        bundle: Uuid::from_u128(3),
        made_at: Timestamp(4),
        route: Route::ToServer,
        device: DeviceId(Uuid::from_u128(5)),
        person: PersonId(Uuid::from_u128(6)),
        first_counter: 1,
        commands: 0,
        wants: None,
        answers: None,
        to: None,
        parts: Vec::new(),
    }
}

fn part(n: u8, bytes: usize) -> Part {
    // Bytes that do not shrink, so that parts lie far apart in the file.
    let mut state = u64::from(n) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as u8
    };
    let payload = (0..bytes).map(|_| next()).collect();
    Part::Commands(vec![SignedCommand { payload: Base64(payload), signature: Base64(vec![n; 64]) }])
}

fn plain(parts: &[Part], by: &PrivateKey) -> Vec<u8> {
    let mut packer = Packer::default();
    for part in parts {
        packer.add(part).unwrap();
    }
    packer.finish(manifest(), by).unwrap()
}

fn sealed(parts: &[Part]) -> Vec<u8> {
    seal::seal(&plain(parts, &key(1)), Route::ToServer, seal::Seal::Key(&key(9).public())).unwrap()
}

/// The parts as far as they can be read, and why there are no more.
fn read(file: &[u8], with: seal::Open<'_>) -> Result<(Vec<Part>, Option<BadCarry>), BadCarry> {
    let outside = Outside::read(file)?;
    let opening = Opening::begin(seal::open(&file[outside.line..], with)?)?;
    let mut reader = opening.verify(&key(1).public())?;
    let mut parts = Vec::new();
    loop {
        match reader.next_part() {
            Ok(Some(part)) => parts.push(part),
            Ok(None) => return Ok((parts, None)),
            Err(error) => return Ok((parts, Some(error))),
        }
    }
}

#[test]
fn what_is_packed_comes_out_for_whom_it_is_sealed() {
    let parts = vec![part(1, 10), part(2, 100_000), part(3, 0)];
    let file = sealed(&parts);
    let outside = Outside::read(&file).unwrap();
    assert_eq!(outside.route, Route::ToServer);
    assert!(outside.is_whole(file.len() as u64) && !outside.is_whole(file.len() as u64 - 1), "it knows its length");
    assert_eq!(read(&file, seal::Open::Key(&key(9))).unwrap(), (parts, None));
    assert_eq!(read(&file, seal::Open::Key(&key(8))).unwrap_err(), BadCarry::NotForUs, "another key");
    assert!(!file.windows(16).any(|window| window == b"slipway.carry.v1"), "nobody else reads the manifest");
}

#[test]
fn a_passphrase_opens_and_another_one_does_not() {
    let parts = vec![part(1, 10)];
    let file = seal::seal(&plain(&parts, &key(1)), Route::ToLaptop, seal::Seal::Passphrase("quay nine")).unwrap();
    assert_eq!(read(&file, seal::Open::Passphrase("quay nine")).unwrap(), (parts, None));
    assert_eq!(read(&file, seal::Open::Passphrase("quay ten")).unwrap_err(), BadCarry::WrongPassphrase);
    assert_eq!(read(&file, seal::Open::Key(&key(9))).unwrap_err(), BadCarry::NotForUs, "no key opens it");
}

#[test]
fn a_file_that_was_copied_half_is_good_for_its_whole_parts() {
    let parts: Vec<Part> = (0..6).map(|n| part(n, 150_000)).collect();
    let file = sealed(&parts);
    let mut seen = 0;
    for cut in (0..file.len()).step_by(file.len() / 40) {
        let half = &file[..cut];
        match read(half, seal::Open::Key(&key(9))) {
            Ok((got, why)) => {
                assert_eq!(got.as_slice(), &parts[..got.len()], "cut at {cut}: whole parts, in order");
                assert_eq!(why, Some(BadCarry::CutOff { have: got.len(), of: parts.len() }), "cut at {cut}");
                assert!(got.len() >= seen, "cut at {cut}: more of the file never gives less");
                seen = got.len();
            }
            Err(BadCarry::CutOff { have: 0, of: 0 } | BadCarry::NotOne) => assert_eq!(seen, 0, "cut at {cut}"),
            Err(other) => panic!("cut at {cut}: {other}"),
        }
    }
    assert!(seen >= 4, "{seen} parts of a file that was nearly whole");
}

#[test]
fn a_signature_is_by_whom_the_reader_expects() {
    let file = seal::seal(&plain(&[part(1, 9)], &key(2)), Route::ToServer, seal::Seal::Key(&key(9).public())).unwrap();
    assert_eq!(read(&file, seal::Open::Key(&key(9))).unwrap_err(), BadCarry::Forged, "another key signed it");
}

#[test]
fn parts_are_not_exchanged_nor_blown_up() {
    let one = plain(&[part(1, 50)], &key(1));
    let other = plain(&[part(2, 50)], &key(1));
    let head = |plain: &[u8]| 4 + u32::from_be_bytes(plain[..4].try_into().unwrap()) as usize;
    let mixed = [&one[..head(&one)], &other[head(&other)..]].concat();
    let mut reader = Opening::begin(mixed.as_slice()).unwrap().verify(&key(1).public()).unwrap();
    assert!(matches!(reader.next_part(), Err(BadCarry::Damaged(_) | BadCarry::CutOff { .. })), "another part's bytes");

    // A manifest that is signed and lies about the size: what unpacks to more is not unpacked.
    let mut packer = Packer::default();
    packer.add(&part(1, 50)).unwrap();
    let honest = packer.finish(manifest(), &key(1)).unwrap();
    let bomb = zstd::bulk::compress(&vec![0_u8; 50_000_000], 3).unwrap();
    let claims = Opening::begin(honest.as_slice()).unwrap().claims().clone();
    let info = slipway_sync::carry::PartInfo {
        length: bomb.len() as u32,
        plain: 1_000,
        sha256: Base64(<sha2::Sha256 as sha2::Digest>::digest(&bomb).to_vec()),
    };
    let payload = serde_json::to_vec(&Manifest { parts: vec![info], ..claims }).unwrap();
    let signature = Base64(key(1).sign(&payload));
    let signed =
        serde_json::to_vec(&serde_json::json!({ "payload": Base64(payload), "signature": signature })).unwrap();
    let file = [&(signed.len() as u32).to_be_bytes()[..], &signed, &bomb].concat();
    let mut reader = Opening::begin(file.as_slice()).unwrap().verify(&key(1).public()).unwrap();
    assert!(matches!(reader.next_part(), Err(BadCarry::Damaged(_))), "a bomb stays small");
}

#[test]
fn other_files_are_told_from_carry_files() {
    for (bytes, expected) in [
        (&b""[..], BadCarry::NotOne),
        (b"PK\x03\x04 a zip", BadCarry::NotOne),
        (b"slipway-carry 2 to_server 10\nxxxxxxxxxx", BadCarry::Newer),
        (b"slipway-carry 1 elsewhere 10\nxxxxxxxxxx", BadCarry::NotOne),
        (b"slipway-carry 1 to_server -1\n", BadCarry::NotOne),
        (b"slipway-carry 1 to_server 99999999999999\n", BadCarry::TooLarge),
        (b"slipway-ca", BadCarry::CutOff { have: 0, of: 0 }),
    ] {
        assert_eq!(Outside::read(bytes).unwrap_err(), expected, "{:?}", String::from_utf8_lossy(bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_byte_is_never_taken_for_what_was_packed(at in 0_usize..100_000, bit in 0_u8..8) {
        let parts = vec![part(1, 30_000), part(2, 30_000)];
        let mut file = sealed(&parts);
        let at = at % file.len();
        file[at] ^= 1 << bit;
        // The first line is nobody's word: it may say another length and still be a file.
        if let Ok((got, why)) = read(&file, seal::Open::Key(&key(9))) {
            prop_assert!(got.as_slice() == &parts[..got.len()], "byte {at}: only what was packed");
            prop_assert!(why.is_some() || at < 64, "byte {at}: and not as if nothing had happened");
        }
    }

    #[test]
    fn nonsense_is_an_error_and_no_more(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Outside::read(&bytes);
        if let Ok(opening) = Opening::begin(bytes.as_slice()) {
            prop_assert!(opening.verify(&key(1).public()).is_err(), "nobody signed it");
        }
        let _ = seal::open(bytes.as_slice(), seal::Open::Key(&key(1)));
    }
}
